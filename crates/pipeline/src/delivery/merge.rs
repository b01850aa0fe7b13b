//! `bundle merge`: the parts of a run become one bundle, at the site, with the bytes of a run on one machine.
//!
//! The merge makes the plan of the run once more from the catalogue, and takes from the parts what each series became.
//! It assigns shards, sorts leaves, and signs once.

use super::batches::Results;
use super::jobs::Plan;
use super::part_files::{Part, PartRun, damaged};
use super::partition::digest_of;
use super::shards;
use super::{
    Access, DeliveryReport, DeliverySettings, Work, finish, others, refuse_site_folder,
    refuse_taken,
};
use crate::progress::Progress;
use crate::run_settings::parse_profile_with;
use crate::{Failure, RunSettings, Selection, Site, packing};
use cloakroom_core::Hasher;
use cloakroom_packager::{PackageBuilder, ShardWriter};
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

/// What `bundle merge` is asked for.
pub struct MergeSettings {
    /// All parts of one run.
    pub parts: Vec<PathBuf>,
    /// The bundle to write.
    pub out: PathBuf,
    /// How many threads.
    pub threads: usize,
}

/// Joins the parts of a run to a bundle.
///
/// # Errors
/// If the parts are not all parts of one run, are damaged, or the site has changed since; or if the machine fails:
/// then the same command goes on where it stopped.
pub fn merge(
    site: &Site,
    settings: &MergeSettings,
    progress: &dyn Progress,
) -> Result<DeliveryReport, Failure> {
    let parts = open_all(&settings.parts)?;
    let run = &parts.first().ok_or_else(damaged)?.run;
    if run.site != *site.name() {
        return Err(Failure::wrong_use("the parts are of another site"));
    }
    let delivery = settings_of(run, settings)?;
    refuse_taken(&delivery)?;
    refuse_site_folder(site, &delivery)?;
    refuse_changed_site(site, &delivery, run)?;
    let mut work = Work::prepare(site, &delivery)?;
    let bundle = work.bundle_facts();
    let mut builder = PackageBuilder::begin(&settings.out).map_err(packing::failure)?;
    let append = |number, shard: &mut ShardWriter, results: &mut Results| {
        take_series(&parts, number, shard, results, progress)
    };
    shards::write_from(&mut work, &mut builder, &bundle, progress, append)?;
    take_others(&mut work, &parts, progress)?;
    finish::finish(work, builder, bundle)
}

/// Opens the parts, and makes sure that they are all of one run, each once.
fn open_all(paths: &[PathBuf]) -> Result<Vec<Part>, Failure> {
    let parts = paths
        .iter()
        .map(|path| Part::open(path))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(first) = parts.first() else {
        return Err(Failure::wrong_use("no parts were named"));
    };
    if let Some((_, path)) = parts
        .iter()
        .zip(paths)
        .find(|(part, _)| part.run != first.run)
    {
        return Err(Failure::wrong_use("the parts are not of one run")
            .at(path)
            .advise("make all parts with the same arguments, from the same site folder"));
    }
    let there: BTreeSet<u32> = parts.iter().map(|part| part.partition).collect();
    let missing: Vec<String> = (1..=first.run.partitions)
        .filter(|number| !there.contains(number))
        .map(|number| number.to_string())
        .collect();
    if !missing.is_empty() {
        let told = missing.join(", ");
        return Err(Failure::wrong_use(format!(
            "of {} parts some are missing: {told}",
            first.run.partitions
        )));
    }
    if there.len() != parts.len() {
        return Err(Failure::wrong_use("a part was named twice"));
    }
    Ok(parts)
}

fn settings_of(run: &PartRun, settings: &MergeSettings) -> Result<DeliverySettings, Failure> {
    let profile = parse_profile_with(&run.profile, &run.extended)?;
    let selection = run.selection.as_deref().map(Selection::parse);
    Ok(DeliverySettings {
        run: RunSettings {
            track: run.track.clone(),
            profile: Arc::new(profile),
            selection: selection.transpose()?,
            threads: settings.threads,
        },
        out: settings.out.clone(),
        date: Some(run.date),
        compression: run.compression,
    })
}

/// Compares the run of the parts with the one that would begin now, before anything is noted in the site.
fn refuse_changed_site(
    site: &Site,
    delivery: &DeliverySettings,
    run: &PartRun,
) -> Result<(), Failure> {
    let (work, step) = Work::prepare_with(site, delivery, Access::Comparing)?;
    let keys = work.rooms.keys().clone();
    let plan = Plan::make(&work.catalogue, &work.people, &keys, &work.choice)?;
    let settings = match step.settings() {
        Some(settings) => Some(settings),
        // A merge that was killed at its very end is written once more.
        None => work
            .state
            .last_delivery(&run.track)?
            .map(|last| last.settings),
    };
    let same = work.choice.basis == run.asked
        && settings == Some(run.settings)
        && work.choice.number == run.delivery
        && work.choice.date == run.date
        && digest_of(&plan) == run.plan;
    if same {
        return Ok(());
    }
    Err(Failure::wrong_use(
        "the parts were made from another state of this site, by another program, or with another text detector",
    )
    .advise("make all parts again with `cloakroom deid --partition`"))
}

/// Appends what a series became to a shard, from the part that has it.
fn take_series(
    parts: &[Part],
    number: usize,
    shard: &mut ShardWriter,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let part = parts
        .iter()
        .find(|part| part.holds(number))
        .ok_or_else(damaged)?;
    let (series, block) = part.series(number)?;
    let mut block = HashingReader {
        bytes: block,
        hasher: Hasher::new(),
    };
    if let Some(entry) = series.block {
        if entry.length != series.bytes {
            return Err(damaged());
        }
        shard.append(entry, &mut block).map_err(packing::failure)?;
    }
    if block.hasher.finish() != series.sha256 {
        return Err(damaged());
    }
    results.referenced.extend(series.referenced);
    for result in series.results {
        let result = result.into_result()?;
        progress.advance(1, result.bytes);
        results.results.push(result);
    }
    Ok(())
}

/// Hashes what is read.
struct HashingReader<R> {
    bytes: R,
    hasher: Hasher,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

/// What became of the streams that no shard looked into: each must be in exactly one part.
fn take_others(
    work: &mut Work<'_>,
    parts: &[Part],
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let mut wanted = others::streams(work)?;
    progress.begin("counting the rest", Some(wanted.len() as u64), None);
    for part in parts {
        let mut results = Vec::new();
        part.others(&mut |result| {
            if !wanted.remove(&result.stream) {
                return Err(damaged());
            }
            progress.advance(1, 0);
            results.push(result.into_result()?);
            if results.len() >= others::BATCH {
                others::keep(work, &std::mem::take(&mut results))?;
            }
            Ok(())
        })?;
        others::keep(work, &results)?;
    }
    progress.finish();
    if wanted.is_empty() {
        Ok(())
    } else {
        Err(damaged())
    }
}
