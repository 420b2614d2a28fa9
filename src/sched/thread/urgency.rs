//! How urgent a thread is: its own class and share, and what it inherits from those who wait for it.
//!
//! Anybody changes the one, the lock of `sync::inheritance` guards the other; both take effect when whoever
//! owns the thread adopts them.

use core::sync::atomic::Ordering;

use super::Thread;
use crate::core_id::CoreId;
use crate::sched::policy::{Priority, Rank, Urgency};

impl Thread {
    /// Its share of a core, in the normal class.
    #[inline]
    pub fn priority(&self) -> Priority {
        Priority::from_percent(self.priority.load(Ordering::Relaxed).into())
    }

    pub(in crate::sched) fn set_priority(&self, priority: Priority) {
        // At most `Priority::MAX_PERCENT`.
        self.priority
            .store(priority.percent() as u16, Ordering::Relaxed);
    }

    /// Its place in the realtime class; 0: in the normal class.
    #[inline]
    pub fn realtime(&self) -> u8 {
        self.realtime.load(Ordering::Relaxed)
    }

    pub(in crate::sched) fn set_realtime(&self, realtime: u8) {
        self.realtime.store(realtime, Ordering::Relaxed);
    }

    /// What it inherits.
    #[inline]
    pub(crate) fn inherited(&self) -> Urgency {
        Urgency::from_bits(self.inherited.load(Ordering::Relaxed))
    }

    /// The best rank of the normal class among those from whom it inherits.
    pub(crate) fn inherited_rank(&self) -> Rank {
        Rank::from_bits(self.inherited_rank.load(Ordering::Relaxed))
    }

    /// Its own urgency or the one that it inherits, whichever is more.
    #[inline]
    pub fn urgency(&self) -> Urgency {
        Urgency::new(self.realtime(), self.priority()).max(self.inherited())
    }

    /// Sets what it inherits, `rank` besides what it has so far. Whether that makes its urgency another one:
    /// then the owner of the thread has to adopt it. For whoever holds the lock of the inheritance.
    pub(crate) fn inherit(&self, inherited: Urgency, rank: Rank) -> bool {
        let before = self.urgency();
        let rank = if inherited == Urgency::LEAST {
            Rank::IDLE
        } else if rank.is_realtime() {
            self.inherited_rank()
        } else {
            rank.min(self.inherited_rank())
        };
        self.inherited_rank.store(rank.to_bits(), Ordering::Relaxed);
        self.inherited.store(inherited.to_bits(), Ordering::Relaxed);
        self.urgency() != before
    }

    /// Notes that its priority, its class or its inheritance was changed.
    pub(crate) fn mark_changed(&self) {
        self.standing.mark_changed();
    }

    /// Gives it the weight and the class that it is meant to have, if they were changed. Whether it may stay on core
    /// `here`, which owns the thread, while it is in no queue.
    #[inline]
    pub(in crate::sched) fn adopt_changes(&self, here: CoreId) -> bool {
        if !self.standing.is_changed() {
            return true;
        }
        let changes = self.standing.take_changed(here);
        if changes.urgency {
            self.adopt_urgency();
        }
        changes.may_stay
    }

    /// Its rank in the normal class, whatever it runs with. For whoever owns the thread.
    #[inline]
    pub(in crate::sched) fn normal_rank(&self) -> Rank {
        let rank = self.rank();
        if rank.is_realtime() {
            self.own_rank.get()
        } else if self.is_rank_lent.get() {
            // What it ran at another's rank is its own affair from where that has passed its own.
            rank.max(self.own_rank.get())
        } else {
            rank
        }
    }

    #[cold]
    fn adopt_urgency(&self) {
        let urgency = self.urgency();
        let class = urgency.realtime();
        let priority = if class == 0 {
            urgency.priority()
        } else {
            self.priority()
        };
        // SAFETY: whoever owns the thread is alone with its weight.
        unsafe { (*self.run_links.get()).set_weight(priority.weight()) };

        let own = self.normal_rank();
        self.own_rank.set(own);
        // At the smallest share it would wait behind the middle ones for what it has run before, however large
        // the share is that it inherits: so it runs when the one who waits for it would.
        let lent = self.inherited_rank();
        self.is_rank_lent.set(class == 0 && lent < own);
        self.set_rank(if class > 0 {
            Rank::realtime(class)
        } else {
            own.min(lent)
        });
    }
}
