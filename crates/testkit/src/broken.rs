//! Files that break the rules, each named for what is wrong with it, and what should become of it.

mod containers;
mod elements;
mod pixels;

use crate::dicom::{Dataset, DicomFile, Syntax};
use crate::objects::common::Samples;
use cloakroom_core::Outcome;
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

/// A file that breaks the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenFile {
    /// What is wrong, as a file name without extension.
    pub name: &'static str,
    /// Why it is not allowed, and where it comes from, in a sentence.
    pub why: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The outcomes that are right for it. `Cleared` among them means that it can be repaired without
    /// guessing.
    pub expected: Vec<Outcome>,
}

/// Every broken file, in the order of their names. None is larger than 64 KB but `nested-five-thousand-deep`
/// (180 KB).
#[must_use]
pub fn all() -> Vec<BrokenFile> {
    let mut files = containers::files();
    files.extend(elements::files());
    files.extend(pixels::files());
    files.sort_by_key(|file| file.name);
    files
}

/// A small Secondary Capture of eight pixels square, with a name in it.
pub(crate) fn small(number: u32) -> DicomFile {
    let mut dataset = Dataset::new();
    dataset
        .text(tags::SOP_CLASS_UID, uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
        .text(
            tags::SOP_INSTANCE_UID,
            format!("1.3.6.1.4.1.32473.2.{number}.3"),
        )
        .text(
            tags::STUDY_INSTANCE_UID,
            format!("1.3.6.1.4.1.32473.2.{number}.1"),
        )
        .text(
            tags::SERIES_INSTANCE_UID,
            format!("1.3.6.1.4.1.32473.2.{number}.2"),
        )
        .text(tags::STUDY_DATE, "20200102")
        .text(tags::STUDY_TIME, "030405")
        .text(tags::ACCESSION_NUMBER, format!("ACC{number:06}"))
        .text(tags::MODALITY, "OT")
        .text(tags::CONVERSION_TYPE, "WSD")
        .text(tags::PATIENT_NAME, "BROKEN^FIXTURE")
        .text(tags::PATIENT_ID, format!("BROKENID{number:04}"))
        .text(tags::PATIENT_BIRTH_DATE, "19600203")
        .text(tags::PATIENT_SEX, "O")
        .text(tags::REFERRING_PHYSICIAN_NAME, "SOME^BODY")
        .text(tags::STUDY_ID, "1")
        .text(tags::SERIES_NUMBER, "1")
        .text(tags::INSTANCE_NUMBER, "1")
        .empty(tags::PATIENT_ORIENTATION)
        .empty(tags::LATERALITY)
        .text(tags::MANUFACTURER, "Synthetic Medical");
    Samples::GRAY_8.put(&mut dataset, 8, 8);
    let pixels = (0..64).map(|index| index * 3).collect();
    dataset.put(tags::PIXEL_DATA, VR::OB, crate::dicom::Value::Bytes(pixels));
    DicomFile::new(Syntax::ExplicitLittle, dataset)
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_unique_and_files_are_small() {
        let files = super::all();
        assert!(files.len() >= 50, "{}", files.len());
        assert!(files.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(
            files
                .iter()
                .all(|file| file.bytes.len() < 200_000 && !file.expected.is_empty())
        );
    }
}
