//! What one byte stream is, from its header.

use crate::known;
use crate::unpack::{ArchiveKind, archive_kind};
use cloakroom_core::{
    HoldReason, KnownValue, Outcome, PixelLayout, QuarantineReason, SetAsideReason, Tag,
};
use cloakroom_p10::{Extent, Limits, Object, Recognition, Source, TextError, read, recognise};
use dicom_dictionary_std::tags;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// Where an ISO 9660 image says that it is one.
const ISO_9660: (u64, &[u8]) = (0x8001, b"CD001");

/// Identifying values that one header may hold; an instance with a reference for each of 65,535 frames has fewer.
const MOST_KNOWN: usize = 200_000;

/// What reading a stream told.
pub(crate) enum Reading {
    /// A DICOM instance that may go on, unless it conflicts with others; or one that waits for a person.
    Instance(Box<Header>, Option<HoldReason>),
    /// An archive that is still to be unpacked.
    Archive,
    /// The stream ends here.
    Ended(Outcome),
}

/// The facts of one instance, as the catalogue keeps them. All of it is of the export.
pub(crate) struct Header {
    /// Patient ID and issuer; `None` where the Patient ID is missing or cannot be decoded.
    pub(crate) patient: Option<(String, String)>,
    /// Study Instance UID, perhaps empty.
    pub(crate) study: String,
    /// Series Instance UID, perhaps empty.
    pub(crate) series: String,
    /// SOP Instance UID.
    pub(crate) instance: String,
    pub(crate) look: LookColumns,
    pub(crate) instance_number: Option<i64>,
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) frames: u32,
    /// Bytes of the stored pixel value; at most the size of the stream where it is encapsulated.
    pub(crate) pixel_bytes: u64,
    pub(crate) known: Vec<KnownValue>,
}

/// What the instances of a series usually share.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct LookColumns {
    /// SOP class, transfer syntax, modality, manufacturer, model, software, image type, body part,
    /// photometric interpretation, burned-in annotation, conversion type, series description.
    pub(crate) texts: [String; 12],
    pub(crate) samples: u16,
    pub(crate) bits_stored: u16,
}

const fn quarantined(reason: QuarantineReason) -> Reading {
    Reading::Ended(Outcome::Quarantined(reason))
}

const fn set_aside(reason: SetAsideReason) -> Reading {
    Reading::Ended(Outcome::SetAside(reason))
}

/// Reads one stream up to its pixels. Archives are opened to a depth, counted from 0 in the export itself.
pub(crate) fn read_stream(source: Arc<dyn Source>, limits: &Limits, may_unpack: bool) -> Reading {
    if source.is_empty() {
        return quarantined(QuarantineReason::Empty);
    }
    let Ok(recognition) = recognise(source.as_ref()) else {
        return quarantined(QuarantineReason::Unreadable);
    };
    if matches!(
        recognition,
        Recognition::NotDicom | Recognition::BareDataSet
    ) {
        match archive_of(source.as_ref()) {
            Err(_) => return quarantined(QuarantineReason::Unreadable),
            Ok(Some(ArchiveKind::Unsupported)) => {
                return quarantined(QuarantineReason::ArchiveBroken);
            }
            Ok(Some(_)) if !may_unpack => return quarantined(QuarantineReason::ArchiveLimit),
            Ok(Some(_)) => return Reading::Archive,
            Ok(None) => {}
        }
    }
    match recognition {
        Recognition::NotDicom => set_aside(SetAsideReason::NotDicom),
        Recognition::DicomDir => set_aside(SetAsideReason::DicomDir),
        Recognition::Part10 | Recognition::BareDataSet => {
            let size = source.len();
            match read(source, Extent::Header, limits) {
                Ok(object) => read_object(&object, size),
                Err(error) => quarantined(error.reason()),
            }
        }
    }
}

/// The kind of archive that a source is, by its content.
pub(crate) fn archive_of(source: &dyn Source) -> std::io::Result<Option<ArchiveKind>> {
    let mut head = [0; 512];
    let length = usize::try_from(source.len()).map_or(512, |len| len.min(512));
    source.read_at(0, &mut head[..length])?;
    if let Some(kind) = archive_kind(&head[..length]) {
        return Ok(Some(kind));
    }
    let (offset, magic) = ISO_9660;
    if source.len() >= offset + magic.len() as u64 {
        source.read_at(offset, &mut head[..magic.len()])?;
        if &head[..magic.len()] == magic {
            return Ok(Some(ArchiveKind::Unsupported));
        }
    }
    Ok(None)
}

