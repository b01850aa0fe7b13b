//! Looking at what would be written: structure, rules, residue. All findings are gathered; one holds the object.

use crate::encoded::{META_START, PixelHeader, PixelSource, Syntax, transfer_syntax};
use crate::facts::facts_of;
use crate::frames;
use crate::residue::{Allowed, Field, PatientScan, is_everyday};
use crate::rules::{METHOD_CODES, Rules, method_codes};
use crate::second_reader::{SecondReading, Seen};
use cloakroom_core::{
    Finding, FindingKind, InstanceFacts, KnownKind, KnownValues, PatientPseudonym, Tag, VR,
};
use cloakroom_deid::{IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION};
use cloakroom_profile::{Profile, ProfileOption};
use dicom_dictionary_std::tags;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// No more findings than these are listed.
pub(crate) const MOST_FINDINGS: usize = 200;

/// The rules of one profile, ready for any number of objects.
pub struct Gate {
    profile: Arc<Profile>,
    exempt: BTreeSet<KnownKind>,
}

/// What the program writes of itself into the file meta information of every object.
const IMPLEMENTATION: (&str, &str) = (IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION);

impl Gate {
    /// A gate for a profile.
    #[must_use]
    pub fn new(profile: &Arc<Profile>) -> Self {
        let options = profile.options();
        // What an option keeps on purpose is no residue.
        let kept = [
            (ProfileOption::RetainDeviceIdentity, KnownKind::Device),
            (
                ProfileOption::RetainInstitutionIdentity,
                KnownKind::Institution,
            ),
            (ProfileOption::RetainUids, KnownKind::Uid),
        ];
        let exempt = kept.into_iter().filter(|(option, _)| options.has(*option));
        Self {
            exempt: exempt.map(|(_, kind)| kind).collect(),
            profile: Arc::clone(profile),
        }
    }

    /// Prepares the search for one patient, once for all objects of the patient.
    #[must_use]
    pub fn scan(&self, known: &KnownValues, pseudonym: &PatientPseudonym) -> PatientScan {
        PatientScan::new(known, pseudonym, Arc::new(is_everyday))
    }

    /// The profile.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }
}

/// One object as it would be written, and what the gate may know of how it came about.
pub(crate) struct Candidate<'a> {
    pub(crate) head: &'a [u8],
    pub(crate) pixels: PixelSource<'a>,
    pub(crate) tail: &'a [u8],
    /// The UIDs that the map gave out for this object.
    pub(crate) minted: BTreeSet<&'a str>,
    /// Clean Pixel Data is claimed.
    pub(crate) pixels_cleaned: bool,
    /// Clean Recognizable Visual Features is claimed.
    pub(crate) features_cleaned: bool,
}

/// What the gate found.
pub(crate) struct Inspected {
    pub(crate) findings: Vec<Finding>,
    pub(crate) facts: InstanceFacts,
}

/// Looks at a candidate with everything the gate has.
pub(crate) fn inspect(gate: &Gate, scan: &PatientScan, candidate: &Candidate<'_>) -> Inspected {
    let mut inspection = Inspection {
        gate,
        scan,
        candidate,
        findings: BTreeSet::new(),
    };
    let facts = inspection.run();
    Inspected {
        findings: inspection.findings.into_iter().collect(),
        facts: facts.unwrap_or_default(),
    }
}

struct Inspection<'a> {
    gate: &'a Gate,
    scan: &'a PatientScan,
    candidate: &'a Candidate<'a>,
    findings: BTreeSet<Finding>,
}

