//! Threads' blocks: counted references, and blocks that are used again and never freed.
//!
//! A mutex names its owner by the address of a block, and who waits for the mutex looks at that owner. Nobody
//! can stop a thread from ending with a mutex locked (`mem::forget` is safe), so the address may outlive the
//! thread. It does not matter: where a block once was, there always is one.
//!
//! A thread that crashes leaves locked what it held, and nobody knows what that is: taking a free mutex stores the
//! thread pointer and nothing else. So a pointer to a block carries the block's *generation* in its top byte, which the
//! core ignores in an address (TBI: DDI 0487, D8.8.1). A crash begins the next generation; who then finds a mutex with
//! the pointer of an earlier one knows that its owner is dead (`is_past`). It costs nothing where there is no crash.
//! A block whose generations are used up, after 255 crashes, is not used again.
//!
//! A thread's stack stays with its block, which waits for the next thread in a list for the size of the stack: so a birth
//! takes both at once, and when nobody refers to the thread any more both go back at once. When memory is short the stacks
//! are taken away from blocks that are free.

#![expect(unsafe_code, reason = "blocks are shared by counted pointers")]

mod free;

use alloc::boxed::Box;
use core::mem::ManuallyDrop;
use core::num::NonZeroUsize;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering, fence};

use crate::arch::cpu::{self, IrqGuard};
use crate::mem::fallible::{NoMemory, try_box};
use crate::mem::stacks::{SIZES, Stack, StackError};
use crate::sched::per_core::Core;
use crate::sched::registry;
use crate::sched::thread::{self, Birth, Thread};
use crate::sync::SpinLock;
use crate::sync::inheritance;
use free::Free;

/// A counted reference to a thread's block: `Arc`, but for what becomes of a block that nobody refers to.
#[derive(Debug)]
pub struct ThreadRef(NonNull<Thread>);

// SAFETY: it gives shared access to a `Thread`, which is `Sync`, and may end its life from any thread, for
// which `Thread` is `Send`.
unsafe impl Send for ThreadRef {}
// SAFETY: as above.
unsafe impl Sync for ThreadRef {}

static FREE: SpinLock<Free> = SpinLock::new(Free::new());

/// Calls `look` with the units of all stacks that free blocks have; none comes or goes meanwhile.
pub(crate) fn with_stack_units<R>(look: impl FnOnce(usize) -> R) -> R {
    let free = FREE.lock();
    look(free.units())
}

/// Takes the stack of a free block, if one has one.
pub(crate) fn take_stack() -> Option<Stack> {
    FREE.lock().take_stack()
}

/// Blocks that are not used again.
static WORN_OUT: AtomicUsize = AtomicUsize::new(0);

/// The generation in a pointer to a block.
const GENERATION_AT: u32 = usize::BITS - u8::BITS;

/// The last generation of a block.
const LAST: u8 = u8::MAX;

/// Bytes of the blocks that are not used again.
pub(crate) fn worn_out_bytes() -> usize {
    WORN_OUT.load(Ordering::Relaxed) * size_of::<Thread>()
}

/// Whether the pointer to a block in `word` is of an earlier generation: its thread has crashed. Exact for whoever holds
/// the lock of `sync::inheritance`; else, as a hint.
pub(crate) fn is_past(word: usize) -> bool {
    let block = NonNull::new(core::ptr::with_exposed_provenance_mut::<Thread>(word));
    // SAFETY: where a block once was there is one for ever; the field is atomic.
    block.is_some_and(|block| unsafe { block.as_ref() }.generation() != generation_in(word))
}

const fn generation_in(pointer: usize) -> u8 {
    (pointer >> GENERATION_AT) as u8
}

/// The pointer to the same block, of its generation now.
fn renewed(block: NonNull<Thread>) -> NonNull<Thread> {
    // SAFETY: where a block once was there is one for ever; the field is atomic.
    let generation = unsafe { block.as_ref() }.generation();
    block.map_addr(|address| {
        let plain = address.get() & !(usize::from(LAST) << GENERATION_AT);
        let renewed = plain | usize::from(generation) << GENERATION_AT;
        // SAFETY: not zero: a block has an address, and that is in the other bytes.
        unsafe { NonZeroUsize::new_unchecked(renewed) }
    })
}

/// A block that no thread has, with a stack: its holder's alone.
#[derive(Debug)]
pub(crate) struct Vacant(NonNull<Thread>);

impl Vacant {
    /// One that is free, or a new one, with a stack of so many units.
    ///
    /// # Errors
    ///
    /// There is no memory for it, or for its stack; or that would be larger than the memory.
    #[inline(always)]
    pub(crate) fn take(units: NonZeroUsize, irq: IrqGuard) -> Result<Self, StackError> {
        let free = FREE.lock_masked(&irq).take(units.get());
        // To make one takes long.
        drop(irq);
        match free {
            Some(block) => Ok(Self(block)),
            None => furnish(units),
        }
    }

    /// The address above its stack.
    #[inline]
    pub(crate) fn stack_top(&self) -> usize {
        // SAFETY: where a block once was there is one for ever.
        unsafe { self.0.as_ref() }.stack().map_or(0, Stack::top)
    }

