//! What the header says of the pixels: at the top level, or in the functional groups of an enhanced object.

mod palette;

use crate::dataset::{DataSet, ElementRef, ItemRef};
use crate::object::Object;
use crate::syntax::ByteOrder;
use cloakroom_core::frames::UltrasoundRegion;
use cloakroom_core::{ImageDescription, Phi, Rect};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// Describes the image; what the header lacks or garbles stays at its default.
pub(crate) fn describe(object: &Object) -> ImageDescription {
    let header = Header {
        set: &object.data_set,
    };
    let mut image = ImageDescription {
        transfer_syntax: object.transfer_syntax.clone(),
        sop_class: header.text(tags::SOP_CLASS_UID),
        modality: header.text(tags::MODALITY),
        image_type: header.upper_texts(tags::IMAGE_TYPE),
        manufacturer: Phi::new(header.text(tags::MANUFACTURER)),
        model: Phi::new(header.text(tags::MANUFACTURER_MODEL_NAME)),
        software: Phi::new(header.texts(tags::SOFTWARE_VERSIONS).join("\\")),
        body_part: Phi::new(header.text(tags::BODY_PART_EXAMINED)),
        conversion_type: header.text(tags::CONVERSION_TYPE),
        photometric: header.text(tags::PHOTOMETRIC_INTERPRETATION),
        lossy: header.text(tags::LOSSY_IMAGE_COMPRESSION) == "01",
        // Bytes of OB have no order (PS3.5 section 6.2).
        big_endian: object.byte_order() == ByteOrder::Big
            && object.pixel_element().map(ElementRef::vr) != Some(VR::OB),
        pixel_tag: object.pixel_element().map(ElementRef::tag),
        ..ImageDescription::default()
    };
    image.burned_in = match header.text(tags::BURNED_IN_ANNOTATION) {
        stated if stated == "YES" || stated == "NO" => stated,
        _ => String::new(),
    };
    describe_samples(&header, &mut image);
    describe_values(&header, &mut image);
    describe_geometry(&header, &mut image);
    image.palette = palette::read(&object.data_set, image.signed);
    image.ultrasound_regions = ultrasound_regions(&object.data_set);
    image
}

fn describe_samples(header: &Header<'_>, image: &mut ImageDescription) {
    let short = |tag| {
        header
            .whole(tag)
            .and_then(|number| u16::try_from(number).ok())
    };
    image.rows = header.whole(tags::ROWS).unwrap_or(0);
    image.columns = header.whole(tags::COLUMNS).unwrap_or(0);
    image.frames = header.whole(tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1);
    image.samples = short(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
    image.bits_allocated = short(tags::BITS_ALLOCATED).unwrap_or(0);
    image.bits_stored = short(tags::BITS_STORED).unwrap_or(0);
    image.high_bit = short(tags::HIGH_BIT).unwrap_or(0);
    image.signed = short(tags::PIXEL_REPRESENTATION) == Some(1);
    image.planar = short(tags::PLANAR_CONFIGURATION) == Some(1);
}

/// Windows, rescale and padding (PS3.3 sections C.11.2, C.11.1, C.7.5.1.1.2; C.7.6.16.2.9 and .10).
fn describe_values(header: &Header<'_>, image: &mut ImageDescription) {
    let voi = tags::FRAME_VOILUT_SEQUENCE;
    let centers = header.grouped(voi, tags::WINDOW_CENTER);
    let widths = header.grouped(voi, tags::WINDOW_WIDTH);
    image.windows = centers.into_iter().zip(widths).collect();
    let transformation = tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE;
    let slope = header.grouped(transformation, tags::RESCALE_SLOPE);
    let intercept = header.grouped(transformation, tags::RESCALE_INTERCEPT);
    image.rescale = slope.first().copied().zip(intercept.first().copied());
    // Pixel Padding Value is US or SS, and the VR that some writers state is not that of the samples.
    image.padding = header
        .set
        .get(tags::PIXEL_PADDING_VALUE)
        .and_then(|element| {
            let bits = *element.numbers().first()? as i32 as u16;
            Some(if image.signed {
                i32::from(bits.cast_signed())
            } else {
                i32::from(bits)
            })
        });
}

/// Spacing, orientation and position (PS3.3 sections C.7.6.2, C.7.6.16.2.1, .3 and .4).
fn describe_geometry(header: &Header<'_>, image: &mut ImageDescription) {
    let spacing = header.grouped(tags::PIXEL_MEASURES_SEQUENCE, tags::PIXEL_SPACING);
    if let [rows, columns, ..] = spacing[..] {
        image.pixel_spacing = Some((rows, columns));
    }
    let orientation = header.grouped(
        tags::PLANE_ORIENTATION_SEQUENCE,
        tags::IMAGE_ORIENTATION_PATIENT,
    );
    image.orientation = orientation.first_chunk::<6>().copied();
    let position = header.grouped(tags::PLANE_POSITION_SEQUENCE, tags::IMAGE_POSITION_PATIENT);
    image.position = position.first_chunk::<3>().copied();
    image.frame_positions = frame_positions(header.set).unwrap_or_default();
}

/// Where every frame of an enhanced object lies; `None` if one of them does not say.
fn frame_positions(set: &DataSet) -> Option<Vec<[f64; 3]>> {
    let frames = set.get(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)?;
    let position = |frame: ItemRef<'_>| {
        let plane = first_item(frame.get(tags::PLANE_POSITION_SEQUENCE)?)?;
        let numbers = plane.get(tags::IMAGE_POSITION_PATIENT)?.numbers();
        numbers.first_chunk::<3>().copied()
    };
    frames.items().map(position).collect()
}

