//! `deid`: from the catalogue to a bundle, once, resumed, or again.
//!
//! A delivery is a number of a (site, track). It holds what is new since the one before. A killed run finds its
//! delivery open and goes on; a run with nothing new writes the last delivery again. The bytes are the same each
//! time, because nothing but the catalogue, the decisions, the keys, the profile, the program, the log before it
//! and the stated date reaches them.

mod batches;
mod choice;
mod finish;
mod jobs;
mod label_keys;
mod labels;
mod merge;
mod others;
mod part_files;
mod partition;
mod shards;

pub(crate) use choice::chosen;
pub(crate) use finish::{CHECKPOINT, LOG};
pub use labels::{LabelFileReport, LabelReport, LabelSettings, labels};
pub use merge::{MergeSettings, merge};
pub use partition::{NotAPartition, PartReport, PartRequest, Partition, deid_part};

use crate::decisions::Decisions;
use crate::evidence::RunFacts;
use crate::object::Rooms;
use crate::packing;
use crate::problems::Problems;
use crate::progress::Progress;
use crate::state::State;
use crate::subjects::{Person, PseudonymRules, people};
use crate::verdict::{Report, Verdict};
use crate::{Failure, RunSettings, Site, catalogue, clock};
use choice::{Asked, Choice, Step};
use cloakroom_audit::Origin;
use cloakroom_core::{Conservation, Digest, Hasher, StatedDate};
use cloakroom_deid::TrackKeys;
use cloakroom_ingest::Catalogue;
use cloakroom_packager::{BundleFacts, Compression, PackageBuilder, ToolReference};
use serde::Serialize;
use std::path::PathBuf;

/// What `deid` is asked for.
pub struct DeliverySettings {
    /// Track, profile, selection, threads.
    pub run: RunSettings,
    /// The bundle to write.
    pub out: PathBuf,
    /// The date to state; today where `None`.
    pub date: Option<StatedDate>,
    /// How shards are stored.
    pub compression: Compression,
}

/// What a delivery holds and what waits.
#[derive(Debug, Serialize)]
pub struct DeliveryReport {
    /// The bundle.
    pub bundle: PathBuf,
    /// Its track.
    pub track: String,
    /// Its number.
    pub delivery: u32,
    /// Its date.
    pub date: StatedDate,
    /// Whether there was nothing new, and the last delivery was written again.
    pub again: bool,
    /// Patients, studies, series, instances and bytes in the bundle.
    pub released: Released,
    /// How every stream that this delivery decided ended.
    pub decided: Conservation,
    /// How every stream of the catalogue ended in this track, by its latest outcome.
    pub total: Conservation,
    /// Leaves of the log.
    pub log_size: u64,
    /// Where the files that need a person are named; only its owner may read it.
    pub problems: PathBuf,
    verdict: Verdict,
}

/// How much a bundle holds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Released {
    /// Patients.
    pub patients: u64,
    /// Studies.
    pub studies: u64,
    /// Series.
    pub series: u64,
    /// Instances.
    pub instances: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Report for DeliveryReport {
    fn verdict(&self) -> Verdict {
        self.verdict
    }
}

/// Everything that a delivery works with.
struct Work<'a> {
    site: &'a Site,
    settings: &'a DeliverySettings,
    catalogue: Catalogue,
    state: State,
    rooms: Rooms,
    people: Vec<Person>,
    facts: RunFacts,
    choice: Choice,
    decisions: Decisions,
}

/// Writes the next delivery of a track as a bundle.
///
/// # Errors
/// If a key is missing, the bundle exists, or the machine fails; then the same command goes on where it stopped.
pub fn deid(
    site: &Site,
    settings: &DeliverySettings,
    progress: &dyn Progress,
) -> Result<DeliveryReport, Failure> {
    refuse_taken(settings)?;
    refuse_site_folder(site, settings)?;
    let mut work = Work::prepare(site, settings)?;
    let bundle = work.bundle_facts();
    let mut builder = PackageBuilder::begin(&settings.out).map_err(packing::failure)?;
    shards::write(&mut work, &mut builder, &bundle, progress)?;
    others::decide(&mut work, progress)?;
    finish::finish(work, builder, bundle)
}

fn refuse_taken(settings: &DeliverySettings) -> Result<(), Failure> {
    if std::fs::symlink_metadata(&settings.out).is_ok() {
        return Err(Failure::wrong_use(
            "the bundle exists already; a bundle is written once and never changed",
        )
        .at(&settings.out)
        .advise("name a folder that does not exist yet"));
    }
    Ok(())
}

