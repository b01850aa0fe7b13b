//! Writing a package: beside its place, resumable by shards, and renamed when it is whole.

use crate::bag::{self, BagInfo, Files};
use crate::canonical;
use crate::columnar;
use crate::error::PackError;
use crate::index::{Index, PatientPlace};
use crate::labels::BundleLabels;
use crate::manifest::{BUNDLE_FILE, BUNDLE_SCHEMA, BundleFacts, BundleManifest};
use crate::names::is_safe_path;
use crate::readme;
use crate::seekable::Compression;
use crate::shard::{ShardEntry, ShardPlace, ShardWriter, sync_folder};
use crate::signing::SigningKey;
use crate::tables;
use cloakroom_core::{Digest, Hasher};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The folder of a package that is being written, which holds what a killed run had finished.
const WORK: &str = ".work";
const LOCK: &str = ".lock";

/// The folder of the shards of a bundle.
pub(crate) const BUNDLE_SHARDS: &str = "data/shards";

/// Collects shards, evidence and tables in `OUT.partial`, and renames it to `OUT` at the end.
///
/// A run that was killed begins again with the same folder; its finished shards are found by
/// [`PackageBuilder::completed_shard`], everything else is written anew, and what no run needs is swept away.
pub struct PackageBuilder {
    out: PathBuf,
    root: PathBuf,
    files: Files,
    shards: Vec<ShardEntry>,
    labels: Option<BundleLabels>,
    lock: File,
}

/// What was noted when a shard was finished.
#[derive(Serialize, Deserialize)]
struct FinishedShard {
    plan: Digest,
    shard: ShardEntry,
}

impl PackageBuilder {
    /// Opens `OUT.partial` and locks it.
    ///
    /// # Errors
    /// If `OUT` exists, another run writes it, or the disk fails.
    pub fn begin(out: &Path) -> Result<Self, PackError> {
        let mut name = out
            .file_name()
            .ok_or_else(|| PackError::UnsafeName(out.display().to_string()))?
            .to_owned();
        if fs::symlink_metadata(out).is_ok() {
            return Err(PackError::Exists(out.into()));
        }
        name.push(".partial");
        let root = out.with_file_name(name);
        let work = root.join(WORK);
        fs::create_dir_all(&work).map_err(PackError::io("create", &work))?;
        let path = root.join(LOCK);
        let lock = File::create(&path).map_err(PackError::io("create", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PackError::Busy(out.into())),
            Err(TryLockError::Error(error)) => return Err(PackError::io("lock", &path)(error)),
        }
        Ok(Self {
            out: out.into(),
            root,
            files: Files::new(),
            shards: Vec::new(),
            labels: None,
            lock,
        })
    }

    /// The place of a bundle's shard.
    #[must_use]
    pub fn bundle_shard(facts: &BundleFacts, sequence: u32) -> ShardPlace {
        ShardPlace {
            folder: BUNDLE_SHARDS.into(),
            stem: facts.stem(),
            sequence,
        }
    }

