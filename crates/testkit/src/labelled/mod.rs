//! Images with burned-in text of which every box is known, for measuring detection and masking.
//!
//! [`image`] makes the image of one number; the same number and seed give the same image. Over
//! [`COUNT`] numbers they cover US, CR, DX, MG, SC and XA; gray, colour and cine; six fonts from 8 to 40
//! pixels, Latin and Chinese; bright, faint and one-on-zero text; text at edges, over anatomy, turned by
//! 90 degrees, or in the last frame only; and images without identity, which must not be harmed.

mod font;
mod kinds;
mod words;

use crate::dicom::DicomFile;
use crate::people::Person;
use crate::phantom::Canvas;
use crate::phantom::canvas::Area;
use crate::random::Random;
pub use font::Font;
pub use kinds::Kind;
pub use words::Role;

/// How many images the full set has.
pub const COUNT: u32 = 2000;

/// One line of text in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledText {
    /// The smallest rectangle around its dots, in pixels of the stored image.
    pub area: Area,
    /// What it says.
    pub text: String,
    /// What it is: identity must go, the others may stay.
    pub role: Role,
    /// The font.
    pub font: Font,
    /// Height of the font's cell in pixels.
    pub height: u32,
    /// Whether it is turned by 90 degrees, to be read from below.
    pub turned: bool,
    /// First frame that shows it, counted from 0; it shows in all later ones.
    pub first_frame: u32,
    /// Difference to what it stands on, in stored values.
    pub contrast: i32,
}

/// An image and its truth.
#[derive(Clone)]
pub struct Labelled {
    /// A name for files: number, kind, font.
    pub name: String,
    /// What kind of image it is.
    pub kind: Kind,
    /// The object.
    pub file: DicomFile,
    /// The patient, as the header states it.
    pub person: Person,
    /// Every text in it.
    pub texts: Vec<LabelledText>,
}

impl Labelled {
    /// The texts that must go.
    pub fn identity(&self) -> impl Iterator<Item = &LabelledText> {
        self.texts.iter().filter(|text| text.role.identifies())
    }

    /// Whether nothing in it identifies.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.identity().next().is_none()
    }
}

/// Makes the image of a number.
#[must_use]
pub fn image(seed: u64, number: u32) -> Labelled {
    let mut random = Random::named(seed, &format!("labelled {number}"));
    let kind = Kind::ALL[number as usize % Kind::ALL.len()];
    let font = Font::ALL[number as usize / Kind::ALL.len() % Font::ALL.len()];
    let person = words::person(font, number, seed);
    let mut frames = kinds::frames(kind, &mut random);
    let lines = words::lines(&person, font, number, &mut random);
    let last = frames.len() as u32 - 1;
    let mut texts: Vec<LabelledText> = Vec::new();
    for (role, line) in lines {
        let style = Style::draw(kind, font, last, &mut random);
        if let Some(text) = place(&mut frames, (role, line), &style, &texts, &mut random) {
            texts.push(text);
        }
    }
    let file = kinds::file(kind, &person, number, seed, &frames);
    Labelled {
        name: format!("{number:04}-{}-{}", kind.name(), font.name()),
        kind,
        file,
        person,
        texts,
    }
}

/// How one line is drawn.
struct Style {
    font: Font,
    scale: u32,
    contrast: i32,
    turned: bool,
    first_frame: u32,
}

impl Style {
    fn draw(kind: Kind, font: Font, last: u32, random: &mut Random) -> Self {
        let scales = font.scales();
        let scale = random.pick(scales).copied().unwrap_or(1);
        let full = kind.full_scale();
        let contrast = match random.below(8) {
            0 => (full / 7).max(1),
            1 if kind.has_flat_ground() => 1,
            _ => full,
        };
        let late = last > 0 && random.below(4) == 0;
        Self {
            font,
            scale,
            contrast,
            turned: random.below(12) == 0,
            first_frame: if late { last } else { 0 },
        }
    }
}

/// Finds room for a line, draws it, and tells where.
fn place(
    frames: &mut [Canvas],
    (role, line): (Role, String),
    style: &Style,
    taken: &[LabelledText],
    random: &mut Random,
) -> Option<LabelledText> {
    let dots = font::dots(style.font, style.scale, &line, style.turned);
    let width = dots.iter().map(|dot| dot.x + 1).max()?;
    let height = dots.iter().map(|dot| dot.y + 1).max()?;
    let first = frames.first()?;
    let (columns, rows) = (first.width as u32, first.height as u32);
    if width > columns || height > rows {
        return None;
    }
    for attempt in 0..40 {
        let (x, y) = corner(attempt, (columns - width, rows - height), random);
        let area = Area {
            x,
            y,
            width,
            height,
        };
        let near = |other: &LabelledText| overlaps(grown(other.area, 6), area);
        // One step above zero is text only where the ground is zero.
        let fits = style.contrast > 1 || is_flat(first, area);
        if taken.iter().any(near) || !fits {
            continue;
        }
        let contrast = signed_contrast(first, area, style.contrast);
        for frame in frames.iter_mut().skip(style.first_frame as usize) {
            ink(frame, &dots, area, contrast);
        }
        let tight = tight(&dots, area, style.contrast);
        return Some(LabelledText {
            area: tight,
            text: line,
            role,
            font: style.font,
            height: style.font.cell() * style.scale,
            turned: style.turned,
            first_frame: style.first_frame,
            contrast,
        });
    }
    None
}

