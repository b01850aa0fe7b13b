//! `labels`: label files of the hospital, re-keyed, cleaned and gated, as a delivery of their own.
//!
//! A delivery of labels takes the next number of its (site, track), and its records stand in the same log as those
//! of images. Its bundle has label files where others have shards.

use super::choice::Choice;
use super::label_keys::LabelKeys;
use super::{DeliveryReport, DeliverySettings, Work, asked, finish, refuse_site_folder};
use crate::decisions::Decisions;
use crate::evidence::{RunFacts, token};
use crate::object::Rooms;
use crate::progress::Progress;
use crate::run_settings::track_named;
use crate::state::{NewResult, State};
use crate::subjects::{PseudonymRules, people};
use crate::verdict::{Report, Verdict};
use crate::{Failure, RunSettings, Site, catalogue, clock, packing};
use cloakroom_audit::Origin;
use cloakroom_audit::record::OutputObject;
use cloakroom_clear::{ClearedSidecar, PatientScan, clear_sidecar};
use cloakroom_core::{Digest, Hasher, LabelSchema, Outcome, SidecarKind, StatedDate};
use cloakroom_deid::TrackKeys;
use cloakroom_deid::labels::{
    EditedSidecar, LabelFault, LabelIds, LabelResolver, MaskAbout, MaskRow, TableRows, edit_boxes,
    edit_mask, edit_table, mask_rows, read_csv, read_json_rows,
};
use cloakroom_packager::{Compression, PackageBuilder};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What `labels` is asked for.
pub struct LabelSettings {
    /// The track file, or the name of a shipped track.
    pub track: String,
    /// The profile of the images.
    pub profile: String,
    /// The label files.
    pub files: Vec<PathBuf>,
    /// The bundle to write.
    pub out: PathBuf,
    /// The date to state; today where `None`.
    pub date: Option<StatedDate>,
    /// How many threads.
    pub threads: usize,
}

/// What a delivery of labels holds.
#[derive(Debug, Serialize)]
pub struct LabelReport {
    /// The delivery.
    pub delivery: DeliveryReport,
    /// The files in the order in which they were named.
    pub files: Vec<LabelFileReport>,
}

/// What became of one label file. It is named by its place in the command, because names of files tell of patients.
#[derive(Debug, Serialize)]
pub struct LabelFileReport {
    /// Its place among the files of the command, from 1.
    pub number: usize,
    /// What it is; `None` for a table that only names masks.
    pub kind: Option<SidecarKind>,
    /// How it ended.
    pub outcome: String,
    /// Rows, annotations or voxels that are left.
    pub kept: u32,
    /// Rows or annotations that went, by reason.
    pub dropped: BTreeMap<&'static str, u32>,
    /// Columns or keys that went, because the schema does not name them.
    pub columns: u32,
    /// Pieces of text that were removed, by kind.
    pub text: BTreeMap<&'static str, u32>,
}

impl Report for LabelReport {
    fn verdict(&self) -> Verdict {
        let complete = self.files.iter().all(|file| file.dropped.is_empty());
        match self.delivery.verdict() {
            Verdict::Done if !complete => Verdict::NeedsPerson,
            verdict => verdict,
        }
    }
}

/// Re-keys label files and writes them as the next delivery of a track.
///
/// # Errors
/// If a file is none of those that are read, holds a value that the track does not allow (all faults are told, and
/// nothing is written), or the machine fails.
pub fn labels(
    site: &Site,
    settings: &LabelSettings,
    progress: &dyn Progress,
) -> Result<LabelReport, Failure> {
    let track = track_named(&settings.track)?;
    if track.labels.columns.is_empty() && track.labels.segments.is_empty() {
        return Err(
            Failure::wrong_use("the track names no labels, so none can leave")
                .advise("name columns or segments under `labels` in the track file"),
        );
    }
    let delivery = DeliverySettings {
        run: RunSettings::for_track(track.id.clone(), &settings.profile, settings.threads)?,
        out: settings.out.clone(),
        date: settings.date,
        compression: Compression::None,
    };
    super::refuse_taken(&delivery)?;
    refuse_site_folder(site, &delivery)?;
    progress.begin("re-keying labels", Some(settings.files.len() as u64), None);
    let mut work = prepare(site, &delivery)?;
    let read = read_files(&settings.files)?;
    let mut decided = {
        let keys = LabelKeys::make(
            &work.catalogue,
            &work.people,
            work.rooms.keys(),
            &delivery.run.profile,
            work.choice.approved_words(),
        )?;
        let edited = edit(&read, &track.labels, &keys)?;
        edited
            .into_iter()
            .map(|edited| gate(&track.labels, &keys, edited))
            .collect::<Vec<_>>()
    };
    if decided.is_empty() {
        return Err(Failure::wrong_use("no file holds a label")
            .advise("give the label tables or masks along with what names them"));
    }
    begin(&mut work, &delivery, &read, &track.labels, &decided)?;
    drop_repeated(&work, &read, &mut decided)?;
    store(&mut work, &read, &decided)?;
    progress.finish();
    let mut builder = PackageBuilder::begin(&delivery.out).map_err(packing::failure)?;
    let files = decided.iter().map(LabelFileReport::of).collect();
    let cleared: Vec<ClearedSidecar> = decided
        .into_iter()
        .filter_map(|decided| decided.cleared)
        .collect();
    builder
        .add_labels(&track.labels, &cleared)
        .map_err(packing::failure)?;
    let bundle = work.bundle_facts();
    Ok(LabelReport {
        delivery: finish::finish(work, builder, bundle)?,
        files,
    })
}

