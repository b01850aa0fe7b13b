//! Real files that nobody here made: every one of them ends in one outcome, and none panics.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what fails here fails the test"
)]

mod common;

use cloakroom_ingest::{IngestOptions, Silent, ingest};
use common::Hospital;
use std::path::PathBuf;

#[test]
fn every_real_file_has_one_outcome() {
    let shared = std::env::var_os("CLOAKROOM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let devset = shared.join("devset");
    if !devset.is_dir() {
        eprintln!("skipped: there are no real files at CLOAKROOM_SHARED/devset");
        return;
    }
    let hospital = Hospital::new();
    let mut catalogue = hospital.catalogue();
    let options = IngestOptions::default();
    let report = ingest(
        &mut catalogue,
        std::slice::from_ref(&devset),
        &options,
        &Silent,
    )
    .unwrap();
    assert!(catalogue.counts().unwrap().holds());
    let files = walkdir::WalkDir::new(&devset)
        .into_iter()
        .filter(|entry| !entry.as_ref().unwrap().file_type().is_dir())
        .count() as u64;
    assert!(report.new.count >= files);
    assert!(report.ready.count > files / 3, "{report:?}");
    for patient in catalogue.patients().unwrap() {
        assert!(!catalogue.known_values(patient.number).unwrap().is_empty());
    }
    eprintln!("{files} files: {report:#?}");
}
