//! Dates and times: shifting by a patient's offset, and the grammar of DA, TM and DT (PS3.5 section 6.2).
//!
//! A shift keeps every interval exact. What cannot be shifted exactly is not shifted at all: the
//! functions answer `None`, and the caller drops the value. No function returns its input unchanged.

use cloakroom_core::StatedDate;

const SECONDS_OF_A_DAY: i64 = 86_400;

/// How far the dates of a patient move: whole days, and seconds of the day where a profile shifts times too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// Days, negative into the past; never 0 for a patient.
    pub days: i32,
    /// Seconds after that, 0 to 86399; 0 keeps times of day.
    pub seconds: i32,
}

impl core::fmt::Debug for Offset {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Offset")
    }
}

impl Offset {
    /// An offset of whole days.
    #[must_use]
    pub const fn days(days: i32) -> Self {
        Self { days, seconds: 0 }
    }

    fn total_seconds(self) -> i64 {
        i64::from(self.days) * SECONDS_OF_A_DAY + i64::from(self.seconds)
    }
}

/// A time of day and how finely it was written.
#[derive(Clone, Copy)]
struct Clock<'a> {
    /// Seconds since midnight; 86400 - 1 at most, but for a leap second.
    seconds: i64,
    /// Digits written of HHMMSS: 2, 4 or 6.
    digits: usize,
    /// A leap second was written as 60.
    leap: bool,
    /// The fraction with its point, or nothing.
    fraction: &'a str,
}

fn number(text: &str) -> Option<i64> {
    let sound =
        !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    if sound { text.parse().ok() } else { None }
}

/// Reads `YYYYMMDD`, or `YYYY.MM.DD` as ACR-NEMA wrote it.
fn read_date(text: &str) -> Option<StatedDate> {
    let bytes = text.as_bytes();
    let (year, month, day) = match bytes.len() {
        8 => (text.get(0..4)?, text.get(4..6)?, text.get(6..8)?),
        10 if bytes[4] == b'.' && bytes[7] == b'.' => {
            (text.get(0..4)?, text.get(5..7)?, text.get(8..10)?)
        }
        _ => return None,
    };
    StatedDate::new(
        u16::try_from(number(year)?).ok()?,
        u8::try_from(number(month)?).ok()?,
        u8::try_from(number(day)?).ok()?,
    )
}

fn write_date(date: StatedDate) -> String {
    let (year, month, day) = date.parts();
    format!("{year:04}{month:02}{day:02}")
}

/// Reads `HH`, `HHMM`, `HHMMSS` or `HHMMSS.FFFFFF`, or `HH:MM:SS` as ACR-NEMA wrote it.
fn read_clock<'a>(text: &'a str, storage: &'a mut String) -> Option<Clock<'a>> {
    let text = if text.contains(':') {
        let mut parts = text.split(':');
        let lawful = parts.clone().count() <= 3
            && parts.clone().take(2).all(|part| part.len() == 2)
            && parts.clone().nth(2).is_none_or(|part| part.len() >= 2);
        if !lawful {
            return None;
        }
        storage.clear();
        parts.by_ref().for_each(|part| storage.push_str(part));
        storage.as_str()
    } else {
        text
    };
    let (whole, fraction) = match text.find('.') {
        Some(point) => text.split_at(point),
        None => (text, ""),
    };
    let fraction_sound = fraction.is_empty()
        || (whole.len() == 6
            && (2..=7).contains(&fraction.len())
            && fraction[1..].bytes().all(|byte| byte.is_ascii_digit()));
    if !matches!(whole.len(), 2 | 4 | 6) || !fraction_sound {
        return None;
    }
    let hours = number(whole.get(0..2)?)?;
    let minutes = whole
        .get(2..4)
        .filter(|part| !part.is_empty())
        .map_or(Some(0), number)?;
    let seconds = whole
        .get(4..6)
        .filter(|part| !part.is_empty())
        .map_or(Some(0), number)?;
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    Some(Clock {
        seconds: hours * 3600 + minutes * 60 + seconds.min(59),
        digits: whole.len(),
        leap: seconds == 60,
        fraction,
    })
}

fn write_clock(seconds: i64, clock: Clock<'_>) -> Option<String> {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match clock.digits {
        2 if minutes == 0 && rest == 0 => Some(format!("{hours:02}")),
        4 if rest == 0 => Some(format!("{hours:02}{minutes:02}")),
        6 => Some(format!("{hours:02}{minutes:02}{rest:02}{}", clock.fraction)),
        _ => None,
    }
}

