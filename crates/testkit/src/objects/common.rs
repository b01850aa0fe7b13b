//! Modules that every object shares: patient, study, series, equipment, SOP common.

use crate::canaries::{CanaryKind, Ledger};
use crate::dicom::{Dataset, Value};
use crate::people::{Date, Person};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// Makes UIDs under the arc that RFC 5612 reserves for examples, shaped like those of devices:
/// a site, a day and a counter are in them.
#[derive(Debug, Clone)]
pub struct UidMaker {
    prefix: String,
    counter: u32,
}

impl UidMaker {
    /// Starts a family of UIDs.
    #[must_use]
    pub fn new(site: u64, day: Date) -> Self {
        Self {
            prefix: format!(
                "1.3.6.1.4.1.32473.{}.{}",
                100_000 + site % 900_000,
                day.da()
            ),
            counter: 0,
        }
    }

    /// Leaves UIDs out.
    pub const fn skip(&mut self, count: u32) {
        self.counter = self.counter.wrapping_add(count);
    }

    /// The next UID.
    pub fn next_uid(&mut self) -> String {
        self.counter += 1;
        format!("{}.{}", self.prefix, 1000 + u64::from(self.counter))
    }
}

/// A study of a patient.
#[derive(Clone)]
pub struct Study {
    /// The patient.
    pub person: Person,
    /// The day.
    pub date: Date,
    /// The time, as the VR TM writes it.
    pub time: String,
    /// Study Instance UID.
    pub uid: String,
    /// Study ID.
    pub id: String,
    /// Accession Number.
    pub accession: String,
    /// Study Description; the words that identify are in it.
    pub description: String,
    /// The physician who asked for it.
    pub referring: String,
    /// The technician.
    pub operator: String,
    /// Free text about the patient.
    pub history: String,
    /// Frame of Reference UID of its cross-sectional series.
    pub frame_of_reference: String,
}

impl Study {
    /// Makes a study and notes in the ledger everything in it that identifies.
    pub fn new(
        person: &Person,
        day: Date,
        what: &str,
        uids: &mut UidMaker,
        ledger: &mut Ledger,
    ) -> Self {
        let about = format!("study of {} ({what})", person.patient_id);
        note_person(person, ledger);
        let mut study = Self {
            person: person.clone(),
            date: day,
            time: format!(
                "{:02}{:02}{:02}",
                8 + day.day % 10,
                day.day * 2 % 60,
                day.month * 4
            ),
            uid: uids.next_uid(),
            id: ledger.number(CanaryKind::Identifier, format!("{about}: Study ID")),
            accession: ledger.number(CanaryKind::Identifier, format!("{about}: Accession Number")),
            description: String::new(),
            referring: String::new(),
            operator: String::new(),
            history: String::new(),
            frame_of_reference: uids.next_uid(),
        };
        let asked = ledger.word(CanaryKind::Text, format!("{about}: Study Description"));
        study.description = format!("{what} for Dr {asked}");
        study.referring = format!(
            "{}^Ref",
            ledger.word(
                CanaryKind::Name,
                format!("{about}: Referring Physician's Name")
            )
        );
        study.operator = format!(
            "{}^Op",
            ledger.word(CanaryKind::Name, format!("{about}: Operators' Name"))
        );
        let story = ledger.word(
            CanaryKind::Text,
            format!("{about}: Additional Patient History"),
        );
        study.history = format!("Known to ward {story}, phone {}", person.phone);
        for (place, uid) in [
            ("Study Instance UID", &study.uid),
            ("Frame of Reference UID", &study.frame_of_reference),
        ] {
            ledger.note(
                CanaryKind::Uid,
                format!("{about}: {place}"),
                uid,
                "ISO_IR 6",
            );
        }
        study
    }
}

