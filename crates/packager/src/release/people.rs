//! What is known of a patient besides the images: strata of the split and groups of the anonymity table.

use super::manifest::AnonymitySummary;
use super::select::SelectedSeries;
use crate::track::{Anonymity, Trait};
use cloakroom_core::{InstanceFacts, age_band};
use std::collections::{BTreeMap, BTreeSet};

/// A patient and what is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) site: String,
    pub(super) sex: String,
    pub(super) age_band: String,
    pub(super) manufacturer: String,
    pub(super) modalities: BTreeSet<String>,
    pub(super) year: String,
}

impl Person {
    /// The value of a trait; `-` where nothing is known.
    pub(super) fn value(&self, kind: Trait) -> String {
        let joined;
        let value = match kind {
            Trait::Site => &self.site,
            Trait::Sex => &self.sex,
            Trait::AgeBand => &self.age_band,
            Trait::Manufacturer => &self.manufacturer,
            Trait::Year => &self.year,
            Trait::Modality => {
                joined = self
                    .modalities
                    .iter()
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("+");
                &joined
            }
        };
        match value.as_str() {
            "" => "-".into(),
            value => value.into(),
        }
    }

    /// The values of several traits as one text.
    pub(super) fn values(&self, kinds: &[Trait]) -> String {
        let values: Vec<_> = kinds.iter().map(|kind| self.value(*kind)).collect();
        values.join(" | ")
    }
}

/// All patients of a selection. Where series differ, the first in order of date and UID speaks.
pub(super) fn people(series: &[SelectedSeries<'_>]) -> BTreeMap<String, Person> {
    let mut facts: BTreeMap<&str, (&str, Vec<&InstanceFacts>)> = BTreeMap::new();
    for one in series {
        let entry = facts.entry(one.patient).or_insert((one.site, Vec::new()));
        entry.1.extend(one.facts());
    }
    let person = |(patient, (site, mut facts)): (&str, (&str, Vec<&InstanceFacts>))| {
        facts.sort_by_key(|facts| (&facts.study_date, &facts.instance));
        let first = |text: fn(&InstanceFacts) -> &String| {
            let found = facts
                .iter()
                .map(|facts| text(facts))
                .find(|text| !text.is_empty());
            found.cloned().unwrap_or_default()
        };
        let person = Person {
            site: site.into(),
            sex: first(|facts| &facts.sex),
            age_band: age_band(&first(|facts| &facts.age)),
            manufacturer: first(|facts| &facts.manufacturer),
            modalities: facts.iter().map(|facts| facts.modality.clone()).collect(),
            year: first(|facts| &facts.study_date).chars().take(4).collect(),
        };
        (patient.to_owned(), person)
    };
    facts.into_iter().map(person).collect()
}

/// How small the smallest group is.
pub(super) fn anonymity(rule: &Anonymity, people: &BTreeMap<String, Person>) -> AnonymitySummary {
    let mut groups: BTreeMap<String, u64> = BTreeMap::new();
    for person in people.values() {
        *groups
            .entry(person.values(&rule.quasi_identifiers))
            .or_default() += 1;
    }
    let below = groups.values().filter(|size| **size < u64::from(rule.k));
    AnonymitySummary {
        quasi_identifiers: rule
            .quasi_identifiers
            .iter()
            .map(|kind| kind.name().into())
            .collect(),
        wanted: rule.k,
        smallest: groups.values().copied().min().unwrap_or_default(),
        groups: groups.len() as u64,
        patients_below: below.sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_groups_are_counted() {
        let person = |site: &str, sex: &str| Person {
            site: site.into(),
            sex: sex.into(),
            ..Person::default()
        };
        let people = [
            ("a", person("X", "F")),
            ("b", person("X", "F")),
            ("c", person("X", "M")),
            ("d", person("Y", "M")),
        ];
        let people = people
            .map(|(name, person)| (name.to_owned(), person))
            .into();
        let rule = Anonymity {
            quasi_identifiers: vec![Trait::Site, Trait::Sex],
            k: 2,
        };
        let summary = anonymity(&rule, &people);
        assert_eq!(
            (summary.smallest, summary.groups, summary.patients_below),
            (1, 3, 2)
        );
    }
}
