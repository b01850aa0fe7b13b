//! Masks: the latest of each series and reader, on the grid of its series.

use super::agreement::DicePair;
use super::{Ledger, Released, geometry, read};
use crate::builder::PackageBuilder;
use crate::error::PackError;
use crate::labels::LabelFile;
use crate::track::CheckName;
use cloakroom_clear::sidecar::read_mask;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The latest mask of each series and reader.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    masks: BTreeMap<(String, String), (&'a Path, LabelFile)>,
}

impl<'a> Gathered<'a> {
    /// Takes a mask that lies in the package at `root`.
    pub(super) fn take(&mut self, root: &'a Path, file: LabelFile) {
        let about = (file.facts.series.clone(), file.facts.reader.clone());
        self.masks.insert(about, (root, file));
    }
}

/// A mask that goes into the release.
pub(super) struct ReleasedMask {
    pub(super) side: String,
    pub(super) series: String,
    pub(super) reader: String,
    patient: String,
    from: PathBuf,
    file: LabelFile,
}

pub(super) fn select(
    gathered: Gathered<'_>,
    released: &Released<'_>,
    ledger: &mut Ledger<'_>,
) -> Result<(Vec<ReleasedMask>, Vec<DicePair>), PackError> {
    let mut kept: Vec<ReleasedMask> = Vec::new();
    let mut drawn: BTreeMap<&str, Vec<(&Path, &LabelFile)>> = BTreeMap::new();
    for ((series, _), (root, file)) in &gathered.masks {
        let series = series.as_str();
        let facts = &file.facts;
        let about = [facts.patient.as_str(), facts.study.as_str(), series];
        if !released.known.contains(series) {
            ledger.find(
                CheckName::LabelReference,
                about,
                "a mask names a series that is in no bundle".into(),
            );
            continue;
        }
        let found = released
            .series
            .get(series)
            .filter(|found| found.patient == facts.patient);
        let (Some(found), Some(side)) = (found, released.side(&facts.patient)) else {
            ledger.leave_out("not-released");
            continue;
        };
        let slices: Vec<_> = found.facts().collect();
        let wrong = facts
            .grid
            .as_ref()
            .and_then(|grid| geometry::fault(grid, &slices));
        if wrong.is_some_and(|wrong| ledger.find(CheckName::LabelGeometry, about, wrong)) {
            continue;
        }
        drawn.entry(series).or_default().push((*root, file));
        kept.push(ReleasedMask {
            side: side.into(),
            patient: facts.patient.clone(),
            series: series.into(),
            reader: facts.reader.clone(),
            from: root.join(&file.path),
            file: file.clone(),
        });
    }
    let mut pairs = Vec::new();
    for (series, masks) in drawn.into_iter().filter(|(_, masks)| masks.len() > 1) {
        compare(series, &masks, &mut pairs)?;
    }
    Ok((kept, pairs))
}

/// Dice of every pair of masks of one series, for each segment that either has.
fn compare(
    series: &str,
    masks: &[(&Path, &LabelFile)],
    pairs: &mut Vec<DicePair>,
) -> Result<(), PackError> {
    let mut voxels = Vec::new();
    for (root, file) in masks {
        let mask = read_mask(&read(root, file)?)
            .map_err(|why| PackError::damaged(&file.path, why.to_string()))?;
        voxels.push((&file.facts.reader, mask));
    }
    for (place, (one, a)) in voxels.iter().enumerate() {
        for (other, b) in &voxels[place + 1..] {
            if a.grid.size != b.grid.size {
                continue;
            }
            let segments: BTreeSet<u16> = a
                .voxels
                .iter()
                .chain(&b.voxels)
                .copied()
                .filter(|segment| *segment != 0)
                .collect();
            for segment in segments {
                let count = |mask: &[u16]| mask.iter().filter(|voxel| **voxel == segment).count();
                let both = a
                    .voxels
                    .iter()
                    .zip(&b.voxels)
                    .filter(|(a, b)| **a == segment && **b == segment)
                    .count();
                pairs.push(DicePair {
                    series: series.into(),
                    readers: [(*one).clone(), (*other).clone()],
                    segment,
                    thousandths: thousandths(2 * both, count(&a.voxels) + count(&b.voxels)),
                });
            }
        }
    }
    Ok(())
}

fn thousandths(part: usize, whole: usize) -> i64 {
    let whole = whole.max(1) as u128;
    i64::try_from((part as u128 * 2000 + whole) / (2 * whole)).unwrap_or(1000)
}

impl ReleasedMask {
    pub(super) fn copy(&self, builder: &mut PackageBuilder) -> Result<(), PackError> {
        let reader = match self.reader.as_str() {
            "" => String::new(),
            reader => format!("_{reader}"),
        };
        let path = format!(
            "data/{}/labels/masks/{}/{}{reader}.nii.gz",
            self.side, self.patient, self.series
        );
        let mut file = File::open(&self.from).map_err(PackError::io("open", &self.from))?;
        let written = builder.add_file(&path, &mut file)?;
        if written == self.file.sha256 {
            Ok(())
        } else {
            Err(PackError::ChangedAfterCheck {
                file: self.file.path.clone(),
                expected: self.file.sha256,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::thousandths;

    #[test]
    fn shares_are_rounded_to_thousandths() {
        assert_eq!(
            [
                thousandths(2, 3),
                thousandths(4, 4),
                thousandths(0, 5),
                thousandths(0, 0)
            ],
            [667, 1000, 0, 0]
        );
    }
}
