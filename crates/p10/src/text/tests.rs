//! The examples of PS3.5 annexes H to K, every set, and the ways in which text breaks.

use super::*;
use proptest::prelude::*;

fn set(value: &str) -> CharacterSet {
    CharacterSet::parse(&value.split('\\').collect::<Vec<_>>()).unwrap()
}

/// Decodes to this text and encodes back to these bytes.
#[track_caller]
fn both_ways(declared: &str, vr: VR, bytes: &[u8], text: &str) {
    assert_eq!(
        set(declared).decode(vr, bytes).as_deref(),
        Ok(text),
        "{declared}"
    );
    assert_eq!(
        set(declared).encode(vr, text).as_deref(),
        Ok(bytes),
        "{declared}"
    );
}

#[test]
fn the_standard_s_examples_of_names() {
    both_ways("ISO_IR 100", VR::PN, b"Buc^J\xE9r\xF4me", "Buc^Jérôme");
    both_ways(
        "ISO_IR 144",
        VR::PN,
        b"\xBB\xEE\xDA\x63\xD5\xDC\xD1\xE3\xE0\xD3",
        "Люкcембург",
    );
    both_ways(
        "\\ISO 2022 IR 87",
        VR::PN,
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    );
    both_ways(
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        VR::PN,
        b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    );
    both_ways(
        "\\ISO 2022 IR 149",
        VR::PN,
        b"Hong^Gildong=\x1b$)C\xFB\xF3^\x1b$)C\xD1\xCE\xD4\xD7=\x1b$)C\xC8\xAB^\x1b$)C\xB1\xE6\xB5\xBF",
        "Hong^Gildong=洪^吉洞=홍^길동",
    );
    both_ways(
        "\\ISO 2022 IR 58",
        VR::PN,
        b"Zhang^XiaoDong=\x1b$)A\xD5\xC5^\x1b$)A\xD0\xA1\xB6\xAB=",
        "Zhang^XiaoDong=张^小东=",
    );
    both_ways(
        "ISO_IR 192",
        VR::PN,
        "Wang^XiaoDong=王^小東".as_bytes(),
        "Wang^XiaoDong=王^小東",
    );
    both_ways(
        "GB18030",
        VR::PN,
        b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=",
        "Wang^XiaoDong=王^小东=",
    );
    both_ways("ISO_IR 166", VR::PN, b"\xCA\xC1\xAA\xD1\xC2", "สมชัย");
}

#[test]
fn single_byte_sets_are_themselves_and_not_their_windows_cousins() {
    for (declared, byte, character) in [
        ("ISO_IR 100", 0xFF, 'ÿ'),
        ("ISO_IR 101", 0xA3, 'Ł'),
        ("ISO_IR 109", 0xA1, 'Ħ'),
        ("ISO_IR 110", 0xA2, 'ĸ'),
        ("ISO_IR 144", 0xA1, 'Ё'),
        ("ISO_IR 127", 0xC7, 'ا'),
        ("ISO_IR 126", 0xC1, 'Α'),
        ("ISO_IR 138", 0xE0, 'א'),
        ("ISO_IR 148", 0xD0, 'Ğ'),
        ("ISO_IR 203", 0xA4, '€'),
        ("ISO_IR 166", 0xA1, 'ก'),
        ("ISO_IR 13", 0xB1, 'ｱ'),
    ] {
        both_ways(declared, VR::LO, &[byte], &character.to_string());
        for control in 0x80..0xA0 {
            let decoded = set(declared).decode(VR::LO, &[control]);
            assert_eq!(
                decoded,
                Err(TextError::Undecodable),
                "{declared} {control:x}"
            );
        }
    }
    assert_eq!(set("").decode(VR::LO, b"\xE9"), Err(TextError::Undecodable));
    assert_eq!(set("ISO_IR 13").decode(VR::LT, b"\\~"), Ok("¥‾".to_owned()));
    assert_eq!(
        set("ISO_IR 13").decode(VR::LO, b"a\\b"),
        Ok("a\\b".to_owned())
    );
}

