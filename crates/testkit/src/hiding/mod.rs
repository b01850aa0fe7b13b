//! Hiding places: small, otherwise ordinary objects, each with identity at one place where tools have
//! been seen to miss it.
//!
//! Every object has a patient of its own, so that all of them together are an export in which nothing
//! contradicts anything. A test de-identifies each and searches what came out for [`HidingPlace::canaries`].

mod attributes;
mod base;
mod containers;
mod documents;
mod nesting;
mod numbers;
mod pixels;
mod privates;
mod text;

use crate::canaries::{Canary, CanaryKind};
use crate::dicom::DicomFile;
use crate::people::Person;
use crate::random::Random;
pub use nesting::Wrapping;
pub(crate) use nesting::un_of_undefined_length;

/// One object with something hidden in it.
#[derive(Clone)]
pub struct HidingPlace {
    /// What is special, safe as a file name: `attribute PatientAddress`, `private orphan without creator`.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// The patient as the header states it.
    pub person: Person,
    /// First the value that is hidden, then what identifies at ordinary places of the same object.
    pub canaries: Vec<Canary>,
    /// Whether the hidden value is long enough to be searched for in bytes. Where it is not (an age, a
    /// number of two bytes) a test looks at the attribute instead.
    pub searchable: bool,
}

/// What is hidden, while an object is made.
pub(crate) struct Secret {
    /// Twelve letters that occur nowhere else.
    pub(crate) word: String,
    /// Ten digits that occur nowhere else.
    pub(crate) digits: String,
}

/// Collects hiding places.
pub(crate) struct Collector {
    seed: u64,
    places: Vec<HidingPlace>,
}

impl Collector {
    /// Adds an object in which the secret word is hidden.
    pub(crate) fn hide(
        &mut self,
        name: &str,
        kind: CanaryKind,
        change: impl FnOnce(&mut DicomFile, &Secret),
    ) {
        self.hide_value(name, kind, |file, secret| {
            change(file, secret);
            secret.word.clone()
        });
    }

    /// Adds an object in which the value that `change` returns is hidden.
    pub(crate) fn hide_value(
        &mut self,
        name: &str,
        kind: CanaryKind,
        change: impl FnOnce(&mut DicomFile, &Secret) -> String,
    ) {
        let mut random = Random::named(self.seed, name);
        let secret = Secret {
            word: random.word(12),
            digits: format!("1{}", random.digits(9)),
        };
        let mut base = base::ct(self.seed, name);
        let value = change(&mut base.file, &secret);
        self.push(name, kind, value, base);
    }

    /// Adds an object that is not a CT.
    pub(crate) fn hide_in(
        &mut self,
        name: &str,
        kind: CanaryKind,
        make: impl FnOnce(&mut base::Base, &Secret),
    ) {
        let mut random = Random::named(self.seed, name);
        let secret = Secret {
            word: random.word(12),
            digits: format!("1{}", random.digits(9)),
        };
        let mut base = base::ct(self.seed, name);
        make(&mut base, &secret);
        self.push(name, kind, secret.word, base);
    }

    fn push(&mut self, name: &str, kind: CanaryKind, value: String, base: base::Base) {
        let charset = base.file.dataset.charset().unwrap_or("ISO_IR 6").to_owned();
        let searchable = value.len() >= 8;
        let mut canaries = vec![Canary {
            place: name.to_owned(),
            kind,
            value,
            charset,
        }];
        canaries.extend(base.ledger.into_canaries());
        self.places.push(HidingPlace {
            name: name.to_owned(),
            bytes: base.file.bytes(),
            person: base.study.person,
            canaries,
            searchable,
        });
    }
}

/// Every hiding place: about 2,300 objects of some 4 KB.
#[must_use]
pub fn all(seed: u64) -> Vec<HidingPlace> {
    let mut places = special(seed);
    places.extend(in_attributes(seed));
    places
}

/// The hiding places besides plain attributes: containers, character sets, private blocks, pixels,
/// documents. About 200 objects.
#[must_use]
pub fn special(seed: u64) -> Vec<HidingPlace> {
    let mut collector = Collector {
        seed,
        places: Vec::new(),
    };
    containers::add(&mut collector);
    text::add(&mut collector);
    numbers::add(&mut collector);
    privates::add(&mut collector);
    nesting::add(&mut collector);
    pixels::add(&mut collector);
    documents::add(&mut collector);
    collector.places
}

/// Every attribute of PS3.15 Table E.1-1 and every attribute that holds identity and has no row there,
/// once where it stands in the data set and once inside a sequence one to six items deep.
#[must_use]
pub fn in_attributes(seed: u64) -> Vec<HidingPlace> {
    let mut collector = Collector {
        seed,
        places: Vec::new(),
    };
    attributes::add(&mut collector);
    collector.places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canaries::Searcher;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_every_secret_is_in_its_file() {
        let places = all(5);
        assert!(places.len() > 2000, "{}", places.len());
        let names: BTreeSet<&str> = places.iter().map(|place| place.name.as_str()).collect();
        assert_eq!(names.len(), places.len());
        let mut hidden = 0;
        for place in places.iter().filter(|place| place.searchable) {
            let searcher = Searcher::new(&place.canaries[..1]);
            // What is deflated, spread over bits or cut in two cannot be seen in the raw bytes.
            if place.name.contains("unseen") {
                continue;
            }
            assert!(!searcher.search(&place.bytes).is_empty(), "{}", place.name);
            hidden += 1;
        }
        assert!(hidden > 1900, "{hidden}");
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (one, two) = (special(9), special(9));
        assert!(
            one.iter()
                .zip(&two)
                .all(|(one, two)| one.bytes == two.bytes)
        );
    }
}