impl Inspection<'_> {
    fn find(&mut self, kind: FindingKind, seen: Option<&Seen<'_>>, offset: Option<u64>) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.insert(Finding {
                kind,
                path: seen.and_then(Seen::path),
                offset,
            });
        }
    }

    /// `None` where the second reader cannot read the object; the search of its bytes is done all the same.
    fn run(&mut self) -> Option<InstanceFacts> {
        let Some(syntax) = transfer_syntax(self.candidate.head) else {
            self.find(FindingKind::Unreadable, None, None);
            self.search_bytes(&Allowed::default());
            return None;
        };
        let has_pixels = !matches!(self.candidate.pixels, PixelSource::None);
        let header = self.pixel_header(&syntax, has_pixels);
        let reading =
            SecondReading::open(self.candidate.head, header.as_ref(), self.candidate.tail);
        let facts = match &reading {
            Ok(reading) => {
                self.file_meta(reading);
                self.attributes(reading);
                let facts = facts_of(reading, has_pixels);
                self.search_bytes(&self.allowed(&facts));
                Some(facts)
            }
            Err(_) => {
                self.find(FindingKind::Unreadable, None, None);
                self.search_bytes(&Allowed::default());
                None
            }
        };
        if header.is_some_and(|header| header.length.is_none()) {
            self.search_frames(&syntax, facts.as_ref());
        }
        facts
    }

    fn pixel_header(&mut self, syntax: &str, has_pixels: bool) -> Option<PixelHeader> {
        if !has_pixels {
            return None;
        }
        let header = PixelHeader::at_end(self.candidate.head, &Syntax::of(syntax));
        let fits = header.is_some_and(|header| {
            header
                .length
                .is_none_or(|length| u64::from(length) == self.candidate.pixels.len())
        });
        if !fits {
            let offset = header.map(|header| header.start as u64);
            self.find(FindingKind::LengthMismatch, None, offset);
        }
        header
    }

    /// Preamble and file meta information are the program's own, and nothing else (PS3.15 E.1.1).
    fn file_meta(&mut self, reading: &SecondReading) {
        let meta = reading.meta();
        let clean = |text: &str| text.trim_matches(['\0', ' ']).to_owned();
        let (class, name) = IMPLEMENTATION;
        let sound = self.candidate.head.get(..META_START - 4) == Some(&[0; META_START - 4])
            && clean(meta.media_storage_sop_class_uid()) == reading.text(tags::SOP_CLASS_UID)
            && clean(meta.media_storage_sop_instance_uid()) == reading.text(tags::SOP_INSTANCE_UID)
            && clean(meta.implementation_class_uid()) == class
            && meta.implementation_version_name().map(clean).as_deref() == Some(name);
        if !sound || reading.has_foreign_meta() {
            self.find(FindingKind::StampWrong, None, Some(0));
        }
    }

    fn attributes(&mut self, reading: &SecondReading) {
        let class_uid = reading.text(tags::SOP_CLASS_UID);
        let class = self
            .gate
            .profile
            .class_rules(&class_uid, &reading.text(tags::MODALITY));
        let rules = Rules {
            options: self.gate.profile.options(),
            class: &class,
            minted: &self.candidate.minted,
            pseudonym: self.scan.pseudonym(),
        };
        let mut codes: BTreeMap<String, bool> = self.wanted_codes();
        let visited = reading.visit(&mut |seen| {
            method_codes(seen, &mut codes);
            if let Some(kind) = rules.judge(seen) {
                self.find(kind, Some(seen), None);
            }
            self.search_text(seen);
        });
        if visited.is_err() {
            self.find(FindingKind::Unreadable, None, None);
        }
        self.stamps(reading, codes.values().all(|found| *found));
    }

    fn wanted_codes(&self) -> BTreeMap<String, bool> {
        let stamps = self.gate.profile.stamps();
        let mut codes: BTreeMap<String, bool> = stamps
            .codes
            .iter()
            .map(|code| (code.value.to_owned(), false))
            .collect();
        let claimed = [
            (self.candidate.pixels_cleaned, "113101"),
            (self.candidate.features_cleaned, "113102"),
        ];
        codes.extend(
            claimed
                .into_iter()
                .filter(|(claimed, _)| *claimed)
                .map(|(_, code)| (code.to_owned(), false)),
        );
        codes
    }

    /// What the standard asks a de-identifier to write (PS3.15 E.1.1, PS3.3 C.7.1.1).
    fn stamps(&mut self, reading: &SecondReading, codes_found: bool) {
        let stamps = self.gate.profile.stamps();
        let text = |tag: Tag| reading.text(tag);
        let methods = text(tags::DEIDENTIFICATION_METHOD);
        let methods: Vec<&str> = methods.split('\\').map(str::trim).collect();
        let pixels = text(tags::BURNED_IN_ANNOTATION) == "NO" || !self.candidate.pixels_cleaned;
        let features =
            text(tags::RECOGNIZABLE_VISUAL_FEATURES) == "NO" || !self.candidate.features_cleaned;
        let sound = codes_found
            && text(tags::PATIENT_IDENTITY_REMOVED) == "YES"
            && stamps
                .method
                .iter()
                .all(|method| methods.contains(&method.trim()))
            && text(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED) == stamps.longitudinal
            && pixels
            && features;
        if !sound {
            self.find(FindingKind::StampWrong, None, None);
        }
    }

    fn search_text(&mut self, seen: &Seen<'_>) {
        let maker = seen.tag == tags::MANUFACTURER || seen.tag == tags::MANUFACTURER_MODEL_NAME;
        let field = match seen.vr {
            _ if maker => Field::Term,
            VR::PN => Field::Name,
            VR::LO | VR::LT | VR::SH | VR::ST | VR::UC | VR::UN | VR::UR | VR::UT => Field::Text,
            VR::AE | VR::CS => Field::Term,
            _ => return,
        };
        let own = seen.tag == tags::DEIDENTIFICATION_METHOD
            || seen.ancestors.first() == Some(&METHOD_CODES);
        if own {
            return;
        }
        for text in seen.texts() {
            if text.trim_matches(['\0', ' ']) == self.scan.pseudonym() {
                continue;
            }
            for kind in self.scan.search_text(&text, field) {
                let kept = self.gate.exempt.contains(&kind) || maker && is_house(kind);
                if !kept {
                    self.find(FindingKind::KnownValue(kind), Some(seen), None);
                }
            }
        }
    }

    /// Texts of the output that may hold a known value by chance.
    fn allowed(&self, facts: &InstanceFacts) -> Allowed {
        let stamps = self.gate.profile.stamps();
        let mut anything: Vec<String> = stamps.method;
        anything.extend(stamps.codes.iter().map(|code| code.value.to_owned()));
        anything.extend(stamps.codes.iter().map(|code| code.meaning.to_owned()));
        anything.extend(["113101", "113102"].map(String::from));
        anything.push(self.scan.pseudonym().to_owned());
        anything.push(IMPLEMENTATION.1.to_owned());
        Allowed::new(anything, [facts.manufacturer.clone(), facts.model.clone()])
    }

    fn search_bytes(&mut self, allowed: &Allowed) {
        self.search(self.candidate.head, 0, allowed);
        let tail_at = self.candidate.head.len() as u64 + self.candidate.pixels.len();
        self.search(self.candidate.tail, tail_at, allowed);
    }

    fn search(&mut self, bytes: &[u8], offset: u64, allowed: &Allowed) {
        for hit in self.scan.search(bytes, allowed) {
            if !self.gate.exempt.contains(&hit.kind) {
                let place = offset + hit.start as u64;
                self.find(FindingKind::KnownValue(hit.kind), None, Some(place));
            }
        }
    }

    fn search_frames(&mut self, syntax: &str, facts: Option<&InstanceFacts>) {
        let allowed = facts.map_or_else(Allowed::default, |facts| self.allowed(facts));
        let base = self.candidate.head.len() as u64;
        let pixels = self.candidate.pixels;
        let walked = frames::for_each_searchable(&pixels, syntax, &mut |offset, bytes| {
            self.search(bytes, base + offset, &allowed);
        });
        if walked.is_err() {
            self.find(FindingKind::LengthMismatch, None, Some(base));
        }
    }
}

const fn is_house(kind: KnownKind) -> bool {
    matches!(kind, KnownKind::Institution | KnownKind::Device)
}
