//! One shard, read once from end to end: its digest, its frames, its tar, its members.

use super::fault::{Fault, FaultKind};
use super::{MemberWitness, Witness};
use crate::block::{BlockEntry, MemberEntry};
use crate::decode::{MemberSink, TarChecker, TarFault, decode_frames};
use crate::seekable::{Compression, FrameEntry, seek_table};
use crate::shard::ShardEntry;
use crate::ustar::END_OF_ARCHIVE;
use cloakroom_core::{Digest, Hasher};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// What was seen of a shard.
pub(super) struct SeenShard {
    /// Digest and size of the file, if it could be read to its end.
    pub(super) file: Option<(Digest, u64)>,
    pub(super) blocks: Vec<SeenBlock>,
    pub(super) faults: Vec<Fault>,
    pub(super) whole_series: u64,
    pub(super) whole_members: u64,
    pub(super) whole_bytes: u64,
}

pub(super) struct SeenBlock {
    pub(super) frames: Vec<FrameEntry>,
    /// Of its compressed bytes; a plain block is covered by its members.
    pub(super) digest: Option<Digest>,
}

const BUFFER: usize = 1 << 18;

pub(super) fn check(root: &Path, shard: &ShardEntry, witness: &dyn Witness) -> SeenShard {
    let path = shard.path();
    let mut seen = SeenShard {
        file: None,
        blocks: Vec::new(),
        faults: Vec::new(),
        whole_series: 0,
        whole_members: 0,
        whole_bytes: 0,
    };
    // Only a plain file is opened: what is missing, a link or a pipe is reported by the list of files.
    let plain = std::fs::symlink_metadata(root.join(&path)).is_ok_and(|found| found.is_file());
    if !plain {
        return seen;
    }
    let file = match File::open(root.join(&path)) {
        Ok(file) => file,
        Err(error) => {
            let fault = Fault::new(FaultKind::Unreadable, &path).because(error.to_string());
            seen.faults.push(fault);
            return seen;
        }
    };
    let mut reader = HashingReader::new(file);
    let read = read_blocks(&mut reader, shard, witness, &mut seen)
        .and_then(|()| read_tail(&mut reader, shard, &mut seen))
        .and_then(|()| reader.drain(u64::MAX));
    match read {
        Ok(_) => seen.file = Some(reader.finish()),
        Err(error) => {
            let fault = Fault::new(FaultKind::Unreadable, &path).because(error.to_string());
            seen.faults.push(fault);
        }
    }
    seen
}

/// Reads all blocks. An error is one of the disk; what is wrong with the bytes is a fault.
fn read_blocks(
    reader: &mut HashingReader,
    shard: &ShardEntry,
    witness: &dyn Witness,
    seen: &mut SeenShard,
) -> io::Result<()> {
    let (mut offset, mut tar_offset) = (0, 0);
    for block in &shard.blocks {
        let placed =
            block.offset == offset && block.tar_offset == tar_offset && members_are_placed(block);
        if !placed {
            seen.faults.push(
                Fault::new(FaultKind::FrameMisplaced, shard.path()).because(block.series.clone()),
            );
        }
        let block_seen = read_block(reader, shard, block, witness, seen)?;
        seen.blocks.push(block_seen);
        offset = block.offset.saturating_add(block.length);
        tar_offset = block.tar_offset.saturating_add(block.tar_length);
    }
    Ok(())
}

/// Whether the offsets of the members are those of a tar that holds nothing else.
fn members_are_placed(block: &BlockEntry) -> bool {
    let mut position = block.tar_offset;
    for member in &block.members {
        let content = position.saturating_add(crate::ustar::RECORD);
        if member.offset != content {
            return false;
        }
        position = content
            .saturating_add(member.size)
            .saturating_add(crate::ustar::padding(member.size));
    }
    position == block.tar_offset.saturating_add(block.tar_length)
}

fn read_block(
    reader: &mut HashingReader,
    shard: &ShardEntry,
    block: &BlockEntry,
    witness: &dyn Witness,
    seen: &mut SeenShard,
) -> io::Result<SeenBlock> {
    let path = shard.path();
    let mut checker = TarChecker::new(&block.members, Judge::new(&path, witness));
    if shard.compression != Compression::None {
        reader.block = Some(Hasher::new());
    }
    let mut bytes = reader.take(block.length);
    let decoded = decode_frames(&mut bytes, shard.compression, &mut checker);
    let left = bytes.limit();
    let drained = reader.drain(left)?;
    let digest = reader.block.take().map(Hasher::finish);
    let (tar_bytes, fault, judge) = checker.finish();
    // A frame that breaks off lacks members for that reason alone.
    let broken = decoded.is_err() && matches!(fault, None | Some(TarFault::Missing { .. }));
    let fault = fault.filter(|_| !broken);
    let frames = decoded.unwrap_or_default();
    let before = seen.faults.len();
    if let Some(fault) = fault {
        seen.faults.push(tar_fault(&path, fault));
    } else if broken || drained < left {
        seen.faults.push(
            Fault::new(FaultKind::FrameBroken, &path).because(format!("series {}", block.series)),
        );
    } else if tar_bytes != block.tar_length {
        seen.faults
            .push(Fault::new(FaultKind::FrameMisplaced, &path).because(block.series.clone()));
    }
    seen.whole_members += judge.whole;
    seen.whole_bytes += judge.bytes;
    seen.faults.extend(judge.faults);
    seen.whole_series += u64::from(seen.faults.len() == before);
    Ok(SeenBlock { frames, digest })
}

