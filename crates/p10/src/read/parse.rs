//! The element parser: one loop with a stack of its own, so that no depth of a file reaches the call stack.

mod elements;
mod pixels;

use super::header::{Header, read_header};
use super::window::Window;
use crate::dataset::Segment;
use crate::error::{Fault, ReadError};
use crate::limits::{Extent, Limits};
use crate::node::{Flags, Kind, NONE, Node, NodeId, item_number_as_tag};
use crate::repair::{Repair, RepairKind};
use crate::syntax::Encoding;
use cloakroom_core::PixelLayout;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_DELIMITER: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_DELIMITER: Tag = Tag(0xFFFE, 0xE0DD);

/// What parsing gives.
pub(crate) struct Parsed {
    pub(crate) nodes: Vec<Node>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) repairs: Vec<Repair>,
    pub(crate) duplicates: Vec<NodeId>,
    /// Each (0008,0005), after the Item that holds it or [`NONE`].
    pub(crate) character_set_elements: Vec<(u32, u32)>,
    pub(crate) unordered: bool,
    pub(crate) signed: bool,
    pub(crate) layout: Option<PixelLayout>,
    pub(crate) pixel: Option<u32>,
}

/// Parses the elements from `start` on.
pub(crate) fn parse(
    window: Window<'_>,
    start: u64,
    encoding: Encoding,
    extent: Extent,
    limits: &Limits,
    repairs: Vec<Repair>,
) -> Result<Parsed, ReadError> {
    let end = window.len();
    let mut parser = Parser {
        window,
        limits,
        extent,
        position: start,
        nodes: Vec::with_capacity(128),
        stack: vec![Frame::data_set(NONE, end, true, encoding, 0)],
        repairs,
        duplicates: Vec::new(),
        character_set_elements: Vec::new(),
        creators: Vec::new(),
        unordered: false,
        signed: false,
        layout: None,
        pixel: None,
    };
    while !parser.stack.is_empty() {
        if let Err(error) = parser.step() {
            parser.roll_back(error)?;
        }
    }
    parser.duplicates.sort_unstable();
    Ok(Parsed {
        nodes: parser.nodes,
        segments: parser.window.into_segments(),
        repairs: parser.repairs,
        duplicates: parser.duplicates,
        character_set_elements: parser.character_set_elements,
        unordered: parser.unordered,
        signed: parser.signed,
        layout: parser.layout,
        pixel: parser.pixel,
    })
}

/// What is open: the top level or an Item (elements follow), or a Sequence (Items follow).
#[derive(Clone, Copy)]
struct Frame {
    node: u32,
    /// Where it ends; where its length is undefined, where what encloses it ends.
    end: u64,
    defined: bool,
    holds_items: bool,
    encoding: Encoding,
    /// The last tag, to see that tags ascend.
    last: Option<Tag>,
    unordered: bool,
    items: u32,
    creators_from: usize,
    /// Where to return to if this value turns out to hold no Items after all.
    attempt: Option<Attempt>,
    /// Whether this or something that encloses it is an attempt, which allows no tolerance.
    strict: bool,
}

/// How much had been noted when an attempt began.
#[derive(Clone, Copy)]
struct Attempt {
    repairs: usize,
    duplicates: usize,
    character_set_elements: usize,
}

impl Frame {
    const fn data_set(
        node: u32,
        end: u64,
        defined: bool,
        encoding: Encoding,
        creators_from: usize,
    ) -> Self {
        Self {
            node,
            end,
            defined,
            holds_items: false,
            encoding,
            last: None,
            unordered: false,
            items: 0,
            creators_from,
            attempt: None,
            strict: false,
        }
    }
}

/// A Private Creator that is in force.
#[derive(Clone, Copy)]
struct Creator {
    group: u16,
    block: u16,
    node: u32,
}

/// Ascending data sets have at most this many creators of one group.
const CREATORS_OF_A_GROUP: usize = 240;

