//! Walking an object and deciding each attribute at every depth.

mod bytes;
pub(crate) mod codes;
mod content;
mod dates;
mod drops;
mod numbers;
mod references;
mod repairs;
pub(crate) mod stamps;
mod text;
mod uids;

use crate::keys::TrackKeys;
use crate::plan::{Plan, PrivateCounts, TextChange};
use crate::records::{Prefix, Records};
use crate::subject::Subject;
use crate::text::TextRemovals;
use cloakroom_core::{Action, HoldReason, PathPattern, Phi, RuleId, State, Step, Tag, Uid, VR};
use cloakroom_p10::{Edits, ElementRef, Elements, ItemRef, Object, Place as EditPlace};
use cloakroom_profile::standard::iod_types::iod_of;
use cloakroom_profile::standard::private_attributes::is_known_creator;
use cloakroom_profile::{ClassRules, Decision, Place, Profile};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const SPECIFIC_CHARACTER_SET: Tag = Tag(0x0008, 0x0005);
const PATIENT_ID: Tag = Tag(0x0010, 0x0020);
const ENCAPSULATED_DOCUMENT: Tag = Tag(0x0042, 0x0011);
const MODALITY: Tag = Tag(0x0008, 0x0060);

/// Classes of recorded sound, in which people speak names.
const AUDIO_CLASSES: [&str; 3] = [
    "1.2.840.10008.5.1.4.1.1.9.4.1",
    "1.2.840.10008.5.1.4.1.1.9.4.2",
    "1.2.840.10008.10.3",
];

/// Why planning stops.
pub(crate) enum Stop {
    Hold(HoldReason),
    /// Text that is to be written does not fit the character set.
    NotEncodable,
}

impl From<HoldReason> for Stop {
    fn from(reason: HoldReason) -> Self {
        Self::Hold(reason)
    }
}

/// What surrounds an element.
#[derive(Clone)]
pub(crate) struct Around<'a> {
    prefix: Prefix,
    item: Option<ItemRef<'a>>,
    /// What happens to the value of the content item that this is, where structured content is cleaned.
    content: Option<Decision>,
    /// The content item stays only for its place in the tree: whatever is below it becomes dummies.
    neutral: bool,
}

