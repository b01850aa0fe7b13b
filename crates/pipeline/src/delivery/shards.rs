//! The shards of a delivery: instances are worked on at the same time and written in their order.

use super::Work;
use super::batches::{self, BatchDone, Results, SeriesPacker};
use super::choice::Kind;
use super::jobs::{Jobs, Plan};
use crate::faces::FaceLook;
use crate::ordered;
use crate::progress::Progress;
use crate::{Failure, packing};
use cloakroom_core::{Digest, Hasher};
use cloakroom_packager::{BundleFacts, Compression, PackageBuilder, ShardPlace, ShardWriter};
use std::collections::VecDeque;

/// Writes every shard that is not finished yet.
pub(super) fn write(
    work: &mut Work<'_>,
    builder: &mut PackageBuilder,
    bundle: &BundleFacts,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let keys = work.rooms.keys().clone();
    let plan = Plan::make(&work.catalogue, &work.people, &keys, &work.choice)?;
    let mut todo = unfinished(work, builder, bundle, &plan)?;
    progress.begin("de-identifying", Some(plan.streams), Some(plan.bytes));
    let mut queue: Vec<usize> = todo
        .iter()
        .flat_map(|shard| shard.series.iter().copied())
        .collect();
    queue.reverse();
    let (rooms, facts, threads) = (&work.rooms, &work.facts, work.settings.run.threads);
    let compression = work.settings.compression;
    let mut jobs = Jobs {
        catalogue: &mut work.catalogue,
        people: &work.people,
        keys: &keys,
        choice: &work.choice,
        plan: &plan,
        queue,
        faces: FaceLook::with_threads(threads),
        open: None,
        series: None,
    };
    let remember = work.choice.kind == Kind::New;
    let mut writer = Writer {
        builder,
        state: &mut work.state,
        bundle,
        compression,
        threads,
        remember,
        open: None,
    };
    ordered::run(
        threads,
        batches::MEMORY,
        || jobs.next(),
        |batch| batches::clean(rooms, facts, batch, progress),
        |done| writer.batch(&mut todo, done),
    )?;
    progress.finish();
    Ok(())
}

/// Writes every shard that is not finished yet from series that were worked on elsewhere; `take` appends the one with
/// this number of the plan.
pub(super) fn write_from(
    work: &mut Work<'_>,
    builder: &mut PackageBuilder,
    bundle: &BundleFacts,
    progress: &dyn Progress,
    take: impl Fn(usize, &mut ShardWriter, &mut Results) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let keys = work.rooms.keys().clone();
    let plan = Plan::make(&work.catalogue, &work.people, &keys, &work.choice)?;
    let todo = unfinished(work, builder, bundle, &plan)?;
    progress.begin("joining", Some(plan.streams), Some(plan.bytes));
    let mut writer = Writer {
        builder,
        state: &mut work.state,
        bundle,
        compression: work.settings.compression,
        threads: work.settings.run.threads,
        remember: work.choice.kind == Kind::New,
        open: None,
    };
    for shard in todo {
        let mut file = writer.begin(&shard)?;
        let mut results = Results::default();
        for number in &shard.series {
            take(*number, &mut file, &mut results)?;
        }
        writer.close(&shard, file, results)?;
    }
    progress.finish();
    Ok(())
}

/// A shard that is to be written.
struct Todo {
    place: ShardPlace,
    digest: Digest,
    series: VecDeque<usize>,
}

/// The shards that an earlier run has not finished; those that it has are taken into the package.
fn unfinished(
    work: &Work<'_>,
    builder: &mut PackageBuilder,
    bundle: &BundleFacts,
    plan: &Plan,
) -> Result<VecDeque<Todo>, Failure> {
    let finished = work.state.finished_shards(&bundle.track, bundle.delivery)?;
    let mut todo = VecDeque::new();
    for (sequence, series) in (0..).zip(&plan.shards) {
        let place = PackageBuilder::bundle_shard(bundle, sequence);
        let digest = digest_of_plan(work, plan, series);
        let noted = finished
            .get(&sequence)
            .is_some_and(|noted| *noted == digest);
        let found = builder
            .completed_shard(&place, &digest)
            .map_err(packing::failure)?;
        match found.filter(|_| noted || work.choice.kind == Kind::Again) {
            Some(shard) => builder
                .add_shard(&place, shard, &digest)
                .map_err(packing::failure)?,
            None => todo.push_back(Todo {
                place,
                digest,
                series: series.iter().copied().collect(),
            }),
        }
    }
    Ok(todo)
}

