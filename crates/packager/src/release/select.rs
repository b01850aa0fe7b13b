//! What of the bundles goes into a release, and why the rest does not: every instance has one fate.

use super::carry::carried;
use super::{ReleaseError, ReleaseInput, manifest::ReleaseConservation};
use crate::block::{BlockEntry, MemberEntry};
use crate::checks::{self, CheckFinding, SeriesUnderCheck};
use crate::shard::ShardEntry;
use crate::track::{CheckName, Select, Severity};
use crate::verify::{Checked, VerifiedBundle, VerifiedRelease};
use cloakroom_core::{InstanceFacts, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// One instance where it lies: in a bundle, or in the version before where the bundles of that are not given again.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) site: &'a str,
    pub(super) package: &'a Checked,
    pub(super) shard: &'a ShardEntry,
    pub(super) block: &'a BlockEntry,
    pub(super) member: &'a MemberEntry,
}

/// A series that may go out, with its instances in the order of their SOP Instance UIDs.
pub(super) struct SelectedSeries<'a> {
    pub(super) site: &'a str,
    pub(super) patient: &'a str,
    pub(super) study: &'a str,
    pub(super) series: &'a str,
    pub(super) sources: Vec<Source<'a>>,
}

impl SelectedSeries<'_> {
    /// Whether the series is one whole block of one bundle, whose frames can be copied as they are.
    pub(super) fn whole_block(&self) -> Option<Source<'_>> {
        let first = self.sources.first()?;
        let same = |source: &Source<'_>| std::ptr::eq(source.block, first.block);
        let whole =
            self.sources.iter().all(same) && self.sources.len() == first.block.members.len();
        whole.then_some(*first)
    }

    pub(super) fn content_bytes(&self) -> u64 {
        self.sources.iter().map(|source| source.member.size).sum()
    }

    pub(super) fn facts(&self) -> impl Iterator<Item = &InstanceFacts> {
        self.sources.iter().map(|source| &source.member.facts)
    }
}

/// The outcome of the selection.
pub(super) struct Selection<'a> {
    pub(super) series: Vec<SelectedSeries<'a>>,
    pub(super) conservation: ReleaseConservation,
    pub(super) findings: Vec<WeighedFinding>,
    /// Why a series is not in the release, or not all of it: `outcome: reason`.
    pub(super) reasons: BTreeMap<String, String>,
}

/// A finding and whether somebody took responsibility for it.
pub(super) struct WeighedFinding {
    pub(super) finding: CheckFinding,
    pub(super) waived: Option<(String, String)>,
}

/// Counts fates.
struct Ledger {
    conservation: ReleaseConservation,
    reasons: BTreeMap<String, String>,
}

impl Ledger {
    fn found(&mut self, bytes: u64) {
        self.conservation.in_bundles.add(bytes);
    }

