//! The organiser's look at the objects of verified bundles: a pass of its own, remembered by content digest.

use crate::progress::Progress;
use crate::stream::PixelSource;
use crate::{Failure, files, packing};
use cloakroom_core::{Digest, InstanceSurvey, KnownValues, Tag, TrackId, VR};
use cloakroom_p10::{Extent, Limits, MemorySource, Object};
use cloakroom_packager::VerifiedBundle;
use cloakroom_packager::track::Track;
use cloakroom_pixels::{ImageToAssess, PixelPolicy, survey};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The surveys of a track by the digests of the objects.
pub(crate) type Surveys = BTreeMap<Digest, InstanceSurvey>;

/// The folder below the organiser's, for the owner only.
const FOLDER: &str = "surveys";

fn place(organiser: &Path, track: &TrackId) -> PathBuf {
    organiser.join(FOLDER).join(format!("{track}.json"))
}

/// Looks at every object that was not looked at before, if the track asks for anything that needs it.
pub(crate) fn look(
    track: &Track,
    bundles: &[VerifiedBundle],
    organiser: Option<&Path>,
    policy: &PixelPolicy,
    progress: &dyn Progress,
) -> Result<Surveys, Failure> {
    if !track.needs_survey() {
        return Ok(Surveys::new());
    }
    let remembered = organiser
        .map(|folder| read(&place(folder, &track.id)))
        .unwrap_or_default();
    let found: Mutex<Surveys> = Mutex::new(remembered);
    let known: BTreeSet<Digest> = locked(&found).keys().copied().collect();
    progress.begin("looking at frames", None, None);
    for bundle in bundles {
        let wanted = |member: &cloakroom_packager::MemberEntry| !known.contains(&member.sha256);
        let each = |member: &cloakroom_packager::MemberEntry, bytes: Vec<u8>| {
            progress.advance(1, member.size);
            let seen = look_at(bytes, policy);
            locked(&found).insert(member.sha256, seen);
        };
        bundle
            .for_each_object(&wanted, &each)
            .map_err(packing::failure)?;
    }
    progress.finish();
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(organiser) = organiser {
        remember(organiser, &track.id, &found)?;
    }
    Ok(found)
}

fn locked(found: &Mutex<Surveys>) -> std::sync::MutexGuard<'_, Surveys> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What cannot be read is looked at again.
fn read(path: &Path) -> Surveys {
    let text = std::fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn remember(organiser: &Path, track: &TrackId, surveys: &Surveys) -> Result<(), Failure> {
    files::private_folder(&organiser.join(FOLDER))?;
    let text = serde_json::to_vec(surveys)
        .map_err(|_| Failure::could_not_run("what was found could not be written as JSON"))?;
    files::replace_private_file(&place(organiser, track), &text)
}

/// How many patients of these bundles have an image that is also in another track of this organiser.
pub(crate) fn overlap(
    track: &TrackId,
    bundles: &[VerifiedBundle],
    surveys: &Surveys,
    organiser: Option<&Path>,
) -> BTreeMap<String, u64> {
    let Some(Ok(entries)) = organiser.map(|folder| std::fs::read_dir(folder.join(FOLDER))) else {
        return BTreeMap::new();
    };
    let mut counts = BTreeMap::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name == track.as_str() {
            continue;
        }
        let others: BTreeSet<Digest> = read(&path)
            .into_values()
            .filter_map(|survey| survey.pixels)
            .collect();
        let blocks = bundles.iter().flat_map(|bundle| &bundle.index().shards);
        let patients: BTreeSet<&str> = blocks
            .flat_map(|shard| &shard.blocks)
            .filter(|block| {
                let pixels = block
                    .members
                    .iter()
                    .filter_map(|member| surveys.get(&member.sha256)?.pixels);
                pixels.into_iter().any(|pixels| others.contains(&pixels))
            })
            .map(|block| block.patient.as_str())
            .collect();
        counts.insert(name, patients.len() as u64);
    }
    counts
}

fn look_at(bytes: Vec<u8>, policy: &PixelPolicy) -> InstanceSurvey {
    let source = Arc::new(MemorySource::new(bytes));
    // The gate has read the object before; what cannot be read any more decodes no frame.
    let Ok(object) = cloakroom_p10::read(source, Extent::Whole, &Limits::default()) else {
        return InstanceSurvey::default();
    };
    let image = object.describe_image();
    let pixels = PixelSource::of(&object);
    let request = ImageToAssess {
        image: &image,
        layout: object.pixel_layout(),
        bytes: &pixels,
        policy,
        detector: None,
        known: &KnownValues::default(),
        decision: None,
    };
    let has_pixels = object.pixel_layout().is_some();
    let seen = survey(&request);
    InstanceSurvey {
        frames: if has_pixels { image.frames.max(1) } else { 0 },
        decoded: seen.decoded,
        pixels: seen.pixels,
        hashes: seen.hashes,
        range: seen.range,
        photometric: image.photometric.clone(),
        presentation: text(&object, Tag(0x0008, 0x0068)),
        rescale: number(&object, Tag(0x0028, 0x1053)).zip(number(&object, Tag(0x0028, 0x1052))),
        frame_time: frame_time(&object),
        has_calibrated_region: has_calibrated_region(&object),
        references: references(&object),
    }
}

fn text(object: &Object, tag: Tag) -> String {
    let found = object
        .dataset()
        .get(tag)
        .and_then(|element| element.first_text());
    found.unwrap_or_default()
}

fn number(object: &Object, tag: Tag) -> Option<f64> {
    let numbers = object.dataset().get(tag)?.numbers();
    numbers.first().copied().filter(|number| number.is_finite())
}

/// Frame Time, or Cine Rate, or Recommended Display Frame Rate (PS3.3 C.7.6.5).
fn frame_time(object: &Object) -> Option<f64> {
    let positive = |tag| number(object, tag).filter(|number| *number > 0.0);
    let rate = || positive(Tag(0x0018, 0x0040)).or_else(|| positive(Tag(0x0008, 0x2144)));
    positive(Tag(0x0018, 0x1063))
        .or_else(|| {
            let vector = object.dataset().get(Tag(0x0018, 0x1065))?.numbers();
            vector.get(1).copied().filter(|time| *time > 0.0)
        })
        .or_else(|| rate().map(|rate| 1000.0 / rate))
}

/// Physical Units of both directions are centimetres (code 3), and a length stands with them.
fn has_calibrated_region(object: &Object) -> bool {
    let Some(regions) = object.dataset().get(Tag(0x0018, 0x6011)) else {
        return false;
    };
    regions.items().any(|region| {
        let first = |tag| {
            region
                .get(tag)
                .and_then(|element| element.numbers().first().copied())
        };
        let centimetres = |tag| first(tag) == Some(3.0);
        centimetres(Tag(0x0018, 0x6024))
            && centimetres(Tag(0x0018, 0x6026))
            && first(Tag(0x0018, 0x602C)).is_some_and(|delta| delta != 0.0)
    })
}

/// Referenced SOP Instance UIDs at every depth, sorted.
fn references(object: &Object) -> Vec<String> {
    let elements = object.dataset().walk();
    let uids: BTreeSet<String> = elements
        .filter(|element| element.tag() == Tag(0x0008, 0x1155) && element.vr() == VR::UI)
        .filter_map(|element| element.first_text())
        .map(|uid| uid.trim_matches(['\0', ' ']).to_owned())
        .filter(|uid| !uid.is_empty())
        .collect();
    uids.into_iter().collect()
}