    /// Gives it to a new thread. The first reference to that, besides the scheduler's own, for which `reap` makes a
    /// `ThreadRef`.
    #[inline(always)]
    pub(super) fn occupy(self, birth: Birth<'_>, irq: &IrqGuard) -> ThreadRef {
        let block = ManuallyDrop::new(self).0;
        // SAFETY: no thread has it, and nobody refers to it but mutexes whose owner it was.
        unsafe { inheritance::renew(block, || Thread::begin(block, birth), irq) };
        ThreadRef(renewed(block))
    }
}

impl Drop for Vacant {
    fn drop(&mut self) {
        give_back(self.0);
    }
}

/// Nobody refers to the thread of this block any more, if it had one. A call, because references are dropped in a
/// thousand places.
#[inline(never)]
fn give_back(block: NonNull<Thread>) {
    give_back_here(block);
}

/// The same without a call, for where threads end one after the other.
#[inline(always)]
fn give_back_here(block: NonNull<Thread>) {
    // SAFETY: where a block once was there is one for ever; it is ours now.
    let thread = unsafe { block.as_ref() };
    let units = thread.stack().map_or(0, Stack::units);
    if units > SIZES || thread.generation() == LAST {
        return give_back_bare(block);
    }
    FREE.lock().put(block, units);
}

/// The same, without its stack; one that is worn out is not used again.
#[cold]
#[inline(never)]
fn give_back_bare(block: NonNull<Thread>) {
    // SAFETY: as above.
    let thread = unsafe { block.as_ref() };
    drop(thread.stack.take());
    if thread.generation() == LAST {
        WORN_OUT.fetch_add(1, Ordering::Relaxed);
    } else {
        FREE.lock().put(block, 0);
    }
}

/// A block whose stack has another size, or a new one, with a stack of so many units: so there are never more blocks than
/// threads at once.
#[cold]
#[inline(never)]
fn furnish(units: NonZeroUsize) -> Result<Vacant, StackError> {
    let free = FREE.lock().take_any();
    let vacant = Vacant(match free {
        Some(block) => block,
        None => make().map_err(|NoMemory| StackError::OutOfMemory)?,
    });
    // SAFETY: no thread has it, and it is in no list.
    let stack = unsafe { &vacant.0.as_ref().stack };
    drop(stack.take());
    stack.set(Some(Stack::of_units(units)?));
    Ok(vacant)
}

/// A block that no thread has had yet.
fn make() -> Result<NonNull<Thread>, NoMemory> {
    let block: &'static Thread = Box::leak(try_box(Thread::idle())?);
    // Before any store of its address, by whichever core: other cores look through those too (`Core::running`).
    fence(Ordering::SeqCst);
    registry::add(block);
    Ok(block.into())
}

/// The current thread owns no mutex any more, whatever it had locked: its thread pointer is of the block's next
/// generation, which is there already. No reference of its own is lost: they all lead to the block.
pub(super) fn renew_current(core: &Core, _masked: &IrqGuard) {
    let current = renewed(NonNull::from(thread::current()));
    // SAFETY: the same block, which stays.
    core.set_current(unsafe { current.as_ref() });
    cpu::set_thread_pointer(current.as_ptr().expose_provenance());
}

impl ThreadRef {
    /// A reference to the thread that has `block`, if one has it; it may have ended.
    ///
    /// # Safety
    ///
    /// It is a block.
    pub(super) unsafe fn of_block(block: NonNull<Thread>) -> Option<Self> {
        // SAFETY: where a block once was there is one for ever; the field is atomic.
        let references = unsafe { &block.as_ref().references };
        let one_more = |count| (count > 0).then_some(count + 1);
        // Acquire: what the thread was born with is seen.
        references
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more)
            .ok()?;
        Some(Self(renewed(block)))
    }

    /// One more reference to a block that somebody holds one to.
    ///
    /// # Safety
    ///
    /// There is a reference to `block` and it stays during the call.
    pub(crate) unsafe fn again(block: NonNull<Thread>) -> Self {
        // SAFETY: there is a reference, so the block is a thread's.
        let before = unsafe { block.as_ref() }
            .references
            .fetch_add(1, Ordering::Relaxed);
        debug_assert!(before > 0 && before < usize::MAX / 2);
        Self(block)
    }

    /// The scheduler's own reference to a thread, made with it.
    ///
    /// # Safety
    ///
    /// Called once for each thread.
    pub(super) unsafe fn of_scheduler(block: NonNull<Thread>) -> Self {
        Self(block)
    }
}

impl Clone for ThreadRef {
    fn clone(&self) -> Self {
        // SAFETY: `self` is one.
        unsafe { Self::again(self.0) }
    }
}

impl Deref for ThreadRef {
    type Target = Thread;

    #[inline]
    fn deref(&self) -> &Thread {
        // SAFETY: the block is this thread's for as long as there is a reference.
        unsafe { self.0.as_ref() }
    }
}

impl ThreadRef {
    /// Drops it without a call: what most often is the last one.
    #[inline(always)]
    pub(crate) fn drop_here(self) {
        let this = ManuallyDrop::new(self);
        if this.is_last() {
            give_back_here(this.0);
        }
    }

    /// One fewer: whether nobody has one any more.
    #[inline(always)]
    fn is_last(&self) -> bool {
        // Release here, acquire below: what others did with the block comes before its next use.
        let is_last = self.references.fetch_sub(1, Ordering::Release) == 1;
        if is_last {
            fence(Ordering::Acquire);
        }
        is_last
    }
}

impl Drop for ThreadRef {
    fn drop(&mut self) {
        if self.is_last() {
            give_back(self.0);
        }
    }
}
