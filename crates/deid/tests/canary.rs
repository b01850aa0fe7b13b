//! A canary in each place where identity hides: none survives, in any encoding.

mod common;

use cloakroom_core::{HoldReason, PixelChanges, Tag};
use common::{CT, Set, Site, ct, leaks, open, text, write};

const PROFILES: [&str; 5] = ["basic", "contest", "strict", "tcia", "research-full-dates"];

fn without(tag: u32) -> Set {
    let mut set = ct();
    set.0.retain(|(own, _)| *own != tag);
    set
}

/// Runs a file under every shipped profile and looks for canaries.
fn sing(file: &[u8], canaries: &[&str]) {
    for profile in PROFILES {
        let out = Site::new(profile)
            .run(file.to_vec())
            .unwrap_or_else(|reason| panic!("{profile}: held: {reason}"));
        for canary in canaries {
            assert!(!leaks(&out, canary), "{profile}: {canary}");
        }
        dicom_object::from_reader(&out[..]).unwrap_or_else(|error| panic!("{profile}: {error}"));
    }
}

#[test]
fn the_container_is_made_anew() {
    let mut file = ct().file();
    let mut trailing = Set::new().with(0xFFFC_FFFC, "OB", "CANARYPADDING").encode();
    file.append(&mut trailing);
    file[..4].copy_from_slice(b"II*\0");
    sing(&file, &["canaryaetitle", "canarypreamble", "canarypadding"]);
    let out = Site::new("contest").run(file).unwrap();
    assert_eq!(&out[..128], &[0; 128]);
}

#[test]
fn people_places_and_orders_go_at_every_depth() {
    let mut item = Set::new().with(0x0010_0010, "PN", "Canary^Depth");
    for tag in [
        0x0008_1140,
        0x0008_1250,
        0x0040_0275,
        0x0032_1064,
        0x0008_1115,
        0x0008_1140,
    ] {
        let named = Set::new()
            .with(0x0010_0010, "PN", "Canary^Depth")
            .with(0x0008_0080, "LO", "Canary Hospital")
            .with(0x0010_1040, "LO", "1 Canary Lane");
        item = named.sequence(tag, &[item]);
    }
    let set = ct()
        .sequence(0x0008_1250, &[item])
        .with(0x0008_0080, "LO", "Canary Hospital")
        .with(0x0008_0081, "ST", "12 Canary Street")
        .with(0x0008_1010, "SH", "CANARYST")
        .with(0x0008_1040, "LO", "Canary Department")
        .with(0x0008_1048, "PN", "Canary^Record")
        .with(0x0008_1050, "PN", "Canary^Performing")
        .with(0x0008_1060, "PN", "Canary^Reading")
        .with(0x0008_1070, "PN", "Canary^Operator=金^丝雀=きん^しじゃく")
        .with(0x0010_0033, "LO", "2468 CANARY")
        .with(0x0010_1000, "LO", "CANARY99")
        .with(0x0010_1001, "PN", "Canary^Other")
        .with(0x0010_1005, "PN", "Canary^Birth")
        .with(0x0010_1060, "PN", "Canary^Mother")
        .with(0x0010_2154, "SH", "+65 9123 CANARY")
        .with(0x0010_2297, "PN", "Canary^Responsible")
        .with(0x0018_1000, "LO", "CANARYSERIAL")
        .with(0x0032_1032, "PN", "Canary^Requesting")
        .with(0x0040_0006, "PN", "Canary^Scheduled")
        .with(0x0040_2016, "LO", "CANARYPLACER")
        .with(0x0040_2017, "LO", "CANARYFILLER")
        .with(0x0038_0010, "LO", "CANARYADMIT")
        .with(0x2200_0005, "LT", "CANARYBARCODE");
    let canaries = ["canary", "金^丝雀", "きん"];
    for profile in ["basic", "contest", "strict", "research-full-dates"] {
        let out = Site::new(profile).run(set.file()).unwrap();
        for canary in canaries {
            assert!(!leaks(&out, canary), "{profile}: {canary}");
        }
    }
    let tcia = Site::new("tcia").run(set.file()).unwrap();
    for canary in [
        "canary^",
        "canary hospital",
        "canary lane",
        "canary street",
        "canaryst",
        "canaryplacer",
        "canaryadmit",
        "金^丝雀",
    ] {
        assert!(!leaks(&tcia, canary), "tcia: {canary}");
    }
}

