//! Speed, measured beside what people would use instead, in one run.
//!
//! Writing to disk varies from run to run, so the candidates take turns, and medians and ratios are told.

use crate::run::{build_release, fresh_folder, on_path};
use crate::{target_dir, workspace_root};
use anyhow::{Context, Result, ensure};
use clap::Args;
use cloakroom_testkit::corpus;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

#[derive(Args)]
pub struct Settings {
    /// How many slices of 512 KB
    #[arg(long, default_value_t = 1000)]
    slices: usize,
    /// How often each candidate runs
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Where to put the corpus and the output; a fast disk with room for five times the corpus
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// Print only; leave docs/benchmarks.md as it is
    #[arg(long)]
    print_only: bool,
}

/// One candidate: a name, a shell command with `$IN` and `$OUT`, and what it is.
struct Candidate {
    name: &'static str,
    command: String,
    kind: Kind,
    needs: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ours,
    Limit,
    Peer,
}

/// What a candidate took, in seconds, in each round.
struct Measured {
    candidate: Candidate,
    seconds: Vec<f64>,
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
    let parent = settings.scratch.clone().unwrap_or_else(target_dir);
    let scratch = fresh_folder(&parent, "bench")?;
    let input = scratch.join("corpus");
    eprintln!("making {} slices in {}", settings.slices, input.display());
    let written = corpus::slices(&input, settings.slices, 1)?;
    let site = scratch.join("site");
    prepare_site(&program, &site, &input)?;
    let measured = rounds(
        settings,
        candidates(&program, &site, settings.slices),
        &scratch,
        &input,
    )?;
    let table = table(settings, &measured, written.bytes);
    fs::remove_dir_all(&scratch)?;
    println!("{table}");
    if !settings.print_only {
        record(&table)?;
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

fn candidates(program: &Path, site: &Path, slices: usize) -> Vec<Candidate> {
    let (program, site) = (program.display(), site.display());
    let deid = |compression: &str| {
        format!(
            "cp -r {site} $OUT.site && {program} deid $OUT.site --track bench --profile basic --date 2026-11-23 \
             --compression {compression} --out $OUT"
        )
    };
    let ours = |name, command| Candidate {
        name,
        command,
        kind: Kind::Ours,
        needs: "sh",
    };
    let limit = |name, command: &str, needs| Candidate {
        name,
        command: command.into(),
        kind: Kind::Limit,
        needs,
    };
    let halves = slices.div_ceil(200);
    vec![
        ours(
            "cloakroom ingest",
            format!("{program} init $OUT && {program} ingest $OUT $IN"),
        ),
        ours("cloakroom deid, plain tar", deid("none")),
        ours("cloakroom deid, tar.zst", deid("zstd")),
        limit("cp -r", "cp -r $IN $OUT", "cp"),
        limit(
            "sha256sum, 2 processes",
            "find $IN -type f -print0 | xargs -0 -n 64 -P 2 sha256sum > $OUT",
            "sha256sum",
        ),
        limit(
            "cp -r, then openssl sha256, 2 processes",
            "cp -r $IN $OUT && find $OUT -type f -print0 | xargs -0 -n 64 -P 2 openssl dgst -sha256 > $OUT.sums",
            "openssl",
        ),
        limit("tar", "tar -cf $OUT $IN", "tar"),
        limit(
            "tar | zstd -3 -T0",
            "tar -cf - $IN | zstd -q -3 -T0 -o $OUT",
            "zstd",
        ),
        Candidate {
            name: "gdcmanon --dumb, 2 processes",
            command: format!(
                "mkdir $OUT && ls $IN | xargs -P 2 -n {halves} sh -c 'for d in \"$@\"; do mkdir $OUT/$d; \
                 gdcmanon --dumb -r --empty 10,10 --empty 10,20 --remove 10,30 $IN/$d $OUT/$d >/dev/null 2>&1 || exit 255; done' sh"
            ),
            kind: Kind::Peer,
            needs: "gdcmanon",
        },
    ]
}

fn rounds(
    settings: &Settings,
    candidates: Vec<Candidate>,
    scratch: &Path,
    input: &Path,
) -> Result<Vec<Measured>> {
    let mut measured: Vec<Measured> = Vec::new();
    for candidate in candidates {
        if on_path(candidate.needs) {
            measured.push(Measured {
                candidate,
                seconds: Vec::new(),
            });
        } else {
            eprintln!(
                "missing: {}; `{}` is left out",
                candidate.needs, candidate.name
            );
        }
    }
    for round in 1..=settings.rounds {
        for one in &mut measured {
            let seconds = once(&one.candidate, scratch, input)?;
            eprintln!("round {round}: {} {seconds:.2} s", one.candidate.name);
            one.seconds.push(seconds);
        }
    }
    Ok(measured)
}

/// Runs a candidate once. What it wrote is on disk before the clock stops, and gone before the next begins.
fn once(candidate: &Candidate, scratch: &Path, input: &Path) -> Result<f64> {
    let out = scratch.join("out");
    let begun = Instant::now();
    let status = Command::new("sh")
        .args(["-c", &candidate.command])
        .env("IN", input)
        .env("OUT", &out)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("`{}` could not be started", candidate.name))?;
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(
        status.success(),
        "`{}` failed: {}",
        candidate.name,
        candidate.command
    );
    for left in fs::read_dir(scratch)? {
        let path = left?.path();
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("out"))
        {
            if path.is_dir() {
                fs::remove_dir_all(&path)?
            } else {
                fs::remove_file(&path)?
            }
        }
    }
    Ok(seconds)
}

