//! Cleaning one text: known values, then recognisers, then the lexicon; and tidying what is left.

use super::calendar::Doubt;
use super::contact::LongRun;
use super::fold::{Class, Folded};
use super::kind::{Span, TextKind, TextRemovals};
use super::known::KnownMatcher;
use super::people::People;
use super::tidy;
use super::words::{ApprovedWords, Lexicon};
use super::{ages, calendar, contact, national};
use cloakroom_core::Phi;
use std::sync::Arc;

/// What becomes of words that nothing knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownWord {
    /// They go until a person approves them.
    Remove,
    /// They stay, but for what the text itself announces as a name, a number or an address.
    Keep,
}

/// Cleans texts of one patient.
#[derive(Clone)]
pub struct TextCleaner {
    lexicon: Arc<Lexicon>,
    approved: Arc<ApprovedWords>,
    known: KnownMatcher,
    unknown: UnknownWord,
    age_limit: u32,
}

/// A cleaned text.
#[derive(Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// The text that is left; `None` where nothing was removed.
    pub text: Option<String>,
    /// What was removed.
    pub removed: TextRemovals,
    /// The words that went because nothing knows them, for the officer to approve.
    pub unknown: Vec<Phi<String>>,
}

impl TextCleaner {
    /// A cleaner for one patient. `age_limit` is in years: an age above it goes.
    #[must_use]
    pub const fn new(
        lexicon: Arc<Lexicon>,
        approved: Arc<ApprovedWords>,
        known: KnownMatcher,
        unknown: UnknownWord,
        age_limit: u32,
    ) -> Self {
        Self {
            lexicon,
            approved,
            known,
            unknown,
            age_limit,
        }
    }

    /// The known values of the patient.
    #[must_use]
    pub const fn known(&self) -> &KnownMatcher {
        &self.known
    }

    /// Cleans a text until nothing more goes: words that come to stand next to each other may mean something new.
    #[must_use]
    pub fn clean(&self, text: &str) -> Cleaned {
        let mut cleaned = self.clean_once(text);
        for _ in 0..MOST_PASSES {
            let Some(left) = &cleaned.text else { break };
            let again = self.clean_once(left);
            if again.text.is_none() {
                break;
            }
            cleaned.text = again.text;
            cleaned.removed.merge(&again.removed);
            cleaned.unknown.extend(again.unknown);
        }
        cleaned
    }

    fn clean_once(&self, text: &str) -> Cleaned {
        let folded = Folded::new(text);
        let mut spans = self.known.spans(&folded, &self.lexicon, &self.approved);
        let (doubt, long) = match self.unknown {
            UnknownWord::Remove => (Doubt::Goes, LongRun::DOUBTED),
            UnknownWord::Keep => (Doubt::Stays, LongRun::CERTAIN),
        };
        calendar::find(&folded, doubt, &mut spans);
        ages::find(&folded, self.age_limit, &mut spans);
        national::find(&folded, &mut spans);
        contact::find(&folded, long, &mut spans);
        let people = People {
            text: &folded,
            lexicon: &self.lexicon,
            approved: &self.approved,
        };
        if self.unknown == UnknownWord::Remove {
            people.find(&mut spans);
        } else {
            people.find_announced(&mut spans);
        }
        let mut unknown = Vec::new();
        if self.unknown == UnknownWord::Remove {
            let known = merge(spans.clone());
            self.find_unknown(&folded, &known, &mut spans, &mut unknown);
        }
        let merged = merge(spans);
        if merged.is_empty() {
            return Cleaned {
                text: None,
                removed: TextRemovals::default(),
                unknown,
            };
        }
        let mut removed = TextRemovals::default();
        merged.iter().for_each(|span| removed.add(span.kind, 1));
        let left = tidy::without(text, &folded, &merged);
        Cleaned {
            text: Some(left),
            removed,
            unknown,
        }
    }

