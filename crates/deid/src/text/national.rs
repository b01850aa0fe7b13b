//! National identifiers of the region, by form and check digit, and other numbers that stand for one person.
//!
//! A long run of digits goes in any case; these recognisers find the forms that are broken into short groups or
//! hold letters, and say what it was.

use super::fold::{Class, Folded};
use super::kind::{Span, TextKind};
use cloakroom_core::StatedDate;

/// A stretch of letters, digits and single separators that may be an identifier.
struct Candidate {
    end: usize,
    /// Letters and digits alone, lower case.
    text: String,
    /// Lengths of the groups between separators.
    groups: Vec<usize>,
    /// Whether any separator is a space.
    spaced: bool,
}

pub(crate) fn find(text: &Folded, spans: &mut Vec<Span>) {
    let mut place = 0;
    while place < text.signs.len() {
        let first = matches!(text.class(place), Class::Letter | Class::Digit)
            && (place == 0 || !matches!(text.class(place - 1), Class::Letter | Class::Digit));
        if first && let Some(end) = longest_identifier(text, place) {
            spans.push(Span {
                start: place,
                end,
                kind: TextKind::NationalId,
            });
            place = end;
        } else {
            place += 1;
        }
    }
}

/// The end of the longest identifier that begins here.
fn longest_identifier(text: &Folded, start: usize) -> Option<usize> {
    let mut best = None;
    let mut candidate = Candidate {
        end: start,
        text: String::new(),
        groups: Vec::new(),
        spaced: false,
    };
    loop {
        let group = candidate.end;
        let mut end = group;
        while matches!(text.class(end), Class::Letter | Class::Digit)
            && text.signs[end].fold.is_ascii()
        {
            candidate.text.push(text.signs[end].fold);
            end += 1;
        }
        if end == group || candidate.text.len() > 24 {
            break;
        }
        candidate.groups.push(end - group);
        candidate.end = end;
        if let Some(closed) = is_identifier(text, &candidate) {
            best = Some(closed);
        }
        match text.at(end).map(|sign| sign.fold) {
            Some('-') => {}
            Some(' ') => candidate.spaced = true,
            _ => break,
        }
        candidate.end = end + 1;
    }
    best
}

fn is_identifier(text: &Folded, candidate: &Candidate) -> Option<usize> {
    let bytes = candidate.text.as_bytes();
    if let Some(end) = hong_kong(text, candidate) {
        return Some(end);
    }
    let lettered = !candidate.spaced
        && (taiwan(bytes) || singapore(bytes) || india_pan(bytes) || passport(bytes));
    let long_hold = china_18(bytes);
    (lettered || long_hold || is_number_identifier(bytes, candidate)).then_some(candidate.end)
}

fn is_number_identifier(bytes: &[u8], candidate: &Candidate) -> bool {
    if !bytes.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let groups = candidate.groups.as_slice();
    match bytes.len() {
        9 => groups == [3, 2, 4] && !candidate.spaced,
        12 => {
            let grouped = matches!(groups, [12] | [6, 2, 4] | [4, 4, 4] | [3, 3, 3, 3] | [3, 9]);
            let grouped_apart = matches!(groups, [2, 9, 1]);
            (grouped && (malaysia(bytes) || japan(bytes) || india_aadhaar(bytes) || vietnam(bytes)))
                || (grouped_apart && !candidate.spaced)
        }
        13 => {
            (matches!(groups, [13] | [1, 4, 5, 2, 1]) && thailand(bytes))
                || (matches!(groups, [13] | [6, 7]) && korea(bytes))
                || (groups == [5, 7, 1] && !candidate.spaced)
        }
        14 => groups == [2, 4, 4, 4],
        15 => groups == [15] && china_15(bytes),
        16 => {
            (matches!(groups, [16] | [4, 4, 4, 4] | [6, 6, 4]) && indonesia(bytes))
                || groups == [4, 4, 4, 4]
        }
        _ => false,
    }
}

fn digits(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.iter().map(|byte| u32::from(byte.wrapping_sub(b'0')))
}

fn weighted(bytes: &[u8], weights: &[u32]) -> u32 {
    digits(bytes)
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum()
}

/// Whether bytes are the date `YYYYMMDD` of somebody who may live.
fn is_birth_date(bytes: &[u8]) -> bool {
    let value = digits(bytes).fold(0, |sum, digit| sum * 10 + digit);
    let (year, month, day) = (value / 10_000, value / 100 % 100, value % 100);
    (1880..2100).contains(&year) && StatedDate::new(year as u16, month as u8, day as u8).is_some()
}

