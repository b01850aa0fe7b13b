//! What the review pages ask for and do. The rules stay in the other rooms; every decision is signed by its reviewer.

mod alarm;
mod held;
mod pictures;
mod words;

pub use alarm::{Alarm, AlarmPlace};
pub use cloakroom_pixels::{ProjectionKind, Proposal, ProposalKind, Shown, ShownSamples};
pub use held::{Held, HeldObject, HeldSeries, is_about_pixels};
pub use pictures::{NoPicture, Proposed};
pub use words::UnknownWord;

use crate::decisions::{Decisions, PersonVerdict};
use crate::object::{input_digest, open_source};
use crate::reviewers::{Reviewer, enrolled};
use crate::run_settings::find_profile;
use crate::state::State;
use crate::stream::Stream;
use crate::{Failure, Site, catalogue, clock};
use cloakroom_audit::record::WipedRegion;
use cloakroom_audit::{DecisionBody, ReviewRule, Ruling};
use cloakroom_core::{DecisionReason, Digest, ReviewerId, StatedDate, TrackId};
use cloakroom_deid::TrackKeys;
use cloakroom_ingest::{Catalogue, StreamNumber};
use cloakroom_pixels::PixelPolicy;
use pictures::Pictures;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// An area that a person wipes.
pub type MaskedArea = WipedRegion;

/// A site that is open for review. Nobody else can open it meanwhile.
pub struct Review {
    site: Site,
    catalogue: Mutex<Catalogue>,
    pictures: Pictures,
    tracks: BTreeMap<TrackId, TrackReview>,
    profile: String,
}

struct TrackReview {
    held: Held,
    keys: TrackKeys,
    decisions: Mutex<Decisions>,
    examining: alarm::Examining,
    words: words::WordsRead,
}

/// What a person decides about the pixels of objects.
#[derive(Debug, Clone)]
pub enum PixelVerdict {
    /// They may leave once these areas are wiped.
    Release(Vec<MaskedArea>),
    /// They do not leave.
    Reject,
}

/// Where a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It counts from the next delivery on.
    Counts,
    /// It waits for a second person.
    WaitsForSecond,
    /// A later decision about the same, or a revocation, took its place.
    Replaced,
    /// It is a confirmation or a revocation of another.
    Note,
}

