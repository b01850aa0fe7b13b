//! What a peer may send over the network.

use cloakroom_receive::fuzzing::{pdus, presentation_data};

/// Reads PDUs, and the same bytes as the content of one.
pub fn network(bytes: &[u8]) {
    let _ = (pdus(bytes), presentation_data(bytes));
}
