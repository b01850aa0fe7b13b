//! The decisions of people at a site: taken down, checked again whenever they are read, and replayed by `deid`.
//!
//! A decision has two halves. The signed one names its subject by keyed digests and goes into the log. The other says
//! what that is inside the hospital — a stream of the catalogue, a text, a patient — and stays in the site folder. The
//! second is believed only as far as its keyed digest is that of the first.

use crate::reviewers::{Reviewer, enrolled};
use crate::state::State;
use crate::{Failure, Site};
use cloakroom_audit::record::WipedRegion;
use cloakroom_audit::{
    About, DecisionBody, DecisionChain, DecisionHead, ReviewRule, Ruling, SignedDecision,
};
use cloakroom_core::{
    DecisionReason, Digest, Hasher, MaskPlan, MaskRegion, Phi, StatedDate, TrackId,
};
use cloakroom_deid::TrackKeys;
use cloakroom_ingest::PatientKey;
use cloakroom_pixels::PersonDecision;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a person decides, as it is named inside the site.
///
/// `object` is what [`object_digest`] gives for the stream; `alarm` is what the gate gave with its findings.
#[derive(Debug, Clone)]
pub enum PersonVerdict {
    /// What the gate found in this stream is no value of the patient.
    GateFalseAlarm {
        /// The stream of the catalogue.
        stream: i64,
        /// Its keyed digest.
        object: Digest,
        /// The alarm that is answered.
        alarm: Digest,
    },
    /// The pixels of this stream may leave once these areas are wiped.
    PixelRelease {
        /// The stream of the catalogue.
        stream: i64,
        /// Its keyed digest.
        object: Digest,
        /// The areas; none where the image may leave as it is.
        mask: Vec<WipedRegion>,
    },
    /// This stream does not leave.
    PixelReject {
        /// The stream of the catalogue.
        stream: i64,
        /// Its keyed digest.
        object: Digest,
    },
    /// This word may stay in free text.
    TextApprove(Phi<String>),
    /// This word goes, and is not asked for again.
    TextRemove(Phi<String>),
    /// The first id is given up; it is the same person as the second.
    IdentityMerge(Phi<PatientKey>, Phi<PatientKey>),
    /// This study, by its Study Instance UID, belongs to another person than the rest of this id: number 2 or more.
    IdentitySplit(Phi<PatientKey>, Phi<String>, u32),
    /// This study, by its Study Instance UID, belongs to this patient.
    IdentityAssign(Phi<String>, Phi<PatientKey>),
    /// A second person agrees with the decision of this digest.
    Confirm(Digest),
    /// The decision of this digest no longer counts.
    Revoke(Digest),
}

/// What a decision is about inside the site. It never leaves the site's database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "target", rename_all = "kebab-case", deny_unknown_fields)]
enum Target {
    Stream { stream: i64 },
    Text { text: String },
    Merge { patient: Id, into: Id },
    Split { patient: Id, study: String },
    Assign { study: String, patient: Id },
    Decision,
}

/// A patient's id and its issuer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Id {
    id: String,
    issuer: String,
}

impl Id {
    fn of(key: &Phi<PatientKey>) -> Self {
        let key = key.expose();
        Self {
            id: key.patient_id.clone(),
            issuer: key.issuer.clone(),
        }
    }

    fn digest(&self, keys: &TrackKeys) -> Digest {
        named(keys, "patient", &[&self.id, &self.issuer])
    }
}

