//! Deterministic random numbers: the same seed gives the same bytes on every machine and every day.

/// A small generator of pseudo-random numbers (SplitMix64). Not for secrets.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Starts a sequence from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Starts an independent sequence for a named purpose, so that adding a purpose moves no other.
    #[must_use]
    pub fn named(seed: u64, purpose: &str) -> Self {
        let mut state = seed ^ 0xCBF2_9CE4_8422_2325;
        for byte in purpose.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        let mut random = Self { state };
        random.next_u64();
        random
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `bound`. A bound of 0 gives 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        self.next_u64() % bound
    }

    /// A number from `low` to `high`, both included.
    pub const fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).unsigned_abs()) as i64
    }

    /// A number from 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One member of a list, or `None` if it is empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len() as u64) as usize)
    }

    /// Roughly Gaussian noise of mean 0 and standard deviation 1024, cheap enough for every pixel.
    pub const fn noise(&mut self) -> i32 {
        let bits = self.next_u64();
        // Four uniform 16-bit numbers: mean 2 * 65535, standard deviation 65536 / sqrt(3).
        let sum =
            (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
        ((sum as i64 - 131_070) * 1024 / 37_837) as i32
    }

    /// A string of decimal digits that does not begin with 0.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count)
            .map(|index| {
                let low = u64::from(index == 0);
                char::from(b'0' + (low + self.below(10 - low)) as u8)
            })
            .collect()
    }

    /// A word of capital consonants and vowels in turn, so that it is pronounceable and in no lexicon.
    pub fn word(&mut self, length: usize) -> String {
        const CONSONANTS: &[u8] = b"BDFGHJKLMNPQRSTVWXZ";
        const VOWELS: &[u8] = b"AEIOUY";
        (0..length)
            .map(|index| {
                let set = if index % 2 == 0 { CONSONANTS } else { VOWELS };
                char::from(set[self.below(set.len() as u64) as usize])
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let first: Vec<u64> = (0..4)
            .map({
                let mut r = Random::new(7);
                move |_| r.next_u64()
            })
            .collect();
        let again: Vec<u64> = (0..4)
            .map({
                let mut r = Random::new(7);
                move |_| r.next_u64()
            })
            .collect();
        assert_eq!(first, again);
        assert_ne!(
            Random::named(7, "a").next_u64(),
            Random::named(7, "b").next_u64()
        );
    }

    #[test]
    fn noise_has_the_stated_spread() {
        let mut random = Random::new(1);
        let samples: Vec<f64> = (0..50_000).map(|_| f64::from(random.noise())).collect();
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        let variance =
            samples.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / samples.len() as f64;
        assert!(mean.abs() < 20.0, "{mean}");
        assert!((variance.sqrt() - 1024.0).abs() < 20.0, "{variance}");
    }
}
