//! Folding: what is compared is not what was written, but what a reader would take it for.
//!
//! Full-width letters, marks, digits of other scripts, look-alike letters, invisible signs and case are
//! folded away; each folded sign remembers which bytes of the original it stands for.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, is_combining_mark};

/// What kind of sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A letter of a script that sets words apart by spaces.
    Letter,
    /// A decimal digit, of whatever script, folded to ASCII.
    Digit,
    /// A sign of a script without spaces between words, or with words that join: Han, kana, Hangul, Thai and kin.
    Dense,
    /// White space.
    Space,
    /// Anything else.
    Mark,
}

/// One folded sign.
#[derive(Clone, Copy)]
pub(crate) struct Sign {
    /// Lower case, without marks, look-alikes folded.
    pub(crate) fold: char,
    /// Lower case with its marks, for lexicons of languages that need them.
    pub(crate) plain: char,
    pub(crate) class: Class,
    /// Whether it was an upper-case letter.
    pub(crate) upper: bool,
    /// The bytes it stands for.
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A folded text.
pub(crate) struct Folded {
    pub(crate) signs: Vec<Sign>,
}

impl Folded {
    pub(crate) fn new(text: &str) -> Self {
        let signs = if text.is_ascii() {
            fold_ascii(text)
        } else {
            fold_unicode(text)
        };
        Self { signs }
    }

    /// The sign at a place, if there is one.
    pub(crate) fn at(&self, place: usize) -> Option<Sign> {
        self.signs.get(place).copied()
    }

    /// The class at a place; [`Class::Space`] outside the text.
    pub(crate) fn class(&self, place: usize) -> Class {
        self.signs
            .get(place)
            .map_or(Class::Space, |sign| sign.class)
    }

    /// The folded text of some signs.
    pub(crate) fn folded(&self, start: usize, end: usize) -> String {
        self.signs[start..end]
            .iter()
            .map(|sign| sign.fold)
            .collect()
    }

    /// The text of some signs in lower case with marks.
    pub(crate) fn plain(&self, start: usize, end: usize) -> String {
        self.signs[start..end]
            .iter()
            .map(|sign| sign.plain)
            .collect()
    }

    /// Whether a word may begin here: what stands before is of another kind, or a hump of camel case begins.
    pub(crate) fn begins(&self, place: usize) -> bool {
        if place == 0 || place >= self.signs.len() {
            return true;
        }
        let (before, here) = (&self.signs[place - 1], &self.signs[place]);
        before.class != here.class
            || here.class == Class::Dense
            || (here.class == Class::Letter && here.upper && !before.upper)
            || (here.class == Class::Letter
                && here.upper
                && before.upper
                && self.signs.get(place + 1).is_some_and(|next| {
                    next.class == Class::Letter && !next.upper && has_case(next.fold)
                }))
    }

