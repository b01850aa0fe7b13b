//! Which side a patient is on: balanced over strata, the same for the same seed, and for ever.

use super::duplicates::Groups;
use super::people::Person;
use crate::track::Split;
use cloakroom_core::{Digest, Hasher};
use std::collections::BTreeMap;

/// The name of the algorithm, for `release.json`. Another way of splitting gets another name.
pub(super) const ALGORITHM: &str = "stratified-greedy/2";

/// Puts every patient on a side. Whoever has a side keeps it.
///
/// Strata are gone through in order, patients of a stratum in the order of a digest of seed and
/// pseudonym; each goes where the stratum and the whole together lack most. Only whole numbers are used.
pub(super) fn assign(
    split: &Split,
    people: &BTreeMap<String, Person>,
    before: &BTreeMap<String, String>,
    groups: &Groups,
) -> BTreeMap<String, String> {
    let held_out = |patient: &String| {
        let site = split.held_out_site.as_ref();
        site.is_some_and(|site| {
            people
                .get(patient)
                .is_some_and(|person| site.as_str() == person.site)
        })
    };
    // Where one of a group has a side, or must be on the test side, the others go there; else the first leads.
    let mut leaders: BTreeMap<&String, &String> = BTreeMap::new();
    let mut drawn: BTreeMap<&String, String> = BTreeMap::new();
    for group in groups.values() {
        let Some(first) = group.iter().find(|patient| people.contains_key(*patient)) else {
            continue;
        };
        let side = group
            .iter()
            .find_map(|patient| before.get(patient).cloned())
            .or_else(|| group.iter().any(held_out).then(|| "test".into()));
        for patient in group {
            leaders.insert(patient, first);
            if let Some(side) = &side {
                drawn.insert(patient, side.clone());
            }
        }
    }
    let shares = split.shares();
    let mut sides = BTreeMap::new();
    let mut whole = Filled::default();
    let mut strata: BTreeMap<String, (Filled, Vec<&String>)> = BTreeMap::new();
    for (patient, person) in people {
        let stratum = strata.entry(person.values(&split.strata)).or_default();
        match before.get(patient).or_else(|| drawn.get(patient)) {
            Some(side) => {
                stratum.0.add(side);
                whole.add(side);
                sides.insert(patient.clone(), side.clone());
            }
            // The held-out hospital stands beside the split and does not count in its balance.
            None if held_out(patient) => {
                sides.insert(patient.clone(), "test".into());
            }
            // Whoever follows a leader goes where the leader goes.
            None if leaders
                .get(patient)
                .is_some_and(|leader| *leader != patient) => {}
            None => stratum.1.push(patient),
        }
    }
    for (mut filled, mut waiting) in strata.into_values() {
        waiting.sort_by_key(|patient| order(&split.seed, "side", patient));
        for patient in waiting {
            let lack =
                |(side, share): &(&str, u32)| filled.lack(side, *share) + whole.lack(side, *share);
            let mut best = shares.first();
            for share in &shares {
                if best.is_some_and(|best| lack(share) > lack(best)) {
                    best = Some(share);
                }
            }
            if let Some((side, _)) = best {
                filled.add(side);
                whole.add(side);
                sides.insert(patient.clone(), (*side).into());
            }
        }
    }
    for (patient, leader) in leaders {
        if let Some(side) = sides.get(leader).cloned() {
            sides.entry(patient.clone()).or_insert(side);
        }
    }
    sides.retain(|patient, _| people.contains_key(patient));
    sides
}

/// A place in an order that tells nothing: the digest of seed, purpose and pseudonym.
pub(super) fn order(seed: &str, purpose: &str, patient: &str) -> Digest {
    let mut hasher = Hasher::new();
    for part in [seed, purpose, patient] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finish()
}

#[derive(Default)]
struct Filled {
    total: i64,
    sides: BTreeMap<String, i64>,
}

impl Filled {
    fn add(&mut self, side: &str) {
        self.total += 1;
        *self.sides.entry(side.into()).or_default() += 1;
    }

