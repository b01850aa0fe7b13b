//! The studies of a delivery: who was examined with what.

use super::Scale;
use super::delivery::{Delivery, Instance};
use super::truth::BurnedText;
use crate::canaries::{CanaryKind, Ledger};
use crate::dicom::Syntax;
use crate::objects::common::{self, Device, Series, SeriesKind, Slice, Study, UidMaker};
use crate::objects::images;
use crate::people::{Date, Origin, Person};
use crate::phantom::brain::{self, Weighting};
use crate::phantom::breast::{self, View};
use crate::phantom::canvas::Area;
use crate::phantom::thorax::{self, Lesion};
use crate::phantom::{chest, screen};
use crate::random::Random;
use cloakroom_core::{HoldReason, Outcome, RejectReason};

/// What every ward needs to make its studies.
pub(super) struct Ward<'a> {
    pub(super) person: Person,
    pub(super) day: Date,
    pub(super) uids: UidMaker,
    pub(super) random: Random,
    pub(super) scale: &'a Scale,
    pub(super) ledger: &'a mut Ledger,
}

impl<'a> Ward<'a> {
    pub(super) fn open(
        delivery: &'a mut Delivery,
        scale: &'a Scale,
        origin: Origin,
        number: u32,
    ) -> Self {
        let seed = delivery.seed;
        let mut random = Random::named(seed, &format!("ward {number}"));
        let day = Date::draw(&mut random, 2019, 2024);
        let site = Random::named(seed, "site").next_u64();
        Self {
            person: Person::draw(origin, number, seed),
            day,
            uids: UidMaker::new(site + u64::from(number), day),
            random,
            scale,
            ledger: &mut delivery.ledger,
        }
    }

    pub(super) fn study(&mut self, what: &str) -> Study {
        Study::new(&self.person, self.day, what, &mut self.uids, self.ledger)
    }

    pub(super) fn series(&mut self, study: &Study, number: u32, kind: SeriesKind) -> Series {
        Series::new(study, number, kind, &mut self.uids, self.ledger)
    }

    /// A SOP Instance UID that the ledger knows.
    pub(super) fn instance_uid(&mut self, what: &str) -> String {
        let uid = self.uids.next_uid();
        self.ledger.note(
            CanaryKind::Uid,
            format!("{what}: SOP Instance UID"),
            uid,
            "ISO_IR 6",
        )
    }
}

/// A folder of one study, and the instances in it by series.
pub(super) struct StudyFolder {
    pub(super) study: Study,
    pub(super) series: Vec<(Series, Vec<Instance>)>,
}

const CT_DEVICE: Device = Device {
    maker: "Synthetic Medical",
    model: "Phantom CT 64",
};
const MR_DEVICE: Device = Device {
    maker: "Synthetic Medical",
    model: "Phantom MR 3T",
};
const XR_DEVICE: Device = Device {
    maker: "Imaginary Rays",
    model: "Plate One",
};
const MG_DEVICE: Device = Device {
    maker: "Imaginary Rays",
    model: "Mammo Two",
};

/// The outcomes of an image that only looking at can clear.
pub(super) fn looked_at() -> Vec<Outcome> {
    vec![
        Outcome::Cleared,
        Outcome::Held(HoldReason::PixelReasonMissing),
        Outcome::Held(HoldReason::DetectorMissing),
        Outcome::Held(HoldReason::PixelTextUncertain),
    ]
}

/// The outcomes of an image with burned-in identity: masked and cleared, or held.
pub(super) fn masked() -> Vec<Outcome> {
    let mut outcomes = looked_at();
    outcomes.push(Outcome::Held(HoldReason::BurnedInDeclared));
    outcomes.push(Outcome::Held(HoldReason::PixelResidue));
    outcomes
}

/// The outcomes of a screen full of text: never cleared.
pub(super) fn document() -> Vec<Outcome> {
    vec![
        Outcome::Held(HoldReason::DocumentImage),
        Outcome::Held(HoldReason::BurnedInDeclared),
        Outcome::Held(HoldReason::PixelReasonMissing),
        Outcome::Held(HoldReason::DetectorMissing),
        Outcome::Rejected(RejectReason::PolicyDropped),
    ]
}

