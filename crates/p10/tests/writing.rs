//! Edits change what they name and the lengths around it, and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests, outside of test functions"
)]

mod common;

use cloakroom_core::{PixelAttribute, PixelChanges, PixelValue};
use cloakroom_p10::{
    DataSet, Edits, EncodeError, Encoded, EncodedPixels, Extent, Limits, MemorySource, NewItem,
    NodeId, Object, Place, encode, read,
};
use common::*;
use dicom_core::{Tag, VR};
use std::sync::Arc;

const NAME: Tag = Tag(0x10, 0x10);
const ID: Tag = Tag(0x10, 0x20);

fn patient(syntax: Syntax, name: &[u8]) -> Vec<u8> {
    build(syntax, |b| {
        b.el(0x0010_0010, "PN", name).el(0x0010_0020, "LO", b"ID");
    })
}

/// A name at the top, in a defined Sequence, in an undefined one, and in one inside the other; then pixels.
fn tree(syntax: Syntax, top: &[u8], defined: &[u8], undefined: &[u8], deep: &[u8]) -> Vec<u8> {
    build(syntax, |b| {
        start(b);
        b.sq(
            0x0008_1115,
            &[patient(syntax, b"OTHER "), patient(syntax, defined)],
        );
        let inner = build(syntax, |b| {
            b.sq(0x0008_1140, &[patient(syntax, deep)])
                .raw(&patient(syntax, undefined));
        });
        b.open_sq(0x0008_2112, "SQ", &[inner]);
        b.raw(&patient(syntax, top))
            .us(0x0028_0010, 2)
            .us(0x0028_0100, 16);
        b.el(0x7FE0_0010, "OW", &[1, 0, 2, 0])
            .el(0xFFFC_FFFC, "OB", &[0, 0]);
    })
}

const SYNTAXES: [(Syntax, &str); 3] = [
    (Syntax::Implicit, IMPLICIT),
    (Syntax::Explicit, EXPLICIT),
    (Syntax::Big, BIG),
];

fn names(set: &DataSet) -> Vec<NodeId> {
    set.walk()
        .filter(|element| element.tag() == NAME)
        .map(|element| element.id())
        .collect()
}

#[test]
fn without_edits_nothing_changes() {
    for (syntax, uid) in SYNTAXES {
        let bytes = file(uid, &tree(syntax, b"A ", b"B ", b"C ", b"D "));
        let object = open(&bytes).unwrap();
        assert_eq!(written(&object, &Edits::new()), bytes, "{syntax:?}");
    }
}

#[test]
fn replaced_values_change_only_themselves_and_lengths() {
    for (syntax, uid) in SYNTAXES {
        let object = open(&file(uid, &tree(syntax, b"A ", b"B ", b"C ", b"D "))).unwrap();
        let [_, defined, deep, undefined, top] = names(object.dataset())[..] else {
            panic!()
        };
        let mut edits = Edits::new();
        edits.replace(defined, VR::PN, b"LONGER^NAME".to_vec());
        edits.replace(deep, VR::PN, Vec::new());
        edits.replace(undefined, VR::PN, b"UNDEFINED^X".to_vec());
        edits.replace(top, VR::PN, b"T".to_vec());
        let expected = tree(syntax, b"T ", b"LONGER^NAME ", b"UNDEFINED^X ", b"");
        assert_eq!(written(&object, &edits), file(uid, &expected), "{syntax:?}");
    }
}