    /// Whether a text would stay as it is.
    #[must_use]
    pub fn is_clean(&self, text: &str) -> bool {
        self.clean(text).text.is_none()
    }

    /// Finds the words that neither a span covers nor the lexicon knows.
    fn find_unknown(
        &self,
        text: &Folded,
        known: &[Span],
        spans: &mut Vec<Span>,
        unknown: &mut Vec<Phi<String>>,
    ) {
        let mut place = 0;
        while place < text.signs.len() {
            if let Some(span) = covering(known, place) {
                place = span.end;
                continue;
            }
            let limit = known
                .iter()
                .map(|span| span.start)
                .find(|start| *start > place)
                .unwrap_or(text.signs.len());
            let end = match text.class(place) {
                Class::Letter | Class::Digit => chunk_end(text, place).min(limit),
                Class::Dense => text.run_end(place).min(limit),
                Class::Space | Class::Mark => {
                    place += 1;
                    continue;
                }
            };
            if text.class(place) == Class::Dense {
                self.judge_dense(text, place, end, spans, unknown);
            } else {
                self.judge_chunk(text, place, end, spans, unknown);
            }
            place = end;
        }
    }

    /// A run of dense signs: what no term covers goes.
    fn judge_dense(
        &self,
        text: &Folded,
        start: usize,
        end: usize,
        spans: &mut Vec<Span>,
        unknown: &mut Vec<Phi<String>>,
    ) {
        let run: Vec<char> = text.signs[start..end]
            .iter()
            .map(|sign| sign.fold)
            .collect();
        let (mut place, mut lost) = (0, None);
        let mut drop = |from: usize, to: usize| {
            spans.push(Span {
                start: start + from,
                end: start + to,
                kind: TextKind::UnknownWord,
            });
            unknown.push(Phi::new(run[from..to].iter().collect()));
        };
        while place < run.len() {
            let length = self.lexicon.longest_dense(&run[place..], &self.approved);
            if length == 0 {
                lost.get_or_insert(place);
                place += 1;
                continue;
            }
            // A single sign between signs that are lost is more likely a part of a name than a word.
            let alone = length == 1 && lost.is_some();
            if alone
                && (place + 1 == run.len()
                    || self
                        .lexicon
                        .longest_dense(&run[place + 1..], &self.approved)
                        < 2)
            {
                place += 1;
                continue;
            }
            if let Some(from) = lost.take() {
                drop(from, place);
            }
            place += length;
        }
        if let Some(from) = lost {
            drop(from, run.len());
        }
    }

    /// A chunk of letters and digits: each run of letters must be known or short, each run of digits short.
    fn judge_chunk(
        &self,
        text: &Folded,
        start: usize,
        end: usize,
        spans: &mut Vec<Span>,
        unknown: &mut Vec<Phi<String>>,
    ) {
        let whole = text.folded(start, end);
        let letters_only = text.signs[start..end]
            .iter()
            .all(|sign| sign.class == Class::Letter);
        if self.lexicon.has(&whole) || self.approved.has(&whole) {
            return;
        }
        let digits = text.signs[start..end]
            .iter()
            .filter(|sign| sign.class == Class::Digit)
            .count();
        if letters_only || digits < MOST_DIGITS {
            self.judge_runs(text, start, end, spans, unknown);
            if digits == 4 && end - start == 4 && is_year_alone(text, start, end) {
                spans.push(Span {
                    start,
                    end,
                    kind: TextKind::Date,
                });
            }
        } else {
            spans.push(Span {
                start,
                end,
                kind: TextKind::Number,
            });
        }
    }

    fn judge_runs(
        &self,
        text: &Folded,
        start: usize,
        end: usize,
        spans: &mut Vec<Span>,
        unknown: &mut Vec<Phi<String>>,
    ) {
        let mut place = start;
        while place < end {
            let run = text.run_end(place).min(end);
            if text.class(place) == Class::Letter && !self.letters_stay(text, place, run) {
                spans.push(Span {
                    start: place,
                    end: run,
                    kind: TextKind::UnknownWord,
                });
                unknown.push(Phi::new(text.plain(place, run)));
            }
            place = run;
        }
    }

