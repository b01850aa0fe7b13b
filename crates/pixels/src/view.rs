//! A new pixel value read as if it were a file, to look once more at what will be written.

use crate::bytes::PixelBytes;
use crate::value::{NewValue, Piece};
use cloakroom_core::{ByteRange, PixelLayout, PixelValue};
use std::io;

/// A new value over its original.
pub(crate) struct View<'a> {
    value: &'a NewValue,
    source: &'a dyn PixelBytes,
    /// Where each piece begins in the value.
    starts: Vec<u64>,
}

impl<'a> View<'a> {
    pub(crate) fn new(value: &'a NewValue, source: &'a dyn PixelBytes) -> Self {
        let starts = value
            .pieces()
            .iter()
            .scan(0, |at, piece| {
                let start = *at;
                *at += piece.len();
                Some(start)
            })
            .collect();
        Self {
            value,
            source,
            starts,
        }
    }

    /// Where the pixels lie in the new value. `None` if its items do not follow each other, which this crate's own
    /// always do.
    pub(crate) fn layout(&self, kind: PixelValue) -> Option<PixelLayout> {
        let whole = ByteRange {
            start: 0,
            end: self.value.len(),
        };
        if matches!(kind, PixelValue::Native { .. }) {
            return Some(PixelLayout::Native { value: whole });
        }
        let mut ranges = Vec::new();
        let mut at = 0;
        loop {
            let mut header = [0; 8];
            self.read_at(at, &mut header).ok()?;
            let [tag @ .., a, b, c, d] = header;
            let len = u64::from(u32::from_le_bytes([a, b, c, d]));
            match tag {
                [0xFE, 0xFF, 0x00, 0xE0] => ranges.push(ByteRange {
                    start: at + 8,
                    end: at + 8 + len,
                }),
                _ => break,
            }
            at += 8 + len;
        }
        let offset_table = *ranges.first()?;
        Some(PixelLayout::Encapsulated {
            whole,
            offset_table,
            fragments: ranges.split_off(1),
        })
    }

    fn read_piece(&self, piece: Piece, skip: u64, buffer: &mut [u8]) -> io::Result<()> {
        match piece {
            Piece::Source(range) => self.source.read_at(range.start + skip, buffer),
            Piece::Cleared(range, kept) => {
                self.source.read_at(range.start + skip, buffer)?;
                let unit = u64::from(kept.unit);
                let first = usize::try_from(skip % unit).unwrap_or(0);
                let masks = kept
                    .mask
                    .iter()
                    .take(usize::from(kept.unit))
                    .cycle()
                    .skip(first);
                buffer
                    .iter_mut()
                    .zip(masks)
                    .for_each(|(byte, mask)| *byte &= mask);
                Ok(())
            }
            Piece::Fresh { start, .. } => {
                let start = start + usize::try_from(skip).unwrap_or(usize::MAX - start);
                let fresh = self.value.fresh().get(start..start + buffer.len());
                buffer.copy_from_slice(fresh.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}

impl PixelBytes for View<'_> {
    fn len(&self) -> u64 {
        self.value.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut index = self
            .starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        let (mut at, mut done) = (offset, 0);
        while done < buffer.len() {
            let piece = self
                .value
                .pieces()
                .get(index)
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            let skip = at - self.starts[index];
            let len = usize::try_from(piece.len().saturating_sub(skip))
                .unwrap_or(usize::MAX)
                .min(buffer.len() - done);
            self.read_piece(*piece, skip, &mut buffer[done..done + len])?;
            done += len;
            at += len as u64;
            index += 1;
        }
        Ok(())
    }
}
