//! The label files of a bundle: written from [`ClearedSidecar`] only, and checked again when the bundle is verified.

use crate::builder::PackageBuilder;
use crate::error::PackError;
use crate::names::DIGEST_DIGITS_IN_NAME;
use cloakroom_clear::ClearedSidecar;
use cloakroom_core::{Digest, LabelSchema, SidecarFacts};
use serde::{Deserialize, Serialize};

/// The folder of the label files of a bundle.
pub(crate) const FOLDER: &str = "data/labels";

/// The labels of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleLabels {
    /// What the track allowed when they were re-keyed.
    pub schema: LabelSchema,
    /// The files, sorted by path.
    pub files: Vec<LabelFile>,
}

/// A label file of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelFile {
    /// Where it lies in the bundle.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
    /// What it says of itself.
    pub facts: SidecarFacts,
}

impl PackageBuilder {
    /// Takes label files into a bundle. Their names carry their kind and digest, and nothing else.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn add_labels(
        &mut self,
        schema: &LabelSchema,
        sidecars: &[ClearedSidecar],
    ) -> Result<(), PackError> {
        let mut files = Vec::new();
        for sidecar in sidecars {
            let kind = sidecar.facts().kind;
            let digest = sidecar.digest();
            let digits = digest.to_string();
            let path = format!(
                "{FOLDER}/{}-{}.{}",
                kind.name(),
                &digits[..2 * DIGEST_DIGITS_IN_NAME],
                kind.extension()
            );
            let written = self.add_file(&path, &mut sidecar.bytes())?;
            if written != digest {
                return Err(PackError::NotWhatWasCleared { member: path });
            }
            files.push(LabelFile {
                path,
                bytes: sidecar.bytes().len() as u64,
                sha256: digest,
                facts: sidecar.facts().clone(),
            });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        self.take_labels(BundleLabels {
            schema: schema.clone(),
            files,
        });
        Ok(())
    }
}
