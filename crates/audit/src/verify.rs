//! Judging a log: everything is computed anew from its lines, and each failure has a name.

use crate::checkpoint::{Checkpoint, Origin};
use crate::decision::DecisionChain;
use crate::diagnosis::{Evidence, diagnose};
use crate::keys::TrustedKeys;
use crate::log::{LogError, for_each_line, leaf_order};
use crate::merkle::{MerkleTree, TreeHead, leaf_hash};
use crate::note::SignatureState;
use crate::record::{EvidenceRecord, LogEntry};
use crate::summary::{Equation, RunSummary};
use cloakroom_core::{Digest, Outcome};
use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

macro_rules! failures {
    ($($member:ident = $code:literal, $meaning:literal;)+) => {
        /// The closed list of what can be wrong with a log.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Failure {
            $( #[doc = $meaning] $member, )+
        }

        impl Failure {
            /// Every failure, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            /// The stable name of the failure.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$member => $code),+ }
            }

            /// What it means, as a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$member => $meaning),+ }
            }
        }
    };
}

failures! {
    LineMalformed = "line-malformed", "a line is not an entry of a log, or not in the one way entries are written";
    RecordEdited = "record-edited", "a record was changed after the head was signed";
    RecordDropped = "record-dropped", "a record is missing that the signed head counts";
    RecordAdded = "record-added", "a record stands in the log that the signed head does not count";
    RecordsSwapped = "records-swapped", "records stand in another order than when the head was signed";
    OrderWrong = "order-wrong", "the records of a run are not in the order that records have";
    RecordMisplaced = "record-misplaced", "a record is of another site, track, delivery or date than its run";
    RecordContradicts = "record-contradicts", "a record contradicts itself: only a cleared object has an output";
    ObjectTwice = "object-twice", "two records claim the same released object";
    EarlierWrong = "earlier-wrong", "a record replaces an earlier one that is not there, or is of another input";
    ActionsMissing = "actions-missing", "a record names a list of actions that is not in the log before it";
    ActionsUnused = "actions-unused", "a list of actions stands in the log that no record names";
    DecisionWrong = "decision-wrong", "a decision of a person does not follow the one before it, or its signature does not hold";
    DecisionMissing = "decision-missing", "a record or summary names a decision of a person that is not in the log before it";
    SummaryMissing = "summary-missing", "the log ends without the summary of its last run";
    SummaryWrong = "summary-wrong", "a summary does not say what the records of its run say";
    PreviousHeadWrong = "previous-head-wrong", "a run names another previous head than the log had before it";
    ConservationBroken = "conservation-broken", "what was found is not what ended, by count or by bytes";
    HeadWrong = "head-wrong", "the checkpoint's head is not the head of this log";
    LeafListWrong = "leaf-list-wrong", "the list of leaf hashes is not that of this log";
    OriginWrong = "origin-wrong", "the checkpoint is of another site or track";
    SignatureWrong = "signature-wrong", "a signature by a known key does not hold";
    SignerUnknown = "signer-unknown", "no key that is trusted signed the head";
    HeadReplayed = "head-replayed", "the head is older than one that was seen before";
    HistoryRewritten = "history-rewritten", "the log no longer begins with what an earlier head signed";
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One failure and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// What is wrong.
    pub failure: Failure,
    /// The number of the leaf, from 0, where one is concerned.
    pub leaf: Option<u64>,
    /// The number of the line in the log file, from 1, where one is concerned.
    pub line: Option<u64>,
}

impl Fault {
    pub(crate) const fn of(failure: Failure) -> Self {
        Self {
            failure,
            leaf: None,
            line: None,
        }
    }
}

/// What the judge of a log knows beside the log.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The keys that are trusted.
    pub trusted: TrustedKeys,
    /// Keys that came with the log: they show that it is consistent, and not who signed it.
    pub claimed: TrustedKeys,
    /// A head seen earlier, which the log must extend.
    pub since: Option<Checkpoint>,
}

/// What was found in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Everything that is wrong, in the order of the log; at most [`Findings::MOST`].
    pub faults: Vec<Fault>,
    /// How many faults there are, counted beyond those listed.
    pub fault_count: u64,
    /// The head that the log's lines lead to.
    pub head: TreeHead,
    /// Runs.
    pub runs: u64,
    /// Records of objects, whatever their outcome.
    pub records: u64,
    /// Leaves whose records were withdrawn.
    pub withheld: u64,
    /// The trusted key that signed, if one did.
    pub signer: Option<String>,
    /// The equation over the whole log, as its last summary states it.
    pub total: Equation,
}

