//! Detection and masking measured on images of which every box is known.
//!
//! A plain test run takes the first images of the set; `cargo xtask measure` takes all of them, in a build with
//! optimisation. The environment says how many (`CLOAKROOM_MEASURE_COUNT`), from which seed
//! (`CLOAKROOM_MEASURE_SEED`), and where pictures of what failed go (`CLOAKROOM_MEASURE_OUT`).

#[expect(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a module of a test program"
)]
mod measuring;

use cloakroom_pixels::Detector;
use measuring::{Measured, measure_one};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// Images of a plain test run: each font on each kind of image, about four minutes on two cores. A run of few images fails for identity that is
/// left; what else is aimed at is judged over many, by `cargo xtask measure`.
const IN_EVERY_RUN: u32 = 48;

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn models() -> PathBuf {
    std::env::var_os("CLOAKROOM_MODELS").map_or_else(
        || {
            let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
                || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
                PathBuf::from,
            );
            target.join("models")
        },
        PathBuf::from,
    )
}

#[test]
fn identity_goes_and_the_rest_stays() {
    let detector = match Detector::load(&models()) {
        Ok(detector) => detector,
        Err(error) => {
            println!("skipped: {error}; `cargo xtask models` installs the models");
            return;
        }
    };
    let count = number("CLOAKROOM_MEASURE_COUNT", IN_EVERY_RUN);
    let first = number("CLOAKROOM_MEASURE_FIRST", 0);
    let seed = u64::from(number("CLOAKROOM_MEASURE_SEED", 1));
    let out = std::env::var_os("CLOAKROOM_MEASURE_OUT").map(PathBuf::from);
    let (next, measured) = (AtomicU32::new(first), Mutex::new(Measured::default()));
    let workers = std::thread::available_parallelism().map_or(1, |count| count.get().min(8));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= first + count {
                        return;
                    }
                    let one = measure_one(&detector, seed, index, out.as_deref());
                    println!("{}", one.told());
                    measured.lock().unwrap().add(one);
                }
            });
        }
    });
    let measured = measured.into_inner().unwrap();
    println!("{}", measured.report());
    let mut missed = measured.identity_left();
    if number("CLOAKROOM_MEASURE_GOALS", 0) > 0 {
        missed.extend(measured.missed_goals());
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
