//! Dates, times and ages.

use super::{Around, Planner, Stop, Task};
use crate::{dates, values};
use cloakroom_core::{Action, State, Tag, VR};
use cloakroom_p10::{ByteOrder, ElementRef};
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_dictionary_std::StandardDataDictionary;

impl<'a> Planner<'a> {
    /// Shifts every value by the patient's offset; what cannot be shifted exactly is dropped.
    pub(super) fn shift(&mut self, task: &Task<'a>, around: &Around<'a>) -> Result<bool, Stop> {
        if task.element.value_len() == 0 {
            return Ok(true);
        }
        if task.vr == VR::SQ {
            self.items(task, around)?;
            return Ok(true);
        }
        if matches!(task.vr, VR::SL | VR::UL | VR::SV | VR::UV | VR::FD) {
            return self.shift_binary(task);
        }
        let raw = task.element.raw().unwrap_or(&[]);
        let Ok(text) = std::str::from_utf8(raw) else {
            return self.drop(task);
        };
        let partner = self.partner(task.element, around);
        let text = text.trim_end_matches(['\0', ' ']);
        let moved: Option<Vec<String>> = text
            .split('\\')
            .map(|value| self.shift_value(task, value, partner.as_deref()))
            .collect();
        match moved.map(|values| values.join("\\")) {
            Some(moved) => {
                if moved.as_bytes() != text.as_bytes() {
                    self.edits
                        .replace(task.element.id(), task.written_vr(), moved.into_bytes());
                }
                self.record(task, Action::ShiftDate, State::Present);
                Ok(true)
            }
            None => self.drop(task),
        }
    }

    fn shift_value(&self, task: &Task<'a>, value: &str, partner: Option<&str>) -> Option<String> {
        let offset = self.subject.offset();
        if value.trim().is_empty() {
            return Some(String::new());
        }
        match (task.vr, partner) {
            (VR::DA, Some(time)) => match dates::shift_da_tm(value, time, offset) {
                (Some(date), Some(_)) => Some(date),
                _ => dates::shift_da(value, offset),
            },
            (VR::TM, Some(date)) => dates::shift_da_tm(date, value, offset).1,
            (VR::DA, None) => dates::shift_da(value, offset),
            (VR::TM, None) => dates::shift_tm(value, offset),
            (VR::DT, _) => dates::shift_dt(value, offset),
            // Private attributes hold dates as text of any kind, or as seconds since 1970.
            _ => {
                let value = value.trim();
                let number = value.parse::<i64>().ok().filter(|_| value.len() > 8);
                match number {
                    Some(number) if value.len() != 14 => {
                        dates::shift_epoch(number, offset).map(|moved| moved.to_string())
                    }
                    _ => dates::shift_da(value, offset).or_else(|| dates::shift_dt(value, offset)),
                }
            }
        }
    }

    /// Seconds since 1970 in a binary number.
    fn shift_binary(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        let raw = task.element.raw().unwrap_or(&[]);
        let Some(size) = values::number_size(task.vr).filter(|size| raw.len() == *size) else {
            return self.drop(task);
        };
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(raw);
        if task.element.byte_order() == ByteOrder::Big {
            bytes[..size].reverse();
        }
        let offset = self.subject.offset();
        let moved = if task.vr == VR::FD {
            let value = f64::from_le_bytes(bytes);
            let whole = value.is_finite() && value.abs() < 1e15;
            let seconds = if whole {
                dates::shift_epoch(value.trunc() as i64, offset)
            } else {
                None
            };
            seconds.map(|seconds| (seconds as f64 + value.fract()).to_le_bytes())
        } else {
            let fits = |moved: &i64| {
                size == 8
                    || i64::from(u32::MAX) >= *moved
                        && (task.vr != VR::SL || i32::try_from(*moved).is_ok())
            };
            dates::shift_epoch(i64::from_le_bytes(bytes), offset)
                .filter(fits)
                .map(i64::to_le_bytes)
        };
        match moved {
            Some(moved) => {
                self.edits
                    .replace(task.element.id(), task.written_vr(), moved[..size].to_vec());
                self.record(task, Action::ShiftDate, State::Present);
                Ok(true)
            }
            None => self.drop(task),
        }
    }

    /// The date that belongs to a time, or the time that belongs to a date, where times are shifted too.
    fn partner(&self, element: ElementRef<'a>, around: &Around<'a>) -> Option<String> {
        if self.subject.offset().seconds == 0 {
            return None;
        }
        let tag = partner_tag(element.tag())?;
        let partner = match around.item {
            Some(item) => item.get(tag),
            None => self.object.dataset().get(tag),
        };
        partner.and_then(ElementRef::first_text)
    }

    /// Dates that a profile keeps: of their grammar, and whole.
    pub(super) fn keep_dates(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        self.keep_fitting(task)
    }

    pub(super) fn cap_age(&mut self, task: &Task<'a>) -> Result<bool, Stop> {
        if task.vr != VR::AS {
            return self.drop(task);
        }
        self.keep_ages(task, self.profile.ages().cap_years)
    }

    /// Ages of their grammar stay, up to a limit.
    pub(super) fn keep_ages(&mut self, task: &Task<'a>, limit: Option<u16>) -> Result<bool, Stop> {
        let raw = task.element.raw().unwrap_or(&[]);
        let text = std::str::from_utf8(raw)
            .unwrap_or("?")
            .trim_end_matches(['\0', ' ']);
        if text.is_empty() {
            return Ok(true);
        }
        let capped: Option<Vec<String>> = text
            .split('\\')
            .map(|age| values::capped_age(age, limit.unwrap_or(998)))
            .collect();
        let Some(capped) = capped.map(|ages| ages.join("\\")) else {
            return self.drop(task);
        };
        if capped != text {
            self.edits
                .replace(task.element.id(), task.written_vr(), capped.into_bytes());
            self.record(task, Action::CapAge, State::Present);
        }
        Ok(true)
    }
}

/// `Study Date` and `Study Time`: attributes of the dictionary whose keywords differ in that word.
fn partner_tag(tag: Tag) -> Option<Tag> {
    let entry = StandardDataDictionary.by_tag(tag)?;
    let alias = entry.alias();
    let partner = match entry.vr() {
        VirtualVr::Exact(VR::DA) => alias.replace("Date", "Time"),
        VirtualVr::Exact(VR::TM) => alias.replace("Time", "Date"),
        _ => return None,
    };
    StandardDataDictionary
        .by_name(&partner)
        .filter(|found| found.alias() != alias)
        .map(|found| found.tag())
}
