//! Tables: CSV with commas, semicolons or tabs, or a JSON list of flat objects.

use super::{
    EditedSidecar, LabelFault, LabelIds, LabelResolver, LabelTally, LabelTarget, Unresolved,
};
use cloakroom_core::labels::LABEL_KEYS;
use cloakroom_core::{LabelKind, LabelSchema, SidecarKind};
use std::collections::{BTreeMap, BTreeSet};

/// A table as it was read. It has no `Debug`, because it holds values.
pub struct TableRows {
    columns: Vec<String>,
    /// Each row with the line it began on.
    rows: Vec<(u64, Vec<String>)>,
}

/// What a column is, by its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Patient,
    Accession,
    Study,
    Series,
    Instance,
    Frame,
    Reader,
    MaskFile,
}

/// Names in lower case without spaces, dashes and underscores.
const KEY_NAMES: &[(&str, Key)] = &[
    ("patientid", Key::Patient),
    ("patient", Key::Patient),
    ("accessionnumber", Key::Accession),
    ("accession", Key::Accession),
    ("studyinstanceuid", Key::Study),
    ("studyuid", Key::Study),
    ("study", Key::Study),
    ("seriesinstanceuid", Key::Series),
    ("seriesuid", Key::Series),
    ("series", Key::Series),
    ("sopinstanceuid", Key::Instance),
    ("instanceuid", Key::Instance),
    ("instance", Key::Instance),
    ("frame", Key::Frame),
    ("framenumber", Key::Frame),
    ("reader", Key::Reader),
    ("readerid", Key::Reader),
    ("annotator", Key::Reader),
    ("mask", Key::MaskFile),
    ("maskfile", Key::MaskFile),
];

fn folded(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Reads a CSV table. The separator is the one of comma, semicolon and tab that the first line has most of.
///
/// # Errors
/// If it is not UTF-8, or its rows have different lengths.
pub fn read_csv(bytes: &[u8]) -> Result<TableRows, LabelFault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if str::from_utf8(bytes).is_err() {
        return Err(LabelFault::Unreadable(
            "the table is not in UTF-8; save it as CSV UTF-8",
        ));
    }
    let first = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |separator: &u8| first.iter().filter(|byte| *byte == separator).count();
    let separator = [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|separator| count(separator))
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .from_reader(bytes);
    let broken =
        |_| LabelFault::Unreadable("the table breaks off, or its rows have different lengths");
    let columns = reader
        .headers()
        .map_err(broken)?
        .iter()
        .map(str::to_owned)
        .collect();
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(broken)?;
        let line = row.position().map_or(0, csv::Position::line);
        rows.push((line, row.iter().map(str::to_owned).collect()));
    }
    Ok(TableRows { columns, rows })
}

/// Reads a JSON list of flat objects as a table.
///
/// # Errors
/// If it is something else.
pub fn read_json_rows(bytes: &[u8]) -> Result<TableRows, LabelFault> {
    let other = || LabelFault::Unreadable("the file is no JSON list of flat objects");
    let objects: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_slice(bytes).map_err(|_| other())?;
    let names: BTreeSet<&String> = objects.iter().flat_map(serde_json::Map::keys).collect();
    let columns: Vec<String> = names.into_iter().cloned().collect();
    let mut rows = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        let cell = |name: &String| match object.get(name) {
            None | Some(serde_json::Value::Null) => Some(String::new()),
            Some(serde_json::Value::String(text)) => Some(text.clone()),
            Some(serde_json::Value::Number(number)) => Some(number.to_string()),
            Some(serde_json::Value::Bool(truth)) => Some(truth.to_string()),
            Some(_) => None,
        };
        // A nested value belongs to no column of a schema, so it goes as an unknown column does, if it is one.
        rows.push((
            number,
            columns
                .iter()
                .map(|name| cell(name).unwrap_or_else(|| "\u{0}".into()))
                .collect(),
        ));
    }
    Ok(TableRows { columns, rows })
}

/// Where the columns of a table are that mean something.
struct Layout<'a> {
    keys: BTreeMap<Key, usize>,
    labels: BTreeMap<&'a str, usize>,
    unknown: u32,
}

