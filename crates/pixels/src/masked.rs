//! The only mint of [`Masked`].

use crate::assess::{Assessment, ImageToAssess, Verdict};
use crate::value::NewValue;
use cloakroom_core::{HoldReason, MaskRegion, PixelChanges, PixelReason};

/// What a proof counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofUnit {
    /// Stored samples of pixels.
    Samples,
    /// Quantised DCT coefficients.
    Coefficients,
}

/// What was compared before and after a mask; all that lies outside the area really wiped was equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// What was counted.
    pub unit: ProofUnit,
    /// How many lie outside the area wiped, and were found equal before and after.
    pub equal: u64,
    /// How many lie inside the area wiped.
    pub wiped: u64,
}

/// The pixel value after pixel work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskedBytes<'a> {
    /// All bytes of the original.
    Unchanged,
    /// A value of its own, partly made of the original's bytes.
    Replaced(&'a NewValue),
}

/// The pixels of an object that may leave, and why. Only [`mask`] makes one.
#[derive(Debug, Clone)]
pub struct Masked {
    reason: PixelReason,
    changes: PixelChanges,
    value: Option<NewValue>,
    regions: Vec<MaskRegion>,
    proof: Option<Proof>,
}

impl Masked {
    /// Why the pixels may leave.
    #[must_use]
    pub const fn reason(&self) -> &PixelReason {
        &self.reason
    }

    /// What the header must say after the pixel work.
    #[must_use]
    pub const fn changes(&self) -> &PixelChanges {
        &self.changes
    }

    /// The pixel value.
    #[must_use]
    pub fn bytes(&self) -> MaskedBytes<'_> {
        self.value
            .as_ref()
            .map_or(MaskedBytes::Unchanged, MaskedBytes::Replaced)
    }

    /// The areas that were really wiped, which may be larger than those asked for.
    #[must_use]
    pub fn regions(&self) -> &[MaskRegion] {
        &self.regions
    }

    /// What was compared before and after, where something was wiped.
    #[must_use]
    pub const fn proof(&self) -> Option<&Proof> {
        self.proof.as_ref()
    }
}

/// Does what the assessment asks for.
///
/// # Errors
/// The reason of an assessment that holds; [`HoldReason::PixelUndecodable`] where the pixels cannot be masked;
/// [`HoldReason::PixelReasonMissing`] for an image that the policy drops, which must never come here.
pub fn mask(_request: &ImageToAssess<'_>, assessment: &Assessment) -> Result<Masked, HoldReason> {
    match assessment.verdict() {
        Verdict::Reason(reason) => Ok(Masked {
            reason: reason.clone(),
            changes: PixelChanges::default(),
            value: None,
            regions: Vec::new(),
            proof: None,
        }),
        Verdict::Mask(..) => Err(HoldReason::PixelUndecodable),
        Verdict::Hold(reason) => Err(*reason),
        Verdict::Drop(_) => Err(HoldReason::PixelReasonMissing),
    }
}