/// The same patients under the same rules as the images that were delivered.
fn prepare<'a>(site: &'a Site, settings: &'a DeliverySettings) -> Result<Work<'a>, Failure> {
    let run = &settings.run;
    let keys = TrackKeys::derive(&site.secret()?, site.project(), &run.track, site.epoch());
    let catalogue = catalogue::open(site)?;
    let state = State::open(&site.database())?;
    let rules = match state.last_delivery(&run.track)? {
        Some(_) => state.pseudonym_rules(&run.track)?,
        None => PseudonymRules::of(&run.profile),
    };
    let people = people(site, &catalogue, &rules, &keys, &state.withdrawn()?)?;
    let decisions = Decisions::open(site, &run.track)?;
    let in_force = decisions.in_force(site);
    let rooms = Rooms::open(run, keys, in_force.words())?;
    let date = settings.date.unwrap_or_else(clock::today);
    let choice = Choice::undecided(&state, run, in_force, date)?;
    let facts = RunFacts::new(origin(site, run), 0, date, &run.profile)?;
    Ok(Work {
        site,
        settings,
        catalogue,
        state,
        rooms,
        people,
        facts,
        choice,
        decisions,
    })
}

fn origin(site: &Site, run: &RunSettings) -> Origin {
    Origin {
        site: site.name().clone(),
        track: run.track.clone(),
    }
}

/// A label file as it was read.
struct ReadFile {
    number: usize,
    path: PathBuf,
    bytes: Vec<u8>,
    content: Content,
}

enum Content {
    Table(TableRows),
    Boxes,
    Mask,
}

/// Reads all files; every fault of every file is told at once.
fn read_files(paths: &[PathBuf]) -> Result<Vec<ReadFile>, Failure> {
    let mut faults = Vec::new();
    let mut files = Vec::new();
    for (number, path) in (1..).zip(paths) {
        let bytes = fs::read(path)
            .map_err(|error| Failure::io("could not read a label file", path, &error))?;
        match content(path, &bytes) {
            Ok(content) => files.push(ReadFile {
                number,
                path: path.clone(),
                bytes,
                content,
            }),
            Err(fault) => faults.push((path.clone(), fault)),
        }
    }
    told(faults).map(|()| files)
}

/// What a file is, by its first bytes, and by its ending where those do not tell.
fn content(path: &Path, bytes: &[u8]) -> Result<Content, LabelFault> {
    let name = path.to_string_lossy().to_lowercase();
    let first = bytes.trim_ascii_start().first();
    if bytes.starts_with(b"PK") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(LabelFault::OtherKind(
            "a spreadsheet carries its authors and its history; save the sheet as CSV UTF-8 and give that",
        ));
    }
    if bytes.get(128..132) == Some(b"DICM") {
        return Err(LabelFault::OtherKind(
            "labels in DICOM (SEG, RTSTRUCT, SR, PR) are objects; ingest them and deliver them with deid",
        ));
    }
    if name.ends_with(".nii") || name.ends_with(".nii.gz") {
        return Ok(Content::Mask);
    }
    match first {
        Some(b'{') => Ok(Content::Boxes),
        Some(b'[') => read_json_rows(bytes).map(Content::Table),
        Some(_)
            if [".csv", ".tsv", ".txt"]
                .iter()
                .any(|ending| name.ends_with(ending)) =>
        {
            read_csv(bytes).map(Content::Table)
        }
        _ => Err(LabelFault::OtherKind(
            "label files are .csv, .tsv, .json (rows or COCO), .nii and .nii.gz",
        )),
    }
}

fn told(faults: Vec<(PathBuf, LabelFault)>) -> Result<(), Failure> {
    if faults.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = faults
        .iter()
        .map(|(path, fault)| format!("{}: {fault}", path.display()))
        .collect();
    Err(Failure::wrong_use(format!(
        "{} label files cannot leave as they are",
        faults.len()
    ))
    .detail(lines.join("\n"))
    .advise("correct them; nothing was written"))
}