impl Findings {
    /// No more faults than these are listed one by one.
    pub const MOST: usize = 1000;

    /// Whether nothing at all is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.fault_count == 0
    }

    /// Whether the only thing wrong is that nobody trusted signed it.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.faults
            .iter()
            .all(|fault| fault.failure == Failure::SignerUnknown)
    }

    /// Whether this failure is among the faults.
    #[must_use]
    pub fn names(&self, failure: Failure) -> bool {
        self.faults.iter().any(|fault| fault.failure == failure)
    }
}

/// Judges a log by its lines, its checkpoint and, where it came with one, its list of leaf hashes.
///
/// `each` sees every record of an object with the number of its leaf, so that the caller can compare it
/// with the object itself.
///
/// # Errors
/// If the lines cannot be read. Whatever they say is a finding and no error.
pub fn verify_log(
    lines: &mut dyn BufRead,
    listed: Option<&[Digest]>,
    checkpoint: &Checkpoint,
    trust: &Trust,
    each: &mut dyn FnMut(u64, &EvidenceRecord),
) -> io::Result<Findings> {
    let mut judge = Judge::new(checkpoint.origin().clone());
    let read = for_each_line(lines, &mut |number, line| {
        judge.line(number, line, each);
        Ok(())
    });
    match read {
        Ok(()) => {}
        Err(LogError::Io(error)) => return Err(error),
        Err(LogError::Line { line, .. }) => judge.fault_at(Failure::LineMalformed, Some(line)),
        Err(LogError::Unfit(_) | LogError::Unfinished) => judge.fault(Failure::LineMalformed),
    }
    judge.finish();
    let signed = judge.signature(checkpoint, trust);
    let faults = diagnose(&Evidence {
        tree: &judge.tree,
        listed,
        head: *checkpoint.head(),
        signed,
        out_of_order: judge.out_of_order,
    });
    faults.into_iter().for_each(|fault| judge.push(fault));
    if let Some(since) = &trust.since {
        judge.since(since, trust);
    }
    Ok(judge.into_findings())
}

/// Reads a list of leaf hashes: 64 hexadecimal digits a line. `None` where a line is anything else.
#[must_use]
pub fn parse_leaf_list(text: &str) -> Option<Vec<Digest>> {
    text.lines().map(|line| line.parse().ok()).collect()
}

/// The run that is being read.
#[derive(Default)]
struct OpenRun {
    first: Option<EvidenceRecord>,
    previous_order: Option<(bool, Digest, Digest)>,
    start: Option<TreeHead>,
    records: u64,
    withheld: u64,
    ended: BTreeMap<String, u64>,
    released: u64,
    released_bytes: u64,
    /// The first line of the run that is no leaf.
    first_other_line: Option<u64>,
}

struct Judge {
    origin: Origin,
    tree: MerkleTree,
    faults: Vec<Fault>,
    fault_count: u64,
    line: u64,
    run: OpenRun,
    last: Option<RunSummary>,
    runs: u64,
    records: u64,
    withheld: u64,
    /// Lists of actions with the line where they stand, and whether a record has named them.
    actions: BTreeMap<Digest, (u64, bool)>,
    decisions: DecisionChain,
    latest: BTreeMap<Digest, (Digest, Outcome)>,
    outputs: BTreeSet<Digest>,
    out_of_order: Option<u64>,
    signer: Option<String>,
}

impl Judge {
    fn new(origin: Origin) -> Self {
        Self {
            decisions: DecisionChain::new(origin.site.clone(), origin.track.clone()),
            origin,
            tree: MerkleTree::new(),
            faults: Vec::new(),
            fault_count: 0,
            line: 0,
            run: OpenRun::default(),
            last: None,
            runs: 0,
            records: 0,
            withheld: 0,
            actions: BTreeMap::new(),
            latest: BTreeMap::new(),
            outputs: BTreeSet::new(),
            out_of_order: None,
            signer: None,
        }
    }

    fn push(&mut self, fault: Fault) {
        self.fault_count += 1;
        if self.faults.len() < Findings::MOST {
            self.faults.push(fault);
        }
    }

    fn fault(&mut self, failure: Failure) {
        self.push(Fault::of(failure));
    }

    fn fault_at(&mut self, failure: Failure, line: Option<u64>) {
        self.push(Fault {
            line,
            ..Fault::of(failure)
        });
    }

    /// A fault of the leaf that is being read.
    fn leaf_fault(&mut self, failure: Failure) {
        let fault = Fault {
            failure,
            leaf: Some(self.tree.size()),
            line: Some(self.line),
        };
        self.push(fault);
    }

