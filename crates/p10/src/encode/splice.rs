//! The splicer: clean subtrees are copied in one piece, and only what encloses a change is written anew.

use super::element::{
    self, ITEM, ITEM_DELIMITER, SEQUENCE_DELIMITER, Target, UNDEFINED, new_element, new_items,
};
use super::{Encoded, EncodedPixels, PixelPlan};
use crate::dataset::DataSet;
use crate::edits::{Change, Edits, NewElement, Place};
use crate::error::EncodeError;
use crate::node::{Flags, Kind, NONE, Node, NodeId};
use crate::object::Object;
use crate::read::has_long_length;
use crate::syntax::Encoding;
use cloakroom_core::PixelChanges;
use dicom_core::{Tag, VR};
use std::collections::{BTreeMap, BTreeSet};

/// Writes the data set behind `head`.
pub(crate) fn write(
    object: &Object,
    edits: &Edits,
    pixels: &PixelChanges,
    encoding: Encoding,
    plan: Option<PixelPlan>,
    head: Vec<u8>,
) -> Result<Encoded, EncodeError> {
    let set = &object.data_set;
    let target = Target { encoding };
    let mut splicer = Splicer {
        set,
        edits,
        target,
        plan,
        touched: touched(set, edits, encoding)?,
        overruled: pixels
            .attributes
            .iter()
            .map(|attribute| attribute.tag)
            .collect(),
        out: head,
        clean: None,
        pixels: EncodedPixels::None,
        head: None,
    };
    let mut root: BTreeMap<Tag, Pending<'_>> = BTreeMap::new();
    for (tag, new) in edits.insertions.get(&Place::Root).into_iter().flatten() {
        root.insert(*tag, Pending::New(new));
    }
    for attribute in &pixels.attributes {
        match &attribute.value {
            Some(value) => root.insert(attribute.tag, Pending::Encoded(attribute.vr, value)),
            None => root.remove(&attribute.tag),
        };
    }
    splicer.data_set(NONE, root)?;
    splicer.flush();
    let (head, tail) = match splicer.head {
        Some(head) => (head, splicer.out),
        None => (splicer.out, Vec::new()),
    };
    Ok(Encoded {
        head,
        pixels: splicer.pixels,
        tail,
    })
}

/// An element that is to be written and was not there.
enum Pending<'a> {
    New(&'a NewElement),
    /// A value in the target's own byte order.
    Encoded(VR, &'a [u8]),
}

/// Which nodes cannot be copied as they are: those that change and all that encloses them.
fn touched(set: &DataSet, edits: &Edits, encoding: Encoding) -> Result<Vec<bool>, EncodeError> {
    let nodes = &set.nodes;
    let mut touched = vec![false; nodes.len()];
    let mut touch = |mut index: u32| {
        while let Some(mark) = touched.get_mut(index as usize) {
            if std::mem::replace(mark, true) {
                break;
            }
            index = nodes[index as usize].parent;
        }
    };
    for (index, node) in nodes.iter().enumerate() {
        let unfit = Flags::REWRITE | Flags::UNORDERED;
        let group_length = node.kind != Kind::Item && node.tag.1 == 0;
        let unknown_sequence =
            node.kind == Kind::Sequence && node.vr != VR::SQ && encoding.explicit;
        if node.flags.has(unfit) || node.encoding() != encoding || group_length || unknown_sequence
        {
            touch(index as u32);
        }
    }
    let kind = |id: &NodeId| nodes.get(id.0 as usize).map(|node| node.kind);
    for (id, change) in &edits.changes {
        let fits = match (kind(id), change) {
            (None, _) => false,
            (Some(Kind::Item), change) => matches!(change, Change::Remove),
            (Some(kind), Change::AppendItems(_)) => kind == Kind::Sequence,
            _ => true,
        };
        if !fits {
            return Err(EncodeError::NoSuchPlace);
        }
        touch(id.0);
    }
    for place in edits.insertions.keys() {
        match place {
            Place::Root if edits.insertions[place].keys().any(|tag| tag.0 == 2) => {
                return Err(EncodeError::NoSuchPlace);
            }
            Place::Root => {}
            Place::Item(id) if kind(id) == Some(Kind::Item) => touch(id.0),
            Place::Item(_) => return Err(EncodeError::NoSuchPlace),
        }
    }
    Ok(touched)
}

struct Splicer<'a> {
    set: &'a DataSet,
    edits: &'a Edits,
    target: Target,
    plan: Option<PixelPlan>,
    touched: Vec<bool>,
    /// Top-level attributes that pixel work sets or removes.
    overruled: BTreeSet<Tag>,
    out: Vec<u8>,
    /// Bytes of the source that are to be copied and that more may join.
    clean: Option<(u64, u64)>,
    pixels: EncodedPixels,
    /// What was written before the pixel value.
    head: Option<Vec<u8>>,
}

