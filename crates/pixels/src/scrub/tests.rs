use super::*;

const EXPECTED: Expected = Expected {
    rows: 2,
    columns: 3,
    samples: 1,
    bits_allocated: 8,
};
const CANARY: &[u8] = b"ZHANG^SAN";

fn marker(second: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, second][..], &len, body].concat()
}

/// The frame after scrubbing.
fn scrubbed(coding: Coding, frame: &[u8], expected: &Expected) -> Vec<u8> {
    scrub(coding, frame, expected)
        .unwrap()
        .map_or_else(|| frame.to_vec(), |parts| joined(&parts, frame))
}

fn jpeg(frame_marker: u8, components: &[u8], extra: &[Vec<u8>]) -> Vec<u8> {
    let count = components.len() as u8;
    let listed: Vec<u8> = components.iter().flat_map(|id| [*id, 0x11, 0]).collect();
    let header = [&[8, 0, 2, 0, 3, count][..], &listed].concat();
    let selectors: Vec<u8> = components.iter().flat_map(|id| [*id, 0]).collect();
    let scan = [&[count][..], &selectors, &[0, 63, 0]].concat();
    [
        vec![0xFF, 0xD8],
        extra.concat(),
        marker(0xDB, &[1; 65]),
        marker(frame_marker, &header),
        marker(0xC4, &[0; 17]),
        marker(0xDA, &scan),
        vec![0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56, 0xFF, 0xD9],
    ]
    .concat()
}

#[test]
fn a_jpeg_with_nothing_to_scrub_is_not_copied() {
    for len in [0, 1] {
        let mut frame = jpeg(0xC3, &[1], &[]);
        frame.resize(frame.len() + len, 0);
        if frame.len().is_multiple_of(2) {
            assert_eq!(scrub(Coding::JpegLossless, &frame, &EXPECTED), Ok(None));
        }
    }
}

