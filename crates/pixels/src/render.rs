//! Frames as pictures for a person.

use crate::assess::ImageToAssess;
use crate::decode::Frames;
use crate::plane::{pixels, planes};
use crate::shape::Colour;
use cloakroom_core::HoldReason;

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
