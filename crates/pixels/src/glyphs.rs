//! A cheap look for letters in images whose class carries none: strokes of constant value at letter size.
//!
//! Whoever draws text into an image draws it in one value, so that a stem of a letter is a narrow run of the same
//! value over several rows, standing out from what is left and right of it. Noise does not do that twice.

use crate::plane::Plane;

/// A stem is at most this wide.
const WIDEST: usize = 8;
/// A stem is at least this tall.
const TALLEST_NOISE: u16 = 5;
/// So many stems of one value, not far from each other, are letters.
pub(crate) const STEMS: usize = 6;
/// Two stems this far apart belong to one text.
const REACH: usize = 96;

/// A stem: its value and where its fifth row ends.
type Stem = (u16, usize, usize);

/// Whether something in the plane may be letters.
pub(crate) fn suspicious(plane: &Plane) -> bool {
    is_text(&mut stems(plane))
}

/// Where strokes are, coarsely, so that the same stroke in two frames is the same place.
pub(crate) fn stroke_places(plane: &Plane) -> Vec<(u16, usize, usize)> {
    let mut found = stems(plane);
    found
        .iter_mut()
        .for_each(|(_, x, y)| (*x, *y) = (*x / 4, *y / 4));
    found
}

fn stems(plane: &Plane) -> Vec<Stem> {
    let (columns, low, high) = (
        plane.columns,
        plane.values.iter().min(),
        plane.values.iter().max(),
    );
    let (Some(low), Some(high)) = (low, high) else {
        return Vec::new();
    };
    let contrast = ((high - low) / 24).max(2);
    // For each column: the value of the stem that runs through it, and its rows so far.
    let mut running: Vec<(u16, u16)> = vec![(0, 0); columns];
    let mut found = Vec::new();
    for (y, row) in plane.values.chunks_exact(columns.max(1)).enumerate() {
        let mut x = 0;
        while x < columns {
            let value = row[x];
            let mut end = x + 1;
            while end < columns && row[end] == value {
                end += 1;
            }
            let stands_out = x > 0
                && end < columns
                && end - x <= WIDEST
                && row[x - 1].abs_diff(value) >= contrast
                && row[end].abs_diff(value) >= contrast;
            let mut tall = false;
            for stem in &mut running[x..end] {
                let rows = if stem.0 == value {
                    stem.1.saturating_add(1)
                } else {
                    1
                };
                *stem = if stands_out {
                    (value, rows)
                } else {
                    (value, 0)
                };
                tall |= stem.1 == TALLEST_NOISE;
            }
            if tall {
                found.push((value, x, y));
            }
            x = end;
        }
    }
    found
}

/// Whether enough stems of one value stand near each other in a line.
fn is_text(stems: &mut [Stem]) -> bool {
    stems.sort_unstable();
    stems.chunk_by(|one, other| one.0 == other.0).any(|same| {
        same.len() >= STEMS
            && same.iter().any(|(_, x, y)| {
                let near = same.iter().filter(|(_, other_x, other_y)| {
                    x.abs_diff(*other_x) <= REACH && y.abs_diff(*other_y) <= 12
                });
                near.take(STEMS).count() >= STEMS
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::font;

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
