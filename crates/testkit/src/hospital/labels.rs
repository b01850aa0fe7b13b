//! What belongs to the first lung CT besides its slices: a report, contours, a segmentation, a PDF.

use super::delivery::Instance;
use super::wards::{StudyFolder, Ward, instance};
use crate::canaries::CanaryKind;
use crate::dicom::{Dataset, Syntax};
use crate::objects::common::{Device, Series, SeriesKind, Slice, Study};
use crate::objects::documents::{self, Reference, RegionWords, ReportWords};
use crate::objects::segmentation;
use crate::phantom::thorax::Lesion;
use cloakroom_core::{HoldReason, Outcome, RejectReason};
use dicom_dictionary_std::tags;

const STATION: Device = Device {
    maker: "Paper Planes",
    model: "Reading Room",
};

/// Adds the four series.
pub(super) fn add(ward: &mut Ward<'_>, folder: &mut StudyFolder, nodule: &Lesion) {
    let Some((source, slices)) = folder.series.first().cloned() else {
        return;
    };
    let study = folder.study.clone();
    let references = references(ward, &slices);
    let source = (&source, references.as_slice());
    let words = region_words(ward);
    folder.series.push(one(
        ward,
        &study,
        ("SR", 601, "Report"),
        |ward, series, uid| documents::report(&study, series, uid, &report_words(ward), source),
    ));
    folder.series.push(one(
        ward,
        &study,
        ("RTSTRUCT", 602, "Contours"),
        |_, series, uid| documents::structure_set(&study, series, uid, &words, nodule, source),
    ));
    folder.series.push(one(
        ward,
        &study,
        ("SEG", 603, "Segmentation"),
        |_, series, uid| segmentation::segmentation(&study, series, uid, &words, nodule, source),
    ));
    let mut paper = one(ward, &study, ("DOC", 604, "Letter"), |ward, series, uid| {
        let title = ward
            .ledger
            .word(CanaryKind::Text, "encapsulated PDF: Document Title");
        let body = ward.ledger.word(CanaryKind::Name, "encapsulated PDF: body");
        documents::encapsulated_pdf(
            &study,
            series,
            uid,
            &title,
            &documents::pdf(&format!("Dear Dr {body}")),
        )
    });
    for document in &mut paper.1 {
        document.expected = vec![
            Outcome::Held(HoldReason::EncapsulatedDocument),
            Outcome::Rejected(RejectReason::PolicyDropped),
        ];
    }
    folder.series.push(paper);
}

fn one(
    ward: &mut Ward<'_>,
    study: &Study,
    what: (&'static str, u32, &'static str),
    make: impl FnOnce(&mut Ward<'_>, &Series, &str) -> Dataset,
) -> (Series, Vec<Instance>) {
    let (modality, number, description) = what;
    let kind = SeriesKind {
        modality,
        description,
        body_part: "",
        device: STATION,
    };
    let series = ward.series(study, number, kind);
    let uid = ward.instance_uid(modality);
    let dataset = make(ward, &series, &uid);
    let object = instance(
        format!("{modality}.dcm"),
        modality,
        Some("lung"),
        Syntax::ExplicitLittle,
        dataset,
    );
    (series, vec![object])
}

fn references(ward: &Ward<'_>, slices: &[Instance]) -> Vec<Reference> {
    let size = ward.scale.ct;
    slices
        .iter()
        .enumerate()
        .map(|(index, slice)| {
            let text = |tag| slice.dataset.text_of(tag).unwrap_or_default().to_owned();
            Reference {
                class: text(tags::SOP_CLASS_UID),
                instance: text(tags::SOP_INSTANCE_UID),
                slice: Slice {
                    index,
                    spacing: 360.0 / size as f64,
                    gap: 5.0,
                    size,
                },
            }
        })
        .collect()
}

fn report_words(ward: &mut Ward<'_>) -> ReportWords {
    let observer = ward
        .ledger
        .word(CanaryKind::Name, "SR: Person Observer Name");
    let colleague = ward
        .ledger
        .word(CanaryKind::Name, "SR: Finding, a name in the text");
    let person = &ward.person;
    let finding = format!(
        "{} (ID {}) was seen by Dr {colleague}. Solid nodule of 9 mm in the right upper lobe.",
        person.latin.0, person.patient_id
    );
    ReportWords {
        observer: format!("{observer}^Dr"),
        finding,
        tracking_uid: ward.instance_uid("SR: Tracking Unique Identifier"),
    }
}

fn region_words(ward: &mut Ward<'_>) -> RegionWords {
    let region = ward
        .ledger
        .word(CanaryKind::Text, "ROI Name and Segment Label");
    RegionWords {
        label: ward.ledger.word(
            CanaryKind::Text,
            "Structure Set Label and Content Description",
        ),
        region: format!("GTV {region}"),
        author: format!(
            "{}^Au",
            ward.ledger.word(
                CanaryKind::Name,
                "ROI Interpreter and Content Creator's Name"
            )
        ),
    }
}
