//! The element tree of one object, as views into its bytes.

use crate::dictionary::dictionary_vr;
use crate::node::{Flags, Kind, NONE, Node, NodeId};
use crate::source::Source;
use crate::syntax::ByteOrder;
use crate::text::{self, CharacterSet, TextError, UnknownCharacterSet};
use cloakroom_core::{AttributePath, ByteRange};
use dicom_core::{Tag, VR};
use std::sync::Arc;

/// A part of a file that was read into memory.
pub(crate) struct Segment {
    pub(crate) start: u64,
    pub(crate) bytes: Vec<u8>,
}

/// The bytes that the nodes refer to.
pub(crate) enum Bytes {
    /// The source has them all in memory.
    Lent(Arc<dyn Source>),
    /// What was read of the source, in ascending order.
    Read(Vec<Segment>),
}

impl Bytes {
    /// Bytes `start..end` if they are in memory.
    pub(crate) fn get(&self, start: u64, end: u64) -> Option<&[u8]> {
        match self {
            Self::Lent(source) => slice(source.bytes()?, 0, start, end),
            Self::Read(segments) => segments
                .iter()
                .rev()
                .find(|segment| segment.start <= start)
                .and_then(|segment| slice(&segment.bytes, segment.start, start, end)),
        }
    }
}

fn slice(bytes: &[u8], base: u64, start: u64, end: u64) -> Option<&[u8]> {
    let from = usize::try_from(start.checked_sub(base)?).ok()?;
    let to = usize::try_from(end.checked_sub(base)?).ok()?;
    bytes.get(from..to)
}

/// The elements of one object, at all depths.
pub struct DataSet {
    pub(crate) nodes: Vec<Node>,
    pub(crate) bytes: Bytes,
    /// The character sets that occur; the first is the default repertoire.
    pub(crate) character_sets: Vec<Result<CharacterSet, UnknownCharacterSet>>,
    pub(crate) root_character_set: u32,
    /// Whether the top-level elements do not ascend.
    pub(crate) unordered: bool,
    /// Whether Pixel Representation is 1.
    pub(crate) signed: bool,
}

impl DataSet {
    /// The top-level elements, in the order of the bytes.
    #[must_use]
    pub fn elements(&self) -> Elements<'_> {
        Elements {
            set: self,
            next: 0,
            end: self.nodes.len() as u32,
        }
    }

    /// The first top-level element of a tag.
    #[must_use]
    pub fn get(&self, tag: Tag) -> Option<ElementRef<'_>> {
        find(self.elements(), tag, !self.unordered)
    }

    /// Every element at every depth, each before what it encloses.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        Walk { set: self, next: 0 }
    }

    /// How many elements and Items there are, at all depths.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// An element by its id; `None` for the id of an Item or of another object.
    #[must_use]
    pub fn element(&self, id: NodeId) -> Option<ElementRef<'_>> {
        let node = self.nodes.get(id.0 as usize)?;
        (node.kind != Kind::Item).then_some(ElementRef {
            set: self,
            index: id.0,
        })
    }

    /// An Item by its id; `None` for the id of an element or of another object.
    #[must_use]
    pub fn item(&self, id: NodeId) -> Option<ItemRef<'_>> {
        let node = self.nodes.get(id.0 as usize)?;
        (node.kind == Kind::Item).then_some(ItemRef {
            set: self,
            index: id.0,
        })
    }

    /// The character set of the top level.
    ///
    /// # Errors
    /// If (0008,0005) names one that is unknown or contradicts itself.
    pub fn charset(&self) -> Result<&CharacterSet, UnknownCharacterSet> {
        self.character_set(self.root_character_set)
    }

    /// Whether every (0008,0005) of the object, at every depth, names a character set that is known.
    #[must_use]
    pub fn charsets_are_known(&self) -> bool {
        self.character_sets.iter().all(Result::is_ok)
    }

    fn character_set(&self, number: u32) -> Result<&CharacterSet, UnknownCharacterSet> {
        match self.character_sets.get(number as usize) {
            Some(Ok(set)) => Ok(set),
            _ => Err(UnknownCharacterSet),
        }
    }

    /// Where a node stands; for an Item, where its Sequence stands.
    pub(crate) fn path(&self, index: u32) -> AttributePath {
        let mut items = Vec::new();
        let mut node = self.nodes[index as usize];
        if node.kind == Kind::Item {
            node = self.nodes[node.parent as usize];
        }
        let tag = node.tag;
        while node.parent != NONE {
            let item = self.nodes[node.parent as usize];
            node = self.nodes[item.parent as usize];
            items.push((node.tag, item.item_number()));
        }
        items.reverse();
        AttributePath { items, tag }
    }
}

fn find<'a>(mut elements: Elements<'a>, tag: Tag, ordered: bool) -> Option<ElementRef<'a>> {
    elements
        .find(|element| element.tag() == tag || (ordered && element.tag() > tag))
        .filter(|element| element.tag() == tag)
}

