//! `report`: one page about a site, a bundle or a release, and the same as JSON.

use crate::audit::log_folders;
use crate::delivery::{CHECKPOINT, LOG};
use crate::files::{public_file, read_text, replace_private_file, require_no_file};
use crate::verdict::{Report, Verdict};
use crate::{Failure, Site, packing};
use cloakroom_audit::Checkpoint;
use cloakroom_audit::report::{
    AnonymityTable, Contents, LogReport, Person, ReleaseEquation, ReportError, SafetyReport,
    Subject,
};
use cloakroom_core::{Digest, PathPattern, Step};
use cloakroom_packager::{Package, Statement};
use cloakroom_profile::standard::keyword_of;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

pub use cloakroom_audit::report::Language;

/// What was written.
#[derive(Debug, Serialize)]
pub struct WrittenReport {
    /// The page.
    pub page: PathBuf,
    /// The same as JSON.
    pub json: PathBuf,
    /// What it says.
    pub report: SafetyReport,
}

impl Report for WrittenReport {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Writes the report of a site folder, a bundle or a release.
///
/// # Errors
/// If it is neither, a log or a table is damaged, the file exists, or the machine fails.
pub fn write(
    path: &Path,
    out: Option<&Path>,
    language: Language,
) -> Result<WrittenReport, Failure> {
    let of_site = path.join("site.yaml").is_file();
    let mut report = if of_site { site(path)? } else { package(path)? };
    report.name_attributes(&|path: &PathPattern| match path.steps().last() {
        Some(Step::Standard(tag)) => keyword_of(*tag).unwrap_or_default().into(),
        _ => String::new(),
    });
    let page = match out {
        Some(out) => out.to_path_buf(),
        None if of_site => path.join("report.html"),
        None => beside(path)?,
    };
    let json = page.with_extension("json");
    let text = serde_json::to_string_pretty(&report)
        .map_err(|_| Failure::could_not_run("the report could not be written as JSON"))?;
    let files = [
        (&page, report.to_html(language)),
        (&json, format!("{text}\n")),
    ];
    refuse_inside(path, &page, of_site)?;
    // A file of a name that the user chose is never replaced; a report of the program's own name is the newest one.
    if out.is_some() {
        require_no_file(&page)?;
        require_no_file(&json)?;
    }
    for (file, text) in files {
        if of_site {
            replace_private_file(file, text.as_bytes())?;
        } else {
            public_file(file, text.as_bytes())?;
        }
    }
    Ok(WrittenReport { page, json, report })
}

/// `NAME-report.html` beside the package.
fn beside(path: &Path) -> Result<PathBuf, Failure> {
    let whole = fs::canonicalize(path)
        .map_err(|error| Failure::io("could not open the package", path, &error))?;
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    Ok(whole.with_file_name(format!("{name}-report.html")))
}

/// A file more in a package would make it another one.
fn refuse_inside(path: &Path, page: &Path, of_site: bool) -> Result<(), Failure> {
    let folder = match page.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let (Ok(package), Ok(folder)) = (fs::canonicalize(path), fs::canonicalize(folder)) else {
        return Err(Failure::wrong_use("there is no such folder to write to").at(folder));
    };
    if !of_site && folder.starts_with(package) {
        return Err(Failure::wrong_use(
            "a report inside the package would make it another package",
        )
        .at(page)
        .advise("name a file outside of it"));
    }
    Ok(())
}

fn empty(subject: Subject, logs: Vec<LogReport>) -> Result<SafetyReport, Failure> {
    Ok(SafetyReport {
        cloakroom_report: SafetyReport::FORM,
        tool: crate::evidence::TOOL
            .parse()
            .map_err(|_| Failure::could_not_run("the program has no version"))?,
        subject,
        contents: None,
        logs,
        release: None,
        anonymity: None,
    })
}

fn site(path: &Path) -> Result<SafetyReport, Failure> {
    let site = Site::open_to_read(path)?;
    let logs = site.root().join("logs");
    let mut folders: Vec<PathBuf> = fs::read_dir(&logs)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.join(LOG).is_file())
        .collect();
    folders.sort();
    if folders.is_empty() {
        return Err(
            Failure::wrong_use("nothing was delivered yet, so there is nothing to report")
                .at(path)
                .advise("run `cloakroom deid` first"),
        );
    }
    let logs = folders.iter().map(|folder| read_log(folder, &|_| true));
    let logs = logs.collect::<Result<_, _>>()?;
    let site = site.name().clone();
    empty(Subject::Site { site }, logs)
}

