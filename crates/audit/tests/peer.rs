//! A checker in another language, written from the description of the formats, agrees with ours.
//!
//! Needs `python3` with the package `cryptography`; without them the tests say so and pass.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail by panicking and say why it was skipped"
)]

mod support;

use cloakroom_audit::{Failure, ProofFile, SiteLog, Trust, verify_log};
use cloakroom_core::{Digest, Outcome};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Written, key, origin, record, trust, written};

fn checker() -> Option<PathBuf> {
    let python = Command::new("python3")
        .args(["-c", "import cryptography"])
        .output();
    if !python.is_ok_and(|output| output.status.success()) {
        println!("skipped: python3 with the package cryptography is not installed");
        return None;
    }
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/check_log.py"))
}

fn run(checker: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new("python3")
        .arg(checker)
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), text + &errors)
}

/// Writes a log down and asks the checker, with and without the list of leaf hashes.
fn ask(checker: &Path, log: &Written, since: bool) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("log.jsonl"), log.text()).unwrap();
    fs::write(path("log.leaves"), log.leaf_list()).unwrap();
    fs::write(path("checkpoint"), log.checkpoint.to_string()).unwrap();
    fs::write(path("since"), log.first.to_string()).unwrap();
    fs::write(path("keys"), format!("# site\n{}\n", key(1).public())).unwrap();
    let (jsonl, checkpoint) = (path("log.jsonl"), path("checkpoint"));
    let (leaves, keys, earlier) = (path("log.leaves"), path("keys"), path("since"));
    let mut arguments = vec![
        "log",
        &jsonl,
        &checkpoint,
        "--leaves",
        &leaves,
        "--keys",
        &keys,
    ];
    if since {
        arguments.extend(["--since", &earlier]);
    }
    run(checker, &arguments)
}

#[test]
fn the_checker_finds_an_honest_log_sound_and_computes_the_same_head() {
    let Some(checker) = checker() else { return };
    let log = written();
    let head = log.checkpoint.head();
    let (code, text) = ask(&checker, &log, true);
    assert_eq!(
        (code, text),
        (0, format!("ok {} {}\n", head.size, head.root))
    );
}

#[test]
fn the_checker_names_what_we_name() {
    let Some(checker) = checker() else { return };
    let first = written()
        .lines
        .iter()
        .position(|line| line.starts_with(r#"{"kind":"object""#))
        .unwrap();
    type Tampering<'a> = &'a dyn Fn(&mut Written);
    let tampered: [(Tampering<'_>, Failure); 6] = [
        (
            &|log| log.lines[first] = log.lines[first].replace(r#""removed":2"#, r#""removed":0"#),
            Failure::RecordEdited,
        ),
        (&|log| drop(log.lines.remove(first)), Failure::RecordDropped),
        (
            &|log| log.lines.swap(first, first + 1),
            Failure::RecordsSwapped,
        ),
        (
            &|log| log.lines[0] = log.lines[0].replace("dummy", "keep"),
            Failure::ActionsMissing,
        ),
        (
            &|log| log.lines[first] = log.lines[first].replacen(':', ": ", 1),
            Failure::LineMalformed,
        ),
        (
            &|log| log.leaves[0] = Digest::of(b"x"),
            Failure::LeafListWrong,
        ),
    ];
    for (tamper, failure) in tampered {
        let mut log = written();
        tamper(&mut log);
        let (code, text) = ask(&checker, &log, false);
        assert_eq!(code, 3, "{failure}: {text}");
        assert!(text.contains(failure.code()), "{failure}: {text}");
        let mut lines = Cursor::new(log.text());
        let ours = verify_log(
            &mut lines,
            Some(&log.leaves),
            &log.checkpoint,
            &Trust::default(),
            &mut |_, _| (),
        );
        assert!(ours.unwrap().names(failure));
    }
}

#[test]
fn the_checker_follows_a_proof_and_refuses_a_false_one() {
    let Some(checker) = checker() else { return };
    let log = written();
    let read = SiteLog::read(origin(), &mut Cursor::new(log.text())).unwrap();
    let object = b"output 3";
    let expected = record(3, Outcome::Cleared).output.unwrap().digest;
    let mut place = None;
    let mut lines = Cursor::new(log.text());
    let findings = verify_log(
        &mut lines,
        None,
        &log.checkpoint,
        &trust(),
        &mut |leaf, record| {
            if record
                .output
                .is_some_and(|output| output.digest == expected)
            {
                place = Some((leaf, record.clone()));
            }
        },
    );
    assert!(findings.unwrap().is_sound());
    let (leaf, found) = place.unwrap();
    let line = cloakroom_audit::LogEntry::Object(Box::new(found))
        .to_line()
        .unwrap();
    let proof = ProofFile::new(&line, leaf, read.tree(), log.checkpoint.clone()).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, wrong, data, keys) = (path("p"), path("wrong"), path("object"), path("keys"));
    fs::write(&file, proof.to_string()).unwrap();
    let index = format!("index {leaf}\n");
    let other = format!("index {}\n", leaf + 1);
    fs::write(&wrong, proof.to_string().replace(&index, &other)).unwrap();
    fs::write(&data, object).unwrap();
    fs::write(&keys, key(1).public().to_string()).unwrap();
    let ask = |arguments: &[&str]| run(&checker, arguments);
    let (code, text) = ask(&["proof", &file, "--object", &data, "--keys", &keys]);
    assert_eq!((code, text), (0, format!("ok {leaf} {expected}\n")));
    let (code, text) = ask(&["proof", &wrong, "--keys", &keys]);
    assert!(code == 3 && text.contains("path-wrong"), "{text}");
    let (code, text) = ask(&["proof", &file, "--object", &keys, "--keys", &keys]);
    assert!(code == 3 && text.contains("object-wrong"), "{text}");
    let (code, text) = ask(&["proof", &file]);
    assert!(code == 3 && text.contains("signer-unknown"), "{text}");
}
