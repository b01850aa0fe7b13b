//! Ultrasound: stills and a cine, every one with the patient in its header.

use super::delivery::Instance;
use super::wards::{StudyFolder, Ward, burned_texts, instance, masked};
use crate::dicom::Syntax;
use crate::objects::common::{Device, Series, SeriesKind, Study};
use crate::objects::ultrasound::{self, Storage};
use crate::phantom::ultrasound::{Frame, Organ, frame};

const DEVICE: Device = Device {
    maker: "Echo Works",
    model: "Whisper 9",
};

/// A breast: a colour still, an RLE still, a cine in JPEG.
pub(super) fn breast(ward: &mut Ward<'_>) -> StudyFolder {
    let study = ward.study("US breast");
    let kind = SeriesKind {
        modality: "US",
        description: "BREAST L",
        body_part: "BREAST",
        device: DEVICE,
    };
    let series = ward.series(&study, 1, kind);
    let plan = [
        (Storage::Rgb, Syntax::ExplicitLittle, 1),
        (Storage::RgbRle, Syntax::Rle, 1),
        (Storage::Jpeg, Syntax::JpegBaseline, ward.scale.cine),
    ];
    let instances = images(ward, &study, &series, Organ::Breast, &plan);
    StudyFolder {
        study,
        series: vec![(series, instances)],
    }
}

/// A thyroid: gray stills, native and in JPEG.
pub(super) fn thyroid(ward: &mut Ward<'_>) -> StudyFolder {
    let study = ward.study("US thyroid");
    let kind = SeriesKind {
        modality: "US",
        description: "THYROID",
        body_part: "THYROID",
        device: DEVICE,
    };
    let series = ward.series(&study, 1, kind);
    let plan = [
        (Storage::Gray, Syntax::ImplicitLittle, 1),
        (Storage::Gray, Syntax::ExplicitLittle, 1),
        (Storage::Jpeg, Syntax::JpegBaseline, 1),
    ];
    let instances = images(ward, &study, &series, Organ::Thyroid, &plan);
    StudyFolder {
        study,
        series: vec![(series, instances)],
    }
}

fn images(
    ward: &mut Ward<'_>,
    study: &Study,
    series: &Series,
    organ: Organ,
    plan: &[(Storage, Syntax, usize)],
) -> Vec<Instance> {
    let track = if organ == Organ::Breast {
        "breast"
    } else {
        "thyroid"
    };
    (1..)
        .zip(plan)
        .map(|(number, (storage, syntax, count))| {
            let uid = ward.instance_uid("ultrasound image");
            let frames: Vec<Frame> = (0..*count as u32)
                .map(|time| one_frame(ward, study, organ, time))
                .collect();
            let dataset = ultrasound::image(study, series, &uid, *storage, &frames, number);
            let mut image = instance(
                format!("US{number:04}.dcm"),
                "ultrasound image with a burned-in header",
                Some(track),
                *syntax,
                dataset,
            );
            image.expected = masked();
            // Every frame has the same header.
            image.burned = frames
                .first()
                .map_or_else(Vec::new, |frame| burned_texts(frame.identity.clone()));
            image
        })
        .collect()
}

fn one_frame(ward: &mut Ward<'_>, study: &Study, organ: Organ, time: u32) -> Frame {
    let person = &ward.person;
    let name = format!("{} {}", person.latin.0, person.latin.1).to_uppercase();
    let header = [
        format!("{name}   {}", person.patient_id),
        format!(
            "{}  {}:{}",
            study.date.da(),
            &study.time[..2],
            &study.time[2..4]
        ),
    ];
    let (width, height) = ward.scale.us;
    frame(width, height, organ, &header, time, &mut ward.random)
}
