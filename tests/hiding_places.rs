//! Objects with identity at one place each, where tools have been seen to miss it, all the way through: every special
//! place, and one in six of the plain attributes. With `CLOAKROOM_HIDING_PLACES=all` it is all of the attributes too.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use cloakroom_testkit::hiding::{self, HidingPlace};
use cloakroom_testkit::{Canary, CanaryKind, Searcher};
use harness::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// Each object has a patient of its own, so that a patient's folder in what came out is one object.
struct Hidden {
    room: Room,
    places: Vec<HidingPlace>,
}

fn hidden() -> &'static Hidden {
    static HIDDEN: OnceLock<Hidden> = OnceLock::new();
    HIDDEN.get_or_init(|| {
        let room = Room::shared("hiding-places");
        let places = chosen();
        let export = room.path("export");
        fs::create_dir_all(&export).unwrap();
        for (number, place) in places.iter().enumerate() {
            fs::write(export.join(format!("{number:04}")), &place.bytes).unwrap();
        }
        room.site_with(&export);
        Hidden { room, places }
    })
}

/// Of the plain attributes only some, unless all are asked for: each costs a patient of its own.
fn chosen() -> Vec<HidingPlace> {
    let all = std::env::var_os("CLOAKROOM_HIDING_PLACES").is_some_and(|asked| asked == "all");
    let step = if all { 1 } else { 6 };
    let mut places = hiding::special(23);
    places.extend(hiding::in_attributes(23).into_iter().step_by(step));
    places
}

/// What a profile says of itself that it keeps is not asked of it.
fn asked_of(profile: &str, canary: &Canary) -> bool {
    let keeps_unknown_words = profile == "tcia";
    let shifts_by_whole_days = profile != "strict" && profile != "basic";
    match canary.kind {
        CanaryKind::Text => !keeps_unknown_words,
        // A code made of letters alone is an unknown word as well.
        CanaryKind::Identifier => !(keeps_unknown_words && is_word(canary)),
        // A time of day without its day says little, and a shift by whole days leaves it as it is.
        CanaryKind::Date => !(shifts_by_whole_days && is_time_of_day(canary)),
        _ => true,
    }
}

fn is_word(canary: &Canary) -> bool {
    canary.value.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_time_of_day(canary: &Canary) -> bool {
    let digits = canary.value.split('.').next().unwrap_or_default();
    digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn crosswalk(room: &Room) -> BTreeMap<String, String> {
    run(&["crosswalk", &room.text("site"), "--out", &room.text("who")]).expect(&[DONE]);
    fs::read_to_string(room.path("who/patients.csv"))
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (fields[1].to_owned(), fields[3].to_owned())
        })
        .collect()
}

fn bytes_below(folder: &Path) -> Vec<u8> {
    contents(folder).into_values().flatten().collect()
}

/// Delivers all objects by a profile and returns, for those that came out, where one still tells who its patient was.
fn survivors(profile: &str) -> BTreeSet<String> {
    let hidden = hidden();
    let room = Room::new();
    copy_site(&hidden.room.path("site"), &room.path("site"));
    room.deliver("site", profile, "bundle")
        .expect(&[DONE, NEEDS_PERSON]);
    room.verify(&room.path("bundle")).expect(&[DONE]);
    let released = room.extract("bundle", "files");
    let pseudonyms = crosswalk(&room);
    let mut told = BTreeSet::new();
    let mut cleared = 0;
    for place in &hidden.places {
        let Some(pseudonym) = pseudonyms.get(&place.person.patient_id) else {
            continue;
        };
        let folder = released.join(pseudonym);
        if !folder.is_dir() {
            continue;
        }
        cleared += 1;
        let asked: Vec<Canary> = place
            .canaries
            .iter()
            .filter(|canary| asked_of(profile, canary))
            .cloned()
            .collect();
        for hit in Searcher::new(&asked).search(&bytes_below(&folder)) {
            let canary = &asked[hit.canary];
            told.insert(format!(
                "{}: {:?} {} of {} as {}",
                place.name, canary.kind, canary.value, canary.place, hit.encoding
            ));
        }
    }
    assert!(
        cleared * 100 >= hidden.places.len() * 90,
        "{cleared} of {} came out",
        hidden.places.len()
    );
    told.extend(in_the_papers(&room, profile, &hidden.places));
    told
}

/// The index, manifest, log and checksums of the bundle hold nobody's value.
fn in_the_papers(room: &Room, profile: &str, places: &[HidingPlace]) -> Vec<String> {
    let canaries: Vec<Canary> = places
        .iter()
        .filter(|place| place.searchable)
        .map(|place| place.canaries[0].clone())
        .filter(|canary| canary.kind != CanaryKind::Date && asked_of(profile, canary))
        .collect();
    let searcher = Searcher::new(&canaries);
    contents(&room.path("bundle"))
        .iter()
        .filter(|(name, _)| !name.to_string_lossy().contains(".tar"))
        .flat_map(|(name, bytes)| {
            let hits = searcher.search(bytes);
            hits.into_iter()
                .map(move |hit| (name.clone(), hit))
                .collect::<Vec<_>>()
        })
        .map(|(name, hit)| format!("{}: {:?}", name.display(), canaries[hit.canary]))
        .collect()
}

#[test]
fn nothing_hidden_survives_the_contest_profile() {
    assert_eq!(survivors("contest"), BTreeSet::new());
}

#[test]
fn nothing_hidden_survives_the_basic_profile() {
    assert_eq!(survivors("basic"), BTreeSet::new());
}

#[test]
fn nothing_hidden_survives_the_strict_profile() {
    assert_eq!(survivors("strict"), BTreeSet::new());
}

#[test]
fn of_what_is_hidden_the_tcia_profile_keeps_unknown_words_and_times_only() {
    assert_eq!(survivors("tcia"), BTreeSet::new());
}
