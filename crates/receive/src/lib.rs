//! From the PACS: a Storage SCP that puts what it is sent into the site's inbox, as it is.
//!
//! [`serve`] listens for associations (PS3.8), answers C-ECHO and C-STORE (PS3.7), and writes each object as a
//! DICOM file under the digest of its bytes. An object counts as received only when it is on the disk under its
//! final name; only then is the peer told so. Nothing is changed, decoded or judged here: that is for `ingest`.
//!
//! **Invariants.** The inbox never holds a half-written object. No length that a peer states is allocated.
//! What a peer says of itself is `Phi` in every event and error.

mod association;
mod command;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod inbox;
mod negotiate;
mod serve;
mod settings;
mod wire;

pub use error::ReceiveError;
pub use serve::serve;
pub use settings::{
    Callers, Ending, NotStored, Peer, ReceiveEvent, ReceiveLimits, ReceiveProgress, ReceiveReport,
    ReceiveSettings, Refusal, Silent,
};
