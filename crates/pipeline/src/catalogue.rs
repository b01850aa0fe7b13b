//! `ingest`: what is in an export, and what of it needs a person.

use crate::problems::Problems;
use crate::progress::Progress;
use crate::verdict::{Report, Verdict};
use crate::{Failure, Site};
use cloakroom_core::{Conservation, Tally};
use cloakroom_ingest::{Catalogue, IngestError, IngestOptions, Phase};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What an ingest found.
#[derive(Debug, Serialize)]
pub struct CatalogueReport {
    /// Patients with at least one instance.
    pub patients: u64,
    /// Studies.
    pub studies: u64,
    /// Series.
    pub series: u64,
    /// Every byte stream that was ever found.
    pub found: Tally,
    /// Instances that may go on to de-identification.
    pub ready: Tally,
    /// Streams that have ended already, by outcome and by reason.
    pub ended: Conservation,
    /// Whether found = ready + ended, by count and by bytes.
    pub conserved: bool,
    /// Where the files that need a person are named; only its owner may read it.
    pub problems: PathBuf,
    verdict: Verdict,
}

impl Report for CatalogueReport {
    fn verdict(&self) -> Verdict {
        self.verdict
    }
}

/// Opens the catalogue of a site.
pub(crate) fn open(site: &Site) -> Result<Catalogue, Failure> {
    Catalogue::open(&site.database()).map_err(|error| failure(&error))
}

/// Opens the catalogue of a site that others read at the same time; the ingest must have ended.
pub(crate) fn open_finished(site: &Site) -> Result<Catalogue, Failure> {
    Catalogue::open_finished(&site.database()).map_err(|error| {
        let failure = failure(&error);
        match error {
            IngestError::CatalogueUnfinished => {
                failure.advise("run the last `cloakroom ingest` again, to its end")
            }
            _ => failure,
        }
    })
}

/// Finds out what is in some exports and adds it to the catalogue.
///
/// # Errors
/// If an export cannot be read at all, lies around or inside the site folder, or the catalogue fails.
pub fn ingest(
    site: &Site,
    exports: &[PathBuf],
    threads: usize,
    progress: &dyn Progress,
) -> Result<CatalogueReport, Failure> {
    for export in exports {
        refuse_own_folders(site, export)?;
    }
    let mut catalogue = open(site)?;
    let options = IngestOptions {
        threads,
        spool: Some(site.spool()),
        inbox: Some(site.inbox()),
        ..IngestOptions::default()
    };
    cloakroom_ingest::ingest(&mut catalogue, exports, &options, &Bridge(progress))
        .map_err(|error| failure(&error))?;
    progress.finish();
    report(site, &catalogue)
}

/// The inbox may be ingested; the rest of the site folder may not.
fn refuse_own_folders(site: &Site, export: &Path) -> Result<(), Failure> {
    let export = std::fs::canonicalize(export).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::wrong_use("there is no such export")
            .at(export)
            .advise("check the path"),
        _ => Failure::io("could not open the export", export, &error),
    })?;
    let overlap = export.starts_with(site.root()) || site.root().starts_with(&export);
    if overlap && !export.starts_with(site.inbox()) {
        return Err(
            Failure::wrong_use("the export and the site folder lie within one another")
                .at(&export)
                .advise("keep the site folder apart from every export"),
        );
    }
    Ok(())
}

fn report(site: &Site, catalogue: &Catalogue) -> Result<CatalogueReport, Failure> {
    let counts = catalogue.counts().map_err(|error| failure(&error))?;
    let count = |table: &str| count_rows(catalogue, table);
    let problems = Problems::write_catalogue(site, catalogue)?;
    let needs_person =
        counts.ended.of("held").count > 0 || counts.ended.of("quarantined").count > 0;
    Ok(CatalogueReport {
        patients: count("patient")?,
        studies: count("study")?,
        series: count("series")?,
        found: counts.found,
        ready: counts.ready,
        conserved: counts.holds(),
        ended: counts.ended,
        problems,
        verdict: if needs_person {
            Verdict::NeedsPerson
        } else {
            Verdict::Done
        },
    })
}

/// How many patients, studies or series are named by at least one instance.
fn count_rows(catalogue: &Catalogue, column: &str) -> Result<u64, Failure> {
    let query = format!("SELECT count(DISTINCT {column}) FROM instances WHERE {column} <> 0");
    catalogue
        .connection()
        .query_row(&query, [], |row| row.get::<_, i64>(0))
        .map(|count| count.unsigned_abs())
        .map_err(|_| Failure::could_not_run("the catalogue could not be read"))
}

/// Two texts of the catalogue's errors become two texts of ours.
pub(crate) fn failure(error: &IngestError) -> Failure {
    let failure = Failure::could_not_run(error.to_string()).detail(error.officer_text());
    if is_disk_full(error) {
        return failure.advise(
            "make room on the disk and run the same command again; it goes on where it stopped",
        );
    }
    failure
}

fn is_disk_full(error: &IngestError) -> bool {
    match error {
        IngestError::Catalogue { code } => code == "DiskFull",
        IngestError::Site { source } => matches!(
            source.kind(),
            std::io::ErrorKind::StorageFull
                | std::io::ErrorKind::QuotaExceeded
                | std::io::ErrorKind::FileTooLarge
        ),
        _ => false,
    }
}

/// Hands the progress of an ingest on.
struct Bridge<'a>(&'a dyn Progress);

impl cloakroom_ingest::Progress for Bridge<'_> {
    fn phase(&self, phase: Phase) {
        let name = match phase {
            Phase::Walk => "listing",
            Phase::Read => "reading headers",
            Phase::Unpack => "unpacking",
            Phase::Compare => "comparing",
            Phase::Settle => "settling",
        };
        self.0.begin(name, None, None);
    }

    fn read(&self, streams: u64, bytes: u64) {
        self.0.advance(streams, bytes);
    }
}
