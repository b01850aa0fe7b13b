//! Samples to grey planes, and planes to pictures for the detector and for a person.

use crate::decode::Frame;
use crate::shape::{Colour, FrameShape};
use cloakroom_core::frames::Palette;
use cloakroom_core::{ImageDescription, Rect};

/// Columns and rows of the squares whose values tell what is dark and what is bright near a pixel.
const LOCAL: usize = 16;

/// A grey plane at full depth.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Plane {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) values: Vec<u16>,
    /// It shows how far pixels are from grey, not their light.
    pub(crate) is_colour: bool,
}

/// A grey picture of 8 bits.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) grey: Vec<u8>,
}

/// The planes of a frame that text can stand out in: the light that is shown, the stored index of a palette, and how
/// far a pixel is from grey.
pub(crate) fn planes(frame: &Frame<'_>, image: &ImageDescription) -> Vec<Plane> {
    let shape = &frame.shape;
    let plane = |values| Plane {
        columns: shape.columns as usize,
        rows: shape.rows as usize,
        values,
        is_colour: false,
    };
    match shape.colour {
        Colour::Monochrome1 | Colour::Monochrome2 => vec![plane(grey(frame))],
        Colour::Palette => {
            let index = grey(frame);
            let shown = image.palette.as_ref().map(|palette| shown(frame, palette));
            shown.into_iter().chain([index]).map(plane).collect()
        }
        Colour::Rgb | Colour::YbrFull | Colour::YbrPartial => {
            let pixels: Vec<[u16; 3]> = pixels(frame);
            let light = pixels.iter().map(|[red, green, blue]| {
                u32::from(*red) * 299 / 1000
                    + u32::from(*green) * 587 / 1000
                    + u32::from(*blue) * 114 / 1000
            });
            let light = light
                .map(|value| u16::try_from(value).unwrap_or(u16::MAX))
                .collect();
            let far: Vec<u16> = pixels
                .iter()
                .map(|pixel| {
                    let most = pixel.iter().max().copied().unwrap_or(0);
                    most - pixel.iter().min().copied().unwrap_or(0)
                })
                .collect();
            // Less than this is what lossy compression leaves of grey.
            let coloured = far.iter().filter(|value| **value > 0x2000).count() > 20;
            let far = coloured.then_some(far);
            let far = far.map(|values| Plane {
                is_colour: true,
                ..plane(values)
            });
            std::iter::once(plane(light)).chain(far).collect()
        }
    }
}

/// Stored values from their smallest on; MONOCHROME1 turned round.
fn grey(frame: &Frame<'_>) -> Vec<u16> {
    short_grey(frame).unwrap_or_else(|| any_grey(frame))
}

/// The same for whole samples of up to 16 bits, which need no division and no sign.
fn short_grey(frame: &Frame<'_>) -> Option<Vec<u16>> {
    let shape = &frame.shape;
    let mask = u16::try_from(shape.stored_mask()).ok()?;
    let shift = shape.shift();
    let stored = mask >> shift;
    // Stored values from their smallest on: the sign turned round; and so is every bit of MONOCHROME1.
    let sign = if shape.signed {
        stored ^ stored >> 1
    } else {
        0
    };
    let turned = if shape.colour == Colour::Monochrome1 {
        sign ^ stored
    } else {
        sign
    };
    let value = |word: u16| (word & mask) >> shift ^ turned;
    let mut grey = vec![0; frame.data.len() / shape.sample_bytes()];
    let pairs = frame.data.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    match (shape.bits_allocated, shape.big_endian) {
        (8, _) => {
            for (grey, byte) in grey.iter_mut().zip(&*frame.data) {
                *grey = value((*byte).into());
            }
        }
        (16, false) => {
            for (grey, pair) in grey.iter_mut().zip(pairs) {
                *grey = value(u16::from_le_bytes(pair));
            }
        }
        (16, true) => {
            for (grey, pair) in grey.iter_mut().zip(pairs) {
                *grey = value(u16::from_be_bytes(pair));
            }
        }
        _ => return None,
    }
    Some(grey)
}

fn any_grey(frame: &Frame<'_>) -> Vec<u16> {
    let shape = &frame.shape;
    let (low, high) = if shape.bits_allocated == 1 {
        (0, 1)
    } else {
        shape.value_range()
    };
    // 32 bits are cut to the upper 16 of the range that is used.
    let values: Vec<i64> = frame
        .data
        .chunks_exact(shape.sample_bytes())
        .map(|sample| shape.value(shape.word(sample)))
        .collect();
    let (low, high) = if high - low > i64::from(u16::MAX) {
        (
            values.iter().min().copied().unwrap_or(0),
            values.iter().max().copied().unwrap_or(1),
        )
    } else {
        (low, high)
    };
    let divisor = (high - low) / (i64::from(u16::MAX) + 1) + 1;
    values
        .into_iter()
        .map(|value| {
            let value = if shape.colour == Colour::Monochrome1 {
                high - value
            } else {
                value - low
            };
            u16::try_from(value / divisor).unwrap_or(u16::MAX)
        })
        .collect()
}

