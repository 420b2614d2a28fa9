//! Numbers that look random and are the same in every run.

/// A generator: xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence number `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        // The state may not be 0, and neighbouring seeds are to differ in many bits: an odd factor keeps all
        // seeds apart, and the lowest bit is only lost to one other seed.
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, all about equally often. 0 if `bound` is 0.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again_and_another_seed_gives_others() {
        let first = |seed| {
            let mut random = Random::new(seed);
            [0; 8].map(|_: i32| random.next())
        };
        assert_eq!(first(7), first(7));
        for seed in 0..100 {
            assert_ne!(first(seed), first(seed + 1), "{seed}");
        }
    }

    #[test]
    fn numbers_below_a_bound_are_below_it_and_fill_it_evenly() {
        let mut random = Random::new(1);
        let mut counts = [0; 10];
        for _ in 0..10_000 {
            counts[random.below(10) as usize] += 1;
        }
        assert!(
            counts.iter().all(|n| (900..1_100).contains(n)),
            "{counts:?}"
        );
        assert_eq!(random.below(1), 0);
        assert_eq!(random.below(0), 0);
    }
}
