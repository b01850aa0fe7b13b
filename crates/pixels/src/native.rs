//! Native pixels: what to change in the stored values, and the proof that nothing else changed.

use crate::bytes::{PixelBytes, read_range};
use crate::fill::FillWords;
use crate::masked::{Proof, ProofUnit};
use crate::policy::{Fill, HiddenBitsPolicy, PixelPolicy};
use crate::samples::{HiddenBits, SampleScan};
use crate::shape::FrameShape;
use crate::spans::{Span, rects_of_frame, spans};
use crate::value::{KeptBits, NewValue};
use cloakroom_core::{ByteRange, HoldReason, ImageDescription, MaskRegion};
use std::io::{self, Write};

/// Samples are looked at in portions of this many bytes; a multiple of every sample and pixel size.
const PORTION: u64 = 3 << 18;

/// A native pixel value and how it is laid out.
#[derive(Clone, Copy)]
pub(crate) struct NativePixels<'a> {
    pub(crate) bytes: &'a dyn PixelBytes,
    pub(crate) value: ByteRange,
    pub(crate) shape: FrameShape,
    pub(crate) frames: u32,
}

/// What is done to a native value.
pub(crate) struct NativeResult {
    /// `None` if every byte stays.
    pub(crate) value: Option<NewValue>,
    pub(crate) proof: Option<Proof>,
    pub(crate) hidden_cleared: bool,
    pub(crate) slack_removed: bool,
}

impl<'a> NativePixels<'a> {
    /// Checks that the value is as long as its description says.
    pub(crate) fn new(
        bytes: &'a dyn PixelBytes,
        value: ByteRange,
        image: &ImageDescription,
        policy: &PixelPolicy,
    ) -> Result<Self, HoldReason> {
        let mut shape = FrameShape::of(image, &policy.limits)?;
        let frames = image.frames.max(1);
        if shape.halved_colour && is_written_in_full(&shape, frames, value.len()) {
            shape.halved_colour = false;
        }
        // An odd width would split a pair over two rows, which the standard forbids.
        if shape.halved_colour && (shape.columns % 2 == 1 || shape.planar) {
            return Err(HoldReason::PixelUndecodable);
        }
        // A big-endian value of single bytes may be stored as words or as bytes, and the description does not say.
        if shape.big_endian && shape.bits_allocated < 16 {
            return Err(HoldReason::PixelUndecodable);
        }
        let native = Self {
            bytes,
            value,
            shape,
            frames,
        };
        if native.used_bytes() > value.len() || value.end > bytes.len() {
            return Err(HoldReason::PixelUndecodable);
        }
        Ok(native)
    }

    /// Bytes that the frames take, without padding.
    fn used_bytes(&self) -> u64 {
        (self.shape.frame_bits() * u64::from(self.frames)).div_ceil(8)
    }

    fn frame_range(&self, frame: u32) -> ByteRange {
        let len = self.shape.frame_bits() / 8;
        let start = self.value.start + len * u64::from(frame);
        ByteRange {
            start,
            end: start + len,
        }
    }

