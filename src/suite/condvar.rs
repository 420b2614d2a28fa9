//! `condvar`: nothing remembered, nothing lost, first come first woken. The checks of `tst-condvar`.

use alloc::{sync::Arc, vec::Vec};
use core::time::Duration;

use super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    sync::{Condvar, Mutex},
    thread::{self, Builder, JoinHandle},
    time::Instant,
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "condvar",
        summary: "Check that a condition variable loses no wake-up and keeps its order",
        args: &[
            Arg::number("rounds", 1, 1_000_000_000, "Notifications that are sent")
                .or_number(2_000)
                .option(),
            Arg::flag("full", "100,000 rounds"),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let rounds = if ctx.flag("full") {
        100_000
    } else {
        ctx.number("rounds")
    };
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = timeout(&mut session)
        .and_then(|()| pair(&mut session, rounds))
        .and_then(|()| order(&mut session))
        .and_then(|()| broadcast(&mut session))
        .and_then(|()| conservation(&mut session, rounds));
    session.finish()
}

/// A notification that nobody waits for is not remembered; a wait for what does not come ends in its time.
fn timeout(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "condvar.timeout";
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
        "condvar.timeout.us",
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
    let id = "condvar.order";
    let (queue, count) = (Queue::new(), 50);
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

/// Two threads hand a token to each other, anywhere and on one core.
fn pair(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let first = cores::online().next();
    for (id, core) in [("condvar.pair", None), ("condvar.pair.one-core", first)] {
        let shared = Arc::new((Mutex::new(0_u64), Condvar::new()));
        let mut handles = Vec::new();
        for me in 0..2 {
            let shared = shared.clone();
            let work = move || {
                let (turn, changed) = &*shared;
                let mut turn = turn.lock();
                while *turn < 2 * rounds {
                    if *turn % 2 == me {
                        *turn += 1;
                        changed.notify_one();
                    } else {
                        turn = changed.wait(turn);
                    }
                }
            };
            let builder = Builder::new().name("pair");
            let builder = match core {
                Some(core) => builder.core(core),
                None => builder,
            };
            handles.push(session.spawned(id, builder.spawn(work))?);
        }
        // As long as there are rounds: what goes on is no hang.
        let turns = || *shared.0.lock();
        let mut last = 0;
        while turns() < 2 * rounds {
            session.wait(id, "the token moves", || turns() > last)?;
            last = turns();
        }
        session.join_all(id, handles)?;
        session.check(id, "handoffs", Expect::Exactly(2 * rounds), turns());
    }
    Ok(())
}

/// All who wait are woken at once.
fn broadcast(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "condvar.broadcast";
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
    let id = "condvar.conservation";
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
