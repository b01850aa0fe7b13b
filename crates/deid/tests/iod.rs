//! What a validator of the standard's IODs says of real files before and after: nothing new.

mod common;

use cloakroom_core::PixelChanges;
use cloakroom_p10::{Extent, FileSource, Limits, Recognition, read, recognise};
use common::real::{files, folders};
use common::{Site, write};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// The errors of `dciodvfy`, without the values that it quotes, counted; `None` where it is not installed.
fn errors(path: &Path) -> Option<BTreeMap<String, u32>> {
    let output = Command::new("dciodvfy").arg(path).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    // What it cannot read it cannot judge: deflated data sets, broken ones.
    if text.contains("read failed") {
        return None;
    }
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("Error - ")) {
        // Items are numbered and values are quoted; the kind of error and the attribute count.
        let plain: String = line
            .split(" - ")
            .skip(1)
            .map(|part| part.split(" = ").next().unwrap_or(part))
            .collect::<Vec<_>>()
            .join(" - ");
        let mut kept = String::new();
        let mut depth = 0_u32;
        for sign in plain.chars() {
            match sign {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                _ if depth == 0 => kept.push(sign),
                _ => {}
            }
        }
        let words: Vec<&str> = kept
            .split_whitespace()
            .map(|word| {
                let bare = word.trim_matches(['<', '>']);
                if bare.parse::<cloakroom_core::Uid>().is_ok() {
                    "UID"
                } else {
                    word
                }
            })
            .collect();
        *found.entry(words.join(" ")).or_insert(0) += 1;
    }
    Some(found)
}

/// The object as a profile leaves it; `None` where it is held or no object.
fn edited(path: &Path, site: &Site) -> Option<Vec<u8>> {
    let source = FileSource::open(path).ok()?;
    // A validator reads files alone, so that what has no preamble has no answer before.
    if !matches!(recognise(&source), Ok(Recognition::Part10)) {
        return None;
    }
    let object = read(Arc::new(source), Extent::Whole, &Limits::default()).ok()?;
    let subject = site.subject.clone().assigned_by_person();
    let plan = cloakroom_deid::plan(&object, &site.profile, &subject, &site.keys).ok()?;
    let edited = cloakroom_deid::apply(object, plan).ok()?;
    Some(write(&edited, &PixelChanges::default()))
}

#[test]
fn no_real_file_has_a_new_error() {
    let mut found: Vec<PathBuf> = Vec::new();
    folders()
        .iter()
        .for_each(|folder| files(folder, &mut found));
    let installed = Command::new("dciodvfy").output().is_ok();
    if found.is_empty() || !installed {
        eprintln!("skipped: real files or dciodvfy are not there");
        return;
    }
    let sites = ["contest", "tcia", "strict"].map(Site::new);
    let every = std::env::var_os("CLOAKROOM_EVERY").is_some();
    let room = std::env::temp_dir().join(format!("cloakroom-iod-{}", std::process::id()));
    std::fs::create_dir_all(&room).unwrap();
    let mut told = BTreeMap::<String, Vec<String>>::new();
    let mut compared = 0;
    for (number, path) in found.iter().enumerate() {
        let mut before = None;
        for (index, site) in sites.iter().enumerate() {
            if !every && number % 3 != index {
                continue;
            }
            let Some(out) = edited(path, site) else {
                continue;
            };
            let after_path = room.join("after.dcm");
            std::fs::write(&after_path, out).unwrap();
            let before = before.get_or_insert_with(|| errors(path));
            let Some(before) = before else {
                continue;
            };
            let after = errors(&after_path).expect("what is written is readable");
            compared += 1;
            for (error, count) in &after {
                if *count > before.get(error).copied().unwrap_or(0) {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    told.entry(error.clone())
                        .or_default()
                        .push(format!("{} {name}", site.profile.id()));
                }
            }
        }
    }
    std::fs::remove_dir_all(&room).unwrap();
    assert!(compared > 50, "{compared}");
    let text: Vec<String> = told
        .iter()
        .map(|(error, files)| {
            format!(
                "{} x {error}: {}",
                files.len(),
                files[..files.len().min(3)].join(", ")
            )
        })
        .collect();
    assert!(told.is_empty(), "{compared} compared\n{}", text.join("\n"));
}