fn tar_fault(path: &str, fault: TarFault) -> Fault {
    match fault {
        TarFault::Unexpected { wanted, found } => Fault::new(FaultKind::MemberUnexpected, path)
            .of_member(wanted)
            .because(format!("there is {found:?}")),
        TarFault::Padding { after } => Fault::new(FaultKind::MemberUnexpected, path)
            .of_member(after)
            .because("bytes that pad it are not zero"),
        TarFault::Extra { found } => {
            Fault::new(FaultKind::MemberExtra, path).because(format!("{found:?}"))
        }
        TarFault::Missing { member } => {
            Fault::new(FaultKind::MemberMissing, path).of_member(member)
        }
    }
}

/// The end of the archive and, in compressed shards, the table of exactly the frames that were seen.
fn read_tail(
    reader: &mut HashingReader,
    shard: &ShardEntry,
    seen: &mut SeenShard,
) -> io::Result<()> {
    let path = shard.path();
    let mut rest = Vec::new();
    // The end of an archive takes a few bytes, the table eight for each frame.
    let frames: usize = seen.blocks.iter().map(|block| block.frames.len()).sum();
    reader
        .take(8 * frames as u64 + 65_536)
        .read_to_end(&mut rest)?;
    if shard.compression == Compression::None {
        if rest != END_OF_ARCHIVE {
            seen.faults
                .push(Fault::new(FaultKind::ArchiveEndWrong, path));
        }
        return Ok(());
    }
    let Some((end, table)) = split_tail(&rest) else {
        seen.faults
            .push(Fault::new(FaultKind::ArchiveEndWrong, path));
        return Ok(());
    };
    let mut frames: Vec<_> = seen
        .blocks
        .iter()
        .flat_map(|block| block.frames.clone())
        .collect();
    frames.push(end);
    // A block that could not be decoded has no frames to compare, and is a fault already.
    let complete = seen.blocks.iter().all(|block| !block.frames.is_empty());
    if complete && seek_table(&frames).ok().as_deref() != Some(table) {
        seen.faults
            .push(Fault::new(FaultKind::SeekTableWrong, path));
    }
    Ok(())
}

/// The frame that ends the archive and what follows it.
fn split_tail(rest: &[u8]) -> Option<(FrameEntry, &[u8])> {
    let mut after = rest;
    let mut decoder = zstd::stream::read::Decoder::with_buffer(&mut after)
        .ok()?
        .single_frame();
    let mut content = Vec::new();
    (&mut decoder)
        .take(END_OF_ARCHIVE.len() as u64 + 1)
        .read_to_end(&mut content)
        .ok()?;
    drop(decoder);
    let frame = FrameEntry {
        compressed: (rest.len() - after.len()) as u64,
        uncompressed: content.len() as u64,
    };
    (content == END_OF_ARCHIVE).then_some((frame, after))
}

/// Compares digests and lets the witness look.
struct Judge<'a> {
    path: &'a str,
    witness: &'a dyn Witness,
    looking: Option<Box<dyn MemberWitness>>,
    faults: Vec<Fault>,
    whole: u64,
    bytes: u64,
}

impl<'a> Judge<'a> {
    fn new(path: &'a str, witness: &'a dyn Witness) -> Self {
        Self {
            path,
            witness,
            looking: None,
            faults: Vec::new(),
            whole: 0,
            bytes: 0,
        }
    }
}

impl MemberSink for Judge<'_> {
    fn begin(&mut self, member: &MemberEntry) -> io::Result<()> {
        self.looking = self.witness.open(member);
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(looking) = &mut self.looking {
            looking.bytes(bytes);
        }
        Ok(())
    }

    fn end(&mut self, member: &MemberEntry, digest: Digest) -> io::Result<()> {
        let about = |kind| Fault::new(kind, self.path).of_member(&member.name);
        let mut faults = Vec::new();
        if digest != member.sha256 {
            faults.push(about(FaultKind::MemberChanged));
        }
        if let Some(looking) = self.looking.take() {
            let texts = looking.end(&digest).into_iter();
            faults.extend(texts.map(|text| about(FaultKind::Witness).because(text)));
        }
        if faults.is_empty() {
            self.whole += 1;
            self.bytes += member.size;
        }
        self.faults.extend(faults);
        Ok(())
    }
}

/// A reader that takes the digest of everything consumed, and of one block when asked to.
struct HashingReader {
    inner: BufReader<File>,
    file: Hasher,
    block: Option<Hasher>,
    count: u64,
}

impl HashingReader {
    fn new(file: File) -> Self {
        Self {
            inner: BufReader::with_capacity(BUFFER, file),
            file: Hasher::new(),
            block: None,
            count: 0,
        }
    }

    /// A part of the file that begins here. It is a reader of its own so that a decoder cannot read past it.
    fn take(&mut self, limit: u64) -> io::Take<&mut Self> {
        Read::take(self, limit)
    }

    /// Consumes up to so many bytes; returns how many there were.
    fn drain(&mut self, limit: u64) -> io::Result<u64> {
        io::copy(&mut self.take(limit), &mut io::sink())
    }

    fn finish(self) -> (Digest, u64) {
        (self.file.finish(), self.count)
    }
}

impl Read for HashingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        buffer[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for HashingReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        let buffered = self.inner.buffer();
        let consumed = &buffered[..count.min(buffered.len())];
        self.file.update(consumed);
        if let Some(block) = &mut self.block {
            block.update(consumed);
        }
        self.count += consumed.len() as u64;
        self.inner.consume(count);
    }
}
