//! Original UIDs: looked up whole, because a patient may have tens of thousands of them.

use std::collections::HashSet;

/// A UID may be the beginning of another only if it is as long as this: shorter ones are roots of organisations.
const SHORTEST_PREFIX: usize = 20;

/// A run of digits and dots that is one of the known UIDs, or begins with one.
pub(crate) fn find(bytes: &[u8], known: &HashSet<Vec<u8>>, found: &mut dyn FnMut(usize, usize)) {
    if known.is_empty() {
        return;
    }
    // The characters of UTF-16 stand two bytes apart, at odd or at even places.
    for (stride, first) in [(1, 0), (2, 0), (2, 1)] {
        find_at(bytes, stride, first, known, found);
    }
}

fn find_at(
    bytes: &[u8],
    stride: usize,
    first: usize,
    known: &HashSet<Vec<u8>>,
    found: &mut dyn FnMut(usize, usize),
) {
    let mut run = Vec::new();
    let mut start = first;
    let mut at = first;
    loop {
        let byte = bytes.get(at).copied();
        match byte {
            Some(byte) if byte.is_ascii_digit() || byte == b'.' => {
                if run.is_empty() {
                    start = at;
                }
                run.push(byte);
            }
            _ => {
                if run.len() >= 6 && is_known(&run, known) {
                    found(start, start + run.len() * stride);
                }
                run.clear();
                if byte.is_none() {
                    return;
                }
            }
        }
        at += stride;
    }
}

fn is_known(run: &[u8], known: &HashSet<Vec<u8>>) -> bool {
    let run = run.trim_ascii_end();
    let run = match run.split_last() {
        Some((b'.', rest)) => rest,
        _ => run,
    };
    if known.contains(run) {
        return true;
    }
    let dots = run.iter().enumerate().filter(|(_, byte)| **byte == b'.');
    dots.map(|(place, _)| &run[..place])
        .any(|prefix| prefix.len() >= SHORTEST_PREFIX && known.contains(prefix))
}
