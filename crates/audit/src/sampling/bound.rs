//! Exact bounds on the share of leaking units, from a sample.
//!
//! All bounds are one-sided. Logarithms of binomial terms are summed, so that large samples neither
//! overflow nor lose their digits.

use core::fmt;
use core::str::FromStr;
use thiserror::Error;

/// A number strictly between 0 and 1: a share, or a confidence.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Share(f64);

/// A number or text that is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a share is a number between 0 and 1, or a percentage such as 1%, and neither 0 nor all")]
pub struct NotAShare;

impl Share {
    /// A share from a number.
    ///
    /// # Errors
    /// If it is not strictly between 0 and 1.
    pub fn new(value: f64) -> Result<Self, NotAShare> {
        if value > 0.0 && value < 1.0 {
            Ok(Self(value))
        } else {
            Err(NotAShare)
        }
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl FromStr for Share {
    type Err = NotAShare;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, scale) = match text.strip_suffix('%') {
            Some(number) => (number, 100.0),
            None => (text, 1.0),
        };
        let number: f64 = number.trim().parse().map_err(|_| NotAShare)?;
        Self::new(number / scale)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}%", self.0 * 100.0)
    }
}

/// The Clopper-Pearson upper bound: the share of leaking units at which so few leaks in the sample become as rare as 1 - confidence.
///
/// 1 where everything leaked or nothing was looked at.
#[must_use]
pub fn upper_bound(leaks: u64, sample: u64, confidence: Share) -> f64 {
    if leaks >= sample {
        return 1.0;
    }
    let rare = 1.0 - confidence.0;
    bisect(|share| at_most(leaks, sample, share) > rare)
}

/// The Clopper-Pearson lower bound: 0 where nothing was found.
#[must_use]
pub fn lower_bound(found: u64, sample: u64, confidence: Share) -> f64 {
    if found == 0 || found > sample {
        return 0.0;
    }
    let rare = 1.0 - confidence.0;
    bisect(|share| 1.0 - at_most(found - 1, sample, share) < rare)
}

/// The largest share for which `below` is true, where it is true up to a point and false after.
fn bisect(below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The probability of at most `most` in `sample` independent draws of a share strictly between 0 and 1.
fn at_most(most: u64, sample: u64, share: f64) -> f64 {
    if share <= 0.0 {
        return 1.0;
    }
    if share >= 1.0 {
        return if most >= sample { 1.0 } else { 0.0 };
    }
    let (hit, miss) = (share.ln(), (-share).ln_1p());
    let mut term = real(sample) * miss;
    let mut terms = vec![term];
    for count in 0..most {
        term += real(sample - count).ln() - real(count + 1).ln() + hit - miss;
        terms.push(term);
    }
    sum_of_exponentials(&terms).min(1.0)
}

fn sum_of_exponentials(terms: &[f64]) -> f64 {
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = terms.iter().map(|term| (term - largest).exp()).sum();
    sum * largest.exp()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of units are far below 2 to the 53rd"
)]
const fn real(count: u64) -> f64 {
    count as f64
}

/// The least sample in which finding nothing shows, with this confidence, that no more than `bound` leaks.
#[must_use]
pub fn sample_size(bound: Share, confidence: Share) -> u64 {
    let rare = 1.0 - confidence.0;
    let enough = |sample: u64| real(sample) * (-bound.0).ln_1p() <= rare.ln();
    let mut sample = first_where(1 << 40, &enough);
    // A sample that is exactly enough must not be missed by the last digit of a logarithm.
    while sample > 1 && (1.0 - bound.0).powf(real(sample - 1)) <= rare {
        sample -= 1;
    }
    sample
}

/// The largest number of leaking units in a set of `population` that a sample of it, without replacement, with so many
/// leaks does not rule out at this confidence (hypergeometric).
#[must_use]
pub fn finite_upper_bound(leaks: u64, sample: u64, population: u64, confidence: Share) -> u64 {
    let sample = sample.min(population);
    let most = population - (sample - leaks.min(sample));
    let rare = 1.0 - confidence.0;
    let factorials = LogFactorials::up_to(population);
    let ruled_out =
        |leaking: u64| at_most_finite(&factorials, leaks, sample, leaking, population) <= rare;
    // The probability falls as more units leak; the first number that is ruled out is one too many.
    let first_ruled_out = first_where(most + 1, &ruled_out);
    first_ruled_out.saturating_sub(1).max(leaks.min(sample))
}

/// The least sample of a set of `population` in which finding nothing shows, with this confidence, that no more than
/// `leaking` units of the set leak.
#[must_use]
pub fn finite_sample_size(leaking: u64, population: u64, confidence: Share) -> u64 {
    if leaking >= population {
        return 0;
    }
    let rare = 1.0 - confidence.0;
    let factorials = LogFactorials::up_to(population);
    first_where(population, &|sample| {
        at_most_finite(&factorials, 0, sample, leaking + 1, population) <= rare
    })
}

