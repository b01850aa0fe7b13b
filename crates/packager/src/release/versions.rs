//! What changed between two versions: by series, by shard, and who was withdrawn.

use crate::bag;
use crate::block::BlockEntry;
use crate::error::PackError;
use crate::index::Index;
use crate::package::Package;
use crate::tables::{self, csv_text};
use crate::verify::VerifiedRelease;
use cloakroom_core::StatedDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The series that differ between two versions.
pub(super) const CHANGES: &str = "changes.csv";
/// The shards of both versions.
pub(super) const VERSION_MAP: &str = "version-map.csv";
/// The tombstones.
pub(super) const WITHDRAWN: &str = "withdrawn.csv";
/// The files that earlier versions had and this one has not.
pub(super) const REMOVED: &str = "removed.txt";
/// Every patient that ever had a side.
pub(super) const SIDES: &str = "sides.csv";

/// How something differs between two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Only the newer version has it.
    Added,
    /// Both have it, with other objects or other facts.
    Changed,
    /// Only the older version has it.
    Removed,
}

impl ChangeKind {
    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// One series that differs between two versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// The patient.
    pub patient: String,
    /// The released Series Instance UID.
    pub series: String,
    /// How it differs.
    pub kind: ChangeKind,
    /// Its side of the split, in the version that has it.
    pub split: String,
    /// Instances before.
    pub before: u64,
    /// Instances after.
    pub after: u64,
}

/// The series that differ between an older and a newer package.
#[must_use]
pub fn diff(older: &Index, newer: &Index) -> Vec<Change> {
    let (old, new) = (by_series(older), by_series(newer));
    let series: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let mut changes: Vec<_> = series
        .into_iter()
        .filter_map(|series| {
            let (before, after) = (old.get(series), new.get(series));
            let kind = match (before, after) {
                (Some(before), Some(after)) if same(before, after) => return None,
                (Some(_), Some(_)) => ChangeKind::Changed,
                (None, _) => ChangeKind::Added,
                (_, None) => ChangeKind::Removed,
            };
            let patient = &after.or(before)?.patient;
            let index = if after.is_some() { newer } else { older };
            let count =
                |block: Option<&&BlockEntry>| block.map_or(0, |block| block.members.len() as u64);
            Some(Change {
                patient: patient.clone(),
                series: series.into(),
                kind,
                split: index
                    .patients
                    .get(patient)
                    .map_or_else(String::new, |place| place.split.clone()),
                before: count(before),
                after: count(after),
            })
        })
        .collect();
    changes.sort();
    changes
}

fn by_series(index: &Index) -> BTreeMap<&str, &BlockEntry> {
    let blocks = index.shards.iter().flat_map(|shard| &shard.blocks);
    blocks.map(|block| (block.series.as_str(), block)).collect()
}

fn same(before: &BlockEntry, after: &BlockEntry) -> bool {
    let digests = |block: &BlockEntry| {
        block
            .members
            .iter()
            .map(|member| member.sha256)
            .collect::<Vec<_>>()
    };
    digests(before) == digests(after)
}

/// `changes.csv`, with the reason where the selection knows it.
pub(super) fn changes_csv(
    changes: &[Change],
    reasons: &BTreeMap<String, String>,
) -> Result<Vec<u8>, PackError> {
    let columns = [
        "patient",
        "series",
        "split",
        "change",
        "reason",
        "instances_before",
        "instances_after",
    ];
    let rows = changes.iter().map(|change| {
        let reason = reasons
            .get(&change.series)
            .filter(|_| change.kind != ChangeKind::Added);
        [
            change.patient.clone(),
            change.series.clone(),
            change.split.clone(),
            change.kind.name().into(),
            reason.cloned().unwrap_or_default(),
            change.before.to_string(),
            change.after.to_string(),
        ]
    });
    csv_text(CHANGES, &columns, rows)
}

/// `version-map.csv`: what became of each shard, so that an update downloads only what changed.
pub(super) fn version_map_csv(older: Option<&Index>, newer: &Index) -> Result<Vec<u8>, PackError> {
    let shards = |index: &Index| -> BTreeMap<String, (u64, String)> {
        let entry =
            |shard: &crate::ShardEntry| (shard.path(), (shard.bytes, shard.sha256.to_string()));
        index.shards.iter().map(entry).collect()
    };
    let old = older.map(shards).unwrap_or_default();
    let new = shards(newer);
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let rows = paths.into_iter().map(|path| {
        let change = match (old.contains_key(path), new.contains_key(path)) {
            (true, true) => "unchanged",
            (true, false) => "removed",
            _ => "added",
        };
        let (bytes, digest) = new
            .get(path)
            .or_else(|| old.get(path))
            .cloned()
            .unwrap_or_default();
        [path.clone(), change.into(), bytes.to_string(), digest]
    });
    csv_text(VERSION_MAP, &["shard", "change", "bytes", "sha256"], rows)
}

