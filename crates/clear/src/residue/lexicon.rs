//! Words of everyday imaging use, which tell nothing of a person by themselves: the shipped lists.

use super::fold::fold;
use std::collections::HashSet;
use std::sync::LazyLock;

const LISTS: [&str; 3] = [
    include_str!("../../../../profiles/text/lexicon.txt"),
    include_str!("../../../../profiles/text/technique.txt"),
    include_str!("../../../../profiles/text/asian.txt"),
];

/// The set is only ever asked, never walked, so its order reaches nothing.
static WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let lines = LISTS.iter().flat_map(|list| list.lines());
    lines
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .map(fold)
        .collect()
});

/// Whether a folded word is on the lists.
pub(crate) fn is_everyday(word: &str) -> bool {
    WORDS.contains(word)
}
