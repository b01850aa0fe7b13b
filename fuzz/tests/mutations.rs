//! Thousands of mutants of every seed meet their parsers in every run of the tests; `cargo xtask fuzz` goes deeper.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "tests say what they skipped")]

use cloakroom_fuzz::{TARGETS, corpus, mutation::mutant};
use cloakroom_testkit::random::Random;
use std::time::{Duration, Instant};

/// How long each target is tried.
const TIME: Duration = Duration::from_secs(4);

/// No input of this size may take longer, in an unoptimised build on a busy machine.
const SLOWEST: Duration = Duration::from_secs(20);

fn try_target(name: &str) {
    let (_, target) = TARGETS
        .into_iter()
        .find(|(known, _)| *known == name)
        .unwrap();
    let seeds = corpus::seeds(name).unwrap();
    assert!(seeds.len() > 1, "{name} has no seeds");
    for seed in &seeds {
        timed(name, target, seed);
    }
    let start = Instant::now();
    let mut random = Random::named(20_261_123, name);
    let mut mutants = 0_u64;
    while start.elapsed() < TIME {
        let seed = &seeds[random.below(seeds.len() as u64) as usize];
        let other = &seeds[random.below(seeds.len() as u64) as usize];
        timed(name, target, &mutant(seed, other, &mut random));
        mutants += 1;
    }
    assert!(mutants > 20, "{name}: only {mutants} mutants");
    eprintln!("{name}: {} seeds, {mutants} mutants", seeds.len());
}

fn timed(name: &str, target: fn(&[u8]), bytes: &[u8]) {
    let start = Instant::now();
    let outcome = std::panic::catch_unwind(|| target(bytes));
    if outcome.is_err() || start.elapsed() > SLOWEST {
        let path = std::env::temp_dir().join(format!("cloakroom-{name}-failed"));
        std::fs::write(&path, bytes).unwrap();
        panic!(
            "{name} failed or was slow; the input lies in {}",
            path.display()
        );
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                try_target(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_tried() {
            let tried = [$(stringify!($name)),*];
            assert_eq!(tried, TARGETS.map(|(name, _)| name));
        }
    };
}

targets! {
    p10_read p10_text object pixels archive package index track_and_profile evidence network
}
