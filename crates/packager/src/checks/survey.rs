//! Rules on what a look at the objects found. They are silent about objects that nobody has looked at.

use super::SeriesUnderCheck;
use cloakroom_core::{InstanceFacts, InstanceSurvey};
use std::collections::BTreeMap;

/// Air is at -1000 HU; a lung or abdomen whose darkest stored value is above this has another scale.
const AIR: f64 = -850.0;

/// Images of the series with what was found of them.
fn looked_at<'s>(
    series: &'s SeriesUnderCheck<'_>,
) -> impl Iterator<Item = (&'s InstanceFacts, &'s InstanceSurvey)> {
    series.facts.iter().filter_map(|facts| {
        let survey = series.surveys.get(facts.instance.as_str())?;
        Some((*facts, *survey))
    })
}

fn counted(
    series: &SeriesUnderCheck<'_>,
    wrong: impl Fn(&InstanceFacts, &InstanceSurvey) -> bool,
) -> Option<String> {
    let count = looked_at(series)
        .filter(|(facts, survey)| wrong(facts, survey))
        .count();
    (count > 0).then(|| format!("{count} of {} images", series.facts.len()))
}

pub(super) fn decode_frames(series: &SeriesUnderCheck<'_>) -> Option<String> {
    counted(series, |_, survey| survey.decoded < survey.frames)
}

pub(super) fn pixels_vary(series: &SeriesUnderCheck<'_>) -> Option<String> {
    counted(series, |_, survey| {
        survey.frames > 0 && survey.decoded == survey.frames && survey.pixels.is_none()
    })
}

pub(super) fn rescale_present(series: &SeriesUnderCheck<'_>) -> Option<String> {
    if !["CT", "PT"].contains(&series.modality()) {
        return None;
    }
    let lacks = |_: &InstanceFacts, survey: &InstanceSurvey| {
        survey.frames > 0 && survey.rescale.is_none_or(|(slope, _)| slope == 0.0)
    };
    if let Some(told) = counted(series, lacks) {
        return Some(told);
    }
    let mut scales: Vec<_> = looked_at(series)
        .filter_map(|(_, survey)| survey.rescale)
        .map(|(slope, intercept)| (slope.to_bits(), intercept.to_bits()))
        .collect();
    scales.sort_unstable();
    scales.dedup();
    // In PET the scale may differ from slice to slice.
    (scales.len() > 1 && series.modality() == "CT")
        .then(|| format!("{} different scales", scales.len()))
}

/// The darkest value of a CT is that of air.
pub(super) fn air_present(series: &SeriesUnderCheck<'_>) -> Option<String> {
    if series.modality() != "CT" {
        return None;
    }
    let darkest = looked_at(series)
        .filter_map(|(_, survey)| darkest(survey))
        .min_by(f64::total_cmp)?;
    (darkest > AIR).then(|| format!("the darkest value is {darkest:.0} HU"))
}

#[expect(clippy::cast_precision_loss, reason = "stored values have 32 bits")]
fn darkest(survey: &InstanceSurvey) -> Option<f64> {
    let (slope, intercept) = survey.rescale?;
    let (low, high) = survey.range?;
    Some((low as f64 * slope + intercept).min(high as f64 * slope + intercept))
}

pub(super) fn cine_timing(series: &SeriesUnderCheck<'_>) -> Option<String> {
    counted(series, |facts, survey| {
        facts.frames > 1 && survey.frame_time.is_none()
    })
}

pub(super) fn calibration_present(series: &SeriesUnderCheck<'_>) -> Option<String> {
    counted(series, |facts, survey| {
        facts.frames > 0 && facts.pixel_spacing.is_none() && !survey.has_calibrated_region
    })
}

pub(super) fn dark_is_zero(series: &SeriesUnderCheck<'_>) -> Option<String> {
    counted(series, |_, survey| survey.photometric == "MONOCHROME1")
}

pub(super) fn one_presentation(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, survey) in looked_at(series).filter(|(_, survey)| survey.frames > 0) {
        *seen.entry(&survey.presentation).or_default() += 1;
    }
    let processing = seen.get("FOR PROCESSING").copied().unwrap_or_default();
    match (seen.len() > 1, processing) {
        (true, _) => Some("images for processing and for presentation in one series".into()),
        (false, 0) => None,
        (false, count) => Some(format!(
            "{count} images are for processing, not for presentation"
        )),
    }
}

