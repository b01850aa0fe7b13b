//! The rules by which the MIDI-B challenge scores a de-identification, written again, over objects and an answer key
//! of our own. With the `tcia` profile each of the nine actions that need no reading of pixels passes everywhere.

mod common;

use common::{Set, Site, ct, text as value_of};
use dicom_core::Tag;
use dicom_core::header::Header;
use dicom_object::InMemDicomObject;
use std::collections::{BTreeMap, BTreeSet};

/// What the key asks of one attribute of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    TagRetained,
    TextNotNull,
    TextRetained,
    TextRemoved,
    DateShifted,
    UidChanged,
    UidConsistent,
    PatidConsistent,
    PixelsRetained,
}

/// A row of the key: the file, the path, what is asked, and the words that it is asked of.
struct Row {
    file: usize,
    path: &'static str,
    asked: Asked,
    words: &'static str,
}

/// A value as the scorer writes it: several as `['A', 'B']`.
fn written(element: &dicom_object::mem::InMemElement) -> String {
    let Ok(values) = element.to_multi_str() else {
        return String::new();
    };
    let trimmed: Vec<&str> = values
        .iter()
        .map(|value| value.trim_end_matches(['\0', ' ']))
        .collect();
    match &trimmed[..] {
        [] => String::new(),
        [one] => (*one).to_owned(),
        many => format!("['{}']", many.join("', '")),
    }
}

