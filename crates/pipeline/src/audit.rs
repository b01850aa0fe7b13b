//! `audit show|prove|sample`: reading the log of a package.

use crate::delivery::{CHECKPOINT, LOG};
use crate::files::{public_file, read_text, require_no_file};
use crate::verdict::{Report, Verdict};
use crate::{Failure, packing};
use cloakroom_audit::sampling::{Seed, Share, Unit, draw, sample_size};
use cloakroom_audit::{
    ActionList, Checkpoint, EvidenceRecord, LogEntry, MerkleTree, ProofFile, leaf_hash,
};
use cloakroom_core::Digest;
use cloakroom_packager::Package;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// What was done to one object.
#[derive(Debug, Serialize)]
pub struct ShownObject {
    /// The member of the shard.
    pub member: String,
    /// Its evidence.
    pub record: EvidenceRecord,
    /// What was done, attribute by attribute.
    pub actions: Option<ActionList>,
    /// The number of its leaf.
    pub leaf: u64,
}

impl Report for ShownObject {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Tells what was done to one object.
///
/// # Errors
/// If there is no such object or no evidence of it.
pub fn show(path: &Path, object: &str) -> Result<ShownObject, Failure> {
    let (member, digest) = find_object(path, object)?;
    let found = find_record(path, &digest)?;
    Ok(ShownObject {
        member,
        record: found.record,
        actions: found.actions,
        leaf: found.leaf,
    })
}

/// A proof that was written.
#[derive(Debug, Serialize)]
pub struct WrittenProof {
    /// The file.
    pub proof: PathBuf,
    /// The number of the leaf.
    pub leaf: u64,
    /// Leaves of the log.
    pub size: u64,
}

impl Report for WrittenProof {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Writes a proof that one object is in the signed log.
///
/// # Errors
/// If there is no such object, the log is not what its head says, or the file exists.
pub fn prove(path: &Path, object: &str, out: &Path) -> Result<WrittenProof, Failure> {
    require_no_file(out)?;
    let (_, digest) = find_object(path, object)?;
    let found = find_record(path, &digest)?;
    let size = found.checkpoint.head().size;
    let proof = ProofFile::new(&found.line, found.leaf, &found.tree, found.checkpoint)
        .map_err(|error| Failure::check_failed(format!("the log does not prove it: {error}")))?;
    public_file(out, proof.to_string().as_bytes())?;
    Ok(WrittenProof {
        proof: out.to_path_buf(),
        leaf: found.leaf,
        size,
    })
}

struct FoundRecord {
    record: EvidenceRecord,
    actions: Option<ActionList>,
    line: String,
    leaf: u64,
    tree: MerkleTree,
    checkpoint: Checkpoint,
}

/// The member and digest of an object that the user named by its UID, its member name or its digest.
fn find_object(path: &Path, object: &str) -> Result<(String, Digest), Failure> {
    let package = Package::open(path).map_err(packing::failure)?;
    let index = package.full_index().map_err(packing::failure)?;
    let members = index
        .shards
        .iter()
        .flat_map(|shard| &shard.blocks)
        .flat_map(|block| &block.members);
    for member in members {
        let named = member.name == object
            || member.facts.instance == object
            || member.sha256.to_string() == object;
        if named {
            return Ok((member.name.clone(), member.sha256));
        }
    }
    Err(Failure::wrong_use("there is no such object in the package")
        .advise("name a released SOP Instance UID, a member, or a digest, as data/instances.csv lists them"))
}

fn find_record(path: &Path, digest: &Digest) -> Result<FoundRecord, Failure> {
    for folder in log_folders(path) {
        if let Some(found) = search(&folder, digest)? {
            return Ok(found);
        }
    }
    Err(Failure::check_failed(
        "no log in the package has a record of this object",
    ))
}

/// Every folder of the evidence that holds a log.
pub(crate) fn log_folders(root: &Path) -> Vec<PathBuf> {
    let mut folders = vec![root.join("evidence")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .filter_map(Result::ok);
        let mut inner: Vec<PathBuf> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect();
        inner.sort();
        folders.extend(inner.into_iter().rev());
        if folder.join(LOG).is_file() || folder.join(CHECKPOINT).is_file() {
            found.push(folder);
        }
    }
    found
}

fn search(folder: &Path, digest: &Digest) -> Result<Option<FoundRecord>, Failure> {
    let path = folder.join(LOG);
    let fault = |error: std::io::Error| Failure::io("could not read the log", &path, &error);
    let file = BufReader::new(File::open(&path).map_err(fault)?);
    let (mut tree, mut lists) = (MerkleTree::new(), BTreeMap::new());
    let mut found = None;
    for line in file.lines() {
        let line = line.map_err(fault)?;
        let entry = LogEntry::parse(&line)
            .map_err(|error| Failure::check_failed(error.to_string()).at(&path))?;
        match &entry {
            LogEntry::Actions(list) => {
                lists.insert(Digest::of(line.as_bytes()), list.clone());
                continue;
            }
            LogEntry::Object(record)
                if record.output.is_some_and(|output| output.digest == *digest) =>
            {
                found = Some((record.as_ref().clone(), line.clone(), tree.size()));
            }
            _ => {}
        }
        tree.push(
            entry
                .leaf(&line)
                .unwrap_or_else(|| leaf_hash(line.as_bytes())),
        );
    }
    let Some((record, line, leaf)) = found else {
        return Ok(None);
    };
    let head = folder.join(CHECKPOINT);
    let checkpoint = read_text(&head)?
        .parse()
        .map_err(|_| Failure::check_failed("the signed head is damaged").at(&head))?;
    let actions = record.actions.and_then(|list| lists.remove(&list));
    Ok(Some(FoundRecord {
        record,
        actions,
        line,
        leaf,
        tree,
        checkpoint,
    }))
}

/// How large a sample is to be.
#[derive(Debug, Clone, Copy)]
pub enum SampleSize {
    /// So many series.
    Number(u64),
    /// As many as rule out this share of leaking series, with this confidence.
    Bound(Share, Share),
}

impl SampleSize {
    /// Reads what the user wrote: a number, or a bound and a confidence as `1%` or `0.01`.
    ///
    /// # Errors
    /// If neither is given or a share is not between 0 and 1.
    pub fn parse(
        number: Option<u64>,
        bound: Option<&str>,
        confidence: &str,
    ) -> Result<Self, Failure> {
        match (number, bound) {
            (Some(number), _) => Ok(Self::Number(number)),
            (None, Some(bound)) => Ok(Self::Bound(share(bound)?, share(confidence)?)),
            (None, None) => Err(Failure::wrong_use("say how large the sample is to be")
                .advise("give -n 300, or --bound 1%")),
        }
    }
}

fn share(text: &str) -> Result<Share, Failure> {
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => text.trim().parse::<f64>(),
    };
    number
        .ok()
        .and_then(|number| Share::new(number).ok())
        .ok_or_else(|| {
            Failure::wrong_use("a share is written as 1% or 0.01, and lies between 0 and 1")
        })
}

/// A sample for a person to look at.
#[derive(Debug, Serialize)]
pub struct SampleReport {
    /// Series that were drawn.
    pub series: Vec<String>,
    /// Series of kinds that are always looked at.
    pub always: Vec<String>,
    /// The size that a bound may be stated for.
    pub sample: u64,
    /// How many series the draw was from.
    pub population: u64,
    /// The share of leaking series that none found would rule out with 95 % confidence.
    pub bound_if_clean: f64,
}

impl Report for SampleReport {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Modalities of which every series is looked at, because people write into such images.
const ALWAYS: [&str; 4] = ["SC", "OT", "DOC", "XC"];

/// Draws a sample by the signed head and the auditor's nonce.
///
/// # Errors
/// If it is no package or has no signed head.
pub fn sample(path: &Path, size: SampleSize, nonce: &str) -> Result<SampleReport, Failure> {
    let package = Package::open(path).map_err(packing::failure)?;
    let folder = log_folders(path)
        .into_iter()
        .next()
        .ok_or_else(|| Failure::check_failed("the package has no log"))?;
    let head = folder.join(CHECKPOINT);
    let checkpoint: Checkpoint = read_text(&head)?
        .parse()
        .map_err(|_| Failure::check_failed("the signed head is damaged").at(&head))?;
    let index = package.full_index().map_err(packing::failure)?;
    let units: Vec<Unit> = index
        .shards
        .iter()
        .flat_map(|shard| &shard.blocks)
        .filter_map(|block| block.members.first().map(|member| (block, &member.facts)))
        .map(|(block, facts)| Unit {
            name: block.series.clone(),
            stratum: format!("{}/{}/{}", facts.modality, facts.manufacturer, facts.model),
            always: ALWAYS.contains(&facts.modality.as_str()),
        })
        .collect();
    let number = match size {
        SampleSize::Number(number) => number,
        SampleSize::Bound(bound, confidence) => sample_size(bound, confidence),
    };
    let drawn = draw(&units, number, Seed::new(&checkpoint, nonce));
    let confidence = share("95%")?;
    Ok(SampleReport {
        bound_if_clean: cloakroom_audit::sampling::upper_bound(0, drawn.sample, confidence),
        series: drawn.units,
        always: drawn.always,
        sample: drawn.sample,
        population: drawn.population,
    })
}
