//! Bounds on what one object may cost.

/// How far to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extent {
    /// Up to the top-level pixel value (7FE0,0008), (7FE0,0009) or (7FE0,0010), and nothing after it.
    Header,
    /// Everything but the pixel value itself.
    Whole,
}

/// Bounds on what one object may cost. What exceeds them is quarantined, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sequences that may enclose one another.
    pub max_depth: usize,
    /// Bytes of the object other than the top-level pixel value.
    pub max_header_bytes: u64,
    /// Data elements and Items, at all depths.
    pub max_elements: usize,
    /// Bytes that a deflated data set may inflate to, pixels included.
    pub max_inflated_bytes: u64,
    /// Fragments of encapsulated pixel data.
    pub max_fragments: usize,
}

impl Default for Limits {
    /// Depth 64, 128 MiB of header, two million elements, 256 MiB inflated, one million fragments.
    fn default() -> Self {
        Self {
            max_depth: 64,
            max_header_bytes: 128 << 20,
            max_elements: 2_000_000,
            max_inflated_bytes: 256 << 20,
            max_fragments: 1_000_000,
        }
    }
}
