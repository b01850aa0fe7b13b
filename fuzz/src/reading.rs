//! The reader of DICOM files, and character sets.

use crate::LIMITS;
use cloakroom_core::{PixelChanges, VR};
use cloakroom_p10::{
    CharacterSet, Edits, Encoded, Extent, FileMeta, MemorySource, Object, Repair, RepairKind,
    encode, read, recognise,
};
use std::sync::Arc;

/// Reads a file to its pixels and to its end, looks at everything in it, and writes it again.
///
/// Laws: the header that is read alone says what the whole file says; what is written from an object reads again, with
/// as many elements; and writing that once more changes nothing.
pub fn p10_read(bytes: &[u8]) {
    let source = Arc::new(MemorySource::new(bytes.to_vec()));
    let _ = recognise(source.as_ref());
    if let Ok(header) = read(Arc::clone(&source) as _, Extent::Header, &LIMITS) {
        look_at(&header);
    }
    let Ok(object) = read(source, Extent::Whole, &LIMITS) else {
        return;
    };
    look_at(&object);
    let Some(first) = written(&object) else {
        return;
    };
    let again = Arc::new(MemorySource::new(first.clone()));
    let again = read(again, Extent::Whole, &cloakroom_p10::Limits::default());
    let Ok(again) = again else {
        panic!("what was written does not read again: {:?}", again.err());
    };
    look_at(&again);
    // A data set whose first elements no dictionary knows may be taken for one in another encoding. What leaves the
    // gate begins with (0008,xxxx) and is read by a reader that believes the declared syntax.
    let doubtful = |repair: &Repair| repair.kind == RepairKind::TransferSyntaxCorrected;
    if again.repairs().iter().any(doubtful) {
        return;
    }
    assert!(
        again.repairs().is_empty(),
        "what was written needs repair: {:?}",
        again.repairs()
    );
    let second = written(&again);
    assert!(second.as_ref() == Some(&first), "writing is not stable");
}

/// Asks an object everything that it can be asked.
fn look_at(object: &Object) {
    let _ = (object.describe_image(), object.pixel_layout());
    let _ = (object.sop_class_uid(), object.sop_instance_uid());
    let _ = (object.duplicates(), object.repairs(), object.meta());
    for element in object.dataset().walk() {
        let _ = (element.text(), element.first_text(), element.numbers());
        let _ = (element.path(), element.private_creator());
        let _ = (element.ancestors(), element.charset().is_ok());
        for item in element.items() {
            let _ = (item.number(), item.charset().is_ok());
        }
    }
}

/// The object without any edit, where it can be written.
fn written(object: &Object) -> Option<Vec<u8>> {
    if object.has_duplicates() {
        return None;
    }
    let meta = FileMeta {
        transfer_syntax: writable(object.transfer_syntax()).to_owned(),
        sop_class: "1.2.840.10008.5.1.4.1.1.7".to_owned(),
        sop_instance: "2.25.1".to_owned(),
        implementation_class: "2.25.2".to_owned(),
        implementation_version: "FUZZ".to_owned(),
    };
    let encoded = encode(object, &Edits::new(), &meta, &PixelChanges::default()).ok()?;
    Some(bytes_of(&encoded, object))
}

/// Deflated data sets are written as Explicit VR Little Endian.
fn writable(transfer_syntax: &str) -> &str {
    match transfer_syntax {
        "1.2.840.10008.1.2.1.99" => "1.2.840.10008.1.2.1",
        other => other,
    }
}

fn bytes_of(encoded: &Encoded, object: &Object) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = encoded.write_to(object.source().as_ref(), &mut bytes);
    assert!(written.is_ok(), "what was planned could not be written");
    assert_eq!(
        bytes.len() as u64,
        encoded.len(),
        "the length was told wrong"
    );
    bytes
}

/// The character sets that the first byte of an input chooses from.
const SETS: [&[&str]; 20] = [
    &[],
    &["ISO_IR 100"],
    &["ISO_IR 101"],
    &["ISO_IR 109"],
    &["ISO_IR 110"],
    &["ISO_IR 144"],
    &["ISO_IR 127"],
    &["ISO_IR 126"],
    &["ISO_IR 138"],
    &["ISO_IR 148"],
    &["ISO_IR 13"],
    &["ISO_IR 166"],
    &["ISO_IR 192"],
    &["GB18030"],
    &["GBK"],
    &["", "ISO 2022 IR 87"],
    &["ISO 2022 IR 13", "ISO 2022 IR 87", "ISO 2022 IR 159"],
    &["", "ISO 2022 IR 149"],
    &["ISO 2022 IR 6", "ISO 2022 IR 58"],
    &["ISO 2022 IR 100", "ISO 2022 IR 144", "ISO 2022 IR 166"],
];

const TEXTS: [VR; 6] = [VR::PN, VR::LO, VR::UC, VR::LT, VR::UT, VR::CS];

/// Decodes text in a character set and encodes it again.
///
/// Law: what can be encoded decodes to the same text.
pub fn p10_text(bytes: &[u8]) {
    let Some(([set, vr], text)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    if *set == u8::MAX {
        let names = String::from_utf8_lossy(text);
        let names: Vec<&str> = names.split('\\').collect();
        let _ = CharacterSet::parse(&names);
        return;
    }
    let Ok(set) = CharacterSet::parse(SETS[usize::from(*set) % SETS.len()]) else {
        panic!("a defined term was refused");
    };
    let vr = TEXTS[usize::from(*vr) % TEXTS.len()];
    let Ok(decoded) = set.decode(vr, text) else {
        return;
    };
    if let Ok(encoded) = set.encode(vr, &decoded) {
        let again = set.decode(vr, &encoded);
        assert!(
            again.is_ok_and(|again| again == decoded),
            "text changed on its way through its own set"
        );
    }
}
