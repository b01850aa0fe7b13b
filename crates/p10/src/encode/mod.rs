//! Writing an object by splicing edits into its bytes.

mod element;
mod meta;
mod splice;

pub use meta::FileMeta;

use crate::edits::Edits;
use crate::error::EncodeError;
use crate::limits::Extent;
use crate::object::Object;
use crate::source::Source;
use crate::syntax::{self, TransferSyntax};
use cloakroom_core::{ByteRange, PixelChanges, PixelLayout, PixelValue};
use dicom_core::VR;
use std::io;

/// Where the bytes of the pixel value come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodedPixels {
    /// There are none.
    None,
    /// A range of [`Object::source`].
    Source(ByteRange),
    /// So many bytes that pixel work made.
    New {
        /// Bytes.
        len: u64,
    },
}

impl EncodedPixels {
    /// Bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Source(range) => range.len(),
            Self::New { len } => *len,
        }
    }

    /// Whether there is no byte.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An object as it is to be written: `head`, then the bytes of the pixel value, then `tail`.
pub struct Encoded {
    /// Preamble, File Meta Information and all up to the pixel value.
    pub head: Vec<u8>,
    /// The pixel value.
    pub pixels: EncodedPixels,
    /// All after the pixel value.
    pub tail: Vec<u8>,
}

impl Encoded {
    /// Bytes in all.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.head.len() as u64 + self.pixels.len() + self.tail.len() as u64
    }

    /// Never: there is always a preamble.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes all of it. `source` is [`Object::source`] where the pixel value stays, and otherwise a source of
    /// just the new value. The value goes through a buffer of a fixed size, or straight from memory.
    ///
    /// # Errors
    /// If reading or writing fails, or a new value has another length than was announced.
    pub fn write_to(&self, source: &dyn Source, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(&self.head)?;
        match self.pixels {
            EncodedPixels::None => {}
            EncodedPixels::Source(range) => copy(source, range, out)?,
            EncodedPixels::New { len } if source.len() == len => {
                copy(source, ByteRange { start: 0, end: len }, out)?;
            }
            EncodedPixels::New { .. } => return Err(io::ErrorKind::InvalidInput.into()),
        }
        out.write_all(&self.tail)
    }
}

const PIECE: usize = 256 << 10;

fn copy(source: &dyn Source, range: ByteRange, out: &mut dyn io::Write) -> io::Result<()> {
    if let Some(bytes) = source.bytes() {
        let part = usize::try_from(range.start)
            .ok()
            .zip(usize::try_from(range.end).ok())
            .and_then(|(start, end)| bytes.get(start..end));
        return out.write_all(part.ok_or(io::ErrorKind::UnexpectedEof)?);
    }
    let mut buffer = vec![0; PIECE.min(usize::try_from(range.len()).unwrap_or(PIECE))];
    let mut at = range.start;
    while at < range.end {
        let count = (range.end - at).min(buffer.len() as u64) as usize;
        source.read_at(at, &mut buffer[..count])?;
        out.write_all(&buffer[..count])?;
        at += count as u64;
    }
    Ok(())
}

/// What becomes of the pixel element.
#[derive(Clone, Copy)]
pub(crate) struct PixelPlan {
    pub(crate) pixels: EncodedPixels,
    pub(crate) encapsulated: bool,
    /// The VR of the element; `None` keeps the one it has.
    pub(crate) vr: Option<VR>,
    /// Bytes that must follow the value for it to be legal.
    pub(crate) ending: &'static [u8],
}