/// Moves a clock by seconds: the days that pass and the clock after.
fn move_clock(clock: Clock<'_>, seconds: i32) -> Option<(i64, String)> {
    if seconds == 0 {
        // A leap second stays one only while the time of day stands still.
        let written = write_clock(clock.seconds, clock)?;
        return Some((
            0,
            if clock.leap {
                replace_leap(&written)
            } else {
                written
            },
        ));
    }
    let moved = clock.seconds + i64::from(seconds) + i64::from(clock.leap);
    let text = write_clock(moved.rem_euclid(SECONDS_OF_A_DAY), clock)?;
    Some((moved.div_euclid(SECONDS_OF_A_DAY), text))
}

fn replace_leap(written: &str) -> String {
    format!("{}60{}", &written[..4], &written[6..])
}

fn move_date(date: StatedDate, days: i64) -> Option<StatedDate> {
    StatedDate::from_days_since_epoch(date.days_since_epoch().checked_add(days)?)
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\0'])
}

/// Shifts a DA value by whole days. The result is `YYYYMMDD`, also for the ACR-NEMA form.
///
/// `None` for a partial, impossible or malformed date, and where the result leaves the years 1 to 9999.
#[must_use]
pub fn shift_da(text: &str, offset: Offset) -> Option<String> {
    Some(write_date(move_date(
        read_date(trim(text))?,
        i64::from(offset.days),
    )?))
}

/// Shifts a range of dates as queries write it: `A-B`, `A-` or `-B`, or one date.
#[must_use]
pub fn shift_da_range(text: &str, offset: Offset) -> Option<String> {
    let text = trim(text);
    let Some((from, to)) = text.split_once('-') else {
        return shift_da(text, offset);
    };
    let end = |part: &str| {
        if trim(part).is_empty() {
            Some(String::new())
        } else {
            shift_da(part, offset)
        }
    };
    if trim(from).is_empty() && trim(to).is_empty() {
        return None;
    }
    Some(format!("{}-{}", end(from)?, end(to)?))
}

/// Shifts a TM value that stands alone. With a whole-day offset the time stays, in its canonical form.
///
/// `None` for a malformed time, and where the precision written cannot express the result.
#[must_use]
pub fn shift_tm(text: &str, offset: Offset) -> Option<String> {
    let mut storage = String::new();
    move_clock(read_clock(trim(text), &mut storage)?, offset.seconds).map(|(_, text)| text)
}

/// Shifts a date and the time that belongs to it together, across midnight.
///
/// `None` for either half that cannot be shifted exactly.
#[must_use]
pub fn shift_da_tm(date: &str, time: &str, offset: Offset) -> (Option<String>, Option<String>) {
    let mut storage = String::new();
    let moved =
        read_clock(trim(time), &mut storage).and_then(|clock| move_clock(clock, offset.seconds));
    let carried = moved.as_ref().map_or(0, |(days, _)| *days);
    let date = read_date(trim(date))
        .and_then(|date| move_date(date, i64::from(offset.days) + carried))
        .map(write_date);
    (date, moved.map(|(_, text)| text))
}

/// The parts of a DT value: the digits up to the second, the fraction with its point, the zone.
fn split_dt(text: &str) -> Option<(&str, &str, &str)> {
    let (local, zone) = match text.rfind(['+', '-']) {
        Some(place) => text.split_at(place),
        None => (text, ""),
    };
    if !zone.is_empty() && !is_zone(zone) {
        return None;
    }
    let (digits, fraction) = match local.find('.') {
        Some(point) => local.split_at(point),
        None => (local, ""),
    };
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some((digits, fraction, zone))
}

/// Whether a zone is `&ZZXX` between -1200 and +1400, and not -0000 (PS3.5 Table 6.2-1).
fn is_zone(zone: &str) -> bool {
    let Some((hours, minutes)) = zone
        .get(1..3)
        .zip(zone.get(3..5))
        .filter(|_| zone.len() == 5)
    else {
        return false;
    };
    let (Some(hours), Some(minutes)) = (number(hours), number(minutes)) else {
        return false;
    };
    let total = hours * 60 + minutes;
    minutes < 60
        && if zone.starts_with('-') {
            (1..=720).contains(&total)
        } else {
            total <= 840
        }
}