#[test]
fn comments_application_markers_and_what_follows_the_end_go() {
    let clean = jpeg(0xC3, &[1], &[]);
    let exif = marker(0xE1, &[b"Exif\0\0", CANARY].concat());
    let jfif = marker(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let comment = marker(0xFE, CANARY);
    let mut dirty = jpeg(0xC3, &[1], &[jfif, exif, comment]);
    dirty.extend_from_slice(CANARY);
    assert_eq!(scrubbed(Coding::JpegLossless, &dirty, &EXPECTED), clean);
    let mut zeros = clean.clone();
    zeros.extend([0; 6]);
    assert_eq!(scrubbed(Coding::JpegLossless, &zeros, &EXPECTED), clean);
}

#[test]
fn fill_bytes_before_markers_go_and_stuffed_bytes_stay() {
    let clean = jpeg(0xC3, &[1], &[]);
    let at = clean.len() - 5;
    let dirty = [&clean[..at], &[0xFF, 0xFF], &clean[at..]].concat();
    assert_eq!(scrubbed(Coding::JpegLossless, &dirty, &EXPECTED), clean);
}

#[test]
fn what_tells_the_colour_stays() {
    let expected = Expected {
        samples: 3,
        ..EXPECTED
    };
    let adobe = marker(0xEE, b"Adobe\0\x64\0\0\0\0\x01");
    let frame = jpeg(0xC3, &[1, 2, 3], std::slice::from_ref(&adobe));
    assert_eq!(scrubbed(Coding::JpegLossless, &frame, &expected), frame);
    let long = marker(
        0xEE,
        &[&b"Adobe\0\x64\x01\x02\x03\x04\x01"[..], CANARY].concat(),
    );
    assert_eq!(
        scrubbed(
            Coding::JpegLossless,
            &jpeg(0xC3, &[1, 2, 3], &[long]),
            &expected
        ),
        frame
    );
    let jfif = marker(
        0xE0,
        &[b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01ABC", CANARY].concat(),
    );
    let plain = marker(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let named = jpeg(0xC3, b"RGB", std::slice::from_ref(&jfif));
    assert_eq!(
        scrubbed(Coding::JpegLossless, &named, &expected),
        jpeg(0xC3, b"RGB", &[plain])
    );
    let numbered = jpeg(0xC3, &[1, 2, 3], &[jfif]);
    assert_eq!(
        scrubbed(Coding::JpegLossless, &numbered, &expected),
        jpeg(0xC3, &[1, 2, 3], &[])
    );
}

#[test]
fn a_jpeg_that_cannot_be_walked_or_tells_another_size_holds() {
    let good = jpeg(0xC3, &[1], &[]);
    let mut cases: Vec<Vec<u8>> = (0..good.len() - 1)
        .map(|len| good[..len].to_vec())
        .collect();
    cases.push(jpeg(0xC3, &[1], &[marker(0x02, b"")]));
    cases.push(jpeg(0xC3, &[1], &[marker(0xF0, b"")]));
    cases.push(jpeg(0xC3, &[1, 2, 3], &[]));
    cases.push(jpeg(
        0xC0,
        &[1],
        &[marker(0xC3, &[8, 0, 2, 0, 3, 1, 1, 0x11, 0])],
    ));
    for case in cases {
        assert_eq!(
            scrub(Coding::JpegLossless, &case, &EXPECTED),
            Err(HoldReason::PixelUndecodable)
        );
    }
    let taller = Expected {
        rows: 3,
        ..EXPECTED
    };
    assert_eq!(
        scrub(Coding::JpegLossless, &good, &taller),
        Err(HoldReason::PixelUndecodable)
    );
}

#[test]
fn jpeg_ls_keeps_its_parameters_and_loses_its_comment() {
    let build = |extra: &[Vec<u8>]| {
        [
            vec![0xFF, 0xD8],
            extra.concat(),
            marker(0xF7, &[8, 0, 2, 0, 3, 1, 1, 0x11, 0]),
            marker(0xF8, &[1, 0, 255, 0, 3, 0, 7, 0, 21, 0, 64]),
            marker(0xDA, &[1, 1, 0, 0, 0, 0]),
            // 0x7F after 0xFF is data here, where a bit is stuffed and not a byte.
            vec![0x12, 0xFF, 0x7F, 0x34, 0xFF, 0xD9, 0],
        ]
        .concat()
    };
    let clean = build(&[]);
    assert_eq!(
        scrub(
            Coding::JpegLs,
            &clean[..clean.len() - clean.len() % 2],
            &EXPECTED
        ),
        Ok(None)
    );
    let dirty = build(&[
        marker(0xFE, CANARY),
        marker(0xE8, b"mrfx\x01"),
        marker(0xE8, CANARY),
    ]);
    let kept = build(&[marker(0xE8, b"mrfx\x01")]);
    assert_eq!(
        scrubbed(Coding::JpegLs, &dirty, &EXPECTED),
        kept[..kept.len() - 1]
    );
}

struct Stream<'a> {
    main: &'a [Vec<u8>],
    tile: &'a [Vec<u8>],
    open: bool,
}

impl Stream<'_> {
    fn build(&self) -> Vec<u8> {
        let mut size = vec![0; 36];
        size[5] = 3;
        size[9] = 2;
        size[35] = 1;
        size.extend([7, 1, 1]);
        let tile = [self.tile.concat(), vec![0xFF, 0x93, 1, 2, 3, 0xFF, 0x8F, 4]].concat();
        let len = if self.open {
            0
        } else {
            u32::try_from(tile.len() + 12).unwrap()
        };
        let start = [&[0, 0][..], &len.to_be_bytes(), &[0, 1]].concat();
        [
            vec![0xFF, 0x4F],
            marker(0x51, &size),
            self.main.concat(),
            marker(0x52, &[0; 10]),
            marker(0x5C, &[0; 4]),
            marker(0x90, &start),
            tile,
            vec![0xFF, 0xD9],
        ]
        .concat()
    }
}

#[test]
fn jpeg_2000_loses_comments_in_every_header_and_what_follows_the_end() {
    for open in [false, true] {
        let clean = Stream {
            main: &[],
            tile: &[],
            open,
        }
        .build();
        assert_eq!(scrubbed(Coding::Jpeg2000, &clean, &EXPECTED), clean);
        let comment = marker(0x64, &[&[0, 1], CANARY].concat());
        let lengths = marker(0x55, &[0, 0x40, 0, 0, 0, 99]);
        let main = [comment.clone(), lengths];
        let mut dirty = Stream {
            main: &main,
            tile: std::slice::from_ref(&comment),
            open,
        }
        .build();
        dirty.extend_from_slice(CANARY);
        assert_eq!(scrubbed(Coding::Jpeg2000, &dirty, &EXPECTED), clean);
    }
}

#[test]
fn jpeg_2000_in_boxes_becomes_the_codestream_alone() {
    let clean = Stream {
        main: &[],
        tile: &[],
        open: false,
    }
    .build();
    let boxed = |kind: &[u8; 4], body: &[u8]| {
        [
            &u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..],
            kind,
            body,
        ]
        .concat()
    };
    let file = [
        boxed(b"jP  ", &[0x0D, 0x0A, 0x87, 0x0A]),
        boxed(b"uuid", CANARY),
        boxed(b"jp2c", &clean),
        boxed(b"xml ", CANARY),
    ]
    .concat();
    assert_eq!(scrubbed(Coding::Jpeg2000, &file, &EXPECTED), clean);
    for len in 0..file.len() - CANARY.len() - 8 {
        assert!(
            scrub(Coding::Jpeg2000, &file[..len], &EXPECTED).is_err(),
            "{len}"
        );
    }
}

#[test]
fn rle_loses_what_its_planes_do_not_need() {
    let frame = |slack: &[u8], unused: &[u8]| {
        let mut header = vec![0; 64];
        header[0] = 1;
        header[4] = 64 + slack.len() as u8;
        header[8..8 + unused.len()].copy_from_slice(unused);
        [header, slack.to_vec(), vec![251, 7]].concat()
    };
    let clean = frame(&[], &[]);
    assert_eq!(scrub(Coding::Rle, &clean, &EXPECTED), Ok(None));
    assert_eq!(scrubbed(Coding::Rle, &frame(CANARY, &[]), &EXPECTED), clean);
    assert_eq!(scrubbed(Coding::Rle, &frame(&[], CANARY), &EXPECTED), clean);
    let trailing = [&clean[..], CANARY].concat();
    assert_eq!(scrubbed(Coding::Rle, &trailing, &EXPECTED), clean);
    assert!(scrub(Coding::Rle, &clean[..65], &EXPECTED).is_err());
    let wide = Expected {
        bits_allocated: 16,
        ..EXPECTED
    };
    assert!(scrub(Coding::Rle, &clean, &wide).is_err());
}
