//! Dates in text, in the calendars and writings of the region.

use super::fold::{Class, Folded};
use super::kind::{Span, TextKind};
use super::months::{end_of, era_at, is_short_era, month_at, roman_at, weekday_at};
use cloakroom_core::StatedDate;

/// What becomes of what may be a date and may be something else: `Mar 61`, `12/03`, `1961.03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It goes.
    Goes,
    /// It stays.
    Stays,
}

/// Words that announce a date.
const LABELS: [&str; 33] = [
    "on",
    "dated",
    "date",
    "dob",
    "born",
    "birth",
    "birthday",
    "birthdate",
    "seen",
    "since",
    "until",
    "till",
    "scanned",
    "done",
    "lmp",
    "edd",
    "edc",
    "due",
    "admitted",
    "discharged",
    "tgl",
    "tanggal",
    "tarikh",
    "lahir",
    "ngay",
    "sinh",
    "performed",
    "dos",
    "doa",
    "exam",
    "visit",
    "died",
    "dod",
];
/// Words that announce a year of birth.
const YEAR_LABELS: [&str; 8] = ["born", "b", "yob", "dob", "birth", "lahir", "sinh", "ne"];
/// Words and units that make a number before them a measure.
const UNITS: [&str; 34] = [
    "mm", "cm", "m", "ms", "msec", "s", "sec", "min", "kv", "kvp", "ma", "mas", "hz", "khz", "mhz",
    "t", "deg", "ml", "mg", "g", "kg", "gy", "cgy", "mgy", "x", "hu", "us", "kev", "mev", "mbq",
    "slices", "phases", "images", "views",
];
const NUMERALS: &str = "〇零一二三四五六七八九十廿卅元正";
const STEMS: &str = "甲乙丙丁戊己庚辛壬癸";
const BRANCHES: &str = "子丑寅卯辰巳午未申酉戌亥";

pub(crate) fn find(text: &Folded, doubt: Doubt, spans: &mut Vec<Span>) {
    let finder = Finder { text, doubt };
    let mut place = 0;
    while place < text.signs.len() {
        let ends = match text.class(place) {
            Class::Digit if place == 0 || text.class(place - 1) != Class::Digit => {
                finder.date_at_digits(place)
            }
            Class::Letter if text.begins(place) => finder.date_at_letters(place),
            Class::Dense => finder.date_at_dense(place),
            Class::Mark => finder.date_at_mark(place),
            _ => None,
        };
        match ends {
            Some(end) => {
                let end = with_time(text, end);
                spans.push(Span {
                    start: place,
                    end,
                    kind: TextKind::Date,
                });
                place = end;
            }
            None => place += 1,
        }
    }
}

/// A number: its value, how many digits it has, and where they end.
pub(super) fn read_number(text: &Folded, place: usize) -> Option<(u32, usize, usize)> {
    let end = if text.class(place) == Class::Digit {
        text.run_end(place)
    } else {
        return None;
    };
    let length = end - place;
    if length > 9 {
        return None;
    }
    let value = text.signs[place..end]
        .iter()
        .filter_map(|sign| sign.fold.to_digit(10))
        .fold(0, |sum, digit| sum * 10 + digit);
    Some((value, length, end))
}

const fn is_year(value: u32) -> bool {
    // Gregorian, and Buddhist years of the same span.
    (value >= 1850 && value <= 2100) || (value >= 2393 && value <= 2643)
}

/// Years of the Islamic and the Persian calendar; they count in whole dates alone.
const fn is_eastern_year(value: u32) -> bool {
    value >= 1300 && value <= 1500
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    let year = match year {
        2393..=2643 => year - 543,
        0..=99 => 2000 + year,
        100..=200 => year + 1911,
        1300..=1500 => return (1..=12).contains(&month) && (1..=31).contains(&day),
        other => other,
    };
    let narrow = |value: u32| u8::try_from(value).unwrap_or(0);
    StatedDate::new(u16::try_from(year).unwrap_or(0), narrow(month), narrow(day)).is_some()
}

