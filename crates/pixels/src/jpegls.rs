//! JPEG-LS, lossless and near-lossless (ISO/IEC 14495-1), to samples.

use crate::scrub::jpeg::{Family, Segment, frame_header, segments};
use crate::scrub::word;

/// How much longer runs become (table J of annex A.2.1).
const RUN_BITS: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// The samples of all components, interleaved by pixel. `None` for what is broken or uses mapping tables, restarts or
/// a maker's own colour transform.
pub(crate) fn samples(frame: &[u8]) -> Option<Vec<u16>> {
    let listed = segments(frame, Family::JpegLs)?;
    let header = frame_header(frame, &listed)?;
    let count = header.components.len();
    let mut image = Image {
        columns: header.columns,
        rows: header.rows,
        count,
        data: vec![0; header.columns * header.rows * count],
    };
    let mut preset = [0; 5];
    let mut done = vec![false; count];
    for segment in &listed {
        let body = segment.body(frame);
        match segment.marker {
            0xF8 if body.first() == Some(&1) && body.len() == 11 => {
                for (index, value) in preset.iter_mut().enumerate() {
                    *value = i32::try_from(word(body, 1 + 2 * index)?).ok()?;
                }
            }
            0xF8 | 0xDD => return None,
            0xE8 if body.starts_with(b"mrfx") && body.get(4) != Some(&0) => return None,
            0xDA => {
                let listed = usize::from(*body.first()?);
                let [near, interleave, 0] = *body.get(1 + 2 * listed..)? else {
                    return None;
                };
                let mut parts = Vec::new();
                for selector in body[1..1 + 2 * listed].chunks_exact(2) {
                    let place = header
                        .components
                        .iter()
                        .position(|component| component[0] == selector[0])?;
                    if selector[1] != 0 || std::mem::replace(&mut done[place], true) {
                        return None;
                    }
                    parts.push(place);
                }
                let coding = Coding::new(header.precision, near, preset)?;
                let bits = Bits {
                    data: data_of(frame, segment)?,
                    at: 0,
                    window: 0,
                    filled: 0,
                    after_ones: false,
                };
                Scan::new(coding, bits).read(&mut image, &parts, interleave)?;
            }
            _ => {}
        }
    }
    done.iter().all(|done| *done).then_some(image.data)
}

fn data_of<'a>(frame: &'a [u8], segment: &Segment) -> Option<&'a [u8]> {
    frame.get(segment.end..segment.data_end)
}

struct Image {
    columns: usize,
    rows: usize,
    count: usize,
    data: Vec<u16>,
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    window: u64,
    filled: u32,
    /// The last byte was 0xFF, so that the next one has a stuffed bit.
    after_ones: bool,
}

impl Bits<'_> {
    fn bits(&mut self, len: u32) -> Option<i32> {
        if len > 24 {
            return None;
        }
        while self.filled < len {
            let byte = *self.data.get(self.at)?;
            self.at += 1;
            let width = if self.after_ones { 7 } else { 8 };
            self.window = self.window << width | u64::from(byte);
            self.filled += width;
            self.after_ones = byte == 0xFF;
        }
        self.filled -= len;
        let value = self.window >> self.filled & ((1 << len) - 1);
        i32::try_from(value).ok()
    }

    /// A Golomb code of limited length.
    fn golomb(&mut self, k: u32, limit: u32, escape: u32) -> Option<i32> {
        let mut zeros = 0;
        while self.bits(1)? == 0 {
            zeros += 1;
            if zeros > limit {
                return None;
            }
        }
        let value = if zeros + escape + 1 < limit {
            (i32::try_from(zeros).ok()? << k) | self.bits(k)?
        } else {
            self.bits(escape)? + 1
        };
        // No error of a sample of 16 bits is larger.
        (value <= 1 << 17).then_some(value)
    }
}

/// The constants of a scan.
struct Coding {
    most: i32,
    near: i32,
    thresholds: [i32; 3],
    reset: i32,
    range: i32,
    escape: u32,
    limit: u32,
}

impl Coding {
    fn new(precision: u8, near: u8, preset: [i32; 5]) -> Option<Self> {
        if !(2..=16).contains(&precision) {
            return None;
        }
        let near = i32::from(near);
        let most = if preset[0] > 0 {
            preset[0]
        } else {
            (1 << precision) - 1
        };
        if most >= 1 << precision || near > 255.min(most / 2) {
            return None;
        }
        let default = thresholds(most, near);
        let chosen = [1, 2, 3].map(|index| {
            if preset[index] > 0 {
                preset[index]
            } else {
                default[index - 1]
            }
        });
        let range = (most + 2 * near) / (2 * near + 1) + 1;
        let bits = |value: i32| 32 - (value - 1).leading_zeros();
        let depth = bits(most + 1).max(2);
        Some(Self {
            most,
            near,
            thresholds: chosen,
            reset: if preset[4] > 0 { preset[4] } else { 64 },
            range,
            escape: bits(range),
            limit: 2 * (depth + depth.max(8)),
        })
    }

