//! Boxes and outlines: what the latest delivery says of each image, one COCO file a side.

use super::{Ledger, Released};
use crate::track::CheckName;
use cloakroom_core::LabelSchema;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An image by instance and frame.
type ImageKey = (String, u64);
/// An image and its annotations.
type Drawn = (Value, Vec<Value>);

#[derive(Default)]
pub(super) struct Gathered {
    images: BTreeMap<ImageKey, Drawn>,
}

impl Gathered {
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<()> {
        let document: Value = serde_json::from_slice(bytes).ok()?;
        let mut images: BTreeMap<u64, (ImageKey, Drawn)> = BTreeMap::new();
        for image in document["images"].as_array()? {
            let key = (
                image["instance"].as_str()?.to_owned(),
                image["frame"].as_u64().unwrap_or(0),
            );
            images.insert(image["id"].as_u64()?, (key, (image.clone(), Vec::new())));
        }
        for annotation in document["annotations"].as_array()? {
            let image = images.get_mut(&annotation["image_id"].as_u64()?)?;
            image.1.1.push(annotation.clone());
        }
        self.images.extend(images.into_values());
        Some(())
    }
}

/// The boxes of one side.
#[derive(Default)]
pub(super) struct Boxes {
    images: Vec<Value>,
    annotations: Vec<Value>,
    categories: Vec<Value>,
}

impl Boxes {
    pub(super) fn annotations(&self) -> u64 {
        self.annotations.len() as u64
    }

    pub(super) fn document(&self) -> Value {
        json!({"annotations": self.annotations, "categories": self.categories, "images": self.images})
    }

    fn add(&mut self, mut image: Value, annotations: Vec<Value>) {
        let number = self.images.len() as u64 + 1;
        image["id"] = json!(number);
        self.images.push(image);
        for mut annotation in annotations {
            annotation["id"] = json!(self.annotations() + 1);
            annotation["image_id"] = json!(number);
            self.annotations.push(annotation);
        }
    }
}

pub(super) fn select(
    gathered: Gathered,
    schema: &LabelSchema,
    released: &Released<'_>,
    ledger: &mut Ledger<'_>,
) -> BTreeMap<String, Boxes> {
    let mut sides: BTreeMap<String, Boxes> = BTreeMap::new();
    let category = |(number, name): (&u16, &String)| json!({"id": number, "name": name});
    for ((instance, _), (image, annotations)) in gathered.images {
        let text = |key: &str| image[key].as_str().unwrap_or_default().to_owned();
        let (patient, study, series) = (text("patient"), text("study"), text("series"));
        let about = [patient.as_str(), study.as_str(), series.as_str()];
        if !released.known.contains(instance.as_str()) {
            ledger.find(
                CheckName::LabelReference,
                about,
                "a box names an image that is in no bundle".into(),
            );
            continue;
        }
        let facts = released.instances.get(instance.as_str());
        let facts = facts.filter(|facts| facts.patient == patient);
        let (Some(facts), Some(side)) = (facts, released.side(&patient)) else {
            ledger.leave_out("not-released");
            continue;
        };
        let stated = (image["width"].as_u64(), image["height"].as_u64());
        let real = (u64::from(facts.columns), u64::from(facts.rows));
        if stated != (Some(real.0), Some(real.1)) {
            let detail = format!(
                "boxes were drawn on another size than {} x {}",
                real.0, real.1
            );
            if ledger.find(CheckName::LabelGeometry, about, detail) {
                continue;
            }
        }
        let known = |annotation: &Value| {
            let number = annotation["category_id"].as_u64();
            number
                .and_then(|number| u16::try_from(number).ok())
                .is_some_and(|number| schema.segments.contains_key(&number))
        };
        let (annotations, others): (Vec<_>, Vec<_>) = annotations.into_iter().partition(known);
        others
            .iter()
            .for_each(|_| ledger.leave_out("not-of-the-schema"));
        let boxes = sides.entry(side.into()).or_default();
        boxes.categories = schema.segments.iter().map(category).collect();
        boxes.add(image, annotations);
    }
    sides
}