fn shown(frame: &Frame<'_>, palette: &Palette) -> Vec<u16> {
    let shape = &frame.shape;
    let [red, green, blue] = &palette.channels;
    let last = red.len().min(green.len()).min(blue.len()).saturating_sub(1);
    frame
        .data
        .chunks_exact(shape.sample_bytes())
        .map(|sample| {
            let index = shape.value(shape.word(sample)) - i64::from(palette.first);
            let index = usize::try_from(index).unwrap_or(0).min(last);
            let at = |channel: &Vec<u16>| u32::from(channel.get(index).copied().unwrap_or(0));
            u16::try_from((at(red) * 299 + at(green) * 587 + at(blue) * 114) / 1000)
                .unwrap_or(u16::MAX)
        })
        .collect()
}

/// Red, green and blue of every pixel, scaled to 16 bits.
pub(crate) fn pixels(frame: &Frame<'_>) -> Vec<[u16; 3]> {
    let shape = &frame.shape;
    let size = shape.sample_bytes();
    let count = shape.rows as usize * shape.columns as usize;
    let sample = |index: usize| -> u32 {
        let bytes = frame.data.get(index * size..).unwrap_or_default();
        let word = (shape.word(bytes) & shape.stored_mask()) >> shape.shift();
        scaled(word, shape)
    };
    (0..count)
        .map(|pixel| {
            let places = if shape.planar {
                [pixel, count + pixel, 2 * count + pixel]
            } else if shape.halved_colour {
                let pair = pixel / 2 * 4;
                [pair + pixel % 2, pair + 2, pair + 3]
            } else {
                [3 * pixel, 3 * pixel + 1, 3 * pixel + 2]
            };
            let values = places.map(sample);
            match shape.colour {
                Colour::YbrFull | Colour::YbrPartial => to_rgb(values),
                _ => values.map(|value| u16::try_from(value).unwrap_or(u16::MAX)),
            }
        })
        .collect()
}

fn scaled(word: u32, shape: &FrameShape) -> u32 {
    let most = u64::from(u32::MAX >> (32 - u32::from(shape.bits_stored)));
    u32::try_from(u64::from(word) * 65_535 / most).unwrap_or(65_535)
}

/// PS3.3 C.7.6.3.1.2, in 16 bits.
fn to_rgb([light, blue, red]: [u32; 3]) -> [u16; 3] {
    let (light, blue, red) = (
        i64::from(light),
        i64::from(blue) - 32_768,
        i64::from(red) - 32_768,
    );
    [
        light + red * 1402 / 1000,
        light - blue * 344 / 1000 - red * 714 / 1000,
        light + blue * 1772 / 1000,
    ]
    .map(|value| u16::try_from(value.clamp(0, 65_535)).unwrap_or(0))
}

impl Plane {
    /// Makes an area black.
    pub(crate) fn blank(&mut self, rect: Rect) {
        let (left, top) = (
            (rect.x as usize).min(self.columns),
            (rect.y as usize).min(self.rows),
        );
        let right = left.saturating_add(rect.width as usize).min(self.columns);
        let bottom = top.saturating_add(rect.height as usize).min(self.rows);
        for y in top..bottom {
            self.values[y * self.columns + left..y * self.columns + right].fill(0);
        }
    }

    /// How many pixels have each value.
    fn counts(&self) -> Vec<u32> {
        let mut counts = vec![0; 1 << 16];
        self.values
            .iter()
            .for_each(|value| counts[usize::from(*value)] += 1);
        counts
    }

    /// The values below which so many thousandths of the pixels lie.
    fn percentile(&self, counts: &[u32], thousandths: u64) -> u16 {
        let aim = self.values.len() as u64 * thousandths / 1000;
        let mut seen = 0;
        for (value, count) in (0_u16..=u16::MAX).zip(counts) {
            seen += u64::from(*count);
            if seen > aim {
                return value;
            }
        }
        u16::MAX
    }

    /// Stretches the values from `low` to `high` over the greys.
    fn window(&self, low: u16, high: u16) -> Picture {
        let span = u32::from(high.saturating_sub(low).max(1));
        let grey = |value: &u16| {
            let above = u32::from(value.clamp(&low, &high.max(low)) - low);
            u8::try_from(above * 255 / span).unwrap_or(u8::MAX)
        };
        self.picture(self.values.iter().map(grey).collect())
    }