struct Parser<'s, 'l> {
    window: Window<'s>,
    limits: &'l Limits,
    extent: Extent,
    position: u64,
    nodes: Vec<Node>,
    stack: Vec<Frame>,
    repairs: Vec<Repair>,
    duplicates: Vec<NodeId>,
    character_set_elements: Vec<(u32, u32)>,
    creators: Vec<Creator>,
    unordered: bool,
    signed: bool,
    layout: Option<PixelLayout>,
    pixel: Option<u32>,
}

impl Parser<'_, '_> {
    fn malformed(&self, fault: Fault) -> ReadError {
        ReadError::Malformed {
            offset: self.position,
            fault,
        }
    }

    /// What it means that something reaches past the end of its frame.
    fn too_long(&self, end: u64) -> ReadError {
        if end > self.window.len() {
            ReadError::Truncated {
                offset: self.position,
            }
        } else {
            self.malformed(Fault::LengthPastEnclosing)
        }
    }

    fn repair(&mut self, kind: RepairKind, node: u32) {
        let node = (node != NONE).then_some(NodeId(node));
        self.repairs.push(Repair { kind, node });
    }

    fn step(&mut self) -> Result<(), ReadError> {
        let Some(&frame) = self.stack.last() else {
            return Ok(());
        };
        if self.position >= frame.end {
            return if frame.defined {
                self.close(frame.end)
            } else {
                Err(self.too_long(self.position + 8))
            };
        }
        if frame.holds_items {
            self.item(&frame)
        } else {
            self.element(&frame)
        }
    }

    /// Takes an attempt back whose bytes turned out to be something else than Items.
    fn roll_back(&mut self, error: ReadError) -> Result<(), ReadError> {
        if !matches!(
            error,
            ReadError::Malformed { .. } | ReadError::Truncated { .. }
        ) {
            return Err(error);
        }
        let Some(depth) = self.stack.iter().rposition(|frame| frame.attempt.is_some()) else {
            return Err(error);
        };
        let frame = self.stack[depth];
        if let Some(attempt) = frame.attempt {
            self.repairs.truncate(attempt.repairs);
            self.duplicates.truncate(attempt.duplicates);
            self.character_set_elements
                .truncate(attempt.character_set_elements);
        }
        self.stack.truncate(depth);
        self.creators.truncate(frame.creators_from);
        self.nodes.truncate(frame.node as usize + 1);
        let node = &mut self.nodes[frame.node as usize];
        node.kind = Kind::Primitive;
        node.next = frame.node + 1;
        self.finish_primitive(frame.node)
    }

    fn push(&mut self, node: Node) -> Result<u32, ReadError> {
        if self.nodes.len() >= self.limits.max_elements {
            return Err(ReadError::LimitExceeded { limit: "elements" });
        }
        self.nodes.push(node);
        Ok(self.nodes.len() as u32 - 1)
    }

    /// Reads an Item's header or the end of the Sequence.
    fn item(&mut self, frame: &Frame) -> Result<(), ReadError> {
        if frame.end - self.position < 8 {
            return Err(self.too_long(self.position + 8));
        }
        let header = read_header(
            &mut self.window,
            self.position,
            frame.end,
            frame.encoding,
            self.signed,
            true,
        )?;
        match header.tag {
            ITEM => self.open_item(frame, &header),
            SEQUENCE_DELIMITER => {
                self.delimiter_length(frame, &header)?;
                if frame.defined {
                    self.stray_delimiter(frame, &header)
                } else {
                    self.close(self.position)
                }
            }
            _ => Err(self.malformed(Fault::NotAnItem)),
        }
    }

