//! Parts of a run, made by many processes that share one site folder, merge to the bytes of one run.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| House::build("partitions"))
}

/// The arguments of one part, by the profile `basic` unless `more` names another.
fn part(room: &Room, number: u32, of: u32, more: &[&str]) -> Vec<String> {
    let site = room.text("site");
    let out = room.text(&format!("parts/{number}"));
    let partition = format!("{number}/{of}");
    let fixed = [
        "deid", &site, "--track", "generic", "--date", DATE, "--out", &out,
    ];
    let profile = if more.contains(&"--profile") {
        &[][..]
    } else {
        &["--profile", "basic"]
    };
    [&fixed[..], &["--partition", &partition], profile, more]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

fn start(arguments: &[String]) -> Child {
    program()
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// All parts at the same time.
fn all_parts(room: &Room, of: u32, more: &[&str]) {
    fs::create_dir_all(room.path("parts")).unwrap();
    let running: Vec<Child> = (1..=of)
        .map(|number| start(&part(room, number, of, more)))
        .collect();
    for child in running {
        let done = child.wait_with_output().unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

fn merge(room: &Room, parts: &[u32], out: &str) -> Answer {
    let (site, out) = (room.text("site"), room.text(out));
    let parts: Vec<String> = parts
        .iter()
        .map(|number| room.text(&format!("parts/{number}")))
        .collect();
    let mut arguments = vec!["--json", "bundle", "merge"];
    arguments.extend(parts.iter().map(String::as_str));
    arguments.extend(["--site", &site, "--out", &out]);
    run(&arguments)
}

#[test]
fn eight_parts_at_once_merge_to_the_bytes_of_one_run() {
    let room = house().again();
    let before = contents(&room.path("site"));
    all_parts(&room, 8, &[]);
    assert!(
        contents(&room.path("site")) == before,
        "a part wrote into the site folder"
    );
    let busy = (1..=8)
        .filter(|number| {
            let blocks = room.path(&format!("parts/{number}/blocks"));
            fs::metadata(blocks).unwrap().len() > 0
        })
        .count();
    assert!(busy >= 4, "only {busy} of 8 parts had something to do");
    let answer = merge(&room, &[5, 3, 8, 1, 2, 7, 6, 4], "bundle").expect(&[NEEDS_PERSON]);
    assert!(contents(&room.path("bundle")) == contents(&house().room.path("bundle")));
    assert_eq!(answer.json()["delivery"], 1);
    room.verify(&room.path("bundle")).expect(&[DONE]);
    // The site knows what left: the next run has nothing new, and writes the same again.
    let again = room
        .deliver("site", "basic", "again")
        .expect(&[NEEDS_PERSON]);
    assert_eq!(again.json()["again"], true);
    assert!(contents(&room.path("again")) == contents(&room.path("bundle")));
}

#[test]
fn a_list_and_a_profile_of_ones_own_travel_with_the_parts() {
    let room = house().again();
    fs::write(
        room.path("own.yaml"),
        "id: own\nversion: 1.0.0\nextends: base\ndescription: Of this hospital.\n",
    )
    .unwrap();
    let base = fs::read_to_string(workspace().join("profiles/basic.yaml")).unwrap();
    let base = base.replacen("id: basic", "id: base", 1);
    fs::write(room.path("base.yaml"), base).unwrap();
    let patient = house()
        .truth
        .files
        .iter()
        .find_map(|file| file.patient_id.clone())
        .unwrap();
    fs::write(room.path("list.csv"), format!("PatientID\n{patient}\n")).unwrap();
    let (profile, list) = (room.text("own.yaml"), room.text("list.csv"));
    let more = [
        "--profile",
        &profile,
        "--select",
        &list,
        "--compression",
        "none",
    ];
    all_parts(&room, 3, &more);
    copy_site(&room.path("site"), &room.path("other"));
    let (other, one) = (room.text("other"), room.text("one"));
    let whole = [
        "deid", &other, "--track", "generic", "--date", DATE, "--out", &one,
    ];
    run(&[&whole[..], &more].concat()).expect(&[DONE, NEEDS_PERSON]);
    for name in ["own.yaml", "base.yaml", "list.csv"] {
        fs::remove_file(room.path(name)).unwrap();
    }
    merge(&room, &[1, 2, 3], "bundle").expect(&[DONE, NEEDS_PERSON]);
    assert!(contents(&room.path("bundle")) == contents(&room.path("one")));
}

#[test]
fn a_killed_part_and_a_killed_merge_are_run_again() {
    let room = house().again();
    fs::create_dir_all(room.path("parts")).unwrap();
    for number in 1..=2 {
        for wait in [5, 60, 150] {
            let mut child = start(&part(&room, number, 2, &[]));
            std::thread::sleep(Duration::from_millis(wait));
            // SIGKILL; it fails only for a child that has ended.
            let _ = child.kill();
            child.wait().unwrap();
            let out = room.path(&format!("parts/{number}"));
            if out.exists() {
                assert!(
                    out.join("part.json").is_file(),
                    "a part is whole or not there"
                );
                fs::remove_dir_all(out).unwrap();
            }
        }
        run(&part(&room, number, 2, &[])).expect(&[DONE]);
    }
    let (site, out) = (room.text("site"), room.text("bundle"));
    let (one, two) = (room.text("parts/1"), room.text("parts/2"));
    let arguments: Vec<String> = [
        "bundle", "merge", &one, &two, "--site", &site, "--out", &out,
    ]
    .map(str::to_owned)
    .to_vec();
    for wait in [10, 40, 80, 120, 180] {
        if !room.path("bundle").exists() {
            let mut child = start(&arguments);
            std::thread::sleep(Duration::from_millis(wait));
            let _ = child.kill();
            child.wait().unwrap();
        }
    }
    if !room.path("bundle").exists() {
        run(&arguments).expect(&[NEEDS_PERSON]);
    }
    assert!(contents(&room.path("bundle")) == contents(&house().room.path("bundle")));
}

#[test]
fn what_does_not_belong_together_is_refused_and_changes_nothing() {
    let room = house().again();
    all_parts(&room, 2, &[]);
    let mode = fs::metadata(room.path("parts/1"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700, "a part holds original UIDs");
    let before = contents(&room.path("site"));
    let missing = merge(&room, &[2], "bundle").expect(&[WRONG_USE]);
    assert!(missing.err.contains("missing: 1"), "{}", missing.err);
    let twice = merge(&room, &[1, 2, 2], "bundle").expect(&[WRONG_USE]);
    assert!(twice.err.contains("twice"), "{}", twice.err);
    // A part of another cut.
    fs::rename(room.path("parts/2"), room.path("parts/kept")).unwrap();
    run(&part(&room, 2, 3, &[])).expect(&[DONE]);
    let strange = merge(&room, &[1, 2], "bundle").expect(&[WRONG_USE]);
    assert!(strange.err.contains("not of one run"), "{}", strange.err);
    fs::remove_dir_all(room.path("parts/2")).unwrap();
    fs::rename(room.path("parts/kept"), room.path("parts/2")).unwrap();
    // A bit that fell over in each of the files.
    for name in ["blocks", "series.jsonl", "others.jsonl"] {
        let path = room.path("parts/1").join(name);
        let sound = fs::read(&path).unwrap();
        let mut damaged = sound.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        fs::write(&path, damaged).unwrap();
        let answer = merge(&room, &[1, 2], &format!("bundle-{name}")).expect(&[CHECK_FAILED]);
        assert!(answer.err.contains("damaged"), "{}", answer.err);
        assert!(!room.path(&format!("bundle-{name}")).exists());
        fs::write(&path, sound).unwrap();
    }
    assert_same_files(&before, &room.path("site"));
    // The site goes on, and the parts are of yesterday.
    let export = room.path("more");
    fs::create_dir(&export).unwrap();
    fs::write(export.join("note.txt"), "new").unwrap();
    run(&["ingest", &room.text("site"), &room.text("more")]).expect(&[DONE, NEEDS_PERSON]);
    let late = merge(&room, &[1, 2], "bundle").expect(&[WRONG_USE]);
    assert!(late.err.contains("another state"), "{}", late.err);
    assert!(!room.path("bundle").exists());
}

/// The names of the files in a folder are the same as before; what SQLite writes beside its file may come and go.
fn assert_same_files(
    before: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>,
    folder: &Path,
) {
    let now = contents(folder);
    for name in ["keys/site.key", "site.yaml"] {
        assert!(before.get(Path::new(name)) == now.get(Path::new(name)));
    }
    assert!(
        !now.keys().any(|name| name.ends_with("log.jsonl")),
        "a log was begun"
    );
}

#[test]
fn a_part_says_what_it_needs() {
    let room = house().again();
    let site = room.text("site");
    let out = room.text("part");
    let start = [
        "deid",
        &site,
        "--track",
        "generic",
        "--profile",
        "basic",
        "--out",
        &out,
    ];
    let undated = run(&[&start[..], &["--partition", "1/2"]].concat()).expect(&[WRONG_USE]);
    assert!(undated.err.contains("--date"), "{}", undated.err);
    for wrong in ["0/2", "3/2", "half"] {
        run(&[&start[..], &["--date", DATE, "--partition", wrong]].concat()).expect(&[WRONG_USE]);
    }
    let no_part =
        run(&["bundle", "merge", &site, "--site", &site, "--out", &out]).expect(&[WRONG_USE]);
    assert!(no_part.err.contains("no part"), "{}", no_part.err);
}