#[test]
fn elements_items_and_sequences_are_removed() {
    for (syntax, uid) in SYNTAXES {
        let object = open(&file(uid, &tree(syntax, b"A ", b"B ", b"C ", b"D "))).unwrap();
        let set = object.dataset();
        let sequence = set.get(Tag(8, 0x1115)).unwrap();
        let mut edits = Edits::new();
        edits.remove(sequence.items().next().unwrap().id());
        edits.remove(sequence.items().nth(1).unwrap().get(ID).unwrap().id());
        edits.remove(set.get(Tag(8, 0x2112)).unwrap().id());
        edits.remove(set.get(NAME).unwrap().id());
        edits.remove(set.get(Tag(0xFFFC, 0xFFFC)).unwrap().id());
        let left = build(syntax, |b| {
            b.el(0x0010_0010, "PN", b"B ");
        });
        let expected = build(syntax, |b| {
            start(b);
            b.sq(0x0008_1115, &[left]).el(0x0010_0020, "LO", b"ID");
            b.us(0x0028_0010, 2)
                .us(0x0028_0100, 16)
                .el(0x7FE0_0010, "OW", &[1, 0, 2, 0]);
        });
        assert_eq!(written(&object, &edits), file(uid, &expected), "{syntax:?}");
    }
}

#[test]
fn insertions_stand_where_their_tags_belong() {
    for (syntax, uid) in SYNTAXES {
        let object = open(&file(uid, &tree(syntax, b"A ", b"B ", b"C ", b"D "))).unwrap();
        let sequence = object.dataset().get(Tag(8, 0x1115)).unwrap();
        let item = sequence.items().next().unwrap().id();
        let mut edits = Edits::new();
        edits.insert(Place::Root, Tag(0x12, 0x62), VR::CS, b"YES".to_vec());
        edits.insert(Place::Root, Tag(0x28, 0x11), VR::US, vec![2, 1]);
        edits.insert(Place::Root, Tag(0x7FE1, 0x10), VR::LO, b"LAST".to_vec());
        edits.insert(
            Place::Item(item),
            Tag(0x10, 0x15),
            VR::LO,
            b"BETWEEN".to_vec(),
        );
        edits.clear_items(object.dataset().get(Tag(8, 0x2112)).unwrap().id());
        let code = NewItem::new()
            .with(Tag(8, 0x100), VR::SH, b"113100".to_vec())
            .with_sequence(Tag(8, 0x122), vec![NewItem::new()]);
        edits.append_items(sequence.id(), vec![code.clone()]);
        edits.insert_sequence(Place::Root, Tag(0x12, 0x64), vec![code]);
        let first = build(syntax, |b| {
            b.el(0x0010_0010, "PN", b"OTHER ")
                .el(0x0010_0015, "LO", b"BETWEEN ")
                .el(0x0010_0020, "LO", b"ID");
        });
        let code = build(syntax, |b| {
            b.el(0x0008_0100, "SH", b"113100")
                .sq(0x0008_0122, &[Vec::new()]);
        });
        let expected = build(syntax, |b| {
            start(b);
            b.sq(0x0008_1115, &[first, patient(syntax, b"B "), code.clone()]);
            b.sq(0x0008_2112, &[]).raw(&patient(syntax, b"A "));
            b.el(0x0012_0062, "CS", b"YES ").sq(0x0012_0064, &[code]);
            b.us(0x0028_0010, 2)
                .us(0x0028_0011, 0x0102)
                .us(0x0028_0100, 16);
            b.el(0x7FE0_0010, "OW", &[1, 0, 2, 0])
                .el(0x7FE1_0010, "LO", b"LAST")
                .el(0xFFFC_FFFC, "OB", &[0, 0]);
        });
        assert_eq!(written(&object, &edits), file(uid, &expected), "{syntax:?}");
    }
}

