//! Forms of a date of birth in the writings and calendars of Europe and Asia.

use super::fold::fold;
use super::forms::{Forms, Shape, Strength};
use cloakroom_core::StatedDate;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The first days of the Japanese eras since 1868, with their names and letters.
const ERAS: [(&str, &str, (u16, u8, u8)); 5] = [
    ("令和", "R", (2019, 5, 1)),
    ("平成", "H", (1989, 1, 8)),
    ("昭和", "S", (1926, 12, 25)),
    ("大正", "T", (1912, 7, 30)),
    ("明治", "M", (1868, 1, 25)),
];

/// Adds the forms of a date written `YYYYMMDD`; any other text is taken as it is.
pub(crate) fn add_forms(value: &str, forms: &mut Forms<'_>) {
    let Some(date) = parse(value) else {
        forms.add_text(value);
        return;
    };
    let (year, month, day) = date.parts();
    forms.add_digits(&format!("{year:04}{month:02}{day:02}"));
    forms.add_digits(&format!("{day:02}{month:02}{year:04}"));
    forms.add_digits(&format!("{month:02}{day:02}{year:04}"));
    let short = year % 100;
    for digits in [
        format!("{short:02}{month:02}{day:02}"),
        format!("{day:02}{month:02}{short:02}"),
    ] {
        forms.insert(&digits, Shape::ShortDate, Strength::Anywhere);
    }
    add_numeric(year, month, day, forms);
    add_with_names(year, month, day, forms);
    add_cjk("", year, month, day, forms);
    // The Buddhist calendar of Thailand, and that of the Republic of China.
    add_numeric(year + 543, month, day, forms);
    forms.add_digits(&format!("{:04}{month:02}{day:02}", year + 543));
    if let Some(republic) = year.checked_sub(1911).filter(|republic| *republic > 0) {
        for name in ["民國", "民国"] {
            add_cjk(name, republic, month, day, forms);
        }
        forms.add_digits(&format!("{republic:03}{month:02}{day:02}"));
        for join in ["/", "-", "."] {
            insert(&format!("{republic}{join}{month:02}{join}{day:02}"), forms);
        }
    }
    add_japanese(date, forms);
}

fn parse(value: &str) -> Option<StatedDate> {
    let digits = fold(value).replace(' ', "");
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range: core::ops::Range<usize>| digits.get(range);
    StatedDate::new(
        part(0..4)?.parse().ok()?,
        part(4..6)?.parse().ok()?,
        part(6..8)?.parse().ok()?,
    )
}

fn insert(text: &str, forms: &mut Forms<'_>) {
    forms.insert(text, Shape::Date, Strength::Anywhere);
}

fn add_numeric(year: u16, month: u8, day: u8, forms: &mut Forms<'_>) {
    for join in ["-", "/", ".", " ", "_"] {
        for (month, day) in [
            (format!("{month:02}"), format!("{day:02}")),
            (month.to_string(), day.to_string()),
        ] {
            insert(&format!("{year}{join}{month}{join}{day}"), forms);
            insert(&format!("{day}{join}{month}{join}{year}"), forms);
            insert(&format!("{month}{join}{day}{join}{year}"), forms);
        }
    }
}

fn add_with_names(year: u16, month: u8, day: u8, forms: &mut Forms<'_>) {
    let Some(long) = MONTHS.get(usize::from(month) - 1) else {
        return;
    };
    for name in [*long, &long[..3]] {
        for day in [format!("{day:02}"), day.to_string()] {
            for join in [" ", "-", "", "/", ". "] {
                insert(&format!("{day}{join}{name}{join}{year}"), forms);
            }
            insert(&format!("{name} {day}, {year}"), forms);
            insert(&format!("{name} {day} {year}"), forms);
        }
    }
}

fn add_cjk(before: &str, year: u16, month: u8, day: u8, forms: &mut Forms<'_>) {
    for (years, months, days) in [("年", "月", "日"), ("년", "월", "일")] {
        for space in ["", " "] {
            for (month, day) in [
                (format!("{month:02}"), format!("{day:02}")),
                (month.to_string(), day.to_string()),
            ] {
                insert(
                    &format!("{before}{year}{years}{space}{month}{months}{space}{day}{days}"),
                    forms,
                );
            }
        }
    }
}

fn add_japanese(date: StatedDate, forms: &mut Forms<'_>) {
    let (year, month, day) = date.parts();
    let era = ERAS
        .iter()
        .find(|(_, _, (first_year, first_month, first_day))| {
            StatedDate::new(*first_year, *first_month, *first_day)
                .is_some_and(|first| first <= date)
        });
    let Some((name, letter, (first_year, _, _))) = era else {
        return;
    };
    let count = year - first_year + 1;
    add_cjk(name, count, month, day, forms);
    for join in [".", "/", "-"] {
        insert(&format!("{letter}{count}{join}{month}{join}{day}"), forms);
        insert(
            &format!("{letter}{count:02}{join}{month:02}{join}{day:02}"),
            forms,
        );
    }
}
