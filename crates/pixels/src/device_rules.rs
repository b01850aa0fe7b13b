//! Where the devices of one kind burn text in: `profiles/burn-in/devices.yaml`, and what a hospital adds.

use crate::class_policy::{PolicyError, has_word};
use crate::ultrasound::complement;
use cloakroom_core::{ImageDescription, MaskRegion, Rect};
use serde::Deserialize;
use std::sync::{Arc, LazyLock};

const SHIPPED: &str = include_str!("../../../profiles/burn-in/devices.yaml");

/// Rules that say, for images of one device, which areas to wipe.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRules {
    version: u32,
    rules: Vec<DeviceRule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceRule {
    id: String,
    /// Where the rule comes from, or the image that tests it.
    source: String,
    #[serde(rename = "match")]
    matching: Match,
    /// Areas to wipe.
    #[serde(default)]
    mask: Vec<Area>,
    /// Areas outside which everything is wiped.
    #[serde(default)]
    keep: Vec<Area>,
}

/// Every line that is given must fit; a list fits if one of its members does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Match {
    /// Parts of the text, in any case.
    manufacturer: Vec<String>,
    model: Vec<String>,
    software: Vec<String>,
    sop_class: Vec<String>,
    modality: Vec<String>,
    /// Words of Image Type.
    image_type: Vec<String>,
    photometric: Vec<String>,
    rows: Option<u32>,
    columns: Option<u32>,
}

/// A rectangle by its distances from the edges of the image, in pixels. Across, two of `left`, `right` and `width` may be
/// given, and down, two of `top`, `bottom` and `height`; what is missing is 0 from its edge.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Area {
    left: Option<u32>,
    right: Option<u32>,
    width: Option<u32>,
    top: Option<u32>,
    bottom: Option<u32>,
    height: Option<u32>,
    /// First and last frame, counted from 0; all frames where absent.
    frames: Option<(u32, u32)>,
}

/// What a rule asks for in one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleAreas {
    pub(crate) rule: String,
    pub(crate) regions: Vec<MaskRegion>,
}

impl DeviceRules {
    /// Reads rules.
    ///
    /// # Errors
    /// With line and column, if the text is not a list of rules, or a rule matches every image, wipes nothing, names
    /// no source, or has the name of another.
    pub fn parse(yaml: &str) -> Result<Self, PolicyError> {
        let rules: Self = serde_yaml::from_str(yaml)?;
        if rules.version != 1 {
            return Err(PolicyError("this program reads version 1".into()));
        }
        for (index, rule) in rules.rules.iter().enumerate() {
            let fault = if rule.matching.is_empty() {
                "matches every image"
            } else if rule.mask.is_empty() == rule.keep.is_empty() {
                "must have either areas to mask or areas to keep"
            } else if rule.source.trim().is_empty() {
                "must name its source"
            } else if rule.mask.iter().chain(&rule.keep).any(Area::says_too_much) {
                "gives an area more than two of position, opposite position and size"
            } else if rule.keep.iter().any(|area| area.frames.is_some()) {
                "keeps an area in some frames only"
            } else if rules.rules[..index].iter().any(|other| other.id == rule.id) {
                "has the name of another rule"
            } else {
                continue;
            };
            return Err(PolicyError(format!("the rule {} {fault}", rule.id)));
        }
        Ok(rules)
    }

    /// The rules that the program ships.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        static RULES: LazyLock<Arc<DeviceRules>> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "compiled in, and a test reads it")]
            Arc::new(DeviceRules::parse(SHIPPED).expect("the shipped device rules read"))
        });
        RULES.clone()
    }

    /// These rules and, before them, others, such as a hospital's own.
    #[must_use]
    pub fn preceded_by(&self, mut others: Self) -> Self {
        others.rules.extend(self.rules.iter().cloned());
        others
    }

    /// The name of the rule that fits an image, for a report of which devices have one.
    #[must_use]
    pub fn rule_of(&self, image: &ImageDescription) -> Option<&str> {
        self.find(image).map(|rule| rule.id.as_str())
    }

    /// What the first rule that fits asks for. A rule none of whose areas lies in the image does not fit.
    pub(crate) fn areas(&self, image: &ImageDescription) -> Option<RuleAreas> {
        let rule = self.find(image)?;
        let source = format!("rule:{}", rule.id);
        let region = |rect, frames| MaskRegion {
            rect,
            frames,
            source: source.clone(),
        };
        let rects = |areas: &[Area]| -> Vec<(Rect, Option<(u32, u32)>)> {
            let found = areas.iter();
            found
                .filter_map(|area| Some((area.rect(image.columns, image.rows)?, area.frames)))
                .collect()
        };
        let regions: Vec<MaskRegion> = if rule.keep.is_empty() {
            rects(&rule.mask)
                .into_iter()
                .map(|(rect, frames)| region(rect, frames))
                .collect()
        } else {
            let kept: Vec<Rect> = rects(&rule.keep)
                .into_iter()
                .map(|(rect, _)| rect)
                .collect();
            complement(&kept, image.columns, image.rows)
                .into_iter()
                .map(|rect| region(rect, None))
                .collect()
        };
        if regions.is_empty() {
            None
        } else {
            Some(RuleAreas {
                rule: source,
                regions,
            })
        }
    }

    fn find(&self, image: &ImageDescription) -> Option<&DeviceRule> {
        self.rules.iter().find(|rule| rule.matching.fits(image))
    }
}

impl Match {
    fn is_empty(&self) -> bool {
        self.manufacturer.is_empty()
            && self.model.is_empty()
            && self.sop_class.is_empty()
            && self.modality.is_empty()
    }

