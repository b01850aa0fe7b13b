//! An export that wants to break us: each file ends in one outcome, the message says what to do, the run goes on, what
//! is good leaves, and memory stays bounded.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use cloakroom_testkit::corpus;
use harness::*;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Kilobytes that a run may take, whatever the export holds; the unoptimised program is not smaller than the real one.
const MEMORY: u64 = 300 << 10;

/// How many slices of the export are good.
const GOOD: u64 = 6;

/// Runs the program and measures the most memory that it held, in kilobytes.
fn measured(arguments: &[&str]) -> (Answer, u64) {
    let mut child = program()
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    // The pipes hold the answer of these runs, which is a few kilobytes.
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(kilobytes.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let answer = Answer {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    (answer, most)
}

/// A site, and an export with good slices in it.
fn room_with_good_slices() -> Room {
    let room = Room::new();
    run(&["init", &room.text("site"), "--name", "GX01"]).expect(&[DONE]);
    corpus::slices(&room.path("export/good"), GOOD as usize, 3).unwrap();
    room
}

fn ingest(room: &Room) -> serde_json::Value {
    let (answer, memory) =
        measured(&["--json", "ingest", &room.text("site"), &room.text("export")]);
    let answer = answer.expect(&[DONE, NEEDS_PERSON]);
    assert!(memory < MEMORY, "ingest took {memory} kB");
    let json = answer.json();
    assert_eq!(json["conserved"], true, "{json}");
    json
}

/// The good slices leave, whatever lies beside them, and the bundle verifies.
fn good_slices_leave(room: &Room) -> serde_json::Value {
    let (site, out) = (room.text("site"), room.text("bundle"));
    let (answer, memory) = measured(&[
        "--json",
        "deid",
        &site,
        "--track",
        "generic",
        "--profile",
        "contest",
        "--out",
        &out,
        "--date",
        DATE,
    ]);
    let answer = answer.expect(&[DONE, NEEDS_PERSON]);
    assert!(memory < MEMORY, "deid took {memory} kB");
    let json = answer.json();
    assert_eq!(json["released"]["instances"], GOOD, "{json}");
    room.verify(&room.path("bundle")).expect(&[DONE]);
    json
}

/// The rows of the officer's list, as (outcome, reason, what to do, the end of the file's name).
fn problems(room: &Room) -> Vec<[String; 4]> {
    let bytes = fs::read(room.path("site/problems.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let rows = reader.byte_records().map(|row| {
        let row = row.unwrap();
        let field = |number: usize| String::from_utf8_lossy(&row[number]).into_owned();
        let place = match field(5) {
            inside if inside.is_empty() => field(4),
            inside => format!("{}!{inside}", field(4)),
        };
        [field(0), field(1), field(3), place]
    });
    rows.collect()
}

/// Fails unless the file is on the list with this reason, and the list says what to do.
#[track_caller]
fn told(problems: &[[String; 4]], file: &str, reason: &str) {
    let row = problems.iter().find(|row| row[3].ends_with(file));
    let row = row.unwrap_or_else(|| panic!("{file} is not told: {problems:#?}"));
    assert_eq!(row[1], reason, "{file}");
    assert!(row[2].len() > 5, "{file}: nobody says what to do");
}

/// One explicit little endian element with a long length field.
fn long_element(tag: [u8; 4], vr: &[u8; 2], length: u32) -> Vec<u8> {
    [&tag[..], vr, &[0, 0], &length.to_le_bytes()].concat()
}

/// The beginning of a file that says what it is.
fn head(number: u32) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    let mut text = |tag: [u8; 4], vr: &[u8; 2], value: &str| {
        let mut value = value.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == b"UI" { 0 } else { b' ' });
        }
        bytes.extend(tag);
        bytes.extend(vr);
        bytes.extend((value.len() as u16).to_le_bytes());
        bytes.extend(value);
    };
    text([2, 0, 0x10, 0], b"UI", "1.2.840.10008.1.2.1");
    text([8, 0, 0x16, 0], b"UI", "1.2.840.10008.5.1.4.1.1.2");
    text(
        [8, 0, 0x18, 0],
        b"UI",
        &format!("1.3.6.1.4.1.32473.77.{number}.3"),
    );
    text([8, 0, 0x60, 0], b"CS", "CT");
    text([0x10, 0, 0x10, 0], b"PN", "HOSTILE^FILE");
    text([0x10, 0, 0x20, 0], b"LO", &format!("HOSTILE{number}"));
    text(
        [0x20, 0, 0x0D, 0],
        b"UI",
        &format!("1.3.6.1.4.1.32473.77.{number}.1"),
    );
    text(
        [0x20, 0, 0x0E, 0],
        b"UI",
        &format!("1.3.6.1.4.1.32473.77.{number}.2"),
    );
    bytes
}

