//! Cleared objects -> shards -> bundle -> track release.
//!
//! A bundle (of a site) and a release (of a track) are the same container, a [`package`]: shards, an
//! index, checksums, a manifest, a signature. Everything here works on bytes that have passed the gate
//! and on what they say of themselves; nothing here decodes a pixel or reads an export.

pub mod block;
pub mod builder;
pub mod checks;
pub mod error;
pub mod extract;
pub mod index;
pub mod labels;
pub mod manifest;
pub mod package;
pub mod plan;
pub mod release;
pub mod seekable;
pub mod shard;
pub mod signing;
pub mod track;
pub mod verify;

mod bag;
mod canonical;
mod columnar;
mod decode;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod members;
mod names;
mod readme;
mod tables;
mod ustar;

#[cfg(test)]
mod testing;

pub use block::{BlockEntry, MemberEntry, SeriesBlock};
pub use builder::PackageBuilder;
pub use error::PackError;
pub use extract::{Extracted, Selection, extract};
pub use index::{Index, PatientPlace};
pub use labels::{BundleLabels, LabelFile};
pub use manifest::{BundleFacts, BundleManifest, Counts, LogHead, ProfileReference, ToolReference};
pub use package::{Package, Statement};
pub use plan::{PlannedShard, SeriesToPack, ShardLimits, plan_shards};
pub use seekable::Compression;
pub use shard::{ShardEntry, ShardPlace, ShardWriter};
pub use signing::{PublicKey, SigningKey};
pub use verify::{
    Fault, FaultKind, MemberWitness, NoWitness, Report, Signer, Trust, VerifiedBundle,
    VerifiedPackage, VerifiedRelease, Witness, verify,
};
