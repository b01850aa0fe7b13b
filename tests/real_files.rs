//! Files that nobody here made, all the way: each ends in one outcome, and what is cleared opens in pydicom and is no
//! worse in dciodvfy than before.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::{DONE, NEEDS_PERSON, Room, files, judged, python, real_files, run, tool};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn real_files_by_the_basic_profile() {
    real_files_end_once_and_stay_valid("basic");
}

#[test]
fn real_files_by_the_contest_profile() {
    real_files_end_once_and_stay_valid("contest");
}

#[test]
fn real_files_by_the_tcia_profile() {
    real_files_end_once_and_stay_valid("tcia");
}

fn real_files_end_once_and_stay_valid(profile: &str) {
    let exports = real_files();
    if exports.is_empty() {
        return;
    }
    let room = Room::new();
    let site = room.text("site");
    run(&["init", &site, "--name", "GX01"]).expect(&[DONE]);
    let mut ingest = vec!["ingest".to_owned(), site];
    ingest.extend(exports.iter().map(|folder| text(folder)));
    run(&ingest).expect(&[DONE, NEEDS_PERSON]);
    let report = room
        .deliver("site", profile, "bundle")
        .expect(&[DONE, NEEDS_PERSON])
        .json();
    every_stream_has_one_outcome(&report, &exports);
    room.verify(&room.path("bundle")).expect(&[DONE]);
    let extracted = room.extract("bundle", "files");
    let cleared: Vec<PathBuf> = files(&extracted)
        .into_iter()
        .map(|file| extracted.join(file))
        .collect();
    assert!(!cleared.is_empty());
    opens_in_pydicom(&room, &cleared);
    is_no_worse_than_before(&room, &exports, &cleared);
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn every_stream_has_one_outcome(report: &serde_json::Value, exports: &[PathBuf]) {
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
}

fn opens_in_pydicom(room: &Room, cleared: &[PathBuf]) {
    let Some(python) = python(&["pydicom"]) else {
        return;
    };
    let code = "import sys, pydicom\nfor line in sys.stdin:\n    pydicom.dcmread(line.strip()).walk(lambda *_: None)";
    let list = listed(room, "opened.txt", cleared);
    let (content, said) = judged(
        Command::new(python)
            .args(["-W", "ignore", "-c", code])
            .stdin(std::fs::File::open(&list).unwrap()),
    );
    assert!(content, "{said}");
}

fn listed(room: &Room, name: &str, paths: &[PathBuf]) -> PathBuf {
    let list = room.path(name);
    let lines: Vec<String> = paths.iter().map(|path| text(path)).collect();
    std::fs::write(&list, lines.join("\n")).unwrap();
    list
}

/// The SOP Instance UID of each file that pydicom can read.
fn instances(room: &Room, python: &Path, name: &str, paths: &[PathBuf]) -> Vec<(String, PathBuf)> {
    let code = "import sys, pydicom\nfor line in sys.stdin:\n    name = line.rstrip('\\n')\n    try:\n        print(pydicom.dcmread(name, force=True, specific_tags=['SOPInstanceUID']).SOPInstanceUID)\n    except Exception:\n        print()";
    let list = listed(room, name, paths);
    let output = Command::new(python)
        .args(["-W", "ignore", "-c", code])
        .stdin(std::fs::File::open(&list).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let uids: Vec<&str> = said.lines().collect();
    assert_eq!(uids.len(), paths.len());
    uids.into_iter()
        .zip(paths)
        .filter(|(uid, _)| !uid.is_empty())
        .map(|(uid, path)| (uid.to_owned(), path.clone()))
        .collect()
}

fn is_no_worse_than_before(room: &Room, exports: &[PathBuf], cleared: &[PathBuf]) {
    let (Some(dciodvfy), Some(python)) = (tool("dciodvfy"), python(&["pydicom"])) else {
        return;
    };
    run(&["crosswalk", &room.text("site"), "--out", &room.text("who")]).expect(&[DONE]);
    let pairs = std::fs::read_to_string(room.path("who/uids.csv")).unwrap();
    let original: BTreeMap<&str, &str> = pairs
        .lines()
        .skip(1)
        .filter_map(|line| line.rsplit_once(','))
        .filter_map(|(left, new)| Some((new, left.split_once(',')?.1)))
        .collect();
    let sources: Vec<PathBuf> = exports
        .iter()
        .flat_map(|folder| files(folder).into_iter().map(move |file| folder.join(file)))
        .collect();
    let before: BTreeMap<String, PathBuf> = instances(room, &python, "before.txt", &sources)
        .into_iter()
        .collect();
    let judged: Vec<(PathBuf, PathBuf)> = instances(room, &python, "after.txt", cleared)
        .into_iter()
        .filter_map(|(uid, path)| {
            let source = before.get(*original.get(uid.as_str())?)?;
            Some((source.clone(), path))
        })
        .collect();
    assert!(
        judged.len() * 10 >= cleared.len() * 9,
        "only {} of {} were found again",
        judged.len(),
        cleared.len()
    );
    let worse: BTreeSet<String> = judged
        .iter()
        .flat_map(|(source, path)| new_errors(&dciodvfy, source, path))
        .collect();
    assert!(worse.is_empty(), "{worse:#?}");
}

/// What the checker says of the cleared file alone; nothing when it could not read the original.
fn new_errors(dciodvfy: &Path, source: &Path, path: &Path) -> Vec<String> {
    let Some(before) = errors(dciodvfy, source) else {
        return Vec::new();
    };
    let Some(after) = errors(dciodvfy, path) else {
        return vec![format!("{}: can no longer be read", source.display())];
    };
    after
        .difference(&before)
        .map(|error| format!("{}: {error}", source.display()))
        .collect()
}

/// What the checker calls an error, without the values that it quotes; `None` when it stops
/// before the end of the file, because it has then not looked at what follows.
fn errors(dciodvfy: &Path, path: &Path) -> Option<BTreeSet<String>> {
    let output = Command::new(dciodvfy).arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let read = !said
        .lines()
        .any(|line| line.trim() == "Error - Dicom dataset read failed");
    read.then(|| {
        said.lines()
            .filter(|line| line.starts_with("Error") || line.contains(" - Error - "))
            .map(without_values)
            .collect()
    })
}

/// Names of elements and modules stay; quoted values go.
fn without_values(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(['<', '"']) {
        let (before, quoted) = rest.split_at(start);
        let end = if quoted.starts_with('<') { '>' } else { '"' };
        let length = quoted[1..].find(end).map_or(quoted.len(), |at| at + 2);
        out.push_str(before);
        if ["=", "attribute "]
            .iter()
            .any(|name| before.ends_with(name))
        {
            out.push_str(&quoted[..length]);
        }
        rest = &quoted[length..];
    }
    out + rest
}
