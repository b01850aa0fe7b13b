//! `release build|diff`: from verified bundles of hospitals to a version of a track.

mod seal;
mod withdraw;
mod withheld;

pub use seal::{RevealReport, SealReport, SealSettings, reveal, seal};
pub use withdraw::{WithdrawSettings, WithdrawnReport, withdraw};

use crate::evidence::TOOL;
use crate::progress::Progress;
use crate::run_settings::read_track;
use crate::site::release_key;
use crate::survey;
use crate::trust::Trusted;
use crate::verdict::{Report, Verdict};
use crate::verify::{self, VerifySettings};
use crate::{Failure, files, packing};
use cloakroom_core::StatedDate;
use cloakroom_packager::release::{self as packed, ReleaseError, ReleaseInput, Withdrawal};
use cloakroom_packager::track::{Track, TrustedSite};
use cloakroom_packager::{
    Package, PublicKey, ShardLimits, SigningKey, Statement, ToolReference, VerifiedBundle,
    VerifiedRelease,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What `release build` is asked for.
pub struct BuildSettings {
    /// The track file.
    pub track: PathBuf,
    /// Bundles, in any order.
    pub bundles: Vec<PathBuf>,
    /// The semantic version.
    pub version: String,
    /// The date to state.
    pub date: StatedDate,
    /// The release to write.
    pub out: PathBuf,
    /// The organiser's folder; without it the key is looked for beside the track file.
    pub organiser: Option<PathBuf>,
    /// The release before.
    pub previous: Option<PathBuf>,
    /// Site keys that are trusted beside those of the track file.
    pub trusted: Trusted,
    /// Withdrawal notices.
    pub notices: Vec<PathBuf>,
    /// Sealed labels of the test side, as `release seal` wrote them.
    pub sealed: Option<PathBuf>,
    /// Addresses of folders that will hold the release.
    pub mirrors: Vec<String>,
    /// Signed waivers of findings.
    pub waivers: Vec<PathBuf>,
    /// How many threads.
    pub threads: usize,
}

/// What was released.
#[derive(Debug, Serialize)]
pub struct BuildReport {
    /// The release.
    pub release: PathBuf,
    /// The track.
    pub track: String,
    /// The version.
    pub version: String,
    /// How much there is.
    pub counts: cloakroom_packager::Counts,
    /// Patients and instances of each side of the split.
    pub splits: BTreeMap<String, cloakroom_packager::Counts>,
    /// How every instance of the bundles ended, by reason.
    pub reasons: BTreeMap<String, cloakroom_core::Tally>,
    /// Checks that found something, with how often.
    pub findings: BTreeMap<String, u64>,
    /// Patients by side and stratum: the balance of the split.
    pub strata: BTreeMap<String, BTreeMap<String, u64>>,
    /// Patients with an image that is also in another track of the organiser, by track. The names of the others stay
    /// with the organiser.
    pub overlap: BTreeMap<String, u64>,
    /// The labels, if the bundles have any.
    pub labels: Option<packed::LabelSummary>,
    /// Whether an organiser's key signed it.
    pub signed: bool,
}

impl Report for BuildReport {
    fn verdict(&self) -> Verdict {
        if self.signed {
            Verdict::Done
        } else {
            Verdict::NeedsPerson
        }
    }
}

/// Builds a release.
///
/// # Errors
/// If a bundle is not what it claims to be or not trusted, the track file has mistakes, the versions do not follow
/// each other, or the release exists.
pub fn build(settings: &BuildSettings, progress: &dyn Progress) -> Result<BuildReport, Failure> {
    let track = trusting_track(settings)?;
    let (key, signed) = organisers_key(settings)?;
    let previous = settings
        .previous
        .as_deref()
        .map(|path| previous(path, settings, progress))
        .transpose()?;
    let withdrawals = withdraw::notices(&settings.notices, &track)?;
    build_with(
        settings,
        &track,
        (&key, signed),
        previous.as_ref(),
        &withdrawals,
        progress,
    )
}

/// The track, with the keys that the caller trusts as well.
fn trusting_track(settings: &BuildSettings) -> Result<Track, Failure> {
    let mut track = read_track(&settings.track)?;
    trust_more(&mut track, &settings.trusted);
    Ok(track)
}

fn build_with(
    settings: &BuildSettings,
    track: &Track,
    (key, signed): (&SigningKey, bool),
    previous: Option<&VerifiedRelease>,
    notices: &[withdraw::Requested],
    progress: &dyn Progress,
) -> Result<BuildReport, Failure> {
    let version = settings.version.parse().map_err(|_| {
        Failure::wrong_use("the version is not a semantic version").advise("write it as 1.0.0")
    })?;
    if settings.bundles.is_empty() && previous.is_none() {
        return Err(Failure::wrong_use("there is no bundle to build from")
            .advise("name the bundles of the hospitals, or the version before with --previous"));
    }
    let bundles = verified(settings, track, progress)?;
    withdraw::check_sites(notices, &bundles, previous)?;
    let withdrawals: Vec<Withdrawal> = notices.iter().map(|one| one.withdrawal.clone()).collect();
    let gone =
        packed::withdrawn_objects(&bundles, previous, &withdrawals).map_err(packing::failure)?;
    let logs = withheld::write(&settings.out, &bundles, previous, &gone)?;
    let sealed = settings.sealed.as_deref().map(seal::read).transpose()?;
    let (waivers, waiver_files) = waivers(&settings.waivers, track)?;
    let folder = organiser_folder(settings);
    let policy = cloakroom_pixels::PixelPolicy::contest();
    let surveys = survey::look(track, &bundles, folder.as_deref(), &policy, progress)?;
    let overlap = survey::overlap(&track.id, &bundles, &surveys, folder.as_deref());
    let mut evidence = withdraw::evidence(notices);
    evidence.extend(waiver_files);
    let (name, tool_version) = TOOL.split_once('/').unwrap_or((TOOL, ""));
    let input = ReleaseInput {
        track,
        bundles: &bundles,
        version: &version,
        date: settings.date,
        previous,
        withdrawals: &withdrawals,
        waivers: &waivers,
        surveys: &surveys,
        // The builder itself takes over the log and the manifests of each bundle.
        evidence: &evidence,
        replaced: &logs.replaced,
        tool: &ToolReference {
            name: name.into(),
            version: tool_version.into(),
        },
        sealed: sealed.as_ref(),
        mirrors: &settings.mirrors,
        limits: ShardLimits::default(),
    };
    progress.begin("packing", None, None);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.threads)
        .build()
        .map_err(|_| Failure::could_not_run("the threads could not be started"))?;
    let path = pool
        .install(|| packed::build(&input, &settings.out, key))
        .map_err(release_failure)?;
    progress.finish();
    report(&path, signed, overlap)
}

