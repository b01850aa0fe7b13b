//! What can go wrong while packages are written and opened.

use cloakroom_core::Digest;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A failure of the packager. The texts name files of the package and pseudonyms, never a value of an export.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackError {
    /// A file could not be read, written, synchronised or renamed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes of a series could not be written to their sink.
    #[error("cannot write the block of a series: {0}")]
    Block(#[source] io::Error),
    /// A name that may not stand inside a package.
    #[error("{0:?} cannot be a name inside a package")]
    UnsafeName(String),
    /// An object is larger than a ustar member can be.
    #[error("an object of {0} bytes is larger than the 8 GiB that a ustar member can hold")]
    MemberTooLarge(u64),
    /// What was written is not what passed the gate.
    #[error("{member} was written with other bytes than those that passed the gate")]
    NotWhatWasCleared {
        /// The member.
        member: String,
    },
    /// Objects of one series must come in the order of their SOP Instance UIDs.
    #[error("the objects of a series must be appended in the order of their SOP Instance UIDs")]
    OutOfOrder,
    /// A block holds one series of one patient.
    #[error("a block holds the objects of one series of one patient only")]
    MixedSeries,
    /// A block without a member cannot be in a shard.
    #[error("a series without an object cannot be packed")]
    EmptySeries,
    /// The announced length of a block is not what was given.
    #[error("the bytes of the block of series {series} are not those that its entry announces")]
    BlockLength {
        /// The series.
        series: String,
    },
    /// The place is taken.
    #[error("{} exists already; packages are written once and never changed", .0.display())]
    Exists(PathBuf),
    /// Another run writes here.
    #[error("another run is writing {}", .0.display())]
    Busy(PathBuf),
    /// There is nothing to pack.
    #[error("there is no series to pack")]
    NothingToPack,
    /// The same series was added twice.
    #[error("series {0} was packed twice")]
    SeriesTwice(String),
    /// It is not a package, or one that this version cannot read.
    #[error("{} is not a package that this version can read: {why}", path.display())]
    NotAPackage {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// The package is damaged.
    #[error("{file} is not what the package says it is: {why}")]
    Damaged {
        /// The file, or shard and member.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// A series that is not in the package.
    #[error("series {0} is not in this package")]
    NoSuchSeries(String),
    /// A key could not be read or used.
    #[error("the signing key cannot be used: {0}")]
    Key(String),
    /// A table could not be written or read.
    #[error("the table {table} cannot be used: {why}")]
    Table {
        /// The table.
        table: String,
        /// What is wrong, by line and column.
        why: String,
    },
    /// A signature or digest differs from what was checked before.
    #[error("{file} changed after it was checked: expected {expected}")]
    ChangedAfterCheck {
        /// The file.
        file: String,
        /// The digest it had.
        expected: Digest,
    },
}

impl PackError {
    /// Wraps what the system said about a file.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn damaged(file: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Damaged {
            file: file.into(),
            why: why.into(),
        }
    }

    pub(crate) fn not_a_package(path: &Path, why: impl Into<String>) -> Self {
        Self::NotAPackage {
            path: path.into(),
            why: why.into(),
        }
    }
}
