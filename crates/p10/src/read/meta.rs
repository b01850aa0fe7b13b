//! The File Meta Information (PS3.10 section 7.1), as tolerantly as it can be read without guessing.

use super::window::Window;
use crate::error::{Fault, ReadError};
use crate::object::MetaAsFound;
use cloakroom_core::{Phi, VR};

/// Group 0002 of no real file comes near this.
const MAX_META_ELEMENTS: usize = 4096;
const MAX_UID_BYTES: u64 = 256;

/// The beginning of a file.
pub(crate) struct FileStart {
    pub(crate) preamble: Option<Phi<[u8; 128]>>,
    pub(crate) meta: Option<MetaAsFound>,
    /// Whether the File Meta Information holds what it must, with a true group length.
    pub(crate) complete: bool,
    /// Where the data set starts.
    pub(crate) data_set: u64,
}

/// Reads the preamble and the File Meta Information, if there are any.
pub(crate) fn read_start(window: &Window<'_>) -> Result<FileStart, ReadError> {
    let preamble = match window.peek::<132>(0)? {
        Some(bytes) if bytes[128..] == *b"DICM" => bytes.first_chunk::<128>().copied(),
        _ => None,
    };
    let start = if preamble.is_some() {
        132
    } else if window.peek::<4>(0)? == Some(*b"DICM") {
        4
    } else if window
        .peek::<8>(0)?
        .is_some_and(|bytes| bytes[..2] == [2, 0] && bytes[3] <= 1)
    {
        0
    } else {
        return Ok(FileStart {
            preamble: None,
            meta: None,
            complete: false,
            data_set: 0,
        });
    };
    let (meta, complete, data_set) = read_group(window, start)?;
    Ok(FileStart {
        preamble: preamble.map(Phi::new),
        meta: Some(meta),
        complete,
        data_set,
    })
}

fn read_group(window: &Window<'_>, start: u64) -> Result<(MetaAsFound, bool, u64), ReadError> {
    let mut meta = MetaAsFound::default();
    let mut stated_end = None;
    let mut position = start;
    for _ in 0..MAX_META_ELEMENTS {
        let Some(element) = meta_element(window, position)? else {
            let complete = stated_end == Some(position)
                && meta.transfer_syntax.is_some()
                && meta.sop_class.is_some()
                && meta.sop_instance.is_some();
            return Ok((meta, complete, position));
        };
        match element.number {
            0x0000 => {
                stated_end = window
                    .peek::<4>(element.value)?
                    .map(|bytes| element.end + u64::from(u32::from_le_bytes(bytes)));
            }
            0x0002 => meta.sop_class = uid(window, &element)?,
            0x0003 => meta.sop_instance = uid(window, &element)?.map(Phi::new),
            0x0010 => meta.transfer_syntax = uid(window, &element)?,
            _ => {}
        }
        position = element.end;
    }
    Err(ReadError::LimitExceeded {
        limit: "meta elements",
    })
}

struct MetaElement {
    number: u16,
    value: u64,
    end: u64,
}

/// The element of group 0002 at a position; `None` where another group or the end is.
fn meta_element(window: &Window<'_>, at: u64) -> Result<Option<MetaElement>, ReadError> {
    let Some(bytes) = window.peek::<8>(at)? else {
        return Ok(None);
    };
    if bytes[..2] != [2, 0] {
        return Ok(None);
    }
    let number = u16::from_le_bytes([bytes[2], bytes[3]]);
    let (header, length) = match VR::from_binary([bytes[4], bytes[5]]) {
        Some(vr) if has_long_length(vr) => {
            let length = window
                .peek::<4>(at + 8)?
                .ok_or(ReadError::Truncated { offset: at })?;
            (12, u32::from_le_bytes(length))
        }
        Some(_) => (8, u32::from(u16::from_le_bytes([bytes[6], bytes[7]]))),
        None => (
            8,
            u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        ),
    };
    if length == u32::MAX {
        return Err(ReadError::Malformed {
            offset: at,
            fault: Fault::BrokenMeta,
        });
    }
    let value = at + header;
    let end = value + u64::from(length);
    if end > window.len() {
        return Err(ReadError::Truncated { offset: at });
    }
    Ok(Some(MetaElement { number, value, end }))
}

/// Whether a VR has two reserved bytes and a length of 32 bits in explicit encoding (PS3.5 section 7.1.2).
pub(crate) const fn has_long_length(vr: VR) -> bool {
    matches!(
        vr,
        VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SQ
            | VR::SV
            | VR::UC
            | VR::UN
            | VR::UR
            | VR::UT
            | VR::UV
    )
}

fn uid(window: &Window<'_>, element: &MetaElement) -> Result<Option<String>, ReadError> {
    if element.end - element.value > MAX_UID_BYTES {
        return Ok(None);
    }
    let mut text = String::new();
    for at in element.value..element.end {
        match window.peek::<1>(at)? {
            Some([byte]) if byte.is_ascii() => text.push(char::from(byte)),
            _ => return Ok(None),
        }
    }
    let trimmed = text.trim_matches(['\0', ' ']);
    Ok((!trimmed.is_empty()).then(|| trimmed.to_owned()))
}
