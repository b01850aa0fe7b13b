//! The whole way of an image with letters in it, with the real detector where it is installed.

use crate::assess::{Assessment, ImageToAssess, Verdict, assess};
use crate::bytes::MemoryBytes;
use crate::detect::Detector;
use crate::detect::tests::detector;
use crate::font;
use crate::masked::{MaskedBytes, mask};
use crate::policy::PixelPolicy;
use cloakroom_core::{
    ByteRange, HoldReason, ImageDescription, KnownValues, PixelLayout, PixelReason, Rect, Tag,
};

const COLUMNS: usize = 224;
const ROWS: usize = 128;

/// A picture as ultrasound makes it: a fan of speckle on black.
fn speckle(frame: u32) -> Vec<u8> {
    let mut state = 77 + frame;
    (0..COLUMNS * ROWS)
        .map(|index| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = (index % COLUMNS, index / COLUMNS);
            let inside = y > 40 && x.abs_diff(COLUMNS / 2) < y - 36;
            if inside { 40 + (state >> 25) as u8 } else { 4 }
        })
        .collect()
}

fn ultrasound(frames: u32) -> ImageDescription {
    ImageDescription {
        transfer_syntax: "1.2.840.10008.1.2.1".into(),
        sop_class: "1.2.840.10008.5.1.4.1.1.6.1".into(),
        modality: "US".into(),
        rows: ROWS as u32,
        columns: COLUMNS as u32,
        frames,
        samples: 1,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        photometric: "MONOCHROME2".into(),
        pixel_tag: Some(Tag(0x7FE0, 0x0010)),
        ..ImageDescription::default()
    }
}

/// The verdict, and the value after masking.
fn run(
    image: &ImageDescription,
    value: &[u8],
    detector: Option<&Detector>,
) -> (Assessment, Result<Vec<u8>, HoldReason>) {
    let bytes = MemoryBytes(value.to_vec());
    let layout = PixelLayout::Native {
        value: ByteRange {
            start: 0,
            end: value.len() as u64,
        },
    };
    let policy = PixelPolicy::contest();
    let request = ImageToAssess {
        image,
        layout: Some(&layout),
        bytes: &bytes,
        policy: &policy,
        detector,
        known: &KnownValues::default(),
        decision: None,
    };
    let assessment = assess(&request);
    let after = mask(&request, &assessment).map(|masked| match masked.bytes() {
        MaskedBytes::Unchanged => value.to_vec(),
        MaskedBytes::Replaced(new) => new.to_vec(&bytes).unwrap(),
    });
    (assessment, after)
}

/// Pixels of an area that still have the value of the ink.
fn ink(value: &[u8], frame: usize, rect: Rect) -> usize {
    let start = frame * COLUMNS * ROWS;
    (rect.y as usize..(rect.y + rect.height) as usize)
        .flat_map(|y| (rect.x as usize..(rect.x + rect.width) as usize).map(move |x| (x, y)))
        .filter(|(x, y)| value[start + y * COLUMNS + x] == 250)
        .count()
}

fn write(value: &mut [u8], frame: usize, at: (usize, usize), text: &str) -> Rect {
    let start = frame * COLUMNS * ROWS;
    let (columns, rows) = font::draw(
        &mut value[start..start + COLUMNS * ROWS],
        COLUMNS,
        at,
        text,
        (250, 1),
    );
    Rect {
        x: at.0 as u32,
        y: at.1 as u32,
        width: columns as u32,
        height: rows as u32,
    }
}

#[test]
fn without_the_detector_nothing_is_guessed() {
    let (assessment, after) = run(&ultrasound(1), &speckle(0), None);
    assert_eq!(
        assessment.verdict(),
        &Verdict::Hold(HoldReason::DetectorMissing)
    );
    assert_eq!(after, Err(HoldReason::DetectorMissing));
}

