//! Lists of private attributes: PS3.15 Table E.3.10-1, and the dispositions of TCIA.

use super::data_lines;
use crate::policy::PrivateList;
use cloakroom_core::VR;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The restated Table E.3.10-1.
pub const STANDARD_SOURCE: &str = include_str!("../../../../profiles/standard/ps3.15-e.3.10-1.tsv");
/// The reduced dispositions of TCIA.
pub const TCIA_SOURCE: &str = include_str!("../../../../profiles/standard/tcia-private.tsv");

/// What a list says of a private attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// It may stay, by its VR.
    Keep,
    /// It goes.
    Delete,
    /// It holds a UID, which is mapped.
    MapUid,
    /// It holds a date, which follows the date policy.
    Date,
    /// It holds a date as an integer, which follows the date policy.
    IntegerDate,
}

/// An attribute of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedPrivate {
    /// The VR of the list; `UN` where it does not say or varies.
    pub vr: VR,
    /// What the list says.
    pub disposition: Disposition,
}

/// Low bytes of elements by group and creator.
type Lists = BTreeMap<u16, BTreeMap<&'static str, BTreeMap<u8, ListedPrivate>>>;

static STANDARD: LazyLock<Lists> = LazyLock::new(|| {
    let mut lists = Lists::new();
    for line in data_lines(STANDARD_SOURCE) {
        let mut fields = line.split('\t');
        if let (Some(creator), Some(group), Some(element), Some(vr)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        {
            let vr = vr.get(..2).and_then(|vr| vr.parse().ok()).unwrap_or(VR::UN);
            add(&mut lists, (creator, group, element), vr, Disposition::Keep);
        }
    }
    lists
});

static TCIA: LazyLock<Lists> = LazyLock::new(|| {
    let mut lists = Lists::new();
    for line in data_lines(TCIA_SOURCE) {
        let mut fields = line.split('\t');
        if let (Some(creator), Some(group), Some(words)) =
            (fields.next(), fields.next(), fields.next())
        {
            for word in words.split(' ') {
                add_word(&mut lists, creator, group, word);
            }
        }
    }
    lists
});

fn add_word(lists: &mut Lists, creator: &'static str, group: &str, word: &str) {
    let (Some(element), Some(vr), Some(letter)) = (word.get(..2), word.get(2..4), word.get(4..))
    else {
        return;
    };
    let disposition = match letter {
        "k" => Disposition::Keep,
        "h" => Disposition::MapUid,
        "o" => Disposition::Date,
        "oi" => Disposition::IntegerDate,
        _ => Disposition::Delete,
    };
    let vr = vr.parse().unwrap_or(VR::UN);
    add(lists, (creator, group, element), vr, disposition);
}

fn add(
    lists: &mut Lists,
    (creator, group, element): (&'static str, &str, &str),
    vr: VR,
    disposition: Disposition,
) {
    if let (Ok(group), Ok(element)) = (
        u16::from_str_radix(group, 16),
        u8::from_str_radix(element, 16),
    ) {
        lists
            .entry(group)
            .or_default()
            .entry(creator)
            .or_default()
            .insert(element, ListedPrivate { vr, disposition });
    }
}

fn lists(list: PrivateList) -> &'static Lists {
    match list {
        PrivateList::Standard => &STANDARD,
        PrivateList::Tcia => &TCIA,
    }
}

/// What a list says of (group, creator, low byte of the element). The creator matches to the letter,
/// without trailing spaces.
#[must_use]
pub fn listed(list: PrivateList, group: u16, creator: &str, element: u8) -> Option<ListedPrivate> {
    lists(list)
        .get(&group)?
        .get(creator.trim_end())?
        .get(&element)
        .copied()
}

/// Whether some list, used or not, knows the creator in this group; only such a creator may be named in evidence.
#[must_use]
pub fn is_known_creator(group: u16, creator: &str) -> bool {
    [PrivateList::Standard, PrivateList::Tcia]
        .into_iter()
        .any(|list| creator_elements(list, group, creator).next().is_some())
}

/// What a list says of every attribute of one creator in one group.
pub fn creator_elements(
    list: PrivateList,
    group: u16,
    creator: &str,
) -> impl Iterator<Item = (u8, ListedPrivate)> {
    lists(list)
        .get(&group)
        .and_then(|creators| creators.get(creator.trim_end()))
        .into_iter()
        .flatten()
        .map(|(element, listed)| (*element, *listed))
}

/// Every attribute of a list: group, creator, low byte of the element, and what the list says.
pub fn all(list: PrivateList) -> impl Iterator<Item = (u16, &'static str, u8, ListedPrivate)> {
    lists(list).iter().flat_map(|(group, creators)| {
        creators.iter().flat_map(move |(creator, elements)| {
            elements
                .iter()
                .map(move |(element, listed)| (*group, *creator, *element, *listed))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole() {
        assert_eq!(data_lines(STANDARD_SOURCE).count(), 479);
        assert_eq!(all(PrivateList::Standard).count(), 479);
        let words: usize = data_lines(TCIA_SOURCE)
            .filter_map(|line| line.split('\t').nth(2))
            .map(|words| words.split(' ').count())
            .sum();
        assert_eq!(all(PrivateList::Tcia).count(), words);
        let kept = all(PrivateList::Tcia)
            .filter(|(.., listed)| listed.disposition == Disposition::Keep)
            .count();
        assert_eq!(kept, 2132);
    }

    #[test]
    fn creators_match_to_the_letter() {
        let found = listed(PrivateList::Standard, 0x0019, "GEMS_ACQU_01 ", 0x23);
        assert_eq!(found.map(|listed| listed.vr), Some(VR::DS));
        assert_eq!(
            listed(PrivateList::Standard, 0x0019, "gems_acqu_01", 0x23),
            None
        );
        assert!(is_known_creator(0x0019, "GEMS_ACQU_01"));
        assert!(!is_known_creator(0x0019, "HOSPITAL OF ZHANG SAN"));
    }
}
