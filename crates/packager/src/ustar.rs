//! The tar of a shard: POSIX.1-1988 ustar headers without times, owners or extensions (IEEE Std 1003.1, pax, ustar).

use crate::error::PackError;
use crate::names::LONGEST_PLAIN_NAME;

/// The size of a header and the unit that contents are padded to, in bytes.
pub(crate) const RECORD: u64 = 512;

/// Two records of zeros end an archive.
pub(crate) const END_OF_ARCHIVE: [u8; 1024] = [0; 1024];

/// Eleven octal digits.
const LARGEST_MEMBER: u64 = 0o77_777_777_777;

/// The longest prefix that goes before a name of more than 100 bytes.
const LONGEST_PREFIX: usize = 155;

/// The header of a regular file: mode 0644, owner 0, time 0.
///
/// A member has exactly one header that we would write for it, so a reader compares bytes and parses nothing.
pub(crate) fn header(name: &str, size: u64) -> Result<[u8; RECORD as usize], PackError> {
    if size > LARGEST_MEMBER {
        return Err(PackError::MemberTooLarge(size));
    }
    let (prefix, base) = split_name(name).ok_or_else(|| PackError::UnsafeName(name.into()))?;
    let mut header = [0_u8; RECORD as usize];
    put(&mut header, 0, base.as_bytes());
    put(&mut header, 100, b"0000644\0");
    put(&mut header, 108, b"0000000\0");
    put(&mut header, 116, b"0000000\0");
    put(&mut header, 124, format!("{size:011o}\0").as_bytes());
    put(&mut header, 136, b"00000000000\0");
    put(&mut header, 148, b"        ");
    header[156] = b'0';
    put(&mut header, 257, b"ustar\x0000");
    put(&mut header, 345, prefix.as_bytes());
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    put(&mut header, 148, format!("{sum:06o}\0 ").as_bytes());
    Ok(header)
}

fn put(header: &mut [u8], at: usize, bytes: &[u8]) {
    header[at..at + bytes.len()].copy_from_slice(bytes);
}

fn split_name(name: &str) -> Option<(&str, &str)> {
    if name.len() <= LONGEST_PLAIN_NAME {
        return Some(("", name));
    }
    name.match_indices('/')
        .map(|(at, _)| (&name[..at], &name[at + 1..]))
        .find(|(prefix, base)| prefix.len() <= LONGEST_PREFIX && base.len() <= LONGEST_PLAIN_NAME)
}

/// The zeros that follow a content of this size.
pub(crate) const fn padding(size: u64) -> u64 {
    (RECORD - size % RECORD) % RECORD
}

/// The name that a header carries, for messages about a member that should not be there.
pub(crate) fn name_in(header: &[u8]) -> String {
    let text = |range: std::ops::Range<usize>| {
        let field = header.get(range).unwrap_or_default();
        let end = field.iter().position(|byte| *byte == 0);
        String::from_utf8_lossy(&field[..end.unwrap_or(field.len())]).into_owned()
    };
    match text(345..500) {
        prefix if prefix.is_empty() => text(0..100),
        prefix => format!("{prefix}/{}", text(0..100)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn archive(name: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = header(name, content.len() as u64).unwrap().to_vec();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len() + padding(content.len() as u64) as usize, 0);
        bytes.extend_from_slice(&END_OF_ARCHIVE);
        bytes
    }

    #[test]
    fn another_reader_agrees() {
        let series = format!("2.25.{}", "9".repeat(39));
        let long = format!("{}/{series}/0001.dcm", "P".repeat(60));
        assert!(long.len() > LONGEST_PLAIN_NAME);
        for name in ["P1/2.25.7/0001.dcm", &long] {
            let bytes = archive(name, b"hello");
            let mut reader = tar::Archive::new(bytes.as_slice());
            let mut entries = reader.entries().unwrap();
            let mut entry = entries.next().unwrap().unwrap();
            assert_eq!(entry.path().unwrap().to_str(), Some(name));
            let seen = entry.header().clone();
            assert!(seen.as_ustar().is_some());
            assert_eq!(seen.mode().unwrap(), 0o644);
            assert_eq!((seen.uid().unwrap(), seen.gid().unwrap()), (0, 0));
            assert_eq!(seen.mtime().unwrap(), 0);
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            assert_eq!(content, "hello");
            assert!(entries.next().is_none());
            assert_eq!(name_in(&bytes[..512]), name);
        }
    }

    #[test]
    fn what_ustar_cannot_say_is_refused() {
        assert!(header("P/1/0001.dcm", LARGEST_MEMBER).is_ok());
        assert!(header("P/1/0001.dcm", LARGEST_MEMBER + 1).is_err());
        assert!(header(&"x".repeat(101), 1).is_err());
    }
}
