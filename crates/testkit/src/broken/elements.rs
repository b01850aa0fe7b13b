//! Wrong inside the data set: lengths, order, sequences, values.

use super::containers::READ;
use super::{BrokenFile, small};
use crate::dicom::write::{encode, encode_item};
use crate::dicom::{Dataset, DicomFile, Encoding, Syntax, Value};
use crate::hiding::un_of_undefined_length;
use cloakroom_core::{HoldReason, Outcome, QuarantineReason};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

const MALFORMED: Outcome = Outcome::Quarantined(QuarantineReason::Malformed);
const TRUNCATED: Outcome = Outcome::Quarantined(QuarantineReason::Truncated);
const LIMIT: Outcome = Outcome::Quarantined(QuarantineReason::LimitExceeded);
const DUPLICATE: Outcome = Outcome::Held(HoldReason::DuplicateElement);
const CHARSET: Outcome = Outcome::Held(HoldReason::UnknownCharacterSet);
const UNCLEAN: Outcome = Outcome::Held(HoldReason::UncleanValue);
const NAMELESS: Outcome = Outcome::Quarantined(QuarantineReason::IdentityIncomplete);

fn make(
    name: &'static str,
    why: &'static str,
    expected: &[Outcome],
    number: u32,
    change: impl FnOnce(&mut DicomFile),
) -> BrokenFile {
    let mut file = small(number);
    change(&mut file);
    BrokenFile {
        name,
        why,
        bytes: file.bytes(),
        expected: expected.to_vec(),
    }
}

pub(super) fn files() -> Vec<BrokenFile> {
    let mut files = lengths();
    files.extend(sequences());
    files.extend(order());
    files.extend(values());
    files
}

fn lengths() -> Vec<BrokenFile> {
    vec![
        make(
            "length-past-the-end",
            "a UT that claims 4 GB in a file of half a KB",
            &[TRUNCATED, MALFORMED, LIMIT],
            100,
            |file| {
                let bytes = b"\x08\0\x90\x11UR\0\0\xF0\xFF\xFF\xFFhttp".to_vec();
                file.dataset
                    .put(tags::RETRIEVE_URL, VR::UR, Value::Verbatim(bytes));
            },
        ),
        make(
            "length-odd",
            "a value of odd length, unpadded",
            &READ,
            101,
            |file| {
                file.dataset.put(
                    tags::STUDY_DESCRIPTION,
                    VR::LO,
                    Value::Verbatim(b"\x08\0\x30\x10LO\x05\0CHEST".to_vec()),
                );
            },
        ),
        make(
            "length-undefined-text",
            "an LT of undefined length, which only sequences and UN may have",
            &[MALFORMED, TRUNCATED],
            102,
            |file| {
                file.dataset.put(
                    tags::IMAGE_COMMENTS,
                    VR::UT,
                    Value::Verbatim(b"\x20\0\0\x40UT\0\0\xFF\xFF\xFF\xFFtext".to_vec()),
                );
            },
        ),
        make(
            "length-reserved-bytes-not-zero",
            "the two bytes between VR and length hold something",
            &READ,
            103,
            |file| {
                file.dataset.put(
                    Tag(0x0009, 0x1001),
                    VR::UT,
                    Value::Verbatim(b"\x09\0\x01\x10UTXY\x04\0\0\0text".to_vec()),
                );
            },
        ),
        make(
            "group-length-wrong",
            "a group length that is not true",
            &READ,
            104,
            |file| {
                file.dataset
                    .put(Tag(0x0008, 0x0000), VR::UL, Value::Longs(vec![7]));
            },
        ),
        make(
            "vr-unknown-letters",
            "a VR that no edition has",
            &[READ[0], READ[1], READ[2], READ[3], MALFORMED],
            105,
            |file| {
                file.dataset.put(
                    Tag(0x0009, 0x1001),
                    VR::LO,
                    Value::Verbatim(b"\x09\0\x01\x10ZZ\0\0\x04\0\0\0text".to_vec()),
                );
            },
        ),
        make(
            "vr-not-letters",
            "two bytes that are no VR",
            &[MALFORMED, TRUNCATED],
            106,
            |file| {
                file.dataset.put(
                    Tag(0x0009, 0x1001),
                    VR::LO,
                    Value::Verbatim(b"\x09\0\x01\x10\x01\x02\x04\0text".to_vec()),
                );
            },
        ),
        make(
            "vr-of-another",
            "a name under the VR of a date",
            &[READ[0], READ[1], READ[2], READ[3], UNCLEAN],
            107,
            |file| {
                file.dataset.put(
                    tags::PATIENT_NAME,
                    VR::DA,
                    Value::Text("BROKEN^FIXTURE".into()),
                );
            },
        ),
    ]
}

