//! Entropy-coded data to coefficients (ISO/IEC 10918-1 annex F.2).

use super::blocks::{Blocks, Scan};
use super::huffman::Decoder;
use crate::encapsulated::Part;
use crate::scrub::Kept;
use crate::scrub::jpeg::{Family, Segment, frame_header, segments};

/// Bits of one restart interval.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    end: usize,
    window: u64,
    filled: u32,
    /// Bits that were made up past the end.
    missing: u32,
}

impl<'a> Bits<'a> {
    fn new(data: &'a [u8], at: usize, end: usize) -> Self {
        Self {
            data,
            at,
            end,
            window: 0,
            filled: 0,
            missing: 0,
        }
    }

    fn fill(&mut self) {
        while self.filled <= 32 {
            let byte = if self.at < self.end {
                let byte = self.data[self.at];
                // A zero byte is stuffed after every 0xFF.
                self.at += if byte == 0xFF { 2 } else { 1 };
                byte
            } else {
                self.missing += 8;
                0xFF
            };
            self.window |= u64::from(byte) << (56 - self.filled);
            self.filled += 8;
        }
    }

    fn symbol(&mut self, table: &Decoder) -> Option<u8> {
        self.fill();
        let (len, symbol) = table.look_up((self.window >> 48) as u32)?;
        self.skip(len);
        Some(symbol)
    }

    fn skip(&mut self, len: u32) {
        self.window <<= len;
        self.filled -= len;
    }

    /// The value of a coefficient of so many bits.
    fn value(&mut self, len: u32) -> i32 {
        if len == 0 {
            return 0;
        }
        self.fill();
        let bits = (self.window >> (64 - len)) as i32;
        self.skip(len);
        if bits < 1 << (len - 1) {
            bits - (1 << len) + 1
        } else {
            bits
        }
    }

    /// Where the coded bits end, if none were made up: after the byte that holds the last one.
    fn end_of_data(&self) -> Option<usize> {
        let unread = self.filled.checked_sub(self.missing)?;
        let mut at = self.at.min(self.end);
        for _ in 0..unread / 8 {
            at -= if at >= 2 && self.data[at - 1] == 0 && self.data[at - 2] == 0xFF {
                2
            } else {
                1
            };
        }
        Some(at)
    }
}

type Tables = [[Option<Decoder>; 4]; 2];

/// Reads a sequential JPEG of 8 or 12 bits. `None` if it is of another kind or broken.
pub(crate) fn read(frame: &[u8]) -> Option<Blocks> {
    read_with(frame, &mut |_, _| {})
}

/// Pixels of an MCU of a sequential JPEG, across and down.
pub(crate) fn mcu_size(frame: &[u8]) -> Option<(usize, usize)> {
    let listed = segments(frame, Family::Jpeg)?;
    let header = frame_header(frame, &listed)?;
    if !matches!(header.marker, 0xC0 | 0xC1) {
        return None;
    }
    let across = header
        .components
        .iter()
        .map(|component| component[1] >> 4)
        .max()?;
    let down = header
        .components
        .iter()
        .map(|component| component[1] & 15)
        .max()?;
    (across > 0 && down > 0).then_some((8 * usize::from(across), 8 * usize::from(down)))
}

/// What the entropy-coded data hold besides the image.
pub(crate) enum Slack {
    /// Nothing.
    None,
    /// What stays once it is gone.
    Some(Vec<Part>),
    /// It is not a sequential JPEG, so that nothing is known of its entropy-coded data.
    Unknown,
}

/// Looks for bytes between the last block of each restart interval and the marker that follows. `None` if the data
/// do not decode.
pub(crate) fn slack(frame: &[u8]) -> Option<Slack> {
    let listed = segments(frame, Family::Jpeg)?;
    let header = frame_header(frame, &listed)?;
    if !matches!(header.marker, 0xC0 | 0xC1) {
        return Some(Slack::Unknown);
    }
    let mut kept = Kept::default();
    let (mut from, mut any) = (0, false);
    read_with(frame, &mut |used, end| {
        if used < end {
            any = true;
            kept.source(from, used);
            from = end;
        }
    })?;
    kept.source(from, listed.last()?.end);
    Some(if any {
        Slack::Some(kept.finish())
    } else {
        Slack::None
    })
}

/// `interval` is told where the bits of each restart interval end, and where its data do.
fn read_with(frame: &[u8], interval: &mut dyn FnMut(usize, usize)) -> Option<Blocks> {
    let listed = segments(frame, Family::Jpeg)?;
    let header = frame_header(frame, &listed)?;
    if !matches!(header.marker, 0xC0 | 0xC1) || !matches!(header.precision, 8 | 12) {
        return None;
    }
    let mut blocks = Blocks::new(&header, frame.len())?;
    let mut tables = Tables::default();
    let mut restart = 0;
    for segment in &listed {
        match segment.marker {
            0xDB => read_quantisation(segment.body(frame), &mut blocks)?,
            0xC4 => read_huffman(segment.body(frame), &mut tables)?,
            0xDD => restart = crate::scrub::word(segment.body(frame), 0)?,
            0xDC => return None,
            0xDA => {
                let scan = read_scan_header(segment, frame, &blocks, restart)?;
                read_scan(frame, &mut blocks, &scan, &tables, interval)?;
                blocks.scans.push(scan);
            }
            _ => {}
        }
    }
    let complete = blocks
        .components
        .iter()
        .enumerate()
        .all(|(index, component)| {
            let scans = blocks.scans.iter().flat_map(|scan| &scan.parts);
            scans.filter(|(part, ..)| *part == index).count() == 1
                && blocks.table(component).is_some()
        });
    complete.then_some(blocks)
}

