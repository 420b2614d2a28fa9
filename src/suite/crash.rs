//! `crash`: raises each kind of fault on purpose, each in a thread of its own, and checks that the thread that joins it
//! is told which it was.

use alloc::vec::Vec;
use core::time::Duration;

use ufmt::uwriteln;

use super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores::{self, CoreId},
    fault::{self, Detail},
    mem,
    report::Verdict,
    shell::{Arg, Command, Context, Spec, pad},
    thread::Builder,
};

mod full;
pub(super) mod kinds;
mod poison;

use kinds::{KINDS, Kind};

const LIST: &str = "list";
const ALL: &str = "all";
const POISON: &str = "poison";
const FULL: &str = "full";
const SHELL: &str = "shell";
const COMMAND_ITSELF: &str = "command";

/// What can be chosen: the six words, and the name of each kind.
static CHOICES: [&str; KINDS.len() + 6] = {
    let mut choices = [LIST; KINDS.len() + 6];
    choices[1] = ALL;
    choices[2] = POISON;
    choices[3] = SHELL;
    choices[4] = FULL;
    choices[5] = COMMAND_ITSELF;
    let mut i = 0;
    while i < KINDS.len() {
        choices[i + 6] = KINDS[i].name;
        i += 1;
    }
    choices
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "crash",
        summary: "Crash threads on purpose: `crash all`, `crash null --core 2`",
        args: &[
            Arg::choices(
                "what",
                &CHOICES,
                "list, all, or names that `crash list` shows",
                "How",
            ),
            Arg::number("core", 0, 7, "Where (default: the last core)").option(),
            Arg::number("times", 1, 1_000_000, "How often each")
                .or_number(1)
                .option(),
            Arg::flag("brief", "Reports of two lines"),
            Arg::flag("quiet", "No reports"),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let chosen: Vec<&str> = ctx.choices("what").collect();
    if chosen.contains(&LIST) {
        return list(ctx);
    }
    if chosen.contains(&SHELL) {
        crate::shell::crash_the_shell();
        return Verdict::Passed;
    }
    assert!(
        !chosen.contains(&COMMAND_ITSELF),
        "this command crashes on purpose"
    );
    let core = match ctx.number_if_given("core") {
        None => cores::online().last(),
        Some(number) => cores::online().find(|core| core.index() as u64 == number),
    };
    let Some(core) = core else {
        let Ok(()) = uwriteln!(ctx.out(), "there is no such core; `cores` lists them");
        return Verdict::Usage;
    };
    let times = ctx.number("times");
    let is_all = chosen.contains(&ALL);
    let is_chosen = |name: &str| is_all || chosen.contains(&name);
    let detail = if ctx.flag("brief") {
        Detail::Brief
    } else {
        Detail::Full
    };
    fault::set_detail(if ctx.flag("quiet") {
        Detail::None
    } else {
        detail
    });
    let mut session = Session::new(ctx);
    let mut kinds = KINDS.iter().filter(|kind| is_chosen(kind.name));
    let _: Result<(), Ended> = kinds
        .try_for_each(|kind| one(&mut session, kind, core, times))
        .and_then(|()| check_if(is_chosen(POISON), || poison::check(&mut session, core)))
        .and_then(|()| check_if(is_chosen(FULL), || full::check(&mut session, core)));
    fault::set_detail(Detail::Full);
    session.finish()
}

fn check_if(is_chosen: bool, check: impl FnOnce() -> Result<(), Ended>) -> Result<(), Ended> {
    if is_chosen { check() } else { Ok(()) }
}

fn list(ctx: &mut Context) -> Verdict {
    let others = [
        (
            POISON,
            "end with a mutex held, which others wait for or come to",
        ),
        (
            SHELL,
            "let the shell's own thread panic: it is started anew",
        ),
    ];
    let kinds = KINDS.iter().map(|kind| (kind.name, kind.what));
    for (name, what) in kinds.chain(others) {
        let Ok(()) = uwriteln!(ctx.out(), "{} {}", pad::left(name, 18), what);
    }
    Verdict::Passed
}

/// Lets threads crash in one way. Their ends are what is expected, and nothing is left of them but what they are known
/// to lose.
fn one(
    session: &mut Session<'_>,
    kind: &'static Kind,
    core: CoreId,
    times: u64,
) -> Result<(), Ended> {
    let mut id = heapless::String::<32>::new();
    // No name is too long.
    let _ = ufmt::uwrite!(id, "crash.{}", kind.name);
    let id = id.as_str();
    if kind.is_forgiven() {
        let Ok(()) = uwriteln!(session.out(), "{}: this emulator lets it pass", id);
        let Ok(()) = session.report("skipped").with("id", id).end();
        return Ok(());
    }
    // What is kept for later use is there after one.
    let mut named = u64::from(crash(session, id, kind, core)?);
    let before = held_bytes(session)?;
    let crashed = fault::crashed();
    for _ in 1..times {
        named += u64::from(crash(session, id, kind, core)?);
        session.sleep(Duration::ZERO)?;
    }
    session.check(id, "ends by what was raised", Expect::Exactly(times), named);
    if times > 1 {
        let counted = fault::crashed() - crashed;
        session.check(
            "crash.counted",
            "threads in `mem`",
            Expect::Exactly(times - 1),
            counted,
        );
        let grown = held_bytes(session)?.saturating_sub(before);
        let Ok(()) = uwriteln!(
            session.out(),
            "held: {} bytes before, {} more after",
            before,
            grown
        );
        // A page: what the thread that reads the console may take meanwhile. Fewer bytes than crashes: nothing was lost
        // in each. Of few crashes, what one allocation takes that is made once.
        let most = Expect::AtMost(times.clamp(64, 4_096));
        session.check("crash.memory", "bytes more than before", most, grown);
    }
    Ok(())
}

/// Lets one thread crash. Whether it ended by what is expected.
fn crash(
    session: &mut Session<'_>,
    id: &str,
    kind: &'static Kind,
    core: CoreId,
) -> Result<bool, Ended> {
    let spawned = Builder::new().name(kind.name).core(core).spawn(kind.raise);
    let handle = session.spawned(id, spawned)?;
    session.wait(id, "thread ended", || handle.is_finished())?;
    Ok(handle.join() == Err(kind.reason))
}

/// Bytes of the heap and of stacks that somebody has, when the last threads that ended have been freed; without what is
/// known to be lost.
pub(super) fn held_bytes(session: &Session<'_>) -> Result<u64, Ended> {
    session.sleep(Duration::from_millis(50))?;
    let mem = mem::stats();
    let held = mem.heap_used_bytes + mem.stacks_mapped_bytes - mem.stacks_cached_bytes;
    Ok((held - mem.lost_bytes) as u64)
}