fn package(path: &Path) -> Result<SafetyReport, Failure> {
    let package = Package::open(path).map_err(packing::failure)?;
    let mut digests = HashSet::new();
    let mut people: BTreeMap<String, Person> = BTreeMap::new();
    package
        .for_each_series(&|_| true, &mut |_, block| {
            let person = people.entry(block.patient).or_default();
            for member in block.members {
                digests.insert(member.sha256);
                take(person, member.facts);
            }
            Ok(())
        })
        .map_err(packing::failure)?;
    for (patient, place) in package.places().map_err(packing::failure)? {
        people.entry(patient).or_default().site = place.site;
    }
    let folders = log_folders(path);
    let included = |digest: &Digest| digests.contains(digest);
    let logs = folders.iter().map(|folder| read_log(folder, &included));
    let mut report = empty(
        subject(package.statement()),
        logs.collect::<Result<_, _>>()?,
    )?;
    let counts = package.statement().counts();
    report.contents = Some(Contents {
        patients: counts.patients,
        studies: counts.studies,
        series: counts.series,
        instances: counts.instances,
        bytes: counts.bytes,
    });
    if let Statement::Release(release) = package.statement() {
        let equation = &release.conservation;
        report.release = Some(ReleaseEquation {
            in_bundles: equation.in_bundles,
            released: equation.released,
            not_selected: equation.not_selected,
            blocked: equation.blocked,
            withdrawn: equation.withdrawn,
        });
    }
    let people: Vec<Person> = people.into_values().collect();
    report.anonymity = Some(AnonymityTable::of(&people));
    Ok(report)
}

/// Where instances of a patient differ, the first that says something speaks, in the order of the package.
fn take(person: &mut Person, facts: cloakroom_core::InstanceFacts) {
    for (known, told) in [(&mut person.sex, facts.sex), (&mut person.age, facts.age)] {
        if known.is_empty() {
            *known = told;
        }
    }
    if !facts.modality.is_empty() {
        person.modalities.insert(facts.modality);
    }
    if !facts.manufacturer.is_empty() {
        person.manufacturers.insert(facts.manufacturer);
    }
}

fn subject(statement: &Statement) -> Subject {
    match statement {
        Statement::Bundle(bundle) => Subject::Bundle {
            site: bundle.site.clone(),
            track: bundle.track.clone(),
            delivery: bundle.delivery,
            date: bundle.date,
        },
        Statement::Release(release) => Subject::Release {
            track: release.track.clone(),
            title: release.title.clone(),
            version: release.version.to_string(),
            date: release.date,
        },
    }
}

fn read_log(folder: &Path, included: &dyn Fn(&Digest) -> bool) -> Result<LogReport, Failure> {
    let (log, head) = (folder.join(LOG), folder.join(CHECKPOINT));
    let checkpoint: Checkpoint = read_text(&head)?
        .parse()
        .map_err(|_| Failure::check_failed("the signed head is damaged").at(&head))?;
    let file =
        File::open(&log).map_err(|error| Failure::io("could not open the log", &log, &error))?;
    LogReport::read(BufReader::new(file), &checkpoint, included).map_err(|error| match error {
        ReportError::Io(source) => Failure::io("could not read the log", &log, &source),
        other => Failure::check_failed(other.to_string())
            .at(&log)
            .advise("`cloakroom verify` tells everything that is wrong"),
    })
}
