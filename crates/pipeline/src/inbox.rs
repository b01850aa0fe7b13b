//! `receive`: from the PACS into the site's inbox, until somebody says stop.

use crate::verdict::{Report, Verdict};
use crate::{Failure, Site};
use cloakroom_receive::{Callers, ReceiveReport, ReceiveSettings, serve};
pub use cloakroom_receive::{ReceiveEvent, ReceiveProgress};
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What `receive` is asked for.
pub struct ReceiveRequest {
    /// Our own application entity title.
    pub aet: String,
    /// Where to listen.
    pub address: SocketAddr,
    /// Which calling titles may send.
    pub allowed: Vec<String>,
    /// How many associations at once.
    pub associations: usize,
}

/// What was received.
#[derive(Debug, Serialize)]
pub struct InboxReport {
    /// The inbox, to be ingested next.
    pub inbox: PathBuf,
    /// Counts.
    #[serde(flatten)]
    pub received: ReceiveReport,
}

impl Report for InboxReport {
    fn verdict(&self) -> Verdict {
        if self.received.not_stored > 0 {
            Verdict::NeedsPerson
        } else {
            Verdict::Done
        }
    }
}

/// Receives until the process is asked to stop (interrupt or terminate).
///
/// # Errors
/// If nobody may send, a title is none, the port cannot be opened, or the inbox cannot be written.
pub fn receive(
    site: &Site,
    request: &ReceiveRequest,
    told: &dyn ReceiveProgress,
) -> Result<InboxReport, Failure> {
    if request.allowed.is_empty() {
        return Err(Failure::wrong_use("nobody may send")
            .advise("name the calling titles that may, with --allow"));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).map_err(|error| {
        Failure::could_not_run(format!("the signal to stop cannot be heard: {error}"))
    })?;
    let callers = Callers::Only(request.allowed.iter().cloned().collect());
    let mut settings =
        ReceiveSettings::new(&request.aet, request.address.port(), callers, site.inbox());
    settings.address = request.address.ip();
    settings.limits.associations = request.associations.max(1);
    let received =
        serve(&settings, &stop, told).map_err(|error| Failure::could_not_run(error.to_string()))?;
    Ok(InboxReport {
        inbox: site.inbox(),
        received,
    })
}
