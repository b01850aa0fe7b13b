//! Values against the grammar, repertoire and length of their VR (PS3.5 section 6.2).

use crate::dates;
use cloakroom_core::VR;

/// What a value is in the eyes of its VR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Lawful.
    Lawful,
    /// Not lawful, but it means just this, written lawfully.
    Means(String),
    /// Not lawful.
    Unlawful,
}

/// The longest value of a text VR in characters.
pub(crate) const fn longest(vr: VR) -> usize {
    match vr {
        VR::AE | VR::CS | VR::DS | VR::SH => 16,
        VR::IS => 12,
        VR::LO | VR::UI => 64,
        VR::ST => 1024,
        VR::LT => 10_240,
        _ => usize::MAX,
    }
}

/// Whether a text has only characters that its VR allows; line ends and tabs only where text has lines.
pub(crate) fn has_lawful_signs(vr: VR, text: &str) -> bool {
    let lines = matches!(vr, VR::LT | VR::ST | VR::UT);
    !text
        .chars()
        .any(|sign| sign.is_control() && !(lines && matches!(sign, '\r' | '\n' | '\u{c}' | '\t')))
}

/// One value of a text VR without free text in it: CS, DS, IS, AS, DA, TM, DT, UI.
pub(crate) fn fit(vr: VR, value: &str) -> Fit {
    let lawful = |sound: bool| if sound { Fit::Lawful } else { Fit::Unlawful };
    if value.is_empty() {
        return Fit::Lawful;
    }
    match vr {
        VR::CS => fit_term(value),
        VR::DS => fit_decimal(value),
        VR::IS => fit_integer(value),
        VR::AS => lawful(age_in_days(value).is_some()),
        VR::DA => lawful(dates::is_da(value)),
        VR::TM => lawful(dates::is_tm(value)),
        VR::DT => lawful(dates::is_dt(value)),
        VR::UI => lawful(value.parse::<cloakroom_core::Uid>().is_ok()),
        _ => Fit::Unlawful,
    }
}

fn fit_term(value: &str) -> Fit {
    let is_term = |text: &str| {
        text.len() <= 16
            && text.bytes().all(|byte| {
                byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ' || byte == b'_'
            })
    };
    if is_term(value) {
        return Fit::Lawful;
    }
    let upper = value.to_ascii_uppercase();
    if is_term(&upper) {
        Fit::Means(upper)
    } else {
        Fit::Unlawful
    }
}

fn fit_decimal(value: &str) -> Fit {
    let text = value.trim_matches(' ');
    let signs = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = if signs {
        text.parse::<f64>().ok().filter(|number| number.is_finite())
    } else {
        None
    };
    match number {
        None => Fit::Unlawful,
        Some(_) if value.len() <= 16 => Fit::Lawful,
        Some(number) => short_decimal(number).map_or(Fit::Unlawful, Fit::Means),
    }
}

/// The most precise writing of a number in 16 characters.
fn short_decimal(number: f64) -> Option<String> {
    let plain = (0..=15).rev().map(|digits| format!("{number:.digits$}"));
    let power = (0..=10).rev().map(|digits| format!("{number:.digits$e}"));
    let fits = |text: &String| text.len() <= 16;
    let small = number != 0.0 && number.abs() < 1e-4;
    if small {
        power.into_iter().find(fits)
    } else {
        plain.chain(power).find(fits)
    }
}

fn fit_integer(value: &str) -> Fit {
    let text = value.trim_matches(' ');
    let signs = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-".contains(&byte));
    let number = if signs {
        text.parse::<i64>().ok()
    } else {
        None
    };
    match number {
        Some(number) if i32::try_from(number).is_ok() && value.len() <= 12 => return Fit::Lawful,
        Some(number) if i32::try_from(number).is_ok() => return Fit::Means(number.to_string()),
        Some(_) => return Fit::Unlawful,
        None => {}
    }
    // `5.000` is the integer 5.
    let whole = text
        .split_once('.')
        .filter(|(_, fraction)| fraction.bytes().all(|byte| byte == b'0'));
    match whole.and_then(|(whole, _)| whole.parse::<i32>().ok()) {
        Some(number) => Fit::Means(number.to_string()),
        None => Fit::Unlawful,
    }
}

