//! Reads the headers of all streams that wait: many threads read, one writes, in the order of the streams.
//!
//! Batches are read in the order of the stream numbers and stored in that order, so that every number
//! that the catalogue gives is the same at any number of threads, and after any number of interruptions.

use crate::catalogue::connect;
use crate::catalogue::lookup::Lookup;
use crate::catalogue::query::{export_folder, kind_number, path};
use crate::catalogue::schema::stage;
use crate::error::IngestError;
use crate::header::{Header, Reading, read_stream};
use crate::listing::columns;
use crate::located::ExportFile;
use crate::open::{Opener, Stamp};
use crate::options::{IngestOptions, Progress};
use crate::spool::Spool;
use cloakroom_core::{Digest, Outcome, QuarantineReason};
use cloakroom_p10::{FileSource, Limits};
use rayon::prelude::*;
use rusqlite::{Connection, params};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Streams that are read together and stored in one transaction.
const BATCH: usize = 1024;

/// Batches that may wait for the writer.
const WAITING: usize = 2;

/// Known values that are remembered as stored before all are forgotten again.
const REMEMBERED: usize = 16_384;

/// One stream that waits to be read.
struct Task {
    stream: i64,
    export: i64,
    name: Vec<u8>,
    depth: i64,
    spool: Option<Digest>,
    stamp: Stamp,
}

/// One stream that was read.
struct Done {
    stream: i64,
    stamp: Stamp,
    reading: Reading,
}

/// Where the files of the exports are opened, by the number of the export.
pub(crate) type Openers = HashMap<i64, Opener>;

/// The folders of all exports of the catalogue that can be opened now.
pub(crate) fn openers(connection: &Connection) -> Result<Openers, IngestError> {
    let mut statement = connection.prepare_cached("SELECT id, root, single_file FROM exports")?;
    let mut rows = statement.query([])?;
    let mut openers = Openers::new();
    while let Some(row) = rows.next()? {
        let folder = export_folder(path(row, 1)?, row.get(2)?);
        if let Ok(opener) = Opener::new(&folder) {
            openers.insert(row.get(0)?, opener);
        }
    }
    Ok(openers)
}

/// What the threads that read need.
pub(crate) struct Reader<'a> {
    pub(crate) openers: &'a Openers,
    pub(crate) spool: &'a Spool,
    pub(crate) options: &'a IngestOptions<'a>,
    pub(crate) pool: &'a rayon::ThreadPool,
}

/// Reads everything that waits, and stores what it is.
///
/// # Errors
/// If the catalogue cannot be read or written, or the caller asked to stop.
pub(crate) fn read_waiting(
    connection: &mut Connection,
    catalogue: &Path,
    reader: &Reader,
    progress: &dyn Progress,
) -> Result<(), IngestError> {
    let (sender, receiver) = sync_channel(WAITING);
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || send_batches(catalogue, reader, &sender));
        let written = write_batches(connection, receiver, progress);
        // The reader stops by itself when the writer has gone and nobody takes its batches.
        let read = reading.join().unwrap_or(Err(IngestError::Threads));
        written.and(read)
    })
}

fn send_batches(
    catalogue: &Path,
    reader: &Reader,
    sender: &SyncSender<Vec<Done>>,
) -> Result<(), IngestError> {
    let connection = connect(catalogue)?;
    let mut after = 0;
    loop {
        if reader
            .options
            .stop
            .is_some_and(|stop| stop.load(Ordering::Relaxed))
        {
            return Err(IngestError::Stopped);
        }
        let tasks = waiting(&connection, after)?;
        let Some(last) = tasks.last() else {
            return Ok(());
        };
        after = last.stream;
        let done = reader.pool.install(|| {
            tasks
                .into_par_iter()
                .map(|task| reader.read(task))
                .collect()
        });
        if sender.send(done).is_err() {
            return Ok(());
        }
    }
}

fn waiting(connection: &Connection, after: i64) -> Result<Vec<Task>, IngestError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, export, name, depth, spool, size, modified_ns FROM streams
         WHERE stage = 0 AND id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let tasks = statement.query_map(params![after, BATCH as i64], |row| {
        let spool: Option<[u8; 32]> = row.get(4)?;
        Ok(Task {
            stream: row.get(0)?,
            export: row.get(1)?,
            name: row.get(2)?,
            depth: row.get(3)?,
            spool: spool.map(Digest::from_bytes),
            stamp: Stamp {
                size: crate::catalogue::query::natural(row, 5)?,
                modified_ns: row.get(6)?,
            },
        })
    })?;
    Ok(tasks.collect::<Result<_, _>>()?)
}

