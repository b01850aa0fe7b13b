//! PS3.15 Table E.3.4-1: what is done to content items of structured reports, by their concept.

use super::data_lines;
use super::table::{Cell, Code, parse_cell};
use crate::options::{OptionSet, ProfileOption};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The restated table, as it stands in the project.
pub const SOURCE: &str = include_str!("../../../../profiles/standard/ps3.15-e.3.4-1.tsv");

const COLUMNS: [ProfileOption; 7] = [
    ProfileOption::RetainUids,
    ProfileOption::RetainDeviceIdentity,
    ProfileOption::RetainInstitutionIdentity,
    ProfileOption::RetainPatientCharacteristics,
    ProfileOption::RetainLongitudinalFullDates,
    ProfileOption::RetainLongitudinalModifiedDates,
    ProfileOption::CleanDescriptors,
];

/// A row of Table E.3.4-1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentItem {
    /// Code Value of the Concept Name.
    pub value: &'static str,
    /// Coding Scheme Designator of the Concept Name.
    pub scheme: &'static str,
    /// Value Type.
    pub value_type: &'static str,
    /// Code Meaning.
    pub meaning: &'static str,
    /// Whether the code is retired; it still counts.
    pub retired: bool,
    /// What the Basic Profile with Clean Structured Content does.
    pub basic: Code,
    former: &'static str,
    cells: [Option<Cell>; 7],
}

impl ContentItem {
    /// What the options say together; cleaning wins over keeping.
    #[must_use]
    pub fn option_cell(&self, options: OptionSet) -> Option<(ProfileOption, Cell)> {
        COLUMNS
            .into_iter()
            .zip(self.cells)
            .filter(|(option, _)| options.has(*option))
            .filter_map(|(option, cell)| Some((option, cell?)))
            .max_by_key(|(option, cell)| (*cell, std::cmp::Reverse(*option)))
    }

    fn parse(line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        let (value, scheme, value_type) = (fields.next()?, fields.next()?, fields.next()?);
        let flags = fields.next()?;
        let basic = fields.next()?.parse().ok()?;
        let mut cells = [None; 7];
        for cell in &mut cells {
            *cell = parse_cell(fields.next()?)?;
        }
        Some(Self {
            value,
            scheme,
            value_type,
            retired: flags == "R",
            basic,
            former: fields.next()?,
            meaning: fields.next()?,
            cells,
        })
    }
}

/// Rows by value, scheme and Value Type.
type Index = BTreeMap<(&'static str, &'static str, &'static str), usize>;

static TABLE: LazyLock<(Vec<ContentItem>, Index)> = LazyLock::new(|| {
    let rows: Vec<ContentItem> = data_lines(SOURCE).filter_map(ContentItem::parse).collect();
    let mut index = Index::new();
    for (number, row) in rows.iter().enumerate() {
        index.insert((row.value, row.scheme, row.value_type), number);
        for former in row.former.split('|').filter(|former| !former.is_empty()) {
            index.insert((former, "SRT", row.value_type), number);
        }
    }
    (rows, index)
});

/// Every row.
#[must_use]
pub fn content_items() -> &'static [ContentItem] {
    &TABLE.0
}

/// The row of a concept. SNOMED concepts are found under SCT and under the designators they had before
/// (SRT, SNM3, 99SDM).
#[must_use]
pub fn content_item(value: &str, scheme: &str, value_type: &str) -> Option<&'static ContentItem> {
    let scheme = match scheme {
        "SNM3" | "99SDM" => "SRT",
        other => other,
    };
    let number = TABLE.1.get(&(value, scheme, value_type))?;
    TABLE.0.get(*number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert_eq!(content_items().len(), data_lines(SOURCE).count());
        assert_eq!(content_items().len(), 214);
        let of = |code| {
            content_items()
                .iter()
                .filter(|row| row.basic == code)
                .count()
        };
        assert_eq!([of(Code::X), of(Code::D), of(Code::XD)], [135, 60, 19]);
        for row in content_items() {
            assert_eq!(
                content_item(row.value, row.scheme, row.value_type).map(|row| row.value),
                Some(row.value)
            );
        }
    }

    #[test]
    fn former_snomed_codes_still_count() {
        let snomed: Vec<_> = content_items()
            .iter()
            .filter(|row| row.scheme == "SCT")
            .collect();
        assert!(!snomed.is_empty());
        for row in snomed {
            for former in row.former.split('|') {
                for scheme in ["SRT", "SNM3", "99SDM"] {
                    assert_eq!(content_item(former, scheme, row.value_type), Some(row));
                }
            }
        }
    }
}
