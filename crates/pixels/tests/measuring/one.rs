//! One labelled image: what became of it, and of each of its texts.

use cloakroom_core::{KnownKind, KnownValue, KnownValues, MaskRegion, Phi, PixelLayout, Rect};
use cloakroom_p10::{Extent, Limits, MemorySource, read};
use cloakroom_pixels::{
    Detector, ImageToAssess, Masked, MaskedBytes, MemoryBytes, PixelPolicy, Rendering, assess,
    mask, render,
};
use cloakroom_testkit::labelled::{self, Labelled, LabelledText};
use cloakroom_testkit::people::Person;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A labelled text after the mask.
pub struct TextOutcome {
    /// The text as the set describes it.
    pub text: LabelledText,
    /// Which part of its box is wiped, between 0 and 1.
    pub covered: f64,
    /// Whether the reader still makes out one of its words.
    pub readable: bool,
}

/// What became of an image.
pub struct ImageOutcome {
    /// The image's name in the set.
    pub name: String,
    /// The name of its kind.
    pub kind: &'static str,
    /// Whether it holds no identity.
    pub clean: bool,
    /// Why it was held, if it was.
    pub held: Option<String>,
    /// Its texts, if it was cleared.
    pub texts: Vec<TextOutcome>,
    /// Pixels of the image.
    pub pixels: u64,
    /// Pixels wiped further than a letter's height from any identity.
    pub wrongly_wiped: u64,
    /// How long the decision took, and the mask with its second look.
    pub took: (Duration, Duration),
}

/// Takes the image of a number through the whole of pixel work.
pub fn measure_one(
    detector: &Detector,
    seed: u64,
    number: u32,
    out: Option<&Path>,
) -> ImageOutcome {
    let labelled = labelled::image(seed, number);
    let content = labelled.file.bytes();
    let source = Arc::new(MemorySource::new(content.clone()));
    let object = read(source, Extent::Whole, &Limits::default()).unwrap();
    let description = object.describe_image();
    let layout = object.pixel_layout().unwrap().clone();
    let (policy, known) = (PixelPolicy::contest(), known_values(&labelled.person));
    let bytes = MemoryBytes(content);
    let request = ImageToAssess {
        image: &description,
        layout: Some(&layout),
        bytes: &bytes,
        policy: &policy,
        detector: Some(detector),
        known: &known,
        decision: None,
    };
    let start = Instant::now();
    let assessment = assess(&request);
    let decided = start.elapsed();
    let masked = mask(&request, &assessment);
    let took = (decided, start.elapsed() - decided);
    let mut outcome = ImageOutcome {
        name: labelled.name.clone(),
        kind: labelled.kind.name(),
        clean: labelled.is_clean(),
        held: None,
        texts: Vec::new(),
        pixels: u64::from(description.columns) * u64::from(description.rows),
        wrongly_wiped: 0,
        took,
    };
    match masked {
        Err(reason) => outcome.held = Some(reason.to_string()),
        Ok(masked) => {
            let pictures = after(&request, &masked);
            outcome.texts = texts(
                detector,
                &labelled,
                masked.regions(),
                pictures.last().unwrap(),
            );
            outcome.wrongly_wiped = wrongly_wiped(&labelled, masked.regions(), &description);
            if let Some(folder) = out.filter(|_| outcome.is_worth_a_look()) {
                save(
                    folder,
                    &format!("{}-after", outcome.name),
                    pictures.last().unwrap(),
                );
            }
        }
    }
    if let Some(folder) = out.filter(|_| outcome.is_worth_a_look()) {
        let last = description.frames.max(1) - 1;
        save(
            folder,
            &format!("{}-before", outcome.name),
            &render(&request, last).unwrap(),
        );
    }
    outcome
}

impl ImageOutcome {
    /// One line for whoever waits.
    pub fn told(&self) -> String {
        let (decided, masked) = (self.took.0.as_millis(), self.took.1.as_millis());
        let held = self
            .held
            .as_deref()
            .map_or(String::new(), |reason| format!(", held: {reason}"));
        format!(
            "{}: {decided} ms to decide, {masked} ms to mask{held}",
            self.name
        )
    }

    fn is_worth_a_look(&self) -> bool {
        let wrong = |text: &TextOutcome| {
            if text.text.role.identifies() {
                text.covered < 0.98 || text.readable
            } else {
                text.covered > 0.1
            }
        };
        self.held.is_some() || self.texts.iter().any(wrong) || 50 * self.wrongly_wiped > self.pixels
    }
}

