//! What the detector sees in an image, frame by frame and in what frames have in common.

use crate::decode::Frames;
use crate::detect::Detector;
use crate::detect::find::{TextBox, find, joined_lines, merged};
use crate::detect::judge::{Judgement, judge};
use crate::glyphs;
use crate::plane::{Care, Picture, Plane, planes};
use cloakroom_core::{HoldReason, ImageDescription, KnownValues, Rect};
use std::collections::BTreeSet;

/// Frames in the middle of a cine that are looked at because something like letters shows first in them.
const KEY_FRAMES: usize = 4;
/// The first rendering is also looked at turned by a quarter.
const TURNED: usize = 1;

/// A reading this certain needs no other.
const CERTAIN: f32 = 0.88;
/// A line is read in no more pictures than this.
const READ_IN: usize = 4;

/// A lone letter that is read with less certainty than this in every picture is none.
const SPECK: f32 = 0.5;

/// A text that was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SeenText {
    /// Its area, with a margin.
    pub(crate) rect: Rect,
    pub(crate) judgement: Judgement,
    /// How certain the reading is.
    pub(crate) score: f32,
    /// Letters and digits that were read.
    pub(crate) letters: usize,
}

/// One look at an image.
pub(crate) struct Look<'a> {
    pub(crate) detector: &'a Detector,
    pub(crate) image: &'a ImageDescription,
    pub(crate) known: &'a KnownValues,
    /// Areas of a frame that are wiped, or will be, and count as black.
    pub(crate) blanked: &'a dyn Fn(u32) -> Vec<Rect>,
    /// How many pictures each plane is looked at in.
    pub(crate) care: Care,
}

