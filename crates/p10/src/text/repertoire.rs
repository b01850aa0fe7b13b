//! The coded character sets of PS3.3 table C.12-2 to C.12-5 and their escape sequences.

use encoding_rs::Encoding;

/// One coded character set that a code element G0 or G1 can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repertoire {
    /// ISO-IR 6: ASCII.
    Ascii,
    /// ISO-IR 14: the Latin half of JIS X 0201, with yen and overline.
    JisRoman,
    /// ISO-IR 13: the katakana half of JIS X 0201.
    JisKatakana,
    /// ISO-IR 100: Latin 1.
    Latin1,
    /// ISO-IR 101: Latin 2.
    Latin2,
    /// ISO-IR 109: Latin 3.
    Latin3,
    /// ISO-IR 110: Latin 4.
    Latin4,
    /// ISO-IR 144: Cyrillic.
    Cyrillic,
    /// ISO-IR 127: Arabic.
    Arabic,
    /// ISO-IR 126: Greek.
    Greek,
    /// ISO-IR 138: Hebrew.
    Hebrew,
    /// ISO-IR 148: Latin 5, Turkish.
    Latin5,
    /// ISO-IR 203: Latin 9.
    Latin9,
    /// ISO-IR 166: TIS 620, Thai.
    Thai,
    /// ISO-IR 87: JIS X 0208.
    JisX0208,
    /// ISO-IR 159: JIS X 0212.
    JisX0212,
    /// ISO-IR 149: KS X 1001.
    KsX1001,
    /// ISO-IR 58: GB 2312.
    Gb2312,
}

/// Which half of the code a set is called into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    /// Bytes 0x20 to 0x7F.
    G0,
    /// Bytes 0xA0 to 0xFF.
    G1,
}

use Half::{G0, G1};
use Repertoire as R;

/// Escape sequences without their first byte, the half that each calls into, and what it calls.
const ESCAPES: [(&[u8], Half, R); 18] = [
    (b"(B", G0, R::Ascii),
    (b"(J", G0, R::JisRoman),
    (b")I", G1, R::JisKatakana),
    (b"-A", G1, R::Latin1),
    (b"-B", G1, R::Latin2),
    (b"-C", G1, R::Latin3),
    (b"-D", G1, R::Latin4),
    (b"-L", G1, R::Cyrillic),
    (b"-G", G1, R::Arabic),
    (b"-F", G1, R::Greek),
    (b"-H", G1, R::Hebrew),
    (b"-M", G1, R::Latin5),
    (b"-b", G1, R::Latin9),
    (b"-T", G1, R::Thai),
    (b"$B", G0, R::JisX0208),
    (b"$(D", G0, R::JisX0212),
    (b"$)C", G1, R::KsX1001),
    (b"$)A", G1, R::Gb2312),
];

/// The escape sequence at the beginning of `bytes`, behind its first byte ESC.
pub(crate) fn escape(bytes: &[u8]) -> Option<(usize, Half, Repertoire)> {
    ESCAPES
        .iter()
        .find(|(sequence, _, _)| bytes.starts_with(sequence))
        .map(|(sequence, half, set)| (sequence.len(), *half, *set))
}

impl Repertoire {
    /// Looks a set up by its number in the register of ISO.
    pub(crate) const fn by_number(number: &[u8]) -> Option<Self> {
        Some(match number {
            b"6" => R::Ascii,
            b"13" => R::JisKatakana,
            b"100" => R::Latin1,
            b"101" => R::Latin2,
            b"109" => R::Latin3,
            b"110" => R::Latin4,
            b"144" => R::Cyrillic,
            b"127" => R::Arabic,
            b"126" => R::Greek,
            b"138" => R::Hebrew,
            b"148" => R::Latin5,
            b"203" => R::Latin9,
            b"166" => R::Thai,
            b"87" => R::JisX0208,
            b"159" => R::JisX0212,
            b"149" => R::KsX1001,
            b"58" => R::Gb2312,
            _ => return None,
        })
    }

    /// The escape sequence that calls the set, behind ESC, and the half that it is called into.
    pub(crate) fn designation(self) -> (&'static [u8], Half) {
        ESCAPES
            .iter()
            .find(|(_, _, set)| *set == self)
            .map_or((b"(B", G0), |(sequence, half, _)| (sequence, *half))
    }

    pub(crate) const fn is_multi_byte(self) -> bool {
        matches!(self, R::JisX0208 | R::JisX0212 | R::KsX1001 | R::Gb2312)
    }

