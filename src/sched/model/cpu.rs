//! A core of the model: what `switch.rs`, `traffic.rs` and `idle.rs` do.

#![expect(unsafe_code, reason = "loom's cells")]

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::Arc;

use loom::thread;

use super::machine::{Core, Machine, Step, Thread, id};
use crate::core_id::CoreId;
use crate::sched::atomic::Ordering;
use crate::sched::claim::State;

/// Why a core asks who is to run.
#[derive(Clone, Copy)]
pub(super) enum Cause {
    Block,
    Exit,
    Wake,
    Interrupt,
}

/// A core, as it sees itself.
pub(super) struct Cpu {
    pub(super) id: CoreId,
    pub(super) machine: Arc<Machine>,
    pub(super) queue: VecDeque<usize>,
    /// `None`: its idle thread.
    pub(super) current: Option<usize>,
    registers: u8,
    pub(super) need_resched: bool,
    leaving: Option<usize>,
    /// The thread whose timer is due here.
    pub(super) due: Option<usize>,
    /// How often it has looked at all again. Not part of the model.
    pub(super) rescans: usize,
}

impl Cpu {
    pub(super) fn new(machine: Arc<Machine>, at: usize) -> Self {
        let is_here = |thread: &Thread| thread.runs_on == Some(at);
        let current = machine.threads.iter().position(is_here);
        if let Some(current) = current {
            machine.threads[current].standing.switch_in();
        }
        machine.cores[at].set_sleeper(Some(thread::current()));
        Self {
            id: id(at),
            machine,
            queue: VecDeque::new(),
            current,
            registers: 0,
            need_resched: false,
            leaving: None,
            due: None,
            rescans: 0,
        }
    }

    pub(super) fn thread(&self, at: usize) -> &Thread {
        &self.machine.threads[at]
    }

    /// The thread that runs here.
    pub(super) fn current(&self) -> &Thread {
        self.thread(self.current.expect("a thread runs"))
    }

    pub(super) fn core(&self) -> &Core {
        &self.machine.cores[self.id.index()]
    }

    pub(super) fn run(mut self) {
        loop {
            let Some(at) = self.current else {
                if self.is_over() {
                    self.core().set_sleeper(None);
                    return;
                }
                // `idle::run`, and the timer's interrupt.
                if let Some(due) = self.due.take() {
                    self.timer_fires(due);
                } else if self.core().inbox.is_empty() && !self.need_resched {
                    self.wait_for_interrupt();
                }
                if !self.takes_the_only_one() {
                    self.schedule(Cause::Interrupt);
                }
                continue;
            };
            let machine = Arc::clone(&self.machine);
            let mut registers = self.registers;
            let step = (machine.threads[at].script)(&mut self, &mut registers);
            self.registers = registers;
            match step {
                Step::GoesOn if self.need_resched => self.schedule(Cause::Wake),
                Step::GoesOn => {}
                Step::Computes => {
                    self.wait_for_interrupt();
                    self.schedule(Cause::Interrupt);
                }
                Step::Blocks => self.schedule(Cause::Block),
                Step::Ends => {
                    self.thread(at).standing.set_state(State::Exited);
                    self.ends();
                }
            }
        }
    }

    /// Everybody may end.
    pub(super) fn end(&self) {
        self.machine.is_over.store(true, Ordering::Relaxed);
        self.machine.cores.iter().for_each(Core::wake);
    }

    pub(super) fn is_over(&self) -> bool {
        self.machine.is_over.load(Ordering::Relaxed)
    }

    fn wait_for_interrupt(&self) {
        while !self.is_over() && !self.core().sgi.swap(false, Ordering::AcqRel) {
            thread::park();
        }
    }

    pub(super) fn is_queue_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// `schedule_next_thread`, the switch, `finish_switch`.
    pub(super) fn schedule(&mut self, cause: Cause) {
        self.need_resched = false;
        let goes_on = !self.core().inbox.is_empty() && self.receive();
        if self.core().inbox.is_asked() {
            self.rescan();
        }
        let machine = Arc::clone(&self.machine);
        let old = self.current.map(|at| &machine.threads[at]);
        let has_left = matches!(cause, Cause::Block | Cause::Exit) && !goes_on;
        let runs_on = !has_left && old.is_some();
        let leaves_core = runs_on
            && old.is_some_and(|old| {
                old.standing
                    .affinity()
                    .is_some_and(|target| target != self.id)
            });
        let stays = self.queue.is_empty() || old.is_some_and(|old| old.is_realtime);
        if runs_on && !leaves_core && stays {
            return;
        }
        let next = self.next();
        if next.is_none() && (old.is_none() || runs_on && !leaves_core) {
            return;
        }
        if let Some(at) = self.current
            && runs_on
        {
            if leaves_core {
                self.leaving = Some(at);
            } else {
                self.queue.push_front(at);
            }
        }
        self.leave_for(next);
    }

    /// The switch to who was chosen, and `finish_switch`.
    pub(super) fn leave_for(&mut self, next: Option<usize>) {
        let machine = Arc::clone(&self.machine);
        let old = self.current.map(|at| &machine.threads[at]);
        if old.is_some_and(|old| old.standing.state() == State::Exited) {
            self.leaving = self.current;
        }
        let new = next.map(|at| &machine.threads[at]);
        if let Some(new) = new {
            new.standing.switch_in();
        }
        self.current = next;
        // The switch.
        if let Some(old) = old {
            let registers = self.registers;
            // SAFETY: loom checks that the cores are one after the other.
            old.registers.with_mut(|at| unsafe { *at = registers });
        }
        if let Some(new) = new {
            // SAFETY: as above.
            self.registers = new.registers.with(|at| unsafe { *at });
        }
        // The rest is the new thread's.
        if let Some(old) = old {
            old.standing.switch_out();
        }
        if let Some(leaving) = self.leaving.take() {
            if self.thread(leaving).standing.state() == State::Exited {
                self.reap(leaving);
            } else {
                self.forward(leaving);
            }
        }
    }

    pub(super) fn index(&self, node: NonNull<Thread>) -> usize {
        let is_it = |thread: &Thread| core::ptr::eq(thread, node.as_ptr());
        self.machine
            .threads
            .iter()
            .position(is_it)
            .expect("a thread of this machine")
    }

    /// `traffic::forward`.
    pub(super) fn forward(&mut self, at: usize) {
        let target = self.thread(at).standing.affinity().unwrap_or(self.id);
        if target == self.id {
            self.take_in(at);
        } else {
            self.send(at, target);
        }
    }

    /// `traffic::next`.
    fn next(&mut self) -> Option<usize> {
        while let Some(at) = self.queue.pop_front() {
            let standing = &self.thread(at).standing;
            if standing.affinity().is_none_or(|target| target == self.id) {
                assert!(standing.is_stored());
                return Some(at);
            }
            self.forward(at);
        }
        None
    }

    /// `traffic::rescan`.
    fn rescan(&mut self) {
        self.rescans += 1;
        self.core().inbox.take_asked();
        if let Some(at) = self.current {
            self.thread(at).adopt_changes(self.id);
        }
        for at in core::mem::take(&mut self.queue) {
            if self.thread(at).adopt_changes(self.id) {
                self.queue.push_back(at);
            } else {
                self.forward(at);
            }
        }
    }
}