pub(crate) struct Planner<'a> {
    object: &'a Object,
    profile: &'a Profile,
    rules: Arc<ClassRules>,
    subject: &'a Subject,
    keys: &'a TrackKeys,
    sop_class: String,
    edits: Edits,
    records: Records,
    uids: BTreeMap<String, Uid>,
    removals: TextRemovals,
    private: PrivateCounts,
    unknown: BTreeSet<Phi<String>>,
    changes: Vec<TextChange>,
    ancestors: Vec<Tag>,
    /// How many references to instances stay, outside the lists of them.
    references: u32,
    /// Everything written is UTF-8, and everything kept becomes it.
    utf8: bool,
    /// Content items are referred to by their positions, so none may vanish.
    positions_matter: bool,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(
        object: &'a Object,
        profile: &'a Profile,
        subject: &'a Subject,
        keys: &'a TrackKeys,
        utf8: bool,
    ) -> Result<Self, HoldReason> {
        let set = object.dataset();
        let sop_class = object.sop_class_uid().unwrap_or_default();
        let modality = set
            .get(MODALITY)
            .and_then(ElementRef::first_text)
            .unwrap_or_default();
        check(object, subject, &sop_class)?;
        Ok(Self {
            object,
            profile,
            rules: profile.class_rules(&sop_class, &modality),
            subject,
            keys,
            positions_matter: set
                .walk()
                .any(|element| element.tag() == content::REFERENCED_POSITION),
            sop_class,
            edits: Edits::new(),
            records: Records::new(),
            uids: BTreeMap::new(),
            removals: TextRemovals::default(),
            private: PrivateCounts::default(),
            unknown: BTreeSet::new(),
            changes: Vec::new(),
            ancestors: Vec::new(),
            references: 0,
            utf8,
        })
    }

    pub(crate) fn run(mut self) -> Result<Plan, Stop> {
        let root = Around {
            prefix: 0,
            item: None,
            content: None,
            neutral: false,
        };
        let object = self.object;
        self.data_set(object.dataset().elements(), &root)?;
        let stamps = self.stamp()?;
        if self.utf8 {
            self.declare_utf8();
        }
        if object.dataset().get(PATIENT_ID).is_none() {
            self.edits.insert(
                EditPlace::Root,
                PATIENT_ID,
                VR::LO,
                self.subject.pseudonym().as_str().into(),
            );
            self.records.add_top(
                PATIENT_ID,
                Action::Pseudonym,
                "patient:assigned",
                (State::Absent, State::Present),
            );
        }
        let sop_instance = self.sop_instance()?;
        Ok(Plan {
            edits: self.edits,
            actions: self.records.finish(),
            removals: self.removals,
            private: self.private,
            uids: self.uids,
            unknown: self.unknown.into_iter().collect(),
            changes: self.changes,
            sop_class: self.sop_class,
            sop_instance,
            transfer_syntax: object.transfer_syntax().to_owned(),
            stamps,
            nodes: object.dataset().node_count(),
        })
    }

    /// The elements of one data set or Item.
    fn data_set(&mut self, elements: Elements<'a>, around: &Around<'a>) -> Result<(), Stop> {
        let mut creators: Vec<(ElementRef<'a>, bool)> = Vec::new();
        let mut lists: Vec<ElementRef<'a>> = Vec::new();
        for element in elements {
            let tag = element.tag();
            if element.is_pixel_value() || (around.item.is_none() && stamps::is_stamp(tag)) {
                continue;
            }
            if tag == SPECIFIC_CHARACTER_SET {
                self.character_set(element, around);
            } else if tag.0 % 2 == 1 && (0x0010..=0x00FF).contains(&tag.1) {
                creators.push((element, false));
            } else if around.item.is_none() && references::is_list(tag) {
                lists.push(element);
            } else {
                let kept = self.element(element, around)?;
                if tag.0 % 2 == 1 {
                    self.count_private(tag, kept, &mut creators);
                }
            }
        }
        for list in lists {
            self.reference_list(list, around)?;
        }
        for (creator, kept) in creators {
            self.creator(creator, kept, around);
        }
        Ok(())
    }

    fn count_private(&mut self, tag: Tag, kept: bool, creators: &mut [(ElementRef<'a>, bool)]) {
        if !kept {
            self.private.removed += 1;
            return;
        }
        self.private.kept += 1;
        let reserving = Tag(tag.0, tag.1 >> 8);
        for (creator, used) in creators {
            *used |= creator.tag() == reserving;
        }
    }

    /// A Private Creator stays where something of its block stays, and only under its listed name.
    fn creator(&mut self, element: ElementRef<'a>, used: bool, around: &Around<'a>) {
        let name = element
            .raw()
            .and_then(|raw| std::str::from_utf8(raw).ok())
            .map(|name| name.trim_matches(['\0', ' ']));
        let decision = self.decide(element, name);
        let step = Step::UnknownPrivate {
            group: element.tag().0,
        };
        let states = (before(element), State::Present);
        if used && decision.action == Action::Keep {
            return;
        }
        self.edits.remove(element.id());
        let rule = if decision.action == Action::Keep {
            RuleId::of("private:block-empty")
        } else {
            decision.rule
        };
        self.records.add(
            around.prefix,
            step,
            Action::Remove,
            rule,
            (states.0, State::Absent),
        );
    }

    fn decide(&self, element: ElementRef<'a>, creator: Option<&str>) -> Decision {
        let place = Place {
            ancestors: &self.ancestors,
            tag: element.tag(),
            vr: self.vr(element, creator),
            creator,
        };
        self.rules.decide(&place)
    }

    /// The VR of an element; where a private one states none, that of the list that knows it.
    fn vr(&self, element: ElementRef<'a>, creator: Option<&str>) -> VR {
        match (element.vr(), creator) {
            (VR::UN, Some(creator)) if element.tag().1 > 0xFF => self
                .profile
                .private_vr(element.tag(), creator)
                .unwrap_or(VR::UN),
            (vr, _) => vr,
        }
    }

    /// Decides one element and plans what follows; answers whether anything of it stays.
    fn element(&mut self, element: ElementRef<'a>, around: &Around<'a>) -> Result<bool, Stop> {
        let tag = element.tag();
        let creator = element.private_creator();
        let mut decision = self.decide(element, creator);
        if let Some(content) = self.content_decision(element, around) {
            decision = content;
        }
        if tag == ENCAPSULATED_DOCUMENT
            && element.value_len() > 0
            && decision.action != Action::Replace
        {
            return Err(HoldReason::EncapsulatedDocument.into());
        }
        let gone = matches!(
            decision.action,
            Action::Remove | Action::Empty | Action::Dummy
        );
        self.references += u32::from(tag == references::REFERENCED_INSTANCE && !gone);
        let step = step_of(tag, creator);
        let task = Task {
            element,
            vr: self.vr(element, creator),
            rule: decision.rule,
            prefix: around.prefix,
            step,
        };
        let stays = matches!(
            decision.action,
            Action::Keep | Action::CleanText | Action::MapUid | Action::ShiftDate | Action::CapAge
        );
        if stays && self.repair_empty(&task) {
            return Ok(true);
        }
        match decision.action {
            Action::Remove => self.remove(&task),
            Action::Empty => self.empty(&task),
            Action::Dummy => self.dummy(&task)?,
            Action::Pseudonym => self.pseudonym(&task),
            Action::Replace => self.replace(&task, decision.value.as_deref())?,
            Action::MapUid => return self.map_uids(&task, around),
            Action::ShiftDate => return self.shift(&task, around),
            Action::CapAge => return self.cap_age(&task),
            Action::CleanContent => return self.clean_content(&task, around),
            Action::Keep | Action::CleanText | Action::Repair => {
                return self.keep(&task, decision.action, around);
            }
        }
        Ok(decision.action != Action::Remove)
    }

    /// Keeps a value as far as it may be kept: never blindly.
    fn keep(&mut self, task: &Task<'a>, action: Action, around: &Around<'a>) -> Result<bool, Stop> {
        if self.is_public_code(task, around) {
            return Ok(true);
        }
        match task.vr {
            VR::SQ => {
                self.items(task, around)?;
                Ok(true)
            }
            VR::PN => self.drop(task),
            VR::UI => self.keep_uids(task, around),
            VR::CS => self.keep_terms(task),
            VR::DS | VR::IS => self.keep_numbers(task),
            VR::DA | VR::TM | VR::DT => self.keep_dates(task),
            VR::AS => self.keep_ages(task, None),
            VR::AE | VR::LO | VR::SH | VR::LT | VR::ST | VR::UT | VR::UC | VR::UR => {
                self.clean_text(task, action)
            }
            VR::UN => self.keep_unknown(task),
            VR::OB | VR::OW | VR::OD | VR::OF | VR::OL | VR::OV => self.keep_bytes(task),
            _ => self.keep_binary(task),
        }
    }

    /// The Items of a Sequence, each in its turn.
    fn items(&mut self, task: &Task<'a>, around: &Around<'a>) -> Result<(), Stop> {
        if !task.element.is_sequence() {
            return Ok(());
        }
        let prefix = self.records.prefix(task.prefix, task.step.clone());
        self.ancestors.push(task.element.tag());
        for item in task.element.items() {
            let inner = Around {
                prefix,
                item: Some(item),
                content: None,
                neutral: around.neutral,
            };
            self.data_set(item.elements(), &inner)?;
        }
        self.ancestors.pop();
        Ok(())
    }

    /// (0008,0005) stays, unless the object moves to UTF-8.
    fn character_set(&mut self, element: ElementRef<'a>, around: &Around<'a>) {
        if self.utf8 && around.item.is_some() {
            self.edits.remove(element.id());
        }
    }

    fn declare_utf8(&mut self) {
        let value = b"ISO_IR 192".to_vec();
        let before = match self.object.dataset().get(SPECIFIC_CHARACTER_SET) {
            Some(element) => {
                self.edits.replace(element.id(), VR::CS, value);
                State::Present
            }
            None => {
                self.edits
                    .insert(EditPlace::Root, SPECIFIC_CHARACTER_SET, VR::CS, value);
                State::Absent
            }
        };
        self.records.add_top(
            SPECIFIC_CHARACTER_SET,
            Action::Repair,
            "text:utf-8",
            (before, State::Present),
        );
    }

    fn record(&mut self, task: &Task<'a>, action: Action, after: State) {
        self.records.add(
            task.prefix,
            task.step.clone(),
            action,
            task.rule.clone(),
            (before(task.element), after),
        );
    }

    fn change(&mut self, task: &Task<'a>, before: &str, after: &str) {
        let path = PathPattern::new(vec![task.step.clone()]);
        if let Some(path) = path {
            self.changes.push(TextChange {
                path,
                before: Phi::new(before.into()),
                after: Phi::new(after.into()),
            });
        }
    }
}

/// One element and the decision for it.
pub(crate) struct Task<'a> {
    element: ElementRef<'a>,
    vr: VR,
    rule: RuleId,
    prefix: Prefix,
    step: Step,
}

impl Task<'_> {
    /// The VR that an edit writes: the stated one, but that of the standard where the bytes state UN.
    fn written_vr(&self) -> VR {
        self.element.vr()
    }
}