macro_rules! withdrawal_reasons {
    ($( $member:ident = $code:literal, $meaning:literal; )+) => {
        /// Why a patient was withdrawn: a closed list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum WithdrawalReason {
            $( #[doc = $meaning] $member, )+
        }

        impl WithdrawalReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$member => $code),+ }
            }

            /// What it means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$member => $meaning),+ }
            }
        }
    };
}

withdrawal_reasons! {
    Consent = "consent", "the patient or the hospital withdrew consent";
    Privacy = "privacy", "something that identifies was found";
    Quality = "quality", "the images are not usable";
    Legal = "legal", "a court or an authority ordered it";
}

/// A patient that must not be in this version or any later one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Withdrawal {
    /// The pseudonym.
    pub patient: String,
    /// Why.
    pub reason: WithdrawalReason,
    /// The version that first lacks the patient; empty for the one being built.
    pub version: String,
    /// The stated date of that version.
    pub date: Option<StatedDate>,
}

const WITHDRAWN_COLUMNS: [&str; 4] = ["patient", "reason", "version", "date"];

pub(super) fn withdrawn_csv(withdrawals: &[Withdrawal]) -> Result<Vec<u8>, PackError> {
    let rows = withdrawals.iter().map(|one| {
        [
            one.patient.clone(),
            one.reason.code().into(),
            one.version.clone(),
            one.date.map_or_else(String::new, |date| date.to_string()),
        ]
    });
    csv_text(WITHDRAWN, &WITHDRAWN_COLUMNS, rows)
}

/// The tombstones of a release.
///
/// # Errors
/// If the list is missing, changed or not one.
pub fn withdrawals_of(release: &Package) -> Result<Vec<Withdrawal>, PackError> {
    read_withdrawn(&release.read(WITHDRAWN)?)
}

/// Reads the tombstones of the version before.
pub(super) fn read_withdrawn(text: &[u8]) -> Result<Vec<Withdrawal>, PackError> {
    rows(WITHDRAWN, text)?
        .into_iter()
        .map(|row| {
            let text = |column: usize| row.get(column).map(String::as_str).unwrap_or_default();
            let reason = WithdrawalReason::ALL
                .iter()
                .find(|reason| reason.code() == text(1));
            Ok(Withdrawal {
                patient: text(0).into(),
                reason: *reason
                    .ok_or_else(|| PackError::damaged(WITHDRAWN, "a reason is unknown"))?,
                version: text(2).into(),
                date: text(3).parse().ok(),
            })
        })
        .collect()
}

/// `removed.txt`: a path a line, for whoever updates a copy in place from any earlier version.
pub(super) fn removed(
    previous: Option<&VerifiedRelease>,
    before: &str,
    files: &bag::Files,
) -> String {
    let own = |path: &str| {
        files.contains_key(path)
            || path.starts_with(tables::FOLDER)
            || bag::is_unlisted(path)
            || [bag::DECLARATION, bag::INFO, bag::MANIFEST, REMOVED].contains(&path)
    };
    let of_previous = previous
        .into_iter()
        .flat_map(|one| one.checked.files.keys());
    let gone: BTreeSet<&str> = before
        .lines()
        .chain(of_previous.map(String::as_str))
        .filter(|path| !own(path))
        .collect();
    gone.into_iter().map(|path| format!("{path}\n")).collect()
}

/// The sides of all patients that ever had one, so that one who comes back comes back to the same side.
pub(super) fn sides_csv(sides: &BTreeMap<String, String>) -> Result<Vec<u8>, PackError> {
    csv_text(
        SIDES,
        &["patient", "split"],
        sides.iter().map(|(patient, side)| [patient, side]),
    )
}

pub(super) fn read_sides(text: &[u8]) -> Result<BTreeMap<String, String>, PackError> {
    let pair = |row: Vec<String>| {
        let mut row = row.into_iter();
        row.next().zip(row.next())
    };
    Ok(rows(SIDES, text)?.into_iter().filter_map(pair).collect())
}

fn rows(table: &str, text: &[u8]) -> Result<Vec<Vec<String>>, PackError> {
    let mut reader = csv::Reader::from_reader(text);
    let read = |row: Result<csv::StringRecord, csv::Error>| match row {
        Ok(row) => Ok(row.iter().map(String::from).collect()),
        Err(error) => Err(PackError::damaged(table, error.to_string())),
    };
    reader.records().map(read).collect()
}
