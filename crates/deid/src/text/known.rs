//! Known-value propagation: what the patient and those around the patient are called goes wherever it recurs.
//!
//! Text and values are compared as their letters and digits alone, folded, so that case, order, separators,
//! script width and marks do not matter. One automaton holds all forms of all values of one patient.

use super::fold::{Class, Folded};
use super::kind::{Span, TextKind};
use super::words::{ApprovedWords, Lexicon};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use cloakroom_core::{KnownKind, KnownValues};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A name part this long is found inside longer words too.
const LONG_PART: usize = 4;
/// Hospitals are called by three letters among those who work there; so short a word goes as a word only.
const SHORTEST_ACRONYM: usize = 3;
/// A whole name or an identifier this long is found without word boundaries.
const LONG_WHOLE: usize = 8;
/// Identifiers shorter than this are found only after a label.
const SHORT_CODE: usize = 4;
/// Names of more parts than this are searched in the order written and its rotations only.
const MOST_PERMUTED: usize = 4;

/// How a form is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// Several parts, or a whole that stands for a person, place or number: goes wherever it stands between
    /// word boundaries, and anywhere if it is long.
    Whole,
    /// One part that is no imaging term: goes as a word, and inside unknown words if it is long.
    Part,
    /// One part that is an imaging term too: goes only next to other parts.
    Weak,
    /// A short identifier: goes only after a label.
    Labelled,
}

#[derive(Clone, Copy)]
struct Pattern {
    kind: TextKind,
    form: Form,
    /// Which value it came from, so that two weak parts of one name support each other.
    value: u32,
    /// Signs.
    length: usize,
    digits: bool,
    dense: bool,
}

struct Inner {
    automaton: Option<AhoCorasick>,
    /// All meanings of each form; the automaton knows each form once.
    patterns: Vec<Vec<Pattern>>,
    initials: BTreeSet<char>,
}

/// All forms of all known values of one patient. Cheap to clone; made once per patient.
#[derive(Clone)]
pub struct KnownMatcher(Arc<Inner>);

impl core::fmt::Debug for KnownMatcher {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("KnownMatcher")
    }
}

/// Collects forms before the automaton is built.
struct Forms<'a> {
    lexicon: &'a Lexicon,
    found: BTreeMap<String, Vec<Pattern>>,
    initials: BTreeSet<char>,
    value: u32,
}

impl KnownMatcher {
    /// Builds the automaton.
    #[must_use]
    pub fn new(values: &KnownValues, lexicon: &Lexicon) -> Self {
        let mut forms = Forms {
            lexicon,
            found: BTreeMap::new(),
            initials: BTreeSet::new(),
            value: 0,
        };
        for (number, known) in values.iter().enumerate() {
            forms.value = u32::try_from(number).unwrap_or(u32::MAX);
            forms.add(known.kind, known.value.expose());
        }
        let automaton = if forms.found.is_empty() {
            None
        } else {
            AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(forms.found.keys())
                .ok()
        };
        let patterns = forms.found.into_values().collect();
        Self(Arc::new(Inner {
            automaton,
            patterns,
            initials: forms.initials,
        }))
    }

