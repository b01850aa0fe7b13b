//! Label files of the hospital, re-keyed: ids become the track's own, what the schema does not name goes, text is
//! cleaned, and a container keeps nothing but what the labels need.
//!
//! The output is built anew from parsed values; no byte of the input is copied. It goes to the gate, which reads
//! it with other code.

mod boxes;
mod mask;
mod table;

pub use boxes::edit_boxes;
pub use mask::{MaskAbout, edit_mask};
pub use table::{MaskRow, TableRows, edit_table, mask_rows, read_csv, read_json_rows};

use crate::text::Cleaned;
use cloakroom_core::{PatientPseudonym, SidecarKind, Uid};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// The ids by which a label file of the hospital names what it is about; empty where it does not say. They are the
/// hospital's own, or those of released objects where the labels were drawn later. It has no `Debug`, because it
/// holds values.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelIds {
    /// Patient ID, or the pseudonym.
    pub patient: String,
    /// Accession Number.
    pub accession: String,
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// SOP Instance UID.
    pub instance: String,
}

impl LabelIds {
    /// Whether it names nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [
            &self.patient,
            &self.accession,
            &self.study,
            &self.series,
            &self.instance,
        ]
        .iter()
        .all(|id| id.is_empty())
    }
}

/// What a label is about, as the track names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelTarget {
    /// The patient.
    pub patient: PatientPseudonym,
    /// The study, where the label is about one study or a part of it.
    pub study: Option<Uid>,
    /// The series, likewise.
    pub series: Option<Uid>,
    /// The instance, likewise.
    pub instance: Option<Uid>,
}

/// Why a label is about nothing that may leave. Each is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unresolved {
    /// It names nothing.
    NoId,
    /// Nothing of that name was ingested.
    Unknown,
    /// Its ids belong to different patients or studies, or to several.
    Contradictory,
    /// The patient was withdrawn or waits for a person.
    Barred,
}

impl Unresolved {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoId => "no-id",
            Self::Unknown => "unknown-id",
            Self::Contradictory => "contradictory-ids",
            Self::Barred => "patient-barred",
        }
    }
}

/// Knows who became whom, and how the texts of a patient are cleaned.
pub trait LabelResolver {
    /// What ids stand for.
    ///
    /// # Errors
    /// Why they stand for nothing that may leave.
    fn resolve(&self, ids: &LabelIds) -> Result<LabelTarget, Unresolved>;

    /// Cleans a text about a patient.
    fn clean(&self, patient: &PatientPseudonym, text: &str) -> Cleaned;

    /// The code that stands for a reader in this track.
    fn reader(&self, name: &str) -> String;
}

/// What a label file would look like outside. Only the functions of this module make one, and only the gate clears it:
///
/// ```compile_fail,E0451
/// fn forge(real: cloakroom_deid::labels::EditedSidecar) -> cloakroom_deid::labels::EditedSidecar {
///     cloakroom_deid::labels::EditedSidecar { bytes: b"anything".to_vec(), ..real }
/// }
/// ```
pub struct EditedSidecar {
    kind: SidecarKind,
    about: Option<MaskAbout>,
    bytes: Vec<u8>,
    patients: BTreeSet<PatientPseudonym>,
    tally: LabelTally,
}

impl EditedSidecar {
    /// What kind of file it is.
    #[must_use]
    pub const fn kind(&self) -> SidecarKind {
        self.kind
    }

    /// The bytes that would be written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What a mask is about; `None` for other kinds, which say so in their rows.
    #[must_use]
    pub const fn about(&self) -> Option<&MaskAbout> {
        self.about.as_ref()
    }

    /// The patients whose labels are in it.
    #[must_use]
    pub const fn patients(&self) -> &BTreeSet<PatientPseudonym> {
        &self.patients
    }

    /// What was kept and what went.
    #[must_use]
    pub const fn tally(&self) -> &LabelTally {
        &self.tally
    }
}

/// What was kept of a label file and what went, by count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelTally {
    /// Rows or annotations that are left.
    pub kept: u32,
    /// Rows or annotations that went, by reason.
    pub dropped: BTreeMap<&'static str, u32>,
    /// Columns or keys that the schema does not name, and that went.
    pub columns: u32,
    /// Pieces of text that were removed, by kind.
    pub text: BTreeMap<&'static str, u32>,
}

impl LabelTally {
    fn drop_for(&mut self, reason: &'static str) {
        *self.dropped.entry(reason).or_default() += 1;
    }
}

/// What is wrong with a label file. The texts name lines, columns of the schema and counts, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LabelFault {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(&'static str),
    /// No column names what a row is about.
    #[error(
        "no column says what a row is about; name one PatientID, AccessionNumber, StudyInstanceUID, SeriesInstanceUID or SOPInstanceUID"
    )]
    NoIdColumn,
    /// No column is of the schema.
    #[error("no column is one of the track's labels, which are: {0}")]
    NoLabelColumn(String),
    /// Two columns have one name.
    #[error("two columns have the name of {0}")]
    ColumnTwice(String),
    /// A value is not one that the schema allows.
    #[error("line {line}: the value of {column} is not one that the track allows")]
    NotAllowed {
        /// The line, counted from 1, or the place among the objects of a JSON list.
        line: u64,
        /// The column of the schema.
        column: String,
    },
    /// The track names no segments.
    #[error("the track names no segments, so no mask and no box can leave")]
    NoSegments,
    /// A mask holds numbers that are no segments.
    #[error("{0} voxels have values that are no segments of the track")]
    NotASegment(u64),
    /// Everything in a mask is background.
    #[error("the mask is empty")]
    EmptyMask,
    /// A mask does not say where it lies.
    #[error(
        "the mask has neither an sform nor a qform, so nobody can say where its voxels lie in the patient"
    )]
    NoOrientation,
    /// A file of a kind that is not read.
    #[error("{0}")]
    OtherKind(&'static str),
}

#[cfg(test)]
mod tests;
