//! How far readers agree: Cohen's kappa on choices, Dice on masks.

use super::rows::Rows;
use super::{AgreementSummary, Ledger};
use crate::error::PackError;
use crate::tables;
use crate::track::CheckName;
use cloakroom_core::{LabelKind, LabelSchema};
use std::collections::BTreeMap;

/// Dice below this, in thousandths, is told where the track asks for it.
const LOW_DICE: i64 = 500;
/// Kappa below this, in thousandths, is no more than fair (Landis and Koch).
const LOW_KAPPA: i64 = 400;

/// Two masks of one series, compared on one segment.
pub(super) struct DicePair {
    pub(super) series: String,
    pub(super) readers: [String; 2],
    pub(super) segment: u16,
    pub(super) thousandths: i64,
}

/// All that was compared.
pub(super) struct Agreement {
    pub(super) summaries: Vec<AgreementSummary>,
    pairs: Vec<DicePair>,
}

impl Agreement {
    pub(super) fn of(
        rows: &Rows,
        pairs: Vec<DicePair>,
        schema: &LabelSchema,
        ledger: &mut Ledger<'_>,
    ) -> Self {
        let mut summaries = Vec::new();
        let choices = schema
            .columns
            .iter()
            .filter(|(_, column)| column.kind == LabelKind::Choice);
        for (column, _) in choices {
            if let Some((kappa, count)) = kappa(&said_by_two(rows, column)) {
                summaries.push(AgreementSummary {
                    measure: "kappa".into(),
                    about: column.clone(),
                    pairs: count,
                    thousandths: kappa,
                });
            }
        }
        let mut dice: BTreeMap<u16, Vec<i64>> = BTreeMap::new();
        for pair in &pairs {
            dice.entry(pair.segment).or_default().push(pair.thousandths);
        }
        for (segment, found) in dice {
            let count = found.len() as u64;
            let mean = found.iter().sum::<i64>() / i64::try_from(found.len()).unwrap_or(1).max(1);
            summaries.push(AgreementSummary {
                measure: "dice".into(),
                about: schema.segments.get(&segment).cloned().unwrap_or_default(),
                pairs: count,
                thousandths: mean,
            });
        }
        let agreement = Self { summaries, pairs };
        agreement.tell_low(ledger);
        agreement
    }

    /// Findings, where the track names the check. They stop nothing: which of two readers errs is not known.
    fn tell_low(&self, ledger: &mut Ledger<'_>) {
        if !ledger
            .input
            .track
            .checks
            .contains_key(&CheckName::LabelAgreement)
        {
            return;
        }
        for one in self
            .summaries
            .iter()
            .filter(|one| one.measure == "kappa" && one.thousandths < LOW_KAPPA)
        {
            let detail = format!(
                "kappa of {} is {} thousandths over {} pairs",
                one.about, one.thousandths, one.pairs
            );
            ledger.find(CheckName::LabelAgreement, ["", "", ""], detail);
        }
        for pair in self.pairs.iter().filter(|pair| pair.thousandths < LOW_DICE) {
            let detail = format!(
                "Dice of segment {} is {} thousandths between two readers",
                pair.segment, pair.thousandths
            );
            ledger.find(
                CheckName::LabelAgreement,
                ["", "", pair.series.as_str()],
                detail,
            );
        }
    }

    /// Every pair of masks, the lowest first, of the series that may be told.
    pub(super) fn csv(&self, told: impl Fn(&str) -> bool) -> Result<Vec<u8>, PackError> {
        let mut pairs: Vec<_> = self
            .pairs
            .iter()
            .filter(|pair| told(&pair.series))
            .collect();
        pairs.sort_by_key(|pair| (pair.thousandths, &pair.series, pair.segment, &pair.readers));
        let rows = pairs.into_iter().map(|pair| {
            let [one, other] = &pair.readers;
            [
                pair.series.clone(),
                pair.segment.to_string(),
                one.clone(),
                other.clone(),
                format!("{}.{:03}", pair.thousandths / 1000, pair.thousandths % 1000),
            ]
        });
        let columns = ["series", "segment", "reader", "other_reader", "dice"];
        tables::csv_text("evidence/label-agreement.csv", &columns, rows)
    }
}

/// What two readers said of the same thing, for every thing and every pair of readers who said one value each.
fn said_by_two<'r>(rows: &'r Rows, column: &'r str) -> Vec<(&'r str, &'r str)> {
    let mut things: BTreeMap<&[String], BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for (about, reader, value) in rows.said(column) {
        if !reader.is_empty() {
            things
                .entry(about)
                .or_default()
                .entry(reader)
                .or_default()
                .push(value);
        }
    }
    let mut pairs = Vec::new();
    for said in things.into_values() {
        let single: Vec<&str> = said
            .into_values()
            .filter_map(|values| match values[..] {
                [value] => Some(value),
                _ => None,
            })
            .collect();
        for (place, one) in single.iter().enumerate() {
            pairs.extend(single[place + 1..].iter().map(|other| (*one, *other)));
        }
    }
    pairs
}

/// Cohen's kappa in thousandths, with the pairs counted both ways round, so that it does not matter who is named first.
fn kappa(pairs: &[(&str, &str)]) -> Option<(i64, u64)> {
    let count = i128::try_from(pairs.len())
        .ok()
        .filter(|count| *count > 0)?;
    let agreed = i128::try_from(pairs.iter().filter(|(a, b)| a == b).count()).ok()?;
    let mut values: BTreeMap<&str, i128> = BTreeMap::new();
    for (a, b) in pairs {
        *values.entry(a).or_default() += 1;
        *values.entry(b).or_default() += 1;
    }
    // Observed agreement is agreed / n, expected the sum of (value / 2n) squared; both over 4 n squared.
    let whole = 4 * count * count;
    let expected: i128 = values.values().map(|value| value * value).sum();
    let observed = 4 * count * agreed;
    let kappa = match whole - expected {
        0 => 1000,
        room => (observed - expected) * 1000 / room,
    };
    Some((i64::try_from(kappa).ok()?, pairs.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::kappa;

    #[test]
    fn kappa_is_that_of_the_textbook() {
        // Both ways round, 20 yes-yes, 15 no-no, and 15 of each kind of disagreement (symmetric table of 50).
        let mut pairs = vec![("y", "y"); 40];
        pairs.extend(vec![("n", "n"); 30]);
        pairs.extend(vec![("y", "n"); 15]);
        pairs.extend(vec![("n", "y"); 15]);
        // po = 0.70, pe = 0.55^2 + 0.45^2 = 0.505, kappa = 0.39393...
        assert_eq!(kappa(&pairs), Some((393, 100)));
        assert_eq!(kappa(&[("a", "a"), ("b", "b")]), Some((1000, 2)));
        assert_eq!(kappa(&[("a", "b"), ("b", "a")]), Some((-1000, 2)));
        assert_eq!(kappa(&[("a", "a")]), Some((1000, 1)));
        assert_eq!(kappa(&[]), None);
    }
}