    /// Whether no value is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.patterns.is_empty()
    }

    /// Whether a value, as a whole, is one of the known identifiers.
    #[must_use]
    pub fn is_known_code(&self, text: &str) -> bool {
        let folded = Folded::new(text);
        let (skeleton, _) = skeleton(&folded);
        self.hits(&skeleton)
            .into_iter()
            .any(|(start, end, pattern)| {
                start == 0
                    && end == skeleton.len()
                    && pattern.length >= SHORT_CODE
                    && matches!(pattern.form, Form::Whole | Form::Part)
            })
    }

    /// Whether any strong form occurs in bytes of unknown meaning, as ASCII, UTF-8 or UTF-16.
    ///
    /// What is no letter or digit is skipped, so the zeros between the letters of UTF-16 do not hide a name.
    #[must_use]
    pub fn occurs_in_bytes(&self, bytes: &[u8]) -> bool {
        let ascii: String = bytes
            .iter()
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect();
        if self.occurs_in_skeleton(&ascii) {
            return true;
        }
        [
            String::from_utf8_lossy(bytes).into_owned(),
            utf16(bytes, u16::from_le_bytes),
            utf16(bytes, u16::from_be_bytes),
        ]
        .iter()
        .any(|text| self.occurs_in_skeleton(&skeleton(&Folded::new(text)).0))
    }

    /// Whether any form stands in a text as it would go from free text.
    #[must_use]
    pub fn occurs_in_text(&self, text: &str, lexicon: &Lexicon) -> bool {
        !self
            .spans(&Folded::new(text), lexicon, &ApprovedWords::default())
            .is_empty()
    }

    fn occurs_in_skeleton(&self, skeleton: &str) -> bool {
        self.hits(skeleton).into_iter().any(|(_, _, pattern)| {
            matches!(pattern.form, Form::Whole | Form::Part)
                && (pattern.length > LONG_PART || (pattern.dense && pattern.length >= 2))
        })
    }

    /// Every form found in a skeleton: its bytes, and each of its meanings.
    fn hits(&self, skeleton: &str) -> Vec<(usize, usize, Pattern)> {
        let mut hits = Vec::new();
        let Some(automaton) = &self.0.automaton else {
            return hits;
        };
        for found in automaton.find_overlapping_iter(skeleton) {
            let meanings = &self.0.patterns[found.pattern().as_usize()];
            hits.extend(
                meanings
                    .iter()
                    .map(|pattern| (found.start(), found.end(), *pattern)),
            );
        }
        hits
    }

    /// The spans of a folded text that known values cover.
    pub(crate) fn spans(
        &self,
        text: &Folded,
        lexicon: &Lexicon,
        approved: &ApprovedWords,
    ) -> Vec<Span> {
        if self.is_empty() {
            return Vec::new();
        }
        let (skeleton, places) = skeleton(text);
        let (mut strong, mut weak) = (Vec::new(), Vec::new());
        for (start, end, pattern) in self.hits(&skeleton) {
            let (Some(&start), Some(&end)) = (places.get(start), places.get(end.saturating_sub(1)))
            else {
                continue;
            };
            let (start, end) = (start as usize, end as usize + 1);
            match judge(text, start, end, pattern, lexicon, approved) {
                Verdict::Goes(start, end) => strong.push(Span {
                    start,
                    end,
                    kind: pattern.kind,
                }),
                Verdict::Perhaps => weak.push((
                    Span {
                        start,
                        end,
                        kind: pattern.kind,
                    },
                    pattern.value,
                )),
                Verdict::Stays => {}
            }
        }
        self.support(text, strong, weak)
    }

    /// Lets weak parts and initials go where they stand next to what goes.
    fn support(&self, text: &Folded, mut strong: Vec<Span>, weak: Vec<(Span, u32)>) -> Vec<Span> {
        for (index, (one, value)) in weak.iter().enumerate() {
            let pair = weak.iter().enumerate().any(|(other, (two, of))| {
                other != index
                    && of == value
                    && adjacent(text, *one, *two)
                    && text.folded(one.start, one.end) != text.folded(two.start, two.end)
            });
            if pair {
                strong.push(*one);
            }
        }
        let mut grown = true;
        while grown {
            grown = false;
            for (span, _) in &weak {
                let near = strong
                    .iter()
                    .any(|other| is_person(other.kind) && adjacent(text, *span, *other));
                if near && !strong.contains(span) {
                    strong.push(*span);
                    grown = true;
                }
            }
        }
        let initials = self.initials_near(text, &strong);
        strong.extend(initials);
        strong
    }

    /// Single letters next to a name that are initials of it: `J. Smith`, `Smith JQ` stays as `JQ` is a word.
    fn initials_near(&self, text: &Folded, strong: &[Span]) -> Vec<Span> {
        let single = |place: usize| {
            text.class(place) == Class::Letter
                && (place == 0 || text.class(place - 1) != Class::Letter)
                && text.class(place + 1) != Class::Letter
                && text.class(place + 1) != Class::Digit
                && text
                    .at(place)
                    .is_some_and(|sign| self.0.initials.contains(&sign.fold))
        };
        let mut found = Vec::new();
        for span in strong.iter().filter(|span| is_person(span.kind)) {
            let after = (span.end..span.end + 3).find(|place| text.class(*place) == Class::Letter);
            let before = (span.start.saturating_sub(3)..span.start)
                .rev()
                .find(|place| text.class(*place) == Class::Letter);
            for place in [after, before].into_iter().flatten() {
                let initial = Span {
                    start: place,
                    end: place + 1,
                    kind: span.kind,
                };
                if single(place) && adjacent(text, initial, *span) {
                    found.push(initial);
                }
            }
        }
        found
    }
}

