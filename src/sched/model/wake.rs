//! What a thread of the model does to others: `wake.rs` and `timers.rs`.

#![expect(unsafe_code, reason = "the inbox links the threads")]

use std::ptr::NonNull;

use super::cpu::Cpu;
use super::machine::id;
use crate::core_id::CoreId;
use crate::sched::atomic::Ordering;
use crate::sched::claim::Way;

impl Cpu {
    /// `Claimed::enqueue`.
    pub(super) fn enqueue(&mut self, at: usize) {
        self.thread(at).claims.fetch_add(1, Ordering::Relaxed);
        let standing = &self.thread(at).standing;
        let way = standing.way_unchanged(self.id);
        match way.unwrap_or_else(|| standing.way(self.id)) {
            Way::Home if way.is_some() => self.queue_up(at),
            Way::Home | Way::Queue => self.take_in(at),
            Way::Inbox(core) => self.send(at, core),
        }
    }

    /// `wake::send`.
    pub(super) fn send(&self, at: usize, target: CoreId) {
        // SAFETY: the threads live as long as the machine; that only one core has it is what is checked.
        if unsafe {
            self.machine.cores[target.index()]
                .inbox
                .push(NonNull::from(self.thread(at)))
        } {
            self.machine.send_sgi(target);
        }
    }

    /// `wake::unpark`.
    pub(super) fn unpark(&mut self, at: usize) {
        if self.thread(at).standing.unpark() {
            self.enqueue(at);
        }
    }

    /// `timers::on_interrupt`, for one timer.
    pub(super) fn timer_fires(&mut self, at: usize) {
        let is_claimed = {
            let mut is_armed = self.thread(at).timer.lock().expect("no panic");
            core::mem::take(&mut *is_armed) && self.thread(at).standing.claim_for_timer()
        };
        if is_claimed {
            self.thread(at).timed_out.store(true, Ordering::Relaxed);
            self.enqueue(at);
        }
        self.need_resched = true;
    }

    /// `wake::set_affinity`.
    pub(super) fn pin(&mut self, at: usize, core: usize) {
        self.thread(at).standing.set_affinity(Some(id(core)));
        self.reconsider(at);
    }

    /// `wake::set_priority` and `wake::set_realtime`.
    pub(super) fn change(&mut self, at: usize, wish: usize) {
        self.thread(at).is_meant[wish].store(true, Ordering::Relaxed);
        self.thread(at).standing.mark_changed();
        self.reconsider(at);
    }

    /// `wake::heed`.
    pub(super) fn heed(&mut self) {
        if self.current().standing.is_changed() {
            self.reconsider(self.index(NonNull::from(self.current())));
        }
    }

    /// `wake::reconsider`.
    pub(super) fn reconsider(&mut self, at: usize) {
        let Some(core) = self.thread(at).standing.to_be_told() else {
            return;
        };
        self.machine.cores[core.index()].inbox.ask();
        if core == self.id {
            self.need_resched = true;
        } else {
            self.machine.send_sgi(core);
        }
    }
}
