//! Reading the `rules` of a profile file.

use crate::document::Node;
use crate::kind::{Kind, kind_of};
use crate::locate::nearest;
use crate::rule::{Rule, Target};
use crate::standard::iod_types::{iod_of, iods};
use crate::standard::{table, tag_by_keyword, unlisted, vr_of};
use cloakroom_core::{Action, PathPattern, RuleId, Step, Tag, VR};
use std::sync::Arc;

const KEYS: [&str; 11] = [
    "name",
    "attribute",
    "path",
    "creator",
    "group",
    "element",
    "modality",
    "sop-class",
    "action",
    "value",
    "reason",
];

/// The actions a rule may name; `basic` is what the Basic Profile does, whatever the options say.
const ACTIONS: [(&str, Option<Action>); 12] = [
    ("basic", None),
    ("keep", Some(Action::Keep)),
    ("remove", Some(Action::Remove)),
    ("empty", Some(Action::Empty)),
    ("dummy", Some(Action::Dummy)),
    ("map-uid", Some(Action::MapUid)),
    ("date", Some(Action::ShiftDate)),
    ("clean-text", Some(Action::CleanText)),
    ("clean-content", Some(Action::CleanContent)),
    ("cap-age", Some(Action::CapAge)),
    ("pseudonym", Some(Action::Pseudonym)),
    ("replace", Some(Action::Replace)),
];

/// Identifiers of the patient that no rule may let stay.
const NEVER_KEPT: [Tag; 5] = [
    Tag(0x0010, 0x0020),
    Tag(0x0010, 0x1000),
    Tag(0x0010, 0x1001),
    Tag(0x0010, 0x1040),
    Tag(0x0010, 0x2154),
];

/// Reads the rules of a file; a rule that speaks of several attributes becomes several.
pub(crate) fn read_rules(node: &Node<'_>, profile: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (number, item) in node.items().iter().enumerate() {
        if item.only(&KEYS) {
            read_rule(item, profile, number, &mut rules);
        }
    }
    rules
}

fn read_rule(node: &Node<'_>, profile: &str, number: usize, rules: &mut Vec<Rule>) {
    let reason = node.get("reason").and_then(|reason| reason.text());
    if reason.is_none_or(|reason| reason.trim().is_empty()) {
        node.wrong("a rule needs a `reason`");
    }
    let Some(action_node) = node.get("action") else {
        node.wrong("a rule needs an `action`");
        return;
    };
    let action = action_node.word(&ACTIONS);
    let targets = read_targets(node);
    let name = match node.get("name") {
        Some(name) => read_name(&name),
        None => Some((number + 1).to_string()),
    };
    let value = read_value(node, action);
    let modalities = read_modalities(node);
    let sop_classes = read_classes(node);
    let (Some(action), Some(name), Some(reason)) = (action, name, reason) else {
        return;
    };
    for target in targets {
        if let Err(problem) = check(&target, action, value.as_deref()) {
            action_node.wrong(problem);
            continue;
        }
        rules.push(Rule {
            target,
            action,
            value: value.clone(),
            id: RuleId::named(format!("profile:{profile}/{name}")),
            reason: reason.trim().into(),
            modalities: modalities.clone(),
            sop_classes: sop_classes.clone(),
        });
    }
}

fn read_name(node: &Node<'_>) -> Option<String> {
    let name = node.text()?;
    let sound = (1..=48).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !sound {
        node.wrong("a name is up to 48 small letters, digits and '-'");
    }
    sound.then(|| name.into())
}

fn read_value(node: &Node<'_>, action: Option<Option<Action>>) -> Option<Arc<str>> {
    let replaces = action == Some(Some(Action::Replace));
    match node.get("value") {
        Some(value) if replaces => value.text().map(Arc::from),
        Some(value) => {
            value.wrong("only `action: replace` takes a value");
            None
        }
        None if replaces => {
            node.wrong("`action: replace` needs a `value`");
            None
        }
        None => None,
    }
}

