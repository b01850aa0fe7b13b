//! Whatever is changed in a signed bundle is found.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| House::build("tamper"))
}

fn shard(bundle: &Path) -> PathBuf {
    let shards = bundle.join("data/shards");
    shards.join(files(&shards).first().unwrap())
}

/// The kinds of what is wrong with the bundle of a room, which must be something.
#[track_caller]
fn caught(room: &Room) -> Vec<String> {
    let answer = room.verify(&room.path("bundle")).expect(&[CHECK_FAILED]);
    let report = answer.json();
    let kinds = report["findings"].as_array().unwrap().iter();
    let kinds: Vec<String> = kinds
        .map(|finding| finding["kind"].as_str().unwrap().into())
        .collect();
    assert!(!kinds.is_empty());
    let spoken = run(&[
        "verify",
        &room.text("bundle"),
        "--trust",
        &room.text("site/GX01.pub"),
    ]);
    assert!(spoken.expect(&[CHECK_FAILED]).out.len() > 40);
    kinds
}

/// Edits a file of a fresh copy of the bundle and says what was caught.
#[track_caller]
fn caught_after(edit: impl FnOnce(&Path)) -> Vec<String> {
    let room = house().copied_bundle();
    edit(&room.path("bundle"));
    caught(&room)
}

#[test]
fn an_untouched_bundle_is_sound_and_trusted_only_by_a_key() {
    let room = house().copied_bundle();
    let trusted = room.verify(&room.path("bundle")).expect(&[DONE]).json();
    assert_eq!(trusted["signer"], "trusted");
    assert_eq!(trusted["findings"].as_array().unwrap().len(), 0);
    let alone = run(&["--json", "verify", &room.text("bundle")])
        .expect(&[NEEDS_PERSON])
        .json();
    assert_eq!(alone["findings"].as_array().unwrap().len(), 0);
    assert_ne!(alone["signer"], "trusted");
}

#[test]
fn one_flipped_bit_anywhere_in_any_file_is_found() {
    let bundle = house().room.path("bundle");
    for file in files(&bundle) {
        let length = fs::metadata(bundle.join(&file)).unwrap().len() as usize;
        for place in [0, length / 9, length / 3, length - 1] {
            caught_after(|bundle| {
                let mut bytes = fs::read(bundle.join(&file)).unwrap();
                bytes[place] ^= 1;
                fs::write(bundle.join(&file), bytes).unwrap();
            });
        }
    }
}

#[test]
fn one_byte_more_or_less_at_the_end_of_any_file_is_found() {
    for file in files(&house().room.path("bundle")) {
        for change in [
            (|bytes| bytes.push(b'\n')) as fn(&mut Vec<u8>),
            |bytes| bytes.push(0),
            |bytes| bytes.truncate(bytes.len() - 1),
        ] {
            caught_after(|bundle| {
                let mut bytes = fs::read(bundle.join(&file)).unwrap();
                change(&mut bytes);
                fs::write(bundle.join(&file), bytes).unwrap();
            });
        }
    }
}

#[test]
fn what_does_not_belong_to_the_bundle_is_found() {
    for folder in ["", "data", "data/tables", "data/shards", "evidence"] {
        caught_after(|bundle| fs::create_dir(bundle.join(folder).join("more")).unwrap());
        caught_after(|bundle| fs::write(bundle.join(folder).join(".more"), "").unwrap());
        caught_after(|bundle| {
            std::os::unix::fs::symlink("/dev/null", bundle.join(folder).join("more")).unwrap();
        });
    }
    caught_after(|bundle| {
        fs::create_dir(bundle.join("post")).unwrap();
        fs::write(bundle.join("post/notice.txt"), "").unwrap();
    });
}

