//! Exports to a catalogue: what is there, what it is, and to whom it belongs.
//!
//! [`ingest`] walks folders and opens archives, recognises DICOM by content, reads headers up to the pixels and
//! writes what they say into the [`Catalogue`], one SQLite file in the site folder. Every byte stream gets its
//! place there, and those that are not instances, or cannot be used, or conflict with others, get their outcome.
//! Whatever the catalogue answers is `Phi`.
//!
//! **Invariants.** The export is opened for reading only, below its own folder, and through no link. Numbers and
//! outcomes depend on the sorted paths and the content, never on the order of folders, threads or interruptions.
//! Memory does not grow with the export. No content of an export is an error: it is an outcome.

mod catalogue;
mod compare;
mod error;
mod export;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod header;
mod known;
mod listing;
mod located;
mod open;
mod options;
mod reading;
mod report;
mod run;
mod settle;
mod spool;
mod unpack;
mod unpacking;
mod walk;

pub use catalogue::{
    Catalogue, Counts, Instance, Look, Patient, PatientKey, PatientNumber, Series, SeriesNumber,
    StreamEntry, StreamNumber, StreamPlace, StudyNumber, connect_to_read,
};
pub use error::IngestError;
pub use located::Located;
pub use options::{ArchiveLimits, IngestOptions, Phase, Progress, Silent};
pub use report::IngestReport;
pub use run::ingest;