/// Shifts a DT value; fraction and zone stay as they were written.
///
/// `None` for a value without a day (`YYYY`, `YYYYMM`), and for what is malformed or cannot be exact.
#[must_use]
pub fn shift_dt(text: &str, offset: Offset) -> Option<String> {
    let (digits, fraction, zone) = split_dt(trim(text))?;
    let date = read_date(digits.get(0..8)?)?;
    let time = &digits[8..];
    if time.is_empty() {
        // Without a time of day a shift by seconds could not be exact.
        if !fraction.is_empty() || offset.seconds != 0 {
            return None;
        }
        return Some(format!(
            "{}{zone}",
            write_date(move_date(date, i64::from(offset.days))?)
        ));
    }
    let clock_text = format!("{time}{fraction}");
    let mut storage = String::new();
    let (carried, time) = move_clock(read_clock(&clock_text, &mut storage)?, offset.seconds)?;
    let date = write_date(move_date(date, i64::from(offset.days) + carried)?);
    Some(format!("{date}{time}{zone}"))
}

/// Shifts a time written as a whole number since 1970: seconds, or milliseconds where it is that large.
///
/// `None` where the number is no time between 1971 and 2100, so a counter or a size is never taken for one.
#[must_use]
pub fn shift_epoch(value: i64, offset: Offset) -> Option<i64> {
    const FIRST: i64 = 31_536_000;
    const LAST: i64 = 4_102_444_800;
    let unit = match value {
        FIRST..=LAST => 1,
        value if (FIRST * 1000..=LAST * 1000).contains(&value) => 1000,
        _ => return None,
    };
    let moved = value.checked_add(offset.total_seconds().checked_mul(unit)?)?;
    (moved > 0).then_some(moved)
}

/// Whether a DA value is lawful in a data set: `YYYYMMDD` of a day that exists, or the ACR-NEMA form.
#[must_use]
pub fn is_da(text: &str) -> bool {
    read_date(trim(text)).is_some()
}

/// Whether a TM value is lawful.
#[must_use]
pub fn is_tm(text: &str) -> bool {
    read_clock(trim(text), &mut String::new()).is_some()
}

