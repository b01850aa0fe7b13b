//! Frames, projections and proposals for the person who decides about an image. Nothing here gives a reason to leave.

use crate::assess::{ImageToAssess, propose_areas};
use crate::decode::Frames;
use crate::plane::{Plane, pixels, planes};
use crate::shape::Colour;
use cloakroom_core::{HoldReason, Rect};

/// One frame as a person can look at it.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    /// Columns.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
    /// The pixels, row by row.
    pub samples: ShownSamples,
}

/// The pixels of a [`Shown`] frame.
#[derive(Clone, PartialEq, Eq)]
pub enum ShownSamples {
    /// Grey at full depth, from the darkest on, so that a person can choose the window.
    Grey {
        /// A value for each pixel.
        values: Vec<u16>,
        /// The window that shows most at once: the values that are shown black and white.
        window: (u16, u16),
    },
    /// Red, green and blue of 8 bits each.
    Colour(Vec<u8>),
}

/// Shows one frame.
///
/// # Errors
/// If the frame does not exist or cannot be decoded.
pub fn show(request: &ImageToAssess<'_>, frame: u32) -> Result<Shown, HoldReason> {
    let frames = Frames::new(request)?;
    if frame >= frames.count() {
        return Err(HoldReason::PixelUndecodable);
    }
    let frame = frames.frame(frame)?;
    let coloured = matches!(
        frame.shape.colour,
        Colour::Rgb | Colour::YbrFull | Colour::YbrPartial
    );
    if coloured {
        let eight = |value: u16| value.to_be_bytes()[0];
        let rgb = pixels(&frame).into_iter().flatten().map(eight).collect();
        return Ok(Shown {
            columns: frame.shape.columns,
            rows: frame.shape.rows,
            samples: ShownSamples::Colour(rgb),
        });
    }
    let plane = planes(&frame, request.image).into_iter().next();
    Ok(grey(plane.ok_or(HoldReason::PixelUndecodable)?))
}

fn grey(plane: Plane) -> Shown {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Shown {
        columns: number(plane.columns),
        rows: number(plane.rows),
        samples: ShownSamples::Grey {
            window: window(&plane.values),
            values: plane.values,
        },
    }
}

/// The values below which half a percent, and 99.5 percent, of the pixels lie, taken from no more than so many pixels.
fn window(values: &[u16]) -> (u16, u16) {
    const SAMPLE: usize = 1 << 14;
    let mut some: Vec<u16> = values
        .iter()
        .step_by(values.len() / SAMPLE + 1)
        .copied()
        .collect();
    some.sort_unstable();
    let at = |thousandths: usize| some.get(some.len() * thousandths / 1000).copied();
    let (low, high) = (at(5).unwrap_or(0), at(995).unwrap_or(u16::MAX));
    if low < high {
        return (low, high);
    }
    let (low, high) = (
        some.first().copied().unwrap_or(0),
        some.last().copied().unwrap_or(u16::MAX),
    );
    (low, high.max(low.saturating_add(1)))
}

impl Shown {
    /// The frame in 8 bits of grey or colour, no side longer than `longest`, for contact sheets.
    #[must_use]
    pub fn small(&self, longest: u32) -> (u32, u32, Vec<u8>) {
        let side = self.columns.max(self.rows).max(1);
        let scale = |length: u32| {
            if side <= longest {
                length
            } else {
                (length * longest / side).max(1)
            }
        };
        let (columns, rows) = (scale(self.columns), scale(self.rows));
        let mut rgb = Vec::with_capacity(columns as usize * rows as usize * 3);
        for y in 0..rows {
            for x in 0..columns {
                rgb.extend(self.brightest(
                    (x * self.columns / columns, y * self.rows / rows),
                    (
                        ((x + 1) * self.columns / columns),
                        ((y + 1) * self.rows / rows),
                    ),
                ));
            }
        }
        (columns, rows, rgb)
    }

    /// The brightest pixel of a part, because thin letters vanish in a mean.
    fn brightest(&self, from: (u32, u32), to: (u32, u32)) -> [u8; 3] {
        let columns = self.columns as usize;
        let places = (from.1..to.1.max(from.1 + 1))
            .flat_map(|y| (from.0..to.0.max(from.0 + 1)).map(move |x| (x, y)))
            .map(|(x, y)| y as usize * columns + x as usize);
        match &self.samples {
            ShownSamples::Grey {
                values,
                window: (low, high),
            } => {
                let value = places.filter_map(|place| values.get(place)).max();
                let value = u32::from((*value.unwrap_or(&0)).clamp(*low, *high) - low);
                let span = u32::from(high - low).max(1);
                [u8::try_from(value * 255 / span).unwrap_or(u8::MAX); 3]
            }
            ShownSamples::Colour(rgb) => places
                .filter_map(|place| rgb.get(place * 3..place * 3 + 3))
                .max_by_key(|pixel| pixel.iter().map(|value| u32::from(*value)).sum::<u32>())
                .map_or([0; 3], |pixel| [pixel[0], pixel[1], pixel[2]]),
        }
    }
}

/// Which value of all frames a pixel of a projection takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProjectionKind {
    /// The darkest.
    Minimum,
    /// The mean.
    Mean,
    /// The brightest.
    Maximum,
}

/// Frames of one size, laid over each other in grey, so that a cine or a series is judged in a glance.
#[derive(Clone, Default)]
pub struct Projector {
    columns: usize,
    rows: usize,
    frames: u32,
    left_out: u32,
    minimum: Vec<u16>,
    maximum: Vec<u16>,
    sum: Vec<u64>,
}

