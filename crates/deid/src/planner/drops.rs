//! Removing, emptying and replacing: what needs no look at the value.

use super::{Planner, Stop, Task};
use crate::dummy;
use cloakroom_core::{Action, HoldReason, RuleId, State, Tag, VR};
use cloakroom_profile::standard::iod_types::Type;

impl<'a> Planner<'a> {
    pub(super) fn remove(&mut self, task: &Task<'a>) {
        self.edits.remove(task.element.id());
        self.record(task, Action::Remove, State::Absent);
    }

    pub(super) fn empty(&mut self, task: &Task<'a>) {
        if task.element.value_len() > 0 || task.element.is_sequence() {
            if task.vr == VR::SQ {
                self.edits.clear_items(task.element.id());
            } else {
                self.edits
                    .replace(task.element.id(), task.written_vr(), Vec::new());
            }
        }
        self.record(task, Action::Empty, State::Empty);
    }

    pub(super) fn dummy(&mut self, task: &Task<'a>) -> Result<(), Stop> {
        let id = task.element.id();
        match task.vr {
            VR::SQ => {
                let mut path = self.ancestors.clone();
                path.push(task.element.tag());
                // A dummy UID is keyed by its place, so that it is the same in each object and stands for nothing.
                let keys = self.keys;
                let uid = |path: &[Tag]| keys.uid(&format!("dummy {path:?}")).to_string();
                let item = dummy::item(&self.rules, &path, &uid);
                self.edits.replace_sequence(id, vec![item]);
            }
            VR::UI => {
                let uid = self.keys.uid(&format!("dummy {:?}", task.element.tag()));
                self.edits.replace(id, VR::UI, uid.as_str().into());
            }
            vr => {
                let value = dummy::value(vr).ok_or(HoldReason::UncleanValue)?;
                self.edits.replace(id, task.written_vr(), value);
            }
        }
        self.record(task, Action::Dummy, State::Present);
        Ok(())
    }

    pub(super) fn pseudonym(&mut self, task: &Task<'a>) {
        self.edits.replace(
            task.element.id(),
            task.written_vr(),
            self.subject.pseudonym().as_str().into(),
        );
        self.record(task, Action::Pseudonym, State::Present);
    }

    /// A value that the profile states.
    pub(super) fn replace(&mut self, task: &Task<'a>, value: Option<&str>) -> Result<(), Stop> {
        let value = value
            .filter(|_| task.vr != VR::SQ)
            .ok_or(HoldReason::UncleanValue)?;
        let bytes = self.encode(task, value)?;
        let after = if bytes.is_empty() {
            State::Empty
        } else {
            State::Present
        };
        self.edits
            .replace(task.element.id(), task.written_vr(), bytes);
        self.record(task, Action::Replace, after);
        Ok(())
    }

    /// The Type of the element at its path; `None` where the IOD does not have it there.
    pub(super) fn type_of(&self, task: &Task<'a>) -> Option<Type> {
        self.rules.type_of(&self.ancestors, task.element.tag())
    }

    /// Drops a value that may not stay, as mildly as the object's IOD allows.
    ///
    /// Text and dates that the IOD needs become dummies; a code or a number has no harmless dummy, since it says
    /// what the pixels mean, so the object is held.
    pub(super) fn drop(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        let dropped = Task {
            rule: RuleId::of("value:not-of-its-vr"),
            step: task.step.clone(),
            ..*task
        };
        self.drop_as(&dropped)
    }

    pub(super) fn drop_as(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        match self.type_of(task) {
            None | Some(Type::Three) => {
                self.remove(task);
                Ok(false)
            }
            Some(Type::Two | Type::TwoC) => {
                self.empty(task);
                Ok(true)
            }
            Some(Type::OneC) if !has_harmless_dummy(task) => {
                self.remove(task);
                Ok(false)
            }
            Some(Type::One) if !has_harmless_dummy(task) => Err(HoldReason::UncleanValue.into()),
            Some(Type::One | Type::OneC) => {
                self.dummy(task)?;
                Ok(true)
            }
        }
    }
}

/// Text, dates and ages; and the label of a presentation state, which is a code only by its VR.
fn has_harmless_dummy(task: &Task<'_>) -> bool {
    const CONTENT_LABEL: Tag = Tag(0x0070, 0x0080);
    task.element.tag() == CONTENT_LABEL
        || matches!(
            task.vr,
            VR::AE
                | VR::LO
                | VR::LT
                | VR::PN
                | VR::SH
                | VR::ST
                | VR::UC
                | VR::UT
                | VR::UR
                | VR::DA
                | VR::DT
                | VR::TM
                | VR::AS
        )
}
