//! Writes the seeds of a target into a folder: `seeds TARGET FOLDER`.

use cloakroom_core::Digest;
use std::io;
use std::path::PathBuf;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(target), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: seeds TARGET FOLDER"));
    };
    let folder = PathBuf::from(folder);
    for seed in cloakroom_fuzz::corpus::seeds(&target.to_string_lossy())? {
        std::fs::write(folder.join(Digest::of(&seed).to_string()), seed)?;
    }
    Ok(())
}
