//! The bytes that would be written, and their top-level pixel value apart from the rest.

use cloakroom_core::{ByteRange, Tag};
use cloakroom_pixels::{NewValue, Piece, PixelBytes};
use dicom_object::FileMetaTable;
use std::io;

/// Where the file meta information begins: after 128 bytes of preamble and the prefix `DICM`.
pub(crate) const META_START: usize = 132;

/// Where the pixel value of an output object comes from.
#[derive(Clone, Copy)]
pub(crate) enum PixelSource<'a> {
    /// There is none.
    None,
    /// A range of the original file.
    Original(&'a dyn PixelBytes, ByteRange),
    /// A value that pixel work made, partly from the original file.
    New(&'a dyn PixelBytes, &'a NewValue),
}

impl PixelSource<'_> {
    pub(crate) const fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Original(_, range) => range.len(),
            Self::New(_, value) => value.len(),
        }
    }

    /// Whether all of it lies in memory.
    pub(crate) fn is_in_memory(&self) -> bool {
        match self {
            Self::None => true,
            Self::Original(source, _) | Self::New(source, _) => source.bytes().is_some(),
        }
    }

    pub(crate) fn write_to(&self, out: &mut dyn io::Write) -> io::Result<()> {
        const PORTION: u64 = 1 << 20;
        match self {
            Self::None => Ok(()),
            Self::New(source, value) => value.write_to(*source, out),
            Self::Original(source, range) => {
                if let Some(slice) = source.bytes().and_then(|all| slice(all, *range)) {
                    return out.write_all(slice);
                }
                let mut buffer = Vec::new();
                let mut at = range.start;
                while at < range.end {
                    let portion = (range.end - at).min(PORTION);
                    buffer.resize(usize::try_from(portion).unwrap_or(0), 0);
                    source.read_at(at, &mut buffer)?;
                    out.write_all(&buffer)?;
                    at += portion;
                }
                Ok(())
            }
        }
    }

    /// Fills the buffer from the value's byte `offset` on.
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let wanted = buffer.len() as u64;
        if offset
            .checked_add(wanted)
            .is_none_or(|end| end > self.len())
        {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match self {
            Self::None => Ok(()),
            Self::Original(source, range) => source.read_at(range.start + offset, buffer),
            Self::New(source, value) => read_pieces(*source, value, offset, buffer),
        }
    }
}

fn slice(all: &[u8], range: ByteRange) -> Option<&[u8]> {
    let start = usize::try_from(range.start).ok()?;
    all.get(start..usize::try_from(range.end).ok()?)
}

fn read_pieces(
    source: &dyn PixelBytes,
    value: &NewValue,
    offset: u64,
    buffer: &mut [u8],
) -> io::Result<()> {
    let end = offset + buffer.len() as u64;
    let mut piece_start = 0;
    for piece in value.pieces() {
        let length = match piece {
            Piece::Source(range) | Piece::Cleared(range, _) => range.len(),
            Piece::Fresh { len, .. } => *len as u64,
        };
        let (first, last) = (offset.max(piece_start), end.min(piece_start + length));
        if first < last {
            let place = |at: u64| usize::try_from(at).map_err(|_| io::ErrorKind::UnexpectedEof);
            let part = &mut buffer[place(first - offset)?..place(last - offset)?];
            let within = first - piece_start;
            match piece {
                Piece::Source(range) | Piece::Cleared(range, _) => {
                    source.read_at(range.start + within, part)?;
                }
                Piece::Fresh { start, .. } => {
                    let from = start + place(within)?;
                    let fresh = value.fresh().get(from..from + part.len());
                    part.copy_from_slice(fresh.ok_or(io::ErrorKind::UnexpectedEof)?);
                }
            }
        }
        piece_start += length;
    }
    Ok(())
}

/// How the pixel element's header ends the head, found from its last bytes and the transfer syntax alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PixelHeader {
    /// Where the header of the pixel element begins in the head.
    pub(crate) start: usize,
    /// Which of the pixel elements it is.
    pub(crate) tag: Tag,
    /// Where the four bytes of its length begin.
    pub(crate) length_at: usize,
    /// The length it states; `None` where it is undefined.
    pub(crate) length: Option<u32>,
    /// Whether the object is in big endian.
    pub(crate) big_endian: bool,
}

/// The byte order and VR of a transfer syntax.
pub(crate) struct Syntax {
    big_endian: bool,
    implicit: bool,
}

/// Reads the transfer syntax out of the file meta information.
pub(crate) fn transfer_syntax(head: &[u8]) -> Option<String> {
    let meta = FileMetaTable::from_reader(head.get(META_START - 4..)?).ok()?;
    Some(meta.transfer_syntax().trim_end_matches(['\0', ' ']).into())
}

impl Syntax {
    pub(crate) fn of(uid: &str) -> Self {
        Self {
            big_endian: uid == "1.2.840.10008.1.2.2",
            implicit: uid == "1.2.840.10008.1.2",
        }
    }
}

impl PixelHeader {
    /// The header at the end of the head; `None` where the head ends in anything else.
    pub(crate) fn at_end(head: &[u8], syntax: &Syntax) -> Option<Self> {
        let width = if syntax.implicit { 8 } else { 12 };
        let start = head.len().checked_sub(width)?;
        let bytes = head.get(start..)?;
        let number = |at: usize| {
            let pair = [bytes[at], bytes[at + 1]];
            if syntax.big_endian {
                u16::from_be_bytes(pair)
            } else {
                u16::from_le_bytes(pair)
            }
        };
        let tag = Tag(number(0), number(2));
        let is_pixels = matches!(tag, Tag(0x7FE0, 0x0008..=0x0010));
        let long_form = syntax.implicit || (bytes[6] == 0 && bytes[7] == 0);
        if !is_pixels || !long_form {
            return None;
        }
        let length: [u8; 4] = bytes[width - 4..].try_into().ok()?;
        let length = if syntax.big_endian {
            u32::from_be_bytes(length)
        } else {
            u32::from_le_bytes(length)
        };
        Some(Self {
            start,
            tag,
            length_at: head.len() - 4,
            length: (length != u32::MAX).then_some(length),
            big_endian: syntax.big_endian,
        })
    }

    /// The four bytes of length and the value that take the place of the pixels for the second reader: an empty
    /// value, or a sequence of fragments without fragments.
    pub(crate) const fn stand_in(&self) -> &'static [u8] {
        match self.length {
            Some(_) => &[0; 4],
            None => &[
                0xff, 0xff, 0xff, 0xff, // undefined length
                0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0, // an empty offset table
                0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0, // the end of the sequence
            ],
        }
    }
}
