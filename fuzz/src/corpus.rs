//! Where every target starts: the synthetic fixtures, and real files where somebody has laid some beside the workspace.

use crate::pixels::{CHOICES, SYNTAXES};
use cloakroom_core::{PixelLayout, SiteName};
use cloakroom_p10::{Extent, Limits, MemorySource};
use cloakroom_pipeline::delivery::{DeliverySettings, deid};
use cloakroom_pipeline::progress::Silent;
use cloakroom_pipeline::{Compression, Failure, RunSettings, Site, catalogue};
use cloakroom_testkit::{Hospital, Size, broken, fixtures};
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The longest seed in bytes; libFuzzer takes no longer inputs, and large ones are slow.
pub const LONGEST: usize = 1 << 18;

/// The seeds of a target.
///
/// # Errors
/// If a temporary folder cannot be written.
pub fn seeds(target: &str) -> io::Result<Vec<Vec<u8>>> {
    let mut seeds = match target {
        "p10_read" | "object" => files(),
        "p10_text" => texts(),
        "pixels" => files()
            .iter()
            .filter_map(|file| pixel_value(file))
            .collect(),
        "archive" => archives()?,
        "package" => blocks()?,
        "index" => of_a_bundle(&[
            &[
                "bundle.json",
                "data/tables/patients.csv",
                "data/tables/series.csv",
                "data/tables/instances.csv",
            ],
            &["manifest-sha256.txt"],
        ])?,
        "track_and_profile" => documents(),
        "evidence" => of_a_bundle(&[
            &["evidence/checkpoint", "evidence/log.jsonl"],
            &["evidence/checkpoint"],
            &["evidence/GX01.pub"],
        ])?,
        "network" => associations(),
        _ => Vec::new(),
    };
    seeds.retain(|seed| seed.len() <= LONGEST);
    Ok(seeds)
}

/// Synthetic DICOM files, whole and broken, then the real ones.
fn files() -> Vec<Vec<u8>> {
    let golden = fixtures::golden().into_iter().map(|file| file.file.bytes());
    let broken = broken::all().into_iter().map(|file| file.bytes);
    golden.chain(broken).chain(real_files()).collect()
}

/// Files of `CLOAKROOM_SHARED`, or of `../shared`, that are small enough; none where there is no such folder.
#[must_use]
pub fn real_files() -> Vec<Vec<u8>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("CLOAKROOM_SHARED").map_or(beside, PathBuf::from);
    let mut paths = Vec::new();
    let mut folders = vec![shared.join("devset")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path)
            } else {
                paths.push(path)
            }
        }
    }
    paths.sort();
    let small = |path: &PathBuf| {
        path.metadata()
            .is_ok_and(|file| file.len() <= LONGEST as u64)
    };
    paths
        .into_iter()
        .filter(small)
        .filter_map(|path| std::fs::read(path).ok())
        .collect()
}

/// Names and letters in each character set that the fixtures use, with the choice of the set before them.
fn texts() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for file in files() {
        let source = Arc::new(MemorySource::new(file));
        let Ok(object) = cloakroom_p10::read(source, Extent::Header, &Limits::default()) else {
            continue;
        };
        let values = object
            .dataset()
            .walk()
            .filter(|element| element.tag().0 == 0x0010);
        for value in values.filter_map(|element| element.raw().map(<[u8]>::to_vec)) {
            let is_ascii = value.is_ascii() && !value.contains(&0x1B);
            for set in 0..if is_ascii { 1_u8 } else { 20 } {
                seeds.push([&[set, 0], value.as_slice()].concat());
            }
        }
    }
    seeds.push(b"\xff\0\\ISO 2022 IR 58\\ISO_IR 100".to_vec());
    seeds.sort();
    seeds.dedup();
    seeds
}

/// The value of the pixel element with the choices that make the same image of it.
fn pixel_value(file: &[u8]) -> Option<Vec<u8>> {
    let source = Arc::new(MemorySource::new(file.to_vec()));
    let object = cloakroom_p10::read(source, Extent::Whole, &Limits::default()).ok()?;
    let layout = object.pixel_layout()?;
    let syntax = SYNTAXES
        .iter()
        .position(|uid| *uid == object.transfer_syntax())?;
    let whole = layout.whole();
    let value = file.get(usize::try_from(whole.start).ok()?..usize::try_from(whole.end).ok()?)?;
    let wide = file.len() > 1 && matches!(layout, PixelLayout::Native { .. });
    let choices: [u8; CHOICES] = [
        u8::try_from(syntax).ok()?,
        if wide { 0x80 } else { 0 },
        0,
        1,
        2,
    ];
    Some([&choices, value].concat())
}

