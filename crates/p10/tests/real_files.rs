//! Files that nobody here made: each ends in an object or a typed error, and dicom-object agrees.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests, outside of test functions"
)]

mod common;

use cloakroom_p10::{
    ElementRef, Elements, Extent, FileSource, Limits, MemorySource, Object, ReadError, Recognition,
    RepairKind, read, recognise,
};
use common::{open, real_files, written};
use dicom_core::header::{HasLength, Header};
use dicom_core::value::Value;
use dicom_object::{InMemDicomObject, OpenFileOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One line for each element: the depth, the tag, the VR, and the length of a value.
type Line = (usize, u16, u16, String, Option<u64>);

fn ours(elements: Elements<'_>, depth: usize, unknown: &[ElementRef<'_>], lines: &mut Vec<Line>) {
    for element in elements {
        let tag = element.tag();
        // dicom-object leaves a Sequence in UN of defined length as it is: a limit of its own.
        let opaque = unknown.iter().any(|other| other.id() == element.id())
            && !element.has_undefined_length();
        let vr = if element.is_sequence() && !opaque {
            element.vr()
        } else {
            element.stated_vr()
        };
        let measured = !element.is_sequence() && !element.has_undefined_length() || opaque;
        let length = measured.then(|| element.value_len() + (element.value_len() & 1));
        lines.push((depth, tag.0, tag.1, vr.to_string().to_owned(), length));
        if element.is_sequence() && !opaque {
            for item in element.items() {
                ours(item.elements(), depth + 1, unknown, lines);
            }
        }
    }
}

fn theirs(object: &InMemDicomObject, depth: usize, lines: &mut Vec<Line>) {
    for element in object {
        let tag = element.header().tag();
        let vr = element.vr().to_string().to_owned();
        match element.value() {
            Value::Primitive(_) => {
                let length = element.header().length().get().map(u64::from);
                lines.push((
                    depth,
                    tag.0,
                    tag.1,
                    vr,
                    length.map(|length| length + (length & 1)),
                ));
            }
            Value::PixelSequence(_) => lines.push((depth, tag.0, tag.1, vr, None)),
            Value::Sequence(sequence) => {
                lines.push((depth, tag.0, tag.1, vr, None));
                for item in sequence.items() {
                    theirs(item, depth + 1, lines);
                }
            }
        }
    }
}

/// Equal, but for UN, in whose place dicom-object now and then puts what the dictionary says.
fn is_same(ours: &Line, theirs: &Line) -> bool {
    let mut stated = theirs.clone();
    if ours.3 == "UN" {
        stated.3.clone_from(&ours.3);
    }
    *ours == stated
}

/// Why dicom-object may see something else, or nothing at all.
fn known_limit(object: &Object) -> Option<&'static str> {
    let has = |kind| object.repairs().iter().any(|repair| repair.kind == kind);
    if object.has_duplicates() {
        return Some("it keeps the last of duplicates");
    }
    if has(RepairKind::ElementsSorted) {
        return Some("it sorts elements that do not ascend");
    }
    if has(RepairKind::OddLengthPadded) {
        return Some("it makes odd lengths even as it reads");
    }
    if has(RepairKind::TrailingBytesDropped) {
        return Some("it takes bytes after the data set for elements");
    }
    if has(RepairKind::VrCorrected) || has(RepairKind::EncodingCorrected) {
        return Some("it takes the transfer syntax at its word");
    }
    if has(RepairKind::StrayDelimiterDropped) {
        return Some("it takes a stray delimiter for an element");
    }
    let undefined_unknown = object
        .dataset()
        .walk()
        .any(|element| element.stated_vr() == dicom_core::VR::UN && element.has_undefined_length());
    if undefined_unknown {
        return Some("it misreads UN of undefined length, and claims gigabytes for it");
    }
    None
}

