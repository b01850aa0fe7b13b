//! One look at all samples of a frame: the smallest value, and bits that no viewer shows.

use crate::fill::Seen;
use crate::shape::FrameShape;

/// One sample in so many with a hidden bit set is taken for an image of its own, or for an image whose Bits Stored
/// is wrong; fewer are stray bits.
const IMAGE_SHARE: u64 = 256;

/// What was seen of the samples of an image, frame by frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SampleScan {
    shape: FrameShape,
    padding: Option<u32>,
    minimum: Option<i64>,
    samples: u64,
    /// Samples with a bit outside the stored ones that is no sign.
    hidden: u64,
    /// Bits that were set in some, and in all, of the hidden samples.
    any: u32,
    all: u32,
    extended: u64,
}

/// What the bits outside the stored ones hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HiddenBits {
    /// Nothing, or the sign once more.
    None,
    /// Something that need not stay.
    Stray,
    /// So much that it may be an image of its own.
    Image,
}

impl SampleScan {
    /// `padding` is Pixel Padding Value, which may use bits that no true sample does.
    pub(crate) fn new(shape: FrameShape, padding: Option<i32>) -> Self {
        #[expect(clippy::cast_sign_loss, reason = "the raw word of the value is meant")]
        let padding = padding.map(|value| value as u32 & shape.allocated_mask());
        let (any, all) = (0, u32::MAX);
        Self {
            shape,
            padding,
            minimum: None,
            samples: 0,
            hidden: 0,
            any,
            all,
            extended: 0,
        }
    }

    /// Looks at some whole samples.
    pub(crate) fn look(&mut self, bytes: &[u8]) {
        let shape = self.shape;
        let outside = shape.allocated_mask() & !shape.stored_mask();
        let size = shape.sample_bytes();
        if shape.bits_allocated == 1 {
            return;
        }
        for sample in bytes.chunks_exact(size) {
            let word = shape.word(sample);
            let value = shape.value(word);
            self.minimum = Some(self.minimum.map_or(value, |minimum| minimum.min(value)));
            if word & outside != 0 {
                self.look_outside(word, value, outside);
            }
        }
        self.samples += (bytes.len() / size) as u64;
    }

    fn look_outside(&mut self, word: u32, value: i64, outside: u32) {
        let above = outside & !((1 << self.shape.shift()) - 1);
        if value < 0 && word & outside == above {
            self.extended += 1;
        } else if self.padding != Some(word) {
            self.hidden += 1;
            self.any |= word & outside;
            self.all &= word & outside;
        }
    }

    /// What was seen, for the fill.
    pub(crate) fn seen(&self) -> Seen {
        Seen {
            minimum: self.minimum.unwrap_or(0),
            sign_extended: self.extended > 0,
        }
    }

    pub(crate) fn hidden_bits(&self) -> HiddenBits {
        let constant = self.hidden == self.samples && self.any == self.all;
        if self.hidden == 0 {
            HiddenBits::None
        } else if !constant && self.hidden >= (self.samples / IMAGE_SHARE).max(1) {
            HiddenBits::Image
        } else {
            HiddenBits::Stray
        }
    }
}
