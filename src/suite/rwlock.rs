//! `rwlock`: readers together, a writer alone, and neither keeps the other out for ever. The checks of
//! `tst-rwlock`.

use alloc::{sync::Arc, vec, vec::Vec};
use core::sync::atomic::{AtomicU64, Ordering};

use super::{
    expect::Expect,
    gate::Keeper,
    session::{Ended, Session},
};
use crate::{
    cores::{self, CoreId},
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    sync::{Mutex, RwLock},
    thread::{self, Builder, State},
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "rwlock",
        summary: "Check a lock for many readers or one writer",
        args: &[
            Arg::number("rounds", 1, 1_000_000_000, "Rounds of each thread")
                .or_number(100)
                .option(),
            Arg::flag("full", "2,000 rounds"),
        ],
    },
    run,
};

/// Elements that a writer writes and a reader compares.
const ELEMENTS: usize = 1_000;

fn run(ctx: &mut Context) -> Verdict {
    let rounds = if ctx.flag("full") {
        2_000
    } else {
        ctx.number("rounds")
    };
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = tries(&mut session)
        .and_then(|()| turns(&mut session))
        .and_then(|()| array(&mut session, "rwlock.array.unpinned", &[None; 16], rounds))
        .and_then(|()| {
            let pinned: Vec<_> = cores::online().flat_map(|core| [Some(core); 4]).collect();
            array(&mut session, "rwlock.array.pinned", &pinned, rounds)
        });
    session.finish()
}

/// What is possible without waiting, and what is not.
fn tries(session: &mut Session<'_>) -> Result<(), Ended> {
    let lock = RwLock::new(0_u32);
    {
        let reader = lock.try_read();
        session.is("rwlock.try.read", "taken when free", reader.is_some());
        session.is(
            "rwlock.try.second",
            "a second reader",
            lock.try_read().is_some(),
        );
        let refused = lock.try_write().is_none();
        session.is("rwlock.try.write-refused", "refused while read", refused);
    }
    {
        let writer = lock.try_write();
        session.is("rwlock.try.write", "taken when free", writer.is_some());
        let refused = lock.try_read().is_none() && lock.try_write().is_none();
        session.is("rwlock.try.refused", "both refused while written", refused);
    }
    let is_free = lock.try_write().is_some();
    session.is("rwlock.try.free", "free again", is_free);
    Ok(())
}

/// What each of the threads of `turns` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Read,
    Write,
}

/// While a reader is inside, a writer comes, then readers, then a second writer: the writer goes first, then
/// all readers together, then the second writer.
fn turns(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "rwlock.turns";
    let lock = Arc::new(RwLock::new(Vec::new()));
    let order = Arc::new(Mutex::new(Vec::new()));
    let inside = Arc::new(AtomicU64::new(0));
    let keeper = Keeper::new();
    let reading = lock.read();
    let parts = [Part::Write, Part::Read, Part::Read, Part::Read, Part::Write];
    let mut handles = Vec::new();
    for (me, part) in parts.into_iter().enumerate() {
        let (lock, order, inside, gate) =
            (lock.clone(), order.clone(), inside.clone(), keeper.gate());
        let work = move || match part {
            Part::Write => {
                let mut written = lock.write();
                written.push(me);
                order.lock().push(part);
            }
            Part::Read => {
                let _reading = lock.read();
                order.lock().push(part);
                inside.fetch_add(1, Ordering::Relaxed);
                gate.pass();
            }
        };
        let handle = session.spawned(id, Builder::new().name("turn").spawn(work))?;
        session.wait(id, "it waits", || {
            handle.thread().info().state == State::Waiting
        })?;
        handles.push(handle);
    }
    let refused = lock.try_read().is_none();
    session.is(
        "rwlock.turns.behind",
        "no reader overtakes a writer",
        refused,
    );
    drop(reading);
    let together = session.wait("rwlock.turns.together", "all readers are inside", || {
        inside.load(Ordering::Relaxed) == 3
    });
    keeper.open();
    together?;
    session.join_all(id, handles)?;
    let is_in_turn = *order.lock() == parts;
    session.is(id, "writer, readers, writer", is_in_turn);
    let is_whole = *lock.read() == [0, 4];
    session.is("rwlock.turns.written", "both writers wrote", is_whole);
    Ok(())
}

/// Every fourth thread writes all elements, the others find them all equal.
fn array(
    session: &mut Session<'_>,
    id: &str,
    placement: &[Option<CoreId>],
    rounds: u64,
) -> Result<(), Ended> {
    let lock = Arc::new(RwLock::new(vec![0_u64; ELEMENTS]));
    let cancel = session.cancel();
    let mut handles = Vec::new();
    let mut writers = 0;
    for (me, core) in placement.iter().enumerate() {
        let (lock, cancel, is_writer) = (lock.clone(), cancel.clone(), me % 4 == 0);
        writers += u64::from(is_writer);
        let work = move || {
            let mut torn = 0_u64;
            for round in 0..rounds {
                if is_writer {
                    let mut elements = lock.write();
                    for at in 0..ELEMENTS {
                        elements[at] += 1;
                        if at == ELEMENTS / 2 && round % 8 == 0 {
                            thread::yield_now();
                        }
                    }
                } else {
                    let elements = lock.read();
                    torn += u64::from(elements.iter().any(|element| *element != elements[0]));
                }
                if cancel.is_requested() {
                    break;
                }
            }
            torn
        };
        let builder = Builder::new().name("rwlock");
        let builder = match core {
            Some(core) => builder.core(*core),
            None => builder,
        };
        handles.push(session.spawned(id, builder.spawn(work))?);
    }
    let torn = session.returned_by_all(id, handles)?.into_iter().sum();
    session.sleep(core::time::Duration::ZERO)?;
    let what = "times that a reader saw half of a write";
    session.check(id, what, Expect::Exactly(0), torn);
    let got = lock.read().iter().copied().min().unwrap_or(0);
    session.check(id, "writes to each", Expect::Exactly(writers * rounds), got);
    Ok(())
}
