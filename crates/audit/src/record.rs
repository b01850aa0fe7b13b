//! The evidence of one object: what was done to it, and nothing of what it said.
//!
//! No field can hold a value, a path, an original UID, an unkeyed digest of an original or its length;
//! every text in it is of a type with a closed list or a narrow shape (see [`crate::words`]).

use crate::decision::{NotADecision, SignedDecision};
use crate::merkle::leaf_hash;
use crate::summary::RunSummary;
use crate::words::{NotAToken, PixelReasonKind, SopClass, Token, outcome_text};
use cloakroom_core::{
    ActionRecord, Digest, MaskRegion, Outcome, PixelReason, ProfileId, Rect, SiteName, StatedDate,
    TrackId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// The evidence of one byte stream of an export: one record for each delivery in which its outcome changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceRecord {
    /// The site, by its pseudonymous name.
    pub site: SiteName,
    /// The track.
    pub track: TrackId,
    /// The number of the delivery, from 1.
    pub delivery: u32,
    /// The stated date of the run.
    pub date: StatedDate,
    /// How the stream ended.
    #[serde(with = "outcome_text")]
    pub outcome: Outcome,
    /// The digest of the stream, keyed per track, so that only the site can recognise it.
    pub input: Digest,
    /// The leaf hash of the record whose outcome this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Digest>,
    /// What was written; only for cleared objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputObject>,
    /// The SOP Class, where the stream is a DICOM instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sop_class: Option<SopClass>,
    /// The profile that decided, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileReference>,
    /// The version of the program.
    pub tool: Token,
    /// The digest of the list of actions (see [`ActionList::digest`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Digest>,
    /// What became of the private attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<PrivateCounts>,
    /// Why the pixels may leave, and what was done to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<PixelEvidence>,
    /// How many pieces of text were removed, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub text: BTreeMap<Token, u32>,
    /// The digests of the decisions of people that counted for the stream, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Digest>,
}

/// One object as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputObject {
    /// SHA-256 of the whole file.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Which profile decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileReference {
    /// Its name.
    pub id: ProfileId,
    /// Its version.
    pub version: Token,
    /// The digest of what it says.
    pub digest: Digest,
}

/// What became of the private attributes of one object, at all depths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateCounts {
    /// Attributes that a shipped list knows and the profile keeps.
    pub kept: u32,
    /// Attributes that a shipped list knows and that went.
    pub removed: u32,
    /// Attributes that no shipped list knows; they all went.
    pub unknown: u32,
}

/// Why the pixels of one object may leave, and what was done to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelEvidence {
    /// The reason.
    pub reason: PixelReasonKind,
    /// The rules that decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Token>,
    /// The digest of the text detector's model, where it looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detector: Option<Digest>,
    /// The digest of the signed decision, where a person decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Digest>,
    /// The areas really wiped, which may be larger than those asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wiped: Vec<WipedRegion>,
    /// What else was done to the pixel value, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Token>,
    /// The proof that nothing else changed, where something was wiped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<PixelProof>,
}

/// One area that was wiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WipedRegion {
    /// The area.
    pub rect: Rect,
    /// First and last frame, from 0; all frames where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<(u32, u32)>,
}

/// What was compared before and after wiping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelProof {
    /// What was counted.
    pub unit: ProofUnit,
    /// How many lie outside the wiped areas, each found equal.
    pub equal: u64,
    /// How many lie inside the wiped areas.
    pub wiped: u64,
}

/// What a proof over pixels counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofUnit {
    /// Stored samples of pixels.
    Samples,
    /// Quantised DCT coefficients.
    Coefficients,
}

impl PixelEvidence {
    /// Adds codes of what else was done to the pixel value, sorted.
    #[must_use]
    pub fn with_notes(mut self, notes: impl IntoIterator<Item = Token>) -> Self {
        self.notes.extend(notes);
        self.notes.sort();
        self.notes.dedup();
        self
    }