/// Finds `(gggg,eeee)`, `(gggg,eeee)[<0000>](gggg,eeee)` and `(gggg,"CREATOR",ee)`.
fn find(object: &InMemDicomObject, path: &str) -> Option<String> {
    let (first, rest) = match path.split_once("[<") {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    let element = object.element(tag_of(object, first)?).ok()?;
    let Some((index, inner)) = rest.and_then(|rest| rest.split_once(">]")) else {
        return Some(if element.items().is_some() {
            "sequence".into()
        } else {
            written(element)
        });
    };
    find(element.items()?.get(index.parse::<usize>().ok()?)?, inner)
}

fn tag_of(object: &InMemDicomObject, text: &str) -> Option<Tag> {
    let parts: Vec<&str> = text.trim_matches(['(', ')']).split(',').collect();
    let hex = |text: &str| u16::from_str_radix(text, 16).ok();
    let group = hex(parts[0])?;
    if parts.len() == 2 {
        return Some(Tag(group, hex(parts[1])?));
    }
    let creator = parts[1].trim_matches('"');
    let block = object.iter().find(|element| {
        let Tag(of, number) = element.tag();
        of == group && (0x10..=0xFF).contains(&number) && written(element).to_uppercase() == creator
    })?;
    Some(Tag(group, block.tag().1 << 8 | hex(parts[2])?))
}

const STOP_WORDS: [&str; 12] = [
    "for", "the", "of", "and", "with", "on", "at", "by", "a", "in", "to", "from",
];

fn tokens(text: &str) -> Vec<String> {
    text.split(|sign: char| !sign.is_alphanumeric() && !matches!(sign, '.' | '-' | '_' | '^' | '%'))
        .filter(|token| !token.is_empty() && !STOP_WORDS.contains(token))
        .map(str::to_owned)
        .collect()
}

/// `validate_text`: equality of numbers, the whole as a part, or all (to retain) or none (to remove) of the tokens.
fn validate(words: &str, value: &str, retain: bool) -> bool {
    let (words, value) = (words.to_lowercase(), value.to_lowercase());
    if let (Ok(wanted), Ok(found)) = (words.parse::<f64>(), value.parse::<f64>()) {
        return ((wanted - found).abs() < f64::EPSILON) == retain;
    }
    if value.contains(&words) {
        return retain;
    }
    let mut tokens = tokens(&words).into_iter();
    if retain {
        tokens.all(|token| value.contains(&token))
    } else {
        tokens.all(|token| !value.contains(&token))
    }
}

struct Maps {
    uids: BTreeMap<String, String>,
    patients: BTreeMap<String, String>,
}

fn passes(row: &Row, before: &InMemDicomObject, after: &InMemDicomObject, maps: &Maps) -> bool {
    let (original, new) = (
        find(before, row.path).unwrap_or_default(),
        find(after, row.path),
    );
    let present = new.is_some();
    let new = new.unwrap_or_default();
    match row.asked {
        Asked::TagRetained => present,
        Asked::TextNotNull => !new.is_empty(),
        Asked::TextRetained => !new.is_empty() && validate(row.words, &new, true),
        Asked::TextRemoved => validate(row.words, &new, false),
        Asked::DateShifted | Asked::UidChanged => {
            assert!(!original.is_empty(), "{}", row.path);
            !new.contains(&original.replace('\\', ""))
        }
        Asked::UidConsistent => maps
            .uids
            .get(&original)
            .is_some_and(|mapped| *mapped == new),
        Asked::PatidConsistent => maps
            .patients
            .get(&original)
            .is_some_and(|mapped| *mapped == new),
        Asked::PixelsRetained => {
            let pixels = |object: &InMemDicomObject| {
                object
                    .element(Tag(0x7FE0, 0x0010))
                    .ok()
                    .and_then(|element| element.to_bytes().ok().map(|bytes| bytes.into_owned()))
            };
            pixels(before).is_some() && pixels(before) == pixels(after)
        }
    }
}

/// A CT of a scanner with private attributes and sequences, and an X-ray that lacks what its IOD requires.
fn files() -> [Vec<u8>; 2] {
    let reference = Set::new().with(0x0008_1150, "UI", common::CT).with(
        0x0008_1155,
        "UI",
        "1.2.826.0.1.3680043.2.1125.20190619.9",
    );
    let request = Set::new()
        .with(0x0040_0007, "LO", "CT CHEST WITH CONTRAST for John Smith")
        .with(0x0040_1001, "SH", "RP0048213");
    let one = ct()
        .with(0x0008_0012, "DA", "20190619")
        .with(0x0008_0022, "DA", "20190619")
        .with(0x0008_0023, "DA", "20190619")
        .with(0x0008_0032, "TM", "101112.123")
        .with(0x0008_0080, "LO", "Siriraj Hospital")
        .with(
            0x0008_1080,
            "LO",
            "LUNG NODULE seen by Dr. Raghunath Iyer 3/5/2019",
        )
        .with(0x0008_1090, "LO", "Sensation 64")
        .with(
            0x0008_2111,
            "ST",
            "Resampled 2x, MRN HN-0048213, call (555) 123-4567",
        )
        .sequence(0x0008_1140, std::slice::from_ref(&reference))
        .sequence(0x0008_2112, &[reference])
        .with(0x0010_1000, "LO", "HN-0048213")
        .with(0x0010_1020, "DS", "1.75")
        .with(0x0010_1030, "DS", "70.5")
        .with(0x0010_1040, "LO", "2 Wanglang Road")
        .with(0x0010_2154, "SH", "555-123-4567")
        .with(0x0010_2160, "SH", "Unknown")
        .with(
            0x0010_21B0,
            "LT",
            "Smoker, wrote to john.smith@example.com in 2018, SSN 123-45-6789",
        )
        .with(0x0010_21C0, "US", "\u{4}\u{0}")
        .with(0x0018_0010, "LO", "OMNIPAQUE 350 lot of Smith")
        .with(0x0018_1000, "LO", "66042")
        .with(0x0018_1020, "LO", "syngo CT 2012B")
        .with(
            0x0018_1030,
            "LO",
            "4.6 COLONOSCOPY (ACRIN) DR.LEE for John Smith",
        )
        .with(0x0018_1210, "SH", "B31f")
        .bytes(0x0018_9306, "FD", &0.625_f64.to_le_bytes())
        .with(0x0020_4000, "LT", "private words")
        .with(0x0028_1055, "LO", "ABDOMEN")
        .with(
            0x0032_1060,
            "LO",
            "CT CHEST P4^P101^S108^I0, Gated, 0.0% 20140321",
        )
        .sequence(0x0040_0275, &[request])
        .with(0x0009_0010, "LO", "GEMS_PETD_01")
        .with(0x0009_1014, "LO", "Xiphoid of Smith")
        .with(0x0009_1016, "SL", "\u{1}\u{0}\u{0}\u{0}")
        .with(0x0019_0010, "LO", "SIEMENS CT VA0  COAD")
        .with(0x0019_1080, "CS", "CHEST")
        .with(0x0021_0010, "LO", "SIEMENS MR SDS 01")
        .with(0x0021_102B, "ST", "1;HFS;80;;F;0;0;1021863595")
        .with(0x0011_0010, "LO", "ACME SECRET")
        .with(0x0011_1001, "LO", "John Smith")
        .file();
    let x_ray = "1.2.840.10008.5.1.4.1.1.1.1";
    let mut set = ct();
    set.0
        .retain(|(tag, _)| !matches!(*tag, 0x0008_0016 | 0x0008_0060 | 0x0028_1052 | 0x0028_1053));
    let two = set
        .with(0x0008_0016, "UI", x_ray)
        .with(0x0008_0060, "CS", "DX")
        .with(0x0008_0068, "CS", "FOR PRESENTATION")
        .with(0x0018_0015, "CS", "CHEST")
        .with(0x0028_1040, "CS", "LOG")
        .with(0x0028_1052, "DS", "")
        .with(0x0028_1053, "DS", "")
        .with(0x0028_1054, "LO", "")
        .with(0x2050_0020, "CS", "")
        .file();
    [one, two]
}

#[rustfmt::skip]
fn key() -> Vec<Row> {
    use Asked::*;
    let row = |file, path, asked, words| Row { file, path, asked, words };
    let mut rows = Vec::new();
    for file in 0..2 {
        for path in ["(0008,0016)", "(0008,0018)", "(0008,0060)", "(0020,000d)", "(0020,000e)", "(0028,0004)", "(0028,0010)", "(0010,0010)", "(0010,0020)"] {
            rows.push(row(file, path, TextNotNull, ""));
        }
        for path in ["(0008,0020)", "(0008,0030)", "(0008,0050)", "(0008,0090)", "(0010,0030)", "(0010,0040)", "(0020,0010)", "(0020,0013)", "(0028,0100)"] {
            rows.push(row(file, path, TagRetained, ""));
        }
        for path in ["(0008,0018)", "(0020,000d)", "(0020,000e)", "(0020,0052)"] {
            rows.push(row(file, path, UidChanged, ""));
            rows.push(row(file, path, UidConsistent, ""));
        }
        rows.extend([
            row(file, "(0010,0020)", PatidConsistent, ""),
            row(file, "(0008,0020)", DateShifted, ""),
            row(file, "(0008,0021)", DateShifted, ""),
            row(file, "(0010,0030)", DateShifted, ""),
            row(file, "(7fe0,0010)", PixelsRetained, ""),
            row(file, "(0010,0010)", TextRemoved, "John Smith"),
            row(file, "(0008,1030)", TextRemoved, "John Smith"),
            row(file, "(0008,1030)", TextRemoved, "20190619"),
            row(file, "(0008,1030)", TextRetained, "CT CHEST p4"),
            row(file, "(0008,103e)", TextRetained, "Thorax 5.0 B31f"),
            row(file, "(0010,0040)", TextRetained, "M"),
            row(file, "(0018,0050)", TextRetained, "5.0"),
            row(file, "(0008,0030)", TextRetained, "101112"),
        ]);
    }
    rows.extend([
        row(0, "(0008,0012)", DateShifted, ""),
        row(0, "(0008,0023)", DateShifted, ""),
        row(0, "(0008,0032)", TextRetained, "101112.123"),
        row(0, "(0008,0080)", TextRemoved, "Siriraj"),
        row(0, "(0008,1080)", TextRetained, "LUNG NODULE"),
        row(0, "(0008,1080)", TextRemoved, "Raghunath Iyer"),
        row(0, "(0008,1080)", TextRemoved, "3/5/2019"),
        row(0, "(0008,1090)", TextRetained, "Sensation 64"),
        row(0, "(0008,2111)", TextRetained, "Resampled 2x"),
        row(0, "(0008,2111)", TextRemoved, "HN-0048213"),
        row(0, "(0008,2111)", TextRemoved, "123-4567"),
        row(0, "(0008,1140)[<0000>](0008,1155)", UidChanged, ""),
        row(0, "(0008,1140)[<0000>](0008,1155)", UidConsistent, ""),
        row(0, "(0008,2112)[<0000>](0008,1155)", UidConsistent, ""),
        row(0, "(0008,2112)[<0000>](0008,1150)", TextRetained, "1.2.840.10008.5.1.4.1.1.2"),
        row(0, "(0010,1000)", TextRemoved, "HN-0048213"),
        row(0, "(0010,1010)", TextRemoved, "094Y"),
        row(0, "(0010,1020)", TextRetained, "1.75"),
        row(0, "(0010,1030)", TextRetained, "70.5"),
        row(0, "(0010,1040)", TextRemoved, "2 Wanglang Road"),
        row(0, "(0010,2154)", TextRemoved, "555-123-4567"),
        row(0, "(0010,2160)", TextRetained, "Unknown"),
        row(0, "(0010,21b0)", TextRetained, "Smoker, wrote"),
        row(0, "(0010,21b0)", TextRemoved, "john.smith@example.com"),
        row(0, "(0010,21b0)", TextRemoved, "123-45-6789"),
        row(0, "(0010,21c0)", TextRetained, "4"),
        row(0, "(0018,0010)", TextRetained, "OMNIPAQUE 350"),
        row(0, "(0018,0010)", TextRemoved, "Smith"),
        row(0, "(0018,1000)", TextRemoved, "66042"),
        row(0, "(0018,1020)", TextRetained, "syngo CT 2012B"),
        row(0, "(0018,1030)", TextRetained, "4.6 COLONOSCOPY (ACRIN) DR.LEE"),
        row(0, "(0018,1030)", TextRemoved, "John Smith"),
        row(0, "(0018,1210)", TextRetained, "B31f"),
        row(0, "(0018,9306)", TextRetained, "0.625"),
        row(0, "(0020,4000)", TextRemoved, "private words"),
        row(0, "(0028,1055)", TextRetained, "ABDOMEN"),
        row(0, "(0032,1060)", TextRetained, "P4^P101^S108^I0, Gated, 0.0%"),
        row(0, "(0032,1060)", TextRemoved, "20140321"),
        row(0, "(0040,0275)[<0000>](0040,0007)", TextRetained, "CT CHEST WITH CONTRAST"),
        row(0, "(0040,0275)[<0000>](0040,0007)", TextRemoved, "John Smith"),
        row(0, "(0040,0275)[<0000>](0040,1001)", TextRemoved, "RP0048213"),
        row(0, "(0009,\"GEMS_PETD_01\",14)", TextRetained, "Xiphoid"),
        row(0, "(0009,\"GEMS_PETD_01\",14)", TextRemoved, "Smith"),
        row(0, "(0009,\"GEMS_PETD_01\",16)", TextRetained, "1"),
        row(0, "(0009,0010)", TextRetained, "GEMS_PETD_01"),
        row(0, "(0019,\"SIEMENS CT VA0  COAD\",80)", TextRetained, "CHEST"),
        row(0, "(0021,\"SIEMENS MR SDS 01\",2b)", TextRemoved, "1021863595"),
        row(0, "(0011,\"ACME SECRET\",01)", TextRemoved, "John Smith"),
        row(1, "(2050,0020)", TextNotNull, ""),
        row(1, "(0028,1052)", TextNotNull, ""),
        row(1, "(0028,1053)", TextNotNull, ""),
        row(1, "(0028,1054)", TextNotNull, ""),
        row(1, "(0018,0015)", TextRetained, "CHEST"),
    ]);
    rows
}

#[test]
fn nine_actions_pass_everywhere() {
    let site = Site::new("tcia");
    let mut maps = Maps {
        uids: BTreeMap::new(),
        patients: BTreeMap::new(),
    };
    let mut pairs = Vec::new();
    for file in files() {
        let edited = site.edit(file.clone()).unwrap();
        for (original, mapped) in edited.uid_pairs() {
            maps.uids
                .insert(original.into_exposed().to_owned(), mapped.to_string());
        }
        let out = common::write(&edited, &cloakroom_core::PixelChanges::default());
        maps.patients
            .insert("HN-0048213".into(), value_of(&out, 0x0010_0020).unwrap());
        let open = |bytes: &[u8]| dicom_object::from_reader(bytes).unwrap().into_inner();
        pairs.push((open(&file), open(&out)));
    }
    assert_eq!(
        maps.patients["HN-0048213"],
        site.subject.pseudonym().as_str()
    );
    let mut failed: Vec<String> = Vec::new();
    let mut asked = BTreeSet::new();
    for row in key() {
        asked.insert(row.asked);
        let (before, after) = &pairs[row.file];
        if !passes(&row, before, after, &maps) {
            failed.push(format!(
                "{:?} {} {:?} now {:?}",
                row.asked,
                row.path,
                row.words,
                find(after, row.path)
            ));
        }
    }
    assert_eq!(asked.len(), 9);
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn the_scorer_can_fail() {
    let [file, _] = files();
    let before = dicom_object::from_reader(&file[..]).unwrap().into_inner();
    let maps = Maps {
        uids: BTreeMap::new(),
        patients: BTreeMap::new(),
    };
    // An object that nobody touched fails all that asks for a change, and passes all that asks for none.
    for row in key().iter().filter(|row| row.file == 0) {
        let kept = matches!(
            row.asked,
            Asked::TagRetained | Asked::TextNotNull | Asked::TextRetained | Asked::PixelsRetained
        );
        assert_eq!(
            passes(row, &before, &before, &maps),
            kept,
            "{:?} {}",
            row.asked,
            row.path
        );
    }
}
