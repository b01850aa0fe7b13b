//! A DICOM file (PS3.10): preamble, meta information, data set, and what should not follow it.

use super::dataset::{Dataset, Value};
use super::syntax::{Encoding, Syntax};
use super::write;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use flate2::{Compression, write::DeflateEncoder};
use std::io::Write as _;

/// What stands in the file before the data set.
#[derive(Clone, PartialEq)]
pub enum Meta {
    /// What PS3.10 asks for, made from the data set.
    Standard,
    /// What PS3.10 asks for, and these elements over it.
    With(Dataset),
    /// Exactly these elements, without a group length unless they hold one.
    Only(Dataset),
    /// No meta information: the data set follows the preamble at once.
    Absent,
}

/// A file to be written.
#[derive(Clone, PartialEq)]
pub struct DicomFile {
    /// The 128 bytes before `DICM`, or `None` for a file that begins with its first element.
    pub preamble: Option<Vec<u8>>,
    /// The meta information.
    pub meta: Meta,
    /// The transfer syntax that is declared and used.
    pub syntax: Syntax,
    /// The data set.
    pub dataset: Dataset,
    /// Bytes after the data set.
    pub trailing: Vec<u8>,
}

impl DicomFile {
    /// An ordinary file.
    #[must_use]
    pub fn new(syntax: Syntax, dataset: Dataset) -> Self {
        Self {
            preamble: Some(vec![0; 128]),
            meta: Meta::Standard,
            syntax,
            dataset,
            trailing: Vec::new(),
        }
    }

    /// The meta information that PS3.10 asks for, without its group length.
    #[must_use]
    pub fn standard_meta(&self) -> Dataset {
        let text = |tag| self.dataset.text_of(tag).unwrap_or_default().to_owned();
        let mut meta = Dataset::new();
        meta.put(
            tags::FILE_META_INFORMATION_VERSION,
            VR::OB,
            Value::Bytes(vec![0, 1]),
        )
        .text(tags::MEDIA_STORAGE_SOP_CLASS_UID, text(tags::SOP_CLASS_UID))
        .text(
            tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
            text(tags::SOP_INSTANCE_UID),
        )
        .text(tags::TRANSFER_SYNTAX_UID, self.syntax.uid())
        .text(tags::IMPLEMENTATION_CLASS_UID, "1.3.6.1.4.1.32473.7.1")
        .text(tags::IMPLEMENTATION_VERSION_NAME, "SYNTHETIC_1");
        meta
    }

    /// The bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(preamble) = &self.preamble {
            out.extend_from_slice(preamble);
            out.resize(128, 0);
            out.extend_from_slice(b"DICM");
        }
        match &self.meta {
            Meta::Standard => out.extend(with_group_length(&self.standard_meta())),
            Meta::With(more) => {
                let mut meta = self.standard_meta();
                meta.merge(more);
                out.extend(with_group_length(&meta));
            }
            Meta::Only(meta) => out.extend(write::encode(meta, Encoding::EXPLICIT_LITTLE)),
            Meta::Absent => {}
        }
        let body = write::encode(&self.dataset, self.syntax.encoding());
        if self.syntax == Syntax::Deflated {
            out.extend(deflate(&body));
        } else {
            out.extend(body);
        }
        out.extend_from_slice(&self.trailing);
        out
    }
}

fn with_group_length(meta: &Dataset) -> Vec<u8> {
    let body = write::encode(meta, Encoding::EXPLICIT_LITTLE);
    let mut length = Dataset::new();
    length.put(
        Tag(0x0002, 0x0000),
        VR::UL,
        Value::Longs(vec![body.len() as u32]),
    );
    let mut out = write::encode(&length, Encoding::EXPLICIT_LITTLE);
    out.extend(body);
    out
}

/// Deflates without a zlib header, padded to even length (PS3.5 A.5).
#[must_use]
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    // Writing into a Vec cannot fail; an empty result would make every test that reads it fail.
    let mut out = encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .unwrap_or_default();
    if out.len() % 2 == 1 {
        out.push(0);
    }
    out
}
