//! One CT slice under the shipped profiles.

mod common;

use cloakroom_core::{Action, HoldReason, PixelChanges};
use common::{CT, Set, Site, ct, leaks, open, text, write};

#[test]
fn the_contest_profile_keeps_what_is_clinical_and_nothing_that_identifies() {
    let site = Site::new("contest");
    let out = site.run(ct().file()).unwrap();
    for canary in [
        "smith",
        "john",
        "王小东",
        "王^小东",
        "小东",
        "0048213",
        "acc778899",
        "s4711x",
        "iyer",
        "raghunath",
        "20190619",
        "20190620",
        "19250203",
        "094y",
        "1.2.826",
        "canary",
    ] {
        assert!(!leaks(&out, canary), "{canary}");
    }
    assert_eq!(text(&out, 0x0008_1030).as_deref(), Some("CT CHEST p4"));
    assert_eq!(text(&out, 0x0008_103E).as_deref(), Some("Thorax 5.0 B31f"));
    assert_eq!(
        text(&out, 0x0010_0020).as_deref(),
        Some(site.subject.pseudonym().as_str())
    );
    assert_eq!(
        text(&out, 0x0010_0010).as_deref(),
        Some(site.subject.pseudonym().as_str())
    );
    assert_eq!(text(&out, 0x0012_0062).as_deref(), Some("YES"));
    assert_eq!(text(&out, 0x0028_0303).as_deref(), Some("MODIFIED"));
    assert_eq!(text(&out, 0x0008_0070).as_deref(), Some("SIEMENS"));
    assert_eq!(text(&out, 0x0010_0040).as_deref(), Some("M"));
    assert_eq!(text(&out, 0x0008_0030).as_deref(), Some("101112"));
    assert_eq!(&out[..128], &[0; 128]);
    assert_eq!(
        &out[out.len() - 8..],
        &[1, 2, 3, 4, 5, 6, 7, 8],
        "pixels stay"
    );
    let age = text(&out, 0x0010_1010).unwrap();
    assert!(age == "089Y" || age == "090Y", "{age}");
    dicom_object::from_reader(&out[..]).unwrap();
}

#[test]
fn dates_keep_their_intervals_and_types_are_served() {
    for profile in ["contest", "tcia"] {
        let out = Site::new(profile).run(ct().file()).unwrap();
        let day = |tag| {
            let text = text(&out, tag).unwrap();
            let text = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
            text.parse::<cloakroom_core::StatedDate>()
                .unwrap()
                .days_since_epoch()
        };
        assert_eq!(day(0x0008_0021) - day(0x0008_0020), 1, "{profile}");
    }
    let strict = Site::new("strict").run(ct().file()).unwrap();
    assert_eq!(
        text(&strict, 0x0008_0020).as_deref(),
        Some(""),
        "Type 2 stays, empty"
    );
    assert_eq!(text(&strict, 0x0028_0303).as_deref(), Some("REMOVED"));
    assert_eq!(text(&strict, 0x0008_0021), None, "Type 3 goes");
    for required in [0x0008_0008, 0x0008_0060, 0x0020_0032, 0x0028_0030] {
        assert!(
            text(&strict, required).is_some_and(|value| !value.is_empty()),
            "{required:08x}"
        );
    }
}