fn known_values(person: &Person) -> KnownValues {
    let birth = person.birth.da();
    let (latin, native) = (&person.latin, &person.native);
    let value = |kind, text: String| KnownValue {
        kind,
        value: Phi::new(text),
    };
    KnownValues::new(vec![
        value(KnownKind::PatientName, format!("{}^{}", latin.0, latin.1)),
        value(KnownKind::PatientName, format!("{}^{}", native.0, native.1)),
        value(KnownKind::PatientId, person.patient_id.clone()),
        value(KnownKind::PatientId, person.national_id.clone()),
        value(KnownKind::BirthDate, birth),
        value(KnownKind::Institution, person.hospital.clone()),
    ])
}

/// The first and the last frame of what would be written.
fn after(request: &ImageToAssess<'_>, masked: &Masked) -> Vec<Rendering> {
    let replaced;
    let layout;
    let mut request = *request;
    if let MaskedBytes::Replaced(value) = masked.bytes() {
        replaced = MemoryBytes(value.to_vec(request.bytes).unwrap());
        layout = PixelLayout::Native {
            value: cloakroom_core::ByteRange {
                start: 0,
                end: replaced.0.len() as u64,
            },
        };
        request.bytes = &replaced;
        request.layout = Some(&layout);
    }
    let last = request.image.frames.max(1) - 1;
    [0, last]
        .map(|frame| render(&request, frame).unwrap())
        .into()
}

fn texts(
    detector: &Detector,
    labelled: &Labelled,
    regions: &[MaskRegion],
    picture: &Rendering,
) -> Vec<TextOutcome> {
    let of = |text: &LabelledText| TextOutcome {
        text: text.clone(),
        covered: covered(text, regions),
        readable: text.role.identifies() && is_readable(detector, text, picture),
    };
    labelled.texts.iter().map(of).collect()
}

/// Which part of a text's box is wiped in every frame that shows it.
fn covered(text: &LabelledText, regions: &[MaskRegion]) -> f64 {
    let area = text.area;
    let wiped = |x: u32, y: u32| regions.iter().any(|region| holds(region, x, y));
    let count = (area.y..area.y + area.height)
        .flat_map(|y| (area.x..area.x + area.width).map(move |x| (x, y)))
        .filter(|(x, y)| wiped(*x, *y))
        .count();
    count as f64 / (f64::from(area.width) * f64::from(area.height))
}

fn holds(region: &MaskRegion, x: u32, y: u32) -> bool {
    let rect = region.rect;
    region.frames.is_none()
        && (rect.x..rect.x + rect.width).contains(&x)
        && (rect.y..rect.y + rect.height).contains(&y)
}

/// Whether a word of three letters or more, or of one Han character or more, is read where the text was.
fn is_readable(detector: &Detector, text: &LabelledText, picture: &Rendering) -> bool {
    let area = text.area;
    let (x, y) = (area.x.saturating_sub(3), area.y.saturating_sub(3));
    let grown = Rect {
        x,
        y,
        width: area.width + 6,
        height: area.height + 6,
    };
    let (read, score) = picture.read(detector, grown).unwrap();
    let read = read.to_uppercase();
    score >= 0.5
        && text
            .text
            .to_uppercase()
            .split(|letter: char| !letter.is_alphanumeric())
            .any(|word| {
                let least = if word.is_ascii() { 3 } else { 1 };
                word.chars().count() >= least && read.contains(word)
            })
}

/// Pixels wiped that lie further than a letter's height from every identity.
fn wrongly_wiped(
    labelled: &Labelled,
    regions: &[MaskRegion],
    image: &cloakroom_core::ImageDescription,
) -> u64 {
    let rights: Vec<_> = labelled
        .identity()
        .map(|text| {
            let (area, by) = (text.area, text.height.max(8));
            let (x, y) = (area.x.saturating_sub(by), area.y.saturating_sub(by));
            (x..area.x + area.width + by, y..area.y + area.height + by)
        })
        .collect();
    (0..image.rows)
        .flat_map(|y| (0..image.columns).map(move |x| (x, y)))
        .filter(|(x, y)| regions.iter().any(|region| holds(region, *x, *y)))
        .filter(|(x, y)| {
            !rights
                .iter()
                .any(|(across, down)| across.contains(x) && down.contains(y))
        })
        .count() as u64
}

fn save(folder: &Path, name: &str, picture: &Rendering) {
    std::fs::create_dir_all(folder).unwrap();
    let header = format!("P6\n{} {}\n255\n", picture.columns, picture.rows);
    let file = [header.as_bytes(), &picture.rgb].concat();
    std::fs::write(folder.join(format!("{name}.ppm")), file).unwrap();
}