/// Encodes an object with edits and pixel changes.
///
/// What no edit touches keeps its bytes, except for the object's [`crate::Repair`]s. Sequences and Items of
/// defined length around an edit get their new length, those of undefined length stay undefined. Values of
/// [`Edits`] are little endian; those of [`PixelChanges`] are in the byte order of the written transfer syntax.
///
/// # Errors
/// See [`EncodeError`].
pub fn encode(
    object: &Object,
    edits: &Edits,
    meta: &FileMeta,
    pixels: &PixelChanges,
) -> Result<Encoded, EncodeError> {
    if object.extent == Extent::Header && object.pixel_node.is_some() {
        return Err(EncodeError::HeaderOnly);
    }
    let uid = pixels
        .transfer_syntax
        .as_ref()
        .unwrap_or(&meta.transfer_syntax);
    let syntax = syntax::transfer_syntax(uid)
        .filter(|syntax| syntax.inflated.is_none())
        .ok_or(EncodeError::TransferSyntax)?;
    let plan = plan_pixels(object, syntax, pixels)?;
    let mut head = Vec::new();
    meta::write(&mut head, meta, uid)?;
    splice::write(object, edits, pixels, syntax.encoding, plan, head)
}

/// Matches the pixel value to the transfer syntax.
fn plan_pixels(
    object: &Object,
    syntax: TransferSyntax,
    changes: &PixelChanges,
) -> Result<Option<PixelPlan>, EncodeError> {
    let Some(element) = object.pixel_element() else {
        let unchanged = changes.value == PixelValue::Unchanged;
        return if unchanged {
            Ok(None)
        } else {
            Err(EncodeError::NoPixelValue)
        };
    };
    let contradiction = Err(EncodeError::PixelsContradictTransferSyntax);
    let plan = match changes.value {
        PixelValue::Unchanged => {
            let layout = object.layout.as_ref().ok_or(EncodeError::HeaderOnly)?;
            let encapsulated = matches!(layout, PixelLayout::Encapsulated { .. });
            let turned = syntax.encoding.big != object.encoding.big;
            if turned && !encapsulated && element.vr() != VR::OB {
                return contradiction;
            }
            PixelPlan {
                pixels: EncodedPixels::Source(layout.whole()),
                encapsulated,
                // Fragments are OB whatever the samples are (PS3.5 annex A.4).
                vr: encapsulated.then_some(VR::OB),
                ending: ending(object, layout),
            }
        }
        PixelValue::Native { len } => PixelPlan {
            pixels: EncodedPixels::New { len },
            encapsulated: false,
            vr: Some(native_vr(object, changes)),
            ending: if len & 1 == 1 { &[0] } else { &[] },
        },
        PixelValue::Encapsulated { len } => PixelPlan {
            pixels: EncodedPixels::New { len },
            encapsulated: true,
            vr: Some(VR::OB),
            ending: &[],
        },
    };
    if plan.encapsulated != syntax.encapsulated && !plan.pixels.is_empty() {
        return contradiction;
    }
    Ok(Some(plan))
}

/// What an unchanged value lacks to be legal: a delimiter, or the byte that makes its length even.
fn ending(object: &Object, layout: &PixelLayout) -> &'static [u8] {
    const DELIMITER: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
    let undelimited = object
        .pixel_element()
        .is_some_and(|element| element.node().flags.has(crate::node::Flags::NO_DELIMITER));
    match layout {
        PixelLayout::Encapsulated { .. } if undelimited => &DELIMITER,
        PixelLayout::Native { value } if value.len() & 1 == 1 => &[0],
        _ => &[],
    }
}

/// OW for samples of more than 8 bits, OB for others (PS3.5 annex A.2); floats keep their own VR.
fn native_vr(object: &Object, changes: &PixelChanges) -> VR {
    use dicom_dictionary_std::tags;
    match object.pixel_element().map(|element| element.tag()) {
        Some(tags::FLOAT_PIXEL_DATA) => return VR::OF,
        Some(tags::DOUBLE_FLOAT_PIXEL_DATA) => return VR::OD,
        _ => {}
    }
    let changed = changes
        .attributes
        .iter()
        .find(|attribute| attribute.tag == tags::BITS_ALLOCATED)
        .and_then(|attribute| attribute.value.as_deref());
    let wide = match changed {
        Some(value) => !value.contains(&8),
        None => object
            .data_set
            .get(tags::BITS_ALLOCATED)
            .and_then(|element| element.numbers().first().copied())
            .is_none_or(|bits| bits > 8.0),
    };
    if wide { VR::OW } else { VR::OB }
}
