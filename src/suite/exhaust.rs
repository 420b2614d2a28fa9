//! `exhaust`: what happens when there is no more: the caller gets an error, everything else goes on, and all that was
//! taken is there again afterwards.

use alloc::{sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ufmt::uwriteln;

use super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    mem::{self, stacks::StackError},
    report::Verdict,
    sched::tracer,
    shell::{Arg, Command, Context, Spec},
    sync::channel,
    thread::{self, Builder, SpawnError},
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "exhaust",
        summary: "Check that where there is no more the caller is told, and nothing is lost",
        args: &[Arg::number(
            "rounds",
            1,
            1_000_000,
            "Threads that are started and joined",
        )
        .or_number(1_000)
        .option()],
    },
    run,
};

/// Pieces by which all memory is taken: from large ones, halved over and over, to what fits between them.
const LARGEST: usize = 1 << 20;
const SMALLEST: usize = 32;
/// So many pieces are kept at most.
const MOST_PIECES: usize = 200_000;
/// Stacks of which not many fit into the memory.
const STACK_BYTES: usize = 1 << 20;
/// What the heap may keep of what was freed, and what stands around it.
const KEPT_BYTES: u64 = 2 << 20;

fn run(ctx: &mut Context) -> Verdict {
    let rounds = ctx.number("rounds");
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = too_large(&mut session)
        .and_then(|()| memory(&mut session))
        .and_then(|()| threads(&mut session))
        .and_then(|()| spawn_and_join(&mut session, rounds));
    session.finish()
}

/// What can never be had is refused at once.
fn too_large(session: &mut Session<'_>) -> Result<(), Ended> {
    for bytes in [1 << 40, usize::MAX / 2, usize::MAX] {
        let spawned = Builder::new().stack_bytes(bytes).spawn(|| ());
        let is_refused = spawned.is_err_and(|e| e == SpawnError::Stack(StackError::TooLarge));
        session.is(
            "exhaust.stack",
            "a stack beyond all memory is refused",
            is_refused,
        );
    }
    for capacity in [1 << 40, usize::MAX] {
        let is_refused = channel::bounded::<u64>(capacity).is_err();
        session.is(
            "exhaust.channel",
            "a channel beyond all memory is refused",
            is_refused,
        );
    }
    let is_refused = tracer::start(1 << 40).is_err();
    session.is(
        "exhaust.trace",
        "a trace beyond all memory is refused",
        is_refused,
    );
    session.sleep(Duration::ZERO)
}

/// With all memory taken, threads that run go on, and who asks for more is told.
fn memory(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "exhaust.memory";
    let before = Held::now(session)?;
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    let is_there = pieces.try_reserve_exact(MOST_PIECES).is_ok();
    session.require(id, "memory for a list", is_there)?;
    let halved = |bytes: &usize| Some(bytes / 2).filter(|&half| half >= SMALLEST);
    for bytes in core::iter::successors(Some(LARGEST), halved) {
        let mut piece = Vec::new();
        while pieces.len() < MOST_PIECES && piece.try_reserve_exact(bytes).is_ok() {
            pieces.push(core::mem::take(&mut piece));
        }
    }
    // Nothing is said before there is memory again.
    let spawned = thread::spawn(|| ());
    let is_spawned = spawned.is_err_and(|e| e == SpawnError::Stack(StackError::OutOfMemory));
    let channels = [
        channel::bounded::<u64>(1 << 10).is_err(),
        channel::bounded::<u64>(1).is_err(),
    ];
    let is_traced = tracer::start(1 << 10).is_err();
    thread::sleep(Duration::from_millis(2));
    let taken = pieces.len() as u64;
    drop(pieces);
    session.check(
        id,
        "pieces until there was no more",
        Expect::Between(100, MOST_PIECES as u64 - 1),
        taken,
    );
    session.is(
        "exhaust.memory.thread",
        "then there is no new thread",
        is_spawned,
    );
    session.is(
        "exhaust.memory.channel",
        "and no channel",
        channels == [true; 2],
    );
    session.is("exhaust.memory.trace", "and no trace", is_traced);
    let spawned = session.spawned(id, thread::spawn(|| 7))?;
    let seven = session.join(id, spawned)?;
    session.check(
        "exhaust.memory.again",
        "what a thread returns afterwards",
        Expect::Exactly(7),
        seven,
    );
    before.check(session, id)
}

/// Threads until there are no more of them.
fn threads(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "exhaust.threads";
    // The blocks of so many threads are kept for those of the second time.
    until_refused(session, id)?;
    let before = Held::now(session)?;
    until_refused(session, id)?;
    before.check(session, id)
}

fn until_refused(session: &mut Session<'_>, id: &str) -> Result<(), Ended> {
    let most = mem::stats().total_bytes / STACK_BYTES;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut handles = Vec::new();
    session.require(
        id,
        "memory for a list",
        handles.try_reserve_exact(most).is_ok(),
    )?;
    let refusal = loop {
        let is_over = Arc::clone(&is_over);
        let wait = move || {
            while !is_over.load(Ordering::Acquire) {
                thread::park();
            }
        };
        match Builder::new().stack_bytes(STACK_BYTES).spawn(wait) {
            Ok(handle) if handles.len() < most => handles.push(handle),
            Ok(_) => break None,
            Err(error) => break Some(error),
        }
    };
    let started = handles.len() as u64;
    is_over.store(true, Ordering::Release);
    for handle in &handles {
        handle.thread().unpark();
    }
    session.join_all(id, handles)?;
    let is_told = refusal == Some(SpawnError::Stack(StackError::OutOfMemory));
    session.is(id, "the one too many is refused", is_told);
    session.check(
        "exhaust.threads.count",
        "threads until then",
        Expect::Between(most as u64 / 2, most as u64),
        started,
    );
    Ok(())
}

/// Starting and joining, over and over, takes nothing.
fn spawn_and_join(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let id = "exhaust.rounds";
    let before = Held::now(session)?;
    for _ in 0..rounds {
        let handle = session.spawned(id, thread::spawn(|| ()))?;
        session.join(id, handle)?;
    }
    before.check(session, id)
}

/// What somebody has.
struct Held {
    bytes: u64,
    /// Neither free nor anybody's.
    idle_bytes: u64,
}

impl Held {
    /// When the last threads that ended have been freed.
    fn now(session: &Session<'_>) -> Result<Self, Ended> {
        session.sleep(Duration::from_millis(50))?;
        mem::stacks::reclaim();
        let mem = mem::stats();
        let held = mem.heap_used_bytes + mem.stacks_mapped_bytes - mem.stacks_cached_bytes;
        Ok(Self {
            bytes: (held - mem.lost_bytes) as u64,
            idle_bytes: (mem.heap_claimed_bytes - mem.heap_used_bytes) as u64,
        })
    }

    /// It is the same as now, but for a page: what the thread that reads the console may take meanwhile, and what this
    /// command has printed; and the pages are free again.
    fn check(&self, session: &mut Session<'_>, id: &str) -> Result<(), Ended> {
        let now = Self::now(session)?;
        let grown = now.bytes.saturating_sub(self.bytes);
        let Ok(()) = uwriteln!(
            session.out(),
            "{}: {} bytes held before, {} more after",
            id,
            self.bytes,
            grown
        );
        session.check(id, "bytes more than before", Expect::AtMost(4_096), grown);
        let idle = now.idle_bytes;
        session.check(
            id,
            "bytes that the heap keeps",
            Expect::AtMost(self.idle_bytes + KEPT_BYTES),
            idle,
        );
        Ok(())
    }
}
