//! What of a track waits for a person, by series.

use crate::Failure;
use crate::catalogue::failure;
use crate::state::State;
use cloakroom_core::{HoldReason, Outcome, TrackId};
use cloakroom_ingest::Catalogue;
use std::collections::{BTreeMap, HashMap};

/// One object that waits.
#[derive(Debug, Clone)]
pub struct HeldObject {
    /// Its stream in the catalogue.
    pub stream: i64,
    /// Why it waits.
    pub reason: HoldReason,
    /// Instance Number, as far as it is stated.
    pub instance_number: Option<i64>,
    /// Columns; 0 without pixels.
    pub columns: u32,
    /// Rows; 0 without pixels.
    pub rows: u32,
    /// Frames; 0 without pixels.
    pub frames: u32,
}

impl HeldObject {
    /// Whether a person can decide about it by looking: at its pixels, or at what the gate found.
    #[must_use]
    pub fn can_be_looked_at(&self) -> bool {
        self.frames > 0 || self.reason == HoldReason::KnownValueFound
    }
}

/// The objects of one series that wait, in the order of their instance numbers.
#[derive(Debug, Clone)]
pub struct HeldSeries {
    /// The series in the catalogue; with the patient it names this group.
    pub series: i64,
    /// The patient in the catalogue; 0 where none is stated.
    pub patient: i64,
    /// What the hospital calls the patient: for the officer's page only.
    pub patient_id: String,
    /// Modality.
    pub modality: String,
    /// Manufacturer and model.
    pub device: String,
    /// Series Description.
    pub description: String,
    /// The objects.
    pub objects: Vec<HeldObject>,
}

impl HeldSeries {
    /// How many objects wait for each reason.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<HoldReason, usize> {
        let mut reasons = BTreeMap::new();
        for object in &self.objects {
            *reasons.entry(object.reason).or_default() += 1;
        }
        reasons
    }

    /// The first object that a person can look at.
    #[must_use]
    pub fn first_to_look_at(&self) -> Option<i64> {
        let first = self.objects.iter().find(|object| object.can_be_looked_at());
        first.map(|object| object.stream)
    }
}

/// Everything that waits in a track.
#[derive(Debug, Default)]
pub struct Held {
    series: Vec<HeldSeries>,
    /// The place of each object: the series and its number in it.
    places: HashMap<i64, (usize, usize)>,
}

/// How a hold is released, as far as a look at pixels can.
#[must_use]
pub fn is_about_pixels(reason: HoldReason) -> bool {
    use HoldReason as Why;
    matches!(
        reason,
        Why::PixelReasonMissing
            | Why::BurnedInDeclared
            | Why::PixelResidue
            | Why::PixelTextUncertain
            | Why::DocumentImage
            | Why::DetectorMissing
            | Why::HiddenBits
            | Why::FaceVisible
    )
}

impl Held {
    /// Reads what the last finished delivery of each object says.
    pub(crate) fn read(
        catalogue: &Catalogue,
        state: &State,
        track: &TrackId,
    ) -> Result<Self, Failure> {
        let reasons: HashMap<i64, HoldReason> = state
            .last_results(track)?
            .into_iter()
            .filter_map(|(stream, last)| match last.outcome {
                Outcome::Held(reason) => Some((stream, reason)),
                _ => None,
            })
            .collect();
        let names = names(catalogue)?;
        let unreadable = || Failure::could_not_run("the catalogue could not be read");
        let mut statement = catalogue
            .connection()
            .prepare(
                "SELECT i.stream, i.patient, i.series, i.instance_number, i.columns, i.rows, i.frames,
                        l.modality, l.manufacturer, l.model, l.series_description
                 FROM instances AS i JOIN looks AS l ON l.id = i.look
                 ORDER BY i.patient, i.study, i.series, i.instance_number, i.stream",
            )
            .map_err(|_| unreadable())?;
        let mut rows = statement.query([]).map_err(|_| unreadable())?;
        let mut held = Self::default();
        while let Some(row) = rows.next().map_err(|_| unreadable())? {
            let read = || -> rusqlite::Result<_> {
                let object = HeldObject {
                    stream: row.get(0)?,
                    reason: HoldReason::PixelReasonMissing,
                    instance_number: row.get(3)?,
                    columns: row.get(4)?,
                    rows: row.get(5)?,
                    frames: row.get(6)?,
                };
                let key: (i64, i64) = (row.get(1)?, row.get(2)?);
                Ok((object, key))
            };
            let (object, (patient, series)) = read().map_err(|_| unreadable())?;
            let Some(reason) = reasons.get(&object.stream) else {
                continue;
            };
            let is_new = held
                .series
                .last()
                .is_none_or(|last| (last.patient, last.series) != (patient, series));
            if is_new {
                let text = |index| row.get::<_, String>(index).map_err(|_| unreadable());
                let device = format!("{} {}", text(8)?, text(9)?);
                held.series.push(HeldSeries {
                    series,
                    patient,
                    patient_id: names.get(&patient).cloned().unwrap_or_default(),
                    modality: text(7)?,
                    device: device.trim().to_owned(),
                    description: text(10)?,
                    objects: Vec::new(),
                });
            }
            let place = held.series.len() - 1;
            let objects = &mut held.series[place].objects;
            held.places.insert(object.stream, (place, objects.len()));
            objects.push(HeldObject {
                reason: *reason,
                ..object
            });
        }
        Ok(held)
    }

    /// The series, in the order of patients, studies and series.
    #[must_use]
    pub fn series(&self) -> &[HeldSeries] {
        &self.series
    }

    /// How many objects wait for each reason.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<HoldReason, usize> {
        let mut all = BTreeMap::new();
        for series in &self.series {
            for (reason, count) in series.reasons() {
                *all.entry(reason).or_default() += count;
            }
        }
        all
    }

    /// An object, with its series.
    #[must_use]
    pub fn find(&self, stream: i64) -> Option<(&HeldSeries, &HeldObject)> {
        let (series, object) = *self.places.get(&stream)?;
        let series = self.series.get(series)?;
        Some((series, series.objects.get(object)?))
    }

    /// The objects before and after one, over the borders of series, among those that can be looked at.
    #[must_use]
    pub fn beside(&self, stream: i64) -> (Option<i64>, Option<i64>) {
        let Some((series, object)) = self.places.get(&stream).copied() else {
            return (None, None);
        };
        let shown = |object: &&HeldObject| object.can_be_looked_at();
        let here = &self.series[series].objects;
        let before = here[..object].iter().rev().chain(
            self.series[..series]
                .iter()
                .rev()
                .flat_map(|series| series.objects.iter().rev()),
        );
        let after = here[object + 1..].iter().chain(
            self.series[series + 1..]
                .iter()
                .flat_map(|series| series.objects.iter()),
        );
        let stream = |object: &HeldObject| object.stream;
        (
            before.into_iter().find(shown).map(stream),
            after.into_iter().find(shown).map(stream),
        )
    }
}

/// What the hospital calls its patients.
fn names(catalogue: &Catalogue) -> Result<HashMap<i64, String>, Failure> {
    let patients = catalogue.patients().map_err(|error| failure(&error))?;
    Ok(patients
        .into_iter()
        .map(|patient| {
            let id = patient.key.expose().patient_id.clone();
            (patient.number.get(), id)
        })
        .collect())
}
