//! A thread's standing: the words by which its core, its wakers, its timer and those who change it agree,
//! without a lock, on who may do what with it.
//!
//! * The *state* decides who owns the thread. A thread that waits sets it to a waiting one before it gives up
//!   its core. Exactly one waker turns that into `Ready`, the *claim*; with it come the duty and the sole
//!   right to put the thread into a queue.
//! * *On a core* it is until its registers are stored. A claimed thread that is still there goes to the inbox
//!   of that very core, which empties it only after the switch or before its decision. The state makes no difference
//!   between a thread that runs and one that waits for its turn: so a switch does not write it.
//! * The *token* of `park` keeps an `unpark` that comes first.
//! * *Wishes* (where it is pinned, another priority or class) may be uttered by anybody at any time; whoever
//!   owns the thread heeds them. A flag says that there are some. It stays set for as long as the thread is not on the
//!   core that it is pinned to: so where it is clear, nobody need ask whether the thread is pinned.
//!
//! Several of these words work by "each stores one and then looks at the other". What is stored there is always
//! *swapped* in, though on AArch64 `stlr` before `ldar` would do (DDI 0487, B2.3, barrier-ordered-before): QEMU
//! puts its barriers before `stlr` and after `ldar` (target/arm/tcg/translate-a64.c), so on an x86 host the load
//! overtakes the store, once in some million times. A read-modify-write is a full barrier there.
//!
//! Pure but for the atomics: a model checker runs all of it (`sched/model.rs`).

mod outcome;
mod state;
mod wishes;

use super::atomic::{AtomicBool, AtomicU8, Ordering, const_unless_checked};
use crate::core_id::CoreId;
pub use outcome::{Changes, Parking, Way};
pub use state::State;

/// No core in particular.
const ANY_CORE: u8 = u8::MAX;

/// Priority, class or inheritance.
const URGENCY: u8 = 1;
/// The core that it is pinned to.
const PINNING: u8 = 2;

/// See the head of this file. Eight bytes at most, since it lies among a thread's hottest.
#[derive(Debug)]
#[repr(C)]
pub struct Standing {
    /// Set while a core runs the thread or has not stored its registers yet.
    on_cpu: AtomicBool,
    state: AtomicU8,
    /// The core that it runs on, is queued on, or ran on last.
    core: AtomicU8,
    /// The core that it is pinned to.
    affinity: AtomicU8,
    /// What was changed since the owner looked: [`URGENCY`], [`PINNING`]. The latter also while it is not yet where it is
    /// pinned.
    changes: AtomicU8,
    park_token: AtomicBool,
}

impl Standing {
    /// Offset of `on_cpu`: `reschedule.s` stores what [`switch_out`](Self::switch_out) does, at a thread's front.
    #[cfg(target_os = "none")]
    pub(super) const ON_CPU: usize = core::mem::offset_of!(Self, on_cpu);

    const_unless_checked! {
        /// That of a thread which nobody else knows yet.
        pub fn new(state: State, core: CoreId, is_pinned: bool, is_changed: bool) -> Self {
            let core = core.raw();
            Self {
                on_cpu: AtomicBool::new(false),
                state: AtomicU8::new(state as u8),
                core: AtomicU8::new(core),
                affinity: AtomicU8::new(if is_pinned { core } else { ANY_CORE }),
                changes: AtomicU8::new(if is_changed { URGENCY } else { 0 }),
                park_token: AtomicBool::new(false),
            }
        }
    }

    /// What it is doing. One that is ready while a core has it runs.
    #[inline]
    pub fn state(&self) -> State {
        match self.stored_state() {
            State::Ready if self.on_cpu.load(Ordering::Relaxed) => State::Running,
            state => state,
        }
    }

    /// `Ready` where it runs.
    #[inline]
    fn stored_state(&self) -> State {
        State::from_u8(self.state.load(Ordering::SeqCst))
    }

