//! Archives in a delivery: their members count one by one.

use super::Scale;
use super::delivery::{Delivery, Instance};
use super::wards::{self, StudyFolder, Ward};
use crate::dicom::Syntax;
use crate::people::Origin;
use cloakroom_core::{Outcome, QuarantineReason, SetAsideReason};
use std::io::{self, Cursor, Write as _};
use zip::write::SimpleFileOptions;

const CONTAINER: [Outcome; 1] = [Outcome::SetAside(SetAsideReason::Container)];

/// Writes a zip with a folder inside, a compressed tar of each kind, and a zip that ends too soon.
pub(super) fn write(delivery: &mut Delivery, scale: &Scale) -> io::Result<()> {
    let slices = scale.ct_slices / 2;
    let members = members(delivery, scale, Origin::ChinaIso2022, 10, slices);
    let zipped = zip_of(&members)?;
    add(delivery, "export/study.zip", &zipped, &members)?;
    broken_zip(delivery, &zipped)?;
    let members = self::members(delivery, scale, Origin::Singapore, 11, slices);
    let mut encoder = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(&tar_of(&members)?)?;
    add(
        delivery,
        "export/study.tar.gz",
        &encoder.finish()?,
        &members,
    )?;
    let members = self::members(delivery, scale, Origin::Vietnam, 12, slices);
    let packed = zstd::encode_all(Cursor::new(tar_of(&members)?), 3)?;
    add(delivery, "export/study.tar.zst", &packed, &members)
}

fn members(
    delivery: &mut Delivery,
    scale: &Scale,
    origin: Origin,
    number: u32,
    slices: usize,
) -> Vec<(String, Instance)> {
    let mut ward = Ward::open(delivery, scale, origin, number);
    let (folder, _): (StudyFolder, _) =
        wards::lung(&mut ward, Syntax::ExplicitLittle, slices.max(1));
    let base = format!(
        "{}/{}",
        folder.study.person.folder_name(),
        folder.study.date.da()
    );
    let place = |instance: Instance| (format!("{base}/{}", instance.name), instance);
    folder
        .series
        .into_iter()
        .flat_map(|(_, instances)| instances)
        .map(place)
        .collect()
}

fn add(
    delivery: &mut Delivery,
    path: &str,
    bytes: &[u8],
    members: &[(String, Instance)],
) -> io::Result<()> {
    delivery.write(path, bytes, "an archive of a study", &CONTAINER)?;
    for (name, instance) in members {
        delivery.note(path, Some(name), &instance.what, &instance.expected);
        delivery.describe(instance);
    }
    delivery.note(
        path,
        Some("readme.txt"),
        "a note in an archive",
        &[Outcome::SetAside(SetAsideReason::NotDicom)],
    );
    Ok(())
}

const NOTE: &[u8] = b"Synthetic study, packed by a careful colleague.\r\n";

fn zip_of(members: &[(String, Instance)]) -> io::Result<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.start_file("readme.txt", options)?;
    writer.write_all(NOTE)?;
    for (name, instance) in members {
        writer.start_file(name.as_str(), options)?;
        writer.write_all(&instance.bytes())?;
    }
    Ok(writer.finish()?.into_inner())
}

fn tar_of(members: &[(String, Instance)]) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    append(&mut builder, "readme.txt", NOTE)?;
    for (name, instance) in members {
        append(&mut builder, name, &instance.bytes())?;
    }
    builder.into_inner()
}

fn append(builder: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    builder.append_data(&mut header, name, bytes)
}

/// The central directory is at the end of a zip, so half of one cannot be opened.
fn broken_zip(delivery: &mut Delivery, zipped: &[u8]) -> io::Result<()> {
    let expected = [Outcome::Quarantined(QuarantineReason::ArchiveBroken)];
    delivery.write(
        "export/half.zip",
        &zipped[..zipped.len() / 2],
        "half of a zip",
        &expected,
    )
}
