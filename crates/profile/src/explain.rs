//! Which rule decides an attribute, and why, in words.

use crate::class_rules::{Decision, Place};
use crate::profile::Profile;
use crate::ruling::Need;
use crate::standard::iod_types::iod_of;
use crate::standard::table::{COLUMNS, Cell, row};
use crate::standard::{EDITION, keyword_of, tag_by_keyword, unlisted, vr_of};
use cloakroom_core::{Action, PathPattern, Step, Tag, VR};
use std::fmt::{self, Write as _};

/// Text that names no attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an attribute is a keyword, (gggg,eeee), a path of those joined with '>', or (gggg,\"CREATOR\",ee){}",
    suggestion.as_ref().map(|word| format!("; did you mean '{word}'?")).unwrap_or_default()
)]
pub struct NotAnAttribute {
    /// The nearest keyword.
    pub suggestion: Option<String>,
}

/// What a profile does to one attribute, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The attribute, with its path.
    pub attribute: String,
    /// Its keyword; empty for private attributes.
    pub keyword: String,
    /// The decision: one if the SOP Class was given or Types do not matter, else one for each need of an IOD.
    pub decisions: Vec<(Option<Need>, Decision)>,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.attribute, self.keyword)?;
        for (need, decision) in &self.decisions {
            let when = need.map_or(String::new(), |need| format!("{}: ", need_words(need)));
            writeln!(f, "  {when}{} (rule {})", decision.action, decision.rule)?;
        }
        self.reasons
            .iter()
            .try_for_each(|reason| writeln!(f, "  {reason}"))
    }
}

/// What a need means, in words.
pub(crate) const fn need_words(need: Need) -> &'static str {
    match need {
        Need::Foreign => "not in the IOD",
        Need::Optional => "Type 3",
        Need::Present => "Type 2 or 2C",
        Need::Valued => "Type 1 or 1C",
    }
}

/// An attribute as a person names it.
struct Question {
    ancestors: Vec<Tag>,
    tag: Tag,
    creator: Option<String>,
}

