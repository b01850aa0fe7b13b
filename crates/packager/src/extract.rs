//! A package back to plain files, each checked against its digest before it gets its name.

use crate::bag;
use crate::block::{BlockEntry, MemberEntry};
use crate::builder::hash_file;
use crate::decode::{MemberSink, TarChecker, decode_frames};
use crate::error::PackError;
use crate::names::split_member_name;
use crate::package::Package;
use crate::shard::ShardEntry;
use cloakroom_core::Digest;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What to extract.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// Everything.
    All,
    /// These series, by released Series Instance UID.
    Series(&'a [String]),
}

/// How much was extracted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extracted {
    /// Series.
    pub series: u64,
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A file that an unfinished extraction leaves in its folder: the digest of the package's tag manifest.
const UNFINISHED: &str = ".extracting";

/// How many series are unpacked at once; more are not held in memory.
const AT_ONCE: usize = 64;

/// Writes `OUT/PATIENT/SERIES/NNNN.dcm`. Only the byte ranges of the wanted series are read.
///
/// An extraction that was stopped goes on when it is called again: what is whole stays as it is.
///
/// # Errors
/// If `out` is neither free nor an unfinished extraction of this package, a series is not in the package, an object
/// is not what the index says, a name is unsafe, something else lies where a file belongs, or the disk fails. What
/// was written until then stays, each file whole.
pub fn extract(
    package: &Package,
    selection: Selection<'_>,
    out: &Path,
) -> Result<Extracted, PackError> {
    if let Some(series) = missing(package, selection)? {
        return Err(PackError::NoSuchSeries(series));
    }
    prepare(package, out)?;
    let wanted = |series: &str| selection.wants(series);
    let mut extracted = Extracted::default();
    let mut waiting: Vec<(ShardEntry, BlockEntry)> = Vec::new();
    let unpack = |waiting: &mut Vec<(ShardEntry, BlockEntry)>| {
        let unpacked = waiting
            .par_iter()
            .try_for_each(|(shard, block)| extract_block(package.root(), shard, block, out));
        waiting.clear();
        unpacked
    };
    package.for_each_series(&wanted, &mut |shard, block| {
        check_names(&block)?;
        extracted.series += 1;
        extracted.files += block.members.len() as u64;
        extracted.bytes += block.content_bytes();
        waiting.push((shard.clone(), block));
        match waiting.len() {
            AT_ONCE => unpack(&mut waiting),
            _ => Ok(()),
        }
    })?;
    unpack(&mut waiting)?;
    let mark = out.join(UNFINISHED);
    fs::remove_file(&mark).map_err(PackError::io("remove", &mark))?;
    Ok(extracted)
}

impl Selection<'_> {
    fn wants(self, series: &str) -> bool {
        match self {
            Self::All => true,
            Self::Series(wanted) => wanted.iter().any(|one| one == series),
        }
    }
}

/// A wanted series that is not there, if there is one.
fn missing(package: &Package, selection: Selection<'_>) -> Result<Option<String>, PackError> {
    let Selection::Series(wanted) = selection else {
        return Ok(None);
    };
    let mut missing: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    package.for_each_name(&mut |series| {
        missing.remove(series);
    })?;
    Ok(missing.into_iter().next().map(str::to_owned))
}

/// A name that leads out of its folder is refused before anything of its series is written.
fn check_names(block: &BlockEntry) -> Result<(), PackError> {
    let unsafe_one = block
        .members
        .iter()
        .find(|member| split_member_name(&member.name).is_none());
    match unsafe_one {
        Some(member) => Err(PackError::UnsafeName(member.name.clone())),
        None => Ok(()),
    }
}

/// A folder that was not there or is empty holds no link that could lead out of it; an unfinished extraction of the
/// same package may go on, and [`Files::create`] looks at every link in it.
fn prepare(package: &Package, out: &Path) -> Result<(), PackError> {
    fs::create_dir_all(out).map_err(PackError::io("create", out))?;
    let tags = package.root().join(bag::TAG_MANIFEST);
    let tags = fs::read(&tags).map_err(PackError::io("read", &tags))?;
    let mine = Digest::of(&tags).to_string();
    let mark = out.join(UNFINISHED);
    let mut list = fs::read_dir(out).map_err(PackError::io("list", out))?;
    let goes_on = fs::read_to_string(&mark).is_ok_and(|found| found == mine);
    if list.next().is_some() && !goes_on {
        return Err(PackError::Exists(out.into()));
    }
    fs::write(&mark, mine).map_err(PackError::io("write", &mark))
}