fn sequences() -> Vec<BrokenFile> {
    let named = || {
        let mut item = Dataset::new();
        item.text(tags::PATIENT_NAME, "IN^ITEM");
        item
    };
    let head = b"\x08\0\x40\x11SQ\0\0";
    let with = |number: u32,
                name: &'static str,
                why: &'static str,
                expected: &[Outcome],
                bytes: Vec<u8>| {
        make(name, why, expected, number, |file| {
            file.dataset.put(
                tags::REFERENCED_IMAGE_SEQUENCE,
                VR::SQ,
                Value::Verbatim(bytes),
            );
        })
    };
    let joined = |parts: &[&[u8]]| parts.concat();
    let item = encode_item(&named(), Encoding::EXPLICIT_LITTLE, false);
    let mut files = vec![
        with(
            120,
            "sequence-never-closed",
            "a sequence of undefined length without its delimiter",
            &[TRUNCATED, MALFORMED],
            joined(&[head, b"\xFF\xFF\xFF\xFF", &item]),
        ),
        with(
            121,
            "sequence-longer-than-file",
            "a sequence that claims more than the file has",
            &[TRUNCATED, MALFORMED],
            joined(&[head, b"\0\0\x10\0", &item]),
        ),
        with(
            122,
            "item-longer-than-sequence",
            "an item that reaches out of its sequence",
            &[MALFORMED, TRUNCATED],
            joined(&[
                head,
                &(item.len() as u32).to_le_bytes(),
                b"\xFE\xFF\0\xE0\xFF\0\0\0",
                &item[8..],
            ]),
        ),
        with(
            123,
            "sequence-without-items",
            "a sequence whose content is no item",
            &[MALFORMED],
            joined(&[head, b"\x08\0\0\0", b"\x10\0\x10\0PN\0\0"]),
        ),
        make(
            "delimiter-without-sequence",
            "an item delimiter in the middle of the data set",
            &[MALFORMED, READ[0], READ[1], READ[2], READ[3]],
            124,
            |file| {
                file.dataset.put(
                    Tag(0x0008, 0x1141),
                    VR::SQ,
                    Value::Verbatim(b"\xFE\xFF\x0D\xE0\0\0\0\0".to_vec()),
                );
            },
        ),
        make(
            "un-sequence-of-undefined-length",
            "CP-246: a UN that is a sequence",
            &READ,
            125,
            |file| {
                file.dataset.private_creator(0x0009, 0x10, "SYNTHETIC").put(
                    Tag(0x0009, 0x1001),
                    VR::UN,
                    Value::Verbatim(un_of_undefined_length(Tag(0x0009, 0x1001), &named())),
                );
            },
        ),
        make(
            "un-sequence-of-defined-length",
            "a UN whose value is a sequence with a name in it",
            &READ,
            126,
            |file| {
                let bytes = encode_item(&named(), Encoding::IMPLICIT_LITTLE, false);
                file.dataset
                    .put(tags::REFERENCED_STUDY_SEQUENCE, VR::UN, Value::Bytes(bytes));
            },
        ),
        make(
            "un-for-known-attributes",
            "standard attributes written as UN",
            &READ,
            127,
            |file| {
                file.dataset.put(
                    tags::PATIENT_NAME,
                    VR::UN,
                    Value::Bytes(b"BROKEN^FIXTURE".to_vec()),
                );
            },
        ),
    ];
    files.push(nested(
        "nested-sixty-deep",
        "sixty sequences in one another",
        &READ,
        128,
        60,
    ));
    files.push(nested(
        "nested-one-hundred-deep",
        "a hundred sequences in one another",
        &[LIMIT, MALFORMED],
        129,
        100,
    ));
    files.push(nested(
        "nested-five-thousand-deep",
        "five thousand sequences in one another, which overflow a recursive reader",
        &[LIMIT, MALFORMED],
        130,
        5000,
    ));
    files
}

