//! The top-level pixel value, which is located and never read, and fragments (PS3.5 annex A.4).

use super::{Fragments, Frame, Parser};
use crate::error::{Fault, ReadError};
use crate::limits::Extent;
use crate::node::{Flags, Kind, NONE};
use crate::repair::RepairKind;
use crate::syntax::Encoding;
use cloakroom_core::{ByteRange, PixelLayout, VR};

const ITEM_BYTES: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const DELIMITER_BYTES: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];

impl Parser<'_, '_> {
    /// Locates the top-level pixel value and goes on behind it, or stops there if only the header is wanted.
    pub(super) fn pixel_value(&mut self, frame: &Frame, index: u32) -> Result<(), ReadError> {
        self.pixel = Some(index);
        self.nodes[index as usize].flags.set(Flags::BULK);
        let node = self.nodes[index as usize];
        let value = node.value();
        self.window.hold(node.header, value)?;
        if node.flags.has(Flags::UNDEFINED) && node.vr != VR::OB && node.encoding().explicit {
            self.nodes[index as usize].flags.set(Flags::REWRITE);
            self.repair(RepairKind::VrCorrected, index);
        }
        let end = if !node.flags.has(Flags::UNDEFINED) {
            let range = ByteRange {
                start: value,
                end: node.value_end(),
            };
            self.layout = Some(PixelLayout::Native { value: range });
            if node.length & 1 == 1 {
                self.nodes[index as usize].flags.set(Flags::REWRITE);
                self.repair(RepairKind::OddLengthPadded, index);
            }
            range.end
        } else if self.extent == Extent::Whole {
            self.encapsulated_value(frame, index, value)?
        } else {
            value
        };
        self.position = end;
        if self.extent == Extent::Header {
            return self.close(end);
        }
        self.window.skip(value, end);
        Ok(())
    }

    fn encapsulated_value(
        &mut self,
        frame: &Frame,
        index: u32,
        value: u64,
    ) -> Result<u64, ReadError> {
        let fragments = self.fragments(frame, value, false)?;
        let node = &mut self.nodes[index as usize];
        node.kind = Kind::Fragments;
        node.length = fragments.whole_end - value;
        if !fragments.delimited {
            node.flags.set(Flags::NO_DELIMITER);
            self.repair(RepairKind::DelimiterAdded, index);
        }
        self.layout = Some(fragments.layout);
        Ok(fragments.whole_end)
    }

    /// Hops from fragment to fragment, reading their headers only.
    pub(super) fn fragments(
        &mut self,
        frame: &Frame,
        value: u64,
        inline: bool,
    ) -> Result<Fragments, ReadError> {
        let mut position = value;
        let mut table = None;
        let mut fragments = Vec::new();
        let (whole_end, delimited) = loop {
            if inline {
                // Fragments inside the header are held, so they count against its limit at once.
                self.window.hold(value, position.min(frame.end))?;
            }
            let header = if frame.end - position < 8 {
                None
            } else {
                self.window.peek::<8>(position)?
            };
            let Some(header) = header.filter(|bytes| bytes[..4] != [0; 4]) else {
                self.missing_delimiter(frame, position)?;
                break (position, false);
            };
            let length =
                Encoding::IMPLICIT_LITTLE.u32([header[4], header[5], header[6], header[7]]);
            let offset = ReadError::Malformed {
                offset: position,
                fault: Fault::NotAnItem,
            };
            match [header[0], header[1], header[2], header[3]] {
                DELIMITER_BYTES if length == 0 => break (position + 8, true),
                ITEM_BYTES if length != u32::MAX => {}
                _ => return Err(offset),
            }
            let range = ByteRange {
                start: position + 8,
                end: position + 8 + u64::from(length),
            };
            if range.end > frame.end {
                return Err(self.too_long(range.end));
            }
            position = range.end;
            if table.is_none() {
                table = Some(range);
            } else if fragments.len() >= self.limits.max_fragments {
                return Err(ReadError::LimitExceeded { limit: "fragments" });
            } else if !inline {
                fragments.push(range);
            }
        };
        let whole = ByteRange {
            start: value,
            end: whole_end,
        };
        let offset_table = table.unwrap_or(ByteRange {
            start: value,
            end: value,
        });
        let layout = PixelLayout::Encapsulated {
            whole,
            offset_table,
            fragments,
        };
        Ok(Fragments {
            layout,
            whole_end,
            delimited,
        })
    }

    /// The delimiter may be missing only at the very end of the file, or before nothing but zeros.
    fn missing_delimiter(&self, frame: &Frame, position: u64) -> Result<(), ReadError> {
        if frame.node == NONE && self.window.rest_is_zero(position)? {
            return Ok(());
        }
        Err(self.too_long(position + 8))
    }
}
