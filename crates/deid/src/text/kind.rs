//! What kinds of things go out of text, and how many of each went.

use std::collections::BTreeMap;

/// What kind of thing was removed from text. Counted, never named by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextKind {
    /// A name of a person.
    Name,
    /// An identifier known from the export.
    Identifier,
    /// A hospital, clinic, university or department.
    Institution,
    /// A postal address.
    Address,
    /// A telephone number or another way to reach somebody.
    Contact,
    /// An e-mail address, URL or network address.
    Network,
    /// A date, or a date with its time.
    Date,
    /// An age over the limit.
    Age,
    /// A national identifier, recognised by its form and check digit.
    NationalId,
    /// A long run of digits, or letters and digits, such as a record number.
    Number,
    /// A UID.
    Uid,
    /// A word that nothing knows.
    UnknownWord,
}

impl TextKind {
    /// Every kind, in order.
    pub const ALL: [Self; 12] = [
        Self::Name,
        Self::Identifier,
        Self::Institution,
        Self::Address,
        Self::Contact,
        Self::Network,
        Self::Date,
        Self::Age,
        Self::NationalId,
        Self::Number,
        Self::Uid,
        Self::UnknownWord,
    ];

    /// The stable name that logs and reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Identifier => "identifier",
            Self::Institution => "institution",
            Self::Address => "address",
            Self::Contact => "contact",
            Self::Network => "network",
            Self::Date => "date",
            Self::Age => "age",
            Self::NationalId => "national-id",
            Self::Number => "number",
            Self::Uid => "uid",
            Self::UnknownWord => "unknown-word",
        }
    }
}

impl core::fmt::Display for TextKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// How many things of each kind were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextRemovals([u32; TextKind::ALL.len()]);

impl TextRemovals {
    pub(crate) fn add(&mut self, kind: TextKind, count: u32) {
        let place = &mut self.0[kind as usize];
        *place = place.saturating_add(count);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for kind in TextKind::ALL {
            self.add(kind, other.of(kind));
        }
    }

    /// How many of one kind.
    #[must_use]
    pub const fn of(&self, kind: TextKind) -> u32 {
        self.0[kind as usize]
    }

    /// Whether nothing was removed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// The counts that are not 0.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<TextKind, u32> {
        TextKind::ALL
            .into_iter()
            .map(|kind| (kind, self.of(kind)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

/// Signs `start..end` of a folded text that go, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: TextKind,
}
