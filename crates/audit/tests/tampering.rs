//! Every way of tampering with a log is done here once, and must be told by its name.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use cloakroom_audit::verify::parse_leaf_list;
use cloakroom_audit::{
    Checkpoint, Failure, Findings, LogEntry, MerkleTree, SiteLog, TreeHead, Trust, TrustedKeys,
    verify_log,
};
use cloakroom_core::{Digest, HoldReason, Outcome};
use std::collections::BTreeSet;
use std::io::Cursor;
use support::{Written, actions, header, key, origin, record, trust, written};

/// Judges a log with its list of leaf hashes, or without.
fn judge(log: &Written, listed: bool, trust: &Trust) -> Findings {
    let leaves = parse_leaf_list(&log.leaf_list()).unwrap();
    let listed = listed.then_some(leaves.as_slice());
    let mut lines = Cursor::new(log.text());
    verify_log(&mut lines, listed, &log.checkpoint, trust, &mut |_, _| ()).unwrap()
}

fn failures(findings: &Findings) -> BTreeSet<Failure> {
    findings.faults.iter().map(|fault| fault.failure).collect()
}

/// Expects a failure to be named with the list of leaf hashes and without it; returns the findings with it.
#[track_caller]
fn expect(log: &Written, trust: &Trust, failure: Failure) -> Findings {
    for listed in [true, false] {
        let findings = judge(log, listed, trust);
        assert!(!findings.is_sound());
        assert!(findings.names(failure), "{listed}: {:?}", findings.faults);
    }
    judge(log, true, trust)
}

