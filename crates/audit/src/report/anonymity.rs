//! How small the groups of people are that the quasi-identifiers leave.

use cloakroom_core::age_band;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The sizes of groups that guidance asks for: 3 and 5 (Singapore), 11 (EMA, Health Canada), 20.
pub const THRESHOLDS: [u64; 4] = [3, 5, 11, 20];
/// The values of a group of fewer people are never told.
const TOLD_FROM: u64 = 3;
/// So many of the smallest groups are listed.
const LISTED: usize = 12;

/// What a package says of a patient besides the images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The hospital's pseudonymous name.
    pub site: String,
    /// Patient's Sex.
    pub sex: String,
    /// Patient's Age, as it was released.
    pub age: String,
    /// The modalities of all series.
    pub modalities: BTreeSet<String>,
    /// The manufacturers of all series.
    pub manufacturers: BTreeSet<String>,
}

/// The groups by several sets of quasi-identifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnonymityTable {
    /// Patients.
    pub patients: u64,
    /// The sets, each larger than the one before.
    pub rows: Vec<GroupRow>,
    /// The smallest groups by site, sex and ten years of age, smallest first, none of fewer than three people.
    pub smallest: Vec<Cell>,
    /// How many groups there are of fewer than three people, whose values are not told.
    pub untold: u64,
}

/// The groups by one set of quasi-identifiers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRow {
    /// What the groups are made by.
    pub by: Vec<Quasi>,
    /// Groups.
    pub groups: u64,
    /// People in the smallest.
    pub smallest: u64,
    /// People in groups smaller than 3, 5, 11 and 20.
    pub people_below: BTreeMap<u64, u64>,
}

/// One group of people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// How many.
    pub people: u64,
    /// What they have in common.
    pub values: Vec<String>,
}

/// A quasi-identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quasi {
    /// The hospital.
    Site,
    /// Sex.
    Sex,
    /// Ten years of age.
    AgeBand,
    /// The age as it was released.
    Age,
    /// Modalities.
    Modalities,
    /// Manufacturers.
    Manufacturers,
}

use Quasi::{Age, AgeBand, Manufacturers, Modalities, Sex, Site};

const SETS: [&[Quasi]; 4] = [
    &[Site, Sex],
    TOLD,
    &[Site, Sex, Age],
    &[Site, Sex, Age, Modalities, Manufacturers],
];
/// The set whose groups are listed.
const TOLD: &[Quasi] = &[Site, Sex, AgeBand];

impl Person {
    fn value(&self, quasi: Quasi) -> String {
        let joined = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join("+");
        let value = match quasi {
            Site => self.site.clone(),
            Sex => self.sex.clone(),
            AgeBand => age_band(&self.age),
            Age => self.age.clone(),
            Modalities => joined(&self.modalities),
            Manufacturers => joined(&self.manufacturers),
        };
        if value.is_empty() { "-".into() } else { value }
    }
}

impl AnonymityTable {
    /// Counts the groups.
    #[must_use]
    pub fn of(people: &[Person]) -> Self {
        let mut cells: Vec<Cell> = groups(people, TOLD)
            .into_iter()
            .map(|(values, people)| Cell { people, values })
            .collect();
        cells.sort();
        let untold = cells.iter().filter(|cell| cell.people < TOLD_FROM).count() as u64;
        cells.retain(|cell| cell.people >= TOLD_FROM);
        cells.truncate(LISTED);
        Self {
            patients: people.len() as u64,
            rows: SETS.iter().map(|set| GroupRow::of(people, set)).collect(),
            smallest: cells,
            untold,
        }
    }
}

impl GroupRow {
    fn of(people: &[Person], by: &[Quasi]) -> Self {
        let groups = groups(people, by);
        let below = |threshold: u64| groups.values().filter(|size| **size < threshold).sum();
        Self {
            by: by.to_vec(),
            groups: groups.len() as u64,
            smallest: groups.values().copied().min().unwrap_or_default(),
            people_below: THRESHOLDS.map(|at| (at, below(at))).into(),
        }
    }
}

fn groups(people: &[Person], by: &[Quasi]) -> BTreeMap<Vec<String>, u64> {
    let mut groups = BTreeMap::new();
    for person in people {
        let values = by.iter().map(|quasi| person.value(*quasi)).collect();
        *groups.entry(values).or_default() += 1;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(sex: &str, age: &str) -> Person {
        Person {
            site: "GX01".into(),
            sex: sex.into(),
            age: age.into(),
            ..Person::default()
        }
    }

    #[test]
    fn groups_are_counted_and_small_ones_not_described() {
        let mut people = vec![
            person("M", "034Y"),
            person("M", "038Y"),
            person("O", "089Y"),
        ];
        people.extend((0..4).map(|year| person("F", &format!("06{year}Y"))));
        let table = AnonymityTable::of(&people);
        assert_eq!(table.patients, 7);
        let bands = &table.rows[1];
        assert_eq!((bands.groups, bands.smallest), (3, 1));
        assert_eq!(bands.people_below[&3], 3);
        assert_eq!(bands.people_below[&5], 7);
        let years = &table.rows[2];
        assert_eq!((years.groups, years.smallest), (7, 1));
        assert_eq!(table.untold, 2);
        assert_eq!(table.smallest.len(), 1);
        assert_eq!(table.smallest[0].values, ["GX01", "F", "60-69"]);
    }

    #[test]
    fn nobody_makes_no_group() {
        let table = AnonymityTable::of(&[]);
        assert_eq!((table.patients, table.rows[0].smallest), (0, 0));
    }
}
