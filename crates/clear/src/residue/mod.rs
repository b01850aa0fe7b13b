//! What is left of a patient in bytes that are about to leave: every known value, in every usual form and encoding.
//!
//! Two searches complete each other. [`scan`] needs no parser and sees every byte; [`text`] looks at
//! decoded text, where short and common values can be told from chance.

mod dates;
mod encodings;
mod fold;
mod forms;
mod names;
pub mod scan;
mod text;
mod uids;
#[cfg(test)]
mod tests;

pub use scan::{Hit, PatientScan};
