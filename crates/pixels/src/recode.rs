//! Areas of compressed images: wiped in the blocks, in the same lossless syntax, or in samples stored anew.

use crate::assess::ImageToAssess;
use crate::dct;
use crate::decode::{CodedFrames, Frame, jpeg};
use crate::encapsulated::Part;
use crate::fill::FillWords;
use crate::jpeg_lossless;
use crate::masked::{PixelNote, Proof, ProofUnit};
use crate::native::kept_bits;
use crate::proof::wipe;
use crate::rle;
use crate::samples::SampleScan;
use crate::scrub::{Expected, joined, scrub};
use crate::shape::{Colour, FrameShape};
use crate::spans::{effective_regions, rects_of_frame};
use crate::syntax::Coding;
use crate::value::{KeptBits, NewValue};
use cloakroom_core::{HoldReason, MaskPlan, MaskRegion, PixelAttribute, Rect, Tag, VR};
use std::collections::BTreeSet;

const EXPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";

/// A compressed image whose mask is wiped.
pub(crate) struct Recoded {
    pub(crate) value: NewValue,
    /// The new transfer syntax, where the samples were stored anew as native ones.
    pub(crate) transfer_syntax: Option<String>,
    pub(crate) attributes: Vec<PixelAttribute>,
    pub(crate) regions: Vec<MaskRegion>,
    pub(crate) proof: Proof,
    pub(crate) notes: BTreeSet<PixelNote>,
}

/// Wipes the areas of a plan.
pub(crate) fn recode(
    request: &ImageToAssess<'_>,
    frames: &CodedFrames<'_>,
    plan: &MaskPlan,
) -> Result<Recoded, HoldReason> {
    match frames.coding {
        Coding::JpegDct => match in_blocks(request, frames, plan)? {
            Some(recoded) => Ok(recoded),
            None => anew(request, frames, plan),
        },
        Coding::Rle | Coding::EncapsulatedNative | Coding::JpegLossless => {
            match in_place(request, frames, plan)? {
                Some(recoded) => Ok(recoded),
                None => anew(request, frames, plan),
            }
        }
        _ => anew(request, frames, plan),
    }
}

/// Wipes JPEG frames block by block; `None` if one of them is no sequential JPEG.
fn in_blocks(
    request: &ImageToAssess<'_>,
    frames: &CodedFrames<'_>,
    plan: &MaskPlan,
) -> Result<Option<Recoded>, HoldReason> {
    let shape = &frames.shape;
    let expected = Expected::from(shape);
    let mut mcu = None;
    let mut regions = Vec::new();
    let mut changed = Vec::with_capacity(frames.coded.frames());
    let mut proof = Proof::none(ProofUnit::Coefficients);
    let mut notes = BTreeSet::from([PixelNote::OffsetsRebuilt]);
    for index in 0..frames.coded.frames() {
        let coded = frames.coded.frame(index)?;
        let scrubbed = scrub(frames.coding, &coded, &expected)?;
        if scrubbed.is_some() {
            notes.insert(PixelNote::MetadataScrubbed);
        }
        let Some(size) = dct::mcu_size(&coded) else {
            return Ok(None);
        };
        if *mcu.get_or_insert(size) != size {
            return Err(HoldReason::PixelUndecodable);
        }
        if index == 0 {
            regions = in_mcus(plan, size, shape);
        }
        let rects = rects_of_frame(&regions, u32::try_from(index).unwrap_or(u32::MAX));
        if rects.is_empty() {
            changed.push(scrubbed);
            continue;
        }
        let clean = scrubbed.map_or_else(|| coded.to_vec(), |parts| joined(&parts, &coded));
        let Some(wiped) = dct::wipe_frame(&clean, &rects, shape.colour, request.policy.fill) else {
            return Ok(None);
        };
        proof.equal += wiped.equal;
        proof.wiped += wiped.wiped;
        changed.push(Some(vec![Part::Fresh(wiped.bytes)]));
    }
    let value = frames.coded.rebuild(&changed)?;
    let attributes = Vec::new();
    Ok(Some(Recoded {
        value,
        transfer_syntax: None,
        attributes,
        regions,
        proof,
        notes,
    }))
}

