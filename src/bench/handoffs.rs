//! `switch.yield.same_core` and `handoff.*`: ways in which one thread lets another one go on.

use core::sync::atomic::{AtomicUsize, Ordering};

use super::pair::Turns;
use crate::{
    sync::{
        Condvar, Mutex, Semaphore,
        channel::{self, Receiver, Sender},
    },
    thread::{self, Thread},
};

/// Both yield: whoever waits for the core goes first.
pub(crate) struct Yield;

impl Turns for Yield {
    fn new() -> Option<Self> {
        Some(Self)
    }

    #[inline(always)]
    fn turn(&self, _: usize, _: &Thread, at: impl FnOnce()) {
        at();
        thread::yield_now();
    }
}

/// One mutex, one condition variable, an owner flag: the method of `misc-ctxsw`.
#[derive(Default)]
pub(crate) struct ByCondvar {
    owner: Mutex<usize>,
    turn: Condvar,
}

impl Turns for ByCondvar {
    fn new() -> Option<Self> {
        Some(Self::default())
    }

    #[inline(always)]
    fn turn(&self, me: usize, _: &Thread, at: impl FnOnce()) {
        let mut owner = self.owner.lock();
        while *owner != me {
            owner = self.turn.wait(owner);
        }
        at();
        *owner = 1 - me;
        drop(owner);
        self.turn.notify_one();
    }
}

/// A semaphore for each thread.
pub(crate) struct BySemaphore([Semaphore; 2]);

impl Turns for BySemaphore {
    fn new() -> Option<Self> {
        Some(Self([Semaphore::new(1), Semaphore::new(0)]))
    }

    #[inline(always)]
    fn turn(&self, me: usize, _: &Thread, at: impl FnOnce()) {
        self.0[me].acquire();
        at();
        self.0[1 - me].release();
    }
}

/// A channel to each thread, with room for one value.
pub(crate) struct ByChannel([(Sender<u64>, Receiver<u64>); 2]);

impl Turns for ByChannel {
    fn new() -> Option<Self> {
        let channels = [channel::bounded(1).ok()?, channel::bounded(1).ok()?];
        channels[0].0.try_send(0).ok()?;
        Some(Self(channels))
    }

    #[inline(always)]
    fn turn(&self, me: usize, _: &Thread, at: impl FnOnce()) {
        // Both ends of both channels live as long as both threads.
        let value = self.0[me].1.recv().unwrap_or_default();
        at();
        let _ = self.0[1 - me].0.send(value + 1);
    }
}

/// A flag, and a token for whoever is parked.
#[derive(Default)]
pub(crate) struct ByPark(AtomicUsize);

impl Turns for ByPark {
    fn new() -> Option<Self> {
        Some(Self::default())
    }

    #[inline(always)]
    fn turn(&self, me: usize, other: &Thread, at: impl FnOnce()) {
        while self.0.load(Ordering::Acquire) != me {
            thread::park();
        }
        at();
        self.0.store(1 - me, Ordering::Release);
        other.unpark();
    }
}
