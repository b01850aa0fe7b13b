//! Pixels that do not fit what the header says of them.

use super::{BrokenFile, small};
use crate::dicom::jpeg::{self, JpegColour};
use crate::dicom::{Dataset, Syntax, Value};
use cloakroom_core::{HoldReason, Outcome, QuarantineReason};
use dicom_core::VR;
use dicom_dictionary_std::tags;

const HELD: [Outcome; 5] = [
    Outcome::Held(HoldReason::PixelUndecodable),
    Outcome::Held(HoldReason::PixelReasonMissing),
    Outcome::Held(HoldReason::DetectorMissing),
    Outcome::Quarantined(QuarantineReason::Malformed),
    Outcome::Quarantined(QuarantineReason::Truncated),
];
/// A decoder can still read it, and a program may or may not want to.
const EITHER: [Outcome; 5] = [Outcome::Cleared, HELD[0], HELD[1], HELD[2], HELD[3]];

fn make(
    name: &'static str,
    why: &'static str,
    expected: &[Outcome],
    number: u32,
    change: impl FnOnce(&mut Dataset),
) -> BrokenFile {
    let mut file = small(number);
    change(&mut file.dataset);
    BrokenFile {
        name,
        why,
        bytes: file.bytes(),
        expected: expected.to_vec(),
    }
}

fn jpeg_file(
    name: &'static str,
    why: &'static str,
    expected: &[Outcome],
    number: u32,
    pixels: impl FnOnce(Vec<u8>) -> Value,
) -> BrokenFile {
    let mut file = small(number);
    file.syntax = Syntax::JpegBaseline;
    let samples: Vec<u8> = (0..64).map(|index| index * 3).collect();
    let frame = jpeg::encode_frame(&samples, 8, 8, JpegColour::Gray, 90);
    file.dataset
        .text(tags::LOSSY_IMAGE_COMPRESSION, "01")
        .text(tags::LOSSY_IMAGE_COMPRESSION_RATIO, "2")
        .put(tags::PIXEL_DATA, VR::OB, pixels(frame));
    BrokenFile {
        name,
        why,
        bytes: file.bytes(),
        expected: expected.to_vec(),
    }
}

pub(super) fn files() -> Vec<BrokenFile> {
    let mut files = native();
    files.extend(encapsulated());
    files
}

fn native() -> Vec<BrokenFile> {
    let bytes = |count: usize| Value::Bytes(vec![7; count]);
    vec![
        make(
            "pixels-shorter-than-geometry",
            "fewer pixels than rows times columns",
            &HELD,
            200,
            |dataset| {
                dataset.put(tags::PIXEL_DATA, VR::OB, bytes(40));
            },
        ),
        make(
            "pixels-longer-than-geometry",
            "more pixels than rows times columns",
            &EITHER,
            201,
            |dataset| {
                dataset.put(tags::PIXEL_DATA, VR::OB, bytes(80));
            },
        ),
        make(
            "pixels-absent",
            "geometry without pixels",
            &EITHER,
            202,
            |dataset| {
                dataset.remove(tags::PIXEL_DATA);
            },
        ),
        make(
            "pixels-empty",
            "a pixel value of no bytes",
            &EITHER,
            203,
            |dataset| {
                dataset.put(tags::PIXEL_DATA, VR::OB, bytes(0));
            },
        ),
        make(
            "rows-and-columns-huge",
            "65,535 pixels square in 64 bytes",
            &HELD,
            204,
            |dataset| {
                dataset
                    .words(tags::ROWS, &[65_535])
                    .words(tags::COLUMNS, &[65_535]);
            },
        ),
        make("rows-zero", "no rows", &HELD, 205, |dataset| {
            dataset.words(tags::ROWS, &[0]);
        }),
        make(
            "bits-allocated-zero",
            "samples of no bits",
            &HELD,
            206,
            |dataset| {
                dataset.words(tags::BITS_ALLOCATED, &[0]);
            },
        ),
        make(
            "bits-stored-above-allocated",
            "more bits stored than allocated",
            &HELD,
            207,
            |dataset| {
                dataset
                    .words(tags::BITS_STORED, &[12])
                    .words(tags::HIGH_BIT, &[11]);
            },
        ),
        make(
            "frames-not-a-number",
            "Number of Frames is a word",
            &HELD,
            208,
            |dataset| {
                dataset.text(tags::NUMBER_OF_FRAMES, "many");
            },
        ),
        make(
            "frames-huge",
            "two billion frames in 64 bytes",
            &HELD,
            209,
            |dataset| {
                dataset.text(tags::NUMBER_OF_FRAMES, "2000000000");
            },
        ),
        make(
            "photometric-unknown",
            "a photometric interpretation that no edition has",
            &HELD,
            210,
            |dataset| {
                dataset.text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME9");
            },
        ),
        make(
            "palette-without-palette",
            "PALETTE COLOR without its tables",
            &HELD,
            211,
            |dataset| {
                dataset.text(tags::PHOTOMETRIC_INTERPRETATION, "PALETTE COLOR");
            },
        ),
    ]
}

