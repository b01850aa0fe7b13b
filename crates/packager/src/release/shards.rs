//! The shards of a release: frozen where nothing left them, rewritten where somebody did, new for what is new.

use super::select::{SelectedSeries, Source};
use super::split::order;
use super::{ReleaseError, ReleaseInput};
use crate::block::{BlockEntry, MemberEntry, SeriesBlock};
use crate::builder::{PackageBuilder, copy_hashed};
use crate::decode::{MemberSink, TarChecker, decode_frames};
use crate::error::PackError;
use crate::plan::{SeriesToPack, plan_shards};
use crate::seekable::Compression;
use crate::shard::{ShardEntry, ShardPlace, ShardWriter};
use crate::verify::{Checked, VerifiedRelease};
use cloakroom_core::{Digest, Hasher};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// One shard of the release before it is written.
pub(super) struct PlannedShard<'a> {
    pub(super) place: ShardPlace,
    pub(super) since: semver::Version,
    pub(super) work: Work<'a>,
}

pub(super) enum Work<'a> {
    /// A shard of the version before, as it is.
    Keep(&'a ShardEntry),
    /// A shard of the version before without some of its series.
    Rewrite(&'a ShardEntry, Vec<&'a BlockEntry>),
    /// Series that were in no shard, or in another state.
    New(Vec<&'a SelectedSeries<'a>>),
}

/// Plans all shards. The plan depends on what is selected, never on the order in which it is given.
pub(super) fn plan<'a>(
    input: &ReleaseInput<'a>,
    series: &'a [SelectedSeries<'a>],
    sides: &BTreeMap<String, String>,
) -> Vec<PlannedShard<'a>> {
    let by_uid: BTreeMap<&str, &SelectedSeries<'_>> = series
        .iter()
        .map(|series| (series.series, series))
        .collect();
    let compression = Compression::from(input.track.compression);
    let mut planned = Vec::new();
    let mut kept = BTreeSet::new();
    let mut next: BTreeMap<String, u32> = BTreeMap::new();
    if let Some(previous) = input.previous {
        for shard in &previous.checked.index.shards {
            let number = next.entry(shard.folder.clone()).or_default();
            *number = (*number).max(shard.sequence + 1);
            let survives = |block: &&BlockEntry| {
                shard.compression.name() == compression.name()
                    && by_uid
                        .get(block.series.as_str())
                        .is_some_and(|series| unchanged(block, series))
            };
            let blocks: Vec<_> = shard.blocks.iter().filter(survives).collect();
            kept.extend(blocks.iter().map(|block| block.series.as_str()));
            planned.extend(from_previous(input, previous, shard, blocks));
        }
    }
    let waiting: Vec<_> = series
        .iter()
        .filter(|series| !kept.contains(series.series))
        .collect();
    let sides: BTreeMap<&str, Vec<&SelectedSeries<'_>>> =
        waiting
            .into_iter()
            .fold(BTreeMap::new(), |mut sides_so_far, series| {
                let side = sides.get(series.patient).map_or("train", String::as_str);
                sides_so_far
                    .entry(side)
                    .or_insert_with(Vec::new)
                    .push(series);
                sides_so_far
            });
    for (side, series) in sides {
        let folder = format!("data/{side}/dicom");
        let first = next.get(&folder).copied().unwrap_or_default();
        for (number, numbers) in plan_side(input, &series).into_iter().enumerate() {
            planned.push(PlannedShard {
                place: ShardPlace {
                    folder: folder.clone(),
                    stem: format!("{}-{side}-dicom", input.track.id),
                    sequence: first + u32::try_from(number).unwrap_or(u32::MAX - first),
                },
                since: input.version.clone(),
                work: Work::New(numbers.into_iter().map(|number| series[number]).collect()),
            });
        }
    }
    planned
}

fn plan_side(input: &ReleaseInput<'_>, series: &[&SelectedSeries<'_>]) -> Vec<Vec<usize>> {
    let to_pack: Vec<_> = series
        .iter()
        .map(|series| SeriesToPack {
            patient: series.patient.into(),
            series: series.series.into(),
            order: *order(&input.track.split.seed, "shard", series.patient).as_bytes(),
            bytes: series.content_bytes() + 1024 * series.sources.len() as u64,
        })
        .collect();
    plan_shards(&to_pack, input.limits)
}

fn unchanged(block: &BlockEntry, series: &SelectedSeries<'_>) -> bool {
    let new = series.sources.iter().map(|source| source.member.sha256);
    block.patient == series.patient && block.members.iter().map(|member| member.sha256).eq(new)
}

