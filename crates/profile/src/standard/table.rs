//! PS3.15 Table E.1-1: what each profile and option does to each attribute.

use super::{data_lines, number_of, parse_tag};
use crate::options::{OptionSet, ProfileOption};
use cloakroom_core::{Tag, VR};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// The restated table, as it stands in the project.
pub const SOURCE: &str = include_str!("../../../../profiles/standard/ps3.15-e.1-1.tsv");

/// A code of the column of the Basic Profile (Table E.1-1a).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Remove.
    X,
    /// Zero length, or a dummy.
    Z,
    /// A dummy.
    D,
    /// Another UID.
    U,
    /// Z unless D is needed.
    ZD,
    /// X unless Z is needed.
    XZ,
    /// X unless D is needed.
    XD,
    /// X unless Z or D is needed.
    XZD,
    /// X unless Z, or another UID inside, is needed.
    XZU,
}

impl Code {
    /// As the standard writes it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::X => "X",
            Self::Z => "Z",
            Self::D => "D",
            Self::U => "U",
            Self::ZD => "Z/D",
            Self::XZ => "X/Z",
            Self::XD => "X/D",
            Self::XZD => "X/Z/D",
            Self::XZU => "X/Z/U*",
        }
    }

    /// Every code.
    pub const ALL: [Self; 9] = [
        Self::X,
        Self::Z,
        Self::D,
        Self::U,
        Self::ZD,
        Self::XZ,
        Self::XD,
        Self::XZD,
        Self::XZU,
    ];
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|code| code.text() == text)
            .ok_or(())
    }
}

/// What an option says of a row: keep, or clean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// K: it stays.
    Keep,
    /// C: it is cleaned.
    Clean,
}

/// Which attributes a row speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowTag {
    /// One attribute.
    Exact(Tag),
    /// Group 50xx, any element.
    Curves,
    /// Group 60xx, one element.
    Overlays(u16),
    /// Every odd group.
    Private,
}

impl RowTag {
    /// The tag, if the row speaks of one.
    #[must_use]
    pub const fn exact(self) -> Option<Tag> {
        match self {
            Self::Exact(tag) => Some(tag),
            _ => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "gggg odd" => Some(Self::Private),
            "50xxxxxx" => Some(Self::Curves),
            _ => match text.strip_prefix("60xx") {
                Some(element) => u16::from_str_radix(element, 16).ok().map(Self::Overlays),
                None => parse_tag(text).map(Self::Exact),
            },
        }
    }
}

impl fmt::Display for RowTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(tag) => write!(f, "({:04X},{:04X})", tag.0, tag.1),
            Self::Curves => f.write_str("(50xx,xxxx)"),
            Self::Overlays(element) => write!(f, "(60xx,{element:04X})"),
            Self::Private => f.write_str("(gggg,eeee), gggg odd"),
        }
    }
}

/// The option of each option column of the file, in the file's order.
pub(crate) const COLUMNS: [ProfileOption; 10] = [
    ProfileOption::RetainSafePrivate,
    ProfileOption::RetainUids,
    ProfileOption::RetainDeviceIdentity,
    ProfileOption::RetainInstitutionIdentity,
    ProfileOption::RetainPatientCharacteristics,
    ProfileOption::RetainLongitudinalFullDates,
    ProfileOption::RetainLongitudinalModifiedDates,
    ProfileOption::CleanDescriptors,
    ProfileOption::CleanStructuredContent,
    ProfileOption::CleanGraphics,
];

/// A row of Table E.1-1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which attributes.
    pub tag: RowTag,
    /// The keyword of the attribute.
    pub keyword: &'static str,
    /// Its VR; `None` where the row speaks of many or the VR was not found out.
    pub vr: Option<VR>,
    /// Whether the attribute is retired.
    pub retired: bool,
    /// Whether a standard Composite IOD holds it.
    pub in_standard_iod: bool,
    /// What the Basic Profile does.
    pub basic: Code,
    cells: [Option<Cell>; 10],
}

impl Row {
    /// What an option says; `None` where its column is empty or the option has none.
    #[must_use]
    pub fn cell(&self, option: ProfileOption) -> Option<Cell> {
        let column = COLUMNS.iter().position(|column| *column == option)?;
        self.cells.get(column).copied().flatten()
    }

    /// What the options say together. Where one keeps and another cleans, cleaning wins: the standard
    /// leaves that open, and it happens only between device identity and modified dates (11 rows).
    #[must_use]
    pub fn option_cell(&self, options: OptionSet) -> Option<(ProfileOption, Cell)> {
        COLUMNS
            .into_iter()
            .filter(|option| options.has(*option))
            .filter_map(|option| Some((option, self.cell(option)?)))
            .max_by_key(|(option, cell)| (*cell, std::cmp::Reverse(*option)))
    }

