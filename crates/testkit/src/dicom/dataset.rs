//! A data set to be written: elements in order, sequences, and bytes that break the rules on purpose.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

/// The value of one element.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// Text in the character set of its data set, or in the default repertoire where the VR says so.
    Text(String),
    /// Bytes as they are, padded to even length.
    Bytes(Vec<u8>),
    /// 16-bit words, in the byte order of the transfer syntax.
    Words(Vec<u16>),
    /// 32-bit words (UL, SL, FL, OF, OL), in the byte order of the transfer syntax.
    Longs(Vec<u32>),
    /// 64-bit words (FD, UV, SV, OD, OV), in the byte order of the transfer syntax.
    Quads(Vec<u64>),
    /// A sequence of items.
    Sequence(Sequence),
    /// Encapsulated pixel data: the Basic Offset Table, then one fragment after the other.
    Fragments {
        /// Offsets of the frames; may be empty.
        offsets: Vec<u32>,
        /// The fragments, each padded to even length.
        fragments: Vec<Vec<u8>>,
    },
    /// The whole element (tag, VR, length, value) verbatim, for what no honest writer would write.
    Verbatim(Vec<u8>),
}

/// A sequence and how its lengths are written.
#[derive(Clone, PartialEq, Default)]
pub struct Sequence {
    /// The items.
    pub items: Vec<Dataset>,
    /// Whether the sequence ends with a delimiter instead of stating its length.
    pub undefined_length: bool,
    /// Whether each item ends with a delimiter instead of stating its length.
    pub undefined_items: bool,
}

/// One element.
#[derive(Clone, PartialEq)]
pub struct Element {
    /// Its tag.
    pub tag: Tag,
    /// Its VR, as an explicit transfer syntax writes it.
    pub vr: VR,
    /// Its value.
    pub value: Value,
}

/// Elements in the order in which they are written.
#[derive(Clone, PartialEq, Default)]
pub struct Dataset {
    elements: Vec<Element>,
}

impl Dataset {
    /// An empty data set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The elements in the order in which they are written.
    #[must_use]
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// The element with this tag, if any.
    #[must_use]
    pub fn get(&self, tag: Tag) -> Option<&Element> {
        self.elements.iter().find(|element| element.tag == tag)
    }

