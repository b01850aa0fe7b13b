//! What the data officer sees before and after a delivery: the plan, a choice, a withdrawal.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::images::Still;
use harness::*;
use serde_json::Value;
use std::fs;

fn still<'a>(patient: &'a str, number: u32, description: &'a str) -> Still<'a> {
    Still {
        patient,
        study: number / 10,
        series: number / 10,
        instance: number,
        description,
        frames: 1,
    }
}

fn room() -> Room {
    let room = Room::new();
    let export = room.path("export");
    still("P0007", 10, "THYROID").write(&export);
    still("P0007", 11, "THYROID").write(&export);
    still("P0009", 20, "THYROID Dr Ivanenko").write(&export);
    room.site_with(&export);
    room
}

fn plan(room: &Room, more: &[&str]) -> Answer {
    let site = room.text("site");
    let asked = ["--json", "plan", &site, "--track", "lung"];
    run(&[&asked[..], more].concat()).expect(&[DONE, NEEDS_PERSON])
}

fn rows<'a>(plan: &'a Value, path: &str) -> Vec<&'a Value> {
    plan["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["path"] == path)
        .collect()
}

#[test]
fn the_plan_shows_every_value_with_what_becomes_of_it_and_by_which_rule() {
    let room = room();
    let told = plan(&room, &["--values"]).json();
    assert_eq!(told["objects"], 3);
    // What stays is told like what goes.
    let modality = rows(&told, "(0008,0060)");
    assert_eq!(modality.len(), 1);
    assert_eq!(modality[0]["action"], "keep");
    assert!(!modality[0]["rule"].as_str().unwrap().is_empty());
    assert_eq!(modality[0]["distinct"], 1);
    assert_eq!(modality[0]["values"][0]["value"], "US");
    assert_eq!(modality[0]["values"][0]["count"], 3);
    let ids = rows(&told, "(0010,0020)");
    assert_eq!(ids[0]["action"], "pseudonym");
    assert_eq!(ids[0]["distinct"], 2);
    assert_eq!(ids[0]["values"][0]["value"], "P0007");
    let described: Vec<&Value> = rows(&told, "(0008,103e)")
        .into_iter()
        .flat_map(|row| row["values"].as_array().unwrap())
        .collect();
    let find = |value: &str| {
        let found = described.iter().find(|row| row["value"] == value);
        *found.unwrap_or_else(|| panic!("{value}: {described:?}"))
    };
    assert_eq!(find("THYROID")["count"], 2);
    assert!(find("THYROID")["becomes"].is_null());
    let left = find("THYROID Dr Ivanenko")["becomes"].as_str().unwrap();
    assert!(
        left.contains("THYROID") && !left.contains("Ivanenko"),
        "{left}"
    );
}

#[test]
fn the_plan_tells_what_will_be_held_and_which_devices_have_no_rule() {
    let room = room();
    let told = plan(&room, &["--values"]).json();
    let held = told["held"].as_array().unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["reason"], "detector-missing");
    assert_eq!(held[0]["objects"], 3);
    assert!(held[0]["what_to_do"].as_str().unwrap().contains("models"));
    let devices = told["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0]["device"], "US Echo Works Whisper 9");
    assert_eq!(devices[0]["size"], "320×240");
    assert!(devices[0]["rule"].is_null());
    assert_eq!(devices[0]["images"], 3);
    assert_eq!(told["outcomes"]["found"]["count"], 3);
    let site = room.text("site");
    let quiet = run(&["plan", &site, "--track", "lung"]).expect(&[NEEDS_PERSON]);
    for value in ["P0007", "Ivanenko", "Echo Works"] {
        assert!(!quiet.out.contains(value), "{}", quiet.out);
    }
    assert!(quiet.out.contains("no burn-in rule"), "{}", quiet.out);
    assert!(quiet.out.contains("with --values") || quiet.out.contains("With --values"));
    let table = run(&["plan", &site, "--track", "lung", "--values"]).expect(&[NEEDS_PERSON]);
    assert!(table.out.contains("Echo Works"), "{}", table.out);
    assert!(table.out.contains("every text is new"), "{}", table.out);
}

