//! Types of attributes by path, for every IOD of the standard (PS3.3), read out one SOP Class at a time.
//!
//! An attribute has the strictest Type that any module of the IOD gives it at its path. A user or conditional
//! module counts like a mandatory one: the question is asked of an attribute that is there, so its module
//! may well be there, and taking it as there can only keep the object valid.

use super::{number_of, parse_tag, tag_of};
use cloakroom_core::Tag;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// The generated file, as it stands in the project.
pub const SOURCE: &str = include_str!("../../../../profiles/standard/iod-types.txt");

/// A Type of PS3.5 section 7.4, from the loosest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Optional.
    Three,
    /// Required under a condition, may be empty.
    TwoC,
    /// Required, may be empty.
    Two,
    /// Required under a condition, with a value.
    OneC,
    /// Required, with a value.
    One,
}

impl Type {
    /// As the standard writes it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Three => "3",
            Self::TwoC => "2C",
            Self::Two => "2",
            Self::OneC => "1C",
            Self::One => "1",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Three, Self::TwoC, Self::Two, Self::OneC, Self::One]
            .into_iter()
            .find(|kind| kind.text() == text)
    }
}

/// The lines of the file by what they are.
struct File {
    subtrees: Vec<&'static str>,
    modules: BTreeMap<&'static str, u32>,
    iods: BTreeMap<&'static str, &'static str>,
    classes: BTreeMap<&'static str, &'static str>,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    let mut file = File {
        subtrees: Vec::new(),
        modules: BTreeMap::new(),
        iods: BTreeMap::new(),
        classes: BTreeMap::new(),
    };
    let mut section = "";
    for line in SOURCE.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section == "[subtrees]" {
            file.subtrees.push(line);
        } else if let Some((name, rest)) = line.split_once(' ') {
            match section {
                "[modules]" => {
                    if let Ok(number) = rest.parse() {
                        file.modules.insert(name, number);
                    }
                }
                "[iods]" => {
                    file.iods.insert(name, rest);
                }
                "[classes]" => {
                    file.classes.insert(name, rest);
                }
                _ => {}
            }
        }
    }
    file
});

/// Retired SOP Classes that files still use, and the IOD that took their place.
const RETIRED_CLASSES: [(&str, &str); 4] = [
    ("1.2.840.10008.5.1.4.1.1.3", "ultrasound-multi-frame-image"),
    ("1.2.840.10008.5.1.4.1.1.5", "nuclear-medicine-image"),
    ("1.2.840.10008.5.1.4.1.1.6", "ultrasound-image"),
    ("1.2.840.10008.5.1.4.1.1.12.3", "x-ray-angiographic-image"),
];

/// Modules that nearly every Composite IOD has; they stand in for the IOD of a class that nobody knows.
const COMMON_MODULES: [&str; 12] = [
    "patient",
    "clinical-trial-subject",
    "general-study",
    "patient-study",
    "clinical-trial-study",
    "general-series",
    "clinical-trial-series",
    "frame-of-reference",
    "general-equipment",
    "general-acquisition",
    "general-image",
    "sop-common",
];

/// The IOD of a SOP Class; `None` for private and unknown classes.
#[must_use]
pub fn iod_of(sop_class_uid: &str) -> Option<&'static str> {
    FILE.classes.get(sop_class_uid).copied().or_else(|| {
        RETIRED_CLASSES
            .iter()
            .find(|(class, _)| *class == sop_class_uid)
            .map(|(_, iod)| *iod)
    })
}

/// Every IOD by name, such as `ct-image`.
pub fn iods() -> impl Iterator<Item = &'static str> {
    FILE.iods.keys().copied()
}

/// Every SOP Class the file knows, with its IOD.
pub fn sop_classes() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILE.classes.iter().map(|(class, iod)| (*class, *iod))
}

/// The modules of an IOD with their usage, `M`, `U` or `C`.
pub fn modules_of(iod: &str) -> impl Iterator<Item = (&'static str, char)> {
    FILE.iods
        .get(iod)
        .into_iter()
        .flat_map(|modules| modules.split(' '))
        .filter_map(|word| {
            let (module, usage) = word.split_once(':')?;
            Some((module, usage.chars().next()?))
        })
}

/// An attribute among its siblings.
#[derive(Debug, Clone)]
struct Node {
    tag: u32,
    kind: Type,
    children: Range<u32>,
}

