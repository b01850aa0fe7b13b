//! Ages in text that are over a limit.

use super::calendar::read_number;
use super::fold::{Class, Folded};
use super::kind::{Span, TextKind};

/// Ages over a limit in years: `94 y/o`, `aged 94`, `094Y`, `94岁`, `อายุ 94 ปี`.
pub(crate) fn find(text: &Folded, limit: u32, spans: &mut Vec<Span>) {
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

    #[test]
    fn ages_over_the_limit_go() {
        let ages = |text: &str| {
            let folded = Folded::new(text);
            let mut spans = Vec::new();
            find(&folded, 89, &mut spans);
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
