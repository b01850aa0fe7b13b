//! What a released object says of itself: read from its output bytes, so it holds nothing that the output does not.

use alloc::string::String;
use serde::{Deserialize, Serialize};

/// Facts of one released instance, for indexes, track rules and checks. Empty text and `None` where absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InstanceFacts {
    /// Patient ID: the pseudonym.
    pub patient: String,
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// SOP Instance UID.
    pub instance: String,
    /// SOP Class UID.
    pub sop_class: String,
    /// Transfer Syntax UID.
    pub transfer_syntax: String,
    /// Modality.
    pub modality: String,
    /// Body Part Examined.
    pub body_part: String,
    /// Image Type, joined with a backslash.
    pub image_type: String,
    /// Image Laterality or Laterality.
    pub laterality: String,
    /// View Position, or the code meaning of View Code Sequence.
    pub view: String,
    /// Series Description, as cleaned.
    pub series_description: String,
    /// Manufacturer, as cleaned.
    pub manufacturer: String,
    /// Manufacturer's Model Name, as cleaned.
    pub model: String,
    /// Patient's Sex.
    pub sex: String,
    /// Patient's Age.
    pub age: String,
    /// Study Date, as released.
    pub study_date: String,
    /// Frame of Reference UID.
    pub frame_of_reference: String,
    /// Instance Number.
    pub instance_number: Option<i64>,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// Frames; 0 without pixels.
    pub frames: u32,
    /// Bits Stored.
    pub bits_stored: u16,
    /// Pixel Spacing, or Imager Pixel Spacing: millimetres between rows and between columns.
    pub pixel_spacing: Option<(f64, f64)>,
    /// Slice Thickness in millimetres.
    pub slice_thickness: Option<f64>,
    /// Image Position (Patient) in millimetres.
    pub position: Option<[f64; 3]>,
    /// Image Orientation (Patient).
    pub orientation: Option<[f64; 6]>,
}

/// The ten years that an age falls into, as `60-69`; empty where it is no age. An Age String in days, weeks or months is below ten (PS3.5, VR AS).
#[must_use]
pub fn age_band(age: &str) -> String {
    let (Some(digits), Some(unit)) = (age.get(..3), age.get(3..)) else {
        return String::new();
    };
    match (digits.parse::<u32>(), unit) {
        (Ok(years), "Y") if years >= 90 => "90+".into(),
        (Ok(years), "Y") => alloc::format!("{:02}-{:02}", years / 10 * 10, years / 10 * 10 + 9),
        (Ok(_), "D" | "W" | "M") => "00-09".into(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_fall_into_bands() {
        for (age, band) in [
            ("061Y", "60-69"),
            ("009Y", "00-09"),
            ("011M", "00-09"),
            ("090Y", "90+"),
            ("", ""),
            ("61", ""),
            ("abcY", ""),
            ("0é1Y", ""),
        ] {
            assert_eq!(age_band(age), band, "{age}");
        }
    }
}
