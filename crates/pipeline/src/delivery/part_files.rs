//! The files of a part: what one partition of a run has made, on its way to the merge inside the hospital.
//!
//! A part is unsigned and holds original UIDs, so it is for its owner only and never leaves. It is written beside its
//! name and appears whole or not at all. Its header holds the digests of the lists, and the lists those of the blocks.

use super::batches::Results;
use super::shards;
use crate::Failure;
use crate::files::{create_private, private_folder, read_text, sync_parent};
use crate::state::NewResult;
use cloakroom_core::{Digest, Hasher, Outcome, SiteName, StatedDate, TrackId};
use cloakroom_packager::{BlockEntry, Compression};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The format of parts that this program writes and reads.
const FORMAT: u32 = 1;
const HEADER: &str = "part.json";
const BLOCKS: &str = "blocks";
const SERIES: &str = "series.jsonl";
const OTHERS: &str = "others.jsonl";

/// What all parts of one run have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartRun {
    pub(super) format: u32,
    pub(super) site: SiteName,
    pub(super) track: TrackId,
    pub(super) delivery: u32,
    pub(super) date: StatedDate,
    pub(super) tool: String,
    /// Everything beside the streams that decides what they become.
    pub(super) asked: Digest,
    /// Everything that is new, with what was asked for.
    pub(super) settings: Digest,
    /// All series of the run in their order.
    pub(super) plan: Digest,
    pub(super) compression: Compression,
    pub(super) partitions: u32,
    /// The profile, and those that it extends and that are not shipped.
    pub(super) profile: String,
    pub(super) extended: BTreeMap<String, String>,
    /// The officer's list.
    pub(super) selection: Option<String>,
}

impl PartRun {
    pub(super) const FORMAT: u32 = FORMAT;
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    run: PartRun,
    partition: u32,
    series: Digest,
    others: Digest,
}

/// One series of a part.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartSeries {
    /// Its number in the plan of the run.
    pub(super) series: usize,
    /// The bytes of its block.
    pub(super) bytes: u64,
    /// Their digest.
    pub(super) sha256: Digest,
    pub(super) block: Option<BlockEntry>,
    pub(super) results: Vec<PartResult>,
    /// The original UIDs that its objects refer to.
    pub(super) referenced: Vec<String>,
}

/// One stream's result.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartResult {
    pub(super) stream: i64,
    outcome: String,
    reason: String,
    basis: Digest,
    record: String,
    actions: Option<(Digest, String)>,
    bytes: u64,
}

impl From<NewResult> for PartResult {
    fn from(result: NewResult) -> Self {
        Self {
            stream: result.stream,
            outcome: result.outcome.kind().into(),
            reason: result.outcome.reason().into(),
            basis: result.basis,
            record: result.record,
            actions: result.actions,
            bytes: result.bytes,
        }
    }
}

impl PartResult {
    pub(super) fn into_result(self) -> Result<NewResult, Failure> {
        Ok(NewResult {
            stream: self.stream,
            outcome: Outcome::parse(&self.outcome, &self.reason).map_err(|_| damaged())?,
            basis: self.basis,
            shard: None,
            record: self.record,
            actions: self.actions,
            bytes: self.bytes,
        })
    }
}

/// A part that is being written.
pub(super) struct PartWriter {
    out: PathBuf,
    partial: PathBuf,
    /// Not there while a series is packed into it.
    blocks: Option<Blocks>,
    series: List,
    others: List,
}

impl PartWriter {
    /// Begins a part; what a killed run left of it is written anew.
    pub(super) fn begin(out: &Path) -> Result<Self, Failure> {
        let mut name = out.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        private_folder(&partial)?;
        Ok(Self {
            blocks: Some(Blocks {
                file: BufWriter::with_capacity(1 << 18, create_private(&partial.join(BLOCKS))?),
                hasher: Hasher::new(),
                bytes: 0,
            }),
            series: List::begin(partial.join(SERIES))?,
            others: List::begin(partial.join(OTHERS))?,
            out: out.to_path_buf(),
            partial,
        })
    }

    /// Hands out the file of blocks, for the block of one series; [`Self::end_series`] takes it back.
    pub(super) fn take_blocks(&mut self) -> Result<Blocks, Failure> {
        self.blocks.take().ok_or_else(shards::lost)
    }

    /// Notes a series whose block, if anything of it was cleared, has been written.
    pub(super) fn end_series(
        &mut self,
        number: usize,
        mut blocks: Blocks,
        block: Option<BlockEntry>,
        done: Results,
    ) -> Result<(), Failure> {
        let hasher = std::mem::replace(&mut blocks.hasher, Hasher::new());
        let bytes = std::mem::take(&mut blocks.bytes);
        self.blocks = Some(blocks);
        self.series.add(&PartSeries {
            series: number,
            bytes,
            sha256: hasher.finish(),
            block,
            results: done.results.into_iter().map(PartResult::from).collect(),
            referenced: done.referenced.into_iter().collect(),
        })
    }

    pub(super) fn other(&mut self, result: &PartResult) -> Result<(), Failure> {
        self.others.add(result)
    }

    /// Brings everything safely to disk and gives the part its name.
    pub(super) fn finish(self, run: PartRun, partition: u32) -> Result<PathBuf, Failure> {
        let fault =
            |error: std::io::Error| Failure::io("could not write a part", &self.partial, &error);
        let blocks = self
            .blocks
            .ok_or_else(shards::lost)?
            .file
            .into_inner()
            .map_err(|error| fault(error.into_error()))?;
        blocks.sync_all().map_err(fault)?;
        let header = Header {
            run,
            partition,
            series: self.series.finish()?,
            others: self.others.finish()?,
        };
        let text = serde_json::to_vec_pretty(&header).map_err(|_| damaged())?;
        crate::files::replace_private_file(&self.partial.join(HEADER), &text)?;
        fs::rename(&self.partial, &self.out).map_err(fault)?;
        sync_parent(&self.out)?;
        Ok(self.out)
    }
}