    /// The evidence for a reason. Who asked for an area is told by `rules`, not by the areas.
    ///
    /// # Errors
    /// If a rule has a name that cannot stand in a record.
    pub fn new(
        reason: &PixelReason,
        regions: &[MaskRegion],
        detector: Option<Digest>,
        proof: Option<PixelProof>,
    ) -> Result<Self, NotAToken> {
        let mut rules = match reason {
            PixelReason::ClassPolicy { rule } => vec![rule.parse()?],
            PixelReason::Masked { rules } => rules
                .iter()
                .map(|rule| rule.parse())
                .collect::<Result<Vec<Token>, _>>()?,
            PixelReason::NoPixels | PixelReason::Detector { .. } | PixelReason::Person { .. } => {
                Vec::new()
            }
        };
        for region in regions {
            rules.push(region.source.parse()?);
        }
        rules.sort();
        rules.dedup();
        let mut wiped: Vec<_> = regions
            .iter()
            .map(|region| WipedRegion {
                rect: region.rect,
                frames: region.frames,
            })
            .collect();
        wiped.sort();
        wiped.dedup();
        let model = match reason {
            PixelReason::Detector { model } => Some(*model),
            _ => None,
        };
        let decision = match reason {
            PixelReason::Person { decision } => Some(*decision),
            _ => None,
        };
        Ok(Self {
            reason: reason.into(),
            rules,
            detector: detector.or(model),
            decision,
            wiped,
            notes: Vec::new(),
            proof,
        })
    }
}

/// What was done to the attributes of an object. Objects that were treated alike share one list in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionList {
    list: Vec<ActionRecord>,
}

impl ActionList {
    /// Sorts the actions.
    ///
    /// # Errors
    /// If a rule has a name that cannot stand in a log.
    pub fn new(mut list: Vec<ActionRecord>) -> Result<Self, NotAToken> {
        for action in &list {
            action.rule.as_str().parse::<Token>()?;
        }
        list.sort();
        Ok(Self { list })
    }

    /// The actions, sorted.
    #[must_use]
    pub fn actions(&self) -> &[ActionRecord] {
        &self.list
    }

    /// SHA-256 of the list's line in the log, without the newline.
    ///
    /// # Errors
    /// Never in practice: see [`LogEntry::to_line`].
    pub fn digest(&self) -> Result<Digest, NotALine> {
        Ok(Digest::of(
            LogEntry::Actions(self.clone()).to_line()?.as_bytes(),
        ))
    }
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LogEntry {
    /// A list of actions, before the first record that names it. No leaf: its digest stands in leaves.
    Actions(ActionList),
    /// A decision of a person, before the first record that names it. No leaf: the summary of the run names the end of
    /// the chain that it belongs to.
    Decision(Box<SignedDecision>),
    /// The evidence of one object: a leaf.
    Object(Box<EvidenceRecord>),
    /// The summary of a run: its last leaf.
    Summary(Box<RunSummary>),
    /// Stands for a leaf whose record was withdrawn: its hash is all that remains.
    Withheld(WithheldLeaf),
}

/// The hash of a leaf whose record was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithheldLeaf {
    /// The leaf hash.
    pub leaf: Digest,
}

/// A line that is not of a log, or not in the one way it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotALine {
    /// It is not JSON of a known kind.
    #[error("the line is not an entry of a log")]
    Form,
    /// It says something in another spelling than the program's.
    #[error("the line is not written in the canonical way")]
    Spelling,
    /// A name in it is not of the shape that names have.
    #[error("the line holds a name that may not stand in a log")]
    Name,
}

impl From<NotADecision> for NotALine {
    fn from(_: NotADecision) -> Self {
        Self::Form
    }
}

impl LogEntry {
    /// The line, without its newline: JSON with fixed keys in a fixed order, without spaces and without fractions.
    ///
    /// # Errors
    /// Never in practice: every field has a text form. The error is there so that nothing can panic.
    pub fn to_line(&self) -> Result<String, NotALine> {
        serde_json::to_string(self).map_err(|_| NotALine::Form)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// If it is not an entry, or not in the one spelling that entries have.
    pub fn parse(line: &str) -> Result<Self, NotALine> {
        let entry: Self = serde_json::from_str(line).map_err(|_| NotALine::Form)?;
        if entry.to_line()? != line {
            return Err(NotALine::Spelling);
        }
        if let Self::Actions(actions) = &entry {
            let sorted = ActionList::new(actions.list.clone()).map_err(|_| NotALine::Name)?;
            if sorted != *actions {
                return Err(NotALine::Spelling);
            }
        }
        Ok(entry)
    }

    /// The leaf hash of this entry's line; `None` for a list of actions or a decision, which are no leaves.
    #[must_use]
    pub fn leaf(&self, line: &str) -> Option<Digest> {
        match self {
            Self::Actions(_) | Self::Decision(_) => None,
            Self::Object(_) | Self::Summary(_) => Some(leaf_hash(line.as_bytes())),
            Self::Withheld(withheld) => Some(withheld.leaf),
        }
    }
}
