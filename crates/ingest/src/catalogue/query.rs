//! Questions to the catalogue.

use super::Catalogue;
use super::types::{
    Counts, Instance, Look, Patient, PatientKey, PatientNumber, Series, SeriesNumber, StreamEntry,
    StreamNumber, StreamPlace, StudyNumber,
};
use crate::catalogue::schema::stage;
use crate::error::IngestError;
use crate::located::{Located, Place};
use cloakroom_core::{Digest, KnownKind, KnownValue, KnownValues, Outcome, Phi, Tally, uid};
use cloakroom_p10::Source;
use rusqlite::types::FromSql;
use rusqlite::{OptionalExtension, Row, params};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Catalogue {
    /// Every patient with at least one instance, sorted by Patient ID and issuer.
    ///
    /// # Errors
    /// If the catalogue cannot be read.
    pub fn patients(&self) -> Result<Vec<Patient>, IngestError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, patient_id, issuer FROM patients AS p
             WHERE EXISTS (SELECT 1 FROM instances WHERE patient = p.id)
             ORDER BY patient_id, issuer",
        )?;
        let patients = statement.query_map([], patient)?;
        Ok(patients.collect::<Result<_, _>>()?)
    }

    /// One patient.
    ///
    /// # Errors
    /// If there is no such patient, or the catalogue cannot be read.
    pub fn patient(&self, number: PatientNumber) -> Result<Patient, IngestError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, patient_id, issuer FROM patients WHERE id = ?1")?;
        Ok(statement.query_row([number.0], patient)?)
    }

    /// The series of a patient, sorted by Study and Series Instance UID.
    ///
    /// # Errors
    /// If the catalogue cannot be read.
    pub fn series_of(&self, patient: PatientNumber) -> Result<Vec<Series>, IngestError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT i.series, coalesce(r.uid, ''), i.study, coalesce(y.uid, ''),
                    count(*), sum(s.size)
             FROM instances AS i JOIN streams AS s ON s.id = i.stream
             LEFT JOIN series AS r ON r.id = i.series LEFT JOIN studies AS y ON y.id = i.study
             WHERE i.patient = ?1
             GROUP BY i.study, i.series ORDER BY y.uid, r.uid",
        )?;
        let series = statement.query_map([patient.0], |row| {
            Ok(Series {
                number: SeriesNumber(row.get(0)?),
                uid: Phi::new(row.get(1)?),
                study: StudyNumber(row.get(2)?),
                study_uid: Phi::new(row.get(3)?),
                instances: natural(row, 4)?,
                bytes: natural(row, 5)?,
            })
        })?;
        Ok(series.collect::<Result<_, _>>()?)
    }

    /// The instances of one series of one patient, sorted by SOP Instance UID and then by stream.
    ///
    /// # Errors
    /// If the catalogue cannot be read.
    pub fn instances_of(
        &self,
        patient: PatientNumber,
        study: StudyNumber,
        series: SeriesNumber,
    ) -> Result<Vec<Instance>, IngestError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT i.stream, s.size, i.uid, i.look, i.instance_number, i.rows, i.columns,
                    i.frames, i.pixel_bytes, s.outcome, s.reason, s.vanished
             FROM instances AS i JOIN streams AS s ON s.id = i.stream
             WHERE i.patient = ?1 AND i.study = ?2 AND i.series = ?3
             ORDER BY i.uid, i.stream",
        )?;
        let mut rows = statement.query(params![patient.0, study.0, series.0])?;
        let mut looks = HashMap::new();
        let mut instances = Vec::new();
        while let Some(row) = rows.next()? {
            let look: i64 = row.get(3)?;
            let look = match looks.get(&look) {
                Some(look) => Arc::clone(look),
                None => Arc::clone(looks.entry(look).or_insert(Arc::new(self.look(look)?))),
            };
            instances.push(Instance {
                stream: StreamNumber(row.get(0)?),
                size: natural(row, 1)?,
                uid: Phi::new(row.get(2)?),
                look,
                instance_number: row.get(4)?,
                rows: row.get(5)?,
                columns: row.get(6)?,
                frames: row.get(7)?,
                pixel_bytes: natural(row, 8)?,
                outcome: outcome(row, 9)?,
                vanished: row.get(11)?,
            });
        }
        Ok(instances)
    }

    fn look(&self, number: i64) -> Result<Look, IngestError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT * FROM looks WHERE id = ?1")?;
        Ok(statement.query_row([number], |row| {
            Ok(Look {
                sop_class: row.get("sop_class")?,
                transfer_syntax: row.get("transfer_syntax")?,
                modality: row.get("modality")?,
                manufacturer: phi(row, "manufacturer")?,
                model: phi(row, "model")?,
                software: phi(row, "software")?,
                image_type: row.get("image_type")?,
                body_part: phi(row, "body_part")?,
                photometric: row.get("photometric")?,
                burned_in: row.get("burned_in")?,
                conversion_type: row.get("conversion_type")?,
                series_description: phi(row, "series_description")?,
                samples: row.get("samples")?,
                bits_stored: row.get("bits_stored")?,
            })
        })?)
    }

    /// Everything that a patient, and those around the patient, are called in the exports: in the
    /// patient's own headers, and in all headers of the patient's studies, whoever they are filed under.
    ///
    /// # Errors
    /// If the catalogue cannot be read, or holds a kind that this program does not know.
    pub fn known_values(&self, patient: PatientNumber) -> Result<KnownValues, IngestError> {
        let mut statement = self.connection.prepare_cached(
            "WITH own(study) AS (SELECT DISTINCT study FROM instances WHERE patient = ?1 AND study <> 0)
             SELECT kind, value FROM known WHERE patient = ?1
             UNION SELECT kind, value FROM known WHERE study IN own
             UNION SELECT ?2, uid FROM instances WHERE patient = ?1
             UNION SELECT ?2, uid FROM studies WHERE id IN own
             UNION SELECT ?2, uid FROM series WHERE id IN
                 (SELECT series FROM instances WHERE patient = ?1)",
        )?;
        let uid_kind = kind_number(KnownKind::Uid);
        let mut rows = statement.query(params![patient.0, uid_kind])?;
        let mut values = Vec::new();
        while let Some(row) = rows.next()? {
            let kind: i64 = row.get(0)?;
            let text: String = row.get(1)?;
            // The standard's own instances, the well-known colour palettes, are everybody's.
            if kind == uid_kind && uid::is_standard(&text) {
                continue;
            }
            values.push(KnownValue {
                kind: kind_of_number(kind).ok_or(IngestError::CatalogueDamaged)?,
                value: Phi::new(text),
            });
        }
        Ok(KnownValues::new(values))
    }

    /// Accession Numbers and other orders in the headers of one study of one patient.
    ///
    /// # Errors
    /// If the catalogue cannot be read.
    pub fn orders_of(
        &self,
        patient: PatientNumber,
        study: StudyNumber,
    ) -> Result<Vec<Phi<String>>, IngestError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT value FROM known WHERE patient = ?1 AND study = ?2 AND kind = ?3",
        )?;
        let orders = statement.query_map(
            params![patient.0, study.0, kind_number(KnownKind::OrderId)],
            |row| row.get(0).map(Phi::new),
        )?;
        Ok(orders.collect::<Result<_, _>>()?)
    }

    /// Calls `each` with every stream, in the order of their numbers.
    ///
    /// # Errors
    /// If the catalogue cannot be read, or `each` refuses.
    pub fn for_each_stream(
        &self,
        each: &mut dyn FnMut(StreamEntry) -> Result<(), IngestError>,
    ) -> Result<(), IngestError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, size, outcome, reason, vanished FROM streams ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(StreamEntry {
                stream: StreamNumber(row.get(0)?),
                size: natural(row, 1)?,
                outcome: outcome(row, 2)?,
                vanished: row.get(4)?,
            })?;
        }
        Ok(())
    }

    /// What was found, what is ready, and how the rest ended.
    ///
    /// # Errors
    /// If the catalogue cannot be read.
    pub fn counts(&self) -> Result<Counts, IngestError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT outcome, reason, stage, count(*), sum(size) FROM streams GROUP BY 1, 2, 3",
        )?;
        let mut rows = statement.query([])?;
        let mut counts = Counts::default();
        while let Some(row) = rows.next()? {
            let tally = Tally {
                count: natural(row, 3)?,
                bytes: natural(row, 4)?,
            };
            counts.found += tally;
            let is_done = row.get::<_, i64>(2)? == stage::DONE;
            match outcome(row, 0)? {
                _ if !is_done => counts.unread += tally,
                None => counts.ready += tally,
                Some(outcome) => {
                    counts.ended.found += tally;
                    let ended = &mut counts.ended;
                    *ended.outcomes.entry(outcome.kind().into()).or_default() += tally;
                    *ended.reasons.entry(outcome.to_string()).or_default() += tally;
                }
            }
        }
        Ok(counts)
    }

    /// Where the bytes of a stream lie, to be opened now or in another thread.
    ///
    /// # Errors
    /// If there is no such stream, or its bytes were never there to be read: a link, an unreadable
    /// folder, a member that was not unpacked.
    pub fn locate(&self, stream: StreamNumber) -> Result<Located, IngestError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT s.container, s.name, s.size, s.modified_ns, s.spool, e.root, e.single_file, s.entry
             FROM streams AS s JOIN exports AS e ON e.id = s.export WHERE s.id = ?1",
        )?;
        let located = statement
            .query_row([stream.0], |row| {
                let size = natural(row, 2)?;
                let modified_ns = row.get(3)?;
                let entry: i64 = row.get(7)?;
                let place = match row.get::<_, Option<[u8; 32]>>(4)? {
                    Some(digest) => Some(Place::Spool(self.spooled(&Digest::from_bytes(digest)))),
                    None if entry == super::schema::entry::FILE => Some(Place::Export {
                        folder: export_folder(path(row, 5)?, row.get(6)?),
                        name: row.get(1)?,
                    }),
                    None => None,
                };
                Ok(place.map(|place| Located {
                    place,
                    size,
                    modified_ns,
                }))
            })
            .optional()?;
        located.flatten().ok_or(IngestError::NoSuchStream)
    }

    /// Opens the bytes of a stream, if they are still what was ingested.
    ///
    /// # Errors
    /// As [`Catalogue::locate`] and [`Located::open`].
    pub fn open_stream(&self, stream: StreamNumber) -> Result<Arc<dyn Source>, IngestError> {
        self.locate(stream)?.open()
    }

    /// Where a stream lies in the export, for the officer.
    ///
    /// # Errors
    /// If there is no such stream, or the catalogue cannot be read.
    pub fn place_of(&self, stream: StreamNumber) -> Result<Phi<StreamPlace>, IngestError> {
        let mut members = Vec::new();
        let mut current = stream.0;
        loop {
            let mut statement = self.connection.prepare_cached(
                "SELECT s.container, s.name, e.root, e.single_file
                 FROM streams AS s JOIN exports AS e ON e.id = s.export WHERE s.id = ?1",
            )?;
            let found = statement.query_row([current], |row| {
                let folder = export_folder(path(row, 2)?, row.get(3)?);
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, folder))
            });
            let (container, name, folder) = found.optional()?.ok_or(IngestError::NoSuchStream)?;
            if container == 0 {
                members.reverse();
                let file = folder.join(Path::new(OsStr::from_bytes(&name)));
                return Ok(Phi::new(StreamPlace { file, members }));
            }
            members.push(name);
            current = container;
        }
    }

    fn spooled(&self, digest: &Digest) -> PathBuf {
        crate::spool::place(&self.spool, digest)
    }
}

