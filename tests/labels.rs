//! Labels of the hospital: re-keyed, cleaned and gated, delivered, verified, and joined with the images in a release.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use cloakroom_testkit::{Hospital, Size};
use harness::{CHECK_FAILED, DATE, DONE, NEEDS_PERSON, Room, WRONG_USE, contents, run};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A word that stands in every place where a label file may hold a name.
const NAME: &str = "Aldermoor";

type Row = BTreeMap<String, String>;

fn table(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let row = |row: csv::StringRecord| {
        header
            .iter()
            .map(String::from)
            .zip(row.iter().map(String::from))
            .collect()
    };
    reader.records().map(|found| row(found.unwrap())).collect()
}

/// A hospital whose images are delivered, with its crosswalk, and the track file of an organiser who trusts it.
struct Ward {
    room: Room,
    /// Original to released.
    uids: BTreeMap<String, String>,
    /// Patient ID to pseudonym.
    patients: BTreeMap<String, String>,
    instances: Vec<Row>,
}

impl Ward {
    fn build(name: &str) -> Self {
        let room = Room::shared(name);
        Hospital::write(&room.path("export"), Size::Tiny, 11).unwrap();
        room.site_with(&room.path("export"));
        room.deliver("site", "contest", "images")
            .expect(&[DONE, NEEDS_PERSON]);
        run(&[
            "crosswalk",
            &room.text("site"),
            "--out",
            &room.text("site/who"),
        ])
        .expect(&[DONE]);
        run(&["init", &room.text("office"), "--organiser"]).expect(&[DONE]);
        fs::write(room.path("office/track.yaml"), track(&room)).unwrap();
        let pair = |row: &Row, old: &str, new: &str| (row[old].clone(), row[new].clone());
        let uids = table(&room.path("site/who/uids.csv"));
        let patients = table(&room.path("site/who/patients.csv"));
        let instances = table(&room.path("images/data/tables/instances.csv"));
        Self {
            uids: uids
                .iter()
                .map(|row| pair(row, "original_uid", "released_uid"))
                .collect(),
            patients: patients
                .iter()
                .map(|row| pair(row, "patient_id", "pseudonym"))
                .collect(),
            instances,
            room,
        }
    }

    fn labels(&self, files: &[&str], out: &str) -> harness::Answer {
        let mut arguments = vec!["--json".into(), "labels".into(), self.room.text("site")];
        arguments.extend(files.iter().map(|file| self.room.text(file)));
        let end = [
            "--track",
            &self.room.text("office/track.yaml"),
            "--out",
            &self.room.text(out),
            "--date",
            DATE,
        ];
        arguments.extend(end.map(String::from));
        run(&arguments)
    }

    fn release(&self, bundles: &[&str], version: &str, out: &str) -> harness::Answer {
        let mut arguments = vec![
            "--json".into(),
            "release".into(),
            "build".into(),
            self.room.text("office/track.yaml"),
        ];
        arguments.extend(bundles.iter().map(|bundle| self.room.text(bundle)));
        let office = self.room.text("office");
        let end = [
            "--version",
            version,
            "--date",
            DATE,
            "--out",
            &self.room.text(out),
            "--organiser",
            &office,
        ];
        arguments.extend(end.map(String::from));
        run(&arguments)
    }

    fn original(&self, released: &str) -> &str {
        let found = self.uids.iter().find(|(_, new)| *new == released);
        found.unwrap().0
    }

