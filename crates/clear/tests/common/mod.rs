//! The way of an object to the gate, as short as it can be.

#![allow(dead_code, reason = "each test program uses its own part of this")]

use cloakroom_clear::{Cleared, Gate, Held, PatientScan, clear_answered};
use cloakroom_core::{Digest, HoldReason, KnownKind, KnownValue, KnownValues, Phi, Tag, VR, uid};
use cloakroom_deid::{
    ApprovedWords, Edited, SiteSecret, Subject, TrackKeys, apply, plan, pseudonym_and_offset,
};
use cloakroom_p10::{Extent, Limits, MemorySource, Object};
use cloakroom_pixels::{ImageToAssess, Masked, MemoryBytes, PixelBytes, PixelPolicy, assess, mask};
use cloakroom_profile::Profile;
use std::cell::Cell;
use std::sync::Arc;

pub(crate) struct Way {
    pub(crate) profile: Arc<Profile>,
    pub(crate) gate: Gate,
    /// The alarm that a person has answered.
    pub(crate) answered: Cell<Option<Digest>>,
    keys: TrackKeys,
}

/// Where an object ended.
pub(crate) enum End {
    Quarantined,
    HeldBefore(HoldReason),
    HeldByGate(Held),
    Cleared(Box<Cleared>),
}

impl Way {
    pub(crate) fn new(profile: &str) -> Self {
        let secret = SiteSecret::new(core::array::from_fn(|place| place as u8 * 7 + 3)).unwrap();
        let profile = Arc::new(Profile::shipped(profile).unwrap());
        Self {
            gate: Gate::new(&profile),
            answered: Cell::new(None),
            keys: TrackKeys::derive(&secret, "test", &"lung".parse().unwrap(), 1),
            profile,
        }
    }

    /// Takes a file all the way. `planted` are values that the editor does not know and the gate does.
    pub(crate) fn take(&self, bytes: &[u8], planted: &[(KnownKind, &str)]) -> End {
        self.take_from(bytes, planted, Arc::new(MemoryBytes(bytes.to_vec())))
    }

    /// The same with the pixels from a source of the caller's.
    pub(crate) fn take_from(
        &self,
        bytes: &[u8],
        planted: &[(KnownKind, &str)],
        pixels: Arc<dyn PixelBytes>,
    ) -> End {
        let source = Arc::new(MemorySource::new(bytes.to_vec()));
        let Ok(object) = cloakroom_p10::read(source, Extent::Whole, &Limits::default()) else {
            return End::Quarantined;
        };
        let known = known_values(&object);
        let subject = self.subject(&known);
        let all = known.iter().cloned().chain(planted.iter().map(value));
        let scan = self
            .gate
            .scan(&KnownValues::new(all.collect()), subject.pseudonym());
        match self.edit(object, &subject, &known, pixels.as_ref()) {
            Ok((edited, masked)) => self.gate(&scan, edited, masked, pixels),
            Err(reason) => End::HeldBefore(reason),
        }
    }

    fn subject(&self, known: &KnownValues) -> Subject {
        let patient = self.keys.patient(Phi::new("patient"));
        let track = "lung".parse().unwrap();
        let (pseudonym, offset) =
            pseudonym_and_offset(&self.profile, &patient, &track, "GX01").unwrap();
        let words = Arc::new(ApprovedWords::default());
        Subject::new(pseudonym, offset, known, words, &self.profile)
    }

    fn edit(
        &self,
        object: Object,
        subject: &Subject,
        known: &KnownValues,
        pixels: &dyn PixelBytes,
    ) -> Result<(Edited, Masked), HoldReason> {
        let policy = PixelPolicy::contest();
        let image = object.describe_image();
        let request = ImageToAssess {
            image: &image,
            layout: object.pixel_layout(),
            bytes: pixels,
            policy: &policy,
            detector: None,
            known,
            decision: None,
        };
        let masked = mask(&request, &assess(&request))?;
        let plan = plan(&object, &self.profile, subject, &self.keys)?;
        Ok((apply(object, plan)?, masked))
    }

    fn gate(
        &self,
        scan: &PatientScan,
        edited: Edited,
        masked: Masked,
        pixels: Arc<dyn PixelBytes>,
    ) -> End {
        let answered = self.answered.get();
        match clear_answered(&self.gate, scan, edited, masked, pixels, answered.as_ref()) {
            Ok(cleared) => End::Cleared(Box::new(cleared)),
            Err(held) => End::HeldByGate(held),
        }
    }
}

fn value((kind, text): &(KnownKind, &str)) -> KnownValue {
    KnownValue {
        kind: *kind,
        value: Phi::new((*text).to_owned()),
    }
}

/// What the patient is called in a file.
fn known_values(object: &Object) -> KnownValues {
    let mut found = Vec::new();
    for element in object.dataset().walk() {
        let kind = match (element.tag(), element.vr()) {
            (Tag(0x0010, 0x0010), _) => KnownKind::PatientName,
            (_, VR::PN) => KnownKind::Person,
            (Tag(0x0010, 0x0020 | 0x1000), _) => KnownKind::PatientId,
            (Tag(0x0010, 0x0030), _) => KnownKind::BirthDate,
            (Tag(0x0008, 0x0050) | Tag(0x0020, 0x0010), _) => KnownKind::OrderId,
            (Tag(0x0008, 0x0080 | 0x0081 | 0x1010), _) => KnownKind::Institution,
            (Tag(0x0018, 0x1000), _) => KnownKind::Device,
            (Tag(0x0008, 0x0016 | 0x1150), _) => continue,
            (_, VR::UI) => KnownKind::Uid,
            _ => continue,
        };
        for text in element.text().unwrap_or_default() {
            let text = text.trim_matches(['\0', ' ', '^']);
            let long = text.chars().filter(|sign| sign.is_alphanumeric()).count() >= 3;
            let uid = kind == KnownKind::Uid;
            if long
                && !(uid && (uid::is_standard(text) || !text.contains('.')))
                && !is_generic(text)
            {
                found.push(value(&(kind, text)));
            }
        }
    }
    KnownValues::new(found)
}

/// Words that stand where a name should and name nobody.
fn is_generic(text: &str) -> bool {
    let upper = text.to_uppercase();
    [
        "ANONYM", "UNKNOWN", "PATIENT", "NONE", "TEST", "HIDDEN", "REMOVED", "DOCTOR", "PHANTOM",
    ]
    .iter()
    .any(|word| upper.contains(word))
}
