//! Wrong before or after the data set.

use super::{BrokenFile, small};
use crate::dicom::{
    Dataset, DicomFile, Encoding, Meta, Syntax, Value, file::deflate, write::encode,
};
use cloakroom_core::{HoldReason, Outcome, QuarantineReason, SetAsideReason};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

const MALFORMED: Outcome = Outcome::Quarantined(QuarantineReason::Malformed);
const TRUNCATED: Outcome = Outcome::Quarantined(QuarantineReason::Truncated);
const LIMIT: Outcome = Outcome::Quarantined(QuarantineReason::LimitExceeded);
const STRANGER: Outcome = Outcome::SetAside(SetAsideReason::NotDicom);
/// A secondary capture is looked at before it is cleared.
pub(super) const READ: [Outcome; 4] = [
    Outcome::Cleared,
    Outcome::Held(HoldReason::PixelReasonMissing),
    Outcome::Held(HoldReason::DetectorMissing),
    Outcome::Held(HoldReason::DocumentImage),
];

pub(super) fn files() -> Vec<BrokenFile> {
    let mut files = vec![BrokenFile {
        name: "empty",
        why: "a file of no bytes",
        bytes: Vec::new(),
        expected: vec![Outcome::Quarantined(QuarantineReason::Empty)],
    }];
    files.extend(meta_files());
    files.extend(ends());
    files.extend(deflated());
    files.extend(strangers());
    files
}

fn make(name: &'static str, why: &'static str, expected: &[Outcome], bytes: Vec<u8>) -> BrokenFile {
    BrokenFile {
        name,
        why,
        bytes,
        expected: expected.to_vec(),
    }
}

