//! The files under `fixtures/`: written by this code, kept in the tree so that a change of a byte shows.

use crate::broken;
use crate::canaries::Ledger;
use crate::dicom::jpeg::{self, JpegColour};
use crate::dicom::{Dataset, DicomFile, Syntax, Value, rle};
use crate::objects::common::{
    Device, Samples, Series, SeriesKind, Slice, Study, UidMaker, pixels_encapsulated,
};
use crate::objects::documents::{self, Reference, RegionWords, ReportWords};
use crate::objects::ultrasound::{self, Storage};
use crate::objects::{images, segmentation};
use crate::people::{Date, Origin, Person};
use crate::phantom::brain::{self, Weighting};
use crate::phantom::breast::{self, View};
use crate::phantom::thorax::{self, Lesion};
use crate::phantom::ultrasound::{Organ, frame};
use crate::phantom::{chest, screen};
use crate::random::Random;
use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// A file that breaks no rule.
#[derive(Clone)]
pub struct GoldenFile {
    /// Its name without extension.
    pub name: String,
    /// The patient whose header it bears.
    pub person: Person,
    /// The object.
    pub file: DicomFile,
}

const SEED: u64 = 20_260_101;
const DEVICE: Device = Device {
    maker: "Synthetic Medical",
    model: "Phantom",
};
const SIZE: usize = 64;
const LESION: Lesion = Lesion {
    x: 0.3,
    y: 0.48,
    radius: 0.06,
    slice: 0,
    reach: 1,
};

/// One study in the making.
struct Maker {
    study: Study,
    uids: UidMaker,
    ledger: Ledger,
    random: Random,
}

impl Maker {
    fn new(origin: Origin, number: u32) -> Self {
        let day = Date {
            year: 2021,
            month: 3,
            day: 4,
        };
        let mut uids = UidMaker::new(u64::from(number), day);
        let mut ledger = Ledger::new(SEED, "golden");
        let person = Person::draw(origin, number, SEED);
        let study = Study::new(&person, day, "Golden", &mut uids, &mut ledger);
        Self {
            study,
            uids,
            ledger,
            random: Random::named(SEED, &format!("golden {number}")),
        }
    }

    fn series(&mut self, modality: &'static str, body_part: &'static str) -> Series {
        let kind = SeriesKind {
            modality,
            description: "golden",
            body_part,
            device: DEVICE,
        };
        Series::new(&self.study, 1, kind, &mut self.uids, &mut self.ledger)
    }

    fn ct(&mut self) -> (Series, Dataset, Reference) {
        let series = self.series("CT", "CHEST");
        let slice = Slice {
            index: 0,
            spacing: 5.6,
            gap: 5.0,
            size: SIZE,
        };
        let picture = thorax::chest_slice(SIZE, 0, 1, &LESION, &mut self.random);
        let instance = self.uids.next_uid();
        let dataset = images::ct(&self.study, &series, &instance, &slice, &picture);
        (
            series,
            dataset,
            Reference {
                class: uids::CT_IMAGE_STORAGE.to_owned(),
                instance,
                slice,
            },
        )
    }

    fn finish(self, name: &str, syntax: Syntax, dataset: Dataset) -> GoldenFile {
        GoldenFile {
            name: name.to_owned(),
            person: self.study.person,
            file: DicomFile::new(syntax, dataset),
        }
    }
}

/// Every golden file: a CT in every transfer syntax, in every character set, and an object of every kind.
#[must_use]
pub fn golden() -> Vec<GoldenFile> {
    let mut files = by_syntax();
    files.extend(by_charset());
    files.extend(pictures());
    files.extend(papers());
    files
}

fn by_syntax() -> Vec<GoldenFile> {
    let names = [
        "ct-implicit-little",
        "ct-explicit-little",
        "ct-explicit-big",
        "ct-deflated",
        "ct-rle",
        "sc-jpeg-baseline",
    ];
    (1..)
        .zip(names.into_iter().zip(Syntax::ALL))
        .map(|(number, (name, syntax))| {
            let mut maker = Maker::new(Origin::Philippines, number);
            let (_, mut dataset, _) = maker.ct();
            match syntax {
                Syntax::Rle => as_rle(&mut dataset),
                Syntax::JpegBaseline => dataset = jpeg_capture(&mut maker),
                _ => {}
            }
            maker.finish(name, syntax, dataset)
        })
        .collect()
}

fn as_rle(dataset: &mut Dataset) {
    if let Some(Value::Words(words)) = dataset
        .get(tags::PIXEL_DATA)
        .map(|element| element.value.clone())
    {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        pixels_encapsulated(dataset, vec![rle::encode_frame(&bytes, 1, 2, SIZE)]);
    }
}

