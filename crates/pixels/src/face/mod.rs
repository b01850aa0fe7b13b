//! Whether the slices of a series show a face, from their geometry and their values.
//!
//! Slices are laid into a coarse volume in the patient's own directions. There, a head is a stack of cross-sections
//! of a head's size, and a face is what stands out of the front of them: the nose before the cheeks. What was
//! defaced or stripped of its skull recedes there instead. The header's Body Part Examined is believed only where
//! it speaks for a face, or where the geometry says nothing.

mod anatomy;
mod side_by_side;
mod volume;

use crate::assess::ImageToAssess;
use crate::decode::Frames;
use cloakroom_core::{HoldReason, ImageDescription};
pub use side_by_side::side_by_side;
use std::num::NonZeroUsize;
use volume::{SlicePlane, Volume, VolumeBuilder};

/// Slices nearer to each other than this are not all looked at, in millimetres.
const STEP: f64 = 4.0;
/// A first look at axial slices goes in steps of this, in millimetres: no head is so low.
const FIRST_STEP: f64 = 20.0;

/// What a series shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaceFinding {
    /// No face: no head is in view, or only what lies above the face, or the face has been taken away.
    Absent,
    /// A face.
    Visible,
    /// A face may be in view, and it cannot be told.
    Unsure,
}

/// Whether images of a SOP Class could be put together to a face: CT, MR and PET, classic and enhanced.
#[must_use]
pub fn may_show_face(sop_class: &str) -> bool {
    const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";
    const SLICES: &[&str] = &[
        "2", "2.1", "2.2", "4", "4.1", "4.3", "4.4", "128", "128.1", "130",
    ];
    sop_class
        .strip_prefix(STORAGE)
        .is_some_and(|class| SLICES.contains(&class))
}

/// Where one frame of a series lies.
#[derive(Debug, Clone, Copy)]
struct PlacedFrame {
    /// Which of the images, in the order in which they were described.
    image: usize,
    /// The frame, counted from 0.
    frame: u32,
    plane: SlicePlane,
}

/// The frames of a series that are to be looked at.
pub struct FaceSearch {
    placed: Vec<PlacedFrame>,
    /// Some frames do not say where they lie.
    unplaced: bool,
    /// All frames with pixels.
    frames: usize,
    modality: String,
    header: HeaderHint,
}

/// What the header says of the part of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum HeaderHint {
    /// Another part.
    Elsewhere,
    /// Nothing.
    Silent,
    /// The head or a part of it.
    Head,
}

impl HeaderHint {
    fn of(image: &ImageDescription) -> Self {
        const HEAD: &[&str] = &[
            "HEAD",
            "BRAIN",
            "SKULL",
            "FACE",
            "FACIAL",
            "ORBIT",
            "SINUS",
            "NECK",
            "JAW",
            "MANDIBLE",
            "MAXILLA",
            "EYE",
            "NOSE",
            "EAR",
            "TMJ",
            "WHOLEBODY",
            "WHOLE BODY",
            "PITUITARY",
            "IAC",
        ];
        let part = image.body_part.expose().to_uppercase();
        if HEAD.iter().any(|word| part.contains(word)) {
            Self::Head
        } else if part.trim().is_empty() {
            Self::Silent
        } else {
            Self::Elsewhere
        }
    }
}

impl FaceSearch {
    /// Takes down where the frames of these images lie.
    #[must_use]
    pub fn new(images: &[ImageDescription]) -> Self {
        let mut search = Self {
            placed: Vec::new(),
            unplaced: false,
            frames: 0,
            modality: images
                .first()
                .map_or_else(String::new, |image| image.modality.clone()),
            header: images
                .iter()
                .map(HeaderHint::of)
                .max()
                .unwrap_or(HeaderHint::Silent),
        };
        for (number, image) in images.iter().enumerate() {
            if image.pixel_tag.is_none() {
                continue;
            }
            let frames = image.frames.max(1) as usize;
            search.frames = search.frames.saturating_add(frames);
            if frames > 1 && image.frame_positions.len() != frames {
                search.unplaced = true;
                continue;
            }
            for frame in 0..image.frames.max(1) {
                match SlicePlane::of(image, frame) {
                    Some(plane) => search.placed.push(PlacedFrame {
                        image: number,
                        frame,
                        plane,
                    }),
                    None => search.unplaced = true,
                }
            }
        }
        search
    }

