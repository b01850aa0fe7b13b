//! What was listed now, against what the catalogue knows: new, changed, gone.

use crate::catalogue::schema::entry;
use crate::error::IngestError;
use crate::open::Stamp;
use cloakroom_core::{Digest, Outcome, QuarantineReason};
use rusqlite::{Connection, params};

/// One stream as it was listed.
pub(crate) struct Found<'a> {
    pub(crate) export: i64,
    pub(crate) container: i64,
    pub(crate) name: &'a [u8],
    pub(crate) depth: i64,
    pub(crate) entry: i64,
    pub(crate) stamp: Stamp,
    pub(crate) spool: Option<Digest>,
    pub(crate) outcome: Option<Outcome>,
}

/// What is compared: the files of one export, or the members of one archive.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    pub(crate) export: i64,
    pub(crate) container: i64,
}

/// Forgets what was listed before.
pub(crate) fn begin(connection: &Connection) -> Result<(), IngestError> {
    connection
        .execute_batch("DROP INDEX IF EXISTS temp.found_by_place; DELETE FROM temp.found;")?;
    Ok(())
}

/// Notes one stream.
pub(crate) fn add(connection: &Connection, found: &Found) -> Result<(), IngestError> {
    let (outcome, reason) = columns(found.outcome);
    connection
        .prepare_cached(
            "INSERT INTO temp.found VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            found.export,
            found.container,
            found.name,
            found.depth,
            found.entry,
            i64::try_from(found.stamp.size).unwrap_or(i64::MAX),
            found.stamp.modified_ns,
            found.spool.as_ref().map(Digest::as_bytes),
            outcome,
            reason,
        ])?;
    Ok(())
}

/// Outcome and reason as they stand in two columns; empty for none.
pub(crate) fn columns(outcome: Option<Outcome>) -> (&'static str, &'static str) {
    outcome.map_or(("", ""), |outcome| (outcome.kind(), outcome.reason()))
}

/// Brings the catalogue up to date with what was listed. What is gone keeps its last state.
pub(crate) fn merge(
    connection: &Connection,
    run: i64,
    scopes: &[Scope],
) -> Result<(), IngestError> {
    connection.execute_batch(NUMBER_THOSE_OF_ONE_NAME)?;
    connection.execute(CHANGED, params![run, QuarantineReason::Unreadable.code()])?;
    connection.execute_batch(FORGET_CHANGED_INSTANCES)?;
    connection.execute(NEW, params![run])?;
    for scope in scopes {
        connection.execute(
            GONE_STAND_INS,
            params![scope.container, scope.export, entry::UNREADABLE],
        )?;
        connection.execute(GONE, params![scope.container, scope.export])?;
    }
    Ok(())
}

/// Members of one name, and errors without one, are told apart by their order.
const NUMBER_THOSE_OF_ONE_NAME: &str = "
UPDATE temp.found SET occurrence = number FROM (
    SELECT rowid AS place,
           row_number() OVER (PARTITION BY container, export, name ORDER BY rowid) - 1 AS number
    FROM temp.found)
WHERE place = found.rowid AND number > 0;
CREATE INDEX temp.found_by_place ON found(container, export, name, occurrence);
";

/// Streams that are not what they were are read again, and so are those that could not be read.
const CHANGED: &str = "
UPDATE streams SET
    entry = f.entry, size = f.size, modified_ns = f.modified_ns, spool = f.spool,
    stage = CASE f.outcome WHEN '' THEN 0 ELSE 2 END,
    own_outcome = f.outcome, own_reason = f.reason,
    changed_run = CASE
        WHEN streams.size <> f.size OR streams.modified_ns <> f.modified_ns THEN ?1
        ELSE changed_run END,
    vanished = 0
FROM temp.found AS f
WHERE f.container = streams.container AND f.export = streams.export
  AND f.name = streams.name AND f.occurrence = streams.occurrence
  AND (streams.entry <> f.entry OR streams.size <> f.size
       OR streams.modified_ns <> f.modified_ns
       OR streams.spool IS NOT f.spool
       OR (f.outcome <> '' AND (streams.own_outcome <> f.outcome OR streams.own_reason <> f.reason))
       OR streams.vanished = 1 OR streams.own_reason = ?2)
";

const FORGET_CHANGED_INSTANCES: &str = "
DELETE FROM instances WHERE stream IN (SELECT id FROM streams WHERE stage = 0);
";

const NEW: &str = "
INSERT INTO streams(export, container, name, occurrence, depth, entry, size, modified_ns, spool,
                    stage, own_outcome, own_reason, found_run)
SELECT f.export, f.container, f.name, f.occurrence, f.depth, f.entry, f.size, f.modified_ns, f.spool,
       CASE f.outcome WHEN '' THEN 0 ELSE 2 END, f.outcome, f.reason, ?1
FROM temp.found AS f
WHERE NOT EXISTS (
    SELECT 1 FROM streams AS s
    WHERE s.container = f.container AND s.export = f.export
      AND s.name = f.name AND s.occurrence = f.occurrence)
ORDER BY f.container, f.export, f.name, f.occurrence
";

/// A folder that can be listed again, and the rest of an archive that can be unpacked again, stood for
/// streams that are listed one by one now.
const GONE_STAND_INS: &str = "
DELETE FROM streams WHERE container = ?1 AND export = ?2
  AND (entry = ?3 OR (container <> 0 AND spool IS NULL AND (
       own_reason = 'archive-limit' OR (name = x'' AND own_outcome = 'quarantined'))))
  AND NOT EXISTS (
    SELECT 1 FROM temp.found AS f
    WHERE f.container = streams.container AND f.export = streams.export
      AND f.name = streams.name AND f.occurrence = streams.occurrence)
";

const GONE: &str = "
UPDATE streams SET vanished = 1 WHERE container = ?1 AND export = ?2 AND vanished = 0
  AND NOT EXISTS (
    SELECT 1 FROM temp.found AS f
    WHERE f.container = streams.container AND f.export = streams.export
      AND f.name = streams.name AND f.occurrence = streams.occurrence)
";