fn jpeg_capture(maker: &mut Maker) -> Dataset {
    let series = maker.series("OT", "");
    let (picture, _) = screen::dose_report(SIZE, SIZE, &["GOLDEN".to_owned()]);
    let mut dataset = images::screen(&maker.study, &series, &maker.uids.next_uid(), &picture);
    Samples {
        photometric: "YBR_FULL_422",
        ..Samples::RGB
    }
    .put(&mut dataset, SIZE, SIZE);
    dataset
        .text(tags::LOSSY_IMAGE_COMPRESSION, "01")
        .text(tags::LOSSY_IMAGE_COMPRESSION_RATIO, "8")
        .text(tags::LOSSY_IMAGE_COMPRESSION_METHOD, "ISO_10918_1");
    let frame = jpeg::encode_frame(
        &picture.rgb(),
        SIZE as u16,
        SIZE as u16,
        JpegColour::Ybr422,
        85,
    );
    pixels_encapsulated(&mut dataset, vec![frame]);
    dataset
}

fn by_charset() -> Vec<GoldenFile> {
    let names = [
        (Origin::China, "name-gb18030"),
        (Origin::ChinaIso2022, "name-iso-2022-ir-58"),
        (Origin::Vietnam, "name-utf-8-vietnamese"),
        (Origin::Thailand, "name-iso-ir-166-thai"),
        (Origin::Korea, "name-iso-2022-ir-149"),
        (Origin::Japan, "name-iso-2022-ir-87"),
        (Origin::Singapore, "name-iso-ir-100"),
    ];
    let mut files: Vec<GoldenFile> = (20..)
        .zip(names)
        .map(|(number, (origin, name))| {
            let mut maker = Maker::new(origin, number);
            let (_, dataset, _) = maker.ct();
            maker.finish(name, Syntax::ExplicitLittle, dataset)
        })
        .collect();
    // Half-width katakana in the first group, as Japanese registration systems wrote them.
    let mut maker = Maker::new(Origin::Japan, 30);
    let (_, mut dataset, _) = maker.ct();
    dataset
        .text(
            tags::SPECIFIC_CHARACTER_SET,
            "ISO 2022 IR 13\\ISO 2022 IR 87",
        )
        .text(tags::PATIENT_NAME, "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう");
    files.push(maker.finish(
        "name-iso-2022-ir-13-and-87",
        Syntax::ExplicitLittle,
        dataset,
    ));
    let mut maker = Maker::new(Origin::China, 31);
    let (_, mut dataset, _) = maker.ct();
    dataset.text(tags::SPECIFIC_CHARACTER_SET, "GBK");
    files.push(maker.finish("name-gbk", Syntax::ExplicitLittle, dataset));
    // An item with a character set of its own, between text in another.
    let mut maker = Maker::new(Origin::Singapore, 32);
    let (_, mut dataset, _) = maker.ct();
    let mut item = related_series();
    item.text(tags::SPECIFIC_CHARACTER_SET, "GB18030")
        .text(tags::OPERATORS_NAME, "王^小东");
    dataset
        .sequence(tags::RELATED_SERIES_SEQUENCE, vec![item])
        .text(tags::PATIENT_COMMENTS, "Müller, Jörg");
    files.push(maker.finish(
        "name-gb18030-inside-an-item",
        Syntax::ExplicitLittle,
        dataset,
    ));
    files
}

/// An item of Related Series Sequence with what PS3.3 asks for.
fn related_series() -> Dataset {
    let mut item = Dataset::new();
    item.text(tags::STUDY_INSTANCE_UID, "1.3.6.1.4.1.32473.1.5")
        .text(tags::SERIES_INSTANCE_UID, "1.3.6.1.4.1.32473.1.6")
        .empty(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE);
    item
}

fn pictures() -> Vec<GoldenFile> {
    let mut files = Vec::new();
    let mut maker = Maker::new(Origin::Malaysia, 40);
    let series = maker.series("MR", "HEAD");
    let slice = Slice {
        index: 0,
        spacing: 3.6,
        gap: 3.0,
        size: SIZE,
    };
    let picture = brain::slice(SIZE, 0, 1, Weighting::Flair, &LESION, &mut maker.random);
    let dataset = images::mr(
        &maker.study,
        &series,
        &maker.uids.next_uid(),
        &slice,
        Weighting::Flair,
        &picture,
    );
    files.push(maker.finish("mr", Syntax::ExplicitLittle, dataset));
    let mut maker = Maker::new(Origin::Malaysia, 41);
    let series = maker.series("CR", "CHEST");
    let picture = chest::frontal(SIZE, SIZE, &mut maker.random);
    let dataset = images::cr(
        &maker.study,
        &series,
        &maker.uids.next_uid(),
        "PA",
        &picture,
    );
    files.push(maker.finish("cr", Syntax::ExplicitLittle, dataset));
    let mut maker = Maker::new(Origin::Malaysia, 42);
    let series = maker.series("MG", "BREAST");
    let view = View {
        laterality: "L",
        position: "MLO",
    };
    let picture = breast::mammogram(SIZE, SIZE, view, true, &mut maker.random);
    let dataset = images::mg(
        &maker.study,
        &series,
        &maker.uids.next_uid(),
        view,
        1,
        &picture,
    );
    files.push(maker.finish("mg", Syntax::ExplicitLittle, dataset));
    for (number, name, storage, syntax, count) in [
        (43, "us-gray", Storage::Gray, Syntax::ExplicitLittle, 1),
        (44, "us-rgb-rle", Storage::RgbRle, Syntax::Rle, 1),
        (45, "us-cine-jpeg", Storage::Jpeg, Syntax::JpegBaseline, 2),
    ] {
        let mut maker = Maker::new(Origin::Indonesia, number);
        let series = maker.series("US", "THYROID");
        let header = ["GOLDEN ID1".to_owned()];
        let frames: Vec<_> = (0..count)
            .map(|time| frame(128, 96, Organ::Thyroid, &header, time, &mut maker.random))
            .collect();
        let uid = maker.uids.next_uid();
        let dataset = ultrasound::image(&maker.study, &series, &uid, storage, &frames, 1);
        files.push(maker.finish(name, syntax, dataset));
    }
    files
}

