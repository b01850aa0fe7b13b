//! The engine: joins the rooms, holds threads, clock, files and resume, and owns no rule.

mod failure;
mod files;
mod ordered;
pub mod progress;
mod select;
pub mod site;
mod trust;
mod verdict;

pub use failure::{Failure, FailureKind};
pub use progress::Progress;
pub use select::Selection;
pub use site::Site;
pub use trust::Trusted;
pub use verdict::{Report, Verdict};
