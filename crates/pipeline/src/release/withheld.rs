//! Evidence without the records of withdrawn patients: the log keeps only their leaves.

use crate::Failure;
use crate::audit::log_folders;
use crate::delivery::LOG;
use cloakroom_audit::record::WithheldLeaf;
use cloakroom_audit::{LogEntry, leaf_hash};
use cloakroom_core::Digest;
use cloakroom_packager::release::Replaced;
use cloakroom_packager::{VerifiedBundle, VerifiedRelease};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Logs that were written again, in a folder that goes when this is dropped.
#[derive(Default)]
pub(super) struct WithheldLogs {
    folder: Option<PathBuf>,
    pub(super) replaced: Replaced,
}

impl Drop for WithheldLogs {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // What stays behind is found and emptied by the next run.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Writes the logs of all packages again that hold a record of one of these objects.
pub(super) fn write(
    out: &Path,
    bundles: &[VerifiedBundle],
    previous: Option<&VerifiedRelease>,
    objects: &BTreeSet<Digest>,
) -> Result<WithheldLogs, Failure> {
    let mut logs = WithheldLogs::default();
    if objects.is_empty() {
        return Ok(logs);
    }
    let mut name = std::ffi::OsString::from(".");
    name.push(out.file_name().unwrap_or_default());
    name.push(".withheld");
    let folder = out.with_file_name(name);
    let fault = |error: std::io::Error| Failure::io("could not make a folder", &folder, &error);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(fault)?;
    }
    fs::create_dir_all(&folder).map_err(fault)?;
    logs.folder = Some(folder.clone());
    for (target, source) in sources(bundles, previous) {
        let copy = folder.join(logs.replaced.len().to_string());
        if withhold(&source, &copy, objects)? {
            logs.replaced.insert(target, copy);
        }
    }
    Ok(logs)
}

/// Every log by the path that it has in the release.
fn sources(
    bundles: &[VerifiedBundle],
    previous: Option<&VerifiedRelease>,
) -> Vec<(String, PathBuf)> {
    let mut sources: Vec<_> = bundles
        .iter()
        .map(|bundle| {
            let manifest = bundle.manifest();
            let target = format!("evidence/{}-d{:04}/{LOG}", manifest.site, manifest.delivery);
            (target, bundle.root().join("evidence").join(LOG))
        })
        .collect();
    let of_previous = previous.into_iter().flat_map(|release| {
        log_folders(release.root())
            .into_iter()
            .filter_map(|folder| {
                let log = folder.join(LOG);
                let target = log.strip_prefix(release.root()).ok()?;
                Some((target.to_string_lossy().into_owned(), log.clone()))
            })
    });
    // A log of a bundle that is given counts before the copy in the version before.
    for (target, log) in of_previous {
        if !sources.iter().any(|(known, _)| *known == target) {
            sources.push((target, log));
        }
    }
    sources.retain(|(_, log)| log.is_file());
    sources
}

/// Copies a log with leaves in the place of records. Says whether there was any.
fn withhold(from: &Path, to: &Path, objects: &BTreeSet<Digest>) -> Result<bool, Failure> {
    let read = |error: std::io::Error| Failure::io("could not read a log", from, &error);
    let written = |error: std::io::Error| Failure::io("could not write a log", to, &error);
    let mut lines = BufReader::new(File::open(from).map_err(read)?);
    let mut copy = BufWriter::new(File::create(to).map_err(written)?);
    let (mut line, mut any) = (String::new(), false);
    while lines.read_line(&mut line).map_err(read)? > 0 {
        let text = line.trim_end_matches('\n');
        if names(text, objects) {
            any = true;
            let leaf = leaf_hash(text.as_bytes());
            let withheld = LogEntry::Withheld(WithheldLeaf { leaf })
                .to_line()
                .map_err(|_| Failure::could_not_run("a line of a log could not be written"))?;
            writeln!(copy, "{withheld}").map_err(written)?;
        } else {
            copy.write_all(line.as_bytes()).map_err(written)?;
        }
        line.clear();
    }
    copy.flush().map_err(written)?;
    Ok(any)
}

fn names(line: &str, objects: &BTreeSet<Digest>) -> bool {
    match LogEntry::parse(line) {
        Ok(LogEntry::Object(record)) => record
            .output
            .is_some_and(|output| objects.contains(&output.digest)),
        _ => false,
    }
}
