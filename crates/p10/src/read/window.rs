//! The part of a source that the reader has looked at.

use crate::dataset::Segment;
use crate::error::ReadError;
use crate::source::Source;

const FIRST_READ: u64 = 16 << 10;
const LARGEST_READ_AHEAD: u64 = 1 << 20;

/// Bytes of a source, lent where they are in memory and otherwise read in a few large pieces.
pub(crate) struct Window<'s> {
    source: &'s dyn Source,
    lent: Option<&'s [u8]>,
    len: u64,
    /// What was read, ascending; the last one grows.
    segments: Vec<Segment>,
    /// Bytes that were jumped over.
    skipped: u64,
    max_held: u64,
}

impl<'s> Window<'s> {
    pub(crate) fn new(source: &'s dyn Source, max_held: u64) -> Self {
        Self {
            source,
            lent: source.bytes(),
            len: source.len(),
            segments: Vec::new(),
            skipped: 0,
            max_held,
        }
    }

    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn into_segments(self) -> Vec<Segment> {
        self.segments
    }

    /// Makes `start..end` and all between it and what is held already available, for good.
    pub(crate) fn hold(&mut self, start: u64, end: u64) -> Result<(), ReadError> {
        if end > self.len {
            return Err(ReadError::Truncated { offset: start });
        }
        if end - self.skipped.min(end) > self.max_held {
            return Err(ReadError::LimitExceeded {
                limit: "header bytes",
            });
        }
        if self.lent.is_some() {
            return Ok(());
        }
        if self.segments.is_empty() {
            self.segments.push(Segment {
                start,
                bytes: Vec::new(),
            });
        }
        let len = self.len;
        let Some(segment) = self.segments.last_mut() else {
            return Ok(());
        };
        let held = segment.bytes.len() as u64;
        let held_end = segment.start + held;
        if end <= held_end {
            return Ok(());
        }
        let ahead = held.clamp(FIRST_READ, LARGEST_READ_AHEAD);
        let target = end.max(held_end + ahead).min(len);
        let more = usize::try_from(target - held_end).map_err(|_| ReadError::LimitExceeded {
            limit: "header bytes",
        })?;
        let from = segment.bytes.len();
        segment.bytes.reserve_exact(more);
        segment.bytes.resize(from + more, 0);
        self.source.read_at(held_end, &mut segment.bytes[from..])?;
        Ok(())
    }

    /// Bytes `start..end`, which from now on are held.
    pub(crate) fn bytes(&mut self, start: u64, end: u64) -> Result<&[u8], ReadError> {
        self.hold(start, end)?;
        self.held(start, end)
            .ok_or(ReadError::Truncated { offset: start })
    }

    /// Bytes that are held already.
    pub(crate) fn held(&self, start: u64, end: u64) -> Option<&[u8]> {
        let (bytes, base) = match self.lent {
            Some(lent) => (lent, 0),
            None => {
                let segment = self.segments.last()?;
                (segment.bytes.as_slice(), segment.start)
            }
        };
        let from = usize::try_from(start.checked_sub(base)?).ok()?;
        let to = usize::try_from(end.checked_sub(base)?).ok()?;
        bytes.get(from..to)
    }

    /// A few bytes, which from now on are held.
    pub(crate) fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N], ReadError> {
        let bytes = self.bytes(at, at.saturating_add(N as u64))?;
        bytes
            .try_into()
            .map_err(|_| ReadError::Truncated { offset: at })
    }

    /// A few bytes without holding them; `None` where the source ends before.
    pub(crate) fn peek<const N: usize>(&self, at: u64) -> Result<Option<[u8; N]>, ReadError> {
        let end = at.saturating_add(N as u64);
        if end > self.len {
            return Ok(None);
        }
        if let Some(held) = self.held(at, end) {
            return Ok(held.try_into().ok());
        }
        let mut bytes = [0; N];
        self.source.read_at(at, &mut bytes)?;
        Ok(Some(bytes))
    }

    /// Forgets what was read from `from` on, and goes on at `to` without reading what lies between.
    pub(crate) fn skip(&mut self, from: u64, to: u64) {
        self.skipped += to - from;
        if self.lent.is_some() {
            return;
        }
        if let Some(segment) = self.segments.last_mut() {
            let keep = usize::try_from(from - segment.start).unwrap_or(usize::MAX);
            // What was read ahead of the gap may reach beyond it, but to read that again is simpler.
            segment.bytes.truncate(keep);
            segment.bytes.shrink_to_fit();
        }
        self.segments.push(Segment {
            start: to,
            bytes: Vec::new(),
        });
    }

    /// Whether all bytes from `at` to the end are zero.
    pub(crate) fn rest_is_zero(&self, mut at: u64) -> Result<bool, ReadError> {
        if let Some(lent) = self.lent {
            let from = usize::try_from(at).unwrap_or(usize::MAX);
            return Ok(lent
                .get(from..)
                .is_none_or(|rest| rest.iter().all(|byte| *byte == 0)));
        }
        let mut buffer = [0_u8; 8192];
        while at < self.len {
            let count = (self.len - at).min(buffer.len() as u64) as usize;
            self.source.read_at(at, &mut buffer[..count])?;
            if buffer[..count].iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            at += count as u64;
        }
        Ok(true)
    }
}
