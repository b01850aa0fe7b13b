//! A track: one YAML file that says what goes into a release, how it is checked, split and licensed.

mod parse;
mod templates;

pub use parse::{TrackError, parse};
pub use templates::{TEMPLATES, template};

use crate::signing::PublicKey;
use cloakroom_core::{Digest, LabelSchema, SiteName, TrackId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A track file, checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// The short name, such as `lung`; shard names carry it.
    pub id: TrackId,
    /// The title for people.
    pub title: String,
    /// A few sentences on what the data is for.
    #[serde(default)]
    pub description: String,
    /// Who may be asked.
    pub contact: String,
    /// What is selected from the bundles.
    pub select: Select,
    /// What each study must have, each by its name.
    #[serde(default)]
    pub required: Vec<Requirement>,
    /// The labels that may come with the images.
    #[serde(default)]
    pub labels: LabelSchema,
    /// How patients are put on sides.
    pub split: Split,
    /// The checks that are run, by name, with what follows from a finding.
    #[serde(default)]
    pub checks: BTreeMap<CheckName, Severity>,
    /// How shards are stored.
    #[serde(default)]
    pub compression: TrackCompression,
    /// The licence.
    pub licence: Licence,
    /// The agreement that users accept; empty if there is none.
    #[serde(default)]
    pub dua: String,
    /// What is known of a person besides the images, and how many must share it.
    #[serde(default)]
    pub anonymity: Anonymity,
    /// What is done with fields of view that hold a face; the hospitals' runs obey it.
    #[serde(default)]
    pub faces: FacePolicy,
    /// The hospitals whose bundles are taken, with the keys that they sign with.
    #[serde(default)]
    pub sites: Vec<TrustedSite>,
    /// Who may take responsibility for a finding of a check, by a signed waiver.
    #[serde(default)]
    pub waiver_signers: Vec<WaiverSigner>,
    /// The digest of the text that this was read from.
    #[serde(skip, default = "no_digest")]
    pub sha256: Digest,
}

fn no_digest() -> Digest {
    Digest::of(b"")
}

/// Rules that an instance and its series must meet. An empty list allows everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// Modality, exactly.
    pub modalities: Vec<String>,
    /// Words of which one must stand in Body Part Examined; without a body part nothing is left out.
    #[serde(default)]
    pub body_parts: Vec<String>,
    /// SOP Class UIDs.
    #[serde(default)]
    pub sop_classes: Vec<String>,
    /// Values of Image Type that leave an instance out, such as `LOCALIZER`.
    #[serde(default)]
    pub without_image_types: Vec<String>,
    /// Rows.
    #[serde(default)]
    pub rows: Bounds,
    /// Columns.
    #[serde(default)]
    pub columns: Bounds,
    /// Instances of a series that are left after the rules above.
    #[serde(default)]
    pub instances: Bounds,
}

/// Both ends count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// At least.
    #[serde(default)]
    pub min: Option<u64>,
    /// At most.
    #[serde(default)]
    pub max: Option<u64>,
}

impl Bounds {
    /// Whether a number lies between the bounds.
    #[must_use]
    pub fn hold(&self, number: u64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }
}

/// A view or sequence that each study must have. An instance meets it if it meets every line that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// A short name, such as `L-CC` or `flair`.
    pub name: String,
    /// Laterality: `L`, `R` or `B`.
    #[serde(default)]
    pub laterality: Option<String>,
    /// View Position, one of these.
    #[serde(default)]
    pub views: Vec<String>,
    /// Beginnings of words of which one must stand in Series Description, in any case; after `=` a whole word.
    #[serde(default)]
    pub description: Vec<String>,
    /// Words of which none may stand there.
    #[serde(default)]
    pub without: Vec<String>,
}

/// How patients are put on sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The share of the train side, between 0 and 1.
    pub train: f64,
    /// The share of the validation side.
    #[serde(default)]
    pub val: f64,
    /// The share of the test side.
    #[serde(default)]
    pub test: f64,
    /// Any text; another seed is another split.
    pub seed: String,
    /// What the sides are balanced by.
    #[serde(default)]
    pub strata: Vec<Trait>,
    /// A hospital whose patients are all on the test side.
    #[serde(default)]
    pub held_out_site: Option<SiteName>,
    /// What is done with patients who have the same images.
    #[serde(default)]
    pub duplicates: Duplicates,
}

/// What is done with patients who have the same images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// Nobody looks for them.
    #[default]
    Ignore,
    /// They are looked for, and stay on one side.
    Together,
}

impl Track {
    /// Whether anything that the track asks for needs a look at every object.
    #[must_use]
    pub fn needs_survey(&self) -> bool {
        const BY_SURVEY: [CheckName; 11] = [
            CheckName::DecodeFrames,
            CheckName::PixelsVary,
            CheckName::RescalePresent,
            CheckName::AirPresent,
            CheckName::CineTiming,
            CheckName::CalibrationPresent,
            CheckName::DarkIsZero,
            CheckName::OnePresentation,
            CheckName::DuplicateImage,
            CheckName::ReferencesResolve,
            CheckName::DuplicatesTogether,
        ];
        self.split.duplicates == Duplicates::Together
            || BY_SURVEY
                .iter()
                .any(|check| self.checks.contains_key(check))
    }
}