/// The areas of a plan as whole MCUs.
fn in_mcus(plan: &MaskPlan, mcu: (usize, usize), shape: &FrameShape) -> Vec<MaskRegion> {
    let mut regions: Vec<MaskRegion> = plan
        .regions
        .iter()
        .filter_map(|region| {
            let rect = dct::wiped_rect(region.rect, mcu, shape.columns, shape.rows)?;
            Some(MaskRegion {
                rect,
                ..region.clone()
            })
        })
        .collect();
    regions.sort();
    regions.dedup();
    regions
}

/// Everything that wiping decoded frames needs to know.
struct Wiping<'a> {
    shape: FrameShape,
    regions: &'a [MaskRegion],
    fill: FillWords,
    kept: Option<KeptBits>,
}

impl Wiping<'_> {
    fn rects(&self, frame: usize) -> Vec<Rect> {
        rects_of_frame(self.regions, u32::try_from(frame).unwrap_or(u32::MAX))
    }

    fn wiped(&self, frame: usize, data: &[u8]) -> Vec<u8> {
        let mut data = data.to_vec();
        if let Some(kept) = self.kept {
            let masks = kept.mask.iter().take(usize::from(kept.unit)).cycle();
            data.iter_mut()
                .zip(masks)
                .for_each(|(byte, mask)| *byte &= mask);
        }
        wipe(&self.shape, &mut data, &self.rects(frame), &self.fill);
        data
    }

    fn prove(
        &self,
        proof: &mut Proof,
        frame: usize,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), HoldReason> {
        proof
            .compare(
                &self.shape,
                (old, new),
                &self.rects(frame),
                &self.fill,
                self.kept,
            )
            .ok_or(HoldReason::PixelResidue)
    }
}

fn frame<'a>(frames: &CodedFrames<'a>, index: usize) -> Result<Frame<'a>, HoldReason> {
    frames.frame(u32::try_from(index).unwrap_or(u32::MAX))
}

fn scan(request: &ImageToAssess<'_>, frames: &CodedFrames<'_>) -> Result<SampleScan, HoldReason> {
    let mut scan = SampleScan::new(frames.decoded_shape(), request.image.padding);
    for index in 0..frames.coded.frames() {
        scan.look(&frame(frames, index)?.data);
    }
    Ok(scan)
}

fn wiping<'a>(
    request: &ImageToAssess<'_>,
    shape: FrameShape,
    scan: &SampleScan,
    regions: &'a [MaskRegion],
) -> Result<Wiping<'a>, HoldReason> {
    let kept = kept_bits(&shape, scan.hidden_bits(), request.policy.hidden_bits)?;
    let mut seen = scan.seen();
    seen.sign_extended &= kept.is_none();
    let fill = FillWords::new(
        &shape,
        request.policy.fill,
        seen,
        request.image.palette.as_ref(),
    );
    Ok(Wiping {
        shape,
        regions,
        fill,
        kept,
    })
}

/// Codes a frame in its own lossless syntax, and reads it again with the reader that read the original. `None` where the
/// writer cannot, or the reader does not understand what it wrote.
fn coded_again(coding: Coding, data: &[u8], shape: &FrameShape) -> Option<(Vec<u8>, Vec<u8>)> {
    let (coded, again) = match coding {
        Coding::Rle => {
            let coded = rle::encode(data, shape)?;
            let again = rle::decode(&coded, shape)?;
            (coded, again)
        }
        Coding::JpegLossless => {
            let coded = jpeg_lossless::encode(data, shape)?;
            let again = jpeg(&coded, shape)?;
            (coded, again)
        }
        _ => (data.to_vec(), data.to_vec()),
    };
    (again == data).then_some((coded, again))
}

