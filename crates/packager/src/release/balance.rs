//! How the sides of the split compare: counted from the release itself, as tables and as one drawing.

use super::Scene;
use crate::track::Trait;
use cloakroom_core::labels::LabelKind;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where the drawing lies in a release.
pub(super) const DRAWING: &str = "cards/balance.svg";

/// How many rows of a table are drawn; a table of more is cut, and says so.
const DRAWN: usize = 14;

/// Counts by value and side.
pub(super) struct Balance {
    title: String,
    sides: Vec<String>,
    rows: BTreeMap<String, Vec<u64>>,
}

impl Balance {
    fn new(title: &str, sides: &[String]) -> Self {
        Self {
            title: title.into(),
            sides: sides.to_vec(),
            rows: BTreeMap::new(),
        }
    }

    fn count(&mut self, value: &str, side: &str) {
        let Some(place) = self.sides.iter().position(|one| one == side) else {
            return;
        };
        let sides = self.sides.len();
        let row = self.rows.entry(value.to_owned());
        row.or_insert_with(|| vec![0; sides])[place] += 1;
    }

    /// A table of Markdown.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "| {} | {} |\n|---|{}\n",
            self.title,
            self.sides.join(" | "),
            "---|".repeat(self.sides.len())
        );
        for (value, counts) in &self.rows {
            let counts: Vec<_> = counts.iter().map(u64::to_string).collect();
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} |",
                value.replace('|', "/"),
                counts.join(" | ")
            );
        }
        text
    }
}

/// What a release is balanced by, and what else participants ask for.
pub(super) fn of(scene: &Scene<'_>) -> Vec<Balance> {
    let sides: Vec<String> =
        scene
            .index
            .patients
            .values()
            .fold(Vec::new(), |mut sides: Vec<String>, place| {
                if !sides.contains(&place.split) {
                    sides.push(place.split.clone());
                }
                sides
            });
    let sides: Vec<String> = ["train", "val", "test"]
        .into_iter()
        .filter(|side| sides.iter().any(|one| one == side))
        .map(String::from)
        .collect();
    let mut all = Vec::new();
    for kind in [
        Trait::Site,
        Trait::Sex,
        Trait::AgeBand,
        Trait::Modality,
        Trait::Manufacturer,
    ] {
        let mut balance = Balance::new(&format!("patients by {}", kind.name()), &sides);
        for (patient, person) in scene.people {
            balance.count(&person.value(kind), side(scene, patient));
        }
        all.push(balance);
    }
    all.push(spacings(scene, &sides));
    let columns = scene.input.track.labels.columns.iter();
    for (name, _) in columns.filter(|(_, column)| column.kind == LabelKind::Choice) {
        let mut balance = Balance::new(&format!("patients by label {name}"), &sides);
        for (patient, value) in scene.labels.by_patient(name) {
            // The labels of the test side are in no text of the release, not even counted.
            match side(scene, &patient) {
                "test" => {}
                side => balance.count(&value, side),
            }
        }
        all.push(balance);
    }
    all.retain(|balance| !balance.rows.is_empty());
    all
}

fn side<'a>(scene: &'a Scene<'_>, patient: &str) -> &'a str {
    scene.sides.get(patient).map_or("", String::as_str)
}

/// Pixel spacing of the first image of each series, in steps of a quarter of a millimetre.
fn spacings(scene: &Scene<'_>, sides: &[String]) -> Balance {
    let mut balance = Balance::new("series by pixel spacing in mm", sides);
    for block in scene.index.shards.iter().flat_map(|shard| &shard.blocks) {
        let facts = block.members.first().map(|member| &member.facts);
        let Some((rows, _)) = facts.and_then(|facts| facts.pixel_spacing) else {
            continue;
        };
        let band = match rows {
            rows if rows >= 2.0 => "2.00 and more".into(),
            rows if rows >= 0.0 => {
                let step = (rows * 4.0).floor() / 4.0;
                format!("{step:.2} to {:.2}", step + 0.25)
            }
            _ => "-".into(),
        };
        balance.count(&band, side(scene, &block.patient));
    }
    balance
}

const ROW: usize = 18;
const LABEL: usize = 210;
const BAR: usize = 400;
const WIDTH: usize = LABEL + BAR + 80;
/// Colours that people with any colour vision tell apart.
const COLOURS: [&str; 3] = ["#0072b2", "#e69f00", "#009e73"];

/// Bars of all tables, as SVG.
pub(super) fn drawing(balances: &[Balance]) -> String {
    let mut body = String::new();
    let mut y = ROW;
    if let Some(first) = balances.first() {
        for (number, side) in first.sides.iter().enumerate() {
            let x = LABEL + 90 * number;
            let colour = COLOURS[number % COLOURS.len()];
            let _ = writeln!(
                body,
                "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{}\" y=\"{y}\">{}</text>",
                y - 11,
                x + 18,
                escaped(side)
            );
        }
    }
    for balance in balances {
        y += 2 * ROW;
        let _ = writeln!(
            body,
            "<text x=\"8\" y=\"{y}\" font-weight=\"bold\">{}</text>",
            escaped(&balance.title)
        );
        let largest = balance
            .rows
            .values()
            .map(|counts| counts.iter().sum::<u64>());
        let largest = largest.max().unwrap_or(1).max(1);
        for (value, counts) in balance.rows.iter().take(DRAWN) {
            y += ROW;
            let _ = writeln!(
                body,
                "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{}</text>",
                LABEL - 8,
                escaped(&shortened(value))
            );
            let mut x = LABEL as u64;
            for (number, count) in counts.iter().enumerate() {
                let width = count * BAR as u64 / largest;
                let colour = COLOURS[number % COLOURS.len()];
                let _ = writeln!(
                    body,
                    "<rect x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"13\" fill=\"{colour}\"/>",
                    y - 11
                );
                x += width;
            }
            let _ = writeln!(
                body,
                "<text x=\"{}\" y=\"{y}\">{}</text>",
                x + 6,
                counts.iter().sum::<u64>()
            );
        }
        if balance.rows.len() > DRAWN {
            y += ROW;
            let _ = writeln!(
                body,
                "<text x=\"{LABEL}\" y=\"{y}\">and {} more in README.md</text>",
                balance.rows.len() - DRAWN
            );
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{0}\" viewBox=\"0 0 {WIDTH} {0}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n",
        y + ROW
    )
}

fn shortened(value: &str) -> String {
    const LONGEST: usize = 28;
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.into(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_drawings_say_what_was_counted_and_hold_no_markup_of_others() {
        let sides = ["train".to_owned(), "test".to_owned()];
        let mut balance = Balance::new("patients by manufacturer", &sides);
        for (value, side) in [
            ("A<b>|c", "train"),
            ("A<b>|c", "test"),
            ("D", "train"),
            ("D", "other"),
        ] {
            balance.count(value, side);
        }
        let table = balance.table();
        assert!(
            table.contains("| A<b>/c | 1 | 1 |\n| D | 1 | 0 |"),
            "{table}"
        );
        let drawing = drawing(&[balance]);
        assert!(drawing.contains("A&lt;b&gt;|c") && !drawing.contains("<b>"));
        assert_eq!(drawing.matches("width=\"200\"").count(), 3);
    }
}
