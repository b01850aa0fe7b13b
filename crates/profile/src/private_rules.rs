//! Private attributes: by the rules of the profile, then by its lists, then by VR.

use crate::class_rules::{Decision, Place};
use crate::policy::DateTreatment;
use crate::rule::Rule;
use crate::ruling::decision;
use crate::rulings::Rulings;
use crate::standard::private_attributes::{Disposition, creator_elements, listed};
use cloakroom_core::{Action, Tag, VR};

impl Rulings {
    /// A private attribute. Nothing of it is required, so nothing needs a dummy.
    pub(crate) fn private(&self, place: &Place<'_>) -> Decision {
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