/// Whether bytes are the end `YYMMDD` of a date in this century or the last.
fn is_short_date(bytes: &[u8]) -> bool {
    is_birth_date(&[b"19", bytes].concat()) || is_birth_date(&[b"20", bytes].concat())
}

/// Resident identity number, 18 signs (GB 11643-1999).
pub(crate) fn china_18(bytes: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    bytes.len() == 18
        && bytes[..17].iter().all(u8::is_ascii_digit)
        && is_birth_date(&bytes[6..14])
        && b"10x98765432"[(weighted(&bytes[..17], &WEIGHTS) % 11) as usize] == bytes[17]
}

/// The older number of 15 digits, which has no check digit.
fn china_15(bytes: &[u8]) -> bool {
    (b'1'..=b'8').contains(&bytes[0]) && is_short_date(&bytes[6..12])
}

/// Hong Kong identity card: one or two letters, six digits, a check sign often in brackets.
fn hong_kong(text: &Folded, candidate: &Candidate) -> Option<usize> {
    let bytes = candidate.text.as_bytes();
    let letters = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_lowercase())
        .count();
    if !(1..=2).contains(&letters) || candidate.spaced {
        return None;
    }
    let bracketed = |open: char, close: char| {
        let check = text
            .at(candidate.end + 1)
            .filter(|_| text.at(candidate.end).is_some_and(|sign| sign.fold == open))?;
        text.at(candidate.end + 2)
            .filter(|sign| sign.fold == close)?;
        u8::try_from(check.fold).ok()
    };
    let (check, end) = match bytes.len() - letters {
        6 => (bracketed('(', ')')?, candidate.end + 3),
        7 => (*bytes.last()?, candidate.end),
        _ => return None,
    };
    let body = &bytes[letters..letters + 6];
    if !body.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let letter = |byte: u8| u32::from(byte - b'a') + 10;
    let head = if letters == 2 {
        letter(bytes[0]) * 9 + letter(bytes[1]) * 8
    } else {
        36 * 9 + letter(bytes[0]) * 8
    };
    let wanted = match (11 - (head + weighted(body, &[7, 6, 5, 4, 3, 2])) % 11) % 11 {
        10 => b'a',
        digit => b'0' + digit as u8,
    };
    (check == wanted).then_some(end)
}

