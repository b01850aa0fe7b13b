//! One stream on its way through the rooms: read, planned, assessed, edited, gated.

use crate::buffers::Buffers;
use crate::decisions::ObjectDecisions;
use crate::evidence::{Done, RunFacts, complete};
use crate::faces::SeriesWithFaces;
use crate::plan::{self, Device, PlannedObject};
use crate::stream::Stream;
use crate::subjects::Person;
use crate::{Failure, RunSettings, catalogue, models};
use cloakroom_audit::record::{OutputObject, PrivateCounts};
use cloakroom_clear::{Cleared, Gate, PatientScan};
use cloakroom_core::{
    Digest, Finding, Hasher, HoldReason, ImageDescription, KnownValues, Outcome, Phi, PixelReason,
    RejectReason, State,
};
use cloakroom_deid::{ApprovedWords, TrackKeys};
use cloakroom_ingest::{IngestError, Located};
use cloakroom_p10::{Extent, Limits, Object, Source};
use cloakroom_pixels::{
    Detector, FaceFinding, ImageToAssess, Masked, PixelPolicy, Verdict, assess, mask,
};
use cloakroom_profile::{ClassRules, FacePolicy, Profile};
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, OnceLock};

/// Streams up to this many bytes are read into memory in one go; larger ones are streamed.
const IN_MEMORY: u64 = 48 << 20;
/// A stream that does not lie in memory takes no more than this, for its header and a few portions of its pixels.
const STREAMED: u64 = 16 << 20;

/// How much memory a stream of so many bytes takes while it is worked on, in bytes.
pub(crate) fn memory_of(bytes: u64) -> u64 {
    if bytes > IN_MEMORY { STREAMED } else { bytes }
}

/// Everything that objects are worked on with, shared by all threads.
pub(crate) struct Rooms {
    profile: Arc<Profile>,
    keys: TrackKeys,
    gate: Gate,
    pixels: PixelPolicy,
    detector: Option<Detector>,
    words: Arc<ApprovedWords>,
    words_digest: Digest,
    limits: Limits,
    buffers: Arc<Buffers>,
}

/// One patient, opened for work: what is made from the known values is made once, by the first thread that needs it.
pub(crate) struct Subject {
    pseudonym: cloakroom_core::PatientPseudonym,
    offset: cloakroom_deid::Offset,
    known: KnownValues,
    series: SeriesWithFaces,
    opened: OnceLock<(cloakroom_deid::Subject, PatientScan)>,
}

impl Subject {
    pub(crate) fn new(person: &Person, known: KnownValues, series: SeriesWithFaces) -> Self {
        Self {
            series,
            pseudonym: person.pseudonym.clone(),
            offset: person.offset,
            known,
            opened: OnceLock::new(),
        }
    }

    fn open(&self, rooms: &Rooms) -> &(cloakroom_deid::Subject, PatientScan) {
        self.opened.get_or_init(|| {
            let subject = cloakroom_deid::Subject::new(
                self.pseudonym.clone(),
                self.offset,
                &self.known,
                Arc::clone(&rooms.words),
                &rooms.profile,
            );
            (subject, rooms.gate.scan(&self.known, &self.pseudonym))
        })
    }
}

/// How a stream ended here.
pub(crate) enum Processed {
    /// It may be packed.
    Cleared(Box<ClearedObject>),
    /// It ended otherwise; the record is JSON and holds no value.
    Ended { outcome: Outcome, record: String },
}

/// A record as JSON, and the list of actions that belongs to it with its digest.
pub(crate) type Evidence = (String, Option<(Digest, String)>);

/// An object that passed the gate, with what its record will say.
pub(crate) struct ClearedObject {
    object: Cleared,
    stream: Arc<Stream>,
    facts: RunFacts,
    decisions: Option<Vec<Digest>>,
    referenced: Vec<Phi<String>>,
    sop_class: String,
    private: PrivateCounts,
    text: std::collections::BTreeMap<&'static str, u32>,
}

