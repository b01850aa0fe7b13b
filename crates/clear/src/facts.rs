//! What a released object says of itself, as the second reader read it.

use crate::second_reader::{SecondReading, text_of};
use cloakroom_core::{InstanceFacts, Tag};
use dicom_core::value::Value;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

/// Gathers the facts. `fragments` says whether the object has encapsulated or native pixels.
pub(crate) fn facts_of(reading: &SecondReading, has_pixels: bool) -> InstanceFacts {
    let text = |tag: Tag| reading.text(tag);
    let dataset = reading.dataset();
    let frames = match number(dataset, tags::NUMBER_OF_FRAMES) {
        _ if !has_pixels => 0,
        0 => 1,
        frames => frames,
    };
    InstanceFacts {
        patient: text(tags::PATIENT_ID),
        study: text(tags::STUDY_INSTANCE_UID),
        series: text(tags::SERIES_INSTANCE_UID),
        instance: text(tags::SOP_INSTANCE_UID),
        sop_class: text(tags::SOP_CLASS_UID),
        transfer_syntax: trimmed(reading.meta().transfer_syntax()),
        modality: text(tags::MODALITY),
        body_part: text(tags::BODY_PART_EXAMINED),
        image_type: text(tags::IMAGE_TYPE),
        laterality: first_of(dataset, &[tags::IMAGE_LATERALITY, tags::LATERALITY]),
        view: view(dataset),
        series_description: text(tags::SERIES_DESCRIPTION),
        manufacturer: text(tags::MANUFACTURER),
        model: text(tags::MANUFACTURER_MODEL_NAME),
        sex: text(tags::PATIENT_SEX),
        age: text(tags::PATIENT_AGE),
        study_date: text(tags::STUDY_DATE),
        frame_of_reference: text(tags::FRAME_OF_REFERENCE_UID),
        instance_number: text(tags::INSTANCE_NUMBER).trim().parse().ok(),
        rows: number(dataset, tags::ROWS),
        columns: number(dataset, tags::COLUMNS),
        frames,
        bits_stored: u16::try_from(number(dataset, tags::BITS_STORED)).unwrap_or(0),
        pixel_spacing: spacing(dataset),
        slice_thickness: decimals(&shared(
            dataset,
            tags::PIXEL_MEASURES_SEQUENCE,
            tags::SLICE_THICKNESS,
        ))
        .first()
        .copied(),
        position: decimals(&text(tags::IMAGE_POSITION_PATIENT))
            .try_into()
            .ok(),
        orientation: decimals(&shared(
            dataset,
            tags::PLANE_ORIENTATION_SEQUENCE,
            tags::IMAGE_ORIENTATION_PATIENT,
        ))
        .try_into()
        .ok(),
    }
}

fn trimmed(text: &str) -> String {
    text.trim_matches(['\0', ' ']).into()
}

fn number(dataset: &InMemDicomObject, tag: Tag) -> u32 {
    dataset
        .get(tag)
        .and_then(|element| element.to_int().ok())
        .unwrap_or(0)
}

fn first_of(dataset: &InMemDicomObject, tags: &[Tag]) -> String {
    tags.iter()
        .map(|tag| text_of(dataset, *tag))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

fn first_item(dataset: &InMemDicomObject, tag: Tag) -> Option<&InMemDicomObject> {
    match dataset.get(tag)?.value() {
        Value::Sequence(items) => items.items().first(),
        _ => None,
    }
}

fn view(dataset: &InMemDicomObject) -> String {
    let position = text_of(dataset, tags::VIEW_POSITION);
    if position.is_empty() {
        first_item(dataset, tags::VIEW_CODE_SEQUENCE)
            .map_or_else(String::new, |item| text_of(item, tags::CODE_MEANING))
    } else {
        position
    }
}

/// An attribute at the top, or of an enhanced image in its shared functional groups.
fn shared(dataset: &InMemDicomObject, group: Tag, tag: Tag) -> String {
    let top = text_of(dataset, tag);
    if !top.is_empty() {
        return top;
    }
    first_item(dataset, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)
        .and_then(|shared| first_item(shared, group))
        .map_or_else(String::new, |item| text_of(item, tag))
}

fn spacing(dataset: &InMemDicomObject) -> Option<(f64, f64)> {
    let text = shared(dataset, tags::PIXEL_MEASURES_SEQUENCE, tags::PIXEL_SPACING);
    let text = if text.is_empty() {
        text_of(dataset, tags::IMAGER_PIXEL_SPACING)
    } else {
        text
    };
    match decimals(&text)[..] {
        [rows, columns] => Some((rows, columns)),
        _ => None,
    }
}

/// The values of a Decimal String; nothing where one is no finite number.
fn decimals(text: &str) -> Vec<f64> {
    let values: Option<Vec<f64>> = text
        .split('\\')
        .map(|value| {
            value
                .trim()
                .parse()
                .ok()
                .filter(|value: &f64| value.is_finite())
        })
        .collect();
    values.unwrap_or_default()
}
