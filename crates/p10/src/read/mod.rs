//! Reading an object: the file's beginning, the true encoding, the elements, the true transfer syntax.

mod characters;
mod header;
mod inflate;
mod meta;
mod parse;
mod sniff;
mod window;

pub(crate) use meta::{has_long_length, read_start};
pub(crate) use sniff::{is_plausible, tag as tag_in};
pub(crate) use window::Window;

use crate::dataset::{Bytes, DataSet};
use crate::error::{Fault, ReadError};
use crate::limits::{Extent, Limits};
use crate::object::Object;
use crate::repair::{Repair, RepairKind};
use crate::source::{MemorySource, Source};
use crate::syntax::{self, Encoding, TransferSyntax};
use cloakroom_core::PixelLayout;
use dicom_dictionary_std::tags;
use meta::FileStart;
use parse::Parsed;
use std::sync::Arc;

/// Reads an object within limits.
///
/// # Errors
/// See [`ReadError`]; each has a reason for quarantine.
pub fn read(source: Arc<dyn Source>, extent: Extent, limits: &Limits) -> Result<Object, ReadError> {
    if source.is_empty() {
        return Err(ReadError::Empty);
    }
    let held = Arc::clone(&source);
    let mut window = Window::new(&*held, limits.max_header_bytes);
    // Nearly always the whole header of a single image comes with this first read.
    window.hold(0, source.len().min(132))?;
    let start = read_start(&window)?;
    let declared = match start
        .meta
        .as_ref()
        .and_then(|meta| meta.transfer_syntax.as_deref())
    {
        Some(uid) => Some(syntax::transfer_syntax(uid).ok_or(ReadError::TransferSyntaxUnknown)?),
        None => None,
    };
    let mut repairs = meta_repairs(&start);
    let content = find_data_set(&source, &window, &start, declared, limits, &mut repairs)?;
    let window = if content.inflated {
        Window::new(&*content.source, limits.max_header_bytes)
    } else {
        window
    };
    let (at, encoding) = (content.start, content.encoding);
    let parsed = parse::parse(window, at, encoding, extent, limits, repairs)?;
    finish(content, start, declared, extent, parsed)
}

fn meta_repairs(start: &FileStart) -> Vec<Repair> {
    let kind = match start.meta {
        None => RepairKind::MetaMissing,
        Some(_) if !start.complete => RepairKind::MetaIncomplete,
        Some(_) => return Vec::new(),
    };
    vec![Repair { kind, node: None }]
}

/// Where the elements are and how they are encoded.
struct Content {
    source: Arc<dyn Source>,
    start: u64,
    encoding: Encoding,
    inflated: bool,
}

fn find_data_set(
    source: &Arc<dyn Source>,
    window: &Window<'_>,
    start: &FileStart,
    declared: Option<TransferSyntax>,
    limits: &Limits,
    repairs: &mut Vec<Repair>,
) -> Result<Content, ReadError> {
    let at = start.data_set;
    let as_it_is = |encoding| Content {
        source: Arc::clone(source),
        start: at,
        encoding,
        inflated: false,
    };
    if at >= source.len() {
        let encoding = declared.map_or(Encoding::IMPLICIT_LITTLE, |syntax| syntax.encoding);
        return Ok(as_it_is(encoding));
    }
    let expected = declared.map(|syntax| syntax.encoding);
    if let Some(encoding) = sniff::sniff(window, at, expected)? {
        return Ok(as_it_is(encoding));
    }
    let is_deflated = declared.is_some_and(|syntax| syntax.inflated.is_some());
    if is_deflated || start.meta.is_some() {
        match inflate_content(&**source, at, limits) {
            // Undeclared, it must be a deflated data set beyond doubt: many bytes inflate to something.
            Ok((content, left_over))
                if is_deflated || (!content.source.is_empty() && left_over < 2) =>
            {
                repairs.push(Repair {
                    kind: RepairKind::Inflated,
                    node: None,
                });
                if left_over > 1 {
                    repairs.push(Repair {
                        kind: RepairKind::TrailingBytesDropped,
                        node: None,
                    });
                }
                return Ok(content);
            }
            Err(error) if is_deflated => return Err(error),
            _ => {}
        }
    }
    match expected {
        Some(encoding) => Ok(as_it_is(encoding)),
        None if start.meta.is_some() => Err(ReadError::Malformed {
            offset: at,
            fault: Fault::NoKnownEncoding,
        }),
        None => Err(ReadError::NotDicom),
    }
}