#[test]
fn values_that_break_their_vr_carry_nothing() {
    sing(
        &without(0x0018_0050)
            .with(0x0018_0050, "DS", "5.0 John Smith")
            .bytes(0x0018_1210, "SH", b"B31f\0CanaryBehindNul")
            .with(0x0018_0015, "CS", "CHEST SMITH")
            .with(0x0018_0022, "CS", "HELICAL\\SMITH")
            .with(0x0020_0012, "IS", "48213")
            .with(
                0x0018_1030,
                "LO",
                &format!("{} CANARYLONG", "chest ".repeat(12)),
            )
            .with(0x0010_1020, "DS", "1.7 Canary")
            .file(),
        &["smith", "canary", "48213"],
    );
    let out = Site::new("contest")
        .run(
            ct().with(0x0018_0022, "CS", "HELICAL\\SMITH")
                .with(0x0018_0015, "CS", "Chest")
                .file(),
        )
        .unwrap();
    assert_eq!(text(&out, 0x0018_0022).as_deref(), Some("HELICAL"));
    assert_eq!(text(&out, 0x0018_0015).as_deref(), Some("CHEST"));
}

#[test]
fn technical_text_keeps_its_words_and_loses_names() {
    let site = Site::new("contest");
    let out = site
        .run(
            without(0x0008_0070)
                .with(0x0008_0070, "LO", "SIEMENS for Smith")
                .with(0x0018_1020, "LO", "syngo CT 2012B\\Smith")
                .with(0x0018_1250, "SH", "HEAD Smith")
                .with(0x0018_1030, "LO", "Thorax Routine Iyer")
                .with(
                    0x0020_4000,
                    "LT",
                    "Nodule left lung.\r\nCall Dr. Hawthorne 021-5551234",
                )
                .file(),
        )
        .unwrap();
    assert!(
        !leaks(&out, "smith")
            && !leaks(&out, "iyer")
            && !leaks(&out, "hawthorne")
            && !leaks(&out, "5551234")
    );
    assert_eq!(text(&out, 0x0008_0070).as_deref(), Some("SIEMENS"));
    assert_eq!(text(&out, 0x0018_1250).as_deref(), Some("HEAD"));
    assert_eq!(text(&out, 0x0018_1030).as_deref(), Some("Thorax Routine"));
}

#[test]
fn local_codes_are_text_and_public_codes_stay() {
    let public = Set::new()
        .with(0x0008_0100, "SH", "10200004")
        .with(0x0008_0102, "SH", "SCT")
        .with(0x0008_0104, "LO", "Liver");
    let local = Set::new()
        .with(0x0008_0100, "SH", "SMITHWARD")
        .with(0x0008_0102, "SH", "99SIRIRAJ")
        .with(0x0008_0104, "LO", "CT chest Smith");
    let site = Site::new("contest");
    let out = site
        .run(
            ct().sequence(0x0008_2218, &[public])
                .sequence(0x0008_1032, &[local])
                .file(),
        )
        .unwrap();
    assert!(
        leaks(&out, "10200004") && leaks(&out, "liver"),
        "a public code stays"
    );
    assert!(!leaks(&out, "smith") && !leaks(&out, "siriraj"));
}

#[test]
fn private_blocks_stay_only_by_list_and_never_blindly() {
    let nested = Set::new().with(0x0010_0010, "PN", "Canary^Private");
    let set = ct()
        .with(0x0009_0010, "LO", "CANARY CREATOR")
        .with(0x0009_1001, "LO", "CANARYVALUE")
        .with(0x0011_1001, "LO", "CANARYORPHAN")
        .with(0x0019_0010, "LO", "SIEMENS MR HEADER")
        .with(0x0019_100B, "DS", "12 CANARY")
        .with(0x0019_100C, "IS", "1000")
        .sequence(0x0021_1001, std::slice::from_ref(&nested))
        .with(0x0029_0010, "LO", "SIEMENS CSA HEADER")
        .bytes(0x0029_1010, "OB", b"SV10\x04\x03CANARYCSA Smith^John\0")
        .bytes(
            0x0029_1020,
            "UN",
            &[
                b"\xfe\xff\x00\xe0\x14\x00\x00\x00".as_slice(),
                &nested.encode(),
            ]
            .concat(),
        );
    sing(&set.file(), &["canary", "smith"]);
    let edited = Site::new("contest").edit(set.file()).unwrap();
    let out = write(&edited, &PixelChanges::default());
    assert_eq!(
        text(&out, 0x0019_100C).as_deref(),
        Some("1000"),
        "the b value stays"
    );
    assert_eq!(
        text(&out, 0x0019_0010).as_deref(),
        Some("SIEMENS MR HEADER")
    );
    assert_eq!(edited.private_counts().kept, 1);
    assert!(
        edited
            .actions()
            .iter()
            .all(|record| !record.path.to_string().contains("CANARY"))
    );
}

