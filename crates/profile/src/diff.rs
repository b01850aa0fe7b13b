//! Which attributes change hands between two profiles.

use crate::class_rules::Place;
use crate::explain::need_words;
use crate::policy::PrivateList;
use crate::profile::Profile;
use crate::rule::Target;
use crate::ruling::Need;
use crate::rulings::EVERY_VR;
use crate::standard::iod_types::IodTypes;
use crate::standard::{keyword_of, number_of, private_attributes, table, tag_of, unlisted, vr_of};
use cloakroom_core::{Action, Tag, VR};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Something that two profiles treat differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What: an attribute, all unlisted attributes of a VR, a private attribute, or a policy.
    pub subject: String,
    /// Its keyword, if it is an attribute of the standard.
    pub keyword: String,
    /// What the first profile does.
    pub first: String,
    /// What the second profile does.
    pub second: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {} -> {}",
            self.subject, self.keyword, self.first, self.second
        )
    }
}

/// What two profiles treat differently: policies first, then attributes by tag, then unlisted attributes by VR,
/// then private attributes. Rules for one modality, class or path are compared as `rules` at the end.
#[must_use]
pub fn diff(first: &Profile, second: &Profile) -> Vec<Difference> {
    let mut differences = policies(first, second);
    let types = Arc::new(IodTypes::of_iod(""));
    let rules = [first, second].map(|profile| profile.rules_with(Arc::clone(&types)));
    let mut tags: BTreeSet<u32> = table::rows()
        .iter()
        .filter_map(|row| row.tag.exact())
        .chain(unlisted::reviewed().iter().map(|reviewed| reviewed.tag))
        .map(number_of)
        .collect();
    for rule in first.rules().iter().chain(second.rules()) {
        if let Target::Attribute(tag) = rule.target {
            tags.insert(number_of(tag));
        }
    }
    for tag in tags.into_iter().map(tag_of) {
        let vr = vr_of(tag).unwrap_or(VR::UN);
        let said =
            [0, 1].map(|side| words(&rules[side].answers(tag, vr).map(|answer| answer.action)));
        push(
            &mut differences,
            format!("({:04X},{:04X})", tag.0, tag.1),
            keyword_of(tag),
            said,
        );
    }
    for vr in EVERY_VR {
        // A tag that no dictionary has stands for every attribute of its VR without row and review.
        let tag = Tag(0x0008, 0xFFFE);
        let said =
            [0, 1].map(|side| words(&rules[side].answers(tag, vr).map(|answer| answer.action)));
        push(&mut differences, format!("unlisted {vr}"), None, said);
    }
    let private: BTreeSet<(u16, &str, u8, &str)> = [PrivateList::Standard, PrivateList::Tcia]
        .into_iter()
        .flat_map(private_attributes::all)
        .map(|(group, creator, element, listed)| (group, creator, element, listed.vr.to_string()))
        .collect();
    for (group, creator, element, vr) in private {
        let said = [0, 1].map(|side| {
            let place = Place {
                ancestors: &[],
                tag: Tag(group, 0x1000 | u16::from(element)),
                vr: vr.parse().unwrap_or(VR::UN),
                creator: Some(creator),
            };
            rules[side].decide(&place).action.name().to_owned()
        });
        push(
            &mut differences,
            format!("({group:04X},\"{creator}\",{element:02X})"),
            None,
            said,
        );
    }
    differences.extend(special_rules(first, second));
    differences
}

fn push(
    differences: &mut Vec<Difference>,
    subject: String,
    keyword: Option<&str>,
    [first, second]: [String; 2],
) {
    if first != second {
        differences.push(Difference {
            subject,
            keyword: keyword.unwrap_or_default().into(),
            first,
            second,
        });
    }
}

/// The actions for the four needs, in as few words as they take.
pub(crate) fn words(actions: &[Action; 4]) -> String {
    if actions.iter().all(|action| action == &actions[0]) {
        return actions[0].name().into();
    }
    let each: Vec<String> = Need::ALL
        .into_iter()
        .zip(actions)
        .map(|(need, action)| format!("{} {}", need_words(need), action.name()))
        .collect();
    each.join(", ")
}

fn policies(first: &Profile, second: &Profile) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |name: &str, say: &dyn Fn(&Profile) -> String| {
        push(
            &mut differences,
            name.into(),
            None,
            [say(first), say(second)],
        );
    };
    compare("options", &|profile| {
        let names: Vec<&str> = profile
            .options()
            .iter()
            .map(|option| option.name())
            .collect();
        if names.is_empty() {
            "none".into()
        } else {
            names.join(" ")
        }
    });
    compare("dates", &|profile| {
        let dates = profile.dates();
        format!(
            "{:?} {:?}, times {:?}",
            dates.treatment, dates.range_days, dates.times
        )
    });
    compare("ages", &|profile| {
        profile
            .ages()
            .cap_years
            .map_or("none".into(), |years| years.to_string())
    });
    compare("ids", &|profile| profile.ids().pattern.to_string());
    compare("unknown words", &|profile| {
        format!("{:?}", profile.text().unknown_words)
    });
    compare("pixels", &|profile| format!("{:?}", profile.pixels()));
    compare("private", &|profile| format!("{:?}", profile.private()));
    compare("faces", &|profile| format!("{:?}", profile.faces()));
    compare("unlisted", &|profile| format!("{:?}", profile.unlisted()));
    differences
}

/// Rules for one path, modality or class, which the comparison by attribute does not show.
fn special_rules(first: &Profile, second: &Profile) -> Vec<Difference> {
    let listed = |profile: &Profile| -> BTreeSet<String> {
        profile
            .rules()
            .iter()
            .filter(|rule| {
                !matches!(rule.target, Target::Attribute(_))
                    || !rule.modalities.is_empty()
                    || !rule.sop_classes.is_empty()
            })
            .map(crate::rule::Rule::describe)
            .collect()
    };
    let (first, second) = (listed(first), listed(second));
    let mut differences = Vec::new();
    for rule in first.symmetric_difference(&second) {
        let said = [first.contains(rule), second.contains(rule)]
            .map(|has| if has { "has it" } else { "has it not" }.to_owned());
        push(&mut differences, format!("rule {rule}"), None, said);
    }
    differences
}
