//! A bounded reader of ZIP archives (PKWARE APPNOTE 6.3): the central directory, entry after entry.
//!
//! The reader is our own because other readers keep members by name, so that of two members of one
//! name the first is lost without a word; and because they hold the whole directory in memory.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

const END: &[u8] = b"PK\x05\x06";
const END_64_LOCATOR: &[u8] = b"PK\x06\x07";
const END_64: &[u8] = b"PK\x06\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
const END_SIZE: u64 = 22;

/// The archive, or what is said of one member, breaks the format.
#[derive(Debug)]
pub(crate) struct Broken;

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// Bytes `position..end` of a file, read without moving the file's own position.
pub(crate) struct Window<'a> {
    file: &'a File,
    position: u64,
    end: u64,
}

impl<'a> Window<'a> {
    pub(crate) const fn new(file: &'a File, position: u64, end: u64) -> Self {
        Self {
            file,
            position,
            end,
        }
    }
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_sub(self.position);
        let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.file.read_at(&mut buffer[..wanted], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

/// One member as the central directory tells of it.
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) encrypted: bool,
    pub(crate) method: u16,
    pub(crate) crc32: u32,
    pub(crate) kind: EntryKind,
    compressed: u64,
    local_header: u64,
}

/// What kind of thing a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Folder,
    Special,
}

/// The members of an archive, in the order of the central directory.
pub(crate) struct ZipReader<'a> {
    file: &'a File,
    directory: BufReader<Window<'a>>,
    directory_start: u64,
    shift: u64,
    left: u64,
}

impl<'a> ZipReader<'a> {
    pub(crate) fn open(file: &'a File) -> Result<Self, Broken> {
        let len = file.metadata()?.len();
        let end = find_end(file, len)?;
        // Bytes before the archive, as in a self-extracting program, shift all offsets.
        let start = end.position.checked_sub(end.directory_size).ok_or(Broken)?;
        let shift = start.checked_sub(end.directory_offset).ok_or(Broken)?;
        Ok(Self {
            file,
            directory: BufReader::new(Window::new(file, start, end.position)),
            directory_start: start,
            shift,
            left: end.entries,
        })
    }

    /// The next member; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, Broken> {
        let mut fixed = [0; 46];
        match self.directory.read(&mut fixed[..1])? {
            0 if self.left == 0 => return Ok(None),
            0 => return Err(Broken),
            _ => self.directory.read_exact(&mut fixed[1..])?,
        }
        if &fixed[..4] != CENTRAL {
            // A digital signature may follow the last entry.
            return if self.left == 0 {
                Ok(None)
            } else {
                Err(Broken)
            };
        }
        self.left = self.left.checked_sub(1).ok_or(Broken)?;
        let mut name = vec![0; usize::from(u16_at(&fixed, 28))];
        let mut extra = vec![0; usize::from(u16_at(&fixed, 30))];
        let mut comment = vec![0; usize::from(u16_at(&fixed, 32))];
        self.directory.read_exact(&mut name)?;
        self.directory.read_exact(&mut extra)?;
        self.directory.read_exact(&mut comment)?;
        entry(&fixed, name, &extra).map(Some)
    }

    /// The stored bytes of a member, still compressed.
    pub(crate) fn stored(&self, entry: &Entry) -> Result<Window<'a>, Broken> {
        let position = entry.local_header.checked_add(self.shift).ok_or(Broken)?;
        let mut local = [0; 30];
        self.file.read_exact_at(&mut local, position)?;
        if &local[..4] != LOCAL {
            return Err(Broken);
        }
        let lengths = u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
        let start = position.checked_add(30 + lengths).ok_or(Broken)?;
        let end = start.checked_add(entry.compressed).ok_or(Broken)?;
        if end > self.directory_start {
            return Err(Broken);
        }
        Ok(Window::new(self.file, start, end))
    }
}

fn entry(fixed: &[u8; 46], name: Vec<u8>, extra: &[u8]) -> Result<Entry, Broken> {
    let mut large = Large::find(extra)?;
    let size = large.take(u32_at(fixed, 24))?;
    let compressed = large.take(u32_at(fixed, 20))?;
    let local_header = large.take(u32_at(fixed, 42))?;
    let made_on = fixed[5];
    let unix_mode = u32_at(fixed, 38) >> 16;
    let kind = match unix_mode & 0o170_000 {
        0o040_000 if matches!(made_on, 3 | 19) && size == 0 => EntryKind::Folder,
        0o120_000 | 0o010_000 | 0o020_000 | 0o060_000 | 0o140_000 if matches!(made_on, 3 | 19) => {
            EntryKind::Special
        }
        _ if size == 0 && matches!(name.last(), Some(b'/' | b'\\')) => EntryKind::Folder,
        _ => EntryKind::File,
    };
    Ok(Entry {
        name,
        size,
        encrypted: u16_at(fixed, 8) & 1 != 0,
        method: u16_at(fixed, 10),
        crc32: u32_at(fixed, 16),
        kind,
        compressed,
        local_header,
    })
}

