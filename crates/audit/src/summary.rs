//! The summary of a run: the equation that says nothing was lost, and the head that the run began from.

use crate::decision::DecisionHead;
use crate::merkle::TreeHead;
use crate::record::ProfileReference;
use crate::words::{Token, parse_outcome};
use cloakroom_core::{Conservation, SiteName, StatedDate, Tally, TrackId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The last leaf of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSummary {
    /// The site.
    pub site: SiteName,
    /// The track.
    pub track: TrackId,
    /// The number of the delivery, from 1, one more than that of the run before.
    pub delivery: u32,
    /// The stated date of the run.
    pub date: StatedDate,
    /// The profile of the run.
    pub profile: ProfileReference,
    /// The version of the program.
    pub tool: Token,
    /// The head of the log before the first leaf of this run.
    pub previous: TreeHead,
    /// How many records the run added, this summary not counted.
    pub records: u64,
    /// What the run released.
    pub released: ReleasedCounts,
    /// The streams whose outcome this run decided.
    pub run: Equation,
    /// Every stream of the log, each by its latest outcome.
    pub total: Equation,
    /// The end of the chain of decisions that people had made; absent while there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions: Option<DecisionHead>,
}

/// How much a run released.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedCounts {
    /// Patients.
    pub patients: u64,
    /// Studies.
    pub studies: u64,
    /// Series.
    pub series: u64,
    /// Instances: as many as there are cleared records in the run.
    pub instances: u64,
    /// Bytes of all instances as written.
    pub bytes: u64,
}

/// A [`Conservation`] whose every key is on the closed list of outcomes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equation {
    /// What was found.
    pub found: Tally,
    /// How it ended, by outcome and reason.
    #[serde(deserialize_with = "closed_keys")]
    pub ended: BTreeMap<String, Tally>,
}

fn closed_keys<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Tally>, D::Error> {
    let table = BTreeMap::<String, Tally>::deserialize(deserializer)?;
    if table.keys().all(|key| parse_outcome(key).is_some()) {
        Ok(table)
    } else {
        Err(serde::de::Error::custom(
            "not an outcome of the closed list",
        ))
    }
}

impl Equation {
    /// Counts one stream as found and as ended.
    pub fn add(&mut self, outcome: cloakroom_core::Outcome, bytes: u64) {
        self.found.add(bytes);
        self.ended
            .entry(outcome.to_string())
            .or_default()
            .add(bytes);
    }

    /// Takes back a stream whose outcome is replaced; `false`, and nothing changed, where it was not counted.
    #[must_use]
    pub fn take(&mut self, outcome: cloakroom_core::Outcome, bytes: u64) -> bool {
        let key = outcome.to_string();
        let Some(ended) = self.ended.get(&key).copied() else {
            return false;
        };
        let (Some(left), Some(found)) = (less(ended, bytes), less(self.found, bytes)) else {
            return false;
        };
        self.found = found;
        if left.count == 0 {
            self.ended.remove(&key);
        } else {
            self.ended.insert(key, left);
        }
        true
    }

    /// Adds all of another equation.
    pub fn join(&mut self, other: &Self) {
        self.found += other.found;
        for (key, tally) in &other.ended {
            *self.ended.entry(key.clone()).or_default() += *tally;
        }
    }

    /// Whether what was found is what ended, by count and by bytes. Sums that do not fit 64 bits do not hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        let sum = self.ended.values().try_fold((0_u64, 0_u64), |sum, tally| {
            Some((
                sum.0.checked_add(tally.count)?,
                sum.1.checked_add(tally.bytes)?,
            ))
        });
        sum == Some((self.found.count, self.found.bytes))
    }

    /// The same as the core's table, with its sums by kind of outcome.
    #[must_use]
    pub fn to_conservation(&self) -> Conservation {
        let mut outcomes = BTreeMap::<String, Tally>::new();
        for (key, tally) in &self.ended {
            let kind = key.split(": ").next().unwrap_or_default();
            *outcomes.entry(kind.into()).or_default() += *tally;
        }
        Conservation {
            found: self.found,
            outcomes,
            reasons: self.ended.clone(),
        }
    }
}

fn less(tally: Tally, bytes: u64) -> Option<Tally> {
    Some(Tally {
        count: tally.count.checked_sub(1)?,
        bytes: tally.bytes.checked_sub(bytes)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::{HoldReason, Outcome};

    #[test]
    fn a_stream_that_was_held_and_is_cleared_counts_once() {
        let mut total = Equation::default();
        let held = Outcome::Held(HoldReason::FaceVisible);
        total.add(held, 10);
        total.add(Outcome::Cleared, 5);
        assert!(total.take(held, 10));
        total.add(Outcome::Cleared, 10);
        assert!(total.holds());
        assert!(total.to_conservation().holds());
        assert_eq!(
            total.found,
            Tally {
                count: 2,
                bytes: 15
            }
        );
        assert!(!total.take(held, 10));
    }

    #[test]
    fn keys_outside_the_closed_list_do_not_read() {
        let text = r#"{"found":{"count":1,"bytes":1},"ended":{"ZHANG^SAN":{"count":1,"bytes":1}}}"#;
        assert!(serde_json::from_str::<Equation>(text).is_err());
    }
}
