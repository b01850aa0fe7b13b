//! Frames as samples, whatever they are coded in.
//!
//! Sizes are checked against the header before a decoder runs, so that it cannot be talked into allocating more than
//! the limits allow. Decoders are Rust without `unsafe` of ours; each runs on a thread of its own, so that a panic
//! or a decoder that does not come back within [`PATIENCE`] holds its object and never the run.

use crate::assess::ImageToAssess;
use crate::dct;
use crate::encapsulated::Encapsulated;
use crate::jpegls;
use crate::native::NativePixels;
use crate::rle;
use crate::scrub::{Expected, scrub};
use crate::shape::{Colour, FrameShape};
use crate::syntax::Coding;
use cloakroom_core::{HoldReason, PixelLayout, Tag};
use std::borrow::Cow;
use std::sync::mpsc;
use std::time::Duration;

/// How long one frame may take. Frames decode in milliseconds; only a decoder that hangs needs longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// One frame of samples.
pub(crate) struct Frame<'a> {
    pub(crate) shape: FrameShape,
    /// Laid out as the shape says; samples of one bit take a byte each.
    pub(crate) data: Cow<'a, [u8]>,
}

/// The frames of an image.
pub(crate) enum Frames<'a> {
    Native(NativePixels<'a>),
    Coded(CodedFrames<'a>),
}

/// The frames of an encapsulated image.
pub(crate) struct CodedFrames<'a> {
    pub(crate) coded: Encapsulated<'a>,
    pub(crate) coding: Coding,
    pub(crate) shape: FrameShape,
    transfer_syntax: String,
}

impl<'a> Frames<'a> {
    /// Checks the description and finds the frames; decodes nothing yet.
    pub(crate) fn new(request: &ImageToAssess<'a>) -> Result<Self, HoldReason> {
        let image = request.image;
        if image.pixel_tag != Some(Tag(0x7FE0, 0x0010)) {
            return Err(HoldReason::PixelUndecodable);
        }
        match request.layout {
            None => Err(HoldReason::PixelUndecodable),
            Some(PixelLayout::Native { value }) => {
                NativePixels::new(request.bytes, *value, image, request.policy).map(Self::Native)
            }
            Some(layout) => CodedFrames::new(request, layout).map(Self::Coded),
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        match self {
            Self::Native(native) => native.frames,
            Self::Coded(coded) => u32::try_from(coded.coded.frames()).unwrap_or(u32::MAX),
        }
    }

    /// The samples of one frame.
    pub(crate) fn frame(&self, frame: u32) -> Result<Frame<'a>, HoldReason> {
        match self {
            Self::Native(native) => Ok(Frame {
                shape: native.shape,
                data: native.frame(frame)?,
            }),
            Self::Coded(coded) => coded.frame(frame),
        }
    }
}

impl<'a> CodedFrames<'a> {
    pub(crate) fn new(
        request: &ImageToAssess<'a>,
        layout: &PixelLayout,
    ) -> Result<Self, HoldReason> {
        let image = request.image;
        let coding = Coding::of(&image.transfer_syntax);
        if matches!(coding, Coding::Opaque | Coding::Native) {
            return Err(HoldReason::PixelUndecodable);
        }
        Ok(Self {
            shape: FrameShape::of(image, &request.policy.limits)?,
            coded: Encapsulated::new(request.bytes, layout, coding, image.frames.max(1))?,
            coding,
            transfer_syntax: image.transfer_syntax.clone(),
        })
    }

    /// How frames lie after decoding: interleaved, little endian, every pixel with all of its samples.
    pub(crate) fn decoded_shape(&self) -> FrameShape {
        let plain = self.coding == Coding::EncapsulatedNative;
        FrameShape {
            planar: plain && self.shape.planar,
            big_endian: false,
            halved_colour: plain && self.shape.halved_colour,
            colour: match self.coding {
                // The inverse of the multiple component transformation is a part of decoding.
                Coding::Jpeg2000 if !self.shape.colour.is_single() => Colour::Rgb,
                _ => self.shape.colour,
            },
            ..self.shape
        }
    }

    /// The samples of one frame.
    pub(crate) fn frame(&self, frame: u32) -> Result<Frame<'a>, HoldReason> {
        let shape = self.decoded_shape();
        let coded = self.coded.frame(frame as usize)?;
        // A frame that the scrubber cannot walk, or that says another size than the header, meets no decoder.
        let expected = Expected::from(&self.shape);
        scrub(self.coding, &coded, &expected)?;
        let data = match self.coding {
            Coding::EncapsulatedNative => coded
                .get(..shape.frame_bytes())
                .map(|data| Cow::Owned(data.to_vec())),
            Coding::Rle => rle::decode(&coded, &shape).map(Cow::Owned),
            Coding::JpegDct => match dct::read(&coded) {
                Some(blocks) => dct::samples(&blocks).map(|data| Cow::Owned(words(&data, &shape))),
                None => patiently(coded.into_owned(), shape, jpeg),
            },
            Coding::JpegLossless => patiently(coded.into_owned(), shape, jpeg),
            Coding::Jpeg2000 => {
                let syntax = self.transfer_syntax.clone();
                patiently(coded.into_owned(), shape, move |coded, shape| {
                    jpeg2000::decode(coded, shape, &syntax)
                })
            }
            Coding::JpegLs => patiently(coded.into_owned(), shape, |coded, shape| {
                jpegls::samples(coded).map(|data| words(&data, shape))
            }),
            Coding::Native | Coding::Opaque => None,
        };
        let data = data.filter(|data| data.len() == shape.frame_samples() * shape.sample_bytes());
        Ok(Frame {
            shape,
            data: data.ok_or(HoldReason::PixelUndecodable)?,
        })
    }
}

