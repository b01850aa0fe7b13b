//! What the catalogue answers with.

use cloakroom_core::{Conservation, Outcome, Phi, Tally};
use std::path::PathBuf;
use std::sync::Arc;

macro_rules! number {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) i64);

        impl $name {
            /// The number, for tables of other rooms.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }

            /// The number as it was stored by another room; whether it exists shows when it is used.
            #[must_use]
            pub const fn stored(number: i64) -> Self {
                Self(number)
            }
        }
    };
}

number! {
    /// A byte stream of the catalogue.
    StreamNumber
}
number! {
    /// A patient of the catalogue.
    PatientNumber
}
number! {
    /// A study of the catalogue.
    StudyNumber
}
number! {
    /// A series of the catalogue.
    SeriesNumber
}

/// What tells one patient from another in the exports.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatientKey {
    /// Patient ID (0010,0020), composed Unicode without padding; never empty.
    pub patient_id: String,
    /// Issuer of Patient ID (0010,0021), the same way; perhaps empty.
    pub issuer: String,
}

/// One patient.
#[derive(Debug, Clone)]
pub struct Patient {
    /// The patient's number.
    pub number: PatientNumber,
    /// What the exports call the patient.
    pub key: Phi<PatientKey>,
}

/// One series of one patient.
#[derive(Debug, Clone)]
pub struct Series {
    /// The series.
    pub number: SeriesNumber,
    /// Series Instance UID.
    pub uid: Phi<String>,
    /// Its study.
    pub study: StudyNumber,
    /// Study Instance UID.
    pub study_uid: Phi<String>,
    /// Streams that are instances of it, those that ended included.
    pub instances: u64,
    /// Bytes of these streams.
    pub bytes: u64,
}

/// What the instances of a series usually share; text as found, empty where absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// SOP Class UID.
    pub sop_class: String,
    /// The true Transfer Syntax UID.
    pub transfer_syntax: String,
    /// Modality.
    pub modality: String,
    /// Manufacturer.
    pub manufacturer: Phi<String>,
    /// Manufacturer's Model Name.
    pub model: Phi<String>,
    /// Software Versions, joined with a backslash.
    pub software: Phi<String>,
    /// Image Type, joined with a backslash.
    pub image_type: String,
    /// Body Part Examined.
    pub body_part: Phi<String>,
    /// Photometric Interpretation.
    pub photometric: String,
    /// Burned In Annotation: `YES`, `NO` or empty.
    pub burned_in: String,
    /// Conversion Type.
    pub conversion_type: String,
    /// Series Description.
    pub series_description: Phi<String>,
    /// Samples per Pixel.
    pub samples: u16,
    /// Bits Stored.
    pub bits_stored: u16,
}

/// One stream that is an instance.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its stream.
    pub stream: StreamNumber,
    /// Bytes of the whole stream.
    pub size: u64,
    /// SOP Instance UID.
    pub uid: Phi<String>,
    /// What it shares with others.
    pub look: Arc<Look>,
    /// Instance Number.
    pub instance_number: Option<i64>,
    /// Rows; 0 without pixels.
    pub rows: u32,
    /// Columns; 0 without pixels.
    pub columns: u32,
    /// Frames; 0 without pixels.
    pub frames: u32,
    /// Bytes of the native pixel value; of an encapsulated one not more than this.
    pub pixel_bytes: u64,
    /// How it ended at ingest; `None` where it may go on.
    pub outcome: Option<Outcome>,
    /// Whether its file was gone when the export was last listed.
    pub vanished: bool,
}

/// One stream of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamEntry {
    /// The stream.
    pub stream: StreamNumber,
    /// Its size in bytes as it stood in the export; of links and unreadable folders 0.
    pub size: u64,
    /// How it ended at ingest; `None` for an instance that may go on.
    pub outcome: Option<Outcome>,
    /// Whether it was gone when the export was last listed.
    pub vanished: bool,
}

/// Where a stream lies in the export.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamPlace {
    /// The file of the export.
    pub file: PathBuf,
    /// The names inside archives, from the outside in; empty for a file of the export itself.
    pub members: Vec<Vec<u8>>,
}

/// What was found, and how far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Every byte stream.
    pub found: Tally,
    /// Instances that may go on to de-identification.
    pub ready: Tally,
    /// Streams that ended at ingest, by outcome and reason.
    pub ended: Conservation,
    /// Streams that are not read yet, because the ingest was stopped.
    pub unread: Tally,
}

impl Counts {
    /// Whether nothing is lost: what was found is ready, ended, or not read yet, by count and by bytes.
    #[must_use]
    pub fn holds(&self) -> bool {
        let mut sum = self.ready;
        sum += self.ended.found;
        sum += self.unread;
        sum == self.found && self.ended.holds()
    }
}
