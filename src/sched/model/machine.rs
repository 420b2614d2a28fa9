//! Cores, threads and interrupts of the model.

#![expect(unsafe_code, reason = "the inbox links the threads")]

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use loom::cell::UnsafeCell;
use loom::thread;

use crate::core_id::CoreId;
use crate::sched::atomic::{AtomicBool, AtomicU8, Ordering};
use crate::sched::claim::{Rescan, Standing, State, Way};
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
    registers: UnsafeCell<u8>,
    script: Script,
    /// What its priority is meant to be, and what its owner goes by.
    priority: AtomicU8,
    weight: UnsafeCell<u8>,
    /// It runs until it blocks, whoever waits.
    is_realtime: bool,
    /// Under the lock of its timer's queue: whether it is in it.
    pub(super) timer: loom::sync::Mutex<bool>,
    pub(super) timed_out: AtomicBool,
    /// How often it was claimed. Not part of the model.
    pub(super) claims: AtomicUsize,
    /// What it writes before it wakes another one, without any order of its own.
    pub(super) message: AtomicBool,
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
            priority: AtomicU8::new(0),
            weight: UnsafeCell::new(0),
            is_realtime: false,
            timer: loom::sync::Mutex::new(false),
            timed_out: AtomicBool::new(false),
            claims: AtomicUsize::new(0),
            message: AtomicBool::new(false),
        }
    }

    /// One that runs on core `core` from the start.
    pub(super) fn running(
        core: usize,
        script: impl Fn(&mut Cpu, &mut u8) -> Step + Send + Sync + 'static,
    ) -> Self {
        Self::new(
            Standing::new(State::Running, id(core), false, false),
            script,
        )
    }

    pub(super) fn realtime(self) -> Self {
        Self {
            is_realtime: true,
            ..self
        }
    }

    /// For whoever owns it.
    pub(super) fn weight(&self) -> u8 {
        // SAFETY: loom checks that the owners are one after the other.
        self.weight.with(|weight| unsafe { *weight })
    }

    /// `Thread::adopt_changes`.
    fn adopt_changes(&self) {
        if self.standing.is_changed() {
            self.standing.take_changed();
            let priority = self.priority.load(Ordering::Relaxed);
            // SAFETY: as above.
            self.weight.with_mut(|weight| unsafe { *weight = priority });
        }
    }
}

/// What all cores see.
pub(super) struct Machine {
    cores: Vec<Core>,
    pub(super) threads: Vec<Thread>,
    /// What the test wants has come about: everybody may end. Not part of the model.
    is_over: std::sync::atomic::AtomicBool,
}

struct Core {
    inbox: Inbox<Thread>,
    rescan: Rescan,
    /// An SGI is pending, and who sleeps until one is.
    sgi: AtomicBool,
    sleeper: Mutex<Option<thread::Thread>>,
}

impl Machine {
    /// Runs `threads`, each of which stands on a core of its own or waits, on as many cores as are named
    /// first, until [`Cpu::is_over`].
    pub(super) fn run(cores: usize, threads: Vec<Thread>) {
        let core = |_| Core {
            inbox: Inbox::new(),
            rescan: Rescan::new(),
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
        Cpu::new(machine, 0).run();
        for other in others {
            assert!(other.join().is_ok());
        }
    }

    fn send_sgi(&self, to: CoreId) {
        let core = &self.cores[to.index()];
        // What was stored before an SGI is seen after it: the GIC driver has the barrier.
        core.sgi.swap(true, Ordering::AcqRel);
        core.wake();
    }
}

impl Core {
    fn wake(&self) {
        if let Some(thread) = &*self.sleeper.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }
}

/// A core, as it sees itself.
pub(super) struct Cpu {
    pub(super) id: CoreId,
    pub(super) machine: Arc<Machine>,
    queue: VecDeque<usize>,
    /// `None`: its idle thread.
    current: Option<usize>,
    registers: u8,
    need_resched: bool,
    leaving: Option<usize>,
    /// The thread whose timer is due here.
    pub(super) due: Option<usize>,
}

impl Cpu {
    fn new(machine: Arc<Machine>, at: usize) -> Self {
        let is_here = |thread: &Thread| {
            thread.standing.state() == State::Running && thread.standing.core() == id(at)
        };
        let current = machine.threads.iter().position(is_here);
        if let Some(current) = current {
            machine.threads[current].standing.switch_in();
        }
        *machine.cores[at]
            .sleeper
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        Self {
            id: id(at),
            machine,
            queue: VecDeque::new(),
            current,
            registers: 0,
            need_resched: false,
            leaving: None,
            due: None,
        }
    }

    pub(super) fn thread(&self, at: usize) -> &Thread {
        &self.machine.threads[at]
    }

    /// The thread that runs here.
    pub(super) fn current(&self) -> &Thread {
        self.thread(self.current.expect("a thread runs"))
    }