fn is_person(kind: TextKind) -> bool {
    kind == TextKind::Name
}

fn utf16(bytes: &[u8], read: impl Fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| read(*pair)))
        .map(|sign| sign.unwrap_or(' '))
        .collect()
}

/// Letters, digits and dense signs alone, and for each byte of them the sign it came from.
fn skeleton(text: &Folded) -> (String, Vec<u32>) {
    let (mut letters, mut places) = (
        String::with_capacity(text.signs.len()),
        Vec::with_capacity(text.signs.len()),
    );
    for (sign, place) in text.signs.iter().zip(0u32..) {
        if matches!(sign.class, Class::Letter | Class::Digit | Class::Dense) {
            letters.push(sign.fold);
            places.extend(core::iter::repeat_n(place, sign.fold.len_utf8()));
        }
    }
    (letters, places)
}

/// Whether only separators, and few, stand between two spans.
fn adjacent(text: &Folded, one: Span, two: Span) -> bool {
    let (end, start) = if one.start <= two.start {
        (one.end, two.start)
    } else {
        (two.end, one.start)
    };
    end <= start
        && start - end <= 3
        && text.signs[end..start].iter().all(|sign| {
            sign.class == Class::Space
                || matches!(sign.fold, '^' | ',' | '.' | '-' | '_' | '\'' | '=' | '/')
        })
}

enum Verdict {
    Goes(usize, usize),
    Perhaps,
    Stays,
}

fn judge(
    text: &Folded,
    start: usize,
    end: usize,
    pattern: Pattern,
    lexicon: &Lexicon,
    approved: &ApprovedWords,
) -> Verdict {
    let bounded = text.begins(start) && text.begins(end);
    match pattern.form {
        Form::Labelled if bounded && has_label(text, start) => Verdict::Goes(start, end),
        Form::Weak if bounded => Verdict::Perhaps,
        Form::Labelled | Form::Weak => Verdict::Stays,
        Form::Whole | Form::Part if pattern.dense => Verdict::Goes(start, end),
        Form::Whole if pattern.digits => judge_digits(text, start, end, pattern),
        Form::Whole | Form::Part if bounded => {
            // One clinical word that spells the parts of a name is that word: `Angio` is not `An Gio`.
            let one_word = text.run_end(start) >= end && lexicon.has(&text.folded(start, end));
            if one_word {
                Verdict::Perhaps
            } else {
                Verdict::Goes(start, end)
            }
        }
        Form::Whole if pattern.length >= LONG_WHOLE => Verdict::Goes(start, end),
        Form::Part if pattern.length >= LONG_PART => {
            inside_word(text, start, end, lexicon, approved)
        }
        Form::Whole | Form::Part => Verdict::Stays,
    }
}

