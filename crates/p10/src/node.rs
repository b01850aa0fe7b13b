//! The arena of nodes: data elements and Items in preorder.

use crate::syntax::Encoding;
use dicom_core::{Tag, VR};

/// A data element or an Item of one object, by its place in the order of the file.
///
/// Ids of one object mean nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

/// No node: the parent of top-level elements, the creator of public ones.
pub(crate) const NONE: u32 = u32::MAX;

/// What a node holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A value.
    Primitive,
    /// Items.
    Sequence,
    /// Elements, inside a Sequence.
    Item,
    /// Fragments of encapsulated data, from the item tag of the first to the end of the delimiter.
    Fragments,
}

/// Facts of one node, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u8);

impl Flags {
    pub(crate) const EXPLICIT: u8 = 1;
    pub(crate) const BIG: u8 = 2;
    /// The length is undefined, and a delimiter ends the value.
    pub(crate) const UNDEFINED: u8 = 4;
    /// The bytes of the header or of the value's end cannot be written as they are.
    pub(crate) const REWRITE: u8 = 8;
    /// An Item whose elements do not ascend.
    pub(crate) const UNORDERED: u8 = 16;
    /// The delimiter that ends the value is missing in the bytes.
    pub(crate) const NO_DELIMITER: u8 = 32;
    /// The top-level pixel value.
    pub(crate) const BULK: u8 = 64;

    pub(crate) fn of(encoding: Encoding) -> Self {
        let explicit = u8::from(encoding.explicit) * Self::EXPLICIT;
        Self(explicit | (u8::from(encoding.big) * Self::BIG))
    }

    pub(crate) const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    pub(crate) fn set(&mut self, bit: u8) {
        self.0 |= bit;
    }
}

/// A data element or an Item.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    /// The first byte of the tag.
    pub(crate) header: u64,
    /// Bytes of the value, without a delimiter that ends it; for [`Kind::Fragments`] with it.
    pub(crate) length: u64,
    /// The tag; for an Item its number in the Sequence, from 0, in two halves.
    pub(crate) tag: Tag,
    /// The node after this one's subtree.
    pub(crate) next: u32,
    /// The Item or Sequence that encloses it.
    pub(crate) parent: u32,
    /// For a private element the node of its Private Creator; for an Item the number of its character set.
    pub(crate) extra: u32,
    pub(crate) header_length: u8,
    pub(crate) vr: VR,
    pub(crate) kind: Kind,
    pub(crate) flags: Flags,
}

impl Node {
    pub(crate) fn encoding(&self) -> Encoding {
        Encoding {
            explicit: self.flags.has(Flags::EXPLICIT),
            big: self.flags.has(Flags::BIG),
        }
    }

    /// The first byte of the value.
    pub(crate) fn value(&self) -> u64 {
        self.header + u64::from(self.header_length)
    }

    /// One past the last byte of the value.
    pub(crate) fn value_end(&self) -> u64 {
        self.value() + self.length
    }

    /// One past the last byte, delimiter included.
    pub(crate) fn end(&self) -> u64 {
        let delimited = self.flags.has(Flags::UNDEFINED) && self.kind != Kind::Fragments;
        self.value_end() + if delimited { 8 } else { 0 }
    }

    pub(crate) fn item_number(&self) -> u32 {
        (u32::from(self.tag.0) << 16) | u32::from(self.tag.1)
    }
}

pub(crate) fn item_number_as_tag(number: u32) -> Tag {
    Tag((number >> 16) as u16, number as u16)
}