    /// The slices of the CT series, from the lowest.
    fn volumes(&self) -> BTreeMap<String, Vec<&Row>> {
        let mut series: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
        for row in self
            .instances
            .iter()
            .filter(|row| row["modality"] == "CT" && !row["position"].is_empty())
        {
            series.entry(row["series"].clone()).or_default().push(row);
        }
        let height = |row: &Row| numbers(&row["position"])[2];
        series
            .values_mut()
            .for_each(|slices| slices.sort_by(|a, b| height(a).total_cmp(&height(b))));
        series.retain(|_, slices| slices.len() > 2);
        series
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split('\\')
        .map(|number| number.parse().unwrap())
        .collect()
}

/// The generic track with labels, and the hospital's key.
fn track(room: &Room) -> String {
    let keys = fs::read_to_string(room.path("site/GX01.pub")).unwrap();
    let key = keys.lines().find(|line| line.starts_with("RW")).unwrap();
    let text =
        fs::read_to_string(harness::workspace().join("profiles/tracks/generic.yaml")).unwrap();
    let labels = "labels:\n  version: \"1\"\n  columns:\n    finding: {kind: choice, values: [benign, malignant]}\n    \
                  size_mm: {kind: number, optional: true}\n    note: {kind: text, optional: true}\n  segments:\n    1: nodule\n";
    text.replace(
        "sites: []",
        &format!("sites:\n  - name: GX01\n    keys: [{key}]"),
    )
    .replace(
        "  train: 0.7\n  val: 0.1\n  test: 0.2",
        "  train: 0.6\n  test: 0.4",
    ) + labels
}

/// A mask on the grid of an axial series, with a name wherever one can stand; `shift` moves it along the first axis.
fn mask(slices: &[&Row], shift: f32, drawn: std::ops::Range<usize>) -> Vec<u8> {
    let (rows, columns) = (&slices[0]["rows"], &slices[0]["columns"]);
    let size = [
        columns.parse().unwrap(),
        rows.parse().unwrap(),
        slices.len() as u16,
    ];
    let first = numbers(&slices[0]["position"]);
    let last = numbers(&slices[slices.len() - 1]["position"]);
    let spacing: f64 = slices[0]["row_spacing"].parse().unwrap();
    let step = (last[2] - first[2]) / (slices.len() - 1) as f64;
    let mut bytes = vec![0_u8; 352];
    let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
    put(0, &348_i32.to_le_bytes());
    put(40, &3_u16.to_le_bytes());
    for (axis, size) in size.iter().enumerate() {
        put(42 + 2 * axis, &size.to_le_bytes());
    }
    put(70, &[2, 0, 8, 0]);
    put(108, &352_f32.to_le_bytes());
    for at in [14, 148, 228, 328] {
        put(at, NAME.as_bytes());
    }
    put(254, &[1, 0]);
    let affine = [
        [-spacing, 0.0, 0.0, -first[0]],
        [0.0, -spacing, 0.0, -first[1]],
        [0.0, 0.0, step, first[2]],
    ];
    for (row, numbers) in affine.iter().enumerate() {
        for (column, number) in numbers.iter().enumerate() {
            let moved = if (row, column) == (0, 3) { shift } else { 0.0 };
            put(
                280 + 16 * row + 4 * column,
                &(*number as f32 + moved).to_le_bytes(),
            );
        }
    }
    put(344, b"n+1\0");
    let mut voxels = vec![0_u8; size.iter().map(|size: &u16| usize::from(*size)).product()];
    voxels[drawn].fill(1);
    bytes.extend(voxels);
    bytes
}

/// Writes the label files: a table by Patient ID, one by released series, boxes by SOP Instance UID, masks by series.
fn write_labels(ward: &Ward) -> Vec<&'static str> {
    let path = |name: &str| ward.room.path(name);
    let mut rows =
        format!("PatientID;PatientName;finding;size mm;note;reader\nNOBODY;{NAME};benign;;;\n");
    for id in ward.patients.keys() {
        for (reader, finding) in [
            ("Dr One", "benign"),
            ("Dr Two", "malignant"),
            ("Dr Three", "malignant"),
        ] {
            rows +=
                &format!("{id};{NAME};{finding};07.50;nodule, seen by {NAME} for {id};{reader}\n");
        }
    }
    fs::write(path("findings.csv"), rows).unwrap();
    let volumes = ward.volumes();
    let mut later = "[".to_owned();
    for series in volumes.keys() {
        later += &format!(
            "{{\"SeriesInstanceUID\": \"{series}\", \"finding\": \"benign\", \"who\": \"{NAME}\"}},"
        );
    }
    fs::write(
        path("later.json"),
        later.trim_end_matches(',').to_owned() + "]",
    )
    .unwrap();
    let image = &volumes.values().next().unwrap()[0];
    let boxes = serde_json::json!({
        "info": {"author": NAME},
        "images": [{"id": 4, "file_name": format!("/data/{NAME}/{}.dcm", ward.original(&image["instance"])),
                    "width": image["columns"].parse::<u32>().unwrap(), "height": image["rows"].parse::<u32>().unwrap()}],
        "categories": [{"id": 1, "name": "nodule"}],
        "annotations": [{"id": 1, "image_id": 4, "category_id": 1, "bbox": [3, 4, 5, 6], "note": NAME}]
    });
    fs::write(path("boxes.json"), boxes.to_string()).unwrap();
    let mut masks = "mask,SeriesInstanceUID,reader,who\n".to_owned();
    for (number, (series, slices)) in volumes.iter().enumerate() {
        for (reader, drawn) in [("One", 100..140), ("Two", 120..140)] {
            let name = format!("{NAME}-{number}-{reader}.nii");
            fs::write(path(&name), mask(slices, 0.0, drawn)).unwrap();
            masks += &format!("{name},{},Dr {reader},{NAME}\n", ward.original(series));
        }
    }
    fs::write(path("masks.csv"), masks).unwrap();
    vec!["findings.csv", "later.json", "boxes.json", "masks.csv"]
}

