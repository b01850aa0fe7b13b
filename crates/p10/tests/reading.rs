//! Every shape in which a data set comes, and every way in which it breaks.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests, outside of test functions"
)]

mod common;

use cloakroom_core::{PixelLayout, QuarantineReason};
use cloakroom_p10::{
    Extent, FileSource, Limits, MemorySource, Object, ReadError, Recognition, Source, read,
    recognise,
};
use common::*;
use dicom_core::{Tag, VR};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn image(syntax: Syntax) -> Vec<u8> {
    build(syntax, |b| {
        start(b);
        let item = build(syntax, |b| {
            b.el(0x0008_1150, "UI", b"1.2.3\0")
                .el(0x0010_0010, "PN", b"A^B ");
        });
        b.sq(0x0008_1140, std::slice::from_ref(&item));
        b.open_sq(0x0008_2112, "SQ", &[item.clone(), item]);
        b.us(0x0028_0010, 2).us(0x0028_0011, 2).us(0x0028_0100, 8);
        b.el(0x7FE0_0010, "OW", &[1, 2, 3, 4]);
        b.el(0xFFFC_FFFC, "OB", &[0, 0]);
    })
}

fn tags(object: &Object) -> Vec<u32> {
    let tags = object.dataset().walk().map(|element| element.tag());
    tags.map(|tag| u32::from(tag.0) << 16 | u32::from(tag.1))
        .collect()
}

const IMAGE_TAGS: [u32; 17] = [
    0x0008_0005,
    0x0008_0016,
    0x0008_0018,
    0x0008_0060,
    0x0008_1140,
    0x0008_1150,
    0x0010_0010,
    0x0008_2112,
    0x0008_1150,
    0x0010_0010,
    0x0008_1150,
    0x0010_0010,
    0x0028_0010,
    0x0028_0011,
    0x0028_0100,
    0x7FE0_0010,
    0xFFFC_FFFC,
];

#[track_caller]
fn fails(bytes: &[u8], reason: QuarantineReason) {
    assert_eq!(open(bytes).unwrap_err().reason(), reason);
}

#[test]
fn every_encoding_gives_the_same_tree() {
    for (syntax, declared) in [
        (Syntax::Implicit, IMPLICIT),
        (Syntax::Explicit, EXPLICIT),
        (Syntax::Big, BIG),
    ] {
        let object = open(&file(declared, &image(syntax))).unwrap();
        assert_eq!(tags(&object), IMAGE_TAGS, "{syntax:?}");
        assert_eq!(object.transfer_syntax(), declared);
        assert_eq!(codes(&object), [""; 0], "{syntax:?}");
        let rows = object.dataset().get(Tag(0x28, 0x10)).unwrap();
        assert_eq!((rows.vr(), rows.numbers()), (VR::US, vec![2.0]));
        let Some(PixelLayout::Native { value }) = object.pixel_layout() else {
            panic!("no pixels");
        };
        let source = object.source().bytes().unwrap();
        assert_eq!(
            source[value.start as usize..value.end as usize],
            [1, 2, 3, 4]
        );
        assert_eq!(object.pixel_element().unwrap().raw(), None);
    }
}

#[test]
fn what_is_declared_does_not_matter_where_it_is_untrue() {
    for (syntax, true_one) in [
        (Syntax::Implicit, IMPLICIT),
        (Syntax::Explicit, EXPLICIT),
        (Syntax::Big, BIG),
    ] {
        for declared in [IMPLICIT, EXPLICIT, BIG, DEFLATED] {
            let object = open(&file(declared, &image(syntax))).unwrap();
            assert_eq!(object.transfer_syntax(), true_one, "{syntax:?} {declared}");
            assert_eq!(object.declared_transfer_syntax(), Some(declared));
            assert_eq!(tags(&object), IMAGE_TAGS);
            assert_eq!(codes(&object).is_empty(), declared == true_one);
        }
    }
}

#[test]
fn a_vr_is_not_taken_for_a_length_that_reaches_into_black_pixels() {
    let data_set = build(Syntax::Explicit, |b| {
        start(b);
        b.el(0x7FE0_0010, "OW", &vec![0; 2 << 20]);
    });
    for declared in [IMPLICIT, BIG, EXPLICIT] {
        let object = open(&file(declared, &data_set)).unwrap();
        assert_eq!(
            (object.transfer_syntax(), object.dataset().node_count()),
            (EXPLICIT, 5)
        );
    }
}

