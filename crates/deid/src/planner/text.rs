//! Text, terms, numbers as text, and bytes of unknown meaning.

use super::{Planner, Stop, Task};
use crate::subject::CleanedBytes;
use crate::values::{self, Fit};
use cloakroom_core::{Action, RuleId, State, Tag, VR};
use cloakroom_p10::CharacterSet;
use cloakroom_p10::text::{is_multi_valued, is_subject_to_character_set};
use std::sync::Arc;

const BODY_PART: Tag = Tag(0x0018, 0x0015);
const LATERALITY: Tag = Tag(0x0020, 0x0060);
const IMAGE_TYPE: Tag = Tag(0x0008, 0x0008);
/// Bulk values longer than this are not searched here; the gate searches all that is written.
pub(super) const MOST_SEARCHED: usize = 16 << 20;

impl<'a> Planner<'a> {
    /// The bytes of a text in the character set that the element will stand in.
    pub(super) fn encode(&self, task: &Task<'a>, text: &str) -> Result<Vec<u8>, Stop> {
        let vr = task.written_vr();
        if text.is_ascii() {
            return Ok(text.as_bytes().to_vec());
        }
        if !is_subject_to_character_set(vr) {
            return Err(Stop::NotEncodable);
        }
        if self.utf8 {
            return CharacterSet::UTF8
                .encode(vr, text)
                .map_err(|_| Stop::NotEncodable);
        }
        let set = task.element.charset().map_err(|_| Stop::NotEncodable)?;
        set.encode(vr, text).map_err(|_| Stop::NotEncodable)
    }

    /// Free text: known values, recognisers and lexicon decide what of it stays.
    pub(super) fn clean_text(&mut self, task: &Task<'a>, action: Action) -> Result<bool, Stop> {
        let Some(raw) = task.element.raw() else {
            return self.drop(task);
        };
        let vr = task.vr;
        let ascii = raw.is_ascii() && !raw.contains(&0x1B);
        let text = match std::str::from_utf8(raw).ok().filter(|_| ascii) {
            Some(text) => std::borrow::Cow::Borrowed(text),
            None if is_subject_to_character_set(vr) => {
                let set = task
                    .element
                    .charset()
                    .map_err(|_| cloakroom_core::HoldReason::UnknownCharacterSet)?;
                match set.decode(vr, raw) {
                    Ok(text) => std::borrow::Cow::Owned(text),
                    Err(_) => return self.drop(task),
                }
            }
            None => return self.drop(task),
        };
        let text = text.trim_end_matches(['\0', ' ']);
        if text.is_empty() {
            return Ok(true);
        }
        let split = is_multi_valued(vr);
        if !self.is_sound(vr, text, split) {
            return self.drop(task);
        }
        let cleaned = if ascii {
            self.subject.clean_ascii(text, split)
        } else {
            Arc::new(self.subject.clean_values(text, split))
        };
        self.note(&cleaned);
        let Some(left) = &cleaned.left else {
            if !ascii && self.utf8 {
                self.edits.replace(
                    task.element.id(),
                    task.written_vr(),
                    text.as_bytes().to_vec(),
                );
            }
            if action == Action::CleanText {
                self.record(task, Action::CleanText, State::Present);
            }
            return Ok(true);
        };
        let left = String::from_utf8_lossy(left).into_owned();
        self.change(task, text, &left);
        if left
            .chars()
            .all(|sign| sign == '\\' || sign.is_whitespace())
        {
            let emptied = Task {
                rule: RuleId::of("text:nothing-left"),
                step: task.step.clone(),
                ..*task
            };
            return self.drop_as(&emptied);
        }
        let bytes = self.encode(task, &left)?;
        self.edits
            .replace(task.element.id(), task.written_vr(), bytes);
        self.record(task, Action::CleanText, State::Present);
        Ok(true)
    }

    fn note(&mut self, cleaned: &CleanedBytes) {
        self.removals.merge(&cleaned.removed);
        for word in &cleaned.unknown {
            if !self.unknown.contains(word) {
                self.unknown.insert(word.clone());
            }
        }
    }

    fn is_sound(&self, vr: VR, text: &str, split: bool) -> bool {
        let longest = values::longest(vr);
        let fits = |value: &str| {
            value.len() <= longest || value.trim_matches(' ').chars().count() <= longest
        };
        values::has_lawful_signs(vr, text)
            && if split {
                text.split('\\').all(fits)
            } else {
                fits(text)
            }
    }

