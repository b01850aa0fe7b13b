//! Structured content, item by item (PS3.15 E.3.4 and Table E.3.4-1).

use super::{Around, Planner, Stop, Task};
use cloakroom_core::{Action, RuleId, State, Tag, VR};
use cloakroom_p10::{ElementRef, ItemRef};
use cloakroom_profile::Decision;

/// Referenced Content Item Identifier, which counts the items on the way to its target.
pub(super) const REFERENCED_POSITION: Tag = Tag(0x0040, 0xDB73);
const CONTENT_SEQUENCE: Tag = Tag(0x0040, 0xA730);
const VALUE_TYPE: Tag = Tag(0x0040, 0xA040);
const CONCEPT_NAME: Tag = Tag(0x0040, 0xA043);
const CODE_VALUES: [Tag; 3] = [
    Tag(0x0008, 0x0100),
    Tag(0x0008, 0x0119),
    Tag(0x0008, 0x0120),
];
const CODING_SCHEME: Tag = Tag(0x0008, 0x0102);

/// The attributes that hold the value of a content item.
const fn is_value(tag: Tag) -> bool {
    tag.0 == 0x0040
        && matches!(
            tag.1,
            0xA120
                | 0xA121
                | 0xA122
                | 0xA123
                | 0xA124
                | 0xA160
                | 0xA161
                | 0xA162
                | 0xA163
                | 0xA168
                | 0xA300
                | 0xA30A
        )
}

/// What happens to the value of an item that stays only for its place.
pub(super) fn neutral() -> Decision {
    Decision {
        action: Action::Dummy,
        rule: RuleId::of("content:place-kept"),
        value: None,
    }
}

impl<'a> Planner<'a> {
    /// The decision for the value of a content item; `None` for every other attribute.
    pub(super) fn content_decision(
        &self,
        element: ElementRef<'a>,
        around: &Around<'a>,
    ) -> Option<Decision> {
        if !is_value(element.tag()) {
            return None;
        }
        let decision = around.content.clone()?;
        let sequence = element.is_sequence();
        let action = match decision.action {
            // What is said of a number or a code as a whole concerns its parts.
            Action::Keep | Action::CleanText | Action::MapUid | Action::ShiftDate if sequence => {
                Action::Keep
            }
            Action::Keep if element.vr() != VR::SQ => {
                return self.value_decision(element, decision);
            }
            other => other,
        };
        Some(Decision { action, ..decision })
    }

    /// A value that may stay still follows the rule for its VR.
    #[expect(clippy::unused_self, reason = "reads like its siblings")]
    fn value_decision(&self, element: ElementRef<'a>, decision: Decision) -> Option<Decision> {
        let action = match element.vr() {
            VR::UT | VR::ST | VR::LT | VR::LO | VR::UC => Action::CleanText,
            _ => Action::Keep,
        };
        Some(Decision { action, ..decision })
    }

    /// A Sequence of content items, or a value outside of one, under Clean Structured Content.
    pub(super) fn clean_content(
        &mut self,
        task: &Task<'a>,
        around: &Around<'a>,
    ) -> Result<bool, Stop> {
        if task.vr != VR::SQ {
            return self.stray_value(task, around);
        }
        let prefix = self.records.prefix(task.prefix, task.step.clone());
        self.ancestors.push(task.element.tag());
        let (mut kept, mut found) = (0_u32, 0_u32);
        for item in task.element.items() {
            found += 1;
            kept += u32::from(self.content_item(task, item, prefix, around.neutral)?);
        }
        self.ancestors.pop();
        if found > 0 && kept == 0 {
            // A content item without children has no Content Sequence at all.
            let empty = Task {
                rule: RuleId::of("content:nothing-left"),
                step: task.step.clone(),
                ..*task
            };
            if task.element.tag() == CONTENT_SEQUENCE {
                self.remove(&empty);
                return Ok(false);
            }
            return self.drop_as(&empty);
        }
        Ok(true)
    }

    /// Answers whether the item stays.
    fn content_item(
        &mut self,
        task: &Task<'a>,
        item: ItemRef<'a>,
        prefix: u32,
        neutral_above: bool,
    ) -> Result<bool, Stop> {
        let text = |tag: Tag| {
            item.get(tag)
                .and_then(ElementRef::first_text)
                .unwrap_or_default()
        };
        let concept = item.get(CONCEPT_NAME).and_then(|name| name.items().next());
        let code = |tag: Tag| {
            concept
                .and_then(|concept| concept.get(tag))
                .and_then(ElementRef::first_text)
        };
        let value = CODE_VALUES.into_iter().find_map(code).unwrap_or_default();
        let scheme = code(CODING_SCHEME).unwrap_or_default();
        let mut decision = self
            .rules
            .decide_content(&value, &scheme, &text(VALUE_TYPE));
        let removed = decision.action == Action::Remove;
        let neutral = neutral_above || (removed && self.positions_matter);
        if removed && !neutral {
            self.edits.remove(item.id());
            let step = task.step.clone();
            self.records.add(
                task.prefix,
                step,
                Action::Remove,
                decision.rule,
                (State::Present, State::Absent),
            );
            return Ok(false);
        }
        if neutral {
            decision = self::neutral();
        }
        let inner = Around {
            prefix,
            item: Some(item),
            content: Some(decision),
            neutral,
        };
        self.data_set(item.elements(), &inner)?;
        Ok(true)
    }

    /// A content value that stands in no content item: what its VR asks for.
    fn stray_value(&mut self, task: &Task<'a>, around: &Around<'a>) -> Result<bool, Stop> {
        match task.vr {
            VR::UI => self.map_uids(task, around),
            VR::DA | VR::TM | VR::DT => match self.profile.dates().treatment {
                cloakroom_profile::DateTreatment::Keep => self.keep_dates(task),
                cloakroom_profile::DateTreatment::Shift => self.shift(task, around),
                cloakroom_profile::DateTreatment::Remove => self.drop_as(task),
            },
            _ => self.keep(task, Action::CleanText, around),
        }
    }
}
