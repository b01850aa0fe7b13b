//! Opening a package without reading its shards: statement, index, and the digests of both.

use crate::bag;
use crate::block::BlockEntry;
use crate::builder::hash_file;
use crate::error::PackError;
use crate::index::{Index, PatientPlace};
use crate::manifest::{BUNDLE_FILE, BundleManifest, Counts, RELEASE_FILE, ShardSummary};
use crate::release::ReleaseManifest;
use crate::seekable::Compression;
use crate::shard::ShardEntry;
use crate::signing::PublicKey;
use crate::tables::{self, BlockRows};
use cloakroom_core::Digest;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What a package states of itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// A delivery of a hospital.
    Bundle(Box<BundleManifest>),
    /// A version of a track.
    Release(Box<ReleaseManifest>),
}

impl Statement {
    /// The shards.
    #[must_use]
    pub fn shards(&self) -> &[ShardSummary] {
        match self {
            Self::Bundle(bundle) => &bundle.shards,
            Self::Release(release) => &release.shards,
        }
    }

    /// How much there is.
    #[must_use]
    pub fn counts(&self) -> Counts {
        match self {
            Self::Bundle(bundle) => bundle.counts,
            Self::Release(release) => release.counts,
        }
    }

    /// The key that the package says it is signed with.
    #[must_use]
    pub fn signing_key(&self) -> &PublicKey {
        match self {
            Self::Bundle(bundle) => &bundle.signing_key,
            Self::Release(release) => &release.signing_key,
        }
    }

    /// The file that holds the statement.
    #[must_use]
    pub const fn file(&self) -> &'static str {
        match self {
            Self::Bundle(_) => BUNDLE_FILE,
            Self::Release(_) => RELEASE_FILE,
        }
    }

    pub(crate) fn compression(&self) -> Option<Compression> {
        let name = match self {
            Self::Bundle(bundle) => &bundle.compression,
            Self::Release(release) => &release.compression,
        };
        match name.as_str() {
            "none" => Some(Compression::None),
            "zstd" => Some(Compression::default()),
            _ => None,
        }
    }

    /// Reads a statement from the name and bytes of its file.
    pub(crate) fn parse(file: &str, bytes: &[u8]) -> Result<Self, serde_json::Error> {
        match file {
            BUNDLE_FILE => serde_json::from_slice(bytes).map(Self::Bundle),
            _ => serde_json::from_slice(bytes).map(Self::Release),
        }
    }
}

/// A package whose statement and tables have the digests that its manifests list. Shards and signature are not checked.
///
/// Opening it holds no table in memory: a track may have millions of instances. Series are read as they are asked for.
#[derive(Debug, Clone)]
pub struct Package {
    root: PathBuf,
    statement: Statement,
    files: BTreeMap<String, Digest>,
}

