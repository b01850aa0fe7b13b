//! One series as a piece of a shard: made anywhere, by any thread, and appended in order.

use crate::error::PackError;
use crate::names::member_name;
use crate::seekable::{Compression, FrameEntry, FrameWriter};
use crate::ustar;
use cloakroom_clear::Cleared;
use cloakroom_core::{Digest, InstanceFacts};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// One object in a shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberEntry {
    /// `PATIENT/SERIES/NNNN.dcm`.
    pub name: String,
    /// Where its first byte lies in the uncompressed tar; before a block is in a shard, in the block.
    pub offset: u64,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// What it says of itself.
    pub facts: InstanceFacts,
}

/// One series in a shard: a byte range of the file and of the tar inside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockEntry {
    /// The pseudonym of the patient.
    pub patient: String,
    /// The released Study Instance UID.
    pub study: String,
    /// The released Series Instance UID.
    pub series: String,
    /// Where the block begins in the file of the shard, in bytes.
    pub offset: u64,
    /// Its bytes in the file.
    pub length: u64,
    /// Where the block begins in the uncompressed tar.
    pub tar_offset: u64,
    /// Its bytes in the uncompressed tar.
    pub tar_length: u64,
    /// Its zstd frames; none in a plain tar.
    pub frames: Vec<FrameEntry>,
    /// Its objects, in the order of their SOP Instance UIDs.
    pub members: Vec<MemberEntry>,
}

impl BlockEntry {
    /// The bytes of its objects, without tar headers.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        self.members.iter().map(|member| member.size).sum()
    }
}

/// Writes the objects of one series as tar, compressed as a frame of its own, to any sink.
///
/// A series needs no knowledge of the shard that it will lie in, so many can be written at once; the
/// memory taken is the sink's. It takes nothing that did not pass the gate:
///
/// ```compile_fail,E0624
/// # use cloakroom_core::{Digest, InstanceFacts};
/// let mut block = cloakroom_packager::SeriesBlock::new(Vec::new(), cloakroom_packager::Compression::None);
/// let mut write = |sink: &mut dyn std::io::Write| sink.write_all(b"x").map(|()| Digest::of(b"x"));
/// let _ = block.append_member(&InstanceFacts::default(), 1, None, &mut write);
/// ```
pub struct SeriesBlock<W: Write> {
    writer: FrameWriter<W>,
    position: u64,
    identity: Option<Identity>,
    members: Vec<MemberEntry>,
}

struct Identity {
    patient: String,
    study: String,
    series: String,
}

/// The bytes of an object, given to a sink; returns the digest of what was given.
pub(crate) type WriteContent<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<Digest>;

impl<W: Write> SeriesBlock<W> {
    /// A block without objects.
    pub fn new(sink: W, compression: Compression) -> Self {
        Self::with_threads(sink, compression, 1)
    }

    /// A block without objects that is compressed by several threads. Their number does not change its bytes.
    pub fn with_threads(sink: W, compression: Compression, threads: usize) -> Self {
        Self {
            writer: FrameWriter::new(sink, compression, threads),
            position: 0,
            identity: None,
            members: Vec::new(),
        }
    }

    /// Appends an object that passed the gate, and checks that what is written is what passed.
    ///
    /// # Errors
    /// If the object is of another series, out of order, no longer what it was at the gate, or the sink fails.
    pub fn append(&mut self, object: &Cleared) -> Result<&MemberEntry, PackError> {
        let mut write = |sink: &mut dyn Write| object.write_to(sink);
        self.append_member(object.facts(), object.len(), object.digest(), &mut write)
    }

    /// Appends one object and checks that what was written is what was announced. Without an expected digest,
    /// as of an object that streams and is read for the first time here, the digest is the one that was written.
    ///
    /// # Errors
    /// If the object is of another series, out of order, of another length or digest, or the sink fails.
    pub(crate) fn append_member(
        &mut self,
        facts: &InstanceFacts,
        size: u64,
        expected: Option<Digest>,
        write: WriteContent<'_>,
    ) -> Result<&MemberEntry, PackError> {
        self.check_identity(facts)?;
        let name = member_name(&facts.patient, &facts.series, self.members.len() + 1)?;
        let header = ustar::header(&name, size)?;
        self.writer.write_all(&header).map_err(PackError::Block)?;
        let mut counting = Counting {
            sink: &mut self.writer,
            count: 0,
        };
        let digest = write(&mut counting).map_err(PackError::Block)?;
        if counting.count != size || expected.is_some_and(|expected| expected != digest) {
            return Err(PackError::NotWhatWasCleared { member: name });
        }
        let padding = ustar::padding(size);
        let zeros = &ustar::END_OF_ARCHIVE[..usize::try_from(padding).unwrap_or_default()];
        self.writer.write_all(zeros).map_err(PackError::Block)?;
        let offset = self.position + ustar::RECORD;
        self.position = offset + size + padding;
        self.members.push(MemberEntry {
            name,
            offset,
            size,
            sha256: digest,
            facts: facts.clone(),
        });
        self.members.last().ok_or(PackError::EmptySeries)
    }

