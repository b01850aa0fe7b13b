//! How much burned-in identity is found, on images of which every box is known.

use crate::models;
use crate::run::cargo;
use crate::workspace_root;
use anyhow::{Result, ensure};
use clap::Args;
use std::path::PathBuf;
use std::process::Command;

#[derive(Args)]
pub struct Settings {
    /// How many images of the labelled set
    #[arg(long, default_value_t = 2000)]
    count: u32,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    first: u32,
    /// The seed of the set; another seed is another set
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// A folder for pictures, before and after, of images that missed a goal
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Runs the measurement in a build with optimisation; fails if a goal is missed.
pub fn run(settings: &Settings) -> Result<()> {
    let models = models::install()?;
    let mut command = Command::new(cargo());
    command
        .current_dir(workspace_root())
        .args(["test", "--release", "--locked", "-p", "cloakroom-pixels"])
        .args(["--test", "measured", "--", "--nocapture"])
        .env("CLOAKROOM_MODELS", models)
        .env("CLOAKROOM_MEASURE_COUNT", settings.count.to_string())
        .env("CLOAKROOM_MEASURE_FIRST", settings.first.to_string())
        .env("CLOAKROOM_MEASURE_GOALS", "1")
        .env("CLOAKROOM_MEASURE_SEED", settings.seed.to_string());
    if let Some(out) = &settings.out {
        command.env("CLOAKROOM_MEASURE_OUT", std::path::absolute(out)?);
    }
    ensure!(command.status()?.success(), "a goal was missed");
    Ok(())
}
