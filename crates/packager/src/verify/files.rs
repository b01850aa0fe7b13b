//! The files of a package against its two lists.

use super::fault::{Fault, FaultKind};
use crate::bag;
use crate::builder::hash_file;
use crate::names::{is_safe_path, split_shard_name};
use crate::package::Statement;
use crate::release::{PURGED, PURGED_SIGNATURE};
use crate::shard::ShardEntry;
use crate::signing::PublicKey;
use cloakroom_core::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

/// A folder on disk, its two lists, and the faults found so far.
pub(super) struct Folder {
    root: PathBuf,
    /// What is there, with sizes.
    present: BTreeMap<String, u64>,
    /// What the lists say, tag files and payload together.
    listed: BTreeMap<String, Digest>,
    /// What was read, with its digest.
    seen: BTreeMap<String, (Digest, u64)>,
    /// The folders, outermost first.
    folders: Vec<String>,
    /// Shards that the signer removed because a withdrawn patient was in them.
    purged: BTreeSet<String>,
    pub(super) faults: Vec<Fault>,
}

/// Files of a package other than shards are small; more than this is read in pieces and never kept.
const LARGEST_KEPT: u64 = 8 << 30;

impl Folder {
    pub(super) fn list(root: &Path) -> Self {
        let mut folder = Self {
            root: root.into(),
            present: BTreeMap::new(),
            listed: BTreeMap::new(),
            seen: BTreeMap::new(),
            folders: Vec::new(),
            purged: BTreeSet::new(),
            faults: Vec::new(),
        };
        folder.walk(root, "", 0);
        folder
    }