/// The 64-bit numbers of extra field 0x0001, which stand there only for those that did not fit.
struct Large<'a>(&'a [u8]);

impl<'a> Large<'a> {
    fn find(mut extra: &'a [u8]) -> Result<Self, Broken> {
        while extra.len() >= 4 {
            let length = usize::from(u16_at(extra, 2));
            let field = extra.get(4..4 + length).ok_or(Broken)?;
            if u16_at(extra, 0) == 1 {
                return Ok(Self(field));
            }
            extra = &extra[4 + length..];
        }
        Ok(Self(&[]))
    }

    fn take(&mut self, small: u32) -> Result<u64, Broken> {
        if small != u32::MAX {
            return Ok(u64::from(small));
        }
        let (value, rest) = self.0.split_first_chunk::<8>().ok_or(Broken)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*value))
    }
}

struct End {
    position: u64,
    entries: u64,
    directory_size: u64,
    directory_offset: u64,
}

fn find_end(file: &File, len: u64) -> Result<End, Broken> {
    let tail_start = len.saturating_sub(END_SIZE + u64::from(u16::MAX));
    let mut tail = Vec::new();
    Window::new(file, tail_start, len).read_to_end(&mut tail)?;
    let last = tail.len().checked_sub(22).ok_or(Broken)?;
    let at = (0..=last)
        .rev()
        .find(|at| {
            tail[*at..].starts_with(END)
                && *at + 22 + usize::from(u16_at(&tail, at + 20)) <= tail.len()
        })
        .ok_or(Broken)?;
    let record = &tail[at..];
    let end = End {
        position: tail_start + at as u64,
        entries: u64::from(u16_at(record, 10)),
        directory_size: u64::from(u32_at(record, 12)),
        directory_offset: u64::from(u32_at(record, 16)),
    };
    let large = end.entries == u64::from(u16::MAX)
        || end.directory_size == u64::from(u32::MAX)
        || end.directory_offset == u64::from(u32::MAX);
    if large && at >= 20 && tail[at - 20..].starts_with(END_64_LOCATOR) {
        return find_end_64(file, &tail[at - 20..at], end.position - 20);
    }
    // Archives on several disks cannot be read from one of them.
    if u16_at(record, 4) != 0 || u16_at(record, 6) != 0 {
        return Err(Broken);
    }
    Ok(end)
}

fn find_end_64(file: &File, locator: &[u8], locator_position: u64) -> Result<End, Broken> {
    // Shifted archives state an offset that is too small; the record then stands right before the locator.
    let stated = u64_at(locator, 8);
    let before = locator_position.checked_sub(56).ok_or(Broken)?;
    for position in [stated, before] {
        let mut record = [0; 56];
        if file.read_exact_at(&mut record, position).is_ok() && &record[..4] == END_64 {
            return Ok(End {
                position,
                entries: u64_at(&record, 32),
                directory_size: u64_at(&record, 40),
                directory_offset: u64_at(&record, 48),
            });
        }
    }
    Err(Broken)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn members(bytes: &[u8]) -> Result<Vec<(Vec<u8>, u64)>, Broken> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut reader = ZipReader::open(&file)?;
        let mut members = Vec::new();
        while let Some(entry) = reader.next()? {
            let mut stored = Vec::new();
            reader.stored(&entry)?.read_to_end(&mut stored)?;
            members.push((entry.name, entry.size));
        }
        Ok(members)
    }

    fn archive(names: &[&str]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for name in names {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(*name, options).unwrap();
            writer.write_all(&[7; 100]).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn reads_what_another_writer_wrote() {
        let read = members(&archive(&["a/b", "c"])).unwrap();
        assert_eq!(read, [(b"a/b".to_vec(), 100), (b"c".to_vec(), 100)]);
        assert!(members(&archive(&[])).unwrap().is_empty());
    }

    #[test]
    fn two_members_of_one_name_are_two_members() {
        let mut bytes = archive(&["same1", "same2"]);
        while let Some(at) = bytes.windows(5).position(|window| window == b"same2") {
            bytes[at + 4] = b'1';
        }
        assert_eq!(members(&bytes).unwrap().len(), 2);
    }

    #[test]
    fn bytes_before_the_archive_shift_it() {
        let shifted = [vec![0; 999], archive(&["a"])].concat();
        assert_eq!(members(&shifted).unwrap().len(), 1);
    }

    #[test]
    fn every_cut_and_every_changed_byte_ends_without_panic() {
        let bytes = archive(&["a", "b"]);
        for at in 0..bytes.len() {
            let _ = members(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            let _ = members(&changed);
        }
    }
}
