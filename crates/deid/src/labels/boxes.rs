//! Boxes and outlines in the form of COCO. Numbers, categories of the schema and re-keyed images are taken over.

use super::{EditedSidecar, LabelFault, LabelIds, LabelResolver, LabelTally, LabelTarget};
use cloakroom_core::{LabelSchema, SidecarKind};
use serde_json::{Map, Number, Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Object = Map<String, Value>;

/// The parts of a COCO file that are looked at.
struct Document {
    images: Vec<Object>,
    annotations: Vec<Object>,
    categories: Vec<Object>,
    /// Other keys at the top, which go.
    others: usize,
}

impl Document {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut top: Object = serde_json::from_slice(bytes).ok()?;
        let mut list = |key: &str| match top.remove(key)? {
            Value::Array(entries) => entries
                .into_iter()
                .map(|entry| match entry {
                    Value::Object(object) => Some(object),
                    _ => None,
                })
                .collect::<Option<Vec<Object>>>(),
            _ => None,
        };
        Some(Self {
            images: list("images")?,
            annotations: list("annotations")?,
            categories: list("categories")?,
            others: top.len(),
        })
    }
}

const IMAGE_KEYS: [&str; 10] = [
    "id",
    "file_name",
    "width",
    "height",
    "patient_id",
    "accession_number",
    "study_instance_uid",
    "series_instance_uid",
    "sop_instance_uid",
    "frame",
];
const ANNOTATION_KEYS: [&str; 8] = [
    "id",
    "image_id",
    "category_id",
    "bbox",
    "segmentation",
    "area",
    "iscrowd",
    "reader",
];

/// An image that a box may lie on.
struct Image {
    target: LabelTarget,
    frame: u64,
    size: (u64, u64),
}

/// Re-keys a COCO file. An image is known by `sop_instance_uid`, or by a `file_name` whose stem is a SOP Instance UID.
///
/// # Errors
/// If it is no COCO file, or the track names no segments, which are its categories.
pub fn edit_boxes(
    bytes: &[u8],
    schema: &LabelSchema,
    resolver: &dyn LabelResolver,
) -> Result<EditedSidecar, LabelFault> {
    if schema.segments.is_empty() {
        return Err(LabelFault::NoSegments);
    }
    let document = Document::read(bytes).ok_or(LabelFault::Unreadable(
        "the file is no COCO file: images, annotations and categories",
    ))?;
    let mut tally = LabelTally {
        columns: unknown_keys(&document),
        ..LabelTally::default()
    };
    let categories = categories(&document, schema);
    let images = images(&document, resolver, &mut tally);
    let mut kept: BTreeMap<(LabelTarget, u64), (Value, BTreeSet<String>)> = BTreeMap::new();
    for annotation in &document.annotations {
        match place(annotation, &images, &categories, resolver) {
            Ok((image, annotation)) => {
                let key = (image.target.clone(), image.frame);
                let entry = kept
                    .entry(key)
                    .or_insert_with(|| (image_entry(image), BTreeSet::new()));
                if entry.1.insert(annotation.to_string()) {
                    tally.kept += 1;
                } else {
                    tally.drop_for("repeated");
                }
            }
            Err(reason) => tally.drop_for(reason),
        }
    }
    let patients = kept
        .keys()
        .map(|(target, _)| target.patient.clone())
        .collect();
    Ok(EditedSidecar {
        kind: SidecarKind::Boxes,
        about: None,
        bytes: write(kept, schema),
        patients,
        tally,
    })
}

/// How many keys there are that are not looked at.
fn unknown_keys(document: &Document) -> u32 {
    let unknown = |known: &[&str], objects: &[Object]| {
        let names: BTreeSet<&String> = objects.iter().flat_map(Map::keys).collect();
        names
            .into_iter()
            .filter(|name| !known.contains(&name.as_str()))
            .count()
    };
    let inside = unknown(&IMAGE_KEYS, &document.images)
        + unknown(&ANNOTATION_KEYS, &document.annotations)
        + unknown(&["id", "name"], &document.categories);
    u32::try_from(document.others + inside).unwrap_or(u32::MAX)
}

