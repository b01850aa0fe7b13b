use super::*;
use crate::bytes::MemoryBytes;
use crate::policy::Fill;
use crate::spans::{Bitmap, effective_regions};
use cloakroom_core::frames::Palette;
use cloakroom_core::{MaskPlan, Rect};
use proptest::prelude::*;

fn image(photometric: &str, bits: (u16, u16), samples: u16, frames: u32) -> ImageDescription {
    ImageDescription {
        photometric: photometric.into(),
        rows: 6,
        columns: 10,
        frames,
        samples,
        bits_allocated: bits.0,
        bits_stored: bits.1,
        high_bit: bits.1 - 1,
        ..ImageDescription::default()
    }
}

fn region(x: u32, y: u32, width: u32, height: u32, frames: Option<(u32, u32)>) -> MaskRegion {
    MaskRegion {
        rect: Rect {
            x,
            y,
            width,
            height,
        },
        frames,
        source: "test".into(),
    }
}

struct Changed {
    bytes: Vec<u8>,
    result: NativeResult,
    regions: Vec<MaskRegion>,
}

fn change(
    image: &ImageDescription,
    value: &[u8],
    plan: Vec<MaskRegion>,
) -> Result<Changed, HoldReason> {
    change_with(image, value, plan, &PixelPolicy::contest())
}

fn change_with(
    image: &ImageDescription,
    value: &[u8],
    plan: Vec<MaskRegion>,
    policy: &PixelPolicy,
) -> Result<Changed, HoldReason> {
    let file = MemoryBytes([b"HEAD", value, b"TAIL"].concat());
    let range = ByteRange {
        start: 4,
        end: 4 + value.len() as u64,
    };
    let native = NativePixels::new(&file, range, image, policy)?;
    let plan = MaskPlan { regions: plan };
    let regions = effective_regions(&plan, image.columns, image.rows, native.shape.halved_colour);
    let result = native.change(image, policy, &regions)?;
    let bytes = result
        .value
        .as_ref()
        .map_or(value.to_vec(), |value| value.to_vec(&file).unwrap());
    Ok(Changed {
        bytes,
        result,
        regions,
    })
}

fn ramp(len: usize) -> Vec<u8> {
    (0..len).map(|index| 10 + (index * 7 % 200) as u8).collect()
}

#[test]
fn grey_bytes_are_wiped_below_the_minimum_and_nowhere_else() {
    let image = image("MONOCHROME2", (8, 8), 1, 2);
    let value = ramp(120);
    let changed = change(&image, &value, vec![region(8, 4, 9, 9, None)]).unwrap();
    for (index, (old, new)) in value.iter().zip(&changed.bytes).enumerate() {
        let (x, y) = (index % 10, index / 10 % 6);
        if x >= 8 && y >= 4 {
            assert_eq!(*new, 9);
        } else {
            assert_eq!(old, new);
        }
    }
    let proof = changed.result.proof.unwrap();
    assert_eq!((proof.wiped, proof.equal), (8, 112));
    assert_eq!(
        changed.regions[0].rect,
        Rect {
            x: 8,
            y: 4,
            width: 2,
            height: 2
        }
    );
}

#[test]
fn a_region_of_one_frame_leaves_the_others() {
    let image = image("MONOCHROME2", (8, 8), 1, 3);
    let value = ramp(180);
    let changed = change(&image, &value, vec![region(0, 0, 10, 6, Some((1, 1)))]).unwrap();
    assert_eq!(changed.bytes[..60], value[..60]);
    assert_eq!(changed.bytes[120..], value[120..]);
    assert!(changed.bytes[60..120].iter().all(|byte| *byte == 9));
}

#[test]
fn signed_and_big_endian_words_are_filled_in_their_own_order() {
    for big_endian in [false, true] {
        let image = ImageDescription {
            signed: true,
            big_endian,
            ..image("MONOCHROME2", (16, 12), 1, 1)
        };
        let values: Vec<i16> = (0..60).map(|index| index - 30).collect();
        let bytes = |value: i16| {
            if big_endian {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            }
        };
        let value: Vec<u8> = values.iter().flat_map(|value| bytes(*value)).collect();
        let changed = change(&image, &value, vec![region(0, 0, 1, 1, None)]).unwrap();
        assert_eq!(changed.bytes[..2], bytes(-31));
        assert_eq!(changed.bytes[2..], value[2..]);
    }
}