fn layout<'a>(table: &TableRows, schema: &'a LabelSchema) -> Result<Layout<'a>, LabelFault> {
    let mut found = Layout {
        keys: BTreeMap::new(),
        labels: BTreeMap::new(),
        unknown: 0,
    };
    for (place, name) in table.columns.iter().enumerate() {
        let name = folded(name);
        let label = schema.columns.keys().find(|known| folded(known) == name);
        let key = KEY_NAMES.iter().find(|(known, _)| *known == name);
        let before = match (label, key) {
            (Some(label), _) => found.labels.insert(label, place).map(|_| label.to_owned()),
            (None, Some((known, key))) => {
                found.keys.insert(*key, place).map(|_| (*known).to_owned())
            }
            (None, None) => {
                found.unknown += 1;
                None
            }
        };
        if let Some(name) = before {
            return Err(LabelFault::ColumnTwice(name));
        }
    }
    let names_something = [
        Key::Patient,
        Key::Accession,
        Key::Study,
        Key::Series,
        Key::Instance,
    ]
    .iter()
    .any(|key| found.keys.contains_key(key));
    if names_something {
        Ok(found)
    } else {
        Err(LabelFault::NoIdColumn)
    }
}

impl Layout<'_> {
    fn text<'r>(&self, row: &'r [String], key: Key) -> &'r str {
        let cell = self.keys.get(&key).and_then(|place| row.get(*place));
        cell.map_or("", |text| text.trim())
    }

    fn ids(&self, row: &[String]) -> LabelIds {
        LabelIds {
            patient: self.text(row, Key::Patient).into(),
            accession: self.text(row, Key::Accession).into(),
            study: self.text(row, Key::Study).into(),
            series: self.text(row, Key::Series).into(),
            instance: self.text(row, Key::Instance).into(),
        }
    }
}

/// A row that says what a mask file is about. It has no `Debug`, because it holds values.
pub struct MaskRow {
    /// The name of the mask file.
    pub file: String,
    /// What it is about.
    pub ids: LabelIds,
    /// Who drew it, as the hospital calls the reader; empty where that is not said.
    pub reader: String,
}

/// The rows of a table that name mask files.
///
/// # Errors
/// If no column says what a row is about.
pub fn mask_rows(table: &TableRows, schema: &LabelSchema) -> Result<Vec<MaskRow>, LabelFault> {
    let layout = layout(table, schema)?;
    let row = |(_, row): &(u64, Vec<String>)| MaskRow {
        file: layout.text(row, Key::MaskFile).into(),
        ids: layout.ids(row),
        reader: layout.text(row, Key::Reader).into(),
    };
    Ok(table
        .rows
        .iter()
        .map(row)
        .filter(|row| !row.file.is_empty())
        .collect())
}

/// Re-keys a table. Its rows are sorted, because the order of a hospital's table tells of admission.
///
/// `None` where the table has no column of the schema and only names mask files.
///
/// # Errors
/// If a column is missing or there twice, or a value is not one that the schema allows: then nothing leaves, and
/// the fault names the first line.
pub fn edit_table(
    table: &TableRows,
    schema: &LabelSchema,
    resolver: &dyn LabelResolver,
) -> Result<Option<EditedSidecar>, LabelFault> {
    let layout = layout(table, schema)?;
    if layout.labels.is_empty() {
        if layout.keys.contains_key(&Key::MaskFile) {
            return Ok(None);
        }
        let names: Vec<_> = schema.columns.keys().map(String::as_str).collect();
        return Err(LabelFault::NoLabelColumn(names.join(", ")));
    }
    let mut editing = Editing {
        schema,
        layout: &layout,
        resolver,
        tally: LabelTally {
            columns: layout.unknown,
            ..LabelTally::default()
        },
    };
    let mut rows = BTreeSet::new();
    let mut patients = BTreeSet::new();
    for (line, row) in &table.rows {
        let cells = editing.label_cells(*line, row)?;
        match resolver.resolve(&layout.ids(row)) {
            Ok(target) => {
                patients.insert(target.patient.clone());
                if !rows.insert(editing.row(*line, row, &target, cells)?) {
                    editing.tally.drop_for("repeated");
                }
            }
            Err(reason) => editing.tally.drop_for(reason.code()),
        }
    }
    let mut tally = editing.tally;
    tally.kept = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let header = LABEL_KEYS
        .iter()
        .copied()
        .chain(layout.labels.keys().copied());
    let bytes = write(header, &rows)?;
    Ok(Some(EditedSidecar {
        kind: SidecarKind::Table,
        about: None,
        bytes,
        patients,
        tally,
    }))
}

