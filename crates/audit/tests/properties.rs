//! Laws that hold for all logs and all texts.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod support;

use cloakroom_audit::verify::Findings;
use cloakroom_audit::{Checkpoint, LogEntry, ProofFile, SignedNote, SiteLog, verify_log};
use cloakroom_core::{HoldReason, Outcome};
use proptest::prelude::*;
use std::io::Cursor;
use support::{actions, header, key, origin, record, trust, written};

fn judge(text: &str, checkpoint: &Checkpoint) -> Findings {
    verify_log(
        &mut Cursor::new(text),
        None,
        checkpoint,
        &trust(),
        &mut |_, _| (),
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever the deliveries, the log is sound, extends what it was, and proves each of its records.
    #[test]
    fn logs_of_all_sizes_are_sound_and_prove_their_records(runs in proptest::collection::vec(1_u32..9, 1..5)) {
        let mut log = SiteLog::empty(origin());
        let mut text = Vec::new();
        let mut next = 0;
        for (number, records) in runs.iter().enumerate() {
            let mut run = log.begin(header(&format!("2026-01-{:02}", number + 1)), Cursor::new(Vec::new()));
            for input in next..next + records {
                let outcome = if input % 4 == 3 { Outcome::Held(HoldReason::FaceVisible) } else { Outcome::Cleared };
                run.add(record(input, outcome), Some(&actions(input % 3)), u64::from(input)).unwrap();
            }
            next += records;
            run.finish((1, 1, 1), &mut text).unwrap();
        }
        let text = String::from_utf8(text).unwrap();
        let checkpoint = Checkpoint::sign(origin(), log.head(), &key(1)).unwrap();
        prop_assert_eq!(judge(&text, &checkpoint).faults, []);
        let mut index = 0;
        for line in text.lines() {
            let entry = LogEntry::parse(line).unwrap();
            if let LogEntry::Object(record) = &entry {
                let proof = ProofFile::new(line, index, log.tree(), checkpoint.clone()).unwrap();
                let read: ProofFile = proof.to_string().parse().unwrap();
                prop_assert_eq!(read.record().unwrap(), (**record).clone());
            }
            index += u64::from(entry.leaf(line).is_some());
        }
    }

    /// One changed byte anywhere in the log is seen.
    #[test]
    fn a_changed_byte_is_seen(at in any::<prop::sample::Index>(), to in 0x20_u8..0x7f) {
        let log = written();
        let mut bytes = log.text().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        let mut lines = Cursor::new(bytes);
        let findings = verify_log(&mut lines, None, &log.checkpoint, &trust(), &mut |_, _| ()).unwrap();
        prop_assert!(!findings.is_sound());
    }

    /// No text makes the readers panic, and what they accept they write as it was.
    #[test]
    fn readers_accept_one_spelling(text in "\\PC{0,200}", lines in proptest::collection::vec("[a-z0-9/+=]{0,60}", 0..8)) {
        let joined = lines.join("\n");
        for text in [&text, &joined] {
            if let Ok(note) = text.parse::<SignedNote>() {
                prop_assert_eq!(&note.to_string(), text);
            }
            if let Ok(proof) = text.parse::<ProofFile>() {
                prop_assert_eq!(&proof.to_string(), text);
            }
            if let Ok(entry) = LogEntry::parse(text) {
                prop_assert_eq!(&entry.to_line().unwrap(), text);
            }
        }
    }
}