    fn fits(&self, image: &ImageDescription) -> bool {
        let listed = |list: &[String], value: &str| {
            list.is_empty() || list.iter().any(|member| member == value)
        };
        has_part(&self.manufacturer, image.manufacturer.expose())
            && has_part(&self.model, image.model.expose())
            && has_part(&self.software, image.software.expose())
            && listed(&self.sop_class, &image.sop_class)
            && listed(&self.modality, &image.modality)
            && (self.image_type.is_empty() || has_word(&image.image_type, &self.image_type))
            && listed(&self.photometric, &image.photometric)
            && self.rows.is_none_or(|rows| rows == image.rows)
            && self.columns.is_none_or(|columns| columns == image.columns)
    }
}

fn has_part(parts: &[String], value: &str) -> bool {
    let value = value.to_lowercase();
    parts.is_empty()
        || parts
            .iter()
            .any(|part| value.contains(&part.to_lowercase()))
}

impl Area {
    fn says_too_much(&self) -> bool {
        let three = |one: Option<u32>, other: Option<u32>, size: Option<u32>| {
            one.is_some() && other.is_some() && size.is_some()
        };
        three(self.left, self.right, self.width) || three(self.top, self.bottom, self.height)
    }

    fn rect(&self, columns: u32, rows: u32) -> Option<Rect> {
        let (x, width) = extent(self.left, self.right, self.width, columns)?;
        let (y, height) = extent(self.top, self.bottom, self.height, rows)?;
        Rect {
            x,
            y,
            width,
            height,
        }
        .clip(columns, rows)
    }
}

/// The first pixel and the number of pixels in one direction.
fn extent(near: Option<u32>, far: Option<u32>, size: Option<u32>, all: u32) -> Option<(u32, u32)> {
    match (near, far, size) {
        (near, far, None) => {
            let near = near.unwrap_or(0);
            Some((near, all.checked_sub(far.unwrap_or(0))?.checked_sub(near)?))
        }
        (None, Some(far), Some(size)) => {
            let end = all.checked_sub(far)?;
            Some((end.saturating_sub(size), size.min(end)))
        }
        (near, _, Some(size)) => Some((near.unwrap_or(0), size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::Phi;

    fn image() -> ImageDescription {
        ImageDescription {
            manufacturer: Phi::new("Acme Medical Systems".into()),
            modality: "US".into(),
            rows: 480,
            columns: 640,
            ..ImageDescription::default()
        }
    }

    fn rules(area: &str) -> DeviceRules {
        let yaml = format!(
            "version: 1\nrules:\n- id: acme\n  source: a test\n  match: {{manufacturer: [ACME], modality: [US]}}\n  {area}\n"
        );
        DeviceRules::parse(&yaml).unwrap()
    }

    fn rects(area: &str) -> Vec<Rect> {
        let areas = rules(area).areas(&image());
        areas.map_or(vec![], |areas| {
            areas
                .regions
                .into_iter()
                .map(|region| region.rect)
                .collect()
        })
    }

    #[test]
    fn the_shipped_rules_read() {
        let rules = DeviceRules::parse(SHIPPED).unwrap();
        let image = ImageDescription {
            manufacturer: Phi::new("Philips Medical Systems".into()),
            model: Phi::new("CX50".into()),
            columns: 800,
            rows: 600,
            ..image()
        };
        let areas = rules.areas(&image).unwrap();
        assert_eq!(
            areas.regions[0].rect,
            Rect {
                x: 0,
                y: 0,
                width: 800,
                height: 62
            }
        );
    }

    #[test]
    fn areas_hang_on_the_edges() {
        assert_eq!(
            rects("mask: [{height: 40}]"),
            [Rect {
                x: 0,
                y: 0,
                width: 640,
                height: 40
            }]
        );
        assert_eq!(
            rects("mask: [{bottom: 0, height: 40}]"),
            [Rect {
                x: 0,
                y: 440,
                width: 640,
                height: 40
            }]
        );
        assert_eq!(
            rects("mask: [{right: 10, width: 100, top: 5, bottom: 400}]"),
            [Rect {
                x: 530,
                y: 5,
                width: 100,
                height: 75
            }]
        );
        assert_eq!(
            rects("keep: [{top: 40}]"),
            [Rect {
                x: 0,
                y: 0,
                width: 640,
                height: 40
            }]
        );
        assert_eq!(rects("mask: [{left: 700}]"), []);
    }

    #[test]
    fn every_line_of_a_match_must_fit() {
        let rules = rules("mask: [{height: 40}]");
        assert_eq!(rules.rule_of(&image()), Some("acme"));
        assert_eq!(rules.areas(&image()).unwrap().rule, "rule:acme");
        let other = ImageDescription {
            modality: "CT".into(),
            ..image()
        };
        assert_eq!(rules.rule_of(&other), None);
    }

    #[test]
    fn mistakes_in_a_rule_are_told() {
        for (rule, told) in [
            (
                "{id: a, source: s, match: {}, mask: [{height: 1}]}",
                "every image",
            ),
            ("{id: a, source: s, match: {modality: [US]}}", "either"),
            (
                "{id: a, source: '', match: {modality: [US]}, mask: [{height: 1}]}",
                "source",
            ),
            (
                "{id: a, source: s, match: {modalty: [US]}, mask: [{height: 1}]}",
                "modalty",
            ),
            (
                "{id: a, source: s, match: {modality: [US]}, mask: [{top: 1, bottom: 1, height: 1}]}",
                "more than two",
            ),
        ] {
            let error = DeviceRules::parse(&format!("version: 1\nrules: [{rule}]"))
                .unwrap_err()
                .to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
