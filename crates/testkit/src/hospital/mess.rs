//! What lies between the images: copies, contradictions, broken files, and what is not DICOM at all.

use super::Scale;
use super::archives;
use super::delivery::Delivery;
use super::wards::{self, Ward};
use crate::canaries::CanaryKind;
use crate::dicom::{Syntax, Value};
use crate::objects::documents;
use crate::people::Origin;
use cloakroom_core::{HoldReason, Outcome, QuarantineReason, SetAsideReason};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use std::io;

/// Writes all of it.
pub(super) fn write(delivery: &mut Delivery, scale: &Scale) -> io::Result<()> {
    duplicates(delivery)?;
    conflict(delivery, scale)?;
    two_patient_ids(delivery, scale)?;
    without_patient_id(delivery, scale)?;
    private_class(delivery, scale)?;
    broken(delivery, scale)?;
    strangers(delivery)?;
    archives::write(delivery, scale)
}

/// Copies under another name in another folder.
fn duplicates(delivery: &mut Delivery) -> io::Result<()> {
    for (number, (path, bytes)) in (1..).zip(delivery.first_of("lung", 3)?) {
        let group = format!("copy {number}");
        delivery.group_path(&path, &group);
        delivery.write(
            &format!("backup/old/{number}.dcm"),
            &bytes,
            "a copy of a lung CT slice",
            &[Outcome::Cleared],
        )?;
        delivery.copy_description(&path);
        delivery.group_last(&group);
    }
    Ok(())
}

/// One SOP Instance UID with two contents: nobody can say which is true.
fn conflict(delivery: &mut Delivery, scale: &Scale) -> io::Result<()> {
    let mut ward = Ward::open(delivery, scale, Origin::China, 20);
    let folder = wards::radiograph(&mut ward, Syntax::ExplicitLittle, false);
    let person = folder.study.person.folder_name();
    for (name, comment) in [("first", "first reading"), ("second", "second reading")] {
        for (_, instances) in &folder.series {
            for instance in instances {
                let mut instance = instance.clone();
                instance.dataset.text(tags::IMAGE_COMMENTS, comment);
                instance.what = "one of two contents of one SOP Instance UID".to_owned();
                instance.expected = vec![Outcome::Held(HoldReason::ContentConflict)];
                delivery.write_instance(&format!("conflict/{person}/{name}"), &instance)?;
            }
        }
    }
    Ok(())
}

/// One study whose series bear two Patient IDs.
fn two_patient_ids(delivery: &mut Delivery, scale: &Scale) -> io::Result<()> {
    let mut ward = Ward::open(delivery, scale, Origin::Indonesia, 21);
    let (folder, _) = wards::lung(&mut ward, Syntax::ExplicitLittle, 2);
    let other = ward
        .ledger
        .number(CanaryKind::Identifier, "second Patient ID of one study");
    for (_, instances) in &folder.series {
        for (index, instance) in instances.iter().enumerate() {
            let mut instance = instance.clone();
            if index % 2 == 1 {
                instance.dataset.text(tags::PATIENT_ID, other.as_str());
            }
            instance.what = "one study under two Patient IDs".to_owned();
            instance.expected = vec![Outcome::Held(HoldReason::PatientIdConflict)];
            delivery.write_instance("merged patients", &instance)?;
        }
    }
    Ok(())
}

fn without_patient_id(delivery: &mut Delivery, scale: &Scale) -> io::Result<()> {
    let mut ward = Ward::open(delivery, scale, Origin::Malaysia, 22);
    let (folder, _) = wards::lung(&mut ward, Syntax::ExplicitLittle, 1);
    for instance in folder.series.iter().flat_map(|(_, instances)| instances) {
        let mut instance = instance.clone();
        instance.dataset.empty(tags::PATIENT_ID);
        instance.what = "an instance without Patient ID".to_owned();
        instance.expected = vec![Outcome::Held(HoldReason::PatientIdMissing)];
        delivery.write_instance("emergency/unknown", &instance)?;
    }
    Ok(())
}