#[test]
fn edits_that_make_no_sense_are_refused() {
    let object = open(&file(
        EXPLICIT,
        &tree(Syntax::Explicit, b"A ", b"B ", b"C ", b"D "),
    ))
    .unwrap();
    let set = object.dataset();
    let name = set.get(NAME).unwrap().id();
    let item = set
        .get(Tag(8, 0x1115))
        .unwrap()
        .items()
        .next()
        .unwrap()
        .id();
    let refused = |fill: &dyn Fn(&mut Edits)| {
        let mut edits = Edits::new();
        fill(&mut edits);
        encode(&object, &edits, &meta(EXPLICIT), &PixelChanges::default()).err()
    };
    let duplicate = Some(EncodeError::DuplicateElement(NAME));
    assert_eq!(
        refused(&|e| e.insert(Place::Root, NAME, VR::PN, vec![])),
        duplicate
    );
    let there = refused(&|e| {
        e.remove(name);
        e.insert(Place::Root, NAME, VR::PN, vec![]);
    });
    assert_eq!(there, None);
    let nowhere = Some(EncodeError::NoSuchPlace);
    assert_eq!(
        refused(&|e| e.insert(Place::Item(name), ID, VR::LO, vec![])),
        nowhere
    );
    assert_eq!(refused(&|e| e.append_items(name, vec![])), nowhere);
    assert_eq!(refused(&|e| e.replace(item, VR::LO, vec![])), nowhere);
    let long = Some(EncodeError::ValueTooLong(Tag(0x28, 0x3002)));
    assert_eq!(
        refused(&|e| e.insert(Place::Root, Tag(0x28, 0x3002), VR::US, vec![0; 70_000])),
        long
    );
    assert_eq!(
        encode(
            &object,
            &Edits::new(),
            &meta(DEFLATED),
            &PixelChanges::default()
        )
        .err(),
        Some(EncodeError::TransferSyntax)
    );
    assert_eq!(
        encode(
            &object,
            &Edits::new(),
            &meta(JPEG),
            &PixelChanges::default()
        )
        .err(),
        Some(EncodeError::PixelsContradictTransferSyntax)
    );
    let source = Arc::new(MemorySource::new(file(
        EXPLICIT,
        &tree(Syntax::Explicit, b"", b"", b"", b""),
    )));
    let header = read(source, Extent::Header, &Limits::default()).unwrap();
    let refused = encode(
        &header,
        &Edits::new(),
        &meta(EXPLICIT),
        &PixelChanges::default(),
    )
    .err();
    assert_eq!(refused, Some(EncodeError::HeaderOnly));
}

#[test]
fn long_text_becomes_unknown_and_comes_back_as_text() {
    let object = open(&file(EXPLICIT, &build(Syntax::Explicit, start))).unwrap();
    let mut edits = Edits::new();
    let text = "1.5\\".repeat(20_000);
    edits.insert(
        Place::Root,
        Tag(0x3006, 0x50),
        VR::DS,
        text.trim_end_matches('\\').into(),
    );
    let again = open(&written(&object, &edits)).unwrap();
    let contour = again.dataset().get(Tag(0x3006, 0x50)).unwrap();
    assert_eq!((contour.stated_vr(), contour.vr()), (VR::UN, VR::DS));
    assert_eq!(contour.numbers().len(), 20_000);
}

fn finish(object: &Object, encoded: &Encoded, new: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match encoded.pixels {
        EncodedPixels::New { .. } => encoded.write_to(&MemorySource::new(new.to_vec()), &mut out),
        _ => encoded.write_to(&**object.source(), &mut out),
    }
    .unwrap();
    out
}

#[test]
fn new_pixels_and_a_new_transfer_syntax_change_the_whole_encoding() {
    let object = open(&file(BIG, &tree(Syntax::Big, b"A ", b"B ", b"C ", b"D "))).unwrap();
    let changes = PixelChanges {
        transfer_syntax: Some(EXPLICIT.to_owned()),
        attributes: vec![
            PixelAttribute {
                tag: Tag(0x28, 0x10),
                vr: VR::US,
                value: Some(vec![9, 0]),
            },
            PixelAttribute {
                tag: Tag(0x28, 0x301),
                vr: VR::CS,
                value: Some(b"NO".to_vec()),
            },
            PixelAttribute {
                tag: Tag(0xFFFC, 0xFFFC),
                vr: VR::OB,
                value: None,
            },
        ],
        value: PixelValue::Native { len: 3 },
        ..PixelChanges::default()
    };
    let encoded = encode(&object, &Edits::new(), &meta(BIG), &changes).unwrap();
    let syntax = Syntax::Explicit;
    let expected = build(syntax, |b| {
        start(b);
        b.sq(
            0x0008_1115,
            &[patient(syntax, b"OTHER "), patient(syntax, b"B ")],
        );
        let inner = build(syntax, |b| {
            b.sq(0x0008_1140, &[patient(syntax, b"D ")])
                .raw(&patient(syntax, b"C "));
        });
        b.open_sq(0x0008_2112, "SQ", &[inner])
            .raw(&patient(syntax, b"A "));
        b.us(0x0028_0010, 9)
            .us(0x0028_0100, 16)
            .el(0x0028_0301, "CS", b"NO");
        b.el(0x7FE0_0010, "OW", &[4, 5, 6, 0]);
    });
    assert_eq!(
        finish(&object, &encoded, &[4, 5, 6]),
        file(EXPLICIT, &expected)
    );
    // The old samples are big endian and cannot stay.
    let stay = PixelChanges {
        transfer_syntax: Some(EXPLICIT.to_owned()),
        ..PixelChanges::default()
    };
    assert_eq!(
        encode(&object, &Edits::new(), &meta(BIG), &stay).err(),
        Some(EncodeError::PixelsContradictTransferSyntax)
    );
}

