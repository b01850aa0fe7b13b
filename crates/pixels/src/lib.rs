//! Frames to [`Masked`]: burned-in text is found, wiped from the stored values, and proven gone.
//!
//! [`assess`] says which positive reason an image has, or that it has none; [`mask`] does what the assessment asks
//! for and is the only mint of [`Masked`]. Both read the pixels through [`PixelBytes`], in ranges that `p10`
//! found, and never touch a byte that need not change: what is wiped or scrubbed is a list of [`Piece`]s over the
//! original.

mod assess;
mod bytes;
mod class_policy;
mod dct;
mod decode;
mod detect;
mod device_rules;
mod encapsulated;
mod face;
mod fill;
#[cfg(test)]
mod font;
mod glyphs;
mod ground;
mod jpeg_lossless;
mod jpegls;
mod look;
mod masked;
mod native;
mod plane;
mod policy;
mod proof;
mod recode;
mod render;
mod rle;
mod samples;
mod scrub;
mod shape;
mod spans;
mod survey;
mod syntax;
mod ultrasound;
mod value;
mod view;
mod viewing;

pub use assess::{Assessment, ImageToAssess, PersonDecision, Verdict, assess};
pub use bytes::{MemoryBytes, PixelBytes};
pub use class_policy::{ClassPolicy, PolicyError};
pub use detect::{Detector, DetectorError};
pub use device_rules::DeviceRules;
pub use face::{FaceFinding, FaceSearch, WithImage, may_show_face, side_by_side};
pub use masked::{Masked, MaskedBytes, PixelNote, Proof, ProofUnit, mask};
pub use policy::{DocumentImages, Fill, HiddenBitsPolicy, PixelLimits, PixelPolicy, UncertainText};
pub use render::{Rendering, render};
pub use survey::{PixelSurvey, survey};
pub use value::{KeptBits, NewValue, Piece};
pub use viewing::{
    ProjectionKind, Projector, Proposal, ProposalKind, Shown, ShownSamples, proposals, show,
};
