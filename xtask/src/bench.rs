//! Speed, measured beside what people would use instead, in one run.
//!
//! Writing to disk varies from run to run, so the candidates take turns, and medians and ratios are told. `--corpus`
//! chooses what is measured; each kind has a block of its own in the document.

mod candidates;
mod corpora;
mod peers;
mod report;

pub use corpora::{CorpusSettings, write_corpus};

use crate::run::{build_release, fresh_folder, on_path};
use crate::target_dir;
use anyhow::{Context, Result, ensure};
use candidates::Candidate;
use clap::Args;
use corpora::Corpus;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct Settings {
    /// What to measure with
    #[arg(long, value_enum, default_value_t = Corpus::Slices)]
    corpus: Corpus,
    /// How many files; without it 1,000 slices, 100,000 headers, 20 multi-frame files
    #[arg(long)]
    count: Option<usize>,
    /// How often each candidate runs
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Where to put the corpus and the output; a fast disk with room for five times the corpus
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// Install the peers that come from package indexes, below the target folder, where they are missing
    #[arg(long)]
    install: bool,
    /// Print only; leave docs/benchmarks.md as it is
    #[arg(long)]
    print_only: bool,
}

/// What a candidate took, in each round.
struct Measured {
    candidate: Candidate,
    seconds: Vec<f64>,
    /// The most memory that our program ever held, in KiB; 0 for others.
    peak: u64,
}

impl Measured {
    fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Makes the corpus, measures every candidate in turn, and writes the table.
pub fn run(settings: &Settings) -> Result<()> {
    let program = build_release()?;
    let python = peers::python(settings.install)?;
    let parent = settings.scratch.clone().unwrap_or_else(target_dir);
    let scratch = fresh_folder(&parent, "bench")?;
    let count = settings.count.unwrap_or(settings.corpus.usual_count());
    let sizes = match settings.corpus {
        // The time of a file must not grow with their number.
        Corpus::Headers => vec![count.div_ceil(100), count],
        _ => vec![count],
    };
    let mut text = String::new();
    for count in sizes {
        let input = scratch.join("corpus");
        eprintln!("making {count} files in {}", input.display());
        let written = settings.corpus.write(&input, count)?;
        let site = scratch.join("site");
        prepare_site(&program, &site, &input)?;
        let candidates = candidates::all(settings.corpus, &program, &site, python.as_deref());
        let measured = rounds(settings, candidates, &scratch, &input)?;
        text.push_str(&report::table(settings, &measured, written));
        fs::remove_dir_all(&input)?;
        fs::remove_dir_all(&site)?;
    }
    fs::remove_dir_all(&scratch)?;
    println!("{text}");
    if !settings.print_only {
        report::record(settings.corpus, &text)?;
    }
    Ok(())
}

fn prepare_site(program: &Path, site: &Path, input: &Path) -> Result<()> {
    let run = |arguments: &[&Path]| {
        Command::new(program)
            .args(arguments)
            .stdout(Stdio::null())
            .status()
    };
    let (init, ingest) = (Path::new("init"), Path::new("ingest"));
    ensure!(run(&[init, site])?.success(), "init failed");
    ensure!(run(&[ingest, site, input])?.success(), "ingest failed");
    Ok(())
}

fn rounds(
    settings: &Settings,
    candidates: Vec<Candidate>,
    scratch: &Path,
    input: &Path,
) -> Result<Vec<Measured>> {
    let mut measured: Vec<Measured> = Vec::new();
    for candidate in candidates {
        if let Some(missing) = candidate.needs.iter().find(|program| !on_path(program)) {
            eprintln!("missing: {missing}; `{}` is left out", candidate.name);
            continue;
        }
        measured.push(Measured {
            candidate,
            seconds: Vec::new(),
            peak: 0,
        });
    }
    for round in 1..=settings.rounds {
        for one in &mut measured {
            let (seconds, peak) = once(&one.candidate, scratch, input)?;
            eprintln!("round {round}: {} {seconds:.2} s", one.candidate.name);
            one.seconds.push(seconds);
            one.peak = one.peak.max(peak);
        }
    }
    Ok(measured)
}

/// Runs a candidate once: what is not its work comes before the clock starts, and what it wrote is gone before the
/// next begins.
fn once(candidate: &Candidate, scratch: &Path, input: &Path) -> Result<(f64, u64)> {
    let out = scratch.join("out");
    let shell = |command: &str| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .env("IN", input)
            .env("OUT", &out)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        shell
    };
    let ready = shell(&candidate.before).status()?.success();
    ensure!(ready, "`{}` could not be made ready", candidate.name);
    let begun = Instant::now();
    let mut child = shell(&candidate.command)
        .spawn()
        .with_context(|| format!("`{}` could not be started", candidate.name))?;
    let watched = child.id();
    let watch = thread::spawn(move || highest_memory(watched));
    let status = child.wait()?;
    let seconds = begun.elapsed().as_secs_f64();
    let peak = watch.join().unwrap_or(0);
    ensure!(
        candidate.exits.contains(&status.code().unwrap_or(-1)),
        "`{}` failed: {}",
        candidate.name,
        candidate.command
    );
    for left in fs::read_dir(scratch)? {
        let path = left?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with("out") {
            continue;
        }
        if path.is_dir() {
            fs::remove_dir_all(&path)?
        } else {
            fs::remove_file(&path)?
        }
    }
    Ok((seconds, peak))
}

/// Looks until the process ends how much memory it ever held, in KiB. The shell gives its place to our program.
fn highest_memory(process: u32) -> u64 {
    let path = format!("/proc/{process}/status");
    let mut highest = 0;
    while let Ok(status) = fs::read_to_string(&path) {
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        match peak {
            Some(peak) => highest = highest.max(peak),
            // The process has ended, and waits to be asked for.
            None => return highest,
        }
        thread::sleep(Duration::from_millis(20));
    }
    highest
}