/// `YYYYMMDD`, `DDMMYYYY`, `MMDDYYYY`, or `YYMMDD`, `DDMMYY`.
fn is_compact(value: u32, length: usize) -> bool {
    if length == 8 {
        let (first, middle, last) = (value / 10_000, value / 100 % 100, value % 100);
        let (a, b, year) = (value / 1_000_000, value / 10_000 % 100, value % 10_000);
        (is_year(first) && is_day(first, middle, last))
            || (is_year(year) && (is_day(year, b, a) || is_day(year, a, b)))
    } else {
        let (a, b, c) = (value / 10_000, value / 100 % 100, value % 100);
        is_day(a, b, c) || is_day(c, b, a)
    }
}

/// One separator of numeric dates, and where the number after it begins.
///
/// A space may stand on each side of it, and may be it.
fn separator(text: &Folded, place: usize) -> Option<(char, usize)> {
    let space = usize::from(text.class(place) == Class::Space);
    let sign = text.at(place + space)?;
    if matches!(sign.fold, '-' | '/' | '.' | '_' | ',' | ':' | '|') {
        let after = place + space + 1;
        let more =
            text.class(after) == Class::Space && matches!(text.class(after + 1), Class::Digit);
        return Some((sign.fold, after + usize::from(more)));
    }
    (space == 1 && sign.class == Class::Digit).then_some((' ', place + 1))
}

/// Up to three separators between the parts of a written date.
fn skip_separators(text: &Folded, place: usize) -> usize {
    let mut end = place;
    while end < place + 3
        && text.at(end).is_some_and(|sign| {
            sign.class == Class::Space || matches!(sign.fold, '-' | '/' | '.' | ',' | '_' | '\'')
        })
    {
        end += 1;
    }
    end
}

/// The word before a place, behind spaces, colons and the like.
fn word_before(text: &Folded, place: usize) -> String {
    let mut end = place;
    while end > 0
        && (text.class(end - 1) == Class::Space
            || matches!(text.signs[end - 1].fold, ':' | '.' | '=' | '(' | '-'))
    {
        end -= 1;
    }
    let mut start = end;
    while start > 0 && text.class(start - 1) == Class::Letter {
        start -= 1;
    }
    text.folded(start, end)
}

fn ordinal_end(text: &Folded, place: usize) -> usize {
    let end = text.run_end(place);
    let ordinal = text.class(place) == Class::Letter
        && matches!(text.folded(place, end).as_str(), "st" | "nd" | "rd" | "th");
    if ordinal { end } else { place }
}

struct Finder<'a> {
    text: &'a Folded,
    doubt: Doubt,
}

