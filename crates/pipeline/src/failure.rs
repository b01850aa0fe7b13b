//! Why a command could not do its work: one text for logs, one for the officer's screen.

use cloakroom_core::Phi;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What kind of failure, and so which exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The command was called wrongly, or a file that the user wrote is wrong.
    WrongUse,
    /// A check failed.
    CheckFailed,
    /// The machine did not let us: a disk, a permission, a missing file.
    CouldNotRun,
}

/// A failure of a whole command.
///
/// `Display` never holds a value or a path of an export and may be logged; [`Failure::officer_text`] may
/// name the file and belongs on the officer's screen only.
#[derive(Debug)]
pub struct Failure {
    kind: FailureKind,
    what: String,
    place: Option<Phi<PathBuf>>,
    detail: Option<Phi<String>>,
    advice: Option<String>,
}

impl Failure {
    /// The user asked for something that cannot be done. `what` holds no value of an export.
    pub fn wrong_use(what: impl Into<String>) -> Self {
        Self::new(FailureKind::WrongUse, what)
    }

    /// A check failed. `what` holds no value of an export.
    pub fn check_failed(what: impl Into<String>) -> Self {
        Self::new(FailureKind::CheckFailed, what)
    }

    /// The machine did not let us. `what` holds no value of an export.
    pub fn could_not_run(what: impl Into<String>) -> Self {
        Self::new(FailureKind::CouldNotRun, what)
    }

    /// An operation on a file failed.
    pub fn io(what: &str, path: &Path, error: &io::Error) -> Self {
        let failure = Self::could_not_run(format!("{what}: {error}")).at(path);
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => failure.advise(
                "make room on the disk and run the same command again; it goes on where it stopped",
            ),
            io::ErrorKind::PermissionDenied => {
                failure.advise("check who owns the file and who runs the command")
            }
            _ => failure,
        }
    }

    fn new(kind: FailureKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            place: None,
            detail: None,
            advice: None,
        }
    }

    /// Names the file or folder, for the officer only.
    #[must_use]
    pub fn at(mut self, path: &Path) -> Self {
        self.place = Some(Phi::new(path.to_path_buf()));
        self
    }

    /// Adds a text that may hold what the user wrote, for the officer only.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(Phi::new(detail.into()));
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// What kind of failure.
    pub const fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The whole text, which may name a file: for the officer's screen, never for a log.
    pub fn officer_text(&self) -> String {
        let mut text = self.what.clone();
        if let Some(place) = &self.place {
            text.push_str(&format!("\n  where: {}", place.expose().display()));
        }
        if let Some(detail) = &self.detail {
            text.push_str(&format!("\n  {}", detail.expose().replace('\n', "\n  ")));
        }
        if let Some(advice) = &self.advice {
            text.push_str(&format!("\n  what to do: {advice}"));
        }
        text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}