#[test]
fn graphics_signatures_originals_and_documents_go() {
    let original = Set::new().sequence(
        0x0400_0550,
        &[Set::new().with(0x0010_0010, "PN", "Canary^Before")],
    );
    let icon =
        Set::new()
            .bytes(0x0028_0010, "US", &[1, 0])
            .bytes(0x7FE0_0010, "OW", b"CANARYICON..");
    sing(
        &ct()
            .sequence(0x0400_0561, &[original])
            .sequence(0x0088_0200, &[icon])
            .bytes(0x6000_3000, "OW", b"CANARYOVERLAY.")
            .with(0x6000_0022, "LO", "CANARYTITLE")
            .with(0x6000_1500, "LO", "CANARYLABEL")
            .with(0x5000_2500, "LO", "CANARYCURVE")
            .bytes(0xFFFC_FFFC, "OB", b"CANARYPADDING")
            .sequence(
                0xFFFA_FFFA,
                &[Set::new().bytes(0x0400_0115, "OB", b"CANARYSIGNER")],
            )
            .file(),
        &["canary"],
    );
}

#[test]
fn dates_that_cannot_be_shifted_are_dropped() {
    for (given, canary) in [
        ("2019", "2019"),
        ("201906", "201906"),
        ("20191399", "1399"),
        ("19.06.2019", "06.2019"),
        ("20190619-20190620", "20190619"),
    ] {
        let mut set = without(0x0008_0020).with(0x0008_0020, "DA", given);
        set.0.retain(|(tag, _)| {
            !matches!(
                tag,
                0x0008_0018 | 0x0008_0021 | 0x0008_1030 | 0x0020_000D | 0x0020_000E | 0x0020_0052
            )
        });
        let set = set
            .with(0x0008_0018, "UI", "1.2.3.1")
            .with(0x0020_000D, "UI", "1.2.3.2")
            .with(0x0020_000E, "UI", "1.2.3.3");
        let out = Site::new("contest").run(set.file()).unwrap();
        assert_eq!(text(&out, 0x0008_0020).as_deref(), Some(""), "{given}");
        assert!(!leaks(&out, canary), "{given}");
    }
}

fn encoded(set: &str, name: &[u8], description: &[u8]) -> Vec<u8> {
    let mut file = ct();
    file.0
        .retain(|(tag, _)| !matches!(tag, 0x0008_0005 | 0x0008_1030 | 0x0008_1070));
    file.with(0x0008_0005, "CS", set)
        .bytes(0x0008_1070, "PN", name)
        .bytes(0x0008_1030, "LO", description)
        .file()
}

#[test]
fn names_go_in_every_character_set() {
    let gb = |text: &str| encoding_rs::GB18030.encode(text).0.into_owned();
    let site = Site::new("contest");
    for (set, description) in [
        ("GB18030", gb("王小东 胸部平扫 CT")),
        ("GBK", gb("胸部平扫 王^小东 CT")),
        ("ISO_IR 192", "胸部平扫　ＳＭＩＴＨ　CT".into()),
        ("ISO_IR 192", "J\u{200b}ohn Smi\u{ad}th 胸部 CT".into()),
        (
            "\\ISO 2022 IR 58",
            b"CT \x1b$)A\xcd\xf5\xd0\xa1\xb6\xab".to_vec(),
        ),
        (
            "\\ISO 2022 IR 149",
            b"CT \x1b$)C\xc8\xab\xb1\xe6\xb5\xbf".to_vec(),
        ),
        ("\\ISO 2022 IR 87", b"CT \x1b$B;3ED\x1b(B".to_vec()),
        ("ISO_IR 166", b"CT \xca\xc1\xaa\xd2\xc2".to_vec()),
    ] {
        let out = site.run(encoded(set, b"X^Y", &description)).unwrap();
        let left = text(&out, 0x0008_1030).unwrap();
        assert!(left.contains("CT"), "{set}: {left}");
        for canary in [
            "王",
            "小东",
            "홍길동",
            "山田",
            "สมชาย",
            "smith",
            "ｓｍｉｔｈ",
            "john",
        ] {
            assert!(!left.to_lowercase().contains(canary), "{set}: {left}");
        }
        assert!(
            !leaks(&out, "\u{b}\u{b}")
                && !out
                    .windows(6)
                    .any(|window| window == b"\xcd\xf5\xd0\xa1\xb6\xab")
        );
    }
    assert_eq!(
        text(
            &site
                .run(encoded("GB18030", b"X", &gb("王小东 胸部平扫")))
                .unwrap(),
            0x0008_1030
        )
        .as_deref(),
        Some("胸部平扫")
    );
}