#[test]
fn implicit_under_jpeg_is_encoded_anew() {
    let data_set = build(Syntax::Implicit, |b| {
        start(b);
        b.fragments(0x7FE0_0010, &[&[], &[1, 2]]).end_sequence();
    });
    let object = open(&file(JPEG, &data_set)).unwrap();
    assert_eq!(
        (object.transfer_syntax(), codes(&object)),
        (JPEG, vec!["encoding-corrected"])
    );
    let again = open(&written(&object, &cloakroom_p10::Edits::new())).unwrap();
    assert_eq!(codes(&again), [""; 0]);
    assert_eq!(
        again.dataset().get(Tag(8, 0x60)).unwrap().stated_vr(),
        VR::CS
    );
}

#[test]
fn bare_data_sets_are_recognised_and_read() {
    for (syntax, transfer_syntax) in [
        (Syntax::Implicit, IMPLICIT),
        (Syntax::Explicit, EXPLICIT),
        (Syntax::Big, BIG),
        (Syntax::ImplicitBig, BIG),
    ] {
        let source = MemorySource::new(image(syntax));
        assert_eq!(
            recognise(&source).unwrap(),
            Recognition::BareDataSet,
            "{syntax:?}"
        );
        let object = read(Arc::new(source), Extent::Whole, &Limits::default()).unwrap();
        assert_eq!(object.transfer_syntax(), transfer_syntax);
        assert!(codes(&object).contains(&"meta-missing"));
        assert_eq!(tags(&object), IMAGE_TAGS);
    }
}

#[test]
fn meta_may_lack_anything() {
    let data_set = image(Syntax::Explicit);
    let whole = file(EXPLICIT, &data_set);
    // Without preamble, and without prefix.
    for start in [128, 132] {
        let object = open(&whole[start..]).unwrap();
        assert_eq!(object.declared_transfer_syntax(), Some(EXPLICIT));
        assert!(object.preamble().is_none());
        assert_eq!(
            recognise(&MemorySource::new(whole[start..].to_vec())).unwrap(),
            Recognition::Part10
        );
    }
    // Without its group length, with a wrong one, without a transfer syntax, with nothing at all.
    let without = |cut: std::ops::Range<usize>| [&whole[..cut.start], &whole[cut.end..]].concat();
    let mut wrong = whole.clone();
    wrong[140] = 7;
    let transfer_syntax = whole
        .windows(6)
        .position(|w| w == b"\x02\0\x10\0UI")
        .unwrap();
    let meta_end = whole.len() - data_set.len();
    for bytes in [
        without(132..144),
        wrong,
        without(transfer_syntax..transfer_syntax + 8 + EXPLICIT.len() + 1),
        without(132..meta_end),
    ] {
        let object = open(&bytes).unwrap();
        assert_eq!(tags(&object), IMAGE_TAGS);
        assert!(codes(&object).contains(&"meta-incomplete"));
        assert_eq!(object.transfer_syntax(), EXPLICIT);
    }
    let only = open(&whole[..meta_end]).unwrap();
    assert_eq!(only.dataset().node_count(), 0);
    assert!(only.sop_instance_uid().is_none());
}

#[test]
fn preambles_of_two_natures_are_carried_and_never_written() {
    let mut bytes = file(EXPLICIT, &image(Syntax::Explicit));
    bytes[..4].copy_from_slice(b"II*\0");
    let object = open(&bytes).unwrap();
    assert_eq!(object.preamble().unwrap().expose()[..4], *b"II*\0");
    assert_eq!(
        written(&object, &cloakroom_p10::Edits::new())[..128],
        [0; 128]
    );
}

#[test]
fn directories_are_recognised() {
    let data_set = build(Syntax::Explicit, |b| {
        b.el(0x0004_1130, "CS", b"DISC")
            .el(0x0004_1200, "UL", &[0; 4]);
    });
    for bytes in [file(EXPLICIT, &data_set), data_set] {
        assert_eq!(
            recognise(&MemorySource::new(bytes)).unwrap(),
            Recognition::DicomDir
        );
    }
}

#[test]
fn other_things_are_not_dicom() {
    for bytes in [
        &b""[..],
        b"%PDF-1.7",
        b"\x08\0",
        &[0; 200],
        b"DICOM is not DICM at all",
        &[8, 0, 5, 0, 255, 255, 0, 0, 1, 1],
    ] {
        assert_eq!(
            recognise(&MemorySource::new(bytes.to_vec())).unwrap(),
            Recognition::NotDicom
        );
        let error = open(bytes).unwrap_err();
        assert!(
            matches!(error, ReadError::NotDicom | ReadError::Empty),
            "{error}"
        );
    }
}

