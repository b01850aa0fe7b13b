//! Areas of an image that go, and the reason why an image may leave.

use crate::digest::Digest;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A rectangle of pixels: columns `x..x + width`, rows `y..y + height`, counted from the top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rect {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Rect {
    /// The part of the rectangle inside an image; `None` where nothing is left.
    #[must_use]
    pub fn clip(self, columns: u32, rows: u32) -> Option<Self> {
        let right = self.x.saturating_add(self.width).min(columns);
        let bottom = self.y.saturating_add(self.height).min(rows);
        (self.x < right && self.y < bottom).then(|| Self {
            x: self.x,
            y: self.y,
            width: right - self.x,
            height: bottom - self.y,
        })
    }

    /// Pixels inside.
    #[must_use]
    pub const fn area(self) -> u64 {
        self.width as u64 * self.height as u64
    }
}

/// One area to wipe and the frames that it concerns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MaskRegion {
    /// The area.
    pub rect: Rect,
    /// First and last frame, counted from 0; `None` for all frames.
    pub frames: Option<(u32, u32)>,
    /// What asked for it: `rule:<id>`, `us-region`, `detector`, `person`.
    pub source: String,
}

/// The areas of one image that are to be wiped. Empty: nothing is wiped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MaskPlan {
    /// The areas, sorted.
    pub regions: Vec<MaskRegion>,
}

/// Why the pixels of an object may leave. Without a reason an object is held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PixelReason {
    /// The object has no pixels.
    NoPixels,
    /// Images of this class carry no burned-in text, by a rule of the shipped policy.
    ClassPolicy {
        /// The rule of the class policy.
        rule: String,
    },
    /// A device rule, or the ultrasound regions, said which areas to wipe, and they were wiped.
    Masked {
        /// The rules that asked for it.
        rules: Vec<String>,
    },
    /// The text detector looked at every frame and found nothing that must go, or nothing any more.
    Detector {
        /// The digest of the detector's model.
        model: Digest,
    },
    /// A person looked and signed.
    Person {
        /// The digest of the signed decision.
        decision: Digest,
    },
}

/// What pixel work changes in the header of an object, and what it may claim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PixelChanges {
    /// The new Transfer Syntax UID; `None` where it stays.
    pub transfer_syntax: Option<String>,
    /// Attributes that take a new value, encoded in the byte order of the new transfer syntax.
    pub attributes: Vec<PixelAttribute>,
    /// What stands in the place of the pixel value.
    pub value: PixelValue,
    /// Clean Pixel Data was really done: 113101 is stamped and (0028,0301) becomes `NO`.
    pub pixels_cleaned: bool,
    /// Clean Recognizable Visual Features was really done: 113102 is stamped and (0028,0302) becomes `NO`.
    pub features_cleaned: bool,
}

/// One attribute that pixel work sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PixelAttribute {
    /// Which.
    pub tag: dicom_core::Tag,
    /// Its VR.
    pub vr: dicom_core::VR,
    /// Its encoded value; `None` removes it.
    pub value: Option<Vec<u8>>,
}

/// What stands in the place of the pixel value after pixel work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PixelValue {
    /// The bytes of the original, all of them.
    #[default]
    Unchanged,
    /// A native value of so many bytes (even).
    Native {
        /// Bytes.
        len: u64,
    },
    /// Items from the offset table to the sequence delimitation item, of so many bytes.
    Encapsulated {
        /// Bytes.
        len: u64,
    },
}