fn papers() -> Vec<GoldenFile> {
    let words = RegionWords {
        label: "LABEL".into(),
        region: "GTV".into(),
        author: "DOE^JANE".into(),
    };
    let mut files = Vec::new();
    for (number, name, modality) in [
        (50, "sr", "SR"),
        (51, "rtstruct", "RTSTRUCT"),
        (52, "seg", "SEG"),
        (53, "pdf", "DOC"),
    ] {
        let mut maker = Maker::new(Origin::Philippines, number);
        let (source, _, reference) = maker.ct();
        let series = maker.series(modality, "");
        let uid = maker.uids.next_uid();
        let source = (&source, &[reference][..]);
        let dataset = match modality {
            "SR" => {
                let words = ReportWords {
                    observer: "DOE^JANE".into(),
                    finding: "A nodule of 9 mm.".into(),
                    tracking_uid: format!("{uid}.1"),
                };
                documents::report(&maker.study, &series, &uid, &words, source)
            }
            "RTSTRUCT" => {
                documents::structure_set(&maker.study, &series, &uid, &words, &LESION, source)
            }
            "SEG" => {
                segmentation::segmentation(&maker.study, &series, &uid, &words, &LESION, source)
            }
            _ => documents::encapsulated_pdf(
                &maker.study,
                &series,
                &uid,
                "Letter",
                &documents::pdf("Dear colleague"),
            ),
        };
        files.push(maker.finish(name, Syntax::ExplicitLittle, dataset));
    }
    let mut maker = Maker::new(Origin::Philippines, 54);
    let (_, mut dataset, _) = maker.ct();
    let mut inner = Dataset::new();
    inner
        .text(tags::REFERENCED_SOP_CLASS_UID, uids::CT_IMAGE_STORAGE)
        .text(tags::REFERENCED_SOP_INSTANCE_UID, "1.3.6.1.4.1.32473.1.7")
        .text(tags::OPERATORS_NAME, "DEEP^DOWN");
    let mut outer = related_series();
    outer.open_sequence(tags::REFERENCED_IMAGE_SEQUENCE, vec![inner]);
    dataset.open_sequence(tags::RELATED_SERIES_SEQUENCE, vec![outer]);
    dataset.private_creator(0x0029, 0x10, "SYNTHETIC").put(
        dicom_core::Tag(0x0029, 0x1001),
        VR::LO,
        Value::Text("private".into()),
    );
    files.push(maker.finish("ct-nested-and-private", Syntax::ExplicitLittle, dataset));
    files
}

/// Every fixture: its path below `fixtures/` and its bytes.
#[must_use]
pub fn all() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut table = String::from(
        "# Written by cloakroom-testkit. What is wrong with each file, and the outcomes that are right for it.\n# name\toutcomes\twhy\n",
    );
    for file in broken::all() {
        let outcomes: Vec<String> = file.expected.iter().map(ToString::to_string).collect();
        table.push_str(&format!(
            "{}\t{}\t{}\n",
            file.name,
            outcomes.join("; "),
            file.why
        ));
        files.insert(format!("broken/{}.dcm", file.name), file.bytes);
    }
    files.insert("broken/EXPECTED.tsv".to_owned(), table.into_bytes());
    let mut table = String::from(
        "# Written by cloakroom-testkit. What a right reader reads.\n# name\ttransfer syntax\tSpecific Character Set\tPatient's Name\n",
    );
    for file in golden() {
        let text = |tag| file.file.dataset.text_of(tag).unwrap_or_default();
        let row = [
            file.name.as_str(),
            file.file.syntax.uid(),
            text(tags::SPECIFIC_CHARACTER_SET),
            text(tags::PATIENT_NAME),
        ];
        table.push_str(&format!("{}\n", row.join("\t")));
        files.insert(format!("golden/{}.dcm", file.name), file.file.bytes());
    }
    files.insert("golden/EXPECTED.tsv".to_owned(), table.into_bytes());
    files
}

/// Writes every fixture into a folder.
///
/// # Errors
/// If the folder cannot be written.
pub fn write(folder: &Path) -> io::Result<()> {
    for (path, bytes) in all() {
        let full = folder.join(path);
        if let Some(parent) = full.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(full, bytes)?;
    }
    Ok(())
}
