//! The beginning of a file that we write (PS3.10 section 7.1).

use crate::error::EncodeError;
use dicom_core::{Tag, VR};

use super::element::{self, Target};
use crate::syntax::Encoding;

/// What the File Meta Information to write says. The preamble is zeros, the group length is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMeta {
    /// Transfer Syntax UID; [`cloakroom_core::PixelChanges::transfer_syntax`] overrules it.
    pub transfer_syntax: String,
    /// Media Storage SOP Class UID.
    pub sop_class: String,
    /// Media Storage SOP Instance UID: the new one.
    pub sop_instance: String,
    /// Implementation Class UID.
    pub implementation_class: String,
    /// Implementation Version Name, at most 16 characters.
    pub implementation_version: String,
}

/// Writes preamble, prefix and group 0002.
pub(crate) fn write(
    out: &mut Vec<u8>,
    meta: &FileMeta,
    transfer_syntax: &str,
) -> Result<(), EncodeError> {
    let target = Target {
        encoding: Encoding::EXPLICIT_LITTLE,
    };
    let mut group = Vec::with_capacity(256);
    let elements: [(u16, VR, &[u8]); 6] = [
        (0x0001, VR::OB, &[0, 1]),
        (0x0002, VR::UI, meta.sop_class.as_bytes()),
        (0x0003, VR::UI, meta.sop_instance.as_bytes()),
        (0x0010, VR::UI, transfer_syntax.as_bytes()),
        (0x0012, VR::UI, meta.implementation_class.as_bytes()),
        (0x0013, VR::SH, meta.implementation_version.as_bytes()),
    ];
    for (number, vr, value) in elements {
        element::value(&mut group, target, Tag(2, number), vr, value, false)?;
    }
    let length = u32::try_from(group.len()).map_err(|_| EncodeError::ValueTooLong(Tag(2, 0)))?;
    out.reserve(4096);
    out.resize(128, 0);
    out.extend_from_slice(b"DICM");
    element::value(out, target, Tag(2, 0), VR::UL, &length.to_le_bytes(), false)?;
    out.append(&mut group);
    Ok(())
}
