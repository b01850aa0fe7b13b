//! A bundle that travels is one file that only its receivers can open, and inside is the bundle as it was.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::images::Still;
use harness::*;
use std::fs::{self, File};
use std::path::Path;

fn room() -> Room {
    let room = Room::new();
    let still = Still {
        patient: "P0007",
        study: 1,
        series: 1,
        instance: 1,
        description: "THYROID",
        frames: 1,
    };
    still.write_as_slice(&room.path("export"), &[]);
    room.site_with(&room.path("export"));
    room
}

fn deid(room: &Room, keys: &[String]) -> Answer {
    let (site, out) = (room.text("site"), room.text("bundle"));
    let mut asked = vec![
        "deid", &site, "--track", "lung", "--date", DATE, "--out", &out,
    ];
    for key in keys {
        asked.extend(["--encrypt-to", key]);
    }
    run(&asked)
}

fn open(file: &Path, identity: &age::x25519::Identity, into: &Path) -> bool {
    let decryptor =
        age::Decryptor::new_buffered(std::io::BufReader::new(File::open(file).unwrap()));
    let identities = std::iter::once(identity as &dyn age::Identity);
    match decryptor.unwrap().decrypt(identities) {
        Ok(plain) => {
            tar::Archive::new(plain).unpack(into).unwrap();
            true
        }
        Err(_) => false,
    }
}

#[test]
fn only_receivers_open_it_and_find_the_bundle_byte_for_byte() {
    let room = room();
    let [one, two, stranger] = [(); 3].map(|()| age::x25519::Identity::generate());
    let list = format!("# the office\n{}\n", two.to_public());
    fs::write(room.path("keys.txt"), list).unwrap();
    let keys = [one.to_public().to_string(), room.text("keys.txt")];
    let told = deid(&room, &keys).expect(&[DONE]);
    assert!(told.out.contains("bundle.tar.age"), "{}", told.out);
    let file = room.path("bundle.tar.age");
    let bytes = fs::read(&file).unwrap();
    let inside = |part: &[u8]| bytes.windows(part.len()).any(|at| at == part);
    assert!(!inside(b"bundle.json") && inside(b"age-encryption.org/v1"));
    assert!(!room.path("bundle.tar.age.partial").exists());
    for (identity, name) in [(&one, "one"), (&two, "two")] {
        assert!(open(&file, identity, &room.path(name)));
        let opened = room.path(name).join("bundle");
        assert_eq!(contents(&opened), contents(&room.path("bundle")));
        room.verify(&opened).expect(&[DONE]);
    }
    assert!(!open(&file, &stranger, &room.path("stranger")));
}

#[test]
fn a_wrong_key_or_a_file_in_the_way_stops_before_anything_is_written() {
    let room = room();
    let wrong = deid(&room, &["age1nobody".to_owned()]).expect(&[WRONG_USE]);
    assert!(wrong.err.contains("age-keygen"), "{}", wrong.err);
    let key = age::x25519::Identity::generate().to_public().to_string();
    fs::write(room.path("bundle.tar.age"), "mine").unwrap();
    deid(&room, std::slice::from_ref(&key)).expect(&[WRONG_USE]);
    assert!(!room.path("bundle").exists());
    assert_eq!(fs::read(room.path("bundle.tar.age")).unwrap(), b"mine");
    fs::remove_file(room.path("bundle.tar.age")).unwrap();
    let told = run(&[
        "--json",
        "deid",
        &room.text("site"),
        "--track",
        "lung",
        "--date",
        DATE,
        "--out",
        &room.text("bundle"),
        "--encrypt-to",
        &key,
    ]);
    let told = told.expect(&[DONE]).json();
    assert!(told["encrypted"].as_str().unwrap().ends_with(".tar.age"));
    assert_eq!(told["released"]["instances"], 1);
}
