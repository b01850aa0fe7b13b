//! Every byte stream of an export ends in exactly one outcome.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what fails here fails the test"
)]

mod common;

use cloakroom_core::KnownKind;
use cloakroom_ingest::{IngestError, IngestOptions};
use common::{Hospital, Small, element, part10};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;

#[test]
fn what_is_no_instance_is_told_apart_by_content() {
    let hospital = Hospital::new();
    let bytes = Small::default().bytes();
    hospital.put("without-extension", &bytes);
    hospital.put("empty.dcm", b"");
    hospital.put("AUTORUN.EXE", b"MZ this program cannot be run in DOS mode");
    hospital.put("notes.dcm", b"just text, whatever the name says");
    hospital.put("cut.dcm", &bytes[..bytes.len() - 40]);
    hospital.put("images.7z", b"7z\xbc\xaf\x27\x1c and so on");
    let mut nameless = Vec::new();
    element(
        &mut nameless,
        (0x0008, 0x0016),
        "UI",
        b"1.2.840.10008.5.1.4.1.1.2",
    );
    element(&mut nameless, (0x0010, 0x0020), "LO", b"P-1");
    hospital.put("nameless", &part10(&nameless, "1.2", "X"));
    hospital.ingest();
    assert_eq!(
        hospital.outcomes(),
        [
            "AUTORUN.EXE: set-aside: not-dicom",
            "cut.dcm: quarantined: truncated",
            "empty.dcm: quarantined: empty",
            "images.7z: quarantined: archive-broken",
            "nameless: quarantined: identity-incomplete",
            "notes.dcm: set-aside: not-dicom",
            "without-extension: ready",
        ]
    );
}

#[test]
fn links_and_special_files_are_set_aside_and_never_followed() {
    let hospital = Hospital::new();
    let outside = hospital.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret.dcm"), Small::default().bytes()).unwrap();
    hospital.put("a/real", &Small::default().bytes());
    symlink(&outside, hospital.export().join("folder-link")).unwrap();
    symlink(
        outside.join("secret.dcm"),
        hospital.export().join("file-link"),
    )
    .unwrap();
    symlink("..", hospital.export().join("a/loop")).unwrap();
    symlink("nowhere", hospital.export().join("dangling")).unwrap();
    let pipe = hospital.export().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    hospital.ingest();
    assert_eq!(
        hospital.outcomes(),
        [
            "a/loop: set-aside: link",
            "a/real: ready",
            "dangling: set-aside: link",
            "file-link: set-aside: link",
            "folder-link: set-aside: link",
            "pipe: set-aside: link",
        ]
    );
}

#[test]
fn names_that_are_no_text_are_bytes() {
    let hospital = Hospital::new();
    let name = b"\xd5\xc5\xc8\xfd.dcm";
    let path = hospital.export().join(std::ffi::OsStr::from_bytes(name));
    std::fs::write(&path, Small::default().bytes()).unwrap();
    hospital.ingest();
    let catalogue = hospital.catalogue();
    let mut places = Vec::new();
    catalogue
        .for_each_stream(&mut |entry| {
            places.push(catalogue.place_of(entry.stream)?.into_exposed().file);
            catalogue.open_stream(entry.stream).map(drop)
        })
        .unwrap();
    assert_eq!(places, [path.canonicalize().unwrap()]);
}

/// Root reads what nobody may read, so the test runs itself again as somebody else.
#[test]
fn what_may_not_be_read_is_counted_and_tried_again() {
    if !rustix::process::geteuid().is_root() {
        return unreadable_is_counted_and_tried_again();
    }
    let nobody = 65_534;
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "what_may_not_be_read_is_counted_and_tried_again"])
        .env_remove("TMPDIR")
        .uid(nobody)
        .gid(nobody)
        .current_dir("/")
        .status();
    match status {
        Ok(status) => assert!(status.success()),
        Err(error) => eprintln!("skipped: another user cannot run this test here ({error})"),
    }
}

