//! Small objects for the tests of this crate.

use crate::block::{BlockEntry, SeriesBlock};
use crate::seekable::Compression;
use cloakroom_core::{Digest, InstanceFacts};
use std::io::{Read, Write};

pub(crate) fn facts(patient: &str, series: &str, instance: &str) -> InstanceFacts {
    InstanceFacts {
        patient: patient.into(),
        study: format!("2.25.9{}", patient.len()),
        series: series.into(),
        instance: instance.into(),
        sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
        transfer_syntax: "1.2.840.10008.1.2.1".into(),
        modality: "CT".into(),
        body_part: "CHEST".into(),
        image_type: "ORIGINAL\\PRIMARY\\AXIAL".into(),
        sex: "F".into(),
        age: "061Y".into(),
        study_date: "20190304".into(),
        frame_of_reference: format!("{series}.77"),
        rows: 512,
        columns: 512,
        frames: 1,
        bits_stored: 12,
        pixel_spacing: Some((0.7, 0.7)),
        slice_thickness: Some(1.25),
        orientation: Some([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
        ..InstanceFacts::default()
    }
}

pub(crate) fn append<W: Write>(block: &mut SeriesBlock<W>, facts: &InstanceFacts, content: &[u8]) {
    let digest = Digest::of(content);
    let mut write = |sink: &mut dyn Write| sink.write_all(content).map(|()| digest);
    block
        .append_member(facts, content.len() as u64, Some(digest), &mut write)
        .unwrap();
}

pub(crate) fn slice(patient: &str, series: &str, number: usize) -> (InstanceFacts, Vec<u8>) {
    let mut facts = facts(patient, series, &format!("{series}.{}", 1000 + number));
    facts.position = Some([-100.0, -100.0, 1.25 * number as f64]);
    facts.instance_number = Some(number as i64);
    let content = format!("{patient} {series} {number} ").repeat(40 + number);
    (facts, content.into_bytes())
}

pub(crate) fn block(
    patient: &str,
    series: &str,
    slices: usize,
    compression: Compression,
) -> (Vec<u8>, BlockEntry) {
    let mut block = SeriesBlock::new(Vec::new(), compression);
    for number in 0..slices {
        let (facts, content) = slice(patient, series, number);
        append(&mut block, &facts, &content);
    }
    block.finish().unwrap()
}

pub(crate) fn read_tar(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().unwrap();
    let read = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (name, content)
    };
    entries.map(read).collect()
}

pub(crate) fn bundle_facts() -> crate::manifest::BundleFacts {
    use crate::manifest::{BundleFacts, ProfileReference, ToolReference};
    BundleFacts {
        site: "GX01".parse().unwrap(),
        track: "lung".parse().unwrap(),
        delivery: 1,
        date: "2026-11-01".parse().unwrap(),
        profile: ProfileReference {
            id: "contest".parse().unwrap(),
            version: "1".into(),
            sha256: Digest::of(b"profile"),
        },
        tool: ToolReference {
            name: "cloakroom".into(),
            version: "0.1.0".into(),
        },
        conservation: None,
        log: None,
    }
}

/// A patient with the number of slices of each series.
pub(crate) type Patient<'a> = (&'a str, &'a [(&'a str, usize)]);

pub(crate) const TWO_PATIENTS: &[Patient<'_>] = &[
    ("P1", &[("2.25.11", 3), ("2.25.12", 2)]),
    ("P22", &[("2.25.21", 4)]),
];

pub(crate) fn write_bundle(out: &std::path::Path, key: &crate::SigningKey) -> std::path::PathBuf {
    write_package(
        out,
        key,
        bundle_facts(),
        TWO_PATIENTS,
        Compression::default(),
    )
}

/// A bundle with a shard for each patient.
pub(crate) fn write_package(
    out: &std::path::Path,
    key: &crate::SigningKey,
    facts: crate::manifest::BundleFacts,
    patients: &[Patient<'_>],
    compression: Compression,
) -> std::path::PathBuf {
    let mut builder = crate::PackageBuilder::begin(out).unwrap();
    let plan = Digest::of(b"plan");
    for (sequence, (patient, series)) in patients.iter().enumerate() {
        let place = crate::PackageBuilder::bundle_shard(&facts, sequence as u32);
        let mut writer = builder.shard(place.clone(), compression).unwrap();
        for (series, slices) in *series {
            let (bytes, entry) = block(patient, series, *slices, compression);
            writer.append(entry, &mut bytes.as_slice()).unwrap();
        }
        let shard = writer.commit().unwrap();
        builder.add_shard(&place, shard, &plan).unwrap();
    }
    builder
        .add_evidence("log.jsonl", &mut &b"{}\n"[..])
        .unwrap();
    builder.finish_bundle(facts, key).unwrap()
}

/// Computes both lists and the signature anew, as a forger with a key of his own would.
pub(crate) fn reseal(root: &std::path::Path, key: &crate::SigningKey) {
    use crate::bag;
    let mut lists = (bag::Files::new(), bag::Files::new());
    for path in crate::verify::file_names(root) {
        let found = crate::builder::hash_file(&root.join(&path)).unwrap();
        if bag::is_payload(&path) {
            lists.0.insert(path, found);
        } else if !bag::is_unlisted(&path) && path != bag::MANIFEST {
            lists.1.insert(path, found);
        }
    }
    let manifest = bag::manifest_text(&lists.0);
    std::fs::write(root.join(bag::MANIFEST), &manifest).unwrap();
    let seen = (Digest::of(manifest.as_bytes()), manifest.len() as u64);
    lists.1.insert(bag::MANIFEST.into(), seen);
    let tags = bag::manifest_text(&lists.1);
    std::fs::write(root.join(bag::TAG_MANIFEST), &tags).unwrap();
    let signature = key.sign(tags.as_bytes(), "again");
    std::fs::write(root.join(bag::SIGNATURE), signature).unwrap();
}
