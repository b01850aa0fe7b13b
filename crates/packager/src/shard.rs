//! A shard: blocks one after the other, written beside its place and renamed when it is whole.

use crate::block::BlockEntry;
use crate::error::PackError;
use crate::names::shard_name;
use crate::seekable::{Compression, FrameEntry, FrameWriter, seek_table};
use crate::ustar::END_OF_ARCHIVE;
use cloakroom_core::{Digest, Hasher};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// A finished shard and all that lies in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardEntry {
    /// The folder inside the package, such as `data/shards`.
    pub folder: String,
    /// The file name, which carries the first digits of the digest.
    pub name: String,
    /// The number of the shard, counted from 0 within its stem.
    pub sequence: u32,
    /// How members are stored.
    pub compression: Compression,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// The digest of the file.
    pub sha256: Digest,
    /// The digest of what is inside, which no compressor can change; see [`content_digest`].
    pub content_sha256: Digest,
    /// The series, in the order of the file.
    pub blocks: Vec<BlockEntry>,
}

impl ShardEntry {
    /// The path inside the package.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.folder, self.name)
    }
}

/// SHA-256 of the lines `sha256  member`, sorted by bytes.
///
/// The lines are a `sha256sum -c` list of what `tar -x` writes, and `LC_ALL=C sort` makes their order.
#[must_use]
pub fn content_digest(blocks: &[BlockEntry]) -> Digest {
    let members = blocks.iter().flat_map(|block| &block.members);
    let mut lines: Vec<String> = members
        .map(|member| format!("{}  {}\n", member.sha256, member.name))
        .collect();
    lines.sort_unstable();
    let mut hasher = Hasher::new();
    lines.iter().for_each(|line| hasher.update(line.as_bytes()));
    hasher.finish()
}

/// Where a shard goes and what it is called.
#[derive(Debug, Clone)]
pub struct ShardPlace {
    /// The folder inside the package, such as `data/shards`.
    pub folder: String,
    /// The beginning of the name, such as `GX01-lung-d0001`.
    pub stem: String,
    /// The number of the shard.
    pub sequence: u32,
}

/// Appends blocks to a temporary file in the shard's own folder. Dropped without [`ShardWriter::commit`], it leaves nothing.
pub struct ShardWriter {
    place: ShardPlace,
    compression: Compression,
    directory: PathBuf,
    temporary: PathBuf,
    sink: Option<BufWriter<HashingFile>>,
    tar_position: u64,
    /// Bytes written of a block whose entry is still to come.
    in_block: u64,
    blocks: Vec<BlockEntry>,
}

struct HashingFile {
    file: File,
    hasher: Hasher,
    written: u64,
}

impl Write for HashingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Small pieces are gathered; larger ones go to the file as they are.
const BUFFER: usize = 1 << 16;

/// Blocks of other shards are copied in pieces of this size.
const COPIED: usize = 1 << 18;

impl ShardWriter {
    /// Opens a temporary file below the root of a package that is being written.
    pub(crate) fn create(
        root: &Path,
        place: ShardPlace,
        compression: Compression,
    ) -> Result<Self, PackError> {
        let directory = root.join(&place.folder);
        fs::create_dir_all(&directory).map_err(PackError::io("create", &directory))?;
        let temporary = directory.join(format!(".{}-{:06}.partial", place.stem, place.sequence));
        let file = File::create(&temporary).map_err(PackError::io("create", &temporary))?;
        let sink = HashingFile {
            file,
            hasher: Hasher::new(),
            written: 0,
        };
        Ok(Self {
            place,
            compression,
            directory,
            temporary,
            sink: Some(BufWriter::with_capacity(BUFFER, sink)),
            tar_position: 0,
            in_block: 0,
            blocks: Vec::new(),
        })
    }

    /// Appends a block: its entry, as its maker returned it, and its bytes.
    ///
    /// # Errors
    /// If the bytes are not as many as the entry says, or the disk fails; the shard can then only be dropped.
    pub fn append(&mut self, block: BlockEntry, bytes: &mut dyn Read) -> Result<(), PackError> {
        let bytes = bytes.take(block.length.saturating_add(1));
        io::copy(&mut BufReader::with_capacity(COPIED, bytes), self)
            .map_err(PackError::io("write", &self.temporary))?;
        self.end_block(block)
    }

