//! The plan as tables for a terminal.

use crate::render::{Render, outcomes, table};
use cloakroom_pipeline::plan::{AttributeRow, PlanReport, ValueRow};
use std::fmt::Write as _;

/// How many values of one attribute, and how many new texts, a screen holds; JSON has more.
const SHOWN: usize = 5;
const SHOWN_TEXTS: usize = 40;

impl Render for PlanReport {
    fn render(&self) -> String {
        let mut text = format!(
            "Plan for track {} under profile {}: {} objects, nothing is written.\n\n",
            self.track, self.profile, self.objects
        );
        let with_values = self.attributes.iter().any(|row| row.distinct.is_some());
        let _ = writeln!(text, "{}\n", attributes(&self.attributes, with_values));
        if let Some(texts) = &self.new_texts {
            new_texts(&mut text, self, texts);
        }
        if !self.unknown_words.is_empty() {
            let words: Vec<String> = self
                .unknown_words
                .iter()
                .map(|(word, count)| format!("{word} ({count})"))
                .collect();
            let _ = writeln!(
                text,
                "Words that go because nothing knows them: {}\n",
                words.join(", ")
            );
        }
        devices(&mut text, self, with_values);
        held(&mut text, self);
        let _ = writeln!(text, "{}", outcomes(&self.outcomes));
        text.push_str("The gate may still hold more. ");
        text.push_str(if with_values {
            "These are the hospital's own values: they are for this screen only."
        } else {
            "With --values the distinct values themselves are shown, on this screen only."
        });
        text
    }
}

fn attributes(rows: &[AttributeRow], with_values: bool) -> String {
    let cells = rows.iter().map(|row| {
        let mut cells = vec![
            format!("{} {}", row.path, row.keyword),
            row.action.clone(),
            row.rule.clone(),
            row.count.to_string(),
        ];
        if with_values {
            cells.push(row.distinct.unwrap_or(0).to_string());
            cells.push(values(&row.values));
        }
        cells
    });
    let mut header = vec!["attribute", "action", "rule", "times"];
    if with_values {
        header.extend(["distinct", "values"]);
    }
    table(&header, cells)
}

fn values(values: &[ValueRow]) -> String {
    let mut shown: Vec<String> = values
        .iter()
        .take(SHOWN)
        .map(|row| match row.becomes.as_deref() {
            Some("") => format!("{} ({}) → nothing", row.value, row.count),
            Some(left) => format!("{} ({}) → {left}", row.value, row.count),
            None => format!("{} ({})", row.value, row.count),
        })
        .collect();
    if values.len() > SHOWN {
        shown.push("…".into());
    }
    shown.join("; ")
}

fn new_texts(text: &mut String, report: &PlanReport, texts: &[cloakroom_pipeline::plan::NewText]) {
    let Some(last) = report.last_delivery else {
        text.push_str("Nothing was delivered for this track yet, so every text is new.\n\n");
        return;
    };
    if texts.is_empty() {
        let _ = writeln!(text, "No text is new since delivery {last}.\n");
        return;
    }
    let _ = writeln!(text, "{} texts are new since delivery {last}:", texts.len());
    let rows = texts.iter().take(SHOWN_TEXTS).map(|row| {
        vec![
            format!("{} {}", row.path, row.keyword),
            row.value.clone(),
            row.becomes.clone(),
            row.count.to_string(),
        ]
    });
    let _ = writeln!(
        text,
        "{}",
        table(&["attribute", "text", "leaves as", "times"], rows)
    );
    if texts.len() > SHOWN_TEXTS {
        text.push_str("and more, which --json tells.\n");
    }
    text.push('\n');
}

fn devices(text: &mut String, report: &PlanReport, with_values: bool) {
    if report.devices.is_empty() {
        return;
    }
    let without = report.devices.iter().filter(|row| row.rule.is_none());
    let _ = writeln!(
        text,
        "Images whose class does not clear them; {} of {} kinds have no burn-in rule{}:",
        without.count(),
        report.devices.len(),
        if with_values {
            ""
        } else {
            " (--values names the makers)"
        }
    );
    let rows = report.devices.iter().map(|row| {
        vec![
            row.device.clone(),
            row.size.clone(),
            row.images.to_string(),
            row.rule.clone().unwrap_or_else(|| "none".into()),
            row.held.to_string(),
        ]
    });
    let _ = writeln!(
        text,
        "{}\n",
        table(
            &["device", "pixels", "images", "burn-in rule", "held"],
            rows
        )
    );
}

fn held(text: &mut String, report: &PlanReport) {
    if report.held.is_empty() {
        return;
    }
    text.push_str("What would be held, and why:\n");
    let rows = report.held.iter().map(|row| {
        vec![
            row.objects.to_string(),
            row.device.clone(),
            row.meaning.to_owned(),
            row.what_to_do.to_owned(),
        ]
    });
    let _ = writeln!(
        text,
        "{}\n",
        table(&["objects", "device", "why", "what to do"], rows)
    );
}
