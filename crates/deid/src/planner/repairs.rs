//! Values that the IOD requires and the source leaves empty (Type 1): written where the standard leaves no choice,
//! named in the evidence where it does.

use super::{Planner, Task};
use cloakroom_core::{Action, RuleId, State, Tag};
use cloakroom_p10::ElementRef;
use cloakroom_profile::standard::iod_types::Type;

const PHOTOMETRIC_INTERPRETATION: Tag = Tag(0x0028, 0x0004);
const RESCALE_INTERCEPT: Tag = Tag(0x0028, 0x1052);
const RESCALE_SLOPE: Tag = Tag(0x0028, 0x1053);
const RESCALE_TYPE: Tag = Tag(0x0028, 0x1054);
const PRESENTATION_LUT_SHAPE: Tag = Tag(0x2050, 0x0020);
/// Digital X-Ray, Digital Mammography and Digital Intra-Oral X-Ray, for Presentation and for Processing.
const DIGITAL_X_RAY: [&str; 3] = [
    "1.2.840.10008.5.1.4.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.2",
    "1.2.840.10008.5.1.4.1.1.1.3",
];

impl<'a> Planner<'a> {
    /// Repairs or names an empty value that the IOD requires; answers whether the element is dealt with.
    pub(super) fn repair_empty(&mut self, task: &Task<'a>) -> bool {
        if task.element.value_len() > 0
            || task.element.is_sequence()
            || self.type_of(task) != Some(Type::One)
        {
            return false;
        }
        let listed = Task {
            rule: RuleId::of("iod:required-and-empty"),
            step: task.step.clone(),
            ..*task
        };
        match self.only_value(task.element.tag()) {
            Some(value) => {
                self.edits
                    .replace(task.element.id(), task.written_vr(), value.into());
                self.record(&listed, Action::Repair, State::Present);
            }
            None => self.record(&listed, Action::Keep, State::Empty),
        }
        true
    }

    /// The one value that the standard allows here (PS3.3 C.8.11.3, DX Image Module).
    fn only_value(&self, tag: Tag) -> Option<&'static str> {
        let class = self
            .sop_class
            .strip_suffix(".1")
            .filter(|class| DIGITAL_X_RAY.contains(class))
            .unwrap_or(&self.sop_class);
        if !self.ancestors.is_empty() || !DIGITAL_X_RAY.contains(&class) {
            return None;
        }
        let photometric = self
            .object
            .dataset()
            .get(PHOTOMETRIC_INTERPRETATION)
            .and_then(ElementRef::first_text)?;
        match (tag, photometric.trim()) {
            (PRESENTATION_LUT_SHAPE, "MONOCHROME2") => Some("IDENTITY"),
            (PRESENTATION_LUT_SHAPE, "MONOCHROME1") => Some("INVERSE"),
            (RESCALE_INTERCEPT, _) => Some("0"),
            (RESCALE_SLOPE, _) => Some("1"),
            (RESCALE_TYPE, _) => Some("US"),
            _ => None,
        }
    }
}
