//! Interrupts at moments of a generator's choosing, for `fuzz`: the timer's compare value is set so that threads
//! are interrupted, and taken off their core, where nothing else would do it.
//!
//! While nothing is forced, an interrupt that wakes somebody costs a load and a branch more for it, and every other path
//! nothing: a forced deadline is armed by the interrupt before it, and the earliest deadline wins anyway. A core whose
//! interrupts are forced takes the long way at each, because by `earliest_ticks` somebody's time has always come.

#![expect(unsafe_code, reason = "the timer's interrupt finds it by a pointer")]

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::arch::cpu::IrqGuard;
use crate::arch::{boot, exceptions, timer};
use crate::board::MAX_CORES;
use crate::core_id::CoreId;
use crate::sched::moments::{Moments, digested};
use crate::sched::per_core;
use crate::sched::switch::Cause;
use crate::sched::thread;
use crate::sync::SpinLock;

/// Bytes of one instruction.
const INSTRUCTION: usize = 4;
/// Instructions per word of the map.
const WORD: usize = u64::BITS as usize;

/// What is forced, and what came of it.
#[derive(Debug)]
pub struct Forced {
    cores: [SpinLock<Stream>; MAX_CORES],
    /// Address of the image's code.
    base: usize,
    /// One bit for each instruction of it: whether an interrupt was taken there.
    taken_at: Vec<AtomicU64>,
    /// Interrupts that were counted, of all cores.
    counted: AtomicU64,
    /// From which of those on they walk, and how far ahead.
    walk_from: AtomicU64,
    walk_ahead: AtomicU64,
}

/// A walk that is asked for: from an interrupt on, each comes an instruction after the one before it.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// The number of that interrupt among those that are counted, of whichever core; the first is 1.
    pub from: u64,
    /// How many ticks later the first comes.
    pub ahead: u64,
}

/// One core's part.
#[derive(Debug)]
struct Stream {
    moments: Moments,
    /// Whether this core's interrupts are forced.
    has_joined: bool,
    /// Whether the interrupt that is coming takes the core away.
    rotates: bool,
    /// How many were forced.
    forced: u64,
    /// How many are still to be counted.
    left: u64,
    counts: Counts,
}

/// What has happened on one core while interrupts were counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Interrupts of its timer.
    pub interrupts: u64,
    /// Those that were to take the core away.
    pub rotations: u64,
    /// All their addresses in their order, as one number.
    pub digest: u64,
}

/// Null while nothing is forced.
static ACTIVE: AtomicPtr<Forced> = AtomicPtr::new(core::ptr::null_mut());

