//! Each command: arguments become settings, the pipeline does the work, the report is rendered.

use crate::arguments::{
    Arguments, AuditCommand, BundleCommand, Command, Compression, CrosswalkFormat, ProfileCommand,
    ReceiveArguments, ReleaseCommand, ReportLanguage, RunArguments, VersionArguments,
};
use crate::exit::Exit;
use crate::progress::Drawn;
use crate::render::{self, Render};
use cloakroom_pipeline as pipeline;
use cloakroom_pipeline::{Failure, Report, Site};
use std::path::Path;

/// Runs a command and says how it ended.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let threads = threads(arguments);
    let progress = Drawn::new();
    match &arguments.command {
        Command::Demo { dir } => answer(arguments, &pipeline::demo::run(dir, threads, &progress)?),
        Command::Init {
            site,
            organiser: true,
            ..
        } => answer(arguments, &pipeline::init::organiser(site)?),
        Command::Init {
            site,
            reviewer: Some(id),
            ..
        } => {
            let site = Site::open(site)?;
            let passphrase = crate::passphrase::ask_twice()?;
            answer(
                arguments,
                &pipeline::reviewers::enrol(&site, id.clone(), &passphrase)?,
            )
        }
        Command::Init { site, name, .. } => {
            answer(arguments, &pipeline::init::site(site, name.clone())?)
        }
        Command::Ingest { site, export } => answer(
            arguments,
            &pipeline::catalogue::ingest(&Site::open(site)?, export, threads, &progress)?,
        ),
        Command::Receive(request) => receive(arguments, request),
        Command::Plan { run, values } => {
            let settings = run_settings(run, threads)?;
            answer(
                arguments,
                &pipeline::plan::plan(&Site::open(&run.site)?, &settings, *values, &progress)?,
            )
        }
        Command::Deid {
            run,
            out,
            date,
            compression,
            partition,
            encrypt_to,
        } => {
            let settings = pipeline::delivery::DeliverySettings {
                run: run_settings(run, threads)?,
                out: out.clone(),
                date: *date,
                compression: match compression {
                    Compression::Zstd => pipeline::Compression::default(),
                    Compression::None => pipeline::Compression::None,
                },
            };
            match partition {
                Some(partition) => {
                    let request = pipeline::delivery::PartRequest {
                        delivery: settings,
                        profile: run.profile.clone(),
                        select: run.select.clone(),
                        partition: *partition,
                    };
                    let site = Site::open_to_read(&run.site)?;
                    answer(
                        arguments,
                        &pipeline::delivery::deid_part(&site, &request, &progress)?,
                    )
                }
                None => travelling(arguments, out, encrypt_to, || {
                    pipeline::delivery::deid(&Site::open(&run.site)?, &settings, &progress)
                }),
            }
        }
        Command::Bundle(BundleCommand::Merge {
            part,
            site,
            out,
            encrypt_to,
        }) => {
            let settings = pipeline::delivery::MergeSettings {
                parts: part.clone(),
                out: out.clone(),
                threads,
            };
            travelling(arguments, out, encrypt_to, || {
                pipeline::delivery::merge(&Site::open(site)?, &settings, &progress)
            })
        }
        Command::Labels {
            site,
            file,
            track,
            profile,
            out,
            date,
            encrypt_to,
        } => {
            let settings = pipeline::delivery::LabelSettings {
                track: track.clone(),
                profile: profile.clone(),
                files: file.clone(),
                out: out.clone(),
                date: *date,
                threads,
            };
            travelling(arguments, out, encrypt_to, || {
                pipeline::delivery::labels(&Site::open(site)?, &settings, &progress)
            })
        }
        Command::Review {
            site,
            profile,
            port,
        } => crate::review::serve(site, profile, *port),
        Command::Withdraw {
            site,
            patient,
            track,
            reason,
            out,
            date,
        } => {
            let date = date.unwrap_or_else(pipeline::clock::today);
            answer(
                arguments,
                &pipeline::withdraw::withdraw(
                    &Site::open(site)?,
                    patient,
                    track,
                    reason,
                    date,
                    out,
                )?,
            )
        }
        Command::Crosswalk {
            site,
            out,
            format,
            track,
        } => {
            let format = match format {
                CrosswalkFormat::Csv => pipeline::crosswalk::Format::Csv,
                CrosswalkFormat::Midi => pipeline::crosswalk::Format::Midi,
            };
            answer(
                arguments,
                &pipeline::crosswalk::write(&Site::open(site)?, track.as_deref(), format, out)?,
            )
        }
        Command::Release(command) => release(arguments, command, threads, &progress),
        Command::Verify { path, trust, since } => {
            let trusted = pipeline::Trusted::read(trust)?;
            let settings = pipeline::verify::VerifySettings {
                trusted,
                since: since.clone(),
                threads,
            };
            answer(
                arguments,
                &pipeline::verify::verify(path, &settings, &progress)?,
            )
        }
        Command::Extract { path, out, series } => answer(
            arguments,
            &pipeline::extract::extract(path, out, series.as_deref())?,
        ),
        Command::Audit(command) => audit(arguments, command),
        Command::Report {
            path,
            out,
            language,
        } => {
            let language = match language {
                ReportLanguage::En => pipeline::report::Language::English,
                ReportLanguage::Zh => pipeline::report::Language::Chinese,
            };
            answer(
                arguments,
                &pipeline::report::write(path, out.as_deref(), language)?,
            )
        }
        Command::Profile(command) => profile(arguments, command),
        Command::Manual { out } => crate::manual::write(out),
    }
}