    /// For whoever owns the thread: what it does from now on.
    #[inline]
    pub fn set_state(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// Wins the thread if it still waits in `from`.
    #[inline]
    pub fn claim(&self, from: State) -> bool {
        self.state
            .compare_exchange(
                from as u8,
                State::Ready as u8,
                // Sequentially consistent for `unpark` and `to_be_told`; on AArch64 it costs what AcqRel
                // costs.
                Ordering::SeqCst,
                Ordering::SeqCst,
            )
            .is_ok()
    }

    /// Wins the thread whatever it waits for. For its timer, which is set only while it waits.
    pub fn claim_for_timer(&self) -> bool {
        match self.stored_state() {
            state @ (State::Waiting | State::Parked | State::Sleeping) => self.claim(state),
            _ => false,
        }
    }

    /// Its core takes it out of the queue and runs it from now on.
    #[inline]
    pub fn switch_in(&self) {
        // Relaxed: nobody claims it before it has declared that it waits, which is released.
        self.on_cpu.store(true, Ordering::Relaxed);
    }

    /// Its registers are in memory. The thread may be elsewhere, or freed, as soon as this is stored.
    #[inline]
    pub fn switch_out(&self) {
        // Release: whoever sees the flag clear sees the registers in memory.
        self.on_cpu.store(false, Ordering::Release);
    }

    /// Whether its registers are in memory, for the core that has it in its queue.
    #[inline]
    pub fn is_stored(&self) -> bool {
        !self.on_cpu.load(Ordering::Relaxed)
    }

    /// Where it goes from core `here`, which has claimed it.
    #[inline]
    pub fn way(&self, here: CoreId) -> Way {
        // After the claim, in the order of all: who has uttered a wish before that has told nobody.
        let home = self.core.load(Ordering::SeqCst);
        // Acquire: if the flag is clear, the registers that its last core stored are visible.
        if self.on_cpu.load(Ordering::Acquire) {
            return Way::Inbox(CoreId::from_raw(home));
        }
        let target = match self.affinity.load(Ordering::SeqCst) {
            ANY_CORE => home,
            pinned => pinned,
        };
        if target != here.raw() {
            Way::Inbox(CoreId::from_raw(target))
        } else if home == target {
            Way::Home
        } else {
            Way::Queue
        }
    }

    /// The same, if nothing is wished: else `None`.
    #[inline]
    pub fn way_unchanged(&self, here: CoreId) -> Option<Way> {
        // Relaxed: only owners write it, and the claim has brought what they wrote.
        let home = self.core.load(Ordering::Relaxed);
        // Relaxed: it goes home, and the core that is there has stored its registers itself.
        if self.on_cpu.load(Ordering::Relaxed) {
            // Its core looks for wishes. In the order of all, as below.
            return Some(Way::Inbox(self.core()));
        }
        // After the claim, in the order of all: who has uttered a wish before that has told nobody.
        if self.is_changed() {
            return None;
        }
        Some(if home == here.raw() {
            Way::Home
        } else {
            Way::Inbox(CoreId::from_raw(home))
        })
    }

    /// For the core on which the thread waited, and which has claimed it: whether it may go on there, as it is.
    #[inline]
    pub fn is_settled(&self) -> bool {
        // As in `way_unchanged`, but it is home, and its registers are stored: it waited here, and something else runs
        // here now.
        debug_assert!(!self.on_cpu.load(Ordering::Relaxed));
        !self.is_changed()
    }

    /// Whether an `unpark` has come that no `park` has taken yet.
    pub fn has_token(&self) -> bool {
        self.park_token.load(Ordering::Relaxed)
    }

    /// For the thread itself: declares that it is parked, unless it has a token.
    #[inline]
    pub fn prepare_park(&self) -> Parking {
        // Relaxed: what came with the token is seen by `take_token`.
        if self.park_token.load(Ordering::Relaxed) {
            return Parking::HasToken;
        }
        // The state before the token here, the token before the state in `unpark`: one of the two sees the
        // other.
        self.state.swap(State::Parked as u8, Ordering::SeqCst);
        if self.park_token.load(Ordering::SeqCst) && self.undo_park() {
            return Parking::Undone;
        }
        Parking::Blocks
    }

    /// Takes the declaration back, if nobody has claimed the thread yet; if somebody has, it has to block: it
    /// is on its way to a queue.
    fn undo_park(&self) -> bool {
        self.state
            .compare_exchange(
                State::Parked as u8,
                State::Ready as u8,
                // Before the loads of whoever looks at wishes now.
                Ordering::SeqCst,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// For the thread itself: takes its token. A read-modify-write, because whoever's token this takes, what
    /// that thread wrote before must be seen from here on: a plain store could pass later loads, and then
    /// wipe out a token whose message was not seen.
    #[inline]
    pub fn take_token(&self) {
        self.park_token.swap(false, Ordering::Acquire);
    }

    /// Lets the thread return from `park`: the one that it is in, or the next. Whether that claimed it.
    #[inline]
    pub fn unpark(&self) -> bool {
        // A read-modify-write, so that whoever takes the token sees what was written before all of the
        // `unpark`s that it stands for. The claim sees the latest state, so the order of `prepare_park` holds.
        self.park_token.swap(true, Ordering::SeqCst);
        self.claim(State::Parked)
    }

    /// The core that it runs on, is queued on, or ran on last.
    #[inline]
    pub fn core(&self) -> CoreId {
        CoreId::from_raw(self.core.load(Ordering::SeqCst))
    }

    /// For whoever owns the thread, and for a core before it is online: its idle thread is its own.
    pub fn set_core(&self, core: CoreId) {
        self.core.swap(core.raw(), Ordering::SeqCst);
    }

    /// For core `here`, which owns the thread and is about to queue it, before it looks whether it
    /// [is changed](Self::is_changed): who utters a wish before that tells the core that it comes from. True: it comes
    /// from another core.
    #[inline]
    pub fn come_to(&self, here: CoreId) -> bool {
        if self.core() == here {
            return false;
        }
        self.set_core(here);
        true
    }

    /// For the thread itself, which has declared that it waits, and which nobody can have claimed: it goes on. To be
    /// followed by a look whether it [is changed](Self::is_changed): who has uttered a wish meanwhile has told nobody.
    pub fn go_on(&self) {
        self.state.swap(State::Ready as u8, Ordering::SeqCst);
    }
}
