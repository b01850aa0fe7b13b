//! Files built byte by byte, so that the tests do not lean on the writer they test.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test binary uses its own part of this"
)]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests, outside of test functions"
)]

use cloakroom_core::PixelChanges;
use cloakroom_p10::{
    EncodeError, Extent, FileMeta, Limits, MemorySource, Object, ReadError, encode, read, recognise,
};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

pub const IMPLICIT: &str = "1.2.840.10008.1.2";
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub const BIG: &str = "1.2.840.10008.1.2.2";
pub const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub const JPEG: &str = "1.2.840.10008.1.2.4.50";

/// How [`Build`] encodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Syntax {
    Implicit,
    Explicit,
    Big,
    ImplicitBig,
}

/// Encodes elements one after the other.
pub struct Build {
    pub bytes: Vec<u8>,
    syntax: Syntax,
}

impl Build {
    pub fn new(syntax: Syntax) -> Self {
        Self {
            bytes: Vec::new(),
            syntax,
        }
    }

    pub fn is_big(&self) -> bool {
        matches!(self.syntax, Syntax::Big | Syntax::ImplicitBig)
    }

    pub fn u16(&mut self, number: u16) -> &mut Self {
        let bytes = if self.is_big() {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        };
        self.raw(&bytes)
    }

    pub fn u32(&mut self, number: u32) -> &mut Self {
        let bytes = if self.is_big() {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        };
        self.raw(&bytes)
    }

    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub fn tag(&mut self, tag: u32) -> &mut Self {
        self.u16((tag >> 16) as u16).u16(tag as u16)
    }

    pub fn header(&mut self, tag: u32, vr: &str, length: u32) -> &mut Self {
        self.tag(tag);
        if matches!(self.syntax, Syntax::Implicit | Syntax::ImplicitBig) {
            return self.u32(length);
        }
        self.raw(vr.as_bytes());
        if [
            "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV",
        ]
        .contains(&vr)
        {
            self.raw(&[0, 0]).u32(length)
        } else {
            self.u16(length as u16)
        }
    }

    /// An element with a value, not padded.
    pub fn el(&mut self, tag: u32, vr: &str, value: &[u8]) -> &mut Self {
        self.header(tag, vr, value.len() as u32).raw(value)
    }

    pub fn us(&mut self, tag: u32, number: u16) -> &mut Self {
        self.header(tag, "US", 2).u16(number)
    }

    /// A Sequence of defined length with Items of defined length.
    pub fn sq(&mut self, tag: u32, items: &[Vec<u8>]) -> &mut Self {
        let length = items.iter().map(|item| item.len() as u32 + 8).sum();
        self.header(tag, "SQ", length);
        for item in items {
            self.tag(0xFFFE_E000).u32(item.len() as u32).raw(item);
        }
        self
    }

    /// A Sequence of undefined length with Items of undefined length.
    pub fn open_sq(&mut self, tag: u32, vr: &str, items: &[Vec<u8>]) -> &mut Self {
        self.header(tag, vr, u32::MAX);
        for item in items {
            self.tag(0xFFFE_E000).u32(u32::MAX).raw(item);
            self.tag(0xFFFE_E00D).u32(0);
        }
        self.tag(0xFFFE_E0DD).u32(0)
    }

    pub fn fragments(&mut self, tag: u32, fragments: &[&[u8]]) -> &mut Self {
        self.header(tag, "OB", u32::MAX);
        for fragment in fragments {
            self.tag(0xFFFE_E000)
                .u32(fragment.len() as u32)
                .raw(fragment);
        }
        self
    }

