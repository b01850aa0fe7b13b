//! The search for one patient's known values in raw bytes, without any parser.

use super::encodings::{Coding, patterns_of};
use super::forms::{Form, Shape, Strength, forms_of};
use super::text::{Field, TextScan};
use super::uids;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use cloakroom_core::{KnownKind, KnownValues, PatientPseudonym};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Words at least so long are found inside longer words; shorter ones stand alone or begin a hump of camel case.
const LONG_WORD: usize = 6;

/// Says whether a word, in lower case and without marks, is of everyday imaging use and so tells nothing by itself.
pub type LexiconFn = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// One automaton for all that one patient is called. It has no `Debug`, because it holds the values.
pub struct PatientScan {
    pseudonym: String,
    forms: Vec<Form>,
    patterns: Vec<Pattern>,
    /// `None` where there were too many values, so that nothing of this patient can be cleared.
    automata: Option<Automata>,
    uids: HashSet<Vec<u8>>,
    lexicon: LexiconFn,
}

struct Automata {
    raw: Anchors,
    text: TextScan,
}

struct Pattern {
    form: usize,
    coding: Coding,
    bytes: Box<[u8]>,
}

/// A known value that was found: of which kind, and where. Not which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// What kind of value.
    pub kind: KnownKind,
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Texts of the output that may hold a known value by chance.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    anything: Vec<String>,
    house: Vec<String>,
}

impl Allowed {
    /// `anything` are texts that the program itself writes: a pseudonym, a stamp. `house` are the names of maker and
    /// model, which hospitals also give to stations and rooms.
    #[must_use]
    pub fn new(anything: Vec<String>, house: impl IntoIterator<Item = String>) -> Self {
        Self {
            anything,
            house: house.into_iter().collect(),
        }
    }

    fn covers(&self, kind: KnownKind, place: &Place<'_>) -> bool {
        let is_house = matches!(kind, KnownKind::Institution | KnownKind::Device);
        let house = if is_house { self.house.as_slice() } else { &[] };
        self.anything
            .iter()
            .chain(house)
            .any(|text| place.is_within(text.as_bytes()))
    }
}

impl PatientScan {
    /// Prepares the search for the values of one patient, whose pseudonym may stand in the output.
    #[must_use]
    pub fn new(known: &KnownValues, pseudonym: &PatientPseudonym, lexicon: LexiconFn) -> Self {
        let mut forms = Vec::new();
        let mut uids = HashSet::new();
        for value in known.iter() {
            if value.kind == KnownKind::Uid {
                uids.insert(value.value.expose().trim().as_bytes().to_vec());
            } else {
                forms.extend(forms_of(value, lexicon.as_ref()));
            }
        }
        forms.sort();
        forms.dedup();
        let mut patterns = BTreeMap::new();
        for (index, form) in forms.iter().enumerate() {
            if form.strength == Strength::Anywhere {
                for (bytes, coding) in patterns_of(form) {
                    patterns
                        .entry((as_searched(bytes, coding), coding))
                        .or_insert(index);
                }
            }
        }
        let patterns: Vec<_> = patterns
            .into_iter()
            .map(|((bytes, coding), form)| Pattern {
                form,
                coding,
                bytes: bytes.into(),
            })
            .collect();
        Self {
            pseudonym: pseudonym.as_str().into(),
            automata: Automata::new(&patterns, &forms),
            forms,
            patterns,
            uids,
            lexicon,
        }
    }