/// One archive of each kind, and archives in archives.
fn archives() -> io::Result<Vec<Vec<u8>>> {
    let mut files: Vec<(String, Vec<u8>)> = fixtures::golden()
        .into_iter()
        .take(2)
        .map(|file| (format!("A^B/{}.dcm", file.name), file.file.bytes()))
        .collect();
    files.push(("../out".into(), b"out of the folder".to_vec()));
    files.push(("empty".into(), Vec::new()));
    let (zip, tar) = (zip_of(&files)?, tar_of(&files)?);
    let mut nested = files.clone();
    nested.push(("inner.zip".into(), zip.clone()));
    let mut gzip = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::new(6));
    gzip.write_all(&tar)?;
    let bomb = zip_of(&[("zeros".into(), vec![0; 3 << 20])])?;
    Ok(vec![
        tar_of(&nested)?,
        zip_of(&nested)?,
        zstd::encode_all(Cursor::new(&tar), 3)?,
        gzip.finish()?,
        bomb,
        zip,
        tar,
    ])
}

fn zip_of(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(name.as_str(), zip::write::SimpleFileOptions::default())?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn tar_of(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // The name is set as bytes, because the library refuses names that lead out of the folder.
        let field = &mut header.as_mut_bytes()[..name.len()];
        field.copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, content.as_slice())?;
    }
    builder.into_inner()
}

fn blocks() -> io::Result<Vec<Vec<u8>>> {
    let tar = crate::package::true_tar();
    let compressed = zstd::encode_all(Cursor::new(&tar), 3)?;
    Ok(vec![
        [&[0], tar.as_slice()].concat(),
        [&[1], compressed.as_slice()].concat(),
        [&[1], compressed.as_slice(), compressed.as_slice()].concat(),
    ])
}

/// Everything of YAML under `profiles`.
fn documents() -> Vec<Vec<u8>> {
    let profiles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../profiles");
    let folders = ["", "tracks", "burn-in"].map(|name| profiles.join(name));
    folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .filter_map(|path| std::fs::read(path).ok())
        .collect()
}

/// Files of a bundle that is made for it, joined as the targets cut them.
fn of_a_bundle(wanted: &[&[&str]]) -> io::Result<Vec<Vec<u8>>> {
    let room = tempfile::tempdir()?;
    let bundle = room.path().join("bundle");
    Hospital::write(&room.path().join("export"), Size::Tiny, 7)?;
    deliver(room.path(), &bundle).map_err(|failure| io::Error::other(failure.to_string()))?;
    let joined = |names: &&[&str]| -> io::Result<Vec<u8>> {
        let parts = names.iter().map(|name| std::fs::read(bundle.join(name)));
        Ok(parts.collect::<io::Result<Vec<_>>>()?.join(&b"\n%%\n"[..]))
    };
    wanted.iter().map(joined).collect()
}

fn deliver(room: &Path, bundle: &Path) -> Result<(), Failure> {
    let name: SiteName = "GX01"
        .parse()
        .map_err(|_| Failure::could_not_run("no site name"))?;
    let site = Site::init(&room.join("site"), name)?;
    catalogue::ingest(&site, &[room.join("export")], 1, &Silent)?;
    let settings = DeliverySettings {
        run: RunSettings::resolve("generic", "basic", None, 1)?,
        out: bundle.to_path_buf(),
        date: cloakroom_core::StatedDate::new(2026, 11, 23),
        compression: Compression::None,
    };
    deid(&site, &settings, &Silent).map(drop)
}

/// A P-DATA-TF PDU with a C-STORE command, and one with data.
fn associations() -> Vec<Vec<u8>> {
    let mut command = Vec::new();
    for (element, value) in [
        (0x0002_u16, b"1.2.840.10008.5.1.4.1.1.2\0".to_vec()),
        (0x0100, vec![1, 0]),
        (0x0110, vec![7, 0]),
        (0x0800, vec![0, 0]),
        (0x1000, b"2.25.1\0\0".to_vec()),
    ] {
        command.extend([0, 0]);
        command.extend(element.to_le_bytes());
        command.extend(u32::try_from(value.len()).unwrap_or(0).to_le_bytes());
        command.extend(value);
    }
    let value = |control: u8, bytes: &[u8]| {
        let length = u32::try_from(bytes.len() + 2).unwrap_or(0);
        [&length.to_be_bytes()[..], &[1, control], bytes].concat()
    };
    let pdu = |values: Vec<u8>| {
        let length = u32::try_from(values.len()).unwrap_or(0);
        [&[4, 0], &length.to_be_bytes()[..], values.as_slice()].concat()
    };
    let (first, second) = (value(3, &command), value(2, &[0; 40]));
    vec![
        first.clone(),
        pdu([first.clone(), second.clone()].concat()),
        [pdu(first), pdu(second)].concat(),
    ]
}
