//! The catalogue: one SQLite file in the site folder, for its owner only.
//!
//! Write-ahead logging keeps it whole whenever the program is killed. Whatever is read from it is PHI.

pub(crate) mod lookup;
pub(crate) mod query;
pub(crate) mod schema;
mod types;

pub use types::{
    Counts, Instance, Look, Patient, PatientKey, PatientNumber, Series, SeriesNumber, StreamEntry,
    StreamNumber, StreamPlace, StudyNumber,
};

use crate::error::IngestError;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Pages between checkpoints of the write-ahead log: 64 MiB.
const CHECKPOINT_PAGES: i64 = 16_384;

/// Kibibytes of the page cache, negative as SQLite wants it.
const CACHE: i64 = -49_152;

/// The catalogue of a site.
///
/// Several may be open at once, and all but one of them should only read; [`crate::ingest`] takes a lock.
pub struct Catalogue {
    connection: Connection,
    path: PathBuf,
    spool: PathBuf,
}

impl Catalogue {
    /// Opens the catalogue at `path` (the site's `site.db`), or makes it, readable by its owner only.
    ///
    /// Unpacked members of archives are looked for in the folder `spool` beside it.
    ///
    /// # Errors
    /// If the file cannot be opened or made, is no catalogue, or was written by a newer program.
    pub fn open(path: &Path) -> Result<Self, IngestError> {
        create_private(path).map_err(IngestError::site)?;
        let path = path.canonicalize().map_err(IngestError::site)?;
        let connection = connect(&path)?;
        prepare(&connection)?;
        let spool = path.with_file_name("spool");
        Ok(Self {
            connection,
            path,
            spool,
        })
    }

    /// Opens a catalogue that nobody changes, on a disk that may be read-only or shared between machines.
    ///
    /// # Errors
    /// If it is not there, or an ingest has not ended.
    pub fn open_finished(path: &Path) -> Result<Self, IngestError> {
        let path = path.canonicalize().map_err(IngestError::site)?;
        let connection = connect_to_read(&path)?;
        match meta(&connection, "format")? {
            Some(found) if found > schema::VERSION => {
                return Err(IngestError::CatalogueNewer {
                    found,
                    known: schema::VERSION,
                });
            }
            Some(_) => connection.execute_batch(schema::TEMPORARY)?,
            None => return Err(IngestError::CatalogueDamaged),
        }
        let unfinished = "SELECT EXISTS (SELECT 1 FROM runs WHERE finished = 0)";
        if connection.query_row(unfinished, [], |row| row.get(0))? {
            return Err(IngestError::CatalogueUnfinished);
        }
        let spool = path.with_file_name("spool");
        Ok(Self {
            connection,
            path,
            spool,
        })
    }

    /// The file of the catalogue.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, for rooms that keep tables of their own in the same file. The tables of the
    /// catalogue may be read through it and never be changed.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn spool_folder(&self) -> &Path {
        &self.spool
    }

    pub(crate) fn set_spool_folder(&mut self, folder: PathBuf) {
        self.spool = folder;
    }

    pub(crate) const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// A further connection to the same file.
pub(crate) fn connect(path: &Path) -> Result<Connection, IngestError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(60))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    connection.set_prepared_statement_cache_capacity(64);
    // What is sorted on the way to the catalogue names patients too, so it stays in the site folder.
    if let Some(folder) = path.parent().and_then(Path::to_str) {
        connection.pragma_update(None, "temp_store_directory", folder)?;
    }
    Ok(connection)
}

/// A connection that takes no lock and makes no file, so that any number of machines may share the folder.
///
/// # Errors
/// If the file cannot be opened, or a write-ahead log beside it holds what has not reached it.
pub fn connect_to_read(path: &Path) -> Result<Connection, IngestError> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if std::fs::metadata(log).is_ok_and(|log| log.len() > 0) {
        return Err(IngestError::CatalogueUnfinished);
    }
    let mut name = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => name.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => name.push(char::from(*byte)),
            byte => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(name, flags)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn create_private(path: &Path) -> io::Result<()> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

fn prepare(connection: &Connection) -> Result<(), IngestError> {
    let exists: bool = connection.query_row(
        "SELECT EXISTS(SELECT 1 FROM sqlite_master WHERE name = 'catalogue_meta')",
        [],
        |row| row.get(0),
    )?;
    if !exists {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {} INSERT INTO catalogue_meta VALUES ('format', {}); COMMIT;",
            schema::TABLES,
            schema::VERSION
        ))?;
    }
    match meta(connection, "format")? {
        Some(found) if found > schema::VERSION => Err(IngestError::CatalogueNewer {
            found,
            known: schema::VERSION,
        }),
        Some(_) => Ok(connection.execute_batch(schema::TEMPORARY)?),
        None => Err(IngestError::CatalogueDamaged),
    }
}

pub(crate) fn meta(connection: &Connection, key: &str) -> Result<Option<i64>, IngestError> {
    Ok(connection
        .query_row(
            "SELECT value FROM catalogue_meta WHERE key = ?1",
            [key],
            |row| row.get(0),
        )
        .optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_catalogue_and_all_beside_it_are_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.db");
        let catalogue = Catalogue::open(&path).unwrap();
        catalogue
            .connection()
            .execute_batch("CREATE TABLE other(a)")
            .unwrap();
        let mut files = 0;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            files += 1;
        }
        assert!(files >= 2, "the log is open");
    }

    #[test]
    fn what_is_sorted_on_disk_stays_in_a_site_folder() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::open(&folder.path().join("site.db")).unwrap();
        let ask = "PRAGMA temp_store_directory";
        let told: String = catalogue
            .connection()
            .query_row(ask, [], |row| row.get(0))
            .unwrap();
        // The setting is one for the whole process, and other tests open catalogues too.
        assert!(Path::new(&told).is_absolute(), "{told}");
    }

    #[test]
    fn a_catalogue_of_a_newer_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.db");
        let catalogue = Catalogue::open(&path).unwrap();
        let raise = "UPDATE catalogue_meta SET value = 99 WHERE key = 'format'";
        catalogue.connection().execute_batch(raise).unwrap();
        drop(catalogue);
        assert!(matches!(
            Catalogue::open(&path),
            Err(IngestError::CatalogueNewer { found: 99, .. })
        ));
    }

    #[test]
    fn what_is_no_catalogue_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.db");
        std::fs::write(&path, [7; 4096]).unwrap();
        assert!(matches!(
            Catalogue::open(&path),
            Err(IngestError::Catalogue { .. })
        ));
    }
}