fn threads(arguments: &Arguments) -> usize {
    arguments
        .threads
        .filter(|threads| *threads > 0)
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}

/// Prints the report and turns its verdict into an exit code.
fn answer<R: Report + Render>(arguments: &Arguments, report: &R) -> Result<Exit, Failure> {
    if arguments.json {
        let text = serde_json::to_string_pretty(report)
            .map_err(|_| Failure::could_not_run("the answer could not be written as JSON"))?;
        render::print(&text);
    } else {
        render::print(&report.render());
    }
    Ok(report.verdict().into())
}

/// Writes a bundle, and the encrypted file for the way where somebody is to get one.
fn travelling<R: Report + Render>(
    arguments: &Arguments,
    out: &Path,
    encrypt_to: &[String],
    write: impl FnOnce() -> Result<R, Failure>,
) -> Result<Exit, Failure> {
    let envelope = pipeline::travel::Envelope::prepare(out, encrypt_to)?;
    let report = write()?;
    let encrypted = envelope.map(|envelope| envelope.close()).transpose()?;
    answer(
        arguments,
        &pipeline::travel::Travelling { report, encrypted },
    )
}

fn run_settings(run: &RunArguments, threads: usize) -> Result<pipeline::RunSettings, Failure> {
    pipeline::RunSettings::resolve(&run.track, &run.profile, run.select.as_deref(), threads)
}

fn receive(arguments: &Arguments, request: &ReceiveArguments) -> Result<Exit, Failure> {
    let site = Site::open(&request.site)?;
    let settings = pipeline::inbox::ReceiveRequest {
        aet: request.aet.clone(),
        address: (request.listen, request.port).into(),
        allowed: request.allow.clone(),
        associations: request.associations,
    };
    answer(
        arguments,
        &pipeline::inbox::receive(&site, &settings, &Told)?,
    )
}