/// The Types of one IOD, or of one module.
#[derive(Debug)]
pub struct IodTypes {
    nodes: Vec<Node>,
    root: Range<u32>,
}

/// Joins subtrees into one, each set of subtrees once.
#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    done: BTreeMap<Vec<u32>, Range<u32>>,
}

impl Builder {
    fn join(&mut self, mut subtrees: Vec<u32>) -> Range<u32> {
        subtrees.sort_unstable();
        subtrees.dedup();
        if let Some(range) = self.done.get(&subtrees) {
            return range.clone();
        }
        let mut siblings: BTreeMap<u32, (Type, Vec<u32>)> = BTreeMap::new();
        for line in subtrees
            .iter()
            .filter_map(|number| FILE.subtrees.get(*number as usize))
        {
            for (tag, kind, below) in line.split(' ').filter_map(parse_word) {
                let sibling = siblings.entry(tag).or_insert((kind, Vec::new()));
                sibling.0 = sibling.0.max(kind);
                sibling.1.extend(below);
            }
        }
        let nodes: Vec<Node> = siblings
            .into_iter()
            .map(|(tag, (kind, below))| Node {
                tag,
                kind,
                children: if below.is_empty() {
                    0..0
                } else {
                    self.join(below)
                },
            })
            .collect();
        let first = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.extend(nodes);
        let range = first..u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.done.insert(subtrees, range.clone());
        range
    }
}

fn parse_word(word: &str) -> Option<(u32, Type, Option<u32>)> {
    let (tag, rest) = word.split_once('=')?;
    let (kind, below) = match rest.split_once(':') {
        Some((kind, below)) => (kind, Some(below.parse().ok()?)),
        None => (rest, None),
    };
    Some((number_of(parse_tag(tag)?), Type::parse(kind)?, below))
}

impl IodTypes {
    /// The Types of a SOP Class, read out of the file at the first call and kept. An unknown class gets those of
    /// the modules that nearly every IOD has.
    #[must_use]
    pub fn of_class(sop_class_uid: &str) -> Arc<Self> {
        static KEPT: LazyLock<Mutex<BTreeMap<&'static str, Arc<IodTypes>>>> =
            LazyLock::new(Mutex::default);
        let iod = iod_of(sop_class_uid).unwrap_or("");
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let types = kept
            .entry(iod)
            .or_insert_with(|| Arc::new(Self::of_iod(iod)));
        Arc::clone(types)
    }

    /// The Types of an IOD by its name; of the common modules if there is no such IOD.
    #[must_use]
    pub fn of_iod(iod: &str) -> Self {
        let modules: Vec<&str> = modules_of(iod).map(|(module, _)| module).collect();
        if modules.is_empty() {
            Self::of_modules(&COMMON_MODULES)
        } else {
            Self::of_modules(&modules)
        }
    }

    /// The Types that some modules give together.
    #[must_use]
    pub fn of_modules(modules: &[&str]) -> Self {
        let roots = modules
            .iter()
            .filter_map(|module| FILE.modules.get(module).copied())
            .collect();
        let mut builder = Builder::default();
        let root = builder.join(roots);
        Self {
            nodes: builder.nodes,
            root,
        }
    }

    /// The strictest Type of an attribute at its path; `None` where the IOD does not have it there.
    ///
    /// A Sequence that repeats inside itself, such as Content Sequence, has the same attributes at every depth.
    #[must_use]
    pub fn type_of(&self, ancestors: &[Tag], tag: Tag) -> Option<Type> {
        let level = self.level(ancestors)?;
        self.find(&level, number_of(tag))
            .map(|node| node.kind)
            .or_else(|| {
                let last = *ancestors.last()?;
                (last == tag).then_some(Type::Three)
            })
    }

    /// What an Item of a Sequence must have: its attributes of Type 1, 1C, 2 and 2C, in the order of the tags.
    pub fn required(&self, ancestors: &[Tag]) -> impl Iterator<Item = (Tag, Type)> {
        let level = self.level(ancestors).unwrap_or(0..0);
        self.slice(&level)
            .iter()
            .filter(|node| node.kind > Type::Three)
            .map(|node| (tag_of(node.tag), node.kind))
    }

    /// Every path with its Type, depth first.
    #[must_use]
    pub fn paths(&self) -> Vec<(Vec<Tag>, Type)> {
        let mut paths = Vec::new();
        self.push_paths(&self.root, &mut Vec::new(), &mut paths);
        paths
    }