fn trust_more(track: &mut Track, trusted: &Trusted) {
    for (site, key) in &trusted.sites {
        let Ok(key) = key.parse::<PublicKey>() else {
            continue;
        };
        match track.sites.iter_mut().find(|known| known.name == *site) {
            Some(known)
                if known
                    .keys
                    .iter()
                    .any(|other| other.as_str() == key.as_str()) => {}
            Some(known) => known.keys.push(key),
            None => track.sites.push(TrustedSite {
                name: site.clone(),
                keys: vec![key],
            }),
        }
    }
}

/// The organiser's key: where `--organiser` says, or beside the track file.
fn organisers_key(settings: &BuildSettings) -> Result<(SigningKey, bool), Failure> {
    match organiser_folder(settings) {
        Some(folder) => Ok((organisers_folder_key(&folder)?, true)),
        None => Ok((SigningKey::nobody(), false)),
    }
}

fn organisers_folder_key(folder: &Path) -> Result<SigningKey, Failure> {
    SigningKey::from_text(&release_key(folder)?, None).map_err(packing::failure)
}

fn organiser_folder(settings: &BuildSettings) -> Option<PathBuf> {
    let beside = settings
        .track
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    match &settings.organiser {
        Some(folder) => Some(folder.clone()),
        None => Some(beside.to_path_buf()).filter(|folder| folder.join("release.key").is_file()),
    }
}

/// Waivers with the files that go into the release, so that anybody can check who signed them.
type Waivers = (Vec<packed::Waiver>, Vec<(String, Vec<u8>)>);

