//! A thread crashes that holds a mutex: who waits is told, who comes later is told, and nobody inherits from it.

use alloc::sync::Arc;

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores::CoreId,
    sync::{Mutex, MutexGuard, RwLock},
    thread::{self, Builder, JoinHandle, Reason, State},
};

pub(super) fn check(session: &mut Session<'_>, core: CoreId) -> Result<(), Ended> {
    waiters(session, core)?;
    newcomers(session, core)?;
    read_write(session, core)?;
    on_the_stack(session, core)?;
    forgotten(session, core)
}

/// The lock lies on the stack of the thread that crashes.
fn on_the_stack(session: &mut Session<'_>, core: CoreId) -> Result<(), Ended> {
    let id = "crash.poison.on-the-stack";
    let work = || {
        let lock = RwLock::new(0_u64);
        let _inside = lock.write();
        panic!("on purpose, with a lock of its own");
    };
    let dies = session.spawned(id, Builder::new().name("own").core(core).spawn(work))?;
    session.wait(id, "it ended", || dies.is_finished())?;
    let end: Result<(), Reason> = dies.join();
    session.is(id, "it alone ends", end == Err(Reason::Panic));
    Ok(())
}

/// A guard was forgotten, and where the lock was there is another one when the thread crashes.
fn forgotten(session: &mut Session<'_>, core: CoreId) -> Result<(), Ended> {
    let id = "crash.poison.forgotten";
    let kept = Arc::new(Mutex::new(None));
    let keeps = kept.clone();
    let work = move || {
        let mut place = Arc::new(RwLock::new(0_u64));
        core::mem::forget(place.write());
        if let Some(lock) = Arc::get_mut(&mut place) {
            core::mem::forget(core::mem::replace(lock, RwLock::new(1)));
        }
        *keeps.lock() = Some(place);
        panic!("on purpose, after a guard was forgotten");
    };
    let dies = session.spawned(id, Builder::new().name("own").core(core).spawn(work))?;
    session.wait(id, "it ended", || dies.is_finished())?;
    let end: Result<(), Reason> = dies.join();
    session.is(id, "it alone ends", end == Err(Reason::Panic));
    let is_free = kept
        .lock()
        .take()
        .is_some_and(|lock| !lock.is_poisoned() && lock.try_write().is_some());
    session.is(id, "the other lock is free", is_free);
    Ok(())
}

/// A thread crashes that reads, another one that writes: who waits goes on, and is told of the second.
fn read_write(session: &mut Session<'_>, core: CoreId) -> Result<(), Ended> {
    let id = "crash.poison.rwlock";
    let lock = Arc::new(RwLock::new(0_u64));
    let builder = || Builder::new().core(core);
    let ends_inside = |session: &mut Session<'_>, work: fn(&RwLock<u64>)| {
        let inside = lock.clone();
        let spawned = builder().name("inside").spawn(move || work(&inside));
        let dies = session.spawned(id, spawned)?;
        session.wait(id, "it is inside", || {
            dies.thread().info().state == State::Parked
        })?;
        let outside = lock.clone();
        let spawned = builder()
            .name("waiter")
            .spawn(move || *outside.write() += 1);
        let waits = session.spawned(id, spawned)?;
        session.wait(id, "it waits", || {
            waits.thread().info().state == State::Waiting
        })?;
        dies.thread().unpark();
        session.wait(id, "threads ended", || {
            dies.is_finished() && waits.is_finished()
        })?;
        Ok((dies.join(), waits.join()))
    };
    let (inside, outside) = ends_inside(session, |lock| {
        let _inside = lock.read();
        thread::park();
        panic!("on purpose, reading");
    })?;
    let so = inside == Err(Reason::Panic) && outside == Ok(());
    session.is("crash.poison.reader", "the writer goes on", so);
    let (inside, outside) = ends_inside(session, |lock| {
        let _inside = lock.write();
        thread::park();
        panic!("on purpose, writing");
    })?;
    let so = inside == Err(Reason::Panic) && outside == Err(Reason::Poisoned);
    session.is("crash.poison.writer", "the writer behind it ends too", so);
    session.is(
        "crash.poison.written",
        "the lock says so",
        lock.is_poisoned(),
    );
    lock.clear_poison();
    session.check(
        id,
        "writes that were made",
        Expect::Exactly(1),
        *lock.read(),
    );
    Ok(())
}