    fn note(&mut self, outcome: Fate, reason: &str, source: &Source<'_>) {
        let bytes = source.member.size;
        let conservation = &mut self.conservation;
        let tally: &mut Tally = match outcome {
            Fate::Released => &mut conservation.released,
            Fate::NotSelected => &mut conservation.not_selected,
            Fate::Blocked => &mut conservation.blocked,
            Fate::Withdrawn => &mut conservation.withdrawn,
        };
        tally.add(bytes);
        let reason = match reason {
            "" => outcome.name().to_owned(),
            reason => format!("{}: {reason}", outcome.name()),
        };
        conservation
            .reasons
            .entry(reason.clone())
            .or_default()
            .add(bytes);
        if outcome != Fate::Released {
            self.reasons.insert(source.block.series.clone(), reason);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Released,
    NotSelected,
    Blocked,
    Withdrawn,
}

impl Fate {
    const fn name(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::NotSelected => "not-selected",
            Self::Blocked => "blocked",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Applies supersession, withdrawals, the rules of the track, and its checks, in this order.
pub(super) fn select<'a>(input: &ReleaseInput<'a>) -> Result<Selection<'a>, ReleaseError> {
    let carried = carried(input)?;
    let mut ledger = Ledger {
        conservation: carried.map(to_be_judged_again).unwrap_or_default(),
        reasons: BTreeMap::new(),
    };
    let latest = latest_instances(carried, input.bundles, &mut ledger);
    let series = group(input, latest, &mut ledger)?;
    let series = long_enough(input, series, &mut ledger);
    let (series, findings) = unblocked(input, series, &mut ledger);
    for source in series.iter().flat_map(|series| &series.sources) {
        ledger.note(Fate::Released, "", source);
    }
    Ok(Selection {
        series,
        conservation: ledger.conservation,
        findings,
        reasons: ledger.reasons,
    })
}

/// What the version before counted, without what it released: the fate of that is decided anew.
fn to_be_judged_again(previous: &VerifiedRelease) -> ReleaseConservation {
    let mut conservation = previous.manifest.conservation.clone();
    conservation.released = Tally::default();
    conservation.reasons.remove(Fate::Released.name());
    conservation
}

/// By SOP Instance UID the instance of the latest delivery; earlier ones are superseded.
fn latest_instances<'a>(
    carried: Option<&'a VerifiedRelease>,
    bundles: &'a [VerifiedBundle],
    ledger: &mut Ledger,
) -> BTreeMap<&'a str, Source<'a>> {
    let mut latest = BTreeMap::new();
    if let Some(previous) = carried {
        let site = |block: &BlockEntry| {
            let place = previous.checked.index.patients.get(&block.patient);
            place.map_or("", |place| place.site.as_str())
        };
        for source in sources(&previous.checked, site) {
            latest.insert(source.member.facts.instance.as_str(), source);
        }
    }
    let mut ordered: Vec<_> = bundles.iter().collect();
    ordered.sort_by_key(|bundle| (&bundle.manifest.site, bundle.manifest.delivery));
    for bundle in ordered {
        for source in sources(&bundle.checked, |_| bundle.manifest.site.as_str()) {
            ledger.found(source.member.size);
            let before = latest.insert(source.member.facts.instance.as_str(), source);
            if let Some(before) = before {
                ledger.note(Fate::NotSelected, "superseded", &before);
            }
        }
    }
    latest
}

fn sources<'a>(
    package: &'a Checked,
    site: impl Fn(&'a BlockEntry) -> &'a str,
) -> impl Iterator<Item = Source<'a>> {
    let shards = package.index.shards.iter();
    let blocks = shards.flat_map(|shard| shard.blocks.iter().map(move |block| (shard, block)));
    blocks.flat_map(move |(shard, block)| {
        let site = site(block);
        let members = block.members.iter();
        members.map(move |member| Source {
            site,
            package,
            shard,
            block,
            member,
        })
    })
}

fn group<'a>(
    input: &ReleaseInput<'a>,
    latest: BTreeMap<&'a str, Source<'a>>,
    ledger: &mut Ledger,
) -> Result<Vec<SelectedSeries<'a>>, ReleaseError> {
    let mut groups: BTreeMap<&str, SelectedSeries<'a>> = BTreeMap::new();
    for source in latest.into_values() {
        let withdrawn = input
            .withdrawals
            .iter()
            .find(|one| one.patient == source.block.patient);
        if let Some(withdrawal) = withdrawn {
            ledger.note(Fate::Withdrawn, withdrawal.reason.code(), &source);
            continue;
        }
        if let Some(rule) = leaves_out(&input.track.select, &source.member.facts) {
            ledger.note(Fate::NotSelected, rule, &source);
            continue;
        }
        let block = source.block;
        let site = source.site;
        let group = groups
            .entry(&block.series)
            .or_insert_with(|| SelectedSeries {
                site,
                patient: &block.patient,
                study: &block.study,
                series: &block.series,
                sources: Vec::new(),
            });
        if (group.site, group.patient, group.study) != (site, &block.patient, &block.study) {
            return Err(ReleaseError::SeriesConflict(block.series.clone()));
        }
        group.sources.push(source);
    }
    one_site_per_patient(groups.values())?;
    Ok(groups.into_values().collect())
}

fn one_site_per_patient<'s, 'a: 's>(
    series: impl Iterator<Item = &'s SelectedSeries<'a>>,
) -> Result<(), ReleaseError> {
    let mut sites = BTreeMap::new();
    for one in series {
        if *sites.entry(one.patient).or_insert(one.site) != one.site {
            return Err(ReleaseError::PatientAtTwoSites(one.patient.into()));
        }
    }
    Ok(())
}

