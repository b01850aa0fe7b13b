//! The engine: joins the rooms, holds threads, clock, files and resume, and owns no rule.

mod failure;
mod files;
mod ordered;
pub mod progress;
pub mod site;

pub use failure::{Failure, FailureKind};
pub use progress::Progress;
pub use site::Site;