impl ClearedObject {
    pub(crate) fn object(&self) -> &Cleared {
        &self.object
    }

    /// The record and the list of actions as JSON, once the digest of what was written is known.
    pub(crate) fn evidence(&self, digest: Digest) -> Result<Evidence, Failure> {
        let input = self.stream.digest().map_err(|error| unreadable(&error))?;
        let mut record = self.facts.record(Outcome::Cleared, input);
        record.decisions = self.decisions.clone().unwrap_or_default();
        let (record, actions) = complete(
            record,
            Done {
                output: OutputObject {
                    digest,
                    bytes: self.object.len(),
                },
                sop_class: &self.sop_class,
                actions: self.object.actions(),
                private: self.private,
                text: self.text.clone(),
                masked: self.object.masked(),
            },
        )?;
        let list = json(&actions)?;
        let digest = actions.digest().map_err(|_| unwritable())?;
        Ok((json(&record)?, Some((digest, list))))
    }

    /// The original UIDs that the object refers to.
    pub(crate) fn referenced(&self, all: &mut BTreeSet<String>) {
        all.extend(self.referenced.iter().map(|uid| uid.expose().clone()));
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|_| unwritable())
}

fn unwritable() -> Failure {
    Failure::could_not_run("a record could not be written as JSON")
}

impl Rooms {
    pub(crate) fn open(
        run: &RunSettings,
        keys: TrackKeys,
        words: &[String],
    ) -> Result<Self, Failure> {
        let mut hasher = Hasher::new();
        for word in words {
            hasher.update(word.as_bytes());
            hasher.update(b"\n");
        }
        Ok(Self {
            profile: Arc::clone(&run.profile),
            gate: Gate::new(&run.profile),
            pixels: models::pixel_policy(&run.profile)?,
            detector: models::detector()?,
            words: Arc::new(ApprovedWords::new(words.iter().map(String::as_str))),
            words_digest: hasher.finish(),
            limits: Limits::default(),
            buffers: Arc::default(),
            keys,
        })
    }

    pub(crate) const fn keys(&self) -> &TrackKeys {
        &self.keys
    }

    pub(crate) fn detector_digest(&self) -> Option<Digest> {
        self.detector.as_ref().map(Detector::digest)
    }

    pub(crate) const fn words_digest(&self) -> &Digest {
        &self.words_digest
    }

    /// Opens a stream of the export.
    pub(crate) fn open_stream(&self, located: &Located) -> Result<Arc<dyn Source>, IngestError> {
        open_source(located, &self.buffers)
    }

    /// Takes one instance through all rooms.
    pub(crate) fn process(
        &self,
        subject: &Subject,
        located: &Located,
        facts: &RunFacts,
        decisions: Option<&Arc<ObjectDecisions>>,
    ) -> Result<Processed, Failure> {
        let source = match self.open_stream(located) {
            Ok(source) => source,
            Err(error) => return self.unopened(located, facts, &error),
        };
        let stream = Arc::new(Stream::new(source, &self.keys));
        let decisions = self.decisions_about(&stream, decisions)?;
        match self.clean(subject, &stream, decisions) {
            Ok(cleaned) => {
                let mut cleared = cleaned.with(stream, facts.clone());
                cleared.decisions = decisions.map(|made| made.digests().to_vec());
                Ok(Processed::Cleared(Box::new(cleared)))
            }
            Err(refused) => {
                let mut record = facts.record(refused.outcome, input_digest(&stream)?);
                record.decisions = decisions.map_or_else(Vec::new, |made| made.digests().to_vec());
                Ok(Processed::Ended {
                    outcome: refused.outcome,
                    record: json(&record)?,
                })
            }
        }
    }

