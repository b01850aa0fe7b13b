//! Whether a small model can tell the label from what is no picture: headers, sizes, order, site.
//!
//! A tree of two levels is fitted to all patients but a fifth, and asked about that fifth, five times; the area under
//! the curve of its answers is compared with that of the site alone. A tree so small needs no crate, and its answers
//! are the same on every machine.

use super::people::Person;
use super::select::SelectedSeries;
use cloakroom_core::{Hasher, InstanceFacts};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer patients of one kind than this tell nothing.
const FEWEST: usize = 10;
/// The parts that patients are cut into.
const FOLDS: usize = 5;
/// Leaves smaller than this are chance.
const SMALLEST_LEAF: usize = 3;
/// The area under the curve must be above that of the site by this, and by two standard errors.
const MARGIN: f64 = 0.1;

/// A label that can be told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leak {
    pub(super) column: String,
    pub(super) value: String,
    /// Numbers only.
    pub(super) detail: String,
}

/// What is known of a patient that is no picture.
type Features = BTreeMap<String, f64>;

/// Looks at every value of one column. `labels` are those of the patients who have one.
pub(super) fn probe(
    column: &str,
    labels: &BTreeMap<String, String>,
    series: &[SelectedSeries<'_>],
    people: &BTreeMap<String, Person>,
) -> Vec<Leak> {
    let features = features(series, people, labels);
    let values: BTreeSet<&String> = labels.values().collect();
    values
        .into_iter()
        .filter_map(|value| {
            let patients = labels.iter().filter_map(|(patient, label)| {
                Some(Sample {
                    patient,
                    features: features.get(patient)?,
                    site: &people.get(patient)?.site,
                    positive: label == value,
                })
            });
            let found = told(&patients.collect::<Vec<_>>())?;
            Some(Leak {
                column: column.into(),
                value: value.clone(),
                detail: found,
            })
        })
        .collect()
}

struct Sample<'a> {
    patient: &'a str,
    features: &'a Features,
    site: &'a str,
    positive: bool,
}

/// The numbers, if the label can be told.
fn told(samples: &[Sample<'_>]) -> Option<String> {
    let positive = samples.iter().filter(|sample| sample.positive).count();
    if positive < FEWEST || samples.len() - positive < FEWEST {
        return None;
    }
    let mut ordered: Vec<&Sample<'_>> = samples.iter().collect();
    ordered.sort_by_key(|sample| {
        let mut hasher = Hasher::new();
        hasher.update(b"leak probe");
        hasher.update(sample.patient.as_bytes());
        hasher.finish()
    });
    let (mut by_tree, mut by_site) = (Vec::new(), Vec::new());
    for fold in 0..FOLDS {
        let held_out = |number: usize| number % FOLDS == fold;
        let training: Vec<&Sample<'_>> = numbered(&ordered, |number| !held_out(number));
        let tree = Tree::fit(&training, 2);
        let sites = site_rates(&training);
        let overall = rate(&training);
        for sample in numbered(&ordered, held_out) {
            by_tree.push((tree.answer(sample.features), sample.positive));
            let site = sites.get(sample.site).copied().unwrap_or(overall);
            by_site.push((site, sample.positive));
        }
    }
    let (tree, site) = (area(&by_tree), area(&by_site).max(0.5));
    let error = standard_error(tree, positive, samples.len() - positive);
    (tree - site > MARGIN.max(2.0 * error)).then(|| {
        format!(
            "area under the curve {tree:.2} from headers, sizes and order, {site:.2} from the site alone, {} patients",
            samples.len()
        )
    })
}

fn numbered<'s, 'a>(
    samples: &[&'s Sample<'a>],
    wanted: impl Fn(usize) -> bool,
) -> Vec<&'s Sample<'a>> {
    let chosen = samples
        .iter()
        .enumerate()
        .filter(|(number, _)| wanted(*number));
    chosen.map(|(_, sample)| *sample).collect()
}

/// The share of positives, drawn a little to the middle.
#[expect(clippy::cast_precision_loss, reason = "patients are few")]
fn rate(samples: &[&Sample<'_>]) -> f64 {
    let positive = samples.iter().filter(|sample| sample.positive).count();
    (positive as f64 + 0.5) / (samples.len() as f64 + 1.0)
}

fn site_rates<'a>(samples: &[&Sample<'a>]) -> BTreeMap<&'a str, f64> {
    let mut sites: BTreeMap<&str, Vec<&Sample<'_>>> = BTreeMap::new();
    for sample in samples {
        sites.entry(sample.site).or_default().push(sample);
    }
    sites
        .into_iter()
        .map(|(site, samples)| (site, rate(&samples)))
        .collect()
}

/// A decision tree.
enum Tree {
    Leaf(f64),
    Split {
        feature: String,
        at: f64,
        below: Box<Tree>,
        above: Box<Tree>,
    },
}