/// A file that was edited, before the gate.
struct Edited<'f> {
    file: &'f ReadFile,
    sidecar: EditedSidecar,
}

fn edit<'f>(
    files: &'f [ReadFile],
    schema: &LabelSchema,
    keys: &LabelKeys<'_>,
) -> Result<Vec<Edited<'f>>, Failure> {
    let mut faults = Vec::new();
    let mut named: BTreeMap<String, MaskRow> = BTreeMap::new();
    for file in files {
        if let Content::Table(rows) = &file.content {
            match mask_rows(rows, schema) {
                Ok(rows) => named.extend(rows.into_iter().map(|row| (row.file.clone(), row))),
                Err(fault) => faults.push((file.path.clone(), fault)),
            }
        }
    }
    told(std::mem::take(&mut faults))?;
    let mut edited = Vec::new();
    for file in files {
        let sidecar = match &file.content {
            Content::Table(rows) => edit_table(rows, schema, keys),
            Content::Boxes => edit_boxes(&file.bytes, schema, keys).map(Some),
            Content::Mask => mask_about(file, &named, keys)
                .and_then(|about| edit_mask(&file.bytes, schema, about))
                .map(Some),
        };
        match sidecar {
            Ok(Some(sidecar)) => edited.push(Edited { file, sidecar }),
            Ok(None) => {}
            Err(fault) => faults.push((file.path.clone(), fault)),
        }
    }
    told(faults).map(|()| edited)
}

/// What a mask is about: the row of a table that names its file, or its own name, which begins with a Series Instance
/// UID and may go on with an underscore and the reader.
fn mask_about(
    file: &ReadFile,
    named: &BTreeMap<String, MaskRow>,
    keys: &LabelKeys<'_>,
) -> Result<MaskAbout, LabelFault> {
    let name = file
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let (ids, reader) = match named.get(&name) {
        Some(row) => (row.ids.clone(), row.reader.clone()),
        None => {
            let stem = name.strip_suffix(".gz").unwrap_or(&name);
            let stem = stem.strip_suffix(".nii").unwrap_or(stem);
            let (series, reader) = stem.split_once('_').unwrap_or((stem, ""));
            let ids = LabelIds {
                series: series.to_owned(),
                ..LabelIds::default()
            };
            (ids, reader.to_owned())
        }
    };
    let unknown = LabelFault::OtherKind(
        "nobody can say which series the mask is about: name it SERIESUID.nii.gz or SERIESUID_READER.nii.gz, or give a table with the columns mask and SeriesInstanceUID",
    );
    let target = keys.resolve(&ids).map_err(|_| unknown.clone())?;
    match (target.study, target.series) {
        (Some(study), Some(series)) => Ok(MaskAbout {
            patient: target.patient,
            study,
            series,
            reader: if reader.is_empty() {
                String::new()
            } else {
                keys.reader(&reader)
            },
        }),
        _ => Err(unknown),
    }
}

/// A file that the gate has decided about.
struct Decided {
    number: usize,
    kind: SidecarKind,
    outcome: Outcome,
    tally: cloakroom_deid::labels::LabelTally,
    cleared: Option<ClearedSidecar>,
}

fn gate(schema: &LabelSchema, keys: &LabelKeys<'_>, edited: Edited<'_>) -> Decided {
    let sidecar = &edited.sidecar;
    let opened: Vec<Rc<_>> = sidecar
        .patients()
        .iter()
        .filter_map(|patient| keys.open(patient))
        .collect();
    let scans: Vec<&PatientScan> = opened.iter().map(|opened| &opened.1).collect();
    let (outcome, cleared) = match clear_sidecar(schema, &scans, sidecar) {
        Ok(cleared) => (Outcome::Cleared, Some(cleared)),
        Err(held) => (Outcome::Held(held.reason), None),
    };
    Decided {
        number: edited.file.number,
        kind: sidecar.kind(),
        outcome,
        tally: sidecar.tally().clone(),
        cleared,
    }
}

impl LabelFileReport {
    fn of(decided: &Decided) -> Self {
        Self {
            number: decided.number,
            kind: Some(decided.kind),
            outcome: decided.outcome.to_string(),
            kept: decided.tally.kept,
            dropped: decided.tally.dropped.clone(),
            columns: decided.tally.columns,
            text: decided.tally.text.clone(),
        }
    }
}

