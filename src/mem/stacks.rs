//! Stacks of threads: mapped memory with an unmapped guard below it, at the place that
//! [`window`](crate::mem::window) computes.
//!
//! A thread's stack stays with the block of the thread, which is used again (`sched::blocks`): so a
//! birth and an end touch neither page tables nor TLB. What is freed otherwise stays mapped too, in
//! lists. All of it is given up when memory is short ([`reclaim`]).
//!
//! A fresh stack is all zeros. So the first word from the bottom that is not zero tells how deep it
//! was ever used; a recycled stack is not cleared, its mark is that of all its users. The last 16
//! bytes below the top hold the list while a stack is free.
#![expect(unsafe_code, reason = "hands out raw memory")]

mod cache;

use crate::arch::cpu::IrqGuard;
use crate::mem::PAGES;
use crate::mem::ranges::PAGE_BYTES;
use crate::mem::tables;
use crate::mem::window::{UNIT_BYTES, UNIT_PAGES, block_of, units_for, window};
use crate::sched::blocks;
use crate::sync::SpinLock;
use core::mem::ManuallyDrop;
use core::num::NonZeroUsize;
use core::ops::Range;
use core::ptr::with_exposed_provenance_mut;

use cache::Cache;
pub(crate) use cache::SIZES;

/// A stack: mapped, and nobody else's. Dropping it makes it free for the next thread.
///
/// Whoever runs on it must keep it alive; nothing else is checked.
#[derive(Debug, PartialEq, Eq)]
pub struct Stack(Place);

/// Where a stack lies, without any right to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    bottom: usize,
    /// Never 0, so that the block of a thread has room for "no stack" here.
    units: NonZeroUsize,
}

/// Why there is no stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackError {
    /// Larger than the memory, or than the addresses that stacks have.
    TooLarge,
    /// Memory is short, for the stack or for its page tables.
    OutOfMemory,
}

/// What stacks cost now, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StackStats {
    /// Mapped stacks, the free ones included.
    pub mapped_bytes: usize,
    /// Free stacks that wait for their next user, those with a block included.
    pub cached_bytes: usize,
}

static CACHE: SpinLock<Cache> = SpinLock::new(Cache::new());

impl Stack {
    /// A stack of at least `bytes`, rounded up to 16 KiB.
    ///
    /// # Errors
    ///
    /// [`StackError`], after free stacks of other sizes have been given up for it.
    pub fn new(bytes: usize) -> Result<Self, StackError> {
        Self::of_units(units_for(bytes))
    }

    /// As [`new`](Self::new), by its size in units.
    pub(crate) fn of_units(units: NonZeroUsize) -> Result<Self, StackError> {
        if let Some(place) = CACHE.lock().take(units) {
            return Ok(Self(place));
        }
        match Place::map(units) {
            Err(StackError::OutOfMemory) if reclaim() > 0 => Place::map(units).map(Self),
            result => result.map(Self),
        }
    }

    /// Lowest address. Below it lies the guard.
    pub fn bottom(&self) -> usize {
        self.0.bottom
    }

    /// The address above the highest: where the stack begins. A multiple of 4096.
    pub fn top(&self) -> usize {
        self.0.top()
    }

    /// Its size in units.
    #[inline]
    pub(crate) const fn units(&self) -> usize {
        self.0.units.get()
    }

    /// Size.
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        CACHE.lock().put(self.0);
    }
}

impl Place {
    const fn top(self) -> usize {
        self.bottom + self.bytes()
    }

    const fn bytes(self) -> usize {
        self.units.get() * UNIT_BYTES
    }

    /// Makes a stack out of fresh memory.
    fn map(units: NonZeroUsize) -> Result<Self, StackError> {
        let pages = units
            .get()
            .checked_mul(UNIT_PAGES)
            .ok_or(StackError::TooLarge)?;
        if pages > PAGES.lock().total_pages() {
            return Err(StackError::TooLarge);
        }
        let block = PAGES
            .lock()
            .allocate(pages)
            .ok_or(StackError::OutOfMemory)?;
        let place = Self::map_block(block, units);
        match place {
            Ok(place) => CACHE.lock().stats.mapped_bytes += place.bytes(),
            // SAFETY: allocated above and mapped nowhere.
            Err(_) => unsafe { PAGES.lock().free(block, pages) },
        }
        place
    }

    /// Clears the memory from `block` and maps it at its window.
    fn map_block(block: usize, units: NonZeroUsize) -> Result<Self, StackError> {
        let stack = window(block, units.get())
            .ok_or(StackError::TooLarge)?
            .stack;
        // Through the linear map, with IRQs as they were and no lock held.
        // SAFETY: the caller has just allocated the memory.
        unsafe {
            with_exposed_provenance_mut::<u8>(block).write_bytes(0, units.get() * UNIT_BYTES);
        };
        // SAFETY: from now on the memory is used through the window only. Windows of different
        // blocks are disjoint, and an earlier stack in this block was unmapped before it was freed.
        unsafe { map_with_table_below(&stack, block) }
            .map_err(|tables::OutOfTables| StackError::OutOfMemory)?;
        Ok(Self {
            bottom: stack.start,
            units,
        })
    }

    /// Gives the memory back to the page allocator.
    ///
    /// # Safety
    ///
    /// Nobody uses the stack, and it is in no list.
    unsafe fn unmap(self) {
        CACHE.lock().stats.mapped_bytes -= self.bytes();
        // SAFETY: nobody uses the range, as our caller promises, and `map_block` mapped it.
        unsafe { tables::unmap_pages(&(self.bottom..self.top())) };
        let block = block_of(self.bottom, self.units.get());
        // SAFETY: allocated in `map`, and no core can reach the pages by the window any more.
        unsafe { PAGES.lock().free(block, self.units.get() * UNIT_PAGES) };
    }
}

/// Maps `stack` to the memory from `block`. Afterwards there is a table for the page below it too, where a page may have
/// to be lent at a moment when none can be made (`fault::overflow`).
///
/// # Safety
///
/// As of [`tables::map_pages`].
unsafe fn map_with_table_below(
    stack: &Range<usize>,
    block: usize,
) -> Result<(), tables::OutOfTables> {
    if stack.start.is_multiple_of(tables::TABLE_REACH_BYTES) {
        let below = stack.start - PAGE_BYTES..stack.start;
        // Masked, so that a thread whose own stack ends here comes to the end of this first: else the page would stay
        // mapped where a guard belongs.
        let _both = IrqGuard::mask();
        // SAFETY: nobody uses it before it is unmapped again; the memory is the caller's.
        unsafe {
            tables::map_pages(&below, block)?;
            tables::unmap_pages(&below);
        }
    }
    // SAFETY: the caller's promise.
    unsafe { tables::map_pages(stack, block) }
}

/// Gives all free stacks back to the page allocator. Returns how many pages that were.
///
/// One stack at a time, so that IRQs are masked only as long as one takes.
pub fn reclaim() -> usize {
    let mut pages = 0;
    loop {
        let place = CACHE.lock().take_any();
        let place = place.or_else(|| Some(ManuallyDrop::new(blocks::take_stack()?).0));
        let Some(place) = place else { return pages };
        pages += place.units.get() * UNIT_PAGES;
        // SAFETY: the stack was free and has just been taken out of its list.
        unsafe { place.unmap() };
    }
}

/// What stacks cost now.
pub fn stats() -> StackStats {
    // Within the other lock, so that no stack that goes from the one to the other is counted twice.
    blocks::with_stack_units(|units| {
        let mut stats = CACHE.lock().stats;
        stats.cached_bytes += units * UNIT_BYTES;
        stats
    })
}