    /// The decisions that were made about this very content, and about no other that may stand in its place now.
    pub(crate) fn decisions_about<'a>(
        &self,
        stream: &Stream,
        decisions: Option<&'a Arc<ObjectDecisions>>,
    ) -> Result<Option<&'a ObjectDecisions>, Failure> {
        let Some(made) = decisions else {
            return Ok(None);
        };
        let object = input_digest(stream)?;
        Ok(made.are_about(&object).then_some(made.as_ref()))
    }

    /// The record of a stream that ended without a look into it.
    pub(crate) fn ended(
        &self,
        located: &Located,
        facts: &RunFacts,
        outcome: Outcome,
    ) -> Result<Processed, Failure> {
        match self.open_stream(located) {
            Ok(source) => ended(
                facts,
                outcome,
                input_digest(&Stream::new(source, &self.keys))?,
                None,
            ),
            Err(_) => ended(facts, outcome, self.place_digest(located), None),
        }
    }

    /// The record of a stream that never had bytes to be read.
    pub(crate) fn ended_unread(
        &self,
        input: &Digest,
        facts: &RunFacts,
        outcome: Outcome,
    ) -> Result<Processed, Failure> {
        ended(facts, outcome, *input, None)
    }

    fn unopened(
        &self,
        located: &Located,
        facts: &RunFacts,
        error: &IngestError,
    ) -> Result<Processed, Failure> {
        let Some(reason) = error.quarantine_reason() else {
            return Err(catalogue::failure(error));
        };
        ended(
            facts,
            Outcome::Quarantined(reason),
            self.place_digest(located),
            None,
        )
    }

    /// A keyed digest of where a stream lies, for streams that cannot be read.
    pub(crate) fn place_digest(&self, located: &Located) -> Digest {
        self.keys.name_digest(located.identity().expose())
    }

    /// Plans one instance and changes nothing.
    pub(crate) fn plan(
        &self,
        subject: &Subject,
        located: &Located,
        decisions: Option<&Arc<ObjectDecisions>>,
        values: bool,
    ) -> Result<PlannedObject, Failure> {
        let source = match self.open_stream(located) {
            Ok(source) => source,
            Err(error) => match error.quarantine_reason() {
                Some(reason) => return Ok(PlannedObject::ended(Outcome::Quarantined(reason))),
                None => return Err(catalogue::failure(&error)),
            },
        };
        let stream = Arc::new(Stream::new(source, &self.keys));
        let decisions = self.decisions_about(&stream, decisions)?;
        if decisions.is_some_and(ObjectDecisions::rejected) {
            return Ok(PlannedObject::ended(REFUSED));
        }
        Ok(self
            .read(subject, &stream)
            .map_or_else(PlannedObject::ended, |read| {
                let assessed = self.assess(subject, &read, decisions);
                let device = self.device(&read.image, assessed.as_ref(), values);
                let rules = self.rules_of(&read.object);
                PlannedObject {
                    outcome: assessed.map_or_else(|ended| ended, |_| Outcome::Cleared),
                    seen: plan::seen(&read.object, &read.plan, &rules, values),
                    added: read
                        .plan
                        .actions()
                        .iter()
                        .filter(|record| record.before == State::Absent)
                        .cloned()
                        .collect(),
                    unknown: if values {
                        words_of(&read.plan)
                    } else {
                        Vec::new()
                    },
                    device,
                }
            }))
    }

    fn rules_of(&self, object: &Object) -> Arc<ClassRules> {
        let modality = object.describe_image().modality;
        self.profile
            .class_rules(&object.sop_class_uid().unwrap_or_default(), &modality)
    }

    /// What made an image, and whether its class alone gives it a reason to leave.
    fn device(
        &self,
        image: &ImageDescription,
        assessed: Result<&Masked, &Outcome>,
        values: bool,
    ) -> Option<Device> {
        image.pixel_tag?;
        let by_class = match assessed {
            Ok(masked) => matches!(
                masked.reason(),
                PixelReason::ClassPolicy { .. } | PixelReason::NoPixels
            ),
            Err(outcome) => *outcome == Outcome::Held(HoldReason::DocumentImage),
        };
        let parts = [
            image.modality.as_str(),
            // What a header says of its maker is a value like others.
            if values {
                image.manufacturer.expose()
            } else {
                ""
            },
            if values { image.model.expose() } else { "" },
        ];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Some(Device {
            name: parts.join(" "),
            size: format!("{}×{}", image.columns, image.rows),
            rule: self.pixels.devices.rule_of(image).map(str::to_owned),
            needs_reason: !by_class,
        })
    }

    /// Reads an object and plans its attributes.
    pub(crate) fn read(&self, subject: &Subject, stream: &Arc<Stream>) -> Result<Read, Outcome> {
        let source: Arc<dyn Source> = Arc::<Stream>::clone(stream);
        let object = cloakroom_p10::read(source, Extent::Whole, &self.limits)
            .map_err(|error| Outcome::Quarantined(error.reason()))?;
        let (editor, _) = subject.open(self);
        let plan = cloakroom_deid::plan(&object, &self.profile, editor, &self.keys)
            .map_err(Outcome::Held)?;
        let image = object.describe_image();
        let pixels = pixel_stream(stream, &object);
        Ok(Read {
            object,
            plan,
            image,
            pixels,
        })
    }

    /// A series with a face waits, unless a person accepted it for the purpose of the track.
    fn look_for_face(
        &self,
        subject: &Subject,
        read: &Read,
        decisions: Option<&ObjectDecisions>,
    ) -> Result<(), Outcome> {
        let accepted = self.profile.faces() == FacePolicy::Accept
            && decisions.is_some_and(ObjectDecisions::accepts_face);
        if read.image.pixel_tag.is_none() || accepted {
            return Ok(());
        }
        let series = read.object.series_instance_uid().unwrap_or_default();
        let finding = subject.series.finding(&series, &read.image, &self.pixels);
        match finding {
            FaceFinding::Absent => Ok(()),
            _ => Err(Outcome::Held(HoldReason::FaceVisible)),
        }
    }

    /// Looks for the reason why the pixels of an object may leave, and wipes what must go.
    pub(crate) fn assess(
        &self,
        subject: &Subject,
        read: &Read,
        decisions: Option<&ObjectDecisions>,
    ) -> Result<Masked, Outcome> {
        self.look_for_face(subject, read, decisions)?;
        let request = ImageToAssess {
            image: &read.image,
            layout: read.object.pixel_layout(),
            bytes: read.pixels.as_ref(),
            policy: &self.pixels,
            detector: self.detector.as_ref(),
            known: &subject.known,
            decision: decisions.and_then(ObjectDecisions::pixels),
        };
        let assessment = assess(&request);
        match assessment.verdict() {
            Verdict::Hold(reason) => return Err(Outcome::Held(*reason)),
            Verdict::Drop(reason) => return Err(Outcome::Rejected(*reason)),
            // A profile without Clean Pixel Data does not touch pixels, so an image that needs it waits.
            Verdict::Mask(..) if !self.profile.pixels().clean => {
                return Err(Outcome::Held(HoldReason::PixelReasonMissing));
            }
            Verdict::Reason(_) | Verdict::Mask(..) => {}
        }
        mask(&request, &assessment).map_err(Outcome::Held)
    }

    pub(crate) fn clean(
        &self,
        subject: &Subject,
        stream: &Arc<Stream>,
        decisions: Option<&ObjectDecisions>,
    ) -> Result<Cleaned, Refused> {
        if decisions.is_some_and(ObjectDecisions::rejected) {
            return Err(Refused::from(REFUSED));
        }
        let read = self.read(subject, stream)?;
        let masked = self.assess(subject, &read, decisions)?;
        let Read {
            object,
            plan,
            pixels,
            ..
        } = read;
        if let Some(layout) = object.pixel_layout() {
            pixels.watch(layout.whole());
        }
        let (_, scan) = subject.open(self);
        let sop_class = object.sop_class_uid().unwrap_or_default();
        let private = plan.private_counts();
        let text = plan
            .text_removals()
            .to_map()
            .into_iter()
            .map(|(kind, count)| (kind.name(), count))
            .collect();
        let edited = cloakroom_deid::apply(object, plan).map_err(Outcome::Held)?;
        let referenced = edited
            .uid_pairs()
            .map(|(original, _)| original.map(str::to_owned))
            .collect();
        let answered = decisions.and_then(ObjectDecisions::alarm);
        let object =
            cloakroom_clear::clear_answered(&self.gate, scan, edited, masked, pixels, answered)?;
        let private = PrivateCounts {
            kept: private.kept,
            removed: private.removed,
            unknown: 0,
        };
        Ok(Cleaned {
            object,
            sop_class,
            private,
            text,
            referenced,
        })
    }
}

