//! Single-frame images: CT, MR, CR, MG, US, SC. Each takes its picture and returns a valid data set.

use super::common::{Samples, Series, Slice, Study, general_image, modules, pixels_16};
use crate::dicom::{Dataset, code};
use crate::phantom::Canvas;
use crate::phantom::brain::Weighting;
use crate::phantom::breast::View;
use dicom_dictionary_std::{tags, uids};

/// A CT slice; the picture is in Hounsfield units.
#[must_use]
pub fn ct(
    study: &Study,
    series: &Series,
    sop_instance: &str,
    slice: &Slice,
    picture: &Canvas,
) -> Dataset {
    let mut dataset = modules(
        study,
        series,
        uids::CT_IMAGE_STORAGE,
        sop_instance,
        slice.index as u32 + 1,
    );
    general_image(&mut dataset, study, series, "ORIGINAL\\PRIMARY\\AXIAL");
    slice.put(&mut dataset, study);
    Samples::GRAY_12.put(&mut dataset, picture.height, picture.width);
    dataset
        .text(tags::RESCALE_INTERCEPT, "-1024")
        .text(tags::RESCALE_SLOPE, "1")
        .text(tags::RESCALE_TYPE, "HU")
        .text(tags::KVP, "120")
        .text(tags::X_RAY_TUBE_CURRENT, "210")
        .text(tags::EXPOSURE_TIME, "500")
        .text(tags::CONVOLUTION_KERNEL, "B60f")
        .text(tags::GANTRY_DETECTOR_TILT, "0")
        .text(tags::PATIENT_POSITION, "HFS")
        .text(tags::ACQUISITION_NUMBER, "1")
        .text(tags::PROTOCOL_NAME, series.description.as_str())
        .text(tags::WINDOW_CENTER, "40\\-600")
        .text(tags::WINDOW_WIDTH, "400\\1500");
    pixels_16(
        &mut dataset,
        picture
            .samples
            .iter()
            .map(|hu| (hu + 1024).clamp(0, 4095) as u16)
            .collect(),
    );
    dataset
}

/// Makes a CT slice one of an arterial phase of a paired organ that is wholly in it.
pub fn add_contrast(dataset: &mut Dataset) {
    dataset
        .text(tags::CONTRAST_BOLUS_AGENT, "Iohexol")
        .text(tags::CONTRAST_BOLUS_ROUTE, "IV")
        .text(tags::CONTRAST_BOLUS_VOLUME, "80")
        .empty(tags::LATERALITY);
}

/// An MR slice.
#[must_use]
pub fn mr(
    study: &Study,
    series: &Series,
    sop_instance: &str,
    slice: &Slice,
    weighting: Weighting,
    picture: &Canvas,
) -> Dataset {
    let mut dataset = modules(
        study,
        series,
        uids::MR_IMAGE_STORAGE,
        sop_instance,
        slice.index as u32 + 1,
    );
    general_image(&mut dataset, study, series, "ORIGINAL\\PRIMARY\\M\\ND");
    slice.put(&mut dataset, study);
    Samples::GRAY_12.put(&mut dataset, picture.height, picture.width);
    let (sequence, repetition, echo) = match weighting {
        Weighting::T1 | Weighting::T1Contrast => ("SE", "550", "12"),
        Weighting::T2 => ("SE", "4200", "96"),
        Weighting::Flair => ("IR", "9000", "120"),
    };
    dataset
        .text(tags::SCANNING_SEQUENCE, sequence)
        .text(tags::SEQUENCE_VARIANT, "SK")
        .empty(tags::SCAN_OPTIONS)
        .text(tags::MR_ACQUISITION_TYPE, "2D")
        .text(tags::REPETITION_TIME, repetition)
        .text(tags::ECHO_TIME, echo)
        .text(tags::ECHO_TRAIN_LENGTH, "1")
        .text(tags::MAGNETIC_FIELD_STRENGTH, "3")
        .text(tags::FLIP_ANGLE, "90")
        .text(tags::PATIENT_POSITION, "HFS")
        .text(tags::PROTOCOL_NAME, series.description.as_str())
        .text(tags::WINDOW_CENTER, "500")
        .text(tags::WINDOW_WIDTH, "1000");
    if weighting == Weighting::Flair {
        dataset.text(tags::INVERSION_TIME, "2500");
    }
    if weighting == Weighting::T1Contrast {
        dataset.text(tags::CONTRAST_BOLUS_AGENT, "Gadoterate");
    }
    pixels_16(&mut dataset, picture.words());
    dataset
}

/// A computed radiograph.
#[must_use]
pub fn cr(
    study: &Study,
    series: &Series,
    sop_instance: &str,
    view: &str,
    picture: &Canvas,
) -> Dataset {
    let mut dataset = modules(
        study,
        series,
        uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
        sop_instance,
        1,
    );
    general_image(&mut dataset, study, series, "DERIVED\\PRIMARY");
    Samples::GRAY_12.put(&mut dataset, picture.height, picture.width);
    dataset
        .text(tags::VIEW_POSITION, view)
        .text(tags::PATIENT_ORIENTATION, "L\\F")
        .text(tags::IMAGER_PIXEL_SPACING, "0.3\\0.3")
        .text(tags::KVP, "117")
        .text(tags::PLATE_ID, series.serial.as_str())
        .text(tags::WINDOW_CENTER, "2048")
        .text(tags::WINDOW_WIDTH, "4096");
    pixels_16(&mut dataset, picture.words());
    dataset
}