    /// The table of encoding_rs whose upper half holds this set; `None` where no table does.
    fn table(self) -> Option<&'static Encoding> {
        Some(match self {
            R::Latin2 => encoding_rs::ISO_8859_2,
            R::Latin3 => encoding_rs::ISO_8859_3,
            R::Latin4 => encoding_rs::ISO_8859_4,
            R::Cyrillic => encoding_rs::ISO_8859_5,
            R::Arabic => encoding_rs::ISO_8859_6,
            R::Greek => encoding_rs::ISO_8859_7,
            R::Hebrew => encoding_rs::ISO_8859_8,
            // From 0xA0 on, windows-1254 is ISO 8859-9, and windows-874 is TIS 620 with a no-break space.
            R::Latin5 => encoding_rs::WINDOWS_1254,
            R::Latin9 => encoding_rs::ISO_8859_15,
            R::Thai => encoding_rs::WINDOWS_874,
            R::JisX0208 | R::JisX0212 => encoding_rs::EUC_JP,
            R::KsX1001 => encoding_rs::EUC_KR,
            R::Gb2312 => encoding_rs::GBK,
            R::Ascii | R::JisRoman | R::JisKatakana | R::Latin1 => return None,
        })
    }

    /// The character of a single-byte set; the byte's own half does not matter to the answer.
    pub(crate) fn decode_byte(self, byte: u8) -> Option<char> {
        let low = byte & 0x7F;
        match self {
            R::Ascii => Some(char::from(low)),
            R::JisRoman => Some(match low {
                0x5C => '\u{A5}',
                0x7E => '\u{203E}',
                other => char::from(other),
            }),
            _ if low < 0x20 => None,
            R::Latin1 => Some(char::from(low | 0x80)),
            R::JisKatakana => (0x21..=0x5F)
                .contains(&low)
                .then(|| char::from_u32(0xFF61 + u32::from(low) - 0x21))
                .flatten(),
            _ => one_char(self.table()?, &[low | 0x80]),
        }
    }

    /// The character of two bytes of a multi-byte set, in whichever half they stand.
    pub(crate) fn decode_pair(self, first: u8, second: u8) -> Option<char> {
        let (first, second) = (first | 0x80, second | 0x80);
        if !(0xA1..=0xFE).contains(&first) || !(0xA1..=0xFE).contains(&second) {
            return None;
        }
        let table = self.table()?;
        if self == R::JisX0212 {
            one_char(table, &[0x8F, first, second])
        } else {
            one_char(table, &[first, second])
        }
    }

    /// The bytes of a character in this set, in the half that the set is called into.
    pub(crate) fn encode(self, character: char) -> Option<Encoded> {
        let single = |byte: u8| {
            Some(Encoded {
                bytes: [byte, 0],
                len: 1,
            })
        };
        match self {
            R::Ascii => u8::try_from(character)
                .ok()
                .filter(u8::is_ascii)
                .and_then(single),
            R::JisRoman => match character {
                '\u{A5}' => single(0x5C),
                '\u{203E}' => single(0x7E),
                '\\' | '~' => None,
                _ => R::Ascii.encode(character),
            },
            R::Latin1 => u8::try_from(character)
                .ok()
                .filter(|byte| *byte >= 0xA0)
                .and_then(single),
            R::JisKatakana => {
                let offset = u32::from(character).checked_sub(0xFF61)?;
                (offset < 0x3F).then_some(())?;
                single(0xA1 + u8::try_from(offset).ok()?)
            }
            _ => self.encode_by_table(character),
        }
    }

    fn encode_by_table(self, character: char) -> Option<Encoded> {
        if character.is_ascii() {
            return None;
        }
        let table = self.table()?;
        let mut buffer = [0; 4];
        if self == R::JisX0212 {
            return jis_x_0212(character);
        }
        let (bytes, _, unmappable) = table.encode(character.encode_utf8(&mut buffer));
        let encoded = match *bytes {
            _ if unmappable => return None,
            [byte] if byte >= 0xA0 && !self.is_multi_byte() => Encoded {
                bytes: [byte, 0],
                len: 1,
            },
            [first, second] if first >= 0xA1 && second >= 0xA1 && self.is_multi_byte() => Encoded {
                bytes: [first, second],
                len: 2,
            },
            _ => return None,
        };
        // Tables are wider than the sets in places, and some characters encode one way only.
        let back = if self.is_multi_byte() {
            self.decode_pair(encoded.bytes[0], encoded.bytes[1])
        } else {
            self.decode_byte(encoded.bytes[0])
        };
        let (_, half) = self.designation();
        let mask = if half == G0 { 0x7F } else { 0xFF };
        (back == Some(character)).then_some(Encoded {
            bytes: encoded.bytes.map(|byte| byte & mask),
            len: encoded.len,
        })
    }
}

/// The encoder for EUC-JP never writes JIS X 0212, so its table is searched from the other side.
fn jis_x_0212(character: char) -> Option<Encoded> {
    for first in 0x21..=0x7E_u8 {
        for second in 0x21..=0x7E_u8 {
            if R::JisX0212.decode_pair(first, second) == Some(character) {
                return Some(Encoded {
                    bytes: [first, second],
                    len: 2,
                });
            }
        }
    }
    None
}

/// One or two bytes.
#[derive(Clone, Copy)]
pub(crate) struct Encoded {
    bytes: [u8; 2],
    len: usize,
}

impl Encoded {
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn one_char(table: &'static Encoding, bytes: &[u8]) -> Option<char> {
    let text = table.decode_without_bom_handling_and_without_replacement(bytes)?;
    let mut characters = text.chars();
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}
