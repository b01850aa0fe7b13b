//! The delivery is the same every time, and the truth about it is complete.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read its own files should stop there"
)]

use cloakroom_core::Outcome;
use cloakroom_testkit::hospital::{Mismatch, Place};
use cloakroom_testkit::{Hospital, Searcher, Size, Truth};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

fn read(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

#[test]
fn the_same_seed_gives_the_same_delivery_and_the_truth_names_every_file() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let truth = Hospital::write(one.path(), Size::Tiny, 3).unwrap();
    assert!(Hospital::write(two.path(), Size::Tiny, 3).unwrap() == truth);
    let files = read(one.path());
    assert!(files == read(two.path()));
    let named: BTreeSet<&String> = truth.files.iter().map(|file| &file.path).collect();
    assert_eq!(named, files.keys().collect());
    let other = tempfile::tempdir().unwrap();
    Hospital::write(other.path(), Size::Tiny, 4).unwrap();
    assert!(read(other.path()) != files);
    let json = truth.to_json().unwrap();
    assert!(serde_json::from_str::<Truth>(&json).unwrap() == truth);
}

#[test]
fn every_canary_is_somewhere_in_the_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let truth = Hospital::write(folder.path(), Size::Tiny, 5).unwrap();
    let searcher = Searcher::new(&truth.canaries);
    assert!(searcher.needles() > 2000);
    let mut missing: BTreeSet<usize> = (0..truth.canaries.len()).collect();
    for (name, bytes) in read(folder.path()) {
        let plain = if name.ends_with(".zst") {
            zstd::decode_all(&bytes[..]).unwrap()
        } else if name.ends_with("study.zip") || name.ends_with(".gz") {
            continue;
        } else {
            bytes
        };
        for hit in searcher.search(&plain) {
            missing.remove(&hit.canary);
        }
    }
    // What lies only in the zip and the gzip is compressed: the patients 10 and 11.
    let patients: Vec<&str> = ["MRN10", "MRN11", "MRN24"].to_vec();
    let left: Vec<&str> = missing
        .iter()
        .map(|index| truth.canaries[*index].place.as_str())
        .filter(|place| {
            place.contains("patient MRN") && !patients.iter().any(|id| place.contains(id))
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_judge_accepts_the_plan_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let truth = Hospital::write(folder.path(), Size::Tiny, 3).unwrap();
    let mut groups = BTreeSet::new();
    let mut observed: BTreeMap<Place, Outcome> = truth
        .files
        .iter()
        .map(|file| {
            let copy = file
                .group
                .clone()
                .is_some_and(|group| !groups.insert(group));
            let outcome = if copy {
                Outcome::Duplicate
            } else {
                file.expected[0]
            };
            ((file.path.clone(), file.member.clone()), outcome)
        })
        .collect();
    assert_eq!(groups.len(), 3);
    assert_eq!(truth.judge(&observed, None), []);
    let empty = ("export/IM_EMPTY.dcm".to_owned(), None);
    observed.insert(empty.clone(), Outcome::Cleared);
    observed.insert(("nowhere".to_owned(), None), Outcome::Cleared);
    let mismatches = truth.judge(&observed, None);
    assert_eq!(mismatches.len(), 2, "{mismatches:?}");
    observed.remove(&empty);
    let missing =
        |mismatch: &Mismatch| matches!(mismatch, Mismatch::Missing(file) if file.path == empty.0);
    assert!(truth.judge(&observed, None).iter().any(missing));
}

#[test]
fn text_in_the_pixels_is_where_the_truth_says() {
    let folder = tempfile::tempdir().unwrap();
    let truth = Hospital::write(folder.path(), Size::Tiny, 3).unwrap();
    let burned = truth.files.iter().filter(|file| !file.burned.is_empty());
    assert_eq!(
        burned.clone().count(),
        8,
        "six ultrasound images, a sticker, a dose screen"
    );
    // The gray native still: its pixels are the last bytes of the file, one byte each.
    let still = burned
        .clone()
        .find(|file| file.path.ends_with("US0002.dcm") && file.track.as_deref() == Some("thyroid"));
    let still = still.unwrap();
    let bytes = fs::read(folder.path().join(&still.path)).unwrap();
    let (columns, rows) = (420, 280);
    let pixels = &bytes[bytes.len() - columns * rows..];
    for text in &still.burned {
        let area = text.area;
        let inked = (area.y..area.y + area.height)
            .flat_map(|y| {
                (area.x..area.x + area.width).map(move |x| y as usize * columns + x as usize)
            })
            .filter(|index| pixels[*index] == 230)
            .count();
        let letters = text.text.chars().filter(|letter| *letter != ' ').count();
        assert!(inked > 5 * letters, "{}: {inked} pixels", text.text);
    }
    let above = &pixels[..still.burned[0].area.y as usize * columns];
    assert!(above.iter().all(|pixel| *pixel == 0));
}
