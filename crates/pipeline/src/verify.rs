//! `verify`: is a bundle or a release what it claims to be? Everything is computed again from the bytes.

use crate::audit::log_folders;
use crate::delivery::{CHECKPOINT, LOG};
use crate::progress::Progress;
use crate::trust::Trusted;
use crate::verdict::{Report, Verdict};
use crate::{Failure, files};
use cloakroom_audit::{Checkpoint, Findings, Trust as LogTrust, TrustedKeys, verify_log};
use cloakroom_core::{Conservation, Digest, Outcome};
use cloakroom_packager::{
    Fault, FaultKind, MemberEntry, MemberWitness, PublicKey, Signer, Statement, Trust, Witness,
    verify as verify_package,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// How to verify.
pub struct VerifySettings {
    /// Whose signatures count.
    pub trusted: Trusted,
    /// A checkpoint seen earlier.
    pub since: Option<PathBuf>,
    /// How many threads.
    pub threads: usize,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    /// `bundle` or `release`.
    pub kind: String,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// How many shards are gone because they held a withdrawn patient, where nothing else is wrong.
    pub incomplete: Option<usize>,
    /// `trusted`, `unknown` or `nobody`.
    pub signer: String,
    /// How much was really read.
    pub counts: cloakroom_packager::Counts,
    /// The logs that were checked.
    pub logs: Vec<LogReport>,
    verdict: Verdict,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file inside the package.
    pub file: String,
    /// The stable name of what is wrong.
    pub kind: String,
    /// The same as a sentence.
    pub words: String,
}

/// One log.
#[derive(Debug, Serialize)]
pub struct LogReport {
    /// Whose log.
    pub origin: String,
    /// Its leaves.
    pub size: u64,
    /// The root of its tree.
    pub root: Digest,
    /// Runs.
    pub runs: u64,
    /// Records of objects.
    pub records: u64,
    /// The trusted key that signed its head, if one did.
    pub signer: Option<String>,
    /// How every stream ended, by its latest outcome.
    pub total: Conservation,
}

impl Report for VerifyReport {
    fn verdict(&self) -> Verdict {
        self.verdict
    }
}

/// Verifies a package.
///
/// # Errors
/// If the folder cannot be read at all, or the checkpoint of `since` is none. What is wrong inside is a finding.
pub fn verify(
    path: &Path,
    settings: &VerifySettings,
    progress: &dyn Progress,
) -> Result<VerifyReport, Failure> {
    let checked = check(path, settings, progress)?;
    let signer = match checked.report.signer {
        Signer::Trusted(_) => "trusted",
        Signer::Unknown(_) => "unknown",
        Signer::Nobody => "nobody",
    };
    let incomplete = checked
        .report
        .only_purged()
        .filter(|purged| checked.findings.len() == *purged);
    let verdict = match (checked.findings.is_empty(), signer) {
        (false, _) if incomplete.is_some() => Verdict::NeedsPerson,
        (false, _) => Verdict::CheckFailed,
        (true, "trusted") => Verdict::Done,
        (true, _) => Verdict::NeedsPerson,
    };
    let kind = match checked.report.statement {
        Some(Statement::Bundle(_)) => "bundle",
        Some(Statement::Release(_)) => "release",
        None => "unknown",
    };
    Ok(VerifyReport {
        kind: kind.into(),
        findings: checked.findings,
        incomplete,
        signer: signer.into(),
        counts: checked.report.counts,
        logs: checked.logs.into_iter().map(LogRead::into_report).collect(),
        verdict,
    })
}

/// Verifies a package in order to build from it.
///
/// # Errors
/// If anything at all is wrong with it.
pub(crate) fn mint(
    path: &Path,
    settings: &VerifySettings,
    progress: &dyn Progress,
) -> Result<cloakroom_packager::Report, Failure> {
    let checked = check(path, settings, progress)?;
    if checked.findings.is_empty() {
        return Ok(checked.report);
    }
    let words: Vec<&str> = checked
        .findings
        .iter()
        .take(20)
        .map(|finding| finding.words.as_str())
        .collect();
    Err(Failure::check_failed(format!(
        "{} things are wrong with a package",
        checked.findings.len()
    ))
    .at(path)
    .detail(words.join("\n"))
    .advise("take it from its source again; `cloakroom verify` tells everything"))
}

/// A package that was checked.
struct Checked {
    report: cloakroom_packager::Report,
    logs: Vec<LogRead>,
    findings: Vec<Finding>,
}

fn check(
    path: &Path,
    settings: &VerifySettings,
    progress: &dyn Progress,
) -> Result<Checked, Failure> {
    if !path.is_dir() {
        return Err(Failure::could_not_run("there is no such folder")
            .at(path)
            .advise("name a bundle or a release"));
    }
    let since = settings.since.as_deref().map(read_checkpoint).transpose()?;
    progress.begin("verifying", None, None);
    let logs = logs_of(path, settings, since.as_ref())?;
    let keys: Vec<PublicKey> = settings
        .trusted
        .packages
        .iter()
        .filter_map(|key| key.parse().ok())
        .collect();
    let trust = if settings.trusted.is_empty() {
        Trust::Nobody
    } else {
        Trust::Keys(&keys)
    };
    let evidence = Evidence::of(&logs, progress);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.threads)
        .build();
    let pool = pool.map_err(|_| Failure::could_not_run("the threads could not be started"))?;
    let report = pool.install(|| verify_package(path, trust, &evidence));
    drop(evidence);
    progress.finish();
    let mut findings: Vec<Finding> = report.faults.iter().map(of_fault).collect();
    let release_vouches = matches!(report.statement, Some(Statement::Release(_)))
        && matches!(report.signer, Signer::Trusted(_));
    for log in &logs {
        findings.extend(of_log(log, settings, release_vouches));
    }
    if let Some(since) = since.filter(|since| {
        !logs
            .iter()
            .any(|log| log.origin == since.origin().to_string())
    }) {
        findings.push(Finding {
            file: "evidence".into(),
            kind: "log-missing".into(),
            words: format!(
                "the log {}, whose head was seen before, is not in this package",
                since.origin()
            ),
        });
    }
    findings.sort();
    findings.dedup();
    Ok(Checked {
        report,
        logs,
        findings,
    })
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint, Failure> {
    files::read_text(path)?.parse().map_err(|_| {
        Failure::wrong_use("the file is no checkpoint")
            .at(path)
            .advise("keep the file `evidence/checkpoint` of a bundle")
    })
}

/// A log among the evidence, read and judged.
struct LogRead {
    file: String,
    findings: Option<Findings>,
    origin: String,
    /// Digests of released objects, by the delivery that released them.
    outputs: BTreeMap<u32, BTreeSet<Digest>>,
    problem: Option<String>,
}

impl LogRead {
    fn into_report(self) -> LogReport {
        let findings = self.findings;
        LogReport {
            origin: self.origin,
            size: findings.as_ref().map_or(0, |found| found.head.size),
            root: findings
                .as_ref()
                .map_or(Digest::of(b""), |found| found.head.root),
            runs: findings.as_ref().map_or(0, |found| found.runs),
            records: findings.as_ref().map_or(0, |found| found.records),
            signer: findings.as_ref().and_then(|found| found.signer.clone()),
            total: findings
                .map(|found| found.total.to_conservation())
                .unwrap_or_default(),
        }
    }
}

/// The log of a bundle, or those of all hospitals in a release.
fn logs_of(
    root: &Path,
    settings: &VerifySettings,
    since: Option<&Checkpoint>,
) -> Result<Vec<LogRead>, Failure> {
    log_folders(root)
        .iter()
        .map(|folder| read_log(root, folder, settings, since.cloned()))
        .collect()
}

fn read_log(
    root: &Path,
    folder: &Path,
    settings: &VerifySettings,
    since: Option<Checkpoint>,
) -> Result<LogRead, Failure> {
    let path = folder.join(LOG);
    let file = path
        .strip_prefix(root)
        .unwrap_or(&path)
        .to_string_lossy()
        .into_owned();
    let mut read = LogRead {
        file,
        findings: None,
        origin: String::new(),
        outputs: BTreeMap::new(),
        problem: None,
    };
    let checkpoint = match fs::read_to_string(folder.join(CHECKPOINT))
        .ok()
        .and_then(|text| text.parse::<Checkpoint>().ok())
    {
        Some(checkpoint) => checkpoint,
        None => {
            read.problem = Some("the signed head is missing or damaged".into());
            return Ok(read);
        }
    };
    read.origin = checkpoint.origin().to_string();
    let since = since.filter(|seen| seen.origin().to_string() == read.origin);
    let trust = LogTrust {
        trusted: settings.trusted.log_keys(),
        claimed: claimed(folder),
        since,
    };
    let mut lines = match File::open(&path) {
        Ok(file) => BufReader::new(file),
        Err(_) => {
            read.problem = Some("the log is missing".into());
            return Ok(read);
        }
    };
    let outputs = &mut read.outputs;
    let findings = verify_log(&mut lines, None, &checkpoint, &trust, &mut |_, record| {
        if let (Outcome::Cleared, Some(output)) = (record.outcome, record.output) {
            outputs
                .entry(record.delivery)
                .or_default()
                .insert(output.digest);
        }
    });
    match findings {
        Ok(findings) => read.findings = Some(findings),
        Err(error) => read.problem = Some(format!("the log could not be read: {error}")),
    }
    Ok(read)
}

/// The keys that came with the log; they show that it is consistent, and not who signed it.
fn claimed(folder: &Path) -> TrustedKeys {
    let mut claimed = Trusted::default();
    let Ok(entries) = fs::read_dir(folder) else {
        return claimed.log_keys();
    };
    for entry in entries.filter_map(Result::ok) {
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "pub")
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            // A file that holds no key adds none, and the package's own lists vouch for its bytes.
            let _ = claimed.add(&text);
        }
    }
    claimed.log_keys()
}

