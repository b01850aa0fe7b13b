//! A profile: its name, its options, its policies and its rules.

use crate::class_rules::ClassRules;
use crate::document::{Document, Node};
use crate::options::{BASIC_PROFILE, MethodCode, OptionSet, ProfileOption};
use crate::policy::{
    AgePolicy, DatePolicy, FacePolicy, IdPolicy, PixelPolicy, PrivatePolicy, TextPolicy,
    UnlistedPolicy,
};
use crate::rule::Rule;
use crate::rule_reader::read_rules;
use crate::ruling::Policies;
use crate::rulings::Rulings;
use crate::settings::{KEYS, Settings};
use crate::standard::iod_types::{IodTypes, iod_of};
use crate::standard::private_attributes::listed;
use cloakroom_core::{Digest, Hasher, ProfileId, Tag, VR};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// One mistake in a profile file: where, what, and what was perhaps meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ProfileError {
    /// The id of the profile, or `profile` where it is not known yet.
    pub profile: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// The key, with its parents: `rules[2].action`; `-` for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// The nearest word that would have been right.
    pub suggestion: Option<String>,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}: {}",
            self.profile, self.line, self.column, self.key, self.problem
        )?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean '{suggestion}'?"),
            None => Ok(()),
        }
    }
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

/// The rules made so far: by IOD, and by which of the conditional rules apply.
type Made = BTreeMap<(&'static str, Vec<usize>), Arc<ClassRules>>;

/// A de-identification profile.
pub struct Profile {
    id: ProfileId,
    version: String,
    extends: Vec<ProfileId>,
    digest: Digest,
    settings: Settings,
    rulings: Mutex<BTreeMap<Vec<usize>, Arc<Rulings>>>,
    made: Mutex<Made>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// The profiles compiled in: id and YAML text.
#[must_use]
pub const fn shipped() -> &'static [(&'static str, &'static str)] {
    &[
        ("basic", include_str!("../../../profiles/basic.yaml")),
        ("contest", include_str!("../../../profiles/contest.yaml")),
        (
            "research-full-dates",
            include_str!("../../../profiles/research-full-dates.yaml"),
        ),
        ("strict", include_str!("../../../profiles/strict.yaml")),
        ("tcia", include_str!("../../../profiles/tcia.yaml")),
    ]
}

/// The text of a shipped profile.
#[must_use]
pub fn shipped_text(id: &str) -> Option<&'static str> {
    shipped()
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, text)| *text)
}

/// How many profiles may extend one another in a row.
const LONGEST_LINE: usize = 8;

/// What one file and all that it extends say.
struct Read {
    id: ProfileId,
    version: String,
    extends: Vec<ProfileId>,
    settings: Settings,
    digest: Digest,
}

impl Profile {
    /// Reads a profile. `loader` gives the text of a profile that this one extends; it is asked before the
    /// shipped ones.
    ///
    /// # Errors
    /// Every mistake found, with its line, column and key.
    pub fn parse(
        yaml: &str,
        loader: &dyn Fn(&ProfileId) -> Option<String>,
    ) -> Result<Self, Vec<ProfileError>> {
        let read = read(yaml, loader, &[])?;
        Ok(Self {
            id: read.id,
            version: read.version,
            extends: read.extends,
            digest: read.digest,
            settings: read.settings,
            rulings: Mutex::default(),
            made: Mutex::default(),
        })
    }

    /// A shipped profile.
    ///
    /// # Errors
    /// Every mistake found; an id that is not shipped is one mistake. The tests read all of them.
    pub fn shipped(id: &str) -> Result<Self, Vec<ProfileError>> {
        match shipped_text(id) {
            Some(text) => Self::parse(text, &|_| None),
            None => Err(vec![ProfileError {
                profile: id.into(),
                line: 1,
                column: 1,
                key: "-".into(),
                problem: "no profile of this id is shipped".into(),
                suggestion: crate::locate::nearest(id, shipped().iter().map(|(id, _)| *id)),
            }]),
        }
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

    /// The profiles it extends, the nearest first.
    #[must_use]
    pub fn extends(&self) -> &[ProfileId] {
        &self.extends
    }

    /// What it is for, in its own words.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.settings.description
    }

