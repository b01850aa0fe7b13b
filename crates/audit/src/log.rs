//! The log of one site and track: it grows run by run and is never rewritten.

use crate::checkpoint::Origin;
use crate::decision::{DecisionChain, SignedDecision};
use crate::merkle::{MerkleTree, TreeHead, leaf_hash};
use crate::record::{
    ActionList, EvidenceRecord, LogEntry, NotALine, ProfileReference, WithheldLeaf,
};
use crate::summary::{Equation, ReleasedCounts, RunSummary};
use crate::words::Token;
use cloakroom_core::{Digest, Outcome, StatedDate};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use thiserror::Error;

/// Longest line of a log in bytes; a longer one is refused before it is read into memory.
pub const LONGEST_LINE: u64 = 1 << 24;

/// What the program must know of a log to extend it: its tree, its lists, and which records are the latest.
#[derive(Debug, Clone)]
pub struct SiteLog {
    origin: Origin,
    tree: MerkleTree,
    actions: BTreeSet<Digest>,
    latest: BTreeMap<Digest, LatestRecord>,
    decisions: DecisionChain,
    delivery: u32,
    total: Equation,
}

/// A record that no later one replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LatestRecord {
    /// The keyed digest of its input.
    pub input: Digest,
    /// How it ended.
    pub outcome: Outcome,
}

impl LatestRecord {
    const fn of(record: &EvidenceRecord) -> Self {
        Self {
            input: record.input,
            outcome: record.outcome,
        }
    }
}

/// Why a log cannot be read or extended.
#[derive(Debug, Error)]
pub enum LogError {
    /// The bytes could not be read or written.
    #[error("the log could not be read or written")]
    Io(#[from] io::Error),
    /// A line is not an entry of a log.
    #[error("line {line} of the log is wrong: {reason}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        /// Why.
        reason: NotALine,
    },
    /// A record names something that is not so in this log.
    #[error("a record does not fit this log: {0}")]
    Unfit(&'static str),
    /// The log ends in the middle of a run.
    #[error("the log ends without the summary of its last run")]
    Unfinished,
}

/// What all records of a run have in common.
#[derive(Debug, Clone)]
pub struct RunHeader {
    /// The stated date.
    pub date: StatedDate,
    /// The profile.
    pub profile: ProfileReference,
    /// The version of the program.
    pub tool: Token,
}

impl SiteLog {
    /// A log without records.
    #[must_use]
    pub fn empty(origin: Origin) -> Self {
        Self {
            decisions: DecisionChain::new(origin.site.clone(), origin.track.clone()),
            origin,
            tree: MerkleTree::new(),
            actions: BTreeSet::new(),
            latest: BTreeMap::new(),
            delivery: 0,
            total: Equation::default(),
        }
    }

    /// Reads a log in order to extend it. To judge one, see [`crate::verify_log`].
    ///
    /// # Errors
    /// If a line is wrong, belongs to another log, or the last run has no summary.
    pub fn read(origin: Origin, lines: &mut dyn BufRead) -> Result<Self, LogError> {
        let mut log = Self::empty(origin);
        let mut finished = true;
        for_each_line(lines, &mut |number, line| {
            let text = core::str::from_utf8(line).map_err(|_| NotALine::Form);
            let entry = text.and_then(LogEntry::parse);
            let entry = entry.map_err(|reason| LogError::Line {
                line: number,
                reason,
            })?;
            finished = matches!(entry, LogEntry::Summary(_));
            log.take_entry(entry, line)
        })?;
        if finished {
            Ok(log)
        } else {
            Err(LogError::Unfinished)
        }
    }

    fn take_entry(&mut self, entry: LogEntry, line: &[u8]) -> Result<(), LogError> {
        match entry {
            LogEntry::Actions(_) => {
                self.actions.insert(Digest::of(line));
            }
            LogEntry::Decision(decision) => self.enter_decision(*decision)?,
            LogEntry::Object(record) => {
                if record.site != self.origin.site || record.track != self.origin.track {
                    return Err(LogError::Unfit("it is of another site or track"));
                }
                self.enter(leaf_hash(line), LatestRecord::of(&record), record.earlier);
            }
            LogEntry::Summary(summary) => {
                self.delivery = summary.delivery;
                self.total = summary.total;
                self.tree.push(leaf_hash(line));
            }
            LogEntry::Withheld(WithheldLeaf { leaf }) => self.tree.push(leaf),
        }
        Ok(())
    }

    fn enter_decision(&mut self, decision: SignedDecision) -> Result<(), LogError> {
        self.decisions
            .push(decision)
            .map(drop)
            .map_err(|_| LogError::Unfit("a decision does not follow the one before it"))
    }

    fn enter(&mut self, leaf: Digest, latest: LatestRecord, earlier: Option<Digest>) {
        if let Some(earlier) = earlier {
            self.latest.remove(&earlier);
        }
        self.latest.insert(leaf, latest);
        self.tree.push(leaf);
    }

    /// Whose log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The head over all leaves.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.tree.head()
    }

    /// The tree over all leaves, for proofs.
    #[must_use]
    pub const fn tree(&self) -> &MerkleTree {
        &self.tree
    }

