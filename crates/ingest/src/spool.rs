//! The spool: members of archives, unpacked once, inside the site folder.
//!
//! A member lies under the digest of its bytes (`ab/abcdef…`), never under a name from the archive.
//! Only the owner may read it.

use cloakroom_core::{Digest, Hasher};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const UNFINISHED: &str = "unfinished";

/// A folder of unpacked members.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    root: PathBuf,
}

impl Spool {
    /// Opens or makes the spool, and clears away what an earlier run left unfinished.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        private_folder(root)?;
        let unfinished = root.join(UNFINISHED);
        private_folder(&unfinished)?;
        for entry in std::fs::read_dir(&unfinished)? {
            std::fs::remove_file(entry?.path())?;
        }
        Ok(Self { root: root.into() })
    }

    /// Where the bytes of a digest lie.
    pub(crate) fn place(&self, digest: &Digest) -> PathBuf {
        place(&self.root, digest)
    }

    /// Starts a new member.
    pub(crate) fn begin(&self) -> io::Result<SpoolWriter<'_>> {
        // One ingest at a time works on a site, and it unpacks one member at a time.
        let path = self.root.join(UNFINISHED).join("member");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        Ok(SpoolWriter {
            spool: self,
            path,
            file,
            hasher: Hasher::new(),
            committed: false,
        })
    }

    /// Takes away what turned out not to be needed.
    pub(crate) fn remove(&self, digest: &Digest) -> io::Result<()> {
        match std::fs::remove_file(self.place(digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits until everything in the spool is on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let folder = File::open(&self.root)?;
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(&folder)?;
        #[cfg(not(target_os = "linux"))]
        folder.sync_all()?;
        Ok(())
    }

    /// Every digest that lies in the spool.
    pub(crate) fn digests(&self) -> io::Result<Vec<Digest>> {
        let mut digests = Vec::new();
        for folder in std::fs::read_dir(&self.root)? {
            let folder = folder?;
            if folder.file_name() == UNFINISHED || !folder.file_type()?.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(folder.path())? {
                if let Some(digest) = file?
                    .file_name()
                    .to_str()
                    .and_then(|name| name.parse().ok())
                {
                    digests.push(digest);
                }
            }
        }
        Ok(digests)
    }
}

/// Where the bytes of a digest lie below a spool.
pub(crate) fn place(root: &Path, digest: &Digest) -> PathBuf {
    let name = digest.to_string();
    root.join(&name[..2]).join(name)
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A member on its way into the spool; dropped without [`SpoolWriter::commit`], it leaves nothing.
pub(crate) struct SpoolWriter<'a> {
    spool: &'a Spool,
    path: PathBuf,
    file: File,
    hasher: Hasher,
    committed: bool,
}

impl SpoolWriter<'_> {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.file.write_all(bytes)
    }

    /// Gives the member its final name.
    pub(crate) fn commit(mut self) -> io::Result<Digest> {
        let digest = std::mem::take(&mut self.hasher).finish();
        let place = self.spool.place(&digest);
        if let Some(folder) = place.parent() {
            private_folder(folder)?;
        }
        std::fs::rename(&self.path, &place)?;
        self.committed = true;
        Ok(digest)
    }
}

impl Drop for SpoolWriter<'_> {
    fn drop(&mut self) {
        if !self.committed {
            // What cannot be removed now is removed when the spool is opened again.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn members_lie_under_their_digest_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&folder.path().join("spool")).unwrap();
        let mut writer = spool.begin().unwrap();
        writer.write(b"ab").unwrap();
        writer.write(b"c").unwrap();
        let digest = writer.commit().unwrap();
        assert_eq!(digest, Digest::of(b"abc"));
        let place = spool.place(&digest);
        assert_eq!(std::fs::read(&place).unwrap(), b"abc");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&place), 0o600);
        assert_eq!(mode(place.parent().unwrap()), 0o700);
        assert_eq!(spool.digests().unwrap(), [digest]);
        spool.remove(&digest).unwrap();
        spool.remove(&digest).unwrap();
        assert!(spool.digests().unwrap().is_empty());
    }

    #[test]
    fn an_abandoned_member_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        spool.begin().unwrap().write(b"x").unwrap();
        assert!(spool.digests().unwrap().is_empty());
        std::fs::write(folder.path().join(UNFINISHED).join("left"), b"x").unwrap();
        Spool::open(folder.path()).unwrap();
        assert_eq!(
            std::fs::read_dir(folder.path().join(UNFINISHED))
                .unwrap()
                .count(),
            0
        );
    }
}
