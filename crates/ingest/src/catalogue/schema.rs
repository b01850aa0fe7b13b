//! The tables of the catalogue. All of them hold PHI.

/// The format of the catalogue; a program that knows only older ones refuses to open it.
pub(crate) const VERSION: i64 = 1;

/// Other rooms may add tables of their own to the same file; none may change these.
///
/// Ids ascend with the sorted paths of the run that found a stream, whatever the order of folders and
/// the number of threads: files first, then the members of archives.
pub(crate) const TABLES: &str = "
CREATE TABLE catalogue_meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- An export is a folder or a single file; root is its absolute path as bytes.
CREATE TABLE exports(
    id INTEGER PRIMARY KEY,
    root BLOB NOT NULL UNIQUE,
    single_file INTEGER NOT NULL);

CREATE TABLE runs(id INTEGER PRIMARY KEY, finished INTEGER NOT NULL);

-- One row for each byte stream, once it was found.
CREATE TABLE streams(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    export INTEGER NOT NULL,
    -- The stream of the archive that holds it; 0 for a file of the export itself.
    container INTEGER NOT NULL,
    -- The path below the export, or the name in the archive, as bytes.
    name BLOB NOT NULL,
    -- Members of one archive may share a name: 0, 1, 2 … in the order of the archive.
    occurrence INTEGER NOT NULL,
    -- Archives around it: 0 for a file of the export itself.
    depth INTEGER NOT NULL,
    -- 0 file, 1 link or special file, 2 unreadable entry, 3 member of an archive.
    entry INTEGER NOT NULL,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    -- Where an unpacked member lies in the spool: the digest of its bytes.
    spool BLOB,
    -- 0 to be read, 1 archive to be unpacked, 2 done.
    stage INTEGER NOT NULL,
    archive INTEGER NOT NULL DEFAULT 0,
    -- What reading the stream alone told; empty for an instance that may go on.
    own_outcome TEXT NOT NULL DEFAULT '',
    own_reason TEXT NOT NULL DEFAULT '',
    -- The same after looking at all streams together: duplicates and conflicts.
    outcome TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    found_run INTEGER NOT NULL,
    changed_run INTEGER NOT NULL DEFAULT 0,
    vanished INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX streams_by_place ON streams(container, export, name, occurrence);
CREATE INDEX streams_to_do ON streams(stage, id) WHERE stage < 2;
CREATE INDEX streams_by_spool ON streams(spool) WHERE spool IS NOT NULL;

CREATE TABLE patients(
    id INTEGER PRIMARY KEY,
    patient_id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    UNIQUE(patient_id, issuer));
CREATE TABLE studies(id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE);
CREATE TABLE series(id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE);

-- What the instances of a series usually share.
CREATE TABLE looks(
    id INTEGER PRIMARY KEY,
    sop_class TEXT NOT NULL,
    transfer_syntax TEXT NOT NULL,
    modality TEXT NOT NULL,
    manufacturer TEXT NOT NULL,
    model TEXT NOT NULL,
    software TEXT NOT NULL,
    image_type TEXT NOT NULL,
    body_part TEXT NOT NULL,
    photometric TEXT NOT NULL,
    burned_in TEXT NOT NULL,
    conversion_type TEXT NOT NULL,
    series_description TEXT NOT NULL,
    samples INTEGER NOT NULL,
    bits_stored INTEGER NOT NULL,
    -- The digest of all columns above, so that a long row is found by a short key.
    digest BLOB NOT NULL UNIQUE);

-- One row for each stream that is an instance. 0 stands for a patient, study or series that is not named.
CREATE TABLE instances(
    stream INTEGER PRIMARY KEY,
    patient INTEGER NOT NULL,
    study INTEGER NOT NULL,
    series INTEGER NOT NULL,
    uid TEXT NOT NULL,
    look INTEGER NOT NULL,
    instance_number INTEGER,
    rows INTEGER NOT NULL,
    columns INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    pixel_bytes INTEGER NOT NULL,
    -- The digest of transfer syntax and data set, where another stream has the same SOP Instance UID.
    content BLOB);
CREATE INDEX instances_by_uid ON instances(uid);
CREATE INDEX instances_by_place ON instances(patient, study, series);

-- What was found in the headers of one study of one patient. A value stays known when its file has gone.
CREATE TABLE known(
    patient INTEGER NOT NULL,
    study INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY(patient, study, kind, value)) WITHOUT ROWID;
CREATE INDEX known_by_study ON known(study);
";

/// Tables of one connection, for the listing of one run; they lie in the site folder and vanish with it.
pub(crate) const TEMPORARY: &str = "
CREATE TEMP TABLE IF NOT EXISTS found(
    export INTEGER NOT NULL,
    container INTEGER NOT NULL,
    name BLOB NOT NULL,
    occurrence INTEGER NOT NULL,
    depth INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    spool BLOB,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL);
CREATE TEMP TABLE IF NOT EXISTS verdicts(
    stream INTEGER PRIMARY KEY,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL);
";

/// What stands in column `stage`, next to 0 for what is to be read.
pub(crate) mod stage {
    pub(crate) const TO_UNPACK: i64 = 1;
    pub(crate) const DONE: i64 = 2;
}

/// What stands in column `entry`.
pub(crate) mod entry {
    pub(crate) const FILE: i64 = 0;
    pub(crate) const LINK: i64 = 1;
    /// A folder that cannot be listed, or an entry that cannot be looked at; it stands for what is in it.
    pub(crate) const UNREADABLE: i64 = 2;
    pub(crate) const MEMBER: i64 = 3;
}