#[test]
fn every_character_of_every_set_comes_back() {
    for declared in [
        "ISO_IR 100",
        "ISO_IR 101",
        "ISO_IR 109",
        "ISO_IR 110",
        "ISO_IR 144",
        "ISO_IR 127",
        "ISO_IR 126",
        "ISO_IR 138",
        "ISO_IR 148",
        "ISO_IR 203",
        "ISO_IR 166",
        "ISO_IR 13",
    ] {
        let mut found = 0;
        for byte in 0xA0..=0xFF_u8 {
            if let Ok(text) = set(declared).decode(VR::LO, &[byte]) {
                assert_eq!(
                    set(declared).encode(VR::LO, &text),
                    Ok(vec![byte]),
                    "{declared} {byte:x}"
                );
                found += 1;
            }
        }
        assert!(found > 40, "{declared}: {found}");
    }
}

#[test]
fn multi_byte_sets_come_back() {
    for (declared, text) in [
        ("\\ISO 2022 IR 87", "日本語 テスト"),
        ("\\ISO 2022 IR 159", "丂侄 a"),
        ("\\ISO 2022 IR 87\\ISO 2022 IR 159", "日丂本"),
        ("\\ISO 2022 IR 149", "한국어"),
        ("\\ISO 2022 IR 58", "汉字"),
        (
            "ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126",
            "é Я α é",
        ),
        ("ISO 2022 IR 149", "한국어"),
        ("GBK", "漢字汉字"),
        ("GB18030", "𠀀ก汉"),
    ] {
        let bytes = set(declared).encode(VR::LO, text).unwrap();
        assert_eq!(
            set(declared).decode(VR::LO, &bytes).as_deref(),
            Ok(text),
            "{declared}"
        );
    }
}

#[test]
fn values_are_split_after_decoding() {
    // The second byte of U+4FD3 in GB 18030 is that of a backslash.
    let bytes = b"\x82\x5C\\b ";
    assert_eq!(
        values(&set("GB18030"), VR::LO, bytes),
        Ok(vec!["俓".to_owned(), "b".to_owned()])
    );
    // In JIS X 0208, 0x5C may be either byte of a character.
    let bytes = set("\\ISO 2022 IR 87").encode(VR::LO, "悄\\体").unwrap();
    let found = values(&set("\\ISO 2022 IR 87"), VR::LO, &bytes);
    assert_eq!(found, Ok(vec!["悄".to_owned(), "体".to_owned()]));
}

#[test]
fn delimiters_reset_what_was_called() {
    // Behind `^` the Korean set must be called again; without that its bytes mean nothing.
    let bytes = b"\x1b$)C\xFB\xF3^\xD1\xCE";
    assert_eq!(
        set("\\ISO 2022 IR 149").decode(VR::PN, bytes),
        Err(TextError::Undecodable)
    );
    assert!(set("\\ISO 2022 IR 149").decode(VR::LO, bytes).is_ok());
}

#[test]
fn misspellings_are_understood_and_nonsense_is_not() {
    for (misspelt, right) in [
        ("ISO IR 100", "ISO_IR 100"),
        ("ISO_IR_100", "ISO_IR 100"),
        ("ISO-IR 100", "ISO_IR 100"),
        ("iso_ir 192", "ISO_IR 192"),
        ("UTF8", "ISO_IR 192"),
        ("UTF-8", "ISO_IR 192"),
        ("\\ISO2022 IR 87", "\\ISO 2022 IR 87"),
        ("\\ISO 2022 IR 87 ", "\\ISO 2022 IR 87"),
        ("\\ISO 2022-IR 87", "\\ISO 2022 IR 87"),
        ("ISO_IR 6", ""),
    ] {
        assert_eq!(set(misspelt), set(right), "{misspelt}");
    }
    for nonsense in [
        "ISO_IR 99",
        "LATIN1",
        "ISO_IR",
        "中文",
        "ISO_IR 100中",
        "ISO_IR 192\\ISO 2022 IR 87",
        "\\GB18030",
        "ISO 2022 IR 100\\GBK",
        "\\ISO_IR 192",
    ] {
        let values: Vec<&str> = nonsense.split('\\').collect();
        assert_eq!(
            CharacterSet::parse(&values),
            Err(UnknownCharacterSet),
            "{nonsense}"
        );
    }
}

