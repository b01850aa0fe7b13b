//! Which units are looked at: a draw that nobody can steer and everybody can repeat.
//!
//! The seed is the signed head, fixed first, and a nonce that the auditor gives after. Each unit gets a
//! key by hashing it with the seed, and a stratum gives its units with the lowest keys.

use crate::checkpoint::Checkpoint;
use cloakroom_core::{Digest, Hasher};
use std::collections::BTreeMap;

/// What decides a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(Digest);

impl Seed {
    /// SHA-256 of a fixed line, the text of the signed head, its length before it, and the nonce.
    #[must_use]
    pub fn new(checkpoint: &Checkpoint, nonce: &str) -> Self {
        let text = checkpoint.note().text();
        let mut hasher = Hasher::new();
        hasher.update(b"cloakroom sample v1\n");
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
        hasher.update(nonce.as_bytes());
        Self(hasher.finish())
    }

    /// The key of a unit under this seed.
    fn key(self, unit: &str) -> Digest {
        let mut hasher = Hasher::new();
        hasher.update(self.0.as_bytes());
        hasher.update(unit.as_bytes());
        hasher.finish()
    }
}

/// One thing that is looked at as a whole: a series, by its released UID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// Its name, unique in the draw.
    pub name: String,
    /// What it is like: modality, device and site.
    pub stratum: String,
    /// Whether units of its kind are all looked at, as rare kinds of high risk should be.
    pub always: bool,
}

/// One stratum of a draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stratum {
    /// Its name.
    pub name: String,
    /// How many units it has, those that are always looked at not counted.
    pub units: u64,
    /// How many of them were drawn.
    pub drawn: u64,
}

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Names of the units drawn, in the order of the draw within each stratum, strata by name.
    pub units: Vec<String>,
    /// Names of the units that are looked at in any case; they do not count towards the bound.
    pub always: Vec<String>,
    /// The strata.
    pub strata: Vec<Stratum>,
    /// The size of the sample that a bound may be stated for: never more than what was asked for.
    pub sample: u64,
    /// How many units the draw was from.
    pub population: u64,
}

/// Draws `sample` units in proportion from all strata.
///
/// Each stratum gives its share of the sample rounded up, so none is left out, and somewhat more than
/// `sample` units are looked at. A bound stated for `sample` then holds: drawing at least in proportion
/// finds a leak at least as surely as drawing `sample` units from all (by the concavity of the logarithm).
#[must_use]
pub fn draw(units: &[Unit], sample: u64, seed: Seed) -> Drawn {
    let mut strata = BTreeMap::<&str, Vec<(Digest, &str)>>::new();
    let mut always: Vec<String> = Vec::new();
    for unit in units {
        if unit.always {
            always.push(unit.name.clone());
        } else {
            let key = (seed.key(&unit.name), unit.name.as_str());
            strata.entry(&unit.stratum).or_default().push(key);
        }
    }
    always.sort();
    let population: u64 = strata.values().map(|keys| keys.len() as u64).sum();
    let sample = sample.min(population);
    let mut drawn = Drawn {
        units: Vec::new(),
        always,
        strata: Vec::new(),
        sample,
        population,
    };
    for (name, mut keys) in strata {
        keys.sort_unstable();
        let count = keys.len() as u64;
        let share = proportion(sample, count, population);
        let taken = keys.iter().zip(0..share).map(|((_, unit), _)| *unit);
        drawn.units.extend(taken.map(String::from));
        drawn.strata.push(Stratum {
            name: name.into(),
            units: count,
            drawn: share,
        });
    }
    drawn
}

/// `sample * count / population`, rounded up.
fn proportion(sample: u64, count: u64, population: u64) -> u64 {
    let exact = u128::from(sample) * u128::from(count);
    let share = exact.div_ceil(u128::from(population.max(1)));
    u64::try_from(share).unwrap_or(count).min(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Origin;
    use crate::keys::SecretKey;
    use crate::merkle::TreeHead;

    fn seed(nonce: &str) -> Seed {
        let site = "GX01".parse().unwrap();
        let key = SecretKey::from_seed(Origin::site_key_name(&site), &[5; 32]);
        let track = "lung".parse().unwrap();
        let checkpoint = Checkpoint::sign(Origin { site, track }, TreeHead::empty(), &key).unwrap();
        Seed::new(&checkpoint, nonce)
    }

    fn units() -> Vec<Unit> {
        (0..1000)
            .map(|number| Unit {
                name: format!("2.25.{number}"),
                stratum: if number % 100 == 0 { "US" } else { "CT" }.into(),
                always: number % 500 == 1,
            })
            .collect()
    }

    #[test]
    fn every_stratum_gives_at_least_its_share() {
        let drawn = draw(&units(), 50, seed("n"));
        assert_eq!((drawn.sample, drawn.population), (50, 998));
        assert_eq!(drawn.always, ["2.25.1", "2.25.501"]);
        for stratum in &drawn.strata {
            assert!(stratum.drawn * drawn.population >= drawn.sample * stratum.units);
            assert!(stratum.drawn >= 1);
        }
        let total: u64 = drawn.strata.iter().map(|stratum| stratum.drawn).sum();
        assert_eq!(drawn.units.len() as u64, total);
        assert!(total <= 50 + drawn.strata.len() as u64);
    }

    #[test]
    fn the_draw_depends_on_the_nonce_and_not_on_the_order() {
        let mut backwards = units();
        backwards.reverse();
        assert_eq!(
            draw(&units(), 50, seed("n")),
            draw(&backwards, 50, seed("n"))
        );
        assert_ne!(draw(&units(), 50, seed("n")), draw(&units(), 50, seed("m")));
    }

    #[test]
    fn a_draw_of_all_takes_all() {
        let drawn = draw(&units(), 5000, seed("n"));
        assert_eq!(drawn.units.len(), 998);
        assert_eq!(draw(&[], 10, seed("n")).units.len(), 0);
    }
}
