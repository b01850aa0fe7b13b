//! Objects without pictures of their own: reports, contours, documents.

use super::common::{Series, Slice, Study, modules};
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
    pub(super) fn item(&self) -> Dataset {
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
