//! How a data set is encoded, judged by its first elements and not by what is declared.

use super::meta::has_long_length;
use super::window::Window;
use crate::dictionary::dictionary_vr;
use crate::error::ReadError;
use crate::syntax::Encoding;
use dicom_core::{Tag, VR};

/// Elements that are looked at.
const DEPTH: usize = 3;

/// Whether the first elements make sense in an encoding: tags that the standard knows and that ascend, VRs
/// that exist, lengths that fit.
pub(crate) fn is_plausible(
    window: &Window<'_>,
    start: u64,
    encoding: Encoding,
) -> Result<bool, ReadError> {
    let mut position = start;
    let mut last = None;
    for _ in 0..DEPTH {
        let Some(bytes) = window.peek::<8>(position)? else {
            return Ok(last.is_some() && window.rest_is_zero(position)?);
        };
        let tag = tag(encoding, bytes);
        if tag == Tag(0, 0) && last.is_some() {
            return window.rest_is_zero(position);
        }
        // As a length, a VR is at least 16,705: no first element is so long, but pixels may well begin there.
        if !encoding.explicit && last.is_none() && VR::from_binary([bytes[4], bytes[5]]).is_some() {
            return Ok(false);
        }
        if !is_familiar(tag) || last.is_some_and(|last| tag <= last) {
            return Ok(false);
        }
        let Some((header, length)) = lengths(window, position, bytes, encoding)? else {
            return Ok(false);
        };
        if length == u32::MAX {
            return Ok(true);
        }
        if tag == Tag(0, 0) && length != 4 {
            return Ok(false);
        }
        position += header + u64::from(length);
        if position > window.len() {
            return Ok(false);
        }
        last = Some(tag);
        if position == window.len() {
            return Ok(true);
        }
    }
    Ok(true)
}

/// The length of the header and of the value; `None` where the header makes no sense.
fn lengths(
    window: &Window<'_>,
    at: u64,
    bytes: [u8; 8],
    encoding: Encoding,
) -> Result<Option<(u64, u32)>, ReadError> {
    let word = [bytes[4], bytes[5], bytes[6], bytes[7]];
    if !encoding.explicit {
        let length = encoding.u32(word);
        let vr = dictionary_vr(tag(encoding, bytes), false);
        let may_be_undefined = matches!(vr, None | Some(VR::SQ | VR::OB | VR::OW | VR::UN));
        return Ok((length != u32::MAX || may_be_undefined).then_some((8, length)));
    }
    match VR::from_binary([bytes[4], bytes[5]]) {
        Some(vr) if has_long_length(vr) => {
            let length = window.peek::<4>(at + 8)?;
            Ok(length.map(|length| (12, encoding.u32(length))))
        }
        Some(_) => Ok(Some((8, u32::from(encoding.u16([bytes[6], bytes[7]]))))),
        None => Ok(None),
    }
}

pub(crate) fn tag(encoding: Encoding, bytes: [u8; 8]) -> Tag {
    Tag(
        encoding.u16([bytes[0], bytes[1]]),
        encoding.u16([bytes[2], bytes[3]]),
    )
}

/// Whether a data set may start with a tag like this one.
fn is_familiar(tag: Tag) -> bool {
    let group = tag.0;
    if tag.1 == 0 {
        return group < 0x0100 || (0x1000..0x8000).contains(&group);
    }
    if group & 1 == 1 {
        return group > 8 && (group < 0x0100 || (0x1000..0x8000).contains(&group));
    }
    dictionary_vr(tag, false).is_some()
}

/// The encoding of the first elements: the expected one if it makes sense, otherwise the first that does.
pub(crate) fn sniff(
    window: &Window<'_>,
    start: u64,
    expected: Option<Encoding>,
) -> Result<Option<Encoding>, ReadError> {
    for encoding in expected.into_iter().chain(Encoding::ALL) {
        if is_plausible(window, start, encoding)? {
            return Ok(Some(encoding));
        }
    }
    Ok(None)
}

/// The encoding of Items in a value of VR UN, whose first byte is at `start`; `None` where there are none.
///
/// By CP-246 it is Implicit VR Little Endian; some writers put the data set's own there.
pub(crate) fn sniff_items(
    window: &Window<'_>,
    start: u64,
    end: u64,
) -> Result<Option<Encoding>, ReadError> {
    if end - start < 8 {
        return Ok(None);
    }
    let Some(item) = window.peek::<8>(start)? else {
        return Ok(None);
    };
    let big = match item[..4] {
        [0xFE, 0xFF, 0x00, 0xE0] => false,
        [0xFF, 0xFE, 0xE0, 0x00] => true,
        [0xFE, 0xFF, 0xDD, 0xE0] => return Ok(Some(Encoding::IMPLICIT_LITTLE)),
        _ => return Ok(None),
    };
    let implicit = Encoding {
        explicit: false,
        big,
    };
    if end - start < 16 {
        return Ok(Some(implicit));
    }
    let Some(first) = window.peek::<8>(start + 8)? else {
        return Ok(Some(implicit));
    };
    let stated = VR::from_binary([first[4], first[5]]).is_some();
    let length = implicit.u32([first[4], first[5], first[6], first[7]]);
    let explicit = stated && u64::from(length) > end - start - 16;
    Ok(Some(Encoding { explicit, big }))
}
