//! How a thread of the model comes into a core's queue: what `traffic.rs` and `quick/goes_on.rs` do.

use std::sync::Arc;

use super::cpu::Cpu;
use crate::sched::claim::Way;

impl Cpu {
    /// `goes_on::after_a_look`, on an idle core. False: it is to look at everything.
    pub(super) fn takes_the_only_one(&mut self) -> bool {
        if !self.queue.is_empty() {
            return false;
        }
        let machine = Arc::clone(&self.machine);
        let Some(comer) = machine.cores[self.id.index()].inbox.take_only() else {
            return false;
        };
        let at = self.index(comer);
        if self.thread(at).standing.way_unchanged(self.id) == Some(Way::Home) {
            self.need_resched = false;
            self.leave_for(Some(at));
            return true;
        }
        // `after_taking`.
        self.arrives(at);
        false
    }

    /// `traffic::receive`.
    pub(super) fn receive(&mut self) -> bool {
        let mut goes_on = false;
        let machine = Arc::clone(&self.machine);
        for node in machine.cores[self.id.index()].inbox.take_all() {
            let at = self.index(node);
            if machine.threads[at].standing.way_unchanged(self.id) == Some(Way::Home) {
                self.queue_up(at);
            } else {
                goes_on |= self.arrives(at);
            }
        }
        self.need_resched = false;
        goes_on
    }

    /// `traffic::take_in`.
    fn arrives(&mut self, at: usize) -> bool {
        let machine = Arc::clone(&self.machine);
        let standing = &machine.threads[at].standing;
        if self.current == Some(at) {
            if standing.is_changed() {
                self.core().inbox.ask();
            }
            return true;
        }
        if standing.affinity().is_some_and(|target| target != self.id) {
            self.forward(at);
        } else {
            self.take_in(at);
        }
        false
    }

    /// `Own::enqueue`.
    pub(super) fn take_in(&mut self, at: usize) {
        let thread = self.thread(at);
        thread.standing.come_to(self.id);
        if !thread.adopt_changes(self.id) {
            self.core().inbox.ask();
        }
        self.queue_up(at);
    }

    /// `Own::enqueue_quickly`.
    pub(super) fn queue_up(&mut self, at: usize) {
        self.queue.push_back(at);
        self.need_resched = true;
    }
}