impl Tree {
    fn fit(samples: &[&Sample<'_>], levels: u32) -> Self {
        let leaf = Self::Leaf(rate(samples));
        let Some((feature, at)) = (levels > 0).then(|| best_split(samples)).flatten() else {
            return leaf;
        };
        let is_below = |sample: &&&Sample<'_>| value(sample, &feature) <= at;
        let (below, above): (Vec<_>, Vec<_>) = samples.iter().partition(is_below);
        Self::Split {
            below: Box::new(Self::fit(&below, levels - 1)),
            above: Box::new(Self::fit(&above, levels - 1)),
            feature,
            at,
        }
    }

    fn answer(&self, features: &Features) -> f64 {
        match self {
            Self::Leaf(rate) => *rate,
            Self::Split {
                feature,
                at,
                below,
                above,
            } => match features.get(feature).copied().unwrap_or(-1.0) <= *at {
                true => below.answer(features),
                false => above.answer(features),
            },
        }
    }
}

/// What is not known is below everything.
fn value(sample: &Sample<'_>, feature: &str) -> f64 {
    sample.features.get(feature).copied().unwrap_or(-1.0)
}

/// The split that leaves least impurity (Gini); of equal ones the first by name and value.
#[expect(clippy::cast_precision_loss, reason = "patients are few")]
fn best_split(samples: &[&Sample<'_>]) -> Option<(String, f64)> {
    let names: BTreeSet<&String> = samples
        .iter()
        .flat_map(|sample| sample.features.keys())
        .collect();
    let total = samples.iter().filter(|sample| sample.positive).count() as f64;
    let count = samples.len() as f64;
    let impurity = |positive: f64, all: f64| positive * (all - positive) / all;
    let whole = impurity(total, count);
    let mut best: Option<(f64, String, f64)> = None;
    for name in names {
        let mut values: Vec<(f64, bool)> = samples
            .iter()
            .map(|sample| (value(sample, name), sample.positive))
            .collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (mut all, mut positive) = (0.0, 0.0);
        for pair in values.windows(2) {
            all += 1.0;
            positive += f64::from(u8::from(pair[0].1));
            let small = all < SMALLEST_LEAF as f64 || count - all < SMALLEST_LEAF as f64;
            if pair[0].0 >= pair[1].0 || small {
                continue;
            }
            let left = impurity(positive, all) + impurity(total - positive, count - all);
            if left < whole - 1e-9 && best.as_ref().is_none_or(|best| left < best.0 - 1e-9) {
                best = Some((left, name.clone(), f64::midpoint(pair[0].0, pair[1].0)));
            }
        }
    }
    best.map(|(_, name, at)| (name, at))
}

/// The area under the curve: how often a positive has a higher answer than a negative; ties count half.
#[expect(clippy::cast_precision_loss, reason = "patients are few")]
fn area(answers: &[(f64, bool)]) -> f64 {
    let mut sorted = answers.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins, mut positives) = (0_usize, 0.0, 0_usize);
    let mut rest = sorted.as_slice();
    while let Some(first) = rest.first() {
        let ties = rest
            .iter()
            .take_while(|answer| answer.0.total_cmp(&first.0).is_eq())
            .count();
        let (tied, others) = rest.split_at(ties);
        let positive = tied.iter().filter(|answer| answer.1).count();
        let negative = ties - positive;
        wins += positive as f64 * (below as f64 + negative as f64 / 2.0);
        below += negative;
        positives += positive;
        rest = others;
    }
    match positives * below {
        0 => 0.5,
        pairs => wins / pairs as f64,
    }
}

/// Of an area under the curve (Hanley and McNeil 1982).
#[expect(clippy::cast_precision_loss, reason = "patients are few")]
fn standard_error(area: f64, positive: usize, negative: usize) -> f64 {
    let (positive, negative) = (positive as f64, negative as f64);
    let (q1, q2) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
    let square = area * area;
    let sum =
        area * (1.0 - area) + (positive - 1.0) * (q1 - square) + (negative - 1.0) * (q2 - square);
    (sum.max(0.0) / (positive * negative)).sqrt()
}

fn features(
    series: &[SelectedSeries<'_>],
    people: &BTreeMap<String, Person>,
    wanted: &BTreeMap<String, String>,
) -> BTreeMap<String, Features> {
    let mut all: BTreeMap<String, Features> = BTreeMap::new();
    let mut of_patient: BTreeMap<&str, Vec<&SelectedSeries<'_>>> = BTreeMap::new();
    for one in series.iter().filter(|one| wanted.contains_key(one.patient)) {
        of_patient.entry(one.patient).or_default().push(one);
    }
    for (order, (patient, series)) in of_patient.into_iter().enumerate() {
        let mut features = of_headers(&series);
        let order = u32::try_from(order).unwrap_or(u32::MAX);
        features.insert("order of the pseudonym".into(), f64::from(order));
        if let Some(person) = people.get(patient) {
            features.insert(format!("site {}", person.site), 1.0);
            features.insert(format!("sex {}", person.sex), 1.0);
        }
        all.insert(patient.to_owned(), features);
    }
    all
}

/// Means over the images of a patient, and which texts occur.
#[expect(clippy::cast_precision_loss, reason = "sizes need no exactness")]
fn of_headers(series: &[&SelectedSeries<'_>]) -> Features {
    let facts: Vec<&InstanceFacts> = series.iter().flat_map(|one| one.facts()).collect();
    let count = facts.len().max(1) as f64;
    let mean = |number: fn(&InstanceFacts) -> f64| {
        facts.iter().map(|facts| number(facts)).sum::<f64>() / count
    };
    let bytes: u64 = series.iter().map(|one| one.content_bytes()).sum();
    let mut features = Features::from([
        ("bytes".into(), bytes as f64),
        ("bytes per image".into(), bytes as f64 / count),
        ("images".into(), count),
        ("series".into(), series.len() as f64),
        ("rows".into(), mean(|facts| f64::from(facts.rows))),
        ("columns".into(), mean(|facts| f64::from(facts.columns))),
        ("frames".into(), mean(|facts| f64::from(facts.frames))),
        (
            "bits stored".into(),
            mean(|facts| f64::from(facts.bits_stored)),
        ),
        (
            "spacing".into(),
            mean(|facts| facts.pixel_spacing.map_or(0.0, |spacing| spacing.0)),
        ),
        (
            "slice thickness".into(),
            mean(|facts| facts.slice_thickness.unwrap_or(0.0)),
        ),
        (
            "age".into(),
            mean(|facts| {
                facts
                    .age
                    .get(..3)
                    .and_then(|age| age.parse().ok())
                    .unwrap_or(0.0)
            }),
        ),
        (
            "year".into(),
            mean(|facts| {
                facts
                    .study_date
                    .get(..4)
                    .and_then(|year| year.parse().ok())
                    .unwrap_or(0.0)
            }),
        ),
    ]);
    for facts in facts {
        for (name, text) in [
            ("modality", &facts.modality),
            ("maker", &facts.manufacturer),
            ("model", &facts.model),
            ("transfer syntax", &facts.transfer_syntax),
            ("image type", &facts.image_type),
            ("body part", &facts.body_part),
            ("series description", &facts.series_description),
        ] {
            features.insert(format!("{name} {text}"), 1.0);
        }
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        leaks: fn(usize) -> f64,
        label: fn(usize) -> bool,
        site: fn(usize) -> &'static str,
    ) -> Option<String> {
        let noise = |number: usize| f64::from(u32::try_from(number * 7919 % 101).unwrap());
        let names: Vec<String> = (0..80).map(|number| format!("P{number}")).collect();
        let features: Vec<Features> = (0..80)
            .map(|number| {
                Features::from([
                    ("rows".into(), leaks(number)),
                    ("bytes".into(), noise(number)),
                ])
            })
            .collect();
        let samples: Vec<_> = (0..80)
            .map(|number| Sample {
                patient: &names[number],
                features: &features[number],
                site: site(number),
                positive: label(number),
            })
            .collect();
        told(&samples)
    }

    const ONE_SITE: fn(usize) -> &'static str = |_| "GX01";

    #[test]
    fn a_label_that_the_size_of_the_images_tells_is_found() {
        let found = check(
            |number| {
                if number.is_multiple_of(2) {
                    512.0
                } else {
                    600.0
                }
            },
            |number| number % 2 == 0,
            ONE_SITE,
        );
        let text = found.unwrap();
        assert!(
            text.starts_with("area under the curve 1.00") && text.ends_with("80 patients"),
            "{text}"
        );
    }

    #[test]
    fn chance_and_what_the_site_tells_by_itself_are_not() {
        let hidden = |number: usize| number * 31 % 7 < 3;
        assert_eq!(check(|_| 512.0, hidden, ONE_SITE), None);
        let of_site = |number: usize| {
            if number.is_multiple_of(2) {
                "GX01"
            } else {
                "YN02"
            }
        };
        let rows = |number: usize| {
            if number.is_multiple_of(2) {
                512.0
            } else {
                600.0
            }
        };
        assert_eq!(
            check(rows, |number| number.is_multiple_of(2), of_site),
            None
        );
        // Too few of one kind.
        assert_eq!(check(rows, |number| number < 5, ONE_SITE), None);
    }

    #[test]
    fn the_area_under_the_curve_counts_ties_half() {
        assert!((area(&[(0.1, false), (0.9, true)]) - 1.0).abs() < 1e-12);
        assert!((area(&[(0.5, false), (0.5, true)]) - 0.5).abs() < 1e-12);
        assert!((area(&[(0.9, false), (0.1, true), (0.9, true)]) - 0.25).abs() < 1e-12);
    }
}