#[test]
fn colour_is_wiped_black_in_every_layout() {
    for (photometric, planar, black) in [
        ("RGB", false, [0, 0, 0]),
        ("RGB", true, [0, 0, 0]),
        ("YBR_FULL", false, [0, 128, 128]),
        ("YBR_FULL", true, [0, 128, 128]),
    ] {
        let image = ImageDescription {
            planar,
            ..image(photometric, (8, 8), 3, 2)
        };
        let value = ramp(360);
        let changed = change(&image, &value, vec![region(2, 1, 3, 2, None)]).unwrap();
        let proof = changed.result.proof.unwrap();
        assert_eq!((proof.wiped, proof.equal), (36, 324));
        let at = |x: usize, y: usize, sample: usize| {
            if planar {
                sample * 60 + y * 10 + x
            } else {
                (y * 10 + x) * 3 + sample
            }
        };
        for sample in 0..3 {
            assert_eq!(
                changed.bytes[at(4, 2, sample)],
                black[sample],
                "{photometric} {planar}"
            );
            assert_eq!(changed.bytes[at(5, 2, sample)], value[at(5, 2, sample)]);
        }
    }
}

#[test]
fn halved_colour_is_wiped_in_pairs() {
    let image = image("YBR_FULL_422", (8, 8), 3, 1);
    let value = ramp(120);
    let changed = change(&image, &value, vec![region(3, 0, 2, 1, None)]).unwrap();
    assert_eq!(
        changed.regions[0].rect,
        Rect {
            x: 2,
            y: 0,
            width: 4,
            height: 1
        }
    );
    assert_eq!(changed.bytes[4..12], [0, 0, 128, 128, 0, 0, 128, 128]);
    assert_eq!(changed.bytes[12..], value[12..]);
    assert_eq!(changed.result.proof.unwrap().wiped, 8);
    // Three samples for every pixel, though the header says otherwise.
    let value = ramp(180);
    let changed = change(&image, &value, vec![region(3, 0, 1, 1, None)]).unwrap();
    assert_eq!(changed.bytes[9..12], [0, 128, 128]);
}

#[test]
fn a_palette_is_wiped_with_its_darkest_index() {
    let palette = Palette {
        first: 2,
        channels: [vec![9, 0, 7], vec![9, 1, 7], vec![9, 0, 7]],
    };
    let image = ImageDescription {
        palette: Some(palette),
        ..image("PALETTE COLOR", (8, 8), 1, 1)
    };
    let changed = change(&image, &ramp(60), vec![region(0, 0, 1, 1, None)]).unwrap();
    assert_eq!(changed.bytes[0], 3);
}

#[test]
fn one_bit_frames_share_bytes_and_stay_apart() {
    let image = ImageDescription {
        columns: 5,
        rows: 3,
        ..image("MONOCHROME2", (1, 1), 1, 3)
    };
    let changed = change(&image, &[0xFF; 6], vec![region(0, 0, 5, 3, Some((1, 1)))]).unwrap();
    let bits: Vec<u8> = changed
        .bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1))
        .collect();
    assert!(bits[..15].iter().all(|bit| *bit == 1));
    assert!(bits[15..30].iter().all(|bit| *bit == 0));
    assert!(bits[30..45].iter().all(|bit| *bit == 1));
    assert_eq!(bits[45..], [0, 0, 0]);
}

#[test]
fn black_is_what_the_photometric_shows_black() {
    let policy = PixelPolicy {
        fill: Fill::Black,
        ..PixelPolicy::contest()
    };
    for (photometric, black) in [("MONOCHROME2", 0), ("MONOCHROME1", 255)] {
        let image = image(photometric, (8, 8), 1, 1);
        let plan = vec![region(0, 0, 1, 1, None)];
        assert_eq!(
            change_with(&image, &ramp(60), plan, &policy).unwrap().bytes[0],
            black
        );
    }
}

#[test]
fn stray_bits_are_cleared_signs_stay_and_an_image_holds() {
    let image = ImageDescription {
        columns: 100,
        rows: 100,
        ..image("MONOCHROME2", (16, 12), 1, 1)
    };
    let clean: Vec<u8> = (0..10_000_u16)
        .flat_map(|index| (index % 3000).to_le_bytes())
        .collect();
    assert!(
        change(&image, &clean, vec![])
            .unwrap()
            .result
            .value
            .is_none()
    );
    let mut stray = clean.clone();
    stray[1001] |= 0x80;
    let changed = change(&image, &stray, vec![]).unwrap();
    assert!(changed.result.hidden_cleared);
    assert_eq!(changed.bytes, clean);
    let strict = PixelPolicy::strict();
    assert_eq!(
        change_with(&image, &stray, vec![], &strict).err(),
        Some(HoldReason::HiddenBits)
    );
    let mut second_image = clean.clone();
    for index in 0..200 {
        second_image[index * 40 + 1] |= 0x10;
    }
    assert_eq!(
        change(&image, &second_image, vec![]).err(),
        Some(HoldReason::HiddenBits)
    );
    let signed = ImageDescription {
        signed: true,
        ..image.clone()
    };
    let negative: Vec<u8> = (0..10_000_i32)
        .flat_map(|index| ((index % 3000 - 1500) as i16).to_le_bytes())
        .collect();
    assert!(
        change(&signed, &negative, vec![])
            .unwrap()
            .result
            .value
            .is_none()
    );
    let padded = ImageDescription {
        padding: Some(-2000),
        ..image
    };
    let mut outside: Vec<u8> = clean;
    for index in 0..1000 {
        outside[index * 2..index * 2 + 2].copy_from_slice(&(-2000_i16).to_le_bytes());
    }
    assert!(
        change(&padded, &outside, vec![])
            .unwrap()
            .result
            .value
            .is_none()
    );
}

