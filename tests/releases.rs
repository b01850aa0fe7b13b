//! Versions of a release: built, compared, withdrawn from, purged, sealed and revealed, through the binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use cloakroom_testkit::{Hospital, Size};
use harness::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// A site with two deliveries, an office, and the release 1.0.0 of the first.
fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let house = House::build("releases");
        let room = &house.room;
        Hospital::write(&room.path("later"), Size::Tiny, 12).unwrap();
        let (site, later) = (room.text("delivered"), room.text("later"));
        run(&["ingest", &site, &later]).expect(&[DONE, NEEDS_PERSON]);
        room.deliver("delivered", "basic", "bundle-2")
            .expect(&[DONE, NEEDS_PERSON]);
        run(&["init", &room.text("office"), "--organiser"]).expect(&[DONE]);
        fs::write(room.path("track.yaml"), track()).unwrap();
        build(room, &["bundle"], "1.0.0", &[]).expect(&[DONE]);
        house
    })
}

/// The track that takes everything, with a large test side.
fn track() -> String {
    let text = fs::read_to_string(workspace().join("profiles/tracks/generic.yaml")).unwrap();
    let replaced: Vec<String> = text
        .lines()
        .map(|line| match line.trim_start().split(':').next() {
            Some("train") => "  train: 0.5".into(),
            Some("val") => "  val: 0.1".into(),
            Some("test") => "  test: 0.4".into(),
            _ => line.to_owned(),
        })
        .collect();
    replaced.join("\n") + "\n"
}

/// Builds a version into a folder of its name.
fn build(room: &Room, bundles: &[&str], version: &str, more: &[&str]) -> Answer {
    version_of(
        room,
        "build",
        &[room.text("track.yaml")],
        bundles,
        version,
        more,
    )
}

fn version_of(
    room: &Room,
    command: &str,
    first: &[String],
    bundles: &[&str],
    version: &str,
    more: &[&str],
) -> Answer {
    let mut arguments = vec!["--json".to_owned(), "release".into(), command.into()];
    arguments.extend(first.iter().cloned());
    arguments.extend(bundles.iter().map(|bundle| room.text(bundle)));
    for (name, value) in [
        ("--version", version.to_owned()),
        ("--date", DATE.into()),
        ("--out", room.text(version)),
        ("--organiser", room.text("office")),
        ("--trust", room.text("site/GX01.pub")),
    ] {
        arguments.extend([name.to_owned(), value]);
    }
    arguments.extend(more.iter().map(|one| (*one).to_owned()));
    run(&arguments)
}

fn verified(room: &Room, release: &str) -> Answer {
    let (path, key) = (room.text(release), room.text("office/release.pub"));
    run(&["--json", "verify", &path, "--trust", &key])
}

/// The rows of a table by the first column.
fn table(path: &Path) -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1);
    rows.map(|row| {
        let fields: Vec<String> = row.split(',').map(str::to_owned).collect();
        (fields[0].clone(), fields)
    })
    .collect()
}

fn patients(room: &Room, release: &str) -> BTreeMap<String, Vec<String>> {
    table(&room.path(release).join("data/tables/patients.csv"))
}

/// Another room with everything that the tests need, which they may change.
fn copied() -> Room {
    let house = house();
    let room = Room::new();
    for folder in ["bundle", "bundle-2", "office", "1.0.0", "site", "delivered"] {
        copy_site(&house.room.path(folder), &room.path(folder));
    }
    fs::copy(house.room.path("track.yaml"), room.path("track.yaml")).unwrap();
    room
}

/// A patient of a release with the Patient ID that the hospital knows it by.
fn known_patient(room: &Room, release: &str) -> (String, String) {
    let (site, out) = (room.text("delivered"), room.path("crosswalk"));
    run(&["crosswalk", &site, "--out", &room.text("crosswalk")]).expect(&[DONE]);
    let released = patients(room, release);
    let text = fs::read_to_string(out.join("patients.csv")).unwrap();
    text.lines()
        .map(|row| row.split(',').collect::<Vec<_>>())
        .find(|row| released.contains_key(row[3]))
        .map(|row| (row[1].to_owned(), row[3].to_owned()))
        .unwrap()
}

