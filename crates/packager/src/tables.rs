//! The index as CSV: a pure function of the index, so a checker writes them again and compares bytes.
//!
//! Tables are written and read row by row: a track may have millions of instances.

use crate::block::{BlockEntry, MemberEntry};
use crate::error::PackError;
use crate::index::{Index, PatientPlace};
use crate::manifest::{Counts, ShardSummary};
use crate::seekable::Compression;
use crate::shard::ShardEntry;
use cloakroom_core::InstanceFacts;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::str::FromStr;

/// The folder of the tables.
pub(crate) const FOLDER: &str = "data/tables";
pub(crate) const PATIENTS: &str = "data/tables/patients.csv";
pub(crate) const STUDIES: &str = "data/tables/studies.csv";
pub(crate) const SERIES: &str = "data/tables/series.csv";
pub(crate) const INSTANCES: &str = "data/tables/instances.csv";

const PATIENT_COLUMNS: &[&str] = &[
    "patient",
    "site",
    "split",
    "sex",
    "studies",
    "series",
    "instances",
    "bytes",
];
const STUDY_COLUMNS: &[&str] = &[
    "patient",
    "study",
    "site",
    "split",
    "study_date",
    "age",
    "modalities",
    "series",
    "instances",
    "bytes",
];
const SERIES_COLUMNS: &[&str] = &[
    "patient",
    "study",
    "series",
    "site",
    "split",
    "modality",
    "body_part",
    "series_description",
    "manufacturer",
    "model",
    "instances",
    "frames",
    "bytes",
    "shard",
    "offset",
    "length",
    "tar_offset",
    "tar_length",
];
const INSTANCE_COLUMNS: &[&str] = &[
    "shard",
    "member",
    "offset",
    "size",
    "sha256",
    "patient",
    "study",
    "series",
    "instance",
    "sop_class",
    "transfer_syntax",
    "modality",
    "body_part",
    "image_type",
    "laterality",
    "view",
    "series_description",
    "manufacturer",
    "model",
    "sex",
    "age",
    "study_date",
    "frame_of_reference",
    "instance_number",
    "rows",
    "columns",
    "frames",
    "bits_stored",
    "row_spacing",
    "column_spacing",
    "slice_thickness",
    "position",
    "orientation",
];

/// All tables of a package, in the order in which they are written.
pub(crate) const ALL: [&str; 4] = [PATIENTS, STUDIES, SERIES, INSTANCES];

/// Writes one of the tables, row by row.
pub(crate) fn write(index: &Index, path: &str, out: &mut dyn Write) -> Result<(), PackError> {
    match path {
        PATIENTS => patients(index, out),
        STUDIES => studies(index, out),
        SERIES => series(index, out),
        _ => instances(index, out),
    }
}

/// A CSV text with LF line ends; also for the tables of a release.
pub(crate) fn csv_text<R>(
    table: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = R>,
) -> Result<Vec<u8>, PackError>
where
    R: IntoIterator,
    R::Item: AsRef<[u8]>,
{
    let mut text = Vec::new();
    write_rows(table, columns, rows, &mut text)?;
    Ok(text)
}

fn write_rows<R>(
    table: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = R>,
    out: &mut dyn Write,
) -> Result<(), PackError>
where
    R: IntoIterator,
    R::Item: AsRef<[u8]>,
{
    let fault = |error: &dyn std::fmt::Display| PackError::Table {
        table: table.into(),
        why: error.to_string(),
    };
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(1 << 17)
        .from_writer(out);
    writer
        .write_record(columns)
        .map_err(|error| fault(&error))?;
    for row in rows {
        writer.write_record(row).map_err(|error| fault(&error))?;
    }
    writer.flush().map_err(|error| fault(&error))
}

fn blocks(index: &Index) -> impl Iterator<Item = (&ShardEntry, &BlockEntry)> {
    index
        .shards
        .iter()
        .flat_map(|shard| shard.blocks.iter().map(move |block| (shard, block)))
}

fn place<'a>(index: &'a Index, patient: &str) -> (&'a str, &'a str) {
    index
        .patients
        .get(patient)
        .map_or(("", ""), |place| (&place.site, &place.split))
}

fn first_facts(block: &BlockEntry) -> InstanceFacts {
    block
        .members
        .first()
        .map(|member| member.facts.clone())
        .unwrap_or_default()
}

