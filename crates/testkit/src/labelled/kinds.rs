//! The images that the text is burned into.

use crate::canaries::Ledger;
use crate::dicom::{Dataset, DicomFile, Syntax};
use crate::objects::common::{
    Device, Samples, Series, SeriesKind, Study, UidMaker, general_image, modules, pixels_8,
    pixels_16,
};
use crate::objects::images;
use crate::people::{Date, Person};
use crate::phantom::breast::{self, View};
use crate::phantom::canvas::Area;
use crate::phantom::ultrasound::{Organ, frame};
use crate::phantom::{Canvas, Ellipse, chest};
use crate::random::Random;
use dicom_dictionary_std::{tags, uids};

/// A kind of image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A gray ultrasound still.
    Ultrasound,
    /// An ultrasound cine of four frames, in colour.
    UltrasoundCine,
    /// A computed radiograph.
    Cr,
    /// The same with MONOCHROME1.
    CrInverted,
    /// A digital radiograph.
    Dx,
    /// A mammogram.
    Mg,
    /// A colour capture of a screen with a picture on it.
    Sc,
    /// A run of four angiography frames.
    XaCine,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Ultrasound,
        Self::UltrasoundCine,
        Self::Cr,
        Self::CrInverted,
        Self::Dx,
        Self::Mg,
        Self::Sc,
        Self::XaCine,
    ];

    /// Its name, in words for files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ultrasound => "us",
            Self::UltrasoundCine => "us-cine",
            Self::Cr => "cr",
            Self::CrInverted => "cr-inverted",
            Self::Dx => "dx",
            Self::Mg => "mg",
            Self::Sc => "sc",
            Self::XaCine => "xa-cine",
        }
    }

    /// Columns and rows.
    #[must_use]
    pub const fn size(self) -> (usize, usize) {
        match self {
            Self::Ultrasound | Self::UltrasoundCine | Self::Sc => (640, 480),
            Self::Cr | Self::CrInverted | Self::Dx | Self::XaCine => (512, 512),
            Self::Mg => (512, 640),
        }
    }

    /// The highest stored value.
    pub(super) const fn full_scale(self) -> i32 {
        match self {
            Self::Ultrasound | Self::UltrasoundCine | Self::Sc => 255,
            Self::XaCine => 1023,
            _ => 4095,
        }
    }

    /// Whether large parts of it are exactly zero.
    pub(super) const fn has_flat_ground(self) -> bool {
        matches!(
            self,
            Self::Ultrasound | Self::UltrasoundCine | Self::Mg | Self::Sc
        )
    }
}

/// The frames of an image without text.
pub(super) fn frames(kind: Kind, random: &mut Random) -> Vec<Canvas> {
    let (width, height) = kind.size();
    match kind {
        Kind::Ultrasound => vec![bare_ultrasound(width, height, 0, random)],
        Kind::UltrasoundCine => (0..4)
            .map(|time| bare_ultrasound(width, height, time, random))
            .collect(),
        Kind::Cr | Kind::CrInverted | Kind::Dx => vec![chest::frontal(width, height, random)],
        Kind::Mg => {
            let view = View {
                laterality: if random.below(2) == 0 { "L" } else { "R" },
                position: "MLO",
            };
            vec![breast::mammogram(width, height, view, true, random)]
        }
        Kind::Sc => vec![captured(width, height, random)],
        Kind::XaCine => (0..4)
            .map(|time| angiogram(width, height, time, random))
            .collect(),
    }
}

/// An ultrasound frame whose own scale text is covered, so that the labels are all the text there is.
fn bare_ultrasound(width: usize, height: usize, time: u32, random: &mut Random) -> Canvas {
    let frame = frame(width, height, Organ::Thyroid, &[], time, random);
    let scan = frame.scan;
    let mut canvas = frame.canvas;
    let right = scan.x + scan.width;
    let below = scan.y + scan.height;
    canvas.rectangle(
        Area {
            x: right,
            y: 0,
            width: width as u32 - right,
            height: height as u32,
        },
        0,
    );
    canvas.rectangle(
        Area {
            x: 0,
            y: below,
            width: width as u32,
            height: height as u32 - below,
        },
        0,
    );
    canvas
}

fn captured(width: usize, height: usize, random: &mut Random) -> Canvas {
    let mut canvas = Canvas::new(width, height, 0);
    let picture = bare_ultrasound(width / 2, height / 2, 0, random);
    for y in 0..picture.height {
        let start = (y + height / 4) * width + width / 4;
        canvas.samples[start..start + picture.width]
            .copy_from_slice(&picture.samples[y * picture.width..(y + 1) * picture.width]);
    }
    canvas
}

fn angiogram(width: usize, height: usize, time: u32, random: &mut Random) -> Canvas {
    let (w, h) = (width as f64, height as f64);
    let mut canvas = Canvas::new(width, height, 620);
    canvas.fill(
        Ellipse {
            x: w * 0.5,
            y: h * 0.5,
            a: w * 0.3,
            b: h * 0.4,
        },
        520,
    );
    // The contrast medium moves down a vessel that bends like a parabola.
    for step in 0..60 + 20 * time {
        let t = f64::from(step) / 140.0;
        let vessel = Ellipse {
            x: w * (0.3 + 0.4 * t + 0.3 * t * (1.0 - t)),
            y: h * (0.1 + 0.7 * t),
            a: 5.0,
            b: 5.0,
        };
        canvas.fill(vessel, 180);
    }
    canvas.texture(20, 18, random);
    canvas.noise(10, random);
    canvas.clamp(0, 1023);
    canvas
}