#[test]
fn three_versions_keep_their_promises() {
    let room = copied();
    build(
        &room,
        &["bundle-2"],
        "1.1.0",
        &[
            "--previous",
            &room.text("1.0.0"),
            "--mirror",
            "http://a.example/lung",
        ],
    )
    .expect(&[DONE]);
    verified(&room, "1.1.0").expect(&[DONE]);
    let (first, second) = (patients(&room, "1.0.0"), patients(&room, "1.1.0"));
    assert!(second.len() > first.len());
    for (patient, row) in &first {
        assert_eq!(second[patient][2], row[2], "{patient} changed sides");
    }
    let diff = run(&[
        "--json",
        "release",
        "diff",
        &room.text("1.0.0"),
        &room.text("1.1.0"),
    ])
    .expect(&[DONE])
    .json();
    let list = |key: &str| diff[key].as_array().unwrap().clone();
    assert!(list("gone_shards").is_empty() && list("moved_patients").is_empty());
    assert!(!list("new_shards").is_empty());
    assert_eq!(list("new_patients").len(), second.len() - first.len());
    let update = fs::read_to_string(room.path("1.1.0/post/update-from-1.0.0.aria2.txt")).unwrap();
    for shard in list("new_shards") {
        assert!(update.contains(&format!("out={}", shard.as_str().unwrap())));
    }
    assert_eq!(
        update.lines().filter(|line| line.contains(".tar")).count(),
        2 * list("new_shards").len()
    );

    // The hospital withdraws somebody: the notice travels, and the old versions become incomplete.
    let (id, pseudonym) = known_patient(&room, "1.0.0");
    let (site, notice) = (room.text("delivered"), room.text("notice.json"));
    run(&[
        "withdraw",
        &site,
        "--patient",
        &id,
        "--track",
        "generic",
        "--out",
        &notice,
        "--date",
        DATE,
        "--reason",
        "privacy",
    ])
    .expect(&[DONE]);
    assert!(fs::read_to_string(&notice).unwrap().contains(&pseudonym));
    let (track, purged) = (room.text("track.yaml"), room.text("1.0.0"));
    let answer = version_of(
        &room,
        "withdraw",
        std::slice::from_ref(&notice),
        &[],
        "1.1.1",
        &[
            "--track",
            &track,
            "--previous",
            &room.text("1.1.0"),
            "--purge",
            &purged,
        ],
    )
    .expect(&[DONE])
    .json();
    assert_eq!(answer["patients"][0], pseudonym.as_str());
    verified(&room, "1.1.1").expect(&[DONE]);
    let third = patients(&room, "1.1.1");
    assert!(!third.contains_key(&pseudonym));
    assert_eq!(third.len(), second.len() - 1);
    for (patient, row) in &third {
        assert_eq!(second[patient][2], row[2], "{patient} changed sides");
    }
    let tombstones = table(&room.path("1.1.1/withdrawn.csv"));
    assert_eq!(tombstones[&pseudonym][1..], ["privacy", "1.1.1", DATE]);
    // The log keeps only leaves of what was withdrawn.
    let log = |release: &str| {
        let path = room.path(release).join("evidence/GX01-d0001/log.jsonl");
        fs::read_to_string(path).unwrap()
    };
    let digests: Vec<String> = fs::read_to_string(room.path("1.1.0/data/tables/instances.csv"))
        .unwrap()
        .lines()
        .filter(|row| row.contains(&pseudonym))
        .map(|row| row.split(',').nth(4).unwrap().to_owned())
        .collect();
    assert!(!digests.is_empty());
    for digest in &digests {
        assert!(log("1.1.0").contains(digest) && !log("1.1.1").contains(digest));
    }
    assert_eq!(log("1.1.1").matches("\"withheld\"").count(), digests.len());
    for release in ["1.0.0", "1.1.0"] {
        let answer = verified(&room, release).expect(&[NEEDS_PERSON]).json();
        assert!(answer["incomplete"].as_u64().unwrap() > 0, "{release}");
        let text = run(&[
            "verify",
            &room.text(release),
            "--trust",
            &room.text("office/release.pub"),
        ]);
        assert!(text.out.contains("incomplete"), "{}", text.out);
    }
    // The names of what goes, for every copy that somebody has.
    let removed = fs::read_to_string(room.path("1.1.1/removed.txt")).unwrap();
    let gone: Vec<&str> = removed
        .lines()
        .filter(|path| path.contains(".tar"))
        .collect();
    assert!(!gone.is_empty());
    for path in gone {
        assert!(!room.path("1.1.0").join(path).exists(), "{path}");
    }
    let changes = fs::read_to_string(room.path("1.1.1/changes.csv")).unwrap();
    assert!(changes.contains("withdrawn: privacy"), "{changes}");
    // Later versions need neither the old bundles nor the old versions.
    fs::remove_dir_all(room.path("bundle")).unwrap();
    build(&room, &[], "1.2.0", &["--previous", &room.text("1.1.1")]).expect(&[DONE]);
    verified(&room, "1.2.0").expect(&[DONE]);
    assert_eq!(patients(&room, "1.2.0"), third);
    let shards = |release: &str| -> Vec<_> {
        files(&room.path(release))
            .into_iter()
            .filter(|file| file.to_string_lossy().contains(".tar"))
            .collect()
    };
    assert_eq!(shards("1.2.0"), shards("1.1.1"));
}

