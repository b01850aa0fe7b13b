//! One patient, as the editor knows the patient: the pseudonym, the date offset, and how texts are cleaned.

use crate::dates::Offset;
use crate::keys::{PatientKey, SubjectError};
use crate::text::{
    ApprovedWords, Cleaned, KnownMatcher, Lexicon, TextCleaner, TextRemovals, UnknownWord,
};
use cloakroom_core::{KnownValues, PatientPseudonym, Phi, TrackId};
use cloakroom_profile::{DateTreatment, IdPart, Profile, TimeTreatment, UnknownWords};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// How many different values of one kind are remembered for a patient.
const MOST_REMEMBERED: usize = 8192;

/// An age over this many years identifies by itself, where a profile sets no limit of its own.
const DEFAULT_AGE_LIMIT: u32 = 89;

/// One patient. Made once and shared by all objects of the patient; cheap to clone.
#[derive(Clone)]
pub struct Subject {
    pseudonym: PatientPseudonym,
    offset: Offset,
    assigned: bool,
    text: Arc<SubjectText>,
}

/// How texts of one patient are cleaned, with a memory, since the slices of a series repeat each other.
struct SubjectText {
    cleaner: TextCleaner,
    lines: Memory,
    terms: Memory,
}

type Memory = RwLock<HashMap<Box<[u8]>, Arc<CleanedBytes>>>;

/// What became of the plain ASCII bytes of one value.
pub(crate) struct CleanedBytes {
    /// The bytes that are left; `None` where nothing changed.
    pub(crate) left: Option<Vec<u8>>,
    pub(crate) removed: TextRemovals,
    pub(crate) unknown: Vec<Phi<String>>,
}

impl core::fmt::Debug for Subject {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Subject")
            .field("pseudonym", &self.pseudonym)
            .finish_non_exhaustive()
    }
}

/// The pseudonym that a profile gives a patient, and how far the patient's dates move.
///
/// # Errors
/// If the profile's pattern or range does not give one.
pub fn pseudonym_and_offset(
    profile: &Profile,
    patient: &PatientKey,
    track: &TrackId,
    site: &str,
) -> Result<(PatientPseudonym, Offset), SubjectError> {
    let mut text = String::new();
    for part in profile.ids().pattern.parts() {
        match part {
            IdPart::Text(fixed) => text.push_str(fixed),
            IdPart::Track => text.push_str(track.as_str()),
            IdPart::Site => text.push_str(site),
            IdPart::Code => text.push_str(&patient.code()),
        }
    }
    let pseudonym = text.parse().map_err(|_| SubjectError::NotAPseudonym)?;
    let dates = profile.dates();
    if dates.treatment != DateTreatment::Shift {
        return Ok((pseudonym, Offset::days(0)));
    }
    let mut offset = patient.offset(dates.range_days.clone())?;
    if dates.times == TimeTreatment::Shift {
        offset.seconds = patient.seconds();
    }
    Ok((pseudonym, offset))
}

impl Subject {
    /// A patient under a profile.
    #[must_use]
    pub fn new(
        pseudonym: PatientPseudonym,
        offset: Offset,
        known: &KnownValues,
        approved: Arc<ApprovedWords>,
        profile: &Profile,
    ) -> Self {
        let lexicon = Lexicon::shipped();
        let matcher = KnownMatcher::new(known, &lexicon);
        let unknown = match profile.text().unknown_words {
            UnknownWords::Remove => UnknownWord::Remove,
            UnknownWords::Keep => UnknownWord::Keep,
        };
        let limit = profile
            .ages()
            .cap_years
            .map_or(DEFAULT_AGE_LIMIT, u32::from);
        let cleaner = TextCleaner::new(lexicon, approved, matcher, unknown, limit);
        let text = SubjectText {
            cleaner,
            lines: Memory::default(),
            terms: Memory::default(),
        };
        Self {
            pseudonym,
            offset,
            assigned: false,
            text: Arc::new(text),
        }
    }

    /// The same patient, whom a person has assigned to objects that state no Patient ID.
    #[must_use]
    pub fn assigned_by_person(mut self) -> Self {
        self.assigned = true;
        self
    }

    /// The pseudonym.
    #[must_use]
    pub const fn pseudonym(&self) -> &PatientPseudonym {
        &self.pseudonym
    }

    pub(crate) const fn is_assigned(&self) -> bool {
        self.assigned
    }

    pub(crate) const fn offset(&self) -> Offset {
        self.offset
    }

    /// The patient's known values.
    #[must_use]
    pub fn known(&self) -> &KnownMatcher {
        self.text.cleaner.known()
    }

    /// Whether a text holds nothing that the patient or those around the patient are called.
    pub(crate) fn is_free_of_known(&self, text: &str) -> bool {
        !self.known().occurs_in_text(text, &Lexicon::shipped()) && !self.known().is_known_code(text)
    }

    /// Whether a coded value is a term that the standard defines, and not what the patient is called.
    pub(crate) fn is_defined_term(&self, term: &str) -> bool {
        Lexicon::shipped().is_defined_term(term) && self.is_free_of_known(term)
    }

    /// Cleans one text, without the memory.
    #[must_use]
    pub fn clean(&self, text: &str) -> Cleaned {
        self.text.cleaner.clean(text)
    }

    /// Cleans plain ASCII bytes: one text, or several parted by backslashes.
    pub(crate) fn clean_ascii(&self, bytes: &str, split: bool) -> Arc<CleanedBytes> {
        let memory = if split {
            &self.text.terms
        } else {
            &self.text.lines
        };
        if let Ok(known) = memory.read()
            && let Some(found) = known.get(bytes.as_bytes())
        {
            return found.clone();
        }
        let made = Arc::new(self.clean_values(bytes, split));
        if let Ok(mut known) = memory.write()
            && known.len() < MOST_REMEMBERED
        {
            known.insert(bytes.as_bytes().into(), made.clone());
        }
        made
    }

    /// Cleans one text, or each of several parted by backslashes.
    pub(crate) fn clean_values(&self, text: &str, split: bool) -> CleanedBytes {
        let mut made = CleanedBytes {
            left: None,
            removed: TextRemovals::default(),
            unknown: Vec::new(),
        };
        let mut changed = false;
        let mut clean = |value: &str| {
            let cleaned = self.clean(value);
            made.removed.merge(&cleaned.removed);
            made.unknown.extend(cleaned.unknown);
            changed |= cleaned.text.is_some();
            cleaned.text.unwrap_or_else(|| value.to_owned())
        };
        let left = if split {
            text.split('\\')
                .map(&mut clean)
                .collect::<Vec<_>>()
                .join("\\")
        } else {
            clean(text)
        };
        if changed {
            made.left = Some(left.into_bytes());
        }
        made
    }
}
