//! The door of the fuzz targets to the archive readers.

use crate::options::ArchiveLimits;
use crate::spool::Spool;
use crate::unpack::{Budget, Unpacker, archive_kind};
use cloakroom_core::Outcome;
use std::fs::File;
use std::io;
use std::path::Path;

/// One member that came out of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpackedMember {
    /// Its name in the archive.
    pub name: Vec<u8>,
    /// Its size in bytes, as it was read or stated.
    pub size: u64,
    /// Why its bytes lie nowhere; `None` where they lie in the spool.
    pub outcome: Option<Outcome>,
}

/// Unpacks a file as ingest would, into a spool folder; `None` where it is no archive.
///
/// # Errors
/// If the file or the spool cannot be used.
pub fn unpack(
    archive: &Path,
    spool: &Path,
    limits: &ArchiveLimits,
) -> io::Result<Option<(Outcome, Vec<UnpackedMember>)>> {
    let file = File::open(archive)?;
    let mut head = [0; 512];
    let filled = std::os::unix::fs::FileExt::read_at(&file, &mut head, 0)?;
    let Some(kind) = archive_kind(&head[..filled]) else {
        return Ok(None);
    };
    let spool = Spool::open(spool)?;
    let mut members = Vec::new();
    let mut sink = |member: crate::unpack::Member| {
        members.push(UnpackedMember {
            name: member.name,
            size: member.size,
            outcome: member.content.err(),
        });
        Ok(())
    };
    let unpacker = Unpacker {
        spool: &spool,
        budget: Budget::new(limits, file.metadata()?.len(), (0, 0)),
        stop: None,
        sink: &mut sink,
    };
    let outcome = unpacker.unpack(kind, &file).map_err(io::Error::other)?;
    Ok(Some((outcome, members)))
}
