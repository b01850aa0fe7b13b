//! A radiograph of the chest, MONOCHROME2, twelve bits, and a sticker that names the patient.

use super::canvas::Area;
use super::{Canvas, Ellipse};
use crate::random::Random;

/// A frontal chest image.
#[must_use]
pub fn frontal(width: usize, height: usize, random: &mut Random) -> Canvas {
    let (w, h) = (width as f64, height as f64);
    let mut canvas = Canvas::new(width, height, 350);
    canvas.fill(
        Ellipse {
            x: w * 0.5,
            y: h * 0.55,
            a: w * 0.46,
            b: h * 0.60,
        },
        2300,
    );
    for side in [-1.0, 1.0] {
        let lung = Ellipse {
            x: w * (0.5 + side * 0.19),
            y: h * 0.45,
            a: w * 0.15,
            b: h * 0.30,
        };
        canvas.blend(lung, |old, distance| old - 1300 + (500.0 * distance) as i32);
        for rib in 0..8 {
            let y = h * (0.22 + 0.065 * f64::from(rib));
            let curve = Ellipse {
                x: w * (0.5 + side * 0.18),
                y,
                a: w * 0.17,
                b: h * 0.008,
            };
            canvas.blend(curve, |old, _| old + 260);
        }
    }
    canvas.blend(
        Ellipse {
            x: w * 0.54,
            y: h * 0.58,
            a: w * 0.13,
            b: h * 0.14,
        },
        |old, _| old.max(2500),
    );
    canvas.blend(
        Ellipse {
            x: w * 0.5,
            y: h * 0.5,
            a: w * 0.035,
            b: h * 0.45,
        },
        |old, _| old + 450,
    );
    canvas.texture(24, 45, random);
    canvas.noise(22, random);
    canvas.clamp(0, 4095);
    canvas
}

/// Puts a laterality marker in a corner and returns its area.
pub fn marker(canvas: &mut Canvas, letter: &str) -> Area {
    let scale = (canvas.width as u32 / 128).max(2);
    canvas.text(
        canvas.width as u32 / 12,
        canvas.height as u32 / 14,
        scale,
        4000,
        letter,
    )
}

/// Puts a sticker with lines of text into the lower right corner and returns the areas of the lines.
pub fn sticker(canvas: &mut Canvas, lines: &[String]) -> Vec<Area> {
    let scale = (canvas.width as u32 / 340).max(1);
    let widest = lines
        .iter()
        .map(|line| super::font::width_of(line))
        .max()
        .unwrap_or(0)
        * scale;
    let step = (super::font::HEIGHT + 3) * scale;
    let height = step * lines.len() as u32 + 4 * scale;
    let x = (canvas.width as u32).saturating_sub(widest + 12 * scale);
    let y = (canvas.height as u32).saturating_sub(height + 4 * scale);
    canvas.rectangle(
        Area {
            x,
            y,
            width: widest + 8 * scale,
            height,
        },
        150,
    );
    lines
        .iter()
        .zip(0_u32..)
        .map(|(line, row)| {
            canvas.text(x + 4 * scale, y + 3 * scale + row * step, scale, 3900, line)
        })
        .collect()
}
