//! Everything a profile says that does not depend on Types, made once for each set of rules that apply.

use crate::class_rules::Decision;
use crate::kind::kind_of;
use crate::policy::PrivatePolicy;
use crate::rule::{Rule, Target};
use crate::ruling::{Need, Policies, Ruling, basic, removal, ruling};
use crate::standard::{number_of, table, tag_of, unlisted, vr_of};
use cloakroom_core::{Action, RuleId, Tag, VR};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Spreads tags over a table; tags are no secret and need no keyed hash.
#[derive(Default)]
pub(crate) struct TagHasher(u64);

impl Hasher for TagHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// An attribute the rules know by name.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) ruling: Ruling,
    pub(crate) vr: VR,
    /// Whether some rule of the profile speaks of this attribute at one path only.
    pub(crate) has_paths: bool,
}

/// Everything a profile says that does not depend on Types.
#[derive(Debug)]
pub(crate) struct Rulings {
    pub(crate) policies: Policies,
    pub(crate) private: PrivatePolicy,
    pub(crate) known: HashMap<u32, Known, BuildHasherDefault<TagHasher>>,
    /// Rulings for attributes with neither row nor review, by the number of the VR.
    by_vr: Vec<Ruling>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) patterns: Vec<usize>,
    paths: Vec<usize>,
    pub(crate) private_rules: Vec<usize>,
}

/// Every VR of the standard.
pub(crate) const EVERY_VR: [VR; 34] = [
    VR::AE,
    VR::AS,
    VR::AT,
    VR::CS,
    VR::DA,
    VR::DS,
    VR::DT,
    VR::FL,
    VR::FD,
    VR::IS,
    VR::LO,
    VR::LT,
    VR::OB,
    VR::OD,
    VR::OF,
    VR::OL,
    VR::OV,
    VR::OW,
    VR::PN,
    VR::SH,
    VR::SL,
    VR::SQ,
    VR::SS,
    VR::ST,
    VR::SV,
    VR::TM,
    VR::UC,
    VR::UI,
    VR::UL,
    VR::UN,
    VR::UR,
    VR::US,
    VR::UT,
    VR::UV,
];

impl Rulings {
    /// The rulings of a profile under those of its rules that apply, in their order: a later one overrides an earlier.
    pub(crate) fn new(policies: Policies, private: PrivatePolicy, rules: Vec<Rule>) -> Self {
        let mut by_vr = Vec::new();
        for vr in EVERY_VR {
            let number = vr as usize;
            if by_vr.len() <= number {
                by_vr.resize_with(number + 1, || ruling(unknown_vr));
            }
            by_vr[number] = policies.vr(vr);
        }
        let mut made = Self {
            policies,
            private,
            known: HashMap::default(),
            by_vr,
            rules,
            patterns: Vec::new(),
            paths: Vec::new(),
            private_rules: Vec::new(),
        };
        made.know_the_standard();
        made.know_the_rules();
        made
    }

    fn know_the_standard(&mut self) {
        for row in table::rows() {
            if let Some(tag) = row.tag.exact() {
                let vr = vr_of(tag).or(row.vr).unwrap_or(VR::LO);
                self.know(tag, vr, self.policies.row(tag, vr, row));
            }
        }
        for reviewed in unlisted::reviewed() {
            let vr = vr_of(reviewed.tag).unwrap_or(VR::UN);
            self.know(reviewed.tag, vr, self.policies.group(reviewed.group, vr));
        }
    }

    fn know(&mut self, tag: Tag, vr: VR, ruling: Ruling) {
        let known = Known {
            ruling,
            vr,
            has_paths: false,
        };
        self.known.insert(number_of(tag), known);
    }

    /// A pattern takes away what a row would keep, and never the other way round; a rule for one attribute wins over it.
    fn know_the_patterns(&mut self) {
        for number in 0..self.rules.len() {
            let rule = &self.rules[number];
            if !matches!(rule.target, Target::Pattern { .. }) {
                continue;
            }
            self.patterns.push(number);
            if rule.action == Some(Action::Keep) {
                continue;
            }
            let matching: Vec<(Tag, VR)> = self
                .known
                .iter()
                .map(|(number, known)| (tag_of(*number), known.vr))
                .filter(|(tag, _)| rule.target.matches_pattern(*tag))
                .collect();
            for (tag, vr) in matching {
                let ruling = self.rule_ruling(number, tag, vr);
                self.know(tag, vr, ruling);
            }
        }
    }

