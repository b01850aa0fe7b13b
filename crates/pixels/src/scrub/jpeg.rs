//! JPEG (ISO/IEC 10918-1) and JPEG-LS (ISO/IEC 14495-1).

use super::{Expected, Kept, word};
use crate::encapsulated::Part;

/// Which of the two standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Jpeg,
    JpegLs,
}

/// One marker segment, or a scan with its entropy-coded data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The second byte of the marker.
    pub(crate) marker: u8,
    /// From the marker's 0xFF to the end of the segment.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// For a scan: the end of its entropy-coded data; else [`Segment::end`].
    pub(crate) data_end: usize,
}

impl Segment {
    /// What follows the length.
    pub(crate) fn body<'a>(&self, frame: &'a [u8]) -> &'a [u8] {
        frame.get(self.start + 4..self.end).unwrap_or_default()
    }
}

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// Walks from SOI to EOI. `None` if a marker is unknown or out of its place, or the end is missing.
pub(crate) fn segments(frame: &[u8], family: Family) -> Option<Vec<Segment>> {
    if frame.get(..2)? != [0xFF, SOI] {
        return None;
    }
    let mut found = vec![Segment {
        marker: SOI,
        start: 0,
        end: 2,
        data_end: 2,
    }];
    let mut at = 2;
    loop {
        // A marker may be preceded by any number of fill bytes of 0xFF.
        let mut start = at;
        while frame.get(start..start + 2)? == [0xFF, 0xFF] {
            start += 1;
        }
        let [0xFF, marker] = *frame.get(start..start + 2)? else {
            return None;
        };
        if marker == EOI {
            found.push(Segment {
                marker,
                start,
                end: start + 2,
                data_end: start + 2,
            });
            return Some(found);
        }
        if !is_known(marker, family) {
            return None;
        }
        let len = word(frame, start + 2)?;
        let end = start + 2 + len;
        if len < 2 || end > frame.len() {
            return None;
        }
        let data_end = if marker == SOS {
            end_of_scan(frame, end, family)?
        } else {
            end
        };
        found.push(Segment {
            marker,
            start,
            end,
            data_end,
        });
        at = data_end;
    }
}

/// Markers with a length that may stand between SOI and EOI. Hierarchical files and reserved markers are not known.
fn is_known(marker: u8, family: Family) -> bool {
    match marker {
        0xC4 | 0xDA..=0xDD | 0xE0..=0xEF | 0xFE => true,
        0xC0..=0xC3 | 0xC9..=0xCC => family == Family::Jpeg,
        0xF7 | 0xF8 => family == Family::JpegLs,
        _ => false,
    }
}

/// The first marker after entropy-coded data that is neither a stuffed byte nor a restart.
fn end_of_scan(frame: &[u8], from: usize, family: Family) -> Option<usize> {
    let mut at = from;
    loop {
        at += frame.get(at..)?.iter().position(|byte| *byte == 0xFF)?;
        match *frame.get(at + 1)? {
            0xD0..=0xD7 | 0x00 => at += 2,
            0xFF if family == Family::Jpeg => at += 1,
            low if family == Family::JpegLs && low < 0x80 => at += 2,
            _ => return Some(at),
        }
    }
}

/// The frame header: precision, rows, columns, components with their identifiers.
pub(crate) struct FrameHeader<'a> {
    pub(crate) marker: u8,
    pub(crate) precision: u8,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Three bytes per component: identifier, sampling factors, quantisation table.
    pub(crate) components: Vec<&'a [u8]>,
}

/// The one frame header of a file.
pub(crate) fn frame_header<'a>(frame: &'a [u8], segments: &[Segment]) -> Option<FrameHeader<'a>> {
    let mut headers = segments
        .iter()
        .filter(|segment| matches!(segment.marker, 0xC0..=0xC3 | 0xC9..=0xCB | 0xF7));
    let (segment, None) = (headers.next()?, headers.next()) else {
        return None;
    };
    let body = segment.body(frame);
    let components: Vec<&[u8]> = body.get(6..)?.chunks_exact(3).collect();
    let header = FrameHeader {
        marker: segment.marker,
        precision: *body.first()?,
        rows: word(body, 1)?,
        columns: word(body, 3)?,
        components,
    };
    (body.len() == 6 + 3 * usize::from(body[5])).then_some(header)
}

pub(super) fn scrub(frame: &[u8], family: Family, expected: &Expected) -> Option<Vec<Part>> {
    let segments = segments(frame, family)?;
    let header = frame_header(frame, &segments)?;
    let fits = header.rows == expected.rows as usize
        && header.columns == expected.columns as usize
        && header.components.len() == usize::from(expected.samples)
        && u16::from(header.precision) <= expected.bits_allocated
        && segments.iter().any(|segment| segment.marker == SOS);
    if !fits {
        return None;
    }
    let mut kept = Kept::default();
    for segment in &segments {
        match segment.marker {
            0xE0 if jfif_tells_colour(segment, frame, &segments, &header) => {
                kept.fresh(vec![
                    0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
                ]);
            }
            0xEE if header.components.len() > 1 => keep_adobe(segment, frame, &mut kept),
            // The colour transform of JPEG-LS files by one maker, which some decoders undo.
            0xE8 if family == Family::JpegLs
                && segment.body(frame).len() == 5
                && segment.body(frame).starts_with(b"mrfx") =>
            {
                kept.source(segment.start, segment.end);
            }
            0xE0..=0xEF | 0xFE => {}
            SOS => keep_scan(frame, segment, family, &mut kept),
            _ => kept.source(segment.start, segment.end),
        }
    }
    Some(kept.finish())
}

/// Without JFIF or Adobe, decoders take components named R, G and B for what they are named.
fn jfif_tells_colour(
    segment: &Segment,
    frame: &[u8],
    segments: &[Segment],
    header: &FrameHeader<'_>,
) -> bool {
    let named: Vec<u8> = header
        .components
        .iter()
        .map(|component| component[0])
        .collect();
    segment.body(frame).starts_with(b"JFIF\0")
        && named == *b"RGB"
        && !segments
            .iter()
            .any(|other| other.marker == 0xEE && other.body(frame).starts_with(b"Adobe"))
}

/// The Adobe segment names the colour transform in its twelfth byte; the bytes before it are versions and flags.
fn keep_adobe(segment: &Segment, frame: &[u8], kept: &mut Kept) {
    let body = segment.body(frame);
    let Some(transform) = body.get(11) else {
        return;
    };
    if !body.starts_with(b"Adobe") {
        return;
    }
    if body.len() == 12 && body[5..11] == [0, 100, 0, 0, 0, 0] {
        kept.source(segment.start, segment.end);
    } else {
        kept.fresh(vec![
            0xFF, 0xEE, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, *transform,
        ]);
    }
}

/// Keeps a scan without the fill bytes that may stand before its restart markers.
fn keep_scan(frame: &[u8], segment: &Segment, family: Family, kept: &mut Kept) {
    let mut from = segment.start;
    if family == Family::Jpeg {
        for at in segment.end..segment.data_end {
            if frame.get(at..at + 2) == Some(&[0xFF, 0xFF]) {
                kept.source(from, at);
                from = at + 1;
            }
        }
    }
    kept.source(from, segment.data_end);
}