/// Which objects the evidence knows, and which of them have been seen.
struct Evidence<'a> {
    logs: &'a [LogRead],
    known: BTreeSet<Digest>,
    seen: std::sync::Mutex<BTreeSet<Digest>>,
    progress: &'a dyn Progress,
}

impl<'a> Evidence<'a> {
    fn of(logs: &'a [LogRead], progress: &'a dyn Progress) -> Self {
        let known = logs
            .iter()
            .flat_map(|log| log.outputs.values().flatten().copied())
            .collect();
        Self {
            logs,
            known,
            seen: std::sync::Mutex::default(),
            progress,
        }
    }

    fn take_seen(&self) -> BTreeSet<Digest> {
        std::mem::take(
            &mut *self
                .seen
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }
}

impl Witness for Evidence<'_> {
    fn open(&self, member: &MemberEntry) -> Option<Box<dyn MemberWitness>> {
        self.progress.advance(1, member.size);
        let mut seen = self
            .seen
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        seen.insert(member.sha256);
        Some(Box::new(SecondLook {
            has_evidence: self.known.contains(&member.sha256),
            reader: cloakroom_clear::Recheck::new(),
        }))
    }

    fn close(&self, _: &Path, statement: &Statement) -> Vec<Fault> {
        let seen = self.take_seen();
        let Statement::Bundle(bundle) = statement else {
            return Vec::new();
        };
        let mut faults = Vec::new();
        let Some(log) = self.logs.first() else {
            return vec![
                Fault::new(FaultKind::Witness, format!("evidence/{LOG}"))
                    .because("the log is missing"),
            ];
        };
        let mut seen = seen;
        for file in bundle.labels.iter().flat_map(|labels| &labels.files) {
            seen.insert(file.sha256);
            if !self.known.contains(&file.sha256) {
                faults.push(
                    Fault::new(FaultKind::Witness, file.path.clone())
                        .because("no record of the log vouches for it"),
                );
            }
        }
        let expected = log
            .outputs
            .get(&bundle.delivery)
            .cloned()
            .unwrap_or_default();
        let without_object = expected.difference(&seen).count();
        if without_object > 0 {
            faults.push(
                Fault::new(FaultKind::Witness, log.file.clone()).because(format!(
                    "{without_object} records of released objects have no object in the shards"
                )),
            );
        }
        let elsewhere = seen
            .difference(&expected)
            .filter(|digest| self.known.contains(digest))
            .count();
        if elsewhere > 0 {
            faults.push(
                Fault::new(FaultKind::Witness, log.file.clone())
                    .because(format!("{elsewhere} objects belong to another delivery")),
            );
        }
        if let (Some(head), Some(findings)) = (&bundle.log, &log.findings)
            && (head.size, head.root) != (findings.head.size, findings.head.root)
        {
            faults.push(
                Fault::new(FaultKind::Witness, statement.file())
                    .because("it states another head of the log"),
            );
        }
        faults
    }
}

