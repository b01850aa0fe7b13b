//! What in the bytes was not legal, and what the writer makes of it.

use crate::node::NodeId;

/// One thing that is not legal, or not what was declared, and that the writer puts right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repair {
    /// What.
    pub kind: RepairKind,
    /// Where; `None` for the file as a whole or the top level.
    pub node: Option<NodeId>,
}

/// A closed list of repairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RepairKind {
    /// There is no File Meta Information.
    MetaMissing,
    /// The File Meta Information has no group length, a wrong one, or lacks what it must hold.
    MetaIncomplete,
    /// The declared transfer syntax is missing or untrue; the true one is declared.
    TransferSyntaxCorrected,
    /// The data set is encoded in a way that its transfer syntax does not allow, and is encoded anew.
    EncodingCorrected,
    /// The data set was deflated and is written inflated.
    Inflated,
    /// A value of VR UN that holds Items is written as a Sequence in the data set's own encoding (CP-246).
    SequenceFromUnknown,
    /// A group length is dropped.
    GroupLengthDropped,
    /// A value of odd length is padded.
    OddLengthPadded,
    /// Elements that do not ascend are sorted.
    ElementsSorted,
    /// Bytes after the data set are dropped.
    TrailingBytesDropped,
    /// A delimitation item without anything to delimit is dropped.
    StrayDelimiterDropped,
    /// A delimitation item with a length is written without.
    DelimiterLengthCleared,
    /// The delimiter after the fragments is missing and is added.
    DelimiterAdded,
    /// A VR that does not exist is written as UN, and fragments that state another VR as OB.
    VrCorrected,
    /// The two bytes behind the VR that must be zero are not, and are written as zero.
    ReservedBytesCleared,
}

impl RepairKind {
    /// The stable code that evidence uses.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MetaMissing => "meta-missing",
            Self::MetaIncomplete => "meta-incomplete",
            Self::TransferSyntaxCorrected => "transfer-syntax-corrected",
            Self::EncodingCorrected => "encoding-corrected",
            Self::Inflated => "inflated",
            Self::SequenceFromUnknown => "sequence-from-unknown",
            Self::GroupLengthDropped => "group-length-dropped",
            Self::OddLengthPadded => "odd-length-padded",
            Self::ElementsSorted => "elements-sorted",
            Self::TrailingBytesDropped => "trailing-bytes-dropped",
            Self::StrayDelimiterDropped => "stray-delimiter-dropped",
            Self::DelimiterLengthCleared => "delimiter-length-cleared",
            Self::DelimiterAdded => "delimiter-added",
            Self::VrCorrected => "vr-corrected",
            Self::ReservedBytesCleared => "reserved-bytes-cleared",
        }
    }
}