#[test]
fn nobody_withdraws_for_another_or_twice() {
    let room = copied();
    let pseudonym = patients(&room, "1.0.0").keys().next().unwrap().clone();
    let (track, previous) = (room.text("track.yaml"), room.text("1.0.0"));
    let withdraw = |first: &[String], version: &str, more: &[&str]| {
        let with = ["--track", &track, "--previous", &previous];
        version_of(
            &room,
            "withdraw",
            first,
            &[],
            version,
            &[&with[..], more].concat(),
        )
    };
    let notice = room.text("forged.json");
    let text = format!(
        "{{\n  \"cloakroom_withdrawal\": 1,\n  \"site\": \"GX01\",\n  \"track\": \"generic\",\n  \"patient\": \"{pseudonym}\",\n  \"date\": \"{DATE}\",\n  \"reason\": \"consent\"\n}}\n"
    );
    fs::write(&notice, text).unwrap();
    fs::write(format!("{notice}.minisig"), "untrusted comment: x\nAAAA\n").unwrap();
    withdraw(&[notice], "1.0.1", &[]).expect(&[CHECK_FAILED]);
    let own = |patient: &str, reason: &str, version: &str| {
        withdraw(&[], version, &["--patient", patient, "--reason", reason])
    };
    own(&pseudonym, "because", "1.0.1").expect(&[WRONG_USE]);
    own("NOBODY", "quality", "1.0.1").expect(&[WRONG_USE]);
    assert!(!room.path("1.0.1").exists());
    verified(&room, "1.0.0").expect(&[DONE]);
    own(&pseudonym, "quality", "1.0.1").expect(&[DONE]);
    // A run that was stopped before its purge goes on; another one finds the folder taken.
    let list = room.path("1.0.0/post/purged-sha256.txt");
    fs::remove_file(&list).unwrap();
    own(&pseudonym, "quality", "1.0.1").expect(&[DONE]);
    assert!(list.is_file());
    let other = patients(&room, "1.0.1").keys().next().unwrap().clone();
    own(&other, "quality", "1.0.1").expect(&[WRONG_USE]);
    verified(&room, "1.0.1").expect(&[DONE]);
    verified(&room, "1.0.0").expect(&[NEEDS_PERSON]);
    // The patient stays out even where the bundle that holds it is given again.
    let back = build(
        &room,
        &["bundle"],
        "1.0.2",
        &["--previous", &room.text("1.0.1")],
    );
    back.expect(&[DONE]);
    assert!(!patients(&room, "1.0.2").contains_key(&pseudonym));
}

/// A pair of age keys, made by another implementation.
fn age_keys(count: usize) -> Option<Vec<(String, String)>> {
    let python = python(&["pyrage"])?;
    let code = "from pyrage import x25519\nfor _ in range(4):\n    i = x25519.Identity.generate()\n    print(i, i.to_public())";
    let (well, said) = judged(std::process::Command::new(python).args(["-c", code]));
    assert!(well, "{said}");
    let pairs = said.lines().filter_map(|line| line.split_once(' '));
    let pairs = pairs.map(|(secret, public)| (secret.to_owned(), public.to_owned()));
    Some(pairs.take(count).collect())
}