fn extract_block(
    root: &Path,
    shard: &ShardEntry,
    block: &BlockEntry,
    out: &Path,
) -> Result<(), PackError> {
    let path = root.join(shard.path());
    let mut file = File::open(&path).map_err(PackError::io("open", &path))?;
    file.seek(SeekFrom::Start(block.offset))
        .map_err(PackError::io("read", &path))?;
    let mut bytes = BufReader::with_capacity(1 << 17, file.take(block.length));
    let mut checker = TarChecker::new(&block.members, Files::new(out));
    let decoded = decode_frames(&mut bytes, shard.compression, &mut checker);
    let (_, fault, mut files) = checker.finish();
    let problem = files.problem.take();
    drop(files);
    if let Some(problem) = problem {
        return Err(problem);
    }
    if let Some(fault) = fault {
        return Err(PackError::damaged(shard.path(), format!("{fault:?}")));
    }
    decoded
        .map(drop)
        .map_err(|error| PackError::damaged(shard.path(), error.to_string()))
}

/// Writes each member to a file without a final name, and names it when its digest is right.
struct Files<'a> {
    out: &'a Path,
    open: Option<(File, PathBuf)>,
    problem: Option<PackError>,
}

impl<'a> Files<'a> {
    const fn new(out: &'a Path) -> Self {
        Self {
            out,
            open: None,
            problem: None,
        }
    }

    fn note<T>(&mut self, result: Result<T, PackError>) -> io::Result<T> {
        result.map_err(|problem| {
            self.problem = Some(problem);
            io::Error::other("extraction stopped")
        })
    }

    /// A new file beside the place of the member; none if the member is there already and whole.
    fn create(&self, member: &MemberEntry) -> Result<Option<(File, PathBuf)>, PackError> {
        let target = self.out.join(&member.name);
        for folder in target.ancestors().skip(1).take(2) {
            if fs::symlink_metadata(folder).is_ok_and(|found| !found.is_dir()) {
                return Err(PackError::Exists(folder.into()));
            }
        }
        if let Ok(found) = fs::symlink_metadata(&target) {
            let whole = found.is_file()
                && hash_file(&target).is_ok_and(|found| found == (member.sha256, member.size));
            return match whole {
                true => Ok(None),
                false => Err(PackError::Exists(target)),
            };
        }
        let path = target.with_extension("partial");
        let folder = path.parent().unwrap_or(self.out);
        fs::create_dir_all(folder).map_err(PackError::io("create", folder))?;
        // A file without its name was left by a run that was stopped.
        if fs::symlink_metadata(&path).is_ok() {
            fs::remove_file(&path).map_err(PackError::io("remove", &path))?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(PackError::io("create", &path))?;
        Ok(Some((file, path)))
    }

    fn name(&mut self, member: &MemberEntry, digest: Digest) -> Result<(), PackError> {
        let Some((_, temporary)) = &self.open else {
            return Ok(());
        };
        if digest != member.sha256 {
            let why = "its digest is not the one of the index";
            return Err(PackError::damaged(&member.name, why));
        }
        let target = self.out.join(&member.name);
        fs::rename(temporary, &target).map_err(PackError::io("rename", &target))?;
        self.open = None;
        Ok(())
    }
}

impl Drop for Files<'_> {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.open {
            let _ = fs::remove_file(path);
        }
    }
}

