//! The threads under test: each fills its registers, comes through a switch, and compares, until it is told to stop.

use alloc::boxed::Box;
use core::time::Duration;

use super::{
    cause::Cause,
    file::{RegisterFile, Scope},
    handler,
    pattern::{Seed, after_loop},
    registers,
    roster::{Kind, partner},
    shared::{Mismatch, Shared, Subject},
};
use crate::{
    arch::cpu::IrqGuard,
    sched::{per_core, switch, thread as block, wake},
    thread::{self, Thread},
};

/// How long a subject that lets handlers look rests in between.
const REST: Duration = Duration::from_millis(1);

/// The life of subject `me`.
pub(crate) fn run(shared: &Shared, me: usize) {
    let subject = &shared.subjects[me];
    // Without a handle it was not told who it is: not all could be started.
    let Some(thread) = subject.thread.get() else {
        return;
    };
    let mut runner = Runner {
        shared,
        me,
        subject,
        thread,
        round: 0,
        expected: Box::default(),
        got: Box::default(),
    };
    while !shared.must_stop() {
        match subject.kind {
            Kind::Spin => runner.be_preempted(),
            Kind::Yield => runner.give_way(),
            Kind::Block => runner.take_turns(),
            Kind::Handler => runner.be_looked_at(),
            // New threads are the director's.
            Kind::Start => return,
        }
        subject.rounds.bump();
    }
    // A partner that waits would wait for ever.
    if subject.kind == Kind::Block {
        runner.wake_partner();
    }
}

struct Runner<'s> {
    shared: &'s Shared,
    me: usize,
    subject: &'s Subject,
    thread: &'s Thread,
    round: u64,
    expected: Box<RegisterFile>,
    got: Box<RegisterFile>,
}

impl Runner<'_> {
    fn be_preempted(&mut self) {
        let irq = IrqGuard::mask();
        self.check(Scope::Interrupted, &irq, registers::spin);
    }

    fn give_way(&mut self) {
        let irq = IrqGuard::mask();
        self.check(Scope::Called, &irq, |expected, got, irq| {
            registers::reschedule(switch::Cause::Yield, expected, got, irq);
        });
    }

    fn take_turns(&mut self) {
        self.wake_partner();
        wake::park_by(|irq| {
            self.check(Scope::Called, irq, |expected, got, irq| {
                registers::reschedule(switch::Cause::Block, expected, got, irq);
            });
        });
    }

    fn wake_partner(&self) {
        let partner = self.shared.subjects.get(partner(self.me));
        if let Some(thread) = partner.and_then(|partner| partner.thread.get()) {
            thread.unpark();
        }
    }

    fn be_looked_at(&mut self) {
        let seed = self.next_seed();
        seed.fill(&mut self.expected);
        let stop = || self.shared.must_stop();
        if let Some((core, difference)) = handler::look(self.expected.fpcr, stop) {
            self.shared.tell(Mismatch {
                thread: self.me,
                kind: self.subject.kind,
                core,
                cause: None,
                difference,
            });
        }
        thread::sleep(REST);
    }

    fn next_seed(&mut self) -> Seed {
        self.round += 1;
        Seed {
            thread: self.me as u16,
            round: self.round,
        }
    }

    /// One check: fills the registers, lets `window` happen to them, and compares. IRQs are masked but within
    /// `window`, so whatever takes the core away does it while all registers hold what they were filled with.
    fn check(
        &mut self,
        scope: Scope,
        irq: &IrqGuard,
        window: impl FnOnce(&mut RegisterFile, &mut RegisterFile, &IrqGuard),
    ) {
        self.next_seed().fill(&mut self.expected);
        self.expected.tpidr_el0 = core::ptr::from_ref(self.thread.block()) as u64;
        let before = Switches::of(self.thread.block());
        window(&mut self.expected, &mut self.got, irq);
        let cause = before.what_came(self.thread.block(), self.subject.kind);
        // Where it stands now: nothing was read from a core before.
        let core = per_core::this(irq).id();
        if scope == Scope::Interrupted {
            self.expected.x[0] = after_loop(self.expected.x[0]);
        }
        self.expected.differences(&self.got, scope, |difference| {
            self.shared.tell(Mismatch {
                thread: self.me,
                kind: self.subject.kind,
                core,
                cause,
                difference,
            });
        });
        if let Some(cause) = cause {
            self.subject.count(cause);
        }
    }
}

/// How often a thread was switched away from, at one moment.
struct Switches {
    voluntary: u64,
    preempted: u64,
    migrations: u64,
}

impl Switches {
    fn of(thread: &block::Thread) -> Self {
        Self {
            voluntary: thread.switches_voluntary.get(),
            preempted: thread.switches_preempted.get(),
            migrations: thread.migrations.get(),
        }
    }

    /// What has come over the thread since; `None`: it kept its core.
    fn what_came(&self, thread: &block::Thread, kind: Kind) -> Option<Cause> {
        let now = Self::of(thread);
        if (now.voluntary, now.preempted) == (self.voluntary, self.preempted) {
            return None;
        }
        if now.migrations != self.migrations {
            return Some(Cause::Migration);
        }
        if now.preempted == self.preempted {
            // It gave its core up: nobody notes how, but only one kind waits.
            return Some(match kind {
                Kind::Block => Cause::Block,
                _ => Cause::Yield,
            });
        }
        match thread.left_by()? {
            switch::Cause::Yield => Some(Cause::Yield),
            switch::Cause::Block => Some(Cause::Block),
            switch::Cause::Timer => Some(Cause::Timer),
            switch::Cause::Ipi => Some(Cause::Ipi),
            switch::Cause::Wake => Some(Cause::Wake),
            switch::Cause::Interrupt => Some(Cause::Interrupt),
            // No thread comes back from its end, and whoever goes to another core has migrated.
            switch::Cause::Exit | switch::Cause::Migrate => None,
        }
    }
}
