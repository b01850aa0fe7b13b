//! Removing what a withdrawal must remove from versions that are already out.

use crate::bag;
use crate::error::PackError;
use crate::package::Package;
use crate::shard::sync_folder;
use crate::signing::SigningKey;
use cloakroom_core::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// The shards that were removed, as a digest list.
pub(crate) const PURGED: &str = "post/purged-sha256.txt";
/// Its signature, by the key of the release.
pub(crate) const PURGED_SIGNATURE: &str = "post/purged-sha256.txt.minisig";

/// Deletes the shards of an older version that hold one of these patients, and says so in `post/`, signed.
///
/// The version then verifies as incomplete. What was purged before stays on the list. Returns the shards on it.
///
/// # Errors
/// If the key is not the one of the release, the package cannot be opened, or the disk fails.
pub fn purge(
    root: &Path,
    patients: &BTreeSet<String>,
    key: &SigningKey,
) -> Result<Vec<String>, PackError> {
    let package = Package::open(root)?;
    if package.statement().signing_key() != key.public() {
        return Err(PackError::Key("it is not the key of this release".into()));
    }
    let list = root.join(PURGED);
    let mut purged: BTreeMap<String, Digest> = match fs::read_to_string(&list) {
        Ok(text) => bag::parse_manifest(&text).map_err(|why| PackError::damaged(PURGED, why))?,
        Err(_) => BTreeMap::new(),
    };
    for shard in &package.full_index()?.shards {
        if shard
            .blocks
            .iter()
            .any(|block| patients.contains(&block.patient))
        {
            purged.insert(shard.path(), shard.sha256);
        }
    }
    let text: String = purged
        .iter()
        .map(|(path, digest)| format!("{digest}  {path}\n"))
        .collect();
    let folder = root.join("post");
    fs::create_dir_all(&folder).map_err(PackError::io("create", &folder))?;
    // The list comes first: a kill in between leaves a listed shard that is still there, which the next call removes.
    write_whole(
        &root.join(PURGED_SIGNATURE),
        &key.sign(text.as_bytes(), &format!("{PURGED} purged")),
    )?;
    write_whole(&list, &text)?;
    sync_folder(&folder)?;
    for path in purged.keys() {
        let path = root.join(path);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(PackError::io("remove", &path)(error)),
        }
    }
    Ok(purged.into_keys().collect())
}

fn write_whole(path: &Path, text: &str) -> Result<(), PackError> {
    let temporary = path.with_extension("partial");
    File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        })
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(PackError::io("write", path))
}