impl MemberSink for Files<'_> {
    fn begin(&mut self, member: &MemberEntry) -> io::Result<()> {
        let open = self.create(member);
        self.open = self.note(open)?;
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = match &mut self.open {
            Some((file, path)) => file
                .write_all(bytes)
                .map_err(PackError::io("write", &*path)),
            None => Ok(()),
        };
        self.note(written)
    }

    fn end(&mut self, member: &MemberEntry, digest: Digest) -> io::Result<()> {
        let named = self.name(member, digest);
        self.note(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Compression;
    use crate::SigningKey;
    use crate::testing::{TWO_PATIENTS, bundle_facts, slice, write_bundle, write_package};

    #[test]
    fn what_went_in_comes_out() {
        let folder = tempfile::tempdir().unwrap();
        let (key, _) = SigningKey::generate(None).unwrap();
        let package = Package::open(&write_bundle(&folder.path().join("b"), &key)).unwrap();
        let out = folder.path().join("all");
        let extracted = extract(&package, Selection::All, &out).unwrap();
        assert_eq!((extracted.series, extracted.files), (3, 9));
        let (_, content) = slice("P22", "2.25.21", 3);
        assert_eq!(fs::read(out.join("P22/2.25.21/0004.dcm")).unwrap(), content);
        assert!(matches!(
            extract(&package, Selection::All, &out),
            Err(PackError::Exists(_))
        ));
        let out = folder.path().join("one");
        let wanted = ["2.25.12".to_owned()];
        let extracted = extract(&package, Selection::Series(&wanted), &out).unwrap();
        assert_eq!((extracted.series, extracted.files), (1, 2));
        assert!(out.join("P1/2.25.12/0002.dcm").exists());
        assert!(!out.join("P22").exists());
        let missing = ["2.25.99".to_owned()];
        let out = folder.path().join("none");
        assert!(matches!(
            extract(&package, Selection::Series(&missing), &out),
            Err(PackError::NoSuchSeries(_))
        ));
    }

    #[test]
    fn a_stopped_extraction_goes_on_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let (key, _) = SigningKey::generate(None).unwrap();
        let package = Package::open(&write_bundle(&folder.path().join("b"), &key)).unwrap();
        let out = folder.path().join("out");
        extract(&package, Selection::All, &out).unwrap();
        let mark = |text: &str| fs::write(out.join(UNFINISHED), text).unwrap();
        let again = || extract(&package, Selection::All, &out);
        assert!(matches!(again(), Err(PackError::Exists(_))));
        let tags = fs::read(package.root().join(bag::TAG_MANIFEST)).unwrap();
        let mine = Digest::of(&tags).to_string();
        mark(&Digest::of(b"another").to_string());
        assert!(matches!(again(), Err(PackError::Exists(_))));
        // A killed run: one file is missing, one has no name yet, one is whole.
        mark(&mine);
        let lost = out.join("P22/2.25.21/0004.dcm");
        let content = fs::read(&lost).unwrap();
        fs::rename(&lost, lost.with_extension("partial")).unwrap();
        let kept = out.join("P1/2.25.11/0001.dcm");
        let before = fs::metadata(&kept).unwrap().modified().unwrap();
        assert_eq!(again().unwrap().files, 9);
        assert_eq!(fs::read(&lost).unwrap(), content);
        assert_eq!(fs::metadata(&kept).unwrap().modified().unwrap(), before);
        assert!(!lost.with_extension("partial").exists() && !out.join(UNFINISHED).exists());
        // What somebody wrote there is not overwritten.
        mark(&mine);
        fs::write(&kept, "mine").unwrap();
        assert!(matches!(again(), Err(PackError::Exists(path)) if path == kept));
        assert_eq!(fs::read(&kept).unwrap(), b"mine");
        // A link is not followed out of the folder.
        fs::remove_dir_all(out.join("P1")).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, out.join("P1")).unwrap();
        assert!(again().is_err());
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }

    #[test]
    fn a_changed_shard_gives_no_file_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let (key, _) = SigningKey::generate(None).unwrap();
        let root = write_package(
            &folder.path().join("b"),
            &key,
            bundle_facts(),
            TWO_PATIENTS,
            Compression::None,
        );
        let package = Package::open(&root).unwrap();
        let index = package.full_index().unwrap();
        let (shard, block) = index.find_series("2.25.21").unwrap();
        let path = root.join(shard.path());
        let mut bytes = fs::read(&path).unwrap();
        bytes[(block.offset + block.length / 2) as usize] ^= 4;
        fs::write(&path, bytes).unwrap();
        let out = folder.path().join("out");
        let wanted = ["2.25.21".to_owned()];
        assert!(extract(&package, Selection::Series(&wanted), &out).is_err());
        let files = |folder: &Path| match fs::read_dir(folder) {
            Ok(list) => list.map(|entry| entry.unwrap().file_name()).collect(),
            Err(_) => Vec::new(),
        };
        let names = files(&out.join("P22/2.25.21"));
        assert!(
            names
                .iter()
                .all(|name| name.to_str().unwrap().ends_with(".dcm"))
        );
        assert!(names.len() < 4, "{names:?}");
    }
}
