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

/// At every decision of the scheduler: notes when waiting began or ended, and looks when it is time.
#[inline]
pub(super) fn look(core: &Core, own: &mut Own, now: u64, irq: &IrqGuard) {
    if own.queue.is_empty() {
        rest(own);
    } else if own.next_balance_ticks == timer::NEVER {
        begin(own, now);
    } else if now >= own.next_balance_ticks {
        move_threads(core, own, irq);
        begin(own, now);
    } else {
        // The interrupt that brought us here may have taken this deadline's shot.
        own.arm(own.next_balance_ticks);
    }
}

/// Nobody waits.
#[inline]
pub(super) fn rest(own: &mut Own) {
    own.next_balance_ticks = timer::NEVER;
}

#[cold]
fn begin(own: &mut Own, now: u64) {
    own.next_balance_ticks = now + timer::frequency_hz() / PERIODS_PER_SECOND;
    // A realtime thread runs without a preemption timer; those behind it must get away all the same.
    own.arm(own.next_balance_ticks);
}

#[cold]
fn move_threads(core: &Core, own: &mut Own, irq: &IrqGuard) {
    let Some((target, target_load)) = least_loaded(core.id()) else {
        return;
    };
    // Both sides count the thread that runs. Moving one is worth it if the other side stays below us.
    let own_load = own.queue.len() + 1;
    let moves = (own_load.saturating_sub(target_load) / 2).min(MOVES);
    for _ in 0..moves {
        let Some(thread) = own.queue.find_late(LOOKS, may_move) else {
            return;
        };
        // SAFETY: just found in the queue.
        unsafe { own.queue.remove(thread) };
        core.stats.migrations_out.bump();
        wake::send(thread, per_core::get(target), irq);
    }
}

/// A thread that was preempted just now is in the queue already, but its registers are not stored yet: it is
/// the one that may not be given away.
fn may_move(thread: &Thread) -> bool {
    thread.affinity().is_none() && thread.standing.is_stored()
}

fn least_loaded(not: CoreId) -> Option<(CoreId, usize)> {
    cores::online()
        .filter(|&id| id != not)
        .map(|id| (id, per_core::get(id).load()))
        .min_by_key(|&(_, load)| load)
}
