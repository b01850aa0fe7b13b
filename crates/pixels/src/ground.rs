//! Text that differs from a flat ground by as little as one step, however bright its surroundings are.
//!
//! A window that shows what is bright beside it flattens such text, and so does one between the extremes near it. But
//! where whole squares of an image have one value, whoever wrote upon them left another value, and that is enough.

use crate::plane::{Picture, Plane};
use std::collections::BTreeMap;

/// Columns and rows of a square that no stroke of a letter fills.
const SQUARE: usize = 16;
/// A value is a ground if it fills so many squares.
const SQUARES: usize = 4;
/// An image has no more grounds than this; those that fill most squares count.
const GROUNDS: usize = 16;

/// The values that fill whole squares of a plane.
pub(crate) struct Grounds {
    sorted: Vec<u16>,
}

impl Grounds {
    /// Looks for them.
    pub(crate) fn of(plane: &Plane) -> Self {
        let mut squares: BTreeMap<u16, usize> = BTreeMap::new();
        for band in plane.values.chunks_exact(SQUARE * plane.columns.max(1)) {
            for left in (0..(plane.columns + 1).saturating_sub(SQUARE)).step_by(SQUARE) {
                let value = band[left];
                let flat = band
                    .chunks_exact(plane.columns)
                    .all(|row| row[left..left + SQUARE].iter().all(|other| *other == value));
                if flat {
                    *squares.entry(value).or_default() += 1;
                }
            }
        }
        let mut grounds: Vec<_> = squares
            .into_iter()
            .filter(|(_, count)| *count >= SQUARES)
            .collect();
        grounds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        grounds.truncate(GROUNDS);
        let mut sorted: Vec<u16> = grounds.into_iter().map(|(value, _)| value).collect();
        sorted.sort_unstable();
        Self { sorted }
    }

    /// Whether there is none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The ground black, everything else white.
    pub(crate) fn picture(&self, plane: &Plane) -> Picture {
        // Neighbours mostly have one value, so that few need a search.
        let mut last = (0, self.holds(0));
        let grey = plane.values.iter().map(|value| {
            if last.0 != *value {
                last = (*value, self.holds(*value));
            }
            if last.1 { 0 } else { u8::MAX }
        });
        Picture {
            columns: plane.columns,
            rows: plane.rows,
            grey: grey.collect(),
        }
    }

    /// Whether a value is a ground.
    pub(crate) fn holds(&self, value: u16) -> bool {
        self.sorted.binary_search(&value).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::font;

    #[test]
    fn letters_one_step_above_or_below_their_ground_stand_out_beside_what_is_bright() {
        for (ground, letters) in [(0, 1), (40, 39), (65_534, 65_535)] {
            let (columns, rows) = (160, 96);
            let mut plane = Plane {
                columns,
                rows,
                values: vec![ground; columns * rows],
                is_colour: false,
            };
            let mut plain = vec![0_u16; columns * rows];
            font::draw(
                &mut plane.values,
                columns,
                (4, 70),
                "TAN 1970",
                (letters, 2),
            );
            font::draw(&mut plain, columns, (4, 70), "TAN 1970", (1, 2));
            plane.values[columns * 69 + 100..columns * 90]
                .iter_mut()
                .step_by(7)
                .for_each(|value| *value = 20_000);
            let picture = Grounds::of(&plane).picture(&plane);
            let seen = |index: usize| picture.grey[index] == u8::MAX;
            assert!((0..plain.len()).all(|index| plain[index] == 0 || seen(index)));
            assert!((0..columns * 69).all(|index| !seen(index)));
        }
    }

    #[test]
    fn noise_has_no_ground() {
        let values =
            (0..128 * 128_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 20) as u16);
        let plane = Plane {
            columns: 128,
            rows: 128,
            values: values.collect(),
            is_colour: false,
        };
        assert!(Grounds::of(&plane).is_empty());
    }
}