fn mask_files(ward: &Ward) -> Vec<String> {
    let names = fs::read_dir(ward.room.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".nii"));
    names.sort();
    names
}

fn assert_free_of_originals(ward: &Ward, package: &str) {
    for (file, bytes) in contents(&ward.room.path(package)) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(NAME), "{}", file.display());
        let old = ward
            .uids
            .iter()
            .filter(|(old, new)| old != new)
            .map(|(old, _)| old);
        for original in old.chain(ward.patients.keys().filter(|id| id.len() > 4)) {
            assert!(
                !text.contains(original.as_str()),
                "{} {original}",
                file.display()
            );
        }
    }
}

#[test]
fn labels_are_re_keyed_delivered_and_joined_with_the_images() {
    let ward = Ward::build("labels");
    let mut named = write_labels(&ward);
    let masks = mask_files(&ward);
    named.extend(masks.iter().map(String::as_str));
    let answer = ward.labels(&named, "labels").expect(&[NEEDS_PERSON]).json();
    let files = answer["files"].as_array().unwrap();
    assert_eq!(files.len(), 3 + masks.len());
    assert!(
        files.iter().all(|file| file["outcome"] == "cleared"),
        "{files:?}"
    );
    assert_eq!(files[0]["dropped"]["unknown-id"], 1);
    assert_eq!(files[0]["columns"], 1);
    assert_free_of_originals(&ward, "labels");
    ward.room.verify(&ward.room.path("labels")).expect(&[DONE]);
    // Again, and in another order: the same bytes.
    named.reverse();
    let again = ward.labels(&named, "again").expect(&[NEEDS_PERSON]).json();
    assert_eq!(again["delivery"]["again"], true);
    assert_eq!(
        contents(&ward.room.path("labels")),
        contents(&ward.room.path("again"))
    );

    let built = ward
        .release(&["images", "labels"], "1.0.0", "release")
        .expect(&[DONE])
        .json();
    assert_eq!(built["track"], "generic");
    assert_free_of_originals(&ward, "release");
    let key = ward.room.text("office/release.pub");
    run(&["verify", &ward.room.text("release"), "--trust", &key]).expect(&[DONE]);
    released_labels_are_those_of_the_open_sides(&ward);
    a_forged_label_is_seen(&ward);
    a_mask_beside_its_series_stays_out(&ward);
}

fn released_labels_are_those_of_the_open_sides(ward: &Ward) {
    let release = ward.room.path("release");
    let manifest: Value =
        serde_json::from_slice(&fs::read(release.join("release.json")).unwrap()).unwrap();
    let summary = &manifest["labels"];
    let rows = table(&release.join("data/tables/labels.csv"));
    let sides: BTreeMap<String, String> = table(&release.join("data/tables/patients.csv"))
        .iter()
        .map(|row| (row["patient"].clone(), row["split"].clone()))
        .collect();
    assert!(
        sides.values().any(|side| side == "test") && sides.values().any(|side| side == "train")
    );
    let labelled: BTreeSet<&String> = rows.iter().map(|row| &row["patient"]).collect();
    let open: BTreeSet<&String> = sides
        .iter()
        .filter(|(_, side)| *side != "test")
        .map(|(patient, _)| patient)
        .collect();
    assert_eq!(labelled, open);
    assert_eq!(summary["rows"], rows.len());
    let sealed = sides.values().filter(|side| *side == "test").count() as u64;
    assert!(
        summary["withheld"].as_u64().unwrap() >= 3 * sealed,
        "{summary}"
    );
    let by_table = rows.iter().find(|row| row["series"].is_empty()).unwrap();
    assert_eq!(by_table["size_mm"], "7.5");
    assert!(by_table["note"].starts_with("nodule") && by_table["reader"].starts_with("R-"));
    assert_eq!(summary["readers"], 3);
    let agreement = summary["agreement"].as_array().unwrap();
    let measure = |name: &str| agreement.iter().find(|one| one["measure"] == name).unwrap();
    // 40 voxels and 20 of them: 2 * 20 / 60.
    assert_eq!(measure("dice")["thousandths"], 667);
    assert!(measure("kappa")["thousandths"].as_i64().unwrap() < 0);
    let masks = harness::files(&release)
        .iter()
        .filter(|file| file.to_string_lossy().ends_with(".nii.gz"))
        .count();
    assert_eq!(summary["masks"], masks);
    assert!(!release.join("data/test/labels").exists());
}

