//! A small writer of DICOM files, with the freedom to write wrong ones.

pub mod charset;
pub mod dataset;
pub mod file;
pub mod jpeg;
pub mod rle;
pub mod syntax;
pub mod write;

pub use charset::Charset;
pub use dataset::{Dataset, Element, Sequence, Value, code, name_of, vr_of};
pub use file::{DicomFile, Meta};
pub use syntax::{Encoding, Syntax};