    /// The digest of the file and of every file it extends.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The options of PS3.15 Annex E.3 it uses.
    #[must_use]
    pub const fn options(&self) -> OptionSet {
        self.settings.options
    }

    /// Dates and times.
    #[must_use]
    pub const fn dates(&self) -> &DatePolicy {
        &self.settings.dates
    }

    /// Ages.
    #[must_use]
    pub const fn ages(&self) -> &AgePolicy {
        &self.settings.ages
    }

    /// Pseudonyms.
    #[must_use]
    pub const fn ids(&self) -> &IdPolicy {
        &self.settings.ids
    }

    /// Free text.
    #[must_use]
    pub const fn text(&self) -> &TextPolicy {
        &self.settings.text
    }

    /// Burned-in text.
    #[must_use]
    pub const fn pixels(&self) -> &PixelPolicy {
        &self.settings.pixels
    }

    /// Private attributes. Its lists count only with Retain Safe Private (113111).
    #[must_use]
    pub const fn private(&self) -> &PrivatePolicy {
        &self.settings.private
    }

    /// Faces.
    #[must_use]
    pub const fn faces(&self) -> FacePolicy {
        self.settings.faces
    }

    /// Attributes without row and rule.
    #[must_use]
    pub const fn unlisted(&self) -> &UnlistedPolicy {
        &self.settings.unlisted
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.settings.rules
    }

    /// The VR that the profile's lists give a private attribute, for a value that came as `UN`.
    #[must_use]
    pub fn private_vr(&self, tag: Tag, creator: &str) -> Option<VR> {
        let low = (tag.1 & 0xFF) as u8;
        self.settings
            .private
            .lists
            .iter()
            .filter_map(|list| listed(*list, tag.0, creator, low))
            .map(|listed| listed.vr)
            .find(|vr| *vr != VR::UN)
    }

    /// The rules for objects of this SOP Class and Modality; made once for each IOD and kept.
    #[must_use]
    pub fn class_rules(&self, sop_class_uid: &str, modality: &str) -> Arc<ClassRules> {
        let applying: Vec<usize> = self
            .settings
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.applies(sop_class_uid, modality))
            .map(|(number, _)| number)
            .collect();
        let iod = iod_of(sop_class_uid).unwrap_or("");
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = made
            .entry((iod, applying))
            .or_insert_with_key(|(_, applying)| {
                Arc::new(ClassRules::new(
                    self.rulings(applying),
                    IodTypes::of_class(sop_class_uid),
                ))
            });
        Arc::clone(rules)
    }

    /// The rules with Types of the caller's choice, for tests and reports.
    pub(crate) fn rules_with(&self, types: Arc<IodTypes>) -> ClassRules {
        let unconditional: Vec<usize> = self
            .settings
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.applies("", ""))
            .map(|(number, _)| number)
            .collect();
        ClassRules::new(self.rulings(&unconditional), types)
    }

    fn rulings(&self, applying: &[usize]) -> Arc<Rulings> {
        let mut kept = self.rulings.lock().unwrap_or_else(PoisonError::into_inner);
        let rulings = kept.entry(applying.to_vec()).or_insert_with(|| {
            let rules = applying
                .iter()
                .filter_map(|number| self.settings.rules.get(*number).cloned())
                .collect();
            let mut private = self.settings.private.clone();
            if !self.options().has(ProfileOption::RetainSafePrivate) {
                private.lists.clear();
            }
            Arc::new(Rulings::new(self.policies(), private, rules))
        });
        Arc::clone(rulings)
    }

    pub(crate) fn policies(&self) -> Policies {
        Policies {
            options: self.settings.options,
            dates: self.settings.dates.clone(),
            ages: self.settings.ages,
            unlisted: self.settings.unlisted,
        }
    }

    /// What is written into every object.
    #[must_use]
    pub fn stamps(&self) -> Stamps {
        let cleans_pixels = |option: &ProfileOption| {
            matches!(
                option,
                ProfileOption::CleanPixelData | ProfileOption::CleanRecognizableVisualFeatures
            )
        };
        let codes = std::iter::once(BASIC_PROFILE)
            .chain(
                self.options()
                    .iter()
                    .filter(|option| !cleans_pixels(option))
                    .map(ProfileOption::code),
            )
            .collect();
        let short: String = self.digest.to_string().chars().take(16).collect();
        Stamps {
            codes,
            method: vec![
                format!("DICOM PS3.15 {} Annex E", crate::standard::EDITION),
                clipped(&format!("Cloakroom profile {} {}", self.id, self.version)),
                format!("Profile digest {short}"),
            ],
            longitudinal: self.settings.dates.treatment.longitudinal(),
        }
    }
}

