//! Masks: NIfTI-1 with gzip, in the one form that the program writes. Any other byte in the header is a fault.

use super::{NotASidecar, Reading};
use cloakroom_core::labels::is_reader_code;
use cloakroom_core::{LabelSchema, MaskGrid, SidecarFacts, SidecarKind, Uid};
use flate2::bufread::GzDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

const HEADER: usize = 352;
const MOST_VOXELS: u64 = 1 << 31;

/// A mask: what it is about, where its voxels lie, and the segment of each, the first axis fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// The released Series Instance UID, which stands in `descrip`.
    pub series: String,
    /// The code of the reader, which stands in `intent_name`; empty where it is nobody's in particular.
    pub reader: String,
    /// Where they lie.
    pub grid: MaskGrid,
    /// The segments.
    pub voxels: Vec<u16>,
}

/// Reads a mask that the program wrote.
///
/// # Errors
/// If it is not in the one form that masks have in a package.
pub fn read_mask(bytes: &[u8]) -> Result<Mask, NotASidecar> {
    open(bytes).map(|(mask, _)| mask)
}

pub(super) fn read(schema: &LabelSchema, bytes: &[u8]) -> Result<Reading, NotASidecar> {
    let (mask, header) = open(bytes)?;
    let mut segments: BTreeMap<u16, u64> = BTreeMap::new();
    for voxel in mask.voxels.iter().filter(|voxel| **voxel != 0) {
        *segments.entry(*voxel).or_default() += 1;
    }
    if !segments.keys().all(|segment| schema.has_segment(*segment)) {
        return Err(NotASidecar(
            "a voxel has a value that is no segment of the track",
        ));
    }
    Ok(Reading {
        facts: SidecarFacts {
            kind: SidecarKind::Mask,
            patients: 1,
            rows: segments.values().sum(),
            patient: String::new(),
            study: String::new(),
            series: mask.series,
            reader: mask.reader,
            grid: Some(mask.grid),
            segments,
        },
        patients: BTreeSet::new(),
        texts: Vec::new(),
        searched: header,
    })
}

fn open(bytes: &[u8]) -> Result<(Mask, Vec<u8>), NotASidecar> {
    const OTHER: NotASidecar = NotASidecar("the mask is not written as masks are");
    // The header of gzip names no file and no time (RFC 1952), and nothing follows the one member.
    if !bytes.starts_with(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]) {
        return Err(OTHER);
    }
    let mut rest = bytes;
    let mut header = vec![0; HEADER];
    let mut decoder = GzDecoder::new(&mut rest);
    decoder.read_exact(&mut header).map_err(|_| OTHER)?;
    let short = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let float = |at: usize| {
        let four = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        f64::from(f32::from_le_bytes(four))
    };
    let size = [42, 44, 46].map(short);
    let count: u64 = size.iter().map(|size| u64::from(*size)).product();
    let width = match (short(70), short(72)) {
        (2, 8) => 1,
        (512, 16) => 2,
        _ => return Err(OTHER),
    };
    let affine = [280, 296, 312].map(|row| [0, 4, 8, 12].map(|column| float(row + column)));
    let finite = affine.iter().flatten().all(|number| number.is_finite());
    if count == 0 || count > MOST_VOXELS || !finite || !is_plain(&header, &affine) {
        return Err(OTHER);
    }
    let bytes_wanted = usize::try_from(count * width).map_err(|_| OTHER)?;
    let mut data = Vec::new();
    let read = decoder
        .take(bytes_wanted as u64 + 1)
        .read_to_end(&mut data)
        .map_err(|_| OTHER)?;
    if read != bytes_wanted || !rest.is_empty() {
        return Err(OTHER);
    }
    let voxels = match width {
        1 => data.into_iter().map(u16::from).collect(),
        _ => data
            .chunks_exact(2)
            .map(|two| u16::from_le_bytes([two[0], two[1]]))
            .collect(),
    };
    let grid = MaskGrid {
        size: size.map(u32::from),
        affine,
    };
    let (series, reader) = (text(&header, 148, 80), text(&header, 328, 16));
    let (Some(series), Some(reader)) = (series, reader) else {
        return Err(OTHER);
    };
    if series.parse::<Uid>().is_err() || !(reader.is_empty() || is_reader_code(&reader)) {
        return Err(OTHER);
    }
    let mask = Mask {
        series,
        reader,
        grid,
        voxels,
    };
    Ok((mask, header))
}

/// A text of ASCII, with zeros up to the end of its field.
fn text(header: &[u8], at: usize, length: usize) -> Option<String> {
    let field = header.get(at..at + length)?;
    let end = field.iter().position(|byte| *byte == 0)?;
    let (text, rest) = field.split_at(end);
    let plain = text.is_ascii() && rest.iter().all(|byte| *byte == 0);
    plain.then(|| text.iter().map(|byte| char::from(*byte)).collect())
}

/// Whether every byte that does not tell size, type, place, series or reader is the one that is always there.
fn is_plain(header: &[u8], affine: &[[f64; 4]; 3]) -> bool {
    let fixed: [(usize, &[u8]); 7] = [
        (0, &348_i32.to_le_bytes()),
        (40, &3_u16.to_le_bytes()),
        (48, &[1, 0, 1, 0, 1, 0, 1, 0]),
        (108, &352_f32.to_le_bytes()),
        (112, &1_f32.to_le_bytes()),
        (254, &1_u16.to_le_bytes()),
        (344, b"n+1\0"),
    ];
    let mut wanted = vec![0; HEADER];
    for (at, bytes) in fixed {
        wanted[at..at + bytes.len()].copy_from_slice(bytes);
    }
    wanted[123] = 2;
    wanted[76..80].copy_from_slice(&1_f32.to_le_bytes());
    for (at, length) in [(42, 6), (70, 4), (80, 12), (148, 80), (280, 48), (328, 16)] {
        wanted[at..at + length].copy_from_slice(&header[at..at + length]);
    }
    let spacing = |axis: usize| {
        let length: f64 = affine.iter().map(|row| row[axis] * row[axis]).sum();
        let at = 80 + 4 * axis;
        let stated = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        (f64::from(f32::from_le_bytes(stated)) - length.sqrt()).abs() <= 1e-4 * length.sqrt()
    };
    wanted == header && (0..3).all(spacing)
}
