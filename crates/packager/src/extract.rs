//! A package back to plain files, each checked against its digest before it gets its name.

use crate::block::{BlockEntry, MemberEntry};
use crate::decode::{MemberSink, TarChecker, decode_frames};
use crate::error::PackError;
use crate::names::split_member_name;
use crate::package::Package;
use crate::shard::ShardEntry;
use cloakroom_core::Digest;
use rayon::prelude::*;
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

/// Writes `OUT/PATIENT/SERIES/NNNN.dcm`. Only the byte ranges of the wanted series are read.
///
/// # Errors
/// If `out` exists and is not an empty folder, a series is not in the package, an object is not what
/// the index says, a name is unsafe, or the disk fails. What was written until then stays, each file whole.
pub fn extract(
    package: &Package,
    selection: Selection<'_>,
    out: &Path,
) -> Result<Extracted, PackError> {
    let blocks = selected(package, selection)?;
    for member in blocks.iter().flat_map(|(_, block)| &block.members) {
        if split_member_name(&member.name).is_none() {
            return Err(PackError::UnsafeName(member.name.clone()));
        }
    }
    prepare(out)?;
    blocks
        .par_iter()
        .try_for_each(|(shard, block)| extract_block(package.root(), shard, block, out))?;
    let mut extracted = Extracted::default();
    for (_, block) in &blocks {
        extracted.series += 1;
        extracted.files += block.members.len() as u64;
        extracted.bytes += block.content_bytes();
    }
    Ok(extracted)
}

type Blocks<'a> = Vec<(&'a ShardEntry, &'a BlockEntry)>;

fn selected<'a>(package: &'a Package, selection: Selection<'_>) -> Result<Blocks<'a>, PackError> {
    let index = package.index();
    match selection {
        Selection::All => Ok(index
            .shards
            .iter()
            .flat_map(|shard| shard.blocks.iter().map(move |block| (shard, block)))
            .collect()),
        Selection::Series(wanted) => wanted
            .iter()
            .map(|series| {
                index
                    .find_series(series)
                    .ok_or_else(|| PackError::NoSuchSeries(series.clone()))
            })
            .collect(),
    }
}

/// A folder that was not there or is empty holds no link that could lead out of it.
fn prepare(out: &Path) -> Result<(), PackError> {
    fs::create_dir_all(out).map_err(PackError::io("create", out))?;
    let mut list = fs::read_dir(out).map_err(PackError::io("list", out))?;
    match list.next() {
        None => Ok(()),
        Some(_) => Err(PackError::Exists(out.into())),
    }
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

    fn create(&self, member: &MemberEntry) -> Result<(File, PathBuf), PackError> {
        let path = self.out.join(&member.name).with_extension("partial");
        let folder = path.parent().unwrap_or(self.out);
        fs::create_dir_all(folder).map_err(PackError::io("create", folder))?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(PackError::io("create", &path))?;
        Ok((file, path))
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
        self.open = Some(self.note(open)?);
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
        let (shard, block) = package.index().find_series("2.25.21").unwrap();
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