/// A chest CT with a nodule.
pub(super) fn lung(ward: &mut Ward<'_>, syntax: Syntax, slices: usize) -> (StudyFolder, Lesion) {
    let study = ward.study("Chest CT");
    let kind = SeriesKind {
        modality: "CT",
        description: "THORAX 1.0 B60f",
        body_part: "CHEST",
        device: CT_DEVICE,
    };
    let series = ward.series(&study, 2, kind);
    let nodule = Lesion {
        x: 0.31,
        y: 0.47,
        radius: 0.025,
        slice: slices / 2,
        reach: (slices / 4).max(1),
    };
    let instances = (0..slices)
        .map(|index| {
            let uid = ward.instance_uid("lung CT slice");
            let size = ward.scale.ct;
            let slice = Slice {
                index,
                spacing: 360.0 / size as f64,
                gap: 5.0,
                size,
            };
            let picture = thorax::chest_slice(size, index, slices, &nodule, &mut ward.random);
            let mut dataset = images::ct(&study, &series, &uid, &slice, &picture);
            if index == 0 {
                common::private_block(&mut dataset, &study, &series, ward.ledger);
            }
            instance(
                format!("IM{:04}", index + 1),
                "lung CT slice",
                Some("lung"),
                syntax,
                dataset,
            )
        })
        .collect();
    (
        StudyFolder {
            study,
            series: vec![(series, instances)],
        },
        nodule,
    )
}

/// An arterial phase of the kidneys.
pub(super) fn kidney(ward: &mut Ward<'_>, syntax: Syntax, slices: usize) -> StudyFolder {
    let study = ward.study("CTA kidneys");
    let kind = SeriesKind {
        modality: "CT",
        description: "RENAL ART 1.0",
        body_part: "KIDNEY",
        device: CT_DEVICE,
    };
    let series = ward.series(&study, 3, kind);
    let tumour = Lesion {
        x: 0.67,
        y: 0.55,
        radius: 0.035,
        slice: slices / 2,
        reach: (slices / 4).max(1),
    };
    let instances = (0..slices)
        .map(|index| {
            let uid = ward.instance_uid("kidney CTA slice");
            let size = ward.scale.ct;
            let slice = Slice {
                index,
                spacing: 400.0 / size as f64,
                gap: 4.0,
                size,
            };
            let picture = thorax::kidney_slice(size, index, slices, &tumour, &mut ward.random);
            let mut dataset = images::ct(&study, &series, &uid, &slice, &picture);
            images::add_contrast(&mut dataset);
            instance(
                format!("{}.dcm", index + 1),
                "kidney CTA slice",
                Some("kidney"),
                syntax,
                dataset,
            )
        })
        .collect();
    StudyFolder {
        study,
        series: vec![(series, instances)],
    }
}

/// Four sequences of a brain with a glioma.
pub(super) fn glioma(ward: &mut Ward<'_>, syntax: Syntax) -> StudyFolder {
    let study = ward.study("MR brain");
    let slices = ward.scale.mr_slices;
    let tumour = Lesion {
        x: 0.38,
        y: 0.42,
        radius: 0.06,
        slice: slices / 2,
        reach: (slices / 3).max(1),
    };
    let mut folder = StudyFolder {
        study,
        series: Vec::new(),
    };
    for (number, weighting) in (1..).zip(Weighting::ALL) {
        let kind = SeriesKind {
            modality: "MR",
            description: weighting.description(),
            body_part: "HEAD",
            device: MR_DEVICE,
        };
        let series = ward.series(&folder.study, number, kind);
        let instances = (0..slices)
            .map(|index| {
                let uid = ward.instance_uid("brain MR slice");
                let size = ward.scale.mr;
                let slice = Slice {
                    index,
                    spacing: 230.0 / size as f64,
                    gap: 3.0,
                    size,
                };
                let picture =
                    brain::slice(size, index, slices, weighting, &tumour, &mut ward.random);
                let dataset = images::mr(&folder.study, &series, &uid, &slice, weighting, &picture);
                instance(
                    format!("MR{number}{index:03}.dcm"),
                    "brain MR slice",
                    Some("glioma"),
                    syntax,
                    dataset,
                )
            })
            .collect();
        folder.series.push((series, instances));
    }
    folder
}

