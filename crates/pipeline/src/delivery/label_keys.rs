//! Who became whom, for label files: the hospital's own ids, and the ids of released objects, both lead to the same target.

use crate::subjects::Person;
use crate::{Failure, catalogue};
use cloakroom_clear::{Gate, PatientScan};
use cloakroom_core::{PatientPseudonym, Phi, Uid};
use cloakroom_deid::labels::{LabelIds, LabelResolver, LabelTarget, Unresolved};
use cloakroom_deid::text::Cleaned;
use cloakroom_deid::{ApprovedWords, Subject, TrackKeys};
use cloakroom_ingest::Catalogue;
use cloakroom_profile::{Profile, ProfileOption};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// A place in the catalogue, as far as an id names it: a patient by number in the list of people, then a study and
/// a series by their original UIDs, then an instance.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Place {
    person: usize,
    study: String,
    series: String,
    instance: String,
}

/// Everything that ids of the hospital may name.
pub(super) struct LabelKeys<'a> {
    catalogue: &'a Catalogue,
    people: &'a [Person],
    keys: &'a TrackKeys,
    profile: Arc<Profile>,
    words: Arc<ApprovedWords>,
    gate: Gate,
    patients: BTreeMap<String, BTreeSet<usize>>,
    orders: BTreeMap<String, BTreeSet<Place>>,
    studies: BTreeMap<String, BTreeSet<Place>>,
    series: BTreeMap<String, BTreeSet<Place>>,
    /// Instances by original and by released UID; made when the first instance is asked for.
    instances: OnceCell<BTreeMap<String, BTreeSet<Place>>>,
    opened: RefCell<HashMap<usize, Rc<(Subject, PatientScan)>>>,
}

impl<'a> LabelKeys<'a> {
    pub(super) fn make(
        catalogue: &'a Catalogue,
        people: &'a [Person],
        keys: &'a TrackKeys,
        profile: &Arc<Profile>,
        words: &[String],
    ) -> Result<Self, Failure> {
        let mut made = Self {
            catalogue,
            people,
            keys,
            profile: Arc::clone(profile),
            words: Arc::new(ApprovedWords::new(words.iter().map(String::as_str))),
            gate: Gate::new(profile),
            patients: BTreeMap::new(),
            orders: BTreeMap::new(),
            studies: BTreeMap::new(),
            series: BTreeMap::new(),
            instances: OnceCell::new(),
            opened: RefCell::new(HashMap::new()),
        };
        for (number, person) in people.iter().enumerate() {
            made.add_person(number, person)?;
        }
        Ok(made)
    }

    fn add_person(&mut self, number: usize, person: &Person) -> Result<(), Failure> {
        let fault = |error| catalogue::failure(&error);
        let id = person.key.expose().patient_id.clone();
        for name in [id, person.pseudonym.as_str().to_owned()] {
            self.patients.entry(name).or_default().insert(number);
        }
        for series in self.catalogue.series_of(person.number).map_err(fault)? {
            let (study, uid) = (series.study_uid.expose(), series.uid.expose());
            let of_study = Place {
                person: number,
                study: study.clone(),
                ..Place::default()
            };
            let of_series = Place {
                series: uid.clone(),
                ..of_study.clone()
            };
            for order in self
                .catalogue
                .orders_of(person.number, series.study)
                .map_err(fault)?
            {
                self.orders
                    .entry(order.expose().clone())
                    .or_default()
                    .insert(of_study.clone());
            }
            for name in [study.clone(), self.released(study)] {
                self.studies
                    .entry(name)
                    .or_default()
                    .insert(of_study.clone());
            }
            for name in [uid.clone(), self.released(uid)] {
                self.series
                    .entry(name)
                    .or_default()
                    .insert(of_series.clone());
            }
        }
        Ok(())
    }

    /// The UID that stands for one of the export outside.
    fn released(&self, original: &str) -> String {
        if self.profile.options().has(ProfileOption::RetainUids) {
            return original.to_owned();
        }
        self.keys.uid(original).to_string()
    }

    fn uid(&self, original: &str) -> Option<Uid> {
        if original.is_empty() {
            return None;
        }
        self.released(original).parse().ok()
    }

    fn instances(&self) -> &BTreeMap<String, BTreeSet<Place>> {
        self.instances.get_or_init(|| {
            let mut all: BTreeMap<String, BTreeSet<Place>> = BTreeMap::new();
            for (number, person) in self.people.iter().enumerate() {
                // A catalogue that cannot be read any more makes the ids unknown, and their rows are counted as such.
                for series in self.catalogue.series_of(person.number).unwrap_or_default() {
                    let listed =
                        self.catalogue
                            .instances_of(person.number, series.study, series.number);
                    for instance in listed.unwrap_or_default() {
                        let place = Place {
                            person: number,
                            study: series.study_uid.expose().clone(),
                            series: series.uid.expose().clone(),
                            instance: instance.uid.expose().clone(),
                        };
                        for name in [place.instance.clone(), self.released(&place.instance)] {
                            all.entry(name).or_default().insert(place.clone());
                        }
                    }
                }
            }
            all
        })
    }

