//! Until when the running thread may run: the decision of the policy, turned round.

use super::{HYSTERESIS_UNITS, Head, NEVER, Policy, Rank, Runner, decay, hysteresis};

/// Binary places of the quotient that a deadline is computed from, beyond those of its operands.
const QUOTIENT_BITS: u64 = 28;
/// What rounding can take from both sides of the comparison that a deadline foresees, in last
/// places.
const ROUNDINGS: u64 = 4;

/// By how much a runner may be ahead that is not looked at for half the hysteresis, in units of its charge for that
/// time: see [`safe_until_ticks`](Policy::safe_until_ticks). An eighth of it, rounded down to what a shift multiplies by.
const LEAD_UNITS: u64 = 1 << (HYSTERESIS_UNITS / 8).ilog2();

impl Policy {
    /// Until when `runner`, switched in at `since_ticks`, is certain not to lose to `head`, which does not weigh less
    /// (but for the penalty: it may have lost for those 10 µs). In the past, where it takes more to know. Of normal
    /// threads.
    ///
    /// A runner that is not ahead cannot lose before the hysteresis is over. One that is loses when what it is ahead
    /// by is more than `weight · (c(since) − c(t − h))`. For `t` up to `since + h/2` that is no less than `weight · h/2`
    /// at the least slope of the clock, 2/3 in the binade before that of `since`, so `weight · h/6`, and a bit less
    /// for the penalty; and what it is ahead by is no more than the difference of the patterns in its own binade.
    #[inline(always)]
    pub const fn safe_until_ticks(&self, runner: &Runner, head: Head, since_ticks: u64) -> u64 {
        if head.rank.0 >= runner.rank.0 {
            return self.soonest_loss_ticks(since_ticks);
        }
        let above = decay::binade(runner.rank.0).wrapping_sub(decay::binade(runner.since.0));
        // If its runtime is below the clock, the shift is too long, and the answer no more than too cautious.
        let bound = (LEAD_UNITS * runner.weight.0 as u64).wrapping_shr(above as u32);
        if runner.rank.0 - head.rank.0 <= bound {
            since_ticks + self.hysteresis_ticks / 2
        } else {
            0
        }
    }

    /// The tick at which `runner` loses to `head`, provided that neither changes: at that tick
    /// [`decide`](Self::decide) says so. [`NEVER`] for realtime threads; in the past where it has
    /// lost already.
    #[inline]
    #[must_use]
    pub const fn deadline_ticks(&self, runner: &Runner, head: Head) -> u64 {
        match self.deadline_ticks_quickly(runner, head) {
            Some(deadline) => deadline,
            None => self.deadline_slowly(runner, head),
        }
    }

    /// [`deadline_ticks`](Self::deadline_ticks) in the cases that need no call, else `None`.
    #[inline]
    #[must_use]
    pub const fn deadline_ticks_quickly(&self, runner: &Runner, head: Head) -> Option<u64> {
        // With h for the hysteresis, it loses when rank + weight · (c(t − h) − c(since)) > head, so
        // at t = h + c⁻¹(c(since) + (head − rank) / weight), plus what both sides are rounded by.
        // Nearly always the ranks lie in one binade and the sum in that of `since`: the patterns
        // are integers again.
        let (since, weight) = (runner.since.0, runner.weight.0 as u64);
        let lead = head.rank.0.wrapping_sub(runner.rank.0).cast_signed();
        let one_binade = decay::binade(head.rank.0) == decay::binade(runner.rank.0);
        let below = decay::binade(since)
            .wrapping_add(QUOTIENT_BITS)
            .wrapping_sub(decay::binade(head.rank.0));
        if one_binade
            && lead.unsigned_abs() <= 0xffff_ffff
            && below < 64
            && weight != 0
            && !head.rank.is_realtime()
        {
            let run = ((lead + ROUNDINGS.cast_signed()) << QUOTIENT_BITS) / weight.cast_signed();
            let loses = since.wrapping_add_signed(run >> below);
            if decay::binade(loses) == decay::binade(since) {
                return Some(self.ticks_after(loses, hysteresis(runner.weight, head.weight)));
            }
        }
        None
    }

    #[cold]
    #[inline(never)]
    const fn deadline_slowly(&self, runner: &Runner, head: Head) -> u64 {
        if runner.rank.is_realtime() || head.rank.0 == Rank::IDLE.0 {
            return NEVER;
        }
        if head.rank.is_realtime() || runner.weight.0 == 0 {
            return 0;
        }
        let (since, weight) = (runner.since.0, runner.weight.0 as u64);
        let loses = if head.rank.0 >= runner.rank.0 {
            let lead = decay::difference(runner.rank.0, head.rank.0) + ROUNDINGS;
            let unit = decay::binade(head.rank.0) - QUOTIENT_BITS;
            decay::add(since, (lead << QUOTIENT_BITS) / weight, unit)
        } else {
            let lag = decay::difference(head.rank.0, runner.rank.0).saturating_sub(ROUNDINGS);
            let unit = decay::binade(runner.rank.0) - QUOTIENT_BITS;
            decay::subtract(since, (lag << QUOTIENT_BITS) / weight, unit)
        };
        let loses = if loses > self.zero { loses } else { self.zero };
        self.ticks_after(loses, hysteresis(runner.weight, head.weight))
    }

    /// The first tick, or nearly, that is more than `units` of phase after the decay clock has
    /// shown `bits`.
    #[inline]
    const fn ticks_after(&self, bits: u64, units: u64) -> u64 {
        let phase = decay::straighten(bits) + units - self.zero;
        ((phase as u128 * self.ticks_per_unit as u128) >> 64) as u64 + 1
    }
}
