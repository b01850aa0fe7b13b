//! Exit codes, and how a failure is told.

use cloakroom_pipeline::{Failure, FailureKind, Verdict};
use std::process::ExitCode;

/// The exit codes of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Done, and something needs a person.
    NeedsPerson = 1,
    /// The command was called wrongly; clap uses the same code.
    WrongUse = 2,
    /// A check failed.
    CheckFailed = 3,
    /// The work could not be done.
    CouldNotRun = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Done => Self::Done,
            Verdict::NeedsPerson => Self::NeedsPerson,
            Verdict::CheckFailed => Self::CheckFailed,
        }
    }
}

/// Tells a failure on standard error, with the file named: this is the user's own screen.
pub(crate) fn report(failure: &Failure, json: bool) -> Exit {
    eprintln!("cloakroom: {}", failure.officer_text());
    if json {
        println!("{}", serde_json::json!({ "error": failure.to_string() }));
    }
    match failure.kind() {
        FailureKind::WrongUse => Exit::WrongUse,
        FailureKind::CheckFailed => Exit::CheckFailed,
        FailureKind::CouldNotRun => Exit::CouldNotRun,
    }
}