    /// A shard that an earlier, interrupted run finished under the same plan, read again and found whole.
    ///
    /// The plan is a digest of everything that decides the bytes of the shard: inputs, decisions, profile, keys.
    ///
    /// # Errors
    /// If the disk fails. A note or file that is damaged is no error: the shard is then written again.
    pub fn completed_shard(
        &self,
        place: &ShardPlace,
        plan: &Digest,
    ) -> Result<Option<ShardEntry>, PackError> {
        let Ok(note) = fs::read(self.note_path(place)) else {
            return Ok(None);
        };
        let Ok(note) = serde_json::from_slice::<FinishedShard>(&note) else {
            return Ok(None);
        };
        let same_place = note.shard.folder == place.folder && note.shard.sequence == place.sequence;
        if note.plan != *plan || !same_place || !is_safe_path(&note.shard.path()) {
            return Ok(None);
        }
        let path = self.root.join(note.shard.path());
        match hash_file(&path) {
            Ok(found) if found == (note.shard.sha256, note.shard.bytes) => Ok(Some(note.shard)),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PackError::io("read", &path)(error)),
        }
    }

    /// Opens a new shard.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn shard(
        &self,
        place: ShardPlace,
        compression: Compression,
    ) -> Result<ShardWriter, PackError> {
        if !is_safe_path(&place.folder) || !is_safe_path(&place.stem) || place.stem.contains('/') {
            return Err(PackError::UnsafeName(place.stem));
        }
        ShardWriter::create(&self.root, place, compression)
    }

    /// Takes a finished shard into the package, and notes it for a later run.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn add_shard(
        &mut self,
        place: &ShardPlace,
        shard: ShardEntry,
        plan: &Digest,
    ) -> Result<(), PackError> {
        let path = self.note_path(place);
        let note = FinishedShard { plan: *plan, shard };
        let text = serde_json::to_vec(&note)
            .map_err(|error| PackError::io("write", &path)(error.into()))?;
        let temporary = path.with_extension("partial");
        write_synchronised(&temporary, &text)?;
        fs::rename(&temporary, &path).map_err(PackError::io("rename", &path))?;
        self.take_shard(note.shard);
        Ok(())
    }

    pub(crate) fn take_shard(&mut self, shard: ShardEntry) {
        self.files.insert(shard.path(), (shard.sha256, shard.bytes));
        self.shards.push(shard);
    }

    pub(crate) fn take_labels(&mut self, labels: BundleLabels) {
        self.labels = Some(labels);
    }

    fn note_path(&self, place: &ShardPlace) -> PathBuf {
        let name = format!("{}-{:06}.json", place.stem, place.sequence);
        self.root.join(WORK).join(name)
    }

    /// Adds evidence: `name` becomes `evidence/NAME`. A crosswalk or a catalogue stays in the hospital.
    ///
    /// # Errors
    /// If the name is not safe or says that it is a crosswalk or catalogue, or the disk fails.
    pub fn add_evidence(&mut self, name: &str, content: &mut dyn Read) -> Result<(), PackError> {
        let lower = name.to_ascii_lowercase();
        if !is_safe_path(name) || lower.contains("crosswalk") || lower.contains("catalogue") {
            return Err(PackError::UnsafeName(name.into()));
        }
        self.add_file(&format!("evidence/{name}"), content)
            .map(drop)
    }

    /// Writes a file of the package and remembers its digest.
    pub(crate) fn add_file(
        &mut self,
        path: &str,
        content: &mut dyn Read,
    ) -> Result<Digest, PackError> {
        if !is_safe_path(path) {
            return Err(PackError::UnsafeName(path.into()));
        }
        let target = self.root.join(path);
        let folder = target.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(PackError::io("create", folder))?;
        let mut file = File::create(&target).map_err(PackError::io("create", &target))?;
        let digest = copy_hashed(content, &mut file).map_err(PackError::io("write", &target))?;
        file.sync_all()
            .map_err(PackError::io("synchronise", &target))?;
        self.files.insert(path.into(), digest);
        Ok(digest.0)
    }

    /// Writes a file of the package through a call, and remembers its digest.
    pub(crate) fn add_written(
        &mut self,
        path: &str,
        write: &dyn Fn(&mut (dyn Write + Send)) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        let target = self.root.join(path);
        let folder = target.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(PackError::io("create", folder))?;
        let file = File::create(&target).map_err(PackError::io("create", &target))?;
        let mut hashing = HashingWriter {
            file: io::BufWriter::with_capacity(BUFFER, file),
            hasher: Hasher::new(),
            count: 0,
        };
        write(&mut hashing)?;
        hashing
            .file
            .flush()
            .and_then(|()| hashing.file.get_ref().sync_all())
            .map_err(PackError::io("write", &target))?;
        self.files
            .insert(path.into(), (hashing.hasher.finish(), hashing.count));
        Ok(())
    }

    /// Writes the tables that are not written yet.
    pub(crate) fn add_tables(&mut self, index: &Index) -> Result<(), PackError> {
        for path in tables::ALL {
            if !self.files.contains_key(path) {
                self.add_written(path, &|out| tables::write(index, path, out))?;
            }
        }
        Ok(())
    }

    /// Writes a Parquet file beside each table.
    pub(crate) fn add_parquet(&mut self) -> Result<(), PackError> {
        for table in tables::ALL {
            let Some(path) = columnar::path_of(table) else {
                continue;
            };
            let source = self.root.join(table);
            self.add_written(&path, &|out| {
                let csv = File::open(&source).map_err(PackError::io("open", &source))?;
                columnar::write(table, csv, out)
            })?;
        }
        Ok(())
    }

    pub(crate) fn add_text(&mut self, path: &str, text: &str) -> Result<(), PackError> {
        self.add_file(path, &mut text.as_bytes()).map(drop)
    }

    pub(crate) fn add_json<T: Serialize>(
        &mut self,
        path: &str,
        value: &T,
    ) -> Result<(), PackError> {
        let text = canonical::to_text(value)
            .map_err(|error| PackError::io("write", path)(error.into()))?;
        self.add_text(path, &text)
    }

    /// The folder that is being written.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The index of what has been added; the shards are sorted by path.
    pub(crate) fn index(
        &mut self,
        place: impl Fn(&str) -> PatientPlace,
    ) -> Result<Index, PackError> {
        self.shards.sort_by_key(ShardEntry::path);
        let mut index = Index {
            shards: std::mem::take(&mut self.shards),
            ..Index::default()
        };
        let mut series = BTreeSet::new();
        for block in index.shards.iter().flat_map(|shard| &shard.blocks) {
            if !series.insert(&block.series) {
                return Err(PackError::SeriesTwice(block.series.clone()));
            }
            if !index.patients.contains_key(&block.patient) {
                index
                    .patients
                    .insert(block.patient.clone(), place(&block.patient));
            }
        }
        Ok(index)
    }

    /// Writes the tables, the manifest and the signature of a bundle and gives the folder its name.
    ///
    /// # Errors
    /// If a series occurs twice or the disk fails.
    pub fn finish_bundle(
        mut self,
        facts: BundleFacts,
        key: &SigningKey,
    ) -> Result<PathBuf, PackError> {
        let site = facts.site.to_string();
        let index = self.index(|_| PatientPlace {
            site: site.clone(),
            split: String::new(),
        })?;
        let identifier = facts.stem();
        let info = BagInfo {
            description: format!(
                "De-identified images of site {site} for track {}",
                facts.track
            ),
            organization: site.clone(),
            date: facts.date.to_string(),
            software: format!("{} {}", facts.tool.name, facts.tool.version),
            identifier,
        };
        let manifest = BundleManifest {
            labels: self.labels.take(),
            ..BundleManifest::new(facts, &index, key.public())
        };
        self.add_text("README.md", &readme::bundle(&manifest))?;
        self.add_json(BUNDLE_FILE, &manifest)?;
        self.add_text("bundle.schema.json", BUNDLE_SCHEMA)?;
        self.seal(&index, &info, key, &|_| Vec::new())
    }

    /// The files that were added so far.
    pub(crate) const fn files(&self) -> &Files {
        &self.files
    }

    /// Writes tables and bag files, signs, adds to `post/` what can only be said then, sweeps, synchronises and renames.
    pub(crate) fn seal(
        mut self,
        index: &Index,
        info: &BagInfo,
        key: &SigningKey,
        afterwards: &dyn Fn(&Files) -> Vec<(String, String)>,
    ) -> Result<PathBuf, PackError> {
        self.add_tables(index)?;
        let payload: Files = self
            .files
            .iter()
            .filter(|(path, _)| bag::is_payload(path))
            .map(|(path, file)| (path.clone(), *file))
            .collect();
        self.add_text(bag::DECLARATION, bag::DECLARATION_TEXT)?;
        self.add_text(bag::INFO, &info.text(&payload))?;
        self.add_text(bag::MANIFEST, &bag::manifest_text(&payload))?;
        let mut tags = self.files.clone();
        tags.retain(|path, _| !bag::is_payload(path) && !bag::is_unlisted(path));
        let tags = bag::manifest_text(&tags);
        self.add_text(bag::TAG_MANIFEST, &tags)?;
        let comment = format!("{} {}", info.identifier, info.date);
        self.add_text(bag::SIGNATURE, &key.sign(tags.as_bytes(), &comment))?;
        for (path, text) in afterwards(&self.files) {
            self.add_text(&path, &text)?;
            let signature = key.sign(text.as_bytes(), &format!("{path} {comment}"));
            self.add_text(&format!("{path}.minisig"), &signature)?;
        }
        self.sweep(&self.root.clone(), "")?;
        if fs::symlink_metadata(&self.out).is_ok() {
            return Err(PackError::Exists(self.out));
        }
        fs::rename(&self.root, &self.out).map_err(PackError::io("rename", &self.out))?;
        match self.out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent)?,
            _ => sync_folder(Path::new("."))?,
        }
        drop(self.lock);
        Ok(self.out)
    }

    /// Removes whatever the package does not list, and synchronises every folder.
    fn sweep(&self, folder: &Path, inside: &str) -> Result<(), PackError> {
        let list = fs::read_dir(folder).map_err(PackError::io("list", folder))?;
        for entry in list {
            let entry = entry.map_err(PackError::io("list", folder))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(PackError::io("look at", &path))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let inner = if inside.is_empty() {
                name.into_owned()
            } else {
                format!("{inside}/{name}")
            };
            if !kind.is_dir() {
                if !self.files.contains_key(&inner) {
                    fs::remove_file(&path).map_err(PackError::io("remove", &path))?;
                }
                continue;
            }
            let prefix = format!("{inner}/");
            if self.files.keys().any(|path| path.starts_with(&prefix)) {
                self.sweep(&path, &inner)?;
            } else {
                fs::remove_dir_all(&path).map_err(PackError::io("remove", &path))?;
            }
        }
        sync_folder(folder)
    }
}

