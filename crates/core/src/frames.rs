//! Where the pixels lie in a file and what they mean: made by `p10`, read by `pixels`.

use crate::mask::Rect;
use crate::phi::Phi;
use alloc::string::String;
use alloc::vec::Vec;

/// Bytes `start..end` of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

impl ByteRange {
    /// Bytes inside.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.end - self.start
    }

    /// Whether it holds no byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end == self.start
    }
}

/// Where the value of the top-level pixel data lies (PS3.5 section 8 and annex A.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PixelLayout {
    /// One value of defined length.
    Native {
        /// The value.
        value: ByteRange,
    },
    /// A sequence of fragments.
    Encapsulated {
        /// From the item tag of the Basic Offset Table to the end of the sequence delimitation item.
        whole: ByteRange,
        /// The value of the Basic Offset Table, perhaps empty.
        offset_table: ByteRange,
        /// The values of the fragments, without their item headers.
        fragments: Vec<ByteRange>,
    },
}

impl PixelLayout {
    /// All bytes from the first of the value to the last.
    #[must_use]
    pub const fn whole(&self) -> ByteRange {
        match self {
            Self::Native { value } => *value,
            Self::Encapsulated { whole, .. } => *whole,
        }
    }
}

/// A region of (0018,6011) Sequence of Ultrasound Regions (PS3.3 C.8.5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UltrasoundRegion {
    /// Region Location Min/Max, both inclusive in the standard, as a rectangle.
    pub rect: Rect,
    /// Region Spatial Format (0018,6012); 1 is 2D, 2 M-mode, 3 spectral, 4 wave form, 5 graphics.
    pub spatial_format: u16,
    /// Region Data Type (0018,6014); 1 is tissue.
    pub data_type: u16,
}

/// A palette colour lookup table (PS3.3 C.7.6.3.1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    /// The first stored value that is mapped.
    pub first: i32,
    /// Red, green and blue, each as long as the others, scaled to 16 bits.
    pub channels: [Vec<u16>; 3],
}

/// What an image says of its pixels in its header.
///
/// Text is as found, decoded; what may identify is `Phi`.
#[derive(Debug, Clone, Default)]
pub struct ImageDescription {
    /// Transfer Syntax UID of the stored pixels.
    pub transfer_syntax: String,
    /// SOP Class UID.
    pub sop_class: String,
    /// Modality (0008,0060).
    pub modality: String,
    /// Values of Image Type (0008,0008), upper case, trimmed.
    pub image_type: Vec<String>,
    /// Manufacturer (0008,0070).
    pub manufacturer: Phi<String>,
    /// Manufacturer's Model Name (0008,1090).
    pub model: Phi<String>,
    /// Software Versions (0018,1020), joined with a backslash.
    pub software: Phi<String>,
    /// Body Part Examined (0018,0015).
    pub body_part: Phi<String>,
    /// Conversion Type (0008,0064).
    pub conversion_type: String,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// Number of Frames; 1 where absent.
    pub frames: u32,
    /// Samples per Pixel.
    pub samples: u16,
    /// Bits Allocated.
    pub bits_allocated: u16,
    /// Bits Stored.
    pub bits_stored: u16,
    /// High Bit.
    pub high_bit: u16,
    /// Pixel Representation: whether stored values are signed.
    pub signed: bool,
    /// Planar Configuration: whether the samples stand plane by plane.
    pub planar: bool,
    /// Photometric Interpretation.
    pub photometric: String,
    /// Whether multi-byte samples of native pixels are big endian.
    pub big_endian: bool,
    /// Burned In Annotation (0028,0301): `YES`, `NO`, or empty where absent or anything else.
    pub burned_in: String,
    /// Window Center and Width pairs.
    pub windows: Vec<(f64, f64)>,
    /// Rescale Slope and Intercept.
    pub rescale: Option<(f64, f64)>,
    /// Pixel Padding Value as stored.
    pub padding: Option<i32>,
    /// Palette of a PALETTE COLOR image.
    pub palette: Option<Palette>,
    /// Regions of an ultrasound image.
    pub ultrasound_regions: Vec<UltrasoundRegion>,
    /// Lossy Image Compression (0028,2110) is `01`.
    pub lossy: bool,
    /// Pixel Spacing in millimetres: between rows, between columns.
    pub pixel_spacing: Option<(f64, f64)>,
    /// Image Orientation (Patient): direction cosines of row and column.
    pub orientation: Option<[f64; 6]>,
    /// Image Position (Patient) in millimetres.
    pub position: Option<[f64; 3]>,
    /// Image Position (Patient) of each frame, where functional groups state it for every one.
    pub frame_positions: Vec<[f64; 3]>,
    /// The name of the pixel element: (7FE0,0010), (7FE0,0008) for floats or (7FE0,0009) for doubles; `None` without pixels.
    pub pixel_tag: Option<dicom_core::Tag>,
}