impl Finder<'_> {
    fn doubtful_goes(&self) -> bool {
        self.doubt == Doubt::Goes
    }

    fn is_labelled(&self, place: usize) -> bool {
        LABELS.contains(&word_before(self.text, place).as_str())
    }

    /// Whether what follows a number makes it a measure: `2 mm`, `2mm`, `2.5`, `2%`.
    fn is_measure(&self, end: usize) -> bool {
        let mark = self.text.at(end).is_some_and(|sign| {
            matches!(sign.fold, '%' | '*')
                || (sign.fold == '.' && self.text.class(end + 1) == Class::Digit)
        });
        let place = end + usize::from(self.text.class(end) == Class::Space);
        let unit = self.text.class(place) == Class::Letter
            && UNITS.contains(&self.text.folded(place, self.text.run_end(place)).as_str());
        mark || unit
    }

    fn date_at_digits(&self, start: usize) -> Option<usize> {
        let run = self.text.run_end(start);
        if matches!(run - start, 12 | 14) {
            let date = self.text.folded(start, start + 8).parse().ok()?;
            return is_compact(date, 8).then(|| self.fraction_end(run));
        }
        let (value, length, end) = read_number(self.text, start)?;
        if matches!(length, 6 | 8) && is_compact(value, length) {
            return Some(end);
        }
        if length == 4
            && (is_year(value) || is_eastern_year(value))
            && let Some(end) = self.year_first(value, end)
        {
            return Some(end);
        }
        cjk_date(self.text, start)
            .or_else(|| self.separated(start, value, length, end))
            .or_else(|| self.day_then_month(value, length, end))
            .or_else(|| {
                self.is_labelled(start)
                    .then(|| self.day_and_month(start))
                    .flatten()
            })
            .or_else(|| self.bare_pair(start))
    }

    /// The fraction of a second and the zone behind `YYYYMMDDHHMMSS`.
    fn fraction_end(&self, end: usize) -> usize {
        let mut last = end;
        for signs in [&['.'][..], &['+', '-'][..]] {
            if self
                .text
                .at(last)
                .is_some_and(|sign| signs.contains(&sign.fold))
                && self.text.class(last + 1) == Class::Digit
            {
                last = self.text.run_end(last + 1);
            }
        }
        last
    }

    /// `2024-03-05`, `2024/3/5`, `1961. 3. 12`, `2024 03 05`, `2024-03`, `1961-III-12`, `1961 Mar 12`, `2019-W25-3`.
    fn year_first(&self, year: u32, end: usize) -> Option<usize> {
        let text = self.text;
        if let Some(last) = self.year_then_name(year, end) {
            return Some(last);
        }
        let (sign, place) = separator(text, end)?;
        if is_eastern_year(year) && !matches!(sign, '-' | '/') {
            return None;
        }
        let (month, month_length, after) = read_number(text, place)?;
        if month_length == 4 && sign == '-' && is_day(year, month / 100, month % 100) {
            return Some(after);
        }
        let day = separator(text, after)
            .filter(|(second, _)| *second == sign)
            .and_then(|(_, place)| read_number(text, place))
            .filter(|(day, length, _)| {
                *length <= 2 && month_length <= 2 && is_day(year, month, *day)
            })
            .filter(|(_, length, _)| {
                // A list of numbers has commas and bars too.
                !matches!(sign, ',' | '|' | ':') || (month_length == 2 && *length == 2)
            })
            .filter(|_| sign != ',' || self.doubtful_goes());
        if let Some((_, _, end)) = day {
            return Some(end);
        }
        let written = match sign {
            '-' | '/' => true,
            '.' => self.doubtful_goes() && place == end + 1,
            ' ' => self.doubtful_goes() && !self.is_measure(after),
            _ => false,
        };
        (written && is_year(year) && month_length == 2 && (1..=12).contains(&month))
            .then_some(after)
    }

    /// What follows a year in letters: a month, a Roman month with a day, or a week.
    fn year_then_name(&self, year: u32, end: usize) -> Option<usize> {
        let text = self.text;
        let place = skip_separators(text, end);
        if text.class(place) != Class::Letter || !is_year(year) {
            return None;
        }
        if text.at(place)?.fold == 'w'
            && place <= end + 1
            && let Some((_, 2, after)) = read_number(text, place + 1)
        {
            let day = text
                .at(after)
                .filter(|sign| sign.fold == '-')
                .and_then(|_| read_number(text, after + 1))
                .filter(|(_, length, _)| *length == 1);
            return Some(day.map_or(after, |(_, _, last)| last));
        }
        let day_after = |place: usize| {
            let (day, length, last) = read_number(text, skip_separators(text, place))?;
            ((1..=31).contains(&day) && length <= 2).then_some(last)
        };
        if let Some(roman) = self.roman(end, place) {
            return day_after(roman);
        }
        let month = month_at(text, place)?;
        match day_after(month.end) {
            Some(last) if !self.is_measure(last) => Some(last),
            _ if month.doubtful && !self.doubtful_goes() => None,
            _ => Some(month.end),
        }
    }

    /// `05/03/2024`, `5-3-24`, `5. 3. 2024`, `113/03/05`, `03/2024`, all with one separator.
    fn separated(
        &self,
        start: usize,
        first: u32,
        first_length: usize,
        end: usize,
    ) -> Option<usize> {
        let text = self.text;
        let (sign, place) = separator(text, end)?;
        if first_length > 3 {
            return None;
        }
        let (second, second_length, after) = read_number(text, place)?;
        let more = separator(text, after).filter(|(next, _)| *next == sign);
        if second_length == 4 && is_year(second) && (1..=12).contains(&first) && first_length <= 2 {
            let ends = more.is_none_or(|(_, place)| text.class(place) != Class::Digit);
            let lawful = match sign {
                '-' | '/' => true,
                '.' | ' ' => first_length == 2 && self.doubtful_goes() && !self.is_measure(after),
                _ => false,
            };
            return (ends && lawful).then_some(after);
        }
        let (third, third_length, last) = more.and_then(|(_, place)| read_number(text, place))?;
        let goes_on = text.at(last).is_some_and(|next| {
            next.fold == sign && sign != ' ' && text.class(last + 1) == Class::Digit
        });
        if second_length > 2 || goes_on {
            return None;
        }
        let full = first_length == 2 && second_length == 2;
        let either = is_day(third, second, first) || is_day(third, first, second);
        let usual = matches!(sign, '-' | '/' | '.');
        let lawful = match (first_length, third_length) {
            (1 | 2, 4) => is_year(third) && either && (usual || full || self.is_labelled(start)),
            // A dotted pair of two-digit numbers could be a version; only full two-digit groups count, and years that
            // versions seldom reach.
            (1 | 2, 2) if usual => {
                let old = self.doubtful_goes() && (26..=99).contains(&third);
                (full || sign != '.' || old || self.is_labelled(start))
                    && (either || is_day(first, second, third))
            }
            (1 | 2, 2) => self.is_labelled(start) && either,
            // Years of the Republic of China.
            (2 | 3, 1) | (3, 2) if usual => {
                (60..=150).contains(&first) && is_day(first + 1911, second, third)
            }
            _ => false,
        };
        lawful.then_some(last)
    }

    /// `3/12`: a day and a month without a year, where something says that it is a date.
    fn day_and_month(&self, start: usize) -> Option<usize> {
        let (first, length, end) = read_number(self.text, start)?;
        let sign = self
            .text
            .at(end)
            .filter(|sign| matches!(sign.fold, '/' | '-' | '.'))?;
        let (second, second_length, last) = read_number(self.text, end + 1)?;
        let lawful = length <= 2
            && second_length <= 2
            && (is_day(2000, first, second) || is_day(2000, second, first));
        let more = self
            .text
            .at(last)
            .is_some_and(|next| next.fold == sign.fold && sign.fold != '.');
        (lawful && !more && !self.is_measure(last)).then_some(last)
    }

    /// `05/12`: two full groups with a zero before one of them are hardly a fraction.
    fn bare_pair(&self, start: usize) -> Option<usize> {
        if !self.doubtful_goes() || (start > 0 && self.text.class(start - 1) != Class::Space) {
            return None;
        }
        let end = self.day_and_month(start)?;
        let zero = |place: usize| self.text.at(place).is_some_and(|sign| sign.fold == '0');
        (end - start == 5
            && self.text.signs[start + 2].fold == '/'
            && (zero(start) || zero(start + 3)))
        .then_some(end)
    }

    /// `5 March 2024`, `5th of March`, `05-JUN-19`, `5JUN2019`, `12.III.1961`, `12 thang 3 nam 1961`.
    fn day_then_month(&self, day: u32, length: usize, end: usize) -> Option<usize> {
        let text = self.text;
        if !(1..=31).contains(&day) || length > 2 {
            return None;
        }
        let mut place = skip_separators(text, ordinal_end(text, end));
        if text.class(place) == Class::Letter && text.folded(place, text.run_end(place)) == "of" {
            place = skip_separators(text, text.run_end(place));
        }
        if let Some(roman) = self.roman(end, place)
            && let Some(last) = self.year_after(roman).filter(|last| *last > roman + 2)
        {
            return Some(last);
        }
        let month = month_at(text, place)?;
        if month.counted {
            let (number, _, after) = read_number(text, skip_separators(text, month.end))?;
            return (1..=12)
                .contains(&number)
                .then(|| self.year_after(after).unwrap_or(after));
        }
        match self.year_after(month.end) {
            Some(end) => Some(end),
            None if month.doubtful && !self.doubtful_goes() => None,
            None => Some(month.end),
        }
    }

    /// The end of a Roman month behind separators. A lone sign behind a space is a word: `512 x 512`.
    fn roman(&self, end: usize, place: usize) -> Option<usize> {
        let roman = roman_at(self.text, place).filter(|_| place > end)?;
        let marked = self.text.signs[end..place]
            .iter()
            .any(|sign| sign.class == Class::Mark);
        (marked || roman > place + 1).then_some(roman)
    }

    /// A year of two or four digits after a month.
    fn year_after(&self, place: usize) -> Option<usize> {
        let text = self.text;
        let mut place = skip_separators(text, place);
        for word in ["nam", "tahun", "พ.ศ.", "พ.ศ", "of"] {
            if let Some(end) = end_of(text, place, word) {
                place = skip_separators(text, end);
            }
        }
        let (value, length, end) = read_number(text, place)?;
        let time = text.at(end).is_some_and(|sign| sign.fold == ':');
        let year = match length {
            4 => is_year(value) || is_eastern_year(value),
            2 => !time && !self.is_measure(end),
            _ => false,
        };
        year.then_some(end)
    }

    /// `March 5, 2024`, `March 2024`, `Mar 5 2024`, `S45.3.5`, `thang 3 nam 2024`, `Monday 3/12`, `born 1961`.
    fn date_at_letters(&self, start: usize) -> Option<usize> {
        let text = self.text;
        if text.run_end(start) == start + 1
            && let Some(end) = self.date_at_letter(start)
        {
            return Some(end);
        }
        if let Some(end) = weekday_at(text, start).and_then(|end| self.after_weekday(end)) {
            return Some(end);
        }
        if let Some(end) = self.birth_year(start) {
            return Some(end);
        }
        let month = month_at(text, start)?;
        let place = skip_separators(text, month.end);
        let (value, length, end) = read_number(text, place)?;
        if length == 4 && (is_year(value) || is_eastern_year(value)) {
            return Some(end);
        }
        if length > 2 || self.is_measure(end) {
            return None;
        }
        // The Metal Artifact Reduction of a series has a number too; its maker writes `O-MAR`.
        let doubtful = month.doubtful
            && (!self.doubtful_goes() || (start > 0 && text.signs[start - 1].fold == '-'));
        if length == 2 && !(1..=31).contains(&value) {
            return (!doubtful && !month.counted).then_some(end);
        }
        let end = ordinal_end(text, end);
        match self.year_after(end).filter(|last| *last > end + 1) {
            Some(last) => Some(last),
            None if doubtful || month.counted => None,
            None => Some(end),
        }
    }

    /// Single letters before dates: Japanese eras, and quarters.
    fn date_at_letter(&self, start: usize) -> Option<usize> {
        match self.text.signs[start].fold {
            'm' | 't' | 's' | 'h' | 'r' => era_letter(self.text, start),
            'q' => {
                let (quarter, 1, after) = read_number(self.text, start + 1)? else {
                    return None;
                };
                let (year, 4, end) = read_number(self.text, skip_separators(self.text, after))?
                else {
                    return None;
                };
                ((1..=4).contains(&quarter) && is_year(year)).then_some(end)
            }
            _ => None,
        }
        .or_else(|| self.birth_year(start))
    }

    /// A date behind the name of a weekday, whole or without its year.
    fn after_weekday(&self, end: usize) -> Option<usize> {
        let text = self.text;
        let place = skip_separators(text, end);
        if place == end {
            return None;
        }
        match text.class(place) {
            Class::Digit => {
                let partial = || {
                    let (day, length, after) = read_number(text, place)?;
                    let ordinal = ordinal_end(text, after);
                    if ordinal > after && length <= 2 && (1..=31).contains(&day) {
                        return Some(ordinal);
                    }
                    let month = month_at(text, skip_separators(text, after))?;
                    (length <= 2).then_some(month.end)
                };
                self.date_at_digits(place)
                    .or_else(|| self.day_and_month(place))
                    .or_else(partial)
            }
            Class::Letter => {
                let month = month_at(text, place)?;
                let (day, length, after) = read_number(text, skip_separators(text, month.end))?;
                if length == 2 || (1..=31).contains(&day) {
                    return self
                        .date_at_letters(place)
                        .or(Some(ordinal_end(text, after)));
                }
                None
            }
            _ => None,
        }
    }

    /// `born 1961`, `b. 1961`, `b.1961`.
    fn birth_year(&self, start: usize) -> Option<usize> {
        let text = self.text;
        let end = text.run_end(start);
        if end - start > 5 || !YEAR_LABELS.contains(&text.folded(start, end).as_str()) {
            return None;
        }
        let place = (end..end + 3)
            .find(|place| text.class(*place) == Class::Digit)
            .filter(|place| *place > end)?;
        let plain = text.signs[end..place]
            .iter()
            .all(|sign| sign.class == Class::Space || matches!(sign.fold, '.' | ':' | '=' | '\''));
        let (value, length, last) = read_number(text, place)?;
        let whole = self.date_at_digits(place);
        (plain && length == 4 && is_year(value) && whole.is_none() && !self.is_measure(last))
            .then_some(last)
    }

    /// `'61`.
    fn date_at_mark(&self, start: usize) -> Option<usize> {
        let free = start == 0 || matches!(self.text.class(start - 1), Class::Space);
        if self.text.signs[start].fold != '\'' || !free || !self.doubtful_goes() {
            return None;
        }
        let (_, length, end) = read_number(self.text, start + 1)?;
        (length == 2 && matches!(self.text.class(end), Class::Space | Class::Mark)).then_some(end)
    }

    fn date_at_dense(&self, start: usize) -> Option<usize> {
        let text = self.text;
        if let Some(era) = era_at(text, start) {
            let after = skip_separators(text, era);
            let (_, end) = numeral(text, after)?;
            let named = text
                .at(end)
                .is_some_and(|sign| matches!(sign.fold, '年' | '년'));
            let end = end + usize::from(named);
            let dated = cjk_date(text, after).unwrap_or(end);
            let slashed = read_number(text, after)
                .and_then(|(value, length, end)| self.separated(after, value, length.min(3), end));
            return Some(slashed.unwrap_or(dated).max(dated));
        }
        if is_short_era(text.signs[start].fold)
            && let Some(end) = era_letter(text, start)
        {
            return Some(end);
        }
        if let Some(month) = month_at(text, start) {
            return self.year_after(month.end);
        }
        cyclic_year(text, start).or_else(|| cjk_date(text, start))
    }
}

