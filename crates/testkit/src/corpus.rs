//! Large corpora for benchmarks, written as fast as a disk takes them and in constant memory.
//!
//! Slices are 512 pixels square, 16 bits, with the noise of real ones, so that they compress as real
//! ones do (zstd at level 3: about 2.4 to 1). Each has noise of its own: nothing repeats in a series.

use crate::canaries::Ledger;
use crate::dicom::{Dataset, DicomFile, Syntax, Value};
use crate::objects::common::{Device, Series, SeriesKind, Slice, Study, UidMaker, pixels_16};
use crate::objects::images;
use crate::people::{Date, Origin, Person};
use crate::phantom::Canvas;
use crate::phantom::brain::{self, Weighting};
use crate::phantom::thorax::{self, Lesion};
use crate::random::Random;
use dicom_core::VR;
use dicom_dictionary_std::tags;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Slices of one series.
pub const SLICES_PER_SERIES: usize = 100;

const DEVICE: Device = Device {
    maker: "Synthetic Medical",
    model: "Phantom Bench",
};
const SIZE: usize = 512;
const LESION: Lesion = Lesion {
    x: 0.31,
    y: 0.47,
    radius: 0.025,
    slice: 50,
    reach: 20,
};

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Files.
    pub files: usize,
    /// Bytes in them.
    pub bytes: u64,
}

/// Writes CT and MR slices of 512 KB each, in series of a hundred, one patient a series, CT and MR in turn.
///
/// # Errors
/// If the folder cannot be written.
pub fn slices(folder: &Path, count: usize, seed: u64) -> io::Result<Written> {
    let mut written = Written::default();
    for series in 0..count.div_ceil(SLICES_PER_SERIES) {
        let maker = SeriesMaker::new(series, seed);
        let below = folder.join(&maker.folder);
        fs::create_dir_all(&below)?;
        let slices = SLICES_PER_SERIES.min(count - series * SLICES_PER_SERIES);
        for slice in 0..slices {
            let bytes = maker.slice(slice).bytes();
            fs::write(below.join(format!("IM{slice:04}")), &bytes)?;
            written.files += 1;
            written.bytes += bytes.len() as u64;
        }
    }
    Ok(written)
}

/// Writes files that are all header: a slice of 8 pixels square each, for measuring what a file costs.
///
/// # Errors
/// If the folder cannot be written.
pub fn headers(folder: &Path, count: usize, seed: u64) -> io::Result<Written> {
    let mut written = Written::default();
    for series in 0..count.div_ceil(SLICES_PER_SERIES) {
        let mut maker = SeriesMaker::new(series, seed);
        maker.anatomy = Canvas::new(8, 8, 100);
        let below = folder.join(&maker.folder);
        fs::create_dir_all(&below)?;
        for slice in 0..SLICES_PER_SERIES.min(count - series * SLICES_PER_SERIES) {
            let bytes = maker.slice(slice).bytes();
            fs::write(below.join(format!("IM{slice:04}")), &bytes)?;
            written.files += 1;
            written.bytes += bytes.len() as u64;
        }
    }
    Ok(written)
}

/// Writes one multi-frame CT file of about `bytes` bytes (below 4 GB) without holding it in memory.
///
/// # Errors
/// If the file cannot be written.
pub fn multi_frame(path: &Path, bytes: u64, seed: u64) -> io::Result<Written> {
    let frame_bytes = (2 * SIZE * SIZE) as u64;
    let frames = (bytes.min(u64::from(u32::MAX) - 1) / frame_bytes).max(1);
    let maker = SeriesMaker::new(0, seed);
    let mut dataset = maker.slice(0).dataset;
    dataset.remove(tags::PIXEL_DATA);
    dataset
        .text(
            tags::SOP_CLASS_UID,
            dicom_dictionary_std::uids::LEGACY_CONVERTED_ENHANCED_CT_IMAGE_STORAGE,
        )
        .text(
            tags::SOP_INSTANCE_UID,
            format!("{}.{}", maker.first_uid, seed + 1),
        )
        .text(tags::NUMBER_OF_FRAMES, frames.to_string());
    let head = DicomFile::new(Syntax::ExplicitLittle, dataset).bytes();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(&head)?;
    out.write_all(b"\xE0\x7F\x10\x00OW\x00\x00")?;
    out.write_all(&((frames * frame_bytes) as u32).to_le_bytes())?;
    // A few different frames in turn: more of them than the window of a usual compressor holds.
    let noisy: Vec<Vec<u8>> = (0..frames.min(NOISY_FRAMES))
        .map(|frame| {
            maker
                .samples(frame as usize)
                .into_iter()
                .flat_map(u16::to_le_bytes)
                .collect()
        })
        .collect();
    for frame in noisy.iter().cycle().take(frames as usize) {
        out.write_all(frame)?;
    }
    out.flush()?;
    Ok(Written {
        files: 1,
        bytes: head.len() as u64 + 12 + frames * frame_bytes,
    })
}

/// So many frames of a multi-frame file have noise of their own.
const NOISY_FRAMES: u64 = 24;

