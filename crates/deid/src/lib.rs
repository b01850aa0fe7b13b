//! Element tree to [`Edited`]: plan, apply, pseudonyms, dates, text. In memory only.
//!
//! [`plan`] walks an object at every depth, asks the profile what happens to each attribute, and writes an edit
//! for all that does not stay; nothing stays unseen, since a value that is kept must still obey its VR and be free
//! of what the patient is called. [`apply`] turns object and plan into [`Edited`], the only thing that may be
//! encoded. Keys, pseudonyms, date offsets and UIDs derive from one site secret ([`keys`]).

pub mod dates;
pub mod keys;
pub mod labels;
pub mod text;

mod code_forms;
mod dummy;
mod edited;
mod icc;
mod plan;
mod planner;
mod records;
mod subject;
mod values;

pub use dates::Offset;
pub use edited::{Edited, IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION, apply};
pub use keys::{InputHasher, PatientKey, SiteSecret, SubjectError, TrackKeys, WeakSecret};
pub use plan::{Plan, PrivateCounts, TextChange, plan, plan_in_utf8};
pub use subject::{Subject, pseudonym_and_offset};
pub use text::Cleaned;
pub use text::{ApprovedWords, KnownMatcher, Lexicon, TextKind, TextRemovals};