fn unreadable_is_counted_and_tried_again() {
    let hospital = Hospital::new();
    hospital.put("locked-folder/inner", &Small::default().bytes());
    hospital.put("locked-file", &Small::default().bytes());
    let lock = |mode| {
        for name in ["locked-folder", "locked-file"] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(hospital.export().join(name), permissions).unwrap();
        }
    };
    lock(0o000);
    hospital.ingest();
    assert_eq!(
        hospital.outcomes(),
        [
            "locked-file: quarantined: unreadable",
            "locked-folder: quarantined: unreadable"
        ]
    );
    lock(0o700);
    hospital.ingest();
    assert_eq!(
        hospital.outcomes(),
        ["locked-file: ready", "locked-folder/inner: duplicate"]
    );
}

#[test]
fn equal_data_sets_are_duplicates_and_different_ones_conflict() {
    let hospital = Hospital::new();
    let small = Small::default();
    let other_meta = Small {
        meta_title: "ANOTHER",
        ..small.clone()
    };
    let other_pixels = Small {
        instance: "1.2.3.1.1.2",
        ..small.clone()
    };
    hospital.put("b/first-by-path-is-a", &small.bytes());
    hospital.put("a/original", &small.bytes());
    hospital.put("c/written-by-another-pacs", &other_meta.bytes());
    hospital.put("conflict-1", &other_pixels.bytes());
    hospital.put(
        "conflict-2",
        &Small {
            pixels: &[9, 9, 9, 9],
            ..other_pixels.clone()
        }
        .bytes(),
    );
    hospital.put(
        "conflict-2-again",
        &Small {
            pixels: &[9, 9, 9, 9],
            ..other_pixels
        }
        .bytes(),
    );
    hospital.ingest();
    assert_eq!(
        hospital.outcomes(),
        [
            "a/original: ready",
            "b/first-by-path-is-a: duplicate",
            "c/written-by-another-pacs: duplicate",
            "conflict-1: held: content-conflict",
            "conflict-2-again: duplicate",
            "conflict-2: held: content-conflict",
        ]
    );
}

#[test]
fn conflicts_of_identity_are_held() {
    let hospital = Hospital::new();
    let small = |patient, study, series, instance| Small {
        patient,
        study,
        series,
        instance,
        ..Small::default()
    };
    hospital.put("one", &small("P1", "1.1", "1.1.1", "1.1.1.1").bytes());
    hospital.put(
        "same-study-other-patient",
        &small("P2", "1.1", "1.1.2", "1.1.2.1").bytes(),
    );
    hospital.put("no-patient", &small(" ", "1.2", "1.2.1", "1.2.1.1").bytes());
    hospital.put("no-study", &small("P3", "", "1.3.1", "1.3.1.1").bytes());
    hospital.put("no-series", &small("P3", "1.3", "", "1.3.2.1").bytes());
    hospital.put(
        "series-in-two-1",
        &small("P4", "1.4", "1.4.1", "1.4.1.1").bytes(),
    );
    hospital.put(
        "series-in-two-2",
        &small("P4", "1.5", "1.4.1", "1.4.1.2").bytes(),
    );
    hospital.put("innocent", &small("P4", "1.4", "1.4.2", "1.4.2.1").bytes());
    hospital.ingest();
    assert_eq!(
        hospital.outcomes(),
        [
            "innocent: ready",
            "no-patient: held: patient-id-missing",
            "no-series: held: hierarchy-conflict",
            "no-study: held: hierarchy-conflict",
            "one: held: patient-id-conflict",
            "same-study-other-patient: held: patient-id-conflict",
            "series-in-two-1: held: hierarchy-conflict",
            "series-in-two-2: held: hierarchy-conflict",
        ]
    );
}

