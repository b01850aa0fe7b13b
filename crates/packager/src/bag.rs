//! The layout of a package as a BagIt 1.0 bag (RFC 8493): payload below `data/`, everything else a tag file.

use crate::names::is_safe_path;
use cloakroom_core::Digest;
use std::collections::BTreeMap;

pub(crate) const DECLARATION: &str = "bagit.txt";
pub(crate) const INFO: &str = "bag-info.txt";
pub(crate) const MANIFEST: &str = "manifest-sha256.txt";
pub(crate) const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
pub(crate) const SIGNATURE: &str = "tagmanifest-sha256.txt.minisig";
/// Below this folder lies what may come after the signature; each file there signs itself.
pub(crate) const AFTERWARDS: &str = "post/";
pub(crate) const PAYLOAD: &str = "data/";

pub(crate) const DECLARATION_TEXT: &str =
    "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// Files by path with digest and size.
pub(crate) type Files = BTreeMap<String, (Digest, u64)>;

/// What `bag-info.txt` says, without a clock.
#[derive(Debug, Clone)]
pub(crate) struct BagInfo {
    pub(crate) identifier: String,
    pub(crate) organization: String,
    pub(crate) description: String,
    pub(crate) date: String,
    pub(crate) software: String,
}

impl BagInfo {
    pub(crate) fn text(&self, payload: &Files) -> String {
        let line = |text: &str| text.replace(['\r', '\n'], " ");
        format!(
            "Bag-Software-Agent: {}\nBagging-Date: {}\nExternal-Description: {}\nExternal-Identifier: {}\nPayload-Oxum: {}\nSource-Organization: {}\n",
            line(&self.software),
            line(&self.date),
            line(&self.description),
            line(&self.identifier),
            oxum(payload),
            line(&self.organization),
        )
    }
}

/// Bytes and files of the payload (RFC 8493, section 2.2.2).
pub(crate) fn oxum(payload: &Files) -> String {
    let bytes: u64 = payload.values().map(|(_, bytes)| bytes).sum();
    format!("{bytes}.{}", payload.len())
}

/// The lines of a manifest, which is also a list for `sha256sum -c`.
pub(crate) fn manifest_text(files: &Files) -> String {
    files
        .iter()
        .map(|(path, (digest, _))| format!("{digest}  {path}\n"))
        .collect()
}

/// Reads a manifest back, as strictly as it is written: sorted, two spaces, safe paths, LF.
pub(crate) fn parse_manifest(text: &str) -> Result<BTreeMap<String, Digest>, String> {
    let mut files = BTreeMap::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let wrong = |why: &str| format!("line {}: {why}", number + 1);
        let line = line
            .strip_suffix('\n')
            .ok_or_else(|| wrong("the last line is cut off"))?;
        let (digest, path) = line
            .split_once("  ")
            .ok_or_else(|| wrong("it is not a digest, two spaces and a path"))?;
        let digest = digest.parse().map_err(|_| wrong("the digest is not one"))?;
        if !is_safe_path(path) {
            return Err(wrong("the path is not safe"));
        }
        if files.insert(path.to_owned(), digest).is_some() {
            return Err(wrong("the path is listed twice"));
        }
    }
    Ok(files)
}

/// The value of a line of `bag-info.txt`.
pub(crate) fn info_value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

/// Whether a path belongs to the payload.
pub(crate) fn is_payload(path: &str) -> bool {
    path.starts_with(PAYLOAD)
}

/// Whether a path stands outside both manifests by its nature.
pub(crate) fn is_unlisted(path: &str) -> bool {
    path == TAG_MANIFEST || path == SIGNATURE || path.starts_with(AFTERWARDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn manifests_read_back_and_unsafe_ones_do_not() {
        let mut files = Files::new();
        files.insert("data/a.csv".into(), (Digest::of(b"a"), 1));
        files.insert("data/b/c.tar".into(), (Digest::of(b"c"), 10));
        let text = manifest_text(&files);
        let read = parse_manifest(&text).unwrap();
        assert!(
            read.iter()
                .map(|(path, digest)| (path, *digest))
                .eq(files.iter().map(|(path, (digest, _))| (path, *digest)))
        );
        assert_eq!(oxum(&files), "11.2");
        let digest = Digest::of(b"");
        for bad in [
            format!("{digest}  ../x\n"),
            format!("{digest}  /x\n"),
            format!("{digest} x\n"),
            format!("{digest}  x"),
            format!("{digest}  x\n{digest}  x\n"),
            "zz  x\n".into(),
        ] {
            assert!(parse_manifest(&bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "[0-9a-f \\PC\n]{0,200}") {
            let _ = parse_manifest(&text);
        }
    }
}
