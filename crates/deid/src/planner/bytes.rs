//! Bytes without a meaning of their own, and colour profiles, which have one.

use super::text::MOST_SEARCHED;
use super::{Planner, Stop, Task};
use crate::icc;
use crate::values;
use cloakroom_core::{Action, State, Tag};

const ICC_PROFILE: Tag = Tag(0x0028, 0x2000);
/// Bytes up to this length are looked at as a text that somebody typed.
const LONGEST_TYPED: usize = 1024;

impl<'a> Planner<'a> {
    /// Bytes that stay must not hold what the patient is called, nor be words.
    pub(super) fn keep_bytes(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        if task.element.tag() == ICC_PROFILE {
            return self.clean_colour_profile(task);
        }
        let raw = task.element.raw().unwrap_or(&[]);
        if raw.len() > MOST_SEARCHED {
            // Samples and tables; the gate searches all that is written.
            return if task.element.tag().0 % 2 == 1 {
                self.drop(task)
            } else {
                Ok(true)
            };
        }
        let typed = raw.len() <= LONGEST_TYPED
            && (values::spells_words(raw) || values::spells_words(&swapped(raw)));
        let known = self.subject.known();
        if typed || known.occurs_in_bytes(raw) || known.occurs_in_bytes(&swapped(raw)) {
            return self.drop(task);
        }
        Ok(true)
    }

    /// A colour profile keeps its numbers; its words, dates and makers go. What is no profile goes as a whole.
    fn clean_colour_profile(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        let raw = task.element.raw().unwrap_or(&[]);
        if raw.is_empty() {
            return Ok(true);
        }
        let Some(cleaned) = icc::without_words(raw) else {
            return self.drop(task);
        };
        if self.subject.known().occurs_in_bytes(&cleaned) {
            return self.drop(task);
        }
        if cleaned != raw {
            self.edits
                .replace(task.element.id(), task.written_vr(), cleaned);
            self.record(task, Action::CleanText, State::Present);
        }
        Ok(true)
    }
}

/// The bytes with each pair turned, as text looks in words of the other byte order.
fn swapped(bytes: &[u8]) -> Vec<u8> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut turned: Vec<u8> = pairs.iter().flat_map(|[one, two]| [*two, *one]).collect();
    turned.extend(rest);
    turned
}
