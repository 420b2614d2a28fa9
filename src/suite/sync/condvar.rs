//! The condition variable: nothing remembered, nothing lost, first come first woken.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    sync::{Condvar, Mutex},
    thread::{self, Builder, JoinHandle},
    time::Instant,
};

pub(super) fn check(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    timeout(session)?;
    order(session)?;
    broadcast(session)?;
    conservation(session, rounds)
}

/// A notification that nobody waits for is not remembered; a wait for what does not come ends in its time.
fn timeout(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "sync.condvar.timeout";
    let pair = Arc::new((Mutex::new(()), Condvar::new()));
    let work = move || {
        pair.1.notify_one();
        pair.1.notify_all();
        let (guard, start) = (pair.0.lock(), Instant::now());
        let (_guard, timed_out) = pair.1.wait_timeout(guard, Duration::from_millis(20));
        (timed_out, start.elapsed())
    };
    let handle = session.spawned(id, thread::spawn(work))?;
    let (timed_out, took) = session.join(id, handle)?;
    session.is(id, "said that it timed out", timed_out);
    let least = Expect::AtLeast(20_000);
    session.check(
        "sync.condvar.timeout-us",
        "microseconds",
        least,
        took.as_micros() as u64,
    );
    Ok(())
}

/// What waiters and the one who notifies them share.
struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    waiting: usize,
    /// Those that may go on.
    tickets: usize,
    /// No more will come.
    is_over: bool,
    woken: Vec<usize>,
}

impl Queue {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::default()),
            arrived: Condvar::new(),
        })
    }

    /// Waits for a ticket, once.
    fn wait(&self, me: usize) {
        let mut state = self.state.lock();
        state.waiting += 1;
        while state.tickets == 0 {
            if state.is_over {
                return;
            }
            state = self.arrived.wait(state);
        }
        state.tickets -= 1;
        state.woken.push(me);
    }

    fn hand_out(&self, tickets: usize) {
        self.state.lock().tickets += tickets;
    }

    /// Sends all home who wait.
    fn close(&self) {
        self.state.lock().is_over = true;
        self.arrived.notify_all();
    }
}

/// Closes a queue at the end of its check, also if that comes early: nobody is left waiting.
struct Closing(Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Starts `count` waiters, each after the one before has begun to wait.
fn waiters(
    session: &mut Session<'_>,
    id: &str,
    queue: &Arc<Queue>,
    count: usize,
) -> Result<Vec<JoinHandle<()>>, Ended> {
    let mut handles = Vec::new();
    for me in 0..count {
        let inside = queue.clone();
        let spawned = Builder::new().name("waiter").spawn(move || inside.wait(me));
        handles.push(session.spawned(id, spawned)?);
        // Counted under the lock, which `wait` gives back: from then on it is in the queue.
        session.wait(id, "it waits", || queue.state.lock().waiting > me)?;
    }
    Ok(handles)
}

/// Those who wait are woken one by one, in the order in which they came.
fn order(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "sync.condvar.order";
    let (queue, count) = (Queue::new(), 16);
    let _closing = Closing(queue.clone());
    let handles = waiters(session, id, &queue, count)?;
    for woken in 0..count {
        queue.hand_out(1);
        queue.arrived.notify_one();
        session.wait(id, "one was woken", || {
            queue.state.lock().woken.len() > woken
        })?;
    }
    session.join_all(id, handles)?;
    let in_order = queue.state.lock().woken.iter().copied().eq(0..count);
    session.is(id, "first come, first woken", in_order);
    Ok(())
}

/// All who wait are woken at once; those who come later are not.
fn broadcast(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "sync.condvar.broadcast";
    let (queue, count) = (Queue::new(), 50);
    let _closing = Closing(queue.clone());
    let handles = waiters(session, id, &queue, count)?;
    queue.hand_out(count);
    queue.arrived.notify_all();
    session.join_all(id, handles)?;
    let woken = queue.state.lock().woken.len() as u64;
    session.check(
        id,
        "threads that were woken",
        Expect::Exactly(count as u64),
        woken,
    );
    Ok(())
}

/// A waiter whose time runs out and a notification that comes at the same moment: what was produced is
/// consumed once, and nobody is left waiting.
fn conservation(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "sync.condvar.conservation";
    let queue = Queue::new();
    let closing = Closing(queue.clone());
    let mut consumers = Vec::new();
    for core in cores::online() {
        let inside = queue.clone();
        let work = move || {
            let mut consumed = 0_u64;
            let mut state = inside.state.lock();
            loop {
                if state.tickets > 0 {
                    state.tickets -= 1;
                    consumed += 1;
                } else if state.is_over {
                    return consumed;
                } else {
                    // From 10 to 290 us: about as long as a ticket takes to come.
                    let pause = Duration::from_micros(10 + consumed % 8 * 40);
                    state = inside.arrived.wait_timeout(state, pause).0;
                }
            }
        };
        let spawned = Builder::new().name("consumer").core(core).spawn(work);
        consumers.push(session.spawned(id, spawned)?);
    }
    for round in 0..rounds {
        queue.hand_out(1);
        queue.arrived.notify_one();
        if round % 16 == 0 {
            session.sleep(Duration::from_micros(100))?;
        }
    }
    drop(closing);
    let mut consumed = 0;
    for consumer in consumers {
        consumed += session.join(id, consumer)?;
    }
    session.check(id, "tickets consumed", Expect::Exactly(rounds), consumed);
    Ok(())
}
