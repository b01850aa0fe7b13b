//! PS3.15 Annex E, row by row: what the compiled rules do is what the table says.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail and say so"
)]

use cloakroom_core::{Action, Tag, VR};
use cloakroom_profile::standard::iod_types::{IodTypes, Type, iods, sop_classes, type_of};
use cloakroom_profile::standard::table::{Cell, Code, Row, rows};
use cloakroom_profile::standard::vr_of;
use cloakroom_profile::{Decision, Place, Profile, ProfileOption};
use std::collections::BTreeMap;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const RT_PLAN: &str = "1.2.840.10008.5.1.4.1.1.481.5";
const GRAYSCALE_STATE: &str = "1.2.840.10008.5.1.4.1.1.11.1";
const COMPREHENSIVE_SR: &str = "1.2.840.10008.5.1.4.1.1.88.33";
const ENCAPSULATED_PDF: &str = "1.2.840.10008.5.1.4.1.1.104.1";
const ENHANCED_MR: &str = "1.2.840.10008.5.1.4.1.1.4.1";

/// A profile of the Basic Profile and some options, with every policy at its strictest but for what the options need.
fn with_options(options: &[ProfileOption]) -> Profile {
    let names: Vec<&str> = options.iter().map(|option| option.name()).collect();
    let faces = if options.contains(&ProfileOption::CleanRecognizableVisualFeatures) {
        "faces: defaced\n"
    } else {
        ""
    };
    let yaml = format!(
        "id: test\nversion: 1.0.0\noptions: [{}]\nages: {{ cap: none }}\n{faces}",
        names.join(", ")
    );
    Profile::parse(&yaml, &|_| None).unwrap()
}

fn decide(profile: &Profile, class: &str, ancestors: &[Tag], tag: Tag) -> Decision {
    let vr = vr_of(tag).unwrap_or(VR::UN);
    profile.class_rules(class, "").decide(&Place {
        ancestors,
        tag,
        vr,
        creator: None,
    })
}

/// Every path of every IOD that ends in an attribute with a row, by attribute and Type.
fn places() -> BTreeMap<(Tag, Type), (&'static str, Vec<Tag>)> {
    let class_of: BTreeMap<_, _> = sop_classes().map(|(class, iod)| (iod, class)).collect();
    let mut places = BTreeMap::new();
    for (iod, class) in class_of {
        for (mut path, kind) in IodTypes::of_iod(iod).paths() {
            let tag = path.pop().unwrap();
            places.entry((tag, kind)).or_insert((class, path));
        }
    }
    places
}

/// The action that stands for a cell, by the VR of the attribute.
fn expected_of_cell(
    row: &Row,
    option: ProfileOption,
    cell: Cell,
    tag: Tag,
    basic: Action,
) -> Action {
    let vr = vr_of(tag).or(row.vr).unwrap_or(VR::LO);
    match (cell, option) {
        (Cell::Keep, _) => Action::Keep,
        (Cell::Clean, ProfileOption::RetainLongitudinalModifiedDates) => match vr {
            VR::DA | VR::DT => Action::ShiftDate,
            VR::TM => Action::Keep,
            _ => basic,
        },
        (Cell::Clean, ProfileOption::CleanStructuredContent) => match tag {
            Tag(0x0040, 0xA730 | 0x0555) => Action::CleanContent,
            _ => Action::Keep,
        },
        (Cell::Clean, _) => match vr {
            VR::SQ => Action::Keep,
            VR::OB => basic,
            _ => Action::CleanText,
        },
    }
}

/// What a code of the Basic Profile comes to where the attribute is Type 3, said a second time and plainly.
fn expected_of_code(row: &Row, tag: Tag) -> Action {
    if matches!(tag, Tag(0x0010, 0x0010 | 0x0020)) {
        return Action::Pseudonym;
    }
    let is_uid = vr_of(tag) == Some(VR::UI);
    match row.basic {
        Code::X | Code::XZ | Code::XD | Code::XZD | Code::XZU => Action::Remove,
        Code::Z | Code::ZD => Action::Empty,
        Code::D if is_uid => Action::MapUid,
        Code::D => Action::Dummy,
        Code::U => Action::MapUid,
    }
}

fn always_removed(tag: Tag) -> bool {
    matches!(tag.0, 0x0000 | 0x0002 | 0x0004)
}