fn note_person(person: &Person, ledger: &mut Ledger) {
    let charset = person.origin.charset();
    let about = |what: &str| format!("patient {}: {what}", person.patient_id);
    for group in person.pn().split('=') {
        ledger.note(CanaryKind::Name, about("Patient's Name"), group, charset);
    }
    ledger.note(
        CanaryKind::Identifier,
        about("Patient ID"),
        &person.patient_id,
        charset,
    );
    ledger.note(
        CanaryKind::Identifier,
        about("Other Patient IDs"),
        &person.national_id,
        charset,
    );
    ledger.note(
        CanaryKind::Date,
        about("Patient's Birth Date"),
        person.birth.da(),
        charset,
    );
    ledger.note(
        CanaryKind::Phone,
        about("Patient's Telephone Numbers"),
        &person.phone,
        charset,
    );
    ledger.note(
        CanaryKind::Address,
        about("Patient's Address"),
        &person.address,
        charset,
    );
    ledger.note(
        CanaryKind::Institution,
        about("Institution Name"),
        &person.hospital,
        charset,
    );
}

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Manufacturer. None of them exists.
    pub maker: &'static str,
    /// Manufacturer's Model Name.
    pub model: &'static str,
}

/// A series of a study.
#[derive(Clone)]
pub struct Series {
    /// Series Instance UID.
    pub uid: String,
    /// Series Number.
    pub number: u32,
    /// Modality.
    pub modality: &'static str,
    /// Series Description.
    pub description: String,
    /// Body Part Examined; empty where the IOD has none.
    pub body_part: &'static str,
    /// The device.
    pub device: Device,
    /// Device Serial Number.
    pub serial: String,
    /// Station Name.
    pub station: String,
    /// Free text for Image Comments.
    pub comment: String,
}

impl Series {
    /// Makes a series and notes in the ledger everything in it that identifies.
    pub fn new(
        study: &Study,
        number: u32,
        kind: SeriesKind,
        uids: &mut UidMaker,
        ledger: &mut Ledger,
    ) -> Self {
        let about = format!("series {number} of study {}", study.accession);
        let uid = uids.next_uid();
        ledger.note(
            CanaryKind::Uid,
            format!("{about}: Series Instance UID"),
            &uid,
            "ISO_IR 6",
        );
        let serial = ledger.number(
            CanaryKind::Identifier,
            format!("{about}: Device Serial Number"),
        );
        let station = ledger.word(CanaryKind::Identifier, format!("{about}: Station Name"));
        let words = ledger.word(CanaryKind::Text, format!("{about}: Series Description"));
        let comment = ledger.word(CanaryKind::Text, format!("{about}: Image Comments"));
        Self {
            uid,
            number,
            modality: kind.modality,
            description: format!("{} {words}", kind.description),
            body_part: kind.body_part,
            device: kind.device,
            serial,
            station,
            comment: format!("see {comment}"),
        }
    }
}

/// What a series is, as far as its kind goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesKind {
    /// Modality.
    pub modality: &'static str,
    /// The protocol's words.
    pub description: &'static str,
    /// Body Part Examined.
    pub body_part: &'static str,
    /// The device.
    pub device: Device,
}

/// Patient, study, series, equipment and SOP common modules of one instance.
#[must_use]
pub fn modules(
    study: &Study,
    series: &Series,
    sop_class: &str,
    sop_instance: &str,
    number: u32,
) -> Dataset {
    let mut dataset = Dataset::new();
    patient_modules(&mut dataset, &study.person, study.date);
    study_modules(&mut dataset, study);
    dataset
        .text(tags::SOP_CLASS_UID, sop_class)
        .text(tags::SOP_INSTANCE_UID, sop_instance)
        .text(tags::MODALITY, series.modality)
        .text(tags::SERIES_INSTANCE_UID, series.uid.as_str())
        .text(tags::SERIES_NUMBER, series.number.to_string())
        .text(tags::SERIES_DATE, study.date.da())
        .text(tags::SERIES_TIME, study.time.as_str())
        .text(tags::SERIES_DESCRIPTION, series.description.as_str())
        .text(tags::OPERATORS_NAME, study.operator.as_str())
        .text(tags::MANUFACTURER, series.device.maker)
        .text(tags::MANUFACTURER_MODEL_NAME, series.device.model)
        .text(tags::DEVICE_SERIAL_NUMBER, series.serial.as_str())
        .text(tags::STATION_NAME, series.station.as_str())
        .text(tags::SOFTWARE_VERSIONS, "synthetic 1.0")
        .text(tags::INSTITUTION_NAME, study.person.hospital.as_str())
        .text(tags::INSTITUTION_ADDRESS, study.person.address.as_str())
        .text(tags::INSTANCE_NUMBER, number.to_string())
        .text(tags::INSTANCE_CREATION_DATE, study.date.da())
        .text(tags::INSTANCE_CREATION_TIME, study.time.as_str());
    if !series.body_part.is_empty() {
        dataset.text(tags::BODY_PART_EXAMINED, series.body_part);
    }
    dataset
}