impl Split {
    /// The sides with their shares in thousandths, largest share first in the file's order; sides without a share are left out.
    #[must_use]
    pub fn shares(&self) -> Vec<(&'static str, u32)> {
        [
            ("train", self.train),
            ("val", self.val),
            ("test", self.test),
        ]
        .into_iter()
        .map(|(side, share)| (side, thousandths(share)))
        .filter(|(_, share)| *share > 0)
        .collect()
    }
}

/// A share as thousandths; a share that is no number between 0 and 1 is refused when the file is read.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value lies between 0 and 1000"
)]
fn thousandths(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 1000.0).round() as u32
}

/// Something known of a patient that people may be grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trait {
    /// The hospital.
    Site,
    /// Patient's Sex.
    Sex,
    /// Patient's Age in bands of ten years.
    AgeBand,
    /// Manufacturer.
    Manufacturer,
    /// The modalities of the patient.
    Modality,
    /// The year of the first study, as released.
    Year,
}

impl Trait {
    /// The name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Sex => "sex",
            Self::AgeBand => "age-band",
            Self::Manufacturer => "manufacturer",
            Self::Modality => "modality",
            Self::Year => "year",
        }
    }
}

/// A check of what goes into a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckName {
    /// All images of a series have the same rows, columns, spacing and orientation.
    OneGeometry,
    /// All images of a series have one Frame of Reference.
    OneFrameOfReference,
    /// All images of a series have one modality.
    OneModality,
    /// Every image of a volume has a position and an orientation.
    PositionPresent,
    /// Every image has a pixel spacing.
    SpacingPresent,
    /// No slice of a volume is missing.
    SliceGap,
    /// No two slices of a volume lie at the same place.
    SliceDuplicate,
    /// No second phase is appended to a series.
    SecondPhase,
    /// The slices of a volume are stacked along their normal.
    ShearedVolume,
    /// Every mammogram or X-ray says its view.
    ViewPresent,
    /// Every mammogram says its side.
    LateralityPresent,
    /// Each study has what the track requires.
    RequiredComplete,
    /// Images are square.
    SquareMatrix,
    /// Sex and age are there.
    DemographicsPresent,
    /// One patient has one sex.
    OnePatient,
    /// The steps between the slices of a volume are equal.
    UniformSpacing,
    /// The direction cosines of images are of length 1 and at right angles.
    OrientationSound,
    /// Every frame decodes.
    DecodeFrames,
    /// No image is of one value only.
    PixelsVary,
    /// A CT has one rescale slope and intercept.
    RescalePresent,
    /// The darkest value of a CT is that of air.
    AirPresent,
    /// A clip says how long a frame lasts.
    CineTiming,
    /// An image has a pixel spacing, or a region of it says how long a pixel is.
    CalibrationPresent,
    /// No image is MONOCHROME1, where the smallest value is white.
    DarkIsZero,
    /// Images are for presentation, and not mixed with others for processing.
    OnePresentation,
    /// No two images of a series show the same.
    DuplicateImage,
    /// What an object refers to is in the bundles.
    ReferencesResolve,
    /// Patients with the same images are on one side, also those that were released before.
    DuplicatesTogether,
    /// No small model tells a label from headers, sizes, order and site. A finding of severity `block` stops the release.
    LeakProbe,
    /// Groups of people that the quasi-identifiers leave are not smaller than k.
    AnonymityGroups,
    /// Masks and boxes lie on the images that they are about. Runs wherever there are labels, and stops the label.
    LabelGeometry,
    /// Labels are about objects of the bundles. Runs wherever there are labels, and stops the label.
    LabelReference,
    /// Readers agree: Dice of at least 0.5, kappa of at least 0.4.
    LabelAgreement,
}

/// What follows from a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The series, or the study where the check is about studies, stays out.
    Block,
    /// It is listed.
    Warn,
}

impl Severity {
    /// The name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Warn => "warn",
        }
    }
}

/// How shards are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrackCompression {
    /// One zstd frame per series.
    #[default]
    Zstd,
    /// Plain tar, for loaders that stream it.
    None,
}

impl From<TrackCompression> for crate::Compression {
    fn from(compression: TrackCompression) -> Self {
        match compression {
            TrackCompression::Zstd => Self::default(),
            TrackCompression::None => Self::None,
        }
    }
}

/// A licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// The SPDX identifier, or `LicenseRef-…`.
    pub id: String,
    /// Where its text stands.
    #[serde(default)]
    pub url: String,
    /// The text for `LICENSE.txt`; without it the file names identifier and address.
    #[serde(default)]
    pub text: String,
}

/// What is known of a person besides the images, and how many must share it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anonymity {
    /// What groups are made by.
    pub quasi_identifiers: Vec<Trait>,
    /// How many patients each group should have.
    pub k: u32,
}

impl Default for Anonymity {
    fn default() -> Self {
        Self {
            quasi_identifiers: vec![Trait::Site, Trait::Sex, Trait::AgeBand],
            k: 5,
        }
    }
}

/// What is done with fields of view that hold a face.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FacePolicy {
    /// They are held.
    #[default]
    Hold,
    /// They go out with a signed reason.
    AcceptWithReason,
    /// Only a series that was defaced elsewhere goes out.
    DefacedOnly,
}

/// Somebody who may sign waivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverSigner {
    /// The name that stands in the release.
    pub name: String,
    /// The public key, as `minisign` writes it.
    pub key: PublicKey,
}

/// A hospital whose bundles are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedSite {
    /// Its pseudonymous name.
    pub name: SiteName,
    /// The public keys that it signs with, as `minisign` writes them.
    pub keys: Vec<PublicKey>,
}