struct Header<'a> {
    set: &'a DataSet,
}

impl<'a> Header<'a> {
    fn texts(&self, tag: Tag) -> Vec<String> {
        let element = self.set.get(tag);
        element
            .and_then(|element| element.text().ok())
            .unwrap_or_default()
    }

    fn text(&self, tag: Tag) -> String {
        self.texts(tag).into_iter().next().unwrap_or_default()
    }

    fn upper_texts(&self, tag: Tag) -> Vec<String> {
        self.texts(tag)
            .iter()
            .map(|text| text.to_uppercase())
            .collect()
    }

    /// The first value as a number without sign or fraction.
    fn whole(&self, tag: Tag) -> Option<u32> {
        whole(self.set.get(tag)?)
    }

    /// Numbers at the top level, or else in a functional group: the shared one, or that of the first frame.
    fn grouped(&self, group: Tag, tag: Tag) -> Vec<f64> {
        let functional_groups = [
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        ];
        let in_groups = functional_groups
            .into_iter()
            .filter_map(|sequence| first_item(self.set.get(sequence)?))
            .filter_map(|item| first_item(item.get(group)?))
            .filter_map(|item| item.get(tag));
        self.set
            .get(tag)
            .into_iter()
            .chain(in_groups)
            .map(ElementRef::numbers)
            .find(|numbers| !numbers.is_empty())
            .unwrap_or_default()
    }
}

fn first_item(sequence: ElementRef<'_>) -> Option<ItemRef<'_>> {
    sequence.items().next()
}

fn whole(element: ElementRef<'_>) -> Option<u32> {
    let number = *element.numbers().first()?;
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    fits.then_some(number as u32)
}

/// The regions of an ultrasound image whose corners are in order.
fn ultrasound_regions(set: &DataSet) -> Vec<UltrasoundRegion> {
    let Some(sequence) = set.get(tags::SEQUENCE_OF_ULTRASOUND_REGIONS) else {
        return Vec::new();
    };
    sequence.items().filter_map(ultrasound_region).collect()
}

fn ultrasound_region(item: ItemRef<'_>) -> Option<UltrasoundRegion> {
    let number = |tag| whole(item.get(tag)?);
    let short = |tag| {
        number(tag)
            .and_then(|number| u16::try_from(number).ok())
            .unwrap_or(0)
    };
    let x = number(tags::REGION_LOCATION_MIN_X0)?;
    let y = number(tags::REGION_LOCATION_MIN_Y0)?;
    let right = number(tags::REGION_LOCATION_MAX_X1)?;
    let bottom = number(tags::REGION_LOCATION_MAX_Y1)?;
    Some(UltrasoundRegion {
        rect: Rect {
            x,
            y,
            width: right.checked_sub(x)?.checked_add(1)?,
            height: bottom.checked_sub(y)?.checked_add(1)?,
        },
        spatial_format: short(tags::REGION_SPATIAL_FORMAT),
        data_type: short(tags::REGION_DATA_TYPE),
    })
}
