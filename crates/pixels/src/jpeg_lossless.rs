//! JPEG lossless, first-order prediction (ITU-T T.81 annex H, process 14, selection value 1): the writer.

use crate::shape::{Colour, FrameShape};

/// Lengths of the codes, from the category that is most frequent to the one that is least. They leave codes unused, so
/// that none consists of ones alone (T.81 annex C).
const LENGTHS: [u8; CATEGORIES] = [2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
/// Differences of no bit to sixteen bits.
const CATEGORIES: usize = 17;

/// Codes a frame of interleaved little-endian samples. `None` if its description does not fit the format.
pub(crate) fn encode(data: &[u8], shape: &FrameShape) -> Option<Vec<u8>> {
    let (rows, columns) = (
        u16::try_from(shape.rows).ok()?,
        u16::try_from(shape.columns).ok()?,
    );
    let components = usize::from(shape.samples);
    if shape.planar || shape.halved_colour || shape.big_endian || !matches!(components, 1 | 3) {
        return None;
    }
    let size = shape.sample_bytes();
    if size > 2 || data.len() != shape.frame_samples() * size {
        return None;
    }
    let samples: Vec<u16> = data
        .chunks_exact(size)
        .map(|sample| u16::try_from(shape.word(sample)).unwrap_or(u16::MAX))
        .collect();
    let most = samples.iter().max().copied().unwrap_or(0);
    let needed = u16::BITS - most.leading_zeros();
    let precision = needed.max(u32::from(shape.bits_stored)).max(2);
    let differences = differences(&samples, usize::from(columns), components, precision);
    let order = by_frequency(&differences);
    let mut out = vec![0xFF, 0xD8];
    // Readers that go by the names of components take 1, 2, 3 for light and differences.
    let names = if shape.colour == Colour::Rgb {
        *b"RGB"
    } else {
        [1, 2, 3]
    };
    let component = |index: usize| names[index];
    let mut frame = vec![u8::try_from(precision).ok()?];
    frame.extend(rows.to_be_bytes());
    frame.extend(columns.to_be_bytes());
    frame.push(u8::try_from(components).ok()?);
    frame.extend((0..components).flat_map(|index| [component(index), 0x11, 0]));
    push_segment(&mut out, 0xC3, &frame);
    let mut table = vec![0];
    table.extend((1..=16).map(|length| {
        let count = LENGTHS.iter().filter(|listed| **listed == length).count();
        u8::try_from(count).unwrap_or(0)
    }));
    table.extend(order);
    push_segment(&mut out, 0xC4, &table);
    let mut scan = vec![u8::try_from(components).ok()?];
    scan.extend((0..components).flat_map(|index| [component(index), 0]));
    // Selection value 1, and no point transform.
    scan.extend([1, 0, 0]);
    push_segment(&mut out, 0xDA, &scan);
    push_coded(&mut out, &differences, &codes(order));
    out.extend([0xFF, 0xD9]);
    Some(out)
}

fn push_segment(out: &mut Vec<u8>, marker: u8, content: &[u8]) {
    let len = u16::try_from(content.len() + 2).unwrap_or(u16::MAX);
    out.extend([0xFF, marker]);
    out.extend(len.to_be_bytes());
    out.extend(content);
}

/// Each sample less the one before it; at the beginning of a row, less the one above; modulo 65,536.
fn differences(samples: &[u16], columns: usize, components: usize, precision: u32) -> Vec<u16> {
    let first = 1_u16 << (precision - 1);
    let row = columns * components;
    samples
        .iter()
        .enumerate()
        .map(|(index, sample)| {
            let predicted = if index % row >= components {
                samples[index - components]
            } else if index >= row {
                samples[index - row]
            } else {
                first
            };
            sample.wrapping_sub(predicted)
        })
        .collect()
}

/// How many bits tell a difference apart from others of its category, and those bits (T.81 table H.2).
fn category(difference: u16) -> (u8, u32) {
    let signed = i32::from(difference.cast_signed());
    if difference == 0x8000 {
        return (16, 0);
    }
    let bits = u32::BITS - signed.unsigned_abs().leading_zeros();
    let value = if signed < 0 { signed - 1 } else { signed };
    let bits = u8::try_from(bits).unwrap_or(16);
    (bits, value.cast_unsigned() & ((1 << bits) - 1))
}

fn by_frequency(differences: &[u16]) -> [u8; CATEGORIES] {
    let mut counts = [0_u64; CATEGORIES];
    for difference in differences {
        counts[usize::from(category(*difference).0)] += 1;
    }
    let mut order = [0; CATEGORIES];
    (0_u8..)
        .zip(&mut order)
        .for_each(|(index, place)| *place = index);
    order.sort_by_key(|index| std::cmp::Reverse(counts[usize::from(*index)]));
    order
}

/// The code of each category and its length.
fn codes(order: [u8; CATEGORIES]) -> [(u32, u8); CATEGORIES] {
    let mut codes = [(0, 0); CATEGORIES];
    let (mut code, mut last) = (0_u32, LENGTHS[0]);
    for (category, length) in order.into_iter().zip(LENGTHS) {
        code <<= length - last;
        last = length;
        codes[usize::from(category)] = (code, length);
        code += 1;
    }
    codes
}

fn push_coded(out: &mut Vec<u8>, differences: &[u16], codes: &[(u32, u8); CATEGORIES]) {
    let (mut bits, mut held) = (0_u64, 0_u32);
    let mut push = |value: u32, length: u8, out: &mut Vec<u8>| {
        bits = bits << length | u64::from(value);
        held += u32::from(length);
        while held >= 8 {
            held -= 8;
            let byte = (bits >> held).to_le_bytes()[0];
            out.push(byte);
            if byte == 0xFF {
                out.push(0);
            }
        }
    };
    for difference in differences {
        let (category, rest) = category(*difference);
        let (code, length) = codes[usize::from(category)];
        push(code, length, out);
        if category < 16 {
            push(rest, category, out);
        }
    }
    // What is left of the last byte is filled with ones; seven are enough for any rest.
    push(0x7F, 7, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shape(rows: u32, columns: u32, samples: u16, bits: u16) -> FrameShape {
        FrameShape {
            rows,
            columns,
            samples,
            bits_allocated: if bits > 8 { 16 } else { 8 },
            bits_stored: bits,
            high_bit: bits - 1,
            signed: false,
            planar: false,
            big_endian: false,
            colour: if samples == 1 {
                Colour::Monochrome2
            } else {
                Colour::Rgb
            },
            halved_colour: false,
        }
    }

    fn decoded(coded: &[u8], shape: &FrameShape) -> Vec<u8> {
        crate::decode::jpeg(coded, shape).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn another_reader_reads_what_was_written(
            (rows, columns) in (1_u32..9, 1_u32..9),
            samples in prop::sample::select(vec![1_u16, 3]),
            bits in prop::sample::select(vec![8_u16, 10, 12, 16]),
            seed in prop::collection::vec(any::<u16>(), 192),
        ) {
            let shape = shape(rows, columns, samples, bits);
            let count = shape.frame_samples();
            let most = u16::MAX >> (16 - bits);
            let data: Vec<u8> = seed.iter().take(count).flat_map(|value| {
                (value & most).to_le_bytes().into_iter().take(shape.sample_bytes())
            }).collect();
            let coded = encode(&data, &shape).unwrap();
            prop_assert_eq!(decoded(&coded, &shape), data);
        }
    }

    #[test]
    fn a_smooth_picture_becomes_smaller() {
        let shape = shape(64, 64, 1, 12);
        let data: Vec<u8> = (0..64 * 64_u16)
            .flat_map(|index| (1000 + index % 64 + index / 640).to_le_bytes())
            .collect();
        let coded = encode(&data, &shape).unwrap();
        assert!(3 * coded.len() < data.len(), "{}", coded.len());
        assert_eq!(decoded(&coded, &shape), data);
    }
}
