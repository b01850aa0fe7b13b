//! Laws that hold for every attribute, every place and every text.

#![allow(clippy::unwrap_used, reason = "a test may fail and say so")]

use cloakroom_core::{Action, Tag, VR};
use cloakroom_profile::standard::iod_types::{IodTypes, Type, sop_classes};
use cloakroom_profile::standard::{table, unlisted, vr_of};
use cloakroom_profile::{Place, Profile, check, shipped};
use proptest::prelude::*;
use std::sync::LazyLock;

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    shipped()
        .iter()
        .map(|(id, _)| Profile::shipped(id).unwrap())
        .collect()
});

const VRS: [VR; 12] = [
    VR::UN,
    VR::LO,
    VR::PN,
    VR::SQ,
    VR::OB,
    VR::DA,
    VR::UI,
    VR::CS,
    VR::DS,
    VR::US,
    VR::UT,
    VR::AE,
];

/// Tags that matter more often than chance would have them.
fn tags() -> impl Strategy<Value = Tag> {
    prop_oneof![
        any::<(u16, u16)>().prop_map(|(group, element)| Tag(group, element)),
        (0..table::rows().len()).prop_map(|row| table::rows()[row]
            .tag
            .exact()
            .unwrap_or(Tag(0x0009, 0x1001))),
        (0..unlisted::reviewed().len()).prop_map(|row| unlisted::reviewed()[row].tag),
        (0x0008_u16..0x0060, any::<u16>())
            .prop_map(|(group, element)| Tag(group, element & 0x1FFF)),
    ]
}

fn classes() -> impl Strategy<Value = &'static str> {
    let classes: Vec<&str> = sop_classes()
        .map(|(class, _)| class)
        .chain(["", "1.2.3"])
        .collect();
    (0..classes.len()).prop_map(move |at| classes[at])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Every attribute has an action at every place, the same each time, and what the IOD needs is left in it.
    #[test]
    fn deciding_is_total_and_keeps_the_iod_valid(
        tag in tags(),
        ancestors in prop::collection::vec(tags(), 0..4),
        vr in prop::sample::select(&VRS[..]),
        creator in prop::option::of("[A-Za-z0-9 ]{0,20}"),
        class in classes(),
        profile in 0..5_usize,
    ) {
        let rules = PROFILES[profile].class_rules(class, "CT");
        let place = Place { ancestors: &ancestors, tag, vr, creator: creator.as_deref() };
        let decided = rules.decide(&place);
        prop_assert_eq!(&decided, &rules.decide(&place));
        prop_assert!(!decided.rule.as_str().is_empty());
        let needed = IodTypes::of_class(class).type_of(&ancestors, tag);
        if needed >= Some(Type::OneC) && !decided.rule.as_str().starts_with("fixed:") && decided.rule.as_str() != "gap:signature" {
            prop_assert!(!matches!(decided.action, Action::Remove | Action::Empty), "{:?}", decided);
        }
    }

    /// What no dictionary knows never stays, nor does a name of a person, nor a private attribute of an unknown creator.
    #[test]
    fn the_unknown_never_stays(
        tag in tags(),
        vr in prop::sample::select(&VRS[..]),
        class in classes(),
        profile in 0..5_usize,
    ) {
        let rules = PROFILES[profile].class_rules(class, "MR");
        let decided = rules.decide(&Place { ancestors: &[], tag, vr, creator: Some("HOSPITAL OF DR ZHANG") });
        let unknown = tag.0 % 2 == 1 || vr_of(tag).is_none() || vr_of(tag) == Some(VR::PN);
        if unknown || vr == VR::PN {
            let stays = matches!(decided.action, Action::Keep | Action::CleanText | Action::ShiftDate | Action::MapUid | Action::CapAge | Action::CleanContent);
            prop_assert!(!stays, "{:?}", decided);
        }
    }

    /// No text makes the reader panic, and a text that is refused is refused with a reason.
    #[test]
    fn any_text_is_read_or_refused(text in "(id: |version: 1.0.0\n|extends: basic\n|rules:\n|  - |attribute: |action: keep\n|reason: |[a-z\u{4e00}-\u{4e20}\"'{}\\[\\]:,#&*|>\n -]{0,6}){0,12}") {
        match Profile::parse(&text, &|_| None) {
            Ok(profile) => prop_assert!(text.contains(profile.id().as_str())),
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                prop_assert!(errors.iter().all(|error| error.line >= 1 && error.column >= 1));
            }
        }
    }

    /// A slip of one letter in a key of a shipped profile is always seen.
    #[test]
    fn a_slip_in_a_key_is_seen(profile in 0..5_usize, at in any::<prop::sample::Index>()) {
        let text = shipped()[profile].1;
        let keys: Vec<usize> = text
            .match_indices(':')
            .map(|(colon, _)| colon)
            .filter(|colon| {
                let line = text[..*colon].rsplit('\n').next().unwrap_or_default();
                let key = line.trim_start().trim_start_matches("- ");
                !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            })
            .collect();
        let colon = keys[at.index(keys.len())];
        let slipped = format!("{}z{}", &text[..colon], &text[colon..]);
        prop_assert!(!check(&slipped, &|_| None).is_empty(), "{}", slipped);
    }
}