fn put(room: &Room, name: &str, bytes: &[u8]) {
    let path = room.path("export").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A file that says that it is this long; the disk holds only what was written.
fn put_sparse(room: &Room, name: &str, start: &[u8], length: u64) {
    let path = room.path("export").join(name);
    let mut file = File::create(path).unwrap();
    file.write_all(start).unwrap();
    file.set_len(length).unwrap();
}

#[test]
fn data_sets_that_lie_about_their_size() {
    let room = room_with_good_slices();
    // A billion nested items: each opens a sequence and an item of undefined length.
    let mut deep = head(1);
    let open = [
        long_element([0x40, 0, 0x30, 0xA7], b"SQ", u32::MAX),
        [0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF].to_vec(),
    ]
    .concat();
    (0..500_000).for_each(|_| deep.extend(&open));
    put(&room, "deep.dcm", &deep);
    // And as many beside one another.
    let mut wide = head(2);
    wide.extend(long_element([0x40, 0, 0x30, 0xA7], b"SQ", u32::MAX));
    (0..2_500_000).for_each(|_| wide.extend([0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0]));
    put(&room, "wide.dcm", &wide);
    let mut long = head(3);
    long.extend(long_element([0x42, 0, 0x11, 0], b"OB", 0x7FFF_FFFE));
    long.extend([1; 64]);
    put(&room, "past-the-end.dcm", &long);
    // Four gigabytes in one element that is no pixel value, and they are there.
    let mut four = head(4);
    four.extend(long_element([0x42, 0, 0x11, 0], b"OB", 0xFFFF_FFFE));
    let length = four.len() as u64 + 0xFFFF_FFFE;
    put_sparse(&room, "four-gigabytes.dcm", &four, length);
    // Frames of nothing.
    let mut nothing = head(5);
    for (element, value) in [
        (0x02, 1_u16),
        (0x10, 65_535),
        (0x11, 65_535),
        (0x100, 16),
        (0x101, 16),
        (0x102, 15),
        (0x103, 0),
    ] {
        let [low, high] = (element as u16).to_le_bytes();
        nothing.extend([0x28, 0, low, high]);
        nothing.extend(b"US\x02\0");
        nothing.extend(value.to_le_bytes());
        if element == 0x02 {
            nothing.extend(b"\x28\0\x04\0CS\x0c\0MONOCHROME2 ");
            nothing.extend(b"\x28\0\x08\0IS\x06\x0065535 ");
        }
    }
    let mut empty = nothing.clone();
    empty.extend(long_element([0xE0, 0x7F, 0x10, 0], b"OW", 0));
    put(&room, "frames-of-nothing.dcm", &empty);
    let mut fragments = nothing;
    fragments.extend(long_element([0xE0, 0x7F, 0x10, 0], b"OB", u32::MAX));
    (0..65_536).for_each(|_| fragments.extend([0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0]));
    fragments.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    put(&room, "fragments-of-nothing.dcm", &fragments);

    let start = Instant::now();
    let found = ingest(&room);
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(found["found"]["count"], GOOD + 6);
    let after = good_slices_leave(&room);
    let problems = problems(&room);
    told(&problems, "deep.dcm", "limit-exceeded");
    told(&problems, "wide.dcm", "limit-exceeded");
    told(&problems, "past-the-end.dcm", "truncated");
    told(&problems, "four-gigabytes.dcm", "limit-exceeded");
    // Whatever the reason, nothing of them is released.
    for name in ["frames-of-nothing.dcm", "fragments-of-nothing.dcm"] {
        assert!(
            problems.iter().any(|row| row[3].ends_with(name)),
            "{name}: {problems:#?}"
        );
    }
    assert_eq!(after["total"]["found"]["count"], GOOD + 6);
}

/// A ZIP of one member that says what it likes of its name; the bytes are deflated.
fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar_of(members: &[(&[u8], tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, content) in members {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn archives_that_want_the_disk_or_a_way_out() {
    let room = room_with_good_slices();
    // 600 MiB of zeros in a few hundred kilobytes, in each kind of archive.
    let zeros = vec![0_u8; 600 << 20];
    let bomb = zip_of(&[("bomb", &zeros)]);
    assert!(bomb.len() < 2 << 20);
    put(&room, "bomb.zip", &bomb);
    put(
        &room,
        "bomb.zst",
        &zstd::encode_all(zeros.as_slice(), 1).unwrap(),
    );
    drop(zeros);
    // A bomb in a bomb in a bomb.
    let inner = zip_of(&[("inner.zip", &bomb)]);
    put(&room, "nested.zip", &zip_of(&[("middle.zip", &inner)]));
    let slice = fs::read(
        room.path("export/good")
            .join(&files(&room.path("export/good"))[0]),
    )
    .unwrap();
    let out = room.path("escaped").to_string_lossy().into_owned();
    let names = [
        "../../escaped",
        "..\\escaped",
        out.as_str(),
        "C:\\escaped",
        "fine/../../../escaped",
    ];
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, slice.as_slice())).collect();
    put(&room, "traversal.zip", &zip_of(&members));
    let regular = tar::EntryType::Regular;
    put(
        &room,
        "traversal.tar",
        &tar_of(&[
            (b"../escaped", regular, &slice),
            (b"link", tar::EntryType::Symlink, b""),
            (b"link/escaped", regular, b"text"),
            (b"hard", tar::EntryType::Link, b""),
            (b"device", tar::EntryType::Char, b""),
        ]),
    );
    put(&room, "cut.zip", &bomb[..bomb.len() / 2]);
    let found = ingest(&room);
    let problems_at_ingest = problems(&room);
    told(&problems_at_ingest, "bomb.zip!bomb", "archive-limit");
    told(&problems_at_ingest, "cut.zip", "archive-broken");
    told(
        &problems_at_ingest,
        "nested.zip!middle.zip!inner.zip",
        "archive-limit",
    );
    for name in names {
        told(
            &problems_at_ingest,
            &format!("traversal.zip!{name}"),
            "unsafe-path",
        );
    }
    told(
        &problems_at_ingest,
        "traversal.tar!../escaped",
        "unsafe-path",
    );
    assert!(!room.path("escaped").exists());
    assert!(!room.path("export/escaped").exists());
    let spooled: u64 = files(&room.path("site/spool"))
        .iter()
        .map(|file| {
            fs::metadata(room.path("site/spool").join(file))
                .unwrap()
                .len()
        })
        .sum();
    assert!(spooled < 64 << 20, "{spooled} bytes were left in the spool");
    assert!(found["found"]["count"].as_u64().unwrap() > GOOD + 12);
    good_slices_leave(&room);
}

#[test]
fn links_pipes_sockets_devices_and_names_that_are_no_text() {
    let room = room_with_good_slices();
    let export = room.path("export");
    let secret = room.path("secret");
    fs::create_dir(&secret).unwrap();
    corpus::slices(&secret, 2, 9).unwrap();
    for (target, name) in [
        (secret.as_path(), "out"),
        (Path::new("."), "self"),
        (Path::new(".."), "up"),
        (Path::new("b"), "a"),
        (Path::new("a"), "b"),
        (Path::new("/etc/passwd"), "passwd"),
        (Path::new("nowhere"), "dangling"),
    ] {
        std::os::unix::fs::symlink(target, export.join(name)).unwrap();
    }
    assert!(
        Command::new("mkfifo")
            .arg(export.join("pipe"))
            .status()
            .unwrap()
            .success()
    );
    let _socket = UnixListener::bind(export.join("socket")).unwrap();
    let made = Command::new("mknod")
        .arg(export.join("zero"))
        .args(["c", "1", "5"])
        .output()
        .unwrap();
    let devices = u64::from(made.status.success());
    // Latin-1, Shift-JIS, a line break, an escape sequence, and the longest name that there is.
    let slice = files(&export.join("good")).remove(0);
    let names = [
        b"M\xfcller".to_vec(),
        b"\x8eR\x93c".to_vec(),
        b"two\nlines".to_vec(),
        b"\x1b[31mred".to_vec(),
        vec![b'x'; 255],
    ];
    for name in &names {
        let folder = export.join(OsString::from_vec(name.clone()));
        fs::create_dir(&folder).unwrap();
        fs::copy(
            export.join("good").join(&slice),
            folder.join(OsString::from_vec(name.clone())),
        )
        .unwrap();
    }
    // So deep that the path is longer than the system takes at once.
    let deep: String =
        std::iter::repeat_n("a-folder-with-a-long-name-inside-of-another/", 80).collect();
    fs::create_dir_all(export.join(&deep)).unwrap();
    fs::copy(
        export.join("good").join(&slice),
        export.join(&deep).join("IM1"),
    )
    .unwrap();
    let found = ingest(&room);
    let count = |kind: &str| {
        found["ended"]["reasons"][kind]["count"]
            .as_u64()
            .unwrap_or(0)
    };
    assert_eq!(count("set-aside: link"), 7 + 2 + devices, "{found}");
    assert_eq!(count("duplicate"), names.len() as u64 + 1, "{found}");
    assert_eq!(
        found["found"]["count"],
        GOOD + 7 + 2 + devices + names.len() as u64 + 1
    );
    good_slices_leave(&room);
}

#[test]
fn an_export_that_changes_and_vanishes_under_the_run() {
    let room = room_with_good_slices();
    corpus::slices(&room.path("export/bad"), 4, 5).unwrap();
    let bad = room.path("export/bad");
    let names = files(&bad);
    let ingested = ingest(&room);
    assert_eq!(ingested["ready"]["count"], GOOD + 4);
    // Longer, shorter, other bytes under the old time, gone.
    let mut file = File::options()
        .append(true)
        .open(bad.join(&names[0]))
        .unwrap();
    file.write_all(b"more").unwrap();
    let shorter = File::options()
        .write(true)
        .open(bad.join(&names[1]))
        .unwrap();
    shorter.set_len(1000).unwrap();
    let path = bad.join(&names[2]);
    let mut file = File::options().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(5000)).unwrap();
    file.write_all(b"other bytes of the same length").unwrap();
    drop(file);
    fs::remove_file(bad.join(&names[3])).unwrap();
    good_slices_leave(&room);
    let problems = problems(&room);
    for name in &names[..3] {
        told(&problems, &name.to_string_lossy(), "changed-since-ingest");
    }
    told(&problems, &names[3].to_string_lossy(), "unreadable");
}

#[test]
fn folders_and_files_that_may_not_be_read() {
    let room = room_with_good_slices();
    let export = room.path("export");
    fs::create_dir(export.join("locked")).unwrap();
    put(&room, "locked/inside", b"text");
    put(&room, "mine.dcm", &head(1));
    use std::os::unix::fs::PermissionsExt;
    let mode = |name: &str, mode| {
        fs::set_permissions(export.join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("locked", 0o000);
    mode("mine.dcm", 0o000);
    let arguments = ["--json", "ingest", &room.text("site"), &room.text("export")];
    let is_root = fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t")));
    let output = if is_root {
        // Root reads everything, so somebody else runs the program.
        let Some(setpriv) = tool("setpriv") else {
            return;
        };
        let owned = Command::new("chown")
            .args(["-R", "65534:65534"])
            .arg(room.path(""))
            .status();
        assert!(owned.unwrap().success());
        let program = room.path("program");
        fs::copy(env!("CARGO_BIN_EXE_cloakroom"), &program).unwrap();
        fs::set_permissions(room.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        Command::new(setpriv)
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(program)
            .args(arguments)
            .output()
            .unwrap()
    } else {
        program().args(arguments).output().unwrap()
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        output.status.code(),
        Some(NEEDS_PERSON),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        json["ended"]["reasons"]["quarantined: unreadable"]["count"], 2,
        "{json}"
    );
    assert_eq!(json["ready"]["count"], GOOD);
    let problems = problems(&room);
    told(&problems, "locked", "unreadable");
    told(&problems, "mine.dcm", "unreadable");
    mode("locked", 0o755);
}

/// A hundred thousand files in one folder; a million take the same memory (`CLOAKROOM_FILES=1000000`).
#[test]
fn very_many_files_in_one_folder() {
    let room = room_with_good_slices();
    let files: u64 = std::env::var("CLOAKROOM_FILES")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(100_000);
    let folder = room.path("export/many");
    fs::create_dir(&folder).unwrap();
    (0..files).for_each(|number| {
        File::create(folder.join(format!("{number}"))).unwrap();
    });
    let found = ingest(&room);
    assert_eq!(found["found"]["count"], GOOD + files);
    assert_eq!(
        found["ended"]["reasons"]["quarantined: empty"]["count"],
        files
    );
}
