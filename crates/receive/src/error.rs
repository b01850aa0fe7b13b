//! What stops the receiver as a whole. A bad peer never does.

use cloakroom_core::Phi;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use thiserror::Error;

/// Why the receiver cannot work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The address cannot be listened on.
    #[error("the port could not be opened")]
    Listen {
        /// Which address.
        address: Phi<SocketAddr>,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The inbox cannot be made or written.
    #[error("the inbox could not be written")]
    Inbox {
        /// Which folder.
        folder: Phi<PathBuf>,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another receiver writes into the same inbox.
    #[error("another receiver is running on this site")]
    Busy,
    /// The inbox and the folder for what is being received lie inside one another.
    #[error("the inbox and the folder for unfinished objects must lie apart")]
    FoldersOverlap,
    /// An AE title that is none.
    #[error("an AE title is 1 to 16 characters of ASCII, without backslash, and not only spaces")]
    NotAnAeTitle,
    /// Connections cannot be accepted any more.
    #[error("the network failed")]
    Network {
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl ReceiveError {
    /// The text for the officer's own screen, which may name a place.
    #[must_use]
    pub fn officer_text(&self) -> String {
        match self {
            Self::Listen { address, source } => format!("{self}: {}: {source}", address.expose()),
            Self::Inbox { folder, source } => {
                format!("{self}: {}: {source}", folder.expose().display())
            }
            other => other.to_string(),
        }
    }
}
