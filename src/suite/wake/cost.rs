//! What a wake-up costs the one that wakes: of a thread that is awake, and of one that sleeps. The figures that
//! `misc-wake` was meant to give.

use alloc::sync::Arc;
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ufmt::uwriteln;

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    shell::pad,
    thread::{self, Builder},
    time::Instant,
};

/// Wake-ups that are timed together.
const ROUNDS: u64 = 2_000;

pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "wake.cost";
    let Some(core) = cores::online().last() else {
        return Ok(());
    };
    let is_over = Arc::new(AtomicBool::new(false));
    let over = is_over.clone();
    let sleep = move || {
        let mut woken = 0_u64;
        while !over.load(Ordering::Relaxed) {
            thread::park();
            woken += 1;
        }
        woken
    };
    let builder = || Builder::new().name("cost").core(core);
    let sleeper = session.spawned(id, builder().spawn(sleep))?;
    let target = sleeper.thread().clone();
    let cancel = session.cancel();
    let work = move || {
        let me = thread::current();
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| me.unpark());
        let awake = start.elapsed();
        let (mut asleep, mut done) = (Duration::ZERO, 0);
        while done < ROUNDS && !cancel.is_requested() {
            // Of the same rank or so: it gets the core when this thread yields, and parks again.
            thread::yield_now();
            let start = Instant::now();
            target.unpark();
            asleep += start.elapsed();
            done += 1;
        }
        is_over.store(true, Ordering::Relaxed);
        target.unpark();
        [awake, asleep].map(|time| time.as_nanos() as u64)
    };
    let waker = session.spawned(id, builder().spawn(work))?;
    let ns = session.join(id, waker)?;
    let woken = session.join(id, sleeper)?;
    session.sleep(Duration::ZERO)?;
    for (name, ns) in ["awake", "asleep"].into_iter().zip(ns) {
        let each = pad::fixed(ns * 1_000 / ROUNDS, 3);
        let _ = uwriteln!(session.out(), "{} = {} ns/wake-up", name, each);
        session.check(id, "nanoseconds in all", Expect::AtLeast(1), ns);
    }
    // One that comes while it is on its way to sleep is the same as the one before.
    let what = "wake-ups that the sleeper saw";
    let some = Expect::Between(1, ROUNDS + 1);
    session.check("wake.cost.woken", what, some, woken);
    Ok(())
}
