//! Real files of other people, when they are there: none panics, scrubbing twice changes nothing more, and a mask is
//! proven in every syntax.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test tells what it skipped and stops at what it did not expect"
)]

use cloakroom_core::{
    Digest, HoldReason, ImageDescription, KnownValues, MaskPlan, MaskRegion, PixelLayout,
    PixelReason, Rect, Tag,
};
use cloakroom_p10::{Extent, Limits, MemorySource, read};
use cloakroom_pixels::{
    Detector, ImageToAssess, Masked, MaskedBytes, MemoryBytes, PersonDecision, PixelPolicy,
    Verdict, assess, mask, render,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn shared() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("CLOAKROOM_SHARED")
        .map_or(default, PathBuf::from)
        .join("devset");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no shared/devset folder");
    None
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            files(&entry, found);
        } else {
            found.push(entry);
        }
    }
}

struct Image {
    path: PathBuf,
    description: ImageDescription,
    layout: PixelLayout,
    bytes: MemoryBytes,
}

fn images() -> Vec<Image> {
    let mut paths = Vec::new();
    if let Some(folder) = shared() {
        files(&folder, &mut paths);
    }
    let mut images = Vec::new();
    for path in paths {
        let content = std::fs::read(&path).unwrap();
        let source = Arc::new(MemorySource::new(content));
        let Ok(object) = read(source.clone(), Extent::Whole, &Limits::default()) else {
            continue;
        };
        let description = object.describe_image();
        let Some(layout) = object.pixel_layout().cloned() else {
            continue;
        };
        let whole = cloakroom_p10::Source::bytes(object.source().as_ref())
            .unwrap()
            .to_vec();
        images.push(Image {
            path,
            description,
            layout,
            bytes: MemoryBytes(whole),
        });
    }
    images
}

impl Image {
    fn request<'a>(
        &'a self,
        policy: &'a PixelPolicy,
        known: &'a KnownValues,
        decision: Option<&'a PersonDecision>,
    ) -> ImageToAssess<'a> {
        ImageToAssess {
            image: &self.description,
            layout: Some(&self.layout),
            bytes: &self.bytes,
            policy,
            detector: None,
            known,
            decision,
        }
    }

    /// The image after pixel work, as a file that holds nothing but its pixel value.
    fn after(&self, masked: &Masked) -> Option<Image> {
        let MaskedBytes::Replaced(value) = masked.bytes() else {
            return None;
        };
        let bytes = MemoryBytes(value.to_vec(&self.bytes).unwrap());
        let mut description = self.description.clone();
        if let Some(syntax) = &masked.changes().transfer_syntax {
            description.transfer_syntax.clone_from(syntax);
            description.big_endian = false;
        }
        for attribute in &masked.changes().attributes {
            match (attribute.tag, &attribute.value) {
                (Tag(0x0028, 0x0004), Some(value)) => {
                    description.photometric = std::str::from_utf8(value).unwrap().trim().into();
                }
                (Tag(0x0028, 0x0006), Some(value)) => description.planar = value != &[0, 0],
                _ => {}
            }
        }
        let layout = layout_of(&bytes.0, &masked.changes().value);
        Some(Image {
            path: self.path.clone(),
            description,
            layout,
            bytes,
        })
    }
}

