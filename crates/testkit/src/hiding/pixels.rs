//! In and around pixels, where it is not a picture of text.

use super::{Collector, Secret};
use crate::canaries::CanaryKind;
use crate::dicom::jpeg::{self, JpegColour};
use crate::dicom::{Dataset, DicomFile, Syntax, Value, rle};
use crate::objects::common::{Samples, pixels_encapsulated};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};

pub(super) fn add(collector: &mut Collector) {
    overlays(collector);
    frames(collector);
    for (name, tag, vr) in [
        ("LUT explanation", tags::LUT_EXPLANATION, VR::LO),
        (
            "window explanation",
            tags::WINDOW_CENTER_WIDTH_EXPLANATION,
            VR::LO,
        ),
        ("rescale type", tags::RESCALE_TYPE, VR::LO),
        (
            "quality comment",
            tags::PIXEL_SPACING_CALIBRATION_DESCRIPTION,
            VR::LO,
        ),
        ("color space", tags::COLOR_SPACE, VR::CS),
    ] {
        collector.hide(
            &format!("pixels {name}"),
            CanaryKind::Text,
            |file, secret| {
                file.dataset.put(tag, vr, Value::Text(secret.word.clone()));
            },
        );
    }
    collector.hide("pixels icon image", CanaryKind::Bytes, |file, secret| {
        let mut icon = Dataset::new();
        Samples::GRAY_8.put(&mut icon, 4, 4);
        icon.put(
            tags::PIXEL_DATA,
            VR::OB,
            Value::Bytes(format!("{}1234", secret.word).into_bytes()),
        );
        file.dataset.sequence(tags::ICON_IMAGE_SEQUENCE, vec![icon]);
    });
    collector.hide(
        "pixels bits above Bits Stored unseen",
        CanaryKind::Bytes,
        |file, secret| {
            // The sample keeps twelve bits; each of the four above holds half a letter.
            if let Some(Value::Words(mut words)) = file
                .dataset
                .get(tags::PIXEL_DATA)
                .map(|element| element.value.clone())
            {
                let halves = secret.word.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
                for (word, half) in words.iter_mut().zip(halves) {
                    *word = *word & 0x0FFF | u16::from(half) << 12;
                }
                file.dataset
                    .put(tags::PIXEL_DATA, VR::OW, Value::Words(words));
            }
        },
    );
    collector.hide(
        "pixels second pixel value inside an item",
        CanaryKind::Bytes,
        |file, secret| {
            let mut item = Dataset::new();
            item.put(
                tags::PIXEL_DATA,
                VR::OB,
                Value::Bytes(secret.word.clone().into_bytes()),
            );
            file.dataset
                .sequence(tags::REFERENCED_IMAGE_SEQUENCE, vec![item]);
        },
    );
}

fn overlays(collector: &mut Collector) {
    let text = [
        ("description", 0x0022, VR::LO),
        ("label", 0x1500, VR::LO),
        ("subtype", 0x0045, VR::LO),
        ("comments", 0x4000, VR::LT),
        ("activation layer", 0x1001, VR::CS),
    ];
    for group in [0x6000, 0x601E] {
        for (name, element, vr) in text {
            collector.hide(
                &format!("overlay {group:04X} {name}"),
                CanaryKind::Text,
                |file, secret| {
                    file.dataset
                        .put(Tag(group, element), vr, Value::Text(secret.word.clone()));
                },
            );
        }
        collector.hide(
            &format!("overlay {group:04X} data"),
            CanaryKind::Bytes,
            |file, secret| {
                let mut bits = vec![0; 128];
                bits[..secret.word.len()].copy_from_slice(secret.word.as_bytes());
                file.dataset
                    .put(Tag(group, 0x0010), VR::US, Value::Words(vec![32]))
                    .put(Tag(group, 0x0011), VR::US, Value::Words(vec![32]))
                    .put(Tag(group, 0x0040), VR::CS, Value::Text("G".into()))
                    .put(Tag(group, 0x0050), VR::SS, Value::Words(vec![1, 1]))
                    .put(Tag(group, 0x0100), VR::US, Value::Words(vec![1]))
                    .put(Tag(group, 0x0102), VR::US, Value::Words(vec![0]))
                    .put(Tag(group, 0x3000), VR::OW, Value::Bytes(bits));
            },
        );
    }
    collector.hide("curve data", CanaryKind::Bytes, |file, secret| {
        file.dataset
            .put(Tag(0x5000, 0x0022), VR::LO, Value::Text("curve".into()))
            .put(
                Tag(0x5000, 0x3000),
                VR::OW,
                Value::Bytes(secret.word.clone().into_bytes()),
            );
    });
    collector.hide("curve label", CanaryKind::Text, |file, secret| {
        file.dataset.put(
            Tag(0x5000, 0x2500),
            VR::LO,
            Value::Text(secret.word.clone()),
        );
    });
}

