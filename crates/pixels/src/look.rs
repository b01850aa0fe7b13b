//! What the detector sees in an image, frame by frame and in what frames have in common.

mod cells;
mod sights;

use crate::decode::Frames;
use crate::detect::Detector;
use crate::detect::find::{TextBox, find_in_part, joined_lines, merged};
use crate::detect::judge::{Judgement, is_marker, judge};
use crate::glyphs;
use crate::ground::Grounds;
use crate::plane::{Picture, Plane};
use cells::Cells;
use cloakroom_core::{HoldReason, ImageDescription, KnownValues, Rect};
use sights::Sight;

/// A reading this certain needs no other.
const CERTAIN: f32 = 0.88;
/// A line is read in no more planes than this.
const READ_IN: usize = 3;
/// A marker is believed at this part of the score that other text needs.
const MARKER_SHARE: f32 = 0.7;
/// What the finder marks of one pixel of its map and what it grows that by: no letter is so small.
const SMALLEST: usize = 7;
/// Strokes of no more values than this are looked at by themselves.
const LETTERINGS: usize = 3;
/// A lone letter that is read with less certainty than this in every picture is none.
const SPECK: f32 = 0.5;
/// Greys that a part of the usual picture spans at least, if text in it can be found there.
const PLAIN_SPAN: u8 = 20;
/// Parts that span less than this are looked at with their contrast stretched too.
const FAINT_SPAN: u8 = 96;
/// Pictures larger than this are stretched and turned at half their size: their letters are not the smallest.
const LARGE: usize = 2048;
/// How far from what was wiped a second look goes, in pixels.
const AROUND: usize = 24;
/// A box that cannot be read, is no line, and takes more than one part in so many of the picture, is looked into.
const LARGE_PART: usize = 32;
/// So is a line that takes more than this.
const HUGE_PART: usize = 8;

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
    /// It reads as a marker of side or view, letter by letter.
    pub(crate) is_marker: bool,
}

impl SeenText {
    /// Whether the reading counts, where `threshold` is the least score of any text. So few words are markers that a
    /// reading which hits one by chance is rarer than what the threshold lets through of other words.
    pub(crate) fn is_read(&self, threshold: f32) -> bool {
        self.score >= threshold || self.is_marker && self.score >= MARKER_SHARE * threshold
    }
}

/// One look at an image.
pub(crate) struct Look<'a> {
    pub(crate) detector: &'a Detector,
    pub(crate) image: &'a ImageDescription,
    pub(crate) known: &'a KnownValues,
    /// Areas of a frame that are wiped, or will be, and count as black.
    pub(crate) blanked: &'a dyn Fn(u32) -> Vec<Rect>,
}

/// Where a look goes.
enum Where<'a> {
    Everywhere,
    /// To what lies near these areas.
    Near(&'a [Rect]),
}

/// How a picture is laid before the finder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Upright,
    UprightHalved,
    /// By a quarter to the left.
    Turned,
    TurnedHalved,
}

impl Way {
    const fn smaller_by(self) -> usize {
        match self {
            Self::Upright | Self::Turned => 1,
            Self::UprightHalved | Self::TurnedHalved => 2,
        }
    }

    const fn is_turned(self) -> bool {
        matches!(self, Self::Turned | Self::TurnedHalved)
    }
}

