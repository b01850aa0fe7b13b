//! The text detector: PaddleOCR's models, run in process.

use cloakroom_core::{Digest, Hasher};
use std::path::Path;
use thiserror::Error;

/// The model that finds lines of text, and its digest.
const FINDER: (&str, &str) = (
    "ch_PP-OCRv3_det_infer.onnx",
    "3439588c030faea393a54515f51e983d8e155b19a2e8aba7891934c1cf0de526",
);
/// The model that reads a line of text, and its digest.
const READER: (&str, &str) = (
    "ch_PP-OCRv4_rec_infer.onnx",
    "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
);

/// Why the detector could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DetectorError {
    /// A model is not there or cannot be read.
    #[error("the model {model} cannot be read")]
    Missing {
        /// Its file name.
        model: &'static str,
        /// What the file system said.
        #[source]
        source: std::io::Error,
    },
    /// A model is not the pinned one.
    #[error("the digest of the model {model} is not the pinned one")]
    WrongDigest {
        /// Its file name.
        model: &'static str,
    },
    /// A model cannot be run.
    #[error("the model {model} cannot be run")]
    Unusable {
        /// Its file name.
        model: &'static str,
    },
}

/// The two models, checked and loaded.
pub struct Detector {
    digest: Digest,
    #[expect(dead_code, reason = "run by the detection step")]
    finder: rten::Model,
    #[expect(dead_code, reason = "run by the detection step")]
    reader: rten::Model,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Detector({})", self.digest)
    }
}

impl Detector {
    /// Loads the models from a folder; nothing is fetched from anywhere else.
    ///
    /// # Errors
    /// If a model is missing, is not the pinned one, or cannot be run.
    pub fn load(folder: &Path) -> Result<Self, DetectorError> {
        let finder = read(folder, FINDER)?;
        let reader = read(folder, READER)?;
        let mut hasher = Hasher::new();
        hasher.update(Digest::of(&finder).as_bytes());
        hasher.update(Digest::of(&reader).as_bytes());
        Ok(Self {
            digest: hasher.finish(),
            finder: usable(finder, FINDER.0)?,
            reader: usable(reader, READER.0)?,
        })
    }

    /// The digest over the digests of both models, which stands in the reason of every image that they looked at.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

fn read(folder: &Path, (model, sha256): (&'static str, &str)) -> Result<Vec<u8>, DetectorError> {
    let bytes = std::fs::read(folder.join(model))
        .map_err(|source| DetectorError::Missing { model, source })?;
    if Digest::of(&bytes).to_string() != sha256 {
        return Err(DetectorError::WrongDigest { model });
    }
    Ok(bytes)
}

fn usable(bytes: Vec<u8>, model: &'static str) -> Result<rten::Model, DetectorError> {
    rten::Model::load(bytes).map_err(|_| DetectorError::Unusable { model })
}
