//! Action records, counted over all Items of an object as they are made.

use cloakroom_core::{Action, ActionRecord, PathPattern, RuleId, State, Step, Tag};
use std::collections::BTreeMap;

/// The number of a chain of enclosing Sequences; 0 is the top level.
pub(crate) type Prefix = u32;

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    prefix: Prefix,
    step: Step,
    action: Action,
    before: State,
    after: State,
    rule: RuleId,
}

/// Collects records.
#[derive(Default)]
pub(crate) struct Records {
    prefixes: Vec<Vec<Step>>,
    known: BTreeMap<(Prefix, Step), Prefix>,
    counts: BTreeMap<Key, u32>,
}

impl Records {
    pub(crate) fn new() -> Self {
        Self {
            prefixes: vec![Vec::new()],
            ..Self::default()
        }
    }

    /// The number of a Sequence below another.
    pub(crate) fn prefix(&mut self, outer: Prefix, step: Step) -> Prefix {
        let next = self.prefixes.len() as Prefix;
        let number = *self.known.entry((outer, step.clone())).or_insert(next);
        if number == next {
            let mut steps = self.prefixes[outer as usize].clone();
            steps.push(step);
            self.prefixes.push(steps);
        }
        number
    }

    pub(crate) fn add(
        &mut self,
        prefix: Prefix,
        step: Step,
        action: Action,
        rule: RuleId,
        states: (State, State),
    ) {
        let key = Key {
            prefix,
            step,
            action,
            before: states.0,
            after: states.1,
            rule,
        };
        *self.counts.entry(key).or_insert(0) += 1;
    }

    /// A record of a top-level attribute.
    pub(crate) fn add_top(
        &mut self,
        tag: Tag,
        action: Action,
        rule: &'static str,
        states: (State, State),
    ) {
        self.add(0, Step::Standard(tag), action, RuleId::of(rule), states);
    }

    pub(crate) fn finish(self) -> Vec<ActionRecord> {
        let mut records: Vec<ActionRecord> = self
            .counts
            .into_iter()
            .filter_map(|(key, count)| {
                let mut steps = self.prefixes[key.prefix as usize].clone();
                steps.push(key.step);
                Some(ActionRecord {
                    path: PathPattern::new(steps)?,
                    action: key.action,
                    rule: key.rule,
                    before: key.before,
                    after: key.after,
                    count,
                })
            })
            .collect();
        records.sort();
        records
    }
}
