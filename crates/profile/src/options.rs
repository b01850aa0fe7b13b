//! The options of PS3.15 Annex E.3 and their codes of PS3.16 CID 7050.

use std::fmt;
use std::str::FromStr;

/// An option of PS3.15 Annex E.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProfileOption {
    /// E.3.1: text burned into pixels goes.
    CleanPixelData,
    /// E.3.2: recognisable features of the body go from pixels.
    CleanRecognizableVisualFeatures,
    /// E.3.3: graphics, overlays and curves are cleaned.
    CleanGraphics,
    /// E.3.4: structured content is cleaned item by item.
    CleanStructuredContent,
    /// E.3.5: descriptive text is cleaned instead of removed.
    CleanDescriptors,
    /// E.3.6: dates and times stay as they are.
    RetainLongitudinalFullDates,
    /// E.3.6: dates and times move, intervals stay.
    RetainLongitudinalModifiedDates,
    /// E.3.7: age, sex, size and the like stay.
    RetainPatientCharacteristics,
    /// E.3.8: identifiers of devices stay.
    RetainDeviceIdentity,
    /// E.3.9: UIDs stay.
    RetainUids,
    /// E.3.10: private attributes known to be safe stay.
    RetainSafePrivate,
    /// E.3.11: identifiers of institutions stay.
    RetainInstitutionIdentity,
}

/// A code of PS3.16 CID 7050, De-identification Method, for (0012,0064). The scheme is always `DCM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodCode {
    /// Code Value.
    pub value: &'static str,
    /// Code Meaning.
    pub meaning: &'static str,
}

/// The code of the Basic Application Confidentiality Profile itself.
pub const BASIC_PROFILE: MethodCode = MethodCode {
    value: "113100",
    meaning: "Basic Application Confidentiality Profile",
};

impl ProfileOption {
    /// Every option, in the order of its code.
    pub const ALL: [Self; 12] = [
        Self::CleanPixelData,
        Self::CleanRecognizableVisualFeatures,
        Self::CleanGraphics,
        Self::CleanStructuredContent,
        Self::CleanDescriptors,
        Self::RetainLongitudinalFullDates,
        Self::RetainLongitudinalModifiedDates,
        Self::RetainPatientCharacteristics,
        Self::RetainDeviceIdentity,
        Self::RetainUids,
        Self::RetainSafePrivate,
        Self::RetainInstitutionIdentity,
    ];

    /// The name a profile file uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CleanPixelData => "clean-pixel-data",
            Self::CleanRecognizableVisualFeatures => "clean-recognizable-visual-features",
            Self::CleanGraphics => "clean-graphics",
            Self::CleanStructuredContent => "clean-structured-content",
            Self::CleanDescriptors => "clean-descriptors",
            Self::RetainLongitudinalFullDates => "retain-longitudinal-full-dates",
            Self::RetainLongitudinalModifiedDates => "retain-longitudinal-modified-dates",
            Self::RetainPatientCharacteristics => "retain-patient-characteristics",
            Self::RetainDeviceIdentity => "retain-device-identity",
            Self::RetainUids => "retain-uids",
            Self::RetainSafePrivate => "retain-safe-private",
            Self::RetainInstitutionIdentity => "retain-institution-identity",
        }
    }

    /// The section of PS3.15 that defines the option.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::CleanPixelData => "E.3.1",
            Self::CleanRecognizableVisualFeatures => "E.3.2",
            Self::CleanGraphics => "E.3.3",
            Self::CleanStructuredContent => "E.3.4",
            Self::CleanDescriptors => "E.3.5",
            Self::RetainLongitudinalFullDates | Self::RetainLongitudinalModifiedDates => "E.3.6",
            Self::RetainPatientCharacteristics => "E.3.7",
            Self::RetainDeviceIdentity => "E.3.8",
            Self::RetainUids => "E.3.9",
            Self::RetainSafePrivate => "E.3.10",
            Self::RetainInstitutionIdentity => "E.3.11",
        }
    }

    /// The code of PS3.16 CID 7050.
    #[must_use]
    pub const fn code(self) -> MethodCode {
        let (value, meaning) = match self {
            Self::CleanPixelData => ("113101", "Clean Pixel Data Option"),
            Self::CleanRecognizableVisualFeatures => {
                ("113102", "Clean Recognizable Visual Features Option")
            }
            Self::CleanGraphics => ("113103", "Clean Graphics Option"),
            Self::CleanStructuredContent => ("113104", "Clean Structured Content Option"),
            Self::CleanDescriptors => ("113105", "Clean Descriptors Option"),
            Self::RetainLongitudinalFullDates => (
                "113106",
                "Retain Longitudinal Temporal Information Full Dates Option",
            ),
            Self::RetainLongitudinalModifiedDates => (
                "113107",
                "Retain Longitudinal Temporal Information Modified Dates Option",
            ),
            Self::RetainPatientCharacteristics => {
                ("113108", "Retain Patient Characteristics Option")
            }
            Self::RetainDeviceIdentity => ("113109", "Retain Device Identity Option"),
            Self::RetainUids => ("113110", "Retain UIDs Option"),
            Self::RetainSafePrivate => ("113111", "Retain Safe Private Option"),
            Self::RetainInstitutionIdentity => ("113112", "Retain Institution Identity Option"),
        };
        MethodCode { value, meaning }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for ProfileOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ProfileOption {
    type Err = UnknownOption;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|option| option.name() == text || option.code().value == text)
            .ok_or(UnknownOption)
    }
}

/// Text that names no option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no option of PS3.15 Annex E has this name or code")]
pub struct UnknownOption;

/// Which options a profile uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct OptionSet(u16);

impl OptionSet {
    /// No option: the Basic Profile alone.
    pub const NONE: Self = Self(0);

    /// Whether the option is used.
    #[must_use]
    pub const fn has(self, option: ProfileOption) -> bool {
        self.0 & option.bit() != 0
    }

    /// The same set and one more option.
    #[must_use]
    pub const fn with(self, option: ProfileOption) -> Self {
        Self(self.0 | option.bit())
    }

    /// The options, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = ProfileOption> {
        ProfileOption::ALL
            .into_iter()
            .filter(move |option| self.has(*option))
    }
}

impl FromIterator<ProfileOption> for OptionSet {
    fn from_iter<I: IntoIterator<Item = ProfileOption>>(options: I) -> Self {
        options.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_read_back_by_name_and_by_code() {
        for option in ProfileOption::ALL {
            assert_eq!(option.name().parse(), Ok(option));
            assert_eq!(option.code().value.parse(), Ok(option));
            assert!(option.code().meaning.len() <= 64, "Code Meaning is LO");
            assert!(OptionSet::NONE.with(option).has(option));
        }
        assert_eq!("clean".parse::<ProfileOption>(), Err(UnknownOption));
        let all: OptionSet = ProfileOption::ALL.into_iter().collect();
        assert_eq!(all.iter().count(), 12);
    }
}