fn deflate(bytes: &[u8], zlib: bool) -> Vec<u8> {
    let level = flate2::Compression::default();
    if zlib {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), level);
        out.write_all(bytes).unwrap();
        return out.finish().unwrap();
    }
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), level);
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn deflated_data_sets_are_inflated_within_a_bound() {
    for zlib in [false, true] {
        let deflated = deflate(&image(Syntax::Explicit), zlib);
        let bytes = file(DEFLATED, &deflated);
        let object = open(&bytes).unwrap();
        assert_eq!(
            (object.transfer_syntax(), codes(&object)),
            (EXPLICIT, vec!["inflated"])
        );
        assert_eq!(tags(&object), IMAGE_TAGS);
        let plain = open(&written(&object, &cloakroom_p10::Edits::new())).unwrap();
        assert_eq!(tags(&plain), IMAGE_TAGS);
        // Declared as not deflated, it is inflated all the same.
        assert_eq!(
            open(&file(EXPLICIT, &deflated)).unwrap().transfer_syntax(),
            EXPLICIT
        );
        let cut = open(&bytes[..bytes.len() - 20]).unwrap_err();
        assert!(
            matches!(
                cut,
                ReadError::Truncated { .. } | ReadError::Malformed { .. }
            ),
            "{cut}"
        );
    }
    let bomb = build(Syntax::Explicit, |b| {
        start(b);
        b.el(0x7FE0_0010, "OB", &vec![0; 8 << 20]);
    });
    let limits = Limits {
        max_inflated_bytes: 1 << 20,
        ..Limits::default()
    };
    let source = Arc::new(MemorySource::new(file(DEFLATED, &deflate(&bomb, false))));
    let error = read(source, Extent::Whole, &limits).unwrap_err();
    assert_eq!(error.reason(), QuarantineReason::LimitExceeded);
}

/// A Sequence with a Sequence inside, as Implicit VR Little Endian.
fn implicit_items() -> Vec<u8> {
    let inner = build(Syntax::Implicit, |b| {
        b.el(0x0010_0010, "PN", b"NESTED^NAME ");
    });
    build(Syntax::Implicit, |b| {
        let item = build(Syntax::Implicit, |b| {
            b.el(0x0008_1150, "UI", b"1.2.").open_sq(
                0x0008_1199,
                "SQ",
                std::slice::from_ref(&inner),
            );
        });
        b.tag(0xFFFE_E000).u32(item.len() as u32).raw(&item);
    })
}

#[test]
fn items_in_unknown_values_are_found() {
    let items = implicit_items();
    for (syntax, declared) in [(Syntax::Explicit, EXPLICIT), (Syntax::Big, BIG)] {
        for tag in [0x0008_1115_u32, 0x0029_1010] {
            for defined in [true, false] {
                let data_set = build(syntax, |b| {
                    start(b);
                    if tag > 0x0010_0000 {
                        b.el(0x0029_0010, "LO", b"MAKER ");
                    }
                    if defined {
                        b.el(tag, "UN", &items);
                    } else {
                        b.header(tag, "UN", u32::MAX)
                            .raw(&items)
                            .raw(b"\xFE\xFF\xDD\xE0\0\0\0\0");
                    }
                    b.us(0x0029_1011, 7);
                });
                let object = open(&file(declared, &data_set)).unwrap();
                assert_eq!(codes(&object), ["sequence-from-unknown"]);
                let sequence = object
                    .dataset()
                    .get(Tag((tag >> 16) as u16, tag as u16))
                    .unwrap();
                assert_eq!((sequence.vr(), sequence.stated_vr()), (VR::SQ, VR::UN));
                let name = object
                    .dataset()
                    .walk()
                    .find(|e| e.tag() == Tag(0x10, 0x10))
                    .unwrap();
                assert_eq!(name.text().unwrap(), ["NESTED^NAME"]);
                assert_eq!(name.path().items.len(), 2);
                let out = written(&object, &cloakroom_p10::Edits::new());
                let again = open(&out).unwrap();
                assert_eq!(codes(&again), [""; 0]);
                assert_eq!(tags(&again), tags(&object));
                let sequence = again.dataset().get(sequence.tag()).unwrap();
                assert_eq!(sequence.stated_vr(), VR::SQ);
                let last = again.dataset().elements().last().unwrap();
                assert_eq!(last.numbers(), [7.0], "{syntax:?}");
            }
        }
    }
}

