//! What is done to hostile bytes: one function for every kind of parser of ours.
//!
//! The functions are fed by libFuzzer (`cargo xtask fuzz`), by the mutations of [`mutation`] in the tests, and by
//! single files that are replayed. They fail by panicking: no input may make a parser panic, run away with memory or
//! time, or break a law that each function names.

pub mod corpus;
pub mod mutation;

mod archive;
mod documents;
mod network;
mod object;
mod package;
mod pixels;
mod reading;

pub use archive::archive;
pub use documents::{evidence, track_and_profile};
pub use network::network;
pub use object::object;
pub use package::{index, package};
pub use pixels::pixels;
pub use reading::{p10_read, p10_text};

use cloakroom_p10::Limits;

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 10] = [
    ("p10_read", p10_read),
    ("p10_text", p10_text),
    ("object", object),
    ("pixels", pixels),
    ("archive", archive),
    ("package", package),
    ("index", index),
    ("track_and_profile", track_and_profile),
    ("evidence", evidence),
    ("network", network),
];

/// Limits that a small input meets, so that they are tried too.
const LIMITS: Limits = Limits {
    max_depth: 16,
    max_header_bytes: 1 << 20,
    max_elements: 20_000,
    max_inflated_bytes: 1 << 20,
    max_fragments: 1000,
};

/// Gives each file that is named on the command line to a target.
///
/// # Errors
/// If a file cannot be read.
pub fn replay(target: fn(&[u8])) -> std::io::Result<()> {
    std::env::args_os()
        .skip(1)
        .try_for_each(|file| std::fs::read(file).map(|bytes| target(&bytes)))
}

/// Cuts the input at lines that hold only this mark; what is missing is empty.
fn parts<const N: usize>(bytes: &[u8]) -> [&[u8]; N] {
    const MARK: &[u8] = b"\n%%\n";
    let mut rest = bytes;
    core::array::from_fn(|_| {
        let cut = rest.windows(MARK.len()).position(|window| window == MARK);
        let (part, after) = match cut {
            Some(at) => (&rest[..at], &rest[at + MARK.len()..]),
            None => (rest, &rest[rest.len()..]),
        };
        rest = after;
        part
    })
}