/// A screening mammography, one series per view.
pub(super) fn mammography(ward: &mut Ward<'_>) -> StudyFolder {
    let study = ward.study("Mammography");
    let mut folder = StudyFolder {
        study,
        series: Vec::new(),
    };
    for (number, view) in (1..).zip(View::ALL) {
        let kind = SeriesKind {
            modality: "MG",
            description: view.position,
            body_part: "BREAST",
            device: MG_DEVICE,
        };
        let series = ward.series(&folder.study, number, kind);
        let uid = ward.instance_uid("mammogram");
        let (width, height) = ward.scale.mg;
        let mass = view.laterality == "L";
        let picture = breast::mammogram(width, height, view, mass, &mut ward.random);
        let dataset = images::mg(&folder.study, &series, &uid, view, number, &picture);
        let mut image = instance(
            format!("{}{}", view.laterality, view.position),
            "mammogram",
            Some("breast"),
            Syntax::ExplicitLittle,
            dataset,
        );
        image.expected = looked_at();
        folder.series.push((series, vec![image]));
    }
    folder
}

/// A chest radiograph, with a sticker that names the patient or without.
pub(super) fn radiograph(ward: &mut Ward<'_>, syntax: Syntax, with_sticker: bool) -> StudyFolder {
    let study = ward.study("Chest PA");
    let kind = SeriesKind {
        modality: "CR",
        description: "CHEST PA",
        body_part: "CHEST",
        device: XR_DEVICE,
    };
    let series = ward.series(&study, 1, kind);
    let uid = ward.instance_uid("chest radiograph");
    let (width, height) = ward.scale.cr;
    let mut picture = chest::frontal(width, height, &mut ward.random);
    chest::marker(&mut picture, "L");
    let mut burned = Vec::new();
    if with_sticker {
        let name = format!("{} {}", ward.person.latin.0, ward.person.latin.1).to_uppercase();
        let birth = format!("DOB {}", ward.person.birth.da());
        let lines = [name, ward.person.patient_id.clone(), birth];
        burned = chest::sticker(&mut picture, &lines)
            .into_iter()
            .zip(lines)
            .collect();
    }
    let dataset = images::cr(&study, &series, &uid, "PA", &picture);
    let mut image = instance(
        "CHEST.DCM".to_owned(),
        "chest radiograph",
        Some("chest"),
        syntax,
        dataset,
    );
    image.expected = if with_sticker { masked() } else { looked_at() };
    image.burned = burned_texts(burned);
    StudyFolder {
        study,
        series: vec![(series, vec![image])],
    }
}

/// Areas and lines, as the truth notes them.
pub(super) fn burned_texts(lines: Vec<(Area, String)>) -> Vec<BurnedText> {
    let note = |(area, text)| BurnedText { area, text };
    lines.into_iter().map(note).collect()
}

/// The screen on which a CT reports its dose, as a series of an existing study.
pub(super) fn dose_screen(ward: &mut Ward<'_>, study: &Study) -> (Series, Vec<Instance>) {
    let kind = SeriesKind {
        modality: "CT",
        description: "Patient Protocol",
        body_part: "",
        device: CT_DEVICE,
    };
    let series = ward.series(study, 501, kind);
    let uid = ward.instance_uid("dose screen");
    let person = &ward.person;
    let lines = [
        format!("{} {}", person.latin.0, person.latin.1).to_uppercase(),
        format!("ID {}   DOB {}", person.patient_id, person.birth.da()),
        format!("Accession {}", study.accession),
        "Total mAs 2310   Total DLP 312 mGy*cm".to_owned(),
        "Scan  kV  mAs  CTDIvol  DLP".to_owned(),
        "Topogram  120  35  0.12  5.1".to_owned(),
        "Thorax    120  95  6.41  306.9".to_owned(),
    ];
    let (picture, lines) = screen::dose_report(512, 512, &lines);
    let dataset = images::screen(study, &series, &uid, &picture);
    let mut image = instance(
        "DOSE".to_owned(),
        "dose report screen",
        None,
        Syntax::ExplicitLittle,
        dataset,
    );
    image.expected = document();
    image.burned = burned_texts(lines);
    (series, vec![image])
}

/// An instance that should simply be cleared.
pub(super) fn instance(
    name: String,
    what: &str,
    track: Option<&'static str>,
    syntax: Syntax,
    dataset: crate::dicom::Dataset,
) -> Instance {
    Instance {
        name,
        what: what.to_owned(),
        track,
        syntax,
        dataset,
        expected: vec![Outcome::Cleared],
        burned: Vec::new(),
    }
}
