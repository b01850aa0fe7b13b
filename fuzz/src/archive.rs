//! ZIP, tar, gzip and zstd archives of an export.

use cloakroom_ingest::ArchiveLimits;
use cloakroom_ingest::fuzzing::unpack;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

const LIMITS: ArchiveLimits = ArchiveLimits {
    member_bytes: 1 << 20,
    total_bytes: 4 << 20,
    members: 200,
    ratio: 50,
    ratio_free_bytes: 1 << 20,
    nesting: 2,
};

/// Unpacks an archive.
///
/// Laws: nothing that is unpacked lies outside the spool or under a name of the archive; no more comes out than the
/// limits allow.
pub fn archive(bytes: &[u8]) {
    // One folder serves all inputs of a process, in memory where there is such a place.
    static ROOM: OnceLock<Mutex<Option<tempfile::TempDir>>> = OnceLock::new();
    let room = ROOM.get_or_init(|| Mutex::new(folder().ok()));
    let room = room.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(room) = room.as_ref() else {
        panic!("there is no folder to work in");
    };
    let checked = check(
        bytes,
        &room.path().join("archive"),
        &room.path().join("spool"),
    );
    assert!(checked.is_ok(), "the machine failed: {:?}", checked.err());
}

fn folder() -> io::Result<tempfile::TempDir> {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
}

fn check(bytes: &[u8], archive: &PathBuf, spool: &PathBuf) -> io::Result<()> {
    std::fs::write(archive, bytes)?;
    let Some((_, members)) = unpack(archive, spool, &LIMITS)? else {
        return Ok(());
    };
    assert!(
        members.len() as u64 <= LIMITS.members + 2,
        "{} members",
        members.len()
    );
    let mut total = 0;
    for folder in std::fs::read_dir(spool)? {
        for file in std::fs::read_dir(folder?.path())? {
            let file = file?;
            let length = file.metadata()?.len();
            assert!(length <= LIMITS.member_bytes, "a member of {length} bytes");
            total += length;
            let name = file.file_name();
            let is_digest = name.len() == 64
                && name
                    .to_string_lossy()
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit());
            assert!(
                is_digest,
                "a name of the archive became a name in the spool"
            );
            std::fs::remove_file(file.path())?;
        }
    }
    assert!(total <= LIMITS.total_bytes, "{total} bytes came out");
    Ok(())
}
