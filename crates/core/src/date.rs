//! The date of a run, which is an argument and never the clock.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A calendar date of the proleptic Gregorian calendar, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StatedDate {
    year: u16,
    month: u8,
    day: u8,
}

/// Text that is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a date is written YYYY-MM-DD and must exist in the calendar")]
pub struct NotADate;

impl StatedDate {
    /// A date from its parts; `None` where the calendar has no such day.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// Year, month and day.
    #[must_use]
    pub const fn parts(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// Days since 1970-01-01, negative before it.
    #[must_use]
    pub fn days_since_epoch(self) -> i64 {
        // The civil-from-days arithmetic of the proleptic Gregorian calendar, with years that begin in March.
        let (year, month, day) = (
            i64::from(self.year),
            i64::from(self.month),
            i64::from(self.day),
        );
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The date a number of days after 1970-01-01; `None` outside the years 1 to 9999.
    #[must_use]
    pub fn from_days_since_epoch(days: i64) -> Option<Self> {
        let shifted = days.checked_add(719_468)?;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Self::new(
            u16::try_from(year).ok()?,
            u8::try_from(month).ok()?,
            u8::try_from(day).ok()?,
        )
    }
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for StatedDate {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(NotADate);
        }
        let number = |range: core::ops::Range<usize>| -> Result<u16, NotADate> {
            let digits = &bytes[range];
            if !digits.iter().all(u8::is_ascii_digit) {
                return Err(NotADate);
            }
            Ok(digits
                .iter()
                .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
        };
        let month = u8::try_from(number(5..7)?).map_err(|_| NotADate)?;
        let day = u8::try_from(number(8..10)?).map_err(|_| NotADate)?;
        Self::new(number(0..4)?, month, day).ok_or(NotADate)
    }
}

impl TryFrom<String> for StatedDate {
    type Error = NotADate;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<StatedDate> for String {
    fn from(date: StatedDate) -> Self {
        alloc::format!("{date}")
    }
}

impl fmt::Display for StatedDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        let first = StatedDate::new(1799, 12, 31).map_or(0, StatedDate::days_since_epoch);
        let mut previous = None;
        for days in first..first + 146_097 {
            let date = StatedDate::from_days_since_epoch(days);
            assert_eq!(date.map(StatedDate::days_since_epoch), Some(days));
            assert!(date > previous);
            previous = date;
        }
        assert_eq!(
            StatedDate::new(1970, 1, 1).map(StatedDate::days_since_epoch),
            Some(0)
        );
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in [
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "24-01-01",
            "2024/01/01",
            "+024-01-01",
            "",
        ] {
            assert_eq!(text.parse::<StatedDate>(), Err(NotADate), "{text}");
        }
        assert!("2024-02-29".parse::<StatedDate>().is_ok());
    }
}
