//! What the gate found in an object, and a person's answer to it.

use super::{Review, lock};
use crate::decisions::PersonVerdict;
use crate::examine::{Examined, Examiner};
use crate::reviewers::Reviewer;
use crate::{Failure, RunSettings, clock};
use cloakroom_core::{DecisionReason, HoldReason, KnownKind, Outcome, TrackId};
use std::sync::Mutex;

/// What the gate found in an object. It shows values: for the officer's page only.
#[derive(Debug, Clone)]
pub struct Alarm {
    /// The places.
    pub places: Vec<AlarmPlace>,
    /// Whether a person may answer it. One who cannot see all of it may not, and what is no known value of the patient
    /// is no matter of opinion.
    pub can_be_answered: bool,
}

/// One place where something of the patient was found.
#[derive(Debug, Clone)]
pub struct AlarmPlace {
    /// What kind of value.
    pub kind: KnownKind,
    /// The attribute; empty where it lies in none.
    pub attribute: String,
    /// What would leave there.
    pub leaves: Vec<String>,
}

/// The rooms of a track, opened when the first alarm is looked at.
#[derive(Default)]
pub(super) struct Examining(Mutex<Option<Examiner>>);

impl Review {
    fn examine(&self, track: &TrackId, stream: i64) -> Result<Examined, Failure> {
        let of_track = self.track(track)?;
        let (_, held) = of_track
            .held
            .find(stream)
            .ok_or_else(|| Failure::wrong_use("this object does not wait for a person"))?;
        if held.reason != HoldReason::KnownValueFound {
            return Err(Failure::wrong_use("this object waits for another reason"));
        }
        let examined = self.with_examiner(track, |examiner| examiner.examine(stream))?;
        if examined.outcome == Outcome::Held(HoldReason::KnownValueFound) {
            Ok(examined)
        } else {
            Err(Failure::wrong_use(
                "under this profile the gate finds nothing in this object any more",
            )
            .advise(
                "open the pages with the --profile of the delivery, or run `cloakroom deid` again",
            ))
        }
    }

    /// Does something in the rooms of a track, which are opened when they are needed first.
    pub(super) fn with_examiner<T>(
        &self,
        track: &TrackId,
        work: impl FnOnce(&Examiner) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut examining = lock(&self.track(track)?.examining.0);
        if examining.is_none() {
            let run = RunSettings::for_track(track.clone(), &self.profile, 1)?;
            *examining = Some(Examiner::open(&self.site, &run)?);
        }
        let examiner = examining
            .as_ref()
            .ok_or_else(|| Failure::could_not_run("the rooms could not be opened"))?;
        work(examiner)
    }

    /// What the gate found in an object that waits for it.
    ///
    /// # Errors
    /// If the object waits for another reason, the profile is not that of the delivery, or the machine fails.
    pub fn alarm(&self, track: &TrackId, stream: i64) -> Result<Alarm, Failure> {
        let examined = self.examine(track, stream)?;
        let can_be_answered = examined.answerable().is_some();
        let places = examined.places.into_iter().map(|place| AlarmPlace {
            kind: place.kind,
            attribute: match (place.keyword.as_str(), place.path) {
                ("", path) => path.unwrap_or_default(),
                (keyword, path) => format!("{keyword} {}", path.unwrap_or_default()),
            },
            leaves: place
                .leaves
                .map_or_else(Vec::new, |leaves| leaves.expose().clone()),
        });
        Ok(Alarm {
            places: places.collect(),
            can_be_answered,
        })
    }

    /// Signs that what the gate found in an object names nobody, or that the object does not leave.
    ///
    /// # Errors
    /// If the alarm cannot be answered, the reason does not fit, or the machine fails.
    pub fn answer_alarm(
        &self,
        track: &TrackId,
        reviewer: &Reviewer,
        stream: i64,
        (is_false, reason): (bool, DecisionReason),
    ) -> Result<(), Failure> {
        let examined = self.examine(track, stream)?;
        let object = examined.object;
        let verdict = if is_false {
            let alarm = examined.answerable().ok_or_else(|| {
                Failure::wrong_use("what was found here cannot be answered by a person")
            })?;
            PersonVerdict::GateFalseAlarm {
                stream,
                object,
                alarm,
            }
        } else {
            PersonVerdict::PixelReject { stream, object }
        };
        lock(&self.track(track)?.decisions)
            .decide(reviewer, clock::today(), &verdict, reason)
            .map(drop)
    }
}
