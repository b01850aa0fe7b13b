//! Which streams a delivery is about, and which delivery it is.

use crate::decisions::{InForce, ObjectDecisions};
use crate::state::{Delivery, State};
use crate::subjects::{Person, PseudonymRules};
use crate::{Failure, RunSettings, catalogue};
use cloakroom_core::{Digest, Hasher, HoldReason, Outcome, ScopeReason, StatedDate};
use cloakroom_ingest::{Catalogue, Instance, Series};
use std::collections::HashMap;
use std::sync::Arc;

/// Whether a delivery is new, or one that is written once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is new, or was begun by a run that was killed.
    New,
    /// There is nothing new: the last delivery is written again.
    Again,
}

/// What the site must note before a delivery begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A new delivery, perhaps in the place of an open one that was about something else.
    Begin { settings: Digest, abandon: bool },
    /// Nothing: the open delivery goes on.
    GoOn { settings: Digest },
    /// Nothing: the last delivery is written again.
    Again,
}

impl Step {
    /// The digest of everything that was asked for and is new; `None` where nothing is.
    pub(super) const fn settings(self) -> Option<Digest> {
        match self {
            Self::Begin { settings, .. } | Self::GoOn { settings } => Some(settings),
            Self::Again => None,
        }
    }
}

/// What a run was asked for, beside the streams.
pub(super) struct Asked {
    /// The digest of track, profile, program, detector and approved words.
    pub(super) basis: Digest,
    /// What people decided.
    pub(super) decisions: InForce,
}

/// The delivery to write.
pub(super) struct Choice {
    pub(super) kind: Kind,
    pub(super) number: u32,
    pub(super) date: StatedDate,
    /// What decided beside the streams; a stream decided under another basis is new.
    pub(super) basis: Digest,
    /// The delivery in which each stream was last decided, with its outcome; empty where all is new.
    decided: HashMap<i64, crate::state::LastResult>,
    /// How each stream had ended before this delivery, where that is not what `decided` says.
    before: Option<HashMap<i64, crate::state::LastResult>>,
    /// What people decided about single streams.
    decisions: InForce,
    /// The streams that a list chose; all where `None`.
    chosen: Option<std::collections::HashSet<i64>>,
    /// The streams of patients of whom nothing may leave, with the reason.
    barred: HashMap<i64, HoldReason>,
}

impl Choice {
    pub(super) fn make(
        catalogue: &Catalogue,
        state: &mut State,
        run: &RunSettings,
        people: &[Person],
        asked: Asked,
        date: StatedDate,
    ) -> Result<(Self, Step), Failure> {
        let (choice, step) = Self::decide(catalogue, state, run, people, asked, date)?;
        if let Step::Begin { settings, abandon } = &step {
            if *abandon {
                state.abandon(&run.track, choice.number)?;
            }
            let rules = PseudonymRules::of(&run.profile);
            choice.note(state, run, (*settings, &rules))?;
        }
        Ok((choice, step))
    }

    /// The same without noting anything in the site.
    pub(super) fn decide(
        catalogue: &Catalogue,
        state: &State,
        run: &RunSettings,
        people: &[Person],
        asked: Asked,
        date: StatedDate,
    ) -> Result<(Self, Step), Failure> {
        let decided = state.last_results(&run.track)?;
        let chosen = match &run.selection {
            Some(_) => Some(chosen(catalogue, run, people)?),
            None => None,
        };
        let mut choice = Self {
            kind: Kind::New,
            number: 0,
            date,
            basis: asked.basis,
            decided,
            before: None,
            decisions: asked.decisions,
            chosen,
            barred: barred(catalogue, people)?,
        };
        let new = choice.digest_of_new(catalogue)?;
        let step = choice.take_place(state, run, new)?;
        Ok((choice, step))
    }

    /// Finds the number and the date of the delivery, and what the site must note before it begins.
    fn take_place(
        &mut self,
        state: &State,
        run: &RunSettings,
        new: Option<Digest>,
    ) -> Result<Step, Failure> {
        let last = state.last_delivery(&run.track)?;
        match (last, new) {
            (Some(last), Some(settings)) if last.open && last.settings == settings => {
                self.number = last.number;
                self.date = last.date;
                Ok(Step::GoOn { settings })
            }
            (Some(last), Some(settings)) => {
                self.number = if last.open {
                    last.number
                } else {
                    last.number + 1
                };
                Ok(Step::Begin {
                    settings,
                    abandon: last.open,
                })
            }
            (None, Some(settings)) => {
                self.number = 1;
                Ok(Step::Begin {
                    settings,
                    abandon: false,
                })
            }
            (Some(last), None) if !last.open => {
                if state.is_label_delivery(&run.track, last.number)? {
                    return Err(Failure::wrong_use(
                        "there is nothing new, and the last delivery is one of labels",
                    )
                    .advise("take the bundles as they were delivered"));
                }
                self.kind = Kind::Again;
                self.before = Some(state.results_before(&run.track, last.number)?);
                self.number = last.number;
                self.date = last.date;
                Ok(Step::Again)
            }
            (_, None) => Err(Failure::wrong_use("there is nothing to deliver")
                .advise("ingest an export first: cloakroom ingest SITE EXPORT")),
        }
    }

