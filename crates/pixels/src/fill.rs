//! What stands where something was wiped.

use crate::policy::Fill;
use crate::shape::{Colour, FrameShape};
use cloakroom_core::frames::Palette;

/// The raw words of a wiped pixel, one per sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FillWords {
    words: [u32; 3],
}

/// What was seen of the samples before anything was wiped.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// The smallest stored value of the image.
    pub(crate) minimum: i64,
    /// The bits above the sign repeat it, as most writers of signed images have it.
    pub(crate) sign_extended: bool,
}

impl FillWords {
    pub(crate) fn new(
        shape: &FrameShape,
        fill: Fill,
        seen: Seen,
        palette: Option<&Palette>,
    ) -> Self {
        let (low, high) = shape.value_range();
        let middle = 1_i64 << (shape.bits_stored - 1);
        let values = match (shape.colour, fill) {
            (Colour::Monochrome2 | Colour::Monochrome1, Fill::BelowMinimum) => {
                [(seen.minimum - 1).max(low), 0, 0]
            }
            (Colour::Monochrome2, Fill::Black) => [low, 0, 0],
            (Colour::Monochrome1, Fill::Black) => [high, 0, 0],
            (Colour::Palette, _) => [darkest(palette).clamp(low, high), 0, 0],
            (Colour::Rgb, _) => [0, 0, 0],
            (Colour::YbrFull, _) => [0, middle, middle],
            (Colour::YbrPartial, _) => [1 << shape.bits_stored.saturating_sub(4), middle, middle],
        };
        Self {
            words: values.map(|value| encode(shape, value, seen.sign_extended)),
        }
    }

    /// The bytes of a run of wiped pixels, long enough for any span of a plane.
    pub(crate) fn bytes(&self, shape: &FrameShape, plane: usize, len: usize) -> Vec<u8> {
        let words: &[u32] = match (shape.planar, shape.halved_colour) {
            (true, _) => &self.words[plane..=plane],
            (false, true) => &[self.words[0], self.words[0], self.words[1], self.words[2]],
            (false, false) => &self.words[..usize::from(shape.samples)],
        };
        words
            .iter()
            .cycle()
            .flat_map(|word| {
                shape
                    .word_bytes(*word)
                    .into_iter()
                    .take(shape.sample_bytes())
            })
            .take(len)
            .collect()
    }
}

fn encode(shape: &FrameShape, value: i64, sign_extended: bool) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "two's complement is meant"
    )]
    let word = (value as u32) << shape.shift();
    if sign_extended {
        word & shape.allocated_mask()
    } else {
        word & shape.stored_mask()
    }
}

/// The index that the palette shows darkest.
fn darkest(palette: Option<&Palette>) -> i64 {
    let Some(palette) = palette else { return 0 };
    let [red, green, blue] = &palette.channels;
    let light = red
        .iter()
        .zip(green)
        .zip(blue)
        .map(|((red, green), blue)| u32::from(*red) + u32::from(*green) + u32::from(*blue));
    let entry = light
        .enumerate()
        .min_by_key(|(_, light)| *light)
        .map_or(0, |(entry, _)| entry);
    i64::from(palette.first) + i64::try_from(entry).unwrap_or(0)
}
