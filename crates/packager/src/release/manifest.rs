//! `release.json`.

use super::sealed::SealedSummary;
use crate::manifest::{Counts, FormatVersion, ProfileReference, ShardSummary, ToolReference};
use crate::signing::PublicKey;
use cloakroom_core::{Digest, SiteName, StatedDate, Tally, TrackId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `release.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseManifest {
    /// The version of this format.
    pub cloakroom_release: FormatVersion,
    /// The track.
    pub track: TrackId,
    /// Its title.
    pub title: String,
    /// The digest of the track file that the release was built by.
    pub track_sha256: Digest,
    /// The semantic version of the release.
    pub version: semver::Version,
    /// The stated date.
    pub date: StatedDate,
    /// The version before, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousRelease>,
    /// All versions before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<semver::Version>,
    /// Who may be asked.
    pub contact: String,
    /// The licence.
    pub licence: LicenceReference,
    /// The program.
    pub tool: ToolReference,
    /// `zstd` or `none`.
    pub compression: String,
    /// The key that signs the release.
    pub signing_key: PublicKey,
    /// How much there is.
    pub counts: Counts,
    /// The sides of the split.
    pub splits: BTreeMap<String, SplitSummary>,
    /// How patients were put on a side.
    pub split_rule: SplitRuleSummary,
    /// The shards.
    pub shards: Vec<ShardSummary>,
    /// The deliveries that it was built from.
    pub bundles: Vec<BundleReference>,
    /// In bundles = released + not selected + blocked + withdrawn.
    pub conservation: ReleaseConservation,
    /// The checks and what they found.
    pub checks: Vec<CheckSummary>,
    /// How small the smallest group of people is that the quasi-identifiers leave.
    pub anonymity: AnonymitySummary,
    /// The labels, if the bundles have any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<super::LabelSummary>,
    /// The labels of the test side that are sealed, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<SealedSummary>,
    /// Who may sign waivers of findings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiver_signers: Vec<crate::track::WaiverSigner>,
}

/// The version before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousRelease {
    /// Its version.
    pub version: semver::Version,
    /// The digest of its tag manifest, which covers every byte of it.
    pub tagmanifest_sha256: Digest,
}

/// A licence and the agreement that users accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceReference {
    /// The SPDX identifier, or `LicenseRef-…`.
    pub id: String,
    /// The digest of `DUA.txt`, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dua_sha256: Option<Digest>,
}

/// One side of the split.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitSummary {
    /// How much there is on it.
    pub counts: Counts,
    /// Patients by stratum.
    pub strata: BTreeMap<String, u64>,
}

/// How patients were put on a side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitRuleSummary {
    /// The name of the algorithm, with its version.
    pub algorithm: String,
    /// The seed.
    pub seed: String,
    /// The share of each side, in thousandths.
    pub shares: BTreeMap<String, u32>,
    /// What patients were balanced by.
    pub strata: Vec<String>,
    /// The hospital whose patients are all on the test side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out_site: Option<SiteName>,
    /// Patients who share images with another one, and stay on one side with that one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub joined_patients: u64,
}

/// A release in which nobody was joined says nothing of it, as those before this field did.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes by reference"
)]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A delivery that a release was built from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleReference {
    /// The hospital.
    pub site: SiteName,
    /// The number of the delivery.
    pub delivery: u32,
    /// Its stated date.
    pub date: StatedDate,
    /// Its instances.
    pub instances: u64,
    /// The digest of its tag manifest, which covers every byte of it.
    pub tagmanifest_sha256: Digest,
    /// The key that signed it.
    pub signing_key: PublicKey,
    /// The profile of the run.
    pub profile: ProfileReference,
}

/// In bundles = released + not selected + blocked + withdrawn, by count and bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseConservation {
    /// What the bundles hold.
    pub in_bundles: Tally,
    /// What is in the release.
    pub released: Tally,
    /// What the rules of the track left out, or a later delivery superseded.
    pub not_selected: Tally,
    /// What a check of the track stopped.
    pub blocked: Tally,
    /// What was withdrawn.
    pub withdrawn: Tally,
    /// The same by outcome and reason, such as `not-selected: modality`.
    pub reasons: BTreeMap<String, Tally>,
}

impl ReleaseConservation {
    /// Whether the equation holds by count and bytes, and the reasons add up too.
    #[must_use]
    pub fn holds(&self) -> bool {
        let mut ended = self.released;
        ended += self.not_selected;
        ended += self.blocked;
        ended += self.withdrawn;
        let mut reasons = Tally::default();
        self.reasons.values().for_each(|tally| reasons += *tally);
        ended == self.in_bundles && reasons == self.in_bundles
    }
}

/// A check and how often it found something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSummary {
    /// The name of the check.
    pub check: String,
    /// `block` or `warn`.
    pub severity: String,
    /// How many findings.
    pub findings: u64,
    /// How many of them a person waived.
    pub waived: u64,
}

/// k-anonymity over the quasi-identifiers of the track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnonymitySummary {
    /// What the groups are made by.
    pub quasi_identifiers: Vec<String>,
    /// The k that the track asks for.
    pub wanted: u32,
    /// The size of the smallest group.
    pub smallest: u64,
    /// Groups.
    pub groups: u64,
    /// Patients in groups smaller than the wanted k.
    pub patients_below: u64,
}