impl Package {
    /// Opens a bundle or a release.
    ///
    /// # Errors
    /// If it is not a package, or its statement or tables are not what its manifests list.
    pub fn open(root: &Path) -> Result<Self, PackError> {
        let tags = read_list(root, bag::TAG_MANIFEST)?;
        let manifest = read_listed(root, bag::MANIFEST, &tags)?;
        let payload = parse_list(bag::MANIFEST, &manifest)?;
        let file = match tags.contains_key(BUNDLE_FILE) {
            true => BUNDLE_FILE,
            false => RELEASE_FILE,
        };
        let bytes = read_listed(root, file, &tags)?;
        let statement = Statement::parse(file, &bytes)
            .map_err(|error| PackError::not_a_package(root, format!("{file}: {error}")))?;
        for table in [tables::PATIENTS, tables::SERIES, tables::INSTANCES] {
            let path = root.join(table);
            let (found, _) = hash_file(&path).map_err(PackError::io("read", &path))?;
            if payload.get(table) != Some(&found) {
                return Err(PackError::damaged(
                    table,
                    "its digest is not the listed one",
                ));
            }
        }
        let mut files = tags;
        files.extend(payload);
        Ok(Self {
            root: root.into(),
            statement,
            files,
        })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What it states of itself.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// All files that the manifests list, with their digests.
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<String, Digest> {
        &self.files
    }

    /// Reads a listed file that is no shard.
    ///
    /// # Errors
    /// If it is not listed, or not what the list says.
    pub(crate) fn read(&self, file: &str) -> Result<Vec<u8>, PackError> {
        read_listed(&self.root, file, &self.files)
    }

    /// What lies in it, whole and in memory; the frames of blocks are not known before shards are read.
    ///
    /// # Errors
    /// If a table changed since, or is not one.
    pub fn full_index(&self) -> Result<Index, PackError> {
        read_index(&self.statement, |path| self.read(path))
    }

    /// Where each patient belongs.
    ///
    /// # Errors
    /// If the table changed since, or is not one.
    pub fn places(&self) -> Result<BTreeMap<String, PatientPlace>, PackError> {
        tables::read_patients(&self.read(tables::PATIENTS)?)
    }

    /// Calls with each wanted series in the order of the shards. Only one series is in memory at a time.
    ///
    /// # Errors
    /// If a table is not one, or the call says so.
    pub fn for_each_series(
        &self,
        wanted: &dyn Fn(&str) -> bool,
        call: &mut dyn FnMut(&ShardEntry, BlockEntry) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        let compression = self.compression()?;
        let open = |table: &str| {
            let path = self.root.join(table);
            File::open(&path).map_err(PackError::io("open", &path))
        };
        let mut rows = BlockRows::open(open(tables::SERIES)?, open(tables::INSTANCES)?)?;
        let mut shard: Option<ShardEntry> = None;
        while let Some((path, block)) = rows.next(wanted)? {
            if shard.as_ref().is_none_or(|shard| shard.path() != path) {
                let mut listed = self.statement.shards().iter();
                let summary = listed.find(|summary| summary.path == path);
                let summary = summary.ok_or_else(|| {
                    PackError::damaged(tables::SERIES, "the manifest lists no such shard")
                })?;
                shard = Some(tables::empty_shard(summary, compression)?);
            }
            if let Some(shard) = &shard {
                call(shard, block)?;
            }
        }
        Ok(())
    }

    /// Calls with the UID of each series; the instances are not looked at.
    ///
    /// # Errors
    /// If the table is not one.
    pub fn for_each_name(&self, call: &mut dyn FnMut(&str)) -> Result<(), PackError> {
        let path = self.root.join(tables::SERIES);
        let file = File::open(&path).map_err(PackError::io("open", &path))?;
        tables::series_names(file, call)
    }

    fn compression(&self) -> Result<Compression, PackError> {
        let compression = self.statement.compression();
        compression.ok_or_else(|| {
            PackError::damaged(self.statement.file(), "the compression is not known")
        })
    }
}

/// Reads the index with the help of somebody who gives the bytes of a table.
pub(crate) fn read_index(
    statement: &Statement,
    table: impl Fn(&str) -> Result<Vec<u8>, PackError>,
) -> Result<Index, PackError> {
    let compression = statement
        .compression()
        .ok_or_else(|| PackError::damaged(statement.file(), "the compression is not known"))?;
    tables::read(
        statement.shards(),
        compression,
        &table(tables::PATIENTS)?,
        &table(tables::SERIES)?,
        &table(tables::INSTANCES)?,
    )
}

fn read_list(root: &Path, file: &str) -> Result<BTreeMap<String, Digest>, PackError> {
    let path = root.join(file);
    let bytes = fs::read(&path)
        .map_err(|error| PackError::not_a_package(root, format!("{file}: {error}")))?;
    parse_list(file, &bytes)
}

fn parse_list(file: &str, bytes: &[u8]) -> Result<BTreeMap<String, Digest>, PackError> {
    let text = str::from_utf8(bytes).map_err(|_| PackError::damaged(file, "it is not UTF-8"))?;
    bag::parse_manifest(text).map_err(|why| PackError::damaged(file, why))
}

fn read_listed(
    root: &Path,
    file: &str,
    list: &BTreeMap<String, Digest>,
) -> Result<Vec<u8>, PackError> {
    let expected = list
        .get(file)
        .ok_or_else(|| PackError::not_a_package(root, format!("{file} is not listed")))?;
    let path = root.join(file);
    let bytes = fs::read(&path).map_err(PackError::io("read", &path))?;
    if Digest::of(&bytes) == *expected {
        Ok(bytes)
    } else {
        Err(PackError::damaged(file, "its digest is not the listed one"))
    }
}
