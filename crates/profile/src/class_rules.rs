//! The rules of a profile for the objects of one SOP Class.

use crate::kind::{Kind, kind_of};
use crate::options::ProfileOption;
use crate::policy::{DateTreatment, PrivatePolicy};
use crate::rule::{Rule, Target};
use crate::ruling::{Need, Policies, Ruling, basic, decision, removal, ruling};
use crate::standard::content_items::content_item;
use crate::standard::iod_types::{IodTypes, Type};
use crate::standard::private_attributes::{Disposition, creator_elements, listed};
use crate::standard::table::Code;
use crate::standard::{number_of, table, tag_of, unlisted, vr_of};
use cloakroom_core::{Action, RuleId, Tag, VR};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
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

/// Spreads tags over a table; tags are no secret and need no keyed hash.
#[derive(Default)]
pub(crate) struct TagHasher(u64);

impl Hasher for TagHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// An attribute the rules know by name.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    ruling: Ruling,
    vr: VR,
    /// Whether some rule of the profile speaks of this attribute at one path only.
    has_paths: bool,
}

/// Everything a profile says that does not depend on Types.
#[derive(Debug)]
pub(crate) struct Rulings {
    policies: Policies,
    private: PrivatePolicy,
    known: HashMap<u32, Known, BuildHasherDefault<TagHasher>>,
    by_vr: Vec<(VR, Ruling)>,
    rules: Vec<Rule>,
    patterns: Vec<usize>,
    paths: Vec<usize>,
    private_rules: Vec<usize>,
}

/// Every VR of the standard.
pub(crate) const EVERY_VR: [VR; 34] = [
    VR::AE,
    VR::AS,
    VR::AT,
    VR::CS,
    VR::DA,
    VR::DS,
    VR::DT,
    VR::FL,
    VR::FD,
    VR::IS,
    VR::LO,
    VR::LT,
    VR::OB,
    VR::OD,
    VR::OF,
    VR::OL,
    VR::OV,
    VR::OW,
    VR::PN,
    VR::SH,
    VR::SL,
    VR::SQ,
    VR::SS,
    VR::ST,
    VR::SV,
    VR::TM,
    VR::UC,
    VR::UI,
    VR::UL,
    VR::UN,
    VR::UR,
    VR::US,
    VR::UT,
    VR::UV,
];

impl Rulings {
    /// The rulings of a profile under those of its rules that apply, in their order: a later one overrides an earlier.
    pub(crate) fn new(policies: Policies, private: PrivatePolicy, rules: Vec<Rule>) -> Self {
        let by_vr = EVERY_VR.map(|vr| (vr, policies.vr(vr))).to_vec();
        let mut made = Self {
            policies,
            private,
            known: HashMap::default(),
            by_vr,
            rules,
            patterns: Vec::new(),
            paths: Vec::new(),
            private_rules: Vec::new(),
        };
        made.know_the_standard();
        made.know_the_rules();
        made
    }

    fn know_the_standard(&mut self) {
        for row in table::rows() {
            if let Some(tag) = row.tag.exact() {
                let vr = vr_of(tag).or(row.vr).unwrap_or(VR::LO);
                self.know(tag, vr, self.policies.row(tag, vr, row));
            }
        }
        for reviewed in unlisted::reviewed() {
            let vr = vr_of(reviewed.tag).unwrap_or(VR::UN);
            self.know(reviewed.tag, vr, self.policies.group(reviewed.group, vr));
        }
    }

    fn know(&mut self, tag: Tag, vr: VR, ruling: Ruling) {
        let known = Known {
            ruling,
            vr,
            has_paths: false,
        };
        self.known.insert(number_of(tag), known);
    }

