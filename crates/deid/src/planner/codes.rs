//! Codes of public coding schemes (PS3.16 section 8): their values are numbers that stand for concepts, not for people.

use super::{Around, Planner, Task};
use crate::code_forms;
use cloakroom_core::{Tag, VR};
use cloakroom_p10::{ElementRef, ItemRef};

const CODE_VALUE: Tag = Tag(0x0008, 0x0100);
const CODING_SCHEME: Tag = Tag(0x0008, 0x0102);
const SCHEME_VERSION: Tag = Tag(0x0008, 0x0103);
const LONG_CODE_VALUE: Tag = Tag(0x0008, 0x0119);
const URN_CODE_VALUE: Tag = Tag(0x0008, 0x0120);

/// The designators of coding schemes that anybody may read up, upper case.
pub(crate) const PUBLIC_SCHEMES: [&str; 53] = [
    "ACR",
    "ARTERIOGRAPHIC",
    "ASTM-SIGPURPOSE",
    "BARI",
    "BI",
    "C4",
    "C5",
    "CD2",
    "CTV3",
    "DC",
    "DCM",
    "DCMUID",
    "FMA",
    "HPC",
    "I10",
    "I10P",
    "I11",
    "I9",
    "I9C",
    "IBSI",
    "ICDO3",
    "ISO3166_1",
    "ISO639_1",
    "ISO639_2",
    "ISO_OID",
    "ITIS_TSN",
    "LN",
    "MA",
    "MDC",
    "MDNS",
    "MEDCIN",
    "MSH",
    "NCDR",
    "NCIT",
    "NDC",
    "NEU",
    "NICIP",
    "PATHLEX",
    "POS",
    "PUBCHEM_CID",
    "RADELEMENT",
    "RADLEX",
    "RFC3066",
    "RFC5646",
    "RXNORM",
    "SCPECG",
    "SCT",
    "SDM",
    "SNM3",
    "SRT",
    "UCUM",
    "UMLS",
    "99SDM",
];

/// The attributes of a code that hold numbers and designators instead of words.
const fn is_code_part(tag: Tag) -> bool {
    tag.0 == 0x0008
        && matches!(
            tag.1,
            0x0100 | 0x0102 | 0x0103 | 0x0105 | 0x010F | 0x0119 | 0x0120
        )
}

/// The designator of a public coding scheme, upper case.
fn scheme_of(item: ItemRef<'_>) -> Option<String> {
    item.get(CODING_SCHEME)
        .and_then(ElementRef::first_text)
        .map(|scheme| scheme.to_ascii_uppercase())
        .filter(|scheme| PUBLIC_SCHEMES.contains(&scheme.as_str()))
}

impl<'a> Planner<'a> {
    /// Whether this is a part of a public code that may stay as it is: of the form of codes, and nobody's number.
    pub(super) fn is_public_code(&self, task: &Task<'a>, around: &Around<'a>) -> bool {
        if !is_code_part(task.element.tag())
            || !matches!(task.vr, VR::SH | VR::CS | VR::UC | VR::UR)
        {
            return false;
        }
        let Some(item) = around.item.filter(|item| scheme_of(*item).is_some()) else {
            return false;
        };
        debug_assert_eq!(
            item.get(task.element.tag()).map(ElementRef::id),
            Some(task.element.id())
        );
        let raw = task.element.raw().unwrap_or(&[]);
        let text = std::str::from_utf8(raw)
            .unwrap_or("")
            .trim_matches(['\0', ' ']);
        let scheme = scheme_of(item).unwrap_or_default();
        let lawful = match task.element.tag() {
            CODING_SCHEME => PUBLIC_SCHEMES.contains(&text.to_ascii_uppercase().as_str()),
            CODE_VALUE | LONG_CODE_VALUE => code_forms::is_value(&scheme, text),
            URN_CODE_VALUE => code_forms::is_urn(text),
            SCHEME_VERSION => code_forms::is_version(text),
            _ => code_forms::is_mapping(text),
        };
        lawful && self.subject.is_free_of_known(text)
    }
}
