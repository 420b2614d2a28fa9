//! What the threads of `fuzz` do that belong to a group: readers and a writer, a channel, a barrier.

use core::{hint::black_box, sync::atomic::Ordering, time::Duration};

use super::shared::{Rounds, Shared, Wrong, require};
use crate::{
    sync::channel::{RecvTimeoutError, TryRecvError},
    thread,
};

/// The last value that is sent.
const END: u64 = u64::MAX;
/// About as long as a few operations take, at one instruction a nanosecond.
const SHORT: Duration = Duration::from_micros(5);

/// Changes two numbers that readers must see alike.
pub(super) fn writes(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    for round in rounds {
        let guard = match round % 4 {
            0 => shared.pair.try_write(),
            _ => Some(shared.pair.write()),
        };
        if let Some(mut pair) = guard {
            pair[0] = black_box(pair[0] + 1);
            if round % 4 == 1 {
                thread::yield_now();
            }
            pair[1] += 1;
        }
    }
    Ok(())
}

/// Reads both, at times with a yield between.
pub(super) fn reads(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    for round in rounds {
        let guard = match round % 4 {
            0 => shared.pair.try_read(),
            _ => Some(shared.pair.read()),
        };
        if let Some(pair) = guard {
            let first = black_box(pair[0]);
            if round % 4 == 1 {
                thread::yield_now();
            }
            require("the second of two numbers", first, pair[1])?;
        }
    }
    Ok(())
}

/// Sends numbers in their order.
pub(super) fn sends(shared: &Shared, rounds: Rounds<'_>) -> Result<(), Wrong> {
    let sender = &shared.channel.0;
    let mut number = 0;
    for round in rounds {
        let is_sent = match round % 4 {
            0 => sender.try_send(number).is_ok(),
            1 => sender.send_timeout(number, SHORT).is_ok(),
            _ => sender.send(number).is_ok(),
        };
        number += u64::from(is_sent);
    }
    require(
        "whether the end was sent",
        1,
        u64::from(sender.send(END).is_ok()),
    )
}

/// Receives them.
pub(super) fn receives(shared: &Shared, mut rounds: Rounds<'_>) -> Result<(), Wrong> {
    let receiver = &shared.channel.1;
    let mut expected = 0;
    // To the end, not only until all are to stop: the sender may wait for room.
    loop {
        let number = match rounds.go_on() % 4 {
            0 => match receiver.try_recv() {
                Err(TryRecvError::Empty) => continue,
                number => number.ok(),
            },
            1 => match receiver.recv_timeout(SHORT) {
                Err(RecvTimeoutError::Timeout) => continue,
                number => number.ok(),
            },
            _ => receiver.recv().ok(),
        };
        match number {
            Some(END) => return Ok(()),
            number => require("the number received", expected, number.unwrap_or(END))?,
        }
        expected += 1;
    }
}

/// Meets the other at a barrier, twice a round: neither is ever more than the round ahead.
pub(super) fn meets<const ME: usize>(shared: &Shared, mut rounds: Rounds<'_>) -> Result<(), Wrong> {
    loop {
        // One of them decides for both, before the first meeting; both look between the meetings.
        if ME == 0 && rounds.next().is_none() {
            shared.is_last.store(true, Ordering::Relaxed);
        } else if ME != 0 {
            rounds.go_on();
        }
        let mine = shared.met[ME].fetch_add(1, Ordering::Relaxed) + 1;
        shared.barrier.wait();
        let others = shared.met[1 - ME].load(Ordering::Relaxed);
        let is_last = shared.is_last.load(Ordering::Relaxed);
        shared.barrier.wait();
        require("rounds of the other at the barrier", mine, others)?;
        if is_last {
            return Ok(());
        }
    }
}
