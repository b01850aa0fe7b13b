//! The only mint of [`Masked`].

use crate::assess::{Assessment, ImageToAssess, Verdict};
use crate::decode::{CodedFrames, Frames};
use crate::detect::judge::Judgement;
use crate::encapsulated::Encapsulated;
use crate::look::Look;
use crate::native::NativePixels;
use crate::recode::recode;
use crate::scrub::{Expected, scrub};
use crate::shape::FrameShape;
use crate::spans::effective_regions;
use crate::syntax::Coding;
use crate::value::NewValue;
use crate::view::View;
use cloakroom_core::{
    ByteRange, HoldReason, ImageDescription, MaskPlan, MaskRegion, PixelAttribute, PixelChanges,
    PixelLayout, PixelReason, PixelValue, Tag, VR,
};
use std::collections::BTreeSet;

/// Smallest and Largest Image Pixel Value, which no longer hold once something was wiped.
const EXTREMES: [Tag; 2] = [Tag(0x0028, 0x0106), Tag(0x0028, 0x0107)];

/// Extended Offset Table and its lengths, which no longer hold once the items are laid out anew.
const EXTENDED_OFFSETS: [Tag; 2] = [Tag(0x7FE0, 0x0001), Tag(0x7FE0, 0x0002)];

/// What was done to a pixel value besides wiping areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PixelNote {
    /// Bits outside the stored ones were cleared.
    HiddenBitsCleared,
    /// Bytes that belong to no frame were left out.
    SlackRemoved,
    /// Markers or boxes that decoding does not need were taken out of compressed frames.
    MetadataScrubbed,
    /// The offset tables were made anew.
    OffsetsRebuilt,
    /// The frames were decoded and stored in another transfer syntax, without loss.
    StoredAnew,
}

impl PixelNote {
    /// The stable code that evidence uses.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::HiddenBitsCleared => "hidden-bits-cleared",
            Self::SlackRemoved => "slack-removed",
            Self::MetadataScrubbed => "metadata-scrubbed",
            Self::OffsetsRebuilt => "offsets-rebuilt",
            Self::StoredAnew => "stored-anew",
        }
    }
}

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
    notes: BTreeSet<PixelNote>,
}

impl Masked {
    /// What else was done, in the order of the list.
    pub fn notes(&self) -> impl Iterator<Item = PixelNote> {
        self.notes.iter().copied()
    }

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

/// Does what the assessment asks for, and scrubs what is left of everything that decoding does not need.
///
/// # Errors
/// The reason of an assessment that holds; [`HoldReason::PixelUndecodable`] where the pixels cannot be masked or
/// scrubbed; [`HoldReason::PixelReasonMissing`] for an image that the policy drops, which must never come here.
pub fn mask(request: &ImageToAssess<'_>, assessment: &Assessment) -> Result<Masked, HoldReason> {
    let (reason, plan) = match assessment.verdict() {
        Verdict::Reason(reason) => (reason, MaskPlan::default()),
        Verdict::Mask(plan, reason) => (reason, plan.clone()),
        Verdict::Hold(reason) => return Err(*reason),
        Verdict::Drop(_) => return Err(HoldReason::PixelReasonMissing),
    };
    let mut masked = Masked {
        reason: reason.clone(),
        changes: PixelChanges::default(),
        value: None,
        regions: Vec::new(),
        proof: None,
        notes: BTreeSet::new(),
    };
    match request.layout {
        None => return Ok(masked),
        Some(PixelLayout::Native { value }) => masked.mask_native(request, *value, &plan)?,
        Some(layout) => masked.mask_encapsulated(request, layout, &plan)?,
    }
    if plan.regions.is_empty() != masked.regions.is_empty() {
        // Areas that all lie outside the image: whoever asked for them meant another one.
        return Err(HoldReason::PixelReasonMissing);
    }
    if !masked.regions.is_empty() {
        masked.changes.attributes.extend(removed(EXTREMES, VR::US));
    }
    masked.look_again(request)?;
    masked.changes.pixels_cleaned = is_clean_by(&masked.reason);
    Ok(masked)
}

fn removed(tags: [Tag; 2], vr: VR) -> [PixelAttribute; 2] {
    tags.map(|tag| PixelAttribute {
        tag,
        vr,
        value: None,
    })
}

/// Whether Clean Pixel Data may be claimed. An image whose class clears it has been looked at for glyphs, and one
/// that says itself that it has burned-in text is never cleared by class.
const fn is_clean_by(reason: &PixelReason) -> bool {
    !matches!(reason, PixelReason::NoPixels)
}

impl Masked {
    /// Shows the result to the detector: text of more than one letter that it can still read holds the object. What a
    /// person decided stands.
    fn look_again(&self, request: &ImageToAssess<'_>) -> Result<(), HoldReason> {
        let (Some(detector), Some(value)) = (request.detector, &self.value) else {
            return Ok(());
        };
        if self.regions.is_empty() || matches!(self.reason, PixelReason::Person { .. }) {
            return Ok(());
        }
        let image = self.described(request.image);
        let view = View::new(value, request.bytes);
        let layout = view
            .layout(self.changes.value)
            .ok_or(HoldReason::PixelUndecodable)?;
        let result = ImageToAssess {
            image: &image,
            layout: Some(&layout),
            bytes: &view,
            ..*request
        };
        let blanked = |_| Vec::new();
        let look = Look {
            detector,
            image: &image,
            known: request.known,
            blanked: &blanked,
        };
        // What lies further off was looked at before, and is proven to be what it was.
        let areas: Vec<_> = self.regions.iter().map(|region| region.rect).collect();
        let residue = look
            .near(&Frames::new(&result)?, &areas)?
            .into_iter()
            .any(|seen| {
                seen.judgement == Judgement::Goes
                    && seen.score >= request.policy.recognition_threshold
                    && seen.letters > 1
            });
        if residue {
            Err(HoldReason::PixelResidue)
        } else {
            Ok(())
        }
    }

