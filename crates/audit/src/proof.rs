//! Checking proofs: that a leaf is in a tree, and that a tree grew out of an earlier one (RFC 9162 section 2.1.3 and 2.1.4).

use crate::merkle::{TreeHead, node_hash};
use cloakroom_core::Digest;

/// Whether `path` proves that `leaf` is leaf number `index` of the tree with this head.
#[must_use]
pub fn inclusion_holds(leaf: &Digest, index: u64, path: &[Digest], head: &TreeHead) -> bool {
    root_of_inclusion(leaf, index, path, head.size) == Some(head.root)
}

/// The root that an inclusion proof leads to; `None` where the proof has the wrong shape for the size.
#[must_use]
pub fn root_of_inclusion(leaf: &Digest, index: u64, path: &[Digest], size: u64) -> Option<Digest> {
    if index >= size {
        return None;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node.is_multiple_of(2) && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// Whether `path` proves that the tree with the head `new` begins with all the leaves of the tree with the head `old`.
///
/// The empty tree is the beginning of every tree, and needs no path.
#[must_use]
pub fn consistency_holds(old: &TreeHead, new: &TreeHead, path: &[Digest]) -> bool {
    if old.size == new.size {
        return old.root == new.root && path.is_empty();
    }
    if old.size == 0 {
        return *old == TreeHead::empty() && path.is_empty();
    }
    old.size < new.size && roots_of_consistency(old, new.size, path) == Some((old.root, new.root))
}

fn roots_of_consistency(old: &TreeHead, new: u64, path: &[Digest]) -> Option<(Digest, Digest)> {
    // A complete old tree is a node of the new one, and the proof leaves out what the verifier holds.
    let (first, rest) = if old.size.is_power_of_two() {
        (old.root, path)
    } else {
        let (first, rest) = path.split_first()?;
        (*first, rest)
    };
    let (mut node, mut last) = (old.size - 1, new - 1);
    while node % 2 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_root, mut new_root) = (first, first);
    for sibling in rest {
        if last == 0 {
            return None;
        }
        if node % 2 == 1 || node == last {
            old_root = node_hash(sibling, &old_root);
            new_root = node_hash(sibling, &new_root);
            while node.is_multiple_of(2) && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_root = node_hash(&new_root, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some((old_root, new_root))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{MerkleTree, leaf_hash};

    fn tree(size: u32) -> MerkleTree {
        MerkleTree::from_leaves((0..size).map(|number| leaf_hash(&number.to_be_bytes())))
    }

    #[test]
    fn every_leaf_of_every_size_is_proven_and_no_other() {
        let tree = tree(40);
        for size in 1..=40 {
            let head = tree.head_at(size).unwrap();
            for index in 0..size {
                let path = tree.inclusion_proof(index, size).unwrap();
                let leaf = tree.leaves()[usize::try_from(index).unwrap()];
                assert!(inclusion_holds(&leaf, index, &path, &head));
                assert!(!inclusion_holds(&leaf_hash(b"x"), index, &path, &head));
                assert!(!inclusion_holds(&leaf, (index + 1) % size, &path, &head) || size == 1);
                let mut longer = path.clone();
                longer.push(leaf);
                assert!(!inclusion_holds(&leaf, index, &longer, &head));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!inclusion_holds(&leaf, index, shorter, &head));
                }
            }
            assert_eq!(tree.inclusion_proof(size, size), None);
        }
    }

    #[test]
    fn every_pair_of_sizes_is_consistent_and_a_changed_past_is_not() {
        let tree = tree(40);
        let mut other = MerkleTree::new();
        other.push(leaf_hash(b"another past"));
        tree.leaves()[1..].iter().for_each(|leaf| other.push(*leaf));
        for old in 1..=40 {
            for new in old..=40 {
                let path = tree.consistency_proof(old, new).unwrap();
                let (was, is) = (tree.head_at(old).unwrap(), tree.head_at(new).unwrap());
                assert!(consistency_holds(&was, &is, &path), "{old} to {new}");
                let forged = other.head_at(new).unwrap();
                let forged_path = other.consistency_proof(old, new).unwrap();
                assert!(!consistency_holds(&was, &forged, &forged_path));
                if let Some((_, shorter)) = path.split_last() {
                    assert!(!consistency_holds(&was, &is, shorter));
                }
                let mut longer = path;
                longer.push(was.root);
                assert!(!consistency_holds(&was, &is, &longer));
            }
        }
        assert!(consistency_holds(
            &TreeHead::empty(),
            &tree.head_at(7).unwrap(),
            &[]
        ));
        assert_eq!(tree.consistency_proof(41, 41), None);
        assert_eq!(tree.consistency_proof(0, 4), None);
    }
}