/// A forger with a key of his own can sign anything, and cannot make a label file of a text.
fn a_forged_label_is_seen(ward: &Ward) {
    let room = Room::new();
    harness::copy(&ward.room.path("labels"), &room.path("forged"));
    let labels = fs::read_dir(room.path("forged/data/labels")).unwrap();
    let path = labels
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().unwrap() == "csv")
        .unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("benign", NAME, 1)).unwrap();
    let key = ward.room.text("site/GX01.pub");
    let answer =
        run(&["--json", "verify", &room.text("forged"), "--trust", &key]).expect(&[CHECK_FAILED]);
    let kinds: Vec<Value> = answer.json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["kind"].clone())
        .collect();
    for kind in ["label-malformed", "label-contradicts", "file-changed"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind} {kinds:?}");
    }
}

fn a_mask_beside_its_series_stays_out(ward: &Ward) {
    let volumes = ward.volumes();
    let (series, slices) = volumes.iter().next().unwrap();
    let name = format!("{}_Dr One.nii", ward.original(series));
    fs::write(ward.room.path(&name), mask(slices, 9.0, 0..40)).unwrap();
    ward.labels(&[&name], "beside")
        .expect(&[DONE, NEEDS_PERSON]);
    ward.release(&["images", "labels", "beside"], "1.0.0", "second")
        .expect(&[DONE]);
    let second = ward.room.path("second");
    let findings = table(&second.join("evidence/checks.csv"));
    let found: Vec<&Row> = findings
        .iter()
        .filter(|row| row["check"] == "label-geometry")
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0]["series"], found[0]["detail"].as_str()),
        (series, "the mask lies 9.00 mm beside the series")
    );
}

#[test]
fn what_cannot_leave_is_told_before_anything_is_written() {
    let ward = Ward::build("labels-refused");
    let id = ward.patients.keys().next().unwrap().clone();
    let refused = |name: &str, content: &[u8], told: &str| {
        fs::write(ward.room.path(name), content).unwrap();
        let answer = ward.labels(&[name], "refused").expect(&[WRONG_USE]);
        assert!(answer.err.contains(told), "{}", answer.err);
        assert!(
            !answer.err.contains(NAME) && !answer.out.contains(NAME),
            "{}",
            answer.err
        );
        assert!(!ward.room.path("refused").exists());
    };
    refused("a.xlsx", b"PK\x03\x04", "save the sheet as CSV");
    refused(
        "b.csv",
        format!("PatientID,finding\n{id},{NAME}\n").as_bytes(),
        "line 2: the value of finding",
    );
    refused(
        "c.csv",
        format!("Name,finding\n{NAME},benign\n").as_bytes(),
        "PatientID",
    );
    refused(
        "d.csv",
        b"PatientID,colour\n1,red\n",
        "finding, note, size_mm",
    );
    refused("e.nii", b"nothing", "which series");
    refused(
        "f.dcm",
        &[&[0; 128][..], b"DICM"].concat(),
        "deliver them with deid",
    );
    refused("g.bin", b"\0\0", "label files are");
    // A delivery of labels does not disturb the next one of images.
    fs::write(
        ward.room.path("fine.csv"),
        format!("PatientID,finding\n{id},benign\n"),
    )
    .unwrap();
    ward.labels(&["fine.csv"], "fine")
        .expect(&[DONE, NEEDS_PERSON]);
    let answer = ward.room.deliver("site", "contest", "nothing-new");
    assert_eq!(answer.code, WRONG_USE);
    assert!(answer.err.contains("labels"), "{}", answer.err);
}