impl Look<'_> {
    /// All text of an image, and what comes to light beside it once the text that must go is wiped. Where it shows in
    /// one frame only, its area is reported for the whole image.
    pub(crate) fn at(
        &self,
        frames: &Frames<'_>,
        goes: &dyn Fn(&SeenText) -> bool,
    ) -> Result<Vec<SeenText>, HoldReason> {
        let mut sights = self.sights(frames)?;
        let failed = HoldReason::DetectorMissing;
        let mut seen = self.at_sights(&sights, &Where::Everywhere).ok_or(failed)?;
        let wiped: Vec<Rect> = seen
            .iter()
            .filter(|text| goes(text))
            .map(|text| text.rect)
            .collect();
        if !wiped.is_empty() {
            for sight in &mut sights {
                wiped.iter().for_each(|rect| sight.plane.blank(*rect));
            }
            let more = self
                .at_sights(&sights, &Where::Near(&wiped))
                .ok_or(failed)?;
            let stayed: Vec<Rect> = seen
                .iter()
                .filter(|text| !goes(text))
                .map(|text| text.rect)
                .collect();
            let judged = |text: &SeenText| stayed.iter().any(|rect| is_mostly_in(text.rect, *rect));
            for mut text in more.into_iter().filter(|text| !judged(text)) {
                if !goes(&text) && wiped.iter().any(|rect| goes_on(*rect, text.rect)) {
                    text.judgement = Judgement::Goes;
                }
                if goes(&text) {
                    seen.push(text);
                }
            }
        }
        Ok(seen)
    }

    /// The text near some areas.
    pub(crate) fn near(
        &self,
        frames: &Frames<'_>,
        areas: &[Rect],
    ) -> Result<Vec<SeenText>, HoldReason> {
        let sights = self.sights(frames)?;
        self.at_sights(&sights, &Where::Near(areas))
            .ok_or(HoldReason::DetectorMissing)
    }

    fn at_sights(&self, sights: &[Sight], place: &Where<'_>) -> Option<Vec<SeenText>> {
        let mut boxes = Vec::new();
        for sight in sights {
            let cells = match place {
                Where::Everywhere => sight.cells.clone(),
                Where::Near(areas) => {
                    Cells::near(&sight.plane, areas, AROUND).and(&sight.cells.widened())
                }
            };
            boxes.extend(self.boxes(&sight.plane, &cells)?);
            boxes.extend(self.boxes_of_lettering(&sight.plane, &cells, &boxes)?);
        }
        let mut seen = Vec::new();
        for found in joined_lines(merged(boxes)) {
            seen.extend(self.judged_parts(found, sights)?);
        }
        Some(seen)
    }

    /// The boxes in some cells of a plane: in the usual picture, in the same turned, and, where it is faint, stretched.
    fn boxes(&self, plane: &Plane, cells: &Cells) -> Option<Vec<TextBox>> {
        let usual = plane.usual();
        let plain = Cells::spanning(&usual, PLAIN_SPAN).and(cells);
        let mut boxes = self.find_in(&usual, &plain, Way::Upright)?;
        if plane.is_colour {
            return Some(boxes);
        }
        let large = plane.columns.max(plane.rows) > LARGE;
        let (upright, turned) = if large {
            (Way::UprightHalved, Way::TurnedHalved)
        } else {
            (Way::Upright, Way::Turned)
        };
        boxes.extend(self.find_in(&usual, &plain, turned)?);
        let faint = Cells::uneven(plane)
            .without(&Cells::spanning(&usual, FAINT_SPAN))
            .and(cells);
        boxes.extend(self.find_in(&plane.local(), &faint, upright)?);
        let grounds = Grounds::of(plane);
        if !grounds.is_empty() {
            let ink = grounds.picture(plane);
            let faint = Cells::faint_beside_ground(plane, &ink, &usual, FAINT_SPAN).and(cells);
            boxes.extend(self.find_in(&ink, &faint, upright)?);
            boxes.extend(self.find_in(&ink, &faint, turned)?);
        }
        Some(boxes)
    }

    /// The boxes around strokes of one value that none of some boxes holds: letters that are lost among speckle as
    /// bright as they are stand alone in a picture of their own value.
    fn boxes_of_lettering(
        &self,
        plane: &Plane,
        cells: &Cells,
        found: &[TextBox],
    ) -> Option<Vec<TextBox>> {
        let is_new = |x: usize, y: usize| {
            let is_in = |found: &TextBox| {
                (found.left..found.right).contains(&x) && (found.top..found.bottom).contains(&y)
            };
            cells.hold(x, y) && !found.iter().any(is_in)
        };
        let mut letterings = glyphs::lettering(plane, is_new);
        letterings.sort_by_key(|(_, strokes)| std::cmp::Reverse(strokes.len()));
        letterings.truncate(LETTERINGS);
        let mut boxes = Vec::new();
        for (value, strokes) in letterings {
            let picture = plane.of_value(value);
            let cells = Cells::holding(plane, &strokes);
            boxes.extend(self.find_in(&picture, &cells, Way::Upright)?);
            boxes.extend(self.find_in(&picture, &cells, Way::Turned)?);
        }
        Some(boxes)
    }

    fn find_in(&self, picture: &Picture, cells: &Cells, way: Way) -> Option<Vec<TextBox>> {
        let map = |picture: &Picture| self.detector.map(picture);
        let by = way.smaller_by();
        let whole = picture.columns.max(picture.rows);
        let mut boxes = Vec::new();
        for area in cells.rectangles() {
            let mut part = picture.crop(area.left, area.top, area.width(), area.height());
            if by > 1 {
                part = part.resized(part.columns.div_ceil(by), part.rows.div_ceil(by));
            }
            let found = if way.is_turned() {
                let turned = find_in_part(&part.turned_left(), whole, &map)?;
                turned
                    .into_iter()
                    .map(|found| turned_back(found, part.columns))
                    .collect()
            } else {
                find_in_part(&part, whole, &map)?
            };
            let larger = found.into_iter().map(|found| TextBox {
                left: found.left * by,
                top: found.top * by,
                right: (found.right * by).min(area.width()),
                bottom: (found.bottom * by).min(area.height()),
            });
            boxes.extend(larger.filter_map(|found| placed(found, area, picture)));
        }
        Some(boxes)
    }

    /// A box as one text; a large one that reads as none is looked into, and what is found in it counts instead.
    fn judged_parts(&self, found: TextBox, sights: &[Sight]) -> Option<Vec<SeenText>> {
        if found.width().max(found.height()) <= SMALLEST {
            return Some(Vec::new());
        }
        let text = self.judged(found, sights)?;
        if is_speck(found, text.score) {
            return Some(Vec::new());
        }
        let all = sights.first().map_or(0, |sight| sight.plane.values.len());
        let is_blob = found.width() < 2 * found.height() && found.height() < 2 * found.width();
        let is_large = found.area() * HUGE_PART > all || is_blob && found.area() * LARGE_PART > all;
        // A few signs as large as anatomy are outlines unless they are read without doubt.
        let least = if is_blob { 4 } else { 2 };
        let is_read = text.score >= CERTAIN || text.score >= SPECK && text.letters >= least;
        if is_read || !is_large {
            return Some(vec![text]);
        }
        let mut inner = Vec::new();
        for sight in sights.iter().take(READ_IN) {
            let part = sight
                .plane
                .crop(found.left, found.top, found.width(), found.height());
            let boxes = self.find_in(&part.usual(), &Cells::all(&part), Way::Upright)?;
            inner.extend(boxes.into_iter().map(|inner| TextBox {
                left: inner.left + found.left,
                top: inner.top + found.top,
                right: inner.right + found.left,
                bottom: inner.bottom + found.top,
            }));
        }
        let mut seen = Vec::new();
        for part in joined_lines(merged(inner)) {
            let text = self.judged(part, sights)?;
            if 2 * part.area() < found.area() && !is_speck(part, text.score) {
                seen.push(text);
            }
        }
        Some(seen)
    }

    /// Reads a box until a reading is certain; the most certain one decides, and any that names the patient.
    fn judged(&self, found: TextBox, sights: &[Sight]) -> Option<SeenText> {
        let (x, y) = (found.left.saturating_sub(1), found.top.saturating_sub(1));
        let (columns, rows) = (found.right + 1 - x, found.bottom + 1 - y);
        let mut best = (String::new(), 0.0_f32);
        let mut named = false;
        let mut marker = 0.0_f32;
        let mut lines: Vec<Picture> = Vec::new();
        for plane in by_contrast(sights, found) {
            let line = plane.stretched(x, y, columns, rows);
            if lines.len() < READ_IN && !lines.contains(&line) {
                lines.push(line);
            }
        }
        'planes: for line in lines {
            for way in ways_to_read(&line) {
                let reading = self.detector.read_line(&way)?;
                let goes = judge(&reading.text, self.known) == Judgement::Goes;
                named |= goes && judge(&reading.text, &KnownValues::default()) == Judgement::Stays;
                if is_marker(&reading.text) {
                    marker = marker.max(reading.score);
                }
                if reading.score > best.1 {
                    best = (reading.text, reading.score);
                }
                if best.1 >= CERTAIN {
                    break 'planes;
                }
            }
            if is_speck(found, best.1) {
                break;
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
            is_marker: !named && marker > 0.0 && marker >= best.1,
        })
    }
}