    /// The end of the run of signs of one class that begins here.
    pub(crate) fn run_end(&self, start: usize) -> usize {
        let class = self.class(start);
        let mut end = start;
        while end < self.signs.len() && self.signs[end].class == class {
            end += 1;
        }
        end
    }
}

fn has_case(sign: char) -> bool {
    sign.is_alphabetic()
}

fn fold_ascii(text: &str) -> Vec<Sign> {
    text.bytes()
        .zip(0u32..)
        .map(|(byte, start)| {
            let fold = char::from(byte.to_ascii_lowercase());
            let class = match byte {
                b'0'..=b'9' => Class::Digit,
                b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
                b' ' | b'\t' | b'\r' | b'\n' | 0x0c => Class::Space,
                _ => Class::Mark,
            };
            Sign {
                fold,
                plain: fold,
                class,
                upper: byte.is_ascii_uppercase(),
                start,
                end: start + 1,
            }
        })
        .collect()
}

fn fold_unicode(text: &str) -> Vec<Sign> {
    let mut signs: Vec<Sign> = Vec::with_capacity(text.len());
    for (start, original) in text.char_indices() {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = start.saturating_add(original.len_utf8() as u32);
        if is_invisible(original) {
            extend_last(&mut signs, end);
            continue;
        }
        for sign in core::iter::once(original).nfkc() {
            push_sign(&mut signs, sign, original.is_uppercase(), start, end);
        }
    }
    signs
}

fn extend_last(signs: &mut [Sign], end: u32) {
    if let Some(last) = signs.last_mut() {
        last.end = end;
    }
}

fn push_sign(signs: &mut Vec<Sign>, sign: char, upper: bool, start: u32, end: u32) {
    if is_combining_mark(sign) && !is_dense(sign) {
        // A mark that follows its letter joins it: kana are composed, marks on letters are folded away.
        if let Some(last) = signs.last_mut() {
            if let Some(whole) = compose(last.plain, sign) {
                last.plain = whole;
                last.fold = fold_letter(whole);
            }
            last.end = end;
        }
        return;
    }
    let upper = upper || sign.is_uppercase();
    for lower in sign.to_lowercase() {
        if is_combining_mark(lower) && !is_dense(lower) {
            continue;
        }
        let (fold, class) = classify(lower);
        signs.push(Sign {
            fold,
            plain: if class == Class::Digit { fold } else { lower },
            class,
            upper,
            start,
            end,
        });
    }
}

fn classify(sign: char) -> (char, Class) {
    if let Some(digit) = digit(sign) {
        return (digit, Class::Digit);
    }
    if sign.is_whitespace() {
        return (' ', Class::Space);
    }
    if is_dense(sign) {
        return (sign, Class::Dense);
    }
    if sign.is_alphabetic() {
        return (fold_letter(sign), Class::Letter);
    }
    (fold_mark(sign), Class::Mark)
}

/// Signs that show nothing and could split a name unseen.
const fn is_invisible(sign: char) -> bool {
    matches!(sign,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}')
}

/// Scripts whose words are not set apart by spaces, or join with what follows.
pub(crate) const fn is_dense(sign: char) -> bool {
    matches!(sign,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3130}'..='\u{318f}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
        && !matches!(sign, '\u{3099}' | '\u{309a}' | '\u{30fb}' | '\u{30a0}')
}

/// The value of a decimal digit in the scripts that people of the region write, as an ASCII digit.
fn digit(sign: char) -> Option<char> {
    const ZEROS: [u32; 14] = [
        0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xe50, 0xed0, 0x1040,
        0x17e0,
    ];
    let code = u32::from(sign);
    ZEROS
        .iter()
        .find(|zero| (**zero..**zero + 10).contains(&code))
        .and_then(|zero| char::from_digit(code - zero, 10))
}

/// A letter without its marks, with look-alikes of other scripts turned Latin.
fn fold_letter(sign: char) -> char {
    if sign.is_ascii() {
        return sign;
    }
    match sign {
        'đ' | 'ð' => 'd',
        'ø' => 'o',
        'ł' => 'l',
        'ı' => 'i',
        'а' | 'α' => 'a',
        'в' | 'β' => 'b',
        'с' | 'ϲ' => 'c',
        'е' | 'ε' => 'e',
        'н' | 'η' => 'h',
        'і' | 'ι' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'ν' => 'v',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'х' | 'χ' => 'x',
        'у' => 'y',
        _ => match core::iter::once(sign).nfd().next() {
            Some(base) if base.is_ascii() => base,
            _ => sign,
        },
    }
}

/// Dashes, quotes and stops of other scripts as ASCII.
const fn fold_mark(sign: char) -> char {
    match sign {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => '-',
        '\u{2018}' | '\u{2019}' | '\u{2032}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{3001}' => ',',
        '\u{3002}' => '.',
        '\u{3010}' | '\u{300c}' | '\u{3008}' | '\u{300a}' => '[',
        '\u{3011}' | '\u{300d}' | '\u{3009}' | '\u{300b}' => ']',
        '\u{2044}' => '/',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> String {
        let folded = Folded::new(text);
        folded.folded(0, folded.signs.len())
    }

    #[test]
    fn written_forms_fold_together() {
        for form in [
            "Smith",
            "ＳＭＩＴＨ",
            "S\u{200b}mith",
            "ЅМІТН",
            "Śmíth",
            "sm\u{ad}ith",
        ] {
            assert_eq!(fold(form), "smith", "{form}");
        }
        assert_eq!(fold("Đỗ Ngữ"), "do ngu");
        assert_eq!(fold("e\u{301}le\u{300}ve"), "eleve");
        assert_eq!(fold("๑๒๓ １２３ ١٢٣"), "123 123 123");
        assert_eq!(fold("ﾀﾅｶ ｶﾞ"), "タナカ ガ");
        assert_eq!(fold("5㎜"), "5mm");
        assert_eq!(fold("홍길동"), "홍길동");
        assert_eq!(fold("王（男）"), "王(男)");
    }

    #[test]
    fn signs_know_their_bytes() {
        let text = "é王5";
        let folded = Folded::new(text);
        let pieces: Vec<&str> = folded
            .signs
            .iter()
            .map(|sign| &text[sign.start as usize..sign.end as usize])
            .collect();
        assert_eq!(pieces, ["é", "王", "5"]);
        assert_eq!(folded.signs[0].plain, 'é');
    }

    #[test]
    fn humps_begin_words() {
        let folded = Folded::new("MPRAGESag3D");
        let begins: Vec<usize> = (0..folded.signs.len())
            .filter(|place| folded.begins(*place))
            .collect();
        assert_eq!(begins, [0, 6, 9, 10]);
    }
}
