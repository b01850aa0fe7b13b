//! The statement and the tables of a package, against each other and against what was counted.

use super::fault::{Fault, FaultKind};
use super::files::Folder;
use super::{Signer, Trust};
use crate::bag;
use crate::columnar;
use crate::error::PackError;
use crate::index::Index;
use crate::manifest::{BUNDLE_FILE, Counts, RELEASE_FILE, ShardSummary};
use crate::names::split_member_name;
use crate::package::{self, Statement};
use crate::shard::{ShardEntry, content_digest};
use crate::signing::PublicKey;
use crate::tables;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Write};

pub(super) fn read(folder: &mut Folder) -> Option<Statement> {
    let file = match (folder.has(BUNDLE_FILE), folder.has(RELEASE_FILE)) {
        (true, false) => BUNDLE_FILE,
        (false, true) => RELEASE_FILE,
        (true, true) => {
            folder.fault(
                FaultKind::FileExtra,
                RELEASE_FILE,
                "a package is a bundle or a release",
            );
            return None;
        }
        (false, false) => {
            folder.fault(
                FaultKind::NotAPackage,
                BUNDLE_FILE,
                "there is neither a bundle.json nor a release.json",
            );
            return None;
        }
    };
    let bytes = folder.read_listed(file)?;
    match Statement::parse(file, &bytes) {
        Ok(statement) => Some(statement),
        Err(error) if error.to_string().contains("format version") => {
            folder.fault(FaultKind::FormatUnknown, file, error.to_string());
            None
        }
        Err(error) => {
            folder.fault(FaultKind::StatementMalformed, file, error.to_string());
            None
        }
    }
}

pub(super) fn check_signature(
    folder: &mut Folder,
    tagmanifest: &[u8],
    statement: Option<&Statement>,
    trust: Trust<'_>,
) -> Signer {
    if !folder.has(bag::SIGNATURE) {
        folder
            .faults
            .push(Fault::new(FaultKind::SignatureMissing, bag::SIGNATURE));
        return Signer::Nobody;
    }
    let Some(signature) = folder.read(bag::SIGNATURE) else {
        return Signer::Nobody;
    };
    let signature = String::from_utf8_lossy(&signature).into_owned();
    let signs = |key: &PublicKey| {
        key.check_exactly(Cursor::new(tagmanifest), &signature)
            .is_some()
    };
    if let Trust::Keys(keys) = trust
        && let Some(key) = keys.iter().find(|key| signs(key))
    {
        return Signer::Trusted(key.clone());
    }
    let own = statement.map(Statement::signing_key);
    let Some(own) = own.filter(|key| signs(key)) else {
        folder
            .faults
            .push(Fault::new(FaultKind::SignatureWrong, bag::SIGNATURE));
        return Signer::Nobody;
    };
    if matches!(trust, Trust::Keys(_)) {
        folder
            .faults
            .push(Fault::new(FaultKind::SignerNotTrusted, bag::SIGNATURE).because(own.to_string()));
    }
    Signer::Unknown(own.clone())
}

pub(super) fn read_index(folder: &mut Folder, statement: &Statement) -> Option<Index> {
    let index = {
        let folder = RefCell::new(&mut *folder);
        package::read_index(statement, |table| {
            let missing = || PackError::damaged(table, "it could not be read");
            folder.borrow_mut().read_listed(table).ok_or_else(missing)
        })
    };
    match index {
        Ok(index) => {
            compare_tables(folder, &index);
            Some(index)
        }
        Err(PackError::Table { table, why }) => {
            folder.fault(FaultKind::TableMalformed, &table, why);
            None
        }
        Err(error) => {
            folder.fault(
                FaultKind::StatementMalformed,
                statement.file(),
                error.to_string(),
            );
            None
        }
    }
}

/// Tables are a pure function of the index, so they are written again and compared, and what is
/// there in Parquet beside one must say the same.
fn compare_tables(folder: &mut Folder, index: &Index) {
    for path in tables::ALL {
        let table = folder.root().join(path);
        let Ok(found) = File::open(&table) else {
            continue;
        };
        let mut comparing = Comparing {
            expected: BufReader::with_capacity(1 << 17, found),
            differs: false,
        };
        let written = tables::write(index, path, &mut comparing);
        if written.is_err() || comparing.differs || comparing.has_more() {
            folder
                .faults
                .push(Fault::new(FaultKind::TableContradicts, path));
        }
    }
    for (table, path) in columnar::beside(|path| folder.has(path)) {
        let open = |path: &str| File::open(folder.root().join(path)).ok();
        let files = open(table).zip(open(&path));
        if !files.is_some_and(|(csv, parquet)| columnar::agrees(csv, parquet)) {
            folder
                .faults
                .push(Fault::new(FaultKind::TableContradicts, path));
        }
    }
}

