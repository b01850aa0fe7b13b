//! The rules of a profile for the objects of one SOP Class.

use cloakroom_core::{Action, RuleId, Tag, VR};
use std::sync::Arc;

/// Where an attribute stands, as the rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The enclosing Sequences, from the outside in; private ones with their tag as it stands.
    pub ancestors: &'a [Tag],
    /// The attribute.
    pub tag: Tag,
    /// The VR that the object states, or `UN`.
    pub vr: VR,
    /// For a private attribute its Private Creator, resolved in its own Item; for a Private Creator
    /// element (gggg,0010-00FF) its own value.
    pub creator: Option<&'a str>,
}

/// What is done to an attribute, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What.
    pub action: Action,
    /// By which rule.
    pub rule: RuleId,
    /// The value that takes the place, for [`Action::Replace`].
    pub value: Option<Arc<str>>,
}

/// The rules of a profile for the objects of one SOP Class and Modality.
#[derive(Debug)]
pub struct ClassRules {}

impl ClassRules {
    /// What happens to the attribute at this place. Total: what no rule knows is removed.
    #[must_use]
    pub fn decide(&self, _place: &Place<'_>) -> Decision {
        Decision {
            action: Action::Remove,
            rule: RuleId::of("unfinished"),
            value: None,
        }
    }
}
