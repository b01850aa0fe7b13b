//! The compiled tables against the collected facts, where those are at hand (`CLOAKROOM_SHARED` or `../shared`).
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail and say so"
)]

use cloakroom_core::{Action, Tag, VR};
use cloakroom_profile::standard::content_items::content_items;
use cloakroom_profile::standard::iod_types::{IodTypes, Type, modules_of};
use cloakroom_profile::standard::private_attributes::{self, Disposition};
use cloakroom_profile::standard::table::{Cell, Code, rows};
use cloakroom_profile::standard::unlisted::reviewed;
use cloakroom_profile::{Need, PrivateList, ProfileOption, ruling};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The rows of a file of facts, by column; `None` where the facts are not here.
fn facts(name: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let folder = std::env::var_os("CLOAKROOM_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(folder.join("facts").join(name)) else {
        println!("skipped: {name} is not here");
        return None;
    };
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next()?.split('\t').collect();
    let read = |line: &str| {
        columns
            .iter()
            .zip(line.split('\t').chain(std::iter::repeat("")))
            .map(|(column, field)| ((*column).to_owned(), field.to_owned()))
            .collect()
    };
    Some(lines.map(read).collect())
}

fn tag(text: &str) -> Option<Tag> {
    let number = u32::from_str_radix(text, 16).ok()?;
    Some(Tag((number >> 16) as u16, (number & 0xFFFF) as u16))
}

const fn letter(cell: Option<Cell>) -> &'static str {
    match cell {
        None => "",
        Some(Cell::Keep) => "K",
        Some(Cell::Clean) => "C",
    }
}

#[test]
fn the_table_is_the_facts() {
    let Some(facts) = facts("ps315-table.tsv") else {
        return;
    };
    assert_eq!(facts.len(), rows().len());
    let by_keyword: BTreeMap<_, _> = rows()
        .iter()
        .map(|row| ((row.tag.exact(), row.keyword), row))
        .collect();
    for fact in facts {
        let key = (tag(&fact["tag"]), fact["keyword"].as_str());
        let row = by_keyword.get(&key).unwrap_or_else(|| panic!("{key:?}"));
        assert_eq!(row.basic.text(), fact["basic"], "{key:?}");
        assert_eq!(row.retired, fact["retired"] == "Y", "{key:?}");
        assert_eq!(row.in_standard_iod, fact["in_std_iod"] == "Y", "{key:?}");
        for (column, option) in [
            ("rtn_safe_priv", ProfileOption::RetainSafePrivate),
            ("rtn_uids", ProfileOption::RetainUids),
            ("rtn_dev_id", ProfileOption::RetainDeviceIdentity),
            ("rtn_inst_id", ProfileOption::RetainInstitutionIdentity),
            ("rtn_pat_chars", ProfileOption::RetainPatientCharacteristics),
            (
                "rtn_long_full_dates",
                ProfileOption::RetainLongitudinalFullDates,
            ),
            (
                "rtn_long_modif_dates",
                ProfileOption::RetainLongitudinalModifiedDates,
            ),
            ("clean_desc", ProfileOption::CleanDescriptors),
            ("clean_struct_cont", ProfileOption::CleanStructuredContent),
            ("clean_graph", ProfileOption::CleanGraphics),
        ] {
            assert_eq!(letter(row.cell(option)), fact[column], "{key:?} {column}");
        }
        if let Ok(vr) = fact["vr"].parse::<VR>() {
            assert_eq!(row.vr, Some(vr), "{key:?}");
        }
    }
}

#[test]
fn the_content_items_are_the_facts() {
    let Some(facts) = facts("ps315-content-items.tsv") else {
        return;
    };
    assert_eq!(facts.len(), content_items().len());
    for (fact, row) in facts.iter().zip(content_items()) {
        let said = (
            row.value,
            row.scheme,
            row.value_type,
            row.meaning,
            row.basic.text(),
            row.retired,
        );
        let known = (
            fact["code_value"].as_str(),
            fact["scheme"].as_str(),
            fact["value_type"].as_str(),
            fact["meaning"].as_str(),
            fact["basic"].as_str(),
            fact["retired"] == "Y",
        );
        assert_eq!(said, known);
        for (column, option) in [
            ("rtn_uids", ProfileOption::RetainUids),
            ("rtn_pat_chars", ProfileOption::RetainPatientCharacteristics),
            (
                "rtn_long_modif_dates",
                ProfileOption::RetainLongitudinalModifiedDates,
            ),
            ("clean_desc", ProfileOption::CleanDescriptors),
        ] {
            let options = [option].into_iter().collect();
            assert_eq!(
                letter(row.option_cell(options).map(|(_, cell)| cell)),
                fact[column],
                "{}",
                row.value
            );
        }
    }
}

