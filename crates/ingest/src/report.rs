//! What an ingest did.

use cloakroom_core::{Conservation, Tally};
use serde::Serialize;

/// What an ingest found, over the whole catalogue and in this run. Counts only; nothing of it is PHI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IngestReport {
    /// The number of the run.
    pub run: i64,
    /// Every byte stream of the catalogue.
    pub found: Tally,
    /// Instances that may go on to de-identification.
    pub ready: Tally,
    /// Streams that ended at ingest, by outcome and reason.
    pub ended: Conservation,
    /// Streams that this run found first.
    pub new: Tally,
    /// Streams that this run found changed, and read again.
    pub changed: u64,
    /// Streams of the catalogue that were gone when their export was last listed.
    pub vanished: u64,
    /// Patients with at least one instance.
    pub patients: u64,
    /// Studies with at least one instance.
    pub studies: u64,
    /// Series with at least one instance.
    pub series: u64,
    /// Streams that are instances, ready or not.
    pub instances: u64,
}
