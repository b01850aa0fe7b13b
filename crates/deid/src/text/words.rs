//! The lexicon: words that may stay in free text, compiled in from `profiles/text/`.

use super::fold::{Class, Folded};
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, OnceLock};

const STANDARD: &str = include_str!("../../../../profiles/text/lexicon.txt");
const TECHNIQUE: &str = include_str!("../../../../profiles/text/technique.txt");
const ASIAN: &str = include_str!("../../../../profiles/text/asian.txt");
const TERMS: &str = include_str!("../../../../profiles/text/terms.txt");
const NAMES: &str = include_str!("../../../../profiles/text/names.txt");

/// The longest dense term that is looked for, in signs.
const LONGEST_TERM: usize = 16;

/// The imaging terms of the shipped lists.
///
/// The set is only ever asked, never walked, so its order reaches nothing.
pub struct Lexicon {
    words: HashSet<Box<str>>,
    dense: HashSet<Box<str>>,
    names: HashSet<&'static str>,
    terms: HashSet<&'static str>,
}

/// Words that a person at the site has approved; they stay as if they were in the lexicon.
#[derive(Default)]
pub struct ApprovedWords(BTreeSet<String>);

impl ApprovedWords {
    /// Takes words or dense terms in any case.
    #[must_use]
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let fold = |word: &str| {
            let folded = Folded::new(word.trim());
            folded.folded(0, folded.signs.len())
        };
        Self(
            words
                .into_iter()
                .map(fold)
                .filter(|word| !word.is_empty())
                .collect(),
        )
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        !self.0.is_empty() && self.0.contains(word)
    }
}

fn entries(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
}

/// Terms of the standard, each a line of its own.
fn terms() -> impl Iterator<Item = &'static str> {
    TERMS.lines().filter(|line| !line.starts_with('#'))
}

impl Lexicon {
    /// The shipped lexicon, made once.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        static SHIPPED: OnceLock<Arc<Lexicon>> = OnceLock::new();
        SHIPPED.get_or_init(|| Arc::new(Self::build())).clone()
    }

    fn build() -> Self {
        let names: HashSet<&'static str> = entries(NAMES).collect();
        let mut words: HashSet<Box<str>> = entries(STANDARD)
            .chain(entries(TECHNIQUE))
            .map(Into::into)
            .collect();
        let mut dense = HashSet::new();
        for term in entries(ASIAN) {
            let folded = Folded::new(term);
            let length = folded.signs.len();
            if folded.signs.iter().any(|sign| sign.class == Class::Dense) {
                dense.insert(folded.folded(0, length).into());
                continue;
            }
            words.insert(folded.plain(0, length).into());
            // Without its marks a word may be a name, and then it needs its marks to stay.
            let bare = folded.folded(0, length);
            if !names.contains(bare.as_str()) {
                words.insert(bare.into());
            }
        }
        Self {
            words,
            dense,
            names,
            terms: terms().collect(),
        }
    }

    /// Whether a folded word is an imaging term.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Whether a whole coded value is a term that the standard defines.
    pub(crate) fn is_defined_term(&self, value: &str) -> bool {
        self.terms.contains(value)
    }

    /// Whether a folded word is a common personal name.
    pub(crate) fn is_name(&self, word: &str) -> bool {
        self.names.contains(word)
    }

    /// Whether a folded run of dense signs is a term by itself.
    pub(crate) fn has_dense(&self, term: &str) -> bool {
        self.dense.contains(term)
    }

    /// How many signs of a dense run, from its beginning, one term covers at most; 0 where none does.
    pub(crate) fn longest_dense(&self, run: &[char], approved: &ApprovedWords) -> usize {
        let longest = run.len().min(LONGEST_TERM);
        let mut term: String = run[..longest].iter().collect();
        for length in (1..=longest).rev() {
            if self.dense.contains(term.as_str()) || approved.has(&term) {
                return length;
            }
            term.pop();
        }
        0
    }

    /// Whether terms cover a dense run from end to end.
    pub(crate) fn covers(&self, run: &[char], approved: &ApprovedWords) -> bool {
        let mut place = 0;
        while place < run.len() {
            match self.longest_dense(&run[place..], approved) {
                0 => return false,
                length => place += length,
            }
        }
        true
    }

    /// Whether a word is an imaging term in one of its forms: as it is, in the plural, or two terms joined.
    pub(crate) fn knows(&self, folded: &str, approved: &ApprovedWords) -> bool {
        if self.has(folded) || approved.has(folded) {
            return true;
        }
        if self.is_name(folded) {
            return false;
        }
        let singular = folded.strip_suffix('s').filter(|stem| stem.len() >= 4);
        if singular.is_some_and(|stem| self.has(stem) && !self.is_name(stem)) {
            return true;
        }
        folded.is_ascii()
            && folded.len() >= 8
            && (4..=folded.len() - 4)
                .any(|cut| self.has(&folded[..cut]) && self.has(&folded[cut..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_disjoint_from_names() {
        let words: Vec<&str> = entries(STANDARD).collect();
        assert!(words.len() > 7000);
        assert!(
            words.windows(2).all(|pair| pair[0] < pair[1]),
            "sorted, each once"
        );
        let names: HashSet<&str> = entries(NAMES).collect();
        let both: Vec<&&str> = words.iter().filter(|word| names.contains(**word)).collect();
        assert!(both.is_empty(), "{both:?}");
        let size = STANDARD.len() + TECHNIQUE.len() + ASIAN.len() + NAMES.len();
        assert!(size < 400_000, "{size}");
    }

    #[test]
    fn terms_are_codes_sorted_each_once() {
        let all: Vec<&str> = terms().collect();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        for term in all {
            let sound = term.bytes().all(|byte| {
                byte.is_ascii_uppercase() || byte.is_ascii_digit() || b" _".contains(&byte)
            });
            assert!(sound && (1..=16).contains(&term.len()), "{term}");
        }
    }

    #[test]
    fn technique_is_lower_case_letters_and_digits() {
        for word in entries(TECHNIQUE) {
            assert!(!word.chars().any(char::is_uppercase), "{word}");
        }
    }

    #[test]
    fn imaging_words_are_known_and_names_are_not() {
        let (lexicon, none) = (Lexicon::shipped(), ApprovedWords::default());
        for word in [
            "chest", "mprage", "flair", "thorax", "nodules", "magnetom", "headneck", "kepala",
            "phổi", "dwi",
        ] {
            assert!(lexicon.knows(word, &none), "{word}");
        }
        for word in [
            "nguyen", "smith", "zhang", "kowloon", "siriraj", "tanaka", "putri", "goodman", "hanoi",
        ] {
            assert!(!lexicon.knows(word, &none), "{word}");
        }
        assert!(lexicon.knows("kowloon", &ApprovedWords::new(["Kowloon"])));
    }

    #[test]
    fn dense_terms_match_by_the_longest() {
        let (lexicon, none) = (Lexicon::shipped(), ApprovedWords::default());
        let run = |text: &str| text.chars().collect::<Vec<_>>();
        assert!(lexicon.covers(&run("胸部平扫加增强"), &none));
        assert!(!lexicon.covers(&run("王小东胸部"), &none));
        assert_eq!(lexicon.longest_dense(&run("胸部平扫"), &none), 2);
    }
}