struct Editing<'a> {
    schema: &'a LabelSchema,
    layout: &'a Layout<'a>,
    resolver: &'a dyn LabelResolver,
    tally: LabelTally,
}

impl Editing<'_> {
    /// The labels of a row in their one spelling, text not cleaned yet, each with its kind.
    fn label_cells(
        &self,
        line: u64,
        row: &[String],
    ) -> Result<Vec<(LabelKind, String)>, LabelFault> {
        let mut cells = Vec::new();
        for (name, place) in &self.layout.labels {
            let fault = || LabelFault::NotAllowed {
                line,
                column: (*name).to_owned(),
            };
            let column = self.schema.columns.get(*name).ok_or_else(fault)?;
            let value = row.get(*place).map_or("", String::as_str);
            cells.push((column.kind, column.spell(value).ok_or_else(fault)?));
        }
        Ok(cells)
    }

    fn row(
        &mut self,
        line: u64,
        row: &[String],
        target: &LabelTarget,
        cells: Vec<(LabelKind, String)>,
    ) -> Result<Vec<String>, LabelFault> {
        let uid = |uid: &Option<cloakroom_core::Uid>| {
            uid.as_ref()
                .map_or_else(String::new, |uid| uid.as_str().to_owned())
        };
        let mut out = vec![
            target.patient.as_str().to_owned(),
            uid(&target.study),
            uid(&target.series),
            uid(&target.instance),
            frame(self.layout.text(row, Key::Frame)).ok_or_else(|| LabelFault::NotAllowed {
                line,
                column: "frame".into(),
            })?,
            match self.layout.text(row, Key::Reader) {
                "" => String::new(),
                name => self.resolver.reader(name),
            },
        ];
        for (kind, cell) in cells {
            out.push(match kind {
                LabelKind::Text => self.clean(target, cell),
                LabelKind::Choice | LabelKind::Integer | LabelKind::Number => cell,
            });
        }
        Ok(out)
    }

    fn clean(&mut self, target: &LabelTarget, text: String) -> String {
        let cleaned = self.resolver.clean(&target.patient, &text);
        for (kind, count) in cleaned.removed.to_map() {
            *self.tally.text.entry(kind.name()).or_default() += count;
        }
        // Line ends and other control characters are layout, and layout is no label.
        let left = cleaned.text.unwrap_or(text);
        let words: Vec<&str> = left
            .split(|letter: char| letter.is_control() || letter.is_whitespace())
            .filter(|word| !word.is_empty())
            .collect();
        words.join(" ")
    }
}

/// A frame number from 1, or nothing.
fn frame(text: &str) -> Option<String> {
    match text {
        "" => Some(String::new()),
        text => text
            .parse()
            .ok()
            .filter(|frame: &u32| *frame > 0)
            .map(|frame| frame.to_string()),
    }
}

fn write<'a>(
    header: impl Iterator<Item = &'a str>,
    rows: &BTreeSet<Vec<String>>,
) -> Result<Vec<u8>, LabelFault> {
    let unwritable = |_| LabelFault::Unreadable("the table cannot be written");
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    writer.write_record(header).map_err(unwritable)?;
    for row in rows {
        writer.write_record(row).map_err(unwritable)?;
    }
    writer
        .into_inner()
        .map_err(|_| LabelFault::Unreadable("the table cannot be written"))
}

impl Unresolved {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::NoId, Self::Unknown, Self::Contradictory, Self::Barred];
}