    fn quantised(&self, difference: i32) -> i32 {
        let [first, second, third] = self.thresholds;
        let size = difference.abs();
        let class = match size {
            size if size >= third => 4,
            size if size >= second => 3,
            size if size >= first => 2,
            size if size > self.near => 1,
            _ => 0,
        };
        class * difference.signum()
    }

    /// The sample that a prediction and an error make.
    fn rebuilt(&self, prediction: i32, error: i32) -> u16 {
        let step = 2 * self.near + 1;
        let mut value = prediction + error * step;
        if value < -self.near {
            value += self.range * step;
        } else if value > self.most + self.near {
            value -= self.range * step;
        }
        u16::try_from(value.clamp(0, self.most)).unwrap_or(0)
    }
}

/// Annex C.2.4.1.1.1.
fn thresholds(most: i32, near: i32) -> [i32; 3] {
    let clamp = |value: i32, low: i32| {
        if value > most || value < low {
            low
        } else {
            value
        }
    };
    let raw = if most >= 128 {
        let factor = (most.min(4095) + 128) / 256;
        [
            factor + 2 + 3 * near,
            4 * factor + 3 + 5 * near,
            17 * factor + 4 + 7 * near,
        ]
    } else {
        let factor = 256 / (most + 1);
        [
            (3 / factor + 3 * near).max(2),
            (7 / factor + 5 * near).max(3),
            (21 / factor + 7 * near).max(4),
        ]
    };
    let first = clamp(raw[0], near + 1);
    let second = clamp(raw[1], first);
    [first, second, clamp(raw[2], second)]
}

#[derive(Clone, Copy)]
struct Context {
    a: i32,
    b: i32,
    c: i32,
    n: i32,
}

/// Two lines of one component, with a sample before the first and one after the last.
struct Lines {
    above: Vec<i32>,
    current: Vec<i32>,
    run: usize,
}

impl Lines {
    fn new(columns: usize) -> Self {
        Self {
            above: vec![0; columns + 2],
            current: vec![0; columns + 2],
            run: 0,
        }
    }

    fn next(&mut self, columns: usize) {
        std::mem::swap(&mut self.above, &mut self.current);
        self.above[columns + 1] = self.above[columns];
        self.current[0] = self.above[1];
    }
}

struct Scan<'a> {
    coding: Coding,
    bits: Bits<'a>,
    contexts: Vec<Context>,
    /// Of the two contexts of run interruption: negative errors, in the place of `b`.
    runs: [Context; 2],
}

impl<'a> Scan<'a> {
    fn new(coding: Coding, bits: Bits<'a>) -> Self {
        let a = ((coding.range + 32) / 64).max(2);
        let fresh = Context {
            a,
            b: 0,
            c: 0,
            n: 1,
        };
        Self {
            coding,
            bits,
            contexts: vec![fresh; 365],
            runs: [fresh; 2],
        }
    }

    fn read(&mut self, image: &mut Image, parts: &[usize], interleave: u8) -> Option<()> {
        let columns = image.columns;
        let mut lines: Vec<Lines> = parts.iter().map(|_| Lines::new(columns)).collect();
        for row in 0..image.rows {
            lines.iter_mut().for_each(|line| line.next(columns));
            match (interleave, parts.len()) {
                (0, 1) | (1, _) => {
                    for line in &mut lines {
                        self.line(std::slice::from_mut(line), columns)?;
                    }
                }
                (2, _) => self.line(&mut lines, columns)?,
                _ => return None,
            }
            for (line, part) in lines.iter().zip(parts) {
                for column in 0..columns {
                    let place = (row * columns + column) * image.count + part;
                    image.data[place] = u16::try_from(line.current[column + 1]).ok()?;
                }
            }
        }
        Some(())
    }

    /// One line of one component, or of all where they are interleaved by sample.
    fn line(&mut self, lines: &mut [Lines], columns: usize) -> Option<()> {
        let mut x = 1;
        while x <= columns {
            let classes: Vec<i32> = lines.iter().map(|line| self.class(line, x)).collect();
            if classes.iter().all(|class| *class == 0) {
                x = self.run(lines, x, columns)?;
                continue;
            }
            for (line, class) in lines.iter_mut().zip(classes) {
                line.current[x] = self.regular(line, x, class)?;
            }
            x += 1;
        }
        Some(())
    }