fn encapsulated() -> Vec<BrokenFile> {
    let fragments =
        |offsets: Vec<u32>, fragments: Vec<Vec<u8>>| Value::Fragments { offsets, fragments };
    vec![
        jpeg_file(
            "offset-table-wrong",
            "a Basic Offset Table that points past the frames",
            &EITHER,
            220,
            |frame| fragments(vec![9999], vec![frame]),
        ),
        jpeg_file(
            "fragment-empty",
            "a fragment of no bytes between two",
            &EITHER,
            221,
            |frame| {
                let middle = frame.len() / 4 * 2;
                fragments(
                    vec![],
                    vec![
                        frame[..middle].to_vec(),
                        Vec::new(),
                        frame[middle..].to_vec(),
                    ],
                )
            },
        ),
        jpeg_file(
            "fragments-more-than-frames",
            "a second image where one frame is stated",
            &EITHER,
            222,
            |frame| fragments(vec![], vec![frame.clone(), frame]),
        ),
        jpeg_file(
            "fragments-none",
            "encapsulated pixels without a fragment",
            &HELD,
            223,
            |_| fragments(vec![], vec![]),
        ),
        jpeg_file(
            "fragments-never-closed",
            "encapsulated pixels without the delimiter",
            &[HELD[4], HELD[3], HELD[0]],
            224,
            |frame| {
                let mut bytes =
                    b"\xE0\x7F\x10\0OB\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\0\0\0\0\xFE\xFF\0\xE0"
                        .to_vec();
                bytes.extend_from_slice(
                    &(frame.len() as u32 + frame.len() as u32 % 2).to_le_bytes(),
                );
                bytes.extend_from_slice(&frame);
                if frame.len() % 2 == 1 {
                    bytes.push(0);
                }
                Value::Verbatim(bytes)
            },
        ),
        jpeg_file(
            "jpeg-truncated",
            "a JPEG that ends in the middle",
            &HELD,
            225,
            |frame| fragments(vec![0], vec![frame[..frame.len() * 2 / 3].to_vec()]),
        ),
        jpeg_file(
            "jpeg-of-another-size",
            "a JPEG of other rows and columns than the header states",
            &HELD,
            226,
            |_| {
                fragments(
                    vec![0],
                    vec![jpeg::encode_frame(&[90; 256], 16, 16, JpegColour::Gray, 90)],
                )
            },
        ),
        jpeg_file(
            "jpeg-is-noise",
            "bytes that are no JPEG",
            &HELD,
            227,
            |_| fragments(vec![0], vec![vec![0xAB; 100]]),
        ),
        jpeg_file(
            "native-pixels-in-jpeg-syntax",
            "pixels of stated length under an encapsulated transfer syntax",
            &HELD,
            228,
            |_| Value::Bytes(vec![5; 64]),
        ),
    ]
}
