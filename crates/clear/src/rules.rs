//! What may not stand in an output: the gate's own list, derived from the standard's table.
//!
//! A row of Table E.1-1 under the profile's options says whether an attribute must be gone or empty; only a rule
//! that a person wrote into the profile may say otherwise. What has no row is judged by what it is.

use crate::second_reader::{Content, Seen};
use cloakroom_core::{Action, FindingKind, Tag, VR, uid};
use cloakroom_profile::standard::iod_types::Type;
use cloakroom_profile::standard::table::{Code, row};
use cloakroom_profile::standard::unlisted::{Group, reviewed};
use cloakroom_profile::{ClassRules, Decision, OptionSet, Place, ProfileOption};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The attributes that a de-identifier writes of itself, and the sequence whose Items it fills.
const STAMPS: [Tag; 7] = [
    Tag(0x0008, 0x0005),
    Tag(0x0012, 0x0062),
    Tag(0x0012, 0x0063),
    METHOD_CODES,
    Tag(0x0028, 0x0301),
    Tag(0x0028, 0x0302),
    Tag(0x0028, 0x0303),
];
pub(crate) const METHOD_CODES: Tag = Tag(0x0012, 0x0064);

/// UIDs of classes, syntaxes and coding schemes, which stay under every option.
static STRUCTURAL: LazyLock<BTreeSet<Tag>> = LazyLock::new(|| {
    let structural = reviewed()
        .iter()
        .filter(|reviewed| reviewed.group == Group::StructuralUid);
    structural.map(|reviewed| reviewed.tag).collect()
});

/// The rules for one object.
pub(crate) struct Rules<'a> {
    pub(crate) options: OptionSet,
    pub(crate) class: &'a ClassRules,
    /// The UIDs that the map gave out for this object.
    pub(crate) minted: &'a BTreeSet<&'a str>,
    /// The pseudonym of the patient.
    pub(crate) pseudonym: &'a str,
}

