//! Profile files: what is read, what is refused and where, what is said about them.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail and say so"
)]

use cloakroom_core::{Action, ProfileId, Tag, VR};
use cloakroom_profile::policy::{DateTreatment, TimeTreatment, UnknownWords};
use cloakroom_profile::standard::vr_of;
use cloakroom_profile::{
    BelowThreshold, Decision, Place, Profile, ProfileError, ProfileOption, check,
    conformance_statement, diff, shipped,
};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";

fn parse(yaml: &str) -> Result<Profile, Vec<ProfileError>> {
    Profile::parse(yaml, &|_| None)
}

/// A profile with these lines after its id and version.
fn with(lines: &str) -> Profile {
    parse(&format!("id: test\nversion: 1.0.0\n{lines}"))
        .unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn mistakes(lines: &str) -> Vec<String> {
    check(&format!("id: test\nversion: 1.0.0\n{lines}"), &|_| None)
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn at(profile: &Profile, (class, modality): (&str, &str), ancestors: &[Tag], tag: Tag) -> Decision {
    let vr = vr_of(tag).unwrap_or(VR::UN);
    profile.class_rules(class, modality).decide(&Place {
        ancestors,
        tag,
        vr,
        creator: None,
    })
}

fn private(profile: &Profile, tag: Tag, vr: VR, creator: &str) -> Decision {
    profile.class_rules(CT, "CT").decide(&Place {
        ancestors: &[],
        tag,
        vr,
        creator: Some(creator),
    })
}

#[test]
fn every_shipped_profile_is_sound_and_named_after_its_file() {
    assert_eq!(shipped().len(), 5);
    for (id, text) in shipped() {
        let profile = parse(text).unwrap_or_else(|errors| panic!("{id}: {errors:?}"));
        assert_eq!(profile.id().as_str(), *id);
        assert!(!profile.description().is_empty());
        let stamps = profile.stamps();
        assert_eq!(stamps.codes[0].value, "113100");
        assert!(stamps.method.iter().all(|value| value.len() <= 64));
        assert!(
            stamps
                .codes
                .iter()
                .all(|code| code.value != "113101" && code.value != "113102")
        );
    }
}

#[test]
fn the_shipped_profiles_use_the_options_they_should() {
    let codes = |id| {
        let profile = Profile::shipped(id).unwrap();
        profile
            .options()
            .iter()
            .map(|option| option.code().value)
            .collect::<Vec<_>>()
    };
    assert!(codes("basic").is_empty());
    assert!(codes("strict").is_empty());
    assert_eq!(
        codes("contest"),
        [
            "113101", "113103", "113104", "113105", "113107", "113108", "113111"
        ]
    );
    assert_eq!(
        codes("tcia"),
        ["113101", "113105", "113107", "113108", "113109", "113111"]
    );
    assert_eq!(
        codes("research-full-dates"),
        [
            "113101", "113103", "113104", "113105", "113106", "113108", "113111"
        ]
    );
    let longitudinal = |id| Profile::shipped(id).unwrap().stamps().longitudinal;
    assert_eq!(longitudinal("basic"), "REMOVED");
    assert_eq!(longitudinal("contest"), "MODIFIED");
    assert_eq!(longitudinal("research-full-dates"), "UNMODIFIED");
}

#[test]
fn tcia_keeps_words_and_times_and_removes_the_serial_number() {
    let tcia = Profile::shipped("tcia").unwrap();
    assert_eq!(tcia.text().unknown_words, UnknownWords::Keep);
    assert_eq!(tcia.dates().times, TimeTreatment::Keep);
    assert_eq!(tcia.pixels().below, BelowThreshold::Remove);
    assert!(tcia.pixels().clean);
    let action = |tag| at(&tcia, (CT, "CT"), &[], tag).action;
    assert_eq!(action(Tag(0x0018, 0x1000)), Action::Remove);
    assert_eq!(action(Tag(0x0018, 0x1002)), Action::MapUid);
    assert_eq!(action(Tag(0x0018, 0x1008)), Action::Keep, "Gantry ID");
    assert_eq!(action(Tag(0x0008, 0x0030)), Action::Keep, "Study Time");
    assert_eq!(action(Tag(0x0008, 0x0020)), Action::ShiftDate, "Study Date");
    assert_eq!(
        action(Tag(0x0008, 0x1030)),
        Action::CleanText,
        "Study Description"
    );
    assert_eq!(action(Tag(0x0010, 0x1010)), Action::CapAge);
    assert_eq!(action(Tag(0x0010, 0x0040)), Action::Keep);
    assert_eq!(
        action(Tag(0x0008, 0x0055)),
        Action::Remove,
        "Station AE Title"
    );
}

#[test]
fn contest_singles_nobody_out() {
    let contest = Profile::shipped("contest").unwrap();
    let action = |tag| at(&contest, (CT, "CT"), &[], tag).action;
    assert_eq!(action(Tag(0x0010, 0x2160)), Action::Remove, "Ethnic Group");
    assert_eq!(action(Tag(0x0010, 0x1010)), Action::CapAge);
    assert_eq!(
        action(Tag(0x0010, 0x4000)),
        Action::Remove,
        "Patient Comments"
    );
    assert_eq!(
        action(Tag(0x0008, 0x103E)),
        Action::CleanText,
        "Series Description"
    );
    assert_eq!(contest.dates().treatment, DateTreatment::Shift);
    assert!(*contest.dates().range_days.end() < 0);
}

#[test]
fn strict_drops_labels_that_contest_cleans() {
    let label = Tag(0x0070, 0x0081);
    let strict = at(&Profile::shipped("strict").unwrap(), (CT, "CT"), &[], label);
    let contest = at(
        &Profile::shipped("contest").unwrap(),
        (CT, "CT"),
        &[],
        label,
    );
    assert_eq!(
        (strict.action, contest.action),
        (Action::Remove, Action::CleanText)
    );
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_was_meant() {
    let yaml = "\
id: mine
version: 1
extends: contst
optons: []
dates:
  polcy: shift
  range-days: [-100, -1]
text:
  unknown-words: kep
rules:
  - attribute: PatientAeg
    action: keep
    reason: because
  - attribute: StudyDescription
    acton: remove
    reason: because
  - attribute: PatientName
    action: keep
    reason: because
";
    let errors = check(yaml, &|_| None);
    let told: Vec<_> = errors
        .iter()
        .map(|error| (error.line, error.key.as_str(), error.suggestion.as_deref()))
        .collect();
    for expected in [
        (3, "extends", Some("contest")),
        (4, "optons", Some("options")),
        (6, "dates.polcy", Some("policy")),
        (9, "text.unknown-words", Some("keep")),
        (11, "rules[0].attribute", Some("PatientAge")),
        (15, "rules[1].acton", Some("action")),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:#?}");
    }
    assert!(
        errors.iter().any(|error| error.key == "version"),
        "{told:?}"
    );
    assert!(
        errors
            .iter()
            .any(|error| error.key == "rules[2].action" && error.line == 18),
        "{told:#?}"
    );
    assert!(errors.iter().all(|error| error.profile == "mine"));
    let first = errors.iter().find(|error| error.line == 4).unwrap();
    assert_eq!(
        first.to_string(),
        "mine:4:1: optons: no such key; did you mean 'options'?"
    );
}

#[test]
fn what_is_not_yaml_or_no_mapping_or_doubled_is_refused() {
    for (yaml, line) in [
        ("id: [", 1),
        ("- a\n", 1),
        ("", 1),
        ("id: a\nid: b\nversion: 1.0.0\n", 1),
    ] {
        let errors = check(yaml, &|_| None);
        assert!(!errors.is_empty(), "{yaml}");
        assert!(errors[0].line >= line, "{yaml}");
    }
    let bomb = "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d]\n";
    assert!(!check(bomb, &|_| None).is_empty());
}

#[test]
fn options_that_exclude_or_need_each_other() {
    let both =
        mistakes("options: [retain-longitudinal-full-dates, retain-longitudinal-modified-dates]");
    assert!(
        both.iter().any(|told| told.contains("exclude each other")),
        "{both:?}"
    );
    let faces = mistakes("options: [clean-recognizable-visual-features]");
    assert!(
        faces.iter().any(|told| told.contains("faces: defaced")),
        "{faces:?}"
    );
    assert!(mistakes("options: [\"113102\"]\nfaces: defaced").is_empty());
    let lists = mistakes("options: [retain-safe-private]\nprivate: { lists: [] }");
    assert!(
        lists.iter().any(|told| told.contains("needs a list")),
        "{lists:?}"
    );
    let policy = mistakes("dates: { policy: shift }");
    assert!(
        policy.iter().any(|told| told.contains("does not agree")),
        "{policy:?}"
    );
    let uids = mistakes("uids: keep");
    assert!(
        uids.iter().any(|told| told.contains("does not agree")),
        "{uids:?}"
    );
}

#[test]
fn ranges_must_be_wide_and_hide_everybody() {
    for (range, problem) in [
        ("[-1023, -1]", "1024"),
        ("[-2000, 2000]", "hold 0"),
        ("[5, 1]", "smaller"),
        ("[1]", "two numbers"),
        ("[-400000, -1]", "100 years"),
        ("[a, b]", "whole number"),
    ] {
        let told = mistakes(&format!("dates: {{ range-days: {range} }}"));
        assert!(
            told.iter().any(|told| told.contains(problem)),
            "{range}: {told:?}"
        );
    }
    assert!(mistakes("dates: { range-days: [-1024, -1] }").is_empty());
}

#[test]
fn rules_that_cannot_be_or_must_not_be_are_refused() {
    for (rule, problem) in [
        (
            "{ attribute: PatientID, action: keep, reason: x }",
            "never stay",
        ),
        (
            "{ attribute: OperatorsName, action: clean-text, reason: x }",
            "never stay",
        ),
        (
            "{ attribute: StudyDate, action: map-uid, reason: x }",
            "cannot be done",
        ),
        (
            "{ attribute: \"(0002,0010)\", action: keep, reason: x }",
            "whatever a profile says",
        ),
        (
            "{ attribute: \"(6000,3000)\", action: keep, reason: x }",
            "whatever a profile says",
        ),
        (
            "{ attribute: \"(0009,1001)\", action: keep, reason: x }",
            "named by `creator`",
        ),
        (
            "{ attribute: \"0008,103E\", action: keep, reason: x }",
            "keyword",
        ),
        (
            "{ attribute: StudyDescription, action: keep }",
            "needs a `reason`",
        ),
        (
            "{ attribute: StudyDescription, reason: x }",
            "needs an `action`",
        ),
        (
            "{ attribute: StudyDescription, path: \"(0008,1030)\", action: keep, reason: x }",
            "one of them only",
        ),
        (
            "{ attribute: StudyDescription, action: replace, reason: x }",
            "needs a `value`",
        ),
        (
            "{ attribute: StudyDescription, action: keep, value: y, reason: x }",
            "only `action: replace`",
        ),
        (
            "{ attribute: StudyDescription, action: keep, modality: mr, reason: x }",
            "capital letters",
        ),
        (
            "{ attribute: StudyDescription, action: keep, sop-class: ct-imag, reason: x }",
            "did you mean 'ct-image'",
        ),
        (
            "{ attribute: Rows, action: basic, reason: x }",
            "needs an attribute with a row",
        ),
        (
            "{ creator: X, group: \"0008\", action: keep, reason: x }",
            "odd",
        ),
        (
            "{ attribute: StudyDescription, element: \"10\", action: keep, reason: x }",
            "with `creator` only",
        ),
        (
            "{ attribute: \"(0010,xxxx)\", action: dummy, reason: x }",
            "a pattern takes",
        ),
        (
            "{ path: \"StudyDescriptio>X\", action: keep, reason: x }",
            "a path is",
        ),
    ] {
        let told = mistakes(&format!("rules:\n  - {rule}\n"));
        assert!(
            told.iter().any(|told| told.contains(problem)),
            "{rule}: {told:?}"
        );
    }
}

#[test]
fn rules_speak_of_attributes_paths_patterns_modalities_and_classes() {
    let profile = with(
        "rules:
  - { name: everywhere, attribute: StudyDescription, action: keep, reason: x }
  - { name: there, path: \"RequestAttributesSequence>StudyDescription\", action: empty, reason: x }
  - { name: mr, attribute: SeriesNumber, modality: [MR, PT], action: remove, reason: x }
  - { name: ct, attribute: \"(0020,0013)\", sop-class: ct-image, action: replace, value: \"1\", reason: x }
  - { name: geometry, attribute: \"(0020,10xx)\", action: remove, reason: x }
  - { name: lossy, attribute: RescaleType, action: remove, reason: x }
",
    );
    let study = Tag(0x0008, 0x1030);
    assert_eq!(
        at(&profile, (CT, "CT"), &[], study).rule.as_str(),
        "profile:test/everywhere"
    );
    let there = at(&profile, (CT, "CT"), &[Tag(0x0040, 0x0275)], study);
    assert_eq!(
        (there.action, there.rule.as_str()),
        (Action::Empty, "profile:test/there")
    );
    let elsewhere = at(&profile, (CT, "CT"), &[Tag(0x0008, 0x1110)], study);
    assert_eq!(elsewhere.action, Action::Keep);
    assert_eq!(
        at(&profile, (CT, "CT"), &[], Tag(0x0020, 0x0011)).action,
        Action::Keep
    );
    let series = at(&profile, (MR, "MR"), &[], Tag(0x0020, 0x0011));
    assert_eq!(
        (series.action, series.rule.as_str()),
        (Action::Empty, "iod:type2-empty")
    );
    let instance = at(&profile, (CT, "CT"), &[], Tag(0x0020, 0x0013));
    assert_eq!(
        (instance.action, instance.value.as_deref()),
        (Action::Replace, Some("1"))
    );
    assert_eq!(
        at(&profile, (MR, "MR"), &[], Tag(0x0020, 0x0013)).action,
        Action::Keep
    );
    assert_eq!(
        at(&profile, (CT, "CT"), &[], Tag(0x0020, 0x1041)).action,
        Action::Remove
    );
    let needed = at(
        &profile,
        ("1.2.840.10008.5.1.4.1.1.128", "PT"),
        &[],
        Tag(0x0028, 0x1054),
    );
    assert_ne!(needed.action, Action::Keep);
}

#[test]
fn a_pattern_never_keeps_what_a_row_takes() {
    let profile = with("rules:\n  - { attribute: \"(0010,xxxx)\", action: keep, reason: x }\n");
    assert_eq!(
        at(&profile, (CT, "CT"), &[], Tag(0x0010, 0x1090)).action,
        Action::Remove
    );
    let other = with(
        "rules:\n  - { attribute: \"(0010,xxxx)\", action: remove, reason: x }\n  - { attribute: PatientSex, action: keep, reason: y }\n",
    );
    assert_eq!(
        at(&other, (CT, "CT"), &[], Tag(0x0010, 0x0040)).action,
        Action::Keep
    );
    assert_eq!(
        at(&other, (CT, "CT"), &[], Tag(0x0010, 0x0213)).action,
        Action::Remove
    );
}

#[test]
fn private_attributes_stay_only_by_list_and_vr() {
    let contest = Profile::shipped("contest").unwrap();
    let tcia = Profile::shipped("tcia").unwrap();
    let basic = Profile::shipped("basic").unwrap();
    let speed = Tag(0x0019, 0x1023);
    assert_eq!(
        private(&contest, speed, VR::DS, "GEMS_ACQU_01").action,
        Action::Keep
    );
    assert_eq!(
        private(&contest, speed, VR::LO, "GEMS_ACQU_01").action,
        Action::CleanText
    );
    assert_eq!(
        private(&contest, speed, VR::PN, "GEMS_ACQU_01").action,
        Action::Remove
    );
    assert_eq!(
        private(&contest, speed, VR::OB, "GEMS_ACQU_01").action,
        Action::Remove
    );
    assert_eq!(
        private(&contest, speed, VR::UN, "GEMS_ACQU_01 ").action,
        Action::Keep,
        "by the list's VR"
    );
    assert_eq!(
        private(&contest, speed, VR::DS, "gems_acqu_01")
            .rule
            .as_str(),
        "private:unlisted"
    );
    assert_eq!(
        private(&basic, speed, VR::DS, "GEMS_ACQU_01").action,
        Action::Remove
    );
    let creator = Tag(0x0019, 0x0010);
    assert_eq!(
        private(&contest, creator, VR::LO, "GEMS_ACQU_01").action,
        Action::Keep
    );
    assert_eq!(
        private(&contest, creator, VR::LO, "DR ZHANG").action,
        Action::Remove
    );
    // The standard's list keeps these, the archive's deletes them.
    let level = Tag(0x2001, 0x1067);
    assert_eq!(
        private(&tcia, level, VR::CS, "Philips Imaging DD 001")
            .rule
            .as_str(),
        "private:list-deletes"
    );
    let orphan = contest.class_rules(CT, "CT").decide(&Place {
        ancestors: &[],
        tag: speed,
        vr: VR::DS,
        creator: None,
    });
    assert_eq!(orphan.rule.as_str(), "private:no-creator");
    assert_eq!(
        private(&contest, Tag(0x0007, 0x1001), VR::DS, "GEMS_ACQU_01").action,
        Action::Remove
    );
    assert_eq!(contest.private_vr(speed, "GEMS_ACQU_01"), Some(VR::DS));
}

#[test]
fn private_rules_of_a_profile_win_over_lists() {
    let profile = with(
        "rules:
  - { creator: ACME 1.0, group: \"0019\", element: \"23\", action: clean-text, reason: x }
  - { creator: GEMS_ACQU_01, action: remove, reason: x }
options: [retain-safe-private]
",
    );
    assert_eq!(
        private(&profile, Tag(0x0019, 0x1123), VR::LO, "ACME 1.0").action,
        Action::CleanText
    );
    assert_eq!(
        private(&profile, Tag(0x0019, 0x1124), VR::LO, "ACME 1.0").action,
        Action::Remove
    );
    assert_eq!(
        private(&profile, Tag(0x0019, 0x0011), VR::LO, "ACME 1.0").action,
        Action::Keep
    );
    assert_eq!(
        private(&profile, Tag(0x0019, 0x1023), VR::DS, "GEMS_ACQU_01").action,
        Action::Remove
    );
}

#[test]
fn a_value_of_another_vr_is_not_trusted() {
    let basic = Profile::shipped("basic").unwrap();
    let rules = basic.class_rules(CT, "CT");
    let decide = |tag, vr| {
        rules.decide(&Place {
            ancestors: &[],
            tag,
            vr,
            creator: None,
        })
    };
    assert_eq!(
        decide(Tag(0x0018, 0x0050), VR::DS).action,
        Action::Keep,
        "Slice Thickness"
    );
    assert_eq!(
        decide(Tag(0x0018, 0x0060), VR::LO).action,
        Action::CleanText,
        "KVP as text"
    );
    assert_eq!(
        decide(Tag(0x0018, 0x1020), VR::SQ).action,
        Action::Remove,
        "Software Versions as a Sequence"
    );
    assert_eq!(
        decide(Tag(0x0018, 0x1020), VR::PN).action,
        Action::Remove,
        "Software Versions as a name"
    );
    assert_eq!(
        decide(Tag(0x0028, 0x0106), VR::SS).action,
        Action::Keep,
        "a choice of the standard"
    );
    assert_eq!(decide(Tag(0x7FE0, 0x0010), VR::OB).action, Action::Keep);
    assert_eq!(decide(Tag(0x0018, 0x9041), VR::OB).action, Action::Remove);
    assert_eq!(decide(Tag(0x0020, 0x000D), VR::UN).action, Action::MapUid);
}

#[test]
fn profiles_extend_each_other_and_not_in_circles() {
    let loader = |id: &ProfileId| {
        match id.as_str() {
        "a" => Some("id: a\nversion: 1.0.0\nextends: b\n".to_owned()),
        "b" => Some("id: b\nversion: 1.0.0\nextends: a\n".to_owned()),
        "c" => Some("id: other\nversion: 1.0.0\n".to_owned()),
        "parent" => Some("id: parent\nversion: 1.0.0\nages: { cap: 70 }\nrules:\n  - { attribute: StudyDescription, action: keep, reason: x }\n".to_owned()),
        _ => None,
    }
    };
    let circle = Profile::parse("id: a\nversion: 1.0.0\nextends: b\n", &loader).unwrap_err();
    assert!(
        circle.iter().any(|error| error.problem.contains("circle")),
        "{circle:?}"
    );
    let other = Profile::parse("id: x\nversion: 1.0.0\nextends: c\n", &loader).unwrap_err();
    assert!(
        other
            .iter()
            .any(|error| error.problem.contains("another id"))
    );
    let child = Profile::parse(
        "id: child\nversion: 1.0.0\nextends: parent\noptions: [clean-descriptors]\n",
        &loader,
    )
    .unwrap();
    assert_eq!(child.ages().cap_years, Some(70));
    assert_eq!(child.extends()[0].as_str(), "parent");
    assert_eq!(
        at(&child, (CT, "CT"), &[], Tag(0x0008, 0x1030))
            .rule
            .as_str(),
        "profile:parent/1"
    );
    assert!(child.options().has(ProfileOption::CleanDescriptors));
}

#[test]
fn the_digest_covers_the_file_and_what_it_extends() {
    let child = "id: child\nversion: 1.0.0\nextends: parent\n";
    let digest = |parent: &'static str| {
        *Profile::parse(child, &|_| Some(parent.to_owned()))
            .unwrap()
            .digest()
    };
    let first = digest("id: parent\nversion: 1.0.0\n");
    assert_eq!(first, digest("id: parent\nversion: 1.0.0\n"));
    assert_ne!(first, digest("id: parent\nversion: 1.0.1\n"));
}

#[test]
fn structured_content_is_decided_by_concept_then_by_value_type() {
    let contest = Profile::shipped("contest").unwrap();
    let rules = contest.class_rules("1.2.840.10008.5.1.4.1.1.88.33", "SR");
    let action = |value, scheme, kind| rules.decide_content(value, scheme, kind).action;
    assert_eq!(
        action("121022", "DCM", "TEXT"),
        Action::Remove,
        "Accession Number"
    );
    assert_eq!(
        action("113795", "DCM", "IMAGE"),
        Action::MapUid,
        "Acquired Image"
    );
    assert_eq!(
        action("126201", "DCM", "DATE"),
        Action::ShiftDate,
        "Acquisition Date"
    );
    assert_eq!(
        action("125203", "DCM", "TEXT"),
        Action::CleanText,
        "Acquisition Protocol"
    );
    assert_eq!(action("999999", "DCM", "TEXT"), Action::CleanText);
    assert_eq!(action("999999", "DCM", "PNAME"), Action::Dummy);
    assert_eq!(action("999999", "DCM", "NUM"), Action::Keep);
    assert_eq!(action("999999", "DCM", "UIDREF"), Action::MapUid);
    assert_eq!(action("999999", "DCM", "NEWTYPE"), Action::Remove);
    assert!(rules.cleans_structured_content());
}

#[test]
fn a_decision_is_explained() {
    let contest = Profile::shipped("contest").unwrap();
    let told = contest.explain("StudyDescription", Some(CT), "CT").unwrap();
    let text = told.to_string();
    assert!(text.contains("(0008,1030) StudyDescription"), "{text}");
    assert!(text.contains("the Basic Profile says X"), "{text}");
    assert!(text.contains("clean-descriptors says C"), "{text}");
    assert!(text.contains("ct-image it is Type 3"), "{text}");
    let conditional = contest.explain("(0018,1000)", None, "").unwrap();
    assert_eq!(conditional.decisions.len(), 4, "one for each need");
    let gap = contest.explain("00100033", None, "").unwrap().to_string();
    assert!(gap.contains("calendar"), "{gap}");
    let rule = contest.explain("PatientComments", None, "").unwrap();
    assert!(rule.decisions[0].1.action == Action::Remove);
    let nested = contest
        .explain("(0008,1140)>(0008,1155)", Some(CT), "CT")
        .unwrap();
    assert_eq!(nested.decisions[0].1.action, Action::MapUid);
    let private = contest
        .explain("(0019,\"GEMS_ACQU_01\",23)", None, "")
        .unwrap();
    assert_eq!(private.decisions[0].1.action, Action::Keep);
    let unknown = contest.explain("StudyDescripton", None, "").unwrap_err();
    assert_eq!(unknown.suggestion.as_deref(), Some("StudyDescription"));
}

#[test]
fn a_difference_names_what_changes_hands() {
    let basic = Profile::shipped("basic").unwrap();
    let contest = Profile::shipped("contest").unwrap();
    assert!(diff(&basic, &basic).is_empty());
    let differences = diff(&basic, &contest);
    let find = |keyword: &str| {
        differences
            .iter()
            .find(|difference| difference.keyword == keyword)
    };
    let study = find("StudyDescription").unwrap();
    assert!(
        study.first.contains("remove") && study.second == "clean-text",
        "{study}"
    );
    assert!(find("PatientName").is_none());
    assert!(find("EthnicGroup").is_none(), "a rule takes it back");
    assert!(
        differences
            .iter()
            .any(|difference| difference.subject == "options")
    );
    assert!(
        differences
            .iter()
            .any(|difference| difference.subject.contains("GEMS_ACQU_01"))
    );
    assert!(
        differences
            .iter()
            .any(|difference| difference.subject == "unlisted DA")
    );
}

#[test]
fn the_conformance_statement_says_what_the_standard_asks() {
    for (id, _) in shipped() {
        let profile = Profile::shipped(id).unwrap();
        let text = conformance_statement(&profile);
        assert_eq!(text, conformance_statement(&profile), "the same every time");
        assert!(text.contains("## Referential integrity"));
        let rows = text.lines().filter(|line| line.starts_with("| (")).count();
        assert_eq!(rows, 657, "{id}");
        assert!(text.contains(&profile.digest().to_string()));
    }
    let contest = conformance_statement(&Profile::shipped("contest").unwrap());
    assert!(contest.contains("113107 C"), "options by row");
    assert!(
        contest.contains("GEMS_ACQU_01"),
        "private attributes that stay"
    );
    assert!(contest.contains("profile:contest/small-groups"));
}

/// Reading a profile and deciding must not depend on which rules were asked for first.
#[test]
fn rules_are_the_same_however_they_are_asked_for() {
    let first = Profile::shipped("contest").unwrap();
    let second = Profile::shipped("contest").unwrap();
    let classes = [CT, MR, "1.2.840.10008.5.1.4.1.1.88.33", "1.2.3.4"];
    for class in classes {
        let _ = first.class_rules(class, "CT");
    }
    for class in classes.iter().rev() {
        for element in 0..0x1200_u16 {
            let tag = Tag(0x0018, element);
            assert_eq!(
                at(&first, (class, "CT"), &[], tag),
                at(&second, (class, "CT"), &[], tag)
            );
        }
    }
}
