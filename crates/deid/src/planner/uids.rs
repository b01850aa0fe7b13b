//! UIDs: every one that is not the standard's own is mapped, wherever it stands.

use super::{Around, Planner, Stop, Task};
use cloakroom_core::{Action, HoldReason, State, Uid, VR, uid};
use cloakroom_profile::ProfileOption;

impl<'a> Planner<'a> {
    /// The keyed UID of an original one; the pair goes to the crosswalk.
    pub(super) fn mapped(&mut self, original: &str) -> Uid {
        if let Some(known) = self.uids.get(original) {
            return known.clone();
        }
        let made = self.keys.uid(original);
        self.uids.insert(original.to_owned(), made.clone());
        made
    }

    pub(super) fn sop_instance(&mut self) -> Result<String, Stop> {
        let original = self
            .object
            .sop_instance_uid()
            .ok_or(HoldReason::HierarchyConflict)?;
        // The standard gives UIDs to instances of its own, the well-known colour palettes.
        let own = uid::is_standard(original.expose());
        if own || self.profile.options().has(ProfileOption::RetainUids) {
            return Ok(original.into_exposed());
        }
        Ok(self.mapped(original.expose()).to_string())
    }

    pub(super) fn map_uids(&mut self, task: &Task<'a>, around: &Around<'a>) -> Result<bool, Stop> {
        match task.vr {
            VR::SQ => {
                self.items(task, around)?;
                Ok(true)
            }
            VR::UI => Ok(self.map_values(task, Action::MapUid)),
            // A private attribute may hold a UID as text.
            VR::LO | VR::UT | VR::LT | VR::ST | VR::UC | VR::UN => {
                let raw = task.element.raw().unwrap_or(&[]);
                let text = std::str::from_utf8(raw)
                    .unwrap_or("?")
                    .trim_matches(['\0', ' ']);
                if !text
                    .split('\\')
                    .all(|value| value.trim().parse::<Uid>().is_ok())
                {
                    return self.drop(task);
                }
                Ok(self.map_values(task, Action::MapUid))
            }
            _ => self.drop(task),
        }
    }

    /// Maps each value; what is no UID at all is mapped too, so nothing can hide behind bad grammar.
    fn map_values(&mut self, task: &Task<'a>, action: Action) -> bool {
        let raw = task.element.raw().unwrap_or(&[]);
        let text = String::from_utf8_lossy(raw);
        let text = text.trim_end_matches(['\0', ' ']);
        if text.is_empty() {
            return true;
        }
        let mut changed = false;
        let values: Vec<String> = text
            .split('\\')
            .map(|value| value.trim_matches(['\0', ' ']))
            .map(|value| {
                let lawful = value.parse::<Uid>().is_ok();
                if value.is_empty() || (lawful && uid::is_standard(value)) {
                    return value.to_owned();
                }
                changed = true;
                self.mapped(value).to_string()
            })
            .collect();
        if changed {
            self.edits.replace(
                task.element.id(),
                task.written_vr(),
                values.join("\\").into_bytes(),
            );
            self.record(task, action, State::Present);
        }
        true
    }

    /// UIDs that a rule keeps: the standard's own stay; others only where the profile retains UIDs or devices.
    pub(super) fn keep_uids(&mut self, task: &Task<'a>, around: &Around<'a>) -> Result<bool, Stop> {
        let options = self.profile.options();
        let retained = options.has(ProfileOption::RetainUids)
            || (options.has(ProfileOption::RetainDeviceIdentity)
                && task.rule.as_str() == "option:retain-device-identity");
        let raw = task.element.raw().unwrap_or(&[]);
        let lawful = std::str::from_utf8(raw).is_ok_and(|text| {
            text.trim_end_matches(['\0', ' ']).split('\\').all(|value| {
                value.trim_matches(['\0', ' ']).is_empty()
                    || value.trim_matches(['\0', ' ']).parse::<Uid>().is_ok()
            })
        });
        if retained && lawful {
            Ok(true)
        } else {
            self.map_uids(task, around)
        }
    }
}
