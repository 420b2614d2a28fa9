//! Locks: [`Mutex`], [`Condvar`], [`Semaphore`], [`RwLock`], [`Barrier`], [`Once`] and [`channel`] for threads,
//! [`SpinLock`] for what interrupt handlers share.
//!
//! All waiting is first come, first served. A wake-up is never spurious: exactly one waker wins a waiting
//! thread (`sched::wake`).
//!
//! Lock order, outermost first: a list of waiting threads or the graph of the mutexes, the timer queue of a
//! core, the registry of threads, the heap or the page tables, the page allocator. The console's lock is a
//! leaf. A spin lock is never held over a switch.

mod condvar;
pub(crate) mod inheritance;
pub(crate) mod kernel;
#[cfg(loom)]
mod model;
mod mutex;
mod raw_mutex;

pub use condvar::Condvar;
pub use mutex::{LockResult, Mutex, MutexGuard, PoisonError};

#[cfg(not(loom))]
mod barrier;
#[cfg(not(loom))]
pub mod channel;
#[cfg(not(loom))]
pub(crate) mod held;
#[cfg(not(loom))]
mod once;
#[cfg(not(loom))]
pub(crate) mod raw_rwlock;
#[cfg(not(loom))]
mod rwlock;
#[cfg(not(loom))]
mod semaphore;
#[cfg(not(loom))]
pub(crate) mod spinlock;

#[cfg(not(loom))]
pub use {
    barrier::{Barrier, BarrierWaitResult},
    once::{Once, OnceLock},
    rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard},
    semaphore::Semaphore,
    spinlock::{SpinLock, SpinLockGuard},
};