    /// Codes: of their grammar, and made of terms that nobody is called.
    pub(super) fn keep_terms(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        let raw = task.element.raw().unwrap_or(&[]);
        let text = std::str::from_utf8(raw)
            .unwrap_or("?")
            .trim_end_matches(['\0', ' ']);
        if text.is_empty() {
            return Ok(true);
        }
        if self.is_stray_laterality(task, text) {
            self.remove(&Task {
                rule: RuleId::of("value:not-defined"),
                step: task.step.clone(),
                ..*task
            });
            return Ok(false);
        }
        let (mut repaired, mut dropped) = (false, false);
        let mut left: Vec<String> = Vec::new();
        for (index, value) in text.split('\\').enumerate() {
            match self.term(value.trim_matches(' ')) {
                (Some(term), changed) => {
                    repaired |= changed;
                    left.push(term);
                }
                // The values of Image Type have their places; its first two say what the image is.
                (None, _) if task.element.tag() == IMAGE_TYPE && index >= 2 => {
                    dropped = true;
                    left.push("OTHER".into());
                }
                (None, _) if task.element.tag() == IMAGE_TYPE => return self.drop(task),
                (None, _) => dropped = true,
            }
        }
        if !dropped && !repaired {
            return Ok(true);
        }
        if left.iter().all(String::is_empty) {
            return self.drop(task);
        }
        self.edits.replace(
            task.element.id(),
            task.written_vr(),
            left.join("\\").into_bytes(),
        );
        self.record(
            task,
            if dropped {
                Action::CleanText
            } else {
                Action::Repair
            },
            State::Present,
        );
        Ok(true)
    }

    /// A Laterality that is neither of the two sides, next to a body part that becomes a term only by repair: as long
    /// as the part was no term nothing could be said of its side, and now the value would contradict it.
    fn is_stray_laterality(&self, task: &Task<'a>, text: &str) -> bool {
        if task.element.tag() != LATERALITY || !self.ancestors.is_empty() {
            return false;
        }
        let part = self
            .object
            .dataset()
            .get(BODY_PART)
            .and_then(|part| part.first_text())
            .unwrap_or_default();
        !matches!(text, "R" | "L")
            && matches!(values::fit(VR::CS, part.trim_matches(' ')), Fit::Means(_))
    }

    /// A term as it may stand, and whether it was rewritten; `None` where it may not stand.
    fn term(&mut self, value: &str) -> (Option<String>, bool) {
        let (term, changed) = match values::fit(VR::CS, value) {
            Fit::Lawful => (value.to_owned(), false),
            Fit::Means(term) => (term, true),
            Fit::Unlawful => return (None, true),
        };
        let cleaned = self.subject.clean_ascii(&term, true);
        if cleaned.left.is_none() || self.subject.is_defined_term(&term) {
            return (Some(term), changed);
        }
        self.note(&cleaned);
        (None, true)
    }

    /// Values of a VR with a grammar and nothing else: all fit, or all go.
    pub(super) fn keep_fitting(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        let raw = task.element.raw().unwrap_or(&[]);
        let text = std::str::from_utf8(raw)
            .unwrap_or("?")
            .trim_end_matches(['\0', ' ']);
        let fits = text
            .split('\\')
            .all(|value| values::fit(task.vr, value.trim_matches(' ')) == Fit::Lawful);
        if fits { Ok(true) } else { self.drop(task) }
    }

    /// A value whose VR nobody states: text is cleaned whole or goes, bytes are searched.
    pub(super) fn keep_unknown(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        let raw = task.element.raw().unwrap_or(&[]);
        let printable = raw
            .iter()
            .all(|byte| (0x20..0x7F).contains(byte) || matches!(byte, 0 | b'\r' | b'\n' | b'\t'));
        let text = std::str::from_utf8(raw)
            .ok()
            .filter(|_| printable)
            .map(|text| text.trim_end_matches(['\0', ' ']));
        let clean = match text {
            Some(text) => {
                !text.contains('\0') && self.subject.clean_ascii(text, true).left.is_none()
            }
            None => raw.len() <= MOST_SEARCHED && !self.subject.known().occurs_in_bytes(raw),
        };
        if clean { Ok(true) } else { self.drop(task) }
    }
}