#[test]
fn every_row_and_every_option_does_what_the_table_says_where_the_type_is_3() {
    let places = places();
    let basic = with_options(&[]);
    let profiles: Vec<_> = ProfileOption::ALL
        .iter()
        .map(|option| (*option, with_options(&[*option])))
        .collect();
    let (mut checked, mut cells) = (0, 0);
    for row in rows() {
        let Some(tag) = row.tag.exact().filter(|tag| !always_removed(*tag)) else {
            continue;
        };
        let (class, above, kind) = match places.get(&(tag, Type::Three)) {
            Some((class, above)) => (*class, above.as_slice(), Some(Type::Three)),
            None => (CT, [].as_slice(), type_of(CT, &[], tag)),
        };
        let expected = match kind {
            Some(Type::Three) => expected_of_code(row, tag),
            // Note 13: what the IOD does not have may go; UIDs are mapped all the same.
            None if row.basic == Code::U => Action::MapUid,
            None => Action::Remove,
            Some(_) => continue,
        };
        let decided = decide(&basic, class, above, tag);
        assert_eq!(
            decided.action, expected,
            "{} {} {}",
            row.tag, row.keyword, row.basic
        );
        checked += 1;
        for (option, profile) in &profiles {
            let wanted = row.cell(*option).map_or(expected, |cell| {
                expected_of_cell(row, *option, cell, tag, expected)
            });
            cells += usize::from(row.cell(*option).is_some());
            let decided = decide(profile, class, above, tag);
            assert_eq!(
                decided.action, wanted,
                "{} {} under {option}",
                row.tag, row.keyword
            );
        }
    }
    assert!(checked > 620, "{checked} rows");
    assert!(cells > 600, "{cells} cells");
}

#[test]
fn the_rows_of_many_attributes_are_removed_whole() {
    let basic = with_options(&[]);
    let graphics = with_options(&[ProfileOption::CleanGraphics]);
    for profile in [&basic, &graphics] {
        for tag in [
            Tag(0x6000, 0x3000),
            Tag(0x6002, 0x4000),
            Tag(0x60FE, 0x0022),
            Tag(0x6000, 0x1500),
            Tag(0x6000, 0x0010),
            Tag(0x5000, 0x3000),
            Tag(0x50FE, 0x0022),
            Tag(0x0009, 0x0010),
            Tag(0x0029, 0x1010),
        ] {
            assert_eq!(
                decide(profile, CT, &[], tag).action,
                Action::Remove,
                "{tag}"
            );
        }
    }
}

#[test]
fn groups_that_are_no_data_and_what_no_longer_holds_never_stay() {
    for profile in ["basic", "contest", "strict", "tcia", "research-full-dates"] {
        let profile = Profile::shipped(profile).unwrap();
        for tag in [
            Tag(0x0002, 0x0016),
            Tag(0x0002, 0x0003),
            Tag(0x0000, 0x1000),
            Tag(0x0004, 0x1130),
            Tag(0x0008, 0x0000),
            Tag(0x0008, 0x0001),
            Tag(0x0010, 0x0000),
            Tag(0xFFFC, 0xFFFC),
            Tag(0xFFFA, 0xFFFA),
            Tag(0x0400, 0x0561),
            Tag(0x0400, 0x0550),
            Tag(0x0088, 0x0200),
            Tag(0x0400, 0x0500),
            Tag(0x4FFE, 0x0001),
            Tag(0x0008, 0x0300),
            Tag(0x7F00, 0x0010),
            Tag(0x0010, 0x0033),
            Tag(0x0010, 0x0034),
            Tag(0x0008, 0x1190),
            Tag(0x0040, 0xE010),
        ] {
            assert_eq!(
                decide(&profile, CT, &[], tag).action,
                Action::Remove,
                "{tag} {}",
                profile.id()
            );
        }
        let nested = decide(&profile, CT, &[Tag(0x0008, 0x1140)], Tag(0x7FE0, 0x0010));
        assert_eq!(nested.action, Action::Remove);
        assert_eq!(
            decide(&profile, CT, &[], Tag(0x7FE0, 0x0010)).action,
            Action::Keep
        );
    }
}

#[test]
fn trap_1_dates_of_plans_become_empty_where_x_d_meets_type_2() {
    let basic = with_options(&[]);
    for tag in [Tag(0x300A, 0x0006), Tag(0x300A, 0x0007)] {
        assert_eq!(type_of(RT_PLAN, &[], tag), Some(Type::Two));
        let decided = decide(&basic, RT_PLAN, &[], tag);
        assert_eq!(
            (decided.action, decided.rule.as_str()),
            (Action::Empty, "table:X/D>Z")
        );
    }
    let record = "1.2.840.10008.5.1.4.1.1.481.4";
    for tag in [Tag(0x3008, 0x0250), Tag(0x3008, 0x0251)] {
        assert_eq!(decide(&basic, record, &[], tag).action, Action::Empty);
    }
}

