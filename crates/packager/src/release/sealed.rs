//! Labels of the test side that nobody may read yet: encrypted, and committed to before the images go out.

use super::ReleaseError;
use crate::builder::PackageBuilder;
use crate::error::PackError;
use cloakroom_core::Digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

/// What is committed to.
pub const COMMITMENT: &str = "sealed/commitment.json";
/// The labels, encrypted.
pub const SEALED_LABELS: &str = "sealed/test-labels.tar.age";

/// `sealed/commitment.json`.
///
/// The root is that of the Merkle tree of RFC 6962, section 2.1, over the labels in the order of their names. What is
/// hashed of each is its nonce of 32 bytes, its name, a zero byte, and its content; so the root tells nothing
/// of a label that has few possible values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// The version of this format.
    pub cloakroom_commitment: u32,
    /// The track.
    pub track: String,
    /// The root of the tree.
    pub root: Digest,
    /// Leaves of the tree.
    pub labels: u64,
    /// Patients with a label.
    pub patients: BTreeSet<String>,
    /// The digest of the encrypted file.
    pub ciphertext_sha256: Digest,
    /// Who can open it: the public keys.
    pub recipients: Vec<String>,
}

/// What `release.json` says of sealed labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedSummary {
    /// The root of the tree of the labels.
    pub root: Digest,
    /// Leaves of the tree.
    pub labels: u64,
    /// Patients with a label.
    pub patients: u64,
    /// The digest of the encrypted file.
    pub ciphertext_sha256: Digest,
    /// Who can open it.
    pub recipients: Vec<String>,
}

/// A commitment and the file that it is about.
#[derive(Debug, Clone)]
pub struct SealedLabels {
    /// The commitment.
    pub commitment: Commitment,
    /// Where the encrypted labels lie.
    pub ciphertext: PathBuf,
}

impl SealedLabels {
    pub(super) fn summary(&self) -> SealedSummary {
        let commitment = &self.commitment;
        SealedSummary {
            root: commitment.root,
            labels: commitment.labels,
            patients: commitment.patients.len() as u64,
            ciphertext_sha256: commitment.ciphertext_sha256,
            recipients: commitment.recipients.clone(),
        }
    }

    /// Only labels of the test side are sealed: others could not be meant.
    pub(super) fn check(&self, sides: &BTreeMap<String, String>) -> Result<(), ReleaseError> {
        let mut patients = self.commitment.patients.iter();
        match patients.find(|patient| sides.get(*patient).is_none_or(|side| side != "test")) {
            Some(patient) => Err(ReleaseError::SealedOutsideTest(patient.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn add(&self, builder: &mut PackageBuilder) -> Result<(), PackError> {
        builder.add_json(COMMITMENT, &self.commitment)?;
        let path = &self.ciphertext;
        let mut file = File::open(path).map_err(PackError::io("open", path))?;
        let found = builder.add_file(SEALED_LABELS, &mut file)?;
        if found != self.commitment.ciphertext_sha256 {
            return Err(PackError::damaged(
                SEALED_LABELS,
                "it is not the file that was committed to",
            ));
        }
        Ok(())
    }
}
