//! What a profile's options and policies make of a row of the table, a reviewed group or a VR.
//!
//! A ruling has an answer for each of the four ways an IOD can need an attribute, so that nothing is left to
//! decide when an object is read but which of the four it is.

use crate::class_rules::Decision;
use crate::kind::{Kind, kind_of, vr_rule};
use crate::options::{OptionSet, ProfileOption};
use crate::policy::{
    AgePolicy, DatePolicy, DateTreatment, TimeTreatment, UnlistedPolicy, UnlistedSequences,
    UnlistedText,
};
use crate::standard::iod_types::Type;
use crate::standard::table::{Cell, Code, Row};
use crate::standard::unlisted::Group;
use cloakroom_core::{Action, RuleId, Tag, VR};

/// How much the object's IOD needs an attribute at its path.
///
/// A condition (1C, 2C) counts as met: no program can tell, and the attribute is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// The IOD does not have it there (PS3.15 E.1.1 note 13: it may simply go).
    Foreign,
    /// Type 3.
    Optional,
    /// Type 2 or 2C: it must be there, and may be empty.
    Present,
    /// Type 1 or 1C: it must have a value.
    Valued,
}

impl Need {
    /// Every need, in the order of a ruling's answers.
    pub const ALL: [Self; 4] = [Self::Foreign, Self::Optional, Self::Present, Self::Valued];

    /// The need that a Type states.
    #[must_use]
    pub const fn of(kind: Option<Type>) -> Self {
        match kind {
            None => Self::Foreign,
            Some(Type::Three) => Self::Optional,
            Some(Type::Two | Type::TwoC) => Self::Present,
            Some(Type::One | Type::OneC) => Self::Valued,
        }
    }
}

/// The answers for the four needs.
pub(crate) type Ruling = [Decision; 4];

/// A ruling from a function of the need.
pub(crate) fn ruling(answer: impl Fn(Need) -> Decision) -> Ruling {
    Need::ALL.map(answer)
}

/// The decision to do something under a rule of the program.
pub(crate) const fn decision(action: Action, rule: &'static str) -> Decision {
    Decision {
        action,
        rule: RuleId::of(rule),
        value: None,
    }
}

/// Removal as far as the IOD allows it: a Type 1 attribute becomes a dummy, a Type 2 attribute empty.
pub(crate) fn removal(need: Need, rule: RuleId) -> Decision {
    let (action, rule) = match need {
        Need::Foreign | Need::Optional => (Action::Remove, rule),
        Need::Present => (Action::Empty, RuleId::of("iod:type2-empty")),
        Need::Valued => (Action::Dummy, RuleId::of("iod:type1-dummy")),
    };
    Decision {
        action,
        rule,
        value: None,
    }
}

/// The rule id of a code that was resolved.
const fn table_rule(code: Code, letter: char) -> &'static str {
    match (code, letter) {
        (Code::X, _) => "table:X",
        (Code::Z, 'X') => "table:Z>X",
        (Code::Z, 'D') => "table:Z>D",
        (Code::Z, _) => "table:Z",
        (Code::D, 'X') => "table:D>X",
        (Code::D, 'U') => "table:D>U",
        (Code::D, _) => "table:D",
        (Code::U, _) => "table:U",
        (Code::ZD, 'X') => "table:Z/D>X",
        (Code::ZD, 'Z') => "table:Z/D>Z",
        (Code::ZD, _) => "table:Z/D>D",
        (Code::XZ, 'X') => "table:X/Z>X",
        (Code::XZ, 'Z') => "table:X/Z>Z",
        (Code::XZ, _) => "table:X/Z>D",
        (Code::XD, 'X') => "table:X/D>X",
        (Code::XD, 'Z') => "table:X/D>Z",
        (Code::XD, _) => "table:X/D>D",
        (Code::XZD, 'X') => "table:X/Z/D>X",
        (Code::XZD, 'Z') => "table:X/Z/D>Z",
        (Code::XZD, _) => "table:X/Z/D>D",
        (Code::XZU, 'X') => "table:X/Z/U*>X",
        (Code::XZU, 'Z') => "table:X/Z/U*>Z",
        (Code::XZU, _) => "table:X/Z/U*>U",
    }
}

/// The letter that a code of the Basic Profile comes to.
///
/// The table names no answer for some meetings of code and Type; these are ours, each the mildest that keeps
/// the object valid: X/Z at Type 1 is D, X/D at Type 2 is Z (trap of RT Plan Date), Z at Type 1 is D.
/// An attribute that the IOD does not have goes, whatever its row says, but for UIDs, which may hold an
/// object together that no IOD describes.
#[must_use]
pub const fn resolve(code: Code, need: Need) -> char {
    match (code, need) {
        (Code::U, _) => 'U',
        (_, Need::Foreign) | (Code::X, _) => 'X',
        (Code::D, _) => 'D',
        (Code::XZU, Need::Valued) => 'U',
        (_, Need::Valued) => 'D',
        (_, Need::Present) | (Code::Z | Code::ZD, Need::Optional) => 'Z',
        (Code::XZ | Code::XD | Code::XZD | Code::XZU, Need::Optional) => 'X',
    }
}