/// A number for a label file among the streams of the site: negative, because the catalogue counts upwards.
fn stream_of(keys: &TrackKeys, file: &ReadFile) -> i64 {
    let mut hasher = Hasher::new();
    hasher.update(b"label file");
    hasher.update(Digest::of(&file.bytes).as_bytes());
    let name = file.path.file_name().unwrap_or_default();
    hasher.update(name.as_encoded_bytes());
    let keyed = keys.name_digest(hasher.finish().as_bytes());
    let mut eight = [0; 8];
    eight.copy_from_slice(&keyed.as_bytes()[..8]);
    -(i64::from_be_bytes(eight) & i64::MAX) - 1
}

/// Opens the delivery, finds it open, or finds that it is the last one and is written again.
fn begin(
    work: &mut Work<'_>,
    settings: &DeliverySettings,
    files: &[ReadFile],
    schema: &LabelSchema,
    decided: &[Decided],
) -> Result<(), Failure> {
    let mut hasher = Hasher::new();
    hasher.update(b"labels");
    hasher.update(asked(settings, &work.rooms).as_bytes());
    hasher.update(serde_json::to_string(schema).unwrap_or_default().as_bytes());
    let keys = work.rooms.keys();
    let mut streams: Vec<i64> = files.iter().map(|file| stream_of(keys, file)).collect();
    streams.sort_unstable();
    for stream in streams {
        hasher.update(&stream.to_be_bytes());
    }
    // A withdrawal or a newly ingested patient changes what the same files become.
    let mut outputs: Vec<Digest> = decided
        .iter()
        .filter_map(|decided| decided.cleared.as_ref().map(ClearedSidecar::digest))
        .collect();
    outputs.sort();
    for output in outputs {
        hasher.update(output.as_bytes());
    }
    let run = &settings.run;
    let rules = PseudonymRules::of(&run.profile);
    work.choice
        .decide_for_labels(&mut work.state, run, hasher.finish(), &rules)?;
    work.facts = RunFacts::new(
        origin(work.site, run),
        work.choice.number,
        work.choice.date,
        &run.profile,
    )?;
    Ok(())
}

/// A file that becomes what another one became, in this delivery or before, is the same labels twice.
fn drop_repeated(
    work: &Work<'_>,
    files: &[ReadFile],
    decided: &mut [Decided],
) -> Result<(), Failure> {
    let keys = work.rooms.keys();
    let track = &work.settings.run.track;
    let mut seen: BTreeMap<Digest, i64> = BTreeMap::new();
    for number in 1..work.choice.number {
        if !work.state.is_label_delivery(track, number)? {
            continue;
        }
        work.state
            .records(track, number, &mut |stream, record, _, _| {
                let record = serde_json::from_str::<cloakroom_audit::EvidenceRecord>(record);
                let output = record.ok().and_then(|record| record.output);
                seen.extend(output.map(|output| (output.digest, stream)));
                Ok(())
            })?;
    }
    decided.sort_by_key(|one| one.number);
    for one in decided {
        let Some(cleared) = &one.cleared else {
            continue;
        };
        let file = files.iter().find(|file| file.number == one.number);
        let stream = file.map_or(0, |file| stream_of(keys, file));
        if *seen.entry(cleared.digest()).or_insert(stream) != stream {
            one.outcome = Outcome::Duplicate;
            one.cleared = None;
        }
    }
    Ok(())
}

fn store(work: &mut Work<'_>, files: &[ReadFile], decided: &[Decided]) -> Result<(), Failure> {
    let keys = work.rooms.keys().clone();
    let mut results = Vec::new();
    for one in decided {
        let Some(file) = files.iter().find(|file| file.number == one.number) else {
            continue;
        };
        let input = keys.input_digest(&file.bytes);
        let mut record = work.facts.record(one.outcome, input);
        record.output = one.cleared.as_ref().map(|cleared| OutputObject {
            digest: cleared.digest(),
            bytes: cleared.bytes().len() as u64,
        });
        record.text.insert(token("labels/kept")?, one.tally.kept);
        record
            .text
            .insert(token("labels/columns-removed")?, one.tally.columns);
        for (reason, count) in &one.tally.dropped {
            record
                .text
                .insert(token(&format!("labels/dropped/{reason}"))?, *count);
        }
        for (kind, count) in &one.tally.text {
            record.text.insert(token(kind)?, *count);
        }
        record.text.retain(|_, count| *count > 0);
        results.push(NewResult {
            stream: stream_of(&keys, file),
            outcome: one.outcome,
            basis: work.choice.basis,
            shard: None,
            record: serde_json::to_string(&record)
                .map_err(|_| Failure::could_not_run("a record could not be written as JSON"))?,
            actions: None,
            bytes: file.bytes.len() as u64,
        });
    }
    let (track, number) = (&work.settings.run.track, work.choice.number);
    match work.choice.kind {
        super::choice::Kind::New => work.state.store(track, number, &results, None, &[]),
        super::choice::Kind::Again => work.state.compare(track, number, &results),
    }
}
