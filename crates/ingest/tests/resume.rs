//! What was stopped or killed is continued, and the catalogue is the same in the end.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use cloakroom_ingest::{IngestError, IngestOptions, Progress, Silent, ingest};
use common::{Hospital, Small, dump};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// An export with all that an ingest does: files, an archive in an archive, duplicates and conflicts.
fn fill(hospital: &Hospital) {
    for number in 0..1200 {
        let uid = format!("1.2.{}.{number}", number % 7);
        let (study, series) = (
            format!("1.2.{}", number % 7),
            format!("1.2.{}.0", number % 7),
        );
        let patient = format!("P{}", number % 7);
        let small = Small {
            patient: &patient,
            study: &study,
            series: &series,
            instance: &uid,
            ..Small::default()
        };
        hospital.put(&format!("{}/{number}", number % 13), &small.bytes());
        if number % 50 == 0 {
            hospital.put(&format!("copies/{number}"), &small.bytes());
        }
        if number % 90 == 0 {
            hospital.put(
                &format!("other/{number}"),
                &Small {
                    pixels: &[9; 4],
                    ..small
                }
                .bytes(),
            );
        }
    }
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for number in 0..200 {
        writer
            .start_file(
                format!("m{number}"),
                zip::write::SimpleFileOptions::default(),
            )
            .unwrap();
        let uid = format!("1.9.{number}");
        writer
            .write_all(
                &Small {
                    instance: &uid,
                    ..Small::default()
                }
                .bytes(),
            )
            .unwrap();
    }
    let inner = writer.finish().unwrap().into_inner();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer
        .start_file("inner.zip", zip::write::SimpleFileOptions::default())
        .unwrap();
    writer.write_all(&inner).unwrap();
    hospital.put("outer.zip", &writer.finish().unwrap().into_inner());
}

fn run_at(hospital: &Hospital, site: &Path, threads: usize) {
    let mut catalogue = cloakroom_ingest::Catalogue::open(&site.join("site.db")).unwrap();
    let options = IngestOptions {
        threads,
        ..IngestOptions::default()
    };
    ingest(&mut catalogue, &[hospital.export()], &options, &Silent).unwrap();
}

struct StopAfter<'a>(AtomicU64, &'a AtomicBool);

impl Progress for StopAfter<'_> {
    fn read(&self, _: u64, _: u64) {
        self.count();
    }

    fn found(&self, _: u64, _: u64) {
        self.count();
    }

    fn phase(&self, _: cloakroom_ingest::Phase) {
        self.count();
    }
}

impl StopAfter<'_> {
    fn count(&self) {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.1.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn stopping_anywhere_and_any_number_of_threads_change_nothing() {
    let hospital = Hospital::new();
    fill(&hospital);
    let site = |name: &str| {
        let site = hospital.folder.path().join(name);
        std::fs::create_dir(&site).unwrap();
        site
    };
    let undisturbed = site("undisturbed");
    run_at(&hospital, &undisturbed, 1);
    let expected = dump(&undisturbed);
    assert!(expected.len() > 4_000, "{}", expected.len());

    let threaded = site("threaded");
    run_at(&hospital, &threaded, 7);
    assert!(dump(&threaded) == expected, "threads changed the catalogue");

    let stopped = site("stopped");
    let mut stops = 0;
    for after in 1.. {
        let stop = AtomicBool::new(false);
        let options = IngestOptions {
            stop: Some(&stop),
            threads: 2,
            ..IngestOptions::default()
        };
        let mut catalogue = cloakroom_ingest::Catalogue::open(&stopped.join("site.db")).unwrap();
        let progress = StopAfter(AtomicU64::new(after), &stop);
        match ingest(&mut catalogue, &[hospital.export()], &options, &progress) {
            Err(IngestError::Stopped) => stops += 1,
            other => {
                other.unwrap();
                break;
            }
        }
    }
    assert!(stops > 3, "{stops}");
    assert!(dump(&stopped) == expected, "stopping changed the catalogue");
}

/// Kills its own process with signal 9 at a given report of progress, while the other threads are at work.
struct KillAfter(AtomicU64);

impl Progress for KillAfter {
    fn read(&self, _: u64, _: u64) {
        self.count();
    }

    fn found(&self, _: u64, _: u64) {
        self.count();
    }

    fn phase(&self, _: cloakroom_ingest::Phase) {
        self.count();
    }
}

impl KillAfter {
    fn count(&self) {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            let me = std::process::id().to_string();
            Command::new("kill").args(["-9", &me]).status().unwrap();
        }
    }
}

/// Not a test of its own: the process that the next test lets kill itself.
#[test]
fn the_process_to_be_killed() {
    let Some(folder) = std::env::var_os("CLOAKROOM_TEST_KILL") else {
        return;
    };
    let after = std::env::var("CLOAKROOM_TEST_KILL_AFTER").unwrap();
    let folder = Path::new(&folder);
    let mut catalogue = cloakroom_ingest::Catalogue::open(&folder.join("killed/site.db")).unwrap();
    let progress = KillAfter(AtomicU64::new(after.parse().unwrap()));
    let options = IngestOptions::default();
    ingest(
        &mut catalogue,
        &[folder.join("export")],
        &options,
        &progress,
    )
    .unwrap();
}

#[test]
fn kill_9_at_any_moment_changes_nothing() {
    let hospital = Hospital::new();
    fill(&hospital);
    run_at(&hospital, &hospital.site(), 2);
    let expected = dump(&hospital.site());
    std::fs::create_dir(hospital.folder.path().join("killed")).unwrap();
    let mut killed = 0;
    for after in 1_u64.. {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_process_to_be_killed"])
            .env("CLOAKROOM_TEST_KILL", hospital.folder.path())
            .env("CLOAKROOM_TEST_KILL_AFTER", after.to_string())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        if status.signal() != Some(9) {
            assert!(status.success());
            break;
        }
        killed += 1;
    }
    assert!(killed > 3, "{killed}");
    assert!(
        dump(&hospital.folder.path().join("killed")) == expected,
        "killing changed the catalogue"
    );
}
