//! The officer's list of what is chosen for a track.

use crate::Failure;
use crate::files::read_text;
use cloakroom_core::Phi;
use std::collections::BTreeSet;
use std::path::Path;

/// The columns that a list may have, as the standard's keywords.
const COLUMNS: [&str; 3] = ["PatientID", "StudyInstanceUID", "AccessionNumber"];

/// What is chosen: an instance is chosen if its patient, its study or its order is on the list.
#[derive(Clone, PartialEq, Eq)]
pub struct Selection {
    patients: Phi<BTreeSet<String>>,
    studies: Phi<BTreeSet<String>>,
    orders: Phi<BTreeSet<String>>,
}

impl Selection {
    /// Reads a CSV file with at least one of the columns `PatientID`, `StudyInstanceUID`, `AccessionNumber`.
    ///
    /// # Errors
    /// If the file cannot be read, has another column, or chooses nothing.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::parse(&read_text(path)?).map_err(|failure| failure.at(path))
    }

    /// Reads the text of such a file.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .flexible(false)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| wrong(&error))?.clone();
        let columns = header.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let mut sets: [BTreeSet<String>; 3] = Default::default();
        for row in reader.records() {
            let row = row.map_err(|error| wrong(&error))?;
            for (column, value) in columns.iter().zip(&row) {
                if !value.is_empty() {
                    sets[*column].insert(value.to_owned());
                }
            }
        }
        if sets.iter().all(BTreeSet::is_empty) {
            return Err(
                Failure::wrong_use("the list chooses nothing").advise("add rows below the header")
            );
        }
        let [patients, studies, orders] = sets;
        Ok(Self {
            patients: patients.into(),
            studies: studies.into(),
            orders: orders.into(),
        })
    }

    /// Whether an instance of this patient, study and order is chosen.
    pub fn chooses(&self, patient: &str, study: &str, order: &str) -> bool {
        let on = |set: &Phi<BTreeSet<String>>, value: &str| set.expose().contains(value.trim());
        on(&self.patients, patient)
            || on(&self.studies, study)
            || (!order.trim().is_empty() && on(&self.orders, order))
    }
}

fn column(name: &str) -> Result<usize, Failure> {
    COLUMNS
        .iter()
        .position(|column| column.eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            Failure::wrong_use("the first line of the list names a column that is not known")
                .detail(format!("column: {name}"))
                .advise(format!("use the columns {}", COLUMNS.join(", ")))
        })
}

fn wrong(error: &csv::Error) -> Failure {
    let line = error.position().map_or(1, csv::Position::line);
    Failure::wrong_use(format!(
        "line {line} of the list is not CSV with as many columns as the first line"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_the_three_columns_chooses() {
        let chosen = Selection::parse("\u{feff}patientid,AccessionNumber\nP1,\n,A2\n").unwrap();
        assert!(chosen.chooses("P1", "1.2", ""));
        assert!(chosen.chooses("P9", "1.2", "A2"));
        assert!(!chosen.chooses("P9", "1.2", ""));
        assert!(!chosen.chooses("p1", "1.2", "A"));
    }

    #[test]
    fn a_wrong_list_says_what_is_wrong_and_shows_no_value_in_a_log() {
        for (list, expected) in [
            ("Name\nZHANG\n", "column that is not known"),
            ("PatientID\n", "chooses nothing"),
            ("PatientID,StudyInstanceUID\nZHANG\n", "line 2"),
        ] {
            let failure = Selection::parse(list).err().unwrap();
            assert!(failure.to_string().contains(expected), "{failure}");
            assert!(!failure.to_string().contains("ZHANG"));
        }
    }
}
