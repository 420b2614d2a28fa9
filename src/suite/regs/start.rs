//! The state in which a new thread's function starts, after one that has left every register full.

#![expect(unsafe_code, reason = "threads whose functions are assembly")]

use alloc::boxed::Box;

use super::{
    file::{Difference, RegisterFile, Scope},
    pattern::Seed,
    registers,
};
use crate::{
    cores::CoreId,
    mem::{stacks::StackError, window::units_for},
    sched::{
        blocks::ThreadRef,
        lifecycle::{self, Request},
        policy::Priority,
        thread::Thread,
    },
    thread::DEFAULT_STACK_BYTES,
};

/// PSTATE.I in DAIF.
const IRQS_MASKED: u64 = 1 << 7;

/// The number by which its patterns differ from those of the subjects.
const DIRTY: u16 = 0x3fff;

/// Two threads on one core: one that ends with all registers full, then one that stores what it starts with.
#[derive(Debug)]
pub(crate) struct Pair {
    core: CoreId,
    dirty: ThreadRef,
    fresh: ThreadRef,
    /// What the first is filled with, and what the second has found: boxes, given to the threads.
    files: [*mut RegisterFile; 2],
}

impl Pair {
    /// Starts both, pinned to `core`, which is online. `round` varies what the first fills the registers with.
    pub(crate) fn spawn(core: CoreId, round: u64) -> Result<Self, StackError> {
        let seed = Seed {
            thread: DIRTY,
            round,
        };
        let mut full = Box::<RegisterFile>::default();
        seed.fill(&mut full);
        // If there is no memory for a thread they are lost, with what may still use them.
        let files = [Box::into_raw(full), Box::into_raw(Box::default())];
        let spawn = |entry, file: *mut RegisterFile| {
            // SAFETY: it reads or writes one register file, which is not freed before it has ended, and of which nobody
            // else knows until then.
            unsafe { lifecycle::spawn(&request(core), entry, file as usize, None) }
        };
        Ok(Self {
            core,
            dirty: spawn(registers::dirty_entry(), files[0])?,
            fresh: spawn(registers::start_entry(), files[1])?,
            files,
        })
    }

    /// Whether both have ended.
    pub(crate) fn is_done(&self) -> bool {
        self.dirty.is_gone() && self.fresh.is_gone()
    }

    /// The core on which they ran.
    pub(crate) fn core(&self) -> CoreId {
        self.core
    }

    /// Calls `tell` with every register that was not as it should be. For when both have ended.
    pub(crate) fn judge(self, tell: impl FnMut(Difference)) {
        debug_assert!(self.is_done());
        let expected = RegisterFile {
            tpidr_el0: core::ptr::from_ref::<Thread>(&self.fresh) as u64,
            ..RegisterFile::default()
        };
        // SAFETY: its thread has ended, and it is freed on drop.
        let found = unsafe { &mut *self.files[1] };
        found.daif &= IRQS_MASKED;
        expected.differences(found, Scope::Start, tell);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // If one of them still runs, it may still use its file: better lost than freed.
        if self.is_done() {
            for file in self.files {
                // SAFETY: it came from a box, its thread has ended, and nobody uses it after this.
                drop(unsafe { Box::from_raw(file) });
            }
        }
    }
}

fn request(core: CoreId) -> Request {
    let mut name = heapless::String::new();
    // It has room.
    let _ = name.push_str("regs start");
    Request {
        name,
        stack_units: const { units_for(DEFAULT_STACK_BYTES) },
        priority: Priority::NORMAL,
        realtime: 0,
        core: Some(core),
    }
}