/// The blocks of a part, one after the other, with the length and the digest of the one that is being written.
pub(super) struct Blocks {
    file: BufWriter<File>,
    hasher: Hasher,
    bytes: u64,
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A list of JSON lines with the digest of all of them.
struct List {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: Hasher,
}

impl List {
    fn begin(path: PathBuf) -> Result<Self, Failure> {
        Ok(Self {
            file: BufWriter::new(create_private(&path)?),
            path,
            hasher: Hasher::new(),
        })
    }

    fn add(&mut self, entry: &impl Serialize) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(entry).map_err(|_| damaged())?;
        line.push(b'\n');
        self.hasher.update(&line);
        self.file
            .write_all(&line)
            .map_err(|error| Failure::io("could not write a part", &self.path, &error))
    }

    fn finish(self) -> Result<Digest, Failure> {
        let path = self.path;
        let fault = |error: std::io::Error| Failure::io("could not write a part", &path, &error);
        let file = self
            .file
            .into_inner()
            .map_err(|error| fault(error.into_error()))?;
        file.sync_all().map_err(fault)?;
        Ok(self.hasher.finish())
    }
}

/// A part that was written.
pub(super) struct Part {
    root: PathBuf,
    pub(super) run: PartRun,
    pub(super) partition: u32,
    /// Where the line and the block of each series begin.
    places: BTreeMap<usize, (u64, u64)>,
}

impl Part {
    /// Opens a part and checks its lists against its header.
    pub(super) fn open(root: &Path) -> Result<Self, Failure> {
        if !root.join(HEADER).is_file() {
            return Err(Failure::wrong_use("this is no part")
                .at(root)
                .advise("name the folders that `cloakroom deid --partition` wrote"));
        }
        let broken = || damaged().at(root);
        let header: Header =
            serde_json::from_str(&read_text(&root.join(HEADER))?).map_err(|_| broken())?;
        if header.run.format != FORMAT {
            return Err(Failure::wrong_use(format!(
                "the part has format {}, and this program knows format {FORMAT}",
                header.run.format
            ))
            .at(root));
        }
        let mut places = BTreeMap::new();
        let (mut line_at, mut block_at) = (0, 0);
        let digest = each_line(&root.join(SERIES), &mut |line| {
            let series: PartSeries = serde_json::from_slice(line).map_err(|_| broken())?;
            places.insert(series.series, (line_at, block_at));
            line_at += line.len() as u64;
            block_at += series.bytes;
            Ok(())
        })?;
        let blocks = root.join(BLOCKS);
        let there = fs::metadata(&blocks)
            .map_err(|error| Failure::io("could not read a part", &blocks, &error))?
            .len();
        if digest != header.series || there != block_at {
            return Err(broken());
        }
        Self {
            root: root.to_path_buf(),
            run: header.run,
            partition: header.partition,
            places,
        }
        .with_others_checked(&header.others)
    }

    fn with_others_checked(self, expected: &Digest) -> Result<Self, Failure> {
        let digest = each_line(&self.root.join(OTHERS), &mut |_| Ok(()))?;
        if digest == *expected {
            Ok(self)
        } else {
            Err(damaged().at(&self.root))
        }
    }

    pub(super) fn holds(&self, series: usize) -> bool {
        self.places.contains_key(&series)
    }

    /// One series, with a reader of the bytes of its block.
    pub(super) fn series(&self, number: usize) -> Result<(PartSeries, impl Read + use<>), Failure> {
        let broken = || damaged().at(&self.root);
        let (line_at, block_at) = *self.places.get(&number).ok_or_else(broken)?;
        let mut line = Vec::new();
        BufReader::new(self.at(SERIES, line_at)?)
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::io("could not read a part", &self.root, &error))?;
        let series: PartSeries = serde_json::from_slice(&line).map_err(|_| broken())?;
        if series.series != number {
            return Err(broken());
        }
        let block = self.at(BLOCKS, block_at)?.take(series.bytes);
        Ok((series, block))
    }

    fn at(&self, name: &str, offset: u64) -> Result<File, Failure> {
        let path = self.root.join(name);
        let open = || {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(offset))?;
            Ok(file)
        };
        open().map_err(|error: std::io::Error| Failure::io("could not read a part", &path, &error))
    }

    /// The results of streams that no shard looked into.
    pub(super) fn others(
        &self,
        each: &mut dyn FnMut(PartResult) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        each_line(&self.root.join(OTHERS), &mut |line| {
            each(serde_json::from_slice(line).map_err(|_| damaged().at(&self.root))?)
        })
        .map(drop)
    }
}

/// Hands on every line with its end, and returns the digest of all of them.
fn each_line(
    path: &Path,
    each: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<Digest, Failure> {
    let fault = |error: std::io::Error| Failure::io("could not read a part", path, &error);
    let mut file = BufReader::new(File::open(path).map_err(fault)?);
    let (mut hasher, mut line) = (Hasher::new(), Vec::new());
    while file.read_until(b'\n', &mut line).map_err(fault)? > 0 {
        hasher.update(&line);
        each(&line)?;
        line.clear();
    }
    Ok(hasher.finish())
}

pub(super) fn damaged() -> Failure {
    Failure::check_failed("a part is damaged").advise("make it again with the same command")
}