    fn line(&mut self, number: u64, line: &[u8], each: &mut dyn FnMut(u64, &EvidenceRecord)) {
        self.line = number;
        let entry = core::str::from_utf8(line).ok().map(LogEntry::parse);
        match entry {
            Some(Ok(LogEntry::Actions(_))) => {
                let before = self.actions.insert(Digest::of(line), (number, false));
                self.run.first_other_line.get_or_insert(number);
                if before.is_some() {
                    self.fault_at(Failure::ActionsUnused, Some(number));
                }
            }
            Some(Ok(LogEntry::Decision(decision))) => {
                self.run.first_other_line.get_or_insert(number);
                if self.decisions.push(*decision).is_err() {
                    self.fault_at(Failure::DecisionWrong, Some(number));
                }
            }
            Some(Ok(LogEntry::Object(record))) => {
                each(self.tree.size(), &record);
                let leaf = leaf_hash(line);
                self.record(&record, leaf);
                self.tree.push(leaf);
            }
            Some(Ok(LogEntry::Summary(summary))) => {
                self.summary(&summary);
                self.tree.push(leaf_hash(line));
                self.last = Some(*summary);
                self.run = OpenRun::default();
                self.runs += 1;
            }
            Some(Ok(LogEntry::Withheld(withheld))) => {
                self.open_run();
                self.run.withheld += 1;
                self.withheld += 1;
                self.tree.push(withheld.leaf);
            }
            Some(Err(_)) | None => {
                // It may once have been a record, so it takes the place of one.
                self.leaf_fault(Failure::LineMalformed);
                self.open_run();
                self.run.records += 1;
                self.tree.push(leaf_hash(line));
            }
        }
    }

    fn open_run(&mut self) {
        let head = self.tree.head();
        self.run.start.get_or_insert(head);
    }

    fn record(&mut self, record: &EvidenceRecord, leaf: Digest) {
        self.open_run();
        self.records += 1;
        self.run.records += 1;
        self.place(record);
        let (not_released, key) = leaf_order(record);
        let order = (not_released, key, leaf);
        if self
            .run
            .previous_order
            .is_some_and(|before| before >= order)
        {
            self.leaf_fault(Failure::OrderWrong);
            let here = self.tree.size();
            self.out_of_order.get_or_insert(here);
        }
        self.run.previous_order = Some(order);
        if (record.outcome == Outcome::Cleared) != record.output.is_some() {
            self.leaf_fault(Failure::RecordContradicts);
        }
        if let Some(output) = record.output {
            self.run.released += 1;
            self.run.released_bytes = self.run.released_bytes.saturating_add(output.bytes);
            if !self.outputs.insert(output.digest) {
                self.leaf_fault(Failure::ObjectTwice);
            }
        }
        *self
            .run
            .ended
            .entry(record.outcome.to_string())
            .or_default() += 1;
        self.actions_of(record);
        let decided = |digest| self.decisions.find(digest).is_some();
        if !record.decisions.iter().all(decided) || !record.decisions.is_sorted_by(|a, b| a < b) {
            self.leaf_fault(Failure::DecisionMissing);
        }
        self.replaces(record, leaf);
    }

    fn place(&mut self, record: &EvidenceRecord) {
        let delivery = self.last.as_ref().map_or(0, |last| last.delivery) + 1;
        let first = self.run.first.get_or_insert_with(|| record.clone());
        let fits = record.site == self.origin.site
            && record.track == self.origin.track
            && record.delivery == delivery
            && record.date == first.date
            && record.tool == first.tool;
        if !fits {
            self.leaf_fault(Failure::RecordMisplaced);
        }
    }

    fn actions_of(&mut self, record: &EvidenceRecord) {
        let Some(digest) = record.actions else {
            return;
        };
        match self.actions.get_mut(&digest) {
            Some((_, named)) => *named = true,
            None => self.leaf_fault(Failure::ActionsMissing),
        }
    }

    fn replaces(&mut self, record: &EvidenceRecord, leaf: Digest) {
        if let Some(earlier) = record.earlier {
            let before = self.latest.remove(&earlier);
            let fits = before.is_some_and(|(input, _)| input == record.input);
            // A withheld record cannot be looked up, so it may be the one that was replaced.
            if !fits && self.withheld == 0 {
                self.leaf_fault(Failure::EarlierWrong);
            }
        }
        self.latest.insert(leaf, (record.input, record.outcome));
    }