impl Rules<'_> {
    /// What is wrong with an attribute, if something is.
    pub(crate) fn judge(&self, seen: &Seen<'_>) -> Option<FindingKind> {
        if self.is_forbidden(seen) {
            return Some(FindingKind::ForbiddenAttribute);
        }
        (seen.holds_uids() && !self.uids_are_mapped(seen)).then_some(FindingKind::UnmappedUid)
    }

    fn is_forbidden(&self, seen: &Seen<'_>) -> bool {
        let Tag(group, element) = seen.tag;
        let in_stamps = STAMPS.contains(&seen.tag) || seen.ancestors.first() == Some(&METHOD_CODES);
        if in_stamps {
            return false;
        }
        if is_never_allowed(seen.tag, !seen.ancestors.is_empty()) {
            return true;
        }
        let decision = self.decide(seen);
        if decision.action == Action::Remove {
            return true;
        }
        if decision.action == Action::Empty && !seen.content.is_empty() {
            return true;
        }
        if decision.action == Action::Pseudonym && !self.is_pseudonym(seen) {
            return true;
        }
        if group % 2 == 1 {
            return seen.creator.is_none() || element < 0x0010;
        }
        match row(seen.tag) {
            Some(row) if row.option_cell(self.options).is_none() => {
                self.table_forbids(seen, row.basic, &decision)
            }
            Some(_) => false,
            None => self.has_a_name(seen, &decision),
        }
    }

    fn is_pseudonym(&self, seen: &Seen<'_>) -> bool {
        let texts = seen.texts();
        texts
            .iter()
            .all(|text| text.trim_matches(['\0', ' ']) == self.pseudonym)
    }

    fn decide(&self, seen: &Seen<'_>) -> Decision {
        self.class.decide(&Place {
            ancestors: seen.ancestors,
            tag: seen.tag,
            vr: seen.vr,
            creator: seen.creator,
        })
    }

    /// Whether the Basic Profile's code is broken, where no option and no person says otherwise.
    fn table_forbids(&self, seen: &Seen<'_>, code: Code, decision: &Decision) -> bool {
        let written = decision.rule.as_str().starts_with("profile:");
        let replaced = matches!(
            decision.action,
            Action::Pseudonym | Action::Replace | Action::Dummy
        );
        let valued = matches!(
            self.class.type_of(seen.ancestors, seen.tag),
            Some(Type::One | Type::OneC)
        );
        match code {
            Code::X => !(written || replaced && valued || self.is_emptied(seen, decision)),
            Code::Z | Code::XZ => !(seen.content.is_empty() || written || valued || replaced),
            Code::D | Code::ZD | Code::XD | Code::XZD => {
                !(seen.content.is_empty() || written || replaced || is_container(seen))
            }
            Code::U | Code::XZU => false,
        }
    }

    /// Whether an attribute that should go stands there empty because the IOD wants it, with a value or without.
    fn is_emptied(&self, seen: &Seen<'_>, decision: &Decision) -> bool {
        let wanted = matches!(
            self.class.type_of(seen.ancestors, seen.tag),
            Some(Type::Two | Type::TwoC)
        );
        wanted && decision.action == Action::Empty && seen.content.is_empty()
    }

    /// A name of a person that no row speaks of.
    fn has_a_name(&self, seen: &Seen<'_>, decision: &Decision) -> bool {
        seen.vr == VR::PN
            && !seen.content.is_empty()
            && !matches!(
                decision.action,
                Action::Pseudonym | Action::Dummy | Action::Replace
            )
    }

    fn uids_are_mapped(&self, seen: &Seen<'_>) -> bool {
        if self.options.has(ProfileOption::RetainUids) {
            return true;
        }
        let structural = STRUCTURAL.contains(&seen.tag);
        let dummy = seen
            .ancestors
            .iter()
            .any(|above| self.becomes_a_dummy(*above));
        seen.texts().into_iter().all(|text| {
            let uid = text.trim_matches(['\0', ' ']);
            uid.is_empty()
                || self.minted.contains(uid)
                || is_public(uid, 5) && uid::is_standard(uid)
                || structural && is_public(uid, 6)
                || dummy && uid.starts_with("2.25.")
        })
    }

    /// Whether a Sequence is replaced by a dummy, whose UIDs stand for nothing and so are on no map. An original
    /// UID left in it would be found by the search of the bytes.
    fn becomes_a_dummy(&self, sequence: Tag) -> bool {
        row(sequence).is_some_and(|row| {
            row.option_cell(self.options).is_none()
                && matches!(row.basic, Code::D | Code::ZD | Code::XD | Code::XZD)
        })
    }
}

/// A Sequence that is there for what its Items hold, each of which is judged by itself.
const fn is_container(seen: &Seen<'_>) -> bool {
    matches!(seen.content, Content::Items(_))
}

/// Whether a UID has no component long enough for a date or a number of a person.
fn is_public(uid: &str, longest: usize) -> bool {
    uid.split('.').all(|component| component.len() <= longest)
}

/// What stands in no output under any profile: group lengths, curves, overlays, signatures, padding, pixels in Items.
pub(crate) const fn is_never_allowed(tag: Tag, nested: bool) -> bool {
    let Tag(group, element) = tag;
    let repeating = matches!(group & 0xFF00, 0x5000 | 0x6000) && group.is_multiple_of(2);
    element == 0
        || matches!((group, element), (0x0008, 0x0001))
        || repeating
        || matches!(group, 0xFFFA | 0xFFFC)
        || group == 0x7FE0 && nested
}

/// The codes in the Items of De-identification Method Code Sequence.
pub(crate) fn method_codes(seen: &Seen<'_>, codes: &mut BTreeMap<String, bool>) {
    if seen.ancestors == [METHOD_CODES] && seen.tag == Tag(0x0008, 0x0100) {
        for code in seen.texts() {
            if let Some(found) = codes.get_mut(code.trim()) {
                *found = true;
            }
        }
    }
}
