//! One data element: whether it is one, what its value holds, and where it ends.

use super::{
    Attempt, CREATORS_OF_A_GROUP, Creator, Frame, ITEM, ITEM_DELIMITER, NONE, Parser, is_pixel_tag,
};
use crate::error::{Fault, ReadError};
use crate::node::{Flags, Kind, Node};
use crate::read::header::{Header, read_header};
use crate::read::sniff::sniff_items;
use crate::repair::RepairKind;
use crate::syntax::Encoding;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

impl Parser<'_, '_> {
    /// Reads one element of a data set, or its end.
    pub(super) fn element(&mut self, frame: &Frame) -> Result<(), ReadError> {
        let is_root = frame.node == NONE;
        if frame.end - self.position < 8 {
            return if is_root {
                self.leftover(ReadError::Truncated {
                    offset: self.position,
                })
            } else {
                Err(self.too_long(self.position + 8))
            };
        }
        let header = read_header(
            &mut self.window,
            self.position,
            frame.end,
            frame.encoding,
            self.signed,
            frame.strict,
        );
        let header = match header {
            Ok(header) => header,
            Err(error) if is_root => return self.leftover(error),
            Err(error) => return Err(error),
        };
        if header.tag.0 == 0xFFFE {
            return self.delimiter(frame, &header);
        }
        if is_root && self.is_beyond_data_set(frame, &header) {
            return self.leftover(self.malformed(Fault::NotAnElement));
        }
        let end = self.position + u64::from(header.header_length) + u64::from(header.length);
        if header.length != u32::MAX && end > frame.end {
            let error = self.too_long(end);
            return if is_root && self.is_descending(frame, header.tag) {
                self.leftover(error)
            } else {
                Err(error)
            };
        }
        if is_root && is_meta(&header) {
            return Err(self.malformed(Fault::MetaInDataSet));
        }
        self.accept(frame, &header)
    }

    fn is_descending(&self, frame: &Frame, tag: Tag) -> bool {
        self.pixel.is_some() && frame.last.is_some_and(|last| tag <= last)
    }

    /// Whether a top-level header is no element but bytes after the data set: zeros, or something behind the
    /// pixels that neither ascends nor is known to the standard.
    fn is_beyond_data_set(&self, frame: &Frame, header: &Header) -> bool {
        let zeros = header.tag == Tag(0, 0) && header.length == 0 && frame.last.is_some();
        zeros
            || self.is_descending(frame, header.tag)
                && (header.tag.0 & 1 == 1
                    || header.tag.0 < 8
                    || crate::dictionary::dictionary_vr(header.tag, false).is_none())
    }

    /// Decides what the rest of the file is: bytes after the data set, which are dropped and named, or damage.
    ///
    /// Zeros are padding. Behind the pixel value anything else that is no element is not of the data set
    /// either; before it, it means that the data set is damaged.
    fn leftover(&mut self, error: ReadError) -> Result<(), ReadError> {
        if !matches!(
            error,
            ReadError::Malformed { .. } | ReadError::Truncated { .. }
        ) {
            return Err(error);
        }
        if self.pixel.is_none() && !self.window.rest_is_zero(self.position)? {
            return Err(error);
        }
        self.repair(RepairKind::TrailingBytesDropped, NONE);
        self.close(self.position)
    }

    fn delimiter(&mut self, frame: &Frame, header: &Header) -> Result<(), ReadError> {
        let ends_item = header.tag == ITEM_DELIMITER && !frame.defined;
        if ends_item {
            self.delimiter_length(frame, header)?;
            return self.close(self.position);
        }
        if frame.defined && header.tag != ITEM {
            return self.stray_delimiter(frame, header);
        }
        Err(self.malformed(Fault::StrayDelimiter))
    }

    /// Takes an element in whose header makes sense and whose length fits.
    fn accept(&mut self, frame: &Frame, header: &Header) -> Result<(), ReadError> {
        let undefined = header.length == u32::MAX;
        let mut flags = Flags::of(header.encoding);
        if undefined {
            flags.set(Flags::UNDEFINED);
        }
        let index = self.push(Node {
            header: self.position,
            length: if undefined {
                0
            } else {
                u64::from(header.length)
            },
            tag: header.tag,
            next: self.nodes.len() as u32 + 1,
            parent: frame.node,
            extra: self.creator_of(frame, header.tag),
            header_length: header.header_length,
            vr: header.vr,
            kind: Kind::Primitive,
            flags,
        })?;
        for kind in header.repairs.iter().flatten() {
            self.nodes[index as usize].flags.set(Flags::REWRITE);
            self.repair(*kind, index);
        }
        self.note(frame, header.tag, index);
        let is_pixel_value = frame.node == NONE && self.pixel.is_none() && is_pixel_tag(header.tag);
        if is_pixel_value {
            return self.pixel_value(frame, index);
        }
        if header.tag.1 == 0 {
            self.repair(RepairKind::GroupLengthDropped, index);
        }
        self.open_value(frame, header, index)
    }

