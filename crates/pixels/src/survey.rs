//! Every frame decoded once, for checks of a release and to find images that are there twice.

use crate::assess::ImageToAssess;
use crate::decode::{Frame, Frames};
use crate::plane::{Plane, planes};
use cloakroom_core::{Digest, Hasher};

/// What decoding all frames of an image showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PixelSurvey {
    /// Frames that could be decoded.
    pub decoded: u32,
    /// SHA-256 of size and decoded samples of all frames; `None` where not all decode, or all samples are equal.
    pub pixels: Option<Digest>,
    /// Perceptual hashes of key frames that show something.
    pub hashes: Vec<u64>,
    /// The smallest and largest stored value; only of images of one sample a pixel.
    pub range: Option<(i64, i64)>,
}

/// Key frames of a clip or volume: first, last, and three between.
const KEY_FRAMES: u32 = 5;

/// Decodes all frames. What cannot be decoded is counted as such, and is no error.
#[must_use]
pub fn survey(request: &ImageToAssess<'_>) -> PixelSurvey {
    let mut found = PixelSurvey::default();
    let Ok(frames) = Frames::new(request) else {
        return found;
    };
    let count = frames.count();
    let mut hasher = Hasher::new();
    let mut shows_something = false;
    for number in 0..count {
        let Ok(frame) = frames.frame(number) else {
            continue;
        };
        found.decoded += 1;
        hasher.update(&frame.shape.rows.to_be_bytes());
        hasher.update(&frame.shape.columns.to_be_bytes());
        hasher.update(&frame.data);
        shows_something |= !is_flat(&frame);
        widen(&mut found.range, &frame);
        if is_key_frame(number, count)
            && let Some(plane) = planes(&frame, request.image).first()
        {
            found.hashes.extend(perceptual_hash(plane));
        }
    }
    let whole = count > 0 && found.decoded == count && shows_something;
    found.pixels = whole.then(|| hasher.finish());
    found
}

fn is_key_frame(number: u32, count: u32) -> bool {
    let last = u64::from(count.saturating_sub(1));
    let steps = u64::from(KEY_FRAMES - 1);
    (0..=steps).any(|step| step * last / steps == u64::from(number))
}

fn is_flat(frame: &Frame<'_>) -> bool {
    let size = frame.shape.sample_bytes();
    let mut samples = frame.data.chunks_exact(size);
    let first = samples.next();
    samples.all(|sample| Some(sample) == first)
}

fn widen(range: &mut Option<(i64, i64)>, frame: &Frame<'_>) {
    if !frame.shape.colour.is_single() || frame.shape.bits_allocated == 1 {
        return;
    }
    for sample in frame.data.chunks_exact(frame.shape.sample_bytes()) {
        let value = frame.shape.value(frame.shape.word(sample));
        let (low, high) = range.unwrap_or((value, value));
        *range = Some((low.min(value), high.max(value)));
    }
}

/// The side of the small picture that is transformed.
const SMALL: usize = 32;
/// The side of the block of low frequencies that is kept.
const KEPT: usize = 8;

/// 64 signs of low frequencies (discrete cosine transform, against their median): pictures that look alike differ in few.
///
/// `None` where the picture is as good as flat, because all flat pictures look alike.
fn perceptual_hash(plane: &Plane) -> Option<u64> {
    let small = shrunk(plane)?;
    let (low, high) = (small.iter().min()?, small.iter().max()?);
    if high - low < 256 {
        return None;
    }
    let cosines: Vec<f64> = (0..KEPT * SMALL)
        .map(|index| cosine(index / SMALL, index % SMALL))
        .collect();
    let mut rows = [0.0; SMALL * KEPT];
    for y in 0..SMALL {
        for u in 0..KEPT {
            rows[y * KEPT + u] = (0..SMALL)
                .map(|x| f64::from(small[y * SMALL + x]) * cosines[u * SMALL + x])
                .sum();
        }
    }
    let mut low = [0.0; KEPT * KEPT];
    for v in 0..KEPT {
        for u in 0..KEPT {
            low[v * KEPT + u] = (0..SMALL)
                .map(|y| rows[y * KEPT + u] * cosines[v * SMALL + y])
                .sum();
        }
    }
    let mut sorted = low;
    sorted.sort_by(f64::total_cmp);
    let median = f64::midpoint(sorted[KEPT * KEPT / 2 - 1], sorted[KEPT * KEPT / 2]);
    let sign = |hash: u64, value: &f64| hash << 1 | u64::from(*value > median);
    Some(low.iter().fold(0, sign))
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn cosine(frequency: usize, place: usize) -> f64 {
    let angle = core::f64::consts::PI * (place as f64 + 0.5) * frequency as f64 / SMALL as f64;
    angle.cos()
}

/// Means over areas of equal size.
fn shrunk(plane: &Plane) -> Option<Vec<u32>> {
    if plane.columns == 0 || plane.rows == 0 {
        return None;
    }
    let edge = |place: usize, length: usize| {
        let start = place * length / SMALL;
        start..((place + 1) * length / SMALL).max(start + 1)
    };
    let mut small = Vec::with_capacity(SMALL * SMALL);
    for y in 0..SMALL {
        for x in 0..SMALL {
            let (mut sum, mut count) = (0_u64, 0_u64);
            for row in edge(y, plane.rows) {
                let start = row * plane.columns;
                for column in edge(x, plane.columns) {
                    sum += u64::from(*plane.values.get(start + column)?);
                    count += 1;
                }
            }
            small.push(u32::try_from(sum / count.max(1)).unwrap_or(u32::MAX));
        }
    }
    Some(small)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(value: impl Fn(usize, usize) -> u16) -> Plane {
        let (columns, rows) = (200, 160);
        Plane {
            columns,
            rows,
            values: (0..columns * rows)
                .map(|at| value(at % columns, at / columns))
                .collect(),
            is_colour: false,
        }
    }

    fn blob(cx: usize, cy: usize) -> impl Fn(usize, usize) -> u16 {
        move |x, y| {
            let far = x.abs_diff(cx).pow(2) + y.abs_diff(cy).pow(2);
            if far < 900 {
                40_000
            } else {
                2_000 + (x * 50) as u16
            }
        }
    }

    #[test]
    fn pictures_that_look_alike_have_near_hashes_and_others_do_not() {
        let one = perceptual_hash(&plane(blob(60, 70))).unwrap();
        let noisy = |x, y| blob(60, 70)(x, y) + ((x * 31 + y * 17) % 200) as u16;
        let brighter = |x, y| (blob(60, 70)(x, y) / 4) * 5;
        assert!((one ^ perceptual_hash(&plane(noisy)).unwrap()).count_ones() <= 2);
        assert!((one ^ perceptual_hash(&plane(brighter)).unwrap()).count_ones() <= 2);
        let other = perceptual_hash(&plane(blob(150, 30))).unwrap();
        assert!((one ^ other).count_ones() > 8);
        assert_eq!(perceptual_hash(&plane(|_, _| 900)), None);
    }

    #[test]
    fn key_frames_are_first_last_and_three_between() {
        let keys = |count: u32| {
            (0..count)
                .filter(|number| is_key_frame(*number, count))
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(1), [0]);
        assert_eq!(keys(3), [0, 1, 2]);
        assert_eq!(keys(101), [0, 25, 50, 75, 100]);
    }
}