#[test]
fn unknown_values_that_only_look_like_items_stay_bytes() {
    let items = implicit_items();
    let cut = items.len() - 3;
    for broken in [
        &items[..cut],
        &b"\xFE\xFF\0\xE0\x04\0\0\0abcd"[..],
        b"\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF",
    ] {
        let data_set = build(Syntax::Explicit, |b| {
            start(b);
            b.el(0x0029_1010, "UN", broken).us(0x0029_1011, 7);
        });
        let object = open(&file(EXPLICIT, &data_set)).unwrap();
        let element = object.dataset().get(Tag(0x29, 0x1010)).unwrap();
        assert_eq!((element.vr(), element.raw()), (VR::UN, Some(broken)));
        assert_eq!(object.dataset().elements().count(), 6);
    }
}

#[test]
fn a_private_sequence_of_an_implicit_data_set_is_found() {
    let items = implicit_items();
    let data_set = build(Syntax::Implicit, |b| {
        start(b);
        b.el(0x0029_0010, "LO", b"MAKER ")
            .el(0x0029_1010, "UN", &items);
    });
    let bytes = file(IMPLICIT, &data_set);
    let object = open(&bytes).unwrap();
    let sequence = object.dataset().get(Tag(0x29, 0x1010)).unwrap();
    assert!(sequence.is_sequence());
    assert_eq!(sequence.private_creator(), Some("MAKER"));
    assert_eq!(written(&object, &cloakroom_p10::Edits::new()), bytes);
}

#[test]
fn unknown_values_of_standard_attributes_take_the_vr_of_the_dictionary() {
    let data_set = build(Syntax::Big, |b| {
        start(b);
        b.el(0x0010_0010, "UN", b"A^B ")
            .el(0x0028_0010, "UN", &[2, 0]);
    });
    let object = open(&file(BIG, &data_set)).unwrap();
    let rows = object.dataset().get(Tag(0x28, 0x10)).unwrap();
    assert_eq!(
        (rows.vr(), rows.stated_vr(), rows.numbers()),
        (VR::US, VR::UN, vec![2.0])
    );
    assert_eq!(
        object
            .dataset()
            .get(Tag(0x10, 0x10))
            .unwrap()
            .text()
            .unwrap(),
        ["A^B"]
    );
}

#[test]
fn vrs_that_do_not_exist_are_judged_by_what_follows() {
    for (bytes, vr, repair) in [
        // An unknown pair of letters has the long form.
        (
            &b"\x09\0\x01\x10QQ\0\0\x02\0\0\0ab"[..],
            VR::UN,
            "vr-corrected",
        ),
        // Question marks with a short length.
        (b"\x09\0\x01\x10??\x02\0ab", VR::UN, "vr-corrected"),
        // One implicit element in the middle of explicit ones.
        (b"\x10\0\x20\0\x02\0\0\0ab", VR::LO, "encoding-corrected"),
    ] {
        let data_set = build(Syntax::Explicit, |b| {
            start(b);
            b.raw(bytes).us(0x0028_0010, 1);
        });
        let object = open(&file(EXPLICIT, &data_set)).unwrap();
        let element = object.dataset().elements().nth(4).unwrap();
        assert_eq!((element.vr(), element.raw()), (vr, Some(&b"ab"[..])));
        assert_eq!(codes(&object), [repair]);
        let again = open(&written(&object, &cloakroom_p10::Edits::new())).unwrap();
        assert_eq!(codes(&again), [""; 0]);
        assert_eq!(
            again.dataset().elements().nth(4).unwrap().raw(),
            Some(&b"ab"[..])
        );
    }
}

