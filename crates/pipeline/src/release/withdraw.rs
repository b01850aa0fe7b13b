//! `release withdraw`: the next version without a patient, made of the version before alone, and the purge of older ones.

use super::{BuildReport, BuildSettings, build_with, organisers_key, previous, trusting_track};
use crate::progress::Progress;
use crate::verdict::{Report, Verdict};
use crate::withdraw::Notice;
use crate::{Failure, files, packing};
use cloakroom_packager::release::{self as packed, Withdrawal, WithdrawalReason};
use cloakroom_packager::track::Track;
use cloakroom_packager::{Package, Statement, VerifiedBundle, VerifiedRelease};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What `release withdraw` is asked for.
pub struct WithdrawSettings {
    /// The version that comes next; without bundles, and with the notices of hospitals.
    pub build: BuildSettings,
    /// Patients that the organiser withdraws by its own decision, by pseudonym.
    pub patients: Vec<String>,
    /// Why, from the closed list.
    pub reason: Option<String>,
    /// Releases beside the version before from which the patients' shards are removed.
    pub purge: Vec<PathBuf>,
}

/// What became of a withdrawal.
#[derive(Debug, Serialize)]
pub struct WithdrawnReport {
    /// The next version.
    pub build: BuildReport,
    /// The patients that it withdraws.
    pub patients: Vec<String>,
    /// Older releases that are incomplete now, with how many shards were removed from each.
    pub purged: Vec<(PathBuf, usize)>,
}

impl Report for WithdrawnReport {
    fn verdict(&self) -> Verdict {
        self.build.verdict()
    }
}

/// Builds the next version without the withdrawn patients, and then removes their shards from the older ones.
///
/// # Errors
/// If a notice is not signed by its hospital, a patient is not in the release, the next version cannot be built,
/// or an older one cannot be purged. A run that was stopped goes on when it is called again.
pub fn withdraw(
    settings: &WithdrawSettings,
    progress: &dyn Progress,
) -> Result<WithdrawnReport, Failure> {
    let from = settings.build.previous.as_deref().ok_or_else(|| {
        Failure::wrong_use("a withdrawal needs the release that the patient is withdrawn from")
    })?;
    let (key, signed) = organisers_key(&settings.build)?;
    let track = trusting_track(&settings.build)?;
    let mut requested = notices(&settings.build.notices, &track)?;
    requested.extend(own(settings)?);
    if requested.is_empty() {
        return Err(Failure::wrong_use("nobody is to be withdrawn")
            .advise("name a hospital's notice, or a pseudonym with --patient and a --reason"));
    }
    let patients: BTreeSet<String> = requested
        .iter()
        .map(|one| one.withdrawal.patient.clone())
        .collect();
    let build = match finished(&settings.build, from, &patients, signed)? {
        Some(build) => build,
        None => {
            let before = previous(from, &settings.build, progress)?;
            let known = &before.index().patients;
            if let Some(patient) = patients
                .iter()
                .find(|patient| !known.contains_key(*patient))
            {
                return Err(
                    Failure::wrong_use(format!("the release holds no patient {patient}"))
                        .at(from)
                        .advise("compare with data/tables/patients.csv and withdrawn.csv"),
                );
            }
            build_with(
                &settings.build,
                &track,
                (&key, signed),
                Some(&before),
                &requested,
                progress,
            )?
        }
    };
    let mut purged = Vec::new();
    let older: BTreeSet<&Path> = std::iter::once(from)
        .chain(settings.purge.iter().map(PathBuf::as_path))
        .collect();
    for release in older {
        let shards = packed::purge(release, &patients, &key).map_err(packing::failure)?;
        purged.push((release.to_path_buf(), shards.len()));
    }
    Ok(WithdrawnReport {
        build,
        patients: patients.into_iter().collect(),
        purged,
    })
}

/// The next version, if a run before this one was stopped between building it and the end of the purge.
fn finished(
    settings: &BuildSettings,
    from: &Path,
    patients: &BTreeSet<String>,
    signed: bool,
) -> Result<Option<BuildReport>, Failure> {
    if !settings.out.exists() {
        return Ok(None);
    }
    let taken = || {
        Failure::wrong_use("the folder exists already")
            .at(&settings.out)
            .advise("name one that does not exist yet")
    };
    let package = Package::open(&settings.out).map_err(|_| taken())?;
    let Statement::Release(manifest) = package.statement() else {
        return Err(taken());
    };
    let tags = files::read_text(&from.join("tagmanifest-sha256.txt"))?;
    let follows = manifest.previous.as_ref().is_some_and(|previous| {
        previous.tagmanifest_sha256 == cloakroom_core::Digest::of(tags.as_bytes())
    });
    let gone = packed::withdrawals_of(&package).map_err(packing::failure)?;
    let same = manifest.version.to_string() == settings.version
        && follows
        && patients.iter().all(|patient| {
            gone.iter()
                .any(|one| one.patient == *patient && one.version == settings.version)
        });
    match same {
        true => super::report(&settings.out, signed, BTreeMap::new()).map(Some),
        false => Err(taken()),
    }
}

