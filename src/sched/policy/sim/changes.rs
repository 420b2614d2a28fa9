//! What others do to a thread of the simulation: its end, another priority.

use core::ptr::NonNull;

use super::{Cause, NEVER, Place, Priority, Sim};

/// Where a thread was found.
enum Found {
    Running,
    Queued,
    Asleep(u64),
    Gone,
}

impl Sim {
    /// Ends a thread, whatever it does.
    pub(super) fn exit(&mut self, id: usize) {
        let found = self.take_out(id);
        self.threads[id].is_gone.set(true);
        if matches!(found, Found::Running) {
            self.current = None;
            self.timer = (NEVER, false);
            if let Some(next) = self.queue.pop() {
                self.enter(next, false);
            }
        }
    }

    /// Changes a thread's share from now on, as the scheduler does: the runner is charged by its old weight.
    pub(super) fn set_priority(&mut self, id: usize, percent: u32) {
        let weight = Priority::from_percent(percent).weight();
        match self.take_out(id) {
            Found::Running => {
                self.threads[id].set_weight(weight);
                self.runner.weight = weight;
                self.runner.rank = self.threads[id].rank();
                self.runner.since = self.policy.at(self.now);
                self.since = self.now;
            }
            Found::Queued => {
                self.threads[id].set_weight(weight);
                let (rank, waits_since) =
                    (self.threads[id].rank(), self.threads[id].waits_since.get());
                self.enqueue(id, rank, Place::After);
                self.threads[id].waits_since.set(waits_since);
            }
            Found::Asleep(until) => {
                self.threads[id].set_weight(weight);
                self.sleepers.insert((until, id));
            }
            Found::Gone => return,
        }
        if self.current.is_some() {
            self.reconsider(Cause::Preempt);
        }
    }

    /// Takes a thread out of wherever it is; one that runs is charged.
    fn take_out(&mut self, id: usize) -> Found {
        if self.current == Some(id) {
            let rank = self.runner.rank_at(self.policy.at(self.now));
            self.leave(id);
            self.threads[id].set_rank(rank);
            return Found::Running;
        }
        if let Some(&sleeper) = self.sleepers.iter().find(|sleeper| sleeper.1 == id) {
            self.sleepers.remove(&sleeper);
            return Found::Asleep(sleeper.0);
        }
        if self.threads[id].is_gone.get() {
            return Found::Gone;
        }
        // It may have been the one that the timer was set for.
        self.timer.1 = false;
        // SAFETY: a thread that neither runs nor sleeps nor has ended is queued.
        unsafe { self.queue.remove(NonNull::from(&*self.threads[id])) };
        Found::Queued
    }
}