/// The attributes that carry the patient's pseudonym.
const PATIENT_NAME: Tag = Tag(0x0010, 0x0010);
const PATIENT_ID: Tag = Tag(0x0010, 0x0020);

/// What a profile says, as far as rulings need it.
#[derive(Debug, Clone)]
pub(crate) struct Policies {
    pub(crate) options: OptionSet,
    pub(crate) dates: DatePolicy,
    pub(crate) ages: AgePolicy,
    pub(crate) unlisted: UnlistedPolicy,
}

impl Policies {
    /// The ruling of a row: an option overrides the Basic Profile (E.1.1).
    pub(crate) fn row(&self, tag: Tag, vr: VR, row: &Row) -> Ruling {
        ruling(|need| {
            row.option_cell(self.options)
                .and_then(|(option, cell)| self.option(option, cell, tag, vr, need))
                .unwrap_or_else(|| basic(tag, vr, row.basic, need))
        })
    }

    /// What an option makes of a row; `None` where cleaning can mean nothing but what the Basic Profile does.
    fn option(
        &self,
        option: ProfileOption,
        cell: Cell,
        tag: Tag,
        vr: VR,
        need: Need,
    ) -> Option<Decision> {
        let kind = kind_of(vr);
        let action = match cell {
            Cell::Keep if kind == Kind::Age => self.age(),
            Cell::Keep => Action::Keep,
            Cell::Clean if option == ProfileOption::RetainLongitudinalModifiedDates => {
                return self.moved(kind, need, option_rule(option));
            }
            Cell::Clean if matches!((tag.0, tag.1), (0x0040, 0xA730 | 0x0555)) => {
                Action::CleanContent
            }
            Cell::Clean => match kind {
                Kind::Text | Kind::Term | Kind::ApplicationEntity => Action::CleanText,
                Kind::Sequence => Action::Keep,
                _ => return None,
            },
        };
        Some(decision(action, option_rule(option)))
    }

    /// A date under modified dates; `None` for what is neither a date nor a time (a timezone, a stamp in bytes).
    fn moved(&self, kind: Kind, need: Need, rule: &'static str) -> Option<Decision> {
        match (kind, self.dates.times) {
            (Kind::Date, _) | (Kind::Time, TimeTreatment::Shift) => {
                Some(decision(Action::ShiftDate, rule))
            }
            (Kind::Time, TimeTreatment::Keep) => Some(decision(Action::Keep, rule)),
            (Kind::Time, TimeTreatment::Remove) => Some(removal(need, RuleId::of(rule))),
            _ => None,
        }
    }

    /// A date that no row speaks of.
    pub(crate) fn date(&self, kind: Kind, need: Need, rule: &'static str) -> Decision {
        match self.dates.treatment {
            DateTreatment::Keep => decision(Action::Keep, rule),
            DateTreatment::Remove => removal(need, RuleId::of(rule)),
            DateTreatment::Shift => self
                .moved(kind, need, rule)
                .unwrap_or_else(|| removal(need, RuleId::of(rule))),
        }
    }

    const fn age(&self) -> Action {
        match self.ages.cap_years {
            Some(_) => Action::CapAge,
            None => Action::Keep,
        }
    }

    /// The ruling of a reviewed group.
    pub(crate) fn group(&self, group: Group, vr: VR) -> Ruling {
        let rule = group.rule();
        ruling(|need| match group {
            Group::Calendar
            | Group::Url
            | Group::Issuer
            | Group::Identifier
            | Group::Person
            | Group::Host
            | Group::PrivateDeclaration
            | Group::Opaque => removal(need, RuleId::of(rule)),
            // Encrypted originals are Type 1C under a condition that is ours to answer.
            Group::Signature => decision(Action::Remove, rule),
            Group::Date => self.date(kind_of(vr), need, rule),
            Group::Institution => self.unless(ProfileOption::RetainInstitutionIdentity, need, rule),
            Group::Device => self.unless(ProfileOption::RetainDeviceIdentity, need, rule),
            Group::Uid if self.options.has(ProfileOption::RetainUids) => {
                decision(Action::Keep, rule)
            }
            Group::Uid => decision(Action::MapUid, rule),
            Group::StructuralUid | Group::Bulk => decision(Action::Keep, rule),
            Group::Code | Group::Technical => decision(Action::CleanText, rule),
            Group::Label => self.text(need, rule),
            Group::ContentItems if self.options.has(ProfileOption::CleanStructuredContent) => {
                decision(Action::CleanContent, rule)
            }
            Group::ContentItems => decision(Action::Keep, rule),
        })
    }

    fn unless(&self, option: ProfileOption, need: Need, rule: &'static str) -> Decision {
        if self.options.has(option) {
            decision(Action::Keep, rule)
        } else {
            removal(need, RuleId::of(rule))
        }
    }

