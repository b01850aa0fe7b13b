//! Which series go into which shard, decided before a byte is written.

use std::collections::BTreeMap;

/// A series that wants a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesToPack {
    /// The pseudonym of the patient.
    pub patient: String,
    /// The released Series Instance UID.
    pub series: String,
    /// Where the patient stands in a keyed order, which tells nothing of admission, site or label.
    pub order: [u8; 32],
    /// The bytes it is expected to take as tar. Only the balance depends on them.
    pub bytes: u64,
}

/// How large shards may become, in bytes of uncompressed tar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardLimits {
    /// A shard is closed before it grows beyond this.
    pub target: u64,
    /// Only a patient of more than this is cut into several shards.
    pub maximum: u64,
}

impl Default for ShardLimits {
    fn default() -> Self {
        Self {
            target: 512 << 20,
            maximum: 2 << 30,
        }
    }
}

/// The series of one shard, as numbers into what was given to [`plan_shards`].
pub type PlannedShard = Vec<usize>;

/// Fills shards with patients in their keyed order, a patient's series in the order of their UIDs.
///
/// A series is never split. A patient lies in one shard, unless larger than the maximum: then in shards
/// of his own. The order in which series are given does not matter.
#[must_use]
pub fn plan_shards(series: &[SeriesToPack], limits: ShardLimits) -> Vec<PlannedShard> {
    let mut patients: BTreeMap<(&[u8; 32], &str), Vec<usize>> = BTreeMap::new();
    for (number, one) in series.iter().enumerate() {
        let key = (&one.order, one.patient.as_str());
        patients.entry(key).or_default().push(number);
    }
    let mut plan = Filling {
        series,
        limits,
        done: Vec::new(),
        open: Vec::new(),
        open_bytes: 0,
    };
    for mut numbers in patients.into_values() {
        numbers.sort_by(|a, b| series[*a].series.cmp(&series[*b].series));
        plan.patient(&numbers);
    }
    plan.close();
    plan.done
}

struct Filling<'a> {
    series: &'a [SeriesToPack],
    limits: ShardLimits,
    done: Vec<PlannedShard>,
    open: PlannedShard,
    open_bytes: u64,
}

impl Filling<'_> {
    fn patient(&mut self, numbers: &[usize]) {
        let bytes = |number: &usize| self.series[*number].bytes;
        let total = numbers.iter().map(bytes).fold(0, u64::saturating_add);
        if self.open_bytes.saturating_add(total) > self.limits.target {
            self.close();
        }
        let alone = total > self.limits.maximum;
        for number in numbers {
            let bytes = self.series[*number].bytes;
            if alone && self.open_bytes.saturating_add(bytes) > self.limits.target {
                self.close();
            }
            self.open.push(*number);
            self.open_bytes = self.open_bytes.saturating_add(bytes);
        }
        if alone {
            self.close();
        }
    }

    fn close(&mut self) {
        self.open_bytes = 0;
        if !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::Digest;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn series(patient: usize, number: usize, bytes: u64) -> SeriesToPack {
        let patient = format!("P{patient}");
        SeriesToPack {
            order: *Digest::of(patient.as_bytes()).as_bytes(),
            series: format!("{patient}.{number}"),
            patient,
            bytes,
        }
    }

    fn named(plan: &[PlannedShard], given: &[SeriesToPack]) -> Vec<Vec<String>> {
        let name = |number: &usize| given[*number].series.clone();
        plan.iter()
            .map(|shard| shard.iter().map(name).collect())
            .collect()
    }

    const LIMITS: ShardLimits = ShardLimits {
        target: 100,
        maximum: 400,
    };

    proptest! {
        #[test]
        fn the_laws_of_the_plan_hold(sizes in proptest::collection::vec((0_usize..12, 1_u64..180), 1..60), turn in 0_usize..60) {
            let mut given: Vec<_> = sizes.iter().enumerate().map(|(number, (patient, bytes))| series(*patient, number, *bytes)).collect();
            let plan = plan_shards(&given, LIMITS);
            let seen: Vec<_> = plan.iter().flatten().copied().collect();
            let distinct: BTreeSet<_> = seen.iter().collect();
            prop_assert_eq!((seen.len(), distinct.len()), (given.len(), given.len()));
            for shard in &plan {
                let patients: BTreeSet<_> = shard.iter().map(|number| &given[*number].patient).collect();
                let bytes: u64 = shard.iter().map(|number| given[*number].bytes).sum();
                prop_assert!(bytes <= LIMITS.target || patients.len() == 1);
                prop_assert!(bytes <= LIMITS.maximum || shard.len() == 1);
            }
            for patient in 0..12 {
                let name = format!("P{patient}");
                let total: u64 = given.iter().filter(|one| one.patient == name).map(|one| one.bytes).sum();
                let shards = plan.iter().filter(|shard| shard.iter().any(|number| given[*number].patient == name)).count();
                prop_assert!(total > LIMITS.maximum || shards <= 1);
            }
            let before = named(&plan, &given);
            let by = turn % given.len();
            given.rotate_left(by);
            prop_assert_eq!(before, named(&plan_shards(&given, LIMITS), &given));
        }
    }

    #[test]
    fn nothing_makes_no_shard() {
        assert!(plan_shards(&[], ShardLimits::default()).is_empty());
    }
}
