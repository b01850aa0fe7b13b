//! Cleared objects -> shards -> bundle -> track release.
//!
//! A bundle (of a site) and a release (of a track) are the same container, a [`package`]: shards, an
//! index, checksums, a manifest, a signature. Everything here works on bytes that have passed the gate
//! and on what they say of themselves; nothing here decodes a pixel or reads an export.

pub mod block;
pub mod error;
pub mod plan;
pub mod seekable;
pub mod shard;
pub mod signing;

mod canonical;
mod names;
mod ustar;

#[cfg(test)]
mod testing;

pub use block::{BlockEntry, MemberEntry, SeriesBlock};
pub use error::PackError;
pub use seekable::Compression;
pub use shard::{ShardEntry, ShardPlace, ShardWriter};
pub use plan::{PlannedShard, SeriesToPack, ShardLimits, plan_shards};
pub use signing::{PublicKey, SigningKey};
