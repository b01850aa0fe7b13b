//! Packages of others: blocks of shards, tables, statements, lists of digests.

use crate::parts;
use cloakroom_packager::Compression;
use cloakroom_packager::fuzzing::{block, digest_list, index as read_index};

/// The members that the index of the block knows.
pub(crate) const MEMBERS: [(&str, &[u8]); 2] = [
    ("P1/2.25.1/0001.dcm", b"the first object"),
    ("P1/2.25.1/0002.dcm", b"the second"),
];

/// The tar that belongs to [`MEMBERS`], byte by byte.
pub(crate) fn true_tar() -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, content) in MEMBERS {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        let fields: [(usize, String); 6] = [
            (100, "0000644\0".into()),
            (108, "0000000\0".into()),
            (116, "0000000\0".into()),
            (124, format!("{:011o}\0", content.len())),
            (136, "00000000000\0".into()),
            (148, "        ".into()),
        ];
        for (at, text) in fields {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend(header);
        tar.extend(content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar
}

/// Reads a block of a shard, plain or compressed as the first byte says.
///
/// Law: a plain block passes only if it is, byte by byte, the tar that we would write.
pub fn package(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    if kind & 1 == 0 {
        let passed = block(bytes, Compression::None, &MEMBERS);
        assert_eq!(passed, bytes == true_tar(), "a block was misjudged");
    } else {
        let _ = block(bytes, Compression::default(), &MEMBERS);
    }
}

/// Reads a statement and its three tables, or a list of digests.
pub fn index(bytes: &[u8]) {
    let [statement, patients, series, instances] = parts(bytes);
    for file in ["bundle.json", "release.json"] {
        let _ = read_index(file, statement, [patients, series, instances]);
    }
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = digest_list(text);
    }
}
