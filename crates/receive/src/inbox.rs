//! The inbox: what was received, each object a file under the digest of its bytes.

use crate::error::ReceiveError;
use crate::negotiate::{IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION};
use cloakroom_core::{Hasher, Phi};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const LOCK: &str = "lock";

/// The folder of what was received, and that of what is being received.
pub(crate) struct Inbox {
    folder: PathBuf,
    unfinished: PathBuf,
    next: AtomicU64,
    _lock: File,
}

impl Inbox {
    /// Makes the folders where they are missing, takes the lock, and clears away what an earlier run left.
    pub(crate) fn open(folder: &Path, unfinished: &Path) -> Result<Self, ReceiveError> {
        let failed = |source| ReceiveError::Inbox {
            folder: Phi::new(folder.to_path_buf()),
            source,
        };
        private_folder(folder).map_err(failed)?;
        private_folder(unfinished).map_err(failed)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(unfinished.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ReceiveError::Busy),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        clear(unfinished).map_err(failed)?;
        Ok(Self {
            folder: folder.into(),
            unfinished: unfinished.into(),
            next: AtomicU64::new(0),
            _lock: lock,
        })
    }

    /// Begins a file for an object: its preamble and File Meta Information (PS3.10 section 7.1).
    pub(crate) fn begin(
        &self,
        class: &str,
        instance: &str,
        syntax: &str,
    ) -> io::Result<Incoming<'_>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.unfinished.join(format!("{number}.part"));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        let mut incoming = Incoming {
            inbox: self,
            path,
            file: BufWriter::with_capacity(1 << 17, file),
            hasher: Hasher::new(),
            head: 0,
            len: 0,
        };
        incoming.write(&file_meta(class, instance, syntax))?;
        incoming.head = incoming.len;
        Ok(incoming)
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn clear(unfinished: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(unfinished)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "part")
        {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// An object on its way; dropped before [`Incoming::commit`] it leaves nothing.
pub(crate) struct Incoming<'a> {
    inbox: &'a Inbox,
    path: PathBuf,
    file: BufWriter<File>,
    hasher: Hasher,
    head: u64,
    len: u64,
}

impl Incoming<'_> {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Bytes of the data set so far.
    pub(crate) const fn data_set_len(&self) -> u64 {
        self.len - self.head
    }

    /// Puts the object into the inbox, for good: when this returns it is on the disk under its name.
    /// Tells the size of the file, and whether the inbox did not have it yet.
    pub(crate) fn commit(mut self) -> io::Result<(u64, bool)> {
        let name = std::mem::take(&mut self.hasher).finish().to_string();
        let folder = self.inbox.folder.join(&name[..2]);
        let place = folder.join(format!("{name}.dcm"));
        if place.exists() {
            return Ok((self.len, false));
        }
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        if !folder.exists() {
            private_folder(&folder)?;
            File::open(&self.inbox.folder)?.sync_all()?;
        }
        std::fs::rename(&self.path, &place)?;
        File::open(&folder)?.sync_all()?;
        Ok((self.len, true))
    }
}

impl Drop for Incoming<'_> {
    fn drop(&mut self) {
        // After the rename there is nothing left to remove; what cannot be removed is cleared at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn file_meta(class: &str, instance: &str, syntax: &str) -> Vec<u8> {
    let mut meta = vec![2, 0, 1, 0, b'O', b'B', 0, 0, 2, 0, 0, 0, 0, 1];
    let texts = [
        (0x0002, "UI", class),
        (0x0003, "UI", instance),
        (0x0010, "UI", syntax),
        (0x0012, "UI", IMPLEMENTATION_CLASS),
        (0x0013, "SH", IMPLEMENTATION_VERSION),
    ];
    for (number, vr, text) in texts {
        let mut value = text.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == "UI" { 0 } else { b' ' });
        }
        meta.extend([2, 0]);
        meta.extend(u16::to_le_bytes(number));
        meta.extend(vr.as_bytes());
        // A UID has at most 64 characters.
        meta.extend((value.len() as u16).to_le_bytes());
        meta.extend(value);
    }
    let mut head = vec![0; 128];
    head.extend(b"DICM");
    head.extend([2, 0, 0, 0, b'U', b'L', 4, 0]);
    head.extend((meta.len() as u32).to_le_bytes());
    head.extend(meta);
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn files(folder: &Path) -> Vec<PathBuf> {
        walkdir::WalkDir::new(folder)
            .into_iter()
            .map(|entry| entry.unwrap().into_path())
            .filter(|path| path.is_file())
            .collect()
    }

    #[test]
    fn an_object_is_there_whole_or_not_at_all_and_once() {
        let base = tempfile::tempdir().unwrap();
        let (folder, unfinished) = (base.path().join("inbox"), base.path().join("receiving"));
        let inbox = Inbox::open(&folder, &unfinished).unwrap();
        let send = || {
            let mut incoming = inbox.begin("1.2", "1.2.3", "1.2.840.10008.1.2").unwrap();
            incoming.write(b"data set").unwrap();
            assert_eq!(incoming.data_set_len(), 8);
            incoming
        };
        drop(send());
        assert!(files(&folder).is_empty());
        assert!(send().commit().unwrap().1);
        assert!(!send().commit().unwrap().1);
        let stored = files(&folder);
        assert_eq!(stored.len(), 1);
        let mode = std::fs::metadata(&stored[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(files(&unfinished), [unfinished.join(LOCK)]);
        assert!(matches!(
            Inbox::open(&folder, &unfinished),
            Err(ReceiveError::Busy)
        ));
        drop(inbox);
        std::fs::write(unfinished.join("7.part"), b"left by a kill").unwrap();
        Inbox::open(&folder, &unfinished).unwrap();
        assert_eq!(files(&unfinished), [unfinished.join(LOCK)]);
    }
}