/// The second reader looks at a released object once more, without knowing whose it was.
struct SecondLook {
    has_evidence: bool,
    reader: cloakroom_clear::Recheck,
}

impl MemberWitness for SecondLook {
    fn bytes(&mut self, bytes: &[u8]) {
        self.reader.bytes(bytes);
    }

    fn end(self: Box<Self>, _: &Digest) -> Vec<String> {
        let mut faults = self.reader.finish();
        if !self.has_evidence {
            faults.push("no record of the log vouches for it".into());
        }
        faults
    }
}

fn of_fault(fault: &Fault) -> Finding {
    Finding {
        file: fault.file.clone(),
        kind: fault.kind.code().into(),
        words: fault.to_string(),
    }
}

fn of_log(log: &LogRead, settings: &VerifySettings, release_vouches: bool) -> Vec<Finding> {
    let finding = |kind: &str, words: String| Finding {
        file: log.file.clone(),
        kind: kind.into(),
        words,
    };
    let Some(findings) = &log.findings else {
        let words = log.problem.clone().unwrap_or_default();
        return vec![finding("log-unreadable", words)];
    };
    let nobody_asked = settings.trusted.logs.is_empty();
    findings
        .faults
        .iter()
        .filter(|fault| {
            fault.failure != cloakroom_audit::Failure::SignerUnknown
                || !(nobody_asked || release_vouches)
        })
        .map(|fault| {
            let place = match (fault.line, fault.leaf) {
                (Some(line), _) => format!(" (line {line})"),
                (None, Some(leaf)) => format!(" (leaf {leaf})"),
                (None, None) => String::new(),
            };
            finding(
                fault.failure.code(),
                format!("{}{place}", fault.failure.meaning()),
            )
        })
        .collect()
}
