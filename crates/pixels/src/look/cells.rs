//! Which parts of a picture are worth a look: cells of a grid, and rectangles around those that are.

use crate::detect::find::TextBox;
use crate::ground::Grounds;
use crate::plane::{Picture, Plane};
use cloakroom_core::Rect;

/// Columns and rows of a cell.
pub(crate) const CELL: usize = 32;
/// Looking at a rectangle costs this much more on every side.
const PADDING: usize = 32;
/// A cell with fewer edges of one value than this holds no part of letters worth a look: a cell beside it does.
const LEAST_EDGES: usize = 8;

/// A grid of cells over a picture, each of which is worth a look or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cells {
    columns: usize,
    rows: usize,
    across: usize,
    on: Vec<bool>,
}

impl Cells {
    /// The cells of a size for which something holds; it is told the cell's area.
    fn where_true(columns: usize, rows: usize, holds: impl Fn(TextBox) -> bool) -> Self {
        let (across, down) = (columns.div_ceil(CELL), rows.div_ceil(CELL));
        let area = |index: usize| {
            let (left, top) = (index % across * CELL, index / across * CELL);
            TextBox {
                left,
                top,
                right: (left + CELL).min(columns),
                bottom: (top + CELL).min(rows),
            }
        };
        Self {
            columns,
            rows,
            across,
            on: (0..across * down).map(|index| holds(area(index))).collect(),
        }
    }

    /// Every cell.
    pub(crate) fn all(plane: &Plane) -> Self {
        Self::where_true(plane.columns, plane.rows, |_| true)
    }

    /// Cells that come within some pixels of an area.
    pub(crate) fn near(plane: &Plane, areas: &[Rect], margin: usize) -> Self {
        Self::where_true(plane.columns, plane.rows, |cell| {
            areas.iter().any(|area| {
                let (x, y) = (area.x as usize, area.y as usize);
                let (right, bottom) = (x + area.width as usize, y + area.height as usize);
                cell.left < right + margin
                    && x < cell.right + margin
                    && cell.top < bottom + margin
                    && y < cell.bottom + margin
            })
        })
    }

    /// Cells that hold one of some places.
    pub(crate) fn holding(plane: &Plane, places: &[(usize, usize)]) -> Self {
        let mut cells = Self::where_true(plane.columns, plane.rows, |_| false);
        for (x, y) in places {
            if *x < cells.columns && *y < cells.rows {
                cells.on[y / CELL * cells.across + x / CELL] = true;
            }
        }
        cells
    }

    /// Whether the cell of a place is among them.
    pub(crate) fn hold(&self, x: usize, y: usize) -> bool {
        x < self.columns && y < self.rows && self.on[y / CELL * self.across + x / CELL]
    }

    /// Cells in which two planes of one size clearly differ, or where one leaves its ground and the other does not.
    pub(crate) fn different(one: &Plane, other: &Plane) -> Self {
        let grounds = Grounds::of(one);
        let low = one.values.iter().min().copied().unwrap_or(0);
        let high = one.values.iter().max().copied().unwrap_or(0);
        let clearly = ((high - low) / 64).max(1);
        Self::where_true(one.columns, one.rows, |cell| {
            rows_of(cell, one.columns).any(|row| {
                let pairs = one.values[row.clone()].iter().zip(&other.values[row]);
                pairs.into_iter().any(|(one, other)| {
                    one.abs_diff(*other) >= clearly || one != other && grounds.holds(*other)
                })
            })
        })
    }

    /// Cells of a plane that are not of one value.
    pub(crate) fn uneven(plane: &Plane) -> Self {
        Self::where_true(plane.columns, plane.rows, |cell| {
            let first = plane.values[cell.top * plane.columns + cell.left];
            rows_of(cell, plane.columns)
                .any(|row| plane.values[row].iter().any(|value| *value != first))
        })
    }

    /// Cells of a picture whose greys span at least so much.
    pub(crate) fn spanning(picture: &Picture, least: u8) -> Self {
        Self::where_true(picture.columns, picture.rows, |cell| {
            let (mut low, mut high) = (u8::MAX, 0);
            for row in rows_of(cell, picture.columns) {
                for grey in &picture.grey[row] {
                    (low, high) = (low.min(*grey), high.max(*grey));
                }
            }
            high - low >= least
        })
    }

    /// Cells in which one value stands beside the ground again and again, as that of letters does and noise does not,
    /// and spans less than `span` greys of the usual picture. `ink` is white where the ground is not.
    pub(crate) fn faint_beside_ground(
        plane: &Plane,
        ink: &Picture,
        usual: &Picture,
        span: u8,
    ) -> Self {
        Self::where_true(plane.columns, plane.rows, |cell| {
            let mut beside: Vec<u16> = Vec::new();
            for row in rows_of(cell, plane.columns) {
                let (ink, usual) = (&ink.grey[row.clone()], &usual.grey[row.clone()]);
                let values = &plane.values[row];
                for x in 1..values.len() {
                    if ink[x - 1] != ink[x] && usual[x - 1].abs_diff(usual[x]) < span {
                        beside.push(values[if ink[x] > 0 { x } else { x - 1 }]);
                    }
                }
            }
            beside.sort_unstable();
            let same = beside.chunk_by(|one, other| one == other);
            same.map(<[u16]>::len).max().unwrap_or(0) >= LEAST_EDGES
        })
    }

