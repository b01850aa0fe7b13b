//! Lists for tools that download and check by themselves.

use crate::package::Package;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The tool that reads a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownloadTool {
    /// `aria2c -c -V -i LIST`: resumes, checks digests, repairs.
    Aria2,
    /// `curl --parallel --create-dirs -C - --config LIST`: resumes; `sha256sum -c` checks.
    Curl,
}

/// The shards of a release as a list of addresses; with an older version, only those that it lacks.
///
/// Each mirror is the address of a folder that holds the release. Names never change their meaning, so
/// the shards to fetch are the names that the older version does not have.
#[must_use]
pub fn download_list(
    release: &Package,
    older: Option<&Package>,
    mirrors: &[String],
    tool: DownloadTool,
) -> String {
    let have: BTreeSet<&str> = older
        .into_iter()
        .flat_map(|package| package.statement().shards())
        .map(|shard| shard.path.as_str())
        .collect();
    let mut text = String::new();
    for shard in release.statement().shards() {
        if have.contains(shard.path.as_str()) {
            continue;
        }
        let addresses: Vec<_> = mirrors
            .iter()
            .map(|mirror| format!("{}/{}", mirror.trim_end_matches('/'), shard.path))
            .collect();
        // Writing to a String cannot fail.
        let _ = match tool {
            DownloadTool::Aria2 => writeln!(
                text,
                "{}\n  out={}\n  checksum=sha-256={}",
                addresses.join("\t"),
                shard.path,
                shard.sha256
            ),
            DownloadTool::Curl => writeln!(
                text,
                "url = \"{}\"\noutput = \"{}\"",
                addresses.first().map_or("", String::as_str),
                shard.path
            ),
        };
    }
    text
}
