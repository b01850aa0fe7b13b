//! Streams of the catalogue, found again where they lie.

use crate::error::IngestError;
use crate::open::{Opener, Stamp};
use cloakroom_core::Phi;
use cloakroom_p10::{FileSource, Source};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of an export, open for reading.
pub(crate) struct ExportFile {
    file: File,
    stamp: Stamp,
}

impl ExportFile {
    pub(crate) const fn new(file: File, stamp: Stamp) -> Self {
        Self { file, stamp }
    }

    /// Whether the open file is still what it was when it was opened.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.file
            .metadata()
            .is_ok_and(|metadata| Stamp::of(&metadata) == self.stamp)
    }
}

impl Source for ExportFile {
    fn len(&self) -> u64 {
        self.stamp.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}

/// Where the bytes of one stream lie. It can be sent to another thread and opened there.
#[derive(Clone)]
pub struct Located {
    pub(crate) place: Place,
    pub(crate) size: u64,
    pub(crate) modified_ns: i64,
}

#[derive(Clone)]
pub(crate) enum Place {
    /// A file of an export: the folder of the export and the path below it.
    Export { folder: PathBuf, name: Vec<u8> },
    /// An unpacked member of an archive.
    Spool(PathBuf),
}

impl Located {
    /// Bytes of the stream as it was ingested.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Opens the stream for reading, if it is still what was ingested: the same size and time of change.
    ///
    /// # Errors
    /// [`IngestError::ChangedSinceIngest`] where it is not; [`IngestError::Unreadable`] where it cannot be opened,
    /// or is reached through a link now.
    pub fn open(&self) -> Result<Arc<dyn Source>, IngestError> {
        match &self.place {
            Place::Export { folder, name } => {
                let opened = Opener::new(folder).and_then(|opener| opener.open(name));
                let (file, stamp) = opened.map_err(|source| self.unreadable(source))?;
                if stamp != self.stamp() {
                    return Err(self.changed());
                }
                Ok(Arc::new(ExportFile::new(file, stamp)))
            }
            Place::Spool(path) => {
                let source = FileSource::open(path).map_err(|source| self.unreadable(source))?;
                if source.len() != self.size {
                    return Err(self.changed());
                }
                Ok(Arc::new(source))
            }
        }
    }

    /// Looks again whether the stream is still what was ingested; to be called when it has been read.
    ///
    /// # Errors
    /// As [`Located::open`].
    pub fn check(&self) -> Result<(), IngestError> {
        self.open().map(drop)
    }

    /// What tells this stream from others where its bytes cannot be read: its place below the export, size and time.
    #[must_use]
    pub fn identity(&self) -> Phi<Vec<u8>> {
        let mut identity = match &self.place {
            Place::Export { name, .. } => name.clone(),
            Place::Spool(path) => path.file_name().unwrap_or_default().as_bytes().to_vec(),
        };
        identity.extend_from_slice(&self.size.to_be_bytes());
        identity.extend_from_slice(&self.modified_ns.to_be_bytes());
        Phi::new(identity)
    }

    /// The error for a stream that could be opened and then not be read.
    pub fn unreadable(&self, source: io::Error) -> IngestError {
        IngestError::Unreadable {
            path: Phi::new(self.path()),
            source,
        }
    }

    const fn stamp(&self) -> Stamp {
        Stamp {
            size: self.size,
            modified_ns: self.modified_ns,
        }
    }

    fn path(&self) -> PathBuf {
        match &self.place {
            Place::Export { folder, name } => folder.join(Path::new(OsStr::from_bytes(name))),
            Place::Spool(path) => path.clone(),
        }
    }

    fn changed(&self) -> IngestError {
        IngestError::ChangedSinceIngest {
            path: Phi::new(self.path()),
        }
    }
}
