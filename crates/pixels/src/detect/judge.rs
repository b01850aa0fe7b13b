//! Which text may stay: what was read decides, never a guess.

use cloakroom_core::KnownValues;
use unicode_normalization::UnicodeNormalization;

/// What becomes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// A marker, an orientation letter, a measurement or a scale.
    Stays,
    /// A value of the patient, or anything that is not known to be harmless.
    Goes,
}

/// Markers of side, view and position.
const MARKERS: &[&str] = &[
    "LT", "RT", "LEFT", "RIGHT", "CC", "MLO", "ML", "LM", "LCC", "RCC", "LMLO", "RMLO", "LML",
    "RML", "XCCL", "LXCCL", "RXCCL", "AP", "PA", "LAT", "OBL", "ERECT", "UPRIGHT", "SUPINE",
    "PRONE", "PORTABLE", "SITTING", "AX", "SAG", "COR", "TRANS", "LONG", "INSP", "EXP", "LAO",
    "RAO", "CRAN", "CAUD",
];

/// Words that machines write beside numbers.
const LABELS: &[&str] = &[
    "MI", "TI", "TIS", "TIB", "TIC", "FR", "DR", "GN", "GAIN", "PRF", "WF", "FREQ", "DIST",
    "DEPTH", "VEL", "VOL", "AREA", "CIRC", "2D", "3D", "MM", "PW", "CW", "CF", "CFM", "THI", "MAP",
    "ZOOM", "DYN", "PWR", "RES", "GEN", "SV", "FPS", "PERSIST", "WL", "WW", "C", "W", "T", "D",
    "FOV", "SL", "TR", "TE", "KV", "MA", "MAS", "BPM", "LOW", "HIGH", "MED", "SCALE", "ANGLE",
    "OPT", "FRAME", "IM", "SE", "X", "HR", "PS", "ED", "RI", "PI",
];

/// Units that may follow a number.
const UNITS: &[&str] = &[
    "", "MM", "CM", "M", "ML", "CC", "CM2", "MM2", "CM3", "MS", "S", "SEC", "HZ", "KHZ", "MHZ",
    "DB", "%", "M/S", "CM/S", "MMHG", "BPM", "FPS", "DEG", "C", "KV", "MA", "MAS", "HU", "X", "MW",
    "MBQ", "UM", "PX", "FR/S", "W",
];

/// Values of a patient shorter than this say nothing when they are found inside other text.
const SHORTEST_VALUE: usize = 3;

pub(crate) fn judge(text: &str, known: &KnownValues) -> Judgement {
    if mentions(text, known)
        || !text
            .chars()
            .all(|letter| letter.is_ascii() || "°±²³µ".contains(letter))
    {
        return Judgement::Goes;
    }
    let text: String = text.nfkc().collect::<String>().to_uppercase();
    let words: Vec<&str> = text
        .split(|letter: char| {
            letter.is_whitespace()
                || matches!(letter, ':' | '=' | ',' | ';' | '(' | ')' | '[' | ']')
        })
        .filter(|word| !word.is_empty())
        .collect();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    // Times and dates survive no split: a colon between digits tells a clock.
    let clock = text
        .as_bytes()
        .windows(3)
        .any(|three| three[0].is_ascii_digit() && three[1] == b':' && three[2].is_ascii_digit());
    let harmless = !words.is_empty()
        && !clock
        && digits <= 4 * words.len().min(3)
        && words.iter().all(|word| is_harmless(word))
        // Several bare numbers in a row may be the parts of a date or of an identifier.
        && words.iter().filter(|word| word.chars().all(|letter| letter.is_ascii_digit())).count() <= 1;
    if harmless {
        Judgement::Stays
    } else {
        Judgement::Goes
    }
}

/// Whether a text is one of the known words of side, view and position, and not a single letter.
pub(crate) fn is_marker(text: &str) -> bool {
    let text = text.trim().to_uppercase();
    text.len() > 1 && is_marker_word(&text)
}

/// A marker as it is written, or, of three letters and more, as readers of small letters tell it: H for M, 0 for O.
fn is_marker_word(word: &str) -> bool {
    MARKERS.contains(&word)
        || word.len() > 2 && MARKERS.contains(&word.replace('H', "M").replace('0', "O").as_str())
}

fn is_harmless(word: &str) -> bool {
    is_marker_word(word)
        || LABELS.contains(&word)
        || !word.is_empty() && UNITS.contains(&word)
        || is_unit(word)
        || is_orientation(word)
        || is_measurement(word)
        || is_labelled_measurement(word)
}

