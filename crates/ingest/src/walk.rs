//! Lists the files of an export, entry by entry, in the order of the system, and follows no link.

use crate::catalogue::schema::entry;
use crate::export::Export;
use crate::open::Stamp;
use cloakroom_core::{Outcome, QuarantineReason, SetAsideReason};
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use walkdir::WalkDir;

/// Folders that are open at once on the way down; beyond it their entries are held in memory.
const OPEN_FOLDERS: usize = 128;

/// One entry of an export.
pub(crate) struct Walked {
    /// The path below the folder of the export, as bytes.
    pub(crate) name: Vec<u8>,
    /// See [`entry`].
    pub(crate) entry: i64,
    pub(crate) stamp: Stamp,
    pub(crate) outcome: Option<Outcome>,
}

const NOTHING: Stamp = Stamp {
    size: 0,
    modified_ns: 0,
};

/// Every byte stream of an export, and every place that cannot be looked into.
pub(crate) fn walk(export: &Export) -> impl Iterator<Item = Walked> {
    let folder = export.folder().to_path_buf();
    WalkDir::new(&export.root)
        .follow_links(false)
        .follow_root_links(false)
        .max_open(OPEN_FOLDERS)
        .into_iter()
        .filter_map(move |entry| match entry {
            Ok(entry) if entry.file_type().is_dir() => None,
            Ok(entry) => {
                let name = name_below(&folder, entry.path());
                Some(match entry.metadata() {
                    Ok(metadata) => walked(name, &metadata),
                    Err(_) => unreadable(name),
                })
            }
            Err(error) => {
                let name = error.path().map(|path| name_below(&folder, path));
                Some(unreadable(name.unwrap_or_default()))
            }
        })
}

fn name_below(folder: &Path, path: &Path) -> Vec<u8> {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.as_os_str().as_bytes().to_vec()
}

fn walked(name: Vec<u8>, metadata: &Metadata) -> Walked {
    if metadata.is_file() {
        return Walked {
            name,
            entry: entry::FILE,
            stamp: Stamp::of(metadata),
            outcome: None,
        };
    }
    // The bytes of a link are a name and no stream; a device has none or no end of them.
    Walked {
        name,
        entry: entry::LINK,
        stamp: NOTHING,
        outcome: Some(Outcome::SetAside(SetAsideReason::Link)),
    }
}

const fn unreadable(name: Vec<u8>) -> Walked {
    Walked {
        name,
        entry: entry::UNREADABLE,
        stamp: NOTHING,
        outcome: Some(Outcome::Quarantined(QuarantineReason::Unreadable)),
    }
}