fn patients(index: &Index, out: &mut dyn Write) -> Result<(), PackError> {
    let mut rows: BTreeMap<&str, Vec<&BlockEntry>> = BTreeMap::new();
    for (_, block) in blocks(index) {
        rows.entry(&block.patient).or_default().push(block);
    }
    let rows = rows.into_iter().map(|(patient, blocks)| {
        let (site, split) = place(index, patient);
        let sex = blocks.first().map(|block| first_facts(block).sex);
        let counts = count(&blocks);
        [
            patient.into(),
            site.into(),
            split.into(),
            sex.unwrap_or_default(),
            counts.studies.to_string(),
            counts.series.to_string(),
            counts.instances.to_string(),
            counts.bytes.to_string(),
        ]
    });
    write_rows(PATIENTS, PATIENT_COLUMNS, rows, out)
}

fn count(blocks: &[&BlockEntry]) -> Counts {
    let studies: std::collections::BTreeSet<_> = blocks.iter().map(|block| &block.study).collect();
    Counts {
        patients: 1,
        studies: studies.len() as u64,
        series: blocks.len() as u64,
        instances: blocks.iter().map(|block| block.members.len() as u64).sum(),
        bytes: blocks.iter().map(|block| block.content_bytes()).sum(),
    }
}

fn studies(index: &Index, out: &mut dyn Write) -> Result<(), PackError> {
    let mut rows: BTreeMap<(&str, &str), Vec<&BlockEntry>> = BTreeMap::new();
    for (_, block) in blocks(index) {
        rows.entry((&block.patient, &block.study))
            .or_default()
            .push(block);
    }
    let rows = rows.into_iter().map(|((patient, study), blocks)| {
        let (site, split) = place(index, patient);
        let facts = blocks
            .first()
            .map(|block| first_facts(block))
            .unwrap_or_default();
        let modalities: std::collections::BTreeSet<_> = blocks
            .iter()
            .map(|block| first_facts(block).modality)
            .collect();
        let counts = count(&blocks);
        [
            patient.into(),
            study.into(),
            site.into(),
            split.into(),
            facts.study_date,
            facts.age,
            modalities.into_iter().collect::<Vec<_>>().join(" "),
            counts.series.to_string(),
            counts.instances.to_string(),
            counts.bytes.to_string(),
        ]
    });
    write_rows(STUDIES, STUDY_COLUMNS, rows, out)
}

fn series(index: &Index, out: &mut dyn Write) -> Result<(), PackError> {
    let rows = blocks(index).map(|(shard, block)| {
        let (site, split) = place(index, &block.patient);
        let facts = first_facts(block);
        let frames: u64 = block
            .members
            .iter()
            .map(|member| u64::from(member.facts.frames))
            .sum();
        [
            block.patient.clone(),
            block.study.clone(),
            block.series.clone(),
            site.into(),
            split.into(),
            facts.modality,
            facts.body_part,
            facts.series_description,
            facts.manufacturer,
            facts.model,
            block.members.len().to_string(),
            frames.to_string(),
            block.content_bytes().to_string(),
            shard.path(),
            block.offset.to_string(),
            block.length.to_string(),
            block.tar_offset.to_string(),
            block.tar_length.to_string(),
        ]
    });
    write_rows(SERIES, SERIES_COLUMNS, rows, out)
}

fn instances(index: &Index, out: &mut dyn Write) -> Result<(), PackError> {
    let rows = blocks(index).flat_map(|(shard, block)| {
        let path = shard.path();
        block
            .members
            .iter()
            .map(move |member| instance_row(&path, member))
    });
    write_rows(INSTANCES, INSTANCE_COLUMNS, rows, out)
}

fn instance_row(shard: &str, member: &MemberEntry) -> Vec<String> {
    let facts = &member.facts;
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    vec![
        shard.into(),
        member.name.clone(),
        member.offset.to_string(),
        member.size.to_string(),
        member.sha256.to_string(),
        facts.patient.clone(),
        facts.study.clone(),
        facts.series.clone(),
        facts.instance.clone(),
        facts.sop_class.clone(),
        facts.transfer_syntax.clone(),
        facts.modality.clone(),
        facts.body_part.clone(),
        facts.image_type.clone(),
        facts.laterality.clone(),
        facts.view.clone(),
        facts.series_description.clone(),
        facts.manufacturer.clone(),
        facts.model.clone(),
        facts.sex.clone(),
        facts.age.clone(),
        facts.study_date.clone(),
        facts.frame_of_reference.clone(),
        facts
            .instance_number
            .map_or(String::new(), |value| value.to_string()),
        facts.rows.to_string(),
        facts.columns.to_string(),
        facts.frames.to_string(),
        facts.bits_stored.to_string(),
        number(facts.pixel_spacing.map(|spacing| spacing.0)),
        number(facts.pixel_spacing.map(|spacing| spacing.1)),
        number(facts.slice_thickness),
        facts
            .position
            .map_or(String::new(), |values| joined(&values)),
        facts
            .orientation
            .map_or(String::new(), |values| joined(&values)),
    ]
}

