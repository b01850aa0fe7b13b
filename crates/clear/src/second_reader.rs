//! The second pair of eyes: dicom-object reads what would be written, with the pixel value spliced out.

use crate::encoded::{META_START, PixelHeader};
use cloakroom_core::{PathPattern, Step, Tag, VR};
use cloakroom_profile::standard::private_attributes::is_known_creator;
use cloakroom_profile::standard::vr_of;
use dicom_core::header::Header as _;
use dicom_core::value::{PrimitiveValue, Value};
use dicom_object::file::ReadPreamble;
use dicom_object::{DefaultDicomObject, InMemDicomObject, OpenFileOptions};
use std::borrow::Cow;
use std::io::Read as _;

/// Sequences are followed to this depth; what is deeper is not readable.
const DEEPEST: usize = 128;

/// Bytes of unknown VR are looked at as text up to this length; the search of raw bytes sees all of them.
const LONGEST_TEXT: usize = 1 << 16;

/// The object as the second reader sees it.
pub(crate) struct SecondReading {
    object: DefaultDicomObject,
}

/// One attribute as the second reader sees it. It has no `Debug`, because it holds a value.
pub(crate) struct Seen<'a> {
    /// The enclosing Sequences, from the outside in.
    pub(crate) ancestors: &'a [Tag],
    pub(crate) tag: Tag,
    pub(crate) vr: VR,
    /// The Private Creator of a private attribute; for a Private Creator its own value.
    pub(crate) creator: Option<&'a str>,
    /// The creators of private ancestors, in their order; empty text for standard ones.
    creators: &'a [String],
    pub(crate) content: Content<'a>,
}

/// What an attribute holds.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    /// Nothing.
    Empty,
    /// A value.
    Value(&'a PrimitiveValue),
    /// So many Items.
    Items(usize),
    /// Fragments of pixel data.
    Fragments,
}

impl Content<'_> {
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty | Self::Items(0))
    }
}

/// The second reader could not read the object, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl SecondReading {
    /// Reads head and tail, with a stand-in where the pixels are.
    pub(crate) fn open(
        head: &[u8],
        pixels: Option<&PixelHeader>,
        tail: &[u8],
    ) -> Result<Self, Unreadable> {
        let (before, stand_in) = match pixels {
            Some(header) => (header.length_at, header.stand_in()),
            None => (head.len(), [].as_slice()),
        };
        let before = head.get(..before).ok_or(Unreadable)?;
        if before.get(META_START - 4..META_START) != Some(b"DICM") {
            return Err(Unreadable);
        }
        // What stands in for big endian needs its item tags the other way round.
        let swapped: Vec<u8>;
        let stand_in = if pixels.is_some_and(|header| header.big_endian) {
            swapped = stand_in
                .chunks(2)
                .flat_map(|pair| pair.iter().rev().copied())
                .collect();
            &swapped
        } else {
            stand_in
        };
        let object = OpenFileOptions::new()
            .read_preamble(ReadPreamble::Always)
            .read_all()
            .from_reader(before.chain(stand_in).chain(tail))
            .map_err(|_| Unreadable)?;
        Ok(Self { object })
    }

    /// Reads a whole file, or its beginning, up to the pixels.
    pub(crate) fn open_header(bytes: &[u8]) -> Result<Self, Unreadable> {
        let object = OpenFileOptions::new()
            .read_preamble(ReadPreamble::Always)
            .read_until(Tag(0x7FE0, 0x0008))
            .from_reader(bytes)
            .map_err(|_| Unreadable)?;
        Ok(Self { object })
    }

    /// Whether the file meta information has attributes that the program does not write.
    pub(crate) fn has_foreign_meta(&self) -> bool {
        let own = [0x0000, 0x0001, 0x0002, 0x0003, 0x0010, 0x0012, 0x0013];
        self.meta()
            .to_element_iter()
            .any(|element| element.tag().0 != 2 || !own.contains(&element.tag().1))
    }

    /// The data set.
    pub(crate) fn dataset(&self) -> &InMemDicomObject {
        &self.object
    }

    /// The file meta information.
    pub(crate) fn meta(&self) -> &dicom_object::FileMetaTable {
        self.object.meta()
    }

    /// The value of a top-level attribute as text, its values joined with a backslash; empty where absent.
    pub(crate) fn text(&self, tag: Tag) -> String {
        text_of(self.dataset(), tag)
    }

    /// Calls `each` with every attribute at every depth.
    pub(crate) fn visit(&self, each: &mut dyn FnMut(&Seen<'_>)) -> Result<(), Unreadable> {
        let mut walk = Walk {
            ancestors: Vec::new(),
            creators: Vec::new(),
            each,
        };
        walk.dataset(self.dataset())
    }
}