impl Reader<'_> {
    fn read(&self, task: Task) -> Done {
        let limits = &self.options.limits;
        let may_unpack = task.depth < i64::from(self.options.archives.nesting);
        let (stamp, reading) = match &task.spool {
            Some(digest) => {
                let path = self.spool.place(digest);
                (task.stamp, read_spooled(&path, limits, may_unpack))
            }
            None => self.read_file(&task, limits, may_unpack),
        };
        Done {
            stream: task.stream,
            stamp,
            reading,
        }
    }

    fn read_file(&self, task: &Task, limits: &Limits, may_unpack: bool) -> (Stamp, Reading) {
        let opened = self
            .openers
            .get(&task.export)
            .and_then(|opener| opener.open(&task.name).ok());
        let Some((file, stamp)) = opened else {
            return (task.stamp, quarantined(QuarantineReason::Unreadable));
        };
        let file = Arc::new(ExportFile::new(file, stamp));
        let reading = read_stream(Arc::clone(&file) as _, limits, may_unpack);
        if file.is_unchanged() {
            (stamp, reading)
        } else {
            (stamp, quarantined(QuarantineReason::ChangedSinceIngest))
        }
    }
}

fn read_spooled(path: &Path, limits: &Limits, may_unpack: bool) -> Reading {
    match FileSource::open(path) {
        Ok(source) => read_stream(Arc::new(source), limits, may_unpack),
        Err(_) => quarantined(QuarantineReason::Unreadable),
    }
}

const fn quarantined(reason: QuarantineReason) -> Reading {
    Reading::Ended(Outcome::Quarantined(reason))
}

fn write_batches(
    connection: &mut Connection,
    receiver: Receiver<Vec<Done>>,
    progress: &dyn Progress,
) -> Result<(), IngestError> {
    let mut writer = Writer::default();
    for batch in receiver {
        let (streams, mut bytes) = (batch.len() as u64, 0);
        let transaction = connection.transaction()?;
        for done in batch {
            bytes += done.stamp.size;
            writer.store(&transaction, done)?;
        }
        transaction.commit()?;
        progress.read(streams, bytes);
    }
    Ok(())
}

#[derive(Default)]
struct Writer {
    lookup: Lookup,
    stored: HashSet<(i64, i64, i64, String)>,
}

impl Writer {
    fn store(&mut self, connection: &Connection, done: Done) -> Result<(), IngestError> {
        let (new_stage, archive, outcome) = match &done.reading {
            Reading::Ended(outcome) => (stage::DONE, false, Some(*outcome)),
            Reading::Archive => (stage::TO_UNPACK, true, None),
            Reading::Instance(_, hold) => (stage::DONE, false, hold.map(Outcome::Held)),
        };
        let (kind, reason) = columns(outcome);
        connection
            .prepare_cached(
                "UPDATE streams SET stage = ?2, archive = ?3, own_outcome = ?4, own_reason = ?5,
                     size = ?6, modified_ns = ?7 WHERE id = ?1",
            )?
            .execute(params![
                done.stream,
                new_stage,
                archive,
                kind,
                reason,
                i64::try_from(done.stamp.size).unwrap_or(i64::MAX),
                done.stamp.modified_ns
            ])?;
        if let Reading::Instance(header, _) = done.reading {
            self.store_instance(connection, done.stream, *header)?;
        }
        Ok(())
    }

    fn store_instance(
        &mut self,
        connection: &Connection,
        stream: i64,
        header: Header,
    ) -> Result<(), IngestError> {
        let patient = match header.patient {
            Some(key) => self.lookup.patient(connection, key)?,
            None => 0,
        };
        let study = self.lookup.study(connection, header.study)?;
        let series = self.lookup.series(connection, header.series)?;
        let look = self.lookup.look(connection, header.look)?;
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO instances(stream, patient, study, series, uid, look,
                     instance_number, rows, columns, frames, pixel_bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                stream,
                patient,
                study,
                series,
                header.instance,
                look,
                header.instance_number,
                header.rows,
                header.columns,
                header.frames,
                i64::try_from(header.pixel_bytes).unwrap_or(i64::MAX)
            ])?;
        for known in header.known {
            let row = (
                patient,
                study,
                kind_number(known.kind),
                known.value.into_exposed(),
            );
            if self.stored.contains(&row) {
                continue;
            }
            connection
                .prepare_cached("INSERT OR IGNORE INTO known VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![row.0, row.1, row.2, row.3])?;
            if self.stored.len() >= REMEMBERED {
                self.stored.clear();
            }
            self.stored.insert(row);
        }
        Ok(())
    }
}
