//! `hang`: lets cores and threads hang on purpose, each until the watcher has noticed, and checks that it named them
//! rightly, once, and said when it was over.

use alloc::{sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use ufmt::uwriteln;

use super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    arch::cpu::{self, IrqGuard},
    cores::{self, CoreId},
    hangs::{Kind, said},
    report::Verdict,
    shell::{Arg, Command, Context, Spec, pad},
    sync::{Mutex, SpinLock},
    thread::{self, Builder, ThreadInfo},
    time::Instant,
    watchdog::{self, Settings},
};

const LIST: &str = "list";
const ALL: &str = "all";

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "hang",
        summary: "Hang on purpose, until it is noticed: `hang all`, `hang irq spin`",
        args: &[
            Arg::choices(
                "what",
                &[LIST, ALL, "irq", "spin", "starve", "deadlock"],
                "list, all, or names that `hang list` shows",
                "How",
            ),
            Arg::number("after", 100, 10_000, "What stays for so many ms hangs")
                .or_number(1_000)
                .option(),
            Arg::flag("strict", "Assert when too (needs -icount or a board)"),
        ],
    },
    run,
};

/// A way to hang.
struct Way {
    kind: Kind,
    what: &'static str,
    /// How many cores it needs: one more than hang, but for the watcher of threads.
    needs_cores: usize,
    hang: fn(&mut Session<'_>, &[CoreId], Duration) -> Result<Hung, Ended>,
}

/// What the report is to name.
struct Hung {
    core: CoreId,
    thread: u32,
}

static WAYS: [Way; 4] = [
    Way {
        kind: Kind::Irq,
        what: "a core that takes no interrupts: the last one, then the first",
        needs_cores: 2,
        hang: irq,
    },
    Way {
        kind: Kind::Spin,
        what: "a spin lock that is held, and a core that waits for it",
        needs_cores: 3,
        hang: spin,
    },
    Way {
        kind: Kind::Starve,
        what: "a thread that a realtime one does not let run, then the watcher itself",
        needs_cores: 1,
        hang: starve,
    },
    Way {
        kind: Kind::Deadlock,
        what: "two threads that wait for each other's mutex, for a time",
        needs_cores: 1,
        hang: deadlock,
    },
];

/// Nothing hangs for longer than this, noticed or not.
const LONGEST: Duration = Duration::from_secs(20);

fn run(ctx: &mut Context) -> Verdict {
    let chosen: Vec<&str> = ctx.choices("what").collect();
    if chosen.contains(&LIST) {
        for way in &WAYS {
            let name = pad::left(way.kind.as_str(), 9);
            let Ok(()) = uwriteln!(ctx.out(), "{} {}", name, way.what);
        }
        return Verdict::Passed;
    }
    let patience = Duration::from_millis(ctx.number("after"));
    let before = watchdog::running();
    let settings = Settings {
        patience,
        reset_seconds: None,
    };
    if watchdog::start(settings).is_err() {
        let Ok(()) = uwriteln!(ctx.out(), "hang: no watcher");
        return Verdict::Failed;
    }
    let is_all = chosen.contains(&ALL);
    let mut session = Session::new(ctx);
    let mut ways = WAYS
        .iter()
        .filter(|way| is_all || chosen.contains(&way.kind.as_str()));
    // What there is to say was said.
    let _: Result<(), Ended> = ways.try_for_each(|way| one(&mut session, way, patience));
    watchdog::stop();
    if let Some(settings) = before {
        // If there is no memory for it now, `watchdog` shows that it is off.
        let _ = watchdog::start(settings);
    }
    session.finish()
}

/// Hangs in one way, and looks at what was said of it.
fn one(session: &mut Session<'_>, way: &Way, patience: Duration) -> Result<(), Ended> {
    let mut id = heapless::String::<16>::new();
    // No name is too long.
    let _ = ufmt::uwrite!(id, "hang.{}", way.kind.as_str());
    let id = id.as_str();
    let cores: Vec<CoreId> = cores::online().collect();
    if cores.len() < way.needs_cores {
        let Ok(()) = uwriteln!(session.out(), "{}: needs {} cores", id, way.needs_cores);
        let Ok(()) = session.report("skipped").with("id", id).end();
        return Ok(());
    }
    let turned = [
        &cores[..],
        &cores.iter().rev().copied().collect::<Vec<_>>()[..],
    ];
    // The first core is watched by another thread than the rest.
    let turns = match way.kind {
        Kind::Irq => 2,
        Kind::Starve => cores.len().min(2),
        Kind::Spin | Kind::Deadlock => 1,
    };
    for cores in turned.into_iter().take(turns) {
        let said_before = said::count(way.kind);
        let hung = (way.hang)(session, cores, patience)?;
        session.wait(id, "it was said to be over", || said::open() == 0)?;
        let said = said::count(way.kind) - said_before;
        session.check(id, "reports of it", Expect::Exactly(1), said);
        let ms = patience.as_millis() as u64;
        session.figure(
            id,
            "ms after which it was said",
            // Two pauses between looks more: one until the first look, one until the last.
            Expect::Between(ms, ms + ms / 4 + 1),
            said::last_ms(way.kind),
        );
        let (core, thread) = said::last(way.kind);
        session.check(
            id,
            "the core that was named",
            Expect::Exactly(hung.core.index() as u64),
            core.into(),
        );
        session.check(
            id,
            "the thread that was named",
            Expect::Exactly(hung.thread.into()),
            thread.into(),
        );
    }
    Ok(())
}

/// Computes until a hang of this kind was said since there were `before` of them, or for [`LONGEST`].
fn until_said(kind: Kind, before: u64) {
    let end = Instant::now() + LONGEST;
    while said::count(kind) == before && Instant::now() < end {
        cpu::relax();
    }
}

fn irq(session: &mut Session<'_>, cores: &[CoreId], _: Duration) -> Result<Hung, Ended> {
    let core = cores[cores.len() - 1];
    let before = said::count(Kind::Irq);
    let builder = Builder::new().name("masks").core(core);
    let spawned = builder.spawn(move || {
        let _irq = IrqGuard::mask();
        until_said(Kind::Irq, before);
    });
    let handle = session.spawned("hang.irq", spawned)?;
    let thread = handle.thread().id().0;
    session.join("hang.irq", handle)?;
    Ok(Hung { core, thread })
}

fn spin(session: &mut Session<'_>, cores: &[CoreId], _: Duration) -> Result<Hung, Ended> {
    let (core, other) = (cores[cores.len() - 2], cores[cores.len() - 1]);
    let before = said::count(Kind::Spin);
    let held = Arc::new((SpinLock::new(()), AtomicU32::new(0)));
    let builder = Builder::new().name("holds").core(other);
    let holds = builder.spawn({
        let held = Arc::clone(&held);
        move || {
            let _held = held.0.lock();
            held.1.store(1, Ordering::Release);
            until_said(Kind::Spin, before);
        }
    });
    let holds = session.spawned("hang.spin", holds)?;
    session.wait("hang.spin", "the lock is held", || {
        held.1.load(Ordering::Acquire) == 1
    })?;
    let builder = Builder::new().name("spins").core(core);
    let spins = builder.spawn(move || drop(held.0.lock()));
    let spins = session.spawned("hang.spin", spins)?;
    let thread = spins.thread().id().0;
    session.join_all("hang.spin", [holds, spins])?;
    Ok(Hung { core, thread })
}

fn starve(session: &mut Session<'_>, cores: &[CoreId], _: Duration) -> Result<Hung, Ended> {
    let core = cores[cores.len() - 1];
    let before = said::count(Kind::Starve);
    if cores.len() > 1 && core == CoreId::BOOT {
        return starve_watcher(session, core, before);
    }
    let hogs = Builder::new().name("hogs").core(core).realtime(100);
    let spawned = hogs.spawn(move || {
        let starves = Builder::new().name("starves").core(core);
        let starves = starves.spawn(|| ());
        until_said(Kind::Starve, before);
        starves
    });
    let handle = session.spawned("hang.starve", spawned)?;
    let starves = session.join("hang.starve", handle)?;
    let starves = session.spawned("hang.starve", starves)?;
    let thread = starves.thread().id().0;
    session.join("hang.starve", starves)?;
    Ok(Hung { core, thread })
}

/// Not even the watcher runs where preemption is held off.
fn starve_watcher(session: &mut Session<'_>, core: CoreId, before: u64) -> Result<Hung, Ended> {
    let is_it = |info: &ThreadInfo| info.name == "watcher" && info.pinned == Some(core);
    let watcher = thread::list().into_iter().find(is_it);
    session.require("hang.starve", "there is a watcher", watcher.is_some())?;
    let thread = watcher.map_or(0, |watcher| watcher.id.0);
    let builder = Builder::new().name("holds off").core(core);
    let spawned = builder.spawn(move || {
        let _held = thread::preempt_disable();
        until_said(Kind::Starve, before);
    });
    let handle = session.spawned("hang.starve", spawned)?;
    session.join("hang.starve", handle)?;
    Ok(Hung { core, thread })
}

fn deadlock(
    session: &mut Session<'_>,
    cores: &[CoreId],
    patience: Duration,
) -> Result<Hung, Ended> {
    let mutexes = Arc::new([Mutex::new(()), Mutex::new(())]);
    let have_one = Arc::new(AtomicU32::new(0));
    let mut handles = Vec::new();
    for (me, name) in ["first", "second"].into_iter().enumerate() {
        let (mutexes, have_one) = (Arc::clone(&mutexes), Arc::clone(&have_one));
        let builder = Builder::new().name(name).core(cores[me % cores.len()]);
        let spawned = builder.spawn(move || {
            let _mine = mutexes[me].lock();
            have_one.fetch_add(1, Ordering::AcqRel);
            while have_one.load(Ordering::Acquire) < 2 {
                thread::sleep(Duration::from_millis(1));
            }
            // Neither can look whether it was noticed: so it takes as long as that may take on a busy host.
            let time = patience * 4 + Duration::from_secs(2);
            mutexes[1 - me].lock_timeout(time).is_some()
        });
        handles.push(session.spawned("hang.deadlock", spawned)?);
    }
    let first = handles[0].thread();
    let (core, thread) = (first.info().core, first.id().0);
    session.join_all("hang.deadlock", handles)?;
    Ok(Hung { core, thread })
}
