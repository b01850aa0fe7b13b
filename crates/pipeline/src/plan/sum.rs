//! The plans of all objects, joined.

use super::PlannedObject;
use super::report::{AttributeRow, DeviceRow, HeldRow, NewText, PlanReport, ValueRow};
use super::values::Seen;
use crate::RunSettings;
use crate::verdict::Verdict;
use cloakroom_core::{Action, Conservation, Outcome, Tag};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash, Hasher};

/// How many distinct values of one row are told; of the rest only the number.
const MOST_TOLD: usize = 1000;
/// How many distinct values of one row are remembered as text. Further ones are counted by a short digest, so that
/// memory does not grow with the export.
const MOST_REMEMBERED: usize = 20_000;

type RowKey = (String, Action, String);

/// What was planned so far.
#[derive(Default)]
pub(super) struct Sum {
    pub(super) outcomes: Conservation,
    objects: u64,
    rows: BTreeMap<RowKey, Row>,
    held: BTreeMap<(&'static str, String), (Outcome, u64)>,
    devices: BTreeMap<(String, String), DeviceRow>,
    unknown: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Row {
    count: u64,
    tag: Option<Tag>,
    is_text: bool,
    values: BTreeMap<String, Value>,
    further: HashSet<u64>,
}

#[derive(Default)]
struct Value {
    count: u64,
    becomes: Option<String>,
    known: bool,
}

impl Row {
    fn add(&mut self, value: String, becomes: Option<String>, known: bool) {
        if self.values.len() >= MOST_REMEMBERED && !self.values.contains_key(&value) {
            // The digest is never told; two values that share one are counted once.
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            self.further.insert(hasher.finish());
            return;
        }
        let entry = self.values.entry(value).or_default();
        entry.count += 1;
        entry.known |= known;
        if becomes.is_some() {
            entry.becomes = becomes;
        }
    }

    fn told(&self) -> Vec<ValueRow> {
        let mut told: Vec<ValueRow> = self
            .values
            .iter()
            .map(|(value, seen)| ValueRow {
                value: value.clone(),
                count: seen.count,
                becomes: seen.becomes.clone(),
                new: !seen.known,
            })
            .collect();
        told.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        told.truncate(MOST_TOLD);
        told
    }
}

impl Sum {
    /// Adds one object; `known` says whether an earlier delivery of the track decided about it.
    pub(super) fn add(&mut self, object: PlannedObject, bytes: u64, known: bool) {
        self.objects += 1;
        self.outcomes.add(object.outcome, bytes);
        if let Outcome::Held(reason) = object.outcome {
            let device = object.device.as_ref();
            let device = device.map_or_else(String::new, |device| device.name.clone());
            let row = self.held.entry((reason.code(), device));
            row.or_insert((object.outcome, 0)).1 += 1;
        }
        if let Some(device) = object.device.filter(|device| device.needs_reason) {
            let row = self
                .devices
                .entry((device.name.clone(), device.size.clone()));
            let row = row.or_insert(DeviceRow {
                device: device.name,
                size: device.size,
                images: 0,
                rule: device.rule,
                held: 0,
            });
            row.images += 1;
            row.held += u64::from(matches!(object.outcome, Outcome::Held(_)));
        }
        for seen in object.seen {
            self.see(seen, known);
        }
        for record in object.added {
            let key = (
                record.path.to_string(),
                record.action,
                record.rule.as_str().to_owned(),
            );
            let row = self.rows.entry(key).or_default();
            row.count += u64::from(record.count);
            if let Some(cloakroom_core::Step::Standard(tag)) = record.path.steps().last() {
                row.tag = Some(*tag);
            }
        }
        for word in object.unknown {
            *self.unknown.entry(word).or_default() += 1;
        }
    }

    fn see(&mut self, seen: Seen, known: bool) {
        let row = self.rows.entry((seen.path, seen.action, seen.rule));
        let row = row.or_default();
        row.count += 1;
        row.tag = Some(seen.tag);
        row.is_text |= seen.is_text;
        if let Some(value) = seen.value {
            row.add(value, seen.becomes, known);
        }
    }

    pub(super) fn report(
        self,
        run: &RunSettings,
        values: bool,
        last_delivery: Option<u32>,
    ) -> PlanReport {
        let waits = self.outcomes.of("held").count + self.outcomes.of("quarantined").count > 0;
        let new_texts = values.then(|| new_texts(&self.rows));
        PlanReport {
            track: run.track.to_string(),
            profile: run.profile.id().to_string(),
            last_delivery,
            objects: self.objects,
            outcomes: self.outcomes,
            held: self.held.into_iter().map(held_row).collect(),
            devices: self.devices.into_values().collect(),
            attributes: self
                .rows
                .into_iter()
                .map(|(key, row)| attribute_row(key, &row, values))
                .collect(),
            new_texts,
            unknown_words: self.unknown.into_iter().collect(),
            verdict: if waits {
                Verdict::NeedsPerson
            } else {
                Verdict::Done
            },
        }
    }
}

fn held_row(
    ((_, device), (outcome, objects)): ((&'static str, String), (Outcome, u64)),
) -> HeldRow {
    HeldRow {
        reason: outcome.reason().to_owned(),
        device,
        objects,
        meaning: outcome.meaning(),
        what_to_do: outcome.next_step(),
    }
}

fn keyword(tag: Option<Tag>) -> String {
    tag.and_then(cloakroom_profile::standard::keyword_of)
        .unwrap_or_default()
        .to_owned()
}

fn attribute_row((path, action, rule): RowKey, row: &Row, values: bool) -> AttributeRow {
    AttributeRow {
        path,
        keyword: keyword(row.tag),
        action: action.to_string(),
        rule,
        count: row.count,
        values: row.told(),
        distinct: values.then(|| (row.values.len() + row.further.len()) as u64),
    }
}

/// Texts of which something would leave, and that no object of an earlier delivery had.
fn new_texts(rows: &BTreeMap<RowKey, Row>) -> Vec<NewText> {
    let mut all = Vec::new();
    for ((path, action, _), row) in rows {
        if !row.is_text || !matches!(action, Action::Keep | Action::CleanText) {
            continue;
        }
        for (value, seen) in row.values.iter().filter(|(_, seen)| !seen.known) {
            all.push(NewText {
                path: path.clone(),
                keyword: keyword(row.tag),
                value: value.clone(),
                becomes: seen.becomes.clone().unwrap_or_else(|| value.clone()),
                count: seen.count,
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(value: &str, becomes: Option<&str>) -> Seen {
        Seen {
            path: "(0008,103e)".into(),
            tag: Tag(0x0008, 0x103E),
            action: Action::CleanText,
            rule: "table:X".into(),
            value: Some(value.into()),
            becomes: becomes.map(str::to_owned),
            is_text: true,
        }
    }

    #[test]
    fn a_value_of_an_earlier_delivery_is_not_new_wherever_else_it_occurs() {
        let mut sum = Sum::default();
        sum.see(seen("LUNG", None), false);
        sum.see(seen("LUNG", None), true);
        sum.see(seen("LUNG DR LEE", Some("LUNG")), false);
        let told = new_texts(&sum.rows);
        assert_eq!(told.len(), 1);
        assert_eq!(
            (told[0].value.as_str(), told[0].becomes.as_str()),
            ("LUNG DR LEE", "LUNG")
        );
    }

    #[test]
    fn distinct_values_are_counted_past_what_is_remembered() {
        let mut row = Row::default();
        for number in 0..MOST_REMEMBERED + 30 {
            row.add(format!("{number}"), None, false);
            row.add(format!("{number}"), None, false);
        }
        assert_eq!(row.values.len() + row.further.len(), MOST_REMEMBERED + 30);
        assert_eq!(row.told().len(), MOST_TOLD);
        assert_eq!(row.told()[0].count, 2);
    }
}
