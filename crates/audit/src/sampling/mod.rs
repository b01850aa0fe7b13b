//! The arithmetic of looking at a sample: how many to look at, which, and what may then be said.

pub mod bound;
pub mod draw;

pub use bound::{
    Recall, Share, finite_sample_size, finite_upper_bound, lower_bound, sample_size, upper_bound,
};
pub use draw::{Drawn, Seed, Stratum, Unit, draw};
