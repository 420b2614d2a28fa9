//! Locks: [`Mutex`], [`Condvar`] and [`Semaphore`] for threads, [`SpinLock`] for what interrupt handlers
//! share.
//!
//! All waiting is first come, first served. A wake-up is never spurious: exactly one waker wins a waiting
//! thread (`sched::wake`).
//!
//! Lock order, outermost first: a mutex's or a condition variable's list, the timer queue of a core, the
//! registry of threads, the heap or the page tables, the page allocator. The console's lock is a leaf. A spin
//! lock is never held over a switch.

mod condvar;
mod mutex;
mod semaphore;
mod spinlock;

pub use condvar::Condvar;
pub use mutex::{Mutex, MutexGuard};
pub use semaphore::Semaphore;
pub use spinlock::{SpinLock, SpinLockGuard};
