//! The standard's own tables, restated as data files of the project and compiled in.

pub mod content_items;
pub mod iod_types;
pub mod private_attributes;
pub mod table;
pub mod unlisted;

use cloakroom_core::VR;
use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_dictionary_std::StandardDataDictionary;

/// The edition of DICOM whose tables these are.
pub const EDITION: &str = "2026d";

/// The rows of a tab separated file, without comments and without the line of column names.
fn data_lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .skip(1)
}

/// A tag written GGGGEEEE.
fn parse_tag(text: &str) -> Option<Tag> {
    let sound = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(text, 16).ok().filter(|_| sound)?;
    Some(tag_of(number))
}

/// A tag from its number.
pub(crate) const fn tag_of(number: u32) -> Tag {
    Tag((number >> 16) as u16, (number & 0xFFFF) as u16)
}

/// The number of a tag.
pub(crate) const fn number_of(tag: Tag) -> u32 {
    ((tag.0 as u32) << 16) | tag.1 as u32
}

/// The VR of an attribute of the standard; where the standard leaves a choice, the first of it.
///
/// `None` for what neither the dictionary nor the table knows.
#[must_use]
pub fn vr_of(tag: Tag) -> Option<VR> {
    if tag.0 % 2 == 1 {
        return None;
    }
    let Some(entry) = StandardDataDictionary.by_tag(tag) else {
        return table::row(tag).and_then(|row| row.vr);
    };
    Some(match entry.vr() {
        VirtualVr::Exact(vr) => vr,
        VirtualVr::Xs | VirtualVr::Lt => VR::US,
        VirtualVr::Ox | VirtualVr::Px => VR::OW,
        _ => VR::UN,
    })
}

/// The keyword of an attribute of the standard.
#[must_use]
pub fn keyword_of(tag: Tag) -> Option<&'static str> {
    if tag.0 % 2 == 1 {
        return None;
    }
    table::row(tag)
        .map(|row| row.keyword)
        .filter(|_| !matches!(tag.0 & 0xFF00, 0x5000 | 0x6000))
        .or_else(|| {
            StandardDataDictionary
                .by_tag(tag)
                .map(DataDictionaryEntry::alias)
        })
}

/// The tag of an attribute of the standard, by its keyword.
#[must_use]
pub fn tag_by_keyword(keyword: &str) -> Option<Tag> {
    if let Some(entry) = StandardDataDictionary.by_name(keyword) {
        return Some(entry.tag_range().inner());
    }
    table::rows()
        .iter()
        .find(|row| row.keyword == keyword)
        .and_then(|row| row.tag.exact())
}
