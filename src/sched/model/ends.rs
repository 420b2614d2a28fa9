//! Ends of threads and waiting for them in the model: `lifecycle.rs`, `quick/ends.rs`, and the counted references of
//! `blocks.rs`.

#![expect(unsafe_code, reason = "loom's cells")]

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use loom::cell::UnsafeCell;
use loom::sync::atomic::fence;

use super::cpu::{Cause, Cpu};
use super::machine::{Step, Thread};
use crate::sched::atomic::Ordering;
use crate::sched::claim::State;
use crate::sched::joiner::Joiner;

/// What a thread has that is waited for, or referred to.
pub(super) struct End {
    joiner: Joiner<Thread>,
    references: loom::sync::atomic::AtomicUsize,
    /// All else that is in its block, the stack included: loom reports who uses it when it is somebody else's.
    block: UnsafeCell<u8>,
    /// How often its block was given back. Not part of the model.
    pub(super) frees: AtomicUsize,
}

/// What then stands in it.
const GIVEN_BACK: u8 = u8::MAX;

impl End {
    /// With so many references, the scheduler's included.
    pub(super) fn new(references: usize) -> Self {
        Self {
            joiner: Joiner::new(),
            references: loom::sync::atomic::AtomicUsize::new(references),
            block: UnsafeCell::new(0),
            frees: AtomicUsize::new(0),
        }
    }

    /// What stands in the block. For whoever has a reference, or knows that the thread does not end meanwhile.
    pub(super) fn look(&self) -> u8 {
        // SAFETY: loom checks that nobody writes it meanwhile.
        let block = self.block.with(|block| unsafe { *block });
        assert_ne!(block, GIVEN_BACK, "looks at a block that was given back");
        block
    }

    /// Writes into the block, without any order of its own.
    pub(super) fn write(&self, value: u8) {
        // SAFETY: loom checks that nobody else uses it.
        self.block.with_mut(|block| unsafe { *block = value });
    }

    /// Whom `Joiner::set_gone` finds.
    fn set_gone(&self) -> Option<NonNull<Thread>> {
        self.look();
        self.joiner.set_gone()
    }

    /// `ThreadRef::drop`. What is given back is another thread's at once.
    pub(super) fn drop_reference(&self) {
        if self.references.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            self.write(GIVEN_BACK);
            self.frees.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Cpu {
    /// `quick::ends`, or else `schedule_next_thread`: the current thread has ended.
    pub(super) fn ends(&mut self) {
        let is_quick = self.core().inbox.is_quiet();
        match self.claim_joiner_here() {
            Some(joiner)
                if is_quick
                    && self.is_queue_empty()
                    && self.thread(joiner).standing.is_settled() =>
            {
                self.leave_for(Some(joiner));
            }
            joiner => {
                if let Some(joiner) = joiner {
                    self.enqueue(joiner);
                }
                self.schedule(Cause::Exit);
            }
        }
    }

    /// `lifecycle::claim_joiner_here`.
    fn claim_joiner_here(&self) -> Option<usize> {
        let end = self.current().end.as_ref()?;
        let is_here = |joiner: &Thread| {
            joiner.end().look();
            joiner.standing.core() == self.id
        };
        let joiner = self.index(end.joiner.take_if(is_here)?);
        let is_claimed = self.thread(joiner).standing.claim(State::Waiting);
        is_claimed.then_some(joiner)
    }

    /// `lifecycle::reap`.
    pub(super) fn reap(&mut self, at: usize) {
        let machine = Arc::clone(&self.machine);
        let Some(end) = &machine.threads[at].end else {
            return;
        };
        let joiner = end.set_gone();
        end.drop_reference();
        if let Some(joiner) = joiner.map(|joiner| self.index(joiner)) {
            self.thread(joiner).end().look();
            if self.thread(joiner).standing.claim(State::Waiting) {
                self.enqueue(joiner);
            }
        }
    }

    /// `lifecycle::join`, one turn of it. `None`: thread `at` is gone.
    pub(super) fn join(&mut self, at: usize) -> Option<Step> {
        let machine = Arc::clone(&self.machine);
        let joiner = &machine.threads[at].end().joiner;
        if joiner.is_gone() {
            return None;
        }
        let current = self.current();
        current.standing.set_state(State::Waiting);
        if joiner.wait(current) {
            return Some(Step::Blocks);
        }
        current.standing.go_on();
        self.heed();
        Some(Step::GoesOn)
    }
}