/// The number of the first line of an object's record.
fn first_record(log: &Written) -> usize {
    let is_object = |line: &String| line.starts_with(r#"{"kind":"object""#);
    log.lines.iter().position(is_object).unwrap()
}

/// Lets a forger who has the site's key sign whatever the lines are now.
fn sign_again(log: &mut Written, seed: u8) {
    log.leaves = log
        .lines
        .iter()
        .filter_map(|line| LogEntry::parse(line).ok()?.leaf(line))
        .collect();
    let head = MerkleTree::from_leaves(log.leaves.iter().copied()).head();
    log.checkpoint = Checkpoint::sign(origin(), head, &key(seed)).unwrap();
}

#[test]
fn an_honest_log_is_sound() {
    let log = written();
    let findings = judge(&log, true, &trust());
    assert_eq!(findings.faults, []);
    assert_eq!((findings.runs, findings.records), (2, 12));
    assert_eq!(findings.signer.as_deref(), Some("cloakroom/GX01/lung"));
    assert_eq!(findings.total.found.count, 11);
    assert_eq!(findings.total.ended["cleared"].count, 9);
    assert_eq!(findings.head, *log.checkpoint.head());
    assert!(judge(&log, false, &trust()).is_sound());
    let since = Trust {
        since: Some(log.first.clone()),
        ..trust()
    };
    assert!(judge(&log, true, &since).is_sound());
}

#[test]
fn identical_lists_of_actions_stand_once() {
    let log = written();
    let lists = log
        .lines
        .iter()
        .filter(|line| line.starts_with(r#"{"kind":"actions""#));
    assert_eq!(lists.count(), 3);
}

#[test]
fn the_same_run_in_any_order_gives_the_same_bytes() {
    let build = |inputs: &mut dyn Iterator<Item = u32>| {
        let mut log = SiteLog::empty(origin());
        let mut text = Vec::new();
        let mut run = log.begin(header("2026-05-01"), Cursor::new(Vec::new()));
        for input in inputs {
            let outcome = if input % 3 == 0 {
                Outcome::Held(HoldReason::FaceVisible)
            } else {
                Outcome::Cleared
            };
            run.add(record(input, outcome), Some(&actions(input % 2)), 10)
                .unwrap();
        }
        run.finish((1, 1, 1), &mut text).unwrap();
        text
    };
    assert_eq!(build(&mut (0..40)), build(&mut (0..40).rev()));
}

#[test]
fn a_run_with_nothing_new_adds_nothing() {
    let log = written();
    let mut again = SiteLog::read(origin(), &mut Cursor::new(log.text())).unwrap();
    assert_eq!(again.head(), *log.checkpoint.head());
    let mut text = Vec::new();
    let run = again.begin(header("2026-07-01"), Cursor::new(Vec::new()));
    assert_eq!(run.finish((0, 0, 0), &mut text).unwrap(), None);
    assert!(text.is_empty());
    assert_eq!(again.head(), *log.checkpoint.head());
    assert_eq!(again.delivery(), 2);
}

#[test]
fn a_log_that_was_read_is_extended_as_the_one_that_was_built() {
    let log = written();
    let mut again = SiteLog::read(origin(), &mut Cursor::new(log.text())).unwrap();
    let mut longer = log.clone();
    let mut text = Vec::new();
    let mut run = again.begin(header("2026-07-01"), Cursor::new(Vec::new()));
    run.add(record(20, Outcome::Cleared), Some(&actions(1)), 900)
        .unwrap();
    let finished = run.finish((1, 1, 1), &mut text).unwrap().unwrap();
    longer
        .lines
        .extend(String::from_utf8(text).unwrap().lines().map(String::from));
    longer.leaves.extend(finished.leaves);
    longer.checkpoint = Checkpoint::sign(origin(), again.head(), &key(1)).unwrap();
    let since = Trust {
        since: Some(log.checkpoint.clone()),
        ..trust()
    };
    assert_eq!(judge(&longer, true, &since).faults, []);
}

#[test]
fn a_record_that_was_edited() {
    let mut log = written();
    let line = first_record(&log);
    log.lines[line] = log.lines[line].replace(r#""removed":2"#, r#""removed":0"#);
    let findings = expect(&log, &trust(), Failure::RecordEdited);
    let edited = findings
        .faults
        .iter()
        .find(|fault| fault.failure == Failure::RecordEdited);
    assert_eq!(edited.unwrap().leaf, Some(0));
}

#[test]
fn a_record_that_was_dropped() {
    let mut log = written();
    let line = first_record(&log);
    log.lines.remove(line);
    let findings = expect(&log, &trust(), Failure::RecordDropped);
    assert!(findings.names(Failure::SummaryWrong));
    assert!(findings.names(Failure::ConservationBroken));
}

#[test]
fn two_records_that_were_swapped() {
    let mut log = written();
    let line = first_record(&log);
    log.lines.swap(line, line + 1);
    let findings = expect(&log, &trust(), Failure::RecordsSwapped);
    assert!(!findings.names(Failure::RecordEdited));
}

#[test]
fn a_record_that_was_added() {
    let mut log = written();
    let line = first_record(&log);
    let extra = log.lines[line].replace(r#""removed":2"#, r#""removed":1"#);
    log.lines.insert(line + 1, extra);
    let findings = expect(&log, &trust(), Failure::RecordAdded);
    assert!(findings.names(Failure::ObjectTwice));
}

#[test]
fn a_log_that_was_cut_off() {
    let mut log = written();
    log.lines.pop();
    let findings = expect(&log, &trust(), Failure::RecordDropped);
    assert!(findings.names(Failure::SummaryMissing));
}

#[test]
fn a_line_that_is_no_entry() {
    let mut log = written();
    let line = first_record(&log);
    log.lines[line] = log.lines[line].replacen(':', ": ", 1);
    expect(&log, &trust(), Failure::LineMalformed);
}

#[test]
fn a_list_of_actions_that_was_edited() {
    let mut log = written();
    log.lines[0] = log.lines[0].replace("dummy", "keep");
    let findings = expect(&log, &trust(), Failure::ActionsMissing);
    assert!(findings.names(Failure::ActionsUnused));
}

#[test]
fn a_list_of_leaves_that_was_edited() {
    let mut log = written();
    log.leaves[3] = Digest::of(b"another");
    assert_eq!(
        failures(&judge(&log, true, &trust())),
        BTreeSet::from([Failure::LeafListWrong])
    );
}

#[test]
fn a_head_that_was_edited() {
    let mut log = written();
    let head = TreeHead {
        root: Digest::of(b"another"),
        ..*log.checkpoint.head()
    };
    let forged = Checkpoint::sign(origin(), head, &key(2)).unwrap();
    let root =
        |checkpoint: &Checkpoint| checkpoint.note().text().lines().nth(2).unwrap().to_owned();
    let text = log.checkpoint.to_string();
    let text = text.replace(&root(&log.checkpoint), &root(&forged));
    log.checkpoint = text.parse().unwrap();
    let findings = expect(&log, &trust(), Failure::HeadWrong);
    assert!(findings.names(Failure::SignatureWrong));
}

#[test]
fn a_signature_that_was_edited() {
    let mut log = written();
    let text = log.checkpoint.to_string();
    let at = text.len() - 10;
    let letter = if &text[at..=at] == "A" { "B" } else { "A" };
    let changed = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
    log.checkpoint = changed.parse().unwrap();
    expect(&log, &trust(), Failure::SignatureWrong);
}

#[test]
fn a_head_signed_again_with_another_key() {
    let mut log = written();
    sign_again(&mut log, 2);
    expect(&log, &trust(), Failure::SignerUnknown);
    let claimed = Trust {
        claimed: TrustedKeys::new(vec![key(2).public()]),
        ..Trust::default()
    };
    let findings = judge(&log, true, &claimed);
    assert!(findings.is_consistent() && !findings.is_sound());
}

#[test]
fn an_old_head_replayed_with_the_log_it_belongs_to() {
    let log = written();
    let mut old = log.clone();
    let kept = log.first.head().size;
    old.leaves.truncate(usize::try_from(kept).unwrap());
    let leaves = |line: &&String| LogEntry::parse(line).unwrap().leaf(line).is_some();
    while old.lines.iter().filter(leaves).count() as u64 > kept {
        old.lines.pop();
    }
    while LogEntry::parse(old.lines.last().unwrap())
        .unwrap()
        .leaf("")
        .is_none()
    {
        old.lines.pop();
    }
    old.checkpoint = log.first.clone();
    assert!(judge(&old, true, &trust()).is_sound());
    let since = Trust {
        since: Some(log.checkpoint),
        ..trust()
    };
    assert_eq!(
        failures(&expect(&old, &since, Failure::HeadReplayed)),
        BTreeSet::from([Failure::HeadReplayed])
    );
}

#[test]
fn a_history_that_the_site_itself_rewrote() {
    let log = written();
    let mut forged = log.clone();
    let line = first_record(&log);
    forged.lines[line] = forged.lines[line].replace(r#""removed":2"#, r#""removed":0"#);
    sign_again(&mut forged, 1);
    let since = Trust {
        since: Some(log.first),
        ..trust()
    };
    let findings = expect(&forged, &since, Failure::HistoryRewritten);
    // The second run names the head that it really began from, which betrays the edit without any earlier head.
    assert!(findings.names(Failure::PreviousHeadWrong));
}

#[test]
fn an_equation_that_loses_a_stream() {
    let mut log = written();
    let last = log.lines.len() - 1;
    log.lines[last] = log.lines[last].replace(
        r#""total":{"found":{"count":11"#,
        r#""total":{"found":{"count":10"#,
    );
    sign_again(&mut log, 1);
    assert_eq!(
        failures(&expect(&log, &trust(), Failure::ConservationBroken)),
        BTreeSet::from([Failure::ConservationBroken])
    );
}

#[test]
fn an_equation_that_loses_bytes() {
    let mut log = written();
    let last = log.lines.len() - 1;
    assert!(log.lines[last].contains(r#""bytes":901}"#) || log.lines[last].contains("bytes"));
    let Ok(LogEntry::Summary(mut summary)) = LogEntry::parse(&log.lines[last]) else {
        panic!("the last line is the summary");
    };
    summary.run.found.bytes += 1;
    log.lines[last] = LogEntry::Summary(summary).to_line().unwrap();
    sign_again(&mut log, 1);
    expect(&log, &trust(), Failure::ConservationBroken);
}

#[test]
fn a_checkpoint_of_another_track() {
    let mut log = written();
    let mut other = origin();
    other.track = "breast".parse().unwrap();
    let head = *log.checkpoint.head();
    log.checkpoint = Checkpoint::sign(other.clone(), head, &key(1)).unwrap();
    expect(&log, &trust(), Failure::RecordMisplaced);
    let since = Trust {
        since: Some(Checkpoint::sign(other, head, &key(1)).unwrap()),
        ..trust()
    };
    expect(&written(), &since, Failure::OriginWrong);
}

#[test]
fn a_withdrawn_record_leaves_its_leaf_and_a_sound_log() {
    let mut log = written();
    let line = first_record(&log);
    let leaf = LogEntry::parse(&log.lines[line])
        .unwrap()
        .leaf(&log.lines[line])
        .unwrap();
    log.lines[line] = format!(r#"{{"kind":"withheld","leaf":"{leaf}"}}"#);
    let findings = judge(&log, true, &trust());
    assert_eq!(findings.faults, []);
    assert_eq!((findings.withheld, findings.records), (1, 11));
    log.lines[line] = format!(r#"{{"kind":"withheld","leaf":"{}"}}"#, Digest::of(b"x"));
    expect(&log, &trust(), Failure::RecordEdited);
}

#[test]
fn a_record_that_replaces_nothing_is_refused() {
    let mut log = SiteLog::empty(origin());
    let mut run = log.begin(header("2026-05-01"), Cursor::new(Vec::new()));
    let mut orphan = record(1, Outcome::Cleared);
    orphan.earlier = Some(Digest::of(b"no such record"));
    assert!(run.add(orphan, None, 5).is_err());
    let mut contradiction = record(1, Outcome::Cleared);
    contradiction.output = None;
    assert!(run.add(contradiction, None, 5).is_err());
}

#[test]
fn every_failure_has_a_name_of_its_own() {
    let codes: BTreeSet<_> = Failure::ALL.iter().map(|failure| failure.code()).collect();
    assert_eq!(codes.len(), Failure::ALL.len());
}

/// The numbers of the lines that are decisions of people.
fn decision_lines(log: &Written) -> Vec<usize> {
    let is_decision = |line: &String| line.starts_with(r#"{"kind":"decision""#);
    let lines = log.lines.iter().enumerate();
    lines
        .filter(|(_, line)| is_decision(line))
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn a_decision_that_was_edited_swapped_or_dropped_is_named_even_under_a_new_head() {
    let honest = written();
    let at = decision_lines(&honest);
    assert_eq!(at.len(), 2);
    let mut edited = honest.clone();
    edited.lines[at[0]] = edited.lines[at[0]].replace("nothing-seen", "technical-text");
    assert_ne!(edited.lines, honest.lines);
    let mut swapped = honest.clone();
    swapped.lines.swap(at[0], at[1]);
    for mut log in [edited, swapped] {
        sign_again(&mut log, 1);
        expect(&log, &trust(), Failure::DecisionWrong);
    }
    let mut dropped = honest;
    dropped.lines.remove(at[1]);
    sign_again(&mut dropped, 1);
    expect(&dropped, &trust(), Failure::DecisionMissing);
}
