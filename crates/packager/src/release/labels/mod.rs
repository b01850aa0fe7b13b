//! The labels of a release: what the hospitals' label files say about objects that are in it.
//!
//! Labels of the test side are read and checked, and not written: a public folder never holds them in plain text.

mod agreement;
mod boxes;
mod carried;
mod geometry;
mod masks;
mod rows;

pub(super) use rows::LABELS_TABLE;

use super::carry::carried;
use super::select::{SelectedSeries, WeighedFinding};
use super::{ReleaseError, ReleaseInput};
use crate::builder::PackageBuilder;
use crate::checks::CheckFinding;
use crate::error::PackError;
use crate::labels::LabelFile;
use crate::track::{CheckName, Severity};
use crate::verify::VerifiedBundle;
use cloakroom_core::{Digest, InstanceFacts, SidecarKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The side whose labels are never written in plain text.
const SEALED_SIDE: &str = "test";

/// The labels of a release, by count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelSummary {
    /// The version of the schema.
    pub schema_version: String,
    /// Rows of the label table.
    pub rows: u64,
    /// Masks.
    pub masks: u64,
    /// Annotations of boxes and outlines.
    pub annotations: u64,
    /// Labels of the test side, which are not in the release.
    pub withheld: u64,
    /// Labels that were left out, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// Readers.
    pub readers: u64,
    /// How far readers agree.
    pub agreement: Vec<AgreementSummary>,
}

/// How far readers agree on one column or segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementSummary {
    /// `kappa` (Cohen's, over all pairs of readers) or `dice`.
    pub measure: String,
    /// The column of the label table, or the segment of masks.
    pub about: String,
    /// What was compared: pairs of labels of the same thing by two readers.
    pub pairs: u64,
    /// Kappa, or the mean of Dice over all pairs, in thousandths.
    pub thousandths: i64,
}

/// The labels of a release before they are written.
pub(super) struct ReleaseLabels {
    rows: rows::Rows,
    masks: Vec<masks::ReleasedMask>,
    boxes: BTreeMap<String, boxes::Boxes>,
    agreement: agreement::Agreement,
    pub(super) summary: Option<LabelSummary>,
    pub(super) findings: Vec<WeighedFinding>,
}

/// What labels may be about: the objects of the release.
pub(super) struct Released<'a> {
    sides: &'a BTreeMap<String, String>,
    series: BTreeMap<&'a str, &'a SelectedSeries<'a>>,
    instances: BTreeMap<&'a str, &'a InstanceFacts>,
    studies: BTreeSet<(&'a str, &'a str)>,
    /// Every study, series and instance of the bundles, released or not.
    known: BTreeSet<&'a str>,
}

impl<'a> Released<'a> {
    fn new(
        input: &ReleaseInput<'a>,
        series: &'a [SelectedSeries<'a>],
        sides: &'a BTreeMap<String, String>,
    ) -> Self {
        let mut known = BTreeSet::new();
        let packages = input.bundles.iter().map(|bundle| &bundle.checked);
        let packages = packages.chain(input.previous.map(|previous| &previous.checked));
        let shards = packages.flat_map(|package| &package.index.shards);
        for block in shards.flat_map(|shard| &shard.blocks) {
            known.extend([block.study.as_str(), block.series.as_str()]);
            known.extend(
                block
                    .members
                    .iter()
                    .map(|member| member.facts.instance.as_str()),
            );
        }
        let facts = series.iter().flat_map(SelectedSeries::facts);
        Self {
            sides,
            series: series.iter().map(|one| (one.series, one)).collect(),
            instances: facts
                .map(|facts| (facts.instance.as_str(), facts))
                .collect(),
            studies: series.iter().map(|one| (one.patient, one.study)).collect(),
            known,
        }
    }

    fn side(&self, patient: &str) -> Option<&str> {
        self.sides.get(patient).map(String::as_str)
    }
}

/// Takes findings and counts of what is left out.
struct Ledger<'a> {
    input: &'a ReleaseInput<'a>,
    left_out: BTreeMap<String, u64>,
    findings: BTreeMap<CheckFinding, Option<(String, String)>>,
}

impl Ledger<'_> {
    fn leave_out(&mut self, reason: &str) {
        *self.left_out.entry(reason.into()).or_default() += 1;
    }

    /// Notes a finding; `true` where it stops the label. A label check that the track does not name stops.
    fn find(&mut self, check: CheckName, about: [&str; 3], detail: String) -> bool {
        let severity = self.input.track.checks.get(&check);
        let [patient, study, series] = about.map(String::from);
        let finding = CheckFinding {
            check,
            severity: severity.copied().unwrap_or(Severity::Block),
            patient,
            study,
            series,
            detail,
        };
        let waived = self.input.waiver_of(&finding);
        let stops = finding.severity == Severity::Block && waived.is_none();
        if stops {
            self.leave_out(&super::check_name(check));
        }
        self.findings.insert(finding, waived);
        stops
    }
}