    fn class(&self, line: &Lines, x: usize) -> i32 {
        let (a, b, c, d) = (
            line.current[x - 1],
            line.above[x],
            line.above[x - 1],
            line.above[x + 1],
        );
        81 * self.coding.quantised(d - b)
            + 9 * self.coding.quantised(b - c)
            + self.coding.quantised(c - a)
    }

    fn regular(&mut self, line: &Lines, x: usize, class: i32) -> Option<i32> {
        let (a, b, c) = (line.current[x - 1], line.above[x], line.above[x - 1]);
        let (sign, coding) = (if class < 0 { -1 } else { 1 }, &self.coding);
        let context = self.contexts.get_mut(usize::try_from(class.abs()).ok()?)?;
        let edge = if c >= a.max(b) {
            a.min(b)
        } else if c <= a.min(b) {
            a.max(b)
        } else {
            a + b - c
        };
        let prediction = (edge + sign * context.c).clamp(0, coding.most);
        let k = (0..24).find(|k| context.n << k >= context.a)?;
        let value = self.bits.golomb(k, coding.limit, coding.escape)?;
        let mut error = if value % 2 == 0 {
            value / 2
        } else {
            -((value + 1) / 2)
        };
        if coding.near == 0 && k == 0 && 2 * context.b <= -context.n {
            error = -error - 1;
        }
        context.b += error * (2 * coding.near + 1);
        context.a += error.abs();
        if context.n == coding.reset {
            context.a >>= 1;
            context.b >>= 1;
            context.n >>= 1;
        }
        context.n += 1;
        if context.b <= -context.n {
            context.b = (context.b + context.n).max(1 - context.n);
            context.c = (context.c - 1).max(-128);
        } else if context.b > 0 {
            context.b = (context.b - context.n).min(0);
            context.c = (context.c + 1).min(127);
        }
        Some(i32::from(coding.rebuilt(prediction, sign * error)))
    }

    /// A run of one value, and the sample that ends it. Returns the next column.
    fn run(&mut self, lines: &mut [Lines], start: usize, columns: usize) -> Option<usize> {
        let mut x = start;
        let mut index = lines.first()?.run;
        let mut ended = false;
        while x <= columns && !ended {
            let bits = RUN_BITS[index];
            let (len, whole) = if self.bits.bits(1)? == 1 {
                (1 << bits, true)
            } else {
                ended = true;
                (usize::try_from(self.bits.bits(bits)?).ok()?, false)
            };
            let left = columns + 1 - x;
            if !whole && len >= left {
                return None;
            }
            for line in lines.iter_mut() {
                let value = line.current[x - 1];
                line.current[x..x + len.min(left)].fill(value);
            }
            x += len.min(left);
            if whole && len <= left {
                index = (index + 1).min(31);
            }
        }
        if ended {
            let single = lines.len() == 1;
            for line in lines.iter_mut() {
                line.current[x] = self.interruption(line, x, index, single)?;
            }
            x += 1;
            index = index.saturating_sub(1);
        }
        lines.first_mut()?.run = index;
        Some(x)
    }

    fn interruption(&mut self, line: &Lines, x: usize, index: usize, single: bool) -> Option<i32> {
        let (a, b) = (line.current[x - 1], line.above[x]);
        let coding = &self.coding;
        let alike = single && (a - b).abs() <= coding.near;
        let kind = i32::from(alike);
        let context = &mut self.runs[usize::from(alike)];
        let aim = if alike {
            context.a + (context.n >> 1)
        } else {
            context.a
        };
        let k = (0..24).find(|k| context.n << k >= aim)?;
        let limit = coding.limit - RUN_BITS[index] - 1;
        let value = self.bits.golomb(k, limit, coding.escape)?;
        let doubled = value + kind;
        let odd = doubled % 2 == 1;
        let size = (doubled + i32::from(odd)) / 2;
        let error = if (k != 0 || 2 * context.b >= context.n) == odd {
            -size
        } else {
            size
        };
        context.b += i32::from(error < 0);
        context.a += (value + 1 - kind) >> 1;
        if context.n == coding.reset {
            context.a >>= 1;
            context.b >>= 1;
            context.n >>= 1;
        }
        context.n += 1;
        let (prediction, sign) = if alike {
            (a, 1)
        } else {
            (b, if a > b { -1 } else { 1 })
        };
        Some(i32::from(coding.rebuilt(prediction, sign * error)))
    }
}