fn patient(row: &Row) -> rusqlite::Result<Patient> {
    Ok(Patient {
        number: PatientNumber(row.get(0)?),
        key: Phi::new(PatientKey {
            patient_id: row.get(1)?,
            issuer: row.get(2)?,
        }),
    })
}

fn phi<T: FromSql>(row: &Row, column: &str) -> rusqlite::Result<Phi<T>> {
    row.get(column).map(Phi::new)
}

/// Counts and sizes are stored as signed numbers and are never negative.
pub(crate) fn natural(row: &Row, column: usize) -> rusqlite::Result<u64> {
    let number: Option<i64> = row.get(column)?;
    Ok(u64::try_from(number.unwrap_or(0)).unwrap_or(0))
}

pub(crate) fn path(row: &Row, column: usize) -> rusqlite::Result<PathBuf> {
    Ok(PathBuf::from(OsString::from_vec(row.get(column)?)))
}

pub(crate) fn export_folder(root: PathBuf, single_file: bool) -> PathBuf {
    if single_file {
        root.parent().map(Path::to_path_buf).unwrap_or(root)
    } else {
        root
    }
}

/// Outcome and reason in two columns; `None` where both are empty.
fn outcome(row: &Row, column: usize) -> rusqlite::Result<Option<Outcome>> {
    let kind = row.get_ref(column)?.as_str()?;
    let reason = row.get_ref(column + 1)?.as_str()?;
    if kind.is_empty() {
        return Ok(None);
    }
    Outcome::parse(kind, reason)
        .map(Some)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, 0))
}

const KINDS: [(i64, KnownKind); 10] = [
    (1, KnownKind::PatientName),
    (2, KnownKind::PatientId),
    (3, KnownKind::BirthDate),
    (4, KnownKind::Contact),
    (5, KnownKind::Address),
    (6, KnownKind::OrderId),
    (7, KnownKind::Person),
    (8, KnownKind::Institution),
    (9, KnownKind::Device),
    (10, KnownKind::Uid),
];

/// The number under which a kind is stored.
pub(crate) fn kind_number(kind: KnownKind) -> i64 {
    KINDS
        .iter()
        .find(|(_, other)| *other == kind)
        .map_or(0, |(number, _)| *number)
}

fn kind_of_number(number: i64) -> Option<KnownKind> {
    KINDS
        .iter()
        .find(|(other, _)| *other == number)
        .map(|(_, kind)| *kind)
}