impl Forced {
    /// Memory for it. It is never freed: a core may still be in its interrupt when all is over.
    #[expect(
        clippy::large_stack_frames,
        reason = "made once, on its way into a box"
    )]
    pub fn new() -> &'static Self {
        let (base, end) = boot::image().text;
        let words = (end - base).div_ceil(INSTRUCTION * WORD);
        Box::leak(Box::new(Self {
            cores: [const { SpinLock::new(Stream::OFF) }; MAX_CORES],
            base,
            taken_at: (0..words).map(|_| AtomicU64::new(0)).collect(),
            counted: AtomicU64::new(0),
            walk_from: AtomicU64::new(u64::MAX),
            walk_ahead: AtomicU64::new(0),
        }))
    }

    /// From now on the timer's interrupt asks here. Nothing is forced before [`join`](Self::join).
    pub fn open(&'static self, seed: u64, walk: Walk) {
        for (stream, core) in (0_u64..).zip(&self.cores) {
            *core.lock() = Stream {
                moments: Moments::new(seed, stream),
                ..Stream::OFF
            };
        }
        for word in &self.taken_at {
            word.store(0, Ordering::Relaxed);
        }
        self.counted.store(0, Ordering::Relaxed);
        self.walk_from.store(walk.from, Ordering::Relaxed);
        self.walk_ahead.store(walk.ahead, Ordering::Relaxed);
        ACTIVE.store(core::ptr::from_ref(self).cast_mut(), Ordering::Release);
    }

    /// Forces the first interrupt of the core that runs this; each forces the next one.
    pub fn join(&self) {
        let irq = IrqGuard::mask();
        let core = per_core::this(&irq);
        self.cores[core.id().index()].lock().has_joined = true;
        let own = core.own(&irq);
        own.earliest_ticks = 0;
        own.arm(timer::now() + 1);
    }

    /// Counts the next `interrupts` of each core. What is done once in a run is done before.
    pub fn count(&self, interrupts: u64) {
        for core in &self.cores {
            core.lock().left = interrupts;
        }
    }

    /// The timer's interrupt does not ask here any more.
    pub fn close(&self) {
        ACTIVE.store(core::ptr::null_mut(), Ordering::Release);
    }

    /// What has happened on `core`.
    pub fn counts(&self, core: CoreId) -> Counts {
        self.cores[core.index()].lock().counts
    }

    /// How many interrupts of `core` were forced, counted or not.
    pub fn forced(&self, core: CoreId) -> u64 {
        self.cores[core.index()].lock().forced
    }

    /// How many interrupts of `core` are still to be counted.
    pub fn left(&self, core: CoreId) -> u64 {
        self.cores[core.index()].lock().left
    }

    /// Where interrupts were taken: addresses of 64 instructions each, and a bit for each of them, the lowest first.
    pub fn taken_at(&self) -> impl Iterator<Item = (usize, u64)> {
        let bits = self
            .taken_at
            .iter()
            .map(|word| word.load(Ordering::Relaxed));
        (self.base..)
            .step_by(WORD * INSTRUCTION)
            .zip(bits)
            .filter(|(_, bits)| *bits != 0)
    }

    /// Notes an interrupt, and says when the next one comes (in ticks) and what this one is the cause of.
    #[cold]
    #[inline(never)]
    fn interrupted(&self, core: CoreId) -> (u64, Cause) {
        let mut stream = self.cores[core.index()].lock();
        if !stream.has_joined {
            return (timer::NEVER, Cause::Timer);
        }
        // An idle thread takes no exception, so its interrupts come nowhere.
        let is_idle = thread::current().id() == 0;
        let address = (!is_idle).then(exceptions::interrupted_address);
        let is_new = address.is_some_and(|address| {
            let instruction = address.wrapping_sub(self.base) / INSTRUCTION;
            let bit = 1 << (instruction % WORD);
            self.taken_at
                .get(instruction / WORD)
                .is_some_and(|word| word.fetch_or(bit, Ordering::Relaxed) & bit == 0)
        });
        let rotates = stream.rotates;
        stream.forced += 1;
        if stream.left > 0 {
            stream.counts.interrupts += 1;
            stream.counts.rotations += u64::from(rotates);
            stream.counts.digest = digested(stream.counts.digest, address.unwrap_or(0) as u64);
            stream.left -= 1;
            pivot_fuzz_interrupt(stream.counts.digest, stream.left);
            let number = self.counted.fetch_add(1, Ordering::Relaxed) + 1;
            if number >= self.walk_from.load(Ordering::Relaxed) {
                let ahead = self.walk_ahead.load(Ordering::Relaxed);
                stream.moments.walk_on(ahead);
            }
        }
        let moment = if stream.left > 0 {
            let address = address.map(|address| address as u64);
            stream.moments.next_moment(address, is_new)
        } else {
            // Before and after, it is only to go on quickly.
            stream.moments.next_jump()
        };
        stream.rotates = moment.rotates;
        // Drawn before, perhaps for another thread; an idle one does not yield.
        let cause = if rotates && !is_idle {
            Cause::Yield
        } else {
            Cause::Timer
        };
        (timer::now() + moment.ticks, cause)
    }
}

impl Stream {
    const OFF: Self = Self {
        moments: Moments::new(0, 0),
        has_joined: false,
        rotates: false,
        forced: 0,
        left: 0,
        counts: Counts {
            interrupts: 0,
            rotations: 0,
            digest: 0,
        },
    };
}

/// The timer's interrupt on `core`, if interrupts are forced: when the next one is to come at the latest, and of what this
/// one is the cause.
#[inline(always)]
pub(super) fn at_interrupt(core: CoreId) -> Option<(u64, Cause)> {
    let active = ACTIVE.load(Ordering::Acquire);
    // SAFETY: `open` stored a reference that lasts for ever.
    unsafe { active.as_ref() }.map(|forced| forced.interrupted(core))
}

/// Does nothing: a trace of the emulator shows by it that an interrupt is counted, what all of the core's come to by
/// then, and how many it has left. The host tool knows it by its name.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn pivot_fuzz_interrupt(digest: u64, left: u64) {
    core::hint::black_box((digest, left));
}
