//! `extract`: a package back to plain files.

use crate::verdict::{Report, Verdict};
use crate::{Failure, packing};
use cloakroom_packager::{Package, Selection, extract as unpack};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What was unpacked.
#[derive(Debug, Serialize)]
pub struct ExtractReport {
    /// Where to.
    pub folder: PathBuf,
    /// Series.
    pub series: u64,
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Report for ExtractReport {
    fn verdict(&self) -> Verdict {
        Verdict::Done
    }
}

/// Unpacks a bundle or a release, or one series of it. Each file is checked against its digest.
///
/// # Errors
/// If it is no package, the series is not in it, a file is not what the index says, or `out` is taken.
pub fn extract(path: &Path, out: &Path, series: Option<&str>) -> Result<ExtractReport, Failure> {
    let package = Package::open(path).map_err(packing::failure)?;
    let wanted: Vec<String> = series.map(str::to_owned).into_iter().collect();
    let selection = if wanted.is_empty() {
        Selection::All
    } else {
        Selection::Series(&wanted)
    };
    let extracted = unpack(&package, selection, out).map_err(packing::failure)?;
    Ok(ExtractReport {
        folder: out.to_path_buf(),
        series: extracted.series,
        files: extracted.files,
        bytes: extracted.bytes,
    })
}
