//! Black blocks in the place of what must go.

use super::blocks::{Blocks, Component};
use super::reader::read;
use super::writer::write;
use crate::policy::Fill;
use crate::shape::Colour;
use cloakroom_core::Rect;

/// A frame whose mask is wiped.
pub(crate) struct WipedFrame {
    pub(crate) bytes: Vec<u8>,
    /// Coefficients outside the wiped MCUs, read again from the result and found equal.
    pub(crate) equal: u64,
    /// Coefficients of the wiped MCUs.
    pub(crate) wiped: u64,
}

/// The MCUs that an area touches, in pixels.
pub(crate) fn wiped_rect(rect: Rect, mcu: (usize, usize), columns: u32, rows: u32) -> Option<Rect> {
    let (width, height) = (u32::try_from(mcu.0).ok()?, u32::try_from(mcu.1).ok()?);
    let rect = rect.clip(columns, rows)?;
    let (x, y) = (rect.x / width * width, rect.y / height * height);
    Rect {
        x,
        y,
        width: (rect.x + rect.width).next_multiple_of(width) - x,
        height: (rect.y + rect.height).next_multiple_of(height) - y,
    }
    .clip(columns, rows)
}

/// Wipes areas that are made of whole MCUs, writes the frame, and reads it again to prove that nothing else
/// changed. `None` if the frame is no sequential JPEG or the proof fails.
pub(crate) fn wipe_frame(
    frame: &[u8],
    rects: &[Rect],
    colour: Colour,
    fill: Fill,
) -> Option<WipedFrame> {
    let before = read(frame)?;
    let mut after = before.clone();
    for index in 0..after.components.len() {
        let black = black(&before, index, colour, fill)?;
        let (mcu, mcus) = (after.mcu_size, after.mcus);
        let component = &mut after.components[index];
        for rect in rects {
            for (x, y) in mcus_of(*rect, mcu, mcus) {
                for place in blocks_of(component, x, y) {
                    component.blocks[place] = [0; 64];
                    component.blocks[place][0] = black;
                }
            }
        }
    }
    let bytes = write(frame, &after)?;
    prove(&before, &read(&bytes)?, rects, colour, fill).map(|(equal, wiped)| WipedFrame {
        bytes,
        equal,
        wiped,
    })
}

fn mcus_of(
    rect: Rect,
    mcu: (usize, usize),
    mcus: (usize, usize),
) -> impl Iterator<Item = (usize, usize)> {
    let right = ((rect.x + rect.width) as usize).div_ceil(mcu.0).min(mcus.0);
    let bottom = ((rect.y + rect.height) as usize)
        .div_ceil(mcu.1)
        .min(mcus.1);
    let (left, top) = (rect.x as usize / mcu.0, rect.y as usize / mcu.1);
    (top..bottom).flat_map(move |y| (left..right).map(move |x| (x, y)))
}

fn blocks_of(component: &Component, x: usize, y: usize) -> impl Iterator<Item = usize> + use<> {
    let (across, down, row) = (component.across, component.down, component.row_blocks);
    (0..down).flat_map(move |v| (0..across).map(move |h| (y * down + v) * row + x * across + h))
}

/// The first coefficient of a black block: so low, or so high, that no rounding can bring it back into the range.
fn black(blocks: &Blocks, component: usize, colour: Colour, fill: Fill) -> Option<i16> {
    let step = i32::from(blocks.table(&blocks.components[component])?[0].max(1));
    let half = 4 << blocks.precision;
    let value = match colour {
        Colour::YbrFull | Colour::YbrPartial if component > 0 => 0,
        Colour::Monochrome1 if fill == Fill::Black => (half - 8) / step,
        _ => -((half + step - 1) / step),
    };
    i16::try_from(value).ok()
}

/// Compares all coefficients, with the wiped MCUs found from the areas anew, MCU by MCU.
fn prove(
    before: &Blocks,
    after: &Blocks,
    rects: &[Rect],
    colour: Colour,
    fill: Fill,
) -> Option<(u64, u64)> {
    let (mut equal, mut wiped) = (0, 0);
    if before.tables != after.tables
        || before.mcus != after.mcus
        || before.precision != after.precision
    {
        return None;
    }
    for (index, (old, new)) in before.components.iter().zip(&after.components).enumerate() {
        let black = black(before, index, colour, fill)?;
        for y in 0..before.mcus.1 {
            for x in 0..before.mcus.0 {
                let inside = rects
                    .iter()
                    .any(|rect| touches(*rect, x, y, before.mcu_size));
                for place in blocks_of(old, x, y) {
                    let new = new.blocks.get(place)?;
                    let own = place % old.row_blocks < old.own_across
                        && place / old.row_blocks < old.own_down;
                    if inside {
                        let is_black = new[0] == black && new[1..].iter().all(|value| *value == 0);
                        // Blocks beyond the image are not coded where a component stands alone.
                        if own && !is_black {
                            return None;
                        }
                        wiped += 64;
                    } else if old.blocks.get(place)? == new {
                        equal += 64;
                    } else {
                        return None;
                    }
                }
            }
        }
    }
    Some((equal, wiped))
}

fn touches(rect: Rect, x: usize, y: usize, mcu: (usize, usize)) -> bool {
    let (left, top) = (x * mcu.0, y * mcu.1);
    left < (rect.x + rect.width) as usize
        && left + mcu.0 > rect.x as usize
        && top < (rect.y + rect.height) as usize
        && top + mcu.1 > rect.y as usize
}
