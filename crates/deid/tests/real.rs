//! Real files of many vendors, when they are there: nothing panics, and what comes out opens again.

mod common;

use cloakroom_core::PixelChanges;
use cloakroom_p10::{Extent, FileSource, Limits, Recognition, read, recognise};
use common::real::{files, folders};
use common::{Site, write};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

#[test]
fn every_real_file_is_edited_or_held_and_opens_again() {
    let mut found = Vec::new();
    folders()
        .iter()
        .for_each(|folder| files(folder, &mut found));
    if found.is_empty() {
        eprintln!("skipped: neither the development set nor pydicom is there");
        return;
    }
    let (mut outcomes, mut lost) = (
        BTreeMap::<String, u32>::new(),
        BTreeMap::<String, u32>::new(),
    );
    let sites = [Site::new("contest"), Site::new("tcia"), Site::new("strict")];
    for (number, path) in found.iter().enumerate() {
        // Each file under one profile, and every fifth under all.
        for (index, site) in sites
            .iter()
            .enumerate()
            .filter(|(index, _)| number % 5 == 0 || number % 3 == *index)
        {
            let outcome = one(path, site, &mut lost);
            if index == number % 3 {
                *outcomes.entry(outcome).or_default() += 1;
            }
        }
    }
    eprintln!("{outcomes:#?}");
    if std::env::var_os("CLOAKROOM_SHOW_LOST").is_some() {
        let mut lost: Vec<_> = lost.into_iter().collect();
        lost.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        eprintln!("{:#?}", &lost[..lost.len().min(400)]);
    }
    assert!(
        outcomes.get("edited").copied().unwrap_or(0) > 50,
        "{outcomes:?}"
    );
}

fn one(path: &Path, site: &Site, lost: &mut BTreeMap<String, u32>) -> String {
    let Ok(source) = FileSource::open(path) else {
        return "unreadable".into();
    };
    if !matches!(
        recognise(&source),
        Ok(Recognition::Part10 | Recognition::BareDataSet)
    ) {
        return "not an object".into();
    }
    let object = match read(Arc::new(source), Extent::Whole, &Limits::default()) {
        Ok(object) => object,
        Err(error) => return format!("quarantined: {}", error.reason()),
    };
    let subject = site.subject.clone().assigned_by_person();
    let plan = match cloakroom_deid::plan(&object, &site.profile, &subject, &site.keys) {
        Ok(plan) => plan,
        Err(reason) => return format!("held: {reason}"),
    };
    for change in plan.text_changes() {
        *lost
            .entry(format!(
                "{} {:?} -> {:?}",
                change.path,
                change.before.expose(),
                change.after.expose()
            ))
            .or_default() += 1;
    }
    let edited = cloakroom_deid::apply(object, plan).unwrap_or_else(|reason| panic!("{reason}"));
    let out = write(&edited, &PixelChanges::default());
    let again = common::open(out.clone());
    assert!(
        again.repairs().is_empty(),
        "{}: {:?}",
        path.display(),
        again.repairs()
    );
    if let Err(error) = dicom_object::from_reader(&out[..]) {
        // Where that reader fails on the input too, the fault is older than this program.
        assert!(
            dicom_object::open_file(path).is_err(),
            "{}: {error}",
            path.display()
        );
    }
    "edited".into()
}
