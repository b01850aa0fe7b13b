//! The series of a delivery as jobs, in the order in which they will lie in its shards.

use super::choice::{Choice, instances};
use crate::decisions::ObjectDecisions;
use crate::faces::{FaceLook, SeriesWithFaces};
use crate::object::{Subject, memory_of};
use crate::ordered::Job;
use crate::subjects::Person;
use crate::{Failure, catalogue};
use cloakroom_core::{Digest, Outcome};
use cloakroom_deid::TrackKeys;
use cloakroom_ingest::{Catalogue, Instance, Located, Series};
use cloakroom_packager::{PlannedShard, SeriesToPack, ShardLimits, plan_shards};
use std::sync::Arc;

/// A series on its way out.
pub(super) struct PlannedSeries {
    pub(super) person: usize,
    pub(super) series: Series,
}

/// All series of a delivery and the shards that they go into.
pub(super) struct Plan {
    pub(super) series: Vec<PlannedSeries>,
    pub(super) shards: Vec<PlannedShard>,
    /// Streams of all series.
    pub(super) streams: u64,
    /// Bytes of all series.
    pub(super) bytes: u64,
}

impl Plan {
    pub(super) fn make(
        catalogue: &Catalogue,
        people: &[Person],
        keys: &TrackKeys,
        choice: &Choice,
    ) -> Result<Self, Failure> {
        let mut plan = Self {
            series: Vec::new(),
            shards: Vec::new(),
            streams: 0,
            bytes: 0,
        };
        let mut to_pack = Vec::new();
        for (number, person) in people.iter().enumerate() {
            for series in catalogue
                .series_of(person.number)
                .map_err(|error| catalogue::failure(&error))?
            {
                let (streams, bytes) = wanted(catalogue, person, &series, choice)?;
                if streams == 0 {
                    continue;
                }
                plan.streams += streams;
                plan.bytes += bytes;
                to_pack.push(SeriesToPack {
                    patient: person.pseudonym.to_string(),
                    series: keys.uid(series.uid.expose()).to_string(),
                    order: person.order,
                    bytes,
                });
                plan.series.push(PlannedSeries {
                    person: number,
                    series,
                });
            }
        }
        plan.shards = plan_shards(&to_pack, ShardLimits::default());
        Ok(plan)
    }
}

/// How many streams of a series this delivery looks into, and their bytes.
fn wanted(
    catalogue: &Catalogue,
    person: &Person,
    series: &Series,
    choice: &Choice,
) -> Result<(u64, u64), Failure> {
    let mut sum = (0, 0);
    for instance in instances(catalogue, person, series)? {
        let stream = instance.stream.get();
        if instance.outcome.is_none() && choice.decides(stream, None) && choice.is_chosen(stream) {
            sum.0 += 1;
            sum.1 += instance.size;
        }
    }
    Ok(sum)
}

/// One instance to work on.
pub(super) struct InstanceJob {
    pub(super) stream: i64,
    pub(super) bytes: u64,
    pub(super) located: Located,
    pub(super) basis: Digest,
    /// What people decided about it.
    pub(super) decisions: Option<Arc<ObjectDecisions>>,
}

/// Instances of a batch, unless they come to [`LARGEST_BATCH`] before.
const BATCH: usize = 64;
/// Bytes of a batch, unless its only instance has more.
const LARGEST_BATCH: u64 = 1 << 20;

/// Some instances of one series, to be worked on by one thread.
pub(super) struct Batch {
    pub(super) subject: Arc<Subject>,
    pub(super) barred: Option<Outcome>,
    pub(super) instances: Vec<InstanceJob>,
    /// There are no more of this series.
    pub(super) ends_series: bool,
}

/// Gives the batches of a list of series one after the other, and opens each patient once.
pub(super) struct Jobs<'a> {
    pub(super) catalogue: &'a mut Catalogue,
    pub(super) people: &'a [Person],
    pub(super) keys: &'a TrackKeys,
    pub(super) choice: &'a Choice,
    pub(super) plan: &'a Plan,
    /// The series still to come, last first.
    pub(super) queue: Vec<usize>,
    pub(super) faces: Arc<FaceLook>,
    pub(super) open: Option<(usize, Arc<Subject>)>,
    /// What is left of the series that was begun.
    pub(super) series: Option<OpenSeries>,
}

/// A series some of whose instances have been given out.
pub(super) struct OpenSeries {
    person: usize,
    instances: std::iter::Peekable<std::vec::IntoIter<Unlocated>>,
}

/// An instance that has a place in its series.
struct Unlocated {
    instance: Instance,
    /// The released SOP Instance UID.
    order: String,
}

impl Jobs<'_> {
    pub(super) fn next(&mut self) -> Result<Option<Job<Batch>>, Failure> {
        let mut series = match self.series.take() {
            Some(series) => series,
            None => match self.queue.pop() {
                Some(number) => self.open_series(number)?,
                None => return Ok(None),
            },
        };
        let person = &self.people[series.person];
        let subject = self.subject(series.person)?;
        let (mut batch, mut bytes, mut memory) = (Vec::new(), 0_u64, 0_u64);
        while batch.len() < BATCH {
            let fits = |next: &Unlocated| {
                batch.is_empty() || bytes.saturating_add(next.instance.size) <= LARGEST_BATCH
            };
            let Some(Unlocated { instance, .. }) = series.instances.next_if(fits) else {
                break;
            };
            bytes = bytes.saturating_add(instance.size);
            memory = memory.saturating_add(memory_of(instance.size));
            let stream = instance.stream.get();
            batch.push(InstanceJob {
                stream,
                bytes: instance.size,
                located: self
                    .catalogue
                    .locate(instance.stream)
                    .map_err(|error| catalogue::failure(&error))?,
                basis: self.choice.basis_of(stream, None),
                decisions: self.choice.decisions_about(stream).cloned(),
            });
        }
        let ends_series = series.instances.peek().is_none();
        if !ends_series {
            self.series = Some(series);
        }
        let job = Batch {
            subject,
            barred: person.barred.map(Outcome::Held),
            instances: batch,
            ends_series,
        };
        Ok(Some(Job { job, bytes: memory }))
    }

    /// The instances of a series that this delivery looks into, in the order of their released UIDs.
    fn open_series(&self, number: usize) -> Result<OpenSeries, Failure> {
        let planned = &self.plan.series[number];
        let person = &self.people[planned.person];
        let mut wanted = Vec::new();
        for instance in instances(self.catalogue, person, &planned.series)? {
            let stream = instance.stream.get();
            if instance.outcome.is_none()
                && self.choice.decides(stream, None)
                && self.choice.is_chosen(stream)
            {
                let order = self.keys.uid(instance.uid.expose()).to_string();
                wanted.push(Unlocated { instance, order });
            }
        }
        wanted.sort_by(|a, b| a.order.cmp(&b.order));
        Ok(OpenSeries {
            person: planned.person,
            instances: wanted.into_iter().peekable(),
        })
    }

    fn subject(&mut self, person: usize) -> Result<Arc<Subject>, Failure> {
        if let Some((open, subject)) = &self.open
            && *open == person
        {
            return Ok(Arc::clone(subject));
        }
        let who = &self.people[person];
        let known = self
            .catalogue
            .known_values(who.number)
            .map_err(|error| catalogue::failure(&error))?;
        let series = SeriesWithFaces::of(self.catalogue, who.number, &self.faces)?;
        let subject = Arc::new(Subject::new(who, known, series));
        self.open = Some((person, Arc::clone(&subject)));
        Ok(subject)
    }
}