/// A line as it is and inverted, and turned both ways where it may stand; the likeliest comes first. Blocky letters
/// that touch the edge of what is read are read better with a frame of their own ground.
fn ways_to_read(line: &Picture) -> Vec<Picture> {
    if 2 * line.rows > 3 * line.columns {
        let left = line.turned_left();
        return vec![line.clone(), left.clone(), left.turned_left().turned_left()];
    }
    let framed = line.framed(line.columns.min(line.rows) / 4 + 1);
    vec![line.clone(), line.inverted(), framed]
}

/// The planes in which an area has most contrast first: there, its text shows.
fn by_contrast(sights: &[Sight], found: TextBox) -> Vec<&Plane> {
    let mut planes: Vec<(u16, &Plane)> = sights
        .iter()
        .map(|sight| {
            let part = sight
                .plane
                .crop(found.left, found.top, found.width(), found.height());
            let high = part.values.iter().max().copied().unwrap_or(0);
            let low = part.values.iter().min().copied().unwrap_or(0);
            (high - low, &sight.plane)
        })
        .collect();
    planes.sort_by_key(|(contrast, _)| std::cmp::Reverse(*contrast));
    planes.into_iter().map(|(_, plane)| plane).collect()
}

/// Whether nine tenths of an area lie in another.
fn is_mostly_in(part: Rect, whole: Rect) -> bool {
    let across = (part.x + part.width).min(whole.x + whole.width);
    let down = (part.y + part.height).min(whole.y + whole.height);
    let width = across.saturating_sub(part.x.max(whole.x));
    let height = down.saturating_sub(part.y.max(whole.y));
    10 * u64::from(width) * u64::from(height) >= 9 * part.area()
}