fn from_previous<'a>(
    input: &ReleaseInput<'a>,
    previous: &'a VerifiedRelease,
    shard: &'a ShardEntry,
    blocks: Vec<&'a BlockEntry>,
) -> Option<PlannedShard<'a>> {
    if blocks.is_empty() {
        return None;
    }
    let path = shard.path();
    let summary = previous
        .manifest
        .shards
        .iter()
        .find(|summary| summary.path == path);
    let since = summary.and_then(|summary| summary.since.clone());
    let whole = blocks.len() == shard.blocks.len();
    let (stem, ..) = crate::names::split_shard_name(&shard.name)?;
    Some(PlannedShard {
        place: ShardPlace {
            folder: shard.folder.clone(),
            stem: stem.into(),
            sequence: shard.sequence,
        },
        since: since
            .filter(|_| whole)
            .unwrap_or_else(|| input.version.clone()),
        work: match whole {
            true => Work::Keep(shard),
            false => Work::Rewrite(shard, blocks),
        },
    })
}

/// Writes all shards, several at once, and takes them into the package. Returns the version each first appeared in, by path.
pub(super) fn write(
    input: &ReleaseInput<'_>,
    builder: &mut PackageBuilder,
    planned: &[PlannedShard<'_>],
) -> Result<BTreeMap<String, semver::Version>, ReleaseError> {
    let written: Result<Vec<_>, PackError> = planned
        .par_iter()
        .map(|planned| {
            let digest = plan_digest(input, planned);
            if !matches!(planned.work, Work::Keep(_))
                && let Some(shard) = builder.completed_shard(&planned.place, &digest)?
            {
                return Ok((shard, digest));
            }
            write_one(input, builder, planned).map(|shard| (shard, digest))
        })
        .collect();
    let mut since = BTreeMap::new();
    for ((shard, digest), planned) in written?.into_iter().zip(planned) {
        since.insert(shard.path(), planned.since.clone());
        builder.add_shard(&planned.place, shard, &digest)?;
    }
    Ok(since)
}

/// Everything that decides the bytes of a shard.
fn plan_digest(input: &ReleaseInput<'_>, planned: &PlannedShard<'_>) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(Compression::from(input.track.compression).name().as_bytes());
    let mut add = |digest: &Digest| hasher.update(digest.as_bytes());
    match &planned.work {
        Work::Keep(shard) => add(&shard.sha256),
        Work::Rewrite(_, blocks) => {
            blocks
                .iter()
                .flat_map(|block| &block.members)
                .for_each(|member| add(&member.sha256));
        }
        Work::New(series) => {
            series
                .iter()
                .flat_map(|series| &series.sources)
                .for_each(|source| add(&source.member.sha256));
        }
    }
    hasher.finish()
}

fn write_one(
    input: &ReleaseInput<'_>,
    builder: &PackageBuilder,
    planned: &PlannedShard<'_>,
) -> Result<ShardEntry, PackError> {
    let compression = Compression::from(input.track.compression);
    match (&planned.work, input.previous) {
        (Work::Keep(shard), Some(previous)) => keep(builder, previous, shard),
        (Work::Rewrite(shard, blocks), Some(previous)) => {
            let mut writer = builder.shard(planned.place.clone(), shard.compression)?;
            for block in blocks {
                copy_block(&mut writer, &previous.checked, shard, block)?;
            }
            writer.commit()
        }
        (Work::New(series), _) => {
            let mut writer = builder.shard(planned.place.clone(), compression)?;
            for one in series {
                let whole = one.whole_block();
                let copied =
                    whole.filter(|source| source.shard.compression.name() == compression.name());
                match copied {
                    Some(source) => {
                        copy_block(&mut writer, source.package, source.shard, source.block)?;
                    }
                    None => repack(&mut writer, builder.root(), one, compression)?,
                }
            }
            writer.commit()
        }
        _ => Err(PackError::NothingToPack),
    }
}

/// Copies a whole shard of the version before, and checks that it is still what was verified.
fn keep(
    builder: &PackageBuilder,
    previous: &VerifiedRelease,
    shard: &ShardEntry,
) -> Result<ShardEntry, PackError> {
    let from = previous.checked.root.join(shard.path());
    let to = builder.root().join(shard.path());
    let folder = builder.root().join(&shard.folder);
    fs::create_dir_all(&folder).map_err(PackError::io("create", &folder))?;
    let mut source = File::open(&from).map_err(PackError::io("open", &from))?;
    let mut target = File::create(&to).map_err(PackError::io("create", &to))?;
    let copied = copy_hashed(&mut source, &mut target).map_err(PackError::io("copy", &to))?;
    target
        .sync_all()
        .map_err(PackError::io("synchronise", &to))?;
    if copied != (shard.sha256, shard.bytes) {
        return Err(changed(&from, shard.sha256));
    }
    Ok(shard.clone())
}

fn changed(path: &Path, expected: Digest) -> PackError {
    PackError::ChangedAfterCheck {
        file: path.display().to_string(),
        expected,
    }
}