fn private_class(delivery: &mut Delivery, scale: &Scale) -> io::Result<()> {
    let mut ward = Ward::open(delivery, scale, Origin::Korea, 23);
    let (folder, _) = wards::lung(&mut ward, Syntax::ExplicitLittle, 1);
    let secret = ward
        .ledger
        .word(CanaryKind::Bytes, "private SOP Class: raw data");
    for instance in folder.series.iter().flat_map(|(_, instances)| instances) {
        let mut instance = instance.clone();
        instance
            .dataset
            .text(tags::SOP_CLASS_UID, "1.3.6.1.4.1.32473.4.1")
            .remove(tags::PIXEL_DATA)
            .private_creator(0x7FE1, 0x10, "SYNTHETIC RAW")
            .put(
                Tag(0x7FE1, 0x1001),
                VR::OB,
                Value::Bytes(secret.clone().into_bytes()),
            );
        instance.what = "raw data in a private SOP Class".to_owned();
        instance.expected = vec![Outcome::Held(HoldReason::UnsupportedClass)];
        delivery.write_instance("export/RAW", &instance)?;
    }
    Ok(())
}

fn broken(delivery: &mut Delivery, scale: &Scale) -> io::Result<()> {
    let empty = [Outcome::Quarantined(QuarantineReason::Empty)];
    delivery.write("export/IM_EMPTY.dcm", &[], "an empty file", &empty)?;
    let mut ward = Ward::open(delivery, scale, Origin::Thailand, 24);
    let (folder, _) = wards::lung(&mut ward, Syntax::ExplicitLittle, 1);
    let truncated = [Outcome::Quarantined(QuarantineReason::Truncated)];
    for instance in folder.series.iter().flat_map(|(_, instances)| instances) {
        let bytes = instance.bytes();
        let cut = &bytes[..bytes.len() * 6 / 10];
        delivery.write(
            "export/IM_TRUNCATED.dcm",
            cut,
            "a file that ends in the middle of its pixels",
            &truncated,
        )?;
    }
    Ok(())
}

/// What a viewer's disc brings along.
fn strangers(delivery: &mut Delivery) -> io::Result<()> {
    let aside = [Outcome::SetAside(SetAsideReason::NotDicom)];
    let mut program = b"MZ\x90\0\x03\0\0\0".to_vec();
    program.resize(4096, 0);
    program.extend_from_slice(b"This program cannot be run in DOS mode. Synthetic viewer.");
    delivery.write("VIEWER/VIEWER.EXE", &program, "a viewer's program", &aside)?;
    delivery.write(
        "autorun.inf",
        b"[autorun]\r\nopen=VIEWER\\VIEWER.EXE\r\n",
        "an autorun file",
        &aside,
    )?;
    let name = delivery
        .ledger
        .word(CanaryKind::Name, "a viewer's HTML page");
    let page =
        format!("<html><head><title>{name}</title></head><body>Images of {name}</body></html>\n");
    delivery.write(
        "VIEWER/index.html",
        page.as_bytes(),
        "a viewer's page",
        &aside,
    )?;
    let letter = delivery
        .ledger
        .word(CanaryKind::Name, "a PDF beside the images");
    let letter = documents::pdf(&format!("Report for {letter}"));
    delivery.write("FILM/2024/report.pdf", &letter, "a PDF", &aside)?;
    let mut thumbs = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    thumbs.resize(2560, 0);
    delivery.write("export/Thumbs.db", &thumbs, "a cache of thumbnails", &aside)?;
    let list = delivery
        .ledger
        .word(CanaryKind::Name, "a worklist beside the images");
    let list = format!("name,id\r\n{list},1\r\n");
    delivery.write("export/worklist.csv", list.as_bytes(), "a table", &aside)
}
