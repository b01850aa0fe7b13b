//! The patients of a catalogue under the keys of a track: who gets which pseudonym, offset and order.

use crate::catalogue::failure;
use crate::{Failure, Site};
use cloakroom_core::{HoldReason, PatientPseudonym, Phi};
use cloakroom_deid::{Offset, TrackKeys};
use cloakroom_ingest::{Catalogue, PatientKey, PatientNumber};
use cloakroom_profile::Profile;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A patient on the way out.
pub(crate) struct Person {
    pub(crate) number: PatientNumber,
    pub(crate) key: Phi<PatientKey>,
    pub(crate) pseudonym: PatientPseudonym,
    pub(crate) offset: Offset,
    /// A place that tells nothing of name, id or admission.
    pub(crate) order: [u8; 32],
    /// Why nothing of the patient may leave, if so.
    pub(crate) barred: Option<HoldReason>,
}

/// What of a profile decides who a patient becomes. A delivery remembers it, for the crosswalk and for notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PseudonymRules {
    /// How a pseudonym is written.
    pub(crate) pattern: String,
    /// The days from which a patient's offset is drawn.
    pub(crate) days: RangeInclusive<i32>,
}

impl PseudonymRules {
    pub(crate) fn of(profile: &Profile) -> Self {
        Self {
            pattern: profile.ids().pattern.to_string(),
            days: profile.dates().range_days.clone(),
        }
    }
}

/// The name of a patient inside the site, from which everything keyed is derived.
///
/// The issuer is part of it only where there is one, so that a delivery that begins to name the issuer of its
/// ids does not make another person of a patient without a decision.
pub(crate) fn internal_name(key: &PatientKey) -> Phi<String> {
    if key.issuer.is_empty() {
        return Phi::new(key.patient_id.clone());
    }
    Phi::new(format!("{}\u{1f}{}", key.patient_id, key.issuer))
}

/// All patients of the catalogue, in their keyed order.
pub(crate) fn people(
    site: &Site,
    catalogue: &Catalogue,
    rules: &PseudonymRules,
    keys: &TrackKeys,
    withdrawn: &[String],
) -> Result<Vec<Person>, Failure> {
    let mut people = Vec::new();
    for patient in catalogue.patients().map_err(|error| failure(&error))? {
        let name = internal_name(patient.key.expose());
        let patient_key = keys.patient(Phi::new(name.expose().as_str()));
        let cannot = |error: cloakroom_deid::SubjectError| Failure::wrong_use(error.to_string());
        people.push(Person {
            number: patient.number,
            pseudonym: patient_key
                .pseudonym(&rules.pattern, keys.track(), site.name().as_str())
                .map_err(cannot)?,
            offset: patient_key.offset(rules.days.clone()).map_err(cannot)?,
            order: keys.order(name.expose().as_bytes()),
            barred: withdrawn
                .contains(&patient.key.expose().patient_id)
                .then_some(HoldReason::Withdrawn),
            key: patient.key,
        });
    }
    bar_collisions(&mut people);
    people.sort_by_key(|person| person.order);
    Ok(people)
}

/// Two patients with one pseudonym would become one person, so both wait.
fn bar_collisions(people: &mut [Person]) {
    let mut seen: BTreeMap<PatientPseudonym, usize> = BTreeMap::new();
    for person in people.iter() {
        *seen.entry(person.pseudonym.clone()).or_default() += 1;
    }
    for person in people
        .iter_mut()
        .filter(|person| seen[&person.pseudonym] > 1)
    {
        person.barred = Some(HoldReason::PseudonymCollision);
    }
}
