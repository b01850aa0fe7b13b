//! Small images for tests of what waits for a person.

use cloakroom_core::Tag;
use cloakroom_testkit::dicom::{Dataset, DicomFile, Syntax, Value};
use std::fs;
use std::path::Path;

/// Columns and rows of every image here.
pub const SIZE: (u16, u16) = (320, 240);

/// An ultrasound still, which no class clears: something white that could be a name stands in its upper left corner.
pub struct Still<'a> {
    pub patient: &'a str,
    /// Numbers that tell studies, series and instances apart.
    pub study: u32,
    pub series: u32,
    pub instance: u32,
    pub description: &'a str,
    pub frames: u16,
}

/// The UID of something in these images.
pub fn uid(kind: u32, number: u32) -> String {
    format!("1.3.6.1.4.1.32473.77.{kind}.{number}")
}

impl Still<'_> {
    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        DicomFile::new(Syntax::ExplicitLittle, self.dataset()).bytes()
    }

    fn dataset(&self) -> Dataset {
        let mut set = Dataset::new();
        for (tag, text) in [
            (0x0008_0016, "1.2.840.10008.5.1.4.1.1.6.1".to_owned()),
            (0x0008_0018, uid(3, self.instance)),
            (0x0008_0020, "20240310".into()),
            (0x0008_0008, "ORIGINAL\\PRIMARY".into()),
            (0x0008_0060, "US".into()),
            (0x0008_0070, "Echo Works".into()),
            (0x0008_103E, self.description.into()),
            (0x0008_1090, "Whisper 9".into()),
            (0x0010_0010, format!("SAMPLE^{}", self.patient)),
            (0x0010_0020, self.patient.into()),
            (0x0020_000D, uid(1, self.study)),
            (0x0020_000E, uid(2, self.series)),
            (0x0020_0013, self.instance.to_string()),
            (0x0028_0004, "MONOCHROME2".into()),
        ] {
            set.text(tag_of(tag), text);
        }
        if self.frames > 1 {
            set.text(tag_of(0x0028_0008), self.frames.to_string());
            set.text(tag_of(0x0018_1063), "33.3");
        }
        for (tag, word) in [
            (0x0028_0002, 1),
            (0x0028_0010, SIZE.1),
            (0x0028_0011, SIZE.0),
            (0x0028_0100, 8),
            (0x0028_0101, 8),
            (0x0028_0102, 7),
            (0x0028_0103, 0),
        ] {
            set.words(tag_of(tag), &[word]);
        }
        set.put(
            tag_of(0x7FE0_0010),
            cloakroom_core::VR::OW,
            Value::Bytes(self.pixels()),
        );
        set
    }

    /// The same number as a slice of a CT, whose class clears it, with other texts in some attributes.
    pub fn write_as_slice(&self, folder: &Path, other: &[(u32, &str)]) {
        let mut set = self.dataset();
        for (tag, text) in [
            (0x0008_0008, "ORIGINAL\\PRIMARY\\AXIAL"),
            (0x0008_0016, "1.2.840.10008.5.1.4.1.1.2"),
            (0x0008_0060, "CT"),
        ] {
            set.text(tag_of(tag), text);
        }
        for (tag, text) in other {
            set.text(tag_of(*tag), *text);
        }
        for (tag, word) in [(0x0028_0100, 16), (0x0028_0101, 12), (0x0028_0102, 11)] {
            set.words(tag_of(tag), &[word]);
        }
        let pixels = vec![0; usize::from(SIZE.0) * usize::from(SIZE.1) * 2];
        set.put(
            tag_of(0x7FE0_0010),
            cloakroom_core::VR::OW,
            Value::Bytes(pixels),
        );
        let file = DicomFile::new(Syntax::ExplicitLittle, set);
        self.put(folder, &file.bytes());
    }

    fn pixels(&self) -> Vec<u8> {
        let (columns, rows) = (u32::from(SIZE.0), u32::from(SIZE.1));
        let mut pixels = Vec::new();
        for frame in 0..u32::from(self.frames) {
            for y in 0..rows {
                for x in 0..columns {
                    let tissue = (x * 7 + y * 13 + frame * 31 + self.instance * 3) % 90 + 20;
                    let letters = (8..24).contains(&y) && (8..120).contains(&x) && x / 4 % 2 == 0;
                    pixels.push(if letters { 250 } else { tissue as u8 });
                }
            }
        }
        pixels
    }

    /// Writes the file into a folder.
    pub fn write(&self, folder: &Path) {
        self.put(folder, &self.bytes());
    }

    fn put(&self, folder: &Path, bytes: &[u8]) {
        fs::create_dir_all(folder).unwrap();
        let name = format!("{}-{:05}.dcm", self.patient, self.instance);
        fs::write(folder.join(name), bytes).unwrap();
    }
}

fn tag_of(number: u32) -> Tag {
    Tag((number >> 16) as u16, number as u16)
}