/// The first number up to `last` for which `holds` is true, where it stays true once it is.
fn first_where(last: u64, holds: &dyn Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Logarithms of factorials, summed once.
struct LogFactorials(Vec<f64>);

impl LogFactorials {
    fn up_to(last: u64) -> Self {
        let mut sum = 0.0;
        let mut table = vec![0.0];
        for number in 1..=last {
            sum += real(number).ln();
            table.push(sum);
        }
        Self(table)
    }

    fn choose(&self, from: u64, take: u64) -> f64 {
        let at = |number: u64| {
            let index = usize::try_from(number).unwrap_or(usize::MAX);
            self.0.get(index).copied().unwrap_or(f64::NEG_INFINITY)
        };
        if take > from {
            return f64::NEG_INFINITY;
        }
        at(from) - at(take) - at(from - take)
    }
}

/// The probability of at most `most` leaks in a sample without replacement.
fn at_most_finite(
    factorials: &LogFactorials,
    most: u64,
    sample: u64,
    leaking: u64,
    population: u64,
) -> f64 {
    let all = factorials.choose(population, sample);
    let terms: Vec<f64> = (0..=most.min(sample).min(leaking))
        .filter(|count| sample - count <= population - leaking)
        .map(|count| {
            factorials.choose(leaking, count)
                + factorials.choose(population - leaking, sample - count)
                - all
        })
        .collect();
    if terms.is_empty() {
        return 0.0;
    }
    sum_of_exponentials(&terms).min(1.0)
}

/// How many of the planted leaks a reviewer found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recall {
    /// Planted.
    pub planted: u64,
    /// Found.
    pub found: u64,
}

impl Recall {
    /// The share found; `None` where nothing was planted.
    #[must_use]
    pub fn measured(self) -> Option<f64> {
        (self.planted > 0).then(|| real(self.found.min(self.planted)) / real(self.planted))
    }

    /// A bound on the share of leaking units, corrected for the leaks that this reviewer does not see: divided by the
    /// measured recall, and never more than 1. `None` where nothing was planted.
    #[must_use]
    pub fn correct(self, bound: f64) -> Option<f64> {
        let recall = self.measured()?;
        Some(if recall > 0.0 {
            (bound / recall).min(1.0)
        } else {
            1.0
        })
    }

    /// The same with the lower bound on the recall in the place of the measured one, which allows for few planted leaks.
    #[must_use]
    pub fn correct_cautiously(self, bound: f64, confidence: Share) -> f64 {
        let recall = lower_bound(self.found, self.planted, confidence);
        if recall > 0.0 {
            (bound / recall).min(1.0)
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(value: f64) -> Share {
        Share::new(value).unwrap()
    }

    fn percent(bound: f64) -> String {
        format!("{:.2}", bound * 100.0)
    }

    #[test]
    fn sample_sizes_are_the_published_ones() {
        for (bound, at_95, at_99) in [
            (0.05, 59, 90),
            (0.01, 299, 459),
            (0.005, 598, 919),
            (0.001, 2995, 4603),
        ] {
            assert_eq!(sample_size(share(bound), share(0.95)), at_95);
            assert_eq!(sample_size(share(bound), share(0.99)), at_99);
        }
    }

    #[test]
    fn upper_bounds_are_the_published_ones() {
        let bound = |leaks, sample| percent(upper_bound(leaks, sample, share(0.95)));
        assert_eq!(bound(1, 300), "1.57");
        assert_eq!(bound(2, 300), "2.08");
        assert_eq!(
            [bound(0, 600), bound(1, 600), bound(2, 600)],
            ["0.50", "0.79", "1.05"]
        );
        assert_eq!(
            [bound(0, 3000), bound(1, 3000), bound(2, 3000)],
            ["0.10", "0.16", "0.21"]
        );
        assert_eq!(bound(5, 5), "100.00");
        assert_eq!(bound(0, 0), "100.00");
    }

    #[test]
    fn nothing_found_is_the_closed_form() {
        for sample in [1, 10, 299, 100_000] {
            let exact = 1.0 - 0.05_f64.powf(1.0 / real(sample));
            assert!((upper_bound(0, sample, share(0.95)) - exact).abs() < 1e-12);
        }
    }

    #[test]
    fn small_sets_have_the_published_bounds() {
        assert_eq!(finite_upper_bound(0, 300, 2000, share(0.95)), 18);
        assert_eq!(finite_upper_bound(0, 1000, 2000, share(0.95)), 4);
        assert_eq!(finite_upper_bound(0, 2000, 2000, share(0.95)), 0);
        assert_eq!(finite_upper_bound(3, 2000, 2000, share(0.95)), 3);
        assert_eq!(finite_upper_bound(0, 0, 10, share(0.95)), 10);
    }

    #[test]
    fn finite_sizes_and_bounds_agree() {
        for (population, leaking) in [(50, 0), (50, 2), (2000, 18), (2000, 4)] {
            let sample = finite_sample_size(leaking, population, share(0.95));
            assert!(finite_upper_bound(0, sample, population, share(0.95)) <= leaking);
            assert!(finite_upper_bound(0, sample - 1, population, share(0.95)) > leaking);
        }
    }

    #[test]
    fn a_reviewer_who_misses_some_widens_the_bound() {
        let recall = Recall {
            planted: 20,
            found: 18,
        };
        assert!((recall.correct(0.009).unwrap() - 0.01).abs() < 1e-12);
        assert!(recall.correct_cautiously(0.009, share(0.95)) > 0.01);
        let blind = Recall {
            planted: 3,
            found: 0,
        };
        assert_eq!(blind.correct(0.01), Some(1.0));
        assert_eq!(
            Recall {
                planted: 0,
                found: 0
            }
            .correct(0.01),
            None
        );
    }

    #[test]
    fn shares_read_as_people_write_them() {
        assert_eq!("1%".parse::<Share>(), Share::new(0.01));
        assert_eq!("0.95".parse::<Share>(), Share::new(0.95));
        for text in ["0", "1", "100%", "-1%", "NaN", ""] {
            assert_eq!(text.parse::<Share>(), Err(NotAShare), "{text}");
        }
    }
}
