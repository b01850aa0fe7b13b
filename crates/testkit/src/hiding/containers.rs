//! Around the data set: preamble, meta information, padding, and what follows the last element.

use super::Collector;
use crate::canaries::CanaryKind;
use crate::dicom::{Dataset, DicomFile, Encoding, Meta, Syntax, Value, write};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

pub(super) fn add(collector: &mut Collector) {
    preambles(collector);
    meta(collector);
    endings(collector);
    padding(collector);
}

fn preambles(collector: &mut Collector) {
    for (name, magic) in [
        ("text", &b""[..]),
        ("TIFF little endian", b"II*\0\x08\0\0\0"),
        ("TIFF big endian", b"MM\0*\0\0\0\x08"),
        ("Windows program", b"MZ\x90\0"),
        ("Linux program", b"\x7FELF\x02\x01\x01"),
    ] {
        collector.hide(
            &format!("preamble {name}"),
            CanaryKind::Name,
            |file, secret| {
                let mut preamble = magic.to_vec();
                preamble.extend_from_slice(format!("Patient {}", secret.word).as_bytes());
                preamble.resize(128, 0);
                file.preamble = Some(preamble);
            },
        );
    }
    collector.hide(
        "no preamble and no meta",
        CanaryKind::Name,
        |file, secret| {
            file.preamble = None;
            file.meta = Meta::Absent;
            file.syntax = Syntax::ImplicitLittle;
            file.dataset
                .text(tags::OPERATORS_NAME, secret.word.as_str());
        },
    );
}

fn meta(collector: &mut Collector) {
    collector.hide(
        "meta private information",
        CanaryKind::Bytes,
        |file, secret| {
            let mut meta = Dataset::new();
            meta.text(
                tags::PRIVATE_INFORMATION_CREATOR_UID,
                "1.3.6.1.4.1.32473.8.1",
            )
            .put(
                tags::PRIVATE_INFORMATION,
                VR::OB,
                Value::Bytes(format!("exported for {}", secret.word).into_bytes()),
            );
            file.meta = Meta::With(meta);
        },
    );
    collector.hide(
        "meta implementation version name",
        CanaryKind::Text,
        |file, secret| {
            let mut meta = Dataset::new();
            meta.text(tags::IMPLEMENTATION_VERSION_NAME, secret.word.as_str());
            file.meta = Meta::With(meta);
        },
    );
    collector.hide("meta unknown element", CanaryKind::Text, |file, secret| {
        let mut meta = Dataset::new();
        meta.put(
            Tag(0x0002, 0x0F10),
            VR::LO,
            Value::Text(secret.word.clone()),
        );
        file.meta = Meta::With(meta);
    });
}

fn endings(collector: &mut Collector) {
    collector.hide("after the end, text", CanaryKind::Text, |file, secret| {
        file.trailing = format!("exported by {}", secret.word).into_bytes();
    });
    collector.hide(
        "after the end, zeros and text",
        CanaryKind::Text,
        |file, secret| {
            file.trailing = vec![0; 512];
            file.trailing.extend_from_slice(secret.word.as_bytes());
        },
    );
    collector.hide(
        "after the end, a second data set",
        CanaryKind::Name,
        |file, secret| {
            let mut second = Dataset::new();
            second.text(tags::PATIENT_NAME, format!("{}^SECOND", secret.word));
            file.trailing = write::encode(&second, Encoding::EXPLICIT_LITTLE);
        },
    );
    collector.hide(
        "after the end, a second file",
        CanaryKind::Name,
        |file, secret| {
            let mut second = Dataset::new();
            second
                .text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.7")
                .text(tags::SOP_INSTANCE_UID, "1.3.6.1.4.1.32473.3.3")
                .text(tags::PATIENT_NAME, format!("{}^SECOND", secret.word));
            file.trailing = DicomFile::new(Syntax::ExplicitLittle, second).bytes();
        },
    );
    collector.hide(
        "data set trailing padding",
        CanaryKind::Bytes,
        |file, secret| {
            let bytes = format!("\0\0\0\0{}\0\0", secret.word).into_bytes();
            file.dataset
                .put(Tag(0xFFFC, 0xFFFC), VR::OB, Value::Bytes(bytes));
        },
    );
    collector.hide(
        "element after the pixels",
        CanaryKind::Name,
        |file, secret| {
            file.dataset
                .private_creator(0x7FE1, 0x10, "SYNTHETIC TAIL")
                .put(
                    Tag(0x7FE1, 0x1010),
                    VR::LO,
                    Value::Text(secret.word.clone()),
                );
        },
    );
    collector.hide(
        "deflated data set unseen",
        CanaryKind::Name,
        |file, secret| {
            file.syntax = Syntax::Deflated;
            file.dataset
                .text(tags::OPERATORS_NAME, format!("{}^DEFLATED", secret.word));
        },
    );
    collector.hide(
        "after the end of a deflated data set",
        CanaryKind::Text,
        |file, secret| {
            file.syntax = Syntax::Deflated;
            file.trailing = secret.word.clone().into_bytes();
        },
    );
}

