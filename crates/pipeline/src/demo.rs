//! `demo`: a synthetic hospital, taken all the way to a verified release.
//!
//! The delivery is made by the testkit, which knows how each of its files should end. The demo is content when
//! every file ended as planned, which includes those that were planted to be held.

use crate::catalogue::{self, CatalogueReport};
use crate::delivery::{self, DeliveryReport, DeliverySettings};
use crate::files::{private_file, public_file, require_free};
use crate::progress::Progress;
use crate::release::{self, BuildReport, BuildSettings};
use crate::state::State;
use crate::verdict::{Report, Verdict};
use crate::verify::{self, VerifyReport, VerifySettings};
use crate::{Compression, Failure, RunSettings, Site, Trusted, site};
use cloakroom_core::{Outcome, StatedDate};
use cloakroom_testkit::hospital::{Mismatch, Place};
use cloakroom_testkit::{Hospital, Size};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The seed of the synthetic hospital.
const SEED: u64 = 1;
/// The date that the demo states, so that it ends in the same bytes on any day.
const DATE: (u16, u8, u8) = (2026, 11, 23);
/// The track of the demo, which takes everything.
const TRACK: &str = "generic";

/// What happened in the demo.
#[derive(Debug, Serialize)]
pub struct DemoReport {
    /// The folder.
    pub folder: PathBuf,
    /// What was found.
    pub catalogue: CatalogueReport,
    /// What was delivered.
    pub delivery: DeliveryReport,
    /// What was released.
    pub release: BuildReport,
    /// What verification said of the bundle and of the release.
    pub verified: [VerifyReport; 2],
    /// How many files ended as planned.
    pub as_planned: u64,
    /// Files that did not; the synthetic hospital's names may be told.
    pub surprises: Vec<String>,
}

impl Report for DemoReport {
    fn verdict(&self) -> Verdict {
        let sound = self
            .verified
            .iter()
            .all(|report| report.verdict() == Verdict::Done);
        match (sound, self.surprises.is_empty()) {
            (false, _) => Verdict::CheckFailed,
            (true, false) => Verdict::NeedsPerson,
            (true, true) => Verdict::Done,
        }
    }
}

/// Makes a synthetic hospital below `folder` and takes it all the way.
///
/// # Errors
/// If the folder is taken or the disk fails.
pub fn run(folder: &Path, threads: usize, progress: &dyn Progress) -> Result<DemoReport, Failure> {
    require_free(folder)?;
    let place = |name: &str| folder.join(name);
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::io("could not make a folder", folder, &error))?;
    progress.begin("making a hospital", None, None);
    let truth = Hospital::write(&place("export"), Size::Demo, SEED).map_err(|error| {
        Failure::io(
            "could not write the synthetic hospital",
            &place("export"),
            &error,
        )
    })?;
    let told = truth
        .to_json()
        .map_err(|_| Failure::could_not_run("the truth could not be written as JSON"))?;
    private_file(&place("truth.json"), told.as_bytes())?;
    progress.finish();
    let hospital = Site::init(
        &place("site"),
        "DEMO01"
            .parse()
            .map_err(|_| Failure::could_not_run("no site name"))?,
    )?;
    site::init_organiser(&place("office"))?;
    let found = catalogue::ingest(&hospital, &[place("export")], threads, progress)?;
    let track_file = write_track(&place("office"), hospital.root())?;
    let date =
        StatedDate::new(DATE.0, DATE.1, DATE.2).ok_or_else(|| Failure::could_not_run("no date"))?;
    let settings = DeliverySettings {
        run: RunSettings::resolve(&track_file.to_string_lossy(), "contest", None, threads)?,
        out: place("bundle"),
        date: Some(date),
        compression: Compression::default(),
    };
    let delivered = delivery::deid(&hospital, &settings, progress)?;
    let observed = outcomes(&hospital, &settings, &place("export"))?;
    let released = release::build(&build_settings(folder, track_file, date, threads), progress)?;
    let verified = [
        check(
            &place("bundle"),
            &hospital.root().join("DEMO01.pub"),
            threads,
            progress,
        )?,
        check(
            &place("release"),
            &place("office").join("release.pub"),
            threads,
            progress,
        )?,
    ];
    let mismatches = truth.judge(&observed, None);
    Ok(DemoReport {
        folder: folder.to_path_buf(),
        as_planned: (truth.files.len() as u64).saturating_sub(mismatches.len() as u64),
        surprises: mismatches.iter().map(surprise).collect(),
        catalogue: found,
        delivery: delivered,
        release: released,
        verified,
    })
}

