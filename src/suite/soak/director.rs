//! Carries out what is drawn: starts threads, tells them what to do, takes what they came to.

use alloc::{sync::Arc, vec::Vec};
use core::sync::atomic::Ordering;

use super::{
    super::{
        crash::kinds::{KINDS, Kind},
        session::{Ended, Session},
        wrong::require,
    },
    crew::{PATIENCE, Worker},
    draw::{Born, Choices, Holds, Operation, SLOTS, Sequence},
    meetings::{MEETINGS, Meeting},
    stage::{FAULTS, LOOSE, Order, STAGE},
    worker::{self, NAME},
    works::WORKS,
};
use crate::{
    cores::{self, CoreId},
    thread::{self, Builder, Priority, Reason},
};

/// The threads, and what was done with them.
pub(super) struct Director {
    sequence: Sequence,
    cores: Vec<CoreId>,
    /// Those that are faults here: an emulator lets one of them pass.
    pub(super) kinds: Vec<&'static Kind>,
    panic: usize,
    workers: [Option<Worker>; SLOTS],
    /// By the operation's number.
    pub(super) operations: [u64; Operation::NAMES.len()],
    /// Crashes that were asked for, by number: the kinds, then poison.
    pub(super) injected: [u64; FAULTS],
    /// Of mutexes that others take.
    poisoned: u64,
}

