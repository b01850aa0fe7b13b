//! Ways to reach somebody, and numbers that stand for something outside the image: e-mail, URLs, network
//! addresses, UIDs, telephone numbers, long runs of digits.

use super::fold::{Class, Folded};
use super::kind::{Span, TextKind};

/// A run of this many digits goes wherever it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LongRun(pub(crate) usize);

impl LongRun {
    /// Where doubt removes: five digits number a patient of a small hospital.
    pub(crate) const DOUBTED: Self = Self(5);
    /// Where doubt keeps: five digits are a setting of a machine too, and known numbers go anyway.
    pub(crate) const CERTAIN: Self = Self(6);
}

const DOMAINS: [&str; 10] = [
    "com", "org", "net", "edu", "gov", "mil", "info", "local", "lan", "int",
];
const COUNTRY_DOMAINS: [&str; 18] = [
    "cn", "hk", "tw", "sg", "my", "th", "id", "vn", "ph", "kr", "jp", "in", "pk", "uk", "us", "de",
    "fr", "au",
];

pub(crate) fn find(text: &Folded, long: LongRun, spans: &mut Vec<Span>) {
    find_hosts(text, spans);
    find_dotted(text, spans);
    find_phones(text, spans);
    find_long_runs(text, long, spans);
}

const fn is_host_sign(fold: char, class: Class) -> bool {
    matches!(class, Class::Letter | Class::Digit)
        || matches!(
            fold,
            '.' | '-' | '_' | '@' | '%' | '+' | ':' | '/' | '?' | '=' | '&' | '~'
        )
}

/// E-mail addresses, URLs, host names and paths on shares.
fn find_hosts(text: &Folded, spans: &mut Vec<Span>) {
    let mut place = 0;
    while place < text.signs.len() {
        let start = place;
        while text
            .at(place)
            .is_some_and(|sign| is_host_sign(sign.fold, sign.class) || sign.fold == '\\')
        {
            place += 1;
        }
        if place == start {
            place += 1;
            continue;
        }
        let mut end = place;
        while end > start && matches!(text.signs[end - 1].fold, '.' | ':' | '/' | '-' | '?') {
            end -= 1;
        }
        if is_host(&text.folded(start, end)) {
            spans.push(Span {
                start,
                end,
                kind: TextKind::Network,
            });
        }
    }
}

fn is_host(run: &str) -> bool {
    if run.contains("://") || run.starts_with("www.") || run.starts_with("\\\\") {
        return true;
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|sign| {
                sign.is_alphanumeric() || sign == '-' || sign == '_' || sign == '+' || sign == '%'
            })
    };
    if let Some((name, host)) = run.split_once('@') {
        // `B31f@120` is no address: a host has a dot or is a word.
        return !name.is_empty()
            && host.split('.').all(is_label)
            && host.chars().any(char::is_alphabetic);
    }
    let host = run.split(['/', ':']).next().unwrap_or("");
    let labels: Vec<&str> = host.split('.').collect();
    let Some((last, before)) = labels.split_last().filter(|(_, before)| !before.is_empty()) else {
        return false;
    };
    let named = before.iter().all(|label| is_label(label))
        && before
            .iter()
            .any(|label| label.chars().filter(|sign| sign.is_alphabetic()).count() >= 2);
    named && (DOMAINS.contains(last) || (before.len() >= 2 && COUNTRY_DOMAINS.contains(last)))
}

/// Groups of digits with dots: UIDs and IPv4 addresses.
fn find_dotted(text: &Folded, spans: &mut Vec<Span>) {
    let mut place = 0;
    while place < text.signs.len() {
        if text.class(place) != Class::Digit {
            place += 1;
            continue;
        }
        let start = place;
        let mut groups = Vec::new();
        loop {
            let end = text.run_end(place);
            groups.push(text.folded(place, end));
            place = end;
            if !(text.at(end).is_some_and(|sign| sign.fold == '.')
                && text.class(end + 1) == Class::Digit)
            {
                break;
            }
            place = end + 1;
        }
        let digits: usize = groups.iter().map(String::len).sum();
        if groups.len() >= 5 && digits >= 12 {
            spans.push(Span {
                start,
                end: place,
                kind: TextKind::Uid,
            });
        } else if groups.len() == 4 && is_address(&groups) {
            spans.push(Span {
                start,
                end: place,
                kind: TextKind::Network,
            });
        }
    }
}

/// A software version has four numbers too; an address is private, or has two numbers of three digits.
fn is_address(groups: &[String]) -> bool {
    let octets: Vec<u32> = groups
        .iter()
        .filter(|group| group.len() <= 3)
        .filter_map(|group| group.parse().ok())
        .filter(|octet| *octet < 256)
        .collect();
    octets.len() == 4
        && (octets.iter().filter(|octet| **octet >= 100).count() >= 2
            || (octets[0] == 10 && octets[3] != 0)
            || (octets[0] == 172 && (16..32).contains(&octets[1]))
            || (octets[0] == 192 && octets[1] == 168))
}

/// Groups of digits with dashes, spaces and brackets that make a telephone number, and `+` numbers.
fn find_phones(text: &Folded, spans: &mut Vec<Span>) {
    for start in 0..text.signs.len() {
        let sign = text.signs[start];
        let before = start.checked_sub(1).map(|place| text.signs[place]);
        let opens = matches!(sign.fold, '+' | '(') || sign.class == Class::Digit;
        let free = before.is_none_or(|before| {
            before.class != Class::Digit
                && !matches!(before.fold, '.' | '+' | '(' | '-')
                && (before.class != Class::Letter || sign.class != Class::Digit)
        });
        if !(opens && free) {
            continue;
        }
        if let Some(end) = phone_end(text, start) {
            spans.push(Span {
                start,
                end,
                kind: TextKind::Contact,
            });
        }
    }
}

