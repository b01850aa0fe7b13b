//! Masks: NIfTI-1, plain or with gzip. Size, place and segment numbers are taken over; the rest of the header, its
//! extensions, and everything that a tool wrote into it go.

use super::{EditedSidecar, LabelFault, LabelTally};
use cloakroom_core::{LabelSchema, PatientPseudonym, SidecarKind, Uid};
use flate2::{Compression, GzBuilder, read::MultiGzDecoder};
use std::collections::BTreeSet;
use std::io::{Read, Write};

/// What a mask is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskAbout {
    /// The patient.
    pub patient: PatientPseudonym,
    /// The study.
    pub study: Uid,
    /// The series.
    pub series: Uid,
    /// The code of the reader who drew it; empty where it is nobody's in particular.
    pub reader: String,
}

/// Bytes of the header of NIfTI-1.
const HEADER: usize = 348;
/// Where the voxels of what is written begin.
const OFFSET: usize = 352;
/// No mask has more voxels.
const MOST_VOXELS: u64 = 1 << 31;

/// Writes a mask anew under a fresh header.
///
/// # Errors
/// If it is not NIfTI-1 with three dimensions, does not say where it lies, is empty, or holds a value that is no
/// segment of the track.
pub fn edit_mask(
    bytes: &[u8],
    schema: &LabelSchema,
    about: MaskAbout,
) -> Result<EditedSidecar, LabelFault> {
    if schema.segments.is_empty() {
        return Err(LabelFault::NoSegments);
    }
    if about.reader.len() >= 16 {
        return Err(LabelFault::Unreadable(
            "the code of the reader does not fit",
        ));
    }
    let inflated;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        inflated = inflate(bytes)?;
        &inflated
    } else {
        bytes
    };
    let header = Header::read(bytes)?;
    let voxels = header.voxels(bytes, schema)?;
    let kept = voxels.iter().filter(|voxel| **voxel != 0).count();
    if kept == 0 {
        return Err(LabelFault::EmptyMask);
    }
    let written = write(&header, &voxels, &about)?;
    Ok(EditedSidecar {
        kind: SidecarKind::Mask,
        patients: BTreeSet::from([about.patient.clone()]),
        about: Some(about),
        bytes: written,
        tally: LabelTally {
            kept: u32::try_from(kept).unwrap_or(u32::MAX),
            ..LabelTally::default()
        },
    })
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, LabelFault> {
    let most = MOST_VOXELS * 8 + 65_536;
    let mut out = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(most).read_to_end(&mut out);
    match read {
        Ok(count) if (count as u64) < most => Ok(out),
        _ => Err(LabelFault::Unreadable(
            "the mask cannot be unpacked, or is larger than any mask",
        )),
    }
}

/// What is taken over of a header (NIfTI-1.1).
struct Header {
    big: bool,
    size: [u16; 3],
    datatype: i16,
    slope: f32,
    intercept: f32,
    offset: usize,
    affine: [[f32; 4]; 3],
}

