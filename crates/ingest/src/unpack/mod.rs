//! Archives -> members in the spool, within limits, in one pass.
//!
//! A member's name is never used as a path. What cannot be unpacked is a member with an outcome of its
//! own; where nothing after a place can be read, one last member stands for all of it.

mod tar;
mod zip;

use crate::error::IngestError;
use crate::options::ArchiveLimits;
use crate::spool::Spool;
use cloakroom_core::{Digest, Outcome, QuarantineReason, SetAsideReason};
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use tar::{Entry, TarReader};
use zip::{EntryKind, Window, ZipReader};

/// The largest window of a zstd frame, as a power of two: 128 MiB, the default of `zstd -d`.
const ZSTD_WINDOW_LOG: u32 = 27;

/// What kind of archive some bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArchiveKind {
    /// ZIP.
    Zip,
    /// A tar that is not compressed.
    Tar,
    /// gzip: of a tar, or of a single file.
    Gzip,
    /// zstd: of a tar, or of a single file.
    Zstd,
    /// An archive that may hold images and that this program cannot open.
    Unsupported,
}

/// Recognises an archive by the first bytes of its content; 512 of them are enough.
pub(crate) fn archive_kind(head: &[u8]) -> Option<ArchiveKind> {
    let begins = |magics: &[&[u8]]| magics.iter().any(|magic| head.starts_with(magic));
    if begins(&[b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"]) {
        Some(ArchiveKind::Zip)
    } else if begins(&[b"\x1f\x8b\x08"]) {
        Some(ArchiveKind::Gzip)
    } else if begins(&[b"\x28\xb5\x2f\xfd"]) {
        Some(ArchiveKind::Zstd)
    } else if begins(&[
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        b"\xfd7zXZ\0",
        b"MSCF\0\0\0\0",
    ]) || (begins(&[b"BZh"]) && head.get(4..10) == Some(b"1AY&SY"))
    {
        Some(ArchiveKind::Unsupported)
    } else if tar::is_header(head) {
        Some(ArchiveKind::Tar)
    } else {
        None
    }
}

/// What became of one member.
pub(crate) struct Member {
    /// Its name in the archive, as bytes.
    pub(crate) name: Vec<u8>,
    /// Its unpacked size in bytes, as far as it was read or stated.
    pub(crate) size: u64,
    /// Where its bytes lie, or why they lie nowhere.
    pub(crate) content: Result<Digest, Outcome>,
}

/// What may still be unpacked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    member_bytes: u64,
    bytes: u64,
    members: u64,
}

impl Budget {
    /// The budget of an archive of so many bytes, of which some is used up by archives nested in it.
    pub(crate) fn new(limits: &ArchiveLimits, archive_bytes: u64, used: (u64, u64)) -> Self {
        let by_ratio = archive_bytes
            .saturating_mul(limits.ratio)
            .max(limits.ratio_free_bytes);
        Self {
            member_bytes: limits.member_bytes,
            bytes: limits.total_bytes.min(by_ratio).saturating_sub(used.1),
            members: limits.members.saturating_sub(used.0),
        }
    }
}

/// Takes members out of one archive.
pub(crate) struct Unpacker<'a> {
    pub(crate) spool: &'a Spool,
    pub(crate) budget: Budget,
    pub(crate) stop: Option<&'a AtomicBool>,
    /// Takes each member as it comes.
    pub(crate) sink: &'a mut dyn FnMut(Member) -> Result<(), IngestError>,
}

const BROKEN: Outcome = Outcome::Quarantined(QuarantineReason::ArchiveBroken);
const LIMIT: Outcome = Outcome::Quarantined(QuarantineReason::ArchiveLimit);
const UNSAFE: Outcome = Outcome::Quarantined(QuarantineReason::UnsafePath);
const LINK: Outcome = Outcome::SetAside(SetAsideReason::Link);
const CONTAINER: Outcome = Outcome::SetAside(SetAsideReason::Container);

