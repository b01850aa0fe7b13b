//! ISO 2022 with the restrictions of PS3.5 section 6.1.2.5: what the code elements hold, and when they reset.

use super::repertoire::{Half, Repertoire, escape};
use super::{NotEncodable, TextError};

const ESC: u8 = 0x1B;

/// What the two code elements hold at the start of a value, and what escape sequences may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeExtensions {
    pub(crate) g0: Repertoire,
    pub(crate) g1: Option<Repertoire>,
    /// The sets beyond those two, in the order of (0008,0005); empty where no escapes are allowed.
    pub(crate) others: Vec<Repertoire>,
    /// Whether escape sequences may occur.
    pub(crate) escapes: bool,
}

/// The characters that bring the code elements back to what they held first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resets {
    /// The backslash parts values.
    pub(crate) backslash: bool,
    /// `^` and `=` part components and groups of a Person Name.
    pub(crate) name: bool,
}

impl Resets {
    const fn at(self, character: char) -> bool {
        match character {
            '\r' | '\n' | '\u{C}' | '\t' => true,
            '\\' => self.backslash,
            '^' | '=' => self.name,
            _ => false,
        }
    }
}

impl CodeExtensions {
    pub(crate) fn decode(&self, bytes: &[u8], resets: Resets) -> Result<String, TextError> {
        let mut text = String::with_capacity(bytes.len());
        let mut g0 = self.g0;
        let mut g1 = self.g1;
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if byte == ESC {
                let known = escape(rest).filter(|_| self.escapes);
                let (length, half, set) = known.ok_or(TextError::Undecodable)?;
                match half {
                    Half::G0 => g0 = set,
                    Half::G1 => g1 = Some(set),
                }
                rest = &rest[length..];
                continue;
            }
            let set = match byte {
                // Control characters and the space are the same in every set.
                0..=0x20 | 0x7F => Repertoire::Ascii,
                0x21..=0x7E => g0,
                0x80.. => g1.ok_or(TextError::Undecodable)?,
            };
            let character = if set.is_multi_byte() {
                let (&second, after) = rest.split_first().ok_or(TextError::Undecodable)?;
                rest = after;
                if (second ^ byte) & 0x80 != 0 {
                    return Err(TextError::Undecodable);
                }
                set.decode_pair(byte, second)
            } else if (0x80..0xA0).contains(&byte) {
                None
            } else {
                set.decode_byte(byte)
            };
            // Where the yen sign stands in the place of the backslash, it parts values as that does.
            let character = match character {
                Some('\u{A5}') if byte == b'\\' && resets.backslash => '\\',
                Some(character) => character,
                None => return Err(TextError::Undecodable),
            };
            if resets.at(character) {
                g0 = self.g0;
                g1 = self.g1;
            }
            text.push(character);
        }
        Ok(text)
    }

    pub(crate) fn encode(&self, text: &str, resets: Resets) -> Result<Vec<u8>, NotEncodable> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut g0 = self.g0;
        let mut g1 = self.g1;
        for character in text.chars() {
            if resets.at(character) {
                if g0 != self.g0 {
                    call(&mut bytes, self.g0);
                }
                g0 = self.g0;
                g1 = self.g1;
                bytes.push(character as u8);
                continue;
            }
            if matches!(character, '\0'..=' ' | '\u{7F}') {
                if character == '\u{1B}' {
                    return Err(NotEncodable);
                }
                bytes.push(character as u8);
                continue;
            }
            let current = [Some(g0), g1].into_iter().flatten();
            let candidates = current.chain(self.callable());
            let (set, encoded) = candidates
                .filter_map(|set| Some((set, set.encode(character)?)))
                .next()
                .ok_or(NotEncodable)?;
            if set != g0 && Some(set) != g1 {
                call(&mut bytes, set);
                match set.designation().1 {
                    Half::G0 => g0 = set,
                    Half::G1 => g1 = Some(set),
                }
            }
            bytes.extend_from_slice(encoded.as_slice());
        }
        if g0 != self.g0 {
            call(&mut bytes, self.g0);
        }
        Ok(bytes)
    }

    /// What an escape sequence may call, the sets of the first value before the others.
    fn callable(&self) -> impl Iterator<Item = Repertoire> {
        let first = [Some(self.g0), self.g1].into_iter().flatten();
        first
            .chain(self.others.iter().copied())
            .filter(|_| self.escapes)
    }
}

fn call(bytes: &mut Vec<u8>, set: Repertoire) {
    bytes.push(ESC);
    bytes.extend_from_slice(set.designation().0);
}