fn meta_files() -> Vec<BrokenFile> {
    let built = |number: u32, change: &dyn Fn(&mut DicomFile)| {
        let mut file = small(number);
        change(&mut file);
        file.bytes()
    };
    let without = |tag: Tag| {
        move |file: &mut DicomFile| {
            let mut meta = file.standard_meta();
            meta.remove(tag);
            file.meta = Meta::Only(meta);
        }
    };
    vec![
        make(
            "bare-data-set-explicit",
            "no preamble, no meta: the data set alone, explicit",
            &READ,
            built(1, &|file| {
                file.preamble = None;
                file.meta = Meta::Absent;
            }),
        ),
        make(
            "bare-data-set-implicit",
            "no preamble, no meta: the data set alone, implicit",
            &READ,
            built(2, &|file| {
                file.preamble = None;
                file.meta = Meta::Absent;
                file.syntax = Syntax::ImplicitLittle;
            }),
        ),
        make(
            "bare-data-set-big-endian",
            "no preamble, no meta: the data set alone, big endian",
            &READ,
            built(3, &|file| {
                file.preamble = None;
                file.meta = Meta::Absent;
                file.syntax = Syntax::ExplicitBig;
            }),
        ),
        make(
            "meta-absent-after-preamble",
            "a preamble and no meta information",
            &READ,
            built(4, &|file| file.meta = Meta::Absent),
        ),
        make(
            "meta-without-preamble",
            "meta information without the 128 bytes before it",
            &READ,
            built(5, &|file| file.preamble = None),
        ),
        make(
            "meta-without-group-length",
            "meta information does not say how long it is",
            &READ,
            built(6, &|file| {
                file.meta = Meta::Only(file.standard_meta());
            }),
        ),
        make(
            "meta-without-transfer-syntax",
            "meta information does not say the transfer syntax",
            &READ,
            built(7, &without(tags::TRANSFER_SYNTAX_UID)),
        ),
        make(
            "meta-without-sop-class",
            "meta information lacks the SOP Class UID, the data set has it",
            &READ,
            built(8, &without(tags::MEDIA_STORAGE_SOP_CLASS_UID)),
        ),
        make(
            "meta-group-length-wrong",
            "meta information says that it is shorter than it is",
            &READ,
            built(9, &|file| {
                let mut meta = file.standard_meta();
                meta.put(Tag(2, 0), VR::UL, Value::Longs(vec![20]));
                file.meta = Meta::Only(meta);
            }),
        ),
        make(
            "meta-contradicts-data-set",
            "meta information names another SOP Instance UID than the data set",
            &[READ[0], READ[1], READ[2], READ[3], MALFORMED],
            built(10, &|file| {
                let mut meta = Dataset::new();
                meta.text(
                    tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
                    "1.3.6.1.4.1.32473.2.10.99",
                );
                file.meta = Meta::With(meta);
            }),
        ),
        make(
            "transfer-syntax-unknown",
            "the transfer syntax is in no standard",
            &[Outcome::Quarantined(
                QuarantineReason::TransferSyntaxUnknown,
            )],
            built(11, &|file| {
                let mut meta = Dataset::new();
                meta.text(tags::TRANSFER_SYNTAX_UID, "1.2.840.10008.1.2.4.999");
                file.meta = Meta::With(meta);
            }),
        ),
        make(
            "declared-explicit-encoded-implicit",
            "explicit is declared, implicit is written",
            &READ,
            declared(12, Syntax::ExplicitLittle, Syntax::ImplicitLittle),
        ),
        make(
            "declared-implicit-encoded-explicit",
            "implicit is declared, explicit is written",
            &READ,
            declared(13, Syntax::ImplicitLittle, Syntax::ExplicitLittle),
        ),
        make(
            "declared-big-endian-encoded-little",
            "big endian is declared, little endian is written",
            &[READ[0], READ[1], READ[2], READ[3], MALFORMED],
            declared(14, Syntax::ExplicitBig, Syntax::ExplicitLittle),
        ),
        make(
            "preamble-of-a-program",
            "the preamble is that of a Windows program (CVE-2019-11687)",
            &READ,
            built(15, &|file| {
                file.preamble = Some(b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xFF\xFF\0\0".to_vec());
            }),
        ),
        make(
            "preamble-of-a-tiff",
            "the preamble is that of a TIFF",
            &READ,
            built(16, &|file| {
                file.preamble = Some(b"II*\0\x10\0\0\0".to_vec())
            }),
        ),
    ]
}

fn declared(number: u32, declared: Syntax, real: Syntax) -> Vec<u8> {
    let mut file = small(number);
    file.syntax = real;
    let mut meta = Dataset::new();
    meta.text(tags::TRANSFER_SYNTAX_UID, declared.uid());
    file.meta = Meta::With(meta);
    file.bytes()
}

fn ends() -> Vec<BrokenFile> {
    let cut = |number: u32, keep: &dyn Fn(usize) -> usize| {
        let bytes = small(number).bytes();
        bytes[..keep(bytes.len())].to_vec()
    };
    let trailed = |number: u32, trailing: Vec<u8>| {
        DicomFile {
            trailing,
            ..small(number)
        }
        .bytes()
    };
    let mut second = Dataset::new();
    second.text(tags::PATIENT_NAME, "AFTER^THE END");
    let more = [READ[0], READ[1], READ[2], READ[3], MALFORMED];
    vec![
        make(
            "only-a-preamble",
            "128 bytes and DICM, nothing else",
            &[
                TRUNCATED,
                MALFORMED,
                Outcome::Quarantined(QuarantineReason::IdentityIncomplete),
            ],
            cut(30, &|_| 132),
        ),
        make(
            "truncated-in-meta",
            "the file ends inside the meta information",
            &[TRUNCATED, MALFORMED],
            cut(31, &|_| 200),
        ),
        make(
            "truncated-in-tag",
            "the file ends inside a tag",
            &[TRUNCATED],
            cut(32, &|length| length - 64 - 12 + 2),
        ),
        make(
            "truncated-in-value",
            "the file ends inside a value of the header",
            &[TRUNCATED],
            cut(33, &|length| length / 2 + 40),
        ),
        make(
            "truncated-in-pixels",
            "the file ends inside the pixels",
            &[TRUNCATED],
            cut(34, &|length| length - 20),
        ),
        make(
            "trailing-zeros",
            "ten zeros after the last element",
            &READ,
            trailed(35, vec![0; 10]),
        ),
        make(
            "trailing-block-of-zeros",
            "512 zeros after the last element, as tapes leave them",
            &READ,
            trailed(36, vec![0; 512]),
        ),
        make(
            "trailing-text",
            "text after the last element",
            &more,
            trailed(37, b"copied by SOME BODY".to_vec()),
        ),
        make(
            "trailing-data-set",
            "a second data set after the first",
            &more,
            trailed(38, encode(&second, Encoding::EXPLICIT_LITTLE)),
        ),
        make(
            "two-files-in-one",
            "a second file after the first",
            &more,
            trailed(39, small(139).bytes()),
        ),
    ]
}

fn deflated() -> Vec<BrokenFile> {
    let mut good = small(50);
    good.syntax = Syntax::Deflated;
    let bytes = good.bytes();
    let head = {
        let mut file = small(51);
        file.syntax = Syntax::Deflated;
        file.dataset = Dataset::new();
        let full = file.bytes();
        full[..full.len() - deflate(&[]).len()].to_vec()
    };
    // 32 MB of zeros fit in as many KB: a value of a length that is true.
    let mut bomb = small(52).dataset;
    bomb.put(
        tags::ENCAPSULATED_DOCUMENT,
        VR::OB,
        Value::Bytes(vec![0; 32 << 20]),
    );
    let mut bomb_bytes = head.clone();
    bomb_bytes.extend(deflate(&encode(&bomb, Encoding::EXPLICIT_LITTLE)));
    let mut noise = head;
    noise.extend_from_slice(&[0xFF; 64]);
    vec![
        make(
            "deflated-bomb",
            "32 MB of zeros, deflated to 32 KB",
            &[
                LIMIT,
                Outcome::Held(HoldReason::TooLarge),
                READ[0],
                READ[1],
                READ[2],
                READ[3],
            ],
            bomb_bytes,
        ),
        make(
            "deflated-noise",
            "declared as deflated, but no deflate stream",
            &[MALFORMED, TRUNCATED],
            noise,
        ),
        make(
            "deflated-truncated",
            "a deflated data set that ends too soon",
            &[TRUNCATED, MALFORMED],
            bytes[..bytes.len() - 60].to_vec(),
        ),
    ]
}

fn strangers() -> Vec<BrokenFile> {
    vec![
        make(
            "text-named-dcm",
            "a text file with the name of an image",
            &[STRANGER],
            b"This is not an image.\n".to_vec(),
        ),
        make(
            "zeros",
            "a file of zeros",
            &[STRANGER, MALFORMED],
            vec![0; 1024],
        ),
        make(
            "jpeg-named-dcm",
            "a JPEG with the name of an image",
            &[STRANGER],
            crate::dicom::jpeg::encode_frame(
                &[128; 256],
                16,
                16,
                crate::dicom::jpeg::JpegColour::Gray,
                80,
            ),
        ),
    ]
}
