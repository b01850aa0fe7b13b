//! Small rules on what released objects say of themselves. No pixel is decoded here.

mod geometry;
mod study;
mod survey;

use crate::track::{CheckName, Severity, Track};
use cloakroom_core::{InstanceFacts, InstanceSurvey};
use std::collections::{BTreeMap, BTreeSet};

/// A series that is about to be released.
#[derive(Debug, Clone)]
pub(crate) struct SeriesUnderCheck<'a> {
    pub(crate) patient: &'a str,
    pub(crate) study: &'a str,
    pub(crate) series: &'a str,
    pub(crate) facts: Vec<&'a InstanceFacts>,
    /// What a look at the objects found, by SOP Instance UID; empty where nobody looked.
    pub(crate) surveys: BTreeMap<&'a str, &'a InstanceSurvey>,
    /// References of its objects to objects that are in no bundle.
    pub(crate) unresolved: usize,
}

impl SeriesUnderCheck<'_> {
    /// The modality of the first instance.
    pub(crate) fn modality(&self) -> &str {
        self.facts.first().map_or("", |facts| &facts.modality)
    }

    /// Whether the series is a stack of slices of one frame each.
    fn is_volume(&self) -> bool {
        ["CT", "MR", "PT"].contains(&self.modality())
            && self.facts.iter().all(|facts| facts.frames <= 1)
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckFinding {
    /// The check.
    pub check: CheckName,
    /// What follows.
    pub severity: Severity,
    /// The pseudonym of the patient.
    pub patient: String,
    /// The released Study Instance UID; empty where it is about the patient.
    pub study: String,
    /// The released Series Instance UID; empty where it is about the study or the patient.
    pub series: String,
    /// Numbers and names of the rule, no text of an object.
    pub detail: String,
}

impl CheckFinding {
    /// Whether the finding is about this series.
    #[must_use]
    pub fn covers(&self, patient: &str, study: &str, series: &str) -> bool {
        self.patient == patient
            && (self.study.is_empty() || self.study == study)
            && (self.series.is_empty() || self.series == series)
    }
}

type SeriesRule = fn(&SeriesUnderCheck<'_>) -> Option<String>;

/// The rules that look at one series.
const SERIES_RULES: &[(CheckName, SeriesRule)] = &[
    (CheckName::OneGeometry, geometry::one_geometry),
    (
        CheckName::OneFrameOfReference,
        geometry::one_frame_of_reference,
    ),
    (CheckName::PositionPresent, geometry::position_present),
    (CheckName::SpacingPresent, geometry::spacing_present),
    (CheckName::SliceGap, geometry::slice_gap),
    (CheckName::SliceDuplicate, geometry::slice_duplicate),
    (CheckName::SecondPhase, geometry::second_phase),
    (CheckName::ShearedVolume, geometry::sheared_volume),
    (CheckName::SquareMatrix, geometry::square_matrix),
    (CheckName::OneModality, study::one_modality),
    (CheckName::ViewPresent, study::view_present),
    (CheckName::LateralityPresent, study::laterality_present),
    (CheckName::UniformSpacing, geometry::uniform_spacing),
    (CheckName::OrientationSound, geometry::orientation_sound),
    (CheckName::DecodeFrames, survey::decode_frames),
    (CheckName::PixelsVary, survey::pixels_vary),
    (CheckName::RescalePresent, survey::rescale_present),
    (CheckName::AirPresent, survey::air_present),
    (CheckName::CineTiming, survey::cine_timing),
    (CheckName::CalibrationPresent, survey::calibration_present),
    (CheckName::DarkIsZero, survey::dark_is_zero),
    (CheckName::OnePresentation, survey::one_presentation),
    (CheckName::DuplicateImage, survey::duplicate_image),
    (CheckName::ReferencesResolve, survey::references_resolve),
];

/// Runs the checks that the track names. The order of the series does not matter.
pub(crate) fn run(track: &Track, series: &[SeriesUnderCheck<'_>]) -> Vec<CheckFinding> {
    let mut findings = BTreeSet::new();
    for (name, rule) in SERIES_RULES {
        let Some(severity) = track.checks.get(name) else {
            continue;
        };
        for one in series {
            findings.extend(rule(one).map(|detail| CheckFinding {
                check: *name,
                severity: *severity,
                patient: one.patient.into(),
                study: one.study.into(),
                series: one.series.into(),
                detail,
            }));
        }
    }
    let mut studies: BTreeMap<(&str, &str), Vec<&SeriesUnderCheck<'_>>> = BTreeMap::new();
    let mut patients: BTreeMap<&str, Vec<&SeriesUnderCheck<'_>>> = BTreeMap::new();
    for one in series {
        studies
            .entry((one.patient, one.study))
            .or_default()
            .push(one);
        patients.entry(one.patient).or_default().push(one);
    }
    let mut add = |check, patient: &str, study: &str, detail: Option<String>| {
        let severity = track.checks.get(&check);
        if let Some((severity, detail)) = severity.zip(detail) {
            findings.insert(CheckFinding {
                check,
                severity: *severity,
                patient: patient.into(),
                study: study.into(),
                series: String::new(),
                detail,
            });
        }
    };
    for ((patient, study), series) in &studies {
        let missing = study::required_complete(&track.required, series);
        add(CheckName::RequiredComplete, patient, study, missing);
    }
    for (patient, series) in &patients {
        add(
            CheckName::DemographicsPresent,
            patient,
            "",
            study::demographics_present(series),
        );
        add(
            CheckName::OnePatient,
            patient,
            "",
            study::one_patient(series),
        );
    }
    findings.into_iter().collect()
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::testing::facts;

    /// An axial volume of so many slices, 2 mm apart, with instance numbers from 1.
    pub(crate) fn volume(slices: usize) -> Vec<InstanceFacts> {
        (0..slices)
            .map(|number| InstanceFacts {
                position: Some([-120.0, -80.0, 2.0 * number as f64]),
                instance_number: Some(number as i64 + 1),
                ..facts("P1", "1.2", &format!("1.2.{}", 100 + number))
            })
            .collect()
    }

    pub(crate) fn series(facts: &[InstanceFacts]) -> SeriesUnderCheck<'_> {
        SeriesUnderCheck {
            patient: "P1",
            study: "1",
            series: "1.2",
            facts: facts.iter().collect(),
            surveys: BTreeMap::new(),
            unresolved: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{series, volume};
    use super::*;
    use crate::track::{parse, template};

    #[test]
    fn a_track_runs_the_checks_it_names_and_no_others() {
        let lung = parse(template("lung-ct").unwrap()).unwrap();
        let mut facts = volume(30);
        assert_eq!(run(&lung, &[series(&facts)]), []);
        facts.remove(11);
        facts[3].rows = 256;
        let findings = run(&lung, &[series(&facts)]);
        let found: Vec<_> = findings
            .iter()
            .map(|finding| (finding.check, finding.severity))
            .collect();
        assert_eq!(
            found,
            [
                (CheckName::OneGeometry, Severity::Block),
                (CheckName::SliceGap, Severity::Block),
                (CheckName::SquareMatrix, Severity::Warn)
            ]
        );
        assert!(findings[0].covers("P1", "1", "1.2") && !findings[0].covers("P1", "1", "1.3"));
        let thyroid = parse(template("thyroid-us").unwrap()).unwrap();
        assert_eq!(run(&thyroid, &[series(&facts)]), []);
    }
}