#[test]
fn a_delivery_after_another_adds_and_reads_only_what_changed() {
    let hospital = Hospital::new();
    hospital.put("stays", &Small::default().bytes());
    let changes = hospital.put(
        "changes",
        &Small {
            instance: "1.5",
            ..Small::default()
        }
        .bytes(),
    );
    hospital.put(
        "goes",
        &Small {
            instance: "1.6",
            ..Small::default()
        }
        .bytes(),
    );
    let first = hospital.ingest();
    assert_eq!((first.new.count, first.changed, first.vanished), (3, 0, 0));

    let again = hospital.ingest();
    assert_eq!((again.new.count, again.changed, again.vanished), (0, 0, 0));
    assert_eq!(again.found, first.found);

    std::fs::remove_file(hospital.export().join("goes")).unwrap();
    std::fs::write(
        &changes,
        Small {
            instance: "1.7",
            pixels: &[0; 600],
            ..Small::default()
        }
        .bytes(),
    )
    .unwrap();
    hospital.put(
        "comes",
        &Small {
            instance: "1.8",
            ..Small::default()
        }
        .bytes(),
    );
    let third = hospital.ingest();
    assert_eq!((third.new.count, third.changed, third.vanished), (1, 1, 1));
    let patient = hospital.catalogue().patients().unwrap()[0].number;
    let catalogue = hospital.catalogue();
    let series = &catalogue.series_of(patient).unwrap()[0];
    let instances = catalogue
        .instances_of(patient, series.study, series.number)
        .unwrap();
    let uids: Vec<_> = instances
        .iter()
        .map(|one| (one.uid.expose().as_str(), one.vanished))
        .collect();
    assert_eq!(
        uids,
        [
            ("1.2.3.1.1.1", false),
            ("1.6", true),
            ("1.7", false),
            ("1.8", false)
        ]
    );
}

#[test]
fn taking_the_wrong_copy_out_of_the_export_settles_the_conflict() {
    let hospital = Hospital::new();
    let right = Small::default();
    hospital.put("right", &right.bytes());
    hospital.put("right-again", &right.bytes());
    hospital.put(
        "wrong",
        &Small {
            pixels: &[0; 4],
            ..right.clone()
        }
        .bytes(),
    );
    hospital.put(
        "stranger",
        &Small {
            patient: "P-2",
            instance: "1.7",
            ..right.clone()
        }
        .bytes(),
    );
    hospital.ingest();
    assert_eq!(
        hospital.outcomes(),
        [
            "right-again: duplicate",
            "right: held: content-conflict",
            "stranger: held: patient-id-conflict",
            "wrong: held: content-conflict",
        ]
    );
    for name in ["wrong", "stranger", "right"] {
        std::fs::remove_file(hospital.export().join(name)).unwrap();
    }
    hospital.ingest();
    assert_eq!(
        hospital.outcomes(),
        [
            "right-again: ready",
            "right: held: content-conflict",
            "stranger: held: patient-id-conflict",
            "wrong: held: content-conflict",
        ]
    );
}

#[test]
fn the_catalogue_tells_what_planning_needs() {
    let hospital = Hospital::new();
    hospital.put("one", &Small::default().bytes());
    hospital.put("text", b"nothing");
    let report = hospital.ingest();
    assert_eq!(
        (
            report.patients,
            report.studies,
            report.series,
            report.instances
        ),
        (1, 1, 1, 1)
    );
    let catalogue = hospital.catalogue();
    let patient = &catalogue.patients().unwrap()[0];
    assert_eq!(patient.key.expose().patient_id, "P-1001");
    let series = &catalogue.series_of(patient.number).unwrap()[0];
    assert_eq!(series.uid.expose(), "1.2.3.1.1");
    let instance = &catalogue
        .instances_of(patient.number, series.study, series.number)
        .unwrap()[0];
    assert_eq!(
        (
            instance.rows,
            instance.columns,
            instance.frames,
            instance.pixel_bytes
        ),
        (2, 2, 1, 4)
    );
    assert_eq!(instance.look.modality, "CT");
    assert_eq!(instance.look.transfer_syntax, "1.2.840.10008.1.2.1");
    assert_eq!(instance.instance_number, Some(7));
    let known = catalogue.known_values(patient.number).unwrap();
    let known: Vec<_> = known
        .iter()
        .map(|known| (known.kind, known.value.expose().as_str()))
        .collect();
    for expected in [
        (KnownKind::PatientName, "Zhang^San"),
        (KnownKind::PatientId, "P-1001"),
        (KnownKind::BirthDate, "19550312"),
        (KnownKind::OrderId, "A778812"),
        (KnownKind::Institution, "Sample General Hospital"),
        (KnownKind::Uid, "1.2.3.1"),
        (KnownKind::Uid, "1.2.3.1.1"),
        (KnownKind::Uid, "1.2.3.1.1.1"),
    ] {
        assert!(known.contains(&expected), "{expected:?}");
    }
    assert!(
        !known
            .iter()
            .any(|(_, value)| value.starts_with("1.2.840.10008."))
    );
}