#[test]
fn every_real_file_ends_in_an_object_or_a_reason() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for path in real_files() {
        let recognition = recognise(&FileSource::open(&path).unwrap()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let from_memory = open(&bytes);
        let source = Arc::new(FileSource::open(&path).unwrap());
        let from_file = read(source.clone(), Extent::Whole, &Limits::default());
        let header = read(source, Extent::Header, &Limits::default());
        let outcome = match (&from_memory, &from_file) {
            (Ok(memory), Ok(file)) => {
                same_object(memory, file);
                assert!(header.is_ok(), "{}", path.display());
                assert_ne!(recognition, Recognition::NotDicom, "{}", path.display());
                let _ = memory.describe_image();
                format!("{recognition:?}")
            }
            (Err(memory), Err(file)) => {
                assert_eq!(memory.to_string(), file.to_string(), "{}", path.display());
                assert!(!matches!(memory, ReadError::Io(_)), "{}", path.display());
                eprintln!("{}: {recognition:?}, {memory}", path.display());
                format!("{recognition:?}, {}", memory.reason())
            }
            _ => panic!("{}: memory and file disagree", path.display()),
        };
        *counts.entry(outcome).or_default() += 1;
    }
    eprintln!("{counts:#?}");
}

/// What is read from a file is what is read from memory.
fn same_object(memory: &Object, file: &Object) {
    assert_eq!(memory.transfer_syntax(), file.transfer_syntax());
    assert_eq!(memory.pixel_layout(), file.pixel_layout());
    assert_eq!(memory.repairs(), file.repairs());
    assert!(memory.dataset().walk().count() == file.dataset().walk().count());
    for (a, b) in memory.dataset().walk().zip(file.dataset().walk()) {
        assert_eq!(
            (a.tag(), a.vr(), a.value_len()),
            (b.tag(), b.vr(), b.value_len())
        );
        assert!(a.raw() == b.raw(), "{}", a.path());
        assert!(a.is_pixel_value() || a.raw().is_some(), "{}", a.path());
        let _ = (a.text(), a.numbers(), a.private_creator());
    }
}

#[test]
fn dicom_object_sees_the_same_elements() {
    let (mut agreed, mut limits) = (0, BTreeMap::<&str, usize>::new());
    let mut differing = Vec::new();
    for path in real_files() {
        let Ok(object) = open(&std::fs::read(&path).unwrap()) else {
            continue;
        };
        if let Some(limit) = known_limit(&object) {
            *limits.entry(limit).or_default() += 1;
            continue;
        }
        let Ok(other) = OpenFileOptions::new().open_file(&path) else {
            continue;
        };
        let unknown: Vec<ElementRef<'_>> = object
            .dataset()
            .walk()
            .filter(|element| element.is_sequence() && element.stated_vr() != dicom_core::VR::SQ)
            .collect();
        let (mut left, mut right) = (Vec::new(), Vec::new());
        ours(object.dataset().elements(), 0, &unknown, &mut left);
        theirs(&other, 0, &mut right);
        let odd = left.iter().zip(&right).find(|(a, b)| !is_same(a, b));
        if odd.is_none() && left.len() == right.len() {
            agreed += 1;
        } else {
            differing.push(format!(
                "{}: {} {} {odd:?}",
                path.display(),
                left.len(),
                right.len()
            ));
        }
    }
    eprintln!("{agreed} agree; {limits:#?}");
    assert!(differing.is_empty(), "{differing:#?}");
}

#[test]
fn what_is_written_reads_back_and_is_written_the_same_again() {
    for path in real_files() {
        let Ok(object) = open(&std::fs::read(&path).unwrap()) else {
            continue;
        };
        if object.has_duplicates() {
            continue;
        }
        let contradiction = object.pixel_element().is_some_and(|pixels| {
            !pixels.has_undefined_length()
                && pixels.value_len() > 0
                && cloakroom_p10::is_encapsulated(object.transfer_syntax())
        });
        if contradiction {
            eprintln!(
                "native pixels under a compressed transfer syntax: {}",
                path.display()
            );
            continue;
        }
        let first = written(&object, &cloakroom_p10::Edits::new());
        let again = open(&first).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            again.repairs().is_empty(),
            "{}: {:?}",
            path.display(),
            again.repairs()
        );
        assert_eq!(again.transfer_syntax(), object.transfer_syntax());
        assert!(
            written(&again, &cloakroom_p10::Edits::new()) == first,
            "{}",
            path.display()
        );
        if object.meta().is_some() && object.repairs().is_empty() {
            unchanged(&object, &first, &path);
        }
        let second = OpenFileOptions::new().from_reader(&first[..]);
        assert!(
            second.is_ok(),
            "{}: {:?}",
            path.display(),
            second.err().map(|e| e.to_string())
        );
    }
}