/// A number goes where it is not a part of a longer number; a long one even there.
fn judge_digits(text: &Folded, start: usize, end: usize, pattern: Pattern) -> Verdict {
    let before = start > 0 && text.class(start - 1) == Class::Digit;
    let after = text.class(end) == Class::Digit;
    if (!before && !after) || pattern.length >= LONG_WHOLE {
        Verdict::Goes(start, end)
    } else {
        Verdict::Stays
    }
}

/// A long part inside a word takes the word with it, unless the word is an imaging term of its own.
fn inside_word(
    text: &Folded,
    start: usize,
    end: usize,
    lexicon: &Lexicon,
    approved: &ApprovedWords,
) -> Verdict {
    if text.signs[start..end]
        .iter()
        .any(|sign| sign.class != Class::Letter)
    {
        return Verdict::Stays;
    }
    let mut first = start;
    while first > 0 && text.class(first - 1) == Class::Letter {
        first -= 1;
    }
    let last = text.run_end(start);
    if lexicon.knows(&text.folded(first, last), approved) {
        Verdict::Stays
    } else {
        Verdict::Goes(first, last)
    }
}

/// Whether a label of an identifier stands before a place: `ID: 12`, `No 12`.
fn has_label(text: &Folded, start: usize) -> bool {
    let mut end = start;
    while end > 0 && matches!(text.class(end - 1), Class::Space | Class::Mark) {
        end -= 1;
    }
    let mut first = end;
    while first > 0
        && matches!(text.class(first - 1), Class::Letter | Class::Dense)
        && end - first < 12
    {
        first -= 1;
    }
    let label = text.folded(first, end);
    matches!(
        label.as_str(),
        "id" | "pid"
            | "mrn"
            | "hn"
            | "an"
            | "acc"
            | "accession"
            | "no"
            | "nr"
            | "number"
            | "patient"
            | "pt"
            | "case"
            | "study"
            | "rm"
            | "nric"
            | "ic"
            | "hrn"
    ) || ["号", "號", "番号", "编号", "번호"]
        .iter()
        .any(|suffix| label.ends_with(suffix))
}

