//! The map must be true: arrows between rooms, names in ARCHITECTURE.md, commands, and who may read a value.

use crate::run::{cargo, output};
use crate::workspace_root;
use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The arrows of ARCHITECTURE.md: a room and the rooms that it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("p10", &["core"]),
    ("profile", &["core"]),
    ("pixels", &["core"]),
    ("audit", &["core"]),
    ("receive", &["core"]),
    ("testkit", &["core"]),
    ("ingest", &["p10", "core"]),
    ("deid", &["p10", "profile", "core"]),
    ("clear", &["deid", "pixels", "profile", "core"]),
    ("packager", &["clear", "core"]),
    (
        "pipeline",
        &["core", "p10", "profile", "ingest", "deid", "pixels", "clear", "packager", "audit", "receive", "testkit"],
    ),
    ("cli", &["pipeline", "core"]),
    ("xtask", &["core", "testkit"]),
];

/// The modules that may read a value out of `Phi`, with the reason. A line elsewhere that does fails the check.
const READERS_OF_VALUES: &[(&str, &str)] = &[
    ("crates/core/src/phi.rs", "defines it"),
    ("crates/core/src/known.rs", "sorts and drops empty values"),
    ("crates/p10/src/", "reads the export"),
    ("crates/ingest/src/", "keeps the catalogue, inside the site folder"),
    ("crates/deid/src/", "replaces values by keyed ones"),
    ("crates/clear/src/", "searches the output for values"),
    ("crates/pixels/src/", "matches devices and reads text in images"),
    ("crates/pipeline/src/", "hands values between the rooms, and to the officer's screen"),
    ("crates/receive/src/", "names the peer to the officer"),
];

/// Runs every check and reports all that fails.
pub fn run() -> Result<()> {
    let mut faults = Vec::new();
    check_arrows(&mut faults)?;
    check_rooms(&mut faults)?;
    check_readers(&mut faults)?;
    check_words(&mut faults)?;
    check_commands(&mut faults)?;
    if faults.is_empty() {
        eprintln!("tidy: the map is true");
        return Ok(());
    }
    for fault in &faults {
        eprintln!("tidy: {fault}");
    }
    bail!("{} faults", faults.len())
}

fn check_arrows(faults: &mut Vec<String>) -> Result<()> {
    let metadata = MetadataCommand::new().current_dir(workspace_root()).no_deps().exec()?;
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for package in &metadata.packages {
        let name = room(package.name.as_str());
        let Some(allowed) = allowed.get(name) else {
            faults.push(format!("the crate {name} is not on the map of arrows in xtask/src/tidy.rs"));
            continue;
        };
        for dependency in &package.dependencies {
            let arrow = room(&dependency.name);
            let ours = dependency.path.is_some() && dependency.kind == DependencyKind::Normal;
            if ours && !allowed.contains(&arrow) {
                faults.push(format!("the arrow {name} -> {arrow} is not on the map"));
            }
        }
    }
    Ok(())
}

fn room(package: &str) -> &str {
    if package == "cloakroom" { "cli" } else { package.strip_prefix("cloakroom-").unwrap_or(package) }
}

fn check_rooms(faults: &mut Vec<String>) -> Result<()> {
    let map = fs::read_to_string(workspace_root().join("ARCHITECTURE.md")).context("ARCHITECTURE.md is missing")?;
    let rooms: BTreeSet<String> = fs::read_dir(workspace_root().join("crates"))?
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let named: BTreeSet<String> = map
        .split("`crates/")
        .skip(1)
        .filter_map(|rest| rest.split(['`', '/']).next())
        .map(str::to_owned)
        .collect();
    for room in rooms.difference(&named) {
        faults.push(format!("ARCHITECTURE.md does not name `crates/{room}`"));
    }
    for room in named.difference(&rooms) {
        faults.push(format!("ARCHITECTURE.md names `crates/{room}`, which is no crate"));
    }
    Ok(())
}

fn check_readers(faults: &mut Vec<String>) -> Result<()> {
    for (path, text) in sources()? {
        let reads = text.contains(".expose()") || text.contains(".into_exposed()");
        if reads && !READERS_OF_VALUES.iter().any(|(reader, _)| path.starts_with(reader)) {
            faults.push(format!("{path} reads values out of Phi and is not on the list in xtask/src/tidy.rs"));
        }
        if path.starts_with("crates/deid/src/") && text.contains("warn!") {
            faults.push(format!("{path} warns; in this room a doubt removes or holds"));
        }
    }
    let core = fs::read_to_string(workspace_root().join("crates/core/src/lib.rs"))?;
    if !core.contains("#![no_std]") {
        faults.push("crates/core is no longer no_std, so the compiler does not refuse I/O there".into());
    }
    Ok(())
}

/// Words that would tie the project to one machine or one registry.
fn check_words(faults: &mut Vec<String>) -> Result<()> {
    let forbidden = [concat!("/wo", "rk/"), concat!("artif", "actory"), concat!("/ro", "ot/"), concat!(".libr", "ary")];
    for path in files(&workspace_root(), &["rs", "md", "toml", "yaml", "yml", "py", "txt", "sh"])? {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for word in forbidden {
            if text.contains(word) {
                faults.push(format!("{} holds the word {word}", relative(&path)));
            }
        }
    }
    Ok(())
}

fn check_commands(faults: &mut Vec<String>) -> Result<()> {
    let map = fs::read_to_string(workspace_root().join("ARCHITECTURE.md"))?;
    let block = map.split("<!-- commands -->").nth(1).context("ARCHITECTURE.md has no block of commands")?;
    let documented: BTreeSet<String> = block
        .lines()
        .filter_map(|line| line.strip_prefix("cloakroom "))
        .flat_map(documented_commands)
        .collect();
    let mut real = BTreeSet::new();
    for command in commands_of(&[])? {
        let nested = commands_of(&[&command])?;
        if nested.is_empty() {
            real.insert(command);
        } else {
            real.extend(nested.into_iter().map(|inner| format!("{command} {inner}")));
        }
    }
    for command in real.difference(&documented) {
        faults.push(format!("`cloakroom {command}` is not in ARCHITECTURE.md"));
    }
    for command in documented.difference(&real) {
        faults.push(format!("ARCHITECTURE.md lists `cloakroom {command}`, which the program does not have"));
    }
    Ok(())
}

/// `profile list|show` documents two commands; `verify PATH` documents one.
fn documented_commands(line: &str) -> Vec<String> {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let is_verb = !second.is_empty() && second.chars().all(|letter| letter.is_ascii_lowercase() || letter == '|' || letter == '-');
    if is_verb { second.split('|').map(|verb| format!("{first} {verb}")).collect() } else { vec![first.to_owned()] }
}

fn commands_of(command: &[&str]) -> Result<Vec<String>> {
    let mut arguments = vec!["run", "--quiet", "--package", "cloakroom", "--"];
    arguments.extend(command);
    arguments.push("--help");
    let help = output(cargo(), &arguments)?;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    Ok(listed
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect())
}

fn sources() -> Result<Vec<(String, String)>> {
    let root = workspace_root();
    let mut sources = Vec::new();
    for path in files(&root.join("crates"), &["rs"])? {
        sources.push((relative(&path), fs::read_to_string(&path)?));
    }
    Ok(sources)
}

fn relative(path: &Path) -> String {
    path.strip_prefix(workspace_root()).unwrap_or(path).to_string_lossy().into_owned()
}

fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|found| extensions.iter().any(|wanted| found == *wanted)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