/// The first tries go to where devices write; the later ones anywhere, also over anatomy.
fn corner(attempt: u32, room: (u32, u32), random: &mut Random) -> (u32, u32) {
    let anywhere = |most: u32, random: &mut Random| random.below(u64::from(most) + 1) as u32;
    if attempt >= 6 || random.below(3) == 0 {
        return (anywhere(room.0, random), anywhere(room.1, random));
    }
    let edge = [0, 2, 8][attempt as usize % 3];
    let x = if random.below(2) == 0 {
        edge.min(room.0)
    } else {
        room.0 - edge.min(room.0)
    };
    (x, anywhere(room.1, random))
}

fn overlaps(one: Area, other: Area) -> bool {
    one.x < other.x + other.width
        && other.x < one.x + one.width
        && one.y < other.y + other.height
        && other.y < one.y + one.height
}

fn grown(area: Area, by: u32) -> Area {
    let (x, y) = (area.x.saturating_sub(by), area.y.saturating_sub(by));
    Area {
        x,
        y,
        width: area.width + area.x - x + by,
        height: area.height + area.y - y + by,
    }
}

fn rows_of(canvas: &Canvas, area: Area) -> impl Iterator<Item = i32> + '_ {
    (area.y..area.y + area.height).flat_map(move |y| {
        let start = y as usize * canvas.width + area.x as usize;
        canvas.samples[start..start + area.width as usize]
            .iter()
            .copied()
    })
}

fn is_flat(canvas: &Canvas, area: Area) -> bool {
    rows_of(canvas, area).all(|sample| sample == 0)
}

/// Bright on dark, dark on bright.
fn signed_contrast(canvas: &Canvas, area: Area, contrast: i32) -> i32 {
    let full = canvas.samples.iter().copied().max().unwrap_or(0);
    let count = i64::from(area.width) * i64::from(area.height);
    let mean = rows_of(canvas, area).map(i64::from).sum::<i64>() / count.max(1);
    if mean * 5 > i64::from(full) * 3 && contrast > 1 {
        -contrast
    } else {
        contrast
    }
}

fn ink(canvas: &mut Canvas, dots: &[font::Dot], area: Area, contrast: i32) {
    let full = canvas
        .samples
        .iter()
        .copied()
        .max()
        .unwrap_or(0)
        .max(contrast);
    for dot in dots {
        let index = (area.y + dot.y) as usize * canvas.width + (area.x + dot.x) as usize;
        if let Some(sample) = canvas.samples.get_mut(index) {
            // Rounded, so that text of one step shows where its dots cover half a pixel.
            let step = (contrast * i32::from(dot.cover) + contrast.signum() * 127) / 255;
            *sample = (*sample + step).clamp(0, full);
        }
    }
}

/// The rectangle of the dots that cover at least a third of their pixel; half of it, where less than that is no step.
fn tight(dots: &[font::Dot], area: Area, contrast: i32) -> Area {
    let least = if contrast == 1 { 127 } else { 84 };
    let seen = || dots.iter().filter(|dot| dot.cover > least);
    let left = seen().map(|dot| dot.x).min().unwrap_or(0);
    let top = seen().map(|dot| dot.y).min().unwrap_or(0);
    let right = seen().map(|dot| dot.x + 1).max().unwrap_or(area.width);
    let bottom = seen().map(|dot| dot.y + 1).max().unwrap_or(area.height);
    Area {
        x: area.x + left,
        y: area.y + top,
        width: right - left,
        height: bottom - top,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn boxes_lie_in_their_images_and_every_variety_occurs() {
        let (mut fonts, mut kinds, mut heights) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (mut clean, mut turned, mut late, mut faint, mut han) = (0, 0, 0, 0, 0);
        for number in 0..96 {
            let image = image(3, number);
            clean += u32::from(image.is_clean());
            kinds.insert(image.kind.name());
            for text in &image.texts {
                let (columns, rows) = image.kind.size();
                assert!(
                    text.area.x + text.area.width <= columns as u32,
                    "{}: {text:?}",
                    image.name
                );
                assert!(
                    text.area.y + text.area.height <= rows as u32,
                    "{}: {text:?}",
                    image.name
                );
                fonts.insert(text.font.name());
                heights.insert(text.height);
                turned += u32::from(text.turned);
                late += u32::from(text.first_frame > 0);
                faint += u32::from(text.contrast == 1);
                han += u32::from(!text.text.is_ascii());
            }
        }
        assert_eq!(kinds.len(), Kind::ALL.len());
        assert_eq!(fonts.len(), Font::ALL.len());
        assert!(
            heights.first().is_some_and(|least| *least <= 8)
                && heights.last().is_some_and(|most| *most >= 36),
            "{heights:?}"
        );
        assert!((8..40).contains(&clean), "{clean}");
        assert!(
            turned > 5 && late > 5 && faint > 3 && han > 5,
            "{turned} {late} {faint} {han}"
        );
    }

    #[test]
    fn a_number_gives_the_same_image_every_time() {
        let (one, two) = (image(3, 17), image(3, 17));
        assert!(one.file.bytes() == two.file.bytes() && one.texts == two.texts);
        assert!(image(4, 17).file.bytes() != one.file.bytes());
    }
}
