//! RLE Lossless (PS3.5 annex G).

use super::{Expected, Kept};
use crate::encapsulated::Part;

const HEADER: usize = 64;

pub(super) fn scrub(frame: &[u8], expected: &Expected) -> Option<Vec<Part>> {
    let segments = segments(frame, expected)?;
    let count = segments.len();
    // Each segment is followed by at most one byte of zero that makes its length even.
    let ends: Vec<(usize, usize)> = segments
        .iter()
        .map(|(start, end)| {
            (
                *start,
                end + usize::from((end - start) % 2 == 1 && frame.get(*end) == Some(&0)),
            )
        })
        .collect();
    let follow = ends.windows(2).all(|pair| pair[0].1 == pair[1].0) && ends.first()?.0 == HEADER;
    let unused_is_zero = frame
        .get(4 + 4 * count..HEADER)?
        .iter()
        .all(|byte| *byte == 0);
    let mut kept = Kept::default();
    if follow && unused_is_zero {
        kept.source(0, ends.last()?.1);
        return Some(kept.finish());
    }
    let mut header = vec![0; HEADER];
    header[..4].copy_from_slice(&u32::try_from(count).ok()?.to_le_bytes());
    let mut at = HEADER;
    for (index, (start, end)) in segments.iter().enumerate() {
        header[4 + 4 * index..8 + 4 * index]
            .copy_from_slice(&u32::try_from(at).ok()?.to_le_bytes());
        at += (end - start).next_multiple_of(2);
    }
    kept.fresh(header);
    for (start, end) in segments {
        kept.source(start, end);
        if (end - start) % 2 == 1 {
            kept.fresh(vec![0]);
        }
    }
    Some(kept.finish())
}

/// The coded bytes of each byte plane, without padding.
fn segments(frame: &[u8], expected: &Expected) -> Option<Vec<(usize, usize)>> {
    let count = long_le(frame, 0)?;
    let planes = usize::from(expected.samples) * usize::from(expected.bits_allocated.div_ceil(8));
    if count != planes || count > 15 || frame.len() < HEADER {
        return None;
    }
    let pixels = expected.rows as usize * expected.columns as usize;
    let starts: Vec<usize> = (0..count)
        .map(|index| long_le(frame, 4 + 4 * index))
        .collect::<Option<_>>()?;
    let mut found = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let limit = starts.get(index + 1).copied().unwrap_or(frame.len());
        if *start < HEADER || limit > frame.len() || *start > limit {
            return None;
        }
        found.push((*start, coded_end(frame, *start, limit, pixels)?));
    }
    Some(found)
}

/// Where the PackBits data of one plane ends.
fn coded_end(frame: &[u8], start: usize, limit: usize, pixels: usize) -> Option<usize> {
    let (mut at, mut left) = (start, pixels);
    while left > 0 {
        let control = usize::from(*frame.get(..limit)?.get(at)?);
        let (run, bytes) = match control {
            0..=127 => (control + 1, control + 2),
            128 => (0, 1),
            _ => (257 - control, 2),
        };
        // Some writers let the last run reach past the plane.
        left = left.saturating_sub(run);
        at += bytes;
        if at > limit {
            return None;
        }
    }
    Some(at)
}

fn long_le(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(four)).ok()
}
