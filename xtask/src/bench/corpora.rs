//! What is measured with.

use anyhow::Result;
use clap::Args;
use cloakroom_testkit::corpus::{self, Written};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct CorpusSettings {
    /// What to write
    #[arg(value_enum)]
    kind: Corpus,
    /// Where to write it
    folder: PathBuf,
    /// How many files
    #[arg(long)]
    count: Option<usize>,
}

/// A kind of export to measure with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Corpus {
    /// CT and MR slices of 512 KB
    Slices,
    /// Slices of 8 pixels square, which are all header
    Headers,
    /// Multi-frame CT files of 200 MB
    Frames,
    /// One multi-frame CT file of 3 GB
    Huge,
}

impl Corpus {
    /// How many files without another wish.
    pub(super) const fn usual_count(self) -> usize {
        match self {
            Self::Slices => 1000,
            Self::Headers => 100_000,
            Self::Frames => 20,
            Self::Huge => 1,
        }
    }

    /// The name of its block in the document.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Slices => "slices",
            Self::Headers => "headers",
            Self::Frames => "frames",
            Self::Huge => "huge",
        }
    }

    /// What its files are.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Slices => "CT and MR slices of 512 KB",
            Self::Headers => "files that are all header",
            Self::Frames => "multi-frame CT files of 200 MB",
            Self::Huge => "multi-frame CT file of 3 GB",
        }
    }

    pub(super) fn write(self, folder: &Path, count: usize) -> Result<Written> {
        let frames = |bytes: u64| -> Result<Written> {
            fs::create_dir_all(folder)?;
            let mut all = Written::default();
            for number in 0..count {
                let path = folder.join(format!("IM{number:04}"));
                let one = corpus::multi_frame(&path, bytes, number as u64)?;
                all.files += one.files;
                all.bytes += one.bytes;
            }
            Ok(all)
        };
        Ok(match self {
            Self::Slices => corpus::slices(folder, count, 1)?,
            Self::Headers => corpus::headers(folder, count, 1)?,
            Self::Frames => frames(200_000_000)?,
            Self::Huge => frames(3_000_000_000)?,
        })
    }
}

/// Writes a corpus and says how large it is.
pub fn write_corpus(settings: &CorpusSettings) -> Result<()> {
    let count = settings.count.unwrap_or(settings.kind.usual_count());
    let written = settings.kind.write(&settings.folder, count)?;
    println!("{} files, {} bytes", written.files, written.bytes);
    Ok(())
}