impl Look<'_> {
    /// All text of an image. Where it shows in one frame only, its area is reported for the whole image.
    pub(crate) fn at(&self, frames: &Frames<'_>) -> Result<Vec<SeenText>, HoldReason> {
        let planes = self.planes_to_look_at(frames)?;
        self.at_planes(&planes).ok_or(HoldReason::DetectorMissing)
    }

    /// The planes of a single frame; of a cine the first and the last frame, the brightest and the darkest that each
    /// pixel becomes, and frames in which strokes appear that none before had.
    fn planes_to_look_at(&self, frames: &Frames<'_>) -> Result<Vec<Plane>, HoldReason> {
        let count = frames.count();
        let mut chosen: Vec<Plane> = Vec::new();
        let mut extremes: Vec<(Plane, Plane)> = Vec::new();
        let mut known_strokes = BTreeSet::new();
        let mut keys = 0;
        for index in 0..count {
            let planes = self.blanked_planes(frames, index)?;
            if count == 1 {
                return Ok(planes);
            }
            let strokes: BTreeSet<_> = planes.iter().flat_map(glyphs::stroke_places).collect();
            let new = strokes.difference(&known_strokes).count();
            let is_end = index == 0 || index == count - 1;
            let is_key = new >= glyphs::STEMS && keys < KEY_FRAMES;
            known_strokes.extend(strokes);
            if extremes.is_empty() {
                extremes = planes
                    .iter()
                    .map(|plane| (plane.clone(), plane.clone()))
                    .collect();
            } else {
                join_extremes(&mut extremes, &planes);
            }
            if is_end || is_key {
                keys += usize::from(!is_end);
                chosen.extend(planes);
            }
        }
        chosen.extend(
            extremes
                .into_iter()
                .flat_map(|(bright, dark)| [bright, dark]),
        );
        let mut distinct: Vec<Plane> = Vec::new();
        for plane in chosen {
            if !distinct.contains(&plane) {
                distinct.push(plane);
            }
        }
        Ok(distinct)
    }

    fn blanked_planes(&self, frames: &Frames<'_>, index: u32) -> Result<Vec<Plane>, HoldReason> {
        let mut planes = planes(&frames.frame(index)?, self.image);
        for rect in (self.blanked)(index) {
            planes.iter_mut().for_each(|plane| plane.blank(rect));
        }
        Ok(planes)
    }

    fn at_planes(&self, planes: &[Plane]) -> Option<Vec<SeenText>> {
        let map = |picture: &Picture| self.detector.map(picture);
        let mut boxes = Vec::new();
        // The usual pictures of all planes come first, for most text is read at once in one of them.
        let mut pictures: Vec<(usize, Picture)> = Vec::new();
        for plane in planes {
            let care = if plane.is_colour {
                Care::Brief
            } else {
                self.care
            };
            for (index, rendering) in plane.renderings(care).into_iter().enumerate() {
                boxes.extend(find(&rendering, &map)?);
                if index < TURNED && !plane.is_colour {
                    let turned = find(&rendering.turned_left(), &map)?;
                    let back = turned
                        .into_iter()
                        .map(|found| turned_back(found, rendering.columns));
                    boxes.extend(back);
                }
                pictures.push((index, rendering));
            }
        }
        pictures.sort_by_key(|(index, _)| *index);
        let mut seen = Vec::new();
        for found in joined_lines(merged(boxes)) {
            let text = self.judged(found, &pictures)?;
            if !is_speck(found, text.score) {
                seen.push(text);
            }
        }
        Some(seen)
    }

    /// Reads a box until a reading is certain; the most certain one decides, and any that names the patient.
    fn judged(&self, found: TextBox, pictures: &[(usize, Picture)]) -> Option<SeenText> {
        let mut best = (String::new(), 0.0_f32);
        let mut named = false;
        'pictures: for (_, picture) in pictures.iter().take(READ_IN) {
            let (x, y) = (found.left.saturating_sub(1), found.top.saturating_sub(1));
            let line = picture.crop(x, y, found.right + 1 - x, found.bottom + 1 - y);
            let tall = 2 * line.rows > 3 * line.columns;
            let left = line.turned_left();
            let ways = if tall {
                vec![left.turned_left().turned_left(), left]
            } else {
                vec![line]
            };
            for way in ways {
                let reading = self.detector.read_line(&way)?;
                let goes = judge(&reading.text, self.known) == Judgement::Goes;
                named |= goes && judge(&reading.text, &KnownValues::default()) == Judgement::Stays;
                if reading.score > best.1 {
                    best = (reading.text, reading.score);
                }
                if best.1 >= CERTAIN {
                    break 'pictures;
                }
            }
        }
        let judgement = if named {
            Judgement::Goes
        } else {
            judge(&best.0, self.known)
        };
        let letters = best
            .0
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .count();
        Some(SeenText {
            rect: with_margin(found),
            judgement,
            score: best.1,
            letters,
        })
    }
}

/// A box of the size of one letter that no picture shows as a letter: a corner of anatomy, not a text.
fn is_speck(found: TextBox, score: f32) -> bool {
    let (width, height) = (found.width(), found.height());
    2 * width <= 3 * height && 2 * height <= 3 * width && score < SPECK
}

fn join_extremes(extremes: &mut [(Plane, Plane)], planes: &[Plane]) {
    for ((bright, dark), plane) in extremes.iter_mut().zip(planes) {
        for ((bright, dark), value) in bright
            .values
            .iter_mut()
            .zip(&mut dark.values)
            .zip(&plane.values)
        {
            *bright = (*bright).max(*value);
            *dark = (*dark).min(*value);
        }
    }
}

fn turned_back(found: TextBox, columns: usize) -> TextBox {
    TextBox {
        left: columns.saturating_sub(found.bottom),
        right: columns.saturating_sub(found.top),
        top: found.left,
        bottom: found.right,
    }
}

/// An eighth of the letters' height all round, for the finder has widened the box already.
fn with_margin(found: TextBox) -> Rect {
    let margin = found.width().min(found.height()) / 8 + 2;
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let (x, y) = (
        found.left.saturating_sub(margin),
        found.top.saturating_sub(margin),
    );
    Rect {
        x: number(x),
        y: number(y),
        width: number(found.right + margin - x),
        height: number(found.bottom + margin - y),
    }
}

#[cfg(test)]
mod tests;
