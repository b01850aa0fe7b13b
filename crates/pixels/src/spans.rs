//! Which bytes of a frame an area covers, and which pixels are inside.

use crate::shape::FrameShape;
use cloakroom_core::{MaskPlan, MaskRegion, Rect};

/// The areas of a plan as they can really be wiped: clipped to the image, and widened to pairs of pixels where two
/// share their colour. Sorted, without repetition.
pub(crate) fn effective_regions(
    plan: &MaskPlan,
    columns: u32,
    rows: u32,
    pairs: bool,
) -> Vec<MaskRegion> {
    let mut regions: Vec<MaskRegion> = plan
        .regions
        .iter()
        .filter_map(|region| {
            let mut rect = region.rect.clip(columns, rows)?;
            if pairs {
                let right = (rect.x + rect.width).next_multiple_of(2).min(columns);
                rect.x -= rect.x % 2;
                rect.width = right - rect.x;
            }
            Some(MaskRegion {
                rect,
                ..region.clone()
            })
        })
        .collect();
    regions.sort();
    regions.dedup();
    regions
}

/// The areas that concern one frame.
pub(crate) fn rects_of_frame(regions: &[MaskRegion], frame: u32) -> Vec<Rect> {
    regions
        .iter()
        .filter(|region| {
            region
                .frames
                .is_none_or(|(first, last)| (first..=last).contains(&frame))
        })
        .map(|region| region.rect)
        .collect()
}

/// The pixels that areas cover, one bit of truth per pixel; written so plainly that it can prove the spans.
pub(crate) struct Bitmap {
    columns: usize,
    inside: Vec<bool>,
}

impl Bitmap {
    pub(crate) fn new(rects: &[Rect], columns: u32, rows: u32) -> Self {
        let columns = columns as usize;
        let mut inside = vec![false; columns * rows as usize];
        for rect in rects {
            for y in rect.y..(rect.y + rect.height).min(rows) {
                let row = y as usize * columns;
                let from = (rect.x as usize).min(columns);
                let to = ((rect.x + rect.width) as usize).min(columns);
                inside[row + from..row + to].fill(true);
            }
        }
        Self { columns, inside }
    }

    pub(crate) fn contains(&self, x: usize, y: usize) -> bool {
        x < self.columns
            && self
                .inside
                .get(y * self.columns + x)
                .copied()
                .unwrap_or(false)
    }

    /// Pixels inside.
    pub(crate) fn area(&self) -> u64 {
        self.inside.iter().filter(|inside| **inside).count() as u64
    }
}

/// A run of bytes of one frame that is wiped, and which sample of a pixel its first one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) len: usize,
    /// The plane of a planar image; 0 elsewhere.
    pub(crate) plane: usize,
}

/// The runs of bytes of one frame that areas cover, in their order and without overlap.
pub(crate) fn spans(shape: &FrameShape, rects: &[Rect]) -> Vec<Span> {
    let rows = shape.rows as usize;
    let columns = shape.columns as usize;
    let (planes, pixel_bytes) = if shape.planar {
        (usize::from(shape.samples), shape.sample_bytes())
    } else if shape.halved_colour {
        (1, 2 * shape.sample_bytes())
    } else {
        (1, usize::from(shape.samples) * shape.sample_bytes())
    };
    let per_row: Vec<Vec<(usize, usize)>> = (0..rows)
        .map(|row| intervals(rects, row, columns))
        .collect();
    let mut found: Vec<Span> = Vec::new();
    for plane in 0..planes {
        for (row, intervals) in per_row.iter().enumerate() {
            for &(from, to) in intervals {
                let start = ((plane * rows + row) * columns + from) * pixel_bytes;
                let len = (to - from) * pixel_bytes;
                match found.last_mut() {
                    Some(last) if last.start + last.len == start && last.plane == plane => {
                        last.len += len;
                    }
                    _ => found.push(Span { start, len, plane }),
                }
            }
        }
    }
    found
}

fn intervals(rects: &[Rect], row: usize, columns: usize) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = rects
        .iter()
        .filter(|rect| (rect.y as usize..(rect.y + rect.height) as usize).contains(&row))
        .map(|rect| {
            (
                rect.x as usize,
                ((rect.x + rect.width) as usize).min(columns),
            )
        })
        .collect();
    found.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (from, to) in found {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}
