//! How much an update costs in a track of 1,000 patients and 129 GB. Only the plan is made, so no byte is written.

use super::select::{SelectedSeries, Source};
use super::shards::{PlannedShard, Work, plan};
use super::{ReleaseInput, Replaced};
use crate::block::{BlockEntry, MemberEntry};
use crate::index::Index;
use crate::manifest::{ShardSummary, ToolReference};
use crate::plan::ShardLimits;
use crate::seekable::Compression;
use crate::shard::ShardEntry;
use crate::verify::{Checked, VerifiedRelease};
use cloakroom_core::{Digest, InstanceFacts};
use std::collections::BTreeMap;
use std::path::PathBuf;

const PATIENTS: usize = 1_000;
const BYTES: u64 = 129_000_000_000;

/// A number between 0 and 1 that looks random, from a text.
fn chance(text: &str) -> f64 {
    let digest = Digest::of(text.as_bytes());
    let bytes: [u8; 8] = std::array::from_fn(|place| digest.as_bytes()[place]);
    u64::from_le_bytes(bytes) as f64 / u64::MAX as f64
}

/// The size of a patient: the exponential of something like a normal number, so that few are very large.
fn size(patient: usize) -> f64 {
    let parts = (0..12).map(|part| chance(&format!("{patient} {part}")));
    (0.6 * (parts.sum::<f64>() - 6.0)).exp()
}

/// A delivery of these patients, two series each, as if it had been checked.
fn delivery(patients: std::ops::Range<usize>, scale: f64) -> Checked {
    let block = |patient: usize, number: usize| {
        let (name, series) = (
            format!("P{patient:05}"),
            format!("2.25.{number}{patient:05}"),
        );
        let bytes = (size(patient) * scale / 2.0) as u64;
        BlockEntry {
            patient: name.clone(),
            study: format!("2.25.9{patient:05}"),
            series: series.clone(),
            offset: 0,
            length: bytes,
            tar_offset: 0,
            tar_length: bytes,
            frames: Vec::new(),
            members: vec![MemberEntry {
                name: format!("{name}/{series}/0001.dcm"),
                offset: 0,
                size: bytes,
                sha256: Digest::of(series.as_bytes()),
                facts: InstanceFacts::default(),
            }],
        }
    };
    let blocks = patients.flat_map(|patient| [block(patient, 1), block(patient, 2)]);
    checked(vec![shard(
        "data/shards",
        "GX01-lung-d0001",
        0,
        blocks.collect(),
    )])
}

fn shard(folder: &str, stem: &str, sequence: u32, blocks: Vec<BlockEntry>) -> ShardEntry {
    let names: String = blocks.iter().map(|block| block.series.as_str()).collect();
    let sha256 = Digest::of(names.as_bytes());
    ShardEntry {
        folder: folder.into(),
        name: crate::names::shard_name(stem, sequence, &sha256, "tar.zst"),
        sequence,
        compression: Compression::default(),
        bytes: blocks.iter().map(|block| block.length).sum(),
        sha256,
        content_sha256: sha256,
        blocks,
    }
}

fn checked(shards: Vec<ShardEntry>) -> Checked {
    Checked {
        root: PathBuf::new(),
        index: Index {
            shards,
            patients: BTreeMap::new(),
        },
        blocks: BTreeMap::new(),
        files: BTreeMap::new(),
        tagmanifest: Digest::of(b""),
    }
}

fn selected<'a>(deliveries: &'a [Checked], without: &[usize]) -> Vec<SelectedSeries<'a>> {
    let without: Vec<String> = without.iter().map(|one| format!("P{one:05}")).collect();
    let mut series = Vec::new();
    for package in deliveries {
        for shard in &package.index.shards {
            for block in shard
                .blocks
                .iter()
                .filter(|one| !without.contains(&one.patient))
            {
                series.push(SelectedSeries {
                    site: "GX01",
                    patient: &block.patient,
                    study: &block.study,
                    series: &block.series,
                    sources: vec![Source {
                        site: "GX01",
                        package,
                        shard,
                        block,
                        member: &block.members[0],
                    }],
                });
            }
        }
    }
    series
}

