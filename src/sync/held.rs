//! Which read-write locks a thread holds: so that they are given up for it when it crashes.
//!
//! In the thread's block, written by the thread alone. A guard that is forgotten (`mem::forget`) leaves its lock's shared
//! part there, which then stays for good.

use core::sync::atomic::{AtomicPtr, Ordering};

use super::raw_rwlock::Shared;

/// Locks that are kept of a thread. Of one that holds more at a time, the others are not given up when it crashes.
const LOCKS: usize = 4;

/// The read-write locks that a thread holds.
#[derive(Debug)]
pub(crate) struct Held([AtomicPtr<Shared>; LOCKS]);

impl Held {
    /// None.
    pub(crate) const fn new() -> Self {
        Self([const { AtomicPtr::new(core::ptr::null_mut()) }; LOCKS])
    }

    /// The thread itself: it holds this one too.
    pub(super) fn add(&self, lock: &Shared) {
        let free = self
            .0
            .iter()
            .find(|place| place.load(Ordering::Relaxed).is_null());
        if let Some(place) = free {
            place.store(core::ptr::from_ref(lock).cast_mut(), Ordering::Relaxed);
        }
    }

    /// The thread itself: it holds it once less.
    pub(super) fn remove(&self, lock: &Shared) {
        let it = core::ptr::from_ref(lock).cast_mut();
        let place = self
            .0
            .iter()
            .find(|place| place.load(Ordering::Relaxed) == it);
        if let Some(place) = place {
            place.store(core::ptr::null_mut(), Ordering::Relaxed);
        }
    }

    /// The thread itself, which has crashed: one of them, which it holds no more.
    pub(super) fn take(&self) -> Option<*const Shared> {
        self.0
            .iter()
            .map(|place| place.swap(core::ptr::null_mut(), Ordering::Relaxed))
            .find(|lock| !lock.is_null())
            .map(<*mut Shared>::cast_const)
    }
}
