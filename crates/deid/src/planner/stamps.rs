//! The stamps that PS3.15 E.1.1 and E.2 ask a de-identifier to write.

use super::{Planner, Stop};
use crate::plan::StampPlaces;
use cloakroom_core::{Action, State, Tag, VR};
use cloakroom_p10::text::is_subject_to_character_set;
use cloakroom_p10::{CharacterSet, ElementRef, Place};

pub(crate) const IDENTITY_REMOVED: Tag = Tag(0x0012, 0x0062);
pub(crate) const METHOD: Tag = Tag(0x0012, 0x0063);
pub(crate) const METHOD_CODES: Tag = Tag(0x0012, 0x0064);
pub(crate) const LONGITUDINAL: Tag = Tag(0x0028, 0x0303);
pub(crate) const BURNED_IN: Tag = Tag(0x0028, 0x0301);
pub(crate) const FEATURES: Tag = Tag(0x0028, 0x0302);

/// The attributes that this module writes whatever stood there.
pub(super) const fn is_stamp(tag: Tag) -> bool {
    matches!(tag, IDENTITY_REMOVED | METHOD | METHOD_CODES | LONGITUDINAL)
}

impl<'a> Planner<'a> {
    pub(super) fn stamp(&mut self) -> Result<StampPlaces, Stop> {
        let stamps = self.profile.stamps();
        self.write(IDENTITY_REMOVED, VR::CS, b"YES".to_vec());
        self.write(LONGITUDINAL, VR::CS, stamps.longitudinal.into());
        let method = self.method(&stamps.method)?;
        self.write(METHOD, VR::LO, method);
        let codes = self
            .object
            .dataset()
            .get(METHOD_CODES)
            .filter(|element| element.is_sequence());
        let earlier_codes = codes
            .map(|element| self.earlier_codes(element))
            .transpose()?
            .unwrap_or_default();
        if let Some(broken) = self
            .object
            .dataset()
            .get(METHOD_CODES)
            .filter(|_| codes.is_none())
        {
            self.edits.remove(broken.id());
        }
        self.records.add_top(
            METHOD_CODES,
            Action::Replace,
            "stamp",
            (state(codes), State::Present),
        );
        let stays = |tag: Tag| self.object.dataset().get(tag).map(ElementRef::id);
        Ok(StampPlaces {
            codes: codes.map(ElementRef::id),
            earlier_codes,
            own_codes: stamps.codes,
            burned_in: stays(BURNED_IN),
            features: stays(FEATURES),
        })
    }

    fn write(&mut self, tag: Tag, vr: VR, value: Vec<u8>) {
        let found = self.object.dataset().get(tag);
        match found {
            Some(element) => self.edits.replace(element.id(), vr, value),
            None => self.edits.insert(Place::Root, tag, vr, value),
        }
        self.records.add_top(
            tag,
            Action::Replace,
            "stamp",
            (state(found), State::Present),
        );
    }

    /// What earlier de-identifiers wrote, cleaned like any text, and then what this one did.
    fn method(&mut self, own: &[String]) -> Result<Vec<u8>, Stop> {
        let mut values: Vec<String> = Vec::new();
        let element = self.object.dataset().get(METHOD);
        if let Some(raw) = element.and_then(ElementRef::raw) {
            let text = match element.and_then(|element| element.text().ok()) {
                Some(values) => values,
                None => std::str::from_utf8(raw)
                    .map(|text| vec![text.to_owned()])
                    .unwrap_or_default(),
            };
            for value in text
                .iter()
                .filter(|value| value.is_ascii() && value.chars().count() <= 64)
            {
                let kept = if own.contains(value) {
                    Some(value.clone())
                } else {
                    self.earlier_method(value)
                };
                values.extend(kept);
            }
        }
        for value in own {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        let joined = values.join("\\");
        let set = if self.utf8 {
            Ok(&CharacterSet::UTF8)
        } else {
            self.object.dataset().charset()
        };
        debug_assert!(is_subject_to_character_set(VR::LO));
        set.map_err(|_| Stop::NotEncodable)?
            .encode(VR::LO, &joined)
            .map_err(|_| Stop::NotEncodable)
    }

    fn earlier_method(&mut self, value: &str) -> Option<String> {
        let cleaned = self.subject.clean(value);
        self.removals.merge(&cleaned.removed);
        let left = cleaned.text.unwrap_or_else(|| value.to_owned());
        (!left.trim().is_empty()).then_some(left)
    }

    /// The codes that stand there, whose Items are decided like all others.
    fn earlier_codes(&mut self, element: ElementRef<'a>) -> Result<Vec<String>, Stop> {
        let prefix = self
            .records
            .prefix(0, cloakroom_core::Step::Standard(METHOD_CODES));
        self.ancestors.push(METHOD_CODES);
        let mut codes = Vec::new();
        for item in element.items() {
            let code = item
                .get(Tag(0x0008, 0x0100))
                .and_then(ElementRef::first_text);
            codes.extend(code);
            let inner = super::Around {
                prefix,
                item: Some(item),
                content: None,
                neutral: false,
            };
            self.data_set(item.elements(), &inner)?;
        }
        self.ancestors.pop();
        Ok(codes)
    }
}

fn state(element: Option<ElementRef<'_>>) -> State {
    match element {
        None => State::Absent,
        Some(element) if element.value_len() == 0 => State::Empty,
        Some(_) => State::Present,
    }
}
