//! One door for all tests of the whole program: the built binary, its folders, and other people's tools.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod browser;
pub mod images;

use cloakroom_testkit::{Hospital, Size, Truth};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The exit codes of the program.
pub const DONE: i32 = 0;
pub const NEEDS_PERSON: i32 = 1;
pub const WRONG_USE: i32 = 2;
pub const CHECK_FAILED: i32 = 3;
pub const COULD_NOT_RUN: i32 = 4;

/// The date that all tests state.
pub const DATE: &str = "2026-11-23";

/// A folder for one test, and the program in it.
pub struct Room {
    root: PathBuf,
    _folder: Option<TempDir>,
}

/// What a run of the program answered.
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The answer as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}\n{}", self.out, self.err))
    }

    /// Fails the test unless the program ended with one of these codes.
    #[track_caller]
    pub fn expect(self, codes: &[i32]) -> Self {
        assert!(
            codes.contains(&self.code),
            "exit code {}\n{}\n{}",
            self.code,
            self.out,
            self.err
        );
        self
    }
}

/// The program, without arguments yet, and without the text detector, which is slow: what needs it is held.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
    command
        .env("RUST_BACKTRACE", "1")
        .env("CLOAKROOM_MODELS", "/there/are/no/models/here");
    command
}

/// Runs the program.
pub fn run<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Answer {
    Answer::of(program().args(arguments).output().unwrap())
}

impl Room {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            root: folder.path().to_path_buf(),
            _folder: Some(folder),
        }
    }

    /// The room that the tests of one process share: all of a file under `cargo test`, one under nextest. It stays
    /// for a look.
    pub fn shared(name: &str) -> Self {
        let process = format!("{name}-{}", std::process::id());
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(process);
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        fs::create_dir_all(&root).unwrap();
        Self {
            root,
            _folder: None,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    /// Makes a site and ingests an export.
    pub fn site_with(&self, export: &Path) -> PathBuf {
        let site = self.path("site");
        run(&["init", &self.text("site"), "--name", "GX01"]).expect(&[DONE]);
        run(&["ingest", &self.text("site"), &export.to_string_lossy()])
            .expect(&[DONE, NEEDS_PERSON]);
        site
    }

    /// De-identifies a site of this name into a folder of that name, for the track that takes everything.
    pub fn deliver(&self, site: &str, profile: &str, out: &str) -> Answer {
        let (site, out) = (self.text(site), self.text(out));
        run(&[
            "--json",
            "deid",
            &site,
            "--track",
            "generic",
            "--profile",
            profile,
            "--out",
            &out,
            "--date",
            DATE,
        ])
    }

    /// De-identifies the site for a track into a folder of this name.
    pub fn deid(&self, profile: &str, out: &str) -> Answer {
        let (site, out) = (self.text("site"), self.text(out));
        run(&[
            "--json",
            "deid",
            &site,
            "--track",
            "lung",
            "--profile",
            profile,
            "--out",
            &out,
            "--date",
            DATE,
        ])
    }

    /// Unpacks a package and returns the folder.
    pub fn extract(&self, package: &str, out: &str) -> PathBuf {
        run(&["extract", &self.text(package), "--out", &self.text(out)]).expect(&[DONE]);
        self.path(out)
    }

    /// Verifies a package with the site's key.
    pub fn verify(&self, package: &Path) -> Answer {
        run(&[
            "--json",
            "verify",
            &package.to_string_lossy(),
            "--trust",
            &self.text("site/GX01.pub"),
        ])
    }
}

/// A hospital that was made, and ingested into `site`. `bundle` is its delivery, made from `delivered`, a copy of the site.
pub struct House {
    pub room: Room,
    pub truth: Truth,
}

impl House {
    /// Makes the house of a test file.
    pub fn build(name: &str) -> Self {
        let room = Room::shared(name);
        let truth = Hospital::write(&room.path("export"), Size::Tiny, 11).unwrap();
        room.site_with(&room.path("export"));
        copy_site(&room.path("site"), &room.path("delivered"));
        room.deliver("delivered", "basic", "bundle")
            .expect(&[DONE, NEEDS_PERSON]);
        Self { room, truth }
    }

    /// Another room with a copy of the ingested site in it.
    pub fn again(&self) -> Room {
        let room = Room::new();
        copy_site(&self.room.path("site"), &room.path("site"));
        room
    }

    /// A copy of the bundle in a new room.
    pub fn copied_bundle(&self) -> Room {
        let room = Room::new();
        copy(&self.room.path("bundle"), &room.path("bundle"));
        copy_site(&self.room.path("site"), &room.path("site"));
        room
    }
}

/// Copies a site folder with its permissions, without which no site opens.
pub fn copy_site(from: &Path, to: &Path) {
    assert!(
        Command::new("cp")
            .arg("-a")
            .args([from, to])
            .status()
            .unwrap()
            .success()
    );
}

/// All files below a folder, by their paths relative to it.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(&inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// The bytes of all files below a folder.
pub fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(folder)
        .into_iter()
        .map(|file| (file.clone(), fs::read(folder.join(file)).unwrap()))
        .collect()
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(&file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(from.join(&file), target).unwrap();
    }
}

/// A program of somebody else, or a line that says that the test was skipped.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        eprintln!(
            "skipped: {name} is not installed; `cargo xtask test` installs it as root on Debian"
        );
    }
    found
}

/// A Python that has these modules: the tests' own environment, or the system's.
pub fn python(modules: &[&str]) -> Option<PathBuf> {
    let built = Path::new(env!("CARGO_BIN_EXE_cloakroom"));
    let target = built.ancestors().nth(2).unwrap();
    let has = |python: &Path| {
        let imports: String = modules
            .iter()
            .map(|module| format!("import {module}\n"))
            .collect();
        Command::new(python)
            .args(["-c", &imports])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let found = [target.join("python/bin/python3"), PathBuf::from("python3")]
        .into_iter()
        .find(|python| has(python));
    if found.is_none() {
        eprintln!(
            "skipped: no Python with {} was found; `cargo xtask test` makes one",
            modules.join(", ")
        );
    }
    found
}

/// The workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf()
}

/// Folders of real DICOM files that are there on this machine: a folder beside the workspace, and those of pydicom.
pub fn real_files() -> Vec<PathBuf> {
    let shared = std::env::var_os("CLOAKROOM_SHARED")
        .map_or_else(|| workspace().join("../shared"), PathBuf::from);
    let mut folders = vec![shared.join("devset")];
    if let Some(python) = python(&["pydicom"]) {
        let code = "import pydicom, os; print(os.path.join(os.path.dirname(pydicom.__file__), 'data', 'test_files'))";
        let output = Command::new(python).args(["-c", code]).output().unwrap();
        folders.push(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ));
    }
    folders.retain(|folder| folder.is_dir());
    if folders.is_empty() {
        eprintln!("skipped: no real DICOM files are on this machine");
    }
    folders
}

/// Runs somebody else's tool and returns whether it was content, with what it said.
pub fn judged(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}
