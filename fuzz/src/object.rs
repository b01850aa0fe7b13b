//! A whole object on its way to the gate.

use crate::LIMITS;
use cloakroom_clear::{Gate, clear};
use cloakroom_core::{HoldReason, KnownKind, KnownValue, KnownValues, Phi, PixelLayout};
use cloakroom_deid::{
    ApprovedWords, SiteSecret, Subject, TrackKeys, apply, plan, pseudonym_and_offset,
};
use cloakroom_p10::{Extent, Limits, MemorySource};
use cloakroom_pixels::{ImageToAssess, MemoryBytes, PixelBytes, PixelPolicy, assess, mask};
use cloakroom_profile::Profile;
use std::sync::{Arc, OnceLock};

/// What does not change from input to input.
struct Office {
    profile: Arc<Profile>,
    gate: Gate,
    policy: PixelPolicy,
    keys: TrackKeys,
    known: KnownValues,
}

/// The patient's name in every fixture, which the gate knows.
const NAME: &str = "BROKEN^FIXTURE";

fn office() -> Option<&'static Office> {
    static OFFICE: OnceLock<Option<Office>> = OnceLock::new();
    OFFICE.get_or_init(open_office).as_ref()
}

fn open_office() -> Option<Office> {
    let secret = SiteSecret::new(core::array::from_fn(|place| place as u8 * 7 + 3)).ok()?;
    let profile = Arc::new(Profile::shipped("contest").ok()?);
    Some(Office {
        gate: Gate::new(&profile),
        policy: PixelPolicy::contest(),
        keys: TrackKeys::derive(&secret, "fuzz", &"lung".parse().ok()?, 1),
        known: KnownValues::new(vec![KnownValue {
            kind: KnownKind::PatientName,
            value: Phi::new(NAME.to_owned()),
        }]),
        profile,
    })
}

/// Takes a file all the way: read, planned, edited, masked, judged, written.
///
/// Laws: it is held or it leaves; what leaves has the length that was told, reads again, and does not hold the
/// patient's name outside the pixels.
pub fn object(bytes: &[u8]) {
    let office = office().unwrap_or_else(|| panic!("the shipped profile is not readable"));
    let Some(Ok(released)) = taken(office, bytes) else {
        return;
    };
    let source = Arc::new(MemorySource::new(released.clone()));
    let Ok(again) = cloakroom_p10::read(source, Extent::Whole, &Limits::default()) else {
        panic!("what left does not read again");
    };
    let pixels = again.pixel_layout().map(PixelLayout::whole);
    let [start, end] = pixels.map_or([released.len(); 2], |range| {
        [range.start, range.end].map(|at| usize::try_from(at).unwrap_or(usize::MAX))
    });
    for part in [&released[..start], &released[end..]] {
        let found = part
            .windows(NAME.len())
            .any(|window| window == NAME.as_bytes());
        assert!(!found, "the name left");
    }
}

/// `None` for what is quarantined.
fn taken(office: &Office, bytes: &[u8]) -> Option<Result<Vec<u8>, HoldReason>> {
    let source = Arc::new(MemorySource::new(bytes.to_vec()));
    let object = cloakroom_p10::read(source, Extent::Whole, &LIMITS).ok()?;
    // The ranges of a deflated object refer to its inflated bytes.
    let inflated = object.source().bytes()?.to_vec();
    let pixels: Arc<dyn PixelBytes> = Arc::new(MemoryBytes(inflated));
    Some(judged(office, object, &pixels))
}

fn judged(
    office: &Office,
    object: cloakroom_p10::Object,
    pixels: &Arc<dyn PixelBytes>,
) -> Result<Vec<u8>, HoldReason> {
    let patient = office.keys.patient(Phi::new("patient"));
    let track = "lung".parse().map_err(|_| HoldReason::LookupMiss)?;
    let (pseudonym, offset) = pseudonym_and_offset(&office.profile, &patient, &track, "GX01")
        .map_err(|_| HoldReason::LookupMiss)?;
    let words = Arc::new(ApprovedWords::default());
    let subject = Subject::new(pseudonym, offset, &office.known, words, &office.profile);
    let scan = office.gate.scan(&office.known, subject.pseudonym());
    let planned = plan(&object, &office.profile, &subject, &office.keys)?;
    let image = object.describe_image();
    let request = ImageToAssess {
        image: &image,
        layout: object.pixel_layout(),
        bytes: pixels.as_ref(),
        policy: &office.policy,
        detector: None,
        known: &office.known,
        decision: None,
    };
    let masked = mask(&request, &assess(&request))?;
    let edited = apply(object, planned)?;
    let cleared = clear(&office.gate, &scan, edited, masked, Arc::clone(pixels))
        .map_err(|held| held.reason)?;
    let mut released = Vec::new();
    let written = cleared.write_to(&mut released);
    assert!(written.is_ok(), "what was cleared could not be written");
    assert_eq!(
        released.len() as u64,
        cleared.len(),
        "the length was told wrong"
    );
    Ok(released)
}
