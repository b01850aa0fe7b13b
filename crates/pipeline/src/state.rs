//! What the site remembers of its deliveries: outcomes, shards that are finished, records that wait for the log.
//!
//! The tables stand in the same SQLite file as the catalogue. A delivery is open from its first shard to its
//! signed head; a killed run finds it open and goes on.

use crate::Failure;
use crate::subjects::PseudonymRules;
use cloakroom_core::{Digest, Outcome, StatedDate, TrackId};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::path::Path;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS delivery (
    track TEXT NOT NULL, number INTEGER NOT NULL, settings BLOB NOT NULL, date TEXT NOT NULL,
    pattern TEXT NOT NULL, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done')),
    PRIMARY KEY (track, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS result (
    track TEXT NOT NULL, delivery INTEGER NOT NULL, stream INTEGER NOT NULL,
    outcome TEXT NOT NULL, reason TEXT NOT NULL, basis BLOB NOT NULL,
    shard INTEGER, record TEXT NOT NULL, actions BLOB, bytes INTEGER NOT NULL, leaf BLOB,
    PRIMARY KEY (track, delivery, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS action_list (digest BLOB PRIMARY KEY, list TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS finished_shard (
    track TEXT NOT NULL, delivery INTEGER NOT NULL, sequence INTEGER NOT NULL, plan BLOB NOT NULL,
    PRIMARY KEY (track, delivery, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS referenced_uid (
    track TEXT NOT NULL, original TEXT NOT NULL, PRIMARY KEY (track, original)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS label_delivery (
    track TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (track, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS withdrawn (patient TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS decision (
    track TEXT NOT NULL, number INTEGER NOT NULL, line TEXT NOT NULL, target TEXT NOT NULL,
    PRIMARY KEY (track, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delivery_decisions (
    track TEXT NOT NULL, delivery INTEGER NOT NULL, decisions INTEGER NOT NULL,
    PRIMARY KEY (track, delivery)) WITHOUT ROWID;
";

/// The tables of deliveries.
pub(crate) struct State {
    connection: Connection,
}

/// How a stream ended last, in one track.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastResult {
    pub(crate) delivery: u32,
    pub(crate) outcome: Outcome,
    pub(crate) basis: Digest,
    pub(crate) leaf: Option<Digest>,
}

/// One stream's result on its way into the log.
pub(crate) struct NewResult {
    pub(crate) stream: i64,
    pub(crate) outcome: Outcome,
    pub(crate) basis: Digest,
    pub(crate) shard: Option<u32>,
    /// The evidence record as JSON; it holds no value.
    pub(crate) record: String,
    /// The list of actions as JSON, with its digest.
    pub(crate) actions: Option<(Digest, String)>,
    /// Bytes of the stream as it stood in the export.
    pub(crate) bytes: u64,
}

/// Hears of a stream, its record, its list of actions and its size.
pub(crate) type EachRecord<'a> =
    &'a mut dyn FnMut(i64, &str, Option<&str>, u64) -> Result<(), Failure>;

/// A delivery as the site remembers it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    pub(crate) number: u32,
    /// The digest of everything that was asked for, except where to write it.
    pub(crate) settings: Digest,
    /// The date that it states.
    pub(crate) date: StatedDate,
    pub(crate) open: bool,
}

/// How many patients, studies and series a delivery releases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReleasedCounts {
    pub(crate) patients: u64,
    pub(crate) studies: u64,
    pub(crate) series: u64,
}

impl State {
    /// Opens the tables, making them where they are missing.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let fault = |error| sql(path, &error);
        let connection = Connection::open(path).map_err(fault)?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(fault)?;
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(fault)?;
        connection
            .busy_timeout(std::time::Duration::from_secs(30))
            .map_err(fault)?;
        connection.execute_batch(SCHEMA).map_err(fault)?;
        Ok(Self { connection })
    }

    /// Opens the tables of a site that others read at the same time; tables that are missing are empty.
    pub(crate) fn open_to_read(path: &Path) -> Result<Self, Failure> {
        let connection = cloakroom_ingest::connect_to_read(path)
            .map_err(|error| crate::catalogue::failure(&error))?;
        for statement in SCHEMA.split_inclusive(';') {
            let name = statement.split_whitespace().nth(5).unwrap_or_default();
            let there: bool = connection
                .query_row(
                    "SELECT EXISTS (SELECT 1 FROM main.sqlite_master WHERE name = ?1)",
                    [name],
                    |row| row.get(0),
                )
                .map_err(database)?;
            if !there {
                connection
                    .execute_batch(&statement.replace("CREATE TABLE", "CREATE TEMP TABLE"))
                    .map_err(database)?;
            }
        }
        Ok(Self { connection })
    }

    /// The last delivery of a track.
    pub(crate) fn last_delivery(&self, track: &TrackId) -> Result<Option<Delivery>, Failure> {
        let found = self
            .connection
            .query_row(
                "SELECT number, settings, date, state FROM delivery WHERE track = ?1 ORDER BY number DESC LIMIT 1",
                [track.as_str()],
                |row| Ok((row.get(0)?, row.get::<_, [u8; 32]>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?)),
            )
            .optional()
            .map_err(database)?;
        let Some((number, settings, date, state)) = found else {
            return Ok(None);
        };
        Ok(Some(Delivery {
            number,
            settings: Digest::from_bytes(settings),
            date: date.parse().map_err(|_| damaged())?,
            open: state == "open",
        }))
    }

    /// Opens a delivery.
    pub(crate) fn begin(
        &mut self,
        track: &TrackId,
        delivery: &Delivery,
        rules: &PseudonymRules,
        decisions: u64,
    ) -> Result<(), Failure> {
        let work = self.connection.transaction().map_err(database)?;
        work.execute(
                "INSERT INTO delivery (track, number, settings, date, pattern, first_day, last_day, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open')",
                params![
                    track.as_str(),
                    delivery.number,
                    delivery.settings.as_bytes(),
                    delivery.date.to_string(),
                    rules.pattern,
                    rules.days.start(),
                    rules.days.end()
                ],
            )
            .map_err(database)?;
        work.execute(
            "INSERT OR REPLACE INTO delivery_decisions (track, delivery, decisions) VALUES (?1, ?2, ?3)",
            params![
                track.as_str(),
                delivery.number,
                i64::try_from(decisions).unwrap_or(i64::MAX)
            ],
        )
        .map_err(database)?;
        work.commit().map_err(database)
    }

    /// How many decisions of people had been made when a delivery began.
    pub(crate) fn decisions_of(&self, track: &TrackId, delivery: u32) -> Result<u64, Failure> {
        self.connection
            .query_row(
                "SELECT decisions FROM delivery_decisions WHERE track = ?1 AND delivery = ?2",
                params![track.as_str(), delivery],
                |row| row.get(0),
            )
            .optional()
            .map(|found| found.map_or(0, natural))
            .map_err(database)
    }

    /// The decisions of a track in their order: each line, and what it is about inside the site.
    pub(crate) fn decisions(&self, track: &TrackId) -> Result<Vec<(String, String)>, Failure> {
        let mut statement = self
            .connection
            .prepare("SELECT line, target FROM decision WHERE track = ?1 ORDER BY number")
            .map_err(database)?;
        let rows = statement
            .query_map([track.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(database)?;
        rows.collect::<Result<_, _>>().map_err(database)
    }

    /// Remembers the next decision of a track.
    pub(crate) fn add_decision(
        &self,
        track: &TrackId,
        number: u64,
        line: &str,
        target: &str,
    ) -> Result<(), Failure> {
        self.connection
            .execute(
                "INSERT INTO decision (track, number, line, target) VALUES (?1, ?2, ?3, ?4)",
                params![
                    track.as_str(),
                    i64::try_from(number).unwrap_or(i64::MAX),
                    line,
                    target
                ],
            )
            .map(drop)
            .map_err(database)
    }

    /// What decided in the last delivery of a track who a patient becomes.
    pub(crate) fn pseudonym_rules(&self, track: &TrackId) -> Result<PseudonymRules, Failure> {
        let found = self
            .connection
            .query_row(
                "SELECT pattern, first_day, last_day FROM delivery WHERE track = ?1 ORDER BY number DESC LIMIT 1",
                [track.as_str()],
                |row| Ok(PseudonymRules { pattern: row.get(0)?, days: row.get(1)?..=row.get(2)? }),
            )
            .optional()
            .map_err(database)?;
        found.ok_or_else(|| {
            Failure::wrong_use("nothing was delivered for this track yet")
                .advise("run `cloakroom deid` first")
        })
    }

    /// Notes that a delivery is one of labels.
    pub(crate) fn mark_label_delivery(&self, track: &TrackId, number: u32) -> Result<(), Failure> {
        self.connection
            .execute(
                "INSERT OR IGNORE INTO label_delivery (track, number) VALUES (?1, ?2)",
                params![track.as_str(), number],
            )
            .map(drop)
            .map_err(database)
    }

    /// Whether a delivery is one of labels.
    pub(crate) fn is_label_delivery(&self, track: &TrackId, number: u32) -> Result<bool, Failure> {
        self.connection
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM label_delivery WHERE track = ?1 AND number = ?2)",
                params![track.as_str(), number],
                |row| row.get(0),
            )
            .map_err(database)
    }

    /// Forgets an open delivery and all that was done for it.
    pub(crate) fn abandon(&mut self, track: &TrackId, number: u32) -> Result<(), Failure> {
        let work = self.connection.transaction().map_err(database)?;
        work.execute(
            "DELETE FROM label_delivery WHERE track = ?1 AND number = ?2",
            params![track.as_str(), number],
        )
        .map_err(database)?;
        for table in ["result", "finished_shard"] {
            let statement = format!("DELETE FROM {table} WHERE track = ?1 AND delivery = ?2");
            work.execute(&statement, params![track.as_str(), number])
                .map_err(database)?;
        }
        work.execute(
            "DELETE FROM delivery WHERE track = ?1 AND number = ?2 AND state = 'open'",
            params![track.as_str(), number],
        )
        .map_err(database)?;
        work.commit().map_err(database)
    }

    /// How each stream ended last in the finished deliveries of a track.
    pub(crate) fn last_results(
        &self,
        track: &TrackId,
    ) -> Result<HashMap<i64, LastResult>, Failure> {
        self.results_before(track, u32::MAX)
    }

    /// How each stream had ended in the finished deliveries of a track before one of them.
    pub(crate) fn results_before(
        &self,
        track: &TrackId,
        delivery: u32,
    ) -> Result<HashMap<i64, LastResult>, Failure> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT stream, r.delivery, outcome, reason, r.basis, leaf FROM result r
                 JOIN delivery d ON d.track = r.track AND d.number = r.delivery
                 WHERE r.track = ?1 AND r.delivery < ?2 AND d.state = 'done' ORDER BY r.delivery",
            )
            .map_err(database)?;
        let mut rows = statement
            .query(params![track.as_str(), delivery])
            .map_err(database)?;
        let mut results = HashMap::new();
        while let Some(row) = rows.next().map_err(database)? {
            let kind: String = row.get(2).map_err(database)?;
            let reason: String = row.get(3).map_err(database)?;
            let outcome = Outcome::parse(&kind, &reason).map_err(|_| damaged())?;
            let last = LastResult {
                delivery: row.get(1).map_err(database)?,
                outcome,
                basis: Digest::from_bytes(row.get(4).map_err(database)?),
                leaf: row
                    .get::<_, Option<[u8; 32]>>(5)
                    .map_err(database)?
                    .map(Digest::from_bytes),
            };
            results.insert(row.get(0).map_err(database)?, last);
        }
        Ok(results)
    }

    /// Stores results, and the shard that they went into, in one step.
    pub(crate) fn store(
        &mut self,
        track: &TrackId,
        delivery: u32,
        results: &[NewResult],
        shard: Option<(u32, &Digest)>,
        referenced: &[String],
    ) -> Result<(), Failure> {
        let work = self.connection.transaction().map_err(database)?;
        insert_results(&work, track, delivery, results).map_err(database)?;
        insert_referenced(&work, track, referenced).map_err(database)?;
        if let Some((sequence, plan)) = shard {
            work.execute(
                "INSERT OR REPLACE INTO finished_shard (track, delivery, sequence, plan) VALUES (?1, ?2, ?3, ?4)",
                params![track.as_str(), delivery, sequence, plan.as_bytes()],
            )
            .map_err(database)?;
        }
        work.commit().map_err(database)
    }

    /// Compares results with those that are remembered, for a delivery that is written again.
    pub(crate) fn compare(
        &self,
        track: &TrackId,
        delivery: u32,
        results: &[NewResult],
    ) -> Result<(), Failure> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT record FROM result WHERE track = ?1 AND delivery = ?2 AND stream = ?3",
            )
            .map_err(database)?;
        for result in results {
            let known: Option<String> = statement
                .query_row(params![track.as_str(), delivery, result.stream], |row| {
                    row.get(0)
                })
                .optional()
                .map_err(database)?;
            if known.as_deref() != Some(result.record.as_str()) {
                return Err(Failure::could_not_run(
                    "the last delivery cannot be written again: its input, or the program, is no longer what it was",
                )
                .advise("take the bundle as it was delivered; the next delivery holds what is new"));
            }
        }
        Ok(())
    }

    /// The shards that a delivery has finished: their numbers, and the digest of the plan that each was written by.
    pub(crate) fn finished_shards(
        &self,
        track: &TrackId,
        delivery: u32,
    ) -> Result<HashMap<u32, Digest>, Failure> {
        let mut statement = self
            .connection
            .prepare("SELECT sequence, plan FROM finished_shard WHERE track = ?1 AND delivery = ?2")
            .map_err(database)?;
        let rows = statement
            .query_map(params![track.as_str(), delivery], |row| {
                Ok((row.get(0)?, Digest::from_bytes(row.get(1)?)))
            })
            .map_err(database)?;
        rows.collect::<Result<_, _>>().map_err(database)
    }

    /// Calls `each` with the streams, records, lists of actions and sizes of a delivery, in the order of the streams.
    pub(crate) fn records(
        &self,
        track: &TrackId,
        delivery: u32,
        each: EachRecord<'_>,
    ) -> Result<(), Failure> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT r.stream, r.record, a.list, r.bytes FROM result r
                 LEFT JOIN action_list a ON a.digest = r.actions
                 WHERE r.track = ?1 AND r.delivery = ?2 ORDER BY r.stream",
            )
            .map_err(database)?;
        let mut rows = statement
            .query(params![track.as_str(), delivery])
            .map_err(database)?;
        while let Some(row) = rows.next().map_err(database)? {
            let list: Option<String> = row.get(2).map_err(database)?;
            let (stream, record): (i64, String) =
                (row.get(0).map_err(database)?, row.get(1).map_err(database)?);
            each(
                stream,
                &record,
                list.as_deref(),
                natural(row.get(3).map_err(database)?),
            )?;
        }
        Ok(())
    }

    /// Patients, studies and series with at least one cleared instance in a delivery.
    pub(crate) fn released(
        &self,
        track: &TrackId,
        delivery: u32,
    ) -> Result<ReleasedCounts, Failure> {
        self.connection
            .query_row(
                "SELECT count(DISTINCT i.patient), count(DISTINCT i.study), count(DISTINCT i.series)
                 FROM result r JOIN instances i ON i.stream = r.stream
                 WHERE r.track = ?1 AND r.delivery = ?2 AND r.outcome = 'cleared'",
                params![track.as_str(), delivery],
                |row| {
                    Ok(ReleasedCounts {
                        patients: natural(row.get(0)?),
                        studies: natural(row.get(1)?),
                        series: natural(row.get(2)?),
                    })
                },
            )
            .map_err(database)
    }

    /// Remembers the leaves of a delivery and closes it, in one step.
    pub(crate) fn close(
        &mut self,
        track: &TrackId,
        delivery: u32,
        leaves: &[(i64, Digest)],
    ) -> Result<(), Failure> {
        let work = self.connection.transaction().map_err(database)?;
        {
            let mut statement = work
                .prepare("UPDATE result SET leaf = ?4 WHERE track = ?1 AND delivery = ?2 AND stream = ?3")
                .map_err(database)?;
            for (stream, leaf) in leaves {
                statement
                    .execute(params![track.as_str(), delivery, stream, leaf.as_bytes()])
                    .map_err(database)?;
            }
            work.execute(
                "UPDATE delivery SET state = 'done' WHERE track = ?1 AND number = ?2",
                params![track.as_str(), delivery],
            )
            .map_err(database)?;
        }
        work.commit().map_err(database)
    }

    /// Every track that has a delivery.
    pub(crate) fn tracks(&self) -> Result<Vec<TrackId>, Failure> {
        let mut statement = self
            .connection
            .prepare("SELECT DISTINCT track FROM delivery ORDER BY track")
            .map_err(database)?;
        let rows = statement
            .query_map([], |row| row.get::<_, String>(0))
            .map_err(database)?;
        rows.map(|track| track.map_err(database)?.parse().map_err(|_| damaged()))
            .collect()
    }

    /// The original UIDs that objects of a track refer to, beside those in the catalogue.
    pub(crate) fn referenced_uids(&self, track: &TrackId) -> Result<Vec<String>, Failure> {
        self.texts(
            "SELECT original FROM referenced_uid WHERE track = ?1 ORDER BY original",
            &[&track.as_str()],
        )
    }

    /// The number of the patient whose instance a stream is; `None` for other streams.
    pub(crate) fn patient_of(&self, stream: i64) -> Result<Option<i64>, Failure> {
        self.connection
            .query_row(
                "SELECT patient FROM instances WHERE stream = ?1",
                [stream],
                |row| row.get(0),
            )
            .optional()
            .map_err(database)
    }

    /// The patients that were withdrawn.
    pub(crate) fn withdrawn(&self) -> Result<Vec<String>, Failure> {
        self.texts("SELECT patient FROM withdrawn ORDER BY patient", &[])
    }

    /// Bars a patient from later deliveries.
    pub(crate) fn withdraw(&self, patient: &str) -> Result<(), Failure> {
        self.connection
            .execute(
                "INSERT OR IGNORE INTO withdrawn (patient) VALUES (?1)",
                [patient],
            )
            .map(drop)
            .map_err(database)
    }

    fn texts(&self, query: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<String>, Failure> {
        let mut statement = self.connection.prepare(query).map_err(database)?;
        let rows = statement
            .query_map(values, |row| row.get(0))
            .map_err(database)?;
        rows.collect::<Result<_, _>>().map_err(database)
    }
}

fn insert_results(
    work: &Connection,
    track: &TrackId,
    delivery: u32,
    results: &[NewResult],
) -> Result<(), rusqlite::Error> {
    let mut insert = work.prepare_cached(
        "INSERT OR REPLACE INTO result (track, delivery, stream, outcome, reason, basis, shard, record, actions, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let mut list =
        work.prepare_cached("INSERT OR IGNORE INTO action_list (digest, list) VALUES (?1, ?2)")?;
    for result in results {
        if let Some((digest, text)) = &result.actions {
            list.execute(params![digest.as_bytes(), text])?;
        }
        insert.execute(params![
            track.as_str(),
            delivery,
            result.stream,
            result.outcome.kind(),
            result.outcome.reason(),
            result.basis.as_bytes(),
            result.shard,
            result.record,
            result
                .actions
                .as_ref()
                .map(|(digest, _)| digest.as_bytes().as_slice()),
            i64::try_from(result.bytes).unwrap_or(i64::MAX),
        ])?;
    }
    Ok(())
}

fn insert_referenced(
    work: &Connection,
    track: &TrackId,
    originals: &[String],
) -> Result<(), rusqlite::Error> {
    let mut insert = work
        .prepare_cached("INSERT OR IGNORE INTO referenced_uid (track, original) VALUES (?1, ?2)")?;
    for original in originals {
        insert.execute(params![track.as_str(), original])?;
    }
    Ok(())
}

/// Counts and sizes are stored as signed numbers and are never negative.
const fn natural(number: i64) -> u64 {
    number.unsigned_abs()
}

/// SQLite's own words may quote a value, so only its error code is told.
fn database(error: rusqlite::Error) -> Failure {
    let code = error
        .sqlite_error_code()
        .map(|code| format!(" ({code:?})"))
        .unwrap_or_default();
    let failure = Failure::could_not_run(format!(
        "the site's database could not be read or written{code}"
    ));
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => failure.advise(
            "make room on the disk and run the same command again; it goes on where it stopped",
        ),
        _ => failure,
    }
}

fn sql(path: &Path, error: &rusqlite::Error) -> Failure {
    let code = error
        .sqlite_error_code()
        .map(|code| format!(" ({code:?})"))
        .unwrap_or_default();
    let failure =
        Failure::could_not_run(format!("the site's database could not be opened{code}")).at(path);
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => failure.advise(
            "make room on the disk and run the same command again; it goes on where it stopped",
        ),
        _ => failure,
    }
}

fn damaged() -> Failure {
    Failure::could_not_run("the site's database holds something that this program does not know")
}