    fn letters_stay(&self, text: &Folded, start: usize, end: usize) -> bool {
        let word = text.folded(start, end);
        if self.lexicon.knows(&word, &self.approved) || self.lexicon.has(&text.plain(start, end)) {
            return true;
        }
        if self.is_short_term(text, start, end, &word) {
            return true;
        }
        self.humps_stay(text, start, end)
    }

    /// Abbreviations: one or two letters, or three capitals, unless people are called so.
    fn is_short_term(&self, text: &Folded, start: usize, end: usize, word: &str) -> bool {
        let length = end - start;
        let capitals = text.signs[start..end].iter().all(|sign| sign.upper);
        let digit_joined =
            text.class(end) == Class::Digit || (start > 0 && text.class(start - 1) == Class::Digit);
        word.is_ascii()
            && (length == 1 || !self.lexicon.is_name(word))
            && (length <= 2 || (length == 3 && (capitals || digit_joined)))
    }

    /// `ThoraxRoutine`: each hump is a term of its own.
    fn humps_stay(&self, text: &Folded, start: usize, end: usize) -> bool {
        let mut cuts: Vec<usize> = (start + 1..end)
            .filter(|place| text.begins(*place))
            .collect();
        if cuts.is_empty() {
            return false;
        }
        cuts.push(end);
        let mut from = start;
        cuts.into_iter().all(|to| {
            let word = text.folded(from, to);
            let known = self.lexicon.knows(&word, &self.approved)
                || (to - from <= 2 && !self.lexicon.is_name(&word));
            from = to;
            known
        })
    }
}

/// A text shrinks with every pass, and is settled after two of them but for texts made to need more.
const MOST_PASSES: usize = 8;

/// A chunk with this many digits is a number of something, whatever stands between them.
const MOST_DIGITS: usize = 7;

fn chunk_end(text: &Folded, start: usize) -> usize {
    let mut end = start;
    while matches!(text.class(end), Class::Letter | Class::Digit) {
        end += 1;
    }
    end
}

/// Four digits that read as a year of this time, with no decimal and no unit next to them.
fn is_year_alone(text: &Folded, start: usize, end: usize) -> bool {
    let value: u32 = text.folded(start, end).parse().unwrap_or(0);
    let mark = |place: Option<usize>, marks: &[char]| {
        place
            .and_then(|place| text.at(place))
            .is_some_and(|sign| marks.contains(&sign.fold))
    };
    let decimal = mark(start.checked_sub(1), &['.', '/', '*']) || mark(Some(end), &['.', '*', '%']);
    let after = if text.class(end) == Class::Space {
        end + 1
    } else {
        end
    };
    let next = if text.class(after) == Class::Letter {
        text.folded(after, text.run_end(after))
    } else {
        String::new()
    };
    let measured = matches!(
        next.as_str(),
        "ms" | "msec" | "mm" | "hz" | "us" | "x" | "hu" | "ml" | "gy" | "cgy"
    );
    let before = text.folded(start.saturating_sub(5), start);
    let standard = before.trim_end().ends_with("jpeg") || before.trim_end().ends_with("j2k");
    matches!(value, 1900..=2035 | 2443..=2578) && !decimal && !measured && !standard
}

fn covering(spans: &[Span], place: usize) -> Option<Span> {
    let index = spans.partition_point(|span| span.end <= place);
    spans.get(index).copied().filter(|span| span.start <= place)
}

/// Sorts spans and joins those that overlap; what was found first by kind names the whole.
fn merge(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| span.start < span.end);
    spans.sort_by_key(|span| (span.start, core::cmp::Reverse(span.end), span.kind));
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}
