//! Canaries in every writing are found, and what only looks like one is not.

use super::encodings::{Coding, patterns_of};
use super::forms::{Strength, forms_of};
use super::{Allowed, Field, PatientScan};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloakroom_core::{KnownKind, KnownValue, KnownValues, Phi};
use encoding_rs::Encoding;
use std::sync::Arc;

fn known(values: &[(KnownKind, &str)]) -> KnownValues {
    let value = |(kind, text): &(KnownKind, &str)| KnownValue {
        kind: *kind,
        value: Phi::new((*text).to_owned()),
    };
    KnownValues::new(values.iter().map(value).collect())
}

fn everyday(word: &str) -> bool {
    [
        "head",
        "long",
        "axial",
        "coronal",
        "transverse",
        "chest",
        "department",
        "radiology",
        "white",
    ]
    .contains(&word)
}

fn scan(values: &[(KnownKind, &str)]) -> PatientScan {
    PatientScan::new(&known(values), &"P1".parse().unwrap(), Arc::new(everyday))
}

fn kinds(scan: &PatientScan, bytes: &[u8]) -> Vec<KnownKind> {
    let mut kinds: Vec<_> = scan
        .search(bytes, &Allowed::default())
        .iter()
        .map(|hit| hit.kind)
        .collect();
    kinds.dedup();
    kinds
}

fn patient() -> PatientScan {
    scan(&[
        (
            KnownKind::PatientName,
            "Quxley^Zephrin=王^小东=わん^しおどん",
        ),
        (KnownKind::PatientName, "홍^길동"),
        (KnownKind::PatientName, "山田^太郎"),
        (KnownKind::PatientName, "สมชาย^ใจดี"),
        (KnownKind::PatientName, "Nguyễn^Thịnh"),
        (KnownKind::PatientId, "MRN-0048213765"),
        (KnownKind::OrderId, "90871263"),
        (KnownKind::BirthDate, "19550312"),
        (KnownKind::Contact, "+86 138 1234 5678"),
        (KnownKind::Address, "77 Zorblatt Lane, Upper Plonk"),
        (
            KnownKind::Uid,
            "1.2.826.0.1.3680043.9.1234.567.20140310130005",
        ),
    ])
}

#[test]
fn names_are_found_in_every_encoding() {
    let scan = patient();
    let encode = |text: &str, label: &str| {
        let (bytes, _, lossy) = Encoding::for_label(label.as_bytes()).unwrap().encode(text);
        assert!(!lossy, "{text} in {label}");
        [b"LO\x10\0".as_slice(), &bytes, b" \x10\0"].concat()
    };
    for (text, label) in [
        ("王小东", "gb18030"),
        ("王^小东", "gb18030"),
        ("小东", "utf-8"),
        ("山田太郎", "big5"),
        ("山田 太郎", "shift_jis"),
        ("太郎", "euc-jp"),
        ("山田^太郎", "iso-2022-jp"),
        ("홍길동", "euc-kr"),
        ("길동", "utf-8"),
        ("สมชาย", "windows-874"),
        ("ใจดี", "windows-874"),
        ("Nguyễn", "utf-8"),
        ("NGUYEN Thinh", "windows-1252"),
    ] {
        assert_eq!(
            kinds(&scan, &encode(text, label)),
            [KnownKind::PatientName],
            "{text} in {label}"
        );
    }
    // The tones of windows-1258 are characters of their own.
    let vietnamese = b"SeriesDesc Nguy\xea\xden 1";
    assert_eq!(kinds(&scan, vietnamese), [KnownKind::PatientName]);
    // ISO 2022 with escapes, as PS3.3 has it: KS X 1001 and GB 2312 in G1, JIS X 0208 in G0.
    assert_eq!(
        kinds(&scan, b"\x1b$)C\xb1\xe6\xb5\xbf"),
        [KnownKind::PatientName]
    );
    assert_eq!(
        kinds(&scan, b"\x1b$)A\xd0\xa1\xb6\xab"),
        [KnownKind::PatientName]
    );
    assert_eq!(
        kinds(&scan, b"^\x1b$B;3EDB@O:\x1b(B"),
        [KnownKind::PatientName]
    );
    // The same bytes without an escape are letters.
    assert_eq!(kinds(&scan, b"LO\x0a\0 B@O: B@O: "), []);
}

