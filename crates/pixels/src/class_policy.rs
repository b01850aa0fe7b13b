//! Which images carry no burned-in text because of what they are: `profiles/burn-in/class-policy.yaml`.

use cloakroom_core::ImageDescription;
use serde::Deserialize;
use std::sync::{Arc, LazyLock};
use thiserror::Error;

const SHIPPED: &str = include_str!("../../../profiles/burn-in/class-policy.yaml");

/// Rules that do not read.
#[derive(Debug, Error)]
#[error("the burn-in rules do not read: {0}")]
pub struct PolicyError(pub(crate) String);

impl From<serde_yaml::Error> for PolicyError {
    fn from(error: serde_yaml::Error) -> Self {
        Self(error.to_string())
    }
}

/// Rules that clear an image by its class, and rules that tell a document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassPolicy {
    #[expect(
        dead_code,
        reason = "the reader accepts one version; the field is checked while parsing"
    )]
    version: Version,
    /// The list that the rules refer to; it stands apart only to be written once.
    #[serde(default, rename = "words")]
    _words: Vec<String>,
    clears: Vec<ClearingRule>,
    documents: Vec<DocumentRule>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
struct Version;

impl TryFrom<u32> for Version {
    type Error = &'static str;

    fn try_from(version: u32) -> Result<Self, Self::Error> {
        if version == 1 {
            Ok(Self)
        } else {
            Err("this program reads version 1")
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClearingRule {
    id: String,
    sop_classes: Vec<String>,
    #[serde(default)]
    modalities: Vec<String>,
    /// The first values of Image Type, in their places.
    #[serde(default)]
    image_type: Vec<String>,
    #[serde(default)]
    without_words: Vec<String>,
    photometric: Vec<String>,
    min_bits_stored: u16,
    glyph_test: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentRule {
    id: String,
    #[serde(default)]
    sop_classes: Vec<String>,
    #[serde(default)]
    modalities: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    conversion_types: Vec<String>,
    /// The rule fits only images that are secondary by class or by Image Type.
    #[serde(default)]
    secondary_only: bool,
}

/// A rule that clears an image by its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClearedByClass {
    /// The rule.
    pub(crate) rule: String,
    /// Whether the pixels must be looked at for glyphs all the same.
    pub(crate) glyph_test: bool,
}

impl ClassPolicy {
    /// Reads a policy.
    ///
    /// # Errors
    /// With line and column, if the text is not a policy of version 1 or has a key that no rule knows.
    pub fn parse(yaml: &str) -> Result<Self, PolicyError> {
        let policy: Self = serde_yaml::from_str(yaml)?;
        for document in &policy.documents {
            if document.matches_everything() {
                return Err(PolicyError(format!(
                    "the document rule {} fits every image",
                    document.id
                )));
            }
        }
        for rule in &policy.clears {
            if rule.sop_classes.is_empty() || rule.photometric.is_empty() {
                return Err(PolicyError(format!(
                    "the rule {} must name classes and photometrics",
                    rule.id
                )));
            }
        }
        Ok(policy)
    }

    /// The policy that the program ships.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        static POLICY: LazyLock<Arc<ClassPolicy>> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "compiled in, and a test reads it")]
            Arc::new(ClassPolicy::parse(SHIPPED).expect("the shipped class policy reads"))
        });
        POLICY.clone()
    }

    /// The rule by which the class of an image alone says that it carries no burned-in text.
    pub(crate) fn clears(&self, image: &ImageDescription) -> Option<ClearedByClass> {
        self.clears
            .iter()
            .find(|rule| rule.fits(image))
            .map(|rule| ClearedByClass {
                rule: rule.id.clone(),
                glyph_test: rule.glyph_test,
            })
    }

    /// The rule by which an image is a document.
    pub(crate) fn document(&self, image: &ImageDescription) -> Option<&str> {
        self.documents
            .iter()
            .find(|rule| rule.fits(image))
            .map(|rule| rule.id.as_str())
    }
}

impl ClearingRule {
    fn fits(&self, image: &ImageDescription) -> bool {
        lists(&self.sop_classes, &image.sop_class)
            && (self.modalities.is_empty() || lists(&self.modalities, &image.modality))
            && self.image_type.len() <= image.image_type.len()
            && self
                .image_type
                .iter()
                .zip(&image.image_type)
                .all(|(asked, found)| asked == found)
            && !has_word(&image.image_type, &self.without_words)
            && image.conversion_type.is_empty()
            && image.samples <= 1
            && lists(&self.photometric, &image.photometric)
            && (image.bits_stored >= self.min_bits_stored || is_float(image))
    }
}

impl DocumentRule {
    fn fits(&self, image: &ImageDescription) -> bool {
        (self.sop_classes.is_empty() || lists(&self.sop_classes, &image.sop_class))
            && (self.modalities.is_empty() || lists(&self.modalities, &image.modality))
            && (self.words.is_empty() || has_word(&image.image_type, &self.words))
            && (self.conversion_types.is_empty()
                || lists(&self.conversion_types, &image.conversion_type))
            && (!self.secondary_only || is_secondary(image))
    }

