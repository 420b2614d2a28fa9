//! Blocks that no thread has, by the size of the stacks that they have.

#![expect(unsafe_code, reason = "a free block is the list's")]

use core::ptr::NonNull;

use crate::mem::stacks::{SIZES, Stack};
use crate::sched::thread::Thread;

/// Lists of blocks that no thread has, linked by what links those in an inbox.
#[derive(Debug)]
pub(super) struct Free {
    /// By the units of the stacks that they have; first those that have none.
    lists: [Option<NonNull<Thread>>; SIZES + 1],
    /// Units of all those stacks.
    units: usize,
}

// SAFETY: a free block is the list's alone.
unsafe impl Send for Free {}

impl Free {
    pub(super) const fn new() -> Self {
        Self {
            lists: [None; SIZES + 1],
            units: 0,
        }
    }

    /// Units of all stacks here.
    pub(super) const fn units(&self) -> usize {
        self.units
    }

    /// A block with a stack of so many units; 0: without one.
    #[inline(always)]
    pub(super) fn take(&mut self, units: usize) -> Option<NonNull<Thread>> {
        let list = self.lists.get_mut(units)?;
        let block = (*list)?;
        // SAFETY: a block in the list.
        *list = unsafe { block.as_ref() }.next_free();
        self.units -= units;
        Some(block)
    }

    /// Any block; one without a stack, if there is one.
    pub(super) fn take_any(&mut self) -> Option<NonNull<Thread>> {
        (0..=SIZES).find_map(|units| self.take(units))
    }

    /// Takes the stack of a block, if one has one.
    pub(super) fn take_stack(&mut self) -> Option<Stack> {
        let block = (1..=SIZES).find_map(|units| self.take(units))?;
        // SAFETY: just taken from a list, so it is ours.
        let stack = unsafe { block.as_ref() }.stack.take();
        self.put(block, 0);
        stack
    }

    /// Takes over a block with a stack of so many units, of which there is a list.
    #[inline(always)]
    pub(super) fn put(&mut self, block: NonNull<Thread>, units: usize) {
        let Some(list) = self.lists.get_mut(units) else {
            return;
        };
        // SAFETY: where a block once was there is one for ever; it is the list's now.
        unsafe { block.as_ref() }.set_next_free(*list);
        *list = Some(block);
        self.units += units;
    }
}