fn nested(
    name: &'static str,
    why: &'static str,
    expected: &[Outcome],
    number: u32,
    depth: usize,
) -> BrokenFile {
    make(name, why, expected, number, |file| {
        let mut bytes = Vec::new();
        for _ in 0..depth {
            bytes.extend_from_slice(
                b"\x08\0\x40\x11SQ\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF",
            );
        }
        let mut inner = Dataset::new();
        inner.text(tags::PATIENT_NAME, "AT^BOTTOM");
        bytes.extend(encode(&inner, Encoding::EXPLICIT_LITTLE));
        for _ in 0..depth {
            bytes.extend_from_slice(b"\xFE\xFF\x0D\xE0\0\0\0\0\xFE\xFF\xDD\xE0\0\0\0\0");
        }
        file.dataset.put(
            tags::REFERENCED_IMAGE_SEQUENCE,
            VR::SQ,
            Value::Verbatim(bytes),
        );
    })
}

fn order() -> Vec<BrokenFile> {
    let text = |value: &str| Value::Text(value.to_owned());
    vec![
        make(
            "duplicate-element",
            "Patient's Name twice, with two values",
            &[DUPLICATE],
            140,
            |file| {
                let name = b"\x10\0\x10\0PN\x0A\0FIRST^NAMEX".to_vec();
                let mut twice = name[..8].to_vec();
                twice.extend_from_slice(b"FIRST^NAME");
                twice.extend_from_slice(b"\x10\0\x10\0PN\x0A\0OTHER^NAME");
                file.dataset
                    .put(tags::PATIENT_NAME, VR::PN, Value::Verbatim(twice));
            },
        ),
        make(
            "duplicate-in-an-item",
            "an attribute twice in one item",
            &[DUPLICATE],
            141,
            |file| {
                let mut item = Dataset::new();
                item.append(tags::PATIENT_ID, VR::LO, text("ONE")).append(
                    tags::PATIENT_ID,
                    VR::LO,
                    text("TWO"),
                );
                file.dataset
                    .sequence(tags::REFERENCED_IMAGE_SEQUENCE, vec![item]);
            },
        ),
        make(
            "duplicate-at-the-end",
            "Patient ID again after the pixels",
            &[DUPLICATE],
            142,
            |file| {
                file.dataset
                    .append(tags::PATIENT_ID, VR::LO, text("OTHERID"));
            },
        ),
        make(
            "elements-out-of-order",
            "elements that do not ascend",
            &[READ[0], READ[1], READ[2], READ[3], MALFORMED],
            143,
            |file| {
                file.dataset
                    .append(tags::PATIENT_COMMENTS, VR::LT, text("late"));
            },
        ),
        make(
            "elements-after-the-pixels",
            "a private group after the pixels",
            &READ,
            144,
            |file| {
                file.dataset.private_creator(0x7FE1, 0x10, "SYNTHETIC").put(
                    Tag(0x7FE1, 0x1001),
                    VR::LO,
                    text("tail"),
                );
            },
        ),
        make(
            "private-without-creator",
            "a private element that nobody reserved",
            &READ,
            145,
            |file| {
                file.dataset
                    .put(Tag(0x0009, 0x1001), VR::LO, text("orphan"));
            },
        ),
        make(
            "sop-instance-missing",
            "no SOP Instance UID anywhere",
            &[NAMELESS],
            146,
            |file| {
                file.dataset.remove(tags::SOP_INSTANCE_UID);
            },
        ),
        make(
            "sop-class-missing",
            "no SOP Class UID anywhere",
            &[NAMELESS],
            147,
            |file| {
                file.dataset.remove(tags::SOP_CLASS_UID);
            },
        ),
    ]
}

