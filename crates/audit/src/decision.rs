//! Decisions of people: what was decided, why, and by whom, signed with that person's own key.
//!
//! A decision belongs to one track, like a log, so that no two tracks can be joined by what people decided. It names
//! what it is about by keyed digests and says why by a reason of a closed list, so it can stand in a log. Its number
//! and the digest of the decision before it make the decisions of a track one chain: none can be changed, dropped or
//! put elsewhere without breaking a signature. A decision is taken back, or confirmed by a second person, by a later
//! decision that names it.

use crate::keys::{PublicKey, SecretKey};
use crate::record::WipedRegion;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloakroom_core::{DecisionReason, Digest, ReviewerId, SiteName, StatedDate, TrackId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// What precedes the body in the bytes that are signed, so that no other signature can pass for one over a decision.
const DOMAIN: &str = "cloakroom decision 1\n";

/// What a person decided. The digests are keyed per track.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(
    tag = "subject",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Ruling {
    /// What the gate found in this object is no value of the patient.
    GateFalseAlarm {
        /// The digest of the original.
        object: Digest,
        /// The digest of what was searched and of everything that was found in it: another alarm is not answered.
        alarm: Digest,
    },
    /// The pixels of this object may leave once these areas are wiped; as they are where there is none.
    PixelRelease {
        /// The digest of the original.
        object: Digest,
        /// The areas, sorted.
        mask: Vec<WipedRegion>,
    },
    /// This object does not leave.
    PixelReject {
        /// The digest of the original.
        object: Digest,
    },
    /// This text may stay where it stands in free text.
    TextApprove {
        /// The digest of the text.
        text: Digest,
    },
    /// This text goes, and is not asked for again.
    TextRemove {
        /// The digest of the text.
        text: Digest,
    },
    /// Two ids of the exports are one person.
    IdentityMerge {
        /// The digest of the id that is given up.
        patient: Digest,
        /// The digest of the id that remains.
        into: Digest,
    },
    /// One id of the exports is two persons: this study belongs to another one than the rest.
    IdentitySplit {
        /// The digest of the id.
        patient: Digest,
        /// The digest of the study.
        study: Digest,
        /// Which of the other persons, from 2.
        person: u32,
    },
    /// This study, whose patient is missing or in conflict, belongs to this patient.
    IdentityAssign {
        /// The digest of the study.
        study: Digest,
        /// The digest of the id.
        patient: Digest,
    },
    /// A second person agrees with an earlier decision.
    Confirm {
        /// The digest of the earlier decision.
        decision: Digest,
    },
    /// An earlier decision no longer counts.
    Revoke {
        /// The digest of the earlier decision.
        decision: Digest,
    },
}

impl Ruling {
    /// The name of the kind of subject, as the signed JSON has it.
    #[must_use]
    pub const fn subject(&self) -> &'static str {
        match self {
            Self::GateFalseAlarm { .. } => "gate-false-alarm",
            Self::PixelRelease { .. } => "pixel-release",
            Self::PixelReject { .. } => "pixel-reject",
            Self::TextApprove { .. } => "text-approve",
            Self::TextRemove { .. } => "text-remove",
            Self::IdentityMerge { .. } => "identity-merge",
            Self::IdentitySplit { .. } => "identity-split",
            Self::IdentityAssign { .. } => "identity-assign",
            Self::Confirm { .. } => "confirm",
            Self::Revoke { .. } => "revoke",
        }
    }

    /// The reasons that somebody may have for it.
    #[must_use]
    pub const fn reasons(&self) -> &'static [DecisionReason] {
        use DecisionReason as Why;
        match self {
            Self::GateFalseAlarm { .. } => &[Why::OrdinaryWord, Why::ChanceMatch],
            Self::PixelRelease { .. } => &[
                Why::NothingSeen,
                Why::TechnicalText,
                Why::IdentityMasked,
                Why::FaceAccepted,
            ],
            Self::PixelReject { .. } => &[
                Why::IdentitySeen,
                Why::Document,
                Why::NotForTrack,
                Why::ConsentMissing,
                Why::Unsure,
            ],
            Self::TextApprove { .. } => &[Why::OrdinaryWord, Why::TechnicalText],
            Self::TextRemove { .. } => &[Why::Personal, Why::Unsure],
            Self::IdentityMerge { .. } | Self::IdentityAssign { .. } => &[Why::SamePerson],
            Self::IdentitySplit { .. } => &[Why::DifferentPersons],
            Self::Confirm { .. } => &[Why::SecondLook],
            Self::Revoke { .. } => &[Why::Mistake],
        }
    }

    /// What it is about: two decisions with the same subject contradict each other, and the later one counts.
    /// `None` for one that is about another decision.
    #[must_use]
    pub const fn about(&self) -> Option<About> {
        Some(match *self {
            Self::GateFalseAlarm { object, .. } => About::Alarm(object),
            Self::PixelRelease { object, .. } | Self::PixelReject { object } => {
                About::Pixels(object)
            }
            Self::TextApprove { text } | Self::TextRemove { text } => About::Text(text),
            Self::IdentityMerge { patient, .. } => About::Patient(patient),
            Self::IdentitySplit { study, .. } | Self::IdentityAssign { study, .. } => {
                About::Study(study)
            }
            Self::Confirm { .. } | Self::Revoke { .. } => return None,
        })
    }
}

