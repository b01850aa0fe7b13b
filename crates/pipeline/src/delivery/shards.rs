//! The shards of a delivery: series are worked on at the same time and written in their order.

use super::Work;
use super::choice::Kind;
use super::jobs::{InstanceJob, Jobs, Plan, SeriesJob};
use crate::object::{Processed, Rooms};
use crate::ordered::{self, Finished, Output};
use crate::progress::Progress;
use crate::state::NewResult;
use crate::{Failure, packing};
use cloakroom_core::{Digest, Hasher};
use cloakroom_packager::{
    BlockEntry, BundleFacts, Compression, PackageBuilder, SeriesBlock, ShardPlace, ShardWriter,
};
use std::collections::{BTreeSet, VecDeque};

/// What came out of one series.
pub(super) struct SeriesDone {
    pub(super) block: Option<BlockEntry>,
    pub(super) results: Vec<NewResult>,
    pub(super) referenced: BTreeSet<String>,
}

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
        open: None,
    };
    let remember = work.choice.kind == Kind::New;
    let mut writer = Writer {
        builder,
        state: &mut work.state,
        bundle,
        compression,
        remember,
        open: None,
    };
    ordered::run(
        threads,
        || jobs.next(),
        |job, output| clean_series(rooms, facts, job, output, compression, progress),
        |finished| writer.series(&mut todo, finished),
    )?;
    progress.finish();
    Ok(())
}

/// Writes every shard that is not finished yet from series that were worked on elsewhere; `take` gives the one with
/// this number of the plan.
pub(super) fn write_from(
    work: &mut Work<'_>,
    builder: &mut PackageBuilder,
    bundle: &BundleFacts,
    progress: &dyn Progress,
    take: impl Fn(usize, &mut Output<Result<SeriesDone, Failure>>) -> Result<SeriesDone, Failure> + Sync,
) -> Result<(), Failure> {
    let keys = work.rooms.keys().clone();
    let plan = Plan::make(&work.catalogue, &work.people, &keys, &work.choice)?;
    let mut todo = unfinished(work, builder, bundle, &plan)?;
    progress.begin("joining", Some(plan.streams), Some(plan.bytes));
    let mut queue: VecDeque<usize> = todo
        .iter()
        .flat_map(|shard| shard.series.iter().copied())
        .collect();
    let mut writer = Writer {
        builder,
        state: &mut work.state,
        bundle,
        compression: work.settings.compression,
        remember: work.choice.kind == Kind::New,
        open: None,
    };
    ordered::run(
        work.settings.run.threads,
        || Ok(queue.pop_front()),
        |number, output| take(number, output),
        |finished| writer.series(&mut todo, finished),
    )?;
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

/// Works on one series and streams its block.
pub(super) fn clean_series(
    rooms: &Rooms,
    facts: &crate::evidence::RunFacts,
    job: SeriesJob,
    output: &mut Output<Result<SeriesDone, Failure>>,
    compression: Compression,
    progress: &dyn Progress,
) -> Result<SeriesDone, Failure> {
    let mut done = SeriesDone {
        block: None,
        results: Vec::new(),
        referenced: BTreeSet::new(),
    };
    let mut block = SeriesBlock::new(output, compression);
    let mut any = false;
    for instance in &job.instances {
        let processed = match job.barred {
            Some(outcome) => rooms.ended(&instance.located, facts, outcome),
            None => rooms.process(
                &job.subject,
                &instance.located,
                facts,
                instance.decisions.as_ref(),
            ),
        }?;
        let processed = match processed {
            Processed::Cleared(cleared) => {
                let (record, actions) = block_append(&mut block, &cleared, &mut done.referenced)?;
                any = true;
                (cleared.outcome(), record, actions)
            }
            Processed::Ended { outcome, record } => (outcome, record, None),
        };
        done.results.push(result(instance, processed));
        progress.advance(1, instance.bytes);
    }
    if any {
        let (_, entry) = block.finish().map_err(packing::failure)?;
        done.block = Some(entry);
    }
    Ok(done)
}

type Evidence = (String, Option<(Digest, String)>);

fn block_append(
    block: &mut SeriesBlock<&mut Output<Result<SeriesDone, Failure>>>,
    cleared: &crate::object::ClearedObject,
    referenced: &mut BTreeSet<String>,
) -> Result<Evidence, Failure> {
    let member = block.append(cleared.object()).map_err(packing::failure)?;
    let evidence = cleared.evidence(member.sha256)?;
    cleared.referenced(referenced);
    Ok(evidence)
}

fn result(
    instance: &InstanceJob,
    (outcome, record, actions): (cloakroom_core::Outcome, String, Option<(Digest, String)>),
) -> NewResult {
    NewResult {
        stream: instance.stream,
        outcome,
        basis: instance.basis,
        shard: None,
        record,
        actions,
        bytes: instance.bytes,
    }
}

/// The side that writes: one shard is open at a time.
struct Writer<'a> {
    builder: &'a mut PackageBuilder,
    state: &'a mut crate::state::State,
    bundle: &'a BundleFacts,
    compression: Compression,
    /// Whether results are new; those of a delivery that is written again are remembered already.
    remember: bool,
    open: Option<OpenShard>,
}

struct OpenShard {
    writer: ShardWriter,
    results: Vec<NewResult>,
    referenced: BTreeSet<String>,
}

impl Writer<'_> {
    fn series(
        &mut self,
        todo: &mut VecDeque<Todo>,
        mut finished: Finished<SeriesDone, Failure>,
    ) -> Result<(), Failure> {
        let Some(shard) = todo.front_mut() else {
            return Err(lost());
        };
        shard.series.pop_front();
        let mut open = match self.open.take() {
            Some(open) => open,
            None => OpenShard {
                writer: self
                    .builder
                    .shard(shard.place.clone(), self.compression)
                    .map_err(packing::failure)?,
                results: Vec::new(),
                referenced: BTreeSet::new(),
            },
        };
        open.writer.write(&mut finished).map_err(packing::failure)?;
        let done = finished.result().ok_or_else(lost)??;
        if let Some(block) = done.block {
            open.writer.end_block(block).map_err(packing::failure)?;
        }
        open.results.extend(done.results);
        open.referenced.extend(done.referenced);
        if shard.series.is_empty() {
            if let Some(shard) = todo.pop_front() {
                self.close(&shard, open)?;
            }
        } else {
            self.open = Some(open);
        }
        Ok(())
    }

    /// First the file, then what is remembered of it, then the note that it is finished.
    fn close(&mut self, shard: &Todo, mut open: OpenShard) -> Result<(), Failure> {
        let empty = open.writer.tar_bytes() == 0;
        let entry = if empty {
            None
        } else {
            Some(open.writer.commit().map_err(packing::failure)?)
        };
        for result in &mut open.results {
            result.shard = Some(shard.place.sequence);
        }
        if self.remember {
            let referenced: Vec<String> = open.referenced.into_iter().collect();
            let note = entry
                .as_ref()
                .map(|_| (shard.place.sequence, &shard.digest));
            self.state.store(
                &self.bundle.track,
                self.bundle.delivery,
                &open.results,
                note,
                &referenced,
            )?;
        } else {
            self.state
                .compare(&self.bundle.track, self.bundle.delivery, &open.results)?;
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
