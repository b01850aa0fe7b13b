//! The streams that end without being looked into: duplicates, quarantined and held ones, what is not DICOM, what
//! was not chosen. Each still gets a record, or the equation would not hold.

use super::Work;
use super::choice::Kind;
use crate::object::Processed;
use crate::progress::Progress;
use crate::state::NewResult;
use crate::{Failure, catalogue};
use cloakroom_core::{Digest, Outcome};
use cloakroom_ingest::{IngestError, Located, StreamNumber};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;

/// How many streams are worked on before their results are stored.
pub(super) const BATCH: usize = 512;

struct Other {
    stream: StreamNumber,
    bytes: u64,
    at_ingest: Option<Outcome>,
    outcome: Outcome,
}

/// Decides about every stream that no shard looked into.
pub(super) fn decide(work: &mut Work<'_>, progress: &dyn Progress) -> Result<(), Failure> {
    let others = others(work)?;
    progress.begin("counting the rest", Some(others.len() as u64), None);
    for batch in others.chunks(BATCH) {
        let results = records(work, batch, progress)?;
        keep(work, &results)?;
    }
    progress.finish();
    Ok(())
}

/// Stores results, or compares them with those of the delivery that is written again.
pub(super) fn keep(work: &mut Work<'_>, results: &[NewResult]) -> Result<(), Failure> {
    let (track, number) = (&work.settings.run.track, work.choice.number);
    match work.choice.kind {
        Kind::New => work.state.store(track, number, results, None, &[]),
        Kind::Again => work.state.compare(track, number, results),
    }
}

/// Decides about those streams that `mine` chooses, and hands the results on batch by batch.
pub(super) fn each_batch(
    work: &Work<'_>,
    mine: &dyn Fn(i64) -> bool,
    progress: &dyn Progress,
    take: &mut dyn FnMut(Vec<NewResult>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut others = others(work)?;
    others.retain(|other| mine(other.stream.get()));
    progress.begin("counting the rest", Some(others.len() as u64), None);
    for batch in others.chunks(BATCH) {
        take(records(work, batch, progress)?)?;
    }
    progress.finish();
    Ok(())
}

/// The streams that no shard looks into.
pub(super) fn streams(work: &Work<'_>) -> Result<BTreeSet<i64>, Failure> {
    let others = others(work)?;
    Ok(others.iter().map(|other| other.stream.get()).collect())
}

fn others(work: &Work<'_>) -> Result<Vec<Other>, Failure> {
    let mut others = Vec::new();
    work.catalogue
        .for_each_stream(&mut |entry| {
            let stream = entry.stream.get();
            if work.choice.decides(stream, entry.outcome)
                && let Some(outcome) = work.choice.ended(stream, entry.outcome)
            {
                others.push(Other {
                    stream: entry.stream,
                    bytes: entry.size,
                    at_ingest: entry.outcome,
                    outcome,
                });
            }
            Ok(())
        })
        .map_err(|error| catalogue::failure(&error))?;
    Ok(others)
}

fn records(
    work: &Work<'_>,
    batch: &[Other],
    progress: &dyn Progress,
) -> Result<Vec<NewResult>, Failure> {
    let located = batch
        .iter()
        .map(|other| lies(work, other.stream))
        .collect::<Result<Vec<_>, _>>()?;
    let (rooms, facts, choice) = (&work.rooms, &work.facts, &work.choice);
    batch
        .par_iter()
        .zip(located)
        .map(|(other, located)| {
            let processed = match &located {
                Lies::Here(located) => rooms.ended(located, facts, other.outcome),
                Lies::Unread(place) => rooms.ended_unread(place, facts, other.outcome),
            }?;
            progress.advance(1, other.bytes);
            let Processed::Ended { outcome, record } = processed else {
                return Err(Failure::could_not_run(
                    "a stream that had ended was cleared",
                ));
            };
            Ok(NewResult {
                stream: other.stream.get(),
                outcome,
                basis: choice.basis_of(other.stream.get(), other.at_ingest),
                shard: None,
                record,
                actions: None,
                bytes: other.bytes,
            })
        })
        .collect()
}

/// Where a stream lies.
enum Lies {
    /// Its bytes can be looked for.
    Here(Located),
    /// It never had bytes to be read: a link, an unreadable folder, a member that was not unpacked.
    Unread(Digest),
}

fn lies(work: &Work<'_>, stream: StreamNumber) -> Result<Lies, Failure> {
    match work.catalogue.locate(stream) {
        Ok(located) => Ok(Lies::Here(located)),
        Err(IngestError::NoSuchStream) => {
            let place = work
                .catalogue
                .place_of(stream)
                .map_err(|error| catalogue::failure(&error))?;
            let place = place.expose();
            let mut name = place
                .file
                .file_name()
                .unwrap_or_default()
                .as_bytes()
                .to_vec();
            place
                .members
                .iter()
                .for_each(|member| name.extend_from_slice(member));
            Ok(Lies::Unread(work.rooms.keys().name_digest(&name)))
        }
        Err(error) => Err(catalogue::failure(&error)),
    }
}
