//! The table, the ratios, and their place in the document.

use super::candidates::{
    CHAIN_PLAIN, CHAIN_ZSTD, COPY_AND_HASH, DUMB, Kind, PLAIN, PLAIN_ALONE, TAR_ZSTD_3, ZSTD,
    ZSTD_ALONE,
};
use super::corpora::Corpus;
use super::{Measured, Settings};
use crate::workspace_root;
use anyhow::{Context, Result};
use cloakroom_testkit::corpus::Written;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

pub(super) fn table(settings: &Settings, measured: &[Measured], written: Written) -> String {
    let mut text = String::new();
    let files = written.files as f64;
    let _ = writeln!(
        text,
        "{} {} ({} MB), {} rounds in turn, medians.\n\n\
         | candidate | what it is | seconds | files per second | MB per second | peak memory, MiB |\n|---|---|---|---|---|---|",
        written.files,
        settings.corpus.words(),
        written.bytes / 1_000_000,
        settings.rounds
    );
    for one in measured {
        let median = one.median();
        let peak = match one.candidate.kind {
            Kind::Ours => (one.peak / 1024).to_string(),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {median:.2} | {:.0} | {:.0} | {peak} |",
            one.candidate.name,
            one.candidate.kind.word(),
            files / median,
            written.bytes as f64 / median / 1e6,
        );
    }
    text.push('\n');
    let median = |name: &str| {
        let found = measured.iter().find(|one| one.candidate.name == name);
        found.map(Measured::median)
    };
    for (ours, other, goal) in RATIOS {
        if let (Some(ours_median), Some(other_median)) = (median(ours), median(other)) {
            let ratio = other_median / ours_median;
            let _ = writeln!(
                text,
                "- {ours}: {ratio:.2} times the files per second of {other} (goal: {goal:.2})."
            );
        }
    }
    text.push('\n');
    text
}

/// Ours, the other, and the ratio that is aimed at.
const RATIOS: &[(&str, &str, f64)] = &[
    (PLAIN, DUMB, 1.0),
    (PLAIN, COPY_AND_HASH, 0.85),
    (ZSTD, TAR_ZSTD_3, 0.9),
    (PLAIN, CHAIN_PLAIN, 2.5),
    (ZSTD, CHAIN_ZSTD, 1.4),
    (PLAIN, PLAIN_ALONE, 1.8),
    (ZSTD, ZSTD_ALONE, 1.8),
];

/// Replaces the block of the document that the measurement owns.
pub(super) fn record(corpus: Corpus, text: &str) -> Result<()> {
    let begin = format!("<!-- bench: {} -->", corpus.name());
    let end = format!("<!-- end of bench: {} -->", corpus.name());
    let path = workspace_root().join("docs").join("benchmarks.md");
    let document = fs::read_to_string(&path)?;
    let (before, rest) = document
        .split_once(&begin)
        .context("docs/benchmarks.md has no block for the measurement")?;
    let (_, after) = rest
        .split_once(&end)
        .context("the block in docs/benchmarks.md has no end")?;
    let machine = machine()?;
    fs::write(
        &path,
        format!(
            "{before}{begin}\n{machine}\n\n{}\n{end}{after}",
            text.trim_end()
        ),
    )?;
    Ok(())
}

fn machine() -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or("")
        .trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let rust = crate::run::output("rustc", &["--version"])?;
    Ok(format!(
        "{cores} cores of {model}; {}; {}.",
        rust.trim(),
        versions().join("; ")
    ))
}

/// The first line that each tool tells of itself.
fn versions() -> Vec<String> {
    let tools = [
        ("zstd", "--version"),
        ("openssl", "version"),
        ("gdcmanon", "--version"),
        ("dcmodify", "--version"),
        ("tar", "--version"),
    ];
    let first_line = |(tool, flag): (&str, &str)| {
        let output = Command::new(tool).arg(flag).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.trim_matches(['*', ' ']).to_owned())
    };
    tools.into_iter().filter_map(first_line).collect()
}
