//! `sched`: priorities divide a core, realtime threads come first and in order, and what waits behind one gets
//! away. The loops, the realtime checks and the mixed priorities follow `misc-scheduler`.

use core::time::Duration;

use ufmt::uwriteln;

use super::session::{Ended, Session};
use crate::{
    cores::{self, CoreId},
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    thread::{self, Builder, PinError},
};

mod behind;
mod classes;
mod fair;
mod fifo;
mod moved;
mod play;
mod shares;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "sched",
        summary: "Check priorities and the realtime class: shares, order, who waits",
        args: &[
            Arg::number("seconds", 1, 600, "How long each set of shares is watched")
                .or_number(1)
                .option(),
            Arg::flag(
                "strict",
                "Assert shares and delays too (needs -icount or a board)",
            ),
        ],
    },
    run,
};

/// Realtime classes of the threads under test.
const LOW: u8 = 10;
const HIGH: u8 = 20;

/// That of a thread which only shows that a core has been through its scheduler.
const HERALD: u8 = 100;

/// That of the thread which runs the checks: it goes on, whatever it starts.
const DIRECTOR: u8 = 200;

/// Where the checks are made: on the last core that is online. While it lives, its thread comes before all
/// that it starts.
struct Stage {
    first: CoreId,
    test: CoreId,
    class_before: u8,
}

fn run(ctx: &mut Context) -> Verdict {
    let time = Duration::from_secs(ctx.number("seconds"));
    let mut session = Session::new(ctx);
    let Some(stage) = Stage::take() else {
        return Verdict::Failed;
    };
    // An end before its time is counted already, or makes the verdict "aborted".
    let _: Result<(), Ended> = shares::check(&mut session, &stage, time)
        .and_then(|()| fair::check(&mut session, &stage, time / 4))
        .and_then(|()| fifo::check(&mut session, &stage))
        .and_then(|()| classes::check(&mut session, &stage))
        .and_then(|()| elsewhere(&mut session, &stage));
    drop(stage);
    session.finish()
}

/// The checks that need another core.
fn elsewhere(session: &mut Session<'_>, stage: &Stage) -> Result<(), Ended> {
    if session.two_cores("sched.elsewhere").is_none() {
        return Ok(());
    }
    classes::from_elsewhere(session, stage)
        .and_then(|()| behind::check(session, stage))
        .and_then(|()| moved::check(session, stage))
}

impl Stage {
    fn take() -> Option<Self> {
        let (first, test) = (cores::online().next()?, cores::online().last()?);
        let me = thread::current();
        let class_before = me.info().realtime;
        me.set_realtime(DIRECTOR);
        Some(Self {
            first,
            test,
            class_before,
        })
    }

    /// Puts this thread on the core under test: nothing that it starts there runs before it waits.
    fn enter(&self) -> Result<(), PinError> {
        thread::pin(self.test)
    }

    /// Puts this thread on the first core: where there are others, the one under test is left alone.
    fn leave(&self) -> Result<(), PinError> {
        thread::pin(self.first)
    }

    fn is_alone(&self) -> bool {
        self.first == self.test
    }

    /// A thread for the core under test.
    fn actor(&self, class: u8) -> Builder {
        Builder::new().name("actor").core(self.test).realtime(class)
    }

    /// Comes back when the core under test has been through its scheduler, so that what was changed before
    /// is in force.
    fn pass(&self, session: &mut Session<'_>, id: &str) -> Result<(), Ended> {
        let herald = session.spawned(id, self.actor(HERALD).spawn(|| ()))?;
        session.join(id, herald)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        thread::unpin();
        thread::current().set_realtime(self.class_before);
    }
}

/// Says what is no check of its own.
fn say(session: &mut Session<'_>, id: &str, text: &str) {
    let _ = uwriteln!(session.out(), "{}: {}", id, text);
}