/// The rule that leaves an instance out.
fn leaves_out(select: &Select, facts: &InstanceFacts) -> Option<&'static str> {
    let body = facts.body_part.to_uppercase();
    let stands = |words: &[String]| words.iter().any(|word| body.contains(&word.to_uppercase()));
    let listed = |list: &[String], value: &String| list.is_empty() || list.contains(value);
    let image_types = || facts.image_type.split('\\');
    let excluded = image_types().any(|value| {
        select
            .without_image_types
            .iter()
            .any(|other| other == value)
    });
    let rules = [
        ("modality", listed(&select.modalities, &facts.modality)),
        (
            "body-part",
            select.body_parts.is_empty() || body.is_empty() || stands(&select.body_parts),
        ),
        ("sop-class", listed(&select.sop_classes, &facts.sop_class)),
        ("image-type", !excluded),
        ("rows", select.rows.hold(facts.rows.into())),
        ("columns", select.columns.hold(facts.columns.into())),
    ];
    rules
        .iter()
        .find(|(_, meets)| !meets)
        .map(|(rule, _)| *rule)
}

fn long_enough<'a>(
    input: &ReleaseInput<'a>,
    series: Vec<SelectedSeries<'a>>,
    ledger: &mut Ledger,
) -> Vec<SelectedSeries<'a>> {
    let bounds = input.track.select.instances;
    let (long, short): (Vec<_>, Vec<_>) = series
        .into_iter()
        .partition(|series| bounds.hold(series.sources.len() as u64));
    for source in short.iter().flat_map(|series| &series.sources) {
        ledger.note(Fate::NotSelected, "instances-per-series", source);
    }
    long
}

/// Runs the checks until what is left passes: a series that is stopped may leave its study incomplete.
fn unblocked<'a>(
    input: &ReleaseInput<'a>,
    mut series: Vec<SelectedSeries<'a>>,
    ledger: &mut Ledger,
) -> (Vec<SelectedSeries<'a>>, Vec<WeighedFinding>) {
    let mut all: BTreeMap<CheckFinding, Option<(String, String)>> = BTreeMap::new();
    let known = known_instances(input);
    loop {
        let under_check: Vec<_> = series
            .iter()
            .map(|one| under_check(input, &known, one))
            .collect();
        let findings = checks::run(input.track, &under_check);
        let weighed = findings
            .into_iter()
            .map(|finding| (input.waiver_of(&finding), finding));
        let mut blocking = Vec::new();
        for (waived, finding) in weighed {
            if finding.severity == Severity::Block && waived.is_none() {
                blocking.push(finding.clone());
            }
            all.insert(finding, waived);
        }
        let stopped_by = |series: &SelectedSeries<'_>| {
            let covers = |finding: &&CheckFinding| {
                finding.covers(series.patient, series.study, series.series)
            };
            blocking.iter().find(covers).map(|finding| finding.check)
        };
        let before = series.len();
        let mut kept = Vec::with_capacity(before);
        for one in series {
            match stopped_by(&one) {
                None => kept.push(one),
                Some(check) => {
                    let reason = super::check_name(check);
                    one.sources
                        .iter()
                        .for_each(|source| ledger.note(Fate::Blocked, &reason, source));
                }
            }
        }
        series = kept;
        if series.len() == before {
            let weigh = |(finding, waived)| WeighedFinding { finding, waived };
            return (series, all.into_iter().map(weigh).collect());
        }
    }
}

/// Every instance of the bundles, where a check asks for it.
fn known_instances<'a>(input: &ReleaseInput<'a>) -> BTreeSet<&'a str> {
    if !input
        .track
        .checks
        .contains_key(&CheckName::ReferencesResolve)
    {
        return BTreeSet::new();
    }
    let shards = input
        .bundles
        .iter()
        .flat_map(|bundle| &bundle.checked.index.shards);
    let blocks = shards.flat_map(|shard| &shard.blocks);
    blocks
        .flat_map(|block| &block.members)
        .map(|member| member.facts.instance.as_str())
        .collect()
}

fn under_check<'s>(
    input: &ReleaseInput<'s>,
    known: &BTreeSet<&str>,
    series: &'s SelectedSeries<'_>,
) -> SeriesUnderCheck<'s> {
    let surveyed = |source: &'s Source<'_>| {
        let survey = input.surveys.get(&source.member.sha256)?;
        Some((source.member.facts.instance.as_str(), survey))
    };
    let surveys: BTreeMap<_, _> = series.sources.iter().filter_map(surveyed).collect();
    let references = surveys.values().flat_map(|survey| &survey.references);
    let unresolved = match known.is_empty() {
        true => 0,
        false => references
            .filter(|uid| !known.contains(uid.as_str()))
            .count(),
    };
    SeriesUnderCheck {
        patient: series.patient,
        study: series.study,
        series: series.series,
        facts: series.facts().collect(),
        surveys,
        unresolved,
    }
}
