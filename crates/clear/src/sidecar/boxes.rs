//! Boxes and outlines: COCO with exactly the keys that the program writes, and no text but ids and categories.

use super::{NotASidecar, Reading, is_uid_or_empty};
use cloakroom_core::labels::is_reader_code;
use cloakroom_core::{LabelSchema, PatientPseudonym, SidecarFacts, SidecarKind};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
    images: Vec<Image>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    id: u64,
    patient: PatientPseudonym,
    study: String,
    series: String,
    instance: String,
    file_name: String,
    #[serde(rename = "width")]
    _width: u32,
    #[serde(rename = "height")]
    _height: u32,
    #[serde(default, rename = "frame")]
    _frame: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotation {
    #[serde(rename = "id")]
    _id: u64,
    image_id: u64,
    category_id: u16,
    #[serde(default)]
    bbox: Option<[f64; 4]>,
    #[serde(default)]
    segmentation: Option<Outline>,
    #[serde(default, rename = "area")]
    _area: Option<f64>,
    #[serde(rename = "iscrowd")]
    _iscrowd: u8,
    #[serde(default)]
    reader: Option<String>,
}

/// Polygons or run lengths, both numbers only.
#[derive(Deserialize)]
#[serde(untagged)]
enum Outline {
    Polygons(#[allow(dead_code, reason = "read to be checked")] Vec<Vec<f64>>),
    Runs(#[allow(dead_code, reason = "read to be checked")] Runs),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Runs {
    #[serde(rename = "counts")]
    _counts: Vec<u64>,
    #[serde(rename = "size")]
    _size: [u32; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Category {
    id: u16,
    name: String,
}

pub(super) fn read(schema: &LabelSchema, bytes: &[u8]) -> Result<Reading, NotASidecar> {
    let document: Document = serde_json::from_slice(bytes)
        .map_err(|_| NotASidecar("the file is not written as boxes are"))?;
    let known = |category: &Category| schema.segments.get(&category.id) == Some(&category.name);
    if !document.categories.iter().all(known) {
        return Err(NotASidecar("a category is no segment of the track"));
    }
    let mut patients = BTreeSet::new();
    let mut images = BTreeSet::new();
    for image in &document.images {
        let uids = [&image.study, &image.series, &image.instance];
        let sound = uids.iter().all(|uid| is_uid_or_empty(uid))
            && !image.instance.is_empty()
            && image.file_name == format!("{}.dcm", image.instance);
        if !sound || !images.insert(image.id) {
            return Err(NotASidecar("an image is not named as it must be"));
        }
        patients.insert(image.patient.as_str().to_owned());
    }
    let mut segments = BTreeMap::new();
    for annotation in &document.annotations {
        let sound = images.contains(&annotation.image_id)
            && schema.segments.contains_key(&annotation.category_id)
            && (annotation.bbox.is_some() || annotation.segmentation.is_some())
            && annotation.reader.as_deref().is_none_or(is_reader_code);
        if !sound {
            return Err(NotASidecar("an annotation is not as it must be"));
        }
        *segments.entry(annotation.category_id).or_default() += 1;
    }
    Ok(Reading {
        facts: SidecarFacts {
            kind: SidecarKind::Boxes,
            patients: patients.len() as u64,
            rows: document.annotations.len() as u64,
            patient: String::new(),
            study: String::new(),
            series: String::new(),
            reader: String::new(),
            grid: None,
            segments,
        },
        patients,
        texts: Vec::new(),
        searched: bytes.to_vec(),
    })
}