    /// Cells that both hold.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.on
            .iter_mut()
            .zip(&other.on)
            .for_each(|(one, other)| *one &= *other);
        self
    }

    /// Cells that this holds and the other does not.
    pub(crate) fn without(mut self, other: &Self) -> Self {
        self.on
            .iter_mut()
            .zip(&other.on)
            .for_each(|(one, other)| *one &= !*other);
        self
    }

    /// With the cells around each cell.
    pub(crate) fn widened(&self) -> Self {
        let down = self.on.len() / self.across.max(1);
        let near = |index: usize| {
            let (x, y) = (index % self.across, index / self.across);
            (y.saturating_sub(1)..(y + 2).min(down)).any(|y| {
                (x.saturating_sub(1)..(x + 2).min(self.across))
                    .any(|x| self.on[y * self.across + x])
            })
        };
        Self {
            on: (0..self.on.len()).map(near).collect(),
            ..*self
        }
    }

    /// Rectangles that together hold every cell and one around it; the whole where that costs less.
    pub(crate) fn rectangles(&self) -> Vec<TextBox> {
        let mut rectangles = joined(self.widened().components());
        let cost = |area: &TextBox| (area.width() + 2 * PADDING) * (area.height() + 2 * PADDING);
        let whole = TextBox {
            left: 0,
            top: 0,
            right: self.columns,
            bottom: self.rows,
        };
        if rectangles.iter().map(cost).sum::<usize>() >= cost(&whole) {
            rectangles = vec![whole];
        }
        rectangles
    }

    /// The areas of cells that hang together.
    fn components(&self) -> Vec<TextBox> {
        let mut seen = vec![false; self.on.len()];
        let mut found = Vec::new();
        for start in 0..self.on.len() {
            if seen[start] || !self.on[start] {
                continue;
            }
            let mut area: Option<TextBox> = None;
            let mut open = vec![start];
            seen[start] = true;
            while let Some(at) = open.pop() {
                let (x, y) = (at % self.across, at / self.across);
                let cell = TextBox {
                    left: x * CELL,
                    top: y * CELL,
                    right: ((x + 1) * CELL).min(self.columns),
                    bottom: ((y + 1) * CELL).min(self.rows),
                };
                area = Some(area.map_or(cell, |area| area.union(&cell)));
                let beside = [
                    (x > 0).then(|| at - 1),
                    (x + 1 < self.across).then_some(at + 1),
                    at.checked_sub(self.across),
                    Some(at + self.across).filter(|below| *below < self.on.len()),
                ];
                for next in beside.into_iter().flatten() {
                    if self.on[next] && !seen[next] {
                        seen[next] = true;
                        open.push(next);
                    }
                }
            }
            found.extend(area);
        }
        found
    }
}

/// The rows of an area as ranges of a plane's values.
fn rows_of(area: TextBox, columns: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (area.top..area.bottom).map(move |y| y * columns + area.left..y * columns + area.right)
}

/// Rectangles of which those that overlap have become one.
fn joined(mut rectangles: Vec<TextBox>) -> Vec<TextBox> {
    loop {
        let mut out: Vec<TextBox> = Vec::with_capacity(rectangles.len());
        for area in &rectangles {
            match out.iter_mut().find(|other| other.overlap(area) > 0) {
                Some(other) => *other = other.union(area),
                None => out.push(*area),
            }
        }
        if out.len() == rectangles.len() {
            return out;
        }
        rectangles = out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane() -> Plane {
        Plane {
            columns: 320,
            rows: 200,
            values: vec![7; 320 * 200],
            is_colour: false,
        }
    }

    #[test]
    fn only_what_is_uneven_is_looked_at_with_a_cell_around_it() {
        let mut plane = plane();
        assert!(Cells::uneven(&plane).rectangles().is_empty());
        plane.values[100 * 320 + 100] = 8;
        let one = TextBox {
            left: 64,
            top: 64,
            right: 160,
            bottom: 160,
        };
        assert_eq!(Cells::uneven(&plane).rectangles(), [one]);
        let all = Cells::all(&plane).rectangles();
        assert_eq!((all.len(), all[0].width(), all[0].height()), (1, 320, 200));
    }

    #[test]
    fn a_frame_like_another_is_not_looked_at_again() {
        let (one, mut other) = (plane(), plane());
        assert!(Cells::different(&one, &other).rectangles().is_empty());
        other.values[199 * 320 + 319] = 9;
        let last = TextBox {
            left: 256,
            top: 160,
            right: 320,
            bottom: 200,
        };
        let found = Cells::different(&one, &other).rectangles();
        assert!(
            found.len() == 1 && found[0].union(&last) == found[0],
            "{found:?}"
        );
    }

    #[test]
    fn near_is_measured_from_the_edge_of_an_area() {
        let area = Rect {
            x: 40,
            y: 40,
            width: 8,
            height: 8,
        };
        let cells = Cells::near(&plane(), &[area], 8);
        assert_eq!(cells.on.iter().filter(|on| **on).count(), 1);
        assert!(
            Cells::near(&plane(), &[area], 20)
                .on
                .iter()
                .filter(|on| **on)
                .count()
                > 1
        );
    }
}
