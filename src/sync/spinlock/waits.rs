//! Waiting for a spin lock; and, once it takes long, saying for which and for whom, to whoever watches.
//!
//! A core that waits has IRQs masked and answers nobody. What it says it says by itself, here, where it has nothing
//! else to do.

use core::arch::asm;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::{FREE, try_take};
use crate::arch::cpu::{self, IrqGuard};
use crate::board::MAX_CORES;
use crate::core_id::CoreId;
use crate::sched::per_core;

/// Looks at the lock before it is said. More than a wait takes that is no hang, so that those cost nothing.
const LOOKS: u32 = 10_000;

/// What a core waits for. Only the core itself writes.
#[derive(Debug)]
struct Wait {
    /// The lock; 0: it does not wait.
    lock: AtomicUsize,
    /// Who had it at the last look: a thread's block.
    owner: AtomicUsize,
    /// Where in the code it waits.
    at: AtomicUsize,
}

static WAITS: [Wait; MAX_CORES] = [const {
    Wait {
        lock: AtomicUsize::new(0),
        owner: AtomicUsize::new(0),
        at: AtomicUsize::new(0),
    }
}; MAX_CORES];

/// For what a core waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LongWait {
    /// Address of the lock.
    pub(crate) lock: usize,
    /// Address of the block of the thread that had it; 0: nobody.
    pub(crate) owner: usize,
    /// Where the wait would return to.
    pub(crate) at: usize,
}

/// For what `core` has waited for long, if it does. One moment's only for a core that goes on waiting.
pub(crate) fn wait_of(core: CoreId) -> Option<LongWait> {
    let wait = &WAITS[core.index()];
    let lock = wait.lock.load(Ordering::Acquire);
    (lock != 0).then(|| LongWait {
        lock,
        owner: wait.owner.load(Ordering::Relaxed),
        at: wait.at.load(Ordering::Relaxed),
    })
}

/// Takes the lock with this owner, however long that takes.
#[cold]
#[inline(never)]
pub(super) fn wait(owner: &AtomicUsize, irq: &IrqGuard) {
    let mut looks = 0;
    while !try_take(owner) {
        loop {
            let now = owner.load(Ordering::Relaxed);
            if now == FREE {
                break;
            }
            cpu::relax();
            looks += 1;
            if looks == LOOKS {
                // So that it does not overflow, and is said again: the owner may be another one.
                looks = LOOKS - LOOKS / 2;
                say(owner, now, return_address(), irq);
            }
        }
    }
    if looks >= LOOKS / 2 {
        WAITS[per_core::this(irq).id().index()]
            .lock
            .store(0, Ordering::Relaxed);
    }
}

#[cold]
fn say(lock: &AtomicUsize, owner: usize, at: usize, irq: &IrqGuard) {
    let wait = &WAITS[per_core::this(irq).id().index()];
    wait.owner.store(owner, Ordering::Relaxed);
    wait.at.store(at, Ordering::Relaxed);
    let lock = core::ptr::from_ref(lock).addr();
    wait.lock.store(lock, Ordering::Release);
}

/// Where the function that this is inlined into returns to: the second word of its frame record (AAPCS64, 6.4.6).
#[inline(always)]
fn return_address() -> usize {
    let to: usize;
    // SAFETY: the image is built with frame pointers, so x29 is the address of this function's record.
    unsafe { asm!("ldr {}, [x29, #8]", out(reg) to, options(nostack, readonly, preserves_flags)) };
    to
}