const NOT_NIFTI: LabelFault =
    LabelFault::Unreadable("the file is no NIfTI-1 image in one file (.nii or .nii.gz)");

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, LabelFault> {
        let fields = bytes.get(..HEADER).ok_or(NOT_NIFTI)?;
        let big = match fields[..4] {
            [0x5c, 0x01, 0, 0] => false,
            [0, 0, 0x01, 0x5c] => true,
            _ => return Err(NOT_NIFTI),
        };
        if fields[344..348] != *b"n+1\0" {
            return Err(NOT_NIFTI);
        }
        let fields = Fields { bytes: fields, big };
        let dimensions = fields.short(40);
        let one_volume = [(4, 48), (5, 50), (6, 52), (7, 54)]
            .into_iter()
            .all(|(axis, at)| axis > dimensions || fields.short(at) <= 1);
        let size = [42, 44, 46].map(|at| u16::try_from(fields.short(at)).unwrap_or(0));
        let count: u64 = size.iter().map(|size| u64::from(*size)).product();
        if !(3..=7).contains(&dimensions) || !one_volume || count == 0 || count > MOST_VOXELS {
            return Err(LabelFault::Unreadable("the mask has not three dimensions"));
        }
        let offset = fields.float(108);
        if !(OFFSET as f32..=16_777_216.0).contains(&offset) || offset.fract() != 0.0 {
            return Err(NOT_NIFTI);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number between 352 and 2^24"
        )]
        let offset = offset as usize;
        Ok(Self {
            big,
            size,
            datatype: fields.short(70),
            slope: fields.float(112),
            intercept: fields.float(116),
            offset,
            affine: affine(&fields).ok_or(LabelFault::NoOrientation)?,
        })
    }

    fn voxels(&self, bytes: &[u8], schema: &LabelSchema) -> Result<Vec<u16>, LabelFault> {
        let count: usize = self.size.iter().map(|size| usize::from(*size)).product();
        let width = width(self.datatype).ok_or(LabelFault::Unreadable(
            "the voxels of the mask are of a type that masks do not have",
        ))?;
        let data = self
            .offset
            .checked_add(count * width)
            .and_then(|end| bytes.get(self.offset..end))
            .ok_or(LabelFault::Unreadable("the mask is cut off"))?;
        let scaled = self.slope != 0.0 && (self.slope, self.intercept) != (1.0, 0.0);
        let mut wrong = 0;
        let mut voxels = Vec::with_capacity(count);
        for bytes in data.chunks_exact(width) {
            let stored = number(self.datatype, bytes, self.big);
            let value = match scaled {
                true => f64::from(self.slope) * stored + f64::from(self.intercept),
                false => stored,
            };
            let segment = whole(value).filter(|segment| schema.has_segment(*segment));
            wrong += u64::from(segment.is_none());
            voxels.push(segment.unwrap_or(0));
        }
        if wrong > 0 {
            return Err(LabelFault::NotASegment(wrong));
        }
        Ok(voxels)
    }
}

struct Fields<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl Fields<'_> {
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut array = [0; N];
        if let Some(bytes) = self.bytes.get(at..at + N) {
            array.copy_from_slice(bytes);
        }
        if self.big {
            array.reverse();
        }
        array
    }

    fn short(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.array(at))
    }

    fn float(&self, at: usize) -> f32 {
        f32::from_le_bytes(self.array(at))
    }
}

/// From voxel numbers to millimetres: the sform where there is one, else the qform (methods 3 and 2 of NIfTI-1.1).
fn affine(fields: &Fields<'_>) -> Option<[[f32; 4]; 3]> {
    let affine = if fields.short(254) > 0 {
        [280, 296, 312].map(|row| [0, 4, 8, 12].map(|column| fields.float(row + column)))
    } else if fields.short(252) > 0 {
        quaternion(fields)
    } else {
        return None;
    };
    let sound = affine.iter().flatten().all(|number| number.is_finite());
    let column = |axis: usize| affine.iter().map(|row| row[axis] * row[axis]).sum::<f32>();
    (sound && (0..3).all(|axis| column(axis) > 0.0)).then_some(affine)
}

fn quaternion(fields: &Fields<'_>) -> [[f32; 4]; 3] {
    let [b, c, d] = [256, 260, 264].map(|at| f64::from(fields.float(at)));
    let a = (1.0 - (b * b + c * c + d * d)).max(0.0).sqrt();
    let rotation = [
        [
            a * a + b * b - c * c - d * d,
            2.0 * (b * c - a * d),
            2.0 * (b * d + a * c),
        ],
        [
            2.0 * (b * c + a * d),
            a * a + c * c - b * b - d * d,
            2.0 * (c * d - a * b),
        ],
        [
            2.0 * (b * d - a * c),
            2.0 * (c * d + a * b),
            a * a + d * d - c * c - b * b,
        ],
    ];
    let handed = if fields.float(76) < 0.0 { -1.0 } else { 1.0 };
    let scale = [
        f64::from(fields.float(80)),
        f64::from(fields.float(84)),
        f64::from(fields.float(88)) * handed,
    ];
    let mut affine = [[0.0; 4]; 3];
    for (row, rotated) in rotation.iter().enumerate() {
        for (column, scale) in scale.iter().enumerate() {
            affine[row][column] = single(rotated[column] * scale);
        }
        affine[row][3] = fields.float(268 + 4 * row);
    }
    affine
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "headers of NIfTI-1 hold single precision"
)]
const fn single(number: f64) -> f32 {
    number as f32
}

