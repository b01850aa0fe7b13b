//! Mammograms: one breast against the edge of the image, twelve bits.

use super::{Canvas, Ellipse};
use crate::random::Random;

/// One of the four views of a screening examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct View {
    /// `L` or `R`.
    pub laterality: &'static str,
    /// `CC` or `MLO`.
    pub position: &'static str,
}

impl View {
    /// The four views.
    pub const ALL: [Self; 4] = [
        Self {
            laterality: "R",
            position: "CC",
        },
        Self {
            laterality: "L",
            position: "CC",
        },
        Self {
            laterality: "R",
            position: "MLO",
        },
        Self {
            laterality: "L",
            position: "MLO",
        },
    ];
}

/// A mammogram; a right breast lies at the right edge, with a mass if asked for.
#[must_use]
pub fn mammogram(
    width: usize,
    height: usize,
    view: View,
    mass: bool,
    random: &mut Random,
) -> Canvas {
    let (w, h) = (width as f64, height as f64);
    let mut canvas = Canvas::new(width, height, 0);
    let edge = if view.laterality == "R" { w } else { 0.0 };
    let inward = if view.laterality == "R" { -1.0 } else { 1.0 };
    let breast = Ellipse {
        x: edge,
        y: h * 0.5,
        a: w * 0.72,
        b: h * 0.40,
    };
    canvas.blend(breast, |_, distance| {
        1500 - (900.0 * distance * distance) as i32
    });
    for _ in 0..40 {
        let tissue = Ellipse {
            x: edge + inward * w * (0.1 + 0.4 * random.unit()),
            y: h * (0.3 + 0.4 * random.unit()),
            a: w * (0.02 + 0.06 * random.unit()),
            b: h * (0.01 + 0.04 * random.unit()),
        };
        canvas.blend(tissue, |old, distance| {
            old + (220.0 * (1.0 - distance)) as i32
        });
    }
    if view.position == "MLO" {
        let muscle = Ellipse {
            x: edge,
            y: 0.0,
            a: w * 0.35,
            b: h * 0.45,
        };
        canvas.blend(muscle, |old, distance| {
            old.max(2300 - (500.0 * distance) as i32)
        });
    }
    if mass {
        let lump = Ellipse {
            x: edge + inward * w * 0.3,
            y: h * 0.55,
            a: w * 0.04,
            b: w * 0.04,
        };
        canvas.blend(lump, |old, distance| {
            old + (700.0 * (1.0 - distance)) as i32
        });
    }
    let inside: Vec<bool> = canvas.samples.iter().map(|sample| *sample > 0).collect();
    canvas.texture(16, 40, random);
    canvas.noise(18, random);
    for (sample, keep) in canvas.samples.iter_mut().zip(inside) {
        *sample = if keep { (*sample).clamp(1, 4095) } else { 0 };
    }
    canvas
}