#[test]
fn a_second_pass_changes_only_uids_dates_and_pseudonyms() {
    for profile in ["contest", "strict", "tcia", "basic"] {
        let site = Site::new(profile);
        let once = site.run(ct().file()).unwrap();
        let twice = site.edit(once.clone()).unwrap();
        for record in twice.actions() {
            let fine = matches!(
                record.action,
                Action::MapUid | Action::ShiftDate | Action::Pseudonym | Action::Replace
            ) || record.before == record.after;
            assert!(fine, "{profile}: {record:?}");
        }
        assert!(
            twice.text_removals().is_empty(),
            "{profile}: {:?}",
            twice.text_removals()
        );
        let bytes = write(&twice, &PixelChanges::default());
        for tag in [
            0x0008_1030,
            0x0008_103E,
            0x0012_0063,
            0x0012_0064,
            0x0008_0008,
            0x0018_5100,
        ] {
            assert_eq!(text(&once, tag), text(&bytes, tag), "{profile} {tag:08x}");
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes_whatever_came_before() {
    let site = Site::new("contest");
    let first = site.run(ct().file()).unwrap();
    for other in 0..5 {
        let _ = site.run(
            ct().with(0x0008_1070, "PN", &format!("Other{other}"))
                .file(),
        );
    }
    assert_eq!(first, site.run(ct().file()).unwrap());
    assert_eq!(first, Site::new("contest").run(ct().file()).unwrap());
}

#[test]
fn uids_map_alike_everywhere() {
    let reference = Set::new().with(0x0008_1150, "UI", CT).with(
        0x0008_1155,
        "UI",
        "1.2.826.0.1.3680043.2.1125.20190619.1",
    );
    let site = Site::new("contest");
    let series = Set::new()
        .with(0x0020_000E, "UI", "1.2.826.55")
        .sequence(0x0008_1199, &[reference]);
    let edited = site
        .edit(
            ct().sequence(0x0008_1115, &[series])
                .with(0x0008_1167, "UI", "1.2.826.77")
                .file(),
        )
        .unwrap();
    let out = write(&edited, &PixelChanges::default());
    let instance = text(&out, 0x0008_0018).unwrap();
    assert_eq!(instance, edited.sop_instance());
    assert!(instance.starts_with("2.25."));
    let object = open(out.clone());
    let referenced = object
        .dataset()
        .walk()
        .find(|element| element.tag() == cloakroom_core::Tag(0x0008, 0x1155))
        .unwrap();
    let referenced = referenced.first_text().unwrap();
    assert_eq!(referenced, instance);
    assert!(
        edited
            .uid_pairs()
            .any(|(old, new)| old.expose().ends_with("20190619.1") && new.as_str() == instance)
    );
    assert!(!leaks(&out, "1.2.826"));
    for element in object
        .dataset()
        .walk()
        .filter(|element| element.vr() == cloakroom_core::VR::UI)
    {
        for uid in element.text().unwrap() {
            assert!(
                uid.starts_with("1.2.840.10008.") || edited.is_mapped(&uid),
                "{}",
                element.path()
            );
        }
    }
}

#[test]
fn claims_about_pixels_are_stamped_only_when_true() {
    let site = Site::new("contest");
    let edited = site
        .edit(ct().with(0x0028_0301, "CS", "YES").file())
        .unwrap();
    let plain = write(&edited, &PixelChanges::default());
    assert_eq!(text(&plain, 0x0028_0301).as_deref(), Some("YES"));
    assert!(!leaks(&plain, "113101"));
    let cleaned = write(
        &edited,
        &PixelChanges {
            pixels_cleaned: true,
            ..PixelChanges::default()
        },
    );
    assert_eq!(text(&cleaned, 0x0028_0301).as_deref(), Some("NO"));
    assert!(leaks(&cleaned, "113101") && !leaks(&cleaned, "113102"));
    assert!(leaks(&cleaned, "113100"));
}

#[test]
fn objects_that_cannot_be_judged_are_held() {
    let site = Site::new("contest");
    let hold = |set: &Set| site.run(set.file()).err();
    let without = |tag: u32| {
        let mut set = ct();
        set.0.retain(|(own, _)| *own != tag);
        set
    };
    assert_eq!(
        hold(&ct().with(0x0010_0020, "LO", "OTHER")),
        Some(HoldReason::DuplicateElement)
    );
    assert_eq!(
        hold(&without(0x0010_0020)),
        Some(HoldReason::PatientIdMissing)
    );
    assert_eq!(
        hold(&without(0x0010_0020).with(0x0010_0020, "LO", "  ")),
        Some(HoldReason::PatientIdMissing)
    );
    assert_eq!(
        hold(&without(0x0008_0005).with(0x0008_0005, "CS", "ISO_IR 999")),
        Some(HoldReason::UnknownCharacterSet)
    );
    assert_eq!(
        hold(&without(0x0008_0016).with(0x0008_0016, "UI", "1.3.12.2.1107.5.9.1")),
        Some(HoldReason::UnsupportedClass)
    );
    assert_eq!(
        hold(&without(0x0008_0016).with(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.9.4.1")),
        Some(HoldReason::UnsupportedClass)
    );
    let pdf = without(0x0008_0016)
        .with(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.104.1")
        .bytes(0x0042_0011, "OB", b"%PDF John Smith");
    assert_eq!(hold(&pdf), Some(HoldReason::EncapsulatedDocument));
    assert_eq!(
        hold(&without(0x0020_0032).with(0x0020_0032, "DS", "John\\Smith\\1")),
        Some(HoldReason::UncleanValue)
    );
    let assigned = site.subject.clone().assigned_by_person();
    let object = open(without(0x0010_0020).file());
    let plan = cloakroom_deid::plan(&object, &site.profile, &assigned, &site.keys).unwrap();
    let out = write(
        &cloakroom_deid::apply(object, plan).unwrap(),
        &PixelChanges::default(),
    );
    assert_eq!(
        text(&out, 0x0010_0020).as_deref(),
        Some(site.subject.pseudonym().as_str())
    );
}

#[test]
fn a_plan_prints_no_value_and_fits_one_object() {
    let site = Site::new("contest");
    let object = open(ct().file());
    let plan = cloakroom_deid::plan(&object, &site.profile, &site.subject, &site.keys).unwrap();
    let shown = format!(
        "{plan} {plan:?} {:?} {:?}",
        site.subject.known(),
        plan.text_changes()
    );
    for canary in ["mith", "0048213", "20190619", "1.2.826", "19250203"] {
        assert!(!shown.contains(canary), "{canary}");
    }
    assert!(shown.contains("(0008,1030)\tclean-text"));
    assert_eq!(plan.text_changes().len(), 1);
    let other = open(ct().with(0x0008_1070, "PN", "X").file());
    assert_eq!(
        cloakroom_deid::apply(other, plan).err(),
        Some(HoldReason::ContentConflict)
    );
}

#[test]
fn a_list_of_references_goes_with_the_last_of_them() {
    let reference = Set::new().with(0x0008_1150, "UI", CT).with(
        0x0008_1155,
        "UI",
        "1.2.826.0.1.3680043.2.1125.77",
    );
    let series = Set::new()
        .sequence(0x0008_114A, std::slice::from_ref(&reference))
        .with(0x0020_000E, "UI", "1.2.826.0.1.3680043.2.1125.78");
    let file = ct()
        .sequence(0x0008_1115, &[series])
        .sequence(0x0008_2112, &[reference])
        .file();
    let contest = Site::new("contest").run(file.clone()).unwrap();
    assert_eq!(text(&contest, 0x0008_1115).as_deref(), Some("1 items"));
    assert_eq!(text(&contest, 0x0008_2112).as_deref(), Some("1 items"));
    let strict = Site::new("strict").run(file).unwrap();
    assert_eq!(text(&strict, 0x0008_1115), None);
    assert_eq!(text(&strict, 0x0008_2112), None);
}

#[test]
fn what_is_put_in_the_place_of_numbers_codes_and_bytes_goes() {
    let concept = |value: &str, scheme: &str| {
        Set::new()
            .with(0x0008_0100, "SH", value)
            .with(0x0008_0102, "SH", scheme)
            .with(0x0008_0104, "LO", "Chest")
    };
    let file = ct()
        .with(0x0028_2110, "CS", "01")
        .with(0x0028_2114, "CS", "ISO_10918_1")
        .with(0x0018_0015, "CS", "Brain")
        .with(0x0020_0060, "CS", "U")
        .with(0x0018_9305, "DS", "91234567")
        .with(0x0018_0090, "DS", "19610312")
        .with(0x0018_1151, "IS", "200")
        .bytes(0x0018_9306, "FD", &19_610_312_f64.to_le_bytes())
        .bytes(0x0028_0120, "US", &[1, 0, 83, 77, 73, 84, 72, 1])
        .sequence(0x0008_2218, &[concept("ZHANGSAN", "SRT")])
        .sequence(0x0008_2228, &[concept("T-D3000", "SRT")])
        .file();
    let out = Site::new("contest").run(file).unwrap();
    assert_eq!(text(&out, 0x0028_2114).as_deref(), Some("ISO_10918_1"));
    assert_eq!(text(&out, 0x0018_0015).as_deref(), Some("BRAIN"));
    assert_eq!(text(&out, 0x0020_0060), None);
    assert_eq!(text(&out, 0x0018_1151).as_deref(), Some("200"));
    for gone in [0x0018_9305, 0x0018_0090, 0x0018_9306, 0x0028_0120] {
        assert!(
            text(&out, gone).is_none_or(|left| left.is_empty()),
            "{gone:08x}"
        );
    }
    assert!(!common::leaks(&out, "ZHANGSAN"));
    assert!(common::leaks(&out, "T-D3000"));
}
