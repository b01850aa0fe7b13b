//! Rules on the place of slices (PS3.3 C.7.6.2.1.1). Spacing comes from positions projected on the normal, never from Slice Thickness.

use super::SeriesUnderCheck;
use cloakroom_core::InstanceFacts;
use std::collections::BTreeSet;

/// Positions nearer than this are the same place, in millimetres.
const SAME_PLACE: f64 = 0.01;
/// A step larger than this many medians skips a slice.
const GAP: f64 = 1.5;
/// A step that differs from the median by more than this part is uneven.
const UNEVEN: f64 = 0.1;
/// Direction cosines and spacings that differ by less are equal.
const SAME_NUMBER: f64 = 1e-3;
/// Slices may drift sideways by this part of a step.
const SHEAR: f64 = 0.02;

pub(super) fn one_geometry(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let first = series.facts.first()?;
    let differs = |facts: &InstanceFacts| {
        facts.rows != first.rows
            || facts.columns != first.columns
            || !near(pair(facts), pair(first))
            || (series.is_volume() && !near(slice(&facts.orientation), slice(&first.orientation)))
    };
    // Views of one study may lie in one series and differ; a stack may not.
    if !series.is_volume() {
        return None;
    }
    let count = series.facts.iter().filter(|facts| differs(facts)).count();
    (count > 0).then(|| {
        format!(
            "{count} of {} images differ from the first",
            series.facts.len()
        )
    })
}

fn pair(facts: &InstanceFacts) -> Option<Vec<f64>> {
    facts
        .pixel_spacing
        .map(|spacing| vec![spacing.0, spacing.1])
}

fn slice<const N: usize>(numbers: &Option<[f64; N]>) -> Option<Vec<f64>> {
    numbers.map(|numbers| numbers.to_vec())
}

fn near(one: Option<Vec<f64>>, two: Option<Vec<f64>>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => {
            let pairs = one.iter().zip(&two);
            one.len() == two.len() && pairs.into_iter().all(|(a, b)| (a - b).abs() <= SAME_NUMBER)
        }
        (None, None) => true,
        _ => false,
    }
}

pub(super) fn one_frame_of_reference(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let frames: BTreeSet<_> = series
        .facts
        .iter()
        .map(|facts| &facts.frame_of_reference)
        .collect();
    (frames.len() > 1).then(|| format!("{} frames of reference", frames.len()))
}

pub(super) fn position_present(series: &SeriesUnderCheck<'_>) -> Option<String> {
    if !series.is_volume() {
        return None;
    }
    let lacks = |facts: &&&InstanceFacts| facts.position.is_none() || facts.orientation.is_none();
    let count = series.facts.iter().filter(lacks).count();
    (count > 0).then(|| format!("{count} of {} images", series.facts.len()))
}

pub(super) fn spacing_present(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let lacks = |facts: &&&InstanceFacts| {
        facts.frames > 0
            && !facts
                .pixel_spacing
                .is_some_and(|(row, column)| row > 0.0 && column > 0.0)
    };
    let count = series.facts.iter().filter(lacks).count();
    (count > 0).then(|| format!("{count} of {} images", series.facts.len()))
}

pub(super) fn square_matrix(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let odd = series
        .facts
        .iter()
        .find(|facts| facts.rows != facts.columns)?;
    Some(format!("{} rows and {} columns", odd.rows, odd.columns))
}

/// The heights of the slices on their normal, sorted; `None` where the series is no stack.
fn heights(series: &SeriesUnderCheck<'_>) -> Option<Vec<f64>> {
    let mut heights = in_order_given(series)?;
    heights.sort_by(f64::total_cmp);
    Some(heights)
}

/// The heights in the order of Instance Number.
fn in_order_given(series: &SeriesUnderCheck<'_>) -> Option<Vec<f64>> {
    if !series.is_volume() || series.facts.len() < 3 {
        return None;
    }
    let normal = normal(&series.facts.first()?.orientation?);
    let mut slices: Vec<_> = series
        .facts
        .iter()
        .map(|facts| {
            Some((
                facts.instance_number,
                &facts.instance,
                dot(&facts.position?, &normal),
            ))
        })
        .collect::<Option<_>>()?;
    if slices.iter().any(|slice| !slice.2.is_finite()) {
        return None;
    }
    slices.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    Some(slices.into_iter().map(|slice| slice.2).collect())
}