#[test]
fn duplicates_are_found_wherever_they_stand() {
    let item = build(Syntax::Explicit, |b| {
        b.el(0x0010_0020, "LO", b"1 ")
            .el(0x0010_0010, "PN", b"A ")
            .el(0x0010_0020, "LO", b"2 ");
    });
    let data_set = build(Syntax::Explicit, |b| {
        start(b);
        b.sq(0x0008_1140, &[Vec::new(), item])
            .el(0x0010_0010, "PN", b"A ")
            .el(0x0010_0010, "PN", b"B ");
    });
    let object = open(&file(EXPLICIT, &data_set)).unwrap();
    let paths: Vec<String> = object
        .duplicates()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(paths, ["(0008,1140)[1]>(0010,0020)", "(0010,0010)"]);
    let names = object
        .dataset()
        .elements()
        .filter(|e| e.tag() == Tag(0x10, 0x10));
    assert_eq!(names.count(), 2);
    let meta = meta(EXPLICIT);
    let refused = cloakroom_p10::encode(&object, &Default::default(), &meta, &Default::default());
    assert!(matches!(
        refused,
        Err(cloakroom_p10::EncodeError::DuplicateElement(_))
    ));
}

#[test]
fn elements_out_of_order_are_sorted() {
    let data_set = build(Syntax::Explicit, |b| {
        start(b);
        b.el(0x0029_1001, "LO", b"X ")
            .el(0x0029_0010, "LO", b"MAKER ");
        b.el(0x7FE0_0010, "OB", &[1, 2])
            .el(0x0010_0010, "PN", b"A ")
            .el(0x7FE0_0002, "OB", &[9, 9]);
    });
    let object = open(&file(EXPLICIT, &data_set)).unwrap();
    assert_eq!(codes(&object), ["elements-sorted"]);
    let private = object.dataset().get(Tag(0x29, 0x1001)).unwrap();
    assert_eq!(private.private_creator(), Some("MAKER"));
    let again = open(&written(&object, &cloakroom_p10::Edits::new())).unwrap();
    let mut sorted = tags(&object);
    sorted.sort_unstable();
    assert_eq!((codes(&again), tags(&again)), (vec![], sorted));
    let Some(PixelLayout::Native { value }) = again.pixel_layout() else {
        panic!()
    };
    assert_eq!(
        again.source().bytes().unwrap()[value.start as usize..][..2],
        [1, 2]
    );
}

#[test]
fn private_blocks_belong_to_their_own_data_set() {
    let reserved = build(Syntax::Explicit, |b| {
        b.el(0x0029_0010, "LO", b"INNER ")
            .el(0x0029_1001, "LO", b"X ");
    });
    let orphan = build(Syntax::Explicit, |b| {
        b.el(0x0029_1001, "LO", b"X ");
    });
    let data_set = build(Syntax::Explicit, |b| {
        start(b);
        b.sq(0x0008_1140, &[orphan, reserved])
            .el(0x0029_0010, "LO", b"OUTER ");
        b.el(0x0029_0011, "LO", b"OTHER ")
            .el(0x0029_1001, "LO", b"X ")
            .el(0x0029_1101, "LO", b"X ");
        b.el(0x0029_1201, "LO", b"X ");
    });
    let object = open(&file(EXPLICIT, &data_set)).unwrap();
    let creators: Vec<Option<&str>> = object
        .dataset()
        .walk()
        .filter(|element| element.tag().1 >= 0x1000 && element.tag().0 == 0x29)
        .map(|element| element.private_creator())
        .collect();
    assert_eq!(
        creators,
        [None, Some("INNER"), Some("OUTER"), Some("OTHER"), None]
    );
}

#[test]
fn character_sets_hold_in_their_item_and_not_beside_it() {
    let inner = build(Syntax::Explicit, |b| {
        b.el(0x0010_0010, "PN", b"\xCD\xF5");
    });
    let chinese = build(Syntax::Explicit, |b| {
        b.el(0x0008_0005, "CS", b"GB18030 ")
            .sq(0x0008_1140, &[inner])
            .el(0x0010_0010, "PN", b"\xCD\xF5");
    });
    let inherited = build(Syntax::Explicit, |b| {
        b.el(0x0010_0010, "PN", b"\xE9 ");
    });
    let data_set = build(Syntax::Explicit, |b| {
        start(b);
        b.sq(0x0008_1140, &[chinese, inherited])
            .el(0x0010_0010, "PN", b"M\xFCller^J\xF6rg ");
    });
    let object = open(&file(EXPLICIT, &data_set)).unwrap();
    let names: Vec<String> = object
        .dataset()
        .walk()
        .filter(|element| element.vr() == VR::PN)
        .flat_map(|element| element.text().unwrap())
        .collect();
    assert_eq!(names, ["王", "王", "é", "Müller^Jörg"]);
    let unknown = build(Syntax::Explicit, |b| {
        b.el(0x0008_0005, "CS", b"KLINGON ")
            .el(0x0008_0060, "CS", b"CT")
            .el(0x0010_0010, "PN", b"A ");
    });
    let object = open(&file(EXPLICIT, &unknown)).unwrap();
    assert!(!object.dataset().charsets_are_known());
    assert!(
        object
            .dataset()
            .get(Tag(0x10, 0x10))
            .unwrap()
            .text()
            .is_err()
    );
    assert_eq!(
        object.dataset().get(Tag(8, 0x60)).unwrap().text().unwrap(),
        ["CT"]
    );
}

