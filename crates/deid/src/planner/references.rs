//! Lists of what an object refers to (PS3.3 C.12.2, Common Instance Reference): they stay as long as a reference does.

use super::{Around, Planner, Stop, Task, step_of};
use cloakroom_core::{RuleId, Tag};
use cloakroom_p10::{ElementRef, Elements};
use cloakroom_profile::standard::iod_types::Type;

pub(super) const REFERENCED_INSTANCE: Tag = Tag(0x0008, 0x1155);
const REFERENCED_SERIES: Tag = Tag(0x0008, 0x1115);
const STUDIES_WITH_OTHERS: Tag = Tag(0x0008, 0x1200);

/// Whether an attribute of the top level lists the references that stand elsewhere in the object.
pub(super) const fn is_list(tag: Tag) -> bool {
    matches!(tag, REFERENCED_SERIES | STUDIES_WITH_OTHERS)
}

impl<'a> Planner<'a> {
    /// Decides the lists when all else is decided: a list of references of which none is left would be false.
    pub(super) fn reference_list(
        &mut self,
        element: ElementRef<'a>,
        around: &Around<'a>,
    ) -> Result<(), Stop> {
        let task = Task {
            element,
            vr: element.vr(),
            rule: RuleId::of("references:none-left"),
            prefix: around.prefix,
            step: step_of(element.tag(), None),
        };
        let conditional = self.type_of(&task) == Some(Type::OneC);
        let object = self.object;
        if conditional && self.references == 0 && has_reference(object.dataset().elements(), true) {
            self.remove(&task);
            return Ok(());
        }
        self.element(element, around).map(|_| ())
    }
}

/// Whether some reference stands in these elements, outside the lists of the top level.
fn has_reference(elements: Elements<'_>, top: bool) -> bool {
    elements
        .filter(|element| !(top && is_list(element.tag())))
        .any(|element| {
            element.tag() == REFERENCED_INSTANCE
                || element
                    .items()
                    .any(|item| has_reference(item.elements(), false))
        })
}