fn padding(collector: &mut Collector) {
    collector.hide(
        "padding, text behind NUL in LO",
        CanaryKind::Name,
        |file, secret| {
            let bytes = format!("THORAX\0{}", secret.word).into_bytes();
            file.dataset
                .put(tags::PROTOCOL_NAME, VR::LO, Value::Bytes(bytes));
        },
    );
    collector.hide(
        "padding, text behind NUL in UI",
        CanaryKind::Name,
        |file, secret| {
            let bytes = format!("1.2.840.10008.5.1.4.1.1.2\0{}", secret.word).into_bytes();
            file.dataset
                .put(tags::SOP_CLASS_UID, VR::UI, Value::Bytes(bytes));
        },
    );
    collector.hide(
        "padding, text behind NUL in CS",
        CanaryKind::Name,
        |file, secret| {
            let bytes = format!("HFS\0{}", secret.word).into_bytes();
            file.dataset
                .put(tags::PATIENT_POSITION, VR::CS, Value::Bytes(bytes));
        },
    );
    collector.hide("padding, over-long CS", CanaryKind::Name, |file, secret| {
        file.dataset.text(
            tags::PATIENT_POSITION,
            format!("HFS             {}", secret.word),
        );
    });
    collector.hide("padding, over-long DA", CanaryKind::Name, |file, secret| {
        file.dataset
            .text(tags::ACQUISITION_DATE, format!("20200101  {}", secret.word));
    });
    collector.hide(
        "padding, text after a number in DS",
        CanaryKind::Name,
        |file, secret| {
            file.dataset
                .text(tags::SLICE_THICKNESS, format!("5.0 {}", secret.word));
        },
    );
    collector.hide(
        "padding after native pixels",
        CanaryKind::Bytes,
        |file, secret| {
            if let Some(Value::Words(words)) = file
                .dataset
                .get(tags::PIXEL_DATA)
                .map(|element| element.value.clone())
            {
                let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                bytes.extend_from_slice(secret.word.as_bytes());
                file.dataset
                    .put(tags::PIXEL_DATA, VR::OW, Value::Bytes(bytes));
            }
        },
    );
    collector.hide("duplicate element", CanaryKind::Name, |file, secret| {
        let mut item = Dataset::new();
        item.append(
            tags::OPERATORS_NAME,
            VR::PN,
            Value::Text(format!("{}^ONE", secret.word)),
        )
        .append(tags::OPERATORS_NAME, VR::PN, Value::Text("ANON".to_owned()));
        file.dataset
            .sequence(tags::RELATED_SERIES_SEQUENCE, vec![item]);
    });
    collector.hide("elements out of order", CanaryKind::Name, |file, secret| {
        file.dataset.append(
            tags::PATIENT_MOTHER_BIRTH_NAME,
            VR::PN,
            Value::Text(format!("{}^LATE", secret.word)),
        );
    });
}