    /// A pattern takes away what a row would keep, and never the other way round; a rule for one attribute wins over it.
    fn know_the_patterns(&mut self) {
        for number in 0..self.rules.len() {
            let rule = &self.rules[number];
            if !matches!(rule.target, Target::Pattern { .. }) {
                continue;
            }
            self.patterns.push(number);
            if rule.action == Some(Action::Keep) {
                continue;
            }
            let matching: Vec<(Tag, VR)> = self
                .known
                .iter()
                .map(|(number, known)| (tag_of(*number), known.vr))
                .filter(|(tag, _)| rule.target.matches_pattern(*tag))
                .collect();
            for (tag, vr) in matching {
                let ruling = self.rule_ruling(number, tag, vr);
                self.know(tag, vr, ruling);
            }
        }
    }

    fn know_the_rules(&mut self) {
        self.know_the_patterns();
        for number in 0..self.rules.len() {
            match &self.rules[number].target {
                Target::Attribute(tag) => {
                    let tag = *tag;
                    let vr = vr_of(tag).unwrap_or(VR::UN);
                    let ruling = self.rule_ruling(number, tag, vr);
                    self.know(tag, vr, ruling);
                }
                Target::Pattern { .. } => {}
                Target::Path(_) => self.paths.push(number),
                Target::Private { .. } => self.private_rules.push(number),
            }
        }
        for number in self.paths.clone() {
            let Target::Path(path) = &self.rules[number].target else {
                continue;
            };
            let Some(tag) = path.last().copied() else {
                continue;
            };
            if let Some(known) = self.known.get_mut(&number_of(tag)) {
                known.has_paths = true;
            } else {
                let vr = vr_of(tag).unwrap_or(VR::UN);
                let known = Known {
                    ruling: self.unknown_ruling(tag, vr),
                    vr,
                    has_paths: true,
                };
                self.known.insert(number_of(tag), known);
            }
        }
    }

    fn rule_ruling(&self, number: usize, tag: Tag, vr: VR) -> Ruling {
        ruling(|need| self.rule_decision(&self.rules[number], tag, vr, need))
    }

    /// What a rule of the profile comes to where the IOD needs the attribute so much.
    fn rule_decision(&self, rule: &Rule, tag: Tag, vr: VR, need: Need) -> Decision {
        let id = || rule.id.clone();
        let Some(action) = rule.action else {
            return table::row(tag).map_or_else(
                || removal(need, id()),
                |row| basic(tag, vr, row.basic, need),
            );
        };
        match action {
            Action::Remove => removal(need, id()),
            Action::Empty if need == Need::Valued => removal(need, id()),
            Action::ShiftDate => {
                let decision = self.policies.date(kind_of(vr), need, "profile:date");
                Decision {
                    rule: id(),
                    ..decision
                }
            }
            action => Decision {
                action,
                rule: id(),
                value: rule.value.clone(),
            },
        }
    }

    /// The ruling of an attribute that has neither row, review nor rule of its own.
    fn unknown_ruling(&self, tag: Tag, vr: VR) -> Ruling {
        let pattern = self.patterns.iter().rev().find(|number| {
            self.rules
                .get(**number)
                .is_some_and(|rule| rule.target.matches_pattern(tag))
        });
        match pattern {
            Some(number) => self.rule_ruling(*number, tag, vr),
            None => self.by_vr(vr),
        }
    }

    fn by_vr(&self, vr: VR) -> Ruling {
        self.by_vr
            .iter()
            .find(|(known, _)| *known == vr)
            .map_or_else(
                || ruling(|need| removal(need, RuleId::of("vr:unknown"))),
                |(_, ruling)| ruling.clone(),
            )
    }

    fn by_vr_at(&self, vr: VR, need: Need) -> Decision {
        self.by_vr
            .iter()
            .find(|(known, _)| *known == vr)
            .map_or_else(
                || removal(need, RuleId::of("vr:unknown")),
                |(_, ruling)| ruling[need as usize].clone(),
            )
    }

    fn path_rule(&self, ancestors: &[Tag], tag: Tag) -> Option<&Rule> {
        self.paths
            .iter()
            .rev()
            .filter_map(|number| self.rules.get(*number))
            .find(|rule| match &rule.target {
                Target::Path(path) => path
                    .split_last()
                    .is_some_and(|(last, above)| *last == tag && above == ancestors),
                _ => false,
            })
    }