fn layout_of(bytes: &[u8], kind: &cloakroom_core::PixelValue) -> PixelLayout {
    let whole = cloakroom_core::ByteRange {
        start: 0,
        end: bytes.len() as u64,
    };
    if matches!(kind, cloakroom_core::PixelValue::Native { .. }) {
        return PixelLayout::Native { value: whole };
    }
    let mut ranges = Vec::new();
    let mut at = 0;
    while bytes[at..at + 4] == [0xFE, 0xFF, 0x00, 0xE0] {
        let len = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        ranges.push(cloakroom_core::ByteRange {
            start: at as u64 + 8,
            end: (at + 8 + len) as u64,
        });
        at += 8 + len;
    }
    assert_eq!(bytes[at..], [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    PixelLayout::Encapsulated {
        whole,
        offset_table: ranges.remove(0),
        fragments: ranges,
    }
}

fn person(regions: Vec<MaskRegion>) -> PersonDecision {
    PersonDecision {
        decision: Digest::of(b"a test"),
        plan: MaskPlan { regions },
    }
}

#[test]
fn scrubbing_twice_changes_nothing_more() {
    let (policy, known, signed) = (
        PixelPolicy::contest(),
        KnownValues::default(),
        person(vec![]),
    );
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    for image in images() {
        let request = image.request(&policy, &known, Some(&signed));
        let outcome = match mask(&request, &assess(&request)) {
            Err(reason) => format!("held: {reason}"),
            Ok(masked) => match image.after(&masked) {
                None => "unchanged".into(),
                Some(after) => {
                    let request = after.request(&policy, &known, Some(&signed));
                    let again = mask(&request, &assess(&request)).unwrap();
                    assert_eq!(
                        again.bytes(),
                        MaskedBytes::Unchanged,
                        "{}",
                        image.path.display()
                    );
                    let notes: Vec<_> = masked.notes().map(|note| note.code()).collect();
                    format!("scrubbed: {}", notes.join(", "))
                }
            },
        };
        println!(
            "{outcome}\t{}\t{}",
            image.description.transfer_syntax,
            image.path.display()
        );
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("{outcomes:#?}");
}

#[test]
fn a_mask_is_wiped_and_nothing_else_in_every_syntax() {
    let (policy, known) = (PixelPolicy::contest(), KnownValues::default());
    let mut outcomes: BTreeMap<String, u32> = BTreeMap::new();
    for image in images() {
        let rect = Rect {
            x: image.description.columns / 3,
            y: 0,
            width: image.description.columns / 4 + 1,
            height: image.description.rows / 5 + 1,
        };
        let signed = person(vec![MaskRegion {
            rect,
            frames: None,
            source: "person".into(),
        }]);
        let request = image.request(&policy, &known, Some(&signed));
        let outcome = match mask(&request, &assess(&request)) {
            Err(reason) => format!("held: {reason}"),
            Ok(masked) => {
                let proof = masked.proof().unwrap();
                assert!(proof.wiped > 0, "{}", image.path.display());
                let after = image.after(&masked).unwrap();
                let request = after.request(&policy, &known, None);
                render(&request, 0).unwrap();
                masked
                    .changes()
                    .transfer_syntax
                    .clone()
                    .map_or("same syntax".into(), |_| "stored anew".into())
            }
        };
        let outcome = format!("{} {outcome}", image.description.transfer_syntax);
        println!("{outcome}\t{}", image.path.display());
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("{outcomes:#?}");
}

/// Without the detector a class that carries no text clears its images, and few of them look as if they had letters.
#[test]
fn primary_slices_leave_by_their_class() {
    let (policy, known) = (PixelPolicy::contest(), KnownValues::default());
    let (mut cleared, mut suspected) = (0, 0);
    for image in images() {
        let request = image.request(&policy, &known, None);
        let assessment = assess(&request);
        match assessment.verdict() {
            Verdict::Reason(PixelReason::ClassPolicy { .. }) => cleared += 1,
            other => {
                let kind = (&image.description.modality, &image.description.image_type);
                println!("{other:?}\t{kind:?}\t{}", image.path.display());
                let primary = image
                    .description
                    .image_type
                    .iter()
                    .take(2)
                    .eq(["ORIGINAL", "PRIMARY"]);
                let slice = matches!(image.description.modality.as_str(), "CT" | "MR" | "PT");
                let held = *other == Verdict::Hold(HoldReason::DetectorMissing);
                let depth = image.description.bits_stored > 8;
                suspected += u32::from(primary && slice && held && depth);
            }
        }
    }
    println!("{cleared} cleared, {suspected} suspected");
    assert!(suspected * 20 <= cleared, "{suspected} of {cleared}");
}

/// With `CLOAKROOM_LOOK` naming a folder, pictures before and after are written there for a person to look at, for
/// files whose path holds `CLOAKROOM_LOOK_AT`. Needs the models, in `CLOAKROOM_MODELS`.
#[test]
fn pictures_before_and_after() {
    let (Some(out), Some(models)) = (
        std::env::var_os("CLOAKROOM_LOOK"),
        std::env::var_os("CLOAKROOM_MODELS"),
    ) else {
        println!("skipped: CLOAKROOM_LOOK and CLOAKROOM_MODELS name no folders");
        return;
    };
    let detector = Detector::load(Path::new(&models)).unwrap();
    let only = std::env::var("CLOAKROOM_LOOK_AT").unwrap_or_default();
    let (policy, known) = (PixelPolicy::contest(), KnownValues::default());
    for (index, image) in images().iter().enumerate() {
        if !only
            .split(',')
            .any(|part| image.path.to_string_lossy().contains(part))
        {
            continue;
        }
        let request = ImageToAssess {
            detector: Some(&detector),
            ..image.request(&policy, &known, None)
        };
        let start = std::time::Instant::now();
        let assessment = assess(&request);
        let masked = mask(&request, &assessment);
        println!("{index} {} {:?}", image.path.display(), start.elapsed());
        match assessment.verdict() {
            Verdict::Mask(plan, reason) => {
                println!("  mask {reason:?}");
                plan.regions
                    .iter()
                    .for_each(|region| println!("    {region:?}"));
            }
            other => println!("  {other:?}"),
        }
        println!(
            "  {:?}",
            masked.as_ref().map(|masked| masked.proof().copied())
        );
        let folder = Path::new(&out);
        std::fs::create_dir_all(folder).unwrap();
        let save = |name: &str, request: &ImageToAssess<'_>| {
            let Ok(picture) = render(request, 0) else {
                return;
            };
            let header = format!("P6\n{} {}\n255\n", picture.columns, picture.rows);
            let file = [header.as_bytes(), &picture.rgb].concat();
            std::fs::write(folder.join(format!("{index:03}-{name}.ppm")), file).unwrap();
        };
        save("before", &request);
        if let Some(after) = masked.ok().and_then(|masked| image.after(&masked)) {
            save("after", &after.request(&policy, &known, None));
        }
    }
}

/// One image in two syntaxes shows the same picture; what is lossless, in every pixel.
#[test]
fn the_same_image_in_two_syntaxes_is_the_same_picture() {
    let (policy, known) = (PixelPolicy::contest(), KnownValues::default());
    let images = images();
    let find = |name: &str| images.iter().find(|image| image.path.ends_with(name));
    for (one, other, tolerance) in [
        ("MR_small.dcm", "MR_small_jpeg_ls_lossless.dcm", 0),
        ("MR_small.dcm", "MR_small_RLE.dcm", 0),
        ("emri_small_RLE.dcm", "emri_small_jpeg_ls_lossless.dcm", 0),
        ("emri_small_RLE.dcm", "emri_small_big_endian.dcm", 0),
        ("emri_small_RLE.dcm", "emri_small_jpeg_2k_lossless.dcm", 0),
        ("JLSL_RGB_ILV0.dcm", "JLSL_RGB_ILV1.dcm", 0),
        ("JLSL_RGB_ILV0.dcm", "JLSL_RGB_ILV2.dcm", 0),
        (
            "SC_rgb_jls_lossy_line.dcm",
            "SC_rgb_jls_lossy_sample.dcm",
            12,
        ),
    ] {
        let (Some(one_image), Some(other_image)) = (find(one), find(other)) else {
            println!("skipped: {one} or {other} is not there");
            continue;
        };
        let picture = |image: &Image| {
            render(&image.request(&policy, &known, None), 0)
                .unwrap()
                .rgb
        };
        let (first, second) = (picture(one_image), picture(other_image));
        let most = first
            .iter()
            .zip(&second)
            .map(|(one, other)| one.abs_diff(*other))
            .max();
        println!("{one} {other}: {most:?}");
        assert!(
            first.len() == second.len() && most <= Some(tolerance),
            "{one} {other}: {most:?}"
        );
    }
}

/// Compressed frames with a byte changed here and there decode to something or hold; nothing panics.
#[test]
fn garbled_frames_hold_or_decode() {
    let (policy, known) = (PixelPolicy::contest(), KnownValues::default());
    for mut image in images() {
        let syntax = image.description.transfer_syntax.clone();
        let ours = syntax.contains(".4.8") || syntax.contains(".4.5") || syntax.ends_with(".1.2.5");
        if !ours || image.bytes.0.len() > 200_000 {
            continue;
        }
        let PixelLayout::Encapsulated { fragments, .. } = &image.layout else {
            continue;
        };
        let range = (fragments[0].start as usize, fragments[0].end as usize);
        for step in 0..40 {
            let at = range.0 + (range.1 - range.0) * step / 40;
            image.bytes.0[at] ^= 0x15 + step as u8;
            let _ = render(&image.request(&policy, &known, None), 0);
        }
    }
}
