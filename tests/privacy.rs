//! No byte of anything that leaves, or that the program says, holds a value that identifies.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use cloakroom_testkit::{CanaryKind, Searcher};
use harness::*;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::OnceLock;

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| House::build("privacy"))
}

fn searcher() -> Searcher {
    let searcher = Searcher::new(&house().truth.canaries);
    assert!(searcher.needles() > 1000, "{} needles", searcher.needles());
    searcher
}

/// What was found in bytes, in words: the value, where it was planted, and how it was written.
fn hits(searcher: &Searcher, bytes: &[u8]) -> BTreeSet<String> {
    let canaries = &house().truth.canaries;
    let told = |hit: &cloakroom_testkit::canaries::Hit| {
        let canary = &canaries[hit.canary];
        format!(
            "{:?} {} ({}) as {}",
            canary.kind, canary.value, canary.place, hit.encoding
        )
    };
    searcher.search(bytes).iter().map(told).collect()
}

#[track_caller]
fn nothing_in_folder(searcher: &Searcher, folder: &Path) -> usize {
    let mut read = 0;
    for (name, bytes) in contents(folder) {
        let found = hits(searcher, &bytes);
        assert!(found.is_empty(), "{}: {found:#?}", name.display());
        let found = hits(searcher, name.to_string_lossy().as_bytes());
        assert!(found.is_empty(), "name {}: {found:#?}", name.display());
        read += bytes.len();
    }
    read
}

#[track_caller]
fn nothing_said(searcher: &Searcher, answer: &Answer) {
    for said in [&answer.out, &answer.err] {
        let found = hits(searcher, said.as_bytes());
        assert!(found.is_empty(), "{found:#?}\nin\n{said}");
    }
}

/// Runs the program, searches what it said, and hands the answer on.
#[track_caller]
fn quiet(searcher: &Searcher, codes: &[i32], arguments: &[&str]) -> Answer {
    let answer = run(arguments).expect(codes);
    nothing_said(searcher, &answer);
    answer
}

/// One delivery by a profile, and everything that can be made of it.
fn delivery_is_clean(profile: &str) {
    delivery_is_clean_of(&searcher(), profile);
}

fn delivery_is_clean_of(searcher: &Searcher, profile: &str) {
    let room = house().again();
    let text = |name: &str| room.text(name);
    let site = text("site");
    let select = ["--track", "generic", "--profile", profile];
    quiet(
        searcher,
        &[DONE, NEEDS_PERSON],
        &[&["plan", &site][..], &select].concat(),
    );
    let out = text("bundle");
    let deid = [
        &["deid", &site][..],
        &select,
        &["--out", &out, "--date", DATE],
    ]
    .concat();
    quiet(searcher, &[DONE, NEEDS_PERSON], &deid);
    let key = text("site/GX01.pub");
    quiet(searcher, &[DONE], &["verify", &out, "--trust", &key]);
    quiet(
        searcher,
        &[DONE],
        &["--json", "verify", &out, "--trust", &key],
    );
    let track = workspace().join("profiles/tracks/generic.yaml");
    let (office, release) = (text("office"), text("release"));
    quiet(searcher, &[DONE], &["init", &office, "--organiser"]);
    let build = [
        "release",
        "build",
        track.to_str().unwrap(),
        &out,
        "--version",
        "1.0.0",
    ];
    let with = [
        "--date",
        DATE,
        "--out",
        &release,
        "--organiser",
        &office,
        "--trust",
        &key,
    ];
    quiet(searcher, &[DONE], &[&build[..], &with].concat());
    let release_key = text("office/release.pub");
    quiet(
        searcher,
        &[DONE],
        &["verify", &release, "--trust", &release_key],
    );
    for (package, files) in [("bundle", "bundle-files"), ("release", "release-files")] {
        quiet(
            searcher,
            &[DONE],
            &["extract", &text(package), "--out", &text(files)],
        );
        assert!(nothing_in_folder(searcher, &room.path(package)) > 10_000);
        assert!(nothing_in_folder(searcher, &room.path(files)) > 100_000);
        let table =
            fs::read_to_string(room.path(package).join("data/tables/instances.csv")).unwrap();
        let members = table
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(1).unwrap());
        for (number, member) in members.step_by(7).take(4).enumerate() {
            quiet(
                searcher,
                &[DONE],
                &["audit", "show", &text(package), member],
            );
            quiet(
                searcher,
                &[DONE],
                &["--json", "audit", "show", &text(package), member],
            );
            let proof = text(&format!("{package}-{number}.tlog-proof"));
            quiet(
                searcher,
                &[DONE],
                &["audit", "prove", &text(package), member, "--out", &proof],
            );
            assert!(hits(searcher, &fs::read(&proof).unwrap()).is_empty());
        }
        quiet(
            searcher,
            &[DONE],
            &["audit", "sample", &text(package), "-n", "5", "--nonce", "x"],
        );
    }
    for log in files(&room.path("site/logs")) {
        let found = hits(
            searcher,
            &fs::read(room.path("site/logs").join(&log)).unwrap(),
        );
        assert!(found.is_empty(), "{}: {found:#?}", log.display());
    }
}

