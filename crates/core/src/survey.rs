//! What an organiser's look at a released object found: beyond the index, and nothing that leaves with a release.
//!
//! The index of a package holds what headers say. A survey reads the object again and decodes its frames, for checks
//! and for finding duplicates. It is made where bundles are turned into a release, remembered beside the organiser's
//! key, and written into no package: a perceptual hash would let anybody who holds an original find it.

use crate::digest::Digest;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What the look at one object found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceSurvey {
    /// Frames that the object states; 0 without pixels.
    pub frames: u32,
    /// Frames that could be decoded.
    pub decoded: u32,
    /// SHA-256 of size and decoded samples of all frames; `None` where not all decode, or all samples are equal.
    pub pixels: Option<Digest>,
    /// Perceptual hashes of key frames: first, last, and three between. Frames that show nothing have none.
    pub hashes: Vec<u64>,
    /// Photometric Interpretation.
    pub photometric: String,
    /// Presentation Intent Type.
    pub presentation: String,
    /// Rescale Slope and Rescale Intercept.
    pub rescale: Option<(f64, f64)>,
    /// The smallest and largest stored value of the decoded frames.
    pub range: Option<(i64, i64)>,
    /// Milliseconds from frame to frame: Frame Time, or what Cine Rate says.
    pub frame_time: Option<f64>,
    /// Whether a region of an ultrasound image states centimetres per pixel (PS3.3 C.8.5.5).
    pub has_calibrated_region: bool,
    /// The SOP Instance UIDs that the object refers to.
    pub references: Vec<String>,
}