    /// The number of the last delivery; 0 before the first.
    #[must_use]
    pub const fn delivery(&self) -> u32 {
        self.delivery
    }

    /// The decisions of people that stand in the log.
    #[must_use]
    pub const fn decisions(&self) -> &DecisionChain {
        &self.decisions
    }

    /// The equation over all deliveries.
    #[must_use]
    pub const fn total(&self) -> &Equation {
        &self.total
    }

    /// The record with this leaf hash, if no later one replaces it.
    #[must_use]
    pub fn latest(&self, leaf: &Digest) -> Option<LatestRecord> {
        self.latest.get(leaf).copied()
    }

    /// The keyed digests of the inputs of all latest records.
    pub fn inputs(&self) -> impl Iterator<Item = Digest> {
        self.latest.values().map(|latest| latest.input)
    }

    /// Begins the next run. Records wait in `spool`, an empty temporary file or buffer, because they are sorted at the end.
    pub fn begin<S: Read + Write + Seek>(&mut self, header: RunHeader, spool: S) -> Run<'_, S> {
        Run {
            delivery: self.delivery + 1,
            total: self.total.clone(),
            decided: self.decisions.clone(),
            log: self,
            header,
            spool,
            spooled: 0,
            entries: Vec::new(),
            actions: BTreeMap::new(),
            run: Equation::default(),
            released: ReleasedCounts::default(),
            replaced: BTreeSet::new(),
        }
    }
}

/// One run on its way into the log.
pub struct Run<'log, S> {
    log: &'log mut SiteLog,
    header: RunHeader,
    delivery: u32,
    spool: S,
    spooled: u64,
    entries: Vec<SpooledRecord>,
    actions: BTreeMap<Digest, String>,
    /// The decisions of the log and, behind them, those that this run adds.
    decided: DecisionChain,
    run: Equation,
    total: Equation,
    released: ReleasedCounts,
    replaced: BTreeSet<Digest>,
}

/// Where a record waits. The order of the fields is the order of the leaves: what was released first, by its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct SpooledRecord {
    not_released: bool,
    key: Digest,
    leaf: Digest,
    start: u64,
    length: usize,
    latest: LatestRecord,
    earlier: Option<Digest>,
}

/// The place of a record among the leaves of its run.
#[must_use]
pub fn leaf_order(record: &EvidenceRecord) -> (bool, Digest) {
    match &record.output {
        Some(output) => (false, output.digest),
        None => (true, record.input),
    }
}

/// What a run added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedRun {
    /// Its summary.
    pub summary: RunSummary,
    /// The hashes of the leaves that it added, in their order, the summary's last.
    pub leaves: Vec<Digest>,
    /// The head of the log after it.
    pub head: TreeHead,
}