#[test]
fn names_inside_sequences_and_in_any_script_are_known() {
    let hospital = Hospital::new();
    let mut inner = Vec::new();
    element(
        &mut inner,
        (0x0010, 0x0010),
        "PN",
        "Wang^XiaoDong=王^小東=".as_bytes(),
    );
    let mut item = vec![0xFE, 0xFF, 0x00, 0xE0];
    item.extend((inner.len() as u32).to_le_bytes());
    item.extend(inner);
    let mut set = Vec::new();
    element(&mut set, (0x0008, 0x0005), "CS", b"ISO_IR 192");
    element(
        &mut set,
        (0x0008, 0x0016),
        "UI",
        b"1.2.840.10008.5.1.4.1.1.2",
    );
    element(&mut set, (0x0008, 0x0018), "UI", b"1.9");
    element(&mut set, (0x0008, 0x1110), "SQ", &item);
    element(&mut set, (0x0010, 0x0020), "LO", "病歷5".as_bytes());
    element(&mut set, (0x0020, 0x000D), "UI", b"1.9.1");
    element(&mut set, (0x0020, 0x000E), "UI", b"1.9.2");
    hospital.put("x", &part10(&set, "1.9", "X"));
    hospital.ingest();
    let catalogue = hospital.catalogue();
    let patient = &catalogue.patients().unwrap()[0];
    assert_eq!(patient.key.expose().patient_id, "病歷5");
    let known = catalogue.known_values(patient.number).unwrap();
    let name = known
        .iter()
        .find(|known| known.kind == KnownKind::PatientName)
        .unwrap();
    assert_eq!(name.value.expose(), "Wang^XiaoDong=王^小東");
}

#[test]
fn a_file_that_changed_since_is_not_opened() {
    let hospital = Hospital::new();
    let path = hospital.put("one", &Small::default().bytes());
    hospital.ingest();
    let catalogue = hospital.catalogue();
    let stream = {
        let mut found = None;
        let mut each = |entry: cloakroom_ingest::StreamEntry| {
            found = Some(entry.stream);
            Ok(())
        };
        catalogue.for_each_stream(&mut each).unwrap();
        found.unwrap()
    };
    let located = catalogue.locate(stream).unwrap();
    assert_eq!(located.open().unwrap().len(), located.size());
    std::fs::write(&path, b"other").unwrap();
    assert!(matches!(
        located.open(),
        Err(IngestError::ChangedSinceIngest { .. })
    ));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(
        located.check(),
        Err(IngestError::Unreadable { .. })
    ));
    symlink("/etc/hostname", &path).unwrap();
    assert!(matches!(
        located.open(),
        Err(IngestError::Unreadable { .. })
    ));
}

#[test]
fn the_export_is_never_written() {
    let hospital = Hospital::new();
    hospital.put("a/one", &Small::default().bytes());
    hospital.put("b/two", b"text");
    let state = |folder: &Path| {
        let mut state = Vec::new();
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            let times = (metadata.modified().unwrap(), metadata.accessed().ok());
            state.push((
                entry.path().to_path_buf(),
                metadata.len(),
                times.0,
                metadata.is_file().then_some(times.1),
            ));
        }
        state
    };
    let before = state(&hospital.export());
    hospital.ingest();
    assert_eq!(state(&hospital.export()), before);
}

#[test]
fn two_ingests_at_once_refuse_politely() {
    let hospital = Hospital::new();
    hospital.put("one", &Small::default().bytes());
    let lock = std::fs::File::create(hospital.site().join("site.ingest-lock")).unwrap();
    lock.lock().unwrap();
    let result = hospital.ingest_with(&IngestOptions::default());
    assert!(matches!(result, Err(IngestError::Busy)));
    drop(lock);
    hospital.ingest();
}