/// Runs a decoder on a thread of its own and waits for it.
fn patiently(
    coded: Vec<u8>,
    shape: FrameShape,
    decode: impl FnOnce(&[u8], &FrameShape) -> Option<Vec<u8>> + Send + 'static,
) -> Option<Cow<'static, [u8]>> {
    within(PATIENCE, coded, shape, decode)
}

fn within(
    patience: Duration,
    coded: Vec<u8>,
    shape: FrameShape,
    decode: impl FnOnce(&[u8], &FrameShape) -> Option<Vec<u8>> + Send + 'static,
) -> Option<Cow<'static, [u8]>> {
    let (done, result) = mpsc::channel();
    std::thread::Builder::new()
        .name("pixel-decoder".into())
        .stack_size(8 << 20)
        .spawn(move || {
            // A panic drops the sender, which the other side sees as no result.
            let decoded = decode(&coded, &shape);
            drop(done.send(decoded));
        })
        .ok()?;
    result.recv_timeout(patience).ok().flatten().map(Cow::Owned)
}

/// Samples as the shape stores them.
fn words(samples: &[u16], shape: &FrameShape) -> Vec<u8> {
    let size = shape.sample_bytes();
    samples
        .iter()
        .flat_map(|sample| shape.word_bytes(u32::from(*sample)).into_iter().take(size))
        .collect()
}

/// Lossless and progressive JPEG, without any change of colour.
pub(crate) fn jpeg(coded: &[u8], shape: &FrameShape) -> Option<Vec<u8>> {
    let mut decoder = jpeg_decoder::Decoder::new(coded);
    decoder.set_max_decoding_buffer_size(2 * shape.frame_bytes().max(1 << 16));
    if shape.samples == 3 {
        decoder.set_color_transform(jpeg_decoder::ColorTransform::None);
    }
    let data = decoder.decode().ok()?;
    let count = shape.frame_samples();
    let samples: Vec<u16> = if data.len() == count {
        data.iter().map(|byte| u16::from(*byte)).collect()
    } else if data.len() == 2 * count {
        data.chunks_exact(2)
            .map(|pair| u16::from_ne_bytes([pair[0], pair[1]]))
            .collect()
    } else {
        return None;
    };
    Some(words(&samples, shape))
}

mod jpeg2000 {
    //! JPEG 2000 through the adapter of dicom-rs, one frame at a time.

    use crate::shape::FrameShape;
    use dicom_encoding::TransferSyntaxIndex;
    use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
    use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
    use std::borrow::Cow;

    /// One frame as the adapters of dicom-rs want to see an object.
    struct OneFrame<'a> {
        coded: &'a [u8],
        shape: &'a FrameShape,
        transfer_syntax: &'a str,
    }

    impl PixelDataObject for OneFrame<'_> {
        fn transfer_syntax_uid(&self) -> &str {
            self.transfer_syntax
        }

        fn rows(&self) -> Option<u16> {
            u16::try_from(self.shape.rows).ok()
        }

        fn cols(&self) -> Option<u16> {
            u16::try_from(self.shape.columns).ok()
        }

        fn samples_per_pixel(&self) -> Option<u16> {
            Some(self.shape.samples)
        }

        fn bits_allocated(&self) -> Option<u16> {
            Some(self.shape.bits_allocated)
        }

        fn bits_stored(&self) -> Option<u16> {
            Some(self.shape.bits_stored)
        }

        fn photometric_interpretation(&self) -> Option<&str> {
            None
        }

        fn number_of_frames(&self) -> Option<u32> {
            Some(1)
        }

        fn number_of_fragments(&self) -> Option<u32> {
            Some(1)
        }

        fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
            (fragment == 0).then_some(Cow::Borrowed(self.coded))
        }

        fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
            None
        }

        fn raw_pixel_data(&self) -> Option<RawPixelData> {
            Some(RawPixelData {
                fragments: std::iter::once(self.coded.to_vec()).collect(),
                offset_table: std::iter::empty().collect(),
            })
        }

        fn frame_pixel_data(&self, frame: u32) -> Option<Cow<'_, [u8]>> {
            self.fragment(frame as usize)
        }
    }

    pub(super) fn decode(
        coded: &[u8],
        shape: &FrameShape,
        transfer_syntax: &str,
    ) -> Option<Vec<u8>> {
        let reader = TransferSyntaxRegistry
            .get(transfer_syntax)?
            .pixel_data_reader()?;
        let mut data = Vec::new();
        reader
            .decode_frame(
                &OneFrame {
                    coded,
                    shape,
                    transfer_syntax,
                },
                0,
                &mut data,
            )
            .ok()?;
        Some(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::ImageDescription;

    #[test]
    fn a_decoder_that_panics_or_does_not_come_back_gives_nothing_and_takes_nobody_with_it() {
        let image = ImageDescription {
            rows: 1,
            columns: 1,
            frames: 1,
            samples: 1,
            bits_allocated: 8,
            bits_stored: 8,
            high_bit: 7,
            photometric: "MONOCHROME2".into(),
            ..ImageDescription::default()
        };
        let shape = FrameShape::of(&image, &crate::policy::PixelLimits::default()).unwrap();
        let moment = Duration::from_millis(50);
        assert!(within(PATIENCE, vec![], shape, |_, _| panic!("hostile")).is_none());
        let hangs = |_: &[u8], _: &FrameShape| {
            std::thread::sleep(Duration::from_secs(20));
            Some(vec![1])
        };
        let start = std::time::Instant::now();
        assert!(within(moment, vec![], shape, hangs).is_none());
        assert!(start.elapsed() < Duration::from_secs(10));
        let one = within(PATIENCE, vec![7], shape, |coded, _| Some(coded.to_vec()));
        assert_eq!(one.as_deref(), Some(&[7][..]));
    }
}