impl Projector {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds frames of an image, `most` at most and evenly spread. Those of another size than the first are counted and
    /// left out.
    ///
    /// # Errors
    /// If a frame cannot be decoded.
    pub fn add(&mut self, request: &ImageToAssess<'_>, most: u32) -> Result<(), HoldReason> {
        let frames = Frames::new(request)?;
        let step = frames.count().div_ceil(most.max(1)).max(1);
        for index in 0..frames.count() {
            if index % step != 0 {
                self.left_out += 1;
                continue;
            }
            let planes = planes(&frames.frame(index)?, request.image);
            match planes.into_iter().next() {
                Some(plane) => self.add_plane(&plane),
                None => return Err(HoldReason::PixelUndecodable),
            }
        }
        Ok(())
    }

    fn add_plane(&mut self, plane: &Plane) {
        if self.frames == 0 {
            self.columns = plane.columns;
            self.rows = plane.rows;
            self.minimum = plane.values.clone();
            self.maximum = plane.values.clone();
            self.sum = plane.values.iter().map(|value| u64::from(*value)).collect();
            self.frames = 1;
            return;
        }
        if (plane.columns, plane.rows) != (self.columns, self.rows) {
            self.left_out += 1;
            return;
        }
        let all = self
            .minimum
            .iter_mut()
            .zip(&mut self.maximum)
            .zip(&mut self.sum)
            .zip(&plane.values);
        for (((minimum, maximum), sum), value) in all {
            *minimum = (*minimum).min(*value);
            *maximum = (*maximum).max(*value);
            *sum += u64::from(*value);
        }
        self.frames += 1;
    }

    /// How many frames are in it, and how many were left out.
    #[must_use]
    pub const fn counts(&self) -> (u32, u32) {
        (self.frames, self.left_out)
    }

    /// The projection; `None` while there is no frame.
    #[must_use]
    pub fn project(&self, kind: ProjectionKind) -> Option<Shown> {
        let count = u64::from(self.frames);
        if count == 0 {
            return None;
        }
        let mean = |sum: &u64| u16::try_from(sum / count).unwrap_or(u16::MAX);
        Some(grey(Plane {
            columns: self.columns,
            rows: self.rows,
            values: match kind {
                ProjectionKind::Minimum => self.minimum.clone(),
                ProjectionKind::Mean => self.sum.iter().map(mean).collect(),
                ProjectionKind::Maximum => self.maximum.clone(),
            },
            is_colour: false,
        }))
    }
}

/// What a proposal rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalKind {
    /// A burn-in rule or the image's own scan areas say that this goes.
    Rule,
    /// The detector read text that goes, or could not read it.
    TextThatGoes,
    /// The detector read text that may stay, such as a marker of side.
    TextThatStays,
}

/// An area that a rule or the detector points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// The area.
    pub rect: Rect,
    /// First and last frame, counted from 0; `None` for all.
    pub frames: Option<(u32, u32)>,
    /// What it rests on.
    pub kind: ProposalKind,
}

/// Every area that a rule or the detector points at, and whether the detector was there to look.
///
/// # Errors
/// If the frames cannot be decoded.
pub fn proposals(request: &ImageToAssess<'_>) -> Result<(Vec<Proposal>, bool), HoldReason> {
    propose_areas(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(values: Vec<u16>) -> Plane {
        Plane {
            columns: 2,
            rows: 2,
            values,
            is_colour: false,
        }
    }

    fn values(shown: Option<Shown>) -> Vec<u16> {
        match shown.unwrap().samples {
            ShownSamples::Grey { values, .. } => values,
            ShownSamples::Colour(_) => panic!("grey became colour"),
        }
    }

    #[test]
    fn projections_take_the_darkest_the_mean_and_the_brightest() {
        let mut all = Projector::new();
        assert!(all.project(ProjectionKind::Mean).is_none());
        all.add_plane(&plane(vec![1, 2, 3, 65_535]));
        all.add_plane(&plane(vec![3, 2, 1, 65_535]));
        all.add_plane(&Plane {
            columns: 4,
            rows: 1,
            ..plane(vec![0; 4])
        });
        assert_eq!(all.counts(), (2, 1));
        assert_eq!(
            values(all.project(ProjectionKind::Minimum)),
            [1, 2, 1, 65_535]
        );
        assert_eq!(values(all.project(ProjectionKind::Mean)), [2, 2, 2, 65_535]);
        assert_eq!(
            values(all.project(ProjectionKind::Maximum)),
            [3, 2, 3, 65_535]
        );
    }

    #[test]
    fn a_small_picture_keeps_thin_strokes() {
        let mut values = vec![0_u16; 64 * 64];
        values[10 * 64..11 * 64].fill(4000);
        let shown = grey(Plane {
            columns: 64,
            rows: 64,
            values,
            is_colour: false,
        });
        let (columns, rows, rgb) = shown.small(16);
        assert_eq!((columns, rows, rgb.len()), (16, 16, 16 * 16 * 3));
        let row = |y: usize| &rgb[y * 48..(y + 1) * 48];
        assert!(row(2).iter().all(|value| *value == 255));
        assert!(row(9).iter().all(|value| *value == 0));
        assert_eq!(shown.small(100).0, 64);
    }

    #[test]
    fn a_flat_image_has_a_window_too() {
        assert_eq!(window(&[7; 100]), (7, 8));
        assert_eq!(window(&[]), (0, u16::MAX));
    }
}
