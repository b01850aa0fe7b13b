//! The rules of a profile for the objects of one SOP Class.

use crate::kind::{Kind, kind_of};
use crate::options::ProfileOption;
use crate::ruling::{Need, Policies, decision, removal, ruling};
use crate::rulings::{Known, Rulings};
use crate::standard::content_items::content_item;
use crate::standard::iod_types::{IodTypes, Type};
use crate::standard::table::{Cell, Code};
use crate::standard::{number_of, vr_of};
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
pub struct ClassRules {
    rulings: Arc<Rulings>,
    types: Arc<IodTypes>,
}

/// Whether a value of one VR may stand where the standard wants another: numbers for numbers, bytes or words for lookup tables.
fn is_alike(expected: VR, stated: VR) -> bool {
    if expected == stated || stated == VR::UN {
        return true;
    }
    let (expected, stated) = (kind_of(expected), kind_of(stated));
    expected == stated
        || matches!(
            (expected, stated),
            (Kind::Number, Kind::Opaque) | (Kind::Opaque, Kind::Number)
        )
}

impl ClassRules {
    pub(crate) const fn new(rulings: Arc<Rulings>, types: Arc<IodTypes>) -> Self {
        Self { rulings, types }
    }

    /// What happens to the attribute at this place. Total: what no rule knows is removed.
    ///
    /// Keeping a Sequence means that each attribute of its Items is decided in turn.
    #[must_use]
    pub fn decide(&self, place: &Place<'_>) -> Decision {
        if let Some(decision) = never_kept(place.tag) {
            return decision;
        }
        if place.tag.0 == 0x7FE0 && !place.ancestors.is_empty() {
            // Nobody looks for burned-in text in there (PS3.15 E.3.1 note 4 leaves it open).
            return decision(Action::Remove, "fixed:nested-pixels");
        }
        if place.tag.0 % 2 == 1 {
            return self.rulings.private(place);
        }
        let known = self.rulings.known.get(&number_of(place.tag));
        if let Some(known) = known {
            return self.decide_known(place, known);
        }
        match vr_of(place.tag) {
            Some(vr) if self.rulings.patterns.is_empty() && is_alike(vr, place.vr) => {
                self.rulings.by_vr_at(vr, || self.need(place))
            }
            Some(vr) => {
                let need = self.need(place);
                let ruling = self.rulings.unknown_ruling(place.tag, vr);
                matched(ruling[need as usize].clone(), vr, place.vr, need)
            }
            None => removal(self.need(place), RuleId::of("dictionary:unknown")),
        }
    }

    fn decide_known(&self, place: &Place<'_>, known: &Known) -> Decision {
        let [foreign, rest @ ..] = &known.ruling;
        let same = rest.iter().all(|answer| answer == foreign);
        if same && !known.has_paths && is_alike(known.vr, place.vr) {
            return foreign.clone();
        }
        let need = self.need(place);
        if known.has_paths
            && let Some(rule) = self.rulings.path_rule(place.ancestors, place.tag)
        {
            let decision = self.rulings.rule_decision(rule, place.tag, known.vr, need);
            return matched(decision, known.vr, place.vr, need);
        }
        matched(
            known.ruling[need as usize].clone(),
            known.vr,
            place.vr,
            need,
        )
    }

    /// The Type of the attribute at its path in the object's IOD; `None` where the IOD does not have it there.
    #[must_use]
    pub fn type_of(&self, ancestors: &[Tag], tag: Tag) -> Option<Type> {
        self.types.type_of(ancestors, tag)
    }

    /// What an Item must have to be valid at this path: what a dummy Item of a Sequence is made of.
    pub fn required(&self, ancestors: &[Tag]) -> impl Iterator<Item = (Tag, Type)> {
        self.types.required(ancestors)
    }

    fn need(&self, place: &Place<'_>) -> Need {
        Need::of(self.types.type_of(place.ancestors, place.tag))
    }

