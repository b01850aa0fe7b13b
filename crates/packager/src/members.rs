//! The objects of a bundle, one after the other, for whoever has to look into them.

use crate::block::{BlockEntry, MemberEntry};
use crate::decode::{MemberSink, TarChecker, decode_frames};
use crate::error::PackError;
use crate::shard::ShardEntry;
use crate::verify::VerifiedBundle;
use cloakroom_core::Digest;
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

impl VerifiedBundle {
    /// Calls `each` with every object that is wanted and its bytes, several series at the same time.
    ///
    /// # Errors
    /// If the disk fails, or an object is no longer what it was when the bundle was verified.
    pub fn for_each_object(
        &self,
        wanted: &(dyn Fn(&MemberEntry) -> bool + Sync),
        each: &(dyn Fn(&MemberEntry, Vec<u8>) + Sync),
    ) -> Result<(), PackError> {
        let blocks: Vec<(&ShardEntry, &BlockEntry)> = self
            .checked
            .index
            .shards
            .iter()
            .flat_map(|shard| shard.blocks.iter().map(move |block| (shard, block)))
            .filter(|(_, block)| block.members.iter().any(wanted))
            .collect();
        blocks.par_iter().try_for_each(|(shard, block)| {
            read_block(&self.checked.root, shard, block, wanted, each)
        })
    }
}

fn read_block(
    root: &Path,
    shard: &ShardEntry,
    block: &BlockEntry,
    wanted: &(dyn Fn(&MemberEntry) -> bool + Sync),
    each: &(dyn Fn(&MemberEntry, Vec<u8>) + Sync),
) -> Result<(), PackError> {
    let path = root.join(shard.path());
    let mut file = File::open(&path).map_err(PackError::io("open", &path))?;
    file.seek(SeekFrom::Start(block.offset))
        .map_err(PackError::io("read", &path))?;
    let mut bytes = BufReader::with_capacity(1 << 17, file.take(block.length));
    let sink = Collected {
        wanted,
        each,
        bytes: None,
        changed: false,
    };
    let mut checker = TarChecker::new(&block.members, sink);
    let decoded = decode_frames(&mut bytes, shard.compression, &mut checker);
    let (_, fault, sink) = checker.finish();
    if fault.is_some() || sink.changed {
        return Err(PackError::damaged(
            shard.path(),
            "it is no longer what was verified",
        ));
    }
    decoded
        .map(drop)
        .map_err(|error| PackError::damaged(shard.path(), error.to_string()))
}

struct Collected<'a> {
    wanted: &'a (dyn Fn(&MemberEntry) -> bool + Sync),
    each: &'a (dyn Fn(&MemberEntry, Vec<u8>) + Sync),
    bytes: Option<Vec<u8>>,
    changed: bool,
}

impl MemberSink for Collected<'_> {
    fn begin(&mut self, member: &MemberEntry) -> io::Result<()> {
        self.bytes = (self.wanted)(member).then(Vec::new);
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(collected) = &mut self.bytes {
            collected.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self, member: &MemberEntry, digest: Digest) -> io::Result<()> {
        self.changed |= digest != member.sha256;
        if let Some(bytes) = self.bytes.take().filter(|_| digest == member.sha256) {
            (self.each)(member, bytes);
        }
        Ok(())
    }
}
