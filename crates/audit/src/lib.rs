//! Evidence that an auditor can check without trusting anybody: records without a value, a log that
//! can only grow, a signed head, proofs for single objects, and the arithmetic of sampling.
//!
//! Nothing here reads a file, a clock or a source of randomness: bytes come in, bytes go out, and the
//! same input gives the same bytes. The formats are described in `docs/formats.md`, and
//! `tests/peers/check_log.py` was written from that description alone.

pub mod checkpoint;
pub mod decision;
pub mod diagnosis;
pub mod keys;
pub mod log;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod proof_file;
pub mod record;
pub mod report;
pub mod sampling;
pub mod summary;
pub mod verify;
pub mod words;

pub use checkpoint::{Checkpoint, Origin};
pub use decision::{
    About, DecisionBody, DecisionChain, DecisionHead, NotADecision, ReviewRule, Ruling,
    SignedDecision,
};
pub use keys::{KeyName, PublicKey, SecretKey, TrustedKeys};
pub use log::{FinishedRun, Run, RunHeader, SiteLog};
pub use merkle::{MerkleTree, TreeHead, leaf_hash, node_hash};
pub use note::SignedNote;
pub use proof_file::ProofFile;
pub use record::{ActionList, EvidenceRecord, LogEntry};
pub use summary::{ReleasedCounts, RunSummary};
pub use verify::{Failure, Fault, Findings, Trust, verify_log};
pub use words::{SopClass, Token};