    /// The places that an id names; `None` where the id is empty.
    fn named<'m>(
        map: &'m BTreeMap<String, BTreeSet<Place>>,
        id: &str,
    ) -> Option<Result<&'m BTreeSet<Place>, Unresolved>> {
        (!id.is_empty()).then(|| map.get(id.trim()).ok_or(Unresolved::Unknown))
    }

    fn place(&self, ids: &LabelIds) -> Result<Place, Unresolved> {
        let mut found: Option<BTreeSet<Place>> = None;
        let mut narrow = |places: &BTreeSet<Place>| {
            let narrowed = match found.take() {
                None => places.clone(),
                Some(before) => before
                    .iter()
                    .flat_map(|place| places.iter().filter_map(|other| both(place, other)))
                    .collect(),
            };
            let empty = narrowed.is_empty();
            found = Some(narrowed);
            if empty {
                Err(Unresolved::Contradictory)
            } else {
                Ok(())
            }
        };
        if !ids.patient.is_empty() {
            let numbers = self.patients.get(&ids.patient).ok_or(Unresolved::Unknown)?;
            narrow(
                &numbers
                    .iter()
                    .map(|person| Place {
                        person: *person,
                        ..Place::default()
                    })
                    .collect(),
            )?;
        }
        let instances = if ids.instance.is_empty() {
            None
        } else {
            Self::named(self.instances(), &ids.instance)
        };
        for places in [
            Self::named(&self.orders, &ids.accession),
            Self::named(&self.studies, &ids.study),
            Self::named(&self.series, &ids.series),
            instances,
        ]
        .into_iter()
        .flatten()
        {
            narrow(places?)?;
        }
        let mut places = found.ok_or(Unresolved::NoId)?.into_iter();
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(place),
            _ => Err(Unresolved::Contradictory),
        }
    }

    /// How texts of a patient are cleaned, and what is searched for in what leaves.
    pub(super) fn open(&self, patient: &PatientPseudonym) -> Option<Rc<(Subject, PatientScan)>> {
        let number = *self.patients.get(patient.as_str())?.iter().next()?;
        if let Some(opened) = self.opened.borrow().get(&number) {
            return Some(Rc::clone(opened));
        }
        let person = self.people.get(number)?;
        let known = self.catalogue.known_values(person.number).ok()?;
        let subject = Subject::new(
            person.pseudonym.clone(),
            person.offset,
            &known,
            Arc::clone(&self.words),
            &self.profile,
        );
        let scan = self.gate.scan(&known, &person.pseudonym);
        let opened = Rc::new((subject, scan));
        self.opened.borrow_mut().insert(number, Rc::clone(&opened));
        Some(opened)
    }
}

/// A place that is both; `None` where they contradict each other.
fn both(a: &Place, b: &Place) -> Option<Place> {
    let part = |a: &String, b: &String| match (a.is_empty(), b.is_empty()) {
        (true, _) => Some(b.clone()),
        (_, true) => Some(a.clone()),
        _ => (a == b).then(|| a.clone()),
    };
    (a.person == b.person).then_some(())?;
    Some(Place {
        person: a.person,
        study: part(&a.study, &b.study)?,
        series: part(&a.series, &b.series)?,
        instance: part(&a.instance, &b.instance)?,
    })
}

impl LabelResolver for LabelKeys<'_> {
    fn resolve(&self, ids: &LabelIds) -> Result<LabelTarget, Unresolved> {
        let place = self.place(ids)?;
        let person = self.people.get(place.person).ok_or(Unresolved::Unknown)?;
        if person.barred.is_some() {
            return Err(Unresolved::Barred);
        }
        Ok(LabelTarget {
            patient: person.pseudonym.clone(),
            study: self.uid(&place.study),
            series: self.uid(&place.series),
            instance: self.uid(&place.instance),
        })
    }

    fn clean(&self, patient: &PatientPseudonym, text: &str) -> Cleaned {
        match self.open(patient) {
            Some(opened) => opened.0.clean(text),
            // Nobody's text cannot be cleaned, so all of it goes.
            None => Cleaned {
                text: Some(String::new()),
                removed: cloakroom_deid::TextRemovals::default(),
                unknown: Vec::new(),
            },
        }
    }

    fn reader(&self, name: &str) -> String {
        self.keys.reader(Phi::new(name))
    }
}