/// A digital mammogram for presentation.
#[must_use]
pub fn mg(
    study: &Study,
    series: &Series,
    sop_instance: &str,
    view: View,
    number: u32,
    picture: &Canvas,
) -> Dataset {
    let class = uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION;
    let mut dataset = modules(study, series, class, sop_instance, number);
    general_image(&mut dataset, study, series, "DERIVED\\PRIMARY");
    Samples::GRAY_12.put(&mut dataset, picture.height, picture.width);
    let (view_code, view_name) = if view.position == "CC" {
        ("399162004", "cranio-caudal")
    } else {
        ("399368009", "medio-lateral oblique")
    };
    let mut view_item = code(view_code, "SCT", view_name);
    view_item.empty(tags::VIEW_MODIFIER_CODE_SEQUENCE);
    let orientation = if view.laterality == "R" {
        "P\\L"
    } else {
        "A\\R"
    };
    dataset
        .text(tags::PRESENTATION_INTENT_TYPE, "FOR PRESENTATION")
        .text(tags::IMAGE_LATERALITY, view.laterality)
        .text(tags::VIEW_POSITION, view.position)
        .sequence(tags::VIEW_CODE_SEQUENCE, vec![view_item])
        .code(tags::ANATOMIC_REGION_SEQUENCE, "76752008", "SCT", "Breast")
        .text(tags::PATIENT_ORIENTATION, orientation)
        .text(tags::PIXEL_INTENSITY_RELATIONSHIP, "LOG")
        .words(tags::PIXEL_INTENSITY_RELATIONSHIP_SIGN, &[1])
        .text(tags::RESCALE_INTERCEPT, "0")
        .text(tags::RESCALE_SLOPE, "1")
        .text(tags::RESCALE_TYPE, "US")
        .text(tags::PRESENTATION_LUT_SHAPE, "IDENTITY")
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .text(tags::BURNED_IN_ANNOTATION, "NO")
        .text(tags::IMAGER_PIXEL_SPACING, "0.1\\0.1")
        .text(tags::DETECTOR_TYPE, "DIRECT")
        .text(tags::DETECTOR_ID, series.serial.as_str())
        .text(tags::POSITIONER_TYPE, "MAMMOGRAPHIC")
        .text(
            tags::POSITIONER_PRIMARY_ANGLE,
            if view.position == "CC" { "0" } else { "45" },
        )
        .text(tags::ORGAN_EXPOSED, "BREAST")
        .text(tags::BREAST_IMPLANT_PRESENT, "NO")
        .text(tags::KVP, "28")
        .empty(tags::ACQUISITION_CONTEXT_SEQUENCE)
        .text(tags::WINDOW_CENTER, "1500")
        .text(tags::WINDOW_WIDTH, "3000");
    pixels_16(&mut dataset, picture.words());
    dataset
}

/// A digital radiograph for presentation.
#[must_use]
pub fn dx(study: &Study, series: &Series, sop_instance: &str, picture: &Canvas) -> Dataset {
    let class = uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION;
    let mut dataset = modules(study, series, class, sop_instance, 1);
    general_image(&mut dataset, study, series, "DERIVED\\PRIMARY");
    Samples::GRAY_12.put(&mut dataset, picture.height, picture.width);
    dataset
        .text(tags::PRESENTATION_INTENT_TYPE, "FOR PRESENTATION")
        .text(tags::IMAGE_LATERALITY, "U")
        .text(tags::VIEW_POSITION, "PA")
        .code(tags::ANATOMIC_REGION_SEQUENCE, "51185008", "SCT", "Chest")
        .text(tags::PATIENT_ORIENTATION, "L\\F")
        .text(tags::PIXEL_INTENSITY_RELATIONSHIP, "LOG")
        .words(tags::PIXEL_INTENSITY_RELATIONSHIP_SIGN, &[1])
        .text(tags::RESCALE_INTERCEPT, "0")
        .text(tags::RESCALE_SLOPE, "1")
        .text(tags::RESCALE_TYPE, "US")
        .text(tags::PRESENTATION_LUT_SHAPE, "IDENTITY")
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .text(tags::BURNED_IN_ANNOTATION, "NO")
        .text(tags::IMAGER_PIXEL_SPACING, "0.7\\0.7")
        .text(tags::DETECTOR_TYPE, "DIRECT")
        .empty(tags::POSITIONER_TYPE)
        .text(tags::KVP, "117")
        .empty(tags::ACQUISITION_CONTEXT_SEQUENCE)
        .text(tags::WINDOW_CENTER, "2048")
        .text(tags::WINDOW_WIDTH, "4096");
    pixels_16(&mut dataset, picture.words());
    dataset
}

/// What a screen saved as an image may hold.
#[must_use]
pub fn screen(study: &Study, series: &Series, sop_instance: &str, picture: &Canvas) -> Dataset {
    let mut dataset = modules(
        study,
        series,
        uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
        sop_instance,
        1,
    );
    general_image(
        &mut dataset,
        study,
        series,
        "DERIVED\\SECONDARY\\SCREEN SAVE",
    );
    Samples::RGB.put(&mut dataset, picture.height, picture.width);
    dataset
        .text(tags::CONVERSION_TYPE, "WSD")
        .empty(tags::PATIENT_ORIENTATION)
        .text(tags::BURNED_IN_ANNOTATION, "YES");
    if series.body_part.is_empty() {
        dataset.empty(tags::LATERALITY);
    }
    super::common::pixels_8(&mut dataset, picture.rgb());
    dataset
}
