//! The gate: what would be written is read again by other eyes, and searched for everything its patient was called.
//!
//! It shares no parsing and no rule code with the editor. The second reader is dicom-object; what it cannot open
//! is held. The list of what may not stand is derived here from the standard's own table. And the bytes are
//! searched without any parser for the patient's known values, in every usual form and encoding. Only native
//! pixel samples and entropy-coded data are left out.
//!
//! [`clear_answered`], which [`clear`] calls, is the only mint of [`Cleared`], and what is cleared is what is written: [`Cleared::write_to`] takes
//! the digest of what it writes.

mod clear;
mod encoded;
mod facts;
mod frames;
mod inspect;
mod recheck;
pub mod residue;
mod rules;
mod second_reader;
pub mod sidecar;
#[cfg(test)]
mod tests;

pub use clear::{Cleared, Held, NotWhatWasCleared, clear, clear_answered};
pub use inspect::Gate;
pub use recheck::Recheck;
pub use residue::PatientScan;
pub use sidecar::{ClearedSidecar, NotASidecar, clear_sidecar, recheck_sidecar};
