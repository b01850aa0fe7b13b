//! All that lies in a package: shards, series, objects, and which hospital and side of the split a patient is on.

use crate::shard::ShardEntry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a patient belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PatientPlace {
    /// The hospital's pseudonymous name.
    pub site: String,
    /// `train`, `val` or `test`; empty in a bundle.
    pub split: String,
}

/// The index of a package. Tables are written from it and read back into it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Index {
    /// The shards, sorted by path.
    pub shards: Vec<ShardEntry>,
    /// The patients by pseudonym.
    pub patients: BTreeMap<String, PatientPlace>,
}

impl Index {
    /// The shard and block of a series.
    #[must_use]
    pub fn find_series(&self, series: &str) -> Option<(&ShardEntry, &crate::BlockEntry)> {
        self.shards.iter().find_map(|shard| {
            let block = shard.blocks.iter().find(|block| block.series == series)?;
            Some((shard, block))
        })
    }
}
