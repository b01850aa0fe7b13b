//! Text where numbers, dates and codes belong.

use super::Collector;
use crate::canaries::CanaryKind;
use dicom_dictionary_std::tags;

pub(super) fn add(collector: &mut Collector) {
    let places = [
        ("DS holding text", tags::SLICE_LOCATION),
        ("second DS holding text", tags::DATA_COLLECTION_DIAMETER),
        ("IS holding text", tags::ACQUISITION_NUMBER),
        ("second IS holding text", tags::EXPOSURE),
        ("CS holding text", tags::BODY_PART_EXAMINED),
        ("second CS holding text", tags::FILTER_TYPE),
        ("AS holding text", tags::PATIENT_AGE),
        ("DA holding text", tags::ACQUISITION_DATE),
        ("TM holding text", tags::ACQUISITION_TIME),
        ("DT holding text", tags::ACQUISITION_DATE_TIME),
        ("UI holding text", tags::IRRADIATION_EVENT_UID),
    ];
    for (name, tag) in places {
        collector.hide(
            &format!("number {name}"),
            CanaryKind::Text,
            |file, secret| {
                file.dataset.text(tag, secret.word.as_str());
            },
        );
    }
    collector.hide_value("number DA range", CanaryKind::Date, |file, _| {
        let value = "19310203-19310405".to_owned();
        file.dataset.text(tags::ACQUISITION_DATE, value.as_str());
        value
    });
    collector.hide_value("number DT with zone", CanaryKind::Date, |file, _| {
        let value = "19310203040506.123456+0800".to_owned();
        file.dataset
            .text(tags::ACQUISITION_DATE_TIME, value.as_str());
        value
    });
    collector.hide_value(
        "number serial in IS",
        CanaryKind::Identifier,
        |file, secret| {
            file.dataset.text(tags::EXPOSURE, secret.digits.as_str());
            secret.digits.clone()
        },
    );
    collector.hide_value("number high age", CanaryKind::Date, |file, _| {
        file.dataset.text(tags::PATIENT_AGE, "104Y");
        "104Y".to_owned()
    });
}
