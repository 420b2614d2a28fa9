//! Evens out the load of the cores.
//!
//! A core on which threads have been waiting without a break for 100 ms looks for a less loaded one, and
//! gives it threads for as long as that makes the two more even. Threads that merely hand something to each
//! other never wait that long, so they stay together; a core without waiting threads does nothing, so it
//! takes no timer interrupt for this. The idle thread is not load: a lone thread never moves.

#![expect(unsafe_code, reason = "takes threads out of an intrusive queue")]

use crate::arch::cpu::IrqGuard;
use crate::arch::timer;
use crate::cores::{self, CoreId};
use crate::sched::per_core::{self, Core, Own};
use crate::sched::thread::Thread;
use crate::sched::wake;

/// Looks per second.
const PERIODS_PER_SECOND: u64 = 10;

/// The most threads that one look moves: IRQs are masked meanwhile.
const MOVES: usize = 8;

/// The most threads that are looked at for one that may move.
const LOOKS: usize = 32;

/// Whether somebody has been waiting for so long that it is time to look.
#[inline]
pub(super) fn is_due(own: &Own, now: u64) -> bool {
    now >= own.next_balance_ticks
}

/// At the end of every decision: notes when waiting began or ended.
#[inline]
pub(super) fn watch(own: &mut Own, now: u64) {
    if own.queue.is_empty() {
        rest(own);
    } else {
        watch_those_who_wait(own, now);
    }
}

/// The same, where somebody waits.
#[inline(always)]
pub(super) fn watch_those_who_wait(own: &mut Own, now: u64) {
    if own.next_balance_ticks == timer::NEVER {
        own.next_balance_ticks = now + own.balance_period_ticks;
    }
    // The interrupt that brought us here may have taken this deadline's shot. And a realtime thread runs without a
    // preemption timer: those behind it must get away all the same.
    own.arm(own.next_balance_ticks);
}

/// Nobody waits.
#[inline]
pub(super) fn rest(own: &mut Own) {
    own.next_balance_ticks = timer::NEVER;
}

/// How long somebody has to wait without a break until it is time to look, by a counter of `frequency_hz`.
pub(super) const fn period_ticks(frequency_hz: u64) -> u64 {
    frequency_hz / PERIODS_PER_SECOND
}

/// Looks for a less loaded core, and gives it threads. `leaving`: how many of this core's load will not be its load any
/// more, which is the current thread, unless it runs on.
///
/// Before the decision, because a thread that is preempted goes into the queue with its registers not stored
/// yet, and may not be given away: after it, a core with two threads that are switched at the moment of each
/// look would find just that one in its queue, for ever.
#[cold]
pub(super) fn give(core: &Core, own: &mut Own, leaving: usize, _masked: &IrqGuard) {
    rest(own);
    let Some((target, target_load)) = least_loaded(core.id()) else {
        return;
    };
    // Both sides count the thread that runs. Moving one is worth it if the other side stays below us.
    let own_load = core.load().saturating_sub(leaving);
    let moves = (own_load.saturating_sub(target_load) / 2).min(MOVES);
    for _ in 0..moves {
        let Some(thread) = own.queue.find_late(LOOKS, may_move) else {
            return;
        };
        // SAFETY: just found in the queue.
        unsafe { own.queue.remove(thread) };
        core.stats.migrations_out.bump();
        wake::send(thread, target);
    }
}

/// A thread that another core has sent may not have its registers stored there yet.
fn may_move(thread: &Thread) -> bool {
    thread.affinity().is_none() && thread.standing.is_stored()
}

fn least_loaded(not: CoreId) -> Option<(CoreId, usize)> {
    cores::online()
        .filter(|&id| id != not)
        .map(|id| (id, per_core::get(id).load()))
        .min_by_key(|&(_, load)| load)
}
