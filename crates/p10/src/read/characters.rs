//! Which character set is in force in which Item (PS3.3 section C.12.1.1.2).

use crate::dataset::DataSet;
use crate::node::{Kind, NONE};
use crate::text::{CharacterSet, UnknownCharacterSet};
use std::collections::BTreeMap;

/// Gives every Item its character set: its own, or else that of the data set that encloses it.
///
/// `found` names the occurrences of (0008,0005): the Item, or [`NONE`] at the top level, and the element.
pub(crate) fn resolve(data_set: &mut DataSet, found: &[(u32, u32)]) {
    data_set.character_sets = vec![Ok(CharacterSet::DEFAULT)];
    let mut known: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    for &(item, element) in found {
        let node = &data_set.nodes[element as usize];
        let raw = data_set
            .bytes
            .get(node.value(), node.value_end())
            .unwrap_or(&[])
            .to_vec();
        let number = *known.entry(raw).or_insert_with_key(|raw| {
            data_set.character_sets.push(parse(raw));
            data_set.character_sets.len() as u32 - 1
        });
        match data_set.nodes.get_mut(item as usize) {
            Some(item) => item.extra = number,
            None => data_set.root_character_set = number,
        }
    }
    for index in 0..data_set.nodes.len() {
        let node = data_set.nodes[index];
        if node.kind != Kind::Item || node.extra != NONE {
            continue;
        }
        let enclosing = data_set.nodes[node.parent as usize].parent;
        data_set.nodes[index].extra = match data_set.nodes.get(enclosing as usize) {
            Some(item) => item.extra,
            None => data_set.root_character_set,
        };
    }
}

fn parse(raw: &[u8]) -> Result<CharacterSet, UnknownCharacterSet> {
    let text = std::str::from_utf8(raw).map_err(|_| UnknownCharacterSet)?;
    let values: Vec<&str> = text.split('\\').collect();
    CharacterSet::parse(&values)
}
