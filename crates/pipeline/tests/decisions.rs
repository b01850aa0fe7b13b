//! What people decide in review is signed, remembered, and goes out with the next delivery.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use cloakroom_audit::record::WipedRegion;
use cloakroom_audit::{EvidenceRecord, LogEntry};
use cloakroom_core::{DecisionReason, Digest, HoldReason, Outcome, Rect};
use cloakroom_pipeline::decisions::{Decisions, PersonVerdict};
use cloakroom_pipeline::delivery::{DeliverySettings, deid};
use cloakroom_pipeline::examine::Examiner;
use cloakroom_pipeline::reviewers::{Reviewer, enrol};
use cloakroom_pipeline::verify::{VerifySettings, verify};
use cloakroom_pipeline::{
    Compression, Progress, Report, RunSettings, Site, Trusted, Verdict, catalogue,
};
use cloakroom_testkit::{Hospital, Size};
use std::fs;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: &str, _: Option<u64>, _: Option<u64>) {}
    fn advance(&self, _: u64, _: u64) {}
    fn finish(&self) {}
}

fn settings(out: PathBuf) -> DeliverySettings {
    DeliverySettings {
        run: RunSettings::resolve("generic", "contest", None, 2).unwrap(),
        out,
        date: Some("2026-11-23".parse().unwrap()),
        compression: Compression::default(),
    }
}

fn reviewer(site: &Site, id: &str) -> Reviewer {
    let passphrase = Zeroizing::new(format!("the coat of {id}"));
    enrol(site, id.parse().unwrap(), &passphrase).unwrap();
    Reviewer::unlock(site, id.parse().unwrap(), &passphrase).unwrap()
}

fn records(bundle: &Path) -> Vec<EvidenceRecord> {
    let log = fs::read_to_string(bundle.join("evidence/log.jsonl")).unwrap();
    log.lines()
        .filter_map(|line| match LogEntry::parse(line).unwrap() {
            LogEntry::Object(record) => Some(*record),
            _ => None,
        })
        .collect()
}

fn is_sound(bundle: &Path, site: &Site) -> bool {
    let key = site.root().join(format!("{}.pub", site.name()));
    let settings = VerifySettings {
        trusted: Trusted::read(&[key]).unwrap(),
        since: None,
        threads: 2,
    };
    verify(bundle, &settings, &Quiet).unwrap().verdict() == Verdict::Done
}