fn read_modalities(node: &Node<'_>) -> Vec<String> {
    let Some(list) = node.get("modality") else {
        return Vec::new();
    };
    list.items()
        .iter()
        .filter_map(|item| {
            let text = item.text()?;
            let sound = (1..=16).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            if !sound {
                item.wrong("a modality is a term of capital letters, such as MR");
            }
            sound.then(|| text.to_owned())
        })
        .collect()
}

fn read_classes(node: &Node<'_>) -> Vec<String> {
    let Some(list) = node.get("sop-class") else {
        return Vec::new();
    };
    list.items()
        .iter()
        .filter_map(|item| {
            let text = item.text()?;
            let known = iod_of(text).is_some() || iods().any(|iod| iod == text);
            if !known {
                item.wrong_with(
                    "no SOP Class UID and no name of an IOD of the standard",
                    nearest(text, iods()),
                );
            }
            known.then(|| text.to_owned())
        })
        .collect()
}

fn read_targets(node: &Node<'_>) -> Vec<Target> {
    let attribute = node.get("attribute");
    let path = node.get("path");
    let creator = node.get("creator");
    let given = [&attribute, &path, &creator].into_iter().flatten().count();
    if given != 1 {
        node.wrong(
            "a rule speaks of an `attribute`, a `path` or a `creator`, and of one of them only",
        );
        return Vec::new();
    }
    if let Some(creator) = creator {
        return read_private(node, &creator).into_iter().collect();
    }
    for key in ["group", "element"] {
        if let Some(stray) = node.get(key) {
            stray.wrong("goes with `creator` only");
        }
    }
    let (list, read): (_, fn(&Node<'_>) -> Option<Target>) = match (attribute, path) {
        (Some(attribute), _) => (attribute, read_attribute),
        (None, Some(path)) => (path, read_path),
        (None, None) => return Vec::new(),
    };
    list.items().iter().filter_map(read).collect()
}

fn read_private(node: &Node<'_>, creator: &Node<'_>) -> Option<Target> {
    let name = creator.text()?.trim_end();
    if name.is_empty() || name.len() > 64 {
        creator.wrong("a Private Creator is 1 to 64 characters");
        return None;
    }
    let group = match node.get("group") {
        Some(group) => Some(read_hex(&group, 4)?),
        None => None,
    };
    if group.is_some_and(|group| group % 2 == 0 || group < 9) {
        node.wrong("a private group is odd and at least 0009");
        return None;
    }
    let element = match node.get("element") {
        Some(element) => u8::try_from(read_hex(&element, 2)?).ok(),
        None => None,
    };
    Some(Target::Private {
        creator: name.into(),
        group,
        element,
    })
}

fn read_hex(node: &Node<'_>, digits: usize) -> Option<u16> {
    let text = node.text()?;
    let sound = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u16::from_str_radix(text, 16).ok().filter(|_| sound);
    if number.is_none() {
        node.wrong(format!(
            "{digits} hexadecimal digits are wanted here, in quotes"
        ));
    }
    number
}

/// A keyword, a tag `(gggg,eeee)`, or a pattern with `x` for any digit.
fn read_attribute(node: &Node<'_>) -> Option<Target> {
    let text = node.text()?;
    let Some(inner) = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
    else {
        let tag = tag_by_keyword(text);
        if tag.is_none() {
            node.wrong_with(
                "no attribute of the standard has this keyword",
                nearest_keyword(text),
            );
        }
        return check_tag(node, tag?).map(Target::Attribute);
    };
    let digits: String = inner.replace(',', "").to_lowercase();
    let sound = inner.len() == 9 && inner.as_bytes().get(4) == Some(&b',') && digits.len() == 8;
    let (mut mask, mut bits) = (0_u32, 0_u32);
    let read = sound
        && digits.chars().all(|digit| {
            let value = digit.to_digit(16);
            mask = mask << 4 | if value.is_some() { 0xF } else { 0 };
            bits = bits << 4 | value.unwrap_or(0);
            value.is_some() || digit == 'x'
        });
    if !read {
        node.wrong("a tag is written (gggg,eeee), with x for any digit");
        return None;
    }
    if mask == u32::MAX {
        return check_tag(node, crate::standard::tag_of(bits)).map(Target::Attribute);
    }
    Some(Target::Pattern { mask, bits })
}

fn check_tag(node: &Node<'_>, tag: Tag) -> Option<Tag> {
    if tag.0 % 2 == 1 {
        node.wrong("a private attribute is named by `creator`, `group` and `element`");
        return None;
    }
    if crate::class_rules::is_never_kept(tag) {
        node.wrong("is removed or written anew whatever a profile says");
        return None;
    }
    Some(tag)
}

pub(crate) fn nearest_keyword(text: &str) -> Option<String> {
    let rows = table::rows().iter().map(|row| row.keyword);
    let reviewed = unlisted::reviewed().iter().map(|reviewed| reviewed.keyword);
    nearest(text, rows.chain(reviewed))
}

fn read_path(node: &Node<'_>) -> Option<Target> {
    let text = node.text()?;
    let by_pattern = text.parse::<PathPattern>().ok().and_then(|pattern| {
        pattern
            .steps()
            .iter()
            .map(|step| match step {
                Step::Standard(tag) => Some(*tag),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()
    });
    let by_keyword = || {
        text.split('>')
            .map(tag_by_keyword)
            .collect::<Option<Vec<_>>>()
    };
    let path = by_pattern.or_else(by_keyword);
    let Some(path) = path else {
        node.wrong(
            "a path is keywords or tags from the outside in, joined with '>', of the standard only",
        );
        return None;
    };
    check_tag(node, *path.last()?)?;
    Some(Target::Path(path))
}

/// Whether the action can be done to the target at all, and may be.
fn check(target: &Target, action: Option<Action>, value: Option<&str>) -> Result<(), String> {
    let tag = match target {
        Target::Attribute(tag) => Some(*tag),
        Target::Path(path) => path.last().copied(),
        Target::Pattern { .. } | Target::Private { .. } => None,
    };
    let Some(action) = action else {
        return match tag {
            Some(tag) if table::row(tag).is_some() => Ok(()),
            _ => Err("`basic` needs an attribute with a row in PS3.15 Table E.1-1".into()),
        };
    };
    match target {
        Target::Pattern { .. }
            if !matches!(action, Action::Remove | Action::Empty | Action::Keep) =>
        {
            return Err("a pattern takes `keep`, `remove` or `empty`".into());
        }
        Target::Private { .. }
            if matches!(
                action,
                Action::Pseudonym | Action::CleanContent | Action::CapAge | Action::Dummy
            ) =>
        {
            return Err("a private attribute takes `keep`, `remove`, `empty`, `map-uid`, `date`, `clean-text` or `replace`".into());
        }
        _ => {}
    }
    let Some(tag) = tag else { return Ok(()) };
    check_tag_action(tag, action, value)
}

fn check_tag_action(tag: Tag, action: Action, value: Option<&str>) -> Result<(), String> {
    let vr = vr_of(tag).unwrap_or(VR::UN);
    let kind = kind_of(vr);
    let names_someone = kind == Kind::Name || NEVER_KEPT.contains(&tag);
    if names_someone && matches!(action, Action::Keep | Action::CleanText) {
        return Err("names of people and identifiers of patients never stay".into());
    }
    let fits = match action {
        Action::MapUid => kind == Kind::Uid,
        Action::ShiftDate => matches!(kind, Kind::Date | Kind::Time),
        Action::CleanText => matches!(
            kind,
            Kind::Text | Kind::Term | Kind::ApplicationEntity | Kind::Address
        ),
        Action::CleanContent => kind == Kind::Sequence,
        Action::CapAge => kind == Kind::Age,
        Action::Pseudonym => matches!(kind, Kind::Name | Kind::Text),
        Action::Replace => {
            !matches!(kind, Kind::Sequence | Kind::Opaque | Kind::Uid)
                && value.is_some_and(|value| {
                    value.len() <= 64
                        && value
                            .bytes()
                            .all(|byte| (0x20..0x7F).contains(&byte) && byte != b'\\')
                })
        }
        _ => true,
    };
    if fits {
        Ok(())
    } else {
        Err(format!(
            "`{}` cannot be done to an attribute of VR {vr}",
            action.name()
        ))
    }
}
