//! Rules on views, sequences and what is known of the patient.

use super::SeriesUnderCheck;
use crate::track::Requirement;
use cloakroom_core::InstanceFacts;
use std::collections::BTreeSet;

pub(super) fn one_modality(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let modalities: BTreeSet<_> = series.facts.iter().map(|facts| &facts.modality).collect();
    (modalities.len() > 1).then(|| format!("{} modalities", modalities.len()))
}

pub(super) fn view_present(series: &SeriesUnderCheck<'_>) -> Option<String> {
    lacking(series, |facts| facts.view.is_empty())
}

pub(super) fn laterality_present(series: &SeriesUnderCheck<'_>) -> Option<String> {
    lacking(series, |facts| {
        !["L", "R", "B"].contains(&facts.laterality.as_str())
    })
}

fn lacking(series: &SeriesUnderCheck<'_>, lacks: fn(&InstanceFacts) -> bool) -> Option<String> {
    let count = series.facts.iter().filter(|facts| lacks(facts)).count();
    (count > 0).then(|| format!("{count} of {} images", series.facts.len()))
}

/// The requirements that no image of the study meets.
pub(super) fn required_complete(
    required: &[Requirement],
    study: &[&SeriesUnderCheck<'_>],
) -> Option<String> {
    let images = || study.iter().flat_map(|series| &series.facts);
    let missing: Vec<_> = required
        .iter()
        .filter(|requirement| !images().any(|facts| meets(requirement, facts)))
        .map(|requirement| requirement.name.as_str())
        .collect();
    (!missing.is_empty()).then(|| format!("missing: {}", missing.join(", ")))
}

fn meets(requirement: &Requirement, facts: &InstanceFacts) -> bool {
    let description = facts.series_description.to_lowercase();
    let words =
        || description.split(|letter: char| !letter.is_alphanumeric() && !"+*".contains(letter));
    let stands = |beginnings: &[String]| {
        let begins = |word: &str| {
            beginnings
                .iter()
                .map(|beginning| beginning.to_lowercase())
                .any(|beginning| match beginning.strip_prefix('=') {
                    Some(whole) => word == whole,
                    None => word.starts_with(&beginning),
                })
        };
        words().any(begins)
    };
    requirement
        .laterality
        .as_ref()
        .is_none_or(|side| *side == facts.laterality)
        && (requirement.views.is_empty() || requirement.views.contains(&facts.view))
        && (requirement.description.is_empty() || stands(&requirement.description))
        && !stands(&requirement.without)
}

pub(super) fn demographics_present(patient: &[&SeriesUnderCheck<'_>]) -> Option<String> {
    let facts = || patient.iter().flat_map(|series| &series.facts);
    let missing: Vec<_> = [
        ("sex", facts().all(|facts| facts.sex.is_empty())),
        ("age", facts().all(|facts| facts.age.is_empty())),
    ]
    .into_iter()
    .filter(|(_, missing)| *missing)
    .map(|(name, _)| name)
    .collect();
    (!missing.is_empty()).then(|| format!("missing: {}", missing.join(", ")))
}

/// A patient with two sexes is probably two patients.
pub(super) fn one_patient(patient: &[&SeriesUnderCheck<'_>]) -> Option<String> {
    let facts = patient.iter().flat_map(|series| &series.facts);
    let sexes: BTreeSet<_> = facts
        .map(|facts| facts.sex.as_str())
        .filter(|sex| !sex.is_empty())
        .collect();
    (sexes.len() > 1).then(|| format!("{} values of Patient's Sex", sexes.len()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::series;
    use super::*;
    use crate::testing::facts;
    use crate::track::{parse, template};

    fn view(laterality: &str, view: &str) -> InstanceFacts {
        InstanceFacts {
            modality: "MG".into(),
            laterality: laterality.into(),
            view: view.into(),
            ..facts(
                "P1",
                "1.2",
                &format!("1.2.{}{}", laterality.len(), view.len()),
            )
        }
    }

    fn sequence(description: &str) -> InstanceFacts {
        InstanceFacts {
            modality: "MR".into(),
            series_description: description.into(),
            ..facts("P1", "1.2", "1.2.1")
        }
    }

    #[test]
    fn four_views_are_complete_and_three_are_not() {
        let required = parse(template("breast-mg").unwrap()).unwrap().required;
        let mut facts = vec![
            view("L", "CC"),
            view("L", "MLO"),
            view("R", "CC"),
            view("R", "MLO"),
        ];
        assert_eq!(required_complete(&required, &[&series(&facts)]), None);
        facts.remove(3);
        let text = required_complete(&required, &[&series(&facts)]);
        assert_eq!(text.as_deref(), Some("missing: R-MLO"));
    }

    #[test]
    fn four_sequences_are_known_by_the_words_of_their_descriptions() {
        let required = parse(template("glioma-mr").unwrap()).unwrap().required;
        let all = ["AX T1W SE", "Ax T1 MPRAGE +C", "AX T2W TSE", "AX T2 FLAIR"].map(sequence);
        assert_eq!(required_complete(&required, &[&series(&all)]), None);
        // The cleaning of texts leaves of `+C` the letter.
        let cleaned = ["AX T1", "AX T1 C", "AX T2", "COR FLAIR"].map(sequence);
        assert_eq!(required_complete(&required, &[&series(&cleaned)]), None);
        let coronal = ["T1 COR", "T2", "FLAIR"].map(sequence);
        let text = required_complete(&required, &[&series(&coronal)]);
        assert_eq!(text.as_deref(), Some("missing: t1c"));
        let without_contrast = ["T1_SPACE", "T2W", "FLAIR"].map(sequence);
        let text = required_complete(&required, &[&series(&without_contrast)]);
        assert_eq!(text.as_deref(), Some("missing: t1c"));
        let only_flair = ["T2 FLAIR"].map(sequence);
        let text = required_complete(&required, &[&series(&only_flair)]);
        assert_eq!(text.as_deref(), Some("missing: t1, t1c, t2"));
    }

    #[test]
    fn views_sides_modalities_and_people_are_looked_at() {
        let facts = [view("L", "CC"), view("", "")];
        assert_eq!(
            view_present(&series(&facts)).as_deref(),
            Some("1 of 2 images")
        );
        assert_eq!(
            laterality_present(&series(&facts)).as_deref(),
            Some("1 of 2 images")
        );
        let mut facts = [sequence("T1"), view("L", "CC")];
        assert!(one_modality(&series(&facts)).is_some());
        assert!(one_patient(&[&series(&facts)]).is_none());
        facts[0].sex = "M".into();
        assert!(one_patient(&[&series(&facts)]).is_some());
        facts.iter_mut().for_each(|facts| facts.age.clear());
        let text = demographics_present(&[&series(&facts)]);
        assert_eq!(text.as_deref(), Some("missing: age"));
    }
}