fn normal(o: &[f64; 6]) -> [f64; 3] {
    [
        o[1] * o[5] - o[2] * o[4],
        o[2] * o[3] - o[0] * o[5],
        o[0] * o[4] - o[1] * o[3],
    ]
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The steps between neighbouring places, duplicates left out, and their median.
fn steps(heights: &[f64]) -> Option<(Vec<f64>, f64)> {
    let steps: Vec<f64> = heights
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|step| *step > SAME_PLACE)
        .collect();
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    let median = *sorted.get(sorted.len() / 2)?;
    Some((steps, median))
}

pub(super) fn slice_gap(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let (steps, median) = steps(&heights(series)?)?;
    let gaps: Vec<_> = steps.iter().filter(|step| **step > GAP * median).collect();
    let largest = gaps.iter().map(|step| **step).fold(0.0, f64::max);
    (!gaps.is_empty()).then(|| {
        format!(
            "{} gaps, the largest {largest:.2} mm at a median step of {median:.2} mm",
            gaps.len()
        )
    })
}

/// No step differs from the median by more than a tenth; gaps are another rule's.
pub(super) fn uniform_spacing(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let (steps, median) = steps(&heights(series)?)?;
    let uneven = |step: &&f64| (**step - median).abs() > UNEVEN * median && **step <= GAP * median;
    let count = steps.iter().filter(uneven).count();
    (count > 0).then(|| {
        format!(
            "{count} of {} steps, at a median of {median:.2} mm",
            steps.len()
        )
    })
}

/// Direction cosines are of length 1 and at right angles (PS3.3 C.7.6.2.1.1).
pub(super) fn orientation_sound(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let wrong = |facts: &&&InstanceFacts| {
        facts.orientation.is_some_and(|o| {
            let (row, column) = ([o[0], o[1], o[2]], [o[3], o[4], o[5]]);
            let unit = |vector: &[f64; 3]| (dot(vector, vector) - 1.0).abs() <= 1e-2;
            !(unit(&row) && unit(&column) && dot(&row, &column).abs() <= 1e-2)
        })
    };
    let count = series.facts.iter().filter(wrong).count();
    (count > 0).then(|| format!("{count} of {} images", series.facts.len()))
}

pub(super) fn slice_duplicate(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let heights = heights(series)?;
    let count = heights
        .windows(2)
        .filter(|pair| pair[1] - pair[0] <= SAME_PLACE)
        .count();
    (count > 0).then(|| format!("{count} slices lie where another lies"))
}

/// In the order of Instance Number, the stack runs back to its beginning and starts again.
pub(super) fn second_phase(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let heights = in_order_given(series)?;
    let range = heights.iter().copied().fold(f64::MIN, f64::max)
        - heights.iter().copied().fold(f64::MAX, f64::min);
    let restarts = heights
        .windows(2)
        .filter(|pair| range > SAME_PLACE && (pair[1] - pair[0]).abs() > range / 2.0)
        .count();
    // Two slices have one step, which is the whole range; a stack of three begins to have an inside.
    (heights.len() > 3 && restarts > 0)
        .then(|| format!("the positions start again {restarts} times"))
}

