//! Text: name groups, character sets, other digits, other calendars, other codings.

use super::{Collector, Secret};
use crate::canaries::CanaryKind;
use crate::dicom::{Charset, Dataset, DicomFile, Value};
use base64::Engine as _;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

pub(super) fn add(collector: &mut Collector) {
    name_components(collector);
    character_sets(collector);
    own_values_in_text(collector);
    calendars(collector);
    codings(collector);
    collector.hide(
        "text second value of a multi-valued LO",
        CanaryKind::Text,
        |file, secret| {
            file.dataset
                .text(tags::PATIENT_COMMENTS, "fine")
                .text(tags::SOFTWARE_VERSIONS, format!("1.0\\{}", secret.word));
        },
    );
    collector.hide("text code meaning", CanaryKind::Text, |file, secret| {
        file.dataset.code(
            tags::PROCEDURE_CODE_SEQUENCE,
            "123",
            "99LOCAL",
            &format!("as Dr {} likes it", secret.word),
        );
    });
    collector.hide(
        "text code value of a local scheme",
        CanaryKind::Identifier,
        |file, secret| {
            file.dataset.code(
                tags::PROCEDURE_CODE_SEQUENCE,
                &secret.word,
                "99LOCAL",
                "Chest",
            );
        },
    );
    collector.hide(
        "text coding scheme organisation",
        CanaryKind::Institution,
        |file, secret| {
            let mut item = Dataset::new();
            item.text(tags::CODING_SCHEME_DESIGNATOR, "99LOCAL").text(
                tags::CODING_SCHEME_RESPONSIBLE_ORGANIZATION,
                format!("Ward {}", secret.word),
            );
            file.dataset
                .sequence(tags::CODING_SCHEME_IDENTIFICATION_SEQUENCE, vec![item]);
        },
    );
    collector.hide("text image type value", CanaryKind::Text, |file, secret| {
        file.dataset.text(
            tags::IMAGE_TYPE,
            format!("ORIGINAL\\PRIMARY\\AXIAL\\{}", secret.word),
        );
    });
}

/// Each of five components of each of three groups of a name.
fn name_components(collector: &mut Collector) {
    for (group, group_name) in ["alphabetic", "ideographic", "phonetic"]
        .into_iter()
        .enumerate()
    {
        for (part, part_name) in ["family", "given", "middle", "prefix", "suffix"]
            .into_iter()
            .enumerate()
        {
            let name = format!("name {group_name} {part_name}");
            collector.hide(&name, CanaryKind::Name, |file, secret| {
                let mut groups = [["A", "B", "C", "D", "E"]; 3];
                groups[group][part] = &secret.word;
                let value: Vec<String> = groups.iter().map(|parts| parts.join("^")).collect();
                file.dataset
                    .text(tags::PERFORMING_PHYSICIAN_NAME, value.join("="));
            });
        }
    }
}

/// A name with Han characters that spell the secret's letters, so that it is unique too.
fn han(secret: &Secret) -> String {
    const HAN: [char; 26] = [
        '王', '李', '张', '刘', '陈', '杨', '黄', '赵', '吴', '周', '徐', '孙', '马', '朱', '胡',
        '郭', '何', '高', '林', '罗', '郑', '梁', '谢', '宋', '唐', '许',
    ];
    secret
        .word
        .bytes()
        .map(|byte| HAN[usize::from(byte.wrapping_sub(b'A')) % 26])
        .take(6)
        .collect()
}

