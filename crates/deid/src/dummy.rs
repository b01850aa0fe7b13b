//! Dummies: values that are valid for their VR, say nothing, and are the same for everybody (PS3.15 E.1.1, code D).

use cloakroom_core::{Tag, VR};
use cloakroom_p10::NewItem;
use cloakroom_profile::ClassRules;
use cloakroom_profile::standard::iod_types::Type;
use cloakroom_profile::standard::vr_of;

/// What stands in the place of text.
pub(crate) const TEXT: &str = "REMOVED";
/// What stands in the place of dates: no image is of that day.
pub(crate) const DATE: &str = "19000101";

const CODE_VALUE: Tag = Tag(0x0008, 0x0100);
const CODING_SCHEME: Tag = Tag(0x0008, 0x0102);
const CODE_MEANING: Tag = Tag(0x0008, 0x0104);
const CONTENT_SEQUENCE: Tag = Tag(0x0040, 0xA730);

const REFERENCED_SOP_CLASS: Tag = Tag(0x0008, 0x1150);
/// Raw Data Storage: the class of an instance of which nothing is known.
const RAW_DATA: &str = "1.2.840.10008.5.1.4.1.1.66";

const WAVEFORM_ANNOTATION: Tag = Tag(0x0040, 0xB020);

/// Dummy Items are not nested deeper than this.
const DEEPEST: usize = 4;

/// The dummy of a VR; `None` for a Sequence and for a UID, which have no constant one.
pub(crate) fn value(vr: VR) -> Option<Vec<u8>> {
    Some(match vr {
        VR::AE | VR::CS | VR::LO | VR::LT | VR::PN | VR::SH | VR::ST | VR::UC | VR::UT => {
            TEXT.into()
        }
        VR::AS => b"000D".to_vec(),
        VR::DA => DATE.into(),
        VR::DT => b"19000101000000".to_vec(),
        VR::TM => b"000000".to_vec(),
        VR::DS | VR::IS => b"0".to_vec(),
        VR::UR => b"about:blank".to_vec(),
        VR::US | VR::SS | VR::OB | VR::OW | VR::UN => vec![0; 2],
        VR::UL | VR::SL | VR::FL | VR::AT | VR::OF | VR::OL => vec![0; 4],
        VR::FD | VR::SV | VR::UV | VR::OD | VR::OV => vec![0; 8],
        VR::SQ | VR::UI => return None,
    })
}

/// An Item that holds what the IOD requires in it, all of it dummies.
pub(crate) fn item(rules: &ClassRules, path: &[Tag], uid: &dyn Fn(&[Tag]) -> String) -> NewItem {
    if path.last() == Some(&CONTENT_SEQUENCE) {
        return content();
    }
    if path.last() == Some(&WAVEFORM_ANNOTATION) {
        return annotation();
    }
    let required: Vec<(Tag, Type)> = rules.required(path).collect();
    let mut item = NewItem::new();
    if required.iter().any(|(tag, _)| *tag == CODE_MEANING) {
        return code(item);
    }
    for (tag, kind) in required {
        let vr = vr_of(tag).unwrap_or(VR::UN);
        let mut inner = path.to_vec();
        inner.push(tag);
        item = match (kind, vr) {
            (Type::One, VR::SQ) if path.len() < DEEPEST => {
                item.with_sequence(tag, vec![self::item(rules, &inner, uid)])
            }
            (Type::One, VR::UI) if tag == REFERENCED_SOP_CLASS => {
                item.with(tag, vr, RAW_DATA.into())
            }
            (Type::One, VR::UI) => item.with(tag, vr, uid(&inner).into_bytes()),
            (Type::One, _) => item.with(tag, vr, value(vr).unwrap_or_default()),
            (Type::Two, VR::SQ) => item.with_sequence(tag, Vec::new()),
            (Type::Two, _) => item.with(tag, vr, Vec::new()),
            _ => item,
        };
    }
    item
}

fn code(item: NewItem) -> NewItem {
    item.with(CODE_VALUE, VR::SH, TEXT.into())
        .with(CODING_SCHEME, VR::SH, b"99REMOVED".to_vec())
        .with(CODE_MEANING, VR::LO, TEXT.into())
}

/// A report of which nothing is left: one comment that says so.
fn content() -> NewItem {
    let concept = NewItem::new()
        .with(CODE_VALUE, VR::SH, b"121106".to_vec())
        .with(CODING_SCHEME, VR::SH, b"DCM".to_vec())
        .with(CODE_MEANING, VR::LO, b"Comment".to_vec());
    NewItem::new()
        .with(Tag(0x0040, 0xA010), VR::CS, b"CONTAINS".to_vec())
        .with(Tag(0x0040, 0xA040), VR::CS, b"TEXT".to_vec())
        .with_sequence(Tag(0x0040, 0xA043), vec![concept])
        .with(Tag(0x0040, 0xA160), VR::UT, TEXT.into())
}

/// An annotation of all channels of the first multiplex group, which says that its text is gone.
fn annotation() -> NewItem {
    NewItem::new()
        .with(Tag(0x0070, 0x0006), VR::ST, TEXT.into())
        .with(Tag(0x0040, 0xA0B0), VR::US, vec![1, 0, 0, 0])
}
