//! One object taken as far as the gate for a person who has to decide about it. Nothing is written.

use crate::decisions::{Decisions, InForce, ObjectDecisions};
use crate::faces::{FaceLook, SeriesWithFaces};
use crate::object::{Rooms, Subject, input_digest};
use crate::state::State;
use crate::stream::Stream;
use crate::subjects::{Person, PseudonymRules, people};
use crate::{Failure, RunSettings, Site, catalogue, plan};
use cloakroom_core::{Digest, Finding, FindingKind, HoldReason, KnownKind, Outcome, Phi, TrackId};
use cloakroom_deid::TrackKeys;
use cloakroom_ingest::{Catalogue, Located, StreamNumber};
use cloakroom_p10::{ElementRef, Extent, Limits, MemorySource, Object, Source};
use cloakroom_profile::standard::keyword_of;
use std::io;
use std::sync::Arc;

/// A site that is open for looking at single objects under one track and profile.
pub struct Examiner {
    track: TrackId,
    pub(crate) rooms: Rooms,
    pub(crate) catalogue: Catalogue,
    pub(crate) people: Vec<Person>,
    state: State,
    in_force: InForce,
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
            in_force,
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

    /// Takes the instance of a stream through all rooms, with what was decided about its pixels and as if nobody had
    /// answered the gate yet.
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
        let decisions = self
            .in_force
            .of_stream(stream)
            .map(|made| Arc::new(made.about_pixels()));
        let series =
            SeriesWithFaces::of(&self.catalogue, person.number, &FaceLook::with_threads(1))?;
        let subject = Subject::new(person, known, series);
        self.rooms.examine(&subject, &located, decisions.as_ref())
    }
}

/// What a person who reviews one object is told.
#[derive(Debug, Clone)]
pub struct Examined {
    /// How it would end without a decision about what the gate found.
    pub outcome: Outcome,
    /// The keyed digest by which a decision names it.
    pub object: Digest,
    /// What the gate found, without values.
    pub findings: Vec<Finding>,
    /// The alarm that a person may answer, if it is one.
    pub alarm: Option<Digest>,
    /// What stands in the attributes that the gate named. For the officer's page only.
    pub places: Vec<FoundPlace>,
}

impl Examined {
    const fn ended(outcome: Outcome, object: Digest) -> Self {
        Self {
            outcome,
            object,
            findings: Vec::new(),
            alarm: None,
            places: Vec::new(),
        }
    }

    /// The alarm, if a person can see everything that it is about: nobody signs for what was not shown.
    #[must_use]
    pub fn answerable(&self) -> Option<Digest> {
        let shown = self.places.iter().all(|place| place.leaves.is_some());
        self.alarm.filter(|_| shown && !self.places.is_empty())
    }
}

/// One place where the gate found a value of the patient.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundPlace {
    /// What kind of value.
    pub kind: KnownKind,
    /// The attribute, where it lies in one.
    pub path: Option<String>,
    /// The keyword of the attribute; empty where it has none.
    pub keyword: String,
    /// The values that would leave there; `None` where they cannot be shown.
    pub leaves: Option<Phi<Vec<String>>>,
}

impl Rooms {
    /// Takes one instance as far as the gate and tells what a person would have to answer. Nothing is written.
    fn examine(
        &self,
        subject: &Subject,
        located: &Located,
        decisions: Option<&Arc<ObjectDecisions>>,
    ) -> Result<Examined, Failure> {
        let source = match self.open_stream(located) {
            Ok(source) => source,
            Err(error) => match error.quarantine_reason() {
                Some(reason) => {
                    let place = self.place_digest(located);
                    return Ok(Examined::ended(Outcome::Quarantined(reason), place));
                }
                None => return Err(catalogue::failure(&error)),
            },
        };
        let stream = Arc::new(Stream::new(source, self.keys()));
        let object = input_digest(&stream)?;
        let decisions = self.decisions_about(&stream, decisions)?;
        let refused = match self.clean(subject, &stream, decisions) {
            Ok(_) => return Ok(Examined::ended(Outcome::Cleared, object)),
            Err(refused) => refused,
        };
        let places = if refused.findings.is_empty() {
            Vec::new()
        } else {
            let written = self.would_write(subject, &stream, decisions);
            places(written.as_ref(), &refused.findings)
        };
        Ok(Examined {
            outcome: refused.outcome,
            object,
            findings: refused.findings,
            alarm: refused.alarm,
            places,
        })
    }

    /// What would be written of an object up to its pixel value, read again.
    fn would_write(
        &self,
        subject: &Subject,
        stream: &Arc<Stream>,
        decisions: Option<&ObjectDecisions>,
    ) -> Option<Object> {
        let read = self.read(subject, stream).ok()?;
        let masked = self.assess(subject, &read, decisions).ok()?;
        let edited = cloakroom_deid::apply(read.object, read.plan).ok()?;
        let encoded = edited.encode(masked.changes()).ok()?;
        let source = Arc::new(WithoutPixels {
            length: encoded.len(),
            head: MemorySource::new(encoded.head),
        });
        cloakroom_p10::read(source, Extent::Header, &Limits::default()).ok()
    }
}

/// What would be written, of which only what stands before the pixel value is at hand.
struct WithoutPixels {
    head: MemorySource,
    length: u64,
}

impl Source for WithoutPixels {
    fn len(&self) -> u64 {
        self.length
    }

    /// What is not at hand is zero; nobody looks at it.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let there = self.head.len().saturating_sub(offset);
        let there = usize::try_from(there).unwrap_or(usize::MAX);
        let (known, rest) = buffer.split_at_mut(there.min(buffer.len()));
        rest.fill(0);
        if known.is_empty() {
            return Ok(());
        }
        self.head.read_at(offset, known)
    }
}

/// What would leave where the gate found something.
fn places(written: Option<&Object>, findings: &[Finding]) -> Vec<FoundPlace> {
    let mut places: Vec<FoundPlace> = findings
        .iter()
        .filter_map(|finding| match finding.kind {
            FindingKind::KnownValue(kind) => Some(place(written, kind, finding)),
            _ => None,
        })
        .collect();
    places.sort();
    places.dedup();
    places
}

/// The gate names an attribute, or a byte of what would be written: then it is the innermost value around that byte.
fn place(written: Option<&Object>, kind: KnownKind, finding: &Finding) -> FoundPlace {
    let elements = || {
        let all = written.iter().flat_map(|object| object.dataset().walk());
        all.filter(|element| !element.is_pixel_value())
    };
    let around = |element: &ElementRef<'_>| {
        let range = element.value_range();
        finding
            .offset
            .is_some_and(|offset| (range.start..range.end).contains(&offset))
    };
    let named = |element: ElementRef<'_>| plan::path_of(&element.ancestors(), element);
    let path = match &finding.path {
        Some(path) => Some(path.to_string()),
        None => elements()
            .filter(around)
            .min_by_key(|element| element.value_len())
            .map(named),
    };
    let there: Vec<_> = elements()
        .filter(|element| path.as_ref() == Some(&named(*element)))
        .collect();
    let mut leaves: Vec<String> = there
        .iter()
        .filter_map(|element| element.text().ok())
        .map(|text| text.join("\\"))
        .filter(|text| !text.is_empty())
        .collect();
    leaves.sort();
    leaves.dedup();
    let keyword = there.first().and_then(|element| keyword_of(element.tag()));
    FoundPlace {
        kind,
        path,
        keyword: keyword.unwrap_or_default().to_owned(),
        leaves: (!leaves.is_empty()).then(|| Phi::new(leaves)),
    }
}
