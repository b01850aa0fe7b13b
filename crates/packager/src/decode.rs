//! Blocks back to members: every byte of the tar is either expected or a finding.

use crate::block::MemberEntry;
use crate::seekable::{Compression, FrameEntry};
use crate::ustar;
use cloakroom_core::{Digest, Hasher};
use std::io::{self, BufRead, Read, Write};

/// What a reader of members does with the bytes of each.
pub(crate) trait MemberSink {
    /// A member begins. An error ends the reading of the block.
    fn begin(&mut self, member: &MemberEntry) -> io::Result<()>;
    /// Bytes of the member, in order.
    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// The member is whole; its digest is that of the bytes, which may not be the one of the index.
    fn end(&mut self, member: &MemberEntry, digest: Digest) -> io::Result<()>;
}

/// How a block departs from its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TarFault {
    /// Another header stands where this member's should.
    Unexpected { wanted: String, found: String },
    /// Bytes that pad a member are not zero.
    Padding { after: String },
    /// There are more bytes than the index lists.
    Extra { found: String },
    /// The block ends before this member is whole.
    Missing { member: String },
}

/// Compares the tar of one block, byte by byte as it comes, with the members of its index.
pub(crate) struct TarChecker<'a, S> {
    members: &'a [MemberEntry],
    next: usize,
    state: State,
    sink: S,
    fault: Option<TarFault>,
    bytes: u64,
}

enum State {
    Header(Vec<u8>),
    Content { left: u64, hasher: Hasher },
    Padding { left: u64 },
}

impl<'a, S: MemberSink> TarChecker<'a, S> {
    pub(crate) fn new(members: &'a [MemberEntry], sink: S) -> Self {
        Self {
            members,
            next: 0,
            state: State::Header(Vec::with_capacity(ustar::RECORD as usize)),
            sink,
            fault: None,
            bytes: 0,
        }
    }

    /// The bytes of tar seen, the first fault if there is one, and the sink.
    pub(crate) fn finish(self) -> (u64, Option<TarFault>, S) {
        let begun = !matches!(&self.state, State::Header(seen) if seen.is_empty());
        let missing = match self.members.get(self.next) {
            Some(member) => Some(&member.name),
            None if begun => self.members.last().map(|member| &member.name),
            None => None,
        };
        let fault = self.fault.or_else(|| {
            missing.map(|member| TarFault::Missing {
                member: member.clone(),
            })
        });
        (self.bytes, fault, self.sink)
    }

    /// Takes as many bytes as belong together; returns how many.
    fn step(&mut self, bytes: &[u8]) -> io::Result<Result<usize, TarFault>> {
        match &mut self.state {
            State::Header(_) => self.header(bytes),
            State::Content { left, hasher } => {
                let count = length(*left).min(bytes.len());
                hasher.update(&bytes[..count]);
                self.sink.bytes(&bytes[..count])?;
                *left -= count as u64;
                if *left == 0 {
                    self.end_member()?;
                }
                Ok(Ok(count))
            }
            State::Padding { left } => {
                let count = length(*left).min(bytes.len());
                if bytes[..count].iter().any(|byte| *byte != 0) {
                    let after = self.members[self.next - 1].name.clone();
                    return Ok(Err(TarFault::Padding { after }));
                }
                *left -= count as u64;
                if *left == 0 {
                    self.state = State::Header(Vec::new());
                }
                Ok(Ok(count))
            }
        }
    }

    fn header(&mut self, bytes: &[u8]) -> io::Result<Result<usize, TarFault>> {
        let State::Header(seen) = &mut self.state else {
            return Ok(Ok(0));
        };
        let count = (ustar::RECORD as usize - seen.len()).min(bytes.len());
        seen.extend_from_slice(&bytes[..count]);
        if (seen.len() as u64) < ustar::RECORD {
            return Ok(Ok(count));
        }
        let found = || ustar::name_in(seen);
        let Some(member) = self.members.get(self.next) else {
            return Ok(Err(TarFault::Extra { found: found() }));
        };
        let header = ustar::header(&member.name, member.size).map_err(io::Error::other)?;
        if header.as_slice() != seen.as_slice() {
            return Ok(Err(TarFault::Unexpected {
                wanted: member.name.clone(),
                found: found(),
            }));
        }
        self.sink.begin(member)?;
        self.state = State::Content {
            left: member.size,
            hasher: Hasher::new(),
        };
        if member.size == 0 {
            self.end_member()?;
        }
        Ok(Ok(count))
    }

    fn end_member(&mut self) -> io::Result<()> {
        let member = &self.members[self.next];
        let left = ustar::padding(member.size);
        let after = match left {
            0 => State::Header(Vec::new()),
            left => State::Padding { left },
        };
        if let State::Content { hasher, .. } = std::mem::replace(&mut self.state, after) {
            self.sink.end(member, hasher.finish())?;
        }
        self.next += 1;
        Ok(())
    }
}

