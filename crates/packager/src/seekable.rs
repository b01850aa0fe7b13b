//! zstd in frames that can be found: the seekable format of zstd's `contrib`, read by every zstd as one stream.
//!
//! A block of a series is one frame; only a series of more than [`LARGEST_FRAME`] bytes takes several.
//! The last frame is skippable and lists the sizes of all frames before it.

use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// How the members of a shard are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Plain tar.
    None,
    /// zstd at this level, one frame per series.
    Zstd(i32),
}

/// The level that the measurements of level against speed on DICOM favour.
pub const DEFAULT_LEVEL: i32 = 3;

impl Default for Compression {
    fn default() -> Self {
        Self::Zstd(DEFAULT_LEVEL)
    }
}

impl Compression {
    /// The extension of a shard's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::None => "tar",
            Self::Zstd(_) => "tar.zst",
        }
    }

    /// The name for manifests, which is without the level: that leaves no trace in what is unpacked.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Zstd(_) => "zstd",
        }
    }
}

/// A frame never holds more than this many bytes, so that its sizes fit the 32 bits of the seek table.
pub(crate) const LARGEST_FRAME: u64 = 1 << 30;

/// Each thread of a compressor takes a few megabytes, and more of them than this help nobody who writes one file.
const MOST_THREADS: u32 = 8;

const SKIPPABLE_MAGIC: u32 = 0x184D_2A5E;
const SEEKABLE_MAGIC: u32 = 0x8F92_EAB1;
const FOOTER: usize = 9;

/// The sizes of one frame in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameEntry {
    /// As it lies in the file.
    pub compressed: u64,
    /// As tar.
    pub uncompressed: u64,
}

/// Writes tar bytes as frames to a sink and keeps their sizes.
pub(crate) struct FrameWriter<W: Write> {
    state: State<W>,
    compression: Compression,
    threads: u32,
    largest_frame: u64,
    in_frame: u64,
    compressed_before: u64,
    frames: Vec<FrameEntry>,
}

enum State<W: Write> {
    Plain(Counting<W>),
    Frame(zstd::stream::write::Encoder<'static, Counting<W>>),
    Between(Counting<W>),
    Broken,
}

impl<W: Write> FrameWriter<W> {
    /// Frames are compressed by so many threads beside the one that writes. Zstandard divides a frame into parts by
    /// their size alone, so their number does not change the bytes.
    pub(crate) fn new(sink: W, compression: Compression, threads: usize) -> Self {
        Self::with_largest_frame(sink, compression, threads, LARGEST_FRAME)
    }

    fn with_largest_frame(
        sink: W,
        compression: Compression,
        threads: usize,
        largest_frame: u64,
    ) -> Self {
        let sink = Counting { sink, count: 0 };
        let state = match compression {
            Compression::None => State::Plain(sink),
            Compression::Zstd(_) => State::Between(sink),
        };
        Self {
            state,
            compression,
            threads: u32::try_from(threads)
                .unwrap_or(u32::MAX)
                .clamp(1, MOST_THREADS),
            largest_frame,
            in_frame: 0,
            compressed_before: 0,
            frames: Vec::new(),
        }
    }

    /// Ends the last frame and returns the sink and the frames; plain tar has none.
    pub(crate) fn finish(mut self) -> io::Result<(W, u64, Vec<FrameEntry>)> {
        self.end_frame()?;
        match self.state {
            State::Plain(sink) | State::Between(sink) => Ok((sink.sink, sink.count, self.frames)),
            State::Frame(_) | State::Broken => Err(broken()),
        }
    }

    fn begin_frame(&mut self) -> io::Result<()> {
        let Compression::Zstd(level) = self.compression else {
            return Ok(());
        };
        self.state = match std::mem::replace(&mut self.state, State::Broken) {
            State::Between(sink) => {
                let mut encoder = zstd::stream::write::Encoder::new(sink, level)?;
                encoder.include_checksum(true)?;
                encoder.multithread(self.threads)?;
                State::Frame(encoder)
            }
            other => other,
        };
        Ok(())
    }

