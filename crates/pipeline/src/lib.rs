//! The engine: joins the rooms, holds threads, clock, files and resume, and owns no rule.
//!
//! Each command of the program is one function here, which takes settings that have been read and checked, and
//! returns a [`Report`]. Nothing here prints; long work tells a [`Progress`].

pub mod audit;
mod buffers;
pub mod catalogue;
pub mod clock;
pub mod crosswalk;
pub mod decisions;
pub mod delivery;
pub mod demo;
pub mod examine;
pub mod extract;
pub mod inbox;
pub mod init;
pub mod plan;
pub mod profiles;
pub mod progress;
pub mod release;
pub mod report;
pub mod review;
pub mod reviewers;
pub mod site;
pub mod travel;
pub mod verify;
pub mod withdraw;

mod evidence;
mod faces;
mod failure;
mod files;
mod models;
mod object;
mod ordered;
mod packing;
mod problems;
mod run_settings;
mod select;
mod state;
mod stream;
mod subjects;
mod survey;
mod trust;
mod unknown_words;
mod verdict;

pub use cloakroom_packager::Compression;
pub use failure::{Failure, FailureKind};
pub use progress::Progress;
pub use run_settings::RunSettings;
pub use select::Selection;
pub use site::Site;
pub use trust::Trusted;
pub use verdict::{Report, Verdict};
