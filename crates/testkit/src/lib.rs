//! Synthetic hospitals, patients and images, made for tests, demonstrations and measurements.
//!
//! Everything is a function of a seed: no clock, no locale and no file of anybody's is read. Nothing
//! here is used where real data is handled, and nothing here shares code with the rooms it tests: it
//! writes DICOM with a small writer of its own, which can also write what no honest writer would.
//!
//! | for | take |
//! |---|---|
//! | a whole delivery and the truth about it | [`Hospital::write`], [`Truth::judge`] |
//! | one clean object of every kind, syntax and character set | [`fixtures::golden`] |
//! | one file for every way of being broken | [`broken::all`] |
//! | identity at one place of one object, two thousand times | [`hiding::all`] |
//! | searching outputs for what was planted, in any coding | [`Searcher`] |
//! | much data, fast | [`corpus`] |
//! | images with burned-in text and boxes (feature `labelled`) | `labelled::image` |
//! | a data set of your own | [`dicom::Dataset`], [`dicom::DicomFile`] |

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