/// What a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// What the gate found in an object.
    Alarm(Digest),
    /// The pixels of an object, or all of it.
    Pixels(Digest),
    /// A text.
    Text(Digest),
    /// An id of a patient.
    Patient(Digest),
    /// A study.
    Study(Digest),
}

/// What is signed: a decision in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionBody {
    /// The site.
    pub site: SiteName,
    /// The track that it counts for.
    pub track: TrackId,
    /// Its number in the track, from 1.
    pub number: u64,
    /// The digest of the decision before it; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// The stated date.
    pub date: StatedDate,
    /// Who decided.
    pub reviewer: ReviewerId,
    /// The public half of the key that signs, as C2SP signed note writes it.
    pub key: String,
    /// What was decided.
    pub ruling: Ruling,
    /// Why.
    pub reason: DecisionReason,
}

impl DecisionBody {
    fn message(&self) -> Result<Vec<u8>, NotADecision> {
        let body = serde_json::to_string(self).map_err(|_| NotADecision::Form)?;
        Ok(format!("{DOMAIN}{body}").into_bytes())
    }

    fn public_key(&self) -> Result<PublicKey, NotADecision> {
        let key: PublicKey = self.key.parse().map_err(|_| NotADecision::Key)?;
        let named = key.name().as_str() == self.reviewer.as_str() && key.to_string() == self.key;
        if named {
            Ok(key)
        } else {
            Err(NotADecision::Key)
        }
    }

    fn check_sense(&self) -> Result<(), NotADecision> {
        if !self.ruling.reasons().contains(&self.reason) {
            return Err(NotADecision::Reason);
        }
        let sorted = match &self.ruling {
            Ruling::PixelRelease { mask, .. } => mask.is_sorted_by(|a, b| a < b),
            Ruling::IdentityMerge { patient, into } => patient != into,
            Ruling::IdentitySplit { person, .. } => *person >= 2,
            _ => true,
        };
        if sorted {
            Ok(())
        } else {
            Err(NotADecision::Form)
        }
    }
}

/// A decision with its signature. What it says may be believed as far as the key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDecision {
    body: DecisionBody,
    /// Ed25519 over the words `cloakroom decision 1`, a newline and the body as JSON, in base64.
    signature: String,
}

/// Why something is no decision, or does not stand where it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotADecision {
    /// It is not of the form that decisions have.
    #[error("the decision is not of the form that decisions have")]
    Form,
    /// The reason does not fit what was decided.
    #[error("the reason does not fit the decision")]
    Reason,
    /// The key is not one, or of another reviewer.
    #[error("the key is not that of the reviewer")]
    Key,
    /// The signature does not hold.
    #[error("the signature over the decision does not hold")]
    Signature,
    /// Its number or the digest before it are not those of its place.
    #[error("the decision does not follow the one before it")]
    Chain,
    /// It names a decision that is not before it, or may not be confirmed by this person.
    #[error("the decision names one that it cannot confirm or take back")]
    Names,
}