impl<S: Read + Write + Seek> Run<'_, S> {
    /// The number of this delivery.
    #[must_use]
    pub const fn delivery(&self) -> u32 {
        self.delivery
    }

    /// Adds the next decision of a person.
    ///
    /// # Errors
    /// If it does not follow the decisions before it.
    pub fn decide(&mut self, decision: SignedDecision) -> Result<(), LogError> {
        self.decided
            .push(decision)
            .map(drop)
            .map_err(|_| LogError::Unfit("a decision does not follow the one before it"))
    }

    /// Adds one record: `bytes` is the length of the stream as it stood in the export, which goes into sums only.
    ///
    /// The record's site, track, delivery, date and tool are set here, and its `actions` from the list.
    /// Returns the record's leaf hash, by which a later delivery names it.
    ///
    /// # Errors
    /// If the record replaces one that is not in the log, or its parts contradict each other, or the spool fails.
    pub fn add(
        &mut self,
        mut record: EvidenceRecord,
        actions: Option<&ActionList>,
        bytes: u64,
    ) -> Result<Digest, LogError> {
        record.site = self.log.origin.site.clone();
        record.track = self.log.origin.track.clone();
        record.delivery = self.delivery;
        record.date = self.header.date;
        record.tool = self.header.tool.clone();
        record.decisions.sort_unstable();
        record.decisions.dedup();
        if record
            .decisions
            .iter()
            .any(|digest| self.decided.find(digest).is_none())
        {
            return Err(LogError::Unfit(
                "it names a decision that is not in the log",
            ));
        }
        record.actions = actions.map(|list| self.keep_actions(list)).transpose()?;
        if (record.outcome == Outcome::Cleared) != record.output.is_some() {
            return Err(LogError::Unfit("only what was cleared has an output"));
        }
        self.count(&record, bytes)?;
        let (not_released, key) = leaf_order(&record);
        let (latest, earlier) = (LatestRecord::of(&record), record.earlier);
        let line = line_of(&LogEntry::Object(Box::new(record)))?;
        let leaf = leaf_hash(line.as_bytes());
        self.spool.write_all(line.as_bytes())?;
        self.entries.push(SpooledRecord {
            not_released,
            key,
            leaf,
            start: self.spooled,
            length: line.len(),
            latest,
            earlier,
        });
        self.spooled += line.len() as u64;
        Ok(leaf)
    }

    fn keep_actions(&mut self, list: &ActionList) -> Result<Digest, LogError> {
        let line = line_of(&LogEntry::Actions(list.clone()))?;
        let digest = Digest::of(line.as_bytes());
        if !self.log.actions.contains(&digest) {
            self.actions.entry(digest).or_insert(line);
        }
        Ok(digest)
    }

    fn count(&mut self, record: &EvidenceRecord, bytes: u64) -> Result<(), LogError> {
        if let Some(earlier) = record.earlier {
            let replaced = self
                .log
                .latest(&earlier)
                .filter(|was| was.input == record.input)
                .ok_or(LogError::Unfit("it replaces no record of the same input"))?;
            if !self.replaced.insert(earlier) {
                return Err(LogError::Unfit("it replaces what another record replaces"));
            }
            if !self.total.take(replaced.outcome, bytes) {
                return Err(LogError::Unfit("the record it replaces was not counted"));
            }
        }
        self.run.add(record.outcome, bytes);
        self.total.add(record.outcome, bytes);
        if let Some(output) = record.output {
            self.released.instances += 1;
            self.released.bytes += output.bytes;
        }
        Ok(())
    }

    /// Sorts the records, adds the summary, and appends the lines to the log.
    ///
    /// A run without records adds nothing, and returns `None`.
    ///
    /// # Errors
    /// If the spool or the log fails; the log in memory is then as before.
    pub fn finish(
        mut self,
        released: (u64, u64, u64),
        log_file: &mut dyn Write,
    ) -> Result<Option<FinishedRun>, LogError> {
        if self.entries.is_empty() {
            return Ok(None);
        }
        (
            self.released.patients,
            self.released.studies,
            self.released.series,
        ) = released;
        self.entries.sort_unstable();
        let summary = self.summary();
        let summary_line = line_of(&LogEntry::Summary(Box::new(summary.clone())))?;
        for line in self.actions.values() {
            writeln!(log_file, "{line}")?;
        }
        let known = self.log.decisions.decisions().len();
        for (_, decision) in &self.decided.decisions()[known..] {
            let entry = LogEntry::Decision(Box::new(decision.clone()));
            writeln!(log_file, "{}", line_of(&entry)?)?;
        }
        let entries = core::mem::take(&mut self.entries);
        for entry in &entries {
            log_file.write_all(&self.respool(entry)?)?;
            log_file.write_all(b"\n")?;
        }
        writeln!(log_file, "{summary_line}")?;
        Ok(Some(self.enter_all(&entries, summary, &summary_line)))
    }

    fn summary(&self) -> RunSummary {
        RunSummary {
            site: self.log.origin.site.clone(),
            track: self.log.origin.track.clone(),
            delivery: self.delivery,
            date: self.header.date,
            profile: self.header.profile.clone(),
            tool: self.header.tool.clone(),
            previous: self.log.head(),
            records: self.entries.len() as u64,
            released: self.released,
            run: self.run.clone(),
            total: self.total.clone(),
            decisions: self.decided.head(),
        }
    }

    fn respool(&mut self, entry: &SpooledRecord) -> Result<Vec<u8>, LogError> {
        let mut line = vec![0; entry.length];
        self.spool.seek(SeekFrom::Start(entry.start))?;
        self.spool.read_exact(&mut line)?;
        if leaf_hash(&line) != entry.leaf {
            return Err(LogError::Unfit("the spool was changed by somebody else"));
        }
        Ok(line)
    }

    fn enter_all(
        self,
        entries: &[SpooledRecord],
        summary: RunSummary,
        summary_line: &str,
    ) -> FinishedRun {
        let mut leaves: Vec<_> = entries.iter().map(|entry| entry.leaf).collect();
        for entry in entries {
            self.log.enter(entry.leaf, entry.latest, entry.earlier);
        }
        let leaf = leaf_hash(summary_line.as_bytes());
        self.log.tree.push(leaf);
        leaves.push(leaf);
        self.log.actions.extend(self.actions.keys());
        self.log.delivery = self.delivery;
        self.log.total = self.total;
        self.log.decisions = self.decided;
        FinishedRun {
            summary,
            leaves,
            head: self.log.head(),
        }
    }
}

fn line_of(entry: &LogEntry) -> Result<String, LogError> {
    entry
        .to_line()
        .map_err(|reason| LogError::Line { line: 0, reason })
}

/// What is called with the number and the bytes of a line.
pub(crate) type EachLine<'a> = dyn FnMut(u64, &[u8]) -> Result<(), LogError> + 'a;

/// Calls `each` with the number, from 1, and the bytes of every line, without newlines.
///
/// # Errors
/// What the reader or `each` says, or that a line is longer than [`LONGEST_LINE`] or lacks its newline.
pub(crate) fn for_each_line(
    lines: &mut dyn BufRead,
    each: &mut EachLine<'_>,
) -> Result<(), LogError> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        (&mut *lines)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        if line.pop() != Some(b'\n') {
            return Err(LogError::Line {
                line: number,
                reason: NotALine::Form,
            });
        }
        each(number, &line)?;
    }
    Ok(())
}
