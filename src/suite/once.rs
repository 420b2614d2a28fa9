//! `once`: what is to happen once does so once, and all see it.

use alloc::{sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicU64, Ordering};

use super::{
    expect::Expect,
    gate::Keeper,
    session::{Ended, Session},
};
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    sync::{Once, OnceLock},
    thread::{self, Builder},
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "once",
        summary: "Check that what is to happen once happens once",
        args: &[Arg::number("rounds", 1, 1_000_000, "Values that are made")
            .or_number(50)
            .option()],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let rounds = ctx.number("rounds");
    let mut session = Session::new(ctx);
    alone(&mut session);
    let _: Result<(), Ended> = (0..rounds)
        .try_fold([0; 3], |sums, _| {
            let round = crowd(&mut session)?;
            Ok([0, 1, 2].map(|at| sums[at] + round[at]))
        })
        .map(|[made, done, agreed]| {
            let expected = Expect::Exactly(rounds);
            session.check("once.made", "values made", expected, made);
            session.check("once.done", "actions done", expected, done);
            let all = Expect::Exactly(rounds * THREADS);
            session.check("once.seen", "threads that saw both", all, agreed);
        });
    session.finish()
}

fn alone(session: &mut Session<'_>) {
    let lock = OnceLock::new();
    session.is("once.empty", "nothing at first", lock.get().is_none());
    session.is("once.set", "can be set", lock.set(5).is_ok());
    session.is("once.set-again", "gives it back", lock.set(6) == Err(6));
    session.is("once.get", "keeps the first", *lock.get_or_init(|| 7) == 5);
}

/// Threads that come at once.
const THREADS: u64 = 8;

/// What a crowd shares: the value, and an action with an effect that is not atomic by itself.
#[derive(Default)]
struct Shared {
    value: OnceLock<u64>,
    once: Once,
    made: AtomicU64,
    done: AtomicU64,
}

/// Values made, actions done, threads that saw both.
fn crowd(session: &mut Session<'_>) -> Result<[u64; 3], Ended> {
    let id = "once.crowd";
    let shared = Arc::new(Shared::default());
    let keeper = Keeper::new();
    let mut handles = Vec::new();
    for me in 0..THREADS {
        let (shared, gate) = (shared.clone(), keeper.gate());
        let work = move || {
            gate.pass();
            let value = *shared.value.get_or_init(|| {
                thread::yield_now();
                100 + shared.made.fetch_add(1, Ordering::Relaxed) + me
            });
            shared.once.call_once(|| {
                thread::yield_now();
                shared.done.fetch_add(1, Ordering::Relaxed);
            });
            (value, shared.done.load(Ordering::Relaxed))
        };
        let spawned = Builder::new().name("once").spawn(work);
        handles.push(session.spawned(id, spawned)?);
    }
    keeper.open();
    let mut agreed = 0;
    for handle in handles {
        let (value, done) = session.join(id, handle)?;
        agreed += u64::from(shared.value.get() == Some(&value) && done == 1);
    }
    let [made, done] = [&shared.made, &shared.done].map(|count| count.load(Ordering::Relaxed));
    Ok([made, done, agreed])
}
