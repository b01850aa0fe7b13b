//! Every attribute that can hold identity, each with a value of its VR.

use super::nesting::{Wrapping, wrap};
use super::{Collector, Secret};
use crate::canaries::CanaryKind;
use crate::dicom::{Dataset, DicomFile, Meta, Sequence, Value, name_of};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

const LIST: &str = include_str!("../../data/identity-attributes.tsv");

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Attribute {
    tag: Tag,
    vr: VR,
}

pub(super) fn add(collector: &mut Collector) {
    for (index, attribute) in list().enumerate() {
        let name = name_of(attribute.tag);
        let number = format!("{:04X}{:04X}", attribute.tag.0, attribute.tag.1);
        if attribute.tag.0 == 2 {
            collector.hide_value(
                &format!("meta {number} {name}"),
                kind_of(attribute.vr),
                |file, secret| in_meta(file, attribute, secret),
            );
        } else if attribute.tag.0 != 0 && attribute.tag.0 != 4 {
            collector.hide_value(
                &format!("attribute {number} {name}"),
                kind_of(attribute.vr),
                |file, secret| put(&mut file.dataset, attribute, secret),
            );
        }
        let wrapping = Wrapping::ALL[index % Wrapping::ALL.len()];
        let depth = 1 + index / Wrapping::ALL.len() % 6;
        collector.hide_value(
            &format!("nested {depth} {} {number} {name}", wrapping.name()),
            kind_of(attribute.vr),
            |file, secret| {
                let mut item = Dataset::new();
                let value = put(&mut item, attribute, secret);
                wrap(&mut file.dataset, item, wrapping, depth);
                value
            },
        );
    }
}

fn list() -> impl Iterator<Item = Attribute> {
    LIST.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        let tag = u32::from_str_radix(fields.next()?, 16).ok()?;
        let vr = fields.next()?.parse().ok()?;
        Some(Attribute {
            tag: Tag((tag >> 16) as u16, tag as u16),
            vr,
        })
    })
}

fn in_meta(file: &mut DicomFile, attribute: Attribute, secret: &Secret) -> String {
    let mut meta = Dataset::new();
    let value = put(&mut meta, attribute, secret);
    file.meta = Meta::With(meta);
    value
}

const fn kind_of(vr: VR) -> CanaryKind {
    match vr {
        VR::PN => CanaryKind::Name,
        VR::UI => CanaryKind::Uid,
        VR::UR => CanaryKind::Url,
        VR::DA | VR::DT | VR::TM | VR::AS => CanaryKind::Date,
        VR::AE | VR::SH | VR::CS | VR::IS | VR::DS => CanaryKind::Identifier,
        VR::LO | VR::LT | VR::ST | VR::UC | VR::UT => CanaryKind::Text,
        _ => CanaryKind::Bytes,
    }
}

/// Writes the attribute with a value that obeys its VR, and returns what to look for.
fn put(dataset: &mut Dataset, attribute: Attribute, secret: &Secret) -> String {
    let Attribute { tag, vr } = attribute;
    let (value, looked_for) = value_of(vr, secret);
    dataset.put(tag, vr, value);
    looked_for
}

fn value_of(vr: VR, secret: &Secret) -> (Value, String) {
    let Secret { word, digits } = secret;
    let text = |text: String| Value::Text(text);
    let plain = |value: String| (Value::Text(value.clone()), value);
    match vr {
        VR::PN => (text(format!("{word}^GIVEN")), word.clone()),
        VR::AE | VR::CS | VR::SH => plain(word.clone()),
        VR::UI => plain(format!("1.3.6.1.4.1.32473.5.{digits}")),
        VR::UR => (
            text(format!("http://{}.example/study", word.to_lowercase())),
            word.clone(),
        ),
        VR::DA => plain(format!(
            "19{}{:02}{:02}",
            &digits[1..3],
            1 + digits.len() % 12,
            number(digits) % 28 + 1
        )),
        VR::DT => plain(format!(
            "19{}0{}1{}1{}2{}3{}.{}",
            &digits[1..3],
            &digits[3..4],
            &digits[4..5],
            &digits[5..6],
            &digits[6..7],
            &digits[7..8],
            &digits[1..7]
        )),
        VR::TM => plain(format!(
            "1{}2{}3{}.{}",
            &digits[3..4],
            &digits[4..5],
            &digits[5..6],
            &digits[4..10]
        )),
        VR::AS => plain("109Y".to_owned()),
        VR::DS | VR::IS => plain(digits.clone()),
        VR::US | VR::SS => (Value::Words(vec![number(digits) as u16]), String::new()),
        VR::UL | VR::SL | VR::FL => (Value::Longs(vec![number(digits) as u32]), String::new()),
        VR::FD => (
            Value::Quads(vec![(number(digits) as f64).to_bits()]),
            String::new(),
        ),
        VR::SQ => (
            Value::Sequence(Sequence {
                items: vec![witness(word)],
                ..Sequence::default()
            }),
            word.clone(),
        ),
        VR::OB | VR::OW | VR::UN | VR::OF | VR::OD | VR::OL | VR::OV => (
            Value::Bytes(format!("\0\x01..{word}..\0\0").into_bytes()),
            word.clone(),
        ),
        _ => (text(format!("about {word} here")), word.clone()),
    }
}

/// An item that names somebody in two ways.
fn witness(word: &str) -> Dataset {
    let mut item = Dataset::new();
    item.text(tags::PERSON_NAME, format!("{word}^IN ITEM"))
        .text(tags::TEXT_VALUE, format!("seen by {word}"));
    item
}

fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or(0)
}
