//! The door of the fuzz targets to the readers of a package.

use crate::block::MemberEntry;
use crate::decode::{MemberSink, TarChecker, decode_frames};
use crate::error::PackError;
use crate::index::Index;
use crate::package::{Statement, read_index};
use crate::seekable::Compression;
use cloakroom_core::{Digest, InstanceFacts};
use std::io;

/// Writes nothing, and counts members whose digest is the one of the index.
struct Counting(usize);

impl MemberSink for Counting {
    fn begin(&mut self, _: &MemberEntry) -> io::Result<()> {
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, member: &MemberEntry, digest: Digest) -> io::Result<()> {
        self.0 += usize::from(digest == member.sha256);
        Ok(())
    }
}

/// Reads the bytes of a block against an index of members with these names and contents; returns whether every byte
/// was as expected.
#[must_use]
pub fn block(bytes: &[u8], compression: Compression, members: &[(&str, &[u8])]) -> bool {
    let members: Vec<MemberEntry> = members
        .iter()
        .map(|(name, content)| MemberEntry {
            name: (*name).to_owned(),
            offset: 0,
            size: content.len() as u64,
            sha256: Digest::of(content),
            facts: InstanceFacts::default(),
        })
        .collect();
    let mut checker = TarChecker::new(&members, Counting(0));
    let decoded = decode_frames(&mut &*bytes, compression, &mut checker);
    let (_, fault, seen) = checker.finish();
    decoded.is_ok() && fault.is_none() && seen.0 == members.len()
}

/// Reads a statement, `bundle.json` or `release.json`, and the index that it and three tables make.
///
/// # Errors
/// If the tables contradict the statement or one another.
pub fn index(file: &str, statement: &[u8], tables: [&[u8]; 3]) -> Result<Option<Index>, PackError> {
    let Ok(statement) = Statement::parse(file, statement) else {
        return Ok(None);
    };
    let [patients, series, instances] = tables;
    read_index(&statement, |table| {
        Ok(match table {
            crate::tables::PATIENTS => patients.to_vec(),
            crate::tables::SERIES => series.to_vec(),
            _ => instances.to_vec(),
        })
    })
    .map(Some)
}

/// Reads a list of digests as BagIt has it; returns how many lines it holds.
///
/// # Errors
/// What is wrong with it.
pub fn digest_list(text: &str) -> Result<usize, String> {
    crate::bag::parse_manifest(text).map(|list| list.len())
}
