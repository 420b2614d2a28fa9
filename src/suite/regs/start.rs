//! The state in which a new thread's function starts, after one that has left every register full.

#![expect(unsafe_code, reason = "threads whose functions are assembly")]

use alloc::{boxed::Box, sync::Arc};
use core::{mem::ManuallyDrop, sync::atomic::Ordering};

use super::{
    file::{Difference, RegisterFile, Scope},
    pattern::Seed,
    registers,
};
use crate::{
    cores::CoreId,
    mem::stacks::StackError,
    sched::{
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
    dirty: Arc<Thread>,
    fresh: Arc<Thread>,
    files: ManuallyDrop<Box<Files>>,
}

#[derive(Debug, Default)]
struct Files {
    dirty: RegisterFile,
    found: RegisterFile,
}

impl Pair {
    /// Starts both, pinned to `core`, which is online. `round` varies what the first fills the registers with.
    pub(crate) fn spawn(core: CoreId, round: u64) -> Result<Self, StackError> {
        let seed = Seed {
            thread: DIRTY,
            round,
        };
        let mut files = ManuallyDrop::new(Box::<Files>::default());
        seed.fill(&mut files.dirty);
        let file = &raw const files.dirty as usize;
        // SAFETY: it reads one register file, which is not freed before it has ended.
        let dirty = unsafe { lifecycle::spawn(request(core), registers::dirty_entry(), file) }?;
        let found = &raw mut files.found as usize;
        // SAFETY: it writes one register file, of which nobody else knows until it has ended.
        let fresh = unsafe { lifecycle::spawn(request(core), registers::start_entry(), found) }?;
        Ok(Self {
            core,
            dirty,
            fresh,
            files,
        })
    }

    /// Whether both have ended.
    pub(crate) fn is_done(&self) -> bool {
        let is_gone = |thread: &Thread| thread.is_gone.load(Ordering::Acquire);
        is_gone(&self.dirty) && is_gone(&self.fresh)
    }

    /// The core on which they ran.
    pub(crate) fn core(&self) -> CoreId {
        self.core
    }

    /// Calls `tell` with every register that was not as it should be. For when both have ended.
    pub(crate) fn judge(mut self, tell: impl FnMut(Difference)) {
        let expected = RegisterFile {
            tpidr_el0: Arc::as_ptr(&self.fresh) as u64,
            ..RegisterFile::default()
        };
        let found = &mut self.files.found;
        found.daif &= IRQS_MASKED;
        expected.differences(found, Scope::Start, tell);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        // If one of them still runs, it may still use its file: better lost than freed.
        if self.is_done() {
            // SAFETY: not used after this.
            unsafe { ManuallyDrop::drop(&mut self.files) };
        }
    }
}

fn request(core: CoreId) -> Request {
    let mut name = heapless::String::new();
    // It has room.
    let _ = name.push_str("regs start");
    Request {
        name,
        stack_bytes: DEFAULT_STACK_BYTES,
        priority: Priority::NORMAL,
        realtime: 0,
        core: Some(core),
    }
}