/// Japanese years by the sign of the era: `S45.3.5`, `H.31/4/30`, `昭45.3.5`, `S45年3月`.
fn era_letter(text: &Folded, start: usize) -> Option<usize> {
    let dot = usize::from(text.at(start + 1)?.fold == '.');
    let (year, length, end) = read_number(text, start + 1 + dot)?;
    if length > 2 || !(1..=64).contains(&year) {
        return None;
    }
    let separator = text.at(end)?.fold;
    if matches!(separator, '年') {
        let month = cjk_date(text, start + 1 + dot);
        return Some(month.unwrap_or(end + 1));
    }
    if !matches!(separator, '.' | '/' | '-') {
        return None;
    }
    let (month, _, after) = read_number(text, end + 1)?;
    text.at(after).filter(|sign| sign.fold == separator)?;
    let (day, _, last) = read_number(text, after + 1)?;
    is_day(2000, month, day).then_some(last)
}

/// A year of the sexagenary cycle with what follows of its date: `庚子年三月`.
fn cyclic_year(text: &Folded, start: usize) -> Option<usize> {
    let sign = |place: usize| text.at(place).map(|sign| sign.fold);
    let named = STEMS.contains(sign(start)?)
        && BRANCHES.contains(sign(start + 1)?)
        && sign(start + 2)? == '年';
    let month = || {
        let (_, end) = numeral(text, start + 3)?;
        (sign(end)? == '月').then_some(end + 1)
    };
    named.then(|| {
        cjk_date(text, start + 3)
            .or_else(month)
            .unwrap_or(start + 3)
    })
}

