//! Synthetic hospitals, patients and images, made for tests, demonstrations and measurements.
//!
//! Everything is a function of a seed: no clock, no locale and no file of anybody's is read. Nothing
//! here is used where real data is handled.

pub mod broken;
pub mod canaries;
pub mod corpus;
pub mod dicom;
pub mod fixtures;
pub mod hiding;
pub mod hospital;
#[cfg(feature = "labelled")]
pub mod labelled;
pub mod objects;
pub mod people;
pub mod phantom;
pub mod random;

pub use canaries::{Canary, CanaryKind, Searcher};
pub use hospital::{Hospital, Size, Truth};
