//! Free text (Clean Descriptors, PS3.15 E.3.5): names and numbers go, the clinical words stay.
//!
//! Three judges look at a text in turn. What the patient and those around the patient are called is known from
//! the export and goes wherever it recurs; recognisers find identifiers, dates, addresses and titles by their form;
//! and the lexicon decides the rest, so that an unknown word goes unless the profile keeps it.

mod ages;
mod calendar;
mod cleaner;
mod contact;
mod fold;
mod kind;
mod known;
mod months;
mod national;
mod people;
mod tidy;
mod words;

#[cfg(test)]
mod tests;

pub use cleaner::{Cleaned, TextCleaner, UnknownWord};
pub use kind::{TextKind, TextRemovals};
pub use known::KnownMatcher;
pub(crate) use national::has_verhoeff_check;
pub use words::{ApprovedWords, Lexicon};
