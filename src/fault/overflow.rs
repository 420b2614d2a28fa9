//! A stack that ends while its thread is in the kernel with interrupts masked: it holds a spin lock, or is half in a
//! queue. It cannot end there, so it gets a page for as long as that lasts, and ends with the mask gone.
//!
//! The page is lent from a few in the image, and mapped in place of the upper half of the guard, without a lock: the
//! thread may hold the one of the tables. An SGI to the core itself comes when interrupts are unmasked, and makes the
//! thread go on at a `brk`. If the thread gives up the core before that, the SGI finds somebody else; so the switch,
//! which looks at nothing more for it, changes where the thread goes on: there it asks for the SGI anew.

#![expect(unsafe_code, reason = "maps pages, changes where threads go on")]

use core::cell::UnsafeCell;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::arch::cpu::IrqGuard;
use crate::arch::exceptions::{self, FaultFrame};
use crate::irq;
use crate::mem::lend;
use crate::mem::ranges::PAGE_BYTES;
use crate::sched::claim::State;
use crate::sched::per_core;
use crate::sched::thread::{self, Duties, Thread};

/// Pages that can be lent at the same time. A thread has its page until it ends, which may be after a long sleep.
const PAGES: usize = 16;

#[repr(C, align(4096))]
struct Pool(UnsafeCell<[[u8; PAGE_BYTES]; PAGES]>);

// SAFETY: each page is whose bit in `TAKEN` it is.
unsafe impl Sync for Pool {}

static POOL: Pool = Pool(UnsafeCell::new([[0; PAGE_BYTES]; PAGES]));
static TAKEN: AtomicU32 = AtomicU32::new(0);
static LENT: AtomicU32 = AtomicU32::new(0);

/// How often a page was lent, and how many pages are.
pub(crate) fn counts() -> (u32, u32) {
    let taken = TAKEN.load(Ordering::Relaxed).count_ones();
    (LENT.load(Ordering::Relaxed), taken)
}

/// A page that nobody has.
fn take() -> Option<usize> {
    let free = |taken: u32| {
        Some(taken | 1 << taken.trailing_ones()).filter(|_| taken.trailing_ones() < PAGES as u32)
    };
    let before = TAKEN
        .fetch_update(Ordering::Acquire, Ordering::Relaxed, free)
        .ok()?;
    Some(before.trailing_ones() as usize)
}

fn give_back(page: usize) {
    TAKEN.fetch_and(!(1 << page), Ordering::Release);
}

/// What is mapped while a page is lent: the upper half of the smallest guard. What a thread does with interrupts masked
/// needs far less than a page, and below it there is still a guard.
fn lent(stack: &Range<usize>) -> Range<usize> {
    stack.start - PAGE_BYTES..stack.start
}

/// Lends a page to the thread whose access has just faulted, if that was for its stack. Then the access is to be made
/// again. On the core's exception stack, all masked.
pub(super) fn lend(frame: &FaultFrame, thread: &Thread, stack: &Range<usize>) -> bool {
    /// A data abort of this level, by a page that is not mapped (DDI 0487, ESR_EL1: EC, DFSC).
    const NOT_MAPPED: u64 = 0x25 << 6 | 0x07;
    let is_for_page = frame.esr >> 26 << 6 | frame.esr & 0x3f == NOT_MAPPED;
    let place = lent(stack);
    if !is_for_page || !place.contains(&(frame.far as usize)) || thread.lent_page().is_some() {
        return false;
    }
    let Some(page) = take() else {
        return false;
    };
    let memory = POOL.0.get().expose_provenance() + page * PAGE_BYTES;
    // SAFETY: the page is this thread's alone, and so is the place, where nothing is mapped. `Stack` has seen to it that
    // there is a table.
    if !unsafe { lend::lend_page(place.start, memory) } {
        give_back(page);
        return false;
    }
    thread.set_lent_page(Some(page));
    LENT.fetch_add(1, Ordering::Relaxed);
    // SAFETY: an exception masks IRQs.
    let irq = unsafe { IrqGuard::assume_masked() };
    watch(&irq);
    true
}

/// The current thread has a page that is lent to it: it ends as soon as interrupts are unmasked.
fn watch(irq: &IrqGuard) {
    let core = per_core::this(irq);
    thread::current().after.add(Duties::OVERFLOWED);
    irq::send_overflow(core.id());
}

/// The SGI has come: the thread that was interrupted ends, if it is the one. If it has held off preemption meanwhile, it
/// ends when it allows that again ([`preemption_is_allowed`]).
pub(crate) fn on_sgi(_masked: &IrqGuard) {
    let thread = thread::current();
    if thread.lent_page().is_some() && thread.preempt_count() == 0 {
        thread.after.remove(Duties::OVERFLOWED);
        // SAFETY: a handler of an interrupt calls this.
        unsafe { exceptions::go_on_at_overflow() };
    }
}

/// The current thread holds preemption off no more: asks for the SGI anew if it is to end.
#[inline]
pub(crate) fn preemption_is_allowed(irq: &IrqGuard) {
    if thread::current().lent_page().is_some() {
        watch(irq);
    }
}

/// A page was lent to `old`, whose registers have just been stored. It goes on where it asks for the SGI; if it has ended,
/// the page is free. (It has none any more if it has ended by an interrupt that found no room.)
pub(crate) fn switched_away(old: &Thread) {
    if old.lent_page().is_none() {
        return;
    }
    if old.state() == State::Exited {
        end(old);
    } else {
        old.divert(exceptions::overflow_goes_on());
    }
}

/// A thread that was diverted runs again, its interrupts masked, in place of returning from `reschedule`. Returns where
/// it is to go on.
pub(crate) extern "C" fn goes_on() -> usize {
    // SAFETY: `reschedule` returns masked.
    let irq = unsafe { IrqGuard::assume_masked() };
    watch(&irq);
    thread::current().diverted_from()
}

/// The thread stands on its stack no more, or on another part of it: takes back what was lent to it.
pub(super) fn end(thread: &Thread) {
    let (Some(page), Some(stack)) = (thread.lent_page(), thread.stack_range()) else {
        return;
    };
    thread.set_lent_page(None);
    // Who has ended, or was interrupted with IRQs unmasked, holds no spin lock: not the one of the tables either.
    // SAFETY: nobody uses it any more.
    unsafe { lend::take_page_back(lent(&stack).start) };
    give_back(page);
}