#[test]
fn bytes_that_the_character_set_does_not_have_are_dropped() {
    let site = Site::new("contest");
    for set in ["", "ISO_IR 6"] {
        let out = site
            .run(encoded(set, b"X", b"chest \xcd\xf5\xd0\xa1\xb6\xab"))
            .unwrap();
        assert_eq!(text(&out, 0x0008_1030), None, "{set}");
    }
    assert_eq!(
        site.run(encoded("ISO_IR 999", b"X", b"chest")).err(),
        Some(HoldReason::UnknownCharacterSet)
    );
}

#[test]
fn an_object_moves_to_utf8_as_a_whole() {
    let site = Site::new("tcia");
    let inner = Set::new()
        .with(0x0008_0005, "CS", "GB18030")
        .bytes(
            0x0008_0104,
            "LO",
            &encoding_rs::GB18030.encode("胸部 王小东").0,
        )
        .with(0x0008_0102, "SH", "99X")
        .with(0x0008_0100, "SH", "C1");
    let mut set = without(0x0008_0005);
    set.0
        .retain(|(tag, _)| !matches!(tag, 0x0010_0010 | 0x0008_103E));
    let set = set
        .with(0x0008_0005, "CS", "ISO_IR 100")
        .with(0x0010_0010, "PN", "Smith^John")
        .bytes(0x0008_103E, "LO", b"Sch\xe4del axial")
        .sequence(0x0008_1032, &[inner]);
    let object = open(set.file());
    let plan =
        cloakroom_deid::plan_in_utf8(&object, &site.profile, &site.subject, &site.keys).unwrap();
    let out = write(
        &cloakroom_deid::apply(object, plan).unwrap(),
        &PixelChanges::default(),
    );
    assert_eq!(text(&out, 0x0008_0005).as_deref(), Some("ISO_IR 192"));
    assert_eq!(text(&out, 0x0008_103E).as_deref(), Some("Schädel axial"));
    let object = open(out);
    let inner: Vec<String> = object
        .dataset()
        .walk()
        .filter(|element| element.tag() == Tag(0x0008, 0x0104))
        .filter_map(|element| element.first_text())
        .collect();
    assert!(inner.contains(&"胸部".to_owned()), "{inner:?}");
    assert_eq!(
        object
            .dataset()
            .walk()
            .filter(|element| element.tag() == Tag(0x0008, 0x0005))
            .count(),
        1
    );
}

fn concept(value: &str, scheme: &str, meaning: &str) -> Set {
    Set::new()
        .with(0x0008_0100, "SH", value)
        .with(0x0008_0102, "SH", scheme)
        .with(0x0008_0104, "LO", meaning)
}

fn content(kind: &str, name: Set) -> Set {
    Set::new()
        .with(0x0040_A010, "CS", "CONTAINS")
        .with(0x0040_A040, "CS", kind)
        .sequence(0x0040_A043, &[name])
}