/// A withdrawal and who asked for it.
pub(super) struct Requested {
    pub(super) withdrawal: Withdrawal,
    /// The hospital's notice and its signature; none where the organiser decided.
    notice: Option<SignedNotice>,
}

struct SignedNotice {
    site: String,
    text: String,
    signature: String,
}

fn own(settings: &WithdrawSettings) -> Result<Vec<Requested>, Failure> {
    if settings.patients.is_empty() {
        return Ok(Vec::new());
    }
    let reason = settings.reason.as_deref().and_then(reason);
    let reason = reason.ok_or_else(|| {
        let list: Vec<_> = WithdrawalReason::ALL
            .iter()
            .map(|reason| format!("{} ({})", reason.code(), reason.meaning()))
            .collect();
        Failure::wrong_use("an own withdrawal needs a reason from the list")
            .advise(format!("--reason {}", list.join(", ")))
    })?;
    let requested = |patient: &String| Requested {
        withdrawal: Withdrawal {
            patient: patient.clone(),
            reason,
            version: String::new(),
            date: None,
        },
        notice: None,
    };
    Ok(settings.patients.iter().map(requested).collect())
}

/// A hospital withdraws its own patients and nobody else's.
pub(super) fn check_sites(
    requested: &[Requested],
    bundles: &[VerifiedBundle],
    previous: Option<&VerifiedRelease>,
) -> Result<(), Failure> {
    for one in requested {
        let Some(notice) = &one.notice else { continue };
        let patient = &one.withdrawal.patient;
        let indices = bundles
            .iter()
            .map(VerifiedBundle::index)
            .chain(previous.map(VerifiedRelease::index));
        let mut sites = indices.filter_map(|index| index.patients.get(patient));
        if let Some(place) = sites.find(|place| place.site != notice.site) {
            return Err(Failure::check_failed(format!(
                "site {} withdraws patient {patient}, who is of site {}",
                notice.site, place.site
            )));
        }
    }
    Ok(())
}

/// The notices with their signatures, for the evidence of the release.
pub(super) fn evidence(requested: &[Requested]) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for one in requested {
        let Some(notice) = &one.notice else { continue };
        let name = format!(
            "withdrawals/{}-{}.json",
            notice.site, one.withdrawal.patient
        );
        files.push((
            format!("{name}.minisig"),
            notice.signature.clone().into_bytes(),
        ));
        files.push((name, notice.text.clone().into_bytes()));
    }
    files
}

fn reason(code: &str) -> Option<WithdrawalReason> {
    let mut all = WithdrawalReason::ALL.iter().copied();
    all.find(|reason| reason.code() == code)
}

/// What hospitals ask for.
pub(super) fn notices(paths: &[PathBuf], track: &Track) -> Result<Vec<Requested>, Failure> {
    paths.iter().map(|path| notice(path, track)).collect()
}

/// A hospital's notice, if a key that the track trusts for that hospital signed it.
fn notice(path: &Path, track: &Track) -> Result<Requested, Failure> {
    let text = files::read_text(path)?;
    let signature = files::read_text(&path.with_added_extension("minisig"))?;
    let notice: Notice = serde_json::from_str(&text).map_err(|error| {
        Failure::wrong_use(format!(
            "this is no withdrawal notice: line {}",
            error.line()
        ))
        .at(path)
    })?;
    let site = track
        .sites
        .iter()
        .find(|site| site.name.as_str() == notice.site);
    let signed = site.is_some_and(|site| {
        site.keys
            .iter()
            .any(|key| key.check(text.as_bytes(), &signature).is_some())
    });
    if !signed || notice.track != track.id.as_str() {
        return Err(Failure::check_failed(
            "no trusted key of this hospital signed the notice for this track",
        )
        .at(path));
    }
    let reason = reason(&notice.reason).ok_or_else(|| {
        Failure::wrong_use("the notice states a reason that is not on the list").at(path)
    })?;
    Ok(Requested {
        withdrawal: Withdrawal {
            patient: notice.patient,
            reason,
            version: String::new(),
            date: None,
        },
        notice: Some(SignedNotice {
            site: notice.site,
            text,
            signature,
        }),
    })
}
