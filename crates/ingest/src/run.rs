//! One ingest from its first listing to its last verdict.

use crate::catalogue::query::natural;
use crate::catalogue::{Catalogue, meta};
use crate::compare::compare_all;
use crate::error::IngestError;
use crate::export::{Export, resolve};
use crate::listing::{self, Found, Scope};
use crate::options::{IngestOptions, Phase, Progress};
use crate::reading::{Reader, openers, read_waiting};
use crate::report::IngestReport;
use crate::settle::settle;
use crate::spool::Spool;
use crate::unpacking::unpack_waiting;
use crate::walk::walk;
use cloakroom_core::{Digest, QuarantineReason, Tally};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Entries between two reports of progress.
const REPORT_EVERY: u64 = 1024;

/// Lists the exports, reads the headers of what is new or changed, and brings the catalogue up to date.
///
/// An export is a folder or a single file; a DICOMDIR stands for the folder that it lies in. The exports are
/// never written. What was stopped or killed is continued by the next call, with the same result in the end.
///
/// # Errors
/// If the exports cannot be opened or are not apart from the site folder, if another ingest is running, if the
/// site folder cannot be written, or if the caller asked to stop. No content of an export is an error.
pub fn ingest(
    catalogue: &mut Catalogue,
    exports: &[PathBuf],
    options: &IngestOptions,
    progress: &dyn Progress,
) -> Result<IngestReport, IngestError> {
    let _lock = lock(catalogue.path())?;
    if let Some(folder) = &options.spool {
        catalogue.set_spool_folder(folder.clone());
    }
    let spool = Spool::open(catalogue.spool_folder()).map_err(IngestError::site)?;
    let site = catalogue
        .path()
        .parent()
        .unwrap_or(Path::new("/"))
        .to_path_buf();
    let apart = [site.as_path(), catalogue.spool_folder()];
    let exports = resolve(exports, &apart, options.inbox.as_deref())?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build()
        .map_err(|_| IngestError::Threads)?;

    progress.phase(Phase::Walk);
    let run = list(catalogue.connection_mut(), &exports, options, progress)?;
    read_all(catalogue, run, &spool, options, &pool, progress)?;
    progress.phase(Phase::Compare);
    compare_all(catalogue, options, &pool)?;
    progress.phase(Phase::Settle);
    let transaction = catalogue.connection_mut().transaction()?;
    settle(&transaction)?;
    transaction.execute("UPDATE runs SET finished = 1 WHERE id = ?1", [run])?;
    transaction.commit()?;
    sweep(catalogue.connection(), &spool)?;
    report(catalogue, run)
}

/// The lock falls with the process, however that ends.
fn lock(catalogue: &Path) -> Result<File, IngestError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(catalogue.with_extension("ingest-lock"))
        .map_err(IngestError::site)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(IngestError::Busy),
        Err(TryLockError::Error(source)) => Err(IngestError::Site { source }),
    }
}

/// Lists all exports in one transaction, so that a listing is there as a whole or not at all.
fn list(
    connection: &mut Connection,
    exports: &[Export],
    options: &IngestOptions,
    progress: &dyn Progress,
) -> Result<i64, IngestError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let run = begin_run(&transaction)?;
    read_again_under_new_limits(&transaction, options)?;
    unpack_again_what_is_missing(&transaction)?;
    listing::begin(&transaction)?;
    let mut scopes = Vec::new();
    for export in exports {
        let number = export_number(&transaction, export)?;
        list_export(&transaction, number, export, options, progress)?;
        scopes.push(Scope {
            export: number,
            container: 0,
        });
    }
    listing::merge(&transaction, run, &scopes)?;
    transaction.commit()?;
    Ok(run)
}

/// A run that was interrupted is continued under its number.
fn begin_run(connection: &Connection) -> Result<i64, IngestError> {
    let unfinished = connection
        .query_row("SELECT id FROM runs WHERE finished = 0", [], |row| {
            row.get(0)
        })
        .optional()?;
    match unfinished {
        Some(run) => Ok(run),
        None => {
            connection.execute("INSERT INTO runs(finished) VALUES (0)", [])?;
            Ok(connection.last_insert_rowid())
        }
    }
}

/// What was refused by a limit gets another chance when the limits have changed.
fn read_again_under_new_limits(
    connection: &Connection,
    options: &IngestOptions,
) -> Result<(), IngestError> {
    let text = format!("{:?} {:?}", options.limits, options.archives);
    let [a, b, c, d, e, f, g, h, ..] = *Digest::of(text.as_bytes()).as_bytes();
    let limits = i64::from_le_bytes([a, b, c, d, e, f, g, h]);
    if meta(connection, "limits")? == Some(limits) {
        return Ok(());
    }
    connection.execute(
        "INSERT OR REPLACE INTO catalogue_meta VALUES ('limits', ?1)",
        [limits],
    )?;
    connection.execute_batch(
        "UPDATE streams SET stage = 1 WHERE archive = 1 AND id IN (
             SELECT container FROM streams WHERE own_reason = 'archive-limit' AND spool IS NULL);
         UPDATE streams SET stage = 0
         WHERE own_reason IN ('limit-exceeded', 'archive-limit') AND (container = 0 OR spool IS NOT NULL);",
    )?;
    Ok(())
}