fn inflate_content(
    source: &dyn Source,
    at: u64,
    limits: &Limits,
) -> Result<(Content, u64), ReadError> {
    let inflated = inflate::inflate(source, at, limits.max_inflated_bytes)?;
    let source = MemorySource::new(inflated.bytes);
    let expected = Some(Encoding::EXPLICIT_LITTLE);
    let encoding = if source.is_empty() {
        expected
    } else {
        sniff::sniff(&Window::new(&source, limits.max_header_bytes), 0, expected)?
    };
    let encoding = encoding.ok_or(ReadError::Malformed {
        offset: at,
        fault: Fault::NoKnownEncoding,
    })?;
    let content = Content {
        source: Arc::new(source),
        start: 0,
        encoding,
        inflated: true,
    };
    Ok((content, inflated.left_over))
}

fn finish(
    content: Content,
    start: FileStart,
    declared: Option<TransferSyntax>,
    extent: Extent,
    parsed: Parsed,
) -> Result<Object, ReadError> {
    let bytes = if content.source.bytes().is_some() {
        Bytes::Lent(Arc::clone(&content.source))
    } else {
        Bytes::Read(parsed.segments)
    };
    let mut data_set = DataSet {
        nodes: parsed.nodes,
        bytes,
        character_sets: Vec::new(),
        root_character_set: 0,
        unordered: parsed.unordered,
        signed: parsed.signed,
    };
    characters::resolve(&mut data_set, &parsed.character_set_elements);
    let mut object = Object {
        source: content.source,
        extent,
        preamble: start.preamble,
        meta: start.meta,
        transfer_syntax: String::new(),
        encoding: content.encoding,
        data_set,
        duplicates: parsed.duplicates,
        repairs: parsed.repairs,
        layout: parsed.layout,
        pixel_node: parsed.pixel,
    };
    settle_transfer_syntax(&mut object, declared, content.inflated)?;
    Ok(object)
}

/// Finds the transfer syntax that tells the truth about the elements and the pixels.
fn settle_transfer_syntax(
    object: &mut Object,
    declared: Option<TransferSyntax>,
    inflated: bool,
) -> Result<(), ReadError> {
    let declared_uid = object
        .declared_transfer_syntax()
        .unwrap_or_default()
        .to_owned();
    let pixels = object.pixel_element();
    let fragments = pixels.is_some_and(|element| element.has_undefined_length());
    let found = plain_transfer_syntax(object.encoding);
    let uid = match declared {
        Some(syntax) if syntax.encapsulated && !fragments && has_native_pixels(object) => found,
        Some(syntax) if syntax.encapsulated => &declared_uid,
        _ if fragments => return Err(ReadError::TransferSyntaxUnknown),
        Some(syntax) if syntax.encoding == object.encoding => {
            syntax.inflated.unwrap_or(&declared_uid)
        }
        _ => found,
    }
    .to_owned();
    if uid != declared_uid && !inflated {
        object.repairs.push(Repair {
            kind: RepairKind::TransferSyntaxCorrected,
            node: None,
        });
    }
    let written = syntax::transfer_syntax(&uid).map(|syntax| syntax.encoding);
    if written != Some(object.encoding) {
        object.repairs.push(Repair {
            kind: RepairKind::EncodingCorrected,
            node: None,
        });
    }
    object.transfer_syntax = uid;
    Ok(())
}

/// The transfer syntax without compression that keeps an encoding. Implicit big endian is none of the standard's.
const fn plain_transfer_syntax(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding { big: true, .. } => syntax::EXPLICIT_BIG,
        Encoding { explicit: true, .. } => syntax::EXPLICIT_LITTLE,
        Encoding {
            explicit: false, ..
        } => syntax::IMPLICIT_LITTLE,
    }
}

/// Whether the pixel value has just the length that native pixels of this image have.
fn has_native_pixels(object: &Object) -> bool {
    let Some(PixelLayout::Native { value }) = object.layout else {
        return false;
    };
    let number = |tag| -> Option<u64> {
        let number = object.data_set.get(tag)?.numbers().first().copied()?;
        (number >= 0.0 && number <= f64::from(u32::MAX)).then_some(number as u64)
    };
    let (Some(rows), Some(columns), Some(bits)) = (
        number(tags::ROWS),
        number(tags::COLUMNS),
        number(tags::BITS_ALLOCATED),
    ) else {
        return false;
    };
    let samples = number(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
    let frames = number(tags::NUMBER_OF_FRAMES).unwrap_or(1);
    let product = [columns, samples, frames, bits]
        .into_iter()
        .try_fold(rows, u64::checked_mul);
    product.is_some_and(|bits| {
        let bytes = bits.div_ceil(8);
        value.len() == bytes || value.len() == bytes + (bytes & 1)
    })
}
