//! Other people's tools check and open what we write, without our program.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::*;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let house = House::build("standard_tools");
        let text = |name: &str| house.room.text(name);
        run(&["init", &text("office"), "--organiser"]).expect(&[DONE]);
        let track = workspace().join("profiles/tracks/generic.yaml");
        let (bundle, release) = (text("bundle"), text("release"));
        let build = [
            "release",
            "build",
            track.to_str().unwrap(),
            &bundle,
            "--version",
            "1.0.0",
            "--date",
            DATE,
        ];
        let (office, key) = (text("office"), text("site/GX01.pub"));
        let with = ["--out", &release, "--organiser", &office, "--trust", &key];
        run(&[&build[..], &with].concat()).expect(&[DONE]);
        house
    })
}

/// Both packages, and the file with the key that signed each.
fn packages() -> [(PathBuf, PathBuf); 2] {
    let room = &house().room;
    [
        (room.path("bundle"), room.path("site/GX01.pub")),
        (room.path("release"), room.path("office/release.pub")),
    ]
}

#[track_caller]
fn content(command: &mut Command) -> String {
    let (well, said) = judged(command);
    assert!(well, "{command:?}\n{said}");
    said
}

#[test]
fn sha256sum_checks_every_file() {
    let Some(sha256sum) = tool("sha256sum") else {
        return;
    };
    for (package, _) in packages() {
        for list in ["manifest-sha256.txt", "tagmanifest-sha256.txt"] {
            content(
                Command::new(&sha256sum)
                    .args(["-c", "--strict", "--quiet", list])
                    .current_dir(&package),
            );
        }
    }
}

#[test]
fn minisign_checks_the_signature() {
    let Some(minisign) = tool("minisign") else {
        return;
    };
    for (package, keys) in packages() {
        let key = fs::read_to_string(keys).unwrap();
        let key = key.lines().find(|line| line.starts_with("RW")).unwrap();
        let check = |key: &str| {
            judged(
                Command::new(&minisign)
                    .args(["-V", "-P", key, "-m", "tagmanifest-sha256.txt"])
                    .current_dir(&package),
            )
        };
        let (well, said) = check(key);
        assert!(well, "{said}");
        assert!(!check("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").0);
    }
}

#[test]
fn tar_and_zstd_list_the_shards() {
    let (Some(tar), Some(_)) = (tool("tar"), tool("zstd")) else {
        return;
    };
    for (package, _) in packages() {
        let table = fs::read_to_string(package.join("data/tables/instances.csv")).unwrap();
        let mut expected: Vec<&str> = table
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(1).unwrap())
            .collect();
        let shards = files(&package)
            .into_iter()
            .filter(|file| file.to_string_lossy().ends_with(".tar.zst"));
        let listed: String = shards
            .map(|shard| {
                content(
                    Command::new(&tar)
                        .args(["--zstd", "-tf"])
                        .arg(package.join(shard)),
                )
            })
            .collect();
        let mut listed: Vec<&str> = listed
            .lines()
            .filter(|line| line.ends_with(".dcm"))
            .collect();
        expected.sort_unstable();
        listed.sort_unstable();
        assert!(listed.len() > 10);
        assert_eq!(listed, expected);
    }
}

#[test]
fn the_bagit_library_validates_the_bags() {
    let Some(python) = python(&["bagit"]) else {
        return;
    };
    for (package, _) in packages() {
        let code = "import bagit, sys; bagit.Bag(sys.argv[1]).validate()";
        content(Command::new(&python).args(["-c", code]).arg(&package));
    }
}

#[test]
fn pydicom_reads_every_object_and_finds_it_de_identified() {
    let Some(python) = python(&["pydicom"]) else {
        return;
    };
    let code = "
import pathlib, sys, pydicom
pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
read = 0
for path in sorted(pathlib.Path(sys.argv[1]).rglob('*.dcm')):
    data = pydicom.dcmread(path)
    for element in data.iterall():
        element.value
    assert data.PatientIdentityRemoved == 'YES', path
    assert data.file_meta.MediaStorageSOPInstanceUID == data.SOPInstanceUID, path
    read += 1
print('read', read)
";
    for (number, (package, _)) in packages().into_iter().enumerate() {
        let out = house().room.text(&format!("files-{number}"));
        run(&["extract", package.to_str().unwrap(), "--out", &out]).expect(&[DONE]);
        let expected = files(out.as_ref())
            .iter()
            .filter(|file| file.extension().is_some_and(|end| end == "dcm"))
            .count();
        assert!(expected > 10);
        let said = content(Command::new(&python).args(["-c", code, &out]));
        assert!(said.contains(&format!("read {expected}")), "{said}");
    }
}

#[test]
fn a_program_that_knows_only_the_description_checks_the_log_and_a_proof() {
    let Some(python) = python(&["cryptography"]) else {
        return;
    };
    let script = workspace().join("tests/peers/check_log.py");
    let (bundle, keys) = (
        house().room.path("bundle"),
        house().room.path("site/GX01.pub"),
    );
    let evidence = bundle.join("evidence");
    let check = |log: &std::path::Path| {
        let mut command = Command::new(&python);
        command
            .arg(&script)
            .arg("log")
            .arg(log)
            .arg(evidence.join("checkpoint"))
            .arg("--keys")
            .arg(&keys);
        judged(&mut command)
    };
    let (well, said) = check(&evidence.join("log.jsonl"));
    assert!(well && said.contains("ok"), "{said}");
    let text = fs::read_to_string(evidence.join("log.jsonl")).unwrap();
    let edited = house().room.path("edited.jsonl");
    fs::write(&edited, text.replacen("2026-11-23", "2026-11-22", 1)).unwrap();
    assert!(!check(&edited).0);

    let table = fs::read_to_string(bundle.join("data/tables/instances.csv")).unwrap();
    let member = table.lines().nth(3).unwrap().split(',').nth(1).unwrap();
    let (proof, out) = (
        house().room.text("one.tlog-proof"),
        house().room.path("proved"),
    );
    run(&[
        "audit",
        "prove",
        bundle.to_str().unwrap(),
        member,
        "--out",
        &proof,
    ])
    .expect(&[DONE]);
    run(&[
        "extract",
        bundle.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ])
    .expect(&[DONE]);
    let mut command = Command::new(&python);
    command
        .arg(&script)
        .args(["proof", &proof, "--object"])
        .arg(out.join(member))
        .arg("--keys")
        .arg(&keys);
    content(&mut command);
}
