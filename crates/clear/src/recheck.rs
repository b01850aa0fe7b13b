//! The second reader once more, on a released object, by somebody who does not know whose it was.

use crate::encoded::META_START;
use crate::rules::is_never_allowed;
use crate::second_reader::SecondReading;
use cloakroom_core::{Tag, uid};
use dicom_dictionary_std::tags;
use std::collections::BTreeSet;

/// A header is at most as long as this; what stands after it is pixels, or the object is not readable.
const LONGEST_HEADER: usize = 32 << 20;

/// Takes the bytes of one object as they pass and says what is wrong with its header.
#[derive(Default)]
pub struct Recheck {
    bytes: Vec<u8>,
}

impl Recheck {
    /// A reader that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let room = LONGEST_HEADER.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// What is wrong with the object, in words without values. Empty where nothing is.
    #[must_use]
    pub fn finish(self) -> Vec<String> {
        let mut faults = BTreeSet::new();
        if self.bytes.get(..META_START - 4) != Some(&[0; META_START - 4]) {
            faults.insert("the preamble is not empty".to_owned());
        }
        match SecondReading::open_header(&self.bytes) {
            Ok(reading) => check(&reading, &mut faults),
            Err(_) => {
                faults.insert("the second reader cannot open it".to_owned());
            }
        }
        faults.into_iter().collect()
    }
}

fn check(reading: &SecondReading, faults: &mut BTreeSet<String>) {
    let meta = reading.meta();
    let clean = |text: &str| text.trim_matches(['\0', ' ']).to_owned();
    if clean(meta.media_storage_sop_class_uid()) != reading.text(tags::SOP_CLASS_UID)
        || clean(meta.media_storage_sop_instance_uid()) != reading.text(tags::SOP_INSTANCE_UID)
    {
        faults.insert("the file meta information is of another object".to_owned());
    }
    if reading.has_foreign_meta() {
        faults.insert("the file meta information holds more than it may".to_owned());
    }
    if reading.text(tags::PATIENT_IDENTITY_REMOVED) != "YES" {
        faults.insert("it does not say that the identity was removed".to_owned());
    }
    let uids_stay = says_that_uids_stay(reading);
    let visited = reading.visit(&mut |seen| {
        let place = || {
            let path = seen.path();
            path.map_or_else(String::new, |path| path.to_string())
        };
        if is_never_allowed(seen.tag, !seen.ancestors.is_empty()) {
            faults.insert(format!("{} may not stand in a released object", place()));
        }
        let mapped = |text: &std::borrow::Cow<'_, str>| {
            let text = text.trim_matches(['\0', ' ']);
            text.is_empty() || uid::is_standard(text) || text.starts_with("2.25.")
        };
        let instance = matches!(
            seen.tag,
            tags::SOP_INSTANCE_UID
                | tags::STUDY_INSTANCE_UID
                | tags::SERIES_INSTANCE_UID
                | tags::FRAME_OF_REFERENCE_UID
                | tags::REFERENCED_SOP_INSTANCE_UID
        );
        if instance && !uids_stay && !seen.texts().iter().all(mapped) {
            faults.insert(format!("{} is not a mapped UID", place()));
        }
    });
    if visited.is_err() {
        faults.insert("the second reader cannot read all of it".to_owned());
    }
}

/// Whether the object declares Retain UIDs (113110) among its methods.
fn says_that_uids_stay(reading: &SecondReading) -> bool {
    let mut found = false;
    let visited = reading.visit(&mut |seen| {
        let is_code =
            seen.ancestors == [crate::rules::METHOD_CODES] && seen.tag == Tag(0x0008, 0x0100);
        found |= is_code && seen.texts().iter().any(|code| code.trim() == "113110");
    });
    found && visited.is_ok()
}