/// What must hold of an object before any attribute is looked at.
fn check(object: &Object, subject: &Subject, sop_class: &str) -> Result<(), HoldReason> {
    if object.has_duplicates() {
        return Err(HoldReason::DuplicateElement);
    }
    if AUDIO_CLASSES.contains(&sop_class) || iod_of(sop_class).is_none() {
        return Err(HoldReason::UnsupportedClass);
    }
    if !object.dataset().charsets_are_known() {
        return Err(HoldReason::UnknownCharacterSet);
    }
    let patient_id = object.dataset().get(PATIENT_ID);
    let stated = patient_id
        .and_then(ElementRef::raw)
        .is_some_and(|raw| raw.iter().any(|byte| !matches!(byte, 0 | b' ')));
    if stated || subject.is_assigned() {
        Ok(())
    } else {
        Err(HoldReason::PatientIdMissing)
    }
}

fn before(element: ElementRef<'_>) -> State {
    if element.value_len() == 0 {
        State::Empty
    } else {
        State::Present
    }
}

/// A private creator is free text, so evidence names it only where a shipped list does.
fn step_of(tag: Tag, creator: Option<&str>) -> Step {
    if tag.0.is_multiple_of(2) {
        return Step::Standard(tag);
    }
    match creator {
        Some(creator) if is_known_creator(tag.0, creator) => Step::Private {
            group: tag.0,
            creator: creator.into(),
            element: (tag.1 & 0xFF) as u8,
        },
        _ => Step::UnknownPrivate { group: tag.0 },
    }
}
