//! Archives are containers, and each of their members is a stream of its own.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use cloakroom_ingest::{ArchiveLimits, IngestOptions, Silent, ingest};
use common::{Hospital, Small};
use std::io::Write;
use std::path::Path;

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The name goes into the header as it is, so that it may be as bad as it likes.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_old();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn instance(uid: &str) -> Vec<u8> {
    Small {
        instance: uid,
        ..Small::default()
    }
    .bytes()
}

fn spooled(site: &Path) -> usize {
    walkdir::WalkDir::new(site.join("spool"))
        .into_iter()
        .filter(|entry| entry.as_ref().unwrap().file_type().is_file())
        .count()
}

#[test]
fn every_kind_of_archive_is_found_by_content_and_nested_once() {
    let hospital = Hospital::new();
    let zipped = zip(&[
        ("IM1", &instance("1.1")),
        ("readme.txt", b"text"),
        ("empty", b""),
    ]);
    hospital.put("a.zip", &zipped);
    hospital.put(
        "tar-without-name",
        &tar(&[
            ("dir/IM2", &instance("1.2")),
            ("dir/again", &instance("1.1")),
        ]),
    );
    hospital.put("b.tgz", &gzip(&tar(&[("IM3", &instance("1.3"))])));
    hospital.put(
        "c.tar.zst",
        &zstd::encode_all(&tar(&[("IM4", &instance("1.4"))])[..], 1).unwrap(),
    );
    hospital.put("single.dcm.gz", &gzip(&instance("1.5")));
    let inner = zip(&[
        ("IM6", &instance("1.6")),
        ("third.zip", &zip(&[("deep", b"x")])),
    ]);
    hospital.put("nested.zip", &zip(&[("inner.zip", &inner)]));
    let report = hospital.ingest();
    assert_eq!(
        hospital.outcomes(),
        [
            "a.zip!IM1: ready",
            "a.zip!empty: quarantined: empty",
            "a.zip!readme.txt: set-aside: not-dicom",
            "a.zip: set-aside: container",
            "b.tgz!IM3: ready",
            "b.tgz: set-aside: container",
            "c.tar.zst!IM4: ready",
            "c.tar.zst: set-aside: container",
            "nested.zip!inner.zip!IM6: ready",
            "nested.zip!inner.zip!third.zip: quarantined: archive-limit",
            "nested.zip!inner.zip: set-aside: container",
            "nested.zip: set-aside: container",
            "single.dcm.gz!: ready",
            "single.dcm.gz: set-aside: container",
            "tar-without-name!dir/IM2: ready",
            "tar-without-name!dir/again: duplicate",
            "tar-without-name: set-aside: container",
        ]
    );
    // What is no DICOM does not stay in the spool; an archive in an archive does, for the next level.
    assert_eq!(spooled(&hospital.site()), 9);
    let catalogue = hospital.catalogue();
    catalogue
        .for_each_stream(&mut |entry| {
            if entry.outcome.is_none() {
                assert_eq!(catalogue.open_stream(entry.stream)?.len(), entry.size);
            }
            Ok(())
        })
        .unwrap();
    let again = hospital.ingest();
    assert_eq!(
        (again.found, again.new.count, again.changed),
        (report.found, 0, 0)
    );
}

#[test]
fn an_archive_or_a_dicomdir_may_be_the_export() {
    let hospital = Hospital::new();
    let archive = hospital.put("delivery.zip", &zip(&[("IM1", &instance("1.1"))]));
    hospital.put("not-asked-for", &instance("1.2"));
    let options = IngestOptions::default();
    let report = ingest(&mut hospital.catalogue(), &[archive], &options, &Silent).unwrap();
    assert_eq!((report.found.count, report.ready.count), (2, 1));
    assert_eq!(
        hospital.outcomes(),
        [
            "delivery.zip!IM1: ready",
            "delivery.zip: set-aside: container"
        ]
    );
}