pub(super) fn duplicate_image(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let mut pixels: Vec<_> = looked_at(series)
        .filter_map(|(_, survey)| survey.pixels)
        .collect();
    let count = pixels.len();
    pixels.sort();
    pixels.dedup();
    (pixels.len() < count).then(|| {
        format!(
            "{} images show what another one shows",
            count - pixels.len()
        )
    })
}

pub(super) fn references_resolve(series: &SeriesUnderCheck<'_>) -> Option<String> {
    (series.unresolved > 0)
        .then(|| format!("{} references to objects in no bundle", series.unresolved))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{series, volume};
    use super::*;
    use cloakroom_core::Digest;

    type Rule = fn(&SeriesUnderCheck<'_>) -> Option<String>;

    /// What a rule says of a volume of ten slices after a change to facts and surveys of the fourth.
    fn told(rule: Rule, change: fn(&mut InstanceFacts, &mut InstanceSurvey)) -> Option<String> {
        let mut facts = volume(10);
        let mut surveys: Vec<_> = (0..10_u8)
            .map(|number| InstanceSurvey {
                frames: 1,
                decoded: 1,
                pixels: Some(Digest::of(&[number])),
                photometric: "MONOCHROME2".into(),
                presentation: "FOR PRESENTATION".into(),
                rescale: Some((1.0, -1024.0)),
                range: Some((0, 3000)),
                ..InstanceSurvey::default()
            })
            .collect();
        change(&mut facts[3], &mut surveys[3]);
        let mut one = series(&facts);
        for (facts, survey) in facts.iter().zip(&surveys) {
            one.surveys.insert(facts.instance.as_str(), survey);
        }
        rule(&one)
    }

    /// Makes one image faulty.
    type Spoil = fn(&mut InstanceFacts, &mut InstanceSurvey);

    #[test]
    fn each_rule_finds_its_fault_and_is_silent_about_a_sound_volume() {
        let faults: [(Rule, Spoil, &str); 9] = [
            (
                decode_frames,
                |_, survey| survey.decoded = 0,
                "1 of 10 images",
            ),
            (
                pixels_vary,
                |_, survey| survey.pixels = None,
                "1 of 10 images",
            ),
            (
                rescale_present,
                |_, survey| survey.rescale = None,
                "1 of 10 images",
            ),
            (
                rescale_present,
                |_, survey| survey.rescale = Some((1.0, 0.0)),
                "2 different scales",
            ),
            (cine_timing, |facts, _| facts.frames = 30, "1 of 10 images"),
            (
                calibration_present,
                |facts, _| facts.pixel_spacing = None,
                "1 of 10 images",
            ),
            (
                dark_is_zero,
                |_, survey| survey.photometric = "MONOCHROME1".into(),
                "1 of 10 images",
            ),
            (
                one_presentation,
                |_, survey| survey.presentation = "FOR PROCESSING".into(),
                "images for processing and for presentation in one series",
            ),
            (
                duplicate_image,
                |_, survey| survey.pixels = Some(Digest::of(&[7])),
                "1 images show what another one shows",
            ),
        ];
        for (rule, change, text) in faults {
            assert_eq!(told(rule, |_, _| {}), None, "{text}");
            assert_eq!(told(rule, change).as_deref(), Some(text));
        }
        assert_eq!(told(air_present, |_, _| {}), None);
        let fine = |facts: &mut InstanceFacts, survey: &mut InstanceSurvey| {
            facts.frames = 30;
            facts.pixel_spacing = None;
            survey.frame_time = Some(33.3);
            survey.has_calibrated_region = true;
        };
        assert_eq!(told(cine_timing, fine), None);
        assert_eq!(told(calibration_present, fine), None);
    }

    #[test]
    fn a_ct_without_air_has_another_scale() {
        let facts = volume(3);
        let survey = InstanceSurvey {
            rescale: Some((1.0, 0.0)),
            range: Some((0, 3000)),
            ..InstanceSurvey::default()
        };
        let mut one = series(&facts);
        assert_eq!(air_present(&one), None);
        one.surveys.insert(&facts[0].instance, &survey);
        assert_eq!(
            air_present(&one).as_deref(),
            Some("the darkest value is 0 HU")
        );
    }
}