impl SignedDecision {
    /// Signs a decision. The body's reviewer and key must be those of `key`.
    ///
    /// # Errors
    /// If the reason does not fit, or reviewer and key are not those that sign.
    pub fn sign(body: DecisionBody, key: &SecretKey) -> Result<Self, NotADecision> {
        body.check_sense()?;
        if body.public_key()? != key.public() {
            return Err(NotADecision::Key);
        }
        let signature = STANDARD.encode(key.sign(&body.message()?));
        Ok(Self { body, signature })
    }

    /// What was decided.
    #[must_use]
    pub const fn body(&self) -> &DecisionBody {
        &self.body
    }

    /// Checks the reason and the signature under the key that the decision itself names.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn check(&self) -> Result<PublicKey, NotADecision> {
        self.body.check_sense()?;
        let key = self.body.public_key()?;
        let signature = STANDARD
            .decode(&self.signature)
            .ok()
            .and_then(|bytes| <[u8; 64]>::try_from(bytes).ok())
            .ok_or(NotADecision::Form)?;
        if key.verifies(&self.body.message()?, &signature) {
            Ok(key)
        } else {
            Err(NotADecision::Signature)
        }
    }

    /// The digest by which records and later decisions name it: of its line.
    ///
    /// # Errors
    /// Never in practice: every field has a text form.
    pub fn digest(&self) -> Result<Digest, NotADecision> {
        Ok(Digest::of(self.to_line()?.as_bytes()))
    }

    /// The line, without its newline: JSON with fixed keys in a fixed order, without spaces.
    ///
    /// # Errors
    /// Never in practice: every field has a text form.
    pub fn to_line(&self) -> Result<String, NotADecision> {
        serde_json::to_string(self).map_err(|_| NotADecision::Form)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// If it is no decision, or not in the one spelling that decisions have.
    pub fn parse(line: &str) -> Result<Self, NotADecision> {
        let decision: Self = serde_json::from_str(line).map_err(|_| NotADecision::Form)?;
        if decision.to_line()? == line {
            Ok(decision)
        } else {
            Err(NotADecision::Form)
        }
    }
}

/// The end of a chain of decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionHead {
    /// How many decisions.
    pub count: u64,
    /// The digest of the last.
    pub last: Digest,
}

/// How many different people a decision needs before it counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewRule {
    /// One person decides.
    #[default]
    OnePerson,
    /// A second person, with another key, must confirm.
    TwoPersons,
}

/// The decisions of one track in their order, checked as they were taken in.
#[derive(Debug, Clone)]
pub struct DecisionChain {
    site: SiteName,
    track: TrackId,
    decisions: Vec<(Digest, SignedDecision)>,
    places: BTreeMap<Digest, usize>,
}

