//! What was planted in a delivery, and what should become of it.

use crate::canaries::Canary;
use crate::phantom::canvas::Area;
use cloakroom_core::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a byte stream lies: a path with `/` below the delivery, and a member's name inside an archive.
pub type Place = (String, Option<String>);

/// One byte stream of the delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// Path below the delivery, with `/`.
    pub path: String,
    /// Name inside the archive at `path`; absent for what lies in the folder itself.
    pub member: Option<String>,
    /// What it is, in words.
    pub what: String,
    /// The track that it was made for, if any: `lung`, `breast`, `glioma`, `kidney`, `thyroid`, `chest`.
    pub track: Option<String>,
    /// Patient ID, where it is an instance.
    pub patient_id: Option<String>,
    /// SOP Instance UID, where it is an instance.
    pub sop_instance: Option<String>,
    /// The outcomes that are right. The first is what a program with every capability should reach; the
    /// others are right where a capability is missing (a detector, say) or a policy differs.
    #[serde(with = "outcomes")]
    pub expected: Vec<Outcome>,
    /// Copies of one content share a group: one of them ends like the first expected outcome, all
    /// others as duplicates, and which is which is the program's choice.
    pub group: Option<String>,
    /// The lines that identify and stand in the pixels, in every frame: pixels of the stored image.
    pub burned: Vec<BurnedText>,
}

/// A line of text in the pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnedText {
    /// The cells that its letters stand in.
    pub area: Area,
    /// What it says.
    pub text: String,
}

impl PlannedFile {
    /// Whether it may end in this outcome.
    #[must_use]
    pub fn allows(&self, outcome: Outcome) -> bool {
        self.expected.contains(&outcome) || (self.group.is_some() && outcome == Outcome::Duplicate)
    }

    fn place(&self) -> Place {
        (self.path.clone(), self.member.clone())
    }
}

/// The truth about a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The seed it was made of.
    pub seed: u64,
    /// Every byte stream, sorted by path and member.
    pub files: Vec<PlannedFile>,
    /// Every value that identifies, each of which must be in no byte of what leaves.
    pub canaries: Vec<Canary>,
}

/// A byte stream that did not end as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// It has no outcome at all.
    Missing(PlannedFile),
    /// It ended differently.
    Different {
        /// What was planned.
        planned: PlannedFile,
        /// How it ended.
        found: Outcome,
    },
    /// It was not planted: a path, and a member's name.
    Unplanned(Place),
    /// Not exactly one copy of a group was kept.
    Copies {
        /// The group.
        group: String,
        /// How many copies did not end as duplicates.
        kept: usize,
    },
}

impl Truth {
    /// Compares what happened with what was planned. With a track, instances that were made for another
    /// may also be out of scope.
    #[must_use]
    pub fn judge(&self, observed: &BTreeMap<Place, Outcome>, track: Option<&str>) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
        for file in &self.files {
            let Some(found) = observed.get(&file.place()).copied() else {
                mismatches.push(Mismatch::Missing(file.clone()));
                continue;
            };
            let elsewhere = matches!(found, Outcome::OutOfScope(_))
                && file.patient_id.is_some()
                && track.is_some_and(|track| file.track.as_deref() != Some(track));
            if !elsewhere && !file.allows(found) {
                mismatches.push(Mismatch::Different {
                    planned: file.clone(),
                    found,
                });
            }
            if let Some(group) = &file.group {
                *kept.entry(group).or_default() += usize::from(found != Outcome::Duplicate);
            }
        }
        for place in observed.keys() {
            if !self
                .files
                .iter()
                .any(|file| file.path == place.0 && file.member == place.1)
            {
                mismatches.push(Mismatch::Unplanned(place.clone()));
            }
        }
        for (group, kept) in kept {
            if kept != 1 {
                mismatches.push(Mismatch::Copies {
                    group: group.to_owned(),
                    kept,
                });
            }
        }
        mismatches
    }

    /// The truth as JSON, for tools that are not in Rust.
    ///
    /// # Errors
    /// If the serialiser fails, which it does on no truth that this kit makes.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// How many streams should end in each kind of outcome, by the first expectation of each.
    #[must_use]
    pub fn tally(&self) -> BTreeMap<String, usize> {
        let mut tally = BTreeMap::new();
        let mut seen = std::collections::BTreeSet::new();
        for file in &self.files {
            let copy = file.group.as_ref().is_some_and(|group| !seen.insert(group));
            let outcome = if copy {
                Outcome::Duplicate
            } else {
                file.expected[0]
            };
            *tally.entry(outcome.to_string()).or_default() += 1;
        }
        tally
    }
}

/// Outcomes as text: `held: pixel-reason-missing`.
mod outcomes {
    use cloakroom_core::Outcome;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(
        list: &[Outcome],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        list.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Outcome>, D::Error> {
        let words = Vec::<String>::deserialize(deserializer)?;
        let parse = |word: &String| {
            let (kind, reason) = word.split_once(": ").unwrap_or((word, ""));
            Outcome::parse(kind, reason).map_err(D::Error::custom)
        };
        words.iter().map(parse).collect()
    }
}
