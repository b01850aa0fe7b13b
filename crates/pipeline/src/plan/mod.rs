//! `plan`: what a delivery would do, before anything is written.

mod report;
mod sum;
mod values;

pub use report::{AttributeRow, DeviceRow, HeldRow, NewText, PlanReport, ValueRow};
pub(crate) use values::{path_of, seen};

use crate::decisions::{Decisions, ObjectDecisions};
use crate::delivery::chosen;
use crate::faces::{FaceLook, SeriesWithFaces};
use crate::object::{Rooms, Subject};
use crate::progress::Progress;
use crate::state::State;
use crate::subjects::{PseudonymRules, people};
use crate::{Failure, RunSettings, Site, catalogue};
use cloakroom_core::{ActionRecord, Outcome, ScopeReason};
use cloakroom_deid::TrackKeys;
use cloakroom_ingest::Located;
use rayon::prelude::*;
use std::sync::Arc;
use sum::Sum;
use values::Seen;

/// How many objects are planned before their plans are joined.
const BATCH: usize = 256;

/// What one object would come to.
pub(crate) struct PlannedObject {
    pub(crate) outcome: Outcome,
    pub(crate) seen: Vec<Seen>,
    /// What the plan adds where nothing stood.
    pub(crate) added: Vec<ActionRecord>,
    pub(crate) unknown: Vec<String>,
    /// What made the image; `None` where the object has no pixels.
    pub(crate) device: Option<Device>,
}

/// What made an image, as far as burn-in rules look at it.
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) size: String,
    /// The burn-in rule that fits.
    pub(crate) rule: Option<String>,
    /// Its class alone does not clear it.
    pub(crate) needs_reason: bool,
}

impl PlannedObject {
    pub(crate) fn ended(outcome: Outcome) -> Self {
        Self {
            outcome,
            seen: Vec::new(),
            added: Vec::new(),
            unknown: Vec::new(),
            device: None,
        }
    }
}

/// Plans every instance of the catalogue.
///
/// # Errors
/// If a key is missing or the machine fails.
pub fn plan(
    site: &Site,
    run: &RunSettings,
    values: bool,
    progress: &dyn Progress,
) -> Result<PlanReport, Failure> {
    let keys = TrackKeys::derive(&site.secret()?, site.project(), &run.track, site.epoch());
    let catalogue = catalogue::open(site)?;
    let state = State::open(&site.database())?;
    let people = people(
        site,
        &catalogue,
        &PseudonymRules::of(&run.profile),
        &keys,
        &state.withdrawn()?,
    )?;
    let chosen = match &run.selection {
        Some(_) => Some(chosen(&catalogue, run, &people)?),
        None => None,
    };
    let in_force = Decisions::open(site, &run.track)?.in_force(site);
    let decided = state.last_results(&run.track)?;
    let mut joined = Joined {
        rooms: Rooms::open(run, keys, in_force.words())?,
        values,
        progress,
        sum: Sum::default(),
        waiting: Vec::new(),
    };
    progress.begin("planning", None, None);
    let faces = FaceLook::with_threads(run.threads);
    for person in &people {
        let known = catalogue
            .known_values(person.number)
            .map_err(|error| catalogue::failure(&error))?;
        let series = SeriesWithFaces::of(&catalogue, person.number, &faces)?;
        let subject = Arc::new(Subject::new(person, known, series));
        for series in catalogue
            .series_of(person.number)
            .map_err(|error| catalogue::failure(&error))?
        {
            let instances = catalogue
                .instances_of(person.number, series.study, series.number)
                .map_err(|error| catalogue::failure(&error))?;
            for instance in instances {
                let stream = instance.stream.get();
                let on_list = chosen.as_ref().is_none_or(|list| list.contains(&stream));
                if instance.outcome.is_some() {
                    continue;
                }
                let located = catalogue
                    .locate(instance.stream)
                    .map_err(|error| catalogue::failure(&error))?;
                joined.push(Waiting {
                    subject: Arc::clone(&subject),
                    ended: if on_list {
                        person.barred.map(Outcome::Held)
                    } else {
                        Some(Outcome::OutOfScope(ScopeReason::NotSelected))
                    },
                    located,
                    decisions: in_force.of_stream(stream).cloned(),
                    known: decided.contains_key(&stream),
                })?;
            }
        }
    }
    joined.flush()?;
    let mut sum = joined.sum;
    catalogue
        .for_each_stream(&mut |entry| {
            if let Some(outcome) = entry.outcome {
                sum.outcomes.add(outcome, entry.size);
            }
            Ok(())
        })
        .map_err(|error| catalogue::failure(&error))?;
    progress.finish();
    let last = state.last_delivery(&run.track)?.filter(|last| !last.open);
    Ok(sum.report(run, values, last.map(|last| last.number)))
}

/// One instance that is to be planned.
struct Waiting {
    subject: Arc<Subject>,
    /// How it ends without a look into it.
    ended: Option<Outcome>,
    located: Located,
    /// What people decided about it.
    decisions: Option<Arc<ObjectDecisions>>,
    /// An earlier delivery of the track decided about it.
    known: bool,
}

struct Joined<'a> {
    rooms: Rooms,
    values: bool,
    progress: &'a dyn Progress,
    sum: Sum,
    waiting: Vec<Waiting>,
}

impl Joined<'_> {
    fn push(&mut self, instance: Waiting) -> Result<(), Failure> {
        self.waiting.push(instance);
        if self.waiting.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let (rooms, values, progress) = (&self.rooms, self.values, self.progress);
        let planned = self
            .waiting
            .par_iter()
            .map(|instance| {
                progress.advance(1, instance.located.size());
                match instance.ended {
                    Some(outcome) => Ok(PlannedObject::ended(outcome)),
                    None => rooms.plan(
                        &instance.subject,
                        &instance.located,
                        instance.decisions.as_ref(),
                        values,
                    ),
                }
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        for (object, instance) in planned.into_iter().zip(self.waiting.drain(..)) {
            self.sum
                .add(object, instance.located.size(), instance.known);
        }
        Ok(())
    }
}