impl<'a> Splicer<'a> {
    fn flush(&mut self) {
        if let Some((start, end)) = self.clean.take() {
            let bytes = self.set.bytes.get(start, end).unwrap_or(&[]);
            self.out.extend_from_slice(bytes);
        }
    }

    /// Copies a node that nothing touches, together with its neighbours.
    fn copy(&mut self, node: &Node) {
        match &mut self.clean {
            Some((_, end)) if *end == node.header => *end = node.end(),
            _ => {
                self.flush();
                self.clean = Some((node.header, node.end()));
            }
        }
    }

    /// Writes the elements of the top level or of an Item, with what is inserted, in the order of tags.
    ///
    /// The recursion is as deep as the tree, which the reader has bounded.
    fn data_set(
        &mut self,
        parent: u32,
        new: BTreeMap<Tag, Pending<'a>>,
    ) -> Result<(), EncodeError> {
        let mut new = new.into_iter().peekable();
        let mut last = None;
        for (tag, index) in self.children(parent) {
            if self.is_dropped(parent, tag, index) {
                continue;
            }
            while let Some((tag, element)) = new.next_if(|(other, _)| *other <= tag) {
                ascend(&mut last, tag)?;
                self.pending(tag, &element)?;
            }
            ascend(&mut last, tag)?;
            self.element(index)?;
        }
        for (tag, element) in new {
            ascend(&mut last, tag)?;
            self.pending(tag, &element)?;
        }
        Ok(())
    }

    /// The elements of a data set in the order of tags.
    fn children(&self, parent: u32) -> Vec<(Tag, u32)> {
        let (mut index, end, unordered) = match self.set.nodes.get(parent as usize) {
            Some(node) => (parent + 1, node.next, node.flags.has(Flags::UNORDERED)),
            None => (0, self.set.nodes.len() as u32, self.set.unordered),
        };
        let mut children = Vec::new();
        while index < end {
            let node = &self.set.nodes[index as usize];
            children.push((node.tag, index));
            index = node.next;
        }
        if unordered {
            children.sort_unstable();
        }
        children
    }

    fn is_dropped(&self, parent: u32, tag: Tag, index: u32) -> bool {
        let overruled = parent == NONE && self.overruled.contains(&tag);
        let removed = matches!(self.edits.changes.get(&NodeId(index)), Some(Change::Remove));
        overruled || removed || tag.1 == 0
    }

    fn pending(&mut self, tag: Tag, element: &Pending<'a>) -> Result<(), EncodeError> {
        self.flush();
        match element {
            Pending::New(new) => new_element(&mut self.out, self.target, tag, new),
            Pending::Encoded(vr, value) => {
                element::value(&mut self.out, self.target, tag, *vr, value, false)
            }
        }
    }

    fn element(&mut self, index: u32) -> Result<(), EncodeError> {
        let node = &self.set.nodes[index as usize];
        match self.edits.changes.get(&NodeId(index)) {
            Some(Change::Replace(vr, value)) => {
                self.flush();
                let swap = self.target.encoding.big;
                return element::value(&mut self.out, self.target, node.tag, *vr, value, swap);
            }
            Some(Change::ReplaceSequence(items)) => {
                self.flush();
                self.target.header(&mut self.out, node.tag, VR::SQ, 0)?;
                let start = self.out.len();
                new_items(&mut self.out, self.target, items)?;
                return self.target.patch(&mut self.out, start, node.tag);
            }
            _ => {}
        }
        if node.flags.has(Flags::BULK) {
            return self.pixel_element(node);
        }
        if !self.touched[index as usize] {
            self.copy(node);
            return Ok(());
        }
        self.flush();
        match node.kind {
            Kind::Sequence => self.sequence(index),
            Kind::Fragments => self.fragments(node),
            _ => self.primitive(node),
        }
    }