/// Reads the label files of all bundles, the latest delivery of each hospital last.
pub(super) fn gather<'a>(
    input: &'a ReleaseInput<'a>,
    series: &'a [SelectedSeries<'a>],
    sides: &'a BTreeMap<String, String>,
) -> Result<ReleaseLabels, ReleaseError> {
    let released = Released::new(input, series, sides);
    let mut ledger = Ledger {
        input,
        left_out: BTreeMap::new(),
        findings: BTreeMap::new(),
    };
    let mut gathered = rows::Gathered::default();
    let mut masks = masks::Gathered::default();
    let mut images = boxes::Gathered::default();
    let carried = carried(input)?;
    let mut any = match carried {
        Some(previous) => carried::take(previous, &mut gathered, &mut masks, &mut images)?,
        None => false,
    };
    for (bundle, file) in label_files(input.bundles) {
        any = true;
        let bytes = read(&bundle.checked.root, file)?;
        let malformed = || PackError::damaged(&file.path, "it is not written as label files are");
        match file.facts.kind {
            SidecarKind::Table => gathered.take(&bytes).ok_or_else(malformed)?,
            SidecarKind::Boxes => images.take(&bytes).ok_or_else(malformed)?,
            SidecarKind::Mask => masks.take(&bundle.checked.root, file.clone()),
        }
    }
    let rows = rows::select(gathered, &input.track.labels, &released, &mut ledger);
    let (masks, dice) = masks::select(masks, &released, &mut ledger)?;
    let boxes = boxes::select(images, &input.track.labels, &released, &mut ledger);
    let agreement = agreement::Agreement::of(&rows, dice, &input.track.labels, &mut ledger);
    let mut labels = ReleaseLabels {
        rows,
        masks,
        boxes,
        agreement,
        summary: None,
        findings: Vec::new(),
    };
    labels.summary = any.then(|| {
        let mut summary = labels.count(input, ledger.left_out);
        // Labels of the test side are in bundles alone, so the version before knows only how many there are.
        let before = carried.and_then(|previous| previous.manifest.labels.as_ref());
        summary.withheld += before.map_or(0, |labels| labels.withheld);
        summary
    });
    let weigh = |(finding, waived)| WeighedFinding { finding, waived };
    labels.findings = ledger.findings.into_iter().map(weigh).collect();
    Ok(labels)
}

fn label_files(bundles: &[VerifiedBundle]) -> Vec<(&VerifiedBundle, &LabelFile)> {
    let mut ordered: Vec<_> = bundles.iter().collect();
    ordered.sort_by_key(|bundle| (&bundle.manifest.site, bundle.manifest.delivery));
    let files = |bundle: &'_ &VerifiedBundle| bundle.manifest.labels.is_some();
    ordered
        .into_iter()
        .filter(files)
        .flat_map(|bundle| {
            let labels = bundle.manifest.labels.iter();
            labels
                .flat_map(|labels| &labels.files)
                .map(move |file| (bundle, file))
        })
        .collect()
}

fn read(root: &Path, file: &LabelFile) -> Result<Vec<u8>, PackError> {
    let path = root.join(&file.path);
    let bytes = fs::read(&path).map_err(PackError::io("read", &path))?;
    if Digest::of(&bytes) != file.sha256 {
        return Err(PackError::ChangedAfterCheck {
            file: file.path.clone(),
            expected: file.sha256,
        });
    }
    Ok(bytes)
}

impl ReleaseLabels {
    fn count(&self, input: &ReleaseInput<'_>, left_out: BTreeMap<String, u64>) -> LabelSummary {
        let sealed = |side: &str| side == SEALED_SIDE;
        let masks = self.masks.iter().filter(|mask| !sealed(&mask.side)).count() as u64;
        let annotations = |sealed_ones: bool| -> u64 {
            let sides = self
                .boxes
                .iter()
                .filter(|(side, _)| sealed(side) == sealed_ones);
            sides.map(|(_, boxes)| boxes.annotations()).sum()
        };
        let rows = self.rows.count(|side| !sealed(side));
        LabelSummary {
            schema_version: input.track.labels.version.clone(),
            rows,
            masks,
            annotations: annotations(false),
            withheld: self.rows.count(sealed)
                + (self.masks.len() as u64 - masks)
                + annotations(true),
            left_out,
            readers: self.readers(),
            agreement: self.agreement.summaries.clone(),
        }
    }

    fn readers(&self) -> u64 {
        let mut readers: BTreeSet<&str> = self.rows.readers();
        readers.extend(self.masks.iter().map(|mask| mask.reader.as_str()));
        readers.remove("");
        readers.len() as u64
    }

    /// Which value of each column the patients of the open sides have, for the leak probe: patient to value, where a
    /// patient has one value only.
    pub(super) fn by_patient(&self, column: &str) -> BTreeMap<String, String> {
        self.rows.by_patient(column)
    }

    /// Writes the labels of all sides but the sealed one.
    pub(super) fn write(&self, builder: &mut PackageBuilder) -> Result<(), PackError> {
        if self.summary.is_none() {
            return Ok(());
        }
        let open = |side: &str| side != SEALED_SIDE;
        builder.add_file(LABELS_TABLE, &mut self.rows.csv(open)?.as_slice())?;
        for mask in self.masks.iter().filter(|mask| open(&mask.side)) {
            mask.copy(builder)?;
        }
        for (side, boxes) in self.boxes.iter().filter(|(side, _)| open(side)) {
            let path = format!("data/{side}/labels/boxes.json");
            builder.add_json(&path, &boxes.document())?;
        }
        let table = self.agreement.csv(|series| {
            self.masks
                .iter()
                .any(|mask| mask.series == series && open(&mask.side))
        })?;
        builder.add_file("evidence/label-agreement.csv", &mut table.as_slice())?;
        Ok(())
    }
}