/// Members that are not in the spool any more are taken out of their archive once more.
fn unpack_again_what_is_missing(connection: &Connection) -> Result<(), IngestError> {
    connection.execute(
        "UPDATE streams SET stage = 1 WHERE archive = 1 AND id IN (
             SELECT container FROM streams WHERE own_reason = ?1 AND spool IS NOT NULL)",
        [QuarantineReason::Unreadable.code()],
    )?;
    Ok(())
}

fn export_number(connection: &Connection, export: &Export) -> Result<i64, IngestError> {
    let root = export.root.as_os_str().as_bytes();
    connection.execute(
        "INSERT INTO exports(root, single_file) SELECT ?1, ?2
         WHERE NOT EXISTS (SELECT 1 FROM exports WHERE root = ?1)",
        params![root, export.single_file],
    )?;
    connection.execute(
        "UPDATE exports SET single_file = ?2 WHERE root = ?1 AND single_file <> ?2",
        params![root, export.single_file],
    )?;
    let find = "SELECT id FROM exports WHERE root = ?1";
    Ok(connection.query_row(find, [root], |row| row.get(0))?)
}

fn list_export(
    connection: &Connection,
    number: i64,
    export: &Export,
    options: &IngestOptions,
    progress: &dyn Progress,
) -> Result<(), IngestError> {
    let (mut streams, mut bytes) = (0, 0);
    for walked in walk(export) {
        listing::add(
            connection,
            &Found {
                export: number,
                container: 0,
                name: &walked.name,
                depth: 0,
                entry: walked.entry,
                stamp: walked.stamp,
                spool: None,
                outcome: walked.outcome,
            },
        )?;
        streams += 1;
        bytes += walked.stamp.size;
        if streams == REPORT_EVERY {
            progress.found(streams, bytes);
            (streams, bytes) = (0, 0);
            if options
                .stop
                .is_some_and(|stop| stop.load(Ordering::Relaxed))
            {
                return Err(IngestError::Stopped);
            }
        }
    }
    progress.found(streams, bytes);
    Ok(())
}

/// Reads and unpacks in turns, until the archives inside archives are read too.
fn read_all(
    catalogue: &mut Catalogue,
    run: i64,
    spool: &Spool,
    options: &IngestOptions,
    pool: &rayon::ThreadPool,
    progress: &dyn Progress,
) -> Result<(), IngestError> {
    let openers = openers(catalogue.connection())?;
    let reader = Reader {
        openers: &openers,
        spool,
        options,
        pool,
    };
    let path = catalogue.path().to_path_buf();
    let connection = catalogue.connection_mut();
    loop {
        progress.phase(Phase::Read);
        read_waiting(connection, &path, &reader, progress)?;
        progress.phase(Phase::Unpack);
        if !unpack_waiting(connection, run, &openers, spool, options, progress)? {
            return Ok(());
        }
    }
}

/// Takes out of the spool what is no DICOM, and what no stream refers to.
fn sweep(connection: &Connection, spool: &Spool) -> Result<(), IngestError> {
    let mut needed = connection.prepare_cached(
        "SELECT EXISTS(SELECT 1 FROM streams WHERE spool = ?1 AND own_outcome <> 'set-aside')
             OR EXISTS(SELECT 1 FROM streams WHERE spool = ?1 AND archive = 1)",
    )?;
    for digest in spool.digests().map_err(IngestError::site)? {
        if !needed.query_row([digest.as_bytes()], |row| row.get::<_, bool>(0))? {
            spool.remove(&digest).map_err(IngestError::site)?;
        }
    }
    Ok(())
}

fn report(catalogue: &Catalogue, run: i64) -> Result<IngestReport, IngestError> {
    let counts = catalogue.counts()?;
    let connection = catalogue.connection();
    let number = |statement: &str| connection.query_row(statement, [], |row| natural(row, 0));
    let new = connection.query_row(
        "SELECT count(*), sum(size) FROM streams WHERE found_run = ?1",
        [run],
        |row| {
            Ok(Tally {
                count: natural(row, 0)?,
                bytes: natural(row, 1)?,
            })
        },
    )?;
    let changed = connection.query_row(
        "SELECT count(*) FROM streams WHERE changed_run = ?1",
        [run],
        |row| natural(row, 0),
    )?;
    Ok(IngestReport {
        run,
        found: counts.found,
        ready: counts.ready,
        ended: counts.ended,
        new,
        changed,
        vanished: number("SELECT count(*) FROM streams WHERE vanished = 1")?,
        patients: number("SELECT count(DISTINCT patient) FROM instances WHERE patient <> 0")?,
        studies: number("SELECT count(DISTINCT study) FROM instances WHERE study <> 0")?,
        series: number("SELECT count(DISTINCT series) FROM instances WHERE series <> 0")?,
        instances: number("SELECT count(*) FROM instances")?,
    })
}