#[test]
fn only_texts_that_no_earlier_delivery_had_are_new() {
    let room = room();
    let first = plan(&room, &["--values"]).json();
    assert!(first["last_delivery"].is_null());
    let site = room.text("site");
    let out = room.text("bundle");
    run(&[
        "deid", &site, "--track", "lung", "--out", &out, "--date", DATE,
    ])
    .expect(&[DONE, NEEDS_PERSON]);
    let second = plan(&room, &["--values"]).json();
    assert_eq!(second["last_delivery"], 1);
    assert_eq!(second["new_texts"].as_array().unwrap().len(), 0);
    let more = room.path("more");
    still("P0012", 30, "THYROID").write(&more);
    still("P0012", 31, "NECK").write(&more);
    run(&["ingest", &site, &room.text("more")]).expect(&[DONE, NEEDS_PERSON]);
    let third = plan(&room, &["--values"]).json();
    let texts = third["new_texts"].as_array().unwrap();
    let descriptions: Vec<&Value> = texts
        .iter()
        .filter(|text| text["path"] == "(0008,103e)")
        .map(|text| &text["value"])
        .collect();
    assert_eq!(descriptions, ["NECK"]);
}

#[test]
fn a_list_chooses_and_the_rest_is_counted() {
    let room = room();
    fs::write(room.path("list.csv"), "PatientID\nP0009\n").unwrap();
    let list = room.text("list.csv");
    let told = plan(&room, &["--select", &list]).json();
    assert_eq!(told["outcomes"]["outcomes"]["out-of-scope"]["count"], 2);
    let (site, out) = (room.text("site"), room.text("bundle"));
    let arguments = [
        "--json", "deid", &site, "--track", "lung", "--select", &list,
    ];
    let made = run(&[&arguments[..], &["--out", &out, "--date", DATE]].concat());
    let made = made.expect(&[DONE, NEEDS_PERSON]).json();
    assert_eq!(made["total"]["outcomes"]["out-of-scope"]["count"], 2);
    fs::write(room.path("nobody.csv"), "PatientID\nP9999\n").unwrap();
    let nobody = room.text("nobody.csv");
    let refused = run(&["plan", &site, "--track", "lung", "--select", &nobody]);
    let refused = refused.expect(&[WRONG_USE]);
    assert!(refused.err.contains("leading zeros"), "{}", refused.err);
}

#[test]
fn a_withdrawn_patient_is_barred_and_the_notice_names_a_pseudonym_only() {
    let room = room();
    let (site, notice) = (room.text("site"), room.text("notice.json"));
    let withdraw = |patient: &str, out: &str| {
        let asked = ["--json", "withdraw", &site, "--patient", patient];
        run(&[
            &asked[..],
            &["--track", "lung", "--out", out, "--date", DATE],
        ]
        .concat())
    };
    // Nothing was delivered, so there is no pseudonym that the organiser could know.
    let early = withdraw("P0007", &notice).expect(&[WRONG_USE]);
    assert!(early.err.contains("deid"), "{}", early.err);
    let (first, second) = (room.text("bundle"), room.text("second"));
    let deid = |out: &str| {
        run(&[
            "--json", "deid", &site, "--track", "lung", "--out", out, "--date", DATE,
        ])
        .expect(&[DONE, NEEDS_PERSON])
        .json()
    };
    deid(&first);
    let unknown = withdraw("P7", &notice).expect(&[WRONG_USE]);
    assert!(unknown.err.contains("leading zeros"), "{}", unknown.err);
    assert!(!room.path("notice.json").exists());
    let told = withdraw("P0007", &notice).expect(&[DONE]).json();
    let text = fs::read_to_string(room.path("notice.json")).unwrap();
    assert!(!text.contains("P0007"), "{text}");
    assert!(text.contains(told["patient"].as_str().unwrap()));
    assert!(room.path("notice.json.minisig").is_file());
    withdraw("P0007", &notice).expect(&[WRONG_USE]);
    let after = deid(&second);
    assert_eq!(after["total"]["reasons"]["held: withdrawn"]["count"], 2);
    assert_eq!(after["total"]["outcomes"]["held"]["count"], 3);
}

#[test]
fn strangers_under_a_placeholder_are_not_one_patient() {
    let room = Room::new();
    let export = room.path("export");
    still("UNKNOWN", 10, "THYROID").write(&export);
    still("000", 20, "THYROID").write(&export);
    still("P0009", 30, "THYROID").write(&export);
    run(&["init", &room.text("site"), "--name", "GX01"]).expect(&[DONE]);
    let told = run(&["--json", "ingest", &room.text("site"), &room.text("export")]);
    let told = told.expect(&[NEEDS_PERSON]).json();
    assert_eq!(told["patients"], 1);
    assert_eq!(
        told["ended"]["reasons"]["held: patient-id-missing"]["count"],
        2
    );
}
