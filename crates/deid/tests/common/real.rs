//! Where real files are, when they are there.

use std::path::{Path, PathBuf};

/// The folders with real files: the shared development set, and what the `pydicom` wheel ships.
pub fn folders() -> Vec<PathBuf> {
    let shared = std::env::var_os("CLOAKROOM_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let pydicom = std::process::Command::new("python3")
        .args([
            "-c",
            "import pydicom, os; print(os.path.dirname(pydicom.__file__))",
        ])
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|path| PathBuf::from(path.trim()).join("data"));
    let all = [Some(shared.join("devset")), pydicom];
    all.into_iter()
        .flatten()
        .filter(|folder| folder.is_dir())
        .collect()
}

pub fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            files(&entry, found);
        } else if entry.metadata().is_ok_and(|facts| facts.len() < 8 << 20) {
            found.push(entry);
        }
    }
}
