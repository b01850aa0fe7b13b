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
        if let Some(summary) = Summary::of(&shape, bytes)
            && summary.is_plain()
        {
            self.join(&summary);
            self.samples += (bytes.len() / size) as u64;
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

    fn join(&mut self, summary: &Summary) {
        let least = summary.least;
        self.minimum = Some(self.minimum.map_or(least, |minimum| minimum.min(least)));
        self.extended += u64::from(summary.outside != 0);
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

/// What samples of up to 16 bits have in common, gathered from many at once.
#[derive(Clone, Copy)]
struct Summary {
    /// Bits outside the stored ones that are set in any of them.
    outside: u16,
    /// Bits outside the stored ones that are neither all zero nor all the sign once more.
    odd: u16,
    /// The smallest stored value.
    least: i64,
}

impl Summary {
    /// `None` where samples are wider, or where there are none.
    fn of(shape: &FrameShape, bytes: &[u8]) -> Option<Self> {
        let mask = u16::try_from(shape.stored_mask()).ok()?;
        let outside = u16::try_from(shape.allocated_mask()).ok()? & !mask;
        let shift = shape.shift();
        let stored = mask >> shift;
        // With the sign turned round, the smallest stored value is the smallest number.
        let sign = if shape.signed {
            stored ^ stored >> 1
        } else {
            0
        };
        // A sample of no bits but its sign, repeated above it; without bits below it, which would be no sign.
        let above = if shape.signed {
            outside & !((1 << shift) - 1)
        } else {
            0
        };
        let join = |(all, odd, least): (u16, u16, u16), word: u16| {
            let value = (word & mask) >> shift;
            let set = word & outside;
            let repeated = if value & sign == 0 { 0 } else { above };
            let is_odd = if set == 0 { 0 } else { set ^ repeated };
            (all | set, odd | is_odd, least.min(value ^ sign))
        };
        let pairs = bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
        let begin = (0, 0, u16::MAX);
        let (all, odd, least) = match (shape.bits_allocated, shape.big_endian) {
            (8, _) => bytes.iter().map(|byte| u16::from(*byte)).fold(begin, join),
            (16, false) => pairs.map(u16::from_le_bytes).fold(begin, join),
            (16, true) => pairs.map(u16::from_be_bytes).fold(begin, join),
            _ => return None,
        };
        (bytes.len() >= shape.sample_bytes()).then(|| Self {
            outside: all,
            odd,
            least: i64::from(least) - i64::from(sign),
        })
    }

    /// Most images use no bit outside the stored ones but to repeat the sign.
    const fn is_plain(&self) -> bool {
        self.odd == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Colour;
    use proptest::prelude::*;

    /// Sample by sample, as the summary must not change it.
    fn one_by_one(shape: FrameShape, padding: Option<i32>, bytes: &[u8]) -> SampleScan {
        let mut scan = SampleScan::new(shape, padding);
        let outside = shape.allocated_mask() & !shape.stored_mask();
        for sample in bytes.chunks_exact(shape.sample_bytes()) {
            let word = shape.word(sample);
            let value = shape.value(word);
            scan.minimum = Some(scan.minimum.map_or(value, |minimum| minimum.min(value)));
            if word & outside != 0 {
                scan.look_outside(word, value, outside);
            }
            scan.samples += 1;
        }
        scan
    }

    proptest! {
        #[test]
        fn many_samples_at_once_say_what_each_of_them_does(
            words in proptest::collection::vec(any::<u16>(), 1..40),
            (bits_allocated, bits_stored) in prop_oneof![(Just(8_u16), 1..=8_u16), (Just(16), 1..=16_u16)],
            above in 0..16_u16,
            (signed, big_endian, extend, stray) in any::<(bool, bool, bool, bool)>(),
            padding in proptest::option::of(any::<i16>()),
        ) {
            let shape = FrameShape {
                rows: 1,
                columns: 1,
                samples: 1,
                bits_allocated,
                bits_stored,
                high_bit: (bits_stored - 1 + above).min(bits_allocated - 1),
                signed,
                planar: false,
                big_endian,
                colour: Colour::Monochrome2,
                halved_colour: false,
            };
            let outside = shape.allocated_mask() & !shape.stored_mask();
            let repeated = outside & !((1 << shape.shift()) - 1);
            let mut bytes = Vec::new();
            for word in words {
                let mut word = u32::from(word) & shape.allocated_mask();
                if !stray {
                    word &= !outside;
                }
                if extend && shape.value(word) < 0 {
                    word = word & !outside | repeated;
                }
                bytes.extend(&shape.word_bytes(word)[..shape.sample_bytes()]);
            }
            let mut scan = SampleScan::new(shape, padding.map(i32::from));
            scan.look(&bytes);
            let plain = one_by_one(shape, padding.map(i32::from), &bytes);
            prop_assert_eq!(scan.hidden_bits(), plain.hidden_bits());
            prop_assert_eq!(scan.seen().minimum, plain.seen().minimum);
            prop_assert_eq!(scan.seen().sign_extended, plain.seen().sign_extended);
        }
    }
}
