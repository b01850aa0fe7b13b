//! From a known value to the forms in which it may be written.

use super::fold::{fold, is_dense, weight};
use super::{dates, names};
use cloakroom_core::{KnownKind, KnownValue};
use std::collections::BTreeSet;

/// What a form looks like, which decides what may stand beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Shape {
    /// Letters, or signs of any script: a name or a phrase.
    Words,
    /// Letters and digits: an identifier.
    Mixed,
    /// Digits alone.
    Digits,
    /// A date with separators.
    Date,
    /// Six digits of a date, which mean something only as part of a longer code.
    ShortDate,
}

/// Where a form counts as found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Strength {
    /// In any byte.
    Anywhere,
    /// As a whole token of decoded text.
    Token,
    /// As the whole of a decoded value.
    WholeValue,
    /// As a whole token of a person's name: an everyday word, which means somebody only there.
    NamePart,
}

/// One way to write a known value. It has no `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Form {
    pub(crate) text: String,
    pub(crate) kind: KnownKind,
    pub(crate) shape: Shape,
    pub(crate) strength: Strength,
}

/// Says whether a folded word is of everyday imaging use.
pub(crate) type Lexicon<'a> = &'a dyn Fn(&str) -> bool;

/// All forms of a value. UIDs have none: they are looked up whole.
pub(crate) fn forms_of(known: &KnownValue, lexicon: Lexicon<'_>) -> BTreeSet<Form> {
    let value = known.value.expose().trim();
    let mut forms = Forms {
        kind: known.kind,
        lexicon,
        found: BTreeSet::new(),
    };
    match known.kind {
        KnownKind::PatientName | KnownKind::Person => names::add_forms(value, &mut forms),
        KnownKind::BirthDate => dates::add_forms(value, &mut forms),
        KnownKind::Address => {
            for piece in value.split(['^', ',', ';', '\n', '\r', '\\', '，', '、']) {
                if weight(piece) >= 6 {
                    forms.add_text(piece);
                }
            }
        }
        KnownKind::Contact => {
            forms.add_identifier(value);
            add_phone(value, &mut forms);
        }
        KnownKind::PatientId | KnownKind::OrderId | KnownKind::Device => {
            forms.add_identifier(value);
        }
        KnownKind::Institution => forms.add_text(value),
        KnownKind::Uid => {}
    }
    forms.found
}

/// A telephone number with and without what stands before it at home and abroad.
fn add_phone(value: &str, forms: &mut Forms<'_>) {
    let digits: String = fold(value).chars().filter(char::is_ascii_digit).collect();
    forms.add_digits(&digits);
    for prefix in [
        "00", "86", "84", "66", "60", "62", "65", "63", "82", "81", "0",
    ] {
        if let Some(rest) = digits.strip_prefix(prefix)
            && rest.len() >= 7
        {
            forms.add_digits(rest);
        }
    }
}

/// Gathers the forms of one value.
pub(crate) struct Forms<'a> {
    kind: KnownKind,
    lexicon: Lexicon<'a>,
    found: BTreeSet<Form>,
}

impl Forms<'_> {
    /// Adds a text as it is, as strong as it is telling.
    pub(crate) fn add_text(&mut self, text: &str) {
        let text = text.trim();
        let folded = fold(text);
        let Some(strength) = self.strength(&folded) else {
            return;
        };
        self.insert(text, shape_of(&folded), strength);
    }

    /// Adds an identifier as it is, and without its separators and leading zeros.
    fn add_identifier(&mut self, value: &str) {
        self.add_text(value);
        let folded = fold(value);
        let joined = folded.replace(' ', "");
        if joined != folded {
            self.add_text(&joined);
        }
        let unpadded = joined.trim_start_matches('0');
        if unpadded.len() != joined.len() && weight(unpadded) >= 6 {
            self.add_text(unpadded);
        }
    }

    pub(crate) fn add_digits(&mut self, digits: &str) {
        if digits.len() >= 6 {
            self.insert(digits, Shape::Digits, Strength::Anywhere);
        }
    }

    pub(crate) fn insert(&mut self, text: &str, shape: Shape, strength: Strength) {
        self.found.insert(Form {
            text: text.into(),
            kind: self.kind,
            shape,
            strength,
        });
    }

    /// How telling a folded text is; `None` where it says nothing of anybody.
    pub(crate) fn strength(&self, folded: &str) -> Option<Strength> {
        let joined: String = folded.chars().filter(|sign| *sign != ' ').collect();
        let house = matches!(self.kind, KnownKind::Institution | KnownKind::Device);
        if joined.bytes().all(|byte| byte.is_ascii_digit()) {
            return match joined.len() {
                0 => None,
                1..=3 => Some(Strength::WholeValue),
                4 | 5 if house => Some(Strength::WholeValue),
                4 | 5 => Some(Strength::Token),
                _ => Some(Strength::Anywhere),
            };
        }
        let everyday = folded
            .split(' ')
            .all(|word| weight(word) < 2 || is_short_number(word) || (self.lexicon)(word));
        match weight(&joined) {
            0 | 1 => None,
            _ if everyday && house => None,
            _ if everyday => Some(Strength::NamePart),
            2 | 3 if house => Some(Strength::WholeValue),
            2 | 3 => Some(Strength::Token),
            _ => Some(Strength::Anywhere),
        }
    }
}

fn is_short_number(word: &str) -> bool {
    word.len() < 6 && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn shape_of(folded: &str) -> Shape {
    let digits = folded.bytes().any(|byte| byte.is_ascii_digit());
    let letters = folded.chars().any(char::is_alphabetic);
    match (digits, letters) {
        (true, false) if !folded.contains(' ') => Shape::Digits,
        (false, true) => Shape::Words,
        (true, true) if folded.chars().any(is_dense) => Shape::Words,
        _ => Shape::Mixed,
    }
}