/// The value of an attribute as text, its values joined with a backslash; empty where absent.
pub(crate) fn text_of(dataset: &InMemDicomObject, tag: Tag) -> String {
    let value = dataset
        .get(tag)
        .and_then(|element| element.value().primitive());
    value.map_or_else(String::new, |value| clean(&texts_of(value).join("\\")))
}

/// The values as text. Bytes of an attribute whose VR is unknown are taken one a character.
fn texts_of(value: &PrimitiveValue) -> Vec<String> {
    match value {
        PrimitiveValue::U8(bytes) if bytes.len() <= LONGEST_TEXT => {
            vec![bytes.iter().map(|byte| char::from(*byte)).collect()]
        }
        PrimitiveValue::U8(_) => Vec::new(),
        _ => value.to_multi_str().iter().cloned().collect(),
    }
}

fn clean(text: &str) -> String {
    text.trim_matches(['\0', ' ']).into()
}

struct Walk<'a> {
    ancestors: Vec<Tag>,
    creators: Vec<String>,
    each: &'a mut dyn FnMut(&Seen<'_>),
}

impl Walk<'_> {
    fn dataset(&mut self, dataset: &InMemDicomObject) -> Result<(), Unreadable> {
        if self.ancestors.len() > DEEPEST {
            return Err(Unreadable);
        }
        for element in dataset.iter() {
            let tag = element.tag();
            let creator = creator_of(dataset, tag);
            let content = match element.value() {
                Value::Primitive(PrimitiveValue::Empty) => Content::Empty,
                Value::Primitive(value) => Content::Value(value),
                Value::Sequence(items) => Content::Items(items.items().len()),
                Value::PixelSequence(_) => Content::Fragments,
            };
            (self.each)(&Seen {
                ancestors: &self.ancestors,
                tag,
                vr: element.vr(),
                creator: creator.as_deref(),
                creators: &self.creators,
                content,
            });
            if let Value::Sequence(items) = element.value() {
                self.ancestors.push(tag);
                self.creators.push(creator.unwrap_or_default());
                for item in items.items() {
                    self.dataset(item)?;
                }
                self.ancestors.pop();
                self.creators.pop();
            }
        }
        Ok(())
    }
}

/// The Private Creator that reserved the block of a private attribute in its own data set (PS3.5 section 7.8).
fn creator_of(dataset: &InMemDicomObject, tag: Tag) -> Option<String> {
    if tag.0.is_multiple_of(2) {
        return None;
    }
    match tag.1 {
        0x0010..=0x00FF => Some(text_of(dataset, tag)),
        element => {
            let reserved = Tag(tag.0, element >> 8);
            dataset.get(reserved).map(|_| text_of(dataset, reserved))
        }
    }
}

impl Seen<'_> {
    /// Where it stands, naming a Private Creator only where a shipped list knows it.
    pub(crate) fn path(&self) -> Option<PathPattern> {
        let outer = self.ancestors.iter().zip(self.creators);
        let mut steps: Vec<Step> = outer
            .map(|(tag, creator)| step(*tag, Some(creator.as_str())))
            .collect();
        steps.push(step(self.tag, self.creator));
        PathPattern::new(steps)
    }

    /// The decoded values of the attribute; nothing for Sequences and long bytes.
    pub(crate) fn texts(&self) -> Vec<Cow<'_, str>> {
        match self.content {
            Content::Value(PrimitiveValue::Str(text)) => vec![text.as_str().into()],
            Content::Value(PrimitiveValue::Strs(texts)) => {
                texts.iter().map(|text| text.as_str().into()).collect()
            }
            Content::Value(value) => texts_of(value).into_iter().map(Cow::Owned).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it holds UIDs, by its own VR or, where that is unknown, by the dictionary's.
    pub(crate) fn holds_uids(&self) -> bool {
        self.vr == VR::UI || self.vr != VR::SQ && vr_of(self.tag) == Some(VR::UI)
    }
}

fn step(tag: Tag, creator: Option<&str>) -> Step {
    let Tag(group, element) = tag;
    if group.is_multiple_of(2) {
        return Step::Standard(tag);
    }
    match creator {
        Some(creator) if element > 0xFF && is_known_creator(group, creator) => Step::Private {
            group,
            creator: creator.into(),
            element: element.to_be_bytes()[1],
        },
        _ => Step::UnknownPrivate { group },
    }
}
