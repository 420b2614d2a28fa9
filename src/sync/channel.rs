//! A bounded channel: values go from many senders to many receivers, each to one, in the order in which they
//! were sent.
//!
//! A thread that finds no room, or no value, waits its turn; room and values that come are set aside for those
//! who wait, first come, first served, so nobody is overtaken. When all receivers are gone, sending is an
//! error that gives the value back; when all senders are gone, receiving is one, once everything that was sent
//! has been received.
//!
//! Room is allocated when the channel is made, never later. Interrupt handlers may use the `try_` forms.
//! Values are moved with IRQs masked: send large ones in a box.

#![expect(unsafe_code, reason = "puts the current thread into a list")]

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::arch::cpu::IrqGuard;
use crate::mem::fallible::{Counted, NoMemory};
use crate::sched::timers;
use crate::sched::wait_list::WaitList;
use crate::sched::wake::{self, Claimed, State};
use crate::sync::{SpinLock, SpinLockGuard};
use crate::time::Instant;

mod errors;

pub use errors::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};

/// Makes a channel with room for `capacity` values, at least one: there is no rendezvous. An error if there is
/// no memory for so many.
pub fn bounded<T>(capacity: usize) -> Result<(Sender<T>, Receiver<T>), NoMemory> {
    let capacity = capacity.max(1);
    let mut values = VecDeque::new();
    values.try_reserve_exact(capacity).map_err(|_| NoMemory)?;
    let shared = Counted::try_new(SpinLock::new(Inner {
        values,
        room: Permits::new(capacity),
        there: Permits::new(0),
        senders: 1,
        receivers: 1,
    }))?;
    Ok((Sender(shared.clone()), Receiver(shared)))
}

/// What both sides share.
#[derive(Debug)]
struct Inner<T> {
    values: VecDeque<T>,
    /// For the places that are free.
    room: Permits,
    /// For the values that are there.
    there: Permits,
    senders: usize,
    receivers: usize,
}

/// Those that nobody has, and those who wait for one. A permit goes to the thread that has waited longest.
#[derive(Debug)]
struct Permits {
    free: usize,
    waiters: WaitList,
}

impl Permits {
    const fn new(free: usize) -> Self {
        Self {
            free,
            waiters: WaitList::new(),
        }
    }

    fn try_take(&mut self) -> bool {
        let is_there = self.free > 0;
        self.free -= usize::from(is_there);
        is_there
    }

    /// Whoever has waited longest has the permit, and is the caller's to wake without the lock; or nobody has it.
    fn give(&mut self) -> Option<Claimed> {
        let woken = self.waiters.claim_first();
        self.free += usize::from(woken.is_none());
        woken
    }
}

type Shared<T> = SpinLock<Inner<T>>;

/// Which permits: for room, or for values.
type Which<T> = fn(&mut Inner<T>) -> &mut Permits;

/// Waits until a permit is given to this thread, or until it is turned away because the other side is gone.
/// `None`: the time has run out first.
fn wait<'a, T>(
    shared: &'a Shared<T>,
    mut inner: SpinLockGuard<'a, Inner<T>>,
    which: Which<T>,
    deadline_ticks: Option<u64>,
    irq: &IrqGuard,
) -> Option<SpinLockGuard<'a, Inner<T>>> {
    // SAFETY: the current thread waits for nothing else, and stays in the list until it is woken or leaves it
    // below.
    unsafe { which(&mut inner).waiters.push_current(State::Waiting, irq) };
    drop(inner);
    let timed_out = match deadline_ticks {
        Some(deadline_ticks) => timers::block_until(deadline_ticks, irq),
        None => {
            wake::block(irq);
            false
        }
    };
    let mut inner = shared.lock();
    if timed_out {
        // SAFETY: no other list can hold the current thread.
        unsafe { which(&mut inner).waiters.remove_current() };
        return None;
    }
    Some(inner)
}

/// Wakes all who wait for what will not come any more. Nobody begins to: the other side is gone.
fn turn_away<T>(shared: &Shared<T>, which: Which<T>) {
    let irq = IrqGuard::mask();
    which(&mut shared.lock()).waiters.wake_all(&irq);
    wake::preempt_or_arm(&irq);
}

/// The side that sends. Cloned, there are several.
#[derive(Debug)]
pub struct Sender<T>(Counted<Shared<T>>);

