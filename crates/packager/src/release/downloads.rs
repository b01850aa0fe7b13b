//! Lists for tools that download and check by themselves.

use super::ReleaseManifest;
use crate::bag::{self, Files};
use cloakroom_core::Digest;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The lists of a release by path, for all of it and for updates of each earlier version.
///
/// Each mirror is the address of a folder that holds the release. The name of a shard never changes its meaning,
/// so an update fetches the shards that are younger than the version it begins with, and all small files.
pub(super) fn lists(
    manifest: &ReleaseManifest,
    mirrors: &[String],
    files: &Files,
) -> Vec<(String, String)> {
    if mirrors.is_empty() {
        return Vec::new();
    }
    let mut lists = Vec::new();
    let mut add = |name: &str, known: &BTreeSet<&str>| {
        let wanted: Vec<_> = files
            .iter()
            .filter(|(path, _)| !known.contains(path.as_str()))
            .filter(|(path, _)| !path.starts_with(bag::AFTERWARDS))
            .map(|(path, (digest, _))| Wanted {
                path,
                digest,
                is_shard: manifest.shards.iter().any(|shard| shard.path == *path),
            })
            .collect();
        lists.push((format!("post/{name}.aria2.txt"), aria2(&wanted, mirrors)));
        lists.push((format!("post/{name}.curl.txt"), curl(&wanted, mirrors)));
    };
    add("download", &BTreeSet::new());
    for version in &manifest.earlier {
        let known = manifest.shards.iter().filter(|shard| {
            let since = shard.since.as_ref();
            since.is_some_and(|since| since <= version)
        });
        let known = known.map(|shard| shard.path.as_str()).collect();
        add(&format!("update-from-{version}"), &known);
    }
    lists
}

struct Wanted<'a> {
    path: &'a str,
    digest: &'a Digest,
    is_shard: bool,
}

fn address(mirror: &str, path: &str) -> String {
    format!("{}/{path}", mirror.trim_end_matches('/'))
}

/// `aria2c -c -V --allow-overwrite=true -i LIST`: resumes, checks digests, repairs.
fn aria2(wanted: &[Wanted<'_>], mirrors: &[String]) -> String {
    let entry = |file: &Wanted<'_>| {
        let addresses: Vec<_> = mirrors
            .iter()
            .map(|mirror| address(mirror, file.path))
            .collect();
        format!(
            "{}\n  out={}\n  checksum=sha-256={}\n",
            addresses.join("\t"),
            file.path,
            file.digest
        )
    };
    wanted.iter().map(entry).collect()
}

/// `curl --config LIST`. Only shards are resumed: a file whose name stays while its bytes change must be fetched whole.
fn curl(wanted: &[Wanted<'_>], mirrors: &[String]) -> String {
    let mirror = mirrors.first().map_or("", String::as_str);
    let mut text = String::new();
    for (number, file) in wanted.iter().enumerate() {
        let between = if number == 0 { "" } else { "next\n" };
        let resume = if file.is_shard {
            "continue-at = \"-\"\n"
        } else {
            ""
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{between}url = \"{}\"\noutput = \"{}\"\ncreate-dirs\nfail\nsilent\nshow-error\n{resume}",
            address(mirror, file.path),
            file.path,
        );
    }
    text
}
