//! Reports, contours, segmentations, presentation states, documents.

use super::base::Base;
use super::{Collector, Secret};
use crate::canaries::CanaryKind;
use crate::dicom::{Dataset, Value};
use crate::objects::common::Slice;
use crate::objects::documents::{self, Reference, RegionWords, ReportWords, content_item};
use crate::objects::segmentation;
use crate::phantom::thorax::Lesion;
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

pub(super) fn add(collector: &mut Collector) {
    reports(collector);
    regions(collector);
    annotations(collector);
    envelopes(collector);
}

const SLICE: Slice = Slice {
    index: 0,
    spacing: 10.0,
    gap: 5.0,
    size: 32,
};
const LESION: Lesion = Lesion {
    x: 0.5,
    y: 0.5,
    radius: 0.2,
    slice: 0,
    reach: 1,
};

fn source(base: &Base) -> Reference {
    Reference {
        class: uids::CT_IMAGE_STORAGE.to_owned(),
        instance: format!("{}.9", base.instance),
        slice: SLICE,
    }
}

fn reports(collector: &mut Collector) {
    type Fill = fn(&mut Dataset, &Secret);
    let items: [(&str, &str, &str, &str, Fill); 8] = [
        ("TEXT", "121071", "DCM", "Finding", |item, secret| {
            item.text(tags::TEXT_VALUE, format!("Seen with Dr {}", secret.word));
        }),
        (
            "PNAME",
            "121008",
            "DCM",
            "Person Observer Name",
            |item, secret| {
                item.text(tags::PERSON_NAME, format!("{}^DR", secret.word));
            },
        ),
        (
            "UIDREF",
            "112040",
            "DCM",
            "Tracking Unique Identifier",
            |item, secret| {
                item.text(tags::UID, format!("1.3.6.1.4.1.32473.{}", secret.digits));
                item.text(tags::TEXT_VALUE, secret.word.as_str());
            },
        ),
        (
            "TEXT",
            "99001",
            "99LOCAL",
            "Something local",
            |item, secret| {
                item.text(tags::TEXT_VALUE, secret.word.as_str());
            },
        ),
        ("CODE", "121071", "DCM", "Finding", |item, secret| {
            item.code(tags::CONCEPT_CODE_SEQUENCE, "1", "99LOCAL", &secret.word);
        }),
        ("NUM", "121207", "DCM", "Height", |item, secret| {
            let mut measured = Dataset::new();
            measured.text(tags::NUMERIC_VALUE, "170").code(
                tags::MEASUREMENT_UNITS_CODE_SEQUENCE,
                "cm",
                "UCUM",
                &secret.word,
            );
            item.sequence(tags::MEASURED_VALUE_SEQUENCE, vec![measured]);
        }),
        (
            "DATETIME",
            "121125",
            "DCM",
            "DateTime of Recording",
            |item, secret| {
                item.text(tags::DATE_TIME, "19310203040506")
                    .text(tags::TEXT_VALUE, secret.word.as_str());
            },
        ),
        ("CONTAINER", "121070", "DCM", "Findings", |item, secret| {
            let inner = content_item("CONTAINS", "TEXT", ("121071", "DCM", "Finding"), |inner| {
                inner.text(tags::TEXT_VALUE, secret.word.as_str());
            });
            item.text(tags::CONTINUITY_OF_CONTENT, "SEPARATE")
                .sequence(tags::CONTENT_SEQUENCE, vec![inner]);
        }),
    ];
    for (index, (kind, code, scheme, meaning, fill)) in items.into_iter().enumerate() {
        collector.hide_in(
            &format!("report {kind} {index}"),
            CanaryKind::Text,
            |base, secret| {
                make_report(base, |dataset| {
                    let item = content_item("CONTAINS", kind, (code, scheme, meaning), |item| {
                        fill(item, secret)
                    });
                    dataset.sequence(tags::CONTENT_SEQUENCE, vec![item]);
                });
            },
        );
    }
    collector.hide_in(
        "report text without a concept",
        CanaryKind::Text,
        |base, secret| {
            make_report(base, |dataset| {
                let mut item = Dataset::new();
                item.text(tags::RELATIONSHIP_TYPE, "CONTAINS")
                    .text(tags::VALUE_TYPE, "TEXT")
                    .text(tags::TEXT_VALUE, secret.word.as_str());
                dataset.sequence(tags::CONTENT_SEQUENCE, vec![item]);
            });
        },
    );
    collector.hide_in(
        "report verifying observer",
        CanaryKind::Name,
        |base, secret| {
            make_report(base, |dataset| {
                let mut item = Dataset::new();
                item.text(tags::VERIFYING_ORGANIZATION, "Hospital")
                    .text(tags::VERIFICATION_DATE_TIME, "20200101")
                    .text(tags::VERIFYING_OBSERVER_NAME, secret.word.as_str())
                    .empty(tags::VERIFYING_OBSERVER_IDENTIFICATION_CODE_SEQUENCE);
                dataset
                    .text(tags::VERIFICATION_FLAG, "VERIFIED")
                    .sequence(tags::VERIFYING_OBSERVER_SEQUENCE, vec![item]);
            });
        },
    );
}

