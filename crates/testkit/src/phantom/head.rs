//! Axial CT of a head from the crown to the neck, in Hounsfield units: whole, defaced, or stripped of its skull.

use super::canvas::Area;
use super::{Canvas, Ellipse};
use crate::random::Random;

/// What is left of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// All of it, with a nose in front.
    Whole,
    /// The front of what lies below the brow was cut away.
    Defaced,
    /// Only the brain.
    Stripped,
}

/// Millimetres from the crown to where the neck is cut.
pub const HEIGHT: f64 = 230.0;

/// Half the width and half the depth of a head, `below` millimetres under its crown.
fn half_axes(below: f64) -> (f64, f64) {
    let dome = if below < 100.0 {
        let up = (100.0 - below) / 100.0;
        (1.0 - up * up).max(0.0).sqrt()
    } else {
        1.0
    };
    let slim = if below > 190.0 { 0.75 } else { 1.0 };
    (74.0 * dome * slim, 94.0 * dome * slim)
}

/// One slice of `size` pixels square, `spacing` millimetres from pixel to pixel, `below` millimetres under the crown.
/// The patient looks to the upper edge.
#[must_use]
pub fn slice(head: Head, size: usize, spacing: f64, below: f64, random: &mut Random) -> Canvas {
    let mut canvas = Canvas::new(size, size, -1000);
    let middle = size as f64 / 2.0;
    let ellipse = |a: f64, b: f64, front: f64| Ellipse {
        x: middle,
        y: middle - front / spacing,
        a: a / spacing,
        b: b / spacing,
    };
    let (a, b) = half_axes(below);
    if head == Head::Stripped {
        // A brain begins a finger's breadth below the crown and is as high as it is wide.
        let up = ((below - 80.0) / 65.0).abs();
        if up < 1.0 {
            let round = (1.0 - up * up).sqrt();
            canvas.fill(ellipse(62.0 * round, 80.0 * round, 0.0), 35);
        }
    } else if (0.0..HEIGHT).contains(&below) && a > 4.0 {
        canvas.fill(ellipse(a, b, 0.0), 40);
        if (110.0..160.0).contains(&below) {
            let length = 28.0 * ((below - 105.0) / 40.0).min(1.0);
            canvas.fill(ellipse(16.0, length + 12.0, b - 10.0), 30);
        }
        canvas.fill(ellipse(a - 6.0, b - 6.0, 0.0), 900);
        canvas.fill(ellipse(a - 13.0, b - 13.0, 0.0), 35);
        if head == Head::Defaced && below > 100.0 {
            let kept = middle - 40.0 / spacing;
            let gone = Area {
                x: 0,
                y: 0,
                width: size as u32,
                height: kept.max(0.0) as u32,
            };
            canvas.rectangle(gone, -1000);
        }
    }
    canvas.noise(12, random);
    canvas.clamp(-1024, 3071);
    canvas
}
