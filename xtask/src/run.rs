//! Running other programs, with a clear message when one fails.

use crate::{target_dir, workspace_root};
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command in the workspace and fails if it does.
pub fn step(program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<()> {
    let shown = format!(
        "{} {}",
        program.as_ref().to_string_lossy(),
        arguments.join(" ")
    );
    eprintln!("$ {shown}");
    let status = Command::new(program.as_ref())
        .args(arguments)
        .current_dir(workspace_root())
        .status()
        .with_context(|| format!("could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed with {status}");
    }
    Ok(())
}

/// Runs a command and returns what it printed; fails if it does.
pub fn output(program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<String> {
    let shown = format!(
        "{} {}",
        program.as_ref().to_string_lossy(),
        arguments.join(" ")
    );
    let output = Command::new(program.as_ref())
        .args(arguments)
        .current_dir(workspace_root())
        .output()
        .with_context(|| format!("could not start `{shown}`"))?;
    if !output.status.success() {
        bail!(
            "`{shown}` failed with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program of this name stands on the PATH.
pub fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// The cargo that runs us.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// Builds the program optimised and returns where it stands.
pub fn build_release() -> Result<PathBuf> {
    step(
        cargo(),
        &["build", "--release", "--locked", "--package", "cloakroom"],
    )?;
    Ok(target_dir().join("release").join("cloakroom"))
}

/// Builds the program and runs the demo.
pub fn demo(dir: Option<PathBuf>) -> Result<()> {
    crate::models::install()?;
    let program = build_release()?;
    let dir = match dir {
        Some(dir) => dir,
        None => fresh_folder(&target_dir(), "demo")?,
    };
    step(program, &["demo", &dir.to_string_lossy()])
}

/// A name under `parent` that is not taken yet.
pub fn fresh_folder(parent: &Path, name: &str) -> Result<PathBuf> {
    std::fs::create_dir_all(parent)?;
    (1..10_000)
        .map(|number| parent.join(format!("{name}-{number}")))
        .find(|path| !path.exists())
        .context("no free folder name was found")
}
