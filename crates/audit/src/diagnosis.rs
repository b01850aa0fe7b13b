//! What was done to a log whose leaves do not lead to its head.

use crate::merkle::{MerkleTree, TreeHead};
use crate::verify::{Failure, Fault};
use cloakroom_core::Digest;
use std::collections::BTreeMap;

/// What is known of a log when its leaves are compared with its head.
pub(crate) struct Evidence<'a> {
    /// The leaves that the records hash to.
    pub(crate) tree: &'a MerkleTree,
    /// The list of leaf hashes that came with the log, if one did.
    pub(crate) listed: Option<&'a [Digest]>,
    /// The head of the checkpoint.
    pub(crate) head: TreeHead,
    /// Whether a signature over the checkpoint holds.
    pub(crate) signed: bool,
    /// The first leaf that stands out of the order of its run.
    pub(crate) out_of_order: Option<u64>,
}

/// Compares leaves with head, and names what was done where they differ.
pub(crate) fn diagnose(evidence: &Evidence<'_>) -> Vec<Fault> {
    let actual = evidence.tree.leaves();
    if evidence.tree.head() == evidence.head {
        let differs = evidence.listed.is_some_and(|listed| listed != actual);
        return fault_if(differs, Failure::LeafListWrong);
    }
    match evidence.listed {
        Some(listed) if MerkleTree::from_leaves(listed.iter().copied()).head() == evidence.head => {
            differences(listed, actual)
        }
        Some(listed) if listed == actual => fault_if(true, Failure::HeadWrong),
        _ => guess(evidence),
    }
}

fn fault_if(condition: bool, failure: Failure) -> Vec<Fault> {
    if condition {
        vec![Fault::of(failure)]
    } else {
        Vec::new()
    }
}

/// Without a list of leaves that leads to the head, only the number of leaves and their order tell what was done.
fn guess(evidence: &Evidence<'_>) -> Vec<Fault> {
    let actual = evidence.tree.size();
    let failure = if !evidence.signed {
        Failure::HeadWrong
    } else if actual < evidence.head.size {
        Failure::RecordDropped
    } else if actual > evidence.head.size {
        Failure::RecordAdded
    } else if evidence.out_of_order.is_some() {
        return vec![Fault {
            leaf: evidence.out_of_order,
            ..Fault::of(Failure::RecordsSwapped)
        }];
    } else {
        Failure::RecordEdited
    };
    vec![Fault::of(failure)]
}

/// Names every leaf that differs from the list that leads to the signed head.
fn differences(listed: &[Digest], actual: &[Digest]) -> Vec<Fault> {
    let mut balance = BTreeMap::<Digest, i64>::new();
    listed
        .iter()
        .for_each(|leaf| *balance.entry(*leaf).or_default() += 1);
    actual
        .iter()
        .for_each(|leaf| *balance.entry(*leaf).or_default() -= 1);
    let missing = |leaf: &Digest| balance.get(leaf).is_some_and(|count| *count > 0);
    let extra = |leaf: &Digest| balance.get(leaf).is_some_and(|count| *count < 0);
    let mut faults = Vec::new();
    let (mut expected, mut found) = (0, 0);
    loop {
        let failure = match (listed.get(expected), actual.get(found)) {
            (None, None) => return faults,
            (Some(want), Some(have)) if want == have => {
                expected += 1;
                found += 1;
                continue;
            }
            (Some(want), Some(have)) if missing(want) && extra(have) => Failure::RecordEdited,
            (_, Some(have)) if extra(have) => Failure::RecordAdded,
            (Some(want), _) if missing(want) => Failure::RecordDropped,
            (Some(_), Some(_)) => Failure::RecordsSwapped,
            (Some(_), None) => Failure::RecordDropped,
            (None, Some(_)) => Failure::RecordAdded,
        };
        let place = if failure == Failure::RecordDropped {
            expected
        } else {
            found
        };
        faults.push(Fault {
            leaf: Some(place as u64),
            ..Fault::of(failure)
        });
        expected += usize::from(failure != Failure::RecordAdded);
        found += usize::from(failure != Failure::RecordDropped);
    }
}
