//! Segmentations: binary masks of a lesion on the slices of a series.

use super::common::{Samples, Series, Study, modules, pixels_8};
use super::documents::{Reference, RegionWords};
use crate::dicom::Dataset;
use crate::phantom::thorax::Lesion;
use dicom_dictionary_std::{tags, uids};

/// A binary segmentation of the lesion, one frame for each slice in which it shows.
#[must_use]
pub fn segmentation(
    study: &Study,
    series: &Series,
    sop_instance: &str,
    words: &RegionWords,
    lesion: &Lesion,
    source: (&Series, &[Reference]),
) -> Dataset {
    let mut dataset = modules(study, series, uids::SEGMENTATION_STORAGE, sop_instance, 1);
    let (source_series, references) = source;
    let shown: Vec<&Reference> = references
        .iter()
        .filter(|r| lesion.in_slice(r.slice.index, r.slice.size).is_some())
        .collect();
    let size = references
        .first()
        .map_or(0, |reference| reference.slice.size);
    let samples = Samples {
        photometric: "MONOCHROME2",
        per_pixel: 1,
        allocated: 1,
        stored: 1,
        signed: false,
    };
    samples.put(&mut dataset, size, size);
    dataset
        .text(tags::IMAGE_TYPE, "DERIVED\\PRIMARY")
        .text(tags::CONTENT_DATE, study.date.da())
        .text(tags::CONTENT_TIME, study.time.as_str())
        .text(tags::CONTENT_LABEL, "LESION")
        .text(tags::CONTENT_DESCRIPTION, words.label.as_str())
        .text(tags::CONTENT_CREATOR_NAME, words.author.as_str())
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .text(tags::SEGMENTATION_TYPE, "BINARY")
        .text(
            tags::FRAME_OF_REFERENCE_UID,
            study.frame_of_reference.as_str(),
        )
        .empty(tags::POSITION_REFERENCE_INDICATOR)
        .text(tags::NUMBER_OF_FRAMES, shown.len().to_string())
        .sequence(tags::SEGMENT_SEQUENCE, vec![segment(words)]);
    put_functional_groups(&mut dataset, &shown);
    put_dimensions(&mut dataset, &format!("{sop_instance}.1"));
    let mut series_item = Dataset::new();
    series_item
        .text(tags::SERIES_INSTANCE_UID, source_series.uid.as_str())
        .sequence(
            tags::REFERENCED_INSTANCE_SEQUENCE,
            references.iter().map(Reference::item).collect(),
        );
    dataset.sequence(tags::REFERENCED_SERIES_SEQUENCE, vec![series_item]);
    pixels_8(&mut dataset, packed_masks(&shown, lesion));
    dataset
}

fn segment(words: &RegionWords) -> Dataset {
    let mut item = Dataset::new();
    item.words(tags::SEGMENT_NUMBER, &[1])
        .text(tags::SEGMENT_LABEL, words.region.as_str())
        .text(tags::SEGMENT_DESCRIPTION, words.region.as_str())
        .text(tags::SEGMENT_ALGORITHM_TYPE, "MANUAL")
        .code(
            tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE,
            "49755003",
            "SCT",
            "Morphologically Abnormal Structure",
        )
        .code(
            tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE,
            "27925004",
            "SCT",
            "Nodule",
        );
    item
}

fn put_functional_groups(dataset: &mut Dataset, shown: &[&Reference]) {
    let mut orientation = Dataset::new();
    orientation.text(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0");
    let mut measures = Dataset::new();
    if let Some(first) = shown.first() {
        measures
            .text(tags::SLICE_THICKNESS, format!("{:.2}", first.slice.gap))
            .text(
                tags::SPACING_BETWEEN_SLICES,
                format!("{:.2}", first.slice.gap),
            )
            .text(
                tags::PIXEL_SPACING,
                format!("{0:.4}\\{0:.4}", first.slice.spacing),
            );
    }
    let mut shared = Dataset::new();
    shared
        .sequence(tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation])
        .sequence(tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
    let frames = (1..)
        .zip(shown)
        .map(|(number, reference)| frame_groups(number, reference))
        .collect();
    dataset
        .sequence(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared])
        .sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames);
}

fn frame_groups(number: u32, reference: &Reference) -> Dataset {
    let [x, y, z] = reference.slice.position();
    let mut content = Dataset::new();
    content.longs(tags::DIMENSION_INDEX_VALUES, &[1, number]);
    let mut position = Dataset::new();
    position.text(
        tags::IMAGE_POSITION_PATIENT,
        format!("{x:.4}\\{y:.4}\\{z:.4}"),
    );
    let mut identification = Dataset::new();
    identification.words(tags::REFERENCED_SEGMENT_NUMBER, &[1]);
    let mut source = reference.item();
    source.code(
        tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
        "121322",
        "DCM",
        "Source image for image processing operation",
    );
    let mut derivation = Dataset::new();
    derivation
        .code(
            tags::DERIVATION_CODE_SEQUENCE,
            "113076",
            "DCM",
            "Segmentation",
        )
        .sequence(tags::SOURCE_IMAGE_SEQUENCE, vec![source]);
    let mut item = Dataset::new();
    item.sequence(tags::DERIVATION_IMAGE_SEQUENCE, vec![derivation])
        .sequence(tags::FRAME_CONTENT_SEQUENCE, vec![content])
        .sequence(tags::PLANE_POSITION_SEQUENCE, vec![position])
        .sequence(tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![identification]);
    item
}

fn put_dimensions(dataset: &mut Dataset, organization: &str) {
    let mut whole = Dataset::new();
    whole.text(tags::DIMENSION_ORGANIZATION_UID, organization);
    let index = |pointer: dicom_core::Tag, group: dicom_core::Tag| {
        let mut item = Dataset::new();
        item.text(tags::DIMENSION_ORGANIZATION_UID, organization)
            .words(tags::DIMENSION_INDEX_POINTER, &[pointer.0, pointer.1])
            .words(tags::FUNCTIONAL_GROUP_POINTER, &[group.0, group.1]);
        item
    };
    dataset
        .sequence(tags::DIMENSION_ORGANIZATION_SEQUENCE, vec![whole])
        .sequence(
            tags::DIMENSION_INDEX_SEQUENCE,
            vec![
                index(
                    tags::REFERENCED_SEGMENT_NUMBER,
                    tags::SEGMENT_IDENTIFICATION_SEQUENCE,
                ),
                index(tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE),
            ],
        );
}

/// One bit a pixel, the first pixel in the lowest bit, frames without gaps.
fn packed_masks(shown: &[&Reference], lesion: &Lesion) -> Vec<u8> {
    let mut bits = Vec::new();
    for reference in shown {
        let size = reference.slice.size;
        let Some(ellipse) = lesion.in_slice(reference.slice.index, size) else {
            continue;
        };
        for y in 0..size {
            bits.extend((0..size).map(|x| ellipse.distance(x as f64, y as f64) <= 1.0));
        }
    }
    bits.chunks(8)
        .map(|byte| {
            byte.iter()
                .rev()
                .fold(0, |sum, bit| sum << 1 | u8::from(*bit))
        })
        .collect()
}
