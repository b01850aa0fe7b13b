//! Checking a package from its bytes: structure, digests, signature, shards against the index, statement against both.

mod fault;
mod files;
mod labels;
mod shard;
mod statement;
mod waivers;

pub use fault::{Fault, FaultKind};

use crate::index::Index;
use crate::manifest::{BundleManifest, Counts};
use crate::package::Statement;
use crate::release::ReleaseManifest;
use crate::signing::PublicKey;
use crate::{BlockEntry, MemberEntry};
use cloakroom_core::Digest;
use files::Folder;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Whose signature counts.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// One of these keys must have signed.
    Keys(&'a [PublicKey]),
    /// Nobody is trusted: the package can at best be consistent with the key that it names itself.
    Nobody,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// A trusted key.
    Trusted(PublicKey),
    /// The key that the package names; whose it is, is unknown.
    Unknown(PublicKey),
    /// Nobody, or the signature is wrong.
    Nobody,
}

impl Signer {
    /// The key that signed.
    #[must_use]
    pub const fn key(&self) -> Option<&PublicKey> {
        match self {
            Self::Trusted(key) | Self::Unknown(key) => Some(key),
            Self::Nobody => None,
        }
    }
}

/// Looks at every object as it is read: a second reader, evidence, proofs.
pub trait Witness: Sync {
    /// An object begins; `None` if its bytes are not wanted.
    fn open(&self, member: &MemberEntry) -> Option<Box<dyn MemberWitness>>;

    /// All objects have been read; returns what is wrong with the whole, such as evidence without an object.
    fn close(&self, root: &Path, statement: &Statement) -> Vec<Fault>;
}

/// Looks at the bytes of one object.
pub trait MemberWitness {
    /// Bytes, in order.
    fn bytes(&mut self, bytes: &[u8]);
    /// The object is whole and has this digest; each text is a fault, a sentence without values.
    fn end(self: Box<Self>, digest: &Digest) -> Vec<String>;
}

/// A witness that sees nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoWitness;

impl Witness for NoWitness {
    fn open(&self, _: &MemberEntry) -> Option<Box<dyn MemberWitness>> {
        None
    }

    fn close(&self, _: &Path, _: &Statement) -> Vec<Fault> {
        Vec::new()
    }
}

/// What a check found.
#[derive(Debug)]
pub struct Report {
    /// What is wrong, sorted by file.
    pub faults: Vec<Fault>,
    /// Who signed.
    pub signer: Signer,
    /// What the package states of itself, if that could be read.
    pub statement: Option<Statement>,
    /// How much was really read from shards.
    pub counts: Counts,
    /// The package, if nothing is wrong with it.
    pub package: Option<VerifiedPackage>,
}

impl Report {
    /// Whether nothing is wrong; the signer may still be unknown.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.faults.is_empty()
    }

    /// How many shards are missing because a withdrawn patient was in them, if nothing else is wrong:
    /// an old version then is incomplete, and not tampered with.
    #[must_use]
    pub fn only_purged(&self) -> Option<usize> {
        let purged = self
            .faults
            .iter()
            .all(|fault| fault.kind == FaultKind::Purged);
        (purged && !self.faults.is_empty()).then_some(self.faults.len())
    }

    /// The bundle, if it is one and nothing is wrong with it.
    #[must_use]
    pub fn into_bundle(self) -> Option<VerifiedBundle> {
        let package = self.package?;
        match package.statement {
            Statement::Bundle(manifest) => Some(VerifiedBundle {
                manifest: *manifest,
                checked: package.checked,
            }),
            Statement::Release(_) => None,
        }
    }

    /// The release, if it is one and nothing is wrong with it.
    #[must_use]
    pub fn into_release(self) -> Option<VerifiedRelease> {
        let package = self.package?;
        match package.statement {
            Statement::Release(manifest) => Some(VerifiedRelease {
                manifest: *manifest,
                checked: package.checked,
            }),
            Statement::Bundle(_) => None,
        }
    }
}

/// A package that was read from end to end and has no fault. Only [`verify`] makes one.
#[derive(Debug)]
pub struct VerifiedPackage {
    statement: Statement,
    checked: Checked,
}

/// What the check saw, so that whoever copies from the package can tell whether it changed since.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) root: PathBuf,
    pub(crate) index: Index,
    /// The digest of the bytes of each compressed block, by series.
    pub(crate) blocks: BTreeMap<String, Digest>,
    /// The digest of each file that is not a shard.
    pub(crate) files: BTreeMap<String, Digest>,
    pub(crate) tagmanifest: Digest,
}

