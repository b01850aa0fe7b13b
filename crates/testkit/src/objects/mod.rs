//! Whole objects: a picture or a text in its IOD. `dciodvfy` has nothing to say against any of them.

pub mod common;
pub mod documents;
pub mod images;
pub mod segmentation;
pub mod ultrasound;