/// A bundle travels, and the site folder stays.
fn refuse_site_folder(site: &Site, settings: &DeliverySettings) -> Result<(), Failure> {
    let parent = settings
        .out
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(std::path::Path::new("."));
    let inside = std::fs::canonicalize(parent).is_ok_and(|parent| parent.starts_with(site.root()));
    if inside {
        return Err(Failure::wrong_use(
            "the bundle would lie inside the site folder, which never leaves the hospital",
        )
        .at(&settings.out)
        .advise("write it beside the site folder"));
    }
    Ok(())
}

/// Whether the site may note that a delivery begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// The delivery is written here.
    Writing,
    /// A part of it is worked on, and others read the same site.
    Reading,
    /// It is only found out which delivery would be written.
    Comparing,
}

impl<'a> Work<'a> {
    fn prepare(site: &'a Site, settings: &'a DeliverySettings) -> Result<Self, Failure> {
        Self::prepare_with(site, settings, Access::Writing).map(|(work, _)| work)
    }

    fn prepare_with(
        site: &'a Site,
        settings: &'a DeliverySettings,
        access: Access,
    ) -> Result<(Self, Step), Failure> {
        let run = &settings.run;
        let keys = TrackKeys::derive(&site.secret()?, site.project(), &run.track, site.epoch());
        let (catalogue, mut state) = match access {
            Access::Writing | Access::Comparing => {
                (catalogue::open(site)?, State::open(&site.database())?)
            }
            Access::Reading => (
                catalogue::open_finished(site)?,
                State::open_to_read(&site.database())?,
            ),
        };
        let people = people(
            site,
            &catalogue,
            &PseudonymRules::of(&run.profile),
            &keys,
            &state.withdrawn()?,
        )?;
        let decisions = match access {
            Access::Writing | Access::Comparing => Decisions::open(site, &run.track),
            Access::Reading => Decisions::open_to_read(site, &run.track),
        }?;
        let in_force = decisions.in_force(site);
        let rooms = Rooms::open(run, keys, in_force.words())?;
        let asked = Asked {
            basis: asked(settings, &rooms),
            decisions: in_force,
        };
        let date = settings.date.unwrap_or_else(clock::today);
        let (choice, step) = match access {
            Access::Writing => Choice::make(&catalogue, &mut state, run, &people, asked, date),
            Access::Reading | Access::Comparing => {
                Choice::decide(&catalogue, &state, run, &people, asked, date)
            }
        }?;
        let origin = Origin {
            site: site.name().clone(),
            track: run.track.clone(),
        };
        let facts = RunFacts::new(origin, choice.number, choice.date, &run.profile)?;
        let work = Self {
            site,
            settings,
            catalogue,
            state,
            rooms,
            people,
            facts,
            choice,
            decisions,
        };
        Ok((work, step))
    }

    /// What the bundle states of itself before its end is known.
    fn bundle_facts(&self) -> BundleFacts {
        BundleFacts {
            site: self.site.name().clone(),
            track: self.settings.run.track.clone(),
            delivery: self.choice.number,
            date: self.choice.date,
            profile: cloakroom_packager::ProfileReference {
                id: self.facts.profile.id.clone(),
                version: self.facts.profile.version.to_string(),
                sha256: self.facts.profile.digest,
            },
            tool: ToolReference {
                name: "cloakroom".into(),
                version: env!("CARGO_PKG_VERSION").into(),
            },
            conservation: None,
            log: None,
        }
    }

    /// The problems of the site, with what this track adds.
    fn write_problems(&self) -> Result<PathBuf, Failure> {
        let results = self.state.last_results(&self.settings.run.track)?;
        Problems::write(self.site, &self.catalogue, &|stream| {
            results.get(&stream.get()).map(|result| result.outcome)
        })
    }
}

/// The digest of everything beside the streams that decides what a stream becomes.
fn asked(settings: &DeliverySettings, rooms: &Rooms) -> Digest {
    let mut hasher = Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    part(settings.run.track.as_str().as_bytes());
    part(settings.run.profile.digest().as_bytes());
    part(crate::evidence::TOOL.as_bytes());
    part(
        rooms
            .detector_digest()
            .as_ref()
            .map_or(b"", |digest| digest.as_bytes()),
    );
    part(rooms.words_digest().as_bytes());
    hasher.finish()
}