/// Compares what is written with what is there.
struct Comparing {
    expected: BufReader<File>,
    differs: bool,
}

impl Comparing {
    fn has_more(&mut self) -> bool {
        self.expected
            .fill_buf()
            .map_or(true, |rest| !rest.is_empty())
    }
}

impl Write for Comparing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.differs {
            let found = self.expected.fill_buf()?;
            let count = found.len().min(rest.len());
            self.differs = count == 0 || found[..count] != rest[..count];
            self.expected.consume(count);
            rest = &rest[count..];
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compares what the statement says with what the index and the shards hold.
pub(super) fn compare(folder: &mut Folder, statement: &Statement, index: &Index) {
    let file = statement.file();
    if Counts::of(&index.shards) != statement.counts() {
        folder.faults.push(Fault::new(FaultKind::CountsWrong, file));
    }
    for (shard, summary) in index.shards.iter().zip(statement.shards()) {
        compare_shard(folder, shard, summary);
    }
    compare_sides(folder, index);
    match statement {
        Statement::Bundle(bundle) => {
            if bundle
                .conservation
                .as_ref()
                .is_some_and(|equation| !equation.holds())
            {
                folder
                    .faults
                    .push(Fault::new(FaultKind::EquationBroken, file));
            }
            super::labels::compare(folder, bundle);
        }
        Statement::Release(release) => {
            let released = release.conservation.released;
            let counted = (release.counts.instances, release.counts.bytes);
            if !release.conservation.holds() || (released.count, released.bytes) != counted {
                folder
                    .faults
                    .push(Fault::new(FaultKind::EquationBroken, file));
            }
            compare_splits(folder, release, index);
            super::waivers::compare(folder, release);
        }
    }
}

fn compare_shard(folder: &mut Folder, shard: &ShardEntry, summary: &ShardSummary) {
    let path = shard.path();
    let counted = ShardSummary {
        since: summary.since.clone(),
        ..ShardSummary::of(shard)
    };
    if counted.members != summary.members
        || counted.patients != summary.patients
        || counted.series != summary.series
    {
        folder.fault(
            FaultKind::CountsWrong,
            &path,
            "the statement counts otherwise",
        );
    }
    if content_digest(&shard.blocks) != summary.content_sha256 {
        folder
            .faults
            .push(Fault::new(FaultKind::ContentDigestWrong, &path));
    }
    for block in &shard.blocks {
        let mut last: Option<&str> = None;
        for (number, member) in block.members.iter().enumerate() {
            let wanted = (block.patient.as_str(), block.series.as_str(), number + 1);
            let facts = &member.facts;
            let agrees = split_member_name(&member.name) == Some(wanted)
                && (facts.patient.as_str(), facts.series.as_str()) == (wanted.0, wanted.1)
                && facts.study == block.study
                && last.is_none_or(|last| last < facts.instance.as_str());
            if !agrees {
                folder
                    .faults
                    .push(Fault::new(FaultKind::MemberMisnamed, &path).of_member(&member.name));
            }
            last = Some(&facts.instance);
        }
    }
}

/// A patient's shards all lie below the folder of one side of the split.
fn compare_sides(folder: &mut Folder, index: &Index) {
    let mut sides: BTreeMap<&str, &str> = BTreeMap::new();
    for shard in &index.shards {
        let side = shard.folder.as_str();
        for block in &shard.blocks {
            if *sides.entry(&block.patient).or_insert(side) != side {
                folder.faults.push(
                    Fault::new(FaultKind::PatientOnTwoSides, shard.path())
                        .because(block.patient.clone()),
                );
            }
        }
    }
}

fn compare_splits(folder: &mut Folder, release: &crate::release::ReleaseManifest, index: &Index) {
    for (side, summary) in &release.splits {
        let prefix = format!("data/{side}/");
        let shards = index
            .shards
            .iter()
            .filter(|shard| shard.folder.starts_with(&prefix));
        if Counts::of(shards) != summary.counts {
            folder.fault(
                FaultKind::CountsWrong,
                RELEASE_FILE,
                format!("of the side {side}"),
            );
        }
    }
    for shard in &index.shards {
        for block in &shard.blocks {
            let stated = index
                .patients
                .get(&block.patient)
                .map_or("", |place| &place.split);
            if !shard.folder.starts_with(&format!("data/{stated}/")) {
                folder.faults.push(
                    Fault::new(FaultKind::PatientOnTwoSides, shard.path())
                        .because(block.patient.clone()),
                );
            }
        }
    }
}
