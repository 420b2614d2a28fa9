//! The order in which threads run: both classes, and what CPU time costs, in one number.

use super::{DecayedTime, Weight, decay};

/// The place of a thread in the order in which threads run: the smaller runs first.
///
/// A normal thread's rank is its runtime. A realtime thread's is its priority and, once queued, its
/// turn among equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(pub(super) u64);

impl Rank {
    /// An idle thread's, and an empty queue's: after everyone.
    pub const IDLE: Self = Self(u64::MAX);
    /// Where the realtime priority stands; below it is the turn.
    const PRIORITY_SHIFT: u32 = 55;
    /// The turn of a realtime thread that is not queued: neither before nor after anyone.
    const MID_TURN: u64 = 1 << (Self::PRIORITY_SHIFT - 1);

    /// The bits of a runtime in which those of one granule differ.
    const GRANULE: u64 = (1 << 26) - 1;

    /// How far ranks that follow each other in one list may lie apart, about: 12 % of a runtime.
    const REACH: u64 = 1 << 29;

    /// A new thread's: nothing used. Threads created later (with a larger `id`) come after those
    /// created earlier.
    #[must_use]
    pub const fn fresh(id: u32) -> Self {
        Self(decay::NORMAL | id as u64)
    }

    /// That of realtime priority `priority`, 1..=255, the higher before the lower. Zero is no
    /// realtime priority: it counts as 1.
    #[must_use]
    pub const fn realtime(priority: u8) -> Self {
        let priority = if priority == 0 { 1 } else { priority };
        Self(((u8::MAX - priority) as u64) << Self::PRIORITY_SHIFT | Self::MID_TURN)
    }

    /// The number itself, to be kept in an atomic.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The rank that [`to_bits`](Self::to_bits) gave.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Whether this is the rank of a realtime thread.
    #[inline]
    #[must_use]
    pub const fn is_realtime(self) -> bool {
        self.0 < decay::NORMAL
    }

    /// This realtime rank with the turn before (`before`) or after everything of its priority that
    /// was queued earlier. `count` is the number of turns given so far in this queue.
    pub(in crate::sched) const fn with_turn(self, before: bool, count: u64) -> Self {
        debug_assert!(self.is_realtime());
        let priority = self.0 >> Self::PRIORITY_SHIFT << Self::PRIORITY_SHIFT;
        let turn = if before {
            Self::MID_TURN - count
        } else {
            Self::MID_TURN + count
        };
        Self(priority | turn)
    }

    /// The last rank of this one's granule. Runtimes that differ by less than 1 % are queued in
    /// one granule, first come, first served: finer order is not worth a search.
    #[inline]
    pub(in crate::sched) const fn granule_end(self) -> Self {
        Self(self.0 | Self::GRANULE)
    }

    /// Whether a thread that is queued after all up to this rank comes after one of rank `last`,
    /// and not by far.
    #[inline]
    pub(in crate::sched) const fn follows(self, last: Self) -> bool {
        self.0.wrapping_sub(last.0) < Self::REACH
    }

    /// The last rank before this one's granule.
    pub(in crate::sched) const fn before_granule(self) -> Self {
        Self((self.0 & !Self::GRANULE) - 1)
    }

    /// This rank after a run from `from` to `to` with `weight`. Runs of every length are right; one
    /// that ends before it began counts as none. A realtime rank and that of an idle thread stay as they are.
    #[inline]
    #[must_use]
    pub const fn charged(self, weight: Weight, from: DecayedTime, to: DecayedTime) -> Self {
        match self.charged_quickly(weight, from, to) {
            Some(rank) => rank,
            None => self.charged_slowly(weight, from, to),
        }
    }

    /// [`charged`](Self::charged) in the cases that need no call, else `None`: so that a hot path
    /// stays a leaf, and takes another path as a whole where this one ends. For a normal thread
    /// that is when the clock or the runtime crosses a binade, a few times per half-life.
    #[inline]
    #[must_use]
    pub const fn charged_quickly(
        self,
        weight: Weight,
        from: DecayedTime,
        to: DecayedTime,
    ) -> Option<Self> {
        // One binade of the clock, one binade of the runtime, the runtime at most 2^20 times below
        // the clock: then the patterns add like integers. (Above the clock it is at most by the
        // weight, below 2^27, times what penalties add to it: never 64 binades.)
        let units = to.0.wrapping_sub(from.0);
        let above = decay::binade(self.0).wrapping_sub(decay::binade(to.0));
        let charge = units
            .wrapping_mul(weight.0 as u64)
            .wrapping_shr(above as u32);
        let sum = self.0.wrapping_add(charge);
        let one_span = units <= to.0 & 0xffff_ffff;
        let one_binade = decay::binade(sum) == decay::binade(self.0);
        if decay::binade(self.0) >= decay::binade(to.0) && one_span && one_binade {
            Some(Self(sum))
        } else {
            None
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) const fn charged_slowly(
        self,
        weight: Weight,
        from: DecayedTime,
        to: DecayedTime,
    ) -> Self {
        if self.is_realtime() || self.0 == Self::IDLE.0 {
            return self;
        }
        let charge = decay::difference(from.0, to.0) * weight.0 as u64;
        Self(decay::add(self.0, charge, decay::binade(to.0)))
    }

    /// Whether realtime rank `self` has a strictly higher priority than `other`, which may be of
    /// either class.
    pub(super) const fn outranks(self, other: Self) -> bool {
        self.0 >> Self::PRIORITY_SHIFT < other.0 >> Self::PRIORITY_SHIFT
    }
}