    /// What happens to a content item, by its Concept Name and Value Type (Table E.3.4-1), where structured
    /// content is cleaned. `Remove` takes the item with all below it, `Keep` decides its attributes and what is
    /// below, and every other action is done to its value.
    #[must_use]
    pub fn decide_content(&self, value: &str, scheme: &str, value_type: &str) -> Decision {
        let policies = &self.rulings.policies;
        let Some(row) = content_item(value, scheme, value_type) else {
            return content_by_type(policies, value_type, "content:value-type");
        };
        if let Some((option, cell)) = row.option_cell(policies.options) {
            let rule = crate::ruling::option_rule(option);
            return match cell {
                Cell::Keep => decision(Action::Keep, rule),
                Cell::Clean => content_by_type(policies, value_type, rule),
            };
        }
        let is_reference = matches!(value_type, "UIDREF" | "COMPOSITE" | "IMAGE" | "WAVEFORM");
        match row.basic {
            Code::X => decision(Action::Remove, "content:X"),
            // A dummy keeps the tree whole where the template may need the item.
            _ if is_reference => decision(Action::MapUid, "content:D>U"),
            Code::XD => decision(Action::Dummy, "content:X/D>D"),
            _ => decision(Action::Dummy, "content:D"),
        }
    }

    /// What happens to an attribute of the standard outside every special path, for each need of an IOD.
    pub(crate) fn answers(&self, tag: Tag, vr: VR) -> [Decision; 4] {
        if let Some(fixed) = never_kept(tag) {
            return ruling(|_| fixed.clone());
        }
        match self.rulings.known.get(&number_of(tag)) {
            Some(known) => known.ruling.clone(),
            None => self.rulings.unknown_ruling(tag, vr),
        }
    }

    /// Whether content items are cleaned one by one (113104).
    #[must_use]
    pub fn cleans_structured_content(&self) -> bool {
        self.rulings
            .policies
            .options
            .has(ProfileOption::CleanStructuredContent)
    }
}

/// A content item whose concept no row knows, by its Value Type.
fn content_by_type(policies: &Policies, value_type: &str, rule: &'static str) -> Decision {
    match value_type {
        "TEXT" => decision(Action::CleanText, rule),
        "PNAME" => decision(Action::Dummy, rule),
        "DATE" | "DATETIME" => policies.date(Kind::Date, Need::Optional, rule),
        "TIME" => policies.date(Kind::Time, Need::Optional, rule),
        "UIDREF" | "COMPOSITE" | "IMAGE" | "WAVEFORM"
            if policies.options.has(ProfileOption::RetainUids) =>
        {
            decision(Action::Keep, rule)
        }
        "UIDREF" | "COMPOSITE" | "IMAGE" | "WAVEFORM" => decision(Action::MapUid, rule),
        "CODE" | "NUM" | "CONTAINER" | "SCOORD" | "SCOORD3D" | "TCOORD" | "TABLE" => {
            decision(Action::Keep, rule)
        }
        _ => decision(Action::Remove, rule),
    }
}

/// Whether an attribute goes whatever a profile says.
pub(crate) fn is_never_kept(tag: Tag) -> bool {
    never_kept(tag).is_some()
}

/// What goes whatever a profile says: the editor writes these anew, or nobody may.
fn never_kept(tag: Tag) -> Option<Decision> {
    let rule = match tag {
        Tag(0x0000 | 0x0002 | 0x0004 | 0x0006 | 0xFFFE, _) => "fixed:not-of-a-data-set",
        Tag(_, 0x0000) => "fixed:group-length",
        Tag(0x0008, 0x0001) => "fixed:length-to-end",
        Tag(0x5000..=0x50FF, _) => "fixed:curves",
        Tag(0x6000..=0x60FF, _) => "fixed:overlays",
        Tag(0x7F00..=0x7FDF | 0x7FE1..=0x7FFF, _) if tag.0.is_multiple_of(2) => {
            "fixed:variable-pixels"
        }
        _ => return None,
    };
    Some(decision(Action::Remove, rule))
}

/// A decision that lets something of the value stay holds only for a value of the VR it was made for.
fn matched(decided: Decision, expected: VR, stated: VR, need: Need) -> Decision {
    let lets_stay = !matches!(
        decided.action,
        Action::Remove | Action::Empty | Action::Dummy | Action::Pseudonym | Action::Replace
    );
    if !lets_stay || is_alike(expected, stated) {
        return decided;
    }
    let typed_text = matches!(kind_of(expected), Kind::Term | Kind::Number | Kind::Text)
        && matches!(kind_of(stated), Kind::Term | Kind::Text);
    if typed_text && matches!(decided.action, Action::Keep | Action::CleanText) {
        return decision(Action::CleanText, "vr:mismatch");
    }
    if kind_of(expected) == Kind::Text && kind_of(stated) == Kind::Number {
        return decided;
    }
    removal(need, RuleId::of("vr:mismatch"))
}
