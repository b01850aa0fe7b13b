//! Sums over many labelled images, and the goals.

use super::one::{ImageOutcome, TextOutcome};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

/// An identity's box counts as gone when this part of it is wiped.
const COVERED: f64 = 0.98;
/// A marker or a measurement counts as kept while no more than this part of it is wiped.
const KEPT: f64 = 0.1;

/// A count of a whole.
#[derive(Default, Clone, Copy)]
struct Share {
    of: u64,
    count: u64,
}

impl Share {
    fn add(&mut self, counts: bool) {
        self.of += 1;
        self.count += u64::from(counts);
    }

    fn percent(self) -> f64 {
        if self.of == 0 {
            100.0
        } else {
            100.0 * self.count as f64 / self.of as f64
        }
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} ({:.2} %)", self.count, self.of, self.percent())
    }
}

/// Everything measured.
#[derive(Default)]
pub struct Measured {
    images: u64,
    /// Identity boxes of cleared images that are gone.
    boxes: Share,
    boxes_by_kind: BTreeMap<&'static str, Share>,
    /// Cleared images with identity in which every box is gone and none is read.
    whole_images: Share,
    readable: Share,
    clean_held: Share,
    dirty_held: Share,
    markers: Share,
    measurements: Share,
    pixels: u64,
    wrongly_wiped: u64,
    held_for: BTreeMap<String, u64>,
    times: BTreeMap<&'static str, (u32, Duration, Duration)>,
}

impl Measured {
    /// Counts one image in.
    pub fn add(&mut self, one: ImageOutcome) {
        self.images += 1;
        let time = self.times.entry(one.kind).or_default();
        *time = (time.0 + 1, time.1 + one.took.0, time.2 + one.took.1);
        let held = one.held.is_some();
        if one.clean {
            self.clean_held.add(held)
        } else {
            self.dirty_held.add(held)
        }
        if let Some(reason) = one.held {
            Self::remark(&format!(
                "{}: held: {reason}{}",
                one.name,
                if one.clean { " (clean)" } else { "" }
            ));
            *self.held_for.entry(reason).or_default() += 1;
            return;
        }
        self.pixels += one.pixels;
        self.wrongly_wiped += one.wrongly_wiped;
        if 50 * one.wrongly_wiped > one.pixels {
            let percent = 100 * one.wrongly_wiped / one.pixels;
            Self::remark(&format!(
                "{}: {percent} % of the image wiped wrongly",
                one.name
            ));
        }
        let mut all_gone = true;
        for text in &one.texts {
            all_gone &= self.add_text(&one.name, one.kind, text);
        }
        if !one.clean {
            self.whole_images.add(all_gone);
        }
    }

    /// Counts one text in; false if it is an identity that is still there.
    fn add_text(&mut self, name: &str, kind: &'static str, outcome: &TextOutcome) -> bool {
        let text = &outcome.text;
        let told = format!(
            "{name}: {:?} {:?} of {} px, contrast {}{}, from frame {}, at {},{} {}x{}: {:.0} % wiped",
            text.role,
            text.text,
            text.height,
            text.contrast,
            if text.turned { ", turned" } else { "" },
            text.first_frame,
            text.area.x,
            text.area.y,
            text.area.width,
            text.area.height,
            100.0 * outcome.covered
        );
        if text.role.identifies() {
            let gone = outcome.covered >= COVERED;
            self.boxes.add(gone);
            self.boxes_by_kind.entry(kind).or_default().add(gone);
            self.readable.add(outcome.readable);
            if !gone || outcome.readable {
                let read = if outcome.readable { ", READ" } else { "" };
                Self::remark(&format!("MISSED {told}{read}"));
            }
            return gone && !outcome.readable;
        }
        let kept = outcome.covered <= KEPT;
        match text.role {
            cloakroom_testkit::labelled::Role::Marker => self.markers.add(kept),
            _ => self.measurements.add(kept),
        }
        if !kept {
            Self::remark(&format!("wiped {told}"));
        }
        true
    }

    /// Told at once: a run of the whole set takes an hour.
    fn remark(text: &str) {
        println!("{text}");
    }

    /// What was measured, in lines.
    pub fn report(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "\n{} images", self.images);
        let _ = writeln!(
            out,
            "identity boxes gone, in cleared images: {}",
            self.boxes
        );
        for (kind, share) in &self.boxes_by_kind {
            let _ = writeln!(out, "  {kind}: {share}");
        }
        let _ = writeln!(
            out,
            "cleared images with every identity box gone and unread: {}",
            self.whole_images
        );
        let _ = writeln!(out, "identity boxes still read: {}", self.readable);
        let _ = writeln!(out, "clean images held: {}", self.clean_held);
        let _ = writeln!(out, "images with identity held: {}", self.dirty_held);
        let _ = writeln!(out, "markers kept: {}", self.markers);
        let _ = writeln!(out, "measurements kept: {}", self.measurements);
        let wrong = 100.0 * self.wrongly_wiped as f64 / self.pixels.max(1) as f64;
        let _ = writeln!(out, "area wiped wrongly: {wrong:.3} %");
        for (reason, count) in &self.held_for {
            let _ = writeln!(out, "held, {reason}: {count}");
        }
        for (kind, (count, decided, masked)) in &self.times {
            let of = |sum: &Duration| sum.as_millis() / u128::from(*count);
            let _ = writeln!(
                out,
                "{kind}: {} ms to decide, {} ms to mask and look again",
                of(decided),
                of(masked)
            );
        }
        out
    }

    /// Identity that is still there in images that were cleared.
    pub fn identity_left(&self) -> Vec<String> {
        let mut left = Vec::new();
        if self.boxes.count < self.boxes.of {
            left.push(format!("identity boxes gone: {}", self.boxes));
        }
        if self.readable.count > 0 {
            left.push(format!("identity boxes still read: {}", self.readable));
        }
        left
    }

    /// The other goals that were not met.
    pub fn missed_goals(&self) -> Vec<String> {
        let mut missed = Vec::new();
        if 100 * self.clean_held.count > self.clean_held.of {
            missed.push(format!("clean images held: {}", self.clean_held));
        }
        if self.markers.percent() < 95.0 {
            missed.push(format!("markers kept: {}", self.markers));
        }
        missed
    }
}
