//! The same input gives the same bytes: at any thread count, in any folder order, again and again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::*;
use std::fs;
use std::sync::OnceLock;

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| House::build("determinism"))
}

/// A room with a fresh site that has the keys of the others.
fn same_keys() -> Room {
    static EMPTY: OnceLock<Room> = OnceLock::new();
    let empty = EMPTY.get_or_init(|| {
        let room = Room::shared("determinism-empty");
        run(&["init", &room.text("site"), "--name", "GX01"]).expect(&[DONE]);
        room
    });
    let room = Room::new();
    copy_site(&empty.path("site"), &room.path("site"));
    room
}

/// The bundle of a fresh site that was fed so, one `ingest` after the other.
#[track_caller]
fn bundle_of(
    threads: &str,
    feeds: &[&[&str]],
) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let room = same_keys();
    let (site, out) = (room.text("site"), room.text("bundle"));
    for feed in feeds {
        let ingest = [&["--threads", threads, "ingest", &site][..], feed].concat();
        run(&ingest).expect(&[DONE, NEEDS_PERSON]);
    }
    let how = [
        "--track",
        "generic",
        "--profile",
        "basic",
        "--out",
        &out,
        "--date",
        DATE,
    ];
    let deid = [&["--threads", threads, "deid", &site][..], &how].concat();
    run(&deid).expect(&[DONE, NEEDS_PERSON]);
    contents(&room.path("bundle"))
}

#[test]
fn threads_order_and_parts_of_an_export_do_not_reach_the_bundle() {
    let export = house().room.path("export");
    let expected = bundle_of("1", &[&[export.to_str().unwrap()]]);
    assert!(expected.len() > 10);
    assert!(
        bundle_of("4", &[&[export.to_str().unwrap()]]) == expected,
        "four threads"
    );

    // The files are made in the reverse order, so that the folder lists them otherwise.
    let room = Room::new();
    for file in files(&export).into_iter().rev() {
        let target = room.path("reversed").join(&file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(export.join(&file), target).unwrap();
    }
    assert!(
        bundle_of("3", &[&[&room.text("reversed")]]) == expected,
        "another order"
    );

    // Two deliveries on two discs, cut between folders.
    for (number, entry) in fs::read_dir(&export).unwrap().enumerate() {
        let part = room.path(["one", "two"][number % 2]);
        fs::create_dir_all(&part).unwrap();
        let done = std::process::Command::new("cp")
            .arg("-a")
            .arg(entry.unwrap().path())
            .arg(part)
            .status()
            .unwrap();
        assert!(done.success());
    }
    let (one, two) = (room.text("one"), room.text("two"));
    assert!(
        bundle_of("2", &[&[&two, &one]]) == expected,
        "two parts at once"
    );
    assert!(
        bundle_of("2", &[&[&two], &[&one]]) == expected,
        "two parts one after the other"
    );
}

#[test]
fn with_nothing_new_the_last_delivery_is_written_again() {
    let room = Room::new();
    copy_site(&house().room.path("delivered"), &room.path("site"));
    let again = room
        .deliver("site", "basic", "again")
        .expect(&[DONE, NEEDS_PERSON])
        .json();
    assert_eq!(again["again"], true);
    assert_eq!(again["delivery"], 1);
    let expected = contents(&house().room.path("bundle"));
    assert!(contents(&room.path("again")) == expected);
    // The same files ingested once more are nothing new either.
    run(&["ingest", &room.text("site"), &house().room.text("export")])
        .expect(&[DONE, NEEDS_PERSON]);
    room.deliver("site", "basic", "third")
        .expect(&[DONE, NEEDS_PERSON]);
    assert!(contents(&room.path("third")) == expected);
}

#[test]
fn other_keys_give_other_names() {
    let room = Room::new();
    room.site_with(&house().room.path("export"));
    room.deliver("site", "basic", "bundle")
        .expect(&[DONE, NEEDS_PERSON]);
    let other = contents(&room.path("bundle"));
    let this = contents(&house().room.path("bundle"));
    let patients = std::path::Path::new("data/tables/patients.csv");
    assert_ne!(other[patients], this[patients]);
}