    /// The bytes of one frame; the samples of a one-bit frame are unpacked to a byte each.
    pub(crate) fn frame(&self, frame: u32) -> Result<std::borrow::Cow<'a, [u8]>, HoldReason> {
        if self.shape.bits_allocated > 1 {
            return read_range(self.bytes, self.frame_range(frame)).map_err(unreadable);
        }
        let first = self.shape.frame_bits() * u64::from(frame);
        let last = first + self.shape.frame_bits();
        let range = ByteRange {
            start: self.value.start + first / 8,
            end: self.value.start + last.div_ceil(8),
        };
        let packed = read_range(self.bytes, range).map_err(unreadable)?;
        let skip = usize::try_from(first % 8).unwrap_or(0);
        let bits = packed
            .iter()
            .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
        let count = usize::try_from(self.shape.frame_bits()).unwrap_or(0);
        Ok(bits.skip(skip).take(count).collect::<Vec<u8>>().into())
    }

    /// Looks at every sample.
    pub(crate) fn scan(&self, padding: Option<i32>) -> Result<SampleScan, HoldReason> {
        let mut scan = SampleScan::new(self.shape, padding);
        let end = self.value.start + self.used_bytes();
        let mut at = self.value.start;
        while at < end {
            let range = ByteRange {
                start: at,
                end: end.min(at + PORTION),
            };
            scan.look(&read_range(self.bytes, range).map_err(unreadable)?);
            at = range.end;
        }
        Ok(scan)
    }

    /// Wipes areas, clears hidden bits and removes what follows the last frame, as far as there is any of it.
    pub(crate) fn change(
        &self,
        image: &ImageDescription,
        policy: &PixelPolicy,
        regions: &[MaskRegion],
    ) -> Result<NativeResult, HoldReason> {
        let scan = self.scan(image.padding)?;
        let kept = kept_bits(&self.shape, scan.hidden_bits(), policy.hidden_bits)?;
        let slack_removed = self.has_slack()?;
        let mut result = NativeResult {
            value: None,
            proof: None,
            hidden_cleared: kept.is_some(),
            slack_removed,
        };
        if regions.is_empty() && kept.is_none() && !slack_removed {
            return Ok(result);
        }
        let mut seen = scan.seen();
        seen.sign_extended &= kept.is_none();
        let black = if self.shape.bits_allocated == 1 {
            Fill::BelowMinimum
        } else {
            policy.fill
        };
        let fill = FillWords::new(&self.shape, black, seen, image.palette.as_ref());
        let mut value = if self.shape.bits_allocated == 1 {
            self.one_bit_value(regions)?
        } else {
            self.spliced_value(regions, &fill, kept)
        };
        if value.len() % 2 == 1 {
            value.push_fresh(&[0]);
        }
        if !regions.is_empty() {
            result.proof = Some(self.prove(&value, regions, &fill, kept)?);
        }
        result.value = Some(value);
        Ok(result)
    }

    /// Whether anything but one padding byte of zero follows the last frame.
    fn has_slack(&self) -> Result<bool, HoldReason> {
        let used = self.used_bytes();
        let range = ByteRange {
            start: self.value.start + used,
            end: self.value.end,
        };
        let legal = range.len() == used % 2;
        let padding = read_range(
            self.bytes,
            ByteRange {
                end: range.end.min(range.start + 1),
                ..range
            },
        )
        .map_err(unreadable)?;
        Ok(!legal || padding.iter().any(|byte| *byte != 0))
    }

    fn spliced_value(
        &self,
        regions: &[MaskRegion],
        fill: &FillWords,
        kept: Option<KeptBits>,
    ) -> NewValue {
        let mut value = NewValue::default();
        let planes = if self.shape.planar {
            usize::from(self.shape.samples)
        } else {
            1
        };
        let mut shared: Vec<(usize, usize)> = vec![(0, 0); planes];
        for frame in 0..self.frames {
            let range = self.frame_range(frame);
            let mut at = range.start;
            for Span { start, len, plane } in spans(&self.shape, &rects_of_frame(regions, frame)) {
                push_kept(
                    &mut value,
                    ByteRange {
                        start: at,
                        end: range.start + start as u64,
                    },
                    kept,
                );
                if shared[plane].1 < len {
                    shared[plane] = (value.share(&fill.bytes(&self.shape, plane, len)), len);
                }
                value.push_shared(shared[plane].0, len);
                at = range.start + (start + len) as u64;
            }
            push_kept(
                &mut value,
                ByteRange {
                    start: at,
                    end: range.end,
                },
                kept,
            );
        }
        value
    }

    /// Bits of several frames may share a byte, so a one-bit value is rewritten as a whole; it is small.
    fn one_bit_value(&self, regions: &[MaskRegion]) -> Result<NewValue, HoldReason> {
        let used = self.used_bytes();
        let range = ByteRange {
            start: self.value.start,
            end: self.value.start + used,
        };
        let mut packed = read_range(self.bytes, range)
            .map_err(unreadable)?
            .into_owned();
        let bits = self.shape.frame_bits();
        for frame in 0..self.frames {
            for span in spans(&self.shape, &rects_of_frame(regions, frame)) {
                for index in span.start..span.start + span.len {
                    let bit = bits * u64::from(frame) + index as u64;
                    if let Some(byte) = usize::try_from(bit / 8)
                        .ok()
                        .and_then(|at| packed.get_mut(at))
                    {
                        *byte &= !(1 << (bit % 8));
                    }
                }
            }
        }
        let unused = bits * u64::from(self.frames) % 8;
        if let (Some(last), 1..) = (packed.last_mut(), unused) {
            *last &= (1 << unused) - 1;
        }
        let mut value = NewValue::default();
        value.push_fresh(&packed);
        Ok(value)
    }

    /// Reads old and new values side by side, pixel by pixel.
    fn prove(
        &self,
        value: &NewValue,
        regions: &[MaskRegion],
        fill: &FillWords,
        kept: Option<KeptBits>,
    ) -> Result<Proof, HoldReason> {
        let mut compare = Comparison {
            native: self,
            regions,
            fill,
            kept,
            frame: 0,
            buffer: Vec::new(),
            frame_len: self.compared_frame_bytes(),
            proof: Proof::none(ProofUnit::Samples),
        };
        // A difference stops the comparison as an error does.
        value
            .write_to(self.bytes, &mut compare)
            .map_err(|_| HoldReason::PixelResidue)?;
        compare.finish().ok_or(HoldReason::PixelResidue)
    }

    /// Frames are compared one by one; those of one bit all at once, for they may share bytes.
    fn compared_frame_bytes(&self) -> usize {
        if self.shape.bits_allocated == 1 {
            usize::try_from(self.used_bytes()).unwrap_or(usize::MAX)
        } else {
            self.shape.frame_bytes()
        }
    }
}

