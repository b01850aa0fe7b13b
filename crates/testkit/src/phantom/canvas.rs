//! A drawing surface of signed samples.

use super::font;
use crate::random::Random;
use serde::{Deserialize, Serialize};

/// An ellipse, turned so that its axes lie along the image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ellipse {
    /// Column of the centre.
    pub x: f64,
    /// Row of the centre.
    pub y: f64,
    /// Half the width.
    pub a: f64,
    /// Half the height.
    pub b: f64,
}

impl Ellipse {
    /// The squared distance from the centre in units of the radius: 1 on the edge.
    #[must_use]
    pub fn distance(&self, x: f64, y: f64) -> f64 {
        let dx = (x - self.x) / self.a;
        let dy = (y - self.y) / self.b;
        dx * dx + dy * dy
    }
}

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Area {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// Samples of one plane, row after row.
#[derive(Clone, PartialEq)]
pub struct Canvas {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The samples.
    pub samples: Vec<i32>,
}

impl Canvas {
    /// A surface of one value.
    #[must_use]
    pub fn new(width: usize, height: usize, value: i32) -> Self {
        Self {
            width,
            height,
            samples: vec![value; width * height],
        }
    }

    /// Fills an ellipse.
    pub fn fill(&mut self, ellipse: Ellipse, value: i32) {
        self.blend(ellipse, |_, _| value);
    }

    /// Sets every pixel of an ellipse by its old value and its squared distance from the centre.
    pub fn blend(&mut self, ellipse: Ellipse, paint: impl Fn(i32, f64) -> i32) {
        let top = (ellipse.y - ellipse.b).max(0.0) as usize;
        let bottom = ((ellipse.y + ellipse.b).max(0.0) as usize + 1).min(self.height);
        let left = (ellipse.x - ellipse.a).max(0.0) as usize;
        let right = ((ellipse.x + ellipse.a).max(0.0) as usize + 1).min(self.width);
        for y in top..bottom {
            for x in left..right {
                let distance = ellipse.distance(x as f64, y as f64);
                if distance <= 1.0 {
                    let sample = &mut self.samples[y * self.width + x];
                    *sample = paint(*sample, distance);
                }
            }
        }
    }

    /// Fills a rectangle, cut to the surface.
    pub fn rectangle(&mut self, area: Area, value: i32) {
        let right = ((area.x + area.width) as usize).min(self.width);
        let bottom = ((area.y + area.height) as usize).min(self.height);
        for y in area.y as usize..bottom {
            for x in area.x as usize..right {
                self.samples[y * self.width + x] = value;
            }
        }
    }

    /// Adds noise of the given standard deviation, correlated along rows as reconstructions are.
    pub fn noise(&mut self, deviation: i32, random: &mut Random) {
        let mut previous = 0;
        for sample in &mut self.samples {
            let fresh = random.noise();
            // (3 fresh + 1 previous) / sqrt(10) keeps the deviation.
            *sample += (fresh * 3 + previous) * deviation / 3238;
            previous = fresh;
        }
    }

    /// Adds coarse texture: noise on a grid of `cell` pixels, blended linearly between grid points.
    pub fn texture(&mut self, cell: usize, deviation: i32, random: &mut Random) {
        let columns = self.width / cell + 2;
        let rows = self.height / cell + 2;
        let grid: Vec<i32> = (0..columns * rows)
            .map(|_| random.noise() * deviation / 1024)
            .collect();
        let size = cell as i32;
        for y in 0..self.height {
            let (row, fy) = (y / cell, (y % cell) as i32);
            for x in 0..self.width {
                let (column, fx) = (x / cell, (x % cell) as i32);
                let at = |dy: usize, dx: usize| grid[(row + dy) * columns + column + dx];
                let top = at(0, 0) * (size - fx) + at(0, 1) * fx;
                let bottom = at(1, 0) * (size - fx) + at(1, 1) * fx;
                self.samples[y * self.width + x] +=
                    (top * (size - fy) + bottom * fy) / (size * size);
            }
        }
    }

    /// Writes text with the kit's own bitmap font and returns the area that it covers.
    pub fn text(&mut self, x: u32, y: u32, scale: u32, value: i32, text: &str) -> Area {
        let mut left = x;
        for character in text.chars() {
            let glyph = font::glyph(character);
            for (dx, dy) in glyph.dots() {
                let dot = Area {
                    x: left + dx * scale,
                    y: y + dy * scale,
                    width: scale,
                    height: scale,
                };
                self.rectangle(dot, value);
            }
            left += (glyph.width + 1) * scale;
        }
        Area {
            x,
            y,
            width: left - x,
            height: font::HEIGHT * scale,
        }
    }

    /// Cuts every sample to a range.
    pub fn clamp(&mut self, low: i32, high: i32) {
        for sample in &mut self.samples {
            *sample = (*sample).clamp(low, high);
        }
    }

    /// The samples as 16-bit words (two's complement).
    #[must_use]
    pub fn words(&self) -> Vec<u16> {
        self.samples
            .iter()
            .map(|sample| *sample as i16 as u16)
            .collect()
    }

    /// The samples as bytes, cut to 0 to 255.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.samples
            .iter()
            .map(|sample| (*sample).clamp(0, 255) as u8)
            .collect()
    }

    /// The samples as RGB triples of equal parts, cut to 0 to 255.
    #[must_use]
    pub fn rgb(&self) -> Vec<u8> {
        self.bytes().iter().flat_map(|byte| [*byte; 3]).collect()
    }
}