#[test]
fn trap_2_removal_never_breaks_a_type_1_attribute() {
    let basic = with_options(&[]);
    for tag in [Tag(0x0070, 0x0082), Tag(0x0070, 0x0083)] {
        let decided = decide(&basic, GRAYSCALE_STATE, &[], tag);
        assert_eq!(
            (decided.action, decided.rule.as_str()),
            (Action::Dummy, "iod:type1-dummy")
        );
    }
    let echo = "1.2.840.10008.5.1.4.1.1.88.72";
    assert_eq!(
        decide(&basic, echo, &[], Tag(0x0008, 0x0201)).action,
        Action::Dummy
    );
    assert_eq!(
        decide(&basic, CT, &[], Tag(0x0008, 0x0201)).action,
        Action::Remove
    );
}

#[test]
fn trap_3_responsible_persons_become_empty() {
    let basic = with_options(&[]);
    for tag in [Tag(0x0010, 0x2297), Tag(0x0010, 0x2299)] {
        let decided = decide(&basic, CT, &[], tag);
        assert_eq!(
            (decided.action, decided.rule.as_str()),
            (Action::Empty, "iod:type2-empty")
        );
    }
}

#[test]
fn trap_4_content_trees_are_replaced_unless_structured_content_is_cleaned() {
    let tree = Tag(0x0040, 0xA730);
    let decided = decide(&with_options(&[]), COMPREHENSIVE_SR, &[], tree);
    assert_eq!(
        (decided.action, decided.rule.as_str()),
        (Action::Dummy, "table:D")
    );
    let cleaned = with_options(&[ProfileOption::CleanStructuredContent]);
    for above in [&[][..], &[tree][..], &[tree, tree, tree][..]] {
        assert_eq!(
            decide(&cleaned, COMPREHENSIVE_SR, above, tree).action,
            Action::CleanContent
        );
    }
}

#[test]
fn trap_5_encapsulated_documents_never_pass() {
    let all: Vec<_> = ProfileOption::ALL
        .into_iter()
        .filter(|option| *option != ProfileOption::RetainLongitudinalFullDates)
        .collect();
    for profile in [with_options(&[]), with_options(&all)] {
        let decided = decide(&profile, ENCAPSULATED_PDF, &[], Tag(0x0042, 0x0011));
        assert_eq!(decided.action, Action::Dummy);
    }
}

#[test]
fn trap_6_retired_rows_act_like_others() {
    let basic = with_options(&[]);
    let mut retired = 0;
    for row in rows().iter().filter(|row| row.retired) {
        let Some(tag) = row.tag.exact() else { continue };
        let decided = decide(&basic, CT, &[Tag(0x0029, 0x1010)], tag);
        assert_ne!(decided.action, Action::Keep, "{}", row.tag);
        retired += 1;
    }
    assert!(retired > 90);
}

#[test]
fn trap_7_what_the_table_does_not_know_still_goes_by_its_vr() {
    let basic = with_options(&[]);
    let contest = Profile::shipped("contest").unwrap();
    let cases = [
        (Tag(0x0014, 0x0104), Action::Remove, Action::Remove),
        (Tag(0x0014, 0x1020), Action::Remove, Action::ShiftDate),
        (Tag(0x0014, 0x0103), Action::Remove, Action::Keep),
        (Tag(0x0008, 0x1167), Action::MapUid, Action::MapUid),
        (Tag(0x0008, 0x1150), Action::Keep, Action::Keep),
        (Tag(0x0008, 0x0070), Action::CleanText, Action::CleanText),
        (Tag(0x0008, 0x0060), Action::Keep, Action::Keep),
        (Tag(0x0028, 0x0010), Action::Keep, Action::Keep),
        (Tag(0x0008, 0x3010), Action::MapUid, Action::MapUid),
        (Tag(0x0008, 0xFFF0), Action::Remove, Action::Remove),
        (Tag(0x0028, 0x2000), Action::Remove, Action::Remove),
        (Tag(0x0014, 0x2018), Action::Remove, Action::Remove),
    ];
    for (tag, in_basic, in_contest) in cases {
        if vr_of(tag) == Some(VR::ST) {
            continue;
        }
        assert_eq!(decide(&basic, CT, &[], tag).action, in_basic, "{tag}");
        assert_eq!(decide(&contest, CT, &[], tag).action, in_contest, "{tag}");
    }
}

