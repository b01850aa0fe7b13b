//! Character sets (PS3.3 section C.12.1.1.2, PS3.5 section 6.1).

mod code_extensions;
mod repertoire;

use code_extensions::{CodeExtensions, Resets};
use dicom_core::VR;
use encoding_rs::{Encoding, GB18030, GBK};
use repertoire::Repertoire;
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
pub struct CharacterSet(Coding);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Coding {
    /// Single-byte sets, and multi-byte ones that are called by escape sequences.
    Iso2022(CodeExtensions),
    /// `ISO_IR 192`.
    Utf8,
    /// `GB18030`, or `GBK`, which is a part of it.
    Chinese(&'static Encoding),
}

/// One value of (0008,0005), understood.
enum Term {
    Set { set: Repertoire, extends: bool },
    Utf8,
    Chinese(&'static Encoding),
}

impl CharacterSet {
    /// The default repertoire, ISO-IR 6, which is in force where (0008,0005) is absent or empty.
    pub const DEFAULT: Self = Self(Coding::Iso2022(CodeExtensions {
        g0: Repertoire::Ascii,
        g1: None,
        others: Vec::new(),
        escapes: false,
    }));

    /// The Unicode character set in UTF-8, `ISO_IR 192`.
    pub const UTF8: Self = Self(Coding::Utf8);

    /// Reads the values of (0008,0005). Common misspellings (`ISO IR 100`, `ISO_IR_100`, `ISO2022 IR 87`,
    /// `UTF8`) are recognised as what they mean.
    ///
    /// # Errors
    /// If a value is unknown, or sets are combined that cannot be.
    pub fn parse<S: AsRef<str>>(values: &[S]) -> Result<Self, UnknownCharacterSet> {
        let mut terms = Vec::new();
        for (index, value) in values.iter().enumerate() {
            match key(value.as_ref()) {
                key if key.is_empty() && index == 0 => terms.push(Term::Set {
                    set: Repertoire::Ascii,
                    extends: values.len() > 1,
                }),
                key if key.is_empty() => {}
                key => terms.push(term(&key)?),
            }
        }
        match terms.as_slice() {
            [] => Ok(Self::DEFAULT),
            [Term::Utf8] => Ok(Self::UTF8),
            [Term::Chinese(encoding)] => Ok(Self(Coding::Chinese(encoding))),
            sets => code_extensions(sets).map(|sets| Self(Coding::Iso2022(sets))),
        }
    }

    /// Whether this is `ISO_IR 192`.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        self.0 == Coding::Utf8
    }

    /// Decodes the whole value of an element of this VR, delimiters included, untrimmed.
    ///
    /// The VR says which characters reset code extensions (PS3.5 section 6.1.2.5.3). Whether the character set
    /// applies to the VR at all is the caller's question: [`is_subject_to_character_set`].
    ///
    /// # Errors
    /// If bytes are not of the character set. Nothing is ever replaced.
    pub fn decode(&self, vr: VR, bytes: &[u8]) -> Result<String, TextError> {
        let text = match &self.0 {
            Coding::Iso2022(sets) => {
                let plain =
                    sets.g0 == Repertoire::Ascii && bytes.is_ascii() && !bytes.contains(&0x1B);
                if !plain {
                    return sets.decode(bytes, resets(vr));
                }
                std::str::from_utf8(bytes).ok().map(str::to_owned)
            }
            Coding::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Coding::Chinese(encoding) => encoding
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(std::borrow::Cow::into_owned),
        };
        text.filter(|text| !text.contains('\u{1B}'))
            .ok_or(TextError::Undecodable)
    }