struct HashingWriter {
    file: io::BufWriter<File>,
    hasher: Hasher,
    count: u64,
}

impl Write for HashingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn write_synchronised(path: &Path, content: &[u8]) -> Result<(), PackError> {
    let mut file = File::create(path).map_err(PackError::io("create", path))?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .map_err(PackError::io("write", path))
}

/// The digest and size of a file.
pub(crate) fn hash_file(path: &Path) -> io::Result<(Digest, u64)> {
    copy_hashed(&mut File::open(path)?, &mut io::sink())
}

const BUFFER: usize = 1 << 18;

/// Copies and takes the digest on the way.
pub(crate) fn copy_hashed(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<(Digest, u64)> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; BUFFER];
    let mut total = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok((hasher.finish(), total)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        total += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{block, bundle_facts, write_bundle};

    #[test]
    fn an_interrupted_run_ends_in_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (key, _) = SigningKey::generate(None).unwrap();
        let whole = write_bundle(&folder.path().join("whole"), &key);
        let out = folder.path().join("killed");
        let facts = bundle_facts();
        let place = PackageBuilder::bundle_shard(&facts, 0);
        let plan = Digest::of(b"plan");
        {
            let mut builder = PackageBuilder::begin(&out).unwrap();
            let mut writer = builder
                .shard(place.clone(), Compression::default())
                .unwrap();
            let (bytes, entry) = block("P1", "2.25.11", 3, Compression::default());
            writer.append(entry, &mut bytes.as_slice()).unwrap();
            let (bytes, entry) = block("P1", "2.25.12", 2, Compression::default());
            writer.append(entry, &mut bytes.as_slice()).unwrap();
            let shard = writer.commit().unwrap();
            builder.add_shard(&place, shard, &plan).unwrap();
            builder
                .add_evidence("log.jsonl", &mut &b"half"[..])
                .unwrap();
            fs::write(builder.root().join("data/shards/stray.tar"), b"x").unwrap();
            fs::create_dir(builder.root().join("stray")).unwrap();
        }
        assert!(!out.exists());
        let builder = PackageBuilder::begin(&out).unwrap();
        assert!(builder.completed_shard(&place, &plan).unwrap().is_some());
        let other = Digest::of(b"another plan");
        assert!(builder.completed_shard(&place, &other).unwrap().is_none());
        drop(builder);
        let again = write_bundle(&out, &key);
        let list = |path: &Path| fs::read(path.join(bag::TAG_MANIFEST)).unwrap();
        assert_eq!(list(&whole), list(&again));
        let signature = |path: &Path| fs::read(path.join(bag::SIGNATURE)).unwrap();
        assert_eq!(signature(&whole), signature(&again));
        assert!(!again.join("stray").exists());
        assert!(!again.join("data/shards/stray.tar").exists());
        assert!(!again.join(WORK).exists() && !again.join(LOCK).exists());
    }

    #[test]
    fn a_damaged_shard_of_an_earlier_run_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let mut builder = PackageBuilder::begin(&out).unwrap();
        let place = PackageBuilder::bundle_shard(&bundle_facts(), 0);
        let mut writer = builder
            .shard(place.clone(), Compression::default())
            .unwrap();
        let (bytes, entry) = block("P1", "2.25.11", 3, Compression::default());
        writer.append(entry, &mut bytes.as_slice()).unwrap();
        let shard = writer.commit().unwrap();
        let path = builder.root().join(shard.path());
        let plan = Digest::of(b"plan");
        builder.add_shard(&place, shard, &plan).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes[9] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(builder.completed_shard(&place, &plan).unwrap().is_none());
        fs::remove_file(&path).unwrap();
        assert!(builder.completed_shard(&place, &plan).unwrap().is_none());
    }

    #[test]
    fn two_runs_and_finished_packages_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let first = PackageBuilder::begin(&out).unwrap();
        assert!(matches!(
            PackageBuilder::begin(&out),
            Err(PackError::Busy(_))
        ));
        drop(first);
        let (key, _) = SigningKey::generate(None).unwrap();
        write_bundle(&out, &key);
        assert!(matches!(
            PackageBuilder::begin(&out),
            Err(PackError::Exists(_))
        ));
    }

    #[test]
    fn a_crosswalk_is_no_evidence() {
        let folder = tempfile::tempdir().unwrap();
        let mut builder = PackageBuilder::begin(&folder.path().join("out")).unwrap();
        for name in ["crosswalk.csv", "Catalogue.sqlite", "../x", "a b", ""] {
            assert!(builder.add_evidence(name, &mut &b""[..]).is_err(), "{name}");
        }
    }
}