#[test]
fn held_images_go_out_or_stay_as_people_decide() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    Hospital::write(&path("export"), Size::Tiny, 7).unwrap();
    let site = Site::init(&path("site"), "GX01".parse().unwrap()).unwrap();
    catalogue::ingest(&site, &[path("export")], 2, &Quiet).unwrap();
    deid(&site, &settings(path("first")), &Quiet).unwrap();

    let run = settings(path("x")).run;
    let examiner = Examiner::open(&site, &run).unwrap();
    let waiting = |reason| -> Vec<i64> {
        let held = examiner.held().unwrap();
        let held = held.iter().filter(|(_, why)| *why == reason);
        held.map(|(stream, _)| *stream).collect()
    };
    // Images that need the detector, or that it could not judge, whether it is installed here or not.
    let images: Vec<i64> = [
        HoldReason::DetectorMissing,
        HoldReason::DocumentImage,
        HoldReason::PixelTextUncertain,
    ]
    .into_iter()
    .flat_map(waiting)
    .collect();
    assert!(images.len() >= 2, "{:?}", examiner.held().unwrap());
    let object = |stream| examiner.examine(stream).unwrap().object;

    let one = reviewer(&site, "R01");
    let mut decisions = Decisions::open(&site, &run.track).unwrap();
    let date = "2026-11-24".parse().unwrap();
    let area = WipedRegion {
        rect: Rect {
            x: 0,
            y: 0,
            width: 16,
            height: 8,
        },
        frames: None,
    };
    let released = decisions
        .decide(
            &one,
            date,
            &PersonVerdict::PixelRelease {
                stream: images[0],
                object: object(images[0]),
                mask: vec![area],
            },
            DecisionReason::IdentityMasked,
        )
        .unwrap();
    let rejected = decisions
        .decide(
            &one,
            date,
            &PersonVerdict::PixelReject {
                stream: images[1],
                object: object(images[1]),
            },
            DecisionReason::Document,
        )
        .unwrap();
    drop(decisions);

    deid(&site, &settings(path("second")), &Quiet).unwrap();
    assert!(is_sound(&path("first"), &site) && is_sound(&path("second"), &site));
    let all = records(&path("second"));
    let named = |decision: Digest| {
        let by = |record: &&EvidenceRecord| record.decisions.contains(&decision);
        all.iter().find(by).unwrap()
    };
    let cleared = named(released);
    assert_eq!((cleared.outcome, cleared.delivery), (Outcome::Cleared, 2));
    let pixels = cleared.pixels.as_ref().unwrap();
    assert_eq!(pixels.decision, Some(released));
    assert!(!pixels.wiped.is_empty());
    assert!(cleared.earlier.is_some());
    assert_eq!(named(rejected).outcome.kind(), "rejected");
    let second: Vec<_> = all.iter().filter(|record| record.delivery == 2).collect();
    assert_eq!(second.len(), 2, "only what was decided is new");

    // Written again, it is the same, though more was decided meanwhile that concerns nothing here.
    let mut decisions = Decisions::open(&site, &run.track).unwrap();
    let word = PersonVerdict::TextRemove("Hawthorne".to_owned().into());
    decisions
        .decide(&one, date, &word, DecisionReason::Personal)
        .unwrap();
    drop(decisions);
    deid(&site, &settings(path("again")), &Quiet).unwrap();
    let bytes = |bundle: &str| fs::read(path(bundle).join("evidence/checkpoint")).unwrap();
    assert_eq!(bytes("second"), bytes("again"));

    // A decision that is taken back puts the object back where it was.
    let mut decisions = Decisions::open(&site, &run.track).unwrap();
    let revoke = PersonVerdict::Revoke(released);
    decisions
        .decide(&one, date, &revoke, DecisionReason::Mistake)
        .unwrap();
    drop(decisions);
    deid(&site, &settings(path("third")), &Quiet).unwrap();
    assert!(is_sound(&path("third"), &site));
    let third = records(&path("third"));
    let third: Vec<_> = third.iter().filter(|record| record.delivery == 3).collect();
    assert_eq!(third.len(), 1);
    assert_eq!(third[0].outcome.kind(), "held");
}

#[test]
fn decisions_that_were_changed_by_hand_stop_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let site = Site::init(&path("site"), "GX01".parse().unwrap()).unwrap();
    let track = "generic".parse().unwrap();
    let one = reviewer(&site, "R01");
    let mut decisions = Decisions::open(&site, &track).unwrap();
    let date = "2026-11-24".parse().unwrap();
    for word in ["Hawthorne", "Blackthorn"] {
        let approve = PersonVerdict::TextApprove(word.to_owned().into());
        decisions
            .decide(&one, date, &approve, DecisionReason::OrdinaryWord)
            .unwrap();
    }
    let wrong = PersonVerdict::TextApprove("Rose".to_owned().into());
    assert!(
        decisions
            .decide(&one, date, &wrong, DecisionReason::SamePerson)
            .is_err()
    );
    drop(decisions);
    let changes = [
        "UPDATE decision SET line = replace(line, 'ordinary-word', 'technical-text') WHERE number = 1",
        "UPDATE decision SET target = replace(target, 'Hawthorne', 'Smith')",
        "DELETE FROM decision WHERE number = 1",
        "UPDATE decision SET number = 3 WHERE number = 1",
    ];
    for change in changes {
        let database = rusqlite::Connection::open(site.root().join("site.db")).unwrap();
        database
            .execute_batch("CREATE TABLE kept AS SELECT * FROM decision")
            .unwrap();
        assert!(Decisions::open(&site, &track).is_ok());
        assert!(database.execute(change, []).unwrap() > 0);
        assert!(Decisions::open(&site, &track).is_err(), "{change}");
        database
            .execute_batch(
                "DELETE FROM decision; INSERT INTO decision SELECT * FROM kept; DROP TABLE kept",
            )
            .unwrap();
    }
    fs::remove_file(site.root().join("reviewers/R01.pub")).unwrap();
    assert!(
        Decisions::open(&site, &track).is_err(),
        "an unknown reviewer"
    );
}
