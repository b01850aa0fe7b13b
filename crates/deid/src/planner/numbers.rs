//! Numbers, written or binary: of their grammar, and none of them a name, a date or an identifier.

use super::{Planner, Stop, Task};
use crate::values::{self, Fit};
use cloakroom_core::{Action, State, Tag, VR};
use cloakroom_p10::ByteOrder;

/// Numbers written with fewer digits are no identifiers by themselves.
const SHORTEST_CODE: usize = 5;
/// More binary numbers than this are an array of samples, not a value somebody typed.
const MOST_TYPED: usize = 16;
/// Attributes whose values are whole numbers of many digits by nature: activities in becquerel (Radionuclide Total
/// Dose, Radiopharmaceutical Specific Activity), counts of events, and durations in milliseconds.
const COUNTS: [Tag; 7] = [
    Tag(0x0018, 0x1074),
    Tag(0x0018, 0x1077),
    Tag(0x0018, 0x0070),
    Tag(0x0018, 0x0071),
    Tag(0x0018, 0x1242),
    Tag(0x0054, 0x1310),
    Tag(0x0054, 0x1311),
];

/// Pixel Padding Value and its kin have one value; more of them are bytes that were lost and found here.
const SINGLE: [Tag; 6] = [
    Tag(0x0028, 0x0106),
    Tag(0x0028, 0x0107),
    Tag(0x0028, 0x0108),
    Tag(0x0028, 0x0109),
    Tag(0x0028, 0x0120),
    Tag(0x0028, 0x0121),
];

impl<'a> Planner<'a> {
    /// Numbers as text: of their grammar, and none of the patient's identifiers.
    pub(super) fn keep_numbers(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        let raw = task.element.raw().unwrap_or(&[]);
        let text = std::str::from_utf8(raw)
            .unwrap_or("?")
            .trim_end_matches(['\0', ' ']);
        if text.is_empty() {
            return Ok(true);
        }
        let mut repaired = false;
        let mut left: Vec<String> = Vec::new();
        for value in text.split('\\') {
            let value = value.trim_matches(' ');
            let counted = COUNTS.contains(&task.element.tag());
            if (values::is_serial(value) && !counted) || self.is_code(value) {
                return self.drop(task);
            }
            match values::fit(task.vr, value) {
                Fit::Lawful => {}
                Fit::Means(_) => repaired = true,
                Fit::Unlawful => return self.drop(task),
            }
        }
        if repaired {
            for value in text.split('\\') {
                let value = value.trim_matches(' ');
                left.push(match values::fit(task.vr, value) {
                    Fit::Means(number) => number,
                    _ => value.to_owned(),
                });
            }
            self.edits.replace(
                task.element.id(),
                task.written_vr(),
                left.join("\\").into_bytes(),
            );
            self.record(task, Action::Repair, State::Present);
        }
        Ok(true)
    }

    fn is_code(&self, value: &str) -> bool {
        value.len() >= SHORTEST_CODE
            && value.bytes().all(|byte| byte.is_ascii_digit())
            && self.subject.known().is_known_code(value)
    }

    /// Binary numbers: whole, no text in disguise, and where they are few, no date and no identifier.
    pub(super) fn keep_binary(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        let raw = task.element.raw().unwrap_or(&[]);
        let size = values::number_size(task.vr).unwrap_or(1);
        let whole = task.element.value_len().is_multiple_of(size as u64);
        if !whole || values::spells_words(raw) {
            return self.drop(task);
        }
        let single = SINGLE.contains(&task.element.tag()) && raw.len() > size;
        let array = raw.len() > MOST_TYPED * size && raw.len() <= super::text::MOST_SEARCHED;
        if single || (array && self.subject.known().occurs_in_bytes(raw)) {
            return self.drop(task);
        }
        let typed = raw.len() <= MOST_TYPED * size && size >= 4;
        if typed && task.vr != VR::AT && !COUNTS.contains(&task.element.tag()) {
            for bytes in raw.chunks_exact(size) {
                let Some(number) = whole_number(bytes, task.vr, task.element.byte_order()) else {
                    continue;
                };
                let text = number.to_string();
                if values::is_compact_date(&text) || self.is_code(&text) {
                    return self.drop(task);
                }
            }
        }
        Ok(true)
    }
}

/// The value of one binary number, where it is whole and not negative.
fn whole_number(bytes: &[u8], vr: VR, order: ByteOrder) -> Option<u64> {
    let mut wide = [0; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    if order == ByteOrder::Big {
        wide[..bytes.len()].reverse();
    }
    let whole = |number: f64| {
        ((0.0..1e15).contains(&number) && number.fract() == 0.0).then_some(number as u64)
    };
    match vr {
        VR::FL => {
            let mut single = [0; 4];
            single.copy_from_slice(&wide[..4]);
            whole(f64::from(f32::from_le_bytes(single)))
        }
        VR::FD => whole(f64::from_le_bytes(wide)),
        _ => Some(u64::from_le_bytes(wide)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_numbers_are_read_in_their_order() {
        let date = 19_610_312_u32;
        for (bytes, vr, order) in [
            (date.to_le_bytes().to_vec(), VR::UL, ByteOrder::Little),
            (date.to_be_bytes().to_vec(), VR::SL, ByteOrder::Big),
            (
                f64::from(date).to_le_bytes().to_vec(),
                VR::FD,
                ByteOrder::Little,
            ),
        ] {
            assert_eq!(whole_number(&bytes, vr, order), Some(u64::from(date)));
        }
        assert_eq!(
            whole_number(&0.5_f64.to_le_bytes(), VR::FD, ByteOrder::Little),
            None
        );
    }
}