    fn know_the_rules(&mut self) {
        self.know_the_patterns();
        for number in 0..self.rules.len() {
            match &self.rules[number].target {
                Target::Attribute(tag) => {
                    let tag = *tag;
                    let vr = vr_of(tag).unwrap_or(VR::UN);
                    let ruling = self.rule_ruling(number, tag, vr);
                    self.know(tag, vr, ruling);
                }
                Target::Pattern { .. } => {}
                Target::Path(_) => self.paths.push(number),
                Target::Private { .. } => self.private_rules.push(number),
            }
        }
        for number in self.paths.clone() {
            let Target::Path(path) = &self.rules[number].target else {
                continue;
            };
            let Some(tag) = path.last().copied() else {
                continue;
            };
            if let Some(known) = self.known.get_mut(&number_of(tag)) {
                known.has_paths = true;
            } else {
                let vr = vr_of(tag).unwrap_or(VR::UN);
                let known = Known {
                    ruling: self.unknown_ruling(tag, vr),
                    vr,
                    has_paths: true,
                };
                self.known.insert(number_of(tag), known);
            }
        }
    }

    fn rule_ruling(&self, number: usize, tag: Tag, vr: VR) -> Ruling {
        ruling(|need| self.rule_decision(&self.rules[number], tag, vr, need))
    }

    /// What a rule of the profile comes to where the IOD needs the attribute so much.
    pub(crate) fn rule_decision(&self, rule: &Rule, tag: Tag, vr: VR, need: Need) -> Decision {
        let id = || rule.id.clone();
        let Some(action) = rule.action else {
            return table::row(tag).map_or_else(
                || removal(need, id()),
                |row| basic(tag, vr, row.basic, need),
            );
        };
        match action {
            Action::Remove => removal(need, id()),
            Action::Empty if need == Need::Valued => removal(need, id()),
            Action::ShiftDate => {
                let decision = self.policies.date(kind_of(vr), need, "profile:date");
                Decision {
                    rule: id(),
                    ..decision
                }
            }
            action => Decision {
                action,
                rule: id(),
                value: rule.value.clone(),
            },
        }
    }

    /// The ruling of an attribute that has neither row, review nor rule of its own.
    pub(crate) fn unknown_ruling(&self, tag: Tag, vr: VR) -> Ruling {
        let pattern = self.patterns.iter().rev().find(|number| {
            self.rules
                .get(**number)
                .is_some_and(|rule| rule.target.matches_pattern(tag))
        });
        match pattern {
            Some(number) => self.rule_ruling(*number, tag, vr),
            None => self.by_vr(vr),
        }
    }

    pub(crate) fn by_vr(&self, vr: VR) -> Ruling {
        self.by_vr
            .get(vr as usize)
            .map_or_else(|| ruling(unknown_vr), Clone::clone)
    }

    pub(crate) fn by_vr_at(&self, vr: VR, need: impl FnOnce() -> Need) -> Decision {
        match self.by_vr.get(vr as usize) {
            None => unknown_vr(need()),
            Some(answers) if answers.iter().all(|answer| *answer == answers[0]) => {
                answers[0].clone()
            }
            Some(answers) => answers[need() as usize].clone(),
        }
    }

    pub(crate) fn path_rule(&self, ancestors: &[Tag], tag: Tag) -> Option<&Rule> {
        self.paths
            .iter()
            .rev()
            .filter_map(|number| self.rules.get(*number))
            .find(|rule| match &rule.target {
                Target::Path(path) => path
                    .split_last()
                    .is_some_and(|(last, above)| *last == tag && above == ancestors),
                _ => false,
            })
    }
}

/// A VR that this program does not know.
fn unknown_vr(need: Need) -> Decision {
    removal(need, RuleId::of("vr:unknown"))
}