    /// White where the plane has one value, black elsewhere.
    pub(crate) fn of_value(&self, value: u16) -> Picture {
        let grey = |other: &u16| if *other == value { u8::MAX } else { 0 };
        self.picture(self.values.iter().map(grey).collect())
    }

    /// Each pixel between the smallest and the largest value near it, so that neighbours stand apart however close they
    /// are: one step of a full depth of 16 bits shows as black on white.
    pub(crate) fn local(&self) -> Picture {
        let across = self.columns.div_ceil(LOCAL).max(1);
        let spreads = self.spreads(across);
        let grey = self.values.iter().enumerate().map(|(index, value)| {
            let (x, y) = (index % self.columns, index / self.columns);
            let (low, high) = spreads[y / LOCAL * across + x / LOCAL];
            let span = u32::from(high - low).max(1);
            u8::try_from(u32::from(*value - low) * 255 / span).unwrap_or(u8::MAX)
        });
        self.picture(grey.collect())
    }

    /// For each small square, the smallest and the largest value in it and in those around it.
    fn spreads(&self, across: usize) -> Vec<(u16, u16)> {
        let down = self.rows.div_ceil(LOCAL).max(1);
        let mut squares = vec![(u16::MAX, 0_u16); across * down];
        for (y, row) in self.values.chunks_exact(self.columns.max(1)).enumerate() {
            for (x, values) in row.chunks(LOCAL).enumerate() {
                let square = &mut squares[y / LOCAL * across + x];
                for value in values {
                    *square = (square.0.min(*value), square.1.max(*value));
                }
            }
        }
        let around = |index: usize| {
            let (x, y) = (index % across, index / across);
            let rows = y.saturating_sub(1)..(y + 2).min(down);
            rows.flat_map(|y| {
                &squares[y * across + x.saturating_sub(1)..y * across + (x + 2).min(across)]
            })
            .fold((u16::MAX, 0), |all, one| {
                (all.0.min(one.0), all.1.max(one.1))
            })
        };
        (0..squares.len()).map(around).collect()
    }

    /// A part, stretched over the greys between its own hundredth and its own ninety-ninth value.
    pub(crate) fn stretched(&self, x: usize, y: usize, columns: usize, rows: usize) -> Picture {
        let part = self.crop(x, y, columns, rows);
        let mut sorted = part.values.clone();
        sorted.sort_unstable();
        let at = |hundredths: usize| {
            let index = sorted.len().saturating_sub(1) * hundredths / 100;
            sorted.get(index).copied().unwrap_or(0)
        };
        let (low, high) = (at(1), at(99));
        if low < high {
            part.window(low, high)
        } else {
            part.window(at(0), at(100))
        }
    }

    /// A part, clipped to the plane.
    pub(crate) fn crop(&self, x: usize, y: usize, columns: usize, rows: usize) -> Self {
        let (x, y) = (x.min(self.columns), y.min(self.rows));
        let (columns, rows) = (columns.min(self.columns - x), rows.min(self.rows - y));
        let values = (y..y + rows)
            .flat_map(|row| &self.values[row * self.columns + x..row * self.columns + x + columns])
            .copied()
            .collect();
        Self {
            columns,
            rows,
            values,
            is_colour: self.is_colour,
        }
    }

    /// Whether it shows the same kind of thing in the same size.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.columns, self.rows, self.is_colour) == (other.columns, other.rows, other.is_colour)
    }

    fn picture(&self, grey: Vec<u8>) -> Picture {
        Picture {
            columns: self.columns,
            rows: self.rows,
            grey,
        }
    }

    /// The picture that a person would see first.
    pub(crate) fn usual(&self) -> Picture {
        let counts = self.counts();
        let (low, high) = (self.percentile(&counts, 5), self.percentile(&counts, 995));
        if low < high {
            self.window(low, high)
        } else {
            self.widest(&counts)
        }
    }

    fn widest(&self, counts: &[u32]) -> Picture {
        let low = counts.iter().position(|count| *count > 0).unwrap_or(0);
        let high = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        self.window(
            u16::try_from(low).unwrap_or(0),
            u16::try_from(high).unwrap_or(u16::MAX),
        )
    }
}

impl Picture {
    /// Black for white.
    pub(crate) fn inverted(&self) -> Self {
        Self {
            grey: self.grey.iter().map(|grey| 255 - grey).collect(),
            ..*self
        }
    }

    /// Turned by a quarter to the left: the right column becomes the first row.
    pub(crate) fn turned_left(&self) -> Self {
        let (columns, rows) = (self.rows, self.columns);
        let grey = (0..rows)
            .flat_map(|y| (0..columns).map(move |x| (x, y)))
            .map(|(x, y)| self.grey[x * self.columns + (self.columns - 1 - y)])
            .collect();
        Self {
            columns,
            rows,
            grey,
        }
    }