    /// Keeps the order of tags, the Private Creators and the character sets in view.
    fn note(&mut self, frame: &Frame, tag: Tag, index: u32) {
        if tag.0 & 1 == 1 && (0x0010..=0x00FF).contains(&tag.1) {
            self.creators.push(Creator {
                group: tag.0,
                block: tag.1,
                node: index,
            });
        }
        if tag == tags::SPECIFIC_CHARACTER_SET {
            self.character_set_elements.push((frame.node, index));
        }
        if let Some(top) = self.stack.last_mut() {
            if top.last.is_some_and(|last| tag <= last) {
                top.unordered = true;
            }
            top.last = top.last.max(Some(tag));
        }
    }

    fn creator_of(&self, frame: &Frame, tag: Tag) -> u32 {
        if tag.0 & 1 == 0 || tag.1 < 0x1000 {
            return NONE;
        }
        self.creators[frame.creators_from..]
            .iter()
            .rev()
            .take(CREATORS_OF_A_GROUP)
            .find(|creator| creator.group == tag.0 && creator.block == tag.1 >> 8)
            .map_or(NONE, |creator| creator.node)
    }

    /// Opens the value of an element: a Sequence, Items in UN, fragments, or bytes.
    fn open_value(&mut self, frame: &Frame, header: &Header, index: u32) -> Result<(), ReadError> {
        let value = self.nodes[index as usize].value();
        let undefined = header.length == u32::MAX;
        let end = if undefined {
            frame.end
        } else {
            value + u64::from(header.length)
        };
        match header.vr {
            VR::SQ => self.open_sequence(frame, index, end, header.encoding, None),
            VR::UN => self.open_unknown(frame, header, index, end),
            VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV if undefined => {
                let fragments = self.fragments(frame, value, true)?;
                let node = &mut self.nodes[index as usize];
                node.kind = Kind::Fragments;
                node.length = fragments.whole_end - value;
                self.position = fragments.whole_end;
                self.window.hold(value, fragments.whole_end)
            }
            _ if undefined => Err(self.malformed(Fault::UndefinedLength)),
            _ => self.finish_primitive(index),
        }
    }

    /// A value of VR UN, or one that the dictionary does not know: Items if it holds any (CP-246).
    fn open_unknown(
        &mut self,
        frame: &Frame,
        header: &Header,
        index: u32,
        end: u64,
    ) -> Result<(), ReadError> {
        let undefined = header.length == u32::MAX;
        let value = self.nodes[index as usize].value();
        if undefined && is_pixel_tag(header.tag) {
            return Err(self.malformed(Fault::UndefinedLength));
        }
        let Some(items) = sniff_items(&self.window, value, end)? else {
            return if undefined {
                Err(self.malformed(Fault::UndefinedLength))
            } else {
                self.finish_primitive(index)
            };
        };
        let items = if header.encoding.explicit {
            items
        } else {
            header.encoding
        };
        let attempt = (!undefined).then_some(Attempt {
            repairs: self.repairs.len(),
            duplicates: self.duplicates.len(),
            character_set_elements: self.character_set_elements.len(),
        });
        if header.encoding.explicit {
            self.repair(RepairKind::SequenceFromUnknown, index);
        } else if items != header.encoding {
            self.repair(RepairKind::EncodingCorrected, index);
        }
        self.open_sequence(frame, index, end, items, attempt)
    }

    fn open_sequence(
        &mut self,
        frame: &Frame,
        index: u32,
        end: u64,
        encoding: Encoding,
        attempt: Option<Attempt>,
    ) -> Result<(), ReadError> {
        if self.stack.len() > 2 * self.limits.max_depth {
            return Err(ReadError::LimitExceeded { limit: "depth" });
        }
        let node = &mut self.nodes[index as usize];
        node.kind = Kind::Sequence;
        self.position = node.value();
        self.stack.push(Frame {
            node: index,
            end,
            defined: !node.flags.has(Flags::UNDEFINED),
            holds_items: true,
            encoding,
            last: None,
            unordered: false,
            items: 0,
            creators_from: self.creators.len(),
            attempt,
            strict: frame.strict || attempt.is_some(),
        });
        Ok(())
    }

    /// Holds the value of a primitive element and goes on behind it.
    pub(super) fn finish_primitive(&mut self, index: u32) -> Result<(), ReadError> {
        let node = self.nodes[index as usize];
        let end = node.value_end();
        self.window.hold(node.header, end)?;
        if node.length & 1 == 1 {
            self.nodes[index as usize].flags.set(Flags::REWRITE);
            self.repair(RepairKind::OddLengthPadded, index);
        }
        if node.tag == tags::PIXEL_REPRESENTATION && node.parent == NONE && node.length == 2 {
            let bytes = self.window.array::<2>(node.value())?;
            self.signed = node.encoding().u16(bytes) == 1;
        }
        self.position = end;
        Ok(())
    }
}

/// Whether an element, written first, would be read as File Meta Information, which is always little endian.
fn is_meta(header: &Header) -> bool {
    header.tag.0 == if header.encoding.big { 0x0200 } else { 0x0002 }
}
