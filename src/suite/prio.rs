//! `prio`: what a priority is worth: the share of a thread against that of a normal one. The table of
//! `misc-setpriority`, judged.

use alloc::vec::Vec;
use core::time::Duration;

use ufmt::uwriteln;

use super::{
    aside::Aside,
    expect::Expect,
    hogs::Hogs,
    parts::deviation_permille,
    session::{Ended, Session},
};
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec, pad},
    thread::{self, Priority},
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "prio",
        summary: "Check what each priority is worth against the normal one",
        args: &[
            Arg::number("ms", 100, 600_000, "How long each priority is watched")
                .or_number(400)
                .option(),
            Arg::flag("strict", "Assert shares too (needs -icount or a board)"),
        ],
    },
    run,
};

/// A priority in percent, and what its checks are called.
struct Row {
    percent: u32,
    advance: &'static str,
    share: &'static str,
}

macro_rules! row {
    ($percent:literal) => {
        Row {
            percent: $percent,
            advance: concat!("prio.", $percent, ".advance"),
            share: concat!("prio.", $percent, ".share"),
        }
    };
}

const NORMAL: u32 = 100;

static TABLE: [Row; 7] = [
    row!(25),
    row!(50),
    row!(80),
    row!(100),
    row!(125),
    row!(200),
    row!(400),
];

/// How far a share may be off, in tenths of a percent.
const TOLERANCE: Expect = Expect::AtMost(50);

fn run(ctx: &mut Context) -> Verdict {
    let time = Duration::from_millis(ctx.number("ms"));
    let mut session = Session::new(ctx);
    let Some(aside) = Aside::step() else {
        return Verdict::Failed;
    };
    let _ = uwriteln!(session.out(), "percent  times the share of a normal thread");
    let _: Result<(), Ended> = TABLE
        .iter()
        .try_for_each(|row| share(&mut session, &aside, row, time))
        .and_then(|()| starved(&mut session, &aside))
        .and_then(|()| bounds(&mut session))
        .and_then(|()| inherited(&mut session));
    drop(aside);
    session.finish()
}

/// One hog of this priority and one normal one on a core: their shares are as 1/priority.
fn share(session: &mut Session<'_>, aside: &Aside, row: &Row, time: Duration) -> Result<(), Ended> {
    let id = row.share;
    let builders = [row.percent, NORMAL].map(|percent| {
        let priority = Priority::from_percent(percent);
        aside.builder().priority(priority)
    });
    let hogs = session.spawned(id, Hogs::spawn_each(builders))?;
    session.wait(id, "both started", || hogs.all_advanced(&[0, 0]))?;
    let (rounds, before) = (hogs.rounds(), hogs.infos());
    session.sleep(time)?;
    let after = hogs.infos();
    session.wait(id, "both advanced", || hogs.all_advanced(&rounds))?;
    let priority = after[0].priority.percent();
    session.is(row.advance, "priority kept", priority == row.percent);
    let cpu_us: Vec<u64> = after
        .iter()
        .zip(&before)
        .map(|(new, old)| new.cpu_time.saturating_sub(old.cpu_time).as_micros() as u64)
        .collect();
    let ratio = (cpu_us[0] * 1_000).checked_div(cpu_us[1]).unwrap_or(0);
    let (percent, ratio) = (pad::right(row.percent, 7), pad::fixed(ratio, 3));
    let _ = uwriteln!(session.out(), "{}  {}", percent, ratio);
    let parts = [u64::from(NORMAL), u64::from(row.percent)];
    let off = deviation_permille(&cpu_us, &parts);
    session.figure(id, "per mille off its part", TOLERANCE, off);
    session.join_all(id, hogs.stop())
}

/// The least share of all is a share: beside a normal hog such a thread gets on.
fn starved(session: &mut Session<'_>, aside: &Aside) -> Result<(), Ended> {
    let id = "prio.least";
    let percents = [Priority::MAX_PERCENT, NORMAL];
    let builders = percents.map(|percent| {
        let priority = Priority::from_percent(percent);
        aside.builder().priority(priority)
    });
    let hogs = session.spawned(id, Hogs::spawn_each(builders))?;
    for _ in 0..3 {
        let rounds = hogs.rounds();
        session.wait(id, "both advanced", || hogs.all_advanced(&rounds))?;
    }
    session.is(id, "the one of the least share gets on", true);
    session.join_all(id, hogs.stop())
}

/// What lies outside of the range is taken as the nearer bound, and does not reach the arithmetic.
fn bounds(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "prio.bounds";
    let me = thread::current();
    let before = me.info().priority;
    let percents = [0, u32::MAX].map(|percent| {
        me.set_priority(Priority::from_percent(percent));
        me.info().priority.percent()
    });
    me.set_priority(before);
    let expected = [Priority::MIN_PERCENT, Priority::MAX_PERCENT];
    session.is(id, "the nearer bounds", percents == expected);
    session.sleep(Duration::ZERO)
}

/// A thread is born normal, whatever its parent is: priority and class are asked for, not inherited.
fn inherited(session: &mut Session<'_>) -> Result<(), Ended> {
    let id = "prio.born";
    let me = thread::current();
    let before = me.info().priority;
    me.set_priority(Priority::from_percent(50));
    let born = thread::spawn(|| {
        let info = thread::current().info();
        (info.priority, info.realtime)
    });
    me.set_priority(before);
    let handle = session.spawned(id, born)?;
    let (priority, class) = session.join(id, handle)?;
    let percent = u64::from(priority.percent());
    session.check(id, "percent", Expect::Exactly(NORMAL.into()), percent);
    let (what, class) = ("realtime class", u64::from(class));
    session.check("prio.born.class", what, Expect::Exactly(0), class);
    Ok(())
}
