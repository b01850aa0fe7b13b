//! The words that a record may hold. Free text has no type here, so it cannot get in.

use cloakroom_core::{Outcome, PixelReason, Uid};
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A name of the program or of a profile: a rule, a version, a kind. At most 96 of the letters, digits and `-_.:/+,()>*`.
///
/// No space, no `^`, no letter outside ASCII: a person's name in PN form or in any script but Latin does not fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token(String);

/// A text that cannot stand in a record. The text is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a name in a record is 1 to 96 letters, digits or any of -_.:/+,()>*")]
pub struct NotAToken;

impl Token {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = (1..=96).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+,()>*".contains(&byte));
        if sound {
            Ok(Self(text.into()))
        } else {
            Err(NotAToken)
        }
    }
}

impl TryFrom<String> for Token {
    type Error = NotAToken;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SOP Class of an object, named where it is the standard's.
///
/// A private class may name its maker or its site, and a number of the length of a date has no place in
/// a class of the standard: whatever is not of that shape is `other`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SopClass {
    /// A class under the standard's root.
    Standard(Uid),
    /// Any other class.
    Other,
}

impl SopClass {
    /// The class as a record may name it.
    #[must_use]
    pub fn of(uid: &str) -> Self {
        let short = uid.split('.').all(|component| component.len() <= 5);
        match uid.parse::<Uid>() {
            Ok(uid) if short && uid.is_standard() => Self::Standard(uid),
            _ => Self::Other,
        }
    }

    /// The UID, or `other`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Standard(uid) => uid.as_str(),
            Self::Other => "other",
        }
    }
}

impl Serialize for SopClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SopClass {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let class = Self::of(&text);
        if class == Self::Other && text != "other" {
            return Err(serde::de::Error::custom("not a SOP Class of the standard"));
        }
        Ok(class)
    }
}

/// Why the pixels of an object may leave, without the rules that decided (see [`PixelReason`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PixelReasonKind {
    /// The object has no pixels.
    NoPixels,
    /// Images of the class carry no burned-in text.
    ClassPolicy,
    /// Areas were wiped.
    Masked,
    /// The detector found nothing.
    Detector,
    /// A person signed.
    Person,
}

impl From<&PixelReason> for PixelReasonKind {
    fn from(reason: &PixelReason) -> Self {
        match reason {
            PixelReason::NoPixels => Self::NoPixels,
            PixelReason::ClassPolicy { .. } => Self::ClassPolicy,
            PixelReason::Masked { .. } => Self::Masked,
            PixelReason::Detector { .. } => Self::Detector,
            PixelReason::Person { .. } => Self::Person,
        }
    }
}

/// Serialises an [`Outcome`] as its text: `cleared`, `held: known-value-found`.
pub(crate) mod outcome_text {
    use super::{Deserialize, Deserializer, Outcome, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        outcome: &Outcome,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(outcome)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Outcome, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_outcome(&text)
            .ok_or_else(|| serde::de::Error::custom("not an outcome of the closed list"))
    }
}

/// Reads `held: known-value-found` back.
pub(crate) fn parse_outcome(text: &str) -> Option<Outcome> {
    let (kind, reason) = text.split_once(": ").unwrap_or((text, ""));
    let outcome = Outcome::parse(kind, reason).ok()?;
    (outcome.to_string() == text).then_some(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_is_called_is_no_token() {
        for text in ["ZHANG^SAN", "Zhang San", "张三", "", "a@b.example"] {
            assert_eq!(text.parse::<Token>(), Err(NotAToken), "{text}");
        }
        for text in [
            "table:X/Z/D>D",
            "table:X/Z/U*>U",
            "gap:url",
            "profile:contest/small-groups",
        ] {
            assert!(text.parse::<Token>().is_ok(), "{text}");
        }
    }

    #[test]
    fn only_classes_of_the_standard_are_named() {
        let name = |uid| SopClass::of(uid).as_str().to_owned();
        assert_eq!(
            name("1.2.840.10008.5.1.4.1.1.2"),
            "1.2.840.10008.5.1.4.1.1.2"
        );
        assert_eq!(name("1.3.12.2.1107.5.9.1"), "other");
        assert_eq!(name("1.2.840.10008.19700101"), "other");
        assert_eq!(name("ZHANG^SAN"), "other");
    }

    #[test]
    fn outcomes_have_one_spelling() {
        assert!(parse_outcome("held: known-value-found").is_some());
        for text in [
            "held",
            "cleared: ",
            "cleared: x",
            "held:known-value-found",
            "",
        ] {
            assert_eq!(parse_outcome(text), None, "{text}");
        }
    }
}
