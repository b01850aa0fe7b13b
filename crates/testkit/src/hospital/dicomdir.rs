//! A DICOMDIR (PS3.3 Annex F) of one study, with the patient's name in it.

use crate::dicom::write::encode_item;
use crate::dicom::{Dataset, DicomFile, Encoding, Meta, Syntax, Value};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// One instance to be listed.
pub(super) struct Listed {
    /// The components of its path, as (0004,1500) holds them.
    pub(super) path: Vec<String>,
    /// The object.
    pub(super) dataset: Dataset,
}

/// A record, its level (0 patient, 3 image), and what comes next.
struct Record {
    level: usize,
    key: String,
    dataset: Dataset,
}

/// The bytes of a DICOMDIR of one patient and study. Instances of a series stand together.
pub(super) fn bytes(listed: &[Listed]) -> Vec<u8> {
    let mut records = records_of(listed);
    let mut offset = (file(head(0, 0)).bytes().len() + 12) as u32;
    let mut offsets = Vec::new();
    for record in &records {
        offsets.push(offset);
        offset += encode_item(&record.dataset, Encoding::EXPLICIT_LITTLE, false).len() as u32;
    }
    let levels: Vec<usize> = records.iter().map(|record| record.level).collect();
    for (index, record) in records.iter_mut().enumerate() {
        let later = &levels[index + 1..];
        let below = later
            .iter()
            .take_while(|level| **level > record.level)
            .count();
        let sibling = later.get(below) == Some(&record.level);
        let next = if sibling {
            offsets[index + 1 + below]
        } else {
            0
        };
        let lower = if below > 0 { offsets[index + 1] } else { 0 };
        record
            .dataset
            .longs(tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD, &[next])
            .longs(
                tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
                &[lower],
            );
    }
    let root = offsets.first().copied().unwrap_or(0);
    let mut file = file(head(root, root));
    let items = records.into_iter().map(|record| record.dataset).collect();
    file.dataset
        .sequence(tags::DIRECTORY_RECORD_SEQUENCE, items);
    file.bytes()
}

fn head(first: u32, last: u32) -> Dataset {
    let mut dataset = Dataset::new();
    dataset
        .text(tags::FILE_SET_ID, "SYNTHETIC")
        .longs(
            tags::OFFSET_OF_THE_FIRST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY,
            &[first],
        )
        .longs(
            tags::OFFSET_OF_THE_LAST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY,
            &[last],
        )
        .words(tags::FILE_SET_CONSISTENCY_FLAG, &[0]);
    dataset
}

fn file(dataset: Dataset) -> DicomFile {
    let mut meta = Dataset::new();
    meta.text(tags::MEDIA_STORAGE_SOP_CLASS_UID, "1.2.840.10008.1.3.10")
        .text(
            tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
            "1.3.6.1.4.1.32473.9.1",
        );
    DicomFile {
        meta: Meta::With(meta),
        ..DicomFile::new(Syntax::ExplicitLittle, dataset)
    }
}

const LEVELS: [(&str, &[Tag], Tag); 4] = [
    (
        "PATIENT",
        &[
            tags::PATIENT_NAME,
            tags::PATIENT_ID,
            tags::PATIENT_BIRTH_DATE,
            tags::PATIENT_SEX,
        ],
        tags::PATIENT_ID,
    ),
    (
        "STUDY",
        &[
            tags::STUDY_DATE,
            tags::STUDY_TIME,
            tags::ACCESSION_NUMBER,
            tags::STUDY_DESCRIPTION,
            tags::STUDY_INSTANCE_UID,
            tags::STUDY_ID,
        ],
        tags::STUDY_INSTANCE_UID,
    ),
    (
        "SERIES",
        &[
            tags::MODALITY,
            tags::SERIES_INSTANCE_UID,
            tags::SERIES_NUMBER,
        ],
        tags::SERIES_INSTANCE_UID,
    ),
    (
        "IMAGE",
        &[tags::INSTANCE_NUMBER, tags::IMAGE_TYPE],
        tags::SOP_INSTANCE_UID,
    ),
];

/// A record wherever an instance differs from the one before it.
fn records_of(listed: &[Listed]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for instance in listed {
        for (level, (kind, wanted, key)) in LEVELS.into_iter().enumerate() {
            let key = instance.dataset.text_of(key).unwrap_or_default().to_owned();
            if records
                .iter()
                .rev()
                .find(|record| record.level <= level)
                .is_some_and(|r| r.level == level && r.key == key)
            {
                continue;
            }
            records.push(Record {
                level,
                key,
                dataset: record(instance, kind, wanted),
            });
        }
    }
    records
}

fn record(instance: &Listed, kind: &str, wanted: &[Tag]) -> Dataset {
    let source = &instance.dataset;
    let text = |tag| source.text_of(tag).unwrap_or_default().to_owned();
    let mut record = Dataset::new();
    record
        .longs(tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD, &[0])
        .words(tags::RECORD_IN_USE_FLAG, &[0xFFFF])
        .longs(
            tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
            &[0],
        )
        .text(tags::DIRECTORY_RECORD_TYPE, kind);
    if let Some(charset) = source.charset() {
        record.text(tags::SPECIFIC_CHARACTER_SET, charset);
    }
    for element in wanted.iter().filter_map(|tag| source.get(*tag)) {
        record.put(element.tag, element.vr, element.value.clone());
    }
    if kind == "IMAGE" {
        record
            .put(
                tags::REFERENCED_FILE_ID,
                VR::CS,
                Value::Text(instance.path.join("\\")),
            )
            .text(
                tags::REFERENCED_SOP_CLASS_UID_IN_FILE,
                text(tags::SOP_CLASS_UID),
            )
            .text(
                tags::REFERENCED_SOP_INSTANCE_UID_IN_FILE,
                text(tags::SOP_INSTANCE_UID),
            )
            .text(
                tags::REFERENCED_TRANSFER_SYNTAX_UID_IN_FILE,
                Syntax::ExplicitLittle.uid(),
            );
    }
    record
}