    fn open_item(&mut self, frame: &Frame, header: &Header) -> Result<(), ReadError> {
        let value = self.position + 8;
        let defined = header.length != u32::MAX;
        let end = if defined {
            value + u64::from(header.length)
        } else {
            frame.end
        };
        if end > frame.end {
            return Err(self.too_long(end));
        }
        let mut flags = Flags::of(frame.encoding);
        if !defined {
            flags.set(Flags::UNDEFINED);
        }
        let node = self.push(Node {
            header: self.position,
            length: u64::from(header.length),
            tag: item_number_as_tag(frame.items),
            next: 0,
            parent: frame.node,
            extra: NONE,
            header_length: 8,
            vr: VR::UN,
            kind: Kind::Item,
            flags,
        })?;
        if let Some(top) = self.stack.last_mut() {
            top.items += 1;
        }
        self.position = value;
        let mut inner = Frame::data_set(node, end, defined, frame.encoding, self.creators.len());
        inner.strict = frame.strict;
        self.stack.push(inner);
        Ok(())
    }

    /// Notes a delimiter that states a length; the length itself means nothing.
    fn delimiter_length(&mut self, frame: &Frame, header: &Header) -> Result<(), ReadError> {
        if header.length == 0 {
            return Ok(());
        }
        if frame.strict {
            return Err(self.malformed(Fault::StrayDelimiter));
        }
        if let Some(node) = self.nodes.get_mut(frame.node as usize) {
            node.flags.set(Flags::REWRITE);
        }
        self.repair(RepairKind::DelimiterLengthCleared, frame.node);
        Ok(())
    }

    fn stray_delimiter(&mut self, frame: &Frame, header: &Header) -> Result<(), ReadError> {
        if frame.strict || header.length != 0 {
            return Err(self.malformed(Fault::StrayDelimiter));
        }
        if let Some(node) = self.nodes.get_mut(frame.node as usize) {
            node.flags.set(Flags::REWRITE);
        }
        self.repair(RepairKind::StrayDelimiterDropped, frame.node);
        self.position += 8;
        Ok(())
    }

    /// Ends the innermost frame at `end`, with or without a delimiter.
    fn close(&mut self, end: u64) -> Result<(), ReadError> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        if frame.unordered {
            self.settle_unordered(&frame);
        }
        self.creators.truncate(frame.creators_from);
        let next = self.nodes.len() as u32;
        self.position = end;
        if let Some(node) = self.nodes.get_mut(frame.node as usize) {
            node.next = next;
            if !frame.defined {
                node.length = end - node.value();
                self.position = end + 8;
            }
        }
        Ok(())
    }

    /// Finds duplicates and the creators of private elements where tags do not ascend.
    fn settle_unordered(&mut self, frame: &Frame) {
        let mut children = Vec::new();
        let mut index = frame.node.wrapping_add(1);
        while let Some(node) = self.nodes.get(index as usize) {
            children.push((node.tag, index));
            // The last subtree ends where the nodes do; its element may still be open only in a Sequence frame.
            index = node.next.max(index + 1);
        }
        children.sort_unstable();
        for pair in children.windows(2) {
            if pair[0].0 == pair[1].0 {
                self.duplicates.push(NodeId(pair[1].1));
            }
        }
        for &(tag, index) in &children {
            if tag.0 & 1 == 1 && tag.1 >= 0x1000 {
                let creator = Tag(tag.0, tag.1 >> 8);
                let found = children.partition_point(|(other, _)| *other < creator);
                let found = children.get(found).filter(|(other, _)| *other == creator);
                self.nodes[index as usize].extra = found.map_or(NONE, |(_, node)| *node);
            }
        }
        match self.nodes.get_mut(frame.node as usize) {
            Some(node) => node.flags.set(Flags::UNORDERED),
            None => self.unordered = true,
        }
        self.repair(RepairKind::ElementsSorted, frame.node);
    }
}

/// Fragments of encapsulated data.
struct Fragments {
    layout: PixelLayout,
    whole_end: u64,
    delimited: bool,
}

/// Float Pixel Data, Double Float Pixel Data and Pixel Data.
pub(crate) fn is_pixel_tag(tag: Tag) -> bool {
    matches!(
        tag,
        tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA | tags::PIXEL_DATA
    )
}