    /// A private attribute. Nothing of it is required, so nothing needs a dummy.
    fn private(&self, place: &Place<'_>) -> Decision {
        let Tag(group, element) = place.tag;
        if group < 0x0009 || group == 0xFFFF {
            return decision(Action::Remove, "private:illegal-group");
        }
        let Some(creator) = place
            .creator
            .map(str::trim_end)
            .filter(|name| !name.is_empty())
        else {
            return decision(Action::Remove, "private:no-creator");
        };
        if (0x0010..=0x00FF).contains(&element) {
            return self.private_creator(group, creator);
        }
        if element < 0x1000 {
            return decision(Action::Remove, "private:no-creator");
        }
        let low = (element & 0xFF) as u8;
        if let Some(rule) = self.private_rule(group, creator, Some(low)) {
            return Decision {
                action: rule.action.unwrap_or(Action::Remove),
                rule: rule.id.clone(),
                value: rule.value.clone(),
            };
        }
        self.listed_private(group, creator, low, place.vr)
    }

    fn private_rule(&self, group: u16, creator: &str, element: Option<u8>) -> Option<&Rule> {
        self.private_rules
            .iter()
            .rev()
            .filter_map(|number| self.rules.get(*number))
            .find(|rule| rule.target.matches_private(group, creator, element))
    }

    /// The creator itself stays where something of its block may stay; the editor drops it if nothing does.
    fn private_creator(&self, group: u16, creator: &str) -> Decision {
        let by_rule = self.private_rules.iter().any(|number| {
            self.rules.get(*number).is_some_and(|rule| {
                rule.target.matches_private(group, creator, None)
                    && !matches!(rule.action, None | Some(Action::Remove))
            })
        });
        let by_list = self.private.lists.iter().any(|list| {
            creator_elements(*list, group, creator)
                .any(|(_, listed)| listed.disposition != Disposition::Delete)
        });
        if by_rule || by_list {
            decision(Action::Keep, "private:creator")
        } else {
            decision(Action::Remove, "private:unlisted")
        }
    }

    /// Where lists disagree, the one that deletes wins; then a list that says more than `keep`.
    fn listed_private(&self, group: u16, creator: &str, element: u8, vr: VR) -> Decision {
        let found = self
            .private
            .lists
            .iter()
            .filter_map(|list| listed(*list, group, creator, element))
            .max_by_key(|listed| {
                (
                    listed.disposition == Disposition::Delete,
                    listed.disposition,
                )
            });
        let Some(found) = found else {
            return decision(Action::Remove, "private:unlisted");
        };
        let vr = if vr == VR::UN { found.vr } else { vr };
        match found.disposition {
            Disposition::Delete => decision(Action::Remove, "private:list-deletes"),
            Disposition::Keep => self.policies.private(vr, self.private.keep_bulk),
            Disposition::MapUid => decision(Action::MapUid, "private:list-uid"),
            Disposition::Date | Disposition::IntegerDate => match self.policies.dates.treatment {
                DateTreatment::Shift => decision(Action::ShiftDate, "private:list-date"),
                DateTreatment::Keep => decision(Action::Keep, "private:list-date"),
                DateTreatment::Remove => decision(Action::Remove, "private:list-date"),
            },
        }
    }
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
            Some(vr) if self.rulings.patterns.is_empty() => {
                let need = self.need(place);
                matched(self.rulings.by_vr_at(vr, need), vr, place.vr, need)
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
                table::Cell::Keep => decision(Action::Keep, rule),
                table::Cell::Clean => content_by_type(policies, value_type, rule),
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
        Tag(0x7F00..=0x7FDF | 0x7FE1..=0x7FFF, _) if tag.0 % 2 == 0 => "fixed:variable-pixels",
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