/// The digest of everything that decides the bytes of a shard.
fn digest_of_plan(work: &Work<'_>, plan: &Plan, series: &[usize]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(work.choice.basis.as_bytes());
    hasher.update(work.settings.compression.name().as_bytes());
    for number in series {
        let planned = &plan.series[*number];
        hasher.update(&planned.series.number.get().to_be_bytes());
        hasher.update(&planned.series.bytes.to_be_bytes());
        hasher.update(&planned.series.instances.to_be_bytes());
    }
    hasher.finish()
}

/// The side that writes: one shard is open at a time.
struct Writer<'a> {
    builder: &'a mut PackageBuilder,
    state: &'a mut crate::state::State,
    bundle: &'a BundleFacts,
    compression: Compression,
    threads: usize,
    /// Whether results are new; those of a delivery that is written again are remembered already.
    remember: bool,
    open: Option<OpenShard>,
}

struct OpenShard {
    packer: SeriesPacker<ShardWriter>,
    results: Results,
}

impl Writer<'_> {
    fn begin(&self, shard: &Todo) -> Result<ShardWriter, Failure> {
        self.builder
            .shard(shard.place.clone(), self.compression)
            .map_err(packing::failure)
    }

    fn packer(&self, file: ShardWriter) -> SeriesPacker<ShardWriter> {
        SeriesPacker::new(file, self.compression, self.threads)
    }

    fn batch(&mut self, todo: &mut VecDeque<Todo>, done: BatchDone) -> Result<(), Failure> {
        let shard = todo.front_mut().ok_or_else(lost)?;
        let mut open = match self.open.take() {
            Some(open) => open,
            None => OpenShard {
                packer: self.packer(self.begin(shard)?),
                results: Results::default(),
            },
        };
        for instance in done.instances {
            open.packer = open.packer.take(instance, &mut open.results)?;
        }
        if !done.ends_series {
            self.open = Some(open);
            return Ok(());
        }
        let (mut file, entry) = open.packer.end_series()?;
        if let Some(entry) = entry {
            file.end_block(entry).map_err(packing::failure)?;
        }
        shard.series.pop_front();
        if !shard.series.is_empty() {
            open.packer = self.packer(file);
            self.open = Some(open);
            return Ok(());
        }
        let shard = todo.pop_front().ok_or_else(lost)?;
        self.close(&shard, file, open.results)
    }

    /// First the file, then what is remembered of it, then the note that it is finished.
    fn close(&mut self, shard: &Todo, file: ShardWriter, mut done: Results) -> Result<(), Failure> {
        let entry = if file.tar_bytes() == 0 {
            None
        } else {
            Some(file.commit().map_err(packing::failure)?)
        };
        for result in &mut done.results {
            result.shard = Some(shard.place.sequence);
        }
        if self.remember {
            let referenced: Vec<String> = done.referenced.into_iter().collect();
            let note = entry
                .as_ref()
                .map(|_| (shard.place.sequence, &shard.digest));
            self.state.store(
                &self.bundle.track,
                self.bundle.delivery,
                &done.results,
                note,
                &referenced,
            )?;
        } else {
            self.state
                .compare(&self.bundle.track, self.bundle.delivery, &done.results)?;
        }
        if let Some(entry) = entry {
            self.builder
                .add_shard(&shard.place, entry, &shard.digest)
                .map_err(packing::failure)?;
        }
        Ok(())
    }
}

pub(super) fn lost() -> Failure {
    Failure::could_not_run("a worker ended without a word")
        .advise("run the same command again, and report it")
}