fn text(map: &Object, key: &str) -> String {
    match map.get(key) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn natural(map: &Object, key: &str) -> Option<u64> {
    map.get(key).and_then(Value::as_u64)
}

/// From the numbers of the file to those of the schema, by name.
fn categories(document: &Document, schema: &LabelSchema) -> BTreeMap<u64, u16> {
    let pair = |category: &Object| {
        let number = natural(category, "id")?;
        let name = category.get("name")?.as_str()?;
        Some((number, schema.segment(name)?))
    };
    document.categories.iter().filter_map(pair).collect()
}

fn images(
    document: &Document,
    resolver: &dyn LabelResolver,
    tally: &mut LabelTally,
) -> BTreeMap<u64, Image> {
    let mut images = BTreeMap::new();
    for image in &document.images {
        let Some(number) = natural(image, "id") else {
            tally.drop_for("no-id");
            continue;
        };
        let mut ids = LabelIds {
            patient: text(image, "patient_id"),
            accession: text(image, "accession_number"),
            study: text(image, "study_instance_uid"),
            series: text(image, "series_instance_uid"),
            instance: text(image, "sop_instance_uid"),
        };
        if ids.instance.is_empty() {
            ids.instance = stem(&text(image, "file_name"));
        }
        let size = (natural(image, "width"), natural(image, "height"));
        match (resolver.resolve(&ids), size) {
            (Ok(target), (Some(width), Some(height))) if target.instance.is_some() => {
                images.insert(
                    number,
                    Image {
                        target,
                        frame: natural(image, "frame").unwrap_or(0),
                        size: (width, height),
                    },
                );
            }
            (Ok(_), _) => tally.drop_for("no-image"),
            (Err(reason), _) => tally.drop_for(reason.code()),
        }
    }
    images
}

/// The name of a file without folders and without its ending, where that is a UID.
fn stem(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let candidates = [name, name.rsplit_once('.').map_or(name, |(stem, _)| stem)];
    let is_uid = |text: &&str| text.contains('.') && text.parse::<cloakroom_core::Uid>().is_ok();
    candidates
        .into_iter()
        .find(is_uid)
        .unwrap_or_default()
        .to_owned()
}

fn place<'a>(
    annotation: &Object,
    images: &'a BTreeMap<u64, Image>,
    categories: &BTreeMap<u64, u16>,
    resolver: &dyn LabelResolver,
) -> Result<(&'a Image, Value), &'static str> {
    let image = natural(annotation, "image_id")
        .and_then(|number| images.get(&number))
        .ok_or("no-image")?;
    let category = natural(annotation, "category_id")
        .and_then(|number| categories.get(&number))
        .ok_or("not-a-category")?;
    let mut out = Map::new();
    out.insert("category_id".into(), json!(category));
    if let Some(found) = annotation.get("bbox") {
        let numbers = numbers(found).filter(|numbers| lies_inside(numbers, image.size));
        out.insert("bbox".into(), json!(numbers.ok_or("box-outside")?));
    }
    if let Some(found) = annotation.get("segmentation") {
        let outline = outline(found, image.size).ok_or("outline-outside")?;
        out.insert("segmentation".into(), outline);
    }
    if out.len() == 1 {
        return Err("no-box");
    }
    if let Some(area) = annotation.get("area").and_then(Value::as_f64) {
        out.insert("area".into(), json!(rounded(area)));
    }
    let crowd = natural(annotation, "iscrowd").unwrap_or(0).min(1);
    out.insert("iscrowd".into(), json!(crowd));
    let reader = text(annotation, "reader");
    if !reader.is_empty() {
        out.insert("reader".into(), json!(resolver.reader(&reader)));
    }
    Ok((image, Value::Object(out)))
}

/// Thousandths of a pixel are finer than any hand, and coarse enough to hold nothing else.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0 + 0.0
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    let list = value.as_array()?;
    list.iter()
        .map(|number| {
            number
                .as_f64()
                .filter(|number| number.is_finite())
                .map(rounded)
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "images have few pixels")]
fn lies_inside(bbox: &[f64], (width, height): (u64, u64)) -> bool {
    match bbox {
        [x, y, w, h] => {
            *x >= 0.0
                && *y >= 0.0
                && *w > 0.0
                && *h > 0.0
                && x + w <= width as f64 + 1.0
                && y + h <= height as f64 + 1.0
        }
        _ => false,
    }
}

/// Polygons, or run lengths; compressed run lengths are a text, so they are read and written as numbers.
#[expect(clippy::cast_precision_loss, reason = "images have few pixels")]
fn outline(value: &Value, (width, height): (u64, u64)) -> Option<Value> {
    if let Value::Array(polygons) = value {
        let polygons: Option<Vec<Vec<f64>>> = polygons.iter().map(numbers).collect();
        let inside = |points: &Vec<f64>| {
            points.len() >= 6
                && points.len().is_multiple_of(2)
                && points.chunks_exact(2).all(|point| {
                    (0.0..=width as f64 + 1.0).contains(&point[0])
                        && (0.0..=height as f64 + 1.0).contains(&point[1])
                })
        };
        return polygons
            .filter(|polygons| !polygons.is_empty() && polygons.iter().all(inside))
            .map(|polygons| json!(polygons));
    }
    let runs = match value.get("counts")? {
        Value::String(text) => unpack_runs(text)?,
        Value::Array(runs) => runs.iter().map(Value::as_u64).collect::<Option<Vec<_>>>()?,
        _ => return None,
    };
    let total = runs
        .iter()
        .try_fold(0_u64, |sum, run| sum.checked_add(*run))?;
    (total == width.checked_mul(height)?).then(|| json!({"counts": runs, "size": [height, width]}))
}

/// The run lengths of a compressed outline: five bits a character from 48, the third run on as a difference.
fn unpack_runs(text: &str) -> Option<Vec<u64>> {
    let mut runs: Vec<i64> = Vec::new();
    let mut bytes = text.bytes();
    while let Some(mut byte) = bytes.next() {
        let (mut run, mut shift) = (0_i64, 0_u32);
        loop {
            let bits = i64::from(byte.checked_sub(48).filter(|bits| *bits < 64)?);
            if shift > 50 {
                return None;
            }
            run |= (bits & 31) << shift;
            shift += 5;
            if bits & 32 == 0 {
                if bits & 16 != 0 {
                    run |= -1 << shift;
                }
                break;
            }
            byte = bytes.next()?;
        }
        if runs.len() > 2 {
            run = run.checked_add(runs[runs.len() - 2])?;
        }
        runs.push(run);
    }
    runs.into_iter()
        .map(|run| u64::try_from(run).ok())
        .collect()
}

fn image_entry(image: &Image) -> Value {
    let target = &image.target;
    let uid = |uid: &Option<cloakroom_core::Uid>| {
        uid.as_ref()
            .map_or("", cloakroom_core::Uid::as_str)
            .to_owned()
    };
    let mut entry = json!({
        "patient": target.patient.as_str(),
        "study": uid(&target.study),
        "series": uid(&target.series),
        "instance": uid(&target.instance),
        "file_name": format!("{}.dcm", uid(&target.instance)),
        "width": image.size.0,
        "height": image.size.1,
    });
    if image.frame > 0 {
        entry["frame"] = json!(image.frame);
    }
    entry
}

/// Numbers images and annotations anew, in the order of patient, series and instance.
fn write(
    kept: BTreeMap<(LabelTarget, u64), (Value, BTreeSet<String>)>,
    schema: &LabelSchema,
) -> Vec<u8> {
    let mut images = Vec::new();
    let mut annotations = Vec::new();
    for (mut image, boxes) in kept.into_values() {
        let number = images.len() as u64 + 1;
        image["id"] = json!(number);
        images.push(image);
        for text in boxes {
            let mut annotation: Value = serde_json::from_str(&text).unwrap_or_default();
            annotation["id"] = Value::Number(Number::from(annotations.len() as u64 + 1));
            annotation["image_id"] = json!(number);
            annotations.push(annotation);
        }
    }
    let categories: Vec<_> = schema
        .segments
        .iter()
        .map(|(number, name)| json!({"id": number, "name": name}))
        .collect();
    let document = json!({"annotations": annotations, "categories": categories, "images": images});
    let mut bytes = document.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}
