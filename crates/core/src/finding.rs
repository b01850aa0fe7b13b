//! What the gate finds: where and what kind, never the value.

use crate::known::KnownKind;
use crate::path::PathPattern;
use serde::{Deserialize, Serialize};

/// What kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "of")]
pub enum FindingKind {
    /// A known value of the patient occurs in the bytes.
    KnownValue(KnownKind),
    /// An attribute stands that the profile forbids.
    ForbiddenAttribute,
    /// A UID stands that is neither mapped nor the standard's own.
    UnmappedUid,
    /// The second reader cannot open the bytes.
    Unreadable,
    /// A stamp that must be there is missing or wrong.
    StampWrong,
    /// The bytes that follow are not what was announced.
    LengthMismatch,
}

/// One finding of the gate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// What kind.
    pub kind: FindingKind,
    /// In which attribute, where that is known.
    pub path: Option<PathPattern>,
    /// The offset in the encoded object in bytes, where that is known.
    pub offset: Option<u64>,
}
