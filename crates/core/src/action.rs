//! What is done to an attribute, and the record of it.

use crate::path::PathPattern;
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Serialize};

/// What is done to an attribute. The letters are those of PS3.15 Table E.1-1a.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// K: the value stays as it is; the Items of a Sequence are each processed.
    Keep,
    /// X: the attribute and all inside it go.
    Remove,
    /// Z: the value becomes empty.
    Empty,
    /// D: the value becomes a dummy that is valid for its VR.
    Dummy,
    /// U: the UID becomes a keyed one, the same for the same original.
    MapUid,
    /// C: the date or time moves by the patient's offset.
    ShiftDate,
    /// C: words that may identify go out of the text, the others stay.
    CleanText,
    /// C: content items of a structured report are each processed (Table E.3.4-1).
    CleanContent,
    /// C: an age over the profile's limit becomes the limit.
    CapAge,
    /// D: the value becomes the patient's pseudonym.
    Pseudonym,
    /// A value that the profile, the track or the standard states takes its place, or is added.
    Replace,
    /// The value was against the standard and was made legal without changing its meaning.
    Repair,
}

impl Action {
    /// The letter of PS3.15 Table E.1-1a that the action realises; `R` for a repair, which the table does not know.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Keep => 'K',
            Self::Remove => 'X',
            Self::Empty => 'Z',
            Self::Dummy | Self::Pseudonym | Self::Replace => 'D',
            Self::MapUid => 'U',
            Self::ShiftDate | Self::CleanText | Self::CleanContent | Self::CapAge => 'C',
            Self::Repair => 'R',
        }
    }

    /// The stable name of the action.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Remove => "remove",
            Self::Empty => "empty",
            Self::Dummy => "dummy",
            Self::MapUid => "map-uid",
            Self::ShiftDate => "shift-date",
            Self::CleanText => "clean-text",
            Self::CleanContent => "clean-content",
            Self::CapAge => "cap-age",
            Self::Pseudonym => "pseudonym",
            Self::Replace => "replace",
            Self::Repair => "repair",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which rule decided, as a short stable text without values: `table:X/Z/D`, `vr:LO`, `profile:keep`, `private:unknown`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(Cow<'static, str>);

impl RuleId {
    /// A rule named in the program.
    #[must_use]
    pub const fn of(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A rule named by a profile.
    #[must_use]
    pub const fn named(name: String) -> Self {
        Self(Cow::Owned(name))
    }

    /// The name of the rule.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The state of an attribute before or after an action; never its value or length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// There is no such attribute.
    Absent,
    /// It is there with no value.
    Empty,
    /// It is there with a value.
    Present,
}

/// What was done at one path of one object: how often, under which rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActionRecord {
    /// Where, without Item numbers.
    pub path: PathPattern,
    /// What.
    pub action: Action,
    /// By which rule.
    pub rule: RuleId,
    /// The state before.
    pub before: State,
    /// The state after.
    pub after: State,
    /// How many times, over all Items.
    pub count: u32,
}
