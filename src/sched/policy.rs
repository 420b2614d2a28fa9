//! Who should run, and until when: the arithmetic of the scheduler, without hardware, clock or
//! lock.
//!
//! Every thread has a *runtime*: the CPU time that it has used, times its weight, where what is
//! long ago counts less. The thread with the least runs. The time constant is τ = 200 ms: what was
//! used a half-life (τ · ln 2 = 138.6 ms) ago counts half.
//!
//! Instead of shrinking what is old, what is new is charged dearer, by a clock that doubles every
//! half-life ([`DecayedTime`]). That clock is a pure function of the counter, the same on all
//! cores: a thread that sleeps or moves needs no correction, and nothing is ever renormalised. A
//! run from `s` to `t` costs `weight · (c(t) − c(s))`, whatever its length.
//!
//! Three things keep switches rare. *Hysteresis*: the running thread is judged by what it had used
//! 5 ms ago, so it loses only when it is 5 ms ahead (two equal hogs alternate every 10 ms). Against
//! a thread of less weight it is less, in proportion: then the bound is the same in both
//! directions, and shares are as exact for unequal threads as for equal ones. *Penalty*: who
//! displaces a runnable thread begins 10 µs in debt. *Deadline*: the moment at which the runner
//! will lose is computed, so a timer is needed for that moment only, and for none where nobody
//! waits.
//!
//! Realtime threads come before all others, higher priority first, FIFO within one; they have
//! neither charge nor deadline. Both classes are one number, [`Rank`]: the smaller runs.
//!
//! Limits: the clock lasts 9.4 years from the counter's zero; no machine may run longer.

mod deadline;
mod decay;
mod priority;
#[cfg(test)]
mod quick_tests;
mod rank;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod sim;
#[cfg(test)]
mod tests;
mod urgency;

pub use priority::{Priority, Weight};
pub use rank::Rank;
pub use urgency::Urgency;

/// No deadline.
pub const NEVER: u64 = u64::MAX;

/// Units of the decay clock per second: 2^32 (one binade) per half-life, τ · ln 2 with τ = 200 ms.
const UNITS_PER_SECOND: u64 = 30_981_640_094;
/// How far the runner must be ahead to lose: 5 ms, as a phase.
const HYSTERESIS_UNITS: u64 = UNITS_PER_SECOND / 200;
/// What it costs to displace a runnable thread: 10 µs on average (7 to 13, as the clock is less or
/// more steep), rounded to what one instruction can subtract.
const PENALTY_UNITS: u64 = (UNITS_PER_SECOND / 100_000).next_multiple_of(1 << 12);
/// The clock at tick zero: far enough above the runtime of a new thread and above the hysteresis.
const CLOCK_ZERO: u64 = decay::NORMAL + (64 << 32);

/// The decay clock at one moment; see the head of this file. Frequency does not enter it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DecayedTime(u64);

impl DecayedTime {
    /// The moment from which a thread is charged that displaces a runnable one now: about 10 µs
    /// earlier.
    #[inline]
    #[must_use]
    pub const fn with_penalty(self) -> Self {
        Self(self.0 - PENALTY_UNITS)
    }
}

/// The running thread, as the policy sees it. Nothing of it changes while the thread runs.
#[derive(Clone, Copy, Debug)]
pub struct Runner {
    /// Its rank when it was switched in.
    pub rank: Rank,
    /// By what it is charged.
    pub weight: Weight,
    /// From when it is charged: when it was switched in, less the penalty where one was due.
    pub since: DecayedTime,
}

impl Runner {
    /// Its rank if it stops at `now`.
    #[inline]
    #[must_use]
    pub const fn rank_at(&self, now: DecayedTime) -> Rank {
        self.rank.charged(self.weight, self.since, now)
    }

    /// [`rank_at`](Self::rank_at) where that takes no call, else `None`: see
    /// [`Rank::charged_quickly`].
    #[inline]
    #[must_use]
    pub const fn rank_at_quickly(&self, now: DecayedTime) -> Option<Rank> {
        self.rank.charged_quickly(self.weight, self.since, now)
    }
}

/// The best of the waiting threads, as the policy sees it.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Its rank, by which it was queued.
    pub rank: Rank,
    /// By what it is charged.
    pub weight: Weight,
}

impl Head {
    /// That of an empty queue.
    pub const NONE: Self = Self {
        rank: Rank::IDLE,
        weight: Weight::NORMAL,
    };
}

/// Why the scheduler was entered by a thread that could go on. (One that blocks or ends has nothing
/// to decide.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It offers its core to the others.
    Yield,
    /// The timer, or a thread that became runnable.
    Preempt,
}

/// What becomes of a thread that could go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a decision that is dropped delays a thread until the next interrupt"]
pub enum Decision {
    /// It goes on. Nothing changes but the timer.
    Stay {
        /// When to ask again, in ticks; [`NEVER`] where only a change of the queue can alter the
        /// answer.
        deadline_ticks: u64,
    },
    /// The head of the queue takes its place. It is queued: after its equals on [`Cause::Yield`],
    /// before them on [`Cause::Preempt`].
    Switch {
        /// The rank to queue it with.
        runner: Rank,
    },
}