/// A number in digits or in Han numerals.
fn numeral(text: &Folded, place: usize) -> Option<(u32, usize)> {
    if let Some((value, _, end)) = read_number(text, place) {
        return Some((value, end));
    }
    let mut end = place;
    while text
        .at(end)
        .is_some_and(|sign| NUMERALS.contains(sign.fold))
    {
        end += 1;
    }
    // The exact value does not matter; four numerals make a year.
    (end > place).then_some((if end - place >= 4 { 2000 } else { 1 }, end))
}

/// `2024年3月5日`, `2024년 3월 5일`, `3月5日`, `二〇二四年`; a year alone only with four digits.
fn cjk_date(text: &Folded, start: usize) -> Option<usize> {
    let next = |place: usize| place + usize::from(text.class(place) == Class::Space);
    let unit = |place: usize, units: &[char]| {
        let place = next(place);
        text.at(place)
            .filter(|sign| units.contains(&sign.fold))
            .map(|_| place + 1)
    };
    let (first, end) = numeral(text, start)?;
    if let Some(after) = unit(end, &['年', '년']) {
        let month = numeral(text, next(after)).and_then(|(_, end)| unit(end, &['月', '월']));
        let Some(month) = month else {
            return is_year(first).then_some(after);
        };
        let day =
            numeral(text, next(month)).and_then(|(_, end)| unit(end, &['日', '号', '號', '일']));
        return Some(day.unwrap_or(month));
    }
    let month = unit(end, &['月', '월'])?;
    let (_, day) = numeral(text, next(month))?;
    unit(day, &['日', '号', '號', '일'])
}

/// Takes the time of day that follows a date with it.
fn with_time(text: &Folded, end: usize) -> usize {
    let mut place = end;
    if text
        .at(place)
        .is_some_and(|sign| matches!(sign.fold, 't' | ' ' | '_' | ','))
    {
        place += 1;
    }
    let Some((hours, length, mut last)) = read_number(text, place) else {
        return end;
    };
    let colon = |place: usize| text.at(place).is_some_and(|sign| sign.fold == ':');
    if hours > 23 || length > 2 || !colon(last) {
        return end;
    }
    while colon(last)
        || (text.at(last).is_some_and(|sign| sign.fold == '.')
            && text.class(last + 1) == Class::Digit)
    {
        match read_number(text, last + 1) {
            Some((_, _, after)) => last = after,
            None => break,
        }
    }
    let zone = text
        .at(last)
        .is_some_and(|sign| matches!(sign.fold, '+' | 'z'));
    if zone {
        last += 1;
        while matches!(text.class(last), Class::Digit) || colon(last) {
            last += 1;
        }
    }
    last
}

#[cfg(test)]
mod tests;
