//! The VR of an attribute by the standard's dictionary (PS3.6), where the bytes do not state one.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

/// The VR that the standard gives an attribute; `None` where the dictionary does not list it.
///
/// Private Creators are LO and group lengths UL; every other private attribute is unlisted. Where the standard
/// allows two VRs, `signed` ((0028,0103) Pixel Representation is 1) chooses between US and SS, and OW stands
/// for OB or OW, which is what Implicit VR Little Endian means by it (PS3.5 annex A.1).
#[must_use]
pub fn dictionary_vr(tag: Tag, signed: bool) -> Option<VR> {
    if tag.1 == 0 {
        return Some(VR::UL);
    }
    if tag.0 & 1 == 1 {
        return (0x0010..=0x00FF).contains(&tag.1).then_some(VR::LO);
    }
    StandardDataDictionary
        .by_tag(tag)
        .map(|entry| match entry.vr() {
            VirtualVr::Xs if signed => VR::SS,
            other => other.relaxed(),
        })
}