fn push_kept(value: &mut NewValue, range: ByteRange, kept: Option<KeptBits>) {
    match kept {
        Some(kept) => value.push_cleared(range, kept),
        None => value.push_source(range),
    }
}

pub(crate) fn kept_bits(
    shape: &FrameShape,
    hidden: HiddenBits,
    policy: HiddenBitsPolicy,
) -> Result<Option<KeptBits>, HoldReason> {
    match (hidden, policy) {
        (HiddenBits::None, _) => Ok(None),
        (HiddenBits::Stray, HiddenBitsPolicy::ClearUnlessImage) => {
            #[expect(clippy::cast_possible_truncation, reason = "1, 2 or 4")]
            let unit = shape.sample_bytes() as u8;
            Ok(Some(KeptBits {
                mask: shape.word_bytes(shape.stored_mask()),
                unit,
            }))
        }
        (HiddenBits::Image, _) | (_, HiddenBitsPolicy::Hold) => Err(HoldReason::HiddenBits),
    }
}

/// Some writers say YBR_FULL_422 and store three samples for every pixel.
fn is_written_in_full(shape: &FrameShape, frames: u32, len: u64) -> bool {
    let full = FrameShape {
        halved_colour: false,
        ..*shape
    };
    len >= full.frame_bits().div_ceil(8) * u64::from(frames)
}

pub(crate) fn unreadable(_error: io::Error) -> HoldReason {
    HoldReason::PixelUndecodable
}

struct Comparison<'a> {
    native: &'a NativePixels<'a>,
    regions: &'a [MaskRegion],
    fill: &'a FillWords,
    kept: Option<KeptBits>,
    frame: u32,
    buffer: Vec<u8>,
    frame_len: usize,
    proof: Proof,
}

impl Write for Comparison<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.frame_len - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == self.frame_len {
            if self.native.shape.bits_allocated == 1 {
                self.compare_bits()
                    .map_err(|_| io::ErrorKind::InvalidData)?;
            } else if self.frame < self.native.frames {
                self.compare_frame()
                    .map_err(|_| io::ErrorKind::InvalidData)?;
                self.frame += 1;
            }
            self.buffer.clear();
        }
        Ok(taken.max(usize::from(self.frame_len == 0)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Comparison<'_> {
    fn compare_frame(&mut self) -> Result<(), HoldReason> {
        let rects = rects_of_frame(self.regions, self.frame);
        let old = self.native.frame(self.frame)?;
        let shape = &self.native.shape;
        self.proof
            .compare(shape, (&old, &self.buffer), &rects, self.fill, self.kept)
            .ok_or(HoldReason::PixelResidue)
    }

    fn compare_bits(&mut self) -> Result<(), HoldReason> {
        let shape = &self.native.shape;
        let bits = usize::try_from(shape.frame_bits()).unwrap_or(usize::MAX);
        for frame in 0..self.native.frames {
            let old = self.native.frame(frame)?;
            let at = frame as usize * bits;
            let new: Vec<u8> = (at..at + bits)
                .map(|bit| self.buffer[bit / 8] >> (bit % 8) & 1)
                .collect();
            let rects = rects_of_frame(self.regions, frame);
            self.proof
                .compare(shape, (&old, &new), &rects, self.fill, None)
                .ok_or(HoldReason::PixelResidue)?;
        }
        self.frame = self.native.frames;
        Ok(())
    }

    fn finish(self) -> Option<Proof> {
        let complete = self.frame == self.native.frames && self.buffer.len() <= 1;
        complete.then_some(self.proof)
    }
}

#[cfg(test)]
mod tests;