/// The generic template with the hospital's key.
fn write_track(office: &Path, site_root: &Path) -> Result<PathBuf, Failure> {
    let template = cloakroom_packager::track::template(TRACK)
        .ok_or_else(|| Failure::could_not_run("the generic track template is missing"))?;
    let trusted = Trusted::read(&[site_root.join("DEMO01.pub")])?;
    let key = trusted.packages.first().cloned().unwrap_or_default();
    let text = template.replace(
        "sites: []",
        &format!("sites:\n  - name: DEMO01\n    keys: [\"{key}\"]"),
    );
    let path = office.join("generic.yaml");
    public_file(&path, text.as_bytes())?;
    Ok(path)
}

fn build_settings(
    folder: &Path,
    track: PathBuf,
    date: StatedDate,
    threads: usize,
) -> BuildSettings {
    BuildSettings {
        track,
        bundles: vec![folder.join("bundle")],
        version: "1.0.0".into(),
        date,
        out: folder.join("release"),
        organiser: Some(folder.join("office")),
        previous: None,
        trusted: Trusted::default(),
        notices: Vec::new(),
        sealed: None,
        mirrors: Vec::new(),
        waivers: Vec::new(),
        threads,
    }
}

fn check(
    path: &Path,
    key: &Path,
    threads: usize,
    progress: &dyn Progress,
) -> Result<VerifyReport, Failure> {
    let trusted = Trusted::read(&[key.to_path_buf()])?;
    verify::verify(
        path,
        &VerifySettings {
            trusted,
            since: None,
            threads,
        },
        progress,
    )
}

/// How each file of the delivery ended.
fn outcomes(
    hospital: &Site,
    settings: &DeliverySettings,
    export: &Path,
) -> Result<BTreeMap<Place, Outcome>, Failure> {
    let export = std::fs::canonicalize(export)
        .map_err(|error| Failure::io("could not find the export", export, &error))?;
    let catalogue = catalogue::open(hospital)?;
    let results = State::open(&hospital.database())?.last_results(&settings.run.track)?;
    let mut streams = Vec::new();
    catalogue
        .for_each_stream(&mut |entry| {
            streams.push(entry.stream);
            Ok(())
        })
        .map_err(|error| catalogue::failure(&error))?;
    let mut outcomes = BTreeMap::new();
    for stream in streams {
        let place = catalogue
            .place_of(stream)
            .map_err(|error| catalogue::failure(&error))?;
        let place = place.expose();
        let path = place
            .file
            .strip_prefix(&export)
            .unwrap_or(&place.file)
            .to_string_lossy()
            .into_owned();
        let member = place
            .members
            .last()
            .map(|member| String::from_utf8_lossy(member).into_owned());
        if let Some(result) = results.get(&stream.get()) {
            outcomes.insert((path, member), result.outcome);
        }
    }
    Ok(outcomes)
}

fn surprise(mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Missing(file) => format!("{} ({}) has no outcome", file.path, file.what),
        Mismatch::Different { planned, found } => {
            let expected: Vec<String> = planned.expected.iter().map(ToString::to_string).collect();
            format!(
                "{} ({}) ended as {found}, not as {}",
                planned.path,
                planned.what,
                expected.join(" or ")
            )
        }
        Mismatch::Unplanned((path, member)) => {
            format!(
                "{path} {} was not planned",
                member.as_deref().unwrap_or_default()
            )
        }
        Mismatch::Copies { group, kept } => format!("{kept} copies of {group} were kept"),
    }
}
