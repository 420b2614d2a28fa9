//! When a forced interrupt comes, and whether it takes the core away: a seeded generator. Pure; `forced` does
//! what it says.
//!
//! It jumps and it walks. A *jump* is a distance that is drawn: it comes anywhere, and mostly where threads mostly
//! are. A *walk* goes on from there instruction by instruction. It begins where no interrupt has come before, and goes
//! on while that is so: what follows a rare event is met too, and not only by a second event as rare. It can also be
//! asked for. How many ticks are one instruction, with the interrupt itself before it, is found out by walking: one
//! more when the thread has not moved, one less when it has moved too far.

mod random;

pub use random::digested;

use random::Random;

/// What is to happen at the next forced interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// How many ticks from now it comes, at least 1.
    pub ticks: u64,
    /// Whether the core then goes over to another thread, though the one that runs has not lost it.
    pub rotates: bool,
}

/// A sequence of moments. The same seed and the same addresses give the same sequence, everywhere.
#[derive(Clone, Debug)]
pub struct Moments {
    random: Random,
    /// Steps that are left of a walk.
    steps: u32,
    /// Whether the walk was asked for: it does not end, and takes the core away from nobody.
    is_asked_for: bool,
    /// By how many ticks its next step is longer.
    ahead: u64,
    /// Where the last step back led, and how many before it led to about there.
    loop_at: u64,
    backs: u64,
    /// Where the last step of the walk began, unless it took the core away.
    from: Option<u64>,
    /// What is thought to be one instruction, in ticks.
    step_ticks: u64,
    /// By how much that is corrected next, in ticks; negative: it was too long.
    correction: i64,
}

/// What most jumps are drawn from: an operation or less, at one instruction a tick.
const NEAR_TICKS: u64 = 1_024;
/// What every eighth jump is drawn from: long enough for a thread to come through a whole operation.
const FAR_TICKS: u64 = 16_384;
/// How many steps a walk goes on where nothing is new.
const WALK: u32 = 48;
/// One jump of so many begins a walk, new or not.
const JUMPS: u64 = 64;
/// One step of so many takes the core away; of jumps, every second one does.
const ROTATING_STEP: u64 = 16;
/// The longest step: with the interrupt, and a switch in it.
const LONGEST_STEP: u64 = 4_096;
/// How far back a branch goes that is taken for a loop, in bytes. A loop of exclusives does not end while it is
/// interrupted at every instruction.
const LOOP: u64 = 64;
/// How many instructions are left out at most for a loop to end.
const LEAP: u64 = 32;
/// Bytes of one instruction.
const INSTRUCTION: u64 = 4;

impl Moments {
    /// The sequence of `seed`. Streams of one seed, a core's each, have nothing to do with each other.
    #[must_use]
    pub const fn new(seed: u64, stream: u64) -> Self {
        Self {
            random: Random::new(seed, stream),
            steps: 0,
            is_asked_for: false,
            ahead: 0,
            loop_at: 0,
            backs: 0,
            from: None,
            step_ticks: 256,
            correction: 1,
        }
    }

    /// From now on every moment is a step, the first of them longer by `ahead` ticks.
    pub const fn walk_on(&mut self, ahead: u64) {
        if !self.is_asked_for {
            self.is_asked_for = true;
            self.ahead = ahead;
        }
    }

    /// The next moment, where the last interrupt came at `address`, `None` if the core was idle; `is_new` if none
    /// had come there before.
    pub fn next_moment(&mut self, address: Option<u64>, is_new: bool) -> Moment {
        let bits = self.random.draw();
        let Some(address) = address else {
            self.from = None;
            let (ticks, rotates) = ((bits >> 32) % FAR_TICKS + 1, false);
            return Moment { ticks, rotates };
        };
        let mut leap = core::mem::take(&mut self.ahead);
        if let Some(from) = self.from.take() {
            if (1..=LOOP).contains(&from.wrapping_sub(address)) {
                leap = self.leap(address);
            } else {
                self.correct(address.wrapping_sub(from));
            }
        }
        if is_new || self.is_asked_for {
            self.steps = WALK;
        } else if self.steps == 0 {
            if (bits >> 8).is_multiple_of(JUMPS) {
                self.steps = WALK;
            }
            return jump(bits);
        }
        self.steps -= 1;
        let rotates = !self.is_asked_for && (bits >> 32).is_multiple_of(ROTATING_STEP);
        if !rotates && leap == 0 {
            self.from = Some(address);
        }
        Moment {
            ticks: self.step_ticks + leap,
            rotates,
        }
    }

    /// The next moment where it need not come at any instruction in particular: a jump.
    pub fn next_jump(&mut self) -> Moment {
        jump(self.random.draw())
    }

    /// A step has gone back to `address`: how many ticks longer the next one is. One more each time, so that the
    /// instructions behind the loop are met.
    fn leap(&mut self, address: u64) -> u64 {
        if self.loop_at.abs_diff(address) > LOOP {
            self.backs = 0;
        }
        self.loop_at = address;
        self.backs = self.backs % LEAP + 1;
        self.backs
    }

    /// A step has gone `moved` bytes. (A branch that is taken looks like a step that was too long, and costs one that
    /// goes nowhere.) The same mistake again is corrected by twice as much.
    fn correct(&mut self, moved: u64) {
        self.correction = match moved {
            INSTRUCTION => return,
            0 if self.correction > 0 => self.correction * 2,
            0 => 1,
            _ if self.correction < 0 => self.correction * 2,
            _ => -1,
        };
        self.correction = self.correction.clamp(-64, 64);
        self.step_ticks = self
            .step_ticks
            .saturating_add_signed(self.correction)
            .clamp(1, LONGEST_STEP);
    }
}