impl Director {
    #[expect(
        clippy::large_stack_frames,
        reason = "once in a command, which has a stack of 32 KiB"
    )]
    pub(super) fn new(seed: u64) -> Self {
        let kinds: Vec<&Kind> = KINDS.iter().filter(|kind| !kind.is_forgiven()).collect();
        let panic = kinds.iter().position(|kind| kind.reason == Reason::Panic);
        let cores: Vec<CoreId> = cores::online().collect();
        let choices = Choices {
            cores: cores.len() as u64,
            works: WORKS.len() as u64,
            meetings: MEETINGS.len() as u64,
            faults: kinds.len() as u64,
        };
        Self {
            sequence: Sequence::new(seed, choices),
            cores,
            panic: panic.unwrap_or_default(),
            kinds,
            workers: [const { None }; SLOTS],
            operations: [0; Operation::NAMES.len()],
            injected: [0; FAULTS],
            poisoned: 0,
        }
    }

    /// Crashes that were asked for.
    pub(super) fn faults(&self) -> u64 {
        self.injected.iter().sum()
    }

    /// One number for what was drawn.
    pub(super) const fn digest(&self) -> u64 {
        self.sequence.digest()
    }

    /// The number of a poison among the faults.
    fn poison(&self) -> usize {
        self.kinds.len()
    }

    /// The next operation.
    pub(super) fn step(&mut self, session: &mut Session<'_>) -> Result<(), Ended> {
        let (slot, operation) = self.sequence.next();
        self.operations[operation.number()] += 1;
        match operation {
            Operation::Spawn(born) => self.spawn(session, slot, born)?,
            Operation::Join => self.join(session, slot)?,
            Operation::End => {
                self.give(session, slot, Order::End)?;
                self.ends_by(slot, None, Holds::Nothing);
            }
            Operation::Work { what, argument } => {
                self.give(session, slot, Order::Work { what, argument })?;
            }
            Operation::Meet {
                with,
                what,
                argument,
            } => self.meet(session, [slot, with], what, argument)?,
            Operation::Crash { fault, holds } => self.crash(session, slot, fault, holds)?,
            Operation::Child { fault } => {
                self.injected[fault] += 1;
                let kind = self.kinds[fault];
                self.give(session, slot, Order::Child { kind, fault })?;
            }
            Operation::Poison => {
                let (panic, poison) = (self.panic, self.poison());
                self.injected[panic] += 1;
                self.injected[poison] += 1;
                self.give(session, slot, Order::Poison { panic })?;
                self.ends_by(slot, Some((Reason::Poisoned, poison)), Holds::Nothing);
            }
            Operation::Pin(core) => {
                let core = self.cores[core as usize];
                self.with(slot, |thread| _ = thread.pin(core));
            }
            Operation::Unpin => self.with(slot, thread::Thread::unpin),
            Operation::Priority(percent) => self.with(slot, |thread| {
                thread.set_priority(Priority::from_percent(percent));
            }),
            Operation::Realtime(class) => self.with(slot, |thread| thread.set_realtime(class)),
            Operation::Unpark => self.with(slot, thread::Thread::unpark),
        }
        Ok(())
    }

    fn with(&self, slot: usize, action: impl Fn(&thread::Thread)) {
        if let Some(worker) = &self.workers[slot] {
            action(worker.handle.thread());
        }
    }

    fn spawn(&mut self, session: &mut Session<'_>, slot: usize, born: Born) -> Result<(), Ended> {
        let mut builder = Builder::new()
            .name(NAME)
            .priority(Priority::from_percent(born.percent))
            .realtime(born.realtime)
            .stack_bytes(born.stack_kib * 1024);
        if let Some(core) = born.core {
            builder = builder.core(self.cores[core as usize]);
        }
        STAGE.slots[slot].done.store(0, Ordering::Relaxed);
        let handle = session.spawned("soak.spawn", builder.spawn(move || worker::work(slot)))?;
        self.workers[slot] = Some(Worker::new(handle));
        Ok(())
    }

    fn give(&mut self, session: &mut Session<'_>, slot: usize, order: Order) -> Result<(), Ended> {
        if let Some(worker) = &mut self.workers[slot] {
            worker.given += 1;
        }
        let is_given = STAGE.slots[slot].give(order, PATIENCE);
        session.require("soak.hang", "a thread that takes its orders", is_given)
    }

    fn meet(
        &mut self,
        session: &mut Session<'_>,
        slots: [usize; 2],
        what: usize,
        argument: u64,
    ) -> Result<(), Ended> {
        let Some(meeting) = Meeting::new() else {
            return session.require("soak.memory", "memory", false);
        };
        let meeting = Arc::new(meeting);
        for (side, slot) in slots.into_iter().enumerate() {
            let order = Order::Meet {
                what,
                argument,
                side,
                meeting: meeting.clone(),
            };
            self.give(session, slot, order)?;
        }
        Ok(())
    }

    fn crash(
        &mut self,
        session: &mut Session<'_>,
        slot: usize,
        fault: usize,
        holds: Holds,
    ) -> Result<(), Ended> {
        let kind = self.kinds[fault];
        self.injected[fault] += 1;
        self.poisoned += match holds {
            Holds::Mutex(_) => 1,
            Holds::TwoMutexes(_) => 2,
            _ => 0,
        };
        self.give(session, slot, Order::Crash { kind, holds })?;
        self.ends_by(slot, Some((kind.reason, fault)), holds);
        Ok(())
    }

    fn ends_by(&mut self, slot: usize, by: Option<(Reason, usize)>, holds: Holds) {
        if let Some(worker) = &mut self.workers[slot] {
            worker.is_to_end(by, holds);
        }
    }

    /// Takes what a thread came to that was told to end, and makes its locks good again.
    fn join(&mut self, session: &mut Session<'_>, slot: usize) -> Result<(), Ended> {
        // It stays known for as long as it is there: the wait may be cancelled.
        if let Some(worker) = &self.workers[slot]
            && !worker.handle.is_finished()
        {
            let is_finished = || worker.handle.is_finished();
            session.wait("soak.hang", "a thread that ends", is_finished)?;
        }
        if let Some(worker) = self.workers[slot].take() {
            worker.judge(&STAGE.slots[slot]);
        }
        Ok(())
    }

    /// Ends everybody, whether the command was asked to stop or not: it has no thread left afterwards. Who does not end
    /// is left alone, and something is wrong then.
    pub(super) fn dismiss(&mut self) {
        for slot in 0..SLOTS {
            if let Some(worker) = &mut self.workers[slot]
                && !worker.is_ending
            {
                worker.given += 1;
                STAGE.slots[slot].give(Order::End, PATIENCE);
            }
        }
        for slot in 0..SLOTS {
            let ended = |worker: &mut Worker| worker.ends_in_time();
            if let Some(worker) = self.workers[slot].take_if(ended) {
                worker.judge(&STAGE.slots[slot]);
            }
        }
        let loose = (0..LOOSE).filter(|_| STAGE.loose.acquire_timeout(PATIENCE));
        let loose = loose.count();
        (0..loose).for_each(|_| STAGE.loose.release());
        let is_right = self.is_dismissed() && loose == LOOSE;
        STAGE.note(require("whether all threads ended", 1, u64::from(is_right)));
    }

    /// Whether nobody is left.
    pub(super) fn is_dismissed(&self) -> bool {
        self.workers.iter().all(Option::is_none)
    }

    /// Crashes with a mutex that others take, and how often somebody was told of one. Looks at all of them first.
    pub(super) fn poisons(&self) -> [u64; 2] {
        STAGE.sum();
        [self.poisoned, STAGE.poisons.load(Ordering::Relaxed)]
    }

    /// Changes that were to be made under these mutexes, those of threads that crashed there among them; and the sum of
    /// those that were made.
    pub(super) fn sums(&self) -> [u64; 2] {
        let entered = STAGE.entered.load(Ordering::Relaxed);
        [entered + self.poisoned, STAGE.sum()]
    }
}