impl Unpacker<'_> {
    /// Unpacks the archive, and says what the archive itself is.
    ///
    /// # Errors
    /// If the spool cannot be written, the sink refuses, or the caller asked to stop. A bad archive is no error.
    pub(crate) fn unpack(mut self, kind: ArchiveKind, file: &File) -> Result<Outcome, IngestError> {
        let Ok(len) = file.metadata().map(|metadata| metadata.len()) else {
            return Ok(BROKEN);
        };
        let bytes = BufReader::with_capacity(1 << 17, Window::new(file, 0, len));
        match kind {
            ArchiveKind::Zip => return self.zip(file),
            ArchiveKind::Unsupported => return Ok(BROKEN),
            ArchiveKind::Tar => self.tar(bytes)?,
            ArchiveKind::Gzip => self.tar_or_single(MultiGzDecoder::new(bytes))?,
            ArchiveKind::Zstd => {
                let Ok(mut decoder) = zstd::Decoder::with_buffer(bytes) else {
                    return Ok(BROKEN);
                };
                if decoder.window_log_max(ZSTD_WINDOW_LOG).is_err() {
                    return Ok(BROKEN);
                }
                self.tar_or_single(decoder)?;
            }
        }
        Ok(CONTAINER)
    }

    fn tar_or_single(&mut self, bytes: impl Read) -> Result<(), IngestError> {
        // Headers without members could go on for ever, so all that is unpacked has an end.
        let overhead = self.budget.members.saturating_mul(4096).min(1 << 36);
        let mut bytes = bytes.take(self.budget.bytes.saturating_add(overhead));
        let mut head = Vec::new();
        let peeked = (&mut bytes).take(tar::BLOCK as u64).read_to_end(&mut head);
        if peeked.is_err() {
            return self.rest(BROKEN, head.len() as u64);
        }
        let is_tar = tar::is_header(&head);
        let mut bytes = io::Cursor::new(head).chain(bytes);
        if is_tar {
            return self.tar(bytes);
        }
        self.take_member(Vec::new(), &mut |buffer| bytes.read(buffer), |_| true)?;
        Ok(())
    }

    fn tar(&mut self, bytes: impl Read) -> Result<(), IngestError> {
        let mut reader = TarReader::new(bytes);
        loop {
            let entry = match reader.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => return Ok(()),
                Err(tar::Broken) => return self.rest(BROKEN, 0),
            };
            match entry {
                Entry::Folder => {}
                Entry::Special { name } => self.ended(name, 0, LINK)?,
                Entry::Unsupported { name, size } => self.skipped(name, size, BROKEN)?,
                Entry::File { name, size } => {
                    if size > self.budget.bytes || self.budget.members == 0 {
                        // Skipping would decompress without end, so the archive ends here.
                        return self.ended(name, size, LIMIT);
                    }
                    if is_unsafe(&name) {
                        self.skipped(name, size, UNSAFE)?;
                    } else if size > self.budget.member_bytes {
                        self.skipped(name, size, LIMIT)?;
                    } else {
                        let whole = |read: &Stream| read.len == size;
                        if !self.take_member(name, &mut |buffer| reader.read(buffer), whole)? {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    fn zip(&mut self, file: &File) -> Result<Outcome, IngestError> {
        let Ok(mut reader) = ZipReader::open(file) else {
            return Ok(BROKEN);
        };
        loop {
            match reader.next() {
                Ok(Some(entry)) => self.zip_member(&reader, entry)?,
                Ok(None) => return Ok(CONTAINER),
                Err(zip::Broken) => {
                    self.rest(BROKEN, 0)?;
                    return Ok(CONTAINER);
                }
            }
        }
    }

    fn zip_member(&mut self, reader: &ZipReader, entry: zip::Entry) -> Result<(), IngestError> {
        let refused = match entry.kind {
            EntryKind::Folder => return Ok(()),
            EntryKind::Special => Some(LINK),
            EntryKind::File if is_unsafe(&entry.name) => Some(UNSAFE),
            EntryKind::File if entry.encrypted || !matches!(entry.method, 0 | 8) => Some(BROKEN),
            EntryKind::File
                if entry.size > self.budget.member_bytes.min(self.budget.bytes)
                    || self.budget.members == 0 =>
            {
                Some(LIMIT)
            }
            EntryKind::File => None,
        };
        if let Some(outcome) = refused {
            return self.ended(entry.name, entry.size, outcome);
        }
        let Ok(stored) = reader.stored(&entry) else {
            return self.ended(entry.name, entry.size, BROKEN);
        };
        let mut bytes: Box<dyn Read> = if entry.method == 0 {
            Box::new(stored)
        } else {
            Box::new(DeflateDecoder::new(BufReader::new(stored)))
        };
        let (size, crc32) = (entry.size, entry.crc32);
        let whole = |read: &Stream| read.len == size && read.crc.sum() == crc32;
        // Members stand alone in a ZIP, so a bad one does not end the archive.
        self.take_member(entry.name, &mut |buffer| bytes.read(buffer), whole)?;
        Ok(())
    }

    /// Streams one member into the spool; `false` where nothing after it can be read.
    fn take_member(
        &mut self,
        name: Vec<u8>,
        read: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>,
        is_whole: impl Fn(&Stream) -> bool,
    ) -> Result<bool, IngestError> {
        let allowance = self.budget.member_bytes.min(self.budget.bytes);
        let mut writer = self.spool.begin().map_err(IngestError::site)?;
        let mut stream = Stream::default();
        let mut buffer = vec![0; 1 << 17];
        let outcome = loop {
            if self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(IngestError::Stopped);
            }
            match read(&mut buffer) {
                Ok(0) if is_whole(&stream) => break None,
                Ok(0) => break Some(BROKEN),
                Ok(count) => {
                    stream.len += count as u64;
                    if stream.len > allowance {
                        break Some(LIMIT);
                    }
                    stream.crc.update(&buffer[..count]);
                    writer.write(&buffer[..count]).map_err(IngestError::site)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break Some(BROKEN),
            }
        };
        self.budget.bytes = self.budget.bytes.saturating_sub(stream.len);
        if let Some(outcome) = outcome {
            self.ended(name, stream.len, outcome)?;
            return Ok(false);
        }
        let content = Ok(writer.commit().map_err(IngestError::site)?);
        self.hand_on(name, stream.len, content)?;
        Ok(true)
    }

    fn ended(&mut self, name: Vec<u8>, size: u64, outcome: Outcome) -> Result<(), IngestError> {
        self.hand_on(name, size, Err(outcome))
    }

    /// A member of a stream that has to be read all the same to reach the next.
    fn skipped(&mut self, name: Vec<u8>, size: u64, outcome: Outcome) -> Result<(), IngestError> {
        self.budget.bytes = self.budget.bytes.saturating_sub(size);
        self.ended(name, size, outcome)
    }

    /// One member that stands for everything that cannot be listed.
    fn rest(&mut self, outcome: Outcome, size: u64) -> Result<(), IngestError> {
        self.ended(Vec::new(), size, outcome)
    }

    fn hand_on(
        &mut self,
        name: Vec<u8>,
        size: u64,
        content: Result<Digest, Outcome>,
    ) -> Result<(), IngestError> {
        self.budget.members = self.budget.members.saturating_sub(1);
        (self.sink)(Member {
            name,
            size,
            content,
        })
    }
}

#[derive(Default)]
struct Stream {
    len: u64,
    crc: flate2::Crc,
}

/// Whether a name would lead out of the folder that the archive is unpacked in, on any system.
fn is_unsafe(name: &[u8]) -> bool {
    let has_drive = name.len() >= 2 && name[1] == b':' && name[0].is_ascii_alphabetic();
    let mut parts = name.split(|byte| matches!(byte, b'/' | b'\\'));
    matches!(name.first(), Some(b'/' | b'\\'))
        || has_drive
        || name.contains(&0)
        || parts.any(|part| part == b"..")
}