#[test]
fn attributes_that_the_iod_lacks_go_even_where_the_row_says_dummy() {
    let basic = with_options(&[]);
    let decided = decide(&basic, CT, &[], Tag(0x0040, 0xA073));
    assert_eq!(
        (decided.action, decided.rule.as_str()),
        (Action::Remove, "table:D>X")
    );
}

#[test]
fn depth_changes_the_type_and_with_it_the_action() {
    let basic = with_options(&[]);
    let institution = Tag(0x0008, 0x0080);
    assert_eq!(decide(&basic, CT, &[], institution).action, Action::Remove);
    let person = [Tag(0x0008, 0x0096)];
    let serial = Tag(0x0018, 0x1000);
    assert_eq!(
        decide(&basic, CT, &person, institution).action,
        Action::Dummy
    );
    assert_eq!(decide(&basic, CT, &[], serial).action, Action::Remove);
    assert_eq!(
        decide(&basic, ENHANCED_MR, &[], serial).action,
        Action::Dummy
    );
    let frames = [Tag(0x5200, 0x9230), Tag(0x0020, 0x9111)];
    let acquired = Tag(0x0018, 0x9074);
    let rules = basic.class_rules(ENHANCED_MR, "MR");
    assert_eq!(rules.type_of(&frames, acquired), Some(Type::OneC));
    assert_eq!(
        decide(&basic, ENHANCED_MR, &frames, acquired).action,
        Action::Dummy
    );
}

#[test]
fn references_to_images_stay_with_mapped_uids_where_they_are_needed() {
    let basic = with_options(&[]);
    let references = Tag(0x0008, 0x1140);
    assert_eq!(
        decide(&basic, CT, &[], references).rule.as_str(),
        "table:X/Z/U*>X"
    );
    let photo = "1.2.840.10008.5.1.4.1.1.77.1.4";
    let decided = decide(&basic, photo, &[], references);
    assert_eq!(
        (decided.action, decided.rule.as_str()),
        (Action::Keep, "table:X/Z/U*>U")
    );
    let inside = decide(&basic, photo, &[references], Tag(0x0008, 0x1155));
    assert_eq!(inside.action, Action::MapUid);
}

/// Under every shipped profile no attribute that an IOD needs is taken away.
#[test]
fn no_shipped_profile_breaks_an_iod() {
    for id in ["basic", "contest", "strict", "tcia", "research-full-dates"] {
        let profile = Profile::shipped(id).unwrap();
        for (class, iod) in sop_classes().filter(|(_, iod)| {
            [
                "ct-image",
                "enhanced-mr-image",
                "rt-plan",
                "segmentation",
                "comprehensive-sr",
            ]
            .contains(iod)
        }) {
            let rules = profile.class_rules(class, "");
            for (mut path, kind) in IodTypes::of_iod(iod).paths() {
                let tag = path.pop().unwrap();
                // What is inside a Sequence that goes, goes with it; encrypted originals go whatever the IOD says.
                let gone_above = (0..path.len()).any(|depth| {
                    let (above, sequence) = (&path[..depth], path[depth]);
                    let place = Place {
                        ancestors: above,
                        tag: sequence,
                        vr: VR::SQ,
                        creator: None,
                    };
                    matches!(
                        rules.decide(&place).action,
                        Action::Remove | Action::Empty | Action::Dummy
                    )
                });
                let fixed = gone_above
                    || tag == Tag(0x0400, 0x0500)
                    || (tag.0 == 0x7FE0 && !path.is_empty());
                if kind < Type::OneC || fixed || (0x5000..=0x60FF).contains(&tag.0) {
                    continue;
                }
                let vr = vr_of(tag).unwrap_or(VR::UN);
                let decided = rules.decide(&Place {
                    ancestors: &path,
                    tag,
                    vr,
                    creator: None,
                });
                assert!(
                    !matches!(decided.action, Action::Remove | Action::Empty),
                    "{id} {iod} {path:?} {tag} {decided:?}"
                );
            }
        }
    }
}

#[test]
fn every_iod_reads_quickly_and_has_its_uids() {
    for iod in iods().filter(|iod| !iod.is_empty()) {
        let types = IodTypes::of_iod(iod);
        if let Some(kind) = types.type_of(&[], Tag(0x0008, 0x0018)) {
            assert_eq!(kind, Type::One, "{iod}");
        }
    }
}