    fn parse(line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        let tag = RowTag::parse(fields.next()?)?;
        let keyword = fields.next()?;
        let vr = fields.next()?.parse().ok();
        let flags = fields.next()?;
        let basic = fields.next()?.parse().ok()?;
        let mut cells = [None; 10];
        for cell in &mut cells {
            *cell = parse_cell(fields.next()?)?;
        }
        Some(Self {
            tag,
            keyword,
            vr,
            retired: flags.contains('R'),
            in_standard_iod: flags.contains('S'),
            basic,
            cells,
        })
    }
}

/// An empty cell, K or C; the outer `None` is a mistake in the file.
#[expect(clippy::option_option, reason = "an empty cell is not a mistake")]
pub(crate) fn parse_cell(text: &str) -> Option<Option<Cell>> {
    match text {
        "" => Some(None),
        "K" => Some(Some(Cell::Keep)),
        "C" => Some(Some(Cell::Clean)),
        _ => None,
    }
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut rows: Vec<_> = data_lines(SOURCE).filter_map(Row::parse).collect();
    rows.sort_by_key(|row| row.tag);
    rows
});

/// Every row: those of one attribute in the order of their tags, then those of many.
#[must_use]
pub fn rows() -> &'static [Row] {
    &ROWS
}

/// The row that speaks of an attribute, private ones included.
#[must_use]
pub fn row(tag: Tag) -> Option<&'static Row> {
    let wanted = match tag.0 {
        group if group % 2 == 1 => RowTag::Private,
        0x5000..=0x50FF => RowTag::Curves,
        0x6000..=0x60FF => RowTag::Overlays(tag.1),
        _ => {
            let exact = &ROWS[..exact_rows()];
            return exact
                .binary_search_by_key(&number_of(tag), |row| {
                    row.tag.exact().map_or(u32::MAX, number_of)
                })
                .ok()
                .and_then(|index| exact.get(index));
        }
    };
    ROWS.iter().find(|row| row.tag == wanted)
}

fn exact_rows() -> usize {
    static COUNT: LazyLock<usize> = LazyLock::new(|| {
        ROWS.iter()
            .take_while(|row| row.tag.exact().is_some())
            .count()
    });
    *COUNT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_in_order() {
        assert_eq!(
            rows().len(),
            data_lines(SOURCE).count(),
            "every line is a row"
        );
        assert_eq!(rows().len(), 657);
        assert_eq!(exact_rows(), 653);
        let of = |code| rows().iter().filter(|row| row.basic == code).count();
        assert_eq!(Code::ALL.map(of), [417, 42, 93, 55, 6, 11, 23, 8, 2]);
        let tags: Vec<_> = rows().iter().filter_map(|row| row.tag.exact()).collect();
        assert!(tags.is_sorted_by_key(|tag| number_of(*tag)));
        assert_eq!(rows().iter().filter(|row| row.retired).count(), 102);
    }

    #[test]
    fn every_exact_row_is_found_by_its_tag() {
        for known in rows() {
            if let Some(tag) = known.tag.exact() {
                assert_eq!(row(tag), Some(known), "{}", known.tag);
            }
        }
        assert_eq!(
            row(Tag(0x0009, 0x1001)).map(|row| row.tag),
            Some(RowTag::Private)
        );
        assert_eq!(row(Tag(0x6002, 0x3000)).map(|row| row.basic), Some(Code::X));
        assert_eq!(row(Tag(0x6002, 0x0022)), None);
    }

    #[test]
    fn options_clash_in_the_eleven_known_rows_only() {
        let clashes: Vec<_> = rows()
            .iter()
            .filter(|row| {
                let cells: Vec<_> = COLUMNS
                    .iter()
                    .filter(|option| **option != ProfileOption::RetainLongitudinalFullDates)
                    .filter_map(|option| row.cell(*option))
                    .collect();
                cells.contains(&Cell::Keep) && cells.contains(&Cell::Clean)
            })
            .collect();
        assert_eq!(clashes.len(), 11);
        let both = OptionSet::NONE
            .with(ProfileOption::RetainDeviceIdentity)
            .with(ProfileOption::RetainLongitudinalModifiedDates);
        for row in clashes {
            let (option, cell) = row.option_cell(both).unwrap();
            assert_eq!(option, ProfileOption::RetainLongitudinalModifiedDates);
            assert_eq!(cell, Cell::Clean);
        }
    }
}
