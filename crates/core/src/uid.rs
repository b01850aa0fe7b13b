//! Unique identifiers (PS3.5 section 9).

use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The root under which the standard's own UIDs stand: classes, transfer syntaxes, well-known frames of reference.
pub const STANDARD_ROOT: &str = "1.2.840.10008.";

/// A unique identifier: digits and dots, at most 64 characters.
///
/// A UID of an export is an identifier of a person's examination and belongs inside [`crate::Phi`];
/// a UID of the output was derived with a key and may be printed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uid(String);

/// Text that is not a UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a UID is 1 to 64 digits and dots, with no empty component (PS3.5 section 9.1)")]
pub struct NotAUid;

impl Uid {
    /// The text of the UID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the UID is the standard's own, which is never mapped.
    #[must_use]
    pub fn is_standard(&self) -> bool {
        is_standard(&self.0)
    }
}

/// Whether a UID is the standard's own, which is never mapped.
#[must_use]
pub fn is_standard(uid: &str) -> bool {
    uid.starts_with(STANDARD_ROOT)
}

impl FromStr for Uid {
    type Err = NotAUid;

    /// Leading zeros in a component are against PS3.5, and common; they are accepted.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = (1..=64).contains(&text.len())
            && text
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        if sound {
            Ok(Self(text.into()))
        } else {
            Err(NotAUid)
        }
    }
}

impl TryFrom<String> for Uid {
    type Error = NotAUid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Uid> for String {
    fn from(uid: Uid) -> Self {
        uid.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
