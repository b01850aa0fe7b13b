//! Writes every hiding place as a file: `cargo run -p cloakroom-testkit --example hiding -- DIR [SEED]`.

use cloakroom_testkit::hiding;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().unwrap_or_else(|| "hiding".to_owned()));
    let seed = arguments
        .next()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1);
    std::fs::create_dir_all(&dir)?;
    for place in hiding::all(seed) {
        std::fs::write(dir.join(format!("{}.dcm", place.name)), &place.bytes)?;
    }
    Ok(())
}
