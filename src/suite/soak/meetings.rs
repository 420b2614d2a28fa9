//! What two threads of `soak` do with each other. A wake-up that is lost leaves one of them waiting for good.
//!
//! Both are told before anybody is told the next thing, so nobody waits for somebody who waits for it.

use core::sync::atomic::{AtomicUsize, Ordering};

use super::super::wrong::{Wrong, require};
use crate::{
    sync::{
        Barrier, Condvar, Mutex, Semaphore, SpinLock,
        channel::{self, Receiver, Sender},
    },
    thread::{self, Thread},
};

/// What they have in common.
pub(super) struct Meeting {
    place: Mutex<Option<u64>>,
    filled: Condvar,
    emptied: Condvar,
    signals: [Semaphore; 2],
    barrier: Barrier,
    channel: (Sender<u64>, Receiver<u64>),
    turn: AtomicUsize,
    players: SpinLock<[Option<Thread>; 2]>,
}

impl Meeting {
    /// `None`: no memory.
    pub(super) fn new() -> Option<Self> {
        Some(Self {
            place: Mutex::new(None),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            signals: [Semaphore::new(1), Semaphore::new(0)],
            barrier: Barrier::new(2),
            channel: channel::bounded(2).ok()?,
            turn: AtomicUsize::new(0),
            players: SpinLock::new([None, None]),
        })
    }
}

type Meet = fn(&Meeting, usize, u64) -> Result<(), Wrong>;

/// All of them; the number is drawn.
pub(super) static MEETINGS: [Meet; 5] = [hands_over, sends, signals, comes_together, wakes];

/// How often.
fn rounds(argument: u64) -> u64 {
    1 + argument % 8
}

/// Numbers through a place with room for one.
fn hands_over(meeting: &Meeting, side: usize, argument: u64) -> Result<(), Wrong> {
    for round in 0..rounds(argument) {
        let mut place = meeting.place.lock();
        if side == 0 {
            while place.is_some() {
                place = meeting.emptied.wait(place);
            }
            *place = Some(argument ^ round);
            meeting.filled.notify_one();
        } else {
            let number = loop {
                match place.take() {
                    Some(number) => break number,
                    None => place = meeting.filled.wait(place),
                }
            };
            meeting.emptied.notify_one();
            require("the number in a place", argument ^ round, number)?;
        }
    }
    Ok(())
}

/// Numbers through a channel.
fn sends(meeting: &Meeting, side: usize, argument: u64) -> Result<(), Wrong> {
    let (sender, receiver) = &meeting.channel;
    for round in 0..rounds(argument) {
        if side == 0 {
            let is_sent = sender.send(argument ^ round).is_ok();
            require("whether a number was sent", 1, u64::from(is_sent))?;
        } else {
            let number = receiver.recv().unwrap_or_default();
            require("the number from a channel", argument ^ round, number)?;
        }
    }
    Ok(())
}

/// Turns by two semaphores.
fn signals(meeting: &Meeting, side: usize, argument: u64) -> Result<(), Wrong> {
    for _ in 0..rounds(argument) {
        meeting.signals[side].acquire();
        meeting.signals[1 - side].release();
    }
    Ok(())
}

/// At a barrier.
fn comes_together(meeting: &Meeting, _side: usize, argument: u64) -> Result<(), Wrong> {
    for _ in 0..rounds(argument) {
        meeting.barrier.wait();
    }
    Ok(())
}

/// Turns, parked meanwhile.
fn wakes(meeting: &Meeting, side: usize, argument: u64) -> Result<(), Wrong> {
    meeting.players.lock()[side] = Some(thread::current());
    meeting.barrier.wait();
    let other = meeting.players.lock()[1 - side].clone();
    for _ in 0..rounds(argument) {
        while meeting.turn.load(Ordering::Acquire) != side {
            thread::park();
        }
        meeting.turn.store(1 - side, Ordering::Release);
        other.iter().for_each(Thread::unpark);
    }
    Ok(())
}
