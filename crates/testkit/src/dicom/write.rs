//! Data set to bytes.

use super::charset::Charset;
use super::dataset::{Dataset, Element, Sequence, Value};
use super::syntax::Encoding;
use dicom_core::{Tag, VR};

/// Encodes a data set.
#[must_use]
pub fn encode(dataset: &Dataset, encoding: Encoding) -> Vec<u8> {
    let mut writer = Writer {
        encoding,
        out: Vec::new(),
    };
    writer.dataset(dataset, &Charset::default());
    writer.out
}

/// Encodes one item (tag, length, content), as it stands inside a sequence.
#[must_use]
pub fn encode_item(dataset: &Dataset, encoding: Encoding, undefined_length: bool) -> Vec<u8> {
    let mut writer = Writer {
        encoding,
        out: Vec::new(),
    };
    writer.item(dataset, &Charset::default(), undefined_length);
    writer.out
}

struct Writer {
    encoding: Encoding,
    out: Vec<u8>,
}

impl Writer {
    fn dataset(&mut self, dataset: &Dataset, inherited: &Charset) {
        let own = dataset.charset().map(Charset::parse);
        let charset = own.as_ref().unwrap_or(inherited);
        for element in dataset.elements() {
            self.element(element, charset);
        }
    }

    fn element(&mut self, element: &Element, charset: &Charset) {
        match &element.value {
            Value::Verbatim(bytes) => self.out.extend_from_slice(bytes),
            Value::Sequence(sequence) => self.sequence(element, sequence, charset),
            Value::Fragments { offsets, fragments } => self.fragments(element, offsets, fragments),
            value => {
                let bytes = self.value_bytes(element.vr, value, charset);
                self.header(element.tag, element.vr, bytes.len() as u32);
                self.out.extend_from_slice(&bytes);
            }
        }
    }

    fn sequence(&mut self, element: &Element, sequence: &Sequence, charset: &Charset) {
        let start = self.out.len();
        self.header(element.tag, element.vr, u32::MAX);
        let content = self.out.len();
        for item in &sequence.items {
            self.item(item, charset, sequence.undefined_items);
        }
        if sequence.undefined_length {
            self.tag_and_length(Tag(0xFFFE, 0xE0DD), 0);
        } else {
            let length = (self.out.len() - content) as u32;
            let body = self.out.split_off(content);
            self.out.truncate(start);
            self.header(element.tag, element.vr, length);
            self.out.extend_from_slice(&body);
        }
    }

    fn item(&mut self, item: &Dataset, charset: &Charset, undefined_length: bool) {
        let start = self.out.len();
        self.tag_and_length(Tag(0xFFFE, 0xE000), u32::MAX);
        let content = self.out.len();
        self.dataset(item, charset);
        if undefined_length {
            self.tag_and_length(Tag(0xFFFE, 0xE00D), 0);
        } else {
            let length = (self.out.len() - content) as u32;
            let bytes = self.encoding.u32(length);
            self.out[start + 4..start + 8].copy_from_slice(&bytes);
        }
    }

    fn fragments(&mut self, element: &Element, offsets: &[u32], fragments: &[Vec<u8>]) {
        self.header(element.tag, element.vr, u32::MAX);
        self.tag_and_length(Tag(0xFFFE, 0xE000), offsets.len() as u32 * 4);
        for offset in offsets {
            let bytes = self.encoding.u32(*offset);
            self.out.extend_from_slice(&bytes);
        }
        for fragment in fragments {
            let padded = fragment.len() + fragment.len() % 2;
            self.tag_and_length(Tag(0xFFFE, 0xE000), padded as u32);
            self.out.extend_from_slice(fragment);
            self.out.resize(self.out.len() + padded - fragment.len(), 0);
        }
        self.tag_and_length(Tag(0xFFFE, 0xE0DD), 0);
    }

    fn value_bytes(&self, vr: VR, value: &Value, charset: &Charset) -> Vec<u8> {
        let mut bytes = match value {
            Value::Text(text) if uses_charset(vr) => charset.encode(text),
            Value::Text(text) => text.as_bytes().to_vec(),
            Value::Bytes(bytes) => bytes.clone(),
            Value::Words(words) => words
                .iter()
                .flat_map(|word| self.encoding.u16(*word))
                .collect(),
            Value::Longs(longs) => longs
                .iter()
                .flat_map(|long| self.encoding.u32(*long))
                .collect(),
            Value::Quads(quads) => quads
                .iter()
                .flat_map(|quad| self.encoding.u64(*quad))
                .collect(),
            Value::Sequence(_) | Value::Fragments { .. } | Value::Verbatim(_) => Vec::new(),
        };
        if bytes.len() % 2 == 1 {
            let space = matches!(value, Value::Text(_)) && vr != VR::UI;
            bytes.push(if space { b' ' } else { 0 });
        }
        bytes
    }

    fn header(&mut self, tag: Tag, vr: VR, length: u32) {
        let group = self.encoding.u16(tag.0);
        let element = self.encoding.u16(tag.1);
        self.out.extend_from_slice(&group);
        self.out.extend_from_slice(&element);
        if self.encoding.explicit {
            self.out.extend_from_slice(vr.to_string().as_bytes());
            if has_short_length(vr) {
                let bytes = self.encoding.u16(length.min(u32::from(u16::MAX)) as u16);
                self.out.extend_from_slice(&bytes);
                return;
            }
            self.out.extend_from_slice(&[0, 0]);
        }
        let bytes = self.encoding.u32(length);
        self.out.extend_from_slice(&bytes);
    }

    fn tag_and_length(&mut self, tag: Tag, length: u32) {
        let group = self.encoding.u16(tag.0);
        let element = self.encoding.u16(tag.1);
        let length = self.encoding.u32(length);
        self.out.extend_from_slice(&group);
        self.out.extend_from_slice(&element);
        self.out.extend_from_slice(&length);
    }
}

/// VRs whose text is in the Specific Character Set (PS3.5 6.1.2.3).
#[must_use]
pub const fn uses_charset(vr: VR) -> bool {
    matches!(
        vr,
        VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UT
    )
}

/// VRs whose explicit header has a 16-bit length (PS3.5 7.1.2).
#[must_use]
pub const fn has_short_length(vr: VR) -> bool {
    matches!(
        vr,
        VR::AE
            | VR::AS
            | VR::AT
            | VR::CS
            | VR::DA
            | VR::DS
            | VR::DT
            | VR::FL
            | VR::FD
            | VR::IS
            | VR::LO
            | VR::LT
            | VR::PN
            | VR::SH
            | VR::SL
            | VR::SS
            | VR::ST
            | VR::TM
            | VR::UI
            | VR::UL
            | VR::US
    )
}