    /// How far a side stays behind its share, in thousandths of a patient.
    fn lack(&self, side: &str, share: u32) -> i64 {
        i64::from(share) * (self.total + 1)
            - 1000 * self.sides.get(side).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::Trait;
    use proptest::prelude::*;

    fn split(held_out: Option<&str>) -> Split {
        Split {
            train: 0.7,
            val: 0.1,
            test: 0.2,
            seed: "seed".into(),
            strata: vec![Trait::Site],
            held_out_site: held_out.map(|site| site.parse().unwrap()),
            duplicates: crate::track::Duplicates::Together,
        }
    }

    fn people(sites: &[usize]) -> BTreeMap<String, Person> {
        let person = |(number, site): (usize, &usize)| {
            let person = Person {
                site: format!("GX{site}"),
                ..Person::default()
            };
            (format!("P{number}"), person)
        };
        sites.iter().enumerate().map(person).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn shares_are_met_and_later_patients_move_nobody(sites in proptest::collection::vec(0_usize..4, 1..300), first in 0_usize..300) {
            let all = people(&sites);
            let sides = assign(&split(None), &all, &BTreeMap::new(), &Groups::new());
            prop_assert_eq!(sides.len(), all.len());
            for (side, share) in split(None).shares() {
                let count = sides.values().filter(|found| *found == side).count() as i64;
                let wanted = i64::from(share) * all.len() as i64;
                prop_assert!((count * 1000 - wanted).abs() <= 2500, "{} has {} of {}", side, count, all.len());
            }
            let early = people(&sites[..first.min(sites.len())]);
            let before = assign(&split(None), &early, &BTreeMap::new(), &Groups::new());
            let after = assign(&split(None), &all, &before, &Groups::new());
            for (patient, side) in &before {
                prop_assert_eq!(&after[patient], side);
            }
        }
    }

    #[test]
    fn patients_with_the_same_images_are_on_one_side_and_nobody_moves() {
        let all = people(&[0; 200]);
        let names: Vec<&String> = all.keys().collect();
        let groups: Groups = names
            .chunks(4)
            .map(|four| {
                (
                    four[0].clone(),
                    four.iter().map(|name| (*name).clone()).collect(),
                )
            })
            .collect();
        let sides = assign(&split(None), &all, &BTreeMap::new(), &groups);
        assert_eq!(sides.len(), all.len());
        for four in names.chunks(4) {
            assert!(four.iter().all(|name| sides[*name] == sides[four[0]]));
        }
        for (side, share) in split(None).shares() {
            let count = sides.values().filter(|found| *found == side).count();
            assert!(count.abs_diff(share as usize / 5) <= 12, "{side} {count}");
        }
        // One of a group was released before: the others follow, and that one stays.
        let last = names[3].clone();
        let before = BTreeMap::from([(last.clone(), "val".to_owned())]);
        let sides = assign(&split(None), &all, &before, &groups);
        assert!(names[..4].iter().all(|name| sides[*name] == "val"));
    }

    #[test]
    fn strata_are_balanced_and_a_site_can_be_held_out() {
        let sites: Vec<_> = (0..400).map(|number| number % 4).collect();
        let all = people(&sites);
        let sides = assign(&split(Some("GX3")), &all, &BTreeMap::new(), &Groups::new());
        for site in 0..3 {
            let of_site = all
                .iter()
                .filter(|(_, person)| person.site == format!("GX{site}"));
            let test = of_site
                .filter(|(patient, _)| sides[*patient] == "test")
                .count();
            assert!((19..=21).contains(&test), "{test}");
        }
        let held_out = all.iter().filter(|(_, person)| person.site == "GX3");
        assert!(
            held_out
                .into_iter()
                .all(|(patient, _)| sides[patient] == "test")
        );
        let mut other = split(Some("GX3"));
        other.seed = "another".into();
        assert_ne!(
            sides,
            assign(&other, &all, &BTreeMap::new(), &Groups::new())
        );
    }
}
