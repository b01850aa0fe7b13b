//! Encoding of text in the character sets that PS3.3 C.12.1.1.2 names, code extensions included.

use encoding_rs::{EUC_JP, EUC_KR, Encoding, GB18030, GBK, WINDOWS_874, WINDOWS_1254};

/// The value of Specific Character Set (0008,0005), ready to encode with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charset {
    terms: Vec<String>,
}

impl Default for Charset {
    fn default() -> Self {
        Self::parse("")
    }
}

impl Charset {
    /// Takes the values of Specific Character Set, joined with a backslash as they stand in the file.
    #[must_use]
    pub fn parse(value: &str) -> Self {
        Self {
            terms: value
                .split('\\')
                .map(|term| term.trim().to_owned())
                .collect(),
        }
    }

    /// Encodes text. Characters that no declared set holds become `?`, as careless devices do.
    #[must_use]
    pub fn encode(&self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut designated: Option<&str> = None;
        for character in text.chars() {
            if is_delimiter(character) {
                self.leave_multibyte(&mut designated, &mut out);
            }
            self.encode_character(character, &mut designated, &mut out);
        }
        self.leave_multibyte(&mut designated, &mut out);
        out
    }

    /// Whether every character of the text has a place in the declared sets.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        text.chars().all(|character| {
            single(self.first(), character).is_some()
                || self
                    .extensions()
                    .any(|term| extension_bytes(term, character).is_some())
        })
    }

    fn first(&self) -> &str {
        self.terms.first().map_or("", String::as_str)
    }

    fn extensions(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().skip(1).map(String::as_str)
    }

    fn encode_character<'a>(
        &'a self,
        character: char,
        designated: &mut Option<&'a str>,
        out: &mut Vec<u8>,
    ) {
        // While a set that replaces G0 is active, even ASCII needs the escape back.
        if let Some(bytes) = single(self.first(), character) {
            if designated.is_some_and(replaces_g0) {
                self.leave_multibyte(designated, out);
            }
            out.extend(bytes);
            return;
        }
        for term in self.extensions() {
            let Some(bytes) = extension_bytes(term, character) else {
                continue;
            };
            if *designated != Some(term) {
                out.extend_from_slice(escape_of(term));
                *designated = Some(term);
            }
            out.extend(bytes);
            return;
        }
        if designated.is_some_and(replaces_g0) {
            self.leave_multibyte(designated, out);
        }
        out.push(b'?');
    }

    /// PS3.5 6.1.2.5.3: the initial state returns before a delimiter and at the end of a value.
    fn leave_multibyte(&self, designated: &mut Option<&str>, out: &mut Vec<u8>) {
        if let Some(term) = designated.take()
            && replaces_g0(term)
        {
            let back: &[u8] = if self.first().ends_with("IR 13") {
                b"\x1b(J"
            } else {
                b"\x1b(B"
            };
            out.extend_from_slice(back);
        }
    }
}

fn is_delimiter(character: char) -> bool {
    matches!(character, '^' | '=' | '\\' | '\r' | '\n' | '\t' | '\u{0C}')
}

fn replaces_g0(term: &str) -> bool {
    matches!(term, "ISO 2022 IR 87" | "ISO 2022 IR 159")
}

fn escape_of(term: &str) -> &'static [u8] {
    match term {
        "ISO 2022 IR 87" => b"\x1b$B",
        "ISO 2022 IR 159" => b"\x1b$(D",
        "ISO 2022 IR 149" => b"\x1b$)C",
        "ISO 2022 IR 58" => b"\x1b$)A",
        "ISO 2022 IR 100" => b"\x1b-A",
        "ISO 2022 IR 166" => b"\x1b-T",
        "ISO 2022 IR 13" => b"\x1b)I",
        _ => b"",
    }
}