    /// What the header will say of the pixels.
    fn described(&self, image: &ImageDescription) -> ImageDescription {
        let mut image = image.clone();
        if let Some(transfer_syntax) = &self.changes.transfer_syntax {
            image.transfer_syntax.clone_from(transfer_syntax);
            image.big_endian = false;
            image.planar = false;
        }
        for attribute in &self.changes.attributes {
            if let (Tag(0x0028, 0x0004), Some(value)) = (attribute.tag, &attribute.value) {
                image.photometric = String::from_utf8_lossy(value).trim().to_owned();
            }
        }
        image
    }

    fn mask_native(
        &mut self,
        request: &ImageToAssess<'_>,
        value: ByteRange,
        plan: &MaskPlan,
    ) -> Result<(), HoldReason> {
        let image = request.image;
        if image.pixel_tag != Some(Tag(0x7FE0, 0x0010)) {
            // Floating point samples are only ever cleared as they are.
            return if plan.regions.is_empty() {
                Ok(())
            } else {
                Err(HoldReason::PixelUndecodable)
            };
        }
        let native = NativePixels::new(request.bytes, value, image, request.policy)?;
        self.regions =
            effective_regions(plan, image.columns, image.rows, native.shape.halved_colour);
        let result = native.change(image, request.policy, &self.regions)?;
        if result.hidden_cleared {
            self.notes.insert(PixelNote::HiddenBitsCleared);
        }
        if result.slack_removed {
            self.notes.insert(PixelNote::SlackRemoved);
        }
        self.proof = result.proof;
        if let Some(value) = result.value {
            self.changes.value = PixelValue::Native { len: value.len() };
            self.value = Some(value);
        }
        Ok(())
    }

    fn mask_encapsulated(
        &mut self,
        request: &ImageToAssess<'_>,
        layout: &PixelLayout,
        plan: &MaskPlan,
    ) -> Result<(), HoldReason> {
        let frames = CodedFrames::new(request, layout)?;
        if plan.regions.is_empty() {
            return self.scrub(&frames.coded, frames.coding, &frames.shape);
        }
        let recoded = recode(request, &frames, plan)?;
        let len = recoded.value.len();
        self.changes.value = match recoded.transfer_syntax {
            Some(_) => PixelValue::Native { len },
            None => PixelValue::Encapsulated { len },
        };
        self.changes.transfer_syntax = recoded.transfer_syntax;
        self.changes.attributes.extend(recoded.attributes);
        self.changes
            .attributes
            .extend(removed(EXTENDED_OFFSETS, VR::OV));
        self.value = Some(recoded.value);
        self.regions = recoded.regions;
        self.proof = Some(recoded.proof);
        self.notes = recoded.notes;
        Ok(())
    }

    /// Takes out of every frame what decoding does not need, and lays the items out anew if anything was wrong.
    fn scrub(
        &mut self,
        coded: &Encapsulated<'_>,
        coding: Coding,
        shape: &FrameShape,
    ) -> Result<(), HoldReason> {
        let expected = Expected::from(shape);
        let mut changed = Vec::with_capacity(coded.frames());
        for frame in 0..coded.frames() {
            changed.push(scrub(coding, &coded.frame(frame)?, &expected)?);
        }
        let any = changed.iter().any(Option::is_some);
        if any {
            self.notes.insert(PixelNote::MetadataScrubbed);
        }
        if !coded.sound {
            self.notes.insert(PixelNote::SlackRemoved);
        }
        if any || !coded.sound {
            let value = coded.rebuild(&changed)?;
            self.notes.insert(PixelNote::OffsetsRebuilt);
            self.changes.value = PixelValue::Encapsulated { len: value.len() };
            self.changes
                .attributes
                .extend(EXTENDED_OFFSETS.map(|tag| PixelAttribute {
                    tag,
                    vr: VR::OV,
                    value: None,
                }));
            self.value = Some(value);
        }
        Ok(())
    }
}