fn waivers(paths: &[PathBuf], track: &Track) -> Result<Waivers, Failure> {
    let (mut waivers, mut evidence) = (Vec::new(), Vec::new());
    for (number, path) in (1..).zip(paths) {
        let text = files::read_text(path)?;
        let signature = files::read_text(&path.with_added_extension("minisig"))?;
        let read = packed::read_waivers(text.as_bytes(), &signature, &track.id, &track.waiver_signers)
            .map_err(|error| {
                Failure::check_failed(error.to_string())
                    .at(path)
                    .advise("sign it with `minisign -S -m FILE`, with a key that the track lists under `waiver_signers`")
            })?;
        waivers.extend(read);
        let name = format!("waivers/{number:04}.json");
        evidence.push((format!("{name}.minisig"), signature.into_bytes()));
        evidence.push((name, text.into_bytes()));
    }
    Ok((waivers, evidence))
}

/// Every bundle, read from end to end and signed by a site that the track trusts.
fn verified(
    settings: &BuildSettings,
    track: &Track,
    progress: &dyn Progress,
) -> Result<Vec<VerifiedBundle>, Failure> {
    let mut trusted = settings.trusted.clone();
    trusted.packages.extend(
        track
            .sites
            .iter()
            .flat_map(|site| &site.keys)
            .map(|key| key.as_str().to_owned()),
    );
    if trusted.packages.is_empty() && !settings.bundles.is_empty() {
        return Err(Failure::wrong_use("the track trusts no hospital, so no bundle can be taken")
            .at(&settings.track)
            .advise("put the keys of the hospitals under `sites`, or name their .pub files with --trust"));
    }
    let check = VerifySettings {
        trusted,
        since: None,
        threads: settings.threads,
    };
    settings
        .bundles
        .iter()
        .map(|path| {
            refuse_site_folder(path)?;
            verify::mint(path, &check, progress)?
                .into_bundle()
                .ok_or_else(|| Failure::wrong_use("this is a release and no bundle").at(path))
        })
        .collect()
}

/// A site folder holds originals' names and keys; it is never an input here.
fn refuse_site_folder(path: &Path) -> Result<(), Failure> {
    let holds_identity = ["site.yaml", "site.db", "keys"]
        .iter()
        .any(|name| path.join(name).exists());
    if holds_identity {
        return Err(
            Failure::wrong_use("this is a site folder, which never leaves the hospital")
                .at(path)
                .advise("name the bundle that `cloakroom deid` wrote"),
        );
    }
    Ok(())
}

fn previous(
    path: &Path,
    settings: &BuildSettings,
    progress: &dyn Progress,
) -> Result<cloakroom_packager::VerifiedRelease, Failure> {
    let check = VerifySettings {
        trusted: Trusted::default(),
        since: None,
        threads: settings.threads,
    };
    verify::mint(path, &check, progress)?
        .into_release()
        .ok_or_else(|| Failure::wrong_use("the version before is no release").at(path))
}

fn release_failure(error: ReleaseError) -> Failure {
    match error {
        ReleaseError::Pack(error) => packing::failure(error),
        ReleaseError::SiteNotTrusted { .. } => Failure::wrong_use(error.to_string())
            .advise("put the hospital's key under `sites` in the track file, or name its .pub file with --trust"),
        ReleaseError::BundleMissing { .. } => Failure::wrong_use(error.to_string())
            .advise("give all bundles of the version before again, or none of them: then it is built from that version"),
        ReleaseError::NothingSelected => Failure::wrong_use(error.to_string())
            .advise("look at `select` and `checks` in the track file; `cloakroom verify` tells what the bundles hold"),
        ReleaseError::Stopped(findings) => Failure::check_failed(format!(
            "{} findings about the release as a whole stop it",
            findings.len()
        ))
        .detail(findings.join("\n"))
        .advise("change what they are about, or let one whom the track names sign a waiver"),
        other => Failure::wrong_use(other.to_string()),
    }
}

fn report(
    path: &Path,
    signed: bool,
    overlap: BTreeMap<String, u64>,
) -> Result<BuildReport, Failure> {
    let package = Package::open(path).map_err(packing::failure)?;
    let Statement::Release(manifest) = package.statement() else {
        return Err(Failure::could_not_run("what was built is no release"));
    };
    Ok(BuildReport {
        release: path.to_path_buf(),
        track: manifest.track.to_string(),
        version: manifest.version.to_string(),
        counts: manifest.counts,
        splits: manifest
            .splits
            .iter()
            .map(|(name, split)| (name.clone(), split.counts))
            .collect(),
        reasons: manifest.conservation.reasons.clone(),
        findings: manifest
            .checks
            .iter()
            .filter(|check| check.findings > 0)
            .map(|check| (check.check.clone(), check.findings))
            .collect(),
        strata: manifest
            .splits
            .iter()
            .map(|(name, split)| (name.clone(), split.strata.clone()))
            .collect(),
        overlap,
        labels: manifest.labels.clone(),
        signed,
    })
}