fn length(left: u64) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX)
}

impl<S: MemberSink> Write for TarChecker<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.fault.is_some() {
            return Err(io::Error::other("the tar is not the one of the index"));
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.step(rest)? {
                Ok(count) => {
                    self.bytes += count as u64;
                    rest = &rest[count..];
                }
                Err(fault) => {
                    self.fault = Some(fault);
                    return Err(io::Error::other("the tar is not the one of the index"));
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const BUFFER: usize = 1 << 17;

/// Decodes all frames of a reader into a sink and returns their sizes; plain tar is copied and has no frames.
///
/// A decoder takes at most 128 MiB for its window, whatever a frame asks for, and the sink bounds what comes out.
pub(crate) fn decode_frames(
    mut from: &mut dyn BufRead,
    compression: Compression,
    to: &mut dyn Write,
) -> io::Result<Vec<FrameEntry>> {
    let mut frames = Vec::new();
    if compression == Compression::None {
        io::copy(&mut from, to)?;
        return Ok(frames);
    }
    let mut buffer = vec![0; BUFFER];
    while !from.fill_buf()?.is_empty() {
        let mut counting = CountingReader {
            from: &mut from,
            count: 0,
        };
        let mut decoder = zstd::stream::read::Decoder::with_buffer(&mut counting)?.single_frame();
        let mut uncompressed = 0;
        loop {
            let count = decoder.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            to.write_all(&buffer[..count])?;
            uncompressed += count as u64;
        }
        drop(decoder);
        frames.push(FrameEntry {
            compressed: counting.count,
            uncompressed,
        });
    }
    Ok(frames)
}

struct CountingReader<R> {
    from: R,
    count: u64,
}

impl<R: BufRead> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

impl<R: BufRead> BufRead for CountingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.from.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.count += count as u64;
        self.from.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::block;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Seen(Vec<(String, Digest)>);

    impl MemberSink for Seen {
        fn begin(&mut self, _: &MemberEntry) -> io::Result<()> {
            Ok(())
        }
        fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
            Ok(())
        }
        fn end(&mut self, member: &MemberEntry, digest: Digest) -> io::Result<()> {
            self.0.push((member.name.clone(), digest));
            Ok(())
        }
    }

    fn check(tar: &[u8], members: &[MemberEntry], chunk: usize) -> (Option<TarFault>, Seen) {
        let mut checker = TarChecker::new(members, Seen::default());
        for part in tar.chunks(chunk) {
            if checker.write_all(part).is_err() {
                break;
            }
        }
        let (_, fault, seen) = checker.finish();
        (fault, seen)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_true_tar_has_no_fault_and_a_flipped_bit_is_seen(chunk in 1_usize..3000, at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let (mut tar, entry) = block("P1", "1.2", 3, Compression::None);
            let (fault, seen) = check(&tar, &entry.members, chunk);
            prop_assert_eq!(fault, None);
            let wanted: Vec<_> = entry.members.iter().map(|member| (member.name.clone(), member.sha256)).collect();
            prop_assert_eq!(&seen.0, &wanted);
            let at = at.index(tar.len());
            tar[at] ^= 1 << bit;
            let (fault, seen) = check(&tar, &entry.members, chunk);
            prop_assert!(fault.is_some() || seen.0 != wanted);
        }

        #[test]
        fn a_cut_or_longer_tar_is_seen(cut in 1_usize..4000, chunk in 1_usize..3000) {
            let (mut tar, entry) = block("P1", "1.2", 3, Compression::None);
            let length = tar.len();
            let (fault, _) = check(&tar[..length - cut.min(length)], &entry.members, chunk);
            prop_assert!(fault.is_some(), "cut by {} of {}", cut, length);
            tar.extend_from_slice(&[0; 512]);
            let (fault, _) = check(&tar, &entry.members, chunk);
            prop_assert!(matches!(fault, Some(TarFault::Extra { .. })), "longer");
        }
    }

    #[test]
    fn frames_come_back_with_their_sizes() {
        let (one, first) = block("P1", "1.2", 3, Compression::default());
        let (two, second) = block("P1", "1.3", 2, Compression::default());
        let both = [one, two].concat();
        let mut out = Vec::new();
        let frames = decode_frames(&mut both.as_slice(), Compression::default(), &mut out).unwrap();
        assert_eq!(frames, [first.frames, second.frames].concat());
        assert_eq!(out.len() as u64, first.tar_length + second.tar_length);
        let cut = &both[..both.len() - 3];
        assert!(decode_frames(&mut &*cut, Compression::default(), &mut io::sink()).is_err());
    }
}
