//! Coefficients to entropy-coded data (ISO/IEC 10918-1 annex F.1).

use super::blocks::{Blocks, Scan};
use super::huffman::Encoder;
use crate::scrub::jpeg::{Family, segments};

/// Writes the frame again with other coefficients: every segment but the Huffman tables stays as it is, and each
/// scan gets the best tables for what it holds. `None` if the original cannot be walked.
pub(super) fn write(frame: &[u8], blocks: &Blocks) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(frame.len());
    let mut scans = blocks.scans.iter();
    for segment in segments(frame, Family::Jpeg)? {
        match segment.marker {
            0xC4 => {}
            0xDA => {
                let scan = scans.next()?;
                let tables = Tables::new(blocks, scan);
                tables.list(&mut out)?;
                out.extend_from_slice(frame.get(segment.start..segment.end)?);
                write_scan(blocks, scan, &tables, &mut out);
            }
            _ => out.extend_from_slice(frame.get(segment.start..segment.end)?),
        }
    }
    Some(out)
}

/// The tables of one scan by class and identifier.
struct Tables([[Option<Encoder>; 4]; 2]);

impl Tables {
    fn new(blocks: &Blocks, scan: &Scan) -> Self {
        let mut counts = [[[0_u32; 256]; 4]; 2];
        for_each_block(blocks, scan, |step| {
            if let Step::Block {
                block,
                difference,
                dc,
                ac,
            } = step
            {
                counts[0][dc][length(difference) as usize] += 1;
                for_each_ac(block, |symbol, _, _| {
                    counts[1][ac][usize::from(symbol)] += 1
                });
            }
        });
        let made = counts.map(|class| {
            class.map(|counts| {
                counts
                    .iter()
                    .any(|count| *count > 0)
                    .then(|| Encoder::new(&counts))
            })
        });
        Self(made)
    }

    fn list(&self, out: &mut Vec<u8>) -> Option<()> {
        for (class, tables) in (0_u8..).zip(&self.0) {
            for (id, table) in (0_u8..).zip(tables) {
                let Some(table) = table else { continue };
                let listed = table.listed();
                out.extend([0xFF, 0xC4]);
                out.extend(u16::try_from(listed.len() + 3).ok()?.to_be_bytes());
                out.push(class << 4 | id);
                out.extend(listed);
            }
        }
        Some(())
    }

    fn code(&self, class: usize, id: usize, symbol: u8) -> (u32, u32) {
        self.0[class][id]
            .as_ref()
            .map_or((0, 0), |table| table.code(symbol))
    }
}

/// What a scan is made of.
enum Step<'a> {
    Restart(u8),
    Block {
        block: &'a [i16; 64],
        difference: i32,
        dc: usize,
        ac: usize,
    },
}

fn for_each_block(blocks: &Blocks, scan: &Scan, mut step: impl FnMut(Step<'_>)) {
    let mut places = Vec::new();
    let mut predictions = [0_i32; 4];
    for mcu in 0..blocks.scan_mcus(scan) {
        if scan.interval > 0 && mcu > 0 && mcu % scan.interval == 0 {
            predictions = [0; 4];
            let count = (mcu / scan.interval - 1) % 8;
            step(Step::Restart(0xD0 + u8::try_from(count).unwrap_or(0)));
        }
        blocks.mcu_blocks(scan, mcu, &mut places);
        for (part, place) in &places {
            let (index, dc, ac) = scan.parts[*part];
            let block = &blocks.components[index].blocks[*place];
            let difference = i32::from(block[0]) - predictions[index];
            predictions[index] = i32::from(block[0]);
            step(Step::Block {
                block,
                difference,
                dc: dc & 3,
                ac: ac & 3,
            });
        }
    }
}

/// Bits of a value without its sign.
fn length(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

/// Each symbol of the coefficients after the first, with the value that follows it and its length.
fn for_each_ac(block: &[i16; 64], mut emit: impl FnMut(u8, i32, u32)) {
    let mut run = 0_u8;
    for value in &block[1..] {
        if *value == 0 {
            run += 1;
            continue;
        }
        while run > 15 {
            emit(0xF0, 0, 0);
            run -= 16;
        }
        let len = length(i32::from(*value));
        emit(
            run << 4 | u8::try_from(len).unwrap_or(0),
            i32::from(*value),
            len,
        );
        run = 0;
    }
    if run > 0 {
        emit(0, 0, 0);
    }
}

struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    window: u64,
    filled: u32,
}

impl BitWriter<'_> {
    fn put(&mut self, bits: u32, len: u32) {
        self.window = self.window << len | u64::from(bits) & ((1 << len) - 1);
        self.filled += len;
        while self.filled >= 8 {
            self.filled -= 8;
            #[expect(clippy::cast_possible_truncation, reason = "the low byte is meant")]
            let byte = (self.window >> self.filled) as u8;
            self.out.push(byte);
            if byte == 0xFF {
                self.out.push(0);
            }
        }
    }

    /// A value after its length: negative ones as the complement of their size.
    fn value(&mut self, value: i32, len: u32) {
        let bits = if value < 0 { value - 1 } else { value };
        #[expect(clippy::cast_sign_loss, reason = "the low bits are meant")]
        self.put(bits as u32, len);
    }

    /// Ones up to the next whole byte.
    fn align(&mut self) {
        let rest = (8 - self.filled % 8) % 8;
        self.put((1 << rest) - 1, rest);
    }
}

fn write_scan(blocks: &Blocks, scan: &Scan, tables: &Tables, out: &mut Vec<u8>) {
    let mut bits = BitWriter {
        out,
        window: 0,
        filled: 0,
    };
    for_each_block(blocks, scan, |step| match step {
        Step::Restart(marker) => {
            bits.align();
            bits.out.extend([0xFF, marker]);
        }
        Step::Block {
            block,
            difference,
            dc,
            ac,
        } => {
            let len = length(difference);
            let (code, code_len) = tables.code(0, dc, u8::try_from(len).unwrap_or(0));
            bits.put(code, code_len);
            bits.value(difference, len);
            for_each_ac(block, |symbol, value, len| {
                let (code, code_len) = tables.code(1, ac, symbol);
                bits.put(code, code_len);
                bits.value(value, len);
            });
        }
    });
    bits.align();
}