/// The first and last slices are not above each other: a tilted gantry that was not corrected.
pub(super) fn sheared_volume(series: &SeriesUnderCheck<'_>) -> Option<String> {
    let orientation = series.facts.first()?.orientation?;
    let heights = heights(series)?;
    let normal = normal(&orientation);
    let mut positions: Vec<_> = series
        .facts
        .iter()
        .filter_map(|facts| facts.position)
        .collect();
    positions.sort_by(|a, b| dot(a, &normal).total_cmp(&dot(b, &normal)));
    let (first, last) = (positions.first()?, positions.last()?);
    let height = heights.last()? - heights.first()?;
    let along = [0, 1, 2].map(|axis| last[axis] - first[axis]);
    let sideways = (dot(&along, &along) - height * height).max(0.0).sqrt();
    (height > SAME_PLACE && sideways > SHEAR * height)
        .then(|| format!("the stack drifts {sideways:.1} mm over {height:.1} mm"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{series, volume};
    use super::*;

    fn found(rule: fn(&SeriesUnderCheck<'_>) -> Option<String>, facts: &[InstanceFacts]) -> bool {
        rule(&series(facts)).is_some()
    }

    #[test]
    fn a_sound_volume_passes_every_rule_in_any_order() {
        let mut facts = volume(20);
        facts.rotate_left(7);
        for rule in [
            one_geometry,
            one_frame_of_reference,
            position_present,
            spacing_present,
            slice_gap,
            slice_duplicate,
            second_phase,
            sheared_volume,
            square_matrix,
            uniform_spacing,
            orientation_sound,
        ] {
            assert_eq!(rule(&series(&facts)), None);
        }
    }

    #[test]
    fn a_missing_slice_is_a_gap_whatever_the_thickness_says() {
        let mut facts = volume(20);
        facts
            .iter_mut()
            .for_each(|facts| facts.slice_thickness = Some(4.0));
        assert!(!found(slice_gap, &facts));
        facts.remove(9);
        let text = slice_gap(&series(&facts)).unwrap();
        assert_eq!(
            text,
            "1 gaps, the largest 4.00 mm at a median step of 2.00 mm"
        );
    }

    #[test]
    fn a_slice_twice_is_a_duplicate_and_no_gap() {
        let mut facts = volume(20);
        facts[5].position = facts[6].position;
        assert!(found(slice_duplicate, &facts));
        let mut facts = volume(20);
        let mut again = facts[5].clone();
        again.instance = "1.2.999".into();
        facts.push(again);
        assert!(found(slice_duplicate, &facts) && !found(slice_gap, &facts));
    }

    #[test]
    fn uneven_steps_and_skewed_axes_are_told() {
        let mut facts = volume(20);
        facts[9].position = facts[9].position.map(|[x, y, z]| [x, y, z + 0.5]);
        let text = uniform_spacing(&series(&facts)).unwrap();
        assert_eq!(text, "2 of 19 steps, at a median of 2.00 mm");
        assert!(!found(slice_gap, &facts));
        facts[3].orientation = Some([1.0, 0.0, 0.0, 0.5, 0.5, 0.0]);
        assert_eq!(
            orientation_sound(&series(&facts)).as_deref(),
            Some("1 of 20 images")
        );
    }

    #[test]
    fn a_second_phase_starts_again() {
        let mut facts = volume(10);
        let again = volume(10).into_iter().map(|facts| InstanceFacts {
            instance: format!("{}.1", facts.instance),
            instance_number: facts.instance_number.map(|number| number + 10),
            ..facts
        });
        facts.extend(again);
        assert!(found(second_phase, &facts));
        assert!(!found(second_phase, &volume(10)));
    }

    #[test]
    fn oblique_stacks_are_measured_along_their_normal() {
        let (cos, sin) = (0.8, 0.6);
        let facts: Vec<_> = volume(12)
            .into_iter()
            .enumerate()
            .map(|(number, facts)| InstanceFacts {
                orientation: Some([1.0, 0.0, 0.0, 0.0, cos, sin]),
                position: Some([0.0, -sin * 3.0 * number as f64, cos * 3.0 * number as f64]),
                ..facts
            })
            .collect();
        assert!(!found(slice_gap, &facts) && !found(sheared_volume, &facts));
        let tilted: Vec<_> = facts
            .into_iter()
            .map(|facts| InstanceFacts {
                orientation: Some([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
                ..facts
            })
            .collect();
        assert!(found(sheared_volume, &tilted));
    }

    #[test]
    fn what_is_missing_or_differs_is_counted() {
        let mut facts = volume(5);
        facts[2].position = None;
        facts[3].pixel_spacing = None;
        facts[4].frame_of_reference = "1.9".into();
        assert_eq!(
            position_present(&series(&facts)).as_deref(),
            Some("1 of 5 images")
        );
        assert_eq!(
            spacing_present(&series(&facts)).as_deref(),
            Some("1 of 5 images")
        );
        assert_eq!(
            one_geometry(&series(&facts)).as_deref(),
            Some("1 of 5 images differ from the first")
        );
        assert!(found(one_frame_of_reference, &facts));
        facts[0].columns = 796;
        assert_eq!(
            square_matrix(&series(&facts)).as_deref(),
            Some("512 rows and 796 columns")
        );
    }

    #[test]
    fn wild_numbers_do_not_panic() {
        let mut facts = volume(5);
        facts[0].position = Some([f64::NAN, f64::INFINITY, -0.0]);
        facts[1].orientation = Some([f64::NAN; 6]);
        for rule in [
            slice_gap,
            slice_duplicate,
            second_phase,
            sheared_volume,
            one_geometry,
        ] {
            let _ = rule(&series(&facts));
        }
    }
}
