//! The fixtures in the tree are those that the code writes. After a change on purpose, write them anew with
//! `CLOAKROOM_WRITE_FIXTURES=1 cargo test -p cloakroom-testkit --test fixtures`.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read its own files should stop there"
)]

use cloakroom_testkit::fixtures;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

#[test]
fn the_tree_holds_what_the_code_writes() {
    let folder = folder();
    if std::env::var_os("CLOAKROOM_WRITE_FIXTURES").is_some() {
        fixtures::write(&folder).unwrap();
    }
    let all = fixtures::all();
    for (path, bytes) in &all {
        let kept = fs::read(folder.join(path)).unwrap_or_else(|_| panic!("{path} is missing"));
        assert!(kept == *bytes, "{path} differs");
    }
    for part in ["broken", "golden"] {
        let kept: BTreeSet<String> = fs::read_dir(folder.join(part))
            .unwrap()
            .map(|entry| format!("{part}/{}", entry.unwrap().file_name().to_string_lossy()))
            .collect();
        let made: BTreeSet<String> = all
            .keys()
            .filter(|path| path.starts_with(part))
            .cloned()
            .collect();
        assert_eq!(kept, made);
    }
}
