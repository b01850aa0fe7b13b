//! The report of a site, a bundle and a release: it counts right, betrays nothing, and is the same twice.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use cloakroom_testkit::Searcher;
use harness::browser::Browser;
use harness::*;
use serde_json::Value;
use std::fs;
use std::sync::OnceLock;

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| House::build("report"))
}

fn report(path: &str, out: &str) -> (String, Value) {
    run(&["report", path, "--out", out]).expect(&[DONE]);
    let json = out.replace(".html", ".json");
    let page = fs::read_to_string(out).unwrap();
    let told = fs::read_to_string(json).unwrap();
    assert!(page.starts_with("<!doctype html>"));
    (page, serde_json::from_str(&told).unwrap())
}

fn nothing_of_anybody(text: &str) {
    let canaries = &house().truth.canaries;
    let searcher = Searcher::new(canaries);
    let hits = searcher.search(text.as_bytes());
    let first = hits.first().map(|hit| &canaries[hit.canary].value);
    assert!(hits.is_empty(), "{first:?}");
}

#[test]
fn the_report_of_a_bundle_counts_what_the_bundle_states() {
    let room = house().copied_bundle();
    let (page, told) = report(&room.text("bundle"), &room.text("bundle.html"));
    let stated = fs::read_to_string(room.path("bundle/bundle.json")).unwrap();
    let stated: Value = serde_json::from_str(&stated).unwrap();
    assert_eq!(told["contents"], stated["counts"]);
    let log = &told["logs"][0];
    assert_eq!(log["head"]["root"], stated["log"]["root"]);
    assert_eq!(log["total"]["found"], stated["conservation"]["found"]);
    assert_eq!(log["total"]["ended"], stated["conservation"]["reasons"]);
    assert_eq!(log["work"]["objects"], stated["counts"]["instances"]);
    assert_eq!(told["anonymity"]["patients"], stated["counts"]["patients"]);
    let names = log["work"]["actions"].as_array().unwrap();
    let name = names.iter().find(|row| row["path"] == "(0010,0010)");
    assert_eq!(name.unwrap()["keyword"], "PatientName");
    assert_eq!(name.unwrap()["objects"], stated["counts"]["instances"]);
    for cell in told["anonymity"]["smallest"].as_array().unwrap() {
        assert!(cell["people"].as_u64().unwrap() >= 3, "{cell}");
    }
    nothing_of_anybody(&page);
    nothing_of_anybody(&told.to_string());
    let (again, _) = report(&room.text("bundle"), &room.text("again.html"));
    assert_eq!(page, again);
    // The bundle is still what it was, and a report inside of it would change that.
    room.verify(&room.path("bundle")).expect(&[DONE]);
    let inside = room.text("bundle/report.html");
    run(&["report", &room.text("bundle"), "--out", &inside]).expect(&[WRONG_USE]);
    let twice = run(&[
        "report",
        &room.text("bundle"),
        "--out",
        &room.text("bundle.html"),
    ]);
    assert!(twice.expect(&[WRONG_USE]).err.contains("exists"));
}

#[test]
fn the_report_of_a_site_stands_in_its_folder_and_follows_it() {
    let room = house().copied_bundle();
    let site = room.text("site");
    let early = run(&["report", &site]).expect(&[WRONG_USE]);
    assert!(early.err.contains("deid"), "{}", early.err);
    let deid = |out: &str| {
        let out = room.text(out);
        let deid = ["--track", "lung", "--date", DATE, "--out", &out];
        run(&[&["deid", &site][..], &deid].concat()).expect(&[DONE, NEEDS_PERSON]);
    };
    deid("first");
    run(&["report", &site]).expect(&[DONE]);
    let page = fs::read_to_string(room.path("site/report.html")).unwrap();
    nothing_of_anybody(&page);
    run(&["report", &site, "--language", "zh"]).expect(&[DONE]);
    let chinese = fs::read_to_string(room.path("site/report.html")).unwrap();
    assert!(chinese.contains("<html lang=\"zh-CN\">") && chinese != page);
    let told = run(&["--json", "report", &site]).expect(&[DONE]).json();
    let report = &told["report"];
    assert_eq!(report["subject"]["kind"], "site");
    assert_eq!(report["logs"].as_array().unwrap().len(), 1);
    assert!(report["anonymity"].is_null());
}

#[test]
fn a_log_that_was_changed_is_not_reported() {
    let room = house().copied_bundle();
    let path = room.path("bundle/evidence/log.jsonl");
    let log = fs::read_to_string(&path).unwrap();
    fs::write(&path, log.replacen("\"date\":\"20", "\"date\":\"21", 1)).unwrap();
    run(&[
        "report",
        &room.text("bundle"),
        "--out",
        &room.text("page.html"),
    ])
    .expect(&[CHECK_FAILED]);
    assert!(!room.path("page.html").exists());
}

#[test]
fn the_page_shows_one_language_at_a_time_in_a_real_browser() {
    let room = house().copied_bundle();
    let out = room.text("page.html");
    report(&room.text("bundle"), &out);
    let Some(browser) = Browser::open(&room.path("profile"), "en") else {
        return;
    };
    browser.go(&format!("file://{out}"));
    let shown = |language: &str| {
        browser.script(&format!(
            "return Array.from(document.querySelectorAll('[lang=\"{language}\"]')).filter(one => one.tagName !== 'HTML' && one.checkVisibility()).length;"
        ))
    };
    let visible = |language: &str| shown(language).as_u64().unwrap();
    assert!(visible("en") > 50 && visible("zh-CN") == 0);
    assert!(browser.text("h1").starts_with("De-identification report"));
    browser.click("label[for=zh]");
    assert!(visible("zh-CN") > 50 && visible("en") == 0);
    assert!(browser.text("h1").contains("去标识化报告"));
    let wide =
        "return document.documentElement.scrollWidth <= document.documentElement.clientWidth;";
    assert_eq!(
        browser.script(wide),
        Value::Bool(true),
        "it scrolls sideways"
    );
}