    /// Whether all values can be searched for. Where not, there were too many for one automaton.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.automata.is_some()
    }

    /// The pseudonym of the patient.
    #[must_use]
    pub fn pseudonym(&self) -> &str {
        &self.pseudonym
    }

    /// How many byte patterns are searched for.
    #[must_use]
    pub fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// Every known value in these bytes, by place.
    #[must_use]
    pub fn search(&self, bytes: &[u8], allowed: &Allowed) -> Vec<Hit> {
        let mut hits = Vec::new();
        let anchored = self.automata.iter().map(|automata| &automata.raw);
        for (index, start) in anchored.flat_map(|raw| raw.find(bytes)) {
            let Some((pattern, form)) = self.pattern(index) else {
                continue;
            };
            let end = start + pattern.bytes.len();
            let matched = bytes.get(start..end);
            if !matched.is_some_and(|matched| matched.eq_ignore_ascii_case(&pattern.bytes)) {
                continue;
            }
            let place = Place { bytes, start, end };
            if self.counts(form, pattern, &place) && !allowed.covers(form.kind, &place) {
                hits.push(Hit {
                    kind: form.kind,
                    start,
                    end,
                });
            }
        }
        uids::find(bytes, &self.uids, &mut |start, end| {
            hits.push(Hit {
                kind: KnownKind::Uid,
                start,
                end,
            });
        });
        hits.sort();
        hits.dedup();
        hits
    }

    fn pattern(&self, index: usize) -> Option<(&Pattern, &Form)> {
        let pattern = self.patterns.get(index)?;
        Some((pattern, self.forms.get(pattern.form)?))
    }

    /// The kinds of known values in one decoded value of a text attribute.
    #[must_use]
    pub fn search_text(&self, value: &str, field: Field) -> Vec<KnownKind> {
        let Some(automata) = &self.automata else {
            return Vec::new();
        };
        automata
            .text
            .search(value, field, &self.forms, self.lexicon.as_ref())
    }

    /// Whether a match of a pattern is a finding, by what stands around it.
    fn counts(&self, form: &Form, pattern: &Pattern, place: &Place<'_>) -> bool {
        match pattern.coding {
            Coding::Base64 => place.matched() == &*pattern.bytes,
            Coding::Hexadecimal => true,
            Coding::Japanese7 => place.follows_japanese_escape(),
            Coding::Korean7 => place.follows_korean_shift(),
            Coding::Narrow if !pattern.bytes.is_ascii() => form.shape != Shape::ShortDate,
            Coding::Narrow => {
                let short = pattern.bytes.len() < LONG_WORD;
                self.stands(form, &place.narrow()) && (!short || place.is_in_text())
            }
            Coding::Utf16Little => self.stands(form, &place.wide(false)),
            Coding::Utf16Big => self.stands(form, &place.wide(true)),
        }
    }

    fn stands(&self, form: &Form, around: &Around) -> bool {
        match form.shape {
            Shape::Words if !form.text.is_ascii() => true,
            Shape::Words => self.word_stands(form, around),
            Shape::Mixed => {
                around.no_digit_is_split()
                    && (form.text.len() >= LONG_WORD || around.is_whole_word())
            }
            Shape::Digits => {
                around.no_digit_is_split() && !around.is_dotted() && !around.is_time_value(form)
            }
            Shape::Date => around.no_digit_is_split() && !around.is_dotted(),
            Shape::ShortDate => {
                around.no_digit_is_split() && !around.is_dotted() && around.is_part_of_code()
            }
        }
    }

    fn word_stands(&self, form: &Form, around: &Around) -> bool {
        let one_word = form.text.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !one_word || form.text.len() < LONG_WORD || around.is_whole_word() {
            return around.is_whole_word();
        }
        !(self.lexicon)(&around.word())
    }
}

impl Automata {
    fn new(patterns: &[Pattern], forms: &[Form]) -> Option<Self> {
        Some(Self {
            raw: Anchors::new(patterns)?,
            text: TextScan::new(forms)?,
        })
    }
}

/// So many bytes of each pattern are in the automaton. An automaton over whole patterns costs tens of milliseconds a
/// patient to build, more than all the rest of a small object.
const ANCHOR: usize = 6;

/// An automaton over the first bytes of all patterns, without regard to case.
struct Anchors {
    automaton: AhoCorasick,
    /// For each anchor, the patterns that begin with it.
    owners: Vec<Vec<usize>>,
}

impl Anchors {
    fn new(patterns: &[Pattern]) -> Option<Self> {
        let mut anchors = BTreeMap::<Vec<u8>, Vec<usize>>::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let anchor = &pattern.bytes[..pattern.bytes.len().min(ANCHOR)];
            anchors
                .entry(anchor.to_ascii_lowercase())
                .or_default()
                .push(index);
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(anchors.keys())
            .ok()?;
        Some(Self {
            automaton,
            owners: anchors.into_values().collect(),
        })
    }

    /// The patterns that may begin somewhere, each with the place where it would.
    fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.automaton
            .find_overlapping_iter(bytes)
            .flat_map(|found| {
                let owners = self.owners.get(found.pattern().as_usize());
                let start = found.start();
                owners
                    .into_iter()
                    .flatten()
                    .map(move |pattern| (*pattern, start))
            })
    }
}

/// Patterns that differ in case alone are one, but where case has a meaning.
fn as_searched(bytes: Vec<u8>, coding: Coding) -> Vec<u8> {
    match coding {
        Coding::Base64 => bytes,
        _ => bytes.to_ascii_lowercase(),
    }
}

/// A match in its bytes.
struct Place<'a> {
    bytes: &'a [u8],
    start: usize,
    end: usize,
}

/// How many characters around a match are looked at.
const REACH: usize = 24;

/// The ASCII characters around a match; anything else is 0.
struct Around {
    before: Vec<u8>,
    matched: Vec<u8>,
    after: Vec<u8>,
}

