//! Frames as pictures for a person.

use crate::assess::ImageToAssess;
use crate::decode::Frames;
use crate::detect::Detector;
use crate::plane::{Picture, pixels, planes};
use crate::shape::Colour;
use cloakroom_core::{HoldReason, Rect};

/// A picture of 8-bit red, green and blue.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendering {
    /// Columns.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
    /// Three bytes per pixel, row by row.
    pub rgb: Vec<u8>,
}

/// Shows one frame: grey images between their half and 99.5 percent values, palettes as the light that they show.
///
/// # Errors
/// If the frame does not exist or cannot be decoded.
pub fn render(request: &ImageToAssess<'_>, frame: u32) -> Result<Rendering, HoldReason> {
    let frames = Frames::new(request)?;
    if frame >= frames.count() {
        return Err(HoldReason::PixelUndecodable);
    }
    let frame = frames.frame(frame)?;
    let rgb = if matches!(
        frame.shape.colour,
        Colour::Rgb | Colour::YbrFull | Colour::YbrPartial
    ) {
        pixels(&frame)
            .into_iter()
            .flatten()
            .map(|value| value.to_be_bytes()[0])
            .collect()
    } else {
        let shown = planes(&frame, request.image).into_iter().next();
        let grey = shown.ok_or(HoldReason::PixelUndecodable)?.usual().grey;
        grey.into_iter().flat_map(|grey| [grey; 3]).collect()
    };
    Ok(Rendering {
        columns: frame.shape.columns,
        rows: frame.shape.rows,
        rgb,
    })
}

impl Rendering {
    /// What the detector's reader makes of an area, as one line, and how certain it is, between 0 and 1. `None` if the
    /// model fails. Lines that stand on their side are read as they are: turn the picture first.
    #[must_use]
    pub fn read(&self, detector: &Detector, area: Rect) -> Option<(String, f32)> {
        let grey = self
            .rgb
            .chunks_exact(3)
            .map(|pixel| {
                let sum: u16 = pixel.iter().map(|value| u16::from(*value)).sum();
                u8::try_from(sum / 3).unwrap_or(u8::MAX)
            })
            .collect();
        let picture = Picture {
            columns: self.columns as usize,
            rows: self.rows as usize,
            grey,
        };
        let line = picture.crop(
            area.x as usize,
            area.y as usize,
            area.width as usize,
            area.height as usize,
        );
        let reading = detector.read_line(&line)?;
        Some((reading.text, reading.score))
    }
}
