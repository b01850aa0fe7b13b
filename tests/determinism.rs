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

/// An export with an object that is too large to be read into memory, beside series of several batches.
fn large_and_long(room: &Room) -> String {
    let export = room.path("export");
    fs::create_dir(&export).unwrap();
    cloakroom_testkit::corpus::slices(&export, 60, 7).unwrap();
    cloakroom_testkit::corpus::multi_frame(&export.join("large"), LARGE, 8).unwrap();
    room.text("export")
}

/// Above the 48 MB up to which a stream is read into memory.
const LARGE: u64 = 80 << 20;

#[test]
fn an_object_that_streams_gives_the_same_bytes_at_any_thread_count() {
    let room = Room::new();
    let export = large_and_long(&room);
    let expected = bundle_of("1", &[&[&export]]);
    let packed: usize = expected.values().map(Vec::len).sum();
    assert!(
        packed > LARGE as usize / 4,
        "the large object was held: {packed} bytes"
    );
    for threads in ["2", "4"] {
        assert!(
            bundle_of(threads, &[&[&export]]) == expected,
            "{threads} threads"
        );
    }
}

/// The most memory that a program took, in kilobytes, as far as was seen.
#[cfg(target_os = "linux")]
fn most_memory(mut command: std::process::Command) -> u64 {
    let mut child = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
        most = most.max(peak.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(matches!(
        child.wait().unwrap().code(),
        Some(DONE | NEEDS_PERSON)
    ));
    most
}

#[test]
#[cfg(target_os = "linux")]
fn an_object_that_streams_is_never_in_memory_as_a_whole() {
    let room = Room::new();
    fs::create_dir(room.path("export")).unwrap();
    cloakroom_testkit::corpus::multi_frame(&room.path("export/large"), 2 * LARGE, 9).unwrap();
    room.site_with(&room.path("export"));
    let mut command = program();
    command.args(["deid", &room.text("site"), "--track", "generic"]);
    command.args(["--profile", "basic", "--compression", "none"]);
    command.args(["--out", &room.text("bundle"), "--date", DATE]);
    let most = most_memory(command);
    let written: u64 = contents(&room.path("bundle"))
        .values()
        .map(|file| file.len() as u64)
        .sum();
    assert!(written > 2 * LARGE, "the large object was held");
    assert!(
        most > 1000 && most < LARGE >> 10,
        "{most} kB for an object of {} kB",
        LARGE >> 9
    );
}