    /// Ends the block whose bytes have been written.
    ///
    /// # Errors
    /// If the bytes are not as many as the entry says; the shard can then only be dropped.
    pub fn end_block(&mut self, mut block: BlockEntry) -> Result<(), PackError> {
        let offset = self
            .blocks
            .last()
            .map_or(0, |last| last.offset + last.length);
        let written = std::mem::take(&mut self.in_block);
        let framed: u64 = block.frames.iter().map(|frame| frame.compressed).sum();
        let sound = written == block.length
            && match self.compression {
                Compression::None => block.frames.is_empty() && block.length == block.tar_length,
                Compression::Zstd(_) => framed == block.length,
            };
        if !sound {
            return Err(PackError::BlockLength {
                series: block.series,
            });
        }
        block.rebase(offset, self.tar_position);
        self.tar_position += block.tar_length;
        self.blocks.push(block);
        Ok(())
    }

    /// The uncompressed bytes so far.
    #[must_use]
    pub const fn tar_bytes(&self) -> u64 {
        self.tar_position
    }

    /// Ends the archive, brings it safely to disk and gives it its name.
    ///
    /// # Errors
    /// If nothing was appended or the disk fails; the temporary file is then removed.
    pub fn commit(mut self) -> Result<ShardEntry, PackError> {
        if self.blocks.is_empty() || self.in_block > 0 {
            return Err(PackError::NothingToPack);
        }
        let (sha256, bytes) = self.close()?;
        let name = shard_name(
            &self.place.stem,
            self.place.sequence,
            &sha256,
            self.compression.extension(),
        );
        let target = self.directory.join(&name);
        fs::rename(&self.temporary, &target).map_err(PackError::io("rename", &target))?;
        sync_folder(&self.directory)?;
        let blocks = std::mem::take(&mut self.blocks);
        Ok(ShardEntry {
            folder: self.place.folder.clone(),
            name,
            sequence: self.place.sequence,
            compression: self.compression,
            bytes,
            sha256,
            content_sha256: content_digest(&blocks),
            blocks,
        })
    }

    fn close(&mut self) -> Result<(Digest, u64), PackError> {
        let mut sink = self.sink.take().ok_or(PackError::NothingToPack)?;
        let fault = || PackError::io("write", &self.temporary);
        let frames = self.blocks.iter().flat_map(|block| block.frames.clone());
        let tail = tail(self.compression, frames.collect()).map_err(fault())?;
        sink.write_all(&tail).map_err(fault())?;
        let sink = sink
            .into_inner()
            .map_err(|error| fault()(error.into_error()))?;
        sink.file
            .sync_all()
            .map_err(PackError::io("synchronise", &self.temporary))?;
        Ok((sink.hasher.finish(), sink.written))
    }
}