#[test]
fn shards_that_are_short_renamed_missing_or_strange_are_found() {
    caught_after(|bundle| {
        let shard = shard(bundle);
        let bytes = fs::read(&shard).unwrap();
        fs::write(&shard, &bytes[..bytes.len() - 100]).unwrap();
    });
    caught_after(|bundle| {
        let shard = shard(bundle);
        let mut bytes = fs::read(&shard).unwrap();
        bytes.extend([0; 512]);
        fs::write(&shard, bytes).unwrap();
    });
    caught_after(|bundle| {
        let name = shard(bundle);
        fs::rename(
            &name,
            name.with_file_name("GX01-generic-d0001-000000-00000000.tar.zst"),
        )
        .unwrap();
    });
    caught_after(|bundle| fs::write(bundle.join("data/shards/more.tar"), "x").unwrap());
    caught_after(|bundle| fs::write(bundle.join("names.txt"), "x").unwrap());
}

#[test]
fn every_missing_file_is_found() {
    for file in files(&house().room.path("bundle")) {
        caught_after(|bundle| fs::remove_file(bundle.join(&file)).unwrap());
    }
}

/// Makes both manifests and the signature anew with the site's own key, as somebody in the hospital could.
fn seal(room: &Room, minisign: &Path) {
    let bundle = room.path("bundle");
    let list = |payload: bool| {
        let own = ["tagmanifest-sha256.txt", "tagmanifest-sha256.txt.minisig"];
        let all = files(&bundle)
            .into_iter()
            .map(|file| file.to_string_lossy().into_owned());
        let all = all
            .filter(|file| file.starts_with("data/") == payload && !own.contains(&file.as_str()));
        let (well, said) = judged(Command::new("sha256sum").args(all).current_dir(&bundle));
        assert!(well, "{said}");
        said
    };
    fs::write(bundle.join("manifest-sha256.txt"), list(true)).unwrap();
    fs::write(bundle.join("tagmanifest-sha256.txt"), list(false)).unwrap();
    let signature = fs::read_to_string(bundle.join("tagmanifest-sha256.txt.minisig")).unwrap();
    let comment = signature
        .lines()
        .find_map(|line| line.strip_prefix("trusted comment: "))
        .unwrap();
    let (well, said) = judged(
        Command::new(minisign)
            .arg("-S")
            .args(["-t", comment, "-s"])
            .arg(room.path("site/keys/package.key"))
            .arg("-m")
            .arg(bundle.join("tagmanifest-sha256.txt"))
            .stdin(std::process::Stdio::null()),
    );
    assert!(well, "{said}");
}

