//! `plan`: what a delivery would do, before anything is written.

use crate::object::{Rooms, Subject};
use crate::progress::Progress;
use crate::state::State;
use crate::subjects::{PseudonymRules, people};
use crate::verdict::{Report, Verdict};
use crate::{Failure, RunSettings, Site, catalogue};
use cloakroom_core::{Action, ActionRecord, Conservation, Outcome};
use cloakroom_deid::TrackKeys;
use cloakroom_ingest::Located;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many distinct values of one attribute are told; of the rest only the number.
const MOST_VALUES: usize = 50;
/// How many objects are planned before their plans are joined.
const BATCH: usize = 256;

/// What a delivery would do.
#[derive(Debug, Serialize)]
pub struct PlanReport {
    /// The track.
    pub track: String,
    /// The profile.
    pub profile: String,
    /// Objects that were looked into.
    pub objects: u64,
    /// How every stream of the catalogue would end, as far as it shows before the pixels are worked on and the gate has
    /// looked.
    pub outcomes: Conservation,
    /// One row for each attribute, action and rule.
    pub attributes: Vec<AttributeRow>,
    /// Words that would go because nothing knows them, with how often they occur; only when values were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_words: Vec<(String, u64)>,
    verdict: Verdict,
}

/// What would happen to one attribute.
#[derive(Debug, Serialize)]
pub struct AttributeRow {
    /// Where.
    pub path: String,
    /// Its keyword.
    pub keyword: String,
    /// What would be done.
    pub action: String,
    /// By which rule.
    pub rule: String,
    /// How often.
    pub count: u64,
    /// Distinct values of the whole export with how often they occur; only when values were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, u64)>,
    /// How many distinct values there are, told or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
}

impl Report for PlanReport {
    fn verdict(&self) -> Verdict {
        self.verdict
    }
}

/// What one object would come to.
pub(crate) struct PlannedObject {
    pub(crate) outcome: Outcome,
    pub(crate) actions: Vec<ActionRecord>,
    /// Paths and values; only when values were asked for.
    pub(crate) values: Vec<(String, String)>,
    pub(crate) unknown: Vec<String>,
}

#[derive(Default)]
struct Sum {
    outcomes: Conservation,
    attributes: BTreeMap<(String, Action, String), u64>,
    keywords: BTreeMap<String, String>,
    values: BTreeMap<String, BTreeMap<String, u64>>,
    unknown: BTreeMap<String, u64>,
    objects: u64,
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
    let rooms = Rooms::open(run, keys, &state.approved_words()?)?;
    let mut sum = Sum::default();
    let mut waiting = Vec::new();
    progress.begin("planning", None, None);
    for person in &people {
        let known = catalogue
            .known_values(person.number)
            .map_err(|error| catalogue::failure(&error))?;
        let subject = Arc::new(Subject::new(person, known));
        for series in catalogue
            .series_of(person.number)
            .map_err(|error| catalogue::failure(&error))?
        {
            let instances = catalogue
                .instances_of(person.number, series.study, series.number)
                .map_err(|error| catalogue::failure(&error))?;
            for instance in instances
                .into_iter()
                .filter(|instance| instance.outcome.is_none())
            {
                let located = catalogue
                    .locate(instance.stream)
                    .map_err(|error| catalogue::failure(&error))?;
                waiting.push((Arc::clone(&subject), person.barred, located));
                if waiting.len() >= BATCH {
                    sum.take(&rooms, &mut waiting, values, progress)?;
                }
            }
        }
    }
    sum.take(&rooms, &mut waiting, values, progress)?;
    catalogue
        .for_each_stream(&mut |entry| {
            if let Some(outcome) = entry.outcome {
                sum.outcomes.add(outcome, entry.size);
            }
            Ok(())
        })
        .map_err(|error| catalogue::failure(&error))?;
    progress.finish();
    Ok(sum.report(run, values))
}

type Waiting = (Arc<Subject>, Option<cloakroom_core::HoldReason>, Located);

impl Sum {
    fn take(
        &mut self,
        rooms: &Rooms,
        waiting: &mut Vec<Waiting>,
        values: bool,
        progress: &dyn Progress,
    ) -> Result<(), Failure> {
        let planned = waiting
            .par_iter()
            .map(|(subject, barred, located)| {
                progress.advance(1, located.size());
                match barred {
                    Some(reason) => Ok(PlannedObject::ended(Outcome::Held(*reason))),
                    None => rooms.plan(subject, located, values),
                }
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        for (object, (_, _, located)) in planned.into_iter().zip(waiting.drain(..)) {
            self.add(object, located.size());
        }
        Ok(())
    }

    fn add(&mut self, object: PlannedObject, bytes: u64) {
        self.objects += 1;
        self.outcomes.add(object.outcome, bytes);
        for record in object.actions {
            let path = record.path.to_string();
            if let Some(cloakroom_core::Step::Standard(tag)) = record.path.steps().last() {
                let keyword = cloakroom_profile::standard::keyword_of(*tag).unwrap_or_default();
                self.keywords
                    .entry(path.clone())
                    .or_insert_with(|| keyword.to_owned());
            }
            *self
                .attributes
                .entry((path, record.action, record.rule.as_str().to_owned()))
                .or_default() += u64::from(record.count);
        }
        for (path, value) in object.values {
            *self
                .values
                .entry(path)
                .or_default()
                .entry(value)
                .or_default() += 1;
        }
        for word in object.unknown {
            *self.unknown.entry(word).or_default() += 1;
        }
    }

    fn report(mut self, run: &RunSettings, values: bool) -> PlanReport {
        let attributes = std::mem::take(&mut self.attributes)
            .into_iter()
            .map(|((path, action, rule), count)| self.row(path, action, rule, count, values))
            .collect();
        let waits = self.outcomes.of("held").count + self.outcomes.of("quarantined").count > 0;
        PlanReport {
            track: run.track.to_string(),
            profile: run.profile.id().to_string(),
            objects: self.objects,
            outcomes: self.outcomes,
            attributes,
            unknown_words: self.unknown.into_iter().collect(),
            verdict: if waits {
                Verdict::NeedsPerson
            } else {
                Verdict::Done
            },
        }
    }

    fn row(
        &self,
        path: String,
        action: Action,
        rule: String,
        count: u64,
        values: bool,
    ) -> AttributeRow {
        let found = self.values.get(&path);
        let mut told: Vec<(String, u64)> = found
            .into_iter()
            .flatten()
            .map(|(value, count)| (value.clone(), *count))
            .collect();
        told.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        told.truncate(MOST_VALUES);
        AttributeRow {
            keyword: self.keywords.get(&path).cloned().unwrap_or_default(),
            action: action.to_string(),
            rule,
            count,
            values: told,
            distinct: values.then(|| found.map_or(0, |found| found.len() as u64)),
            path,
        }
    }
}

impl PlannedObject {
    pub(crate) fn ended(outcome: Outcome) -> Self {
        Self {
            outcome,
            actions: Vec::new(),
            values: Vec::new(),
            unknown: Vec::new(),
        }
    }
}
