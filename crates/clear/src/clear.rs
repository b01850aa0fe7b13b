//! The only mint of [`Cleared`].

use crate::encoded::PixelSource;
use crate::inspect::{Candidate, Gate, Inspected, MOST_FINDINGS, inspect};
use crate::residue::PatientScan;
use cloakroom_core::{
    ActionRecord, ByteRange, Digest, Finding, FindingKind, Hasher, HoldReason, InstanceFacts,
    PixelReason,
};
use cloakroom_deid::Edited;
use cloakroom_pixels::{Masked, MaskedBytes, PixelBytes};
use core::fmt;
use std::io::{self, Write};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use thiserror::Error;

/// An object that may leave: its bytes were read by the second reader and searched for its patient.
///
/// Only [`clear_answered`] makes one, and nothing else can be packed:
///
/// ```compile_fail,E0451
/// fn forge(real: cloakroom_clear::Cleared) -> cloakroom_clear::Cleared {
///     cloakroom_clear::Cleared { head: b"anything".to_vec(), ..real }
/// }
/// ```
///
/// ```compile_fail,E0423
/// let forged = cloakroom_clear::Cleared;
/// ```
pub struct Cleared {
    head: Vec<u8>,
    tail: Vec<u8>,
    pixels: Option<ByteRange>,
    source: Arc<dyn PixelBytes>,
    masked: Masked,
    facts: InstanceFacts,
    actions: Vec<ActionRecord>,
    len: u64,
    digest: OnceLock<Digest>,
}

impl fmt::Debug for Cleared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cleared")
            .field("instance", &self.facts.instance)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// An object that may not leave before a person has looked at it: why, and where. Never what.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("held: {}", reason.meaning())]
pub struct Held {
    /// The reason.
    pub reason: HoldReason,
    /// Everything that was found.
    pub findings: Vec<Finding>,
    /// What a person may answer, where nothing but known values was found: the digest of all that was searched and of
    /// what was found in it.
    pub alarm: Option<Digest>,
}

impl Held {
    pub(crate) fn unreadable(kind: FindingKind) -> Self {
        Self {
            reason: HoldReason::SecondReaderFailed,
            findings: vec![Finding {
                kind,
                path: None,
                offset: None,
            }],
            alarm: None,
        }
    }

    fn without_findings(reason: HoldReason) -> Self {
        Self {
            reason,
            findings: Vec::new(),
            alarm: None,
        }
    }

    /// The gravest finding gives the reason.
    pub(crate) fn of(findings: Vec<Finding>) -> Self {
        let has = |wanted: fn(&FindingKind) -> bool| findings.iter().any(|one| wanted(&one.kind));
        let reason = if has(|kind| matches!(kind, FindingKind::KnownValue(_))) {
            HoldReason::KnownValueFound
        } else if has(|kind| matches!(kind, FindingKind::Unreadable | FindingKind::LengthMismatch))
        {
            HoldReason::SecondReaderFailed
        } else {
            HoldReason::ForbiddenAttribute
        };
        Self {
            reason,
            findings,
            alarm: None,
        }
    }
}

/// Encodes an edited object with its masked pixels, and looks at the bytes that would be written with other eyes.
///
/// `source` is the file that the object and its pixel layout were read from. Where it lies in memory, the digest of
/// the whole output is taken here; where it does not, each pixel byte is read once, by [`Cleared::write_to`].
///
/// # Errors
/// Everything that was found, if anything was.
pub fn clear(
    gate: &Gate,
    scan: &PatientScan,
    edited: Edited,
    masked: Masked,
    source: Arc<dyn PixelBytes>,
) -> Result<Cleared, Held> {
    clear_answered(gate, scan, edited, masked, source, None)
}

