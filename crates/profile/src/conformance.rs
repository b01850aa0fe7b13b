//! The conformance statement of a profile, as PS3.15 E.1.3 and PS3.2 ask for it.

use crate::diff::words;
use crate::options::{BASIC_PROFILE, ProfileOption};
use crate::policy::{
    DateTreatment, FacePolicy, PrivateList, TimeTreatment, UnknownWords, UnlistedText,
};
use crate::profile::Profile;
use crate::standard::iod_types::IodTypes;
use crate::standard::private_attributes::{self, Disposition};
use crate::standard::table::{COLUMNS, Cell, RowTag};
use crate::standard::unlisted::Group;
use crate::standard::{EDITION, table, unlisted, vr_of};
use cloakroom_core::VR;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

/// The conformance statement of a profile, in Markdown. It depends on the profile alone.
#[must_use]
pub fn conformance_statement(profile: &Profile) -> String {
    let mut text = format!(
        "# De-identification conformance statement: {} {}\n\n{}\n\n\
         Edition of the standard: DICOM {EDITION}, PS3.15 Annex E. Digest of the profile: `{}`.\n\n",
        profile.id(),
        profile.version(),
        profile.description(),
        profile.digest()
    );
    claims(profile, &mut text);
    manner(profile, &mut text);
    scope(&mut text);
    deviations(&mut text);
    rows(profile, &mut text);
    unlisted_attributes(profile, &mut text);
    private(profile, &mut text);
    own_rules(profile, &mut text);
    text
}

fn claims(profile: &Profile, text: &mut String) {
    text.push_str(
        "## Profile and options\n\n| code | meaning | section | stamped |\n|---|---|---|---|\n",
    );
    let _ = writeln!(
        text,
        "| {} | {} | E.2 | always |",
        BASIC_PROFILE.value, BASIC_PROFILE.meaning
    );
    for option in profile.options().iter() {
        let code = option.code();
        let when = match option {
            ProfileOption::CleanPixelData => {
                "where the pixels were cleaned or found to hold no text"
            }
            ProfileOption::CleanRecognizableVisualFeatures => "where a defaced series was imported",
            _ => "always",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {when} |",
            code.value,
            code.meaning,
            option.section()
        );
    }
    let stamps = profile.stamps();
    let _ = writeln!(
        text,
        "\nWritten into every object: (0012,0062) = YES; (0012,0063) = {}; (0012,0064) with the codes above, after \
         those of earlier de-identifiers; (0028,0303) = {}. (0028,0301) = NO and (0028,0302) = NO only where it is \
         true of the object. The File Meta Information and the preamble are written anew.\n",
        stamps
            .method
            .iter()
            .map(|value| format!("`{value}`"))
            .collect::<Vec<_>>()
            .join(", "),
        stamps.longitudinal
    );
}

fn manner(profile: &Profile, text: &mut String) {
    text.push_str("## Manner of cleaning\n\n");
    let dates = profile.dates();
    let _ = match dates.treatment {
        DateTreatment::Remove => writeln!(
            text,
            "- Dates and times are removed, or replaced by dummies where the IOD needs them."
        ),
        DateTreatment::Keep => writeln!(text, "- Dates and times are unchanged."),
        DateTreatment::Shift => writeln!(
            text,
            "- Dates move by an offset of the patient's own, derived with a secret key from {} to {} days, 0 never among them; {}. Intervals of a patient stay. A timezone offset and stamps in bytes go as the Basic Profile says.",
            dates.range_days.start(),
            dates.range_days.end(),
            match dates.times {
                TimeTreatment::Keep => "times of day stay",
                TimeTreatment::Shift => "times of day move too",
                TimeTreatment::Remove => "times of day go",
            }
        ),
    };
    let _ = match profile.ages().cap_years {
        Some(years) => writeln!(text, "- Ages above {years} years become {years}."),
        None => writeln!(text, "- Ages are not capped."),
    };
    let _ = writeln!(
        text,
        "- Text: values that the patient, the staff, the institution and the orders are known by, identifiers and contacts found by recognisers, and dates go; words that are neither known to identify nor in the lexicon {}.",
        match profile.text().unknown_words {
            UnknownWords::Remove => "go too, until a person has approved them",
            UnknownWords::Keep => "stay",
        }
    );
    let _ = writeln!(
        text,
        "- Labels and descriptions without a row are {}.",
        match profile.unlisted().text {
            UnlistedText::Clean => "cleaned the same way",
            UnlistedText::Remove => "removed",
        }
    );
    text.push_str(
        "- Structured content is cleaned item by item after Table E.3.4-1 where that option is used, former SNOMED codes included; other items go by their Value Type.\n\
         - Graphics: annotations are processed attribute by attribute where that option is used; curves (50xx) and overlays (60xx) are removed as whole groups.\n",
    );
    let pixels = profile.pixels();
    let _ = writeln!(
        text,
        "- Pixels are {}; an image without a positive reason that its pixels are safe is held.",
        if pixels.clean {
            "masked in their stored values where text is found"
        } else {
            "not changed"
        }
    );
    let _ = writeln!(
        text,
        "- Images that may show a face are {}.\n",
        match profile.faces() {
            FacePolicy::Hold => "held",
            FacePolicy::Accept => "accepted by a person with a signed reason",
            FacePolicy::Defaced => "taken only as a defaced series made elsewhere",
        }
    );
}

