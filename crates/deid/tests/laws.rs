//! Laws that hold whatever is in an object: order and threads, intervals, a second pass, references.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use cloakroom_core::PixelChanges;
use common::{Set, Site, ct, text, write};
use proptest::prelude::*;

/// Attributes that hold days, of the top level.
const DAYS: [u32; 5] = [
    0x0008_0012,
    0x0008_0022,
    0x0008_0023,
    0x0018_1200,
    0x0040_0244,
];
/// Attributes that hold words and stay under the contest profile.
const WORDS: [(u32, &str); 4] = [
    (0x0008_1080, "LO"),
    (0x0018_1400, "LO"),
    (0x0032_1060, "LO"),
    (0x0040_0254, "LO"),
];

fn day() -> impl Strategy<Value = (i32, u32, u32)> {
    (1950_i32..2024, 1_u32..13, 1_u32..29)
}

/// Days since a fixed day, by the count of the Julian calendar's reform: enough for differences.
fn number_of((year, month, day): (i32, u32, u32)) -> i64 {
    let (year, month) = if month <= 2 {
        (i64::from(year) - 1, i64::from(month) + 12)
    } else {
        (i64::from(year), i64::from(month))
    };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + i64::from(day)
}

fn read_day(text: &str) -> (i32, u32, u32) {
    (
        text[..4].parse().unwrap(),
        text[4..6].parse().unwrap(),
        text[6..8].parse().unwrap(),
    )
}

fn phrase() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "CT",
        "CHEST",
        "p4",
        "5mm",
        "John",
        "Smith",
        "(",
        ")",
        "20190619",
        "for",
        "Dr. Chest",
        "Iyer",
        "HN-0048213",
        "nodule",
        "of",
        "12.III.1961",
        "Mar 61",
        "/",
        "^",
        "_",
        ",",
        "B31f",
        "Quixote",
        "'s",
        "0912345678",
        "王小东",
        "胸部",
    ]);
    prop::collection::vec(piece, 1..7).prop_map(|pieces| {
        let mut text = pieces.join(" ");
        while text.len() > 60 {
            text.pop();
        }
        text.trim().to_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn intervals_of_a_patient_stay(days in prop::collection::vec(day(), DAYS.len())) {
        for profile in ["contest", "tcia"] {
            let mut set = ct();
            for (tag, (year, month, day)) in DAYS.iter().zip(&days) {
                set = set.with(*tag, "DA", &format!("{year:04}{month:02}{day:02}"));
            }
            let out = Site::new(profile).run(set.file()).unwrap();
            let study = number_of(read_day(&text(&out, 0x0008_0020).unwrap())) - number_of((2019, 6, 19));
            prop_assert!((-4018..=-366).contains(&study));
            for (tag, day) in DAYS.iter().zip(&days) {
                let Some(left) = text(&out, *tag).filter(|left| left.len() == 8) else {
                    // Dates of calibration go with the device under some profiles.
                    continue;
                };
                prop_assert_eq!(number_of(read_day(&left)) - number_of(*day), study, "{:08x}", tag);
            }
        }
    }

    #[test]
    fn a_second_pass_changes_no_word(phrases in prop::collection::vec(phrase(), WORDS.len())) {
        for profile in ["contest", "tcia", "strict"] {
            let site = Site::new(profile);
            let mut set = ct();
            for ((tag, vr), phrase) in WORDS.iter().zip(&phrases) {
                set = set.with(*tag, vr, phrase);
            }
            let once = site.run(set.file()).unwrap();
            let twice = site.run(once.clone()).unwrap();
            for (tag, _) in WORDS {
                prop_assert_eq!(text(&once, tag), text(&twice, tag), "{} {:08x} of {:?}", profile, tag, phrases);
            }
            for tag in [0x0010_1010, 0x0010_0040, 0x0018_0050, 0x0020_0032, 0x0028_0010] {
                prop_assert_eq!(text(&once, tag), text(&twice, tag), "{:08x}", tag);
            }
        }
    }

    #[test]
    fn neither_order_nor_threads_reach_the_bytes(phrases in prop::collection::vec(phrase(), 6)) {
        let files: Vec<Vec<u8>> = phrases
            .iter()
            .enumerate()
            .map(|(number, phrase)| {
                ct().with(0x0018_1400, "LO", phrase).with(0x0020_0012, "IS", &number.to_string()).file()
            })
            .collect();
        let forth = Site::new("contest");
        let in_order: Vec<Vec<u8>> = files.iter().map(|file| forth.run(file.clone()).unwrap()).collect();
        let back = Site::new("contest");
        let mut reversed: Vec<Vec<u8>> =
            files.iter().rev().map(|file| back.run(file.clone()).unwrap()).collect();
        reversed.reverse();
        prop_assert_eq!(&in_order, &reversed);
        let shared = Site::new("contest");
        let threaded: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let running: Vec<_> = files
                .iter()
                .map(|file| scope.spawn(|| shared.run(file.clone()).unwrap()))
                .collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        prop_assert_eq!(&in_order, &threaded);
    }

    #[test]
    fn references_meet_what_they_refer_to(numbers in prop::collection::vec(1_u64..1_000_000_000, 2..5)) {
        let site = Site::new("contest");
        let uid = |number: u64| format!("1.2.826.0.1.3680043.2.1125.{number}.1");
        let mut written = std::collections::BTreeMap::new();
        let mut wanted = Vec::new();
        for (place, number) in numbers.iter().enumerate() {
            let other = numbers[(place + 1) % numbers.len()];
            let reference = Set::new()
                .with(0x0008_1150, "UI", common::CT)
                .with(0x0008_1155, "UI", &uid(other));
            let mut set = ct();
            set.0.retain(|(tag, _)| *tag != 0x0008_0018);
            let file = set
                .with(0x0008_0018, "UI", &uid(*number))
                .sequence(0x0008_2112, &[reference])
                .file();
            let edited = site.edit(file).unwrap();
            let out = write(&edited, &PixelChanges::default());
            written.insert(*number, text(&out, 0x0008_0018).unwrap());
            let object = common::open(out);
            let sequence = object.dataset().get(cloakroom_core::Tag(0x0008, 0x2112)).unwrap();
            let item = sequence.items().next().unwrap();
            let left = item.get(cloakroom_core::Tag(0x0008, 0x1155)).unwrap().first_text().unwrap();
            wanted.push((other, left));
        }
        for (other, left) in wanted {
            prop_assert_eq!(&written[&other], &left);
            prop_assert!(left.starts_with("2.25."));
        }
    }
}
