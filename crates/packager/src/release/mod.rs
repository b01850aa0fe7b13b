//! Track releases: what organisers make of the bundles of many hospitals.

mod balance;
mod card;
mod carry;
mod croissant;
mod downloads;
mod duplicates;
mod labels;
mod manifest;
mod people;
mod probe;
mod purge;
mod sealed;
mod select;
mod shards;
mod split;
mod versions;
pub(crate) mod waivers;
mod whole;

pub use carry::{Replaced, withdrawn_objects};
pub use labels::{AgreementSummary, LabelSummary};
pub use manifest::{
    AnonymitySummary, BundleReference, CheckSummary, LicenceReference, PreviousRelease,
    ReleaseConservation, ReleaseManifest, SplitRuleSummary, SplitSummary,
};
pub use purge::purge;
pub(crate) use purge::{PURGED, PURGED_SIGNATURE};
pub use sealed::{COMMITMENT, Commitment, SEALED_LABELS, SealedLabels, SealedSummary};
pub use versions::{Change, ChangeKind, Withdrawal, WithdrawalReason, diff, withdrawals_of};
pub use waivers::{WaiverError, read_waivers};

use crate::bag::{BagInfo, Files, TAG_MANIFEST, is_payload};
use crate::builder::PackageBuilder;
use crate::checks::CheckFinding;
use crate::error::PackError;
use crate::index::{Index, PatientPlace};
use crate::manifest::{
    Counts, FormatVersion, RELEASE_FILE, RELEASE_SCHEMA, ShardSummary, ToolReference,
};
use crate::plan::ShardLimits;
use crate::seekable::Compression;
use crate::signing::{PublicKey, SigningKey};
use crate::tables;
use crate::track::{CheckName, Duplicates, Track};
use crate::verify::{VerifiedBundle, VerifiedRelease};
use cloakroom_core::{Digest, InstanceSurvey, SiteName, StatedDate};
use labels::ReleaseLabels;
use people::Person;
use select::{Selection, WeighedFinding};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The loader for participants, which every release carries.
const LOADER_FILE: &str = "cloakroom_loader.py";
const LOADER: &str = include_str!("../../../../python/cloakroom_loader.py");
/// What the checks found.
pub(crate) const CHECKS_TABLE: &str = "evidence/checks.csv";

/// Everything that decides the bytes of a release.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseInput<'a> {
    /// The track.
    pub track: &'a Track,
    /// All deliveries of all hospitals, in any order.
    pub bundles: &'a [VerifiedBundle],
    /// The semantic version.
    pub version: &'a semver::Version,
    /// The stated date.
    pub date: StatedDate,
    /// The version before. Without it, this is the first.
    pub previous: Option<&'a VerifiedRelease>,
    /// Patients that must not be in it; those of the version before are remembered.
    pub withdrawals: &'a [Withdrawal],
    /// Findings that somebody takes responsibility for.
    pub waivers: &'a [Waiver],
    /// What a look at the objects found, by their digests; empty where nobody looked.
    pub surveys: &'a BTreeMap<Digest, InstanceSurvey>,
    /// Files for `evidence/`: names and contents, such as the proofs that each object is in its hospital's log.
    pub evidence: &'a [(String, Vec<u8>)],
    /// Files that take the place of evidence that is taken over.
    pub replaced: &'a Replaced,
    /// The program.
    pub tool: &'a ToolReference,
    /// The sealed labels of the test side.
    pub sealed: Option<&'a SealedLabels>,
    /// Addresses of folders that will hold the release, for the download lists.
    pub mirrors: &'a [String],
    /// How large shards may become.
    pub limits: ShardLimits,
}

/// A finding that somebody takes responsibility for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The check.
    pub check: CheckName,
    /// The patient, study or series that it is waived for.
    pub about: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub signer: String,
}

