//! Fragments to frames and back (PS3.5 annex A.4).

use crate::bytes::{PixelBytes, read_range};
use crate::native::unreadable;
use crate::syntax::Coding;
use crate::value::NewValue;
use cloakroom_core::{ByteRange, HoldReason, PixelLayout};
use std::borrow::Cow;

const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const DELIMITER: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
/// Item tag and length.
const HEADER: u64 = 8;

/// The frames of an encapsulated value, each as the ranges of its fragments.
pub(crate) struct Encapsulated<'a> {
    bytes: &'a dyn PixelBytes,
    frames: Vec<Vec<ByteRange>>,
    /// The items are laid out as the standard says, so that nothing hides between frames or in the offset table.
    pub(crate) sound: bool,
    has_offsets: bool,
}

/// A part of a coded frame after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Bytes `start..end` of the coded frame.
    Source(usize, usize),
    /// New bytes.
    Fresh(Vec<u8>),
}

impl<'a> Encapsulated<'a> {
    /// Finds which fragments belong to which frame.
    pub(crate) fn new(
        bytes: &'a dyn PixelBytes,
        layout: &PixelLayout,
        coding: Coding,
        frames: u32,
    ) -> Result<Self, HoldReason> {
        let PixelLayout::Encapsulated {
            whole,
            offset_table,
            fragments,
        } = layout
        else {
            return Err(HoldReason::PixelUndecodable);
        };
        if whole.end > bytes.len() || fragments.len() > 1 << 24 {
            return Err(HoldReason::PixelUndecodable);
        }
        let offsets = read_offsets(bytes, *offset_table)?;
        let groups = group(bytes, fragments, coding, frames as usize, &offsets)?;
        let sound = items_follow_each_other(bytes, *whole, *offset_table, fragments)?
            && fragments
                .iter()
                .all(|fragment| !fragment.is_empty() && fragment.len() % 2 == 0)
            && (offsets.is_empty() || offsets == frame_offsets(&groups))
            && offset_table.len() % 4 == 0;
        Ok(Self {
            bytes,
            frames: groups,
            sound,
            has_offsets: !offset_table.is_empty(),
        })
    }

    pub(crate) fn frames(&self) -> usize {
        self.frames.len()
    }

    /// The coded bytes of one frame.
    pub(crate) fn frame(&self, frame: usize) -> Result<Cow<'a, [u8]>, HoldReason> {
        match self.frames.get(frame).map(Vec::as_slice) {
            Some([only]) => read_range(self.bytes, *only).map_err(unreadable),
            Some(several) => {
                let mut all = Vec::new();
                for range in several {
                    all.extend_from_slice(&read_range(self.bytes, *range).map_err(unreadable)?);
                }
                Ok(all.into())
            }
            None => Err(HoldReason::PixelUndecodable),
        }
    }

    /// The value with some frames changed: one fragment per frame, and an offset table if there was one or there is
    /// more than one frame.
    pub(crate) fn rebuild(&self, changed: &[Option<Vec<Part>>]) -> Result<NewValue, HoldReason> {
        let lengths: Vec<u64> = self
            .frames
            .iter()
            .zip(changed)
            .map(|(frame, parts)| {
                let len = parts
                    .as_ref()
                    .map_or_else(|| total(frame), |parts| parts_len(parts));
                len.next_multiple_of(2)
            })
            .collect();
        if lengths.iter().any(|len| *len > u64::from(u32::MAX) - 1) {
            return Err(HoldReason::TooLarge);
        }
        let mut value = NewValue::default();
        let with_table = self.has_offsets || self.frames.len() > 1;
        push_table(&mut value, &lengths, with_table);
        for ((frame, parts), len) in self.frames.iter().zip(changed).zip(lengths) {
            push_header(&mut value, len);
            let before = value.len();
            match parts {
                None => frame.iter().for_each(|range| value.push_source(*range)),
                Some(parts) => push_parts(&mut value, frame, parts),
            }
            if value.len() - before < len {
                value.push_fresh(&[0]);
            }
        }
        value.push_fresh(&DELIMITER);
        Ok(value)
    }
}

fn read_offsets(bytes: &dyn PixelBytes, range: ByteRange) -> Result<Vec<u64>, HoldReason> {
    if range.len() > 1 << 26 {
        return Err(HoldReason::TooLarge);
    }
    let table = read_range(bytes, range).map_err(unreadable)?;
    let word =
        |entry: &[u8]| u64::from(u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]));
    Ok(table.chunks_exact(4).map(word).collect())
}

