//! Attributes of the standard without a row in Table E.1-1, reviewed one group at a time.

use super::{data_lines, number_of, parse_tag};
use cloakroom_core::Tag;
use std::sync::LazyLock;

/// The reviewed list, as it stands in the project.
pub const SOURCE: &str = include_str!("../../../../profiles/standard/unlisted-attributes.tsv");

macro_rules! groups {
    ($( $member:ident = $name:literal, $reason:literal; )+) => {
        /// Why attributes without a row are treated alike.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Group { $( #[doc = $reason] $member, )+ }

        impl Group {
            /// Every group.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            /// The name the list uses.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$member => $name),+ }
            }

            /// The rule id of a decision by this group.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$member => concat!("gap:", $name)),+ }
            }

            /// Why, in words.
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$member => $reason),+ }
            }
        }
    };
}

groups! {
    Calendar = "calendar", "birth and death dates written outside DA, and the calendar that tells the country";
    Date = "date", "dates and times without a row";
    Url = "url", "addresses of servers and files, with hosts and UIDs in them";
    Issuer = "issuer", "who gave out an identifier, which names the hospital";
    Identifier = "identifier", "numbers that point at a patient, an order, a specimen or a file";
    Person = "person", "people other than the patient";
    Institution = "institution", "places and organisations";
    Device = "device", "one device";
    Host = "host", "hosts of the network";
    PrivateDeclaration = "private-declaration", "what a sender says of its private attributes, which no longer holds";
    Signature = "signature", "signatures, digests and encrypted originals, which no longer hold or hold too much";
    Uid = "uid", "UIDs of instances, spaces and makers";
    StructuralUid = "structural-uid", "UIDs of classes, syntaxes and coding schemes, which stay under every option (PS3.15 E.3.9 note 4)";
    Code = "code", "codes and their meanings, because local schemes name wards and doctors";
    ContentItems = "content-items", "content items outside Content Sequence";
    Technical = "technical", "words of makers about machines and methods";
    Label = "label", "labels and descriptions that a person typed or chose";
    Bulk = "bulk", "binary values whose meaning the standard fixes";
    Opaque = "opaque", "binary values that can carry text, profiles or anything";
}

/// An attribute of the reviewed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviewed {
    /// The attribute.
    pub tag: Tag,
    /// Its keyword.
    pub keyword: &'static str,
    /// Its group.
    pub group: Group,
}

static LIST: LazyLock<Vec<Reviewed>> = LazyLock::new(|| {
    let mut list: Vec<_> = data_lines(SOURCE).filter_map(parse).collect();
    list.sort_by_key(|reviewed| number_of(reviewed.tag));
    list
});

fn parse(line: &'static str) -> Option<Reviewed> {
    let mut fields = line.split('\t');
    Some(Reviewed {
        tag: parse_tag(fields.next()?)?,
        keyword: fields.next()?,
        group: {
            let name = fields.next()?;
            *Group::ALL.iter().find(|group| group.name() == name)?
        },
    })
}

/// Every reviewed attribute, in the order of the tags.
#[must_use]
pub fn reviewed() -> &'static [Reviewed] {
    &LIST
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::table;

    #[test]
    fn every_line_counts_and_none_has_a_row() {
        assert_eq!(reviewed().len(), data_lines(SOURCE).count());
        assert!(reviewed().windows(2).all(|pair| pair[0].tag != pair[1].tag));
        for attribute in reviewed() {
            assert_eq!(table::row(attribute.tag), None, "{}", attribute.keyword);
        }
    }
}