/// The object around the frames.
pub(super) fn file(
    kind: Kind,
    person: &Person,
    number: u32,
    seed: u64,
    frames: &[Canvas],
) -> DicomFile {
    let mut random = Random::named(seed, &format!("labelled file {number}"));
    let day = Date::draw(&mut random, 2018, 2024);
    let mut uids = UidMaker::new(u64::from(number), day);
    let mut ledger = Ledger::new(seed, "labelled");
    let study = Study::new(person, day, "Labelled", &mut uids, &mut ledger);
    let modality = match kind {
        Kind::Ultrasound | Kind::UltrasoundCine => "US",
        Kind::Cr | Kind::CrInverted => "CR",
        Kind::Dx => "DX",
        Kind::Mg => "MG",
        Kind::Sc => "OT",
        Kind::XaCine => "XA",
    };
    let device = Device {
        maker: "Synthetic Medical",
        model: "Label Maker",
    };
    let body_part = if kind == Kind::Mg { "BREAST" } else { "CHEST" };
    let series = Series::new(
        &study,
        1,
        SeriesKind {
            modality,
            description: "labelled",
            body_part,
            device,
        },
        &mut uids,
        &mut ledger,
    );
    let dataset = dataset(kind, &study, &series, &uids.next_uid(), frames);
    DicomFile::new(Syntax::ExplicitLittle, dataset)
}

fn dataset(
    kind: Kind,
    study: &Study,
    series: &Series,
    instance: &str,
    frames: &[Canvas],
) -> Dataset {
    let Some(first) = frames.first() else {
        return Dataset::new();
    };
    match kind {
        Kind::Ultrasound | Kind::UltrasoundCine => ultrasound(study, series, instance, frames),
        Kind::Cr => images::cr(study, series, instance, "PA", first),
        Kind::CrInverted => {
            let mut inverted = first.clone();
            for sample in &mut inverted.samples {
                *sample = 4095 - *sample;
            }
            let mut dataset = images::cr(study, series, instance, "PA", &inverted);
            dataset.text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME1");
            dataset
        }
        Kind::Dx => images::dx(study, series, instance, first),
        Kind::Mg => images::mg(
            study,
            series,
            instance,
            View {
                laterality: "L",
                position: "MLO",
            },
            1,
            first,
        ),
        Kind::Sc => {
            let mut dataset = images::screen(study, series, instance, first);
            dataset.remove(tags::BURNED_IN_ANNOTATION);
            dataset
        }
        Kind::XaCine => angiography(study, series, instance, frames),
    }
}

fn ultrasound(study: &Study, series: &Series, instance: &str, frames: &[Canvas]) -> Dataset {
    let cine = frames.len() > 1;
    let class = if cine {
        uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE
    } else {
        uids::ULTRASOUND_IMAGE_STORAGE
    };
    let mut dataset = modules(study, series, class, instance, 1);
    general_image(&mut dataset, study, series, "ORIGINAL\\PRIMARY");
    dataset
        .empty(tags::PATIENT_ORIENTATION)
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00");
    put_cine(&mut dataset, frames);
    let (columns, rows) = frames
        .first()
        .map_or((0, 0), |frame| (frame.width, frame.height));
    if cine {
        Samples::RGB.put(&mut dataset, rows, columns);
        pixels_8(&mut dataset, frames.iter().flat_map(Canvas::rgb).collect());
    } else {
        Samples::GRAY_8.put(&mut dataset, rows, columns);
        pixels_8(
            &mut dataset,
            frames.iter().flat_map(Canvas::bytes).collect(),
        );
    }
    dataset
}

fn angiography(study: &Study, series: &Series, instance: &str, frames: &[Canvas]) -> Dataset {
    let mut dataset = modules(
        study,
        series,
        uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE,
        instance,
        1,
    );
    general_image(
        &mut dataset,
        study,
        series,
        "ORIGINAL\\PRIMARY\\SINGLE PLANE",
    );
    let (columns, rows) = frames
        .first()
        .map_or((0, 0), |frame| (frame.width, frame.height));
    Samples {
        stored: 10,
        ..Samples::GRAY_12
    }
    .put(&mut dataset, rows, columns);
    dataset
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .text(tags::PIXEL_INTENSITY_RELATIONSHIP, "LIN")
        .text(tags::KVP, "80")
        .text(tags::RADIATION_SETTING, "GR")
        .text(tags::X_RAY_TUBE_CURRENT, "500")
        .text(tags::EXPOSURE_TIME, "100")
        .text(tags::EXPOSURE, "50")
        .text(tags::POSITIONER_MOTION, "STATIC")
        .text(tags::POSITIONER_PRIMARY_ANGLE, "0")
        .text(tags::POSITIONER_SECONDARY_ANGLE, "0")
        .empty(tags::PATIENT_ORIENTATION)
        .empty(tags::DISTANCE_SOURCE_TO_PATIENT);
    put_cine(&mut dataset, frames);
    pixels_16(
        &mut dataset,
        frames.iter().flat_map(Canvas::words).collect(),
    );
    dataset
}

fn put_cine(dataset: &mut Dataset, frames: &[Canvas]) {
    if frames.len() > 1 {
        dataset
            .text(tags::NUMBER_OF_FRAMES, frames.len().to_string())
            .text(tags::FRAME_TIME, "40")
            .words(
                tags::FRAME_INCREMENT_POINTER,
                &[tags::FRAME_TIME.0, tags::FRAME_TIME.1],
            );
    }
}