/// The same, where a person has answered an alarm: the object passes if what is found is that alarm and no other.
///
/// Nothing but known values can be answered. Structure, rules and stamps are no matter of opinion.
///
/// # Errors
/// Everything that was found, if it is not what was answered.
pub fn clear_answered(
    gate: &Gate,
    scan: &PatientScan,
    edited: Edited,
    masked: Masked,
    source: Arc<dyn PixelBytes>,
    answered: Option<&Digest>,
) -> Result<Cleared, Held> {
    if !scan.is_complete() {
        return Err(Held::without_findings(HoldReason::TooLarge));
    }
    let changes = masked.changes();
    let encoded = edited
        .encode(changes)
        .map_err(|_| Held::unreadable(FindingKind::Unreadable))?;
    let range = edited.pixel_layout().map(|layout| layout.whole());
    let pixels = pixel_source(&masked, range, source.as_ref());
    let same_file = source.len() == edited.source().len();
    if !same_file || encoded.pixels.len() != pixels.len() {
        return Err(Held::unreadable(FindingKind::LengthMismatch));
    }
    let candidate = Candidate {
        head: &encoded.head,
        pixels,
        tail: &encoded.tail,
        minted: edited
            .uid_pairs()
            .map(|(_, mapped)| mapped.as_str())
            .collect(),
        pixels_cleaned: changes.pixels_cleaned,
        features_cleaned: changes.features_cleaned,
    };
    let Inspected { findings, facts } = inspect(gate, scan, &candidate);
    if !findings.is_empty() {
        let alarm = alarm(&candidate, &findings);
        if alarm.is_none() || alarm.as_ref() != answered {
            return Err(Held {
                alarm,
                ..Held::of(findings)
            });
        }
    }
    if !can_be_filed(&facts) {
        return Err(Held::without_findings(HoldReason::HierarchyConflict));
    }
    let in_memory = pixels.is_in_memory();
    let actions = edited.actions().to_vec();
    let cleared = Cleared {
        len: encoded.len(),
        head: encoded.head,
        tail: encoded.tail,
        pixels: range,
        source,
        masked,
        facts,
        actions,
        digest: OnceLock::new(),
    };
    if in_memory {
        cleared
            .write_to(&mut io::sink())
            .map_err(|_| Held::unreadable(FindingKind::LengthMismatch))?;
    }
    Ok(cleared)
}

/// The digest of an alarm; `None` where something was found that no person can answer.
fn alarm(candidate: &Candidate<'_>, findings: &[Finding]) -> Option<Digest> {
    let only_values = findings
        .iter()
        .all(|one| matches!(one.kind, FindingKind::KnownValue(_)));
    if !only_values || findings.len() >= MOST_FINDINGS {
        return None;
    }
    let mut hasher = Hasher::new();
    for part in [candidate.head, candidate.tail] {
        hasher.update(Digest::of(part).as_bytes());
    }
    let found = serde_json::to_vec(findings).ok()?;
    hasher.update(&found);
    Some(hasher.finish())
}

/// Whether an object says whose it is and where it belongs. Objects of classes without a patient, such as colour
/// palettes, need not, and a package has no place for them.
fn can_be_filed(facts: &InstanceFacts) -> bool {
    [&facts.patient, &facts.study, &facts.series, &facts.instance]
        .into_iter()
        .all(|part| !part.is_empty())
}

fn pixel_source<'a>(
    masked: &'a Masked,
    range: Option<ByteRange>,
    source: &'a dyn PixelBytes,
) -> PixelSource<'a> {
    match (range, masked.bytes()) {
        (None, _) => PixelSource::None,
        (Some(range), MaskedBytes::Unchanged) => PixelSource::Original(source, range),
        (Some(_), MaskedBytes::Replaced(value)) => PixelSource::New(source, value),
    }
}

/// What was written is not what was cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("what was written is not what was cleared")]
pub struct NotWhatWasCleared;