/// The keyed digest of a name, apart from those of other kinds and of streams.
fn named(keys: &TrackKeys, kind: &str, parts: &[&str]) -> Digest {
    let mut hasher = Hasher::new();
    for part in [kind].iter().chain(parts) {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    keys.name_digest(hasher.finish().as_bytes())
}

impl PersonVerdict {
    fn halves(&self, keys: &TrackKeys) -> (Ruling, Target) {
        let text = |text: &Phi<String>| Target::Text {
            text: text.expose().clone(),
        };
        let text_digest = |text: &Phi<String>| named(keys, "text", &[text.expose()]);
        let study_digest = |study: &Phi<String>| named(keys, "study", &[study.expose()]);
        match self {
            Self::GateFalseAlarm {
                stream,
                object,
                alarm,
            } => (
                Ruling::GateFalseAlarm {
                    object: *object,
                    alarm: *alarm,
                },
                Target::Stream { stream: *stream },
            ),
            Self::PixelRelease {
                stream,
                object,
                mask,
            } => {
                let mut mask = mask.clone();
                mask.sort_unstable();
                mask.dedup();
                let ruling = Ruling::PixelRelease {
                    object: *object,
                    mask,
                };
                (ruling, Target::Stream { stream: *stream })
            }
            Self::PixelReject { stream, object } => (
                Ruling::PixelReject { object: *object },
                Target::Stream { stream: *stream },
            ),
            Self::TextApprove(word) => (
                Ruling::TextApprove {
                    text: text_digest(word),
                },
                text(word),
            ),
            Self::TextRemove(word) => (
                Ruling::TextRemove {
                    text: text_digest(word),
                },
                text(word),
            ),
            Self::IdentityMerge(patient, into) => {
                let (patient, into) = (Id::of(patient), Id::of(into));
                let ruling = Ruling::IdentityMerge {
                    patient: patient.digest(keys),
                    into: into.digest(keys),
                };
                (ruling, Target::Merge { patient, into })
            }
            Self::IdentitySplit(patient, study, person) => {
                let patient = Id::of(patient);
                let ruling = Ruling::IdentitySplit {
                    patient: patient.digest(keys),
                    study: study_digest(study),
                    person: *person,
                };
                let study = study.expose().clone();
                (ruling, Target::Split { patient, study })
            }
            Self::IdentityAssign(study, patient) => {
                let patient = Id::of(patient);
                let ruling = Ruling::IdentityAssign {
                    study: study_digest(study),
                    patient: patient.digest(keys),
                };
                let study = study.expose().clone();
                (ruling, Target::Assign { study, patient })
            }
            Self::Confirm(decision) => (
                Ruling::Confirm {
                    decision: *decision,
                },
                Target::Decision,
            ),
            Self::Revoke(decision) => (
                Ruling::Revoke {
                    decision: *decision,
                },
                Target::Decision,
            ),
        }
    }
}

impl Target {
    /// Whether the keyed digests of a ruling are those of this target. A stream's digest is compared when it is read.
    fn is_of(&self, ruling: &Ruling, keys: &TrackKeys) -> bool {
        match (self, ruling) {
            (
                Self::Stream { .. },
                Ruling::GateFalseAlarm { .. }
                | Ruling::PixelRelease { .. }
                | Ruling::PixelReject { .. },
            )
            | (Self::Decision, Ruling::Confirm { .. } | Ruling::Revoke { .. }) => true,
            (
                Self::Text { text },
                Ruling::TextApprove { text: digest } | Ruling::TextRemove { text: digest },
            ) => named(keys, "text", &[text]) == *digest,
            (
                Self::Merge { patient, into },
                Ruling::IdentityMerge {
                    patient: given_up,
                    into: remains,
                },
            ) => patient.digest(keys) == *given_up && into.digest(keys) == *remains,
            (
                Self::Split { patient, study },
                Ruling::IdentitySplit {
                    patient: id,
                    study: part,
                    ..
                },
            )
            | (
                Self::Assign { study, patient },
                Ruling::IdentityAssign {
                    study: part,
                    patient: id,
                },
            ) => patient.digest(keys) == *id && named(keys, "study", &[study]) == *part,
            _ => false,
        }
    }
}

/// The decisions of one track, every signature checked, every key one that the site enrolled.
pub struct Decisions {
    track: TrackId,
    keys: TrackKeys,
    state: State,
    chain: DecisionChain,
    targets: HashMap<Digest, Target>,
}

impl Decisions {
    /// Reads and checks the decisions of a track.
    ///
    /// # Errors
    /// If a signature does not hold, a key was never enrolled, one is missing, or the machine fails. Nothing is
    /// replayed then: a decision that cannot be believed makes all of them doubtful.
    pub fn open(site: &Site, track: &TrackId) -> Result<Self, Failure> {
        Self::check(site, track, State::open(&site.database())?)
    }

    /// The same from a site folder that is only read.
    pub(crate) fn open_to_read(site: &Site, track: &TrackId) -> Result<Self, Failure> {
        Self::check(site, track, State::open_to_read(&site.database())?)
    }

    fn check(site: &Site, track: &TrackId, state: State) -> Result<Self, Failure> {
        let keys = TrackKeys::derive(&site.secret()?, site.project(), track, site.epoch());
        let enrolled = enrolled(site)?;
        let mut chain = DecisionChain::new(site.name().clone(), track.clone());
        let mut targets = HashMap::new();
        for (line, target) in state.decisions(track)? {
            let decision = SignedDecision::parse(&line).map_err(|_| doubtful())?;
            let body = decision.body().clone();
            let known = enrolled
                .iter()
                .any(|(id, key)| *id == body.reviewer && key.to_string() == body.key);
            let target: Target = serde_json::from_str(&target).map_err(|_| doubtful())?;
            if !known || !target.is_of(&body.ruling, &keys) {
                return Err(doubtful());
            }
            let digest = chain.push(decision).map_err(|_| doubtful())?;
            targets.insert(digest, target);
        }
        Ok(Self {
            track: track.clone(),
            keys,
            state,
            chain,
            targets,
        })
    }

    /// The decisions themselves.
    #[must_use]
    pub const fn chain(&self) -> &DecisionChain {
        &self.chain
    }

    /// The stream that a decision is about, if it is about one.
    #[must_use]
    pub fn stream_of(&self, decision: &Digest) -> Option<i64> {
        match self.targets.get(decision) {
            Some(Target::Stream { stream }) => Some(*stream),
            _ => None,
        }
    }

    /// Signs a decision, remembers it, and returns its digest. It counts from the next delivery on.
    ///
    /// # Errors
    /// If the reason does not fit, the decision names one that it cannot, or the machine fails.
    pub fn decide(
        &mut self,
        reviewer: &Reviewer,
        date: StatedDate,
        verdict: &PersonVerdict,
        reason: DecisionReason,
    ) -> Result<Digest, Failure> {
        let (ruling, target) = verdict.halves(&self.keys);
        let key = reviewer.key();
        let body = self
            .chain
            .next(date, reviewer.id().clone(), &key.public(), (ruling, reason));
        let number = body.number;
        let refused = |error: cloakroom_audit::NotADecision| Failure::wrong_use(error.to_string());
        let decision = SignedDecision::sign(body, key).map_err(refused)?;
        let line = decision.to_line().map_err(refused)?;
        let text = serde_json::to_string(&target).map_err(|_| doubtful())?;
        let mut extended = self.chain.clone();
        let digest = extended.push(decision).map_err(refused)?;
        self.state.add_decision(&self.track, number, &line, &text)?;
        self.chain = extended;
        self.targets.insert(digest, target);
        Ok(digest)
    }

    /// The words that somebody decided about and nobody took back, whether the decision counts already or waits for a
    /// second person.
    #[must_use]
    pub fn decided_words(&self) -> HashSet<String> {
        self.chain
            .in_force(ReviewRule::OnePerson)
            .into_values()
            .filter_map(|(digest, _)| match self.targets.get(&digest) {
                Some(Target::Text { text }) => Some(text.clone()),
                _ => None,
            })
            .collect()
    }

    /// What counts now, in the form in which `deid` asks for it.
    pub(crate) fn in_force(&self, site: &Site) -> InForce {
        let mut force = InForce {
            head: self.chain.head(),
            ..InForce::default()
        };
        for (about, (digest, body)) in self.chain.in_force(site.review_rule()) {
            if let Some(target) = self.targets.get(&digest) {
                force.take(about, digest, body, target);
            }
        }
        force.words.sort();
        force.removed_words.sort();
        force
    }
}

/// The decisions that count in a delivery.
#[derive(Default)]
pub(crate) struct InForce {
    /// The end of the chain when they were read.
    pub(crate) head: Option<DecisionHead>,
    /// What was decided about single streams.
    streams: HashMap<i64, Arc<ObjectDecisions>>,
    /// The words that may stay.
    words: Vec<String>,
    removed_words: Vec<String>,
}

impl InForce {
    fn take(&mut self, about: About, digest: Digest, body: &DecisionBody, target: &Target) {
        match (about, target) {
            (About::Pixels(object) | About::Alarm(object), Target::Stream { stream }) => {
                let mut of_stream = self
                    .streams
                    .remove(stream)
                    .map_or_else(|| ObjectDecisions::of(object), |one| (*one).clone());
                of_stream.take(object, digest, body);
                self.streams.insert(*stream, Arc::new(of_stream));
            }
            (About::Text(_), Target::Text { text }) => match body.ruling {
                Ruling::TextApprove { .. } => self.words.push(text.clone()),
                _ => self.removed_words.push(text.clone()),
            },
            _ => {}
        }
    }

    /// What was decided about a stream.
    pub(crate) fn of_stream(&self, stream: i64) -> Option<&Arc<ObjectDecisions>> {
        self.streams.get(&stream)
    }

    /// The words that people approved, sorted.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// How many decisions had been made.
    pub(crate) fn count(&self) -> u64 {
        self.head.map_or(0, |head| head.count)
    }
}

/// What people decided about one object.
#[derive(Clone)]
pub(crate) struct ObjectDecisions {
    object: Digest,
    rejected: bool,
    pixels: Option<PersonDecision>,
    alarm: Option<Digest>,
    accepts_face: bool,
    digests: Vec<Digest>,
}

impl ObjectDecisions {
    const fn of(object: Digest) -> Self {
        Self {
            object,
            rejected: false,
            pixels: None,
            alarm: None,
            accepts_face: false,
            digests: Vec::new(),
        }
    }

    fn take(&mut self, object: Digest, digest: Digest, body: &DecisionBody) {
        if object != self.object {
            // Two contents under one number: neither can be meant for sure, so neither counts.
            *self = Self::of(Digest::of(b"two contents"));
            return;
        }
        match &body.ruling {
            Ruling::GateFalseAlarm { alarm, .. } => self.alarm = Some(*alarm),
            Ruling::PixelReject { .. } => self.rejected = true,
            Ruling::PixelRelease { mask, .. } => {
                self.accepts_face = body.reason == DecisionReason::FaceAccepted;
                let regions = mask.iter().map(|area| MaskRegion {
                    rect: area.rect,
                    frames: area.frames,
                    source: "person".into(),
                });
                self.pixels = Some(PersonDecision {
                    decision: digest,
                    plan: MaskPlan {
                        regions: regions.collect(),
                    },
                });
            }
            _ => return,
        }
        self.digests.push(digest);
        self.digests.sort_unstable();
    }

    /// The same without the answer to the gate, and without a refusal.
    pub(crate) fn about_pixels(&self) -> Self {
        Self {
            rejected: false,
            alarm: None,
            ..self.clone()
        }
    }

    /// Whether they are about the stream with this keyed digest.
    pub(crate) fn are_about(&self, object: &Digest) -> bool {
        self.object == *object
    }

    /// Whether a person refused it.
    pub(crate) const fn rejected(&self) -> bool {
        self.rejected
    }

    /// What was decided about its pixels.
    pub(crate) const fn pixels(&self) -> Option<&PersonDecision> {
        self.pixels.as_ref()
    }

    /// Whether a person agreed to release the face that the image shows.
    pub(crate) const fn accepts_face(&self) -> bool {
        self.accepts_face
    }

    /// The alarm of the gate that was answered.
    pub(crate) const fn alarm(&self) -> Option<&Digest> {
        self.alarm.as_ref()
    }

    /// The digests of the decisions, sorted.
    pub(crate) fn digests(&self) -> &[Digest] {
        &self.digests
    }
}

fn doubtful() -> Failure {
    Failure::check_failed("the decisions that people made at this site are not what was signed")
        .advise("restore the site folder from its backup; nothing is replayed until they are whole")
}