    fn check_identity(&mut self, facts: &InstanceFacts) -> Result<(), PackError> {
        let identity = self.identity.get_or_insert_with(|| Identity {
            patient: facts.patient.clone(),
            study: facts.study.clone(),
            series: facts.series.clone(),
        });
        if identity.patient != facts.patient
            || identity.study != facts.study
            || identity.series != facts.series
        {
            return Err(PackError::MixedSeries);
        }
        match self.members.last() {
            Some(last) if last.facts.instance >= facts.instance => Err(PackError::OutOfOrder),
            _ => Ok(()),
        }
    }

    /// Ends the block and returns the sink and the entry, whose offsets count from the beginning of the block.
    ///
    /// # Errors
    /// If the block has no object or the sink fails.
    pub fn finish(self) -> Result<(W, BlockEntry), PackError> {
        let identity = self.identity.ok_or(PackError::EmptySeries)?;
        if self.members.is_empty() {
            return Err(PackError::EmptySeries);
        }
        let (sink, length, frames) = self.writer.finish().map_err(PackError::Block)?;
        let entry = BlockEntry {
            patient: identity.patient,
            study: identity.study,
            series: identity.series,
            offset: 0,
            length,
            tar_offset: 0,
            tar_length: self.position,
            frames,
            members: self.members,
        };
        Ok((sink, entry))
    }
}

struct Counting<'a, W> {
    sink: &'a mut W,
    count: u64,
}

impl<W: Write> Write for Counting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{append, facts};

    #[test]
    fn a_block_is_one_frame_of_tar() {
        let mut block = SeriesBlock::new(Vec::new(), Compression::default());
        append(&mut block, &facts("P1", "1.2", "1.2.1"), b"first");
        append(&mut block, &facts("P1", "1.2", "1.2.2"), &[7; 600]);
        let (bytes, entry) = block.finish().unwrap();
        assert_eq!(entry.frames.len(), 1);
        assert_eq!(entry.length, bytes.len() as u64);
        let tar = zstd::decode_all(bytes.as_slice()).unwrap();
        assert_eq!(entry.tar_length, tar.len() as u64);
        let second = &entry.members[1];
        assert_eq!(second.name, "P1/1.2/0002.dcm");
        let content = &tar[second.offset as usize..(second.offset + second.size) as usize];
        assert_eq!(Digest::of(content), second.sha256);
        assert_eq!(entry.content_bytes(), 605);
    }

    #[test]
    fn objects_of_two_series_or_out_of_order_are_refused() {
        let mut block = SeriesBlock::new(Vec::new(), Compression::None);
        append(&mut block, &facts("P1", "1.2", "1.2.5"), b"x");
        let mut write = |sink: &mut dyn Write| sink.write_all(b"x").map(|()| Digest::of(b"x"));
        for (facts, wanted) in [
            (facts("P2", "1.2", "1.2.6"), "MixedSeries"),
            (facts("P1", "1.3", "1.2.6"), "MixedSeries"),
            (facts("P1", "1.2", "1.2.4"), "OutOfOrder"),
            (facts("P1", "1.2", "1.2.5"), "OutOfOrder"),
        ] {
            let error = block
                .append_member(&facts, 1, Some(Digest::of(b"x")), &mut write)
                .unwrap_err();
            assert_eq!(format!("{error:?}"), wanted);
        }
    }

    #[test]
    fn bytes_that_did_not_pass_the_gate_are_refused() {
        for (size, digest) in [(1, Digest::of(b"y")), (2, Digest::of(b"x"))] {
            let mut block = SeriesBlock::new(Vec::new(), Compression::None);
            let mut write = |sink: &mut dyn Write| sink.write_all(b"x").map(|()| Digest::of(b"x"));
            let result =
                block.append_member(&facts("P", "1", "1.1"), size, Some(digest), &mut write);
            assert!(matches!(result, Err(PackError::NotWhatWasCleared { .. })));
        }
    }

    #[test]
    fn an_empty_series_is_no_block() {
        let block = SeriesBlock::new(Vec::new(), Compression::None);
        assert!(matches!(block.finish(), Err(PackError::EmptySeries)));
    }
}
