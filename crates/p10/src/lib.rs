//! Bytes to element tree, and back: DICOM Part 10 files read within bounds and written by splicing.
//!
//! This is the only code that meets hostile bytes first. The reader copies no value and trusts no length:
//! every length is bounded by what encloses it and by the file, every depth and count by [`Limits`], and a
//! value is a range of the original bytes. The top-level pixel value is never read at all; [`PixelLayout`]
//! says where it lies. The writer splices [`Edits`] into the original bytes, so that what is not edited
//! stays byte for byte, and what is not legal is repaired and named as a [`Repair`].
//!
//! [`PixelLayout`]: cloakroom_core::PixelLayout

pub mod text;

mod dataset;
mod dictionary;
mod edits;
mod encode;
mod error;
mod image;
mod limits;
mod node;
mod object;
mod read;
mod recognise;
mod repair;
mod source;
mod syntax;

pub use dataset::{DataSet, ElementRef, Elements, ItemRef, Items, Walk};
pub use dictionary::dictionary_vr;
pub use edits::{Edits, NewItem, Place};
pub use encode::{Encoded, EncodedPixels, FileMeta, encode};
pub use error::{EncodeError, Fault, ReadError};
pub use limits::{Extent, Limits};
pub use node::NodeId;
pub use object::{MetaAsFound, Object};
pub use read::read;
pub use recognise::{Recognition, recognise};
pub use repair::{Repair, RepairKind};
pub use source::{FileSource, MemorySource, Source};
pub use syntax::{ByteOrder, is_encapsulated, is_known_transfer_syntax};
pub use text::{CharacterSet, NotEncodable, TextError, UnknownCharacterSet};
