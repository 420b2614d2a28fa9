//! When a forced interrupt comes, and whether it takes the core away: a seeded generator. Pure; `forced` does
//! what it says.

/// What is to happen at the next forced interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// How many ticks from now it comes, at least 1.
    pub ticks: u64,
    /// Whether the core then goes over to another thread, though the one that runs has not lost it.
    pub rotates: bool,
}

/// A sequence of moments. The same seed gives the same sequence, everywhere.
#[derive(Clone, Debug)]
pub struct Moments {
    state: u64,
}

/// What most distances are drawn from: an operation or less, at one instruction a tick.
const NEAR_TICKS: u64 = 1_024;
/// What every eighth distance is drawn from: long enough for a thread to come through a whole operation.
const FAR_TICKS: u64 = 16_384;

impl Moments {
    /// The sequence of `seed`. Streams of one seed, a core's each, have nothing to do with each other.
    #[must_use]
    pub const fn new(seed: u64, stream: u64) -> Self {
        Self {
            state: mixed(seed ^ mixed(stream)),
        }
    }

    /// The next moment.
    pub fn next_moment(&mut self) -> Moment {
        let bits = self.draw();
        let range = if bits & 7 == 0 { FAR_TICKS } else { NEAR_TICKS };
        Moment {
            // The ranges are powers of two, so no value is more likely than another.
            ticks: (bits >> 32) % range + 1,
            rotates: bits & 8 != 0,
        }
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mixed(self.state)
    }
}

/// 2^64 divided by the golden ratio, odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A permutation of all 64-bit numbers that leaves nothing of their order.
const fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a sequence of values comes to in one number: two runs that differ anywhere differ here.
#[must_use]
pub const fn digested(digest: u64, value: u64) -> u64 {
    mixed(digest.wrapping_add(GOLDEN) ^ value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(count: usize, seed: u64, stream: u64) -> Vec<Moment> {
        let mut moments = Moments::new(seed, stream);
        (0..count).map(|_| moments.next_moment()).collect()
    }

    #[test]
    fn a_seed_gives_its_sequence_again_and_another_seed_or_core_another_one() {
        assert_eq!(first(1_000, 7, 0), first(1_000, 7, 0));
        assert_ne!(first(1_000, 7, 0), first(1_000, 8, 0));
        assert_ne!(first(1_000, 7, 0), first(1_000, 7, 1));
    }

    #[test]
    fn every_near_distance_comes_and_about_half_take_the_core_away() {
        let moments = first(100_000, 1, 0);
        for ticks in 1..=NEAR_TICKS {
            let came = moments.iter().any(|moment| moment.ticks == ticks);
            assert!(came, "no distance of {ticks}");
        }
        assert!(
            moments
                .iter()
                .all(|moment| (1..=FAR_TICKS).contains(&moment.ticks))
        );
        let far = moments.iter().filter(|m| m.ticks > NEAR_TICKS).count();
        assert!((8_000..16_000).contains(&far), "{far} far ones");
        let rotating = moments.iter().filter(|moment| moment.rotates).count();
        assert!((45_000..55_000).contains(&rotating), "{rotating}");
    }

    #[test]
    fn a_digest_depends_on_each_value_and_on_their_order() {
        let of = |values: &[u64]| values.iter().fold(0, |digest, v| digested(digest, *v));
        assert_eq!(of(&[1, 2, 3]), of(&[1, 2, 3]));
        assert_ne!(of(&[1, 2, 3]), of(&[1, 3, 2]));
        assert_ne!(of(&[1, 2, 3]), of(&[1, 2, 4]));
        assert_ne!(of(&[]), of(&[0]));
    }
}
