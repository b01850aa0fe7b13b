//! How the receiver is to work, and what it tells while it does.

use crate::error::ReceiveError;
use cloakroom_core::Phi;
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Which peers may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callers {
    /// Every AE title.
    Any,
    /// These calling AE titles and no other.
    Only(BTreeSet<String>),
}

/// How much one peer, and all of them, may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveLimits {
    /// Associations at one time; further ones are asked to come again.
    pub associations: usize,
    /// Bytes of one object.
    pub object_bytes: u64,
    /// How long a peer may take for its association request.
    pub request_time: Duration,
    /// How long a peer may be silent.
    pub idle_time: Duration,
    /// How long a transfer may go on after the receiver was asked to stop.
    pub grace_time: Duration,
}

impl Default for ReceiveLimits {
    /// 16 associations, 64 GiB an object, 30 s for a request, 60 s of silence, 30 s of grace.
    fn default() -> Self {
        Self {
            associations: 16,
            object_bytes: 64 << 30,
            request_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(60),
            grace_time: Duration::from_secs(30),
        }
    }
}

/// How the receiver is to work.
#[derive(Debug, Clone)]
pub struct ReceiveSettings {
    /// The AE title that peers call.
    pub ae_title: String,
    /// The address to listen on.
    pub address: IpAddr,
    /// The port; 0 takes any that is free.
    pub port: u16,
    /// Which peers may send.
    pub callers: Callers,
    /// The folder for what was received, made if it is missing, for its owner only.
    pub inbox: PathBuf,
    /// The folder for what is being received: on the same file system, outside of the inbox, used by nothing else.
    pub unfinished: PathBuf,
    /// Limits.
    pub limits: ReceiveLimits,
}

impl ReceiveSettings {
    /// Settings for all addresses of the machine, with the default limits, and with a folder beside the inbox
    /// for what is being received.
    #[must_use]
    pub fn new(ae_title: &str, port: u16, callers: Callers, inbox: PathBuf) -> Self {
        let unfinished = inbox.with_file_name("receiving");
        Self {
            ae_title: ae_title.to_owned(),
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port,
            callers,
            inbox,
            unfinished,
            limits: ReceiveLimits::default(),
        }
    }

    /// AE titles (PS3.5 section 6.2) that no peer could ever match are a mistake worth naming; and what is
    /// half received may not lie where `ingest` looks.
    pub(crate) fn check(&self) -> Result<(), ReceiveError> {
        if self.unfinished.starts_with(&self.inbox) || self.inbox.starts_with(&self.unfinished) {
            return Err(ReceiveError::FoldersOverlap);
        }
        let listed = match &self.callers {
            Callers::Any => None,
            Callers::Only(titles) => Some(titles.iter()),
        };
        let mut titles = listed.into_iter().flatten().chain([&self.ae_title]);
        if titles.all(|title| is_ae_title(title)) {
            Ok(())
        } else {
            Err(ReceiveError::NotAnAeTitle)
        }
    }
}

fn is_ae_title(title: &str) -> bool {
    let allowed = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'\\';
    title == title.trim() && (1..=16).contains(&title.len()) && title.bytes().all(allowed)
}

/// Who is at the other end.
#[derive(Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Its calling AE title; empty before it has said it.
    pub calling: String,
}

/// Why an association was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Its calling AE title is not on the list.
    UnknownCaller,
    /// It called another AE title than ours.
    OtherTitle,
    /// As many associations as allowed are open.
    TooMany,
    /// It speaks another application context or protocol version.
    OtherProtocol,
    /// What it sent is no association request.
    NotDicom,
}

/// Why an object was not stored; the peer was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotStored {
    /// It has no data set, or its UIDs are not UIDs.
    NotUnderstood,
    /// It exceeds the limit on the size of an object.
    TooLarge,
    /// The inbox cannot be written: the disk may be full.
    DiskFailed,
}

/// How an association ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The peer released it.
    Released,
    /// The peer aborted it or went away. What was half sent is gone.
    Lost,
    /// The peer broke the protocol, or was silent too long.
    Aborted,
    /// The receiver was asked to stop.
    Stopped,
}

/// What happened. Peers are `Phi`: they name machines and houses.
#[derive(Debug, Clone)]
pub enum ReceiveEvent {
    /// The receiver listens.
    Listening(SocketAddr),
    /// An association was accepted.
    Opened(Phi<Peer>),
    /// An association was refused.
    Refused(Phi<Peer>, Refusal),
    /// An object of so many bytes is in the inbox; `new` unless the same bytes were there already.
    Stored {
        /// Bytes of the file.
        bytes: u64,
        /// Whether the inbox did not have it yet.
        new: bool,
    },
    /// An object was not stored.
    NotStored(NotStored),
    /// A peer asked whether we are there.
    Echoed,
    /// An association ended.
    Closed(Phi<Peer>, Ending),
}

/// Told of what happens, from many threads.
pub trait ReceiveProgress: Sync {
    /// Something happened.
    fn event(&self, event: &ReceiveEvent);
}

/// Progress that nobody looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl ReceiveProgress for Silent {
    fn event(&self, _: &ReceiveEvent) {}
}

/// What was received from start to stop. Counts only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ReceiveReport {
    /// Associations that were accepted.
    pub associations: u64,
    /// Associations that were refused.
    pub refused: u64,
    /// Associations that did not end by release.
    pub broken: u64,
    /// Objects that the inbox did not have before.
    pub stored: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Objects that the inbox had already, byte for byte.
    pub repeated: u64,
    /// Objects that could not be stored; their senders were told.
    pub not_stored: u64,
}
