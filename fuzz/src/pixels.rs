//! Pixel values in every transfer syntax that is taken apart here: fragments, JPEG, RLE, JPEG-LS, JPEG 2000, native.

use crate::LIMITS;
use cloakroom_core::{Digest, KnownValues, MaskPlan, MaskRegion, Rect};
use cloakroom_p10::{Extent, MemorySource, Object};
use cloakroom_pixels::{
    ImageToAssess, MaskedBytes, MemoryBytes, PersonDecision, PixelLimits, PixelPolicy, assess, mask,
};
use std::sync::Arc;

/// Transfer syntaxes that the first byte of an input chooses from.
pub(crate) const SYNTAXES: [&str; 12] = [
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.100",
];

/// Bytes of an input before the pixel value: syntax, kind of samples, size, frames, decision.
pub(crate) const CHOICES: usize = 5;

const PHOTOMETRIC: [(&str, u16); 6] = [
    ("MONOCHROME2", 1),
    ("MONOCHROME1", 1),
    ("RGB", 3),
    ("YBR_FULL", 3),
    ("YBR_FULL_422", 3),
    ("PALETTE COLOR", 1),
];

/// Assesses an image, and wipes a part of it that a person is said to have chosen.
///
/// Law: what is masked can be read to its end, and is as long as it says.
pub fn pixels(bytes: &[u8]) {
    let Some((choices, value)) = bytes.split_first_chunk::<CHOICES>() else {
        return;
    };
    let file = file_with(*choices, value);
    let source = Arc::new(MemorySource::new(file.clone()));
    let Ok(object) = cloakroom_p10::read(source, Extent::Whole, &LIMITS) else {
        return;
    };
    let wiped = PersonDecision {
        decision: Digest::of(b"decision"),
        plan: MaskPlan {
            regions: vec![MaskRegion {
                rect: Rect {
                    x: 2,
                    y: 1,
                    width: 9,
                    height: 5,
                },
                frames: None,
                source: "person".into(),
            }],
        },
    };
    let nothing = PersonDecision {
        decision: wiped.decision,
        plan: MaskPlan::default(),
    };
    let decision = match choices[4] % 3 {
        0 => None,
        1 => Some(&nothing),
        _ => Some(&wiped),
    };
    masked(&object, file, decision);
}

fn masked(object: &Object, file: Vec<u8>, decision: Option<&PersonDecision>) {
    let limits = PixelLimits {
        frame_pixels: 1 << 16,
        frames: 64,
        frame_bytes: 1 << 19,
        image_bytes: 1 << 21,
    };
    let policy = PixelPolicy {
        limits,
        ..PixelPolicy::contest()
    };
    let image = object.describe_image();
    let bytes = MemoryBytes(file);
    let known = KnownValues::new(Vec::new());
    let request = ImageToAssess {
        image: &image,
        layout: object.pixel_layout(),
        bytes: &bytes,
        policy: &policy,
        detector: None,
        known: &known,
        decision,
    };
    let Ok(masked) = mask(&request, &assess(&request)) else {
        return;
    };
    if let MaskedBytes::Replaced(value) = masked.bytes() {
        let mut written = Vec::new();
        let result = value.write_to(&bytes, &mut written);
        assert!(result.is_ok(), "what was masked could not be written");
        assert_eq!(
            written.len() as u64,
            value.len(),
            "the length was told wrong"
        );
    }
}

/// A CT with this pixel value.
pub(crate) fn file_with(choices: [u8; CHOICES], value: &[u8]) -> Vec<u8> {
    let [syntax, samples, size, frames, _] = choices;
    let syntax = SYNTAXES[usize::from(syntax) % SYNTAXES.len()];
    let big = syntax.ends_with("1.2.2");
    let mut file = vec![0; 128];
    file.extend_from_slice(b"DICM");
    put(&mut file, false, (0x0002, 0x0010), *b"UI", even(syntax, 0));
    let (photometric, count) = PHOTOMETRIC[usize::from(samples) % PHOTOMETRIC.len()];
    let allocated: u16 = if samples & 0x80 == 0 { 8 } else { 16 };
    let stored = allocated - u16::from(samples >> 4 & 7).min(allocated - 1);
    let rows = 8 + u16::from(size & 15);
    let columns = 8 + u16::from(size >> 4);
    let number = |value: u16| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
        .to_vec()
    };
    let mut text = |tag, vr: &[u8; 2], value: &str| {
        put(
            &mut file,
            big,
            tag,
            *vr,
            even(value, if vr == b"UI" { 0 } else { b' ' }),
        );
    };
    text((0x0008, 0x0016), b"UI", "1.2.840.10008.5.1.4.1.1.2");
    text((0x0008, 0x0018), b"UI", "2.25.1");
    text((0x0008, 0x0060), b"CS", "CT");
    let mut short = |element, value| put(&mut file, big, (0x0028, element), *b"US", number(value));
    short(0x0002, count);
    put(
        &mut file,
        big,
        (0x0028, 0x0004),
        *b"CS",
        even(photometric, b' '),
    );
    if count > 1 {
        put(
            &mut file,
            big,
            (0x0028, 0x0006),
            *b"US",
            number(u16::from(frames >> 7)),
        );
    }
    let frames = format!("{}", frames & 7);
    put(
        &mut file,
        big,
        (0x0028, 0x0008),
        *b"IS",
        even(&frames, b' '),
    );
    for (element, value) in [
        (0x0010, rows),
        (0x0011, columns),
        (0x0100, allocated),
        (0x0101, stored),
        (0x0102, stored - 1),
        (0x0103, u16::from(size & 1)),
    ] {
        put(&mut file, big, (0x0028, element), *b"US", number(value));
    }
    let encapsulated = !syntax.ends_with(".1.2.1") && !big;
    pixel_value(&mut file, big, encapsulated, value);
    file
}

fn pixel_value(file: &mut Vec<u8>, big: bool, encapsulated: bool, value: &[u8]) {
    let number = |value: u16| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    file.extend(number(0x7FE0));
    file.extend(number(0x0010));
    file.extend_from_slice(if encapsulated { b"OB\0\0" } else { b"OW\0\0" });
    if encapsulated {
        file.extend(u32::MAX.to_le_bytes());
        file.extend_from_slice(value);
        return;
    }
    let length = u32::try_from(value.len()).unwrap_or(0);
    file.extend(if big {
        length.to_be_bytes()
    } else {
        length.to_le_bytes()
    });
    file.extend_from_slice(value);
}

fn put(file: &mut Vec<u8>, big: bool, tag: (u16, u16), vr: [u8; 2], value: Vec<u8>) {
    let number = |value: u16| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    file.extend(number(tag.0));
    file.extend(number(tag.1));
    file.extend(vr);
    file.extend(number(u16::try_from(value.len()).unwrap_or(0)));
    file.extend(value);
}

fn even(text: &str, padding: u8) -> Vec<u8> {
    let mut value = text.as_bytes().to_vec();
    if value.len() % 2 == 1 {
        value.push(padding);
    }
    value
}
