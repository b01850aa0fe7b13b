//! `deid --partition i/n`: one part of a run, cut by patient, on one of many machines.
//!
//! Every machine computes the same cut from the same finished catalogue, and only reads the site folder.

use super::batches::{self, Results, SeriesPacker};
use super::jobs::{Jobs, Plan};
use super::part_files::{Blocks, PartResult, PartRun, PartWriter};
use super::{Access, DeliverySettings, Work, others, refuse_site_folder, refuse_taken, shards};
use crate::faces::FaceLook;
use crate::ordered;
use crate::progress::Progress;
use crate::run_settings::profile_with_extended;
use crate::verdict::{Report, Verdict};
use crate::{Failure, Site};
use cloakroom_core::{Conservation, Digest, Hasher};
use serde::Serialize;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::str::FromStr;
use thiserror::Error;

/// One of so many parts, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    number: u32,
    of: u32,
}

/// A text that names no partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a partition is written i/n, with i from 1 to n and n at most 10000, such as 3/8")]
pub struct NotAPartition;

impl FromStr for Partition {
    type Err = NotAPartition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, of) = text.split_once('/').ok_or(NotAPartition)?;
        let number: u32 = number.parse().map_err(|_| NotAPartition)?;
        let of: u32 = of.parse().map_err(|_| NotAPartition)?;
        let sound = (1..=10_000).contains(&of) && (1..=of).contains(&number);
        if sound {
            Ok(Self { number, of })
        } else {
            Err(NotAPartition)
        }
    }
}

/// What one part is asked for.
pub struct PartRequest {
    /// What the whole run is asked for; `out` is the part to write, and the date is stated.
    pub delivery: DeliverySettings,
    /// The profile as the user named it.
    pub profile: String,
    /// The officer's list.
    pub select: Option<PathBuf>,
    /// Which part.
    pub partition: Partition,
}

/// What a part holds.
#[derive(Debug, Serialize)]
pub struct PartReport {
    /// The part.
    pub part: PathBuf,
    /// Its number, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
    /// The delivery that it belongs to.
    pub delivery: u32,
    /// Series that it looked into.
    pub series: u64,
    /// How the streams that it decided ended.
    pub decided: Conservation,
}

