//! The end of a delivery: the log grows, its head is signed, the bundle gets its name.
//!
//! The order of the last steps makes a killed run harmless: the log of the site is replaced first, then the
//! delivery is closed, then the bundle is renamed. A run that finds the log ahead of the delivery computes the same
//! lines once more from what is remembered, and goes on.

use super::choice::Kind;
use super::{DeliveryReport, Released, Work};
use crate::files::replace_private_file;
use crate::verdict::Verdict;
use crate::{Failure, packing};
use cloakroom_audit::log::LogError;
use cloakroom_audit::{
    ActionList, Checkpoint, EvidenceRecord, FinishedRun, LogEntry, Origin, RunHeader, SiteLog,
};
use cloakroom_core::{Conservation, Digest};
use cloakroom_packager::{BundleFacts, LogHead, PackageBuilder, SigningKey};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// The log, in the site folder and among the evidence of a bundle.
pub(crate) const LOG: &str = "log.jsonl";
/// The signed head of the log.
pub(crate) const CHECKPOINT: &str = "checkpoint";

pub(super) fn finish(
    mut work: Work<'_>,
    mut builder: PackageBuilder,
    mut bundle: BundleFacts,
) -> Result<DeliveryReport, Failure> {
    let folder = work.site.log_folder(&bundle.track);
    crate::files::private_folder(&folder)?;
    let written = write_log(&mut work, &folder)?;
    let checkpoint = sign(&work, &written)?;
    if work.choice.kind == Kind::New {
        fs::rename(&written.path, folder.join(LOG))
            .map_err(|error| Failure::io("could not replace the log", &folder, &error))?;
        replace_private_file(&folder.join(CHECKPOINT), checkpoint.to_string().as_bytes())?;
        work.state
            .close(&bundle.track, bundle.delivery, &written.leaves)?;
    } else {
        compare_log(&written.path, &folder.join(LOG))?;
    }
    add_evidence(&mut builder, &folder, &checkpoint, &public_keys(&work)?)?;
    let summary = &written.run.summary;
    bundle.conservation = Some(summary.run.to_conservation());
    bundle.log = Some(LogHead {
        origin: checkpoint.origin().to_string(),
        size: written.run.head.size,
        root: written.run.head.root,
    });
    let key = SigningKey::from_text(&work.site.package_key()?, None).map_err(packing::failure)?;
    let path = builder
        .finish_bundle(bundle, &key)
        .map_err(packing::failure)?;
    report(&work, path, &written.run)
}

/// A log with the lines of this delivery, in a file beside the log of the site.
struct WrittenLog {
    path: PathBuf,
    run: FinishedRun,
    leaves: Vec<(i64, Digest)>,
}

