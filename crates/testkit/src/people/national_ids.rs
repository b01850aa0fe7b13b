//! National identity numbers with right check digits. Serial parts are drawn high, so that no number
//! here is more than a pattern.

use super::{Date, Sex};
use crate::random::Random;

/// China, GB 11643: region, birth date, serial (odd for men), check character.
#[must_use]
pub fn china(region: &str, birth: Date, sex: Sex, random: &mut Random) -> String {
    let serial = 990 + random.below(5) * 2 + u64::from(sex == Sex::Male);
    let body = format!("{region}{}{serial:03}", birth.da());
    let check = china_check(&body);
    format!("{body}{check}")
}

/// The check character of the first 17 digits of a Chinese number.
#[must_use]
pub fn china_check(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits(body)
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    char::from(b"10X98765432"[(sum % 11) as usize])
}

/// Thailand: 13 digits, check modulo 11.
#[must_use]
pub fn thailand(random: &mut Random) -> String {
    let body = format!("{}99{}", 1 + random.below(8), random.digits(9));
    format!("{body}{}", thailand_check(&body))
}

/// The check digit of the first 12 digits of a Thai number.
#[must_use]
pub fn thailand_check(body: &str) -> u32 {
    let sum: u32 = digits(body)
        .zip((2..=13).rev())
        .map(|(digit, weight)| digit * weight)
        .sum();
    (11 - sum % 11) % 10
}

/// Korea: birth date, century and sex, serial, check modulo 11.
#[must_use]
pub fn korea(birth: Date, sex: Sex, random: &mut Random) -> String {
    let century = if birth.year < 2000 { 1 } else { 3 } + u32::from(sex == Sex::Female);
    let body = format!("{}{century}{}", &birth.da()[2..], random.digits(5));
    format!("{}-{}{}", &body[..6], &body[6..], korea_check(&body))
}

/// The check digit of the first 12 digits of a Korean number.
#[must_use]
pub fn korea_check(body: &str) -> u32 {
    const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];
    let sum: u32 = digits(body)
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    (11 - sum % 11) % 10
}

/// Japan, Individual Number: 12 digits, check modulo 11.
#[must_use]
pub fn japan(random: &mut Random) -> String {
    let body = random.digits(11);
    format!("{body}{}", japan_check(&body))
}

/// The check digit of the first 11 digits of a Japanese number.
#[must_use]
pub fn japan_check(body: &str) -> u32 {
    const WEIGHTS: [u32; 11] = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    let sum: u32 = digits(body)
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

/// Singapore NRIC: S or T, seven digits, check letter.
#[must_use]
pub fn singapore(birth: Date, random: &mut Random) -> String {
    let prefix = if birth.year < 2000 { 'S' } else { 'T' };
    let body = format!("{:02}99{}", birth.year % 100, random.digits(3));
    format!("{prefix}{body}{}", singapore_check(prefix, &body))
}

/// The check letter of a Singapore number of the S or T series.
#[must_use]
pub fn singapore_check(prefix: char, body: &str) -> char {
    const WEIGHTS: [u32; 7] = [2, 7, 6, 5, 4, 3, 2];
    let start = if prefix == 'T' { 4 } else { 0 };
    let sum: u32 = digits(body)
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    char::from(b"JZIHGFEDCBA"[((sum + start) % 11) as usize])
}

/// Malaysia MyKad: birth date, place code, serial (odd for men). It has no check digit.
#[must_use]
pub fn malaysia(birth: Date, sex: Sex, random: &mut Random) -> String {
    let serial = 9000 + random.below(499) * 2 + u64::from(sex == Sex::Male);
    format!("{}-14-{serial:04}", &birth.da()[2..])
}

/// Indonesia NIK: region, birth date with 40 added to the day of women, serial. No check digit.
#[must_use]
pub fn indonesia(birth: Date, sex: Sex, random: &mut Random) -> String {
    let day = birth.day + if sex == Sex::Female { 40 } else { 0 };
    format!(
        "317105{day:02}{:02}{:02}9{}",
        birth.month,
        birth.year % 100,
        random.digits(3)
    )
}

/// Vietnam CCCD: province, century and sex, year, serial. No check digit.
#[must_use]
pub fn vietnam(birth: Date, sex: Sex, random: &mut Random) -> String {
    let century = if birth.year < 2000 { 0 } else { 2 } + u32::from(sex == Sex::Female);
    format!("001{century}{:02}99{}", birth.year % 100, random.digits(4))
}

/// Philippines PhilSys card number: 16 digits in groups of four.
#[must_use]
pub fn philippines(random: &mut Random) -> String {
    format!(
        "{}-{}-{}-{}",
        random.digits(4),
        random.digits(4),
        random.digits(4),
        random.digits(4)
    )
}

fn digits(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.chars().filter_map(|character| character.to_digit(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_check() {
        assert_eq!(china_check("11010519491231002"), 'X');
        assert_eq!(singapore_check('S', "1234567"), 'D');
        assert_eq!(japan_check("12345678901"), 8);
    }

    #[test]
    fn check_digits_notice_a_changed_digit() {
        let mut random = Random::new(5);
        let thai = thailand(&mut random);
        assert_eq!(thai.len(), 13);
        let first = thai.as_bytes()[0] - b'0';
        let changed = format!("{}{}", first % 9 + 1, &thai[1..12]);
        assert_ne!(thailand_check(&changed), thailand_check(&thai[..12]));
        let korean = korea(
            Date {
                year: 1970,
                month: 2,
                day: 3,
            },
            Sex::Male,
            &mut random,
        );
        assert_eq!(korean.len(), 14);
        assert!(korean.starts_with("700203-1"));
    }
}