/// A bundle without fault. Only [`verify`] makes one, through [`Report::into_bundle`], and a release is made of nothing else:
///
/// ```compile_fail,E0451
/// fn forge(real: cloakroom_packager::VerifiedBundle, other: cloakroom_packager::BundleManifest) -> cloakroom_packager::VerifiedBundle {
///     cloakroom_packager::VerifiedBundle { manifest: other, ..real }
/// }
/// ```
#[derive(Debug)]
pub struct VerifiedBundle {
    pub(crate) manifest: BundleManifest,
    pub(crate) checked: Checked,
}

impl VerifiedBundle {
    /// What it states.
    #[must_use]
    pub const fn manifest(&self) -> &BundleManifest {
        &self.manifest
    }

    /// What lies in it.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.checked.index
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.checked.root
    }
}

/// A release without fault. Only [`verify`] makes one, through [`Report::into_release`].
#[derive(Debug)]
pub struct VerifiedRelease {
    pub(crate) manifest: ReleaseManifest,
    pub(crate) checked: Checked,
}

impl VerifiedRelease {
    /// What it states.
    #[must_use]
    pub const fn manifest(&self) -> &ReleaseManifest {
        &self.manifest
    }

    /// What lies in it.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.checked.index
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.checked.root
    }
}

/// Reads a whole package and says everything that is wrong with it.
#[must_use]
pub fn verify(root: &Path, trust: Trust<'_>, witness: &dyn Witness) -> Report {
    let mut folder = Folder::list(root);
    let tagmanifest = folder.check_lists();
    let statement = statement::read(&mut folder);
    folder.read_purged(statement.as_ref());
    let signer = match &tagmanifest {
        Some(bytes) => statement::check_signature(&mut folder, bytes, statement.as_ref(), trust),
        None => Signer::Nobody,
    };
    if let Some(key) = signer
        .key()
        .or(statement.as_ref().map(Statement::signing_key))
    {
        folder.check_afterwards(key);
    }
    let mut index = statement
        .as_ref()
        .and_then(|statement| statement::read_index(&mut folder, statement));
    let shards = match &mut index {
        Some(index) => check_shards(&mut folder, index, witness),
        None => {
            folder.check_payload_without_index();
            SeenShards::default()
        }
    };
    if let (Some(statement), Some(index)) = (&statement, &index) {
        statement::compare(&mut folder, statement, index);
        folder.faults.extend(witness.close(root, statement));
    }
    let mut faults = std::mem::take(&mut folder.faults);
    faults.sort();
    faults.dedup();
    let package = mint(
        &faults,
        statement.as_ref(),
        index,
        tagmanifest.as_deref(),
        |index, tagmanifest| Checked {
            root: root.into(),
            index,
            blocks: shards.blocks,
            files: folder.digests(),
            tagmanifest,
        },
    );
    Report {
        faults,
        signer,
        statement,
        counts: shards.counts,
        package,
    }
}

fn mint(
    faults: &[Fault],
    statement: Option<&Statement>,
    index: Option<Index>,
    tagmanifest: Option<&[u8]>,
    checked: impl FnOnce(Index, Digest) -> Checked,
) -> Option<VerifiedPackage> {
    if !faults.is_empty() {
        return None;
    }
    Some(VerifiedPackage {
        statement: statement?.clone(),
        checked: checked(index?, Digest::of(tagmanifest?)),
    })
}

#[derive(Default)]
struct SeenShards {
    blocks: BTreeMap<String, Digest>,
    counts: Counts,
}

/// Reads all shards, several at once, and notes in the index the frames that were seen.
fn check_shards(folder: &mut Folder, index: &mut Index, witness: &dyn Witness) -> SeenShards {
    let root = folder.root().to_owned();
    let seen: Vec<shard::SeenShard> = index
        .shards
        .par_iter()
        .map(|shard| shard::check(&root, shard, witness))
        .collect();
    let mut all = SeenShards::default();
    for (entry, seen) in index.shards.iter_mut().zip(seen) {
        folder.note_shard(&entry.path(), seen.file);
        folder.faults.extend(seen.faults);
        all.counts.series += seen.whole_series;
        all.counts.instances += seen.whole_members;
        all.counts.bytes += seen.whole_bytes;
        for (block, checked) in entry.blocks.iter_mut().zip(seen.blocks) {
            let BlockEntry { series, frames, .. } = block;
            *frames = checked.frames;
            if let Some(digest) = checked.digest {
                all.blocks.insert(series.clone(), digest);
            }
        }
    }
    folder.compare_payload(&index.shards);
    let real = Counts::of(&index.shards);
    all.counts.patients = real.patients;
    all.counts.studies = real.studies;
    all
}

/// The files of a package that are there.
#[cfg(test)]
pub(crate) fn file_names(root: &Path) -> Vec<String> {
    Folder::list(root).paths()
}

#[cfg(test)]
mod tests;
