//! `crosswalk`: who became whom. It stays in the hospital, for its owner only, and never lies in a package.

use crate::catalogue::{failure, open};
use crate::files::{private_file, private_folder, require_free};
use crate::state::State;
use crate::subjects::people;
use crate::verdict::{Report, Verdict};
use crate::{Failure, Site};
use cloakroom_core::{KnownKind, TrackId, uid};
use cloakroom_deid::TrackKeys;
use cloakroom_ingest::Catalogue;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How the crosswalk is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `patients.csv` and `uids.csv`, a row a patient or UID, for all tracks.
    Csv,
    /// `patid_map.csv` and `uid_map.csv` with `id_old,id_new`, for one track.
    Midi,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct CrosswalkReport {
    /// The folder.
    pub folder: PathBuf,
    /// The files in it.
    pub files: Vec<String>,
    /// Patients, over all tracks.
    pub patients: u64,
    /// Pairs of UIDs, over all tracks.
    pub uids: u64,
}

impl Report for CrosswalkReport {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Writes who became whom.
///
/// # Errors
/// If nothing was delivered yet, `midi` is asked for several tracks, or the folder is taken or lies in a package.
pub fn write(
    site: &Site,
    track: Option<&str>,
    format: Format,
    out: &Path,
) -> Result<CrosswalkReport, Failure> {
    require_free(out)?;
    refuse_package(out)?;
    let state = State::open(&site.database())?;
    let tracks = tracks(&state, track, format)?;
    let catalogue = open(site)?;
    let mut tables = Tables::new(format)?;
    for track in &tracks {
        tables.track(site, &catalogue, &state, track)?;
    }
    private_folder(out)?;
    let files = tables.write(out)?;
    Ok(CrosswalkReport {
        folder: out.to_path_buf(),
        files,
        patients: tables.patients_written,
        uids: tables.uids_written,
    })
}

fn refuse_package(out: &Path) -> Result<(), Failure> {
    let is_package = |folder: &Path| {
        folder.join("bagit.txt").exists() || folder.join("tagmanifest-sha256.txt").exists()
    };
    let absolute = std::path::absolute(out)
        .map_err(|error| Failure::io("could not find a folder", out, &error))?;
    if absolute.ancestors().any(is_package) {
        return Err(
            Failure::wrong_use("a crosswalk never lies in a bundle or a release")
                .at(out)
                .advise("write it inside the site folder, or to a place that only you can read"),
        );
    }
    Ok(())
}

fn tracks(state: &State, track: Option<&str>, format: Format) -> Result<Vec<TrackId>, Failure> {
    let mut tracks = state.tracks()?;
    if let Some(wanted) = track {
        tracks.retain(|track| track.as_str() == wanted);
    }
    if tracks.is_empty() {
        return Err(Failure::wrong_use(
            "nothing was delivered for this track yet, so nobody has become anybody",
        )
        .advise("run `cloakroom deid` first"));
    }
    if format == Format::Midi && tracks.len() > 1 {
        let names: Vec<_> = tracks.iter().map(TrackId::as_str).collect();
        return Err(Failure::wrong_use(format!(
            "the midi form holds one track, and there are {}",
            names.join(", ")
        ))
        .advise("choose one with --track"));
    }
    Ok(tracks)
}

struct Tables {
    format: Format,
    patients: csv::Writer<Vec<u8>>,
    uids: csv::Writer<Vec<u8>>,
    patients_written: u64,
    uids_written: u64,
}

impl Tables {
    fn new(format: Format) -> Result<Self, Failure> {
        let (mut patients, mut uids) = (
            csv::Writer::from_writer(Vec::new()),
            csv::Writer::from_writer(Vec::new()),
        );
        let header = match format {
            Format::Csv => patients
                .write_record([
                    "track",
                    "patient_id",
                    "issuer",
                    "pseudonym",
                    "date_offset_days",
                ])
                .and_then(|()| uids.write_record(["track", "original_uid", "released_uid"])),
            Format::Midi => patients
                .write_record(["id_old", "id_new"])
                .and_then(|()| uids.write_record(["id_old", "id_new"])),
        };
        header.map_err(|_| could_not_write())?;
        Ok(Self {
            format,
            patients,
            uids,
            patients_written: 0,
            uids_written: 0,
        })
    }

    fn track(
        &mut self,
        site: &Site,
        catalogue: &Catalogue,
        state: &State,
        track: &TrackId,
    ) -> Result<(), Failure> {
        let keys = TrackKeys::derive(&site.secret()?, site.project(), track, site.epoch());
        let rules = state.pseudonym_rules(track)?;
        let mut originals: BTreeSet<String> = state.referenced_uids(track)?.into_iter().collect();
        for person in people(site, catalogue, &rules, &keys, &[])? {
            let key = person.key.expose();
            let days = person.offset.days.to_string();
            let pseudonym = person.pseudonym.as_str();
            let row: &[&str] = match self.format {
                Format::Csv => &[
                    track.as_str(),
                    &key.patient_id,
                    &key.issuer,
                    pseudonym,
                    &days,
                ],
                Format::Midi => &[&key.patient_id, pseudonym],
            };
            self.patients
                .write_record(row)
                .map_err(|_| could_not_write())?;
            self.patients_written += 1;
            let known = catalogue
                .known_values(person.number)
                .map_err(|error| failure(&error))?;
            let uids = known.iter().filter(|known| known.kind == KnownKind::Uid);
            originals.extend(uids.map(|known| known.value.expose().clone()));
        }
        for original in originals
            .iter()
            .filter(|original| !original.is_empty() && !uid::is_standard(original))
        {
            let released = keys.uid(original);
            let row: &[&str] = match self.format {
                Format::Csv => &[track.as_str(), original, released.as_str()],
                Format::Midi => &[original, released.as_str()],
            };
            self.uids.write_record(row).map_err(|_| could_not_write())?;
            self.uids_written += 1;
        }
        Ok(())
    }

    fn write(&mut self, out: &Path) -> Result<Vec<String>, Failure> {
        let names = match self.format {
            Format::Csv => ["patients.csv", "uids.csv"],
            Format::Midi => ["patid_map.csv", "uid_map.csv"],
        };
        for (name, table) in names.iter().zip([&mut self.patients, &mut self.uids]) {
            let table = std::mem::replace(table, csv::Writer::from_writer(Vec::new()));
            let bytes = table.into_inner().map_err(|_| could_not_write())?;
            private_file(&out.join(name), &bytes)?;
        }
        Ok(names.map(str::to_owned).to_vec())
    }
}

fn could_not_write() -> Failure {
    Failure::could_not_run("the crosswalk could not be written")
}