fn phone_end(text: &Folded, start: usize) -> Option<usize> {
    let (mut place, mut end, mut digits) = (start, start, 0);
    let (mut groups, mut dashes, mut spaces) = (Vec::new(), 0, 0);
    while place < text.signs.len() {
        let sign = text.signs[place];
        match (sign.class, sign.fold) {
            (Class::Digit, _) => {
                let after = text.run_end(place);
                digits += after - place;
                groups.push(after - place);
                place = after;
                end = after;
                continue;
            }
            (_, '+') if place == start => {}
            (_, '(' | ')') => {}
            (_, '-') => dashes += 1,
            (_, ' ') => spaces += 1,
            _ => break,
        }
        if place - end >= 2 && end > start {
            break;
        }
        place += 1;
    }
    // What follows directly makes it a measure: `0.5 0.5`, `512 x`, `120 200mm`.
    if matches!(
        text.at(end).map(|sign| (sign.class, sign.fold)),
        Some((Class::Letter, _) | (_, '.' | '%'))
    ) && text.class(end + 1) != Class::Space
    {
        return None;
    }
    let plus = text.signs[start].fold == '+';
    let trunk = text.signs[start..end]
        .iter()
        .find(|sign| sign.class == Class::Digit)?
        .fold
        == '0'
        || text.signs[start].fold == '(';
    let big = groups.iter().filter(|group| **group >= 3).count();
    let lawful = (7..=15).contains(&digits)
        && ((plus && groups.len() <= 6)
            || (groups.len() >= 2 && big >= 2 && trunk && digits >= 8)
            || (groups.len() >= 2 && big >= 2 && dashes > 0 && spaces == 0)
            || (groups.len() == 2 && big == 2 && digits >= 8 && groups == [4, 4])
            || (has_phone_label(text, start) && groups.len() >= 2));
    (lawful || (has_phone_label(text, start) && digits >= 4)).then_some(end)
}

fn has_phone_label(text: &Folded, start: usize) -> bool {
    let mut end = start;
    while end > 0
        && (text.class(end - 1) == Class::Space
            || matches!(text.signs[end - 1].fold, ':' | '.' | '#' | '='))
    {
        end -= 1;
    }
    let before = text.folded(end.saturating_sub(9), end);
    [
        "tel",
        "phone",
        "fax",
        "mobile",
        "whatsapp",
        "handphone",
        "ext",
        "extn",
        "extension",
        "pager",
        "bleep",
        "telp",
        "telepon",
        "电话",
        "電話",
        "手机",
        "手機",
        "전화",
        "โทร",
        "携帯",
    ]
    .iter()
    .any(|label| before.ends_with(label))
}

/// Digits in runs that name something; a fraction behind a point may be long.
fn find_long_runs(text: &Folded, long: LongRun, spans: &mut Vec<Span>) {
    let mut place = 0;
    while place < text.signs.len() {
        if text.class(place) != Class::Digit {
            place += 1;
            continue;
        }
        let end = text.run_end(place);
        let fraction = place >= 2
            && text.signs[place - 1].fold == '.'
            && text.class(place - 2) == Class::Digit
            && end - place <= 6;
        if end - place >= long.0 && !fraction {
            let (start, end) = whole_code(text, place, end);
            spans.push(Span {
                start,
                end,
                kind: TextKind::Number,
            });
        }
        place = end;
    }
}

/// The letters that stand directly around a long run are part of the code: `MRN123456`, `A123456B`.
fn whole_code(text: &Folded, start: usize, end: usize) -> (usize, usize) {
    let mut first = start;
    while first > 0 && matches!(text.class(first - 1), Class::Letter | Class::Digit) {
        first -= 1;
    }
    let mut last = end;
    while matches!(text.class(last), Class::Letter | Class::Digit) {
        last += 1;
    }
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, TextKind)> {
        let folded = Folded::new(text);
        let mut spans = Vec::new();
        find(&folded, LongRun::DOUBTED, &mut spans);
        spans
            .iter()
            .map(|span| (folded.folded(span.start, span.end), span.kind))
            .collect()
    }

    #[test]
    fn ways_to_reach_are_found() {
        for (text, kind) in [
            ("li.wei@pumch.cn", TextKind::Network),
            ("https://pacs.example.org/x?id=5", TextKind::Network),
            ("www.siriraj.ac.th", TextKind::Network),
            ("pacs01.hospital.local", TextKind::Network),
            ("192.168.1.20", TextKind::Network),
            ("1.2.840.113619.2.5.1762583153", TextKind::Uid),
            ("+86 138 0013 8000", TextKind::Contact),
            ("021-55512345", TextKind::Contact),
            ("(02) 1234 5678", TextKind::Contact),
            ("0812-3456-7890", TextKind::Contact),
            ("555-123-4567", TextKind::Contact),
            ("9123 4567", TextKind::Contact),
            ("mrn1234567", TextKind::Number),
            ("12345", TextKind::Number),
        ] {
            let within = format!("chest {text}");
            let all = found(&within);
            assert!(
                all.iter().any(|(value, of)| value == text && *of == kind),
                "{text}: {all:?}"
            );
        }
    }

    #[test]
    fn technique_is_no_way_to_reach() {
        for text in [
            "0.625",
            "1.25 x 1.25",
            "5.0 b31f",
            "120kv 200mas",
            "vb 17.1.2.3",
            "te 2000 tr 80",
            "p4^p101^s108^i0, gated, 0.0%",
            "256 x 256",
            "300 x 300 mm",
            "b31f@120",
            "mr.1",
            "1.5t",
            "0.123456",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
