//! What is wished of a thread: that it be on another core, of another priority or class. Who says so, and who heeds it.

use super::{ANY_CORE, Changes, PINNING, Standing, State, URGENCY};
use crate::core_id::CoreId;
use crate::sched::atomic::Ordering;

impl Standing {
    /// The core that it is pinned to.
    #[inline]
    pub fn affinity(&self) -> Option<CoreId> {
        match self.affinity.load(Ordering::SeqCst) {
            ANY_CORE => None,
            pinned => Some(CoreId::from_raw(pinned)),
        }
    }

    /// Anybody: pins it, or unpins it. To be followed by [`to_be_told`](Self::to_be_told), if it is pinned.
    pub fn set_affinity(&self, core: Option<CoreId>) {
        self.affinity
            .swap(core.map_or(ANY_CORE, CoreId::raw), Ordering::SeqCst);
        if core.is_some() {
            self.changes.fetch_or(PINNING, Ordering::SeqCst);
        }
    }

    /// Anybody: its priority or its class was changed. To be followed by [`to_be_told`](Self::to_be_told). A
    /// read-modify-write, so that the owner sees the changes of all who have marked it.
    pub fn mark_changed(&self) {
        self.changes.fetch_or(URGENCY, Ordering::SeqCst);
    }

    /// Whether its pinning, priority or class were changed since the owner looked, or it is not yet where it is pinned.
    #[inline]
    pub fn is_changed(&self) -> bool {
        self.changes.load(Ordering::SeqCst) != 0
    }

    /// For core `here`, which owns the thread, before it looks at priority and class. A read-modify-write: what was changed
    /// before a bit was set is seen after it, and a bit that is set meanwhile stays.
    pub fn take_changed(&self, here: CoreId) -> Changes {
        let may_stay = || self.affinity().is_none_or(|target| target == here);
        let changes = if may_stay() {
            self.changes.swap(0, Ordering::SeqCst)
        } else if self.changes.load(Ordering::SeqCst) & URGENCY == 0 {
            0
        } else {
            self.changes.fetch_and(!URGENCY, Ordering::SeqCst)
        };
        let may_stay = may_stay();
        if !may_stay {
            // Whoever owns it next, perhaps after it has blocked, is to look: it may have been pinned at this moment.
            self.changes.fetch_or(PINNING, Ordering::SeqCst);
        }
        Changes {
            urgency: changes & URGENCY != 0,
            may_stay,
        }
    }

    /// The core that has to look at the thread again after a wish was uttered: the one that runs it, or on
    /// which it waits for its turn. A blocked thread is looked at when it wakes.
    ///
    /// The wish was stored before these loads, the state that a waker stores comes before it looks for
    /// wishes, and all of these are sequentially consistent: so one of the two sees the other. The core is
    /// read after the state, for the same reason.
    pub fn to_be_told(&self) -> Option<CoreId> {
        (self.stored_state() == State::Ready).then(|| self.core())
    }
}