/// Whether a DT value is lawful; it may stop after the year.
#[must_use]
pub fn is_dt(text: &str) -> bool {
    let Some((digits, fraction, _)) = split_dt(trim(text)) else {
        return false;
    };
    match digits.len() {
        4 => fraction.is_empty() && digits != "0000",
        6 => fraction.is_empty() && read_date(&format!("{digits}01")).is_some(),
        8 => fraction.is_empty() && read_date(digits).is_some(),
        10 | 12 | 14 => {
            read_date(&digits[..8]).is_some() && is_tm(&format!("{}{fraction}", &digits[8..]))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WEEK: Offset = Offset::days(7);
    const ACROSS: Offset = Offset {
        days: -1,
        seconds: 7200,
    };

    #[test]
    fn whole_days_move_dates_and_keep_times() {
        for (given, wanted) in [
            ("20240225", Some("20240303")),
            ("20230225", Some("20230304")),
            ("20191231 ", Some("20200107")),
            ("1993.08.22", Some("19930829")),
            ("20230229", None),
            ("2023", None),
            ("202305", None),
            ("20230532", None),
            ("00000101", None),
            ("99991231", None),
            ("2023-5-1", None),
            ("２０２３０５０１", None),
            ("", None),
            ("Zhang San", None),
            ("+2023101", None),
        ] {
            assert_eq!(shift_da(given, WEEK).as_deref(), wanted, "{given}");
        }
        assert_eq!(shift_da("00010101", Offset::days(-1)), None);
        assert_eq!(shift_tm("235960", WEEK).as_deref(), Some("235960"));
        assert_eq!(
            shift_tm("07:09:33.100000 ", WEEK).as_deref(),
            Some("070933.100000")
        );
        for bad in [
            "240000",
            "1260",
            "12345",
            "1:2",
            "12:3:45",
            "noon",
            "120000.",
            "12.5",
            "120000.1234567",
        ] {
            assert_eq!(shift_tm(bad, WEEK), None, "{bad}");
        }
    }

    #[test]
    fn times_carry_across_midnight() {
        assert_eq!(
            shift_da_tm("20240301", "233000.5", ACROSS),
            (Some("20240301".into()), Some("013000.5".into()))
        );
        assert_eq!(
            shift_da_tm("20240301", "10", ACROSS),
            (Some("20240229".into()), Some("12".into()))
        );
        assert_eq!(
            shift_da_tm(
                "20240301",
                "10",
                Offset {
                    days: 0,
                    seconds: 61
                }
            ),
            (Some("20240301".into()), None)
        );
        assert_eq!(shift_da_tm("2024", "noon", ACROSS), (None, None));
        assert_eq!(
            shift_tm(
                "235960",
                Offset {
                    days: 0,
                    seconds: 1
                }
            )
            .as_deref(),
            Some("000001")
        );
    }

    #[test]
    fn date_times_keep_fraction_and_zone() {
        for (given, wanted) in [
            (
                "20240229235959.123456+0800",
                Some("20240307235959.123456+0800"),
            ),
            ("20240229", Some("20240307")),
            ("20240229-0500", Some("20240307-0500")),
            ("2024022912", Some("2024030712")),
            ("202402291230", Some("202403071230")),
            ("2024", None),
            ("202402", None),
            ("20240230120000", None),
            ("20240229120000+9900", None),
            ("20240229120000-0000", None),
            ("20240229.5", None),
            ("2024022912000", None),
            ("20240229120000 John", None),
        ] {
            assert_eq!(shift_dt(given, WEEK).as_deref(), wanted, "{given}");
        }
        assert_eq!(
            shift_dt("20240229233000+0530", ACROSS).as_deref(),
            Some("20240229013000+0530")
        );
        assert_eq!(shift_dt("20240229", ACROSS), None);
    }

    #[test]
    fn ranges_move_both_ends() {
        for (given, wanted) in [
            ("20240101-20240131", Some("20240108-20240207")),
            ("20240101-", Some("20240108-")),
            ("-20240101", Some("-20240108")),
            ("-", None),
            ("20240101-x", None),
        ] {
            assert_eq!(shift_da_range(given, WEEK).as_deref(), wanted, "{given}");
        }
    }

    #[test]
    fn epochs_move_in_their_own_unit() {
        assert_eq!(
            shift_epoch(1_700_000_000, Offset::days(1)),
            Some(1_700_086_400)
        );
        assert_eq!(
            shift_epoch(1_700_000_000_000, Offset::days(-1)),
            Some(1_699_913_600_000)
        );
        assert_eq!(shift_epoch(512, Offset::days(1)), None);
        assert_eq!(shift_epoch(i64::MAX, Offset::days(1)), None);
        assert_eq!(shift_epoch(i64::MIN, Offset::days(1)), None);
    }

    #[test]
    fn grammar() {
        for good in [
            "2024",
            "202402",
            "20240229",
            "2024022912",
            "20240229123456.1+1400",
            "2024-1200",
        ] {
            assert!(is_dt(good), "{good}");
        }
        for bad in [
            "0000",
            "202413",
            "20230229",
            "20240229123456.",
            "2024+1430",
            "24",
            "2024.5",
        ] {
            assert!(!is_dt(bad), "{bad}");
        }
        assert!(is_da("20240229") && !is_da("20230229") && !is_da("20240101-20240102"));
    }

    proptest! {
        #[test]
        fn intervals_are_exact(first in 1i64..3_000_000, gap in 0i64..40_000, days in -3650i32..3650) {
            let write = |days: i64| StatedDate::from_days_since_epoch(days - 719_000).map(write_date);
            let offset = Offset::days(days);
            if let (Some(a), Some(b)) = (write(first), write(first + gap))
                && let (Some(a), Some(b)) = (shift_da(&a, offset), shift_da(&b, offset))
            {
                let day = |text: &str| read_date(text).map(StatedDate::days_since_epoch);
                prop_assert_eq!(day(&b).zip(day(&a)).map(|(b, a)| b - a), Some(gap));
            }
        }

        #[test]
        fn nothing_crashes_and_only_lawful_dates_come_out(text in ".{0,24}", days in any::<i32>(), seconds in 0i32..86_400) {
            for offset in [Offset::days(days), Offset { days, seconds }] {
                if let Some(shifted) = shift_da(&text, offset) { prop_assert!(is_da(&shifted)); }
                if let Some(shifted) = shift_tm(&text, offset) { prop_assert!(is_tm(&shifted)); }
                if let Some(shifted) = shift_dt(&text, offset) { prop_assert!(is_dt(&shifted)); }
                let _ = shift_da_range(&text, offset);
            }
        }

        #[test]
        fn shifting_back_restores(text in "(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])([01][0-9][0-5][0-9][0-5][0-9](\\.[0-9]{1,6})?([+-]0[1-9]00)?)?", days in -3000i32..3000) {
            let there = shift_dt(&text, Offset::days(days));
            let back = there.and_then(|there| shift_dt(&there, Offset::days(-days)));
            prop_assert_eq!(back, Some(text));
        }
    }
}
