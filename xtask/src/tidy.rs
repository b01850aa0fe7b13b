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
        &[
            "core", "p10", "profile", "ingest", "deid", "pixels", "clear", "packager", "audit",
            "receive", "testkit",
        ],
    ),
    ("console", &["pipeline", "core"]),
    ("cli", &["pipeline", "console", "core"]),
    (
        "fuzz",
        &[
            "core", "p10", "profile", "ingest", "deid", "pixels", "clear", "packager", "audit",
            "receive", "pipeline", "testkit",
        ],
    ),
    ("xtask", &["core", "testkit"]),
];

/// The modules that may read a value out of `Phi`, with the reason. A line elsewhere that does fails the check.
const READERS_OF_VALUES: &[(&str, &str)] = &[
    (
        "crates/core/src/known.rs",
        "sorts known values and drops empty ones",
    ),
    (
        "crates/ingest/src/error.rs",
        "names the file to the officer",
    ),
    (
        "crates/ingest/src/header.rs",
        "takes the header into the catalogue, inside the site folder",
    ),
    ("crates/ingest/src/reading.rs", "writes the catalogue"),
    (
        "crates/deid/src/keys.rs",
        "derives keyed values from originals",
    ),
    ("crates/deid/src/planner/uids.rs", "maps UIDs"),
    (
        "crates/deid/src/text/known.rs",
        "looks for known values in text",
    ),
    (
        "crates/pixels/src/detect/judge.rs",
        "compares text in images with known values",
    ),
    ("crates/pixels/src/device_rules.rs", "matches devices"),
    (
        "crates/pixels/src/face/mod.rs",
        "asks the header for the part of the body",
    ),
    (
        "crates/clear/src/residue/forms.rs",
        "builds the forms of known values that are searched for",
    ),
    (
        "crates/clear/src/residue/scan.rs",
        "searches the output for known values",
    ),
    (
        "crates/receive/src/error.rs",
        "names the address to the officer",
    ),
    (
        "crates/pipeline/src/crosswalk.rs",
        "writes who became whom, for the officer only",
    ),
    (
        "crates/pipeline/src/decisions.rs",
        "keys what a decision is about, and keeps it in the site's database",
    ),
    (
        "crates/pipeline/src/delivery/choice.rs",
        "compares ids with the officer's list",
    ),
    (
        "crates/pipeline/src/delivery/jobs.rs",
        "derives the released UIDs of series and instances",
    ),
    (
        "crates/pipeline/src/delivery/label_keys.rs",
        "finds what ids in label files stand for",
    ),
    (
        "crates/pipeline/src/delivery/others.rs",
        "keys the place of streams that cannot be read",
    ),
    (
        "crates/pipeline/src/demo.rs",
        "compares the synthetic hospital with its plan",
    ),
    (
        "crates/pipeline/src/failure.rs",
        "names the file to the officer",
    ),
    (
        "crates/pipeline/src/object.rs",
        "hands UIDs and values to the site's state and to the officer's plan",
    ),
    (
        "crates/pipeline/src/plan/values.rs",
        "shows the officer what cleaning leaves of a text",
    ),
    (
        "crates/pipeline/src/problems.rs",
        "names files in the site folder",
    ),
    (
        "crates/pipeline/src/review/alarm.rs",
        "shows what the gate found to the one who must answer it",
    ),
    (
        "crates/pipeline/src/review/held.rs",
        "shows the officer whose series waits",
    ),
    (
        "crates/pipeline/src/select.rs",
        "compares ids with the officer's list",
    ),
    (
        "crates/pipeline/src/subjects.rs",
        "names patients inside the site",
    ),
    (
        "crates/pipeline/src/unknown_words.rs",
        "shows the officer the words that nothing knows",
    ),
    (
        "crates/pipeline/src/withdraw.rs",
        "finds the patient that is withdrawn",
    ),
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
    let metadata = MetadataCommand::new()
        .current_dir(workspace_root())
        .no_deps()
        .exec()?;
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for package in &metadata.packages {
        let name = room(package.name.as_str());
        let Some(allowed) = allowed.get(name) else {
            faults.push(format!(
                "the crate {name} is not on the map of arrows in xtask/src/tidy.rs"
            ));
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
    if package == "cloakroom" {
        "cli"
    } else {
        package.strip_prefix("cloakroom-").unwrap_or(package)
    }
}

fn check_rooms(faults: &mut Vec<String>) -> Result<()> {
    let map = fs::read_to_string(workspace_root().join("ARCHITECTURE.md"))
        .context("ARCHITECTURE.md is missing")?;
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
        faults.push(format!(
            "ARCHITECTURE.md names `crates/{room}`, which is no crate"
        ));
    }
    Ok(())
}

fn check_readers(faults: &mut Vec<String>) -> Result<()> {
    for (path, text) in sources()? {
        let reads = [".expose()", ".into_exposed()", "Phi::into_exposed"]
            .iter()
            .any(|call| text.contains(call));
        if reads
            && !READERS_OF_VALUES
                .iter()
                .any(|(reader, _)| path.starts_with(reader))
        {
            faults.push(format!(
                "{path} reads values out of Phi and is not on the list in xtask/src/tidy.rs"
            ));
        }
        if path.starts_with("crates/deid/src/") && text.contains("warn!") {
            faults.push(format!(
                "{path} warns; in this room a doubt removes or holds"
            ));
        }
    }
    let core = fs::read_to_string(workspace_root().join("crates/core/src/lib.rs"))?;
    if !core.contains("#![no_std]") {
        faults.push(
            "crates/core is no longer no_std, so the compiler does not refuse I/O there".into(),
        );
    }
    Ok(())
}

/// Words that would tie the project to one machine or one registry.
fn check_words(faults: &mut Vec<String>) -> Result<()> {
    let forbidden = [
        concat!("/wo", "rk/"),
        concat!("artif", "actory"),
        concat!("/ro", "ot/"),
        concat!(".libr", "ary"),
    ];
    for path in files(
        &workspace_root(),
        &["rs", "md", "toml", "yaml", "yml", "py", "txt", "sh"],
    )? {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
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
    let block = map
        .split("<!-- commands -->")
        .nth(1)
        .context("ARCHITECTURE.md has no block of commands")?;
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
        faults.push(format!(
            "ARCHITECTURE.md lists `cloakroom {command}`, which the program does not have"
        ));
    }
    Ok(())
}

/// `profile list|show` documents two commands; `verify PATH` documents one.
fn documented_commands(line: &str) -> Vec<String> {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let is_verb = !second.is_empty()
        && second
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter == '|' || letter == '-');
    if is_verb {
        second
            .split('|')
            .map(|verb| format!("{first} {verb}"))
            .collect()
    } else {
        vec![first.to_owned()]
    }
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
        let name = relative(&path);
        // Tests plant values and look for them; what they read never leaves them.
        if name.contains("/src/") {
            sources.push((name, fs::read_to_string(&path)?));
        }
    }
    Ok(sources)
}

fn relative(path: &Path) -> String {
    path.strip_prefix(workspace_root())
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}

fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
