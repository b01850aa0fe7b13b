//! What reading costs, measured by the kernel: a process of its own, so that nothing else counts.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests, outside of test functions"
)]

mod common;

use cloakroom_core::{PixelChanges, PixelLayout};
use cloakroom_p10::{Edits, Extent, FileSource, Limits, Object, encode, read};
use common::*;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// The most memory that the process has ever held, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn open_file(file: File) -> Result<Object, cloakroom_p10::ReadError> {
    read(
        Arc::new(FileSource::new(file).unwrap()),
        Extent::Whole,
        &Limits::default(),
    )
}

fn sparse(head: &[u8], pixels: u64, tail: &[u8]) -> File {
    let file = tempfile::tempfile().unwrap();
    file.write_all_at(head, 0).unwrap();
    file.write_all_at(tail, head.len() as u64 + pixels).unwrap();
    file
}

/// 400 bytes that say that they are 4 GB.
fn liar() -> File {
    let bytes = file(
        EXPLICIT,
        &build(Syntax::Explicit, |b| {
            start(b);
            b.header(0x0008_0119, "UT", 0xFFFF_FFF0).raw(&[b'x'; 40]);
        }),
    );
    sparse(&bytes, 0, &[])
}

/// Ten thousand frames of 300 KB in fragments, and an element after them.
fn multi_frame() -> File {
    const FRAMES: u64 = 10_000;
    const FRAME: u64 = 300_000;
    let head = file(
        JPEG,
        &build(Syntax::Explicit, |b| {
            start(b);
            b.header(0x7FE0_0010, "OB", u32::MAX)
                .tag(0xFFFE_E000)
                .u32(0);
        }),
    );
    let end = build(Syntax::Explicit, |b| {
        b.end_sequence().el(0xFFFC_FFFC, "OB", &[0, 0]);
    });
    let item = build(Syntax::Explicit, |b| {
        b.tag(0xFFFE_E000).u32(FRAME as u32);
    });
    let file = sparse(&head, FRAMES * (FRAME + 8), &end);
    for frame in 0..FRAMES {
        file.write_all_at(&item, head.len() as u64 + frame * (FRAME + 8))
            .unwrap();
    }
    file
}

fn native(length: u32) -> File {
    let head = file(
        EXPLICIT,
        &build(Syntax::Explicit, |b| {
            start(b);
            b.header(0x7FE0_0010, "OW", length);
        }),
    );
    let tail = build(Syntax::Explicit, |b| {
        b.el(0xFFFC_FFFC, "OB", &[0, 0]);
    });
    sparse(&head, u64::from(length), &tail)
}

#[test]
fn memory_follows_the_header_and_not_the_file() {
    // The dictionary is built once for the whole process.
    open_file(sparse(
        &file(IMPLICIT, &build(Syntax::Implicit, start)),
        0,
        &[],
    ))
    .unwrap();
    let before = peak();
    assert!(open_file(liar()).is_err());
    let lied = peak() - before;
    assert!(lied < 1024, "a length that lies cost {lied} KiB");

    let object = open_file(multi_frame()).unwrap();
    let Some(PixelLayout::Encapsulated {
        fragments, whole, ..
    }) = object.pixel_layout()
    else {
        panic!("no fragments");
    };
    assert_eq!(
        (fragments.len(), whole.len()),
        (10_000, 10_000 * 300_008 + 16)
    );
    assert_eq!(object.dataset().elements().count(), 6);

    let object = open_file(native(3 << 30)).unwrap();
    assert_eq!(object.dataset().elements().count(), 6);

    let object = open_file(native(200 << 20)).unwrap();
    let changes = PixelChanges::default();
    let encoded = encode(&object, &Edits::new(), &meta(EXPLICIT), &changes).unwrap();
    encoded
        .write_to(&**object.source(), &mut std::io::sink())
        .unwrap();
    let all = peak() - before;
    assert!(all < 16 << 10, "three large files cost {all} KiB");
    eprintln!("{lied} KiB for the liar, {all} KiB for all");
}
