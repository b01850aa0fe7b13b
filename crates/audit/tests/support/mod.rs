//! A small log of two deliveries, and the ways to write it down.

#![allow(dead_code, reason = "each test program uses its own part of this")]

use cloakroom_audit::record::{
    OutputObject, PixelProof, PrivateCounts, ProfileReference, ProofUnit,
};
use cloakroom_audit::{
    ActionList, Checkpoint, DecisionChain, EvidenceRecord, Origin, Ruling, RunHeader, SecretKey,
    SignedDecision, SiteLog, SopClass, Token,
};
use cloakroom_audit::{record::PixelEvidence, verify::Trust};
use cloakroom_core::{
    Action, ActionRecord, Digest, HoldReason, MaskRegion, Outcome, PathPattern, PixelReason, Rect,
    RuleId, SetAsideReason, State, Tag,
};
use std::collections::BTreeMap;
use std::io::Cursor;

/// A log as it lies on disk.
#[derive(Clone)]
pub(crate) struct Written {
    /// `log.jsonl`, line by line without newlines.
    pub(crate) lines: Vec<String>,
    /// The leaf hashes.
    pub(crate) leaves: Vec<Digest>,
    /// The signed head.
    pub(crate) checkpoint: Checkpoint,
    /// The signed head after the first delivery.
    pub(crate) first: Checkpoint,
}

impl Written {
    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    pub(crate) fn leaf_list(&self) -> String {
        self.leaves.iter().map(|leaf| format!("{leaf}\n")).collect()
    }
}

pub(crate) fn origin() -> Origin {
    Origin {
        site: "GX01".parse().unwrap(),
        track: "lung".parse().unwrap(),
    }
}

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(Origin::site_key_name(&origin().site), &[seed; 32])
}

pub(crate) fn trust() -> Trust {
    Trust {
        trusted: cloakroom_audit::TrustedKeys::new(vec![key(1).public()]),
        ..Trust::default()
    }
}

pub(crate) fn header(date: &str) -> RunHeader {
    RunHeader {
        date: date.parse().unwrap(),
        profile: profile(),
        tool: token("0.1.0"),
    }
}

pub(crate) fn token(text: &str) -> Token {
    text.parse().unwrap()
}

pub(crate) fn profile() -> ProfileReference {
    ProfileReference {
        id: "contest".parse().unwrap(),
        version: token("1.0.0"),
        digest: Digest::of(b"profile"),
    }
}

pub(crate) fn actions(count: u32) -> ActionList {
    ActionList::new(vec![
        ActionRecord {
            path: PathPattern::top(Tag(0x0010, 0x0010)),
            action: Action::Dummy,
            rule: RuleId::of("table:Z"),
            before: State::Present,
            after: State::Present,
            count: 1,
        },
        ActionRecord {
            path: "(0008,1140)>(0008,1155)".parse().unwrap(),
            action: Action::MapUid,
            rule: RuleId::of("table:U"),
            before: State::Present,
            after: State::Present,
            count,
        },
    ])
    .unwrap()
}

pub(crate) fn record(input: u32, outcome: Outcome) -> EvidenceRecord {
    let digest = |kind: &str| Digest::of(format!("{kind} {input}").as_bytes());
    let cleared = outcome == Outcome::Cleared;
    EvidenceRecord {
        site: origin().site,
        track: origin().track,
        delivery: 0,
        date: "2000-01-01".parse().unwrap(),
        outcome,
        input: digest("input"),
        earlier: None,
        output: cleared.then(|| OutputObject {
            digest: digest("output"),
            bytes: 1000 + u64::from(input),
        }),
        sop_class: cleared.then(|| SopClass::of("1.2.840.10008.5.1.4.1.1.2")),
        profile: cleared.then(profile),
        tool: token("0"),
        actions: None,
        private: cleared.then_some(PrivateCounts {
            kept: 0,
            removed: 2,
            unknown: 1,
        }),
        pixels: cleared.then(pixels),
        text: BTreeMap::from([(token("date"), 1)]),
        decisions: Vec::new(),
    }
}

/// One person releases the object that was held, and another confirms it.
pub(crate) fn decisions() -> Vec<SignedDecision> {
    let mut chain = DecisionChain::new(origin().site, origin().track);
    let object = record(6, Outcome::Cleared).input;
    let release = Ruling::PixelRelease {
        object,
        mask: Vec::new(),
    };
    let first = decide(&mut chain, "R01", release);
    decide(&mut chain, "R02", Ruling::Confirm { decision: first });
    chain
        .decisions()
        .iter()
        .map(|(_, decision)| decision.clone())
        .collect()
}

fn decide(chain: &mut DecisionChain, reviewer: &str, ruling: Ruling) -> Digest {
    let seed = *reviewer.as_bytes().last().unwrap();
    let key = SecretKey::from_seed(reviewer.parse().unwrap(), &[seed; 32]);
    let reason = ruling.reasons()[0];
    let body = chain.next(
        "2026-05-20".parse().unwrap(),
        reviewer.parse().unwrap(),
        &key.public(),
        (ruling, reason),
    );
    chain
        .push(SignedDecision::sign(body, &key).unwrap())
        .unwrap()
}

fn pixels() -> PixelEvidence {
    let region = MaskRegion {
        rect: Rect {
            x: 0,
            y: 0,
            width: 640,
            height: 40,
        },
        frames: None,
        source: "rule:us-header".into(),
    };
    let reason = PixelReason::Masked {
        rules: vec!["rule:us-header".into()],
    };
    let proof = PixelProof {
        unit: ProofUnit::Samples,
        equal: 1000,
        wiped: 25_600,
    };
    PixelEvidence::new(&reason, &[region], Some(Digest::of(b"model")), Some(proof)).unwrap()
}

/// Two deliveries: nine streams, then two new ones and one that was held and is cleared now.
pub(crate) fn written() -> Written {
    let mut log = SiteLog::empty(origin());
    let mut text = Vec::new();
    let held = Outcome::Held(HoldReason::FaceVisible);
    let set_aside = Outcome::SetAside(SetAsideReason::NotDicom);
    let mut run = log.begin(header("2026-05-01"), Cursor::new(Vec::new()));
    for input in 0..6 {
        let list = actions(input % 2);
        run.add(record(input, Outcome::Cleared), Some(&list), 900)
            .unwrap();
    }
    let earlier = run.add(record(6, held), None, 901).unwrap();
    run.add(record(7, held), None, 902).unwrap();
    run.add(record(8, set_aside), None, 903).unwrap();
    let finished = run.finish((2, 2, 3), &mut text).unwrap().unwrap();
    let mut leaves = finished.leaves;
    let first = Checkpoint::sign(origin(), log.head(), &key(1)).unwrap();

    let mut run = log.begin(header("2026-06-01"), Cursor::new(Vec::new()));
    for input in 9..11 {
        run.add(record(input, Outcome::Cleared), Some(&actions(1)), 900)
            .unwrap();
    }
    let mut decided = record(6, Outcome::Cleared);
    decided.earlier = Some(earlier);
    decided.decisions = decisions()
        .into_iter()
        .map(|decision| {
            let digest = decision.digest().unwrap();
            run.decide(decision).unwrap();
            digest
        })
        .collect();
    run.add(decided, Some(&actions(7)), 901).unwrap();
    leaves.extend(run.finish((1, 1, 1), &mut text).unwrap().unwrap().leaves);
    let text = String::from_utf8(text).unwrap();
    Written {
        lines: text.lines().map(String::from).collect(),
        leaves,
        checkpoint: Checkpoint::sign(origin(), log.head(), &key(1)).unwrap(),
        first,
    }
}
