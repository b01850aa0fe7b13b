//! `withdraw`: a patient is barred from later deliveries, and the organiser gets a signed notice.

use crate::catalogue::{failure, open};
use crate::files::public_file;
use crate::state::State;
use crate::subjects::internal_name;
use crate::verdict::{Report, Verdict};
use crate::{Failure, Site, packing};
use cloakroom_core::{Phi, StatedDate, TrackId};
use cloakroom_deid::TrackKeys;
use cloakroom_packager::SigningKey;
use cloakroom_packager::release::WithdrawalReason;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A withdrawal as the organiser reads it: the pseudonym and nothing else of the patient.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The version of this format.
    pub cloakroom_withdrawal: u32,
    /// The hospital.
    pub site: String,
    /// The track.
    pub track: String,
    /// The patient's pseudonym in this track.
    pub patient: String,
    /// The stated date.
    pub date: StatedDate,
    /// Why, from a closed list.
    pub reason: String,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct WithdrawReport {
    /// The notice.
    pub notice: PathBuf,
    /// Its signature, in the form of minisign.
    pub signature: PathBuf,
    /// The pseudonym that it names.
    pub patient: String,
}

impl Report for WithdrawReport {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Bars a patient and writes the notice with its signature beside it.
///
/// # Errors
/// If the catalogue does not know the patient, the reason is not on the list, or the file exists.
pub fn withdraw(
    site: &Site,
    patient: &str,
    track: &str,
    reason: &str,
    date: StatedDate,
    out: &Path,
) -> Result<WithdrawReport, Failure> {
    let reason = WithdrawalReason::ALL
        .iter()
        .find(|known| known.code() == reason)
        .ok_or_else(|| {
            let list: Vec<_> = WithdrawalReason::ALL
                .iter()
                .map(|reason| format!("{} ({})", reason.code(), reason.meaning()))
                .collect();
            Failure::wrong_use("the reason is not on the list").advise(list.join(", "))
        })?;
    let track: TrackId = track
        .parse()
        .map_err(|error: cloakroom_core::ids::NotAName| Failure::wrong_use(error.to_string()))?;
    if out.exists() {
        return Err(Failure::wrong_use("the notice exists already")
            .at(out)
            .advise("name another file"));
    }
    let state = State::open(&site.database())?;
    let pseudonym = pseudonym(site, &state, patient, &track)?;
    let notice = Notice {
        cloakroom_withdrawal: 1,
        site: site.name().to_string(),
        track: track.to_string(),
        patient: pseudonym.clone(),
        date,
        reason: reason.code().into(),
    };
    let text = serde_json::to_string_pretty(&notice)
        .map_err(|_| Failure::could_not_run("the notice could not be written as JSON"))?;
    let text = format!("{text}\n");
    let key = SigningKey::from_text(&site.package_key()?, None).map_err(packing::failure)?;
    let signature = key.sign(
        text.as_bytes(),
        &format!("withdrawal {} {track} {date}", site.name()),
    );
    let signature_path = out.with_added_extension("minisig");
    state.withdraw(patient.trim())?;
    public_file(out, text.as_bytes())?;
    public_file(&signature_path, signature.as_bytes())?;
    Ok(WithdrawReport {
        notice: out.to_path_buf(),
        signature: signature_path,
        patient: pseudonym,
    })
}

fn pseudonym(
    site: &Site,
    state: &State,
    patient: &str,
    track: &TrackId,
) -> Result<String, Failure> {
    let catalogue = open(site)?;
    let patients = catalogue.patients().map_err(|error| failure(&error))?;
    let found = patients
        .iter()
        .find(|known| known.key.expose().patient_id == patient.trim())
        .ok_or_else(|| {
            Failure::wrong_use("the catalogue knows no patient of this id")
                .advise("write the Patient ID as the hospital does, with leading zeros")
        })?;
    let keys = TrackKeys::derive(&site.secret()?, site.project(), track, site.epoch());
    let rules = state.pseudonym_rules(track)?;
    let name = internal_name(found.key.expose());
    keys.patient(Phi::new(name.expose().as_str()))
        .pseudonym(&rules.pattern, track, site.name().as_str())
        .map(|pseudonym| pseudonym.to_string())
        .map_err(|error| Failure::wrong_use(error.to_string()))
}
