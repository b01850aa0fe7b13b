//! Coverage-guided fuzzing of every parser, for as long as one likes.

use crate::run::{cargo, step};
use crate::{target_dir, workspace_root};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What to fuzz and for how long.
#[derive(Args)]
pub struct Settings {
    /// One target; all of them, one after the other, without it
    target: Option<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 1800)]
    seconds: u32,
}

/// Megabytes that one target may take, its instrumentation included.
const MEMORY: u32 = 2048;
/// Seconds that one input may take.
const SLOWEST: u32 = 20;

/// Builds the targets with coverage, writes their seeds, and runs them.
///
/// Any toolchain will do, with a C++ compiler for libFuzzer. The sanitizers are left out, because our crates hold no
/// unsafe code; overflows and debug assertions are checked.
pub fn run(settings: &Settings) -> Result<()> {
    let targets = match &settings.target {
        Some(target) => vec![target.clone()],
        None => targets()?,
    };
    build(&targets)?;
    let mut failed = Vec::new();
    for target in targets {
        let corpus = seeds(&target)?;
        if !fuzz(&target, &corpus, settings.seconds)? {
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        let artifacts = artifacts();
        bail!(
            "{} failed; the inputs lie in {}",
            failed.join(", "),
            artifacts.display()
        );
    }
    Ok(())
}

/// Where instrumented programs are built, apart from all others.
fn build_folder() -> PathBuf {
    target_dir().join("fuzz")
}

/// Where inputs are left that a target did not survive.
fn artifacts() -> PathBuf {
    target_dir().join("fuzz-artifacts")
}

fn build(targets: &[String]) -> Result<()> {
    let mut command = Command::new(cargo());
    command
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "cloakroom-fuzz",
        ])
        .args(targets.iter().flat_map(|target| ["--bin", target]))
        .env("CARGO_TARGET_DIR", build_folder())
        .env(
            "RUSTFLAGS",
            "--cfg fuzzing -Cdebug-assertions -Coverflow-checks",
        )
        .env(
            "RUSTC_WORKSPACE_WRAPPER",
            workspace_root().join("fuzz/with-coverage"),
        )
        .current_dir(workspace_root());
    eprintln!("$ cargo build, instrumented");
    let status = command.status().context("could not start cargo")?;
    if !status.success() {
        bail!("the targets do not build");
    }
    Ok(())
}

/// The names of the files under `fuzz/fuzz_targets`.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(workspace_root().join("fuzz/fuzz_targets"))? {
        if let Some(name) = entry?.path().file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The corpus of a target, which grows from run to run and starts from the fixtures.
fn seeds(target: &str) -> Result<PathBuf> {
    let folder = target_dir().join("fuzz-corpus").join(target);
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let place = folder.to_string_lossy();
    let seeds = ["run", "--quiet", "--package", "cloakroom-fuzz", "--bin"];
    let arguments = [&seeds[..], &["seeds", "--", target, &place]].concat();
    step(cargo(), &arguments)?;
    Ok(folder)
}

/// Whether the target held for so many seconds.
fn fuzz(target: &str, corpus: &Path, seconds: u32) -> Result<bool> {
    let program = build_folder().join("release").join(target);
    let artifacts = artifacts();
    fs::create_dir_all(&artifacts)?;
    let mut command = Command::new(program);
    command
        .arg(corpus)
        .arg(format!(
            "-artifact_prefix={}/{target}-",
            artifacts.display()
        ))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MEMORY}"))
        .arg(format!("-timeout={SLOWEST}"))
        .args(["-max_len=262144", "-print_final_stats=1"]);
    eprintln!("$ {target}, {seconds} s");
    let status = command.status().context("could not start the target")?;
    Ok(status.success())
}
