//! Rows of label tables.

use super::{Ledger, Released};
use crate::error::PackError;
use crate::tables;
use crate::track::CheckName;
use cloakroom_core::LabelSchema;
use cloakroom_core::labels::LABEL_KEYS;
use std::collections::{BTreeMap, BTreeSet};

/// The label table of a release.
pub(in crate::release) const LABELS_TABLE: &str = "data/tables/labels.csv";

/// Patient, study, series, instance, frame and reader.
pub(super) type Key = [String; 6];
/// The labels of a row, by column.
type Cells = BTreeMap<String, String>;

/// The rows of all tables. What a later table says of a thing, in the same columns, replaces what an earlier one said.
#[derive(Default)]
pub(super) struct Gathered {
    rows: BTreeMap<(Key, Vec<String>), Vec<Cells>>,
}

impl Gathered {
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<()> {
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader.headers().ok()?.clone();
        let columns: Vec<String> = header
            .iter()
            .skip(LABEL_KEYS.len())
            .map(String::from)
            .collect();
        let mut table: BTreeMap<(Key, Vec<String>), Vec<Cells>> = BTreeMap::new();
        for row in reader.records() {
            let row = row.ok()?;
            let mut key = Key::default();
            for (part, cell) in key.iter_mut().zip(&row) {
                cell.clone_into(part);
            }
            let cells = row.iter().skip(LABEL_KEYS.len()).map(String::from);
            let cells = columns.iter().cloned().zip(cells).collect();
            table.entry((key, columns.clone())).or_default().push(cells);
        }
        self.rows.extend(table);
        Some(())
    }
}

/// The rows of a release, in the order of their keys.
pub(super) struct Rows {
    columns: BTreeSet<String>,
    rows: Vec<(String, Key, Cells)>,
}

pub(super) fn select(
    gathered: Gathered,
    schema: &LabelSchema,
    released: &Released<'_>,
    ledger: &mut Ledger<'_>,
) -> Rows {
    let mut rows = Rows {
        columns: BTreeSet::new(),
        rows: Vec::new(),
    };
    for ((key, _), group) in gathered.rows {
        for mut cells in group {
            cells.retain(|column, _| schema.columns.contains_key(column));
            let allowed = |(column, cell): (&String, &String)| {
                cell.is_empty()
                    || schema
                        .columns
                        .get(column)
                        .and_then(|rule| rule.spell(cell))
                        .as_ref()
                        == Some(cell)
            };
            if cells.is_empty() || !cells.iter().all(allowed) {
                ledger.leave_out("not-of-the-schema");
                continue;
            }
            let Some(side) = side_of(&key, released, ledger) else {
                continue;
            };
            rows.columns.extend(cells.keys().cloned());
            rows.rows.push((side, key.clone(), cells));
        }
    }
    rows
}

/// The side of a row, if all that it names is in the release and belongs together.
fn side_of(key: &Key, released: &Released<'_>, ledger: &mut Ledger<'_>) -> Option<String> {
    let [patient, study, series, instance, ..] = key;
    let unknown = [study, series, instance]
        .into_iter()
        .find(|uid| !uid.is_empty() && !released.known.contains(uid.as_str()));
    if unknown.is_some() {
        let detail = "a row names an object that is in no bundle".to_owned();
        let about = [patient.as_str(), study.as_str(), series.as_str()];
        return (!ledger.find(CheckName::LabelReference, about, detail))
            .then(|| released.side(patient).map(String::from))?;
    }
    let side = released.side(patient).map(String::from);
    let whole = (study.is_empty()
        || released
            .studies
            .contains(&(patient.as_str(), study.as_str())))
        && (series.is_empty()
            || released
                .series
                .get(series.as_str())
                .is_some_and(|found| found.patient == patient.as_str()))
        && (instance.is_empty()
            || released
                .instances
                .get(instance.as_str())
                .is_some_and(|found| found.patient == *patient));
    if side.is_none() || !whole {
        ledger.leave_out("not-released");
        return None;
    }
    side
}

impl Rows {
    pub(super) fn count(&self, wanted: impl Fn(&str) -> bool) -> u64 {
        self.rows.iter().filter(|(side, ..)| wanted(side)).count() as u64
    }

    pub(super) fn readers(&self) -> BTreeSet<&str> {
        self.rows
            .iter()
            .map(|(_, key, _)| key[5].as_str())
            .collect()
    }

    /// The value of a column by what it is about and who said so.
    pub(super) fn said<'r>(
        &'r self,
        column: &'r str,
    ) -> impl Iterator<Item = (&'r [String], &'r str, &'r str)> {
        self.rows.iter().filter_map(move |(_, key, cells)| {
            let value = cells.get(column).filter(|value| !value.is_empty())?;
            let (about, reader) = key.split_at(5);
            Some((about, reader.first()?.as_str(), value.as_str()))
        })
    }

    pub(super) fn by_patient(&self, column: &str) -> BTreeMap<String, String> {
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (about, _, value) in self.said(column) {
            values.entry(&about[0]).or_default().insert(value);
        }
        let one = |(patient, values): (&str, BTreeSet<&str>)| {
            let mut values = values.into_iter();
            match (values.next(), values.next()) {
                (Some(value), None) => Some((patient.to_owned(), value.to_owned())),
                _ => None,
            }
        };
        values.into_iter().filter_map(one).collect()
    }

    pub(super) fn csv(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<u8>, PackError> {
        let header: Vec<&str> = LABEL_KEYS
            .into_iter()
            .chain(self.columns.iter().map(String::as_str))
            .collect();
        let rows = self.rows.iter().filter(|(side, ..)| wanted(side));
        let rows = rows.map(|(_, key, cells)| {
            let cell = |column: &String| cells.get(column).cloned().unwrap_or_default();
            key.iter()
                .cloned()
                .chain(self.columns.iter().map(cell))
                .collect::<Vec<_>>()
        });
        // Rows of tables with other columns may follow each other in another order than their text has.
        let sorted: BTreeSet<Vec<String>> = rows.collect();
        tables::csv_text(LABELS_TABLE, &header, sorted)
    }
}