/// The data set of a legal file keeps its bytes, from the first element to the last.
fn unchanged(object: &Object, out: &[u8], path: &std::path::Path) {
    let original = object.source().bytes().unwrap();
    let again = open(out).unwrap();
    let start = |object: &Object| {
        let first = object.dataset().elements().next()?;
        let raw = first.raw()?.as_ptr() as usize;
        let base = object.source().bytes()?.as_ptr() as usize;
        Some(raw - base)
    };
    let (Some(a), Some(b)) = (start(object), start(&again)) else {
        return;
    };
    assert!(original[a..] == out[b..], "{}", path.display());
}

/// Names in pydicom's files of character sets, as pydicom reads them.
#[test]
fn names_in_many_scripts_are_decoded() {
    let expected = [
        ("chrFrenMulti.dcm", "Buc^Jérôme\\Buc^Jérôme"),
        ("chrH31.dcm", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("chrH32.dcm", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        ("chrI2.dcm", "Hong^Gildong=洪^吉洞=홍^길동"),
        ("chrJapMulti.dcm", "やまだ^たろう\\やまだ^たろう"),
        ("chrKoreanMulti.dcm", "김희중\\김희중"),
        ("chrX1.dcm", "Wang^XiaoDong=王^小東="),
        ("chrX2.dcm", "Wang^XiaoDong=王^小东="),
    ];
    for path in real_files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((_, text)) = expected.iter().find(|(file, _)| *file == name) else {
            continue;
        };
        let object = open(&std::fs::read(&path).unwrap()).unwrap();
        let names = object
            .dataset()
            .walk()
            .filter(|element| element.vr() == dicom_core::VR::PN);
        let names: Vec<String> = names.map(|name| name.text().unwrap().join("\\")).collect();
        assert!(names.iter().any(|name| name == text), "{name}: {names:?}");
    }
}

/// A small generator of numbers, so that a failure comes back.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn damaged_real_files_do_no_harm() {
    let rounds = std::env::var("CLOAKROOM_ROUNDS").map_or(6, |rounds| rounds.parse().unwrap());
    let mut state = 0x9E37_79B9_7F4A_7C15;
    for path in real_files() {
        let whole = std::fs::read(&path).unwrap();
        if whole.len() > 16 << 10 || whole.len() < 16 {
            continue;
        }
        for _ in 0..rounds {
            let mut bytes = whole.clone();
            for _ in 0..=next(&mut state) % 4 {
                // Mostly in the header, with the bytes that mean something.
                let place = (next(&mut state) % (bytes.len() as u64)) as usize;
                let interesting = [
                    0, 1, 0x7F, 0xFF, 0xFE, 0xE0, 0x0D, 0xDD, b'U', b'N', b'S', b'Q',
                ];
                let choice = next(&mut state);
                bytes[place] = interesting
                    .get((choice % 16) as usize)
                    .copied()
                    .unwrap_or((choice >> 8) as u8);
            }
            if next(&mut state).is_multiple_of(4) {
                bytes.truncate((next(&mut state) % bytes.len() as u64) as usize);
            }
            if let Err(panic) = std::panic::catch_unwind(|| common::hostile(&bytes)) {
                std::fs::write(std::env::temp_dir().join("cloakroom-p10-damaged"), &bytes).unwrap();
                eprintln!("{}", path.display());
                std::panic::resume_unwind(panic);
            }
        }
    }
}

#[test]
fn memory_is_lent_and_never_copied() {
    let data_set = common::build(common::Syntax::Explicit, common::start);
    let source = Arc::new(MemorySource::new(common::file(common::EXPLICIT, &data_set)));
    let object = read(source.clone(), Extent::Whole, &Limits::default()).unwrap();
    let bytes = cloakroom_p10::Source::bytes(&*source)
        .unwrap()
        .as_ptr_range();
    for element in object.dataset().walk() {
        assert!(bytes.contains(&element.raw().unwrap().as_ptr()));
    }
}
