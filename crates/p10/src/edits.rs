//! Edits to an object: a value that says what to change and changes nothing.

use crate::node::NodeId;
use dicom_core::{Tag, VR};
use std::collections::BTreeMap;

/// Where to insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// At the top level.
    Root,
    /// In an Item that exists.
    Item(NodeId),
}

/// What becomes of a node.
#[derive(Clone)]
pub(crate) enum Change {
    Remove,
    Replace(VR, Vec<u8>),
    ReplaceSequence(Vec<NewItem>),
    AppendItems(Vec<NewItem>),
}

/// An element that did not exist.
#[derive(Clone)]
pub(crate) enum NewElement {
    Value(VR, Vec<u8>),
    Sequence(Vec<NewItem>),
}

/// An Item that did not exist. Values are little endian.
#[derive(Clone, Default)]
pub struct NewItem {
    pub(crate) elements: BTreeMap<Tag, NewElement>,
}

impl NewItem {
    /// An Item without elements.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The Item with one more element; the later of two of one tag stands.
    #[must_use]
    pub fn with(mut self, tag: Tag, vr: VR, value: Vec<u8>) -> Self {
        self.elements.insert(tag, NewElement::Value(vr, value));
        self
    }

    /// The Item with one more Sequence.
    #[must_use]
    pub fn with_sequence(mut self, tag: Tag, items: Vec<Self>) -> Self {
        self.elements.insert(tag, NewElement::Sequence(items));
        self
    }
}

/// What to change in one object when it is written.
///
/// Values are encoded in **little endian** whatever the object's own order is; the writer turns them where
/// it must. An odd value is padded by the rule of its VR. Later edits of one node or place replace earlier
/// ones, except that Items append.
#[derive(Clone, Default)]
pub struct Edits {
    pub(crate) changes: BTreeMap<NodeId, Change>,
    pub(crate) insertions: BTreeMap<Place, BTreeMap<Tag, NewElement>>,
}

impl Edits {
    /// No edit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.insertions.is_empty()
    }

    /// Removes an element or an Item with all that it holds.
    pub fn remove(&mut self, node: NodeId) {
        self.changes.insert(node, Change::Remove);
    }

    /// Replaces an element by a value.
    pub fn replace(&mut self, node: NodeId, vr: VR, value: Vec<u8>) {
        self.changes.insert(node, Change::Replace(vr, value));
    }

    /// Replaces an element by a Sequence of new Items.
    pub fn replace_sequence(&mut self, node: NodeId, items: Vec<NewItem>) {
        self.changes.insert(node, Change::ReplaceSequence(items));
    }

    /// Empties a Sequence.
    pub fn clear_items(&mut self, node: NodeId) {
        self.changes
            .insert(node, Change::ReplaceSequence(Vec::new()));
    }

    /// Appends Items to a Sequence; the Items that it has keep their own edits.
    pub fn append_items(&mut self, node: NodeId, items: Vec<NewItem>) {
        if let Some(Change::AppendItems(earlier)) = self.changes.get_mut(&node) {
            earlier.extend(items);
        } else {
            self.changes.insert(node, Change::AppendItems(items));
        }
    }

    /// Inserts an element where it belongs in the order of tags. The tag must not stand there already, unless
    /// what stands there is removed.
    pub fn insert(&mut self, place: Place, tag: Tag, vr: VR, value: Vec<u8>) {
        self.insertions
            .entry(place)
            .or_default()
            .insert(tag, NewElement::Value(vr, value));
    }

    /// Inserts a Sequence, as [`Edits::insert`] does.
    pub fn insert_sequence(&mut self, place: Place, tag: Tag, items: Vec<NewItem>) {
        self.insertions
            .entry(place)
            .or_default()
            .insert(tag, NewElement::Sequence(items));
    }
}