/// The policy for one counter frequency: a few constants. Each core may have its own copy beside
/// its other hot data, of which it begins with what is wanted together.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Policy {
    hysteresis_ticks: u64,
    units_per_tick: u64,
    /// [`CLOCK_ZERO`]: one load and one `madd` with its neighbour, where a constant would take
    /// three instructions.
    zero: u64,
    /// 2^64 / `units_per_tick`, rounded up.
    ticks_per_unit: u64,
    /// [`HYSTERESIS_UNITS`], to be loaded for the same reason.
    hysteresis_units: u64,
    frequency_hz: u64,
}

impl Policy {
    /// For a counter of `frequency_hz`, 1 kHz to 10 GHz. τ is within 2 % of 200 ms up to 1 GHz
    /// (0.05 % at 54 and 62.5 MHz), because the units per tick are whole.
    #[must_use]
    pub const fn new(frequency_hz: u64) -> Self {
        debug_assert!(frequency_hz >= 1_000 && frequency_hz <= 10_000_000_000);
        let units_per_tick = (UNITS_PER_SECOND + frequency_hz / 2) / frequency_hz;
        Self {
            units_per_tick,
            zero: CLOCK_ZERO,
            ticks_per_unit: u64::MAX / units_per_tick + 1,
            hysteresis_ticks: HYSTERESIS_UNITS.div_ceil(units_per_tick),
            hysteresis_units: HYSTERESIS_UNITS,
            frequency_hz,
        }
    }

    /// The counter frequency that this was made for.
    #[inline]
    #[must_use]
    pub const fn frequency_hz(&self) -> u64 {
        self.frequency_hz
    }

    /// The decay clock at counter value `ticks`.
    #[inline]
    #[must_use]
    pub const fn at(&self, ticks: u64) -> DecayedTime {
        DecayedTime(decay::bend(self.phase(ticks)))
    }

    #[inline]
    const fn phase(&self, ticks: u64) -> u64 {
        ticks
            .wrapping_mul(self.units_per_tick)
            .wrapping_add(self.zero)
    }

    /// When to look, at the earliest, whether a thread that was switched in at `since_ticks` has
    /// lost to one whose rank is not below its own. It cannot have lost before, if it is not the
    /// heavier one: so a timer that is armed for this moment replaces
    /// [`deadline_ticks`](Self::deadline_ticks), for the price of a second shot where it comes to
    /// that.
    #[inline]
    #[must_use]
    pub const fn soonest_loss_ticks(&self, since_ticks: u64) -> u64 {
        since_ticks.wrapping_add(self.hysteresis_ticks)
    }

    /// Whether `runner` should go on at `now_ticks` while `head` waits. With an empty queue there
    /// is nothing to decide: do not ask.
    #[inline]
    pub const fn decide(
        &self,
        cause: Cause,
        runner: &Runner,
        head: Head,
        now_ticks: u64,
    ) -> Decision {
        if runner.rank.is_realtime() {
            let goes_on = match cause {
                Cause::Yield => runner.rank.outranks(head.rank),
                Cause::Preempt => !head.rank.outranks(runner.rank),
            };
            return if goes_on {
                Decision::Stay {
                    deadline_ticks: NEVER,
                }
            } else {
                Decision::Switch {
                    runner: runner.rank,
                }
            };
        }
        let now = self.at(now_ticks);
        let rank = runner.rank_at(now);
        if matches!(cause, Cause::Yield) {
            return Decision::Switch { runner: rank };
        }
        // What it has used in the last 5 ms is not held against it: it is added to the other side.
        let credit_from = self.phase(now_ticks) - hysteresis(runner.weight, head.weight);
        let credit_from = DecayedTime(decay::bend(credit_from));
        if rank.0 > head.rank.charged(runner.weight, credit_from, now).0 {
            Decision::Switch { runner: rank }
        } else {
            Decision::Stay {
                deadline_ticks: self.deadline_ticks(runner, head),
            }
        }
    }

    /// Whether a normal runner that does not weigh more than `head` and does not yield has lost, as
    /// [`decide`](Self::decide) has it, in the cases that need no call, else `None`. `now` is the decay clock at
    /// `now_ticks`, and `rank` the runner's then.
    #[inline(always)]
    pub const fn has_lost_quickly(
        &self,
        runner: &Runner,
        rank: Rank,
        head: Head,
        now_ticks: u64,
        now: DecayedTime,
    ) -> Option<bool> {
        if head.rank.is_realtime() {
            return Some(true);
        }
        let credit_from = DecayedTime(decay::bend(self.phase(now_ticks) - self.hysteresis_units));
        match head.rank.charged_quickly(runner.weight, credit_from, now) {
            None => None,
            Some(head) => Some(rank.0 > head.0),
        }
    }
}

/// How far a thread of weight `runner` must be ahead of one of weight `head` to lose, as a phase: 5
/// ms of the lighter one.
#[inline]
const fn hysteresis(runner: Weight, head: Weight) -> u64 {
    if head.0 >= runner.0 {
        HYSTERESIS_UNITS
    } else {
        HYSTERESIS_UNITS * head.0 as u64 / runner.0 as u64
    }
}