fn read_quantisation(mut body: &[u8], blocks: &mut Blocks) -> Option<()> {
    while let Some((head, rest)) = body.split_first() {
        let wide = head >> 4 == 1;
        let (values, rest) = rest.split_at_checked(if wide { 128 } else { 64 })?;
        let mut table = [0; 64];
        for (index, entry) in table.iter_mut().enumerate() {
            *entry = if wide {
                u16::from_be_bytes([values[2 * index], values[2 * index + 1]])
            } else {
                u16::from(values[index])
            };
        }
        *blocks.tables.get_mut(usize::from(head & 15))? = Some(table);
        body = rest;
    }
    Some(())
}

fn read_huffman(mut body: &[u8], tables: &mut Tables) -> Option<()> {
    while let Some((head, rest)) = body.split_first() {
        let (counts, rest) = rest.split_at_checked(16)?;
        let total = counts.iter().map(|count| usize::from(*count)).sum();
        let (symbols, rest) = rest.split_at_checked(total)?;
        let slot = tables
            .get_mut(usize::from(head >> 4))?
            .get_mut(usize::from(head & 15))?;
        *slot = Some(Decoder::new(counts, symbols)?);
        body = rest;
    }
    Some(())
}

fn read_scan_header(
    segment: &Segment,
    frame: &[u8],
    blocks: &Blocks,
    interval: usize,
) -> Option<Scan> {
    let body = segment.body(frame);
    let count = usize::from(*body.first()?);
    if body.len() != 4 + 2 * count || body[1 + 2 * count..] != [0, 63, 0] {
        return None;
    }
    let mut parts = Vec::new();
    for selector in body[1..1 + 2 * count].chunks_exact(2) {
        let index = blocks
            .components
            .iter()
            .position(|component| component.id == selector[0])?;
        parts.push((
            index,
            usize::from(selector[1] >> 4),
            usize::from(selector[1] & 15),
        ));
    }
    let sampled: usize = parts
        .iter()
        .map(|(index, ..)| blocks.components[*index].across * blocks.components[*index].down)
        .sum();
    // More than ten blocks in an MCU are not allowed where components are interleaved.
    let sound = !parts.is_empty() && (parts.len() == 1 || sampled <= 10);
    sound.then_some(Scan {
        parts,
        segment: *segment,
        interval,
    })
}

fn read_scan(
    frame: &[u8],
    blocks: &mut Blocks,
    scan: &Scan,
    tables: &Tables,
    interval: &mut dyn FnMut(usize, usize),
) -> Option<()> {
    let mcus = blocks.scan_mcus(scan);
    let per_interval = if scan.interval == 0 {
        mcus
    } else {
        scan.interval
    };
    let mut places = Vec::new();
    let (mut at, mut done, mut restarts) = (scan.segment.end, 0, 0_u8);
    while done < mcus {
        let end = interval_end(frame, at, scan.segment.data_end);
        let mut bits = Bits::new(frame, at, end);
        let mut predictions = [0_i32; 4];
        for mcu in done..mcus.min(done + per_interval) {
            blocks.mcu_blocks(scan, mcu, &mut places);
            for (part, place) in &places {
                let (index, dc, ac) = scan.parts[*part];
                let (dc, ac) = (tables[0].get(dc)?.as_ref()?, tables[1].get(ac)?.as_ref()?);
                let block = blocks.components[index].blocks.get_mut(*place)?;
                read_block(&mut bits, dc, ac, predictions.get_mut(index)?, block)?;
            }
        }
        interval(bits.end_of_data()?, end);
        done += per_interval;
        at = end;
        if done < mcus {
            // Restart markers count from 0 to 7 and over again.
            if frame.get(at..at + 2)? != [0xFF, 0xD0 + restarts] {
                return None;
            }
            restarts = (restarts + 1) % 8;
            at += 2;
        }
    }
    (at == scan.segment.data_end).then_some(())
}

/// The next marker; fill bytes before it belong to it.
fn interval_end(frame: &[u8], from: usize, limit: usize) -> usize {
    let mut at = from;
    while at < limit {
        if frame[at] == 0xFF {
            if frame.get(at + 1) != Some(&0) {
                return at;
            }
            at += 1;
        }
        at += 1;
    }
    limit
}

fn read_block(
    bits: &mut Bits<'_>,
    dc: &Decoder,
    ac: &Decoder,
    prediction: &mut i32,
    block: &mut [i16; 64],
) -> Option<()> {
    let len = u32::from(bits.symbol(dc)?);
    if len > 15 {
        return None;
    }
    *prediction += bits.value(len);
    block[0] = i16::try_from(*prediction).ok()?;
    let mut at = 1;
    while at < 64 {
        let symbol = bits.symbol(ac)?;
        let (run, len) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        match (run, len) {
            (15, 0) => at += 16,
            (0, 0) => break,
            (_, 0) => return None,
            _ => {
                at += run;
                *block.get_mut(at)? = i16::try_from(bits.value(len)).ok()?;
                at += 1;
            }
        }
    }
    (bits.missing <= bits.filled).then_some(())
}
