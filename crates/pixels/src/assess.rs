//! Which reason an image has to leave, or why it must wait.

use crate::bytes::PixelBytes;
use crate::detect::Detector;
use crate::policy::{DocumentImages, PixelPolicy};
use cloakroom_core::{
    Digest, HoldReason, ImageDescription, KnownValues, MaskPlan, PixelLayout, PixelReason,
    RejectReason,
};

/// What a person decided about one image.
#[derive(Debug, Clone)]
pub struct PersonDecision {
    /// The digest of the signed decision.
    pub decision: Digest,
    /// The areas to wipe; empty if the image may leave as it is.
    pub plan: MaskPlan,
}

/// Everything that [`assess`] and [`mask`](crate::mask) look at.
#[derive(Clone, Copy)]
pub struct ImageToAssess<'a> {
    /// What the header says of the pixels.
    pub image: &'a ImageDescription,
    /// Where the pixels lie; `None` where there are none.
    pub layout: Option<&'a PixelLayout>,
    /// The file that holds them.
    pub bytes: &'a dyn PixelBytes,
    /// What the profile says.
    pub policy: &'a PixelPolicy,
    /// The text detector; without it, what would need it is held.
    pub detector: Option<&'a Detector>,
    /// What the patient is called, to be looked for in text that is read.
    pub known: &'a KnownValues,
    /// What a person decided about this very image; it stands above every rule.
    pub decision: Option<&'a PersonDecision>,
}

/// What is to become of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may leave as it is, for this reason.
    Reason(PixelReason),
    /// It may leave for this reason once these areas are wiped.
    Mask(MaskPlan, PixelReason),
    /// It waits for a person.
    Hold(HoldReason),
    /// The policy drops it.
    Drop(RejectReason),
}

/// A verdict; only [`assess`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    verdict: Verdict,
}

impl Assessment {
    /// What is to become of the image.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

/// Decides, in this order: a person, no pixels, documents, class policy. What has no reason is held.
#[must_use]
pub fn assess(request: &ImageToAssess<'_>) -> Assessment {
    Assessment {
        verdict: decide(request),
    }
}

fn decide(request: &ImageToAssess<'_>) -> Verdict {
    let image = request.image;
    if request.layout.is_none() {
        return match image.pixel_tag {
            None => Verdict::Reason(PixelReason::NoPixels),
            Some(_) => Verdict::Hold(HoldReason::PixelUndecodable),
        };
    }
    if let Some(person) = request.decision {
        let reason = PixelReason::Person {
            decision: person.decision,
        };
        return if person.plan.regions.is_empty() {
            Verdict::Reason(reason)
        } else {
            Verdict::Mask(person.plan.clone(), reason)
        };
    }
    if request.policy.classes.document(image).is_some() {
        return match request.policy.documents {
            DocumentImages::Hold => Verdict::Hold(HoldReason::DocumentImage),
            DocumentImages::Drop => Verdict::Drop(RejectReason::PolicyDropped),
        };
    }
    let declared = image.burned_in == "YES";
    if let Some(cleared) = request.policy.classes.clears(image)
        && !declared
    {
        return Verdict::Reason(PixelReason::ClassPolicy { rule: cleared.rule });
    }
    Verdict::Hold(if declared {
        HoldReason::BurnedInDeclared
    } else {
        HoldReason::PixelReasonMissing
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::MemoryBytes;
    use cloakroom_core::{ByteRange, MaskRegion, Rect, Tag};

    fn slice() -> ImageDescription {
        ImageDescription {
            sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
            modality: "CT".into(),
            image_type: ["ORIGINAL", "PRIMARY"].map(String::from).into(),
            photometric: "MONOCHROME2".into(),
            rows: 2,
            columns: 2,
            frames: 1,
            samples: 1,
            bits_allocated: 16,
            bits_stored: 12,
            high_bit: 11,
            transfer_syntax: "1.2.840.10008.1.2.1".into(),
            pixel_tag: Some(Tag(0x7FE0, 0x0010)),
            ..ImageDescription::default()
        }
    }

    fn verdict(image: &ImageDescription, decision: Option<&PersonDecision>, drop: bool) -> Verdict {
        let mut policy = PixelPolicy::contest();
        if drop {
            policy.documents = DocumentImages::Drop;
        }
        let layout = PixelLayout::Native {
            value: ByteRange { start: 0, end: 8 },
        };
        let request = ImageToAssess {
            image,
            layout: image.pixel_tag.map(|_| &layout),
            bytes: &MemoryBytes(vec![0; 8]),
            policy: &policy,
            detector: None,
            known: &KnownValues::default(),
            decision,
        };
        assess(&request).verdict().clone()
    }

    #[test]
    fn a_primary_slice_leaves_by_class_unless_it_says_burned_in() {
        let mut image = slice();
        let cleared = Verdict::Reason(PixelReason::ClassPolicy {
            rule: "ct-slice".into(),
        });
        assert_eq!(verdict(&image, None, false), cleared);
        image.burned_in = "NO".into();
        assert_eq!(verdict(&image, None, false), cleared);
        image.burned_in = "YES".into();
        assert_eq!(
            verdict(&image, None, false),
            Verdict::Hold(HoldReason::BurnedInDeclared)
        );
    }

    #[test]
    fn documents_wait_or_go_and_never_lose_a_part() {
        let image = ImageDescription {
            conversion_type: "SD".into(),
            ..slice()
        };
        assert_eq!(
            verdict(&image, None, false),
            Verdict::Hold(HoldReason::DocumentImage)
        );
        assert_eq!(
            verdict(&image, None, true),
            Verdict::Drop(RejectReason::PolicyDropped)
        );
    }

    #[test]
    fn a_person_stands_above_the_rules_and_no_pixels_need_nobody() {
        let image = ImageDescription {
            burned_in: "YES".into(),
            ..slice()
        };
        let rect = Rect {
            x: 0,
            y: 0,
            width: 1,
            height: 1,
        };
        let region = MaskRegion {
            rect,
            frames: None,
            source: "person".into(),
        };
        let decision = Digest::of(b"signed");
        let mut person = PersonDecision {
            decision,
            plan: MaskPlan {
                regions: vec![region],
            },
        };
        let reason = PixelReason::Person { decision };
        let masked = Verdict::Mask(person.plan.clone(), reason.clone());
        assert_eq!(verdict(&image, Some(&person), false), masked);
        person.plan.regions.clear();
        assert_eq!(
            verdict(&image, Some(&person), false),
            Verdict::Reason(reason)
        );
        let none = ImageDescription {
            pixel_tag: None,
            ..image
        };
        assert_eq!(
            verdict(&none, None, false),
            Verdict::Reason(PixelReason::NoPixels)
        );
    }
}