#[test]
fn bytes_after_the_data_set_are_dropped_and_named() {
    let whole = image(Syntax::Explicit);
    let data_set = &whole[..whole.len() - 14];
    for garbage in [
        &[0; 10][..],
        &[0; 512],
        &[0; 3],
        b"HELLO, I AM NOT AN ELEMENT",
        b"abc",
        &meta_bytes(EXPLICIT),
    ] {
        let object = open(&file(EXPLICIT, &[data_set, garbage].concat())).unwrap();
        assert_eq!(codes(&object), ["trailing-bytes-dropped"], "{garbage:?}");
        assert_eq!(
            written(&object, &cloakroom_p10::Edits::new()),
            file(EXPLICIT, data_set)
        );
    }
    // Without pixels before them only zeros are padding; anything else may be damage.
    let report = build(Syntax::Explicit, start);
    let padded = open(&file(EXPLICIT, &[&report[..], &[0; 10]].concat())).unwrap();
    assert_eq!(codes(&padded), ["trailing-bytes-dropped"]);
    assert!(open(&file(EXPLICIT, &[&report[..], b"HELLO, I AM NOT"].concat())).is_err());
}

#[test]
fn lengths_past_the_end_are_truncation() {
    let bytes = file(
        EXPLICIT,
        &build(Syntax::Explicit, |b| {
            start(b);
            b.header(0x0008_0119, "UT", 0xFFFF_FFF0).raw(b"short");
        }),
    );
    fails(&bytes, QuarantineReason::Truncated);
    let pixels = file(
        EXPLICIT,
        &build(Syntax::Explicit, |b| {
            start(b);
            b.header(0x7FE0_0010, "OW", 100).raw(&[0; 98]);
        }),
    );
    fails(&pixels, QuarantineReason::Truncated);
    let source = Arc::new(MemorySource::new(pixels));
    let header = read(source, Extent::Header, &Limits::default()).unwrap_err();
    assert_eq!(header.reason(), QuarantineReason::Truncated);
    let whole = file(EXPLICIT, &image(Syntax::Explicit));
    let mut kept = 0;
    for end in 132..whole.len() {
        match open(&whole[..end]) {
            Ok(_) => kept += 1,
            Err(error) => assert_ne!(error.reason(), QuarantineReason::Unreadable, "{end}"),
        }
    }
    // Only cuts between top-level elements leave an object, and those behind the pixels.
    assert!(kept < 60, "{kept}");
}

#[test]
fn a_length_past_the_item_is_malformed() {
    let item = build(Syntax::Explicit, |b| {
        b.header(0x0010_0010, "PN", 20).raw(b"A ");
    });
    let bytes = file(
        EXPLICIT,
        &build(Syntax::Explicit, |b| {
            start(b);
            b.sq(0x0008_1140, &[item])
                .el(0x0010_0020, "LO", &[b'x'; 40]);
        }),
    );
    fails(&bytes, QuarantineReason::Malformed);
}

#[test]
fn depth_and_count_are_limited_without_the_call_stack() {
    let nested = |depth: u32| {
        build(Syntax::Explicit, |b| {
            start(b);
            for _ in 0..depth {
                b.header(0x0040_A730, "SQ", u32::MAX)
                    .tag(0xFFFE_E000)
                    .u32(u32::MAX);
            }
            for _ in 0..depth {
                b.tag(0xFFFE_E00D).u32(0).tag(0xFFFE_E0DD).u32(0);
            }
        })
    };
    let deepest = open(&file(EXPLICIT, &nested(64))).unwrap();
    assert_eq!(
        deepest.dataset().walk().last().unwrap().path().items.len(),
        63
    );
    assert_eq!(
        written(&deepest, &Default::default()),
        file(EXPLICIT, &nested(64))
    );
    fails(
        &file(EXPLICIT, &nested(65)),
        QuarantineReason::LimitExceeded,
    );
    fails(
        &file(EXPLICIT, &nested(200_000)),
        QuarantineReason::LimitExceeded,
    );
    let many = build(Syntax::Explicit, |b| {
        start(b);
        b.sq(0x0008_1140, &vec![Vec::new(); 1000]);
    });
    let limits = Limits {
        max_elements: 500,
        ..Limits::default()
    };
    let error = read(
        Arc::new(MemorySource::new(file(EXPLICIT, &many))),
        Extent::Whole,
        &limits,
    );
    assert_eq!(error.unwrap_err().reason(), QuarantineReason::LimitExceeded);
    let limits = Limits {
        max_header_bytes: 1000,
        ..Limits::default()
    };
    let error = read(
        Arc::new(MemorySource::new(file(EXPLICIT, &many))),
        Extent::Whole,
        &limits,
    );
    assert_eq!(error.unwrap_err().reason(), QuarantineReason::LimitExceeded);
}

