//! Text that people or other programs write: profiles, tracks, device rules, evidence, proofs.

use crate::parts;
use cloakroom_audit::verify::parse_leaf_list;
use cloakroom_audit::{
    Checkpoint, LogEntry, ProofFile, SignedNote, Trust, TrustedKeys, verify_log,
};
use cloakroom_packager::track;
use cloakroom_pixels::{ClassPolicy, DeviceRules};

/// Reads YAML as a profile, a track, device rules and a class policy.
///
/// Law: a track that is read and has no mistake is the same when it is read again.
pub fn track_and_profile(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let _ = cloakroom_profile::check(text, &|_| None);
    let _ = DeviceRules::parse(text);
    let _ = ClassPolicy::parse(text);
    if let Ok(read) = track::parse(text) {
        assert!(
            track::parse(text).is_ok_and(|again| again.id == read.id),
            "a track changed"
        );
    }
}

/// Reads a log with its checkpoint, a proof, a note, lists of keys and leaves.
///
/// Laws: nothing that is not signed by a trusted key is sound; what is parsed and written is what was read.
pub fn evidence(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(note) = text.parse::<SignedNote>() {
        let again = note.to_string().parse::<SignedNote>();
        assert!(
            again.is_ok_and(|again| again.text() == note.text()),
            "a note changed"
        );
    }
    if let Ok(proof) = text.parse::<ProofFile>() {
        let _ = proof.record();
        assert_eq!(proof.to_string(), text, "a proof changed");
    }
    let _ = (parse_leaf_list(text), TrustedKeys::parse(text).is_ok());
    for line in text.lines().take(64) {
        if let Ok(entry) = LogEntry::parse(line) {
            let _ = (entry.to_line().is_ok(), entry.leaf(line));
        }
    }
    log(bytes);
}

fn log(bytes: &[u8]) {
    let [checkpoint, lines] = parts(bytes);
    let Some(checkpoint) = str::from_utf8(checkpoint)
        .ok()
        .and_then(|text| text.parse::<Checkpoint>().ok())
    else {
        return;
    };
    let findings = verify_log(
        &mut &*lines,
        None,
        &checkpoint,
        &Trust::default(),
        &mut |_, _| {},
    );
    assert!(
        findings.is_ok_and(|findings| !findings.is_sound()),
        "nobody is trusted, and yet it is sound"
    );
}