fn by_table(encoding: &'static Encoding, character: char) -> Option<Vec<u8>> {
    let mut buffer = [0; 4];
    let (bytes, _, unmappable) = encoding.encode(character.encode_utf8(&mut buffer));
    (!unmappable).then(|| bytes.into_owned())
}

/// The bytes of a character in a set without code extensions.
fn single(term: &str, character: char) -> Option<Vec<u8>> {
    let code = character as u32;
    match term {
        "ISO_IR 192" => Some(character.to_string().into_bytes()),
        "GB18030" => by_table(GB18030, character),
        "GBK" => by_table(GBK, character),
        "ISO_IR 13" | "ISO 2022 IR 13" => katakana(character),
        _ if code < 0x80 => Some(vec![code as u8]),
        "ISO_IR 100" | "ISO 2022 IR 100" => (0xA0..0x100).contains(&code).then(|| vec![code as u8]),
        "ISO_IR 148" | "ISO 2022 IR 148" => {
            by_table(WINDOWS_1254, character).filter(|bytes| bytes[0] >= 0xA0)
        }
        "ISO_IR 166" | "ISO 2022 IR 166" => {
            by_table(WINDOWS_874, character).filter(|bytes| bytes[0] >= 0xA0)
        }
        _ => None,
    }
}

/// JIS X 0201: half-width katakana, and ASCII but for backslash and tilde.
fn katakana(character: char) -> Option<Vec<u8>> {
    let code = character as u32;
    match code {
        0xFF61..=0xFF9F => Some(vec![(code - 0xFF61 + 0xA1) as u8]),
        0..=0x7F => Some(vec![code as u8]),
        0xA5 => Some(vec![0x5C]),
        0x203E => Some(vec![0x7E]),
        _ => None,
    }
}

fn extension_bytes(term: &str, character: char) -> Option<Vec<u8>> {
    match term {
        "ISO 2022 IR 87" => by_table(EUC_JP, character)
            .filter(|bytes| bytes.len() == 2 && bytes[0] >= 0xA1)
            .map(|bytes| bytes.iter().map(|byte| byte & 0x7F).collect()),
        "ISO 2022 IR 149" => by_table(EUC_KR, character)
            .filter(|bytes| bytes.len() == 2 && bytes.iter().all(|byte| *byte >= 0xA1)),
        "ISO 2022 IR 58" => by_table(GBK, character)
            .filter(|bytes| bytes.len() == 2 && bytes.iter().all(|byte| *byte >= 0xA1)),
        _ => {
            single(term, character).filter(|bytes| bytes.first().is_some_and(|byte| *byte >= 0xA0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Charset;

    #[test]
    fn the_examples_of_the_standard_come_out() {
        // PS3.5 Annexes H, I and K give these bytes.
        let japanese =
            Charset::parse("\\ISO 2022 IR 87").encode("Yamada^Tarou=山田^太郎=やまだ^たろう");
        assert_eq!(
            japanese,
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"
        );
        let kana = Charset::parse("ISO 2022 IR 13\\ISO 2022 IR 87").encode("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎");
        assert_eq!(
            kana,
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J"
        );
        let korean = Charset::parse("\\ISO 2022 IR 149").encode("Hong^Gildong=洪^吉洞=홍^길동");
        assert_eq!(korean, b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf");
        let chinese = Charset::parse("\\ISO 2022 IR 58").encode("Zhang^XiaoDong=张^小东");
        assert_eq!(
            chinese,
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab"
        );
    }

    #[test]
    fn single_sets_encode_their_scripts() {
        assert_eq!(Charset::parse("ISO_IR 100").encode("Müller"), b"M\xfcller");
        assert_eq!(Charset::parse("GB18030").encode("王"), b"\xcd\xf5");
        assert_eq!(Charset::parse("ISO_IR 166").encode("ไทย"), b"\xe4\xb7\xc2");
        assert!(!Charset::parse("ISO_IR 100").holds("王"));
        assert_eq!(Charset::parse("").encode("王"), b"?");
    }
}