#[test]
fn a_report_is_cleaned_item_by_item_and_stays_a_tree() {
    let observer = content("PNAME", concept("121008", "DCM", "Person Observer Name")).with(
        0x0040_A123,
        "PN",
        "Canary^Observer",
    );
    let accession = content("TEXT", concept("121022", "DCM", "Accession Number")).with(
        0x0040_A160,
        "UT",
        "CANARY778",
    );
    let finding = content("TEXT", concept("121071", "DCM", "Finding")).with(
        0x0040_A160,
        "UT",
        "Nodule in left lung of John Smith, seen 20190619",
    );
    let image = content("IMAGE", concept("121112", "DCM", "Source of Measurement")).sequence(
        0x0008_1199,
        &[Set::new().with(0x0008_1150, "UI", CT).with(
            0x0008_1155,
            "UI",
            "1.2.826.0.1.3680043.2.1125.20190619.1",
        )],
    );
    let unit = content(
        "UIDREF",
        concept("112040", "DCM", "Tracking Unique Identifier"),
    )
    .with(0x0040_A124, "UI", "1.2.826.0.1.99");
    let group = content("CONTAINER", concept("125007", "DCM", "Measurement Group"))
        .with(0x0040_A050, "CS", "SEPARATE")
        .sequence(0x0040_A730, &[unit, accession.clone()]);
    let only = content("CONTAINER", concept("121070", "DCM", "Findings"))
        .with(0x0040_A050, "CS", "SEPARATE")
        .sequence(0x0040_A730, std::slice::from_ref(&accession));
    let mut set = ct();
    set.0.retain(|(tag, _)| {
        *tag < 0x0018_0000 || matches!(tag, 0x0020_000D | 0x0020_000E | 0x0020_0011 | 0x0020_0013)
    });
    set.0
        .retain(|(tag, _)| !matches!(tag, 0x0008_0016 | 0x0008_0008));
    let set = set
        .with(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.88.33")
        .with(0x0040_A040, "CS", "CONTAINER")
        .sequence(
            0x0040_A043,
            &[concept("126000", "DCM", "Imaging Measurement Report")],
        )
        .with(0x0040_A050, "CS", "SEPARATE")
        .with(0x0040_A491, "CS", "COMPLETE")
        .with(0x0040_A493, "CS", "UNVERIFIED")
        .sequence(
            0x0040_A730,
            &[observer, accession, finding, image, group, only],
        );
    let out = Site::new("contest").run(set.file()).unwrap();
    for canary in ["canary", "smith", "20190619", "1.2.826"] {
        assert!(!leaks(&out, canary), "{canary}");
    }
    assert!(leaks(&out, "nodule in left lung"));
    let object = open(out.clone());
    let root = object.dataset().get(Tag(0x0040, 0xA730)).unwrap();
    for item in root.items() {
        assert!(item.get(Tag(0x0040, 0xA040)).is_some() && item.get(Tag(0x0040, 0xA043)).is_some());
    }
    assert!(root.items().count() >= 4);
    for sequence in object
        .dataset()
        .walk()
        .filter(|element| element.tag() == Tag(0x0040, 0xA730))
    {
        assert!(
            sequence.items().count() > 0,
            "a Content Sequence is never empty"
        );
    }
    for profile in ["basic", "strict", "tcia"] {
        let out = Site::new(profile).run(set.file()).unwrap();
        for canary in ["canary^", "smith", "1.2.826"] {
            assert!(!leaks(&out, canary), "{profile} {canary}");
        }
        dicom_object::from_reader(&out[..]).unwrap();
    }
}

#[test]
fn labels_of_contours_and_segments_lose_people() {
    let roi = Set::new()
        .with(0x3006_0022, "IS", "1")
        .with(0x3006_0024, "UI", "1.2.826.5")
        .with(0x3006_0026, "LO", "GTV Dr Hawthorne boost")
        .with(0x3006_0036, "CS", "MANUAL");
    let mut set = ct();
    set.0.retain(|(tag, _)| {
        *tag < 0x0018_0000 || matches!(tag, 0x0020_000D | 0x0020_000E | 0x0020_0011)
    });
    set.0
        .retain(|(tag, _)| !matches!(tag, 0x0008_0016 | 0x0008_0008));
    let set = set
        .with(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.481.3")
        .with(0x3006_0002, "SH", "Smith plan")
        .with(0x3006_0004, "LO", "Plan for Smith")
        .sequence(0x3006_0020, &[roi])
        .with(0x300E_0002, "CS", "UNAPPROVED");
    let out = Site::new("contest").run(set.file()).unwrap();
    assert!(!leaks(&out, "smith") && !leaks(&out, "hawthorne") && !leaks(&out, "1.2.826"));
    assert!(leaks(&out, "gtv"), "the clinical words of a contour stay");
}
