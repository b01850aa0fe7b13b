//! Texts that many rows share, kept once under a number. Numbers are given in the order of asking.

use crate::error::IngestError;
use crate::header::LookColumns;
use cloakroom_core::Hasher;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// Rows that are remembered before all are forgotten again, so that memory does not grow with the export.
const REMEMBERED: usize = 4096;

/// Remembers the last numbers, as neighbours in an export are mostly of one series.
#[derive(Default)]
pub(crate) struct Lookup {
    patients: HashMap<(String, String), i64>,
    studies: HashMap<String, i64>,
    series: HashMap<String, i64>,
    looks: HashMap<LookColumns, i64>,
}

impl Lookup {
    pub(crate) fn patient(
        &mut self,
        connection: &Connection,
        key: (String, String),
    ) -> Result<i64, IngestError> {
        remembered(&mut self.patients, key, |(id, issuer)| {
            let found = connection
                .prepare_cached("SELECT id FROM patients WHERE patient_id = ?1 AND issuer = ?2")?
                .query_row(params![id, issuer], |row| row.get(0))
                .optional()?;
            match found {
                Some(number) => Ok(number),
                None => Ok(connection
                    .prepare_cached("INSERT INTO patients(patient_id, issuer) VALUES (?1, ?2)")?
                    .insert(params![id, issuer])?),
            }
        })
    }

    pub(crate) fn study(
        &mut self,
        connection: &Connection,
        uid: String,
    ) -> Result<i64, IngestError> {
        const FIND: &str = "SELECT id FROM studies WHERE uid = ?1";
        const ADD: &str = "INSERT INTO studies(uid) VALUES (?1)";
        remembered(&mut self.studies, uid, |uid| {
            by_uid(connection, FIND, ADD, uid)
        })
    }

    pub(crate) fn series(
        &mut self,
        connection: &Connection,
        uid: String,
    ) -> Result<i64, IngestError> {
        const FIND: &str = "SELECT id FROM series WHERE uid = ?1";
        const ADD: &str = "INSERT INTO series(uid) VALUES (?1)";
        remembered(&mut self.series, uid, |uid| {
            by_uid(connection, FIND, ADD, uid)
        })
    }

    pub(crate) fn look(
        &mut self,
        connection: &Connection,
        look: LookColumns,
    ) -> Result<i64, IngestError> {
        remembered(&mut self.looks, look, |look| {
            let digest = digest_of(look);
            let found = connection
                .prepare_cached("SELECT id FROM looks WHERE digest = ?1")?
                .query_row([&digest], |row| row.get(0))
                .optional()?;
            match found {
                Some(number) => Ok(number),
                None => add_look(connection, look, &digest),
            }
        })
    }
}

fn remembered<K: std::hash::Hash + Eq>(
    numbers: &mut HashMap<K, i64>,
    key: K,
    find: impl FnOnce(&K) -> Result<i64, IngestError>,
) -> Result<i64, IngestError> {
    if let Some(number) = numbers.get(&key) {
        return Ok(*number);
    }
    let number = find(&key)?;
    if numbers.len() >= REMEMBERED {
        numbers.clear();
    }
    numbers.insert(key, number);
    Ok(number)
}

/// 0 stands for a UID that is missing.
fn by_uid(connection: &Connection, find: &str, add: &str, uid: &str) -> Result<i64, IngestError> {
    if uid.is_empty() {
        return Ok(0);
    }
    let mut statement = connection.prepare_cached(find)?;
    match statement.query_row([uid], |row| row.get(0)).optional()? {
        Some(number) => Ok(number),
        None => Ok(connection.prepare_cached(add)?.insert([uid])?),
    }
}

fn digest_of(look: &LookColumns) -> [u8; 32] {
    let mut hasher = Hasher::new();
    for text in &look.texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(&look.samples.to_le_bytes());
    hasher.update(&look.bits_stored.to_le_bytes());
    *hasher.finish().as_bytes()
}

fn add_look(
    connection: &Connection,
    look: &LookColumns,
    digest: &[u8; 32],
) -> Result<i64, IngestError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO looks(sop_class, transfer_syntax, modality, manufacturer, model, software,
             image_type, body_part, photometric, burned_in, conversion_type, series_description,
             samples, bits_stored, digest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    let mut place = 0;
    for text in &look.texts {
        place += 1;
        statement.raw_bind_parameter(place, text)?;
    }
    statement.raw_bind_parameter(place + 1, look.samples)?;
    statement.raw_bind_parameter(place + 2, look.bits_stored)?;
    statement.raw_bind_parameter(place + 3, digest)?;
    statement.raw_execute()?;
    Ok(connection.last_insert_rowid())
}
