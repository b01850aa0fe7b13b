//! Heads, bodies and what was made of them, from the testkit.

use super::*;
use crate::bytes::MemoryBytes;
use crate::policy::PixelPolicy;
use cloakroom_core::{ByteRange, KnownValues, Phi, PixelLayout, Tag};
use cloakroom_testkit::phantom::head::{self, Head};
use cloakroom_testkit::phantom::{Canvas, Ellipse};
use cloakroom_testkit::random::Random;

const SIZE: usize = 128;
const SPACING: f64 = 2.0;

/// An axial CT slice at some height.
fn described(z: f64, part: &str) -> ImageDescription {
    ImageDescription {
        transfer_syntax: "1.2.840.10008.1.2.1".into(),
        sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
        modality: "CT".into(),
        body_part: Phi::new(part.into()),
        rows: SIZE as u32,
        columns: SIZE as u32,
        frames: 1,
        samples: 1,
        bits_allocated: 16,
        bits_stored: 12,
        high_bit: 11,
        photometric: "MONOCHROME2".into(),
        rescale: Some((1.0, -1024.0)),
        pixel_spacing: Some((SPACING, SPACING)),
        orientation: Some([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
        position: Some([-128.0, -128.0, z]),
        pixel_tag: Some(Tag(0x7FE0, 0x0010)),
        ..ImageDescription::default()
    }
}

/// What a series of these slices shows.
fn found(slices: &[(ImageDescription, Canvas)]) -> FaceFinding {
    let images: Vec<_> = slices.iter().map(|(image, _)| image.clone()).collect();
    let policy = PixelPolicy::contest();
    let with = |number: usize, then: &mut dyn FnMut(&ImageToAssess<'_>)| {
        let words = slices[number]
            .1
            .samples
            .iter()
            .map(|hu| (hu + 1024).clamp(0, 4095) as u16);
        let bytes = MemoryBytes(words.flat_map(u16::to_le_bytes).collect());
        let layout = PixelLayout::Native {
            value: ByteRange {
                start: 0,
                end: bytes.0.len() as u64,
            },
        };
        then(&ImageToAssess {
            image: &slices[number].0,
            layout: Some(&layout),
            bytes: &bytes,
            policy: &policy,
            detector: None,
            known: &KnownValues::default(),
            decision: None,
        });
        Ok(())
    };
    let search = FaceSearch::new(&images);
    let [one, many] = [1, 3].map(|threads| {
        search
            .look(NonZeroUsize::new(threads).unwrap(), &with)
            .unwrap()
    });
    assert_eq!(one, many);
    one
}

/// The slices of a head between two depths below its crown, `step` millimetres apart.
fn head(
    kind: Head,
    (from, to): (f64, f64),
    step: f64,
    part: &str,
) -> Vec<(ImageDescription, Canvas)> {
    let mut random = Random::named(1, "head");
    let count = ((to - from) / step) as usize;
    (0..count)
        .map(|index| from + index as f64 * step)
        .map(|below| {
            let canvas = head::slice(kind, SIZE, SPACING, below, &mut random);
            (described(-below, part), canvas)
        })
        .collect()
}

#[test]
fn a_head_with_a_face_is_found_whatever_the_header_calls_it() {
    for (part, step) in [("HEAD", 3.0), ("", 1.0), ("CHEST", 5.0)] {
        let slices = head(Head::Whole, (-20.0, 225.0), step, part);
        assert_eq!(found(&slices), FaceFinding::Visible, "{part} {step}");
    }
    // The crown is not in view.
    let slices = head(Head::Whole, (70.0, 200.0), 3.0, "");
    assert_eq!(found(&slices), FaceFinding::Visible);
}

#[test]
fn a_face_is_found_in_slices_of_other_directions_and_in_order_of_nothing() {
    let axial = head(Head::Whole, (-20.0, 225.0), 2.0, "");
    let mut shuffled = axial.clone();
    shuffled.sort_by_key(|(image, _)| {
        image
            .position
            .map_or(0, |[.., z]| (z * 7919.0) as i64 % 101)
    });
    assert_eq!(found(&shuffled), FaceFinding::Visible);
    // The same voxels, cut from left to right.
    let sagittal: Vec<_> = (0..SIZE)
        .step_by(2)
        .map(|x| {
            let mut canvas = Canvas::new(SIZE, SIZE, -1000);
            for (z, (_, slice)) in axial.iter().enumerate().take(SIZE) {
                for y in 0..SIZE {
                    canvas.samples[z * SIZE + y] = slice.samples[y * SIZE + x];
                }
            }
            let mut image = described(0.0, "");
            image.orientation = Some([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]);
            image.position = Some([x as f64 * SPACING - 128.0, -128.0, 20.0]);
            (image, canvas)
        })
        .collect();
    assert_eq!(found(&sagittal), FaceFinding::Visible);
}

#[test]
fn without_a_face_nothing_is_held_for_one() {
    let cases = [
        (Head::Stripped, (-20.0, 225.0)),
        (Head::Defaced, (-20.0, 225.0)),
        (Head::Whole, (-20.0, 95.0)),
        (Head::Whole, (20.0, 95.0)),
    ];
    for (kind, range) in cases {
        let slices = head(kind, range, 3.0, "HEAD");
        assert_eq!(found(&slices), FaceFinding::Absent, "{kind:?} {range:?}");
    }
    let trunk: Vec<_> = (0..80)
        .map(|index| {
            let mut canvas = Canvas::new(SIZE, SIZE, -1000);
            canvas.fill(
                Ellipse {
                    x: 64.0,
                    y: 64.0,
                    a: 62.0,
                    b: 45.0,
                },
                40,
            );
            (described(f64::from(index) * 5.0, ""), canvas)
        })
        .collect();
    assert_eq!(found(&trunk), FaceFinding::Absent);
}

#[test]
fn a_head_whose_face_can_neither_be_seen_nor_missed_is_in_doubt() {
    // A front without a nose that does not recede: blurred, or a mask.
    let mut random = Random::named(1, "smooth");
    let slices: Vec<_> = (0..80)
        .map(|index| f64::from(index) * 3.0 - 20.0)
        .map(|below| {
            // Above the nose every slice is as it would be; further down the same smooth slice goes on.
            let canvas = head::slice(Head::Whole, SIZE, SPACING, below.min(105.0), &mut random);
            (described(-below, "BRAIN"), canvas)
        })
        .collect();
    assert_eq!(found(&slices), FaceFinding::Unsure);
}

#[test]
fn where_geometry_says_nothing_only_another_part_of_the_body_is_believed() {
    for (part, finding) in [
        ("HEAD", FaceFinding::Unsure),
        ("", FaceFinding::Unsure),
        ("CHEST", FaceFinding::Absent),
    ] {
        let mut slices = head(Head::Whole, (-20.0, 225.0), 10.0, part);
        slices
            .iter_mut()
            .for_each(|(image, _)| image.position = None);
        assert_eq!(found(&slices), finding, "{part}");
    }
}
