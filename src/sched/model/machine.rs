//! The machine of the model: threads, and what cores share.

#![expect(unsafe_code, reason = "the inbox links the threads")]

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use loom::cell::UnsafeCell;
use loom::thread;

use super::cpu::Cpu;
use super::ends::End;
use crate::core_id::CoreId;
use crate::sched::atomic::{AtomicBool, Ordering};
use crate::sched::claim::{Standing, State};
use crate::sched::inbox::{self, Inbox};

/// What a thread does until the next time that its core may ask who is to run.
pub(super) enum Step {
    /// It goes on.
    GoesOn,
    /// It computes until an interrupt comes.
    Computes,
    /// It has declared that it waits.
    Blocks,
    /// It has ended.
    Ends,
}

type Script = Box<dyn Fn(&mut Cpu, &mut u8) -> Step + Send + Sync>;

/// A thread.
pub(super) struct Thread {
    pub(super) standing: Standing,
    links: inbox::Links<Thread>,
    /// What its core stores when it leaves: how far it is.
    pub(super) registers: UnsafeCell<u8>,
    pub(super) script: Script,
    /// Its priority and its class: whether it is meant to have new ones, and whether its owner goes by them.
    pub(super) is_meant: [AtomicBool; 2],
    is_adopted: UnsafeCell<[bool; 2]>,
    /// The core on which it stands from the start.
    pub(super) runs_on: Option<usize>,
    /// It runs until it blocks, whoever waits.
    pub(super) is_realtime: bool,
    /// Under the lock of its timer's queue: whether it is in it.
    pub(super) timer: loom::sync::Mutex<bool>,
    pub(super) timed_out: AtomicBool,
    /// How often it was claimed. Not part of the model.
    pub(super) claims: AtomicUsize,
    /// What it writes before it wakes another one, without any order of its own.
    pub(super) message: AtomicBool,
    /// What others have to do with its end; `None`: nothing.
    pub(super) end: Option<End>,
}

// SAFETY: always the field `links`.
unsafe impl inbox::Entry for Thread {
    fn links(&self) -> &inbox::Links<Self> {
        &self.links
    }
}

// SAFETY: the cells are what is checked; loom reports whoever uses one that is not his.
unsafe impl Sync for Thread {}

impl Thread {
    pub(super) fn new(
        standing: Standing,
        script: impl Fn(&mut Cpu, &mut u8) -> Step + Send + Sync + 'static,
    ) -> Self {
        Self {
            standing,
            links: inbox::Links::new(),
            registers: UnsafeCell::new(0),
            script: Box::new(script),
            is_meant: [AtomicBool::new(false), AtomicBool::new(false)],
            is_adopted: UnsafeCell::new([false; 2]),
            runs_on: None,
            is_realtime: false,
            timer: loom::sync::Mutex::new(false),
            timed_out: AtomicBool::new(false),
            claims: AtomicUsize::new(0),
            message: AtomicBool::new(false),
            end: None,
        }
    }

    /// One that runs on core `core` from the start.
    pub(super) fn running(
        core: usize,
        script: impl Fn(&mut Cpu, &mut u8) -> Step + Send + Sync + 'static,
    ) -> Self {
        let standing = Standing::new(State::Ready, id(core), false, false);
        Self {
            runs_on: Some(core),
            ..Self::new(standing, script)
        }
    }

    pub(super) fn realtime(self) -> Self {
        Self {
            is_realtime: true,
            ..self
        }
    }

    /// One to which so many refer, the scheduler included.
    pub(super) fn referred_to(self, references: usize) -> Self {
        Self {
            end: Some(End::new(references)),
            ..self
        }
    }

    pub(super) fn end(&self) -> &End {
        self.end.as_ref().expect("somebody refers to it")
    }

    /// For whoever owns it.
    pub(super) fn is_adopted(&self) -> [bool; 2] {
        // SAFETY: loom checks that the owners are one after the other.
        self.is_adopted.with(|adopted| unsafe { *adopted })
    }

    /// `Thread::adopt_changes`.
    pub(super) fn adopt_changes(&self, here: CoreId) -> bool {
        if !self.standing.is_changed() {
            return true;
        }
        let changes = self.standing.take_changed(here);
        if changes.urgency {
            let meant = [0, 1].map(|wish: usize| self.is_meant[wish].load(Ordering::Relaxed));
            // SAFETY: as above.
            self.is_adopted
                .with_mut(|adopted| unsafe { *adopted = meant });
        }
        changes.may_stay
    }
}

/// What all cores see.
pub(super) struct Machine {
    pub(super) cores: Vec<Core>,
    pub(super) threads: Vec<Thread>,
    /// What the test wants has come about: everybody may end. Not part of the model.
    pub(super) is_over: std::sync::atomic::AtomicBool,
}

/// What others see of a core.
pub(super) struct Core {
    pub(super) inbox: Inbox<Thread>,
    /// An SGI is pending, and who sleeps until one is.
    pub(super) sgi: AtomicBool,
    sleeper: Mutex<Option<thread::Thread>>,
}

impl Machine {
    /// Runs `threads`, each of which stands on a core of its own or waits, on as many cores as are named
    /// first, until [`Cpu::is_over`]. Then each block that somebody referred to has been given back, once.
    pub(super) fn run(cores: usize, threads: Vec<Thread>) {
        let core = |_| Core {
            inbox: Inbox::new(),
            sgi: AtomicBool::new(false),
            sleeper: Mutex::new(None),
        };
        let machine = Arc::new(Self {
            cores: (0..cores).map(core).collect(),
            threads,
            is_over: false.into(),
        });
        let others: Vec<_> = (1..cores)
            .map(|at| {
                let machine = Arc::clone(&machine);
                thread::spawn(move || Cpu::new(machine, at).run())
            })
            .collect();
        Cpu::new(Arc::clone(&machine), 0).run();
        for other in others {
            assert!(other.join().is_ok());
        }
        for end in machine
            .threads
            .iter()
            .filter_map(|thread| thread.end.as_ref())
        {
            assert_eq!(end.frees.load(Ordering::Relaxed), 1, "blocks given back");
        }
    }

    pub(super) fn send_sgi(&self, to: CoreId) {
        let core = &self.cores[to.index()];
        // What was stored before an SGI is seen after it: the GIC driver has the barrier.
        core.sgi.swap(true, Ordering::AcqRel);
        core.wake();
    }
}

impl Core {
    /// Loom's thread that stands for this core, or `None`: it will not be woken any more, since loom's threads
    /// wait for each other's end in the way in which they would be woken.
    pub(super) fn set_sleeper(&self, sleeper: Option<thread::Thread>) {
        *self.sleeper.lock().unwrap_or_else(PoisonError::into_inner) = sleeper;
    }

    pub(super) fn wake(&self) {
        if let Some(thread) = &*self.sleeper.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }
}

/// Core `index`.
pub(super) fn id(index: usize) -> CoreId {
    CoreId::new(index).expect("a core")
}

/// Checks `model` in all orders in which at most `preemptions` times a core is held up though it could go
/// on.
pub(super) fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(builder.preemption_bound.unwrap_or(preemptions));
    builder.check(model);
}
