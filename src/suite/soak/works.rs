//! What a thread of `soak` does alone, or with whoever happens to be there. Each can tell whether it went well.

use alloc::vec;
use core::{hint::black_box, sync::atomic::Ordering, time::Duration};

use super::{
    super::{
        held::Held,
        rounding::{Rounding, rmode},
        sines::Sines,
        wrong::{Wrong, require},
    },
    draw::LOCKS,
    stage::STAGE,
    worker::NAME,
};
use crate::{
    arch::fp::{fpcr, set_fpcr},
    cores,
    thread::{self, Builder, Priority},
    time::Instant,
};

type Work = fn(u64) -> Result<(), Wrong>;

/// All of them; the number is drawn.
pub(super) static WORKS: [Work; 13] = [
    locks, waits, reads, sleeps, parks, yields, registers, sines, stacks, allocates, starts,
    holds_off, changes,
];

/// A short time of the drawn length, up to 63 microseconds.
fn short(argument: u64) -> Duration {
    Duration::from_micros(argument % 64)
}

/// Lets others go first, in one of three ways.
fn pause(argument: u64) {
    match argument % 4 {
        0 => thread::yield_now(),
        1 => thread::sleep(short(argument >> 2)),
        _ => {}
    }
}

/// Changes two numbers one after the other, with a mutex with which others crash.
fn locks(argument: u64) -> Result<(), Wrong> {
    let mut pair = STAGE.enter((argument >> 32) as usize % LOCKS);
    pair[0] += 1;
    pause(argument);
    pair[1] += 1;
    drop(pair);
    STAGE.entered.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Takes a mutex if it is free, or in time.
fn waits(argument: u64) -> Result<(), Wrong> {
    let guard = match argument >> 32 & 3 {
        0 => STAGE.calm.try_lock(),
        1 => STAGE.calm.lock_timeout(short(argument >> 40)),
        _ => Some(STAGE.calm.lock()),
    };
    if let Some(mut number) = guard {
        let before = black_box(*number);
        pause(argument);
        require("a number under a mutex", before, *number)?;
        *number = before.wrapping_add(1);
    }
    Ok(())
}

/// Reads, or writes, two numbers that are the same.
fn reads(argument: u64) -> Result<(), Wrong> {
    if argument >> 32 & 3 == 0 {
        let mut pair = STAGE.shared.write();
        pair[0] = black_box(pair[0].wrapping_add(1));
        pause(argument);
        pair[1] = pair[1].wrapping_add(1);
        return Ok(());
    }
    let pair = STAGE.shared.read();
    let first = black_box(pair[0]);
    pause(argument);
    require("the second of two numbers", first, pair[1])
}

fn sleeps(argument: u64) -> Result<(), Wrong> {
    let (start, asked) = (Instant::now(), short(argument));
    thread::sleep(asked);
    let early = start.elapsed() < asked;
    require("sleeps that were too short", 0, u64::from(early))
}

/// Somebody may wake it meanwhile.
fn parks(argument: u64) -> Result<(), Wrong> {
    thread::park_timeout(short(argument));
    Ok(())
}

fn yields(argument: u64) -> Result<(), Wrong> {
    let times = argument % 16;
    let mut sum = 0;
    for step in 0..times {
        thread::yield_now();
        sum += step;
    }
    require("a sum", times * times.saturating_sub(1) / 2, sum)
}

/// Keeps a rounding mode and eight numbers across yields.
fn registers(argument: u64) -> Result<(), Wrong> {
    let mode = Rounding::of_thread((argument & 1) as usize);
    let start = fpcr();
    require("FPCR at the start", 0, start)?;
    set_fpcr(mode.fpcr());
    let (mut held, mut wrong, mut got) = (Held::new(), None, 0);
    for step in 0..8 + argument % 32 {
        wrong = held.wrong_after(step);
        got = rmode(fpcr());
        if wrong.is_some() || got != rmode(mode.fpcr()) {
            break;
        }
        held.step();
        if step % 2 == 0 {
            thread::yield_now();
        }
    }
    set_fpcr(start);
    let wrong = wrong.map_or((0, 0), |wrong| (wrong.expected, wrong.got));
    require("a number in a register", wrong.0, wrong.1)?;
    require("the rounding mode", rmode(mode.fpcr()), got)
}

fn sines(_argument: u64) -> Result<(), Wrong> {
    let wrong = Sines::compute().recompute();
    let wrong = wrong.map_or((0, 0), |wrong| (wrong.expected, wrong.got));
    require("a sine", wrong.0, wrong.1)
}

/// Uses up to half of the smallest stack, and gives way at its deepest.
fn stacks(argument: u64) -> Result<(), Wrong> {
    #[inline(never)]
    fn descend(depth: u64, argument: u64) -> u64 {
        let frame = black_box([depth ^ argument; 32]);
        let below = match depth {
            0 => {
                pause(argument);
                0
            }
            _ => descend(depth - 1, argument),
        };
        below + u64::from(frame.iter().any(|&word| word != depth ^ argument))
    }
    require("frames that changed", 0, descend(argument % 16, argument))
}

fn allocates(argument: u64) -> Result<(), Wrong> {
    let bytes = (argument >> 32) as usize % 4_096;
    let mut memory = vec![argument as u8; bytes];
    pause(argument);
    let all = memory.iter().filter(|&&byte| byte == argument as u8);
    require("bytes that stayed", bytes as u64, all.count() as u64)?;
    memory.resize(bytes * 2, 0);
    let zeros = memory.iter().skip(bytes).filter(|&&byte| byte == 0);
    require("bytes that are new", bytes as u64, zeros.count() as u64)
}

/// Starts a thread, and takes what it returns, or leaves it alone.
fn starts(argument: u64) -> Result<(), Wrong> {
    let is_loose = argument & 1 == 0 && STAGE.loose.try_acquire();
    let spawned = Builder::new().name(NAME).spawn(move || {
        pause(argument >> 1);
        if is_loose {
            STAGE.loose.release();
        }
        black_box(argument).rotate_left(32)
    });
    let Ok(handle) = spawned else {
        return require("threads for which there is memory", 1, 0);
    };
    if is_loose {
        return Ok(());
    }
    // One that has crashed is found by its missing result.
    let result = handle.join().unwrap_or_default();
    require("what a thread returned", argument.rotate_left(32), result)
}

/// Holds off its preemption: it keeps its core.
fn holds_off(argument: u64) -> Result<(), Wrong> {
    let guard = thread::preempt_disable();
    let core = cores::current();
    for step in 0..argument % 1_024 {
        black_box(step);
    }
    let is_there = cores::current() == core;
    drop(guard);
    require("whether it kept its core", 1, u64::from(is_there))?;
    let guards = u64::from(thread::preempt_count());
    require("guards that are left", 0, guards)
}

/// Changes what it is: share, class, core.
fn changes(argument: u64) -> Result<(), Wrong> {
    let me = thread::current();
    match argument % 3 {
        0 => me.set_priority(Priority::from_percent(25 << (argument >> 2 & 3))),
        1 => me.set_realtime((argument >> 2 & 3) as u8),
        _ => {
            let here = thread::current_core();
            let is_pinned = thread::pin(here).is_ok();
            require("whether it was pinned", 1, u64::from(is_pinned))?;
            thread::unpin();
        }
    }
    pause(argument >> 4);
    Ok(())
}
