//! What a secondary core finds when it arrives: its stacks and its number, by MPIDR.

#![expect(unsafe_code, reason = "assembly reads the list")]

use core::cell::UnsafeCell;

use crate::board::MAX_CORES;

/// What `secondary_entry` reads about one core, with its MMU already on.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Secondary {
    /// Its affinity, as `cpu::affinity` gives it.
    pub mpidr: u64,
    /// Top of the stack that its exceptions arrive on; 0: no such core is expected.
    pub exception_stack_top: usize,
    /// Top of the stack of its first thread, the idle thread.
    pub thread_stack_top: usize,
    /// Its number.
    pub core: usize,
}

/// The list that `boot.s` searches.
#[repr(transparent)]
pub struct Secondaries(UnsafeCell<[Secondary; MAX_CORES]>);

// SAFETY: written by the boot core before it starts the core that an entry is for; read by that core only.
unsafe impl Sync for Secondaries {}

/// The secondaries that may arrive.
pub static SECONDARIES: Secondaries = Secondaries(UnsafeCell::new(
    [Secondary {
        mpidr: u64::MAX,
        exception_stack_top: 0,
        thread_stack_top: 0,
        core: 0,
    }; MAX_CORES],
));

/// The tops of the stacks of core `core`: the one that its exceptions arrive on, and its idle thread's.
///
/// # Safety
///
/// The core itself, which is not the boot core.
pub unsafe fn stack_tops(core: usize) -> [usize; 2] {
    // SAFETY: nobody writes the entry of a core that has been started, as our caller was.
    let secondary = unsafe { &(*SECONDARIES.0.get())[core] };
    [secondary.exception_stack_top, secondary.thread_stack_top]
}

/// Publishes what core `secondary.core` needs at its arrival.
///
/// # Safety
///
/// Boot core, before that core is started, and never again for it.
pub unsafe fn expect_secondary(secondary: Secondary) {
    // SAFETY: the caller's promise; the entry is in the array because `core` is below MAX_CORES.
    unsafe { (*SECONDARIES.0.get())[secondary.core] = secondary };
}
