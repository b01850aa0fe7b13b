//! Dates in text, in the calendars and writings of the region.

use super::fold::{Class, Folded};
use super::kind::{Span, TextKind};
use cloakroom_core::StatedDate;

/// Month names of the languages around, folded. Those of the second list are other words too.
const MONTHS: [&str; 65] = [
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "apr",
    "jun",
    "jul",
    "aug",
    "sept",
    "januari",
    "februari",
    "maret",
    "mei",
    "juni",
    "juli",
    "ogos",
    "agustus",
    "oktober",
    "disember",
    "desember",
    "januar",
    "februar",
    "juin",
    "juillet",
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
    "jumada",
    "muharram",
    "safar",
    "rajab",
    "shaban",
    "ramadan",
    "shawwal",
    "มกราคม",
    "กุมภาพันธ์",
    "มีนาคม",
    "เมษายน",
    "พฤษภาคม",
    "มิถุนายน",
    "กรกฎาคม",
    "สิงหาคม",
    "กันยายน",
    "ตุลาคม",
    "พฤศจิกายน",
    "ธันวาคม",
    "thang",
];
const DOUBTFUL_MONTHS: [&str; 8] = ["may", "mac", "mar", "sep", "oct", "nov", "dec", "okt"];
const THAI_MONTHS: [&str; 12] = [
    "ม.ค",
    "ก.พ",
    "มี.ค",
    "เม.ย",
    "พ.ค",
    "มิ.ย",
    "ก.ค",
    "ส.ค",
    "ก.ย",
    "ต.ค",
    "พ.ย",
    "ธ.ค",
];
const ERAS: [&str; 15] = [
    "中華民國",
    "民國",
    "民国",
    "昭和",
    "平成",
    "令和",
    "大正",
    "明治",
    "公元",
    "西元",
    "西暦",
    "佛历",
    "佛曆",
    "พ.ศ",
    "ค.ศ",
];
const NUMERALS: &str = "〇零一二三四五六七八九十廿卅元正";

