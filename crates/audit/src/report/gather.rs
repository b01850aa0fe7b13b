//! Reading a log for a report.

use super::{ActionRow, DecisionCount, DeliveryRow, LogReport, Work};
use crate::checkpoint::Checkpoint;
use crate::merkle::MerkleTree;
use crate::record::{ActionList, EvidenceRecord, LogEntry, NotALine};
use crate::summary::Equation;
use cloakroom_core::{Action, DecisionReason, Digest, PathPattern, ReviewerId, RuleId};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};
use thiserror::Error;

/// Why a log cannot be reported.
#[derive(Debug, Error)]
pub enum ReportError {
    /// It cannot be read.
    #[error("the log could not be read")]
    Io(#[from] io::Error),
    /// A line is no entry.
    #[error("the log is damaged: {0}")]
    Line(#[from] NotALine),
    /// The head is not that of the lines.
    #[error("the signed head is not that of the log")]
    Head,
}

#[derive(Default)]
struct Gathered {
    tree: MerkleTree,
    deliveries: Vec<DeliveryRow>,
    total: Equation,
    withheld: u64,
    lists: BTreeMap<Digest, ActionList>,
    uses: BTreeMap<Digest, u64>,
    work: Work,
    decisions: BTreeMap<(&'static str, DecisionReason), u64>,
    reviewers: BTreeSet<ReviewerId>,
}

impl LogReport {
    /// Reads a log and counts the objects that the report is about, by the digest of what was written.
    ///
    /// # Errors
    /// If a line is no entry, or the lines do not give the head.
    pub fn read(
        lines: impl BufRead,
        checkpoint: &Checkpoint,
        included: &dyn Fn(&Digest) -> bool,
    ) -> Result<Self, ReportError> {
        let mut all = Gathered::default();
        for line in lines.lines() {
            let line = line?;
            let entry = LogEntry::parse(&line)?;
            if let Some(leaf) = entry.leaf(&line) {
                all.tree.push(leaf);
            }
            all.take(entry, &line, included);
        }
        if all.tree.head() != *checkpoint.head() {
            return Err(ReportError::Head);
        }
        Ok(all.finish(checkpoint))
    }
}

impl Gathered {
    fn take(&mut self, entry: LogEntry, line: &str, included: &dyn Fn(&Digest) -> bool) {
        match entry {
            LogEntry::Actions(list) => {
                self.lists.insert(Digest::of(line.as_bytes()), list);
            }
            LogEntry::Decision(decision) => {
                let body = decision.body();
                let key = (body.ruling.subject(), body.reason);
                *self.decisions.entry(key).or_default() += 1;
                self.reviewers.insert(body.reviewer.clone());
            }
            LogEntry::Object(record) => {
                if record.output.is_some_and(|output| included(&output.digest)) {
                    self.count(&record);
                }
            }
            LogEntry::Summary(summary) => {
                self.total = summary.total.clone();
                self.deliveries.push(DeliveryRow {
                    number: summary.delivery,
                    date: summary.date,
                    profile: summary.profile,
                    tool: summary.tool,
                    released: summary.released,
                    run: summary.run,
                });
            }
            LogEntry::Withheld(_) => self.withheld += 1,
        }
    }

    fn count(&mut self, record: &EvidenceRecord) {
        let work = &mut self.work;
        work.objects += 1;
        if let Some(class) = &record.sop_class {
            *work.sop_classes.entry(class.as_str().into()).or_default() += 1;
        }
        if let Some(pixels) = &record.pixels {
            *work.pixel_reasons.entry(pixels.reason).or_default() += 1;
            for rule in &pixels.rules {
                *work.pixel_rules.entry(rule.clone()).or_default() += 1;
            }
            work.wiped += u64::from(!pixels.wiped.is_empty());
        }
        for (kind, count) in &record.text {
            *work.text.entry(kind.clone()).or_default() += u64::from(*count);
        }
        work.private.add(record.private.unwrap_or_default());
        if let Some(actions) = record.actions {
            *self.uses.entry(actions).or_default() += 1;
        }
    }

    fn finish(mut self, checkpoint: &Checkpoint) -> LogReport {
        let mut rows: BTreeMap<(PathPattern, Action, RuleId), u64> = BTreeMap::new();
        for (digest, objects) in &self.uses {
            let list = self.lists.get(digest).map_or(&[][..], ActionList::actions);
            // One list may name a path twice, where an attribute stood in different states.
            let named: BTreeSet<_> = list
                .iter()
                .map(|one| (one.path.clone(), one.action, one.rule.clone()))
                .collect();
            for key in named {
                *rows.entry(key).or_default() += objects;
            }
        }
        self.work.actions = rows.into_iter().map(action_row).collect();
        self.work.decisions = decision_counts(self.decisions);
        self.work.reviewers = self.reviewers.len() as u64;
        LogReport {
            origin: checkpoint.origin().to_string(),
            head: *checkpoint.head(),
            deliveries: self.deliveries,
            total: self.total,
            withheld: self.withheld,
            work: self.work,
        }
    }
}

fn action_row(((path, action, rule), objects): ((PathPattern, Action, RuleId), u64)) -> ActionRow {
    ActionRow {
        path,
        keyword: String::new(),
        action,
        rule,
        objects,
    }
}

fn decision_counts(all: BTreeMap<(&'static str, DecisionReason), u64>) -> Vec<DecisionCount> {
    all.into_iter()
        .map(|((subject, reason), count)| DecisionCount {
            subject,
            reason,
            count,
        })
        .collect()
}

impl Work {
    /// Adds the work of another log.
    pub(super) fn join(&mut self, other: &Self) {
        fn add<K: Ord + Clone>(sum: &mut BTreeMap<K, u64>, more: &BTreeMap<K, u64>) {
            for (key, count) in more {
                *sum.entry(key.clone()).or_default() += count;
            }
        }
        self.objects += other.objects;
        add(&mut self.sop_classes, &other.sop_classes);
        add(&mut self.pixel_reasons, &other.pixel_reasons);
        add(&mut self.pixel_rules, &other.pixel_rules);
        add(&mut self.text, &other.text);
        self.wiped += other.wiped;
        self.private.kept += other.private.kept;
        self.private.removed += other.private.removed;
        self.private.unknown += other.private.unknown;
        self.reviewers += other.reviewers;
        self.join_actions(&other.actions);
        let mut decisions: BTreeMap<(&'static str, DecisionReason), u64> = BTreeMap::new();
        for one in self.decisions.iter().chain(&other.decisions) {
            *decisions.entry((one.subject, one.reason)).or_default() += one.count;
        }
        self.decisions = decision_counts(decisions);
    }

    fn join_actions(&mut self, more: &[ActionRow]) {
        let mut rows: BTreeMap<(PathPattern, Action, RuleId), (String, u64)> = BTreeMap::new();
        for row in self.actions.iter().chain(more) {
            let key = (row.path.clone(), row.action, row.rule.clone());
            let sum = rows.entry(key).or_insert((row.keyword.clone(), 0));
            sum.1 += row.objects;
        }
        self.actions = rows
            .into_iter()
            .map(|(key, (keyword, objects))| ActionRow {
                keyword,
                ..action_row((key, objects))
            })
            .collect();
    }
}
