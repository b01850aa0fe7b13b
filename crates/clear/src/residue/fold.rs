//! Folding of text, so that what a reader takes for the same is the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case, compatibility forms and marks folded away, digits of all scripts as ASCII, and everything
/// that is neither letter nor digit as one space.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let compatible: String = text.nfkc().collect();
    for character in compatible.nfd() {
        if is_accent(character) || is_invisible(character) {
            continue;
        }
        match digit(character) {
            Some(digit) => folded.push(digit),
            None if is_sign(character) => push_letter(&mut folded, character),
            None if folded.ends_with(' ') || folded.is_empty() => {}
            None => folded.push(' '),
        }
    }
    // Hangul was taken apart into its letters above; composed again, a syllable is one character.
    let composed: String = folded.nfc().collect();
    composed.trim_end().into()
}

fn push_letter(folded: &mut String, character: char) {
    match character {
        'đ' | 'Đ' | 'ð' | 'Ð' => folded.push('d'),
        'ø' | 'Ø' => folded.push('o'),
        'ł' | 'Ł' => folded.push('l'),
        'ı' => folded.push('i'),
        'ß' => folded.push_str("ss"),
        'æ' | 'Æ' => folded.push_str("ae"),
        _ => folded.extend(character.to_lowercase()),
    }
}

/// Accents over and under letters, with which and without which a name is the same.
const fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// Letters, digits, and the vowels and tones of scripts that write them as marks.
fn is_sign(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

/// Zero-width characters and soft hyphens, which nobody sees.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

/// The ASCII digit that a decimal digit of another script stands for.
fn digit(character: char) -> Option<char> {
    const ZEROS: [u32; 14] = [
        0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xbe6, 0xe50, 0xed0, 0xf20, 0x1040, 0x17e0, 0x1810,
        0x19d0, 0xff10,
    ];
    let code = u32::from(character);
    let zero = ZEROS
        .iter()
        .find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// Whether a character stands for a syllable or a word, so that two of them say as much as four letters.
pub(crate) const fn is_dense(character: char) -> bool {
    matches!(
        character as u32,
        0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff
    )
}

/// How much a text says: a letter or digit 1, an ideograph or a Hangul syllable 2, anything else nothing.
pub(crate) fn weight(text: &str) -> usize {
    text.chars()
        .map(|character| match character {
            _ if is_dense(character) => 2,
            _ if is_sign(character) && !is_accent(character) => 1,
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_alike_folds_alike() {
        for (text, folded) in [
            ("Nguyễn^Văn An", "nguyen van an"),
            ("ＺＨＡＮＧ\u{200b}　San", "zhang san"),
            ("๑๙๗๐", "1970"),
            ("１２３", "123"),
            ("홍^길동", "홍 길동"),
            ("ﾔﾏﾀﾞ", "ヤマダ"),
            ("ใจดี", "ใจดี"),
            ("Đỗ", "do"),
            ("--A__b--", "a b"),
        ] {
            assert_eq!(fold(text), folded);
            assert_eq!(fold(&fold(text)), folded);
        }
    }

    #[test]
    fn an_ideograph_weighs_two_letters() {
        assert_eq!(weight("李娜"), 4);
        assert_eq!(weight("홍"), 2);
        assert_eq!(weight("Li-1"), 3);
        assert_eq!(weight("さとう"), 3);
        assert_eq!(weight("ใจดี"), 4);
    }
}