fn open_block(
    checked: &Checked,
    shard: &ShardEntry,
    block: &BlockEntry,
) -> Result<io::Take<File>, PackError> {
    let path = checked.root.join(shard.path());
    let mut file = File::open(&path).map_err(PackError::io("open", &path))?;
    file.seek(SeekFrom::Start(block.offset))
        .map_err(PackError::io("read", &path))?;
    Ok(file.take(block.length))
}

/// Copies the bytes of a block without looking into them, and checks that they are still those that were verified.
fn copy_block(
    writer: &mut ShardWriter,
    checked: &Checked,
    shard: &ShardEntry,
    block: &BlockEntry,
) -> Result<(), PackError> {
    let path = checked.root.join(shard.path());
    let bytes = open_block(checked, shard, block)?;
    if let Some(expected) = checked.blocks.get(&block.series) {
        let mut hashing = Tee {
            from: bytes,
            to: HashSink(Hasher::new()),
        };
        writer.append(block.unplaced(), &mut hashing)?;
        let found = hashing.to.0.finish();
        return if found == *expected {
            Ok(())
        } else {
            Err(changed(&path, *expected))
        };
    }
    let mut checking = Tee {
        from: bytes,
        to: TarChecker::new(&block.members, Judge::default()),
    };
    writer.append(block.unplaced(), &mut checking)?;
    let (_, fault, judge) = checking.to.finish();
    match (fault, judge.wrong) {
        (None, None) => Ok(()),
        (_, wrong) => Err(changed(&path, wrong.unwrap_or(shard.sha256))),
    }
}

struct HashSink(Hasher);

impl Write for HashSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Shows what is read to a sink.
struct Tee<R, W> {
    from: R,
    to: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.to.write_all(&buffer[..count])?;
        Ok(count)
    }
}

/// Remembers the first digest that was not found.
#[derive(Default)]
struct Judge {
    wrong: Option<Digest>,
}

impl MemberSink for Judge {
    fn begin(&mut self, _: &MemberEntry) -> io::Result<()> {
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, member: &MemberEntry, digest: Digest) -> io::Result<()> {
        if digest != member.sha256 {
            self.wrong.get_or_insert(member.sha256);
        }
        Ok(())
    }
}

/// Packs a series anew: only where it comes from several deliveries, lost instances, or changes its compression.
fn repack(
    writer: &mut ShardWriter,
    root: &Path,
    series: &SelectedSeries<'_>,
    compression: Compression,
) -> Result<(), PackError> {
    let work = root.join(".work");
    fs::create_dir_all(&work).map_err(PackError::io("create", &work))?;
    let mut unpacked: Vec<(&BlockEntry, File)> = Vec::new();
    for source in &series.sources {
        if !unpacked
            .iter()
            .any(|(block, _)| std::ptr::eq(*block, source.block))
        {
            let number = unpacked.len();
            let path = work.join(format!("unpacked-{}-{number}", series.series));
            unpacked.push((source.block, unpack(source, &path)?));
        }
    }
    let path = work.join(format!("repacked-{}", series.series));
    let mut block = SeriesBlock::new(scratch(&path)?, compression);
    for source in &series.sources {
        let found = unpacked
            .iter_mut()
            .find(|(block, _)| std::ptr::eq(*block, source.block));
        let (origin, file) = found.ok_or(PackError::EmptySeries)?;
        let member = source.member;
        let start = SeekFrom::Start(member.offset - origin.tar_offset);
        let mut content = |sink: &mut dyn Write| {
            file.seek(start)?;
            copy_hashed(&mut (&mut *file).take(member.size), sink).map(|(digest, _)| digest)
        };
        block.append_member(
            &member.facts,
            member.size,
            Some(member.sha256),
            &mut content,
        )?;
    }
    let (mut file, entry) = block.finish()?;
    file.seek(SeekFrom::Start(0))
        .map_err(PackError::io("read", &path))?;
    writer.append(entry, &mut file)
}

/// A file without a name: it goes when it is closed, whatever happens.
fn scratch(path: &Path) -> Result<File, PackError> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(PackError::io("create", path))?;
    fs::remove_file(path).map_err(PackError::io("remove", path))?;
    Ok(file)
}

/// The tar of a block, checked against its index.
fn unpack(source: &Source<'_>, path: &Path) -> Result<File, PackError> {
    let mut tar = scratch(path)?;
    let mut bytes = BufReader::new(open_block(source.package, source.shard, source.block)?);
    let mut both = Both(
        &mut tar,
        TarChecker::new(&source.block.members, Judge::default()),
    );
    let decoded = decode_frames(&mut bytes, source.shard.compression, &mut both);
    let (_, fault, judge) = both.1.finish();
    match (decoded, fault, judge.wrong) {
        (Ok(_), None, None) => Ok(tar),
        (_, _, wrong) => Err(changed(
            &source.package.root.join(source.shard.path()),
            wrong.unwrap_or(source.shard.sha256),
        )),
    }
}

struct Both<'a, W>(&'a mut File, W);

impl<W: Write> Write for Both<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