#[test]
fn fragments_are_located() {
    let data_set = |delimiter: bool, after: &[u8]| {
        build(Syntax::Explicit, |b| {
            start(b);
            b.fragments(0x7FE0_0010, &[&[0, 0, 0, 0], &[1, 2], &[3, 4, 5, 6]]);
            if delimiter {
                b.end_sequence();
            }
            b.raw(after);
        })
    };
    let private = b"\xE1\x7F\x10\0LO\x02\0X ";
    for (bytes, repairs) in [
        (data_set(true, private), vec![]),
        (data_set(false, &[]), vec!["delimiter-added"]),
        (
            data_set(false, &[0; 20]),
            vec!["delimiter-added", "trailing-bytes-dropped"],
        ),
    ] {
        let object = open(&file(JPEG, &bytes)).unwrap();
        let Some(PixelLayout::Encapsulated {
            offset_table,
            fragments,
            ..
        }) = object.pixel_layout()
        else {
            panic!("no fragments");
        };
        assert_eq!(offset_table.len(), 4);
        let source = object.source().bytes().unwrap();
        let values: Vec<&[u8]> = fragments
            .iter()
            .map(|range| &source[range.start as usize..range.end as usize])
            .collect();
        assert_eq!(values, [&[1, 2][..], &[3, 4, 5, 6]]);
        assert_eq!(codes(&object), repairs);
        let again = open(&written(&object, &Default::default())).unwrap();
        assert_eq!(codes(&again), [""; 0]);
        assert_eq!(tags(&again), tags(&object));
    }
    fails(
        &file(JPEG, &data_set(false, private)),
        QuarantineReason::Malformed,
    );
    let whole = data_set(false, &[]);
    fails(
        &file(JPEG, &whole[..whole.len() - 1]),
        QuarantineReason::Truncated,
    );
}

#[test]
fn pixels_that_contradict_their_transfer_syntax_are_settled_or_refused() {
    // Fragments under a native transfer syntax: nobody knows of what.
    let fragments = build(Syntax::Explicit, |b| {
        start(b);
        b.fragments(0x7FE0_0010, &[&[], &[1, 2]]).end_sequence();
    });
    fails(
        &file(EXPLICIT, &fragments),
        QuarantineReason::TransferSyntaxUnknown,
    );
    fails(&fragments, QuarantineReason::TransferSyntaxUnknown);
    fails(
        &file("1.2.840.113619.5.2", &image(Syntax::Implicit)),
        QuarantineReason::TransferSyntaxUnknown,
    );
    // Native pixels of the right length under a compressed one.
    let object = open(&file(JPEG, &image(Syntax::Explicit))).unwrap();
    assert_eq!(
        (object.transfer_syntax(), codes(&object)),
        (EXPLICIT, vec!["transfer-syntax-corrected"])
    );
}

#[test]
fn nested_and_second_pixel_values_are_held_like_other_values() {
    let icon = build(Syntax::Explicit, |b| {
        b.fragments(0x7FE0_0010, &[&[], &[7, 7]]).end_sequence();
    });
    let data_set = build(Syntax::Explicit, |b| {
        start(b);
        b.sq(0x0088_0200, &[icon])
            .el(0x7FE0_0008, "OF", &[0; 8])
            .el(0x7FE0_0010, "OB", &[5, 5]);
    });
    let object = open(&file(EXPLICIT, &data_set)).unwrap();
    let pixels: Vec<(bool, Option<usize>)> = object
        .dataset()
        .walk()
        .filter(|element| element.tag().0 == 0x7FE0)
        .map(|element| (element.is_pixel_value(), element.raw().map(<[u8]>::len)))
        .collect();
    assert_eq!(pixels, [(false, Some(26)), (true, None), (false, Some(2))]);
    assert_eq!(
        written(&object, &Default::default()),
        file(EXPLICIT, &data_set)
    );
}