#[test]
fn names_that_lead_out_are_refused_and_nothing_is_written_by_name() {
    let hospital = Hospital::new();
    let bad = [
        "../out",
        "/etc/out",
        "a/../../out",
        "..\\out",
        "C:\\out",
        "\\\\host\\out",
    ];
    let members: Vec<(&str, &[u8])> = bad.iter().map(|name| (*name, b"x" as &[u8])).collect();
    let one = instance("1.1");
    hospital.put(
        "bad.tar",
        &tar(&[members.as_slice(), &[("good", one.as_slice())]].concat()),
    );
    hospital.put("bad.zip", &zip(&members));
    let report = hospital.ingest();
    assert_eq!(report.ended.reasons["quarantined: unsafe-path"].count, 12);
    assert_eq!(report.ready.count, 1);
    let names: Vec<_> = walkdir::WalkDir::new(hospital.folder.path())
        .into_iter()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("out"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn links_in_archives_are_set_aside() {
    let hospital = Hospital::new();
    let mut builder = tar::Builder::new(Vec::new());
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Fifo,
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        builder
            .append_link(&mut header, format!("{}", kind.as_byte()), "/etc/passwd")
            .unwrap();
    }
    hospital.put("links.tar", &builder.into_inner().unwrap());
    let report = hospital.ingest();
    assert_eq!(report.ended.reasons["set-aside: link"].count, 3);
}

#[test]
fn bombs_stop_at_the_limit_and_are_counted() {
    let hospital = Hospital::new();
    let zeros = vec![0; 3 << 20];
    hospital.put(
        "bomb.tgz",
        &gzip(&tar(&[("a", &zeros), ("b", &zeros), ("c", &zeros)])),
    );
    hospital.put(
        "bomb.zip",
        &zip(&[("a", &zeros), ("b", &zeros), ("IM", &instance("1.1"))]),
    );
    hospital.put("bomb.gz", &gzip(&zeros));
    let mut options = IngestOptions {
        archives: ArchiveLimits {
            total_bytes: 4 << 20,
            ..ArchiveLimits::default()
        },
        ..IngestOptions::default()
    };
    hospital.ingest_with(&options).unwrap();
    assert_eq!(
        hospital.outcomes(),
        [
            "bomb.gz!: set-aside: not-dicom",
            "bomb.gz: set-aside: container",
            "bomb.tgz!a: set-aside: not-dicom",
            "bomb.tgz!b: quarantined: archive-limit",
            "bomb.tgz: set-aside: container",
            "bomb.zip!IM: ready",
            "bomb.zip!a: set-aside: not-dicom",
            "bomb.zip!b: quarantined: archive-limit",
            "bomb.zip: set-aside: container",
        ]
    );
    options.archives = ArchiveLimits {
        ratio: 10,
        ratio_free_bytes: 1 << 20,
        ..ArchiveLimits::default()
    };
    let report = hospital.ingest_with(&options).unwrap();
    assert_eq!(report.ended.reasons["quarantined: archive-limit"].count, 3);
    // With wider limits the same archives are tried again, and nothing is counted twice.
    options.archives = ArchiveLimits::default();
    let report = hospital.ingest_with(&options).unwrap();
    assert_eq!(report.ended.of("quarantined").count, 0);
    assert_eq!(report.found.count, 3 + 1 + 3 + 3);
}

#[test]
fn nested_archives_share_one_limit() {
    let hospital = Hospital::new();
    let bomb = zip(&[("a", &vec![0; 1 << 20])]);
    let members: Vec<(String, &[u8])> = (0..8)
        .map(|n| (format!("{n}.zip"), bomb.as_slice()))
        .collect();
    let members: Vec<(&str, &[u8])> = members
        .iter()
        .map(|(name, bytes)| (name.as_str(), *bytes))
        .collect();
    hospital.put("many.zip", &zip(&members));
    let options = IngestOptions {
        archives: ArchiveLimits {
            total_bytes: 4 << 20,
            ..ArchiveLimits::default()
        },
        ..IngestOptions::default()
    };
    let report = hospital.ingest_with(&options).unwrap();
    assert_eq!(report.ended.reasons["quarantined: archive-limit"].count, 5);
}

#[test]
fn broken_archives_lose_nothing_silently() {
    let hospital = Hospital::new();
    let good = tar(&[("one", &instance("1.1")), ("two", &[7; 5000])]);
    let compressed = gzip(&good);
    hospital.put("cut.tar", &good[..good.len() - 4000]);
    hospital.put("cut.tgz", &compressed[..compressed.len() - 30]);
    let mut changed = zip(&[("one", &instance("1.2")), ("two", &[7; 5000])]);
    changed[60] ^= 0xff;
    hospital.put("changed.zip", &changed);
    let zipped = zip(&[("one", &instance("1.3"))]);
    hospital.put("cut.zip", &zipped[..zipped.len() - 10]);
    hospital.put("sparse.gz", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    let report = hospital.ingest();
    let outcomes = hospital.outcomes().join("\n");
    for expected in [
        "cut.tar!one: ready",
        "cut.tar!two: quarantined: archive-broken",
        "changed.zip!one: quarantined: archive-broken",
        "changed.zip!two: set-aside: not-dicom",
        "cut.zip: quarantined: archive-broken",
        "sparse.gz!: quarantined: archive-broken",
    ] {
        assert!(
            outcomes.contains(expected),
            "{expected} is not in\n{outcomes}"
        );
    }
    assert!(report.ended.reasons["quarantined: archive-broken"].count >= 5);
}

#[test]
fn what_is_missing_from_the_spool_is_unpacked_again() {
    let hospital = Hospital::new();
    hospital.put(
        "a.zip",
        &zip(&[("one", &instance("1.1")), ("two", &instance("1.1"))]),
    );
    let before = hospital.ingest();
    // Twice the same bytes are one file in the spool.
    assert_eq!(spooled(&hospital.site()), 1);
    std::fs::remove_dir_all(hospital.site().join("spool")).unwrap();
    hospital.put("again", &instance("1.1"));
    let compared = hospital.ingest();
    assert_eq!(compared.found.count, before.found.count + 1);
    hospital.ingest();
    assert_eq!(
        hospital.outcomes(),
        [
            "a.zip!one: ready",
            "a.zip!two: duplicate",
            "a.zip: set-aside: container",
            "again: duplicate"
        ]
    );
}

#[test]
fn an_archive_that_changes_is_unpacked_again_and_what_is_gone_is_kept() {
    let hospital = Hospital::new();
    hospital.put(
        "a.zip",
        &zip(&[("stays", &instance("1.1")), ("goes", &instance("1.2"))]),
    );
    hospital.ingest();
    hospital.put(
        "a.zip",
        &zip(&[("stays", &instance("1.1")), ("comes!", &instance("1.3"))]),
    );
    let report = hospital.ingest();
    assert_eq!(
        (report.new.count, report.changed, report.vanished),
        (1, 1, 1)
    );
    hospital.put("a.zip", b"no archive any more");
    let report = hospital.ingest();
    assert_eq!(
        (report.new.count, report.changed, report.vanished),
        (0, 1, 3)
    );
}
