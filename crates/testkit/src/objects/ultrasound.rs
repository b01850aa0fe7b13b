//! Ultrasound images: stills and cines, with the calibrated region that (0018,6011) describes.

use super::common::{
    Samples, Series, Study, general_image, modules, pixels_8, pixels_encapsulated,
};
use crate::dicom::jpeg::{self, JpegColour};
use crate::dicom::{Dataset, rle};
use crate::phantom::ultrasound::Frame;
use dicom_dictionary_std::{tags, uids};

/// How the frames are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// One byte a pixel.
    Gray,
    /// RGB, native.
    Rgb,
    /// RGB in RLE.
    RgbRle,
    /// YBR_FULL_422 in JPEG Baseline.
    Jpeg,
}

/// One frame as a still image, more as a cine. An empty list of frames gives an image without pixels.
#[must_use]
pub fn image(
    study: &Study,
    series: &Series,
    sop_instance: &str,
    storage: Storage,
    frames: &[Frame],
    number: u32,
) -> Dataset {
    let cine = frames.len() > 1;
    let class = if cine {
        uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE
    } else {
        uids::ULTRASOUND_IMAGE_STORAGE
    };
    let mut dataset = modules(study, series, class, sop_instance, number);
    general_image(
        &mut dataset,
        study,
        series,
        "ORIGINAL\\PRIMARY\\SMALL PARTS\\0001",
    );
    dataset
        .empty(tags::PATIENT_ORIENTATION)
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00");
    if series.body_part == "BREAST" {
        dataset.empty(tags::LATERALITY);
    }
    let Some(first) = frames.first() else {
        return dataset;
    };
    dataset.sequence(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![region(first)]);
    if cine {
        dataset
            .text(tags::NUMBER_OF_FRAMES, frames.len().to_string())
            .text(tags::FRAME_TIME, "40")
            .put_frame_pointer()
            .text(tags::CINE_RATE, "25");
    }
    put_pixels(&mut dataset, storage, frames);
    dataset
}

impl Dataset {
    /// Frame Increment Pointer to Frame Time.
    fn put_frame_pointer(&mut self) -> &mut Self {
        self.words(
            tags::FRAME_INCREMENT_POINTER,
            &[tags::FRAME_TIME.0, tags::FRAME_TIME.1],
        )
    }
}

/// A two-dimensional tissue region in centimetres.
fn region(frame: &Frame) -> Dataset {
    let scan = frame.scan;
    let spacing = 4.0 / f64::from(scan.height.max(1));
    let mut item = Dataset::new();
    item.words(tags::REGION_SPATIAL_FORMAT, &[1])
        .words(tags::REGION_DATA_TYPE, &[1])
        .longs(tags::REGION_FLAGS, &[0])
        .longs(tags::REGION_LOCATION_MIN_X0, &[scan.x])
        .longs(tags::REGION_LOCATION_MIN_Y0, &[scan.y])
        .longs(tags::REGION_LOCATION_MAX_X1, &[scan.x + scan.width - 1])
        .longs(tags::REGION_LOCATION_MAX_Y1, &[scan.y + scan.height - 1])
        .words(tags::PHYSICAL_UNITS_X_DIRECTION, &[3])
        .words(tags::PHYSICAL_UNITS_Y_DIRECTION, &[3])
        .doubles(tags::PHYSICAL_DELTA_X, &[spacing])
        .doubles(tags::PHYSICAL_DELTA_Y, &[spacing]);
    item
}

fn put_pixels(dataset: &mut Dataset, storage: Storage, frames: &[Frame]) {
    let (rows, columns) = frames
        .first()
        .map_or((0, 0), |frame| (frame.canvas.height, frame.canvas.width));
    match storage {
        Storage::Gray => {
            Samples::GRAY_8.put(dataset, rows, columns);
            pixels_8(
                dataset,
                frames
                    .iter()
                    .flat_map(|frame| frame.canvas.bytes())
                    .collect(),
            );
        }
        Storage::Rgb => {
            Samples::RGB.put(dataset, rows, columns);
            pixels_8(
                dataset,
                frames.iter().flat_map(|frame| frame.canvas.rgb()).collect(),
            );
        }
        Storage::RgbRle => {
            Samples::RGB.put(dataset, rows, columns);
            let coded = frames
                .iter()
                .map(|frame| rle::encode_frame(&frame.canvas.rgb(), 3, 1, columns));
            pixels_encapsulated(dataset, coded.collect());
        }
        Storage::Jpeg => {
            Samples {
                photometric: "YBR_FULL_422",
                ..Samples::RGB
            }
            .put(dataset, rows, columns);
            dataset
                .text(tags::LOSSY_IMAGE_COMPRESSION, "01")
                .text(tags::LOSSY_IMAGE_COMPRESSION_RATIO, "8")
                .text(tags::LOSSY_IMAGE_COMPRESSION_METHOD, "ISO_10918_1");
            let code = |frame: &Frame| {
                jpeg::encode_frame(
                    &frame.canvas.rgb(),
                    columns as u16,
                    rows as u16,
                    JpegColour::Ybr422,
                    85,
                )
            };
            pixels_encapsulated(dataset, frames.iter().map(code).collect());
        }
    }
}