fn scope(text: &mut String) {
    text.push_str(
        "## Referential integrity\n\n\
         UIDs, pseudonyms and date offsets derive from a secret key of the site, the project and the track. Within one \
         site and track the same UID always becomes the same UID: across studies, across runs and across later \
         deliveries. Between two tracks or two sites nothing can be joined. UIDs of the standard itself, and UIDs of \
         SOP Classes, transfer syntaxes and coding schemes, stay.\n\n",
    );
}

fn deviations(text: &mut String) {
    text.push_str(
        "## Where the table leaves a question open\n\n\
         - A condition of Type 1C or 2C counts as met. An attribute has the strictest Type that any module of its IOD gives it at its path.\n\
         - X/Z at Type 1 becomes D; X/D at Type 2 becomes Z; Z at Type 1 becomes D. X at Type 1 becomes D and at Type 2 becomes Z, because removing it would break the IOD (Presentation Creation Date in presentation states).\n\
         - An attribute that the IOD does not have at its path is removed even where its row says D or Z (E.1.1 note 13); UIDs are mapped instead.\n\
         - Where Retain Device Identity keeps and Retain Modified Dates cleans, cleaning wins (11 rows).\n\
         - D for a UID is a mapped UID. D for Encapsulated Document means that the document is replaced, or the object held.\n\
         - Pixel data inside Sequences is removed.\n\n",
    );
}

fn rows(profile: &Profile, text: &mut String) {
    let rules = profile.rules_with(Arc::new(IodTypes::of_iod("")));
    text.push_str(
        "## Attributes of Table E.1-1\n\n| tag | attribute | basic | options | action |\n|---|---|---|---|---|\n",
    );
    for row in table::rows() {
        let options: Vec<String> = COLUMNS
            .into_iter()
            .filter(|option| profile.options().has(*option))
            .filter_map(|option| {
                let letter = match row.cell(option)? {
                    Cell::Keep => 'K',
                    Cell::Clean => 'C',
                };
                Some(format!("{} {letter}", option.code().value))
            })
            .collect();
        let action = match row.tag {
            RowTag::Exact(tag) => {
                let vr = vr_of(tag).unwrap_or(VR::LO);
                words(&rules.answers(tag, vr).map(|answer| answer.action))
            }
            RowTag::Curves | RowTag::Overlays(_) => "remove".into(),
            RowTag::Private => "see below".into(),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {action} |",
            row.tag,
            row.keyword,
            row.basic,
            options.join(", ")
        );
    }
    text.push('\n');
}

fn unlisted_attributes(profile: &Profile, text: &mut String) {
    let rules = profile.rules_with(Arc::new(IodTypes::of_iod("")));
    text.push_str(
        "## Attributes without a row\n\n| group | why | attributes | action |\n|---|---|---|---|\n",
    );
    for group in Group::ALL {
        let members: Vec<_> = unlisted::reviewed()
            .iter()
            .filter(|known| known.group == *group)
            .collect();
        let actions: BTreeSet<String> = members
            .iter()
            .map(|known| {
                let vr = vr_of(known.tag).unwrap_or(VR::UN);
                words(&rules.answers(known.tag, vr).map(|answer| answer.action))
            })
            .collect();
        let names: Vec<&str> = members.iter().map(|known| known.keyword).collect();
        let actions: Vec<String> = actions.into_iter().collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            group.name(),
            group.reason(),
            names.join(", "),
            actions.join("; ")
        );
    }
    text.push_str(
        "\nEvery other attribute of the dictionary goes by its VR: numbers and terms that obey their VR stay, Sequences \
         are processed Item by Item, UIDs are mapped, dates follow the policy above, text is cleaned or removed as above, \
         names, addresses, AE titles and opaque bytes are removed. What no dictionary knows is removed.\n\n",
    );
}

fn private(profile: &Profile, text: &mut String) {
    text.push_str("## Private attributes\n\n");
    if !profile.options().has(ProfileOption::RetainSafePrivate) {
        text.push_str("All are removed, but for those of the profile's own rules.\n\n");
        return;
    }
    text.push_str("These may stay, each by the rule of its VR; all others are removed.\n\n| group | creator | elements | list |\n|---|---|---|---|\n");
    for list in &profile.private().lists {
        private_list(*list, text);
    }
    text.push('\n');
}

fn private_list(list: PrivateList, text: &mut String) {
    let mut block: Option<(u16, &str)> = None;
    for (group, creator, element, listed) in private_attributes::all(list) {
        if listed.disposition == Disposition::Delete {
            continue;
        }
        if block != Some((group, creator)) {
            if block.is_some() {
                let _ = writeln!(text, " | {} |", list.name());
            }
            let _ = write!(text, "| {group:04X} | {creator} |");
            block = Some((group, creator));
        }
        let _ = write!(text, " {element:02X}");
    }
    if block.is_some() {
        let _ = writeln!(text, " | {} |", list.name());
    }
}

fn own_rules(profile: &Profile, text: &mut String) {
    text.push_str("## Rules of the profile itself\n\n");
    if profile.rules().is_empty() {
        text.push_str("None.\n");
        return;
    }
    text.push_str("| rule | what | why |\n|---|---|---|\n");
    for rule in profile.rules() {
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            rule.id,
            rule.describe(),
            rule.reason
        );
    }
}