fn patient_modules(dataset: &mut Dataset, person: &Person, day: Date) {
    let charset = person.origin.charset();
    if charset != "ISO_IR 6" {
        dataset.text(tags::SPECIFIC_CHARACTER_SET, charset);
    }
    let mut other = Dataset::new();
    other
        .text(tags::PATIENT_ID, person.national_id.as_str())
        .text(tags::ISSUER_OF_PATIENT_ID, "NATIONAL")
        .text(tags::TYPE_OF_PATIENT_ID, "TEXT");
    dataset
        .text(tags::PATIENT_NAME, person.pn())
        .text(tags::PATIENT_ID, person.patient_id.as_str())
        .text(tags::PATIENT_BIRTH_DATE, person.birth.da())
        .text(tags::PATIENT_SEX, person.sex.code())
        .text(tags::PATIENT_AGE, person.age_at(day))
        .text(tags::PATIENT_SIZE, format!("{:.2}", person.height))
        .text(tags::PATIENT_WEIGHT, format!("{:.0}", person.weight))
        .text(tags::PATIENT_ADDRESS, person.address.as_str())
        .text(tags::PATIENT_TELEPHONE_NUMBERS, person.phone.as_str())
        .sequence(tags::OTHER_PATIENT_I_DS_SEQUENCE, vec![other]);
}

fn study_modules(dataset: &mut Dataset, study: &Study) {
    dataset
        .text(tags::STUDY_INSTANCE_UID, study.uid.as_str())
        .text(tags::STUDY_DATE, study.date.da())
        .text(tags::STUDY_TIME, study.time.as_str())
        .text(tags::REFERRING_PHYSICIAN_NAME, study.referring.as_str())
        .text(tags::STUDY_ID, study.id.as_str())
        .text(tags::ACCESSION_NUMBER, study.accession.as_str())
        .text(tags::STUDY_DESCRIPTION, study.description.as_str())
        .text(tags::ADDITIONAL_PATIENT_HISTORY, study.history.as_str());
}

/// General Image and Acquisition: dates of this image, its comment.
pub fn general_image(dataset: &mut Dataset, study: &Study, series: &Series, image_type: &str) {
    dataset
        .text(tags::IMAGE_TYPE, image_type)
        .text(tags::CONTENT_DATE, study.date.da())
        .text(tags::CONTENT_TIME, study.time.as_str())
        .text(tags::ACQUISITION_DATE, study.date.da())
        .text(tags::ACQUISITION_TIME, study.time.as_str())
        .text(tags::IMAGE_COMMENTS, series.comment.as_str());
}

/// The geometry of one slice of a stack along the patient's axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// Index from the feet.
    pub index: usize,
    /// Millimetres between pixels.
    pub spacing: f64,
    /// Millimetres between slices.
    pub gap: f64,
    /// Pixels along each side.
    pub size: usize,
}

impl Slice {
    /// Image Position (Patient) in millimetres.
    #[must_use]
    pub fn position(&self) -> [f64; 3] {
        let corner = -self.spacing * (self.size as f64 - 1.0) / 2.0;
        [corner, corner, self.index as f64 * self.gap - 100.0]
    }

    /// Writes the Image Plane and Frame of Reference modules.
    pub fn put(&self, dataset: &mut Dataset, study: &Study) {
        let [x, y, z] = self.position();
        dataset
            .text(
                tags::FRAME_OF_REFERENCE_UID,
                study.frame_of_reference.as_str(),
            )
            .empty(tags::POSITION_REFERENCE_INDICATOR)
            .text(tags::PIXEL_SPACING, format!("{0:.4}\\{0:.4}", self.spacing))
            .text(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0")
            .text(
                tags::IMAGE_POSITION_PATIENT,
                format!("{x:.4}\\{y:.4}\\{z:.4}"),
            )
            .text(tags::SLICE_THICKNESS, format!("{:.2}", self.gap))
            .text(tags::SLICE_LOCATION, format!("{z:.2}"));
    }
}

/// How the samples of an image are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Samples {
    /// Photometric Interpretation.
    pub photometric: &'static str,
    /// Samples per Pixel.
    pub per_pixel: u16,
    /// Bits Allocated.
    pub allocated: u16,
    /// Bits Stored.
    pub stored: u16,
    /// Whether samples are two's complement.
    pub signed: bool,
}