#[test]
fn latin_names_are_found_in_every_case_and_joint() {
    let scan = patient();
    for text in [
        "Quxley",
        "QUXLEY^ZEPHRIN",
        "zephrin",
        "seen by zephrin_quxley today",
        "xQUXLEYx",
        "ZephrinQuxley",
    ] {
        for bytes in [
            text.as_bytes().to_vec(),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ] {
            assert_eq!(kinds(&scan, &bytes), [KnownKind::PatientName], "{text}");
        }
    }
}

#[test]
fn values_are_found_behind_base64_and_hexadecimal() {
    let scan = patient();
    for (text, kind) in [
        ("Quxley^Zephrin", KnownKind::PatientName),
        ("王小东", KnownKind::PatientName),
        ("MRN-0048213765", KnownKind::PatientId),
        ("90871263", KnownKind::OrderId),
        ("1955-03-12", KnownKind::BirthDate),
    ] {
        for lead in 0..3 {
            let padded = [&b"abc"[..lead], text.as_bytes(), b"de"].concat();
            let coded = STANDARD.encode(&padded);
            assert!(
                kinds(&scan, coded.as_bytes()).contains(&kind),
                "{text} {lead}"
            );
            let hex: String = padded.iter().map(|byte| format!("{byte:02X}")).collect();
            assert!(
                kinds(&scan, hex.as_bytes()).contains(&kind),
                "{text} {lead}"
            );
            assert!(kinds(&scan, hex.to_lowercase().as_bytes()).contains(&kind));
        }
    }
}

#[test]
fn numbers_are_found_as_whole_runs_of_digits() {
    let scan = patient();
    for text in [
        "90871263",
        "acc 90871263.",
        "X90871263Y",
        "id=90871263;",
        "９０８７１２６３",
    ] {
        assert_eq!(
            kinds(&scan, text.as_bytes()),
            [KnownKind::OrderId],
            "{text}"
        );
    }
    for text in [
        "190871263",
        "908712630",
        "2.25.90871263.4",
        "1.90871263",
        "90871263.5",
        "2.25.3390871263",
    ] {
        assert_eq!(kinds(&scan, text.as_bytes()), [], "{text}");
    }
    for text in ["0048213765", "MRN0048213765", "mrn-0048213765"] {
        let expected: &[_] = if text.starts_with("00") {
            &[]
        } else {
            &[KnownKind::PatientId]
        };
        assert_eq!(kinds(&scan, text.as_bytes()), expected, "{text}");
    }
    for text in ["+86 138 1234 5678", "13812345678", "8613812345678"] {
        assert_eq!(
            kinds(&scan, text.as_bytes()),
            [KnownKind::Contact],
            "{text}"
        );
    }
    assert_eq!(
        kinds(&scan, b"lives in 77 zorblatt lane"),
        [KnownKind::Address]
    );
}

#[test]
fn a_date_of_birth_is_found_in_every_calendar() {
    let scan = patient();
    for text in [
        "19550312",
        "1955-03-12",
        "1955/3/12",
        "12.03.1955",
        "12/3/1955",
        "03/12/1955",
        "12031955",
        "1955年3月12日",
        "1955年03月12日",
        "1955년 3월 12일",
        "民國44年3月12日",
        "44/03/12",
        "25480312",
        "12/03/2498",
        "昭和30年3月12日",
        "S30.3.12",
        "12 Mar 1955",
        "12-MAR-1955",
        "March 12, 1955",
        "12mar1955",
        "550312-1234567",
        "QU550312",
    ] {
        let found = kinds(&scan, format!("born {text} in").as_bytes());
        let expected: &[_] = if text == "25480312" || text == "12/03/2498" {
            // 1955 is 2498 in the Buddhist calendar; 2548 is another year.
            if text == "25480312" {
                &[]
            } else {
                &[KnownKind::BirthDate]
            }
        } else {
            &[KnownKind::BirthDate]
        };
        assert_eq!(found, expected, "{text}");
    }
    let (gb, _, _) = encoding_rs::GB18030.encode("出生于1955年3月12日");
    assert_eq!(kinds(&scan, &gb), [KnownKind::BirthDate]);
    for text in [
        "195503121",
        "119550312",
        "1.19550312.2",
        "550312",
        "111/3/19555",
        "1955.03.123",
    ] {
        assert_eq!(kinds(&scan, text.as_bytes()), [], "{text}");
    }
}