fn character_sets(collector: &mut Collector) {
    for (declared, name) in [
        ("GB18030", "GB18030"),
        ("GBK", "GBK"),
        ("ISO_IR 192", "UTF-8"),
        ("\\ISO 2022 IR 58", "ISO 2022 IR 58"),
    ] {
        collector.hide_value(
            &format!("charset {name}"),
            CanaryKind::Name,
            |file, secret| {
                let value = han(secret);
                file.dataset
                    .text(tags::SPECIFIC_CHARACTER_SET, declared)
                    .text(tags::OPERATORS_NAME, value.as_str());
                value
            },
        );
    }
    // What is declared is wrong or absent, and the bytes are of another set: common in Asia.
    for (declared, real) in [
        ("", "GBK"),
        ("ISO_IR 100", "GBK"),
        ("ISO_IR 100", "ISO_IR 192"),
        ("", "ISO_IR 192"),
        ("ISO_IR 6", "GB18030"),
    ] {
        let name = format!(
            "charset declared {} real {real}",
            if declared.is_empty() {
                "none"
            } else {
                declared
            }
        );
        collector.hide_value(&name, CanaryKind::Name, |file, secret| {
            let value = han(secret);
            declare(file, declared);
            let bytes = Charset::parse(real).encode(&value);
            file.dataset
                .put(tags::OPERATORS_NAME, VR::PN, Value::Bytes(bytes));
            value
        });
    }
    collector.hide_value(
        "charset inside an item only",
        CanaryKind::Name,
        |file, secret| {
            let value = han(secret);
            let mut item = Dataset::new();
            item.text(tags::SPECIFIC_CHARACTER_SET, "GB18030")
                .text(tags::OPERATORS_NAME, value.as_str());
            file.dataset
                .text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 100");
            file.dataset
                .sequence(tags::RELATED_SERIES_SEQUENCE, vec![item]);
            file.dataset
                .put(tags::PATIENT_COMMENTS, VR::LT, Value::Text("Müller".into()));
            value
        },
    );
    for unknown in ["ISO_IR 999", "ISO_IR 148", "ISO 2022 IR 6\\ISO 2022 IR 999"] {
        collector.hide(
            &format!("charset {}", unknown.replace('\\', " then ")),
            CanaryKind::Name,
            |file, secret| {
                declare(file, unknown);
                file.dataset
                    .text(tags::OPERATORS_NAME, secret.word.as_str());
            },
        );
    }
    collector.hide_value(
        "charset backslash as second byte",
        CanaryKind::Name,
        |file, _| {
            // The second byte of this character is 0x5C in GBK: a splitter of raw bytes cuts it in two.
            let value = "\u{4FD3}".repeat(5);
            file.dataset
                .text(tags::SPECIFIC_CHARACTER_SET, "GB18030")
                .text(tags::OPERATORS_NAME, value.as_str());
            value
        },
    );
}

fn declare(file: &mut DicomFile, charset: &str) {
    if charset.is_empty() {
        file.dataset.remove(tags::SPECIFIC_CHARACTER_SET);
    } else {
        file.dataset.text(tags::SPECIFIC_CHARACTER_SET, charset);
    }
}