    /// A package has no folder without a file, and no list could name one. What should be in it may be missing.
    fn name_empty_folders(&mut self) {
        let empty: Vec<String> = self
            .folders
            .drain(..)
            .filter(|name| {
                let inside = format!("{name}/");
                let has = |path: &String| path.starts_with(&inside);
                !self.present.keys().chain(self.listed.keys()).any(has)
                    && !self.faults.iter().any(|fault| has(&fault.file))
            })
            .collect();
        for name in empty {
            self.fault(FaultKind::FileExtra, &name, "it is an empty folder");
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn walk(&mut self, path: &Path, inside: &str, depth: usize) {
        let list = match fs::read_dir(path) {
            Ok(list) if depth < 32 => list,
            Ok(_) => return self.fault(FaultKind::UnsafeName, inside, "it is nested too deeply"),
            Err(error) => return self.unreadable(inside, &error),
        };
        for entry in list {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.unreadable(inside, &error),
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            let inner = match inside {
                "" => name,
                inside => format!("{inside}/{name}"),
            };
            let kind = match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => {
                    self.folders.push(inner.clone());
                    self.walk(&entry.path(), &inner, depth + 1);
                    continue;
                }
                Ok(metadata) => metadata,
                Err(error) => {
                    self.unreadable(&inner, &error);
                    continue;
                }
            };
            if !kind.is_file() {
                self.faults.push(Fault::new(FaultKind::NotAFile, inner));
            } else if is_safe_path(&inner) {
                self.present.insert(inner, kind.len());
            } else {
                self.faults.push(Fault::new(FaultKind::UnsafeName, inner));
            }
        }
    }

    pub(super) fn fault(&mut self, kind: FaultKind, file: &str, why: impl Into<String>) {
        self.faults.push(Fault::new(kind, file).because(why));
    }

    fn unreadable(&mut self, file: &str, error: &io::Error) {
        self.fault(FaultKind::Unreadable, file, error.to_string());
    }

    /// Takes the list of purged shards, if the key that the package names has signed it.
    pub(super) fn read_purged(&mut self, statement: Option<&Statement>) {
        if !self.has(PURGED) {
            return;
        }
        let signature = self.read(PURGED_SIGNATURE);
        let (Some(list), Some(signature), Some(statement)) =
            (self.read(PURGED), signature, statement)
        else {
            return;
        };
        let signature = String::from_utf8_lossy(&signature);
        let key = statement.signing_key();
        if key.check_exactly(Cursor::new(&list), &signature).is_none() {
            self.faults
                .push(Fault::new(FaultKind::SignatureWrong, PURGED_SIGNATURE));
            return;
        }
        match bag::parse_manifest(&String::from_utf8_lossy(&list)) {
            Ok(list) => {
                self.purged = list
                    .into_keys()
                    .filter(|path| bag::is_payload(path))
                    .collect()
            }
            Err(why) => self.fault(FaultKind::ManifestMalformed, PURGED, why),
        }
    }

    /// What came later stands in no list, so each such file has a signature of its own by the key of the package.
    pub(super) fn check_afterwards(&mut self, key: &PublicKey) {
        let later: Vec<String> = self
            .present
            .keys()
            .filter(|path| path.starts_with(bag::AFTERWARDS))
            .cloned()
            .collect();
        for path in later {
            let signed = match path.strip_suffix(".minisig") {
                Some(file) => self.has(file),
                None => self.is_signed(&path, key),
            };
            if !signed {
                self.fault(
                    FaultKind::FileExtra,
                    &path,
                    "it came later, and the key of this package did not sign it",
                );
            }
        }
    }

    /// Whether the signature beside a file is one of it, at this place, by a key.
    fn is_signed(&self, path: &str, key: &PublicKey) -> bool {
        let read = || {
            let signature = fs::read_to_string(self.root.join(format!("{path}.minisig"))).ok()?;
            let file = fs::File::open(self.root.join(path)).ok()?;
            key.check_exactly(io::BufReader::new(file), &signature)
        };
        self.has(&format!("{path}.minisig"))
            && read().is_some_and(|comment| comment.split(' ').next() == Some(path))
    }

    /// The fault of a file that is not there.
    fn missing(&mut self, file: &str) {
        let kind = match self.purged.contains(file) {
            true => FaultKind::Purged,
            false => FaultKind::FileMissing,
        };
        self.faults.push(Fault::new(kind, file));
    }

    /// The bytes of a file, read once; `None`, with a fault, if that fails.
    pub(super) fn read(&mut self, file: &str) -> Option<Vec<u8>> {
        match self.present.get(file) {
            None => {
                self.faults.push(Fault::new(FaultKind::FileMissing, file));
                return None;
            }
            Some(size) if *size > LARGEST_KEPT => {
                self.fault(FaultKind::Unreadable, file, "it is too large");
                return None;
            }
            Some(_) => {}
        }
        match fs::read(self.root.join(file)) {
            Ok(bytes) => {
                let seen = (Digest::of(&bytes), bytes.len() as u64);
                self.seen.insert(file.into(), seen);
                Some(bytes)
            }
            Err(error) => {
                self.unreadable(file, &error);
                None
            }
        }
    }

    /// Reads a file that the lists have, and compares its digest.
    pub(super) fn read_listed(&mut self, file: &str) -> Option<Vec<u8>> {
        let bytes = self.read(file)?;
        self.compare(file);
        Some(bytes)
    }

    fn compare(&mut self, file: &str) {
        let (seen, listed) = (self.seen.get(file), self.listed.get(file));
        match (seen, listed) {
            (Some((seen, _)), Some(listed)) if seen != listed => {
                self.faults.push(Fault::new(FaultKind::FileChanged, file));
            }
            (Some(_), None) => self.faults.push(Fault::new(FaultKind::FileExtra, file)),
            _ => {}
        }
    }

    /// Checks declaration and lists, and all tag files against the lists. Returns the bytes of the tag manifest.
    pub(super) fn check_lists(&mut self) -> Option<Vec<u8>> {
        match self.read(bag::DECLARATION) {
            Some(bytes) if bytes == bag::DECLARATION_TEXT.as_bytes() => {}
            _ => self.fault(
                FaultKind::NotAPackage,
                bag::DECLARATION,
                "BagIt 1.0 wants it so",
            ),
        }
        let tagmanifest = self.read(bag::TAG_MANIFEST);
        let manifest = self.read(bag::MANIFEST);
        for (file, bytes, payload) in [
            (bag::TAG_MANIFEST, tagmanifest.as_deref(), false),
            (bag::MANIFEST, manifest.as_deref(), true),
        ] {
            self.take_list(file, bytes.unwrap_or_default(), payload);
        }
        self.name_empty_folders();
        let tags: BTreeSet<String> = self
            .present
            .keys()
            .chain(self.listed.keys())
            .filter(|path| !bag::is_payload(path) && !bag::is_unlisted(path))
            .cloned()
            .collect();
        for path in tags {
            if !self.seen.contains_key(&path) {
                self.hash(&path);
            }
            self.compare(&path);
        }
        tagmanifest
    }

    fn take_list(&mut self, file: &str, bytes: &[u8], payload: bool) {
        let parsed = str::from_utf8(bytes)
            .map_err(|_| "it is not UTF-8".to_owned())
            .and_then(bag::parse_manifest);
        match parsed {
            Err(why) => self.fault(FaultKind::ManifestMalformed, file, why),
            Ok(list) => {
                for (path, digest) in list {
                    if bag::is_payload(&path) != payload || bag::is_unlisted(&path) {
                        self.fault(
                            FaultKind::ManifestMalformed,
                            file,
                            format!("{path} does not belong here"),
                        );
                    } else {
                        self.listed.insert(path, digest);
                    }
                }
            }
        }
    }

    fn hash(&mut self, file: &str) {
        if !self.present.contains_key(file) {
            self.missing(file);
            return;
        }
        match hash_file(&self.root.join(file)) {
            Ok(seen) => {
                self.seen.insert(file.into(), seen);
            }
            Err(error) => self.unreadable(file, &error),
        }
    }

    /// Notes what the reader of a shard saw of its file.
    pub(super) fn note_shard(&mut self, path: &str, seen: Option<(Digest, u64)>) {
        if !self.present.contains_key(path) {
            self.missing(path);
        }
        if let Some(seen) = seen {
            self.seen.insert(path.into(), seen);
        }
    }

    /// Compares the payload with its list and the shards of the statement, and the Oxum with both.
    pub(super) fn compare_payload(&mut self, shards: &[ShardEntry]) {
        let stated: BTreeMap<String, &ShardEntry> =
            shards.iter().map(|shard| (shard.path(), shard)).collect();
        for path in self.payload_paths() {
            if !self.seen.contains_key(&path) && !self.reported(&path) {
                self.hash(&path);
            }
            self.compare(&path);
            let is_shard = path
                .rsplit('/')
                .next()
                .is_some_and(|name| split_shard_name(name).is_some());
            match (stated.get(&path), self.seen.get(&path).copied()) {
                (Some(shard), Some(seen)) => self.compare_shard(&path, shard, seen),
                (None, Some(_)) if is_shard => {
                    self.faults.push(Fault::new(FaultKind::ShardUnlisted, path));
                }
                _ => {}
            }
        }
        for path in stated
            .keys()
            .filter(|path| !self.listed.contains_key(*path))
        {
            self.faults.push(
                Fault::new(FaultKind::FileMissing, path)
                    .because("the statement lists it, the manifest does not"),
            );
        }
        self.check_oxum();
    }

    fn compare_shard(&mut self, path: &str, shard: &ShardEntry, (digest, bytes): (Digest, u64)) {
        if bytes != shard.bytes {
            self.faults.push(Fault::new(FaultKind::SizeWrong, path));
        }
        if digest != shard.sha256 {
            self.faults.push(Fault::new(FaultKind::FileChanged, path));
        }
        let named = split_shard_name(&shard.name).map(|(_, _, digits)| digits);
        if !named.is_some_and(|digits| shard.sha256.to_string().starts_with(digits)) {
            self.faults
                .push(Fault::new(FaultKind::ShardNameWrong, path));
        }
    }

    fn reported(&self, path: &str) -> bool {
        self.faults.iter().any(|fault| fault.file == path)
    }

    fn payload_paths(&self) -> BTreeSet<String> {
        let paths = self.present.keys().chain(self.listed.keys());
        paths
            .filter(|path| bag::is_payload(path))
            .cloned()
            .collect()
    }

    /// Without an index, shards are files like others.
    pub(super) fn check_payload_without_index(&mut self) {
        for path in self.payload_paths() {
            if !self.seen.contains_key(&path) {
                self.hash(&path);
                self.compare(&path);
            }
        }
        self.check_oxum();
    }

    fn check_oxum(&mut self) {
        let payload: bag::Files = self
            .listed
            .keys()
            .filter(|path| bag::is_payload(path))
            .map(|path| {
                (
                    path.clone(),
                    self.seen.get(path).copied().unwrap_or((Digest::of(b""), 0)),
                )
            })
            .collect();
        let Some(info) = self.read(bag::INFO) else {
            return;
        };
        let info = String::from_utf8_lossy(&info);
        // What was purged is no longer counted by anybody; the signed manifest still lists it.
        let purged = self
            .purged
            .iter()
            .any(|path| !self.present.contains_key(path));
        if !purged && bag::info_value(&info, "Payload-Oxum") != Some(&bag::oxum(&payload)) {
            self.faults
                .push(Fault::new(FaultKind::CountsWrong, bag::INFO));
        }
    }

    /// The digests of everything that was read.
    pub(super) fn digests(&self) -> BTreeMap<String, Digest> {
        let digests = self.seen.iter();
        digests
            .map(|(path, (digest, _))| (path.clone(), *digest))
            .collect()
    }

    /// The files that are there.
    #[cfg(test)]
    pub(super) fn paths(&self) -> Vec<String> {
        self.present.keys().cloned().collect()
    }

    pub(super) fn has(&self, file: &str) -> bool {
        self.present.contains_key(file)
    }
}