/// Wipes frames of a lossless syntax that can be written here; the other frames keep their bytes. `None` where it
/// cannot be written.
fn in_place(
    request: &ImageToAssess<'_>,
    frames: &CodedFrames<'_>,
    plan: &MaskPlan,
) -> Result<Option<Recoded>, HoldReason> {
    let shape = frames.decoded_shape();
    let regions = effective_regions(plan, shape.columns, shape.rows, shape.halved_colour);
    let wiping = wiping(request, shape, &scan(request, frames)?, &regions)?;
    let expected = Expected::from(&frames.shape);
    let mut proof = Proof::none(ProofUnit::Samples);
    let mut notes = BTreeSet::from([PixelNote::OffsetsRebuilt]);
    let mut changed = Vec::with_capacity(frames.coded.frames());
    for index in 0..frames.coded.frames() {
        if wiping.rects(index).is_empty() && wiping.kept.is_none() {
            let scrubbed = scrub(frames.coding, &frames.coded.frame(index)?, &expected)?;
            if scrubbed.is_some() {
                notes.insert(PixelNote::MetadataScrubbed);
            }
            changed.push(scrubbed);
            continue;
        }
        let old = frame(frames, index)?;
        let new = wiping.wiped(index, &old.data);
        let Some((coded, again)) = coded_again(frames.coding, &new, &shape) else {
            return Ok(None);
        };
        wiping.prove(&mut proof, index, &old.data, &again)?;
        changed.push(Some(vec![Part::Fresh(coded)]));
    }
    if wiping.kept.is_some() {
        notes.insert(PixelNote::HiddenBitsCleared);
    }
    let value = frames.coded.rebuild(&changed)?;
    Ok(Some(Recoded {
        value,
        transfer_syntax: None,
        attributes: Vec::new(),
        regions,
        proof,
        notes,
    }))
}

/// Decodes every frame, wipes, and stores the samples as they are.
fn anew(
    request: &ImageToAssess<'_>,
    frames: &CodedFrames<'_>,
    plan: &MaskPlan,
) -> Result<Recoded, HoldReason> {
    let shape = frames.decoded_shape();
    let count = frames.coded.frames();
    let total = shape.frame_bytes() as u64 * count as u64;
    if total > request.policy.limits.image_bytes {
        return Err(HoldReason::TooLarge);
    }
    let regions = effective_regions(plan, shape.columns, shape.rows, shape.halved_colour);
    let mut scan = SampleScan::new(shape, request.image.padding);
    let mut decoded = Vec::with_capacity(count);
    for index in 0..count {
        let frame = frame(frames, index)?;
        scan.look(&frame.data);
        decoded.push(frame.data);
    }
    let wiping = wiping(request, shape, &scan, &regions)?;
    let mut notes = BTreeSet::from([PixelNote::StoredAnew]);
    if wiping.kept.is_some() {
        notes.insert(PixelNote::HiddenBitsCleared);
    }
    let mut proof = Proof::none(ProofUnit::Samples);
    let mut value = NewValue::default();
    for (index, old) in decoded.iter().enumerate() {
        let new = wiping.wiped(index, old);
        wiping.prove(&mut proof, index, old, &new)?;
        value.push_fresh(&new);
    }
    if value.len() % 2 == 1 {
        value.push_fresh(&[0]);
    }
    Ok(Recoded {
        value,
        transfer_syntax: Some(EXPLICIT_LITTLE_ENDIAN.into()),
        attributes: attributes_of_native(request, frames.coding, &shape),
        regions,
        proof,
        notes,
    })
}

/// What the header must say of samples that were coded and now are not.
fn attributes_of_native(
    request: &ImageToAssess<'_>,
    coding: Coding,
    shape: &FrameShape,
) -> Vec<PixelAttribute> {
    let set = |tag, vr, value: &[u8]| PixelAttribute {
        tag,
        vr,
        value: Some(value.to_vec()),
    };
    let mut attributes = Vec::new();
    if shape.samples > 1 {
        let photometric: &[u8] = match shape.colour {
            Colour::YbrFull | Colour::YbrPartial => b"YBR_FULL",
            _ => b"RGB ",
        };
        attributes.push(set(Tag(0x0028, 0x0004), VR::CS, photometric));
        attributes.push(set(Tag(0x0028, 0x0006), VR::US, &[0, 0]));
    }
    // What was once compressed with loss stays so declared (PS3.3 C.7.6.1.1.5).
    if coding == Coding::JpegDct && !request.image.lossy {
        attributes.push(set(Tag(0x0028, 0x2110), VR::CS, b"01"));
    }
    attributes
}
