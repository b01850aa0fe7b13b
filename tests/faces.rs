//! Series of heads through the whole program: one with a face waits, one whose face was taken away goes out.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use cloakroom_testkit::canaries::Ledger;
use cloakroom_testkit::dicom::{DicomFile, Syntax};
use cloakroom_testkit::objects::common::{Device, Series, SeriesKind, Slice, Study, UidMaker};
use cloakroom_testkit::objects::images;
use cloakroom_testkit::people::{Date, Origin, Person};
use cloakroom_testkit::phantom::head::{self, Head};
use cloakroom_testkit::random::Random;
use harness::*;
use std::fs;
use std::path::Path;

const SIZE: usize = 128;
const SPACING: f64 = 2.0;
const GAP: f64 = 5.0;
const SLICES: usize = 48;

/// A patient's head as a series that says it is of another part of the body.
fn write(folder: &Path, number: u32, kind: Head) {
    fs::create_dir_all(folder).unwrap();
    let mut random = Random::named(5, &format!("head {number}"));
    let person = Person::draw(Origin::Malaysia, number, 5);
    let day = Date::draw(&mut random, 2018, 2024);
    let mut uids = UidMaker::new(u64::from(number), day);
    let mut ledger = Ledger::new(5, "heads");
    let study = Study::new(&person, day, "CT", &mut uids, &mut ledger);
    let kind_of_series = SeriesKind {
        modality: "CT",
        description: "5mm",
        body_part: "CHEST",
        device: Device {
            maker: "Synthetic Medical",
            model: "Slicer",
        },
    };
    let series = Series::new(&study, 1, kind_of_series, &mut uids, &mut ledger);
    for index in 0..SLICES {
        let below = 220.0 - index as f64 * GAP;
        let picture = head::slice(kind, SIZE, SPACING, below, &mut random);
        let slice = Slice {
            index,
            spacing: SPACING,
            gap: GAP,
            size: SIZE,
        };
        let dataset = images::ct(&study, &series, &uids.next_uid(), &slice, &picture);
        let file = DicomFile::new(Syntax::ExplicitLittle, dataset);
        fs::write(folder.join(format!("{number}-{index}.dcm")), file.bytes()).unwrap();
    }
}

#[test]
fn a_series_with_a_face_waits_and_one_without_goes_out() {
    let room = Room::new();
    write(&room.path("export"), 1, Head::Whole);
    write(&room.path("export"), 2, Head::Defaced);
    write(&room.path("export"), 3, Head::Stripped);
    room.site_with(&room.path("export"));
    let answer = room.deid("contest", "bundle").expect(&[NEEDS_PERSON]);
    let report = answer.json();
    assert_eq!(
        report["released"]["instances"],
        2 * SLICES as u64,
        "{report:#}"
    );
    assert!(answer.out.contains("face-visible"), "{report:#}");
    // What is chosen of a series changes nothing: the whole of it is looked at.
    let table = fs::read_to_string(report["problems"].as_str().unwrap()).unwrap();
    assert_eq!(table.matches("face-visible").count(), SLICES, "{table}");
    room.verify(&room.path("bundle")).expect(&[DONE]);
}
