//! CT of the chest and of the kidneys, in Hounsfield units.

use super::{Canvas, Ellipse};
use crate::random::Random;

/// Hounsfield units of what the slices are made of.
mod hu {
    pub(super) const AIR: i32 = -1000;
    pub(super) const LUNG: i32 = -850;
    pub(super) const FAT: i32 = -90;
    pub(super) const MUSCLE: i32 = 45;
    pub(super) const BLOOD: i32 = 40;
    pub(super) const CONTRAST: i32 = 320;
    pub(super) const BONE: i32 = 500;
    pub(super) const KIDNEY: i32 = 190;
    pub(super) const NODULE: i32 = 30;
}

/// A round lesion in millimetres-free image coordinates, for labels that must fit the image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lesion {
    /// Column of the centre as a fraction of the width.
    pub x: f64,
    /// Row of the centre as a fraction of the height.
    pub y: f64,
    /// Radius as a fraction of the width.
    pub radius: f64,
    /// Slice of the centre.
    pub slice: usize,
    /// Slices above and below the centre in which the lesion shows.
    pub reach: usize,
}

impl Lesion {
    /// The ellipse of the lesion in one slice, if it shows there.
    #[must_use]
    pub fn in_slice(&self, slice: usize, size: usize) -> Option<Ellipse> {
        let away = slice.abs_diff(self.slice);
        if away > self.reach {
            return None;
        }
        let height = away as f64 / (self.reach + 1) as f64;
        let radius = self.radius * size as f64 * (1.0 - height * height).sqrt();
        Some(Ellipse {
            x: self.x * size as f64,
            y: self.y * size as f64,
            a: radius,
            b: radius,
        })
    }
}

/// One slice of a chest CT with a nodule, `size` pixels square.
#[must_use]
pub fn chest_slice(
    size: usize,
    slice: usize,
    slices: usize,
    nodule: &Lesion,
    random: &mut Random,
) -> Canvas {
    let mut canvas = Canvas::new(size, size, hu::AIR);
    let s = size as f64;
    let along = slice as f64 / slices.max(1) as f64;
    body(&mut canvas, s, 0.42, 0.31);
    for side in [-1.0, 1.0] {
        let lung = Ellipse {
            x: s * (0.5 + side * 0.19),
            y: s * 0.49,
            a: s * (0.10 + 0.05 * along),
            b: s * (0.15 + 0.06 * along),
        };
        canvas.fill(lung, hu::LUNG);
        for _ in 0..24 {
            let (dx, dy) = (random.unit() - 0.5, random.unit() - 0.5);
            let vessel = Ellipse {
                x: lung.x + dx * lung.a,
                y: lung.y + dy * lung.b,
                a: 1.0 + s * 0.004 * random.unit(),
                b: 1.0 + s * 0.004,
            };
            canvas.fill(vessel, hu::BLOOD);
        }
    }
    canvas.fill(
        Ellipse {
            x: s * 0.53,
            y: s * 0.45,
            a: s * 0.10,
            b: s * 0.09,
        },
        hu::BLOOD,
    );
    spine(&mut canvas, s);
    ribs(&mut canvas, s);
    if let Some(ellipse) = nodule.in_slice(slice, size) {
        canvas.fill(ellipse, hu::NODULE);
    }
    finish(canvas, random)
}

/// One slice of an abdominal CT in the arterial phase: aorta, two kidneys, one of them with a tumour.
#[must_use]
pub fn kidney_slice(
    size: usize,
    slice: usize,
    slices: usize,
    tumour: &Lesion,
    random: &mut Random,
) -> Canvas {
    let mut canvas = Canvas::new(size, size, hu::AIR);
    let s = size as f64;
    let middle = 1.0 - (slice as f64 / slices.max(1) as f64 - 0.5).abs();
    body(&mut canvas, s, 0.40, 0.28);
    canvas.fill(
        Ellipse {
            x: s * 0.34,
            y: s * 0.42,
            a: s * 0.17,
            b: s * 0.12,
        },
        95,
    );
    for side in [-1.0, 1.0] {
        let kidney = Ellipse {
            x: s * (0.5 + side * 0.17),
            y: s * 0.58,
            a: s * 0.06 * middle,
            b: s * 0.075 * middle,
        };
        canvas.fill(kidney, hu::KIDNEY);
        canvas.fill(
            Ellipse {
                a: kidney.a * 0.4,
                b: kidney.b * 0.5,
                ..kidney
            },
            hu::FAT,
        );
    }
    canvas.fill(
        Ellipse {
            x: s * 0.51,
            y: s * 0.55,
            a: s * 0.025,
            b: s * 0.025,
        },
        hu::CONTRAST,
    );
    spine(&mut canvas, s);
    if let Some(ellipse) = tumour.in_slice(slice, size) {
        canvas.fill(ellipse, 70);
    }
    finish(canvas, random)
}

fn body(canvas: &mut Canvas, s: f64, a: f64, b: f64) {
    let skin = Ellipse {
        x: s * 0.5,
        y: s * 0.5,
        a: s * a,
        b: s * b,
    };
    canvas.fill(skin, hu::FAT);
    canvas.fill(
        Ellipse {
            a: skin.a * 0.93,
            b: skin.b * 0.91,
            ..skin
        },
        hu::MUSCLE,
    );
}

fn spine(canvas: &mut Canvas, s: f64) {
    canvas.fill(
        Ellipse {
            x: s * 0.5,
            y: s * 0.66,
            a: s * 0.045,
            b: s * 0.04,
        },
        hu::BONE,
    );
    canvas.fill(
        Ellipse {
            x: s * 0.5,
            y: s * 0.665,
            a: s * 0.015,
            b: s * 0.013,
        },
        hu::MUSCLE,
    );
}

fn ribs(canvas: &mut Canvas, s: f64) {
    for step in 0..7 {
        let t = f64::from(step) / 6.0 * 1.6 - 0.8;
        let side = (1.0 - t * t).sqrt();
        for sign in [-1.0, 1.0] {
            let rib = Ellipse {
                x: s * (0.5 + sign * 0.385 * side),
                y: s * (0.5 + 0.28 * t),
                a: s * 0.012,
                b: s * 0.016,
            };
            canvas.fill(rib, hu::BONE);
        }
    }
}

/// The reconstruction circle, noise, and the range that twelve bits hold.
fn finish(mut canvas: Canvas, random: &mut Random) -> Canvas {
    canvas.texture(6, 9, random);
    canvas.noise(13, random);
    let (size, half) = (canvas.width as f64, canvas.width as f64 / 2.0);
    let circle = Ellipse {
        x: half,
        y: half,
        a: size * 0.498,
        b: size * 0.498,
    };
    for y in 0..canvas.height {
        for x in 0..canvas.width {
            if circle.distance(x as f64, y as f64) > 1.0 {
                canvas.samples[y * canvas.width + x] = -1024;
            }
        }
    }
    canvas.clamp(-1024, 3071);
    canvas
}
