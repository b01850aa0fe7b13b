//! Fed by libFuzzer under `cargo xtask fuzz`; elsewhere it replays the files that are named.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cloakroom_fuzz::track_and_profile(bytes));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    cloakroom_fuzz::replay(cloakroom_fuzz::track_and_profile)
}