fn read_object(object: &Object, size: u64) -> Reading {
    let identity = object.sop_class_uid().zip(object.sop_instance_uid());
    let Some((sop_class, instance)) = identity else {
        return quarantined(QuarantineReason::IdentityIncomplete);
    };
    let study = text(object, tags::STUDY_INSTANCE_UID);
    let series = text(object, tags::SERIES_INSTANCE_UID);
    let patient = patient_key(object);
    let hold = match &patient {
        Err(TextError::UnknownCharacterSet(_) | TextError::Undecodable) => {
            Some(HoldReason::UnknownCharacterSet)
        }
        Err(_) | Ok(None) => Some(HoldReason::PatientIdMissing),
        Ok(Some(_)) if study.is_empty() || series.is_empty() => Some(HoldReason::HierarchyConflict),
        Ok(Some(_)) => None,
    };
    let known = known::harvest(object);
    if known.len() > MOST_KNOWN {
        return quarantined(QuarantineReason::LimitExceeded);
    }
    let image = object.describe_image();
    let has_pixels = image.pixel_tag.is_some();
    let header = Header {
        patient: patient.unwrap_or(None),
        study,
        series,
        instance: instance.into_exposed(),
        instance_number: text(object, tags::INSTANCE_NUMBER).trim().parse().ok(),
        rows: image.rows,
        columns: image.columns,
        frames: if has_pixels { image.frames } else { 0 },
        pixel_bytes: match object.pixel_layout().map(PixelLayout::whole) {
            Some(value) => value.len(),
            None if has_pixels => size,
            None => 0,
        },
        look: LookColumns {
            texts: [
                sop_class,
                object.transfer_syntax().to_owned(),
                image.modality,
                image.manufacturer.into_exposed(),
                image.model.into_exposed(),
                image.software.into_exposed(),
                image.image_type.join("\\"),
                image.body_part.into_exposed(),
                image.photometric,
                image.burned_in,
                image.conversion_type,
                text(object, tags::SERIES_DESCRIPTION),
            ],
            samples: image.samples,
            bits_stored: image.bits_stored,
        },
        known,
    };
    Reading::Instance(Box::new(header), hold)
}

fn text(object: &Object, tag: Tag) -> String {
    object
        .dataset()
        .get(tag)
        .and_then(|element| element.first_text())
        .unwrap_or_default()
}

/// Patient ID and issuer in one spelling: composed Unicode (NFC) without padding. Nothing else is
/// changed, because two ids that merely look alike may be two patients.
fn patient_key(object: &Object) -> Result<Option<(String, String)>, TextError> {
    let Some(element) = object.dataset().get(tags::PATIENT_ID) else {
        return Ok(None);
    };
    let id = element.text()?.join("\\");
    let id: String = id.trim_matches(['\0', ' ']).nfc().collect();
    let issuer: String = match object.dataset().get(tags::ISSUER_OF_PATIENT_ID) {
        Some(issuer) => issuer.text()?.join("\\"),
        None => String::new(),
    };
    let issuer = issuer.trim_matches(['\0', ' ']).nfc().collect();
    Ok((!is_placeholder(&id)).then_some((id, issuer)))
}

/// What devices and people write where they do not know the patient, in capitals and without signs.
const PLACEHOLDERS: [&str; 10] = [
    "UNKNOWN",
    "UNKNOWNID",
    "UNK",
    "UNDEFINED",
    "NONE",
    "NA",
    "NULL",
    "NIL",
    "NOID",
    "NOPATIENTID",
];

/// Whether a Patient ID names nobody. Under one such id lie the images of strangers, so it counts as missing: who they
/// are is never guessed.
fn is_placeholder(id: &str) -> bool {
    let signs: String = id
        .chars()
        .filter(|sign| sign.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect();
    signs.chars().all(|sign| sign == '0') || PLACEHOLDERS.contains(&signs.as_str())
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    #[test]
    fn an_id_that_names_nobody_is_none() {
        for id in [
            "", "0", "000000", "UNKNOWN", "unknown", "N/A", "n.a.", "-", "???", "No ID",
        ] {
            assert!(is_placeholder(id), "{id}");
        }
        for id in ["1", "0007", "UNKNOWN1", "NADIA", "P0", "张三", "10"] {
            assert!(!is_placeholder(id), "{id}");
        }
    }
}
