//! Huffman tables (ISO/IEC 10918-1 annexes C, F and K.2).

/// Codes up to so many bits are looked up at once.
const FAST: u32 = 9;

/// A table for reading.
pub(super) struct Decoder {
    /// Length and symbol of every code of up to [`FAST`] bits, by its bits and what follows.
    fast: Vec<(u8, u8)>,
    /// One past the largest code of each length, aligned to 16 bits; 0 where there is none.
    limits: [u32; 17],
    /// What to add to a code of each length to find its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Decoder {
    /// `counts` are the numbers of codes of 1 to 16 bits.
    pub(super) fn new(counts: &[u8], symbols: &[u8]) -> Option<Self> {
        let mut decoder = Self {
            fast: vec![(0, 0); 1 << FAST],
            limits: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0_u32, 0_usize);
        for (len, count) in (1_u32..=16).zip(counts) {
            decoder.offsets[len as usize] =
                i32::try_from(index).ok()? - i32::try_from(code).ok()?;
            for _ in 0..*count {
                let symbol = *symbols.get(index)?;
                if code >= 1 << len {
                    return None;
                }
                if len <= FAST {
                    let first = (code << (FAST - len)) as usize;
                    decoder.fast[first..first + (1 << (FAST - len))]
                        .fill((u8::try_from(len).ok()?, symbol));
                }
                code += 1;
                index += 1;
            }
            decoder.limits[len as usize] = code << (16 - len);
            code <<= 1;
        }
        (index == symbols.len()).then_some(decoder)
    }

    /// The length of the code that stands in the upper bits of 16, and its symbol.
    pub(super) fn look_up(&self, bits: u32) -> Option<(u32, u8)> {
        let (len, symbol) = self.fast[(bits >> (16 - FAST)) as usize];
        if len > 0 {
            return Some((u32::from(len), symbol));
        }
        let len = (FAST + 1..=16).find(|len| bits < self.limits[*len as usize])?;
        let code = i32::try_from(bits >> (16 - len)).ok()?;
        let index = usize::try_from(code + self.offsets[len as usize]).ok()?;
        Some((len, *self.symbols.get(index)?))
    }
}

/// A table for writing, made for the symbols that occur.
#[derive(Clone)]
pub(super) struct Encoder {
    counts: [u8; 16],
    symbols: Vec<u8>,
    /// Code and length of each symbol.
    codes: Vec<(u32, u32)>,
}

impl Encoder {
    /// The best table of at most 16 bits for symbols of these frequencies.
    pub(super) fn new(frequencies: &[u32; 256]) -> Self {
        let lengths = limited(&code_lengths(frequencies));
        let mut order: Vec<usize> = (0..256).filter(|symbol| frequencies[*symbol] > 0).collect();
        // More frequent symbols get shorter codes; among equals the order of the symbols decides.
        order.sort_by_key(|symbol| (std::cmp::Reverse(frequencies[*symbol]), *symbol));
        let (mut codes, mut counts) = (vec![(0, 0); 256], [0; 16]);
        let (mut code, mut next) = (0, order.iter());
        let mut symbols = Vec::with_capacity(order.len());
        for len in 1..=16_usize {
            for symbol in next.by_ref().take(lengths[len]) {
                codes[*symbol] = (code, len as u32);
                code += 1;
                counts[len - 1] += 1;
                symbols.push(u8::try_from(*symbol).unwrap_or(0));
            }
            code <<= 1;
        }
        Self {
            counts,
            symbols,
            codes,
        }
    }

    /// Code and length of a symbol; the length is 0 for a symbol that was not counted.
    pub(super) fn code(&self, symbol: u8) -> (u32, u32) {
        self.codes[usize::from(symbol)]
    }

    /// The table as a DHT segment has it, after class and identifier.
    pub(super) fn listed(&self) -> Vec<u8> {
        [&self.counts[..], &self.symbols].concat()
    }
}

/// How many codes of each length the best tree has; one leaf is reserved, for no code may be all ones.
fn code_lengths(frequencies: &[u32; 256]) -> Vec<usize> {
    let mut nodes: Vec<(u64, Vec<usize>)> = frequencies
        .iter()
        .filter(|count| **count > 0)
        .map(|count| (u64::from(*count), vec![0]))
        .collect();
    nodes.push((0, vec![0]));
    while nodes.len() > 1 {
        nodes.sort_by(|one, other| other.cmp(one));
        let (Some((first, deep)), Some((second, deeper))) = (nodes.pop(), nodes.pop()) else {
            break;
        };
        let depths = deep
            .into_iter()
            .chain(deeper)
            .map(|depth| depth + 1)
            .collect();
        nodes.push((first + second, depths));
    }
    let mut counts = vec![
        0;
        64.max(
            nodes
                .iter()
                .flat_map(|(_, depths)| depths)
                .max()
                .map_or(0, |most| most + 1)
        )
    ];
    for depth in nodes.into_iter().flat_map(|(_, depths)| depths) {
        counts[depth] += 1;
    }
    counts
}

/// Shortens codes beyond 16 bits (figure K.3) and takes the reserved leaf away from the longest.
fn limited(counts: &[usize]) -> Vec<usize> {
    let mut counts = counts.to_vec();
    // A single leaf has depth 0 in the tree and still needs a bit.
    let alone = std::mem::take(&mut counts[0]);
    counts[1] += alone;
    for len in (17..counts.len()).rev() {
        while counts[len] > 0 {
            let shorter = (1..len - 1)
                .rev()
                .find(|shorter| counts[*shorter] > 0)
                .unwrap_or(1);
            counts[len] -= 2;
            counts[len - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
    if let Some(longest) = (1..=16).rev().find(|len| counts[*len] > 0) {
        counts[longest] -= 1;
    }
    counts
}
