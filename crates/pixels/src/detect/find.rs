//! Where text lines are: the probability map of the detector model to boxes.

use crate::plane::Picture;

/// Black around a picture, so that text at its edge is found whole.
const PADDING: usize = 32;
/// Pixels of the map above this belong to text.
const PIXEL_THRESHOLD: f32 = 0.3;
/// Boxes whose pixels are below this on average are not text.
const BOX_THRESHOLD: f32 = 0.5;
/// The model shrinks lines; this is how it is undone (area times ratio over perimeter).
const UNCLIP: f32 = 1.6;
/// A picture is looked at in tiles of this size, which overlap.
const TILE: usize = 1280;
const OVERLAP: usize = 128;
/// Pictures up to this size are looked at twice as large, for the sake of small letters.
const SMALL: usize = 400;

/// A box in pixels of the picture, right and bottom exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TextBox {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) right: usize,
    pub(crate) bottom: usize,
}

impl TextBox {
    pub(crate) const fn width(&self) -> usize {
        self.right - self.left
    }

    pub(crate) const fn height(&self) -> usize {
        self.bottom - self.top
    }

    pub(crate) const fn area(&self) -> usize {
        self.width() * self.height()
    }

    pub(crate) fn overlap(&self, other: &Self) -> usize {
        let width = self
            .right
            .min(other.right)
            .saturating_sub(self.left.max(other.left));
        let height = self
            .bottom
            .min(other.bottom)
            .saturating_sub(self.top.max(other.top));
        width * height
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// The probability map of one input: grey picture in, as many values out.
pub(crate) type Map<'a> = &'a dyn Fn(&Picture) -> Option<Vec<f32>>;

/// All boxes of a whole picture. `None` if the model fails.
#[cfg(test)]
pub(crate) fn find(picture: &Picture, map: Map<'_>) -> Option<Vec<TextBox>> {
    find_in_part(picture, picture.columns.max(picture.rows), map)
}

/// All boxes of a part of a picture whose larger side is `whole`. `None` if the model fails.
pub(crate) fn find_in_part(picture: &Picture, whole: usize, map: Map<'_>) -> Option<Vec<TextBox>> {
    let largest = picture.columns.max(picture.rows);
    if whole <= SMALL {
        let twice = picture.resized(2 * picture.columns, 2 * picture.rows);
        let boxes = in_tile(&twice, map)?;
        return Some(boxes.iter().map(|found| halved(*found, picture)).collect());
    }
    let mut boxes = in_tiles(picture, map)?;
    let mut factor = 2;
    // Letters larger than a tile's share are found in a smaller copy.
    while largest / factor > TILE / 2 && factor <= 8 {
        let copy = picture.resized(picture.columns / factor, picture.rows / factor);
        boxes.extend(
            in_tiles(&copy, map)?
                .into_iter()
                .map(|found| scaled(found, factor, picture)),
        );
        factor *= 2;
    }
    Some(boxes)
}

fn halved(found: TextBox, picture: &Picture) -> TextBox {
    TextBox {
        left: found.left / 2,
        top: found.top / 2,
        right: found.right.div_ceil(2).min(picture.columns),
        bottom: found.bottom.div_ceil(2).min(picture.rows),
    }
}

fn scaled(found: TextBox, factor: usize, picture: &Picture) -> TextBox {
    TextBox {
        left: found.left * factor,
        top: found.top * factor,
        right: ((found.right + 1) * factor).min(picture.columns),
        bottom: ((found.bottom + 1) * factor).min(picture.rows),
    }
}

fn in_tiles(picture: &Picture, map: Map<'_>) -> Option<Vec<TextBox>> {
    let mut boxes = Vec::new();
    let starts = |len: usize| (0..len.saturating_sub(OVERLAP).max(1)).step_by(TILE - OVERLAP);
    for y in starts(picture.rows) {
        for x in starts(picture.columns) {
            let tile = picture.crop(x, y, TILE, TILE);
            boxes.extend(in_tile(&tile, map)?.into_iter().map(|found| TextBox {
                left: found.left + x,
                top: found.top + y,
                right: found.right + x,
                bottom: found.bottom + y,
            }));
        }
    }
    Some(boxes)
}

fn in_tile(tile: &Picture, map: Map<'_>) -> Option<Vec<TextBox>> {
    let columns = (tile.columns + 2 * PADDING).next_multiple_of(32);
    let rows = (tile.rows + 2 * PADDING).next_multiple_of(32);
    let mut grey = vec![0; columns * rows];
    for (y, row) in tile.grey.chunks_exact(tile.columns.max(1)).enumerate() {
        let start = (y + PADDING) * columns + PADDING;
        grey[start..start + tile.columns].copy_from_slice(row);
    }
    let map = map(&Picture {
        columns,
        rows,
        grey,
    })?;
    let boxes = boxes_of(&map, columns, rows);
    Some(
        boxes
            .into_iter()
            .filter_map(|found| without_padding(found, tile))
            .collect(),
    )
}

fn without_padding(found: TextBox, tile: &Picture) -> Option<TextBox> {
    let inner = TextBox {
        left: found.left.saturating_sub(PADDING),
        top: found.top.saturating_sub(PADDING),
        right: found.right.saturating_sub(PADDING).min(tile.columns),
        bottom: found.bottom.saturating_sub(PADDING).min(tile.rows),
    };
    (inner.left < inner.right && inner.top < inner.bottom).then_some(inner)
}

/// Connected areas of the map, each as its box grown by what the model shrank.
fn boxes_of(map: &[f32], columns: usize, rows: usize) -> Vec<TextBox> {
    let mut seen = vec![false; map.len()];
    let mut boxes = Vec::new();
    let mut open = Vec::new();
    for start in 0..map.len().min(columns * rows) {
        if seen[start] || map[start] <= PIXEL_THRESHOLD {
            continue;
        }
        let mut area = TextBox {
            left: columns,
            top: rows,
            right: 0,
            bottom: 0,
        };
        let (mut sum, mut count) = (0.0, 0_usize);
        seen[start] = true;
        open.push(start);
        while let Some(at) = open.pop() {
            let (x, y) = (at % columns, at / columns);
            area = area.union(&TextBox {
                left: x,
                top: y,
                right: x + 1,
                bottom: y + 1,
            });
            sum += map[at];
            count += 1;
            for near_y in y.saturating_sub(1)..(y + 2).min(rows) {
                for near_x in x.saturating_sub(1)..(x + 2).min(columns) {
                    let near = near_y * columns + near_x;
                    if !seen[near] && map[near] > PIXEL_THRESHOLD {
                        seen[near] = true;
                        open.push(near);
                    }
                }
            }
        }
        if area.width().min(area.height()) >= 3 && sum / count as f32 >= BOX_THRESHOLD {
            boxes.push(grown(area, columns, rows));
        }
    }
    boxes
}

fn grown(area: TextBox, columns: usize, rows: usize) -> TextBox {
    let perimeter = 2 * (area.width() + area.height());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number"
    )]
    let by = (area.area() as f32 * UNCLIP / perimeter as f32).ceil() as usize;
    TextBox {
        left: area.left.saturating_sub(by),
        top: area.top.saturating_sub(by),
        right: (area.right + by).min(columns),
        bottom: (area.bottom + by).min(rows),
    }
}