    /// Looks at the frames, `threads` at a time. `with` gives the image of a number to what is done with it. The
    /// finding does not depend on the number of threads.
    ///
    /// # Errors
    /// If a frame cannot be decoded; then nothing is known of the series.
    pub fn look(
        &self,
        threads: NonZeroUsize,
        with: &WithImage<'_>,
    ) -> Result<FaceFinding, HoldReason> {
        if self.frames < LEAST_SLICES {
            return Ok(self.of_a_few());
        }
        let Some(first) = self.placed.first() else {
            return Ok(self.told_by_header());
        };
        let normal = first.plane.normal();
        let like_first = |frame: &&PlacedFrame| frame.plane.is_parallel(normal);
        let stack: Vec<PlacedFrame> = self.placed.iter().filter(like_first).copied().collect();
        // Localizers of three directions and rotating series are no stack; each direction alone is a handful.
        let is_stack = 2 * stack.len() > self.placed.len() && stack.len() >= LEAST_SLICES;
        if !is_stack {
            return Ok(self.told_by_header());
        }
        let is_axial = normal[2].abs() > 0.8;
        if is_axial
            && self
                .volume(&stack, normal, FIRST_STEP, threads, with)?
                .is_without_head()
        {
            return Ok(if self.unplaced {
                self.told_by_header()
            } else {
                FaceFinding::Absent
            });
        }
        let finding = self.volume(&stack, normal, STEP, threads, with)?.face();
        Ok(match finding {
            FaceFinding::Absent if self.unplaced => self.told_by_header(),
            finding => finding,
        })
    }

    /// A few slices show no surface; but one from front to back through a head shows its profile.
    fn of_a_few(&self) -> FaceFinding {
        let profile = self.unplaced
            || self
                .placed
                .iter()
                .any(|frame| !is_axial(frame.plane.normal()));
        if profile && self.header == HeaderHint::Head {
            FaceFinding::Unsure
        } else {
            FaceFinding::Absent
        }
    }

    /// What is to be thought where geometry says nothing.
    fn told_by_header(&self) -> FaceFinding {
        match self.header {
            HeaderHint::Elsewhere => FaceFinding::Absent,
            HeaderHint::Silent | HeaderHint::Head => FaceFinding::Unsure,
        }
    }

    fn volume(
        &self,
        stack: &[PlacedFrame],
        normal: [f64; 3],
        step: f64,
        threads: NonZeroUsize,
        with: &WithImage<'_>,
    ) -> Result<Volume, HoldReason> {
        let chosen = thinned(stack, normal, step);
        let planes = chosen.iter().map(|(frame, _)| &frame.plane);
        let volume = VolumeBuilder::around(planes, &self.modality);
        side_by_side(threads, chosen.len(), |number| {
            let (frame, thickness) = &chosen[number];
            let mut added = Err(HoldReason::PixelUndecodable);
            with(frame.image, &mut |request| {
                added = add(&volume, request, frame, *thickness);
            })?;
            added
        })?;
        Ok(volume.settle())
    }
}

/// Fewer slices than this show no surface.
const LEAST_SLICES: usize = 4;

/// Opens the image of a number and gives it to what is done with it.
pub type WithImage<'a> =
    dyn Fn(usize, &mut dyn FnMut(&ImageToAssess<'_>)) -> Result<(), HoldReason> + Sync + 'a;

fn is_axial(normal: [f64; 3]) -> bool {
    normal[2].abs() > 0.8
}

fn add(
    volume: &VolumeBuilder,
    request: &ImageToAssess<'_>,
    placed: &PlacedFrame,
    thickness: f64,
) -> Result<(), HoldReason> {
    let frames = Frames::new(request)?;
    if placed.frame >= frames.count() {
        return Err(HoldReason::PixelUndecodable);
    }
    let frame = frames.frame(placed.frame)?;
    volume.add(&frame, request.image, &placed.plane, thickness);
    Ok(())
}

/// Frames along the normal that lie `step` apart or more, each with how far it reaches, in millimetres. Of frames in
/// one place (phases, echoes) the first counts.
fn thinned(stack: &[PlacedFrame], normal: [f64; 3], step: f64) -> Vec<(PlacedFrame, f64)> {
    let mut along: Vec<(f64, PlacedFrame)> = stack
        .iter()
        .map(|frame| (frame.plane.along(normal), *frame))
        .collect();
    along.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut chosen: Vec<(f64, PlacedFrame)> = Vec::new();
    for (place, frame) in along {
        if chosen
            .last()
            .is_none_or(|(last, _)| place - last >= step * 0.9)
        {
            chosen.push((place, frame));
        }
    }
    let mut gaps: Vec<f64> = chosen
        .windows(2)
        .map(|pair| pair[1].0 - pair[0].0)
        .collect();
    gaps.sort_by(f64::total_cmp);
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(step);
    chosen
        .into_iter()
        .map(|(_, frame)| (frame, usual))
        .collect()
}

#[cfg(test)]
mod tests;
