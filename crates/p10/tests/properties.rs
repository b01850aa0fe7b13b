//! Laws that hold for any bytes and any tree.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests, outside of test functions"
)]

mod common;

use cloakroom_p10::Edits;
use common::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// An element of a random tree.
#[derive(Debug, Clone)]
enum Random {
    Value(&'static str, Vec<u8>),
    Sequence {
        undefined: bool,
        items: Vec<BTreeMap<u32, Random>>,
    },
}

fn element() -> impl Strategy<Value = Random> {
    let vr = prop::sample::select(&["LO", "PN", "UI", "OB", "UN", "UT", "CS", "SH"][..]);
    let value = (vr, prop::collection::vec(any::<u8>(), 0..12)).prop_map(|(vr, mut value)| {
        value.resize(value.len() & !1, 0);
        Random::Value(vr, value)
    });
    value.prop_recursive(4, 24, 3, |inner| {
        let item = prop::collection::btree_map(0x0009_1000..0x0009_10FF_u32, inner, 0..4);
        (any::<bool>(), prop::collection::vec(item, 0..3))
            .prop_map(|(undefined, items)| Random::Sequence { undefined, items })
    })
}

fn encode_tree(syntax: Syntax, elements: &BTreeMap<u32, Random>) -> Vec<u8> {
    build(syntax, |b| {
        for (tag, element) in elements {
            match element {
                Random::Value(vr, value) => {
                    b.el(*tag, vr, value);
                }
                Random::Sequence { undefined, items } => {
                    let items: Vec<Vec<u8>> =
                        items.iter().map(|item| encode_tree(syntax, item)).collect();
                    if *undefined {
                        b.open_sq(*tag, "SQ", &items);
                    } else {
                        b.sq(*tag, &items);
                    }
                }
            }
        }
    })
}

fn tree() -> impl Strategy<Value = BTreeMap<u32, Random>> {
    prop::collection::btree_map(0x0009_1000..0x0009_10FF_u32, element(), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_legal_tree_is_written_as_it_was_read(
        tree in tree(),
        (syntax, uid) in prop::sample::select(&[(Syntax::Explicit, EXPLICIT), (Syntax::Big, BIG)][..]),
    ) {
        let bytes = file(uid, &build(syntax, |b| {
            start(b);
            b.raw(&encode_tree(syntax, &tree));
        }));
        let object = open(&bytes).unwrap();
        prop_assert_eq!(written(&object, &Edits::new()), bytes);
    }

    #[test]
    fn a_replaced_value_is_read_back(tree in tree(), choice in any::<prop::sample::Index>(), value in prop::collection::vec(any::<u8>(), 0..20)) {
        let bytes = file(EXPLICIT, &build(Syntax::Explicit, |b| {
            start(b);
            b.raw(&encode_tree(Syntax::Explicit, &tree));
        }));
        let object = open(&bytes).unwrap();
        let all: Vec<_> = object.dataset().walk().filter(|element| !element.is_sequence()).collect();
        let chosen = choice.get(&all);
        let mut edits = Edits::new();
        edits.replace(chosen.id(), dicom_core::VR::OB, value.clone());
        let again = open(&written(&object, &edits)).unwrap();
        prop_assert_eq!(again.repairs(), &[]);
        let before = object.dataset().walk().map(|element| (element.path(), element.raw().map(<[u8]>::to_vec)));
        let after: BTreeMap<_, _> = again.dataset().walk().map(|element| (element.path(), element)).collect();
        for (path, raw) in before {
            let found = &after[&path];
            if path == chosen.path() {
                prop_assert_eq!(&found.raw().unwrap()[..value.len()], &value[..]);
                prop_assert!(found.raw().unwrap().len() - value.len() < 2);
            } else if !found.is_sequence() {
                prop_assert_eq!(found.raw().map(<[u8]>::to_vec), raw);
            }
        }
    }

    #[test]
    fn no_bytes_panic_and_what_is_read_can_be_written_or_is_refused(
        mut bytes in prop::collection::vec(any::<u8>(), 0..300),
        shape in 0..4,
    ) {
        let whole = file(EXPLICIT, &[]);
        match shape {
            0 => {}
            1 => bytes = [&whole[..], &bytes].concat(),
            2 => bytes = [&whole[..], &build(Syntax::Explicit, start)[..], &bytes].concat(),
            _ => bytes = [&file(DEFLATED, &[])[..], &bytes].concat(),
        }
        hostile(&bytes);
    }

    #[test]
    fn flipped_bytes_of_a_tree_do_no_harm(
        tree in tree(),
        (syntax, uid) in prop::sample::select(&[(Syntax::Explicit, EXPLICIT), (Syntax::Implicit, IMPLICIT)][..]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = file(uid, &build(syntax, |b| {
            start(b);
            b.raw(&encode_tree(syntax, &tree)).fragments(0x7FE0_0010, &[&[], &[1, 2]]).end_sequence();
        }));
        for (place, byte) in flips {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        hostile(&bytes);
    }
}
