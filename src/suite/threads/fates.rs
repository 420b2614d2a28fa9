//! What becomes of what a thread returns, wherever it lies, and of a function that is too large for the stack.

use alloc::sync::Arc;
use core::{array, cell::RefCell, time::Duration};

use super::super::{
    expect::Expect,
    gate::Keeper,
    session::{Ended, Session},
};
use crate::{
    fault::{self, Detail},
    mem,
    thread::{self, Reason},
};

/// Owners of what a check counts: as many as a large value, and more than a small function, holds.
const MANY: usize = 100;

/// The least stack.
const STACK_BYTES: u64 = 16 * 1024;

/// Threads that crash with a large function.
const CRASHES: u64 = 100;

pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    dropped_once::<1>(session, "threads.small-value")?;
    dropped_once::<MANY>(session, "threads.large-value")?;
    large_function(session)?;
    kept(session)?;
    fault::set_detail(Detail::None);
    let crashed = crashed_late(session).and_then(|()| crashed_large(session));
    fault::set_detail(Detail::Full);
    crashed
}

/// So many owners of `shared`, as one value.
fn owners<const N: usize>(shared: &Arc<()>) -> [Arc<()>; N] {
    array::from_fn(|_| shared.clone())
}

/// A value is dropped once, whether it is taken, or its handle goes before it is there, or after.
fn dropped_once<const N: usize>(session: &mut Session<'_>, id: &str) -> Result<(), Ended> {
    let shared = Arc::new(());
    let left = |shared: &Arc<()>| Arc::strong_count(shared) as u64;

    let value = owners::<N>(&shared);
    let handle = session.spawned(id, thread::spawn(move || value))?;
    let taken = session.join(id, handle)?;
    let what = "owners while the joiner has it";
    session.check(id, what, Expect::Exactly(N as u64 + 1), left(&shared));
    drop(taken);
    session.check(id, "owners after", Expect::Exactly(1), left(&shared));

    let keeper = Keeper::new();
    let (gate, value) = (keeper.gate(), owners::<N>(&shared));
    let work = move || {
        gate.pass();
        value
    };
    drop(session.spawned(id, thread::spawn(work))?);
    keeper.open();
    session.wait(id, "dropped by the thread", || left(&shared) == 1)?;

    let value = owners::<N>(&shared);
    let handle = session.spawned(id, thread::spawn(move || value))?;
    session.wait(id, "it ended", || handle.is_finished())?;
    drop(handle);
    session.check(
        id,
        "owners after the handle",
        Expect::Exactly(1),
        left(&shared),
    );
    Ok(())
}

/// A function that does not fit on the stack finds what it has captured.
fn large_function(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.large-function";
    let numbers: [u64; MANY] = array::from_fn(|i| i as u64);
    let handle = session.spawned(id, thread::spawn(move || numbers.iter().sum::<u64>()))?;
    let sum = session.join(id, handle)?;
    session.check(id, "sum", Expect::Exactly(4_950), sum);
    Ok(())
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

crate::thread_local! {
    static BOMB: RefCell<Option<Bomb>> = RefCell::new(None);
}

/// A thread that has left its value and crashes in a destructor has crashed; the value is dropped.
fn crashed_late(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.crashed-late";
    let shared = Arc::new(());
    let value = shared.clone();
    let work = move || {
        BOMB.with(|bomb| *bomb.borrow_mut() = Some(Bomb));
        value
    };
    let handle = session.spawned(id, thread::spawn(work))?;
    session.wait(id, "it ended", || handle.is_finished())?;
    let is_told = handle.join().err() == Some(Reason::Panic);
    session.is(id, "the joiner is told", is_told);
    let left = Arc::strong_count(&shared) as u64;
    session.check(id, "owners after", Expect::Exactly(1), left);
    Ok(())
}

/// The stack of a thread that has ended is counted for as long as somebody has its handle.
fn kept(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.kept";
    let handle = session.spawned(id, thread::spawn(|| ()))?;
    session.wait(id, "it ended", || handle.is_finished())?;
    let kept = mem::stats().stacks_kept_bytes as u64;
    let what = "bytes of stacks of ended threads";
    session.check(id, what, Expect::AtLeast(STACK_BYTES), kept);
    session.join(id, handle)
}

/// Of a thread that crashes with a large function nothing is left on the heap.
#[expect(
    clippy::large_stack_frames,
    reason = "the function is large on purpose"
)]
fn crashed_large(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "threads.crashed-large";
    let crash = |session: &mut Session<'_>| {
        let numbers = [1_u64; MANY];
        let spawned = thread::spawn(move || {
            let sum = core::hint::black_box(numbers).iter().sum::<u64>();
            assert!(sum == 0, "on purpose");
        });
        let handle = session.spawned(id, spawned)?;
        session.wait(id, "it ended", || handle.is_finished())
    };
    crash(session)?;
    let before = used_bytes(session)?;
    (0..CRASHES).try_for_each(|_| crash(session))?;
    let grown = used_bytes(session)?.saturating_sub(before);
    session.check(
        id,
        "bytes more than before",
        Expect::AtMost(4_096),
        grown as u64,
    );
    Ok(())
}

fn used_bytes(session: &Session<'_>) -> Result<usize, Ended> {
    session.sleep(Duration::from_millis(50))?;
    let stats = mem::stats();
    Ok(stats.heap_used_bytes - stats.lost_bytes)
}