impl Samples {
    /// 12 bits in 16.
    pub const GRAY_12: Self = Self {
        photometric: "MONOCHROME2",
        per_pixel: 1,
        allocated: 16,
        stored: 12,
        signed: false,
    };
    /// 16 bits, signed.
    pub const GRAY_16_SIGNED: Self = Self {
        photometric: "MONOCHROME2",
        per_pixel: 1,
        allocated: 16,
        stored: 16,
        signed: true,
    };
    /// 8 bits.
    pub const GRAY_8: Self = Self {
        photometric: "MONOCHROME2",
        per_pixel: 1,
        allocated: 8,
        stored: 8,
        signed: false,
    };
    /// Three bytes.
    pub const RGB: Self = Self {
        photometric: "RGB",
        per_pixel: 3,
        allocated: 8,
        stored: 8,
        signed: false,
    };

    /// Writes the Image Pixel module but for the pixels.
    pub fn put(&self, dataset: &mut Dataset, rows: usize, columns: usize) {
        dataset
            .words(tags::SAMPLES_PER_PIXEL, &[self.per_pixel])
            .text(tags::PHOTOMETRIC_INTERPRETATION, self.photometric)
            .words(tags::ROWS, &[rows as u16])
            .words(tags::COLUMNS, &[columns as u16])
            .words(tags::BITS_ALLOCATED, &[self.allocated])
            .words(tags::BITS_STORED, &[self.stored])
            .words(tags::HIGH_BIT, &[self.stored - 1])
            .words(tags::PIXEL_REPRESENTATION, &[u16::from(self.signed)]);
        if self.per_pixel > 1 {
            dataset.words(tags::PLANAR_CONFIGURATION, &[0]);
        }
    }
}

/// Writes native pixels of 16 bits.
pub fn pixels_16(dataset: &mut Dataset, words: Vec<u16>) {
    dataset.put(tags::PIXEL_DATA, VR::OW, Value::Words(words));
}

/// Writes native pixels of 8 bits.
pub fn pixels_8(dataset: &mut Dataset, bytes: Vec<u8>) {
    dataset.put(tags::PIXEL_DATA, VR::OB, Value::Bytes(bytes));
}

/// Writes encapsulated frames, one fragment each, with an offset table.
pub fn pixels_encapsulated(dataset: &mut Dataset, frames: Vec<Vec<u8>>) {
    let mut offset = 0;
    let offsets = frames
        .iter()
        .map(|frame| {
            let start = offset;
            offset += frame.len() as u32 + frame.len() as u32 % 2 + 8;
            start
        })
        .collect();
    dataset.put(
        tags::PIXEL_DATA,
        VR::OB,
        Value::Fragments {
            offsets,
            fragments: frames,
        },
    );
}

/// Private elements as devices write them: text, numbers, a sequence and a blob that quotes the patient.
pub fn private_block(dataset: &mut Dataset, study: &Study, series: &Series, ledger: &mut Ledger) {
    let about = format!(
        "series {} of study {}: private block",
        series.number, study.accession
    );
    let text = ledger.word(CanaryKind::Text, format!("{about}, text"));
    let nested = ledger.word(CanaryKind::Name, format!("{about}, name in a sequence"));
    let blob = ledger.word(CanaryKind::Bytes, format!("{about}, bytes"));
    let mut item = Dataset::new();
    item.text(tags::PATIENT_NAME, format!("{nested}^X"));
    dataset
        .private_creator(0x0029, 0x10, "SYNTHETIC MEDICAL 1.0")
        .put(
            Tag(0x0029, 0x1001),
            VR::LO,
            Value::Text(format!("protocol {text}")),
        )
        .put(Tag(0x0029, 0x1002), VR::US, Value::Words(vec![42]))
        .sequence(Tag(0x0029, 0x1003), vec![item])
        .put(
            Tag(0x0029, 0x1010),
            VR::OB,
            Value::Bytes(
                format!("\u{1}\u{2}ASCCONV {blob} {}", study.person.patient_id).into_bytes(),
            ),
        );
}