/// Numbers as DICOM writes them, with a backslash between.
fn joined(values: &[f64]) -> String {
    values
        .iter()
        .map(f64::to_string)
        .collect::<Vec<_>>()
        .join("\\")
}

/// Reads the index back from its tables. The caller has checked their digests; nothing in them is trusted for that.
pub(crate) fn read(
    shards: &[ShardSummary],
    compression: Compression,
    patients: &[u8],
    series: &[u8],
    instances: &[u8],
) -> Result<Index, PackError> {
    let mut index = Index {
        shards: shards
            .iter()
            .map(|summary| empty_shard(summary, compression))
            .collect::<Result<_, _>>()?,
        patients: read_patients(patients)?,
    };
    let by_path: BTreeMap<String, usize> = index
        .shards
        .iter()
        .enumerate()
        .map(|(number, shard)| (shard.path(), number))
        .collect();
    let mut rows = BlockRows::open(series, instances)?;
    while let Some((path, block)) = rows.next(&|_| true)? {
        let Some(number) = by_path.get(&path) else {
            return Err(rows.series.fault("the manifest lists no such shard"));
        };
        index.shards[*number].blocks.push(block);
    }
    Ok(index)
}

/// Calls with the UID of each series of a table.
pub(crate) fn series_names(series: impl Read, call: &mut dyn FnMut(&str)) -> Result<(), PackError> {
    let mut rows = Rows::open(SERIES, SERIES_COLUMNS, series)?;
    while rows.next()? {
        call(rows.text(2)?);
    }
    Ok(())
}

/// Reads the tables of series and instances side by side, a series at a time.
pub(crate) struct BlockRows<S: Read, I: Read> {
    series: Rows<S>,
    instances: Rows<I>,
}

impl<S: Read, I: Read> BlockRows<S, I> {
    pub(crate) fn open(series: S, instances: I) -> Result<Self, PackError> {
        Ok(Self {
            series: Rows::open(SERIES, SERIES_COLUMNS, series)?,
            instances: Rows::open(INSTANCES, INSTANCE_COLUMNS, instances)?,
        })
    }

