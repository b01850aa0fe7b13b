//! One sound object, and everything that the gate must find when it is tampered with.

use crate::encoded::PixelSource;
use crate::inspect::{Candidate, Gate, inspect};
use crate::recheck::Recheck;
use cloakroom_core::{ByteRange, FindingKind, KnownKind, KnownValue, KnownValues, Phi, Tag, VR};
use cloakroom_deid::{IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION};
use cloakroom_pixels::MemoryBytes;
use cloakroom_profile::Profile;
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, dicom_value};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::collections::BTreeSet;
use std::sync::Arc;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const INSTANCE: &str = "2.25.10000000000000000000000000000000000001";
const SERIES: &str = "2.25.20000000000000000000000000000000000002";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const JPEG: &str = "1.2.840.10008.1.2.4.50";

fn gate() -> Gate {
    Gate::new(&Arc::new(Profile::shipped("basic").unwrap()))
}

fn text(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, value));
}

/// A data set as the Basic Profile leaves it.
fn sound() -> InMemDicomObject {
    let stamps = gate().profile().stamps();
    let mut object = InMemDicomObject::new_empty();
    text(&mut object, tags::SOP_CLASS_UID, VR::UI, CT);
    text(&mut object, tags::SOP_INSTANCE_UID, VR::UI, INSTANCE);
    text(&mut object, tags::SERIES_INSTANCE_UID, VR::UI, SERIES);
    text(&mut object, tags::MODALITY, VR::CS, "CT");
    text(&mut object, tags::PATIENT_NAME, VR::PN, "P1");
    text(&mut object, tags::PATIENT_ID, VR::LO, "P1");
    text(&mut object, tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
    text(
        &mut object,
        tags::DEIDENTIFICATION_METHOD,
        VR::LO,
        &stamps.method.join("\\"),
    );
    let codes = stamps.codes.iter().map(|code| {
        let mut item = InMemDicomObject::new_empty();
        text(&mut item, tags::CODE_VALUE, VR::SH, code.value);
        item
    });
    object.put(DataElement::new(
        tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
        VR::SQ,
        DataSetSequence::from(codes.collect::<Vec<_>>()),
    ));
    let longitudinal = tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED;
    text(&mut object, longitudinal, VR::CS, stamps.longitudinal);
    object.put(DataElement::new(tags::ROWS, VR::US, dicom_value!(U16, [2])));
    object
}

struct Written {
    head: Vec<u8>,
    pixels: Vec<u8>,
    tail: Vec<u8>,
}

/// Writes a data set with four bytes of native pixels, or with these items.
fn write(object: InMemDicomObject, syntax: &str, items: Option<&[u8]>) -> Written {
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid(CT)
        .media_storage_sop_instance_uid(INSTANCE)
        .implementation_class_uid(IMPLEMENTATION_CLASS)
        .implementation_version_name(IMPLEMENTATION_VERSION);
    let mut head = Vec::new();
    object
        .with_meta(meta)
        .unwrap()
        .write_all(&mut head)
        .unwrap();
    let (vr, length) = match items {
        Some(_) => (b"OB\0\0", u32::MAX),
        None => (b"OW\0\0", 4),
    };
    head.extend_from_slice(&[0xe0, 0x7f, 0x10, 0x00]);
    head.extend_from_slice(vr);
    head.extend_from_slice(&length.to_le_bytes());
    Written {
        head,
        pixels: items.unwrap_or(&[1, 2, 3, 4]).to_vec(),
        tail: Vec::new(),
    }
}

fn known() -> KnownValues {
    let value = |kind, text: &str| KnownValue {
        kind,
        value: Phi::new(text.to_owned()),
    };
    KnownValues::new(vec![
        value(KnownKind::PatientName, "Quxley^Zephrin"),
        value(KnownKind::PatientId, "4711"),
        value(KnownKind::Uid, "1.2.826.0.1.3680043.9.1234.567"),
    ])
}

fn look(written: &Written) -> BTreeSet<FindingKind> {
    let gate = gate();
    let scan = gate.scan(&known(), &"P1".parse().unwrap());
    let source = MemoryBytes(written.pixels.clone());
    let range = ByteRange {
        start: 0,
        end: written.pixels.len() as u64,
    };
    let candidate = Candidate {
        head: &written.head,
        pixels: PixelSource::Original(&source, range),
        tail: &written.tail,
        minted: BTreeSet::from([INSTANCE, SERIES]),
        pixels_cleaned: false,
        features_cleaned: false,
    };
    let inspected = inspect(&gate, &scan, &candidate);
    inspected
        .findings
        .into_iter()
        .map(|finding| finding.kind)
        .collect()
}

fn with(change: impl FnOnce(&mut InMemDicomObject)) -> BTreeSet<FindingKind> {
    let mut object = sound();
    change(&mut object);
    look(&write(object, EXPLICIT, None))
}

#[track_caller]
fn only(found: &BTreeSet<FindingKind>, kind: FindingKind) {
    assert_eq!(*found, BTreeSet::from([kind]));
}

#[test]
fn a_sound_object_has_no_findings() {
    assert_eq!(look(&write(sound(), EXPLICIT, None)), BTreeSet::new());
    let empty = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0";
    assert_eq!(look(&write(sound(), JPEG, Some(empty))), BTreeSet::new());
}

#[test]
fn what_the_table_forbids_is_found_at_any_depth() {
    let forbidden = FindingKind::ForbiddenAttribute;
    only(
        &with(|object| text(object, tags::INSTITUTION_NAME, VR::LO, "x")),
        forbidden,
    );
    only(
        &with(|object| text(object, tags::OPERATORS_NAME, VR::PN, "x")),
        forbidden,
    );
    only(
        &with(|object| text(object, Tag(0x0009, 0x0010), VR::LO, "MAKER")),
        forbidden,
    );
    only(
        &with(|object| text(object, Tag(0x6000, 0x0022), VR::LO, "x")),
        forbidden,
    );
    only(
        &with(|object| text(object, Tag(0x0018, 0x0000), VR::LO, "x")),
        forbidden,
    );
    only(
        &with(|object| text(object, tags::PATIENT_NAME, VR::PN, "P2")),
        forbidden,
    );
    let nested = with(|object| {
        let mut item = InMemDicomObject::new_empty();
        text(&mut item, tags::INSTITUTION_NAME, VR::LO, "x");
        let items = DataSetSequence::from(vec![item]);
        object.put(DataElement::new(tags::SOURCE_IMAGE_SEQUENCE, VR::SQ, items));
    });
    only(&nested, forbidden);
}

#[test]
fn uids_that_the_map_did_not_give_out_are_found() {
    let study = |uid: &str| with(|object| text(object, tags::STUDY_INSTANCE_UID, VR::UI, uid));
    only(&study("1.2.3.4.5"), FindingKind::UnmappedUid);
    only(&study("2.25.3"), FindingKind::UnmappedUid);
    only(&study("1.2.840.10008.19700101"), FindingKind::UnmappedUid);
    assert_eq!(study(SERIES), BTreeSet::new());
}

#[test]
fn missing_stamps_are_found() {
    let without = |tag: Tag| with(|object| assert!(object.remove_element(tag)));
    for tag in [
        tags::PATIENT_IDENTITY_REMOVED,
        tags::DEIDENTIFICATION_METHOD,
        tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
        tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED,
    ] {
        only(&without(tag), FindingKind::StampWrong);
    }
}

#[test]
fn a_foreign_preamble_or_file_meta_is_found() {
    let mut written = write(sound(), EXPLICIT, None);
    written.head[5] = b'x';
    only(&look(&written), FindingKind::StampWrong);
    let mut written = write(sound(), EXPLICIT, None);
    let at = written
        .head
        .windows(11)
        .position(|bytes| bytes == IMPLEMENTATION_VERSION.as_bytes());
    written.head[at.unwrap()] = b'X';
    only(&look(&written), FindingKind::StampWrong);
}

#[test]
fn known_values_are_found_in_head_tail_and_compressed_frames() {
    let name = FindingKind::KnownValue(KnownKind::PatientName);
    let mut written = write(sound(), EXPLICIT, None);
    written.tail = b"\xfc\xff\xfc\xffOB\0\0\x06\0\0\0Quxley".to_vec();
    assert!(look(&written).contains(&name));
    written.tail.clear();
    let place = written.head.len() - 12;
    let blob = b"\x18\x00\x10\x10OB\0\0\x08\0\0\0\x01Quxley\x02";
    written.head.splice(place..place, blob.iter().copied());
    assert!(look(&written).contains(&name));
    let comment = b"\xff\xd8\xff\xfe\x00\x08Quxley\xff\xd9";
    let mut items = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0\x0e\0\0\0".to_vec();
    items.extend_from_slice(comment);
    items.extend_from_slice(b"\xfe\xff\xdd\xe0\0\0\0\0");
    only(&look(&write(sound(), JPEG, Some(&items))), name);
    let id = with(|object| text(object, tags::IMAGE_COMMENTS, VR::LT, "mrn 4711"));
    assert!(id.contains(&FindingKind::KnownValue(KnownKind::PatientId)));
    let native = Written {
        pixels: b"Quxl".to_vec(),
        ..write(sound(), EXPLICIT, None)
    };
    assert_eq!(look(&native), BTreeSet::new());
}

#[test]
fn lengths_that_do_not_fit_and_bytes_that_do_not_parse_are_found() {
    let mut written = write(sound(), EXPLICIT, None);
    written.pixels.push(0);
    only(&look(&written), FindingKind::LengthMismatch);
    let slack = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0slack";
    only(
        &look(&write(sound(), JPEG, Some(slack))),
        FindingKind::LengthMismatch,
    );
    let mut written = write(sound(), EXPLICIT, None);
    written.tail = b"\x10\x00\x10\x00PN\xff\xffName".to_vec();
    assert!(look(&written).contains(&FindingKind::Unreadable));
    let mut written = write(sound(), EXPLICIT, None);
    written.head.truncate(150);
    assert!(look(&written).contains(&FindingKind::Unreadable));
}

#[test]
fn a_released_object_is_checked_again_without_knowing_whose_it_was() {
    let recheck = |written: &Written| {
        let mut recheck = Recheck::new();
        for bytes in [&written.head, &written.pixels, &written.tail] {
            bytes.chunks(100).for_each(|chunk| recheck.bytes(chunk));
        }
        recheck.finish()
    };
    assert_eq!(
        recheck(&write(sound(), EXPLICIT, None)),
        Vec::<String>::new()
    );
    let mut object = sound();
    object.put(DataElement::new(
        Tag(0x6000, 0x3000),
        VR::OW,
        PrimitiveValue::from([0_u16, 1]),
    ));
    text(&mut object, tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3");
    object.remove_element(tags::PATIENT_IDENTITY_REMOVED);
    assert_eq!(recheck(&write(object, EXPLICIT, None)).len(), 3);
    let mut written = write(sound(), EXPLICIT, None);
    written.head.truncate(140);
    written.pixels.clear();
    assert_eq!(recheck(&written).len(), 1);
}
