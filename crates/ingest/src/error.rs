//! What can stop an ingest. A single bad file never does: that is an outcome, not an error.

use cloakroom_core::{Phi, QuarantineReason};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why an ingest, or a question to the catalogue, could not be answered.
///
/// The `Display` text holds no value and no path of the export; [`IngestError::officer_text`] names the place.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IngestError {
    /// SQLite refused; the code is SQLite's own.
    #[error("the catalogue could not be read or written ({code})")]
    Catalogue {
        /// The error code of SQLite, such as `DiskFull`.
        code: String,
    },
    /// The catalogue was written by a newer program.
    #[error("the catalogue has format {found}, and this program knows formats up to {known}")]
    CatalogueNewer {
        /// The format of the file.
        found: i64,
        /// The newest format that this program reads.
        known: i64,
    },
    /// A stored value is not one that this program writes.
    #[error("the catalogue holds a value that this program does not know")]
    CatalogueDamaged,
    /// An ingest was stopped before its end, so that what the catalogue holds is not yet all.
    #[error("the last ingest of this site has not ended")]
    CatalogueUnfinished,
    /// Another ingest is at work on the same catalogue.
    #[error("another ingest is running on this site")]
    Busy,
    /// An export that was named cannot be opened.
    #[error("an export could not be opened")]
    ExportUnavailable {
        /// Which.
        path: Phi<PathBuf>,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The site folder lies inside an export, which would then be written.
    #[error("the site folder lies inside an export, and an export is never written")]
    SiteInsideExport {
        /// Which export.
        path: Phi<PathBuf>,
    },
    /// An export lies inside the site folder.
    #[error("an export lies inside the site folder; exports and site state must be apart")]
    ExportInsideSite {
        /// Which export.
        path: Phi<PathBuf>,
    },
    /// One of the exports named lies inside another, so that its files would count twice.
    #[error(
        "two of the exports named overlap, so that files would count twice; name the outer one"
    )]
    ExportsOverlap {
        /// The inner one.
        path: Phi<PathBuf>,
    },
    /// The site folder could not be read or written.
    #[error("the site folder could not be read or written")]
    Site {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The caller asked to stop; what was done so far stays.
    #[error("the ingest was stopped; run it again to continue")]
    Stopped,
    /// The threads could not be started.
    #[error("the worker threads could not be started")]
    Threads,
    /// There is no stream of this number.
    #[error("the catalogue has no such stream")]
    NoSuchStream,
    /// The file is not what it was when it was ingested (outcome `changed-since-ingest`).
    #[error("a file has changed since it was ingested")]
    ChangedSinceIngest {
        /// Which.
        path: Phi<PathBuf>,
    },
    /// The file cannot be opened any more (outcome `unreadable`).
    #[error("a file could not be read")]
    Unreadable {
        /// Which.
        path: Phi<PathBuf>,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl IngestError {
    /// The text for the officer's own screen, which may name a file of the export.
    #[must_use]
    pub fn officer_text(&self) -> String {
        match self.place() {
            Some(path) => format!("{self}: {}", path.display()),
            None => self.to_string(),
        }
    }

    /// The reason with which a stream is quarantined that met this error; `None` where it is no fault of one stream.
    #[must_use]
    pub const fn quarantine_reason(&self) -> Option<QuarantineReason> {
        match self {
            Self::ChangedSinceIngest { .. } => Some(QuarantineReason::ChangedSinceIngest),
            Self::Unreadable { .. } => Some(QuarantineReason::Unreadable),
            _ => None,
        }
    }

    fn place(&self) -> Option<&Path> {
        match self {
            Self::ExportUnavailable { path, .. }
            | Self::SiteInsideExport { path }
            | Self::ExportInsideSite { path }
            | Self::ExportsOverlap { path }
            | Self::ChangedSinceIngest { path }
            | Self::Unreadable { path, .. } => Some(path.expose()),
            _ => None,
        }
    }

    pub(crate) fn site(source: io::Error) -> Self {
        Self::Site { source }
    }
}

impl From<rusqlite::Error> for IngestError {
    /// SQLite's own error may quote a path or a statement, so only its code is taken over.
    fn from(error: rusqlite::Error) -> Self {
        let code = match error {
            rusqlite::Error::SqliteFailure(failure, _) => format!("{:?}", failure.code),
            rusqlite::Error::QueryReturnedNoRows => "NoRows".into(),
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => return Self::CatalogueDamaged,
            _ => "Misuse".into(),
        };
        Self::Catalogue { code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_officer_is_told_the_path() {
        let error = IngestError::Unreadable {
            path: Phi::new("/export/ZHANG^SAN/IM1".into()),
            source: io::ErrorKind::PermissionDenied.into(),
        };
        assert!(error.officer_text().contains("ZHANG^SAN"));
        assert!(!error.to_string().contains("ZHANG"));
        assert!(!format!("{error:?}").contains("ZHANG"));
    }
}