/// Edits the lines of the log, seals everything else again, and says what was caught.
#[track_caller]
fn caught_in_log(minisign: &Path, edit: impl FnOnce(&mut Vec<String>)) -> Vec<String> {
    let room = house().copied_bundle();
    let log = room.path("bundle/evidence/log.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    let mut lines: Vec<String> = text.lines().map(Into::into).collect();
    edit(&mut lines);
    fs::write(&log, lines.join("\n") + "\n").unwrap();
    seal(&room, minisign);
    caught(&room)
}

fn objects(lines: &[String]) -> Vec<usize> {
    let numbered = lines.iter().enumerate();
    numbered
        .filter(|(_, line)| line.contains(r#""kind":"object""#))
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn the_log_alone_catches_an_insider_who_signs_everything_again() {
    let Some(minisign) = tool("minisign") else {
        return;
    };
    let room = house().copied_bundle();
    seal(&room, &minisign);
    room.verify(&room.path("bundle")).expect(&[DONE]);
    let edited = caught_in_log(&minisign, |lines| {
        let at = objects(lines)[40];
        assert!(lines[at].contains("2026-11-23"));
        lines[at] = lines[at].replace("2026-11-23", "2026-11-22");
    });
    let dropped = caught_in_log(&minisign, |lines| {
        let at = objects(lines)[50];
        lines.remove(at);
    });
    let swapped = caught_in_log(&minisign, |lines| {
        let at = objects(lines);
        lines.swap(at[45], at[46]);
    });
    let added = caught_in_log(&minisign, |lines| {
        let at = objects(lines)[45];
        lines.insert(at, lines[at].clone());
    });
    let action = caught_in_log(&minisign, |lines| {
        let at = lines
            .iter()
            .position(|line| line.contains(r#""kind":"actions""#))
            .unwrap();
        assert!(lines[at].contains(r#""action":"remove""#));
        lines[at] = lines[at].replacen(r#""action":"remove""#, r#""action":"keep""#, 1);
    });
    let named = [
        (edited, "record-edited"),
        (dropped, "record-dropped"),
        (swapped, "records-swapped"),
        (added, "record-added"),
        (action, "actions-missing"),
    ];
    for (kinds, name) in named {
        assert!(kinds.iter().any(|kind| kind == name), "{kinds:?}");
        // Sums and signature were made anew and are right; the log is what says otherwise.
        let by_sums = [
            "file-changed",
            "file-extra",
            "file-missing",
            "size-wrong",
            "signature-missing",
            "signature-wrong",
            "signer-not-trusted",
        ];
        assert!(
            kinds.iter().all(|kind| !by_sums.contains(&kind.as_str())),
            "{kinds:?}"
        );
    }
}

#[test]
fn a_checkpoint_of_other_leaves_is_found() {
    caught_after(|bundle| {
        let path = bundle.join("evidence/checkpoint");
        let text = fs::read_to_string(&path).unwrap();
        let size = text.lines().nth(1).unwrap().to_owned();
        fs::write(&path, text.replacen(&size, "12", 1)).unwrap();
    });
}

#[test]
fn another_key_is_not_trusted_and_says_so() {
    let room = Room::new();
    run(&["init", &room.text("other"), "--name", "YN02"]).expect(&[DONE]);
    let bundle = house().room.text("bundle");
    let answer = run(&[
        "--json",
        "verify",
        &bundle,
        "--trust",
        &room.text("other/YN02.pub"),
    ]);
    let answer = answer.expect(&[CHECK_FAILED]).json();
    assert!(!answer["findings"].as_array().unwrap().is_empty());
    assert_ne!(answer["signer"], "trusted");
}

#[test]
fn an_old_bundle_does_not_pass_for_the_newest_log() {
    let room = Room::new();
    copy_site(&house().room.path("delivered"), &room.path("site"));
    cloakroom_testkit::Hospital::write(&room.path("more"), cloakroom_testkit::Size::Tiny, 12)
        .unwrap();
    run(&["ingest", &room.text("site"), &room.text("more")]).expect(&[DONE, NEEDS_PERSON]);
    room.deliver("site", "basic", "second")
        .expect(&[DONE, NEEDS_PERSON]);
    let check = |package: &str, since: &str| {
        let since = Path::new(since).join("evidence/checkpoint");
        run(&[
            "--json",
            "verify",
            package,
            "--trust",
            &room.text("site/GX01.pub"),
            "--since",
            since.to_str().unwrap(),
        ])
    };
    let (first, second) = (house().room.text("bundle"), room.text("second"));
    check(&first, &first).expect(&[DONE]);
    check(&second, &first).expect(&[DONE]);
    let replayed = check(&first, &second).expect(&[CHECK_FAILED]).json();
    assert!(!replayed["findings"].as_array().unwrap().is_empty());
    // A log of the same name that was made anew, from a site of the same name with other keys.
    let other = Room::new();
    other.site_with(&house().room.path("export"));
    other
        .deliver("site", "basic", "bundle")
        .expect(&[DONE, NEEDS_PERSON]);
    let key = other.text("site/GX01.pub");
    let since = house().room.path("bundle/evidence/checkpoint");
    let answer = run(&[
        "verify",
        &other.text("bundle"),
        "--trust",
        &key,
        "--since",
        since.to_str().unwrap(),
    ]);
    answer.expect(&[CHECK_FAILED]);
}
