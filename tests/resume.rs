//! A run that is killed at any moment can be run again, and ends in the bytes of one that nothing disturbed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::*;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| House::build("resume"))
}

/// The moments of a kill, as shares of the time that an undisturbed run takes.
const MOMENTS: [f64; 6] = [0.04, 0.15, 0.35, 0.55, 0.75, 0.93];

fn spawn(arguments: &[&str]) -> Child {
    program()
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Starts the program, kills it after a while, and says whether it was still running.
fn killed(arguments: &[&str], after: Duration) -> bool {
    let mut child = spawn(arguments);
    std::thread::sleep(after);
    let running = child.try_wait().unwrap().is_none();
    // SIGKILL; it fails only for a child that has ended.
    let _ = child.kill();
    child.wait().unwrap();
    running
}

fn timed(arguments: &[&str]) -> Duration {
    let start = Instant::now();
    run(arguments).expect(&[DONE, NEEDS_PERSON]);
    start.elapsed()
}

/// The folder is not there yet, or it is all there.
fn whole_or_absent(out: &Path, key: &Path) {
    if out.exists() {
        let (out, key) = (out.to_string_lossy(), key.to_string_lossy());
        run(&["verify", &out, "--trust", &key]).expect(&[DONE]);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_killed_deid_goes_on_to_the_same_bytes() {
    let expected = contents(&house().room.path("bundle"));
    let measured = {
        let room = house().again();
        let (site, out) = (room.text("site"), room.text("bundle"));
        timed(&[
            "deid",
            &site,
            "--track",
            "generic",
            "--profile",
            "basic",
            "--out",
            &out,
            "--date",
            DATE,
        ])
    };
    let mut disturbed = 0;
    for moment in MOMENTS {
        let room = house().again();
        let (site, out) = (room.text("site"), room.text("bundle"));
        let deid = [
            "deid",
            &site,
            "--track",
            "generic",
            "--profile",
            "basic",
            "--out",
            &out,
            "--date",
            DATE,
        ];
        for share in [moment, moment / 2.0] {
            if !room.path("bundle").exists() {
                disturbed += usize::from(killed(&deid, measured.mul_f64(share)));
            }
        }
        whole_or_absent(&room.path("bundle"), &room.path("site/GX01.pub"));
        if !room.path("bundle").exists() {
            run(&deid).expect(&[DONE, NEEDS_PERSON]);
        }
        assert!(
            contents(&room.path("bundle")) == expected,
            "killed at {moment}"
        );
        assert_eq!(
            names(&room.path("")),
            ["bundle", "site"],
            "killed at {moment}"
        );
        room.verify(&room.path("bundle")).expect(&[DONE]);
    }
    assert!(disturbed >= 3, "only {disturbed} runs were killed");
}

#[test]
fn a_killed_ingest_goes_on_to_the_same_bundle() {
    let export = house().room.text("export");
    let first = Room::new();
    run(&["init", &first.text("site"), "--name", "GX01"]).expect(&[DONE]);
    copy_site(&first.path("site"), &first.path("undisturbed"));
    let measured = timed(&["ingest", &first.text("undisturbed"), &export]);
    first
        .deliver("undisturbed", "basic", "bundle")
        .expect(&[DONE, NEEDS_PERSON]);
    let expected = contents(&first.path("bundle"));
    let mut disturbed = 0;
    for moment in MOMENTS {
        let room = Room::new();
        copy_site(&first.path("site"), &room.path("site"));
        let ingest = ["ingest", &room.text("site"), &export];
        disturbed += usize::from(killed(&ingest, measured.mul_f64(moment)));
        run(&ingest).expect(&[DONE, NEEDS_PERSON]);
        room.deliver("site", "basic", "bundle")
            .expect(&[DONE, NEEDS_PERSON]);
        assert!(
            contents(&room.path("bundle")) == expected,
            "killed at {moment}"
        );
    }
    assert!(disturbed >= 2, "only {disturbed} runs were killed");
}

#[test]
fn a_killed_release_build_can_be_run_again() {
    let room = house().copied_bundle();
    run(&["init", &room.text("office"), "--organiser"]).expect(&[DONE]);
    let track = workspace().join("profiles/tracks/generic.yaml");
    let (bundle, office, key) = (
        room.text("bundle"),
        room.text("office"),
        room.text("site/GX01.pub"),
    );
    let build = |out: &str| {
        let start = [
            "release",
            "build",
            track.to_str().unwrap(),
            &bundle,
            "--version",
            "1.0.0",
            "--date",
            DATE,
        ];
        let rest = ["--organiser", &office, "--trust", &key, "--out", out];
        start
            .iter()
            .chain(&rest)
            .map(|argument| (*argument).to_owned())
            .collect::<Vec<_>>()
    };
    let undisturbed = build(&room.text("undisturbed"));
    let measured = timed(&undisturbed.iter().map(String::as_str).collect::<Vec<_>>());
    let expected = contents(&room.path("undisturbed"));
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        let name = format!("release-{number}");
        let arguments = build(&room.text(&name));
        killed(
            &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
            measured.mul_f64(moment),
        );
        whole_or_absent(&room.path(&name), &room.path("office/release.pub"));
        if !room.path(&name).exists() {
            run(&arguments).expect(&[DONE]);
        }
        assert!(
            contents(&room.path(&name)) == expected,
            "killed at {moment}"
        );
    }
    let strange = names(&room.path(""))
        .into_iter()
        .filter(|name| name.contains("partial") || name.starts_with('.'));
    assert_eq!(strange.count(), 0);
}

#[test]
fn two_runs_at_once_on_one_site_are_refused_politely() {
    let room = house().again();
    let site = room.text("site");
    let listen = [
        "receive",
        &site,
        "--aet",
        "CLOAKROOM",
        "--port",
        "0",
        "--allow",
        "PACS1",
    ];
    let mut first = program()
        .args(listen)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(first.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("listening"), "{line}");
    let second = room
        .deliver("site", "basic", "bundle")
        .expect(&[COULD_NOT_RUN]);
    assert!(second.err.contains("another run"), "{}", second.err);
    assert!(!room.path("bundle").exists());
    let ingest = run(&["ingest", &site, &house().room.text("export")]).expect(&[COULD_NOT_RUN]);
    assert!(ingest.err.contains("another run"), "{}", ingest.err);
    first.kill().unwrap();
    first.wait().unwrap();
    room.deliver("site", "basic", "bundle")
        .expect(&[DONE, NEEDS_PERSON]);
    assert!(contents(&room.path("bundle")) == contents(&house().room.path("bundle")));
}
