//! `channel`: what is sent is received once and in order, never more is on the way than there is room for, and
//! whoever waits for somebody who is gone is told.

use alloc::{sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores,
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    sync::channel::{
        self, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender,
        TryRecvError, TrySendError,
    },
    thread::{Builder, JoinHandle, State},
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "channel",
        summary: "Check that a bounded channel loses, doubles and reorders nothing",
        args: &[
            Arg::number("rounds", 1, 1_000_000_000, "Values that each sender sends")
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
    let _: Result<(), Ended> = room(&mut session)
        .and_then(|()| gone(&mut session))
        .and_then(|()| turned_away(&mut session))
        .and_then(|()| unread(&mut session))
        .and_then(|()| crowd(&mut session, rounds));
    session.finish()
}

/// A channel of this check; without memory for it, the check has failed.
fn bounded<T>(
    session: &mut Session<'_>,
    id: &str,
    capacity: usize,
) -> Result<(Sender<T>, Receiver<T>), Ended> {
    channel::bounded(capacity).map_err(|_| {
        session.is(id, "memory for the channel", false);
        Ended
    })
}

/// As many values as there is room for; waiting for more, or for a value, ends in its time.
fn room(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "channel.room";
    let (sender, receiver) = bounded(session, id, 3)?;
    let sent = (0..5).take_while(|value| sender.try_send(*value).is_ok());
    let sent = sent.count() as u64;
    session.check(
        id,
        "values that there is room for",
        Expect::Exactly(3),
        sent,
    );
    let full = sender.try_send(9) == Err(TrySendError::Full(9));
    session.is("channel.full", "the value comes back", full);
    let brief = Duration::from_millis(5);
    let late = sender.send_timeout(9, brief) == Err(SendTimeoutError::Timeout(9));
    session.is("channel.send-timeout", "the value comes back", late);
    let got: Vec<u64> = core::iter::from_fn(|| receiver.try_recv().ok()).collect();
    session.is("channel.order", "in the order of sending", got == [0, 1, 2]);
    let empty = receiver.try_recv() == Err(TryRecvError::Empty);
    session.is("channel.empty", "nothing is there", empty);
    let late = receiver.recv_timeout(brief) == Err(RecvTimeoutError::Timeout);
    session.is("channel.recv-timeout", "nothing came", late);
    Ok(())
}

/// The other side is gone before.
fn gone(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "channel.gone";
    let (sender, receiver) = bounded(session, id, 3)?;
    let second = sender.clone();
    let sent = sender.send(1).is_ok() && second.send(2).is_ok();
    drop((sender, second));
    let got: Vec<u64> = receiver.iter().collect();
    let is_all = sent && got == [1, 2];
    session.is("channel.gone.rest", "what was sent before comes", is_all);
    let over =
        receiver.recv() == Err(RecvError) && receiver.try_recv() == Err(TryRecvError::Disconnected);
    session.is("channel.gone.senders", "then it is over", over);
    let (sender, receiver) = bounded(session, id, 3)?;
    drop(receiver);
    let over = sender.send(7) == Err(SendError(7))
        && sender.try_send(8) == Err(TrySendError::Disconnected(8));
    session.is("channel.gone.receivers", "the value comes back", over);
    Ok(())
}

/// The other side goes while threads wait for it.
fn turned_away(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "channel.turned-away";
    let (sender, receiver) = bounded::<u64>(session, id, 1)?;
    let wait = {
        let receiver = receiver.clone();
        move |_| u64::from(receiver.recv() == Err(RecvError))
    };
    let handles = waiting(session, id, wait)?;
    drop(sender);
    let told = sum(session, id, handles)?;
    session.check(
        "channel.turned-away.receivers",
        "told",
        Expect::Exactly(4),
        told,
    );
    drop(receiver);

    let (sender, receiver) = bounded::<u64>(session, id, 1)?;
    session.is(id, "the room is taken", sender.send(0).is_ok());
    let wait = move |me| u64::from(sender.send(me) == Err(SendError(me)));
    let handles = waiting(session, id, wait)?;
    drop(receiver);
    let told = sum(session, id, handles)?;
    session.check(
        "channel.turned-away.senders",
        "told",
        Expect::Exactly(4),
        told,
    );
    Ok(())
}

/// Four threads that do what makes them wait, when they do.
fn waiting(
    session: &mut Session<'_>,
    id: &str,
    what: impl Fn(u64) -> u64 + Send + Sync + 'static,
) -> Result<Vec<JoinHandle<u64>>, Ended> {
    let what = Arc::new(what);
    let mut handles = Vec::new();
    for me in 1..=4 {
        let what = what.clone();
        let spawned = Builder::new().name("waiter").spawn(move || what(me));
        handles.push(session.spawned(id, spawned)?);
    }
    session.wait(id, "all wait", || {
        let mut all = handles.iter();
        all.all(|handle| handle.thread().info().state == State::Waiting)
    })?;
    Ok(handles)
}

fn sum(session: &mut Session<'_>, id: &str, handles: Vec<JoinHandle<u64>>) -> Result<u64, Ended> {
    let mut sum = 0;
    for handle in handles {
        sum += session.join(id, handle)?;
    }
    Ok(sum)
}

/// Counts how many were dropped.
struct Counted(Arc<AtomicU64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What nobody receives is dropped, once.
fn unread(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "channel.unread";
    let dropped = Arc::new(AtomicU64::new(0));
    let (sender, receiver) = bounded(session, id, 8)?;
    for _ in 0..5 {
        let sent = sender.send(Counted(dropped.clone())).is_ok();
        session.require(id, "sent", sent)?;
    }
    drop(receiver.recv());
    drop(receiver);
    let got = dropped.load(Ordering::Relaxed);
    session.check(id, "values dropped", Expect::Exactly(5), got);
    Ok(())
}

/// Senders and receivers on all cores, little room: each value is received once, those of one sender by each
/// receiver in their order.
#[expect(
    clippy::large_stack_frames,
    reason = "the handles of its threads; a command has a stack of 32 KiB"
)]
fn crowd(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "channel.crowd";
    let (sender, receiver) = bounded::<(usize, u64)>(session, id, 4)?;
    let moved = Arc::new(AtomicU64::new(0));
    let (mut senders, mut receivers) = (Vec::new(), Vec::new());
    for (me, core) in cores::online().enumerate() {
        let sender = sender.clone();
        let work = move || (0..rounds).all(|value| sender.send((me, value)).is_ok());
        let spawned = Builder::new().name("sender").core(core).spawn(work);
        senders.push(session.spawned(id, spawned)?);
        let (receiver, moved) = (receiver.clone(), moved.clone());
        let work = move || {
            let mut next = [0; crate::board::MAX_CORES];
            let (mut sum, mut disorder) = (0, 0_u64);
            for (from, value) in receiver.iter() {
                disorder += u64::from(value < next[from]);
                next[from] = value + 1;
                sum += value;
                moved.fetch_add(1, Ordering::Relaxed);
            }
            (sum, disorder)
        };
        let spawned = Builder::new().name("receiver").core(core).spawn(work);
        receivers.push(session.spawned(id, spawned)?);
    }
    drop((sender, receiver));
    // As long as there are rounds: what goes on is no hang.
    let all = cores::count_online() as u64 * rounds;
    let count = || moved.load(Ordering::Relaxed);
    let mut last = 0;
    while count() < all {
        session.wait(id, "values move", || count() > last)?;
        last = count();
    }
    let mut is_sent = true;
    for handle in senders {
        is_sent &= session.join(id, handle)?;
    }
    session.is("channel.crowd.sent", "all could be sent", is_sent);
    let (mut sum, mut disorder) = (0, 0);
    for handle in receivers {
        let (own, own_disorder) = session.join(id, handle)?;
        sum += own;
        disorder += own_disorder;
    }
    session.check(id, "values received", Expect::Exactly(all), count());
    let expected = cores::count_online() as u64 * (rounds * (rounds - 1) / 2);
    session.check(
        "channel.crowd.sum",
        "sum of the values",
        Expect::Exactly(expected),
        sum,
    );
    let what = "values that came after later ones of the same sender";
    session.check("channel.crowd.order", what, Expect::Exactly(0), disorder);
    Ok(())
}