/// Why a release is not built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The track does not trust the key of a bundle.
    #[error("the track does not trust {key} for site {site}")]
    SiteNotTrusted {
        /// The hospital that the bundle names.
        site: SiteName,
        /// The key that signed it.
        key: PublicKey,
    },
    /// A bundle is of another track.
    #[error("a bundle of site {site} is for track {found}, not for {wanted}")]
    OtherTrack {
        /// The hospital.
        site: SiteName,
        /// The track of the bundle.
        found: String,
        /// The track that is being built.
        wanted: String,
    },
    /// The version before is one of another track.
    #[error("the version before is of track {found}, not of {wanted}")]
    PreviousOfOtherTrack {
        /// The track of the version before.
        found: String,
        /// The track that is being built.
        wanted: String,
    },
    /// A delivery was given twice.
    #[error("delivery {delivery} of site {site} was given twice")]
    DeliveryTwice {
        /// The hospital.
        site: SiteName,
        /// The number.
        delivery: u32,
    },
    /// Two hospitals have the same pseudonym, which keys make all but impossible.
    #[error("patient {0} is in bundles of two sites")]
    PatientAtTwoSites(String),
    /// A series has two patients or two studies.
    #[error("series {0} belongs to two patients or studies")]
    SeriesConflict(String),
    /// A check of the whole release blocks.
    #[error("the release is stopped by {} findings: {}", .0.len(), .0.join("; "))]
    Stopped(Vec<String>),
    /// Nothing is left to release.
    #[error("nothing is left to release: all instances were left out, stopped or withdrawn")]
    NothingSelected,
    /// A label is sealed of somebody who is not on the test side.
    #[error("labels of patient {0} are sealed, who is not on the test side of this release")]
    SealedOutsideTest(String),
    /// A version must be newer than the one before.
    #[error("version {version} is not newer than {before}")]
    VersionNotNewer {
        /// The version asked for.
        version: semver::Version,
        /// The version before.
        before: semver::Version,
    },
    /// A delivery is not the one that the version before was built from.
    #[error(
        "delivery {delivery} of site {site} is not the one that the version before was built from"
    )]
    OtherDelivery {
        /// The hospital.
        site: SiteName,
        /// The number.
        delivery: u32,
    },
    /// Some deliveries of the version before were given again, and others were not.
    #[error(
        "the version before is of deliveries of which {count} were not given, such as {example}, and others were"
    )]
    BundleMissing {
        /// How many.
        count: usize,
        /// One of them.
        example: String,
    },
    /// Packing failed.
    #[error(transparent)]
    Pack(#[from] PackError),
}

impl ReleaseInput<'_> {
    fn waiver_of(&self, finding: &CheckFinding) -> Option<(String, String)> {
        let about = |waiver: &&Waiver| {
            let names = [&finding.patient, &finding.study, &finding.series];
            waiver.check == finding.check && names.contains(&&waiver.about)
        };
        let waiver = self.waivers.iter().find(about)?;
        Some((waiver.signer.clone(), waiver.reason.clone()))
    }
}

/// Builds a release in `OUT.partial` and renames it to `OUT`.
///
/// # Errors
/// If a bundle is not trusted or not of this track, the versions do not follow each other, nothing is left,
/// or the disk fails. A killed build begins again with the shards that it had finished.
pub fn build(
    input: &ReleaseInput<'_>,
    out: &Path,
    key: &SigningKey,
) -> Result<PathBuf, ReleaseError> {
    check_bundles(input)?;
    let before = Before::read(input)?;
    let withdrawals = before.withdrawals(input);
    let input = &ReleaseInput {
        withdrawals: &withdrawals,
        ..*input
    };
    check_previous(input)?;
    let selection = select::select(input)?;
    if selection.series.is_empty() {
        return Err(ReleaseError::NothingSelected);
    }
    let people = people::people(&selection.series);
    let groups = match input.track.split.duplicates {
        Duplicates::Together => duplicates::groups(&selection.series, input.surveys),
        Duplicates::Ignore => duplicates::Groups::new(),
    };
    let sides = split::assign(&input.track.split, &people, &before.sides, &groups);
    let labels = labels::gather(input, &selection.series, &sides)?;
    if let Some(sealed) = input.sealed {
        sealed.check(&sides)?;
    }
    let whole = whole::Whole {
        input,
        series: &selection.series,
        people: &people,
        sides: &sides,
        groups: &groups,
        labels: &labels,
    }
    .check()?;
    let planned = shards::plan(input, &selection.series, &sides);
    let mut builder = PackageBuilder::begin(out)?;
    let since = shards::write(input, &mut builder, &planned)?;
    let index = builder.index(|patient| PatientPlace {
        site: people
            .get(patient)
            .map_or_else(String::new, |person| person.site.clone()),
        split: sides.get(patient).cloned().unwrap_or_default(),
    })?;
    labels.write(&mut builder)?;
    builder.add_tables(&index)?;
    builder.add_parquet()?;
    let scene = Scene {
        input,
        selection: &selection,
        labels: &labels,
        whole: &whole,
        groups: &groups,
        people: &people,
        sides: &sides,
        since: &since,
        index: &index,
        before: &before,
        bundles: carry::references(input)?,
        key,
    };
    let manifest = scene.manifest();
    scene.write_texts(&mut builder, &manifest)?;
    scene.write_evidence(&mut builder)?;
    if let Some(sealed) = input.sealed {
        sealed.add(&mut builder)?;
    }
    let removed = versions::removed(input.previous, &before.removed, builder.files());
    builder.add_text(versions::REMOVED, &removed)?;
    let info = BagInfo {
        identifier: format!("{}-{}", manifest.track, manifest.version),
        organization: manifest.contact.clone(),
        description: manifest.title.clone(),
        date: manifest.date.to_string(),
        software: format!("{} {}", manifest.tool.name, manifest.tool.version),
    };
    let lists = |files: &Files| downloads::lists(&manifest, input.mirrors, files);
    Ok(builder.seal(&index, &info, key, &lists)?)
}

