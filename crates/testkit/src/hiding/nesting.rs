//! Identity inside sequences: known, unknown and private ones, and sequences that hide behind UN.

use super::Collector;
use crate::canaries::CanaryKind;
use crate::dicom::write::{encode, encode_item};
use crate::dicom::{Dataset, Encoding, Value};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// What kind of sequence something is wrapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// Sequences of the dictionary.
    Known,
    /// Sequences of the dictionary, with delimiters instead of lengths.
    KnownOpen,
    /// Even groups, but in no dictionary.
    Unknown,
    /// Private sequences with a creator.
    Private,
    /// UN of stated length whose value is a sequence in Implicit VR Little Endian.
    UnDefined,
    /// UN of undefined length (CP-246).
    UnUndefined,
}

impl Wrapping {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Known,
        Self::KnownOpen,
        Self::Unknown,
        Self::Private,
        Self::UnDefined,
        Self::UnUndefined,
    ];

    /// A word for names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::KnownOpen => "known-open",
            Self::Unknown => "unknown",
            Self::Private => "private",
            Self::UnDefined => "un-defined",
            Self::UnUndefined => "un-undefined",
        }
    }
}

const KNOWN: [Tag; 6] = [
    tags::RELATED_SERIES_SEQUENCE,
    tags::REFERENCED_IMAGE_SEQUENCE,
    tags::REFERENCED_STUDY_SEQUENCE,
    tags::REQUEST_ATTRIBUTES_SEQUENCE,
    tags::PROCEDURE_CODE_SEQUENCE,
    tags::REFERENCED_SERIES_SEQUENCE,
];

/// Puts an item into sequences within sequences of a data set. `depth` is at least 1.
pub(crate) fn wrap(dataset: &mut Dataset, item: Dataset, wrapping: Wrapping, depth: usize) {
    let mut inner = item;
    for level in (0..depth).rev() {
        let mut outer = Dataset::new();
        put_sequence(
            if level == 0 { dataset } else { &mut outer },
            inner,
            wrapping,
            level,
        );
        if level == 0 {
            return;
        }
        inner = outer;
    }
}

fn put_sequence(outer: &mut Dataset, item: Dataset, wrapping: Wrapping, level: usize) {
    let known = KNOWN[level % KNOWN.len()];
    match wrapping {
        Wrapping::Known => outer.sequence(known, vec![item]),
        Wrapping::KnownOpen => outer.open_sequence(known, vec![item]),
        Wrapping::Unknown => outer.sequence(Tag(0x0018, 0xFFA0 + level as u16), vec![item]),
        Wrapping::Private => outer
            .private_creator(0x0043, 0x10, "SYNTHETIC NESTED 1.0")
            .sequence(Tag(0x0043, 0x1001 + level as u16), vec![item]),
        // Only the outermost is UN: what lies inside a UN is implicit, where no VR is written.
        Wrapping::UnDefined if level == 0 => {
            let bytes = encode_item(&item, Encoding::IMPLICIT_LITTLE, false);
            outer
                .private_creator(0x0045, 0x10, "SYNTHETIC UNKNOWN 1.0")
                .put(Tag(0x0045, 0x1001), VR::UN, Value::Bytes(bytes))
        }
        Wrapping::UnUndefined if level == 0 => {
            let bytes = un_of_undefined_length(Tag(0x0045, 0x1002), &item);
            outer
                .private_creator(0x0045, 0x10, "SYNTHETIC UNKNOWN 1.0")
                .put(Tag(0x0045, 0x1002), VR::UN, Value::Verbatim(bytes))
        }
        Wrapping::UnDefined | Wrapping::UnUndefined => outer.sequence(known, vec![item]),
    };
}

/// A whole element of VR UN and undefined length, as CP-246 describes it.
pub(crate) fn un_of_undefined_length(tag: Tag, item: &Dataset) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&tag.0.to_le_bytes());
    bytes.extend_from_slice(&tag.1.to_le_bytes());
    bytes.extend_from_slice(b"UN\0\0\xFF\xFF\xFF\xFF");
    bytes.extend(encode_item(item, Encoding::IMPLICIT_LITTLE, true));
    bytes.extend_from_slice(b"\xFE\xFF\xDD\xE0\0\0\0\0");
    bytes
}

pub(super) fn add(collector: &mut Collector) {
    for wrapping in Wrapping::ALL {
        for depth in 1..=6 {
            let name = format!("nested name {depth} {}", wrapping.name());
            collector.hide(&name, CanaryKind::Name, |file, secret| {
                let mut item = Dataset::new();
                item.text(tags::PATIENT_NAME, format!("{}^DEEP", secret.word));
                wrap(&mut file.dataset, item, wrapping, depth);
            });
        }
    }
    collector.hide(
        "nested original attributes",
        CanaryKind::Name,
        |file, secret| {
            let mut modified = Dataset::new();
            modified.text(tags::PATIENT_NAME, format!("{}^BEFORE", secret.word));
            let mut item = Dataset::new();
            item.text(tags::ATTRIBUTE_MODIFICATION_DATE_TIME, "20200102030405")
                .text(tags::MODIFYING_SYSTEM, "PACS")
                .text(tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION, "COERCE")
                .sequence(tags::MODIFIED_ATTRIBUTES_SEQUENCE, vec![modified]);
            file.dataset
                .sequence(tags::ORIGINAL_ATTRIBUTES_SEQUENCE, vec![item]);
        },
    );
    collector.hide(
        "nested explicit sequence in UN of undefined length",
        CanaryKind::Name,
        |file, secret| {
            let mut item = Dataset::new();
            item.text(tags::PATIENT_NAME, format!("{}^EXPLICIT", secret.word));
            let mut bytes =
                b"\x45\0\x03\x10UN\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF".to_vec();
            bytes.extend(encode(&item, Encoding::EXPLICIT_LITTLE));
            bytes.extend_from_slice(b"\xFE\xFF\x0D\xE0\0\0\0\0\xFE\xFF\xDD\xE0\0\0\0\0");
            file.dataset
                .private_creator(0x0045, 0x10, "SYNTHETIC UNKNOWN 1.0")
                .put(Tag(0x0045, 0x1003), VR::UN, Value::Verbatim(bytes));
        },
    );
    collector.hide(
        "nested second item of a sequence",
        CanaryKind::Name,
        |file, secret| {
            let mut item = Dataset::new();
            item.text(tags::OPERATORS_NAME, format!("{}^SECOND", secret.word));
            file.dataset
                .sequence(tags::RELATED_SERIES_SEQUENCE, vec![Dataset::new(), item]);
        },
    );
}
