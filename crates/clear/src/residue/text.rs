//! The search in decoded text, folded: the place where short and everyday values are told from chance.

use super::fold::{fold, is_dense};
use super::forms::{Form, Lexicon, Shape, Strength};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use cloakroom_core::KnownKind;
use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, ISO_2022_JP, SHIFT_JIS, UTF_8, WINDOWS_874};
use std::collections::BTreeMap;

/// The character sets that text is read in when the declared one gives only Latin-1.
const READINGS: [&Encoding; 7] = [
    UTF_8,
    GB18030,
    BIG5,
    EUC_KR,
    SHIFT_JIS,
    WINDOWS_874,
    ISO_2022_JP,
];

/// What kind of text is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A name of a person (VR PN).
    Name,
    /// Text that anybody may have typed.
    Text,
    /// A term out of a list, or the name of a maker or model, where short words are codes.
    Term,
}

/// An automaton over the folded forms.
pub(crate) struct TextScan {
    automaton: AhoCorasick,
    /// For each folded text, the forms that fold to it.
    owners: Vec<Vec<usize>>,
}

impl TextScan {
    pub(crate) fn new(forms: &[Form]) -> Option<Self> {
        let mut folded = BTreeMap::<String, Vec<usize>>::new();
        for (index, form) in forms.iter().enumerate() {
            let text = fold(&form.text);
            if !text.is_empty() && form.shape != Shape::ShortDate {
                folded.entry(text).or_default().push(index);
            }
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(folded.keys())
            .ok()?;
        Some(Self {
            automaton,
            owners: folded.into_values().collect(),
        })
    }

    /// The kinds of known values in a text, in whatever character set it may have been.
    pub(crate) fn search(
        &self,
        value: &str,
        field: Field,
        forms: &[Form],
        lexicon: Lexicon<'_>,
    ) -> Vec<KnownKind> {
        let mut kinds = self.search_folded(&fold(value), field, forms, lexicon);
        for reading in readings(value) {
            kinds.extend(self.search_folded(&fold(&reading), field, forms, lexicon));
        }
        kinds.sort();
        kinds.dedup();
        kinds
    }

    fn search_folded(
        &self,
        text: &str,
        field: Field,
        forms: &[Form],
        lexicon: Lexicon<'_>,
    ) -> Vec<KnownKind> {
        let mut kinds = Vec::new();
        for found in self.automaton.find_overlapping_iter(text) {
            let owners = self.owners.get(found.pattern().as_usize());
            for form in owners
                .into_iter()
                .flatten()
                .filter_map(|owner| forms.get(*owner))
            {
                if is_looked_for(form, field)
                    && stands(form, text, found.start(), found.end(), lexicon)
                {
                    kinds.push(form.kind);
                }
            }
        }
        kinds
    }
}

/// Whether a form as telling as this one counts in such a field at all.
const fn is_looked_for(form: &Form, field: Field) -> bool {
    match form.strength {
        Strength::Anywhere => true,
        Strength::Token | Strength::WholeValue => !matches!(field, Field::Term),
        Strength::NamePart => matches!(field, Field::Name),
    }
}

/// Whether a form that was found in folded text counts, by what stands beside it.
fn stands(form: &Form, text: &str, start: usize, end: usize, lexicon: Lexicon<'_>) -> bool {
    let (before, found, after) = (&text[..start], &text[start..end], &text[end..]);
    let left = before.chars().next_back().unwrap_or(' ');
    let right = after.chars().next().unwrap_or(' ');
    let whole = left == ' ' && right == ' ';
    match form.strength {
        Strength::WholeValue => before.is_empty() && after.is_empty(),
        Strength::Token | Strength::NamePart => whole,
        Strength::Anywhere if whole || found.chars().any(is_dense) => true,
        Strength::Anywhere => match form.shape {
            Shape::Words if found.contains(' ') || found.len() < 6 => {
                !left.is_alphabetic() && !right.is_alphabetic()
            }
            Shape::Words => !lexicon(&word_around(before, found, after)),
            Shape::Mixed | Shape::Digits | Shape::Date | Shape::ShortDate => {
                splits_no_digits(left, found, right)
            }
        },
    }
}

fn splits_no_digits(left: char, found: &str, right: char) -> bool {
    let first = found.starts_with(|sign: char| sign.is_ascii_digit());
    let last = found.ends_with(|sign: char| sign.is_ascii_digit());
    let split_left = first && left.is_ascii_digit();
    let split_right = last && right.is_ascii_digit();
    !split_left && !split_right
}

fn word_around(before: &str, found: &str, after: &str) -> String {
    let start = before
        .char_indices()
        .rev()
        .take_while(|(_, sign)| sign.is_alphabetic())
        .last()
        .map_or(before.len(), |(place, _)| place);
    let end = after
        .find(|sign: char| !sign.is_alphabetic())
        .unwrap_or(after.len());
    [&before[start..], found, &after[..end]].concat()
}

/// What a text would say in other character sets, where it was read as one byte a character.
fn readings(value: &str) -> Vec<String> {
    let bytes: Option<Vec<u8>> = value
        .chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect();
    let Some(bytes) = bytes.filter(|bytes| bytes.iter().any(|byte| *byte >= 0x80 || *byte == 0x1b))
    else {
        return Vec::new();
    };
    let plain = without_eight_bit_escapes(&bytes);
    READINGS
        .iter()
        .filter_map(|encoding| encoding.decode_without_bom_handling_and_without_replacement(&plain))
        .map(|text| text.into_owned())
        .collect()
}

/// Leaves out the escape sequences that say which set the bytes above 128 are of (PS3.3 table C.12-3).
fn without_eight_bit_escapes(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = match after {
            [b'$', b')', _, after @ ..] if *byte == 0x1b => after,
            [b'-' | b')', _, after @ ..] if *byte == 0x1b => after,
            _ => {
                plain.push(*byte);
                after
            }
        };
    }
    plain
}
