//! Objects without pictures of their own: reports, contours, segmentations, documents.

use super::common::{Samples, Series, Slice, Study, modules, pixels_8};
use crate::dicom::{Dataset, Value};
use crate::phantom::thorax::Lesion;
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

/// An image that another object refers to.
#[derive(Clone)]
pub struct Reference {
    /// SOP Class UID.
    pub class: String,
    /// SOP Instance UID.
    pub instance: String,
    /// Where the slice lies.
    pub slice: Slice,
}

impl Reference {
    fn item(&self) -> Dataset {
        let mut item = Dataset::new();
        item.text(tags::REFERENCED_SOP_CLASS_UID, self.class.as_str())
            .text(tags::REFERENCED_SOP_INSTANCE_UID, self.instance.as_str());
        item
    }
}

/// What a report says besides its patient.
#[derive(Clone)]
pub struct ReportWords {
    /// Who observed: a person name.
    pub observer: String,
    /// The finding in free text.
    pub finding: String,
    /// A UID quoted in the text.
    pub tracking_uid: String,
}

/// A Comprehensive SR with text, a name, a date, a UID and image references.
#[must_use]
pub fn report(
    study: &Study,
    series: &Series,
    sop_instance: &str,
    words: &ReportWords,
    source: (&Series, &[Reference]),
) -> Dataset {
    let mut dataset = modules(
        study,
        series,
        uids::COMPREHENSIVE_SR_STORAGE,
        sop_instance,
        1,
    );
    let (source_series, references) = source;
    dataset
        .text(tags::CONTENT_DATE, study.date.da())
        .text(tags::CONTENT_TIME, study.time.as_str())
        .text(tags::COMPLETION_FLAG, "COMPLETE")
        .text(tags::VERIFICATION_FLAG, "UNVERIFIED")
        .empty(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE)
        .empty(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE)
        .sequence(
            tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE,
            vec![evidence(study, source_series, references)],
        )
        .text(tags::VALUE_TYPE, "CONTAINER")
        .code(
            tags::CONCEPT_NAME_CODE_SEQUENCE,
            "18748-4",
            "LN",
            "Diagnostic Imaging Report",
        )
        .text(tags::CONTINUITY_OF_CONTENT, "SEPARATE");
    let mut content = vec![
        content_item(
            "HAS OBS CONTEXT",
            "PNAME",
            ("121008", "DCM", "Person Observer Name"),
            |item| {
                item.text(tags::PERSON_NAME, words.observer.as_str());
            },
        ),
        content_item("CONTAINS", "TEXT", ("121071", "DCM", "Finding"), |item| {
            item.text(tags::TEXT_VALUE, words.finding.as_str());
        }),
        content_item(
            "CONTAINS",
            "DATE",
            ("111060", "DCM", "Study Date"),
            |item| {
                item.text(tags::DATE, study.date.da());
            },
        ),
        content_item(
            "CONTAINS",
            "UIDREF",
            ("112040", "DCM", "Tracking Unique Identifier"),
            |item| {
                item.text(tags::UID, words.tracking_uid.as_str());
            },
        ),
    ];
    content.extend(references.iter().take(2).map(|reference| {
        content_item(
            "CONTAINS",
            "IMAGE",
            ("121180", "DCM", "Key Images"),
            |item| {
                item.sequence(tags::REFERENCED_SOP_SEQUENCE, vec![reference.item()]);
            },
        )
    }));
    dataset.sequence(tags::CONTENT_SEQUENCE, content);
    dataset
}

/// One content item of a structured report.
pub fn content_item(
    relation: &str,
    kind: &str,
    concept: (&str, &str, &str),
    fill: impl FnOnce(&mut Dataset),
) -> Dataset {
    let mut item = Dataset::new();
    item.text(tags::RELATIONSHIP_TYPE, relation)
        .text(tags::VALUE_TYPE, kind)
        .code(
            tags::CONCEPT_NAME_CODE_SEQUENCE,
            concept.0,
            concept.1,
            concept.2,
        );
    fill(&mut item);
    item
}

