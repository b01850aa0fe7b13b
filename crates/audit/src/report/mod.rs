//! The report of a site, a bundle or a release: what was done, what waits, what is left to fear, and which clause asks for it.
//!
//! It is made from logs, statements and tables that hold no value of an original, and it adds none: groups of fewer than
//! three people are counted and never described. The same input gives the same bytes.

mod anonymity;
mod charts;
mod clauses;
mod gather;
mod page;
mod people;
mod sections;
mod work;

pub use anonymity::{AnonymityTable, Cell, GroupRow, Person, THRESHOLDS};
pub use gather::ReportError;
pub use page::Language;

use crate::merkle::TreeHead;
use crate::record::{PrivateCounts, ProfileReference};
use crate::summary::{Equation, ReleasedCounts};
use crate::words::{PixelReasonKind, Token};
use cloakroom_core::{
    Action, DecisionReason, PathPattern, RuleId, SiteName, StatedDate, Tally, TrackId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that a report says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SafetyReport {
    /// The version of this form.
    pub cloakroom_report: u32,
    /// The version of the program that wrote it.
    pub tool: Token,
    /// What it is about.
    pub subject: Subject,
    /// What lies in the package; `None` for a site.
    pub contents: Option<Contents>,
    /// The logs, by site and track.
    pub logs: Vec<LogReport>,
    /// The equation of a release.
    pub release: Option<ReleaseEquation>,
    /// How small the groups of people are; `None` for a site, whose bundles each have a table of their own.
    pub anonymity: Option<AnonymityTable>,
}

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Subject {
    /// All tracks of a site, as its logs tell.
    Site {
        /// The site.
        site: SiteName,
    },
    /// One delivery.
    Bundle {
        /// The site.
        site: SiteName,
        /// The track.
        track: TrackId,
        /// Its number.
        delivery: u32,
        /// Its stated date.
        date: StatedDate,
    },
    /// One version of a track.
    Release {
        /// The track.
        track: TrackId,
        /// Its title.
        title: String,
        /// Its version.
        version: String,
        /// Its stated date.
        date: StatedDate,
    },
}

/// How much lies in a package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Patients.
    pub patients: u64,
    /// Studies.
    pub studies: u64,
    /// Series.
    pub series: u64,
    /// Instances.
    pub instances: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// In bundles = released + not selected + blocked + withdrawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseEquation {
    /// What the bundles hold.
    pub in_bundles: Tally,
    /// What is in the release.
    pub released: Tally,
    /// What the rules of the track left out.
    pub not_selected: Tally,
    /// What a check stopped.
    pub blocked: Tally,
    /// What was withdrawn.
    pub withdrawn: Tally,
}

/// What one log tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogReport {
    /// Site and track, as the log names itself.
    pub origin: String,
    /// The signed head, which is that of the lines. Whether the signature is of somebody trusted is not said here.
    pub head: TreeHead,
    /// The deliveries, the first one first.
    pub deliveries: Vec<DeliveryRow>,
    /// Every stream of the log, each by its latest outcome.
    pub total: Equation,
    /// Leaves whose records were withdrawn.
    pub withheld: u64,
    /// What was done to the objects that the report is about.
    pub work: Work,
}

/// One delivery, as its summary tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// Its number.
    pub number: u32,
    /// Its stated date.
    pub date: StatedDate,
    /// The profile.
    pub profile: ProfileReference,
    /// The version of the program.
    pub tool: Token,
    /// What it released.
    pub released: ReleasedCounts,
    /// The streams whose outcome it decided.
    pub run: Equation,
}

/// What was done to objects that left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Work {
    /// Objects.
    pub objects: u64,
    /// Objects by SOP Class.
    pub sop_classes: BTreeMap<String, u64>,
    /// Objects by the reason why their pixels may leave.
    pub pixel_reasons: BTreeMap<PixelReasonKind, u64>,
    /// Objects by the rule about pixels that fitted.
    pub pixel_rules: BTreeMap<Token, u64>,
    /// Objects of which areas were wiped.
    pub wiped: u64,
    /// What went out of texts, by kind.
    pub text: BTreeMap<Token, u64>,
    /// Private attributes.
    pub private: PrivateTotals,
    /// What was done to attributes.
    pub actions: Vec<ActionRow>,
    /// Decisions of people.
    pub decisions: Vec<DecisionCount>,
    /// How many different people decided.
    pub reviewers: u64,
}

/// What became of private attributes in all objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateTotals {
    /// Known and kept.
    pub kept: u64,
    /// Known and removed.
    pub removed: u64,
    /// Unknown; all removed.
    pub unknown: u64,
}

impl PrivateTotals {
    fn add(&mut self, counts: PrivateCounts) {
        self.kept += u64::from(counts.kept);
        self.removed += u64::from(counts.removed);
        self.unknown += u64::from(counts.unknown);
    }
}

/// What was done at one path under one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRow {
    /// Where.
    pub path: PathPattern,
    /// The keyword of the attribute; empty where it has none.
    pub keyword: String,
    /// What.
    pub action: Action,
    /// By which rule.
    pub rule: RuleId,
    /// In how many objects.
    pub objects: u64,
}

/// How often people decided so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecisionCount {
    /// What was decided.
    pub subject: &'static str,
    /// Why.
    pub reason: DecisionReason,
    /// How often.
    pub count: u64,
}

impl SafetyReport {
    /// The form that this program writes.
    pub const FORM: u32 = 1;

    /// Gives attributes their keywords, which only the dictionary knows.
    pub fn name_attributes(&mut self, keyword: &dyn Fn(&PathPattern) -> String) {
        for row in self.logs.iter_mut().flat_map(|log| &mut log.work.actions) {
            row.keyword = keyword(&row.path);
        }
    }

    /// The work of all logs in one sum.
    #[must_use]
    pub fn work(&self) -> Work {
        let mut sum = Work::default();
        self.logs.iter().for_each(|log| sum.join(&log.work));
        sum
    }

    /// The latest outcomes of all logs in one equation.
    #[must_use]
    pub fn total(&self) -> Equation {
        let mut sum = Equation::default();
        self.logs.iter().for_each(|log| sum.join(&log.total));
        sum
    }

    /// One self-contained page of HTML in two languages, which opens in the given one.
    #[must_use]
    pub fn to_html(&self, language: Language) -> String {
        page::page(self, language)
    }
}