pub(crate) fn find(text: &Folded, spans: &mut Vec<Span>) {
    let mut place = 0;
    while place < text.signs.len() {
        let ends = match text.class(place) {
            Class::Digit if place == 0 || text.class(place - 1) != Class::Digit => {
                from_digits(text, place)
            }
            Class::Letter if text.begins(place) => from_letters(text, place),
            Class::Dense => from_dense(text, place),
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

/// Digits of one run: their value and where they end.
fn read_number(text: &Folded, place: usize) -> Option<(u32, usize, usize)> {
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

fn is_day(year: u32, month: u32, day: u32) -> bool {
    let year = match year {
        2393..=2643 => year - 543,
        0..=99 => 2000 + year,
        100..=200 => year + 1911,
        other => other,
    };
    let narrow = |value: u32| u8::try_from(value).unwrap_or(0);
    StatedDate::new(u16::try_from(year).unwrap_or(0), narrow(month), narrow(day)).is_some()
}

fn from_digits(text: &Folded, start: usize) -> Option<usize> {
    let run = text.run_end(start);
    if matches!(run - start, 12 | 14) {
        let date = text.folded(start, start + 8).parse().ok()?;
        return is_compact(date, 8).then_some(run);
    }
    let (value, length, end) = read_number(text, start)?;
    if matches!(length, 6 | 8) && is_compact(value, length) {
        return Some(end);
    }
    if length == 4
        && is_year(value)
        && let Some(end) = year_first(text, value, end)
    {
        return Some(end);
    }
    if let Some(end) = cjk_date(text, start) {
        return Some(end);
    }
    separated(text, value, length, end).or_else(|| day_then_month(text, value, length, end))
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

/// `2024-03-05`, `2024/3/5`, `2024.03.05`, `2024 03 05`, and `2024-03` or `2024/03`.
fn year_first(text: &Folded, year: u32, end: usize) -> Option<usize> {
    let separator = text.at(end)?.fold;
    if !matches!(separator, '-' | '/' | '.' | ' ' | '_') {
        return None;
    }
    let (month, month_length, after) = read_number(text, end + 1)?;
    let day = text
        .at(after)
        .filter(|sign| sign.fold == separator)
        .and_then(|_| read_number(text, after + 1))
        .filter(|(day, length, _)| *length <= 2 && month_length <= 2 && is_day(year, month, *day));
    if let Some((_, _, end)) = day {
        return Some(end);
    }
    (matches!(separator, '-' | '/') && month_length == 2 && (1..=12).contains(&month))
        .then_some(after)
}

/// `05/03/2024`, `5-3-24`, `5.3.2024`, `113/03/05`, `03/2024`, all with one separator.
fn separated(text: &Folded, first: u32, first_length: usize, end: usize) -> Option<usize> {
    let separator = text.at(end)?.fold;
    if !matches!(separator, '-' | '/' | '.') || first_length > 3 {
        return None;
    }
    let (second, second_length, after) = read_number(text, end + 1)?;
    if second_length == 4
        && is_year(second)
        && separator != '.'
        && (1..=12).contains(&first)
        && first_length <= 2
    {
        let more = text.at(after).is_some_and(|sign| sign.fold == separator);
        return (!more).then_some(after);
    }
    let (third, third_length, last) = text
        .at(after)
        .filter(|sign| sign.fold == separator)
        .and_then(|_| read_number(text, after + 1))?;
    if second_length > 2
        || text
            .at(last)
            .is_some_and(|sign| sign.fold == separator && text.class(last + 1) == Class::Digit)
    {
        return None;
    }
    let lawful = match (first_length, third_length) {
        (1 | 2, 4) => {
            is_year(third) && (is_day(third, second, first) || is_day(third, first, second))
        }
        // A dotted pair of two-digit numbers could be a version; only full two-digit groups count.
        (1 | 2, 2) => {
            let full = first_length == 2 && second_length == 2;
            (full || separator != '.')
                && (is_day(third, second, first)
                    || is_day(third, first, second)
                    || is_day(first, second, third))
        }
        // Years of the Republic of China.
        (2 | 3, 1) | (3, 2) => (60..=150).contains(&first) && is_day(first + 1911, second, third),
        _ => false,
    };
    lawful.then_some(last)
}

/// Up to three separators between the parts of a written date.
fn skip_separators(text: &Folded, place: usize) -> usize {
    let mut end = place;
    while end < place + 3
        && text.at(end).is_some_and(|sign| {
            sign.class == Class::Space || matches!(sign.fold, '-' | '/' | '.' | ',' | '_')
        })
    {
        end += 1;
    }
    end
}

/// The month whose name begins here: where it ends, and whether it could be another word.
fn month_at(text: &Folded, place: usize) -> Option<(usize, bool)> {
    if text.class(place) == Class::Dense {
        let starts = |name: &&str| {
            let signs: Vec<char> = name.chars().collect();
            (text.signs.len() >= place + signs.len()
                && signs
                    .iter()
                    .zip(&text.signs[place..])
                    .all(|(wanted, sign)| *wanted == sign.fold))
            .then(|| place + signs.len())
        };
        return MONTHS
            .iter()
            .chain(&THAI_MONTHS)
            .filter_map(starts)
            .max()
            .map(|end| (end, false));
    }
    let end = text.run_end(place);
    if text.class(place) != Class::Letter || end - place > 10 {
        return None;
    }
    let word = text.folded(place, end);
    if DOUBTFUL_MONTHS.contains(&word.as_str()) {
        return Some((end, true));
    }
    MONTHS.contains(&word.as_str()).then_some((end, false))
}

/// `5 March 2024`, `5th of March`, `05-JUN-19`, `5JUN2019`.
fn day_then_month(text: &Folded, day: u32, length: usize, end: usize) -> Option<usize> {
    if !(1..=31).contains(&day) || length > 2 {
        return None;
    }
    let mut place = end;
    let ordinal = text.class(place) == Class::Letter
        && matches!(
            text.folded(place, text.run_end(place)).as_str(),
            "st" | "nd" | "rd" | "th"
        );
    if ordinal {
        place = text.run_end(place);
    }
    place = skip_separators(text, place);
    if text.class(place) == Class::Letter && text.folded(place, text.run_end(place)) == "of" {
        place = skip_separators(text, text.run_end(place));
    }
    let (after, doubtful) = month_at(text, place)?;
    let year = year_after(text, after);
    match year {
        Some(end) => Some(end),
        None if doubtful => None,
        None => Some(after),
    }
}

/// A year of two or four digits after a month.
fn year_after(text: &Folded, place: usize) -> Option<usize> {
    let mut place = skip_separators(text, place);
    for word in ["nam", "tahun", "พ.ศ.", "พ.ศ", "of"] {
        let length = word.chars().count();
        if text.signs.len() >= place + length && text.folded(place, place + length) == word {
            place = skip_separators(text, place + length);
        }
    }
    let (value, length, end) = read_number(text, place)?;
    ((length == 4 && is_year(value)) || (length == 2)).then_some(end)
}

/// `March 5, 2024`, `March 2024`, `Mar 5 2024`, `S45.3.5`, `thang 3 nam 2024`.
fn from_letters(text: &Folded, start: usize) -> Option<usize> {
    if text.run_end(start) == start + 1
        && matches!(text.signs[start].fold, 'm' | 't' | 's' | 'h' | 'r')
    {
        return era_letter(text, start);
    }
    let (after, doubtful) = month_at(text, start)?;
    let place = skip_separators(text, after);
    let (value, length, end) = read_number(text, place)?;
    if length == 4 && is_year(value) {
        return Some(end);
    }
    if length > 2 || !(1..=31).contains(&value) {
        return None;
    }
    let mut end = end;
    if text.class(end) == Class::Letter
        && matches!(
            text.folded(end, text.run_end(end)).as_str(),
            "st" | "nd" | "rd" | "th"
        )
    {
        end = text.run_end(end);
    }
    match year_after(text, end).filter(|last| *last > end + 1) {
        Some(last) => Some(last),
        None if doubtful || text.folded(start, after) == "thang" => None,
        None => Some(end),
    }
}

/// Japanese years by the letter of the era: `S45.3.5`, `H31/4/30`.
fn era_letter(text: &Folded, start: usize) -> Option<usize> {
    let (year, length, end) = read_number(text, start + 1)?;
    let separator = text.at(end)?.fold;
    if !matches!(separator, '.' | '/' | '-') || length > 2 || !(1..=64).contains(&year) {
        return None;
    }
    let (month, _, after) = read_number(text, end + 1)?;
    text.at(after).filter(|sign| sign.fold == separator)?;
    let (day, _, last) = read_number(text, after + 1)?;
    is_day(2000, month, day).then_some(last)
}

fn from_dense(text: &Folded, start: usize) -> Option<usize> {
    let era = ERAS.iter().find(|era| {
        let length = era.chars().count();
        text.signs.len() >= start + length && text.folded(start, start + length) == **era
    });
    if let Some(era) = era {
        let after = skip_separators(text, start + era.chars().count());
        let (_, end) = numeral(text, after)?;
        let named = text
            .at(end)
            .is_some_and(|sign| matches!(sign.fold, '年' | '년'));
        let end = end + usize::from(named);
        let dated = cjk_date(text, after).unwrap_or(end);
        let slashed = read_number(text, after)
            .and_then(|(value, length, end)| separated(text, value, length.min(3), end));
        return Some(slashed.unwrap_or(dated).max(dated));
    }
    if let Some((after, _)) = month_at(text, start) {
        return year_after(text, after);
    }
    cjk_date(text, start)
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
    let unit = |place: usize, units: &[char]| {
        let place = if text.class(place) == Class::Space {
            place + 1
        } else {
            place
        };
        text.at(place)
            .filter(|sign| units.contains(&sign.fold))
            .map(|_| place + 1)
    };
    let next = |place: usize| {
        if text.class(place) == Class::Space {
            place + 1
        } else {
            place
        }
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

/// Ages over a limit in years: `94 y/o`, `aged 94`, `094Y`, `94岁`, `อายุ 94 ปี`.
pub(crate) fn find_ages(text: &Folded, limit: u32, spans: &mut Vec<Span>) {
    for place in 0..text.signs.len() {
        let begins = text.class(place) == Class::Digit
            && (place == 0 || text.class(place - 1) != Class::Digit);
        let number = if begins {
            read_number(text, place)
        } else {
            None
        };
        let Some((_, _, end)) =
            number.filter(|(age, length, _)| *length <= 3 && (limit + 1..150).contains(age))
        else {
            continue;
        };
        let after = age_unit_end(text, end);
        if after.is_some() || has_age_label(text, place) {
            spans.push(Span {
                start: place,
                end: after.unwrap_or(end),
                kind: TextKind::Age,
            });
        }
    }
}

fn age_unit_end(text: &Folded, end: usize) -> Option<usize> {
    let mut place = end;
    while place < end + 2
        && text
            .at(place)
            .is_some_and(|sign| sign.class == Class::Space || sign.fold == '-')
    {
        place += 1;
    }
    if text.class(place) == Class::Dense {
        return ["岁", "歲", "歳", "才", "세", "ปี"].iter().find_map(|unit| {
            let length = unit.chars().count();
            (text.signs.len() >= place + length && text.folded(place, place + length) == *unit)
                .then_some(place + length)
        });
    }
    let after = if text.class(place) == Class::Letter {
        text.run_end(place)
    } else {
        return None;
    };
    match text.folded(place, after).as_str() {
        "y" | "yo" | "yr" | "yrs" | "year" | "years" | "yom" | "yof" | "tahun" | "thn" | "th"
        | "tuoi" => Some(age_tail(text, after)),
        _ => None,
    }
}

/// `/o`, `-old` and ` old` belong to the age before them.
fn age_tail(text: &Folded, end: usize) -> usize {
    let separated = text
        .at(end)
        .is_some_and(|sign| matches!(sign.fold, '/' | '-' | ' '));
    let after = text.run_end(end + 1);
    let tail = separated
        && text.class(end + 1) == Class::Letter
        && matches!(text.folded(end + 1, after).as_str(), "o" | "old");
    if tail { after } else { end }
}

fn has_age_label(text: &Folded, place: usize) -> bool {
    let mut end = place;
    while end > 0
        && (text.class(end - 1) == Class::Space || matches!(text.signs[end - 1].fold, ':' | '='))
    {
        end -= 1;
    }
    let start = end.saturating_sub(5);
    let before = text.folded(start, end);
    [
        "age",
        "aged",
        "umur",
        "usia",
        "tuoi",
        "年龄",
        "年齡",
        "年齢",
        "나이",
        "อายุ",
    ]
    .iter()
    .any(|label| before.ends_with(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let folded = Folded::new(text);
        let mut spans = Vec::new();
        find(&folded, &mut spans);
        spans
            .iter()
            .map(|span| folded.folded(span.start, span.end))
            .collect()
    }

    #[test]
    fn dates_of_the_region_are_found_whole() {
        for date in [
            "20190619",
            "2019-06-19",
            "2019/6/19",
            "2019.06.19",
            "19/06/2019",
            "06/19/2019",
            "19-6-19",
            "19.06.2019",
            "5 may 2020",
            "5th of march 2024",
            "march 5, 2024",
            "mar 5 2024",
            "05-jun-19",
            "5jun2019",
            "june 2019",
            "jan 5",
            "2024年3月5日",
            "２０２４年３月５日",
            "二〇二四年三月五日",
            "3月5日",
            "民國113年3月5日",
            "民國59年",
            "113/03/05",
            "昭和45年3月5日",
            "s45.3.5",
            "h31/4/30",
            "令和元年5月1日",
            "2024년 3월 5일",
            "5 มีนาคม 2567",
            "5 ม.ค. 2567",
            "พ.ศ. 2567",
            "05/03/2567",
            "5 maret 2024",
            "2024-03-05t12:30:45.123+08:00",
            "2019-06-19 07:15",
            "20190619 07:15:22",
            "06/2019",
            "2019-06",
            "20190619071522",
            "190619",
        ] {
            let text = format!("chest {date}");
            let wanted = Folded::new(date);
            assert_eq!(
                found(&text),
                [wanted.folded(0, wanted.signs.len())],
                "{date}"
            );
        }
    }

    #[test]
    fn technique_is_no_date() {
        for text in [
            "mar 3",
            "t1 mpr 1.2.3",
            "vb 17.1.2",
            "512x512",
            "3/12",
            "5.0 x 5.0",
            "may be",
            "oct 3",
            "5mm",
            "0.625/1.25",
            "sep 2 mm",
            "kernel b31",
            "p4",
            "3月",
            "5年",
            "1-2",
            "100/0/3",
            "10/20/30/40",
            "2/3/1",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn ages_over_the_limit_go() {
        let ages = |text: &str| {
            let folded = Folded::new(text);
            let mut spans = Vec::new();
            find_ages(&folded, 89, &mut spans);
            spans
                .iter()
                .map(|span| folded.folded(span.start, span.end))
                .collect::<Vec<_>>()
        };
        for (text, wanted) in [
            ("94 y/o female", "94 y/o"),
            ("aged 94", "94"),
            ("094y", "094y"),
            ("94-year-old", "94-year-old"),
            ("94岁", "94岁"),
            ("อายุ 94 ปี", "94 ปี"),
            ("age: 101", "101"),
            ("usia 95 tahun", "95 tahun"),
        ] {
            assert_eq!(ages(text), [wanted], "{text}");
        }
        for text in ["89y", "45 years", "94 mm", "95%", "120kv"] {
            assert!(ages(text).is_empty(), "{text}");
        }
    }
}