    fn matches_everything(&self) -> bool {
        self.sop_classes.is_empty()
            && self.modalities.is_empty()
            && self.words.is_empty()
            && self.conversion_types.is_empty()
    }
}

fn lists(list: &[String], value: &str) -> bool {
    list.iter().any(|member| member == value)
}

/// Secondary Capture Image Storage and its multi-frame kin, or the word in Image Type.
fn is_secondary(image: &ImageDescription) -> bool {
    image.sop_class.starts_with("1.2.840.10008.5.1.4.1.1.7")
        && !image.sop_class.starts_with("1.2.840.10008.5.1.4.1.1.77")
        || has_word(&image.image_type, &["SECONDARY".to_owned()])
}

/// Float and Double Float Pixel Data have no Bits Stored (PS3.3 C.7.6.24).
fn is_float(image: &ImageDescription) -> bool {
    image
        .pixel_tag
        .is_some_and(|tag| matches!((tag.group(), tag.element()), (0x7FE0, 0x0008 | 0x0009)))
}

pub(crate) fn has_word(values: &[String], words: &[String]) -> bool {
    values
        .iter()
        .flat_map(|value| value.split([' ', '_', '-', '.', '/']))
        .any(|word| words.iter().any(|listed| listed.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ct() -> ImageDescription {
        ImageDescription {
            sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
            modality: "CT".into(),
            image_type: ["ORIGINAL", "PRIMARY", "AXIAL"].map(String::from).into(),
            photometric: "MONOCHROME2".into(),
            samples: 1,
            bits_allocated: 16,
            bits_stored: 12,
            ..ImageDescription::default()
        }
    }

    fn rule(image: &ImageDescription) -> Option<String> {
        ClassPolicy::shipped()
            .clears(image)
            .map(|cleared| cleared.rule)
    }

    fn typed(values: &[&str]) -> ImageDescription {
        ImageDescription {
            image_type: values.iter().map(|value| (*value).into()).collect(),
            ..ct()
        }
    }

    #[test]
    fn the_shipped_policy_reads() {
        ClassPolicy::parse(SHIPPED).unwrap();
    }

    #[test]
    fn primary_slices_are_cleared_and_screens_are_not() {
        assert_eq!(rule(&ct()).as_deref(), Some("ct-slice"));
        assert_eq!(
            rule(&typed(&["ORIGINAL", "PRIMARY"])).as_deref(),
            Some("ct-slice")
        );
        for image_type in [
            &["DERIVED", "PRIMARY", "AXIAL"][..],
            &["ORIGINAL", "SECONDARY"],
            &["DERIVED", "SECONDARY", "SCREEN SAVE"],
            &["ORIGINAL", "PRIMARY", "SCREEN SAVE"],
            &["ORIGINAL", "PRIMARY", "OTHER", "CT_SOM7 PROT"],
            &["ORIGINAL"],
            &[],
        ] {
            assert_eq!(rule(&typed(image_type)), None, "{image_type:?}");
        }
    }

    #[test]
    fn one_line_that_does_not_fit_is_enough() {
        let changes: [fn(&mut ImageDescription); 7] = [
            |image| image.sop_class = "1.2.840.10008.5.1.4.1.1.7".into(),
            |image| image.modality = "OT".into(),
            |image| image.photometric = "RGB".into(),
            |image| image.samples = 3,
            |image| image.bits_stored = 8,
            |image| image.conversion_type = "WSD".into(),
            |image| image.sop_class = "1.2.840.10008.5.1.4.1.1.6.1".into(),
        ];
        for (index, change) in changes.iter().enumerate() {
            let mut image = ct();
            change(&mut image);
            assert_eq!(rule(&image), None, "change {index}");
        }
    }

    #[test]
    fn documents_are_told_from_slices() {
        let policy = ClassPolicy::shipped();
        assert_eq!(policy.document(&ct()), None);
        let screen = typed(&["DERIVED", "SECONDARY", "SCREEN SAVE"]);
        assert_eq!(policy.document(&screen), Some("ct-screen-save"));
        let scan = ImageDescription {
            conversion_type: "SD".into(),
            ..ImageDescription::default()
        };
        assert_eq!(policy.document(&scan), Some("scanned-document"));
        let dose = ImageDescription {
            sop_class: "1.2.840.10008.5.1.4.1.1.481.2".into(),
            modality: "RTDOSE".into(),
            ..ct()
        };
        assert_eq!(policy.document(&dose), None);
        assert_eq!(rule(&dose).as_deref(), Some("rt-dose-grid"));
    }

    #[test]
    fn mistakes_in_a_policy_are_told() {
        let unknown = "version: 1\nclears: []\ndocuments: []\nsurprise: 1\n";
        assert!(
            ClassPolicy::parse(unknown)
                .unwrap_err()
                .to_string()
                .contains("surprise")
        );
        assert!(ClassPolicy::parse("version: 2\nclears: []\ndocuments: []\n").is_err());
        let all = "version: 1\nclears: []\ndocuments: [{id: all}]\n";
        assert!(
            ClassPolicy::parse(all)
                .unwrap_err()
                .to_string()
                .contains("every image")
        );
    }
}