#[test]
fn a_name_goes_and_a_picture_without_text_stays_as_it_is() {
    let Some(detector) = detector() else { return };
    let clean = speckle(0);
    let (assessment, after) = run(&ultrasound(1), &clean, Some(&detector));
    let reason = PixelReason::Detector {
        model: detector.digest(),
    };
    assert_eq!(assessment.verdict(), &Verdict::Reason(reason));
    assert_eq!(after.as_deref(), Ok(&clean[..]));
    let declared = ImageDescription {
        burned_in: "YES".into(),
        ..ultrasound(1)
    };
    let (assessment, _) = run(&declared, &clean, Some(&detector));
    assert_eq!(
        assessment.verdict(),
        &Verdict::Hold(HoldReason::BurnedInDeclared)
    );

    let mut named = clean.clone();
    let name = write(&mut named, 0, (6, 8), "ZHANG SAN 19700101");
    let (assessment, after) = run(&ultrasound(1), &named, Some(&detector));
    assert!(
        matches!(assessment.verdict(), Verdict::Mask(..)),
        "{assessment:?}"
    );
    let after = after.unwrap();
    assert_eq!(ink(&after, 0, name), 0);
    let fan = COLUMNS * 70;
    assert_eq!(after[fan..], clean[fan..]);
}

#[test]
fn a_name_in_the_last_frame_alone_is_found() {
    let Some(detector) = detector() else { return };
    let mut cine: Vec<u8> = (0..5).flat_map(speckle).collect();
    let name = write(&mut cine, 4, (6, 8), "ZHANG SAN 19700101");
    let (_, after) = run(&ultrasound(5), &cine, Some(&detector));
    assert_eq!(ink(&after.unwrap(), 4, name), 0);
}

/// Letters one step off the value of their ground, close to something as bright as can be.
#[test]
fn one_step_on_a_flat_ground_is_text_at_every_depth() {
    let Some(detector) = detector() else { return };
    let (columns, rows) = (288, 128);
    let cases = [
        (8_u16, 0_u16, 1_u16),
        (8, 30, 29),
        (12, 1000, 1001),
        (16, 0, 1),
    ];
    for (bits, ground, letters) in cases {
        let mut plane = vec![ground; columns * rows];
        let name = font::draw(
            &mut plane,
            columns,
            (24, 40),
            "ZHANG SAN 1970",
            (letters, 2),
        );
        let far = if ground == 0 {
            u16::MAX >> (16 - bits)
        } else {
            0
        };
        for y in 62..120 {
            plane[y * columns + 20..y * columns + 200].fill(far);
        }
        let image = ImageDescription {
            rows: rows as u32,
            columns: columns as u32,
            bits_allocated: bits.next_multiple_of(8),
            bits_stored: bits,
            high_bit: bits - 1,
            ..ultrasound(1)
        };
        let wide = bits > 8;
        let bytes = plane.iter().flat_map(|value| {
            let bytes = value.to_le_bytes();
            bytes.into_iter().take(if wide { 2 } else { 1 })
        });
        let value: Vec<u8> = bytes.collect();
        let (assessment, after) = run(&image, &value, Some(&detector));
        let after = after.unwrap_or_else(|held| panic!("{bits} {ground}: {held} {assessment:?}"));
        let size = if wide { 2 } else { 1 };
        let kept = |x: usize, y: usize| {
            let at = (y * columns + x) * size;
            plane[y * columns + x] == letters && after[at..at + size] == value[at..at + size]
        };
        let left = (40..40 + name.1)
            .flat_map(|y| (24..24 + name.0).map(move |x| (x, y)))
            .filter(|(x, y)| kept(*x, *y))
            .count();
        assert_eq!(
            left, 0,
            "{bits} bits, {letters} on {ground}: {assessment:?}"
        );
    }
}

#[test]
fn the_rest_of_a_wiped_line_is_not_judged_alone() {
    let rect = |x, y, width, height| Rect {
        x,
        y,
        width,
        height,
    };
    let line = rect(0, 212, 66, 13);
    assert!(super::goes_on(line, rect(64, 211, 22, 14)));
    assert!(super::goes_on(line, rect(70, 211, 22, 14)));
    assert!(!super::goes_on(line, rect(90, 211, 22, 14)));
    assert!(!super::goes_on(line, rect(0, 226, 22, 14)));
    let turned = rect(10, 40, 12, 80);
    assert!(super::goes_on(turned, rect(10, 122, 12, 20)));
    assert!(!super::goes_on(turned, rect(30, 60, 12, 20)));
}