fn evidence(study: &Study, series: &Series, references: &[Reference]) -> Dataset {
    let mut series_item = Dataset::new();
    series_item
        .text(tags::SERIES_INSTANCE_UID, series.uid.as_str())
        .sequence(
            tags::REFERENCED_SOP_SEQUENCE,
            references.iter().map(Reference::item).collect(),
        );
    let mut item = Dataset::new();
    item.text(tags::STUDY_INSTANCE_UID, study.uid.as_str())
        .sequence(tags::REFERENCED_SERIES_SEQUENCE, vec![series_item]);
    item
}

/// The names that people give to regions.
#[derive(Clone)]
pub struct RegionWords {
    /// Structure Set Label, Content Label.
    pub label: String,
    /// ROI Name, Segment Label.
    pub region: String,
    /// Who drew it: a person name.
    pub author: String,
}

/// A structure set with one region: the lesion, as a contour on every slice in which it shows.
#[must_use]
pub fn structure_set(
    study: &Study,
    series: &Series,
    sop_instance: &str,
    words: &RegionWords,
    lesion: &Lesion,
    source: (&Series, &[Reference]),
) -> Dataset {
    let mut dataset = modules(
        study,
        series,
        uids::RT_STRUCTURE_SET_STORAGE,
        sop_instance,
        1,
    );
    let (source_series, references) = source;
    let frame = study.frame_of_reference.as_str();
    let mut roi = Dataset::new();
    roi.text(tags::ROI_NUMBER, "1")
        .text(tags::REFERENCED_FRAME_OF_REFERENCE_UID, frame)
        .text(tags::ROI_NAME, words.region.as_str())
        .text(tags::ROI_GENERATION_ALGORITHM, "MANUAL");
    let contours = references
        .iter()
        .filter_map(|reference| contour(reference, lesion))
        .collect();
    let mut roi_contour = Dataset::new();
    roi_contour
        .text(tags::REFERENCED_ROI_NUMBER, "1")
        .text(tags::ROI_DISPLAY_COLOR, "255\\0\\0")
        .sequence(tags::CONTOUR_SEQUENCE, contours);
    let mut observation = Dataset::new();
    observation
        .text(tags::OBSERVATION_NUMBER, "1")
        .text(tags::REFERENCED_ROI_NUMBER, "1")
        .text(tags::RTROI_INTERPRETED_TYPE, "GTV")
        .text(tags::ROI_INTERPRETER, words.author.as_str());
    dataset
        .text(tags::STRUCTURE_SET_LABEL, words.label.as_str())
        .text(tags::STRUCTURE_SET_DATE, study.date.da())
        .text(tags::STRUCTURE_SET_TIME, study.time.as_str())
        .text(tags::APPROVAL_STATUS, "UNAPPROVED")
        .text(tags::FRAME_OF_REFERENCE_UID, frame)
        .empty(tags::POSITION_REFERENCE_INDICATOR)
        .sequence(
            tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE,
            vec![referenced_frame(study, source_series, references)],
        )
        .sequence(tags::STRUCTURE_SET_ROI_SEQUENCE, vec![roi])
        .sequence(tags::ROI_CONTOUR_SEQUENCE, vec![roi_contour])
        .sequence(tags::RTROI_OBSERVATIONS_SEQUENCE, vec![observation]);
    dataset
}