/// The patient's own values, written as people write them, in a comment.
fn own_values_in_text(collector: &mut Collector) {
    let own = |file: &DicomFile, tag: Tag| file.dataset.text_of(tag).unwrap_or_default().to_owned();
    let wide = |text: &str| -> String {
        text.chars()
            .map(|c| {
                if c.is_ascii_graphic() {
                    char::from_u32(c as u32 + 0xFEE0).unwrap_or(c)
                } else {
                    c
                }
            })
            .collect()
    };
    let thai = |text: &str| -> String {
        text.chars()
            .map(|c| {
                c.to_digit(10)
                    .and_then(|d| char::from_u32(0x0E50 + d))
                    .unwrap_or(c)
            })
            .collect()
    };
    let spaced = |text: &str| text.chars().flat_map(|c| [c, ' ']).collect::<String>();
    let joiner = |text: &str| {
        text.chars()
            .flat_map(|c| [c, '\u{200B}'])
            .collect::<String>()
    };
    type Rewriter<'a> = &'a dyn Fn(&str) -> String;
    let ways: [(&str, Rewriter<'_>); 6] = [
        ("plain", &|text: &str| text.to_owned()),
        ("lower case", &|text: &str| text.to_lowercase()),
        ("full width", &wide),
        ("thai digits", &thai),
        ("spaced", &spaced),
        ("zero width joined", &joiner),
    ];
    for (way, rewrite) in ways {
        for (tag, what) in [
            (tags::PATIENT_ID, "patient id"),
            (tags::PATIENT_BIRTH_DATE, "birth date"),
            (tags::ACCESSION_NUMBER, "accession"),
        ] {
            collector.hide_value(
                &format!("own {what} {way} unseen"),
                CanaryKind::Identifier,
                |file, _| {
                    let value = own(file, tag);
                    file.dataset
                        .text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192")
                        .text(
                            tags::IMAGE_COMMENTS,
                            format!("compare {} please", rewrite(&value)),
                        );
                    value
                },
            );
        }
    }
}

fn calendars(collector: &mut Collector) {
    type Writer = fn(u32, u32, u32) -> String;
    let ways: [(&str, Writer); 8] = [
        ("buddhist", |y, m, d| format!("{d:02}/{m:02}/{}", y + 543)),
        ("republic of china", |y, m, d| {
            format!("民國{}年{m}月{d}日", y - 1911)
        }),
        ("showa", |y, m, d| format!("昭和{}年{m}月{d}日", y - 1925)),
        ("showa short", |y, m, d| format!("S{}.{m}.{d}", y - 1925)),
        ("chinese", |y, m, d| format!("{y}年{m}月{d}日")),
        ("day first", |y, m, d| format!("{d:02}.{m:02}.{y}")),
        ("iso", |y, m, d| format!("{y}-{m:02}-{d:02}")),
        ("english", |y, m, d| format!("{d} Feb {y} ({m})")),
    ];
    for (way, writer) in ways {
        for tag in [
            tags::IMAGE_COMMENTS,
            tags::PATIENT_BIRTH_DATE_IN_ALTERNATIVE_CALENDAR,
        ] {
            let name = format!("calendar {way} in {:04X}{:04X}", tag.0, tag.1);
            collector.hide_value(&name, CanaryKind::Date, |file, _| {
                let birth = file
                    .dataset
                    .text_of(tags::PATIENT_BIRTH_DATE)
                    .unwrap_or("19600101")
                    .to_owned();
                let part = |range: std::ops::Range<usize>| {
                    birth
                        .get(range)
                        .and_then(|text| text.parse().ok())
                        .unwrap_or(1)
                };
                let value = writer(part(0..4), part(4..6), part(6..8));
                file.dataset
                    .text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192")
                    .text(tags::PATIENT_ALTERNATIVE_CALENDAR, "BUDDHIST")
                    .text(tag, value.as_str());
                value
            });
        }
    }
}

fn codings(collector: &mut Collector) {
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let hex = |text: &str| {
        text.bytes()
            .map(|byte| format!("{byte:02X}"))
            .collect::<String>()
    };
    collector.hide("coding base64 in LT", CanaryKind::Name, |file, secret| {
        file.dataset.text(
            tags::IMAGE_COMMENTS,
            base64(&format!("id={};x", secret.word)),
        );
    });
    collector.hide("coding hex in LT", CanaryKind::Name, |file, secret| {
        file.dataset.text(tags::IMAGE_COMMENTS, hex(&secret.word));
    });
    for (name, bytes) in [
        (
            "utf-16le",
            (|text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect())
                as fn(&str) -> Vec<u8>,
        ),
        ("utf-16be", |text: &str| {
            text.encode_utf16().flat_map(u16::to_be_bytes).collect()
        }),
        ("base64", |text: &str| {
            base64::engine::general_purpose::STANDARD
                .encode(text)
                .into_bytes()
        }),
        ("xml", |text: &str| {
            format!("<patient name=\"{text}\"/>").into_bytes()
        }),
    ] {
        collector.hide(
            &format!("coding {name} in private OB"),
            CanaryKind::Bytes,
            |file, secret| {
                file.dataset
                    .private_creator(0x0029, 0x10, "SYNTHETIC BLOB")
                    .put(
                        Tag(0x0029, 0x1010),
                        VR::OB,
                        Value::Bytes(bytes(&secret.word)),
                    );
            },
        );
        collector.hide(
            &format!("coding {name} in ICC profile"),
            CanaryKind::Bytes,
            |file, secret| {
                let mut profile = vec![0; 128];
                profile.extend(bytes(&secret.word));
                file.dataset
                    .put(tags::ICC_PROFILE, VR::OB, Value::Bytes(profile));
            },
        );
    }
}