/// Bytes of a voxel, by the codes of NIfTI-1.
const fn width(datatype: i16) -> Option<usize> {
    match datatype {
        2 | 256 => Some(1),
        4 | 512 => Some(2),
        8 | 16 | 768 => Some(4),
        64 | 1024 | 1280 => Some(8),
        _ => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers above 2^53 are no segments, whatever they are rounded to"
)]
fn number(datatype: i16, bytes: &[u8], big: bool) -> f64 {
    let mut eight = [0; 8];
    for (place, byte) in bytes.iter().enumerate() {
        eight[if big { bytes.len() - 1 - place } else { place }] = *byte;
    }
    let [a, b, c, d, ..] = eight;
    match datatype {
        2 => f64::from(a),
        256 => f64::from(i8::from_le_bytes([a])),
        4 => f64::from(i16::from_le_bytes([a, b])),
        512 => f64::from(u16::from_le_bytes([a, b])),
        8 => f64::from(i32::from_le_bytes([a, b, c, d])),
        768 => f64::from(u32::from_le_bytes([a, b, c, d])),
        16 => f64::from(f32::from_le_bytes([a, b, c, d])),
        64 => f64::from_le_bytes(eight),
        1024 => i64::from_le_bytes(eight) as f64,
        _ => u64::from_le_bytes(eight) as f64,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number between 0 and 65535"
)]
fn whole(value: f64) -> Option<u16> {
    ((0.0..=65_535.0).contains(&value) && value.fract() == 0.0).then_some(value as u16)
}

/// A header with size, place and type, the released series in `descrip`, the reader's code in `intent_name`, and
/// zeros elsewhere; no time and no name in the gzip header.
fn write(header: &Header, voxels: &[u16], about: &MaskAbout) -> Result<Vec<u8>, LabelFault> {
    let wide = voxels.iter().any(|voxel| *voxel > 255);
    let mut fields = vec![0_u8; OFFSET];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(place) = fields.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    };
    put(0, &348_i32.to_le_bytes());
    put(40, &3_u16.to_le_bytes());
    for (place, size) in header.size.iter().chain(&[1; 4]).enumerate() {
        put(42 + 2 * place, &size.to_le_bytes());
    }
    put(70, &(if wide { 512_i16 } else { 2 }).to_le_bytes());
    put(72, &(if wide { 16_i16 } else { 8 }).to_le_bytes());
    put(76, &1_f32.to_le_bytes());
    for axis in 0..3 {
        let length: f64 = header
            .affine
            .iter()
            .map(|row| f64::from(row[axis]).powi(2))
            .sum();
        put(80 + 4 * axis, &single(length.sqrt()).to_le_bytes());
    }
    put(108, &352_f32.to_le_bytes());
    put(112, &1_f32.to_le_bytes());
    // Millimetres.
    put(123, &[2]);
    put(148, about.series.as_str().as_bytes());
    put(328, about.reader.as_bytes());
    put(254, &1_i16.to_le_bytes());
    for (row, numbers) in header.affine.iter().enumerate() {
        for (column, number) in numbers.iter().enumerate() {
            // Minus zero is zero.
            put(280 + 16 * row + 4 * column, &(number + 0.0).to_le_bytes());
        }
    }
    put(344, b"n+1\0");
    let unwritable = |_| LabelFault::Unreadable("the mask cannot be written");
    let mut packed = GzBuilder::new().write(Vec::new(), Compression::new(6));
    packed.write_all(&fields).map_err(unwritable)?;
    let data: Vec<u8> = match wide {
        true => voxels
            .iter()
            .flat_map(|voxel| voxel.to_le_bytes())
            .collect(),
        false => voxels.iter().map(|voxel| voxel.to_le_bytes()[0]).collect(),
    };
    packed.write_all(&data).map_err(unwritable)?;
    packed.finish().map_err(unwritable)
}
