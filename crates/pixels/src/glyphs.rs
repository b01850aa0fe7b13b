//! A cheap look for letters in images whose class carries none: strokes of constant value at letter size.
//!
//! Whoever draws text into an image draws it in one value, so that a stem of a letter is a narrow run of the same
//! value over several rows, standing out from what is left and right of it. Noise does not do that twice.

use crate::plane::Plane;

/// A stem is at most this wide.
const WIDEST: usize = 8;
/// A stem is at least this tall.
const TALLEST_NOISE: usize = 5;
/// So many stems of one value, not far from each other, are letters.
pub(crate) const STEMS: usize = 6;
/// Two stems this far apart belong to one text.
const REACH: usize = 96;
/// And this far one below the other.
const REACH_DOWN: usize = 12;

/// A stem: its value and where its fifth row ends.
type Stem = (u16, usize, usize);

/// Whether something in the plane may be letters.
pub(crate) fn suspicious(plane: &Plane) -> bool {
    is_text(&stems(plane))
}

/// The strokes of each value that has enough of them beside each other to be letters, with where a row of each ends.
pub(crate) fn lettering(
    plane: &Plane,
    wanted: impl Fn(usize, usize) -> bool,
) -> Vec<(u16, Vec<(usize, usize)>)> {
    let mut stems = stems(plane);
    stems.retain(|(_, x, y)| wanted(*x, *y));
    stems
        .chunk_by(|one, other| one.0 == other.0)
        .filter(|same| is_text(same))
        .map(|same| (same[0].0, same.iter().map(|(_, x, y)| (*x, *y)).collect()))
        .collect()
}

/// Where strokes are, coarsely, so that the same stroke in two frames is the same place.
pub(crate) fn stroke_places(plane: &Plane) -> Vec<(u16, usize, usize)> {
    let mut found = stems(plane);
    found
        .iter_mut()
        .for_each(|(_, x, y)| (*x, *y) = (*x / 4, *y / 4));
    found
}