/// Whether what was found beside a wiped area is the rest of the same line, which says nothing harmless by itself: the
/// last digits of an identifier look like a measurement.
fn goes_on(wiped: Rect, rest: Rect) -> bool {
    let shared = |from: (u32, u32), to: (u32, u32)| {
        (from.0 + from.1)
            .min(to.0 + to.1)
            .saturating_sub(from.0.max(to.0))
    };
    let across = shared((wiped.x, wiped.width), (rest.x, rest.width));
    let down = shared((wiped.y, wiped.height), (rest.y, rest.height));
    let gap = |from: (u32, u32), to: (u32, u32)| {
        from.0
            .max(to.0)
            .saturating_sub((from.0 + from.1).min(to.0 + to.1))
    };
    let lying = 5 * down >= 3 * rest.height.min(wiped.height)
        && 2 * gap((wiped.x, wiped.width), (rest.x, rest.width)) <= rest.height
        && wiped.width >= wiped.height;
    let standing = 5 * across >= 3 * rest.width.min(wiped.width)
        && 2 * gap((wiped.y, wiped.height), (rest.y, rest.height)) <= rest.width
        && wiped.height > wiped.width;
    lying || standing
}

/// A box of a part in the whole. A line that the edge of the part cuts is none: where it is whole, it is found whole.
fn placed(found: TextBox, part: TextBox, whole: &Picture) -> Option<TextBox> {
    let cut = found.left == 0 && part.left > 0
        || found.top == 0 && part.top > 0
        || found.right == part.width() && part.right < whole.columns
        || found.bottom == part.height() && part.bottom < whole.rows;
    (!cut).then_some(TextBox {
        left: found.left + part.left,
        top: found.top + part.top,
        right: found.right + part.left,
        bottom: found.bottom + part.top,
    })
}

/// A box of the size of one letter that no picture shows as a letter: a corner of anatomy, not a text.
fn is_speck(found: TextBox, score: f32) -> bool {
    let (width, height) = (found.width(), found.height());
    2 * width <= 3 * height && 2 * height <= 3 * width && score < SPECK
}

fn turned_back(found: TextBox, columns: usize) -> TextBox {
    TextBox {
        left: columns.saturating_sub(found.bottom),
        right: columns.saturating_sub(found.top),
        top: found.left,
        bottom: found.right,
    }
}

/// An eighth of the letters' height across a line and a third of it along, for the finder has widened the box already,
/// yet loses the last letter of a line sooner than the top of all.
fn with_margin(found: TextBox) -> Rect {
    let (width, height) = (found.width(), found.height());
    let across = width.min(height) / 8 + 2;
    let along = width.min(height) / 3 + 2;
    let (aside, above) = if width >= height {
        (along, across)
    } else {
        (across, along)
    };
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let (x, y) = (
        found.left.saturating_sub(aside),
        found.top.saturating_sub(above),
    );
    Rect {
        x: number(x),
        y: number(y),
        width: number(found.right + aside - x),
        height: number(found.bottom + above - y),
    }
}

#[cfg(test)]
mod tests;
