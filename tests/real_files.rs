//! Files that nobody here made, all the way: each ends in one outcome, and what is cleared opens in pydicom.

mod harness;

use harness::{DATE, DONE, NEEDS_PERSON, Room, files, judged, python, real_files, run};
use std::process::Command;

#[test]
fn every_real_file_ends_once_and_what_is_cleared_opens_in_pydicom() {
    let exports = real_files();
    if exports.is_empty() {
        return;
    }
    let room = Room::new();
    let site = room.text("site");
    run(&["init", &site, "--name", "GX01"]).expect(&[DONE]);
    let mut ingest = vec!["ingest".to_owned(), site.clone()];
    ingest.extend(
        exports
            .iter()
            .map(|folder| folder.to_string_lossy().into_owned()),
    );
    run(&ingest).expect(&[DONE, NEEDS_PERSON]);
    let bundle = room.text("bundle");
    let deid = [
        "--json",
        "deid",
        &site,
        "--track",
        "lung",
        "--profile",
        "basic",
        "--out",
        &bundle,
        "--date",
        DATE,
    ];
    let answer = harness::program()
        .args(deid)
        .env("CLOAKROOM_MODELS", room.path("no-models"))
        .output()
        .unwrap();
    assert!(
        matches!(answer.status.code(), Some(DONE | NEEDS_PERSON)),
        "{}",
        String::from_utf8_lossy(&answer.stderr)
    );
    let report: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    let on_disk: u64 = exports
        .iter()
        .map(|folder| files(folder).len() as u64)
        .sum();
    let found = report["total"]["found"]["count"].as_u64().unwrap();
    assert!(
        found >= on_disk,
        "{found} streams of {on_disk} files have an outcome"
    );
    let ended: u64 = report["total"]["outcomes"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(|tally| tally["count"].as_u64())
        .sum();
    assert_eq!(ended, found);
    assert!(report["released"]["instances"].as_u64().unwrap() > 0);
    room.verify(&room.path("bundle")).expect(&[DONE]);
    let extracted = room.extract("bundle", "files");
    let Some(python) = python(&["pydicom"]) else {
        return;
    };
    let code = "import sys, pydicom\nfor line in sys.stdin:\n    pydicom.dcmread(line.strip()).walk(lambda *_: None)";
    let list = room.path("list.txt");
    let names: Vec<String> = files(&extracted)
        .iter()
        .map(|file| extracted.join(file).display().to_string())
        .collect();
    std::fs::write(&list, names.join("\n")).unwrap();
    let (content, said) = judged(
        Command::new(python)
            .args(["-W", "ignore", "-c", code])
            .stdin(std::fs::File::open(&list).unwrap()),
    );
    assert!(content, "{said}");
}
