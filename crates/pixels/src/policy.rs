//! What the profile says of pixels.

use crate::class_policy::ClassPolicy;
use crate::device_rules::DeviceRules;
use std::sync::Arc;

/// What becomes of text that the recogniser cannot read with certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UncertainText {
    /// It is wiped.
    Wipe,
    /// The image is held for a person.
    Hold,
}

/// What becomes of an image that is a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentImages {
    /// It is held for a person.
    Hold,
    /// It is dropped, with its own reason in the log.
    Drop,
}

/// What stands where something was wiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// In grey images a value one below the image's own smallest, where the stored bits have room for it, so that
    /// the area differs from every true pixel; in colour images black.
    BelowMinimum,
    /// The value that is shown black.
    Black,
}

/// What becomes of bits above Bits Stored that are neither zero nor the sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HiddenBitsPolicy {
    /// They are cleared, unless they form an image of their own, which is held.
    ClearUnlessImage,
    /// Any such bit holds the image.
    Hold,
}

/// Bounds on the work that one image may cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelLimits {
    /// Pixels of one frame.
    pub frame_pixels: u64,
    /// Frames of one image.
    pub frames: u32,
    /// Bytes that one decoded frame may take.
    pub frame_bytes: u64,
    /// Bytes that the decoded image may take where all frames must be stored anew.
    pub image_bytes: u64,
}

impl Default for PixelLimits {
    fn default() -> Self {
        Self {
            frame_pixels: 1 << 28,
            frames: 1 << 17,
            frame_bytes: 1 << 30,
            image_bytes: 4 << 30,
        }
    }
}

/// Everything that a profile decides about pixels.
#[derive(Debug, Clone)]
pub struct PixelPolicy {
    /// Which classes carry no burned-in text, and which images are documents.
    pub classes: Arc<ClassPolicy>,
    /// Where devices burn text in.
    pub devices: Arc<DeviceRules>,
    /// Below this score of the recogniser, between 0 and 1, text counts as unread.
    pub recognition_threshold: f32,
    /// What becomes of unread text.
    pub uncertain: UncertainText,
    /// What becomes of documents.
    pub documents: DocumentImages,
    /// What stands where something was wiped.
    pub fill: Fill,
    /// What becomes of bits above Bits Stored.
    pub hidden_bits: HiddenBitsPolicy,
    /// Bounds on the work.
    pub limits: PixelLimits,
}

impl PixelPolicy {
    /// The policy of the profile `contest` with the shipped class policy: uncertain text is wiped, documents wait.
    #[must_use]
    pub fn contest() -> Self {
        Self {
            classes: ClassPolicy::shipped(),
            devices: DeviceRules::shipped(),
            recognition_threshold: 0.8,
            uncertain: UncertainText::Wipe,
            documents: DocumentImages::Hold,
            fill: Fill::BelowMinimum,
            hidden_bits: HiddenBitsPolicy::ClearUnlessImage,
            limits: PixelLimits::default(),
        }
    }

    /// The policy of the profile `strict`: what is uncertain waits for a person.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            uncertain: UncertainText::Hold,
            hidden_bits: HiddenBitsPolicy::Hold,
            ..Self::contest()
        }
    }
}