fn jump(bits: u64) -> Moment {
    let range = if bits & 7 == 0 { FAR_TICKS } else { NEAR_TICKS };
    Moment {
        // The ranges are powers of two, so no value is more likely than another.
        ticks: (bits >> 32) % range + 1,
        rotates: bits & 8 != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments of a thread that is interrupted somewhere else each time: a walk learns nothing.
    fn first(count: u64, seed: u64, stream: u64) -> Vec<Moment> {
        let mut moments = Moments::new(seed, stream);
        (0..count)
            .map(|n| moments.next_moment(Some(n * 0x100), false))
            .collect()
    }

    /// Where a thread is interrupted that has walked on: an interrupt takes `exit` ticks and an instruction one, and
    /// `go` says to which address an instruction goes.
    fn walked(count: usize, exit: u64, mut go: impl FnMut(u64) -> u64) -> Vec<u64> {
        let (mut moments, mut address) = (Moments::new(3, 0), 0x1000);
        moments.walk_on(0);
        (0..count)
            .map(|_| {
                let moment = moments.next_moment(Some(address), false);
                assert!(!moment.rotates);
                for _ in exit..moment.ticks {
                    address = go(address);
                }
                address
            })
            .collect()
    }

    #[test]
    fn a_seed_gives_its_sequence_again_and_another_seed_or_core_another_one() {
        assert_eq!(first(1_000, 7, 0), first(1_000, 7, 0));
        assert_ne!(first(1_000, 7, 0), first(1_000, 8, 0));
        assert_ne!(first(1_000, 7, 0), first(1_000, 7, 1));
    }

    #[test]
    fn every_near_distance_comes_and_nothing_beyond_the_far_ones() {
        let moments = first(200_000, 1, 0);
        for ticks in 1..=NEAR_TICKS {
            assert!(moments.iter().any(|m| m.ticks == ticks), "no {ticks}");
        }
        assert!(moments.iter().all(|m| (1..=FAR_TICKS).contains(&m.ticks)));
        assert!(moments.iter().any(|moment| moment.ticks > FAR_TICKS / 2));
    }

    #[test]
    fn some_interrupts_take_the_core_away_and_most_do_not() {
        let moments = first(100_000, 1, 0);
        let rotating = moments.iter().filter(|m| m.rotates).count();
        assert!((10_000..40_000).contains(&rotating), "{rotating}");
    }

    #[test]
    fn a_walk_goes_from_instruction_to_instruction_however_long_an_interrupt_takes() {
        for exit in [1, 100, 257, 900] {
            let addresses = walked(10_000, exit, |address| address + INSTRUCTION);
            let steps = addresses.windows(2).filter(|pair| pair[1] - pair[0] == 4);
            assert!(steps.count() > 9_000, "with an interrupt of {exit}");
        }
    }

    #[test]
    fn a_walk_that_begins_ahead_leaves_out_so_much_and_no_more() {
        let step_after = |ahead| {
            let mut moments = Moments::new(3, 0);
            moments.walk_on(ahead);
            let first = moments.next_moment(Some(0x1000), false).ticks;
            moments.walk_on(ahead);
            (first, moments.next_moment(Some(0x1004), false).ticks)
        };
        let (near, far) = (step_after(0), step_after(500));
        assert_eq!(far, (near.0 + 500, near.1));
    }

    #[test]
    fn a_walk_meets_what_is_behind_a_loop_that_ends_only_when_it_is_not_interrupted() {
        // Of 6 instructions, the first of which must be followed by the others in one go.
        let (start, end) = (0x1000, 0x1018);
        let mut met_behind = 0;
        for run in 0..32 {
            let (mut moments, mut address) = (Moments::new(run, 0), start);
            moments.walk_on(0);
            for _ in 0..1_000 {
                let ticks = moments.next_moment(Some(address), false).ticks;
                let mut in_one_go = 0;
                for _ in 255..ticks {
                    in_one_go = if address == start { 1 } else { in_one_go + 1 };
                    address += INSTRUCTION;
                    if address == end && in_one_go < 6 {
                        address = start;
                    }
                }
                if address >= end {
                    break;
                }
            }
            assert!(address >= end, "does not come out");
            met_behind += u32::from(address == end);
        }
        assert!(met_behind >= 8, "{met_behind} of 32");
    }

    #[test]
    fn a_walk_goes_on_where_all_is_new_and_ends_where_nothing_is() {
        for (is_new, steps) in [(true, 1_700..2_000), (false, 0..1_500)] {
            let (mut moments, mut address) = (Moments::new(11, 0), 0x1000_u64);
            let ones = (0..2_000).filter(|_| {
                let ticks = moments.next_moment(Some(address), is_new).ticks;
                let moved = ticks.saturating_sub(100) * INSTRUCTION;
                address += moved;
                moved == INSTRUCTION
            });
            assert!(steps.contains(&ones.count()), "new: {is_new}");
        }
    }

    #[test]
    fn a_walk_ends_also_where_the_thread_does_not_move() {
        let mut moments = Moments::new(5, 0);
        let far =
            (0..10_000).filter(|_| moments.next_moment(Some(0x40), false).ticks > LONGEST_STEP);
        assert!(far.count() > 10);
    }

    #[test]
    fn an_idle_core_is_left_alone() {
        let mut moments = Moments::new(5, 0);
        assert!((0..1_000).all(|_| !moments.next_moment(None, true).rotates));
    }
}