/// A label with its number and no space between, as readers of small letters tell `MI 1.2`. After a single letter there
/// must be more than digits, for a letter and digits may be a bed or an identifier.
fn is_labelled_measurement(word: &str) -> bool {
    // The I of an index is read as a 1.
    if let Some(index) = word.strip_prefix("M1").or_else(|| word.strip_prefix("T1"))
        && index.contains('.')
        && is_measurement(index)
    {
        return true;
    }
    let start = word
        .find(|letter: char| letter.is_ascii_digit())
        .unwrap_or(word.len());
    let (label, number) = word.split_at(start);
    let tells_more = label.len() > 1 || number.chars().any(|letter| !letter.is_ascii_digit());
    LABELS.contains(&label) && tells_more && is_measurement(number)
}

fn is_unit(word: &str) -> bool {
    !word.is_empty() && UNITS.contains(&word)
}

/// Up to three letters of left, right, anterior, posterior, head, foot, superior, inferior, none twice.
fn is_orientation(word: &str) -> bool {
    let letters = word.as_bytes();
    (1..=3).contains(&letters.len())
        && letters.iter().all(|letter| b"LRAPHFSI".contains(letter))
        && (1..letters.len()).all(|at| !letters[..at].contains(&letters[at]))
}

/// A number of up to three digits before the point and three after it, and a unit.
fn is_measurement(word: &str) -> bool {
    let number = word.trim_start_matches(['+', '-', '±', '~', '<', '>']);
    let end = number
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(number.len());
    let (number, unit) = number.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let unit = unit
        .trim_start_matches('°')
        .replace('²', "2")
        .replace('³', "3")
        .replace('µ', "U");
    (1..=3).contains(&whole.len())
        && fraction.len() <= 3
        && !fraction.contains('.')
        && UNITS.contains(&unit.as_str())
}

/// Whether a value of the patient, or a part of a name, is in the text, whatever stands between its letters.
fn mentions(text: &str, known: &KnownValues) -> bool {
    let text = folded(text);
    known.iter().any(|value| {
        let value = value.value.expose();
        let parts = value.split(['^', '=', ' ', ',', '\\']).map(folded);
        parts.chain([folded(value)]).any(|part| {
            let wide = !part.is_ascii();
            part.chars().count() >= if wide { 1 } else { SHORTEST_VALUE } && text.contains(&part)
        })
    })
}

fn folded(text: &str) -> String {
    text.nfkc()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::{KnownKind, KnownValue, Phi};

    fn known() -> KnownValues {
        let value = |kind, text: &str| KnownValue {
            kind,
            value: Phi::new(text.into()),
        };
        KnownValues::new(vec![
            value(KnownKind::PatientName, "LAT^RIGHTER"),
            value(KnownKind::PatientName, "王^小东"),
            value(KnownKind::PatientId, "A-123"),
        ])
    }

    #[test]
    fn markers_measurements_and_scales_stay() {
        for text in [
            "L",
            "R",
            "RCC",
            "L MLO",
            "LPH",
            "AP ERECT",
            "15.3 mm",
            "MI 1.2",
            "TIS 0.4",
            "Gain 62%",
            "12cm",
            "-40",
            "D 23.4 mm",
            "5.0MHz",
            "0.5",
            "120",
            "HR 72bpm",
            "3.5 cm²",
            "MI1.2",
            "TIs0.4",
            "D23.4mm",
            "M11.2",
            "LHLO",
        ] {
            assert_eq!(
                judge(text, &KnownValues::default()),
                Judgement::Stays,
                "{text}"
            );
        }
    }

    #[test]
    fn names_identifiers_dates_and_the_unknown_go() {
        for text in [
            "ZHANG SAN",
            "12345678",
            "1984",
            "2014/03/10",
            "12-MAR-2001",
            "10 03 84",
            "10:31:22",
            "WESTWAY MEDICAL",
            "张三",
            "ID 100234",
            "",
            "Dr Lee",
            "12.03.1984",
            "LL",
            "ABC",
            "1 2",
            "1.2.3",
            "D123",
            "MI12345",
            "LEE1.2",
        ] {
            assert_eq!(
                judge(text, &KnownValues::default()),
                Judgement::Goes,
                "{text}"
            );
        }
    }

    #[test]
    fn a_value_of_the_patient_goes_even_if_it_looks_harmless() {
        assert_eq!(judge("LAT", &KnownValues::default()), Judgement::Stays);
        for text in ["LAT", "right er", "A 123", "王"] {
            assert_eq!(judge(text, &known()), Judgement::Goes, "{text}");
        }
    }
}