/// The elements of one data set, in the order of the bytes.
#[derive(Clone)]
pub struct Elements<'a> {
    set: &'a DataSet,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Elements<'a> {
    type Item = ElementRef<'a>;

    fn next(&mut self) -> Option<ElementRef<'a>> {
        (self.next < self.end).then(|| {
            let index = self.next;
            self.next = self.set.nodes[index as usize].next;
            ElementRef {
                set: self.set,
                index,
            }
        })
    }
}

/// The Items of one Sequence.
#[derive(Clone)]
pub struct Items<'a>(Elements<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = ItemRef<'a>;

    fn next(&mut self) -> Option<ItemRef<'a>> {
        self.0.next().map(|node| ItemRef {
            set: node.set,
            index: node.index,
        })
    }
}

/// Every element of an object in preorder.
#[derive(Clone)]
pub struct Walk<'a> {
    set: &'a DataSet,
    next: u32,
}

impl<'a> Iterator for Walk<'a> {
    type Item = ElementRef<'a>;

    fn next(&mut self) -> Option<ElementRef<'a>> {
        loop {
            let index = self.next;
            let node = self.set.nodes.get(index as usize)?;
            self.next += 1;
            if node.kind != Kind::Item {
                return Some(ElementRef {
                    set: self.set,
                    index,
                });
            }
        }
    }
}

/// An Item of a Sequence.
#[derive(Clone, Copy)]
pub struct ItemRef<'a> {
    set: &'a DataSet,
    index: u32,
}

impl<'a> ItemRef<'a> {
    fn node(self) -> &'a Node {
        &self.set.nodes[self.index as usize]
    }

    /// The name of this Item in [`crate::Edits`].
    #[must_use]
    pub const fn id(self) -> NodeId {
        NodeId(self.index)
    }

    /// The number of the Item in its Sequence, from 0.
    #[must_use]
    pub fn number(self) -> u32 {
        self.node().item_number()
    }

    /// The Sequence that holds the Item.
    #[must_use]
    pub fn sequence(self) -> ElementRef<'a> {
        ElementRef {
            set: self.set,
            index: self.node().parent,
        }
    }

    /// The elements, in the order of the bytes.
    #[must_use]
    pub fn elements(self) -> Elements<'a> {
        Elements {
            set: self.set,
            next: self.index + 1,
            end: self.node().next,
        }
    }

    /// The first element of a tag.
    #[must_use]
    pub fn get(self, tag: Tag) -> Option<ElementRef<'a>> {
        find(
            self.elements(),
            tag,
            !self.node().flags.has(Flags::UNORDERED),
        )
    }

    /// The character set in force in this Item.
    ///
    /// # Errors
    /// If (0008,0005) names one that is unknown or contradicts itself.
    pub fn charset(self) -> Result<&'a CharacterSet, UnknownCharacterSet> {
        self.set.character_set(self.node().extra)
    }
}

/// A data element.
#[derive(Clone, Copy)]
pub struct ElementRef<'a> {
    set: &'a DataSet,
    index: u32,
}

