//! Label files at the gate: each is read again as strictly as it may be written, and searched for the patients it is about.

mod boxes;
mod mask;
mod table;

pub use mask::{Mask, read_mask};

use crate::clear::Held;
use crate::residue::{Allowed, Field, PatientScan};
use cloakroom_core::labels::LABEL_KEYS;
use cloakroom_core::{Digest, Finding, FindingKind, LabelSchema, SidecarFacts, SidecarKind, Uid};
use cloakroom_deid::labels::EditedSidecar;
use core::fmt;
use std::collections::BTreeSet;
use thiserror::Error;

/// A label file that may leave: it was read again, holds nothing but what the schema names, and no patient's known value.
///
/// Only [`clear_sidecar`] makes one, and nothing else is packed as a label:
///
/// ```compile_fail,E0451
/// fn forge(real: cloakroom_clear::ClearedSidecar) -> cloakroom_clear::ClearedSidecar {
///     cloakroom_clear::ClearedSidecar { bytes: b"anything".to_vec(), ..real }
/// }
/// ```
pub struct ClearedSidecar {
    bytes: Vec<u8>,
    facts: SidecarFacts,
    digest: Digest,
}

impl fmt::Debug for ClearedSidecar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClearedSidecar")
            .field("kind", &self.facts.kind)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl ClearedSidecar {
    /// The bytes to write.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the file says of itself, as the gate read it.
    #[must_use]
    pub const fn facts(&self) -> &SidecarFacts {
        &self.facts
    }

    /// SHA-256 of the bytes.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

/// A label file is not written as label files are. The texts hold no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NotASidecar(pub(crate) &'static str);

/// Looks at a label file with other eyes, and searches it for everything that its patients are called.
///
/// `scans` are those of all patients that the file is about, and may be of more.
///
/// # Errors
/// Everything that was found, if anything was.
pub fn clear_sidecar(
    schema: &LabelSchema,
    scans: &[&PatientScan],
    edited: &EditedSidecar,
) -> Result<ClearedSidecar, Held> {
    let unreadable = || Held::unreadable(FindingKind::Unreadable);
    if scans.iter().any(|scan| !scan.is_complete()) {
        return Err(unreadable());
    }
    let mut reading =
        read_sidecar(schema, edited.kind(), edited.bytes()).map_err(|_| unreadable())?;
    if let Some(about) = edited.about() {
        reading.facts.patient = about.patient.as_str().into();
        reading.facts.study = about.study.as_str().into();
        reading.patients.insert(about.patient.as_str().into());
        let stated = (reading.facts.series.as_str(), reading.facts.reader.as_str());
        if stated != (about.series.as_str(), about.reader.as_str()) {
            return Err(unreadable());
        }
    }
    let scanned: BTreeSet<&str> = scans.iter().map(|scan| scan.pseudonym()).collect();
    if !reading
        .patients
        .iter()
        .all(|patient| scanned.contains(patient.as_str()))
    {
        return Err(unreadable());
    }
    let findings = search(schema, scans, &reading);
    if !findings.is_empty() {
        return Err(Held::of(findings));
    }
    Ok(ClearedSidecar {
        bytes: edited.bytes().to_vec(),
        digest: Digest::of(edited.bytes()),
        facts: reading.facts,
    })
}

/// What the gate reads of a label file.
pub(crate) struct Reading {
    pub(crate) facts: SidecarFacts,
    /// The patients whose labels are in it.
    pub(crate) patients: BTreeSet<String>,
    /// Free text, which is searched as text of an object is.
    pub(crate) texts: Vec<String>,
    /// The bytes that are searched without any parser; of a mask the header.
    pub(crate) searched: Vec<u8>,
}

fn read_sidecar(
    schema: &LabelSchema,
    kind: SidecarKind,
    bytes: &[u8],
) -> Result<Reading, NotASidecar> {
    match kind {
        SidecarKind::Table => table::read(schema, bytes),
        SidecarKind::Boxes => boxes::read(schema, bytes),
        SidecarKind::Mask => mask::read(schema, bytes),
    }
}

/// Reads a label file once more, without knowing whose it was: for whoever verifies a package.
///
/// # Errors
/// If the file is not as label files are written, or holds what the schema does not name.
pub fn recheck_sidecar(
    schema: &LabelSchema,
    kind: SidecarKind,
    bytes: &[u8],
) -> Result<SidecarFacts, NotASidecar> {
    read_sidecar(schema, kind, bytes).map(|reading| reading.facts)
}

fn search(schema: &LabelSchema, scans: &[&PatientScan], reading: &Reading) -> Vec<Finding> {
    let allowed = Allowed::new(written_by_us(schema, scans), []);
    let mut findings = BTreeSet::new();
    for scan in scans {
        let in_bytes = scan.search(&reading.searched, &allowed);
        findings.extend(
            in_bytes
                .iter()
                .map(|hit| (hit.kind, Some(hit.start as u64))),
        );
        for text in &reading.texts {
            let in_text = scan.search_text(text, Field::Text);
            findings.extend(in_text.into_iter().map(|kind| (kind, None)));
        }
    }
    let finding = |(kind, offset)| Finding {
        kind: FindingKind::KnownValue(kind),
        path: None,
        offset,
    };
    findings.into_iter().map(finding).collect()
}

/// Words of the track and pseudonyms: a value of a patient may equal one by chance, and says nothing there.
fn written_by_us(schema: &LabelSchema, scans: &[&PatientScan]) -> Vec<String> {
    let mut words: Vec<String> = scans
        .iter()
        .map(|scan| scan.pseudonym().to_owned())
        .collect();
    words.extend(LABEL_KEYS.map(String::from));
    words.extend(schema.segments.values().cloned());
    for (name, column) in &schema.columns {
        words.push(name.clone());
        words.extend(column.values.iter().cloned());
    }
    words
}

/// A UID of a released object, or nothing.
pub(crate) fn is_uid_or_empty(text: &str) -> bool {
    text.is_empty() || text.parse::<Uid>().is_ok()
}

#[cfg(test)]
mod tests;