    /// A choice that knows what was delivered before, and not yet what is to be delivered.
    pub(super) fn undecided(
        state: &State,
        run: &RunSettings,
        decisions: InForce,
        date: StatedDate,
    ) -> Result<Self, Failure> {
        Ok(Self {
            kind: Kind::New,
            number: 0,
            date,
            basis: Digest::of(b""),
            decided: state.last_results(&run.track)?,
            before: None,
            decisions,
            chosen: None,
            barred: HashMap::new(),
        })
    }

    /// The delivery of labels to write: a new one, the open one, or the last one again.
    pub(super) fn decide_for_labels(
        &mut self,
        state: &mut State,
        run: &RunSettings,
        asked: Digest,
        rules: &PseudonymRules,
    ) -> Result<(), Failure> {
        self.basis = asked;
        let last = state.last_delivery(&run.track)?;
        let mut number = last.as_ref().map_or(1, |last| last.number + 1);
        if let Some(last) = last {
            let of_labels = state.is_label_delivery(&run.track, last.number)?;
            if last.open && !of_labels {
                return Err(
                    Failure::wrong_use("a delivery of images was begun and has not ended")
                        .advise("finish it first: run the same `cloakroom deid` again"),
                );
            }
            if of_labels && last.settings == asked {
                self.number = last.number;
                self.date = last.date;
                self.kind = if last.open { Kind::New } else { Kind::Again };
                return Ok(());
            }
            if last.open {
                state.abandon(&run.track, last.number)?;
                number = last.number;
            }
        }
        let rules = match number {
            1 => rules.clone(),
            _ => state.pseudonym_rules(&run.track)?,
        };
        self.number = number;
        self.note(state, run, (asked, &rules))?;
        state.mark_label_delivery(&run.track, number)
    }

    /// Notes in the site that this delivery has begun.
    fn note(
        &self,
        state: &mut State,
        run: &RunSettings,
        (settings, rules): (Digest, &PseudonymRules),
    ) -> Result<(), Failure> {
        let delivery = Delivery {
            number: self.number,
            settings,
            date: self.date,
            open: true,
        };
        state.begin(&run.track, &delivery, rules, self.decisions.count())
    }

    /// What people decided about a stream.
    pub(super) fn decisions_about(&self, stream: i64) -> Option<&Arc<ObjectDecisions>> {
        self.decisions.of_stream(stream)
    }

    /// The words that people approved, sorted.
    pub(super) fn approved_words(&self) -> &[String] {
        self.decisions.words()
    }

    /// Whether this delivery decides about a stream.
    pub(super) fn decides(&self, stream: i64, at_ingest: Option<Outcome>) -> bool {
        match (self.kind, self.decided.get(&stream)) {
            (Kind::Again, last) => last.is_some_and(|last| last.delivery == self.number),
            (Kind::New, None) => true,
            (Kind::New, Some(last)) => self.is_new_since(stream, at_ingest, last),
        }
    }

    fn is_new_since(
        &self,
        stream: i64,
        at_ingest: Option<Outcome>,
        last: &crate::state::LastResult,
    ) -> bool {
        // A patient who was withdrawn after a delivery is held from now on, and the log says so.
        if let Some(reason) = self.barred.get(&stream)
            && !matches!(last.outcome, Outcome::OutOfScope(_))
        {
            return last.outcome != Outcome::Held(*reason);
        }
        match last.outcome {
            // What was left out is new once it is chosen, and stays left out until then.
            Outcome::OutOfScope(_) => self.is_chosen(stream),
            Outcome::Cleared if !self.is_chosen(stream) => false,
            _ => last.basis != self.basis_of(stream, at_ingest),
        }
    }

    /// The basis on which a stream is decided: what was asked for, and what the catalogue says of it.
    pub(super) fn basis_of(&self, stream: i64, at_ingest: Option<Outcome>) -> Digest {
        let mut hasher = Hasher::new();
        hasher.update(self.basis.as_bytes());
        hasher.update(
            at_ingest
                .map(|outcome| outcome.to_string())
                .unwrap_or_default()
                .as_bytes(),
        );
        if let Some(decisions) = self.decisions_about(stream) {
            for decision in decisions.digests() {
                hasher.update(decision.as_bytes());
            }
        }
        hasher.finish()
    }

