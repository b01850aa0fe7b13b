//! The label files of a bundle against its statement, and each once more against the form that label files have.

use super::fault::{Fault, FaultKind};
use super::files::Folder;
use crate::labels;
use crate::manifest::BundleManifest;
use cloakroom_clear::recheck_sidecar;
use cloakroom_core::SidecarFacts;
use std::collections::BTreeSet;

pub(super) fn compare(folder: &mut Folder, bundle: &BundleManifest) {
    let prefix = format!("{}/", labels::FOLDER);
    let mut there: BTreeSet<String> = folder
        .digests()
        .into_keys()
        .filter(|path| path.starts_with(&prefix))
        .collect();
    let Some(stated) = &bundle.labels else {
        return extra(folder, there);
    };
    for file in &stated.files {
        there.remove(&file.path);
        if !file.path.starts_with(&prefix) {
            folder
                .faults
                .push(Fault::new(FaultKind::UnsafeName, &file.path));
            continue;
        }
        let Some(bytes) = folder.read_listed(&file.path) else {
            continue;
        };
        if cloakroom_core::Digest::of(&bytes) != file.sha256 || bytes.len() as u64 != file.bytes {
            folder
                .faults
                .push(Fault::new(FaultKind::LabelContradicts, &file.path));
        }
        match recheck_sidecar(&stated.schema, file.facts.kind, &bytes) {
            Ok(found) if agrees(&found, &file.facts) => {}
            Ok(_) => folder
                .faults
                .push(Fault::new(FaultKind::LabelContradicts, &file.path)),
            Err(why) => folder.fault(FaultKind::LabelMalformed, &file.path, why.to_string()),
        }
    }
    extra(folder, there);
}

/// A mask does not say itself whose it is; the signed statement does.
fn agrees(found: &SidecarFacts, stated: &SidecarFacts) -> bool {
    let about = SidecarFacts {
        patient: stated.patient.clone(),
        study: stated.study.clone(),
        ..found.clone()
    };
    about == *stated
}

fn extra(folder: &mut Folder, files: BTreeSet<String>) {
    for path in files {
        folder.faults.push(
            Fault::new(FaultKind::LabelContradicts, path).because("the statement does not list it"),
        );
    }
}