/// One series: its header once, its anatomy once, fresh noise for every slice.
struct SeriesMaker {
    folder: String,
    header: Dataset,
    anatomy: Canvas,
    first_uid: String,
    ct: bool,
    seed: u64,
}

impl SeriesMaker {
    fn new(series: usize, seed: u64) -> Self {
        let number = series as u32;
        let mut random = Random::named(seed, &format!("corpus {series}"));
        let day = Date::draw(&mut random, 2019, 2024);
        let person = Person::draw(Origin::ALL[series % Origin::ALL.len()], number, seed);
        let mut uids = UidMaker::new(u64::from(number), day);
        let mut ledger = Ledger::new(seed, "corpus");
        let study = Study::new(&person, day, "Benchmark", &mut uids, &mut ledger);
        let ct = series.is_multiple_of(2);
        let kind = SeriesKind {
            modality: if ct { "CT" } else { "MR" },
            description: "BENCH",
            body_part: if ct { "CHEST" } else { "HEAD" },
            device: DEVICE,
        };
        let made = Series::new(&study, 1, kind, &mut uids, &mut ledger);
        let slice = Slice {
            index: 0,
            spacing: 0.7,
            gap: 1.0,
            size: SIZE,
        };
        let first_uid = uids.next_uid();
        let (header, anatomy) = if ct {
            let picture = thorax::chest_slice(SIZE, 50, SLICES_PER_SERIES, &LESION, &mut random);
            (
                images::ct(&study, &made, &first_uid, &slice, &picture),
                picture,
            )
        } else {
            let picture = brain::slice(
                SIZE,
                30,
                SLICES_PER_SERIES,
                Weighting::T2,
                &LESION,
                &mut random,
            );
            (
                images::mr(&study, &made, &first_uid, &slice, Weighting::T2, &picture),
                picture,
            )
        };
        Self {
            folder: format!("{}/{}", person.folder_name(), made.uid),
            header,
            anatomy,
            first_uid,
            ct,
            seed,
        }
    }

    fn slice(&self, index: usize) -> DicomFile {
        let mut dataset = self.header.clone();
        let slice = Slice {
            index,
            spacing: 0.7,
            gap: 1.0,
            size: self.anatomy.width,
        };
        let [x, y, z] = slice.position();
        dataset
            .text(
                tags::SOP_INSTANCE_UID,
                format!("{}.{}", self.first_uid, index + 1),
            )
            .text(tags::INSTANCE_NUMBER, (index + 1).to_string())
            .text(
                tags::IMAGE_POSITION_PATIENT,
                format!("{x:.4}\\{y:.4}\\{z:.4}"),
            )
            .text(tags::SLICE_LOCATION, format!("{z:.2}"))
            .words(tags::ROWS, &[self.anatomy.height as u16])
            .words(tags::COLUMNS, &[self.anatomy.width as u16]);
        pixels_16(&mut dataset, self.samples(index));
        DicomFile::new(Syntax::ExplicitLittle, dataset)
    }

    /// The stored values of one slice.
    fn samples(&self, index: usize) -> Vec<u16> {
        let mut random = Random::named(self.seed, &format!("{} {index}", self.first_uid));
        let offset = if self.ct { 1024 } else { 0 };
        // The anatomy has the noise of a reconstruction already; this much more keeps slices apart.
        let sample = |body: &i32| (body + offset + random.noise() / 160).clamp(0, 4095) as u16;
        self.anatomy.samples.iter().map(sample).collect()
    }
}

/// A data set of one huge private value, for limits: `bytes` bytes of zeros in an OB.
#[must_use]
pub fn huge_value(bytes: usize, seed: u64) -> DicomFile {
    let mut file = SeriesMaker::new(0, seed).slice(0);
    file.dataset.private_creator(0x0009, 0x10, "SYNTHETIC").put(
        dicom_core::Tag(0x0009, 0x1001),
        VR::OB,
        Value::Bytes(vec![0; bytes]),
    );
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_half_a_megabyte_and_compress_as_real_ones_do() {
        let folder = tempfile::tempdir().unwrap();
        let written = slices(folder.path(), 102, 1).unwrap();
        assert_eq!(written.files, 102);
        for (series, low, high) in [(0, 1.9, 2.9), (1, 1.7, 2.9)] {
            let one = SeriesMaker::new(series, 1);
            let mut bytes = one.slice(0).bytes();
            assert!((524_288..528_000).contains(&bytes.len()), "{}", bytes.len());
            bytes.extend(one.slice(1).bytes());
            let packed = zstd::encode_all(&bytes[..], 3).unwrap();
            let ratio = bytes.len() as f64 / packed.len() as f64;
            assert!((low..high).contains(&ratio), "series {series}: {ratio}");
        }
    }

    #[test]
    fn a_multi_frame_file_has_the_size_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cine");
        let written = multi_frame(&path, 3 << 20, 1).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), written.bytes);
        assert!(written.bytes > 3 << 20);
        let headers = headers(folder.path(), 5, 1).unwrap();
        assert!(headers.files == 5 && headers.bytes < 20_000, "{headers:?}");
    }
}
