//! The folder that a delivery is written into, and the list of what went there.

use super::truth::{BurnedText, PlannedFile, Truth};
use crate::canaries::Ledger;
use crate::dicom::{Dataset, DicomFile, Syntax};
use cloakroom_core::Outcome;
use dicom_dictionary_std::tags;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One instance before it is written.
#[derive(Clone)]
pub(super) struct Instance {
    /// Name of the file, or of the archive's member.
    pub(super) name: String,
    /// What it is.
    pub(super) what: String,
    /// The track it was made for.
    pub(super) track: Option<&'static str>,
    /// The transfer syntax of the file.
    pub(super) syntax: Syntax,
    /// The object.
    pub(super) dataset: Dataset,
    /// The outcomes that are right.
    pub(super) expected: Vec<Outcome>,
    /// What identifies in its pixels.
    pub(super) burned: Vec<BurnedText>,
}

impl Instance {
    /// The bytes of its file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        DicomFile::new(self.syntax, self.dataset.clone()).bytes()
    }
}

/// A delivery in the making.
pub(super) struct Delivery {
    root: PathBuf,
    files: Vec<PlannedFile>,
    /// What identifies.
    pub(super) ledger: Ledger,
    /// The seed of everything.
    pub(super) seed: u64,
}

impl Delivery {
    pub(super) fn new(root: &Path, seed: u64) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        Ok(Self {
            root: root.to_owned(),
            files: Vec::new(),
            ledger: Ledger::new(seed, "hospital"),
            seed,
        })
    }

    /// Writes bytes and notes what should become of them.
    pub(super) fn write(
        &mut self,
        path: &str,
        bytes: &[u8],
        what: &str,
        expected: &[Outcome],
    ) -> io::Result<()> {
        let full = self.root.join(path);
        if let Some(parent) = full.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(full, bytes)?;
        self.note(path, None, what, expected);
        Ok(())
    }

    /// Writes an instance into a folder.
    pub(super) fn write_instance(&mut self, folder: &str, instance: &Instance) -> io::Result<()> {
        let path = if folder.is_empty() {
            instance.name.clone()
        } else {
            format!("{folder}/{}", instance.name)
        };
        self.write(&path, &instance.bytes(), &instance.what, &instance.expected)?;
        self.describe(instance);
        Ok(())
    }

    /// Notes a stream that is not written by itself.
    pub(super) fn note(
        &mut self,
        path: &str,
        member: Option<&str>,
        what: &str,
        expected: &[Outcome],
    ) {
        self.files.push(PlannedFile {
            path: path.to_owned(),
            member: member.map(str::to_owned),
            what: what.to_owned(),
            track: None,
            patient_id: None,
            sop_instance: None,
            expected: expected.to_vec(),
            group: None,
            burned: Vec::new(),
        });
    }

    /// Adds to the stream that was noted last what it says of itself.
    pub(super) fn describe(&mut self, instance: &Instance) {
        if let Some(file) = self.files.last_mut() {
            let text = |tag| {
                instance
                    .dataset
                    .text_of(tag)
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned)
            };
            file.patient_id = text(tags::PATIENT_ID);
            file.sop_instance = text(tags::SOP_INSTANCE_UID);
            file.track = instance.track.map(str::to_owned);
            file.burned = instance.burned.clone();
        }
    }

    /// Says that the stream noted last holds what the stream at this path holds.
    pub(super) fn copy_description(&mut self, path: &str) {
        let known = self
            .files
            .iter()
            .find(|file| file.path == path && file.member.is_none())
            .cloned();
        if let (Some(known), Some(file)) = (known, self.files.last_mut()) {
            file.patient_id = known.patient_id;
            file.sop_instance = known.sop_instance;
            file.track = known.track;
        }
    }

    /// Says that the stream noted last is a copy of another in the same group.
    pub(super) fn group_last(&mut self, group: &str) {
        if let Some(file) = self.files.last_mut() {
            file.group = Some(group.to_owned());
        }
    }

    /// Puts a stream that is already there into a group of copies.
    pub(super) fn group_path(&mut self, path: &str, group: &str) {
        for file in &mut self.files {
            if file.path == path && file.member.is_none() {
                file.group = Some(group.to_owned());
            }
        }
    }

    /// The paths of the first instances of a track that should be cleared, with their bytes.
    pub(super) fn first_of(&self, track: &str, count: usize) -> io::Result<Vec<(String, Vec<u8>)>> {
        self.files
            .iter()
            .filter(|file| {
                file.track.as_deref() == Some(track)
                    && file.member.is_none()
                    && file.expected == [Outcome::Cleared]
            })
            .take(count)
            .map(|file| Ok((file.path.clone(), fs::read(self.root.join(&file.path))?)))
            .collect()
    }

    pub(super) fn into_truth(self) -> Truth {
        let mut files = self.files;
        files.sort_by(|one, other| (&one.path, &one.member).cmp(&(&other.path, &other.member)));
        Truth {
            seed: self.seed,
            files,
            canaries: self.ledger.into_canaries(),
        }
    }
}