    fn text(&self, need: Need, rule: &'static str) -> Decision {
        match self.unlisted.text {
            UnlistedText::Clean => decision(Action::CleanText, rule),
            UnlistedText::Remove => removal(need, RuleId::of(rule)),
        }
    }

    /// The ruling for attributes of the dictionary with neither row nor review, by their VR.
    pub(crate) fn vr(&self, vr: VR) -> Ruling {
        let rule = vr_rule(vr);
        ruling(|need| match kind_of(vr) {
            Kind::Number | Kind::Term => decision(Action::Keep, rule),
            Kind::Text => self.text(need, rule),
            Kind::Name | Kind::Address | Kind::ApplicationEntity | Kind::Opaque => {
                removal(need, RuleId::of(rule))
            }
            Kind::Uid if self.options.has(ProfileOption::RetainUids) => {
                decision(Action::Keep, rule)
            }
            Kind::Uid => decision(Action::MapUid, rule),
            kind @ (Kind::Date | Kind::Time) => self.date(kind, need, rule),
            Kind::Age
                if self
                    .options
                    .has(ProfileOption::RetainPatientCharacteristics) =>
            {
                decision(self.age(), rule)
            }
            Kind::Age => removal(need, RuleId::of(rule)),
            Kind::Sequence => match self.unlisted.sequences {
                UnlistedSequences::Recurse => decision(Action::Keep, rule),
                UnlistedSequences::Remove => removal(need, RuleId::of(rule)),
            },
        })
    }

    /// A listed private attribute that may stay, by the VR of its value.
    pub(crate) fn private(&self, vr: VR, keep_bulk: bool) -> Decision {
        let rule = "private:safe";
        match kind_of(vr) {
            Kind::Number | Kind::Term | Kind::Sequence => decision(Action::Keep, rule),
            Kind::Text => decision(Action::CleanText, rule),
            Kind::Uid => decision(Action::MapUid, rule),
            kind @ (Kind::Date | Kind::Time) => self.date(kind, Need::Foreign, rule),
            Kind::Age => decision(self.age(), rule),
            Kind::Opaque if keep_bulk => decision(Action::Keep, rule),
            Kind::Name | Kind::Address | Kind::ApplicationEntity | Kind::Opaque => {
                decision(Action::Remove, "private:unsafe-vr")
            }
        }
    }
}

/// The decision of the Basic Profile for a row.
pub(crate) fn basic(tag: Tag, vr: VR, code: Code, need: Need) -> Decision {
    if code == Code::X {
        return removal(need, RuleId::of("table:X"));
    }
    let letter = resolve(code, need);
    let action = match letter {
        'X' => Action::Remove,
        _ if tag == PATIENT_NAME || tag == PATIENT_ID => {
            return decision(Action::Pseudonym, table_rule(code, 'D'));
        }
        'U' if code == Code::XZU => Action::Keep,
        'U' => Action::MapUid,
        // A keyed UID is a dummy that still joins what belongs together.
        'D' if vr == VR::UI => return decision(Action::MapUid, table_rule(code, 'U')),
        'D' => Action::Dummy,
        _ => Action::Empty,
    };
    decision(action, table_rule(code, letter))
}

/// The rule id of a decision by an option.
pub(crate) const fn option_rule(option: ProfileOption) -> &'static str {
    match option {
        ProfileOption::CleanPixelData => "option:clean-pixel-data",
        ProfileOption::CleanRecognizableVisualFeatures => {
            "option:clean-recognizable-visual-features"
        }
        ProfileOption::CleanGraphics => "option:clean-graphics",
        ProfileOption::CleanStructuredContent => "option:clean-structured-content",
        ProfileOption::CleanDescriptors => "option:clean-descriptors",
        ProfileOption::RetainLongitudinalFullDates => "option:retain-longitudinal-full-dates",
        ProfileOption::RetainLongitudinalModifiedDates => {
            "option:retain-longitudinal-modified-dates"
        }
        ProfileOption::RetainPatientCharacteristics => "option:retain-patient-characteristics",
        ProfileOption::RetainDeviceIdentity => "option:retain-device-identity",
        ProfileOption::RetainUids => "option:retain-uids",
        ProfileOption::RetainSafePrivate => "option:retain-safe-private",
        ProfileOption::RetainInstitutionIdentity => "option:retain-institution-identity",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section by section what PS3.15 Table E.1-1a says, with the unnamed meetings as documented.
    #[test]
    fn conditional_codes_resolve_by_type() {
        let expected = [
            (Code::X, "XXXX"),
            (Code::Z, "XZZD"),
            (Code::D, "XDDD"),
            (Code::U, "UUUU"),
            (Code::ZD, "XZZD"),
            (Code::XZ, "XXZD"),
            (Code::XD, "XXZD"),
            (Code::XZD, "XXZD"),
            (Code::XZU, "XXZU"),
        ];
        for (code, letters) in expected {
            let resolved: String = Need::ALL
                .into_iter()
                .map(|need| resolve(code, need))
                .collect();
            assert_eq!(resolved, letters, "{code}");
        }
    }
}