/// The side that receives. Cloned, there are several.
#[derive(Debug)]
pub struct Receiver<T>(Counted<Shared<T>>);

impl<T> Sender<T> {
    /// Sends a value, asleep until there is room.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.send_until(value, None).map_err(|error| match error {
            SendTimeoutError::Disconnected(value) | SendTimeoutError::Timeout(value) => {
                SendError(value)
            }
        })
    }

    /// As [`send`](Self::send), but waits for `timeout` at most.
    pub fn send_timeout(&self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_until(value, Some((Instant::now() + timeout).ticks()))
    }

    /// Sends a value if there is room.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let irq = IrqGuard::mask();
        let mut inner = self.0.lock();
        if inner.receivers == 0 {
            return Err(TrySendError::Disconnected(value));
        }
        if !inner.room.try_take() {
            return Err(TrySendError::Full(value));
        }
        put(inner, value, &irq);
        Ok(())
    }

    fn send_until(&self, value: T, deadline_ticks: Option<u64>) -> Result<(), SendTimeoutError<T>> {
        let irq = IrqGuard::mask();
        let mut inner = self.0.lock();
        if inner.receivers > 0 && !inner.room.try_take() {
            let which: Which<T> = |inner| &mut inner.room;
            match wait(&self.0, inner, which, deadline_ticks, &irq) {
                Some(locked) => inner = locked,
                None => return Err(SendTimeoutError::Timeout(value)),
            }
        }
        if inner.receivers == 0 {
            return Err(SendTimeoutError::Disconnected(value));
        }
        put(inner, value, &irq);
        Ok(())
    }
}

/// Puts a value into the place that was taken for it.
fn put<T>(mut inner: SpinLockGuard<'_, Inner<T>>, value: T, irq: &IrqGuard) {
    inner.values.push_back(value);
    let woken = inner.there.give();
    drop(inner);
    if let Some(woken) = woken {
        woken.make_ready_masked(irq);
    }
}

impl<T> Receiver<T> {
    /// Receives a value, asleep until there is one.
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_until(None).map_err(|_| RecvError)
    }

    /// As [`recv`](Self::recv), but waits for `timeout` at most.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(Some((Instant::now() + timeout).ticks()))
    }

    /// Receives a value if there is one.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let irq = IrqGuard::mask();
        let mut inner = self.0.lock();
        if inner.there.try_take() {
            return take(inner, &irq).ok_or(TryRecvError::Empty);
        }
        Err(if inner.senders == 0 {
            TryRecvError::Disconnected
        } else {
            TryRecvError::Empty
        })
    }

    /// The values that come, until all senders are gone.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        core::iter::from_fn(|| self.recv().ok())
    }

    fn recv_until(&self, deadline_ticks: Option<u64>) -> Result<T, RecvTimeoutError> {
        let irq = IrqGuard::mask();
        let mut inner = self.0.lock();
        if !inner.there.try_take() {
            if inner.senders == 0 {
                return Err(RecvTimeoutError::Disconnected);
            }
            let which: Which<T> = |inner| &mut inner.there;
            match wait(&self.0, inner, which, deadline_ticks, &irq) {
                Some(locked) => inner = locked,
                None => return Err(RecvTimeoutError::Timeout),
            }
        }
        // As many values as permits: there is none only for who was turned away.
        take(inner, &irq).ok_or(RecvTimeoutError::Disconnected)
    }
}

/// Takes the value out that a permit was taken for.
fn take<T>(mut inner: SpinLockGuard<'_, Inner<T>>, irq: &IrqGuard) -> Option<T> {
    let value = inner.values.pop_front()?;
    let woken = inner.room.give();
    drop(inner);
    if let Some(woken) = woken {
        woken.make_ready_masked(irq);
    }
    Some(value)
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(self.0.clone())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.0.lock().receivers += 1;
        Self(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.senders -= 1;
        let was_last = inner.senders == 0;
        drop(inner);
        if was_last {
            turn_away(&self.0, |inner| &mut inner.there);
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.receivers -= 1;
        if inner.receivers > 0 {
            return;
        }
        let unread = core::mem::take(&mut inner.values);
        drop(inner);
        // Nobody can receive these any more. What dropping them does is not for a spin lock.
        drop(unread);
        turn_away(&self.0, |inner| &mut inner.room);
    }
}