#[test]
fn fragments_come_and_go() {
    let native = open(&file(EXPLICIT, &tree(Syntax::Explicit, b"", b"", b"", b""))).unwrap();
    let fragments = build(Syntax::Explicit, |b| {
        b.tag(0xFFFE_E000)
            .u32(0)
            .tag(0xFFFE_E000)
            .u32(2)
            .raw(&[7, 7])
            .end_sequence();
    });
    let changes = PixelChanges {
        transfer_syntax: Some(JPEG.to_owned()),
        value: PixelValue::Encapsulated {
            len: fragments.len() as u64,
        },
        ..PixelChanges::default()
    };
    let encoded = encode(&native, &Edits::new(), &meta(EXPLICIT), &changes).unwrap();
    let jpeg = open(&finish(&native, &encoded, &fragments)).unwrap();
    assert_eq!((jpeg.transfer_syntax(), codes(&jpeg)), (JPEG, vec![]));
    let pixels = jpeg.pixel_element().unwrap();
    assert!(pixels.has_undefined_length() && pixels.vr() == VR::OB);
    assert_eq!(
        jpeg.dataset().elements().last().unwrap().tag(),
        Tag(0xFFFC, 0xFFFC)
    );
    let back = PixelChanges {
        transfer_syntax: Some(EXPLICIT.to_owned()),
        value: PixelValue::Native { len: 4 },
        ..PixelChanges::default()
    };
    let encoded = encode(&jpeg, &Edits::new(), &meta(JPEG), &back).unwrap();
    let bytes = finish(&jpeg, &encoded, &[1, 0, 2, 0]);
    assert_eq!(
        bytes,
        file(EXPLICIT, &tree(Syntax::Explicit, b"", b"", b"", b""))
    );
    let short = encoded.write_to(&MemorySource::new(vec![1]), &mut Vec::new());
    assert!(short.is_err(), "a value of another length than announced");
}