/// All stems of a plane, by value and place.
///
/// Five rows one below the other hold exactly one whose number is four more than a multiple of five. Only those rows
/// are searched, 64 columns at a time; what may be a stem there is then followed up and down.
fn stems(plane: &Plane) -> Vec<Stem> {
    let ends = |(low, high): (u16, u16), value: &u16| (low.min(*value), high.max(*value));
    let (low, high) = plane.values.iter().fold((u16::MAX, 0), ends);
    if low > high {
        return Vec::new();
    }
    let rows = Rows {
        rows: plane.values.chunks_exact(plane.columns.max(1)).collect(),
        contrast: ((high - low) / 24).max(2),
    };
    let mut marks = Marks::new(plane.columns);
    let mut found = Vec::new();
    for y in (TALLEST_NOISE - 1..rows.rows.len()).step_by(TALLEST_NOISE) {
        marks.look(&rows, y);
        marks.for_each_candidate(|x| found.extend(rows.stem_through(x, y)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The rows of a plane, and how much a stroke differs from what is beside it.
struct Rows<'a> {
    rows: Vec<&'a [u16]>,
    contrast: u16,
}

impl Rows<'_> {
    /// Where the run of one value that holds this pixel begins, if it is narrow and stands out on both sides.
    fn narrow_run(&self, x: usize, y: usize) -> Option<usize> {
        let row = self.rows.get(y)?;
        let value = row.get(x)?;
        let is_other = |other: &u16| other != value;
        let left = row[..x].iter().rev().take(WIDEST).position(is_other)?;
        let right = row[x + 1..].iter().take(WIDEST).position(is_other)?;
        let start = x - left;
        let stands_out = left + 1 + right <= WIDEST
            && row[start - 1].abs_diff(*value) >= self.contrast
            && row[x + 1 + right].abs_diff(*value) >= self.contrast;
        stands_out.then_some(start)
    }

    /// The stem that holds this pixel in one of its first five rows.
    fn stem_through(&self, x: usize, y: usize) -> Option<Stem> {
        let value = *self.rows.get(y)?.get(x)?;
        let is_stem = |y: usize| {
            self.rows.get(y).and_then(|row| row.get(x)) == Some(&value)
                && self.narrow_run(x, y).is_some()
        };
        let above = (1..=TALLEST_NOISE.min(y))
            .take_while(|up| is_stem(y - up))
            .count();
        // A stem that began five rows higher was found there.
        let fifth = (y + TALLEST_NOISE - 1)
            .checked_sub(above)
            .filter(|fifth| *fifth >= y)?;
        if !(y..=fifth).all(is_stem) {
            return None;
        }
        Some((value, self.narrow_run(x, fifth)?, fifth))
    }
}

/// A pixel has the value of the one left of it.
const SAME: u8 = 1;
/// A pixel stands out from the one left of it.
const EDGE: u8 = 2;
/// Three pixels one below the other, this one among them, have one value.
const UPRIGHT: u8 = 4;

/// What is to be said of the pixels of one row: a byte each, and then a bit each in words of 64.
struct Marks {
    columns: usize,
    bytes: Vec<u8>,
    same: Vec<u64>,
    edge: Vec<u64>,
    upright: Vec<u64>,
    /// A row that equals no other, below the last.
    nothing: Vec<u16>,
}

impl Marks {
    fn new(columns: usize) -> Self {
        // One word more than there are columns, so that every word has a next one.
        let words = columns.div_ceil(64) + 1;
        Self {
            columns,
            bytes: vec![0; 64 * words],
            same: vec![0; words],
            edge: vec![0; words],
            upright: vec![0; words],
            nothing: Vec::new(),
        }
    }

    fn look(&mut self, rows: &Rows<'_>, y: usize) {
        let row = rows.rows[y];
        self.nothing.clear();
        self.nothing.extend(row.iter().map(|value| !value));
        let below = |down: usize| rows.rows.get(y + down).copied();
        self.bytes[0] = 0;
        let (one_below, two_below) = (
            below(1).unwrap_or(&self.nothing),
            below(2).unwrap_or(&self.nothing),
        );
        let rest = self.columns - 1;
        let (left, here) = (&row[..rest], &row[1..]);
        let (above_2, above_1) = (&rows.rows[y - 2][1..], &rows.rows[y - 1][1..]);
        let (below_1, below_2) = (&one_below[1..], &two_below[1..]);
        let bytes = &mut self.bytes[1..=rest];
        // All are of one length, and the compiler sees it: the loop works on many columns at once.
        let (left, here, above_2, above_1) = (
            &left[..rest],
            &here[..rest],
            &above_2[..rest],
            &above_1[..rest],
        );
        let (below_1, below_2, bytes) = (&below_1[..rest], &below_2[..rest], &mut bytes[..rest]);
        for x in 0..rest {
            let value = here[x];
            let (up, down) = (value == above_1[x], value == below_1[x]);
            let upright = up & (down | (value == above_2[x])) | down & (value == below_2[x]);
            let same = value == left[x];
            let edge = value.abs_diff(left[x]) >= rows.contrast;
            bytes[x] = if same { SAME } else { 0 }
                | if edge { EDGE } else { 0 }
                | if upright { UPRIGHT } else { 0 };
        }
        let words = self
            .same
            .iter_mut()
            .zip(&mut self.edge)
            .zip(&mut self.upright);
        for (((same, edge), upright), bytes) in words.zip(self.bytes.chunks_exact(64)) {
            (*same, *edge, *upright) = (0, 0, 0);
            for (place, eight) in bytes.chunks_exact(8).enumerate() {
                let eight = eight
                    .iter()
                    .rev()
                    .fold(0, |word, byte| word << 8 | u64::from(*byte));
                *same |= gathered(eight, SAME) << (8 * place);
                *edge |= gathered(eight, EDGE) << (8 * place);
                *upright |= gathered(eight, UPRIGHT) << (8 * place);
            }
        }
    }

    /// Calls `each` with the columns that lie in a narrow run that stands out, and may lie in a stem.
    fn for_each_candidate(&self, mut each: impl FnMut(usize)) {
        let mut carried = 0;
        for word in 0..self.same.len() - 1 {
            let wide = |words: &[u64]| u128::from(words[word + 1]) << 64 | u128::from(words[word]);
            let (same, edge) = (wide(&self.same), wide(&self.edge));
            // A run begins at an edge, goes on in the same value, and ends at an edge.
            let (mut runs, mut starts) = (self.edge[word], 0);
            for width in 1..=WIDEST {
                if runs == 0 {
                    break;
                }
                starts |= runs & low_half(edge >> width);
                runs &= low_half(same >> width);
            }
            // What follows a start in the same value belongs to it, across the border of two words.
            let mut inside = starts | carried & self.same[word];
            for _ in 1..WIDEST {
                inside |= self.same[word] & inside << 1;
            }
            carried = inside >> 63;
            let mut candidates = inside & self.upright[word];
            while candidates != 0 {
                each(64 * word + candidates.trailing_zeros() as usize);
                candidates &= candidates - 1;
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
const fn low_half(wide: u128) -> u64 {
    wide as u64
}

/// One bit of each of eight bytes, side by side.
const fn gathered(eight: u64, bit: u8) -> u64 {
    let bits = eight >> bit.trailing_zeros() & 0x0101_0101_0101_0101;
    bits.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Whether enough stems of one value stand near each other in a line. Stems are sorted by value and column.
fn is_text(stems: &[Stem]) -> bool {
    stems
        .chunk_by(|one, other| one.0 == other.0)
        .filter(|same| same.len() >= STEMS)
        .any(|same| {
            let mut first = 0;
            same.iter().any(|(_, x, y)| {
                while same[first].1 + REACH < *x {
                    first += 1;
                }
                let near = same[first..]
                    .iter()
                    .take_while(|(_, other, _)| *other <= x + REACH)
                    .filter(|(_, _, other)| y.abs_diff(*other) <= REACH_DOWN);
                near.take(STEMS).count() >= STEMS
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::font;
    use proptest::prelude::*;

    /// The same, said plainly: how many rows the stem of each column has so far.
    fn plain_stems(plane: &Plane) -> Vec<Stem> {
        let columns = plane.columns;
        let low = plane.values.iter().min().copied().unwrap_or(0);
        let high = plane.values.iter().max().copied().unwrap_or(0);
        let contrast = ((high - low) / 24).max(2);
        let mut running = vec![(0_u16, 0_usize); columns];
        let mut found = Vec::new();
        for (y, row) in plane.values.chunks_exact(columns).enumerate() {
            let mut x = 0;
            while x < columns {
                let value = row[x];
                let end = (x..columns).find(|at| row[*at] != value).unwrap_or(columns);
                let stands_out = x > 0
                    && end < columns
                    && end - x <= WIDEST
                    && row[x - 1].abs_diff(value) >= contrast
                    && row[end].abs_diff(value) >= contrast;
                let mut tall = false;
                for stem in &mut running[x..end] {
                    let rows = if stem.0 == value { stem.1 + 1 } else { 1 };
                    *stem = (value, if stands_out { rows } else { 0 });
                    tall |= stem.1 == TALLEST_NOISE;
                }
                if tall {
                    found.push((value, x, y));
                }
                x = end;
            }
        }
        found.sort_unstable();
        found
    }

    fn plain_is_text(stems: &[Stem]) -> bool {
        stems.iter().any(|(value, x, y)| {
            let near = stems.iter().filter(|(other, other_x, other_y)| {
                other == value && x.abs_diff(*other_x) <= REACH && y.abs_diff(*other_y) <= 12
            });
            near.count() >= STEMS
        })
    }

    /// Rectangles of a few values over each other: strokes of every width and height, at every place.
    fn strokes() -> impl Strategy<Value = (usize, usize, Vec<u16>)> {
        let rect = (
            0..200_usize,
            0..40_usize,
            1..12_usize,
            1..14_usize,
            0..4_u16,
        );
        (
            1..200_usize,
            0..40_usize,
            1..60_u16,
            proptest::collection::vec(rect, 0..120),
        )
            .prop_map(|(columns, rows, step, rects)| {
                let mut values = vec![0; columns * rows];
                for (left, top, width, height, value) in rects {
                    for y in top..(top + height).min(rows) {
                        for x in left..(left + width).min(columns) {
                            values[y * columns + x] = value * step;
                        }
                    }
                }
                (columns, rows, values)
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn the_quick_search_finds_what_the_plain_one_does((columns, rows, values) in strokes()) {
            let plane = Plane { columns, rows, values, is_colour: false };
            let found = stems(&plane);
            prop_assert_eq!(&found, &plain_stems(&plane));
            prop_assert_eq!(is_text(&found), plain_is_text(&found));
        }
    }

    /// A slice as noisy as a reconstruction, with an air background of one value.
    fn slice() -> Plane {
        let (columns, rows) = (256, 256);
        let mut state = 7_u32;
        let values = (0..columns * rows)
            .map(|index| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let (x, y) = (
                    (index % columns) as i32 - 128,
                    (index / columns) as i32 - 128,
                );
                let noise = (state >> 24) as u16 % 40;
                if x * x + y * y > 120 * 120 {
                    24
                } else if x.abs() < 60 {
                    1040 + noise
                } else {
                    900 + noise
                }
            })
            .collect();
        Plane {
            columns,
            rows,
            values,
            is_colour: false,
        }
    }

    #[test]
    fn a_slice_without_letters_is_not_suspected_and_one_with_letters_is() {
        assert!(!suspicious(&slice()));
        for (value, scale) in [(3000, 1), (0, 1), (2000, 2)] {
            let mut plane = slice();
            font::draw(
                &mut plane.values,
                256,
                (60, 90),
                "ZHANG SAN 19700101",
                (value, scale),
            );
            assert!(suspicious(&plane), "{value} {scale}");
        }
    }
}
