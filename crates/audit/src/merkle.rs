//! The Merkle tree of RFC 6962 section 2: hashing, growth, heads and proofs.

use cloakroom_core::{Digest, Hasher};

/// The hash of a leaf: SHA-256 of a zero byte and the entry (RFC 6962 section 2.1).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&[0]);
    hasher.update(entry);
    hasher.finish()
}

/// The hash of an inner node: SHA-256 of a one byte and both children (RFC 6962 section 2.1).
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(&[1]);
    hasher.update(left.as_bytes());
    hasher.update(right.as_bytes());
    hasher.finish()
}

/// The size of a tree and its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeHead {
    /// How many leaves.
    pub size: u64,
    /// The root over all of them; for no leaves the SHA-256 of nothing.
    pub root: Digest,
}

impl TreeHead {
    /// The head of a tree without leaves.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            size: 0,
            root: Digest::of(&[]),
        }
    }
}

/// A tree that only grows: every complete subtree is kept, so that roots and proofs of any earlier size are cheap.
///
/// `levels[k][i]` is the root over the leaves `i * 2^k .. (i + 1) * 2^k`; memory is about 64 bytes a leaf.
#[derive(Debug, Clone, Default)]
pub struct MerkleTree {
    levels: Vec<Vec<Digest>>,
}

impl MerkleTree {
    /// A tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree over leaf hashes.
    #[must_use]
    pub fn from_leaves(leaves: impl IntoIterator<Item = Digest>) -> Self {
        let mut tree = Self::new();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }

    /// Adds the hash of one leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let row = &mut self.levels[level];
            row.push(node);
            let [.., left, right] = row.as_slice() else {
                return;
            };
            if row.len() % 2 == 1 {
                return;
            }
            node = node_hash(left, right);
        }
    }

    /// How many leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.leaves().len() as u64
    }

    /// The hashes of all leaves, in their order.
    #[must_use]
    pub fn leaves(&self) -> &[Digest] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// The head of the whole tree.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.head_at(self.size()).unwrap_or_else(TreeHead::empty)
    }

    /// The head that the tree had when it was smaller; `None` if it never was of that size.
    #[must_use]
    pub fn head_at(&self, size: u64) -> Option<TreeHead> {
        if size == 0 {
            return Some(TreeHead::empty());
        }
        (size <= self.size()).then(|| TreeHead {
            size,
            root: self.range(0, size),
        })
    }

    /// The inclusion proof of leaf `index` in the tree of `size` leaves, from the leaf's sibling up (RFC 6962 section 2.1.1).
    ///
    /// `None` if there is no such leaf or size.
    #[must_use]
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Option<Vec<Digest>> {
        if index >= size || size > self.size() {
            return None;
        }
        let mut path = Vec::new();
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                path.push(self.range(middle, end));
                end = middle;
            } else {
                path.push(self.range(start, middle));
                start = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The consistency proof from the tree of `old` leaves to that of `new` (RFC 6962 section 2.1.2).
    ///
    /// `None` if either size is not of this tree, or `old` is 0 or more than `new`.
    #[must_use]
    pub fn consistency_proof(&self, old: u64, new: u64) -> Option<Vec<Digest>> {
        if old == 0 || old > new || new > self.size() {
            return None;
        }
        let mut path = Vec::new();
        let (mut start, mut end) = (0, new);
        // The subtree that ends where the old tree ended is known to its holder only while nothing was skipped.
        let mut whole_old_tree = true;
        while end != old {
            let middle = start + split(end - start);
            if old <= middle {
                path.push(self.range(middle, end));
                end = middle;
            } else {
                path.push(self.range(start, middle));
                start = middle;
                whole_old_tree = false;
            }
        }
        if !whole_old_tree {
            path.push(self.range(start, end));
        }
        path.reverse();
        Some(path)
    }

    /// The root over the leaves `start..end`, which must be such a range as the recursion of RFC 6962 visits.
    fn range(&self, start: u64, end: u64) -> Digest {
        let width = end - start;
        if width.is_power_of_two() && start.is_multiple_of(width) {
            let level = width.trailing_zeros() as usize;
            let index = usize::try_from(start / width).unwrap_or(usize::MAX);
            if let Some(node) = self.levels.get(level).and_then(|row| row.get(index)) {
                return *node;
            }
        }
        let middle = start + split(width);
        node_hash(&self.range(start, middle), &self.range(middle, end))
    }
}

/// The largest power of two smaller than `width`, which is at least 2.
const fn split(width: u64) -> u64 {
    1 << (63 - (width - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entries and roots that the authors of RFC 6962 publish with their implementation.
    const ENTRIES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_those_of_the_published_example_at_every_size() {
        let tree = MerkleTree::from_leaves(ENTRIES.iter().map(|entry| leaf_hash(entry)));
        for (size, root) in ROOTS.iter().enumerate() {
            let head = tree.head_at(size as u64).unwrap();
            assert_eq!(head.root.to_string(), *root, "size {size}");
        }
        assert_eq!(tree.head_at(9), None);
    }

    #[test]
    fn the_tree_is_the_recursive_definition() {
        fn defined(leaves: &[Digest]) -> Digest {
            match leaves {
                [] => Digest::of(&[]),
                [leaf] => *leaf,
                _ => {
                    let mut middle = 1;
                    while middle * 2 < leaves.len() {
                        middle *= 2;
                    }
                    node_hash(&defined(&leaves[..middle]), &defined(&leaves[middle..]))
                }
            }
        }
        let leaves: Vec<_> = (0_u32..70)
            .map(|number| leaf_hash(&number.to_be_bytes()))
            .collect();
        let tree = MerkleTree::from_leaves(leaves.iter().copied());
        for size in 0..=leaves.len() {
            let head = tree.head_at(size as u64).unwrap();
            assert_eq!(head.root, defined(&leaves[..size]), "size {size}");
        }
    }
}
