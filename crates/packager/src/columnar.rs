//! The tables once more as Apache Parquet, for readers that want a few columns of many rows.
//!
//! CSV is what counts; Parquet is made from it, a group of rows at a time, and compared with it by `verify`.

use crate::error::PackError;
use crate::tables;
use ::parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType, ZstdLevel};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::record::Field;
use ::parquet::schema::types::Type;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Rows of a group; only one group is in memory.
const GROUP: usize = 1 << 15;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Number,
}

/// What the columns of a table hold; text, where nothing else is said.
fn kind(table: &str, column: &str) -> Kind {
    let counts = ["studies", "series", "instances", "bytes"];
    let places = ["frames", "offset", "length", "tar_offset", "tar_length"];
    let of_instances = [
        "offset",
        "size",
        "instance_number",
        "rows",
        "columns",
        "frames",
        "bits_stored",
    ];
    let spacings = ["row_spacing", "column_spacing", "slice_thickness"];
    let integer = match table {
        tables::PATIENTS => counts.contains(&column),
        tables::STUDIES => counts[1..].contains(&column),
        tables::SERIES => counts[2..].contains(&column) || places.contains(&column),
        tables::INSTANCES => of_instances.contains(&column),
        _ => false,
    };
    if integer {
        Kind::Integer
    } else if table == tables::INSTANCES && spacings.contains(&column) {
        Kind::Number
    } else {
        Kind::Text
    }
}

/// The path of the Parquet file of a table.
pub(crate) fn path_of(table: &str) -> Option<String> {
    table
        .strip_suffix(".csv")
        .map(|stem| format!("{stem}.parquet"))
}

/// The tables that have a Parquet file beside them, with its path.
pub(crate) fn beside(has: impl Fn(&str) -> bool) -> Vec<(&'static str, String)> {
    let pairs = tables::ALL.into_iter();
    pairs
        .filter_map(|table| path_of(table).map(|path| (table, path)))
        .filter(|(table, path)| has(table) && has(path))
        .collect()
}

/// A column of the group that is being filled. An empty field is null.
struct Column {
    kind: Kind,
    present: Vec<i16>,
    texts: Vec<ByteArray>,
    integers: Vec<i64>,
    numbers: Vec<f64>,
}

impl Column {
    const fn new(kind: Kind) -> Self {
        Self {
            kind,
            present: Vec::new(),
            texts: Vec::new(),
            integers: Vec::new(),
            numbers: Vec::new(),
        }
    }

    /// Takes a field; `None` if it is not of the column's kind.
    fn push(&mut self, field: &str) -> Option<()> {
        self.present.push(i16::from(!field.is_empty()));
        if field.is_empty() {
            return Some(());
        }
        match self.kind {
            Kind::Text => self.texts.push(ByteArray::from(field)),
            Kind::Integer => self.integers.push(field.parse().ok()?),
            Kind::Number => self.numbers.push(field.parse().ok()?),
        }
        Some(())
    }

    fn write(&mut self, writer: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        let present = Some(self.present.as_slice());
        match writer {
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                writer.write_batch(&self.texts, present, None)?;
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                writer.write_batch(&self.integers, present, None)?;
            }
            ColumnWriter::DoubleColumnWriter(writer) => {
                writer.write_batch(&self.numbers, present, None)?;
            }
            _ => return Err(ParquetError::General("a column of another kind".into())),
        }
        self.present.clear();
        self.texts.clear();
        self.integers.clear();
        self.numbers.clear();
        Ok(())
    }
}

/// Writes a CSV table as Parquet.
pub(crate) fn write(
    table: &str,
    csv: impl Read,
    out: &mut (dyn Write + Send),
) -> Result<(), PackError> {
    let fault = |error: &dyn std::fmt::Display| PackError::Table {
        table: table.into(),
        why: error.to_string(),
    };
    let mut reader = csv::ReaderBuilder::new()
        .buffer_capacity(1 << 17)
        .from_reader(csv);
    let header = reader.headers().map_err(|error| fault(&error))?.clone();
    let kinds: Vec<_> = header.iter().map(|name| kind(table, name)).collect();
    let schema = schema(&header, &kinds).map_err(|error| fault(&error))?;
    let properties = properties().map_err(|error| fault(&error))?;
    let mut writer =
        SerializedFileWriter::new(out, schema, properties.into()).map_err(|error| fault(&error))?;
    let mut columns: Vec<_> = kinds.into_iter().map(Column::new).collect();
    let mut row = csv::StringRecord::new();
    let mut rows = 0;
    loop {
        let more = reader
            .read_record(&mut row)
            .map_err(|error| fault(&error))?;
        if more {
            for (column, field) in columns.iter_mut().zip(row.iter()) {
                let pushed = column.push(field);
                pushed.ok_or_else(|| fault(&"a field is not of the kind of its column"))?;
            }
            rows += 1;
        }
        if rows == GROUP || (!more && rows > 0) {
            write_group(&mut writer, &mut columns).map_err(|error| fault(&error))?;
            rows = 0;
        }
        if !more {
            break;
        }
    }
    writer.close().map_err(|error| fault(&error))?;
    Ok(())
}

