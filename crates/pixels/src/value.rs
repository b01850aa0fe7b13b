//! A new pixel value as a list of pieces: what stays is copied from the original, what changed stands apart.

use crate::bytes::PixelBytes;
use cloakroom_core::ByteRange;
use std::io::{self, Write};

/// Bytes are copied in portions of this size, so that memory does not grow with the value.
const PORTION: usize = 1 << 18;

/// Which bits of each stored sample stay when a range is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptBits {
    /// The bytes of one sample as a mask, in the byte order of the file; the first `unit` bytes count.
    pub mask: [u8; 4],
    /// Bytes of a sample: 1, 2 or 4.
    pub unit: u8,
}

/// One piece of a new pixel value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of the original file.
    Source(ByteRange),
    /// Bytes of the original file with some bits of each sample cleared; the range begins at a sample.
    Cleared(ByteRange, KeptBits),
    /// Bytes `start..start + len` of [`NewValue::fresh`]; pieces may share them.
    Fresh {
        /// The first byte.
        start: usize,
        /// Bytes.
        len: usize,
    },
}

impl Piece {
    /// Bytes of the piece.
    #[must_use]
    pub const fn len(&self) -> u64 {
        match self {
            Self::Source(range) | Self::Cleared(range, _) => range.len(),
            Self::Fresh { len, .. } => *len as u64,
        }
    }

    /// Whether it holds no byte.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A pixel value that takes the place of the original.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewValue {
    pieces: Vec<Piece>,
    fresh: Vec<u8>,
    len: u64,
}

impl std::fmt::Debug for NewValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "NewValue({} bytes in {} pieces)",
            self.len,
            self.pieces.len()
        )
    }
}

impl NewValue {
    /// The pieces in their order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The bytes that the original does not have.
    #[must_use]
    pub fn fresh(&self) -> &[u8] {
        &self.fresh
    }

    /// Bytes of the value.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether it holds no byte.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Writes the value, reading what stays from the original.
    ///
    /// # Errors
    /// Those of the original and of the writer.
    pub fn write_to(&self, source: &dyn PixelBytes, out: &mut dyn Write) -> io::Result<()> {
        let mut buffer = Vec::new();
        for piece in &self.pieces {
            match *piece {
                Piece::Source(range) => copy(source, range, None, &mut buffer, out)?,
                Piece::Cleared(range, kept) => copy(source, range, Some(kept), &mut buffer, out)?,
                Piece::Fresh { start, len } => out.write_all(
                    self.fresh
                        .get(start..start + len)
                        .ok_or(io::ErrorKind::UnexpectedEof)?,
                )?,
            }
        }
        Ok(())
    }

    /// The value in memory.
    ///
    /// # Errors
    /// Those of the original.
    pub fn to_vec(&self, source: &dyn PixelBytes) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        self.write_to(source, &mut all)?;
        Ok(all)
    }

    /// Adds bytes of the original; neighbours join.
    pub(crate) fn push_source(&mut self, range: ByteRange) {
        if range.is_empty() {
            return;
        }
        self.len += range.len();
        if let Some(Piece::Source(last)) = self.pieces.last_mut()
            && last.end == range.start
        {
            last.end = range.end;
            return;
        }
        self.pieces.push(Piece::Source(range));
    }

    /// Adds bytes of the original whose samples lose some bits.
    pub(crate) fn push_cleared(&mut self, range: ByteRange, kept: KeptBits) {
        if !range.is_empty() {
            self.len += range.len();
            self.pieces.push(Piece::Cleared(range, kept));
        }
    }

    /// Adds new bytes.
    pub(crate) fn push_fresh(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let start = self.fresh.len();
        self.fresh.extend_from_slice(bytes);
        self.len += bytes.len() as u64;
        if let Some(Piece::Fresh { start: first, len }) = self.pieces.last_mut()
            && *first + *len == start
        {
            *len += bytes.len();
            return;
        }
        self.pieces.push(Piece::Fresh {
            start,
            len: bytes.len(),
        });
    }

    /// Adds bytes that already stand in the fresh bytes.
    pub(crate) fn push_shared(&mut self, start: usize, len: usize) {
        debug_assert!(start + len <= self.fresh.len());
        if len > 0 {
            self.len += len as u64;
            self.pieces.push(Piece::Fresh { start, len });
        }
    }

    /// Puts bytes into the fresh bytes for later use by [`Self::push_shared`], and says where they stand.
    pub(crate) fn share(&mut self, bytes: &[u8]) -> usize {
        let start = self.fresh.len();
        self.fresh.extend_from_slice(bytes);
        start
    }
}

fn copy(
    source: &dyn PixelBytes,
    range: ByteRange,
    kept: Option<KeptBits>,
    buffer: &mut Vec<u8>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut at = range.start;
    while at < range.end {
        let len = usize::try_from(range.end - at)
            .unwrap_or(PORTION)
            .min(PORTION);
        buffer.resize(len, 0);
        source.read_at(at, buffer)?;
        if let Some(kept) = kept {
            for (index, byte) in buffer.iter_mut().enumerate() {
                *byte &= kept.mask[index % usize::from(kept.unit)];
            }
        }
        out.write_all(buffer)?;
        at += len as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::MemoryBytes;

    #[test]
    fn pieces_write_what_they_describe() {
        let source = MemoryBytes((0..=255).collect());
        let mut value = NewValue::default();
        value.push_source(ByteRange { start: 1, end: 3 });
        value.push_source(ByteRange { start: 3, end: 4 });
        value.push_fresh(b"ab");
        value.push_fresh(b"c");
        let shared = value.share(b"xy");
        value.push_shared(shared, 1);
        value.push_shared(shared, 2);
        let kept = KeptBits {
            mask: [0xFF, 0x0F, 0, 0],
            unit: 2,
        };
        value.push_cleared(
            ByteRange {
                start: 0xF0,
                end: 0xF4,
            },
            kept,
        );
        assert_eq!(value.pieces().len(), 5);
        let written = value.to_vec(&source).unwrap();
        assert_eq!(
            written,
            [&[1, 2, 3][..], b"abcxxy", &[0xF0, 0x01, 0xF2, 0x03]].concat()
        );
        assert_eq!(value.len(), written.len() as u64);
    }

    #[test]
    fn a_range_past_the_end_is_an_error() {
        let mut value = NewValue::default();
        value.push_source(ByteRange { start: 0, end: 9 });
        assert!(value.to_vec(&MemoryBytes(vec![0; 8])).is_err());
    }
}