fn make_report(base: &mut Base, change: impl FnOnce(&mut Dataset)) {
    let words = ReportWords {
        observer: "X^Y".into(),
        finding: "normal".into(),
        tracking_uid: format!("{}.8", base.instance),
    };
    let series = base.series.clone();
    let mut dataset = documents::report(
        &base.study,
        &base.series,
        &base.instance,
        &words,
        (&series, &[source(base)]),
    );
    dataset.text(tags::MODALITY, "SR");
    change(&mut dataset);
    base.file.dataset = dataset;
}

fn regions(collector: &mut Collector) {
    for (index, what) in ["label", "region", "author"].into_iter().enumerate() {
        let words = move |secret: &Secret| {
            let mut fields = ["LABEL".to_owned(), "GTV".to_owned(), "X^Y".to_owned()];
            fields[index] = secret.word.clone();
            let [label, region, author] = fields;
            RegionWords {
                label,
                region,
                author,
            }
        };
        collector.hide_in(
            &format!("structure set {what}"),
            CanaryKind::Text,
            |base, secret| {
                let (series, reference) = (base.series.clone(), source(base));
                let mut dataset = documents::structure_set(
                    &base.study,
                    &base.series,
                    &base.instance,
                    &words(secret),
                    &LESION,
                    (&series, &[reference]),
                );
                dataset.text(tags::MODALITY, "RTSTRUCT");
                base.file.dataset = dataset;
            },
        );
        collector.hide_in(
            &format!("segmentation {what}"),
            CanaryKind::Text,
            |base, secret| {
                let (series, reference) = (base.series.clone(), source(base));
                let mut dataset = segmentation::segmentation(
                    &base.study,
                    &base.series,
                    &base.instance,
                    &words(secret),
                    &LESION,
                    (&series, &[reference]),
                );
                dataset.text(tags::MODALITY, "SEG");
                base.file.dataset = dataset;
            },
        );
    }
}

fn annotations(collector: &mut Collector) {
    collector.hide(
        "graphic annotation text",
        CanaryKind::Text,
        |file, secret| {
            let mut text = Dataset::new();
            text.text(tags::UNFORMATTED_TEXT_VALUE, secret.word.as_str());
            let mut item = Dataset::new();
            item.text(tags::GRAPHIC_LAYER, "LAYER")
                .sequence(tags::TEXT_OBJECT_SEQUENCE, vec![text]);
            file.dataset
                .sequence(tags::GRAPHIC_ANNOTATION_SEQUENCE, vec![item]);
        },
    );
    collector.hide(
        "graphic layer description",
        CanaryKind::Text,
        |file, secret| {
            let mut item = Dataset::new();
            item.text(tags::GRAPHIC_LAYER, "LAYER")
                .text(tags::GRAPHIC_LAYER_DESCRIPTION, secret.word.as_str());
            file.dataset
                .sequence(tags::GRAPHIC_LAYER_SEQUENCE, vec![item]);
        },
    );
    collector.hide(
        "contributing equipment",
        CanaryKind::Institution,
        |file, secret| {
            let mut item = Dataset::new();
            item.text(tags::MANUFACTURER, "Synthetic Medical")
                .text(tags::INSTITUTION_NAME, secret.word.as_str())
                .code(
                    tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
                    "109103",
                    "DCM",
                    "Modifying Equipment",
                );
            file.dataset
                .sequence(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE, vec![item]);
        },
    );
}

fn envelopes(collector: &mut Collector) {
    collector.hide_in("encapsulated PDF body", CanaryKind::Name, |base, secret| {
        let pdf = documents::pdf(&format!("Dear {}", secret.word));
        base.file.dataset =
            documents::encapsulated_pdf(&base.study, &base.series, &base.instance, "Letter", &pdf);
    });
    collector.hide_in(
        "encapsulated PDF title",
        CanaryKind::Name,
        |base, secret| {
            let pdf = documents::pdf("Nothing");
            base.file.dataset = documents::encapsulated_pdf(
                &base.study,
                &base.series,
                &base.instance,
                &secret.word,
                &pdf,
            );
        },
    );
    collector.hide_in("encapsulated CDA", CanaryKind::Name, |base, secret| {
        let cda = format!(
            "<ClinicalDocument><patient><name>{}</name></patient></ClinicalDocument>",
            secret.word
        );
        base.file.dataset =
            documents::encapsulated_pdf(&base.study, &base.series, &base.instance, "CDA", &[]);
        base.file
            .dataset
            .text(tags::SOP_CLASS_UID, uids::ENCAPSULATED_CDA_STORAGE)
            .text(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, "text/XML")
            .put(
                tags::ENCAPSULATED_DOCUMENT,
                VR::OB,
                Value::Bytes(cda.into_bytes()),
            );
    });
}