impl Report for PartReport {
    /// A part is done when it is written: schedulers take anything else for a failure. What needs a person is told
    /// when the parts are merged.
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Works on one part of the next delivery of a track.
///
/// # Errors
/// If no date is stated, the ingest has not ended, there is nothing new, or the machine fails; then the same command
/// begins the part again.
pub fn deid_part(
    site: &Site,
    request: &PartRequest,
    progress: &dyn Progress,
) -> Result<PartReport, Failure> {
    let settings = &request.delivery;
    if settings.date.is_none() {
        return Err(
            Failure::wrong_use("a part needs a stated date, the same for all parts")
                .advise("add --date YYYY-MM-DD"),
        );
    }
    refuse_taken(settings)?;
    refuse_site_folder(site, settings)?;
    let (mut work, step) = Work::prepare_with(site, settings, Access::Reading)?;
    let Some(new) = step.settings() else {
        return Err(Failure::wrong_use("there is nothing new to work on")
            .advise("run `cloakroom deid` without --partition to write the last delivery again"));
    };
    let keys = work.rooms.keys().clone();
    let plan = Plan::make(&work.catalogue, &work.people, &keys, &work.choice)?;
    let run = run_of(&work, request, &plan, new)?;
    let mut writer = PartWriter::begin(&settings.out)?;
    let mine = cut(&plan, &work, request.partition);
    let mut decided = Conservation::default();
    let series = mine.len() as u64;
    write_series(&mut work, &plan, mine, &mut writer, &mut decided, progress)?;
    write_others(
        &work,
        request.partition,
        &mut writer,
        &mut decided,
        progress,
    )?;
    Ok(PartReport {
        part: writer.finish(run, request.partition.number)?,
        number: request.partition.number,
        of: request.partition.of,
        delivery: work.choice.number,
        series,
        decided,
    })
}

fn run_of(
    work: &Work<'_>,
    request: &PartRequest,
    plan: &Plan,
    settings: Digest,
) -> Result<PartRun, Failure> {
    let (profile, extended) = profile_with_extended(&request.profile)?;
    let selection = request.select.as_deref().map(crate::files::read_text);
    Ok(PartRun {
        format: PartRun::FORMAT,
        site: work.site.name().clone(),
        track: work.settings.run.track.clone(),
        delivery: work.choice.number,
        date: work.choice.date,
        tool: crate::evidence::TOOL.into(),
        asked: work.choice.basis,
        settings,
        plan: digest_of(plan),
        compression: work.settings.compression,
        partitions: request.partition.of,
        profile,
        extended,
        selection: selection.transpose()?,
    })
}

/// The digest of all series of a run in their order, by which a merge knows that its plan is that of the parts.
pub(super) fn digest_of(plan: &Plan) -> Digest {
    let mut hasher = Hasher::new();
    for planned in &plan.series {
        hasher.update(&(planned.person as u64).to_be_bytes());
        hasher.update(&planned.series.number.get().to_be_bytes());
        hasher.update(&planned.series.bytes.to_be_bytes());
        hasher.update(&planned.series.instances.to_be_bytes());
    }
    hasher.finish()
}

/// The series of one partition, in the order of their shards.
///
/// A patient is never cut: the patients with the most bytes are dealt out first, each to the partition that has the
/// least so far.
fn cut(plan: &Plan, work: &Work<'_>, partition: Partition) -> VecDeque<usize> {
    let mut bytes = vec![0_u64; work.people.len()];
    for planned in &plan.series {
        bytes[planned.person] += planned.series.bytes;
    }
    let mut people: Vec<usize> = (0..bytes.len()).collect();
    people.sort_by_key(|person| (std::cmp::Reverse(bytes[*person]), *person));
    let mut load = vec![0_u64; partition.of as usize];
    let mut place = vec![0; bytes.len()];
    for person in people {
        let least = (0..load.len()).min_by_key(|part| (load[*part], *part));
        let least = least.unwrap_or(0);
        load[least] += bytes[person];
        place[person] = least;
    }
    let wanted = partition.number as usize - 1;
    plan.shards
        .iter()
        .flatten()
        .copied()
        .filter(|series| place[plan.series[*series].person] == wanted)
        .collect()
}

fn write_series(
    work: &mut Work<'_>,
    plan: &Plan,
    mine: VecDeque<usize>,
    writer: &mut PartWriter,
    decided: &mut Conservation,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let keys = work.rooms.keys().clone();
    progress.begin("de-identifying", None, None);
    let (rooms, facts) = (&work.rooms, &work.facts);
    let (threads, compression) = (work.settings.run.threads, work.settings.compression);
    let mut jobs = Jobs {
        catalogue: &mut work.catalogue,
        people: &work.people,
        keys: &keys,
        choice: &work.choice,
        plan,
        queue: mine.iter().rev().copied().collect(),
        faces: FaceLook::with_threads(threads),
        open: None,
        series: None,
    };
    let mut order = mine;
    let mut open: Option<(SeriesPacker<Blocks>, Results)> = None;
    ordered::run(
        threads,
        batches::MEMORY,
        || jobs.next(),
        |batch| batches::clean(rooms, facts, batch, progress),
        |done| {
            let (mut packer, mut results) = match open.take() {
                Some(open) => open,
                None => (
                    SeriesPacker::new(writer.take_blocks()?, compression, threads),
                    Results::default(),
                ),
            };
            for instance in done.instances {
                packer = packer.take(instance, &mut results)?;
            }
            if !done.ends_series {
                open = Some((packer, results));
                return Ok(());
            }
            for result in &results.results {
                decided.add(result.outcome, result.bytes);
            }
            let number = order.pop_front().ok_or_else(shards::lost)?;
            let (blocks, entry) = packer.end_series()?;
            writer.end_series(number, blocks, entry, results)
        },
    )?;
    progress.finish();
    Ok(())
}

/// Streams without a patient are dealt out by their number.
fn write_others(
    work: &Work<'_>,
    partition: Partition,
    writer: &mut PartWriter,
    decided: &mut Conservation,
    progress: &dyn Progress,
) -> Result<(), Failure> {
    let mine =
        |stream: i64| stream.rem_euclid(i64::from(partition.of)) == i64::from(partition.number) - 1;
    others::each_batch(work, &mine, progress, &mut |results| {
        results.into_iter().try_for_each(|result| {
            decided.add(result.outcome, result.bytes);
            writer.other(&PartResult::from(result))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_one_of_its_number() {
        assert_eq!("3/8".parse(), Ok(Partition { number: 3, of: 8 }));
        for wrong in ["0/8", "9/8", "1/0", "1", "a/b", "1/10001", "-1/2", "1/2/3"] {
            assert_eq!(wrong.parse::<Partition>(), Err(NotAPartition), "{wrong}");
        }
    }
}