/// What a person's refusal makes of an object.
const REFUSED: Outcome = Outcome::Rejected(RejectReason::ReviewerRejected);

/// How an object ended before it was cleared, and what the gate found.
pub(crate) struct Refused {
    pub(crate) outcome: Outcome,
    pub(crate) findings: Vec<Finding>,
    pub(crate) alarm: Option<Digest>,
}

impl From<Outcome> for Refused {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            findings: Vec::new(),
            alarm: None,
        }
    }
}

impl From<cloakroom_clear::Held> for Refused {
    fn from(held: cloakroom_clear::Held) -> Self {
        Self {
            outcome: Outcome::Held(held.reason),
            findings: held.findings,
            alarm: held.alarm,
        }
    }
}

/// An object that was read and planned.
pub(crate) struct Read {
    pub(crate) object: Object,
    pub(crate) plan: cloakroom_deid::Plan,
    image: ImageDescription,
    /// What the ranges of the object refer to.
    pixels: Arc<Stream>,
}

/// Opens a stream: what is small is read into memory in one go, so that each byte is read once.
pub(crate) fn open_source(
    located: &Located,
    buffers: &Arc<Buffers>,
) -> Result<Arc<dyn Source>, IngestError> {
    let source = located.open()?;
    if source.bytes().is_some() || source.len() > IN_MEMORY {
        return Ok(source);
    }
    match buffers.read(&*source) {
        Ok(file) => Ok(Arc::new(file)),
        Err(error) => Err(located.unreadable(error)),
    }
}

