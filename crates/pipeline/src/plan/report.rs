//! What `plan` answers.

use crate::verdict::{Report, Verdict};
use cloakroom_core::Conservation;
use serde::Serialize;

/// What a delivery would do.
#[derive(Debug, Serialize)]
pub struct PlanReport {
    /// The track.
    pub track: String,
    /// The profile.
    pub profile: String,
    /// The last delivery of the track; `None` where there was none, and then every value is new.
    pub last_delivery: Option<u32>,
    /// Objects that were looked into.
    pub objects: u64,
    /// How every stream of the catalogue would end, as far as it shows before the gate has looked.
    pub outcomes: Conservation,
    /// What will be held and why, by the kind of image.
    pub held: Vec<HeldRow>,
    /// Devices whose images need a reason that their class does not give, with the burn-in rule that fits, if one does.
    pub devices: Vec<DeviceRow>,
    /// One row for each attribute, action and rule; attributes that stay are among them.
    pub attributes: Vec<AttributeRow>,
    /// Text values that no object of an earlier delivery had; only when values were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_texts: Option<Vec<NewText>>,
    /// Words that would go because nothing knows them, with how often they occur; only when values were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_words: Vec<(String, u64)>,
    pub(crate) verdict: Verdict,
}

impl Report for PlanReport {
    fn verdict(&self) -> Verdict {
        self.verdict
    }
}

/// What would happen to one attribute.
#[derive(Debug, Serialize)]
pub struct AttributeRow {
    /// Where.
    pub path: String,
    /// Its keyword.
    pub keyword: String,
    /// What would be done.
    pub action: String,
    /// By which rule.
    pub rule: String,
    /// How often.
    pub count: u64,
    /// Distinct values of the whole export, the most frequent first; only when values were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ValueRow>,
    /// How many distinct values there are, told or not; only when values were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
}

/// One distinct value of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueRow {
    /// The value, as the hospital wrote it.
    pub value: String,
    /// How often it occurs.
    pub count: u64,
    /// What cleaning leaves of it, where the text is cleaned and loses something; empty where nothing is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub becomes: Option<String>,
    /// Whether no object of an earlier delivery of the track had it.
    pub new: bool,
}

/// A text value that no object of an earlier delivery had and of which something would leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewText {
    /// Where it stands.
    pub path: String,
    /// The keyword of the attribute.
    pub keyword: String,
    /// The value, as the hospital wrote it.
    pub value: String,
    /// What would leave of it.
    pub becomes: String,
    /// How often it occurs.
    pub count: u64,
}

/// What would be held for one reason among the images of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldRow {
    /// The reason.
    pub reason: String,
    /// Modality, manufacturer and model, as far as they are known.
    pub device: String,
    /// How many objects.
    pub objects: u64,
    /// What the reason means.
    pub meaning: &'static str,
    /// What to do about it.
    pub what_to_do: &'static str,
}

/// The images of one device that their class alone does not clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceRow {
    /// Modality, manufacturer and model.
    pub device: String,
    /// Columns and rows.
    pub size: String,
    /// How many images.
    pub images: u64,
    /// The burn-in rule that fits; `None` where there is none.
    pub rule: Option<String>,
    /// How many of them would be held.
    pub held: u64,
}