/// Days of an age `nnnD`, `nnnW`, `nnnM` or `nnnY`.
pub(crate) fn age_in_days(value: &str) -> Option<u32> {
    let bytes = value.as_bytes();
    let (digits, unit) = bytes.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count = digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    match unit {
        b"D" => Some(count),
        b"W" => Some(count * 7),
        b"M" => Some(count * 3044 / 100),
        b"Y" => Some(count * 36_525 / 100),
        _ => None,
    }
}

/// An age with a limit in years: the limit where it is over it. `None` for what is no age.
pub(crate) fn capped_age(value: &str, years: u16) -> Option<String> {
    let days = age_in_days(value)?;
    let years = years.min(999);
    // An age of just the limit in another unit stays; a year over it does not.
    let over = days >= (u32::from(years) + 1) * 36_525 / 100;
    Some(if over {
        format!("{years:03}Y")
    } else {
        value.to_owned()
    })
}

/// The bytes of one number of a binary VR; `None` for VRs that are not numbers.
pub(crate) const fn number_size(vr: VR) -> Option<usize> {
    match vr {
        VR::US | VR::SS => Some(2),
        VR::UL | VR::SL | VR::FL | VR::AT => Some(4),
        VR::FD | VR::SV | VR::UV => Some(8),
        _ => None,
    }
}

/// Fewer bytes than this may look like letters by chance.
const FEWEST_LETTERS: usize = 8;
/// Binary numbers whose bytes are all digits of text are rarer than letters by chance.
const FEWEST_DIGITS: usize = 6;

/// Whether the bytes of binary numbers are a text from end to end, which no measurement is.
///
/// Letters make most of it, so that small integers and plain floating-point numbers, which have zero bytes or begin
/// with a sign, are never taken for words.
pub(crate) fn spells_words(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_end();
    let text = &text[..text.len() - text.iter().rev().take_while(|byte| **byte == 0).count()];
    if text.len() >= FEWEST_DIGITS && text.iter().all(u8::is_ascii_digit) {
        return true;
    }
    let letters = text
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count();
    let sign = |byte: &u8| byte.is_ascii_alphanumeric() || b" ^.,-_:=/'".contains(byte);
    letters >= FEWEST_LETTERS && letters * 4 >= text.len() * 3 && text.iter().all(sign)
}

/// Digits of a whole number that seldom counts or measures anything.
const DIGITS_OF_A_CODE: usize = 8;

/// Whether a number is written as a serial number, a telephone number or a date is: eight digits or more, and none of
/// the zeros at the end that a large quantity of few significant digits has. Powers of two are sizes and depths.
pub(crate) fn is_serial(value: &str) -> bool {
    let digits = value.len() >= DIGITS_OF_A_CODE && value.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || value.ends_with("000") {
        return digits && is_compact_date(value);
    }
    let size = value
        .parse::<u64>()
        .is_ok_and(|number| number.is_power_of_two() || (number + 1).is_power_of_two());
    let limit = value.bytes().all(|byte| byte == b'9');
    !size && !limit
}