/// What differs between two releases.
#[derive(Debug, Serialize)]
pub struct DiffReport {
    /// Series that differ.
    pub changes: Vec<packed::Change>,
    /// Patients that only the second has.
    pub new_patients: Vec<String>,
    /// Patients that only the first has, with the reason where `withdrawn.csv` of the second gives one.
    pub gone_patients: BTreeMap<String, String>,
    /// Patients that changed sides, which never happens between versions of one track.
    pub moved_patients: Vec<String>,
    /// Shards that only the second has: what a participant downloads.
    pub new_shards: Vec<String>,
    /// Bytes of these.
    pub new_bytes: u64,
    /// Bytes of all other files that differ: lists, tables, evidence, texts.
    pub other_bytes: u64,
    /// Shards that only the first has.
    pub gone_shards: Vec<String>,
    /// Tables, labels and texts that differ, by path.
    pub changed_files: Vec<String>,
}

impl Report for DiffReport {
    fn verdict(&self) -> Verdict {
        if self.moved_patients.is_empty() {
            Verdict::Done
        } else {
            Verdict::CheckFailed
        }
    }
}

/// Shows what changed between two releases.
///
/// # Errors
/// If one of them is no package.
pub fn diff(first: &Path, second: &Path) -> Result<DiffReport, Failure> {
    let (a, b) = (
        Package::open(first).map_err(packing::failure)?,
        Package::open(second).map_err(packing::failure)?,
    );
    let (old, new) = (a.statement().shards(), b.statement().shards());
    let added: Vec<_> = new
        .iter()
        .filter(|shard| !old.iter().any(|other| other.path == shard.path))
        .collect();
    let gone = old
        .iter()
        .filter(|shard| !new.iter().any(|other| other.path == shard.path));
    let gone_shards: Vec<String> = gone.map(|shard| shard.path.clone()).collect();
    let (old, new) = (
        a.full_index().map_err(packing::failure)?,
        b.full_index().map_err(packing::failure)?,
    );
    let reasons = packed::withdrawals_of(&b).map_err(packing::failure)?;
    let reason = |patient: &String| {
        let known = reasons.iter().find(|one| one.patient == *patient);
        known.map_or_else(String::new, |one| {
            format!("withdrawn: {}", one.reason.code())
        })
    };
    let is_shard = |path: &str| {
        b.statement()
            .shards()
            .iter()
            .any(|shard| shard.path == path)
    };
    let changed: Vec<(&String, u64)> = b
        .files()
        .iter()
        .filter(|(path, digest)| a.files().get(*path) != Some(digest) && !is_shard(path))
        .map(|(path, _)| {
            (
                path,
                std::fs::metadata(second.join(path)).map_or(0, |file| file.len()),
            )
        })
        .collect();
    Ok(DiffReport {
        changes: packed::diff(&old, &new),
        new_patients: only_in(&new.patients, &old.patients),
        gone_patients: only_in(&old.patients, &new.patients)
            .into_iter()
            .map(|patient| (patient.clone(), reason(&patient)))
            .collect(),
        moved_patients: new
            .patients
            .iter()
            .filter(|(patient, place)| {
                let before = old.patients.get(*patient);
                before.is_some_and(|before| before.split != place.split)
            })
            .map(|(patient, _)| patient.clone())
            .collect(),
        new_bytes: added.iter().map(|shard| shard.bytes).sum(),
        new_shards: added.iter().map(|shard| shard.path.clone()).collect(),
        other_bytes: changed.iter().map(|(_, bytes)| bytes).sum(),
        changed_files: changed.into_iter().map(|(path, _)| path.clone()).collect(),
        gone_shards,
    })
}

fn only_in<T>(one: &BTreeMap<String, T>, other: &BTreeMap<String, T>) -> Vec<String> {
    let missing = one.keys().filter(|key| !other.contains_key(*key));
    missing.cloned().collect()
}
