//! Each pixel byte is read once and written once. `strace` counts.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::*;
use std::fs;
use std::process::Command;

/// How many bytes were read or written, by calls whose first file lies below a folder.
fn moved(room: &Room, calls: &[&str], below: &str) -> u64 {
    let mut sum = 0;
    for file in files(&room.path("trace")) {
        let text = fs::read(room.path("trace").join(file)).unwrap();
        for line in String::from_utf8_lossy(&text).lines() {
            let Some((call, rest)) = line.split_once('(') else {
                continue;
            };
            let Some((_, path)) = rest.split_once('<') else {
                continue;
            };
            if calls.contains(&call) && path.starts_with(below) {
                let result = line.rsplit_once("= ").map_or("", |(_, result)| result);
                sum += result
                    .split_whitespace()
                    .next()
                    .and_then(|count| count.parse::<u64>().ok())
                    .unwrap_or(0);
            }
        }
    }
    sum
}

#[test]
fn deid_reads_and_writes_each_pixel_byte_once() {
    let Some(strace) = tool("strace") else { return };
    if !Command::new(&strace)
        .args(["-o", "/dev/null", "true"])
        .status()
        .is_ok_and(|status| status.success())
    {
        eprintln!("skipped: strace may not trace here");
        return;
    }
    let room = Room::new();
    let written = cloakroom_testkit::corpus::slices(&room.path("export"), 40, 5).unwrap();
    room.site_with(&room.path("export"));
    fs::create_dir(room.path("trace")).unwrap();
    fs::create_dir(room.path("out")).unwrap();
    let plain = program();
    let calls = "trace=read,pread64,readv,preadv,write,pwrite64,writev,pwritev,copy_file_range,sendfile,mmap";
    let mut traced = Command::new(&strace);
    traced
        .args(["-ff", "-y", "-s", "0", "-e", calls, "-o"])
        .arg(room.path("trace/thread"))
        .arg(plain.get_program());
    traced.args([
        "deid",
        &room.text("site"),
        "--track",
        "generic",
        "--profile",
        "basic",
        "--compression",
        "none",
    ]);
    traced
        .args(["--out", &room.text("out/bundle"), "--date", DATE])
        .env("CLOAKROOM_MODELS", "/there/are/no/models/here");
    let output = traced.output().unwrap();
    assert!(
        matches!(output.status.code(), Some(DONE | NEEDS_PERSON)),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let bundle: u64 = contents(&room.path("out/bundle"))
        .values()
        .map(|bytes| bytes.len() as u64)
        .sum();
    assert!(
        bundle > written.bytes * 9 / 10,
        "{bundle} bytes of {} were released",
        written.bytes
    );
    let reads = moved(
        &room,
        &[
            "read",
            "pread64",
            "readv",
            "preadv",
            "copy_file_range",
            "sendfile",
        ],
        &room.text("export"),
    );
    let writes = moved(
        &room,
        &["write", "pwrite64", "writev", "pwritev", "copy_file_range"],
        &room.text("out"),
    );
    let share = |bytes: u64, of: u64| bytes as f64 / of as f64;
    assert!(reads >= written.bytes, "{reads} of {}", written.bytes);
    assert!(
        share(reads, written.bytes) < 1.15,
        "{reads} bytes read of {}",
        written.bytes
    );
    assert!(writes >= bundle, "{writes} of {bundle}");
    assert!(
        share(writes, bundle) < 1.02,
        "{writes} bytes written of {bundle}"
    );
}