    fn push_paths(
        &self,
        level: &Range<u32>,
        above: &mut Vec<Tag>,
        paths: &mut Vec<(Vec<Tag>, Type)>,
    ) {
        for node in self.slice(level) {
            above.push(tag_of(node.tag));
            paths.push((above.clone(), node.kind));
            self.push_paths(&node.children, above, paths);
            above.pop();
        }
    }

    fn level(&self, ancestors: &[Tag]) -> Option<Range<u32>> {
        let mut level = self.root.clone();
        let mut inside = None;
        for ancestor in ancestors {
            match self.find(&level, number_of(*ancestor)) {
                Some(node) => level = node.children.clone(),
                None if inside == Some(*ancestor) => {}
                None => return None,
            }
            inside = Some(*ancestor);
        }
        Some(level)
    }

    fn slice(&self, level: &Range<u32>) -> &[Node] {
        self.nodes
            .get(level.start as usize..level.end as usize)
            .unwrap_or_default()
    }

    fn find(&self, level: &Range<u32>, tag: u32) -> Option<&Node> {
        let siblings = self.slice(level);
        let index = siblings.binary_search_by_key(&tag, |node| node.tag).ok()?;
        siblings.get(index)
    }
}

/// The strictest Type of an attribute at its path in the IOD of a SOP Class.
#[must_use]
pub fn type_of(sop_class_uid: &str, ancestors: &[Tag], tag: Tag) -> Option<Type> {
    IodTypes::of_class(sop_class_uid).type_of(ancestors, tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
    const ENHANCED_MR: &str = "1.2.840.10008.5.1.4.1.1.4.1";
    const BASIC_TEXT_SR: &str = "1.2.840.10008.5.1.4.1.1.88.11";

    #[test]
    fn the_file_is_whole() {
        assert_eq!(FILE.iods.len(), 175);
        assert_eq!(FILE.classes.len(), 180);
        assert!(FILE.classes.values().all(|iod| FILE.iods.contains_key(iod)));
        for line in &FILE.subtrees {
            for word in line.split(' ').filter(|word| !word.is_empty()) {
                let (_, _, below) = parse_word(word).unwrap_or_else(|| panic!("{word}"));
                assert!(below.is_none_or(|below| (below as usize) < FILE.subtrees.len()));
            }
        }
        for iod in iods() {
            for (module, _) in modules_of(iod) {
                assert!(FILE.modules.contains_key(module), "{module}");
            }
        }
    }

    #[test]
    fn types_depend_on_class_and_depth() {
        let institution = Tag(0x0008, 0x0080);
        assert_eq!(type_of(CT, &[], institution), Some(Type::Three));
        let person = Tag(0x0008, 0x0096);
        assert_eq!(type_of(CT, &[person], institution), Some(Type::OneC));
        assert_eq!(type_of(CT, &[], Tag(0x0018, 0x1000)), Some(Type::Three));
        assert_eq!(
            type_of(ENHANCED_MR, &[], Tag(0x0018, 0x1000)),
            Some(Type::One)
        );
        assert_eq!(type_of(CT, &[], Tag(0x0040, 0xA073)), None);
        assert_eq!(type_of(CT, &[], Tag(0x0010, 0x0010)), Some(Type::Two));
    }

    #[test]
    fn functional_groups_and_content_trees_are_known_inside() {
        let shared = Tag(0x5200, 0x9229);
        let measures = Tag(0x0028, 0x9110);
        assert_eq!(
            type_of(ENHANCED_MR, &[shared, measures], Tag(0x0028, 0x0030)),
            Some(Type::OneC)
        );
        let frames = Tag(0x5200, 0x9230);
        let content = Tag(0x0020, 0x9111);
        assert!(type_of(ENHANCED_MR, &[frames, content], Tag(0x0018, 0x9074)).is_some());
        let tree = Tag(0x0040, 0xA730);
        let value_type = Tag(0x0040, 0xA040);
        let once = type_of(BASIC_TEXT_SR, &[tree], value_type);
        assert_eq!(once, Some(Type::One));
        assert_eq!(
            type_of(BASIC_TEXT_SR, &[tree, tree, tree, tree], value_type),
            once
        );
    }

    #[test]
    fn unknown_classes_get_the_common_modules() {
        let types = IodTypes::of_class("1.2.3");
        assert_eq!(types.type_of(&[], Tag(0x0008, 0x0018)), Some(Type::One));
        assert_eq!(types.type_of(&[], Tag(0x0010, 0x0020)), Some(Type::Two));
    }
}