#[test]
fn original_uids_are_found_whole_or_with_something_behind() {
    let scan = patient();
    let uid = "1.2.826.0.1.3680043.9.1234.567.20140310130005";
    for bytes in [
        uid.as_bytes().to_vec(),
        format!("{uid}\0").into_bytes(),
        format!("IMG_{uid}.3.4.dcm").into_bytes(),
        uid.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        format!("x{uid}")
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect(),
    ] {
        assert_eq!(kinds(&scan, &bytes), [KnownKind::Uid]);
    }
    for text in [
        "1.2.826.0.1.3680043.9.1234.567.2014",
        &format!("{uid}9"),
        &format!("1.{uid}"),
    ] {
        assert_eq!(kinds(&scan, text.as_bytes()), [], "{text}");
    }
}

#[test]
fn everyday_bytes_are_no_findings() {
    let scan = scan(&[
        (KnownKind::PatientName, "Tran^Corona"),
        (KnownKind::PatientName, "Chen^Hans"),
        (KnownKind::PatientName, "Li^Na"),
        (KnownKind::PatientId, "1"),
        (KnownKind::PatientId, "1234"),
        (KnownKind::OrderId, "123456"),
        (KnownKind::Institution, "Radiology Department"),
        (KnownKind::BirthDate, "20010203"),
    ]);
    for text in [
        "TRANSVERSE CORONAL enhansement kitchen",
        "1.2.840.10008.1.2.1234.123456",
        "RescaleSlope 123456.7 1 1234",
        "clinal line Radiology Department 010203",
        "TM\x06\x00123456",
        "lina1.5 final",
    ] {
        let found = kinds(&scan, text.as_bytes());
        let expected: &[_] = if text.starts_with("lina") {
            &[KnownKind::PatientName]
        } else {
            &[]
        };
        assert_eq!(found, expected, "{text}");
    }
    // Short letters among numbers are chance; the same letters among text are not.
    assert_eq!(kinds(&scan, b"\x01\x93\x88\xfeTran\x02\xfe\x81\x90"), []);
    assert_eq!(kinds(&scan, b"name: Tran, 54"), [KnownKind::PatientName]);
    assert_eq!(
        kinds(&scan, b"\0\0\0\0Tran\0\0\0\0"),
        [KnownKind::PatientName]
    );
    assert_eq!(
        kinds(&scan, b"\x10\x00LO\x04\0Tran\x10\0\x20\0"),
        [KnownKind::PatientName]
    );
}

#[test]
fn short_and_everyday_values_are_whole_tokens_of_text() {
    let scan = scan(&[
        (KnownKind::PatientName, "Li^Wu"),
        (KnownKind::PatientName, "White^Jo"),
        (KnownKind::PatientName, "李^娜"),
        (KnownKind::PatientId, "7"),
        (KnownKind::PatientId, "4711"),
        (KnownKind::Institution, "CT9"),
    ]);
    let text = |value: &str| scan.search_text(value, Field::Text);
    assert_eq!(text("head, Li"), [KnownKind::PatientName]);
    assert_eq!(text("seen by jo"), [KnownKind::PatientName]);
    assert_eq!(text("WHITE matter"), []);
    assert_eq!(
        scan.search_text("Dr^White", Field::Name),
        [KnownKind::PatientName]
    );
    assert_eq!(scan.search_text("LI", Field::Term), []);
    assert_eq!(text("jo white"), [KnownKind::PatientName]);
    assert_eq!(text("李 头部"), [KnownKind::PatientName]);
    assert_eq!(text("患者李娜头部"), [KnownKind::PatientName]);
    assert_eq!(text("MRN ４７１１"), [KnownKind::PatientId]);
    assert_eq!(text("7"), [KnownKind::PatientId]);
    assert_eq!(text("CT9"), [KnownKind::Institution]);
    for value in [
        "Listeria whites",
        "李斯特菌",
        "1.5 mm 7 slices",
        "14711",
        "CT9 chest",
    ] {
        assert_eq!(text(value), [], "{value}");
    }
}

