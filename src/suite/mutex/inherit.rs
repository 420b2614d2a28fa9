//! What the owner of a mutex inherits, as the scheduler has it at each moment: who waits, who changes, who gives
//! up, who gets the mutex, who waits in a circle.

use alloc::sync::Arc;
use core::time::Duration;

use super::{
    super::{
        expect::Expect,
        session::{Ended, Session},
    },
    holder::Holder,
};
use crate::{
    shell::Cancel,
    sync::{Barrier, Mutex},
    thread::{self, Builder, Priority, Urgency},
};

pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    classes(session)
        .and_then(|()| shares(session))
        .and_then(|()| several(session))
        .and_then(|()| chain(session))
        .and_then(|()| circle(session))
}

fn mutex() -> Arc<Mutex<()>> {
    Arc::new(Mutex::new(()))
}

fn realtime(class: u8) -> Builder {
    Builder::new().realtime(class)
}

/// Checks the class in which a holder runs.
fn runs_in(session: &mut Session<'_>, id: &str, holder: &Holder, class: u8) {
    let got = u64::from(holder.urgency().realtime());
    let expected = Expect::Exactly(u64::from(class));
    session.check(id, "realtime class in force", expected, got);
}

/// A normal owner and realtime waiters, who come, change, lose patience, and get the mutex.
fn classes(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "mutex.inherit";
    let mutex = mutex();
    let owner = Holder::spawn(session, id, realtime(0), &[&mutex])?;
    owner.has(session, id, 1)?;
    let first = Holder::spawn(session, id, realtime(10), &[&mutex])?;
    first.waits(session, id)?;
    runs_in(session, "mutex.inherit.raised", &owner, 10);
    let second = Holder::spawn(session, id, realtime(20), &[&mutex])?;
    second.waits(session, id)?;
    runs_in(session, "mutex.inherit.most", &owner, 20);

    let change = |class| first.thread().map(|thread| thread.set_realtime(class));
    change(30);
    runs_in(session, "mutex.inherit.changed-up", &owner, 30);
    change(5);
    runs_in(session, "mutex.inherit.changed-down", &owner, 20);
    if let Some(thread) = owner.thread() {
        thread.set_realtime(25);
        runs_in(session, "mutex.inherit.own-is-more", &owner, 25);
        thread.set_realtime(0);
        runs_in(session, "mutex.inherit.own-is-less", &owner, 20);
    }
    impatient(session, &mutex, &owner)?;

    owner.keep(0);
    first.has(session, id, 1)?;
    runs_in(session, "mutex.inherit.handed-over", &first, 20);
    owner.end(session, id)?;
    first.keep(0);
    second.has(session, id, 1)?;
    runs_in(session, "mutex.inherit.last", &second, 20);
    first.end(session, id)?;
    second.end(session, id)
}

/// A third waiter, more urgent than the others, whose time runs out again and again.
fn impatient(
    session: &mut Session<'_>,
    mutex: &Arc<Mutex<()>>,
    owner: &Holder,
) -> Result<(), Ended> {
    let id = "mutex.inherit.timeout";
    let (stop, inside) = (Cancel::new(), mutex.clone());
    let is_over = stop.clone();
    let work = move || {
        let mut taken = 0;
        while !is_over.is_requested() {
            taken += u64::from(inside.lock_timeout(Duration::from_millis(20)).is_some());
        }
        taken
    };
    let handle = session.spawned(id, realtime(40).spawn(work))?;
    let raised = session.wait(id, "it was raised", || owner.urgency().realtime() == 40);
    stop.request();
    raised?;
    let taken = session.join(id, handle)?;
    session.check(id, "times that it was taken", Expect::Exactly(0), taken);
    runs_in(session, "mutex.inherit.timed-out", owner, 20);
    Ok(())
}