#[test]
fn broken_bytes_are_an_error_and_never_replaced() {
    for (declared, bytes) in [
        ("ISO_IR 192", &b"\xFF"[..]),
        ("GB18030", b"\x81"),
        ("GBK", b"\xA1\xFF"),
        ("\\ISO 2022 IR 87", b"\x1b$B;"),
        ("\\ISO 2022 IR 87", b"\x1b$B\x22\x7f"),
        ("\\ISO 2022 IR 149", b"\x1b$)C\xFB"),
        ("\\ISO 2022 IR 149", b"\x1b$)C\xFB\x41"),
        ("\\ISO 2022 IR 58", b"\x1b%"),
        ("ISO_IR 100", b"\x1b-A\xE9"),
        ("ISO_IR 192", b"a\x1b(B"),
        ("", b"\x1b$B;3\x1b(B"),
    ] {
        assert_eq!(
            set(declared).decode(VR::LO, bytes),
            Err(TextError::Undecodable),
            "{declared} {bytes:?}"
        );
    }
    for (declared, text) in [
        ("", "é"),
        ("ISO_IR 100", "€"),
        ("\\ISO 2022 IR 87", "한"),
        ("GBK", "한"),
        ("ISO_IR 13", "~"),
    ] {
        assert_eq!(
            set(declared).encode(VR::LO, text),
            Err(NotEncodable),
            "{declared} {text}"
        );
    }
}

#[test]
fn values_are_trimmed_as_their_vr_says() {
    let trimmed = |vr, raw: &[u8]| values(&CharacterSet::DEFAULT, vr, raw).unwrap();
    assert_eq!(trimmed(VR::LO, b" a \\ b\0"), ["a", "b"]);
    assert_eq!(trimmed(VR::LT, b"  a\\b "), ["  a\\b"]);
    assert_eq!(trimmed(VR::UI, b"1.2\0"), ["1.2"]);
    assert_eq!(trimmed(VR::CS, b"A\\\\B "), ["A", "", "B"]);
    assert!(trimmed(VR::CS, b"  ").is_empty());
}

const DECLARED: [&str; 12] = [
    "",
    "ISO_IR 100",
    "ISO_IR 166",
    "ISO_IR 192",
    "GB18030",
    "GBK",
    "\\ISO 2022 IR 87",
    "\\ISO 2022 IR 58",
    "ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159",
    "\\ISO 2022 IR 149",
    "ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 203",
    "ISO 2022 IR 148",
];

proptest! {
    #[test]
    fn what_encodes_decodes_to_itself(
        declared in prop::sample::select(&DECLARED[..]),
        vr in prop::sample::select(&[VR::PN, VR::LO, VR::LT][..]),
        text in "[a-z^=\\\\é山田太郎한국汉字ЯกŞ€\r\n ]{0,12}",
    ) {
        if let Ok(bytes) = set(declared).encode(vr, &text) {
            prop_assert_eq!(set(declared).decode(vr, &bytes), Ok(text));
        }
    }

    #[test]
    fn no_bytes_panic(declared in prop::sample::select(&DECLARED[..]), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for vr in [VR::PN, VR::LO, VR::LT] {
            let _ = values(&set(declared), vr, &bytes);
        }
    }

    #[test]
    fn no_declaration_panics(value in "\\PC{0,20}") {
        let values: Vec<&str> = value.split('\\').collect();
        let _ = CharacterSet::parse(&values);
    }
}