/// Taiwan identity card and resident certificate.
fn taiwan(bytes: &[u8]) -> bool {
    /// The number that stands for each letter from A.
    const LETTERS: [u32; 26] = [
        10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32,
        30, 31, 33,
    ];
    if bytes.len() != 10
        || !bytes[0].is_ascii_lowercase()
        || !bytes[1..].iter().all(u8::is_ascii_digit)
    {
        return false;
    }
    let letter = LETTERS[usize::from(bytes[0] - b'a')];
    let sum = letter / 10 + letter % 10 * 9 + weighted(&bytes[1..], &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    matches!(bytes[1], b'1' | b'2' | b'8' | b'9') && sum.is_multiple_of(10)
}

/// Singapore NRIC and FIN.
fn singapore(bytes: &[u8]) -> bool {
    if bytes.len() != 9 || !bytes[1..8].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let (bonus, letters) = match bytes[0] {
        b's' => (0, b"jzihgfedcba"),
        b't' => (4, b"jzihgfedcba"),
        b'f' => (0, b"xwutrqpnmlk"),
        b'g' => (4, b"xwutrqpnmlk"),
        b'm' => (3, b"xwutrqpnjlk"),
        _ => return false,
    };
    let sum = bonus + weighted(&bytes[1..8], &[2, 7, 6, 5, 4, 3, 2]);
    let place = (sum % 11) as usize;
    // The letters of series M run from the other end.
    let wanted = if bytes[0] == b'm' {
        letters[10 - place]
    } else {
        letters[place]
    };
    bytes[8] == wanted || bytes[8] == letters[place]
}

/// Malaysia MyKad: a date of birth, a place, and a serial number.
fn malaysia(bytes: &[u8]) -> bool {
    let place = weighted(&bytes[6..8], &[10, 1]);
    is_short_date(&bytes[..6]) && !matches!(place, 0 | 17..=20 | 69..=70 | 73 | 80..=81 | 94..=97)
}

/// Thailand personal number.
fn thailand(bytes: &[u8]) -> bool {
    let sum = weighted(&bytes[..12], &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    matches!(bytes[0], b'1'..=b'8') && (11 - sum % 11) % 10 == u32::from(bytes[12] - b'0')
}

/// Indonesia NIK: province, region, and the date of birth, with 40 added to the day for women.
fn indonesia(bytes: &[u8]) -> bool {
    let province = weighted(&bytes[..2], &[10, 1]);
    let (day, month) = (
        weighted(&bytes[6..8], &[10, 1]),
        weighted(&bytes[8..10], &[10, 1]),
    );
    (11..=97).contains(&province) && (1..=12).contains(&month) && matches!(day, 1..=31 | 41..=71)
}

/// Vietnam CCCD: a province from 001 to 096, century and sex, year.
fn vietnam(bytes: &[u8]) -> bool {
    (1..=96).contains(&weighted(&bytes[..3], &[100, 10, 1])) && matches!(bytes[3], b'0'..=b'3')
}

/// Korea resident registration number; since 2020 the check digit may not hold, so the date is enough with a dash.
fn korea(bytes: &[u8]) -> bool {
    is_short_date(&bytes[..6]) && bytes[6].is_ascii_digit()
}

/// Japan individual number.
fn japan(bytes: &[u8]) -> bool {
    let rest = weighted(&bytes[..11], &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    u32::from(bytes[11] - b'0') == if rest <= 1 { 0 } else { 11 - rest }
}

/// India Aadhaar: the check digit of Verhoeff.
fn india_aadhaar(bytes: &[u8]) -> bool {
    bytes[0] >= b'2' && has_verhoeff_check(bytes)
}

/// Whether the last of some ASCII digits is the check digit of Verhoeff's scheme.
pub(crate) fn has_verhoeff_check(bytes: &[u8]) -> bool {
    /// How Verhoeff's scheme permutes a digit at each place of a period of eight.
    const PERMUTED: [[usize; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    let check = bytes
        .iter()
        .rev()
        .enumerate()
        .fold(0, |check, (place, byte)| {
            dihedral(
                check,
                PERMUTED[place % 8][usize::from(byte.wrapping_sub(b'0') % 10)],
            )
        });
    check == 0
}

/// Multiplication in the dihedral group of the pentagon.
const fn dihedral(left: usize, right: usize) -> usize {
    match (left < 5, right < 5) {
        (true, true) => (left + right) % 5,
        (true, false) => 5 + (left + right - 5) % 5,
        (false, true) => 5 + (left - 5 + 5 - right) % 5,
        (false, false) => (left + 5 - right) % 5,
    }
}

/// India permanent account number: five letters, four digits, a letter.
fn india_pan(bytes: &[u8]) -> bool {
    bytes.len() == 10
        && bytes[..5].iter().all(u8::is_ascii_lowercase)
        && bytes[5..9].iter().all(u8::is_ascii_digit)
        && bytes[9].is_ascii_lowercase()
        && b"abcfghljpt".contains(&bytes[3])
}

/// A passport: one or two letters and six to nine digits.
fn passport(bytes: &[u8]) -> bool {
    let letters = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_lowercase())
        .count();
    (1..=2).contains(&letters)
        && (6..=9).contains(&(bytes.len() - letters))
        && bytes[letters..].iter().all(u8::is_ascii_digit)
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
    fn published_examples_are_found() {
        for id in [
            "11010519491231002X",
            "440524188001010014",
            "A123456(3)",
            "AB987654(3)",
            "A1234563",
            "A123456789",
            "S1234567D",
            "T1234567J",
            "F1234567N",
            "G1234567X",
            "900101-14-5678",
            "1-2345-67890-12-1",
            "3171234506890123",
            "3171 2345 0689 0123",
            "001099012345",
            "900101-1234567",
            "1234 5678 9018",
            "2345 6789 0124",
            "35202-1234567-1",
            "12-345678901-2",
            "078-05-1120",
            "ABCPE1234F",
            "E12345678",
            "１１０１０５１９４９１２３１００２Ｘ",
        ] {
            assert_eq!(found(id).len(), 1, "{id}");
            let within = format!("CHEST {id}, p4");
            assert_eq!(found(&within).len(), 1, "{within}");
        }
    }

    #[test]
    fn wrong_check_digits_and_technique_stay() {
        for text in [
            "110105194912310021",
            "S1234567A",
            "512 512 2000",
            "T1 MPRAGE 256 x 256",
            "B31f 0.625 1.25",
            "120kV 200mAs",
            "2345 6789 0125",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn verhoeff_is_the_published_scheme() {
        assert!(india_aadhaar(b"234567890124"));
        assert!(!india_aadhaar(b"234567890142"));
        assert!(!india_aadhaar(b"034567890124"));
    }
}
