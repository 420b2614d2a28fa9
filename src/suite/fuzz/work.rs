//! What the threads of `fuzz` do: each one thing, over and over, and each can tell whether it went well.

use core::{hint::black_box, sync::atomic::Ordering, time::Duration};

use super::shared::{Rounds, Shared, Wrong, require};
use crate::{
    cores,
    thread::{self, Priority, Thread},
    time::Instant,
};

/// About as long as a few operations take, at one instruction a nanosecond.
const SHORT: Duration = Duration::from_micros(5);

/// Gives way. What it holds in its registers and on its stack is still there afterwards.
pub(super) fn yields(_shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    let mut sum = 0_u64;
    for round in rounds {
        require(
            "the sum of its rounds",
            round * round.saturating_sub(1) / 2,
            sum,
        )?;
        thread::yield_now();
        sum += round;
    }
    Ok(())
}

/// Changes under a mutex what is not atomic, at times with the mutex held across a yield.
pub(super) fn locks(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    for round in rounds {
        let mut sum = match round % 8 {
            // Whoever holds it may need the core to come to its end.
            0 => loop {
                if let Some(sum) = shared.sum.try_lock() {
                    break sum;
                }
                thread::yield_now();
            },
            1 => match shared.sum.lock_timeout(SHORT) {
                Some(sum) => sum,
                None => shared.sum.lock(),
            },
            _ => shared.sum.lock(),
        };
        let others = shared.holders.fetch_add(1, Ordering::Relaxed);
        require("others that hold the mutex", 0, u64::from(others))?;
        let before = black_box(*sum);
        if round % 4 == 3 {
            thread::yield_now();
        }
        *sum = before + 1;
        shared.holders.fetch_sub(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Puts numbers in their order into the one place.
pub(super) fn fills(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    for round in rounds {
        let mut place = shared.place.lock();
        while place.is_some() {
            if shared.must_stop() {
                return Ok(());
            }
            place = shared.emptied.wait(place);
        }
        *place = Some(round);
        if round % 4 == 0 {
            // Some notifications find the mutex held, others free.
            drop(place);
            shared.filled.notify_one();
        } else {
            shared.filled.notify_all();
        }
    }
    Ok(())
}

/// Takes them out again, at times with an eye on the clock.
pub(super) fn empties(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    for round in rounds {
        let mut place = shared.place.lock();
        let number = loop {
            if let Some(number) = place.take() {
                break number;
            }
            if shared.must_stop() {
                return Ok(());
            }
            place = match round % 2 {
                0 => shared.filled.wait(place),
                _ => shared.filled.wait_timeout(place, SHORT).0,
            };
        };
        require("the number in the place", round, number)?;
        shared.emptied.notify_one();
    }
    Ok(())
}

/// Takes the one permit in every way, and gives it back.
pub(super) fn permits(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    for round in rounds {
        let has_it = match round % 4 {
            0 => shared.permit.try_acquire(),
            1 => shared.permit.acquire_timeout(SHORT),
            _ => {
                shared.permit.acquire();
                true
            }
        };
        if has_it {
            let others = shared.permitted.fetch_add(1, Ordering::Relaxed);
            require("others that have the permit", 0, u64::from(others))?;
            if round % 8 == 7 {
                thread::yield_now();
            }
            shared.permitted.fetch_sub(1, Ordering::Relaxed);
            shared.permit.release();
        }
    }
    Ok(())
}

/// Two that take turns by two semaphores: a wake-up that is lost is lost for good.
pub(super) fn signals<const ME: usize>(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    for _ in rounds {
        shared.signals[ME].acquire();
        shared.signals[1 - ME].release();
    }
    // The other may wait for this one's next round.
    shared.signals[1 - ME].release();
    Ok(())
}

/// Two that take turns: each waits, parked, for the other.
pub(super) fn parks<const ME: usize>(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    shared.players.lock()[ME] = Some(thread::current());
    let other = loop {
        if let Some(other) = shared.players.lock()[1 - ME].clone() {
            break other;
        }
        if shared.must_stop() {
            return Ok(());
        }
        thread::yield_now();
    };
    for round in rounds {
        while shared.turn.load(Ordering::Acquire) != ME {
            if shared.must_stop() {
                return Ok(());
            }
            if round % 4 == 0 {
                thread::park_timeout(SHORT);
            } else {
                thread::park();
            }
        }
        shared.turn.store(1 - ME, Ordering::Release);
        Thread::unpark(&other);
    }
    Ok(())
}

/// Sleeps, never shorter than asked for.
pub(super) fn sleeps(_shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    for round in rounds {
        let (start, asked) = (Instant::now(), SHORT * (round % 4) as u32);
        thread::sleep(asked);
        let early = start.elapsed() < asked;
        require("sleeps that were too short", 0, u64::from(early))?;
    }
    Ok(())
}

/// Starts threads, takes their results; leaves some alone.
pub(super) fn spawns(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    for round in rounds {
        let core = shared.cores[(round / 2) as usize % shared.cores.len()];
        let builder = thread::Builder::new().name("fuzz.child").core(core);
        let spawned = builder.spawn(move || black_box(round).rotate_left(32));
        let Ok(handle) = spawned else {
            return require("threads for which there is memory", 1, 0);
        };
        if round % 8 != 7 {
            // One that has crashed is found by its missing result.
            let result = handle.join().unwrap_or_default();
            require("a thread's result", round.rotate_left(32), result)?;
        }
    }
    Ok(())
}

/// Holds off its preemption: meanwhile it keeps its core, and afterwards nothing is held.
pub(super) fn holds_off(_shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    let me = thread::current();
    let switches = || {
        let info = me.info();
        info.switches_voluntary + info.switches_preempted
    };
    for round in rounds {
        let outer = thread::preempt_disable();
        let before = switches();
        let core = cores::current();
        {
            let _inner = thread::preempt_disable();
            for step in 0..round % 64 * 4 {
                black_box(step);
            }
        }
        let after = switches();
        let there = cores::current() == core;
        drop(outer);
        require("switches while preemption is held off", 0, after - before)?;
        require("whether it stayed on its core", 1, u64::from(there))?;
        require(
            "guards that are left",
            0,
            u64::from(thread::preempt_count()),
        )?;
        // Nearly all of its time it cannot be preempted: it would keep the core for whole slices.
        thread::yield_now();
    }
    Ok(())
}

/// Changes its share and its class, and gives way in each of them.
pub(super) fn changes_class(_shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    let me = thread::current();
    for round in rounds {
        me.set_priority(Priority::from_percent(50 + (round % 4) as u32 * 50));
        thread::yield_now();
        me.set_realtime(1 + (round % 2) as u8);
        thread::yield_now();
        me.set_realtime(0);
        thread::yield_now();
    }
    Ok(())
}

/// Goes from core to core, or where there is one, stays.
pub(super) fn moves(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    for round in rounds {
        let core = shared.cores[round as usize % shared.cores.len()];
        require(
            "pins that were refused",
            0,
            u64::from(thread::pin(core).is_err()),
        )?;
        require(
            "the core",
            core.index() as u64,
            thread::current_core().index() as u64,
        )?;
        if round % 2 == 0 {
            thread::unpin();
        }
        thread::yield_now();
    }
    Ok(())
}