fn write_log(work: &mut Work<'_>, folder: &Path) -> Result<WrittenLog, Failure> {
    let path = folder.join("log.jsonl.next");
    let fault = |error: std::io::Error| Failure::io("could not write the log", &path, &error);
    let mut file = BufWriter::new(crate::files::create_private(&path)?);
    let mut log = log_before(work, folder, &mut file)?;
    let header = RunHeader {
        date: work.facts.date,
        profile: work.facts.profile.clone(),
        tool: work.facts.tool.clone(),
    };
    let spool_path = folder.join("log.spool");
    let spool = crate::files::create_private_read_write(&spool_path)?;
    let choice = &work.choice;
    let mut inputs = Inputs {
        used: log.inputs().collect(),
        earlier: BTreeMap::new(),
    };
    work.state.records(
        &work.settings.run.track,
        choice.number,
        &mut |stream, _, _, _| {
            let earlier = choice.earlier(stream);
            inputs.earlier.extend(
                earlier
                    .and_then(|leaf| log.latest(&leaf))
                    .map(|was| (stream, was.input)),
            );
            Ok(())
        },
    )?;
    let known = log.decisions().decisions().len();
    let mut run = log.begin(header, spool);
    let made = work
        .state
        .decisions_of(&work.settings.run.track, choice.number)?;
    let made = usize::try_from(made).unwrap_or(usize::MAX);
    for (_, decision) in work
        .decisions
        .chain()
        .decisions()
        .iter()
        .take(made)
        .skip(known)
    {
        run.decide(decision.clone())
            .map_err(|error| Failure::could_not_run(error.to_string()))?;
    }
    let mut leaves = Vec::new();
    work.state.records(
        &work.settings.run.track,
        choice.number,
        &mut |stream, record, actions, bytes| {
            let mut record: EvidenceRecord = serde_json::from_str(record).map_err(|_| damaged())?;
            record.earlier = choice.earlier(stream);
            record.input = inputs.name(stream, &record.input);
            let actions: Option<ActionList> = actions
                .map(serde_json::from_str)
                .transpose()
                .map_err(|_| damaged())?;
            let leaf = run
                .add(record, actions.as_ref(), bytes)
                .map_err(|error| log_failure(error, &path))?;
            leaves.push((stream, leaf));
            Ok(())
        },
    )?;
    let released = work
        .state
        .released(&work.settings.run.track, choice.number)?;
    let finished = run
        .finish(
            (released.patients, released.studies, released.series),
            &mut file,
        )
        .map_err(|error| log_failure(error, &path))?
        .ok_or_else(|| {
            Failure::could_not_run("a delivery without a record has no place in the log")
        })?;
    let file = file
        .into_inner()
        .map_err(|error| fault(error.into_error()))?;
    file.sync_all().map_err(fault)?;
    fs::remove_file(&spool_path)
        .map_err(|error| Failure::io("could not remove a file", &spool_path, &error))?;
    Ok(WrittenLog {
        path,
        run: finished,
        leaves,
    })
}

/// What the machine said of a log that could not be written, with what to do; other faults in the log's own words.
fn log_failure(error: LogError, path: &Path) -> Failure {
    match error {
        LogError::Io(source) => Failure::io("could not write the log", path, &source),
        other => Failure::could_not_run(other.to_string()),
    }
}

/// Gives each stream an input digest of its own.
///
/// Streams with the same bytes have the same keyed digest; all but the first are told apart by counting, and a stream
/// keeps its digest over deliveries.
struct Inputs {
    used: BTreeSet<Digest>,
    earlier: BTreeMap<i64, Digest>,
}

impl Inputs {
    fn name(&mut self, stream: i64, input: &Digest) -> Digest {
        if let Some(earlier) = self.earlier.get(&stream) {
            return *earlier;
        }
        let mut name = *input;
        let mut copy: u64 = 0;
        while !self.used.insert(name) {
            copy += 1;
            name =
                Digest::of(&[b"copy".as_slice(), input.as_bytes(), &copy.to_be_bytes()].concat());
        }
        name
    }
}

/// The log as it was before this delivery, copied to the new file.
fn log_before(work: &Work<'_>, folder: &Path, out: &mut dyn Write) -> Result<SiteLog, Failure> {
    let origin = Origin {
        site: work.site.name().clone(),
        track: work.settings.run.track.clone(),
    };
    let path = folder.join(LOG);
    let fault = |error: std::io::Error| Failure::io("could not read the log", &path, &error);
    let file = match File::open(&path) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(SiteLog::empty(origin));
        }
        Err(error) => return Err(fault(error)),
    };
    let before = copy_until(file, out, work.choice.number).map_err(fault)?;
    let mut again = BufReader::new(File::open(&path).map_err(fault)?.take(before));
    SiteLog::read(origin, &mut again)
        .map_err(|error| Failure::could_not_run(error.to_string()).at(&path))
}

