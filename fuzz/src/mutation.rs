//! Mutations that need no coverage: what disks, networks and careless programs do to files.

use cloakroom_testkit::random::Random;

/// Values that parsers of lengths get wrong.
const EDGES: [&[u8]; 9] = [
    &[0, 0, 0, 0],
    &[0xFF, 0xFF, 0xFF, 0xFF],
    &[0xFE, 0xFF, 0xFF, 0xFF],
    &[0xFF, 0xFF, 0xFF, 0x7F],
    &[0, 0, 0, 0x80],
    &[1, 0, 0, 0],
    &[0xFE, 0xFF, 0, 0xE0],
    &[0xFE, 0xFF, 0x0D, 0xE0],
    &[0xFE, 0xFF, 0xDD, 0xE0],
];

/// A mutant of `file`; `other` lends bytes to it.
#[must_use]
pub fn mutant(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..=random.below(3) {
        change(&mut bytes, other, random);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = place(bytes.len(), random);
    match random.below(8) {
        0 => bytes.truncate(at),
        1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        2 if at < bytes.len() => bytes[at] = random.below(256) as u8,
        3 => {
            let edge = EDGES[random.below(EDGES.len() as u64) as usize];
            let end = bytes.len().min(at + edge.len());
            bytes[at..end].copy_from_slice(&edge[..end - at]);
        }
        4 => {
            let end = bytes.len().min(at + random.below(64) as usize);
            bytes.drain(at..end);
        }
        5 => {
            let end = bytes.len().min(at + random.below(256) as usize);
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        6 => {
            let from = place(other.len(), random);
            let end = other.len().min(from + random.below(512) as usize);
            bytes.splice(at..at, other[from..end].iter().copied());
        }
        _ => {
            let zeros = random.below(32) as usize;
            bytes.splice(at..at, std::iter::repeat_n(0, zeros));
        }
    }
}

/// Half of the places lie in the first kilobyte, where headers are.
fn place(len: usize, random: &mut Random) -> usize {
    let bound = if random.below(2) == 0 {
        len.min(1024)
    } else {
        len
    };
    random.below(bound as u64 + 1) as usize
}
