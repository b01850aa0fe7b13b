//! RLE Lossless (PS3.5 annex G): byte planes, most significant first, each coded as PackBits.

use crate::shape::FrameShape;

const HEADER: usize = 64;

/// Decodes a frame to interleaved little-endian samples. `None` if a plane is missing or too short.
pub(crate) fn decode(frame: &[u8], shape: &FrameShape) -> Option<Vec<u8>> {
    let size = shape.sample_bytes();
    let samples = usize::from(shape.samples);
    let pixels = shape.rows as usize * shape.columns as usize;
    let count = long(frame, 0)?;
    if count != size * samples || count > 15 {
        return None;
    }
    let mut data = vec![0; pixels * size * samples];
    for plane in 0..count {
        let start = long(frame, 4 + 4 * plane)?;
        let end = if plane + 1 < count {
            long(frame, 8 + 4 * plane)?
        } else {
            frame.len()
        };
        let (sample, byte) = (plane / size, size - 1 - plane % size);
        let targets = data
            .iter_mut()
            .skip(sample * size + byte)
            .step_by(size * samples);
        unpack(frame.get(start..end)?, targets, pixels)?;
    }
    Some(data)
}

fn unpack<'a>(
    coded: &[u8],
    mut targets: impl Iterator<Item = &'a mut u8>,
    pixels: usize,
) -> Option<()> {
    let (mut at, mut left) = (0, pixels);
    while left > 0 {
        let control = usize::from(*coded.get(at)?);
        at += 1;
        match control {
            0..=127 => {
                let run = (control + 1).min(left);
                for byte in coded.get(at..at + run)? {
                    *targets.next()? = *byte;
                }
                at += control + 1;
                left -= run;
            }
            128 => {}
            _ => {
                let run = (257 - control).min(left);
                let byte = *coded.get(at)?;
                at += 1;
                for _ in 0..run {
                    *targets.next()? = byte;
                }
                left -= run;
            }
        }
    }
    Some(())
}

/// Codes interleaved little-endian samples. `None` if there would be more than 15 planes or an offset too large.
pub(crate) fn encode(data: &[u8], shape: &FrameShape) -> Option<Vec<u8>> {
    let size = shape.sample_bytes();
    let samples = usize::from(shape.samples);
    let count = size * samples;
    if count > 15 {
        return None;
    }
    let mut frame = vec![0; HEADER];
    frame[..4].copy_from_slice(&u32::try_from(count).ok()?.to_le_bytes());
    for plane in 0..count {
        let start = u32::try_from(frame.len()).ok()?;
        frame[4 + 4 * plane..8 + 4 * plane].copy_from_slice(&start.to_le_bytes());
        let (sample, byte) = (plane / size, size - 1 - plane % size);
        let bytes: Vec<u8> = data
            .iter()
            .skip(sample * size + byte)
            .step_by(count)
            .copied()
            .collect();
        // A run may not cross the end of a row (PS3.5 section G.3.1).
        bytes
            .chunks(shape.columns as usize)
            .for_each(|row| pack(row, &mut frame));
        if frame.len() % 2 == 1 {
            frame.push(0);
        }
    }
    Some(frame)
}

fn pack(row: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < row.len() {
        let run = run_length(&row[at..]);
        if run >= 2 {
            out.push(u8::try_from(257 - run).unwrap_or(0xFF));
            out.push(row[at]);
            at += run;
            continue;
        }
        let mut end = at + 1;
        while end < row.len() && end - at < 128 && run_length(&row[end..]) < 3 {
            end += 1;
        }
        out.push(u8::try_from(end - at - 1).unwrap_or(0));
        out.extend_from_slice(&row[at..end]);
        at = end;
    }
}

/// How often the first byte repeats, up to 128.
fn run_length(row: &[u8]) -> usize {
    row.iter()
        .take(128)
        .take_while(|byte| **byte == row[0])
        .count()
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(four)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PixelLimits;
    use cloakroom_core::ImageDescription;
    use proptest::prelude::*;

    fn shape(samples: u16, bits: u16) -> FrameShape {
        let image = ImageDescription {
            rows: 5,
            columns: 300,
            frames: 1,
            samples,
            bits_allocated: bits,
            bits_stored: bits,
            high_bit: bits - 1,
            photometric: if samples == 3 { "RGB" } else { "MONOCHROME2" }.into(),
            ..ImageDescription::default()
        };
        FrameShape::of(&image, &PixelLimits::default()).unwrap()
    }

    proptest! {
        #[test]
        fn decodes_what_it_codes(
            kind in prop::sample::select(vec![(1, 8), (1, 16), (1, 32), (3, 8), (3, 16)]),
            spread in 1_usize..40,
            seed in 0_usize..1000,
        ) {
            let shape = shape(kind.0, kind.1);
            let data: Vec<u8> = (0..shape.frame_bytes())
                .map(|index| ((index / spread) * 31 + seed * usize::from(index % 97 == 0)) as u8)
                .collect();
            let coded = encode(&data, &shape).unwrap();
            prop_assert_eq!(coded.len() % 2, 0);
            prop_assert_eq!(decode(&coded, &shape), Some(data));
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&bytes, &shape(1, 16));
        }
    }
}
