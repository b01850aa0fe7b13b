//! What of an image is looked at: its planes, and of a cine those that together show every text once.

use super::Look;
use super::cells::Cells;
use crate::decode::Frames;
use crate::glyphs;
use crate::plane::{Plane, planes};
use cloakroom_core::HoldReason;
use std::collections::BTreeSet;

/// Frames in the middle of a cine that are looked at because something like letters shows first in them. Only the
/// places where it does are looked at, so many such frames cost little.
const KEY_FRAMES: usize = 12;

/// A plane, and the cells of it that are worth a look.
pub(super) struct Sight {
    pub(super) plane: Plane,
    pub(super) cells: Cells,
}

impl Sight {
    fn whole(plane: Plane) -> Self {
        let cells = Cells::all(&plane);
        Self { plane, cells }
    }
}

impl Look<'_> {
    /// The planes of a single frame; of a cine the first and the last frame, the brightest and the darkest that each
    /// pixel becomes, and places in which strokes appear that no frame before had. What looks the same in two of them
    /// is looked at in one.
    pub(super) fn sights(&self, frames: &Frames<'_>) -> Result<Vec<Sight>, HoldReason> {
        let count = frames.count();
        let first = self.blanked_planes(frames, 0)?;
        if count == 1 {
            return Ok(first.into_iter().map(Sight::whole).collect());
        }
        let mut known_strokes: BTreeSet<_> = first.iter().flat_map(glyphs::stroke_places).collect();
        let mut bright = first.clone();
        let mut dark = first.clone();
        let mut keys = Vec::new();
        let mut last = Vec::new();
        for index in 1..count {
            let planes = self.blanked_planes(frames, index)?;
            join(&mut bright, &planes, u16::max);
            join(&mut dark, &planes, u16::min);
            if index == count - 1 {
                last = planes;
                break;
            }
            for plane in planes {
                let strokes = glyphs::stroke_places(&plane);
                let new: Vec<_> = strokes
                    .into_iter()
                    .filter(|stroke| known_strokes.insert(*stroke))
                    .map(|(_, x, y)| (4 * x, 4 * y))
                    .collect();
                if new.len() >= glyphs::STEMS && keys.len() < KEY_FRAMES {
                    let cells = Cells::holding(&plane, &new);
                    keys.push(Sight { plane, cells });
                }
            }
        }
        let mut sights: Vec<Sight> = first.into_iter().map(Sight::whole).collect();
        for plane in last.into_iter().chain(dark).chain(bright) {
            let seen = sights.iter().filter(|sight| sight.plane.is_like(&plane));
            let cells = seen.fold(Cells::all(&plane), |cells, sight| {
                cells.and(&Cells::different(&plane, &sight.plane))
            });
            sights.push(Sight { plane, cells });
        }
        sights.extend(keys);
        Ok(sights)
    }

    fn blanked_planes(&self, frames: &Frames<'_>, index: u32) -> Result<Vec<Plane>, HoldReason> {
        let mut planes = planes(&frames.frame(index)?, self.image);
        for rect in (self.blanked)(index) {
            planes.iter_mut().for_each(|plane| plane.blank(rect));
        }
        Ok(planes)
    }
}

fn join(extremes: &mut [Plane], planes: &[Plane], choose: fn(u16, u16) -> u16) {
    for (extreme, plane) in extremes.iter_mut().zip(planes) {
        for (extreme, value) in extreme.values.iter_mut().zip(&plane.values) {
            *extreme = choose(*extreme, *value);
        }
    }
}