#[test]
fn odd_lengths_group_lengths_and_stray_delimiters_are_repaired() {
    let data_set = build(Syntax::Explicit, |b| {
        b.header(0x0008_0000, "UL", 4).u32(999);
        start(b);
        b.el(0x0010_0010, "PN", b"A^B")
            .el(0x0020_000D, "UI", b"1.2")
            .end_sequence();
        b.us(0x0028_0010, 1).el(0x7FE0_0010, "OB", &[1, 2, 3]);
    });
    let object = open(&file(EXPLICIT, &data_set)).unwrap();
    assert_eq!(
        codes(&object),
        [
            "group-length-dropped",
            "odd-length-padded",
            "odd-length-padded",
            "stray-delimiter-dropped",
            "odd-length-padded"
        ]
    );
    let expected = build(Syntax::Explicit, |b| {
        start(b);
        b.el(0x0010_0010, "PN", b"A^B ")
            .el(0x0020_000D, "UI", b"1.2\0");
        b.us(0x0028_0010, 1).el(0x7FE0_0010, "OB", &[1, 2, 3, 0]);
    });
    assert_eq!(
        written(&object, &Default::default()),
        file(EXPLICIT, &expected)
    );
}

/// Counts what is read of a file.
struct Counting {
    file: FileSource,
    bytes: AtomicU64,
    largest: AtomicU64,
    reads: AtomicU64,
}

impl Source for Counting {
    fn len(&self) -> u64 {
        self.file.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.bytes.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.largest
            .fetch_max(buffer.len() as u64, Ordering::Relaxed);
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.file.read_at(offset, buffer)
    }
}

fn counting(bytes: &[u8], length: u64) -> Arc<Counting> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.set_len(length.max(bytes.len() as u64)).unwrap();
    Arc::new(Counting {
        file: FileSource::new(file).unwrap(),
        bytes: AtomicU64::new(0),
        largest: AtomicU64::new(0),
        reads: AtomicU64::new(0),
    })
}

#[test]
fn pixels_of_a_file_are_never_read() {
    let mut head = file(
        EXPLICIT,
        &build(Syntax::Explicit, |b| {
            start(b);
            b.header(0x7FE0_0010, "OW", 3 << 30);
        }),
    );
    let after = build(Syntax::Explicit, |b| {
        b.el(0xFFFC_FFFC, "OB", &[1, 2]);
    });
    let pixels = head.len() as u64;
    head.resize(head.len() + 100, 7);
    let source = counting(&head, pixels + (3 << 30));
    {
        use std::os::unix::fs::FileExt;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&head).unwrap();
        file.write_all_at(&after, pixels + (3 << 30)).unwrap();
        let whole = read(
            Arc::new(FileSource::new(file).unwrap()),
            Extent::Whole,
            &Limits::default(),
        )
        .unwrap();
        assert_eq!(
            whole.dataset().elements().last().unwrap().raw(),
            Some(&[1, 2][..])
        );
        assert_eq!(whole.pixel_layout().unwrap().whole().len(), 3 << 30);
    }
    let object = read(source.clone(), Extent::Header, &Limits::default()).unwrap();
    assert_eq!(object.dataset().elements().count(), 5);
    assert_eq!(source.reads.load(Ordering::Relaxed), 1);
    assert!(source.bytes.load(Ordering::Relaxed) <= 16 << 10);
}

#[test]
fn a_length_that_lies_costs_no_memory() {
    for (tag, vr) in [
        (0x0008_0119, "UT"),
        (0x0029_1010, "UN"),
        (0x0029_1010, "OB"),
        (0x7FE0_0010, "OW"),
    ] {
        let bytes = file(
            EXPLICIT,
            &build(Syntax::Explicit, |b| {
                start(b);
                b.header(tag, vr, 0xFFFF_FFF0).raw(&[0xAB; 40]);
            }),
        );
        let source = counting(&bytes, 0);
        assert!(read(source.clone(), Extent::Whole, &Limits::default()).is_err());
        assert!(source.largest.load(Ordering::Relaxed) <= 1024);
    }
}