impl DecisionChain {
    /// A chain without decisions.
    #[must_use]
    pub const fn new(site: SiteName, track: TrackId) -> Self {
        Self {
            site,
            track,
            decisions: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// The end of the chain; `None` while it is empty.
    #[must_use]
    pub fn head(&self) -> Option<DecisionHead> {
        self.decisions.last().map(|(last, _)| DecisionHead {
            count: self.decisions.len() as u64,
            last: *last,
        })
    }

    /// The decisions with their digests.
    #[must_use]
    pub fn decisions(&self) -> &[(Digest, SignedDecision)] {
        &self.decisions
    }

    /// The decision with this digest.
    #[must_use]
    pub fn find(&self, digest: &Digest) -> Option<&SignedDecision> {
        self.places
            .get(digest)
            .map(|place| &self.decisions[*place].1)
    }

    /// The body of the next decision.
    #[must_use]
    pub fn next(
        &self,
        date: StatedDate,
        reviewer: ReviewerId,
        key: &PublicKey,
        (ruling, reason): (Ruling, DecisionReason),
    ) -> DecisionBody {
        DecisionBody {
            site: self.site.clone(),
            track: self.track.clone(),
            number: self.decisions.len() as u64 + 1,
            previous: self.head().map(|head| head.last),
            date,
            reviewer,
            key: key.to_string(),
            ruling,
            reason,
        }
    }

    /// Takes in the next decision, once it is checked, and returns its digest.
    ///
    /// # Errors
    /// If its signature does not hold, it is of another site or track, does not follow, or names what it cannot.
    pub fn push(&mut self, decision: SignedDecision) -> Result<Digest, NotADecision> {
        decision.check()?;
        let body = decision.body();
        let follows = body.site == self.site
            && body.track == self.track
            && body.number == self.decisions.len() as u64 + 1
            && body.previous == self.head().map(|head| head.last);
        if !follows {
            return Err(NotADecision::Chain);
        }
        self.check_names(body)?;
        let digest = decision.digest()?;
        self.places.insert(digest, self.decisions.len());
        self.decisions.push((digest, decision));
        Ok(digest)
    }

    fn check_names(&self, body: &DecisionBody) -> Result<(), NotADecision> {
        let named = |digest| {
            self.find(digest)
                .ok_or(NotADecision::Names)
                .map(SignedDecision::body)
        };
        match &body.ruling {
            Ruling::Confirm { decision } => {
                let first = named(decision)?;
                let another = first.reviewer != body.reviewer && !same_key(&first.key, &body.key);
                if another && first.ruling.about().is_some() {
                    Ok(())
                } else {
                    Err(NotADecision::Names)
                }
            }
            Ruling::Revoke { decision } => named(decision).and_then(|first| {
                let decides = !matches!(first.ruling, Ruling::Revoke { .. });
                if decides {
                    Ok(())
                } else {
                    Err(NotADecision::Names)
                }
            }),
            _ => Ok(()),
        }
    }

    /// The decisions that count: not taken back, confirmed where the rule asks for it, and the last about its subject.
    #[must_use]
    pub fn in_force(&self, rule: ReviewRule) -> BTreeMap<About, (Digest, &DecisionBody)> {
        let revoked: BTreeSet<Digest> = self
            .decisions
            .iter()
            .filter_map(|(_, one)| match one.body.ruling {
                Ruling::Revoke { decision } => Some(decision),
                _ => None,
            })
            .collect();
        let confirmed: BTreeSet<Digest> = self
            .decisions
            .iter()
            .filter(|(digest, _)| !revoked.contains(digest))
            .filter_map(|(_, one)| match one.body.ruling {
                Ruling::Confirm { decision } => Some(decision),
                _ => None,
            })
            .collect();
        let counts = |digest: &Digest| {
            !revoked.contains(digest)
                && (rule == ReviewRule::OnePerson || confirmed.contains(digest))
        };
        let mut force = BTreeMap::new();
        for (digest, one) in self.decisions.iter().filter(|(digest, _)| counts(digest)) {
            if let Some(about) = one.body.ruling.about() {
                force.insert(about, (*digest, one.body()));
            }
        }
        force
    }
}

/// Two keys are the same if their 32 bytes are, whatever they are called.
fn same_key(a: &str, b: &str) -> bool {
    let parse = |text: &str| text.parse::<PublicKey>().ok();
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => a.as_bytes() == b.as_bytes(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::Rect;

    fn key(name: &str, seed: u8) -> SecretKey {
        SecretKey::from_seed(name.parse().unwrap(), &[seed; 32])
    }

    fn chain() -> DecisionChain {
        DecisionChain::new("GX01".parse().unwrap(), "lung".parse().unwrap())
    }

    fn decide(
        chain: &mut DecisionChain,
        key: &SecretKey,
        ruling: Ruling,
    ) -> Result<Digest, NotADecision> {
        let reason = ruling.reasons()[0];
        let reviewer = key.public().name().as_str().parse().unwrap();
        let date = "2026-11-23".parse().unwrap();
        let body = chain.next(date, reviewer, &key.public(), (ruling, reason));
        chain.push(SignedDecision::sign(body, key)?)
    }

    fn reject(text: &[u8]) -> Ruling {
        Ruling::PixelReject {
            object: Digest::of(text),
        }
    }

    #[test]
    fn a_decision_reads_back_and_any_change_breaks_it() {
        let mut chain = chain();
        let rect = Rect {
            x: 1,
            y: 2,
            width: 3,
            height: 4,
        };
        let mask = vec![WipedRegion {
            rect,
            frames: Some((0, 7)),
        }];
        let object = Digest::of(b"original");
        decide(
            &mut chain,
            &key("R01", 1),
            Ruling::PixelRelease { object, mask },
        )
        .unwrap();
        let line = chain.decisions()[0].1.to_line().unwrap();
        let again = SignedDecision::parse(&line).unwrap();
        assert_eq!(again.check().unwrap(), key("R01", 1).public());
        for (from, to) in [
            ("nothing-seen", "technical-text"),
            ("\"x\":1", "\"x\":0"),
            ("R01\",\"key", "R02\",\"key"),
            ("lung", "chest"),
            ("\"number\":1", "\"number\":2"),
        ] {
            assert!(line.contains(from), "{from}");
            let changed = SignedDecision::parse(&line.replace(from, to)).unwrap();
            assert!(changed.check().is_err(), "{from}");
        }
        assert_eq!(
            SignedDecision::parse(&line.replace("\":", "\": ")),
            Err(NotADecision::Form)
        );
    }

    #[test]
    fn a_reason_that_does_not_fit_is_refused() {
        let key = key("R01", 1);
        let ruling = reject(b"a");
        let mut body = chain().next(
            "2026-11-23".parse().unwrap(),
            "R01".parse().unwrap(),
            &key.public(),
            (ruling, DecisionReason::SamePerson),
        );
        assert_eq!(
            SignedDecision::sign(body.clone(), &key),
            Err(NotADecision::Reason)
        );
        body.reason = DecisionReason::Document;
        body.reviewer = "R02".parse().unwrap();
        assert_eq!(SignedDecision::sign(body, &key), Err(NotADecision::Key));
    }

    #[test]
    fn decisions_are_one_chain() {
        let (mut chain, key) = (chain(), key("R01", 1));
        decide(&mut chain, &key, reject(b"a")).unwrap();
        decide(&mut chain, &key, reject(b"b")).unwrap();
        let all: Vec<SignedDecision> = chain
            .decisions()
            .iter()
            .map(|(_, one)| one.clone())
            .collect();
        let mut dropped = self::chain();
        assert_eq!(dropped.push(all[1].clone()), Err(NotADecision::Chain));
        let mut twice = self::chain();
        twice.push(all[0].clone()).unwrap();
        assert_eq!(twice.push(all[0].clone()), Err(NotADecision::Chain));
        let mut elsewhere = DecisionChain::new("YN02".parse().unwrap(), "lung".parse().unwrap());
        assert_eq!(elsewhere.push(all[0].clone()), Err(NotADecision::Chain));
        assert_eq!(chain.head().unwrap().count, 2);
    }

    #[test]
    fn the_last_word_counts_until_it_is_taken_back() {
        let (mut chain, key) = (chain(), key("R01", 1));
        let object = Digest::of(b"a");
        let first = decide(&mut chain, &key, reject(b"a")).unwrap();
        let second = decide(
            &mut chain,
            &key,
            Ruling::PixelRelease {
                object,
                mask: Vec::new(),
            },
        )
        .unwrap();
        let force = |chain: &DecisionChain| {
            chain
                .in_force(ReviewRule::OnePerson)
                .get(&About::Pixels(object))
                .map(|(digest, _)| *digest)
        };
        assert_eq!(force(&chain), Some(second));
        decide(&mut chain, &key, Ruling::Revoke { decision: second }).unwrap();
        assert_eq!(force(&chain), Some(first));
        let unknown = Digest::of(b"none");
        assert_eq!(
            decide(&mut chain, &key, Ruling::Revoke { decision: unknown }),
            Err(NotADecision::Names)
        );
    }

    #[test]
    fn two_persons_are_two_keys() {
        let mut chain = chain();
        let (one, two, same) = (key("R01", 1), key("R02", 2), key("R03", 1));
        let first = decide(&mut chain, &one, reject(b"a")).unwrap();
        let count = |chain: &DecisionChain| chain.in_force(ReviewRule::TwoPersons).len();
        assert_eq!(count(&chain), 0);
        let confirm = || Ruling::Confirm { decision: first };
        for not_another in [&one, &same] {
            assert_eq!(
                decide(&mut chain, not_another, confirm()),
                Err(NotADecision::Names)
            );
        }
        let second = decide(&mut chain, &two, confirm()).unwrap();
        assert_eq!(count(&chain), 1);
        decide(&mut chain, &two, Ruling::Revoke { decision: second }).unwrap();
        assert_eq!(count(&chain), 0);
    }
}