    /// The next wanted series with its instances, and the path of its shard.
    pub(crate) fn next(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Option<(String, BlockEntry)>, PackError> {
        let (series, instances) = (&mut self.series, &mut self.instances);
        while series.next()? {
            let path = series.text(13)?.to_owned();
            let count: usize = series.parse(10)?;
            let is_wanted = wanted(series.text(2)?);
            let mut block = BlockEntry {
                patient: series.text(0)?.into(),
                study: series.text(1)?.into(),
                series: series.text(2)?.into(),
                offset: series.parse(14)?,
                length: series.parse(15)?,
                tar_offset: series.parse(16)?,
                tar_length: series.parse(17)?,
                frames: Vec::new(),
                members: Vec::new(),
            };
            for _ in 0..count {
                if !instances.next()? || instances.text(0)? != path {
                    return Err(instances.fault("a row of the series is missing"));
                }
                if is_wanted {
                    block.members.push(read_member(instances)?);
                }
            }
            if is_wanted {
                return Ok(Some((path, block)));
            }
        }
        if instances.next()? {
            return Err(instances.fault("the row belongs to no series"));
        }
        Ok(None)
    }
}

/// A shard of the manifest, without its blocks.
pub(crate) fn empty_shard(
    summary: &ShardSummary,
    compression: Compression,
) -> Result<ShardEntry, PackError> {
    let wrong = || PackError::UnsafeName(summary.path.clone());
    let (folder, name) = summary.path.rsplit_once('/').ok_or_else(wrong)?;
    let (_, sequence, _) = crate::names::split_shard_name(name).ok_or_else(wrong)?;
    if !crate::names::is_safe_path(&summary.path) {
        return Err(wrong());
    }
    Ok(ShardEntry {
        folder: folder.into(),
        name: name.into(),
        sequence,
        compression,
        bytes: summary.bytes,
        sha256: summary.sha256,
        content_sha256: summary.content_sha256,
        blocks: Vec::new(),
    })
}

pub(crate) fn read_patients(text: &[u8]) -> Result<BTreeMap<String, PatientPlace>, PackError> {
    let mut rows = Rows::open(PATIENTS, PATIENT_COLUMNS, text)?;
    let mut patients = BTreeMap::new();
    while rows.next()? {
        let place = PatientPlace {
            site: rows.text(1)?.into(),
            split: rows.text(2)?.into(),
        };
        patients.insert(rows.text(0)?.into(), place);
    }
    Ok(patients)
}

fn read_member<R: Read>(rows: &Rows<R>) -> Result<MemberEntry, PackError> {
    let text = |column| rows.text(column).map(String::from);
    let spacing = rows.optional::<f64>(28)?.zip(rows.optional(29)?);
    Ok(MemberEntry {
        name: text(1)?,
        offset: rows.parse(2)?,
        size: rows.parse(3)?,
        sha256: rows.parse(4)?,
        facts: InstanceFacts {
            patient: text(5)?,
            study: text(6)?,
            series: text(7)?,
            instance: text(8)?,
            sop_class: text(9)?,
            transfer_syntax: text(10)?,
            modality: text(11)?,
            body_part: text(12)?,
            image_type: text(13)?,
            laterality: text(14)?,
            view: text(15)?,
            series_description: text(16)?,
            manufacturer: text(17)?,
            model: text(18)?,
            sex: text(19)?,
            age: text(20)?,
            study_date: text(21)?,
            frame_of_reference: text(22)?,
            instance_number: rows.optional(23)?,
            rows: rows.parse(24)?,
            columns: rows.parse(25)?,
            frames: rows.parse(26)?,
            bits_stored: rows.parse(27)?,
            pixel_spacing: spacing,
            slice_thickness: rows.optional(30)?,
            position: rows.numbers(31)?,
            orientation: rows.numbers(32)?,
        },
    })
}

/// The rows of a table whose columns are exactly those expected.
struct Rows<R: Read> {
    table: &'static str,
    reader: csv::Reader<R>,
    row: csv::StringRecord,
}

impl<R: Read> Rows<R> {
    fn open(table: &'static str, columns: &[&str], text: R) -> Result<Self, PackError> {
        let mut rows = Self {
            table,
            reader: csv::ReaderBuilder::new()
                .buffer_capacity(1 << 17)
                .from_reader(text),
            row: csv::StringRecord::new(),
        };
        let headers = rows.reader.headers().map_err(|error| PackError::Table {
            table: table.into(),
            why: error.to_string(),
        })?;
        if headers.iter().ne(columns.iter().copied()) {
            return Err(rows.fault("the columns are not those of this format"));
        }
        Ok(rows)
    }

    fn next(&mut self) -> Result<bool, PackError> {
        let read = self.reader.read_record(&mut self.row);
        read.map_err(|error| PackError::Table {
            table: self.table.into(),
            why: error.to_string(),
        })
    }

    fn fault(&self, why: &str) -> PackError {
        let line = self.row.position().map_or(1, csv::Position::line);
        PackError::Table {
            table: self.table.into(),
            why: format!("line {line}: {why}"),
        }
    }

    fn text(&self, column: usize) -> Result<&str, PackError> {
        self.row
            .get(column)
            .ok_or_else(|| self.fault("a column is missing"))
    }

    fn parse<T: FromStr>(&self, column: usize) -> Result<T, PackError> {
        let wrong = |_| self.fault(&format!("column {} does not parse", column + 1));
        self.text(column)?.parse().map_err(wrong)
    }

    fn optional<T: FromStr>(&self, column: usize) -> Result<Option<T>, PackError> {
        match self.text(column)? {
            "" => Ok(None),
            _ => self.parse(column).map(Some),
        }
    }

    fn numbers<const N: usize>(&self, column: usize) -> Result<Option<[f64; N]>, PackError> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let numbers: Result<Vec<f64>, _> = text.split('\\').map(str::parse).collect();
        let numbers = numbers.ok().and_then(|numbers| numbers.try_into().ok());
        numbers
            .map(Some)
            .ok_or_else(|| self.fault(&format!("column {} does not parse", column + 1)))
    }
}