impl Profile {
    /// Says which rule decides an attribute and why. `attribute` is a keyword, a tag, a path of those from the
    /// outside in, or a private attribute with its creator.
    ///
    /// # Errors
    /// If the text names no attribute.
    pub fn explain(
        &self,
        attribute: &str,
        sop_class_uid: Option<&str>,
        modality: &str,
    ) -> Result<Explanation, NotAnAttribute> {
        let question = parse(attribute)?;
        let tag = question.tag;
        let vr = vr_of(tag).unwrap_or(VR::UN);
        let rules = self.class_rules(sop_class_uid.unwrap_or_default(), modality);
        let place = Place {
            ancestors: &question.ancestors,
            tag,
            vr: VR::UN,
            creator: question.creator.as_deref(),
        };
        let mut decisions = Vec::new();
        let answers = rules.answers(tag, vr);
        let differ = answers.iter().any(|answer| *answer != answers[0]);
        if sop_class_uid.is_some() || tag.0 % 2 == 1 || !differ || !question.ancestors.is_empty() {
            decisions.push((None, rules.decide(&place)));
        } else {
            decisions.extend(Need::ALL.map(Some).into_iter().zip(answers));
        }
        let mut reasons = self.reasons(tag, &question);
        if let Some(class) = sop_class_uid {
            reasons.push(type_words(
                class,
                &rules.type_of(&question.ancestors, tag).map_or_else(
                    || "is not defined there".to_owned(),
                    |kind| format!("is Type {} there", kind.text()),
                ),
            ));
        }
        for (_, decision) in &decisions {
            let reason = self.rule_words(decision);
            if !reason.is_empty() && !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        Ok(Explanation {
            attribute: name_of(&question),
            keyword: keyword_of(tag).unwrap_or_default().into(),
            decisions,
            reasons,
        })
    }

    fn reasons(&self, tag: Tag, question: &Question) -> Vec<String> {
        let mut reasons = Vec::new();
        if let Some(row) = row(tag) {
            let mut text = format!(
                "PS3.15 Table E.1-1 ({EDITION}), row {}: the Basic Profile says {}.",
                row.tag, row.basic
            );
            for option in COLUMNS
                .into_iter()
                .filter(|option| self.options().has(*option))
            {
                let _ = match row.cell(option) {
                    Some(Cell::Keep) => write!(text, " {option} says K."),
                    Some(Cell::Clean) => write!(text, " {option} says C."),
                    None => Ok(()),
                };
            }
            reasons.push(text);
        } else if let Some(reviewed) = unlisted::reviewed().iter().find(|known| known.tag == tag) {
            reasons.push(format!(
                "It has no row in Table E.1-1; it was reviewed with the group `{}`: {}.",
                reviewed.group.name(),
                reviewed.group.reason()
            ));
        } else if let Some(vr) = vr_of(tag) {
            reasons.push(format!(
                "It has no row in Table E.1-1 and needed no review of its own; it goes by its VR, {vr}."
            ));
        } else if tag.0.is_multiple_of(2) {
            reasons.push("No dictionary knows it.".into());
        }
        if question.creator.is_some() && self.private().lists.is_empty() {
            reasons.push("The profile uses no list of private attributes.".into());
        }
        reasons
    }

    /// What stands behind a rule id.
    fn rule_words(&self, decision: &Decision) -> String {
        let rule = decision.rule.as_str();
        if rule.starts_with("profile:") {
            return self
                .rules()
                .iter()
                .find(|own| own.id.as_str() == rule)
                .map(|own| format!("A rule of the profile: {}", own.reason))
                .unwrap_or_default();
        }
        match rule {
            "iod:type1-dummy" => {
                "It would go, but the IOD needs a value, so it becomes a dummy.".into()
            }
            "iod:type2-empty" => {
                "It would go, but the IOD needs the attribute, so it becomes empty.".into()
            }
            "private:safe" => {
                "It is on a list of safe private attributes, and its VR may stay.".into()
            }
            "private:unsafe-vr" => {
                "It is on a list of safe private attributes, but its VR can hold anything.".into()
            }
            "private:unlisted" => "No list that the profile uses knows it.".into(),
            "private:no-creator" => {
                "It has no Private Creator, so nobody can say what it is.".into()
            }
            "private:list-deletes" => {
                "A list that the profile uses says that it identifies.".into()
            }
            "fixed:overlays" | "fixed:curves" => {
                "Overlays and curves are removed as whole groups, because their labels have no row."
                    .into()
            }
            "fixed:nested-pixels" => {
                "Pixels inside a Sequence are not searched for text, so they go.".into()
            }
            _ if rule.ends_with(">X") => {
                "It is not needed here, so it goes (E.1.1 note 13 where the IOD does not have it)."
                    .into()
            }
            _ if decision.action == Action::Keep && decision.rule.as_str() == "vr:SQ" => {
                "The Items are each processed.".into()
            }
            _ => String::new(),
        }
    }
}

fn type_words(class: &str, kind: &str) -> String {
    match iod_of(class) {
        Some(iod) => format!("In the IOD {iod} it {kind}."),
        None => format!(
            "The SOP Class is not the standard's; by the modules that nearly every IOD has it {kind}."
        ),
    }
}

fn name_of(question: &Question) -> String {
    let mut name = String::new();
    for tag in &question.ancestors {
        let _ = write!(name, "({:04X},{:04X})>", tag.0, tag.1);
    }
    let Tag(group, element) = question.tag;
    let _ = match &question.creator {
        Some(creator) => write!(name, "({group:04X},\"{creator}\",{:02X})", element & 0xFF),
        None => write!(name, "({group:04X},{element:04X})"),
    };
    name
}

fn parse(text: &str) -> Result<Question, NotAnAttribute> {
    let mut tags = Vec::new();
    let mut creator = None;
    for part in text.split('>').map(str::trim) {
        let step = part
            .parse::<PathPattern>()
            .ok()
            .and_then(|pattern| pattern.steps().first().cloned());
        let tag = match step {
            Some(Step::Standard(tag)) => Some(tag),
            Some(Step::Private {
                group,
                creator: name,
                element,
            }) => {
                creator = Some(name);
                Some(Tag(group, 0x1000 | u16::from(element)))
            }
            Some(Step::UnknownPrivate { group }) => Some(Tag(group, 0x1000)),
            None => tag_by_keyword(part).or_else(|| plain_tag(part)),
        };
        tags.push(tag.ok_or_else(|| NotAnAttribute {
            suggestion: crate::rule_reader::nearest_keyword(part),
        })?);
    }
    let tag = tags.pop().ok_or(NotAnAttribute { suggestion: None })?;
    Ok(Question {
        ancestors: tags,
        tag,
        creator,
    })
}

/// `00100010` and `0010,0010`.
fn plain_tag(text: &str) -> Option<Tag> {
    let digits = text.replace(',', "");
    let sound = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(&digits, 16).ok().filter(|_| sound)?;
    Some(crate::standard::tag_of(number))
}
