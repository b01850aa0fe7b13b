//! JPEG Baseline frames, and the markers in which identity travels unseen.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// How a frame is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JpegColour {
    /// One component.
    Gray,
    /// YBR_FULL: three components, none of them reduced.
    Ybr444,
    /// YBR_FULL_422: chroma at half the columns.
    Ybr422,
}

/// Codes one frame of 8-bit pixels (gray, or RGB interleaved) at the given quality, 1 to 100.
///
/// An empty result means that the sizes do not fit the bytes.
#[must_use]
pub fn encode_frame(
    pixels: &[u8],
    columns: u16,
    rows: u16,
    colour: JpegColour,
    quality: u8,
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    let kind = match colour {
        JpegColour::Gray => ColorType::Luma,
        JpegColour::Ybr444 => {
            encoder.set_sampling_factor(SamplingFactor::F_1_1);
            ColorType::Rgb
        }
        JpegColour::Ybr422 => {
            encoder.set_sampling_factor(SamplingFactor::F_2_1);
            ColorType::Rgb
        }
    };
    if encoder.encode(pixels, columns, rows, kind).is_err() {
        return Vec::new();
    }
    out
}

/// Puts a marker segment (for example `0xFE` COM, `0xE1` APP1) right after the start of the image.
#[must_use]
pub fn with_segment(frame: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.len() + content.len() + 4);
    let (start, rest) = frame.split_at(frame.len().min(2));
    out.extend_from_slice(start);
    out.extend_from_slice(&[0xFF, marker]);
    out.extend_from_slice(&(content.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(content);
    out.extend_from_slice(rest);
    out
}