/// Whether digits are a day of the last or this century, as `YYYYMMDD`.
pub(crate) fn is_compact_date(digits: &str) -> bool {
    digits.len() == 8
        && (digits.starts_with("19") || digits.starts_with("20"))
        && dates::is_da(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_numbers_and_ages() {
        for (vr, value, wanted) in [
            (VR::CS, "M_FFE", Fit::Lawful),
            (VR::CS, "Chest", Fit::Means("CHEST".into())),
            (VR::CS, "JOHN SMITH-ZHANG", Fit::Unlawful),
            (VR::CS, "A VERY LONG TERM INDEED", Fit::Unlawful),
            (VR::CS, "王", Fit::Unlawful),
            (VR::DS, "-1.5e+3", Fit::Lawful),
            (
                VR::DS,
                "0.12345678901234567",
                Fit::Means("0.12345678901235".into()),
            ),
            (
                VR::DS,
                "-0.000000012345678901",
                Fit::Means("-1.23456789e-8".into()),
            ),
            (VR::DS, "12 John", Fit::Unlawful),
            (VR::DS, "inf", Fit::Unlawful),
            (VR::DS, "NaN", Fit::Unlawful),
            (VR::IS, "+12", Fit::Lawful),
            (VR::IS, "5.000", Fit::Means("5".into())),
            (VR::IS, "5.5", Fit::Unlawful),
            (VR::IS, "99999999999", Fit::Unlawful),
            (VR::IS, "4711 Smith", Fit::Unlawful),
            (VR::AS, "045Y", Fit::Lawful),
            (VR::AS, "45", Fit::Unlawful),
            (VR::AS, "45Y ", Fit::Unlawful),
            (VR::UI, "1.2.3", Fit::Lawful),
            (VR::UI, "Smith", Fit::Unlawful),
        ] {
            let found = fit(vr, value);
            match (&found, &wanted) {
                (Fit::Means(found), Fit::Means(wanted)) if vr == VR::DS => {
                    let (found, wanted): (f64, f64) =
                        (found.parse().unwrap(), wanted.parse().unwrap());
                    assert!((found - wanted).abs() <= wanted.abs() * 1e-6, "{value}");
                }
                _ => assert_eq!(found, wanted, "{value}"),
            }
        }
        assert!(short_decimal(-123_456_789.123_456_79).is_some_and(|text| text.len() <= 16));
    }

    #[test]
    fn ages_are_capped_in_every_unit() {
        for (age, wanted) in [
            ("089Y", Some("089Y")),
            ("090Y", Some("089Y")),
            ("109Y", Some("089Y")),
            ("999M", Some("999M")),
            ("003D", Some("003D")),
            ("x", None),
            ("045y", None),
        ] {
            assert_eq!(capped_age(age, 89).as_deref(), wanted, "{age}");
        }
        assert_eq!(capped_age("999W", 18).as_deref(), Some("018Y"));
    }

    #[test]
    fn words_in_numbers_are_seen_and_numbers_are_no_words() {
        assert!(spells_words(b"FORIBEWUFUZI"));
        assert!(spells_words(b"ZHANG^XIAODONG\0\0"));
        for number in [1.0_f64, 131_072.5, -3.25e7, core::f64::consts::PI] {
            assert!(!spells_words(&number.to_le_bytes()), "{number}");
            let single: Vec<u8> = [number as f32; 4]
                .iter()
                .flat_map(|one| one.to_le_bytes())
                .collect();
            assert!(!spells_words(&single), "{number}");
        }
        assert!(!spells_words(&[
            0x41, 0, 0x42, 0, 0x43, 0, 0x44, 0, 0x45, 0
        ]));
        assert!(!spells_words(b"ABCD"));
    }

    #[test]
    fn serial_numbers_are_told_from_quantities() {
        for serial in [
            "1974957143",
            "000012345678",
            "374810016",
            "91234567",
            "19610312",
            "20010000001",
        ] {
            assert!(is_serial(serial), "{serial}");
        }
        for quantity in [
            "370000000",
            "7400000000",
            "16777216",
            "16777215",
            "99999999",
            "1048576",
            "4821355",
            "1234567890.5",
            "-1974957143",
        ] {
            assert!(!is_serial(quantity), "{quantity}");
        }
    }

    #[test]
    fn control_signs_are_no_text() {
        assert!(!has_lawful_signs(VR::LO, "a\0b"));
        assert!(!has_lawful_signs(VR::LO, "a\nb"));
        assert!(has_lawful_signs(VR::LT, "a\r\nb"));
    }
}