    /// The text of an element, if it has text.
    #[must_use]
    pub fn text_of(&self, tag: Tag) -> Option<&str> {
        match &self.get(tag)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Takes an element out.
    pub fn remove(&mut self, tag: Tag) -> &mut Self {
        self.elements.retain(|element| element.tag != tag);
        self
    }

    /// Writes an element at its place in ascending order; an older one of the same tag goes.
    pub fn put(&mut self, tag: Tag, vr: VR, value: Value) -> &mut Self {
        self.remove(tag);
        let place = self.elements.partition_point(|element| element.tag < tag);
        self.elements.insert(place, Element { tag, vr, value });
        self
    }

    /// Writes an element after all others, whatever its tag: how duplicates and disorder arise.
    pub fn append(&mut self, tag: Tag, vr: VR, value: Value) -> &mut Self {
        self.elements.push(Element { tag, vr, value });
        self
    }

    /// Writes text under the VR of the dictionary.
    pub fn text(&mut self, tag: Tag, text: impl Into<String>) -> &mut Self {
        self.put(tag, vr_of(tag), Value::Text(text.into()))
    }

    /// Writes an element of zero length under the VR of the dictionary.
    pub fn empty(&mut self, tag: Tag) -> &mut Self {
        let vr = vr_of(tag);
        let value = if vr == VR::SQ {
            Value::Sequence(Sequence::default())
        } else {
            Value::Bytes(Vec::new())
        };
        self.put(tag, vr, value)
    }

    /// Writes 16-bit numbers (US or SS).
    pub fn words(&mut self, tag: Tag, words: &[u16]) -> &mut Self {
        let vr = match vr_of(tag) {
            VR::SS => VR::SS,
            VR::OW => VR::OW,
            VR::AT => VR::AT,
            _ => VR::US,
        };
        self.put(tag, vr, Value::Words(words.to_vec()))
    }

    /// Writes 32-bit numbers (UL or SL).
    pub fn longs(&mut self, tag: Tag, longs: &[u32]) -> &mut Self {
        self.put(tag, vr_of(tag), Value::Longs(longs.to_vec()))
    }

    /// Writes doubles (FD).
    pub fn doubles(&mut self, tag: Tag, doubles: &[f64]) -> &mut Self {
        let bits = doubles.iter().map(|number| number.to_bits()).collect();
        self.put(tag, VR::FD, Value::Quads(bits))
    }

    /// Writes floats (FL).
    pub fn floats(&mut self, tag: Tag, floats: &[f32]) -> &mut Self {
        let bits = floats.iter().map(|number| number.to_bits()).collect();
        self.put(tag, VR::FL, Value::Longs(bits))
    }

    /// Writes a sequence of stated lengths.
    pub fn sequence(&mut self, tag: Tag, items: Vec<Self>) -> &mut Self {
        self.put(
            tag,
            VR::SQ,
            Value::Sequence(Sequence {
                items,
                ..Sequence::default()
            }),
        )
    }

    /// Writes a sequence with delimiters instead of lengths.
    pub fn open_sequence(&mut self, tag: Tag, items: Vec<Self>) -> &mut Self {
        let sequence = Sequence {
            items,
            undefined_length: true,
            undefined_items: true,
        };
        self.put(tag, VR::SQ, Value::Sequence(sequence))
    }

    /// Writes a sequence of one code item.
    pub fn code(&mut self, tag: Tag, value: &str, scheme: &str, meaning: &str) -> &mut Self {
        self.sequence(tag, vec![code(value, scheme, meaning)])
    }

    /// Reserves a private block and returns it, so that elements can be written into it.
    pub fn private_creator(&mut self, group: u16, block: u8, creator: &str) -> &mut Self {
        self.put(
            Tag(group, u16::from(block)),
            VR::LO,
            Value::Text(creator.to_owned()),
        )
    }

    /// Changes the elements of every sequence to state lengths or to use delimiters.
    pub fn set_undefined_lengths(&mut self, undefined: bool) {
        for element in &mut self.elements {
            if let Value::Sequence(sequence) = &mut element.value {
                sequence.undefined_length = undefined;
                sequence.undefined_items = undefined;
                for item in &mut sequence.items {
                    item.set_undefined_lengths(undefined);
                }
            }
        }
    }

    /// Takes every element of another data set over.
    pub fn merge(&mut self, other: &Self) -> &mut Self {
        for element in &other.elements {
            self.put(element.tag, element.vr, element.value.clone());
        }
        self
    }

    /// The value of Specific Character Set, if there is one.
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        self.text_of(tags::SPECIFIC_CHARACTER_SET)
    }
}

/// One coded entry.
#[must_use]
pub fn code(value: &str, scheme: &str, meaning: &str) -> Dataset {
    let mut item = Dataset::new();
    item.text(tags::CODE_VALUE, value)
        .text(tags::CODING_SCHEME_DESIGNATOR, scheme)
        .text(tags::CODE_MEANING, meaning);
    item
}

/// The VR that the dictionary gives a tag; UN where it knows none.
#[must_use]
pub fn vr_of(tag: Tag) -> VR {
    if tag.1 == 0 {
        return VR::UL;
    }
    StandardDataDictionary
        .by_tag(tag)
        .map_or(VR::UN, |entry| entry.vr().relaxed())
}

/// Orders a name for a folder of tests: the keyword of a tag, or its number.
#[must_use]
pub fn name_of(tag: Tag) -> String {
    StandardDataDictionary.by_tag(tag).map_or_else(
        || format!("{:04X}{:04X}", tag.0, tag.1),
        |entry| entry.alias().to_owned(),
    )
}
