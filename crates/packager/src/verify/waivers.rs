//! The waivers of a release: each file is signed by one whom the release names, and each waived finding has a waiver.

use super::fault::{Fault, FaultKind};
use super::files::Folder;
use crate::release::waivers::{FOLDER, read_waivers};
use crate::release::{CHECKS_TABLE, ReleaseManifest, Waiver};

pub(super) fn compare(folder: &mut Folder, release: &ReleaseManifest) {
    let prefix = format!("{FOLDER}/");
    let files: Vec<String> = folder
        .digests()
        .into_keys()
        .filter(|path| path.starts_with(&prefix) && path.ends_with(".json"))
        .collect();
    let mut waivers = Vec::new();
    for path in files {
        let signature = folder.read(&format!("{path}.minisig"));
        let (Some(bytes), Some(signature)) = (folder.read(&path), signature) else {
            continue;
        };
        let signature = String::from_utf8_lossy(&signature);
        match read_waivers(&bytes, &signature, &release.track, &release.waiver_signers) {
            Ok(read) => waivers.extend(read),
            Err(why) => folder.fault(FaultKind::WaiverWrong, &path, why.to_string()),
        }
    }
    if release.checks.iter().any(|check| check.waived > 0) {
        compare_findings(folder, &waivers);
    }
}

/// Every finding that is waived names a signer and a reason that a waiver has for the same check.
fn compare_findings(folder: &mut Folder, waivers: &[Waiver]) {
    let Some(table) = folder.read(CHECKS_TABLE) else {
        return;
    };
    let mut reader = csv::Reader::from_reader(table.as_slice());
    let mut without = 0;
    for row in reader.records() {
        let Ok(row) = row else {
            return folder.fault(FaultKind::TableMalformed, CHECKS_TABLE, "it cannot be read");
        };
        let cell = |place: usize| row.get(place).unwrap_or_default();
        let (signer, reason) = (cell(6), cell(7));
        if signer.is_empty() {
            continue;
        }
        let covered = waivers.iter().any(|waiver| {
            crate::release::check_name(waiver.check) == cell(0)
                && (waiver.signer.as_str(), waiver.reason.as_str()) == (signer, reason)
        });
        without += u32::from(!covered);
    }
    if without > 0 {
        folder.faults.push(
            Fault::new(FaultKind::WaiverWrong, CHECKS_TABLE).because(format!(
                "{without} findings are waived by nobody's signature"
            )),
        );
    }
}