#[test]
fn labels_are_sealed_and_revealed_and_cannot_be_exchanged() {
    let Some(keys) = age_keys(3) else { return };
    let room = copied();
    let sides = patients(&room, "1.0.0");
    let mut labels = String::from("patient,finding\n");
    for (number, patient) in sides.keys().enumerate() {
        labels.push_str(&format!("{patient},secret-{number}\n"));
    }
    fs::write(room.path("labels.csv"), &labels).unwrap();
    let test: Vec<&String> = sides
        .iter()
        .filter(|(_, row)| row[2] == "test")
        .map(|(patient, _)| patient)
        .collect();
    assert!(test.len() > 1);
    let mask = room.path("masks").join(test[0]).join("mask.nii");
    fs::create_dir_all(mask.parent().unwrap()).unwrap();
    fs::write(&mask, [0, 1, 2, 255]).unwrap();
    let (release, table, masks) = (
        room.text("1.0.0"),
        room.text("labels.csv"),
        room.text("masks"),
    );
    let seal = |recipients: &[&str], out: &str| {
        let mut arguments = vec![
            "--json", "release", "seal", &release, &table, &masks, "--out", out,
        ];
        recipients
            .iter()
            .for_each(|key| arguments.extend(["--recipient", key]));
        run(&arguments)
    };
    let out = room.text("sealed");
    seal(&[&keys[0].1], &out).expect(&[WRONG_USE]);
    seal(&[&keys[0].1, &keys[0].1], &out).expect(&[WRONG_USE]);
    let answer = seal(&[&keys[0].1, &keys[1].1], &out).expect(&[DONE]).json();
    assert_eq!(answer["labels"].as_u64().unwrap(), test.len() as u64 + 1);
    assert_eq!(
        answer["not_of_test_side"].as_u64().unwrap(),
        (sides.len() - test.len()) as u64
    );
    build(&room, &["bundle"], "2.0.0", &["--sealed", &out]).expect(&[DONE]);
    verified(&room, "2.0.0").expect(&[DONE]);
    for (path, bytes) in contents(&room.path("2.0.0")) {
        let found = bytes.windows(7).any(|window| window == b"secret-");
        assert!(!found, "{} holds a label", path.display());
    }
    let released = room.text("2.0.0");
    run(&["release", "reveal", &released]).expect(&[WRONG_USE]);
    let office = room.text("office");
    let reveal = |key: &str| {
        let identity = room.text("identity.txt");
        fs::write(&identity, format!("# made for a test\n{key}\n")).unwrap();
        run(&[
            "--json",
            "release",
            "reveal",
            &released,
            "--identity",
            &identity,
            "--organiser",
            &office,
        ])
    };
    reveal(&keys[2].0).expect(&[CHECK_FAILED]);
    reveal(&keys[1].0).expect(&[DONE]);
    run(&["release", "reveal", &released]).expect(&[DONE]);
    verified(&room, "2.0.0").expect(&[DONE]);
    let shown = room.path("2.0.0/post/test-labels.tar");
    let bytes = fs::read(&shown).unwrap();
    assert!(bytes.windows(7).any(|window| window == b"secret-"));
    // Whoever changes a label is found, whether or not the change is signed again.
    let place = bytes
        .windows(7)
        .position(|window| window == b"secret-")
        .unwrap();
    let mut changed = bytes.clone();
    changed[place] = b'S';
    fs::write(&shown, &changed).unwrap();
    run(&["release", "reveal", &released]).expect(&[CHECK_FAILED]);
    // Labels of people who are not on the test side are not meant to be sealed.
    let other = fs::read_to_string(room.path("sealed/commitment.json")).unwrap();
    let train = sides.iter().find(|(_, row)| row[2] == "train").unwrap().0;
    fs::write(
        room.path("sealed/commitment.json"),
        other.replace(test[0].as_str(), train),
    )
    .unwrap();
    build(&room, &["bundle"], "2.0.1", &["--sealed", &out]).expect(&[WRONG_USE]);
}

#[test]
fn a_version_has_the_same_bytes_at_any_number_of_threads() {
    let pseudonym = patients(&house().room, "1.0.0")
        .keys()
        .next_back()
        .unwrap()
        .clone();
    let mut seen = Vec::new();
    for threads in ["1", "4"] {
        let again = copied();
        let (track, from) = (again.text("track.yaml"), again.text("1.0.0"));
        let more = [
            "--track",
            &track,
            "--previous",
            &from,
            "--patient",
            &pseudonym,
            "--reason",
            "quality",
            "--threads",
            threads,
        ];
        version_of(&again, "withdraw", &[], &[], "1.0.1", &more).expect(&[DONE]);
        seen.push(contents(&again.path("1.0.1")));
    }
    assert!(seen[0] == seen[1]);
}
