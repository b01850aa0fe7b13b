//! What only all streams together tell: duplicates, and conflicts of identity.
//!
//! All of it is worked out anew from the instances whenever an ingest ends, so that it depends on what was
//! found and not on the way there. What has gone from its export keeps its last outcome and speaks no more
//! against what is left: a wrong copy that was taken out of the export holds nothing any longer.

use crate::error::IngestError;
use cloakroom_core::{HoldReason, Outcome};
use rusqlite::{Connection, params};

/// Gives every stream its outcome.
///
/// # Errors
/// If the catalogue cannot be read or written.
pub(crate) fn settle(connection: &Connection) -> Result<(), IngestError> {
    connection.execute_batch("DELETE FROM temp.verdicts")?;
    while connection.execute(MEMBERS_OF_THE_GONE, [])? > 0 {}
    // What the first verdict says stays, so the order is that of importance.
    connection.execute(DUPLICATES, [Outcome::Duplicate.kind()])?;
    for (statement, reason) in [
        (TWO_CONTENTS, HoldReason::ContentConflict),
        (TWO_PATIENTS, HoldReason::PatientIdConflict),
        (TWO_STUDIES, HoldReason::HierarchyConflict),
    ] {
        let held = Outcome::Held(reason);
        connection.execute(statement, params![held.kind(), held.reason()])?;
    }
    for statement in [
        MEMBERS_OF_THE_GONE,
        MEMBERS_OF_THE_GONE,
        FROM_VERDICTS,
        FROM_THEMSELVES,
    ] {
        connection.execute(statement, [])?;
    }
    Ok(())
}

/// Of streams with the same content the first is the original: of the earliest run, then of the smallest path.
const DUPLICATES: &str = "
INSERT INTO temp.verdicts(stream, outcome, reason)
SELECT i.stream, ?1, '' FROM instances AS i
WHERE i.content IS NOT NULL AND EXISTS (
    SELECT 1 FROM instances AS first JOIN streams AS s ON s.id = first.stream
    WHERE first.uid = i.uid AND first.content = i.content AND first.stream < i.stream
      AND s.vanished = 0)
";

const TWO_CONTENTS: &str = "
INSERT OR IGNORE INTO temp.verdicts(stream, outcome, reason)
SELECT i.stream, ?1, ?2 FROM instances AS i JOIN streams AS s ON s.id = i.stream
WHERE i.content IS NOT NULL AND s.own_outcome = '' AND EXISTS (
    SELECT 1 FROM instances AS other JOIN streams AS o ON o.id = other.stream
    WHERE other.uid = i.uid AND other.content IS NOT NULL AND other.content <> i.content
      AND o.vanished = 0)
";

const TWO_PATIENTS: &str = "
INSERT OR IGNORE INTO temp.verdicts(stream, outcome, reason)
SELECT i.stream, ?1, ?2 FROM instances AS i JOIN streams AS s ON s.id = i.stream
WHERE s.own_outcome = '' AND i.study IN (
    SELECT study FROM (
        SELECT DISTINCT patient, study FROM instances JOIN streams ON id = stream
        WHERE patient <> 0 AND study <> 0 AND vanished = 0)
    GROUP BY study HAVING count(*) > 1)
";

const TWO_STUDIES: &str = "
INSERT OR IGNORE INTO temp.verdicts(stream, outcome, reason)
SELECT i.stream, ?1, ?2 FROM instances AS i JOIN streams AS s ON s.id = i.stream
WHERE s.own_outcome = '' AND i.series IN (
    SELECT series FROM (
        SELECT DISTINCT study, series FROM instances JOIN streams ON id = stream
        WHERE study <> 0 AND series <> 0 AND vanished = 0)
    GROUP BY series HAVING count(*) > 1)
";

/// Until there are none: archives lie in archives.
const MEMBERS_OF_THE_GONE: &str = "
UPDATE streams SET vanished = 1 WHERE container > 0 AND vanished = 0 AND container IN (
    SELECT id FROM streams WHERE vanished = 1 OR (archive = 0 AND stage = 2))
";

const FROM_VERDICTS: &str = "
UPDATE streams SET outcome = v.outcome, reason = v.reason FROM temp.verdicts AS v
WHERE v.stream = streams.id AND vanished = 0 AND (streams.outcome <> v.outcome OR streams.reason <> v.reason)
";

const FROM_THEMSELVES: &str = "
UPDATE streams SET outcome = own_outcome, reason = own_reason
WHERE vanished = 0 AND (outcome <> own_outcome OR reason <> own_reason)
  AND NOT EXISTS (SELECT 1 FROM temp.verdicts AS v WHERE v.stream = streams.id)
";
