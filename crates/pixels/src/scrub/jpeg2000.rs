//! JPEG 2000 and High-Throughput JPEG 2000 codestreams (ISO/IEC 15444-1 annex A), and the boxes of JP2 around them.

use super::{Expected, Kept, long, word};
use crate::encapsulated::Part;

const SOC: [u8; 2] = [0xFF, 0x4F];
const EOC: [u8; 2] = [0xFF, 0xD9];
const SIZ: u8 = 0x51;
const TLM: u8 = 0x55;
const COM: u8 = 0x64;
const SOT: u8 = 0x90;
const SOD: u8 = 0x93;
const JP2_SIGNATURE: [u8; 12] = [0, 0, 0, 12, b'j', b'P', b' ', b' ', 0x0D, 0x0A, 0x87, 0x0A];

pub(super) fn scrub(frame: &[u8], expected: &Expected) -> Option<Vec<Part>> {
    let stream = codestream(frame)?;
    let mut walk = Walk {
        frame,
        at: stream.0,
        end: stream.1,
        kept: Kept::default(),
        comments_in_tiles: has_tile_comment(frame, stream)?,
    };
    walk.main_header(expected)?;
    while walk.tile_part()? {}
    Some(walk.kept.finish())
}

/// Where the codestream lies: the frame itself, or the one box that holds it.
fn codestream(frame: &[u8]) -> Option<(usize, usize)> {
    if frame.get(..2)? == SOC {
        return Some((0, frame.len()));
    }
    if frame.get(..12)? != JP2_SIGNATURE {
        return None;
    }
    let mut found = None;
    for (kind, start, end) in boxes(frame, 0, frame.len())? {
        match &kind {
            b"jp2c" if found.is_none() => found = Some((start, end)),
            b"jp2c" => return None,
            // A palette in the header would be lost with it.
            b"jp2h"
                if boxes(frame, start, end)?
                    .iter()
                    .any(|(kind, ..)| kind == b"pclr") =>
            {
                return None;
            }
            _ => {}
        }
    }
    found.filter(|(start, _)| frame.get(*start..start + 2) == Some(&SOC))
}

type BoxOf = ([u8; 4], usize, usize);

/// The boxes of a range: their kinds and contents. Zero bytes after the last box are padding.
fn boxes(frame: &[u8], from: usize, to: usize) -> Option<Vec<BoxOf>> {
    let mut found = Vec::new();
    let mut at = from;
    while at + 8 <= to {
        let len = long(frame, at)?;
        let kind: [u8; 4] = frame.get(at + 4..at + 8)?.try_into().ok()?;
        let (head, len) = match len {
            0 => (8, to - at),
            1 => (
                16,
                usize::try_from(u64::from_be_bytes(
                    frame.get(at + 8..at + 16)?.try_into().ok()?,
                ))
                .ok()?,
            ),
            len => (8, len),
        };
        let end = at.checked_add(len)?;
        if len < head || end > to {
            return None;
        }
        found.push((kind, at + head, end));
        at = end;
    }
    Some(found)
}

struct Walk<'a> {
    frame: &'a [u8],
    at: usize,
    end: usize,
    kept: Kept,
    /// Then the lengths of tile parts change, and with them what the TLM segments say.
    comments_in_tiles: bool,
}

/// Marker segments of headers that are known, besides SIZ, TLM, COM, SOT and SOD.
const fn is_known(marker: u8) -> bool {
    // CAP, COD, COC, PLM, PLT, CPF, QCD, QCC, RGN, POC, PPM, PPT, CRG.
    matches!(
        marker,
        0x50 | 0x52 | 0x53 | 0x57 | 0x58 | 0x59 | 0x5C | 0x5D | 0x5E | 0x5F | 0x60 | 0x61 | 0x63
    )
}

/// The marker of the segment at a place, and where the segment ends.
fn segment(frame: &[u8], at: usize, limit: usize) -> Option<(u8, usize)> {
    let [0xFF, marker] = *frame.get(at..at + 2)? else {
        return None;
    };
    let len = word(frame, at + 2)?;
    let end = at + 2 + len;
    (len >= 2 && end <= limit).then_some((marker, end))
}

