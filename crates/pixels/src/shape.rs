//! How the samples of one frame lie in memory.

use crate::policy::PixelLimits;
use cloakroom_core::{HoldReason, ImageDescription};

/// What the samples of a pixel mean (PS3.3 C.7.6.3.1.2), as far as wiping needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// One sample; the smallest value is shown black.
    Monochrome2,
    /// One sample; the smallest value is shown white.
    Monochrome1,
    /// One sample: an index into a palette.
    Palette,
    /// Red, green, blue.
    Rgb,
    /// Luminance and two differences of the full range; also what YBR_ICT and YBR_RCT decode to before the inverse.
    YbrFull,
    /// As above, luminance between 16 and 235.
    YbrPartial,
}

/// The layout of one frame of native samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameShape {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) samples: u16,
    /// 1, 8, 16 or 32.
    pub(crate) bits_allocated: u16,
    pub(crate) bits_stored: u16,
    pub(crate) high_bit: u16,
    pub(crate) signed: bool,
    pub(crate) planar: bool,
    pub(crate) big_endian: bool,
    pub(crate) colour: Colour,
    /// Two pixels share their colour differences: Y1 Y2 Cb Cr (PS3.3 C.7.6.3.1.2, YBR_FULL_422).
    pub(crate) halved_colour: bool,
}

impl FrameShape {
    /// What the header says, checked: nothing is allocated for an image whose description contradicts itself.
    pub(crate) fn of(image: &ImageDescription, limits: &PixelLimits) -> Result<Self, HoldReason> {
        let (colour, halved_colour) = colour_of(&image.photometric)?;
        let samples = if colour.is_single() { 1 } else { 3 };
        let sound = image.rows > 0
            && image.columns > 0
            && image.rows <= 65_535
            && image.columns <= 65_535
            && image.samples == samples
            && matches!(image.bits_allocated, 1 | 8 | 16 | 32)
            && (1..=image.bits_allocated).contains(&image.bits_stored)
            && image.high_bit < image.bits_allocated
            && image.high_bit + 1 >= image.bits_stored
            && (image.bits_allocated > 1 || samples == 1);
        if !sound {
            return Err(HoldReason::PixelUndecodable);
        }
        let shape = Self {
            rows: image.rows,
            columns: image.columns,
            samples,
            bits_allocated: image.bits_allocated,
            bits_stored: image.bits_stored,
            high_bit: image.high_bit,
            signed: image.signed,
            planar: image.planar && samples > 1,
            big_endian: image.big_endian,
            colour,
            halved_colour,
        };
        let pixels = u64::from(shape.rows) * u64::from(shape.columns);
        if pixels > limits.frame_pixels
            || image.frames > limits.frames
            || shape.frame_bits().div_ceil(8) > limits.frame_bytes
        {
            return Err(HoldReason::TooLarge);
        }
        Ok(shape)
    }

    /// Bits of one frame; frames of one-bit images follow each other without padding (PS3.5 section 8.1.1).
    pub(crate) fn frame_bits(&self) -> u64 {
        let pixels = u64::from(self.rows) * u64::from(self.columns);
        if self.halved_colour {
            pixels * 2 * u64::from(self.bits_allocated)
        } else {
            pixels * u64::from(self.samples) * u64::from(self.bits_allocated)
        }
    }

    /// Samples that one frame stores.
    pub(crate) fn frame_samples(&self) -> usize {
        usize::try_from(self.frame_bits() / u64::from(self.bits_allocated)).unwrap_or(usize::MAX)
    }

    /// Bytes of one frame of an image that is not of one bit.
    pub(crate) fn frame_bytes(&self) -> usize {
        usize::try_from(self.frame_bits().div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// Bytes of one sample; 1 for one-bit images.
    pub(crate) fn sample_bytes(&self) -> usize {
        usize::from(self.bits_allocated.div_ceil(8))
    }

    /// How far the stored bits stand above bit 0.
    pub(crate) const fn shift(&self) -> u32 {
        (self.high_bit + 1 - self.bits_stored) as u32
    }

    /// The stored bits of a sample as a mask.
    pub(crate) const fn stored_mask(&self) -> u32 {
        (u32::MAX >> (32 - self.bits_stored as u32)) << self.shift()
    }

    /// All allocated bits of a sample as a mask.
    pub(crate) const fn allocated_mask(&self) -> u32 {
        u32::MAX >> (32 - self.bits_allocated as u32)
    }

    /// The raw word of the sample that starts at the beginning of `bytes`.
    pub(crate) fn word(&self, bytes: &[u8]) -> u32 {
        match (self.sample_bytes(), self.big_endian, bytes) {
            (2, false, [low, high, ..]) => u32::from(u16::from_le_bytes([*low, *high])),
            (2, true, [high, low, ..]) => u32::from(u16::from_be_bytes([*high, *low])),
            (4, false, [a, b, c, d, ..]) => u32::from_le_bytes([*a, *b, *c, *d]),
            (4, true, [a, b, c, d, ..]) => u32::from_be_bytes([*a, *b, *c, *d]),
            (_, _, [byte, ..]) => u32::from(*byte),
            (_, _, []) => 0,
        }
    }

    /// The bytes of a raw word, the first [`Self::sample_bytes`] of which count.
    pub(crate) fn word_bytes(&self, word: u32) -> [u8; 4] {
        match (self.sample_bytes(), self.big_endian) {
            (2, true) => {
                let [_, _, high, low] = word.to_be_bytes();
                [high, low, 0, 0]
            }
            (4, true) => word.to_be_bytes(),
            _ => word.to_le_bytes(),
        }
    }

    /// The stored value of a raw word, with its sign.
    pub(crate) fn value(&self, word: u32) -> i64 {
        let bits = (word & self.stored_mask()) >> self.shift();
        if self.signed && bits >> (self.bits_stored - 1) & 1 == 1 {
            i64::from(bits) - (1_i64 << self.bits_stored)
        } else {
            i64::from(bits)
        }
    }

    /// The smallest and the largest value that the stored bits can hold.
    pub(crate) fn value_range(&self) -> (i64, i64) {
        let span = 1_i64 << self.bits_stored;
        if self.signed {
            (-(span / 2), span / 2 - 1)
        } else {
            (0, span - 1)
        }
    }
}

impl Colour {
    pub(crate) const fn is_single(self) -> bool {
        matches!(self, Self::Monochrome1 | Self::Monochrome2 | Self::Palette)
    }
}

fn colour_of(photometric: &str) -> Result<(Colour, bool), HoldReason> {
    Ok(match photometric {
        "MONOCHROME2" => (Colour::Monochrome2, false),
        "MONOCHROME1" => (Colour::Monochrome1, false),
        "PALETTE COLOR" => (Colour::Palette, false),
        "RGB" => (Colour::Rgb, false),
        "YBR_FULL" | "YBR_ICT" | "YBR_RCT" => (Colour::YbrFull, false),
        "YBR_FULL_422" => (Colour::YbrFull, true),
        "YBR_PARTIAL_422" => (Colour::YbrPartial, true),
        // XYB, ARGB, HSV and CMYK: too rare to guess what black is.
        _ => return Err(HoldReason::PixelUndecodable),
    })
}
