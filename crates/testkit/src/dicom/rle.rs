//! RLE Lossless (PS3.5 Annex G): an encoder.

/// Encodes one frame. `bytes_per_sample` 1 or 2 (little endian), `samples` interleaved per pixel.
#[must_use]
pub fn encode_frame(
    pixels: &[u8],
    samples: usize,
    bytes_per_sample: usize,
    columns: usize,
) -> Vec<u8> {
    let stride = samples * bytes_per_sample;
    let mut segments = Vec::new();
    for sample in 0..samples {
        for byte in (0..bytes_per_sample).rev() {
            let plane: Vec<u8> = pixels
                .iter()
                .skip(sample * bytes_per_sample + byte)
                .step_by(stride.max(1))
                .copied()
                .collect();
            let mut packed: Vec<u8> = plane.chunks(columns.max(1)).flat_map(pack_row).collect();
            if packed.len() % 2 == 1 {
                packed.push(0);
            }
            segments.push(packed);
        }
    }
    let mut header = [0_u32; 16];
    header[0] = segments.len() as u32;
    let mut offset = 64;
    for (slot, segment) in header.iter_mut().skip(1).zip(&segments) {
        *slot = offset;
        offset += segment.len() as u32;
    }
    let mut out: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    out.extend(segments.into_iter().flatten());
    out
}

/// PackBits of one row; runs do not cross rows.
fn pack_row(row: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut literal = Vec::new();
    let mut index = 0;
    while index < row.len() {
        let run = row[index..]
            .iter()
            .take(128)
            .take_while(|byte| **byte == row[index])
            .count();
        if run >= 3 {
            flush_literal(&mut literal, &mut out);
            out.push((257 - run) as u8);
            out.push(row[index]);
            index += run;
        } else {
            literal.push(row[index]);
            if literal.len() == 128 {
                flush_literal(&mut literal, &mut out);
            }
            index += 1;
        }
    }
    flush_literal(&mut literal, &mut out);
    out
}

fn flush_literal(literal: &mut Vec<u8>, out: &mut Vec<u8>) {
    if !literal.is_empty() {
        out.push((literal.len() - 1) as u8);
        out.append(literal);
    }
}

#[cfg(test)]
mod tests {
    use super::pack_row;

    fn unpack(packed: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut index = 0;
        while index < packed.len() {
            let head = packed[index] as i8;
            if head >= 0 {
                let count = head as usize + 1;
                out.extend_from_slice(&packed[index + 1..index + 1 + count]);
                index += 1 + count;
            } else {
                out.extend(std::iter::repeat_n(
                    packed[index + 1],
                    (1 - i32::from(head)) as usize,
                ));
                index += 2;
            }
        }
        out
    }

    #[test]
    fn rows_unpack_to_what_they_were() {
        let mut random = crate::random::Random::new(3);
        for _ in 0..200 {
            let row: Vec<u8> = (0..random.below(400))
                .map(|_| random.below(3) as u8)
                .collect();
            assert_eq!(unpack(&pack_row(&row)), row);
        }
        assert_eq!(unpack(&pack_row(&[9; 300])), [9; 300]);
    }
}
