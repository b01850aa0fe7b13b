//! One object taken as far as the gate for a person who has to decide about it. Nothing is written.

use crate::decisions::Decisions;
use crate::object::{Rooms, Subject};
use crate::state::State;
use crate::subjects::{Person, PseudonymRules, people};
use crate::{Failure, RunSettings, Site, catalogue};
use cloakroom_core::{HoldReason, Outcome, TrackId};
use cloakroom_deid::TrackKeys;
use cloakroom_ingest::{Catalogue, StreamNumber};

pub use crate::object::Examined;

/// A site that is open for looking at single objects under one track and profile.
pub struct Examiner {
    track: TrackId,
    rooms: Rooms,
    catalogue: Catalogue,
    people: Vec<Person>,
    state: State,
}

impl Examiner {
    /// Opens the catalogue of a site.
    ///
    /// # Errors
    /// If a key is missing or the machine fails.
    pub fn open(site: &Site, run: &RunSettings) -> Result<Self, Failure> {
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
        let in_force = Decisions::open(site, &run.track)?.in_force(site);
        Ok(Self {
            track: run.track.clone(),
            rooms: Rooms::open(run, keys, in_force.words())?,
            catalogue,
            people,
            state,
        })
    }

    /// The streams that the deliveries of the track hold, with the reason, in the order of the catalogue.
    ///
    /// # Errors
    /// If the site's database cannot be read.
    pub fn held(&self) -> Result<Vec<(i64, HoldReason)>, Failure> {
        let results = self.state.last_results(&self.track)?;
        let mut held: Vec<_> = results
            .into_iter()
            .filter_map(|(stream, last)| match last.outcome {
                Outcome::Held(reason) => Some((stream, reason)),
                _ => None,
            })
            .collect();
        held.sort_unstable();
        Ok(held)
    }

    /// Takes the instance of a stream through all rooms as if nobody had decided about it yet.
    ///
    /// # Errors
    /// If the stream is no instance of a patient, or the machine fails.
    pub fn examine(&self, stream: i64) -> Result<Examined, Failure> {
        let patient = self.state.patient_of(stream)?;
        let person = self
            .people
            .iter()
            .find(|person| Some(person.number.get()) == patient)
            .ok_or_else(|| Failure::wrong_use("this stream is no instance of a known patient"))?;
        let known = self
            .catalogue
            .known_values(person.number)
            .map_err(|error| catalogue::failure(&error))?;
        let located = self
            .catalogue
            .locate(StreamNumber::stored(stream))
            .map_err(|error| catalogue::failure(&error))?;
        self.rooms.examine(&Subject::new(person, known), &located)
    }
}
