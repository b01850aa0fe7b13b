//! A bounded reader of tar archives: POSIX.1-1988 `ustar`, POSIX.1-2001 `pax`, and GNU long names.
//!
//! The reader is our own because an extension header may claim any size, and what it claims is read
//! into memory by readers that trust it. Here an extension header has a limit.

use std::io::{self, Read};

/// Bytes of one block.
pub(crate) const BLOCK: usize = 512;

/// The longest extension header (a long name, or pax records) that is read.
const LONGEST_EXTENSION: u64 = 1 << 20;

/// What stands at one place of the archive.
pub(crate) enum Entry {
    /// A regular file of so many bytes, which follow.
    File { name: Vec<u8>, size: u64 },
    /// A folder, which is no byte stream.
    Folder,
    /// A link, pipe or device.
    Special { name: Vec<u8> },
    /// Something that this reader cannot unpack: sparse files and parts of multi-volume archives.
    Unsupported { name: Vec<u8>, size: u64 },
}

/// Why reading stopped before the end.
#[derive(Debug)]
pub(crate) struct Broken;

/// Reads entry after entry; the bytes of a file are read through [`TarReader::read`].
pub(crate) struct TarReader<R> {
    inner: R,
    left: u64,
    padding: u64,
}

#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

impl<R: Read> TarReader<R> {
    pub(crate) const fn new(inner: R) -> Self {
        Self {
            inner,
            left: 0,
            padding: 0,
        }
    }

    /// The next entry; `None` at the end of the archive. What was not read of the last file is skipped.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, Broken> {
        let mut extensions = Extensions::default();
        loop {
            self.skip_rest()?;
            let Some(header) = self.next_header()? else {
                return Ok(None);
            };
            let size = extensions.size.unwrap_or(header.size);
            match header.kind {
                b'L' => extensions.name = Some(trimmed_at_nul(&self.extension(header.size)?)),
                b'K' => drop(self.extension(header.size)?),
                b'x' => read_pax(&self.extension(header.size)?, &mut extensions)?,
                b'g' => drop(self.extension(header.size)?),
                b'V' => self.expect(header.size),
                kind => return self.entry(kind, header.name, size, extensions).map(Some),
            }
        }
    }

    fn entry(
        &mut self,
        kind: u8,
        short_name: Vec<u8>,
        size: u64,
        extensions: Extensions,
    ) -> Result<Entry, Broken> {
        let name = extensions.name.unwrap_or(short_name);
        Ok(match kind {
            // Old archives mark a folder by a slash at the end of its name only.
            b'0' | 0 if name.ends_with(b"/") && size == 0 => Entry::Folder,
            b'5' => Entry::Folder,
            // Whether data follow a link that states a size is disputed; guessing could skip members.
            b'1' | b'2' if size > 0 => return Err(Broken),
            b'1' | b'2' | b'3' | b'4' | b'6' => Entry::Special { name },
            b'S' | b'M' | b'D' | b'N' => self.unsupported(name, size),
            _ if extensions.sparse => self.unsupported(name, size),
            _ => {
                self.expect(size);
                Entry::File { name, size }
            }
        })
    }

    fn unsupported(&mut self, name: Vec<u8>, size: u64) -> Entry {
        self.expect(size);
        Entry::Unsupported { name, size }
    }

    /// Bytes of the current file; 0 at its end, an error where the archive ends before it.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.inner.read(&mut buffer[..wanted])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }

    const fn expect(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    fn skip_rest(&mut self) -> Result<(), Broken> {
        let rest = self.left.checked_add(self.padding).ok_or(Broken)?;
        let skipped = io::copy(&mut (&mut self.inner).take(rest), &mut io::sink());
        // The padding of the very last file may be missing.
        let skipped = skipped.map_err(|_| Broken)?;
        if skipped < self.left {
            return Err(Broken);
        }
        (self.left, self.padding) = (0, 0);
        Ok(())
    }

    fn extension(&mut self, size: u64) -> Result<Vec<u8>, Broken> {
        if size > LONGEST_EXTENSION {
            return Err(Broken);
        }
        self.expect(size);
        let mut bytes = Vec::new();
        let mut block = [0; BLOCK];
        loop {
            match self.read(&mut block).map_err(|_| Broken)? {
                0 => return Ok(bytes),
                read => bytes.extend_from_slice(&block[..read]),
            }
        }
    }

    /// The next header block; `None` at a block of zeros or at the end of the bytes.
    fn next_header(&mut self) -> Result<Option<Header>, Broken> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match self.inner.read(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(Broken),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Broken),
            }
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        Header::parse(&block).map(Some).ok_or(Broken)
    }
}

struct Header {
    name: Vec<u8>,
    size: u64,
    kind: u8,
}

impl Header {
    fn parse(block: &[u8; BLOCK]) -> Option<Self> {
        if !is_header(block) {
            return None;
        }
        let mut name = trimmed_at_nul(&block[..100]);
        if &block[257..263] == b"ustar\0" {
            let prefix = trimmed_at_nul(&block[345..500]);
            if !prefix.is_empty() {
                name = [prefix.as_slice(), b"/", name.as_slice()].concat();
            }
        }
        Some(Self {
            name,
            size: number(&block[124..136])?,
            kind: block[156],
        })
    }
}