impl Place<'_> {
    fn matched(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or(&[])
    }

    fn narrow(&self) -> Around {
        let first = self.start.saturating_sub(REACH);
        let last = self.bytes.len().min(self.end + REACH);
        Around {
            before: self.bytes[first..self.start].to_vec(),
            matched: self.matched().to_vec(),
            after: self.bytes[self.end..last].to_vec(),
        }
    }

    fn wide(&self, big: bool) -> Around {
        let unit = |pair: &[u8]| match (pair, big) {
            ([character, 0], false) | ([0, character], true) => *character,
            _ => 0,
        };
        let first = self.start - self.start.min(2 * REACH) / 2 * 2;
        let last = self.bytes.len().min(self.end + 2 * REACH);
        let characters = |bytes: &[u8]| bytes.chunks(2).map(unit).collect();
        Around {
            before: characters(&self.bytes[first..self.start]),
            matched: characters(self.matched()),
            after: characters(&self.bytes[self.end..last]),
        }
    }

    /// Whether a short match stands among text, and not in numbers that look like letters by chance.
    fn is_in_text(&self) -> bool {
        let left = &self.bytes[self.start.saturating_sub(4)..self.start];
        let right = &self.bytes[self.end..self.bytes.len().min(self.end + 4)];
        let after_header =
            matches!(left, [a, b, _, 0] if a.is_ascii_uppercase() && b.is_ascii_uppercase());
        let text_left = left.len() < 4 || left.ends_with(&[0, 0]) || is_mostly_text(left);
        let text_right = right.len() < 4 || right[1] == 0 || is_mostly_text(right);
        after_header || text_left && text_right
    }

    /// Whether the match lies within this text as it stands here.
    fn is_within(&self, text: &[u8]) -> bool {
        let first = self.end.saturating_sub(text.len());
        (first..=self.start).any(|at| {
            at + text.len() >= self.end && self.bytes.get(at..at + text.len()) == Some(text)
        })
    }

    /// The bytes between the last escape and the match, if the match follows one at a whole character.
    fn since_escape(&self) -> Option<(&[u8], &[u8])> {
        let first = self.start.saturating_sub(512);
        let before = &self.bytes[first..self.start];
        let escape = before.iter().rposition(|byte| *byte == 0x1b)?;
        before[escape + 1..].split_at_checked(2)
    }

    fn follows_japanese_escape(&self) -> bool {
        match self.since_escape() {
            Some((b"$B" | b"$@", between)) => between.len().is_multiple_of(2),
            Some((b"$(", [b'D', between @ ..])) => between.len().is_multiple_of(2),
            _ => false,
        }
    }

    fn follows_korean_shift(&self) -> bool {
        let first = self.start.saturating_sub(512);
        let before = &self.bytes[first..self.start];
        let shift = before.iter().rposition(|byte| matches!(byte, 0x0e | 0x0f));
        shift.is_some_and(|at| before[at] == 0x0e && (before.len() - at - 1).is_multiple_of(2))
    }
}

fn is_mostly_text(bytes: &[u8]) -> bool {
    let printable = |byte: &&u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    bytes.iter().filter(printable).count() >= 3
}

impl Around {
    fn before(&self, place: usize) -> u8 {
        self.before.iter().rev().nth(place).copied().unwrap_or(0)
    }

    fn after(&self, place: usize) -> u8 {
        self.after.get(place).copied().unwrap_or(0)
    }

    fn edges(&self) -> (u8, u8) {
        let first = self.matched.first().copied().unwrap_or(0);
        (first, self.matched.last().copied().unwrap_or(0))
    }

    /// Whether no run of digits goes on beyond the match.
    fn no_digit_is_split(&self) -> bool {
        let (first, last) = self.edges();
        let split = |edge: u8, beside: u8| edge.is_ascii_digit() && beside.is_ascii_digit();
        !split(first, self.before(0)) && !split(last, self.after(0))
    }

    /// Whether the match is a component of a UID, or the whole part of a decimal number.
    fn is_dotted(&self) -> bool {
        let dot_before = self.before(0) == b'.' && self.before(1).is_ascii_digit();
        let dot_after = self.after(0) == b'.' && self.after(1).is_ascii_digit();
        dot_before || dot_after
    }

    /// Whether six digits are the whole value of an element of VR TM, where a time of day may equal a number by chance.
    fn is_time_value(&self, form: &Form) -> bool {
        let header = [
            self.before(3),
            self.before(2),
            self.before(1),
            self.before(0),
        ];
        form.text.len() == 6 && header == [b'T', b'M', 6, 0]
    }

    /// Whether letters or a dash join the match to a longer code.
    fn is_part_of_code(&self) -> bool {
        let joins = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
        let joined_before = joins(self.before(0)) && matches!(self.before(1), b' '..=b'~');
        let joined_after = joins(self.after(0)) && matches!(self.after(1), b' '..=b'~');
        joined_before || joined_after
    }

    /// Whether the match does not go on in letters, or only where a hump of camel case begins.
    fn is_whole_word(&self) -> bool {
        let (first, last) = self.edges();
        let goes_on = |left: u8, right: u8| {
            let hump = left.is_ascii_lowercase() && right.is_ascii_uppercase();
            left.is_ascii_alphabetic() && right.is_ascii_alphabetic() && !hump
        };
        !goes_on(self.before(0), first) && !goes_on(last, self.after(0))
    }

    /// The whole run of letters that the match stands in, in lower case.
    fn word(&self) -> String {
        let letters = |byte: &&u8| byte.is_ascii_alphabetic();
        let mut word: Vec<u8> = self
            .before
            .iter()
            .rev()
            .take_while(letters)
            .copied()
            .collect();
        word.reverse();
        word.extend(&self.matched);
        word.extend(self.after.iter().take_while(letters));
        word.iter()
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect()
    }
}
