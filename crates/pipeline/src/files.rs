//! Files that only their owner may read, and files that appear whole or not at all.

use crate::Failure;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Makes a folder that only its owner may enter.
pub(crate) fn private_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path)
        .map_err(|error| Failure::io("could not make a folder", path, &error))?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
        .map_err(|error| Failure::io("could not restrict a folder to its owner", path, &error))
}

/// Writes a new file that only its owner may read; it appears whole or not at all, and never replaces one.
pub(crate) fn private_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(path, bytes, 0o600, true)
}

/// Writes a file that anyone may read; it appears whole or not at all.
pub(crate) fn public_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(path, bytes, 0o644, false)
}

/// Replaces a file that only its owner may read; readers see the old or the new one.
pub(crate) fn replace_private_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write(path, bytes, 0o600, false)
}

/// Makes or empties a file that only its owner may read, for a writer that streams.
pub(crate) fn create_private(path: &Path) -> Result<File, Failure> {
    private_options()
        .open(path)
        .map_err(|error| Failure::io("could not write a file", path, &error))
}

/// The same for a file that is written and read again.
pub(crate) fn create_private_read_write(path: &Path) -> Result<File, Failure> {
    private_options()
        .read(true)
        .open(path)
        .map_err(|error| Failure::io("could not write a file", path, &error))
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
}

fn write(path: &Path, bytes: &[u8], mode: u32, new: bool) -> Result<(), Failure> {
    let fault = |error: std::io::Error| Failure::io("could not write a file", path, &error);
    if new && path.exists() {
        return Err(Failure::wrong_use("the file exists already")
            .at(path)
            .advise("name another one"));
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(partial)
        .map_err(fault)?;
    file.set_permissions(Permissions::from_mode(mode))
        .map_err(fault)?;
    file.write_all(bytes).map_err(fault)?;
    file.sync_all().map_err(fault)?;
    fs::rename(partial, path).map_err(fault)?;
    sync_parent(path)
}

/// Brings the name of a file safely to disk.
pub(crate) fn sync_parent(path: &Path) -> Result<(), Failure> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| Failure::io("could not synchronise a folder", parent, &error))
}

/// Reads a text file that a person wrote or that we wrote.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::wrong_use("there is no such file").at(path),
        _ => Failure::io("could not read a file", path, &error),
    })
}

/// Fails unless there is no such file yet.
pub(crate) fn require_no_file(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::wrong_use("the file exists already")
            .at(path)
            .advise("name another one"));
    }
    Ok(())
}

/// Fails unless the folder does not exist yet or is empty.
pub(crate) fn require_free(path: &Path) -> Result<(), Failure> {
    let taken = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(Failure::io("could not look into a folder", path, &error)),
    };
    if taken {
        return Err(Failure::wrong_use(
            "the folder exists and is not empty; nothing is ever overwritten",
        )
        .at(path)
        .advise("name a folder that does not exist yet"));
    }
    Ok(())
}
