//! Screens full of text: the dose report that a CT saves after an examination.

use super::Canvas;
use super::canvas::Area;

/// A screen of lines of text on black, and where each line stands.
#[must_use]
pub fn dose_report(width: usize, height: usize, lines: &[String]) -> (Canvas, Vec<(Area, String)>) {
    let mut canvas = Canvas::new(width, height, 0);
    let scale = (width as u32 / 512).max(1);
    let step = (super::font::HEIGHT + 5) * scale;
    let placed = lines
        .iter()
        .zip(0_u32..)
        .map(|(line, row)| {
            (
                canvas.text(16 * scale, 16 * scale + row * step, scale, 255, line),
                line.clone(),
            )
        })
        .collect();
    canvas.rectangle(
        Area {
            x: 8 * scale,
            y: 8 * scale,
            width: width as u32 - 16 * scale,
            height: scale,
        },
        128,
    );
    (canvas, placed)
}