impl Cleared {
    /// SHA-256 of the whole output: known from the gate on where the pixels lie in memory, and otherwise from the
    /// first [`Cleared::write_to`] on.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.digest.get().copied()
    }

    /// Bytes of the whole output.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Never: there is always a preamble.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What the output says of itself, as the second reader read it.
    #[must_use]
    pub const fn facts(&self) -> &InstanceFacts {
        &self.facts
    }

    /// Why the pixels may leave.
    #[must_use]
    pub const fn pixel_reason(&self) -> &PixelReason {
        self.masked.reason()
    }

    /// What was done to the pixels.
    #[must_use]
    pub const fn masked(&self) -> &Masked {
        &self.masked
    }

    /// What was done to the attributes, sorted by path.
    #[must_use]
    pub fn actions(&self) -> &[ActionRecord] {
        &self.actions
    }

    /// Writes the output and returns its digest.
    ///
    /// What lies in memory was hashed at the gate, and nobody can change it since. What does not is hashed as it is
    /// read to be written, by a thread of its own.
    ///
    /// # Errors
    /// Those of the source and of the writer; [`NotWhatWasCleared`] if length or digest are not those of the gate,
    /// or of the first time it was written.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<Digest> {
        let pixels = self.pixel_source();
        let (written, digest) = match self.digest() {
            Some(digest) if pixels.is_in_memory() => {
                let mut counting = Counting { out, written: 0 };
                self.write_parts(&mut counting)?;
                (counting.written, digest)
            }
            _ if pixels.is_in_memory() => self.hash_parts(out)?,
            _ => self.write_while_reading(out)?,
        };
        if written != self.len || *self.digest.get_or_init(|| digest) != digest {
            return Err(io::Error::other(NotWhatWasCleared));
        }
        Ok(digest)
    }

    fn pixel_source(&self) -> PixelSource<'_> {
        pixel_source(&self.masked, self.pixels, self.source.as_ref())
    }

    fn write_parts(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.head)?;
        self.pixel_source().write_to(out)?;
        out.write_all(&self.tail)
    }

    /// Writes, and takes length and digest of what was written.
    fn hash_parts(&self, out: &mut dyn Write) -> io::Result<(u64, Digest)> {
        let mut tee = Tee {
            out: Counting { out, written: 0 },
            hasher: Hasher::new(),
        };
        self.write_parts(&mut tee)?;
        tee.flush()?;
        Ok((tee.out.written, tee.hasher.finish()))
    }

    /// The same, while another thread reads and hashes what comes next.
    fn write_while_reading(&self, out: &mut dyn Write) -> io::Result<(u64, Digest)> {
        let (read, to_write) = mpsc::sync_channel(PORTIONS_WAITING);
        let (done, to_fill) = mpsc::channel();
        thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut portions = Portions {
                    portion: Vec::new(),
                    read,
                    to_fill,
                };
                self.hash_parts(&mut portions)
            });
            // When this ends early, the reader finds nobody who takes what it reads, and ends too.
            for portion in to_write {
                out.write_all(&portion)?;
                // The reader is gone when all is read.
                drop(done.send(portion));
            }
            reader
                .join()
                .map_err(|_| io::Error::other("the reader of an object ended without a word"))?
        })
    }
}

/// How many portions may be read and not yet written.
const PORTIONS_WAITING: usize = 3;
/// The size of a portion in bytes.
const PORTION: usize = 1 << 20;

/// Gathers what is written to it into portions for another thread.
struct Portions {
    portion: Vec<u8>,
    read: mpsc::SyncSender<Vec<u8>>,
    to_fill: mpsc::Receiver<Vec<u8>>,
}

impl Write for Portions {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.portion.extend_from_slice(bytes);
        if self.portion.len() >= PORTION {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut next = self.to_fill.try_recv().unwrap_or_default();
        next.clear();
        let portion = std::mem::replace(&mut self.portion, next);
        self.read
            .send(portion)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

struct Counting<'a> {
    out: &'a mut dyn Write,
    written: u64,
}

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes, and takes the digest of what was written.
struct Tee<'a> {
    out: Counting<'a>,
    hasher: Hasher,
}

impl Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_without_a_patient_or_a_place_cannot_be_filed() {
        let whole = InstanceFacts {
            patient: "P1".into(),
            study: "2.25.1".into(),
            series: "2.25.2".into(),
            instance: "2.25.3".into(),
            ..InstanceFacts::default()
        };
        assert!(can_be_filed(&whole));
        let without: [fn(&mut InstanceFacts); 4] = [
            |facts| facts.patient.clear(),
            |facts| facts.study.clear(),
            |facts| facts.series.clear(),
            |facts| facts.instance.clear(),
        ];
        for clear in without {
            let mut facts = whole.clone();
            clear(&mut facts);
            assert!(!can_be_filed(&facts));
        }
    }
}
