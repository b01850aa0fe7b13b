//! Labels: what a track lets leave as a label, and what a label file says of itself.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The labels that may come with the images of a track. What it does not name does not leave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelSchema {
    /// The version of the schema.
    #[serde(default)]
    pub version: String,
    /// The columns of label tables, by name.
    #[serde(default)]
    pub columns: BTreeMap<String, LabelColumn>,
    /// The segments of masks and the categories of boxes, by number. 0 is the background and has no name.
    #[serde(default)]
    pub segments: BTreeMap<u16, String>,
}

/// A column of label tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelColumn {
    /// What a value is.
    pub kind: LabelKind,
    /// The allowed values, for `choice`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Whether it may be empty.
    #[serde(default)]
    pub optional: bool,
}

/// What a label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelKind {
    /// One of a list.
    Choice,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Free text. It is cleaned as free text of images is, and searched at the gate.
    Text,
}

impl LabelColumn {
    /// The one spelling of a value, if the column allows it: numbers lose signs and zeros that say nothing.
    ///
    /// An empty value is spelt empty, and allowed where the column is optional. Text is taken as it stands.
    #[must_use]
    pub fn spell(&self, value: &str) -> Option<String> {
        let value = value.trim();
        if value.is_empty() {
            return self.optional.then(String::new);
        }
        match self.kind {
            LabelKind::Choice => self.values.iter().find(|known| *known == value).cloned(),
            LabelKind::Integer => value.parse().ok().map(|number: i64| number.to_string()),
            LabelKind::Number => spell_number(value),
            LabelKind::Text => Some(value.into()),
        }
    }
}

/// Ordinary magnitudes only, so that a spelling has at most 17 digits and no run of zeros.
fn spell_number(value: &str) -> Option<String> {
    let number: f64 = value.parse().ok()?;
    let magnitude = if number < 0.0 { -number } else { number };
    let ordinary = number == 0.0 || (1e-9..=1e15).contains(&magnitude);
    // Minus zero is zero.
    ordinary.then(|| {
        if number == 0.0 {
            "0".into()
        } else {
            number.to_string()
        }
    })
}

impl LabelSchema {
    /// The number of a segment or category of this name, in any case.
    #[must_use]
    pub fn segment(&self, name: &str) -> Option<u16> {
        let found = self
            .segments
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(name.trim()));
        found.map(|(number, _)| *number)
    }

    /// Whether a value may stand in a mask.
    #[must_use]
    pub fn has_segment(&self, number: u16) -> bool {
        number == 0 || self.segments.contains_key(&number)
    }
}

/// What kind of file labels lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SidecarKind {
    /// A CSV table: one row a patient, study, series, instance or frame.
    Table,
    /// Boxes and outlines on images, in the form of COCO.
    Boxes,
    /// A mask over one series, as NIfTI-1.
    Mask,
}

impl SidecarKind {
    /// The name, as manifests and file names have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Boxes => "boxes",
            Self::Mask => "mask",
        }
    }

    /// The ending of its files.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Table => "csv",
            Self::Boxes => "json",
            Self::Mask => "nii.gz",
        }
    }
}

/// The columns by which a row of a label table names what it is about, in their order, before the columns of the schema.
pub const LABEL_KEYS: [&str; 6] = ["patient", "study", "series", "instance", "frame", "reader"];

/// Where the voxels of a mask lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskGrid {
    /// Voxels along the three axes.
    pub size: [u32; 3],
    /// From voxel numbers to millimetres: right, anterior and superior are positive, as NIfTI has it.
    pub affine: [[f64; 4]; 3],
}

/// What a released label file says of itself: read from its bytes, so it holds nothing that they do not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SidecarFacts {
    /// What kind of file.
    pub kind: SidecarKind,
    /// Patients that it is about.
    pub patients: u64,
    /// Rows of a table, annotations of boxes, voxels of a mask that are not background.
    pub rows: u64,
    /// The pseudonym, where the file is about one patient.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub patient: String,
    /// The released Study Instance UID, of a mask.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub study: String,
    /// The released Series Instance UID, of a mask.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub series: String,
    /// The code of the reader who drew a mask; empty where it is nobody's in particular.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reader: String,
    /// Where the voxels of a mask lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<MaskGrid>,
    /// How many voxels of a mask, or annotations of boxes, each segment has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<u16, u64>,
}

/// Whether a text is the code of a reader: `R-` and 13 letters or digits.
#[must_use]
pub fn is_reader_code(text: &str) -> bool {
    text.strip_prefix("R-").is_some_and(|code| {
        code.len() == 13
            && code
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn column(kind: LabelKind, optional: bool) -> LabelColumn {
        LabelColumn {
            kind,
            values: vec!["4a".into(), "5".into()],
            optional,
        }
    }

    #[test]
    fn a_value_has_one_spelling_or_none() {
        for (kind, value, spelt) in [
            (LabelKind::Choice, " 4a ", Some("4a")),
            (LabelKind::Choice, "4A", None),
            (LabelKind::Choice, "", None),
            (LabelKind::Integer, "+007", Some("7")),
            (LabelKind::Integer, "7.5", None),
            (LabelKind::Integer, "seven", None),
            (LabelKind::Number, "1.50", Some("1.5")),
            (LabelKind::Number, "-0", Some("0")),
            (LabelKind::Number, "inf", None),
            (LabelKind::Number, "1e300", None),
            (LabelKind::Text, " a nodule ", Some("a nodule")),
        ] {
            assert_eq!(
                column(kind, false).spell(value).as_deref(),
                spelt,
                "{value}"
            );
        }
        assert_eq!(
            column(LabelKind::Integer, true).spell("").as_deref(),
            Some("")
        );
    }

    #[test]
    fn readers_have_codes_and_no_names() {
        assert!(is_reader_code("R-0123456789ABC"));
        for name in ["R-0123456789AB", "Dr Wang", "R-0123456789ABc", "R-"] {
            assert!(!is_reader_code(name), "{name}");
        }
    }
}