    fn core(&self) -> &Core {
        &self.machine.cores[self.id.index()]
    }

    fn run(mut self) {
        loop {
            let Some(at) = self.current else {
                if self.is_over() {
                    // Loom's threads wait for each other's end in the way in which they would be woken.
                    *self
                        .core()
                        .sleeper
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner) = None;
                    return;
                }
                // `idle::run`, and the timer's interrupt.
                if let Some(due) = self.due.take() {
                    self.timer_fires(due);
                } else if self.core().inbox.is_empty() && !self.need_resched {
                    self.wait_for_interrupt();
                }
                self.schedule();
                continue;
            };
            let machine = Arc::clone(&self.machine);
            let mut registers = self.registers;
            let step = (machine.threads[at].script)(&mut self, &mut registers);
            self.registers = registers;
            match step {
                Step::GoesOn if self.need_resched => self.schedule(),
                Step::GoesOn => {}
                Step::Computes => {
                    self.wait_for_interrupt();
                    self.schedule();
                }
                Step::Blocks => self.schedule(),
                Step::Ends => {
                    self.thread(at).standing.set_state(State::Exited);
                    self.schedule();
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

    /// `schedule_next_thread`, the switch, `finish_switch`.
    fn schedule(&mut self) {
        self.need_resched = false;
        if !self.core().inbox.is_empty() {
            self.receive();
        }
        if self.core().rescan.is_asked() {
            self.rescan();
        }
        let machine = Arc::clone(&self.machine);
        let old = self.current.map(|at| &machine.threads[at]);
        let runs_on = old.is_some_and(|old| old.standing.state() == State::Running);
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
        if let (Some(at), Some(old)) = (self.current, old) {
            if leaves_core || old.standing.state() == State::Exited {
                if leaves_core {
                    old.standing.set_state(State::Ready);
                }
                self.leaving = Some(at);
            } else if runs_on {
                old.standing.set_state(State::Ready);
                self.queue.push_front(at);
            }
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
        if let Some(leaving) = self.leaving.take()
            && self.thread(leaving).standing.state() != State::Exited
        {
            self.forward(leaving);
        }
    }

    /// `traffic::receive`.
    fn receive(&mut self) {
        let machine = Arc::clone(&self.machine);
        for node in machine.cores[self.id.index()].inbox.take_all() {
            let at = self.index(node);
            let standing = &machine.threads[at].standing;
            if self.current == Some(at) {
                standing.go_on(&machine.cores[self.id.index()].rescan);
            } else if standing.affinity().is_some_and(|target| target != self.id) {
                self.forward(at);
            } else {
                self.take_in(at);
            }
        }
        self.need_resched = false;
    }

    fn index(&self, node: NonNull<Thread>) -> usize {
        let is_it = |thread: &Thread| core::ptr::eq(thread, node.as_ptr());
        self.machine
            .threads
            .iter()
            .position(is_it)
            .expect("a thread of this machine")
    }

    /// `traffic::forward`.
    fn forward(&mut self, at: usize) {
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
        self.core().rescan.take();
        if let Some(at) = self.current {
            self.thread(at).adopt_changes();
        }
        for at in core::mem::take(&mut self.queue) {
            let thread = self.thread(at);
            thread.adopt_changes();
            if thread
                .standing
                .affinity()
                .is_some_and(|target| target != self.id)
            {
                self.forward(at);
            } else {
                self.queue.push_back(at);
            }
        }
    }

    /// `Own::enqueue`.
    fn take_in(&mut self, at: usize) {
        let thread = self.thread(at);
        thread.standing.come_to(self.id, &self.core().rescan);
        thread.adopt_changes();
        self.queue.push_back(at);
        self.need_resched = true;
    }

    /// `Claimed::enqueue`.
    fn enqueue(&mut self, at: usize) {
        self.thread(at).claims.fetch_add(1, Ordering::Relaxed);
        match self.thread(at).standing.way(self.id) {
            Way::Queue => self.take_in(at),
            Way::Inbox(core) => self.send(at, core),
        }
    }

    /// `wake::send`.
    fn send(&self, at: usize, target: CoreId) {
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
    fn timer_fires(&mut self, at: usize) {
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

    /// `wake::set_priority`.
    pub(super) fn set_priority(&mut self, at: usize, priority: u8) {
        self.thread(at).priority.store(priority, Ordering::Relaxed);
        self.thread(at).standing.mark_changed();
        self.reconsider(at);
    }

    /// `wake::reconsider`.
    pub(super) fn reconsider(&mut self, at: usize) {
        let Some(core) = self.thread(at).standing.to_be_told() else {
            return;
        };
        self.machine.cores[core.index()].rescan.ask();
        if core == self.id {
            self.need_resched = true;
        } else {
            self.machine.send_sgi(core);
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