/// In the normal class the owner has at least the waiter's share, and no more than it had where that is more.
fn shares(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "mutex.inherit.share";
    let percent = |percent| Builder::new().priority(Priority::from_percent(percent));
    for (own, waiter, expected) in [(400, 50, 50), (50, 400, 50)] {
        let mutex = mutex();
        let owner = Holder::spawn(session, id, percent(own), &[&mutex])?;
        owner.has(session, id, 1)?;
        let waiter = Holder::spawn(session, id, percent(waiter), &[&mutex])?;
        waiter.waits(session, id)?;
        let got = u64::from(owner.urgency().priority().percent());
        session.check(id, "percent in force", Expect::Exactly(expected), got);
        owner.end(session, id)?;
        waiter.end(session, id)?;
    }
    Ok(())
}

/// An owner of two mutexes, each with a waiter, gives them up one after the other.
fn several(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "mutex.inherit.two";
    let mutexes = [mutex(), mutex()];
    let owner = Holder::spawn(session, id, realtime(1), &[&mutexes[0], &mutexes[1]])?;
    owner.has(session, id, 2)?;
    let mut waiters = alloc::vec::Vec::new();
    for (mutex, class) in mutexes.iter().zip([10, 20]) {
        let waiter = Holder::spawn(session, id, realtime(class), &[mutex])?;
        waiter.waits(session, id)?;
        waiters.push(waiter);
    }
    runs_in(session, "mutex.inherit.two.both", &owner, 20);
    owner.keep(1);
    waiters[1].has(session, id, 1)?;
    owner.has(session, id, 1)?;
    // It has said so before it gave the mutex up; it has done so when it runs as what is left makes it.
    session.wait("mutex.inherit.two.one", "what is left is in force", || {
        owner.urgency().realtime() == 10
    })?;
    runs_in(session, "mutex.inherit.two.one", &owner, 10);
    owner.end(session, id)?;
    waiters
        .into_iter()
        .try_for_each(|waiter| waiter.end(session, id))
}

/// Owners that wait themselves pass on what they inherit, and no further than it comes from.
#[expect(
    clippy::large_stack_frames,
    reason = "the handles of its threads; a command has a stack of 32 KiB"
)]
fn chain(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "mutex.inherit.chain";
    let mutexes = [mutex(), mutex(), mutex()];
    let last = Holder::spawn(session, id, realtime(0), &[&mutexes[0]])?;
    last.has(session, id, 1)?;
    let middle = Holder::spawn(session, id, realtime(0), &[&mutexes[1], &mutexes[0]])?;
    middle.waits(session, id)?;
    let first = Holder::spawn(session, id, realtime(7), &[&mutexes[2], &mutexes[1]])?;
    first.waits(session, id)?;
    runs_in(session, "mutex.inherit.chain.three", &last, 7);
    let urgent = Holder::spawn(session, id, realtime(50), &[&mutexes[2]])?;
    urgent.waits(session, id)?;
    for (holder, id) in [
        (&last, "mutex.inherit.chain.last"),
        (&middle, "mutex.inherit.chain.middle"),
        (&first, "mutex.inherit.chain.first"),
    ] {
        runs_in(session, id, holder, 50);
    }
    if let Some(thread) = urgent.thread() {
        thread.set_realtime(3);
    }
    runs_in(session, "mutex.inherit.chain.changed", &last, 7);
    last.end(session, id)?;
    middle.end(session, id)?;
    first.end(session, id)?;
    urgent.end(session, id)
}

/// Two threads, each of which owns what the other waits for: the machine goes on, and when they have lost patience
/// both are what they were.
fn circle(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "mutex.inherit.circle";
    let mutexes = Arc::new([Mutex::new(()), Mutex::new(())]);
    let both = Arc::new(Barrier::new(2));
    let mut handles = alloc::vec::Vec::new();
    for (me, class) in [(0, 10), (1, 20)] {
        let (mutexes, both) = (mutexes.clone(), both.clone());
        let work = move || {
            let own = mutexes[me].lock();
            both.wait();
            let _ = mutexes[1 - me].lock_timeout(Duration::from_millis(50));
            drop(own);
            thread::current().info().urgency == Urgency::new(class, Priority::NORMAL)
        };
        handles.push(session.spawned(id, realtime(class).spawn(work))?);
    }
    for handle in handles {
        let is_itself = session.join(id, handle)?;
        session.is(id, "is what it was", is_itself);
    }
    Ok(())
}
