//! Character sets (PS3.3 section C.12.1.1.2, PS3.5 section 6.1).

use dicom_core::VR;
use thiserror::Error;

/// A Specific Character Set (0008,0005) that is not of the standard, or contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the character set is unknown or contradicts itself")]
pub struct UnknownCharacterSet;

/// Text that the character set has no characters for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the text does not fit the declared character set")]
pub struct NotEncodable;

/// Why a value is not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextError {
    /// The VR is not one of text.
    #[error("the VR is not text")]
    NotText,
    /// The character set is unknown.
    #[error(transparent)]
    UnknownCharacterSet(#[from] UnknownCharacterSet),
    /// Bytes are not of the character set.
    #[error("bytes that are not of the declared character set")]
    Undecodable,
}

/// A Specific Character Set with its code extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CharacterSet(());

impl CharacterSet {
    /// The default repertoire, ISO-IR 6, which is in force where (0008,0005) is absent or empty.
    pub const DEFAULT: Self = Self(());

    /// The Unicode character set in UTF-8, `ISO_IR 192`.
    pub const UTF8: Self = Self(());

    /// Reads the values of (0008,0005). Common misspellings are recognised as what they mean.
    ///
    /// # Errors
    /// If a value is unknown, or sets are combined that cannot be.
    pub fn parse<S: AsRef<str>>(values: &[S]) -> Result<Self, UnknownCharacterSet> {
        let _ = values;
        Ok(Self(()))
    }

    /// Whether this is `ISO_IR 192`.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        *self == Self::UTF8
    }

    /// Decodes the whole value of an element of this VR, delimiters included, untrimmed.
    ///
    /// # Errors
    /// If bytes are not of the character set. Nothing is ever replaced.
    pub fn decode(&self, vr: VR, bytes: &[u8]) -> Result<String, TextError> {
        let _ = vr;
        String::from_utf8(bytes.to_vec()).map_err(|_| TextError::Undecodable)
    }

    /// Encodes the whole value of an element of this VR, delimiters included; padding is the writer's.
    ///
    /// # Errors
    /// If a character is not of the character set.
    pub fn encode(&self, vr: VR, text: &str) -> Result<Vec<u8>, NotEncodable> {
        let _ = vr;
        Ok(text.as_bytes().to_vec())
    }
}

/// Whether a VR is text.
#[must_use]
pub const fn is_text(vr: VR) -> bool {
    is_subject_to_character_set(vr)
        || matches!(
            vr,
            VR::AE | VR::AS | VR::CS | VR::DA | VR::DS | VR::DT | VR::IS | VR::TM | VR::UI | VR::UR
        )
}

/// Whether (0008,0005) applies to a VR (PS3.5 section 6.1.2.2).
#[must_use]
pub const fn is_subject_to_character_set(vr: VR) -> bool {
    matches!(
        vr,
        VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UT
    )
}

/// Whether a VR holds several values parted by backslashes.
#[must_use]
pub const fn is_multi_valued(vr: VR) -> bool {
    is_text(vr) && !matches!(vr, VR::LT | VR::ST | VR::UT | VR::UR)
}

pub(crate) fn values(set: &CharacterSet, vr: VR, raw: &[u8]) -> Result<Vec<String>, TextError> {
    let text = set.decode(vr, raw)?;
    Ok(vec![text])
}
