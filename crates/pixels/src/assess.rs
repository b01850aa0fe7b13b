//! Which reason an image has to leave, or why it must wait.

use crate::bytes::PixelBytes;
use crate::decode::Frames;
use crate::detect::Detector;
use crate::detect::judge::Judgement;
use crate::glyphs;
use crate::look::{Look, SeenText};
use crate::plane::planes;
use crate::policy::{DocumentImages, PixelPolicy, UncertainText};
use crate::samples::{HiddenBits, SampleScan};
use crate::spans::{Bitmap, rects_of_frame};
use crate::ultrasound::outside_of_regions;
use crate::viewing::{Proposal, ProposalKind};
use cloakroom_core::{
    Digest, HoldReason, ImageDescription, KnownValues, MaskPlan, MaskRegion, PixelLayout,
    PixelReason, Rect, RejectReason,
};

/// An image with more lines of text than this that must go is a page.
const PAGE_LINES: usize = 60;
/// So is one of which more than one part in so many is text.
const PAGE_PART: u64 = 3;
/// What cannot be read and takes more than one part in so many may be anatomy, which is not wiped unseen.
const LARGEST_UNREAD: u64 = 8;
/// An image that would lose more than one part in so many to the detector needs a person.
const MOST_WIPED: u64 = 2;

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

/// Decides, in this order: a person, no pixels, documents, class policy, device rules, ultrasound regions, the text
/// detector. What has no reason is held.
#[must_use]
pub fn assess(request: &ImageToAssess<'_>) -> Assessment {
    Assessment {
        verdict: decide(request).unwrap_or_else(Verdict::Hold),
    }
}

fn decide(request: &ImageToAssess<'_>) -> Result<Verdict, HoldReason> {
    let image = request.image;
    if request.layout.is_none() {
        return match image.pixel_tag {
            None => Ok(Verdict::Reason(PixelReason::NoPixels)),
            Some(_) => Err(HoldReason::PixelUndecodable),
        };
    }
    if let Some(person) = request.decision {
        let reason = PixelReason::Person {
            decision: person.decision,
        };
        return Ok(if person.plan.regions.is_empty() {
            Verdict::Reason(reason)
        } else {
            Verdict::Mask(person.plan.clone(), reason)
        });
    }
    if request.policy.classes.document(image).is_some() {
        return match request.policy.documents {
            DocumentImages::Hold => Err(HoldReason::DocumentImage),
            DocumentImages::Drop => Ok(Verdict::Drop(RejectReason::PolicyDropped)),
        };
    }
    if image.burned_in != "YES"
        && let Some(cleared) = request.policy.classes.clears(image)
        && !(cleared.glyph_test && shows_glyphs(request)?)
    {
        return Ok(Verdict::Reason(PixelReason::ClassPolicy {
            rule: cleared.rule,
        }));
    }
    look_closer(request)
}

