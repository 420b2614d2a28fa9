//! Numbers that look random and are the same in every run. Pure.

/// Marsaglia's xorshift.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        // Neighbouring seeds are to differ in many bits, and no state may be 0.
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`, which is not 0.
    pub(crate) const fn below(&mut self, bound: usize) -> usize {
        ((self.next() as u128 * bound as u128) >> 64) as usize
    }

    /// One of these, if there are any.
    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }

    /// Bytes of any value.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[7]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again_and_another_one_others() {
        let first = |seed| Random::new(seed).bytes(100);
        assert_eq!(first(1), first(1));
        assert!((0..100).all(|seed| first(seed) != first(seed + 1)));
    }

    #[test]
    fn numbers_below_a_bound_are_below_it_and_each_of_them_comes() {
        let mut random = Random::new(1);
        let mut counts = [0; 10];
        (0..10_000).for_each(|_| counts[random.below(10)] += 1);
        assert!(
            counts.iter().all(|n| (900..1_100).contains(n)),
            "{counts:?}"
        );
        assert_eq!(random.one_of(&[7]), Some(&7));
        assert_eq!(random.one_of::<u8>(&[]), None);
    }

    #[test]
    fn the_bytes_cover_the_control_characters() {
        let bytes = Random::new(0).bytes(10_000);
        for control in [0x03, 0x04, 0x09, 0x0d, 0x1b, 0x7f] {
            assert!(bytes.contains(&control), "{control:#x}");
        }
    }
}