/// A thread that holds `mutex` and crashes when it is unparked.
fn holder(
    session: &mut Session<'_>,
    id: &str,
    core: CoreId,
    mutex: &Arc<Mutex<u64>>,
) -> Result<JoinHandle<()>, Ended> {
    let held = mutex.clone();
    let work = move || {
        let mut value = held.lock();
        thread::park();
        *value += 1;
        panic!("on purpose, with a mutex held");
    };
    let handle = session.spawned(id, Builder::new().name("holder").core(core).spawn(work))?;
    session.wait(id, "it holds the mutex", || {
        handle.thread().info().state == State::Parked
    })?;
    Ok(handle)
}

/// Three wait: one that minds, one that does not, one that minds but comes after it is good again.
fn waiters(session: &mut Session<'_>, core: CoreId) -> Result<(), Ended> {
    let id = "crash.poison.waiters";
    let mutex = Arc::new(Mutex::new(0_u64));
    let dies = holder(session, id, core, &mutex)?;
    let mut waiting = |work: fn(&Mutex<u64>) -> u64| {
        let mutex = mutex.clone();
        let builder = Builder::new().name("waiter").core(core).realtime(9);
        let handle = session.spawned(id, builder.spawn(move || work(&mutex)))?;
        session.wait(id, "it waits", || {
            handle.thread().info().state == State::Waiting
        })?;
        Ok(handle)
    };
    let minds = waiting(|mutex| *mutex.lock())?;
    let asks = waiting(|mutex| match mutex.lock_checked() {
        Ok(_) => 0,
        Err(poisoned) => {
            let guard = poisoned.into_inner();
            MutexGuard::clear_poison(&guard);
            *guard
        }
    })?;
    let late = waiting(|mutex| *mutex.lock())?;
    dies.thread().unpark();
    session.wait(id, "threads ended", || {
        dies.is_finished() && minds.is_finished()
    })?;
    let is_told = dies.join() == Err(Reason::Panic) && minds.join() == Err(Reason::Poisoned);
    session.is(id, "who waits and minds ends too", is_told);
    let seen = session.join(id, asks)?;
    session.check(
        "crash.poison.asked",
        "value that who asks sees",
        Expect::Exactly(1),
        seen,
    );
    let seen = session.join(id, late)?;
    session.check(
        "crash.poison.cleared",
        "value when it is good again",
        Expect::Exactly(1),
        seen,
    );
    session.is(
        "crash.poison.free",
        "the mutex is free",
        mutex.try_lock().is_some(),
    );
    Ok(())
}

/// Nobody waits when it crashes: who comes later finds a dead owner, also when another thread has its block.
fn newcomers(session: &mut Session<'_>, core: CoreId) -> Result<(), Ended> {
    let id = "crash.poison.later";
    let mutex = Arc::new(Mutex::new(0_u64));
    let dies = holder(session, id, core, &mutex)?;
    dies.thread().unpark();
    session.wait(id, "thread ended", || dies.is_finished())?;
    session.is(id, "it crashed", dies.join() == Err(Reason::Panic));
    let comes = |session: &mut Session<'_>, work: fn(&Mutex<u64>) -> u64| {
        let mutex = mutex.clone();
        let handle = session.spawned(id, thread::spawn(move || work(&mutex)))?;
        session.wait(id, "thread ended", || handle.is_finished())?;
        Ok(handle.join())
    };
    let locks = comes(session, |mutex| *mutex.lock())?;
    session.is(
        "crash.poison.lock",
        "who locks it ends",
        locks == Err(Reason::Poisoned),
    );
    let tries = comes(session, |mutex| mutex.try_lock().map_or(7, |value| *value))?;
    session.is(
        "crash.poison.try",
        "who tries it ends",
        tries == Err(Reason::Poisoned),
    );
    let asks = comes(session, |mutex| {
        mutex.lock_checked().map_or_else(|e| *e.into_inner(), |_| 7)
    })?;
    session.is("crash.poison.ask", "who asks is told", asks == Ok(1));
    let again = comes(session, |mutex| *mutex.lock())?;
    session.is(
        "crash.poison.stays",
        "it stays so",
        again == Err(Reason::Poisoned),
    );
    Ok(())
}
