//! What a package states of itself: `bundle.json` and `release.json`.

use crate::index::Index;
use crate::labels::BundleLabels;
use crate::seekable::Compression;
use crate::shard::ShardEntry;
use crate::signing::PublicKey;
use cloakroom_core::{Conservation, Digest, ProfileId, SiteName, StatedDate, TrackId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The file that states what a bundle is.
pub const BUNDLE_FILE: &str = "bundle.json";
/// The file that states what a release is.
pub const RELEASE_FILE: &str = "release.json";
/// The JSON Schema of [`BUNDLE_FILE`].
pub const BUNDLE_SCHEMA: &str = include_str!("../schema/bundle.schema.json");
/// The JSON Schema of [`RELEASE_FILE`].
pub const RELEASE_SCHEMA: &str = include_str!("../schema/release.schema.json");

/// The version of a stored format. A reader refuses what is newer than itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct FormatVersion(u32);

impl FormatVersion {
    /// The version that this program writes.
    pub const CURRENT: Self = Self(1);
}

impl TryFrom<u32> for FormatVersion {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self(number)),
            _ => Err(format!(
                "format version {number} is not known; this program reads version {}",
                Self::CURRENT.0
            )),
        }
    }
}

impl From<FormatVersion> for u32 {
    fn from(version: FormatVersion) -> Self {
        version.0
    }
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Patients.
    pub patients: u64,
    /// Studies.
    pub studies: u64,
    /// Series.
    pub series: u64,
    /// Instances.
    pub instances: u64,
    /// Bytes of the instances.
    pub bytes: u64,
}

impl Counts {
    /// Counts what lies in shards.
    #[must_use]
    pub fn of<'a>(shards: impl IntoIterator<Item = &'a ShardEntry>) -> Self {
        let mut counts = Self::default();
        let (mut patients, mut studies) = (BTreeSet::new(), BTreeSet::new());
        for block in shards.into_iter().flat_map(|shard| &shard.blocks) {
            patients.insert(block.patient.as_str());
            studies.insert((block.patient.as_str(), block.study.as_str()));
            counts.series += 1;
            counts.instances += block.members.len() as u64;
            counts.bytes += block.content_bytes();
        }
        counts.patients = patients.len() as u64;
        counts.studies = studies.len() as u64;
        counts
    }
}

/// One shard, as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardSummary {
    /// The path inside the package.
    pub path: String,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// The digest of the file.
    pub sha256: Digest,
    /// The digest of the sorted list of digests and members, which no compressor can change.
    pub content_sha256: Digest,
    /// Objects.
    pub members: u64,
    /// Patients.
    pub patients: u64,
    /// Series.
    pub series: u64,
    /// The version in which this shard first appeared; only in releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<semver::Version>,
}

impl ShardSummary {
    /// The summary of a shard.
    #[must_use]
    pub fn of(shard: &ShardEntry) -> Self {
        let counts = Counts::of([shard]);
        Self {
            path: shard.path(),
            bytes: shard.bytes,
            sha256: shard.sha256,
            content_sha256: shard.content_sha256,
            members: counts.instances,
            patients: counts.patients,
            series: counts.series,
            since: None,
        }
    }
}

/// A profile by name and content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileReference {
    /// Its id.
    pub id: ProfileId,
    /// Its version.
    pub version: String,
    /// Its digest.
    pub sha256: Digest,
}

/// The program that wrote a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolReference {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The head of the hospital's log that covers a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogHead {
    /// The name of the log.
    pub origin: String,
    /// Its leaves.
    pub size: u64,
    /// The root of its tree.
    pub root: Digest,
}

/// What the caller knows of a bundle and its shards do not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFacts {
    /// The hospital.
    pub site: SiteName,
    /// The track.
    pub track: TrackId,
    /// The number of the delivery of this site and track, counted from 1.
    pub delivery: u32,
    /// The stated date.
    pub date: StatedDate,
    /// The profile of the run.
    pub profile: ProfileReference,
    /// The program.
    pub tool: ToolReference,
    /// How every byte stream of the export ended.
    pub conservation: Option<Conservation>,
    /// The log that covers the bundle.
    pub log: Option<LogHead>,
}

impl BundleFacts {
    /// The beginning of all shard names: `SITE-TRACK-dNNNN`.
    #[must_use]
    pub fn stem(&self) -> String {
        format!("{}-{}-d{:04}", self.site, self.track, self.delivery)
    }
}

/// `bundle.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleManifest {
    /// The version of this format.
    pub cloakroom_bundle: FormatVersion,
    /// The hospital.
    pub site: SiteName,
    /// The track.
    pub track: TrackId,
    /// The number of the delivery.
    pub delivery: u32,
    /// The stated date.
    pub date: StatedDate,
    /// The profile of the run.
    pub profile: ProfileReference,
    /// The program.
    pub tool: ToolReference,
    /// `zstd` or `none`.
    pub compression: String,
    /// The key that signs the bundle.
    pub signing_key: PublicKey,
    /// How much there is.
    pub counts: Counts,
    /// The shards.
    pub shards: Vec<ShardSummary>,
    /// How every byte stream of the export ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conservation: Option<Conservation>,
    /// The log that covers the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogHead>,
    /// The label files, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BundleLabels>,
}

impl BundleManifest {
    pub(crate) fn new(facts: BundleFacts, index: &Index, key: &PublicKey) -> Self {
        Self {
            cloakroom_bundle: FormatVersion::CURRENT,
            site: facts.site,
            track: facts.track,
            delivery: facts.delivery,
            date: facts.date,
            profile: facts.profile,
            tool: facts.tool,
            compression: compression_name(&index.shards).into(),
            signing_key: key.clone(),
            counts: Counts::of(&index.shards),
            shards: index.shards.iter().map(ShardSummary::of).collect(),
            conservation: facts.conservation,
            log: facts.log,
            labels: None,
        }
    }
}

pub(crate) fn compression_name(shards: &[ShardEntry]) -> &'static str {
    shards
        .first()
        .map_or(Compression::None, |shard| shard.compression)
        .name()
}
