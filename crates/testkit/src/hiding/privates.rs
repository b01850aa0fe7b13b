//! Private attributes, honest and otherwise.

use super::Collector;
use crate::canaries::CanaryKind;
use crate::dicom::{Dataset, Value};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

pub(super) fn add(collector: &mut Collector) {
    for vr in [
        VR::LO,
        VR::SH,
        VR::ST,
        VR::LT,
        VR::UT,
        VR::UC,
        VR::PN,
        VR::AE,
        VR::CS,
        VR::UN,
        VR::OB,
        VR::OW,
    ] {
        for group in [0x0009, 0x0029, 0x0071, 0x7FE1] {
            collector.hide(
                &format!("private {vr} in group {group:04X}"),
                CanaryKind::Text,
                |file, secret| {
                    file.dataset
                        .private_creator(group, 0x10, "SYNTHETIC MEDICAL 1.0")
                        .put(Tag(group, 0x1008), vr, Value::Text(secret.word.clone()));
                },
            );
        }
    }
    collector.hide(
        "private orphan without creator",
        CanaryKind::Text,
        |file, secret| {
            file.dataset.put(
                Tag(0x0011, 0x1001),
                VR::LO,
                Value::Text(secret.word.clone()),
            );
        },
    );
    collector.hide(
        "private creator of another block",
        CanaryKind::Text,
        |file, secret| {
            file.dataset
                .private_creator(0x0011, 0x11, "SYNTHETIC MEDICAL 1.0")
                .put(
                    Tag(0x0011, 0x1001),
                    VR::LO,
                    Value::Text(secret.word.clone()),
                );
        },
    );
    collector.hide("private creator twice", CanaryKind::Text, |file, secret| {
        file.dataset
            .private_creator(0x0011, 0x10, "SYNTHETIC MEDICAL 1.0")
            .private_creator(0x0011, 0x11, "SYNTHETIC MEDICAL 1.0")
            .put(
                Tag(0x0011, 0x1101),
                VR::LO,
                Value::Text(secret.word.clone()),
            );
    });
    collector.hide(
        "private creator that names somebody",
        CanaryKind::Name,
        |file, secret| {
            file.dataset
                .private_creator(0x0011, 0x10, &format!("SITE {}", secret.word))
                .put(Tag(0x0011, 0x1001), VR::US, Value::Words(vec![1]));
        },
    );
    collector.hide(
        "private element in the creators' place",
        CanaryKind::Text,
        |file, secret| {
            file.dataset.put(
                Tag(0x0011, 0x0001),
                VR::LO,
                Value::Text(secret.word.clone()),
            );
        },
    );
    collector.hide("private group 0001", CanaryKind::Text, |file, secret| {
        file.dataset.put(
            Tag(0x0001, 0x1001),
            VR::LO,
            Value::Text(secret.word.clone()),
        );
    });
    collector.hide(
        "private overlay look-alike",
        CanaryKind::Text,
        |file, secret| {
            file.dataset.put(
                Tag(0x6001, 0x0022),
                VR::LO,
                Value::Text(secret.word.clone()),
            );
        },
    );
    collector.hide(
        "private declared safe by the sender",
        CanaryKind::Text,
        |file, secret| {
            let mut item = Dataset::new();
            item.words(tags::PRIVATE_GROUP_REFERENCE, &[0x0011])
                .text(tags::PRIVATE_CREATOR_REFERENCE, "SYNTHETIC MEDICAL 1.0")
                .text(tags::BLOCK_IDENTIFYING_INFORMATION_STATUS, "SAFE");
            file.dataset
                .sequence(
                    tags::PRIVATE_DATA_ELEMENT_CHARACTERISTICS_SEQUENCE,
                    vec![item],
                )
                .private_creator(0x0011, 0x10, "SYNTHETIC MEDICAL 1.0")
                .put(
                    Tag(0x0011, 0x1001),
                    VR::LO,
                    Value::Text(secret.word.clone()),
                );
        },
    );
    // Rows of the list of safe private attributes whose values can still be text or a UID.
    for (creator, group, element, vr) in [
        ("SIEMENS MED", 0x0021, 0x1010, VR::DS),
        ("Philips Imaging DD 001", 0x2001, 0x1003, VR::FL),
        ("GEMS_PARM_01", 0x0043, 0x1039, VR::IS),
        ("Philips Imaging DD 001", 0x2001, 0x1020, VR::LO),
    ] {
        collector.hide(
            &format!("private text in a safe-listed {group:04X} {element:04X} {vr}"),
            CanaryKind::Text,
            |file, secret| {
                file.dataset.private_creator(group, 0x10, creator).put(
                    Tag(group, element),
                    vr,
                    Value::Text(secret.word.clone()),
                );
            },
        );
    }
    collector.hide(
        "private sequence in a private sequence",
        CanaryKind::Name,
        |file, secret| {
            let mut inner = Dataset::new();
            inner.private_creator(0x0011, 0x10, "INNER").put(
                Tag(0x0011, 0x1001),
                VR::PN,
                Value::Text(secret.word.clone()),
            );
            let mut outer = Dataset::new();
            outer
                .private_creator(0x0011, 0x10, "OUTER")
                .sequence(Tag(0x0011, 0x1002), vec![inner]);
            file.dataset
                .private_creator(0x0011, 0x10, "OUTER")
                .sequence(Tag(0x0011, 0x1001), vec![outer]);
        },
    );
    collector.hide(
        "private element inside a standard item",
        CanaryKind::Text,
        |file, secret| {
            let mut item = Dataset::new();
            item.private_creator(0x0011, 0x10, "IN ITEM").put(
                Tag(0x0011, 0x1001),
                VR::LO,
                Value::Text(secret.word.clone()),
            );
            file.dataset
                .sequence(tags::RELATED_SERIES_SEQUENCE, vec![item]);
        },
    );
    collector.hide(
        "private protocol blob",
        CanaryKind::Bytes,
        |file, secret| {
            let mut blob = b"SV10\x04\x03\x02\x01".to_vec();
            blob.resize(256, 0);
            blob.extend_from_slice(format!("tPatientName = \"{}\"\n", secret.word).as_bytes());
            blob.resize(512, 0);
            file.dataset
                .private_creator(0x0029, 0x10, "SYNTHETIC CSA HEADER")
                .put(Tag(0x0029, 0x1020), VR::OB, Value::Bytes(blob));
        },
    );
}