    /// Encodes the whole value of an element of this VR, delimiters included; padding is the writer's.
    ///
    /// # Errors
    /// If a character is not of the character set.
    pub fn encode(&self, vr: VR, text: &str) -> Result<Vec<u8>, NotEncodable> {
        match &self.0 {
            Coding::Iso2022(sets) => sets.encode(text, resets(vr)),
            Coding::Utf8 if !text.contains('\u{1B}') => Ok(text.as_bytes().to_vec()),
            Coding::Utf8 => Err(NotEncodable),
            Coding::Chinese(encoding) => {
                let (bytes, _, unmappable) = encoding.encode(text);
                // One character of GB 18030 encodes to what decodes to another.
                let returns = self.decode(vr, &bytes).is_ok_and(|back| back == text);
                if unmappable || !returns {
                    return Err(NotEncodable);
                }
                Ok(bytes.into_owned())
            }
        }
    }
}

/// A value in upper case, without what misspellings add, drop and exchange: blanks, underscores, hyphens.
fn key(value: &str) -> String {
    value
        .chars()
        .filter(|character| !matches!(character, ' ' | '_' | '-' | '\0'))
        .map(|character| character.to_ascii_uppercase())
        .collect()
}

fn term(key: &str) -> Result<Term, UnknownCharacterSet> {
    match key {
        "ISOIR192" | "ISO2022IR192" | "UTF8" => return Ok(Term::Utf8),
        "GB18030" => return Ok(Term::Chinese(GB18030)),
        "GBK" | "GB2312" => return Ok(Term::Chinese(GBK)),
        _ => {}
    }
    let (number, extends) = if let Some(number) = key.strip_prefix("ISO2022IR") {
        (number, true)
    } else if let Some(number) = key.strip_prefix("ISOIR") {
        (number, false)
    } else {
        return Err(UnknownCharacterSet);
    };
    Repertoire::by_number(number.as_bytes())
        .map(|set| Term::Set { set, extends })
        .ok_or(UnknownCharacterSet)
}

/// Single-byte and escaped multi-byte sets together; neither UTF-8 nor GB 18030 nor GBK may stand beside others.
fn code_extensions(terms: &[Term]) -> Result<CodeExtensions, UnknownCharacterSet> {
    let mut sets = Vec::new();
    let mut escapes = terms.len() > 1;
    for term in terms {
        let Term::Set { set, extends } = term else {
            return Err(UnknownCharacterSet);
        };
        escapes |= extends;
        sets.push(*set);
    }
    let (first, others) = sets.split_first().ok_or(UnknownCharacterSet)?;
    let (g0, g1) = match first {
        Repertoire::Ascii => (Repertoire::Ascii, None),
        Repertoire::JisKatakana => (Repertoire::JisRoman, Some(Repertoire::JisKatakana)),
        // These are called into G0, which a first value never gives away; an escape sequence must call them.
        Repertoire::JisX0208 | Repertoire::JisX0212 => (Repertoire::Ascii, None),
        upper => (Repertoire::Ascii, Some(*upper)),
    };
    let mut callable = Vec::new();
    for set in [Repertoire::Ascii, *first].iter().chain(others) {
        if !callable.contains(set) {
            callable.push(*set);
        }
        if *set == Repertoire::JisKatakana && !callable.contains(&Repertoire::JisRoman) {
            callable.push(Repertoire::JisRoman);
        }
    }
    Ok(CodeExtensions {
        g0,
        g1,
        others: callable,
        escapes: escapes || matches!(first, Repertoire::JisX0208 | Repertoire::JisX0212),
    })
}

fn resets(vr: VR) -> Resets {
    Resets {
        backslash: is_multi_valued(vr),
        name: vr == VR::PN,
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

/// Decodes, splits and trims: leading spaces mean something only in LT, ST, UT, UC and UR (PS3.5 table 6.2-1).
pub(crate) fn values(set: &CharacterSet, vr: VR, raw: &[u8]) -> Result<Vec<String>, TextError> {
    let text = set.decode(vr, raw)?;
    let text = text.trim_end_matches(['\0', ' ']);
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let trim = |value: &str| {
        let value = value.trim_end_matches(['\0', ' ']);
        let leading = matches!(vr, VR::LT | VR::ST | VR::UT | VR::UC | VR::UR);
        let value = if leading {
            value
        } else {
            value.trim_start_matches(' ')
        };
        value.to_owned()
    };
    Ok(if is_multi_valued(vr) {
        text.split('\\').map(trim).collect()
    } else {
        vec![trim(text)]
    })
}

#[cfg(test)]
mod tests;
