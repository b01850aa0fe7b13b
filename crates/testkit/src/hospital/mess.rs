//! What lies between the images: copies, contradictions, broken files, and what is not DICOM at all.

use super::Scale;
use super::delivery::Delivery;
use cloakroom_core::{Outcome, QuarantineReason, SetAsideReason};
use std::io;

/// Writes all of it.
pub(super) fn write(delivery: &mut Delivery, _scale: &Scale) -> io::Result<()> {
    duplicates(delivery)?;
    broken(delivery)?;
    strangers(delivery)
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

fn broken(delivery: &mut Delivery) -> io::Result<()> {
    let empty = [Outcome::Quarantined(QuarantineReason::Empty)];
    delivery.write("export/IM_EMPTY.dcm", &[], "an empty file", &empty)
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
    let mut thumbs = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    thumbs.resize(2560, 0);
    delivery.write("export/Thumbs.db", &thumbs, "a cache of thumbnails", &aside)
}
