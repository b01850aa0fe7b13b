//! Encoding single elements and new Sequences.

use crate::edits::{NewElement, NewItem};
use crate::error::EncodeError;
use crate::read::has_long_length;
use crate::syntax::Encoding;
use dicom_core::{Tag, VR};

pub(crate) const ITEM: Tag = Tag(0xFFFE, 0xE000);
pub(crate) const ITEM_DELIMITER: Tag = Tag(0xFFFE, 0xE00D);
pub(crate) const SEQUENCE_DELIMITER: Tag = Tag(0xFFFE, 0xE0DD);
pub(crate) const UNDEFINED: u32 = u32::MAX;

/// The encoding to write.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) encoding: Encoding,
}

impl Target {
    pub(crate) fn u16(self, out: &mut Vec<u8>, number: u16) {
        let bytes = if self.encoding.big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        };
        out.extend_from_slice(&bytes);
    }

    pub(crate) fn u32_bytes(self, number: u32) -> [u8; 4] {
        if self.encoding.big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    }

    pub(crate) fn tag(self, out: &mut Vec<u8>, tag: Tag) {
        self.u16(out, tag.0);
        self.u16(out, tag.1);
    }

    /// An Item or a delimiter: a tag and a length, never a VR.
    pub(crate) fn item(self, out: &mut Vec<u8>, tag: Tag, length: u32) {
        self.tag(out, tag);
        out.extend_from_slice(&self.u32_bytes(length));
    }

    /// The header of an element, which ends in its length.
    pub(crate) fn header(
        self,
        out: &mut Vec<u8>,
        tag: Tag,
        vr: VR,
        length: u32,
    ) -> Result<(), EncodeError> {
        self.tag(out, tag);
        if !self.encoding.explicit {
            out.extend_from_slice(&self.u32_bytes(length));
            return Ok(());
        }
        out.extend_from_slice(&vr.to_bytes());
        if has_long_length(vr) {
            out.extend_from_slice(&[0, 0]);
            out.extend_from_slice(&self.u32_bytes(length));
        } else {
            let length = u16::try_from(length).map_err(|_| EncodeError::ValueTooLong(tag))?;
            self.u16(out, length);
        }
        Ok(())
    }

    /// Writes a length that is known only now into the four bytes before `value`.
    pub(crate) fn patch(self, out: &mut [u8], value: usize, tag: Tag) -> Result<(), EncodeError> {
        let length = u32::try_from(out.len() - value)
            .ok()
            .filter(|length| *length != UNDEFINED)
            .ok_or(EncodeError::ValueTooLong(tag))?;
        let place = value
            .checked_sub(4)
            .and_then(|start| out.get_mut(start..value));
        if let Some(place) = place {
            place.copy_from_slice(&self.u32_bytes(length));
        }
        Ok(())
    }
}

/// The byte that makes a value even (PS3.5 section 6.2).
pub(crate) const fn padding(vr: VR) -> u8 {
    match vr {
        VR::AE
        | VR::AS
        | VR::CS
        | VR::DA
        | VR::DS
        | VR::DT
        | VR::IS
        | VR::LO
        | VR::LT
        | VR::PN
        | VR::SH
        | VR::ST
        | VR::TM
        | VR::UC
        | VR::UR
        | VR::UT => b' ',
        _ => 0,
    }
}

/// Bytes of one number of a VR, whose order the byte order concerns.
const fn unit(vr: VR) -> usize {
    match vr {
        VR::AT | VR::OW | VR::SS | VR::US => 2,
        VR::FL | VR::OF | VR::OL | VR::SL | VR::UL => 4,
        VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => 8,
        _ => 1,
    }
}

/// Writes an element with its value, padded, and turned where `swap` says that the orders differ.
///
/// In explicit encoding a value too long for the short form of its VR is written as UN, whose value is little
/// endian (PS3.5 section 6.2.2 note 2); only text is ever so long in practice.
pub(crate) fn value(
    out: &mut Vec<u8>,
    target: Target,
    tag: Tag,
    vr: VR,
    value: &[u8],
    swap: bool,
) -> Result<(), EncodeError> {
    let padded = value.len() + (value.len() & 1);
    let length = u32::try_from(padded)
        .ok()
        .filter(|length| *length != UNDEFINED)
        .ok_or(EncodeError::ValueTooLong(tag))?;
    let too_long = target.encoding.explicit && !has_long_length(vr) && length > 0xFFFE;
    if too_long && unit(vr) > 1 {
        return Err(EncodeError::ValueTooLong(tag));
    }
    target.header(out, tag, if too_long { VR::UN } else { vr }, length)?;
    let start = out.len();
    out.extend_from_slice(value);
    if swap && unit(vr) > 1 {
        for number in out[start..].chunks_exact_mut(unit(vr)) {
            number.reverse();
        }
    }
    if padded != value.len() {
        out.push(padding(vr));
    }
    Ok(())
}

/// Writes an element that did not exist. Its values are little endian, its Sequences of defined length.
pub(crate) fn new_element(
    out: &mut Vec<u8>,
    target: Target,
    tag: Tag,
    new: &NewElement,
) -> Result<(), EncodeError> {
    match new {
        NewElement::Value(vr, bytes) => value(out, target, tag, *vr, bytes, target.encoding.big),
        NewElement::Sequence(items) => {
            target.header(out, tag, VR::SQ, 0)?;
            let start = out.len();
            new_items(out, target, items)?;
            target.patch(out, start, tag)
        }
    }
}

/// Writes Items that did not exist. Their depth is what our own code built, never what a file holds.
pub(crate) fn new_items(
    out: &mut Vec<u8>,
    target: Target,
    items: &[NewItem],
) -> Result<(), EncodeError> {
    for item in items {
        target.item(out, ITEM, 0);
        let start = out.len();
        for (tag, element) in &item.elements {
            new_element(out, target, *tag, element)?;
        }
        target.patch(out, start, ITEM)?;
    }
    Ok(())
}
