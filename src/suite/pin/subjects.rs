//! The threads that `pin` pins: one that waits, and one that looks where it is and never yields.

use super::{
    super::{
        gate::Keeper,
        session::{Ended, Session},
    },
    exactly,
};
use crate::{
    cores::{self, CoreId},
    shell::Cancel,
    thread::{self, Builder, JoinHandle},
};

/// A thread that waits until it is let go, and returns where it then runs.
pub(super) struct Waiter {
    gate: Keeper,
    pub(super) handle: JoinHandle<CoreId>,
}

impl Waiter {
    /// Starts one, and waits until it sleeps.
    pub(super) fn spawn(session: &mut Session<'_>, id: &str) -> Result<Self, Ended> {
        let gate = Keeper::new();
        let inside = gate.gate();
        let work = move || {
            inside.pass();
            cores::current()
        };
        let handle = session.spawned(id, Builder::new().name("pin wait").spawn(work))?;
        let waiter = Self { gate, handle };
        let is_blocked = || waiter.handle.thread().info().state == thread::State::Waiting;
        session.wait(id, "it waits", is_blocked)?;
        Ok(waiter)
    }

    /// Lets it go, and checks that it runs on `core`.
    pub(super) fn runs_on(
        self,
        session: &mut Session<'_>,
        id: &str,
        core: CoreId,
    ) -> Result<(), Ended> {
        self.gate.open();
        let got = session.join(id, self.handle)?;
        session.check(id, "core", exactly(core), got.index() as u64);
        Ok(())
    }
}

/// A thread that never yields and only looks where it is, until it is on `target`.
#[derive(Clone, Copy)]
pub(super) struct Chase {
    pub(super) id: &'static str,
    pub(super) target: CoreId,
    /// Whether it holds preemption off now and then.
    pub(super) holds_off: bool,
}

/// The thread of a chase. It gives up when this is dropped.
pub(super) struct Seeker {
    stop: Cancel,
    pub(super) handle: JoinHandle<CoreId>,
}

impl Chase {
    pub(super) fn spawn(
        self,
        session: &mut Session<'_>,
        builder: Builder,
    ) -> Result<Seeker, Ended> {
        let stop = Cancel::new();
        let inside = stop.clone();
        let seek = move || {
            while cores::current() != self.target && !inside.is_requested() {
                let _held = self.holds_off.then(thread::preempt_disable);
                core::hint::black_box(());
            }
            cores::current()
        };
        let handle = session.spawned(self.id, builder.name("pin seek").spawn(seek))?;
        Ok(Seeker { stop, handle })
    }

    /// Pins it to the target; it must arrive, or never end.
    pub(super) fn send(self, session: &mut Session<'_>, seeker: Seeker) -> Result<(), Ended> {
        let pinned = seeker.handle.thread().pin(self.target).is_ok();
        session.require(self.id, "pinned", pinned)?;
        session.wait(self.id, "it went", || seeker.handle.is_finished())
    }
}

impl Drop for Seeker {
    fn drop(&mut self) {
        self.stop.request();
    }
}