fn frames(collector: &mut Collector) {
    for (name, marker) in [
        ("COM", 0xFE),
        ("APP1", 0xE1),
        ("APP0", 0xE0),
        ("APP13", 0xED),
        ("APP14", 0xEE),
        ("APP2", 0xE2),
    ] {
        collector.hide(
            &format!("frame JPEG {name}"),
            CanaryKind::Bytes,
            |file, secret| {
                let content = format!("Exif\0\0{}", secret.word).into_bytes();
                as_jpeg(file, |frame| {
                    vec![jpeg::with_segment(&frame, marker, &content)]
                });
            },
        );
    }
    collector.hide(
        "frame JPEG bytes after the end",
        CanaryKind::Bytes,
        |file, secret| {
            as_jpeg(file, |mut frame| {
                frame.extend_from_slice(secret.word.as_bytes());
                vec![frame]
            });
        },
    );
    collector.hide(
        "frame JPEG fragment too many",
        CanaryKind::Bytes,
        |file, secret| {
            as_jpeg(file, |frame| vec![frame, secret.word.clone().into_bytes()]);
        },
    );
    collector.hide(
        "frame RLE slack between header and segments",
        CanaryKind::Bytes,
        |file, secret| {
            as_rle(
                file,
                |frame, secret| {
                    frame.splice(64..64, secret.word.bytes());
                    for slot in 1..3 {
                        let place = slot * 4..slot * 4 + 4;
                        let old = u32::from_le_bytes([
                            frame[place.start],
                            frame[place.start + 1],
                            frame[place.start + 2],
                            frame[place.start + 3],
                        ]);
                        frame[place]
                            .copy_from_slice(&(old + secret.word.len() as u32).to_le_bytes());
                    }
                },
                secret,
            );
        },
    );
    collector.hide(
        "frame RLE slack after the segments",
        CanaryKind::Bytes,
        |file, secret| {
            as_rle(
                file,
                |frame, secret| frame.extend_from_slice(secret.word.as_bytes()),
                secret,
            );
        },
    );
    collector.hide(
        "frame RLE header padding",
        CanaryKind::Bytes,
        |file, secret| {
            as_rle(
                file,
                |frame, secret| {
                    frame[40..40 + secret.word.len()].copy_from_slice(secret.word.as_bytes())
                },
                secret,
            );
        },
    );
}

/// Makes the object a Secondary Capture of one 8-bit JPEG frame; `change` returns its fragments.
fn as_jpeg(file: &mut DicomFile, change: impl FnOnce(Vec<u8>) -> Vec<Vec<u8>>) {
    let pixels: Vec<u8> = (0..32 * 32).map(|index| (index % 32 * 7) as u8).collect();
    let frame = jpeg::encode_frame(&pixels, 32, 32, JpegColour::Gray, 90);
    file.syntax = Syntax::JpegBaseline;
    Samples::GRAY_8.put(&mut file.dataset, 32, 32);
    file.dataset
        .text(tags::SOP_CLASS_UID, uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
        .text(tags::CONVERSION_TYPE, "WSD")
        .text(tags::LOSSY_IMAGE_COMPRESSION, "01")
        .text(tags::LOSSY_IMAGE_COMPRESSION_RATIO, "4")
        .text(tags::LOSSY_IMAGE_COMPRESSION_METHOD, "ISO_10918_1");
    let fragments = change(frame);
    file.dataset.put(
        tags::PIXEL_DATA,
        VR::OB,
        Value::Fragments {
            offsets: vec![0],
            fragments,
        },
    );
}

fn as_rle(file: &mut DicomFile, change: impl FnOnce(&mut Vec<u8>, &Secret), secret: &Secret) {
    if let Some(Value::Words(words)) = file
        .dataset
        .get(tags::PIXEL_DATA)
        .map(|element| element.value.clone())
    {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut frame = rle::encode_frame(&bytes, 1, 2, 32);
        change(&mut frame, secret);
        file.syntax = Syntax::Rle;
        pixels_encapsulated(&mut file.dataset, vec![frame]);
    }
}