impl Walk<'_> {
    fn main_header(&mut self, expected: &Expected) -> Option<()> {
        let frame = self.frame;
        self.kept.source(self.at, self.at + 2);
        self.at += 2;
        let (SIZ, end) = segment(frame, self.at, self.end)? else {
            return None;
        };
        if !size_fits(frame, self.at + 4, expected)? {
            return None;
        }
        self.kept.source(self.at, end);
        self.at = end;
        while frame.get(self.at..self.at + 2)? != [0xFF, SOT] {
            let (marker, end) = segment(frame, self.at, self.end)?;
            match marker {
                COM => {}
                TLM if self.comments_in_tiles => {}
                TLM => self.kept.source(self.at, end),
                marker if is_known(marker) => self.kept.source(self.at, end),
                _ => return None,
            }
            self.at = end;
        }
        Some(())
    }

    /// One tile part, or the end of the codestream: `false`.
    fn tile_part(&mut self) -> Option<bool> {
        let frame = self.frame;
        if frame.get(self.at..self.at + 2)? == EOC {
            self.kept.source(self.at, self.at + 2);
            return Some(false);
        }
        let part = TilePart::read(frame, self.at, self.end)?;
        let removed: usize = part.comments.iter().map(|(start, end)| end - start).sum();
        let header_end = part.start + 12;
        if removed == 0 {
            self.kept.source(part.start, part.end);
        } else {
            let mut head = frame.get(part.start..header_end)?.to_vec();
            if long(frame, part.start + 6)? != 0 {
                let len = u32::try_from(part.end - part.start - removed).ok()?;
                head[6..10].copy_from_slice(&len.to_be_bytes());
            }
            self.kept.fresh(head);
            let mut from = header_end;
            for (start, end) in part.comments {
                if from < start {
                    self.kept.source(from, start);
                }
                from = end;
            }
            self.kept.source(from, part.end);
        }
        self.at = part.end;
        Some(true)
    }
}

struct TilePart {
    start: usize,
    end: usize,
    comments: Vec<(usize, usize)>,
}

impl TilePart {
    fn read(frame: &[u8], start: usize, limit: usize) -> Option<Self> {
        let (SOT, mut at) = segment(frame, start, limit)? else {
            return None;
        };
        if at != start + 12 {
            return None;
        }
        let mut comments = Vec::new();
        while frame.get(at..at + 2)? != [0xFF, SOD] {
            let (marker, end) = segment(frame, at, limit)?;
            match marker {
                COM => comments.push((at, end)),
                marker if is_known(marker) => {}
                _ => return None,
            }
            at = end;
        }
        let end = match long(frame, start + 6)? {
            0 => {
                at + frame
                    .get(at..limit)?
                    .windows(2)
                    .position(|pair| pair == EOC)?
            }
            len => start.checked_add(len)?,
        };
        (end >= at + 2 && end <= limit).then_some(Self {
            start,
            end,
            comments,
        })
    }
}

fn has_tile_comment(frame: &[u8], (start, limit): (usize, usize)) -> Option<bool> {
    let mut at = start + 2;
    while frame.get(at..at + 2)? != [0xFF, SOT] {
        at = segment(frame, at, limit)?.1;
    }
    while frame.get(at..at + 2)? != EOC {
        let part = TilePart::read(frame, at, limit)?;
        if !part.comments.is_empty() {
            return Some(true);
        }
        at = part.end;
    }
    Some(false)
}

/// Compares the size of the image area with the header's, from Rsiz on.
fn size_fits(frame: &[u8], at: usize, expected: &Expected) -> Option<bool> {
    let columns = long(frame, at + 2)?.checked_sub(long(frame, at + 10)?)?;
    let rows = long(frame, at + 6)?.checked_sub(long(frame, at + 14)?)?;
    let components = word(frame, at + 34)?;
    Some(
        columns == expected.columns as usize
            && rows == expected.rows as usize
            && components == usize::from(expected.samples),
    )
}
