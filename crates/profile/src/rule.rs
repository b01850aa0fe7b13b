//! A rule of a profile file, read and checked.

use cloakroom_core::{Action, RuleId, Tag};
use std::sync::Arc;

/// What a rule speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// An attribute of the standard, at any depth.
    Attribute(Tag),
    /// Attributes of the standard whose tag has these digits, at any depth.
    Pattern {
        /// 1 where a bit of the tag counts.
        mask: u32,
        /// The bits that count.
        bits: u32,
    },
    /// An attribute of the standard at one path.
    Path(Vec<Tag>),
    /// Private attributes.
    Private {
        creator: String,
        group: Option<u16>,
        element: Option<u8>,
    },
}

impl Target {
    /// Whether a pattern matches a tag.
    pub(crate) fn matches_pattern(&self, tag: Tag) -> bool {
        match self {
            Self::Pattern { mask, bits } => crate::standard::number_of(tag) & mask == *bits,
            _ => false,
        }
    }

    /// Whether a private target speaks of this attribute, or with `None` of any of the block.
    pub(crate) fn matches_private(&self, group: u16, creator: &str, element: Option<u8>) -> bool {
        match self {
            Self::Private {
                creator: own,
                group: own_group,
                element: own_element,
            } => {
                own == creator
                    && own_group.is_none_or(|own| own == group)
                    && match (own_element, element) {
                        (Some(own), Some(element)) => *own == element,
                        _ => true,
                    }
            }
            _ => false,
        }
    }
}

/// A rule of a profile file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// What it speaks of.
    pub(crate) target: Target,
    /// What is done; `None` is what the Basic Profile does, whatever options say.
    pub(crate) action: Option<Action>,
    /// The value for [`Action::Replace`].
    pub(crate) value: Option<Arc<str>>,
    /// The id for evidence.
    pub(crate) id: RuleId,
    /// Why, in the words of the file.
    pub(crate) reason: String,
    /// The modalities it is for; empty for all.
    pub(crate) modalities: Vec<String>,
    /// The SOP Classes it is for, as UIDs or names of IODs; empty for all.
    pub(crate) sop_classes: Vec<String>,
}

impl Rule {
    /// The rule on one line, without its reason.
    pub(crate) fn describe(&self) -> String {
        let target = match &self.target {
            Target::Attribute(tag) => format!("({:04X},{:04X})", tag.0, tag.1),
            Target::Pattern { mask, bits } => {
                let digits: String = (0..8)
                    .rev()
                    .map(|digit| match (mask >> (4 * digit)) & 0xF {
                        0 => 'x',
                        _ => char::from_digit((bits >> (4 * digit)) & 0xF, 16).unwrap_or('x'),
                    })
                    .collect();
                format!("({},{})", &digits[..4], &digits[4..])
            }
            Target::Path(path) => {
                let steps: Vec<String> = path
                    .iter()
                    .map(|tag| format!("({:04X},{:04X})", tag.0, tag.1))
                    .collect();
                steps.join(">")
            }
            Target::Private {
                creator,
                group,
                element,
            } => {
                let group = group.map_or("gggg".into(), |group| format!("{group:04X}"));
                let element = element.map_or("ee".into(), |element| format!("{element:02X}"));
                format!("({group},\"{creator}\",{element})")
            }
        };
        let action = self.action.map_or("basic", Action::name);
        let mut text = format!("{target} {action}");
        for condition in self.modalities.iter().chain(&self.sop_classes) {
            text.push_str(" for ");
            text.push_str(condition);
        }
        text
    }

    /// Whether the rule is for objects of this class and modality.
    pub(crate) fn applies(&self, sop_class_uid: &str, modality: &str) -> bool {
        let iod = crate::standard::iod_types::iod_of(sop_class_uid);
        let class = self.sop_classes.is_empty()
            || self
                .sop_classes
                .iter()
                .any(|class| class == sop_class_uid || Some(class.as_str()) == iod);
        let modal = self.modalities.is_empty() || self.modalities.iter().any(|own| own == modality);
        class && modal
    }
}