    /// A part, clipped to the picture.
    pub(crate) fn crop(&self, x: usize, y: usize, columns: usize, rows: usize) -> Self {
        let (x, y) = (x.min(self.columns), y.min(self.rows));
        let (columns, rows) = (columns.min(self.columns - x), rows.min(self.rows - y));
        let grey = (y..y + rows)
            .flat_map(|row| &self.grey[row * self.columns + x..row * self.columns + x + columns])
            .copied()
            .collect();
        Self {
            columns,
            rows,
            grey,
        }
    }

    /// With a frame of its ground around it: of the grey that half of its outermost pixels exceed.
    pub(crate) fn framed(&self, by: usize) -> Self {
        if self.columns == 0 || self.rows == 0 {
            return self.clone();
        }
        let (last, below) = (self.columns - 1, (self.rows - 1) * self.columns);
        let mut edge: Vec<u8> = (0..self.rows)
            .flat_map(|y| {
                [
                    self.grey[y * self.columns],
                    self.grey[y * self.columns + last],
                ]
            })
            .chain(self.grey[..=last].iter().copied())
            .chain(self.grey[below..].iter().copied())
            .collect();
        edge.sort_unstable();
        let ground = edge[edge.len() / 2];
        let (columns, rows) = (self.columns + 2 * by, self.rows + 2 * by);
        let mut grey = vec![ground; columns * rows];
        for (y, row) in self.grey.chunks_exact(self.columns).enumerate() {
            let start = (y + by) * columns + by;
            grey[start..start + self.columns].copy_from_slice(row);
        }
        Self {
            columns,
            rows,
            grey,
        }
    }

    /// With middle grey at its right, up to so many columns.
    pub(crate) fn widened(&self, columns: usize) -> Self {
        if self.columns >= columns {
            return self.clone();
        }
        let mut grey = vec![128; columns * self.rows];
        let rows = self.grey.chunks_exact(self.columns.max(1));
        for (wide, row) in grey.chunks_exact_mut(columns).zip(rows) {
            wide[..self.columns].copy_from_slice(row);
        }
        Self {
            columns,
            rows: self.rows,
            grey,
        }
    }

    /// Scaled to a size, each grey between its neighbours.
    pub(crate) fn resized(&self, columns: usize, rows: usize) -> Self {
        if self.columns == 0 || self.rows == 0 {
            return Self {
                columns,
                rows,
                grey: vec![0; columns * rows],
            };
        }
        let across: Vec<_> = (0..columns)
            .map(|x| between(x, columns, self.columns))
            .collect();
        let mut grey = Vec::with_capacity(columns * rows);
        for y in 0..rows {
            let (top, bottom, down) = between(y, rows, self.rows);
            for (left, right, share) in &across {
                let at = |x: usize, y: usize| f32::from(self.grey[y * self.columns + x]);
                let upper = at(*left, top) * (1.0 - share) + at(*right, top) * share;
                let lower = at(*left, bottom) * (1.0 - share) + at(*right, bottom) * share;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "within 0..=255"
                )]
                grey.push((upper * (1.0 - down) + lower * down).round() as u8);
            }
        }
        Self {
            columns,
            rows,
            grey,
        }
    }
}

/// The two places that a scaled place lies between, and how far it is from the first.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative after the maximum"
)]
fn between(place: usize, places: usize, originals: usize) -> (usize, usize, f32) {
    let exact = ((place as f32 + 0.5) * originals as f32 / places as f32 - 0.5).max(0.0);
    let first = (exact as usize).min(originals - 1);
    (first, (first + 1).min(originals - 1), exact - first as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_short_way_to_grey_is_the_long_way(
            data in proptest::collection::vec(any::<u8>(), 64),
            (bits_allocated, bits_stored) in prop_oneof![(Just(8_u16), 1..=8_u16), (Just(16), 1..=16_u16)],
            above in 0..16_u16,
            (signed, big_endian, turned) in any::<(bool, bool, bool)>(),
        ) {
            let shape = FrameShape {
                rows: 1,
                columns: u32::from(64 * 8 / bits_allocated),
                samples: 1,
                bits_allocated,
                bits_stored,
                high_bit: (bits_stored - 1 + above).min(bits_allocated - 1),
                signed,
                planar: false,
                big_endian,
                colour: if turned { Colour::Monochrome1 } else { Colour::Monochrome2 },
                halved_colour: false,
            };
            let frame = Frame { shape, data: data.into() };
            prop_assert_eq!(short_grey(&frame), Some(any_grey(&frame)));
        }
    }
}