fn side(patient: &str) -> &'static str {
    match chance(patient) {
        share if share < 0.7 => "train",
        share if share < 0.8 => "val",
        _ => "test",
    }
}

fn written(planned: &[PlannedShard<'_>]) -> (Vec<ShardEntry>, u64) {
    let (mut shards, mut fetched) = (Vec::new(), 0);
    for one in planned {
        let shard = match &one.work {
            Work::Keep(shard) => {
                shards.push((*shard).clone());
                continue;
            }
            Work::Rewrite(_, blocks) => blocks.iter().map(|block| (*block).clone()).collect(),
            Work::New(series) => {
                let blocks = series.iter().map(|one| one.sources[0].block.clone());
                blocks.collect()
            }
        };
        let shard = self::shard(
            &one.place.folder,
            &one.place.stem,
            one.place.sequence,
            shard,
        );
        fetched += shard.bytes;
        shards.push(shard);
    }
    (shards, fetched)
}

/// Plans a version and returns its shards and how many bytes of them are new.
fn version(
    previous: Option<&VerifiedRelease>,
    deliveries: &[Checked],
    without: &[usize],
    track: &crate::track::Track,
) -> (Vec<ShardEntry>, u64) {
    let series = selected(deliveries, without);
    let sides: BTreeMap<String, String> = series
        .iter()
        .map(|one| (one.patient.to_owned(), side(one.patient).to_owned()))
        .collect();
    let input = ReleaseInput {
        track,
        bundles: &[],
        version: &"1.1.0".parse().unwrap(),
        date: "2026-11-23".parse().unwrap(),
        previous,
        withdrawals: &[],
        waivers: &[],
        evidence: &[],
        surveys: &BTreeMap::new(),
        replaced: &Replaced::new(),
        tool: &ToolReference {
            name: "cloakroom".into(),
            version: "0.1.0".into(),
        },
        sealed: None,
        mirrors: &[],
        limits: ShardLimits::default(),
    };
    written(&plan(&input, &series, &sides))
}

#[test]
fn withdrawing_one_of_a_thousand_costs_less_than_a_hundredth_and_adding_fifty_what_they_weigh() {
    let sum: f64 = (0..PATIENTS).map(size).sum();
    let scale = BYTES as f64 / sum;
    let track = crate::track::parse(crate::track::template("generic").unwrap()).unwrap();
    let mut deliveries = vec![delivery(0..PATIENTS, scale)];
    let (shards, whole) = version(None, &deliveries, &[], &track);
    assert!(whole.abs_diff(BYTES) < BYTES / 1000, "{whole}");
    assert!(shards.len() > 200, "{}", shards.len());
    let mut previous = super::tests::any_release();
    previous.manifest.shards = shards.iter().map(ShardSummary::of).collect();
    previous.checked = checked(shards);
    for patient in [0, 17, 500, 999] {
        let (after, fetched) = version(Some(&previous), &deliveries, &[patient], &track);
        assert!(fetched * 100 < whole, "{patient}: {fetched} of {whole}");
        let held = previous.checked.index.shards.iter().filter(|shard| {
            let name = format!("P{patient:05}");
            shard.blocks.iter().any(|block| block.patient == name)
        });
        let held: u64 = held.map(|shard| shard.bytes).sum();
        assert!(
            fetched <= held,
            "never more than the shards that held the patient"
        );
        let left: u64 = after.iter().map(|shard| shard.bytes).sum();
        assert!(left < whole);
    }
    deliveries.push(delivery(PATIENTS..PATIENTS + 50, scale));
    let (_, fetched) = version(Some(&previous), &deliveries, &[], &track);
    assert!(fetched * 100 < whole * 6, "{fetched} of {whole}");
    let fifty: f64 = (PATIENTS..PATIENTS + 50).map(size).sum::<f64>() * scale;
    assert!(
        (fetched as f64 - fifty).abs() < fifty / 100.0,
        "{fetched} for {fifty}"
    );
}
