//! Names of months, weekdays and eras in the languages of the region, folded, and which of them are other words too.

use super::fold::{Class, Folded};

/// Names of months that are nothing else.
const MONTHS: [&str; 113] = [
    // English
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
    "febr",
    "apr",
    "jun",
    "jul",
    "aug",
    "sept",
    // Malay and Indonesian
    "januari",
    "februari",
    "pebruari",
    "maret",
    "mei",
    "juni",
    "juli",
    "ogos",
    "agustus",
    "oktober",
    "disember",
    "desember",
    "nopember",
    // Filipino
    "enero",
    "pebrero",
    "marso",
    "abril",
    "mayo",
    "hunyo",
    "hulyo",
    "setyembre",
    "oktubre",
    "nobyembre",
    "disyembre",
    // European languages
    "januar",
    "februar",
    "marz",
    "maerz",
    "dezember",
    "janvier",
    "fevrier",
    "avril",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
    "febrero",
    "marzo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "setiembre",
    "octubre",
    "noviembre",
    "diciembre",
    "janeiro",
    "fevereiro",
    "marco",
    "maio",
    "junho",
    "julho",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
    "gennaio",
    "febbraio",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "settembre",
    "ottobre",
    "dicembre",
    // The Islamic and the Persian calendar
    "muharram",
    "safar",
    "rabiulawal",
    "rabiulakhir",
    "jumada",
    "jamadilawal",
    "jamadilakhir",
    "rajab",
    "rejab",
    "shaban",
    "syaaban",
    "ramadan",
    "ramadhan",
    "shawwal",
    "syawal",
    "zulkaedah",
    "zulhijah",
    "farvardin",
    "ordibehesht",
    "khordad",
    "mordad",
    "shahrivar",
    "bahman",
    "esfand",
    // Thai, which is written without spaces, is in a list of its own; Vietnamese counts: `thang 3`.
    "thang",
    "thg",
];
/// Names of months that are words of imaging or names of people too.
const DOUBTFUL_MONTHS: [&str; 27] = [
    "may", "mac", "mar", "sep", "oct", "nov", "dec", "okt", "mars", "mai", "avr", "juil", "dez",
    "ene", "abr", "ago", "agu", "agt", "dis", "des", "tir", "mehr", "aban", "azar", "dey", "rabi",
    "nop",
];
const THAI_MONTHS: [&str; 24] = [
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
const ROMAN: [&str; 12] = [
    "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii",
];
const WEEKDAYS: [&str; 34] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "tues",
    "wed",
    "thu",
    "thur",
    "thurs",
    "fri",
    "sat",
    "sun",
    "isnin",
    "senin",
    "selasa",
    "rabu",
    "khamis",
    "kamis",
    "jumaat",
    "jumat",
    "sabtu",
    "ahad",
    "lunes",
    "martes",
    "miyerkules",
    "huwebes",
    "biyernes",
    "sabado",
    "linggo",
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
/// Japanese eras by their first sign, which counts only before a whole date.
const SHORT_ERAS: [char; 5] = ['昭', '平', '令', '大', '明'];

/// Where the name of a month ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Month {
    pub(super) end: usize,
    /// Whether the name is another word too.
    pub(super) doubtful: bool,
    /// Whether it is only the word `month`, and its number follows.
    pub(super) counted: bool,
}

/// The month whose name begins here.
pub(super) fn month_at(text: &Folded, place: usize) -> Option<Month> {
    if text.class(place) == Class::Dense {
        return THAI_MONTHS
            .iter()
            .filter_map(|name| end_of(text, place, name))
            .max()
            .map(|end| Month {
                end,
                doubtful: false,
                counted: false,
            });
    }
    let end = text.run_end(place);
    if text.class(place) != Class::Letter || end - place > 12 {
        return None;
    }
    let word = text.folded(place, end);
    let word = word.as_str();
    let doubtful = DOUBTFUL_MONTHS.contains(&word);
    (doubtful || MONTHS.contains(&word)).then_some(Month {
        end,
        doubtful,
        counted: matches!(word, "thang" | "thg"),
    })
}

/// The end of a month in Roman numbers.
pub(super) fn roman_at(text: &Folded, place: usize) -> Option<usize> {
    let end = text.run_end(place);
    (text.class(place) == Class::Letter
        && end - place <= 4
        && ROMAN.contains(&text.folded(place, end).as_str()))
    .then_some(end)
}

/// The end of the name of a weekday.
pub(super) fn weekday_at(text: &Folded, place: usize) -> Option<usize> {
    let end = text.run_end(place);
    (text.class(place) == Class::Letter
        && end - place <= 10
        && WEEKDAYS.contains(&text.folded(place, end).as_str()))
    .then_some(end)
}

/// The end of the name of an era or of a calendar.
pub(super) fn era_at(text: &Folded, place: usize) -> Option<usize> {
    ERAS.iter().find_map(|era| end_of(text, place, era))
}

/// Whether an era may begin here by its first sign.
pub(super) fn is_short_era(sign: char) -> bool {
    SHORT_ERAS.contains(&sign)
}

/// Where a word ends that stands here sign by sign.
pub(super) fn end_of(text: &Folded, place: usize, word: &str) -> Option<usize> {
    let mut end = place;
    for wanted in word.chars() {
        if text.at(end)?.fold != wanted {
            return None;
        }
        end += 1;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_certain_or_doubtful() {
        assert!(MONTHS.iter().all(|month| !DOUBTFUL_MONTHS.contains(month)));
        for (word, doubtful) in [("march", false), ("mar", true), ("thang", false)] {
            let month = month_at(&Folded::new(word), 0).unwrap();
            assert_eq!(month.doubtful, doubtful, "{word}");
        }
        assert_eq!(month_at(&Folded::new("marches"), 0), None);
    }
}