fn values() -> Vec<BrokenFile> {
    vec![
        make(
            "charset-unknown",
            "a character set that is in no standard",
            &[CHARSET],
            160,
            |file| {
                file.dataset
                    .text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 999");
            },
        ),
        make(
            "charset-contradicts-itself",
            "UTF-8 with code extensions, which PS3.3 forbids",
            &[CHARSET],
            161,
            |file| {
                file.dataset
                    .text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192\\ISO 2022 IR 58");
            },
        ),
        make(
            "charset-not-what-the-bytes-are",
            "UTF-8 is declared, the bytes are GBK",
            &[CHARSET, READ[0], READ[1], READ[2], READ[3]],
            162,
            |file| {
                file.dataset
                    .text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192")
                    .put(
                        tags::PATIENT_NAME,
                        VR::PN,
                        Value::Bytes(b"\xD5\xC5^\xC8\xFD".to_vec()),
                    );
            },
        ),
        make(
            "charset-absent-with-high-bytes",
            "no character set, and bytes above ASCII",
            &[CHARSET, READ[0], READ[1], READ[2], READ[3]],
            163,
            |file| {
                file.dataset.put(
                    tags::PATIENT_NAME,
                    VR::PN,
                    Value::Bytes(b"\xD5\xC5^\xC8\xFD".to_vec()),
                );
            },
        ),
        make(
            "charset-escape-not-declared",
            "an escape to a set that is not declared",
            &[CHARSET, READ[0], READ[1], READ[2], READ[3]],
            164,
            |file| {
                file.dataset.put(
                    tags::PATIENT_NAME,
                    VR::PN,
                    Value::Bytes(b"Y^T=\x1B$B;3ED\x1B(B".to_vec()),
                );
            },
        ),
        make(
            "date-impossible",
            "the thirty-first of February",
            &[READ[0], READ[1], READ[2], READ[3], UNCLEAN],
            165,
            |file| {
                file.dataset.text(tags::STUDY_DATE, "20200231");
            },
        ),
        make(
            "uid-not-a-uid",
            "words where a UID belongs",
            &[READ[0], READ[1], READ[2], READ[3], UNCLEAN, MALFORMED],
            166,
            |file| {
                file.dataset
                    .text(tags::SERIES_INSTANCE_UID, "series of BROKEN FIXTURE");
            },
        ),
        make(
            "patient-id-blank",
            "a Patient ID of spaces",
            &[Outcome::Held(HoldReason::PatientIdMissing)],
            167,
            |file| {
                file.dataset.text(tags::PATIENT_ID, "    ");
            },
        ),
        make(
            "study-uid-missing",
            "no Study Instance UID",
            &[Outcome::Held(HoldReason::HierarchyConflict)],
            168,
            |file| {
                file.dataset.remove(tags::STUDY_INSTANCE_UID);
            },
        ),
        make(
            "implicit-with-unknown-tags",
            "implicit, with tags that are in no dictionary",
            &READ,
            169,
            |file| {
                file.syntax = Syntax::ImplicitLittle;
                file.dataset.put(
                    Tag(0x0018, 0xFFF1),
                    VR::UN,
                    Value::Bytes(b"what is this".to_vec()),
                );
            },
        ),
    ]
}