    fn summary(&mut self, summary: &RunSummary) {
        let start = self.run.start.unwrap_or_else(|| self.tree.head());
        if summary.previous != start {
            self.leaf_fault(Failure::PreviousHeadWrong);
        }
        let delivery = self.last.as_ref().map_or(0, |last| last.delivery) + 1;
        let same_run = self
            .run
            .first
            .as_ref()
            .is_none_or(|first| first.date == summary.date && first.tool == summary.tool);
        let misplaced = summary.site != self.origin.site
            || summary.track != self.origin.track
            || summary.delivery != delivery
            || !same_run;
        if misplaced {
            self.leaf_fault(Failure::RecordMisplaced);
        }
        if !self.summary_counts(summary) {
            self.leaf_fault(Failure::SummaryWrong);
        }
        if summary.decisions != self.decisions.head() {
            self.leaf_fault(Failure::DecisionMissing);
        }
        if !self.conserves(summary) {
            self.leaf_fault(Failure::ConservationBroken);
        }
    }

    /// Whether the summary says what the records of its run say, as far as they are not withheld.
    fn summary_counts(&self, summary: &RunSummary) -> bool {
        let run = &self.run;
        let complete = run.withheld == 0;
        let released = if complete {
            summary.released.instances == run.released
                && summary.released.bytes == run.released_bytes
        } else {
            summary.released.instances >= run.released
                && summary.released.bytes >= run.released_bytes
        };
        summary.records == run.records + run.withheld && summary.records > 0 && released
    }

    /// Whether the equations hold, follow from each other, and count the records that are there.
    fn conserves(&self, summary: &RunSummary) -> bool {
        let seen = agrees(&summary.run, &self.run.ended, self.run.withheld);
        let mut latest = BTreeMap::<String, u64>::new();
        for (_, outcome) in self.latest.values() {
            *latest.entry(outcome.to_string()).or_default() += 1;
        }
        let whole = self.withheld > 0 || agrees(&summary.total, &latest, 0);
        summary.run.holds()
            && summary.total.holds()
            && summary.run.found.count == summary.records
            && seen
            && whole
    }

    fn finish(&mut self) {
        let open = self.run.start.is_some() || self.run.first_other_line.is_some();
        if open || self.last.is_none() && self.line > 0 {
            self.fault(Failure::SummaryMissing);
        }
        let unused: Vec<_> = self
            .actions
            .values()
            .filter(|(_, named)| !named && self.withheld == 0)
            .map(|(line, _)| *line)
            .collect();
        for line in unused {
            self.fault_at(Failure::ActionsUnused, Some(line));
        }
    }

    /// Whether a signature over the checkpoint holds, by a trusted key or by one that came with the log.
    fn signature(&mut self, checkpoint: &Checkpoint, trust: &Trust) -> bool {
        match checkpoint.note().check(&trust.trusted) {
            SignatureState::Good(name) => {
                self.signer = Some(name.as_str().into());
                true
            }
            SignatureState::Wrong(_) => {
                self.fault(Failure::SignatureWrong);
                false
            }
            SignatureState::UnknownSigner => {
                self.fault(Failure::SignerUnknown);
                match checkpoint.note().check(&trust.claimed) {
                    SignatureState::Good(_) => true,
                    SignatureState::Wrong(_) => {
                        self.fault(Failure::SignatureWrong);
                        false
                    }
                    SignatureState::UnknownSigner => false,
                }
            }
        }
    }

    fn since(&mut self, since: &Checkpoint, trust: &Trust) {
        if *since.origin() != self.origin {
            self.fault(Failure::OriginWrong);
            return;
        }
        match since.note().check(&trust.trusted) {
            SignatureState::Good(_) => {}
            SignatureState::Wrong(_) => return self.fault(Failure::SignatureWrong),
            SignatureState::UnknownSigner => self.fault(Failure::SignerUnknown),
        }
        match self.tree.head_at(since.head().size) {
            None => self.fault(Failure::HeadReplayed),
            Some(head) if head != *since.head() => self.fault(Failure::HistoryRewritten),
            Some(_) => {}
        }
    }

    fn into_findings(self) -> Findings {
        Findings {
            faults: self.faults,
            fault_count: self.fault_count,
            head: self.tree.head(),
            runs: self.runs,
            records: self.records,
            withheld: self.withheld,
            signer: self.signer,
            total: self.last.map(|last| last.total).unwrap_or_default(),
        }
    }
}

/// Whether an equation counts what was seen, and no more besides than what is withheld.
fn agrees(equation: &Equation, seen: &BTreeMap<String, u64>, withheld: u64) -> bool {
    let stated = |key: &String| equation.ended.get(key).map_or(0, |tally| tally.count);
    let within = seen.iter().all(|(key, count)| *count <= stated(key));
    let sum: u64 = seen.values().sum();
    within && equation.found.count == sum + withheld
}