#[test]
fn what_follows_the_last_frame_goes_and_a_short_value_holds() {
    let image = ImageDescription {
        columns: 3,
        rows: 3,
        ..image("MONOCHROME2", (8, 8), 1, 1)
    };
    assert!(
        change(&image, &[5, 5, 5, 5, 5, 5, 5, 5, 5, 0], vec![])
            .unwrap()
            .result
            .value
            .is_none()
    );
    let changed = change(
        &image,
        &[5, 5, 5, 5, 5, 5, 5, 5, 5, b'N', b'A', b'M'],
        vec![],
    )
    .unwrap();
    assert!(changed.result.slack_removed);
    assert_eq!(changed.bytes, [5, 5, 5, 5, 5, 5, 5, 5, 5, 0]);
    let changed = change(&image, &[5, 5, 5, 5, 5, 5, 5, 5, 5, b'N'], vec![]).unwrap();
    assert_eq!(changed.bytes[9], 0);
    assert_eq!(
        change(&image, &[5; 8], vec![]).err(),
        Some(HoldReason::PixelUndecodable)
    );
}

#[test]
fn a_description_that_contradicts_itself_holds_before_anything_is_allocated() {
    let wrong: [fn(&mut ImageDescription); 7] = [
        |image| image.rows = 0,
        |image| image.columns = 4_000_000_000,
        |image| image.bits_stored = 17,
        |image| image.high_bit = 3,
        |image| image.samples = 3,
        |image| image.photometric = "CMYK".into(),
        |image| (image.rows, image.columns) = (65_535, 65_535),
    ];
    for (index, change_it) in wrong.iter().enumerate() {
        let mut image = image("MONOCHROME2", (16, 12), 1, 1);
        change_it(&mut image);
        assert!(change(&image, &ramp(120), vec![]).is_err(), "{index}");
    }
}

proptest! {
    #[test]
    fn any_mask_of_any_layout_is_proven(
        bits in prop::sample::select(vec![(8, 8), (8, 5), (16, 10), (16, 16), (32, 32)]),
        kind in 0_usize..4,
        big_endian: bool,
        seed in 0_usize..200,
        rects in prop::collection::vec((0_u32..12, 0_u32..8, 1_u32..12, 1_u32..8, 0_u32..3), 1..4),
    ) {
        let (photometric, samples, planar) =
            [("MONOCHROME1", 1, false), ("MONOCHROME2", 1, false), ("RGB", 3, false), ("RGB", 3, true)][kind];
        let big_endian = big_endian && bits.0 > 8;
        let image = ImageDescription { planar, big_endian, ..image(photometric, bits, samples, 3) };
        let count = 60 * usize::from(samples) * 3;
        let mut value = Vec::new();
        for index in 0..count {
            let word = (index * 7919 + seed * 31) as u32 & (u32::MAX >> (32 - u32::from(bits.1)));
            match (bits.0, big_endian) {
                (8, _) => value.push(word as u8),
                (16, false) => value.extend((word as u16).to_le_bytes()),
                (16, true) => value.extend((word as u16).to_be_bytes()),
                (_, false) => value.extend(word.to_le_bytes()),
                (_, true) => value.extend(word.to_be_bytes()),
            }
        }
        let plan = rects.iter().map(|(x, y, width, height, frame)| {
            region(*x, *y, *width, *height, (*frame > 0).then_some((*frame, 2)))
        }).collect();
        let changed = change(&image, &value, plan).unwrap();
        prop_assert_eq!(changed.bytes.len(), value.len());
        let proof = changed.result.proof;
        let areas: u64 = (0..3).map(|frame| Bitmap::new(&rects_of_frame(&changed.regions, frame), 10, 6).area()).sum();
        if areas > 0 {
            let proof = proof.unwrap();
            prop_assert_eq!(proof.wiped, areas * u64::from(samples));
            prop_assert_eq!(proof.equal + proof.wiped, count as u64);
        }
    }
}
