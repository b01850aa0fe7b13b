//! Why something could not be read or written. No error holds a value of the export.

use cloakroom_core::QuarantineReason;
use dicom_core::Tag;
use std::io;
use thiserror::Error;

/// What rule of PS3.5 or PS3.10 the bytes break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A length reaches past the Sequence or Item that encloses it.
    LengthPastEnclosing,
    /// Something other than an Item stands in a Sequence.
    NotAnItem,
    /// A delimitation item stands where none may stand.
    StrayDelimiter,
    /// Bytes that are no data element in any encoding.
    NotAnElement,
    /// A value of undefined length whose VR does not allow one.
    UndefinedLength,
    /// No encoding of PS3.5 makes sense of the first elements.
    NoKnownEncoding,
    /// The deflated data set does not inflate.
    NotDeflated,
    /// The File Meta Information is broken.
    BrokenMeta,
    /// An element of group 0002 stands in the data set.
    MetaInDataSet,
}

impl Fault {
    /// The fault in words, without any value.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::LengthPastEnclosing => "a length reaches past what encloses it",
            Self::NotAnItem => "a Sequence holds something that is not an Item",
            Self::StrayDelimiter => "a delimitation item stands where none may stand",
            Self::NotAnElement => "the bytes are no data element",
            Self::UndefinedLength => "a value has undefined length and its VR forbids it",
            Self::NoKnownEncoding => "the first elements fit no encoding of DICOM",
            Self::NotDeflated => "the deflated data set does not inflate",
            Self::BrokenMeta => "the File Meta Information is broken",
            Self::MetaInDataSet => "an element of group 0002 stands in the data set",
        }
    }
}

/// Why an object could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The source failed.
    #[error("the source could not be read")]
    Io(#[from] io::Error),
    /// There is not a single byte.
    #[error("there is not a single byte")]
    Empty,
    /// The content is not DICOM.
    #[error("the content is not DICOM")]
    NotDicom,
    /// The bytes end before the data set does.
    #[error("the bytes end before the data set does, at byte {offset}")]
    Truncated {
        /// Where the element starts that is cut.
        offset: u64,
    },
    /// The bytes break a rule of the standard.
    #[error("{} at byte {offset}", fault.meaning())]
    Malformed {
        /// Where.
        offset: u64,
        /// Which rule.
        fault: Fault,
    },
    /// A limit of [`crate::Limits`] was reached.
    #[error("the limit on {limit} was reached")]
    LimitExceeded {
        /// The name of the limit.
        limit: &'static str,
    },
    /// The transfer syntax is missing and cannot be inferred, contradicts the pixels, or is not of the standard.
    #[error("the transfer syntax is unknown")]
    TransferSyntaxUnknown,
}

impl ReadError {
    /// The reason under which the object is quarantined.
    #[must_use]
    pub const fn reason(&self) -> QuarantineReason {
        match self {
            Self::Io(_) => QuarantineReason::Unreadable,
            Self::Empty => QuarantineReason::Empty,
            Self::NotDicom | Self::Malformed { .. } => QuarantineReason::Malformed,
            Self::Truncated { .. } => QuarantineReason::Truncated,
            Self::LimitExceeded { .. } => QuarantineReason::LimitExceeded,
            Self::TransferSyntaxUnknown => QuarantineReason::TransferSyntaxUnknown,
        }
    }
}

/// Why an object could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The object was read with [`crate::Extent::Header`], so what follows the pixels is not known.
    #[error("only the header of the object was read")]
    HeaderOnly,
    /// An attribute would stand twice in one data set.
    #[error("({:04x},{:04x}) would stand twice in one data set", .0.0, .0.1)]
    DuplicateElement(Tag),
    /// A value does not fit the length field of its VR, or a Sequence the 32 bits of its own.
    #[error("the value of ({:04x},{:04x}) is too long for its VR", .0.0, .0.1)]
    ValueTooLong(Tag),
    /// An edit names a node or a place that does not exist or is not of the right kind.
    #[error("an edit names a place that does not exist")]
    NoSuchPlace,
    /// The transfer syntax to write is not one that this writer writes.
    #[error("the transfer syntax cannot be written")]
    TransferSyntax,
    /// Native pixels under a compressed transfer syntax, or fragments under a native one.
    #[error("the pixel value contradicts the transfer syntax")]
    PixelsContradictTransferSyntax,
    /// New pixels were announced for an object without pixels.
    #[error("the object has no pixel value to replace")]
    NoPixelValue,
}
