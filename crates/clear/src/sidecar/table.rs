//! A label table: the fixed key columns, then columns of the schema, each cell in its one spelling.

use super::{NotASidecar, Reading, is_uid_or_empty};
use cloakroom_core::labels::{LABEL_KEYS, is_reader_code};
use cloakroom_core::{
    LabelColumn, LabelKind, LabelSchema, PatientPseudonym, SidecarFacts, SidecarKind,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn read(schema: &LabelSchema, bytes: &[u8]) -> Result<Reading, NotASidecar> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(bytes);
    let broken = |_| NotASidecar("the table cannot be read");
    let mut records = reader.records();
    let header = records
        .next()
        .ok_or(NotASidecar("the table is empty"))?
        .map_err(broken)?;
    let columns = columns(schema, &header)?;
    let mut reading = Reading {
        facts: SidecarFacts {
            kind: SidecarKind::Table,
            patients: 0,
            rows: 0,
            patient: String::new(),
            study: String::new(),
            series: String::new(),
            reader: String::new(),
            grid: None,
            segments: BTreeMap::new(),
        },
        patients: BTreeSet::new(),
        texts: Vec::new(),
        searched: bytes.to_vec(),
    };
    let mut last: Option<csv::StringRecord> = None;
    for row in records {
        let row = row.map_err(broken)?;
        take_row(&columns, &row, &mut reading)?;
        if last.is_some_and(|last| last.iter().ge(row.iter())) {
            return Err(NotASidecar(
                "the rows are not sorted, or one is there twice",
            ));
        }
        last = Some(row);
    }
    reading.facts.patients = reading.patients.len() as u64;
    Ok(reading)
}

fn columns<'a>(
    schema: &'a LabelSchema,
    header: &csv::StringRecord,
) -> Result<Vec<&'a LabelColumn>, NotASidecar> {
    let keys = header.iter().take(LABEL_KEYS.len());
    if !keys.eq(LABEL_KEYS) || header.len() <= LABEL_KEYS.len() {
        return Err(NotASidecar("the table has other columns than label tables"));
    }
    let columns: Option<Vec<_>> = header
        .iter()
        .skip(LABEL_KEYS.len())
        .map(|name| schema.columns.get(name))
        .collect();
    columns.ok_or(NotASidecar("a column is none of the track's labels"))
}

fn take_row(
    columns: &[&LabelColumn],
    row: &csv::StringRecord,
    reading: &mut Reading,
) -> Result<(), NotASidecar> {
    let key = |place: usize| row.get(place).unwrap_or_default();
    let patient: PatientPseudonym = key(0)
        .parse()
        .map_err(|_| NotASidecar("a row names no patient"))?;
    let uids = (1..4).all(|place| is_uid_or_empty(key(place)));
    let frame = key(4).is_empty() || key(4).parse().is_ok_and(|frame: u32| frame > 0);
    let reader = key(5).is_empty() || is_reader_code(key(5));
    if !uids || !frame || !reader {
        return Err(NotASidecar("a key is not as label tables write it"));
    }
    for (column, cell) in columns.iter().zip(row.iter().skip(LABEL_KEYS.len())) {
        // A column that one table lacks is empty in what was joined of several.
        let spelt = cell.is_empty() || column.spell(cell).as_deref() == Some(cell);
        if !spelt {
            return Err(NotASidecar("a value is not one that the track allows"));
        }
        if column.kind == LabelKind::Text && !cell.is_empty() {
            if cell.contains(char::is_control) {
                return Err(NotASidecar("a text holds control characters"));
            }
            reading.texts.push(cell.to_owned());
        }
    }
    reading.facts.rows += 1;
    reading.patients.insert(patient.as_str().to_owned());
    Ok(())
}