/// One line of the log of decisions.
#[derive(Debug, Clone)]
pub struct DecisionRow {
    /// The digest by which it is confirmed or revoked.
    pub digest: Digest,
    /// Its number in the track.
    pub number: u64,
    /// Who decided.
    pub reviewer: ReviewerId,
    /// When, as stated.
    pub date: StatedDate,
    /// What kind of decision.
    pub subject: &'static str,
    /// Why.
    pub reason: DecisionReason,
    /// How many areas are wiped.
    pub areas: usize,
    /// The object that it is about, if it is about one.
    pub stream: Option<i64>,
    /// Where it stands.
    pub standing: Standing,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Review {
    /// Opens a site for review, with the profile under which it delivers.
    ///
    /// # Errors
    /// If nothing was delivered yet, a key is missing, the decisions are not what was signed, or the machine fails.
    pub fn open(site: Site, profile: &str) -> Result<Self, Failure> {
        find_profile(profile)?;
        let catalogue = catalogue::open(&site)?;
        let state = State::open(&site.database())?;
        let mut tracks = BTreeMap::new();
        for track in state.tracks()? {
            let keys = TrackKeys::derive(&site.secret()?, site.project(), &track, site.epoch());
            let review = TrackReview {
                held: Held::read(&catalogue, &state, &track)?,
                decisions: Mutex::new(Decisions::open(&site, &track)?),
                keys,
                examining: alarm::Examining::default(),
                words: words::WordsRead::default(),
            };
            tracks.insert(track, review);
        }
        if tracks.is_empty() {
            return Err(
                Failure::wrong_use("nothing was delivered yet, so nothing waits")
                    .advise("run `cloakroom deid` first: what it holds is decided here"),
            );
        }
        Ok(Self {
            site,
            catalogue: Mutex::new(catalogue),
            pictures: Pictures::new(PixelPolicy::contest())?,
            tracks,
            profile: profile.to_owned(),
        })
    }

    /// The name of the hospital.
    #[must_use]
    pub fn site_name(&self) -> String {
        self.site.name().to_string()
    }

    /// The tracks that have a delivery.
    pub fn tracks(&self) -> impl Iterator<Item = &TrackId> {
        self.tracks.keys()
    }

    /// Whether a decision needs a second person.
    #[must_use]
    pub fn needs_two(&self) -> bool {
        self.site.review_rule() == ReviewRule::TwoPersons
    }

    /// The people who may decide.
    ///
    /// # Errors
    /// If their keys cannot be read.
    pub fn reviewers(&self) -> Result<Vec<ReviewerId>, Failure> {
        Ok(enrolled(&self.site)?
            .into_iter()
            .map(|(id, _)| id)
            .collect())
    }

    /// Unlocks the key of a reviewer.
    ///
    /// # Errors
    /// If there is none, or the passphrase is another one.
    pub fn unlock(
        &self,
        id: ReviewerId,
        passphrase: &Zeroizing<String>,
    ) -> Result<Reviewer, Failure> {
        Reviewer::unlock(&self.site, id, passphrase)
    }

    fn track(&self, track: &TrackId) -> Result<&TrackReview, Failure> {
        self.tracks
            .get(track)
            .ok_or_else(|| Failure::wrong_use("nothing was delivered for this track"))
    }

    /// What waits in a track.
    ///
    /// # Errors
    /// If the track has no delivery.
    pub fn held(&self, track: &TrackId) -> Result<&Held, Failure> {
        Ok(&self.track(track)?.held)
    }

    /// One frame of an object.
    ///
    /// # Errors
    /// If it does not exist or cannot be decoded.
    pub fn frame(&self, stream: i64, frame: u32) -> Result<Shown, NoPicture> {
        self.pictures.frame(&self.catalogue, stream, frame)
    }

    /// All frames of some objects laid over each other, with how many are in it and how many were left out.
    ///
    /// # Errors
    /// If one cannot be decoded.
    pub fn projection(
        &self,
        streams: &[i64],
        kind: ProjectionKind,
    ) -> Result<(Shown, (u32, u32)), NoPicture> {
        self.pictures.projection(&self.catalogue, streams, kind)
    }

    /// What rules and the detector propose for an object.
    ///
    /// # Errors
    /// If it cannot be decoded.
    pub fn proposals(
        &self,
        track: &TrackId,
        stream: i64,
    ) -> Result<std::sync::Arc<Proposed>, NoPicture> {
        let held = &self.track(track)?.held;
        let patient = held.find(stream).map_or(0, |(series, _)| series.patient);
        self.pictures.proposals(&self.catalogue, stream, patient)
    }

    /// Signs a decision about the pixels of some objects, one for each.
    ///
    /// # Errors
    /// If one of them does not wait, an area lies outside the image, the reason does not fit, or the machine fails;
    /// those before it are signed then.
    pub fn decide_pixels(
        &self,
        track: &TrackId,
        reviewer: &Reviewer,
        streams: &[i64],
        verdict: &PixelVerdict,
        reason: DecisionReason,
    ) -> Result<usize, Failure> {
        let of_track = self.track(track)?;
        let mut objects = Vec::new();
        for stream in streams {
            let (_, object) = of_track
                .held
                .find(*stream)
                .ok_or_else(|| Failure::wrong_use("this object does not wait for a person"))?;
            check_areas(verdict, object)?;
            objects.push((*stream, self.digest(&of_track.keys, *stream)?));
        }
        let mut decisions = lock(&of_track.decisions);
        for (stream, object) in &objects {
            let (stream, object) = (*stream, *object);
            let verdict = match verdict {
                PixelVerdict::Release(mask) => PersonVerdict::PixelRelease {
                    stream,
                    object,
                    mask: mask.clone(),
                },
                PixelVerdict::Reject => PersonVerdict::PixelReject { stream, object },
            };
            decisions.decide(reviewer, clock::today(), &verdict, reason)?;
        }
        Ok(objects.len())
    }

    /// Agrees with an earlier decision as a second person, or takes one back.
    ///
    /// # Errors
    /// If the person is the same as the first, or there is no such decision.
    pub fn answer_decision(
        &self,
        track: &TrackId,
        reviewer: &Reviewer,
        decision: Digest,
        revoke: bool,
    ) -> Result<(), Failure> {
        let (verdict, reason) = if revoke {
            (PersonVerdict::Revoke(decision), DecisionReason::Mistake)
        } else {
            (PersonVerdict::Confirm(decision), DecisionReason::SecondLook)
        };
        lock(&self.track(track)?.decisions)
            .decide(reviewer, clock::today(), &verdict, reason)
            .map(drop)
    }

    /// The keyed digest by which decisions name an object.
    fn digest(&self, keys: &TrackKeys, stream: i64) -> Result<Digest, Failure> {
        let located = lock(&self.catalogue)
            .locate(StreamNumber::stored(stream))
            .map_err(|error| catalogue::failure(&error))?;
        let source =
            open_source(&located, &Arc::default()).map_err(|error| catalogue::failure(&error))?;
        input_digest(&Stream::new(source, keys))
    }

    /// Every decision of a track, the latest first.
    ///
    /// # Errors
    /// If the track has no delivery.
    pub fn log(&self, track: &TrackId) -> Result<Vec<DecisionRow>, Failure> {
        let decisions = lock(&self.track(track)?.decisions);
        let counting: BTreeSet<Digest> = decisions
            .chain()
            .in_force(self.site.review_rule())
            .into_values()
            .map(|(digest, _)| digest)
            .collect();
        // What would count if one person were enough waits for the second.
        let waiting: BTreeSet<Digest> = decisions
            .chain()
            .in_force(ReviewRule::OnePerson)
            .into_values()
            .map(|(digest, _)| digest)
            .collect();
        let row = |(digest, signed): &(Digest, cloakroom_audit::SignedDecision)| {
            let body = signed.body();
            row_of(
                *digest,
                body,
                decisions.stream_of(digest),
                if body.ruling.about().is_none() {
                    Standing::Note
                } else if counting.contains(digest) {
                    Standing::Counts
                } else if waiting.contains(digest) {
                    Standing::WaitsForSecond
                } else {
                    Standing::Replaced
                },
            )
        };
        Ok(decisions
            .chain()
            .decisions()
            .iter()
            .rev()
            .map(row)
            .collect())
    }

    /// What was decided last about the pixels of each object, as far as it counts or waits for a second person.
    ///
    /// # Errors
    /// If the track has no delivery.
    pub fn decided(&self, track: &TrackId) -> Result<HashMap<i64, DecisionRow>, Failure> {
        let mut all = HashMap::new();
        for row in self.log(track)? {
            let stands = matches!(row.standing, Standing::Counts | Standing::WaitsForSecond);
            if let Some(stream) = row.stream.filter(|_| stands) {
                all.entry(stream).or_insert(row);
            }
        }
        Ok(all)
    }
}

fn row_of(
    digest: Digest,
    body: &DecisionBody,
    stream: Option<i64>,
    standing: Standing,
) -> DecisionRow {
    DecisionRow {
        digest,
        number: body.number,
        reviewer: body.reviewer.clone(),
        date: body.date,
        subject: body.ruling.subject(),
        reason: body.reason,
        areas: match &body.ruling {
            Ruling::PixelRelease { mask, .. } => mask.len(),
            _ => 0,
        },
        stream,
        standing,
    }
}

/// An area outside the image wipes nothing, and then the person did not see what they signed.
fn check_areas(verdict: &PixelVerdict, object: &HeldObject) -> Result<(), Failure> {
    let PixelVerdict::Release(mask) = verdict else {
        return Ok(());
    };
    let inside = mask.iter().all(|area| {
        area.rect.area() > 0
            && area.rect.clip(object.columns, object.rows) == Some(area.rect)
            && area
                .frames
                .is_none_or(|(first, last)| first <= last && last < object.frames)
    });
    if inside {
        return Ok(());
    }
    Err(
        Failure::wrong_use("an area lies outside an image, or its images differ in size")
            .advise("decide about the images one by one"),
    )
}