    fn end_frame(&mut self) -> io::Result<()> {
        self.state = match std::mem::replace(&mut self.state, State::Broken) {
            State::Frame(encoder) => {
                let sink = encoder.finish()?;
                self.frames.push(FrameEntry {
                    compressed: sink.count - self.compressed_before,
                    uncompressed: self.in_frame,
                });
                self.compressed_before = sink.count;
                self.in_frame = 0;
                State::Between(sink)
            }
            other => other,
        };
        Ok(())
    }
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if let State::Plain(sink) = &mut self.state {
            return sink.write(bytes);
        }
        if self.in_frame == self.largest_frame {
            self.end_frame()?;
        }
        self.begin_frame()?;
        let room = usize::try_from(self.largest_frame - self.in_frame).unwrap_or(usize::MAX);
        let State::Frame(encoder) = &mut self.state else {
            return Err(broken());
        };
        let written = encoder.write(&bytes[..bytes.len().min(room)])?;
        self.in_frame += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn broken() -> io::Error {
    io::Error::other("a frame could not be finished")
}

struct Counting<W> {
    sink: W,
    count: u64,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// The skippable frame that lists all frames before it, without checksums of its own.
///
/// # Errors
/// If a size does not fit into 32 bits.
pub(crate) fn seek_table(frames: &[FrameEntry]) -> io::Result<Vec<u8>> {
    let small = |size: u64| {
        u32::try_from(size).map_err(|_| io::Error::other("a frame is too large for the seek table"))
    };
    let content = small((frames.len() * 8 + FOOTER) as u64)?;
    let mut table = Vec::with_capacity(frames.len() * 8 + FOOTER + 8);
    table.extend_from_slice(&SKIPPABLE_MAGIC.to_le_bytes());
    table.extend_from_slice(&content.to_le_bytes());
    for frame in frames {
        table.extend_from_slice(&small(frame.compressed)?.to_le_bytes());
        table.extend_from_slice(&small(frame.uncompressed)?.to_le_bytes());
    }
    table.extend_from_slice(&small(frames.len() as u64)?.to_le_bytes());
    table.push(0);
    table.extend_from_slice(&SEEKABLE_MAGIC.to_le_bytes());
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compress(content: &[u8], chunk: usize, largest: u64) -> (Vec<u8>, Vec<FrameEntry>) {
        compress_by(1, content, chunk, largest)
    }

    fn compress_by(
        threads: usize,
        content: &[u8],
        chunk: usize,
        largest: u64,
    ) -> (Vec<u8>, Vec<FrameEntry>) {
        let mut writer =
            FrameWriter::with_largest_frame(Vec::new(), Compression::default(), threads, largest);
        for part in content.chunks(chunk.max(1)) {
            writer.write_all(part).unwrap();
        }
        let (bytes, count, frames) = writer.finish().unwrap();
        assert_eq!(count, bytes.len() as u64);
        (bytes, frames)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn bytes_do_not_depend_on_how_they_arrive(content in proptest::collection::vec(0_u8..8, 1..300_000), chunk in 1_usize..200_000) {
            let (whole, frames) = compress(&content, content.len(), LARGEST_FRAME);
            let (parts, _) = compress(&content, chunk, LARGEST_FRAME);
            prop_assert_eq!(&whole, &parts);
            prop_assert_eq!(frames.len(), 1);
            prop_assert_eq!(zstd::decode_all(whole.as_slice()).unwrap(), content);
        }

        #[test]
        fn large_series_take_several_frames(content in proptest::collection::vec(any::<u8>(), 1..5_000), largest in 100_u64..1_000) {
            let (bytes, frames) = compress(&content, 77, largest);
            prop_assert_eq!(frames.len() as u64, (content.len() as u64).div_ceil(largest));
            prop_assert_eq!(frames.iter().map(|frame| frame.compressed).sum::<u64>(), bytes.len() as u64);
            prop_assert!(frames.iter().all(|frame| frame.uncompressed <= largest));
            prop_assert_eq!(zstd::decode_all(bytes.as_slice()).unwrap(), content);
        }
    }

    #[test]
    fn bytes_do_not_depend_on_how_many_threads_compress() {
        // More than four windows of level 3, so that there are several parts.
        let content: Vec<u8> = (0..20_000_000_u32)
            .map(|number| (number.wrapping_mul(2_654_435_761) >> 27) as u8)
            .collect();
        let (alone, frames) = compress_by(1, &content, 1 << 20, LARGEST_FRAME);
        assert_eq!(frames.len(), 1);
        for (threads, chunk) in [(2, 1 << 20), (3, 77_777), (8, content.len())] {
            assert!(compress_by(threads, &content, chunk, LARGEST_FRAME).0 == alone);
        }
        assert!(zstd::decode_all(alone.as_slice()).unwrap() == content);
    }

    #[test]
    fn the_seek_table_is_that_of_the_format() {
        let frames = [(5, 100), (7, 300)].map(|(compressed, uncompressed)| FrameEntry {
            compressed,
            uncompressed,
        });
        let table = seek_table(&frames).unwrap();
        let words = |numbers: &[u32]| {
            numbers
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect::<Vec<_>>()
        };
        let mut wanted = words(&[0x184D_2A5E, 25, 5, 100, 7, 300, 2]);
        wanted.push(0);
        wanted.extend(words(&[0x8F92_EAB1]));
        assert_eq!(table, wanted);
        let large = FrameEntry {
            compressed: 1 << 32,
            uncompressed: 1,
        };
        assert!(seek_table(&[large]).is_err());
    }

    #[test]
    fn plain_tar_has_no_frames() {
        let mut writer = FrameWriter::new(Vec::new(), Compression::None, 1);
        writer.write_all(b"abc").unwrap();
        let (bytes, count, frames) = writer.finish().unwrap();
        assert_eq!((bytes.as_slice(), count, frames.len()), (&b"abc"[..], 3, 0));
    }
}