impl<'a> ElementRef<'a> {
    pub(crate) fn node(self) -> &'a Node {
        &self.set.nodes[self.index as usize]
    }

    /// The name of this element in [`crate::Edits`].
    #[must_use]
    pub const fn id(self) -> NodeId {
        NodeId(self.index)
    }

    /// The tag.
    #[must_use]
    pub fn tag(self) -> Tag {
        self.node().tag
    }

    /// The VR that the value has: SQ where Items were found in UN, and the dictionary's where a standard
    /// attribute is stated as UN. See [`ElementRef::stated_vr`].
    #[must_use]
    pub fn vr(self) -> VR {
        let node = self.node();
        match node.kind {
            Kind::Sequence => VR::SQ,
            _ if node.vr == VR::UN => match dictionary_vr(node.tag, self.set.signed) {
                Some(VR::SQ) | None => VR::UN,
                Some(known) => known,
            },
            _ => node.vr,
        }
    }

    /// The VR that the bytes state; in an implicit data set the dictionary's, and UN where it has none.
    #[must_use]
    pub fn stated_vr(self) -> VR {
        self.node().vr
    }

    /// Whether it holds Items.
    #[must_use]
    pub fn is_sequence(self) -> bool {
        self.node().kind == Kind::Sequence
    }

    /// The Items; none where this is no Sequence.
    #[must_use]
    pub fn items(self) -> Items<'a> {
        let end = if self.is_sequence() {
            self.node().next
        } else {
            0
        };
        Items(Elements {
            set: self.set,
            next: self.index + 1,
            end,
        })
    }

    /// Whether this is the top-level pixel value, which is not read.
    #[must_use]
    pub fn is_pixel_value(self) -> bool {
        self.node().flags.has(Flags::BULK)
    }

    /// Bytes of the value as stored, without a delimiter of a Sequence.
    #[must_use]
    pub fn value_len(self) -> u64 {
        self.node().length
    }

    /// Where the value lies in the bytes that were read; of a deflated object in its inflated bytes.
    #[must_use]
    pub fn value_range(self) -> ByteRange {
        let node = self.node();
        ByteRange {
            start: node.value(),
            end: node.value_end(),
        }
    }

    /// Whether the bytes state no length but end the value with a delimiter.
    #[must_use]
    pub fn has_undefined_length(self) -> bool {
        self.node().flags.has(Flags::UNDEFINED)
    }

    /// The value as stored: of a Sequence its encoded Items, of fragments all from the first item tag to the
    /// end of the delimiter. `None` for the top-level pixel value.
    #[must_use]
    pub fn raw(self) -> Option<&'a [u8]> {
        let node = self.node();
        if node.flags.has(Flags::BULK) {
            return None;
        }
        self.set.bytes.get(node.value(), node.value_end())
    }

    /// The byte order of numbers in the value. UN is always little endian (PS3.5 section 6.2.2).
    #[must_use]
    pub fn byte_order(self) -> ByteOrder {
        let node = self.node();
        if node.vr == VR::UN {
            ByteOrder::Little
        } else {
            node.encoding().order()
        }
    }

    /// The Item that holds it; `None` at the top level.
    #[must_use]
    pub fn parent(self) -> Option<ItemRef<'a>> {
        let parent = self.node().parent;
        (parent != NONE).then_some(ItemRef {
            set: self.set,
            index: parent,
        })
    }

    /// Where it stands.
    #[must_use]
    pub fn path(self) -> AttributePath {
        self.set.path(self.index)
    }

    /// The tags of the enclosing Sequences from the outside in.
    #[must_use]
    pub fn ancestors(self) -> Vec<Tag> {
        self.path().items.into_iter().map(|(tag, _)| tag).collect()
    }

    /// The character set in force where it stands.
    ///
    /// # Errors
    /// If (0008,0005) names one that is unknown or contradicts itself.
    pub fn charset(self) -> Result<&'a CharacterSet, UnknownCharacterSet> {
        match self.parent() {
            Some(item) => item.charset(),
            None => self.set.charset(),
        }
    }

    /// The Private Creator that reserves the block of a private element, trimmed. `None` for a public element,
    /// for a creator itself, where the block is not reserved, and where the creator is not ASCII.
    #[must_use]
    pub fn private_creator(self) -> Option<&'a str> {
        let node = self.node();
        if node.tag.0 & 1 == 0 || node.extra == NONE {
            return None;
        }
        let creator = self.set.nodes.get(node.extra as usize)?;
        let raw = self.set.bytes.get(creator.value(), creator.value_end())?;
        let text = std::str::from_utf8(raw).ok()?;
        text.is_ascii().then(|| text.trim_matches(['\0', ' ']))
    }

    /// The values as text: decoded by the character set in force, split at backslashes where the VR allows
    /// several values, and trimmed as PS3.5 section 6.2 says. An empty value gives no text at all.
    ///
    /// # Errors
    /// If the VR is not text, the character set is unknown, or bytes are not of it.
    pub fn text(self) -> Result<Vec<String>, TextError> {
        let vr = self.vr();
        if !text::is_text(vr) {
            return Err(TextError::NotText);
        }
        let raw = self.raw().ok_or(TextError::NotText)?;
        if text::is_subject_to_character_set(vr) {
            text::values(self.charset()?, vr, raw)
        } else {
            text::values(&CharacterSet::DEFAULT, vr, raw)
        }
    }

    /// The first value as text; `None` where it is absent, empty or undecodable.
    #[must_use]
    pub fn first_text(self) -> Option<String> {
        let first = self.text().ok()?.into_iter().next()?;
        (!first.is_empty()).then_some(first)
    }

    /// The values as numbers: of US, SS, UL, SL, FL, FD, and of OW as US; of DS and IS by their text.
    /// Empty where the VR is another or a text is no number.
    #[must_use]
    pub fn numbers(self) -> Vec<f64> {
        let big = self.byte_order() == ByteOrder::Big;
        let raw = self.raw().unwrap_or(&[]);
        match self.vr() {
            VR::US | VR::OW => chunks(raw, big, |b| f64::from(u16::from_le_bytes(b))),
            VR::SS => chunks(raw, big, |b| f64::from(i16::from_le_bytes(b))),
            VR::UL => chunks(raw, big, |b| f64::from(u32::from_le_bytes(b))),
            VR::SL => chunks(raw, big, |b| f64::from(i32::from_le_bytes(b))),
            VR::FL => chunks(raw, big, |b| f64::from(f32::from_le_bytes(b))),
            VR::FD => chunks(raw, big, f64::from_le_bytes),
            VR::DS | VR::IS => {
                let texts = self.text().unwrap_or_default();
                let parsed: Option<Vec<f64>> = texts.iter().map(|text| text.parse().ok()).collect();
                parsed.unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

fn chunks<const N: usize>(raw: &[u8], big: bool, convert: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let (whole, _) = raw.as_chunks::<N>();
    whole
        .iter()
        .map(|chunk| {
            let mut bytes = *chunk;
            if big {
                bytes.reverse();
            }
            convert(bytes)
        })
        .collect()
}