/// The ranges of a deflated object refer to its inflated bytes, and not to the stream.
fn pixel_stream(stream: &Arc<Stream>, object: &Object) -> Arc<Stream> {
    let read_from: *const () = Arc::as_ptr(object.source()).cast();
    if std::ptr::addr_eq(read_from, Arc::as_ptr(stream)) {
        return Arc::clone(stream);
    }
    Arc::new(stream.view(Arc::clone(object.source())))
}

fn words_of(plan: &cloakroom_deid::Plan) -> Vec<String> {
    plan.unknown_words()
        .iter()
        .map(|word| word.expose().clone())
        .collect()
}

/// An object that passed the gate, before its record has a place.
pub(crate) struct Cleaned {
    object: Cleared,
    sop_class: String,
    private: PrivateCounts,
    text: std::collections::BTreeMap<&'static str, u32>,
    referenced: Vec<Phi<String>>,
}

impl Cleaned {
    fn with(self, stream: Arc<Stream>, facts: RunFacts) -> ClearedObject {
        ClearedObject {
            object: self.object,
            stream,
            facts,
            decisions: None,
            referenced: self.referenced,
            sop_class: self.sop_class,
            private: self.private,
            text: self.text,
        }
    }
}

fn ended(
    facts: &RunFacts,
    outcome: Outcome,
    input: Digest,
    sop_class: Option<&str>,
) -> Result<Processed, Failure> {
    let mut record = facts.record(outcome, input);
    record.sop_class = sop_class.map(cloakroom_audit::SopClass::of);
    Ok(Processed::Ended {
        outcome,
        record: json(&record)?,
    })
}

/// The digest of a stream, keyed, so that it says nothing to those who hold the original but not the key.
pub(crate) fn input_digest(stream: &Stream) -> Result<Digest, Failure> {
    stream.digest().map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::could_not_run(format!("a file of the export could not be read: {error}"))
        .advise("check the medium, ingest the export again, and run the same command again")
}