fn release(
    arguments: &Arguments,
    command: &ReleaseCommand,
    threads: usize,
    progress: &Drawn,
) -> Result<Exit, Failure> {
    match command {
        ReleaseCommand::Build {
            track,
            bundle,
            version,
            previous,
            withdraw,
            sealed,
            waive,
        } => {
            let settings = pipeline::release::BuildSettings {
                bundles: bundle.clone(),
                previous: previous.clone(),
                notices: withdraw.clone(),
                sealed: sealed.clone(),
                waivers: waive.clone(),
                ..next_version(track, version, threads)?
            };
            answer(arguments, &pipeline::release::build(&settings, progress)?)
        }
        ReleaseCommand::Withdraw {
            notice,
            patient,
            reason,
            track,
            previous,
            purge,
            version,
        } => {
            let settings = pipeline::release::WithdrawSettings {
                build: pipeline::release::BuildSettings {
                    previous: Some(previous.clone()),
                    notices: notice.clone(),
                    ..next_version(track, version, threads)?
                },
                patients: patient.clone(),
                reason: reason.clone(),
                purge: purge.clone(),
            };
            answer(
                arguments,
                &pipeline::release::withdraw(&settings, progress)?,
            )
        }
        ReleaseCommand::Seal {
            release,
            labels,
            recipient,
            out,
        } => {
            let settings = pipeline::release::SealSettings {
                release: release.clone(),
                labels: labels.clone(),
                recipients: recipient.clone(),
                out: out.clone(),
            };
            answer(arguments, &pipeline::release::seal(&settings)?)
        }
        ReleaseCommand::Reveal {
            release,
            identity,
            organiser,
        } => answer(
            arguments,
            &pipeline::release::reveal(release, identity, organiser.as_deref())?,
        ),
        ReleaseCommand::Diff { a, b } => answer(arguments, &pipeline::release::diff(a, b)?),
    }
}

fn next_version(
    track: &Path,
    version: &VersionArguments,
    threads: usize,
) -> Result<pipeline::release::BuildSettings, Failure> {
    Ok(pipeline::release::BuildSettings {
        track: track.to_path_buf(),
        bundles: Vec::new(),
        version: version.version.clone(),
        date: version.date,
        out: version.out.clone(),
        organiser: version.organiser.clone(),
        previous: None,
        trusted: pipeline::Trusted::read(&version.trust)?,
        notices: Vec::new(),
        sealed: None,
        mirrors: version.mirror.clone(),
        waivers: Vec::new(),
        threads,
    })
}

fn audit(arguments: &Arguments, command: &AuditCommand) -> Result<Exit, Failure> {
    match command {
        AuditCommand::Show { path, object } => {
            answer(arguments, &pipeline::audit::show(path, object)?)
        }
        AuditCommand::Prove { path, object, out } => {
            answer(arguments, &pipeline::audit::prove(path, object, out)?)
        }
        AuditCommand::Sample {
            path,
            number,
            bound,
            confidence,
            nonce,
        } => {
            let size = pipeline::audit::SampleSize::parse(*number, bound.as_deref(), confidence)?;
            answer(arguments, &pipeline::audit::sample(path, size, nonce)?)
        }
    }
}

fn profile(arguments: &Arguments, command: &ProfileCommand) -> Result<Exit, Failure> {
    let file = |path: &Path| path.to_string_lossy().into_owned();
    match command {
        ProfileCommand::List => answer(arguments, &pipeline::profiles::list()?),
        ProfileCommand::Show { profile, statement } => {
            answer(arguments, &pipeline::profiles::show(profile, *statement)?)
        }
        ProfileCommand::Check { file: path } => {
            answer(arguments, &pipeline::profiles::check(&file(path))?)
        }
        ProfileCommand::Explain {
            tag,
            profile,
            sop_class,
        } => answer(
            arguments,
            &pipeline::profiles::explain(tag, profile, sop_class)?,
        ),
        ProfileCommand::Diff { a, b } => answer(arguments, &pipeline::profiles::diff(a, b)?),
    }
}

/// Tells what is received, without values: counts and endings only.
struct Told;

impl pipeline::inbox::ReceiveProgress for Told {
    fn event(&self, event: &pipeline::inbox::ReceiveEvent) {
        use pipeline::inbox::ReceiveEvent;
        match event {
            ReceiveEvent::Listening(address) => {
                eprintln!("listening on {address}; interrupt to stop")
            }
            ReceiveEvent::Refused(_, refusal) => eprintln!("refused an association: {refusal:?}"),
            ReceiveEvent::NotStored(reason) => eprintln!("did not store an object: {reason:?}"),
            ReceiveEvent::Opened(_)
            | ReceiveEvent::Stored { .. }
            | ReceiveEvent::Echoed
            | ReceiveEvent::Closed(..) => {}
        }
    }
}