fn write_group<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    columns: &mut [Column],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for column in columns {
        let Some(mut target) = group.next_column()? else {
            return Err(ParquetError::General("a column is missing".into()));
        };
        column.write(target.untyped())?;
        target.close()?;
    }
    group.close().map(drop)
}

fn schema(header: &csv::StringRecord, kinds: &[Kind]) -> Result<Arc<Type>, ParquetError> {
    let field = |(name, kind): (&str, &Kind)| {
        let physical = match kind {
            Kind::Text => PhysicalType::BYTE_ARRAY,
            Kind::Integer => PhysicalType::INT64,
            Kind::Number => PhysicalType::DOUBLE,
        };
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type((*kind == Kind::Text).then_some(LogicalType::String))
            .build()
            .map(Arc::new)
    };
    let fields = header.iter().zip(kinds).map(field);
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder("table").with_fields(fields);
    schema.build().map(Arc::new)
}

/// The name of the writer is fixed, so that bytes change with the writer's code alone.
fn properties() -> Result<WriterProperties, ParquetError> {
    Ok(WriterProperties::builder()
        .set_created_by("cloakroom".into())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .build())
}

/// Whether a Parquet file says what the table says, row by row. What cannot be read says something else.
pub(crate) fn agrees(csv: File, parquet: File) -> bool {
    // The reader was not made for hostile files; where one makes it panic, the file does not agree.
    catch_unwind(AssertUnwindSafe(|| same_rows(csv, parquet))).unwrap_or(false)
}

fn same_rows(csv: File, parquet: File) -> bool {
    let mut reader = csv::Reader::from_reader(BufReader::with_capacity(1 << 17, csv));
    let Ok(header) = reader.headers().cloned() else {
        return false;
    };
    let Ok(file) = SerializedFileReader::new(parquet) else {
        return false;
    };
    let Ok(rows) = file.get_row_iter(None) else {
        return false;
    };
    let mut wanted = reader.records();
    for row in rows {
        let (Ok(row), Some(Ok(wanted))) = (row, wanted.next()) else {
            return false;
        };
        let fields = row.get_column_iter();
        let told = fields.map(|(name, field)| (name.as_str(), text(field)));
        let meant = header.iter().zip(wanted.iter().map(str::to_owned));
        if !told.eq(meant) {
            return false;
        }
    }
    wanted.next().is_none()
}

fn text(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Long(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(csv: &str, table: &str) -> (tempfile::TempDir, File, File) {
        let folder = tempfile::tempdir().unwrap();
        let (text, columns) = (folder.path().join("csv"), folder.path().join("parquet"));
        std::fs::write(&text, csv).unwrap();
        write(table, csv.as_bytes(), &mut File::create(&columns).unwrap()).unwrap();
        let open = |path| File::open(path).unwrap();
        (folder, open(&text), open(&columns))
    }

    #[test]
    fn rows_of_several_groups_agree_and_any_other_table_does_not() {
        let mut csv = String::from("patient,site,split,sex,studies,series,instances,bytes\n");
        for number in 0..GROUP + 5 {
            csv.push_str(&format!("P{number},GX01,,F,1,2,{number},99\n"));
        }
        let (_folder, text, columns) = files(&csv, tables::PATIENTS);
        assert!(agrees(text, columns.try_clone().unwrap()));
        for (old, new) in [
            (",F,1,2,7,", ",F,1,2,8,"),
            ("P9,", "P09,"),
            ("P9,GX01,,F,1,2,9,99\n", ""),
        ] {
            let (_other, text, _) = files(&csv.replacen(old, new, 1), tables::PATIENTS);
            assert!(!agrees(text, columns.try_clone().unwrap()), "{old}");
        }
    }

    #[test]
    fn the_same_table_gives_the_same_bytes_and_damage_is_no_agreement() {
        let csv = "a,b\n\"x, y\",\n张,\"two\nlines\"\n";
        let (first, text, _) = files(csv, "other.csv");
        let (second, ..) = files(csv, "other.csv");
        let read =
            |folder: &tempfile::TempDir| std::fs::read(folder.path().join("parquet")).unwrap();
        let bytes = read(&first);
        assert_eq!(bytes, read(&second));
        let broken = first.path().join("broken");
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] = changed[place].wrapping_add(101);
            std::fs::write(&broken, changed).unwrap();
            let csv = File::open(first.path().join("csv")).unwrap();
            // It may be a byte that means nothing; it must not be the end of the program.
            let _ = agrees(csv, File::open(&broken).unwrap());
        }
        std::fs::write(&broken, &bytes[..bytes.len() - 9]).unwrap();
        assert!(!agrees(text, File::open(&broken).unwrap()));
    }
}