fn check_bundles(input: &ReleaseInput<'_>) -> Result<(), ReleaseError> {
    let mut deliveries = BTreeSet::new();
    for bundle in input.bundles {
        let manifest = &bundle.manifest;
        let site = || manifest.site.clone();
        if manifest.track != input.track.id {
            return Err(ReleaseError::OtherTrack {
                site: site(),
                found: manifest.track.to_string(),
                wanted: input.track.id.to_string(),
            });
        }
        let trusted = input
            .track
            .sites
            .iter()
            .find(|trusted| trusted.name == manifest.site);
        if !trusted.is_some_and(|trusted| trusted.keys.contains(&manifest.signing_key)) {
            return Err(ReleaseError::SiteNotTrusted {
                site: site(),
                key: manifest.signing_key.clone(),
            });
        }
        if !deliveries.insert((&manifest.site, manifest.delivery)) {
            return Err(ReleaseError::DeliveryTwice {
                site: site(),
                delivery: manifest.delivery,
            });
        }
    }
    Ok(())
}

fn check_previous(input: &ReleaseInput<'_>) -> Result<(), ReleaseError> {
    let Some(previous) = input.previous else {
        return Ok(());
    };
    if previous.manifest.track != input.track.id {
        return Err(ReleaseError::PreviousOfOtherTrack {
            found: previous.manifest.track.to_string(),
            wanted: input.track.id.to_string(),
        });
    }
    if previous.manifest.version >= *input.version {
        return Err(ReleaseError::VersionNotNewer {
            version: input.version.clone(),
            before: previous.manifest.version.clone(),
        });
    }
    carry::carried(input).map(drop)
}

/// What the version before hands down.
#[derive(Default)]
struct Before {
    sides: BTreeMap<String, String>,
    withdrawn: Vec<Withdrawal>,
    removed: String,
    changelog: String,
}

impl Before {
    fn read(input: &ReleaseInput<'_>) -> Result<Self, PackError> {
        let Some(previous) = input.previous else {
            return Ok(Self::default());
        };
        Ok(Self {
            sides: versions::read_sides(&file_of(previous, versions::SIDES)?)?,
            withdrawn: tombstones(previous)?,
            removed: String::from_utf8_lossy(&file_of(previous, versions::REMOVED)?).into_owned(),
            changelog: String::from_utf8_lossy(&file_of(previous, "CHANGELOG.md")?).into_owned(),
        })
    }

    /// The tombstones of the version before, and the new ones with this version and date.
    fn withdrawals(&self, input: &ReleaseInput<'_>) -> Vec<Withdrawal> {
        let mut all: BTreeMap<String, Withdrawal> = self
            .withdrawn
            .iter()
            .map(|one| (one.patient.clone(), one.clone()))
            .collect();
        for one in input.withdrawals {
            all.entry(one.patient.clone())
                .or_insert_with(|| Withdrawal {
                    version: input.version.to_string(),
                    date: Some(input.date),
                    ..one.clone()
                });
        }
        all.into_values().collect()
    }
}

/// A file of the version before that is no shard, as it was verified.
fn file_of(previous: &VerifiedRelease, name: &str) -> Result<Vec<u8>, PackError> {
    let path = previous.checked.root.join(name);
    let bytes = fs::read(&path).map_err(PackError::io("read", &path))?;
    let expected = previous.checked.files.get(name).copied();
    match expected {
        Some(expected) if expected == Digest::of(&bytes) => Ok(bytes),
        expected => Err(PackError::ChangedAfterCheck {
            file: name.into(),
            expected: expected.unwrap_or_else(|| Digest::of(b"")),
        }),
    }
}

/// Who was withdrawn up to a version.
fn tombstones(release: &VerifiedRelease) -> Result<Vec<Withdrawal>, PackError> {
    versions::read_withdrawn(&file_of(release, versions::WITHDRAWN)?)
}

