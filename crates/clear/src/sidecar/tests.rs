use super::*;
use crate::residue::is_everyday;
use cloakroom_core::{
    HoldReason, KnownKind, KnownValue, KnownValues, LabelColumn, LabelKind, PatientPseudonym, Phi,
};
use cloakroom_deid::labels::{
    LabelIds, LabelResolver, LabelTarget, MaskAbout, Unresolved, edit_boxes, edit_mask, edit_table,
    read_csv,
};
use cloakroom_deid::text::Cleaned;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

/// An editor that cleans nothing, so that the gate alone stands between a value and the door.
struct Careless;

impl LabelResolver for Careless {
    fn resolve(&self, ids: &LabelIds) -> Result<LabelTarget, Unresolved> {
        let uid = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        Ok(LabelTarget {
            patient: "lung-P1".parse().unwrap(),
            study: uid(&ids.study),
            series: uid(&ids.series),
            instance: uid(&ids.instance),
        })
    }

    fn clean(&self, _: &PatientPseudonym, _: &str) -> Cleaned {
        Cleaned {
            text: None,
            removed: cloakroom_deid::TextRemovals::default(),
            unknown: Vec::new(),
        }
    }

    fn reader(&self, _: &str) -> String {
        "R-0123456789ABC".into()
    }
}

fn schema() -> LabelSchema {
    let column = |kind| LabelColumn {
        kind,
        values: vec!["benign".into()],
        optional: true,
    };
    LabelSchema {
        version: "1".into(),
        columns: BTreeMap::from([
            ("class".into(), column(LabelKind::Choice)),
            ("count".into(), column(LabelKind::Integer)),
            ("note".into(), column(LabelKind::Text)),
        ]),
        segments: BTreeMap::from([(1, "nodule".into())]),
    }
}

fn scan() -> PatientScan {
    let known = [
        (KnownKind::PatientName, "Nakamura^Haruki"),
        (KnownKind::PatientId, "80047113"),
        (KnownKind::Uid, "1.2.840.99.1.2.3"),
    ];
    let known = known.map(|(kind, value)| KnownValue {
        kind,
        value: Phi::new(value.into()),
    });
    PatientScan::new(
        &KnownValues::new(known.into()),
        &"lung-P1".parse().unwrap(),
        Arc::new(is_everyday),
    )
}

fn table(text: &str) -> Result<ClearedSidecar, Held> {
    let edited = edit_table(&read_csv(text.as_bytes()).unwrap(), &schema(), &Careless);
    clear_sidecar(&schema(), &[&scan()], &edited.unwrap().unwrap())
}

#[test]
fn a_known_value_in_any_column_holds_the_table() {
    let cleared = table("series,class,count,note\n2.25.7,benign,3,solid\n").unwrap();
    assert_eq!((cleared.facts().rows, cleared.facts().patients), (1, 1));
    assert_eq!(cleared.digest(), Digest::of(cleared.bytes()));
    for row in [
        "2.25.7,benign,3,seen with haruki nakamura",
        "2.25.7,benign,80047113,solid",
        "1.2.840.99.1.2.3,benign,3,solid",
    ] {
        let held = table(&format!("series,class,count,note\n{row}\n")).unwrap_err();
        assert_eq!(held.reason, HoldReason::KnownValueFound, "{row}");
    }
}

#[test]
fn a_patient_who_was_not_searched_for_holds_the_file() {
    let edited = edit_table(
        &read_csv(b"series,class\n2.25.7,benign\n").unwrap(),
        &schema(),
        &Careless,
    );
    let held = clear_sidecar(&schema(), &[], &edited.unwrap().unwrap()).unwrap_err();
    assert_eq!(held.reason, HoldReason::SecondReaderFailed);
}

#[test]
fn another_table_than_the_editor_writes_is_none() {
    let good =
        "patient,study,series,instance,frame,reader,class\nP1,,2.25.1,,2,R-0123456789ABC,benign\n";
    let check = |text: &str| recheck_sidecar(&schema(), SidecarKind::Table, text.as_bytes());
    assert!(check(good).is_ok());
    for (from, to) in [
        ("class", "name"),
        ("benign", "Nakamura"),
        ("P1", "Haruki Nakamura"),
        ("2.25.1", "export/0001"),
        (",2,", ",second,"),
        ("R-0123456789ABC", "Dr Haruki"),
        ("patient,study", "study,patient"),
    ] {
        assert!(check(&good.replacen(from, to, 1)).is_err(), "{to}");
    }
    let twice = format!("{good}P1,,2.25.1,,2,R-0123456789ABC,benign\n");
    assert!(check(&twice).is_err());
}