/// The first 64 characters, which is what a value of LO may have.
fn clipped(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Every mistake in a profile; none for a sound one.
#[must_use]
pub fn check(yaml: &str, loader: &dyn Fn(&ProfileId) -> Option<String>) -> Vec<ProfileError> {
    Profile::parse(yaml, loader).err().unwrap_or_default()
}

fn read(
    yaml: &str,
    loader: &dyn Fn(&ProfileId) -> Option<String>,
    line: &[ProfileId],
) -> Result<Read, Vec<ProfileError>> {
    let document = Document::new(yaml);
    let made = document
        .parse()
        .and_then(|value| read_root(&document.root(&value), &document, loader, line));
    let errors = document.into_errors();
    match made {
        Some(mut read) if errors.is_empty() => {
            let mut hasher = Hasher::new();
            hasher.update(b"cloakroom-profile-v1\0");
            hasher.update(read.digest.as_bytes());
            hasher.update(yaml.as_bytes());
            read.digest = hasher.finish();
            Ok(read)
        }
        _ => Err(errors),
    }
}

fn read_root(
    root: &Node<'_>,
    document: &Document<'_>,
    loader: &dyn Fn(&ProfileId) -> Option<String>,
    line: &[ProfileId],
) -> Option<Read> {
    let id: Option<ProfileId> = match root.get("id") {
        Some(node) => node.parse(),
        None => None,
    };
    if let Some(id) = &id {
        document.name(id.as_str());
    }
    if !root.only(&KEYS) {
        return None;
    }
    if root.get("id").is_none() {
        root.wrong("a profile needs an `id`");
    }
    let version = read_version(root);
    let mut line = line.to_vec();
    line.extend(id.clone());
    let parent = root
        .get("extends")
        .and_then(|node| read_parent(&node, document, loader, &line));
    let parent_failed = root.get("extends").is_some() && parent.is_none();
    let mut extends = Vec::new();
    let (mut settings, digest) = match parent {
        Some(parent) => {
            extends.push(parent.id);
            extends.extend(parent.extends);
            (parent.settings, parent.digest)
        }
        None => (Settings::strictest(), Digest::of(b"")),
    };
    settings.apply(root);
    if let Some(node) = root.get("rules") {
        let profile = id.as_ref().map_or("profile", ProfileId::as_str);
        settings.rules.extend(read_rules(&node, profile));
    }
    if parent_failed {
        return None;
    }
    Some(Read {
        id: id?,
        version: version?,
        extends,
        settings,
        digest,
    })
}

fn read_version(root: &Node<'_>) -> Option<String> {
    let Some(node) = root.get("version") else {
        root.wrong("a profile needs a `version`");
        return None;
    };
    let version = node.text()?;
    let parts: Vec<&str> = version.split('.').collect();
    let sound = parts.len() == 3
        && parts.iter().all(|part| {
            (1..=5).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        });
    if !sound {
        node.wrong("a version is three numbers: 1.0.0");
    }
    sound.then(|| version.to_owned())
}

fn read_parent(
    node: &Node<'_>,
    document: &Document<'_>,
    loader: &dyn Fn(&ProfileId) -> Option<String>,
    line: &[ProfileId],
) -> Option<Read> {
    let id: ProfileId = node.parse()?;
    if line.contains(&id) || line.len() >= LONGEST_LINE {
        node.wrong("profiles extend one another in a circle, or in too long a line");
        return None;
    }
    let text = loader(&id).or_else(|| shipped_text(id.as_str()).map(str::to_owned));
    let Some(text) = text else {
        node.wrong_with(
            "no such profile",
            crate::locate::nearest(id.as_str(), shipped().iter().map(|(id, _)| *id)),
        );
        return None;
    };
    match read(&text, loader, line) {
        Ok(parent) if parent.id == id => Some(parent),
        Ok(_) => {
            node.wrong("the profile that was found has another id");
            None
        }
        Err(errors) => {
            document.add(errors);
            None
        }
    }
}
