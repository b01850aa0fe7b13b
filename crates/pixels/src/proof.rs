//! Old and new samples side by side: inside the area everything is the fill, outside nothing changed.

use crate::fill::FillWords;
use crate::masked::{Proof, ProofUnit};
use crate::shape::FrameShape;
use crate::spans::{Bitmap, spans};
use crate::value::KeptBits;
use cloakroom_core::Rect;

impl Proof {
    /// A proof that has counted nothing yet.
    pub(crate) const fn none(unit: ProofUnit) -> Self {
        Self {
            unit,
            equal: 0,
            wiped: 0,
        }
    }

    /// Counts one frame in. `None` if a sample outside changed or one inside is not the fill.
    pub(crate) fn compare(
        &mut self,
        shape: &FrameShape,
        (old, new): (&[u8], &[u8]),
        rects: &[Rect],
        fill: &FillWords,
        kept: Option<KeptBits>,
    ) -> Option<()> {
        let bitmap = Bitmap::new(rects, shape.columns, shape.rows);
        let size = shape.sample_bytes();
        if old.len() != new.len() || old.len() != shape.frame_samples() * size {
            return None;
        }
        let wiped: Vec<Vec<u8>> = (0..3)
            .map(|sample| wiped_sample(shape, fill, sample))
            .collect();
        let mask = kept.map_or([0xFF; 4], |kept| kept.mask);
        for (index, (old, new)) in old
            .chunks_exact(size)
            .zip(new.chunks_exact(size))
            .enumerate()
        {
            let (x, y, sample) = place(shape, index);
            if bitmap.contains(x, y) {
                self.wiped += 1;
                if new != wiped[sample] {
                    return None;
                }
            } else {
                self.equal += 1;
                if old
                    .iter()
                    .zip(new)
                    .zip(mask)
                    .any(|((old, new), mask)| old & mask != *new)
                {
                    return None;
                }
            }
        }
        Some(())
    }
}

/// Wipes areas of a frame in memory.
pub(crate) fn wipe(shape: &FrameShape, data: &mut [u8], rects: &[Rect], fill: &FillWords) {
    for span in spans(shape, rects) {
        if let Some(run) = data.get_mut(span.start..span.start + span.len) {
            run.copy_from_slice(&fill.bytes(shape, span.plane, span.len));
        }
    }
}

fn wiped_sample(shape: &FrameShape, fill: &FillWords, sample: usize) -> Vec<u8> {
    let size = shape.sample_bytes();
    if shape.planar {
        return fill.bytes(shape, sample.min(usize::from(shape.samples) - 1), size);
    }
    let sample = if shape.halved_colour && sample > 0 {
        sample + 1
    } else {
        sample
    };
    fill.bytes(shape, 0, (sample + 1) * size)
        .split_off(sample * size)
}

/// The column and row of the pixel that a sample belongs to, and which of its samples it is.
fn place(shape: &FrameShape, index: usize) -> (usize, usize, usize) {
    let columns = shape.columns as usize;
    let plane = columns * shape.rows as usize;
    let (pixel, sample) = if shape.planar {
        (index % plane, index / plane)
    } else if shape.halved_colour {
        let second = usize::from(index % 4 == 1);
        (index / 4 * 2 + second, [0, 0, 1, 2][index % 4])
    } else {
        (
            index / usize::from(shape.samples),
            index % usize::from(shape.samples),
        )
    };
    (pixel % columns, pixel / columns, sample)
}
