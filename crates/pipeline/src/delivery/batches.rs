//! What becomes of the instances of a batch, and the block that those of a series are packed into in their order.

use super::jobs::Batch;
use crate::evidence::RunFacts;
use crate::object::{ClearedObject, Evidence, Processed, Rooms};
use crate::progress::Progress;
use crate::state::NewResult;
use crate::{Failure, packing};
use cloakroom_core::{Digest, Outcome};
use cloakroom_packager::{BlockEntry, Compression, SeriesBlock};
use std::collections::BTreeSet;
use std::io::Write;

/// The memory that streams may take at a time, in bytes, while they are worked on and wait to be written.
pub(super) const MEMORY: u64 = 96 << 20;

/// What came out of some instances of one series.
pub(super) struct BatchDone {
    pub(super) instances: Vec<InstanceDone>,
    pub(super) ends_series: bool,
}

/// How one instance ended.
pub(super) struct InstanceDone {
    stream: i64,
    basis: Digest,
    bytes: u64,
    end: End,
}

enum End {
    /// It is to be packed. What streams through has no digest yet, and so no evidence.
    Cleared(Box<ClearedObject>, Option<Evidence>),
    Otherwise(Outcome, String),
}

/// Takes the instances of a batch through all rooms.
pub(super) fn clean(
    rooms: &Rooms,
    facts: &RunFacts,
    batch: Batch,
    progress: &dyn Progress,
) -> Result<BatchDone, Failure> {
    let mut instances = Vec::with_capacity(batch.instances.len());
    for instance in &batch.instances {
        let processed = match batch.barred {
            Some(outcome) => rooms.ended(&instance.located, facts, outcome),
            None => rooms.process(
                &batch.subject,
                &instance.located,
                facts,
                instance.decisions.as_ref(),
            ),
        }?;
        let end = match processed {
            Processed::Cleared(cleared) => {
                let digest = cleared.object().digest();
                let evidence = digest.map(|digest| cleared.evidence(digest)).transpose()?;
                End::Cleared(cleared, evidence)
            }
            Processed::Ended { outcome, record } => End::Otherwise(outcome, record),
        };
        instances.push(InstanceDone {
            stream: instance.stream,
            basis: instance.basis,
            bytes: instance.bytes,
            end,
        });
        progress.advance(1, instance.bytes);
    }
    Ok(BatchDone {
        instances,
        ends_series: batch.ends_series,
    })
}

/// What came out of one series, or of several.
#[derive(Default)]
pub(super) struct Results {
    pub(super) results: Vec<NewResult>,
    /// The original UIDs that the objects refer to.
    pub(super) referenced: BTreeSet<String>,
}

/// Packs one series after the other into a sink. One of which nothing was cleared leaves no byte there.
pub(super) struct SeriesPacker<W: Write> {
    place: Place<W>,
    compression: Compression,
    threads: usize,
}

enum Place<W: Write> {
    BetweenSeries(W),
    InSeries(Box<SeriesBlock<W>>),
}

impl<W: Write> SeriesPacker<W> {
    pub(super) fn new(sink: W, compression: Compression, threads: usize) -> Self {
        Self {
            place: Place::BetweenSeries(sink),
            compression,
            threads,
        }
    }

    /// Packs an instance that was cleared, and gathers the result of any.
    pub(super) fn take(
        mut self,
        instance: InstanceDone,
        results: &mut Results,
    ) -> Result<Self, Failure> {
        let (outcome, (record, actions)) = match instance.end {
            End::Otherwise(outcome, record) => (outcome, (record, None)),
            End::Cleared(cleared, evidence) => {
                let mut block = match self.place {
                    Place::InSeries(block) => block,
                    Place::BetweenSeries(sink) => Box::new(SeriesBlock::with_threads(
                        sink,
                        self.compression,
                        self.threads,
                    )),
                };
                let member = block.append(cleared.object()).map_err(packing::failure)?;
                let evidence = match evidence {
                    Some(evidence) => evidence,
                    None => cleared.evidence(member.sha256)?,
                };
                self.place = Place::InSeries(block);
                cleared.referenced(&mut results.referenced);
                (Outcome::Cleared, evidence)
            }
        };
        results.results.push(NewResult {
            stream: instance.stream,
            outcome,
            basis: instance.basis,
            shard: None,
            record,
            actions,
            bytes: instance.bytes,
        });
        Ok(self)
    }

    /// Ends a series; gives back the sink, and the entry of its block if it has one.
    pub(super) fn end_series(self) -> Result<(W, Option<BlockEntry>), Failure> {
        match self.place {
            Place::BetweenSeries(sink) => Ok((sink, None)),
            Place::InSeries(block) => {
                let (sink, entry) = block.finish().map_err(packing::failure)?;
                Ok((sink, Some(entry)))
            }
        }
    }
}