/// The stable name of a check, as track files have it.
pub(crate) fn check_name(check: CheckName) -> String {
    serde_json::to_value(check)
        .ok()
        .and_then(|name| name.as_str().map(String::from))
        .unwrap_or_default()
}

/// Everything that is known once the shards are written.
struct Scene<'a> {
    input: &'a ReleaseInput<'a>,
    selection: &'a Selection<'a>,
    labels: &'a ReleaseLabels,
    whole: &'a [WeighedFinding],
    groups: &'a duplicates::Groups,
    people: &'a BTreeMap<String, Person>,
    sides: &'a BTreeMap<String, String>,
    since: &'a BTreeMap<String, semver::Version>,
    index: &'a Index,
    before: &'a Before,
    bundles: Vec<BundleReference>,
    key: &'a SigningKey,
}

impl Scene<'_> {
    fn manifest(&self) -> ReleaseManifest {
        let track = self.input.track;
        let summary = |shard| {
            let summary = ShardSummary::of(shard);
            let since = self.since.get(&summary.path).cloned();
            ShardSummary { since, ..summary }
        };
        ReleaseManifest {
            cloakroom_release: FormatVersion::CURRENT,
            track: track.id.clone(),
            title: track.title.clone(),
            track_sha256: track.sha256,
            version: self.input.version.clone(),
            date: self.input.date,
            previous: self.input.previous.map(|previous| PreviousRelease {
                version: previous.manifest.version.clone(),
                tagmanifest_sha256: previous.checked.tagmanifest,
            }),
            earlier: self.earlier(),
            contact: track.contact.clone(),
            licence: LicenceReference {
                id: track.licence.id.clone(),
                dua_sha256: (!track.dua.is_empty()).then(|| Digest::of(track.dua.as_bytes())),
            },
            tool: self.input.tool.clone(),
            compression: Compression::from(track.compression).name().into(),
            signing_key: self.key.public().clone(),
            counts: Counts::of(&self.index.shards),
            splits: self.splits(),
            split_rule: SplitRuleSummary {
                algorithm: split::ALGORITHM.into(),
                seed: track.split.seed.clone(),
                shares: track
                    .split
                    .shares()
                    .into_iter()
                    .map(|(side, share)| (side.into(), share))
                    .collect(),
                strata: track
                    .split
                    .strata
                    .iter()
                    .map(|kind| kind.name().into())
                    .collect(),
                held_out_site: track.split.held_out_site.clone(),
                joined_patients: self.groups.values().map(|group| group.len() as u64).sum(),
            },
            shards: self.index.shards.iter().map(summary).collect(),
            bundles: self.bundles.clone(),
            conservation: self.selection.conservation.clone(),
            checks: self.checks(),
            anonymity: people::anonymity(&track.anonymity, self.people),
            labels: self.labels.summary.clone(),
            sealed: self.input.sealed.map(SealedLabels::summary),
            waiver_signers: track.waiver_signers.clone(),
        }
    }

    fn earlier(&self) -> Vec<semver::Version> {
        let previous = self.input.previous.map(|previous| &previous.manifest);
        let versions = previous.map(|before| before.earlier.iter().chain([&before.version]));
        versions.into_iter().flatten().cloned().collect()
    }

    fn splits(&self) -> BTreeMap<String, SplitSummary> {
        let mut splits: BTreeMap<String, SplitSummary> = BTreeMap::new();
        for (patient, person) in self.people {
            let side = self.sides.get(patient).cloned().unwrap_or_default();
            let strata = &mut splits.entry(side).or_default().strata;
            *strata
                .entry(person.values(&self.input.track.split.strata))
                .or_default() += 1;
        }
        for (side, summary) in &mut splits {
            let prefix = format!("data/{side}/");
            let shards = self
                .index
                .shards
                .iter()
                .filter(|shard| shard.folder.starts_with(&prefix));
            summary.counts = Counts::of(shards);
        }
        splits
    }

    /// What the checks found, of images and of labels.
    fn findings(&self) -> impl Iterator<Item = &WeighedFinding> {
        self.selection
            .findings
            .iter()
            .chain(&self.labels.findings)
            .chain(self.whole)
    }

    fn checks(&self) -> Vec<CheckSummary> {
        let summary = |(check, severity): (&CheckName, &crate::track::Severity)| {
            let of_check = |one: &&WeighedFinding| one.finding.check == *check;
            let findings = || self.findings().filter(of_check);
            CheckSummary {
                check: check_name(*check),
                severity: severity.name().into(),
                findings: findings().count() as u64,
                waived: findings().filter(|one| one.waived.is_some()).count() as u64,
            }
        };
        self.input.track.checks.iter().map(summary).collect()
    }

    fn write_texts(
        &self,
        builder: &mut PackageBuilder,
        manifest: &ReleaseManifest,
    ) -> Result<(), PackError> {
        let input = self.input;
        let balances = balance::of(self);
        builder.add_text(balance::DRAWING, &balance::drawing(&balances))?;
        let facts = card::Facts {
            manifest,
            balances: &balances,
        };
        let previous = input.previous.map(|previous| &previous.checked.index);
        let empty = Index::default();
        let changes = diff(previous.unwrap_or(&empty), self.index);
        builder.add_json(RELEASE_FILE, manifest)?;
        builder.add_text("release.schema.json", RELEASE_SCHEMA)?;
        builder.add_text("README.md", &card::english(input, &facts))?;
        builder.add_text("README.zh.md", &card::chinese(input, &facts))?;
        builder.add_text("LICENSE.txt", &card::licence(input))?;
        if !input.track.dua.is_empty() {
            builder.add_text("DUA.txt", &input.track.dua)?;
        }
        builder.add_text(LOADER_FILE, LOADER)?;
        builder.add_text("CITATION.cff", &card::citation(input))?;
        builder.add_text(
            "CHANGELOG.md",
            &card::changelog(input, &changes, &self.before.changelog),
        )?;
        let tables: Files = builder
            .files()
            .iter()
            .filter(|(path, _)| path.starts_with(tables::FOLDER))
            .map(|(path, file)| (path.clone(), *file))
            .collect();
        let url = &input.track.licence.url;
        let croissant = croissant::document(manifest, input.track.description.trim(), url, &tables);
        builder.add_json("croissant.json", &croissant)?;
        // Patients without a series in this version keep their side, except those that were withdrawn.
        let mut sides = self.before.sides.clone();
        sides.extend(self.sides.clone());
        sides.retain(|patient, _| !input.withdrawals.iter().any(|one| one.patient == *patient));
        for (name, text) in [
            (
                versions::CHANGES,
                versions::changes_csv(&changes, &self.selection.reasons)?,
            ),
            (
                versions::VERSION_MAP,
                versions::version_map_csv(previous, self.index)?,
            ),
            (
                versions::WITHDRAWN,
                versions::withdrawn_csv(input.withdrawals)?,
            ),
            (versions::SIDES, versions::sides_csv(&sides)?),
        ] {
            builder.add_file(name, &mut text.as_slice())?;
        }
        Ok(())
    }

    /// Each hospital's evidence and signed statement, the findings of the checks, and what the caller hands in.
    fn write_evidence(&self, builder: &mut PackageBuilder) -> Result<(), ReleaseError> {
        carry::copy_evidence(self.input, builder)?;
        for bundle in self.input.bundles {
            let folder = format!("{}-d{:04}", bundle.manifest.site, bundle.manifest.delivery);
            for (path, expected) in &bundle.checked.files {
                let own = [
                    "README.md",
                    "bundle.schema.json",
                    "bagit.txt",
                    "bag-info.txt",
                ];
                if is_payload(path) || path.starts_with("post/") || own.contains(&path.as_str()) {
                    continue;
                }
                let name = path.strip_prefix("evidence/").unwrap_or(path);
                let expected = match path.as_str() {
                    TAG_MANIFEST => &bundle.checked.tagmanifest,
                    _ => expected,
                };
                carry::copy(
                    self.input,
                    builder,
                    bundle.checked.root.join(path),
                    &format!("evidence/{folder}/{name}"),
                    *expected,
                )?;
            }
        }
        builder.add_file(CHECKS_TABLE, &mut self.checks_csv()?.as_slice())?;
        for (name, content) in self.input.evidence {
            builder.add_evidence(name, &mut content.as_slice())?;
        }
        Ok(())
    }

    fn checks_csv(&self) -> Result<Vec<u8>, PackError> {
        let columns = [
            "check",
            "severity",
            "patient",
            "study",
            "series",
            "detail",
            "waived_by",
            "waived_because",
        ];
        let rows = self.findings().map(|one| {
            let (signer, reason) = one.waived.clone().unwrap_or_default();
            let finding = &one.finding;
            [
                check_name(finding.check),
                finding.severity.name().into(),
                finding.patient.clone(),
                finding.study.clone(),
                finding.series.clone(),
                finding.detail.clone(),
                signer,
                reason,
            ]
        });
        tables::csv_text(CHECKS_TABLE, &columns, rows)
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
