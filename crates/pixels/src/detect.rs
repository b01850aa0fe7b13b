//! The text detector: PaddleOCR's models, run in process.

pub(crate) mod find;
pub(crate) mod judge;

use crate::plane::Picture;
use cloakroom_core::{Digest, Hasher};
use rten::{RunOptions, ThreadPool, Value};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use std::path::Path;
use std::sync::Arc;
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
/// Rows of a line for the reader.
const LINE_ROWS: usize = 48;
/// Shorter lines have grey behind them, as the reader has learnt.
const LEAST_COLUMNS: usize = 192;
/// Longer lines are squeezed.
const LINE_COLUMNS: usize = 2400;

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
    finder: rten::Model,
    reader: rten::Model,
    /// What the classes of the reader stand for; the first is nothing.
    letters: Vec<String>,
    /// One thread: images are worked on side by side, and the order of sums must not depend on the machine.
    pool: Arc<ThreadPool>,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Detector({})", self.digest)
    }
}

/// What was read of a line.
#[derive(Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) text: String,
    /// The mean certainty of its letters, between 0 and 1; 0 where nothing was read.
    pub(crate) score: f32,
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
        let finder = usable(finder, FINDER.0)?;
        let reader = usable(reader, READER.0)?;
        let unusable = || DetectorError::Unusable { model: READER.0 };
        let listed = reader.metadata().get("character").ok_or_else(unusable)?;
        // Nothing, the list, and the space at the end.
        let letters = std::iter::once("")
            .chain(listed.lines())
            .chain([" "])
            .map(String::from)
            .collect();
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        Ok(Self {
            digest: hasher.finish(),
            finder,
            reader,
            letters,
            pool,
        })
    }

    /// The digest over the digests of both models, which stands in the reason of every image that they looked at.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// How likely each pixel of a picture belongs to text. The sides must be multiples of 32.
    pub(crate) fn map(&self, picture: &Picture) -> Option<Vec<f32>> {
        let (rows, columns) = (picture.rows, picture.columns);
        let mut input = Vec::with_capacity(3 * rows * columns);
        for (mean, deviation) in [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)] {
            input.extend(
                picture
                    .grey
                    .iter()
                    .map(|grey| (f32::from(*grey) / 255.0 - mean) / deviation),
            );
        }
        let output = self.run(&self.finder, input, [1, 3, rows, columns])?;
        (output.1.iter().product::<usize>() == rows * columns).then_some(output.0)
    }

    /// Reads one line.
    pub(crate) fn read_line(&self, line: &Picture) -> Option<Reading> {
        if line.rows == 0 || line.columns == 0 {
            return Some(Reading {
                text: String::new(),
                score: 0.0,
            });
        }
        let columns = (line.columns * LINE_ROWS / line.rows).clamp(LINE_ROWS / 4, LINE_COLUMNS);
        let line = line.resized(columns, LINE_ROWS).widened(LEAST_COLUMNS);
        let columns = line.columns;
        let one: Vec<f32> = line
            .grey
            .iter()
            .map(|grey| f32::from(*grey) / 127.5 - 1.0)
            .collect();
        let input = [&one[..], &one, &one].concat();
        let (data, shape) = self.run(&self.reader, input, [1, 3, LINE_ROWS, columns])?;
        let classes = *shape.last()?;
        (classes > 1).then(|| self.letters_of(&data, classes))
    }

    /// Takes the likeliest class of each step; a class counts once while it lasts.
    fn letters_of(&self, data: &[f32], classes: usize) -> Reading {
        let (mut text, mut sum, mut count, mut last) = (String::new(), 0.0, 0_u16, 0);
        for step in data.chunks_exact(classes) {
            let (class, score) =
                step.iter()
                    .enumerate()
                    .fold((0, f32::MIN), |best, (class, score)| {
                        if *score > best.1 {
                            (class, *score)
                        } else {
                            best
                        }
                    });
            if class != last && class != 0 {
                text.push_str(self.letters.get(class).map_or("\u{FFFD}", String::as_str));
                sum += score;
                count += 1;
            }
            last = class;
        }
        Reading {
            text: text.trim().into(),
            score: if count == 0 {
                0.0
            } else {
                sum / f32::from(count)
            },
        }
    }

    fn run(
        &self,
        model: &rten::Model,
        input: Vec<f32>,
        shape: [usize; 4],
    ) -> Option<(Vec<f32>, Vec<usize>)> {
        let input = NdTensor::from_data(shape, input);
        let options = RunOptions::default().with_thread_pool(Some(self.pool.clone()));
        let output = model
            .run_one(Value::from(input).into(), Some(options))
            .ok()?;
        let output: rten_tensor::Tensor<f32> = output.try_into().ok()?;
        Some((output.to_vec(), output.shape().to_vec()))
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

#[cfg(test)]
pub(crate) mod tests;