#[test]
fn text_that_was_read_in_the_wrong_character_set_is_read_again() {
    let scan = scan(&[
        (KnownKind::PatientName, "王^小东"),
        (KnownKind::PatientName, "홍^길동"),
    ]);
    let as_latin = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| char::from(*byte))
            .collect::<String>()
    };
    let (gb, _, _) = encoding_rs::GB18030.encode("王");
    assert_eq!(
        scan.search_text(&as_latin(&gb), Field::Text),
        [KnownKind::PatientName]
    );
    assert_eq!(
        scan.search_text(&as_latin(b"\x1b$)C\xc8\xab"), Field::Text),
        [KnownKind::PatientName]
    );
    assert_eq!(scan.search_text("Müller", Field::Text), []);
}

#[test]
fn texts_of_the_output_may_hold_a_value_by_chance() {
    let found = |kind, anything: &[&str], house: &[&str]| {
        let scan = scan(&[(kind, "113100")]);
        let owned = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        let allowed = Allowed::new(owned(anything), owned(house));
        scan.search(b"code 113100 DCM", &allowed).len()
    };
    assert_eq!(found(KnownKind::PatientId, &[], &[]), 1);
    assert_eq!(found(KnownKind::PatientId, &["113100"], &[]), 0);
    assert_eq!(found(KnownKind::PatientId, &["113100 DC"], &[]), 0);
    assert_eq!(found(KnownKind::PatientId, &["113107"], &["113100"]), 1);
    assert_eq!(found(KnownKind::Device, &[], &["113100"]), 0);
}

/// Whatever form is searched for is found as each of its own patterns in plain surroundings.
#[test]
fn every_pattern_is_found_by_the_automaton() {
    let values = known(&[
        (
            KnownKind::PatientName,
            "Quxley^Zephrin=王^小东=わん^しおどん",
        ),
        (KnownKind::PatientName, "Müller^Jörg"),
        (KnownKind::PatientId, "MRN-0048213765"),
        (KnownKind::BirthDate, "19550312"),
    ]);
    let scan = PatientScan::new(&values, &"P1".parse().unwrap(), Arc::new(everyday));
    let mut searched = 0;
    for value in values.iter() {
        for form in forms_of(value, &everyday) {
            if form.strength != Strength::Anywhere {
                continue;
            }
            for (bytes, coding) in patterns_of(&form) {
                let (before, after): (&[u8], &[u8]) = match coding {
                    Coding::Japanese7 => (b"\x1b$B", b"\x1b(B"),
                    Coding::Korean7 => (b"\x0e", b"\x0f"),
                    Coding::Utf16Big => (b"\0 ", b"\0 "),
                    Coding::Utf16Little => (b" \0", b" \0"),
                    _ if form.text.len() == 6 => (b"no-", b" , "),
                    _ => (b"    ", b"    "),
                };
                let before = if coding == Coding::Utf16Big && form.text.len() == 6 {
                    b"\0o\0-"
                } else if coding == Coding::Utf16Little && form.text.len() == 6 {
                    b"o\0-\0"
                } else {
                    before
                };
                let found = scan.search(&[before, &bytes, after].concat(), &Allowed::default());
                assert!(
                    found.iter().any(|hit| hit.kind == form.kind),
                    "{} {coding:?}",
                    form.text
                );
                searched += 1;
            }
        }
    }
    assert!(searched > 1000, "{searched}");
}