impl Forms<'_> {
    fn add(&mut self, kind: KnownKind, value: &str) {
        match kind {
            KnownKind::PatientName | KnownKind::Person => self.add_name(value),
            KnownKind::BirthDate => self.add_birth_date(value),
            KnownKind::Institution => self.add_words(value, TextKind::Institution),
            KnownKind::Address => self.add_words(value, TextKind::Address),
            KnownKind::Contact => {
                self.add_words(value, TextKind::Contact);
                self.add_code(value, TextKind::Contact);
            }
            KnownKind::PatientId | KnownKind::OrderId | KnownKind::Device => {
                self.add_code(value, TextKind::Identifier)
            }
            KnownKind::Uid => self.add_uid(value),
        }
    }

    fn put(&mut self, form: String, kind: TextKind, how: Form) {
        let length = form.chars().count();
        let pattern = Pattern {
            kind,
            form: how,
            value: self.value,
            length,
            digits: form.bytes().all(|byte| byte.is_ascii_digit()),
            dense: length >= 2 && form.chars().any(super::fold::is_dense),
        };
        let meanings = self.found.entry(form).or_default();
        if !meanings
            .iter()
            .any(|other| other.kind == kind && other.form == how && other.value == self.value)
        {
            meanings.push(pattern);
        }
    }

    /// A name in PN form: each component group by itself, its parts, and its parts in every order.
    fn add_name(&mut self, value: &str) {
        for group in value.split('=') {
            let parts = words(group);
            if parts.len() == 1 && parts[0].chars().all(super::fold::is_dense) {
                self.add_dense_name(&parts[0]);
            }
            for part in &parts {
                self.add_part(part);
            }
            for order in orders(&parts) {
                self.add_joined(&order);
            }
            self.add_german_forms(group);
        }
    }

    /// `ä`, `ö` and `ü` are also written `ae`, `oe` and `ue`.
    fn add_german_forms(&mut self, group: &str) {
        let lower = group.to_lowercase();
        if lower.contains(['ä', 'ö', 'ü', 'ß']) {
            let other = lower
                .replace('ä', "ae")
                .replace('ö', "oe")
                .replace('ü', "ue")
                .replace('ß', "ss");
            words(&other).iter().for_each(|part| self.add_part(part));
        }
    }

    /// A Han or Hangul name written in one run: the family name is its first sign, or its first two.
    fn add_dense_name(&mut self, name: &str) {
        let signs: Vec<char> = name.chars().collect();
        for cut in [1, 2] {
            if signs.len() >= cut + 2 {
                self.add_part(&signs[cut..].iter().collect::<String>());
            }
        }
    }

    fn add_part(&mut self, part: &str) {
        let length = part.chars().count();
        let first = part.chars().next();
        if part.chars().any(super::fold::is_dense) {
            if length >= 2 && !self.lexicon.has_dense(part) {
                self.put(part.into(), TextKind::Name, Form::Part);
            }
            return;
        }
        if let Some(first) = first.filter(|first| first.is_alphabetic()) {
            self.initials.insert(first);
        }
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            if length >= SHORT_CODE {
                self.put(part.into(), TextKind::Identifier, Form::Whole);
            }
        } else if length >= 2 {
            let weak = self.lexicon.has(part) || SMALL_WORDS.contains(&part);
            self.put(
                part.into(),
                TextKind::Name,
                if weak { Form::Weak } else { Form::Part },
            );
        }
    }

    fn add_joined(&mut self, parts: &[&str]) {
        let joined: String = parts.concat();
        if joined.chars().count() >= 3 || joined.chars().any(super::fold::is_dense) {
            self.put(joined, TextKind::Name, Form::Whole);
        }
    }

    fn add_birth_date(&mut self, value: &str) {
        let digits: String = words(value).concat();
        if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        let (year, month, day) = (&digits[..4], &digits[4..6], &digits[6..]);
        for form in [
            [year, month, day].concat(),
            [day, month, year].concat(),
            [month, day, year].concat(),
        ] {
            self.put(form, TextKind::Date, Form::Whole);
        }
        for form in [
            [&year[2..], month, day].concat(),
            [day, month, &year[2..]].concat(),
        ] {
            self.put(form, TextKind::Date, Form::Whole);
        }
    }

    /// A place: all its words in their order, and each word that is no imaging term.
    fn add_words(&mut self, value: &str, kind: TextKind) {
        let parts = words(value);
        let whole = parts.concat();
        let length = whole.chars().count();
        let known_word = parts.len() == 1 && self.lexicon.has(&whole);
        let dense_term = self.lexicon.has_dense(&whole);
        if length >= SHORT_CODE && !known_word && !dense_term {
            self.put(whole, kind, Form::Whole);
        }
        let shortest = if kind == TextKind::Institution {
            SHORTEST_ACRONYM
        } else {
            LONG_PART
        };
        for part in parts {
            let dense = part.chars().any(super::fold::is_dense);
            if dense {
                self.add_dense_place(&part, kind);
            } else if part.chars().count() >= shortest
                && !part.bytes().any(|byte| byte.is_ascii_digit())
                && !self.lexicon.has(&part)
                && !PLACE_WORDS.contains(&part.as_str())
            {
                self.put(part, kind, Form::Part);
            }
        }
    }

    /// A Han place also goes without the word for what it is: 北京协和医院 also as 北京协和.
    fn add_dense_place(&mut self, part: &str, kind: TextKind) {
        const KINDS: [&str; 14] = [
            "大学附属医院",
            "附属医院",
            "人民医院",
            "中心医院",
            "医院",
            "醫院",
            "病院",
            "诊所",
            "診所",
            "大学",
            "大學",
            "병원",
            "医学院",
            "中心",
        ];
        for form in core::iter::once(part)
            .chain(KINDS.iter().filter_map(|suffix| part.strip_suffix(suffix)))
        {
            if form.chars().count() >= 2 && !self.lexicon.has_dense(form) {
                self.put(form.into(), kind, Form::Whole);
            }
        }
    }

    fn add_code(&mut self, value: &str, kind: TextKind) {
        let parts = words(value);
        let whole = parts.concat();
        let length = whole.chars().count();
        if length == 0 || (parts.len() == 1 && self.lexicon.has(&whole)) {
            return;
        }
        let how = if length >= SHORT_CODE {
            Form::Whole
        } else {
            Form::Labelled
        };
        // The number inside a code is as telling as the code: `HN-0048213` is also `0048213` and `48213`.
        for run in whole.split(|sign: char| !sign.is_ascii_digit()) {
            let bare = run.trim_start_matches('0');
            for form in [run, bare] {
                let shorter = form.len() < whole.len();
                let long = form.len() > SHORT_CODE
                    || (run.len() == whole.len() && form.len() == SHORT_CODE);
                if shorter && long {
                    self.put(form.into(), kind, Form::Whole);
                }
            }
        }
        self.put(whole, kind, how);
    }

    fn add_uid(&mut self, value: &str) {
        let digits = words(value).concat();
        if digits.len() >= 12 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.put(digits, TextKind::Uid, Form::Whole);
        }
    }
}