    pub fn end_sequence(&mut self) -> &mut Self {
        self.tag(0xFFFE_E0DD).u32(0)
    }

    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

/// The bytes of a data set.
pub fn build(syntax: Syntax, fill: impl FnOnce(&mut Build)) -> Vec<u8> {
    let mut build = Build::new(syntax);
    fill(&mut build);
    build.bytes
}

/// The elements that every object starts with.
pub fn start(b: &mut Build) {
    b.el(0x0008_0005, "CS", b"ISO_IR 100")
        .el(0x0008_0016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0")
        .el(0x0008_0018, "UI", b"1.2.3.4\0")
        .el(0x0008_0060, "CS", b"CT");
}

/// The group 0002 that [`encode`](cloakroom_p10::encode) writes with [`meta`].
pub fn meta_bytes(transfer_syntax: &str) -> Vec<u8> {
    let even = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        bytes
    };
    let group = build(Syntax::Explicit, |b| {
        b.el(0x0002_0001, "OB", &[0, 1])
            .el(0x0002_0002, "UI", &even("1.2.840.10008.5.1.4.1.1.2"))
            .el(0x0002_0003, "UI", &even("1.2.3.4"))
            .el(0x0002_0010, "UI", &even(transfer_syntax))
            .el(0x0002_0012, "UI", &even("2.25.1"))
            .el(0x0002_0013, "SH", b"TEST");
    });
    build(Syntax::Explicit, |b| {
        b.el(0x0002_0000, "UL", &(group.len() as u32).to_le_bytes())
            .raw(&group);
    })
}

/// A file with preamble and group 0002.
pub fn file(transfer_syntax: &str, data_set: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend_from_slice(b"DICM");
    bytes.extend_from_slice(&meta_bytes(transfer_syntax));
    bytes.extend_from_slice(data_set);
    bytes
}

pub fn meta(transfer_syntax: &str) -> FileMeta {
    FileMeta {
        transfer_syntax: transfer_syntax.to_owned(),
        sop_class: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
        sop_instance: "1.2.3.4".to_owned(),
        implementation_class: "2.25.1".to_owned(),
        implementation_version: "TEST".to_owned(),
    }
}

pub fn open(bytes: &[u8]) -> Result<Object, ReadError> {
    read(
        Arc::new(MemorySource::new(bytes.to_vec())),
        Extent::Whole,
        &Limits::default(),
    )
}

pub fn codes(object: &Object) -> Vec<&'static str> {
    object
        .repairs()
        .iter()
        .map(|repair| repair.kind.code())
        .collect()
}

/// The object written out whole, with no edits unless given.
pub fn written(object: &Object, edits: &cloakroom_p10::Edits) -> Vec<u8> {
    let encoded = cloakroom_p10::encode(
        object,
        edits,
        &meta(object.transfer_syntax()),
        &cloakroom_core::PixelChanges::default(),
    )
    .unwrap();
    let mut out = Vec::new();
    encoded.write_to(&**object.source(), &mut out).unwrap();
    assert_eq!(out.len() as u64, encoded.len());
    out
}

/// Real files that other projects publish: those beside the checkout, and those in pip's pydicom.
pub fn real_files() -> Vec<PathBuf> {
    let shared = std::env::var_os("CLOAKROOM_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let mut folders = vec![shared.join("devset")];
    let script = "import pydicom, pathlib; print(pathlib.Path(pydicom.__file__).parent / 'data')";
    if let Ok(found) = Command::new("python3").args(["-c", script]).output()
        && found.status.success()
    {
        folders.push(PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()));
    }
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            eprintln!("not present, skipped: {}", folder.display());
            continue;
        };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

/// Whatever the bytes are: no panic, and what can be read is written legally or not at all.
pub fn hostile(bytes: &[u8]) {
    let source = Arc::new(MemorySource::new(bytes.to_vec()));
    let _ = recognise(&*source);
    let _ = read(source.clone(), Extent::Header, &Limits::default());
    let Ok(object) = read(source, Extent::Whole, &Limits::default()) else {
        return;
    };
    let _ = (
        object.describe_image(),
        object.duplicates(),
        object.sop_class_uid(),
    );
    for element in object.dataset().walk() {
        assert!(element.is_pixel_value() || element.raw().is_some());
        let _ = (
            element.text(),
            element.numbers(),
            element.path(),
            element.private_creator(),
        );
    }
    let meta = meta(object.transfer_syntax());
    let encoded = match encode(
        &object,
        &cloakroom_p10::Edits::new(),
        &meta,
        &PixelChanges::default(),
    ) {
        Ok(encoded) => encoded,
        Err(EncodeError::DuplicateElement(_)) => return assert!(object.has_duplicates()),
        Err(EncodeError::PixelsContradictTransferSyntax) => return,
        Err(error) => panic!("{error}"),
    };
    let mut out = Vec::new();
    encoded.write_to(&**object.source(), &mut out).unwrap();
    let again = open(&out).unwrap();
    assert_eq!(again.repairs(), [], "{:?}", object.repairs());
    assert_eq!(again.transfer_syntax(), object.transfer_syntax());
    assert_eq!(written(&again, &cloakroom_p10::Edits::new()), out);
}