/// Boxes of one and the same line become one: half of the smaller lies in the larger.
pub(crate) fn merged(mut boxes: Vec<TextBox>) -> Vec<TextBox> {
    boxes.sort_unstable();
    boxes.dedup();
    loop {
        let mut out: Vec<TextBox> = Vec::with_capacity(boxes.len());
        for found in &boxes {
            let same = out.iter_mut().find(|other| {
                2 * other.overlap(found) >= other.area().min(found.area())
                    && (other.width() > other.height()) == (found.width() > found.height())
            });
            match same {
                Some(other) => *other = other.union(found),
                None => out.push(*found),
            }
        }
        if out.len() == boxes.len() {
            return out;
        }
        boxes = out;
    }
}

/// Words that stand beside each other become one line, so that no part of a date or a name is judged alone.
pub(crate) fn joined_lines(mut boxes: Vec<TextBox>) -> Vec<TextBox> {
    boxes.sort_unstable();
    loop {
        let mut out: Vec<TextBox> = Vec::with_capacity(boxes.len());
        for found in &boxes {
            match out.iter_mut().find(|other| stand_in_line(other, found)) {
                Some(other) => *other = other.union(found),
                None => out.push(*found),
            }
        }
        if out.len() == boxes.len() {
            return out;
        }
        boxes = out;
    }
}

/// Whether two boxes are of like height, at the same height, and not further apart than that height.
fn stand_in_line(one: &TextBox, other: &TextBox) -> bool {
    let (lower, higher) = (
        one.height().min(other.height()),
        one.height().max(other.height()),
    );
    let shared = one
        .bottom
        .min(other.bottom)
        .saturating_sub(one.top.max(other.top));
    let gap = one
        .left
        .max(other.left)
        .saturating_sub(one.right.min(other.right));
    let is_tall = |found: &TextBox| found.height() > 2 * found.width();
    !is_tall(one)
        && !is_tall(other)
        && higher <= 2 * lower
        && 5 * shared >= 3 * lower
        && gap <= lower
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(left: usize, top: usize, right: usize, bottom: usize) -> TextBox {
        TextBox {
            left,
            top,
            right,
            bottom,
        }
    }

    #[test]
    fn one_line_found_twice_is_one() {
        let boxes = vec![
            found(10, 10, 60, 20),
            found(12, 9, 58, 21),
            found(10, 40, 60, 50),
        ];
        assert_eq!(merged(boxes), [found(10, 9, 60, 21), found(10, 40, 60, 50)]);
    }

    #[test]
    fn the_parts_of_a_date_are_one_line_and_columns_are_not() {
        let parts = vec![
            found(10, 10, 22, 20),
            found(30, 11, 42, 21),
            found(50, 10, 74, 20),
        ];
        assert_eq!(joined_lines(parts), [found(10, 10, 74, 21)]);
        let columns = vec![found(10, 10, 40, 20), found(80, 10, 99, 20)];
        assert_eq!(joined_lines(columns.clone()), columns);
        let rows = vec![found(10, 10, 40, 20), found(10, 24, 40, 34)];
        assert_eq!(joined_lines(rows.clone()), rows);
    }

    #[test]
    fn an_area_of_the_map_becomes_a_box_that_is_a_little_larger() {
        let mut map = vec![0.0; 64 * 32];
        for y in 10..18 {
            map[y * 64 + 20..y * 64 + 50].fill(0.9);
        }
        map[5] = 0.9;
        assert_eq!(boxes_of(&map, 64, 32), [found(14, 4, 56, 24)]);
    }
}
