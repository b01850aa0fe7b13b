//! What stands in one object, and what would become of each value: for the officer's screen.

use cloakroom_core::{Action, ActionRecord, Tag};
use cloakroom_deid::Plan;
use cloakroom_p10::{ElementRef, Object};
use cloakroom_profile::standard::private_attributes::is_known_creator;
use cloakroom_profile::{ClassRules, Place};
use std::collections::{BTreeMap, HashMap};

/// Longer values are told by their beginning only.
const LONGEST: usize = 256;

/// One attribute of one object, with its value where values were asked for.
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) tag: Tag,
    pub(crate) action: Action,
    pub(crate) rule: String,
    /// The value; `None` where it is no text, empty, or not asked for.
    pub(crate) value: Option<String>,
    /// What cleaning leaves of it.
    pub(crate) becomes: Option<String>,
    /// It is free text.
    pub(crate) is_text: bool,
}

/// Every attribute of an object with what is done to it: what the plan changes, and what it leaves as it is.
pub(crate) fn seen(object: &Object, plan: &Plan, rules: &ClassRules, values: bool) -> Vec<Seen> {
    let decided = Decided::of(plan);
    let mut all = Vec::new();
    for element in object.dataset().walk() {
        if element.is_pixel_value() {
            continue;
        }
        let ancestors = element.ancestors();
        let path = path_of(&ancestors, element);
        let value = if values { told(element) } else { None };
        let whole = value
            .as_ref()
            .and_then(|_| element.text().ok())
            .map(|text| text.join("\\"));
        let becomes = whole.and_then(|text| decided.cleaned(element.tag(), &text));
        let (action, rule) = decided
            .action(&path, &ancestors, becomes.is_some())
            .unwrap_or_else(|| stays(rules, &ancestors, element));
        all.push(Seen {
            is_text: is_free_text(element),
            tag: element.tag(),
            path,
            action,
            rule,
            value,
            becomes,
        });
    }
    all
}

/// What a plan has decided, by path.
struct Decided<'a> {
    by_path: BTreeMap<String, Vec<&'a ActionRecord>>,
    changes: HashMap<(String, &'a str), &'a str>,
}

impl<'a> Decided<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut by_path: BTreeMap<String, Vec<&ActionRecord>> = BTreeMap::new();
        for record in plan.actions() {
            by_path
                .entry(record.path.to_string())
                .or_default()
                .push(record);
        }
        let changes = plan.text_changes().iter().map(|change| {
            let before = change.before.expose().as_str();
            (
                (change.path.to_string(), before),
                change.after.expose().as_str(),
            )
        });
        Self {
            by_path,
            changes: changes.collect(),
        }
    }

    /// What is left of a text, where it loses something.
    fn cleaned(&self, tag: Tag, text: &str) -> Option<String> {
        let step = cloakroom_core::PathPattern::top(tag).to_string();
        let after = self.changes.get(&(step, text))?;
        Some((*after).to_owned())
    }

    /// The action at a path, or at the nearest sequence around it that goes as a whole.
    fn action(&self, path: &str, ancestors: &[Tag], is_cleaned: bool) -> Option<(Action, String)> {
        let told = |record: &&ActionRecord| (record.action, record.rule.as_str().to_owned());
        if let Some(records) = self.by_path.get(path) {
            // Among the Items of a sequence some texts may be cleaned while others stay as they are.
            let fits = |record: &&&ActionRecord| (record.action == Action::CleanText) == is_cleaned;
            return records.iter().find(fits).or(records.first()).map(told);
        }
        let mut around = String::new();
        for tag in ancestors {
            if !around.is_empty() {
                around.push('>');
            }
            around.push_str(&step(*tag));
            let whole = self.by_path.get(&around).and_then(|records| {
                records.iter().find(|record| {
                    matches!(
                        record.action,
                        Action::Remove | Action::Empty | Action::Dummy | Action::Replace
                    )
                })
            });
            if let Some(record) = whole {
                return Some(told(record));
            }
        }
        None
    }
}

/// What the plan does not mention stays; the profile says by which rule.
fn stays(rules: &ClassRules, ancestors: &[Tag], element: ElementRef<'_>) -> (Action, String) {
    let decision = rules.decide(&Place {
        ancestors,
        tag: element.tag(),
        vr: element.vr(),
        creator: element.private_creator(),
    });
    (Action::Keep, decision.rule.as_str().to_owned())
}

fn told(element: ElementRef<'_>) -> Option<String> {
    if element.is_sequence() || element.raw().is_none_or(<[u8]>::is_empty) {
        return None;
    }
    let text = element.text().ok()?.join("\\");
    Some(match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    })
}

fn is_free_text(element: ElementRef<'_>) -> bool {
    use cloakroom_core::VR;
    matches!(
        element.vr(),
        VR::LO | VR::SH | VR::ST | VR::LT | VR::UT | VR::UC
    )
}

fn step(tag: Tag) -> String {
    if tag.0.is_multiple_of(2) {
        format!("({:04x},{:04x})", tag.0, tag.1)
    } else {
        format!("({:04x},private)", tag.0)
    }
}

/// The path as the records of a plan write it.
pub(crate) fn path_of(ancestors: &[Tag], element: ElementRef<'_>) -> String {
    let tag = element.tag();
    let last = match element.private_creator() {
        Some(creator) if tag.0 % 2 == 1 && is_known_creator(tag.0, creator) => {
            format!("({:04x},\"{creator}\",{:02x})", tag.0, tag.1 & 0xFF)
        }
        _ => step(tag),
    };
    let around = ancestors.iter().map(|tag| step(*tag));
    around.chain([last]).collect::<Vec<_>>().join(">")
}
