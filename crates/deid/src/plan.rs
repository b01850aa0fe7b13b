//! The plan: what is to be done to one object, as a value. Making it touches nothing.

use crate::keys::TrackKeys;
use crate::planner::{Planner, Stop};
use crate::subject::Subject;
use crate::text::TextRemovals;
use cloakroom_core::{ActionRecord, HoldReason, PathPattern, Phi, Uid};
use cloakroom_p10::{Edits, NodeId, Object};
use cloakroom_profile::{MethodCode, Profile};
use std::collections::BTreeMap;
use std::fmt;

/// How many private attributes an object had and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrivateCounts {
    /// Kept, perhaps changed; creators are not counted.
    pub kept: u32,
    /// Removed.
    pub removed: u32,
}

/// One text that cleaning changed, for the officer's eyes only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextChange {
    /// Where.
    pub path: PathPattern,
    /// What stood there.
    pub before: Phi<String>,
    /// What is left; empty where nothing is.
    pub after: Phi<String>,
}

/// Where the stamps of this run go at encoding time.
#[derive(Clone)]
pub(crate) struct StampPlaces {
    /// De-identification Method Code Sequence, where the object has one.
    pub(crate) codes: Option<NodeId>,
    /// Codes that an earlier de-identifier wrote.
    pub(crate) earlier_codes: Vec<String>,
    /// Codes of the profile that are to be written.
    pub(crate) own_codes: Vec<MethodCode>,
    /// Burned In Annotation, where it stays.
    pub(crate) burned_in: Option<NodeId>,
    /// Recognizable Visual Features, where it stays.
    pub(crate) features: Option<NodeId>,
}

/// What is to be done to one object.
///
/// `Display` prints paths, actions and rules, no value; [`Plan::text_changes`] is for the officer alone.
pub struct Plan {
    pub(crate) edits: Edits,
    pub(crate) actions: Vec<ActionRecord>,
    pub(crate) removals: TextRemovals,
    pub(crate) private: PrivateCounts,
    pub(crate) uids: BTreeMap<String, Uid>,
    pub(crate) unknown: Vec<Phi<String>>,
    pub(crate) changes: Vec<TextChange>,
    pub(crate) sop_class: String,
    pub(crate) sop_instance: String,
    pub(crate) transfer_syntax: String,
    pub(crate) stamps: StampPlaces,
    /// How many nodes the object had: a plan is for one object and no other.
    pub(crate) nodes: usize,
}

impl Plan {
    /// What is done, sorted by path.
    #[must_use]
    pub fn actions(&self) -> &[ActionRecord] {
        &self.actions
    }

    /// The texts that cleaning changes.
    #[must_use]
    pub fn text_changes(&self) -> &[TextChange] {
        &self.changes
    }

    /// The words that go because nothing knows them, sorted, each once: what a person may approve.
    #[must_use]
    pub fn unknown_words(&self) -> &[Phi<String>] {
        &self.unknown
    }

    /// What goes out of text, by kind.
    #[must_use]
    pub const fn text_removals(&self) -> &TextRemovals {
        &self.removals
    }

    /// What becomes of private attributes.
    #[must_use]
    pub const fn private_counts(&self) -> PrivateCounts {
        self.private
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for record in &self.actions {
            writeln!(
                f,
                "{}\t{}\t{}\t{}",
                record.path, record.action, record.rule, record.count
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("actions", &self.actions.len())
            .finish_non_exhaustive()
    }
}

/// Plans what is to be done to an object under a profile.
///
/// # Errors
/// The reason for which the object must wait for a person.
pub fn plan(
    object: &Object,
    profile: &Profile,
    subject: &Subject,
    keys: &TrackKeys,
) -> Result<Plan, HoldReason> {
    match Planner::new(object, profile, subject, keys, false)?.run() {
        Ok(plan) => Ok(plan),
        Err(Stop::Hold(reason)) => Err(reason),
        // Text that must be written does not fit the declared character set.
        Err(Stop::NotEncodable) => plan_in_utf8(object, profile, subject, keys),
    }
}

/// The same, and the object moves to UTF-8 as a whole: all text that stays is encoded anew, and (0008,0005) says
/// so at the top and nowhere else.
///
/// # Errors
/// The reason for which the object must wait for a person.
pub fn plan_in_utf8(
    object: &Object,
    profile: &Profile,
    subject: &Subject,
    keys: &TrackKeys,
) -> Result<Plan, HoldReason> {
    Planner::new(object, profile, subject, keys, true)?
        .run()
        .map_err(|stop| match stop {
            Stop::Hold(reason) => reason,
            Stop::NotEncodable => HoldReason::UnknownCharacterSet,
        })
}
