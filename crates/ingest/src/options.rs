//! How an ingest is to work, and how it tells of its progress.

use cloakroom_p10::Limits;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// How far archives are unpacked.
///
/// Within one archive that lies in the export, and all archives nested in it, together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes of one unpacked member.
    pub member_bytes: u64,
    /// Bytes of all unpacked members together.
    pub total_bytes: u64,
    /// Members.
    pub members: u64,
    /// Unpacked bytes for each byte of the archive, beyond [`ArchiveLimits::ratio_free_bytes`].
    pub ratio: u64,
    /// Bytes that may be unpacked before the ratio counts: small archives of empty masks shrink a thousandfold.
    pub ratio_free_bytes: u64,
    /// Archives within one another: 1 opens archives of the export only, 2 also the archives inside them.
    pub nesting: u32,
}

impl Default for ArchiveLimits {
    /// 64 GiB a member, 4 TiB and 2,000,000 members an archive, 250 bytes for one beyond 256 MiB, nested once.
    fn default() -> Self {
        Self {
            member_bytes: 64 << 30,
            total_bytes: 4 << 40,
            members: 2_000_000,
            ratio: 250,
            ratio_free_bytes: 256 << 20,
            nesting: 2,
        }
    }
}

/// How an ingest is to work.
#[derive(Default)]
pub struct IngestOptions<'a> {
    /// Threads that read headers; 0 takes as many as there are cores. Results never depend on it.
    pub threads: usize,
    /// Limits of the header reader.
    pub limits: Limits,
    /// Limits of unpacking.
    pub archives: ArchiveLimits,
    /// The folder that archive members are unpacked into; `None` takes `spool` beside the catalogue.
    pub spool: Option<PathBuf>,
    /// The one folder inside the site folder that may be ingested: what was received over the network.
    pub inbox: Option<PathBuf>,
    /// Set from outside to stop after the batch at work; the next ingest continues.
    pub stop: Option<&'a AtomicBool>,
}

/// What an ingest is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Listing the files of the exports.
    Walk,
    /// Reading headers.
    Read,
    /// Unpacking archives.
    Unpack,
    /// Comparing in full the files that share a SOP Instance UID.
    Compare,
    /// Finding duplicates and conflicts.
    Settle,
}

/// Told of the progress of an ingest; holds nothing of the export but counts.
pub trait Progress: Sync {
    /// A phase begins. Reading and unpacking take turns while archives hold archives.
    fn phase(&self, phase: Phase) {
        let _ = phase;
    }

    /// So many more streams, of so many bytes, were found.
    fn found(&self, streams: u64, bytes: u64) {
        let _ = (streams, bytes);
    }

    /// So many more streams, of so many bytes, were read and stored.
    fn read(&self, streams: u64, bytes: u64) {
        let _ = (streams, bytes);
    }
}

/// Progress that nobody looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}
