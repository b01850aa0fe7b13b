//! The gate: what leaves was read again by other eyes, and searched for everything its patient was called.

pub mod residue;
