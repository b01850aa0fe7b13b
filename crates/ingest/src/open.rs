//! Opening files of an export for reading, and nothing else.
//!
//! The kernel is asked to resolve the path below the folder of the export without following any link,
//! so that a folder swapped for a link between listing and reading leads nowhere. A file that became
//! a pipe or a device does not block, and is refused.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What tells whether a file is still the one that was listed: size in bytes and time of the last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    pub(crate) modified_ns: i64,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            modified_ns: metadata
                .mtime()
                .saturating_mul(1_000_000_000)
                .saturating_add(metadata.mtime_nsec()),
        }
    }
}

/// Opens the files below one folder.
pub(crate) struct Opener {
    root: OwnedFd,
    keeps_access_time: AtomicBool,
    resolves_beneath: AtomicBool,
}

impl Opener {
    /// # Errors
    /// If the folder cannot be opened.
    pub(crate) fn new(root: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self {
            root: rustix::fs::open(root, flags, Mode::empty())?,
            keeps_access_time: AtomicBool::new(true),
            resolves_beneath: AtomicBool::new(cfg!(target_os = "linux")),
        })
    }

    /// Opens a regular file by its path below the folder.
    ///
    /// # Errors
    /// If it is gone, may not be read, is reached through a link, or is not a regular file.
    pub(crate) fn open(&self, relative: &[u8]) -> io::Result<(File, Stamp)> {
        let file =
            File::from(self.open_without_access_time(Path::new(OsStr::from_bytes(relative)))?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let stamp = Stamp::of(&metadata);
        Ok((file, stamp))
    }

    /// Reading leaves even the access time as it was, where the system allows it: owners and root only.
    fn open_without_access_time(&self, path: &Path) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
        #[cfg(target_os = "linux")]
        if self.keeps_access_time.load(Ordering::Relaxed) {
            match self.open_beneath(path, flags | OFlags::NOATIME) {
                Err(Errno::PERM) => self.keeps_access_time.store(false, Ordering::Relaxed),
                other => return Ok(other?),
            }
        }
        Ok(self.open_beneath(path, flags)?)
    }

    fn open_beneath(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        #[cfg(target_os = "linux")]
        if self.resolves_beneath.load(Ordering::Relaxed) {
            use rustix::fs::ResolveFlags;
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            match rustix::fs::openat2(&self.root, path, flags, Mode::empty(), resolve) {
                // Kernels before 5.6, and some sandboxes, do not know the call.
                Err(Errno::NOSYS | Errno::PERM) if !flags.contains(OFlags::NOATIME) => {
                    self.resolves_beneath.store(false, Ordering::Relaxed);
                }
                Err(Errno::NOSYS) => self.resolves_beneath.store(false, Ordering::Relaxed),
                other => return other,
            }
        }
        self.open_step_by_step(path, flags)
    }

    /// The same without the kernel's help: every folder on the way is opened and may not be a link.
    fn open_step_by_step(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let folder_flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut steps = path.components().peekable();
        let mut folder: Option<OwnedFd> = None;
        while let Some(step) = steps.next() {
            let std::path::Component::Normal(name) = step else {
                return Err(Errno::XDEV);
            };
            let at = folder.as_ref().unwrap_or(&self.root);
            if steps.peek().is_none() {
                return rustix::fs::openat(at, name, flags, Mode::empty());
            }
            folder = Some(rustix::fs::openat(at, name, folder_flags, Mode::empty())?);
        }
        Err(Errno::NOENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_and_parents_lead_nowhere_with_and_without_the_kernels_help() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("export");
        std::fs::create_dir_all(inside.join("a/b")).unwrap();
        std::fs::write(folder.path().join("secret"), b"s").unwrap();
        std::fs::write(inside.join("a/b/file"), b"four").unwrap();
        symlink(folder.path(), inside.join("out")).unwrap();
        symlink(inside.join("a"), inside.join("also-a")).unwrap();
        symlink(inside.join("a/b/file"), inside.join("link")).unwrap();
        for helped in [true, false] {
            let opener = Opener::new(&inside).unwrap();
            opener.resolves_beneath.store(helped, Ordering::Relaxed);
            let (_, stamp) = opener.open(b"a/b/file").unwrap();
            assert_eq!(stamp.size, 4);
            for path in [
                "../secret",
                "out/secret",
                "also-a/b/file",
                "link",
                "a/b",
                "",
                "a/../../secret",
            ] {
                assert!(opener.open(path.as_bytes()).is_err(), "{helped} {path}");
            }
        }
    }

    #[test]
    fn a_pipe_does_not_block() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::RUSR).unwrap();
        assert!(Opener::new(folder.path()).unwrap().open(b"pipe").is_err());
    }
}