#[test]
fn the_safe_private_attributes_are_the_facts() {
    let Some(facts) = facts("safe-private.tsv") else {
        return;
    };
    let known: BTreeSet<(u16, String, u8)> = facts
        .iter()
        .map(|fact| {
            let group = u16::from_str_radix(&fact["group"], 16).unwrap();
            let element = u8::from_str_radix(&fact["element"][2..], 16).unwrap();
            (group, fact["private_creator"].clone(), element)
        })
        .collect();
    let compiled: BTreeSet<_> = private_attributes::all(PrivateList::Standard)
        .map(|(group, creator, element, _)| (group, creator.to_owned(), element))
        .collect();
    assert_eq!(compiled, known);
}

/// What the archive's own file says, read a second time: no kept attribute of ours is deleted anywhere there.
#[test]
fn no_kept_attribute_contradicts_the_archive() {
    let Some(facts) = facts("tcia-private-kb-2024-02-01.csv") else {
        return;
    };
    let kept: BTreeSet<_> = private_attributes::all(PrivateList::Tcia)
        .filter(|(.., listed)| listed.disposition == Disposition::Keep)
        .map(|(group, creator, element, _)| (group, creator.to_owned(), element))
        .collect();
    let mut deleted = 0;
    for fact in &facts {
        let line: String = fact.values().cloned().collect();
        let Some((signature, rest)) = line.rsplit_once(")\"") else {
            continue;
        };
        if !rest.ends_with(",d") {
            continue;
        }
        let last = signature.rsplit('(').next().unwrap();
        let parts: Vec<&str> = last.splitn(2, ',').collect();
        let [group, rest] = parts.as_slice() else {
            continue;
        };
        let Some((creator, element)) = rest.rsplit_once(',') else {
            continue;
        };
        let (Ok(group), Ok(element)) = (
            u16::from_str_radix(group, 16),
            u8::from_str_radix(element, 16),
        ) else {
            continue;
        };
        let creator = creator.trim_matches('"').trim_end().to_owned();
        deleted += 1;
        assert!(
            !kept.contains(&(group, creator.clone(), element)),
            "{group:04x} {creator} {element:02x}"
        );
    }
    assert!(deleted > 3000, "{deleted}");
}

#[test]
fn every_risky_attribute_without_a_row_was_reviewed() {
    let Some(facts) = facts("ps315-gaps.tsv") else {
        return;
    };
    assert_eq!(facts.len(), 385);
    let known: BTreeSet<Tag> = reviewed().iter().map(|reviewed| reviewed.tag).collect();
    for fact in facts {
        let tag = tag(&fact["tag"]).unwrap();
        assert!(known.contains(&tag), "{} {}", fact["tag"], fact["keyword"]);
    }
}

/// Our resolution of conditional codes, module by module, against the collected one.
#[test]
fn conditional_codes_resolve_as_collected() {
    let Some(facts) = facts("ps315-conditional-types.tsv") else {
        return;
    };
    let mut agreed = 0;
    for fact in &facts {
        let code = Code::ALL
            .into_iter()
            .find(|code| code.text() == fact["basic"]);
        let kind = [Type::One, Type::OneC, Type::Two, Type::TwoC, Type::Three]
            .into_iter()
            .find(|kind| kind.text() == fact["type"]);
        let (Some(code), Some(kind)) = (code, kind) else {
            panic!("{fact:?}");
        };
        let letter = ruling::resolve(code, Need::of(Some(kind)));
        let collected = fact["resolved_if_module_present"].trim_end_matches('!');
        let same = collected.starts_with(letter) || (letter == 'U' && collected.contains('U'));
        assert!(
            same,
            "{} {} {} {}: {letter} and {collected}",
            fact["keyword"], fact["module"], fact["type"], fact["basic"]
        );
        agreed += 1;
    }
    assert_eq!(agreed, facts.len());
}

/// The compiled Types have what was collected: the Type of each attribute at the top level of its module.
#[test]
fn types_are_as_collected() {
    let Some(facts) = facts("ps315-conditional-types.tsv") else {
        return;
    };
    let mut compared = 0;
    for fact in &facts {
        let tag = tag(&fact["tag"]).unwrap();
        let types = IodTypes::of_modules(&[fact["module"].as_str()]);
        let kinds: BTreeSet<&str> = types
            .paths()
            .iter()
            .filter(|(path, _)| path.last() == Some(&tag))
            .map(|(_, kind)| kind.text())
            .collect();
        assert!(
            !kinds.is_empty(),
            "{} in {}",
            fact["keyword"],
            fact["module"]
        );
        let strictest_or_same = kinds.contains(fact["type"].as_str()) || kinds.contains("1");
        assert!(
            strictest_or_same,
            "{} in {}: {kinds:?} {}",
            fact["keyword"], fact["module"], fact["type"]
        );
        for iod in fact["iods"].split(',') {
            assert!(
                modules_of(iod).any(|(module, _)| module == fact["module"]),
                "{iod} {}",
                fact["module"]
            );
        }
        compared += 1;
    }
    assert_eq!(compared, 280 - 1);
}

/// The action of the pseudonym and the letters of actions stay what the evidence says they are.
#[test]
fn letters_of_actions() {
    assert_eq!(Action::Pseudonym.letter(), 'D');
}
