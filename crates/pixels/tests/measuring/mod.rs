//! One image of the labelled set through assessment and mask, and the sums over many.

mod one;
mod sums;

pub use one::measure_one;
pub use sums::Measured;
