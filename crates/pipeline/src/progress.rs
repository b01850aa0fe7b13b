//! How far long work has come; the caller draws it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Hears of progress. Called from many threads.
pub trait Progress: Sync {
    /// A phase begins, with so many items and bytes to come where that is known.
    fn begin(&self, phase: &str, items: Option<u64>, bytes: Option<u64>);
    /// Some items and bytes are done.
    fn advance(&self, items: u64, bytes: u64);
    /// The phase is over.
    fn finish(&self);
}

/// Draws nothing.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: Option<u64>, _: Option<u64>) {}
    fn advance(&self, _: u64, _: u64) {}
    fn finish(&self) {}
}

/// Counts, for tests and reports.
#[derive(Default)]
pub struct Counter {
    items: AtomicU64,
    bytes: AtomicU64,
}

impl Counter {
    /// Items and bytes so far.
    pub fn seen(&self) -> (u64, u64) {
        (
            self.items.load(Ordering::Relaxed),
            self.bytes.load(Ordering::Relaxed),
        )
    }
}

impl Progress for Counter {
    fn begin(&self, _: &str, _: Option<u64>, _: Option<u64>) {}

    fn advance(&self, items: u64, bytes: u64) {
        self.items.fetch_add(items, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn finish(&self) {}
}
