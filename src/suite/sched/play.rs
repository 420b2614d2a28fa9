//! A play: threads that leave digits in the order in which they run, and the order that is expected.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use ufmt::uwriteln;

use super::super::{
    order::Order,
    session::{Ended, Session},
};
use crate::{
    shell::Cancel,
    thread::{Builder, JoinHandle, Thread},
    time::Instant,
};

/// How long an actor waits for another one that cannot take long. The order is wrong by then.
const PATIENCE: Duration = Duration::from_secs(20);

/// Some actors. They are let off when this is dropped.
pub(super) struct Play {
    id: &'static str,
    order: Arc<Order>,
    is_over: Cancel,
    actors: Vec<JoinHandle<()>>,
}

/// What an actor has.
pub(super) struct Part {
    digit: u8,
    order: Arc<Order>,
    is_over: Cancel,
}

impl Play {
    pub(super) fn new(id: &'static str) -> Self {
        Self {
            id,
            order: Arc::new(Order::new()),
            is_over: Cancel::new(),
            actors: Vec::new(),
        }
    }

    /// One more actor. The first one's digit is 0.
    pub(super) fn add(
        &mut self,
        session: &mut Session<'_>,
        builder: Builder,
        act: impl FnOnce(&Part) + Send + 'static,
    ) -> Result<Thread, Ended> {
        let part = Part {
            digit: self.actors.len() as u8,
            order: self.order.clone(),
            is_over: self.is_over.clone(),
        };
        let handle = session.spawned(self.id, builder.spawn(move || act(&part)))?;
        let thread = handle.thread().clone();
        self.actors.push(handle);
        Ok(thread)
    }

    /// Waits until all have ended, and compares their order.
    pub(super) fn end(mut self, session: &mut Session<'_>, expected: &str) -> Result<(), Ended> {
        session.join_all(self.id, core::mem::take(&mut self.actors))?;
        let text = self.order.text();
        let is_so = text.as_str() == expected;
        let (id, out) = (self.id, session.out());
        let _ = uwriteln!(out, "{}: {}, expected {}", id, text.as_str(), expected);
        session.is(id, "order as expected", is_so);
        Ok(())
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        self.is_over.request();
    }
}

impl Part {
    /// Leaves this actor's digit.
    pub(super) fn leave(&self) {
        self.order.leave(self.digit);
    }

    /// Computes for so long, without giving up the core.
    pub(super) fn compute(&self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time && !self.is_over.is_requested() {
            core::hint::spin_loop();
        }
    }

    /// Computes until `digit` was left `count` times.
    pub(super) fn compute_until(&self, digit: u8, count: usize) {
        let start = Instant::now();
        while self.order.count(digit) < count
            && start.elapsed() < PATIENCE
            && !self.is_over.is_requested()
        {
            core::hint::spin_loop();
        }
    }
}
