//! Where an attribute stands: exactly, for the officer, and as a pattern, for rules and evidence.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;
use dicom_core::Tag;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The exact place of an attribute in one data set: the enclosing Sequences with their Item numbers, from the outside in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath {
    /// Enclosing Sequence Attributes and the number of the Item, counted from 0.
    pub items: Vec<(Tag, u32)>,
    /// The attribute itself.
    pub tag: Tag,
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (tag, item) in &self.items {
            write!(f, "({:04x},{:04x})[{item}]>", tag.0, tag.1)?;
        }
        write!(f, "({:04x},{:04x})", self.tag.0, self.tag.1)
    }
}

/// One step of a [`PathPattern`].
///
/// A Private Creator is free text of the export, so a step names it only where a shipped list knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute of the standard.
    Standard(Tag),
    /// A private attribute whose creator is on a shipped list.
    Private {
        /// The odd group number.
        group: u16,
        /// The creator, as the shipped list spells it.
        creator: String,
        /// The low byte of the element number.
        element: u8,
    },
    /// A private attribute of a creator that no shipped list knows.
    UnknownPrivate {
        /// The odd group number.
        group: u16,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard(tag) => write!(f, "({:04x},{:04x})", tag.0, tag.1),
            Self::Private {
                group,
                creator,
                element,
            } => write!(f, "({group:04x},\"{creator}\",{element:02x})"),
            Self::UnknownPrivate { group } => write!(f, "({group:04x},private)"),
        }
    }
}

/// Where an attribute stands in any data set, without Item numbers: `(0008,1140)>(0008,1155)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern(Vec<Step>);

/// Text that is not a path pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a path is written (gggg,eeee), nested (gggg,eeee)>(gggg,eeee), private (gggg,\"CREATOR\",ee)"
)]
pub struct NotAPath;

impl PathPattern {
    /// A pattern from its steps, outermost first; `None` without a step.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Option<Self> {
        (!steps.is_empty()).then_some(Self(steps))
    }

    /// The pattern of a top-level attribute of the standard.
    #[must_use]
    pub fn top(tag: Tag) -> Self {
        Self(alloc::vec![Step::Standard(tag)])
    }

    /// The steps, outermost first; never empty.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(">")?;
            }
            write!(f, "{step}")?;
        }
        Ok(())
    }
}

impl FromStr for PathPattern {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            let (step, after) = parse_step(rest)?;
            steps.push(step);
            match after.strip_prefix('>') {
                Some(next) => rest = next,
                None if after.is_empty() => return Ok(Self(steps)),
                None => return Err(NotAPath),
            }
        }
    }
}

fn parse_step(text: &str) -> Result<(Step, &str), NotAPath> {
    let inner = text.strip_prefix('(').ok_or(NotAPath)?;
    let (group, rest) = inner.split_at_checked(4).ok_or(NotAPath)?;
    let group = hex(group)?;
    let rest = rest.strip_prefix(',').ok_or(NotAPath)?;
    if let Some(quoted) = rest.strip_prefix('"') {
        let (creator, after) = quoted.split_once("\",").ok_or(NotAPath)?;
        let (element, after) = after.split_once(')').ok_or(NotAPath)?;
        let element = if element.len() == 2 {
            u8::from_str_radix(element, 16).ok()
        } else {
            None
        };
        let step = Step::Private {
            group,
            creator: creator.into(),
            element: element.ok_or(NotAPath)?,
        };
        return Ok((step, after));
    }
    let (element, after) = rest.split_once(')').ok_or(NotAPath)?;
    if element == "private" {
        return Ok((Step::UnknownPrivate { group }, after));
    }
    Ok((Step::Standard(Tag(group, hex(element)?)), after))
}

fn hex(text: &str) -> Result<u16, NotAPath> {
    let sound = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if sound {
        u16::from_str_radix(text, 16).map_err(|_| NotAPath)
    } else {
        Err(NotAPath)
    }
}

impl TryFrom<String> for PathPattern {
    type Error = NotAPath;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PathPattern> for String {
    fn from(path: PathPattern) -> Self {
        alloc::format!("{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn patterns_read_back() {
        for text in [
            "(0010,0010)",
            "(0008,1140)>(0008,1155)",
            "(0029,\"SIEMENS CSA HEADER\",10)",
            "(5200,9230)>(2005,private)",
        ] {
            assert_eq!(
                text.parse::<PathPattern>()
                    .map(|path| path.to_string())
                    .as_deref(),
                Ok(text)
            );
        }
        for text in [
            "",
            "(0010,0010",
            "0010,0010",
            "(0010,0010)>",
            "(001g,0010)",
            "(0009,\"X\",1)",
            "(0010,0010)x",
        ] {
            assert_eq!(text.parse::<PathPattern>(), Err(NotAPath), "{text}");
        }
    }
}