#[test]
fn boxes_hold_no_text_but_ids_and_categories() {
    let coco = r#"{"images":[{"id":1,"sop_instance_uid":"2.25.5","width":9,"height":9}],"categories":[{"id":9,"name":"nodule"}],
        "annotations":[{"id":1,"image_id":1,"category_id":9,"bbox":[1,1,2,2],"reader":"x"}]}"#;
    let edited = edit_boxes(coco.as_bytes(), &schema(), &Careless).unwrap();
    let cleared = clear_sidecar(&schema(), &[&scan()], &edited).unwrap();
    assert_eq!(cleared.facts().segments, BTreeMap::from([(1, 1)]));
    let text = str::from_utf8(cleared.bytes()).unwrap();
    let check = |text: &str| recheck_sidecar(&schema(), SidecarKind::Boxes, text.as_bytes());
    assert!(check(text).is_ok());
    for (from, to) in [
        ("\"iscrowd\"", "\"author\":\"Nakamura\",\"iscrowd\""),
        ("2.25.5.dcm", "NAKAMURA/0001.dcm"),
        ("nodule", "Nakamura"),
        ("R-0123456789ABC", "Nakamura"),
        ("\"category_id\":1", "\"category_id\":2"),
    ] {
        assert!(check(&text.replacen(from, to, 1)).is_err(), "{to}");
    }
}

fn mask() -> Vec<u8> {
    let mut bytes = vec![0_u8; 352];
    bytes[..4].copy_from_slice(&348_i32.to_le_bytes());
    bytes[40..48].copy_from_slice(&[3, 0, 2, 0, 1, 0, 1, 0]);
    bytes[70] = 2;
    bytes[108..112].copy_from_slice(&352_f32.to_le_bytes());
    bytes[148..156].copy_from_slice(b"Nakamura");
    bytes[254] = 1;
    for at in [280, 300, 320] {
        bytes[at..at + 4].copy_from_slice(&1.5_f32.to_le_bytes());
    }
    bytes[344..348].copy_from_slice(b"n+1\0");
    bytes.extend([0, 1]);
    let about = MaskAbout {
        patient: "lung-P1".parse().unwrap(),
        study: "2.25.1".parse().unwrap(),
        series: "2.25.2".parse().unwrap(),
        reader: "R-0123456789ABC".into(),
    };
    let edited = edit_mask(&bytes, &schema(), about).unwrap();
    let cleared = clear_sidecar(&schema(), &[&scan()], &edited).unwrap();
    assert_eq!(cleared.facts().series, "2.25.2");
    assert_eq!(cleared.facts().grid.as_ref().unwrap().size, [2, 1, 1]);
    cleared.bytes().to_vec()
}

#[test]
fn a_mask_has_one_form_and_every_other_byte_is_a_fault() {
    let written = mask();
    assert_eq!(read_mask(&written).unwrap().voxels, [0, 1]);
    let mut plain = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::bufread::GzDecoder::new(written.as_slice()),
        &mut plain,
    )
    .unwrap();
    let pack = |bytes: &[u8], name: Option<&str>| {
        let mut builder = flate2::GzBuilder::new();
        if let Some(name) = name {
            builder = builder.filename(name);
        }
        let mut packed = builder.write(Vec::new(), flate2::Compression::new(6));
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    let check = |bytes: &[u8]| recheck_sidecar(&schema(), SidecarKind::Mask, bytes);
    assert!(check(&pack(&plain, None)).is_ok());
    assert!(check(&pack(&plain, Some("Nakamura.nii"))).is_err());
    let place: Vec<usize> = (42..48)
        .chain(70..74)
        .chain(80..92)
        .chain(280..328)
        .collect();
    // A digit of a UID can be another digit, which is another mask; every other place has one byte only.
    for at in (0..352).filter(|at| !place.contains(at)) {
        let mut other = plain.clone();
        other[at] ^= 0x40;
        assert!(check(&pack(&other, None)).is_err(), "byte {at}");
    }
    for tail in [&b"Nakamura"[..], &[0]] {
        assert!(check(&[written.as_slice(), tail].concat()).is_err());
        assert!(check(&pack(&[plain.as_slice(), tail].concat(), None)).is_err());
    }
    let mut segment = plain;
    segment[353] = 7;
    assert!(check(&pack(&segment, None)).is_err());
}