fn referenced_frame(study: &Study, series: &Series, references: &[Reference]) -> Dataset {
    let mut series_item = Dataset::new();
    series_item
        .text(tags::SERIES_INSTANCE_UID, series.uid.as_str())
        .sequence(
            tags::CONTOUR_IMAGE_SEQUENCE,
            references.iter().map(Reference::item).collect(),
        );
    let mut study_item = Dataset::new();
    study_item
        .text(tags::REFERENCED_SOP_CLASS_UID, "1.2.840.10008.3.1.2.3.1")
        .text(tags::REFERENCED_SOP_INSTANCE_UID, study.uid.as_str())
        .sequence(tags::RT_REFERENCED_SERIES_SEQUENCE, vec![series_item]);
    let mut item = Dataset::new();
    item.text(
        tags::FRAME_OF_REFERENCE_UID,
        study.frame_of_reference.as_str(),
    )
    .sequence(tags::RT_REFERENCED_STUDY_SEQUENCE, vec![study_item]);
    item
}

/// A polygon of sixteen corners around the lesion, in millimetres.
fn contour(reference: &Reference, lesion: &Lesion) -> Option<Dataset> {
    let slice = &reference.slice;
    let ellipse = lesion.in_slice(slice.index, slice.size)?;
    let [left, top, z] = slice.position();
    let corners: Vec<String> = (0..16)
        .map(|corner| {
            let (dx, dy) = on_circle(corner);
            let x = left + (ellipse.x + dx * ellipse.a) * slice.spacing;
            let y = top + (ellipse.y + dy * ellipse.b) * slice.spacing;
            format!("{x:.3}\\{y:.3}\\{z:.3}")
        })
        .collect();
    let mut item = Dataset::new();
    item.sequence(tags::CONTOUR_IMAGE_SEQUENCE, vec![reference.item()])
        .text(tags::CONTOUR_GEOMETRIC_TYPE, "CLOSED_PLANAR")
        .text(tags::NUMBER_OF_CONTOUR_POINTS, corners.len().to_string())
        .text(tags::CONTOUR_DATA, corners.join("\\"));
    Some(item)
}

/// A corner of a sixteen-cornered polygon on the unit circle, by the rational parametrisation.
fn on_circle(corner: u32) -> (f64, f64) {
    let t = f64::from(corner % 4) / 4.0;
    let (x, y) = ((1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t));
    match corner / 4 {
        0 => (x, y),
        1 => (-y, x),
        2 => (-x, -y),
        _ => (y, -x),
    }
}

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

/// A document in an envelope: PDF and the like.
#[must_use]
pub fn encapsulated_pdf(
    study: &Study,
    series: &Series,
    sop_instance: &str,
    title: &str,
    pdf: &[u8],
) -> Dataset {
    let mut dataset = modules(
        study,
        series,
        uids::ENCAPSULATED_PDF_STORAGE,
        sop_instance,
        1,
    );
    dataset
        .text(tags::CONVERSION_TYPE, "WSD")
        .text(tags::CONTENT_DATE, study.date.da())
        .text(tags::CONTENT_TIME, study.time.as_str())
        .empty(tags::ACQUISITION_DATE_TIME)
        .text(tags::BURNED_IN_ANNOTATION, "YES")
        .text(tags::DOCUMENT_TITLE, title)
        .empty(tags::CONCEPT_NAME_CODE_SEQUENCE)
        .text(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, "application/pdf")
        .put(
            tags::ENCAPSULATED_DOCUMENT,
            VR::OB,
            Value::Bytes(pdf.to_vec()),
        );
    dataset
}

/// The smallest PDF that shows a line of text.
#[must_use]
pub fn pdf(line: &str) -> Vec<u8> {
    let text: String = line
        .chars()
        .filter(|c| !matches!(c, '(' | ')' | '\\') && c.is_ascii())
        .collect();
    let stream = format!("BT /F1 18 Tf 72 720 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Title ({text}) /Author ({text}) >>"),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(out.len());
        out.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = out.len();
    out.push_str(&format!(
        "xref\n0 {}\n0000000000 65535 f \n",
        objects.len() + 1
    ));
    for offset in offsets {
        out.push_str(&format!("{offset:010} 00000 n \n"));
    }
    out.push_str(&format!(
        "trailer\n<< /Size {} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    out.into_bytes()
}
