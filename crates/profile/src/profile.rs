//! A profile: its name, its options, its policies and its rules.

use crate::class_rules::ClassRules;
use crate::options::{MethodCode, OptionSet};
use crate::policy::{
    AgePolicy, DatePolicy, FacePolicy, IdPolicy, PixelPolicy, PrivatePolicy, TextPolicy,
    UnlistedPolicy,
};
use cloakroom_core::{Digest, ProfileId};
use std::sync::Arc;

/// One mistake in a profile file: where, what, and what was perhaps meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{profile}:{line}:{column}: {key}: {problem}{}", suggestion.as_ref().map(|s| format!("; did you mean '{s}'?")).unwrap_or_default())]
pub struct ProfileError {
    /// The id of the profile, or `profile` where it is not known yet.
    pub profile: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// The key, with its parents: `rules[2].action`.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// The nearest word that would have been right.
    pub suggestion: Option<String>,
}

/// What the standard asks a de-identifier to write of itself, as far as the profile alone decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamps {
    /// Items for De-identification Method Code Sequence (0012,0064), without 113101 and 113102,
    /// which are true of an object only if its pixels were cleaned.
    pub codes: Vec<MethodCode>,
    /// Values for De-identification Method (0012,0063), each at most 64 characters.
    pub method: Vec<String>,
    /// Longitudinal Temporal Information Modified (0028,0303).
    pub longitudinal: &'static str,
}

/// A de-identification profile.
#[derive(Debug)]
pub struct Profile {
    id: ProfileId,
    version: String,
    digest: Digest,
    options: OptionSet,
    dates: DatePolicy,
    ages: AgePolicy,
    ids: IdPolicy,
    text: TextPolicy,
    pixels: PixelPolicy,
    private: PrivatePolicy,
    faces: FacePolicy,
    unlisted: UnlistedPolicy,
}

/// The profiles compiled in: id and YAML text.
#[must_use]
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    &[]
}

impl Profile {
    /// Reads a profile. `loader` gives the text of a profile that this one extends; the shipped ones are always known.
    ///
    /// # Errors
    /// Every mistake found, with its line, column and key.
    pub fn parse(
        _yaml: &str,
        _loader: &dyn Fn(&ProfileId) -> Option<String>,
    ) -> Result<Self, Vec<ProfileError>> {
        Err(Vec::new())
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> &ProfileId {
        &self.id
    }

    /// The version, as the file states it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The digest of the file and of every file it extends.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The options of PS3.15 Annex E.3 it uses.
    #[must_use]
    pub const fn options(&self) -> OptionSet {
        self.options
    }

    /// Dates and times.
    #[must_use]
    pub const fn dates(&self) -> &DatePolicy {
        &self.dates
    }

    /// Ages.
    #[must_use]
    pub const fn ages(&self) -> &AgePolicy {
        &self.ages
    }

    /// Pseudonyms.
    #[must_use]
    pub const fn ids(&self) -> &IdPolicy {
        &self.ids
    }

    /// Free text.
    #[must_use]
    pub const fn text(&self) -> &TextPolicy {
        &self.text
    }

    /// Burned-in text.
    #[must_use]
    pub const fn pixels(&self) -> &PixelPolicy {
        &self.pixels
    }

    /// Private attributes.
    #[must_use]
    pub const fn private(&self) -> &PrivatePolicy {
        &self.private
    }

    /// Faces.
    #[must_use]
    pub const fn faces(&self) -> FacePolicy {
        self.faces
    }

    /// Attributes without row and rule.
    #[must_use]
    pub const fn unlisted(&self) -> &UnlistedPolicy {
        &self.unlisted
    }

    /// The rules for objects of this SOP Class and Modality; made once and kept.
    #[must_use]
    pub fn class_rules(&self, _sop_class_uid: &str, _modality: &str) -> Arc<ClassRules> {
        Arc::new(ClassRules {})
    }

    /// What is written into every object.
    #[must_use]
    pub fn stamps(&self) -> Stamps {
        Stamps {
            codes: Vec::new(),
            method: Vec::new(),
            longitudinal: self.dates.treatment.longitudinal(),
        }
    }
}
