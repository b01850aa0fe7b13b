//! The labels of the version before, where its deliveries are not given again.

use super::{boxes, masks, rows};
use crate::error::PackError;
use crate::labels::LabelFile;
use crate::release::file_of;
use crate::verify::VerifiedRelease;
use cloakroom_clear::sidecar::read_mask;
use cloakroom_core::{SidecarFacts, SidecarKind};

/// Takes them as if they came from a delivery before all others; says whether there are any.
pub(super) fn take<'a>(
    previous: &'a VerifiedRelease,
    rows: &mut rows::Gathered,
    masks: &mut masks::Gathered<'a>,
    images: &mut boxes::Gathered,
) -> Result<bool, PackError> {
    if previous.manifest.labels.is_none() {
        return Ok(false);
    }
    let damaged = |path: &str| PackError::damaged(path, "it is not written as label files are");
    for path in previous.checked.files.keys() {
        if path == rows::LABELS_TABLE {
            rows.take(&file_of(previous, path)?)
                .ok_or_else(|| damaged(path))?;
        } else if path.ends_with("/labels/boxes.json") {
            images
                .take(&file_of(previous, path)?)
                .ok_or_else(|| damaged(path))?;
        } else if path.contains("/labels/masks/") {
            let file = mask(previous, path)?.ok_or_else(|| damaged(path))?;
            masks.take(&previous.checked.root, file);
        }
    }
    Ok(true)
}

/// A mask by its place, `data/SIDE/labels/masks/PATIENT/…`, and by what it says of itself.
fn mask(previous: &VerifiedRelease, path: &str) -> Result<Option<LabelFile>, PackError> {
    let place = path.split_once("/labels/masks/").map(|(_, place)| place);
    let Some((patient, _)) = place.and_then(|place| place.split_once('/')) else {
        return Ok(None);
    };
    let bytes = file_of(previous, path)?;
    let Ok(read) = read_mask(&bytes) else {
        return Ok(None);
    };
    let Some((_, block)) = previous.checked.index.find_series(&read.series) else {
        return Ok(None);
    };
    Ok(Some(LabelFile {
        path: path.into(),
        bytes: bytes.len() as u64,
        sha256: cloakroom_core::Digest::of(&bytes),
        facts: SidecarFacts {
            patient: patient.into(),
            study: block.study.clone(),
            series: read.series,
            reader: read.reader,
            grid: Some(read.grid),
            kind: SidecarKind::Mask,
            patients: 1,
            rows: read.voxels.iter().filter(|voxel| **voxel != 0).count() as u64,
            segments: std::collections::BTreeMap::new(),
        },
    }))
}