    fn primitive(&mut self, node: &Node) -> Result<(), EncodeError> {
        let value = self
            .set
            .bytes
            .get(node.value(), node.value_end())
            .unwrap_or(&[]);
        // The value of UN is little endian in every transfer syntax.
        let swap = node.vr != VR::UN && node.encoding().big != self.target.encoding.big;
        element::value(&mut self.out, self.target, node.tag, node.vr, value, swap)
    }

    fn fragments(&mut self, node: &Node) -> Result<(), EncodeError> {
        let value = self
            .set
            .bytes
            .get(node.value(), node.value_end())
            .unwrap_or(&[]);
        self.target
            .header(&mut self.out, node.tag, node.vr, UNDEFINED)?;
        self.out.extend_from_slice(value);
        Ok(())
    }

    /// Writes a Sequence anew, of defined or undefined length as it was.
    fn sequence(&mut self, index: u32) -> Result<(), EncodeError> {
        let node = self.set.nodes[index as usize];
        let undefined = node.flags.has(Flags::UNDEFINED);
        let length = if undefined { UNDEFINED } else { 0 };
        self.target
            .header(&mut self.out, node.tag, VR::SQ, length)?;
        let start = self.out.len();
        let mut item = index + 1;
        while item < node.next {
            self.item(item)?;
            item = self.set.nodes[item as usize].next;
        }
        self.flush();
        if let Some(Change::AppendItems(items)) = self.edits.changes.get(&NodeId(index)) {
            new_items(&mut self.out, self.target, items)?;
        }
        if undefined {
            self.target.item(&mut self.out, SEQUENCE_DELIMITER, 0);
            return Ok(());
        }
        self.target.patch(&mut self.out, start, node.tag)
    }

    fn item(&mut self, index: u32) -> Result<(), EncodeError> {
        let node = self.set.nodes[index as usize];
        if matches!(self.edits.changes.get(&NodeId(index)), Some(Change::Remove)) {
            return Ok(());
        }
        if !self.touched[index as usize] {
            self.copy(&node);
            return Ok(());
        }
        self.flush();
        let undefined = node.flags.has(Flags::UNDEFINED);
        self.target
            .item(&mut self.out, ITEM, if undefined { UNDEFINED } else { 0 });
        let start = self.out.len();
        let edits = self.edits;
        let inserted = edits
            .insertions
            .get(&Place::Item(NodeId(index)))
            .into_iter()
            .flatten();
        let inserted = inserted
            .map(|(tag, new)| (*tag, Pending::New(new)))
            .collect();
        self.data_set(index, inserted)?;
        self.flush();
        if undefined {
            self.target.item(&mut self.out, ITEM_DELIMITER, 0);
            return Ok(());
        }
        self.target.patch(&mut self.out, start, ITEM)
    }

    /// Writes the header of the pixel element and parts head from tail.
    fn pixel_element(&mut self, node: &Node) -> Result<(), EncodeError> {
        self.flush();
        let Some(plan) = self.plan else {
            return Err(EncodeError::NoPixelValue);
        };
        let bytes = plan.pixels.len();
        let length = if plan.encapsulated {
            UNDEFINED
        } else {
            u32::try_from(bytes + (bytes & 1))
                .ok()
                .filter(|length| *length != UNDEFINED)
                .ok_or(EncodeError::ValueTooLong(node.tag))?
        };
        let vr = plan.vr.unwrap_or(node.vr);
        // A short VR cannot hold pixels; some writers state one for a few bytes of them.
        let vr = if has_long_length(vr) { vr } else { VR::OB };
        self.target.header(&mut self.out, node.tag, vr, length)?;
        self.pixels = plan.pixels;
        self.head = Some(std::mem::take(&mut self.out));
        self.out.extend_from_slice(plan.ending);
        Ok(())
    }
}

/// Tags of a data set that is written ascend strictly, or the object is not written.
fn ascend(last: &mut Option<Tag>, tag: Tag) -> Result<(), EncodeError> {
    if last.is_some_and(|last| tag <= last) {
        return Err(EncodeError::DuplicateElement(tag));
    }
    *last = Some(tag);
    Ok(())
}
