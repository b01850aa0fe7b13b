//! What a profile says about dates, ages, identifiers, text, pixels, private attributes and faces.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// What happens to dates and times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DateTreatment {
    /// They go, or become dummies where the object needs one.
    Remove,
    /// They move by the patient's offset; intervals stay (113107).
    Shift,
    /// They stay (113106).
    Keep,
}

impl DateTreatment {
    /// The value of Longitudinal Temporal Information Modified (0028,0303).
    #[must_use]
    pub const fn longitudinal(self) -> &'static str {
        match self {
            Self::Remove => "REMOVED",
            Self::Shift => "MODIFIED",
            Self::Keep => "UNMODIFIED",
        }
    }
}

/// What happens to the time of day where dates are shifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeTreatment {
    /// Only whole days are shifted; the time of day stays.
    Keep,
    /// The offset has a part below a day, carried over midnight.
    Shift,
    /// Dates are shifted, times go as the Basic Profile says.
    Remove,
}

/// Dates and times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePolicy {
    /// Remove, shift or keep.
    pub treatment: DateTreatment,
    /// From which offsets, in days, a patient's is drawn; never holds 0 and has at least 1024 members.
    pub range_days: RangeInclusive<i32>,
    /// The time of day, where dates are shifted.
    pub times: TimeTreatment,
}

/// Ages of patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgePolicy {
    /// An age above this many years becomes this many; `None` leaves ages as they are.
    pub cap_years: Option<u16>,
}

/// A part of an [`IdPattern`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdPart {
    /// Text that stands as it is.
    Text(String),
    /// `{track}`: the track's id.
    Track,
    /// `{site}`: the pseudonymous name of the site.
    Site,
    /// `{code}`: the keyed code of the patient.
    Code,
}

/// How a pseudonym is written: text with `{track}`, `{site}` and exactly one `{code}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdPattern(Vec<IdPart>);

impl IdPattern {
    /// A pattern of the program, which holds one code.
    pub(crate) const fn new(parts: Vec<IdPart>) -> Self {
        Self(parts)
    }

    /// The parts in their order.
    #[must_use]
    pub fn parts(&self) -> &[IdPart] {
        &self.0
    }
}

/// Why text is not an [`IdPattern`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an id pattern is letters, digits, '-', '_' and '.' with {{track}}, {{site}} and exactly one {{code}}"
)]
pub struct NotAnIdPattern;

impl FromStr for IdPattern {
    type Err = NotAnIdPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            push_text(&mut parts, &rest[..at])?;
            let (name, after) = rest[at + 1..].split_once('}').ok_or(NotAnIdPattern)?;
            parts.push(match name {
                "track" => IdPart::Track,
                "site" => IdPart::Site,
                "code" => IdPart::Code,
                _ => return Err(NotAnIdPattern),
            });
            rest = after;
        }
        push_text(&mut parts, rest)?;
        let codes = parts.iter().filter(|part| **part == IdPart::Code).count();
        if codes == 1 {
            Ok(Self(parts))
        } else {
            Err(NotAnIdPattern)
        }
    }
}

fn push_text(parts: &mut Vec<IdPart>, text: &str) -> Result<(), NotAnIdPattern> {
    let sound = text.len() <= 16
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !sound {
        return Err(NotAnIdPattern);
    }
    if !text.is_empty() {
        parts.push(IdPart::Text(text.into()));
    }
    Ok(())
}

impl fmt::Display for IdPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                IdPart::Text(text) => f.write_str(text)?,
                IdPart::Track => f.write_str("{track}")?,
                IdPart::Site => f.write_str("{site}")?,
                IdPart::Code => f.write_str("{code}")?,
            }
        }
        Ok(())
    }
}

/// Pseudonyms of patients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPolicy {
    /// How a pseudonym is written.
    pub pattern: IdPattern,
}

/// What happens to a word of free text that neither a recogniser nor the lexicon knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnknownWords {
    /// It goes until a person has approved it.
    Remove,
    /// It stays.
    Keep,
}

/// Free text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextPolicy {
    /// Words that nothing knows.
    pub unknown_words: UnknownWords,
}

/// What happens where the text detector sees something it is not sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BelowThreshold {
    /// The region is masked all the same.
    Remove,
    /// The object is held for a person.
    Hold,
}

/// Burned-in text.
#[derive(Debug, Clone, PartialEq)]
pub struct PixelPolicy {
    /// Whether pixels are cleaned (113101); otherwise an object needs a reason that there is nothing to clean.
    pub clean: bool,
    /// The confidence, from 0 to 1, from which a recognised word counts as read.
    pub recogniser_threshold: f32,
    /// What happens to a detected region below the threshold.
    pub below: BelowThreshold,
    /// The id of the file under `profiles/burn-in/` that says which classes carry no burned-in text.
    pub class_policy: String,
    /// The stored value that masked pixels take, as a fraction of the range from black (0) to white (1).
    pub fill: f32,
}

/// A shipped list of private attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrivateList {
    /// PS3.15 Table E.3.10-1.
    Standard,
    /// The dispositions of TCIA's knowledge base.
    Tcia,
}

impl PrivateList {
    /// The name a profile file uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "ps3.15-e.3.10-1",
            Self::Tcia => "tcia",
        }
    }
}

/// Private attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrivatePolicy {
    /// The lists whose attributes stay, each still by its VR; empty removes everything private.
    pub lists: Vec<PrivateList>,
    /// Whether listed attributes of an opaque VR (OB, OW, UN, …) stay.
    pub keep_bulk: bool,
}

/// Head images whose field of view holds a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FacePolicy {
    /// They are held.
    Hold,
    /// A person accepts them with a signed reason.
    Accept,
    /// Only a defaced series made elsewhere is taken (113102).
    Defaced,
}

/// Free text of the dictionary's attributes that have neither a row nor a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnlistedText {
    /// It is cleaned.
    Clean,
    /// It goes.
    Remove,
}

/// Sequences of the dictionary that have neither a row nor a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnlistedSequences {
    /// Their Items are each processed.
    Recurse,
    /// They go.
    Remove,
}

/// Attributes of the dictionary that have neither a row nor a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnlistedPolicy {
    /// LO, LT, SH, ST, UC, UT and the like.
    pub text: UnlistedText,
    /// SQ.
    pub sequences: UnlistedSequences,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_patterns_read_back_and_need_one_code() {
        for text in ["{track}-{code}", "{site}.{code}", "{code}", "P_{code}x"] {
            assert_eq!(
                text.parse::<IdPattern>().map(|pattern| pattern.to_string()),
                Ok(text.into())
            );
        }
        for text in [
            "",
            "{track}",
            "{code}{code}",
            "{name}-{code}",
            "{code",
            "a b{code}",
        ] {
            assert_eq!(text.parse::<IdPattern>(), Err(NotAnIdPattern), "{text}");
        }
    }
}
