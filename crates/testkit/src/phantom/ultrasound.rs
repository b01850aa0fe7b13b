//! Ultrasound frames: a header with text, a sector of speckle, a depth scale.

use super::canvas::Area;
use super::{Canvas, Ellipse};
use crate::random::Random;

/// A frame and what was written onto it.
#[derive(Clone, PartialEq)]
pub struct Frame {
    /// The picture, 0 to 255.
    pub canvas: Canvas,
    /// Where the scan lies: what (0018,6011) describes.
    pub scan: Area,
    /// The lines of the header: they identify and must go.
    pub identity: Vec<(Area, String)>,
    /// Measurements and scales: they may stay.
    pub technical: Vec<(Area, String)>,
}

/// Which organ the frame shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Organ {
    /// A breast with a dark lesion.
    Breast,
    /// A thyroid lobe with a bright nodule beside the airway.
    Thyroid,
}

/// Draws a frame. `time` moves the speckle, `header` is burned in above the scan.
#[must_use]
pub fn frame(
    width: usize,
    height: usize,
    organ: Organ,
    header: &[String],
    time: u32,
    random: &mut Random,
) -> Frame {
    let mut canvas = Canvas::new(width, height, 0);
    let scale = (width as u32 / 420).max(1);
    let line = (super::font::HEIGHT + 2) * scale;
    let top = line * header.len() as u32 + 2 * line;
    let scan = Area {
        x: width as u32 / 8,
        y: top,
        width: width as u32 * 3 / 4,
        height: (height as u32).saturating_sub(top + 2 * line),
    };
    speckle(&mut canvas, scan, organ, time, random);
    let identity = header
        .iter()
        .zip(0_u32..)
        .map(|(text, row)| {
            (
                canvas.text(8 * scale, 4 * scale + row * line, scale, 230, text),
                text.clone(),
            )
        })
        .collect();
    let technical = scale_text(&mut canvas, scan, scale);
    canvas.clamp(0, 255);
    Frame {
        canvas,
        scan,
        identity,
        technical,
    }
}

fn speckle(canvas: &mut Canvas, scan: Area, organ: Organ, time: u32, random: &mut Random) {
    let mut tissue = Canvas::new(scan.width as usize, scan.height as usize, 70);
    let (w, h) = (f64::from(scan.width), f64::from(scan.height));
    let drift = f64::from(time % 20) / 20.0;
    tissue.fill(
        Ellipse {
            x: w * 0.5,
            y: 0.0,
            a: w * 0.8,
            b: h * 0.18,
        },
        130,
    );
    match organ {
        Organ::Breast => {
            tissue.fill(
                Ellipse {
                    x: w * (0.45 + 0.02 * drift),
                    y: h * 0.45,
                    a: w * 0.12,
                    b: h * 0.13,
                },
                18,
            );
            tissue.fill(
                Ellipse {
                    x: w * 0.5,
                    y: h * 0.95,
                    a: w * 0.6,
                    b: h * 0.1,
                },
                150,
            );
        }
        Organ::Thyroid => {
            tissue.fill(
                Ellipse {
                    x: w * 0.35,
                    y: h * 0.4,
                    a: w * 0.2,
                    b: h * 0.2,
                },
                110,
            );
            tissue.fill(
                Ellipse {
                    x: w * (0.36 + 0.02 * drift),
                    y: h * 0.42,
                    a: w * 0.06,
                    b: h * 0.08,
                },
                60,
            );
            tissue.fill(
                Ellipse {
                    x: w * 0.75,
                    y: h * 0.35,
                    a: w * 0.12,
                    b: h * 0.16,
                },
                8,
            );
        }
    }
    tissue.texture(4, 26, random);
    for sample in &mut tissue.samples {
        // Speckle multiplies: brighter tissue is noisier.
        *sample += *sample * random.noise() / 3600;
    }
    for y in 0..tissue.height {
        let start = (y + scan.y as usize) * canvas.width + scan.x as usize;
        let row = &tissue.samples[y * tissue.width..(y + 1) * tissue.width];
        canvas.samples[start..start + tissue.width].copy_from_slice(row);
    }
}

fn scale_text(canvas: &mut Canvas, scan: Area, scale: u32) -> Vec<(Area, String)> {
    let x = scan.x + scan.width + 4 * scale;
    for tick in 0..=8 {
        canvas.rectangle(
            Area {
                x: scan.x + scan.width,
                y: scan.y + scan.height * tick / 8,
                width: 3 * scale,
                height: scale,
            },
            200,
        );
    }
    let bottom = scan.y + scan.height + 4 * scale;
    let lines = [
        (x, scan.y, "MI 1.2"),
        (x, scan.y + 14 * scale, "TIs 0.4"),
        (scan.x, bottom, "Depth 4.0 cm"),
    ];
    lines
        .iter()
        .map(|(x, y, text)| (canvas.text(*x, *y, scale, 200, text), (*text).to_owned()))
        .collect()
}
