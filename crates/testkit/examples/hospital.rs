//! Writes a hospital's delivery: `cargo run -p cloakroom-testkit --example hospital -- DIR [tiny|demo] [SEED]`.

use cloakroom_testkit::{Hospital, Size};
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().unwrap_or_else(|| "delivery".to_owned()));
    let size = if arguments.next().as_deref() == Some("demo") {
        Size::Demo
    } else {
        Size::Tiny
    };
    let seed = arguments
        .next()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1);
    let truth = Hospital::write(&dir, size, seed)?;
    let json = truth.to_json().map_err(std::io::Error::other)?;
    std::fs::write(dir.with_extension("truth.json"), json)
}
