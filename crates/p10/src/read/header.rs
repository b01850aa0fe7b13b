//! The header of one data element in any encoding (PS3.5 section 7.1).

use super::has_long_length;
use super::sniff::tag as tag_in;
use super::window::Window;
use crate::dictionary::dictionary_vr;
use crate::error::{Fault, ReadError};
use crate::repair::RepairKind;
use crate::syntax::Encoding;
use dicom_core::{Tag, VR};

/// A decoded header.
pub(crate) struct Header {
    pub(crate) tag: Tag,
    pub(crate) vr: VR,
    /// The value length; `u32::MAX` is undefined.
    pub(crate) length: u32,
    pub(crate) header_length: u8,
    pub(crate) encoding: Encoding,
    /// Why the header cannot be written as it is.
    pub(crate) repairs: [Option<RepairKind>; 2],
}

/// Decodes the header at `at`, where at least 8 bytes are before `end`.
///
/// A `strict` reading takes no VR that does not exist, and no reserved bytes other than zero.
pub(crate) fn read_header(
    window: &mut Window<'_>,
    at: u64,
    end: u64,
    encoding: Encoding,
    signed: bool,
    strict: bool,
) -> Result<Header, ReadError> {
    let bytes = window.array::<8>(at)?;
    let tag = tag_in(encoding, bytes);
    let word = encoding.u32([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let mut header = Header {
        tag,
        vr: VR::UN,
        length: word,
        header_length: 8,
        encoding,
        repairs: [None, None],
    };
    if tag.0 == 0xFFFE {
        return Ok(header);
    }
    if !encoding.explicit {
        header.vr = implicit_vr(tag, word, signed);
        return Ok(header);
    }
    let Some(vr) = VR::from_binary([bytes[4], bytes[5]]) else {
        if strict {
            return Err(not_an_element(at));
        }
        return unknown_vr(window, at, end, header, bytes, signed);
    };
    header.vr = vr;
    if !has_long_length(vr) {
        header.length = u32::from(encoding.u16([bytes[6], bytes[7]]));
        return Ok(header);
    }
    if end - at < 12 {
        return Err(ReadError::Truncated { offset: at });
    }
    header.length = encoding.u32(window.array::<4>(at + 8)?);
    header.header_length = 12;
    if bytes[6..8] != [0, 0] {
        if strict {
            return Err(not_an_element(at));
        }
        header.repairs[0] = Some(RepairKind::ReservedBytesCleared);
    }
    Ok(header)
}

const fn not_an_element(offset: u64) -> ReadError {
    ReadError::Malformed {
        offset,
        fault: Fault::NotAnElement,
    }
}

/// The VR of an element that states none. Only Sequences, pixels and what nobody knows have undefined length.
fn implicit_vr(tag: Tag, length: u32, signed: bool) -> VR {
    match dictionary_vr(tag, signed) {
        Some(VR::SQ) => VR::SQ,
        Some(vr @ (VR::OB | VR::OW)) => vr,
        Some(_) if length == u32::MAX => VR::UN,
        Some(vr) => vr,
        None => VR::UN,
    }
}

/// A VR that does not exist: some writers fall into implicit encoding, some write `??` and a short length,
/// and a VR of the future has the long form (PS3.5 section 7.1.2). What follows decides.
fn unknown_vr(
    window: &mut Window<'_>,
    at: u64,
    end: u64,
    mut header: Header,
    bytes: [u8; 8],
    signed: bool,
) -> Result<Header, ReadError> {
    let explicit = header.encoding;
    let implicit = Encoding {
        explicit: false,
        big: explicit.big,
    };
    let letters = bytes[4].is_ascii_uppercase() && bytes[5].is_ascii_uppercase();
    if letters && bytes[6..8] == [0, 0] && end - at >= 12 {
        let length = explicit.u32(window.array::<4>(at + 8)?);
        if follows(window, at + 12, length, end, &header, explicit)? {
            header.length = length;
            header.header_length = 12;
            header.repairs[0] = Some(RepairKind::VrCorrected);
            return Ok(header);
        }
    }
    if !letters && follows(window, at + 8, header.length, end, &header, explicit)? {
        header.vr = implicit_vr(header.tag, header.length, signed);
        header.encoding = implicit;
        header.repairs[0] = Some(RepairKind::EncodingCorrected);
        return Ok(header);
    }
    let short = u32::from(explicit.u16([bytes[6], bytes[7]]));
    if follows(window, at + 8, short, end, &header, explicit)? {
        header.length = short;
        header.repairs[0] = Some(RepairKind::VrCorrected);
        return Ok(header);
    }
    Err(not_an_element(at))
}

/// Whether behind a value of this length comes an end, a delimiter, or an element with a higher tag.
fn follows(
    window: &Window<'_>,
    value: u64,
    length: u32,
    end: u64,
    header: &Header,
    encoding: Encoding,
) -> Result<bool, ReadError> {
    let after = value + u64::from(length);
    if after == end {
        return Ok(true);
    }
    if after > end || end - after < 8 {
        return Ok(false);
    }
    let next = window
        .peek::<8>(after)?
        .map(|bytes| tag_in(encoding, bytes));
    Ok(next.is_some_and(|next| next > header.tag))
}