#[test]
fn a_delivery_by_the_basic_profile_is_clean() {
    delivery_is_clean("basic");
}

#[test]
fn a_delivery_by_the_contest_profile_is_clean() {
    delivery_is_clean("contest");
}

/// That profile says of itself that it keeps unknown words of descriptions, so made-up words are not asked of it.
#[test]
fn a_delivery_by_the_tcia_profile_is_clean_but_for_unknown_words() {
    let mut others = house().truth.canaries.clone();
    // They stay in their places with nothing to look for, so that hits are still told by number.
    for canary in &mut others {
        if canary.kind == CanaryKind::Text {
            canary.value.clear();
        }
    }
    let searcher = Searcher::new(&others);
    assert!(searcher.needles() > 1000);
    delivery_is_clean_of(&searcher, "tcia");
}

#[test]
fn a_delivery_by_the_strict_profile_is_clean() {
    delivery_is_clean("strict");
}

#[test]
fn what_the_program_says_while_it_reads_an_export_names_nobody() {
    let searcher = searcher();
    let room = Room::new();
    let (site, export) = (room.text("site"), house().room.text("export"));
    quiet(&searcher, &[DONE], &["init", &site, "--name", "GX01"]);
    quiet(&searcher, &[NEEDS_PERSON], &["ingest", &site, &export]);
    quiet(
        &searcher,
        &[DONE, NEEDS_PERSON],
        &["--json", "ingest", &site, &export],
    );
    let inside = room.text("site/bundle");
    quiet(
        &searcher,
        &[WRONG_USE],
        &["deid", &site, "--track", "generic", "--out", &inside],
    );
    let taken = room.text("site");
    quiet(
        &searcher,
        &[WRONG_USE],
        &["deid", &site, "--track", "generic", "--out", &taken],
    );
    let nowhere = room.text("none/at/all");
    let failed = [DONE, NEEDS_PERSON, WRONG_USE, CHECK_FAILED, COULD_NOT_RUN];
    quiet(
        &searcher,
        &failed[2..],
        &[
            "deid",
            &site,
            "--track",
            "generic",
            "--profile",
            "no",
            "--out",
            &nowhere,
        ],
    );
    quiet(&searcher, &failed, &["ingest", &site, &nowhere]);
    quiet(&searcher, &failed[1..], &["verify", &site]);
    quiet(
        &searcher,
        &failed[1..],
        &["extract", &site, "--out", &nowhere],
    );
    fs::remove_file(room.path("site/keys/site.key")).unwrap();
    let out = room.text("bundle");
    quiet(
        &searcher,
        &[COULD_NOT_RUN],
        &["deid", &site, "--track", "generic", "--out", &out],
    );
}

#[test]
fn only_the_site_the_crosswalk_and_plan_with_values_know_who_it_was() {
    let searcher = searcher();
    let room = &house().room;
    let found_in = |folder: &str| {
        let all = contents(&room.path(folder))
            .into_values()
            .flatten()
            .collect::<Vec<u8>>();
        hits(&searcher, &all).len()
    };
    assert!(found_in("export") > 100);
    assert!(found_in("delivered") > 100);
    let (site, out) = (room.text("delivered"), room.text("crosswalk"));
    quiet(&searcher, &[DONE], &["crosswalk", &site, "--out", &out]);
    assert!(found_in("crosswalk") > 20);
    let private = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(private(&room.path("crosswalk")), 0o700);
    for file in files(&room.path("crosswalk")) {
        assert_eq!(
            private(&room.path("crosswalk").join(&file)),
            0o600,
            "{}",
            file.display()
        );
    }
    for place in ["bundle/crosswalk", "bundle/data/deeper/crosswalk"] {
        quiet(
            &searcher,
            &[WRONG_USE],
            &["crosswalk", &site, "--out", &room.text(place)],
        );
        assert!(!room.path(place).exists());
    }
    let values = run(&[
        "plan",
        &site,
        "--track",
        "generic",
        "--profile",
        "basic",
        "--values",
    ]);
    let values = values.expect(&[DONE, NEEDS_PERSON]);
    assert!(!hits(&searcher, values.out.as_bytes()).is_empty());
}
