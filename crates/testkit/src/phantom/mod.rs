//! Anatomy that nobody has: shapes, gradients and noise in proportions that compressors and detectors
//! meet on real images. Only `+ - * / sqrt` are used, which every machine computes alike.

pub mod brain;
pub mod breast;
pub mod canvas;
pub mod chest;
pub mod font;
pub mod head;
pub mod screen;
pub mod thorax;
pub mod ultrasound;

pub use canvas::{Canvas, Ellipse};