fn table(settings: &Settings, measured: &[Measured], bytes: u64) -> String {
    let mut text = String::new();
    let files = settings.slices as f64;
    let _ = writeln!(
        text,
        "{} CT and MR slices of 512 KB ({} MB), {} rounds in turn, medians.\n\n\
         | candidate | what it is | seconds | files per second | MB per second |\n|---|---|---|---|---|",
        settings.slices,
        bytes / 1_000_000,
        settings.rounds
    );
    for one in measured {
        let kind = match one.candidate.kind {
            Kind::Ours => "ours",
            Kind::Limit => "limit",
            Kind::Peer => "peer",
        };
        let median = one.median();
        let _ = writeln!(
            text,
            "| {} | {kind} | {median:.2} | {:.0} | {:.0} |",
            one.candidate.name,
            files / median,
            bytes as f64 / median / 1e6
        );
    }
    text.push('\n');
    let median = |name: &str| {
        measured
            .iter()
            .find(|one| one.candidate.name == name)
            .map(Measured::median)
    };
    for (ours, other) in RATIOS {
        if let (Some(ours_median), Some(other_median)) = (median(ours), median(other)) {
            let _ = writeln!(
                text,
                "- {ours}: {:.2} times the files per second of {other}.",
                other_median / ours_median
            );
        }
    }
    text
}

const RATIOS: &[(&str, &str)] = &[
    ("cloakroom deid, plain tar", "gdcmanon --dumb, 2 processes"),
    (
        "cloakroom deid, plain tar",
        "cp -r, then openssl sha256, 2 processes",
    ),
    ("cloakroom deid, plain tar", "cp -r"),
    ("cloakroom deid, tar.zst", "tar | zstd -3 -T0"),
];

/// Replaces the block of the document that the measurement owns.
fn record(table: &str) -> Result<()> {
    const BEGIN: &str = "<!-- bench: slices -->";
    const END: &str = "<!-- end of bench -->";
    let path = workspace_root().join("docs").join("benchmarks.md");
    let text = fs::read_to_string(&path)?;
    let (before, rest) = text
        .split_once(BEGIN)
        .context("docs/benchmarks.md has no block for the measurement")?;
    let (_, after) = rest
        .split_once(END)
        .context("the block in docs/benchmarks.md has no end")?;
    let machine = machine()?;
    fs::write(
        &path,
        format!("{before}{BEGIN}\n{machine}\n\n{table}{END}{after}"),
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
    Ok(format!("{cores} cores of {model}, {}.", rust.trim()))
}
