//! The one command that sets up and passes the tests.

use crate::run::{cargo, on_path, step};
use crate::{models, tidy, tools};
use anyhow::Result;

/// Installs the tools that judge us where it may, checks the house, and runs every test.
pub fn run(may_install: bool) -> Result<()> {
    tools::install(may_install)?;
    if let Err(error) = models::install() {
        eprintln!(
            "missing: {error:#}; the tests of the text detector will say that they were skipped"
        );
    }
    step(cargo(), &["fmt", "--all", "--check"])?;
    step(
        cargo(),
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    step(
        cargo(),
        &["build", "--workspace", "--all-targets", "--locked"],
    )?;
    tidy::run()?;
    licences(may_install)?;
    unit_and_whole_program_tests(may_install)
}

/// Licences and advisories of what we depend on.
fn licences(may_install: bool) -> Result<()> {
    if !on_path("cargo-deny") && may_install && std::env::var_os("CLOAKROOM_INSTALL_DENY").is_some()
    {
        step(cargo(), &["install", "cargo-deny", "--locked"])?;
    }
    if on_path("cargo-deny") {
        return step(
            cargo(),
            &["deny", "--offline", "check", "licenses", "bans", "sources"],
        );
    }
    eprintln!(
        "missing: cargo-deny, which judges licences and sources; `cargo install cargo-deny --locked` brings it"
    );
    Ok(())
}

fn unit_and_whole_program_tests(may_install: bool) -> Result<()> {
    if !on_path("cargo-nextest") && may_install {
        step(cargo(), &["install", "cargo-nextest", "--locked"])?;
    }
    if on_path("cargo-nextest") {
        step(
            cargo(),
            &[
                "nextest",
                "run",
                "--workspace",
                "--locked",
                "--no-fail-fast",
            ],
        )?;
    } else {
        step(
            cargo(),
            &["test", "--workspace", "--locked", "--no-fail-fast"],
        )?;
    }
    step(cargo(), &["test", "--workspace", "--locked", "--doc"])
}