/// Where each frame begins, counted from the item after the offset table.
fn frame_offsets(frames: &[Vec<ByteRange>]) -> Vec<u64> {
    let first = frames
        .first()
        .and_then(|frame| frame.first())
        .map_or(0, |range| range.start);
    frames
        .iter()
        .filter_map(|frame| Some(frame.first()?.start - first))
        .collect()
}

fn group(
    bytes: &dyn PixelBytes,
    fragments: &[ByteRange],
    coding: Coding,
    frames: usize,
    offsets: &[u64],
) -> Result<Vec<Vec<ByteRange>>, HoldReason> {
    if frames == 0 || fragments.len() < frames {
        return Err(HoldReason::PixelUndecodable);
    }
    if frames == 1 {
        return Ok(vec![fragments.to_vec()]);
    }
    if fragments.len() == frames {
        return Ok(fragments.iter().map(|fragment| vec![*fragment]).collect());
    }
    let marker = coding.start_marker().ok_or(HoldReason::PixelUndecodable)?;
    let by_table = by_starts(fragments, |index, fragment| {
        let first = fragments.first().map_or(0, |fragment| fragment.start);
        index == 0 || offsets.contains(&(fragment.start - first))
    });
    if by_table.len() == frames && offsets.len() == frames {
        return Ok(by_table);
    }
    let mut starts = Vec::with_capacity(fragments.len());
    for fragment in fragments {
        let mut head = [0; 2];
        let whole = fragment.len() >= 2;
        if whole {
            bytes
                .read_at(fragment.start, &mut head)
                .map_err(unreadable)?;
        }
        starts.push(whole && head == marker);
    }
    let by_marker = by_starts(fragments, |index, _| index == 0 || starts[index]);
    if by_marker.len() == frames {
        Ok(by_marker)
    } else {
        Err(HoldReason::PixelUndecodable)
    }
}

fn by_starts(
    fragments: &[ByteRange],
    is_start: impl Fn(usize, &ByteRange) -> bool,
) -> Vec<Vec<ByteRange>> {
    let mut groups: Vec<Vec<ByteRange>> = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        if is_start(index, fragment) {
            groups.push(Vec::new());
        }
        if let Some(last) = groups.last_mut() {
            last.push(*fragment);
        }
    }
    groups
}

/// Whether the value is nothing but an offset table, the fragments, and a delimiter, in this order.
fn items_follow_each_other(
    bytes: &dyn PixelBytes,
    whole: ByteRange,
    offset_table: ByteRange,
    fragments: &[ByteRange],
) -> Result<bool, HoldReason> {
    let mut at = whole.start;
    for range in std::iter::once(&offset_table).chain(fragments) {
        if range.start != at + HEADER {
            return Ok(false);
        }
        at = range.end;
    }
    if whole.end != at + HEADER {
        return Ok(false);
    }
    let mut end = [0; 8];
    bytes.read_at(at, &mut end).map_err(unreadable)?;
    Ok(end == DELIMITER)
}

fn total(ranges: &[ByteRange]) -> u64 {
    ranges.iter().map(|range| range.len()).sum()
}

fn parts_len(parts: &[Part]) -> u64 {
    parts
        .iter()
        .map(|part| match part {
            Part::Source(start, end) => (end - start) as u64,
            Part::Fresh(bytes) => bytes.len() as u64,
        })
        .sum()
}

fn push_header(value: &mut NewValue, len: u64) {
    value.push_fresh(&ITEM);
    value.push_fresh(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
}

fn push_table(value: &mut NewValue, lengths: &[u64], with_table: bool) {
    let offsets: Vec<u64> = lengths
        .iter()
        .scan(0, |at, len| {
            let offset = *at;
            *at += len + HEADER;
            Some(offset)
        })
        .collect();
    // Offsets have 32 bits; a table that cannot say where the last frame is stays empty.
    if !with_table
        || offsets
            .last()
            .is_some_and(|last| *last > u64::from(u32::MAX))
    {
        push_header(value, 0);
        return;
    }
    push_header(value, 4 * offsets.len() as u64);
    for offset in offsets {
        value.push_fresh(&u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes());
    }
}

fn push_parts(value: &mut NewValue, frame: &[ByteRange], parts: &[Part]) {
    for part in parts {
        match part {
            Part::Fresh(bytes) => value.push_fresh(bytes),
            Part::Source(start, end) => {
                let (mut at, mut skip, mut left) = (0, *start as u64, (end - start) as u64);
                while left > 0 && at < frame.len() {
                    let range = frame[at];
                    at += 1;
                    if skip >= range.len() {
                        skip -= range.len();
                        continue;
                    }
                    let len = left.min(range.len() - skip);
                    let from = range.start + skip;
                    value.push_source(ByteRange {
                        start: from,
                        end: from + len,
                    });
                    left -= len;
                    skip = 0;
                }
            }
        }
    }
}
