//! A file that proves one object's record to be in a signed log, checkable without the log (C2SP tlog-proof).

use crate::checkpoint::{Checkpoint, base64_digest, decimal};
use crate::merkle::{MerkleTree, leaf_hash};
use crate::proof::inclusion_holds;
use crate::record::{EvidenceRecord, LogEntry};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloakroom_core::Digest;
use core::fmt;
use core::str::FromStr;
use thiserror::Error;

const MAGIC: &str = "c2sp.org/tlog-proof@v1";

/// The proof of one leaf. Its extra data is the leaf's line, from which the leaf hash is computed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    line: String,
    index: u64,
    path: Vec<Digest>,
    checkpoint: Checkpoint,
}

/// Why a text is no proof, or proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAProof {
    /// It is not of the form of C2SP tlog-proof, or it lacks the record as extra data.
    #[error("the text is not a proof file as in C2SP tlog-proof with a record as extra data")]
    Form,
    /// There is no such leaf under this head, or the line is not that leaf.
    #[error("the log has no such record under this head")]
    NoSuchLeaf,
    /// The path does not lead from the record to the root.
    #[error("the path does not lead from the record to the signed root")]
    PathWrong,
}

impl ProofFile {
    /// Proves that `line` is leaf `index` of the log with this tree, under this head.
    ///
    /// # Errors
    /// If it is not.
    pub fn new(
        line: &str,
        index: u64,
        tree: &MerkleTree,
        checkpoint: Checkpoint,
    ) -> Result<Self, NotAProof> {
        let path = tree
            .inclusion_proof(index, checkpoint.head().size)
            .ok_or(NotAProof::NoSuchLeaf)?;
        let proof = Self {
            line: line.into(),
            index,
            path,
            checkpoint,
        };
        proof.record().map_err(|_| NotAProof::NoSuchLeaf)?;
        Ok(proof)
    }

    /// The record, once the path has been followed from it to the root. Whether the root is signed is for
    /// [`crate::SignedNote::check`] on [`ProofFile::checkpoint`] to say.
    ///
    /// # Errors
    /// If the path leads elsewhere, or what is proven is no record of an object.
    pub fn record(&self) -> Result<EvidenceRecord, NotAProof> {
        let leaf = leaf_hash(self.line.as_bytes());
        if !inclusion_holds(&leaf, self.index, &self.path, self.checkpoint.head()) {
            return Err(NotAProof::PathWrong);
        }
        match LogEntry::parse(&self.line) {
            Ok(LogEntry::Object(record)) => Ok(*record),
            _ => Err(NotAProof::Form),
        }
    }

    /// The number of the leaf, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The signed head.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{MAGIC}")?;
        writeln!(f, "extra {}", STANDARD.encode(&self.line))?;
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for ProofFile {
    type Err = NotAProof;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (proof, checkpoint) = text.split_once("\n\n").ok_or(NotAProof::Form)?;
        let mut lines = proof.split('\n');
        let mut next = || lines.next().ok_or(NotAProof::Form);
        if next()? != MAGIC {
            return Err(NotAProof::Form);
        }
        let extra = next()?.strip_prefix("extra ").ok_or(NotAProof::Form)?;
        let extra = STANDARD.decode(extra).map_err(|_| NotAProof::Form)?;
        let index = next()?.strip_prefix("index ").ok_or(NotAProof::Form)?;
        Ok(Self {
            line: String::from_utf8(extra).map_err(|_| NotAProof::Form)?,
            index: decimal(index).ok_or(NotAProof::Form)?,
            path: lines
                .map(|line| base64_digest(line).ok_or(NotAProof::Form))
                .collect::<Result<_, _>>()?,
            checkpoint: checkpoint.parse().map_err(|_| NotAProof::Form)?,
        })
    }
}
