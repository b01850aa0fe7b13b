//! What is left of a patient in bytes that are about to leave: every known value, in every usual form and encoding.
//!
//! Two searches complete each other. [`scan`] needs no parser and sees every byte; [`text`] looks at
//! decoded text, where short and common values can be told from chance.

mod dates;
mod encodings;
mod fold;
mod forms;
mod lexicon;
mod names;
mod scan;
#[cfg(test)]
mod tests;
mod text;
mod uids;

pub(crate) use lexicon::is_everyday;
pub use scan::{Allowed, Hit, LexiconFn, PatientScan};
pub use text::Field;