/// Copies the lines of all deliveries before one, and returns their length in bytes.
fn copy_until(mut log: impl BufRead, out: &mut dyn Write, delivery: u32) -> std::io::Result<u64> {
    let mut waiting = Vec::new();
    let mut copied = 0;
    if delivery <= 1 {
        return Ok(0);
    }
    loop {
        let start = waiting.len();
        if log.read_until(b'\n', &mut waiting)? == 0 {
            return Ok(copied);
        }
        let line = std::str::from_utf8(waiting[start..].trim_ascii_end()).unwrap_or_default();
        if let Ok(LogEntry::Summary(summary)) = LogEntry::parse(line) {
            if summary.delivery >= delivery {
                return Ok(copied);
            }
            out.write_all(&waiting)?;
            copied += waiting.len() as u64;
            waiting.clear();
        }
    }
}

fn sign(work: &Work<'_>, written: &WrittenLog) -> Result<Checkpoint, Failure> {
    let origin = Origin {
        site: work.site.name().clone(),
        track: work.settings.run.track.clone(),
    };
    let key = work.site.signing_key()?.renamed(origin.key_name());
    Checkpoint::sign(origin, written.run.head, &key).map_err(|error| {
        Failure::could_not_run(format!("the head of the log could not be signed: {error}"))
    })
}

fn compare_log(again: &Path, log: &Path) -> Result<(), Failure> {
    let fault = |error: std::io::Error| Failure::io("could not read the log", log, &error);
    let same = same_content(again, log).map_err(fault)?;
    fs::remove_file(again).map_err(fault)?;
    if same {
        return Ok(());
    }
    Err(Failure::could_not_run(
        "the last delivery, written again, does not give the log that was signed",
    )
    .at(log)
    .advise("take the bundle as it was delivered, and report this"))
}

fn same_content(a: &Path, b: &Path) -> std::io::Result<bool> {
    let digest = |path: &Path| -> std::io::Result<Digest> {
        let mut hasher = cloakroom_core::Hasher::new();
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hasher.finish()),
                count => hasher.update(&buffer[..count]),
            }
        }
    };
    Ok(digest(a)? == digest(b)?)
}

/// The public keys of the site, as `init` wrote them.
fn public_keys(work: &Work<'_>) -> Result<(String, String), Failure> {
    let name = format!("{}.pub", work.site.name());
    crate::files::read_text(&work.site.root().join(&name)).map(|text| (name, text))
}

fn add_evidence(
    builder: &mut PackageBuilder,
    folder: &Path,
    checkpoint: &Checkpoint,
    (key_name, keys): &(String, String),
) -> Result<(), Failure> {
    let path = folder.join(LOG);
    let mut log =
        File::open(&path).map_err(|error| Failure::io("could not read the log", &path, &error))?;
    builder
        .add_evidence(LOG, &mut log)
        .map_err(packing::failure)?;
    builder
        .add_evidence(CHECKPOINT, &mut checkpoint.to_string().as_bytes())
        .map_err(packing::failure)?;
    builder
        .add_evidence(key_name, &mut keys.as_bytes())
        .map_err(packing::failure)
}

fn report(work: &Work<'_>, path: PathBuf, run: &FinishedRun) -> Result<DeliveryReport, Failure> {
    let summary = &run.summary;
    let decided = summary.run.to_conservation();
    let total = summary.total.to_conservation();
    let released = Released {
        patients: summary.released.patients,
        studies: summary.released.studies,
        series: summary.released.series,
        instances: summary.released.instances,
        bytes: summary.released.bytes,
    };
    Ok(DeliveryReport {
        bundle: path,
        track: work.settings.run.track.to_string(),
        delivery: work.choice.number,
        date: work.choice.date,
        again: work.choice.kind == Kind::Again,
        released,
        verdict: if needs_person(&total) {
            Verdict::NeedsPerson
        } else {
            Verdict::Done
        },
        decided,
        total,
        log_size: run.head.size,
        problems: work.write_problems()?,
    })
}

fn needs_person(total: &Conservation) -> bool {
    total.of("held").count > 0 || total.of("quarantined").count > 0
}

fn damaged() -> Failure {
    Failure::could_not_run("the site's database holds a record that this program cannot read")
}