#[test]
fn a_file_source_streams_its_pixels() {
    let bytes = file(
        EXPLICIT,
        &tree(Syntax::Explicit, b"A ", b"B ", b"C ", b"D "),
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    std::fs::write(&path, &bytes).unwrap();
    let source = Arc::new(cloakroom_p10::FileSource::open(&path).unwrap());
    let object = read(source, Extent::Whole, &Limits::default()).unwrap();
    assert_eq!(written(&object, &Edits::new()), bytes);
}

#[test]
fn the_image_is_described_from_functional_groups_too() {
    let syntax = Syntax::Explicit;
    let of = |fill: &dyn Fn(&mut Build)| build(syntax, |b| fill(b));
    let shared = of(&|b| {
        let measures = of(&|b| {
            b.el(0x0028_0030, "DS", b"0.5\\0.25");
        });
        let orientation = of(&|b| {
            b.el(0x0020_0037, "DS", b"1\\0\\0\\0\\1\\0 ");
        });
        b.sq(0x0020_9116, &[orientation])
            .sq(0x0028_9110, &[measures]);
    });
    let frame = of(&|b| {
        let position = of(&|b| {
            b.el(0x0020_0032, "DS", b"1\\2\\-3.5");
        });
        let window = of(&|b| {
            b.el(0x0028_1050, "DS", b"40\\50 ")
                .el(0x0028_1051, "DS", b"400\\500 ");
        });
        let rescale = of(&|b| {
            b.el(0x0028_1052, "DS", b"-1024 ")
                .el(0x0028_1053, "DS", b"2 ");
        });
        b.sq(0x0020_9113, &[position])
            .sq(0x0028_9132, &[window])
            .sq(0x0028_9145, &[rescale]);
    });
    let region = of(&|b| {
        b.us(0x0018_6012, 1).us(0x0018_6014, 1);
        for (tag, number) in [
            (0x0018_6018, 10),
            (0x0018_601A, 20),
            (0x0018_601C, 109),
            (0x0018_601E, 219),
        ] {
            b.header(tag, "UL", 4).u32(number);
        }
    });
    let data_set = build(syntax, |b| {
        b.el(0x0008_0005, "CS", b"ISO_IR 100")
            .el(0x0008_0008, "CS", b"original\\PRIMARY ");
        b.el(0x0008_0060, "CS", b"US")
            .el(0x0008_0070, "LO", b"Br\xFCcke");
        b.sq(0x0018_6011, &[region]);
        b.us(0x0028_0002, 1)
            .el(0x0028_0004, "CS", b"PALETTE COLOR ")
            .el(0x0028_0008, "IS", b"12");
        b.us(0x0028_0010, 300)
            .us(0x0028_0011, 400)
            .us(0x0028_0100, 16)
            .us(0x0028_0101, 12);
        b.us(0x0028_0102, 11)
            .us(0x0028_0103, 1)
            .el(0x0028_0120, "SS", &(-2000_i16).to_le_bytes());
        b.el(0x0028_0301, "CS", b"YES ");
        for channel in 0x0028_1101..=0x0028_1103 {
            b.header(channel, "US", 6).u16(4).u16(0xFFFF).u16(8);
        }
        for channel in 0x0028_1201..=0x0028_1203 {
            b.el(channel, "OW", &[0, 1, 2, 255]);
        }
        b.el(0x0028_2110, "CS", b"01")
            .sq(0x5200_9229, &[shared])
            .sq(0x5200_9230, &[frame]);
        b.header(0x7FE0_0010, "OW", 0);
    });
    let image = open(&file(EXPLICIT, &data_set)).unwrap().describe_image();
    assert_eq!(
        (image.rows, image.columns, image.frames, image.samples),
        (300, 400, 12, 1)
    );
    assert_eq!(
        (image.bits_allocated, image.bits_stored, image.high_bit),
        (16, 12, 11)
    );
    assert_eq!(image.image_type, ["ORIGINAL", "PRIMARY"]);
    assert_eq!(image.manufacturer.expose(), "Brücke");
    assert!(image.signed && image.lossy && !image.planar && !image.big_endian);
    assert_eq!(image.burned_in, "YES");
    assert_eq!(image.padding, Some(-2000));
    assert_eq!(image.pixel_spacing, Some((0.5, 0.25)));
    assert_eq!(image.orientation, Some([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]));
    assert_eq!(image.position, Some([1.0, 2.0, -3.5]));
    assert_eq!(image.windows, [(40.0, 400.0), (50.0, 500.0)]);
    assert_eq!(image.rescale, Some((2.0, -1024.0)));
    assert_eq!(image.pixel_tag, Some(Tag(0x7FE0, 0x10)));
    let palette = image.palette.unwrap();
    assert_eq!(
        (palette.first, &palette.channels[2][..]),
        (-1, &[0, 0x0101, 0x0202, 0xFFFF][..])
    );
    let [region] = image.ultrasound_regions[..] else {
        panic!()
    };
    assert_eq!(
        (
            region.rect.x,
            region.rect.y,
            region.rect.width,
            region.rect.height
        ),
        (10, 20, 100, 200)
    );
    assert_eq!((region.spatial_format, region.data_type), (1, 1));
}
