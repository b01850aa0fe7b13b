//! How a command ended.

use serde::Serialize;

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing is left to do.
    Done,
    /// Something waits for a person.
    NeedsPerson,
    /// A check failed.
    CheckFailed,
}

/// What a command answers.
pub trait Report: Serialize {
    /// How the command ended.
    fn verdict(&self) -> Verdict;
}