/// The cheap look at every frame of an image whose class carries no text. Hidden bits of compressed images are found
/// here too, for nothing else decodes them.
fn shows_glyphs(request: &ImageToAssess<'_>) -> Result<bool, HoldReason> {
    let frames = Frames::new(request)?;
    for index in 0..frames.count() {
        let frame = frames.frame(index)?;
        if matches!(frames, Frames::Coded(_)) {
            let mut scan = SampleScan::new(frame.shape, request.image.padding);
            scan.look(&frame.data);
            if scan.hidden_bits() != HiddenBits::None {
                return Err(HoldReason::HiddenBits);
            }
        }
        if planes(&frame, request.image).iter().any(glyphs::suspicious) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a burn-in rule, or the image's own scan areas, say must go, with the rule's name.
fn areas_by_rule(request: &ImageToAssess<'_>) -> (MaskPlan, Vec<String>) {
    let image = request.image;
    if let Some(areas) = request.policy.devices.areas(image) {
        let regions = areas.regions;
        return (MaskPlan { regions }, vec![areas.rule]);
    }
    let Some(outside) = outside_of_regions(image) else {
        return (MaskPlan::default(), Vec::new());
    };
    let source = "us-region".to_owned();
    let region = |rect| MaskRegion {
        rect,
        frames: None,
        source: source.clone(),
    };
    let regions = outside.into_iter().map(region).collect();
    (MaskPlan { regions }, vec![source.clone()])
}

/// What rules and the detector point at, for a person to look at.
pub(crate) fn propose_areas(
    request: &ImageToAssess<'_>,
) -> Result<(Vec<Proposal>, bool), HoldReason> {
    let (plan, _) = areas_by_rule(request);
    let mut found: Vec<Proposal> = plan
        .regions
        .iter()
        .map(|region| Proposal {
            rect: region.rect,
            frames: region.frames,
            kind: ProposalKind::Rule,
        })
        .collect();
    let Some(detector) = request.detector else {
        return Ok((found, false));
    };
    let frames = Frames::new(request)?;
    let blanked = |frame| rects_of_frame(&plan.regions, frame);
    let look = Look {
        detector,
        image: request.image,
        known: request.known,
        blanked: &blanked,
    };
    let stays = |seen: &SeenText| {
        seen.judgement == Judgement::Stays && seen.is_read(request.policy.recognition_threshold)
    };
    for seen in look.at(&frames, &|seen| !stays(seen))? {
        let stays = stays(&seen);
        let Some(rect) = seen.rect.clip(request.image.columns, request.image.rows) else {
            continue;
        };
        found.push(Proposal {
            rect,
            frames: None,
            kind: if stays {
                ProposalKind::TextThatStays
            } else {
                ProposalKind::TextThatGoes
            },
        });
    }
    Ok((found, true))
}

/// What rules, regions and the detector say of an image that its class does not clear.
fn look_closer(request: &ImageToAssess<'_>) -> Result<Verdict, HoldReason> {
    let image = request.image;
    let (mut plan, mut rules) = areas_by_rule(request);
    let Some(detector) = request.detector else {
        let by_device = rules.first().is_some_and(|rule| rule.starts_with("rule:"));
        return if by_device {
            Ok(Verdict::Mask(plan, PixelReason::Masked { rules }))
        } else {
            Err(HoldReason::DetectorMissing)
        };
    };
    let found = text_to_wipe(request, detector, &plan)?;
    if !found.is_empty() {
        rules.push("detector".into());
        plan.regions.extend(found);
        plan.regions.sort();
    }
    if !plan.regions.is_empty() {
        Ok(Verdict::Mask(plan, PixelReason::Masked { rules }))
    } else if image.burned_in == "YES" {
        Err(HoldReason::BurnedInDeclared)
    } else {
        Ok(Verdict::Reason(PixelReason::Detector {
            model: detector.digest(),
        }))
    }
}

/// The areas of text outside a plan that must go.
fn text_to_wipe(
    request: &ImageToAssess<'_>,
    detector: &Detector,
    plan: &MaskPlan,
) -> Result<Vec<MaskRegion>, HoldReason> {
    let image = request.image;
    let frames = Frames::new(request)?;
    let blanked = |frame| rects_of_frame(&plan.regions, frame);
    let look = Look {
        detector,
        image,
        known: request.known,
        blanked: &blanked,
    };
    let threshold = request.policy.recognition_threshold;
    let is_unread = |seen: &SeenText| !seen.is_read(threshold);
    let goes = |seen: &SeenText| is_unread(seen) || seen.judgement == Judgement::Goes;
    let mut regions = Vec::new();
    let mut lines = Vec::new();
    let mut uncertain = false;
    for seen in look.at(&frames, &goes)? {
        let Some(rect) = seen.rect.clip(image.columns, image.rows) else {
            continue;
        };
        let all = u64::from(image.columns) * u64::from(image.rows);
        if is_unread(&seen) && LARGEST_UNREAD * rect.area() > all {
            return Err(HoldReason::PixelTextUncertain);
        }
        if goes(&seen) {
            uncertain |= is_unread(&seen);
            let source = "detector".to_owned();
            regions.push(MaskRegion {
                rect,
                frames: None,
                source,
            });
        }
        if !is_unread(&seen) {
            lines.push(rect);
        }
    }
    if is_page(&lines, image) {
        return Err(HoldReason::DocumentImage);
    }
    let wiped: Vec<Rect> = regions.iter().map(|region| region.rect).collect();
    let too_much =
        MOST_WIPED * area_of(&wiped, image) > u64::from(image.columns) * u64::from(image.rows);
    if too_much || uncertain && request.policy.uncertain == UncertainText::Hold {
        return Err(HoldReason::PixelTextUncertain);
    }
    regions.sort();
    regions.dedup();
    Ok(regions)
}

/// Whether so much of an image is text that it is a page rather than a picture.
fn is_page(lines: &[Rect], image: &ImageDescription) -> bool {
    let all = u64::from(image.columns) * u64::from(image.rows);
    lines.len() > PAGE_LINES || PAGE_PART * area_of(lines, image) > all
}

fn area_of(rects: &[Rect], image: &ImageDescription) -> u64 {
    Bitmap::new(rects, image.columns, image.rows).area()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::MemoryBytes;
    use cloakroom_core::{ByteRange, Tag};

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
            Verdict::Hold(HoldReason::DetectorMissing)
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
