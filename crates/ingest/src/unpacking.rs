//! Unpacks the archives that wait, one after the other in the order of the streams.

use crate::catalogue::query::natural;
use crate::catalogue::schema::{entry, stage};
use crate::error::IngestError;
use crate::header::archive_of;
use crate::listing::{self, Found, Scope, columns};
use crate::open::Stamp;
use crate::options::{IngestOptions, Progress};
use crate::reading::Openers;
use crate::spool::Spool;
use crate::unpack::{Budget, Member, Unpacker};
use cloakroom_core::{Digest, Outcome, QuarantineReason};
use cloakroom_p10::FileSource;
use rusqlite::{Connection, OptionalExtension, params};
use std::fs::File;

struct Archive {
    stream: i64,
    export: i64,
    container: i64,
    depth: i64,
    name: Vec<u8>,
    spool: Option<Digest>,
    stamp: Stamp,
}

/// Unpacks every archive that waits; `false` where none did.
///
/// # Errors
/// If the catalogue or the spool cannot be written, or the caller asked to stop.
pub(crate) fn unpack_waiting(
    connection: &mut Connection,
    run: i64,
    openers: &Openers,
    spool: &Spool,
    options: &IngestOptions,
    progress: &dyn Progress,
) -> Result<bool, IngestError> {
    let mut any = false;
    while let Some(archive) = next(connection)? {
        any = true;
        let transaction = connection.transaction()?;
        listing::begin(&transaction)?;
        let budget = budget(&transaction, &archive, options)?;
        let mut sink = |member: Member| {
            progress.found(1, member.size);
            listing::add(&transaction, &found(&archive, &member))
        };
        let unpacker = Unpacker {
            spool,
            budget,
            stop: options.stop,
            sink: &mut sink,
        };
        let outcome = unpack(&archive, openers, spool, unpacker)?;
        let scope = Scope {
            export: archive.export,
            container: archive.stream,
        };
        listing::merge(&transaction, run, &[scope])?;
        let (kind, reason) = columns(Some(outcome));
        transaction.execute(
            "UPDATE streams SET stage = ?2, own_outcome = ?3, own_reason = ?4 WHERE id = ?1",
            params![archive.stream, stage::DONE, kind, reason],
        )?;
        // The catalogue may name nothing that a loss of power could still take away.
        spool.sync().map_err(IngestError::site)?;
        transaction.commit()?;
    }
    Ok(any)
}

fn next(connection: &Connection) -> Result<Option<Archive>, IngestError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, export, container, depth, name, spool, size, modified_ns FROM streams
         WHERE stage = 1 ORDER BY id LIMIT 1",
    )?;
    let archive = statement.query_row([], |row| {
        let spool: Option<[u8; 32]> = row.get(5)?;
        Ok(Archive {
            stream: row.get(0)?,
            export: row.get(1)?,
            container: row.get(2)?,
            depth: row.get(3)?,
            name: row.get(4)?,
            spool: spool.map(Digest::from_bytes),
            stamp: Stamp {
                size: natural(row, 6)?,
                modified_ns: row.get(7)?,
            },
        })
    });
    Ok(archive.optional()?)
}

fn unpack(
    archive: &Archive,
    openers: &Openers,
    spool: &Spool,
    unpacker: Unpacker,
) -> Result<Outcome, IngestError> {
    let Some(file) = open(archive, openers, spool) else {
        return Ok(Outcome::Quarantined(QuarantineReason::Unreadable));
    };
    let kind = file
        .try_clone()
        .and_then(FileSource::new)
        .and_then(|source| archive_of(&source));
    match kind {
        Ok(Some(kind)) => unpacker.unpack(kind, &file),
        Ok(None) => Ok(Outcome::Quarantined(QuarantineReason::ChangedSinceIngest)),
        Err(_) => Ok(Outcome::Quarantined(QuarantineReason::Unreadable)),
    }
}

fn open(archive: &Archive, openers: &Openers, spool: &Spool) -> Option<File> {
    match &archive.spool {
        Some(digest) => File::open(spool.place(digest)).ok(),
        None => {
            let (file, _) = openers.get(&archive.export)?.open(&archive.name).ok()?;
            Some(file)
        }
    }
}

fn found<'a>(archive: &Archive, member: &'a Member) -> Found<'a> {
    let (spool, outcome) = match member.content {
        Ok(digest) => (Some(digest), None),
        Err(outcome) => (None, Some(outcome)),
    };
    Found {
        export: archive.export,
        container: archive.stream,
        name: &member.name,
        depth: archive.depth + 1,
        entry: entry::MEMBER,
        stamp: Stamp {
            size: member.size,
            modified_ns: 0,
        },
        spool,
        outcome,
    }
}

/// Archives nested in one another share the limits of the outermost, so that many small bombs are one large.
fn budget(
    connection: &Connection,
    archive: &Archive,
    options: &IngestOptions,
) -> Result<Budget, IngestError> {
    if archive.container == 0 {
        return Ok(Budget::new(&options.archives, archive.stamp.size, (0, 0)));
    }
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE
           around(id, container) AS (
             SELECT id, container FROM streams WHERE id = ?1
             UNION ALL SELECT s.id, s.container FROM streams AS s JOIN around ON s.id = around.container),
           inside(id, size) AS (
             SELECT id, 0 FROM around WHERE container = 0
             UNION ALL SELECT s.id, s.size FROM streams AS s JOIN inside ON s.container = inside.id
             WHERE s.container <> ?1)
         SELECT (SELECT size FROM streams JOIN around USING (id) WHERE around.container = 0),
                count(*), sum(size) FROM inside",
    )?;
    let (outermost, members, bytes) = statement.query_row([archive.stream], |row| {
        Ok((natural(row, 0)?, natural(row, 1)?, natural(row, 2)?))
    })?;
    Ok(Budget::new(&options.archives, outermost, (members, bytes)))
}