    pub(super) fn is_chosen(&self, stream: i64) -> bool {
        self.chosen
            .as_ref()
            .is_none_or(|chosen| chosen.contains(&stream))
    }

    /// The leaf of the record that a new record of this stream replaces.
    pub(super) fn earlier(&self, stream: i64) -> Option<Digest> {
        self.before
            .as_ref()
            .unwrap_or(&self.decided)
            .get(&stream)
            .filter(|last| last.delivery < self.number)
            .and_then(|last| last.leaf)
    }

    /// How a stream ends that needs no look at its content.
    pub(super) fn ended(&self, stream: i64, at_ingest: Option<Outcome>) -> Option<Outcome> {
        let left_out = Outcome::OutOfScope(ScopeReason::NotSelected);
        at_ingest.or_else(|| (!self.is_chosen(stream)).then_some(left_out))
    }

    /// The digest of all streams that are new, with what was asked for; `None` if there is none.
    fn digest_of_new(&self, catalogue: &Catalogue) -> Result<Option<Digest>, Failure> {
        let mut hasher = Hasher::new();
        hasher.update(self.basis.as_bytes());
        let mut any = false;
        catalogue
            .for_each_stream(&mut |entry| {
                let stream = entry.stream.get();
                if self.decides(stream, entry.outcome) {
                    any = true;
                    hasher.update(&stream.to_be_bytes());
                    hasher.update(&entry.size.to_be_bytes());
                    hasher.update(&[u8::from(self.is_chosen(stream))]);
                    hasher.update(&[u8::from(self.barred.contains_key(&stream))]);
                    hasher.update(self.basis_of(stream, entry.outcome).as_bytes());
                }
                Ok(())
            })
            .map_err(|error| catalogue::failure(&error))?;
        Ok(any.then(|| hasher.finish()))
    }
}

/// The streams that the officer's list chooses.
pub(crate) fn chosen(
    catalogue: &Catalogue,
    run: &RunSettings,
    people: &[Person],
) -> Result<std::collections::HashSet<i64>, Failure> {
    let mut chosen = std::collections::HashSet::new();
    let Some(selection) = &run.selection else {
        return Ok(chosen);
    };
    for person in people {
        let patient = &person.key.expose().patient_id;
        for series in catalogue
            .series_of(person.number)
            .map_err(|error| catalogue::failure(&error))?
        {
            let orders = orders_of(catalogue, person, &series)?;
            let study = series.study_uid.expose();
            let on_list = selection.chooses(patient, study, "")
                || orders
                    .iter()
                    .any(|order| selection.chooses(patient, study, order));
            if on_list {
                let instances = instances(catalogue, person, &series)?;
                chosen.extend(instances.iter().map(|instance| instance.stream.get()));
            }
        }
    }
    if chosen.is_empty() {
        return Err(
            Failure::wrong_use("nothing in the catalogue is on the list")
                .advise("check that the list writes ids as the hospital does, with leading zeros"),
        );
    }
    Ok(chosen)
}

/// The streams of patients of whom nothing may leave.
fn barred(catalogue: &Catalogue, people: &[Person]) -> Result<HashMap<i64, HoldReason>, Failure> {
    let mut streams = HashMap::new();
    for person in people {
        let Some(reason) = person.barred else {
            continue;
        };
        for series in catalogue
            .series_of(person.number)
            .map_err(|error| catalogue::failure(&error))?
        {
            let instances = instances(catalogue, person, &series)?;
            streams.extend(
                instances
                    .iter()
                    .filter(|instance| instance.outcome.is_none())
                    .map(|instance| (instance.stream.get(), reason)),
            );
        }
    }
    Ok(streams)
}

/// Accession Numbers and other orders of a study.
fn orders_of(
    catalogue: &Catalogue,
    person: &Person,
    series: &Series,
) -> Result<Vec<String>, Failure> {
    catalogue
        .orders_of(person.number, series.study)
        .map(|orders| {
            orders
                .into_iter()
                .map(cloakroom_core::Phi::into_exposed)
                .collect()
        })
        .map_err(|error| catalogue::failure(&error))
}

pub(super) fn instances(
    catalogue: &Catalogue,
    person: &Person,
    series: &Series,
) -> Result<Vec<Instance>, Failure> {
    catalogue
        .instances_of(person.number, series.study, series.number)
        .map_err(|error| catalogue::failure(&error))
}
