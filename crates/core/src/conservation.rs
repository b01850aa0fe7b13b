//! Nothing is lost: the equation that every site, bundle and release must satisfy.

use crate::outcome::Outcome;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use serde::{Deserialize, Serialize};

/// A count of byte streams and the sum of their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tally {
    /// Byte streams.
    pub count: u64,
    /// Bytes, as they stood in the export.
    pub bytes: u64,
}

impl Tally {
    /// Adds one stream.
    pub fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

impl core::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
    }
}

/// Found = the sum over all outcomes, by count and by bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conservation {
    /// What was found.
    pub found: Tally,
    /// How it ended, by outcome (`cleared`, `held`, …; see [`Outcome::kind`]).
    pub outcomes: BTreeMap<String, Tally>,
    /// The same by outcome and reason (`held: known-value-found`).
    pub reasons: BTreeMap<String, Tally>,
}

impl Conservation {
    /// Counts one stream as found and as ended.
    pub fn add(&mut self, outcome: Outcome, bytes: u64) {
        self.found.add(bytes);
        self.outcomes
            .entry(outcome.kind().into())
            .or_default()
            .add(bytes);
        self.reasons
            .entry(outcome.to_string())
            .or_default()
            .add(bytes);
    }

    /// Whether the equation holds: what was found is what ended, by count and by bytes, in both tables.
    #[must_use]
    pub fn holds(&self) -> bool {
        let sum = |table: &BTreeMap<String, Tally>| {
            let mut sum = Tally::default();
            table.values().for_each(|tally| sum += *tally);
            sum
        };
        sum(&self.outcomes) == self.found && sum(&self.reasons) == self.found
    }

    /// How many streams ended in an outcome of this kind.
    #[must_use]
    pub fn of(&self, kind: &str) -> Tally {
        self.outcomes.get(kind).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::HoldReason;

    #[test]
    fn a_lost_stream_breaks_the_equation() {
        let mut counted = Conservation::default();
        counted.add(Outcome::Cleared, 10);
        counted.add(Outcome::Held(HoldReason::KnownValueFound), 7);
        assert!(counted.holds());
        assert_eq!(counted.of("held"), Tally { count: 1, bytes: 7 });
        counted.found.add(1);
        assert!(!counted.holds());
    }
}
