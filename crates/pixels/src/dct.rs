//! JPEG as quantised blocks: areas are wiped without decoding to samples, so that nothing else is coded again.
//!
//! A sequential JPEG is read to its quantised coefficients, the blocks of every MCU that a mask touches become
//! black, and the coefficients are written back with Huffman tables of their own. All other coefficients are
//! bit-identical, and the quantisation tables stay as they are.

mod blocks;
mod huffman;
mod inverse;
mod reader;
mod wipe;
mod writer;

pub(crate) use inverse::samples;
pub(crate) use reader::{Slack, mcu_size, read, slack};
pub(crate) use wipe::{wipe_frame, wiped_rect};

#[cfg(test)]
mod tests;
