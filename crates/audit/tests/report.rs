//! The page and the JSON of a small log, word for word.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use cloakroom_audit::report::{
    AnonymityTable, Contents, Language, LogReport, Person, ReportError, SafetyReport, Subject,
};
use support::{origin, token, written};

fn report() -> SafetyReport {
    let written = written();
    let log = LogReport::read(written.text().as_bytes(), &written.checkpoint, &|_| true).unwrap();
    let person = |sex: &str, age: &str| Person {
        site: "GX01".into(),
        sex: sex.into(),
        age: age.into(),
        modalities: ["CT".to_owned()].into(),
        ..Person::default()
    };
    let people = [
        person("F", "061Y"),
        person("F", "064Y"),
        person("F", "069Y"),
        person("M", "012Y"),
    ];
    let mut report = SafetyReport {
        cloakroom_report: SafetyReport::FORM,
        tool: token("cloakroom/0.1.0"),
        subject: Subject::Bundle {
            site: origin().site,
            track: origin().track,
            delivery: 2,
            date: "2026-06-01".parse().unwrap(),
        },
        contents: Some(Contents {
            patients: 4,
            studies: 4,
            series: 5,
            instances: 9,
            bytes: 12_345,
        }),
        logs: vec![log],
        release: None,
        anonymity: Some(AnonymityTable::of(&people)),
    };
    report.name_attributes(&|path| match path.to_string().as_str() {
        "(0010,0010)" => "PatientName".into(),
        _ => String::new(),
    });
    report
}

#[test]
fn the_page_and_the_json_are_as_they_were() {
    let report = report();
    let page = report.to_html(Language::English);
    insta::assert_snapshot!("page", page);
    insta::assert_snapshot!("json", serde_json::to_string_pretty(&report).unwrap());
    assert_eq!(page, report.to_html(Language::English));
}

#[test]
fn the_page_loads_nothing_and_describes_no_small_group() {
    for language in [Language::English, Language::Chinese] {
        let page = report().to_html(language);
        for foreign in [
            "http:", "https:", "<script", "src=", "url(", "<link", "@import",
        ] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.contains("60-69") && !page.contains("10-19"));
        assert!(!page.contains("012Y") && !page.contains("061Y"));
        let spans = |tag: &str| page.matches(&format!("<span lang=\"{tag}\">")).count();
        assert_eq!(spans("en"), spans("zh-CN"), "a phrase lacks a language");
    }
    let report = serde_json::to_string(&report()).unwrap();
    assert!(report.contains("60-69") && !report.contains("10-19"));
}

#[test]
fn a_log_that_is_not_what_its_head_says_is_not_reported() {
    let written = written();
    let read = |text: &str| LogReport::read(text.as_bytes(), &written.checkpoint, &|_| true);
    let changed = written.text().replacen("\"removed\":2", "\"removed\":3", 1);
    assert_ne!(changed, written.text());
    assert!(matches!(read(&changed), Err(ReportError::Head)));
    let cut = written.lines[..written.lines.len() - 1].join("\n");
    assert!(matches!(read(&cut), Err(ReportError::Head)));
    assert!(matches!(read("{}"), Err(ReportError::Line(_))));
}

#[test]
fn only_the_objects_that_are_meant_are_counted() {
    let written = written();
    let none = LogReport::read(written.text().as_bytes(), &written.checkpoint, &|_| false).unwrap();
    assert_eq!(none.work.objects, 0);
    assert!(none.work.actions.is_empty());
    let all = &report().logs[0];
    assert_eq!(none.total, all.total);
    assert_eq!(all.work.decisions.len(), 2);
    assert_eq!(all.work.reviewers, 2);
    let cleared = all.total.to_conservation().outcomes["cleared"].count;
    assert_eq!(all.work.objects, cleared);
}