/// Small words that are family names too; they go only next to other parts.
const SMALL_WORDS: [&str; 24] = [
    "an", "do", "he", "ho", "so", "no", "to", "in", "of", "or", "my", "us", "is", "as", "at", "be",
    "on", "the", "and", "for", "may", "van", "de", "bin",
];

/// Words of many institutions and addresses, which name none.
const PLACE_WORDS: [&str; 30] = [
    "hospital",
    "clinic",
    "medical",
    "center",
    "centre",
    "university",
    "institute",
    "national",
    "general",
    "central",
    "department",
    "ward",
    "room",
    "floor",
    "street",
    "road",
    "avenue",
    "city",
    "state",
    "province",
    "district",
    "healthcare",
    "radiology",
    "imaging",
    "foundation",
    "north",
    "south",
    "east",
    "west",
    "saint",
];

/// The words of a value, folded.
fn words(value: &str) -> Vec<String> {
    let text = Folded::new(value);
    let mut found = Vec::new();
    let mut place = 0;
    while place < text.signs.len() {
        let joins = |class| matches!(class, Class::Letter | Class::Digit);
        let start = place;
        if joins(text.class(place)) {
            while place < text.signs.len() && joins(text.class(place)) {
                place += 1;
            }
            found.push(text.folded(start, place));
        } else if text.class(place) == Class::Dense {
            place = text.run_end(place);
            found.push(text.folded(start, place));
        } else {
            place += 1;
        }
    }
    found
}

/// The orders in which the parts of a name are searched: every selection of two or more for short names,
/// else the name as written, backwards, and with its first part last.
fn orders(parts: &[String]) -> Vec<Vec<&str>> {
    let all: Vec<&str> = parts.iter().map(String::as_str).collect();
    if all.len() < 2 {
        return Vec::new();
    }
    if all.len() > MOST_PERMUTED {
        let mut turned = all.clone();
        turned.rotate_left(1);
        let back = all.iter().rev().copied().collect();
        return vec![all, turned, back];
    }
    let mut found = Vec::new();
    extend_orders(&all, &mut Vec::new(), &mut found);
    found
}

fn extend_orders<'a>(all: &[&'a str], chosen: &mut Vec<usize>, found: &mut Vec<Vec<&'a str>>) {
    if chosen.len() >= 2 {
        found.push(chosen.iter().map(|index| all[*index]).collect());
    }
    for index in 0..all.len() {
        if !chosen.contains(&index) {
            chosen.push(index);
            extend_orders(all, chosen, found);
            chosen.pop();
        }
    }
}
