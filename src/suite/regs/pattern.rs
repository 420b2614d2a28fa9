//! What the registers are filled with: a value of its own for every register of every thread in every round.

use super::file::RegisterFile;

/// Bits 63:48 of every pattern in a general or vector register. The host tool drops a register only where it finds
/// this in it, so that what the image itself keeps in registers stays whole. No address and no small number begins
/// with it.
pub const TAG: u16 = 0x9e57;

/// The bit of x0 that ends the loop of the window: it is clear at first, and counting up sets it. Whatever else a
/// lost register leaves in x0, the loop ends after 2^20 turns at the latest.
pub(crate) const LOOP_BIT: u32 = 20;
/// How often the loop of the window turns.
pub(crate) const TURNS: u64 = 1 << 14;
const _: () = assert!(TURNS < 1 << LOOP_BIT);

/// The low bits of x0 that the loop counts in.
const LOOP_MASK: u64 = (2 << LOOP_BIT) - 1;

/// The bits that a pattern differs in: those below the tag.
const BITS: u32 = 48;
const MASK: u64 = (1 << BITS) - 1;

/// Whose registers, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed {
    /// Which thread.
    pub(crate) thread: u16,
    /// Which round of it.
    pub(crate) round: u64,
}

/// Mixes 48 bits, one to one: odd factors and shifts by half the width can be undone.
const fn mix(bits: u64) -> u64 {
    let mut x = bits & MASK;
    x = x.wrapping_mul(0x9e37_79b9_7f4b) & MASK;
    x ^= x >> 24;
    x = x.wrapping_mul(0xbf58_476d_1ce5) & MASK;
    x ^ (x >> 24)
}

impl Seed {
    /// Seven bits for the place, fourteen for the thread, the rest for the round: so within 2^27 rounds no two
    /// places of any two threads have the same word.
    const fn bits(self, place: usize) -> u64 {
        let thread = self.thread as u64 & 0x3fff;
        self.round << 21 | thread << 7 | (place as u64 & 0x7f)
    }

    /// The word for a place: 0 to 30 are x0 to x30, the halves of v0 to v31 follow.
    const fn word(self, place: usize) -> u64 {
        (TAG as u64) << BITS | mix(self.bits(place))
    }

    /// One of `count` numbers from 1 on, in turn by round, so that the next round has another one.
    const fn choice(self, count: u64) -> u64 {
        1 + self.round.wrapping_add(self.thread as u64) % count
    }

    /// RMode (23:22), FZ (24), DN (25), AHP (26): what Armv8.0 has of FPCR without trapping (DDI 0487,
    /// FPCR). Never zero.
    const fn fpcr(self) -> u64 {
        self.choice(31) << 22
    }

    /// QC (27), IDC (7), and IXC, UFC, OFC, DZC, IOC (4:0) of FPSR (DDI 0487). Never zero.
    const fn fpsr(self) -> u64 {
        let bits = self.choice(127);
        (bits & 0x40) << 21 | (bits & 0x20) << 2 | bits & 0x1f
    }

    /// The four flags, in their place (31:28). Never all clear.
    const fn nzcv(self) -> u64 {
        self.choice(15) << 28
    }

    /// Fills the registers, but for those that are as they are: sp and the thread pointer.
    pub(crate) fn fill(self, file: &mut RegisterFile) {
        for (place, x) in file.x.iter_mut().enumerate() {
            *x = self.word(place);
        }
        file.x[0] = file.x[0] & !LOOP_MASK | ((1 << LOOP_BIT) - TURNS);
        let first = file.x.len();
        for (place, half) in file.v.iter_mut().flatten().enumerate() {
            *half = self.word(first + place);
        }
        file.fpcr = self.fpcr();
        file.fpsr = self.fpsr();
        file.nzcv = self.nzcv();
    }
}

/// What x0 is when the loop of the window has ended.
pub(crate) const fn after_loop(x0: u64) -> u64 {
    x0 + TURNS
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::roster::MOST;
    use super::*;

    fn filled(thread: u16, round: u64) -> RegisterFile {
        let mut file = RegisterFile::default();
        Seed { thread, round }.fill(&mut file);
        file
    }

    fn words(file: &RegisterFile) -> impl Iterator<Item = u64> {
        file.x.into_iter().chain(file.v.into_iter().flatten())
    }

    #[test]
    fn every_register_of_every_thread_and_round_has_a_value_of_its_own() {
        let mut seen = HashSet::new();
        for thread in [0, 1, 2, 999] {
            for round in 0..200 {
                // x0 has fewer bits of its own: the loop counts in the others.
                for word in words(&filled(thread, round)).skip(1) {
                    assert!(seen.insert(word), "{word:#x} of thread {thread} in {round}");
                }
            }
        }
    }

    #[test]
    fn every_general_and_vector_pattern_has_the_tag() {
        for word in words(&filled(7, 123_456)) {
            assert_eq!(word >> BITS, u64::from(TAG));
        }
    }

    #[test]
    fn the_loop_ends_exactly_when_it_should() {
        for round in 0..1000 {
            let start = filled(3, round).x[0];
            let end = after_loop(start);
            assert_eq!(start >> LOOP_BIT & 1, 0);
            assert_eq!((end - 1) >> LOOP_BIT & 1, 0);
            assert_eq!(end >> LOOP_BIT & 1, 1);
            assert_eq!(end >> BITS, u64::from(TAG));
        }
    }

    #[test]
    fn there_is_room_for_every_thread_in_a_pattern() {
        let last = u16::try_from(MOST).unwrap();
        assert_ne!(filled(last, 1).x[30], filled(0, 1).x[30]);
        assert_eq!(last & 0x3fff, last);
    }

    #[test]
    fn x0_differs_between_threads_and_rounds() {
        let starts: HashSet<u64> = (0..16)
            .flat_map(|thread| (0..16).map(move |round| filled(thread, round).x[0]))
            .collect();
        assert_eq!(starts.len(), 256);
    }

    #[test]
    fn status_and_control_have_only_bits_that_can_be_written_and_are_never_zero() {
        for round in 0..500 {
            let file = filled(5, round);
            assert!(file.fpcr != 0 && file.fpcr & !(0x1f << 22) == 0);
            assert!(file.fpsr != 0 && file.fpsr & !(1 << 27 | 1 << 7 | 0x1f) == 0);
            assert!(file.nzcv != 0 && file.nzcv & !(0xf << 28) == 0);
        }
    }

    #[test]
    fn over_the_rounds_every_bit_of_status_and_control_is_set_and_clear() {
        let files: Vec<RegisterFile> = (0..127).map(|round| filled(0, round)).collect();
        for (bits, of) in [
            (0x1f << 22, (|file| file.fpcr) as fn(&RegisterFile) -> u64),
            (1 << 27 | 1 << 7 | 0x1f, |file| file.fpsr),
            (0xf << 28, |file| file.nzcv),
        ] {
            assert_eq!(files.iter().map(of).fold(0, |all, one| all | one), bits);
            assert_eq!(files.iter().map(of).fold(u64::MAX, |all, one| all & one), 0);
        }
    }

    #[test]
    fn neighbours_in_thread_and_round_differ_in_status_and_control() {
        for (a, b) in [((3, 10), (4, 10)), ((3, 10), (3, 11))] {
            let (a, b) = (filled(a.0, a.1), filled(b.0, b.1));
            assert!(a.fpcr != b.fpcr && a.fpsr != b.fpsr && a.nzcv != b.nzcv);
        }
    }
}