/// Takes bytes of the next block, whose entry its maker knows only at its end; see [`ShardWriter::end_block`].
/// After an error the shard can only be dropped.
impl Write for ShardWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sink = self.sink.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        let written = sink.write(bytes)?;
        self.in_block += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for ShardWriter {
    fn drop(&mut self) {
        // After a commit there is no such file any more, and nobody waits for the answer.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// What follows the last block: the end of the archive and, in compressed shards, the seek table.
pub(crate) fn tail(compression: Compression, mut frames: Vec<FrameEntry>) -> io::Result<Vec<u8>> {
    let mut writer = FrameWriter::new(Vec::new(), compression, 1);
    writer.write_all(&END_OF_ARCHIVE)?;
    let (mut bytes, _, last) = writer.finish()?;
    if !last.is_empty() {
        frames.extend(last);
        bytes.extend(seek_table(&frames)?);
    }
    Ok(bytes)
}

/// Makes a rename last through a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), PackError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(PackError::io("synchronise", folder))
}

impl BlockEntry {
    /// Moves the offsets of a block that begins at 0 to its place in a shard.
    fn rebase(&mut self, offset: u64, tar_offset: u64) {
        self.offset = offset;
        self.tar_offset = tar_offset;
        for member in &mut self.members {
            member.offset += tar_offset;
        }
    }

    /// Moves the offsets of a block in a shard back to those of a block that begins at 0.
    pub(crate) fn unplaced(&self) -> Self {
        let mut block = self.clone();
        for member in &mut block.members {
            member.offset -= self.tar_offset;
        }
        block.offset = 0;
        block.tar_offset = 0;
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{block, read_tar};

    fn place() -> ShardPlace {
        ShardPlace {
            folder: "data/shards".into(),
            stem: "GX01-lung-d0001".into(),
            sequence: 2,
        }
    }

    fn shard(root: &Path, compression: Compression) -> ShardEntry {
        let mut writer = ShardWriter::create(root, place(), compression).unwrap();
        for series in ["1.5", "1.3"] {
            let (bytes, entry) = block("P1", series, 3, compression);
            writer.append(entry, &mut bytes.as_slice()).unwrap();
        }
        writer.commit().unwrap()
    }

    #[test]
    fn a_shard_opens_with_any_tar_and_its_index_is_true() {
        for compression in [Compression::None, Compression::default()] {
            let folder = tempfile::tempdir().unwrap();
            let entry = shard(folder.path(), compression);
            let file = fs::read(folder.path().join(entry.path())).unwrap();
            assert_eq!(Digest::of(&file), entry.sha256);
            assert_eq!(file.len() as u64, entry.bytes);
            let tar = match compression {
                Compression::None => file.clone(),
                Compression::Zstd(_) => zstd::decode_all(file.as_slice()).unwrap(),
            };
            let members: Vec<_> = entry
                .blocks
                .iter()
                .flat_map(|block| &block.members)
                .collect();
            let seen = read_tar(&tar);
            assert_eq!(seen.len(), 6);
            for (member, (name, content)) in members.iter().zip(&seen) {
                assert_eq!(&member.name, name);
                assert_eq!(member.sha256, Digest::of(content));
                let range = member.offset as usize..(member.offset + member.size) as usize;
                assert_eq!(&tar[range], content.as_slice());
            }
            for block in &entry.blocks {
                let range = block.offset as usize..(block.offset + block.length) as usize;
                let bytes = match compression {
                    Compression::None => file[range].to_vec(),
                    Compression::Zstd(_) => zstd::decode_all(&file[range]).unwrap(),
                };
                let tar_range =
                    block.tar_offset as usize..(block.tar_offset + block.tar_length) as usize;
                assert_eq!(bytes, tar[tar_range]);
            }
        }
    }

    #[test]
    fn the_same_blocks_make_the_same_file_and_content_digest() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = shard(one.path(), Compression::default());
        assert_eq!(first, shard(two.path(), Compression::default()));
        let plain = shard(one.path(), Compression::None);
        assert_eq!(plain.content_sha256, first.content_sha256);
        assert_ne!(plain.sha256, first.sha256);
    }

    #[test]
    fn a_dropped_shard_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer =
            ShardWriter::create(folder.path(), place(), Compression::default()).unwrap();
        let (bytes, entry) = block("P1", "1.3", 1, Compression::default());
        writer.append(entry.clone(), &mut bytes.as_slice()).unwrap();
        let shards = folder.path().join("data/shards");
        assert_eq!(fs::read_dir(&shards).unwrap().count(), 1);
        drop(writer);
        assert_eq!(fs::read_dir(&shards).unwrap().count(), 0);
        let mut writer =
            ShardWriter::create(folder.path(), place(), Compression::default()).unwrap();
        let short = &bytes[..bytes.len() - 1];
        assert!(writer.append(entry.clone(), &mut &*short).is_err());
        let mut writer =
            ShardWriter::create(folder.path(), place(), Compression::default()).unwrap();
        let long = [bytes.as_slice(), b"x"].concat();
        assert!(writer.append(entry, &mut long.as_slice()).is_err());
        let empty = ShardWriter::create(folder.path(), place(), Compression::default()).unwrap();
        assert!(matches!(empty.commit(), Err(PackError::NothingToPack)));
        assert_eq!(fs::read_dir(&shards).unwrap().count(), 0);
    }
}