/// Whether a block is a tar header: its checksum is right, and it names something.
pub(crate) fn is_header(block: &[u8]) -> bool {
    let Some(block) = block.get(..BLOCK) else {
        return false;
    };
    let Some(stated) = number(&block[148..156]) else {
        return false;
    };
    let (mut unsigned, mut signed) = (0_u64, 0_i64);
    for (index, byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&index) {
            b' '
        } else {
            *byte
        };
        unsigned += u64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    let right = stated == unsigned || i64::try_from(stated) == Ok(signed);
    right && block[0] != 0 && (block[156] == 0 || block[156].is_ascii_alphanumeric())
}

/// A number in octal digits, or in base 256 where the first bit is set (GNU).
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let (high, low) = field.split_last_chunk::<8>()?;
        let fits = high.first() == Some(&0x80) && high[1..].iter().all(|byte| *byte == 0);
        return fits.then(|| u64::from_be_bytes(*low));
    }
    let mut value = 0_u64;
    let digits = field
        .iter()
        .skip_while(|byte| **byte == b' ')
        .take_while(|byte| !matches!(byte, b' ' | 0));
    for digit in digits {
        if !(b'0'..=b'7').contains(digit) {
            return None;
        }
        value = value.checked_mul(8)?.checked_add(u64::from(digit - b'0'))?;
    }
    Some(value)
}

/// Reads pax records: `length keyword=value\n`.
fn read_pax(mut records: &[u8], extensions: &mut Extensions) -> Result<(), Broken> {
    while !records.is_empty() && records[0] != 0 {
        let space = records
            .iter()
            .position(|byte| *byte == b' ')
            .ok_or(Broken)?;
        let length: usize = ascii_number(&records[..space]).ok_or(Broken)?;
        if length <= space + 1 || length > records.len() || records[length - 1] != b'\n' {
            return Err(Broken);
        }
        let record = &records[space + 1..length - 1];
        let equals = record.iter().position(|byte| *byte == b'=').ok_or(Broken)?;
        let (keyword, value) = (&record[..equals], &record[equals + 1..]);
        match keyword {
            b"path" => extensions.name = Some(value.to_vec()),
            b"size" => extensions.size = Some(ascii_number(value).ok_or(Broken)? as u64),
            _ if keyword.starts_with(b"GNU.sparse.") => extensions.sparse = true,
            _ => {}
        }
        records = &records[length..];
    }
    Ok(())
}

fn ascii_number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn trimmed_at_nul(field: &[u8]) -> Vec<u8> {
    let end = field.iter().position(|byte| *byte == 0);
    field[..end.unwrap_or(field.len())].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Content = (Vec<u8>, Vec<u8>);

    fn names(archive: &[u8]) -> Result<Vec<Content>, Broken> {
        let mut reader = TarReader::new(archive);
        let mut files = Vec::new();
        while let Some(entry) = reader.next()? {
            if let Entry::File { name, .. } = entry {
                let (mut content, mut buffer) = (Vec::new(), [0; 7]);
                loop {
                    match reader.read(&mut buffer).map_err(|_| Broken)? {
                        0 => break,
                        read => content.extend_from_slice(&buffer[..read]),
                    }
                }
                files.push((name, content));
            }
        }
        Ok(files)
    }

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_entry_type(tar::EntryType::Regular);
            builder.append_data(&mut header, name, *content).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn reads_what_another_writer_wrote_long_names_too() {
        let long = format!("{}/{}", "d".repeat(120), "f".repeat(180));
        let bytes = archive(&[("a/b", b"one"), (&long, &[7; 1000]), ("empty", b"")]);
        let read = names(&bytes).unwrap();
        assert_eq!(read[0], (b"a/b".to_vec(), b"one".to_vec()));
        assert_eq!(read[1], (long.into_bytes(), vec![7; 1000]));
        assert_eq!(read[2], (b"empty".to_vec(), Vec::new()));
    }

    #[test]
    fn every_cut_ends_without_panic_and_never_invents_content() {
        let bytes = archive(&[("a", &[1; 700]), ("b", &[2; 10])]);
        for cut in 0..bytes.len() {
            if let Ok(read) = names(&bytes[..cut]) {
                assert!(
                    read.iter()
                        .all(|(_, content)| content.len() == 700 || content.len() == 10)
                );
            }
        }
    }

    #[test]
    fn a_huge_extension_header_is_refused() {
        let mut header = tar::Header::new_gnu();
        header.set_size(1 << 40);
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_path("x").unwrap();
        header.set_cksum();
        assert!(names(header.as_bytes()).is_err());
    }

    #[test]
    fn a_checksum_in_base_256_is_none() {
        // Found by the property below: the checksum field is too short for one.
        assert!(!is_header(&[0xff; BLOCK]));
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]), Some(258));
        assert_eq!(number(&[0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]), None);
        assert_eq!(number(b"0000644 \0"), Some(0o644));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..2048)) {
            let _ = names(&bytes);
        }
    }
}
