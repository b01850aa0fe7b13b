//! Checks of a release as a whole: small groups of people, duplicates across sides, labels that headers tell.
//!
//! There is no series to leave out here, so a finding that blocks and is not waived stops the release.

use super::duplicates::Groups;
use super::labels::ReleaseLabels;
use super::people::Person;
use super::select::{SelectedSeries, WeighedFinding};
use super::{ReleaseError, ReleaseInput, check_name, people, probe};
use crate::checks::CheckFinding;
use crate::track::{CheckName, Severity};
use cloakroom_core::LabelKind;
use std::collections::{BTreeMap, BTreeSet};

/// What the checks look at.
pub(super) struct Whole<'a> {
    pub(super) input: &'a ReleaseInput<'a>,
    pub(super) series: &'a [SelectedSeries<'a>],
    pub(super) people: &'a BTreeMap<String, Person>,
    pub(super) sides: &'a BTreeMap<String, String>,
    pub(super) groups: &'a Groups,
    pub(super) labels: &'a ReleaseLabels,
}

impl Whole<'_> {
    /// Runs the checks that the track names.
    ///
    /// # Errors
    /// If one of them stops the release.
    pub(super) fn check(&self) -> Result<Vec<WeighedFinding>, ReleaseError> {
        let mut findings = Vec::new();
        findings.extend(self.anonymity());
        findings.extend(self.duplicates());
        findings.extend(self.leaks());
        let stops =
            |one: &&WeighedFinding| one.finding.severity == Severity::Block && one.waived.is_none();
        let told: BTreeSet<String> = findings
            .iter()
            .filter(stops)
            .map(|one| format!("{}: {}", check_name(one.finding.check), one.finding.detail))
            .collect();
        match told.is_empty() {
            true => Ok(findings),
            false => Err(ReleaseError::Stopped(told.into_iter().collect())),
        }
    }

    /// A finding, if the track names the check. A waiver names what it is about, or `release`.
    fn finding(
        &self,
        check: CheckName,
        patient: &str,
        about: &str,
        detail: String,
    ) -> Option<WeighedFinding> {
        let severity = *self.input.track.checks.get(&check)?;
        let waiver = self
            .input
            .waivers
            .iter()
            .find(|waiver| waiver.check == check && waiver.about == about);
        Some(WeighedFinding {
            finding: CheckFinding {
                check,
                severity,
                patient: patient.into(),
                study: String::new(),
                series: String::new(),
                detail,
            },
            waived: waiver.map(|waiver| (waiver.signer.clone(), waiver.reason.clone())),
        })
    }

    fn anonymity(&self) -> Option<WeighedFinding> {
        let found = people::anonymity(&self.input.track.anonymity, self.people);
        if found.patients_below == 0 {
            return None;
        }
        let detail = format!(
            "{} patients are in groups of fewer than {} over {}; the smallest group has {}",
            found.patients_below,
            found.wanted,
            found.quasi_identifiers.join(", "),
            found.smallest
        );
        self.finding(CheckName::AnonymityGroups, "", "release", detail)
    }

    fn duplicates(&self) -> Vec<WeighedFinding> {
        let apart = |(leader, patients): (&String, &BTreeSet<String>)| {
            let sides: BTreeSet<&String> = patients
                .iter()
                .filter_map(|patient| self.sides.get(patient))
                .collect();
            if sides.len() < 2 {
                return None;
            }
            let sides: Vec<&str> = sides.into_iter().map(String::as_str).collect();
            let detail = format!(
                "{} patients with the same images are on the sides {}",
                patients.len(),
                sides.join(" and ")
            );
            self.finding(CheckName::DuplicatesTogether, leader, leader, detail)
        };
        self.groups.iter().filter_map(apart).collect()
    }

    fn leaks(&self) -> Vec<WeighedFinding> {
        if !self.input.track.checks.contains_key(&CheckName::LeakProbe) {
            return Vec::new();
        }
        let columns = &self.input.track.labels.columns;
        let choices = columns
            .iter()
            .filter(|(_, column)| column.kind == LabelKind::Choice);
        choices
            .flat_map(|(column, _)| {
                let labels = self.labels.by_patient(column);
                probe::probe(column, &labels, self.series, self.people)
            })
            .filter_map(|leak| {
                let detail = format!("{} = {}: {}", leak.column, leak.value, leak.detail);
                self.finding(CheckName::LeakProbe, "", &leak.column, detail)
            })
            .collect()
    }
}
