//! Compressed frames without what decoding does not need: comments, application markers, boxes, slack.
//!
//! Every scrubber walks the whole container and keeps only what it knows; what it cannot walk is held. The coded
//! image itself is kept as ranges of the original, so it stays bit-identical by construction.

pub(crate) mod jpeg;
mod jpeg2000;
mod rle;

use crate::dct::Slack;
use crate::encapsulated::Part;
use crate::shape::FrameShape;
use crate::syntax::Coding;
use cloakroom_core::HoldReason;

/// What the frame must be for the header to tell the truth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) samples: u16,
    pub(crate) bits_allocated: u16,
}

impl From<&FrameShape> for Expected {
    fn from(shape: &FrameShape) -> Self {
        Self {
            rows: shape.rows,
            columns: shape.columns,
            samples: shape.samples,
            bits_allocated: shape.bits_allocated,
        }
    }
}

/// What stays of a coded frame; `None` if all of it does.
///
/// # Errors
/// [`HoldReason::PixelUndecodable`] if the container breaks its own rules or the header's.
pub(crate) fn scrub(
    coding: Coding,
    frame: &[u8],
    expected: &Expected,
) -> Result<Option<Vec<Part>>, HoldReason> {
    let parts = match coding {
        Coding::JpegDct => sequential(frame, expected)?,
        Coding::JpegLossless => jpeg::scrub(frame, jpeg::Family::Jpeg, expected),
        Coding::JpegLs => jpeg::scrub(frame, jpeg::Family::JpegLs, expected),
        Coding::Jpeg2000 => jpeg2000::scrub(frame, expected),
        Coding::Rle => rle::scrub(frame, expected),
        Coding::EncapsulatedNative => plain(frame, expected),
        Coding::Native | Coding::Opaque => None,
    }
    .ok_or(HoldReason::PixelUndecodable)?;
    Ok(if is_whole(&parts, frame) {
        None
    } else {
        Some(parts)
    })
}

/// Whether the parts are the frame again, but for one byte of padding.
fn is_whole(parts: &[Part], frame: &[u8]) -> bool {
    match parts {
        [Part::Source(0, end)] => {
            *end == frame.len() || (end % 2 == 1 && frame.get(*end..) == Some(&[0]))
        }
        _ => false,
    }
}

/// A sequential JPEG is decoded to its coefficients, so that what follows the last block of a restart interval is
/// found too; it goes first, and the markers after it.
fn sequential(frame: &[u8], expected: &Expected) -> Result<Option<Vec<Part>>, HoldReason> {
    let Some(parts) = jpeg::scrub(frame, jpeg::Family::Jpeg, expected) else {
        return Ok(None);
    };
    match crate::dct::slack(frame).ok_or(HoldReason::PixelUndecodable)? {
        Slack::None | Slack::Unknown => Ok(Some(parts)),
        Slack::Some(clean) => {
            let clean = joined(&clean, frame);
            let parts = jpeg::scrub(&clean, jpeg::Family::Jpeg, expected);
            Ok(parts.map(|parts| vec![Part::Fresh(joined(&parts, &clean))]))
        }
    }
}

/// The bytes that parts of a frame make.
pub(crate) fn joined(parts: &[Part], frame: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    for part in parts {
        match part {
            Part::Source(start, end) => {
                all.extend_from_slice(frame.get(*start..*end).unwrap_or_default());
            }
            Part::Fresh(bytes) => all.extend_from_slice(bytes),
        }
    }
    all
}

fn plain(frame: &[u8], expected: &Expected) -> Option<Vec<Part>> {
    let pixels = expected.rows as usize * expected.columns as usize;
    let bits = pixels * usize::from(expected.samples) * usize::from(expected.bits_allocated);
    let len = bits.div_ceil(8);
    (frame.len() >= len).then(|| vec![Part::Source(0, len)])
}

/// Parts in the making: neighbouring ranges join.
#[derive(Default)]
pub(crate) struct Kept(Vec<Part>);

impl Kept {
    pub(crate) fn source(&mut self, start: usize, end: usize) {
        match self.0.last_mut() {
            _ if start >= end => {}
            Some(Part::Source(_, last)) if *last == start => *last = end,
            _ => self.0.push(Part::Source(start, end)),
        }
    }

    pub(crate) fn fresh(&mut self, bytes: Vec<u8>) {
        self.0.push(Part::Fresh(bytes));
    }

    pub(crate) fn finish(self) -> Vec<Part> {
        self.0
    }
}

/// Two bytes, most significant first.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_be_bytes([pair[0], pair[1]])))
}

/// Four bytes, most significant first.
pub(crate) fn long(bytes: &[u8], at: usize) -> Option<usize> {
    Some(word(bytes, at)? << 16 | word(bytes, at.checked_add(2)?)?)
}

#[cfg(test)]
mod tests;
