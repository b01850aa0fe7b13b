//! From a form to the bytes that it may be.

use super::forms::{Form, Shape};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, ISO_8859_2, ISO_8859_5, ISO_8859_7, SHIFT_JIS,
    WINDOWS_874, WINDOWS_1252, WINDOWS_1254, WINDOWS_1258,
};
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// How the bytes of a pattern came about, which decides what makes a match of them a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Coding {
    /// Characters of one byte each, where ASCII stands for itself; UTF-8 and the Asian sets among them.
    Narrow,
    /// UTF-16 in little endian.
    Utf16Little,
    /// UTF-16 in big endian.
    Utf16Big,
    /// Seven-bit Japanese, which means something only after an escape sequence (ISO 2022).
    Japanese7,
    /// Seven-bit Korean, after a shift (ISO 2022).
    Korean7,
    /// Base64, where the case of letters matters.
    Base64,
    /// Hexadecimal digits.
    Hexadecimal,
}

/// Shorter patterns than this occur by chance in any text.
const SHORTEST: usize = 4;
/// Shorter pieces of base64 than this occur by chance.
const SHORTEST_BASE64: usize = 6;

const SINGLE_AND_DOUBLE_BYTE: [&Encoding; 12] = [
    GB18030,
    BIG5,
    SHIFT_JIS,
    EUC_KR,
    EUC_JP,
    WINDOWS_874,
    WINDOWS_1252,
    WINDOWS_1254,
    WINDOWS_1258,
    ISO_8859_2,
    ISO_8859_5,
    ISO_8859_7,
];

/// All patterns of a form, none twice, none too short to tell anything.
pub(crate) fn patterns_of(form: &Form) -> BTreeSet<(Vec<u8>, Coding)> {
    let mut patterns = BTreeSet::new();
    let spellings = match form.shape {
        Shape::ShortDate => BTreeSet::from([form.text.clone()]),
        _ => spellings(&form.text),
    };
    for text in spellings {
        for coding in [Coding::Utf16Little, Coding::Utf16Big] {
            patterns.insert((utf16(&text, coding), coding));
        }
        for bytes in narrow(&text) {
            if form.shape != Shape::ShortDate {
                add_coded(&bytes, &mut patterns);
            }
            patterns.insert((bytes, Coding::Narrow));
        }
        add_seven_bit(&text, &mut patterns);
    }
    patterns.retain(|(bytes, _)| bytes.len() >= SHORTEST);
    patterns
}

/// The text as it is, in other cases where they do not fold in ASCII, composed, decomposed, and without its marks.
fn spellings(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([text.to_owned(), text.nfkc().collect()]);
    if text.is_ascii() {
        found.extend([text.to_lowercase(), text.to_uppercase()]);
        if text.bytes().all(|byte| !byte.is_ascii_alphabetic()) {
            found.insert(text.chars().map(full_width).collect());
        }
        return found;
    }
    for cased in [text.to_owned(), text.to_lowercase(), text.to_uppercase()] {
        found.insert(cased.nfd().collect());
        found.insert(cased.nfc().collect());
        found.insert(tones_apart(&cased));
    }
    let plain: String = text
        .nfd()
        .filter(|character| !unicode_normalization::char::is_combining_mark(*character))
        .map(|character| match character {
            'đ' => 'd',
            'Đ' => 'D',
            other => other,
        })
        .collect();
    if plain.is_ascii() {
        found.insert(plain);
    }
    found
}

fn full_width(character: char) -> char {
    match character {
        '!'..='~' => char::from_u32(u32::from(character) + 0xfee0).unwrap_or(character),
        other => other,
    }
}

/// Vietnamese with its tone marks as characters of their own, as windows-1258 has them.
fn tones_apart(text: &str) -> String {
    const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];
    let mut apart = String::new();
    for character in text.nfc() {
        let parts: Vec<char> = character.nfd().collect();
        let tone = parts.iter().find(|part| TONES.contains(part));
        let base = parts.iter().filter(|part| !TONES.contains(part));
        apart.extend(base.collect::<String>().nfc());
        apart.extend(tone);
    }
    apart
}

/// The text in UTF-8 and in every set of one and two bytes that holds all of it.
fn narrow(text: &str) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::from([text.as_bytes().to_vec()]);
    if !text.is_ascii() {
        for encoding in SINGLE_AND_DOUBLE_BYTE {
            let (bytes, _, lossy) = encoding.encode(text);
            if !lossy {
                found.insert(bytes.into_owned());
            }
        }
    }
    found
}

fn utf16(text: &str, coding: Coding) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| match coding {
            Coding::Utf16Big => unit.to_be_bytes(),
            _ => unit.to_le_bytes(),
        })
        .collect()
}

fn add_coded(bytes: &[u8], patterns: &mut BTreeSet<(Vec<u8>, Coding)>) {
    for lead in 0..3 {
        let core = base64_core(bytes, lead);
        if core.len() >= SHORTEST_BASE64 {
            patterns.insert((core, Coding::Base64));
        }
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    patterns.insert((hex.into_bytes(), Coding::Hexadecimal));
}

/// The characters of base64 that depend on these bytes alone when they begin `lead` bytes into a group of three.
fn base64_core(bytes: &[u8], lead: usize) -> Vec<u8> {
    let mut padded = vec![0; lead];
    padded.extend_from_slice(bytes);
    let whole = padded.len() * 8 / 6;
    let text = STANDARD.encode(&padded);
    let first = (lead * 8).div_ceil(6);
    text.as_bytes().get(first..whole).unwrap_or(&[]).to_vec()
}

/// The graphic characters of JIS X 0208 and KS X 1001 in their seven-bit form.
fn add_seven_bit(text: &str, patterns: &mut BTreeSet<(Vec<u8>, Coding)>) {
    for (encoding, coding) in [(EUC_JP, Coding::Japanese7), (EUC_KR, Coding::Korean7)] {
        let (bytes, _, lossy) = encoding.encode(text);
        let all_high = bytes.iter().all(|byte| *byte >= 0xa1);
        if !lossy && all_high && !bytes.is_empty() {
            let low = bytes.iter().map(|byte| byte & 0x7f).collect();
            patterns.insert((low, coding));
        }
    }
}
